"""Two processes at once, Ctrl-C, and kill -9 in the middle of an import.

No machine is fast enough to come to the end of the file that is imported here, and nothing waits
for less than an import needs on a slow one: whatever the speed, it is interrupted in the middle.
"""

import fcntl
import os
import random
import signal
import time

import numpy
import pytest

ROWS = 200_000_000
WRITTEN = 20_000
HANG = 1200  # seconds after which a process is thought to hang


@pytest.fixture
def endless_file(simile):
    """200 million vectors of 32 components: some, and zeros that take no place on the disk."""
    path = simile.folder / "endless.npy"
    with open(path, "wb") as file:
        layout = {"descr": "<f4", "fortran_order": False, "shape": (ROWS, 32)}
        numpy.lib.format.write_array_header_1_0(file, layout)
        rows = numpy.random.default_rng(1).normal(size=(WRITTEN, 32)).astype("f4")
        file.write(rows.tobytes())
        file.truncate(file.tell() + (ROWS - WRITTEN) * 32 * 4)
    return path.name


IMPORT = ["--db", "a.simile", "-c", "c", "-m", "l2", "--batch", "100", "--no-index"]


def rows_so_far(simile):
    """What a reader sees beside the writer; 0 before there is a collection."""
    done = simile.run("count", "--db", "a.simile")
    return int(done.stdout) if done.returncode == 0 else 0


def wait_until(process, condition):
    """Waits for something that `process` does while it runs."""
    hang = time.monotonic() + HANG
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < hang
        time.sleep(0.01)


def wait_for_rows(simile, process, rows=1000):
    wait_until(process, lambda: rows_so_far(simile) >= rows)


def handles(process, number):
    """Whether a signal has a handler, as the kernel tells it."""
    with open(f"/proc/{process.pid}/status") as status:
        (caught,) = (line.split()[1] for line in status if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (number - 1) & 1)


def test_a_second_writer_is_told_who_is_first(simile, endless_file):
    first = simile.start("import", endless_file, *IMPORT)
    try:
        wait_for_rows(simile, first)
        message = simile.fails("import", endless_file, *IMPORT, "--first-id", "1000000")
        assert str(first.pid) in message
        assert simile.run("info", "--db", "a.simile").returncode == 0
        assert first.poll() is None
    finally:
        first.kill()
        first.communicate()


def test_ctrl_c_stops_after_a_whole_batch_and_says_how_to_go_on(simile, endless_file):
    process = simile.start("import", endless_file, *IMPORT)
    wait_for_rows(simile, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=HANG)
    assert process.returncode == 130, errors
    stored = simile.count()
    assert 0 < stored < ROWS and stored % 100 == 0
    assert f"the first {stored} rows are stored" in errors
    assert f"--skip {stored}" in errors

    simile("import", endless_file, *IMPORT, "--skip", str(stored), "--limit", "500")
    assert simile.count() == stored + 500
    assert simile.json("verify", "--db", "a.simile")[0]["damages"] == []


def test_the_second_ctrl_c_kills(simile, endless_file):
    process = simile.start("import", endless_file, *IMPORT, "--quiet")
    wait_for_rows(simile, process)
    # With nobody reading its messages and no place for more, it cannot end by itself.
    pipe = process.stderr.fileno()
    writing_end = os.open(f"/proc/{process.pid}/fd/2", os.O_WRONLY | os.O_NONBLOCK)
    os.write(writing_end, b"." * fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ))
    with pytest.raises(BlockingIOError):
        os.write(writing_end, b".")
    os.close(writing_end)

    process.send_signal(signal.SIGINT)
    wait_until(process, lambda: not handles(process, signal.SIGINT))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=HANG)
    assert process.returncode == -signal.SIGINT


@pytest.mark.parametrize("seed", range(int(os.environ.get("SIMILE_TORTURE", 1)) * 3))
def test_kill_9_loses_nothing_that_was_seen(simile, endless_file, seed):
    process = simile.start("import", endless_file, *IMPORT)
    wait_for_rows(simile, process, 100)
    time.sleep(random.Random(seed).random() * 0.5)  # to be killed at different places
    seen = rows_so_far(simile)
    assert process.poll() is None
    process.kill()
    process.communicate()
    stored = simile.count()
    assert stored >= seen and stored % 100 == 0
    report = simile.json("verify", "--db", "a.simile")[0]
    assert report["damages"] == []
    simile("import", endless_file, *IMPORT, "--upsert", "--limit", str(stored + 200))
    assert simile.count() == stored + 200
    original = numpy.load(simile.folder / endless_file, mmap_mode="r")
    for key in (0, min(stored, WRITTEN) - 1, stored - 1, stored + 199):
        (row,) = simile.json("get", str(key), "--db", "a.simile")
        assert row["vector"] == pytest.approx(original[key].tolist())
