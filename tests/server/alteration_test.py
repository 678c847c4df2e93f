"""What Milvus lets users alter of a collection that is there."""

import pytest

pymilvus = pytest.importorskip("pymilvus")
DataType = pymilvus.DataType
DIM = 4


def error_of(call):
    with pytest.raises(pymilvus.MilvusException) as caught:
        call()
    return caught.value


def make(client, name, auto_id=False, key=DataType.INT64):
    schema = client.create_schema(auto_id=auto_id)
    schema.add_field("id", key, is_primary=True, max_length=64)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=DIM)
    schema.add_field("s", DataType.VARCHAR, max_length=4, nullable=True, is_clustering_key=True)
    schema.add_field("a", DataType.ARRAY, element_type=DataType.INT64, max_capacity=2,
                     nullable=True)
    schema.add_field("j", DataType.JSON, nullable=True)
    index = client.prepare_index_params()
    index.add_index("v", index_type="FLAT", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong")


def row(**values):
    return {"v": [0.5] * DIM, **values}


def field_of(client, name, field):
    return next(each for each in client.describe_collection(name)["fields"]
                if each["name"] == field)


def test_limits_of_texts_and_arrays_hold_from_then_on(client, name):
    make(client, name)
    client.insert(name, [row(id=1, s="four", a=[1, 2])])
    assert "max length" in error_of(lambda: client.insert(name, [row(id=2, s="fives")])).message
    client.alter_collection_field(name, "s", {"max_length": 5})
    client.alter_collection_field(name, "a", {"max_capacity": 3})
    assert field_of(client, name, "s")["params"]["max_length"] == 5
    client.insert(name, [row(id=2, s="fives", a=[1, 2, 3])])
    assert error_of(lambda: client.insert(name, [row(id=3, s="sixsix")])).code == 1100
    for field, wrong in (("s", {"max_length": 0}), ("s", {"max_length": "many"}),
                         ("v", {"max_length": 5}), ("s", {"max_capacity": 5})):
        assert error_of(lambda: client.alter_collection_field(name, field, wrong)).code == 1100
    found = client.query(name, "id > 0", output_fields=["s"])
    assert [each["s"] for each in found] == ["four", "fives"]
    client.drop_collection(name)


@pytest.mark.parametrize("key", [DataType.INT64, DataType.VARCHAR])
def test_automatic_keys_may_be_brought_where_that_is_allowed(client, name, key):
    def as_key(number):
        return number if key == DataType.INT64 else str(number)

    make(client, name, auto_id=True, key=key)
    client.insert(name, [row(s="own")])
    named = [row(id=as_key(i), s="told") for i in (700, 900)]
    assert "auto_id" in error_of(lambda: client.insert(name, named)).message
    client.alter_collection_properties(name, {"allow_insert_auto_id": True})
    assert list(client.insert(name, named)["ids"]) == [as_key(700), as_key(900)]
    given = client.insert(name, [row(s="own")])["ids"][0]
    assert int(given) > 900  # never one that is there
    client.insert(name, [row(id=as_key(700), s="anew")])
    found = client.query(name, "s in ['told', 'anew']", output_fields=["id", "s"])
    assert sorted((each["id"], each["s"]) for each in found) == [
        (as_key(700), "anew"), (as_key(900), "told")]
    client.drop_collection_properties(name, ["allow_insert_auto_id"])
    assert "auto_id" in error_of(lambda: client.insert(name, named)).message
    client.drop_collection(name)


def test_descriptions_of_fields_are_altered(client, name):
    make(client, name)
    for field in ("id", "v", "s"):
        for text in ("of old, 旧", "", "new\n"):
            client.alter_collection_field(name, field, {"field.description": text})
            assert field_of(client, name, field)["description"] == text
    assert "field.description" not in field_of(client, name, "s")["params"]
    client.drop_collection(name)


def test_an_index_is_altered_while_nothing_is_loaded(client, name):
    make(client, name)
    refused = error_of(lambda: client.alter_index_properties(name, "v", {"mmap.enabled": True}))
    assert (refused.code, "release the collection" in refused.message) == (104, True)
    client.release_collection(name)
    client.alter_index_properties(name, "v", {"mmap.enabled": True})
    assert client.describe_index(name, "v")["mmap.enabled"] == "True"
    client.drop_index_properties(name, "v", ["mmap.enabled"])
    assert "mmap.enabled" not in client.describe_index(name, "v")
    client.drop_collection(name)


def test_a_clustering_key_is_described(client, name):
    make(client, name)
    assert field_of(client, name, "s").get("is_clustering_key")
    assert not field_of(client, name, "a").get("is_clustering_key")
    client.drop_collection(name)


def test_an_index_without_a_name_is_the_one_that_is_there(client, name):
    make(client, name)
    client.release_collection(name)
    client.drop_index(name, "v")
    for given in ("mine", ""):
        index = client.prepare_index_params()
        index.add_index("v", index_type="HNSW", index_name=given, metric_type="L2",
                        params={"M": 8})
        client.create_index(name, index)
    assert client.list_indexes(name) == ["mine"]
    client.drop_collection(name)


def test_no_bytes_of_json_are_null(server, client, name):
    """Clients in JavaScript send null in this way."""
    from pymilvus.grpc_gen import milvus_pb2, milvus_pb2_grpc

    grpc = pytest.importorskip("grpc")
    make(client, name)
    request = milvus_pb2.InsertRequest(collection_name=name, num_rows=3)
    ids = request.fields_data.add(field_name="id", type=DataType.INT64)
    ids.scalars.long_data.data.extend([1, 2, 3])
    vectors = request.fields_data.add(field_name="v", type=DataType.FLOAT_VECTOR)
    vectors.vectors.dim = DIM
    vectors.vectors.float_vector.data.extend([0.5] * DIM * 3)
    json = request.fields_data.add(field_name="j", type=DataType.JSON,
                                   valid_data=[True, True, False])
    json.scalars.json_data.data.extend([b'{"k": 1}', b"", b""])
    with grpc.insecure_channel(f"{server.host}:{server.port}") as channel:
        answer = milvus_pb2_grpc.MilvusServiceStub(channel).Insert(request)
    assert answer.status.code == 0, answer.status
    found = client.query(name, "id > 0", output_fields=["j"])
    assert [each["j"] for each in found] == [{"k": 1}, None, None]
    assert len(client.query(name, "j is null")) == 2
    client.drop_collection(name)
