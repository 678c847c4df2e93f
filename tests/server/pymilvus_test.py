"""pymilvus as it is installed, against the server. tools/run_tests.py runs this file once for each
version of the client."""

import numpy
import pytest

pymilvus = pytest.importorskip("pymilvus")
DataType = pymilvus.DataType
DIM = 8


def vectors(rows, dim=DIM, seed=1):
    return numpy.random.default_rng(seed).normal(size=(rows, dim)).astype(numpy.float32)


def rows_of(count, seed=1):
    made = vectors(count, seed=seed)
    return [
        {"id": i, "vector": made[i].tolist(), "price": float(i) / 2, "label": f"l{i % 5}"}
        for i in range(count)
    ]


@pytest.fixture
def filled(client, name):
    """A collection of 200 rows with scalar fields."""
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("price", DataType.DOUBLE)
    schema.add_field("label", DataType.VARCHAR, max_length=64)
    index = client.prepare_index_params()
    index.add_index("vector", index_type="HNSW", metric_type="L2", params={"M": 16})
    client.create_collection(name, schema=schema, index_params=index)
    assert client.insert(name, rows_of(200))["insert_count"] == 200
    yield name
    client.drop_collection(name)


def brute_force(query, k, keep=lambda row: True, count=200):
    rows = [row for row in rows_of(count) if keep(row)]
    distances = [float(numpy.sum((numpy.float32(row["vector"]) - query) ** 2)) for row in rows]
    order = numpy.argsort(distances, kind="stable")[:k]
    return [rows[i]["id"] for i in order]


def error_of(call):
    with pytest.raises(pymilvus.MilvusException) as caught:
        call()
    return caught.value


def test_the_quick_start_works(client, name):
    client.create_collection(name, dimension=DIM)
    data = [{"id": i, "vector": v.tolist(), "text": f"t{i}"} for i, v in enumerate(vectors(20))]
    assert client.insert(name, data)["insert_count"] == 20
    hits = client.search(name, data=[data[3]["vector"]], limit=2, output_fields=["text"])
    assert hits[0][0]["id"] == 3
    assert hits[0][0]["entity"]["text"] == "t3"
    assert hits[0][0]["distance"] == pytest.approx(1.0, abs=1e-5)
    client.drop_collection(name)
    assert not client.has_collection(name)


def test_search_finds_what_brute_force_finds(client, filled):
    queries = vectors(5, seed=9)
    found = client.search(filled, data=queries.tolist(), limit=7, output_fields=["label", "price"])
    for query, hits in zip(queries, found):
        assert [hit["id"] for hit in hits] == brute_force(query, 7)
        for hit in hits:
            assert hit["entity"] == {"label": f"l{hit['id'] % 5}", "price": hit["id"] / 2}


def test_search_keeps_to_its_filter_and_its_window(client, filled):
    query = vectors(1, seed=9)
    everything = brute_force(query[0], 20, lambda row: row["label"] == "l2" and row["id"] > 30)
    found = client.search(filled, query.tolist(), 'label == "l2" and id > 30', 10, offset=10)
    assert [hit["id"] for hit in found[0]] == everything[10:20]


def test_vectors_come_back_as_they_went_in(client, filled):
    row = client.query(filled, ids=[7], output_fields=["*"])[0]
    assert row["vector"] == pytest.approx(rows_of(8)[7]["vector"])
    assert (row["id"], row["price"], row["label"]) == (7, 3.5, "l2")


def test_query_counts_pages_and_sorts(client, filled):
    count = client.query(filled, filter="id >= 50", output_fields=["count(*)"])
    assert count[0]["count(*)"] == 150
    page = client.query(filled, filter="price < 50", limit=4, offset=3, output_fields=["id"])
    assert [row["id"] for row in page] == [3, 4, 5, 6]
    assert client.query(filled, filter="id == 1000") == []


