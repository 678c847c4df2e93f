"""The page's files and calls, without a browser; tests/page has them in one."""

import json
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import numpy
import pytest

DIM = 8


def fetch(server, path, body=None, method=None, **headers):
    """Status, headers, bytes."""
    request = urllib.request.Request(server.http + path, body, headers, method=method)
    try:
        answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, answer.headers, answer.read()


@pytest.fixture
def post(server):
    """The answer of a call that must succeed; with status=..., the message of one that must not."""

    def send(path, status=200, **body):
        code, _, answer = fetch(
            server, f"/ui/api/{path}", json.dumps(body).encode(),
            **{"Content-Type": "application/json", "X-Simile-Page": "1"},
        )
        answer = json.loads(answer)
        assert code == status, answer
        return answer if status == 200 else answer["error"]["message"]

    return send


@pytest.fixture
def upload(server, post):
    """Sends a file in pieces; gives its token."""

    def send(name, data, piece=1000):
        token = post("upload", name=name, size=len(data))["upload"]
        for offset in range(0, len(data), piece):
            code, _, answer = fetch(
                server, f"/ui/api/upload/part?upload={token}&offset={offset}",
                data[offset : offset + piece],
                **{"Content-Type": "application/octet-stream", "X-Simile-Page": "1"},
            )
            assert code == 200, answer
        return token

    return send


@pytest.fixture
def wait(server):
    """Waits for a job; gives what it has become."""

    def until(number):
        while True:
            jobs = json.loads(fetch(server, "/ui/api/jobs")[2])["jobs"]
            job = next(each for each in jobs if each["number"] == number)
            if job["state"] != "running":
                return job

    return until


@pytest.fixture
def filled(upload, post, wait, name):
    """A collection of 300 rows with id, vector, label and year."""
    made = numpy.random.default_rng(3).normal(size=(300, DIM)).astype("float32")
    lines = [
        json.dumps({"id": i, "vector": v.tolist(), "label": "ab"[i % 2], "year": 1900 + i})
        for i, v in enumerate(made)
    ]
    token = upload("rows.jsonl", "\n".join(lines).encode(), piece=10_000)
    job = post("import", upload=token, collection=name, metric="l2", key_column="id")["job"]
    assert wait(job)["state"] == "done"
    yield made
    post("collection/drop", collection=name)


def test_the_page_is_small_and_loads_nothing_from_elsewhere(server):
    status, headers, page = fetch(server, "/")
    assert status == 200 and headers["Content-Type"].startswith("text/html")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert b"<script>" not in page and b"style=" not in page
    names = set(re.findall(r'(?:href|src)="(/ui/[^"]+)"', page.decode()))
    total, seen = len(page), set()
    while names - seen:
        each = (names - seen).pop()
        seen.add(each)
        status, headers, data = fetch(server, each)
        assert status == 200, each
        assert headers["X-Content-Type-Options"] == "nosniff"
        total += len(data)
        if each.endswith(".js"):
            names |= {f"/ui/{name}" for name in re.findall(r"from '\./([\w.]+)'", data.decode())}
            local = data.replace(b"http://${", b"")
            assert not re.search(rb"https?://(?!www\.w3\.org)", local), each
    assert len(seen) > 15
    for each in ("/ui/map_worker.js", "/ui/umap-js.min.js"):
        total += len(fetch(server, each)[2])
    assert total < 300_000


def test_a_file_that_has_not_changed_is_not_sent_again(server):
    _, headers, data = fetch(server, "/ui/base.css")
    assert data
    status, _, again = fetch(server, "/ui/base.css", **{"If-None-Match": headers["ETag"]})
    assert status == 304 and again == b""


@pytest.mark.parametrize("path", ["/ui/../etc/passwd", "/ui/%2e%2e/x", "/ui/", "/ui/nothing.js"])
def test_no_address_leads_to_another_file(server, path):
    assert fetch(server, path)[0] in (400, 404)


def test_calls_need_the_header_that_forms_cannot_send(server, name):
    body = json.dumps({"collection": name}).encode()
    for path in ("collection/drop", "search", "import", "folder", "jobs/stop"):
        status, _, answer = fetch(server, f"/ui/api/{path}", body, **{"Content-Type": "text/plain"})
        assert status == 400 and b"X-Simile-Page" in answer


def test_pages_of_other_sites_are_refused(server):
    status, _, _ = fetch(server, "/ui/api/hello", Origin="http://evil.example")
    assert status == 403
    status, _, _ = fetch(server, "/ui/api/hello", Host="evil.example")
    assert status == 403


def test_search_finds_what_numpy_finds(post, filled, name):
    query = filled[7] + 0.01
    wanted = numpy.argsort(((filled - query) ** 2).sum(axis=1))[:5]
    found = post("search", collection=name, vector=query.tolist(), k=5, exact=True)
    assert [int(each["key"]) for each in found["hits"]] == wanted.tolist()
    assert found["hits"][0]["row"]["label"] == "ab"[7 % 2]
    assert not any(each["missed"] for each in found["hits"]) or found["recall"] < 1
    assert found["metric"] == "l2" and found["rows"] == 300 and found["milliseconds"] > 0


