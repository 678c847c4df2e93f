"""What CONTRIBUTING.md says about sizes, names and words, as far as a program can tell."""

import re
import shutil
import statistics
import subprocess

import pytest

from source_tree import ROOT, SOURCE, cxx_files, lines_of, python_files, relative

# Split, so that this file does not contain them.
BANNED = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "not " + "implemented"]))


def our_files():
    return cxx_files() + python_files()


def test_no_file_is_longer_than_1000_lines():
    assert [relative(path) for path in our_files() if len(lines_of(path)) > 1000] == []


def test_files_are_mostly_short():
    lengths = sorted(len(lines_of(path)) for path in our_files())
    assert statistics.median(lengths) <= 150
    assert lengths[int(len(lengths) * 0.9)] <= 450


def test_lines_are_at_most_100_columns():
    long = [
        f"{relative(path)}:{number}"
        for path in our_files()
        for number, line in enumerate(lines_of(path), 1)
        if len(line) > 100
    ]
    assert long == []


def long_blocks(lines, limit):
    """Functions of more than `limit` lines, by the indentation clang-format gives them."""
    type_or_namespace = re.compile(r"\s*(namespace|struct|class|enum|union|extern|template)\b")
    for indent in ("", "  "):
        start = None
        for number, line in enumerate(lines, 1):
            if not line.startswith(indent) or line[len(indent) : len(indent) + 1] in ("", " "):
                continue
            if line == indent + "}" and start is not None and number - start + 1 > limit:
                if not type_or_namespace.match(lines[start - 1]):
                    yield start
            if not line.lstrip().startswith(("}", "#", "//", "public:", "private:")):
                start = number


def test_long_functions_are_noticed():
    body = ["  x();"] * 3
    assert list(long_blocks(["int f(int a,", "      int b) {", *body, "}"], 5)) == [1]
    assert list(long_blocks(["int f() {", *body, "}"], 5)) == []
    assert list(long_blocks(["struct A {", *body, *body, "};"], 5)) == []


def test_functions_have_at_most_70_lines():
    long = [
        f"{relative(path)}:{start}"
        for path in cxx_files()
        for start in long_blocks(lines_of(path), 70)
    ]
    assert long == []


def test_names_say_what_is_inside():
    empty_names = {"utils", "util", "common", "impl", "helpers", "helper", "misc"}
    wrong = [
        relative(path)
        for path in our_files()
        if empty_names & {part.lower() for part in (*path.relative_to(ROOT).parts[:-1], path.stem)}
    ]
    assert wrong == []


def test_nothing_is_left_for_later():
    found = [
        f"{relative(path)}:{number}"
        for path in our_files()
        for number, line in enumerate(lines_of(path), 1)
        if BANNED.search(line)
    ]
    assert found == []


def test_headers_are_guarded_and_introduced():
    for path in cxx_files():
        if path.suffix == ".h":
            lines = [line for line in lines_of(path) if line.strip()]
            assert lines[0] == "#pragma once", relative(path)


def test_tests_stand_beside_what_they_test():
    """thing_test.cc next to thing.h or thing.cc, or to a file whose name begins alike."""
    lonely = []
    for path in SOURCE.rglob("*_test.cc"):
        thing = path.name.removesuffix("_test.cc")
        beside = {other.stem for other in path.parent.iterdir()} - {path.stem}
        beside |= {path.parent.name}
        if not any(thing.startswith(stem) or stem.startswith(thing) for stem in beside):
            lonely.append(relative(path))
    assert lonely == []


def test_each_format_page_has_its_code_and_the_other_way_round():
    pages = {path.name for path in (ROOT / "docs" / "formats").glob("*.md")} - {"README.md"}
    named = set()
    for path in cxx_files():
        named |= set(re.findall(r"docs/formats/([a-z0-9_-]+\.md)", path.read_text("utf-8")))
    assert named == pages


def test_clang_format_is_satisfied():
    program = shutil.which("clang-format-16")
    if program is None:
        pytest.skip("clang-format-16 is not installed")
    files = [str(path) for path in cxx_files()]
    done = subprocess.run(
        [program, "--dry-run", "--Werror", *files], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[:4000]
