"""REST v2 as its documentation writes requests."""

import base64
import concurrent.futures
import json
import urllib.error
import urllib.request

import numpy
import pytest

DIM = 4


@pytest.fixture
def post(server):
    """The data of an answer that must succeed; with code=..., the message of one that must not."""

    def send(path, body, code=0, whole=False):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Authorization": "Bearer root:Milvus"}
        request = urllib.request.Request(f"{server.http}/v2/vectordb/{path}", data, headers)
        try:
            answer = json.load(urllib.request.urlopen(request))
        except urllib.error.HTTPError as error:  # refused before its body was read
            answer = json.load(error)
        assert answer["code"] == code, answer
        if code:
            return answer["message"]
        return answer if whole else answer["data"]

    return send


@pytest.fixture
def filled(post, name):
    """A collection of 50 rows: id, title, vector, and dynamic fields."""
    post("collections/create", {"collectionName": name, "dimension": DIM, "metricType": "L2"})
    made = numpy.random.default_rng(1).normal(size=(50, DIM))
    rows = [{"id": i, "vector": v.tolist(), "color": f"c{i % 3}"} for i, v in enumerate(made)]
    written = post("entities/insert", {"collectionName": name, "data": rows})
    assert written == {"insertCount": 50, "insertIds": list(range(50))}
    yield name
    post("collections/drop", {"collectionName": name})


def test_a_search_finds_the_nearest_rows(post, filled):
    made = numpy.random.default_rng(1).normal(size=(50, DIM))
    body = {"collectionName": filled, "data": made[7:9].tolist(), "annsField": "vector",
            "limit": 3, "outputFields": ["color"]}
    answer = post("entities/search", body, whole=True)
    assert answer["topks"] == [3, 3]
    hits = answer["data"]
    assert (hits[0]["id"], hits[0]["color"], hits[0]["distance"]) == (7, "c1", 0)
    assert hits[3]["id"] == 8
    filtered = post("entities/search", {**body, "filter": 'color == "c0"'})
    assert {hit["color"] for hit in filtered} == {"c0"}


def test_rows_are_queried_got_counted_and_deleted(post, filled):
    where = {"collectionName": filled, "filter": "id in [1, 2, 3]", "outputFields": ["id", "color"]}
    assert post("entities/query", where) == [
        {"id": 1, "color": "c1"}, {"id": 2, "color": "c2"}, {"id": 3, "color": "c0"}]
    row = post("entities/get", {"collectionName": filled, "id": [5], "outputFields": ["vector"]})
    made = numpy.random.default_rng(1).normal(size=(50, DIM))
    assert row[0]["vector"] == pytest.approx(made[5].tolist())
    post("entities/delete", {"collectionName": filled, "filter": "id < 10"})
    count = {"collectionName": filled, "filter": "", "outputFields": ["count(*)"]}
    assert post("entities/query", count) == [{"count(*)": 40}]
    assert post("collections/get_stats", {"collectionName": filled}) == {"rowCount": 40}


def test_upsert_replaces(post, filled):
    row = {"id": 1, "vector": [1, 2, 3, 4], "color": "new"}
    done = post("entities/upsert", {"collectionName": filled, "data": [row]})
    assert done == {"upsertCount": 1, "upsertIds": [1]}
    got = post("entities/get", {"collectionName": filled, "id": 1})
    assert got == [row]


