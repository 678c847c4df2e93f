"""langchain-milvus: its vector store, unchanged, at `simile serve`."""

import itertools

import pytest

milvus = pytest.importorskip("langchain_milvus")
documents = pytest.importorskip("langchain_core.documents")
embeddings = pytest.importorskip("langchain_core.embeddings")

NAMES = itertools.count()
TEXTS = ["a cat", "a dog", "a bird", "a fish", "a cow", "a horse"]


class Positions(embeddings.Embeddings):
    """The n-th text is n on a line, so that every distance is known."""

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text):
        return [1.0, float(TEXTS.index(text)), 0.0, 0.0]


def documents_of(texts):
    return [
        documents.Document(page_content=text, metadata={"n": n, "even": n % 2 == 0})
        for n, text in enumerate(texts)
    ]


@pytest.fixture
def store(server):
    made = milvus.Milvus.from_documents(
        documents_of(TEXTS),
        Positions(),
        ids=[f"id{n}" for n in range(len(TEXTS))],
        auto_id=False,
        collection_name=f"langchain{next(NAMES)}",
        connection_args={"uri": server.uri},
        index_params={"metric_type": "L2", "index_type": "HNSW", "params": {"M": 8}},
    )
    yield made
    made.client.drop_collection(made.collection_name)


def texts_of(found):
    return [each.page_content for each in found]


def test_the_nearest_documents(store):
    assert texts_of(store.similarity_search("a cat", k=3)) == TEXTS[:3]
    found = store.similarity_search_with_score("a dog", k=3)
    assert found[0][0].page_content == "a dog" and found[0][1] == 0
    assert [score for _, score in found] == [0, 1, 1]
    assert found[0][0].metadata["n"] == 1


def test_filters_on_metadata(store):
    found = store.similarity_search("a cat", k=6, expr="even == true and n > 0")
    assert texts_of(found) == ["a bird", "a cow"]
    assert store.similarity_search("a cat", expr='n in [77]') == []


def test_a_retriever_and_relevance(store):
    retriever = store.as_retriever(search_kwargs={"k": 2})
    assert texts_of(retriever.invoke("a horse")) == ["a horse", "a cow"]
    scored = store.similarity_search_with_relevance_scores("a horse", k=2)
    assert scored[0][1] >= scored[1][1]


def test_documents_that_differ(store):
    found = store.max_marginal_relevance_search("a cat", k=2, fetch_k=6, lambda_mult=0.0)
    assert len({each.page_content for each in found}) == 2


def test_adding_replacing_and_deleting(store):
    store.add_texts(["a cat"], [{"n": 100, "even": True}], ids=["new"])
    assert {each.metadata["n"] for each in store.similarity_search("a cat", k=2)} == {0, 100}
    changed = documents.Document(page_content="a cat", metadata={"n": 101, "even": False})
    store.upsert(ids=["new"], documents=[changed])
    assert {each.metadata["n"] for each in store.similarity_search("a cat", k=2)} == {0, 101}
    assert store.delete(ids=["new"])
    assert store.get_pks("n > 100") == [] and store.get_pks("n == 3") == ["id3"]
    assert store.delete(expr="n >= 3")
    assert texts_of(store.similarity_search("a cat", k=9)) == TEXTS[:3]


def test_a_collection_that_is_there_is_used(store, server):
    again = milvus.Milvus(
        Positions(),
        collection_name=store.collection_name,
        connection_args={"uri": server.uri},
        auto_id=False,
    )
    assert texts_of(again.similarity_search("a dog", k=1)) == ["a dog"]
    assert len(again.get_pks("n >= 0")) == len(TEXTS)


def test_several_vector_fields_and_a_ranker(server):
    name = f"langchain{next(NAMES)}"
    made = milvus.Milvus.from_documents(
        documents_of(TEXTS),
        [Positions(), Positions()],
        vector_field=["first", "second"],
        collection_name=name,
        connection_args={"uri": server.uri},
        auto_id=True,
    )
    found = made.similarity_search(
        "a dog", k=3, ranker_type="weighted", ranker_params={"weights": [0.6, 0.4]}
    )
    assert "a dog" in texts_of(found)
    assert len(made.similarity_search("a dog", k=2, ranker_type="rrf")) == 2
    made.client.drop_collection(name)


def test_partition_keys(server):
    name = f"langchain{next(NAMES)}"
    made = milvus.Milvus.from_documents(
        [
            documents.Document(page_content=text, metadata={"owner": f"o{n % 2}"})
            for n, text in enumerate(TEXTS)
        ],
        Positions(),
        collection_name=name,
        connection_args={"uri": server.uri},
        partition_key_field="owner",
        auto_id=True,
    )
    found = made.similarity_search("a cat", k=6, expr='owner == "o1"')
    assert sorted(texts_of(found)) == sorted(TEXTS[1::2])
    made.client.drop_collection(name)


async def collect(store):
    found = await store.asimilarity_search("a dog", k=2)
    await store.aadd_texts(["a cat"], [{"n": 7, "even": False}], ids=["later"])
    return found, await store.asimilarity_search("a cat", k=2)


def test_asynchronous_calls(store):
    import asyncio

    first, second = asyncio.run(collect(store))
    assert texts_of(first)[0] == "a dog"
    assert {each.metadata["n"] for each in second} == {0, 7}


def test_words_beside_vectors(server):
    """Its BM25 function: the server fills a sparse field, and one search asks both fields."""
    texts = [*TEXTS, "a horse"]
    made = milvus.Milvus.from_documents(
        documents_of(texts),
        Positions(),
        builtin_function=milvus.BM25BuiltInFunction(),
        vector_field=["dense", "sparse"],
        collection_name=f"langchain{next(NAMES)}",
        connection_args={"uri": server.uri},
        index_params=[
            {"metric_type": "L2", "index_type": "HNSW", "params": {"M": 8}},
            {"metric_type": "BM25", "index_type": "SPARSE_INVERTED_INDEX"},
        ],
    )
    found = made.similarity_search("a horse", k=2)
    assert texts_of(found) == ["a horse", "a horse"]
    made.client.drop_collection(made.collection_name)
