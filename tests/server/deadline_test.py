"""Calls that nobody waits for any more, that cost too much, and more than a server can do."""

import http.client
import json
import pathlib
import shutil
import time
import urllib.request

import grpc
import numpy
import pytest

pymilvus = pytest.importorskip("pymilvus")
from pymilvus.client.prepare import Prepare  # noqa: E402
from pymilvus.grpc_gen import milvus_pb2, milvus_pb2_grpc  # noqa: E402

DIM = 64
ROWS = 60_000
QUERIES = 16_384  # the most that one call may have: a scan for all of them takes many seconds
PATIENCE = 300  # seconds until something that must happen is thought not to
SLOW_FILTER = " or ".join(["id % 7 == 9"] * 43_000)  # the most that a filter may have, for each row


@pytest.fixture(scope="module")
def busy(binary, tmp_path_factory):
    """A server with one thread that searches, a short queue, and a call that keeps it busy."""
    from server_process import Server

    server = Server(binary, tmp_path_factory.mktemp("busy") / "a.simile", "--threads", "1",
                    "--queue-max", "3")
    client = pymilvus.MilvusClient(server.uri)
    schema = client.create_schema()
    schema.add_field("id", pymilvus.DataType.INT64, is_primary=True)
    schema.add_field("v", pymilvus.DataType.FLOAT_VECTOR, dim=DIM)
    index = client.prepare_index_params()
    index.add_index("v", index_type="FLAT", metric_type="L2")
    client.create_collection("a", schema=schema, index_params=index)
    made = numpy.random.default_rng(1).normal(size=(ROWS, DIM)).astype(numpy.float32)
    for first in range(0, ROWS, 20_000):
        rows = [{"id": i, "v": made[i]} for i in range(first, first + 20_000)]
        client.insert("a", rows)
    client.close()
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="module")
def stub(busy):
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(f"{busy.host}:{busy.port}", options=options) as channel:
        yield milvus_pb2_grpc.MilvusServiceStub(channel)


def search(queries):
    data = numpy.random.default_rng(2).normal(size=(queries, DIM)).astype(numpy.float32)
    param = {"metric_type": "L2", "params": {"exact": True}}
    return Prepare.search_requests_with_expr("a", "v", param, 1_000, data=list(data))


def in_flight(server):
    text = urllib.request.urlopen(server.http + "/metrics", timeout=PATIENCE).read().decode()
    return int(text.split("\nsimile_calls_in_flight ")[1].split("\n")[0])


def processor_seconds(server):
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")")[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def works_on_nothing(server):
    """No call is under way, and the processor is not used for one that was left."""
    wait_until(lambda: in_flight(server) == 0)
    before = processor_seconds(server)
    time.sleep(0.3)
    return processor_seconds(server) - before < 0.2


def test_a_deadline_stops_the_work(busy, stub):
    with pytest.raises(grpc.RpcError) as raised:
        stub.Search(search(QUERIES), timeout=0.5)
    assert raised.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    wait_until(lambda: works_on_nothing(busy))
    assert stub.Search(search(1)).status.code == 0


def test_a_call_that_is_cancelled_stops(busy, stub):
    call = stub.Search.future(search(QUERIES))
    wait_until(lambda: in_flight(busy) == 1)
    call.cancel()
    wait_until(lambda: works_on_nothing(busy))


def test_a_query_that_is_cancelled_stops(busy, stub):
    for outputs in ([], ["count(*)"]):
        request = milvus_pb2.QueryRequest(collection_name="a", expr=SLOW_FILTER,
                                          output_fields=outputs)
        call = stub.Query.future(request)
        wait_until(lambda: in_flight(busy) == 1)
        call.cancel()
        wait_until(lambda: works_on_nothing(busy))


def test_a_client_of_http_that_is_gone_stops_the_work(busy):
    body = {"collectionName": "a", "limit": 1_000, "searchParams": {"params": {"exact": True}},
            "data": numpy.random.default_rng(2).normal(size=(4_000, DIM)).tolist()}
    connection = http.client.HTTPConnection("127.0.0.1", busy.http_port, timeout=PATIENCE)
    connection.request("POST", "/v2/vectordb/entities/search", json.dumps(body))
    wait_until(lambda: in_flight(busy) == 1)
    connection.close()
    wait_until(lambda: works_on_nothing(busy))


def test_more_calls_than_fit_are_refused_at_once(busy, stub):
    first = stub.Search.future(search(QUERIES))
    wait_until(lambda: in_flight(busy) == 1)
    # One runs, three wait; the others are answered while it still runs.
    more = [stub.Search.future(search(200)) for _ in range(10)]
    wait_until(lambda: sum(call.done() for call in more) >= 7)
    assert not first.done()
    refused = [call.result() for call in more if call.done()]
    assert {answer.status.code for answer in refused} == {8}
    assert "queue_max" in refused[0].status.reason
    first.cancel()
    for call in more:
        assert call.result().status.code in (0, 8)
    assert stub.Search(search(1)).status.code == 0


@pytest.fixture(scope="module")
def limited(binary, busy, tmp_path_factory):
    """A server on a copy of the rows whose calls may cost little."""
    from server_process import Server

    path = tmp_path_factory.mktemp("limited") / "a.simile"
    shutil.copytree(busy.path, path)
    server = Server(binary, path, "--threads", "1", "--call-seconds", "1",
                    "--call-bytes-max", str(BYTES_MAX))
    yield server
    assert server.stop() == 0


BYTES_MAX = 4 << 20


def post(server, path, body):
    url = server.http + "/v2/vectordb/" + path
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request, timeout=PATIENCE))


