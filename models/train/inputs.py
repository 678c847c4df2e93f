"""What training reads: views, or what the first blocks make of them, and which belong together.

The stem and the first blocks see large maps: they cost most of the time and hardly change under
fine-tuning. With `--frozen N` they are run once over every view (augmented first), by OpenVINO, and
their output is kept, so that training only computes the blocks it changes.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from network import PictureNet, load_lite0, normalise


def augment(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Changes that keep what a picture shows: mirror, light, colour, a small shift, softness."""
    n = len(x)

    def uniform(low: float, high: float) -> torch.Tensor:
        return torch.rand(n, 1, 1, 1, generator=generator) * (high - low) + low

    x = torch.where(uniform(0, 1) < 0.5, x.flip(3), x)
    grey = x.mean(1, keepdim=True)
    saturation = torch.where(uniform(0, 1) < 0.06, torch.zeros(1), uniform(0.7, 1.3))
    x = grey + (x - grey) * saturation
    middle = x.mean((1, 2, 3), keepdim=True)
    x = (x - middle) * uniform(0.75, 1.25) + middle + uniform(-0.2, 0.2)
    x = x.clamp(-1, 1.01)
    dx, dy = torch.randint(-6, 7, (2,), generator=generator).tolist()
    size = x.shape[2]
    x = F.pad(x, (6, 6, 6, 6), mode="reflect")[:, :, 6 + dy : 6 + dy + size, 6 + dx : 6 + dx + size]
    soft = n // 6  # the batch is in random order, so its first sixth is a random sixth
    side = int(torch.randint(size // 2, size, (1,), generator=generator))
    small = F.interpolate(x[:soft], (side, side), mode="bilinear", antialias=True)
    return torch.cat([F.interpolate(small, (size, size), mode="bilinear"), x[soft:]])


class Partners:
    """For a view, another of the same label, or of the same picture where there are no labels."""

    def __init__(self, label: np.ndarray):
        self.order = np.argsort(label, kind="stable")
        ordered = label[self.order]
        self.start = np.searchsorted(ordered, label, "left")
        self.count = np.searchsorted(ordered, label, "right") - self.start

    def pick(self, anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        step = (rng.random(len(anchors)) * self.count[anchors]).astype(np.int64)
        return self.order[self.start[anchors] + step]


class Front(nn.Module):
    """The first blocks alone."""

    def __init__(self, net: PictureNet, blocks: int):
        super().__init__()
        self.net, self.blocks = net, blocks

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.net.front(pixels, self.blocks)


def cache_front(net: PictureNet, views: np.ndarray, blocks: int, path: Path, seed: int) -> None:
    """Run the first blocks over every augmented view and keep their output as float16."""
    import openvino as ov

    side = views.shape[1]
    example = torch.zeros(1, 3, side, side)
    model = ov.convert_model(Front(net, blocks).eval(), example_input=example)
    options = {"PERFORMANCE_HINT": "THROUGHPUT"}
    core = ov.Core()
    if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        options["INFERENCE_PRECISION_HINT"] = "bf16"
    run = core.compile_model(model, "CPU", options)
    shape = run(example.numpy())[0].shape[1:]
    unfinished = path.with_suffix(".part")
    store = np.lib.format.open_memmap(unfinished, "w+", np.float16, (len(views), *shape))
    generator, began, told = torch.Generator().manual_seed(seed), time.time(), time.time()
    # Augmentation softens one sixth of a batch, so a batch is drawn in random order.
    order = torch.randperm(len(views), generator=generator).numpy()
    for first in range(0, len(views), 48):
        pick = order[first : first + 48]
        pixels = augment(normalise(torch.from_numpy(views[pick])), generator)
        store[pick] = run(pixels.numpy())[0]
        if time.time() - told > 30:
            told = time.time()
            print(
                f"first blocks: {first} of {len(views)}, {first / (told - began):.0f} a second",
                flush=True,
            )
    store.flush()
    unfinished.rename(path)


class Inputs:
    """Batches for the network: cached maps of the first blocks, or pixels augmented on the way."""

    def __init__(self, cache: Path, frozen: int, seed: int):
        self.label = np.load(cache / "views.npz")["label"]
        self.views = np.load(cache / "views.npy", mmap_mode="r")[: len(self.label)]
        self.generator = torch.Generator().manual_seed(seed)
        self.frozen, self.maps = frozen, None
        if frozen:
            path = cache / f"front{frozen}.npy"
            if not path.exists():
                from teacher import checkpoint

                net = PictureNet(drop=())
                load_lite0(net, checkpoint(0), torch.arange(net.config["head"]))
                cache_front(net, self.views, frozen, path, seed)
            self.maps = np.load(path, mmap_mode="r")

    def pooled(self, net: PictureNet, pick: np.ndarray) -> torch.Tensor:
        """The network's features, before its last layer, of the views in `pick`."""
        if self.maps is not None:
            maps = torch.from_numpy(self.maps[pick]).float()
            return net.back(maps.contiguous(memory_format=torch.channels_last), self.frozen)
        pixels = normalise(torch.from_numpy(self.views[pick]))
        if net.training:
            pixels = augment(pixels, self.generator)
        return net.back(net.stem(pixels.contiguous(memory_format=torch.channels_last)), 0)