def test_deleted_rows_are_gone_at_once(client, filled):
    assert client.delete(filled, ids=[1, 2, 3])["delete_count"] == 3
    assert client.delete(filled, filter='label == "l0"')["delete_count"] == 40
    left = client.query(filled, filter="", limit=1000, output_fields=["id"])
    assert [row["id"] for row in left] == [i for i in range(200) if i % 5 and i not in (1, 2, 3)]
    assert client.get_collection_stats(filled)["row_count"] == 157


def test_upsert_replaces(client, filled):
    changed = rows_of(3, seed=2)
    changed[1]["label"] = "new"
    assert client.upsert(filled, changed)["upsert_count"] == 3
    assert client.get(filled, ids=[1])[0]["label"] == "new"
    assert client.get_collection_stats(filled)["row_count"] == 200


def test_automatic_keys_come_back(client, name):
    schema = client.create_schema(auto_id=True)
    schema.add_field("key", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    client.create_collection(name, schema=schema)
    given = client.insert(name, [{"vector": v.tolist()} for v in vectors(10)])
    assert len(set(given["ids"])) == 10
    client.drop_collection(name)


def test_what_is_not_loaded_is_not_searched(client, filled):
    client.release_collection(filled)
    assert client.get_load_state(filled)["state"].name == "NotLoad"
    assert error_of(lambda: client.search(filled, vectors(1).tolist())).code == 101
    client.load_collection(filled)
    assert len(client.search(filled, vectors(1).tolist())[0]) == 10


def test_indexes_are_described_as_they_were_made(client, filled):
    assert client.list_indexes(filled) == ["vector"]
    described = client.describe_index(filled, "vector")
    assert described["index_type"] == "HNSW"
    assert described["metric_type"] == "L2"
    assert described["total_rows"] == 200
    assert described["simile_index"] == "graph"
    assert client.describe_index(filled, "other") is None


def test_collections_are_described_as_they_were_made(client, filled):
    described = client.describe_collection(filled)
    fields = {field["name"]: field for field in described["fields"]}
    assert [field["field_id"] for field in described["fields"]] == [100, 101, 102, 103]
    assert fields["id"]["is_primary"] and not described["auto_id"]
    assert fields["vector"]["params"] == {"dim": DIM}
    assert fields["label"]["params"] == {"max_length": 64}
    assert filled in client.list_collections()


def test_creating_the_same_twice_is_no_error(client, filled):
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM + 1)
    error = error_of(lambda: client.create_collection(filled, schema=schema))
    assert "different parameters" in error.message


def test_aliases_stand_for_collections(client, filled):
    alias = filled + "_alias"
    client.create_alias(filled, alias)
    assert client.describe_alias(alias)["collection_name"] == filled
    assert len(client.search(alias, vectors(1).tolist())[0]) == 10
    assert client.list_aliases(filled)["aliases"] == [alias]
    client.drop_alias(alias)
    assert error_of(lambda: client.describe_alias(alias)).code == 1600


def test_a_collection_can_be_renamed_and_emptied(client, filled):
    client.rename_collection(filled, filled + "_new")
    assert not client.has_collection(filled)
    assert client.get_collection_stats(filled + "_new")["row_count"] == 200
    client.rename_collection(filled + "_new", filled)


def test_databases_are_apart(server, client, name):
    client.create_database(name)
    try:
        assert name in client.list_databases()
        other = pymilvus.MilvusClient(server.uri, db_name=name)
        other.create_collection("inside", dimension=DIM)
        assert other.list_collections() == ["inside"]
        assert "inside" not in client.list_collections()
        other.drop_collection("inside")
        other.close()
    finally:
        client.drop_database(name)
    assert name not in client.list_databases()


@pytest.mark.parametrize(
    "kind, dtype",
    [("FLOAT16_VECTOR", numpy.float16), ("INT8_VECTOR", numpy.int8), ("BINARY_VECTOR", None)],
)
def test_other_vector_types(client, name, kind, dtype):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("v", getattr(DataType, kind), dim=16)
    index = client.prepare_index_params()
    metric = "HAMMING" if dtype is None else "L2"
    index.add_index("v", index_type="AUTOINDEX", metric_type=metric)
    client.create_collection(name, schema=schema, index_params=index)
    generator = numpy.random.default_rng(3)
    if dtype is None:
        made = [generator.bytes(2) for _ in range(30)]
    elif dtype is numpy.int8:
        made = list(generator.integers(-100, 100, (30, 16)).astype(numpy.int8))
    else:
        made = list(generator.normal(size=(30, 16)).astype(dtype))
    client.insert(name, [{"id": i, "v": v} for i, v in enumerate(made)])
    hits = client.search(name, [made[4]], limit=3)[0]
    assert (hits[0]["id"], hits[0]["distance"]) == (4, 0)
    client.drop_collection(name)


