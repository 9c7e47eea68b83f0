"""Turn restrictions: by hand, and against a search that remembers every road it drove."""

import heapq

import geopandas as gpd
import numpy as np
import pytest
import shapely
from conftest import CRS, SPEEDS, points_of, roads_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_closest import cases, closest

from geo_risk.errors import CRSError
from geo_risk.routing import hierarchy
from geo_risk.routing import turns as t
from geo_risk.routing.condition import network_condition
from geo_risk.routing.hazmat import Roadway, compromises
from geo_risk.routing.hours import Window
from geo_risk.routing.network import build_network, close_roads
from geo_risk.routing.pairs import routes_between, travel_ms
from geo_risk.routing.reach import (
    Starts,
    arrival_ms,
    first_arrival_ms,
    nearest_node_times,
    node_times,
    piece_lines,
    route_pieces,
    seeds,
)
from geo_risk.routing.saved import network_arrays, network_from
from geo_risk.routing.search import times_from_each
from geo_risk.routing.service import reached_edges


def turns_of(*rows, crs=CRS):
    """Rows (kind, from, to, point, others)."""
    names = ("kind", "from_id", "to_id")
    table = [dict(zip(names, row[:3], strict=True)) | (row[4] if len(row) > 4 else {}) for row in rows]
    points = [None if row[3] is None else shapely.Point(row[3]) for row in rows]
    return gpd.GeoDataFrame(table, columns=[*names, "via_ids", "exempt", "vehicles", "conditional"],
                            geometry=points, crs=crs)  # fmt: skip


@pytest.fixture
def cross():
    """
    A crossing at (0, 0) with arms of 1,000 m west (r0), south (r1), east (r2) and north (r3), 100 s each, and a
    ring road of 500 s from the end of the east arm to that of the north arm (r4).
    """
    arms = [[(x, y), (0, 0)] for x, y in ((-1000, 0), (0, -1000), (1000, 0), (0, 1000))]
    return roads_of(*arms, [(1000, 0), (1000, 4000), (0, 4000), (0, 1000)])


def seconds(roads, start, place, turns=None, **options):
    """Driving time between two points [s]; None without a way."""
    network = build_network(roads, speeds=SPEEDS, turns=turns, **options)
    station = points_of(start, kind=["fire_station"], turnout_s=[0.0])
    row = closest(network, points_of(place), station, max_min=100).iloc[0]
    if row["reason"]:
        return None
    assert row.geometry.length == pytest.approx(row["minutes"] * 600)  # 36 km/h
    return row["minutes"] * 60


def test_a_forbidden_turn_goes_round(cross):
    west, north = (-500, 0), (0, 500)
    assert seconds(cross, west, north) == pytest.approx(100)
    no_left = turns_of(("no_right_turn", "r0", "r3", (0, 0)))
    # On into the south or east arm, round at its end and back: 50 + 100 + 100 + 50.
    assert seconds(cross, west, north, no_left) == pytest.approx(300)
    assert seconds(cross, north, west, no_left) == pytest.approx(100)
    assert seconds(cross, (-500, 0), (500, 0), no_left) == pytest.approx(100)
    only = turns_of(("only_straight_on", "r0", "r2", (0, 0)))
    assert seconds(cross, west, north, only) == pytest.approx(300)
    assert seconds(cross, west, (0, -500), only) == pytest.approx(300)


def test_no_left_turn_forbids_turning_round_too(cross):
    turns = turns_of(("no_left_turn", "r3", "r2", (0, 0)))
    closed = cross.assign(oneway=[0, 0, 0, 0, 1])
    # A station at the end of the north arm; the ring comes back to it, so the place behind it needs a turn.
    assert seconds(closed, (0, 500), (0, 600), turns) == pytest.approx(10)
    one = closed.assign(oneway=[0, 0, 0, 1, 1])  # the north arm only towards the crossing
    plain, kept = (seconds(one, (0, 500), (500, 0), turns) for turns in (None, turns))
    assert plain == pytest.approx(100)
    assert kept == pytest.approx(50 + 200 + 50)  # into another arm, round at its end, then right


