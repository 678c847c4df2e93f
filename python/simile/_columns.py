"""Rows between Python's tables and the engine's columns.

On the way in, a table is a dict of columns, a list of dicts, a pandas, polars or Arrow table, or
rows that were read from Simile. `encode` makes of each field a tuple
    (name, fixed, strings, offsets, valid)
with fixed a NumPy array of the field's type, strings a list of str, offsets the uint64 positions
of arrays and valid a uint8 mask where some rows are null; what a type does not use is None.
On the way out, `decode` turns the same tuples into columns people use.
"""

import dataclasses
import json

import numpy as np

from simile import _sparse
from simile._arrays import as_ids, as_rows
from simile.errors import InvalidArgument

_DTYPES = {
    "bool": np.dtype(np.bool_),
    "int8": np.dtype(np.int8),
    "int16": np.dtype(np.int16),
    "int32": np.dtype(np.int32),
    "int64": np.dtype(np.int64),
    "float": np.dtype(np.float32),
    "double": np.dtype(np.float64),
}
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a collection. `spec` is its textual form, "float32[128] cosine" for example."""

    name: str
    spec: str
    type: str  #: "bool" ... "double", "string", "json", "array", "vector", "sparse"
    element: str | None  #: type of the components of a vector, of the elements of an array
    dim: int | None  #: of a vector
    metric: str | None  #: of a vector
    #: of a vector: "graph", "flat"; of a sparse one "inverted", "flat"; of a scalar one, where
    #: filters have an index, "inverted", "ngram"
    index: str | None
    primary_key: bool
    auto_id: bool
    nullable: bool


_DYNAMIC = "$meta"


def encode(fields, table):
    """The number of rows of `table`, and its columns as tuples."""
    columns = _columns_of(table)
    if _DYNAMIC in fields:
        columns = _with_dynamic(fields, columns)
    for name in columns:
        if name not in fields:
            known = ", ".join(fields)
            raise InvalidArgument(f"no field '{name}' in this collection; it has {known}")
    encoded = []
    rows = None
    for name, values in columns.items():
        column, count = _encode(fields[name], values)
        if rows is not None and count != rows:
            first = next(iter(columns))
            raise InvalidArgument(f"field '{name}' has {count} rows, field '{first}' has {rows}")
        rows = count
        encoded.append((name, *column))
    return rows or 0, encoded


def _with_dynamic(fields, columns):
    """What has no field of its own as members of the dynamic one."""
    others = [name for name in columns if name not in fields]
    if not others:
        return columns
    known = {name: values for name, values in columns.items() if name in fields}
    lists = {name: _list_of(columns[name]) for name in others}
    rows = len(next(iter(lists.values())))
    objects = [dict(given or {}) for given in known.get(_DYNAMIC, [None] * rows)]
    for name, values in lists.items():
        for members, value in zip(objects, values):
            if value is not None:
                members[name] = value
    return {**known, _DYNAMIC: objects}


def encode_keys(fields, keys):
    """Primary keys: one or a list, as the schema's type."""
    key = next(field for field in fields.values() if field.primary_key)
    if isinstance(keys, str) or np.isscalar(keys):
        keys = [keys]
    if key.type == "string":
        return _list_of(keys)
    return as_ids(_plain(keys)[0], f"key '{key.name}'")


def decode(fields, encoded):
    """Columns by name: NumPy arrays, lists of str, of JSON values or of arrays."""
    return {name: _decode(fields[name], *parts) for name, *parts in encoded}


def _columns_of(table):
    if isinstance(table, dict):
        return table
    if hasattr(table, "column_names") and hasattr(table, "schema"):  # Arrow
        return {name: table[name] for name in table.column_names}
    if hasattr(table, "to_arrow") and hasattr(table, "get_column"):  # polars
        return _columns_of(table.to_arrow())
    if hasattr(table, "iloc") and hasattr(table, "columns"):  # pandas
        return {str(name): table[name] for name in table.columns}
    if isinstance(table, (list, tuple)) and all(isinstance(row, dict) for row in table):
        names = dict.fromkeys(name for row in table for name in row)
        return {name: [row.get(name) for row in table] for name in names}
    if hasattr(table, "columns") and isinstance(table.columns, dict):  # simile.Rows
        return table.columns
    raise InvalidArgument(
        f"rows are a dict of columns, a list of dicts, a pandas or an Arrow table, "
        f"not {type(table).__name__}"
    )


