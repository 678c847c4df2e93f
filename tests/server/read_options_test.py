"""Options of searches and queries: groups, samples, windows, and the words of refusals."""

import numpy
import pytest

pymilvus = pytest.importorskip("pymilvus")
DataType = pymilvus.DataType
ROWS = 60


@pytest.fixture(scope="module")
def filled(server):
    """Rows in a line: row i is i away from the origin, in both vector fields."""
    client, name = pymilvus.MilvusClient(server.uri), "read_options"
    schema = client.create_schema(auto_id=False, enable_dynamic_field=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("near", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("far", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("kind", DataType.VARCHAR, max_length=16)
    schema.add_field("info", DataType.JSON)
    index = client.prepare_index_params()
    index.add_index("near", index_type="FLAT", metric_type="L2")
    index.add_index("far", index_type="FLAT", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index)
    client.insert(name, [
        {"id": i, "near": [float(i), 0.0], "far": [float(i), 1.0], "kind": f"kind{i % 6}",
         "info": {"n": i % 5, "deep": {"m": [i % 4]}}, "colour": f"colour{i % 3}"}
        for i in range(ROWS)
    ])
    yield name
    client.drop_collection(name)
    client.close()


def search(client, name, limit=3, **more):
    params = more.pop("search_params", {})
    return client.search(name, data=[[0.0, 0.0]], anns_field="near", limit=limit,
                         search_params=params, **more)[0]


def refused(call, *args, **kwargs):
    with pytest.raises(pymilvus.MilvusException) as caught:
        call(*args, **kwargs)
    return caught.value.message


@pytest.mark.parametrize("by, groups", [("kind", 6), ("info['n']", 5), ("info['deep']['m']", 4),
                                        ("colour", 3), ("$meta['colour']", 3), ("absent", 1)])
def test_groups_by_fields_and_paths(client, filled, by, groups):
    hits = search(client, filled, limit=10, group_by_field=by)
    assert [hit["id"] for hit in hits] == list(range(groups))
    twice = search(client, filled, limit=2, group_by_field=by, group_size=2,
                   strict_group_size=True)
    first = [hit["id"] for hit in twice][:2]
    assert first == [0, groups]


def test_groups_that_cannot_be(client, filled):
    assert "unsupported data type VECTOR_FLOAT" in refused(
        search, client, filled, group_by_field="far")
    assert "groupBy field not found" in refused(search, client, filled, group_by_field="a b")
    for size in (0, -3):
        assert f"input group size:{size} is negative" in refused(
            search, client, filled, group_by_field="kind", group_size=size)


def hybrid(client, name, parts=2, limit=4, param=None, part_limit=20, **more):
    requests = [pymilvus.AnnSearchRequest([[0.0, 0.0]], field, param or {}, limit=part_limit)
                for field in ("near", "far")][:parts]
    return client.hybrid_search(name, requests, pymilvus.RRFRanker(), limit=limit, **more)[0]


@pytest.mark.parametrize("scorer", ["max", "sum", "avg"])
@pytest.mark.parametrize("by", ["kind", "info['n']"])
def test_hybrid_groups(client, filled, by, scorer):
    hits = hybrid(client, filled, group_by_field=by, group_size=2, rank_group_scorer=scorer,
                  output_fields=["kind", "info"])
    values = [hit["entity"]["kind"] if by == "kind" else hit["entity"]["info"]["n"]
              for hit in hits]
    assert len(set(values)) == 4
    assert all(values[i] == values[i + 1] for i in range(0, len(values), 2))
    assert "group scorer" in refused(
        hybrid, client, filled, group_by_field=by, rank_group_scorer="best")


def test_parts_of_a_hybrid_search_take_the_limit_of_the_whole(client, filled):
    whole = [hit["id"] for hit in hybrid(client, filled, limit=8)]
    assert [hit["id"] for hit in hybrid(client, filled, limit=8, part_limit=None)] == whole
    # An offset of a part has no meaning; one of the whole has.
    assert [hit["id"] for hit in hybrid(client, filled, limit=8, param={"offset": 3})] == whole
    assert [hit["id"] for hit in hybrid(client, filled, limit=5, offset=3)] == whole[3:]
    assert "(offset+limit) should be in range [1, 16384], but got 16385" in refused(
        hybrid, client, filled, limit=16_385)
    assert "maximum of ann search requests is 1024" in refused(
        client.hybrid_search, filled,
        [pymilvus.AnnSearchRequest([[0.0, 0.0]], "near", {}, limit=1)] * 1_025,
        pymilvus.RRFRanker(), limit=1)


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5])
def test_samples(client, filled, share):
    drawn = client.query(filled, filter=f"id >= 20 and random_sample({share})")
    assert len(drawn) == max(1, int(40 * share))
    assert all(row["id"] >= 20 for row in drawn)
    assert len(search(client, filled, limit=ROWS, filter=f"random_sample({share})")) == int(
        max(1, ROWS * share))
    assert "random_sample cannot say what is deleted" in refused(
        client.delete, filled, filter=f"random_sample({share})")


def test_windows(client, filled):
    window = "invalid max query result window, "
    for options, words in (
        ({"limit": -1}, "limit [-1] is invalid, should be greater than 0"),
        ({"limit": 1, "offset": -1}, "offset [-1] is invalid, should be gte than 0"),
        ({"limit": 16_384, "offset": 1}, "(offset+limit) should be in range [1, 16384]"),
    ):
        assert window + words in refused(client.query, filled, filter="id >= 0", **options)
    assert "empty expression should be used with limit: invalid parameter" in refused(
        client.query, filled, filter="")


@pytest.mark.parametrize("filter, words", [
    ("colour", "predicate is not a boolean expression: colour, data type: JSON"),
    ("id inn [1]", "cannot parse expression: id inn [1], error: invalid expression: id inn [1]"),
    ("id in 1", "error: the right-hand side of 'in' must be a list"),
    ("random_sample(1)", "error: the sample factor should be between 0 and 1"),
])
def test_words_about_filters(client, filled, filter, words):
    assert words in refused(client.query, filled, filter=filter)
    assert words in refused(search, client, filled, filter=filter)


def test_words_about_parameters(client, filled):
    for params, words in (
        ({"nprobe": 0}, "fail to search on QueryNode"),
        ({"ef": 99_999_999}, "fail to search on QueryNode"),
        ({"reorder_k": 2}, "reorder_k(2) should be larger than k(3)"),
        ({"dim_max_score_ratio": 1.5}, "should be in range [0.500000, 1.300000]"),
        ({"ignore_growing": "perhaps"}, "parse ignore growing field failed"),
    ):
        assert words in refused(search, client, filled, search_params=params), params
    for name in ("*%", "**"):
        assert "parse output field name failed" in refused(
            client.query, filled, filter="id > 0", output_fields=[name])
    assert "partition name nowhere not found" in refused(
        search, client, filled, partition_names=["nowhere"])
    many = numpy.zeros((16_385, 2), numpy.float32)
    assert "nq [16385] is invalid" in refused(
        client.search, filled, data=list(many), anns_field="near", limit=1)
