"""Databases of collections: durable, atomic writes; search by nearness and by filter."""

import dataclasses
import operator
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from simile import _columns, _simile
from simile._columns import Field
from simile.backups import Backup, backup
from simile.encryption import KeySource, parts_of
from simile.errors import InvalidArgument, Unimplemented
from simile.rows import Hits, HitsBatch, Rows

__all__ = [
    "Collection",
    "CollectionInfo",
    "Damage",
    "Database",
    "DatabaseInfo",
    "Field",
    "FilterPlan",
    "IndexInfo",
    "IndexUse",
    "Snapshot",
    "VerifyReport",
    "Written",
    "open",
    "verify",
]

Progress = Callable[[int, int], object]
_NO_LIMIT = 2**64 - 1


@dataclasses.dataclass(frozen=True)
class Written:
    """What a write did."""

    sequence: int  #: of the batch; later batches have larger ones
    rows: int  #: written or deleted
    ids: Any = None  #: int64 array of the keys given out, where the key is automatic


@dataclasses.dataclass(frozen=True)
class CollectionInfo:
    """Sizes of a collection."""

    name: str
    rows: int  #: live
    deleted_rows: int  #: not yet compacted away
    sealed_segments: int
    growing_rows: int
    indexed_rows: int  #: live rows that a built index covers
    disk_bytes: int
    memory_bytes: int


@dataclasses.dataclass(frozen=True)
class IndexInfo:
    """An index that filters use, of a scalar field."""

    field: str
    kind: str  #: "inverted", "ngram"
    rows: int  #: live
    indexed_rows: int  #: live rows that it covers; small segments and rows not flushed have none
    disk_bytes: int
    uses: int  #: segments of which it served a filter, since these were opened
    rows_spared: int  #: that these filters did not look at


@dataclasses.dataclass(frozen=True)
class IndexUse:
    """What an index did for a filter."""

    field: str
    kind: str  #: "inverted", "ngram"
    segments: int  #: in which it served
    entries: int  #: rows that it named there


@dataclasses.dataclass(frozen=True)
class FilterPlan:
    """How a filter is answered."""

    rows: int  #: in sight
    selected: int  #: for which it is true
    looked_at: int  #: whose values were read; the others were spared
    segments: int
    indexes: list[IndexUse]  #: that served


@dataclasses.dataclass(frozen=True)
class DatabaseInfo:
    """Sizes of a database."""

    path: str
    sequence: int  #: of the last acknowledged write
    wal_bytes: int
    disk_bytes: int
    open_seconds: float
    collections: list[CollectionInfo]


@dataclasses.dataclass(frozen=True)
class Damage:
    """Something wrong with the files of a database."""

    file: str
    what: str
    repairable: bool  #: opening for writing builds it again from the rows


@dataclasses.dataclass(frozen=True)
class VerifyReport:
    """What verify() read and found."""

    files: int
    bytes: int
    rows: int
    damages: list[Damage]

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damages


def open(  # noqa: A001  (simile.open, as the builtin)
    path: str | os.PathLike,
    *,
    create: bool = True,
    read_only: bool = False,
    background: bool = True,
    threads: int = 0,
    key: KeySource | None = None,
) -> "Database":
    """Opens the database in the directory `path`, and makes it where there is none.

    :param create: False to fail where there is none
    :param read_only: beside a writer in another process; `refresh()` shows what it wrote since
    :param background: flush and compact by themselves on a thread of their own
    :param threads: for building indexes; 0 is every core
    :param key: a database that is made is encrypted where this is given, and needs it from then on
    :raises PermissionDenied: it is encrypted, and this is not its key
    :raises Unavailable: another process writes to it; the message has its process id
    :raises FailedPrecondition: the directory is something else, or not encrypted though `key` is
        given
    :raises Unimplemented: a newer version of Simile wrote it
    """
    native = _simile.open(
        os.fspath(path), create and not read_only, read_only, background, threads, parts_of(key)
    )
    return Database(native)


def verify(
    path: str | os.PathLike, progress: Progress | None = None, *, key: KeySource | None = None
) -> VerifyReport:
    """Reads every byte of a database that no process is writing, and reports what is wrong.

    :param progress: called with (bytes read, bytes in all) now and then
    :param key: of an encrypted database
    """
    found = _simile.verify(os.fspath(path), progress, parts_of(key))
    return VerifyReport(**{**found, "damages": [Damage(*damage) for damage in found["damages"]]})


