"""The installed tree is enough for a project of its own: headers, library, CMake package."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from source_tree import ROOT


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(build, tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    run("cmake", "--install", str(build), "--prefix", str(prefix))
    return prefix


def test_the_example_builds_and_runs_against_it(prefix, tmp_path):
    # Debug, because the optimiser is not what is tested and takes half of the time.
    build = tmp_path / "build"
    options = [f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Debug", "-GNinja"]
    run("cmake", "-S", str(ROOT / "examples" / "cpp"), "-B", str(build), *options)
    run("cmake", "--build", str(build))
    for _ in range(2):  # the second run finds the database of the first
        output = run(str(build / "flowers"), str(tmp_path / "flowers.simile"))
        hits = [line.split() for line in output.splitlines()]
        assert len(hits) == 5
        assert hits[0] == ["0", "rose", "0"]
        assert {label for _, label, _ in hits} == {"rose"}


def test_the_program_runs_from_there(prefix):
    environment = {"PATH": os.environ["PATH"], "HOME": str(prefix)}
    assert "0.1.0" in run(str(prefix / "bin" / "simile"), "--version", env=environment)
    models = run(str(prefix / "bin" / "simile"), "models", "list", env=environment)
    assert "simile" in models


def test_the_library_shows_only_its_own_names(prefix):
    library = next((prefix / "lib").rglob("libsimile.so"))
    symbols = run("nm", "-DC", "--defined-only", str(library))
    names = [line.split(maxsplit=2)[2] for line in symbols.splitlines()]
    own = ("simile::", "typeinfo for simile::", "vtable for simile::", "typeinfo name for simile::")
    assert [name for name in names if not name.startswith(own)] == []


def test_installed_headers_compile_alone(prefix, tmp_path):
    def compile_alone(header):
        source = tmp_path / f"{header.stem}.cc"
        source.write_text(f"#include <simile/{header.name}>\n")
        run("g++", "-std=c++23", "-fsyntax-only", f"-I{prefix}/include", str(source))

    headers = list((prefix / "include" / "simile").glob("*.h"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        assert len(list(pool.map(compile_alone, headers))) == len(headers) > 0
