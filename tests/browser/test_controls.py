"""Every control of the map page, used as a person would; few loads, many asserts."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import axe_playwright_python
import pyproj
import pytest
from browsing import WAIT
from fixture_site import BOUNDS, GRADES, city

pytestmark = pytest.mark.browser

ELLIPSOID = pyproj.Geod(ellps="WGS84")


def corner(page) -> tuple[float, float]:
    box = page.locator("#map").bounding_box()
    return box["x"], box["y"]


def under(page, x: float, y: float) -> list[float]:
    """Longitude and latitude of a point of the map [CSS px of the map]."""
    return page.evaluate("([x, y]) => __geoRisk.map.unproject([x, y]).toArray()", [x, y])


def figure(text: str) -> float:
    """The first number of a text, in metres or square metres."""
    value, unit = re.match(r"([\d.,]+) (km²|m²|km|m)", text).groups()
    return float(value.replace(",", "")) * {"m": 1, "km": 1e3, "m²": 1, "km²": 1e6}[unit]


def test_opacity_whereabouts_measuring_figures_and_lists(visit, addresses):
    page = visit(addresses["file"])
    left, top = corner(page)
    # the scale bar is there, and the pointer's place
    assert re.fullmatch(r"\d+\s?k?m", page.inner_text(".maplibregl-ctrl-scale"))
    page.mouse.move(left + 400, top + 300)
    lon, lat = under(page, 400, 300)
    assert page.inner_text("#whereabouts") == f"东经 {lon:.5f}°，北纬 {lat:.5f}°"
    # opacity: a share of the style's own .82
    slider = page.locator("input[data-opacity=districts]")
    assert slider.get_attribute("aria-label") == "不透明度：镇街风险等级"
    slider.fill("50")
    assert page.evaluate("__geoRisk.map.getPaintProperty('districts', 'fill-opacity')") == pytest.approx(0.41)
    assert page.is_hidden("input[data-opacity=surface]")  # it is off
    # measuring: on the ellipsoid, against pyproj's independent geodesics
    page.click("#measure")
    pixels = [(300, 250), (500, 250), (450, 450)]
    places = []
    for x, y in pixels:
        page.mouse.click(left + x, top + y)
        places.append(under(page, x, y))
    lons, lats = zip(*places, strict=True)
    assert figure(page.inner_text("#measured")) == pytest.approx(ELLIPSOID.line_length(lons, lats), rel=2e-3)
    page.click("[data-kind=area]")
    area, around = ELLIPSOID.polygon_area_perimeter(lons, lats)
    assert figure(page.inner_text("#measured")) == pytest.approx(abs(area), rel=2e-3)
    assert figure(page.inner_text("#measured").split("周长 ")[1]) == pytest.approx(around, rel=2e-3)
    assert page.locator(".maplibregl-popup").count() == 0  # a click meant a corner
    page.get_by_role("button", name="清除").click()
    page.click("[data-kind=distance]")
    page.focus("#measure-bar button:has-text('加点')")  # with the keyboard: the map's centre
    page.keyboard.press("Enter")
    page.evaluate("__geoRisk.map.panBy([200, 0], {animate: false})")
    page.keyboard.press("Enter")
    assert figure(page.inner_text("#measured")) > 100
    page.keyboard.press("Escape")
    assert page.is_hidden("#measure-bar")
    assert page.evaluate("document.activeElement.id") == "measure"
    # key figures lead to their list
    grades = [p["grade"] for _, p in city()["districts"]]
    shown = page.locator("#overview .figure strong").all_inner_texts()
    assert shown[:4] == [str(grades.count(g)) for g in (4, 3, 2, 1)]
    page.click("#overview .figure >> nth=0")
    assert page.locator("#table tbody tr").count() == grades.count(4)
    # the page of a district
    page.fill("#list-filter", "")
    page.locator("#table .locate").first.click()
    page.get_by_role("button", name="本区专页").click()
    town = max((p for _, p in city()["districts"]), key=lambda p: (p["grade"], -int(p["id"][1:])))
    page.wait_for_selector("#district h2")
    assert page.inner_text("#district h2").split() == [town["name"], "重大", "红"]
    assert f"district=districts/{town['id']}" in page.url
    inside = [p for _, p in city()["enterprises"] if p.get("district_id") == town["id"]]
    assert page.locator("#district tbody tr").count() == min(10, len(inside)) > 0
    assert f"{min(10, len(inside))} 行，共 {len(inside)} 行" in page.inner_text("#district")
    assert page.locator("#district .shares-bar span").count() > 0
    page.click(".maplibregl-popup-close-button")
    page.click("#open-list")
    assert "district=" not in page.url
    # the list of a layer comes from its tiles: every feature once, the worst first
    page.select_option("#list-layer", "enterprises")
    page.wait_for_function("() => document.querySelector('#list-title').textContent === '企业'")
    firms = [p for _, p in city()["enterprises"]]
    assert page.locator("#table tbody tr").count() == len(firms)
    assert page.inner_text("#list-count") == f"{len(firms)} 行，共 {len(firms)} 行"
    names = page.locator("#table tbody th").all_inner_texts()
    assert sorted(names) == sorted(p["name"] for p in firms)
    worst = {p["name"] for p in firms if p["grade"] == 4}
    assert set(names[: len(worst)]) == worst
    page.fill("#list-filter", "临港")
    assert page.locator("#table tbody tr").count() == sum("临港" in p["name"] for p in firms)
    name = page.inner_text("#table tbody th >> nth=0")
    page.locator("#table .locate").first.click()
    page.wait_for_selector(".maplibregl-popup")
    assert page.inner_text(".facts h2") == name
    # English is complete: no Chinese is left but names out of the data
    page.click("#language")
    page.click("#open-layers")
    words = page.eval_on_selector_all("button, label, summary, #overview h2", "all => all.map(e => e.textContent)")
    names = {p["name"] for features in city().values() for _, p in features if "name" in p}
    chinese = [w for w in words if re.search("[\u4e00-\u9fff]", w) and w not in names and w != "中文"]
    assert chinese == []


def test_a_link_shows_what_its_sender_saw(visit, addresses):
    page = visit(addresses["file"])
    page.uncheck("input[data-layer=pipelines]")
    page.fill("#search-input", "t05")  # an id
    page.wait_for_selector("#search-hits [role=option]")
    assert "柳堡镇" in page.inner_text("#search-hits [role=option] >> nth=0")
    page.fill("#search-input", "LBZ")  # the initials of its pinyin
    assert page.locator("#search-hits [role=option]").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_selector(".maplibregl-popup")
    page.check("#safe-colours")
    link = page.url
    page.get_by_role("button", name="复制此处链接").click()
    page.wait_for_function("() => document.querySelector('#status').textContent.startsWith('链接已')")
    other = visit(link)
    other.wait_for_selector(".maplibregl-popup")
    assert other.inner_text(".facts h2") == "柳堡镇"
    assert not other.is_checked("input[data-layer=pipelines]")
    assert other.is_checked("#safe-colours")
    for part in ("getZoom", "getCenter"):
        read = f"JSON.stringify(__geoRisk.map.{part}())"
        assert json.loads(other.evaluate(read)) == pytest.approx(json.loads(page.evaluate(read)), abs=1e-3)
    other.click(".maplibregl-popup-close-button")
    assert "at=" not in other.url


def test_the_second_palette_reaches_map_legend_and_table(visit, addresses):
    page = visit(addresses["file"] + "#layers=surface,enterprises")
    before = page.locator("#legend .swatch").first.get_attribute("style")
    page.check("#safe-colours")
    assert page.locator("#legend .swatch").first.get_attribute("style") != before
    color = page.evaluate("__geoRisk.map.getPaintProperty('enterprises', 'circle-color')")
    assert color[3] == next(g["safe"]["color"] for g in GRADES if g["grade"] == color[2])
    assert "palette=safe" in page.url
    page.uncheck("#safe-colours")
    assert page.locator("#legend .swatch").first.get_attribute("style") == before
    assert "palette" not in page.url


def test_the_divider_shows_two_dates(visit, site, tmp_path):
    """The earlier surface is the fixture's own here; what counts is where each of the two maps is seen."""
    two = shutil.copytree(site, tmp_path / "two")
    text = (two / "data" / "site.js").read_text("utf-8")
    data = json.loads(text.removeprefix("window.GEO_RISK = ").rstrip(";"))
    now = next(x for x in data["layers"] if x["id"] == "surface")
    data["layers"].append(now | {"id": "grade_before", "visible": False, "zh": "先前", "en": "Earlier"})
    data["compare"] = {"before": "grade_before", "now": "surface", "labels": {"before": "2025", "now": "2026"}}
    (two / "data" / "site.js").write_text(f"window.GEO_RISK = {json.dumps(data)};", "utf-8")
    page = visit((two / "index.html").as_uri())
    page.click("#compare")
    page.wait_for_selector("#earlier canvas")
    assert page.is_checked("input[data-layer=surface]")
    assert page.inner_text("#compared") == "左：2025　右：2026"
    clip = "getComputedStyle(document.querySelector('#earlier')).clipPath"
    page.focus("#divider")
    page.keyboard.press("End")
    whole = page.evaluate(clip)
    page.keyboard.press("Home")
    assert page.evaluate("document.querySelector('#comparison').style.getPropertyValue('--at')") == "0%"
    assert page.evaluate(clip) != whole
    page.click("#compare")
    assert page.locator("#earlier canvas").count() == 0