class Database:
    """Collections. Made by `simile.open`, of a directory, or by `simile.connect`, of a server; a
    context manager that closes.

    Everything may be called from any thread. One process writes a directory, any number read it.
    """

    def __init__(self, native):
        self._native = native

    def create_collection(
        self,
        name: str,
        fields: Mapping[str, "str | tuple[str, Any]"],
        *,
        dynamic: bool = False,
        properties: Mapping[str, str] | None = None,
    ) -> "Collection":
        """A new collection.

        :param fields: name to specification, exactly one a primary key, at least one a vector:
            "int64 primary key", "string primary key", "int64 primary key auto";
            "bool", "int8" ... "int64", "float", "double", "string", "json", "array<int64>",
            each perhaps with " nullable"; "float32[128] cosine", "bit[256] hamming flat"
            (element[dim] metric, the index kind where it is not graph, perhaps " nullable");
            "sparse ip" for sparse vectors; "string analyzer=english" and "sparse bm25(body)" for
            full-text search of the string field body;
            or such a text and the default that rows hold which are given no value
        :param dynamic: columns that are no fields are kept in a JSON field, "$meta", and filters
            know them by name
        :param properties: texts to keep beside it
        :raises InvalidArgument: the fields do not make a schema
        :raises AlreadyExists: the name is taken
        """
        specs = [_spec(field, spec) for field, spec in fields.items()]
        if dynamic:
            specs.append(("$meta", "json nullable", None))
        return Collection(self._native.create_collection(name, specs, dict(properties or {})))

    def collection(self, name: str) -> "Collection":
        """The named collection; NotFound where there is none. Also `db[name]`.

        Iterating over a database gives the names, and `name in db` asks for one.
        """
        return Collection(self._native.collection(name))

    __getitem__ = collection

    def __contains__(self, name):
        return name in self._native.collections()

    def __iter__(self):
        return iter(self._native.collections())

    def collections(self) -> list[str]:
        """Names of the collections."""
        return self._native.collections()

    def drop_collection(self, name: str) -> None:
        """Deletes a collection and its rows."""
        self._native.drop_collection(name)

    def rename_collection(self, name: str, to: str) -> None:
        """Objects of the collection go on working."""
        self._native.rename_collection(name, to)

    @property
    def properties(self) -> dict[str, str]:
        """Texts that programs keep beside the database."""
        return self._native.properties()

    def change_properties(self, changes: Mapping[str, str | None]) -> None:
        """Sets texts, and removes those that are None: all or none, durable on return."""
        self._native.change_properties(dict(changes))

    def write(self, operations: Iterable[tuple[str, str, Any]]) -> Written:
        """Several operations on any collections, in order: all of them or none, durable together.

        >>> db.write([("upsert", "images", rows), ("delete", "faces", [3, 4])])

        :param operations: ("insert" or "upsert", collection, rows) or ("delete", collection, ids)
        """
        return Written(*self._native.write([self._encoded(*each) for each in operations]))

    def _encoded(self, kind, collection, argument):
        fields = self.collection(collection).fields
        if kind == "delete":
            return (kind, collection, _columns.encode_keys(fields, argument))
        if kind not in ("insert", "upsert"):
            raise InvalidArgument(f"no operation '{kind}'; there are insert, upsert, delete")
        return (kind, collection, *_columns.encode(fields, argument))

    def refresh(self) -> None:
        """Of a read-only database: see what the writer has acknowledged since."""
        self._native.refresh()

    def info(self) -> DatabaseInfo:
        """Sizes, of each collection too."""
        found = self._native.info()
        collections = [CollectionInfo(**collection) for collection in found["collections"]]
        return DatabaseInfo(**{**found, "collections": collections})

    def change_key(self, key: KeySource) -> None:
        """Of an encrypted database: from now on it is opened by `key` alone. Takes milliseconds;
        data is not written anew.

        :raises FailedPrecondition: it is not encrypted, or open for reading only
        """
        self._native.change_key(parts_of(key))

    def backup(self, to: str | os.PathLike, progress: Progress | None = None) -> Backup:
        """A copy of what was written so far, while others go on writing: see simile.backup()."""
        if not isinstance(self._native, _simile.NativeDatabase):
            raise Unimplemented(
                "a backup is made where the database lies: simile backup, or simile.backup there"
            )
        return backup(self._native.info()["path"], to, progress)

    def close(self) -> None:
        """Finishes background work, syncs and unlocks. Later writes fail; collections that are
        held go on showing what they had. Ctrl-C leaves indexes that are still to be built to the
        next opening; the database is closed all the same."""
        self._native.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __repr__(self):
        return f"simile.Database({self._native.info()['path']!r})"


