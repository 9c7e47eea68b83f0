"""The made-up city as fixtures."""

from pathlib import Path

import pytest
from publish_city import city_meta, city_surfaces, city_tables


@pytest.fixture(scope="session")
def tables():
    return city_tables()


@pytest.fixture(scope="session")
def surfaces():
    return city_surfaces()


@pytest.fixture(scope="session")
def meta():
    return city_meta()


@pytest.fixture(scope="session")
def static(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("static")
    (folder / "app.js").write_text("// see https://example.org/docs\n")
    (folder / "app.css").write_text("body { margin: 0 }\n")
    (folder / "THIRD_PARTY_LICENSES.txt").write_text("MIT https://opensource.org/license/mit\n")
    return folder
