"""Requests of HTTP that no careful client sends: to REST, to the page's calls, and mere bytes."""

import json
import re

from hostile.messages import FILTERS, NUMBERS, TEXTS, damaged

# What ends the connection, so that nothing can be sent behind it.
BYTES_LINES = [
    b"GET /metrics HTTP/1.1", b"POST /v2/vectordb/x HTTP/1.1", b"GET", b"\xff\xfe", b"",
    b"GET /" + b"%2e%2e/" * 50 + b" HTTP/1.1", b"PRI * HTTP/2.0", b"GET /openapi.json HTTP/9.9",
    b"GET /ui/api/picture?collection=c&key=1 HTTP/1.1", b"DELETE / HTTP/1.1", b"GET //x HTTP/1.1",
    b"GET /ui/app.js?" + b"a=b&" * 3000 + b" HTTP/1.1",
]
BYTES_HEADERS = [
    b"Host: localhost", b"Host: evil", b"Content-Length: -1", b"Content-Length: 5",
    b"Content-Length: 99999999999999999999", b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip",
    b"Range: bytes=0-0,1-1,2-", b"Range: bytes=-99999", b"Expect: 100-continue",
    b"Authorization: Basic !!!!", b"Authorization: Bearer ", b"A" * 9000, b": ", b"Upgrade: h2c",
    b"Content-Type: multipart/form-data; boundary=" + b"-" * 100, b"Accept-Encoding: br, gzip",
    b"Content-Encoding: gzip", b"Origin: http://evil", b"Cookie: " + b"a=b; " * 500,
]
MEMBERS = (
    "collectionName", "dbName", "data", "limit", "offset", "filter", "outputFields", "annsField",
    "searchParams", "schema", "indexParams", "dimension", "metricType", "partitionName", "ids",
    "id", "partitionNames", "aliasName", "exprParams", "groupingField", "rerank", "search",
    "params",
    "userName", "password", "roleName", "privilege", "objectType", "indexName", "fieldName",
    "properties", "consistencyLevel", "partialUpdate", "autoId", "primaryFieldName",
    "collection", "key", "vector", "text", "k", "effort", "recall", "exact", "field", "fields",
    "rows", "colour", "db", "upload", "uploads", "name", "size", "folder", "model", "job",
    "columns",
)
BOUNDARY = b"x1y2"


class HttpRequests:
    def __init__(self, choose, credential, routes):
        """`routes` are (method, path)."""
        self.choose = choose
        self.credential = credential
        self.rest = [path for method, path in routes if path.startswith("/v2/")]
        self.page = [route for route in routes if route[1].startswith("/ui/api")]

    def value(self, depth=0):
        choose = self.choose
        kind = choose.randrange(9 if depth < 3 else 6)
        if kind < 3:
            return choose.choice(TEXTS)
        if kind == 3:
            return choose.choice(NUMBERS)
        if kind == 4:
            return choose.choice([None, True, False, 1.5, 1e308, -0.0])
        if kind == 5:
            return [choose.random() for _ in range(choose.choice([0, 1, 4, 5, 100]))]
        if kind == 6:
            return [self.value(depth + 1) for _ in range(choose.randrange(4))]
        names = ["id", "vector", "data", "filter", "params", "x", "dataType", "elementTypeParams",
                 "fieldName", "fields", "isPrimary", "metricType", "t", "a", "j"]
        return {choose.choice(names): self.value(depth + 1) for _ in range(choose.randrange(4))}

    def body(self, path):
        choose = self.choose
        body = {"collectionName": "c", "collection": "c"} if choose.random() < 0.8 else {}
        for member in choose.sample(MEMBERS, choose.randrange(8)):
            if member.startswith("collection") and choose.random() < 0.7:
                continue
            body[member] = choose.choice(FILTERS) if member == "filter" else self.value()
        if path.endswith("search") and choose.random() < 0.5:
            body["data"] = [[choose.random() for _ in range(4)]]
            body["vector"] = body["data"][0]
        if path.endswith("sert") and choose.random() < 0.5:
            body["data"] = [{"id": choose.choice(NUMBERS), "vector": [1, 2, 3, choose.random()],
                             "t": choose.choice(TEXTS), "x": self.value()}]
        return damaged(json.dumps(body).encode(), choose)

    def framed(self, method, path, body, *headers):
        head = [f"{method} {path} HTTP/1.1", "Host: localhost",
                f"Authorization: Bearer {self.credential}", f"Content-Length: {len(body)}",
                *headers]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body

    def rest_request(self):
        path = self.choose.choice(self.rest)
        return self.framed("POST", path, self.body(path))

    def page_request(self):
        choose = self.choose
        method, path = choose.choice(self.page)
        headers = ["X-Simile-Page: 1"] if choose.random() < 0.95 else []
        if choose.random() < 0.4:
            names = ("collection", "key", "db", "field", "upload", "name", "size", "offset", "job")
            values = ("c", "1", "%00", "../x", "-1")
            pairs = [f"{choose.choice(names)}={choose.choice(values)}" for _ in range(3)]
            path += "?" + "&".join(pairs)
        if method == "GET":
            return self.framed(method, path, b"", *headers)
        kind = choose.random()
        if kind < 0.8:
            return self.framed(method, path, self.body(path), "Content-Type: application/json",
                               *headers)
        if kind < 0.9:
            part = choose.choice([b"BM" + choose.randbytes(60), b"\x89PNG\r\n\x1a\n", b"", b"x"])
            body = (b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="f"; filename="'
                    + choose.choice([b"a.png", b"../../x", b"\0", b"a" * 500]) + b'"\r\n\r\n' + part
                    + b"\r\n--" + BOUNDARY + choose.choice([b"--\r\n", b"\r\n", b""]))
            return self.framed(method, path, body,
                               f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}",
                               *headers)
        return self.framed(method, path, choose.randbytes(choose.choice([0, 7, 200])),
                           "Content-Type: application/octet-stream", *headers)

    def mere_bytes(self):
        choose = self.choose
        lines = [choose.choice(BYTES_LINES)]
        lines += choose.choices(BYTES_HEADERS, k=choose.randrange(6))
        lines += [choose.randbytes(40)] if choose.random() < 0.2 else []
        return b"\r\n".join(lines) + b"\r\n\r\n" + choose.randbytes(choose.choice([0, 5, 64]))


LENGTH = re.compile(rb"Content-Length: (\d+)")


def split_answer(received):
    """The first whole answer and what is behind it, or None."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = LENGTH.search(received, 0, end)
    size = end + 4 + (int(length[1]) if length else 0)
    return (received[:size], received[size:]) if len(received) >= size else None