@pytest.mark.parametrize(
    "call, code",
    [
        (lambda c, n: c.search("nothing_here", [[0.0] * DIM]), 100),
        (lambda c, n: c.query(n, filter="nofield > 3"), 1100),
        (lambda c, n: c.query(n, filter="id >"), 1100),
        (lambda c, n: c.query(n, filter="(" * 10_000), 1100),
        (lambda c, n: c.search(n, [[0.0] * (DIM + 1)]), 1100),
        (lambda c, n: c.search(n, [[float("nan")] * DIM]), 1100),
        (lambda c, n: c.search(n, [[0.0] * DIM], limit=20_000), 1100),
        (lambda c, n: c.search(n, [[0.0] * DIM], search_params={"metric_type": "IP"}), 1100),
        (lambda c, n: c.create_collection("../escape", dimension=4), 1100),
        (lambda c, n: c.create_collection("zero", dimension=0), 1100),
        (lambda c, n: c.create_collection("huge", dimension=2**31), 1100),
        (lambda c, n: c.create_database("../up"), 802),
        (lambda c, n: c.describe_alias("nobody"), 1600),
    ],
)
def test_what_is_wrong_is_refused_with_its_code(client, filled, call, code):
    error = error_of(lambda: call(client, filled))
    assert error.code == code, error
    assert error.message


def test_the_collection_object_works(server, name):
    connections, utility = pymilvus.connections, pymilvus.utility
    connections.connect(alias=name, uri=server.uri)
    fields = [
        pymilvus.FieldSchema("id", DataType.INT64, is_primary=True),
        pymilvus.FieldSchema("v", DataType.FLOAT_VECTOR, dim=DIM),
    ]
    schema = pymilvus.CollectionSchema(fields, description="made by a test")
    collection = pymilvus.Collection(name, schema, using=name)
    collection.create_index("v", {"index_type": "FLAT", "metric_type": "IP", "params": {}})
    made = vectors(50)
    collection.insert([list(range(50)), made.tolist()])
    collection.flush()
    assert collection.num_entities == 50
    collection.load()
    hits = collection.search(made[:2].tolist(), "v", {"metric_type": "IP"}, limit=4)
    expected = numpy.argsort(-(made[:2] @ made.T), axis=1)[:, :4]
    assert [list(each.ids) for each in hits] == expected.tolist()
    assert collection.description == "made by a test"
    assert utility.has_collection(name, using=name)
    utility.drop_collection(name, using=name)
    connections.disconnect(name)


def test_a_search_iterator_gives_every_row_once(client, filled):
    iterator = client.search_iterator(filled, vectors(1, seed=9).tolist(), batch_size=30)
    found = []
    while page := iterator.next():
        found += [hit["id"] for hit in page]
    iterator.close()
    assert found == brute_force(vectors(1, seed=9)[0], 200)


def test_a_query_iterator_reads_the_rows_of_its_beginning(client, filled):
    iterator = client.query_iterator(filled, filter="id < 150", batch_size=40, output_fields=["id"])
    found = [row["id"] for row in iterator.next()]
    client.delete(filled, filter="id >= 100")
    while page := iterator.next():
        found += [row["id"] for row in page]
    iterator.close()
    assert found == list(range(150))


