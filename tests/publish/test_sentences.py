"""No sentence that the program writes stays English where a page is Chinese."""

from __future__ import annotations

import re

import pytest

import geo_risk
from geo_risk.analysis.pipelines.households import counted
from geo_risk.publish.words import TRANSLATED, phrase, rule_words, sentences
from geo_risk.standards import table

ENGLISH = re.compile(r"(?<![A-Za-z.])[a-z_]*[a-z]{4,}\w*")
# Rules in brackets, files, and sections and keys of region.toml.
NAMES = re.compile(r"［[a-z][\w-]*；|\S+\.(?:csv|xlsx)|\[\w+\](?: 的 \w+(?:、\w+)*)?")
KEYS = {("index_sources", "group"), ("current_sources", "group")}
# Texts of tables of standards that sentences are made of.
WRITTEN = (
    ("risk_defaults", "meaning"), ("risk_equipment", "label"), ("substances", "surrogate"), ("direct_red", "meaning"),
    ("inspection_rules", "label"), ("robustness_factors", "label"), ("pipeline_ranges", "meaning"),
    ("hca_causes", "needs"), ("unruled_pairs", "what_en"), ("art19_groups", "item_en"), ("zone_thresholds", "meaning"),
    ("setbacks", "clause"), ("gb50028_clearances", "clause"), ("gb55009_ranges", "clause"),
)  # fmt: skip


def english(text: str) -> list[str]:
    """The English words left in the Chinese of a sentence."""
    return ENGLISH.findall(NAMES.sub("", phrase(text)))


def test_no_sentence_of_a_finished_city_stays_english(city):
    region, left, seen = geo_risk.Region(city), {}, set()
    for path in sorted((region.build / "tables").glob("*.parquet")):
        rows = region.table(path.stem)
        for column in TRANSLATED & set(rows.columns):
            if (path.stem, column) not in KEYS:
                seen.add(column)
                left |= {(path.stem, v): found for v in rows[column].dropna().unique() if (found := english(str(v)))}
    assert left == {}
    assert {"reason", "why", "warning", "meaning", "cause", "needs", "clause", "missing", "lacked"} <= seen


@pytest.mark.parametrize(("name", "column"), WRITTEN)
def test_texts_of_standards_have_chinese(name, column):
    assert {text: found for text in table(name)[column].dropna().unique() if (found := english(text))} == {}


def test_sources_of_unverified_numbers_have_chinese():
    for name in ("index_pipeline_defaults", "pipeline_substances", "presence"):
        rows = table(name)
        rows = rows if name == "index_pipeline_defaults" else rows[rows["confidence"] == "MU"]
        assert {text: found for text in rows["source"] if (found := english(text))} == {}


