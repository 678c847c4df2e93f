"""simile.backup and simile.restore."""

import tarfile

import numpy as np
import pytest

import simile

FIELDS = {"id": "int64 primary key", "feature": "float32[4] l2"}


@pytest.fixture
def photos(tmp_path):
    with simile.open(tmp_path / "photos.simile") as db:
        c = db.create_collection("c", FIELDS)
        c.insert({"id": np.arange(5000), "feature": np.random.rand(5000, 4)})
        c.flush()
        c.insert({"id": [5000], "feature": np.ones((1, 4))})
        yield db


@pytest.mark.parametrize("name", ["copy", "copy.tar"])
def test_a_copy_is_made_while_the_database_is_open(photos, tmp_path, name):
    seen = []
    made = photos.backup(tmp_path / name, lambda done, total: seen.append((done, total)))
    assert made.files >= 4 and seen[-1] == (made.bytes, made.bytes)
    photos["c"].truncate()
    assert simile.restore(tmp_path / name, tmp_path / "back").bytes == made.bytes
    with simile.open(tmp_path / "back", create=False) as back:
        assert back["c"].count() == 5001
        assert back["c"].search(np.ones(4), k=1).ids.tolist() == [5000]


def test_an_archive_is_one_that_others_read(photos, tmp_path):
    photos.backup(tmp_path / "copy.tar")
    with tarfile.open(tmp_path / "copy.tar") as archive:
        names = archive.getnames()
        assert all(member.isreg() for member in archive.getmembers())
        assert "BACKUP.json" in names and any(name.endswith(".rows") for name in names)
        archive.extractall(tmp_path / "unpacked")
    with simile.open(tmp_path / "unpacked", create=False) as unpacked:
        assert unpacked["c"].count() == 5001


def test_archives_of_others_are_refused(photos, tmp_path):
    for kind, message in ((tarfile.SYMTYPE, "no regular file"), (tarfile.REGTYPE, "outside")):
        with tarfile.open(tmp_path / "bad.tar", "w", format=tarfile.USTAR_FORMAT) as archive:
            entry = tarfile.TarInfo("../escaped" if kind == tarfile.REGTYPE else "link")
            entry.type = kind
            entry.linkname = "/etc/passwd" if kind == tarfile.SYMTYPE else ""
            archive.addfile(entry)
        with pytest.raises(simile.errors.InvalidArgument, match=message):
            simile.restore(tmp_path / "bad.tar", tmp_path / "bad")
        assert not (tmp_path / "escaped").exists()


def test_what_is_there_is_not_overwritten(photos, tmp_path):
    photos.backup(tmp_path / "copy.tar")
    with pytest.raises(simile.errors.AlreadyExists):
        simile.backup(tmp_path / "photos.simile", tmp_path / "copy.tar")
    with pytest.raises(simile.errors.AlreadyExists, match="photos.simile already"):
        simile.restore(tmp_path / "copy.tar", tmp_path / "photos.simile")
    with pytest.raises(simile.errors.NotFound):
        simile.backup(tmp_path / "absent", tmp_path / "b")


def test_an_error_in_the_progress_stops_it(photos, tmp_path):
    def stop(done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        photos.backup(tmp_path / "copy", stop)
    photos.backup(tmp_path / "copy")