def test_districts_at_first_and_the_surface_from_nearer(visit, addresses):
    page = visit(addresses["file"])
    on = "() => [...document.querySelectorAll('input[data-layer]:checked')].map(e => e.dataset.layer)"
    assert "districts" in page.evaluate(on)
    assert "surface" not in page.evaluate(on)
    page.evaluate("__geoRisk.map.jumpTo({zoom: 13})")
    page.wait_for_function("() => document.querySelector('input[data-layer=surface]').checked")
    assert "districts" not in page.evaluate(on)
    page.evaluate("__geoRisk.map.jumpTo({zoom: 9})")
    page.wait_for_function("() => document.querySelector('input[data-layer=districts]').checked")
    page.uncheck("input[data-layer=districts]")  # somebody has chosen
    page.evaluate("__geoRisk.map.jumpTo({zoom: 13})")
    page.wait_for_timeout(200)
    assert "surface" not in page.evaluate(on)


@pytest.mark.parametrize(("paper", "size"), [("A4 landscape", (842, 595)), ("A3 portrait", (842, 1191))])
def test_a_sheet_has_frame_north_scale_legend_and_source(visit, addresses, tmp_path, paper, size):
    import pypdfium2

    page = visit(addresses["file"], script="window.print = () => undefined")
    page.click("#print")
    page.select_option("#print-paper", paper)
    page.click("#print-card .buttons button >> nth=0")
    page.wait_for_selector("#sheet img", state="attached", timeout=WAIT)
    page.wait_for_selector("#print-card", state="hidden")
    # printing ends with the event that takes the sheet away
    bar, told = page.eval_on_selector("#sheet .scale", "e => [e.children[0].style.width, e.children[1].textContent]")
    page.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True, print_background=True)
    document = pypdfium2.PdfDocument(tmp_path / "sheet.pdf")
    assert len(document) == 1
    assert document[0].get_size() == pytest.approx(size, abs=1)
    text = document[0].get_textpage().get_text_range()
    for word in ("临澜市安全风险一张图", "北", "比例尺 1∶", "重大", "虚构数据", "WGS 84"):
        assert word in text
    # the bar is as long as it says, on paper of the scale that is printed
    scale = int(re.search(r"1∶([\d,]+)", text)[1].replace(",", ""))
    assert figure(told) == pytest.approx(float(bar.removesuffix("mm")) / 1e3 * scale, rel=5e-3)
    # and the scale is that of the map's middle: the sheet shows the whole region across
    west, south, east, north = BOUNDS
    wide, _, _ = ELLIPSOID.inv(west, (south + north) / 2, east, (south + north) / 2)[::-1]
    assert wide / scale < (size[0] / 72 * 0.0254)
    assert page.locator("#sheet").count() == 0


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_axe_finds_no_serious_violation(visit, addresses, width, height):
    script = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
    page = visit(addresses["file"], width, height)
    page.evaluate(script)
    found = {}
    for panel in ("layers", "list"):
        if page.is_hidden(f"#{panel}"):
            page.click(f"#open-{panel}")
        if panel == "list" and width > 720:
            page.click("#measure")
        result = page.evaluate(
            "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'], preload: false})"
        )
        for violation in result["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found[violation["id"]] = [node["html"][:160] for node in violation["nodes"]]
    assert found == {}
