"""A Chromium, a site and three ways to serve it."""

from __future__ import annotations

import functools
import http.server
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fixture_site import PUBLISH, make_site

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


class Quiet(http.server.SimpleHTTPRequestHandler):
    """The standard library's file server: answers no byte ranges."""

    def log_message(self, *_: object) -> None:
        pass


class Ranges(Quiet):
    """The same with byte ranges; counts the partial answers."""

    partial = 0

    def do_GET(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked is None:
            return super().do_GET()
        data = Path(self.translate_path(self.path)).read_bytes()
        first, last = int(asked[1]), min(int(asked[2]), len(data) - 1)
        Ranges.partial += 1
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        self.wfile.write(data[first : last + 1])


@contextmanager
def serving(folder: Path, handler: type[Quiet]) -> Iterator[str]:
    """The address under which a folder is served meanwhile."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the made-up site."""
    built = PUBLISH / "static" / "app.js"
    need(str(built) if built.is_file() else None, "the map page is not built: run `python setup.py build_web`")
    return make_site(tmp_path_factory.mktemp("site")).parent


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
def addresses(site: Path) -> Iterator[dict[str, str]]:
    """The site's page opened from a folder, from a plain server and from one with byte ranges."""
    with serving(site, Quiet) as plain, serving(site, Ranges) as ranges:
        yield {"file": (site / "index.html").as_uri(), "plain": plain, "ranges": ranges}


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
