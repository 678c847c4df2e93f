"""What collections are, rather than hold: later fields, defaults, partitions, properties."""

import numpy as np
import pytest

import simile


def features(rows):
    return np.arange(rows * 4, dtype=np.float32).reshape(rows, 4)


FIELDS = {"id": "int64 primary key", "feature": "float32[4] l2"}


def test_defaults_and_added_fields(db):
    fields = {**FIELDS, "count": ("int32", 7), "title": ("string nullable", "none")}
    c = db.create_collection("c", fields, properties={"a": "1"})
    c.insert({"id": [1], "feature": features(1)})
    c.insert([{"id": 2, "feature": features(1)[0], "count": 3, "title": None}])
    assert c.query().columns["count"].tolist() == [7, 3]
    assert c.query().columns["title"] == ["none", "none"]
    c.add_field("size", ("double", 1.5))
    c.insert({"id": [3], "feature": features(1), "size": [2.0]})
    assert c.query(where="size == 1.5").columns["id"].tolist() == [1, 2]
    assert c.fields["size"].type == "double"
    with pytest.raises(simile.errors.InvalidArgument):
        c.add_field("weight", "double")


def test_dynamic_columns(db):
    c = db.create_collection("c", FIELDS, dynamic=True)
    c.insert({"id": [1, 2], "feature": features(2), "color": ["red", None], "size": [1, 2]})
    c.insert([{"id": 3, "feature": features(1)[0]}])
    assert c.query("color == 'red'").columns["$meta"] == [{"color": "red", "size": 1}]
    assert c.count("size > 0") == 2
    c.update({"id": [1], "size": [5]})
    assert c.get(1).columns["$meta"] == [{"color": "red", "size": 5}]


def test_updates_keep_the_other_fields(db):
    c = db.create_collection("c", {**FIELDS, "label": "string"})
    c.insert({"id": [1, 2], "feature": features(2), "label": ["a", "b"]})
    c.update({"id": [2], "label": ["c"]})
    assert c.get(2, ["label"]).columns["label"] == ["c"]
    np.testing.assert_array_equal(c.get(2).columns["feature"], features(2)[1:])
    with pytest.raises(simile.errors.NotFound):
        c.update({"id": [9], "label": ["c"]})


def test_partitions(db):
    c = db.create_collection("c", FIELDS)
    c.create_partition("red")
    c.insert({"id": [1, 2], "feature": features(2)}, partition="red")
    c.insert({"id": [3], "feature": features(1)})
    assert c.partitions() == ["_default", "red"]
    assert "$partition" not in c.fields
    assert c.search(features(1)[0], partitions=["red"]).ids.tolist() == [1, 2]
    assert c.count(partitions="red") == 2
    assert c.delete(where="id < 2", partitions=["_default"]) == 0
    c.drop_partition("red")
    assert c.query().columns["id"].tolist() == [3]


def test_names_and_properties(db):
    c = db.create_collection("c", FIELDS, properties={"a": "1", "b": "2"})
    c.change_properties({"a": None, "c": "猫"})
    db.change_properties({"x": "y"})
    db.rename_collection("c", "d")
    assert db["d"].properties == {"b": "2", "c": "猫"}
    assert db.properties == {"x": "y"}
    c.insert({"id": [1], "feature": features(1)})
    c.truncate()
    assert len(c) == 0


def test_choices_of_a_search(db):
    c = db.create_collection("c", {**FIELDS, "kind": "int8"})
    x = np.zeros((100, 4), np.float32)
    x[:, 0] = np.arange(100)
    c.insert({"id": np.arange(100), "feature": x, "kind": np.arange(100) % 3})
    q = np.zeros(4, np.float32)
    assert c.search(q, k=2, offset=3).ids.tolist() == [3, 4]
    assert c.search(q, k=9, distance_min=4, distance_max=25).ids.tolist() == [2, 3, 4]
    grouped = c.search(q, k=2, group_by="kind", group_size=2, strict_groups=True)
    assert grouped.ids.tolist() == [0, 3, 1, 4]
    found = c.query("id in {ids} and kind < {most}", values={"ids": [5, 9, 7], "most": 2})
    assert found.columns["id"].tolist() == [7, 9]
    parts = [hits.ids.tolist() for hits in c.iterate(q, 40, where="kind == 0")]
    assert parts == [list(range(0, 100, 3))]
    assert [len(hits) for hits in c.iterate(q, 30)] == [30, 30, 30, 10]
    assert c.query(limit=2, offset=1, by_key=True).columns["id"].tolist() == [1, 2]


def test_metric_can_be_changed(db):
    c = db.create_collection("c", FIELDS)
    c.insert({"id": [1, 2], "feature": [[1, 0, 0, 0], [9, 9, 0, 0]]})
    c.change_index("feature", "cosine", "flat")
    assert c.fields["feature"].metric == "cosine"
    assert c.search([2, 2, 0, 0], k=1).ids.tolist() == [2]


def test_null_vectors(db):
    c = db.create_collection("c", {**FIELDS, "second": "float32[4] cosine nullable"})
    first = {"id": 1, "feature": [0, 0, 0, 1], "second": [1, 2, 3, 4]}
    c.insert([first, {"id": 2, "feature": [0, 0, 0, 1], "second": None}])
    c.insert({"id": [3], "feature": features(1)})
    second = c.query().columns["second"]
    assert second.mask[:, 0].tolist() == [False, True, True]
    assert c.search([1, 2, 3, 4], field="second").ids.tolist() == [1]
