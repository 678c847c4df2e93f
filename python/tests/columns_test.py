"""Tables of Python to columns of the engine and back, without an engine."""

import numpy as np
import pytest

from simile._columns import Field, decode, encode, encode_keys
from simile.errors import InvalidArgument
from simile.rows import Hits, HitsBatch, Rows


def field(name, type_name, **more):
    known = {
        "spec": type_name,
        "element": None,
        "dim": None,
        "metric": None,
        "index": None,
        "primary_key": False,
        "auto_id": False,
        "nullable": False,
    }
    return Field(name=name, type=type_name, **{**known, **more})


def fields_of(*fields):
    return {each.name: each for each in fields}


KEY = field("id", "int64", primary_key=True)
EVERYTHING = fields_of(
    KEY,
    field("v", "vector", element="float32", dim=3),
    field("flag", "bool"),
    field("small", "int8"),
    field("weight", "float"),
    field("label", "string"),
    field("extra", "json"),
    field("tags", "array", element="string"),
    field("sizes", "array", element="int32"),
    field("seen", "int64", nullable=True),
    field("note", "string", nullable=True),
)
TABLE = {
    "id": [1, 2],
    "v": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
    "flag": [True, False],
    "small": [-128, 127],
    "weight": [0.5, 1.5],
    "label": ["a", "ü"],
    "extra": [{"a": [1, None]}, "text"],
    "tags": [["x", "y"], []],
    "sizes": [[], [7, 8]],
    "seen": [None, 9],
    "note": ["n", None],
}


def as_dicts(table):
    return [dict(zip(table, row)) for row in zip(*table.values())]


def plain(value):
    if isinstance(value, np.ma.MaskedArray):
        return [None if masked else item for item, masked in zip(value.data, value.mask)]
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [item.tolist() if isinstance(item, np.ndarray) else item for item in value]


def through(fields, table):
    """`table` after encode and decode, as plain lists."""
    _, encoded = encode(fields, table)
    return {name: plain(values) for name, values in decode(fields, encoded).items()}


def test_columns_and_dicts_come_back_as_they_went():
    assert through(EVERYTHING, TABLE) == TABLE
    assert through(EVERYTHING, as_dicts(TABLE)) == TABLE


def test_pandas_tables_come_back_as_they_went():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(TABLE)
    assert through(EVERYTHING, frame) == TABLE
    frame["seen"] = frame["seen"].astype("Int64")
    frame["note"] = frame["note"].astype("string")
    assert through(EVERYTHING, frame) == TABLE


def test_arrow_tables_come_back_as_they_went():
    pyarrow = pytest.importorskip("pyarrow")
    table = {name: values for name, values in TABLE.items() if name != "extra"}
    arrow = pyarrow.table(table)
    flat = pyarrow.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], pyarrow.float32())
    vectors = pyarrow.FixedSizeListArray.from_arrays(flat, 3)
    assert through(EVERYTHING, arrow) == table
    position = arrow.column_names.index("v")
    assert through(EVERYTHING, arrow.set_column(position, "v", vectors)) == table
    chunked = pyarrow.concat_tables([arrow.slice(0, 1), arrow.slice(1)])
    assert through(EVERYTHING, chunked) == table


def test_exact_columns_are_not_copied():
    x = np.ones((4, 3), np.float32)
    ids = np.arange(4)
    _, encoded = encode(EVERYTHING, {"id": ids, "v": x})
    assert np.shares_memory(encoded[0][1], ids)
    assert np.shares_memory(encoded[1][1], x)


def test_rows_that_were_read_can_be_written():
    _, encoded = encode(EVERYTHING, TABLE)
    rows = Rows(2, decode(EVERYTHING, encoded))
    assert through(EVERYTHING, rows) == TABLE
    assert through(EVERYTHING, list(rows)) == TABLE


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("nosuch", [1], "no field 'nosuch' in this collection; it has id, v, flag"),
        ("small", [128], "128 at row 0 does not fit int8"),
        ("small", [1, -129], "-129 at row 1"),
        ("small", np.array([2**63], np.uint64), "does not fit int8"),
        ("small", [1.5], "1.5 at row 0 does not fit int8"),
        ("small", [float("nan")], "nan at row 0"),
        ("small", ["a"], "field 'small' is int8, its values are <U1"),
        ("flag", [1], "field 'flag' is bool, its values are int64"),
        ("weight", [1e60], "at row 0 does not fit float"),
        ("id", [[1]], "field 'id' has 2 dimensions"),
        ("v", [[1.0, 2.0]], r"field 'v' has shape \(1, 2\)"),
        ("v", [[1.0, 2.0, 3.0], [1.0]], r"vectors of lengths \[1, 3\]; its dimension is 3"),
        ("v", [None], "row 0 has no vector"),
        ("v", np.zeros(3), "one row a vector"),
        ("extra", [object()], "row 0 is no JSON"),
        ("extra", [float("nan")], "row 0 is no JSON"),
        ("tags", ["x"], "row 0 is no array"),
        ("sizes", [[2**40]], "does not fit int32"),
    ],
)
def test_what_does_not_fit_is_named(column, values, message):
    with pytest.raises(InvalidArgument, match=message):
        encode(EVERYTHING, {column: values})


