"""Copies of databases that are in use, and databases made from them."""

import dataclasses
import os
from collections.abc import Callable

from simile import _simile

__all__ = ["Backup", "backup", "restore"]

Progress = Callable[[int, int], object]


@dataclasses.dataclass(frozen=True)
class Backup:
    """What was copied."""

    files: int
    bytes: int


def backup(
    path: str | os.PathLike, to: str | os.PathLike, progress: Progress | None = None
) -> Backup:
    """Copies the database in `path` while it is in use, by this process or another one.

    The copy is the database as it was at one moment, with every write that was acknowledged before
    the call. The copy of an encrypted database is encrypted; no key is needed.

    :param to: a new directory, which is a database then; or a new archive, a name that ends in .tar
    :param progress: called with (bytes copied, bytes in all) now and then
    :raises AlreadyExists: there is something already
    """
    return Backup(*_simile.backup(os.fspath(path), os.fspath(to), progress))


def restore(
    backup: str | os.PathLike, path: str | os.PathLike, progress: Progress | None = None
) -> Backup:
    """Makes the database in `path`, a new or empty directory, from what `backup()` made.

    :raises DataLoss: a byte is not as it was; the message names the file, and no database is made
    :raises AlreadyExists: there is something in `path`
    """
    return Backup(*_simile.restore(os.fspath(backup), os.fspath(path), progress))
