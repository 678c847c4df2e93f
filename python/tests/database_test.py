"""simile.open: rows in, hits out, through the whole engine."""

import os
import subprocess
import sys

import numpy as np
import pytest

import simile

FIELDS = {
    "id": "int64 primary key",
    "feature": "float32[8] cosine",
    "label": "string",
    "taken": "int64",
    "note": "string nullable",
    "extra": "json nullable",
    "tags": "array<string> nullable",
}
LABELS = ("cat", "dog", "fox")


def table(count, first=0):
    rng = np.random.default_rng(first)
    ids = np.arange(first, first + count)
    return {
        "id": ids,
        "feature": rng.normal(size=(count, 8)).astype(np.float32),
        "label": [LABELS[i % 3] for i in ids],
        "taken": ids * 10,
    }


@pytest.fixture
def images(db):
    return db.create_collection("images", fields=FIELDS)


def test_the_readme_in_small(images):
    rows = table(300)
    assert images.upsert(rows).rows == 300
    hits = images.search(rows["feature"][4], k=10, where="label == 'dog' and taken > 100",
                         fields=["label", "taken"])
    assert len(hits) == 10
    assert set(hits["label"]) == {"dog"} and (hits["taken"] > 100).all()
    assert (np.diff(hits.distances) >= 0).all()
    assert images.delete([3, 4, 100_000]) == 2
    assert images.delete(where="taken < 30") == 3
    assert images.get([1, 6, 5])["id"].tolist() == [6, 5]
    assert list(images.get(6, fields="label").columns) == ["id", "label"]
    assert list(images.query("id == 6", fields="taken").columns) == ["id", "taken"]
    assert len(images.search(rows["feature"][4], k=np.int32(7))) == 7
    assert images.count() == len(images) == 295
    assert images.count("label == 'cat'") == 98


def test_search_agrees_with_numpy(images):
    rows = table(200)
    images.upsert(rows)
    unit = rows["feature"] / np.linalg.norm(rows["feature"], axis=1, keepdims=True)
    expected = np.argsort(1 - unit @ unit.T, axis=1, kind="stable")[:, :5]
    for exact in (True, False):
        batch = images.search(rows["feature"], k=5, exact=exact, ef=200)
        assert (batch.ids == expected).mean() > 0.99
        assert batch.distances.shape == (200, 5)
    hits = images.search(rows["feature"][7].tolist(), k=5)
    assert hits.ids.tolist() == expected[7].tolist()


def test_everything_is_there_after_opening_again(path):
    rows = table(50)
    rows["note"] = ["n"] * 25 + [None] * 25
    rows["extra"] = [{"a": i} for i in range(50)]
    rows["tags"] = [["x"] * (i % 3) for i in range(50)]
    with simile.open(path) as db:
        db.create_collection("images", FIELDS).upsert(rows)
    with simile.open(path, create=False) as db:
        images = db["images"]
        found = images.query("id >= 24 and id <= 25")
        assert list(found.columns) == list(FIELDS)
        assert found["note"] == ["n", None]
        assert found["extra"] == [{"a": 24}, {"a": 25}]
        assert found["tags"] == [[], ["x"]]
        # Cosine keeps the direction; whether the length is kept is the engine's affair.
        ratio = found["feature"] / rows["feature"][24:26]
        assert np.allclose(ratio, ratio[:, :1], atol=1e-3)
        images.flush()
        images.compact()
        assert images.info().rows == 50 and images.info().growing_rows == 0
        assert images.query(fields=["taken"], limit=2, offset=3)["taken"].tolist() == [30, 40]


def test_every_table_form_is_taken(images):
    pandas = pytest.importorskip("pandas")
    pyarrow = pytest.importorskip("pyarrow")
    rows = table(10)
    listed = {**rows, "feature": rows["feature"].tolist(), "id": rows["id"] + 100}
    images.insert(rows)
    images.insert([dict(zip(listed, each)) for each in zip(*listed.values())])
    images.insert(pandas.DataFrame({**listed, "id": rows["id"] + 200}))
    images.insert(pyarrow.table({**listed, "id": rows["id"] + 300}))
    found = images.query("label == 'fox'", fields=["taken"])
    assert found["taken"].tolist() == [20, 50, 80] * 4


