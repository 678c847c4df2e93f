"""simile.Index: arrays in, arrays out, and what it refuses."""

import threading

import numpy as np
import pytest

import simile

METRICS = ("l2", "ip", "cosine")


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def naive(x, q, k, metric):
    """The k nearest rows of x for each query, in float64."""
    x, q = x.astype(np.float64), q.astype(np.float64)
    if metric == "cosine":
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
        q = q / np.linalg.norm(q, axis=1, keepdims=True)
    distances = -(q @ x.T) if metric == "ip" else 1 - q @ x.T
    if metric == "l2":
        distances = ((q[:, None] - x[None]) ** 2).sum(axis=2)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(distances, order, axis=1)


@pytest.mark.parametrize("kind", ["flat", "graph"])
@pytest.mark.parametrize("metric", METRICS)
def test_search_finds_what_a_naive_search_finds(rng, kind, metric):
    x = rng.normal(size=(500, 24)).astype(np.float32)
    q = rng.normal(size=(20, 24)).astype(np.float32)
    index = simile.Index(24, metric=metric, kind=kind)
    index.add(x)
    ids, distances = index.search(q, k=5, ef=500)
    assert ids.dtype == np.int64 and distances.dtype == np.float32
    expected_ids, expected = naive(x, q, 5, metric)
    assert (ids == expected_ids).mean() > (0.999 if kind == "flat" else 0.97)
    assert np.allclose(distances[ids == expected_ids], expected[ids == expected_ids], atol=1e-4)
    assert (np.diff(distances, axis=1) >= 0).all()


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8"])
def test_every_dtype_finds_its_own_rows(rng, dtype):
    x = rng.integers(-100, 100, size=(50, 16))
    index = simile.Index(16, kind="flat", dtype=dtype)
    index.add(x)
    ids, distances = index.search(x, k=1)
    assert ids[:, 0].tolist() == list(range(50))
    assert (distances == 0).all()
    assert index.dtype == dtype


@pytest.mark.parametrize("metric", ["hamming", "jaccard"])
def test_bits_come_packed_or_as_bool(rng, metric):
    bits = rng.random((40, 64)) < 0.5
    index = simile.Index(64, metric=metric, kind="flat", dtype="bit")
    index.add(np.packbits(bits, axis=1))
    ids, distances = index.search(bits, k=2)
    assert ids[:, 0].tolist() == list(range(40))
    first, second = bits, bits[ids[:, 1]]
    expected = (first != second).sum(1)
    if metric == "jaccard":
        expected = 1 - (first & second).sum(1) / (first | second).sum(1)
    assert np.allclose(distances[:, 1], expected)


@pytest.mark.parametrize("metric", ["hamming", "jaccard"])
def test_metrics_of_bits_need_no_dtype(metric):
    index = simile.Index(dim=16, metric=metric)
    assert index.dtype == "bit"
    index.add(np.array([[1, 2], [255, 0]], np.uint8))
    assert index.search(np.array([1, 2], np.uint8), k=1)[0].tolist() == [0]


def test_shapes_follow_the_query(rng):
    index = simile.Index(8)
    index.add(rng.normal(size=8))
    index.add(rng.normal(size=(2, 8)))
    ids, distances = index.search(rng.normal(size=8), k=2)
    assert ids.shape == distances.shape == (2,)
    ids, distances = index.search(rng.normal(size=(4, 8)), k=5)
    assert ids.shape == distances.shape == (4, 5)
    ids, distances = index.search(np.empty((0, 8)), k=5)
    assert ids.shape == (0, 5)


def test_missing_hits_are_minus_one_and_nan():
    index = simile.Index(4, kind="flat")
    ids, distances = index.search(np.zeros(4), k=3)
    assert ids.tolist() == [-1, -1, -1] and np.isnan(distances).all()
    index.add(np.ones((1, 4)))
    ids, distances = index.search(np.zeros(4), k=3)
    assert ids.tolist() == [0, -1, -1]
    assert distances[0] == 4 and np.isnan(distances[1:]).all()


def test_many_queries_are_answered_in_pieces(rng):
    """More than one call into the engine: 4,096 queries each."""
    x = rng.normal(size=(30, 4)).astype(np.float32)
    index = simile.Index(4, kind="flat")
    index.add(x)
    ids, _ = index.search(np.tile(x, (300, 1)), k=1, threads=2)
    assert ids[:, 0].tolist() == list(range(30)) * 300


