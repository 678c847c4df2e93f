"""Measures the figures of the README and prints them as its table.

    make bench                                  on a quiet machine
    SIMILE_DATA=dir make bench                  with real sets: ann-benchmarks' HDF5 files
    PICTURES=dir make bench                     with your own pictures

Every figure is the best of three runs, since what disturbs a run only makes it slower. Databases go
to a folder in BENCH_FOLDER, or the current one: the disk is part of what is measured.
"""

import os
import pathlib
import platform
import tempfile
import time

import h5py
import numpy as np

import simile
from simile import pictures

RUNS = 3
FLAT_ROWS = 1_000_000
DIM = 128


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def best(work):
    return min(timed(work)[0] for _ in range(RUNS))


def clustered(rows, dim, seed):
    """Gaussian clusters whose sizes follow a power law."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, 1001)
    centres = rng.normal(size=(1000, dim)).astype(np.float32)
    x = centres[rng.choice(1000, rows, p=weights / weights.sum())]
    return x + 0.4 * rng.normal(size=(rows, dim)).astype(np.float32)


def measure_pictures(folder):
    source = os.environ.get("PICTURES") or ".cache/pictures/stamps"
    if not pathlib.Path(source).is_dir():
        return
    seconds = []
    for run in range(RUNS):
        with simile.open(folder / f"pictures{run}.simile") as db:
            report = pictures.index_pictures(db, source)
        seconds.append(report.seconds)
    rate = report.added / min(seconds)
    yield f"pictures indexed end to end ({report.added} files)", f"{rate:,.0f} a second"


def measure_inserts(folder):
    x = clustered(200_000, DIM, 1)
    fields = {"id": "int64 primary key", "v": f"float32[{DIM}] l2"}
    path = folder / "inserts.simile"

    def insert(count, first=0):
        for at in range(first, first + count, 1000):
            part = slice(at, at + 1000)
            rows.upsert({"id": np.arange(part.start, part.stop), "v": x[part]})

    with simile.open(path, background=False) as db:
        rows = db.create_collection("rows", fields)
        seconds = [timed(lambda run=run: insert(50_000, 50_000 * run))[0] for run in range(RUNS)]
    rate = 50_000 / min(seconds)
    yield f"vectors inserted durably, {DIM}-d, batches of 1,000", f"{rate:,.0f} a second"


def measure_open(folder, x):
    path = folder / "open.simile"
    with simile.open(path) as db:
        rows = db.create_collection("rows", {"id": "int64 primary key", "v": f"float32[{DIM}] l2"})
        for at in range(0, len(x), 10_000):
            rows.upsert({"id": np.arange(at, at + 10_000), "v": x[at : at + 10_000]})
        rows.flush()
    seconds = []
    for _ in range(RUNS):
        taken, db = timed(lambda: simile.open(path))
        seconds.append(taken)
        db.close()
    yield f"opening a database of {len(x):,} x {DIM}", f"{min(seconds) * 1000:,.1f} ms"


def measure_flat(x):
    index = simile.Index(DIM, kind="flat")
    index.add(x)
    queries = x[:2000] + np.float32(0.01)
    one = best(lambda: [index.search(query, k=10) for query in queries[:20]]) / 20
    batch = best(lambda: index.search(queries, k=10)) / len(queries)
    # Summing a contiguous array is a read of memory and little else.
    bandwidth = x.nbytes / best(lambda: x.view(np.int64).max())
    scanned = x.nbytes / one
    note = f"{scanned / 1e9:.1f} GB/s, {scanned / bandwidth:.0%} of a plain read"
    yield f"flat search of {len(x):,} x {DIM}, one query, one thread", f"{one * 1e3:.1f} ms, {note}"
    yield "the same, batch of 2,000, a query", f"{batch * 1e3:.2f} ms"


def measure_graph(path):
    with h5py.File(path) as file:
        x, queries = file["train"][:], file["test"][:2000]
        neighbours = file["neighbors"][:2000, :10]
        distance = file.attrs.get("distance", "euclidean")
    metric = {"angular": "cosine", "euclidean": "l2"}.get(distance, "l2")
    index = simile.Index(x.shape[1], metric=metric)
    build, _ = timed(lambda: index.add(x))
    name = f"{path.stem}, {len(x):,} x {x.shape[1]}, {metric}"
    yield f"graph of {name}: build, all cores", f"{build:,.0f} s"
    for ef in (32, 64, 128, 256):
        seconds = best(lambda ef=ef: [index.search(query, k=10, ef=ef) for query in queries])
        ids, _ = index.search(queries, k=10, ef=ef)
        found = [len(set(a) & set(b)) for a, b in zip(ids.tolist(), neighbours.tolist())]
        recall = sum(found) / neighbours.size
        rate = len(queries) / seconds
        yield f"ef={ef}: recall@10 {recall:.3f}, one thread", f"{rate:,.0f} queries a second"


def figures():
    sets = sorted(pathlib.Path(os.environ.get("SIMILE_DATA") or "bench/data").glob("*.hdf5"))
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER", ".")) as name:
        folder = pathlib.Path(name)
        yield from measure_pictures(folder)
        yield from measure_inserts(folder)
        x = clustered(FLAT_ROWS, DIM, 2)
        yield from measure_flat(x)
        yield from measure_open(folder, x)
        for path in sets:
            yield from measure_graph(path)
    if not sets:
        print("No sets: SIMILE_DATA names a folder of ann-benchmarks' HDF5 files.")


def main():
    cores = len(os.sched_getaffinity(0))
    print(f"Simile {simile.__version__} ({simile.kernel_target()}), {cores} cores of "
          f"{platform.machine()}, Python {platform.python_version()}\n")
    print("| what | measured |\n|---|---|")
    for what, value in figures():
        print(f"| {what} | {value} |", flush=True)


if __name__ == "__main__":
    main()