def test_hits_between_two_distances(client, filled):
    query = vectors(1, seed=9)
    everything = client.search(filled, query.tolist(), limit=200)[0]
    near, far = everything[10]["distance"], everything[60]["distance"]
    search_params = {"params": {"range_filter": near, "radius": far}}
    between = client.search(filled, query.tolist(), limit=100, search_params=search_params)[0]
    assert [hit["id"] for hit in between] == [hit["id"] for hit in everything[10:60]]
    first = client.search(filled, query.tolist(), limit=5, search_params=search_params)[0]
    assert [hit["id"] for hit in first] == [hit["id"] for hit in everything[10:15]]


@pytest.fixture
def two_vectors(client, name):
    """A collection with two vector fields."""
    schema = client.create_schema()
    schema.add_field("key", DataType.VARCHAR, is_primary=True, max_length=16)
    schema.add_field("a", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("b", DataType.FLOAT_VECTOR, dim=4)
    index = client.prepare_index_params()
    index.add_index("a", metric_type="L2")
    index.add_index("b", metric_type="IP")
    client.create_collection(name, schema=schema, index_params=index)
    a, b = vectors(100), vectors(100, dim=4, seed=2)
    rows = [{"key": f"k{i}", "a": a[i].tolist(), "b": b[i].tolist()} for i in range(100)]
    client.insert(name, rows)
    yield name, a, b
    client.drop_collection(name)


def test_a_hybrid_search_fuses_ranks(client, two_vectors):
    collection, a, b = two_vectors
    query_a, query_b = vectors(1, seed=5)[0], vectors(1, dim=4, seed=6)[0]
    parts = [
        pymilvus.AnnSearchRequest([query_a.tolist()], "a", {"metric_type": "L2"}, 20),
        pymilvus.AnnSearchRequest([query_b.tolist()], "b", {"metric_type": "IP"}, 20),
    ]
    ranker = pymilvus.RRFRanker(60)
    found = client.hybrid_search(collection, parts, ranker, limit=8, output_fields=["key", "b"])[0]
    scores = {}
    for order in (numpy.argsort(((a - query_a) ** 2).sum(1)), numpy.argsort(-(b @ query_b))):
        for rank, row in enumerate(order[:20], 1):
            scores[row] = scores.get(row, 0) + 1 / (60 + rank)
    best = sorted(scores.values(), reverse=True)[:8]
    assert [hit["distance"] for hit in found] == pytest.approx(best, rel=1e-5)
    for hit in found:
        row = int(hit["entity"]["key"][1:])
        assert hit["distance"] == pytest.approx(scores[row], rel=1e-5)
        assert hit["entity"]["b"] == pytest.approx(b[row].tolist())
    weighted = client.hybrid_search(collection, parts, pymilvus.WeightedRanker(1.0, 0.0), limit=3)
    nearest = numpy.argsort(((a - query_a) ** 2).sum(1))[:3]
    assert [hit["key"] for hit in weighted[0]] == [f"k{row}" for row in nearest]


def test_maintenance_calls_answer(client, filled):
    client.flush(filled)
    number = client.compact(filled)
    assert number > 0
    while client.get_compaction_state(number) != "Completed":
        pass
    assert client.get_collection_stats(filled)["row_count"] == 200


def test_filters_know_dynamic_fields(client, name):
    client.create_collection(name, dimension=DIM)
    data = [
        {"id": i, "vector": v.tolist(), "color": f"c{i % 3}", "nested": {"n": i}}
        for i, v in enumerate(vectors(30))
    ]
    client.insert(name, data)
    found = client.query(name, filter='color == "c1" and nested["n"] < 10', output_fields=["color"])
    assert [row["id"] for row in found] == [1, 4, 7]
    assert {row["color"] for row in found} == {"c1"}
    assert client.query(name, filter='$meta["color"] == "c2"', output_fields=["count(*)"])[0] == {
        "count(*)": 10
    }
    everything = client.query(name, ids=[5], output_fields=["*"])[0]
    assert everything["nested"] == {"n": 5}
    client.drop_collection(name)


def test_an_index_may_come_after_the_rows(client, name):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=DIM)
    client.create_collection(name, schema=schema)
    made = vectors(100)
    client.insert(name, [{"id": i, "v": v.tolist()} for i, v in enumerate(made)])
    client.flush(name)
    index = client.prepare_index_params()
    index.add_index("v", index_type="IVF_FLAT", metric_type="COSINE", params={"nlist": 8})
    client.create_index(name, index)
    client.load_collection(name)
    cosine = made @ made[3] / numpy.linalg.norm(made, axis=1) / numpy.linalg.norm(made[3])
    hits = client.search(name, [made[3].tolist()], limit=5)[0]
    assert [hit["id"] for hit in hits] == numpy.argsort(-cosine)[:5].tolist()
    client.drop_collection(name)


