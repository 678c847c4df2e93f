"""Ctrl-C in long calls: they stop soon and leave nothing half-done."""

import signal
import subprocess
import sys
import time

import pytest

ADDING = """
import numpy as np, simile
x = np.random.default_rng(1).normal(size=(400_000, 64)).astype(np.float32)
index = simile.Index(64)
try:
    index.add(x, progress=lambda done, total: print("started", flush=True) if done else None)
except KeyboardInterrupt:
    print("interrupted", len(index))
"""


@pytest.mark.parametrize("program", [ADDING])
def test_ctrl_c_stops_a_long_call(program):
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "started\n"
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert "interrupted 0\n" in output, errors
    assert time.monotonic() - sent < 30