def _encode(field, values):
    """(fixed, strings, offsets, valid), and the number of rows."""
    if field.type == "vector":
        valid = None
        if field.nullable:
            values, valid = _without_nulls(field, values)
        rows = _vectors_of(field, values)
        return (rows, None, None, valid), len(rows)
    if field.type == "array":
        return _encode_arrays(field, values)
    if field.type == "sparse":
        return _encode_sparse(field, values)
    if field.type in ("string", "json"):
        return _encode_strings(field, values)
    values, valid = _plain(values)
    if field.nullable and valid is None and getattr(values, "dtype", None) in _FLOATS:
        # A hole in a column of numbers is NaN in pandas, and in what was made from it.
        known = ~np.isnan(values)
        if not known.all():
            values, valid = np.where(known, values, 0), known.astype(np.uint8)
    fixed = _fixed(field.name, field.type, values)
    if fixed.ndim != 1:
        raise InvalidArgument(f"field '{field.name}' has {fixed.ndim} dimensions; expected one")
    return (fixed, None, None, valid), len(fixed)


def _without_nulls(field, values):
    """Zeros in the place of vectors that are None or masked, and the mask of the others."""
    if isinstance(values, np.ma.MaskedArray):
        present = ~np.ma.getmaskarray(values).all(axis=1)
        return values.filled(0), None if present.all() else present.astype(np.uint8)
    if _is_array(values):
        return values, None
    vectors = _list_of(values)
    valid = _valid_mask(vectors)
    width = field.dim // 8 if field.element == "bit" else field.dim
    sample = next((np.asarray(each) for each in vectors if each is not None), None)
    dtype = np.float32 if field.element != "bit" else np.uint8
    if sample is None:
        sample = np.zeros(width, dtype)
    null = np.zeros(len(sample), sample.dtype)
    return [null if each is None else each for each in vectors], valid


def _vectors_of(field, values):
    if hasattr(values, "combine_chunks"):  # Arrow: FixedSizeList, one chunk or many
        values = values.combine_chunks()
    if hasattr(values, "flatten") and hasattr(getattr(values, "type", None), "list_size"):
        if values.null_count:
            raise InvalidArgument(f"field '{field.name}' has null vectors")
        flat = values.flatten().to_numpy(zero_copy_only=False)
        values = flat.reshape(len(values), values.type.list_size)
    elif hasattr(values, "to_pylist") or not _is_array(values):
        values = _stacked(field, values)
    if getattr(values, "ndim", 2) != 2:
        raise InvalidArgument(f"field '{field.name}' must be (n, {field.dim}), one row a vector")
    return as_rows(values, field.element, field.dim, f"field '{field.name}'")


def _is_array(values):
    return hasattr(values, "__dlpack__") and getattr(values, "dtype", None) != object


