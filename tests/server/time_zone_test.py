"""Times of a field in the zone of a database, a collection or a call; schemas that have changed."""

import pytest

pymilvus = pytest.importorskip("pymilvus")
DataType = pymilvus.DataType
YORK, SHANGHAI = "America/New_York", "Asia/Shanghai"


def collection(client, name, **more):
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("seen", DataType.TIMESTAMPTZ, nullable=True)
    index = client.prepare_index_params()
    index.add_index("v", index_type="FLAT", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index, **more)


def fill(client, name):
    client.insert(name, [{"id": 0, "v": [0, 0], "seen": "2024-12-31T22:00:00Z"},
                         {"id": 1, "v": [1, 0], "seen": "2024-12-31 17:00:00"},
                         {"id": 2, "v": [2, 0], "seen": None}])


def seen(rows):
    return [row["seen"] for row in rows]


def zone_of(client, name):
    return client.describe_collection(name)["properties"].get("timezone")


def test_a_collection_has_the_zone_that_its_database_had(server, client, name):
    client.create_database(name, properties={"timezone": YORK})
    own = pymilvus.MilvusClient(server.uri, db_name=name)
    collection(own, "a")
    own.alter_database_properties(name, {"timezone": SHANGHAI})
    collection(own, "b")
    assert (zone_of(own, "a"), zone_of(own, "b")) == (YORK, SHANGHAI)
    fill(own, "a")
    assert seen(own.query("a", "id >= 0")) == [
        "2024-12-31T17:00:00-05:00", "2024-12-31T17:00:00-05:00", None]
    for each in ("a", "b"):
        own.drop_collection(each)
    own.close()
    client.drop_database(name)


def test_a_collection_is_in_utc_where_nobody_says_more(client, name):
    collection(client, name)
    assert zone_of(client, name) == "UTC"
    client.drop_collection(name)


def test_zones_of_a_collection_and_of_a_call(client, name):
    collection(client, name, properties={"timezone": YORK})
    fill(client, name)
    client.alter_collection_properties(name, {"timezone": SHANGHAI})
    local = "2025-01-01T06:00:00+08:00"
    assert seen(client.query(name, "id >= 0")) == [local, local, None]
    utc = client.query(name, "id >= 0", timezone="UTC")
    assert seen(utc) == ["2024-12-31T22:00:00Z", "2024-12-31T22:00:00Z", None]
    # What a filter shows without a zone is in that of the call, else of the collection.
    for shown, zone, found in (("2025-01-01 06:00:00", None, 2), ("2024-12-31 17:00:00", YORK, 2),
                               ("2024-12-31 17:00:00", None, 0), ("2024-12-31 22:00:00Z", YORK, 2)):
        more = {"timezone": zone} if zone else {}
        assert len(client.query(name, f"seen == ISO '{shown}'", **more)) == found, (shown, zone)
    hits = client.search(name, [[0.0, 0.0]], limit=3, output_fields=["seen"], timezone=YORK,
                         filter="seen <= ISO '2024-12-31 17:00:00'")[0]
    assert seen([hit["entity"] for hit in hits]) == ["2024-12-31T17:00:00-05:00"] * 2
    parts = client.query(name, "id == 0", time_fields="year, month, day,hour", timezone=SHANGHAI)
    assert list(parts[0]["seen"]) == [2025, 1, 1, 6]
    client.delete(name, filter="seen == ISO '2025-01-01 06:00:00'")
    assert [row["id"] for row in client.query(name, "id >= 0")] == [2]
    client.drop_collection(name)


def test_zones_and_times_that_are_none(client, name):
    collection(client, name)
    for wrong in ("Mars/Base", "../../etc/passwd"):
        for call in (lambda: client.query(name, "id >= 0", timezone=wrong),
                     lambda: client.alter_collection_properties(name, {"timezone": wrong}),
                     lambda: client.create_database("zoned", properties={"timezone": wrong})):
            with pytest.raises(pymilvus.MilvusException, match="invalid timezone name"):
                call()
    with pytest.raises(pymilvus.MilvusException, match="unknown part of a time"):
        client.query(name, "id >= 0", time_fields="year, fortnight")
    with pytest.raises(pymilvus.MilvusException, match="stands twice in time_fields"):
        client.query(name, "id >= 0", time_fields="year,day,year")
    with pytest.raises(pymilvus.MilvusException, match="got invalid timestamptz string"):
        client.insert(name, [{"id": 1, "v": [0, 0], "seen": "2025-02-29 00:00:00"}])
    client.drop_collection(name)


def test_a_client_with_an_old_schema_reads_it_again(server, client, name):
    """Else the values of a field that was added would go into the dynamic field."""
    client.create_collection(name, dimension=2, metric_type="L2")
    client.insert(name, [{"id": 0, "vector": [0, 0]}])
    other = pymilvus.MilvusClient(server.uri)
    before = other.describe_collection(name)["update_timestamp"]
    other.add_collection_field(name, "size", DataType.INT64, nullable=True)
    assert other.describe_collection(name)["update_timestamp"] > before
    client.insert(name, [{"id": 1, "vector": [1, 0], "size": 7}])
    client.upsert(name, [{"id": 2, "vector": [1, 0], "size": 8}])
    assert [row["id"] for row in client.query(name, "size >= 7", output_fields=["size"])] == [1, 2]
    fields = {field["name"] for field in client.describe_collection(name)["fields"]}
    assert "size" in fields
    assert client.query(name, "exists $meta['size']") == []
    other.close()
    client.drop_collection(name)