def test_who_stands_on_the_junction_may_go_anywhere(cross):
    turns = turns_of(*(("no_straight_on", "r0", name, (0, 0)) for name in ("r1", "r2", "r3")))
    assert seconds(cross, (0, 0), (0, 500), turns) == pytest.approx(50)
    # To the junction itself the way is open, and from a place at the arm's far end there is none beyond.
    assert seconds(cross, (-1000, 0), (0, 0), turns) == pytest.approx(100)
    assert seconds(cross, (-1000, 0), (0, 10), turns) is None


def test_a_restriction_over_a_way_between():
    # A street (r0, r2) with a middle link r1 to a parallel street (r3 west, r4 east): no turning back through it.
    roads = roads_of(
        [(-1000, 0), (0, 0)], [(0, 0), (0, 100)], [(0, 0), (1000, 0)], [(0, 100), (-1000, 100)], [(1000, 100), (0, 100)]
    )
    turns = turns_of(("no_u_turn", "r0", "r3", (0, 0), {"via_ids": "r1"}))
    there, back = (-500, 0), (-500, 100)
    assert seconds(roads, there, back) == pytest.approx(110)
    # Past the link and round at the east end, back and over the link: nothing remembered then.
    assert seconds(roads, there, back, turns) == pytest.approx(50 + 100 + 100 + 10 + 50)
    assert seconds(roads, there, (0, 50), turns) == pytest.approx(55)
    assert seconds(roads, there, (500, 100), turns) == pytest.approx(110)
    only = turns_of(("only_right_turn", "r0", "r4", (0, 0), {"via_ids": "r1"}))
    assert seconds(roads, there, (500, 100), only) == pytest.approx(110)
    assert seconds(roads, there, (500, 0), only) == pytest.approx(50 + 10 + 100 + 100 + 10 + 50)


@pytest.mark.parametrize(
    ("row", "vehicle", "reason"),
    [
        (("no_left_turn", "r0", "r3", (0, 0), {"exempt": "psv; emergency"}), "fire_engine", t.SPARED),
        (("no_left_turn", "r0", "r3", (0, 0), {"exempt": "psv;emergency"}), "car", None),
        (("no_left_turn", "r0", "r3", (0, 0), {"vehicles": "hgv"}), "car", t.OTHERS),
        (("no_left_turn", "r0", "r3", (0, 0), {"vehicles": "hgv"}), "hazmat_truck", None),
        (("no_left_turn", "r0", "r3", (0, 0), {"conditional": "no_left_turn @ (07:00-09:00)"}), "car", None),
        (("no_left_turn", "r0", "r3", (0, 0), {"conditional": "no_left_turn @ (weight>7.5)"}), "car", t.NOT_NOW),
        (("no_left_turn", "r0", "r3", (0, 0), {"conditional": "no_left_turn @ (weight>7.5)"}), "fire_engine", None),
        (("no_left_turn", "r0", "r3", (0, 0), {"conditional": "no_left_turn @ (weight>7.5)"}), None, None),
        (("no_parking", "r0", "r3", (0, 0)), None, t.UNKNOWN),
        ((None, "r0", "r3", (0, 0)), None, t.UNKNOWN),
        (("no_left_turn", "r0", "r9", (0, 0)), None, t.NO_ROAD),
        (("no_left_turn", "r0", None, (0, 0)), None, t.NO_ROAD),
        (("no_left_turn", "r0", "r4", (0, 0)), None, t.NO_PLACE),
        (("no_left_turn", "r0", "r3", (0, 40)), None, t.NO_PLACE),
        (("no_left_turn", "r0", "r3", None), None, None),
        (("no_u_turn", "r0", "r3", (0, 0), {"via_ids": "r4"}), None, t.NO_PLACE),
        (("no_left_turn", "r5", "r5", (300, 0)), None, t.UNCLEAR),
        (("no_left_turn", "r2", "r6", (1000, 0)), None, t.ONE_WAY),
    ],
)
def test_every_restriction_is_applied_or_counted(cross, row, vehicle, reason):
    extra = roads_of([(200, 9000), (300, 0), (400, 9000)], [(2000, 0), (1000, 0)], oneway=[0, 1])
    extra["id"] = ["r5", "r6"]
    split = [[(1000, 0), (300, 0)], [(300, 0), (0, 0)]]
    roads = gpd.pd.concat([cross.assign(oneway=0), extra], ignore_index=True)
    roads.loc[2, "geometry"] = shapely.LineString([*split[0], split[1][1]])
    network = build_network(roads, speeds=SPEEDS, turns=turns_of(row), vehicle=vehicle)
    expected = {reason: 1} if reason else {}
    assert (network.report.turns, network.report.turns_left_out) == (0 if reason else 1, expected)
    told = network_condition(network, {}).set_index("what")["count"]
    assert told.get("turn restrictions kept to", 0) == network.report.turns
    assert told.get("turn restrictions left out", 0) == (1 if reason else 0)


