"""Own setback rules: every problem with file, row, column, value; good rows survive; bands against each other."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.analysis.conditions import bounds, demands, prepare
from geo_risk.analysis.rule_sets import known_classes, rule_library, rules_for, with_own
from geo_risk.analysis.source_classes import classify_hazard
from geo_risk.analysis.target_classes import classify_target
from geo_risk.errors import InputError
from geo_risk.layers.own_rules import Classes, load_rules
from geo_risk.layers.quality import quality_json

LIBRARY = rule_library()
CLASSES = Classes.of(known_classes())
ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "rule_id": "A1",
    "source_class": "tank_AB_liquid",
    "target_classes": "crowded_place",
    "distance_m": "50",
    "standard": "DB 1",
    "edition": "2024",
    "clause": "5",
    "confidence": "V",
    "source": "read",
}


def load(tmp_path, *rows, name="own.csv"):
    pd.DataFrame([{**GOOD, "rule_id": f"A{i}", **row} for i, row in enumerate(rows, 1)]).to_csv(
        tmp_path / name, index=False
    )
    frame, (report,) = load_rules([(tmp_path / name, None)], LIBRARY, CLASSES)
    return frame, report


def told(report):
    return [(i.row, i.code, i.column, i.value, i.detail) for i in report.issues]


@pytest.mark.parametrize(
    ("row", "code", "column", "value", "detail"),
    [
        ({"distance_m": "50 km"}, "rule_distance", "distance_m", "50 km", "unit km"),
        ({"distance_m": "0.05公里"}, "rule_distance", "distance_m", "0.05公里", "unit 公里"),
        ({"distance_m": "0,05"}, "rule_distance", "distance_m", "0,05", "decimal point, not comma"),
        ({"distance_m": "0"}, "rule_distance", "distance_m", "0", "not above 0"),
        ({"distance_m": "-5"}, "rule_distance", "distance_m", "-5", "not one number"),
        ({"distance_m": "50-70"}, "rule_distance", "distance_m", "50-70", "not one number"),
        ({"distance_m": ""}, "rule_distance", "distance_m", "", "not one number"),
        ({"reduced_m": "50"}, "rule_distance", "reduced_m", "50", "not below the distance itself"),
        ({"source_class": "tank_AB_liqiud"}, "rule_class", "source_class", "tank_AB_liqiud", "tank_AB_liquid"),
        ({"target_classes": "crowded_place|hopsital"}, "rule_class", "target_classes", "hopsital", "hospital"),
        ({"target_classes": "码头"}, "rule_class", "target_classes", "码头", ""),  # a jetty, or full of passengers
        ({"source_class": ""}, "rule_class", "source_class", "", ""),
        ({"lower": "10", "upper": "50"}, "rule_bound", "lower", "10", "quantity"),
        ({"quantity": "volume_m3", "lower": "50", "upper": "50"}, "rule_bound", "upper", "50", "lower bound 50"),
        ({"quantity": "volume_m3", "lower": "ten"}, "rule_bound", "lower", "ten", "one number"),
        ({"quantity": "weight of it"}, "rule_word", "quantity", "weight of it", "volume_m3, quantity_t, none"),
        ({"confidence": "sure"}, "rule_word", "confidence", "sure", "V, MC, MU"),
        ({"in_force": "soon"}, "rule_date", "in_force", "soon", ""),
        ({"in_force": "2024"}, "rule_date", "in_force", "2024", ""),
        ({"standard": ""}, "rule_provenance", "standard", "", ""),
        ({"source": " "}, "rule_provenance", "source", "", ""),
        ({"rule_id": "SB001"}, "rule_id_taken", "rule_id", "SB001", "a built-in rule"),
        ({"rule_id": "GC001"}, "rule_id_taken", "rule_id", "GC001", "a built-in rule"),
        ({"rule_id": "good"}, "rule_id_taken", "rule_id", "good", "row 2 of own.csv"),
    ],
)
def test_a_bad_row_is_told_and_the_good_one_survives(tmp_path, row, code, column, value, detail):
    frame, report = load(tmp_path, {"rule_id": "good", "clause": "9"}, row)
    assert frame["rule_id"].tolist() == ["good"]
    assert (report.rows_read, report.rows_kept, report.rows_rejected) == (2, 1, 1)
    (issue,) = report.issues
    assert (issue.file, issue.row, issue.code, issue.column, issue.value) == ("own.csv", 3, code, column, value)
    assert detail in issue.detail
    assert all(issue.suggestion)
    assert issue.problem
    assert "{" not in issue.problem_zh


@pytest.mark.parametrize("text", ["50", "50.0", "50 m", "50米", "５０"])
def test_distances_in_metres(tmp_path, text):
    frame, report = load(tmp_path, {"distance_m": text})
    assert frame["distance_m"].tolist() == [50.0]
    assert not report.issues


def test_chinese_headers_and_words(tmp_path):
    (tmp_path / "own.csv").write_text(
        "规则编号,源类别,目标类别,距离,分档依据,下限,上限,标准,版本,条款,可信度,来源\n"
        "一,加油站,医院、幼儿园,50,容积,10,90,市规,2024,5,已核实,读过\n"
        "二,甲类厂房,人员密集场所,60,,,,市规,2024,6,未核实,读过\n",
        encoding="gbk",
    )
    frame, (report,) = load_rules([(tmp_path / "own.csv", None)], LIBRARY, CLASSES)
    assert frame["source_class"].tolist() == ["hazard_sources:filling_station", "class_A_workshop"]
    assert frame["target_classes"].tolist() == ["crowded_places:hospital|crowded_places:kindergarten", "crowded_place"]
    assert frame[["quantity", "lower", "upper"]].values.tolist()[0] == ["volume_m3", 10, 90]
    assert frame["confidence"].tolist() == ["V", "MU"]
    assert [c for _, c, *_ in told(report) if c != "encoding"] == []


def test_a_workbook_and_its_sheet(tmp_path):
    with pd.ExcelWriter(tmp_path / "own.xlsx") as book:
        pd.DataFrame([{"甲": 1}]).to_excel(book, sheet_name="说明", index=False)
        pd.DataFrame([{**GOOD, "distance_m": 50}]).to_excel(book, sheet_name="规则", index=False)
    frame, _ = load_rules([(tmp_path / "own.xlsx", "规则")], LIBRARY, CLASSES)
    assert frame["distance_m"].tolist() == [50.0]


def test_without_confidence_it_only_warns_and_without_id_it_gets_one(tmp_path):
    frame, report = load(tmp_path, {"rule_id": "", "confidence": ""})
    assert frame["confidence"].tolist() == ["MU"]
    assert {i.code for i in report.issues} == {"rule_id_made", "rule_unverified"}
    again, _ = load(tmp_path, {"clause": "other"}, {"rule_id": "", "confidence": ""})
    assert again["rule_id"].tolist()[1] == frame["rule_id"].tolist()[0], (
        "the id follows from the content, not the place"
    )


def test_missing_columns_are_named(tmp_path):
    (tmp_path / "own.csv").write_text("rule_id,source_class,standard\nA,tank_AB_liquid,x\n")
    with pytest.raises(InputError, match=r"own\.csv: no column for target_classes \(目标类别\), distance_m \(距离\)"):
        load_rules([(tmp_path / "own.csv", None)], LIBRARY, CLASSES)


def band(lower, upper, distance=50, **more):
    return {"quantity": "volume_m3", "lower": lower, "upper": upper, "distance_m": distance, **more}


@pytest.mark.parametrize(
    ("rows", "codes", "confidence"),
    [
        ([band(0, 50, 10), band(50, 90, 20)], [], ["V", "V"]),
        ([band(0, 50, 10), band(40, 90, 20)], ["rule_contradiction"], ["MU", "MU"]),
        ([band(0, 50, 10), band(40, 90, 10)], ["rule_overlap"], ["V", "V"]),
        ([band(0, 50, 10), band(60, 90, 20)], ["rule_gap"], ["V", "V"]),
        # both leave out 50 itself; both hold it
        ([band(0, 50, 10), band(50, 90, 20, lower_inclusive=0)], ["rule_gap"], ["V", "V"]),
        ([band(0, 50, 10, upper_inclusive=1), band(50, 90, 20)], ["rule_contradiction"], ["MU", "MU"]),
        ([{"distance_m": 10}, {"distance_m": 20}], ["rule_contradiction"], ["MU", "MU"]),
        # a rule without bounds holds for every volume
        ([{"distance_m": 10}, band(0, 50, 20)], ["rule_contradiction"], ["MU", "MU"]),
        # another clause, another target, or one after the other
        ([{"distance_m": 10}, {"distance_m": 20, "clause": "6"}], [], ["V", "V"]),
        ([{"distance_m": 10}, {"distance_m": 20, "target_classes": "road"}], [], ["V", "V"]),
        ([{"distance_m": 10, "ends": "2024-01-01"}, {"distance_m": 20, "in_force": "2024-01-01"}], [], ["V", "V"]),
        ([{"distance_m": 10, "ends": "2024-01-02"}, {"distance_m": 20, "in_force": "2024-01-01"}],
         ["rule_contradiction"], ["MU", "MU"]),
        # volumes and stocks say nothing about each other; several targets in common are told once
        ([band(0, 50, 10), {**band(0, 50, 20), "quantity": "quantity_t"}], [], ["V", "V"]),
        ([{"distance_m": 10, "target_classes": "road|village"}, {"distance_m": 20, "target_classes": "village|road"}],
         ["rule_contradiction"], ["MU", "MU"]),
    ],
)  # fmt: skip
def test_bands_against_each_other(tmp_path, rows, codes, confidence):
    frame, report = load(tmp_path, *rows)
    assert [i.code for i in report.issues] == codes
    assert frame["confidence"].tolist() == confidence
    assert all(i.row == 3 for i in report.issues)


def test_a_gap_names_what_no_row_holds(tmp_path):
    _, report = load(tmp_path, band(100, 200, 20), band(0, 50, 10))
    assert told(report) == [(2, "rule_gap", "lower", "100.0", "50 to 100 m3")]


def test_what_the_library_says_otherwise(tmp_path):
    own = {"source_class": "hazmat_vehicle_park", "standard": "GB 55037", "clause": "3.1.3"}
    _, report = load(tmp_path, {**own, "distance_m": 60}, {**own, "distance_m": 50, "clause": "3.1.3 其他"})
    assert [(i.row, i.code, i.detail) for i in report.issues] == [(2, "rule_differs", "SB001 (50 m)")]


def test_odd_distances_and_classes_nothing_shows(tmp_path):
    _, report = load(
        tmp_path,
        {"distance_m": 0.05},
        {"distance_m": 9000, "clause": "6"},
        {"target_classes": "railway|crowded_place", "clause": "7"},
    )
    found = [(i.row, i.code, i.detail) for i in report.issues]
    assert found == [(2, "rule_scale", "0.05 m"), (3, "rule_scale", "9000 m"), (4, "rule_unseen", "railway")]


def test_the_example_is_fine_and_its_rules_apply():
    frame, (report,) = load_rules([(ROOT / "data" / "own_rules.csv", None)], LIBRARY, CLASSES)
    assert report.rows_rejected == 0
    assert not [i for i in report.issues if i.code != "rule_id_made"]
    rules = prepare(rules_for(with_own(LIBRARY, frame), day="2026-01-01").query("switched == ''"))
    park = classify_hazard({"kind": "hazmat_parking"}, "").options
    school = classify_target("crowded_places", {"kind": "primary_school", "capacity": 100.0}).target
    found = bounds(demands(park, rules), school, rules)
    assert (found.low, found.high) == (100, 100)
    assert rules.frame["rule_id"].iloc[found.low_rule] == "XY-01"


DAYS = ("2024-12-31", "2025-01-01", "2026-01-01", "")


def test_own_rules_come_and_go_with_their_dates(tmp_path):
    own, _ = load(tmp_path, {"in_force": "2025-01-01", "ends": "2026-01-01"})
    both = with_own(LIBRARY, own)
    assert len(both) == len(LIBRARY) + 1
    applied = [
        rules_for(both, day=d).iloc[-1]["switched"] == "" for d in ("2024-12-31", "2025-01-01", "2026-01-01", "")
    ]
    assert applied == [False, True, False, True]
    assert rules_for(both, standards=("GB 50016",)).iloc[-1]["switched"] == "", "own rules apply unless off"
    assert rules_for(both, off=("DB 1-2024",)).iloc[-1]["switched"] != ""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(sorted(GOOD)), st.text(max_size=12)), min_size=1, max_size=4))
def test_no_row_vanishes_whatever_it_says(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("own")
    table = pd.DataFrame([{**GOOD, **row} for row in rows])
    table.to_json(folder / "own.json", orient="records", force_ascii=True)
    pd.DataFrame(json.loads((folder / "own.json").read_text())).to_parquet(folder / "own.parquet")
    frame, (report,) = load_rules([(folder / "own.parquet", None)], LIBRARY, CLASSES)
    assert report.rows_kept == len(frame)
    assert report.rows_read == len(rows) == report.rows_kept + report.rows_rejected
    prepare(with_own(LIBRARY, frame))
    quality_json([report])