def test_keys_may_be_text_or_automatic(db):
    named = db.create_collection("named", {"name": "string primary key", "v": "float32[2] l2"})
    named.upsert({"name": ["a", "ü"], "v": np.eye(2)})
    assert named.get("ü").columns["name"] == ["ü"]
    assert named.search([0.0, 1.0], k=1).ids == ["ü"]
    numbered = db.create_collection(
        "numbered", {"id": "int64 primary key auto", "v": "bit[16] hamming flat"}
    )
    given = numbered.insert({"v": np.array([[255, 0], [0, 0]], np.uint8)}).ids
    assert len(set(given.tolist())) == 2
    assert numbered.search(np.array([255, 1], np.uint8), k=1).ids.tolist() == [given[0]]
    assert numbered.search(np.array([255, 1], np.uint8), k=1).distances.tolist() == [1]


def test_a_field_may_be_half_precision_or_integer(db):
    for element in ("float16", "bfloat16", "int8"):
        fields = {"id": "int64 primary key", "v": f"{element}[4] l2"}
        collection = db.create_collection(element, fields)
        x = np.arange(40).reshape(10, 4)
        collection.upsert({"id": np.arange(10), "v": x})
        assert collection.search(x, k=1).ids[:, 0].tolist() == list(range(10))
        assert collection.get([2])["v"].tolist() == [[8, 9, 10, 11]]


def test_a_row_may_have_several_vectors(db):
    fields = {"id": "int64 primary key", "face": "float32[2] l2", "scene": "float32[3] ip"}
    people = db.create_collection("people", fields)
    people.upsert({"id": [1, 2], "face": np.eye(2), "scene": np.eye(2, 3)})
    assert people.search([0, 1], k=1, field="face").ids.tolist() == [2]
    assert people.search([1, 0, 0], k=1, field="scene").ids.tolist() == [1]
    with pytest.raises(ValueError, match="face.*scene"):
        people.search([0, 1])


def test_a_write_over_collections_is_all_or_nothing(db, opened, images):
    faces = db.create_collection("faces", {"id": "int64 primary key", "v": "float32[2] l2"})
    images.upsert(table(5))
    done = db.write([
        ("upsert", "faces", {"id": [1], "v": [[1.0, 2.0]]}),
        ("delete", "images", [0, 1]),
    ])
    assert done.sequence > 0
    assert (faces.count(), images.count()) == (1, 3)
    with pytest.raises(simile.Error):
        db.write([
            ("delete", "images", [2]),
            ("insert", "faces", {"id": [1], "v": [[0.0, 0.0]]}),
        ])
    assert (faces.count(), images.count()) == (1, 3)
    with pytest.raises(ValueError, match="insert, upsert, delete"):
        db.write([("remove", "faces", [1])])


def test_a_snapshot_does_not_change(images):
    images.upsert(table(5))
    with images.snapshot() as before:
        images.delete([0])
        images.upsert(table(2, first=10))
        assert before.count() == 5 and images.count() == 6
        assert before.get([0])["id"].tolist() == [0]
        assert before.sequence < images.snapshot().sequence
    with pytest.raises(ValueError, match="released"):
        before.count()


def test_names_of_collections(db, images):
    assert db.collections() == ["images"]
    assert "images" in db and "other" not in db
    assert list(db) == ["images"]
    with pytest.raises(simile.Error, match="images"):
        db.create_collection("images", FIELDS)
    with pytest.raises(KeyError, match="other"):
        db.collection("other")
    db.drop_collection("images")
    assert db.collections() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"feature": np.zeros((5, 7))}, "float32\\[8\\]"),
        ({"feature": np.full((5, 8), np.nan)}, "NaN"),
        ({"label": [1, 2, 3, 4, 5]}, "row 0 is 1"),
        ({"label": ["a", "b", None, "c", "d"]}, "label"),
        ({"taken": ["a"] * 5}, "taken"),
        ({"id": [0, 0, 1, 2, 3]}, "0"),
        ({"colour": [1] * 5}, "no field 'colour' in this collection; it has id, feature"),
    ],
)
def test_bad_rows_are_refused_and_change_nothing(images, change, message):
    with pytest.raises(simile.Error, match=message):
        images.insert({**table(5), **change})
    assert images.count() == 0


