"""Full-text search through pymilvus: BM25 functions, analyzers, text_match; and the same database
opened by the library."""

import json
import urllib.request

import pytest

import simile

grpc = pytest.importorskip("grpc")
pymilvus = pytest.importorskip("pymilvus")
DataType = pymilvus.DataType
TEXTS = [
    "Information retrieval is a field of study.",
    "Information retrieval focuses on finding relevant information in large datasets.",
    "Data mining and information retrieval overlap in research.",
    "Vector databases store embeddings.",
    "向量数据库存储向量。",
]


def make(client, name, analyzer=None, **index):
    schema = client.create_schema(auto_id=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    more = {"analyzer_params": analyzer} if analyzer else {}
    schema.add_field(
        "text", DataType.VARCHAR, max_length=1000, enable_analyzer=True, enable_match=True, **more
    )
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_field("dense", DataType.FLOAT_VECTOR, dim=2)
    schema.add_function(
        pymilvus.Function(
            name="text_bm25",
            input_field_names=["text"],
            output_field_names=["sparse"],
            function_type=pymilvus.FunctionType.BM25,
        )
    )
    params = client.prepare_index_params()
    kind = "SPARSE_INVERTED_INDEX"
    params.add_index("sparse", index_type=kind, metric_type="BM25", params=index)
    params.add_index("dense", index_type="AUTOINDEX", metric_type="L2")
    client.create_collection(name, schema=schema, index_params=params)
    rows = [{"text": text, "dense": [i, i]} for i, text in enumerate(TEXTS)]
    return list(client.insert(name, rows)["ids"])


@pytest.fixture(scope="module")
def made(server):
    """The name of a collection that no test changes, and its keys."""
    client = pymilvus.MilvusClient(server.uri)
    yield "texts_of_all", make(client, "texts_of_all", bm25_k1=1.2, bm25_b=0.75)
    client.drop_collection("texts_of_all")
    client.close()


def test_texts_are_searched_by_texts(client, made):
    name, ids = made
    hits = client.search(
        name,
        ["what is the focus of information retrieval?", "embeddings"],
        anns_field="sparse",
        limit=3,
        output_fields=["text"],
        search_params={"metric_type": "BM25", "params": {"drop_ratio_search": 0.2}},
    )
    assert len(hits[0]) == 3
    assert hits[0][0]["distance"] >= hits[0][1]["distance"] > 0
    assert "retrieval" in hits[0][0]["entity"]["text"]
    assert [hit["id"] for hit in hits[1]] == [ids[3]]
    only = client.search(
        name, ["information"], anns_field="sparse", limit=5, filter="text_match(text, 'mining')"
    )
    assert [hit["id"] for hit in only[0]] == [ids[2]]


def test_the_schema_tells_of_the_function(client, name):
    make(client, name, {"type": "english"})
    described = client.describe_collection(name)
    function = described["functions"][0]
    assert function["name"] == "text_bm25"
    assert function["type"] == pymilvus.FunctionType.BM25
    assert function["input_field_names"] == ["text"]
    assert function["output_field_names"] == ["sparse"]
    fields = {field["name"]: field for field in described["fields"]}
    assert fields["sparse"].get("is_function_output")
    assert json.loads(fields["text"]["params"]["analyzer_params"]) == {"type": "english"}
    assert client.describe_index(name, "sparse")["metric_type"] == "BM25"
    row = client.query(name, "text like 'Vector%'", output_fields=["*"])[0]
    assert "sparse" not in row and row["text"].startswith("Vector")
    with pytest.raises(pymilvus.MilvusException, match="does not allow update"):
        client.alter_collection_field(name, "text", {"analyzer_params": {"type": "standard"}})
    client.drop_collection(name)


def test_stems_and_dictionaries(client, name):
    ids = make(client, name, {"type": "english"})
    hits = client.search(name, ["find a database"], anns_field="sparse", limit=5)[0]
    assert {hit["id"] for hit in hits} == {ids[1], ids[3]}
    client.drop_collection(name)
    ids = make(client, name, {"type": "chinese"})
    hits = client.search(name, ["向量"], anns_field="sparse", limit=5)[0]
    assert [hit["id"] for hit in hits] == [ids[4]]
    assert client.query(name, filter="text_match(text, '数据')", output_fields=["id"])
    client.drop_collection(name)


def test_rows_that_change_change_scores(client, name):
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("text", DataType.VARCHAR, max_length=100, enable_analyzer=True)
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    function = pymilvus.Function("f", pymilvus.FunctionType.BM25, ["text"], ["sparse"])
    schema.add_function(function)
    params = client.prepare_index_params()
    params.add_index("sparse", index_type="AUTOINDEX", metric_type="BM25")
    client.create_collection(name, schema=schema, index_params=params)
    client.insert(name, [{"id": i, "text": f"common word{i}"} for i in range(10)])
    before = client.search(name, ["word3"], anns_field="sparse", limit=2)[0]
    client.delete(name, ids=[0, 1, 2])
    client.upsert(name, [{"id": 4, "text": "word3 again"}])
    after = client.search(name, ["word3"], anns_field="sparse", limit=3)[0]
    assert {hit["id"] for hit in after} == {3, 4}
    assert after[0]["distance"] < before[0]["distance"]
    client.upsert(name, [{"id": 5, "text": "word3"}], partial_update=True)
    assert len(client.search(name, ["word3"], anns_field="sparse", limit=9)[0]) == 3
    # BM25 has the numbers of the index: with b = 0 the length of a text counts for nothing.
    client.release_collection(name)
    client.drop_index(name, "sparse")
    params = client.prepare_index_params()
    params.add_index("sparse", "AUTOINDEX", "", metric_type="BM25", params={"bm25_b": 0})
    client.create_index(name, params)
    client.load_collection(name)
    scores = {hit["distance"] for hit in client.search(name, ["word3"], limit=9)[0]}
    assert len(scores) == 1
    client.drop_collection(name)


def test_hybrid_search_of_text_and_vectors(client, made):
    name, ids = made
    text = pymilvus.AnnSearchRequest(["data mining"], "sparse", {"metric_type": "BM25"}, limit=5)
    dense = pymilvus.AnnSearchRequest([[2, 2]], "dense", {"metric_type": "L2"}, limit=5)
    for ranker in (pymilvus.RRFRanker(), pymilvus.WeightedRanker(0.5, 0.5)):
        hits = client.hybrid_search(name, [text, dense], ranker, limit=3)[0]
        assert hits[0]["id"] == ids[2]


def test_analyzers_can_be_tried(client, name):
    found = client.run_analyzer(["The quick foxes", "at rest"], {"type": "english"})
    assert [list(each.tokens) for each in found] == [["quick", "fox"], ["rest"]]
    detailed = client.run_analyzer("Sea of Sand", {"tokenizer": "standard"}, with_detail=True)
    assert [token["token"] for token in detailed.tokens] == ["Sea", "of", "Sand"]
    with pytest.raises(pymilvus.MilvusException, match="klingon"):
        client.run_analyzer("a", {"type": "klingon"})
    make(client, name, {"type": "chinese"})
    found = client.run_analyzer("向量数据库", collection_name=name, field_name="text")
    assert "向量" in found.tokens
    with pytest.raises(pymilvus.MilvusException, match="field not found"):
        client.run_analyzer("a", collection_name=name, field_name="absent")
    with pytest.raises(pymilvus.MilvusException, match="no analyzer"):
        client.run_analyzer("a", collection_name=name, field_name="dense")
    client.drop_collection(name)


def test_queries_that_do_not_fit_are_refused(client, made):
    name, ids = made
    with pytest.raises(pymilvus.MilvusException, match="provide varchar/text"):
        client.search(name, [{1: 1.0}], anns_field="sparse", limit=3)
    # By a key: the text of that row is the query.
    own = client.query(name, f"id == {ids[0]}", output_fields=["text"])[0]["text"]
    by_text = client.search(name, [own], anns_field="sparse", limit=3)[0]
    by_key = client.search(name, ids=ids[:1], anns_field="sparse", limit=3)[0]
    assert [hit["distance"] for hit in by_key] == [hit["distance"] for hit in by_text]
    with pytest.raises(pymilvus.MilvusException, match="vector type must be the same"):
        client.search(name, ["text"], anns_field="dense", limit=3)
    with pytest.raises(pymilvus.MilvusException, match="output of a function"):
        # The client itself would leave the column out.
        raw_insert(client, name)


def test_indexes_that_do_not_fit_are_refused(client, name):
    make(client, name)
    client.release_collection(name)
    client.drop_index(name, "sparse")
    for more, words in (
        ({"metric_type": "IP"}, "must be BM25, got IP"),
        ({"metric_type": "BM25", "params": {"bm25_k1": -1}}, "bm25_k1"),
        ({"metric_type": "BM25", "params": {"bm25_b": "much"}}, "bm25_b"),
    ):
        params = client.prepare_index_params()
        params.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", **more)
        with pytest.raises(pymilvus.MilvusException, match=words):
            client.create_index(name, params)
    client.drop_collection(name)


def raw_insert(client, name):
    """A row with a value of the function's output."""
    from pymilvus.grpc_gen import milvus_pb2, schema_pb2

    def field(**more):
        return schema_pb2.FieldData(**more)

    sparse = schema_pb2.SparseFloatArray(contents=[b"\1\0\0\0\0\0\x80\x3f"], dim=2)
    texts = schema_pb2.ScalarField(string_data=schema_pb2.StringArray(data=["a"]))
    dense = schema_pb2.VectorField(dim=2, float_vector=schema_pb2.FloatArray(data=[0, 0]))
    request = milvus_pb2.InsertRequest(
        collection_name=name,
        num_rows=1,
        fields_data=[
            field(field_name="text", type=DataType.VARCHAR, scalars=texts),
            field(field_name="dense", type=DataType.FLOAT_VECTOR, vectors=dense),
            field(
                field_name="sparse",
                type=DataType.SPARSE_FLOAT_VECTOR,
                vectors=schema_pb2.VectorField(dim=2, sparse_float_vector=sparse),
            ),
        ],
    )
    with grpc.insecure_channel(client._config.uri.removeprefix("http://")) as channel:
        insert = channel.unary_unary(
            "/milvus.proto.milvus.MilvusService/Insert",
            request_serializer=milvus_pb2.InsertRequest.SerializeToString,
            response_deserializer=milvus_pb2.MutationResult.FromString,
        )
        status = insert(request).status
    if status.code != 0:
        raise pymilvus.MilvusException(status.code, status.reason)


@pytest.mark.parametrize(
    "text, output, kind, words",
    [
        ({}, "sparse", "BM25", "enable_analyzer"),
        ({"enable_analyzer": True}, "vector", "BM25", "SparseFloatVector"),
        ({"enable_analyzer": True}, "absent", "BM25", "SparseFloatVector"),
        ({"enable_analyzer": True}, "sparse", "TEXTEMBEDDING", "only BM25"),
        ({"enable_analyzer": True, "analyzer_params": {"type": "no"}}, "sparse", "BM25", "text: "),
        ({"enable_analyzer": True, "multi_analyzer_params": {}}, "sparse", "BM25", "multi_analy"),
    ],
)
def test_functions_that_cannot_be(client, name, text, output, kind, words):
    schema = pymilvus.CollectionSchema(
        [
            pymilvus.FieldSchema("id", DataType.INT64, is_primary=True),
            pymilvus.FieldSchema("text", DataType.VARCHAR, max_length=100, **text),
            pymilvus.FieldSchema("sparse", DataType.SPARSE_FLOAT_VECTOR),
            pymilvus.FieldSchema("vector", DataType.FLOAT_VECTOR, dim=2),
        ],
        check_fields=False,
    )
    function = pymilvus.Function("f", pymilvus.FunctionType[kind], ["text"], ["sparse"])
    function._output_field_names = [output]
    schema.functions.append(function)
    with pytest.raises(pymilvus.MilvusException, match=words):
        client._get_connection().create_collection(name, schema)
    assert not client.has_collection(name)


def test_rest(server, client, name):
    def call(path, **body):
        request = urllib.request.Request(
            f"{server.http}/v2/vectordb/{path}", json.dumps(body).encode()
        )
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    text = {"max_length": 100, "enable_analyzer": True, "analyzer_params": {"type": "english"}}
    function = {"name": "f", "type": "BM25", "inputFieldNames": ["body"]}
    schema = {
        "autoId": True,
        "fields": [
            {"fieldName": "id", "dataType": "Int64", "isPrimary": True},
            {"fieldName": "body", "dataType": "VarChar", "elementTypeParams": text},
            {"fieldName": "words", "dataType": "SparseFloatVector"},
        ],
        "functions": [function | {"outputFieldNames": ["words"]}],
    }
    index = {"fieldName": "words", "indexName": "words", "metricType": "BM25"}
    made = call("collections/create", collectionName=name, schema=schema, indexParams=[index])
    assert made["code"] == 0, made
    rows = [{"body": text} for text in TEXTS]
    assert call("entities/insert", collectionName=name, data=rows)["data"]["insertCount"] == 5
    asked = {"collectionName": name, "annsField": "words", "limit": 3, "outputFields": ["body"]}
    found = call("entities/search", data=["embedding"], **asked)
    assert [hit["body"] for hit in found["data"]] == [TEXTS[3]], found
    part = {"data": ["embedding"], "annsField": "words", "limit": 3}
    found = call("entities/hybrid_search", search=[part, part], **asked)
    assert [hit["body"] for hit in found["data"]] == [TEXTS[3]], found
    assert "by texts" in call("entities/search", data=[[1, 2]], **asked)["message"]
    described = call("collections/describe", collectionName=name)["data"]["functions"]
    assert described[0]["inputFieldNames"] == ["body"] and described[0]["type"] == "BM25"
    field = {"collectionName": name, "fieldName": "body"}
    found = call("common/run_analyzer", text=["Foxes run"], withDetail=True, **field)["data"]
    assert [token["token"] for token in found[0]["tokens"]] == ["fox", "run"]
    assert found[0]["tokens"][1]["startOffset"] == 6
    schema["functions"][0]["type"] = "bm25"
    assert "bm25" in call("collections/create", collectionName="c", schema=schema)["message"]
    client.drop_collection(name)


def test_connect_searches_by_texts_too(server, name):
    with simile.connect(server.uri) as db:
        fields = {
            "id": "int64 primary key",
            "body": "string analyzer=english",
            "words": "sparse bm25(body)",
        }
        texts = db.create_collection(name, fields)
        texts.insert({"id": [1, 2], "body": ["Running foxes", "A whale"]})
        assert texts.search("the fox", 5).ids.tolist() == [1]
        assert texts.fields["words"].spec == "sparse bm25(body)"
        db.drop_collection(name)


def test_the_library_reads_what_the_server_wrote(start, tmp_path):
    running = start(path=tmp_path / "served.simile")
    client = pymilvus.MilvusClient(running.uri)
    make(client, "texts")
    expected = client.search("texts", ["information retrieval"], anns_field="sparse", limit=5)[0]
    client.close()
    assert running.stop() == 0
    with simile.open(tmp_path / "served.simile") as db:
        hits = db["texts"].search("information retrieval", 5, field="sparse")
        assert hits.ids.tolist() == [hit["id"] for hit in expected]
        assert (-hits.distances).tolist() == pytest.approx([hit["distance"] for hit in expected])