def test_partitions_divide_the_rows(client, filled):
    client.create_partition(filled, "p")
    assert client.list_partitions(filled) == ["_default", "p"]
    extra = [{**row, "id": row["id"] + 1000} for row in rows_of(10, seed=4)]
    client.insert(filled, extra, partition_name="p")
    inside = client.query(filled, filter="id >= 0", partition_names=["p"], output_fields=["id"])
    assert [row["id"] for row in inside] == [row["id"] for row in extra]
    hits = client.search(filled, vectors(1).tolist(), limit=50, partition_names=["p"])[0]
    assert len(hits) == 10
    assert client.get_partition_stats(filled, "p")["row_count"] == 10
    client.release_partitions(filled, ["p"])
    assert len(client.search(filled, vectors(1).tolist(), limit=300)[0]) == 200
    client.drop_partition(filled, "p")
    assert client.get_collection_stats(filled)["row_count"] == 200
    error = error_of(lambda: client.search(filled, vectors(1).tolist(), partition_names=["p"]))
    assert error.code == 65535


def test_fields_have_defaults_and_nulls(client, name):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("n", DataType.INT32, nullable=True)
    schema.add_field("d", DataType.VARCHAR, max_length=10, default_value="none")
    integers = {"element_type": DataType.INT64, "max_capacity": 4}
    schema.add_field("a", DataType.ARRAY, nullable=True, **integers)
    index = client.prepare_index_params()
    index.add_index("v", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index)
    made = vectors(3).tolist()
    rows = [
        {"id": 0, "v": made[0], "n": 5, "d": "x", "a": [1, 2]},
        {"id": 1, "v": made[1], "n": None, "d": None, "a": None},
        {"id": 2, "v": made[2]},
    ]
    client.insert(name, rows)
    got = client.query(name, filter="", limit=3, output_fields=["n", "d", "a"])
    assert got == [
        {"id": 0, "n": 5, "d": "x", "a": [1, 2]},
        {"id": 1, "n": None, "d": "none", "a": None},
        {"id": 2, "n": None, "d": "none", "a": None},
    ]
    assert [row["id"] for row in client.query(name, filter="n is null")] == [1, 2]
    client.drop_collection(name)


def test_fields_can_be_added(client, filled):
    client.add_collection_field(filled, "later", DataType.INT64, nullable=True, default_value=7)
    counted = client.query(filled, filter="later == 7", output_fields=["count(*)"])
    assert counted[0]["count(*)"] == 200
    row = {**rows_of(1)[0], "id": 5000, "later": 8}
    client.insert(filled, [row])
    assert client.query(filled, filter="later == 8", output_fields=["later"]) == [
        {"id": 5000, "later": 8}
    ]


def test_templates_stand_for_values(client, filled):
    found = client.query(
        filled, filter="id in {ids} and label == {label}", output_fields=["id"],
        filter_params={"ids": [1, 2, 6, 7], "label": "l1"},
    )
    assert [row["id"] for row in found] == [1, 6]


def test_an_upsert_can_change_single_fields(client, filled):
    client.upsert(filled, [{"id": 3, "label": "changed"}], partial_update=True)
    row = client.query(filled, ids=[3], output_fields=["*"])[0]
    assert (row["label"], row["price"]) == ("changed", 1.5)
    assert row["vector"] == pytest.approx(rows_of(4)[3]["vector"])


def test_text_keys_can_be_given_out(client, name):
    schema = client.create_schema(auto_id=True)
    schema.add_field("key", DataType.VARCHAR, is_primary=True, max_length=40)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=DIM)
    client.create_collection(name, schema=schema)
    given = client.insert(name, [{"v": v.tolist()} for v in vectors(4)])["ids"]
    assert len(set(given)) == 4 and all(isinstance(key, str) for key in given)
    client.drop_collection(name)


