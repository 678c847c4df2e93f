"""One set, every peer: build all, find recalls, then time all of them by turns.

1. Each peer is built in its own process (worker.py), one after another, and stays in memory.
2. Once for each effort, from the least: recall over all queries. The sweep of a peer ends when its
   recall is nearly 1, or no longer grows; efforts far below every target are dropped.
3. PASSES times, effort by effort, peer by peer: queries one at a time, then in a batch on one
   thread, then on all. What disturbs the machine for a while thus disturbs everybody's; the best
   of the passes stands.
4. Where memory runs short, those built so far are measured and stopped before the rest are built.
"""

import dataclasses
import math

from . import kept, machine, peers
from .recall import Judge
from .worker import PeerFailed, Worker

PASSES = 3
# Efforts of interest: the highest target of the tables is 0.99.
LEAST_RECALL, ENOUGH_RECALL = 0.8, 0.9975
# Codes without rows end short of 1: the sweep ends after two efforts that add less than this.
LEAST_GAIN = 0.0005
# A point is timed over so many queries that it takes about this long, and over no fewer than these.
POINT_SECONDS = 0.5
LEAST_QUERIES = 200


@dataclasses.dataclass
class Point:
    effort: object
    recall: float
    count: int
    one: float = 0.0  # queries a second, one at a time
    batch: float = 0.0  # the same in one call on one thread
    threads: float = 0.0  # the same in one call on all threads


@dataclasses.dataclass
class Result:
    peer: str
    label: str
    settings: str
    version: str = ""
    build_seconds: float = math.nan
    bytes_per_row: float = math.nan
    points: list = dataclasses.field(default_factory=list)
    cpu_of_one_thread: float = 0.0
    problem: str = ""
    reused: bool = False


@dataclasses.dataclass(frozen=True)
class Plan:
    threads: int = 2
    queries: int = 10_000
    k: int = 10
    passes: int = PASSES
    build_limit: float = 1800.0
    reuse: str = ""  # a folder of indexes built before; "" builds all of them
    # "processor" counts the processor's seconds where one thread was asked for: on a quiet machine
    # the same as "wall", and little disturbed by other programs on a busy one.
    clock: str = "wall"


def run(the_set, names, plan, log, say):
    """Results in the order of `names`; `say` is told what is happening."""
    judge = Judge(
        the_set.train(), the_set.test(plan.queries), the_set.neighbours(plan.queries),
        the_set.metric, plan.k,
    )  # fmt: skip
    results, waiting = {}, list(names)
    while waiting:
        alive = []
        while waiting and (not alive or memory_is_left(the_set)):
            name = waiting.pop(0)
            results[name], worker = build(the_set, name, plan, log, say)
            if worker:
                alive.append((results[name], worker))
        for result, worker in list(alive):
            guarded(alive, result, worker, lambda r=result, w=worker: sweep(r, w, judge, plan, say))
        for number in range(plan.passes):
            say(f"pass {number + 1} of {plan.passes}")
            time_all(alive, plan)
        for result, worker in list(alive):
            guarded(alive, result, worker, lambda r=result, w=worker: weigh(r, w, the_set, plan))
            worker.stop()
    return [results[name] for name in names]


def memory_is_left(the_set):
    """Whether another index of the set fits; the hungriest take five times the rows as floats."""
    return machine.available_bytes() > 6 * the_set.rows * (the_set.dim * 4 + 256)


def build(the_set, name, plan, log, say):
    """A (Result, Worker) pair; without a worker where it could not be built."""
    missing = peers.available(name)
    if missing:
        say(f"{name} is left out: {missing}")
        return Result(name, name, "", problem=missing), None
    kind = peers.PEERS[name]
    result = Result(name, kind.label, kind.settings)
    if the_set.metric not in kind.metrics:
        result.problem = f"does not know the metric {the_set.metric}"
        say(f"{name} is left out: {result.problem}")
        return result, None
    worker = Worker(name, the_set.path, plan.queries, plan.k, log)
    try:
        if plan.reuse and kept.load(kept.path(plan.reuse, the_set, result), result, worker):
            say(f"{name} read; it was built in {result.build_seconds:.1f} s")
            return result, worker
        result.build_seconds, result.version = worker.call(
            "build", plan.threads, limit=plan.build_limit
        )
    except PeerFailed as error:
        result.problem = str(error)
        say(f"{name} is left out: {error}")
        worker.stop()
        return result, None
    say(f"{name} built in {result.build_seconds:.1f} s")
    return result, worker


def guarded(alive, result, worker, work):
    """Runs work; a peer that fails at it is out, with what it has measured."""
    try:
        work()
    except PeerFailed as error:
        result.problem = str(error)
        alive.remove((result, worker))
        worker.stop()


def weigh(result, worker, the_set, plan):
    """Memory, after searches; an index that was read back keeps what it weighed when built."""
    if not result.reused:
        result.bytes_per_row = worker.call("bytes_per_row")
        if plan.reuse:
            kept.save(kept.path(plan.reuse, the_set, result), result, worker)


def sweep(result, worker, judge, plan, say):
    """The points of a peer: efforts and their recalls."""
    recalls = []
    for effort in peers.PEERS[result.peer].efforts:
        count = plan.queries
        ids, seconds = worker.call("answer", effort, LEAST_QUERIES, 1)
        rate = LEAST_QUERIES / max(seconds, 1e-9)
        if count / rate > 60:
            count = max(LEAST_QUERIES, int(60 * rate))
        if count > LEAST_QUERIES:
            ids, _ = worker.call("answer", effort, count, plan.threads)
        recall = judge(ids)
        if recall >= LEAST_RECALL:
            timed = max(LEAST_QUERIES, min(plan.queries, int(rate * POINT_SECONDS)))
            result.points.append(Point(effort, recall, timed))
        recalls.append(recall)
        if recall >= ENOUGH_RECALL or no_longer_grows(recalls):
            break
    reached = max((point.recall for point in result.points), default=0)
    say(f"{result.peer}: {len(result.points)} efforts, recall up to {reached:.4f}")


def no_longer_grows(recalls):
    return len(recalls) > 2 and LEAST_RECALL < recalls[-1] < recalls[-3] + LEAST_GAIN


def time_all(alive, plan):
    longest = max((len(result.points) for result, _ in alive), default=0)
    for place in range(longest):
        for result, worker in list(alive):
            if place < len(result.points):
                point = result.points[place]
                guarded(
                    alive, result, worker,
                    lambda r=result, w=worker, p=point: time_point(r, w, p, plan),
                )  # fmt: skip


def time_point(result, worker, point, plan):
    point.one = max(point.one, on_one_thread(result, worker, plan, "time_one", point))
    point.batch = max(point.batch, on_one_thread(result, worker, plan, "time_batch", point, 1))
    if plan.threads > 1:
        rate, _ = worker.call("time_batch", point.effort, point.count, plan.threads)
        point.threads = max(point.threads, rate or 0)


def on_one_thread(result, worker, plan, function, point, *more):
    """Queries a second by the clock of the plan; 0 where there are no such calls."""
    rate, cpu = worker.call(function, point.effort, point.count, *more)
    result.cpu_of_one_thread = max(result.cpu_of_one_thread, cpu)
    return (rate or 0) / (cpu if plan.clock == "processor" and cpu else 1)
