"""A slice of tests/hostile; `make hostile` sends a million requests."""

import os
import subprocess
import sys

import pytest

from source_tree import ROOT

pytest.importorskip("pymilvus")


def test_hostile_requests_are_answered(binary, tmp_path):
    command = [sys.executable, ROOT / "tests/hostile/run.py", binary, tmp_path, "--requests", 2_000,
               "--seed", os.environ.get("SIMILE_SEED", "1")]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-4000:]
