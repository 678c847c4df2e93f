import numpy as np
import pytest

from neighbours import recall

ROWS = np.array([[0, 0], [1, 0], [1, 0], [2, 0], [3, 0], [9, 9]], np.float32)
QUERY = np.array([[0, 0]], np.float32)


def judge(k, metric="l2", rows=ROWS, queries=QUERY, truth=(0, 1, 2, 3, 4)):
    return recall.Judge(rows, queries, np.array([truth] * len(queries), np.int32), metric, k)


@pytest.mark.parametrize(
    "ids, expected",
    [
        ([0, 1], 1.0),
        ([2, 0], 1.0),  # as near as row 1: ties count, in any order
        ([0, 3], 0.5),
        ([0, 0], 0.5),  # the same id twice counts once
        ([0, -1], 0.5),
        ([0, 6], 0.5),  # past the end
        ([5, 5], 0.0),
    ],
)
def test_answers_count_by_their_distance(ids, expected):
    assert judge(2)(np.array([ids])) == expected


def test_unsigned_ids_that_mean_nothing_do_not_count():
    assert judge(2)(np.array([[0, 2**64 - 1]], np.uint64)) == 0.5


def test_answers_within_the_tolerance_count_and_further_ones_do_not():
    rows = np.array([[1, 0], [1 + 5e-6, 0], [1 + 3e-5, 0]], np.float32)
    ask = judge(1, rows=rows, truth=(0, 1, 2))
    assert [ask(np.array([[i]])) for i in range(3)] == [1.0, 1.0, 0.0]


def test_cosine_looks_at_directions_only_and_inner_product_at_lengths_too():
    rows = np.array([[1, 0], [10, 1], [0, 1]], np.float32)
    queries = np.array([[3, 0]], np.float32)
    assert judge(1, "cosine", rows, queries, (0, 1, 2))(np.array([[0]])) == 1.0
    assert judge(1, "cosine", rows, queries, (0, 1, 2))(np.array([[1]])) == 0.0
    assert judge(1, "ip", rows, queries, (1, 0, 2))(np.array([[1]])) == 1.0
    assert judge(1, "ip", rows, queries, (1, 0, 2))(np.array([[0]])) == 0.0


def test_the_mean_is_over_the_queries_that_were_answered():
    queries = np.repeat(QUERY, 3000, axis=0)
    answers = np.array([[0, 1]] * 1500 + [[0, 5]] * 500)
    assert judge(2, queries=queries)(answers) == pytest.approx(0.875)


def test_distances_agree_with_the_definition():
    rng = np.random.default_rng(3)
    rows, queries = rng.normal(size=(50, 7)), rng.normal(size=(4, 7))
    ids = rng.integers(0, 50, (4, 5))
    for i, query in enumerate(queries):
        for j, row in enumerate(rows[ids[i]]):
            lengths = np.linalg.norm(row) * np.linalg.norm(query)
            expected = {
                "l2": ((row - query) ** 2).sum(),
                "ip": -row @ query,
                "cosine": 1 - row @ query / lengths,
            }
            for metric, value in expected.items():
                found = recall.distances(rows, queries, ids, metric)[i, j]
                assert found == pytest.approx(value)


def test_repeated_ids_are_found_anywhere_in_the_row():
    ids = np.array([[4, 2, 4, 4], [1, 2, 3, 4]])
    assert recall.repeated(ids).tolist() == [[False, False, True, True], [False] * 4]