def test_columns_have_one_length():
    with pytest.raises(InvalidArgument, match="field 'label' has 1 rows, field 'id' has 2"):
        encode(EVERYTHING, {"id": [1, 2], "label": ["a"]})


@pytest.mark.parametrize("table", [3, "rows", [1, 2], [{"id": 1}, 2], None])
def test_what_is_no_table_is_refused(table):
    with pytest.raises(InvalidArgument, match="rows are a dict of columns"):
        encode(EVERYTHING, table)


def test_integral_floats_are_integers():
    """pandas turns a column of integers with a hole into floats."""
    _, encoded = encode(EVERYTHING, {"small": np.array([1.0, 2.0])})
    assert encoded[0][1].tolist() == [1, 2]


def test_keys_are_one_or_many():
    for keys in (7, [7], np.array([7]), np.int64(7), (7,)):
        assert encode_keys(EVERYTHING, keys).tolist() == [7]
    names = fields_of(field("name", "string", primary_key=True))
    assert encode_keys(names, "a") == ["a"]
    assert encode_keys(names, np.array(["a", "b"])) == ["a", "b"]
    with pytest.raises(InvalidArgument, match="key 'id'"):
        encode_keys(EVERYTHING, ["a"])


@pytest.fixture
def hits():
    columns = {"id": np.array([5, 6, 7]), "label": ["a", "b", "c"]}
    return Hits("id", np.array([0.5, 1, 2], np.float32), columns)


def test_hits_are_columns_and_rows(hits):
    assert len(hits) == 3
    assert hits.ids.tolist() == [5, 6, 7]
    assert hits["label"] == ["a", "b", "c"]
    assert hits["distance"] is hits.distances
    assert hits[0] == {"id": 5, "distance": 0.5, "label": "a"}
    assert hits[-1]["id"] == 7
    assert [row["id"] for row in hits[1:]] == [6, 7]
    with pytest.raises(IndexError):
        hits[3]
    with pytest.raises(KeyError, match="no column 'size'; there are id, label"):
        hits["size"]


def test_hits_are_drawn_as_a_table(hits):
    assert repr(hits).splitlines() == [
        "3 hits, nearest first",
        "id  distance  label",
        "5   0.5       a",
        "6   1         b",
        "7   2         c",
    ]


def test_a_batch_pads_what_is_missing():
    distances = np.array([0.5, 1, 2], np.float32)
    batch = HitsBatch("id", 2, np.array([0, 2, 2, 3]), distances, {"id": np.array([5, 6, 7])})
    assert len(batch) == 3
    assert batch.ids.tolist() == [[5, 6], [-1, -1], [7, -1]]
    assert np.isnan(batch.distances).tolist() == [[False] * 2, [True] * 2, [False, True]]
    assert [hit.ids.tolist() for hit in batch] == [[5, 6], [], [7]]
    assert batch[-1].ids.tolist() == [7]
    named = HitsBatch("id", 2, np.array([0, 1]), distances[:1], {"id": ["x"]})
    assert named.ids.tolist() == [["x", None]]


def test_rows_become_pandas_and_arrow(hits):
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    columns = {"id": np.array([1, 2]), "v": np.eye(2, dtype=np.float32)}
    columns["n"] = np.ma.MaskedArray([3, 4], mask=[True, False])
    rows = Rows(2, columns)
    assert rows.to_pandas()["id"].tolist() == [1, 2]
    arrow = rows.to_arrow()
    assert arrow["v"].to_pylist() == [[1, 0], [0, 1]]
    assert arrow["n"].to_pylist() == [None, 4]


def test_tables_of_hits_have_the_distance():
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    columns = {"id": np.array([5, 6, 7]), "label": ["a", "b", "c"]}
    distances = np.array([0.5, 1, 2], np.float32)
    frame = Hits("id", distances, columns).to_pandas()
    assert list(frame) == ["id", "distance", "label"]
    assert frame["distance"].tolist() == [0.5, 1, 2]
    batch = HitsBatch("id", 2, np.array([0, 2, 3]), distances, columns)
    frame = batch.to_pandas()
    assert list(frame) == ["query", "id", "distance", "label"]
    assert frame["query"].tolist() == [0, 0, 1] and frame["id"].tolist() == [5, 6, 7]
    assert batch.to_arrow()["label"].to_pylist() == ["a", "b", "c"]


def test_a_field_called_distance_does_not_hide_the_distance():
    columns = {"id": np.array([5]), "distance": ["far"]}
    hits = Hits("id", np.array([0.5], np.float32), columns)
    assert hits[0] == {"id": 5, "distance": 0.5} and hits["distance"].tolist() == [0.5]
    assert hits.columns["distance"] == ["far"]