@pytest.mark.parametrize(
    ("condition", "weekday", "clock", "drive_s"),
    [
        ("no_right_turn @ (Mo-Fr 07:00-09:00)", 0, 8 * 60, 300),
        ("no_right_turn @ (Mo-Fr 07:00-09:00)", 5, 8 * 60, 100),
        ("no_right_turn @ (Mo-Fr 07:00-09:00)", 0, 9 * 60, 100),
        ("no_right_turn @ (Mo-Fr 07:00-09:00)", None, 8 * 60, 300),  # on any day
        ("no_right_turn @ (07:00-09:00); no_right_turn @ (17:00-19:00)", 0, 18 * 60, 300),
        ("no_right_turn @ (07:00-09:00; 17:00-19:00)", 0, 18 * 60, 300),
        ("工作日7时-9时", 0, 8 * 60, 300),
        ("工作日7时-9时", 0, 12 * 60, 100),
        ("no_right_turn @ (07:00-09:00 AND weight>7.5)", 0, 8 * 60, 100),  # a car weighs less
        ("no_right_turn @ (wet)", 0, 12 * 60, 300),  # not understood: always
    ],
)
def test_a_restriction_of_some_hours_holds_at_these_hours(cross, condition, weekday, clock, drive_s):
    turns = turns_of(("no_right_turn", "r0", "r3", (0, 0), {"conditional": condition}))
    plain = build_network(cross, speeds=SPEEDS)
    now = t.with_turns(plain, turns, vehicle="car", window=Window(weekday, clock, 30.0))
    station = points_of((-500, 0), kind=["fire_station"], turnout_s=[0.0])
    assert closest(now, points_of((0, 500)), station, max_min=100)["minutes"].item() * 60 == pytest.approx(drive_s)
    assert now.report.turns_widened == ({t.UNREAD: 1} if "wet" in condition else {})
    assert sum(now.report.turns_left_out.values()) == (drive_s == 100)


def test_without_an_hour_a_restriction_of_some_hours_always_holds_and_is_told(cross):
    turns = turns_of(("no_right_turn", "r0", "r3", (0, 0), {"conditional": "no_right_turn @ (07:00-09:00)"}))
    network = build_network(cross, speeds=SPEEDS, turns=turns, vehicle="fire_engine")
    told = network_condition(network, {}).set_index("what").loc["turn restrictions kept to at all hours"]
    assert told[["count", "why"]].tolist() == [1, t.ANY_HOUR]
    # The same network asked about an hour gives up what does not hold then, and no more.
    night = t.with_turns(network, turns, vehicle="fire_engine", window=Window(0, 0.0))
    plain = build_network(cross, speeds=SPEEDS)
    np.testing.assert_array_equal(night.arcs.key, plain.arcs.key)
    assert len(night.x) == len(plain.x) < len(network.x)


def test_another_crs_is_refused(cross):
    with pytest.raises(CRSError, match="Reproject"):
        build_network(cross, speeds=SPEEDS, turns=turns_of(("no_left_turn", "r0", "r3", (0, 0)), crs="EPSG:4326"))


def test_a_split_network_is_kept_closed_and_counted_by_its_junctions(cross):
    turns = turns_of(("no_right_turn", "r0", "r3", (0, 0)))
    plain, network = (build_network(cross, speeds=SPEEDS, turns=given) for given in (None, turns))
    assert network.report.nodes == plain.report.nodes == network.junctions < len(network.x)
    assert (network.report.components, network.report.dead_ends) == (1, plain.report.dead_ends)
    again = network_from(network_arrays(network))
    np.testing.assert_array_equal(again.arcs.key, network.arcs.key)
    # South and east closed: no arm left to turn round in.
    closed = close_roads(network, shapely.box(100, -10, 200, 10).union(shapely.box(-10, -200, 10, -100)))
    station = points_of((-500, 0), kind=["fire_station"], turnout_s=[0.0])
    assert closest(closed, points_of((0, 500)), station)["reason"].item().startswith("no way by road")
    reached = reached_edges(network, station, limits_min=[1.0], kinds=("fire_station",))
    assert set(reached["road_id"]) == {"r0", "r1", "r2"}


