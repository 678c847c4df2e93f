"""Rankers that ask a service for the scores of texts."""

import http.server
import json
import threading

import pytest

pymilvus = pytest.importorskip("pymilvus")
if not hasattr(pymilvus, "FunctionScore"):
    pytest.skip("a client without functions of rank", allow_module_level=True)
DataType = pymilvus.DataType
ROWS = 40


class Service(http.server.BaseHTTPRequestHandler):
    """Scores a text by how often it has the query's letter; speaks as both providers do."""

    seen = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, body))
        texts = body["texts"] if self.path == "/rerank" else body["documents"]
        scores = [float(text.count(body["query"])) for text in texts]
        order = sorted(range(len(texts)), key=lambda i: -scores[i])
        if self.path == "/rerank":
            answer = [{"index": i, "score": scores[i]} for i in order]
        else:
            answer = {"results": [{"index": i, "relevance_score": scores[i]} for i in order]}
        if body["query"] == "broken":
            answer = {"error": "out of memory"}
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def service():
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()


@pytest.fixture
def client(start, service):
    server = start("--rerank-endpoints", f"http://127.0.0.1:2,{service}")
    connected = pymilvus.MilvusClient(server.uri)
    schema = connected.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("w", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("text", DataType.VARCHAR, max_length=100)
    index = connected.prepare_index_params()
    index.add_index("v", metric_type="L2")
    index.add_index("w", metric_type="L2")
    connected.create_collection("texts", schema=schema, index_params=index)
    connected.insert("texts", [
        {"id": i, "v": [i, 0], "w": [0, i], "text": "a" * i + "b" * (ROWS - i)}
        for i in range(ROWS)
    ])
    yield connected
    connected.close()


def model(endpoint, queries, provider="tei", inputs=("text",), **more):
    params = {"reranker": "model", "provider": provider, "endpoint": endpoint, **more}
    if queries is not False:
        params["queries"] = queries
    return pymilvus.Function(name="model", function_type=pymilvus.FunctionType.RERANK,
                             input_field_names=list(inputs), output_field_names=[], params=params)


def search(client, by, data=([0.0, 0.0],), **more):
    return client.search("texts", data=[list(each) for each in data], anns_field="v", ranker=by,
                         **{"limit": 5, **more})


@pytest.mark.parametrize("provider", ["tei", "vllm"])
def test_hits_are_ordered_by_the_service(client, service, provider):
    both = search(client, model(service, ["a", "b"], provider), data=[[0, 0], [0, 0]])
    assert [hit["id"] for hit in both[0]] == [4, 3, 2, 1, 0]
    assert [hit["distance"] for hit in both[0]] == [4, 3, 2, 1, 0]
    assert [hit["id"] for hit in both[1]] == [0, 1, 2, 3, 4]
    # Texts go in requests of so many.
    Service.seen.clear()
    all_rows = search(client, model(service, ["a"], provider, max_client_batch_size=15),
                      limit=ROWS)[0]
    assert [hit["id"] for hit in all_rows] == list(range(ROWS))[::-1]
    assert [len(body.get("texts") or body["documents"]) for _, body in Service.seen] == [15, 15, 10]
    parts = [pymilvus.AnnSearchRequest([[0, 0], [0, 0]], field, {}, limit=3) for field in "vw"]
    fused = client.hybrid_search("texts", parts, model(service, ["a", "b"], provider), limit=2)
    assert [[hit["id"] for hit in hits] for hits in fused] == [[2, 1], [0, 1]]


def test_what_is_refused(client, service):
    for by, words in (
        (model(service, ["a"], "openai"), "Unknow rerank model provider"),
        (model("localhost", ["a"]), "is not a valid http/https link"),
        (model("ftp://a", ["a"]), "is not a valid http/https link"),
        (model(service, "a"), r"Parse rerank params \[queries\] failed"),
        (model(service, False), "Rerank function lost params queries"),
        (model(service, ["a", "b"]), "nq must equal to queries size"),
        (model(service, ["a"], inputs=("id",)), "Rerank model only support varchar"),
        (model(service, ["a"], inputs=("text", "id")), "only supports single input"),
        (model("http://127.0.0.1:1", ["a"]), "Call service failed.*rerank_endpoints"),
        (model("http://127.0.0.1:2", ["a"]), "Call service failed: http://127.0.0.1:2: "),
        (model(service, ["broken"]), "Call service failed.*no score for each"),
    ):
        with pytest.raises(pymilvus.MilvusException, match=words):
            search(client, by)
    assert len(search(client, None)[0]) == 5
