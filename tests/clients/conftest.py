"""A server for the clients of other projects. `make test-clients` installs them and runs this."""

import os
import pathlib

import pytest

from server_process import Server
from source_tree import build_folder


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    build = build_folder()
    if build is None or not (build / "lib" / "simile" / "libsimile_server.so").exists():
        pytest.skip("this build has no server")
    binary = pathlib.Path(os.environ.get("SIMILE_BINARY", build / "bin" / "simile"))
    running = Server(binary, tmp_path_factory.mktemp("server") / "served.simile")
    yield running
    assert running.stop() == 0
