"""Keys of encrypted databases."""

import dataclasses
import os
from collections.abc import Callable

from simile import _simile

Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True)
class KeySource:
    """Where the key of an encrypted database comes from; one of them is given.

    The key is 32 bytes, written as 64 hexadecimal digits.

    >>> db = simile.open("photos.simile", key=simile.KeySource(file="photos.key"))
    """

    digits: str = dataclasses.field(default="", repr=False)  #: the digits themselves
    file: str | os.PathLike = ""  #: a file that holds them; only its owner may be able to read it
    command: str = ""  #: prints them; run by /bin/sh, of a key service for example


def parts_of(key: KeySource | None) -> tuple[str, str, str]:
    return ("", "", "") if key is None else (key.digits, os.fspath(key.file), key.command)


def make_key() -> str:
    """A new key as 64 hexadecimal digits, from the random generator of the system."""
    return _simile.make_key()


def copy_database(
    path: str | os.PathLike,
    to: str | os.PathLike,
    *,
    key: KeySource | None = None,
    to_key: KeySource | None = None,
    progress: Progress | None = None,
) -> None:
    """Copies a database that no process is writing to the new directory `to`, encrypted with
    `to_key` or, without it, not at all. What fails or is interrupted leaves no database there.

    :param key: of `path`, where it is encrypted
    :param progress: called with (bytes copied, bytes in all) now and then
    :raises AlreadyExists: there is something in `to`
    """
    _simile.copy_database(os.fspath(path), parts_of(key), os.fspath(to), parts_of(to_key), progress)
