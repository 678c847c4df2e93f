import subprocess
import sys

import pytest

from neighbours import peers, report, rounds, sets

pytest.importorskip("simile")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    return sets.describe(sets.make_mixture(2000, 16, queries=300, folder=folder))


def test_a_run_measures_what_is_there_and_names_what_is_not(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(peers.PEERS["annoy"], "module", "no_such_module")
    plan = rounds.Plan(queries=300, passes=1)
    said = []
    names = ["simile", "annoy", "simile-flat"]
    results = rounds.run(tiny, names, plan, tmp_path / "log", said.append)
    assert [result.peer for result in results] == names
    graph, missing, flat = results
    assert "no_such_module is not installed" in missing.problem and not missing.points
    assert [point.recall for point in flat.points] == [1.0]
    assert graph.points[-1].recall > 0.95
    for point in graph.points + flat.points:
        assert point.one > 0 and point.batch > 0 and point.threads > 0
    assert graph.build_seconds > 0 and not graph.problem


def test_a_metric_a_peer_does_not_know_leaves_it_out(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(peers.PEERS["simile"], "metrics", ("cosine",))
    results = rounds.run(tiny, ["simile"], rounds.Plan(queries=50), tmp_path / "log", print)
    assert results[0].problem == "does not know the metric l2"


class OneWorker:
    """Says that 1,000 queries took a second, of which it had half the processor."""

    def call(self, function, effort, count, *threads):
        return (None, 0) if function == "time_batch" and threads == (1,) else (1000.0, 0.5)


def test_the_clock_is_that_of_the_wall_or_of_the_processor():
    for clock, expected in (("wall", 1000), ("processor", 2000)):
        result = rounds.Result("a", "A", "")
        point = rounds.Point(10, 0.9, 100)
        rounds.time_point(result, OneWorker(), point, rounds.Plan(clock=clock))
        assert (point.one, point.batch, point.threads) == (expected, 0, 1000)
        assert result.cpu_of_one_thread == 0.5


def test_a_sweep_ends_when_two_efforts_in_a_row_add_nothing():
    assert not rounds.no_longer_grows([0.9, 0.9])
    assert not rounds.no_longer_grows([0.9, 0.9, 0.91])
    assert rounds.no_longer_grows([0.85, 0.9, 0.9, 0.9])
    assert not rounds.no_longer_grows([0.2, 0.2, 0.2])


def test_every_peer_says_what_it_is():
    for name, peer in peers.PEERS.items():
        assert peer.name == name and peer.label and peer.settings and peer.efforts
        assert set(peer.metrics) <= {"l2", "cosine", "ip"}
    labels = [peer.label for peer in peers.PEERS.values()]
    assert len(set(labels)) == len(labels)


def test_unknown_peers_and_sets_are_refused_with_the_known_ones(tmp_path):
    root = report.__file__.rsplit("/", 2)[0]
    for arguments, expected in (
        (["--peers", "simile,nobody"], "unknown: nobody; known are simile, "),
        (["--sets", "nothing"], "no nothing.hdf5 in .cache/bench"),
    ):
        command = [sys.executable, "-m", "neighbours", *arguments, "--out", str(tmp_path)]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": root}
        )
        assert done.returncode == 2
        assert expected in done.stderr
