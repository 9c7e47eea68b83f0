"""A Chromium for tests: skipped where there is none, but not on CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
WAIT = 30_000  # for one step of a page [ms]


def need(found: str | None, what: str) -> str:
    """``found``; where nothing was found the test is skipped, on CI it fails."""
    if found is None and os.environ.get("CI"):
        pytest.fail(what)
    if found is None:
        pytest.skip(what)
    return found


@pytest.fixture(scope="session")
def chromium():
    """A running Chromium that reaches no host but this machine."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    path = os.environ.get("GEO_RISK_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    path = need(path, "no Chromium: set GEO_RISK_CHROMIUM or put one on PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium) -> Iterator[Callable]:
    """Opens a page and waits for its map; afterwards no error was written and nothing was asked elsewhere."""
    contexts, errors, requests = [], [], []

    def open_page(url: str, width: int = 1280, height: int = 800, script: str = "", expect_map: bool = True):
        contexts.append(chromium.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce"))
        page = contexts[-1].new_page()
        page.set_default_timeout(WAIT)
        page.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: errors.append(str(e)))
        page.on("request", lambda r: requests.append(r.url))
        if script:
            page.add_init_script(script)
        page.goto(url)
        if expect_map:
            page.wait_for_function("() => window.__geoRisk")
            page.evaluate("__geoRisk.ready.then(() => window.drawn = true) && undefined")
            page.wait_for_function("() => window.drawn")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
    ours = ("http://127.0.0.1:", "file://", "blob:", "data:")
    assert [url for url in requests if not url.startswith(ours)] == []
