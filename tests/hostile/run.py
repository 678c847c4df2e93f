"""Random and hostile requests over gRPC, REST and the page's calls, against a server of its own.

    run.py BINARY FOLDER [--requests 1000000] [--seed N]

Fails where the server dies, answers that something unexpected went wrong, is late, keeps memory
that it does not need, or answers the ordinary query of another client wrongly; meanwhile other
peers hold connections open and send nothing, or a byte now and then. The seed makes the same
requests again.
"""

import argparse
import base64
import collections
import json
import pathlib
import random
import re
import socket
import subprocess
import sys
import time

import grpc
import pymilvus
from pymilvus.grpc_gen import common_pb2, milvus_pb2

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from hostile.http_requests import HttpRequests, split_answer  # noqa: E402
from hostile.messages import Messages  # noqa: E402
from server_process import Server  # noqa: E402

PASSWORD = "correct horse"
CREDENTIAL = f"root:{PASSWORD}"
SERVICE = "/milvus.proto.milvus.MilvusService/"
UNEXPECTED = (65535, 5)
# What Milvus refuses with that code, in words that its clients' own tests look for. Over gRPC these
# have no code of the engine.
REFUSALS_OF_MILVUS = re.compile(
    "cannot parse identifier|at most one distinct index is allowed|creating multiple indexes"
    "|unable to drop the collection|cannot rename collection to an existing alias"
    "|duplicated new collection name|database already exist|not empty, must drop all collections"
    "|alter database with empty properties|compaction \\d+ failed"
    "|partition name .* not found|unction|Param |score mode")
INTERNAL = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.DATA_LOSS)
PATIENCE = 300  # seconds after which a call is thought to hang
ROUND = 1_000  # requests between two looks at the server
TOGETHER = 16  # calls under way at once
# Grown by work of any kind: buffers of threads, pages that the allocator keeps, bounded caches.
GROWTH_BYTES_MAX = 128 << 20
# These would lock the attacker out, who is root, and leave the rest of the run idle.
METHODS_LEFT_OUT = {"UpdateCredential", "DeleteCredential", "OperateUserRole"}
PATHS_LEFT_OUT = ("/users/update_password", "/users/drop", "/users/grant_role",
                  "/users/revoke_role")
SLOW_PEERS = 24


class SlowPeers:
    """Connections that say nothing, or too little, and are opened again when they are closed."""

    BEGINNINGS = (b"", b"G", b"POST /v2/vectordb/collections/list HTTP/1.1\r\nHost: localhost\r\n",
                  b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                  b"POST /v2/vectordb/collections/list HTTP/1.1\r\nContent-Length: 500000\r\n\r\n{")

    def __init__(self, ports):
        self.ports = ports
        self.open = []

    def nudge(self):
        for peer in list(self.open):
            try:
                peer.send(b"a")
                if peer.recv(1 << 16) == b"":
                    self.close(peer)
            except BlockingIOError:
                continue
            except OSError:
                self.close(peer)
        while len(self.open) < SLOW_PEERS:
            number = len(self.open)
            port = self.ports[number % len(self.ports)]
            peer = socket.create_connection(("127.0.0.1", port), PATIENCE)
            peer.send(self.BEGINNINGS[number % len(self.BEGINNINGS)])
            peer.setblocking(False)
            self.open.append(peer)

    def close(self, peer):
        peer.close()
        self.open.remove(peer)


