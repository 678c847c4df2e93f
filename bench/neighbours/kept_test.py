import types

from neighbours import kept
from neighbours.rounds import Result


class OneWorker:
    """Keeps nothing but what it was told."""

    def __init__(self, can_save=True):
        self.calls, self._can_save = [], can_save

    def call(self, function, path):
        self.calls.append((function, path))
        return self._can_save


def one_set(folder):
    path = folder / "tiny.hdf5"
    path.write_bytes(b"rows")
    return types.SimpleNamespace(name="tiny", path=path)


def result(peer="hnswlib", settings="M 16", **measured):
    return Result(peer, peer, settings, **measured)


def test_an_index_is_read_back_with_what_it_took_to_build(tmp_path):
    worker = OneWorker()
    built = result(version="1", build_seconds=7.5, bytes_per_row=99.0)
    file = kept.path(tmp_path / "kept", one_set(tmp_path), built)
    assert not kept.load(file, built, worker)
    kept.save(file, built, worker)
    again = result()
    assert kept.load(file, again, worker)
    assert (again.version, again.build_seconds, again.bytes_per_row) == ("1", 7.5, 99.0)
    assert again.reused
    assert worker.calls == [("save", str(file)), ("load", str(file))]


def test_other_settings_are_another_file(tmp_path):
    the_set = one_set(tmp_path)
    paths = {
        kept.path(tmp_path, the_set, result(peer, settings))
        for peer in ("a", "b")
        for settings in ("M 16", "M 32")
    }
    assert len(paths) == 4


def test_what_cannot_be_saved_and_simile_itself_are_built_each_time(tmp_path):
    the_set = one_set(tmp_path)
    for one, worker in ((result(), OneWorker(False)), (result("simile"), OneWorker())):
        file = kept.path(tmp_path, the_set, one)
        kept.save(file, one, worker)
        assert not kept.load(file, result(one.peer), worker)
