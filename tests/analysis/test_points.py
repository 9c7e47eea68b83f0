"""Grades of risk points, row by row."""

import json

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.analysis.points import graded_points
from geo_risk.schema import RESULTS
from geo_risk.sections import GradingSettings

CRS = "EPSG:4549"


def points(*rows: dict) -> gpd.GeoDataFrame:
    known = {"source_file": "风险点清单.csv", "name": "甲"}
    full = [{"id": f"F{n}", "source_row": n + 2, **known, **row} for n, row in enumerate(rows)]
    frame = pd.DataFrame(full)
    if "declared_grade" in frame:
        frame["declared_grade"] = frame["declared_grade"].astype("Int64")
    return gpd.GeoDataFrame(frame, geometry=[shapely.Point(n, 0) for n in range(len(rows))], crs=CRS)


def graded(*rows: dict, **settings) -> pd.DataFrame:
    return graded_points(points(*rows), GradingSettings(**settings))


def test_columns_are_those_of_the_schema():
    out = graded({"method": "lec", "l": 3, "e": 6, "c": 15})
    assert tuple(out.columns.drop("geometry")) == RESULTS["risk_points"].names


def test_methods_and_what_is_printed_with_them():
    out = graded(
        {"method": "lec", "l": 3.0, "e": 6.0, "c": 15.0},
        {"method": "ls", "l": 4.0, "s": 5.0},
        {"method": "mes", "m": 3.0, "e": 6.0, "s": 8.0},
        {"method": "zone", "l": 4.0, "s": 2.0},
        {"method": "score", "s": 74.0},
        {"method": "major_hazard", "s": 1.0},
        {"l": 1.0, "e": 1.0, "c": 1.0},  # no method named, but L, E and C given
    )
    assert out["grade"].tolist() == [3, 4, 3, 3, 3, 4, 1]
    assert out["value"].tolist() == [270, 20, 144, 8, 74, 1, 1]
    assert out["method"].tolist() == ["lec", "ls", "mes", "zone", "score", "major_hazard", "lec"]
    assert out["reason"][0].startswith(
        "LEC (cuts worse): 270, level 2, orange [LEC, usual merge to four colours D; MC]"
    )
    assert out["variant"][1] == "A"
    assert (out["problem"] == "").all()


def test_variants_that_disagree_are_both_shown_and_the_worse_counts():
    out = graded({"method": "ls", "l": 2.0, "s": 2.0}, ls_variant=("A", "B"))
    assert json.loads(out["grades"][0]) == {"A": 1, "B": 2}
    assert out["grade"][0] == 2
    assert "LS (A): 4, level 4, blue" in out["reason"][0]
    assert "LS (B): 4, level 3, yellow" in out["reason"][0]
    alone = graded({"method": "ls", "l": 2.0, "s": 2.0})
    assert (json.loads(alone["grades"][0]), alone["grade"][0]) == ({"A": 1}, 1)
    both = graded({"method": "lec", "l": 3.0, "e": 6.0, "deaths": 2.0}, lec_consequence=("2007", "classic"))
    assert json.loads(both["grades"][0]) == {"C by deaths 2007, cuts worse": 2, "C by deaths classic, cuts worse": 4}
    assert (both["grade"][0], both["value"][0]) == (4, 720)


def test_a_score_beside_the_scale_is_told_and_the_others_survive():
    out = graded(
        {"method": "lec", "l": 4.0, "e": 6.0, "c": 15.0},
        {"method": "lec", "l": 4.0, "e": 6.0, "c": 15.0, "declared_grade": 3},
        {"method": "lec", "l": 6.0, "e": 6.0, "c": 15.0},
        {"method": "lec", "l": 6.0, "e": 6.0},
        {"method": "unheard", "l": 6.0},
        {"name": "nothing"},
    )
    assert out["grade"].tolist() == [pd.NA, 3, 4, pd.NA, pd.NA, pd.NA]
    assert out["problem"][0] == (
        "风险点清单.csv row 2: L = 4 is not on the scale of LEC: 10, 6, 3, 1, 0.5, 0.2, 0.1. Write a score of the scale"
    )
    assert "row 3" in out["problem"][1]
    assert out["reason"][1] == "declared orange"
    assert "LEC without C" in out["problem"][3]
    assert "'unheard' is not known. Known: lec, ls" in out["problem"][4]
    assert "neither scores nor a declared grade" in out["problem"][5]


def test_direct_rules_and_declared_grades():
    low = {"method": "ls", "l": 1.0, "s": 1.0}
    out = graded(
        {**low, "direct": "违反国家标准强制性条文"},
        {**low, "direct": "无"},
        {**low, "direct": "看起来很危险"},
        {**low, "declared_grade": 3},
        {**low, "declared_grade": 1},
    )
    assert out["grade"].tolist() == [4, 1, 1, 3, 1]
    assert "red outright: breach of a mandatory clause" in out["reason"][0]
    assert "看起来很危险" in out["problem"][2]
    assert out["reason"][3].endswith("declared orange; the worse counts")
    assert out["agrees"].tolist() == [pd.NA, pd.NA, pd.NA, False, True]


@settings(max_examples=20, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from([1.0, 3.0, 4.0, 6.0]), st.sampled_from([1.0, 6.0]), st.sampled_from([7.0, 40.0])),
        min_size=1,
        max_size=6,
    ),
    seed=st.randoms(use_true_random=False),
)
def test_the_order_of_rows_is_irrelevant(rows, seed):
    given_rows = [{"id": f"P{n}", "method": "lec", "l": l, "e": e, "c": c} for n, (l, e, c) in enumerate(rows)]
    mixed = list(given_rows)
    seed.shuffle(mixed)
    one, other = (graded(*r).set_index("id")["grade"].sort_index() for r in (given_rows, mixed))
    pd.testing.assert_series_equal(one, other)


@pytest.mark.parametrize("boundary", ["worse", "better"])
def test_the_side_of_a_cut_is_a_setting_and_printed(boundary):
    out = graded({"method": "lec", "l": 10.0, "e": 1.0, "c": 7.0}, boundary=boundary)
    assert out["grade"][0] == (2 if boundary == "worse" else 1)
    assert out["variant"][0] == f"cuts {boundary}"
