"""Sums that must agree: by hand, for tilings with gaps and overlaps, and when they do not."""

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.analysis.balance import (
    Balance,
    area_balances,
    balance_table,
    count_balance,
    excess,
    once,
    residents_balance,
)
from geo_risk.analysis.zones import zones
from geo_risk.errors import InputError
from geo_risk.grid import Grid
from geo_risk.schema import RESULTS

CRS = "EPSG:4549"
GRID = Grid(CRS, 0.0, 1000.0, 100.0, (10, 10))
RNG = np.random.default_rng(7)
GRADE = RNG.integers(0, 5, (10, 10)).astype(np.uint8)
PERSONS = RNG.random((10, 10)) * 50


def cells(*areas):
    return zones(np.array(areas, object), GRID)


def districts(**areas) -> gpd.GeoDataFrame:
    level = ["city" if name == "city" else "township" for name in areas]
    parent = [None if name == "city" else "city" for name in areas]
    columns = {"id": list(areas), "name": list(areas), "level": level, "parent_id": parent}
    return gpd.GeoDataFrame(columns, geometry=list(areas.values()), crs=CRS)


def test_gap_and_overlap_by_hand():
    whole = shapely.box(0, 0, 1000, 1000)
    west, east = shapely.box(0, 0, 400, 1000), shapely.box(350, 0, 900, 1000)
    frame = districts(city=whole, west=west, east=east)
    found = cells(*frame.geometry)
    table = balance_table(area_balances(frame, found, cells(whole), GRADE, GRID.cell_m, PERSONS))
    assert list(table.columns) == list(RESULTS["balance"].names)
    towns = table[(table["what"] == "region by township") & (table["unit"] == "km2")]
    assert towns["whole"].sum() == pytest.approx(1)
    assert towns["parts"].sum() == pytest.approx(0.95)
    assert towns["outside"].sum() == pytest.approx(0.1)  # east of 900
    assert towns["overlap"].sum() == pytest.approx(0.05)  # 350 to 400
    people = table[(table["what"] == "city by its districts") & (table["unit"] == "persons")]
    assert people["whole"].sum() == pytest.approx(PERSONS.sum())
    assert people["outside"].sum() == pytest.approx(PERSONS[:, 9].sum())


box = st.tuples(*[st.floats(-200, 1200)] * 4).map(lambda b: shapely.box(*b))


@settings(max_examples=60, deadline=None)
@given(st.lists(box, min_size=1, max_size=5), box)
def test_the_sums_hold_for_any_parts_of_any_whole(parts, whole):
    frame = districts(city=whole, **{f"t{i}": part for i, part in enumerate(parts)})
    rows = area_balances(frame, cells(*frame.geometry), cells(whole), GRADE, GRID.cell_m, PERSONS)
    table = balance_table(rows)
    km2 = table[(table["what"] == "city by its districts") & (table["unit"] == "km2")]
    here = shapely.intersection(whole, shapely.box(*GRID.bounds)).area / 1e6
    assert km2["whole"].sum() == pytest.approx(here, abs=1e-9)
    assert (table[["outside", "overlap"]] >= 0).all(axis=None)


def test_a_sum_that_does_not_hold_stops_the_run():
    good = Balance("region by township", "area in red", "km2", 5.0, 4.0, 1.5, 0.5)
    assert good.difference == 0
    with pytest.raises(InputError, match=r"region by township: area in red do not add up.*-1\.000000 remain"):
        balance_table([good, dataclasses.replace(good, parts=3.0)])
    with pytest.raises(InputError, match="do not add up"):
        balance_table([dataclasses.replace(good, parts=np.nan)])


def test_a_lost_run_of_cells_is_noticed():
    whole = shapely.box(0, 0, 1000, 1000)
    frame = districts(city=whole, west=shapely.box(0, 0, 500, 1000), east=shapely.box(500, 0, 1000, 1000))
    found, region = cells(*frame.geometry), cells(whole)
    rows = area_balances(frame, found, region, GRADE, GRID.cell_m, PERSONS)
    balance_table(rows)
    lost = dataclasses.replace(rows[7], parts=rows[7].parts * 0.99)
    with pytest.raises(InputError):
        balance_table([*rows, lost])


def test_overlapping_boundaries_are_one():
    two = cells(shapely.box(0, 0, 600, 1000), shapely.box(400, 0, 1000, 1000))
    assert once(two).cells().sum() == pytest.approx(100)
    over, under = excess(two, once(two))
    assert over.cells().sum() == pytest.approx(20)
    assert under.cells().sum() == 0


def test_enterprises_by_group_and_without():
    graded = pd.DataFrame({"grade": pd.array([4, 3, 3, 1, None], dtype="Int64")})
    rows = count_balance("by trade", graded, pd.Series(["a", "b", None, "a", "b"]))
    told = {row.quantity.split()[-1]: (row.whole, row.parts, row.outside) for row in rows}
    assert told == {"red": (1, 1, 0), "orange": (2, 1, 1), "yellow": (0, 0, 0), "blue": (1, 1, 0), "none": (1, 1, 0)}
    balance_table(rows)


def test_residents_inside_around_and_beyond():
    region = cells(shapely.box(0, 0, 500, 1000))
    row = residents_balance(float(PERSONS.sum()) + 9, 9.0, PERSONS, region, GRADE)
    assert row.parts == pytest.approx(PERSONS[:, :5].sum())
    assert row.outside == pytest.approx(PERSONS[:, 5:].sum() + 9)
    balance_table([row])
    with pytest.raises(InputError, match="residents"):
        balance_table([residents_balance(float(PERSONS.sum()) + 50, 9.0, PERSONS, region, GRADE)])
