"""simile.connect: what a connection has beside what any database has (database_test and others)."""

import sys
import threading
from concurrent import futures

import numpy as np
import pytest

import simile
from simile import _remote_reader, pictures
from simile._channel import load_protocol

FIELDS = {
    "id": "int64 primary key",
    "feature": "float32[4] l2",
    "label": "string nullable",
    "tags": "array<int16> nullable",
    "names": "array<string>",
    "extra": "json nullable",
    "second": "bit[8] hamming nullable",
    "flag": "bool",
    "small": "int8",
    "weight": "double nullable",
}


def table(rows, first=0):
    ids = np.arange(first, first + rows)
    return {
        "id": ids,
        "feature": np.stack([ids, ids, ids, ids], axis=1).astype(np.float32),
        "label": [None if i % 3 == 0 else f"l{i}" for i in ids],
        "tags": [None if i % 4 == 0 else list(range(-1, i % 5)) for i in ids],
        "names": [["ü"] * (i % 3) for i in ids],
        "extra": [None if i % 2 else {"i": int(i)} for i in ids],
        "second": [None if i % 5 == 0 else np.array([i % 256], np.uint8) for i in ids],
        "flag": ids % 2 == 0,
        "small": -(ids % 100),
        "weight": np.ma.MaskedArray(ids / 2, ids % 7 == 0),
    }


def plain(rows):
    """Rows as dicts of Python values, null where they are null."""
    found = []
    for row in rows:
        for name, value in row.items():
            if isinstance(value, np.ma.MaskedArray) and value.mask.all():
                row[name] = None
            elif isinstance(value, np.ndarray):
                row[name] = value.tolist()
        found.append(row)
    return found


@pytest.fixture
def server(python_server):
    return python_server


@pytest.fixture
def connected(server, request):
    name = f"c{abs(hash(request.node.name)) % 10**9}"
    with simile.connect(server.uri, database=name, create=True) as db:
        yield db


def test_every_type_is_the_same_as_in_a_directory(connected, tmp_path):
    found, q = [], np.full(4, 9.2)
    with simile.open(tmp_path / "here.simile") as opened:
        for db in (connected, opened):
            c = db.create_collection("c", FIELDS)
            c.insert(table(60))
            c.upsert(table(5, first=58))
            key, reverse = "id in {ids} and small <= 0", [7, 3, 3, 1_000_000, 59]
            found.append([
                {name: field for name, field in c.fields.items()},
                plain(c.query()),
                plain(c.query(key, values={"ids": list(range(40))}, limit=9, offset=4)),
                plain(c.get(reverse)),
                plain(c.get([])),
                plain(c.query("id < 0")),
                plain(c.search(q, k=7, field="feature", fields=list(FIELDS))),
                plain(c.search(q, k=7, field="feature", where="id < 0", fields=list(FIELDS))),
                c.search(np.zeros((3, 4)), k=70, field="feature").ids.tolist(),
                plain(c.search(np.array([12], np.uint8), k=9, field="second", fields=["names"])),
                c.delete(where="label is null"),
                len(c),
            ])
    for here, there in zip(*found):
        assert here == there


def test_long_answers_come_in_parts_of_one_snapshot(connected, monkeypatch):
    c = connected.create_collection("c", FIELDS)
    c.insert(table(5000))
    whole = plain(c.query())
    monkeypatch.setattr(_remote_reader, "_REPLY_BYTES", 20_000)
    monkeypatch.setattr(_remote_reader, "_FIRST_ROWS", 7)
    calls = []
    send = connected._native._channel.call

    def call(name, *rest):
        if name == "Query" and len(calls) == 3:
            calls.append(name)
            c.truncate()
        calls.append(name)
        return send(name, *rest)

    monkeypatch.setattr(connected._native._channel, "call", call)
    assert plain(c.query()) == whole
    assert len(calls) > 10 and c.count() == 0


def test_a_snapshot_that_the_server_has_forgotten_says_so(connected):
    c = connected.create_collection("c", {"id": "int64 primary key", "v": "float32[2] l2"})
    c.insert({"id": [1], "v": [[1, 2]]})
    first = c.snapshot()
    newer = [c.snapshot() for _ in range(256)]
    assert newer[-1].count() == 1
    for read in (first.count, lambda: first.search([1, 2]), lambda: first.get([1])):
        with pytest.raises(simile.errors.NotFound, match="snapshot of 'c' is gone.*take another"):
            read()


