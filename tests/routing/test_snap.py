"""Nearest edge, offset and leg; the preference for the main part; what has no road."""

import numpy as np
import pandas as pd
import pytest
import shapely
from conftest import CRS, SPEEDS, points_of, roads_of
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.errors import InputError
from geo_risk.routing.network import build_network, close_roads
from geo_risk.routing.snap import access_ms, frame_points, snap_points


def test_offset_is_measured_along_the_bends(square):
    network = build_network(roads_of([(0, 0), (100, 0), (100, 100)]), speeds=SPEEDS)
    at = snap_points(network, np.array([[110.0, 30.0]]))
    assert (at.edge.tolist(), at.offset_m.tolist(), at.access_m.tolist()) == ([0], [130.0], [10.0])
    assert access_ms(at).tolist() == pytest.approx([7200.0])  # 10 m at 5 km/h
    assert access_ms(at, 36.0).tolist() == pytest.approx([1000.0])


def test_too_far_or_nowhere_is_no_edge(square):
    network = build_network(square, speeds=SPEEDS)
    at = snap_points(network, np.array([[-101.0, 500.0], [np.nan, 0.0], [-100.0, 500.0]]), max_m=100)
    assert at.edge.tolist() == [-1, -1, 3]
    assert np.isnan(at.access_m[:2]).all()
    assert at.access_m[2] == 100
    assert np.isnan(access_ms(at)[0])


def test_the_main_part_is_preferred_up_to_50_m(square):
    yard = roads_of([(0, -60), (100, -60)])
    network = build_network(pd.concat([square, yard], ignore_index=True), speeds=SPEEDS)
    places = np.array([[50.0, -54.0], [50.0, -56.0]])  # 6 m and 4 m from the yard, 54 m and 56 m from the street
    assert network.road[snap_points(network, places).edge].tolist() == [2, 4]
    assert network.road[snap_points(network, places, prefer_main_component=False).edge].tolist() == [4, 4]


def test_closed_roads_are_not_snapped_to(square):
    network = close_roads(build_network(square, speeds=SPEEDS), shapely.box(400, -10, 600, 10))
    at = snap_points(network, np.array([[300.0, 5.0]]))
    assert (network.road[at.edge].tolist(), at.access_m.tolist()) == ([3], [300.0])


def test_no_main_edge_at_all():
    network = build_network(roads_of([(0, 0), (100, 0)], oneway=[1]), speeds=SPEEDS)
    assert snap_points(network, np.array([[50.0, 10.0]])).edge.tolist() == [0]


def test_points_of_a_layer():
    ring = shapely.box(0, 0, 10, 10).difference(shapely.box(2, 2, 8, 8))
    frame = points_of((1, 2), (0, 0), (0, 0)).set_geometry([shapely.Point(1, 2), ring, None], crs=CRS)
    xy = frame_points(frame)
    assert xy[0].tolist() == [1.0, 2.0]
    assert ring.contains(shapely.Point(xy[1]))
    assert np.isnan(xy[2]).all()


def test_access_speed_must_be_positive(square):
    at = snap_points(build_network(square, speeds=SPEEDS), np.array([[0.0, 0.0]]))
    with pytest.raises(InputError, match="access speed 0"):
        access_ms(at, 0)


@given(st.lists(st.tuples(st.floats(-300, 1300), st.floats(-300, 1300)), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_no_edge_is_nearer(points):
    lines = [[(0, 0), (1000, 40), (1000, 1000)], [(0, 0), (0, 1000), (1000, 1000)], [(200, 300), (700, 650)]]
    network = build_network(roads_of(*lines), speeds=SPEEDS)
    xy = np.array(points)
    at = snap_points(network, xy, max_m=1e4, prefer_main_component=False)
    distance = np.array([shapely.distance(network.lines, shapely.Point(p)) for p in xy])
    np.testing.assert_allclose(at.access_m, distance.min(axis=1), atol=1e-9)
    on = shapely.line_interpolate_point(network.lines[at.edge], at.offset_m)
    np.testing.assert_allclose(shapely.distance(on, shapely.points(xy)), at.access_m, atol=1e-6)
