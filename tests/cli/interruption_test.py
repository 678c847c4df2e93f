"""Two processes at once, Ctrl-C, and kill -9 in the middle of an import."""

import os
import random
import signal
import time

import numpy
import pytest


@pytest.fixture
def large_file(simile):
    """60,000 vectors of 32 components; an import takes a while."""
    rows = numpy.random.default_rng(1).normal(size=(60_000, 32)).astype("f4")
    numpy.save(simile.folder / "large.npy", rows)
    return "large.npy"


IMPORT = ["--db", "a.simile", "-c", "c", "-m", "l2", "--batch", "100", "--no-index"]


def rows_so_far(simile):
    """What a reader sees beside the writer; 0 before there is a collection."""
    done = simile.run("count", "--db", "a.simile")
    return int(done.stdout) if done.returncode == 0 else 0


def wait_for_rows(simile, process, rows=1000):
    deadline = time.monotonic() + 60
    while rows_so_far(simile) < rows:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_second_writer_is_told_who_is_first(simile, large_file):
    first = simile.start("import", large_file, *IMPORT)
    try:
        wait_for_rows(simile, first)
        message = simile.fails("import", large_file, *IMPORT, "--first-id", "1000000")
        assert str(first.pid) in message
        assert simile.run("info", "--db", "a.simile").returncode == 0
    finally:
        first.kill()
        first.communicate()


def test_ctrl_c_stops_after_a_whole_batch_and_says_how_to_go_on(simile, large_file):
    process = simile.start("import", large_file, *IMPORT)
    wait_for_rows(simile, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    stored = simile.count()
    assert 0 < stored < 60_000 and stored % 100 == 0
    assert f"the first {stored} rows are stored" in errors
    assert f"--skip {stored}" in errors

    simile("import", large_file, *IMPORT, "--skip", str(stored), "--limit", "500")
    assert simile.count() == stored + 500
    assert simile.json("verify", "--db", "a.simile")[0]["damages"] == []


def test_the_second_ctrl_c_kills(simile, large_file):
    process = simile.start("import", large_file, *IMPORT)
    wait_for_rows(simile, process)
    process.send_signal(signal.SIGSTOP)  # so that both arrive before it can act
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        process.send_signal(signal.SIGINT)
        time.sleep(0.001)
    process.communicate()
    assert process.returncode in (-signal.SIGINT, 130)


@pytest.mark.parametrize("seed", range(int(os.environ.get("SIMILE_TORTURE", 1)) * 3))
def test_kill_9_loses_nothing_that_was_seen(simile, large_file, seed):
    process = simile.start("import", large_file, *IMPORT)
    wait_for_rows(simile, process, 100)
    time.sleep(random.Random(seed).random() * 0.5)
    seen = rows_so_far(simile)
    process.kill()
    process.communicate()
    stored = simile.count()
    assert stored >= seen and stored % 100 == 0
    report = simile.json("verify", "--db", "a.simile")[0]
    assert report["damages"] == []
    simile("import", large_file, *IMPORT, "--upsert", "--limit", str(stored + 200))
    assert simile.count() == stored + 200
    original = numpy.load(simile.folder / large_file, mmap_mode="r")
    (row,) = simile.json("get", str(stored - 1), "--db", "a.simile")
    assert row["vector"] == pytest.approx(original[stored - 1].tolist())
