"""The panel of quantified risk in both languages."""

import re

import pytest

import geo_risk

pytestmark = pytest.mark.browser

HEADS = {
    "en": [
        "Societal risk: F-N curve",
        "Main causes, by expected deaths",
        "Protection targets above the limit or undecided",
    ],
    "zh": ["社会风险 F-N 曲线", "主要来源（按潜在生命损失）", "未满足或待核实的防护目标"],
}


def test_the_panel_tells_what_the_tables_hold_in_both_languages(city, visit):
    region = geo_risk.Region(city)
    page = visit((city / "site" / "internal" / "index.html").as_uri() + "#lang=en")
    page.click("#open-quantified")
    panel = page.locator("#quantified")
    assert panel.locator("h2").all_inner_texts() == HEADS["en"]
    curve = region.table("fn_curve")
    reached = curve[(curve["scope"] == "region") & (curve["frequency_per_yr"] >= 1e-9)]
    path = panel.locator("svg.fn path.curve").get_attribute("d")
    assert path.count("L") + 1 == len(reached)
    assert not re.search("NaN|undefined|Infinity", panel.inner_html())
    assert not re.search("[\u4e00-\u9fff]", " ".join(panel.locator("svg.fn text").all_text_contents()))
    verdicts = region.table("target_risk")["verdict"].value_counts()
    assert f"{verdicts.get('fail', 0)} above the limit, {verdicts.get('undecided', 0)} undecided" in panel.inner_text()
    page.click("#language")
    assert panel.locator("h2").all_inner_texts() == HEADS["zh"]
    options = panel.locator("#fn-of option").all_inner_texts()
    assert options[0] == "全域"
    panel.locator("#fn-of").select_option(str(len(options) - 1))
    assert panel.locator("svg.fn path.curve").get_attribute("d") != path
    assert panel.locator("svg.fn").get_attribute("aria-label").startswith("社会风险 F-N 曲线")


def test_a_target_of_the_panel_is_found_on_the_map(city, visit):
    page = visit((city / "site" / "internal" / "index.html").as_uri() + "#lang=en")
    page.click("#open-quantified")
    row = page.locator("#quantified section:last-of-type tbody tr").first
    name = row.locator("th").inner_text()
    row.locator("button.locate").click()
    page.locator(".maplibregl-popup .facts h2").wait_for()
    assert name in page.locator(".maplibregl-popup").inner_text()
    assert float(page.locator(".spot").get_attribute("data-total") or 0) >= 0
