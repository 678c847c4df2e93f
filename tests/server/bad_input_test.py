"""What a client gets wrong: the code of Milvus and a clear message, nothing changed, no crash, no
growth. Messages are made by hand, since clients refuse much of this themselves."""

import json
import pathlib
import socket
import struct
import urllib.request

import grpc
import numpy
import pytest

pymilvus = pytest.importorskip("pymilvus")
from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc, schema_pb2  # noqa: E402

DIM = 4
ROWS = 20
PATIENCE = 120  # seconds until something that must happen is thought not to
NO_NAMES = ["", "..", "../x", "/tmp/x", "a/b", "a b", "1a", "a.b", "a-b", "ä", "x" * 256, "a\0b"]
INVALID = 1100
UNEXPECTED = 65535  # as Milvus has it for functions


@pytest.fixture(scope="module")
def stub(server):
    """Calls of the protocol without a client around them."""
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"{server.host}:{server.port}", options=options) as channel:
        yield milvus_pb2_grpc.MilvusServiceStub(channel)


@pytest.fixture(scope="module")
def filled(server):
    """A collection of ROWS rows: id, t (VARCHAR of at most 8 bytes), v (DIM floats) and more."""
    client = pymilvus.MilvusClient(server.uri)
    schema = client.create_schema(enable_dynamic_field=True)
    schema.add_field("id", pymilvus.DataType.INT64, is_primary=True)
    schema.add_field("t", pymilvus.DataType.VARCHAR, max_length=8)
    schema.add_field("v", pymilvus.DataType.FLOAT_VECTOR, dim=DIM)
    index = client.prepare_index_params()
    index.add_index("v", metric_type="L2")
    client.create_collection("bad_input", schema=schema, index_params=index)
    rows = [{"id": i, "t": str(i), "v": [i] * DIM, "n": i} for i in range(ROWS)]
    client.insert("bad_input", rows)
    yield client
    client.drop_collection("bad_input")
    client.close()


@pytest.fixture(autouse=True)
def unchanged(request, server):
    """Every test leaves collections, rows and files as they were."""
    if "filled" not in request.fixturenames:
        yield
        return
    client = request.getfixturevalue("filled")

    def state():
        found = client.query("bad_input", "id >= 0", output_fields=["*"])
        return sorted(client.list_collections()), client.list_databases(), found

    before = state()
    yield
    assert state() == before
    assert server.process.poll() is None
    stray = {path.name for path in pathlib.Path(server.path).parent.iterdir()}
    assert stray == {server.path.name, server.log_path.name}


def pairs(**values):
    return [common_pb2.KeyValuePair(key=key, value=str(value)) for key, value in values.items()]


def refused(answer, *codes):
    """The message of an answer that must be a refusal."""
    status = getattr(answer, "status", answer)
    assert status.code in (codes or (INVALID,)), (status.code, status.reason)
    assert status.error_code != 0
    assert status.reason
    return status.reason


def column(name, kind, **values):
    return schema_pb2.FieldData(field_name=name, type=kind, **values)


def keys(values):
    data = schema_pb2.LongArray(data=values)
    return column("id", 5, scalars=schema_pb2.ScalarField(long_data=data))


def texts(values):
    data = schema_pb2.StringArray(data=values)
    return column("t", 21, scalars=schema_pb2.ScalarField(string_data=data))


def vectors(values, dim=DIM):
    data = schema_pb2.FloatArray(data=values)
    return column("v", 101, vectors=schema_pb2.VectorField(dim=dim, float_vector=data))


def insert(columns, rows=1):
    return milvus_pb2.InsertRequest(
        collection_name="bad_input", fields_data=columns, num_rows=rows
    )


def search(vector=None, filter="", placeholder=None, **params):
    if placeholder is None:
        vector = numpy.asarray([0] * DIM if vector is None else vector, dtype=numpy.float32)
        value = common_pb2.PlaceholderValue(tag="$0", type=101, values=[vector.tobytes()])
        placeholder = common_pb2.PlaceholderGroup(placeholders=[value]).SerializeToString()
    return milvus_pb2.SearchRequest(
        collection_name="bad_input", dsl=filter, placeholder_group=placeholder, nq=1,
        search_params=pairs(**{"anns_field": "v", "topk": 3, "params": "{}", **params}),
    )


def collection(name="never", **dims):
    schema = schema_pb2.CollectionSchema(name=name)
    schema.fields.add(name="id", data_type=5, is_primary_key=True)
    schema.fields.add(name="v", data_type=101, type_params=pairs(**dims))
    return milvus_pb2.CreateCollectionRequest(
        collection_name=name, schema=schema.SerializeToString()
    )


