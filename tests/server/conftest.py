"""A server of the program under test, and clients of it."""

import itertools
import os
import pathlib
import signal

import pytest

from server_process import Server

NAMES = itertools.count()


@pytest.fixture(scope="session")
def binary(build):
    """The program, with its server."""
    if not (build / "lib" / "simile" / "libsimile_server.so").exists():
        pytest.skip("this build has no server")
    return pathlib.Path(os.environ.get("SIMILE_BINARY", build / "bin" / "simile"))


@pytest.fixture(scope="session")
def server(binary, tmp_path_factory):
    """One server for the tests that do not stop it."""
    running = Server(binary, tmp_path_factory.mktemp("server") / "served.simile")
    yield running
    assert running.stop() == 0


@pytest.fixture
def start(binary, tmp_path):
    """Starts servers of a test's own, by default always on the same database."""
    running = []

    def run(*arguments, path=tmp_path / "own.simile", environment=None):
        running.append(Server(binary, path, *arguments, environment=environment))
        return running[-1]

    yield run
    for each in running:
        each.stop(signal.SIGKILL)


@pytest.fixture
def client(server):
    pymilvus = pytest.importorskip("pymilvus")
    connected = pymilvus.MilvusClient(server.uri)
    yield connected
    connected.close()


@pytest.fixture
def name():
    """A collection's name that no other test uses."""
    return f"c{next(NAMES)}_{os.getpid()}"
