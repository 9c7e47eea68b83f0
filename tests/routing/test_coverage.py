"""Shares by hand; districts add up to the region."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from conftest import CRS, SPEEDS, points_of, roads_of
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.errors import InputError
from geo_risk.routing.coverage import COLUMNS, coverage
from geo_risk.routing.network import build_network
from geo_risk.schema import RESULTS

FIRE = ("fire_station",)


def districts_of(*boxes, **columns):
    table = {"id": [f"d{i}" for i in range(len(boxes))], "level": "township"} | columns
    return gpd.GeoDataFrame(table, geometry=[shapely.box(*box) for box in boxes], crs=CRS)


@pytest.fixture
def street():
    """2,000 m of street with a station at its western end (no turnout), and an island road."""
    network = build_network(roads_of([(0, 0), (2000, 0)], [(0, 9000), (100, 9000)]), speeds=SPEEDS)
    return network, points_of((0, 0), kind=["fire_station"], turnout_s=[0.0])


def test_people_and_places_within_the_limit(street):
    network, station = street
    people = points_of((300, 0), (900, 0), (1500, 0), (50, 9000), (5000, 5000), persons=[10.0, 20.0, 30.0, 4.0, 1.0])
    places = points_of((600, 0), (1300, 0))
    zones = districts_of((-100, -100, 1000, 100), (1000, -100, 2100, 100), (40, 8000, 60, 9500))
    table = coverage(network, station, {"crowded_places": places}, people, zones, limits_min=[1, 2], kinds=FIRE)
    rows = table.set_index(["target", "limit_min", "district_id"])[["total", "covered", "unreachable"]].sort_index()
    # 60 s are 600 m (one place exactly there), 120 s are 1,200 m.
    assert rows.loc[("people", 1.0)].to_dict("index") == {
        "": {"total": 65, "covered": 10, "unreachable": 5},
        "d0": {"total": 30, "covered": 10, "unreachable": 0},
        "d1": {"total": 30, "covered": 0, "unreachable": 0},
        "d2": {"total": 4, "covered": 0, "unreachable": 4},
        "outside:township": {"total": 1, "covered": 0, "unreachable": 1},
    }
    assert rows.loc[("people", 2.0, "d0"), "covered"] == 30
    assert rows.loc[("crowded_places", 1.0, ""), "covered"] == 1
    assert ("crowded_places", 1.0, "outside:township") not in rows.index
    share = table.set_index(["target", "limit_min", "district_id"])["share"].sort_index()
    assert share["people", 2.0, ""] == pytest.approx(30 / 65)
    assert np.isnan(share["crowded_places", 1.0, "d2"])


def test_columns_and_empty_inputs(street):
    network, station = street
    table = coverage(network, station.iloc[:0], {"hazard_sources": points_of((0, 0))}, kinds=("fire_station",))
    assert table.columns.tolist() == list(COLUMNS)
    assert set(RESULTS["coverage"].names) <= set(COLUMNS)
    assert table[["total", "covered", "unreachable"]].to_numpy().tolist() == [[1, 0, 1]] * 3
    assert coverage(network, station, {}).empty


def test_levels_are_counted_apart_and_borders_once(street):
    network, station = street
    townships = districts_of((-10, -10, 500, 10), (500, -10, 2010, 10))
    county = districts_of((-10, -10, 2010, 10), id=["c"], level="county")
    zones = pd.concat([townships, county], ignore_index=True)
    table = coverage(network, station, {"p": points_of((500, 0), (100, 0))}, None, zones, limits_min=[5], kinds=FIRE)
    assert dict(zip(table["district_id"], table["total"], strict=True)) == {"": 2, "c": 2, "d0": 2, "d1": 0}


def test_bad_population_and_districts_are_refused(street):
    network, station = street
    with pytest.raises(InputError, match="'persons' has -3 in row 1"):
        coverage(network, station, {}, points_of((0, 0), (1, 0), persons=[1.0, -3.0]))
    with pytest.raises(InputError, match="no column 'persons'"):
        coverage(network, station, {}, points_of((0, 0)))
    with pytest.raises(InputError, match="row 0 has no id"):
        coverage(network, station, {"p": points_of((0, 0))}, None, districts_of((0, 0, 1, 1), id=[None]))


@given(st.lists(st.tuples(st.floats(-200, 2200), st.floats(-700, 700), st.integers(0, 99)), min_size=1, max_size=30))
@settings(max_examples=30, deadline=None)
def test_districts_add_up_and_longer_limits_cover_more(people):
    network = build_network(roads_of([(0, 0), (2000, 0)]), speeds=SPEEDS)
    station = points_of((0, 0), kind=["fire_station"])
    frame = points_of(*[(x, y) for x, y, _ in people], persons=[n for _, _, n in people])
    zones = districts_of((-100, -100, 1000, 900), (900, -900, 2100, 100))  # they overlap on purpose
    table = coverage(network, station, {}, frame, zones, limits_min=[2, 4, 8], kinds=FIRE)
    region = table[table["district_id"] == ""]
    assert region["covered"].is_monotonic_increasing
    parts = table[table["district_id"] != ""].groupby("limit_min")[["total", "covered", "unreachable"]].sum()
    np.testing.assert_allclose(parts, region.set_index("limit_min")[["total", "covered", "unreachable"]])
