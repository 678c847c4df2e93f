"""Searches and inserts a second over loopback, beside the library in this process.

    PYTHONPATH=build/release/python .venv/bin/python bench/server/server_bench.py --rows 50000

Clients are processes that send searches made beforehand, so that what is measured is the server and
not the client's packing of vectors.
"""

import argparse
import multiprocessing
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import numpy


def start(binary, path):
    command = [binary, "serve", "--db", path, "--port", "0", "--http-port", "0"]
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    address = re.search(r"gRPC (\S+),", process.stdout.readline())[1]
    return process, address


def fill(address, data):
    import pymilvus

    client = pymilvus.MilvusClient(f"http://{address}")
    schema = client.create_schema()
    schema.add_field("id", pymilvus.DataType.INT64, is_primary=True)
    schema.add_field("v", pymilvus.DataType.FLOAT_VECTOR, dim=data.shape[1])
    index = client.prepare_index_params()
    index.add_index("v", metric_type="L2")
    client.create_collection("a", schema=schema, index_params=index)
    rows = [{"id": i, "v": v} for i, v in enumerate(data)]
    begin = time.perf_counter()
    for first in range(0, len(rows), 5000):
        client.insert("a", rows[first : first + 5000])
    seconds = time.perf_counter() - begin
    client.flush("a")
    client.compact("a")
    return seconds


def search_requests(queries, ef):
    from pymilvus.client.prepare import Prepare

    param = {"metric_type": "L2", "params": {"ef": ef}}
    return [
        Prepare.search_requests_with_expr("a", "v", param, 10, data=[q]).SerializeToString()
        for q in queries
    ]


def client(address, requests, ready, go, seconds, counts):
    import grpc

    channel = grpc.insecure_channel(address)
    call = channel.unary_unary("/milvus.proto.milvus.MilvusService/Search")
    call(requests[0])
    ready.release()
    go.wait()
    begin = time.perf_counter()
    latencies = []
    while (now := time.perf_counter()) < begin + seconds:
        call(requests[len(latencies) % len(requests)])
        latencies.append(time.perf_counter() - now)
    counts.put(latencies)


def served(address, requests, clients, seconds):
    """Searches a second, and their times, sorted."""
    ready, go = multiprocessing.Semaphore(0), multiprocessing.Event()
    counts = multiprocessing.Queue()
    arguments = (address, requests, ready, go, seconds, counts)
    processes = [multiprocessing.Process(target=client, args=arguments) for _ in range(clients)]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    go.set()
    latencies = sorted(sum((counts.get() for _ in processes), []))
    for process in processes:
        process.join()
    return len(latencies) / seconds, latencies


def embedded(path, queries, ef, seconds):
    """One thread of the library, one query a call."""
    import simile

    with simile.open(str(path), read_only=True) as database:
        collection = database["a"]
        begin, done = time.perf_counter(), 0
        while time.perf_counter() < begin + seconds:
            collection.search(queries[done % len(queries)], k=10, ef=ef, threads=1)
            done += 1
        return done / (time.perf_counter() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="build/release/bin/simile", type=pathlib.Path)
    parser.add_argument("--rows", default=50_000, type=int)
    parser.add_argument("--dim", default=384, type=int)
    parser.add_argument("--clients", default=16, type=int)
    parser.add_argument("--ef", default=64, type=int)
    parser.add_argument("--seconds", default=5.0, type=float)
    options = parser.parse_args()
    generator = numpy.random.default_rng(1)
    data = generator.normal(size=(options.rows, options.dim)).astype(numpy.float32)
    queries = generator.normal(size=(1000, options.dim)).astype(numpy.float32)
    folder = pathlib.Path(tempfile.mkdtemp())
    process, address = start(options.binary, folder / "a.simile")
    try:
        seconds = fill(address, data)
        print(f"pymilvus insert: {options.rows / seconds:,.0f} rows/s")
        requests = search_requests(queries, options.ef)
        for clients in (1, options.clients):
            rate, times = served(address, requests, clients, options.seconds)
            p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
            print(
                f"gRPC, {clients} clients: {rate:,.0f} searches/s, "
                f"p50 {p50 * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms"
            )
        process.terminate()
        process.wait()
        rate = embedded(folder / "a.simile", queries, options.ef, options.seconds)
        print(f"library, one thread: {rate:,.0f} searches/s")
    finally:
        process.kill()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
