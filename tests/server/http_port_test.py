"""The HTTP port against peers that send slowly, too much, or for somebody else."""

import http.client
import json
import socket
import threading
import urllib.request

import pytest

PATIENCE = 120  # seconds until something that must happen is thought not to


def exchange(server, sent):
    """All that comes back on a connection on which these bytes are sent, until it is closed."""
    with socket.create_connection(("127.0.0.1", server.http_port), PATIENCE) as connection:
        connection.sendall(sent)
        received = b""
        try:
            while chunk := connection.recv(1 << 16):
                received += chunk
        except ConnectionError:
            pass
        return received


def post(server, path, body="{}", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=PATIENCE)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", "/v2/vectordb/" + path, body, headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def healthy(server):
    return urllib.request.urlopen(server.http + "/healthz", timeout=PATIENCE).read() == b"OK"


def test_connections_that_send_nothing_do_not_keep_others_out(start):
    server = start("--connections-max", "4", "--receive-seconds", "600")
    silent = [socket.create_connection(("127.0.0.1", server.http_port)) for _ in range(12)]
    for each in silent[::2]:
        each.sendall(b"POST /v2/vectordb/collections/list HTTP/1.1\r\nHost: localhost\r\nCont")
    for _ in range(5):
        assert healthy(server)
    for each in silent:
        each.close()


def test_a_request_that_drips_is_ended(start):
    server = start("--receive-seconds", "1")
    for head in (b"GET /healthz HTTP/1.1\r\nA: ",
                 b"POST /v2/vectordb/collections/list HTTP/1.1\r\nHost: localhost\r\n"
                 b"Content-Length: 1000000\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.http_port), PATIENCE) as connection:
            connection.sendall(head)
            ended = threading.Event()

            def drip():
                while not ended.wait(0.05):
                    try:
                        connection.sendall(b"a")
                    except OSError:
                        return

            dripping = threading.Thread(target=drip)
            dripping.start()
            try:
                while connection.recv(1 << 16):
                    pass
            except ConnectionError:
                pass
            ended.set()
            dripping.join()
    assert healthy(server)


@pytest.mark.parametrize("sent", [
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"A: " + b"a" * (1 << 20),
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 100_000,
    b"GET /" + b"a" * (1 << 20),
    b"GET /" + b"a" * 4000 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nRange: bytes="
    + b"0-0," * 2000 + b"0-0\r\n\r\n",
    b"\0" * 100_000,
    b"\r\n" * 100_000,
])
def test_a_head_that_is_too_large_or_none_ends_the_connection(server, sent):
    exchange(server, sent)
    assert healthy(server)


def test_a_body_over_the_limit_is_refused_before_it_is_kept(start):
    server = start("--message-bytes-max", "100000")
    for head in (b"Content-Length: 100000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"):
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        try:
            exchange(server, b"POST /v2/vectordb/collections/list HTTP/1.1\r\nHost: localhost\r\n"
                     + head + chunk * 1000)
        except ConnectionError:
            pass
    assert healthy(server)


def test_a_packed_body_is_refused(server):
    status, answer = post(server, "collections/list", Content_Encoding="gzip")
    assert status == 415 and "Content-Encoding" in answer["message"]


def test_bytes_behind_a_refused_head_are_no_request(server):
    smuggled = b"POST /v2/vectordb/collections/list HTTP/1.1\r\nHost: localhost\r\n\r\n"
    received = exchange(server, b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                        + str(len(smuggled)).encode() + b"\r\n\r\n" + smuggled)
    assert received.count(b"HTTP/1.1 ") == 1
    assert received.startswith(b"HTTP/1.1 404")


def test_pages_of_other_sites_are_refused(server):
    assert post(server, "collections/list")[0] == 200
    assert post(server, "collections/list", Origin=server.http)[0] == 200
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"},
                    {"Host": "evil.example"}, {"Host": "evil.example:9091"}):
        status, answer = post(server, "collections/list", **headers)
        assert status == 403 and answer["code"] == 403, headers


def test_paths_and_methods_that_are_not_served(server):
    for method, path, status in (("GET", "/v2/vectordb/collections/list", 405),
                                 ("POST", "/metrics", 405), ("DELETE", "/metrics", 405),
                                 ("GET", "/../../etc/passwd", 404), ("GET", "/%2e%2e/x", 404),
                                 ("PUT", "/x", 404)):
        connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=PATIENCE)
        connection.request(method, path)
        assert connection.getresponse().status == status, (method, path)
