"""One small demo city, run once; tests that change something work on a copy."""

import json
import shutil
from pathlib import Path

import pytest

import geo_risk

STATIC = Path(geo_risk.__file__).parent / "publish" / "static"


@pytest.fixture(scope="session")
def built_page(missing) -> None:
    """The map page's script, which an install builds."""
    if not (STATIC / "app.js").is_file():
        missing('the map page is not built; run: python -m pip install -e ".[test]"')


@pytest.fixture(scope="session")
def city(tmp_path_factory, built_page) -> Path:
    """A finished small demo city; not to be changed."""
    folder = tmp_path_factory.mktemp("city") / "linlan"
    geo_risk.demo(folder, size="small").run()
    return folder


@pytest.fixture
def own_city(city, tmp_path) -> Path:
    """A copy of the finished city, to be changed at will."""
    return Path(shutil.copytree(city, tmp_path / "linlan"))


@pytest.fixture(scope="session")
def truth(city) -> dict:
    """What was put into the city on purpose."""
    return json.loads((city / "truth.json").read_text(encoding="utf-8"))