@pytest.mark.parametrize("dim", [0, -1, 2**31, 2**63, 10**30, "abc", "", "4.5"])
def test_a_dimension_that_is_none(filled, stub, dim):
    assert "dim" in refused(stub.CreateCollection(collection(dim=dim)))


def test_a_vector_without_dimension(filled, stub):
    assert "dim" in refused(stub.CreateCollection(collection()))


def test_a_schema_that_is_none(filled, stub):
    for schema in (b"\xff\xff\xff", b"", b"x" * 1000):
        request = milvus_pb2.CreateCollectionRequest(collection_name="never", schema=schema)
        refused(stub.CreateCollection(request))


@pytest.mark.parametrize("name", NO_NAMES)
def test_names_that_are_none(filled, stub, name):
    refused(stub.CreateCollection(collection(name, dim=4)), INVALID, 100)
    refused(stub.CreatePartition(milvus_pb2.CreatePartitionRequest(
        collection_name="bad_input", partition_name=name)))
    refused(stub.CreateAlias(milvus_pb2.CreateAliasRequest(
        collection_name="bad_input", alias=name)))
    refused(stub.CreateDatabase(milvus_pb2.CreateDatabaseRequest(db_name=name)), INVALID, 802)
    refused(stub.RenameCollection(milvus_pb2.RenameCollectionRequest(
        oldName="bad_input", newName=name)))
    schema = schema_pb2.CollectionSchema(name="never")
    schema.fields.add(name=name, data_type=5, is_primary_key=True)
    schema.fields.add(name="v", data_type=101, type_params=pairs(dim=4))
    refused(stub.CreateCollection(milvus_pb2.CreateCollectionRequest(
        collection_name="never", schema=schema.SerializeToString())), INVALID, 1701)


@pytest.mark.parametrize("name", ["cohere", "rrf", "weighted", ""])
def test_a_ranker_that_is_not_served_is_not_passed_over(filled, stub, name):
    request = search()
    request.function_score.functions.add(name="ranker", params=pairs(reranker=name))
    words = f"Unsupported rerank function: [{name}]"
    assert words in refused(stub.Search(request), UNEXPECTED)
    assert len(stub.Search(search()).results.scores) == 3


@pytest.mark.parametrize("k", [0, -1, 2**63, 2**64, 16_385, "abc", "1e3"])
def test_numbers_of_hits_that_are_none(filled, stub, k):
    assert str(k) in refused(stub.Search(search(topk=k)))
    if k != 0:
        assert str(k) in refused(stub.Search(search(offset=k)))
    query = milvus_pb2.QueryRequest(
        collection_name="bad_input", expr="", query_params=pairs(limit=k)
    )
    if k != -1:  # which is no limit
        refused(stub.Query(query))


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf, -numpy.inf])
def test_a_vector_that_is_no_number(filled, stub, value):
    refused(stub.Search(search([1, value, 0, 0])))
    rows = [keys([1, 2]), texts(["a", "b"]), vectors([0] * DIM + [1, value, 0, 0])]
    assert "1" in refused(stub.Insert(insert(rows, 2)))  # the row


def test_a_bad_search_does_not_harm_those_that_came_with_it(filled, stub):
    good = [stub.Search.future(search(vector=[i] * DIM)) for i in range(40)]
    bad = [stub.Search.future(search([numpy.nan] * DIM)) for _ in range(40)]
    for i, answer in enumerate(good):
        found = answer.result().results
        assert answer.result().status.code == 0
        assert found.ids.int_id.data[0] == min(i, ROWS - 1)
    for answer in bad:
        refused(answer.result())


def test_queries_that_are_none(filled, stub):
    def group(kind, *values):
        value = common_pb2.PlaceholderValue(tag="$0", type=kind, values=values)
        return common_pb2.PlaceholderGroup(placeholders=[value]).SerializeToString()

    vector = bytes(4 * DIM)
    for placeholder in (b"", b"\xff\xff", group(101), group(101, vector[1:]), group(101, b""),
                        group(100, vector), group(77, vector), group(101, vector, vector[:4]),
                        group(101, *[vector] * 16_385), group(101, vector)[:-3]):
        refused(stub.Search(search(placeholder=placeholder)))
    refused(stub.Search(search(anns_field="t")))
    refused(stub.Search(search(anns_field="nothing")))
    refused(stub.Search(search(params="[1]")))
    refused(stub.Search(search(params='{"ef": -1}')))
    refused(stub.Search(search(params="{" * 10_000)))


