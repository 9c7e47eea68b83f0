"""The made-up city as fixtures."""

from pathlib import Path

import pytest
from publish_city import TEMPLATE, accidents, city_meta, city_surfaces, city_tables

from geo_risk.publish.site import build_site


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


@pytest.fixture(scope="session")
def sites(tmp_path_factory, tables, surfaces, meta, static) -> Path:
    """The made-up city's sites with dated accidents, not to be changed."""
    root = tmp_path_factory.mktemp("sites")
    for name in ("internal", "public"):
        dated = tables | {"layers/accidents": accidents()}
        build_site(root / name, dated, surfaces, meta, name, template=TEMPLATE, static=static)
    return root
