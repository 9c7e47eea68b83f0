"""The map page in a real browser."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from fixture_site import GRADES, HOSTILE, city
from servers import Ranges

pytestmark = pytest.mark.browser

DRAWN = """() => Object.fromEntries(
    [...new Set(__geoRisk.map.queryRenderedFeatures().map(f => f.source))].map(s => [s, true]))"""
COLOR = """([lon, lat]) => new Promise(done => {
    const map = __geoRisk.map, at = map.project([lon, lat]), ratio = devicePixelRatio;
    map.once('render', () => {
        const gl = map.getCanvas().getContext('webgl2'), out = new Uint8Array(4);
        gl.readPixels(at.x * ratio, gl.drawingBufferHeight - at.y * ratio, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, out);
        done([...out]);
    });
    map.triggerRepaint();
})"""


def manifest(site: Path) -> dict:
    return json.loads((site / "data" / "site.js").read_text("utf-8").removeprefix("window.GEO_RISK = ").rstrip(";"))


def index(page) -> list:
    """The search index, which is read when somebody is about to search."""
    page.focus("#search-input")
    page.wait_for_function("() => window.GEO_RISK_SEARCH")
    return page.evaluate("GEO_RISK_SEARCH")


def settled(page) -> None:
    page.evaluate("__geoRisk.map.once('idle', () => window.still = true).triggerRepaint()")
    page.wait_for_function("() => window.still")
    page.evaluate("delete window.still")


@pytest.mark.parametrize("way", ["file", "plain", "ranges"])
def test_draws_every_layer_however_it_is_served(visit, addresses, way):
    before = Ranges.partial
    page = visit(addresses[way])
    drawn = page.evaluate(DRAWN)
    assert set(drawn) >= {
        "water",
        "green",
        "roads",
        "builtup",
        "industrial",
        "districts",
        "labels",
        "enterprises",
        "pipelines",
    }
    assert (Ranges.partial > before) == (way == "ranges")
    if way != "file":  # there the browser keeps no record, and nothing but scripts can be read
        names = page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
        assert any("/js/" in name for name in names) == (way == "plain")
    assert page.is_hidden("#notice")


def test_the_surface_has_the_legends_colour(visit, addresses):
    """Red at a fourth-grade place: #a50f15 at opacity .82 over the background #f5f4f0 is (179, 56, 60)."""
    page = visit(addresses["file"] + "#layers=surface")
    page.evaluate("""() => {
        for (const {id, source} of __geoRisk.map.getStyle().layers)
            if (source && source !== 'surface') __geoRisk.map.setLayoutProperty(id, 'visibility', 'none');
    }""")
    settled(page)
    name = next(properties["name"] for _, properties in city()["enterprises"] if properties["grade"] == 4)
    place = next(hit[2:4] for hit in index(page) if hit[0] == name)
    assert page.evaluate(COLOR, place)[:3] == pytest.approx([179, 56, 60], abs=3)


def test_legend_tells_grades_by_word_letter_and_hatch(visit, addresses):
    page = visit(addresses["file"])
    lines = page.locator("#legend li").all_inner_texts()
    assert [line.strip() for line in lines] == [f"{g['zh']} {g['letter']['zh']}" for g in GRADES] + [
        "未分级",
        "油气管线",
    ]
    swatches = page.eval_on_selector_all("#legend .swatch", "all => all.map(e => e.style.backgroundImage)")
    assert len(set(swatches)) == 5
    pictures = page.evaluate("__geoRisk.map.listImages().filter(n => n.startsWith('fill-')).sort()")
    assert pictures == ["fill-0", "fill-1", "fill-2", "fill-3", "fill-4"]


