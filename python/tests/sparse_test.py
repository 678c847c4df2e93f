"""Sparse vectors: every form they come in, searches against a naive one, what is refused."""

import numpy as np
import pytest

import simile


FIELDS = {"id": "int64 primary key", "terms": "sparse ip nullable", "year": "int32"}


def vectors(rows, seed):
    """Dicts of random components."""
    random = np.random.default_rng(seed)
    return [
        {
            int(index): float(np.float32(value))
            for index, value in zip(random.integers(0, 300, 8), random.random(8))
        }
        for _ in range(rows)
    ]


def naive(rows, query, k):
    scores = {
        row: sum(value * vector[index] for index, value in query.items() if index in vector)
        for row, vector in enumerate(rows)
        if vector.keys() & query.keys()
    }
    return sorted(scores, key=lambda row: (-scores[row], row))[:k]


def test_searches_find_what_a_naive_one_finds(db):
    c = db.create_collection("c", FIELDS)
    rows = vectors(6000, 1)
    for first in range(0, 6000, 2000):
        part = range(first, first + 2000)
        c.insert({"id": part, "terms": rows[first : first + 2000], "year": [i % 5 for i in part]})
        if first == 2000:
            c.flush()
    queries = vectors(20, 2)
    found = c.search(queries, 10, fields=["terms"])
    for query, hits in zip(queries, found):
        assert hits.ids.tolist() == naive(rows, query, 10)
        assert hits["terms"][0] == rows[hits.ids[0]]
    one = c.search(queries[0], 5, where="year == 3")
    expected = [row for row in naive(rows, queries[0], 6000) if row % 5 == 3][:5]
    assert one.ids.tolist() == expected
    walked = [row for hits in c.iterate(queries[0], 500) for row in hits.ids.tolist()]
    assert walked == naive(rows, queries[0], 6000)


def test_every_form_is_the_same_vector(db):
    c = db.create_collection("c", FIELDS)
    forms = [{7: 0.5, 2: 1}, ([7, 2], [0.5, 1]), [(7, 0.5), (2, 1)], {}, None]
    c.insert({"id": range(5), "terms": forms, "year": [0] * 5})
    same = {2: 1.0, 7: 0.5}
    assert c.query().columns["terms"] == [same, same, same, {}, None]
    assert c.fields["terms"].spec == "sparse ip nullable"
    assert c.fields["terms"].index == "inverted"
    for query in ({2: 1}, ([2], [1])):
        assert c.search(query).ids.tolist() == [0, 1, 2]
    assert [len(hits) for hits in c.search([{2: 1}, {9: 1}])] == [3, 0]


def test_scipy_matrices(db):
    sparse = pytest.importorskip("scipy.sparse")
    c = db.create_collection("c", FIELDS)
    matrix = sparse.csr_matrix(np.array([[0, 2.0, 0], [1, 0, 3]], np.float32))
    c.insert({"id": [0, 1], "terms": matrix, "year": [0, 0]})
    assert c.query().columns["terms"] == [{1: 2.0}, {0: 1.0, 2: 3.0}]
    assert c.search(matrix[1]).ids.tolist() == [1]
    assert [hits.ids.tolist() for hits in c.search(matrix)] == [[0], [1]]


@pytest.mark.parametrize(
    "vector",
    [
        {-1: 1},
        {2**32 - 1: 1},
        {1: float("nan")},
        {"a": 1},
        ([1, 1], [1, 2]),
        ([1], [1, 2]),
        "text",
        3,
    ],
)
def test_what_is_no_vector_is_refused(db, vector):
    c = db.create_collection("c", FIELDS)
    with pytest.raises(simile.errors.InvalidArgument):
        c.insert({"id": [1], "terms": [vector], "year": [1]})
    assert len(c) == 0


def test_dense_queries_of_sparse_fields_are_refused(db):
    c = db.create_collection("c", {**FIELDS, "dense": "float32[2] l2"})
    with pytest.raises(simile.errors.InvalidArgument):
        c.search([1.0, 2.0], field="terms")
    with pytest.raises(simile.errors.InvalidArgument):
        c.search({1: 1.0}, field="dense")
