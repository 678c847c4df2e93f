"""One peer and one set in a process of their own, told what to do through a pipe.

Its own process, because memory is the growth of the resident size from just before the rows are
read to when the index answers and the rows are gone, and because a library that crashes then takes
only itself along. Everything a library prints goes to a log file.

A request is (name of a function below, its arguments); the answer is ("done", result) or
("failed", text). Each peer answers the same way, so the cost of a call from Python is in every
figure alike.
"""

import ctypes
import gc
import multiprocessing
import os
import signal
import time

import numpy as np

from . import peers, sets

# A call of fewer queries than this is too short to be timed.
_LEAST_QUERIES = 100


def resident():
    """Bytes of this process in memory, what was freed given back first."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Bench:
    def __init__(self, peer, path, queries, k):
        self._peer = peers.PEERS[peer]()
        self._set = sets.describe(path)
        self._k = k
        self._queries = self._set.test(queries)
        if self._peer.rows_of_one == 2:
            self._single = [self._queries[i : i + 1] for i in range(len(self._queries))]
        else:
            self._single = list(self._queries)

    def build(self, threads):
        """Builds the index; seconds it took and the version of the library."""
        version = peers.version(self._peer.name)
        self._before = resident()
        x = self._set.train()
        start = time.perf_counter()
        self._peer.build(x, self._set.metric, threads)
        return time.perf_counter() - start, version

    def bytes_per_row(self):
        """Growth of the resident size; after some searches, for what is made at the first one."""
        return (resident() - self._before) / self._set.rows

    def save(self, path):
        """Writes the index to a file; False where the library cannot."""
        if self._peer.save:
            self._peer.save(path)
        return bool(self._peer.save)

    def load(self, path):
        self._before = resident()
        self._peer.load(path, self._set.train, self._set.metric)

    def answer(self, effort, count, threads):
        """(ids of the first `count` queries, seconds) in a batch, or one by one without batches."""
        search = self._peer.batch(self._k, effort, threads) or self._peer.batch(self._k, effort, 1)
        queries = self._queries[:count]
        search(queries[: min(count, _LEAST_QUERIES)])
        start = time.perf_counter()
        answer = search(queries)
        seconds = time.perf_counter() - start
        return padded(self._peer.ids(answer), self._k), seconds

    def time_one(self, effort, count):
        """Queries a second, one at a time; and the CPU seconds of a second."""
        search = self._peer.one(self._k, effort)
        queries = self._single[:count]
        search(queries[0])
        cpu, start = time.process_time(), time.perf_counter()
        for q in queries:
            search(q)
        seconds = time.perf_counter() - start
        return len(queries) / seconds, (time.process_time() - cpu) / seconds

    def time_batch(self, effort, count, threads):
        """Queries a second in one call, None where there are no such calls; and CPU seconds."""
        search = self._peer.batch(self._k, effort, threads)
        if search is None:
            return None, 0
        queries = self._queries[:count]
        search(queries[:_LEAST_QUERIES])
        cpu, start = time.process_time(), time.perf_counter()
        search(queries)
        seconds = time.perf_counter() - start
        return len(queries) / seconds, (time.process_time() - cpu) / seconds


def padded(ids, k):
    """ids as (n, k) int64, rows that are too short filled with -1."""
    if isinstance(ids, np.ndarray) and ids.ndim == 2 and ids.shape[1] == k:
        # Unsigned types say "nothing" with their greatest value, which becomes -1 or out of range.
        return ids.astype(np.int64)
    out = np.full((len(ids), k), -1, np.int64)
    for i, row in enumerate(ids):
        row = np.asarray(row, np.int64).ravel()[:k]
        out[i, : len(row)] = row
    return out


_PR_SET_PDEATHSIG = 1  # of prctl


def serve(pipe, log, *arguments):
    # A library in the middle of building does not see that the run was stopped.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    descriptor = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    # Threads of OpenMP that wait by spinning take minutes where others want the cores too.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    bench = None
    while True:
        try:
            function, given = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            if bench is None:
                bench = Bench(*arguments)
            pipe.send(("done", getattr(bench, function)(*given)))
        except Exception as error:  # whatever a library raises ends the peer, not the run
            pipe.send(("failed", f"{type(error).__name__}: {error}"))


class PeerFailed(Exception):
    pass


class Worker:
    """The process, as the run sees it. Every call raises PeerFailed if it went wrong."""

    def __init__(self, peer, path, queries, k, log):
        self.peer = peer
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, str(log), peer, path, queries, k)
        self._process = context.Process(target=serve, args=arguments, daemon=True)
        self._process.start()
        theirs.close()

    def call(self, function, *arguments, limit=600):
        """The function's result; `limit` seconds are waited for it."""
        try:
            self._pipe.send((function, arguments))
            if not self._pipe.poll(limit):
                raise PeerFailed(f"{function} took more than {limit} s")
            state, result = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(5)
            raise PeerFailed(f"{function}: exit status {self._process.exitcode}") from error
        if state == "failed":
            raise PeerFailed(f"{function}: {result}")
        return result

    def stop(self):
        self._pipe.close()
        self._process.join(2)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
