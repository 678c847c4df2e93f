"""Traces of calls, as a collector of OpenTelemetry gets them."""

import http.server
import json
import threading
import urllib.request

import pytest

pymilvus = pytest.importorskip("pymilvus")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


class Collector(http.server.BaseHTTPRequestHandler):
    """Keeps the spans that are posted to /v1/traces."""

    def do_POST(self):  # noqa: N802  (the name that http.server calls)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
        for group in body["resourceSpans"]:
            resource = {each["key"]: each["value"] for each in group["resource"]["attributes"]}
            for scope in group["scopeSpans"]:
                for span in scope["spans"]:
                    span["service"] = resource["service.name"]["stringValue"]
                    self.server.spans.append(span)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def collector():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.spans = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def values_of(span):
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


def fill(uri):
    client = pymilvus.MilvusClient(uri)
    client.create_collection("traced", dimension=4)
    client.insert("traced", [{"id": i, "vector": [i, 1, 2, 3]} for i in range(20)])
    client.search("traced", [[1, 1, 1, 1]], limit=5)
    with pytest.raises(pymilvus.MilvusException):
        client.search("traced", [[1, 1]], limit=5)
    client.close()


def test_calls_become_spans(start, collector):
    server = start("--otlp-endpoint", f"http://127.0.0.1:{collector.server_port}/v1/traces")
    fill(server.uri)
    assert server.stop() == 0  # sends what is left
    by_name = {}
    for span in collector.spans:
        by_name.setdefault(span["name"], []).append(span)
        assert span["kind"] == 2 and span["service"] == "simile"
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        assert len(span["traceId"]) == 32 and len(span["spanId"]) == 16
    assert len({span["spanId"] for span in collector.spans}) == len(collector.spans)
    (insert,) = by_name["Insert"]
    values = values_of(insert)
    assert values["rpc.system"] == "grpc" and values["rpc.method"] == "Insert"
    assert values["db.collection.name"] == "traced" and values["db.namespace"] == "default"
    assert values["simile.rows"] == "20" and values["simile.code"] == "0"
    assert values["simile.queue_seconds"] >= 0 and values["simile.engine_seconds"] > 0
    good, bad = by_name["Search"]
    assert values_of(good)["simile.rows"] == "5" and good["status"] == {}
    assert values_of(bad)["simile.code"] == "1100" and bad["status"] == {"code": 2}
    assert "parentSpanId" not in good


def rest(server, path, body, traceparent):
    request = urllib.request.Request(
        f"{server.http}/v2/vectordb/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "traceparent": traceparent},
    )
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def test_callers_hand_their_trace_on(start, collector, monkeypatch):
    grpc = pytest.importorskip("grpc")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "photos")
    server = start()
    fill(server.uri)
    request = {"collectionName": "traced", "data": [[1, 2, 3, 4]], "limit": 3}
    answer = rest(server, "entities/search", request, f"00-{TRACE}-{PARENT}-01")
    assert len(answer["data"]) == 3
    rest(server, "collections/list", {}, f"00-{TRACE}-{PARENT}-00")  # not to be traced
    with grpc.insecure_channel(f"{server.host}:{server.port}") as channel:
        call = channel.unary_unary("/milvus.proto.milvus.MilvusService/GetVersion")
        call(b"", metadata=[("traceparent", f"00-{TRACE}-{PARENT}-01")])
    assert server.stop() == 0
    traced = [span for span in collector.spans if span["traceId"] == TRACE]
    assert sorted(span["name"] for span in traced) == ["GetVersion", "rest/entities/search"]
    assert {span["parentSpanId"] for span in traced} == {PARENT}
    assert {span["service"] for span in collector.spans} == {"photos"}
    values = values_of(next(span for span in traced if span["name"].startswith("rest/")))
    assert values["db.collection.name"] == "traced" and values["simile.rows"] == "3"
    assert values["rpc.system"] == "http"


def test_a_collector_that_is_gone_holds_nothing_up(start):
    server = start("--otlp-endpoint", "http://127.0.0.1:1/v1/traces")
    fill(server.uri)
    metrics = urllib.request.urlopen(f"{server.http}/metrics").read().decode()
    assert 'simile_trace_spans_total{result="exported"} 0' in metrics
    assert server.stop() == 0
    assert server.log_path.read_text().count('"event":"traces_dropped"') == 1


def test_an_endpoint_that_is_no_address_is_refused(binary, tmp_path):
    import subprocess

    command = [binary, "serve", "--db", tmp_path / "a.simile", "--otlp-endpoint", "collector:4318"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 1 and "otlp_endpoint is 'collector:4318'" in done.stderr
