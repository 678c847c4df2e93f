"""Messages of the protocol that no careful client sends."""

import struct

from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2

LONG_FILTER = "id in " + str(list(range(3000)))
TEXTS = [
    "", "c", "default", "_default", "id", "vector", "v", "root", "admin", "*", "../../etc/passwd",
    "/etc/passwd", "c\0d", "a" * 300, "a" * 70_000, "ä" * 100, "\ud7ff", "$meta", "count(*)",
    "{x}", "%s%n", "'; --", "http://127.0.0.1:1/", "file:///etc/passwd", "-1", "0", "1", "NaN",
    "Infinity",
    "1e999", "true", "null", "18446744073709551616", "9223372036854775807", "[1,2", "{}", "4", "L2",
    '{"a":{"a":{"a":1}}}', '{"params":' * 300, "[" * 5000, '{"ef":1e99}', "🙂", "\n", "HNSW",
    "bm25",
]
FILTERS = [
    "id in [1,2,3]", "id > 0 and (", "((((((((((1))))))))))", "not " * 500 + "true", "(" * 5000,
    "id == " + "-" * 3000 + "1", "t like '%" + "_%" * 200 + "'", "j['a'][0]['b'] == 3", LONG_FILTER,
    "json_contains(j, 1)", "array_length(a) > 0", "exists j['x']", "t == 'a\\'b'", "id % 0 == 1",
    "id + 1 ** 99999 > 0", "id / 0 == 1", "1 < id < 3 < 2", "id > -9223372036854775808",
    "id * 9223372036854775807 > 1", "text_match(t, 'x')", "t in {x}", "$meta['k'] > 1", "k == null",
    "id > 0 and " * 3000 + "true", "id == 1 or " * 3000 + "false", "t like '" + "%a" * 500 + "'",
]
NUMBERS = [0, 1, -1, 2, 3, 4, 7, 100, 16_384, 16_385, 65_536, 2**31 - 1, -(2**31), 2**31, 2**32 - 1,
           2**63 - 1, -(2**63)]
KINDS = [0, 1, 2, 3, 4, 5, 10, 11, 21, 22, 23, 99, 100, 101, 102, 103, 104, 105, 106, 200, 201, 999]
DEPTH_MAX = 8


def text(choose):
    return choose.choice(TEXTS)


class Filler:
    """Fills messages with values that a careful reader would not expect. `left` bounds one."""

    def __init__(self, choose):
        self.choose = choose
        self.left = 0

    def message(self, kind):
        self.left = self.choose.choice([5, 20, 100, 400])
        made = kind()
        self.fill(made, 0)
        return made

    def fill(self, message, depth):
        for field in message.DESCRIPTOR.fields:
            if self.left <= 0 or self.choose.random() < 0.3:
                continue
            try:
                self.fill_field(message, field, depth)
            except (ValueError, TypeError):
                continue

    def fill_field(self, message, field, depth):
        self.left -= 1
        many = is_repeated(field)
        if field.type == field.TYPE_MESSAGE:
            if depth >= DEPTH_MAX or field.message_type.GetOptions().map_entry:
                return
            if many:
                for _ in range(self.choose.choice([1, 1, 1, 2, 5])):
                    self.fill(getattr(message, field.name).add(), depth + 1)
            else:
                getattr(message, field.name).SetInParent()
                self.fill(getattr(message, field.name), depth + 1)
            return
        count = self.choose.choice([1, 1, 2, 4, 64]) if many else 1
        values = [self.value(field, depth) for _ in range(count)]
        if many:
            getattr(message, field.name).extend(values)
        else:
            setattr(message, field.name, values[0])

    def value(self, field, depth):
        choose = self.choose
        if field.type == field.TYPE_STRING:
            if field.name in ("expr", "dsl", "using_expr", "check_expr", "filter"):
                return choose.choice(FILTERS)
            if "collection" in field.name and choose.random() < 0.8:
                return "c"
            if "field" in field.name and choose.random() < 0.5:
                return choose.choice(["id", "vector", "t", "a", "j"])
            return choose.choice(TEXTS)
        if field.type == field.TYPE_BYTES:
            return self.bytes_of(depth)
        if field.type == field.TYPE_ENUM:
            return choose.choice(KINDS)
        return number_for(field, choose)

    def bytes_of(self, depth):
        kind = self.choose.random()
        if kind < 0.5 and depth < DEPTH_MAX:
            inner = common_pb2.PlaceholderGroup() if kind < 0.3 else schema_pb2.CollectionSchema()
            self.fill(inner, depth + 2)
            return inner.SerializeToString()
        return self.choose.randbytes(self.choose.choice([0, 1, 16, 17, 300]))


