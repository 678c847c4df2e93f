"""Encrypted databases in Python."""

import numpy
import pytest

import simile

FIELDS = {"id": "int64 primary key", "v": "float32[4] l2", "label": "string"}


@pytest.fixture
def key():
    return simile.KeySource(digits=simile.make_key())


def fill(path, key):
    with simile.open(path, key=key) as db:
        rows = db.create_collection("rows", FIELDS)
        rows.insert({"id": [1, 2], "v": numpy.eye(2, 4), "label": ["whiskers", "whiskers"]})


def bytes_of(path):
    return b"".join(file.read_bytes() for file in path.rglob("*") if file.is_file())


def test_an_encrypted_database_needs_its_key_and_shows_nothing(path, key):
    fill(path, key)
    assert b"whiskers" not in bytes_of(path)
    with pytest.raises(simile.errors.PermissionDenied, match="give its key"):
        simile.open(path)
    with pytest.raises(simile.errors.PermissionDenied, match="not that of"):
        simile.open(path, key=simile.KeySource(digits=simile.make_key()))
    with simile.open(path, key=key, read_only=True) as db:
        assert db["rows"].search(numpy.eye(1, 4), 1).ids.tolist() == [[1]]
    assert simile.verify(path, key=key).ok


def test_the_key_is_changed(path, key, tmp_path):
    fill(path, key)
    file = tmp_path / "new.key"
    file.write_text(simile.make_key())
    file.chmod(0o600)
    with simile.open(path, key=key) as db:
        db.change_key(simile.KeySource(file=file))
    with pytest.raises(simile.errors.PermissionDenied):
        simile.open(path, key=key)
    with simile.open(path, key=simile.KeySource(command=f"cat {file}")) as db:
        assert db["rows"].count() == 2


def test_copies_are_encrypted_or_not(path, key, tmp_path):
    fill(path, None)
    assert b"whiskers" in bytes_of(path)
    simile.copy_database(path, tmp_path / "secret", to_key=key)
    assert b"whiskers" not in bytes_of(tmp_path / "secret")
    simile.copy_database(tmp_path / "secret", tmp_path / "plain", key=key)
    with simile.open(tmp_path / "plain") as db:
        assert db["rows"].count() == 2
        with pytest.raises(simile.errors.FailedPrecondition, match="not encrypted"):
            db.change_key(key)
    with pytest.raises(simile.errors.AlreadyExists):
        simile.copy_database(path, tmp_path / "plain")


def test_a_key_is_not_printed(key):
    assert key.digits not in repr(key)