def test_a_whole_schema(post, name):
    fields = [
        {"fieldName": "key", "dataType": "VarChar", "isPrimary": True,
         "elementTypeParams": {"max_length": "20"}},
        {"fieldName": "v", "dataType": "FloatVector", "elementTypeParams": {"dim": "4"}},
        {"fieldName": "tags", "dataType": "Array", "elementDataType": "VarChar",
         "elementTypeParams": {"max_capacity": 5, "max_length": 9}},
        {"fieldName": "info", "dataType": "JSON"},
        {"fieldName": "rating", "dataType": "Double", "nullable": True},
    ]
    index = {"fieldName": "v", "indexName": "by_v", "metricType": "COSINE",
             "params": {"index_type": "HNSW", "M": 8}}
    post("collections/create", {"collectionName": name, "indexParams": [index],
                                "schema": {"enableDynamicField": False, "fields": fields}})
    described = post("collections/describe", {"collectionName": name})
    assert [field["type"] for field in described["fields"]] == [
        "VarChar", "FloatVector", "Array", "JSON", "Double"]
    assert described["load"] == "LoadStateLoaded"
    assert described["indexes"] == [
        {"fieldName": "v", "indexName": "by_v", "metricType": "COSINE"}]
    rows = [
        {"key": "a", "v": [1, 0, 0, 0], "tags": ["x", "y"], "info": {"n": [1]}, "rating": 1.5},
        {"key": "b", "v": [0, 1, 0, 0], "tags": [], "info": None, "rating": None},
    ]
    post("entities/insert", {"collectionName": name, "data": rows})
    got = post("entities/get", {"collectionName": name, "id": ["a", "b"]})
    assert got == rows
    post("collections/drop", {"collectionName": name})


def test_aliases_partitions_indexes_and_databases(post, filled):
    here = {"collectionName": filled}
    post("aliases/create", {**here, "aliasName": "alias_" + filled})
    assert post("aliases/list", here) == ["alias_" + filled]
    assert post("aliases/describe", {"aliasName": "alias_" + filled})["collectionName"] == filled
    post("aliases/drop", {"aliasName": "alias_" + filled})
    post("partitions/create", {**here, "partitionName": "p"})
    assert post("partitions/list", here) == ["_default", "p"]
    assert post("partitions/has", {**here, "partitionName": "p"}) == {"has": True}
    assert post("indexes/list", here) == ["vector"]
    assert post("indexes/describe", {**here, "indexName": "vector"})[0]["metricType"] == "L2"
    post("databases/create", {"dbName": "d_" + filled})
    assert "d_" + filled in post("databases/list", {})
    post("databases/drop", {"dbName": "d_" + filled})
    assert filled in post("collections/list", {})


@pytest.mark.parametrize(
    "path, body, code",
    [
        ("collections/describe", {"collectionName": "nothing_here"}, 100),
        ("collections/describe", {}, 1802),
        ("collections/create", {"collectionName": "a/b", "dimension": 4}, 1100),
        ("collections/create", {"collectionName": "ab", "dimension": "many"}, 1100),
        ("entities/search", b"{not json", 1801),
        ("entities/search", b"[]", 1801),
        ("nothing/here", {}, 404),
    ],
)
def test_what_is_wrong_is_refused_with_its_code(post, path, body, code):
    assert post(path, body, code=code)


def test_a_wrong_row_is_named(post, filled):
    rows = [{"id": 100, "vector": [1, 2, 3, 4]}, {"id": 101, "vector": [1, 2]}]
    message = post("entities/insert", {"collectionName": filled, "data": rows}, code=1804)
    assert "vector" in message and "1" in message
    assert post("collections/get_stats", {"collectionName": filled}) == {"rowCount": 50}


def test_the_description_names_every_path(server):
    described = json.load(urllib.request.urlopen(server.http + "/openapi.json"))
    assert described["openapi"].startswith("3.")
    assert {"/v2/vectordb/entities/search", "/v2/vectordb/collections/create"} <= set(
        described["paths"])


def test_curl_may_say_that_its_body_is_a_form(server, post, name):
    """curl -d does, whatever the body is."""
    post("collections/create", {"collectionName": name, "dimension": 4})
    rows = [{"id": i, "vector": [i, 1, 2, 3], "text": "x" * 100} for i in range(1_000)]
    request = urllib.request.Request(
        server.http + "/v2/vectordb/entities/insert",
        json.dumps({"collectionName": name, "data": rows}).encode(),
        {"Content-Type": "application/x-www-form-urlencoded"})
    assert json.load(urllib.request.urlopen(request))["data"]["insertCount"] == 1_000