FILTERS = {
    "deep parentheses": "(" * 10_000 + "id > 0" + ")" * 10_000,
    "deep negation": "not " * 10_000 + "id > 0",
    "deep signs": "id == " + "-" * 10_000 + "1",
    "deep lists": "id in " + "[" * 10_000 + "]" * 10_000,
    "deep members": "n" + '["a"]' * 10_000 + " == 1 and",
    "half": "id >",
    "no text": "id == 'abc",
    "no character": "id == 1 § 2",
    "a zero": "id == 1\0",
    "a call": "nothing(id)",
    "a type": "t > 1",
    "a power": "id == 2 ** 2 ** 2 **",
    "a division": "id % 0 == 1 and t + 1 == 2",
    "a template": "id == {x}",
    "1 MB of garbage": "\\" * 1_000_000,
}


@pytest.mark.parametrize("filter", FILTERS.values(), ids=FILTERS.keys())
def test_filters_that_are_none(filled, stub, filter):
    for answer in (
        stub.Search(search(filter=filter)),
        stub.Query(milvus_pb2.QueryRequest(collection_name="bad_input", expr=filter)),
        stub.Delete(milvus_pb2.DeleteRequest(collection_name="bad_input", expr=filter)),
    ):
        assert len(refused(answer)) < 4_000


@pytest.mark.parametrize("filter", [
    " or ".join(f"id == {i}" for i in range(100, 70_100)),
    "id in [" + ",".join(map(str, range(100, 150_100))) + "]",
    "t == '" + "x" * 1_000_000 + "'",
], ids=["or", "in", "text"])
def test_filters_of_a_megabyte_are_answered(filled, stub, filter):
    """With rows or with a refusal."""
    answer = stub.Query(milvus_pb2.QueryRequest(collection_name="bad_input", expr=filter))
    assert answer.status.code in (0, INVALID)


def test_rows_that_do_not_fit(filled, stub):
    good = [keys([1]), texts(["a"]), vectors([0] * DIM)]
    for wrong in (
        [good[0], good[1]],
        [good[0], good[2]],
        [*good, good[1]],
        [good[0], texts(["much too long"]), good[2]],
        [good[0], texts(["a", "b"]), good[2]],
        [good[0], texts([]), good[2]],
        [good[0], good[1], vectors([0] * (DIM - 1))],
        [good[0], good[1], vectors([0] * DIM, dim=DIM + 1)],
        [good[0], good[1], vectors([0] * 2 * DIM)],
        [good[0], good[1], column("v", 101)],
        [good[0], column("t", 5, scalars=good[0].scalars), good[2]],
        [column("id", 21, scalars=good[1].scalars), good[1], good[2]],
        [good[0], good[1], column("v", 5, scalars=good[0].scalars)],
        [keys([1, 2]), good[1], good[2]],
    ):
        refused(stub.Insert(insert(wrong)))
    for rows in (0, 2, 2**32 - 1):
        refused(stub.Insert(insert(good, rows)))
    refused(stub.Insert(insert([*good, column("../x", 5, scalars=good[0].scalars)])), 1700, INVALID)
    nulls = column("t", 21, scalars=good[1].scalars, valid_data=[True, False])
    refused(stub.Insert(insert([good[0], nulls, good[2]])))


@pytest.mark.parametrize("text", [b"[1]", b"{", b"nothing", b"{\"a\": " * 10_000, b"\xff", b""])
def test_dynamic_fields_that_are_no_json(filled, stub, text):
    data = schema_pb2.ScalarField(json_data=schema_pb2.JSONArray(data=[text]))
    dynamic = column("", 23, scalars=data, is_dynamic=True)
    refused(stub.Insert(insert([keys([1]), texts(["a"]), vectors([0] * DIM), dynamic])))


def raw(server, method, message):
    """A message that the generated code would not make; its answer as bytes."""
    with grpc.insecure_channel(f"{server.host}:{server.port}") as channel:
        return channel.unary_unary(f"/milvus.proto.milvus.MilvusService/{method}")(message)