def test_other_clients_see_the_same(connected, server):
    pymilvus = pytest.importorskip("pymilvus")
    c = connected.create_collection("c", FIELDS)
    c.insert(table(20))
    name = connected._native._channel.database
    other = pymilvus.MilvusClient(server.uri, db_name=name)
    hits = other.search("c", [[3, 3, 3, 3]], anns_field="feature", limit=2, output_fields=["label"])
    assert [hit["id"] for hit in hits[0]] == [3, 2]
    other.insert("c", [{**row, "id": 100} for row in plain(c.get([4]))])
    assert c.get(100).columns["small"].tolist() == [-4]
    other.create_collection("theirs", dimension=4)
    other.insert("theirs", [{"id": 1, "vector": [1, 2, 3, 4], "color": "red"}])
    theirs = connected["theirs"]
    assert theirs.fields["vector"].spec == "float32[4] cosine"
    assert theirs.query("color == 'red'").columns["$meta"] == [{"color": "red"}]
    theirs.insert({"id": [2], "vector": [[0, 0, 0, 1]], "size": [7]})
    assert other.query("theirs", "size == 7")[0]["id"] == 2
    other.release_collection("theirs")
    assert len(theirs) == 2  # nothing has to be loaded here
    other.close()


def test_operations_of_several_are_refused(connected):
    c = connected.create_collection("c", {"id": "int64 primary key", "v": "float32[2] l2"})
    with pytest.raises(simile.errors.Unimplemented, match="simile.open has write"):
        connected.write([("delete", "c", [1])])
    with pytest.raises(simile.errors.InvalidArgument, match="of a directory"):
        pictures.index_pictures(connected, ".")
    assert c.flush() is None and c.compact() is None


def test_sizes(connected, server):
    c = connected.create_collection("c", FIELDS)
    c.insert(table(30))
    c.delete([1, 2])
    c.flush()
    info = c.info()
    assert (info.name, info.rows, info.growing_rows) == ("c", 28, 0) and info.disk_bytes > 0
    assert connected.info().collections == [info]
    assert connected.info().path == server.uri and server.uri in repr(connected)


def test_a_database_must_be_there(server):
    with pytest.raises(simile.errors.NotFound, match="no database 'nosuch'.*default.*create=True"):
        simile.connect(server.uri, database="nosuch")
    with simile.connect(server.uri + "/made", create=True) as db:
        db.create_collection("c", {"id": "int64 primary key", "v": "float32[2] l2"})
    with simile.connect(server.uri + "/made") as db:
        assert db.collections() == ["c"]
    with simile.connect(server.uri) as db:
        assert "c" not in db.collections()


def test_a_closed_connection_says_so(server):
    db = simile.connect(server.uri)
    db.close()
    with pytest.raises(simile.errors.FailedPrecondition, match="connection is closed"):
        db.collections()


@pytest.mark.parametrize(
    "uri", ["", "ftp://a", "http://", "http://a:b", "http://a:70000", "a b:1:2"]
)
def test_what_is_no_address_is_refused(uri):
    with pytest.raises(simile.errors.InvalidArgument, match="no address of a server"):
        simile.connect(uri)


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(simile.errors.Unavailable, match="no server answers at http://127.0.0.1:1 "):
        simile.connect("http://127.0.0.1:1", connect_timeout=0.2)
    with pytest.raises(simile.errors.NotFound, match="cannot read /nosuch.pem"):
        simile.connect("https://127.0.0.1:1", ca_file="/nosuch.pem")


def test_without_grpcio_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(simile.errors.Unimplemented, match=r"pip install 'simile\[client\]'"):
        simile.connect()


@pytest.fixture
def silent_server():
    """A server that knows its databases and answers nothing else before the test is over."""
    grpc = pytest.importorskip("grpc")
    over = threading.Event()
    protocol = load_protocol()

    class Handler(grpc.GenericRpcHandler):
        def service(self, details):
            return grpc.unary_unary_rpc_method_handler(lambda request, _: answer(details.method))

    def answer(method):
        if not method.endswith("/ListDatabases"):
            over.wait()
        return protocol.encode("ListDatabasesResponse", {"db_names": ["default"]})

    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[Handler()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"http://127.0.0.1:{port}"
    over.set()
    server.stop(None).wait()


def test_a_call_has_a_time_limit(silent_server):
    with simile.connect(silent_server, timeout=2) as db:
        db._native._channel._timeout = 0.05
        with pytest.raises(simile.errors.Unavailable, match="(?i)deadline"):
            db.collections()
