"""Measure retrieval: every picture of a labelled set is asked against all others of the set.

Mean average precision and precision@10, leave-one-out, for the model file (run by OpenVINO from its
card), and beside it raw pixels, an untrained network of the same shape and the teacher.

    python evaluate.py --model ../simile-photo-128.onnx --set pets=~/Pictures/pets --set art=~/art:1
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from network import PictureNet, normalise
from prepare import centre_box, cut, list_pictures, open_rgb

RAW_SIDE = 32


def parse_set(text: str) -> tuple[str, Path, int, int]:
    """name=folder[:depth[:limit]] -> (name, folder, folder levels that make the label, limit)."""
    name, _, rest = text.partition("=")
    parts = rest.split(":")
    if not name or not parts[0]:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=FOLDER[:DEPTH[:LIMIT]]")
    numbers = [int(p) for p in parts[1:]] + [1, 0][len(parts) - 1 :]
    return name, Path(parts[0]).expanduser(), numbers[0], numbers[1]


def read_set(folder: Path, depth: int, limit: int, seed: int) -> tuple[list[Path], np.ndarray]:
    """Pictures and label numbers; the label is the first `depth` folders below `folder`."""
    paths = list_pictures(folder)
    if limit and limit < len(paths):
        pick = np.random.default_rng(seed).choice(len(paths), limit, replace=False)
        paths = [paths[i] for i in sorted(pick)]
    names = ["/".join(p.parent.relative_to(folder).parts[:depth]) for p in paths]
    numbers = {name: i for i, name in enumerate(sorted(set(names)))}
    return paths, np.array([numbers[name] for name in names])


def squares(paths: list[Path], size: int, kernel=Image.Resampling.BICUBIC) -> np.ndarray:
    """The centre square of every picture as bytes (N, size, size, 3)."""

    def one(path: Path) -> np.ndarray:
        picture = open_rgb(str(path), size)
        return cut(picture, centre_box(*picture.size), size, kernel)

    with ThreadPoolExecutor(2) as pool:
        return np.stack(list(pool.map(one, paths)))


def unit(features: np.ndarray) -> np.ndarray:
    """Rows of length 1."""
    features = np.asarray(features, np.float32)
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)


def retrieval(features: np.ndarray, label: np.ndarray) -> tuple[float, float]:
    """(mean average precision, precision@10), each picture asked against all others, by cosine."""
    z, label = torch.from_numpy(unit(features)), torch.from_numpy(label)
    precisions, tens = [], []
    for first in range(0, len(z), 512):
        similar = z[first : first + 512] @ z.T
        rows = torch.arange(len(similar))
        similar[rows, first + rows] = -9  # the picture itself comes last, and is cut off
        order = similar.argsort(1, descending=True)[:, :-1]
        hit = (label[order] == label[first : first + 512, None]).float()
        hit = hit[hit.sum(1) > 0]  # a label with one picture has nothing to find
        share = hit.cumsum(1) / torch.arange(1, hit.shape[1] + 1)
        precisions.append((share * hit).sum(1) / hit.sum(1))
        tens.append(hit[:, :10].mean(1))
    return float(torch.cat(precisions).mean()), float(torch.cat(tens).mean())


def onnx_runner(model: Path):
    """(features of a byte batch, input side) of a model file and its card, run by OpenVINO."""
    import openvino as ov

    card = json.loads(model.with_suffix(".json").read_text())
    compiled = ov.Core().compile_model(str(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    mean = np.float32(card["preprocess"]["mean"])
    std = np.float32(card["preprocess"]["std"])

    def run(batch: np.ndarray) -> np.ndarray:
        pixels = ((batch / np.float32(255) - mean) / std).transpose(0, 3, 1, 2)
        return np.array(compiled(np.ascontiguousarray(pixels))[0])

    return run, card["input"]["width"]


def torch_runner(net: PictureNet, side: int):
    """Features of a byte batch, from a torch network; run by OpenVINO, which is faster."""
    import openvino as ov

    model = ov.convert_model(net.eval(), example_input=torch.zeros(1, 3, side, side))
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda batch: np.array(compiled(normalise(torch.from_numpy(batch)).numpy())[0])


def untrained(size_of: PictureNet, seed: int) -> PictureNet:
    """The same shape with random weights; its norms see some noise first, so signals keep scale."""
    torch.manual_seed(seed)
    net = PictureNet(**size_of.config).train()
    with torch.no_grad():
        for _ in range(40):
            net(torch.randn(16, 3, 128, 128) * 0.6)
    return net.eval()


def in_batches(run, pixels: np.ndarray, batch: int = 32) -> np.ndarray:
    """Features of all pictures."""
    return np.concatenate([run(pixels[i : i + batch]) for i in range(0, len(pixels), batch)])


def candidates(args: argparse.Namespace) -> list[tuple[str, object, int]]:
    """(name, function of a byte batch, input side) of everything that is compared."""
    run, side = onnx_runner(args.model)
    rows = []
    if "raw" in args.rows:
        rows.append(("raw pixels", lambda b: b.reshape(len(b), -1) / 255.0 - 0.5, RAW_SIDE))
    if "untrained" in args.rows:
        rows.append(("untrained", torch_runner(untrained(PictureNet(), args.seed), side), side))
    for checkpoint in args.checkpoint:
        from export_onnx import load

        rows.append((Path(checkpoint).parent.name, torch_runner(load(checkpoint), side), side))
    if "model" in args.rows:
        rows.append((args.model.stem, run, side))
    if "teacher" in args.rows:
        from teacher import SIZES, compile_teacher

        rows.append((f"teacher (Lite{args.lite})", compile_teacher(args.lite, 0), SIZES[args.lite]))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--model", type=Path, required=True, help="ONNX file; its card lies beside it")
    add(
        "--set",
        type=parse_set,
        action="append",
        required=True,
        metavar="NAME=FOLDER[:DEPTH[:LIMIT]]",
        help="labelled pictures: the label is the first DEPTH folders (default 1)",
    )
    add("--checkpoint", action="append", default=[], help="also measure a checkpoint of train.py")
    add(
        "--rows",
        default="raw,untrained,model",
        help="what to measure: some of raw,untrained,model,teacher",
    )
    add("--lite", type=int, default=2, help="which EfficientNet-Lite is the teacher (default 2)")
    add("--seed", type=int, default=1, help="of limits and of the untrained network (default 1)")
    add("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    args.rows = args.rows.split(",")

    rows, figures = candidates(args), {}
    print("| set | pictures | labels |" + "".join(f" {name} |" for name, _, _ in rows))
    print("|---|---|---|" + "---|" * len(rows))
    for name, folder, depth, limit in args.set:
        paths, label = read_set(folder, depth, limit, args.seed)
        cells, began = [], time.time()
        pixels = {side: squares(paths, side) for side in {side for _, _, side in rows}}
        for row, run, side in rows:
            score = retrieval(in_batches(run, pixels[side]), label)
            figures.setdefault(name, {})[row] = score
            cells.append(f" {score[0]:.3f} / {score[1]:.3f} |")
        print(f"| {name} | {len(paths)} | {label.max() + 1} |{''.join(cells)}", flush=True)
        figures[name]["seconds"] = round(time.time() - began)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
