import math

from neighbours import report
from neighbours.rounds import Plan, Point, Result


def result(peer, scale, **more):
    points = [
        Point(10, 0.90, 100, 400 * scale, 500 * scale, 900 * scale),
        Point(20, 0.95, 100, 200 * scale, 250 * scale, 450 * scale),
        Point((30, 4), 0.99, 100, 100 * scale, 125 * scale, 225 * scale),
    ]
    given = {"version": "1.2", "build_seconds": 61.4, "bytes_per_row": 1234.5, "points": points}
    return Result(peer, peer.title(), "M 16", **{**given, **more})


def cells(text, label):
    line = next(line for line in text.splitlines() if line.startswith(f"| {label} "))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_numbers_have_three_digits():
    given = [0.1234, 12.345, 123.45, 1234.5, 98765.4, None, 0, math.nan, math.inf]
    wanted = ["0", "12", "123", "1,230", "98,800", "-", "-", "-", "-"]
    assert [report.number(value) for value in given] == wanted


def test_a_row_has_the_rates_of_every_mode_the_memory_and_the_build():
    text = report.table([result("simile", 100)], 2)
    assert cells(text, "**Simile**") == [
        "40,000", "20,000", "10,000", "25,000", "12,500", "45,000", "22,500", "1,234", "61 s",
    ]  # fmt: skip


def test_the_fastest_stands_first_and_what_never_reached_95_last():
    slow = result("slow", 1)
    slow.points = slow.points[:1]
    text = report.table([slow, result("simile", 2), result("other", 5)], 2)
    firsts = [line.split("|")[1].strip() for line in text.splitlines()[2:]]
    assert firsts == ["Other", "**Simile**", "Slow"]
    assert cells(text, "Slow")[:3] == ["400", "-", "-"]


def test_without_batch_calls_the_batch_columns_are_empty():
    lone = result("lone", 1)
    for point in lone.points:
        point.batch = point.threads = 0.0
    assert cells(report.table([lone], 2), "Lone")[3:7] == ["-"] * 4


def test_ratios_are_over_the_best_other_and_not_over_our_own_variants():
    results = [result("simile", 6), result("simile-flat", 60), result("a", 2), result("b", 3)]
    assert "2.00 one at a time at 0.95" in report.ratios(results)
    assert report.ratios(results[:2]) == ""
    assert report.ratios(results[2:]) == ""


class OneSet:
    name, rows, dim, metric = "tiny", 1000, 16, "l2"

    def sha256(self):
        return "ab" * 32


def test_what_is_saved_is_read_again_and_makes_the_same_page(tmp_path):
    failed = Result("broken", "Broken", "", problem="build: exit status -11")
    results = [result("simile", 6), result("other", 3, cpu_of_one_thread=1.9), failed]
    path = tmp_path / "tiny.json"
    content = report.save(path, OneSet(), results, Plan(), 0.5)
    again, read = report.read(path)
    assert [r.peer for r in read] == ["simile", "other", "broken"]
    assert report.page(again, read) == report.page(content, results)
    page = report.page(again, read)
    assert "1,000 x 16, l2; 64 bytes a vector" in page
    assert "Left out, or stopped: broken (build: exit status -11)." in page
    assert "| Other | 1.2 | M 16; used more than one thread where one was asked for |" in page


def test_a_page_says_by_which_clock(tmp_path):
    results = [result("simile", 6)]
    for clock, said in (("wall", False), ("processor", True)):
        content = report.save(tmp_path / "a.json", OneSet(), results, Plan(clock=clock), 0.5)
        assert ("processor time" in report.page(content, results)) == said


def test_the_index_has_the_table_of_every_set(tmp_path):
    for name in ("one", "two"):
        the_set = OneSet()
        the_set.name = name
        report.save(tmp_path / f"{name}.json", the_set, [result("simile", 6)], Plan(), 0.5)
    report.index(tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert text.count("| **Simile** | 2,400 |") == 2
    assert "[one](one.md)" in text and "[two](two.md)" in text