def _stacked(field, values):
    """One array of a list, or a pandas column, of vectors."""
    vectors = _list_of(values)
    if not vectors:
        return np.empty((0, field.dim if field.element != "bit" else field.dim // 8), np.uint8)
    for row, vector in enumerate(vectors):
        if vector is None:
            raise InvalidArgument(f"field '{field.name}': row {row} has no vector")
    try:
        return np.stack([np.asarray(vector) for vector in vectors])
    except ValueError:
        lengths = sorted({np.size(vector) for vector in vectors})
        raise InvalidArgument(
            f"field '{field.name}' has vectors of lengths {lengths}; its dimension is {field.dim}"
        ) from None


def _encode_strings(field, values):
    values = _list_of(values)
    valid = _valid_mask(values)
    if field.type == "json":
        values = [_json_text(field, row, value, valid) for row, value in enumerate(values)]
    return (None, values, None, valid), len(values)


def _encode_sparse(field, values):
    if not _sparse.is_matrix(values):
        values = _list_of(values)
    packed = _sparse.pack_all(values, f"field '{field.name}'")
    return (None, packed, None, _valid_mask(packed)), len(packed)


def encode_queries(fields, name, queries):
    """What is searched for in the field `name`, or the only one, as the native search takes it."""
    searched = [field for field in fields.values() if field.type in ("vector", "sparse")]
    if name:
        searched = [field for field in searched if field.name == name]
    if len(searched) != 1 or searched[0].type != "sparse":
        return queries
    what = f"q for field '{searched[0].name}'"
    if searched[0].metric == "bm25":
        texts = [queries] if isinstance(queries, str) else _list_of(queries)
        if not texts or not all(isinstance(text, str) for text in texts):
            raise InvalidArgument(f"{what} is a text, or a list of texts")
        return queries if isinstance(queries, str) else texts
    if _sparse.is_one(queries):
        return _sparse.pack(queries, what)
    return _sparse.pack_all(queries, what)


def _json_text(field, row, value, valid):
    if valid is not None and not valid[row]:
        return "" if field.nullable else "null"
    if isinstance(value, bytes):
        return value.decode()
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"field '{field.name}': row {row} is no JSON: {error}") from None


def _encode_arrays(field, values):
    values = _list_of(values)
    valid = _valid_mask(values)
    values = [() if value is None else value for value in values]
    for row, value in enumerate(values):
        if isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
            raise InvalidArgument(f"field '{field.name}': row {row} is no array but {value!r}")
    offsets = np.zeros(len(values) + 1, np.uint64)
    np.cumsum([len(value) for value in values], out=offsets[1:])
    if field.element == "string":
        strings = [text for value in values for text in value]
        return (None, strings, offsets, valid), len(values)
    parts = [np.asarray(value) for value in values if len(value)]
    flat = np.concatenate(parts) if parts else np.empty(0, _DTYPES[field.element])
    return (_fixed(field.name, field.element, flat), None, offsets, valid), len(values)


def _list_of(values):
    if hasattr(values, "to_pylist"):  # Arrow
        return values.to_pylist()
    if hasattr(values, "iloc"):  # pandas, which has nulls of its own
        return [None if _is_pandas_null(value) else value for value in values]
    if isinstance(values, (list, tuple)):
        return list(values)
    return values.tolist() if hasattr(values, "tolist") else list(values)


def _is_pandas_null(value):
    return (
        value is None
        or type(value).__name__ in ("NAType", "NaTType")
        or (isinstance(value, float) and value != value)
    )


def _valid_mask(values):
    if not any(value is None for value in values):
        return None
    return np.fromiter((value is not None for value in values), np.uint8, len(values))


def _plain(values):
    """An array of numbers and its mask of rows that are not null, or None."""
    if isinstance(values, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(values)
        return values.filled(0), (~mask).astype(np.uint8) if mask.any() else None
    if hasattr(values, "to_pylist"):  # Arrow
        if values.null_count == 0:
            return np.asarray(values), None
        values = values.to_pylist()
    if hasattr(values, "iloc"):  # pandas: its nullable types become objects
        array = values.to_numpy()
        values = array if array.dtype != object else _list_of(values)
    if isinstance(values, np.ndarray) and values.dtype != object:
        return values, None
    if not isinstance(values, (list, tuple)) and not isinstance(values, np.ndarray):
        return (values if hasattr(values, "__dlpack__") else np.asarray(values)), None
    values = _list_of(values)
    valid = _valid_mask(values)
    if valid is None:
        return np.asarray(values), None
    sample = next((value for value in values if value is not None), 0)
    filled = np.asarray([type(sample)(0) if value is None else value for value in values])
    return filled, valid


def _fixed(name, type_name, values):
    """`values` as a contiguous array of the type, where nothing but float precision is lost."""
    wanted = _DTYPES[type_name]
    try:
        array = np.from_dlpack(values) if not isinstance(values, np.ndarray) else values
    except (ValueError, TypeError, RuntimeError, BufferError) as error:
        raise InvalidArgument(f"field '{name}' is no array: {error}") from None
    if array.size == 0:
        return np.empty(array.shape, wanted)
    if array.dtype == wanted:
        return np.ascontiguousarray(array)
    kinds = {"b": "b", "i": "iuf", "f": "iuf"}[wanted.kind]
    if array.dtype.kind not in kinds:
        raise InvalidArgument(f"field '{name}' is {type_name}, its values are {array.dtype}")
    with np.errstate(all="ignore"):
        converted = array.astype(wanted)
        if wanted.kind == "i":
            bounds = np.iinfo(wanted)
            fits = (array >= bounds.min) & (array <= bounds.max) & (converted == array)
        else:
            fits = np.isfinite(converted) | ~np.isfinite(array.astype(np.float64))
    if not fits.all():
        row = int(np.argmin(fits))
        raise InvalidArgument(
            f"field '{name}': {array.flat[row]} at row {row} does not fit {type_name}"
        )
    return np.ascontiguousarray(converted)


def _decode(field, fixed, strings, offsets, valid):
    if field.type == "array":
        flat = fixed if strings is None else strings
        bounds = offsets.tolist()
        values = [flat[first:last] for first, last in zip(bounds, bounds[1:])]
        return _with_nulls(values, valid)
    if field.type == "string":
        return _with_nulls(strings, valid)
    if field.type == "sparse":
        rows = _with_nulls(strings, valid)
        return [None if packed is None else _sparse.unpack(packed) for packed in rows]
    if field.type == "json":
        texts = _with_nulls(strings, valid)
        return [None if text is None else json.loads(text) for text in texts]
    if valid is not None and not valid.all():
        mask = valid == 0
        if fixed.ndim == 2:
            mask = np.broadcast_to(mask[:, None], fixed.shape)
        return np.ma.MaskedArray(fixed, mask)
    return fixed


def _with_nulls(values, valid):
    if valid is None:
        return values
    return [value if known else None for value, known in zip(values, valid)]
