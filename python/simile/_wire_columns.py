"""Columns as the protocol carries them, from and to the tuples of `_columns`.

Numbers and vectors go as whole arrays. Vectors that are null are left out of the message, beside a
mask of all rows; null scalars keep their place.
"""

import numpy as np

from simile._arrays import as_rows
from simile.errors import InvalidArgument

_VECTORS = {
    "float32": ("FloatVector", "float_vector", np.dtype("<f4")),
    "float16": ("Float16Vector", "float16_vector", np.dtype("<f2")),
    "bfloat16": ("BFloat16Vector", "bfloat16_vector", np.dtype("<u2")),
    "int8": ("Int8Vector", "int8_vector", np.dtype("i1")),
    "bit": ("BinaryVector", "binary_vector", np.dtype("u1")),
}
_SCALARS = {
    "bool": ("Bool", "bool_data", np.dtype(np.bool_)),
    "int8": ("Int8", "int_data", np.dtype(np.int8)),
    "int16": ("Int16", "int_data", np.dtype(np.int16)),
    "int32": ("Int32", "int_data", np.dtype(np.int32)),
    "int64": ("Int64", "long_data", np.dtype(np.int64)),
    "float": ("Float", "float_data", np.dtype(np.float32)),
    "double": ("Double", "double_data", np.dtype(np.float64)),
    "string": ("VarChar", "string_data", None),
    "json": ("JSON", "json_data", None),
}


def to_messages(protocol, fields, columns):
    """FieldData messages of encoded columns."""
    types = protocol.enums["DataType"]
    return [_to_message(types, fields[column[0]], *column[1:]) for column in columns]


def from_messages(fields, messages, rows):
    """Encoded columns of FieldData messages, in the order of `fields` as far as they are there."""
    by_name = {each.get("field_name"): each for each in messages}
    return [
        (name, *_from_message(field, by_name[name], rows))
        for name, field in fields.items()
        if name in by_name
    ]


def keys_message(field, keys):
    """IDs of keys."""
    name = "str_id" if field.type == "string" else "int_id"
    return {name: {"data": keys}}


def keys_column(field, message):
    """The encoded column of IDs."""
    if field.type == "string":
        return (field.name, None, message.get("str_id", {}).get("data", []), None, None)
    numbers = message.get("int_id", {}).get("data", np.empty(0, np.int64))
    return (field.name, numbers, None, None, None)


def query_group(protocol, field, q):
    """A PlaceholderGroup of queries, how many, and whether one vector was given."""
    if field.type == "sparse":
        single = isinstance(q, (bytes, str))
        given = [q] if single else q
        values = [each.encode() if isinstance(each, str) else each for each in given]
        kind = "VarChar" if field.metric == "bm25" else "SparseFloatVector"
        return _group(protocol, kind, values), len(values), single
    rows = as_rows(q, field.element, field.dim, "q")
    single = rows.ndim == 1
    rows = rows.reshape(-1, rows.shape[-1])
    data = rows.astype(_vector_of(field)[2], copy=False).tobytes()
    width = len(data) // max(len(rows), 1)
    values = [data[at : at + width] for at in range(0, len(data), width)]
    return _group(protocol, _vector_of(field)[0], values), len(rows), single


def _group(protocol, name, values):
    kind = protocol.enums["PlaceholderType"][name]
    group = {"placeholders": [{"tag": "$0", "type": kind, "values": values}]}
    return protocol.encode("PlaceholderGroup", group)


def template_values(values):
    """What {names} in a filter stand for, as TemplateValue messages."""
    return {name: _template(name, value) for name, value in values.items()}


def default_message(value):
    """A ValueField, or None."""
    if value is None:
        return None
    if isinstance(value, bool):
        return {"bool_data": value}
    if isinstance(value, int):
        return {"long_data": value}
    if isinstance(value, float):
        return {"double_data": value}
    return {"string_data": str(value)}


def _vector_of(field):
    try:
        return _VECTORS[field.element]
    except KeyError:
        raise InvalidArgument(
            f"field '{field.name}': {field.element} vectors cannot be sent by this version of the "
            "client"
        ) from None


def _to_message(types, field, fixed, strings, offsets, valid):
    message = {"field_name": field.name}
    if field.type == "vector":
        name, arm, dtype = _vector_of(field)
        if valid is not None:
            fixed = fixed[valid.astype(bool)]
        data = fixed.astype(dtype, copy=False)
        message["vectors"] = {"dim": field.dim, arm: _float_array(data, arm)}
    elif field.type == "sparse":
        name = "SparseFloatVector"
        contents = [each for each in strings if each is not None]
        message["vectors"] = {"sparse_float_vector": {"contents": contents}}
    elif field.type == "array":
        name = "Array"
        rows = _array_rows(field, fixed, strings, offsets)
        element = types[_SCALARS[field.element][0]]
        message["scalars"] = {"array_data": {"data": rows, "element_type": element}}
    else:
        name, arm, _ = _SCALARS[field.type]
        message["is_dynamic"] = field.name == "$meta"
        data = fixed if strings is None else _texts(field, strings)
        message["scalars"] = {arm: {"data": data}}
    if valid is not None and field.name != "$meta":
        message["valid_data"] = valid
    return {"type": types[name], **message}


