"""Vectors and ids out of whatever holds numbers, for the cases the extension does not read itself.

`as_rows` copies at most once, and says what it does not take:
  1. NumPy arrays stay; torch tensors and others with DLPack or the buffer protocol are viewed;
     lists are converted.
  2. The shape must be (n, dim) or (dim,); of bit vectors (n, dim / 8) uint8, or (n, dim) bool.
  3. Real numbers are converted to the element type where nothing but precision is lost.
  4. The result is C-contiguous, in native byte order; bfloat16 is its bits as uint16.
"""

import numpy as np

from simile.errors import InvalidArgument

_DTYPES = {
    "float32": np.dtype(np.float32),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(np.uint16),
    "int8": np.dtype(np.int8),
    "bit": np.dtype(np.uint8),
}


def as_rows(array, element: str, dim: int, name: str) -> np.ndarray:
    """`array` as rows that the extension reads in place."""
    rows, is_bfloat16 = _numpy_of(array, name)
    if element == "bit" and rows.dtype == bool and _has_columns(rows, dim):
        return np.packbits(rows, axis=-1)
    columns = dim // 8 if element == "bit" else dim
    if not _has_columns(rows, columns):
        raise InvalidArgument(
            f"{name} has shape {_shape(rows)}; expected (n, {columns}) or ({columns},) "
            f"for {element}[{dim}]"
        )
    if element == "bfloat16":
        rows = rows if is_bfloat16 else _to_bfloat16(_to_float(rows, np.float32, name))
    elif is_bfloat16:
        rows = _to_float((rows.astype(np.uint32) << 16).view(np.float32), _DTYPES[element], name)
    elif element in ("float32", "float16"):
        rows = _to_float(rows, _DTYPES[element], name)
    elif element == "int8":
        rows = _to_int8(rows, name)
    elif rows.dtype != np.uint8:
        raise InvalidArgument(
            f"{name} has dtype {rows.dtype}; bit vectors are uint8 of dim / 8 columns "
            "(numpy.packbits) or bool of dim columns"
        )
    return np.ascontiguousarray(rows, dtype=_DTYPES[element])


def as_ids(ids, name: str) -> np.ndarray:
    """`ids`, one or many, as a contiguous int64 array of one dimension."""
    values, is_bfloat16 = _numpy_of(ids, name)
    values = np.atleast_1d(values)
    if values.size == 0 and values.dtype == np.float64:  # the empty list
        values = values.astype(np.int64)
    if values.ndim != 1 or values.dtype.kind not in "iu" or is_bfloat16:
        raise InvalidArgument(
            f"{name} has dtype {values.dtype} and shape {_shape(values)}; expected integers (n,)"
        )
    if values.dtype == np.uint64 and values.size and values.max() > np.iinfo(np.int64).max:
        raise InvalidArgument(f"{name} has {values.max()}, which is no int64")
    return np.ascontiguousarray(values, dtype=np.int64)


def _numpy_of(array, name):
    """A NumPy array over the same memory if possible, and whether it holds bfloat16 bits."""
    if isinstance(array, np.ndarray):
        # ml_dtypes gives NumPy a bfloat16, which is known by its name only.
        return (array.view(np.uint16), True) if array.dtype.name == "bfloat16" else (array, False)
    if type(array).__module__.partition(".")[0] == "torch":
        return _numpy_of_tensor(array, name)
    try:
        if hasattr(array, "__dlpack__"):
            return np.from_dlpack(array), False
        return np.asarray(array), False
    except (ValueError, TypeError, RuntimeError, BufferError) as error:
        raise InvalidArgument(f"{name} is no array of numbers: {error}") from None


def _numpy_of_tensor(tensor, name):
    if tensor.device.type != "cpu":
        raise InvalidArgument(f"{name} is on {tensor.device}; pass {name}.cpu()")
    tensor = tensor.detach()
    if str(tensor.dtype) == "torch.bfloat16":
        import torch  # loaded already: the tensor is there

        return tensor.view(torch.int16).numpy().view(np.uint16), True
    return tensor.numpy(), False


def _has_columns(rows, columns):
    return rows.ndim in (1, 2) and rows.shape[-1] == columns


def _shape(array):
    return "(" + ", ".join(map(str, array.shape)) + ("," if array.ndim == 1 else "") + ")"


def _to_float(rows, dtype, name):
    if rows.dtype.kind not in "fiu":
        raise InvalidArgument(f"{name} has dtype {rows.dtype}; expected real numbers")
    if rows.dtype == dtype:
        return rows
    with np.errstate(over="ignore"):  # becomes Inf, which the engine refuses with its row
        return rows.astype(dtype)


def _to_bfloat16(rows):
    """Rounds float32 to nearest, ties to even; Inf and NaN keep their meaning."""
    bits = np.ascontiguousarray(rows).view(np.uint32)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(rows), np.uint16(0x7FC0), rounded)


def _to_int8(rows, name):
    if rows.dtype.kind not in "iu":
        raise InvalidArgument(
            f"{name} has dtype {rows.dtype}; int8 vectors are integers: scale and round them first"
        )
    if rows.size and (rows.min() < -128 or rows.max() > 127):
        raise InvalidArgument(f"{name} has values outside -128..127, which int8 cannot hold")
    return rows
