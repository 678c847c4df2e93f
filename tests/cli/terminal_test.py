"""What people see: bars on a terminal, colour where it is wanted, plain lines elsewhere."""

import os
import pty
import select
import subprocess
import time

import numpy
import pytest


def run_on_terminal(simile, *arguments, **environment):
    """Exit code, stdout, and what stderr, a terminal, has received."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [simile.binary, *map(str, arguments)],
        cwd=simile.folder, env={**simile.environment, "TERM": "xterm", **environment},
        stdout=subprocess.PIPE, stderr=slave, text=True,
    )
    os.close(slave)
    shown = b""
    while process.poll() is None or select.select([master], [], [], 0)[0]:
        if select.select([master], [], [], 0.05)[0]:
            try:
                shown += os.read(master, 65536)
            except OSError:  # how Linux says that the other side is closed
                break
    os.close(master)
    out = process.stdout.read()
    return process.wait(), out, shown.decode()


@pytest.fixture
def file(simile):
    numpy.save(simile.folder / "x.npy", numpy.ones((20_000, 16), "f4"))
    return "x.npy"


IMPORT = ["--db", "a.simile", "-c", "c", "-m", "l2", "--index", "flat", "--batch", "500"]


def test_a_bar_moves_on_a_terminal(simile, file):
    code, out, shown = run_on_terminal(simile, "import", file, *IMPORT)
    assert code == 0
    assert out.startswith("imported 20,000 rows") and "\x1b" not in out
    assert "\rimporting [" in shown and "20,000 / 20,000 rows" in shown and "/s" in shown


def test_json_and_quiet(simile, file):
    code, out, shown = run_on_terminal(simile, "import", file, *IMPORT, "--quiet")
    assert code == 0 and shown == ""
    code, out, shown = run_on_terminal(simile, "count", "--db", "a.simile", "--json")
    assert (code, out, shown) == (0, '{"collection":"c","rows":20000}\n', "")


def test_colour_only_where_it_is_wanted(simile):
    code, _, shown = run_on_terminal(simile, "info", "--db", "absent")
    assert code == 1 and "\x1b[31msimile:\x1b[0m" in shown
    for environment in [{"NO_COLOR": "1"}, {"TERM": "dumb"}]:
        code, _, shown = run_on_terminal(simile, "info", "--db", "absent", **environment)
        assert code == 1 and "\x1b" not in shown and "simile: " in shown


def test_lines_now_and_then_elsewhere(simile, file):
    began = time.monotonic()
    done = simile.run("import", file, *IMPORT)
    seconds = time.monotonic() - began
    assert done.returncode == 0
    assert "importing: 20,000 of 20,000 rows" in done.stderr
    # One every five seconds, and the last of each of the two steps.
    assert len(done.stderr.splitlines()) <= 2 + seconds / 5
