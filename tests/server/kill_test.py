"""kill -9 under writers: every acknowledged write is there afterwards, and none is there in part.

SIMILE_TORTURE=N kills N times as often.
"""

import itertools
import os
import random
import signal
import threading

import grpc
import numpy
import pytest

pymilvus = pytest.importorskip("pymilvus")
from pymilvus.client.prepare import Prepare  # noqa: E402

WRITERS = 16
DIM = 8
BATCH = 20
KILLS = 3 * int(os.environ.get("SIMILE_TORTURE", "1"))
WRITES_BEFORE_A_KILL = 150  # acknowledged, by all writers
CALL = "/milvus.proto.milvus.MilvusService/"


class Writer(threading.Thread):
    """Inserts batches of rows and deletes some, one call after the other, until the server is gone.

    `rows` is its log: what was acknowledged. `unknown` is the call that got no answer."""

    def __init__(self, number, port, batches, acknowledged):
        super().__init__()
        self.number, self.port, self.batches = number, port, batches
        self.acknowledged = acknowledged
        self.random = random.Random(number)
        self.rows, self.unknown, self.wrong = set(), None, None

    def run(self):
        from pymilvus.grpc_gen import milvus_pb2, milvus_pb2_grpc

        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            stub = milvus_pb2_grpc.MilvusServiceStub(channel)
            while True:
                batch = next(self.batches)
                if self.rows and self.random.random() < 0.2:
                    chosen = self.random.choice(sorted(self.rows)) // BATCH
                    gone = {key for key in self.rows if key // BATCH == chosen}
                    self.unknown = ("deleted", gone)
                    request = milvus_pb2.DeleteRequest(
                        collection_name="a", expr=f"id in {sorted(gone)}")
                    call = stub.Delete
                else:
                    new = set(range(batch * BATCH, (batch + 1) * BATCH))
                    self.unknown = ("inserted", new)
                    request, call = insert(sorted(new)), stub.Insert
                try:
                    answer = call(request)
                except grpc.RpcError:  # killed; the answer is unknown
                    return
                if answer.status.code != 0:
                    self.wrong = answer.status.reason
                    return
                what, changed = self.unknown
                self.rows = self.rows | changed if what == "inserted" else self.rows - changed
                self.unknown = None
                self.acknowledged.release()


def vector_of(key):
    return numpy.full(DIM, key % 1000 + 0.5, dtype=numpy.float32)


def insert(keys):
    rows = [{"id": key, "v": vector_of(key), "t": f"row {key}"} for key in keys]
    fields = [
        {"name": "id", "type": pymilvus.DataType.INT64, "is_primary": True, "auto_id": False},
        {"name": "v", "type": pymilvus.DataType.FLOAT_VECTOR, "params": {"dim": DIM}},
        {"name": "t", "type": pymilvus.DataType.VARCHAR, "params": {"max_length": 100}},
    ]
    return Prepare.row_insert_param("a", rows, "", fields_info=fields)


def make_collection(client):
    schema = client.create_schema()
    schema.add_field("id", pymilvus.DataType.INT64, is_primary=True)
    schema.add_field("v", pymilvus.DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("t", pymilvus.DataType.VARCHAR, max_length=100)
    index = client.prepare_index_params()
    index.add_index("v", metric_type="L2")
    client.create_collection("a", schema=schema, index_params=index)


def stored(client):
    """Keys of all rows, each of which is whole."""
    found = {}
    rows = client.query_iterator("a", batch_size=5_000, filter="", output_fields=["id", "v", "t"])
    while page := rows.next():
        for row in page:
            assert row["id"] not in found
            assert row["t"] == f"row {row['id']}"
            assert numpy.array_equal(numpy.float32(row["v"]), vector_of(row["id"]))
            found[row["id"]] = row
    rows.close()
    return set(found)


def check(writers, before, there):
    """`there` is what the log says, but for calls without an answer, which are there or not."""
    wanted = before.union(*(writer.rows for writer in writers))
    for writer in writers:
        if writer.unknown is None:
            continue
        what, keys = writer.unknown
        part = keys & there
        assert part in (set(), keys), f"half of what was {what}: {sorted(part)} of {sorted(keys)}"
        wanted = wanted | part if what == "inserted" else wanted - (keys - part)
    assert there == wanted, f"lost {sorted(wanted - there)}, too much {sorted(there - wanted)}"


def test_acknowledged_writes_survive_kills(start):
    batches = itertools.count()
    before = set()
    # Small segments, so that kills fall into flushes and compactions too.
    server = start("--growing-bytes-max", str(1 << 20))
    client = pymilvus.MilvusClient(server.uri)
    make_collection(client)
    for _ in range(KILLS):
        acknowledged = threading.Semaphore(0)
        writers = [Writer(i, server.port, batches, acknowledged) for i in range(WRITERS)]
        for writer in writers:
            writer.start()
        for _ in range(WRITES_BEFORE_A_KILL):
            assert acknowledged.acquire(timeout=120), [writer.wrong for writer in writers]
        server.stop(signal.SIGKILL)
        for writer in writers:
            writer.join()
        assert [writer.wrong for writer in writers if writer.wrong] == []
        client.close()
        server = start("--growing-bytes-max", str(1 << 20))
        client = pymilvus.MilvusClient(server.uri)
        there = stored(client)
        check(writers, before, there)
        before = there
    client.close()
    assert server.stop() == 0


def test_the_check_notices_a_lost_row_and_half_a_batch():
    """The test above can fail."""
    writer = Writer(0, 0, None, None)
    writer.rows = {1, 2, 3}
    check([writer], {9}, {1, 2, 3, 9})
    for there in ({1, 2, 3}, {1, 2, 9}, {1, 2, 3, 4, 9}):
        with pytest.raises(AssertionError):
            check([writer], {9}, there)
    writer.unknown = ("inserted", {4, 5})
    check([writer], {9}, {1, 2, 3, 9})
    check([writer], {9}, {1, 2, 3, 4, 5, 9})
    with pytest.raises(AssertionError):
        check([writer], {9}, {1, 2, 3, 4, 9})
