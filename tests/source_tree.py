"""The files of the repository, as the tests of the source text see them."""

import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "simile"
PUBLIC = ROOT / "include" / "simile"

INCLUDE = re.compile(r'^\s*#\s*include\s+(<[^>]+>|"[^"]+")', re.MULTILINE)


def cxx_files():
    """Every C++ file that is ours, tests included."""
    folders = ("include", "src", "python/src", "tests", "examples", "bench")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.*")]
    return sorted(path for path in files if path.suffix in (".cc", ".h"))


def python_files():
    folders = ("python", "tests", "tools", "bench", "models", "examples")
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def includes_of(path):
    """Names as written: `<vector>` or `simile/base/check.h`."""
    found = INCLUDE.findall(path.read_text(encoding="utf-8"))
    return [name if name.startswith("<") else name.strip('"') for name in found]


def relative(path):
    return str(path.relative_to(ROOT))


def build_folder():
    """The build folder under test, which SIMILE_BUILD names; None where nothing is built there."""
    folder = pathlib.Path(os.environ.get("SIMILE_BUILD", ROOT / "build" / "release")).resolve()
    return folder if (folder / "CMakeCache.txt").exists() else None