def layouts(x):
    wide = np.zeros((len(x), x.shape[1] * 2), x.dtype)
    wide[:, : x.shape[1]] = x
    yield "fortran", np.asfortranarray(x)
    yield "strided rows", wide[:, : x.shape[1]]
    yield "every second row", np.repeat(x, 2, axis=0)[::2]
    yield "strided columns", np.repeat(x, 2, axis=1)[:, ::2]
    yield "reversed", np.ascontiguousarray(x[::-1])[::-1]
    yield "double", x.astype(np.float64)
    yield "half", x.astype(np.float16)
    yield "big endian", x.astype(">f4")
    yield "integers", x.astype(np.int32)
    yield "list", x.tolist()
    yield "list of arrays", list(x)
    yield "read-only", np.frombuffer(x.tobytes(), np.float32).reshape(x.shape)
    yield "memoryview", memoryview(x)
    misaligned = np.frombuffer(b"x" + x.tobytes(), np.uint8)[1:].view(np.float32)
    yield "misaligned", misaligned.reshape(x.shape)


def test_every_layout_gives_the_same_index(rng):
    x = rng.integers(-50, 50, size=(20, 6)).astype(np.float32)
    for name, same in layouts(x):
        index = simile.Index(6, kind="flat")
        index.add(same)
        ids, distances = index.search(same, k=1)
        assert ids[:, 0].tolist() == list(range(20)), name
        assert (distances == 0).all(), name


def test_torch_tensors_are_read(rng):
    torch = pytest.importorskip("torch")
    x = torch.tensor(rng.integers(-50, 50, size=(20, 6)), dtype=torch.float32, requires_grad=True)
    for tensor in (x, x.to(torch.bfloat16), x.to(torch.float16), x.T.contiguous().T):
        index = simile.Index(6, kind="flat")
        index.add(tensor)
        assert index.search(x, k=1)[0][:, 0].tolist() == list(range(20))


