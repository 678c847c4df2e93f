"""Turn a picture network of torchvision, timm or open_clip into a model that Simile reads.

Writes an ONNX file and its card beside it. The classifier is removed, the output is made one
vector of length 1 a picture, and the preprocessing is the library's own. The file is then run
and compared with torch.

    python -m simile.export torchvision:resnet50 --output resnet50.onnx
    python -m simile.export timm:convnext_tiny --output convnext.onnx
    python -m simile.export open_clip:ViT-B-32/laion2b_s34b_b79k --output clip.onnx

    simile pictures index ~/Pictures --db photos.simile --model resnet50.onnx

Weights come from the library's own cache or download. `--weights none` takes random weights, to
try the steps without a network connection; such a model finds nothing of use.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import importlib
import json
import re
import sys
from pathlib import Path

LIBRARIES = {"torchvision": "torchvision", "timm": "timm", "open_clip": "open_clip_torch"}
TOLERANCE = 2e-3
EXAMPLES = {
    "torchvision": "torchvision:resnet50 or torchvision:resnet50/IMAGENET1K_V1",
    "timm": "timm:convnext_tiny or timm:vit_small_patch14_dinov2.lvd142m",
    "open_clip": "open_clip:ViT-B-32/laion2b_s34b_b79k",
}


class ExportError(Exception):
    """A mistake the user can mend; the message says how."""


@dataclasses.dataclass(frozen=True)
class Source:
    """library:model[/weights], taken apart."""

    library: str
    model: str
    weights: str | None

    def __str__(self) -> str:
        tail = f"/{self.weights}" if self.weights else ""
        return f"{self.library}:{self.model}{tail}"


@dataclasses.dataclass(frozen=True)
class Preprocess:
    """What happens to a decoded picture before the network sees it."""

    width: int
    height: int
    resize: str  # "shorter-side" (then the middle is cut out) or "stretch"
    resize_to: int  # of the shorter side; 0 with "stretch"
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def parse_source(text: str, weights: str | None = None) -> Source:
    """`library:model[/weights]` -> Source; `weights`, from --weights, wins over the name's."""
    library, colon, rest = text.partition(":")
    if not colon or not rest:
        raise ExportError(
            f"'{text}' does not name a library and a model; write for example {EXAMPLES['timm']}"
        )
    if library not in LIBRARIES:
        known = ", ".join(sorted(LIBRARIES))
        raise ExportError(f"unknown library '{library}'; known are {known}")
    # timm's hub names (hf-hub:owner/model) contain slashes, and timm puts the weights after a dot.
    model, slash, tag = (rest, "", "") if library == "timm" else rest.partition("/")
    if slash and not tag:
        raise ExportError(f"'{text}' ends in '/'; write the weights after it or leave it out")
    chosen = weights or tag or None
    if library == "open_clip" and chosen is None:
        raise ExportError(
            f"open_clip needs the name of the weights, as in {EXAMPLES['open_clip']}; "
            "open_clip.list_pretrained() lists them"
        )
    return Source(library, model, chosen)


def need(module: str, package: str | None = None):
    """Import `module`, or say what to install."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise ExportError(f"{module} does not load: {error}") from error
        package = package or module
        raise ExportError(f"{package} is not installed: python -m pip install {package}") from None


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def make_card(
    path: Path,
    preprocess: Preprocess,
    dimension: int,
    license_name: str,
    description: str,
    version: int = 1,
) -> dict:
    """The card of a model file, in the form that docs/models.md describes."""
    steps: dict = {"resize": preprocess.resize}
    if preprocess.resize == "shorter-side":
        steps |= {"resize_to": preprocess.resize_to, "crop": "center"}
    steps["mean"] = [round(float(m), 6) for m in preprocess.mean]
    steps["std"] = [round(float(s), 6) for s in preprocess.std]
    return {
        "name": card_name(path.stem),
        "version": version,
        "file": path.name,
        "sha256": sha256_of(path),
        "modality": "picture",
        "input": {
            "name": "pixels",
            "layout": "NCHW",
            "width": preprocess.width,
            "height": preprocess.height,
            "color": "RGB",
        },
        "preprocess": steps,
        "output": {"name": "embedding"},
        "dimension": dimension,
        "metric": "cosine",
        "normalize": True,
        "license": license_name,
        "description": description,
    }


def card_name(stem: str) -> str:
    """A file's name as a model's: 1 to 64 of A-Z a-z 0-9 . _ -, beginning with none of . or -."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", stem).lstrip(".-")[:64] or "model"


