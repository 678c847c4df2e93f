"""The page in a real Chromium. `make test-page` runs this; the everyday suite does not, since it
needs a browser."""

import os
import pathlib
import shutil

import pytest
from page_program import Page, picture, rows, run

if not os.environ.get("SIMILE_PAGE"):
    collect_ignore_glob = ["*_test.py"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def binary(build):
    return pathlib.Path(os.environ.get("SIMILE_BINARY", build / "bin" / "simile"))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(30):
        (folder / f"block{seed:02}.png").write_bytes(picture(seed))
    (folder / "no picture.jpg").write_bytes(b"not a picture at all")
    return folder


@pytest.fixture(scope="session")
def filled(binary, pictures, tmp_path_factory):
    """A server on a database of pictures and of rows, for tests that do not change it."""
    folder = tmp_path_factory.mktemp("filled")
    file = folder / "rows.jsonl"
    file.write_text("\n".join(rows(1200)), encoding="utf-8")
    path = folder / "filled.simile"
    run(binary, "pictures", "index", pictures, "--db", path)
    run(binary, "import", file, "--db", path, "--collection", "things", "--metric", "l2")
    running = Page(binary, path)
    yield running
    assert running.stop() == 0


@pytest.fixture
def empty(binary, tmp_path):
    """A server on a database of its own, which is not there yet."""
    running = Page(binary, tmp_path / "new.simile")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.fail("there is no chromium; make test-page installs it")
    from playwright.sync_api import expect, sync_playwright

    # A machine that is busy is no failure; what does not come at all is one after a minute.
    expect.set_options(timeout=60_000)
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def tab(browser):
    """Opens a tab; whatever a script or the policy complains about fails the test at its end."""
    contexts, complaints = [], []

    def open_tab(address, collection="", **options):
        options = {"viewport": {"width": 1280, "height": 860}, "locale": "en-US", **options}
        context = browser.new_context(**options)
        contexts.append(context)
        if collection:
            context.add_init_script(
                f"localStorage.getItem('simile.collection')"
                f" || localStorage.setItem('simile.collection', '{collection}')"
            )
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda line: complaints.append(line.text)
            if line.type == "error" and "Failed to load resource" not in line.text else None,
        )
        page.on(
            "request",
            lambda request: complaints.append(request.url)
            if not request.url.startswith((address.split("#")[0], "blob:", "data:")) else None,
        )
        page.goto(address)
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert complaints == []
