"""One port for gRPC and HTTP, as Milvus has it: what a connection begins with decides."""

import http.client
import json
import socket
import urllib.request

import pytest

pymilvus = pytest.importorskip("pymilvus")

PATIENCE = 120  # seconds until something that must happen is thought not to
REQUEST = (b"POST /v2/vectordb/collections/list HTTP/1.1\r\nHost: localhost\r\n"
           b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")


def received(connection):
    answer = b""
    while chunk := connection.recv(1 << 16):
        answer += chunk
    return answer


def test_rest_and_grpc_meet_on_one_port(server, client, name):
    client.create_collection(name, dimension=4)
    body = json.dumps({"collectionName": name}).encode()
    answer = json.load(urllib.request.urlopen(f"{server.uri}/v2/vectordb/collections/has", body))
    assert answer == {"code": 0, "data": {"has": True}}
    assert urllib.request.urlopen(server.uri + "/healthz").read() == b"OK"
    urllib.request.urlopen(f"{server.uri}/v2/vectordb/collections/drop", body).read()
    assert not client.has_collection(name)


def test_requests_follow_each_other_on_one_connection(server):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
    for _ in range(3):
        connection.request("POST", "/v2/vectordb/databases/list", "{}")
        assert json.load(connection.getresponse())["data"] == ["default"]


def test_a_request_may_come_byte_by_byte(server):
    with socket.create_connection((server.host, server.port), PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(REQUEST)):
            connection.sendall(REQUEST[at:at + 1])
        assert received(connection).startswith(b"HTTP/1.1 200")


def test_connections_that_send_nothing_are_ended_and_hold_nobody_up(start):
    server = start("--receive-seconds", "1")
    silent = [socket.create_connection((server.host, server.port), PATIENCE) for _ in range(8)]
    silent[0].sendall(b"PRI")  # not enough to tell
    with socket.create_connection((server.host, server.port), PATIENCE) as connection:
        connection.sendall(REQUEST)
        assert received(connection).startswith(b"HTTP/1.1 200")
    for each in silent:
        try:
            assert each.recv(1) == b""
        except ConnectionError:
            pass
        each.close()


def test_bytes_of_neither_protocol_are_ended(server):
    for begin in (b"\x00" * 64, b"\x16\x03\x01\x02\x00" + bytes(512), b"hello\r\n\r\n"):
        with socket.create_connection((server.host, server.port), PATIENCE) as connection:
            connection.sendall(begin)
            connection.shutdown(socket.SHUT_WR)
            try:
                received(connection)
            except ConnectionError:
                pass
    assert urllib.request.urlopen(server.uri + "/healthz").read() == b"OK"


def test_every_address_means_those_of_ipv6_too(start):
    server = start("--host", "0.0.0.0", "--insecure")
    assert urllib.request.urlopen(f"http://127.0.0.1:{server.port}/healthz").read() == b"OK"
    if socket.has_ipv6:
        try:
            with socket.create_connection(("::1", server.port), PATIENCE) as connection:
                connection.sendall(REQUEST)
                assert received(connection).startswith(b"HTTP/1.1 200")
        except OSError as error:
            pytest.skip(f"this machine has no IPv6: {error}")
