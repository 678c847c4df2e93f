"""Sparse vectors between Python and the engine, where each is packed (uint32 index, float32 value)
pairs in rising order of the index.

A vector is a dict {index: value}, a pair (indices, values), a list of (index, value) pairs, or a
row of a SciPy matrix or array; several are a list of these, or a SciPy matrix.
"""

import numpy as np

from simile.errors import InvalidArgument

_ENTRY = np.dtype([("index", "<u4"), ("value", "<f4")])
_INDEX_MAX = 2**32 - 2


def pack(vector, what):
    """The bytes of one vector; `what` is its name in messages."""
    if isinstance(vector, bytes):
        return vector
    if is_matrix(vector):
        if vector.ndim == 2 and vector.shape[0] != 1:
            raise InvalidArgument(f"{what} is a matrix of {vector.shape[0]} rows; expected one")
        return pack_all(vector, what)[0]
    try:
        indices, values = _parts(vector)
        indices = np.asarray(indices)
        values = np.asarray(values, np.float32)
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        raise InvalidArgument(f"{what} is no sparse vector: {error}") from None
    if indices.size == 0 and values.size == 0:
        return b""
    if indices.ndim != 1 or indices.shape != values.shape:
        raise InvalidArgument(
            f"{what} has indices of shape {indices.shape} and values of shape {values.shape}"
        )
    if indices.dtype.kind not in "iu" or indices.min() < 0 or indices.max() > _INDEX_MAX:
        raise InvalidArgument(f"{what}: indices are integers from 0 to {_INDEX_MAX}")
    return _packed(indices, values, what)


def pack_all(vectors, what):
    """Those of several, None where a vector is None."""
    if not is_matrix(vectors):
        return [
            None if each is None else pack(each, f"{what}: row {row}")
            for row, each in enumerate(vectors)
        ]
    matrix = vectors.tocsr() if vectors.ndim == 2 else vectors.reshape(1, -1).tocsr()
    bounds = matrix.indptr.tolist()
    return [
        _packed(matrix.indices[first:last], matrix.data[first:last].astype(np.float32), what)
        for first, last in zip(bounds, bounds[1:])
    ]


def unpack(packed):
    """A vector as a dict."""
    entries = np.frombuffer(packed, _ENTRY)
    return dict(zip(entries["index"].tolist(), entries["value"].tolist()))


def is_matrix(value):
    """Whether it is of SciPy, which need not be installed."""
    return hasattr(value, "tocsr") and hasattr(value, "shape")


def is_one(query):
    """Whether it is one vector, not several."""
    if isinstance(query, (dict, bytes)):
        return True
    if is_matrix(query):
        return query.ndim == 1 or query.shape[0] == 1
    # (indices, values), which a list of two vectors is not
    return (
        isinstance(query, tuple)
        and len(query) == 2
        and not any(isinstance(part, (dict, bytes)) or is_matrix(part) for part in query)
    )


def _parts(vector):
    if isinstance(vector, dict):
        return list(vector.keys()), list(vector.values())
    if isinstance(vector, tuple) and len(vector) == 2:
        return vector
    pairs = list(vector)
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _packed(indices, values, what):
    entries = np.empty(len(indices), _ENTRY)
    order = np.argsort(indices, kind="stable")
    entries["index"] = indices[order]
    entries["value"] = values[order]
    if len(entries) > 1 and (entries["index"][1:] == entries["index"][:-1]).any():
        raise InvalidArgument(f"{what} has an index twice")
    return entries.tobytes()
