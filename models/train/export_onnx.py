"""Turn a checkpoint of train.py into the ONNX file and the card that Simile reads, and check it.

Batch norms are folded into the convolutions. The 1x1 convolutions, nearly all of the weights, are
stored as int8 with one scale an output channel (DequantizeLinear); the rest as float16 (Cast). The
arithmetic stays float32. The last linear layer is float16 because OpenVINO also rounds the
activations of a linear layer with int8 weights. The graph is written node by node, so that it needs
nothing beyond opset 17 and no exporter decides how it looks.

    python export_onnx.py --checkpoint run/last.pt --output ../simile-photo-128.onnx
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from network import BN_EPSILON, MEAN, STD, Conv, PictureNet

DESCRIPTION = (
    "General photo features at 128 px: EfficientNet-Lite0 (Apache-2.0, Google), shortened and "
    "fine-tuned by distillation from EfficientNet-Lite2"
)


def load(checkpoint: str) -> PictureNet:
    """The network of a checkpoint, ready for inference."""
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    config = saved["config"]
    net = PictureNet(config["dimension"], config["head"], tuple(config["drop"]))
    net.load_state_dict(saved["model"])
    return net.eval()


def to_int8(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric int8 with one scale an output channel (the first axis)."""
    flat = np.abs(weight.reshape(len(weight), -1)).max(1)
    scale = np.maximum(flat, 1e-8).astype(np.float32) / 127
    shape = (-1,) + (1,) * (weight.ndim - 1)
    return np.clip(np.rint(weight / scale.reshape(shape)), -127, 127).astype(np.int8), scale


