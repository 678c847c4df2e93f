"""A file includes only its own folder and folders of a lower layer; see ARCHITECTURE.md."""

import re

import pytest

from source_tree import PUBLIC, ROOT, SOURCE, cxx_files, includes_of, relative

LAYER = {
    "base": 0,
    "io": 1,
    "kernels": 1,
    "quantization": 2,
    "features": 2,
    "text": 2,
    "vectorfile": 2,
    "index": 3,
    "scalar": 3,
    "segment": 4,
    "db": 5,
    "imports": 6,
    "pictures": 6,
    "server": 7,
    "cli": 8,
}

# A public header belongs to the layer that implements it; lower ones must not know it.
PUBLIC_LAYER = {
    "error.h": 0,
    "progress.h": 0,
    "properties.h": 0,
    "types.h": 0,
    "version.h": 0,
    "batch.h": 2,
    "features.h": 2,
    "filter.h": 2,
    "schema.h": 2,
    "collection.h": 5,
    "database.h": 5,
    "fusion.h": 5,
    "index.h": 5,
    "pictures.h": 6,
    "simile.h": 7,
}

# Below the table's direction there is one more rule: features/ is used without an engine, and
# an engine is used without features/.
FORBIDDEN = {"features": {"io", "kernels", "quantization"}, "vectorfile": {"io", "kernels"}}
FEATURES_USERS = {"features", "pictures", "server", "cli"}


def source_files():
    return [path for path in cxx_files() if SOURCE in path.parents]


def upward_includes(path, source=SOURCE):
    own = path.relative_to(source).parts[0]
    for name in includes_of(path):
        parts = name.split("/")
        if parts[0] != "simile":
            continue
        if len(parts) == 2:
            known, layer = parts[1] in PUBLIC_LAYER, PUBLIC_LAYER.get(parts[1], 99)
            target = "features" if parts[1] == "features.h" else None
        else:
            known, layer, target = parts[1] in LAYER, LAYER.get(parts[1], 99), parts[1]
        if target == own:
            continue
        allowed = known and layer <= LAYER[own] if len(parts) == 2 else known and layer < LAYER[own]
        if target in FORBIDDEN.get(own, ()) or (target == "features" and own not in FEATURES_USERS):
            allowed = False
        if not allowed:
            yield f"{path.relative_to(source)} includes {name}"


def test_every_folder_has_a_layer():
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir()}
    assert folders == set(LAYER)


def test_includes_point_downward():
    wrong = [line for path in source_files() for line in upward_includes(path)]
    assert wrong == []


def test_an_upward_include_is_noticed(tmp_path):
    """The test above can fail."""
    (tmp_path / "io").mkdir()
    file = tmp_path / "io" / "bad.cc"
    file.write_text('#include "simile/base/bytes.h"\n#include "simile/kernels/distance.h"\n')
    assert len(list(upward_includes(file, tmp_path))) == 1
    file.write_text('#include "simile/database.h"\n#include "simile/error.h"\n')
    assert len(list(upward_includes(file, tmp_path))) == 1


@pytest.mark.parametrize("folder", sorted(LAYER))
def test_cmake_links_are_lower_layers(folder):
    text = (SOURCE / folder / "CMakeLists.txt").read_text(encoding="utf-8")
    call = re.search(r"simile_layer\(\s*(\w+)([^)]*)\)", text)
    assert call and call[1] == folder
    names = re.search(r"LAYERS((?:\s+[a-z]+)*)", call[2])
    linked = names[1].split() if names else []
    assert [name for name in linked if LAYER[name] >= LAYER[folder]] == []


def test_the_python_module_sees_the_public_headers_and_base():
    for path in sorted((ROOT / "python" / "src").iterdir()):
        for name in includes_of(path):
            parts = name.split("/")
            inner = parts[0] == "simile" and len(parts) > 2 and parts[1] != "base"
            assert not inner, f"{relative(path)} includes {name}"


def test_quoted_includes_name_existing_files():
    missing = []
    for path in cxx_files():
        for name in includes_of(path):
            if name.startswith("<"):
                continue
            places = (ROOT / "include" / name, ROOT / "src" / name, path.parent / name)
            if not any(place.is_file() for place in places):
                missing.append(f"{relative(path)}: {name}")
    assert missing == []


def test_public_headers_are_few_and_short():
    headers = list(PUBLIC.rglob("*.h"))
    assert len(headers) <= 15
    assert {header.name for header in headers} == set(PUBLIC_LAYER)
    long = [relative(header) for header in headers if len(header.read_text().splitlines()) > 200]
    assert long == []


def test_public_headers_need_only_the_standard_library():
    for header in PUBLIC.rglob("*.h"):
        for name in includes_of(header):
            standard = re.fullmatch(r"<[a-z_]+>", name)
            own = name.startswith("simile/") and len(name.split("/")) == 2
            assert standard or own, f"{relative(header)} includes {name}"
        assert not re.search(r"__m\d+|immintrin|arm_neon|nlohmann|Roaring", header.read_text())
