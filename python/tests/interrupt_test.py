"""Ctrl-C in long calls: they stop soon and leave nothing half-done."""

import signal
import subprocess
import sys

import pytest

# The call makes no headway between "started" and the signal: it stops with work left to do, on
# however fast a machine.
ADDING = """
import signal, time
import numpy as np, simile
x = np.random.default_rng(1).normal(size=(50_000, 16)).astype(np.float32)
index = simile.Index(16)
interrupted, reached = False, []

def on_signal(number, frame):
    global interrupted
    interrupted = True
    raise KeyboardInterrupt

def progress(done, total):
    reached.append(done)
    if done and not interrupted:
        print("started", flush=True)
        while not interrupted:
            time.sleep(0.001)

signal.signal(signal.SIGINT, on_signal)
try:
    index.add(x, progress=progress)
except KeyboardInterrupt:
    print("interrupted", len(index), reached[-1] < len(x))
"""


@pytest.mark.parametrize("program", [ADDING])
def test_ctrl_c_stops_a_long_call(program):
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "started\n", process.communicate()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=1200)
    assert output == "interrupted 0 True\n", errors
