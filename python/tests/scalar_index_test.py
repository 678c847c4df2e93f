"""Indexes that filters use: made, listed, explained, dropped; embedded and over a connection."""

import numpy as np
import pytest

import simile

ROWS = 6000
FIELDS = {
    "id": "int64 primary key",
    "v": "float32[2] l2 flat",
    "taken": "int64 inverted",
    "label": "string nullable",
    "title": "string ngram",
    "tags": "array<string>",
}


@pytest.fixture
def c(db):
    collection = db.create_collection("c", FIELDS)
    ids = np.arange(ROWS)
    collection.insert(
        {
            "id": ids,
            "v": np.stack([ids, ids], axis=1).astype(np.float32),
            "taken": ids * 10,
            "label": [None if i % 9 == 0 else f"l{i % 50}" for i in ids],
            "title": [f"picture {i} of a {['cat', 'dog', 'fox'][i % 3]}" for i in ids],
            "tags": [[f"t{i % 70}", f"u{i % 7}"] for i in ids],
        }
    )
    collection.flush()
    return collection


def test_a_field_can_say_that_it_has_an_index(c):
    assert c.fields["taken"].spec == "int64 inverted"
    assert c.fields["title"].index == "ngram"
    found = c.list_indexes()
    assert [(each.field, each.kind, each.indexed_rows) for each in found] == [
        ("taken", "inverted", ROWS),
        ("title", "ngram", ROWS),
    ]
    assert all(each.disk_bytes > ROWS for each in found)


def test_explain_tells_which_index_served(c):
    plan = c.explain("taken < 300")
    assert (plan.rows, plan.selected, plan.looked_at) == (ROWS, 30, 0)
    assert plan.indexes == [simile.IndexUse("taken", "inverted", 1, 30)]
    plan = c.explain("title like '%e 59% cat%'")
    assert 0 < plan.selected <= plan.looked_at < ROWS / 20
    assert [use.field for use in plan.indexes] == ["title"]
    plan = c.explain("label == {label}", values={"label": "l7"})
    assert (plan.looked_at, plan.indexes) == (ROWS, [])
    spared = {each.field: each.rows_spared for each in c.list_indexes()}
    assert spared["taken"] == ROWS
    assert spared["title"] > ROWS * 0.9


def test_indexes_come_and_go(c):
    before = {where: c.count(where) for where in ("label == 'l7'", "array_contains(tags, 't3')")}
    c.create_index("label", "bitmap")
    c.create_index("tags")
    c.flush()
    assert c.fields["label"].spec == "string inverted nullable"
    for where, count in before.items():
        plan = c.explain(where)
        assert (plan.selected, plan.looked_at) == (count, 0)
    c.create_index("title", "inverted")
    c.flush()
    assert c.explain("title like 'picture 59%'").looked_at == 0
    for field in ("label", "tags", "title", "taken"):
        c.drop_index(field)
    assert c.list_indexes() == []
    assert c.explain("taken < 300").looked_at == ROWS
    assert c.count("label == 'l7'") == before["label == 'l7'"]


def test_searches_use_them(c):
    hits = c.search(np.zeros(2, np.float32), k=5, where="title like '%fox%' and taken >= 100")
    assert hits.ids.tolist() == [11, 14, 17, 20, 23]


@pytest.mark.parametrize(
    ("field", "index", "error"),
    [
        ("taken", "ngram", simile.errors.InvalidArgument),
        ("v", "inverted", simile.errors.InvalidArgument),
        ("id", "inverted", simile.errors.InvalidArgument),
        ("taken", "tree", simile.errors.InvalidArgument),
        ("nothing", "inverted", simile.errors.NotFound),
    ],
)
def test_what_cannot_be_is_refused(c, field, index, error):
    with pytest.raises(error):
        c.create_index(field, index)
    assert len(c.list_indexes()) == 2