@pytest.mark.parametrize("kind", [DataType.INT64, DataType.VARCHAR])
def test_an_upsert_gives_automatic_keys_anew(client, name, kind):
    schema = client.create_schema(auto_id=True)
    length = {"max_length": 40} if kind == DataType.VARCHAR else {}
    schema.add_field("key", kind, is_primary=True, **length)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=DIM)
    client.create_collection(name, schema=schema)
    index = client.prepare_index_params()
    index.add_index("v", metric_type="L2")
    client.create_index(name, index)
    client.load_collection(name)
    x = vectors(5).tolist()
    given = client.insert(name, [{"v": v} for v in x[:3]])["ids"]
    absent = "999" if kind == DataType.VARCHAR else 999
    again = client.upsert(name, [{"key": given[1], "v": x[3]}, {"key": absent, "v": x[4]}])["ids"]
    assert len(set(again)) == 2 and not set(again) & {*given, absent}
    rows = client.query(name, filter="", limit=10, output_fields=["v"])
    assert {row["key"] for row in rows} == {given[0], given[2], *again}
    assert next(row["v"] for row in rows if row["key"] == again[0]) == pytest.approx(x[3])
    client.drop_collection(name)


def test_of_inserted_rows_with_one_key_the_last_is_read(client, name):
    schema = client.create_schema(auto_id=False)
    schema.add_field("key", DataType.VARCHAR, is_primary=True, max_length=10)
    schema.add_field("n", DataType.INT32, nullable=True)
    tags = {"element_type": DataType.VARCHAR, "max_capacity": 4, "max_length": 10}
    schema.add_field("tags", DataType.ARRAY, **tags)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=DIM)
    index = client.prepare_index_params()
    index.add_index("v", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index)
    x = vectors(4).tolist()
    rows = [("a", 1, ["x"]), ("b", 2, []), ("a", None, ["y", "z"]), ("", 4, ["w"])]
    rows = [{"key": k, "n": n, "tags": t, "v": v} for (k, n, t), v in zip(rows, x)]
    assert client.insert(name, rows)["insert_count"] == 4
    found = {row["key"]: row for row in client.query(name, filter="", limit=9,
                                                     output_fields=["n", "tags", "v"])}
    assert found.keys() == {"a", "b", ""}
    for row in rows[1:]:
        assert found[row["key"]]["v"] == pytest.approx(row.pop("v"))
        assert {name: found[row["key"]][name] for name in row} == row
    client.drop_collection(name)


def test_a_dynamic_field_can_be_added(client, name):
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=DIM)
    index = client.prepare_index_params()
    index.add_index("v", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index)
    x = vectors(2).tolist()
    client.insert(name, [{"id": 1, "v": x[0]}])
    client.alter_collection_properties(name, {"dynamicfield.enabled": True})
    assert client.describe_collection(name)["enable_dynamic_field"]
    client.insert(name, [{"id": 2, "v": x[1], "color": "red"}])
    rows = client.query(name, filter="id > 0", output_fields=["color"])
    assert {row["id"]: row.get("color") for row in rows} == {1: None, 2: "red"}
    assert [row["id"] for row in client.query(name, filter='color == "red"')] == [2]
    with pytest.raises(pymilvus.MilvusException, match="disabled"):
        client.alter_collection_properties(name, {"dynamicfield.enabled": False})
    client.drop_collection(name)


def test_the_asynchronous_client_works(server, filled):
    import asyncio

    async def run():
        client = pymilvus.AsyncMilvusClient(server.uri)
        queries = vectors(8, seed=9)
        searches = [client.search(filled, [query.tolist()], limit=5) for query in queries]
        found = await asyncio.gather(*searches)
        rows = await client.query(filled, filter="id < 3", output_fields=["id"])
        await client.close()
        return queries, found, rows

    queries, found, rows = asyncio.run(run())
    for query, hits in zip(queries, found):
        assert [hit["id"] for hit in hits[0]] == brute_force(query, 5)
    assert [row["id"] for row in rows] == [0, 1, 2]