def write_card(path: Path, card: dict) -> Path:
    """Write the card beside its model; returns where."""
    out = path.with_suffix(".json")
    out.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return out


def load_torchvision(source: Source):
    """(network without its classifier, Preprocess)."""
    models = need("torchvision").models
    try:
        choices = models.get_model_weights(source.model)
    except ValueError as error:
        raise ExportError(
            f"torchvision has no model '{source.model}'; torchvision.models.list_models() "
            "lists them"
        ) from error
    default = getattr(choices, "DEFAULT", None)
    weights = None
    if source.weights != "none":
        try:
            weights = choices[source.weights] if source.weights else default
        except KeyError:
            names = ", ".join(w.name for w in choices)
            raise ExportError(
                f"{source.model} has no weights '{source.weights}'; it has {names}"
            ) from None
    network = models.get_model(source.model, weights=weights)
    described = weights or default
    if described is None:
        raise ExportError(f"torchvision states no preprocessing for {source.model}")
    steps = described.transforms()
    if not hasattr(steps, "crop_size"):
        raise ExportError(f"{source.model} is not a picture classifier")
    side = steps.crop_size[0]
    resize_to = steps.resize_size[0]
    remove_classifier(network, source)
    return network, Preprocess(
        side, side, "shorter-side", max(side, resize_to), tuple(steps.mean), tuple(steps.std)
    )


def remove_classifier(network, source: Source) -> None:
    """Replace the last linear layer of a torchvision classifier by nothing."""
    nn = need("torch").nn
    for name in ("fc", "classifier", "head", "heads"):
        head = getattr(network, name, None)
        if isinstance(head, nn.Linear):
            setattr(network, name, nn.Identity())
            return
        if isinstance(head, nn.Sequential) and len(head) and isinstance(head[-1], nn.Linear):
            head[-1] = nn.Identity()
            return
    raise ExportError(
        f"cannot find the classifier of {source}; try the model of the same name in timm"
    )


def load_timm(source: Source):
    """(network without its classifier, Preprocess)."""
    timm = need("timm")
    pretrained = source.weights != "none"
    if source.weights and pretrained:
        raise ExportError(
            "timm names weights after a dot: timm:MODEL.WEIGHTS; --weights is only for none"
        )
    try:
        network = timm.create_model(source.model, pretrained=pretrained, num_classes=0)
    except RuntimeError as error:
        raise ExportError(f"timm cannot make '{source.model}': {error}") from error
    config = timm.data.resolve_model_data_config(network)
    _, height, width = config["input_size"]
    fraction = config.get("crop_pct") or 1.0
    mode = config.get("crop_mode") or "center"
    if mode == "border":
        raise ExportError(f"{source} pads pictures to a square, which a card cannot say")
    if mode == "squash" or width != height:
        shape = ("stretch", 0)
    else:
        shape = ("shorter-side", int(height / fraction))
    return network, Preprocess(width, height, *shape, tuple(config["mean"]), tuple(config["std"]))


def load_open_clip(source: Source):
    """(picture half of the network, Preprocess)."""
    open_clip = need("open_clip", LIBRARIES["open_clip"])
    tag = None if source.weights == "none" else source.weights
    if source.model not in open_clip.list_models():
        raise ExportError(
            f"open_clip has no model '{source.model}'; open_clip.list_models() lists them"
        )
    known = open_clip.list_pretrained_tags_by_model(source.model)
    if tag and tag not in known and not Path(tag).exists():
        raise ExportError(f"{source.model} has no weights '{tag}'; it has {', '.join(known)}")
    network = open_clip.create_model(source.model, pretrained=tag).visual
    config = dict(getattr(network, "preprocess_cfg", None) or {})
    size = config.get("size") or network.image_size
    height, width = (size, size) if isinstance(size, int) else size
    if config.get("resize_mode") == "longest":
        raise ExportError(f"{source} pads pictures to a square, which a card cannot say")
    if config.get("resize_mode") == "squash":
        shape = ("stretch", 0)
    else:
        shape = ("shorter-side", max(width, height))
    mean = config.get("mean") or open_clip.OPENAI_DATASET_MEAN
    std = config.get("std") or open_clip.OPENAI_DATASET_STD
    return network, Preprocess(width, height, *shape, tuple(mean), tuple(std))


LOADERS = {"torchvision": load_torchvision, "timm": load_timm, "open_clip": load_open_clip}


def as_embedding(network):
    """Wrap a network so that it gives one flat vector of length 1 a picture."""
    torch = need("torch")

    class Embedding(torch.nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, pixels):
            features = self.inner(pixels)
            if isinstance(features, (tuple, list)):
                features = features[0]
            return torch.nn.functional.normalize(features.flatten(1), dim=1)

    return Embedding(network).eval()


