"""Pictures to vectors, and folders of pictures kept in a database.

    >>> import simile
    >>> from simile import pictures
    >>> db = simile.open("photos.simile")
    >>> pictures.index_pictures(db, "Photos")
    >>> pictures.search_pictures(db, "beach.jpg", k=5)

`Embedder` turns pictures into features without a database.
"""

import dataclasses
import json
import os
import struct
from collections.abc import Callable, Sequence

import numpy as np

from simile import _simile
from simile.database import Database
from simile.errors import InvalidArgument, NotFound, PermissionDenied

__all__ = [
    "Embedder",
    "IndexReport",
    "PictureHit",
    "RegisteredModel",
    "default_model",
    "index_pictures",
    "list_models",
    "search_pictures",
    "write_picture_page",
]


class Embedder:
    """A model that is loaded and ready. Any call from any thread.

    :param model: a name (see `list_models`), a model card (.json), or a model file with its card
        beside it; empty is the default model
    :param threads: 0 is every core
    :raises NotFound: no such model; the message lists the known ones
    :raises Unimplemented: no model runtime is installed; the message says what to install
    """

    def __init__(self, model: str | os.PathLike = "", threads: int = 0):
        self._native = _simile.open_embedder(os.fspath(model), threads)
        #: the model card as a dict; docs/models.md explains each key
        self.card = json.loads(self._native.card())

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.card["name"]

    @property
    def dim(self) -> int:
        """Components of a feature."""
        return self.card["dimension"]

    def embed(self, pictures) -> np.ndarray:
        """Features of pictures: float32 (n, dim), or (dim,) where one picture is given.

        :param pictures: one or a list of: a path, the bytes of a file (JPEG, PNG, WebP, BMP, GIF),
            an RGB array of shape (height, width, 3) uint8, or a PIL image
        :raises InvalidArgument: a picture cannot be decoded; the message has its position
        """
        single = not isinstance(pictures, (list, tuple))
        encoded = [_encoded(picture) for picture in ([pictures] if single else pictures)]
        features = self._native.embed(encoded)
        return features[0] if single else features

    def __repr__(self):
        return f"simile.pictures.Embedder({self.name!r}, dim={self.dim})"


@dataclasses.dataclass(frozen=True)
class IndexReport:
    """What index_pictures() did, in files."""

    found: int  #: picture files in the folder
    added: int
    updated: int  #: content changed
    unchanged: int  #: neither decoded nor run through the model
    reused: int  #: of added and updated: same bytes as a known picture
    removed: int
    skipped: int  #: unreadable
    seconds: float
    skipped_files: list[tuple[str, str]]  #: each with the reason


@dataclasses.dataclass(frozen=True)
class PictureHit:
    """A similar picture."""

    path: str
    distance: float


@dataclasses.dataclass(frozen=True)
class RegisteredModel:
    """A model known by name."""

    card: dict
    card_path: str
    built_in: bool


def index_pictures(
    db: Database,
    folder: str | os.PathLike,
    *,
    collection: str = "pictures",
    model: str | os.PathLike = "",
    threads: int = 0,
    prune: bool = True,
    follow_symlinks: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> IndexReport:
    """Makes `collection` hold one row for each picture below `folder`.

    Files whose content is known are not decoded again. May be stopped at any moment, by Ctrl-C or
    by force, and goes on from there when called again. Unreadable files are skipped and reported.

    :param model: empty is the model of the collection, else the default model
    :param threads: for decoding and inference; 0 is every core
    :param prune: forget pictures whose file is gone
    :param progress: called with (files done, files found) now and then
    :raises FailedPrecondition: the collection was made with another model
    """
    options = _simile.NativeIndexOptions()
    options.collection = collection
    options.model = os.fspath(model)
    options.threads = threads
    options.prune = prune
    options.follow_symlinks = follow_symlinks
    counts, skipped = _simile.index_pictures(_directory(db), os.fspath(folder), options, progress)
    return IndexReport(**counts, skipped_files=skipped)


def search_pictures(
    db: Database,
    file: str | os.PathLike,
    k: int = 10,
    *,
    collection: str = "pictures",
    model: str | os.PathLike = "",
    where: str = "",
    exact: bool = False,
) -> list[PictureHit]:
    """The k pictures most similar to the one in `file`, nearest first.

    :param model: empty is the model of the collection
    :param where: filter on path, bytes, modified, width, height
    :raises FailedPrecondition: `model` is not the one that made the collection
    """
    options = _simile.NativeSearchOptions()
    options.collection = collection
    options.model = os.fspath(model)
    options.k = k
    options.where = where
    options.exact = exact
    found = _simile.search_pictures(_directory(db), os.fspath(file), options)
    return [PictureHit(*hit) for hit in found]


def write_picture_page(
    output: str | os.PathLike,
    query_file: str | os.PathLike,
    hits: Sequence[PictureHit],
    *,
    search_seconds: float = 0,
    note: str = "",
) -> None:
    """Writes one self-contained HTML page: the query, then the hits with their distances."""
    pairs = [(hit.path, hit.distance) for hit in hits]
    _simile.write_picture_page(
        os.fspath(output), os.fspath(query_file), pairs, search_seconds, note
    )


def list_models() -> list[RegisteredModel]:
    """Models known by name: those that came with Simile, and those of `simile models add`."""
    return [
        RegisteredModel(json.loads(card), path, built_in)
        for card, path, built_in in _simile.list_models()
    ]


def default_model() -> str:
    """The name that is used where none is given."""
    return _simile.default_model()


def _directory(db):
    """The engine of a database that was opened."""
    if not isinstance(db._native, _simile.NativeDatabase):
        raise InvalidArgument(
            "pictures are kept in the database of a directory: simile.open; with a connection, "
            "embed them (pictures.Embedder) and upsert the features"
        )
    return db._native


def _encoded(picture):
    """The bytes of a picture file."""
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return bytes(picture)
    if isinstance(picture, (str, os.PathLike)):
        return _read(os.fspath(picture))
    if hasattr(picture, "convert") and hasattr(picture, "mode"):  # a PIL image
        picture = picture.convert("RGB")
    return _bitmap(np.asarray(picture))


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        raise NotFound(f"no such file: {path}") from None
    except PermissionError:
        raise PermissionDenied(f"cannot read {path}: permission denied") from None


def _bitmap(pixels):
    """RGB pixels as a BMP file: 54 bytes of header, rows from the bottom, BGR, padded to 4."""
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or 0 in pixels.shape:
        raise InvalidArgument(
            f"a picture is {pixels.dtype} of shape {pixels.shape}; "
            "expected uint8 (height, width, 3)"
        )
    height, width, _ = pixels.shape
    stride = (width * 3 + 3) // 4 * 4
    rows = np.zeros((height, stride), np.uint8)
    rows[:, : width * 3] = pixels[::-1, :, ::-1].reshape(height, width * 3)
    header = struct.pack("<2sIHHI", b"BM", 54 + rows.size, 0, 0, 54)
    header += struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, rows.size, 2835, 2835, 0, 0)
    return header + rows.tobytes()
