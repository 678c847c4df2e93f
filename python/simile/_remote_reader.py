"""Reading from a server: the methods of NativeSnapshot, for `_remote`."""

import json
import types

import numpy as np

from simile import _wire_columns
from simile._wire_columns import from_messages, keys_column, template_values
from simile.errors import InvalidArgument, NotFound

_REPLY_BYTES = 64 << 20  # about as much comes back in one answer of a long query
_FIRST_ROWS = 1000
_NO_LIMIT = 2**64 - 1


def pairs(values):
    """KeyValuePair messages."""
    return [{"key": key, "value": value} for key, value in values.items()]


class Place:
    """A collection on a server: by its name, and by its number where it was renamed."""

    def __init__(self, channel, name):
        self.channel = channel
        self.name = name
        self.identity = 0  # the server's number for it, known once it was described

    def call(self, name, request, answer, values):
        """As Channel.call, with the collection's name."""
        values = {"collection_name": self.name, **values}
        try:
            return self.channel.call(name, request, answer, values)
        except NotFound:
            if not self._renamed():
                raise
        return self.channel.call(name, request, answer, {**values, "collection_name": self.name})

    def _renamed(self):
        if not self.identity:
            return False
        names = ("DescribeCollection", "DescribeCollectionRequest", "DescribeCollectionResponse")
        try:
            found = self.channel.call(*names, {"collectionID": self.identity})
        except NotFound:
            return False
        before, self.name = self.name, found["collection_name"]
        return self.name != before