def test_a_row_is_searched_with_by_its_key(post, filled, name):
    found = post("search", collection=name, key="12", k=3, filter="label == 'a'")
    assert found["hits"][0]["key"] == "12" and found["hits"][0]["distance"] == 0
    assert all(each["row"]["label"] == "a" for each in found["hits"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"vector": [1, 2, 3]}, "the query has 3 numbers; field 'vector' has 8"),
        ({"vector": "abc"}, "must be a list of numbers"),
        ({"vector": [1, 2, 3, 4, 5, 6, 7, "x"]}, "number 8 of the query is none"),
        ({"vector": [0] * 8, "k": 1001}, "'k' is 1001, and must be a whole number up to 1000"),
        ({"vector": [0] * 8, "filter": "yaer > 3"}, "unknown field 'yaer' at 1"),
        ({"vector": [0] * 8, "recall": 7}, "recall"),
        ({"key": "x"}, "'x' is no key of this collection"),
        ({}, "'key' is needed"),
    ],
)
def test_a_bad_search_says_what_is_wrong(post, filled, name, body, words):
    assert words in post("search", status=400, collection=name, **body)


def test_what_is_not_there_is_404(post, filled, name):
    assert "no row" in post("row", status=404, collection=name, key="999")
    assert "can't find collection" in post("search", status=404, collection="nothing", vector=[])


def test_count_and_values_help_a_filter(post, filled, name):
    assert post("count", collection=name, filter="year < 1910")["matching"] == 10
    values = post("values", collection=name, field="label")["values"]
    assert sorted(each["value"] for each in values) == ["a", "b"]
    assert "filter: " in post("count", status=400, collection=name, filter="year <")


def test_the_map_is_the_principal_components(post, filled, name):
    found = post("map", collection=name, rows=300, colour="label")
    centred = filled - filled.mean(axis=0)
    values = numpy.linalg.svd(centred, compute_uv=False) ** 2
    assert numpy.allclose(found["variances"][:2], values[:2], rtol=0.02)
    assert numpy.isclose(found["variances"][-1], values.sum(), rtol=1e-3)
    assert len(found["keys"]) == 300 and set(found["colours"]) == {"a", "b"}
    some = post("map", collection=name, rows=80)
    assert len(some["keys"]) == 80 and some["matching"] == 300


def test_a_row_is_deleted(post, filled, name):
    assert post("row/delete", collection=name, key="3")["deleted"] == 1
    assert post("count", collection=name, filter="")["matching"] == 299


@pytest.mark.parametrize(
    ("file", "data", "words"),
    [
        ("x.exe", b"abc", "no kind that can be imported"),
        ("../../x", b"abc", "no kind that can be imported"),
    ],
)
def test_other_files_are_not_taken(post, file, data, words):
    assert words in post("upload", status=400, name=file, size=len(data))


def test_a_damaged_file_is_named_as_its_sender_knows_it(post, upload):
    token = upload("my vectors.npy", b"nonsense, not an array")
    message = post("inspect", status=400, upload=token)
    assert "my vectors.npy" in message and token not in message and "/tmp" not in message


def test_a_piece_that_does_not_follow_is_refused(server, post):
    token = post("upload", name="x.npy", size=10)["upload"]
    for offset, data in ((5, b"abc"), (0, b"a" * 11)):
        status, _, answer = fetch(
            server, f"/ui/api/upload/part?upload={token}&offset={offset}", data,
            **{"Content-Type": "application/octet-stream", "X-Simile-Page": "1"},
        )
        assert status == 400 and b"does not follow" in answer
    assert "0 of 10 bytes" in post("inspect", status=409, upload=token)
    post("upload/drop", upload=token)
    assert "not known" in post("inspect", status=400, upload=token)


def test_a_folder_that_was_not_allowed_is_not_read(server, post, tmp_path, name):
    message = post("folder", status=400, folder=str(tmp_path), collection=name)
    assert "--picture-folders" in message
    known = json.loads(fetch(server, "/ui/api/collections")[2])["collections"]
    assert name not in [each["name"] for each in known]


def test_health_shows_what_failed(server, post, filled, name):
    post("count", status=400, collection=name, filter="nothing == 1")
    found = json.loads(fetch(server, "/ui/api/health")[2])
    assert any("unknown field 'nothing'" in each["detail"] for each in found["failed"])
    assert found["resident_bytes"] > 0 and found["databases"][0]["name"] == "default"
    assert {"ui/api/count"} <= {each["method"] for each in found["calls"]}


def test_ui_makes_a_database_and_prints_its_address(binary, tmp_path):
    process = subprocess.Popen(
        [binary, "ui", "--db", tmp_path / "new.simile", "--no-browser"],
        stdout=subprocess.PIPE, text=True,
    )
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())[0]
        assert b"<title>Simile" in urllib.request.urlopen(address).read()
        answer = urllib.request.urlopen(urllib.parse.urljoin(address, "/ui/api/collections"))
        assert json.load(answer) == {"collections": []}
    finally:
        process.terminate()
        assert process.wait(60) == 0
        process.stdout.close()
