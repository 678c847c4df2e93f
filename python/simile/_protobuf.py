"""Messages of the protocol as bytes and back, without a protobuf library.

A message is a dict of its fields. Repeated numbers are NumPy arrays, written and read whole, so
that a column of a million rows costs what copying it costs; `bytes` fields are views into what
arrived. That is why there is no generated code here; and none of it can clash with another
library's copy of the same messages in one process.

  1. `Protocol` reads message descriptions from .proto files: those that the server is built from.
  2. `encode` makes a list of parts, lengths first, and joins them once.
  3. `decode` walks over the fields and skips what it does not know.
"""

import re

import numpy as np

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_PACKED = {"float": np.dtype("<f4"), "double": np.dtype("<f8")}
_VARINTS = ("int32", "int64", "uint32", "uint64", "bool", "enum")
_TOKEN = re.compile(r'"[^"]*"|[\w.]+|[{}=;<>,\[\]()]')


class Field:
    """One field of a message."""

    def __init__(self, name, number, kind, repeated, entry=None):
        self.name = name
        self.number = number
        self.kind = kind  # of a scalar, or the name of a message
        self.repeated = repeated
        self.entry = entry  # of a map: the message of its entries
        self.packed = repeated and (kind in _PACKED or kind in _VARINTS)


class Protocol:
    """The messages and enumerations of .proto files."""

    def __init__(self, texts):
        self.messages = {}  # name to {field name: Field}
        self.enums = {}  # name to {value name: number}
        for text in texts:
            self._read(_TOKEN.findall(re.sub(r"//[^\n]*", "", text)))
        for name, fields in self.messages.items():
            for field in fields.values():
                if field.kind.rpartition(".")[2] in self.enums:
                    field.kind = "enum"
                    field.packed = field.repeated
                elif field.kind not in _PACKED and field.kind not in (*_VARINTS, "string", "bytes"):
                    field.kind = field.kind.rpartition(".")[2]
        self._numbers = {
            name: {field.number: field for field in fields.values()}
            for name, fields in self.messages.items()
        }

    def encode(self, name, values):
        """The bytes of a message, from a dict of its fields; None and absent ones are left out."""
        parts = []
        self._encode(self.messages[name], values, parts)
        return b"".join(parts)

    def decode(self, name, data):
        """A dict of the fields that are there. Raises ValueError where the bytes are no message."""
        try:
            return self._decode(self._numbers[name], memoryview(data))
        except IndexError:
            raise ValueError(f"the bytes of {name} end too early") from None

    # Descriptions.

    def _read(self, tokens):
        at = 0
        while at < len(tokens):
            if tokens[at] == "message":
                at = self._read_message(tokens, at + 1)
            elif tokens[at] == "enum":
                at = self._read_enum(tokens, at + 1)
            elif tokens[at] == "service":
                at = tokens.index("}", at)
            else:
                at += 1

    def _read_enum(self, tokens, at):
        name, values = tokens[at], {}
        at += 2
        while tokens[at] != "}":
            values[tokens[at]] = int(tokens[at + 2])
            at += 4
        self.enums[name] = values
        return at + 1

    def _read_message(self, tokens, at):
        name, fields = tokens[at], {}
        at += 2
        depth = 1
        while depth:
            token = tokens[at]
            if token == "}":
                depth -= 1
                at += 1
            elif token == "oneof":
                depth += 1
                at += 3
            else:
                end = tokens.index(";", at)
                field = self._field(name, tokens[at:end])
                fields[field.name] = field
                at = end + 1
        self.messages[name] = fields
        return at

    def _field(self, message, tokens):
        if tokens[0] == "map":  # map < K , V > name = number
            entry = f"{message}_{tokens[6]}"
            key, value = Field("key", 1, tokens[2], False), Field("value", 2, tokens[4], False)
            self.messages[entry] = {"key": key, "value": value}
            return Field(tokens[6], int(tokens[8]), entry, True, entry=entry)
        repeated = tokens[0] == "repeated"
        if tokens[0] in ("repeated", "optional"):
            tokens = tokens[1:]
        return Field(tokens[1], int(tokens[3]), tokens[0], repeated)

    # Writing.

    def _encode(self, fields, values, parts):
        """Appends to `parts`; returns how many bytes."""
        size = 0
        for name, value in values.items():
            if value is None:
                continue
            field = fields[name]
            if field.entry:
                value = [{"key": key, "value": each} for key, each in value.items()]
            if field.packed:
                size += _bytes_field(field.number, _packed(field.kind, value), parts)
            elif field.repeated:
                if field.kind in ("string", "bytes"):
                    size += _append(_repeated_bytes(field.number, value), parts)
                else:
                    for each in value:
                        size += self._encode_one(field, each, parts)
            else:
                size += self._encode_one(field, value, parts)
        return size

    def _encode_one(self, field, value, parts):
        kind = field.kind
        if kind in _VARINTS:
            return _append(_tag(field.number, _VARINT) + varint(int(value)), parts)
        if kind in _PACKED:
            wire = _FIXED32 if kind == "float" else _FIXED64
            return _append(_tag(field.number, wire) + _PACKED[kind].type(value).tobytes(), parts)
        if kind == "string":
            return _bytes_field(field.number, value.encode(), parts)
        if kind == "bytes":
            return _bytes_field(field.number, value, parts)
        inner = []
        size = self._encode(self.messages[kind], value, inner)
        head = _append(_tag(field.number, _BYTES) + varint(size), parts)
        parts.extend(inner)
        return head + size

    # Reading.

    def _decode(self, numbers, view):
        values = {}
        at, end = 0, len(view)
        while at < end:
            tag, at = _read_varint(view, at)
            wire = tag & 7
            if wire == _VARINT:
                value, at = _read_varint(view, at)
            elif wire == _BYTES:
                size, at = _read_varint(view, at)
                value, at = view[at : at + size], at + size
            elif wire in (_FIXED32, _FIXED64):
                size = 4 if wire == _FIXED32 else 8
                value, at = view[at : at + size], at + size
            else:
                raise ValueError(f"wire type {wire}")
            if at > end:
                raise IndexError
            field = numbers.get(tag >> 3)
            if field is not None:
                self._put(values, field, wire, value)
        return values

    def _put(self, values, field, wire, value):
        if field.entry:
            entry = self._decode(self._numbers[field.entry], value)
            values.setdefault(field.name, {})[entry.get("key", "")] = entry.get("value")
        elif field.packed:
            many = _unpacked(field.kind, value) if wire == _BYTES else np.array([self._one(
                field, value)], _PACKED.get(field.kind, np.int64))
            known = values.get(field.name)
            values[field.name] = many if known is None else np.concatenate([known, many])
        elif field.repeated:
            values.setdefault(field.name, []).append(self._one(field, value))
        else:
            values[field.name] = self._one(field, value)

    def _one(self, field, value):
        kind = field.kind
        if kind == "bool":
            return bool(value)
        if kind == "uint64" or kind == "uint32":
            return value
        if kind in _VARINTS:
            return value - (1 << 64) if value >> 63 else value
        if kind in _PACKED:
            return float(np.frombuffer(value, _PACKED[kind])[0])
        if kind == "string":
            return str(value, "utf-8")
        if kind == "bytes":
            return value
        return self._decode(self._numbers[kind], value)


