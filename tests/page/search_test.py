"""Searching in the page."""

import re

import pytest
from page_program import picture
from playwright.sync_api import expect


def cards(page):
    return page.locator(".card:not(.ghost)")


def test_rows_are_there_before_anything_is_asked(tab, filled):
    page = tab(filled.address, "things")
    expect(cards(page)).to_have_count(24)
    expect(page.locator(".summary")).to_contain_text("24 of 1,200 rows")
    expect(page.locator(".summary .time")).to_have_text(re.compile(r"[\d.]+ m?s"))


def test_a_click_on_a_result_finds_what_is_similar(tab, filled):
    page = tab(filled.address, "things")
    first = cards(page).nth(2).locator(".card-main")
    key = first.get_attribute("data-key")
    first.click()
    expect(page.locator(".summary")).to_contain_text("24 nearest of 1,200")
    expect(page.locator(".chip")).to_contain_text(f"Like this row{key}")
    expect(cards(page).first.locator(".card-name")).to_have_text(key)
    expect(cards(page).first.locator(".card-distance")).to_contain_text("0.0000")
    page.get_by_role("button", name="Clear the query").click()
    expect(page.locator(".summary")).to_contain_text("24 of 1,200 rows")


@pytest.mark.parametrize("text", ["[{}]", "{}", "np.array([{}], dtype=float32)"])
def test_a_vector_is_pasted(tab, filled, text):
    page = tab(filled.address, "things")
    numbers = ", ".join(["0.5"] * 16)
    page.locator("#query").fill(text.replace("{}", numbers))
    page.locator("#query").press("Enter")
    expect(page.locator(".chip")).to_contain_text("16 numbers")
    expect(cards(page)).to_have_count(24)


def test_a_vector_of_another_length_says_so(tab, filled):
    page = tab(filled.address, "things")
    page.locator("#query").fill("1 2 3")
    page.locator("#query").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("3 numbers; field 'vector' has 16")


def test_words_find_rows_that_have_them(tab, filled):
    page = tab(filled.address, "things")
    page.locator("#query").fill("bird")
    page.get_by_role("button", name="Search", exact=True).click()
    labels = page.locator(".card .pair", has_text="label")
    expect(labels).to_contain_text(["bird"] * 24)


def test_a_picture_that_is_chosen_is_found(tab, filled):
    page = tab(filled.address, "pictures")
    expect(page.locator(".card img")).not_to_have_count(0)
    page.locator("#query-file").set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": picture(11)}
    )
    expect(page.locator(".chip")).to_contain_text("mine.png")
    expect(page.locator(".summary")).to_contain_text("24 nearest of 30")
    expect(cards(page).first.locator(".card-name")).to_have_text("block11.png")
    expect(page.locator(".summary")).to_contain_text("picture read in")


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_a_picture_that_is_dropped_or_pasted_is_found(tab, filled, how):
    page = tab(filled.address, "pictures")
    expect(cards(page)).not_to_have_count(0)
    page.evaluate(
        """([bytes, how]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], 'given.png', { type: 'image/png' }));
          const event = how === 'drop'
            ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
            : new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
          document.body.dispatchEvent(event);
        }""",
        [list(picture(7)), how],
    )
    expect(page.locator(".chip")).to_contain_text("given.png")
    expect(cards(page).first.locator(".card-name")).to_have_text("block07.png")


def test_what_is_no_picture_is_refused(tab, filled):
    page = tab(filled.address, "pictures")
    page.locator("#query-file").set_input_files(
        {"name": "bad.png", "mimeType": "image/png", "buffer": b"<html>"}
    )
    expect(page.get_by_role("alert")).to_contain_text("This search did not work")
    expect(page.get_by_role("alert")).to_contain_text("HTML")


def test_the_exact_switch_shows_what_the_index_missed(tab, filled):
    page = tab(filled.address, "things")
    cards(page).first.locator(".card-main").click()
    page.locator("#exact").check()
    expect(page.locator(".summary")).to_contain_text("exact scan")
    missed = page.locator(".card.missed").count()
    expected = f"{missed} missed by the index" if missed else "the index missed none"
    expect(page.locator(".summary")).to_contain_text(expected)
    page.locator("#k").fill("7")
    page.locator("#k").press("Enter")
    expect(cards(page)).to_have_count(7)
    page.locator("#quality").select_option("e1024")
    expect(page.locator(".summary")).to_contain_text("the index missed none")


def test_the_filter_completes_names_operators_and_values(tab, filled):
    page = tab(filled.address, "things")
    box = page.locator("#filter")
    options = page.locator(".completion")
    box.click()
    expect(options).to_have_text([re.compile("^id"), re.compile("^label"), re.compile("^year"),
                                  re.compile("^title")])
    box.press_sequentially("lab")
    expect(options).to_have_count(1)
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("label ")
    box.press_sequentially("==")
    box.press("Space")
    expect(options.filter(has_text="'bird'")).to_have_count(1)
    box.press_sequentially("'b")
    box.press("ArrowDown")
    box.press("Tab")
    expect(box).to_have_value("label == 'bird' ")
    expect(page.locator(".filter-note")).to_contain_text("200 of 1,200 rows match")
    expect(page.locator(".summary")).to_contain_text("24 of 1,200 rows")


def test_a_wrong_filter_says_where(tab, filled):
    page = tab(filled.address, "things")
    page.locator("#filter").fill("year > 2000 and lable == 'cat'")
    page.locator("#filter").press("Enter")
    note = page.locator(".filter-note")
    expect(note).to_contain_text("unknown field 'lable' at 17")
    expect(note.locator("mark")).to_have_text("l")
    expect(page.locator("#filter")).to_have_attribute("aria-invalid", "true")
    expect(cards(page)).to_have_count(24)  # what was there stays
    page.locator("#filter").fill("label == '猫' and lable == 1")
    page.locator("#filter").press("Enter")
    expect(note).to_contain_text("at 18")
    expect(note.locator("code")).to_contain_text("lable == 1")


def test_a_row_shows_everything_and_is_copied_as_code(tab, filled):
    page = tab(filled.address, "things")
    page.get_by_role("button", name="Details of 5", exact=True).click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("a 猫 number 5")
    sheet.get_by_role("button", name="Show its 16 numbers").click()
    expect(sheet.locator("textarea")).to_have_value(re.compile(r"^\[-?[\d.]+,"))
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    page.locator("#filter").fill("year > 2000")
    page.locator("#filter").press("Enter")
    cards(page).first.locator(".card-main").click()
    page.get_by_role("button", name="Code").click()
    code = page.locator("#code")
    expect(code).to_contain_text("import simile")
    expect(code).to_contain_text('where="year > 2000"')
    page.get_by_role("tab", name="curl").click()
    expect(code).to_contain_text("/v2/vectordb/entities/search")
    page.get_by_role("tab", name="C++").click()
    expect(code).to_contain_text('request.where = "year > 2000";')


def test_the_table_has_the_same_rows(tab, filled):
    page = tab(filled.address, "things")
    expect(cards(page)).to_have_count(24)
    page.get_by_role("button", name="As a table").click()
    expect(page.locator("tbody tr")).to_have_count(24)
    page.locator("tbody .link").nth(3).click()
    expect(page.locator(".chip")).to_contain_text("Like this row")
