"""Every control of the page at both sizes and in both languages: one page a size, its language switched on the way."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from browsing import WAIT
from fixture_site import GRADE, city, column

pytestmark = pytest.mark.browser

DISTRICT = "柳堡镇"
FIRMS = city()["enterprises"]
CHOOSE = """name => {
    const list = document.querySelector('#list-layer');
    list.value = name;
    list.dispatchEvent(new Event('change'));
    return document.querySelectorAll('#table tbody tr').length;
}"""
SMALL = """() => [...document.querySelectorAll('button, select, input[type=search], label.layer, summary')]
    .filter(e => e.offsetParent && !e.closest('thead, .tall') && Math.round(e.getBoundingClientRect().height) < 44)
    .map(e => e.id || e.textContent)"""
TOLD = [
    column("source_name", "源名称", "source name", dtype="string"),
    GRADE,
    column("rule_id", "规则", "rule", dtype="string"),
    column("clause", "条款", "clause", dtype="string"),
    column("required_m", "要求距离", "required distance", "m"),
    column("clearance_m", "实际距离", "clearance", "m"),
]


@pytest.fixture(scope="module")
def whole(site, tmp_path_factory) -> Path:
    """The made-up site with conflicts, routes, an earlier state and lists of the surface."""
    folder = shutil.copytree(site, tmp_path_factory.mktemp("whole") / "site")
    text = (folder / "data" / "site.js").read_text("utf-8")
    data = json.loads(text.removeprefix("window.GEO_RISK = ").rstrip(";"))
    layers = {layer["id"]: layer for layer in data["layers"]}
    routes = layers["findings"] | {
        "id": "routes",
        "zh": "最近救援路线",
        "en": "Nearest rescue routes",
        "style": "plain",
    }
    sources = layers["enterprises"] | {"id": "hazard_sources", "zh": "危险源", "en": "Hazard sources", "style": "plain"}
    data["layers"] += [routes | {"visible": False}, sources | {"visible": False, "count": 3}]
    layers["findings"] |= {"id": "conflicts", "style": "finding", "columns": TOLD, "title_column": "source_name"}
    before = {"id": "grade_before", "visible": False, "zh": "先前风险", "en": "Earlier risk"}
    data["layers"].append(layers["surface"] | before)
    layers["surface"] |= {"listed": True, "downloads": ["downloads/surface.tif"]}
    layers["enterprises"]["downloads"] = ["downloads/enterprises.csv"]
    data["compare"] = {"before": "grade_before", "now": "surface", "labels": {"before": "2025", "now": "2026"}}
    data["note"] = {"zh": "虚构数据 · 审图号：未填", "en": "Made-up data · map approval number: not given"}
    share = column("share", "占比", "share")
    bands = {"columns": [TOLD[0] | {"name": "name"}, GRADE, share], "all": {"surface": 3}}
    bands["rows"] = {"surface": [["全市", 4, 0.02], ["全市", 1, 0.98], [DISTRICT, 4, 0.05]]}
    (folder / "data" / "bands.js").write_text(f"window.GEO_RISK_BANDS = {json.dumps(bands)};", "utf-8")
    data["bands"] = "data/bands.js"
    (folder / "data" / "site.js").write_text(f"window.GEO_RISK = {json.dumps(data)};", "utf-8")
    return folder / "index.html"


def panel(page, name: str) -> None:
    """Open a panel, or none."""
    opened = page.locator("#panels [aria-expanded=true]")
    if opened.count() and opened.get_attribute("id") != f"open-{name}":
        opened.click()
    if name and page.is_hidden(f"#{name}"):
        page.click(f"#open-{name}")


def use_layers(page, lang: str) -> None:
    panel(page, "layers")
    names = {"zh": ["风险", "间距", "危险源"], "en": ["Risk", "Setbacks", "Hazards"]}[lang]
    assert page.locator("#layers summary").all_inner_texts() == names
    page.eval_on_selector_all("#layers details", "all => all.forEach(e => (e.open = true))")
    pipelines = {"zh": "油气管线", "en": "Pipelines"}[lang]
    for shown in (False, True):  # the legend tells what is on, and nothing else
        page.set_checked("input[data-layer=pipelines]", shown)
        assert (pipelines in page.locator("#legend li").all_text_contents()) == shown
    page.locator("input[data-opacity=districts]").fill("50")
    assert page.evaluate("__geoRisk.map.getPaintProperty('districts', 'fill-opacity')") == pytest.approx(0.41)


def use_the_map(page, lang: str) -> None:
    panel(page, "")
    assert re.fullmatch(r"\d+\s?k?m", page.inner_text(".maplibregl-ctrl-scale"))
    place = {"zh": r"东经 [\d.]+°，北纬 [\d.]+°", "en": r"[\d.]+° N, [\d.]+° E"}[lang]
    assert re.fullmatch(place, page.inner_text("#whereabouts"))
    assert page.is_visible("#legend")
    page.click("#measure")
    box = page.locator("#map").bounding_box()
    for x, y in ((60, 150), (200, 160), (150, 260)):
        page.mouse.click(box["x"] + x, box["y"] + y)
    page.click("[data-kind=distance]")
    assert re.fullmatch(r"[\d.,]+ k?m", page.inner_text("#measured"))
    page.click("[data-kind=area]")
    assert re.search({"zh": "周长", "en": "perimeter"}[lang], page.inner_text("#measured"))
    assert page.evaluate(SMALL) == []
    page.get_by_role("button", name={"zh": "关闭", "en": "Close"}[lang], exact=True).first.click()
    page.click("#compare")
    page.wait_for_selector("#earlier canvas")
    assert page.inner_text("#compared") == {"zh": "左：2025　右：2026", "en": "left: 2025, right: 2026"}[lang]
    page.focus("#divider")
    page.keyboard.press("Home")
    assert page.evaluate("document.querySelector('#comparison').style.getPropertyValue('--at')") == "0%"
    page.click("#compare")


def found(page, word: str) -> None:
    """Search, take the first hit and wait for its popup, which takes the focus."""
    if page.locator(".maplibregl-popup").count():
        page.click(".maplibregl-popup-close-button")
    page.fill("#search-input", word)
    page.wait_for_selector("#search-hits [role=option]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".maplibregl-popup .buttons")


def lead(page, zh: str, en: str, lang: str) -> None:
    """Press a button of the popup."""
    page.locator(".maplibregl-popup").get_by_role("button", name=re.compile({"zh": zh, "en": en}[lang])).click()


def use_search_and_district(page, lang: str) -> None:
    panel(page, "")
    for word in ("柳堡", "LBZ", "t05"):  # Chinese, initials of its pinyin, an id
        found(page, word)
        assert page.inner_text(".facts h2") == DISTRICT
        assert "at=" in page.url
    found(page, "t04")  # a district with enterprises
    lead(page, "本区专页", "Page of this district", lang)
    page.wait_for_selector("#district tbody tr")
    assert "新桥镇" in page.inner_text("#district h2")
    assert "district=districts/t04" in page.url
    assert page.locator("#district .shares-bar span").count() > 0
    assert page.locator("#district dt").count() > 3
    inside = sum(firm.get("district_id") == "t04" for _, firm in FIRMS)
    assert re.search(rf"10\D+{inside}", page.inner_text("#district"))  # the ten worst of so many
    assert page.locator("#district .files a").first.get_attribute("href") == "downloads/enterprises.csv"
    page.click(".maplibregl-popup-close-button")


def use_reasons(page, lang: str) -> None:
    """From an enterprise to its conflicts with rule, clause and distances; from minutes to the route."""
    panel(page, "")
    firm = FIRMS[0][1]
    found(page, firm["id"])
    lead(page, "间距冲突", "Setback conflicts", lang)
    page.wait_for_selector("#table tbody tr")
    assert page.locator("#table tbody tr").count() == 1
    told = page.inner_text("#table tbody tr")
    for part in (firm["name"], "SB001", "4.2.9", "150", "120"):
        assert part in told
    page.select_option("#list-layer", "hazard_sources")
    page.wait_for_function("() => document.querySelectorAll('#table tbody tr').length > 1")
    page.fill("#list-filter", firm["name"])
    page.locator("#table .locate").first.click()
    page.wait_for_selector(".maplibregl-popup .buttons")
    lead(page, "在图上显示路线", "Show the route", lang)
    assert page.evaluate("__geoRisk.map.getLayoutProperty('routes', 'visibility')") == "visible"
    assert page.evaluate("__geoRisk.map.getFilter('routes')") == ["==", ["get", "place_id"], firm["id"]]
    page.click(".maplibregl-popup-close-button")
    page.evaluate("document.querySelector('input[data-layer=routes]').click()")
    page.evaluate("document.querySelector('input[data-layer=hazard_sources]').click()")


def use_lists(page, lang: str) -> None:
    panel(page, "list")
    page.fill("#list-filter", "")
    assert page.locator("#table tbody tr").count() > 0
    assert page.evaluate(CHOOSE, "surface") == 0  # no row of one layer under the name of another being read
    page.wait_for_function("() => document.querySelectorAll('#table tbody tr').length === 3")
    assert page.locator("#table thead th").count() == 3  # a surface has no place to go to
    first = page.locator("#table tbody tr >> nth=0 >> td").all_inner_texts()
    assert [text.strip() for text in first] == [{"zh": "重大 红", "en": "Major R"}[lang], "2 %"]
    assert page.locator("#list .files a").get_attribute("href") == "downloads/surface.tif"
    assert page.evaluate("document.scrollingElement.scrollWidth") <= page.viewport_size["width"]
    assert page.evaluate(SMALL) == []


def use_print(page, tmp_path: Path) -> None:
    import pypdfium2

    panel(page, "")
    page.click("#print")
    page.select_option("#print-paper", "A4 portrait")
    page.click("#print-card .buttons button >> nth=0")
    page.wait_for_selector("#sheet img", state="attached", timeout=2 * WAIT)
    page.wait_for_selector("#print-card", state="hidden")
    page.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True, print_background=True)
    document = pypdfium2.PdfDocument(tmp_path / "sheet.pdf")
    text = document[0].get_textpage().get_text_range()
    assert len(document) == 1
    for word in (
        "Linlan safety risk map",
        "Scale 1:",
        "Major",
        "Pipelines",
        "map approval number: not given",
        "WGS 84",
    ):
        assert word in text


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_every_control_at_both_sizes_in_both_languages(visit, whole, tmp_path, width, height):
    page = visit(whole.as_uri(), width, height, script="window.print = () => undefined")
    for lang in ("zh", "en"):
        assert page.get_attribute("html", "lang").startswith(lang)
        assert page.is_visible("#note")
        use_layers(page, lang)
        use_the_map(page, lang)
        use_search_and_district(page, lang)
        use_reasons(page, lang)
        use_lists(page, lang)
        if lang == "zh":
            page.click("#language")
    use_print(page, tmp_path)
