"""Chainage by hand and by round trips; the sliding window against a twin that tries every window."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point, box

from geo_risk.analysis.pipelines.chainage import cut, locate, on_features, routes, stretches, union
from geo_risk.analysis.pipelines.windows import Events, sliding_windows, weight_in

LENGTHS = st.integers(0, 60)


def events(*rows):
    unit, low, high, weight = (np.array(c) for c in zip(*rows, strict=True))
    return Events(unit.astype(np.int64), low.astype(float), high.astype(float), weight.astype(float))


def test_the_fullest_two_kilometres_lie_between_fixed_cuts():
    # 60 households at 1,500 m and 60 at 3,000 m: cuts at 0, 2000, 4000 would part them
    found = sliding_windows([events((0, 1500, 1500, 60), (1, 3000, 3000, 60))], 2000.0, 10_000.0)
    assert found.held.max() == 120
    assert found.start[found.held.argmax()] == 1000.0  # the window that ends at the second group
    assert (found.low[found.held.argmax()], found.high[found.held.argmax()]) == (1500.0, 3000.0)


def test_window_edges_are_included_and_beyond_them_nothing():
    assert sliding_windows([events((0, 0, 0, 1), (1, 2000, 2000, 1))], 2000.0, 9000.0).held.max() == 2
    assert sliding_windows([events((0, 0, 0, 1), (1, 2000.01, 2000.01, 1))], 2000.0, 9000.0).held.max() == 1


def test_sources_are_never_added_up():
    found = sliding_windows([events((0, 100, 100, 40)), events((0, 100, 100, 30))], 2000.0, 5000.0)
    assert found.held.max() == 40
    assert set(found.source[found.held > 0]) == {0}


def test_a_line_shorter_than_the_window_is_one_window():
    found = sliding_windows([events((0, 10, 20, 3), (1, 700, 710, 4))], 2000.0, 800.0)
    assert found.start.tolist() == [0.0]
    assert found.held.tolist() == [7.0]


def held(rows, start, length):
    """Weight in one window, unit by unit."""
    seen, total = set(), 0.0
    for unit, low, high, weight in rows:
        if unit not in seen and low <= start + length and high >= start:
            seen.add(unit)
            total += weight
    return total


@st.composite
def layouts(draw):
    weights = draw(st.lists(st.integers(0, 9), min_size=1, max_size=7))
    rows = []
    for unit, weight in enumerate(weights):
        for _ in range(draw(st.integers(1, 3))):  # the line may pass a unit several times
            low = draw(LENGTHS)
            rows.append((unit, low, min(low + draw(st.integers(0, 10)), 60), weight))
    return rows, draw(st.integers(1, 40))


@given(layouts())
def test_the_sweep_equals_trying_every_window(layout):
    rows, length = layout
    found = sliding_windows([events(*rows)], float(length), 60.0)
    last = max(60 - length, 0)
    everywhere = np.arange(0, last + 0.25, 0.25)  # all edges are whole numbers
    brute = [held(rows, s, length) for s in everywhere]
    assert found.held.max() == max(brute)
    assert weight_in(events(*rows), everywhere, float(length), 60.0).tolist() == brute
    # The stretch over all windows with n households or more is the same, for every n.
    for least in {b for b in brute if b > 0}:
        edges = [
            (min(r[1] for r in rows if inside(r, s, length)), max(r[2] for r in rows if inside(r, s, length)))
            for s, b in zip(everywhere, brute, strict=True)
            if b >= least
        ]
        ours = zip(found.low[found.held >= least], found.high[found.held >= least], strict=True)
        assert union(ours) == union(edges)


def inside(row, start, length):
    return row[3] > 0 and row[1] <= start + length and row[2] >= start


def test_cut_and_locate_on_parts_with_a_gap():
    line = MultiLineString([[(0, 0), (100, 0)], [(500, 0), (500, 50)]])
    assert cut(line, 90.0, 110.0).equals(MultiLineString([[(90, 0), (100, 0)], [(500, 0), (500, 10)]]))
    assert locate(line, shapely.points([[40.0, 9.0], [510.0, 30.0]])).tolist() == [40.0, 130.0]
    assert cut(line, 120.0, 120.0).coords[0] == (500.0, 20.0)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.floats(0, 1), st.floats(0, 1))
def test_a_piece_is_as_long_as_its_chainages_say(steps, a, b):
    xs = np.concatenate([[0], np.cumsum(steps)])
    line = LineString([(float(x), float(i % 2)) for i, x in enumerate(xs)])
    low, high = sorted((a * line.length, b * line.length))
    piece = cut(line, low, high)
    assert piece.length == pytest.approx(high - low, abs=1e-6)
    assert locate(line, np.array([Point(piece.coords[0])]))[0] == pytest.approx(low, abs=1e-6)


def test_features_meet_end_to_end_whatever_their_direction():
    shapes = [LineString([(0, 0), (10, 0)]), LineString([(30, 0), (10.5, 0)]), LineString([(30, 0), (60, 0)])]
    (route,) = routes(shapes, ["gas"] * 3, [(1,)] * 3)
    assert route.row.tolist() == [0, 1, 2]
    assert route.forward.tolist() == [True, False, True]
    assert route.line.length == pytest.approx(60.0)
    assert on_features(route, 5.0, 20.5) == [(0, 5.0, 10.0), (1, 9.5, 19.5)]  # the second is drawn the other way
    # 5 to 40 m: half of the first, all of the second, 10 m of the third, each in its own chainage
    assert on_features(route, 5.0, 40.0) == [(0, 5.0, 10.0), (1, 0.0, 19.5), (2, 0.0, 10.0)]


def test_at_a_branch_the_like_and_straight_go_on():
    main, on, branch = LineString([(0, 0), (10, 0)]), LineString([(10, 0), (20, 3)]), LineString([(10, 0), (20, 0)])
    joined = {tuple(r.row) for r in routes([main, on, branch], ["gas"] * 3, [(500,), (500,), (200,)])}
    assert joined == {(0, 1), (2,)}
    assert {tuple(r.row) for r in routes([main, on, branch], ["gas"] * 3, [(1,)] * 3)} == {(0, 2), (1,)}
    assert len(routes([main, on], ["gas", "oil"], [(1,)] * 2)) == 2


def test_a_ring_is_one_route():
    halves = [LineString([(0, 0), (10, 0), (10, 10)]), LineString([(10, 10), (0, 10), (0, 0)])]
    (route,) = routes(halves, ["gas"] * 2, [(1,)] * 2)
    assert route.line.length == 40.0
    assert route.row.tolist() == [0, 1]


def test_a_line_that_doubles_back_passes_a_house_twice():
    line = LineString([(0, 0), (1000, 0), (1000, 300), (0, 300)])
    near = stretches(line, np.array([box(495, 140, 505, 160)], object), np.array([200.0]))
    assert near.shape.tolist() == [0, 0]
    assert near.near_from == pytest.approx([495.0, 1795.0])
    assert near.near_to == pytest.approx([505.0, 1805.0])


@given(st.integers(0, 1000), st.integers(-250, 250), st.integers(1, 200))
def test_stretches_within_reach_of_a_point(x, y, reach):
    line = LineString([(float(i), 0.0) for i in range(0, 1001, 5)])  # several chunks
    near = stretches(line, np.array([Point(x, y)], object), np.array([float(reach)]))
    if abs(y) > reach:
        assert len(near.shape) == 0
        return
    half = np.sqrt(reach**2 - y**2)
    assert near.from_m == pytest.approx([max(x - half, 0)], abs=0.15)
    assert near.to_m == pytest.approx([min(x + half, 1000)], abs=0.15)
    assert near.near_from == pytest.approx([x], abs=1e-6)