class Attack:
    def __init__(self, server, seed, routes):
        self.server = server
        self.choose = random.Random(seed)
        self.channel = grpc.insecure_channel(f"127.0.0.1:{server.port}", [
            ("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)])
        self.metadata = (("authorization", base64.b64encode(CREDENTIAL.encode()).decode()),)
        methods = [m for m in milvus_pb2.DESCRIPTOR.services_by_name["MilvusService"].methods
                   if m.name not in METHODS_LEFT_OUT]
        self.answer_kinds = {m.name: m.output_type.name for m in methods}
        # Searches and writes have the most to go wrong.
        common = [m for m in methods if m.name in ("Search", "Query", "Insert", "Upsert", "Delete",
                                                   "HybridSearch", "CreateCollection")]
        self.messages = Messages(self.choose, methods + common * 8)
        routes = [each for each in routes if not each[1].endswith(PATHS_LEFT_OUT)]
        self.http_requests = HttpRequests(self.choose, CREDENTIAL, routes)
        self.slow = SlowPeers((server.port, server.http_port))
        self.wrong = []
        self.answers = collections.Counter()
        self.http = None
        self.slowest = 0.0

    def grpc_requests(self, count):
        calls = []
        for _ in range(count):
            name, body = self.messages.next()
            kind = self.choose.random()
            metadata = self.metadata if kind < 0.98 else (("authorization", "AAAA"),)
            if kind < 0.005:
                name = self.choose.choice(["Nothing", "", "a/b", "search"])
            if self.choose.random() < 0.1:
                metadata += (("simile-rules", "embedded"),)
            call = self.channel.unary_unary(SERVICE + name)
            calls.append((name, body, call.future(body, metadata=metadata, timeout=PATIENCE)))
        begin = time.monotonic()
        for name, body, call in calls:
            try:
                self.look_at_answer(name, body, call.result())
            except grpc.RpcError as error:
                self.answers[f"grpc {error.code().name}"] += 1
                if error.code() in INTERNAL or error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                    self.wrong.append(("gRPC " + name, body.hex()[:4000], str(error)[:500]))
        self.slowest = max(self.slowest, time.monotonic() - begin)

    def look_at_answer(self, name, body, answer):
        kind = self.answer_kinds.get(name)
        if kind is None:
            return
        status = common_pb2.Status()
        out = getattr(milvus_pb2, kind, None)
        if kind == "Status":
            status.ParseFromString(answer)
        elif out is not None and "status" in out.DESCRIPTOR.fields_by_name:
            parsed = out()
            parsed.ParseFromString(answer)
            status = parsed.status
        self.answers[f"grpc code {status.code}"] += 1
        if status.code in UNEXPECTED and "simile_code" in status.extra_info:
            self.wrong.append(("gRPC " + name, body.hex()[:4000], status.reason[:500]))

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.server.http_port), PATIENCE)

    def framed_requests(self, requests):
        """Sends them one behind the other; where the server ends the connection, the rest again."""
        while requests:
            self.http = self.http or self.connect()
            answered = 0
            try:
                self.http.sendall(b"".join(requests))
                answered = self.read_answers(requests)
            except (ConnectionError, TimeoutError) as error:
                if isinstance(error, TimeoutError):
                    self.wrong.append(("HTTP", requests[0][:2000], "no answer"))
            if answered < len(requests):
                self.http.close()
                self.http = None
            requests = requests[max(answered, 1):]

    def read_answers(self, requests):
        received = b""
        for number, request in enumerate(requests):
            while (parts := split_answer(received)) is None:
                chunk = self.http.recv(1 << 16)
                if not chunk:
                    return number
                received += chunk
            self.look_at_http(request, parts[0])
            received = parts[1]
            if b"Connection: close" in parts[0]:
                return number + 1
        return len(requests)

    def look_at_http(self, request, answer):
        status = answer[9:12].decode("latin1") if answer.startswith(b"HTTP/1.1") else "none"
        self.answers[f"http {status}"] += 1
        code = re.search(rb'\r\n\r\n{(?:"error":{)?"code":(\d+)', answer)
        internal = status.startswith("5") and status != "501"
        refusal = REFUSALS_OF_MILVUS.search(answer.decode("utf-8", "replace"))
        if internal or (code and int(code[1]) in UNEXPECTED and not refusal):
            self.wrong.append(("HTTP", request[:2000], answer[:1000]))

    def mere_bytes(self):
        data = self.http_requests.mere_bytes()
        with self.connect() as peer:
            received = b""
            try:
                peer.sendall(data)
                peer.shutdown(socket.SHUT_WR)
                while chunk := peer.recv(1 << 16):
                    received += chunk
            except OSError:
                pass  # the server has ended the connection, and does not read what is left
        self.look_at_http(data, received)

    def some_requests(self):
        """How many there were."""
        kind = self.choose.random()
        if kind < 0.5:
            self.grpc_requests(TOGETHER)
            return TOGETHER
        if kind < 0.98:
            to = self.http_requests
            make = to.rest_request if kind < 0.75 else to.page_request
            self.framed_requests([make() for _ in range(TOGETHER)])
            return TOGETHER
        self.mere_bytes()
        return 1

    def run(self, requests):
        client = pymilvus.MilvusClient(self.server.uri, token=CREDENTIAL)
        client.create_collection("witness", dimension=4, metric_type="L2")
        client.insert("witness", [{"id": i, "vector": [float(i), 1, 0, 0], "t": f"t{i}"}
                                  for i in range(200)])
        self.tidy(client)
        begin, done, looked, before = time.monotonic(), 0, 0, 0
        while done < requests and len(self.wrong) < 100:
            done += self.some_requests()
            if self.server.process.poll() is not None:
                sys.exit(f"the server died with {self.server.process.returncode} "
                         f"after {done} requests:\n{self.server.log_path.read_text()[-3000:]}")
            if done >= looked:
                looked += ROUND
                self.witness(client)
                self.slow.nudge()
                self.tidy(client)
                if before == 0 and done >= requests // 5:
                    before = self.memory()
                if looked % (100 * ROUND) == 0:
                    print(f"{done} requests, {time.monotonic() - begin:.0f} s, "
                          f"{self.memory() >> 20} MiB, {len(self.wrong)} wrong", flush=True)
        self.tidy(client)
        self.witness(client)
        return {"requests": done, "seconds": round(time.monotonic() - begin, 1),
                "answers": dict(sorted(self.answers.items())), "wrong": len(self.wrong),
                "slowest": round(self.slowest, 1), "memory_before": before,
                "memory_after": self.memory()}

    @staticmethod
    def witness(client):
        hits = client.search("witness", [[100, 1, 0, 0]], limit=3, filter="t != 't100'",
                             output_fields=["t"], timeout=PATIENCE)[0]
        found = [(hit["id"], hit["entity"]["t"]) for hit in hits]
        assert found == [(99, "t99"), (101, "t101"), (98, "t98")], found
        rows = client.query("witness", output_fields=["count(*)"], timeout=PATIENCE)
        assert rows[0]["count(*)"] == 200, rows

    def tidy(self, client):
        """Takes away what hostile requests have made, and gives them a collection to work on."""
        for name in client.list_databases():
            there = pymilvus.MilvusClient(self.server.uri, token=CREDENTIAL, db_name=name)
            for collection in there.list_collections():
                if (name, collection) != ("default", "witness"):
                    for alias in there.list_aliases(collection)["aliases"]:
                        there.drop_alias(alias)
                    there.drop_collection(collection)
            there.close()
            if name != "default":
                client.drop_database(name)
        client.create_collection("c", dimension=4)
        client.insert("c", [{"id": i, "vector": [float(i), 1, 0, 0], "t": f"t{i}", "a": [i],
                             "j": {"a": [i]}} for i in range(50)])

    def memory(self):
        text = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) << 10


def routes_of(binary, path):
    """(method, path) of everything that the HTTP port serves, as the server tells."""
    done = subprocess.run([binary, "serve", "--db", path, "--port", "0", "--http-port", "0",
                           "--print-routes"], capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    return [(line[0], line[1]) for line in lines if line[0] in ("GET", "POST")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    options.folder.mkdir(parents=True, exist_ok=True)
    routes = routes_of(options.binary, options.folder / "routes.simile")
    server = Server(options.binary, options.folder / "hostile.simile",
                    environment={"SIMILE_ROOT_PASSWORD": PASSWORD, "SIMILE_LOG_LEVEL": "error"})
    attack = Attack(server, options.seed, routes)
    try:
        report = attack.run(options.requests)
    except BaseException:
        server.process.kill()  # it must not outlive what asks it
        raise
    finally:
        for what, request, answer in attack.wrong[:40]:
            print("WRONG", what, request, answer, sep="\n  ")
    print(json.dumps(report, indent=1))
    code = server.stop()
    assert not attack.wrong
    if options.requests >= 50_000:
        assert report["memory_after"] < report["memory_before"] + GROWTH_BYTES_MAX, report
    assert code == 0, f"the server ended with {code}"


if __name__ == "__main__":
    main()
