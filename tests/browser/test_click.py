"""A click on the internal map tells the individual risk there, as `geo-risk explain` does."""

import json

import numpy as np
import pyproj
import pytest

import geo_risk
from geo_risk.publish.profile import PROFILES

pytestmark = pytest.mark.browser

WITHIN = 1e-3  # stated in docs/site-format.md
SMALL = (640, 480)  # a window that is drawn fast [px]
LISTS = {"source": "sources", "scenario": "scenarios", "kind": "outcomes", "weather": "weathers"}


def clicked(page, lon: float, lat: float) -> dict:
    """What the popup of a place says: total, cell, and the percentages of each list."""
    page.evaluate(
        "([lon, lat]) => new Promise((done) => { const { map } = window.__geoRisk; map.once('idle', done);"
        " map.jumpTo({ center: [lon, lat], zoom: 15 }); map.triggerRepaint(); })",
        [lon, lat],
    )
    x, y = page.evaluate(
        "([lon, lat]) => { const { map } = window.__geoRisk; const p = map.project([lon, lat]);"
        " const b = map.getContainer().getBoundingClientRect(); return [p.x + b.x, p.y + b.y]; }",
        [lon, lat],
    )
    # Where exactly the mouse hits, in whole pixels, is what the answer must be about.
    x, y = round(x), round(y)
    at = page.evaluate(
        "([x, y]) => { const { map } = window.__geoRisk; const b = map.getContainer().getBoundingClientRect();"
        " const p = map.unproject([x - b.x, y - b.y]); return [p.lng, p.lat]; }",
        [x, y],
    )
    page.mouse.click(x, y)
    block = page.locator(".spot")
    block.locator("strong").wait_for(state="attached")
    rows = block.evaluate(
        "(e) => Object.fromEntries([...e.querySelectorAll('dl')].map((d) => [d.dataset.by,"
        " [...d.querySelectorAll('dd')].map((v) => parseFloat(v.textContent))]))"
    )
    told = {k: block.get_attribute(f"data-{k}") for k in ("total", "cell")}
    page.keyboard.press("Escape")
    page.evaluate("document.querySelector('.maplibregl-popup-close-button')?.click()")
    return {"at": at, "rows": rows} | {k: float(v) for k, v in told.items() if v is not None}


def places(city) -> list[tuple[float, float]]:
    """Longitude and latitude of cells from the riskiest to the faintest."""
    surface = geo_risk.Region(city).surface("lsir")
    values = surface.array.ravel()
    order = np.argsort(values)[::-1]
    order = order[values[order] > 1e-9]
    cells = order[np.linspace(0, len(order) - 1, 6).astype(int)]
    rows, cols = np.unravel_index(cells, surface.array.shape)
    to_degrees = pyproj.Transformer.from_crs(surface.grid.crs, 4326, always_xy=True)
    return list(zip(*to_degrees.transform(surface.grid.x[cols], surface.grid.y[rows]), strict=True))


def test_a_click_agrees_with_explain_and_with_the_surface(city, visit):
    region = geo_risk.Region(city)
    surface = region.surface("lsir")
    to_metres = pyproj.Transformer.from_crs(4326, surface.grid.crs, always_xy=True)
    page = visit((city / "site" / "internal" / "index.html").as_uri() + "#lang=en", *SMALL)
    for lon, lat in places(city):
        found = clicked(page, lon, lat)
        expected = region.explain(f"{found['at'][0]:.9f},{found['at'][1]:.9f}")["risk"]
        assert found["total"] == pytest.approx(expected["lsir_per_yr"], rel=WITHIN)
        row, col = surface.grid.rowcol(*to_metres.transform(*found["at"]))
        assert found["cell"] == pytest.approx(float(surface.array[row, col]), rel=WITHIN)
        for by, name in LISTS.items():
            shares = [part["share_percent"] for part in expected[name]]
            told = found["rows"][by]
            assert sum(told) == pytest.approx(100, abs=1e-6), (by, told)
            rest = [sum(shares[5:])] if len(shares) > 5 else []
            assert told == pytest.approx(shares[:5] + rest, abs=0.11), by


def test_a_click_where_nothing_reaches_says_so(city, visit):
    surface = geo_risk.Region(city).surface("lsir")
    row, col = np.argwhere(surface.array == 0)[0]
    to_degrees = pyproj.Transformer.from_crs(surface.grid.crs, 4326, always_xy=True)
    lon, lat = to_degrees.transform(surface.grid.x[col], surface.grid.y[row])
    page = visit((city / "site" / "internal" / "index.html").as_uri() + "#lang=zh", *SMALL)
    found = clicked(page, lon, lat)
    assert found["total"] == 0
    assert found["rows"] == {}


def test_the_public_site_carries_nothing_of_it(city):
    site = city / "site" / "public"
    assert not list((site / "data").glob("spot.*"))
    files = json.loads((site / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert not any("spot" in name for name in files)
    assert PROFILES["public"].columns("risk_footprints") is None
    inside = list((city / "site" / "internal" / "data").glob("spot.*.js"))
    assert [path.stat().st_size < 3e6 for path in inside] == [True]