def test_switch_shows_one_graded_area_at_a_time(visit, addresses):
    page = visit(addresses["file"])
    assert page.locator(".layer").filter(has_text="企业").locator(".count").inner_text() == "157"
    visibility = "id => __geoRisk.map.getLayoutProperty(id, 'visibility')"
    assert (page.evaluate(visibility, "districts"), page.evaluate(visibility, "surface")) == ("visible", "none")
    page.check("input[data-layer=surface]")
    assert (page.evaluate(visibility, "districts"), page.evaluate(visibility, "surface")) == ("none", "visible")
    page.check("input[data-layer=districts]")
    assert not page.is_checked("input[data-layer=surface]")
    page.uncheck("input[data-layer=districts]")
    assert page.evaluate(visibility, "districts:outline") == "none"


def test_popup_speaks_both_languages_and_shows_text_only(visit, addresses):
    page = visit(addresses["file"])
    page.fill("#search-input", "<img")
    assert page.inner_text("#search-hits [role=option] >> nth=0").startswith(HOSTILE)
    page.keyboard.press("Enter")
    page.wait_for_selector(".maplibregl-popup")
    assert page.inner_text(".facts h2") == HOSTILE
    assert page.locator(".facts img, #search-hits img").count() == 0
    assert "在业" in page.inner_text(".facts")
    assert re.search(r"\d 人", page.inner_text(".facts"))
    page.click("#language")
    assert "active" in page.inner_text(".facts")
    assert re.search(r"\d persons", page.inner_text(".facts"))


def test_click_on_a_point_opens_its_popup(visit, addresses):
    page = visit(addresses["file"])
    spot = page.evaluate("""() => {
        const map = __geoRisk.map, box = map.getContainer().getBoundingClientRect();
        const [f] = map.queryRenderedFeatures({layers: ['enterprises']}).filter(f => f.properties.grade === 4);
        const at = map.project(f.geometry.coordinates);
        return [box.x + at.x, box.y + at.y, f.properties.name];
    }""")
    page.mouse.click(spot[0], spot[1])
    assert spot[2] in page.inner_text(".facts")
    assert "重大 红" in page.inner_text(".facts")


def test_search_by_keyboard_flies_and_tells(visit, addresses):
    page = visit(addresses["ranges"])
    page.focus("#search-input")
    page.keyboard.type("柳堡镇")
    page.wait_for_selector("#search-input[aria-expanded=true]")  # the index is read at the first letter
    assert re.fullmatch(r"找到 \d+ 处", page.inner_text("#status"))
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#search-input", "aria-activedescendant") == "hit-0"
    page.keyboard.press("Enter")
    page.wait_for_selector(".maplibregl-popup")
    assert page.inner_text(".facts h2") == "柳堡镇"
    assert page.is_checked("input[data-layer=districts]")  # it was hidden and had to be shown
    assert page.inner_text("#status") == "已定位：柳堡镇"
    page.fill("#search-input", "没有这个名字")
    assert page.inner_text("#status") == "没有找到"


def test_language_stays_in_the_address_with_the_view(visit, addresses):
    page = visit(addresses["file"] + "#map=12/31.9/120.35")
    assert page.title() == "临澜市安全风险一张图"
    page.click("#language")
    assert page.title() == "Linlan safety risk map"
    assert page.get_attribute("html", "lang") == "en"
    assert re.search(r"map=12/31\.9/120\.35", page.url)
    assert "lang=en" in page.url
    page.reload()
    page.wait_for_function("() => window.__geoRisk")
    assert page.title() == "Linlan safety risk map"
    assert page.evaluate("__geoRisk.map.getZoom()") == 12
    assert page.inner_text("#legend h2") == "Risk grade"


