"""Files that numpy, h5py and others write are imported as they are."""

import json

import h5py
import numpy
import pytest


def stored(simile, key="0"):
    """The vector of a row."""
    (row,) = simile.json("get", key, "--db", "a.simile", "--fields", "vector")
    return row["vector"]


def do_import(simile, file, *options, metric="l2"):
    (report,) = simile.json(
        "import", file, "--db", "a.simile", "-c", "c", "-m", metric, *options
    )
    return report


@pytest.mark.parametrize("dtype", ["f4", "f8", "f2", "i1", "u1"])
def test_numpy_types(simile, dtype):
    x = numpy.arange(12).reshape(3, 4).astype(dtype)
    numpy.save(simile.folder / "x.npy", x)
    assert do_import(simile, "x.npy")["imported"] == 3
    assert stored(simile, "2") == [8, 9, 10, 11]


@pytest.mark.parametrize("save", [numpy.savez, numpy.savez_compressed])
def test_numpy_archives(simile, save):
    x = numpy.arange(2000, dtype="f4").reshape(500, 4)
    save(simile.folder / "x.npz", train=x, test=x[:2], ids=numpy.arange(500) + 1000)
    assert do_import(simile, "x.npz", "--ids", "x.npz")["imported"] == 500
    assert stored(simile, "1499") == [1996, 1997, 1998, 1999]
    hits = simile.json("search", "--db", "a.simile", "--queries", "x.npz", "-k", "1")
    assert [hit["hits"][0]["id"] for hit in hits] == [1000, 1001]


def test_numpy_versions_and_orders(simile):
    x = numpy.arange(12, dtype="f4").reshape(3, 4)
    with open(simile.folder / "v2.npy", "wb") as file:
        numpy.lib.format.write_array(file, x, version=(2, 0))
    assert do_import(simile, "v2.npy")["imported"] == 3
    numpy.save(simile.folder / "columns.npy", numpy.asfortranarray(x))
    message = simile.fails("import", "columns.npy", "--db", "b.simile", "-c", "c", "-m", "l2")
    assert "numpy.ascontiguousarray" in message
    numpy.save(simile.folder / "big.npy", x.astype(">f4"))
    message = simile.fails("import", "big.npy", "--db", "b.simile", "-c", "c", "-m", "l2")
    assert "'>f4'" in message
    assert not (simile.folder / "b.simile").exists()


def test_numpy_bits(simile):
    bits = numpy.random.default_rng(1).integers(0, 2, (50, 64)).astype(bool)
    numpy.save(simile.folder / "bits.npy", bits)
    numpy.save(simile.folder / "packed.npy", numpy.packbits(bits, axis=1))
    do_import(simile, "bits.npy", metric="hamming")
    simile(
        "import", "packed.npy", "--db", "b.simile", "-c", "c", "-m", "hamming", "--type", "bit"
    )
    expected = (bits[0] != bits).sum(axis=1)
    for database in ["a.simile", "b.simile"]:
        (answer,) = simile.json(
            "search", "--db", database, "--queries", "bits.npy", "--limit", "1", "--exact"
        )
        assert [hit["distance"] for hit in answer["hits"]] == sorted(expected)[:10]


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_ann_benchmarks_files(simile, vectors, compression):
    with h5py.File(simile.folder / "x.hdf5", "w") as file:
        file.attrs["distance"] = "angular"
        file.attrs["dimension"] = 8
        file.create_dataset("train", data=vectors, compression=compression)
        file.create_dataset("test", data=vectors[:3].astype("f8"))
        file.create_dataset("neighbors", data=numpy.zeros((3, 100), "i4"))
    simile("import", "x.hdf5", "--db", "a.simile", "-c", "c")
    (info,) = simile.json("info", "--db", "a.simile")
    assert info["collections"][0]["fields"]["vector"].startswith("float32[8] cosine")
    hits = simile.json("search", "--db", "a.simile", "--queries", "x.hdf5", "-k", "1")
    assert [hit["hits"][0]["id"] for hit in hits] == [0, 1, 2]


def test_hdf5_types(simile):
    x = numpy.arange(16).reshape(2, 8)
    with h5py.File(simile.folder / "x.h5", "w") as file:
        for dtype in ["f2", "f8", "u1", "i1", "i4", "bool"]:
            file.create_dataset(dtype, data=x.astype(dtype))
        file.create_dataset("i8", data=x)
    for dtype in ["f2", "f8", "u1", "i1", "i4"]:
        simile("import", "x.h5", "--db", f"{dtype}.simile", "-c", "c", "-m", "l2",
               "--dataset", dtype, "--type", "float32")
        (row,) = simile.json("get", "1", "--db", f"{dtype}.simile")
        assert row["vector"] == list(range(8, 16)), dtype
    simile("import", "x.h5", "--db", "b.simile", "-c", "c", "-m", "jaccard", "--dataset", "bool")
    (row,) = simile.json("get", "0", "--db", "b.simile")
    assert row["vector"] == "7f"
    message = simile.fails("import", "x.h5", "--db", "c.simile", "-c", "c", "-m", "l2")
    assert "no data set 'train'" in message and "f2" in message


