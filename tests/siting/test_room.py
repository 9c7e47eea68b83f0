"""Room by Minkowski sums against brute force: what is called free is free, and hardly more is called taken."""

import hypothesis.strategies as st
import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from shapely.geometry import LineString, MultiPoint, MultiPolygon, Point, Polygon, box

from geo_risk.analysis.siting.room import nearest_free, taken

WIDE = 0.005  # part of a distance that may be called taken beyond it: round corners and the scale of the map
ROUNDING_M = 0.05


def sight(shape, at):
    return shapely.transform(shape, lambda xy: xy + at)


def clearance(outline, shapes, moves):
    """(M, N) distance [m] of the moved outline from each shape, by shapely alone."""
    return np.array([[sight(outline, m).distance(s) for s in shapes] for m in moves])


def outlines():
    """Stars with a hole or without, lines, points and groups of them, some 10 m wide."""

    @st.composite
    def star(draw):
        count = draw(st.integers(3, 8))
        radii = draw(st.lists(st.floats(2, 20), min_size=count, max_size=count))
        turn = draw(st.floats(0, 1))
        angles = (np.arange(count) + turn) * 2 * np.pi / count
        shape = Polygon(np.column_stack([np.array(radii) * np.cos(angles), np.array(radii) * np.sin(angles)]))
        assume(shape.is_valid)
        if draw(st.booleans()):
            hole = shape.buffer(-1.5)
            if hole.geom_type == "Polygon" and not hole.is_empty:
                shape = Polygon(shape.exterior, [hole.exterior])
        assume(shape.is_valid and shape.area > 1)
        return shape

    @st.composite
    def line(draw):
        number = st.floats(-20, 20)
        xy = draw(st.lists(st.tuples(number, number), min_size=2, max_size=5))
        assume(LineString(xy).length > 1)
        return LineString(xy)

    point = st.builds(Point, st.floats(-10, 10), st.floats(-10, 10))
    one = st.one_of(star(), line(), point)
    parts = st.builds(
        lambda a, b, dx: shapely.union_all([a, sight(b, np.array([dx, 5.0]))]),
        one,
        one,
        st.floats(45, 60),
    )
    return st.one_of(one, parts)


@st.composite
def scenes(draw):
    outline = draw(outlines())
    shapes, metres = [], []
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.tuples(st.floats(-120, 120), st.floats(-120, 120)))
        shapes.append(sight(draw(outlines()), at))
        metres.append(draw(st.sampled_from([0.0, 0.5, 12.0, 60.0])))
    return outline, np.array([*shapes, None], object)[:-1], np.array(metres)


@given(scenes(), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_free_is_free_and_hardly_more_is_taken(scene, seed):
    outline, shapes, metres = scene
    blocked = taken(outline, shapes, metres)
    moves = np.random.default_rng(seed).uniform(-250, 250, (60, 2))
    edge = shapely.get_coordinates(blocked.boundary)
    moves = np.concatenate([moves, edge[:: max(1, len(edge) // 40)]])  # where it is decided
    gaps = clearance(outline, shapes, moves)
    inside = shapely.covers(blocked, shapely.points(moves))
    assert (gaps[~inside] >= metres - 1e-9).all(), "a place called free is too near"
    near = (gaps <= metres * (1 + WIDE) + ROUNDING_M).any(axis=1)
    assert near[inside].all(), "a place called taken is free by far"


@given(scenes())
@settings(max_examples=40)
def test_the_nearest_free_place_is_the_shortest_move(scene):
    outline, shapes, metres = scene
    blocked = taken(outline, shapes, metres)
    found = nearest_free(Point(0, 0).buffer(600).difference(blocked))
    assert found is not None
    length = np.hypot(*found)
    assert (clearance(outline, shapes, [found]) >= metres - 1e-6).all()
    # No shorter move is free: on 72 rays, every 2 m.
    angle, part = np.meshgrid(np.linspace(0, 2 * np.pi, 72, endpoint=False), np.arange(0.0, length, 2.0))
    tried = np.column_stack([(part * np.cos(angle)).ravel(), (part * np.sin(angle)).ravel()])
    free = ~shapely.dwithin(blocked, shapely.points(tried), 0.0)
    assert np.hypot(*tried[free].T).min(initial=np.inf) >= length - 1e-6


def test_a_square_before_a_wall():
    # A 10 m square, its east side 5 m west of a wall that it must keep 20 m from: 15 m to the west.
    square, wall = box(-5, -5, 5, 5), LineString([(10, -1000), (10, 1000)])
    dx, dy = nearest_free(Point(0, 0).buffer(100).difference(taken(square, np.array([wall], object), np.array([20.0]))))
    assert (dx, dy) == (pytest.approx(-15, abs=20 * WIDE + ROUNDING_M), pytest.approx(0, abs=1))
    assert dx <= -15


def test_a_point_before_a_point_goes_straight_away():
    dx, dy = nearest_free(
        Point(0, 0).buffer(500).difference(taken(Point(0, 0), np.array([Point(3, 4)]), np.array([100.0])))
    )
    assert np.hypot(dx - 3, dy - 4) == pytest.approx(100, abs=100 * WIDE + ROUNDING_M)
    assert np.hypot(dx, dy) == pytest.approx(95, abs=100 * WIDE + ROUNDING_M)
    assert np.hypot(dx - 3, dy - 4) >= 100


def test_a_hole_wide_enough_is_room():
    ring = Polygon(box(-100, -100, 100, 100).exterior, [box(-40, -40, 40, 40).exterior])
    blocked = taken(box(-5, -5, 5, 5), np.array([ring], object), np.array([10.0]))
    assert not blocked.covers(Point(0, 0))
    assert blocked.covers(Point(30, 0))  # 5 m from the wall of the hole
    assert taken(box(-5, -5, 5, 5), np.array([ring], object), np.array([36.0])).covers(Point(0, 0))


def test_many_parts_count_each():
    outline = MultiPoint([(0, 0), (50, 0)])
    blocked = taken(outline, np.array([MultiPolygon([box(98, -1, 100, 1)])], object), np.array([10.0]))
    assert blocked.covers(Point(98, 0))  # the first point is there
    assert blocked.covers(Point(48, 0))  # the second is
    assert not blocked.covers(Point(70, 0))


def test_nothing_to_keep_from_and_nowhere_to_go():
    assert taken(Point(0, 0), np.array([], object), np.array([])).is_empty
    assert nearest_free(Polygon()) is None
    assert nearest_free(box(-1, -1, 1, 1)) == (0.0, 0.0)


def test_a_large_coordinate_loses_nothing():
    # Where a region's eastings and northings are: what decides at the millimetre there decides here too.
    far = np.array([523_000.0, 3_560_000.0])
    wall = sight(LineString([(10, -500), (10, 500)]), far)
    dx, _ = nearest_free(
        Point(0, 0).buffer(100).difference(taken(sight(box(-5, -5, 5, 5), far), np.array([wall]), np.array([20.0])))
    )
    assert -15 - 20 * WIDE - ROUNDING_M <= dx <= -15