def is_repeated(field):
    return field.is_repeated if hasattr(field, "is_repeated") else field.label == 3


def number_for(field, choose):
    value = choose.choice(NUMBERS) if choose.random() < 0.7 else choose.randrange(-1000, 1000)
    if field.type == field.TYPE_BOOL:
        return bool(value & 1)
    if field.type in (field.TYPE_FLOAT, field.TYPE_DOUBLE):
        return choose.choice([0.0, -0.0, 1.5, float("nan"), float("inf"), 1e38, float(value)])
    if field.type in (field.TYPE_UINT32, field.TYPE_FIXED32):
        return value & 0xFFFFFFFF
    if field.type in (field.TYPE_UINT64, field.TYPE_FIXED64):
        return value & (2**64 - 1)
    if field.type in (field.TYPE_INT32, field.TYPE_SINT32, field.TYPE_SFIXED32):
        return ((value + 2**31) % 2**32) - 2**31
    return value


SEARCH_KEYS = ("topk", "offset", "round_decimal", "group_by_field", "group_size", "radius", "level",
               "range_filter", "ef", "anns_field", "params", "search_iter_v2", "search_iter_id",
               "search_iter_last_bound", "metric_type", "strict_group_size", "recall", "exact")


def almost_good_search(choose):
    group = common_pb2.PlaceholderGroup()
    holder = group.placeholders.add(tag="$0", type=101)
    for _ in range(choose.choice([1, 1, 3])):
        holder.values.append(struct.pack("<4f", *(choose.random() for _ in range(4))))
    dsl = "" if choose.random() < 0.3 else choose.choice(FILTERS)
    request = milvus_pb2.SearchRequest(
        collection_name="c", dsl=dsl, placeholder_group=group.SerializeToString(),
        output_fields=choose.choice([[], ["*"], ["t", "k"], ["nothing"]]))
    for key in SEARCH_KEYS:
        if key == "topk" or choose.random() < 0.2:
            value = "5" if key == "topk" and choose.random() < 0.7 else text(choose)
            request.search_params.add(key=key, value=value)
    return request


def almost_good_rows(choose, kind):
    count = choose.choice([1, 2, 5])
    request = kind(collection_name="c", num_rows=choose.choice([count, count, 0, 2**32 - 1]))
    keys = request.fields_data.add(type=5, field_name="id")
    keys.scalars.long_data.data.extend(choose.choice(NUMBERS) for _ in range(count))
    vectors = request.fields_data.add(type=101, field_name="vector")
    vectors.vectors.dim = choose.choice([4, 4, 4, 0, -4, 2**62])
    vectors.vectors.float_vector.data.extend(
        choose.choice([0.0, 1.5, choose.random(), float("nan")]) for _ in range(4 * count))
    if choose.random() < 0.5:
        extra = request.fields_data.add(type=23, is_dynamic=True)
        texts = ['{"k":1}', '{"t":"x","a":[1],"j":{"a":[2]}}', "[" * 3000, '{"k":1e999}', "{", "\\"]
        extra.scalars.json_data.data.extend(choose.choice(texts).encode() for _ in range(count))
    return request


def damaged(data, choose):
    """The bytes of a message, some changed."""
    damages = choose.choice([0, 0, 0, 1, 4])
    if damages == 0 or not data:
        return data
    data = bytearray(data)
    for _ in range(damages):
        data[choose.randrange(len(data))] = choose.randrange(256)
    if choose.random() < 0.1:
        del data[choose.randrange(len(data) + 1):]
    return bytes(data)


class Messages:
    """Calls by name with messages of theirs, made before they are sent and then varied, since
    making one costs ten times what sending it does."""

    KEPT = 60  # of each method at a time

    def __init__(self, choose, methods):
        self.choose = choose
        self.filler = Filler(choose)
        self.methods = methods
        self.made = {method.name: [] for method in methods}

    def fresh(self, method):
        kind = getattr(milvus_pb2, method.input_type.name, None) or common_pb2.MsgBase
        if self.choose.random() < 0.5:
            if method.name == "Search":
                return almost_good_search(self.choose).SerializeToString()
            if method.name in ("Insert", "Upsert"):
                return almost_good_rows(self.choose, kind).SerializeToString()
        return self.filler.message(kind).SerializeToString()

    def next(self):
        """The name of a method, and the bytes of a message."""
        method = self.choose.choice(self.methods)
        kept = self.made[method.name]
        if len(kept) < self.KEPT or self.choose.random() < 0.02:
            message = self.fresh(method)
            if len(kept) < self.KEPT:
                kept.append(message)
            else:
                kept[self.choose.randrange(self.KEPT)] = message
        else:
            message = self.choose.choice(kept)
        return method.name, damaged(message, self.choose)