def test_texmex_files(simile):
    x = numpy.arange(12).reshape(3, 4)
    for name, dtype in [("x.fvecs", "<f4"), ("x.bvecs", "u1"), ("x.ivecs", "<i4")]:
        rows = [numpy.int32(4).tobytes() + row.astype(dtype).tobytes() for row in x]
        (simile.folder / name).write_bytes(b"".join(rows))
        simile("import", name, "--db", f"{name}.simile", "-c", "c", "-m", "ip")
        (row,) = simile.json("get", "2", "--db", f"{name}.simile")
        assert row["vector"] == [8, 9, 10, 11]


def test_csv_with_columns_of_every_kind(simile):
    (simile.folder / "x.csv").write_text(
        'sku,v0,v1,label,year,price,ok\n'
        'a-1,1,0,"cat, black",1999,2.5,true\n'
        'b-2,0,1,dog,,3,false\n'
    )
    do_import(simile, "x.csv", "--ids", "sku", "--field", "year=int32 nullable")
    rows = simile.json("get", "a-1", "b-2", "--db", "a.simile")
    assert rows[0] == {"id": "a-1", "vector": [1, 0], "label": "cat, black", "year": 1999,
                       "price": 2.5, "ok": True}
    assert rows[1]["year"] is None and rows[1]["price"] == 3
    (info,) = simile.json("info", "--db", "a.simile")
    assert info["collections"][0]["fields"]["year"] == "int32 nullable"
    (count,) = simile.json("count", "--db", "a.simile", "--where", "year == 1999 and ok == true")
    assert count["rows"] == 1


def test_json_lines(simile):
    rows = [
        {"id": i, "embedding": [float(i), 1.5], "tags": ["a", "b"], "more": {"k": [i]}}
        for i in range(5)
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (simile.folder / "x.jsonl").write_text(text)
    assert do_import(simile, "x.jsonl", "--vector", "embedding")["imported"] == 5
    (row,) = simile.json("get", "3", "--db", "a.simile")
    assert row == {"id": 3, "vector": [3, 1.5], "tags": ["a", "b"], "more": {"k": [3]}}


def test_keys_from_files(simile, vectors):
    numpy.save(simile.folder / "x.npy", vectors)
    numpy.save(simile.folder / "ids.npy", numpy.arange(200, dtype="u4") * 10)
    (simile.folder / "names.txt").write_text("".join(f"name {i}\n" for i in range(200)))
    do_import(simile, "x.npy", "--ids", "ids.npy")
    assert stored(simile, "1990") == pytest.approx(vectors[199].tolist())
    simile("import", "x.npy", "--db", "b.simile", "-c", "c", "-m", "l2", "--ids", "names.txt")
    (row,) = simile.json("get", "name 7", "--db", "b.simile")
    assert row["vector"] == pytest.approx(vectors[7].tolist())


def test_storage_types(simile, vectors):
    numpy.save(simile.folder / "x.npy", vectors)
    for element, tolerance in [("float16", 1e-3), ("bfloat16", 1e-2)]:
        database = f"{element}.simile"
        simile("import", "x.npy", "--db", database, "-c", "c", "-m", "l2", "--type", element)
        (row,) = simile.json("get", "7", "--db", database)
        assert row["vector"] == pytest.approx(vectors[7].tolist(), rel=tolerance, abs=tolerance)
        (answer, *_) = simile.json("search", "--db", database, "--queries", "x.npy", "--limit", "1")
        assert answer["hits"][0]["id"] == 0


def test_results_are_read_back_by_numpy(simile, database, vectors):
    simile("search", "--db", database, "--queries", "x.npy", "-k", "7", "--exact",
           "--output", "ids.npy", "--distances", "d.npy")
    ids = numpy.load(simile.folder / "ids.npy")
    distances = numpy.load(simile.folder / "d.npy")
    expected = ((vectors[:, None] - vectors[None]) ** 2).sum(axis=2)
    assert ids.dtype == "i8" and distances.dtype == "f4" and ids.shape == (200, 7)
    assert (ids[:, 0] == numpy.arange(200)).all()
    numpy.testing.assert_allclose(distances, numpy.sort(expected, axis=1)[:, :7], atol=1e-4)
