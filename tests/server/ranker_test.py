"""Functions that give hits a second order."""

import json
import urllib.request

import pytest

pymilvus = pytest.importorskip("pymilvus")
if not hasattr(pymilvus, "FunctionScore"):
    pytest.skip("a client without functions of rank", allow_module_level=True)
DataType = pymilvus.DataType
Function = pymilvus.Function


def ranker(inputs=(), **params):
    return Function(
        name="ranker",
        function_type=pymilvus.FunctionType.RERANK,
        input_field_names=list(inputs),
        output_field_names=[],
        params=params,
    )


@pytest.fixture(scope="module")
def filled(server):
    """Rows in a line: squared distances of 0, 1, 4, 9 from the origin; years that grow."""
    client, name = pymilvus.MilvusClient(server.uri), "ranked"
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    schema.add_field("year", DataType.INT64)
    schema.add_field("kind", DataType.VARCHAR, max_length=8)
    schema.add_field("perhaps", DataType.INT64, nullable=True)
    index = client.prepare_index_params()
    index.add_index("vector", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=index)
    kinds = "abab"
    rows = [
        {"id": i, "vector": [float(i), 0.0], "year": 2000 + 10 * i, "kind": kinds[i], "perhaps": 1}
        for i in range(4)
    ]
    client.insert(name, rows)
    yield name
    client.drop_collection(name)
    client.close()


def search(client, name, by, limit=4, **more):
    return client.search(name, data=[[0.0, 0.0]], limit=limit, ranker=by, **more)[0]


def ids(hits):
    return [hit["id"] for hit in hits]


def test_a_boost_multiplies_the_scores_of_rows_that_match(client, filled):
    boost = ranker(reranker="boost", filter="kind == 'b'", weight=0.01)
    hits = search(client, filled, boost, output_fields=["year"])
    assert ids(hits) == [0, 1, 3, 2]
    assert [round(hit["distance"], 4) for hit in hits] == [0, 0.01, 0.09, 4]
    assert set(hits[0]["entity"]) == {"year"}
    assert ids(search(client, filled, boost, limit=2, offset=2)) == [3, 2]


def test_boosts_are_put_together_as_their_modes_say(client, filled):
    both = [
        ranker(reranker="boost", filter="kind == 'b'", weight=3),
        ranker(reranker="boost", filter="year > 2015", weight=2),
    ]
    def scores(**modes):
        by = pymilvus.FunctionScore(functions=both, params=modes)
        return {hit["id"]: hit["distance"] for hit in search(client, filled, by)}

    assert scores() == {0: 0, 1: 3, 2: 8, 3: 54}
    assert scores(function_mode="sum") == {0: 0, 1: 3, 2: 8, 3: 45}
    assert scores(boost_mode="sum", function_mode="Sum") == {0: 0, 1: 4, 2: 6, 3: 14}


def test_random_boosts_follow_from_the_seed(client, filled):
    def order(seed):
        by = ranker(reranker="boost", weight=1, random_score={"seed": seed})
        return [hit["distance"] for hit in search(client, filled, by)]

    assert order(1) == order(1)
    assert order(1) != order(2)


@pytest.mark.parametrize("shape", ["gauss", "exp", "linear"])
def test_a_decay_is_its_parameter_one_scale_from_the_origin(client, filled, shape):
    by = ranker(["year"], reranker="decay", function=shape, origin=2030, scale=10, offset=10,
                decay=0.25, norm_score=True)
    hits = {hit["id"]: hit["distance"] for hit in search(client, filled, by)}
    plain = ranker(["year"], reranker="decay", function=shape, origin=2030, scale=1e9)
    base = {hit["id"]: hit["distance"] for hit in search(client, filled, plain)}
    assert hits[3] == pytest.approx(base[3], rel=1e-5)
    assert hits[2] == pytest.approx(base[2], rel=1e-5)
    assert hits[1] == pytest.approx(base[1] * 0.25, rel=1e-5)


def test_a_decay_ranks_a_hybrid_search(client, filled):
    part = pymilvus.AnnSearchRequest([[0.0, 0.0]], "vector", {}, 4)
    by = ranker(["year"], reranker="decay", function="exp", origin=2030, scale=1)
    hits = client.hybrid_search(filled, [part, part], by, limit=2, output_fields=["kind"])[0]
    assert ids(hits) == [3, 2]
    assert set(hits[0]["entity"]) == {"kind"}


def test_rest(server, filled):
    def call(path, **body):
        body = json.dumps({"collectionName": filled, "limit": 4, **body}).encode()
        request = urllib.request.Request(f"{server.http}/v2/vectordb/entities/{path}", body)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    def score(inputs, **params):
        function = {"name": "f", "type": "Rerank", "inputFieldNames": inputs, "params": params}
        return {"functions": [function], "params": {"boost_mode": "sum"}}

    part = {"data": [[0, 0]], "annsField": "vector", "limit": 4}
    boost = score([], reranker="boost", filter="kind == 'b'", weight=7)
    found = call("search", **part, functionScore=boost)
    scores = [(hit["id"], hit["distance"]) for hit in found["data"]]
    assert scores == [(0, 0), (2, 4), (1, 8), (3, 16)]
    decay = score(["year"], reranker="decay", function="exp", origin=2030, scale=1)
    assert ids(call("hybrid_search", search=[part], functionScore=decay)["data"]) == [3, 2, 1, 0]
    assert "list of functions" in call("search", **part, functionScore={})["message"]


def test_a_ranker_stands_beside_groups_of_one_and_no_iterator(client, filled):
    by = ranker(reranker="boost", weight=2)
    later = ranker(["year"], reranker="decay", function="exp", origin=2030, scale=1)
    assert [hit["id"] for hit in search(client, filled, later, group_by_field="kind")] == [1, 0]
    with pytest.raises(pymilvus.MilvusException, match="group_size above 1"):
        search(client, filled, by, group_by_field="kind", group_size=2)
    with pytest.raises(pymilvus.MilvusException, match="iterator"):
        search(client, filled, by, search_params={"search_iter_v2": True})


@pytest.mark.parametrize(
    "inputs, params, words",
    [
        (["year"], {"reranker": "none"}, "Unsupported rerank function: [none]"),
        (["absent"], {"reranker": "decay"}, "Function input field not found: absent"),
        (["perhaps"], {"reranker": "decay"}, "Function input field cannot be nullable"),
        (["year", "id"], {"reranker": "decay"}, "only supports single input"),
        (["kind"], {"reranker": "decay"}, "unsupported input field type:VarChar"),
        (["year"], {"function": "x"}, "only support [gauss,linear,exp]"),
        (["year"], {"origin": "x"}, "Param origin:x is not a number"),
        (["year"], {"scale": 0}, "scale must > 0"),
        (["year"], {"offset": -1}, "offset must >= 0"),
        (["year"], {"decay": 1}, "decay must 0 < decay < 1"),
        ([], {"reranker": "boost"}, "lost param: weight"),
        ([], {"reranker": "boost", "weight": 1, "filter": "absent @ 3"}, "absent @ 3"),
    ],
)
def test_rankers_that_cannot_be(client, filled, inputs, params, words):
    decay = {"reranker": "decay", "function": "gauss", "origin": 0, "scale": 1}
    params = params if params.get("reranker", "decay") != "decay" else decay | params
    with pytest.raises(pymilvus.MilvusException) as caught:
        search(client, filled, ranker(inputs, **params))
    assert words in caught.value.message