class WithDlpack:
    """An array of another library: nothing but the protocol."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def test_the_dlpack_protocol_is_enough(rng):
    x = rng.normal(size=(5, 3)).astype(np.float32)
    index = simile.Index(3)
    index.add(WithDlpack(x))
    assert index.search(WithDlpack(x), k=1)[0][:, 0].tolist() == list(range(5))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 5)), r"x has shape \(2, 5\); expected \(n, 4\) or \(4,\) for float32\[4\]"),
        (np.zeros((2, 2, 4)), r"x has shape \(2, 2, 4\)"),
        (np.float32(1), r"x has shape \(\)"),
        (np.array([["a"] * 4]), "dtype <U1; expected real numbers"),
        (np.zeros((1, 4), complex), "dtype complex128"),
        (np.zeros((1, 4), object), "dtype object"),
        ([[1, 2, 3, 4], [1]], "x is no array of numbers"),
        ([[1, 2, 3, float("nan")]], "vector 0 holds NaN"),
        ([[1, 2, 3, 4], [1, 2, 3, float("inf")]], "vector 1 holds NaN"),
        ([[1, 2, 3, 1e300]], "vector 0 holds NaN"),
    ],
)
def test_bad_vectors_are_refused_and_nothing_is_added(x, message):
    index = simile.Index(4)
    with pytest.raises(simile.errors.InvalidArgument, match=message):
        index.add(x)
    with pytest.raises(ValueError):
        index.search(x)
    assert len(index) == 0


def test_int8_refuses_what_it_cannot_hold():
    index = simile.Index(4, dtype="int8")
    with pytest.raises(ValueError, match="scale and round"):
        index.add(np.zeros((1, 4)))
    with pytest.raises(ValueError, match="-128..127"):
        index.add(np.full((1, 4), 200))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dim": 0}, "dim"),
        ({"dim": -1}, "dim"),
        ({"dim": 65_537}, "dim"),
        ({"dim": 8, "metric": "manhattan"}, "cosine"),
        ({"dim": 8, "kind": "tree"}, "flat"),
        ({"dim": 8, "dtype": "float64"}, "float32"),
        ({"dim": 8, "metric": "hamming", "dtype": "float32"}, "hamming"),
        ({"dim": 12, "metric": "hamming", "dtype": "bit"}, "8"),
        ({"dim": 8, "degree": 1}, "degree"),
    ],
)
def test_bad_parameters_are_refused_with_what_is_known(arguments, message):
    with pytest.raises(ValueError, match=message):
        simile.Index(**arguments)


@pytest.mark.parametrize("k", [0, -1, 16_385, 2**40])
def test_k_out_of_range_is_refused(k):
    with pytest.raises(ValueError, match="1..16384"):
        simile.Index(4).search(np.zeros(4), k=k)


def test_ids_are_kept_and_checked(rng):
    x = rng.normal(size=(4, 3))
    index = simile.Index(3)
    index.add(x[:3], ids=[10, 5, 2**62])
    assert index.search(x[:3], k=1)[0][:, 0].tolist() == [10, 5, 2**62]
    for ids, message in [([5], "5"), ([7, 7], "7"), ([-1], "-1")]:
        with pytest.raises(simile.Error, match=message):
            index.add(x[: len(ids)], ids=ids)
    for ids in ([1.5], ["a"], [[1]], [1, 2], []):
        with pytest.raises(ValueError):
            index.add(x[3:], ids=ids)
    assert len(index) == 3
    index.remove([2**62])
    index.add(x[3:])
    assert index.search(x[3], k=1)[0].tolist() == [2**62 + 1]


def test_removed_vectors_are_not_found(rng):
    x = rng.normal(size=(100, 8))
    index = simile.Index(8)
    index.add(x)
    assert index.remove(np.arange(0, 100, 2)) == 50
    assert index.remove([0, 1000]) == 0
    assert index.remove(1) == index.remove(np.int64(3)) == 1
    assert len(index) == 48
    ids, _ = index.search(x, k=10, ef=200)
    assert (ids % 2 == 1).all()


@pytest.mark.parametrize("kind", ["flat", "graph"])
def test_a_saved_index_answers_the_same(rng, kind, tmp_path):
    x = rng.normal(size=(300, 8))
    index = simile.Index(8, metric="cosine", kind=kind)
    index.add(x, ids=np.arange(300) * 7)
    index.remove([0, 7])
    index.save(tmp_path / "a.index")
    loaded = simile.Index.load(str(tmp_path / "a.index"))
    assert (loaded.dim, loaded.metric, loaded.kind) == (8, "cosine", kind)
    assert len(loaded) == 298
    assert loaded.nbytes > 298 * 8 * 4
    for ours, theirs in zip(index.search(x, k=3), loaded.search(x, k=3)):
        assert np.array_equal(ours, theirs)


def test_a_damaged_file_is_refused(rng, tmp_path):
    path = tmp_path / "a.index"
    index = simile.Index(8)
    index.add(rng.normal(size=(30, 8)))
    index.save(path)
    good = path.read_bytes()
    for damaged in (good[:-1], good[: len(good) // 2], b"", b"no index at all" * 100):
        path.write_bytes(damaged)
        with pytest.raises(simile.Error, match="a.index"):
            simile.Index.load(path)
    path.write_bytes(good)
    assert len(simile.Index.load(path)) == 30
    with pytest.raises(KeyError, match="absent.index"):
        simile.Index.load(tmp_path / "absent.index")


def test_progress_is_called_and_may_stop_it(rng):
    x = rng.normal(size=(20_000, 16)).astype(np.float32)
    seen = []
    index = simile.Index(16, build_effort=32)
    index.add(x, progress=lambda done, total: seen.append((done, total)))
    assert seen and all(total == 20_000 and done <= total for done, total in seen)
    assert seen == sorted(seen)

    def stop(done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        index.add(-x, progress=stop)
    assert len(index) == 20_000


def test_searches_run_in_many_threads(rng):
    x = rng.normal(size=(2000, 16)).astype(np.float32)
    index = simile.Index(16)
    index.add(x)
    expected, _ = index.search(x, k=5)
    wrong = []

    def work():
        found, _ = index.search(x, k=5)
        if not np.array_equal(found, expected):
            wrong.append(found)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_it_says_what_it_is():
    assert repr(simile.Index(8)) == (
        "simile.Index(dim=8, metric='l2', kind='graph', dtype='float32', 0 vectors)"
    )
    assert "nearest first" in simile.Index.search.__doc__


def test_vectors_are_replaced_in_place(rng):
    x = rng.normal(size=(3000, 24)).astype(np.float32)
    index = simile.Index(24)
    index.add(x[:1500])
    held = index.nbytes
    order = rng.permutation(1500)
    for first in range(0, 1500, 100):
        gone = order[first : first + 100]
        assert index.remove(gone) == 100
        index.add(x[1500 + gone], ids=1500 + gone)
    assert len(index) == 1500
    assert index.nbytes < 1.5 * held
    ids, _ = index.search(x[1500:], k=1, ef=64)
    assert (ids[:, 0] == 1500 + np.arange(1500)).mean() > 0.99


def test_memory_is_estimated_before_it_is_taken(rng):
    index = simile.Index(24)
    held, building = index.estimate_memory(2000)
    index.add(rng.normal(size=(2000, 24)).astype(np.float32))
    assert held / 2 < index.nbytes <= held < building


def test_searches_go_on_while_another_thread_changes_the_index(rng):
    x = rng.normal(size=(4000, 16)).astype(np.float32)
    index = simile.Index(16)
    index.add(x[:2000])
    stop = threading.Event()

    def change():
        for first in range(0, 2000, 200):
            index.remove(np.arange(first, first + 200))
            index.add(x[2000 + first : 2200 + first], ids=np.arange(2000 + first, 2200 + first))
        stop.set()

    writer = threading.Thread(target=change)
    writer.start()
    while not stop.is_set():
        ids, distances = index.search(x[:50], k=10, ef=32)
        assert (ids >= 0).all() and (np.diff(distances) >= 0).all()
    writer.join()
    assert len(index) == 2000


def test_recall_is_reached_and_reported(rng):
    x = rng.normal(size=(5000, 24)).astype(np.float32)
    q = rng.normal(size=(300, 24)).astype(np.float32)
    truth, _ = flat(x).search(q, k=10)
    index = simile.Index(24)
    index.add(x)
    assert index.calibration() == []
    ids, _ = index.search(q, k=10, recall=0.9)
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids, truth, strict=True)]) >= 0.89
    k, ef, recall = index.calibration()[-1]
    assert k == 10 and ef >= 10 and recall >= 0.9
    given, _ = index.search(q, k=10, ef=12, recall=0.99)
    alone, _ = index.search(q, k=10, ef=12)
    assert (given == alone).all()
    with pytest.raises(ValueError, match="recall"):
        index.search(q, recall=1.5)


def test_memory_is_saved_where_it_is_asked_for(rng, tmp_path):
    x = rng.normal(size=(3000, 128)).astype(np.float32)
    index = simile.Index(128, optimize="memory", folder=tmp_path)
    index.add(x)
    assert index.optimize == "memory" and "optimize='memory'" in repr(index)
    assert index.nbytes < simile_nbytes_of(x) / 3
    index.save(tmp_path / "a.index")
    loaded = simile.Index.load(tmp_path / "a.index")
    for each in (index, loaded):
        ids, distances = each.search(x[:100], k=1, ef=100)
        assert ids[:, 0].tolist() == list(range(100)) and distances.max() < 1e-3
    with pytest.raises(ValueError, match="known: speed, memory"):
        simile.Index(8, optimize="size")


def simile_nbytes_of(x):
    index = simile.Index(x.shape[1])
    index.add(x)
    return index.nbytes


def flat(x):
    index = simile.Index(x.shape[1], kind="flat")
    index.add(x)
    return index


@pytest.mark.parametrize("kind", ["flat", "graph"])
def test_zero_vectors_are_at_right_angles_to_all_under_cosine(kind):
    random = np.random.default_rng(3)
    x = random.standard_normal((6000, 24), dtype=np.float32)
    x[[5, 70, 5999]] = 0
    index = simile.Index(dim=24, metric="cosine", kind=kind)
    index.add(x)
    queries = random.standard_normal((20, 24), dtype=np.float32)
    lengths = np.maximum(np.linalg.norm(x, axis=1), 1e-30)
    cosines = (queries @ x.T) / np.linalg.norm(queries, axis=1)[:, None] / lengths
    ids, distances = index.search(queries, k=6000)
    assert np.allclose(distances, np.sort(1 - cosines, axis=1), atol=1e-5)
    ids, distances = index.search(np.zeros((2, 24), np.float32), k=10)
    assert (distances == 1).all()
    ids, distances = index.search(queries, k=10, ef=200)
    assert (np.abs(distances - np.sort(1 - cosines, axis=1)[:, :10]) < 1e-5).mean() > 0.9
