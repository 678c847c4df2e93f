"""What has been published against other vector databases and their clients, tried here.

Each test names the class of advisory. What of them concerns users and ports is in access_test.py:
forged internal headers and a port without a gate (Milvus), a key that is mapped to another user
(Weaviate; also access_test.cc). What concerns damaged files of an index is in the tests of the
engine: section_file_fuzz, database_damage_test.cc, standalone_file.
"""

import json
import re
import urllib.error
import urllib.request

import numpy
import pytest

from source_tree import ROOT

pymilvus = pytest.importorskip("pymilvus")

HOSTILE_NAMES = ["../up", "/etc/passwd", "a/b", "..", ".", "a\\b", "a\0b", "", "a b", "ä", "-a",
                 "1a", "a" * 256, "%2e%2e", "$a", "a;b", "{a}", "C:\\x", "file:///etc/passwd"]


def refused(call, *arguments, **options):
    with pytest.raises(Exception) as raised:
        call(*arguments, **options)
    assert "65535" not in str(raised.value), raised.value
    return str(raised.value)


def status_of(server, method, path, body=b"{}"):
    request = urllib.request.Request(server.http + path, body if method == "POST" else None,
                                     method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def files_of(folder):
    return sorted(str(p) for p in folder.rglob("*"))


def test_names_are_never_paths(start, tmp_path):
    """Qdrant: a path in the name of a snapshot; Weaviate: `..` and absolute paths in backups."""
    server = start()
    client = pymilvus.MilvusClient(server.uri)
    client.create_collection("c", dimension=4)
    outside = files_of(tmp_path.parent)
    outside = [p for p in outside if not p.startswith(str(server.path))]
    for name in HOSTILE_NAMES:
        refused(client.create_collection, name, dimension=4)
        refused(client.create_database, name)
        refused(client.create_partition, "c", name)
        refused(client.create_alias, "c", name)
        refused(client.rename_collection, "c", name)
        refused(client.create_user, name, "a password")
        refused(client.create_role, name)
        schema = client.create_schema()
        schema.add_field("id", pymilvus.DataType.INT64, is_primary=True)
        schema.add_field(name, pymilvus.DataType.FLOAT_VECTOR, dim=4)
        refused(client.create_collection, "d", schema=schema)
    assert client.list_collections() == ["c"]
    now = [p for p in files_of(tmp_path.parent) if not p.startswith(str(server.path))]
    assert now == outside


def test_debug_and_management_paths_are_not_there(server):
    """Milvus: evaluation of expressions on the debug port; Qdrant: the logger's path by a call."""
    for path in ("/expr", "/expr?code=1", "/eventlog", "/debug/pprof/", "/debug/vars", "/log/level",
                 "/management/stop", "/management/rootcoord/gc/pause", "/logger", "/telemetry",
                 "/snapshots", "/collections/c/snapshots/upload", "/webui/", "/api/v1/health",
                 "/v1/vector/collections", "/v2/vectordb/jobs/import/create", "/static/../x",
                 "/v2/vectordb/../../metrics", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd"):
        for method in ("GET", "POST"):
            assert status_of(server, method, path) in (404, 405), (method, path)


def test_only_what_asks_addresses_of_the_settings_opens_connections():
    """Qdrant and others: an address in a request is fetched. Traces go to the one address of the
    settings, and a model ranker asks none but those of rerank_endpoints (model_ranker_test)."""
    sources = [p for p in (ROOT / "src" / "simile" / "server").rglob("*.cc")
               if not p.name.endswith(("_test.cc", "_fuzz.cc"))]
    assert len(sources) > 50
    for path in sources:
        text = re.sub(r"//.*", "", path.read_text())
        if path.parent.name == "tracing":  # sends to the one address of the server's settings
            continue
        for word in ("httplib::Client", "::connect(", "CreateChannel", "curl_", "getaddrinfo",
                     "popen(", "system(", "execv", "dlopen("):
            if (path.name, word) in (("shared_port.cc", "getaddrinfo"),  # where it listens
                                     ("model_ranker.cc", "httplib::Client")):
                continue
            assert word not in text, (path, word)


def test_a_request_names_no_model(server, client, name):
    """Chroma: a model that the client names is loaded, before the credential is looked at."""
    schema = client.create_schema()
    schema.add_field("id", pymilvus.DataType.INT64, is_primary=True)
    schema.add_field("t", pymilvus.DataType.VARCHAR, max_length=99)
    schema.add_field("v", pymilvus.DataType.FLOAT_VECTOR, dim=4)
    schema.add_function(pymilvus.Function(
        name="f", function_type=pymilvus.FunctionType.TEXTEMBEDDING, input_field_names=["t"],
        output_field_names=["v"],
        params={"provider": "../../tmp/model", "model_name": "http://127.0.0.1:1/model"}))
    refused(client.create_collection, name, schema=schema)
    assert not client.has_collection(name)


def test_parameters_of_an_index_are_bounded(client, name):
    """hnswlib, Faiss, valkey-search: a huge M; pgvector: sizes that wrap in a parallel build."""
    client.create_collection(name, dimension=4, metric_type="L2")
    client.insert(name, [{"id": i, "vector": [float(i), 0, 0, 0]} for i in range(100)])
    client.release_collection(name)
    client.drop_index(name, "vector")
    for params in ({"M": 2**31}, {"M": 2**63 - 1}, {"M": -1}, {"efConstruction": 2**62},
                   {"nlist": 2**31 - 1}, {"nlist": -(2**63)}, {"nbits": 255, "m": 2**31},
                   {"M": "1e400"}, {"M": "AAAA" * 1000}):
        index = client.prepare_index_params()
        index.add_index("vector", index_type="HNSW", metric_type="L2", params=params)
        try:
            client.create_index(name, index)
        except pymilvus.MilvusException as error:
            assert "65535" not in str(error)
            continue
        client.load_collection(name)
        assert client.search(name, [[3, 0, 0, 0]], limit=1)[0][0]["id"] == 3
        client.release_collection(name)
        client.drop_index(name, "vector")
    client.drop_collection(name)


def test_sizes_of_searches_are_bounded(client, name):
    client.create_collection(name, dimension=4, metric_type="L2")
    client.insert(name, [{"id": 1, "vector": [1, 0, 0, 0]}])
    near = [[1, 0, 0, 0]]
    for limit in (0, -1, 16_385, 2**31, 2**63):
        refused(client.search, name, near, limit=limit)
    refused(client.search, name, near * 16_385, limit=1)
    assert "16777216" in refused(client.search, name, near * 2_000, limit=16_384)
    refused(client.search, name, near, limit=10, filter="(" * 300 + "id > 0" + ")" * 300)
    refused(client.search, name, near, limit=10, filter="id > 0 and " * 300_000 + "id > 0")
    for dim in (0, -1, 65_537, 2**31, 2**63 - 1):
        refused(client.create_collection, name + "_other", dimension=dim)
    client.drop_collection(name)


def test_no_file_runs_code_when_it_is_read(binary, tmp_path):
    """LangChain: an index is read by pickle."""
    import subprocess

    for folder in ("python", "tools", "bench", "src"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text()
            found = re.search(r"^\s*(import|from) (pickle|dill|shelve|marshal)\b", text, re.M)
            assert not found, path
            assert "allow_pickle=True" not in text, path

    class Trap:
        def __reduce__(self):
            return print, ("executed",)

    numpy.save(tmp_path / "trap.npy", numpy.array([Trap()], dtype=object), allow_pickle=True)
    done = subprocess.run(
        list(map(str, [binary, "import", tmp_path / "trap.npy", "--db", tmp_path / "a.simile",
                       "--collection", "c"])), capture_output=True, text=True)
    assert done.returncode == 1 and "executed" not in done.stdout + done.stderr


def test_values_of_a_filter_are_no_part_of_its_language(server, client, name):
    """Spring AI: what a user types becomes a filter."""
    client.create_collection(name, dimension=4, metric_type="L2")
    texts = ["a", "a' or '1' == '1", 'a" or "1" == "1', "a' || true || '", "{x}", "a\\", "'); drop",
             "a' or id >= 0 or t == 'a", "\\' or 1==1 #"]
    client.insert(name, [{"id": i, "vector": [i, 0, 0, 0], "t": t} for i, t in enumerate(texts)])
    for i, text in enumerate(texts):
        for filter in ("t == {x}", "t in {x}"):
            value = [text] if "in" in filter else text
            rows = client.query(name, filter, filter_params={"x": value})
            assert [row["id"] for row in rows] == [i], (filter, text)
            hits = client.search(name, [[0, 0, 0, 0]], limit=10, filter=filter,
                                 filter_params={"x": value})[0]
            assert [hit["id"] for hit in hits] == [i], (filter, text)
    body = {"collectionName": name, "filter": "t == {x}", "exprParams": {"x": texts[1]}}
    request = urllib.request.Request(server.http + "/v2/vectordb/entities/query",
                                     json.dumps(body).encode())
    assert [row["id"] for row in json.load(urllib.request.urlopen(request))["data"]] == [1]
    assert client.delete(name, filter="t == {x}",
                         filter_params={"x": "a' or id >= 0"})["delete_count"] == 0
    client.drop_collection(name)
