"""Indexes of scalar fields through pymilvus: every name serves, and describe_index says how."""

import pytest

pymilvus = pytest.importorskip("pymilvus")
DataType = pymilvus.DataType

ROWS = 5000
DATA = [
    {
        "id": row,
        "v": [row, 0],
        "n": row // 2,
        "kind": f"kind{row % 25}",
        "title": f"picture {row} of a {['cat', 'dog'][row % 2]}",
        "price": None if row % 10 == 0 else row / 4,
        "tags": [row % 100, row % 7],
        "free": row,
    }
    for row in range(ROWS)
]


@pytest.fixture(scope="module")
def filled(server):
    client = pymilvus.MilvusClient(server.uri)
    schema = client.create_schema(auto_id=False, enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("n", DataType.INT32)
    schema.add_field("kind", DataType.VARCHAR, max_length=20)
    schema.add_field("title", DataType.VARCHAR, max_length=60)
    schema.add_field("price", DataType.DOUBLE, nullable=True)
    schema.add_field("tags", DataType.ARRAY, element_type=DataType.INT64, max_capacity=4)
    index = client.prepare_index_params()
    index.add_index("v", index_type="FLAT", metric_type="L2")
    index.add_index("n", index_type="STL_SORT")
    index.add_index("kind", index_type="BITMAP")
    index.add_index("title", index_type="NGRAM", params={"min_gram": 2, "max_gram": 4})
    index.add_index("price", index_type="INVERTED")
    index.add_index("tags", index_type="AUTOINDEX")
    name = "scalar_indexes"
    client.create_collection(name, schema=schema, index_params=index)
    client.insert(name, DATA)
    client.flush(name)
    yield client, name
    client.drop_collection(name)
    client.close()


@pytest.mark.parametrize(
    ("expression", "field", "matches"),
    [
        ("n == 17", "n", lambda row: row["n"] == 17),
        ("100 <= n < 110", "n", lambda row: 100 <= row["n"] < 110),
        ("kind == 'kind3'", "kind", lambda row: row["kind"] == "kind3"),
        ("kind in ['kind3', 'x']", "kind", lambda row: row["kind"] == "kind3"),
        ("kind like 'kind1%'", "kind", lambda row: row["kind"].startswith("kind1")),
        (
            "title like '%e 49% cat%'",
            "title",
            lambda row: "e 49" in row["title"] and row["id"] % 2 == 0,
        ),
        ("price > 1249", "price", lambda row: row["price"] is not None and row["price"] > 1249),
        ("array_contains(tags, 77)", "tags", lambda row: 77 in row["tags"]),
        ("ARRAY_CONTAINS_ALL(tags, [77, 5])", "tags", lambda row: {77, 5} <= set(row["tags"])),
    ],
)
def test_filters_are_served(filled, expression, field, matches):
    client, name = filled
    before = client.describe_index(name, field)
    found = client.query(name, filter=expression, output_fields=["id"])
    assert {row["id"] for row in found} == {row["id"] for row in DATA if matches(row)}
    assert found
    after = client.describe_index(name, field)
    assert int(after["simile_indexed_rows"]) == ROWS
    assert int(after["simile_uses"]) > int(before["simile_uses"])
    spared = int(after["simile_rows_spared"]) - int(before["simile_rows_spared"])
    assert spared > ROWS * 0.9


def test_describe_says_what_serves(filled):
    client, name = filled
    served = {field: client.describe_index(name, field) for field in client.list_indexes(name)}
    assert {field: each["simile_index"] for field, each in served.items()} == {
        "v": "flat",
        "n": "inverted",
        "kind": "inverted",
        "title": "ngram",
        "price": "inverted",
        "tags": "inverted",
    }
    assert served["title"]["index_type"] == "NGRAM"
    assert served["title"]["min_gram"] == "2"


def test_indexes_are_dropped_and_made_again(filled):
    client, name = filled
    client.drop_index(name, "n")
    assert client.describe_index(name, "n") is None
    assert client.query(name, filter="n == 17", output_fields=["id"])
    index = client.prepare_index_params()
    index.add_index("n", index_type="INVERTED")
    client.create_index(name, index)
    client.flush(name)
    assert client.describe_index(name, "n")["simile_index"] == "inverted"
    assert [row["id"] for row in client.query(name, filter="n == 17")] == [34, 35]


@pytest.mark.parametrize(
    ("field", "params", "message"),
    [
        ("kind", {"index_type": "NGRAM"}, "must specify both min_gram and max_gram"),
        ("n", {"index_type": "NGRAM", "min_gram": 2, "max_gram": 3}, "VARCHAR or JSON"),
        ("title", {"index_type": "NGRAM", "min_gram": 3, "max_gram": 2}, "invalid min_gram"),
        ("title", {"index_type": "NGRAM", "min_gram": "x", "max_gram": 2}, "must be an integer"),
        ("tags", {"index_type": "STL_SORT"}, "STL_SORT"),
    ],
)
def test_what_does_not_fit_is_refused(filled, field, params, message):
    client, name = filled
    index = client.prepare_index_params()
    index.add_index(field, **params)
    with pytest.raises(pymilvus.MilvusException, match=message):
        client.create_index(name, index)


@pytest.fixture(scope="module")
def tenants(server):
    client = pymilvus.MilvusClient(server.uri)
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("owner", DataType.VARCHAR, max_length=20, is_partition_key=True)
    schema.add_field("day", DataType.INT64, is_clustering_key=True)
    index = client.prepare_index_params()
    index.add_index("v", index_type="HNSW", metric_type="L2")
    name = "tenants"
    client.create_collection(name, schema=schema, index_params=index, num_partitions=64)
    rows = [
        {"id": row, "v": [row, 0], "owner": f"owner{row % 100}", "day": row} for row in range(ROWS)
    ]
    client.insert(name, rows)
    client.flush(name)
    yield client, name
    client.drop_collection(name)
    client.close()


def test_searches_of_one_tenant_find_its_rows(tenants):
    client, name = tenants
    described = client.describe_collection(name)
    assert described["num_partitions"] == 64
    hits = client.search(name, [[0, 0]], filter="owner == 'owner7'", limit=3)[0]
    assert [hit["id"] for hit in hits] == [7, 107, 207]
    hits = client.search(name, [[0, 0]], filter="owner in ['owner7', 'owner9']", limit=3)[0]
    assert [hit["id"] for hit in hits] == [7, 9, 107]


def test_the_index_of_a_partition_key_serves_without_being_asked_for(tenants, server):
    simile = pytest.importorskip("simile")
    pytest.importorskip("grpc")
    client, name = tenants
    collection = simile.connect(server.uri)[name]
    plan = collection.explain("owner == 'owner7' and day < 1000")
    assert (plan.selected, plan.looked_at) == (10, 50)
    assert [use.field for use in plan.indexes] == ["owner"]
    # One that is asked for is described, and dropping it leaves what the key needs.
    index = client.prepare_index_params()
    index.add_index("owner", index_type="Trie")
    client.create_index(name, index)
    assert client.describe_index(name, "owner")["simile_index"] == "inverted"
    client.drop_index(name, "owner")
    assert collection.explain("owner == 'owner7'").looked_at == 0


def test_partitions_are_not_named_beside_a_partition_key(tenants):
    client, name = tenants
    row = {"id": 1, "v": [1, 0], "owner": "owner1", "day": 1}
    manual = "not support manually specifying the partition names if partition key mode is used"
    for call, message in [
        (lambda: client.create_partition(name, "p"), "disable create partition if partition key"),
        (lambda: client.drop_partition(name, "p"), "disable drop partition if partition key"),
        (lambda: client.load_partitions(name, ["p"]), "disable load partitions if partition key"),
        (lambda: client.release_partitions(name, ["p"]), "disable release partitions"),
        (lambda: client.insert(name, [row], partition_name="_default"), manual),
        (lambda: client.delete(name, filter="id == 1", partition_name="p"), manual),
        (lambda: client.search(name, [[0, 0]], partition_names=["p"]), manual),
        (lambda: client.query(name, filter="id > 1", partition_names=["p"]), manual),
    ]:
        with pytest.raises(pymilvus.MilvusException, match=message):
            call()


@pytest.mark.parametrize(
    ("key", "number", "message"),
    [
        (False, 8, "only be specified with partition key field enabled"),
        (True, 5000, "exceeds max configuration"),
    ],
)
def test_numbers_of_partitions_that_do_not_fit_are_refused(client, name, key, number, message):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("owner", DataType.INT64, is_partition_key=key)
    with pytest.raises(pymilvus.MilvusException, match=message):
        client.create_collection(name, schema=schema, num_partitions=number)
    assert not client.has_collection(name)
