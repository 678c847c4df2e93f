"""What an insert costs in the client: pymilvus' rows beside the arrays of simile.connect.

    PYTHONPATH=build/release/python .venv/bin/python bench/server/insert_bench.py

Both send the same rows to one server, in turns, in batches of one size. "packing" is the time in
the client from Python objects to the bytes of the message; the rest is the server's, and the
disk's.
"""

import argparse
import pathlib
import statistics
import sys
import tempfile
import time

import numpy as np
import pymilvus
from pymilvus.client.prepare import Prepare

import simile
from simile import _columns, _wire_columns

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from server_process import Server  # noqa: E402  (a folder beside this one)


def timed(work):
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--rows", type=int, default=5000, help="of a batch")
    parser.add_argument("--batches", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(options.build / "bin" / "simile", pathlib.Path(folder) / "bench.simile")
        try:
            measure(server, options)
        finally:
            server.stop()


def measure(server, options):
    rng = np.random.default_rng(1)
    theirs = pymilvus.MilvusClient(server.uri)
    ours = simile.connect(server.uri)
    collections = {}
    for name in ("theirs", "ours"):
        fields = {"id": "int64 primary key", "vector": f"float32[{options.dim}] l2 flat"}
        collections[name] = ours.create_collection(name, fields)
    schema = theirs.describe_collection("theirs")
    fields = collections["ours"].fields
    protocol = ours._native._channel.protocol
    times = {name: [] for name in ("their packing", "their insert", "our packing", "our insert")}
    for batch in range(options.batches):
        ids = np.arange(batch * options.rows, (batch + 1) * options.rows)
        x = rng.normal(size=(options.rows, options.dim)).astype(np.float32)
        table = {"id": ids, "vector": x}
        rows = [{"id": int(i), "vector": v} for i, v in zip(ids, x.tolist())]

        def pack_theirs():
            return Prepare.row_insert_param(
                "theirs", rows, "", fields_info=schema["fields"]
            ).SerializeToString()

        def pack_ours():
            count, columns = _columns.encode(fields, table)
            messages = _wire_columns.to_messages(protocol, fields, columns)
            request = {"collection_name": "ours", "fields_data": messages, "num_rows": count}
            return protocol.encode("InsertRequest", request)

        times["their packing"].append(timed(pack_theirs))
        times["our packing"].append(timed(pack_ours))
        times["their insert"].append(timed(lambda: theirs.insert("theirs", rows)))
        times["our insert"].append(timed(lambda: collections["ours"].insert(table)))
    for name, taken in times.items():
        seconds = statistics.median(taken)
        rate = options.rows / seconds
        print(f"{name:14} {rate:12,.0f} rows/s {rate * options.dim * 4 / 1e6:10,.0f} MB/s")
    for what in ("packing", "insert"):
        ratio = statistics.median(
            a / b for a, b in zip(times[f"their {what}"], times[f"our {what}"])
        )
        print(f"{what}: {ratio:.1f} times as fast")


if __name__ == "__main__":
    main()
