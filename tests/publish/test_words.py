"""Chinese of the results' sentences, and the panel of quantified risk."""

import re

import geopandas as gpd
import pandas as pd
import shapely

from geo_risk.publish.panel import risk_panel
from geo_risk.publish.words import phrase, power, sentences, unit_words


def test_sentences_with_values_and_codes():
    assert phrase("crowded place: kindergarten, capacity 300; its group is open") == (
        "人员密集场所：幼儿园，容量 300；目标类别尚未确定"
    )
    assert phrase("3 sources within 500 m are not quantified") == "500 m 内有 3 个风险源未量化"
    assert phrase("high_sensitivity|general_1") == "高敏感防护目标、一般防护目标一类"
    assert phrase("pressure_vessel/hole") == "压力容器：小孔泄漏"
    assert phrase("临澜路 3, 号") == "临澜路 3, 号"
    assert phrase("something nobody foresaw") == "something nobody foresaw"


def test_every_pattern_can_be_filled():
    for english, chinese in sentences():
        count = english.count("{}")
        if "{0" in chinese or "{1" in chinese:
            wanted = {int(n) for n in re.findall(r"\{(\d)\}", chinese)}
            assert wanted == set(range(count)), english
        else:
            assert chinese.count("{}") == count, english
        assert chinese.format(*"abcdef")


def test_small_numbers_are_powers_of_ten():
    assert power(1.2345678e-07) == "1.2×10⁻⁷"
    assert power(3e-5, 0) == "3×10⁻⁵"
    assert power(0) == "0"
    assert unit_words("1/yr", "zh") == "/年"


def test_the_panel_orders_targets_and_curves():
    place = shapely.Point(500_000, 3_500_000)
    target_rows = {"layer": ["p"] * 3, "id": ["a", "b", "c"], "name": ["甲", "", "丙"], "group": ["important"] * 3}
    target_rows |= {"verdict": ["undecided", "fail", "pass"], "margin": [0.5, 0.1, 9.0], "lsir_per_yr": [1e-6] * 3}
    targets = gpd.GeoDataFrame(target_rows, geometry=[place] * 3, crs="EPSG:4549")
    fn = {"scope": ["source", "source", "region", "region"], "scope_id": ["s", "s", "", ""], "scope_name": ["源"] * 4}
    fn |= {
        "deaths": [1.0, 10.0] * 2,
        "frequency_per_yr": [1e-6, 0.0, 1e-5, 1e-6],
        "zone": ["acceptable"] * 3 + ["alarp"],
    }
    fn |= {"upper_per_yr": [1e-3, 1e-4] * 2, "lower_per_yr": [1e-5, 1e-6] * 2}
    panel = risk_panel({"target_risk": targets, "fn_curve": pd.DataFrame(fn)})
    assert [row[0] for row in panel["targets"]["rows"]] == ["p b", "甲"]  # fails first; the nameless by layer and id
    assert panel["verdicts"] == {"fail": 1, "undecided": 1, "pass": 1}
    curves = panel["fn"]["curves"]
    assert [(c["scope"], c["zone"], len(c["points"])) for c in curves] == [
        ("region", "alarp", 2),
        ("source", "acceptable", 1),
    ]
    assert panel["fn"]["lines"]["upper"] == [[1.0, 1e-3], [10.0, 1e-4]]
    assert risk_panel({}) == {}


def test_every_label_of_sources_and_factors_has_chinese():
    from geo_risk.standards import table

    assert [label for label in table("index_sources")["label"] if phrase(label) == label] == []
    factors = table("current_factors")
    single = factors[~factors["how"].isin(["each", "cap"])]["label"] + " x 0.9"
    single = single.str.replace(r"(later than \d+ min)", r"\1 (12 min)", regex=True)
    assert [told for told in single if re.search("[a-z]{3}", phrase(told))] == []


def test_rules_and_current_reasons_in_chinese():
    assert phrase("enterprises graded orange or worse: 3 (minimum 3)") == "评为橙及以上的企业 3 家（下限 3）"
    assert phrase("1010 residents in red (minimum 1000)") == "等级为红处居民 1010 人（下限 1000）"
    told = phrase("now: inherent 6.0: hidden dangers: 1 open, 2 overdue x 1.9; training x 0.97")
    assert told == "现实：固有 6.0：重大事故隐患：整改中 1 项、逾期 2 项 ×1.9；培训教育 ×0.97"
    assert phrase("97.2% of the length is red (minimum 1.0%)") == "97.2 % 的长度为红（下限 1.0 %）"
