"""States of hidden dangers at the data date, by hand; counts that reconcile; the density."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo_risk.analysis.dangers import danger_counts, danger_density, danger_places, last_day
from geo_risk.grid import grid_of

CRS = "EPSG:4550"
AS_OF = "2026-06-30"


def layer(*rows: dict) -> gpd.GeoDataFrame:
    columns = ("name", "enterprise_id", "enterprise_name", "found_date", "due_date", "state", "level", "supervised",
               "closed_date")  # fmt: skip
    frame = pd.DataFrame([{c: r.get(c) for c in columns} | {"id": f"D{n}"} for n, r in enumerate(rows)])
    places = [r.get("at", shapely.Point(500_050, 3_500_050)) for r in rows]
    return gpd.GeoDataFrame(frame, geometry=places, crs=CRS)


# found, due, closed, state as written -> state, days overdue, what is wrong
CASES = [
    ("2026-06-01", "2026-07-15", None, "open", "open", 0, None),
    ("2026-05-01", "2026-06-30", None, "open", "open", 0, None),  # due today is not overdue
    ("2026-05-01", "2026-06-29", None, "open", "overdue", 1, None),
    ("2026-05-01", "2026-06", None, "open", "open", 0, None),  # a month ends with its last day
    ("2026-05-01", "2026-05", None, None, "overdue", 30, None),
    ("2026-05-01", None, None, "overdue", "overdue", None, None),
    ("2026-05-01", "2026-07-15", None, "overdue", "overdue", None, "written as overdue, and due only on 2026-07-15"),
    ("2026-05-01", "2026-06-01", "2026-05-20", None, "closed", None, None),
    ("2026-05-01", "2026-06-01", None, "closed", "closed", None, None),
    ("2026-05-01", "2026-06-01", "2026-07-02", "closed", "overdue", 29, "closed on 2026-07-02, after the data date"),
    ("2026-05-01", "2026-06-01", "2026-05-20", "open", "overdue", 29, "written as open and as closed on 2026-05-20"),
    ("2026-05-01", None, "2026-04-20", "closed", "closed", None, "closed on 2026-04-20, before it was found"),
    ("2026-05-01", "2026-04-01", None, "open", "overdue", 90, "due on 2026-04-01, before it was found"),
    ("2026-08-01", "2026-09-01", None, "open", "open", 0, "found on 2026-08-01, after the data date"),
    (None, None, None, None, "open", None, None),  # what is not known to be closed is open
    ("sometime", "soon", None, "open", "open", None, None),
]


@pytest.mark.parametrize(("found", "due", "closed", "written", "state", "days", "problem"), CASES)
def test_state_at_the_data_date(found, due, closed, written, state, days, problem):
    row = danger_places(
        layer({"found_date": found, "due_date": due, "closed_date": closed, "state": written}), AS_OF
    ).iloc[0]
    assert row["state"] == state
    assert (None if pd.isna(row["days_overdue"]) else row["days_overdue"]) == days
    assert (row["problem"] is None) if problem is None else row["problem"].startswith(problem)


def test_the_state_follows_the_date_and_never_a_clock():
    rows = layer({"found_date": "2026-01-01", "due_date": "2026-03-01", "closed_date": "2026-04-01", "state": None})
    states = [danger_places(rows, day)["state"].iloc[0] for day in ("2026-02-01", "2026-03-15", "2026-04-02")]
    assert states == ["open", "overdue", "closed"]
    assert danger_places(rows, "")["state"].iloc[0] == "closed"  # without a date as written


@pytest.mark.parametrize(
    ("text", "day"),
    [("2026-04-11", "2026-04-11"), ("2026-04", "2026-04-30"), ("2024-02", "2024-02-29"), ("2026", "2026-12-31"),
     ("2026-04-11T09:30", "2026-04-11"), ("2026-12", "2026-12-31"), ("nonsense", None), ("", None)],
)  # fmt: skip
def test_last_day(text, day):
    found = last_day(text)
    assert (found and found.isoformat()) == day


def test_the_enterprise_is_found_by_id_then_by_a_name_only_one_has():
    firms = gpd.GeoDataFrame(
        {"id": ["A", "B", "C"], "name": ["甲厂", "乙厂", "乙厂"], "sector": ["化工", "食品", "纺织"]},
        geometry=[shapely.Point(0, 0)] * 3,
        crs=CRS,
    )
    grades = pd.DataFrame({"id": ["A", "B", "C"], "grade": pd.array([4, 2, None], "Int64")})
    rows = layer({"enterprise_id": "C"}, {"enterprise_name": "甲厂"}, {"enterprise_name": "乙厂"}, {})
    found = danger_places(rows, AS_OF, enterprises=firms, grades=grades)
    assert found["enterprise_id"].tolist()[:2] == ["C", "A"]
    assert found["enterprise_id"].isna().tolist() == [False, False, True, True]
    assert found["sector"].tolist()[:2] == ["纺织", "化工"]
    assert found["grade"].isna().tolist() == [True, False, True, True]
    assert found["grade"].iloc[1] == 4


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["open", "overdue", "closed"]),
            st.booleans(),
            st.sampled_from([0, 1, 5]),
            st.sampled_from(["化工", None]),
        ),
        max_size=25,
    )
)
def test_districts_and_trades_sum_to_the_region(rows):
    places = gpd.GeoDataFrame(
        {
            "state": [r[0] for r in rows],
            "supervised": pd.array([r[1] for r in rows], "boolean"),
            "district_id": pd.Series([str(r[2]) if r[2] < 5 else None for r in rows], dtype=object),
            "sector": pd.Series([r[3] for r in rows], dtype=object),
            "problem": pd.Series([None] * len(rows), dtype=object),
        }
    )
    counts = danger_counts(places, pd.DataFrame({"id": ["0", "1"], "name": ["东镇", "西镇"]}))
    numbers = ["n", "n_open", "n_overdue", "n_closed", "n_supervised", "n_problems"]
    by_scope = counts.groupby("scope")[numbers].sum()
    assert by_scope.loc["region", "n"] == len(rows)
    assert by_scope.loc["region", ["n_open", "n_overdue", "n_closed"]].sum() == len(rows)
    for scope in set(by_scope.index) - {"region"}:
        assert by_scope.loc[scope].tolist() == by_scope.loc["region"].tolist()


def test_the_density_holds_every_danger_and_no_closed_one():
    grid = grid_of((500_000, 3_500_000, 510_000, 3_510_000), 100.0, CRS)
    middle = shapely.Point(505_050, 3_505_050)
    rows = layer({"at": middle, "state": "open"}, {"at": middle, "state": "overdue"}, {"at": middle, "state": "closed"})
    found = danger_density(danger_places(rows, AS_OF), grid, 400.0)
    assert found.sum(dtype=float) * 0.01 == pytest.approx(2.0, rel=1e-4)  # cells of 0.01 km2
    assert found.max() == pytest.approx(2.0 / (2 * np.pi * 0.4**2), rel=0.02)  # the height of a normal density
    row, col = grid.rowcol([middle.x], [middle.y])
    assert found[row[0], col[0]] == found.max()
