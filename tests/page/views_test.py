"""The other views of the page: map, collections, import, health, an empty database."""

import os
import re

import numpy
import pytest
from page_program import Page, picture, rows, run
from playwright.sync_api import expect


def test_an_empty_database_says_how_to_begin(tab, empty):
    page = tab(empty.address)
    expect(page.get_by_role("heading", name="This database is empty")).to_be_visible()
    for view in ("map", "collections", "health", "search"):
        page.locator(f".tab[data-view={view}]").click()
        expect(page.locator("main")).not_to_contain_text("undefined")
    page.get_by_role("link", name="Import something").click()
    expect(page.get_by_role("heading", name="Drop files or pictures here")).to_be_visible()


def test_a_file_of_rows_is_imported_and_searched(tab, empty):
    page = tab(empty.address + "#/import")
    data = "\n".join(rows(3000)).encode()
    page.locator("#import-files").set_input_files(
        {"name": "my rows.jsonl", "mimeType": "", "buffer": data}
    )
    item = page.locator(".import-item")
    expect(item.get_by_label("Into the collection")).to_have_value("my_rows")
    expect(item.get_by_label("Key")).to_have_value("id")
    item.get_by_label("Distance").select_option("l2")
    item.get_by_role("button", name="Import", exact=True).click()
    job = page.locator(".job")
    expect(job).to_have_attribute("data-state", "done")
    expect(job).to_contain_text("3,000 rows")
    job.get_by_role("link", name="Search my_rows").click()
    expect(page.locator(".card:not(.ghost)")).to_have_count(24)
    expect(page.locator(".summary")).to_contain_text("of 3,000 rows")


def test_an_array_is_dropped_anywhere(tab, empty, tmp_path):
    file = tmp_path / "features.npy"
    numpy.save(file, numpy.random.default_rng(1).normal(size=(500, 24)).astype("float32"))
    page = tab(empty.address)
    expect(page.get_by_role("heading", name="This database is empty")).to_be_visible()
    page.evaluate(
        """bytes => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], 'features.npy'));
          document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true }));
        }""",
        list(file.read_bytes()),
    )
    item = page.locator(".import-item")
    expect(item).to_contain_text("500 rows of 24 numbers")
    item.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator(".job")).to_have_attribute("data-state", "done")


def test_a_damaged_file_says_what_is_wrong(tab, empty):
    page = tab(empty.address + "#/import")
    page.locator("#import-files").set_input_files([
        {"name": "bad.npy", "mimeType": "", "buffer": b"nonsense"},
        {"name": "bad.csv", "mimeType": "", "buffer": b"id,vector\n1,\"[1,2\"\n"},
    ])
    expect(page.locator(".import-item", has_text="bad.npy").get_by_role("alert")).to_contain_text(
        "bad.npy"
    )
    expect(page.locator(".import-item", has_text="bad.csv").get_by_role("alert")).to_be_visible()


def test_pictures_of_the_browser_are_kept_with_thumbnails(tab, empty):
    page = tab(empty.address + "#/import")
    files = [
        {"name": f"p{seed}.png", "mimeType": "image/png", "buffer": picture(seed)}
        for seed in range(20)
    ]
    files.append({"name": "bad.png", "mimeType": "image/png", "buffer": b"nothing"})
    page.locator("#import-files").set_input_files(files)
    item = page.locator(".import-item")
    expect(item).to_contain_text("21 pictures")
    item.get_by_role("button", name="Import", exact=True).click()
    expect(item).to_contain_text("20 pictures are in pictures")
    expect(item).to_contain_text("1 passed over")
    item.get_by_role("link", name="Search pictures").click()
    expect(page.locator(".card img")).to_have_count(20)
    widths = page.locator(".card img").evaluate_all("all => all.map(each => each.naturalWidth)")
    assert all(width > 0 for width in widths)
    page.locator(".card-main").nth(4).click()
    expect(page.locator(".summary")).to_contain_text("20 nearest of 20")


def test_a_folder_of_the_server_is_indexed_with_progress(tab, empty, pictures):
    page = tab(empty.address + "#/import")
    page.get_by_label("Folder", exact=True).fill(str(pictures))
    page.locator(".panel").get_by_role("button", name="Import").click()
    job = page.locator(".job")
    expect(job).to_have_attribute("data-state", "done")
    expect(job).to_contain_text("30 rows")
    expect(job).to_contain_text("1 passed over")
    job.get_by_role("link").click()
    expect(page.locator(".card img").first).to_be_visible()


