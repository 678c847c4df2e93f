"""What clients are told when they ask for what cannot be: the words that programs written for
Milvus look for, and that nothing has changed."""

import numpy
import pytest

pymilvus = pytest.importorskip("pymilvus")
DataType = pymilvus.DataType
DIM = 8


@pytest.fixture
def made(client, name):
    schema = client.create_schema(auto_id=False, enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("label", DataType.VARCHAR, max_length=64)
    schema.add_field("page", DataType.JSON)
    index = client.prepare_index_params()
    index.add_index("vector", metric_type="COSINE")
    client.create_collection(name, schema=schema, index_params=index)
    yield name
    client.drop_collection(name)


def told(call, *arguments, **named):
    with pytest.raises(pymilvus.MilvusException) as caught:
        call(*arguments, **named)
    return caught.value


@pytest.mark.parametrize(
    "bad, why",
    [
        ("1a", "must be an underscore or letter"),
        ("(a)", "must be an underscore or letter"),
        ("ä", "must be an underscore or letter"),
        ("a-b", "can only contain numbers, letters and underscores"),
        ("a" * 300, "must be less than 255 characters"),
    ],
)
def test_names_that_are_none_are_refused_before_they_are_looked_for(client, made, bad, why):
    for call in (client.describe_collection, client.list_partitions, client.load_collection):
        error = told(call, bad)
        assert error.code == 1100
        assert f"Invalid collection name: {bad}. " in error.message
        assert why in error.message
    assert f"Invalid collection alias: {bad}. " in told(client.create_alias, made, bad).message
    assert f"Invalid partition name: {bad}. " in told(client.create_partition, made, bad).message
    assert f"Invalid partition name: {bad}. " in told(client.has_partition, made, bad).message
    error = told(client.drop_database, bad)
    assert (error.code, why in error.message) == (802, True)
    assert f"invalid database name[database={bad}]" in error.message


def test_what_is_not_there_is_named_with_its_place(client, made):
    error = told(client.describe_collection, "absent")
    assert error.code == 100
    assert "can't find collection[database=default][collection=absent]" in error.message
    assert "collection not found[database=default][collection=absent]" in error.message
    error = told(client.insert, made, [{"id": 1, "vector": [1.0] * DIM, "label": "", "page": {}}],
                 partition_name="absent")
    assert (error.code, "partition not found[partition=absent]" in error.message) == (200, True)
    assert told(client.alter_alias, "absent", "absent").code == 100
    assert told(client.alter_alias, made, made).code == 1601


def test_a_name_of_an_alias_is_taken(client, made):
    alias = made + "_a"
    client.create_alias(made, alias)
    taken = told(client.rename_collection, made, alias).message
    assert f"cannot rename collection to an existing alias: {alias}" in taken
    assert "should be different" in told(client.rename_collection, made, made).message
    client.drop_alias(alias)


@pytest.mark.parametrize(
    "field, words",
    [
        ({"datatype": DataType.VARCHAR}, "type param(max_length) should be specified"),
        ({"datatype": DataType.VARCHAR, "max_length": 65536}, "(0, 65535], but got 65536"),
        ({"datatype": DataType.FLOAT_VECTOR, "dim": 1}, "invalid dimension: 1. should be in range"),
        ({"datatype": DataType.FLOAT_VECTOR, "dim": 32769}, "should be in range 2 ~ 32768"),
        ({"datatype": DataType.BINARY_VECTOR, "dim": 12}, "should be multiple of 8"),
        ({"datatype": DataType.JSON, "default_value": 1}, "type not support default_value"),
        (
            {"datatype": DataType.ARRAY, "element_type": DataType.INT64, "max_capacity": 5000},
            "the maximum capacity specified for a Array should be in (0, 4096]",
        ),
        (
            {"datatype": DataType.VARCHAR, "max_length": 2, "default_value": "long"},
            "the length (4) of string exceeds max length (2)",
        ),
    ],
)
def test_fields_that_cannot_be(client, name, field, words):
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    try:
        schema.add_field("more", **field)
        message = told(client.create_collection, name, schema=schema).message
    except pymilvus.exceptions.ParamError as error:  # the client itself knows
        message = error.message
    assert words in message
    assert not client.has_collection(name)


def index_of(client, field, **arguments):
    index = client.prepare_index_params()
    index.add_index(field, **arguments)
    return index


def test_indexes_on_paths_of_json(client, made):
    def ask(field, path, name="", cast="double", kind="INVERTED"):
        params = {"json_path": path} | ({"json_cast_type": cast} if cast else {})
        index = index_of(client, field, index_type=kind, index_name=name, params=params)
        return client.create_index(made, index)

    ask("page", "page['a']['b']")
    ask("page", "page['a']['b']")  # the same again
    ask("page", "page['a'][0]")
    ask("free", "free['x']")  # a key of the dynamic field
    names = ["$meta/free/x", "page/a/0", "page/a/b", "vector"]
    assert sorted(client.list_indexes(made)) == names
    described = client.describe_index(made, "page/a/b")
    assert (described["json_path"], described["json_cast_type"]) == ("page['a']['b']", "double")
    assert "at most one distinct index" in told(ask, "page", "page['a']['b']", cast="bool").message
    assert "creating multiple indexes" in told(ask, "page", "page['a'][0]", name="n").message
    assert "must specify cast type" in told(ask, "page", "page['c']", cast="").message
    assert "actual=invalid index params" in told(ask, "page", "page['c']", cast="int8").message
    trie = told(ask, "page", "page['c']", kind="TRIE").message
    assert "TRIE are only supported on varchar" in trie
    assert "invalid index type: NONE" in told(ask, "page", "page['c']", kind="NONE").message
    assert sorted(client.list_indexes(made)) == names


def test_what_a_loaded_collection_does_not_change(client, made):
    alter = client.alter_collection_properties
    assert "can not alter mmap" in told(alter, made, {"mmap.enabled": True}).message
    disable = told(alter, made, {"dynamicfield.enabled": False}).message
    assert "cannot supported to be disabled" in disable
    assert "no partition" in told(client.load_partitions, made, []).message


@pytest.mark.parametrize(
    "filter, words",
    [
        ("id >", "cannot parse expression: id >"),
        ("absent == 1 and", "cannot parse expression: absent == 1 and"),
        ("id + 1", "predicate is not a boolean expression: id + 1"),
    ],
)
def test_filters_that_are_none_are_shown(client, made, filter, words):
    vector = [[1.0] * DIM]
    for error in (
        told(client.query, made, filter=filter),
        told(client.query, made, filter=filter, output_fields=["count(*)"]),
        told(client.search, made, vector, filter=filter),
    ):
        assert error.code == 1100
        assert f"failed to create query plan: {words}" in error.message


def test_a_collection_can_gain_the_dynamic_field(client, name):
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    index = index_of(client, "vector", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index)
    rows = [{"id": i, "vector": v.tolist()} for i, v in enumerate(numpy.eye(DIM))]
    client.insert(name, rows[:4])
    client.alter_collection_properties(name, {"dynamicfield.enabled": True})
    assert client.describe_collection(name)["enable_dynamic_field"]
    client.insert(name, [row | {"color": "red"} for row in rows[4:]])
    found = client.query(name, filter='color == "red"', output_fields=["color"])
    assert [row["id"] for row in found] == [4, 5, 6, 7]
    assert client.query(name, filter="id == 1", output_fields=["*"])[0]["id"] == 1
    client.drop_collection(name)
