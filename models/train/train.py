"""Train the picture-feature network against the teacher's features.

Three losses, all on embeddings of length 1:
  - distillation: one minus the cosine to the teacher's target (128 numbers, whitened PCA);
  - relations: the similarities inside a batch should rank like the teacher's;
  - supervised contrast: views of one picture, and pictures of one label, lie closer together
    than the rest of the batch.

The network starts from EfficientNet-Lite0 (`--init none` starts from nothing). The stem and the
first `--frozen` blocks stay as they are; inputs.py runs them once and keeps what they give.

    python train.py --cache cache/ --output run/ --epochs 2
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from inputs import Inputs, Partners
from network import PictureNet, count_parameters
from start import start_from_lite0, whitened_target


def losses(
    z: torch.Tensor, target: torch.Tensor, label: torch.Tensor, temperature: float
) -> tuple[torch.Tensor, ...]:
    """(distillation, relations, contrast) of a batch."""
    distil = (1 - (z * target).sum(1)).mean()
    own = torch.eye(len(z), dtype=torch.bool)
    mine = (z @ z.T / temperature).masked_fill(own, -1e4)
    theirs = (target @ target.T / temperature).masked_fill(own, -1e4)
    relation = F.kl_div(
        F.log_softmax(mine, 1), F.log_softmax(theirs, 1), log_target=True, reduction="batchmean"
    )
    same = (label[:, None] == label[None]) & ~own
    log_share = F.log_softmax(mine, 1)
    has = same.any(1)
    contrast = -(log_share.masked_fill(~same, 0).sum(1)[has] / same.sum(1)[has]).mean()
    return distil, relation, contrast


def optimiser(net: PictureNet, rate: float, decay: float) -> torch.optim.Optimizer:
    """AdamW; no decay on norms and biases."""
    plain = [p for p in net.parameters() if p.ndim > 1]
    bare = [p for p in net.parameters() if p.ndim <= 1]
    return torch.optim.AdamW(
        [{"params": plain, "weight_decay": decay}, {"params": bare, "weight_decay": 0.0}], lr=rate
    )


def fit(net: PictureNet, inputs: Inputs, target: torch.Tensor, args: argparse.Namespace) -> dict:
    """The training loop; returns what the report needs."""
    rng, label = np.random.default_rng(args.seed), inputs.label
    partners, optim = Partners(label), optimiser(net, args.rate, args.decay)
    steps = max(1, int(args.epochs * len(target) / args.batch))
    began, history, told = time.time(), [], time.time()
    net.train()
    for step in range(steps):
        done = max(step / steps, (time.time() - began) / (args.minutes * 60) if args.minutes else 0)
        if done >= 1:
            break
        scale = min(1, (step + 1) / 30) * (0.5 + 0.5 * math.cos(math.pi * done))
        for group in optim.param_groups:
            group["lr"] = args.rate * scale
        third = args.batch // 3
        anchors = rng.choice(len(target), args.batch - third, replace=False)
        pick = rng.permutation(np.r_[anchors, partners.pick(anchors[:third], rng)])
        # Small maps of many channels: their backward pass is slower in bfloat16.
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not args.frozen):
            pooled = inputs.pooled(net, pick)
        z = net.embed(pooled.float())
        parts = losses(
            z, target[torch.from_numpy(pick)], torch.from_numpy(label[pick]), args.temperature
        )
        loss = parts[0] * args.distil + parts[1] * args.relation + parts[2] * args.contrast
        optim.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optim.step()
        history.append([float(p.detach()) for p in parts])
        if time.time() - told > 30 or step + 1 == steps:
            told = time.time()
            recent = np.mean(history[-40:], 0)
            speed = (step + 1) * args.batch / (told - began)
            print(
                f"step {step + 1}/{steps} {100 * done:.0f} % {speed:.0f} views/s "
                f"distil {recent[0]:.4f} relation {recent[1]:.3f} contrast {recent[2]:.3f}",
                flush=True,
            )
            save(net, args.output / "last.pt")
    return {
        "steps": len(history),
        "views": len(history) * args.batch,
        "epochs": len(history) * args.batch / len(target),
        "seconds": round(time.time() - began),
        "losses": np.mean(history[-40:], 0).round(4).tolist(),
    }


def mixed(start: dict, trained: dict, share: float) -> dict:
    """Weights between the start and the trained ones.

    A short fine-tuning gains on pictures like those it saw and loses elsewhere; half-way weights
    keep most of the gain and lose nothing (Wortsman et al., arXiv:2109.01903).
    """
    return {
        name: start[name].lerp(value, share) if value.is_floating_point() else value
        for name, value in trained.items()
    }


def save(net: PictureNet, path: Path) -> None:
    """Write a checkpoint that export_onnx.py reads."""
    torch.save({"config": net.config, "model": net.state_dict()}, path)


def arguments() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--cache", type=Path, required=True, help="folder of prepare.py and teacher.py")
    add("--output", type=Path, required=True, help="folder for last.pt and report.json")
    add(
        "--init",
        choices=["lite0", "none"],
        default="lite0",
        help="starting weights (default %(default)s)",
    )
    add(
        "--epochs",
        type=float,
        default=2,
        help="passes over the views; 0 only fits the last layer (default %(default)s)",
    )
    add(
        "--minutes",
        type=float,
        default=0,
        help="stop after so long, the schedule shortened to fit (default: no limit)",
    )
    add("--batch", type=int, default=128, help="views a step (default %(default)s)")
    add("--rate", type=float, default=1.2e-3, help="highest learning rate (default %(default)s)")
    add("--decay", type=float, default=0.02, help="weight decay (default %(default)s)")
    add("--frozen", type=int, default=8, help="first blocks kept as they are (default %(default)s)")
    add(
        "--distil",
        type=float,
        default=2.0,
        help="weight of the distillation loss (default %(default)s)",
    )
    add("--relation", type=float, default=1.0, help="weight of the relations (default %(default)s)")
    add(
        "--contrast",
        type=float,
        default=0.1,
        help="weight of the supervised contrast (default %(default)s)",
    )
    add("--mix", type=float, default=0.5, help="share of the trained weights, the rest the start's")
    add("--temperature", type=float, default=0.1, help="of the similarities (default %(default)s)")
    add(
        "--power",
        type=float,
        default=0.5,
        help="whitening of the target, 0 none to 1 full (default %(default)s)",
    )
    add("--dimension", type=int, default=128, help="numbers in an embedding (default %(default)s)")
    add(
        "--head",
        type=int,
        default=384,
        help="channels of the last convolution (default %(default)s)",
    )
    add("--drop", type=int, nargs="*", default=[13], help="blocks of Lite0 left out (default 13)")
    add("--seed", type=int, default=1, help="seed of everything random (default %(default)s)")
    add("--threads", type=int, default=0, help="torch threads (default: torch decides)")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    if args.threads:
        torch.set_num_threads(args.threads)
    args.output.mkdir(parents=True, exist_ok=True)
    features = np.load(args.cache / "teacher.npy", mmap_mode="r")
    target, basis = whitened_target(features, args.dimension, args.power, args.seed)
    torch.save(basis, args.output / "teacher_basis.pt")
    if len(target) < args.batch:
        raise SystemExit(
            f"{len(target)} views are fewer than a batch of {args.batch}; cut more views from each "
            "picture with prepare.py (the number after a folder), or give a smaller --batch"
        )
    if args.drop and args.frozen > min(args.drop):
        raise SystemExit(f"--drop leaves out block {min(args.drop)}, so --frozen is that at most")
    net = PictureNet(args.dimension, args.head, tuple(args.drop))
    print(
        f"{len(target)} views, {count_parameters(net)} weights, {torch.get_num_threads()} threads"
    )
    if args.init == "none":
        args.frozen = 0
    inputs = Inputs(args.cache, args.frozen, args.seed)
    if args.init == "lite0":
        start_from_lite0(net, inputs, target, 6000, args.seed)
    start = copy.deepcopy(net.state_dict())
    report = fit(net, inputs, target, args) if args.epochs else {"steps": 0}
    if args.init != "none":
        net.load_state_dict(mixed(start, net.state_dict(), args.mix))
    save(net, args.output / "last.pt")
    settings = {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items()}
    text = json.dumps({**report, "settings": settings}, indent=2)
    (args.output / "report.json").write_text(text + "\n")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
