"""Encrypted databases at the terminal."""

import os
import stat

import numpy
import pytest

ROWS = 500


@pytest.fixture
def secret(simile):
    """An encrypted database and its key."""
    vectors = numpy.random.default_rng(1).random((ROWS, 16), dtype=numpy.float32)
    numpy.save(simile.folder / "a.npy", vectors)
    simile("key", "new", "a.key")
    simile("import", "a.npy", "--db", "a.simile", "--collection", "a", "--metric", "l2",
           "--key-file", "a.key")
    return simile


def count(simile, *key, database="a.simile"):
    return simile.json("count", "--db", database, *key)[0]["rows"]


def test_a_new_key_is_for_its_owner_alone_and_replaces_none(simile):
    simile("key", "new", "a.key")
    path = simile.folder / "a.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().strip()) == 64
    before = path.read_text()
    assert "a.key" in simile.fails("key", "new", "a.key")
    assert path.read_text() == before


def test_every_command_needs_the_key(secret):
    for command in (["count"], ["info"], ["verify"], ["compact"],
                    ["search", "--queries", "a.npy"], ["collections", "list"]):
        assert "is encrypted: give its key" in secret.fails(*command, "--db", "a.simile"), command
        secret(*command, "--db", "a.simile", "--key-file", "a.key")
    assert count(secret, "--key-command", "cat a.key") == ROWS


def test_the_environment_names_it_and_the_command_line_goes_first(secret):
    secret.environment["SIMILE_KEY_FILE"] = "a.key"
    assert count(secret) == ROWS
    secret.environment["SIMILE_KEY_FILE"] = "nowhere.key"
    assert "nowhere.key" in secret.fails("count", "--db", "a.simile")
    assert count(secret, "--key-file", "a.key") == ROWS


def test_another_key_is_refused(secret):
    secret("key", "new", "b.key")
    message = secret.fails("count", "--db", "a.simile", "--key-file", "b.key")
    assert "the key is not that of" in message
    os.chmod(secret.folder / "a.key", 0o644)
    assert "chmod 600" in secret.fails("count", "--db", "a.simile", "--key-file", "a.key")


def test_the_key_is_rotated(secret):
    secret("key", "new", "b.key")
    secret("key", "rotate", "--db", "a.simile", "--key-file", "a.key", "--new-key-file", "b.key")
    assert count(secret, "--key-file", "b.key") == ROWS
    secret.fails("count", "--db", "a.simile", "--key-file", "a.key")
    # A second time, as after one that was cut short.
    secret("key", "rotate", "--db", "a.simile", "--key-file", "a.key", "--new-key-file", "b.key")


def test_databases_are_encrypted_and_decrypted_by_copying(secret):
    secret("decrypt", "--db", "a.simile", "--to", "plain.simile", "--key-file", "a.key")
    assert count(secret, database="plain.simile") == ROWS
    users = secret.folder / "plain.simile" / ".access"
    users.mkdir()
    (users / "users").write_text("who may do what")
    secret("encrypt", "--db", "plain.simile", "--to", "again.simile", "--key-file", "a.key")
    assert count(secret, "--key-file", "a.key", database="again.simile") == ROWS
    secret("verify", "--db", "again.simile", "--key-file", "a.key")
    copied = secret.folder / "again.simile" / ".access" / "users"
    assert copied.read_text() == "who may do what"
    message = secret.fails(
        "encrypt", "--db", "plain.simile", "--to", "again.simile", "--key-file", "a.key")
    assert "there is something in" in message
    assert "--key-file" in secret.fails("encrypt", "--db", "plain.simile", "--to", "x.simile")