def test_text_that_is_not_utf8(filled, server):
    """It is no message of the protocol."""
    row = insert([keys([1]), texts(["abcd"]), vectors([0] * DIM)])
    query = milvus_pb2.QueryRequest(collection_name="bad_input", expr="t == 'abcd'")
    has = milvus_pb2.HasCollectionRequest(collection_name="abcd")
    for method, message in (("Insert", row), ("Query", query), ("HasCollection", has)):
        bad = message.SerializeToString().replace(b"abcd", b"\xff\xfe\xfd\xfc")
        with pytest.raises(grpc.RpcError) as raised:
            raw(server, method, bad)
        assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_bytes_that_are_no_message(filled, server):
    for method in ("Insert", "Search", "Query", "CreateCollection", "HybridSearch"):
        with pytest.raises(grpc.RpcError) as raised:
            raw(server, method, b"\xff\xff\xff\xff\xff")
        assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(grpc.RpcError) as raised:
        raw(server, "../etc/passwd", b"")
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def vanish(port, *sent):
    """Sends these bytes and is gone without a word."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        for each in sent:
            connection.sendall(each)
        # A reset instead of an orderly end.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_clients_that_vanish(filled, server):
    half = PREFACE + b"\0\0\x50\x01\x04\0\0\0\x01half"  # a frame of headers
    for sent in (b"", b"P", PREFACE, half, b"\x16\x03\x01" * 99):
        vanish(server.port, sent)
    head = (b"POST /v2/vectordb/entities/insert HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: 999\r\n")
    for sent in (b"", b"POST", head, head + b"\r\n", head + b'\r\n{"collectionName": "bad_input"'):
        vanish(server.http_port, sent)


def test_a_client_that_vanishes_while_it_sends(filled, server):
    rows = 100_000
    request = insert([keys(range(100, 100 + rows)), texts(["a"] * rows),
                      vectors([0] * DIM * rows)], rows + 1).SerializeToString()  # one too many
    for _ in range(5):
        with grpc.insecure_channel(f"{server.host}:{server.port}") as channel:
            call = channel.unary_unary("/milvus.proto.milvus.MilvusService/Insert")
            call.future(request).cancel()


def rest(server, path, body, code=None):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{server.http}/v2/vectordb/{path}", data, {"Content-Type": "application/json"}
    )
    answer = json.load(urllib.request.urlopen(request, timeout=PATIENCE))
    assert answer["code"] != 0 and answer["message"], answer
    if code is not None:
        assert answer["code"] == code, answer
    return answer["message"]


def test_rest_refuses_the_same(filled, server):
    name = {"collectionName": "bad_input"}
    row = {"id": 100, "t": "a", "v": [0] * DIM}
    for dim in (0, -1, 2**31, 2**63, 10**30, "abc", None, [4]):
        rest(server, "collections/create", {"collectionName": "never", "dimension": dim})
    for bad in NO_NAMES:
        rest(server, "collections/create", {"collectionName": bad, "dimension": 4})
        rest(server, "partitions/create", {**name, "partitionName": bad})
        rest(server, "aliases/create", {**name, "aliasName": bad})
        rest(server, "databases/create", {"dbName": bad})
    for k in (0, -1, 2**63, 2**64, "abc", [1]):
        rest(server, "entities/search", {**name, "data": [[0] * DIM], "limit": k})
    for vector in ([], [0], [0] * (DIM + 1), ["a"] * DIM, [None] * DIM, "abcd", [[0] * DIM], {},
                   [1e39] * DIM):
        rest(server, "entities/search", {**name, "data": [vector], "limit": 3})
        rest(server, "entities/insert", {**name, "data": [{**row, "v": vector}]})
    for filter in FILTERS.values():
        rest(server, "entities/query", {**name, "filter": filter})
        rest(server, "entities/delete", {**name, "filter": filter})
    for wrong in ({}, {"id": 100}, {**row, "id": "x"}, {**row, "id": 2**70}, {**row, "t": 1},
                  {**row, "t": "much too long"}, {**row, "id": 1.5}):
        rest(server, "entities/insert", {**name, "data": [wrong]})
    for data in ([], None, "x", [1], [[row]]):
        rest(server, "entities/insert", {**name, "data": data})


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"\xff", b'"a"', b'{"collectionName": "\xff"}', b"[" * 1_000_000,
    b'{"collectionName":' * 100_000, b'{"collectionName": "bad_input", "data": ' + b"[" * 1_000_000,
], ids=range(9))
def test_rest_refuses_what_is_no_json(filled, server, body):
    for path in ("entities/insert", "entities/search", "collections/create"):
        rest(server, path, body)


def resident_bytes(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) << 10


def test_bad_input_takes_no_memory(filled, server, stub):
    """A thousand refusals of every kind; what one of them kept would show."""
    long_filter = search(filter=FILTERS["deep parentheses"])
    long_row = insert([keys([1]), texts(["x" * 100_000]), vectors([0] * DIM)])

    def round_trip():
        for _ in range(50):
            refused(stub.Search(search([numpy.nan] * DIM)))
            refused(stub.Search(long_filter))
            refused(stub.Insert(long_row))
            rest(server, "entities/insert", b"[" * 100_000)
            vanish(server.port, PREFACE)
            vanish(server.http_port, b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nhalf")

    round_trip()
    before = resident_bytes(server)
    for _ in range(4):
        round_trip()
    # 200 x 120 KB of messages; half of them kept would be more.
    assert resident_bytes(server) - before < 12 << 20
