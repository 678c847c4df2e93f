"""Simile, a vector database for deep features.

    >>> import simile
    >>> index = simile.Index(dim=128)                    # vectors in memory
    >>> index.add(x)
    >>> ids, distances = index.search(q, k=10)

    >>> db = simile.open("photos.simile")                # rows on disk, durable
    >>> images = db.create_collection("images", {"id": "int64 primary key",
    ...     "feature": "float32[128] cosine", "label": "string"})
    >>> images.upsert({"id": ids, "feature": x, "label": labels})
    >>> images.search(q, k=10, where="label == 'cat'", fields=["label"])

`simile.connect("http://host:19530")` gives the same objects for the database of a server.
`simile.pictures` turns pictures into vectors. Distances: smaller is always nearer.
"""

from simile import _simile, errors, pictures
from simile._simile import Index, kernel_target
from simile.backups import Backup, backup, restore
from simile.client import connect
from simile.database import (
    Collection,
    CollectionInfo,
    Damage,
    Database,
    DatabaseInfo,
    Field,
    FilterPlan,
    IndexInfo,
    IndexUse,
    Snapshot,
    VerifyReport,
    Written,
    open,
    verify,
)
from simile.encryption import KeySource, copy_database, make_key
from simile.errors import Error
from simile.rows import Hits, HitsBatch, Rows

__version__: str = getattr(_simile, "__version__")  # stubs leave such names out

__all__ = [
    "Backup",
    "Collection",
    "CollectionInfo",
    "Damage",
    "Database",
    "DatabaseInfo",
    "Error",
    "Field",
    "FilterPlan",
    "Hits",
    "HitsBatch",
    "Index",
    "IndexInfo",
    "IndexUse",
    "KeySource",
    "Rows",
    "Snapshot",
    "VerifyReport",
    "Written",
    "__version__",
    "backup",
    "connect",
    "copy_database",
    "errors",
    "kernel_target",
    "make_key",
    "open",
    "pictures",
    "restore",
    "verify",
]
