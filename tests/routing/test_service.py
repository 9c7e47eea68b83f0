"""Reached stretches to the metre, areas against exact buffers, larger limits contain smaller ones."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
from conftest import SPEEDS, points_of, roads_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_closest import cases

from geo_risk.errors import SettingsError
from geo_risk.routing.network import build_network
from geo_risk.routing.reach import Starts, first_arrival_ms, nearest_node_times
from geo_risk.routing.service import reached, reached_edges, service_areas, station_areas
from geo_risk.routing.snap import Snapped
from geo_risk.schema import RESULTS

FIRE = ("fire_station",)


def test_stretches_end_at_the_exact_metre(square):
    network = build_network(square, speeds=SPEEDS)
    station = points_of((500, 0), kind=["fire_station"], turnout_s=[60.0])
    # 2 min - 60 s turnout = 60 s = 600 m each way: 500 m to the corner and 100 m up both sides.
    edges = reached_edges(network, station, limits_min=[2], kinds=FIRE)
    assert edges[["road_id", "from_m", "to_m"]].to_numpy().tolist() == [
        ["r1", 900.0, 1000.0],
        ["r2", 0.0, 1000.0],
        ["r3", 0.0, 100.0],
    ]
    assert edges.geometry.length.tolist() == pytest.approx([100, 1000, 100])


def test_a_one_way_is_reached_along_its_direction_only(square):
    network = build_network(square, speeds=SPEEDS)
    station = points_of((400, 1000), kind=["fire_station"], turnout_s=[0.0])
    edges = reached_edges(network, station, limits_min=[0.5], kinds=FIRE)
    assert edges[["road_id", "from_m", "to_m"]].to_numpy().tolist() == [["r0", 400.0, 700.0]]


def test_an_edge_reached_from_both_ends_has_a_gap_or_is_whole(square):
    network = build_network(square, speeds=SPEEDS)
    stations = points_of((0, 0), (1000, 0), kind=["fire_station"] * 2, turnout_s=[0.0, 0.0])
    south = {}
    for seconds in (30, 60):
        edges = reached_edges(network, stations, limits_min=[seconds / 60], kinds=FIRE)
        south[seconds] = edges.loc[edges["road_id"] == "r2", ["from_m", "to_m"]].to_numpy().tolist()
    assert south == {30: [[0.0, 300.0], [700.0, 1000.0]], 60: [[0.0, 1000.0]]}


@given(cases(), st.floats(0, 120))
@settings(max_examples=80, deadline=None)
def test_a_spot_is_in_a_stretch_exactly_when_it_is_reached_in_time(case, seconds):
    network, at = case
    starts = Starts(at.take(slice(0, 2)), np.array([0.0, 15_000.0]))
    times = nearest_node_times(network, starts)
    pieces = reached(network, times, starts, seconds * 1000.0)
    edge = np.repeat(np.arange(len(network.metres)), 21)
    offset = np.tile(np.linspace(0.02, 0.98, 21), len(network.metres)) * network.metres[edge]
    spots = Snapped(np.zeros((len(edge), 2)), edge, offset, np.zeros(len(edge)))
    ms = first_arrival_ms(network, times, starts, spots)
    margin = network.ms[edge] * 1e-4  # spots this near to the limit may fall either way
    inside = np.zeros(len(edge), bool)
    for e, begin, end in zip(pieces.edge, pieces.begin_m, pieces.end_m, strict=True):
        inside |= (edge == e) & (offset >= begin - 1e-6) & (offset <= end + 1e-6)
    clear = np.abs(ms - seconds * 1000.0) > margin
    assert np.array_equal(inside[clear], (ms <= seconds * 1000.0)[clear])
    same = pieces.edge[1:] == pieces.edge[:-1]
    assert (pieces.begin_m[1:][same] > pieces.end_m[:-1][same]).all()


def test_an_area_is_the_buffer_of_its_stretches(square):
    network = build_network(square, speeds=SPEEDS)
    station = points_of((500, 0), kind=["fire_station"], turnout_s=[0.0])
    edges = reached_edges(network, station, limits_min=[1, 2], kinds=FIRE)
    areas = service_areas(network, station, limits_min=[2, 1], kinds=FIRE, off_road_m=80)
    assert areas["limit_min"].tolist() == [1.0, 2.0]
    for limit, area in zip(areas["limit_min"], areas.geometry, strict=True):
        exact = shapely.union_all(edges[edges["limit_min"] == limit].geometry.to_numpy()).buffer(80, quad_segs=32)
        assert area.area == pytest.approx(exact.area, rel=0.02)
        assert area.difference(exact.buffer(0.1)).is_empty
        assert area.hausdorff_distance(exact) < 20.1  # a cell: where two roads are as near
        assert area.is_valid


def test_a_hole_that_nobody_reaches_stays_a_hole(square):
    network = build_network(square, speeds=SPEEDS)
    station = points_of((500, 0), kind=["fire_station"], turnout_s=[0.0])
    (area,) = service_areas(network, station, limits_min=[10], kinds=FIRE, off_road_m=100).geometry
    assert not area.contains(shapely.Point(500, 500))
    assert area.contains(shapely.Point(500, 950))
    assert [len(part.interiors) for part in area.geoms] == [1]


@given(cases(), st.lists(st.floats(0.1, 3), min_size=2, max_size=4, unique=True))
@settings(max_examples=25, deadline=None)
def test_a_larger_limit_contains_a_smaller_one(case, limits):
    network, _ = case
    station = points_of((network.x[0], network.y[0]), kind=["fire_station"], turnout_s=[0.0])
    areas = service_areas(network, station, limits_min=limits, kinds=FIRE, off_road_m=50)
    shapes = areas.geometry.to_list()
    assert all(shape.is_valid for shape in shapes)
    for small, large in pairwise(shapes):
        assert small.difference(large).area < 1e-3
    assert areas["area_km2"].is_monotonic_increasing


@given(cases(), st.lists(st.floats(0.1, 3), min_size=1, max_size=3, unique=True))
@settings(max_examples=25, deadline=None)
def test_no_ground_inside_is_farther_than_stated(case, limits):
    network, _ = case
    stations = points_of(
        *zip(network.x[:2], network.y[:2], strict=True), kind=["fire_station"] * 2, turnout_s=[0.0] * 2
    )
    edges = reached_edges(network, stations, limits_min=limits, kinds=FIRE)
    for width in (50, 130):
        areas = service_areas(network, stations, limits_min=limits, kinds=FIRE, off_road_m=width)
        for limit, area in zip(areas["limit_min"], areas.geometry, strict=True):
            stretches = shapely.union_all(edges[edges["limit_min"] == limit].geometry.to_numpy())
            assert area.difference(stretches.buffer(width, quad_segs=64)).area < 1e-3 * width**2
            points = shapely.get_coordinates(shapely.segmentize(area, width / 8))
            assert shapely.distance(shapely.points(points), stretches).max(initial=0) <= width + 1e-2
            assert area.area > 0.85 * stretches.buffer(width).area or not area.area


def test_each_station_alone_and_all_together(square):
    network = build_network(square, speeds=SPEEDS)
    stations = points_of((500, 0), (1000, 900), kind=["fire_station"] * 2, turnout_s=[0.0, 0.0])
    alone = station_areas(network, stations, limits_min=[1, 0.5], kinds=FIRE)
    assert alone[["facility_id", "limit_min"]].to_numpy().tolist() == [["p0", 0.5], ["p0", 1], ["p1", 0.5], ["p1", 1]]
    (first,) = service_areas(network, stations.iloc[:1], limits_min=[1], kinds=FIRE).geometry
    assert alone.geometry.iloc[1].equals(first)
    both = service_areas(network, stations, limits_min=[1], kinds=FIRE).geometry.iloc[0]
    assert alone[alone["limit_min"] == 1].union_all().difference(both.buffer(12)).is_empty


def test_kinds_without_facilities_have_empty_areas(square):
    network = build_network(square, speeds=SPEEDS)
    station = points_of((500, 0), kind=["fire_station"])
    areas = service_areas(network, station, kinds=("fire_station", "rescue_team"))
    assert [*RESULTS["service_areas"].names, "geometry"] == areas.columns.tolist()
    assert (
        areas.loc[areas["facility_kind"] == "rescue_team", ["facilities", "area_km2"]].to_numpy().tolist()
        == [[0, 0]] * 3
    )
    assert reached_edges(network, station, kinds=("rescue_team",)).empty
    assert service_areas(network, station, kinds=()).empty


@pytest.mark.parametrize("options", [{"limits_min": [0]}, {"limits_min": [float("nan")]}, {"off_road_m": 0}])
def test_limits_must_be_positive(square, options):
    network = build_network(square, speeds=SPEEDS)
    with pytest.raises(SettingsError, match="write"):
        service_areas(network, points_of((0, 0), kind=["fire_station"]), **options)


def test_far_apart_networks_are_not_joined():
    network = build_network(roads_of([(0, 0), (100, 0)], [(0, 3000), (100, 3000)]), speeds=SPEEDS)
    stations = points_of((50, 0), (50, 3000), kind=["fire_station"] * 2)
    (area,) = service_areas(network, stations, limits_min=[5], kinds=FIRE).geometry
    assert len(area.geoms) == 2
    assert area.area == pytest.approx(2 * (100 * 200 + np.pi * 100**2), rel=0.02)