def lasso(page, left=0.02, right=0.98):
    page.get_by_role("button", name="Lasso").click()
    box = page.locator(".map-canvas").bounding_box()
    corners = [(left, 0.02), (right, 0.02), (right, 0.98), (left, 0.98)]
    points = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in corners]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def test_the_map_is_hovered_zoomed_and_lassoed(tab, filled):
    page = tab(filled.address + "#/map", "things")
    status = page.locator(".map-status")
    expect(status).to_contain_text("1,200 of 1,200 rows")
    expect(status).to_contain_text("two principal components")
    page.get_by_label("Colour by").select_option("label")
    expect(page.locator(".legend-entry")).to_have_count(6)
    lasso(page)
    side = page.locator(".map-side")
    expect(side).to_contain_text(re.compile(r"1,\d\d\d selected"))
    lasso(page, 0.02, 0.4)
    expect(side).not_to_contain_text("1,200 selected")
    box = page.locator(".map-canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -600)
    found = False
    for x in numpy.linspace(0.1, 0.9, 25):
        for y in (0.3, 0.5, 0.7):
            page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
            found = found or page.locator(".map-tip").is_visible()
    assert found
    page.locator(".map-canvas").focus()
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    expect(side).to_contain_text("12 selected")
    side.get_by_role("link", name="Search among these").click()
    expect(page.locator(".summary")).to_contain_text("12 of 1,200 rows")


def test_umap_lays_the_map_out_in_the_browser(tab, filled):
    page = tab(filled.address + "#/map", "things")
    expect(page.locator(".map-status")).to_contain_text("principal")
    page.get_by_label("Points", exact=True).select_option("1000")
    expect(page.locator(".map-status")).to_contain_text("1,000 of 1,200 rows")
    page.get_by_role("button", name="UMAP").click()
    expect(page.locator(".map-status")).to_contain_text("near points are alike")


def test_collections_are_shown_compacted_and_dropped(tab, binary, tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(rows(400)), encoding="utf-8")
    run(binary, "import", file, "--db", tmp_path / "own.simile", "--collection", "mine",
        "--metric", "cosine")
    running = Page(binary, tmp_path / "own.simile")
    page = tab(running.address + "#/collections")
    page.get_by_role("button", name=re.compile("mine")).click()
    expect(page.get_by_role("heading", name="mine")).to_be_visible()
    expect(page.locator(".table")).to_contain_text("float32[16] cosine")
    expect(page.locator(".tiles")).to_contain_text("400")
    page.get_by_role("button", name="Compact").click()
    expect(page.locator(".job")).to_have_attribute("data-state", "done")
    page.get_by_role("button", name="Drop", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Drop", exact=True)).to_be_disabled()
    dialog.get_by_label("Type mine to confirm").fill("mine")
    dialog.get_by_role("button", name="Drop", exact=True).click()
    expect(page.get_by_role("heading", name="This database is empty")).to_be_visible()
    assert running.stop() == 0


def test_health_shows_segments_log_and_errors(tab, filled):
    page = tab(filled.address, "things")
    page.locator("#filter").fill("nothing == 1")
    page.locator("#filter").press("Enter")
    expect(page.locator(".filter-note")).to_contain_text("unknown field")
    page.locator(".tab[data-view=health]").click()
    expect(page.locator("main")).to_contain_text("Write-ahead log")
    expect(page.locator("main")).to_contain_text("unknown field 'nothing'")
    expect(page.get_by_role("region", name="Segments and compaction")).to_contain_text("things")


def test_a_server_that_goes_away_is_said(tab, binary, tmp_path):
    running = Page(binary, tmp_path / "gone.simile")
    page = tab(running.address)
    expect(page.get_by_role("heading", name="This database is empty")).to_be_visible()
    running.stop()
    page.evaluate("location.hash = '#/health'")
    expect(page.locator("main")).to_contain_text("The server does not answer")


def test_chinese_dark_and_a_phone(tab, filled):
    page = tab(filled.address, "things", locale="zh-CN", color_scheme="dark",
               viewport={"width": 390, "height": 844}, has_touch=True)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    for view, word in (("search", "结果数"), ("map", "着色"), ("collections", "集合"),
                       ("import", "选择文件"), ("health", "慢调用")):
        page.locator(f".tab[data-view={view}]").click()
        expect(page.locator("main")).to_contain_text(word)
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, view
    page.locator("#language").click()
    expect(page.locator("main")).to_contain_text("Slow calls")
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_the_keyboard_reaches_everything(tab, filled):
    page = tab(filled.address, "things")
    expect(page.locator(".card:not(.ghost)")).to_have_count(24)
    page.keyboard.press("Tab")
    expect(page.locator("#skip")).to_be_focused()
    reached = []
    for _ in range(24):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(
            "document.activeElement.id || document.activeElement.dataset.view"
            " || document.activeElement.className"
        ))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or reached[-1] in ("query",), reached[-1]
    for wanted in ("search", "map", "health", "theme", "query", "filter", "k", "quality", "exact"):
        assert wanted in reached, reached
    assert any("card-main" in each for each in reached)
    page.keyboard.press("Enter")


def test_everything_has_a_name(tab, filled):
    """What a screen reader says of each thing that can be used, in every view."""
    page = tab(filled.address, "pictures")
    for view in ("search", "map", "collections", "import", "health"):
        page.locator(f".tab[data-view={view}]").click()
        page.wait_for_timeout(300)
        nameless = page.evaluate(
            """() => [...document.querySelectorAll('button, a[href], input, select, textarea')]
              .filter(each => each.offsetParent && each.getAttribute('aria-hidden') !== 'true')
              .filter(each => !(each.getAttribute('aria-label') || each.textContent.trim()
                || each.labels?.length))
              .map(each => each.outerHTML)"""
        )
        assert nameless == [], view
        assert page.locator("h1").count() == 1


@pytest.mark.skipif(os.environ.get("SIMILE_PAGE") != "large", reason="make test-page-large")
def test_a_million_rows(tab, binary, tmp_path):
    file = tmp_path / "million.npy"
    numpy.save(file, numpy.random.default_rng(2).normal(size=(1_000_000, 8)).astype("float32"))
    run(binary, "import", file, "--db", tmp_path / "m.simile", "--collection", "million",
        "--metric", "l2")
    running = Page(binary, tmp_path / "m.simile")
    page = tab(running.address)
    expect(page.locator(".summary")).to_contain_text("24 of 1,000,000 rows")
    page.locator(".card-main").nth(9).click()
    page.locator("#exact").check()
    expect(page.locator(".summary")).to_contain_text("24 nearest of 1,000,000")
    page.locator("#filter").fill("id % 1000 == 7")
    page.locator("#filter").press("Enter")
    expect(page.locator(".filter-note")).to_contain_text("1,000 of 1,000,000 rows match")
    page.locator(".tab[data-view=map]").click()
    expect(page.locator(".map-status")).to_contain_text("3,000 of 1,000,000 rows")
    assert running.stop() == 0
