"""Where training starts: the teacher's target, and a student that already resembles it."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from inputs import Inputs
from network import PictureNet, load_lite0


def whitened_target(
    features: np.ndarray, dimension: int, power: float, seed: int
) -> tuple[torch.Tensor, dict]:
    """The teacher's features by PCA, each axis scaled by its variance ** (-power / 2)."""
    pick = np.sort(
        np.random.default_rng(seed).choice(len(features), min(len(features), 40000), replace=False)
    )
    sample = torch.from_numpy(np.asarray(features[pick], np.float32))
    mean = sample.mean(0)
    centred = sample - mean
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(centred))
    values, vectors = values.flip(0)[:dimension], vectors.flip(1)[:, :dimension]
    basis = vectors * values.clamp_min(1e-6).pow(-power / 2)
    parts = [
        (torch.from_numpy(np.asarray(features[i : i + 8192], np.float32)) - mean) @ basis
        for i in range(0, len(features), 8192)
    ]
    return F.normalize(torch.cat(parts), dim=1), {"mean": mean, "basis": basis}


def pooled_features(net: PictureNet, inputs: Inputs, pick: np.ndarray) -> torch.Tensor:
    """Features before the last layer, for the views in `pick`."""
    net.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        parts = [pick[i : i + 128] for i in range(0, len(pick), 128)]
        return torch.cat([inputs.pooled(net, part).float() for part in parts])


def spread_channels(features: torch.Tensor, keep: int) -> torch.Tensor:
    """Greedy: each next channel has the most variance not explained by those before it."""
    rest = features - features.mean(0)
    chosen = []
    for _ in range(keep):
        best = int((rest * rest).sum(0).argmax())
        chosen.append(best)
        axis = rest[:, best] / rest[:, best].norm().clamp_min(1e-9)
        rest = rest - axis[:, None] * (axis @ rest)[None]
        rest[:, chosen] = 0
    return torch.tensor(sorted(chosen))


def start_from_lite0(
    net: PictureNet, inputs: Inputs, target: torch.Tensor, samples: int, seed: int
) -> None:
    """Published weights, the best channels of the last convolution, a fitted last layer."""
    from teacher import checkpoint

    pick = np.sort(
        np.random.default_rng(seed).choice(len(target), min(samples, len(target)), replace=False)
    )
    wide = PictureNet(net.config["dimension"], 1280, tuple(net.config["drop"]))
    load_lite0(wide, checkpoint(0))
    features = pooled_features(wide, inputs, pick)
    rows = spread_channels(features, net.config["head"])
    load_lite0(net, checkpoint(0), rows)
    x, y = features[:, rows], target[torch.from_numpy(pick)]
    centred = x - x.mean(0)
    gram = centred.T @ centred
    ridge = 0.01 * gram.diagonal().mean() * torch.eye(len(gram))
    weight = torch.linalg.solve(gram + ridge, centred.T @ (y - y.mean(0)))
    net.project.weight.data.copy_(weight.T)
    net.project.bias.data.copy_(y.mean(0) - x.mean(0) @ weight)
    near = F.cosine_similarity(net.project(x), y).mean()
    print(f"start: cosine to the target {near:.3f} before training")
