"""A site and three ways to serve it to a Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import need
from fixture_site import PUBLISH, make_site
from servers import Quiet, Ranges, serving


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the made-up site."""
    built = PUBLISH / "static" / "app.js"
    need(str(built) if built.is_file() else None, "the map page is not built: run `python setup.py build_web`")
    return make_site(tmp_path_factory.mktemp("site")).parent


@pytest.fixture
def addresses(site: Path) -> Iterator[dict[str, str]]:
    """The site's page opened from a folder, from a plain server and from one with byte ranges."""
    with serving(site, Quiet) as plain, serving(site, Ranges) as ranges:
        yield {"file": (site / "index.html").as_uri(), "plain": plain, "ranges": ranges}
