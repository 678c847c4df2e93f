"""Cut training views from folders of pictures and keep them as one uint8 memory map.

Every picture gives its whole centre square (view 0, what the card's preprocessing gives) and a few
random crops. Decoding and resizing happen here, once, so that training spends its time on
convolutions. The boxes are kept too: the teacher looks at the same boxes at its own, larger size.

    python prepare.py --plain holidays=~/Pictures/holidays:4 --labelled pets=~/pets:2 --output cache
"""

from __future__ import annotations

import argparse
import json
import os
import random
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps

ImageFile.LOAD_TRUNCATED_IMAGES = True
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
# What Pillow raises for files that are damaged, hostile or larger than its limit.
UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
# libvips, Pillow, OpenCV and browsers shrink differently; the network must not care who did it.
FILTERS = [
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
]


def open_rgb(path: str, smallest: int) -> Image.Image:
    """Decode as RGB, upright, alpha over white; a JPEG may come smaller, not below `smallest`."""
    picture = Image.open(path)
    if picture.format == "JPEG":
        picture.draft("RGB", (smallest, smallest))
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        flat = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(flat, rgba).convert("RGB")
    return picture.convert("RGB")


def centre_box(width: int, height: int) -> tuple[float, float, float, float]:
    """The largest centred square, as fractions of width and height."""
    side = min(width, height)
    left, top = (width - side) / 2 / width, (height - side) / 2 / height
    return left, top, 1 - left, 1 - top


def random_box(rng: random.Random, width: int, height: int) -> tuple[float, float, float, float]:
    """A random crop of 30 % to 100 % of the area with a mild change of aspect, as fractions."""
    for _ in range(10):
        area = rng.uniform(0.3, 1.0) * width * height
        ratio = np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
        w, h = (area * ratio) ** 0.5, (area / ratio) ** 0.5
        if w <= width and h <= height:
            left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
            return left / width, top / height, (left + w) / width, (top + h) / height
    return centre_box(width, height)


def cut(
    picture: Image.Image, box, size: int, resample=Image.Resampling.BILINEAR, flip: bool = False
) -> np.ndarray:
    """Resize the part of `picture` inside `box` (fractions) to size x size bytes."""
    w, h = picture.size
    exact = (box[0] * w, box[1] * h, box[2] * w, box[3] * h)
    small = picture.resize((size, size), resample, box=exact)
    out = np.asarray(small)
    return out[:, ::-1] if flip else out


def views_of(job: tuple[str, int, int, int]) -> tuple[np.ndarray, np.ndarray] | None:
    """Worker: all views of one picture, and their boxes (x0, y0, x1, y1, flip)."""
    path, views, size, seed = job
    try:
        picture = open_rgb(path, size * 2)
    except UNREADABLE:
        return None
    rng = random.Random(seed)
    pixels = np.empty((views, size, size, 3), np.uint8)
    boxes = np.empty((views, 5), np.float32)
    for view in range(views):
        box = centre_box(*picture.size) if view == 0 else random_box(rng, *picture.size)
        flip = view > 0 and rng.random() < 0.5
        pixels[view] = cut(picture, box, size, rng.choice(FILTERS), flip)
        boxes[view] = (*box, flip)
    return pixels, boxes


def list_pictures(folder: Path) -> list[Path]:
    """Every picture below `folder`, in a fixed order."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def parse_set(text: str) -> tuple[str, Path, int, int]:
    """name=folder[:views[:limit]] -> (name, folder, views per picture, most pictures or 0)."""
    name, _, rest = text.partition("=")
    parts = rest.split(":")
    if not name or not parts[0]:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=FOLDER[:VIEWS[:LIMIT]]")
    return (
        name,
        Path(parts[0]).expanduser(),
        int(parts[1]) if len(parts) > 1 else 2,
        int(parts[2]) if len(parts) > 2 else 0,
    )


def collect(sets: list, labelled: bool, seed: int) -> list[dict]:
    """One record a picture. The label is the folder; in a plain set each picture is its own."""
    records = []
    for name, folder, views, limit in sets:
        paths = list_pictures(folder)
        if not paths:
            raise SystemExit(f"prepare: no pictures below {folder}")
        if limit and limit < len(paths):
            paths = sorted(random.Random(seed).sample(paths, limit))
        for path in paths:
            label = f"{name}/{path.parent.relative_to(folder)}" if labelled else None
            records.append({"set": name, "path": str(path), "label": label, "views": views})
    return records


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    form = "NAME=FOLDER[:VIEWS[:LIMIT]]"
    parser.add_argument(
        "--plain",
        type=parse_set,
        action="append",
        default=[],
        metavar=form,
        help="pictures without labels; may be given more than once",
    )
    parser.add_argument(
        "--labelled",
        type=parse_set,
        action="append",
        default=[],
        metavar=form,
        help="pictures whose folder is their label; may be given more than once",
    )
    parser.add_argument(
        "--output", type=Path, required=True, help="folder for views.npy and views.npz"
    )
    parser.add_argument(
        "--size", type=int, default=128, help="side of a view in pixels (default %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the crops (default %(default)s)"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="processes (default: one a core)"
    )
    args = parser.parse_args()

    records = collect(args.plain, False, args.seed) + collect(args.labelled, True, args.seed)
    if not records:
        parser.error("give at least one --plain or --labelled set")
    args.output.mkdir(parents=True, exist_ok=True)
    total = sum(r["views"] for r in records)
    store = np.lib.format.open_memmap(
        args.output / "views.npy", "w+", np.uint8, (total, args.size, args.size, 3)
    )
    boxes, owner, good = np.zeros((total, 5), np.float32), np.full(total, -1, np.int32), 0
    jobs = [
        (r["path"], r["views"], args.size, args.seed * 1_000_003 + i) for i, r in enumerate(records)
    ]
    with ProcessPoolExecutor(args.jobs) as pool:
        for i, result in enumerate(pool.map(views_of, jobs, chunksize=64)):
            if result is None:
                print(f"skipped, not readable: {records[i]['path']}")
                continue
            n = len(result[0])
            store[good : good + n], boxes[good : good + n], owner[good : good + n] = *result, i
            good += n
            if i % 5000 == 0:
                print(f"{i:>7} of {len(jobs)} pictures", flush=True)
    store.flush()
    names = {
        label: k for k, label in enumerate(sorted({r["label"] for r in records if r["label"]}))
    }
    label = np.array(
        [names[r["label"]] if r["label"] else len(names) + i for i, r in enumerate(records)],
        np.int32,
    )
    np.savez(
        args.output / "views.npz", boxes=boxes[:good], owner=owner[:good], label=label[owner[:good]]
    )
    (args.output / "pictures.json").write_text(json.dumps(records))
    print(f"{len(records)} pictures, {good} views, {len(names)} labels in {args.output}")


if __name__ == "__main__":
    main()
