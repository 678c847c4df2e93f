import numpy as np
import pytest

from neighbours import sets, worker


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    return sets.make_mixture(2000, 16, queries=120, folder=folder)


def start(peer, path):
    return worker.Worker(peer, path, 120, 10, path.parent / "log")


def test_simile_is_built_weighed_and_asked_in_a_process_of_its_own(path):
    pytest.importorskip("simile")
    process = start("simile-flat", path)
    seconds, version = process.call("build", 1)
    assert seconds > 0 and version
    ids, _ = process.call("answer", 0, 120, 1)
    assert (ids == sets.describe(path).neighbours()[:, :10]).mean() > 0.99
    rate, _ = process.call("time_one", 0, 50)
    assert rate > 0
    rate, _ = process.call("time_batch", 0, 120, 2)
    assert rate > 0
    assert process.call("bytes_per_row") >= 0
    process.stop()


def test_what_goes_wrong_inside_is_told(path):
    process = start("simile-flat", path)
    with pytest.raises(worker.PeerFailed, match="AttributeError"):
        process.call("no_such_function")
    process.stop()


def test_a_process_that_dies_is_told(path):
    process = start("simile-flat", path)
    process._process.kill()
    with pytest.raises(worker.PeerFailed, match="exit status"):
        process.call("build", 1)
    process.stop()


def test_short_answers_are_padded():
    short = [[4, 2], np.array([1, 2, 3, 9])]
    assert worker.padded(short, 3).tolist() == [[4, 2, -1], [1, 2, 3]]
    nothing = np.array([[7, 2**64 - 1]], np.uint64)
    assert worker.padded(nothing, 2).tolist() == [[7, -1]]
