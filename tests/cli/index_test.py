"""`simile index`: indexes that filters use."""

import json

import pytest


@pytest.fixture
def rows(simile):
    """5,000 rows with a number and a text."""
    lines = ["id,v0,v1,taken,title"]
    lines += [f"{row},{row},0,{row * 10},picture {row} of a cat" for row in range(5000)]
    (simile.folder / "rows.csv").write_text("\n".join(lines) + "\n")
    simile("import", "rows.csv", "--db", "a.simile", "-c", "c", "--metric", "l2")
    return simile


def explained(simile, where):
    return json.loads(simile("index", "explain", where, "--db", "a.simile", "--json"))


def test_an_index_is_made_used_listed_and_dropped(rows):
    before = explained(rows, "taken < 100")
    assert (before["selected"], before["looked_at"], before["indexes"]) == (10, 5000, [])
    rows("index", "create", "taken", "--db", "a.simile")
    rows("index", "create", "title", "--kind", "ngram", "--db", "a.simile")
    after = explained(rows, "taken < 100")
    assert (after["selected"], after["looked_at"]) == (10, 0)
    assert [each["field"] for each in after["indexes"]] == ["taken"]
    text = rows("index", "explain", "title like '%e 49%'", "--db", "a.simile")
    assert "of 5,000 rows match" in text and "the ngram index of 'title' named" in text
    listed = rows("index", "list", "--db", "a.simile")
    assert "title" in listed and "inverted" in listed and "5,000" in listed
    assert "int64 inverted" in rows("info", "--db", "a.simile")
    rows("index", "drop", "taken", "--db", "a.simile")
    assert "taken" not in rows("index", "list", "--db", "a.simile")
    assert explained(rows, "taken < 100")["looked_at"] == 5000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["taken", "--kind", "ngram"], "an n-gram index for texts"),
        (["taken", "--kind", "tree"], "known: inverted (also called sorted, bitmap and trie)"),
        (["nothing"], "no field 'nothing'"),
    ],
)
def test_what_cannot_be_is_refused(rows, arguments, message):
    done = rows.run("index", "create", *arguments, "--db", "a.simile")
    assert done.returncode == 1
    assert message in done.stderr
