"""Closures that break a promise: by hand, and against closing every edge in turn."""

import numpy as np
import pandas as pd
import pytest
from conftest import SPEEDS, points_of, roads_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_closest import cases
from test_turns import split_cases

from geo_risk.errors import InputError
from geo_risk.routing.catchments import Spots, spots_of
from geo_risk.routing.facilities import facility_starts
from geo_risk.routing.network import build_network, close_edges
from geo_risk.routing.reach import Starts, first_arrival_ms, nearest_node_times
from geo_risk.routing.resilience import COLUMNS, breaks, weak_links
from geo_risk.schema import RESULTS


def spots_at(at):
    table = pd.DataFrame({"layer": "places", "id": [str(i) for i in range(len(at))], "name": "", "persons": 0.0})
    return Spots(table, at)


def test_the_bridge_is_the_weak_link(square):
    # d --- c --- bridge --- e, with the block a b c d: only the bridge cannot be driven round.
    roads = pd.concat(
        [square, roads_of([(1000, 0), (2000, 0)], [(2000, 0), (3000, 0)], oneway=[0, 0])], ignore_index=True
    )
    roads["id"], roads["bridge"] = [f"r{i}" for i in range(len(roads))], [None] * 4 + [True, False]
    roads["name"] = ["", "", "", "", "桥", ""]
    network = build_network(roads, speeds=SPEEDS)
    station = points_of((0, 0), kind=["fire_station"], turnout_s=[0.0])
    people = points_of((2800, 0), (1000, 400), persons=[30.0, 7.0])
    place = points_of((1800, 0))
    spots = spots_of(network, {"crowded_places": place}, people)
    _, starts, _ = facility_starts(network, station, ("fire_station",))
    # They need 280 s, 140 s, and the place on the bridge itself 180 s.
    found = weak_links(network, "fire_station", "typical", breaks(network, starts, spots, [5.0]), [5.0], spots, roads)
    assert (*RESULTS["weak_links"].names,) == COLUMNS
    rows = found.set_index("road_id")
    assert rows.loc["r4", ["people", "places", "cut_off", "bridge", "road_name"]].tolist() == [30, 0, 30, True, "桥"]
    assert rows.loc["r4", "before_min"] == pytest.approx(280 / 60)
    assert np.isnan(rows.loc["r4", "after_min"])
    # Round the block by a and b, 200 s more, takes 480 s, 260 s and 380 s.
    assert rows.loc["r2", ["people", "places"]].tolist() == [30, 1]
    assert rows.loc["r2", "after_min"] == pytest.approx(480 / 60)
    assert rows.loc["r2", "worst_min"] == pytest.approx(380 / 60)
    assert set(rows.index) == {"r2", "r4"}  # whoever stands on the closed road is not counted


def test_a_parallel_road_takes_over():
    network = build_network(
        roads_of([(0, 0), (100, 0)], [(0, 0), (50, 60), (100, 0)], [(100, 0), (200, 0)]), speeds=SPEEDS
    )
    station = points_of((0, 0), kind=["fire_station"], turnout_s=[0.0])
    spots = spots_of(network, {"crowded_places": points_of((150, 0))}, None)
    _, starts, _ = facility_starts(network, station, ("fire_station",))
    found = breaks(network, starts, spots, [0.25 + 0.01, 1.0])
    assert found.edge.tolist() == [0]  # 15 s become 5 + 15.6 s: beyond the first limit, within the second
    assert found.after_ms[0] == pytest.approx(15_620 + 5_000, abs=1)


def test_two_stations_promised(square):
    # One station at d, one at a; the place at c is 100 s from d and 200 s from a by d: the road d-c carries both.
    network = build_network(square, speeds=SPEEDS)
    stations = points_of((0, 0), (0, 1000), kind=["fire_station"] * 2, turnout_s=[0.0, 0.0])
    spots = spots_of(network, {"crowded_places": points_of((900, 0))}, None)
    _, starts, _ = facility_starts(network, stations, ("fire_station",))
    # 90 s and 190 s; by the one-way a-b and b-c from a 210 s, from d 310 s. Standing on d-c the place is spared by it.
    assert breaks(network, starts, spots, [4.0], k=2).edge.tolist() == []
    spots = spots_of(network, {"crowded_places": points_of((1000, 100))}, None)  # on b-c: 110 s and 190 s
    found = breaks(network, starts, spots, [2.0, 3.4], k=2)
    # Without d-a nobody changes; without a-b the second comes by d after 210 s; without d-c the first after 290 s.
    road = network.road_id[network.road[found.edge]]
    assert dict(zip(road, found.after_ms / 1000, strict=True)) == {"r0": 210.0, "r2": 290.0}
    assert found.before_ms.tolist() == [190_000.0] * 2
    table = weak_links(network, "fire_station", "typical", found, [2.0, 3.4], spots, square, 2)
    assert table["promised"].tolist() == [2, 2]
    assert table["limit_min"].tolist() == [3.4, 3.4]  # within 2 minutes there never were two
    with pytest.raises(InputError, match="k = 0"):
        breaks(network, starts, spots, [4.0], k=0)


@given(
    st.one_of(cases(), split_cases()),
    st.lists(st.floats(0.05, 4), min_size=1, max_size=3),
    st.integers(1, 4),
    st.integers(1, 3),
)
@settings(max_examples=150, deadline=None)
def test_it_is_what_closing_every_edge_gives(case, limits, n_starts, k):
    network, at = case
    turnout = np.array([0.0, 15_000.0, 40_000.0, 5_000.0])[: min(n_starts, len(at))]
    starts = Starts(at.take(slice(0, n_starts)), turnout)

    def kth(roads):
        each = [starts.take(np.array([s])) for s in range(len(starts))]
        times = [first_arrival_ms(roads, nearest_node_times(roads, one), one, at) for one in each]
        return np.sort(np.vstack([*times, np.full((k, len(at)), np.inf)]), axis=0)[k - 1]

    before, expected = kth(network), {}
    for e in range(len(network.metres)):
        after = kth(close_edges(network, np.arange(len(network.metres)) == e))
        for spot in np.flatnonzero(at.edge != e):
            if any(before[spot] <= limit * 60_000 + 1e-3 < after[spot] for limit in limits):
                expected[e, int(spot)] = after[spot]
    found = breaks(network, starts, spots_at(at), limits, k=k)
    assert list(zip(found.edge.tolist(), found.spot.tolist(), strict=True)) == sorted(expected)
    assert found.after_ms == pytest.approx([expected[key] for key in sorted(expected)], abs=1e-3)
    assert found.before_ms == pytest.approx(before[found.spot], abs=1e-6)
