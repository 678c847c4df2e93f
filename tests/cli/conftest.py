"""The program `simile` as a fixture. SIMILE_BINARY names it; else that of the build folder."""

import json
import os
import pathlib
import subprocess

import numpy
import pytest

HANG = 1200  # seconds after which a process is thought to hang


class Simile:
    """Runs the program in a folder of its own."""

    def __init__(self, binary, folder):
        self.binary = str(binary)
        self.folder = folder
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("SIMILE_D")}

    def run(self, *arguments):
        """Exit code, stdout and stderr, whatever they are."""
        return subprocess.run(
            [self.binary, *map(str, arguments)],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=HANG,
        )

    def __call__(self, *arguments):
        """stdout of a command that must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *arguments):
        """The JSON objects of a command that must succeed, and nothing else on stdout."""
        return [json.loads(line) for line in self(*arguments, "--json").splitlines()]

    def fails(self, *arguments, code=1):
        """The message of a command that must fail: one line, on stderr."""
        done = self.run(*arguments)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        lines = done.stderr.splitlines()
        assert len([line for line in lines if line.startswith("simile: ")]) == 1, done.stderr
        assert lines[-1].startswith("simile: "), done.stderr
        return lines[-1].removeprefix("simile: ")

    def start(self, *arguments):
        """A process that runs beside the test."""
        return subprocess.Popen(
            [self.binary, *map(str, arguments)],
            cwd=self.folder, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )

    def count(self, database="a.simile"):
        return self.json("count", "--db", database)[0]["rows"]


@pytest.fixture(scope="session")
def binary(request):
    if "SIMILE_BINARY" in os.environ:
        return pathlib.Path(os.environ["SIMILE_BINARY"]).resolve()
    program = request.getfixturevalue("build") / "bin" / "simile"
    if not program.exists():
        pytest.skip(f"{program} is not built")
    return program


@pytest.fixture
def simile(binary, tmp_path):
    return Simile(binary, tmp_path)


@pytest.fixture
def vectors():
    """200 vectors of 8 components."""
    return numpy.random.default_rng(1).normal(size=(200, 8)).astype("f4")


@pytest.fixture
def database(simile, vectors):
    """a.simile with the vectors in collection c, metric l2, keys 0 to 199; and x.npy."""
    numpy.save(simile.folder / "x.npy", vectors)
    simile("import", "x.npy", "--db", "a.simile", "-c", "c", "-m", "l2")
    return simile.folder / "a.simile"