@st.composite
def restricted(draw):
    """A random network and positions, and random sequences of two to four directed edges that may not be driven."""
    network, at = draw(cases())
    roads = t._Roads(network)
    banned = set()
    for _ in range(draw(st.integers(0, 6))):
        way = [draw(st.integers(0, len(roads.start) - 1))]
        for _ in range(draw(st.integers(1, 3))):
            way.append(draw(st.sampled_from(roads.leaving(int(roads.stop[way[-1]])))))
        banned.add(tuple(way))
    return network, at, roads, banned


@st.composite
def split_cases(draw):
    """As `test_closest.cases`, of networks with split junctions."""
    network, at, roads, banned = draw(restricted())
    return t._split(network, roads, banned), at


def remembering(network, roads, banned, at, i):
    """Times [ms] from position i to all positions, by a search over (junction, last three directed edges)."""
    edge, offset, length = at.edge, at.offset_m, network.metres[at.edge]
    per_m = network.ms / network.metres
    ends = [(network.tail, offset == 0.0), (network.head, offset == length)]
    on = np.array([[int(node[e]) if there[j] else -1 for node, there in ends] for j, e in enumerate(edge)])
    e = int(edge[i])
    ahead = offset - offset[i]
    direct = (edge == e) & ((ahead == 0) | np.where(ahead > 0, roads.open[2 * e], roads.open[2 * e + 1]))
    best = np.where(direct, np.abs(ahead) * per_m[e], np.inf)
    heap, done = [], set()
    for v, left, d in ((network.head[e], length[i] - offset[i], 2 * e), (network.tail[e], offset[i], 2 * e + 1)):
        if left == 0 or roads.open[d]:
            heapq.heappush(heap, (left * per_m[e], int(v), (d,) if left else ()))
    while heap:
        ms, v, past = heapq.heappop(heap)
        if (v, past) in done:
            continue
        done.add((v, past))
        best = np.where((on == v).any(axis=1), np.minimum(best, ms), best)
        for d in roads.leaving(v):
            way = (*past, d)
            if roads.open[d] and not any(way[k:] in banned for k in range(len(way))):
                driven = ms + (offset if d % 2 == 0 else length - offset) * per_m[d // 2]
                best = np.where(edge == d // 2, np.minimum(best, driven), best)
                heapq.heappush(heap, (ms + float(network.ms[d // 2]), int(roads.stop[d]), way[-3:]))
    return best


@given(restricted())
@settings(max_examples=150, deadline=None)
def test_times_and_routes_agree_with_a_search_that_remembers_its_way(case):
    plain, at, roads, banned = case
    network = t._split(plain, roads, banned)
    starts = Starts(at, np.zeros(len(at)))
    ((_, times),) = node_times(network, starts)
    ms, how = arrival_ms(network, times, starts, at)
    first = first_arrival_ms(network, nearest_node_times(network, starts), starts, at)
    np.testing.assert_array_equal(first, ms.min(axis=0))
    for i in range(len(at)):
        np.testing.assert_allclose(ms[i], remembering(plain, roads, banned, at, i), atol=1e-6)
        reached = np.flatnonzero(np.isfinite(ms[i]))
        one = starts.take(np.array([i]))
        pieces = route_pieces(network, one, at.take(reached), how[i, reached], limit_ms=float(ms[i, reached].max()))
        cost = np.abs(pieces.end_m - pieces.begin_m) / network.metres[pieces.edge] * network.ms[pieces.edge]
        np.testing.assert_allclose(np.bincount(pieces.line, cost, minlength=len(reached)), ms[i, reached], atol=1e-6)
        for line in range(len(reached)):
            mine = pieces.take(pieces.line == line)
            moved = np.flatnonzero(mine.begin_m != mine.end_m)
            way = tuple((2 * mine.edge[moved] + (mine.end_m < mine.begin_m)[moved]).tolist())
            assert not any(way[a:b] in banned for a in range(len(way)) for b in range(a + 2, len(way) + 1))


def test_without_a_restriction_nothing_is_split(cross):
    plain = build_network(cross, speeds=SPEEDS)
    same = build_network(cross, speeds=SPEEDS, turns=turns_of())
    np.testing.assert_array_equal(plain.arcs.key, same.arcs.key)
    assert len(same.x) == len(plain.x)


@given(restricted())
@settings(max_examples=60, deadline=None)
def test_pairs_agree_with_the_table(case):
    plain, at, roads, banned = case
    network = t._split(plain, roads, banned)
    starts = Starts(at, np.linspace(0.0, 1.7, len(at)))
    ((_, times),) = node_times(network, starts)
    expected, how = arrival_ms(network, times, starts, at)
    table, table_how = travel_ms(network, starts, at)
    np.testing.assert_array_equal(table, expected)
    np.testing.assert_array_equal(table_how, how)
    i, j = (a.ravel() for a in np.indices(expected.shape))
    ms, pieces = routes_between(network, starts.take(i), at.take(j))
    np.testing.assert_allclose(ms, expected.ravel(), atol=1e-9)
    cost = np.abs(pieces.end_m - pieces.begin_m) / network.metres[pieces.edge] * network.ms[pieces.edge]
    found = np.flatnonzero(np.isfinite(ms))
    np.testing.assert_allclose(np.bincount(pieces.line, cost, minlength=len(found)) + starts.ms[i[found]], ms[found],
                               atol=1e-6)  # fmt: skip
    lengths = np.bincount(pieces.line, np.abs(pieces.end_m - pieces.begin_m), minlength=len(found))
    np.testing.assert_allclose(shapely.length(piece_lines(network, pieces)), lengths, atol=1e-3)
    near = np.median(ms[found])
    np.testing.assert_allclose(routes_between(network, starts.take(i), at.take(j), limit_ms=near)[0],
                               np.where(ms <= near, ms, np.inf), atol=1e-9)  # fmt: skip


@given(restricted())
@settings(max_examples=60, deadline=None)
def test_a_hierarchy_gives_the_same_table(case):
    pytest.importorskip("pyroutingkit", reason="RoutingKit is not there for this platform")
    plain, at, roads, banned = case
    network = t._split(plain, roads, banned)
    begun = seeds(network, Starts(at, np.linspace(0.0, 1.7, len(at))))
    columns = np.arange(0, len(network.x), 2)
    found = hierarchy.table(network.graph, network.x, network.y, begun, columns)
    np.testing.assert_array_equal(found, times_from_each(network.graph, begun, columns))
    starts = Starts(at, np.linspace(0.0, 1.7, len(at)))
    with pytest.MonkeyPatch.context() as patch:
        expected = travel_ms(network, starts, at)
        patch.setattr(hierarchy, "WORTH", 1)
        assert hierarchy.is_worth_it(len(at), np.inf)
        assert not hierarchy.is_worth_it(len(at), 60_000.0)
        for ours, theirs in zip(expected, travel_ms(network, starts, at), strict=True):
            np.testing.assert_array_equal(theirs, ours)


@given(restricted())
@settings(max_examples=60, deadline=None)
def test_hazmat_routes_keep_to_restrictions_too(case):
    plain, at, roads, banned = case
    network = t._split(plain, roads, banned)
    none = np.zeros(len(network.metres), bool)
    risk = network.metres * (1 + np.arange(len(none)) % 3)
    way = Roadway(network, none, none, np.full(len(none), "", object), risk, risk)
    start, end = at.take(np.array([0])), at.take(np.array([len(at) - 1]))
    expected = remembering(plain, roads, banned, at, 0)[-1]
    found = compromises(way, start, end)
    assert bool(len(found.front.first)) == bool(np.isfinite(expected))
    if len(found.front.first):
        assert found.front.first[0] == pytest.approx(expected, abs=1)  # both parts of edges are rounded
    for pieces in found.pieces:
        directed = (2 * pieces.edge + (pieces.end_m < pieces.begin_m)).tolist()
        assert not any(tuple(directed[a:b]) in banned for a in range(len(directed)) for b in range(a + 2, a + 5))
