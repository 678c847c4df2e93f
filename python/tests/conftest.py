"""Databases for the tests: opened, and connected to where the build has a server."""

import itertools
import os
import pathlib

import pytest

import simile
from server_process import Server
from source_tree import build_folder

NAMES = itertools.count()


def pytest_generate_tests(metafunc):
    """Tests that take `db` run with both kinds, but for those that say `opened` beside it."""
    if "db" in metafunc.fixturenames:
        kinds = ["opened"] if "opened" in metafunc.fixturenames else ["opened", "connected"]
        metafunc.parametrize("kind", kinds, scope="session")


@pytest.fixture
def opened():
    """Asked for by tests that need a directory."""


@pytest.fixture(scope="session")
def python_server(tmp_path_factory):
    """`simile serve` for all tests; each has a database of its own."""
    pytest.importorskip("grpc")
    build = build_folder()
    if build is None or not (build / "lib" / "simile" / "libsimile_server.so").exists():
        pytest.skip("this build has no server")
    binary = pathlib.Path(os.environ.get("SIMILE_BINARY", build / "bin" / "simile"))
    running = Server(binary, tmp_path_factory.mktemp("server") / "served.simile")
    yield running
    assert running.stop() == 0


@pytest.fixture
def path(tmp_path):
    """Where a test keeps its database."""
    return tmp_path / "photos.simile"


@pytest.fixture
def db(request, kind, path):
    """A database, empty."""
    if kind == "opened":
        with simile.open(path) as database:
            yield database
    else:
        server = request.getfixturevalue("python_server")
        with simile.connect(server.uri, database=f"t{next(NAMES)}", create=True) as database:
            yield database
