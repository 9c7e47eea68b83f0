"""Areas of responsibility and gaps: exact cuts, parts that add up, numbers that are those of coverage."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from conftest import CRS, SPEEDS, points_of, roads_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_closest import cases
from test_turns import split_cases

from geo_risk.grid import grid_of
from geo_risk.routing import catchments, gaps
from geo_risk.routing.coverage import coverage
from geo_risk.routing.facilities import facility_starts
from geo_risk.routing.first import first_at, first_starts, stretches
from geo_risk.routing.ground import areas_of, ground_of, joined_specks, without_specks
from geo_risk.routing.network import build_network
from geo_risk.routing.reach import Starts, arrival_ms, node_times
from geo_risk.routing.snap import Snapped
from geo_risk.schema import RESULTS

LINE = [[(0, 0), (1000, 0)], [(1000, 0), (2000, 0)]]


def test_the_road_is_cut_where_both_are_as_fast():
    network = build_network(roads_of(*LINE), speeds=SPEEDS)
    # The second needs 60 s more to turn out: it is as fast at 1,200 m - 300 m = 900 m... from the west, 0.1 s a metre.
    stations = points_of((0, 0), (2000, 0), kind=["fire_station"] * 2, turnout_s=[0.0, 60.0])
    _, starts, _ = facility_starts(network, stations, ("fire_station",))
    cut = stretches(network, first_starts(network, starts), starts)
    at = [(int(o), float(a) + 1000 * int(e), float(b) + 1000 * int(e)) for o, e, a, b in zip(*cut[:4], strict=True)]
    assert at == [(0, 0.0, 1000.0), (0, 1000.0, 1300.0), (1, 1300.0, 2000.0)]  # 130 s = 60 s + 70 s
    assert cut.end_ms.tolist() == pytest.approx([100_000, 130_000, 60_000])


@given(st.one_of(cases(), split_cases()), st.integers(1, 3), st.integers(0, 10**6))
@settings(max_examples=100, deadline=None)
def test_every_spot_lies_in_the_stretch_of_whoever_is_first(case, n, seed):
    network, at = case
    starts = Starts(at.take(slice(0, n)), np.array([0.0, 15_000.0, 3_000.0])[: min(n, len(at))])
    first = first_starts(network, starts)
    cut = stretches(network, first, starts)
    rng = np.random.default_rng(seed)
    edge = rng.integers(0, len(network.metres), 60)
    offset = rng.uniform(0.01, 0.99, 60) * network.metres[edge]
    spots = Snapped(np.zeros((60, 2)), edge, offset, np.zeros(60))
    all_ms = np.concatenate(
        [arrival_ms(network, times, starts.take(block), spots)[0] for block, times in node_times(network, starts)]
    )
    ms, owner = first_at(network, first, starts, spots)
    assert ms == pytest.approx(all_ms.min(axis=0))
    for i in range(60):
        (row,) = np.flatnonzero((cut.edge == edge[i]) & (cut.begin_m < offset[i]) & (cut.end_m >= offset[i]))
        if np.isinf(ms[i]):
            assert owner[i] == cut.owner[row] == -1
            continue
        share = (offset[i] - cut.begin_m[row]) / (cut.end_m[row] - cut.begin_m[row])
        assert cut.begin_ms[row] + share * (cut.end_ms[row] - cut.begin_ms[row]) == pytest.approx(ms[i], abs=0.01)
        for found in (owner[i], cut.owner[row]):
            assert all_ms[found, i] == pytest.approx(ms[i], abs=0.01)
    whole = np.bincount(cut.edge, cut.end_m - cut.begin_m, minlength=len(network.metres))
    assert whole == pytest.approx(network.metres, abs=1e-5)


@given(st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_areas_of_cells_are_a_partition(seed):
    rng = np.random.default_rng(seed)
    values = np.kron(rng.integers(0, 4, (6, 7)), np.ones((5, 5), int)).astype(np.int32)
    network = build_network(roads_of(*LINE), speeds=SPEEDS)
    grid = ground_of(network, shapely.box(0, 0, 1650, 1400)).grid
    values = values[: grid.shape[0], : grid.shape[1]]
    values = np.pad(values, [(0, grid.shape[0] - values.shape[0]), (0, grid.shape[1] - values.shape[1])], mode="edge")
    areas = areas_of(values, grid, 5)
    assert shapely.is_valid(areas).all()
    assert shapely.coverage_is_valid(areas)
    assert shapely.area(areas).sum() == pytest.approx(values.size * grid.cell_m**2)
    assert areas[4].is_empty


@pytest.fixture
def town():
    """A street with two stations, people along it and off it, two districts that leave a strip out."""
    roads = roads_of(*LINE, [(1000, 0), (1000, 1500)], [(9000, 0), (9100, 0)], name=["甲路", "乙路", "丙路", "岛"])
    network = build_network(roads, speeds=SPEEDS)
    stations = points_of((0, 0), (2000, 0), kind=["fire_station"] * 2, turnout_s=[0.0, 60.0])
    people = points_of(
        (100, 0), (1400, 50), (1000, 1500), (9050, 0), (500, 4000), persons=[10.0, 20.0, 30.0, 40.0, 50.0]
    )
    places = points_of((1900, 0), (1000, 1400))
    districts = gpd.GeoDataFrame(
        {"id": ["d1", "d2", "c"], "name": ["甲镇", "乙镇", "市"], "level": ["township", "township", "city"]},
        geometry=[shapely.box(a, -500, b, 2000) for a, b in ((-500, 1000), (1000, 2400), (-500, 2500))],
        crs=CRS,
    )
    return network, stations, people, places, districts, shapely.box(-500, -500, 2500, 2000)


def found_in(town, limits=(2.0, 4.0)):
    network, stations, people, places, districts, boundary = town
    spots = catchments.spots_of(network, {"crowded_places": places}, people)
    ground = ground_of(network, boundary)
    served = catchments.served(network, stations, "fire_station", spots, ground)
    own = catchments.catchments(network, "fire_station", "typical", served, boundary, spots, ground)
    shares = coverage(
        network, stations, {"crowded_places": places}, people, districts, limits_min=limits, kinds=("fire_station",)
    )
    units = gaps.districts_of(districts, boundary)
    late = gaps.gaps(served, "fire_station", "typical", limits, shares, units, spots, ground, CRS)
    return own, late, shares


def test_catchments_add_up_and_name_the_worst_place(town):
    own, _, _ = found_in(town)
    assert [*RESULTS["catchments"].names, "geometry"] == own.columns.tolist()
    assert own.area.sum() == pytest.approx(town[5].area)
    assert own["people"].tolist() == [40.0, 20.0, 90.0]  # the island and the far house are nobody's
    assert own["places"].tolist() == [1.0, 1.0, 0.0]
    assert own["road_km"].tolist() == pytest.approx([2.8, 0.7, 0.1])
    assert own["facility_id"].tolist() == ["p0", "p1", ""]
    west = own.iloc[0]
    assert (west["worst_place"], west["worst_min"]) == ("name 1", pytest.approx(240 / 60))
    assert west["farthest_min"] == pytest.approx(250 / 60)
    assert west["mean_min"] == pytest.approx((10 * 10 + 30 * 250) / 40 / 60)
    assert west.geometry.contains(shapely.Point(1200, 20))
    assert own.iloc[1].geometry.contains(shapely.Point(1400, 20))


def test_gaps_are_what_coverage_leaves(town):
    _, late, shares = found_in(town)
    assert [*RESULTS["gaps"].names, "geometry"] == late.columns.tolist()
    region = shares[shares["district_id"] == ""].assign(late=shares["total"] - shares["covered"])
    people = region[region["target"] == "people"].set_index("limit_min")["late"]
    assert late.groupby("limit_min")["people"].sum().to_dict() == people.to_dict() == {2.0: 140.0, 4.0: 120.0}
    two = late[late["limit_min"] == 2.0].set_index("district_id")
    assert two.loc["d2", ["people", "people_share"]].tolist() == [20.0, 1.0]
    assert two.loc["outside:township", "people"] == 90.0
    small, large = (late[late["limit_min"] == limit].union_all() for limit in (4.0, 2.0))
    assert small.difference(large).area < 1e-6
    assert not large.contains(shapely.Point(500, 20))  # 50 s from the west
    assert large.contains(shapely.Point(1000, 1000))  # 200 s
    assert not small.contains(shapely.Point(1000, 1000))
    assert small.contains(shapely.Point(300, 1800))  # no road within 500 m


def test_without_districts_the_region_is_one(town):
    network, stations, people, places, _, boundary = town
    _, late, _ = found_in((network, stations, people, places, None, boundary))
    assert late["district_id"].unique().tolist() == [""]
    assert late["people"].tolist() == [140.0, 120.0]


def test_a_kind_without_facilities_leaves_everything(town):
    network, stations, people, places, districts, boundary = town
    own, late, _ = found_in((network, stations.iloc[:0], people, places, districts, boundary))
    assert own[["facility_id", "people"]].to_numpy().tolist() == [["", 150.0]]
    assert pd.isna(own["farthest_min"].iloc[0])
    assert late[late["limit_min"] == 4.0]["area_km2"].sum() * 1e6 == pytest.approx(boundary.area)


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_a_border_through_the_cells_leaves_no_slivers(seed):
    """The smallest piece of an area cut to a crooked border is a cell; together they are still the ground within it."""
    rng = np.random.default_rng(seed)
    grid = grid_of((0.0, 0.0, 1500.0, 1500.0), 50.0, CRS)
    values = np.kron(rng.integers(0, 4, (6, 6)), np.ones((5, 5))).astype(np.int32)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 40))
    radius = rng.uniform(300, 740, 40)[:, None]
    border = shapely.Polygon(750 + radius * np.column_stack([np.cos(angle), np.sin(angle)])).buffer(0)
    cut = shapely.intersection(areas_of(values, grid, 4), border)
    shapes = joined_specks(cut, 2500.0)
    assert shapely.is_valid(shapes).all()
    assert shapely.area(shapes).sum() == pytest.approx(border.area, rel=1e-9)
    assert shapely.area(shapely.union_all(shapes)) == pytest.approx(border.area, rel=1e-9)  # no overlap
    pieces = shapely.get_parts(shapes)
    alone = [p for p in pieces if shapely.area(p) < 2500.0]
    for piece in alone:  # only where the border itself pinches it off from all larger ones
        others = shapely.union_all([p for p in pieces if shapely.area(p) >= 2500.0])
        assert shapely.length(shapely.intersection(shapely.boundary(piece), others)) < 1e-6
    left = without_specks(cut, 2500.0)
    assert all(shapely.area(p) >= 2500.0 for p in shapely.get_parts(left))
    lost = shapely.get_parts(cut)[shapely.area(shapely.get_parts(cut)) < 2500.0]
    assert shapely.area(left).sum() == pytest.approx(shapely.area(cut).sum() - shapely.area(lost).sum())


def test_a_sliver_goes_to_the_neighbour_of_its_longest_border():
    """By hand: a strip of 1 m x 100 m between two areas, 60 m of it along the left one and 40 m along the right."""
    strip = shapely.box(100, 0, 101, 100)
    left, right = shapely.box(0, 40, 100, 100), shapely.box(101, 0, 200, 40)
    own = shapely.MultiPolygon([shapely.box(300, 0, 400, 100), strip])
    shapes = joined_specks(np.array([left, right, own], object), 2500.0)
    assert shapely.area(shapes) == pytest.approx([6000 + 100, 3960, 10_000])
    assert without_specks(np.array([own], object), 2500.0)[0].area == pytest.approx(10_000)
