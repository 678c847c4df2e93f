"""Fixtures of the tests that cross layers. SIMILE_BUILD names the build folder under test."""

import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def build():
    """The build folder."""
    folder = pathlib.Path(os.environ.get("SIMILE_BUILD", ROOT / "build" / "release")).resolve()
    if not (folder / "CMakeCache.txt").exists():
        pytest.skip(f"nothing is built in {folder}; run make build")
    return folder
