"""Due dates of inspections by hand, own rules, working days."""

from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo_risk.analysis.inspections import inspection_dues, inspection_rules
from geo_risk.errors import GeoRiskError, SettingsError
from geo_risk.pipeline.dangers import working_days

CRS = "EPSG:4550"
START = date(2026, 6, 30)


def firms(*rows: dict) -> gpd.GeoDataFrame:
    table = pd.DataFrame([{"sector": "食品", "visited": None, "state": None} | r for r in rows])
    return gpd.GeoDataFrame(table, geometry=[shapely.Point(0, 0)] * len(rows), crs=CRS)


def grades(**by_id: int) -> pd.DataFrame:
    return pd.DataFrame({"id": list(by_id), "grade": pd.array(list(by_id.values()), "Int64")})


def one(row: dict, **more) -> pd.Series:
    return inspection_dues(firms({"id": "A", "name": "甲厂"} | row), START, **more).iloc[0]


@pytest.mark.parametrize(
    ("grade", "sector", "visited", "rule", "due"),
    [
        (4, "食品", "2026-05-01", "grade-red", "2026-07-30"),  # 90 days
        (3, "食品", "2026-01-01", "grade-orange", "2026-06-30"),  # 180
        (2, "食品", "2026-01-01", "grade-yellow", "2027-01-01"),  # 365
        (1, "食品", "2026-01-01", "grade-blue", "2028-12-31"),  # 1095
        (4, "化工", "2026-05-01", "hazmat-red", "2026-06-30"),  # 60, the shorter of two that fit
        (3, "木器家具", "2026-05-01", "industry-orange", "2026-08-29"),  # 120
        (None, "化工", "2026-01-01", "grade-none", "2027-01-01"),
        (2, "食品", None, "grade-yellow", "2026-06-30"),  # no visit known: at the start
        (2, "食品", "2026-07-05", "grade-yellow", "2026-06-30"),  # a visit to come is none
        (2, "食品", "2025-06", "grade-yellow", "2026-06-30"),  # a month is its last day
    ],
)
def test_due_by_grade_and_trade(grade, sector, visited, rule, due):
    known = None if grade is None else grades(A=grade)
    row = one({"sector": sector, "visited": visited}, grades=known)
    assert (row["rule"], row["due_date"]) == (rule, due)
    assert row["days_late"] == max((START - date.fromisoformat(due)).days, 0)


def test_a_visit_of_a_risk_point_counts_and_the_newest_holds():
    points = pd.DataFrame({"enterprise_id": ["A", "A", None], "visited": ["2026-03-01", "2026-04-01", "2026-06-01"]})
    row = one({"visited": "2026-01-01"}, grades=grades(A=4), points=points)
    assert (row["last_visit"], row["due_date"]) == ("2026-04-01", "2026-06-30")


def test_major_hazards_are_due_twice_a_year():
    major = pd.DataFrame({"enterprise_id": ["A", "B"], "verdict": ["major", "major"]})
    row = one({"visited": "2026-01-01"}, grades=grades(A=1), major_hazards=major)
    assert (row["rule"], row["due_date"], row["confidence"]) == ("major-hazard", "2026-06-30", "MC")


@pytest.mark.parametrize(
    ("danger", "visited", "rule", "due"),
    [
        ({"due_date": "2026-06-10"}, "2026-05-01", "danger-recheck", "2026-06-20"),
        ({"due_date": "2026-06-10"}, "2026-06-25", "danger-recheck", "2026-07-05"),  # again 10 days after that visit
        ({"supervised": True}, "2026-06-01", "danger-supervised", "2026-07-01"),
        ({"supervised": True}, None, "danger-supervised", "2026-06-30"),
        ({"due_date": "2026-06-10", "state": "closed"}, "2026-05-01", "grade-blue", "2029-04-30"),
    ],
)
def test_dangers_bring_a_visit_forward(danger, visited, rule, due):
    row = {"id": "D1", "enterprise_id": "A", "state": "open", "due_date": None, "supervised": False} | danger
    found = one({"visited": visited}, grades=grades(A=1), dangers=pd.DataFrame([row]))
    assert (found["rule"], found["due_date"]) == (rule, due)


def test_order_and_who_is_left_out():
    rows = firms(
        {"id": "blue", "name": "a", "visited": "2020-01-01"},
        {"id": "red", "name": "b", "visited": "2026-06-01"},
        {"id": "late", "name": "c", "visited": "2025-06-01"},
        {"id": "gone", "name": "d", "state": "closed"},
    )
    found = inspection_dues(rows, START, grades=grades(blue=1, red=4, late=4, gone=4))
    # 8 x (1 + 304/90), 8 x 1, 1 x (1 + 1277/1095)
    assert found["enterprise_id"].tolist() == ["late", "red", "blue"]
    assert found["priority"].tolist() == [1, 2, 3]
    assert found["days_late"].tolist() == [304, 0, 1277]


def test_own_rules_replace_and_say_where_they_come_from():
    own = {
        "rule_id": "grade-red", "what": "grade", "match": "", "grade": "4", "days": "30", "visit_min": "100",
        "weight": "9", "label": "red: each month", "standard": "plan of the county", "edition": "2026", "clause": "3",
        "confidence": "V", "source": "county plan",
    }  # fmt: skip
    rules = inspection_rules(pd.DataFrame([own]), "rules.csv")
    assert len(rules) == len(inspection_rules())
    row = one({"visited": "2026-06-10"}, grades=grades(A=4), rules=rules)
    assert (row["due_date"], row["visit_min"], row["confidence"]) == ("2026-07-10", 100, "V")
    for change, told in (
        ({"days": "soon"}, "rules.csv row 2: days = 'soon'"),
        ({"grade": "5"}, "rules.csv row 2: grade = '5'"),
        ({"grade": ""}, "rules.csv row 2: a rule of grade needs a grade"),
        ({"what": "sometimes"}, "rules.csv row 2: what = 'sometimes'"),
        ({"source": ""}, "'rules.csv' row 2: 'source' is empty"),
    ):
        with pytest.raises(GeoRiskError) as error:
            inspection_rules(pd.DataFrame([own | change]), "rules.csv")
        assert told in str(error.value)


def test_working_days():
    days = working_days(date(2026, 9, 30), 3, ["2026-10-01", "2026-10-02"])
    assert [d.isoformat() for d in days] == ["2026-09-30", "2026-10-05", "2026-10-06"]
    with pytest.raises(SettingsError, match="days_off"):
        working_days(START, 2, ["1 October"])