def test_a_call_that_works_too_long_is_ended(limited):
    answer = post(limited, "entities/query", {"collectionName": "a", "filter": SLOW_FILTER})
    assert answer["code"] == 1100 and "call_seconds" in answer["message"], answer
    assert "ended after 1 s" in answer["message"]
    answer = post(limited, "entities/delete", {"collectionName": "a", "filter": SLOW_FILTER})
    assert answer["code"] == 1100 and "call_seconds" in answer["message"], answer
    body = {"collectionName": "a", "data": [[0.5] * DIM], "filter": SLOW_FILTER}
    answer = post(limited, "entities/search", body)
    assert answer["code"] == 1100 and "call_seconds" in answer["message"], answer
    wait_until(lambda: works_on_nothing(limited))
    counted = post(limited, "entities/query", {"collectionName": "a", "outputFields": ["count(*)"]})
    assert counted["data"] == [{"count(*)": ROWS}]


def test_rows_that_would_take_too_much_memory_are_refused(limited):
    body = {"collectionName": "a", "filter": "id >= 0", "outputFields": ["v"]}
    fit = BYTES_MAX // (4 * DIM + 8)
    assert len(post(limited, "entities/query", {**body, "limit": fit})["data"]) == fit
    answer = post(limited, "entities/query", {**body, "limit": fit + 1})
    assert answer["code"] == 1100 and "call_bytes_max" in answer["message"], answer
    search_body = {"collectionName": "a", "data": [[0.5] * DIM] * 2, "limit": fit - 1,
                   "outputFields": ["v"]}
    answer = post(limited, "entities/search", search_body)
    assert answer["code"] == 1100 and "call_bytes_max" in answer["message"], answer
    keys = list(range(fit + 1))
    asked = {"collectionName": "a", "id": keys, "outputFields": ["v"]}
    answer = post(limited, "entities/get", asked)
    assert answer["code"] == 1100 and "call_bytes_max" in answer["message"], answer


def test_small_requests_that_unpack_to_much_are_refused(limited):
    # 40 bytes of memory for each two of the message; a list of JSON for each three.
    request = milvus_pb2.InsertRequest(collection_name="a", num_rows=1)
    texts = request.fields_data.add(type=21, field_name="t").scalars.string_data
    texts.data.extend([""] * 100_000)
    with grpc.insecure_channel(f"{limited.host}:{limited.port}") as channel:
        status = milvus_pb2_grpc.MilvusServiceStub(channel).Insert(request).status
    assert status.code == 1100 and "call_bytes_max" in status.reason, status
    answer = post(limited, "entities/insert", {"collectionName": "a", "data": [[]] * 100_000})
    assert answer["code"] == 1801 and "call_bytes_max" in answer["message"], answer