def test_null_is_as_good_as_absent(post, filled):
    assert filled in post("collections/list", b"null")
    assert filled in post("collections/list", {"dbName": None})
    found = post("entities/query", {"collectionName": filled, "dbName": None, "limit": None,
                                    "filter": "id < 2", "outputFields": ["id"]})
    assert [row["id"] for row in found] == [0, 1]


def test_what_params_of_a_creation_say_is_described(post, name):
    post("collections/create", {"collectionName": name, "dimension": DIM, "params": {
        "enableDynamicField": "False", "shardsNum": "2", "ttlSeconds": 360,
        "consistencyLevel": "Strong"}})
    told = post("collections/describe", {"collectionName": name})
    assert (told["enableDynamicField"], told["shardsNum"]) == (False, 2)
    assert told["consistencyLevel"] == "Strong"
    assert {"key": "collection.ttl.seconds", "value": "360"} in told["properties"]
    post("collections/drop", {"collectionName": name})
    message = post("collections/create", {"collectionName": name, "dimension": DIM, "params": {
        "enableDynamicField": "perhaps"}}, code=1100)
    assert "enableDynamicField" in message


def field(name, kind, **more):
    return {"fieldName": name, "dataType": kind, **more}


def test_fields_have_defaults_of_their_type(post, name):
    def create(*fields, code=0):
        key = field("id", "Int64", isPrimary=True)
        vector = field("v", "FloatVector", elementTypeParams={"dim": DIM})
        return post("collections/create",
                    {"collectionName": name, "schema": {"fields": [key, vector, *fields]}}, code)

    for wrong in (field("a", "JSON", defaultValue={"k": 1}), field("a", "Int64", defaultValue="x"),
                  field("a", "Bool", defaultValue=1), field("a", "Int32", defaultValue=2**40),
                  field("a", "Array", elementDataType="Int64", defaultValue=[1],
                        elementTypeParams={"max_capacity": 8})):
        assert "convert defaultValue fail" in create(wrong, code=1100)
    assert "dataType is required" in create({"fieldName": "a"}, code=1802)
    create(field("a", "Int64", defaultValue=7), field("s", "VarChar", defaultValue="123",
           nullable=True, elementTypeParams={"max_length": 20}))
    told = {each["name"]: each for each in
            post("collections/describe", {"collectionName": name})["fields"]}
    assert told["a"]["defaultValue"] == {"Data": {"LongData": 7}}
    assert told["s"]["defaultValue"] == {"Data": {"StringData": "123"}}
    post("collections/drop", {"collectionName": name})


def test_an_index_made_by_many_at_once_is_one(post, name):
    schema = {"fields": [field("id", "Int64", isPrimary=True),
                         field("v", "FloatVector", elementTypeParams={"dim": DIM})]}
    post("collections/create", {"collectionName": name, "schema": schema})
    asked = {"fieldName": "v", "indexName": "one", "metricType": "L2", "indexType": "HNSW",
             "params": {"M": 16, "efConstruction": 200}}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: post("indexes/create", {"collectionName": name,
                                                        "indexParams": [asked]}), range(8)))
    told = post("indexes/describe", {"collectionName": name, "indexName": "one"})
    assert [each["indexType"] for each in told] == ["HNSW"]
    params = {pair["key"]: pair["value"] for pair in told[0]["indexParams"]}
    assert json.loads(params["params"]) == asked["params"] and "M" not in params
    post("indexes/alter_properties", {"collectionName": name, "indexName": "one",
                                      "properties": {"mmap.enabled": True}})
    told = post("indexes/describe", {"collectionName": name, "indexName": "one"})
    assert told[0]["mmap.enabled"] == "true"
    for wrong in ({"mmap.enabled": "perhaps"}, {"nlist": 9}):
        post("indexes/alter_properties", {"collectionName": name, "indexName": "one",
                                          "properties": wrong}, code=1100)
    post("indexes/drop_properties", {"collectionName": name, "indexName": "one",
                                     "propertyKeys": ["mmap.enabled"]})
    post("collections/drop", {"collectionName": name})