def export_onnx(network, preprocess: Preprocess, path: Path, opset: int) -> int:
    """Write the ONNX file; returns the length of an embedding."""
    torch = need("torch")
    need("onnx")
    need("onnxscript")
    # Two pictures: with one, a batch dimension could be folded into a constant unseen.
    example = torch.zeros(2, 3, preprocess.height, preprocess.width)
    with torch.no_grad():
        dimension = int(network(example).shape[1])
    torch.onnx.export(
        network,
        (example,),
        str(path),
        dynamo=True,
        external_data=False,
        input_names=["pixels"],
        output_names=["embedding"],
        dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
        opset_version=opset,
        verbose=False,
    )
    return dimension


def runner(path: Path):
    """(name, function of an array) of a program that runs ONNX files here, or None."""
    try:
        openvino = importlib.import_module("openvino")
        core = openvino.Core()
        # Exact arithmetic: processors with bfloat16 would otherwise compute in it.
        options = {"INFERENCE_PRECISION_HINT": "f32"}
        model = core.compile_model(core.read_model(str(path)), "CPU", options)
        return "OpenVINO", lambda array: model(array)[0]
    except ModuleNotFoundError:
        pass
    try:
        onnxruntime = importlib.import_module("onnxruntime")
    except ModuleNotFoundError:
        return None
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return "onnxruntime", lambda array: session.run(None, {"pixels": array})[0]


def verify(network, preprocess: Preprocess, path: Path) -> str:
    """Compare the file with torch on batches of one and three; returns a line that says how."""
    torch, numpy = need("torch"), need("numpy")
    found = runner(path)
    if found is None:
        return "not compared with torch: neither openvino nor onnxruntime is installed"
    name, run = found
    generator = torch.Generator().manual_seed(1)
    worst = 0.0
    for batch in (1, 3):
        small = torch.randn(batch, 3, 16, 16, generator=generator)
        size = (preprocess.height, preprocess.width)
        pixels = torch.nn.functional.interpolate(small, size, mode="bilinear")
        with torch.no_grad():
            expected = network(pixels).numpy()
        got = numpy.asarray(run(pixels.numpy()))
        if got.shape != expected.shape:
            raise ExportError(f"{name} gives {got.shape} where torch gives {expected.shape}")
        worst = max(worst, float(numpy.abs(got - expected).max()))
    if not worst <= TOLERANCE:
        raise ExportError(
            f"{name} and torch differ by {worst:.1e}, more than {TOLERANCE:.0e}; "
            "the file is not safe to use"
        )
    return f"{name} equals torch to {worst:.1e}"


def export(source: Source, output: Path, license_name: str = "unknown", opset: int = 18) -> str:
    """Load, write, check, write the card; returns what to tell the user."""
    torch = need("torch")
    torch.manual_seed(1)
    network, preprocess = LOADERS[source.library](source)
    network = as_embedding(network)
    output.parent.mkdir(parents=True, exist_ok=True)
    dimension = export_onnx(network, preprocess, output, opset)
    checked = verify(network, preprocess, output)
    card = make_card(output, preprocess, dimension, license_name, f"Exported from {source}")
    where = write_card(output, card)
    size = output.stat().st_size / 1e6
    return (
        f"{output}: {size:.1f} MB, {preprocess.width}x{preprocess.height} pixels to "
        f"{dimension} numbers; {checked}\n{where}: the card; license '{license_name}'"
    )


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m simile.export",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="model names:\n" + "\n".join(f"  {text}" for text in EXAMPLES.values()),
    )
    parser.add_argument("model", metavar="LIBRARY:MODEL[/WEIGHTS]", help="what to export")
    parser.add_argument(
        "--output", "-o", type=Path, required=True, metavar="FILE.onnx", help="file to write"
    )
    parser.add_argument(
        "--weights", help="weights to load instead of the usual ones; 'none' for random ones"
    )
    parser.add_argument(
        "--license",
        default="unknown",
        help="licence of the weights, for the card (default: unknown; their publisher states it)",
    )
    parser.add_argument(
        "--opset", type=int, default=18, help="ONNX operator set (default %(default)s)"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0 when the model and its card were written."""
    args = build_parser().parse_args(argv)
    try:
        if args.output.suffix != ".onnx":
            raise ExportError(f"--output must end in .onnx, not '{args.output.name}'")
        print(export(parse_source(args.model, args.weights), args.output, args.license, args.opset))
    except ExportError as error:
        print(f"simile.export: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
