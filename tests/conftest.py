"""Fixtures of the tests that cross layers. SIMILE_BUILD names the build folder under test."""

import pytest

from source_tree import build_folder


@pytest.fixture(scope="session")
def build():
    """The build folder."""
    folder = build_folder()
    if folder is None:
        pytest.skip("nothing is built; run make build")
    return folder