def test_table_equals_the_manifest_sorts_and_locates(visit, addresses, site):
    page = visit(addresses["file"])
    page.click("#open-list")
    rows = manifest(site)["table"]["rows"]
    assert page.locator("#table tbody tr").count() == len(rows) == 16
    assert page.locator("#table tbody th").all_inner_texts() == [row[0] for row in rows]
    assert page.inner_text("#table tbody tr >> nth=0").split()[2:4] == ["重大", "红"]
    page.click("#table thead button:has-text('人口')")
    people = [row[3] for row in sorted(rows, key=lambda r: -r[3])]
    assert page.locator("#table tbody tr td:nth-child(5)").all_inner_texts() == [f"{n:,}" for n in people]
    assert page.locator("th[aria-sort=descending]").count() == 1
    page.locator("#table .locate").first.click()
    page.wait_for_selector(".maplibregl-popup")
    assert page.inner_text(".facts h2") == page.inner_text("#table tbody th >> nth=0")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_phone_has_no_sideways_scroll_and_large_targets(visit, addresses, lang):
    page = visit(f"{addresses['file']}#lang={lang}", 390, 844)
    for button in ("#open-layers", "#open-list"):
        page.click(button)
        assert page.evaluate("document.scrollingElement.scrollWidth") == 390
        small = page.eval_on_selector_all(
            "button, input[type=search], label.layer",
            "all => all.filter(e => e.offsetParent && !e.closest('thead') && e.offsetHeight < 44).length",
        )
        assert small == 0
    page.locator(".locate").first.click()
    page.wait_for_selector(".maplibregl-popup")
    assert page.is_hidden("#panel")


def test_without_webgl_a_plain_map_shows_districts_surface_and_points(visit, addresses):
    blind = """const drawing = HTMLCanvasElement.prototype, old = drawing.getContext;
        drawing.getContext = function (kind, ...more) {
            return kind === 'webgl2' ? null : old.call(this, kind, ...more);
        };
    """
    page = visit(addresses["file"], script=blind, expect_map=False)
    page.wait_for_selector("#notice:not([hidden])")
    assert "WebGL2" in page.inner_text("#notice")
    red = """() => { const c = document.querySelector('#map canvas'), copy = new OffscreenCanvas(c.width, c.height);
        const pen = copy.getContext('2d', {willReadFrequently: true}); pen.drawImage(c, 0, 0);
        const d = pen.getImageData(0, 0, c.width, c.height).data;
        let n = 0;
        for (let i = 0; i < d.length; i += 4) n += d[i] > 120 && d[i + 1] < 90;
        return n;
    }"""

    def redraws(act) -> int:
        before = page.get_attribute("#map canvas", "data-drawn")
        act()
        page.wait_for_function("b => (document.querySelector('#map canvas').dataset.drawn ?? null) !== b", arg=before)
        page.wait_for_timeout(150)
        return page.evaluate(red)

    page.wait_for_selector("#map canvas[data-drawn]")
    page.wait_for_timeout(300)
    districts = page.evaluate(red)
    surface = redraws(lambda: page.check("input[data-layer=surface]"))
    neither = redraws(lambda: page.uncheck("input[data-layer=surface]"))
    assert districts > surface > neither > 0  # the red points alone are left
    assert redraws(lambda: page.uncheck("input[data-layer=enterprises]")) < neither
    page.click("#open-list")
    assert page.locator("#table tbody tr:visible").count() == 16
    page.locator(".locate").first.click()
    assert "已定位" in page.inner_text("#status")


def test_without_scripts_the_table_is_there(chromium, addresses):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(addresses["file"])
    assert page.locator("#table tbody tr:visible").count() == 16
    assert page.inner_text("#table tbody tr >> nth=0").split()[:3] == ["城关镇", "重大", "红"]
    context.close()


