"""simile.export offline; loaded by its path, so the compiled part is not needed."""

import importlib
import importlib.util
import json
import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "simile" / "export.py"


def load():
    spec = importlib.util.spec_from_file_location("simile_export", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


export = load()
PREPROCESS = export.Preprocess(
    224, 224, "shorter-side", 256, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
)


def missing(monkeypatch, *absent):
    """Pretend that packages are not installed."""
    real = importlib.import_module

    def find(name, *rest):
        if name in absent:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        return real(name, *rest)

    monkeypatch.setattr(export.importlib, "import_module", find)


@pytest.mark.parametrize(
    ("text", "weights", "parts"),
    [
        ("torchvision:resnet50", None, ("torchvision", "resnet50", None)),
        ("torchvision:resnet50/IMAGENET1K_V1", None, ("torchvision", "resnet50", "IMAGENET1K_V1")),
        ("torchvision:resnet50/IMAGENET1K_V1", "none", ("torchvision", "resnet50", "none")),
        (
            "timm:hf-hub:timm/convnext_tiny.in12k",
            None,
            ("timm", "hf-hub:timm/convnext_tiny.in12k", None),
        ),
        (
            "open_clip:ViT-B-32/laion2b_s34b_b79k",
            None,
            ("open_clip", "ViT-B-32", "laion2b_s34b_b79k"),
        ),
        ("open_clip:ViT-B-32", "none", ("open_clip", "ViT-B-32", "none")),
    ],
)
def test_model_names_are_taken_apart(text, weights, parts):
    source = export.parse_source(text, weights)
    assert (source.library, source.model, source.weights) == parts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("resnet50", "does not name a library"),
        ("torchvision:", "does not name a library"),
        ("keras:resnet50", "known are open_clip, timm, torchvision"),
        ("torchvision:resnet50/", "ends in '/'"),
        ("open_clip:ViT-B-32", "needs the name of the weights"),
    ],
)
def test_wrong_names_say_what_is_right(text, message):
    with pytest.raises(export.ExportError, match=message):
        export.parse_source(text)


def test_card_has_exactly_the_documented_fields(tmp_path):
    model = tmp_path / "net.onnx"
    model.write_bytes(b"abc")
    card = export.make_card(model, PREPROCESS, 2048, "BSD-3-Clause", "Exported from a test")
    where = export.write_card(model, card)
    assert where == tmp_path / "net.json"
    assert json.loads(where.read_text("utf-8")) == {
        "name": "net",
        "version": 1,
        "file": "net.onnx",
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "modality": "picture",
        "input": {"name": "pixels", "layout": "NCHW", "width": 224, "height": 224, "color": "RGB"},
        "preprocess": {
            "resize": "shorter-side",
            "resize_to": 256,
            "crop": "center",
            "mean": [0.485, 0.456, 0.406],
            "std": [0.229, 0.224, 0.225],
        },
        "output": {"name": "embedding"},
        "dimension": 2048,
        "metric": "cosine",
        "normalize": True,
        "license": "BSD-3-Clause",
        "description": "Exported from a test",
    }


def test_stretched_pictures_have_no_resize_to(tmp_path):
    model = tmp_path / "my clip,v2.onnx"
    model.write_bytes(b"abc")
    stretch = export.Preprocess(256, 192, "stretch", 0, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    card = export.make_card(model, stretch, 512, "unknown", "")
    assert card["preprocess"] == {"resize": "stretch", "mean": [0.5] * 3, "std": [0.5] * 3}
    assert card["name"] == "my-clip-v2"


def test_shipped_card_has_the_same_fields_and_fits_its_file():
    models = SCRIPT.parents[2] / "models"
    shipped = json.loads((models / "simile-photo-128.json").read_text("utf-8"))
    model = models / shipped["file"]
    card = export.make_card(model, PREPROCESS, 128, "Apache-2.0", "")
    assert list(shipped) == list(card)
    assert list(shipped["preprocess"]) == list(card["preprocess"])
    assert shipped["sha256"] == card["sha256"]
    assert model.stat().st_size <= 3_000_000


def test_missing_packages_say_what_to_install(monkeypatch, tmp_path, capsys):
    missing(monkeypatch, "torch")
    assert export.main(["timm:convnext_tiny", "--output", str(tmp_path / "a.onnx")]) == 1
    assert "python -m pip install torch" in capsys.readouterr().err
    missing(monkeypatch, "open_clip")
    with pytest.raises(export.ExportError, match="pip install open_clip_torch"):
        export.need("open_clip", export.LIBRARIES["open_clip"])


def test_output_must_be_onnx(capsys):
    assert export.main(["timm:convnext_tiny", "--output", "net.pt"]) == 1
    assert "--output must end in .onnx" in capsys.readouterr().err


def test_help_teaches_and_needs_no_torch():
    code = (
        "import sys, runpy; sys.modules['torch'] = None; "
        f"sys.argv = ['export', '--help']; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for word in (
        "torchvision:resnet50",
        "open_clip:ViT-B-32",
        "--weights",
        "simile pictures index",
    ):
        assert word in done.stdout


def export_or_skip(tmp_path, name, *packages):
    for package in ("torch", "onnx", "onnxscript", *packages):
        pytest.importorskip(package)
    output = tmp_path / "net.onnx"
    report = export.export(export.parse_source(name, "none"), output)
    return report, json.loads(output.with_suffix(".json").read_text("utf-8"))


def test_torchvision_network_becomes_a_file_and_a_card(tmp_path):
    report, card = export_or_skip(tmp_path, "torchvision:mobilenet_v3_small", "torchvision")
    assert card["dimension"] == 1024
    assert card["preprocess"]["resize_to"] == 256
    assert card["input"]["width"] == 224
    assert "equals torch" in report or "neither openvino nor onnxruntime" in report


def test_timm_network_becomes_a_file_and_a_card(tmp_path):
    _, card = export_or_skip(tmp_path, "timm:resnet10t", "timm")
    assert card["dimension"] == 512
    assert card["preprocess"]["resize"] == "shorter-side"


def test_unknown_torchvision_model_is_an_error_with_advice():
    pytest.importorskip("torchvision")
    with pytest.raises(export.ExportError, match="list_models"):
        export.load_torchvision(export.parse_source("torchvision:resnet51"))