def test_groups_have_different_values(client, filled):
    query = vectors(1, seed=9)
    found = client.search(
        filled, query.tolist(), limit=3, group_by_field="label", output_fields=["label"]
    )[0]
    everything = client.search(filled, query.tolist(), limit=200, output_fields=["label"])[0]
    first = {}
    for hit in everything:
        first.setdefault(hit["entity"]["label"], hit["id"])
    assert [hit["id"] for hit in found] == list(first.values())[:3]


def test_vectors_may_be_null(client, name):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=DIM, nullable=True)
    index = client.prepare_index_params()
    index.add_index("v", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index)
    made = vectors(6).tolist()
    client.insert(name, [{"id": i, "v": made[i] if i % 2 else None} for i in range(6)])
    assert sorted(hit["id"] for hit in client.search(name, made[:1], limit=6)[0]) == [1, 3, 5]
    rows = client.query(name, filter="id < 2", output_fields=["v"])
    assert rows[0]["v"] is None
    assert rows[1]["v"] == pytest.approx(made[1])
    client.drop_collection(name)


def test_moments_places_and_json_beside_dynamic_names(client, name):
    schema = client.create_schema(enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("extra", DataType.JSON)
    schema.add_field("seen", DataType.TIMESTAMPTZ, nullable=True)
    schema.add_field("made", DataType.TIMESTAMPTZ, default_value="2024-02-29T08:00:00+08:00")
    schema.add_field("place", DataType.GEOMETRY, nullable=True)
    index = client.prepare_index_params()
    index.add_index("v", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index)
    first = {"id": 1, "v": [1, 0], "extra": {"a": 1}, "seen": "2025-01-01T00:00:00.25-01:00"}
    second = {"id": 2, "v": [2, 0], "extra": {"a": 2}, "place": "POINT (1 2)", "color": "red"}
    client.insert(name, [first, second])
    fields = ["extra", "color", "seen", "made", "place"]
    rows = client.query(name, "id > 0", output_fields=fields)
    assert [row["extra"] for row in rows] == [{"a": 1}, {"a": 2}]
    assert [row.get("color") for row in rows] == [None, "red"]
    assert [row["seen"] for row in rows] == ["2025-01-01T01:00:00.25Z", None]
    assert {row["made"] for row in rows} == {"2024-02-29T00:00:00Z"}
    for filter, found in (
        ("seen >= ISO '2025-01-01T02:00:00+01:00'", [1]),
        ("seen + INTERVAL 'PT1H' > ISO '2025-01-01T02:00:01Z'", []),
        ("made == ISO '2024-02-29 00:00:00'", [1, 2]),
    ):
        assert [row["id"] for row in client.query(name, filter)] == found
    for wrong in ({"filter": "seen > ISO 'soon'"}, {"filter": "id > 0", "timezone": "Mars/Base"}):
        with pytest.raises(pymilvus.MilvusException, match="soon|Mars"):
            client.query(name, **wrong)
    assert [row["place"] for row in rows] == [None, "POINT (1 2)"]
    fields = client.describe_collection(name)["fields"]
    described = {field["name"]: field["type"] for field in fields}
    assert described["seen"] == DataType.TIMESTAMPTZ and described["place"] == DataType.GEOMETRY
    with pytest.raises(pymilvus.MilvusException, match="'soon' in row 0 of field seen"):
        client.insert(name, [{**first, "seen": "soon"}])


def test_what_a_tool_asks_before_and_after_compaction(client, name):
    client.create_collection(name, dimension=4)
    client.insert(name, [{"id": i, "vector": [i, 1, 2, 3]} for i in range(50)])
    client.flush(name)
    before = client.list_persistent_segments(name)
    assert before and all(segment.is_sorted for segment in before)
    number = client.compact(name)
    plans = client.get_compaction_plans(number)
    assert {s.segment_id for s in before} <= {i for plan in plans.plans for i in plan.sources}
