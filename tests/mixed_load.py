"""A mixed load on a server, every answer compared with a reference that scans.

    mixed_load.py --binary build/release/bin/simile --minutes 60 [--clients 4] [--seed 1]

Each client is a thread with a collection of its own and a model of it: rows in a dictionary. It
inserts, replaces, changes single fields, deletes by keys and by filter, searches, queries, counts,
flushes and compacts, at random; what comes back must be what the model says. Collections stay below
ROWS_MAX rows, so that memory must stay flat; it is printed every ten seconds. Now and then the
server is killed (-9) and started again, and everything is compared. The seed replays the run of
each client. Exit status 1 where an answer is wrong or memory has grown.
"""

import argparse
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from server_process import Server  # noqa: E402

DIM = 16
ROWS_MAX = 4_000
RECALL_LEAST = 0.9  # of searches through the graph; those that ask for `exact` have all
COLORS = ["red", "green", "blue", "grey"]


class Model:
    """What a collection must hold."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.numpy = numpy.random.default_rng(seed)
        self.rows = {}
        self.next_key = 0
        self.found = self.wanted = 0  # hits of searches through the graph

    def make_rows(self, count, keys=None):
        vectors = self.numpy.normal(size=(count, DIM)).astype(numpy.float32)
        rows = []
        for i in range(count):
            key = self.next_key if keys is None else keys[i]
            self.next_key = max(self.next_key, key + 1)
            rows.append({"id": key, "v": vectors[i], "n": self.random.randrange(100),
                         "color": self.random.choice(COLORS)})
        return rows

    def some_keys(self, most):
        keys = sorted(self.rows)
        return self.random.sample(keys, min(len(keys), self.random.randint(1, most)))

    def filter(self):
        """An expression, and the same as a function."""
        number, color = self.random.randrange(100), self.random.choice(COLORS)
        return self.random.choice([
            ("", lambda row: True),
            (f"n < {number}", lambda row: row["n"] < number),
            (f"color == '{color}'", lambda row: row["color"] == color),
            (f"n >= {number} and color != '{color}'",
             lambda row: row["n"] >= number and row["color"] != color),
            (f"n % 7 == {number % 7} or color in ['{color}', 'none']",
             lambda row: row["n"] % 7 == number % 7 or row["color"] == color),
        ])


class Client:
    """Random calls on one collection; step() makes one and compares its answer."""

    def __init__(self, name, seed):
        self.name, self.model = name, Model(seed)
        self.counts = {}
        self.api = None
        self.steps = [
            (self.insert, 8), (self.upsert, 6), (self.partial, 3), (self.delete, 4),
            (self.delete_where, 1), (self.search, 40), (self.query, 10), (self.count, 6),
            (self.get, 6), (self.flush, 0.3), (self.compact, 0.1),
        ]

    def connect(self, uri):
        import pymilvus

        self.api = pymilvus.MilvusClient(uri)

    def create(self):
        import pymilvus

        schema = self.api.create_schema(enable_dynamic_field=True)
        schema.add_field("id", pymilvus.DataType.INT64, is_primary=True)
        schema.add_field("v", pymilvus.DataType.FLOAT_VECTOR, dim=DIM)
        schema.add_field("n", pymilvus.DataType.INT64)
        index = self.api.prepare_index_params()
        index.add_index("v", metric_type="L2")
        self.api.create_collection(self.name, schema=schema, index_params=index)

    def step(self):
        calls, weights = zip(*self.steps)
        call = self.model.random.choices(calls, weights)[0]
        call()
        self.counts[call.__name__] = self.counts.get(call.__name__, 0) + 1

    def insert(self):
        if len(self.model.rows) > ROWS_MAX:
            return self.delete(ROWS_MAX // 2)
        rows = self.model.make_rows(self.model.random.randint(1, 200))
        self.api.insert(self.name, rows)
        self.model.rows.update((row["id"], row) for row in rows)

    def upsert(self):
        keys = self.model.some_keys(100) or [0]
        rows = self.model.make_rows(len(keys), keys)
        self.api.upsert(self.name, rows)
        self.model.rows.update((row["id"], row) for row in rows)

    def partial(self):
        keys = self.model.some_keys(20)
        if not keys:
            return
        changes = [{"id": key, "n": self.model.random.randrange(100)} for key in keys]
        self.api.upsert(self.name, changes, partial_update=True)
        for change in changes:
            self.model.rows[change["id"]] = {**self.model.rows[change["id"]], **change}

    def delete(self, most=50):
        keys = self.model.some_keys(most)
        if not keys:
            return
        self.api.delete(self.name, ids=keys)
        for key in keys:
            del self.model.rows[key]

    def delete_where(self):
        color, number = self.model.random.choice(COLORS), self.model.random.randrange(100)
        self.api.delete(self.name, filter=f"color == '{color}' and n == {number}")
        self.model.rows = {key: row for key, row in self.model.rows.items()
                           if row["color"] != color or row["n"] != number}

    def search(self):
        expression, matches = self.model.filter()
        exact = self.model.random.random() < 0.5
        k = self.model.random.choice([1, 10, 50])
        query = self.model.numpy.normal(size=DIM).astype(numpy.float32)
        params = {"exact": True} if exact else {"ef": 128}
        hits = self.api.search(self.name, [query], limit=k, filter=expression,
                               search_params={"params": params}, output_fields=["n", "color"])[0]
        rows = [row for row in self.model.rows.values() if matches(row)]
        assert len(hits) == min(k, len(rows)), (expression, len(hits), k, len(rows))
        if not rows:
            return
        vectors = numpy.array([row["v"] for row in rows], dtype=numpy.float64)
        nearest = numpy.sort(((vectors - query) ** 2).sum(axis=1))[: len(hits)]
        for hit in hits:
            row = self.model.rows[hit["id"]]
            assert matches(row), (expression, row)
            assert (hit["entity"]["n"], hit["entity"]["color"]) == (row["n"], row["color"])
            distance = ((row["v"].astype(numpy.float64) - query) ** 2).sum()
            assert abs(hit["distance"] - distance) <= 1e-4 * max(distance, 1), (hit, distance)
        assert len({hit["id"] for hit in hits}) == len(hits)
        close = sum(hit["distance"] <= nearest[-1] * (1 + 1e-5) for hit in hits)
        if exact:
            assert close == len(hits), (expression, close, len(hits))
        else:
            self.model.found += close
            self.model.wanted += len(hits)

    def same_rows(self, found, wanted):
        found = {row["id"]: row for row in found}
        assert found.keys() == wanted.keys(), found.keys() ^ wanted.keys()
        for key, row in found.items():
            there = wanted[key]
            assert (row["n"], row["color"]) == (there["n"], there["color"])
            assert numpy.array_equal(numpy.float32(row["v"]), there["v"])

    def query(self):
        expression, matches = self.model.filter()
        found = self.api.query(self.name, expression or "id >= 0", output_fields=["*"])
        self.same_rows(found, {k: row for k, row in self.model.rows.items() if matches(row)})

    def count(self):
        expression, matches = self.model.filter()
        found = self.api.query(self.name, expression, output_fields=["count(*)"])
        assert found[0]["count(*)"] == sum(map(matches, self.model.rows.values()))

    def get(self):
        keys = self.model.some_keys(10) + [self.model.next_key + 5]
        found = self.api.get(self.name, keys)
        self.same_rows(found, {key: self.model.rows[key] for key in keys[:-1]})

    def flush(self):
        self.api.flush(self.name)

    def compact(self):
        self.api.compact(self.name)

    def compare(self):
        found = self.api.query(self.name, "id >= 0", output_fields=["*"])
        self.same_rows(found, self.model.rows)


class Load(threading.Thread):
    """A client at work until it is told to stop; `error` is what went wrong."""

    def __init__(self, client):
        super().__init__()
        self.client, self.stopping, self.error = client, threading.Event(), None

    def run(self):
        try:
            while not self.stopping.is_set():
                self.client.step()
        except Exception as error:  # noqa: BLE001: any of them ends the run
            self.error = error


def resident_megabytes(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def work(server, clients, seconds, begin, sizes):
    """Lets the clients work on a server; raises what one of them met."""
    loads = [Load(client) for client in clients]
    for load in loads:
        load.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end and not any(load.error for load in loads):
        time.sleep(min(10, max(end - time.monotonic(), 0)))
        sizes.append(resident_megabytes(server))
        calls = sum(sum(client.counts.values()) for client in clients)
        rows = sum(len(client.model.rows) for client in clients)
        print(f"{time.monotonic() - begin:6.0f} s  {sizes[-1]:6.0f} MiB  {rows:6} rows  "
              f"{calls:8} calls", flush=True)
    for load in loads:
        load.stopping.set()
    for load in loads:
        load.join()
    for load in loads:
        if load.error:
            raise load.error


def recall(clients):
    wanted = sum(client.model.wanted for client in clients)
    return sum(client.model.found for client in clients) / max(wanted, 1)


def grown(sizes):
    """Whether the memory of one life of a server grows: the last third beside the second."""
    third = len(sizes) // 3
    if third < 3:
        return False
    return max(sizes[-third:]) > max(sizes[third : 2 * third]) * 1.15 + 16


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="build/release/bin/simile", type=pathlib.Path)
    parser.add_argument("--minutes", default=10.0, type=float)
    parser.add_argument("--clients", default=4, type=int)
    parser.add_argument("--kills", default=1, type=int, help="how often the server is killed")
    parser.add_argument("--seed", default=int(time.time()), type=int)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp())
    clients = [Client(f"c{i}", options.seed + i) for i in range(options.clients)]
    begin, growth = time.monotonic(), False
    try:
        for life in range(options.kills + 1):
            server = Server(options.binary, folder / "a.simile",
                            "--growing-bytes-max", str(1 << 20))
            for client in clients:
                client.connect(server.uri)
                client.create() if life == 0 else client.compare()
            sizes = []
            work(server, clients, options.minutes * 60 / (options.kills + 1), begin, sizes)
            growth = growth or grown(sizes)
            server.stop(signal.SIGKILL)
        counts = {}
        for client in clients:
            for name, count in client.counts.items():
                counts[name] = counts.get(name, 0) + count
        print(f"calls {counts}; recall {recall(clients):.4f}")
    finally:
        server.stop(signal.SIGKILL)
        shutil.rmtree(folder)
    if growth:
        print("memory has grown", file=sys.stderr)
    if recall(clients) < RECALL_LEAST:
        print(f"recall is below {RECALL_LEAST}", file=sys.stderr)
    return 1 if growth or recall(clients) < RECALL_LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