def test_a_missing_field_is_named(images):
    rows = table(5)
    del rows["label"]
    with pytest.raises(ValueError, match="label"):
        images.insert(rows)


def test_an_id_that_is_there_is_named(images):
    images.insert(table(5))
    with pytest.raises(simile.errors.AlreadyExists, match="4"):
        images.insert(table(5, first=4))
    assert images.count() == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "1..16384"),
        ({"k": "ten"}, "1..16384"),
        ({"where": "label = 'cat'"}, "where|filter|expected|=="),
        ({"where": "colour == 'red'"}, "colour"),
        ({"fields": ["colour"]}, "colour"),
        ({"field": "label"}, "label"),
        ({"field": "nosuch"}, "nosuch"),
    ],
)
def test_bad_searches_say_what_is_wrong(images, arguments, message):
    images.upsert(table(5))
    with pytest.raises(ValueError, match=message):
        images.search(np.ones(8), **arguments)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"v": "float32[2] l2"}, "primary key"),
        ({"id": "int64 primary key"}, "vector"),
        ({"id": "int64 primary key", "v": "float32[2] manhattan"}, "cosine"),
        ({"id": "int64 primary key", "v": "float32[0] l2"}, "dim|1.."),
        ({"id": "int64 primary key", "v v": "float32[2] l2"}, "v v"),
        ({"id": "uuid primary key", "v": "float32[2] l2"}, "uuid"),
    ],
)
def test_bad_schemas_say_what_is_wrong(db, fields, message):
    with pytest.raises(ValueError, match=message):
        db.create_collection("c", fields)


def test_fields_are_described(images):
    assert {name: field.spec for name, field in images.fields.items()} == FIELDS
    feature = images.fields["feature"]
    assert (feature.type, feature.element, feature.dim) == ("vector", "float32", 8)
    assert "feature: float32[8] cosine" in repr(images)


def test_another_process_reads_but_does_not_write(path, opened, db, images):
    images.upsert(table(5))
    program = (
        "import sys, simile\n"
        "try:\n    simile.open(sys.argv[1])\n"
        "except simile.errors.Unavailable as error:\n    print(error)\n"
        "with simile.open(sys.argv[1], read_only=True) as db:\n"
        "    print(db['images'].count())\n"
        "    try:\n        db['images'].delete([1])\n"
        "    except simile.errors.FailedPrecondition as error:\n        print(error)\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert str(os.getpid()) in lines[0]
    assert lines[1] == "5"
    assert "read" in lines[2]


def test_a_reader_refreshes(path, opened, db, images):
    with simile.open(path, read_only=True) as reader:
        images.upsert(table(5))
        reader.refresh()
        assert reader["images"].count() == 5


def test_what_is_no_database_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(simile.Error, match="file"):
        simile.open(tmp_path / "file")
    with pytest.raises(simile.Error, match="absent"):
        simile.open(tmp_path / "absent", create=False)
    with pytest.raises(simile.Error):
        simile.open(tmp_path / "absent", read_only=True)


def test_a_closed_database_says_so(path):
    db = simile.open(path)
    images = db.create_collection("images", FIELDS)
    db.close()
    with pytest.raises(simile.errors.FailedPrecondition, match="closed"):
        images.upsert(table(1))


def test_verify_names_damage(path):
    with simile.open(path) as db:
        images = db.create_collection("images", FIELDS)
        images.upsert(table(500))
        images.flush()
    report = simile.verify(path)
    assert report.ok and report.rows == 500 and report.bytes > 0
    largest = max((file for file in path.rglob("*") if file.is_file()),
                  key=lambda file: file.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)
    report = simile.verify(path)
    assert not report.ok
    assert largest.name in report.damages[0].file


def test_information_adds_up(path, opened, db, images):
    images.upsert(table(100))
    images.delete([1])
    info = db.info()
    assert info.path == str(path)
    assert info.collections[0].name == "images" and info.collections[0].rows == 99
    assert info.disk_bytes > 0
    assert str(path) in repr(db)
    images.upsert(table(5_000))  # enough for an index
    images.compact()
    segments = [file.stat().st_size for file in (path / "segments").iterdir()]
    assert len(segments) == 3  # rows, keys, index
    assert db.info().collections[0].disk_bytes == images.info().disk_bytes == sum(segments)