class RemoteReader:
    """Reading of a collection."""

    def __init__(self, place, fields, pinned=False):
        self._place = place
        self._fields = fields
        self._timestamp = None  # of the snapshot that is read, where it is one
        self.sequence = 0  # likewise: of the last write that it sees
        if pinned:
            self._pin()

    def fields(self):
        """The fields."""
        return list(self._fields.values())

    def _pin(self):
        request = self._query_values("", {}, [], [self._key().name])
        request["query_params"] = pairs({"limit": "1", "iterator": "true"})
        answer = self._query(request)
        self._timestamp = answer["session_ts"]
        self.sequence = int(answer["status"]["extra_info"]["simile_sequence"])

    @staticmethod
    def request():
        """An empty request, with the members of NativeRequest."""
        return _Request()

    def search(self, q, request):
        """(offsets, distances, columns, whether one vector was given)."""
        field, values, single = self._search_values(q, request)
        if request.k + request.offset > 16_384:
            raise InvalidArgument("k + offset is more than 16384, which a server does not look for")
        answer = self._place.call("Search", "SearchRequest", "SearchResults", values)
        found = answer.get("results", {})
        counts = found.get("topks", np.zeros(values["nq"], np.int64))
        offsets = np.zeros(len(counts) + 1, np.uint64)
        np.cumsum(counts, out=offsets[1:])
        return offsets, _distances(field, found), self._hit_columns(found, request), single

    def iterate(self, q, request):
        """An object whose next(count) gives (distances, columns)."""
        field, values, _ = self._search_values(q, request)
        if values["nq"] != 1:
            raise InvalidArgument(f"iterate takes one query, not {values['nq']}")
        return _Iterator(self, field, values, request)

    def get(self, keys, fields):
        """Rows by key, in the order of `keys`."""
        key = self._key()
        wanted = list(keys) if isinstance(keys, list) else keys.tolist()
        unique = list(dict.fromkeys(wanted))
        if not unique:
            return self.query(f"{key.name} in []", {}, [], fields, 0, 0, False)
        where = f"{key.name} in {{keys}}"
        rows, columns = self.query(where, {"keys": unique}, [], fields, _NO_LIMIT, 0, True)
        by_name = {column[0]: column for column in columns}
        found = by_name[key.name][2] if key.type == "string" else by_name[key.name][1].tolist()
        places = {each: row for row, each in enumerate(found)}
        order = np.array([places[each] for each in wanted if each in places], np.int64)
        return len(order), [_taken(column, order) for column in columns]

    def query(self, where, values, partitions, fields, limit, offset, by_key):
        """(rows, columns). Long answers come in parts of one snapshot."""
        names = list(fields) or list(self._fields)
        self._known(names)
        key = self._key().name
        names = [key, *(name for name in names if name != key)]
        request = self._query_values(where, values, partitions, names)
        parts, count, step = [], 0, min(_FIRST_ROWS, limit)
        while True:
            window = {"limit": step, "offset": offset + count, "by_key": by_key, "iterator": True}
            request["query_params"] = pairs({key: str(value) for key, value in window.items()})
            answer = self._query(request)
            request["guarantee_timestamp"] = answer.get("session_ts")
            rows, columns = self._rows(answer, names)
            parts.append(columns)
            count += rows
            if rows < step or count == limit:
                return count, _joined(parts)
            bytes_of_row = max(1, _bytes(columns) // rows)
            step = min(max(1, _REPLY_BYTES // bytes_of_row), limit - count)

    def count(self, where, values, partitions):
        """Rows that match."""
        answer = self._query(self._query_values(where, values, partitions, ["count(*)"]))
        return int(answer["fields_data"][0]["scalars"]["long_data"]["data"][0])

    def explain(self, where, values, partitions):
        """How a filter is answered, as NativeSnapshot has it."""
        request = self._query_values(where, values, partitions, [self._key().name])
        request["query_params"] = pairs({"explain": "true"})
        return json.loads(self._query(request)["status"]["extra_info"]["simile_plan"])

    def _query_values(self, where, values, partitions, names):
        return {
            "expr": where,
            "expr_template_values": template_values(values),
            "partition_names": partitions,
            "output_fields": names,
            "guarantee_timestamp": self._timestamp,
        }

    def _query(self, request):
        return self._place.call("Query", "QueryRequest", "QueryResults", request)

    def _key(self):
        return next(field for field in self._fields.values() if field.primary_key)

    def _known(self, names):
        for name in names:
            if name not in self._fields:
                known = ", ".join(self._fields)
                raise InvalidArgument(f"no field '{name}' in '{self._place.name}'; it has {known}")

    def _search_values(self, q, request):
        field = self._vector_field(request.field)
        self._known(request.fields)
        group, count, single = _wire_columns.query_group(self._place.channel.protocol, field, q)
        if count == 0:
            raise InvalidArgument("there are no queries: q has no rows")
        values = {
            "dsl": request.where,
            "expr_template_values": template_values(request.values),
            "partition_names": request.partitions,
            "output_fields": request.fields,
            "placeholder_group": group,
            "nq": count,
            "guarantee_timestamp": self._timestamp,
            "search_params": pairs(_search_parameters(field, request)),
        }
        return field, values, single

    def _vector_field(self, name):
        vectors = {
            each.name: each for each in self._fields.values() if each.type in ("vector", "sparse")
        }
        if not name and len(vectors) == 1:
            return next(iter(vectors.values()))
        if name not in vectors:
            what = f"'{name}' is no vector field" if name else "there are several vector fields"
            raise InvalidArgument(f"{what}; name one of {', '.join(vectors)} as field=")
        return vectors[name]

    def _hit_columns(self, found, request):
        key = self._key()
        wanted = {name: self._fields[name] for name in request.fields if name != key.name}
        rows = len(found.get("scores", ()))
        columns = from_messages(wanted, found.get("fields_data", []), rows)
        known = {column[0] for column in columns}
        columns += [_empty(field) for name, field in wanted.items() if name not in known]
        return [keys_column(key, found.get("ids", {})), *columns]

    def _rows(self, answer, names):
        wanted = {name: self._fields[name] for name in names}
        messages = answer.get("fields_data", [])
        key = wanted[names[0]]
        first = [each for each in messages if each.get("field_name") == key.name]
        keys = from_messages({key.name: key}, first, 0)
        rows = len(keys[0][2] if key.type == "string" else keys[0][1]) if keys else 0
        columns = from_messages(wanted, messages, rows)
        known = {column[0] for column in columns}
        columns += [_empty(field) for name, field in wanted.items() if name not in known]
        order = {name: place for place, name in enumerate(names)}
        return rows, sorted(columns, key=lambda column: order[column[0]])


class _Iterator:
    """Steps of a search iterator. The server keeps the rows as they were at the first one."""

    def __init__(self, reader, field, values, request):
        self._reader = reader
        self._field = field
        self._values = values
        self._request = request
        self._params = _search_parameters(field, request)

    def next(self, count):
        """The next hits."""
        size = str(count)
        self._params.update(topk=size, search_iter_v2="true", search_iter_batch_size=size)
        self._values["search_params"] = pairs(self._params)
        answer = self._reader._place.call("Search", "SearchRequest", "SearchResults", self._values)
        found = answer.get("results", {})
        session = found.get("search_iterator_v2_results", {})
        self._params["search_iter_id"] = session.get("token", "")
        self._params["search_iter_last_bound"] = repr(float(session.get("last_bound", 0)))
        return _distances(self._field, found), self._reader._hit_columns(found, self._request)


class _Request(types.SimpleNamespace):
    """What a search asks for; Collection fills it in."""

    def set_values(self, values):
        """What {names} stand for."""
        self.values = values


def _score(field, distance):
    """The protocol's sign: of inner products and cosines, larger is nearer."""
    if field.metric in ("ip", "bm25"):
        return -distance
    return 1 - distance if field.metric == "cosine" else distance


def _distances(field, found):
    scores = found.get("scores", np.empty(0, np.float32))
    return np.asarray(_score(field, scores), np.float32)


def _search_parameters(field, request):
    found = {"anns_field": field.name, "topk": getattr(request, "k", 0)}
    for name, value in (
        ("effort", request.effort),
        ("exact", request.exact),
        ("recall", getattr(request, "recall", 0)),
        ("offset", getattr(request, "offset", 0)),
    ):
        if value:
            found[name] = value
    least, below = getattr(request, "distance_min", None), getattr(request, "distance_max", None)
    if least is not None or below is not None:
        below = np.finfo(np.float32).max if below is None else below
        found["radius"] = repr(float(_score(field, below)))
        if least is not None:
            found["range_filter"] = repr(float(_score(field, least)))
    if getattr(request, "group_by", ""):
        found["group_by_field"] = request.group_by
        found["group_size"] = request.group_size
        found["strict_group_size"] = request.strict_groups
    return {name: str(value) for name, value in found.items()}


def _bytes(columns):
    """About how many a part of an answer had."""
    size = 0
    for _, fixed, strings, _, _ in columns:
        size += fixed.nbytes if fixed is not None else 0
        size += sum(len(text) for text in strings or () if text is not None)
    return size


def _empty(field):
    return from_messages({field.name: field}, [{"field_name": field.name}], 0)[0]


def _joined(parts):
    if len(parts) == 1:
        return parts[0]
    return [_joined_column([part[place] for part in parts]) for place in range(len(parts[0]))]


def _joined_column(columns):
    name = columns[0][0]
    fixed = strings = offsets = valid = None
    if columns[0][1] is not None:
        fixed = np.concatenate([column[1] for column in columns])
    if columns[0][2] is not None:
        strings = [text for column in columns for text in column[2]]
    if columns[0][3] is not None:
        offsets, base = [np.zeros(1, np.uint64)], np.uint64(0)
        for column in columns:
            offsets.append(column[3][1:] + base)
            base += column[3][-1]
        offsets = np.concatenate(offsets)
    if any(column[4] is not None for column in columns):
        valid = np.concatenate([
            np.ones(_length(column), np.uint8) if column[4] is None else column[4]
            for column in columns
        ])
    return name, fixed, strings, offsets, valid


def _length(column):
    _, fixed, strings, offsets, _ = column
    if offsets is not None:
        return len(offsets) - 1
    return len(fixed if strings is None else strings)


def _taken(column, order):
    """The rows of a column in another order."""
    name, fixed, strings, offsets, valid = column
    valid = None if valid is None else valid[order]
    if offsets is None:
        if strings is not None:
            strings = [strings[row] for row in order]
        return name, None if fixed is None else fixed[order], strings, None, valid
    bounds = offsets.astype(np.int64)
    lengths = np.diff(bounds)[order]
    ends = np.zeros(len(order) + 1, np.uint64)
    np.cumsum(lengths, out=ends[1:])
    places = [np.arange(bounds[row], bounds[row + 1]) for row in order]
    places = np.concatenate(places) if places else np.empty(0, np.int64)
    if strings is not None:
        strings = [strings[place] for place in places]
    return name, None if fixed is None else fixed[places], strings, ends, valid
