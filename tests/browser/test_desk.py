"""The planners' desk as a person uses it: draw, choose, check, read, download; by hand, by keys and on a phone."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator

import geopandas as gpd
import pytest
import shapely
from servers import running
from werkzeug.serving import make_server

import geo_risk

pytestmark = pytest.mark.browser

READY = "() => window.__geoDesk"
IDLE = "() => !document.querySelector('#desk-check').disabled"
FOUND = "() => document.querySelector('#desk-ways')?.childElementCount || document.querySelector('.big.clear')"
WORDS = {
    "zh": {"conflict": "不符合", "undecided": "待定", "clear": "符合"},
    "en": {"conflict": "NOT ACCEPTABLE", "undecided": "UNDECIDED", "clear": "ACCEPTABLE"},
}
ANSWER = """() => { window.told = []; const ask = window.fetch; window.fetch = async (...a) => {
    const r = await ask(...a);
    if (String(a[0]).endsWith('/api/siting') && r.ok) told.push(await r.clone().json());
    return r; }; }"""


@pytest.fixture(scope="module")
def served(city) -> Iterator[str]:
    """Address of a running server with the desk."""
    app = geo_risk.Region(city).app(desk=True)
    with running(make_server("127.0.0.1", 0, app, threaded=True)) as address:
        yield address


@pytest.fixture(scope="module")
def place(city) -> shapely.Point:
    """The middle of the region in WGS 84."""
    boundary = gpd.read_parquet(city / "build" / "boundary.parquet").geometry
    return boundary.representative_point().to_crs(4326).iloc[0]


def at(place: shapely.Point, lang: str, zoom: int = 16) -> str:
    return f"/desk#lang={lang}&map={zoom}/{place.y:.5f}/{place.x:.5f}"


def opened(page):
    page.wait_for_function(READY)
    page.evaluate(ANSWER)
    return page


def drawn(page, corners, last="dblclick") -> None:
    box = page.locator("#map canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.6
    for dx, dy in corners[:-1]:
        page.mouse.click(x + dx, y + dy)
        page.wait_for_timeout(320)  # so that two corners are no double click
    getattr(page.mouse, last)(x + corners[-1][0], y + corners[-1][1])


SQUARE = [(-40, -30), (40, -30), (40, 30), (-40, 30)]


@pytest.mark.parametrize(
    ("lang", "width", "height"), [("zh", 1280, 800), ("en", 1280, 800), ("zh", 390, 844), ("en", 390, 844)]
)
def test_drawn_checked_and_downloaded(served, place, visit, tmp_path, lang, width, height):
    page = opened(visit(served + at(place, lang), width, height))
    page.select_option("#desk-kind", "hazard_sources:tank_farm")
    page.fill("#desk-substance", "丙烷")
    page.fill("#desk-quantity_t", "50")
    page.select_option("#desk-storage", "pressurised")
    page.click('#desk [data-shape="polygon"]')
    assert page.is_visible("#desk-bar")
    drawn(page, SQUARE)
    page.wait_for_selector("#desk-bar", state="hidden")
    assert ("4 个顶点" if lang == "zh" else "4 corners") in page.inner_text("#desk .given")
    assert page.locator(".maplibregl-popup").count() == 0  # drawing opened none
    page.click("#desk-check")
    page.wait_for_selector("#desk-verdict")
    page.wait_for_function(IDLE)
    told = page.evaluate("told[0]")
    assert page.inner_text("#desk-verdict").split("\n")[-1].strip() == WORDS[lang][told["verdict"]]
    ring = told["project"][0]["geometry"]["coordinates"][0]
    assert shapely.Polygon(ring).centroid.distance(place) < 0.01
    page.wait_for_function(FOUND)
    assert page.locator("#desk .checks li").count() == len(told["checks"])
    assert page.locator("#desk tr.finding").count() == len(told["findings"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("scrollY + document.body.scrollTop") == 0
    text = page.inner_text("#desk")
    assert not re.search("NaN|undefined|null|\\{\\w+\\}", text)
    with page.expect_download() as download:
        page.click('#desk [data-format="docx"]')
    assert download.value.suggested_filename == f"siting-{lang}.docx"
    letter = tmp_path / "letter.docx"
    download.value.save_as(letter)
    body = zipfile.ZipFile(letter).read("word/document.xml").decode()
    assert ("审查意见" if lang == "zh" else "Opinion on the siting") in body


def test_the_other_language_keeps_everything(served, place, visit):
    page = opened(visit(served + at(place, "en")))
    page.select_option("#desk-kind", "crowded_places:hospital")
    page.fill("#desk-beds", "300")
    page.click('#desk [data-shape="point"]')
    drawn(page, [(0, 0)], last="click")
    page.click("#desk-check")
    page.wait_for_selector("#desk-verdict")
    before = page.inner_text("#desk")
    asked = page.evaluate("told.length")
    page.click("#language")
    after = page.inner_text("#desk")
    assert page.input_value("#desk-beds") == "300"
    assert page.input_value("#desk-kind") == "crowded_places:hospital"
    assert page.evaluate("told.length") == asked
    assert "拟建项目选址审查" in after
    assert "Check" in before
    own = page.locator("#desk h2, #desk h3, #desk label, #desk button:not(.link), #desk .verdict").all_inner_texts()
    english = [t for t in own if re.fullmatch(r"[!-~ ]*[A-Za-z]{2,}[!-~ ]*", t) and t not in ("PDF", "Word", "HTML")]
    assert english == []


def test_keys_alone_draw_an_area(served, place, visit):
    page = opened(visit(served + at(place, "en")))
    page.focus('#desk [data-shape="polygon"]')
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
        page.wait_for_function("() => !__geoRisk.map.isMoving()")
        page.keyboard.press("Space")
    assert page.inner_text("#desk-bar strong") == "4 points"
    page.keyboard.press("Backspace")
    assert page.inner_text("#desk-bar strong") == "3 points"
    page.keyboard.press("Enter")
    assert "3 corners" in page.inner_text("#desk .given")
    page.click('#desk [data-shape="polygon"]')
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    assert page.is_hidden("#desk-bar")
    assert "3 corners" in page.inner_text("#desk .given")  # what was there stays


def test_a_finding_is_shown_and_a_way_is_taken(served, place, visit, city):
    page = opened(visit(served + at(place, "en")))
    page.select_option("#desk-kind", "hazard_sources:tank_farm")
    page.fill("#desk-substance", "丙烷")
    page.fill("#desk-quantity_t", "50")
    page.set_input_files("#desk-file", {"name": "site.geojson", "mimeType": "", "buffer": near_a_road(city)})
    assert "site.geojson" in page.inner_text("#desk .given")
    assert page.is_visible("#desk-crs")
    page.click("#desk-check")
    page.wait_for_selector("#desk-verdict")
    told = page.evaluate("told[0]")
    row = page.locator("#desk tr.finding").first
    index = int(row.get_attribute("data-row"))
    row.locator("button").click()
    page.wait_for_function("() => !__geoRisk.map.isMoving()")
    west, south, east, north = page.evaluate("__geoRisk.map.getBounds().toArray().flat()")
    segment = shapely.geometry.shape(told["segments"]["features"][index]["geometry"])
    assert shapely.box(west, south, east, north).covers(segment)
    assert page.locator("#desk tr.reason").count() == 1
    page.wait_for_function(FOUND)
    move = page.locator("#desk button.move")
    if move.count():
        move.click()
        page.wait_for_function("() => told.length === 2")
        page.wait_for_function(IDLE)
        old, new = (shapely.geometry.shape(t["project"][0]["geometry"]).centroid for t in page.evaluate("told"))
        assert old.distance(new) > 1e-6
        assert "outline moved" in page.inner_text("#desk")


def near_a_road(city) -> bytes:
    """A square that touches the middle of a main road."""
    roads = geo_risk.Region(city).layer("roads")
    road = roads[roads["class"].isin(["primary", "trunk", "secondary"])].iloc[0]
    at = road.geometry.interpolate(0.5, normalized=True)
    square = gpd.GeoSeries([shapely.box(at.x, at.y, at.x + 40, at.y + 40)], crs=roads.crs).to_crs(4326)
    return json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry": square.iloc[0].__geo_interface__}]}).encode()  # fmt: skip


@pytest.mark.parametrize(("lang", "crossing", "kind", "lacking"), [
    ("zh", "图形自相交", "请选择拟建类型", "请填写：物质、最大存量或容积"),
    ("en", "crosses itself", "Choose what is planned", "Fill in: substance as written, design maximum quantity or"),
])  # fmt: skip
def test_mistakes_are_told_in_the_page(served, place, chromium, lang, crossing, kind, lacking):
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.goto(served + at(place, lang))
    opened(page)
    error = page.locator("#desk .error")
    page.click("#desk-check")
    assert kind in error.inner_text()
    page.select_option("#desk-kind", "hazard_sources:tank_farm")
    page.click("#desk-check")
    assert ("绘制范围" if lang == "zh" else "Draw the outline") in error.inner_text()
    page.click('#desk [data-shape="polygon"]')
    drawn(page, [(-40, -30), (40, 30), (40, -30), (-40, 30)])
    page.click("#desk-check")
    assert lacking in error.inner_text()
    page.fill("#desk-substance", "丙烷")
    page.fill("#desk-quantity_t", "50")
    page.click("#desk-check")
    page.wait_for_function(IDLE)
    assert crossing in error.inner_text()
    assert "--" not in error.locator("p").first.inner_text()
    assert page.locator("#desk-verdict").count() == 0
    big = {"name": "big.zip", "mimeType": "", "buffer": b"x" * (5 * 1024 * 1024 + 1)}
    page.set_input_files("#desk-file", big)
    assert "5 MB" in error.inner_text()
    page.close()


@pytest.mark.parametrize(
    ("lang", "size", "read", "refused"),
    [
        ("zh", (390, 844), r"读取到 1 个图形，面积 1,\d{3} m²，坐标系 WGS 84", "文件已损坏或不完整"),
        ("en", (1280, 800), r"1 shapes read, area 1,\d{3} m², in WGS 84", "damaged or cut off"),
    ],
)
def test_a_file_is_drawn_before_it_is_checked(served, place, city, chromium, lang, size, read, refused):
    page = chromium.new_page(viewport={"width": size[0], "height": size[1]})
    page.goto(served + at(place, lang, zoom=11))
    opened(page)
    data = near_a_road(city)
    page.set_input_files("#desk-file", {"name": "site.geojson", "mimeType": "", "buffer": data})
    page.wait_for_function("t => new RegExp(t).test(document.querySelector('#desk .given').innerText)", arg=read)
    page.wait_for_function("() => !__geoRisk.map.isMoving()")
    west, south, east, north = page.evaluate("__geoRisk.map.getBounds().toArray().flat()")
    square = shapely.geometry.shape(json.loads(data)["features"][0]["geometry"])
    assert shapely.box(west, south, east, north).covers(square)
    assert page.evaluate("__geoRisk.map.getZoom()") > 14
    shown = "__geoRisk.map.queryRenderedFeatures({layers: ['desk-line']}).length"
    page.wait_for_function(f"() => {shown} > 0")
    page.set_input_files("#desk-file", {"name": "half.geojson", "mimeType": "", "buffer": data[:80]})
    page.wait_for_function("t => document.querySelector('#desk .error').innerText.includes(t)", arg=refused)
    page.wait_for_function(f"() => {shown} === 0")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


def test_panels_give_way_to_each_other(served, place, visit):
    page = opened(visit(served + at(place, "en")))
    assert page.is_visible("#desk")
    assert page.is_hidden("#panel")
    page.click("#open-layers")
    assert page.is_hidden("#desk")
    assert page.is_visible("#layers")
    page.click("#open-desk")
    assert page.is_visible("#desk")
    assert page.is_hidden("#panel")
    page.click("#open-desk")
    assert page.is_hidden("#desk")


def test_without_a_map_a_file_can_still_be_checked(served, visit, city):
    none = """const drawing = HTMLCanvasElement.prototype, old = drawing.getContext;
        drawing.getContext = function (kind, ...more) {
            return kind.startsWith('webgl') ? null : old.call(this, kind, ...more);
        };"""
    page = visit(served + "/desk#lang=en", script=none, expect_map=False)
    page.wait_for_selector("#desk-kind")
    assert page.locator("#desk .pens button:visible").count() == 0
    page.select_option("#desk-kind", "crowded_places:primary_school")
    page.set_input_files("#desk-file", {"name": "a.geojson", "mimeType": "", "buffer": near_a_road(city)})
    page.click("#desk-check")
    page.wait_for_selector("#desk-verdict")
    assert page.locator("#desk .checks li").count() > 0