def _float_array(data, arm):
    return {"data": data} if arm == "float_vector" else data


def _texts(field, strings):
    if field.name == "$meta":
        return [text or "{}" for text in strings]
    for row, text in enumerate(strings):
        if not isinstance(text, str) and text is not None:
            raise InvalidArgument(f"field '{field.name}': row {row} is {text!r}, which is no text")
    return ["" if text is None else text for text in strings]


def _array_rows(field, fixed, strings, offsets):
    _, arm, _ = _SCALARS[field.element]
    flat = fixed if strings is None else _texts(field, strings)
    bounds = offsets.tolist()
    return [{arm: {"data": flat[begin:end]}} for begin, end in zip(bounds, bounds[1:])]


def _from_message(field, message, rows):
    """(fixed, strings, offsets, valid)."""
    valid = message.get("valid_data")
    valid = None if valid is None or valid.size == 0 or valid.all() else valid.astype(np.uint8)
    if field.type == "vector":
        return _vectors(field, message.get("vectors", {}), rows, valid), None, None, valid
    if field.type == "sparse":
        return None, _sparse_rows(message.get("vectors", {}), rows, valid), None, valid
    scalars = message.get("scalars", {})
    if field.type == "array":
        return *_arrays(field, scalars.get("array_data", {}).get("data", []), rows), valid
    _, arm, dtype = _SCALARS[field.type]
    data = scalars.get(arm, {}).get("data", ())
    if dtype is None:
        texts = [each if isinstance(each, str) else str(each, "utf-8") for each in data]
        return None, texts, None, valid
    return np.asarray(data).astype(dtype, copy=False), None, None, valid


def _vectors(field, message, rows, valid):
    _, arm, dtype = _vector_of(field)
    data = message.get(arm, b"")
    data = data.get("data", b"") if isinstance(data, dict) else data
    width = field.dim // 8 if field.element == "bit" else field.dim
    found = np.frombuffer(data, dtype).reshape(-1, width)
    if field.element == "bfloat16":  # as float32, which NumPy has
        found = (found.astype(np.uint32) << 16).view(np.float32)
    if valid is None or len(found) == rows:
        return found
    spread = np.zeros((rows, width), found.dtype)
    spread[valid.astype(bool)] = found
    return spread


def _sparse_rows(message, rows, valid):
    found = [bytes(each) for each in message.get("sparse_float_vector", {}).get("contents", ())]
    if valid is None or len(found) == rows:
        return found
    left = iter(found)
    return [next(left) if known else b"" for known in valid]


def _arrays(field, messages, rows):
    """(fixed, strings, offsets)."""
    _, arm, dtype = _SCALARS[field.element]
    parts = [each.get(arm, {}).get("data", ()) for each in messages]
    parts += [()] * (rows - len(parts))
    offsets = np.zeros(rows + 1, np.uint64)
    np.cumsum([len(part) for part in parts], out=offsets[1:])
    if dtype is None:
        return None, [text for part in parts for text in part], offsets
    filled = [part for part in parts if len(part)]
    fixed = np.concatenate(filled).astype(dtype) if filled else np.empty(0, dtype)
    return fixed, None, offsets


def _template(name, value):
    if isinstance(value, np.ndarray) or isinstance(value, (list, tuple, set)):
        return {"array_val": _template_array(name, list(value))}
    if isinstance(value, (bool, np.bool_)):
        return {"bool_val": bool(value)}
    if isinstance(value, (int, np.integer)):
        return {"int64_val": int(value)}
    if isinstance(value, (float, np.floating)):
        return {"float_val": float(value)}
    if isinstance(value, str):
        return {"string_val": value}
    raise InvalidArgument(f"{{{name}}} stands for {value!r}, which is no constant")


def _template_array(name, values):
    if not values:
        return {}
    types = {type(value) for value in values}
    if types <= {bool, np.bool_}:
        return {"bool_data": {"data": values}}
    if all(issubclass(each, (int, np.integer)) for each in types):
        return {"long_data": {"data": np.asarray(values, np.int64)}}
    if all(issubclass(each, (int, float, np.integer, np.floating)) for each in types):
        return {"double_data": {"data": np.asarray(values, np.float64)}}
    if types == {str}:
        return {"string_data": {"data": values}}
    if types <= {list, tuple}:
        return {"array_data": {"data": [_template_array(name, list(each)) for each in values]}}
    raise InvalidArgument(f"{{{name}}} stands for a list of several types; give one type")