def test_missing_tiles_are_told(chromium, site, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(site, broken)
    shutil.rmtree(next((broken / "js").glob("enterprises.*")))
    page = chromium.new_page()
    page.goto((broken / "index.html").as_uri())
    page.wait_for_selector("#notice:not([hidden])")
    assert "enterprises" in page.inner_text("#notice")
    page.close()


def test_print_shows_map_picture_and_table(visit, addresses):
    page = visit(addresses["file"])
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.is_visible("#paper")
    assert page.evaluate("document.querySelector('#paper').src.length") > 20_000  # a blank picture is far smaller
    assert page.locator("#table tbody tr:visible").count() == 16
    assert page.is_hidden("#layers")


def test_a_click_on_the_surface_alone_tells_its_grade(visit, addresses):
    """Whether the pixel is the grade's colour or the ink of its hatch, the words are the same."""
    for way in ("file", "ranges"):
        page = visit(addresses[way] + "#layers=surface")
        page.evaluate("""() => {
            for (const {id, source} of __geoRisk.map.getStyle().layers)
                if (source && source !== 'surface') __geoRisk.map.setLayoutProperty(id, 'visibility', 'none');
        }""")
        settled(page)
        name = next(properties["name"] for _, properties in city()["enterprises"] if properties["grade"] == 4)
        place = next(hit[2:4] for hit in index(page) if hit[0] == name)
        x, y = page.evaluate(
            """at => {
            const box = __geoRisk.map.getContainer().getBoundingClientRect(), p = __geoRisk.map.project(at);
            return [box.x + p.x, box.y + p.y];
        }""",
            place,
        )
        page.mouse.click(x, y)
        page.wait_for_selector(".maplibregl-popup")
        assert page.inner_text(".facts").split() == ["此处风险等级", "重大", "红"]
        page.click("#language")
        assert page.inner_text(".facts").split()[-2:] == ["Major", "R"]
        page.click(".maplibregl-popup-close-button")
        corner = page.evaluate(
            "() => { const b = __geoRisk.map.getContainer().getBoundingClientRect(); return [b.x + 5, b.y + 5]; }"
        )
        page.mouse.click(*corner)  # no surface there
        page.wait_for_timeout(200)
        assert page.locator(".maplibregl-popup").count() == 0


def test_the_legend_follows_the_surface_that_is_shown(chromium, site, tmp_path):
    ramp = shutil.copytree(site, tmp_path / "ramp")
    data = manifest(ramp)
    layer = next(x for x in data["layers"] if x["id"] == "surface")
    layer |= {
        "style": "plain",
        "unit": "0-100",
        "legend": [{"color": "#dadaeb", "label": "0"}, {"color": "#54278f", "label": "100"}],
    }
    (ramp / "data" / "site.js").write_text(f"window.GEO_RISK = {json.dumps(data)};", "utf-8")
    page = chromium.new_page()
    page.goto((ramp / "index.html").as_uri())
    page.wait_for_function("() => window.__geoRisk")
    page.evaluate("__geoRisk.ready")
    on = page.eval_on_selector_all("input[data-layer]:checked", "all => all.map(e => e.dataset.layer)")
    for name in set(on) - {"surface"}:
        page.uncheck(f"input[data-layer={name}]")
    assert page.locator("#legend li").all_inner_texts() == ["100", "0"]
    assert "(0-100)" in page.inner_text("#legend h2").replace("–", "-")
    page.check("input[data-layer=enterprises]")  # graded: needs the grades' legend too
    assert page.locator("#legend li").count() == 7
    page.uncheck("input[data-layer=enterprises]")
    page.uncheck("input[data-layer=surface]")
    assert page.is_hidden("#legend")  # nothing is on that it could tell
    page.close()


def test_a_crowded_click_says_how_many_more(visit, addresses):
    page = visit(addresses["file"] + "#map=8/31.92/120.36")
    found = page.evaluate("""() => {
        const map = __geoRisk.map, box = map.getContainer().getBoundingClientRect();
        const all = map.queryRenderedFeatures({layers: ['enterprises']}).map(f => map.project(f.geometry.coordinates));
        const near = a => all.filter(b => Math.abs(a.x - b.x) < 5 && Math.abs(a.y - b.y) < 5).length;
        const at = all.sort((a, b) => near(b) - near(a))[0];
        return [box.x + at.x, box.y + at.y];
    }""")
    page.mouse.click(*found)
    page.wait_for_selector(".maplibregl-popup")
    (more,) = re.findall(r"另有 (\d+) 处未列出", page.inner_text(".facts"))
    assert int(more) > 0
    assert page.locator(".facts details").count() == 5
