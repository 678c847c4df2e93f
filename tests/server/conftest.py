"""A server of the program under test, and clients of it."""

import itertools
import os
import pathlib
import re
import signal
import subprocess

import pytest

HANG = 600  # seconds after which a process is thought to hang
NAMES = itertools.count()


class Server:
    """`simile serve` on free ports; stopped by SIGTERM."""

    def __init__(self, binary, path, *arguments, environment=None):
        self.path = pathlib.Path(path)
        self.log_path = self.path.with_suffix(".log")
        self.log = open(self.log_path, "ab")
        command = [binary, "serve", "--db", path, "--port", "0", "--http-port", "0", *arguments]
        self.process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=self.log, text=True,
            env={**os.environ, **(environment or {})},
        )
        line = self.process.stdout.readline()
        found = re.search(r"gRPC ([\d.]+):(\d+), HTTP [\d.]+:(\d+)", line)
        assert found, line + self.log_path.read_text()
        self.host, self.port, self.http_port = found[1], int(found[2]), int(found[3])

    @property
    def uri(self):
        return f"http://{self.host}:{self.port}"

    @property
    def http(self):
        return f"http://{self.host}:{self.http_port}"

    def stop(self, number=signal.SIGTERM):
        """The exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(HANG)
        self.process.stdout.close()
        self.log.close()
        return code


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