def test_bytes_of_vectors_are_base64(post, name):
    rng = numpy.random.default_rng(3)
    kinds = {"h": ("Float16Vector", rng.normal(size=DIM).astype(numpy.float16).tobytes()),
             "b": ("BinaryVector", rng.bytes(2)),
             "i": ("Int8Vector", rng.integers(-128, 128, DIM, dtype=numpy.int8).tobytes())}
    fields = [field(key, kind, elementTypeParams={"dim": 16 if key == "b" else DIM})
              for key, (kind, _) in kinds.items()]
    fields += [field("id", "Int64", isPrimary=True), field("s", "SparseFloatVector")]
    indexes = [{"fieldName": key, "metricType": "HAMMING" if key == "b" else "IP"}
               for key in [*kinds, "s"]]
    post("collections/create", {"collectionName": name, "schema": {"fields": fields},
                                "indexParams": indexes})
    given = {key: base64.b64encode(raw).decode() for key, (_, raw) in kinds.items()}
    row = {"id": 1, "s": {"indices": [9, 2], "values": [1, 0.5]}, **given}
    post("entities/insert", {"collectionName": name, "data": [row]})
    for key in kinds:
        found = post("entities/search", {"collectionName": name, "annsField": key,
                                         "data": [given[key]], "outputFields": ["h", "b", "s"]})
        assert [found[0][each] for each in ("id", "h", "b")] == [1, given["h"], given["b"]]
        assert found[0]["s"] == {"2": 0.5, "9": 1}
    for key, wrong in (("h", given["b"]), ("b", "?" * 4), ("i", "")):
        message = post("entities/insert", {"collectionName": name, "data": [{**row, key: wrong}]},
                       code=1804)
        assert "row 0" in message and f"field {key}" in message
    post("collections/drop", {"collectionName": name})


def test_a_search_may_name_rows_instead_of_vectors(post, filled):
    body = {"collectionName": filled, "annsField": "vector", "limit": 1}
    found = post("entities/search", {**body, "ids": [7, "8"]}, whole=True)
    assert ([hit["id"] for hit in found["data"]], found["topks"]) == ([7, 8], [1, 1])
    post("entities/search", {**body, "ids": [7], "data": [[1] * DIM]}, code=1100)
    assert "seven" in post("entities/search", {**body, "ids": ["seven"]}, code=1100)
    post("entities/search", body, code=1802)
    message = post("entities/search", {**body, "ids": [7], "offset": "one"}, code=1801)
    assert "invalid" in message
    assert post("entities/query", {"collectionName": filled, "filter": " ", "limit": 0,
                                   "outputFields": ["count(*)"]}) == [{"count(*)": 50}]


def test_moments_come_as_texts(post, name):
    post("collections/create", {"collectionName": name, "schema": {"fields": [
        field("id", "Int64", isPrimary=True),
        field("v", "FloatVector", elementTypeParams={"dim": 4}),
        field("t", "Timestamptz", defaultValue="2025-01-01T00:00:00Z")]},
        "indexParams": [{"fieldName": "v", "metricType": "L2"}]})
    rows = [{"id": 1, "v": [0] * 4, "t": "2025-01-31T08:30:00+08:00"}, {"id": 2, "v": [0] * 4}]
    post("entities/insert", {"collectionName": name, "data": rows})
    found = post("entities/query", {"collectionName": name, "filter": "id > 0",
                                    "outputFields": ["t"]})
    assert [row["t"] for row in found] == ["2025-01-31T00:30:00Z", "2025-01-01T00:00:00Z"]
    post("entities/insert", {"collectionName": name, "data": [{**rows[0], "t": 5}]}, code=1804)
    post("collections/drop", {"collectionName": name})
