"""Searches and inserts a second over loopback, beside the library in this process.

    PYTHONPATH=build/release/python .venv/bin/python bench/server/server_bench.py --rows 50000

Clients are processes that send searches made beforehand, so that what is measured is the server and
not the client's packing of vectors; then load_bench, a program whose calls cost little, so that the
server has most of the processors. What an empty call costs is measured with it, too: nothing behind
gRPC can be faster.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import threading
import time

import numpy

WARM_UP_SECONDS = 0.5  # of load_bench


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


def processor_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")")[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def loaded(load, process, address, method, requests, clients, seconds):
    """What load_bench says, and microseconds of the server's processor a call."""
    with tempfile.NamedTemporaryFile() as file:
        for request in requests:
            file.write(struct.pack("<I", len(request)) + request)
        file.flush()
        before = processor_seconds(process)
        command = [load, "call", address, method, file.name, clients, 1, seconds]
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True)
    figures = json.loads(done.stdout)
    calls = figures["calls_per_second"] * (seconds + WARM_UP_SECONDS)
    figures["server_us"] = (processor_seconds(process) - before) / calls * 1e6
    return figures


def insert_requests(rows, dim, count=4):
    """Messages of `rows` rows for the collection "b", whose keys the server gives out."""
    from pymilvus.grpc_gen import milvus_pb2, schema_pb2

    generator = numpy.random.default_rng(2)
    for _ in range(count):
        field = schema_pb2.FieldData(type=schema_pb2.DataType.FloatVector, field_name="v")
        field.vectors.dim = dim
        x = generator.normal(size=rows * dim).astype(numpy.float32)
        field.vectors.float_vector.data.extend(x.tolist())
        request = milvus_pb2.InsertRequest(
            collection_name="b", num_rows=rows, fields_data=[field]
        )
        yield request.SerializeToString()


def measure_inserts(options, process, address, rows=5000):
    import pymilvus

    client = pymilvus.MilvusClient(f"http://{address}")
    requests = list(insert_requests(rows, options.dim))
    megabytes = rows * options.dim * 4 / 1e6
    for clients in (1, 4):
        schema = client.create_schema(auto_id=True)
        schema.add_field("id", pymilvus.DataType.INT64, is_primary=True)
        schema.add_field("v", pymilvus.DataType.FLOAT_VECTOR, dim=options.dim)
        index = client.prepare_index_params()
        index.add_index("v", index_type="FLAT", metric_type="L2")
        client.create_collection("b", schema=schema, index_params=index)
        method = "/milvus.proto.milvus.MilvusService/Insert"
        arguments = (method, requests, clients, options.seconds)
        figures = loaded(options.load, process, address, *arguments)
        print(
            f"insert of packed messages, {clients} clients: "
            f"{figures['calls_per_second'] * rows:,.0f} rows/s, "
            f"{figures['calls_per_second'] * megabytes:,.0f} MB/s, "
            f"p50 {figures['p50_ms']:.0f} ms, p99 {figures['p99_ms']:.0f} ms, "
            f"processor {figures['server_us'] / megabytes / 1e3:.1f} s a GB"
        )
        client.drop_collection("b")


def print_loaded(what, figures):
    print(
        f"{what}: {figures['calls_per_second']:,} a second, p50 {figures['p50_ms']:.2f} ms, "
        f"p99 {figures['p99_ms']:.2f} ms; processor a call: server {figures['server_us']:.0f} us, "
        f"client {figures['client_us']:.0f} us"
    )


def measure_loaded(options, process, address, requests):
    echo = subprocess.Popen(
        [options.load, "echo"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        at = f"127.0.0.1:{echo.stdout.readline().strip()}"
        arguments = (requests, options.clients, options.seconds)
        print_loaded("empty call, C++", loaded(options.load, echo, at, "/echo", *arguments))
        method = "/milvus.proto.milvus.MilvusService/Search"
        print_loaded("search, C++", loaded(options.load, process, address, method, *arguments))
    finally:
        echo.kill()


def embedded(path, queries, ef, seconds):
    """Searches a second of the library by numbers of threads and of queries a call."""
    import simile

    def search(collection, at_once, done):
        begin, count = time.perf_counter(), 0
        while time.perf_counter() < begin + seconds / 2:
            first = count % (len(queries) - at_once)
            collection.search(queries[first : first + at_once], k=10, ef=ef, threads=1)
            count += at_once
        done.append(count / (time.perf_counter() - begin))

    with simile.open(str(path), read_only=True) as database:
        for threads in (1, os.cpu_count()):
            for at_once in (1, 8):
                done = []
                arguments = (database["a"], at_once, done)
                running = [threading.Thread(target=search, args=arguments) for _ in range(threads)]
                for thread in running:
                    thread.start()
                for thread in running:
                    thread.join()
                yield threads, at_once, sum(done)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="build/release/bin/simile", type=pathlib.Path)
    parser.add_argument(
        "--load", default="build/release/bench/server/load_bench", type=pathlib.Path
    )
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
        if options.load.exists():
            measure_loaded(options, process, address, requests)
            measure_inserts(options, process, address)
        process.terminate()
        process.wait()
        arguments = (folder / "a.simile", queries, options.ef, options.seconds)
        for threads, at_once, rate in embedded(*arguments):
            print(f"library, {threads} threads, {at_once} at a time: {rate:,.0f} searches/s")
    finally:
        process.kill()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
