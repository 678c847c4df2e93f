"""The programs that the page writes do what the page shows."""

import json
import os
import re
import subprocess
import sys

import pytest
from page_program import Page, rows, run
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def served(binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("code")
    (folder / "rows.jsonl").write_text("\n".join(rows(400)), encoding="utf-8")
    path = folder / "code.simile"
    run(binary, "import", folder / "rows.jsonl", "--db", path, "--collection", "things",
        "--metric", "l2")
    running = Page(binary, path)
    yield running, path
    running.stop()


def code(page, name):
    page.get_by_role("button", name="Code").click()
    page.get_by_role("tab", name=name, exact=True).click()
    text = page.locator("#code").inner_text()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    return text


def shown(page):
    return [each.get_attribute("data-key") for each in page.locator(".card-main").all()]


def ask_all(page):
    """Each kind of question in turn."""
    yield
    page.locator(".card-main").nth(3).click()
    expect(page.locator(".summary")).to_contain_text("nearest")
    yield
    page.locator("#filter").fill("year > 2000 and label in ['cat', '猫']")
    page.locator("#filter").press("Enter")
    expect(page.locator(".filter-note")).to_contain_text("rows match")
    page.locator("#quality").select_option("e256")
    yield
    page.get_by_role("button", name="Clear the query").click()
    page.locator("#query").fill(" ".join(["1"] * 8 + ["-0.5"] * 8))
    page.locator("#query").press("Enter")
    expect(page.locator(".chip")).to_contain_text("16 numbers")
    yield


def test_curl_gives_the_rows_that_are_shown(tab, served):
    page = tab(served[0].address, "things")
    expect(page.locator(".card:not(.ghost)")).to_have_count(24)
    for _ in ask_all(page):
        page.wait_for_timeout(300)
        if page.locator(".chip", has_text="Like this row").count():
            continue  # REST has no search by key
        done = subprocess.run(["bash", "-c", code(page, "curl")], capture_output=True, check=True)
        answer = json.loads(done.stdout)
        assert answer["code"] == 0, answer
        assert [str(each["id"]) for each in answer["data"]] == shown(page)


def test_python_gives_the_rows_that_are_shown(tab, served, build):
    running, path = served
    page = tab(running.address, "things")
    expect(page.locator(".card:not(.ghost)")).to_have_count(24)
    programs = []
    for _ in ask_all(page):
        page.wait_for_timeout(300)
        text = re.sub(r"(simile\.open\(.*)\)", r"\1, read_only=True)", code(page, "Python"))
        if "..." in text:  # a long vector is shortened, as the page says
            text = re.sub(r"q = \[.*\]", "q = [1] * 8 + [-0.5] * 8", text)
        text = re.sub(r"print\((.*)\)$", r"print([str(each['id']) for each in \1])", text)
        programs.append((text, shown(page)))
    for text, wanted in programs:
        done = subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, cwd=path.parent,
            env={**os.environ, "PYTHONPATH": str(build / "python")},
        )
        assert done.returncode == 0, text + done.stderr
        assert done.stdout.strip() == str(wanted), text
