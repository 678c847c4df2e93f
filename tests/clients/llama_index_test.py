"""llama-index-vector-stores-milvus: its vector store, unchanged, at `simile serve`."""

import itertools

import pytest

milvus = pytest.importorskip("llama_index.vector_stores.milvus")
schema = pytest.importorskip("llama_index.core.schema")
types = pytest.importorskip("llama_index.core.vector_stores.types")

NAMES = itertools.count()


def nodes_of(count):
    return [
        schema.TextNode(
            id_=f"node{n}",
            text=f"text {n}",
            embedding=[1.0, float(n), 0.0, 0.0],
            metadata={"n": n, "kind": "even" if n % 2 == 0 else "odd"},
            relationships={
                schema.NodeRelationship.SOURCE: schema.RelatedNodeInfo(node_id=f"doc{n % 3}")
            },
        )
        for n in range(count)
    ]


@pytest.fixture
def store(server):
    made = milvus.MilvusVectorStore(
        uri=server.uri,
        collection_name=f"llama{next(NAMES)}",
        dim=4,
        overwrite=True,
        similarity_metric="L2",
        use_async_client=False,
    )
    assert made.add(nodes_of(8)) == [f"node{n}" for n in range(8)]
    yield made
    made.client.drop_collection(made.collection_name)


def query(**more):
    return types.VectorStoreQuery(query_embedding=[1.0, 0.0, 0.0, 0.0], **more)


def test_the_nearest_nodes(store):
    found = store.query(query(similarity_top_k=3))
    assert found.ids == ["node0", "node1", "node2"]
    assert [node.metadata["n"] for node in found.nodes] == [0, 1, 2]
    assert found.nodes[1].get_content() == "text 1"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([("kind", "odd", "==")], ["node1", "node3", "node5", "node7"]),
        ([("n", 5, ">")], ["node6", "node7"]),
        ([("n", [2, 4, 99], "in")], ["node2", "node4"]),
        ([("kind", "odd", "!="), ("n", 4, "<=")], ["node0", "node2", "node4"]),
    ],
)
def test_filters(store, filters, expected):
    wanted = types.MetadataFilters(
        filters=[types.MetadataFilter(key=k, value=v, operator=o) for k, v, o in filters]
    )
    assert store.query(query(similarity_top_k=8, filters=wanted)).ids == expected


def test_nodes_and_documents_by_id(store):
    found = store.query(query(similarity_top_k=8, node_ids=["node5", "node6"]))
    assert found.ids == ["node5", "node6"]
    found = store.query(query(similarity_top_k=8, doc_ids=["doc1"]))
    assert found.ids == ["node1", "node4", "node7"]
    assert {node.node_id for node in store.get_nodes(node_ids=["node2"])} == {"node2"}


def test_deleting(store):
    store.delete("doc0")
    left = ["node1", "node2", "node4", "node5", "node7"]
    assert store.query(query(similarity_top_k=8)).ids == left
    store.delete_nodes(node_ids=["node1"])
    assert store.query(query(similarity_top_k=1)).ids == ["node2"]
    store.clear()
    assert not store.client.has_collection(store.collection_name)


def test_nodes_that_differ(store):
    mode = types.VectorStoreQueryMode.MMR
    found = store.query(query(similarity_top_k=3, mode=mode), mmr_prefetch_k=8)
    assert len(set(found.ids)) == 3


def test_an_index_on_the_store(store):
    core = pytest.importorskip("llama_index.core")
    embedding = pytest.importorskip("llama_index.core.embeddings")

    class Fixed(embedding.BaseEmbedding):
        def _get_query_embedding(self, query):
            return [1.0, 3.0, 0.0, 0.0]

        async def _aget_query_embedding(self, query):
            return self._get_query_embedding(query)

        def _get_text_embedding(self, text):
            return [1.0, 3.0, 0.0, 0.0]

    index = core.VectorStoreIndex.from_vector_store(store, embed_model=Fixed())
    found = index.as_retriever(similarity_top_k=2).retrieve("anything")
    assert found[0].node.get_content() == "text 3"
    index.insert(core.Document(text="a new one", metadata={"n": 3, "kind": "new"}))
    found = index.as_retriever(similarity_top_k=2).retrieve("anything")
    assert {each.node.get_content() for each in found} == {"text 3", "a new one"}
