"""Geometry fields, and the functions on them in filters."""

import pytest

pymilvus = pytest.importorskip("pymilvus")
DataType = pymilvus.DataType
if not hasattr(DataType, "GEOMETRY"):
    pytest.skip("this version of the client has no geometries", allow_module_level=True)

SQUARE = "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))"
ROWS = {1: "POINT (5 5)", 2: "POINT (10 5)", 3: "POINT (20 20)", 4: SQUARE,
        5: "LINESTRING (-5 5, 15 5)", 6: None, 7: "POLYGON ((5 5, 15 5, 15 15, 5 15, 5 5))",
        8: "POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))"}


@pytest.fixture(scope="module")
def client(server):
    connected = pymilvus.MilvusClient(server.uri)
    yield connected
    connected.close()


@pytest.fixture(scope="module", params=["fresh", "flushed"])
def filled(client, request):
    name = f"geometries_{request.param}"
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=4)
    schema.add_field("geo", DataType.GEOMETRY, nullable=True)
    index = client.prepare_index_params()
    index.add_index("v", metric_type="L2")
    index.add_index("geo", index_type="RTREE")
    client.create_collection(name, schema=schema, index_params=index)
    client.insert(name, [{"id": key, "v": [key] * 4, "geo": text} for key, text in ROWS.items()])
    if request.param == "flushed":
        client.flush(name)
    yield name
    client.drop_collection(name)


@pytest.mark.parametrize("filter, keys", [
    (f"ST_WITHIN(geo, '{SQUARE}')", {1, 4, 8}),
    (f"st_intersects(geo, '{SQUARE}')", {1, 2, 4, 5, 7, 8}),
    (f"st_touches(geo, '{SQUARE}')", {2}),
    (f"st_crosses(geo, '{SQUARE}')", {5}),
    (f"st_isvalid(geo) and st_overlaps(geo, '{SQUARE}')", {7}),
    (f"st_equals(geo, '{SQUARE}')", {4}),
    ("st_contains(geo, 'POINT (5 5)')", {1, 4, 5}),
    ("st_dwithin(geo, 'POINT (5 5.001)', 200)", {1, 4, 5, 7}),
    ("st_isvalid(geo)", {1, 2, 3, 4, 5, 7}),
    ("not st_isvalid(geo)", {8}),  # neither is true of null
    (f"not st_intersects(geo, '{SQUARE}') or id == 1", {1, 3}),
])
def test_rows_are_found_by_where_they_lie(client, filled, filter, keys):
    found = client.query(filled, filter, output_fields=["geo"])
    assert {row["id"] for row in found} == keys
    assert all(row["geo"] == ROWS[row["id"]] for row in found)
    hits = client.search(filled, [[0.0] * 4], filter=filter, limit=10)[0]
    assert {hit["id"] for hit in hits} == keys


@pytest.mark.parametrize("filter, words", [
    ("st_within(geo, 'CIRCLE (1)')", "is no geometry"),
    ("st_within(geo)", "a comma and a geometry"),
    ("st_within(geo, 5)", "a geometry is a string"),
    ("st_dwithin(geo, 'POINT (1 2)')", "distance in meters"),
    ("st_dwithin(geo, 'POINT (1 2)', -1)", "not negative"),
    ("st_dwithin(geo, 'LINESTRING (1 2, 3 4)', 1)", "from a POINT"),
    ("st_within(id, 'POINT (1 2)')", "no field of geometries"),
])
def test_what_is_no_question_is_refused(client, filled, filter, words):
    with pytest.raises(pymilvus.MilvusException) as refused:
        client.query(filled, filter)
    assert words in refused.value.message


@pytest.mark.parametrize("field, kind", [("geo", "INVERTED"), ("id", "RTREE")])
def test_only_an_rtree_is_for_geometries_alone(client, filled, field, kind):
    index = client.prepare_index_params()
    index.add_index(field, index_name="other", index_type=kind)
    with pytest.raises(pymilvus.MilvusException) as refused:
        client.create_index(filled, index)
    assert "eometry field" in refused.value.message


def test_what_is_no_geometry_is_not_written(client, filled):
    for text in ("", "POINT", "POINT (1 2", "CIRCLE (1 2 3)"):
        with pytest.raises(pymilvus.MilvusException) as refused:
            client.insert(filled, [{"id": 9, "v": [1] * 4, "geo": text}])
        assert "geometry field geo" in refused.value.message
    assert client.query(filled, "id == 9") == []