class _Readable:
    """Reading, which collections and snapshots share."""

    _fields: dict[str, Field]

    def _reader(self):
        raise AssertionError  # both define it

    @property
    def fields(self) -> dict[str, Field]:
        """The fields by name."""
        return self._fields

    def search(
        self,
        q,
        k: int = 10,
        *,
        where: str = "",
        fields: Sequence[str] = (),
        field: str = "",
        ef: int = 0,
        recall: float = 0,
        exact: bool = False,
        threads: int = 0,
        values: Mapping[str, Any] | None = None,
        partitions: Sequence[str] = (),
        offset: int = 0,
        distance_min: float | None = None,
        distance_max: float | None = None,
        group_by: str = "",
        group_size: int = 1,
        strict_groups: bool = False,
    ) -> "Hits | HitsBatch":
        """The k rows nearest to a query, or to each of several.

        :param q: (dim,) gives Hits, (m, dim) gives a HitsBatch of m Hits; for a sparse field a
            dict {index: value}, a pair (indices, values) or a row of a SciPy matrix, or a list of
            them or a matrix; for one of the words of a text such a text, or a list of them
        :param k: 1 to 16,384; if k rows match, k come back, but of a sparse field only rows that
            have an index in common with the query
        :param where: filter, for example "label == 'cat' and taken > 1700000000"
        :param fields: columns to return beside the primary key
        :param field: the vector field; may be left out where there is only one
        :param ef: beam width of the graph; larger is slower and finds more, 0 is the default, or
            what recall needs
        :param recall: the share of the k nearest to be found, up to 1, instead of ef; what it takes
            is measured at the first search and remembered
        :param exact: scan instead of using the index
        :param threads: 0 is every core
        :param values: what {names} in the filter stand for: constants, or lists of them
        :param partitions: search these only
        :param offset: so many of the nearest are left out
        :param distance_min: hits at this distance or farther; distance_max: nearer than this
        :param group_by: k groups of hits with the same value of this field, or path of JSON,
            each of at most group_size; strict_groups looks on until groups are full
        :raises InvalidArgument: wrong shape, NaN, Inf, unknown field, filter that does not parse
        """
        k = _checked_k(k)
        reader = self._reader()
        request = _request(reader, where, fields, field, ef, exact, threads, values, partitions)
        request.k = k
        request.offset = offset
        request.distance_min = distance_min
        request.distance_max = distance_max
        request.group_by = group_by
        request.group_size = group_size
        request.strict_groups = strict_groups
        request.recall = recall
        q = _columns.encode_queries(self._fields, field, q)
        offsets, distances, columns, single = reader.search(q, request)
        columns = _columns.decode(self._fields, columns)
        key = next(iter(columns))
        if single:
            return Hits(key, distances, columns)
        return HitsBatch(key, k, offsets, distances, columns)

    def iterate(
        self,
        q,
        batch: int = 1000,
        *,
        where: str = "",
        fields: Sequence[str] = (),
        field: str = "",
        ef: int = 0,
        exact: bool = False,
        threads: int = 0,
        values: Mapping[str, Any] | None = None,
        partitions: Sequence[str] = (),
    ) -> Iterator[Hits]:
        """All rows from the nearest to one query on, `batch` at a time, as they are now.

        The parameters are those of search().
        """
        batch = _checked_k(batch)
        reader = self._reader()
        request = _request(reader, where, fields, field, ef, exact, threads, values, partitions)
        q = _columns.encode_queries(self._fields, field, q)
        native = reader.iterate(q, request)
        while True:
            distances, columns = native.next(batch)
            columns = _columns.decode(self._fields, columns)
            if len(distances):
                yield Hits(next(iter(columns)), distances, columns)
            if len(distances) < batch:
                return

    def get(self, ids, fields: Sequence[str] = ()) -> Rows:
        """Rows by primary key, in the order of `ids`; absent keys are left out.

        :param ids: int64 or str, one or many
        :param fields: columns to return; empty is all of them
        """
        keys = _columns.encode_keys(self._fields, ids)
        return self._rows(self._reader().get(keys, _names(fields)))

    def query(
        self,
        where: str = "",
        fields: Sequence[str] = (),
        limit: int | None = None,
        offset: int = 0,
        *,
        values: Mapping[str, Any] | None = None,
        partitions: Sequence[str] = (),
        by_key: bool = False,
    ) -> Rows:
        """Rows that match a filter, by order of insertion, or by key.

        :param fields: columns to return; empty is all of them
        :param values: what {names} in the filter stand for; partitions: look into these only
        """
        limit = _NO_LIMIT if limit is None else limit
        if limit < 0 or offset < 0:
            raise InvalidArgument(f"limit is {limit} and offset {offset}; both must be >= 0")
        found = self._reader().query(
            where or "",
            dict(values or {}),
            _names(partitions),
            _names(fields),
            limit,
            offset,
            by_key,
        )
        return self._rows(found)

    def count(
        self,
        where: str = "",
        *,
        values: Mapping[str, Any] | None = None,
        partitions: Sequence[str] = (),
    ) -> int:
        """Number of rows that match a filter, or of all."""
        return self._reader().count(where or "", dict(values or {}), _names(partitions))

    def explain(
        self,
        where: str,
        *,
        values: Mapping[str, Any] | None = None,
        partitions: Sequence[str] = (),
    ) -> FilterPlan:
        """Evaluates a filter and tells how: which indexes served, how many rows were looked at."""
        found = self._reader().explain(where or "", dict(values or {}), _names(partitions))
        indexes = [IndexUse(**each) for each in found["indexes"]]
        return FilterPlan(**{**found, "indexes": indexes})

    def __len__(self):
        return self.count()

    def _rows(self, native):
        count, columns = native
        return Rows(count, _columns.decode(self._fields, columns))