def fold(layer: Conv) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias of a convolution with its batch norm folded in."""
    gain = layer.norm.weight / torch.sqrt(layer.norm.running_var + BN_EPSILON)
    weight = layer.conv.weight * gain.view(-1, 1, 1, 1)
    bias = layer.norm.bias - layer.norm.running_mean * gain
    return weight.detach().numpy(), bias.detach().numpy()


class Graph:
    """Collects nodes and weights; the layers are changed in step to hold what was stored."""

    def __init__(self) -> None:
        self.nodes, self.weights, self.count = [], [], 0

    def constant(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str | None = None, **attributes) -> str:
        self.count += 1
        output = output or f"t{self.count}"
        self.nodes.append(
            helper.make_node(kind, inputs, [output], name=f"{kind}_{self.count}", **attributes)
        )
        return output

    def weight(self, name: str, value: np.ndarray, small: bool) -> tuple[str, np.ndarray]:
        """Store a weight; returns its name in the graph and the values a reader will see."""
        if small:
            half = value.astype(np.float16)
            return self.node(
                "Cast", [self.constant(name, half)], to=TensorProto.FLOAT
            ), half.astype(np.float32)
        codes, scale = to_int8(value)
        inputs = [
            self.constant(name, codes),
            self.constant(name + ".scale", scale),
            self.constant(name + ".zero", np.zeros(len(scale), np.int8)),
        ]
        seen = codes.astype(np.float32) * scale.reshape((-1,) + (1,) * (value.ndim - 1))
        return self.node("DequantizeLinear", inputs, axis=0), seen

    def conv(self, name: str, layer: Conv, x: str) -> str:
        """A convolution with its ReLU6."""
        value, bias = fold(layer)
        weight, seen = self.weight(name, value, small=layer.conv.kernel_size[0] > 1)
        before, after = layer.pads
        stride, kernel = layer.conv.stride[0], layer.conv.kernel_size[0]
        y = self.node(
            "Conv",
            [x, weight, self.constant(name + ".bias", bias)],
            kernel_shape=[kernel] * 2,
            strides=[stride] * 2,
            pads=[before, before, after, after],
            group=layer.conv.groups,
        )
        with torch.no_grad():
            layer.conv.weight.copy_(torch.from_numpy(seen))
            layer.norm.weight.fill_((1 + BN_EPSILON) ** 0.5)
            layer.norm.running_var.fill_(1)
            layer.norm.running_mean.zero_()
            layer.norm.bias.copy_(torch.from_numpy(bias))
        return self.node("Clip", [y, "zero", "six"]) if layer.relu else y


def build(net: PictureNet, width: int, height: int) -> onnx.ModelProto:
    """The ONNX model; `net` ends up holding the stored (rounded) weights, for comparison."""
    graph = Graph()
    graph.constant("zero", np.float32(0))
    graph.constant("six", np.float32(6))
    graph.constant("tiny", np.float32(1e-12))
    x = graph.conv("stem", net.stem, "pixels")
    for index, block in enumerate(net.blocks):
        y = graph.conv(f"b{index}.expand", block.expand, x) if block.expand is not None else x
        y = graph.conv(f"b{index}.depthwise", block.depthwise, y)
        y = graph.conv(f"b{index}.project", block.project, y)
        x = graph.node("Add", [x, y]) if block.residual else y
    x = graph.conv("head", net.head, x)
    x = graph.node("Flatten", [graph.node("GlobalAveragePool", [x])])
    weight, seen = graph.weight("project", net.project.weight.detach().numpy(), small=True)
    with torch.no_grad():
        net.project.weight.copy_(torch.from_numpy(seen))
    x = graph.node(
        "Gemm",
        [x, weight, graph.constant("project.bias", net.project.bias.detach().numpy())],
        transB=1,
    )
    norm = graph.node("Clip", [graph.node("ReduceL2", [x], axes=[1], keepdims=1), "tiny"])
    graph.node("Div", [x, norm], "embedding")
    dimension = net.config["dimension"]
    inputs = [
        helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 3, height, width])
    ]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", dimension])]
    body = helper.make_graph(graph.nodes, "simile-photo", inputs, outputs, graph.weights)
    model = helper.make_model(
        body, opset_imports=[helper.make_opsetid("", 17)], producer_name="simile"
    )
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def verify(path: Path, net: PictureNet, original: PictureNet, width: int, height: int) -> None:
    """Compare OpenVINO with torch: with the stored weights, and with the unrounded ones."""
    import openvino as ov

    core = ov.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    noise = torch.from_numpy(
        np.random.default_rng(1).normal(0, 1, (8, 3, height // 8, width // 8)).astype(np.float32)
    )
    pixels = torch.nn.functional.interpolate(noise, (height, width), mode="bilinear")
    got = np.concatenate([compiled(pixels[:1].numpy())[0], compiled(pixels[1:].numpy())[0]])
    with torch.no_grad():
        stored, full = net(pixels).numpy(), original(pixels).numpy()
    worst = float(np.abs(got - stored).max())
    print(
        f"OpenVINO against torch: largest difference {worst:.1e}; "
        f"rounding to int8 costs 1 - cosine = {1 - float((got * full).sum(1).mean()):.1e}"
    )
    if worst > 1e-3 or not np.allclose(np.linalg.norm(got, axis=1), 1, atol=1e-4):
        raise SystemExit("export: the file does not compute what torch computes")


def write_card(path: Path, version: int, size: int, dimension: int) -> Path:
    """The model card beside the file."""
    card = {
        "name": path.stem,
        "version": version,
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "modality": "picture",
        "input": {
            "name": "pixels",
            "layout": "NCHW",
            "width": size,
            "height": size,
            "color": "RGB",
        },
        "preprocess": {
            "resize": "shorter-side",
            "resize_to": size,
            "crop": "center",
            "mean": [round(m, 6) for m in MEAN],
            "std": [round(s, 6) for s in STD],
        },
        "output": {"name": "embedding"},
        "dimension": dimension,
        "metric": "cosine",
        "normalize": True,
        "license": "Apache-2.0",
        "description": DESCRIPTION,
    }
    out = path.with_suffix(".json")
    out.write_text(json.dumps(card, indent=2) + "\n")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", required=True, help="checkpoint that train.py wrote")
    parser.add_argument(
        "--output", type=Path, required=True, help="ONNX file to write; the card goes beside it"
    )
    parser.add_argument(
        "--size", type=int, default=128, help="input side in pixels (default %(default)s)"
    )
    parser.add_argument(
        "--version", type=int, default=1, help="version in the card (default %(default)s)"
    )
    args = parser.parse_args()

    original = load(args.checkpoint)
    net = copy.deepcopy(original)
    onnx.save(build(net, args.size, args.size), args.output)
    card = write_card(args.output, args.version, args.size, net.config["dimension"])
    print(f"{args.output}: {args.output.stat().st_size} bytes; card {card}")
    verify(args.output, net, original, args.size, args.size)


if __name__ == "__main__":
    main()
