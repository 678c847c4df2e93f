"""What each command answers."""

import json
import re

import numpy
import pytest


def test_search_answers_tables_and_json(simile, database):
    table = simile("search", "--db", database, "--queries", "x.npy", "-k", "3", "--limit", "2")
    assert re.search(r"query 1\nrank +distance +id\n +1 +0 +1\n", table)
    answers = simile.json("search", "--db", database, "--queries", "x.npy", "-k", "3")
    assert [answer["query"] for answer in answers] == list(range(200))
    assert all(len(answer["hits"]) == 3 for answer in answers)


def test_search_filters_and_shows_fields(simile, vectors):
    rows = [{"id": i, "vector": v.tolist(), "n": i % 3} for i, v in enumerate(vectors)]
    (simile.folder / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    simile("import", "x.jsonl", "--db", "a.simile", "-c", "c", "-m", "cosine")
    numpy.save(simile.folder / "q.npy", vectors[1])
    (answer,) = simile.json("search", "--db", "a.simile", "--queries", "q.npy", "-k", "100",
                            "--filter", "n == 2", "--fields", "n")
    assert len(answer["hits"]) == 66
    assert {hit["n"] for hit in answer["hits"]} == {2}
    distances = [hit["distance"] for hit in answer["hits"]]
    assert distances == sorted(distances)


def test_search_of_fewer_rows_than_k(simile, vectors):
    numpy.save(simile.folder / "x.npy", vectors[:2])
    simile("import", "x.npy", "--db", "a.simile", "-c", "c", "-m", "l2")
    (answer, _) = simile.json("search", "--db", "a.simile", "--queries", "x.npy", "-k", "10")
    assert len(answer["hits"]) == 2
    simile("search", "--db", "a.simile", "--queries", "x.npy", "--output", "ids.npy")
    assert numpy.load(simile.folder / "ids.npy")[0].tolist() == [0, 1] + [-1] * 8


def test_delete_get_and_count(simile, database):
    assert simile("count", "--db", database) == "200\n"
    assert simile.json("delete", "3", "4", "4000", "--db", database)[0]["deleted"] == 2
    assert simile.json("delete", "--where", "id >= 190", "--db", database)[0]["deleted"] == 10
    assert simile.count(database) == 188
    assert simile("count", "--db", database, "--where", "id < 10") == "8\n"
    assert "1 of 2 keys are not in 'c'" in simile.fails("get", "5", "3", "--db", database)
    rows = simile.json("get", "--where", "id >= 2", "--limit", "2", "--offset", "1",
                       "--fields", "id", "--db", database)
    assert [row["id"] for row in rows] == [5, 6]
    assert "one of the two" in simile.fails("delete", "--db", database)
    assert "one of the two" in simile.fails("get", "1", "--where", "id < 3", "--db", database)
    (simile.folder / "keys.txt").write_text("0\n1\n")
    assert simile.json("delete", "--keys-file", "keys.txt", "--db", database)[0]["deleted"] == 2


def test_import_again_needs_upsert(simile, database):
    message = simile.fails("import", "x.npy", "--db", database, "-c", "c")
    assert "0" in message
    assert simile.count(database) == 200
    simile("import", "x.npy", "--db", database, "-c", "c", "--upsert")
    assert simile.count(database) == 200
    simile("import", "x.npy", "--db", database, "-c", "c", "--first-id", "200")
    assert simile.count(database) == 400


def test_import_of_a_part(simile, vectors):
    numpy.save(simile.folder / "x.npy", vectors)
    simile("import", "x.npy", "--db", "a.simile", "-c", "c", "-m", "l2", "--limit", "50",
           "--batch", "7")
    assert simile.count() == 50
    simile("import", "x.npy", "--db", "a.simile", "-c", "c", "--skip", "50")
    assert simile.count() == 200
    (row,) = simile.json("get", "50", "--db", "a.simile")
    assert row["vector"] == pytest.approx(vectors[50].tolist())


def test_import_of_no_rows(simile):
    numpy.save(simile.folder / "x.npy", numpy.zeros((0, 8), "f4"))
    simile("import", "x.npy", "--db", "a.simile", "-c", "c", "-m", "l2")
    assert simile.count() == 0
    numpy.save(simile.folder / "q.npy", numpy.ones((1, 8), "f4"))
    (answer,) = simile.json("search", "--db", "a.simile", "--queries", "q.npy")
    assert answer["hits"] == []


def test_info_and_collections(simile, database):
    (info,) = simile.json("info", "--db", database)
    (collection,) = info["collections"]
    assert collection["name"] == "c" and collection["rows"] == 200
    assert list(collection["fields"]) == ["id", "vector"]
    assert "float32[8] l2" in simile("info", "--db", database)

    simile("collections", "create", "d", "key=string primary key", "v=float16[4] ip flat",
           "note=string nullable", "--db", database)
    names = [each["name"] for each in simile.json("collections", "list", "--db", database)]
    assert sorted(names) == ["c", "d"]
    assert "choose one with --collection: c, d" in simile.fails("count", "--db", database)
    simile("collections", "drop", "d", "--db", database)
    assert "no collection 'd'; there are: c" in simile.fails(
        "collections", "drop", "d", "--db", database)


def test_verify_and_compact(simile, database):
    simile("delete", "--where", "id < 100", "--db", database)
    (report,) = simile.json("compact", "--db", database)
    assert report["rows"] == 100
    (info,) = simile.json("info", "--db", database)
    assert info["collections"][0]["deleted_rows"] == 0
    (report,) = simile.json("verify", "--db", database)
    assert report["damages"] == [] and report["rows"] == 100 and report["files"] > 0
    assert "all is well" in simile("verify", "--db", database)


def test_eval_measures_recall_against_exact(simile, database):
    (report,) = simile.json("eval", "--db", database, "--queries", "x.npy", "-k", "5",
                            "--ef", "16,128", "--threads", "2", "--limit", "50")
    assert [point["search"] for point in report["points"]] == ["exact", "ef 16", "ef 128"]
    assert report["queries"] == 50 and report["rows"] == 200
    assert report["points"][0]["recall"] == 1
    assert 0.5 < report["points"][1]["recall"] <= 1
    assert all(point["p50_ms"] <= point["p99_ms"] for point in report["points"])
    assert "recall@5" in simile("eval", "--db", database, "--queries", "x.npy", "-k", "5")


def test_models(simile):
    models = simile.json("models", "list")
    assert sum(model["default"] for model in models) <= 1
    assert "no-such-model" in simile.fails("models", "show", "no-such-model")
    for model in models:
        (card,) = simile.json("models", "show", model["name"])
        assert card["name"] == model["name"]


def test_database_from_the_environment(simile, database):
    simile.environment["SIMILE_DB"] = str(database)
    assert simile("count") == "200\n"


def test_no_colour_and_no_bars_without_a_terminal(simile, vectors):
    numpy.save(simile.folder / "x.npy", vectors)
    done = simile.run("import", "x.npy", "--db", "a.simile", "-c", "c", "-m", "l2")
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout + done.stderr


def test_no_command_builds_an_index_unasked(simile):
    rows = numpy.random.default_rng(1).normal(size=(5000, 300)).astype("f4")
    numpy.save(simile.folder / "x.npy", rows)  # more than closing leaves in the log
    simile("import", "x.npy", "--db", "a.simile", "-c", "c", "-m", "l2", "--no-index")
    simile("delete", "7", "--db", "a.simile")
    (info,) = simile.json("info", "--db", "a.simile")
    (collection,) = info["collections"]
    assert (collection["rows"], collection["sealed_segments"]) == (4999, 1)
    assert collection["indexed_rows"] == 0
    simile("compact", "--db", "a.simile")
    (info,) = simile.json("info", "--db", "a.simile")
    assert info["collections"][0]["indexed_rows"] == 4999


def test_backup_and_restore(simile, database):
    for to in ("copy", "copy.tar"):
        (done,) = simile.json("backup", "--db", database, "--to", to)
        assert done["path"] == to and done["files"] >= 3
        text = simile("restore", "--from", to, "--db", f"{to}.back")
        assert text.startswith(f"restored {to} to {to}.back: ")
        (info,) = simile.json("info", "--db", f"{to}.back")
        assert info["collections"][0]["rows"] == 200
        refused = simile.fails("restore", "--from", to, "--db", database)
        assert "there is something in" in refused
