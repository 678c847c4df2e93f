"""The systemd unit, as far as it can be checked without running it."""

import re
import shutil
import subprocess

import pytest

from source_tree import ROOT


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_unit_is_one(binary, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    text = (ROOT / "tools" / "simile.service").read_text()
    unit = tmp_path / "simile.service"
    unit.write_text(text.replace("/usr/local/bin/simile", str(binary)))
    done = run("systemd-analyze", "verify", unit)
    assert done.returncode == 0 and str(unit) not in done.stderr, done.stderr
    command = re.search(r"^ExecStart=(.*)$", unit.read_text(), re.M)[1].split()
    database = tmp_path / "a.simile"
    command[command.index("--db") + 1] = database
    assert run(*command, "--print-config").returncode == 0
