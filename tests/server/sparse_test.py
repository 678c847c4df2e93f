"""Sparse vectors through pymilvus: rows, searches, hybrid ones, what is refused."""

import json
import urllib.request

import numpy
import pytest

pymilvus = pytest.importorskip("pymilvus")
DataType = pymilvus.DataType


def vectors(rows, seed):
    random = numpy.random.default_rng(seed)
    return [
        {
            int(index): float(numpy.float32(value))
            for index, value in zip(random.integers(0, 200, 6), random.random(6))
        }
        for _ in range(rows)
    ]


ROWS = vectors(300, 1)


def naive(query, k, keep=lambda row: True):
    scores = {
        row: sum(value * vector[index] for index, value in query.items() if index in vector)
        for row, vector in enumerate(ROWS)
        if keep(row) and vector.keys() & query.keys()
    }
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:k]


@pytest.fixture
def filled(client, name):
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_field("dense", DataType.FLOAT_VECTOR, dim=4)
    schema.add_field("year", DataType.INT64)
    index = client.prepare_index_params()
    index.add_index(
        "sparse",
        index_type="SPARSE_INVERTED_INDEX",
        metric_type="IP",
        params={"drop_ratio_build": 0.2, "inverted_index_algo": "DAAT_MAXSCORE"},
    )
    index.add_index("dense", index_type="FLAT", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index)
    data = [
        {"id": row, "sparse": vector, "dense": [row, 0, 0, 0], "year": row % 4}
        for row, vector in enumerate(ROWS)
    ]
    assert client.insert(name, data)["insert_count"] == 300
    yield name
    client.drop_collection(name)


def test_searches_find_what_a_naive_one_finds(client, filled):
    queries = vectors(10, 2)
    found = client.search(
        filled,
        queries,
        limit=7,
        anns_field="sparse",
        search_params={"metric_type": "IP", "params": {"drop_ratio_search": 0.1}},
        output_fields=["sparse", "year"],
    )
    for query, hits in zip(queries, found):
        expected = naive(query, 7)
        assert [hit["id"] for hit in hits] == [row for row, _ in expected]
        scores = [score for _, score in expected]
        assert [hit["distance"] for hit in hits] == pytest.approx(scores, rel=1e-5)
        assert dict(hits[0]["entity"]["sparse"]) == pytest.approx(ROWS[hits[0]["id"]])
    one = client.search(filled, queries[:1], limit=5, anns_field="sparse", filter="year == 2")
    expected = naive(queries[0], 5, lambda row: row % 4 == 2)
    assert [hit["id"] for hit in one[0]] == [row for row, _ in expected]
    ranged = client.search(
        filled,
        queries[:1],
        limit=300,
        anns_field="sparse",
        search_params={"params": {"radius": 0.5}},
    )
    all_scores = naive(queries[0], 300)
    assert [hit["id"] for hit in ranged[0]] == [row for row, score in all_scores if score > 0.5]


def test_rows_come_back_and_change(client, filled):
    assert client.query(filled, ids=[3], output_fields=["sparse"])[0]["sparse"] == pytest.approx(
        ROWS[3]
    )
    client.upsert(filled, [{"id": 3, "sparse": {7: 1.5}, "dense": [0] * 4, "year": 9}])
    assert client.get(filled, ids=[3])[0]["sparse"] == {7: 1.5}
    client.delete(filled, ids=[3])
    hits = client.search(filled, [{7: 1.0}], limit=300, anns_field="sparse")[0]
    assert 3 not in [hit["id"] for hit in hits]


def test_describe_says_what_it_is(client, filled):
    field = next(f for f in client.describe_collection(filled)["fields"] if f["name"] == "sparse")
    assert field["type"] == DataType.SPARSE_FLOAT_VECTOR
    index = client.describe_index(filled, "sparse")
    assert index["index_type"] == "SPARSE_INVERTED_INDEX"
    assert index["metric_type"] == "IP"
    assert index["simile_index"] == "inverted"


def test_hybrid_search_of_dense_and_sparse(client, filled):
    sparse = pymilvus.AnnSearchRequest([ROWS[10]], "sparse", {"metric_type": "IP"}, limit=20)
    dense = pymilvus.AnnSearchRequest([[10, 0, 0, 0]], "dense", {"metric_type": "L2"}, limit=20)
    hits = client.hybrid_search(filled, [sparse, dense], pymilvus.RRFRanker(), limit=5)[0]
    assert hits[0]["id"] == 10
    weighted = pymilvus.WeightedRanker(0.9, 0.1)
    hits = client.hybrid_search(filled, [sparse, dense], weighted, limit=5)[0]
    assert hits[0]["id"] == 10


def test_iterators_go_through_all_hits(client, filled):
    query = vectors(1, 9)
    iterator = client.search_iterator(
        filled, query, batch_size=11, anns_field="sparse", search_params={"metric_type": "IP"}
    )
    found = []
    while batch := iterator.next():
        found += [hit["id"] for hit in batch]
    assert sorted(found) == sorted(row for row, _ in naive(query[0], 300))


def test_null_vectors(client, name):
    schema = client.create_schema(auto_id=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    index = client.prepare_index_params()
    index.add_index("sparse", index_type="SPARSE_WAND", metric_type="IP")
    client.create_collection(name, schema=schema, index_params=index)
    client.insert(name, [{"sparse": {}}, {"sparse": {1: 1.0}}])
    assert len(client.search(name, [{1: 1.0}], limit=5)[0]) == 1
    rows = client.query(name, filter="id > 0", output_fields=["sparse"])
    assert [row["sparse"] for row in rows] == [{}, {1: 1.0}]
    client.drop_collection(name)


def test_what_does_not_fit_is_refused(client, filled, name):
    def error_of(call):
        with pytest.raises(pymilvus.MilvusException) as caught:
            call()
        return caught.value

    wrong = error_of(lambda: client.search(filled, [[1.0] * 4], limit=3, anns_field="sparse"))
    assert "vector type must be the same" in wrong.message
    index = client.prepare_index_params()
    index.add_index("sparse", index_type="SPARSE_WAND", metric_type="L2")
    wrong = error_of(lambda: client.create_index(filled, index))
    assert wrong.code == 1100
    index = client.prepare_index_params()
    index.add_index("sparse", index_type="HNSW", metric_type="IP")
    assert error_of(lambda: client.create_index(filled, index)).code == 1100


def test_rest(server, client, filled):
    def call(path, body):
        request = urllib.request.Request(
            f"{server.http}/v2/vectordb/{path}", json.dumps(body).encode()
        )
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    body = {
        "collectionName": filled,
        "data": [{str(index): value for index, value in ROWS[5].items()}],
        "annsField": "sparse",
        "limit": 3,
        "outputFields": ["sparse"],
    }
    found = call("entities/search", body)
    assert found["code"] == 0, found
    expected = [row for row, _ in naive(ROWS[5], 3)]
    assert [hit["id"] for hit in found["data"]] == expected
    row = {"id": 900, "sparse": {"9": 2.5}, "dense": [0, 0, 0, 0], "year": 1}
    assert call("entities/insert", {"collectionName": filled, "data": [row]})["code"] == 0
    assert client.get(filled, ids=[900])[0]["sparse"] == {9: 2.5}