class Snapshot(_Readable):
    """The rows as they were when it was taken, whatever is written later. A context manager.

    Cheap to take; keeps old files alive until it is released.
    """

    def __init__(self, native):
        self._native = native
        self._fields = {field.name: field for field in native.fields()}

    @property
    def sequence(self) -> int:
        """Of the last write it sees."""
        return self._reader().sequence

    def _reader(self):
        if self._native is None:
            raise InvalidArgument("the snapshot was released")
        return self._native

    def release(self) -> None:
        """Lets old files go; later calls fail."""
        self._native = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()


class Collection(_Readable):
    """Rows with vectors. Everything may be called from any thread.

    A write returns when it is durable, and is then visible to every later search. Rows are
    columns by name (`{"id": ids, "feature": x}`), a list of dicts, a pandas, polars or Arrow table,
    or rows that were read. None, NaN-free masks and Arrow nulls are nulls of nullable fields.
    Values of a JSON field are Python values, or bytes that hold a JSON text.
    """

    def __init__(self, native):
        self._native = native
        self._fields = {field.name: field for field in native.fields()}

    @property
    def name(self) -> str:
        """The name."""
        return self._native.name

    def _reader(self):
        return self._native.reader()

    def insert(self, rows, *, partition: str = "") -> Written:
        """Adds rows, all or none.

        :param partition: where they go; empty is the default one
        :raises AlreadyExists: a key is there already, or twice in `rows`
        :raises InvalidArgument: a field is unknown, missing, of the wrong type or shape; NaN, Inf
        """
        return Written(*self._native.insert(*_columns.encode(self._fields, rows), partition))

    def upsert(self, rows, *, partition: str = "") -> Written:
        """Adds rows and replaces those whose key is there, all or none. Errors as insert()."""
        return Written(*self._native.upsert(*_columns.encode(self._fields, rows), partition))

    def update(self, rows) -> Written:
        """Changes the given fields of rows, which have their key, and keeps the others.

        Members of "$meta" are changed one by one. A key that is not there makes a row where no
        field that it needs is missing.

        :raises NotFound: a key is not there and a field is missing; then nothing is changed
        """
        return Written(*self._native.update(*_columns.encode(self._fields, rows)))

    def delete(
        self,
        ids=None,
        *,
        where: str | None = None,
        values: Mapping[str, Any] | None = None,
        partitions: Sequence[str] = (),
    ) -> int:
        """Deletes rows by primary key, or those that match a filter; returns how many.

        :param ids: int64 or str, one or many; absent ones are no error
        """
        if (ids is None) == (where is None):
            raise InvalidArgument("delete takes ids or where=, one of them")
        if where is not None:
            found = self._native.delete_where(where, dict(values or {}), _names(partitions))
            return Written(*found).rows
        return Written(*self._native.delete(_columns.encode_keys(self._fields, ids))).rows

    def truncate(self) -> None:
        """Deletes every row at once."""
        self._native.truncate()

    def add_field(self, name: str, spec: "str | tuple[str, Any]") -> None:
        """A new field, nullable or with a default, which rows that are there hold.

        :param spec: as in create_collection()
        """
        self._native.add_field(_spec(name, spec))
        self._fields = {field.name: field for field in self._native.fields()}

    def change_index(self, field: str, metric: str, index: str = "graph") -> None:
        """Searches of a vector field measure by `metric` from now on, through such an index."""
        self._native.change_index(field, metric, index)
        self._fields = {each.name: each for each in self._native.fields()}

    def create_index(self, field: str, kind: str = "inverted") -> None:
        """An index of a scalar field, which filters use where that costs less than reading it.

        It is built in the background, or by flush(). Another kind takes the place of one that is
        there.

        :param kind: "inverted" (also called "sorted", "bitmap", "trie") for comparisons, ranges,
            lists, prefixes and elements of arrays; "ngram" for parts of texts, like '%red%'
        :raises InvalidArgument: the field cannot have it: a vector, JSON, the primary key
        """
        self._native.change_scalar_index(field, kind)
        self._fields = {each.name: each for each in self._native.fields()}

    def drop_index(self, field: str) -> None:
        """Filters read the column of this scalar field again."""
        self.create_index(field, "none")

    def list_indexes(self) -> list[IndexInfo]:
        """The indexes of scalar fields."""
        return [IndexInfo(**each) for each in self._native.scalar_indexes()]

    @property
    def properties(self) -> dict[str, str]:
        """Texts that programs keep beside the collection."""
        return self._native.properties()

    def change_properties(self, changes: Mapping[str, str | None]) -> None:
        """Sets texts, and removes those that are None: all or none, durable on return."""
        self._native.change_properties(dict(changes))

    def partitions(self) -> list[str]:
        """Names of the partitions, "_default" first. Each row is in one."""
        return self._native.partitions()

    def create_partition(self, name: str) -> None:
        """A new partition, empty."""
        self._native.create_partition(name)

    def drop_partition(self, name: str) -> None:
        """Deletes a partition with its rows."""
        self._native.drop_partition(name)

    def snapshot(self) -> Snapshot:
        """The rows as they are now."""
        return Snapshot(self._native.snapshot())

    def flush(self, progress: Progress | None = None) -> None:
        """Seals what is growing into a segment with its index on disk.

        :param progress: called with (done, in all) now and then
        """
        self._native.flush(progress)

    def compact(self, progress: Progress | None = None) -> None:
        """Flushes, then merges segments and drops deleted rows until nothing is left to gain."""
        self._native.compact(progress)

    def info(self) -> CollectionInfo:
        """Sizes."""
        return CollectionInfo(**self._native.info())

    def __repr__(self):
        fields = "".join(f"\n  {field.name}: {field.spec}" for field in self._fields.values())
        return f"simile.Collection({self.name!r}, {self.count()} rows){fields}"


def _checked_k(k):
    try:
        number = operator.index(k)  # also NumPy's integers
    except TypeError:
        number = 0
    if not 1 <= number <= 16_384:
        raise InvalidArgument(f"k is {k!r}; it must be in 1..16384")
    return number


def _spec(name, spec):
    """(name, specification, default)."""
    return (name, spec, None) if isinstance(spec, str) else (name, *spec)


def _request(reader, where, fields, field, ef, exact, threads, values, partitions):
    request = reader.request()
    request.where = where or ""
    request.fields = _names(fields)
    request.field = field
    request.effort = ef
    request.exact = exact
    request.threads = threads
    request.partitions = _names(partitions)
    request.set_values(dict(values or {}))
    return request


def _names(fields):
    """Field names as a list; a text is one name, not its letters."""
    return [fields] if isinstance(fields, str) else list(fields or ())