def test_a_pattern_is_of_one_piece():
    assert [english for english, _ in sentences() if "{}" in english and "; " in english] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("T6.3.3-1 note", "表 6.3.3-1 注"),
        ("art.35(3)", "第 35 条第（3）项"),
        ("T4.4.1 ≈ GB 51142-2015 T5.2.8", "表 4.4.1 ≈ GB 51142-2015 表 5.2.8"),
        ("SB038 GB 50016-2014 (2018) T4.2.1: 甲厂, 130 m of 100 m",
         "SB038 GB 50016-2014 (2018) 表 4.2.1：甲厂，130 m（要求 100 m）"),
        ("GB 32167-2015 Tables 1 and 2", "GB 32167-2015 表 1、表 2"),
        ("source: tanks of 柴油, 1133 m3, with others in its unit, sector unknown: no petrochemical (GB 50160) or oil "
         "depot (GB 50074) distance applied",
         "源：柴油储罐，1133 m³，含同单元其他储罐，行业不明：未应用石油化工（GB 50160）或石油库（GB 50074）间距"),
        ("source: planned, not built yet; town gas pipe, pressure unknown",
         "源：拟建，尚未建成；城镇燃气管道，压力不明"),
        ("source: filling station, taken to sell petrol and diesel, 90 m3",
         "源：加油加气站（按经营汽油、柴油计），90 m³"),
        ("target: road class trunk_link", "目标：道路等级 国道匝道"),
        ("Regulation on hazardous chemicals art. 19 (5): livestock, fishery and seed bases: no layer",
         "《危险化学品安全管理条例》第十九条第（5）项：畜禽、渔业、种子基地：没有图层反映"),
        ("setbacks: rules without a distance that holds by itself: SB249, SB254",
         "间距：没有可独立适用距离的条文：SB249, SB254"),
        ("distance between parallel pipelines (GB 50251): no distance was recovered",
         "并行管道间距（GB 50251）：未能取得间距数值"),
        ("in force from 2027-01-01, after the data date 2026-09-30", "自 2027-01-01 起实施，晚于数据日期 2026-09-30"),
        ("substance '鎘' is not known and no hazard class is given; nearest known names: 汞",
         "物质“鎘”无法识别，且未填危险性类别；相近的已知名称：汞"),
        ("release rate 0.057 kg/s is outside 0.1 to 1000 kg/s", "泄漏速率 0.057 kg/s，超出适用范围 0.1 至 1000 kg/s"),
        ("population: 27143 households in 0 to 2000 m", "居民点：0 至 2000 m 内 27143 户"),
        ("2.5 m (± 1.0 m) inside the protection range of 5 m by 石油天然气管道保护法-2010 art. 30",
         "2.5 m（±1.0 m）在石油天然气管道保护法-2010 第 30 条的保护范围 5 m 以内"),
        ("inherent 20.0: fire engine later than 10 min (15 min) x 1.05",
         "固有 20.0：首车到场超过 10 分钟（15 分钟）×1.05"),
        ("LEC (C by deaths 2007, cuts worse): 720, level 1, red [LEC, usual merge to four colours D; MC]",
         "LEC（C 按死亡人数取值，2007，分界值归较重一级）：720 分，1 级，红［LEC，按通行做法并为四色；较可信］"),
    ],
)  # fmt: skip
def test_sentences_in_chinese(text, told):
    assert phrase(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "source: flare, which may or may not carry liquid",
        "source: may be a plant-wide key facility, by its name",
        "source: fireworks, retail or works",
        "target: 餐馆, area_m2 unknown",
        "up to 40 m may be required, depending on what is not known",
        "one lies inside the other's site and may be part of it",
        "the edge may be 6 m nearer: the width is not given",
        "no distance table recovered for flares of sector '纺织'",
        "no distance table recovered for stores of 氨",
        "town gas pipe of 5 MPa is above the classes of GB 50028",
        "not among [setbacks] standards; switched off by [setbacks] off",
        "not in force any more from 2026-01-01, data date 2026-09-30",
        "hazard class W9 is not a symbol of GB 18218-2018 Table 2; CAS 1-2-3 fails its check digit",
        "name (氯) and CAS (氨) contradict each other; 氟化氢: listed only if anhydrous",
        "硝酸: listed only if not red fuming, > 70 %; 硝化纤维素: 2 thresholds by composition, 1 to 10 t",
        "no class of Table 2 recalled, take it from the safety data sheet",
        "class W5.3 or W5.4 recalled, take it from the safety data sheet",
        "how the quantity is split among the substances is not given",
        "beta of 甲, 乙 is unverified, so the level is too; R between 1 and 20: the worse level 3 is given",
        "residents unknown (the unit has no place): alpha 2 assumed, the most cautious",
        "planned: does not count yet; no place: does not count; give it coordinates",
        "not decided whether it is a major hazard: taken as one until it is",
        "major hazard whose level is not known: taken as level 1 until it is",
        "red outright: evaluated at the top level (DB37/T 2882 2016); declared orange; the worse counts",
        "a.xlsx row 3: LEC without C. Write the score; a.xlsx row 3: direct condition '火' is none of direct_red.csv: "
        "not applied",
        "a.xlsx row 3: score = 120 is not within 0 to 100. Write the score out of 100",
        "neither scores nor a declared grade. Write L, E and C, or L and S, or a grade",
        "written as open and as closed on 2026-01-02; found on 2027-01-01, after the data date 2026-09-30",
        "written as overdue, and due only on 2026-12-01",
        "'盐酸' is a solution; its vapour is not that of the pure substance.",
        "no substance is given.", "Write its name or CAS number.", "its temperature_c is 2000.",
        "Write a value from -200 to 500.",
        "neither quantity nor volume is given.", "Write the design maximum in tonnes.",
        "'某液' names 2 substances (甲, 乙). Give each a row, with its own quantity.",
        "substance '某' is not known to the consequence models. Nearest known: 苯, 甲苯.",
        "no numbers of residents: 30 persons/ha assumed everywhere; no crowded places: nobody counted in them",
        "default: largest single vessel; more stands in several",
        "no direct ignition 0.98, delayed ignition 0.1, flash fire share 0.6, stays on site 1",
        "no wind rose is given: a screening choice",
        "loads are not told: taken as petrol in atmospheric tankers",
        "wind speed 20 m/s is outside 0 to 15 m/s",
        "no layer hidden_dangers", "long-distance pipelines of 丙烯: GB 32167 has no table for them",
        "near a pipeline, tells neither households nor persons", "no protection range known for kind 'hazmat'",
        "tunnels of pipelines, valve rooms, stations and depots (art. 33 and 35): no layer shows them",
        "within merge_ends_m under [rescue]", "restriction spares the vehicle",
        "out of service: 甲站", "no road within 500 m: 甲院、乙院",
        "3 for promised = 4 under [rescue]: no place keeps that promise, so no road is a weak link",
        "no lawful way for 汽油 from 甲 to 乙. The fastest way of 3.2 min would break: weight limit 5 t (0.20 km: R1).",
        "甲: no road near it is open to hazmat trucks; the nearest, 12 m away: width limit 2 m.",
        "'甲': nothing is called so. Write LON,LAT or an id.",
        "red: each quarter; no visit known; not planned: no time left: 2 teams, 5 days of 6 h",
        "not planned: there, the visit and back take longer than a day",
        "2.3e-06 per year of 1e-05, most from 甲罐; with stations, pipelines and the like 3.0e-06",
        "alarp; PLL 1.2e-03 per year, worst outcome 12 deaths",
    ],
)  # fmt: skip
def test_sentences_the_city_does_not_make(text):
    assert english(text) == []
    assert phrase(text) != text


def test_a_clause_is_told_in_the_language_of_its_page():
    row = {"standard": "GB 50028", "edition": "2006 (2020)", "clause": "T6.3.3-1"}
    assert rule_words(row, "zh") == "GB 50028-2006 (2020) 表 6.3.3-1"
    assert rule_words(row, "en") == "GB 50028-2006 (2020) T6.3.3-1"


def test_households_are_told_in_digits():
    assert [counted(n) for n in (27143.0, 120.4, 15.2, 1 / 3)] == [
        "27143 households", "120 households", "15.2 households", "0.333 households",
    ]  # fmt: skip