def varint(value):
    """A whole number, negative ones as 64 bits."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def varints(values):
    """Whole numbers of a NumPy array, one after the other: all at once, one byte a step."""
    rest = np.ascontiguousarray(values).astype(np.int64, copy=False).view(np.uint64)
    if rest.size == 0:
        return b""
    most = int(rest.max())
    if most < 0x80:
        return rest.astype(np.uint8).tobytes()
    width = (most.bit_length() + 6) // 7
    groups = np.empty((rest.size, width), np.uint8)
    for i in range(width):
        groups[:, i] = (rest >> np.uint64(7 * i)).astype(np.uint8) & 0x7F
    # A number ends with its last group that is not zero; what comes before goes on.
    lengths = np.ones(rest.size, np.uint8)
    for i in range(1, width):
        lengths[rest >> np.uint64(7 * i) != 0] = i + 1
    places = np.arange(width, dtype=np.uint8)
    groups[places < (lengths - 1)[:, None]] |= 0x80
    return groups[places < lengths[:, None]].tobytes()


def unvarints(data):
    """The inverse of varints(), as int64."""
    raw = np.frombuffer(data, np.uint8)
    if raw.size == 0:
        return np.empty(0, np.int64)
    ends = np.flatnonzero(raw < 0x80)
    if ends.size == 0 or ends[-1] != raw.size - 1:
        raise IndexError
    if ends.size == raw.size:
        return raw.astype(np.int64)
    begins = np.empty_like(ends)
    begins[0] = 0
    begins[1:] = ends[:-1] + 1
    lengths = ends - begins + 1
    values = np.zeros(ends.size, np.uint64)
    for i in range(int(lengths.max())):
        has = lengths > i
        group = raw[begins[has] + i].astype(np.uint64) & np.uint64(0x7F)
        values[has] |= group << np.uint64(7 * i)
    return values.view(np.int64)


def _tag(number, wire):
    return varint(number << 3 | wire)


def _append(piece, parts):
    parts.append(piece)
    return len(piece)


def _bytes_field(number, data, parts):
    if isinstance(data, np.ndarray):
        data = memoryview(np.ascontiguousarray(data)).cast("B") if data.size else b""
    size = len(data)
    head = _append(_tag(number, _BYTES) + varint(size), parts)
    parts.append(data)
    return head + size


def _repeated_bytes(number, values):
    """Many short texts as one piece."""
    tag = _tag(number, _BYTES)
    short = [tag + bytes((size,)) for size in range(128)]
    pieces = []
    for value in values:
        data = value.encode() if isinstance(value, str) else value
        size = len(data)
        pieces.append(short[size] if size < 128 else tag + varint(size))
        pieces.append(data)
    return b"".join(pieces)


def _packed(kind, values):
    if kind in _PACKED:
        return np.asarray(values, _PACKED[kind]).reshape(-1)
    if kind == "bool":
        return np.asarray(values).astype(np.uint8)
    return varints(np.asarray(values))


def _unpacked(kind, data):
    if kind in _PACKED:
        return np.frombuffer(data, _PACKED[kind])
    return unvarints(data)


def _read_varint(view, at):
    value = shift = 0
    while True:
        byte = view[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
