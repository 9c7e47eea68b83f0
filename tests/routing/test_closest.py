"""Travel times by hand, and against networkx on graphs with the positions inserted as nodes."""

from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from conftest import CRS, SPEEDS, points_of, roads_of
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.errors import CRSError, InputError
from geo_risk.routing.closest import COLUMNS, closest_facilities, nearest_minutes, rescue_at
from geo_risk.routing.condition import network_condition
from geo_risk.routing.facilities import facility_starts
from geo_risk.routing.network import build_network, close_roads
from geo_risk.routing.reach import Starts, arrival_ms, node_times, route_pieces
from geo_risk.routing.snap import Snapped
from geo_risk.schema import RESULTS

FIRE = ("fire_station",)


def closest(network, places, facilities, **options):
    return closest_facilities(network, {"crowded_places": places}, facilities, **{"kinds": FIRE} | options)


def test_turnout_legs_and_partial_edges_add_up(square):
    network = build_network(square, speeds=SPEEDS)
    station = points_of((250, 1030), kind=["fire_station"])
    place = points_of((250, 20))
    row = closest(network, place, station).iloc[0]
    # 60 s turnout + 30 m at 5 km/h (21.6 s); east along the one-way 750 m, 1,000 m, 750 m = 250 s; 20 m (14.4 s).
    assert row["minutes"] * 60 == pytest.approx(60 + 21.6 + 250 + 14.4)
    assert row["distance_m"] == pytest.approx(30 + 2500 + 20)
    assert row["access_m"] == pytest.approx(50)
    assert row["reason"] == ""
    assert row.geometry.equals(
        shapely.LineString([(250, 1030), (250, 1000), (1000, 1000), (1000, 0), (250, 0), (250, 20)])
    )


@pytest.mark.parametrize(("place_x", "seconds"), [(700, 50), (100, 390)])
def test_both_on_one_one_way_edge(square, place_x, seconds):
    # Ahead: 500 m straight on. Behind: 800 m on, round the block 3,000 m, 100 m.
    network = build_network(square, speeds=SPEEDS)
    station = points_of((200, 1000), kind=["fire_station"], turnout_s=[0.0])
    row = closest(network, points_of((place_x, 1000)), station).iloc[0]
    assert row["minutes"] * 60 == pytest.approx(seconds)
    assert row.geometry.length == pytest.approx(seconds * 10)


def test_both_on_one_edge_but_faster_around():
    # A lane drawn as a hairpin of 5,000 m between ends 100 m apart, with a street between the ends.
    hairpin = [(0, 0), (0, 2450), (100, 2450), (100, 0)]
    network = build_network(roads_of(hairpin, [(0, 0), (100, 0)]), speeds=SPEEDS)
    row = closest(network, points_of((100, 50)), points_of((0, 50), kind=["fire_station"], turnout_s=[0.0])).iloc[0]
    assert row["minutes"] * 60 == pytest.approx((50 + 100 + 50) / 10)


def test_the_route_follows_the_bends_also_against_the_drawing():
    bends = [(0, 0), (100, 0), (100, 100), (200, 100), (200, 0), (300, 0)]
    network = build_network(roads_of(bends, [(300, 0), (400, 0)]), speeds=SPEEDS)
    ends = points_of((50, 0), (400, 0), kind=["fire_station"] * 2, turnout_s=[0.0, 0.0])
    there = closest(network, ends[1:], ends[:1]).geometry.iloc[0]
    back = closest(network, ends[:1], ends[1:]).geometry.iloc[0]
    assert there.coords[:] == [(50, 0), *bends[1:], (400, 0)]
    assert back.coords[:] == there.coords[::-1]


def test_on_a_loop_road_the_shorter_way_round_is_taken():
    loop = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    network = build_network(roads_of([(-500, 0), (0, 0)], loop), speeds=SPEEDS)
    station = points_of((-500, 0), kind=["fire_station"], turnout_s=[0.0])
    rows = closest(network, points_of((0, 60), (100, 50)), station, k=1)
    assert (rows["minutes"] * 60).tolist() == pytest.approx([50 + 6, 50 + 15])
    back = closest(network, points_of((-500, 0)), points_of((0, 60), kind=["fire_station"], turnout_s=[0.0]))
    assert back["minutes"].iloc[0] * 60 == pytest.approx(56)
    assert back.geometry.iloc[0].length == pytest.approx(560)


def test_k_nearest_are_ranked_and_ties_go_by_id(square):
    network = build_network(square, speeds=SPEEDS)
    stations = points_of((1000, 1000), (0, 0), (1000, 500), kind=["fire_station"] * 3)
    rows = closest(network, points_of((1000, 0)), stations, k=2)
    assert rows[["rank", "facility_id"]].to_numpy().tolist() == [[1, "p2"], [2, "p0"]]
    assert closest(network, points_of((1000, 0)), stations.iloc[::-1], k=2)["facility_id"].tolist() == ["p2", "p0"]


def test_turnout_column_before_setting_before_default(square):
    network = build_network(square, speeds=SPEEDS)
    stations = points_of((0, 0), (0, 0), kind=["fire_station", "hospital"], turnout_s=[10.0, np.nan])
    place = points_of((0, 0))
    rows = closest(network, place, stations, kinds=("fire_station", "hospital"))
    assert rows["turnout_s"].tolist() == [10.0, 180.0]
    assert rows["minutes"].tolist() == pytest.approx([10 / 60, 3.0])
    rows = closest(network, place, stations, kinds=("hospital",), turnout_s={"hospital": 60.0})
    assert rows["minutes"].tolist() == pytest.approx([1.0])


def test_every_place_has_a_reason_where_nobody_comes(square):
    island = roads_of([(5000, 0), (5100, 0)], oneway=[0])
    network = build_network(pd.concat([square, island], ignore_index=True), speeds=SPEEDS)
    stations = points_of((0, 0), kind=["fire_station"])
    places = points_of((5050, 0), (9000, 0), (1000, 1000), (0, 0))
    places.loc[3, "geometry"] = None
    rows = closest(network, places, stations, kinds=("fire_station", "rescue_team"), max_min=2)
    fire = rows[rows["facility_kind"] == "fire_station"]
    assert fire["reason"].tolist() == [
        "no way by road from any facility of this kind",
        "no road within 500 m",
        "beyond the limit: the nearest needs 4.3 min",
        "the place has no position",
    ]
    assert fire["minutes"].isna().all()
    assert fire.geometry.isna().all()
    assert (rows.loc[rows["facility_kind"] == "rescue_team", "reason"] == "no such facility").all()
    assert len(rows) == 8


def test_who_is_caught_in_a_one_way_trap_is_told(square):
    """A street into which one may drive but not out again: its places are reached, its station reaches nobody else."""
    trap = roads_of([(0, 0), (-300, 0)], oneway=[1])
    network = build_network(pd.concat([square, trap], ignore_index=True), speeds=SPEEDS)
    places = points_of((-250, 0), (500, 0))
    out, in_ = points_of((0, 500), kind=["fire_station"]), points_of((-200, 0), kind=["fire_station"])
    assert (closest(network, places, out)["reason"] == "").all()
    assert closest(network, places, in_)["reason"].tolist() == ["", "no way by road from any facility of this kind"]
    told = network_condition(network, {"crowded_places": places}, pd.concat([out, in_])).set_index("what")
    assert told.loc["fire_station on islands of the network", ["count", "why"]].tolist() == [
        1,
        "check gaps and one-way values of the roads there, few are reached from it: name 0",
    ]
    assert told.loc["places of crowded_places", ["count", "why"]].tolist() == [1, "on islands of the network"]
    assert told.loc["km outside the main part", "count"] == pytest.approx(0.3)


def test_facilities_that_cannot_serve_are_listed(square):
    network = build_network(square, speeds=SPEEDS)
    stations = points_of((0, 0), (9000, 9000), (0, 0), kind=["fire_station"] * 3, state=["closed", None, "active"])
    told = network_condition(network, {}, stations).set_index("what").loc["fire_station not counted"]
    assert told[["count", "share", "why"]].to_numpy().tolist() == [
        [1, 1 / 3, "no road within 500 m: name 1"],
        [1, 1 / 3, "out of service: name 0"],
    ]
    few = network_condition(network, {}, stations, kinds=("fire_station",), promised=2).set_index("what")
    assert few.loc["fire_station fewer than promised", ["count", "why"]].tolist() == [
        1,
        "1 for promised = 2 under [rescue]: no place keeps that promise, so no road is a weak link",
    ]
    rows = closest(network, points_of((0, 0)), stations.iloc[:2])
    assert rows["reason"].tolist() == ["none of 2 facilities of this kind is in service and near a road"]


def test_columns_are_the_schema_and_empty_inputs_give_empty_tables(square):
    network = build_network(square, speeds=SPEEDS)
    assert (*RESULTS["travel_times"].names, "geometry") == COLUMNS
    nobody = gpd.GeoDataFrame({"id": [], "kind": []}, geometry=[], crs=CRS)
    assert closest_facilities(network, {}, nobody).empty
    rows = closest(network, points_of((0, 0)), nobody)
    assert rows["reason"].tolist() == ["no such facility"]


def test_rescue_at_is_the_table_of_one_place(square):
    network = build_network(square, speeds=SPEEDS)
    stations = points_of((0, 0), kind=["fire_station"])
    one = rescue_at(network, stations, 1000.0, 0.0, kinds=FIRE)
    assert one["minutes"].tolist() == closest(network, points_of((1000, 0)), stations)["minutes"].tolist()
    assert one["place_name"].tolist() == ["1000.0, 0.0"]
    with pytest.raises(InputError, match="no position"):
        rescue_at(network, stations, float("nan"), 0.0)


def test_a_closed_road_makes_the_way_longer(square):
    network = close_roads(build_network(square, speeds=SPEEDS), shapely.box(400, -10, 600, 10))
    row = closest(network, points_of((1000, 0)), points_of((0, 0), kind=["fire_station"], turnout_s=[0.0])).iloc[0]
    assert row["minutes"] * 60 == pytest.approx(300)


def test_areas_count_by_a_point_inside(square):
    network = build_network(square, speeds=SPEEDS)
    place = points_of((0, 0)).set_geometry([shapely.box(-20, 480, 20, 520)], crs=CRS)
    row = closest(network, place, points_of((0, 0), kind=["fire_station"], turnout_s=[0.0])).iloc[0]
    assert row["minutes"] * 60 == pytest.approx(50)


def test_bad_input_is_refused(square):
    network = build_network(square, speeds=SPEEDS)
    stations = points_of((0, 0), kind=["fire_station"])
    with pytest.raises(InputError, match="k = 0"):
        closest(network, stations, stations, k=0)
    with pytest.raises(CRSError, match="Reproject"):
        closest(network, stations.to_crs(4326), stations)
    with pytest.raises(InputError, match="turnout_s -5"):
        closest(network, stations, stations.assign(turnout_s=[-5.0]))
    with pytest.raises(InputError, match="no column 'kind'"):
        closest(network, stations, stations.drop(columns="kind"))


@st.composite
def cases(draw):
    """A random street grid with one-ways, two classes and dead ends, and positions on its edges."""
    corners = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=9, unique=True))
    pairs = [(i, j) for i in range(len(corners)) for j in range(i)]
    links = draw(st.lists(st.sampled_from(pairs), min_size=2, max_size=14, unique=True))
    bends = draw(st.lists(st.integers(-40, 40), min_size=len(links), max_size=len(links)))
    xy = np.array(corners, float) * 100
    lines = [
        [xy[i], (xy[i] + xy[j]) / 2 + (0.25, bend + 0.25), xy[j]] for (i, j), bend in zip(links, bends, strict=True)
    ]
    n = len(links)
    oneway = draw(st.lists(st.sampled_from([0, 0, 1, -1]), min_size=n, max_size=n))
    kind = draw(st.lists(st.sampled_from(["road", "primary"]), min_size=n, max_size=n))
    network = build_network(roads_of(*lines, oneway=oneway, **{"class": kind}), speeds=SPEEDS)
    share = st.integers(0, 1000).map(lambda i: i / 1000) | st.sampled_from([0.0, 0.5, 1.0])
    spots = draw(st.lists(st.tuples(st.integers(0, len(network.metres) - 1), share), min_size=2, max_size=8))
    edge = np.array([e for e, _ in spots])
    offset = np.array([f for _, f in spots]) * network.metres[edge]
    at = Snapped(np.zeros((len(edge), 2)), edge, offset, np.zeros(len(edge)))
    return network, at


def inserted(network, at):
    """The network as a networkx graph in which every position of ``at`` is a node."""
    graph = nx.DiGraph()
    for e in range(len(network.metres)):
        spots = [(at.offset_m[i], ("spot", i)) for i in np.flatnonzero(at.edge == e)]
        spots.sort(key=lambda stop: stop[0])
        stops = [(0.0, int(network.tail[e])), *spots, (network.metres[e], int(network.head[e]))]
        for (m0, u), (m1, v) in pairwise(stops):
            ms = (m1 - m0) / network.metres[e] * float(network.ms[e])
            same = m1 == m0  # one and the same place: no one-way between them
            for a, b, allowed in ((u, v, network.forward[e] or same), (v, u, network.backward[e] or same)):
                if allowed and ms < graph.get_edge_data(a, b, {"ms": np.inf})["ms"]:
                    graph.add_edge(a, b, ms=ms)
    return graph


@given(cases())
@settings(max_examples=150, deadline=None)
def test_times_and_routes_agree_with_networkx(case):
    network, at = case
    graph = inserted(network, at)
    starts = Starts(at, np.zeros(len(at)))
    ((_, times),) = node_times(network, starts)
    ms, how = arrival_ms(network, times, starts, at)
    for i in range(len(at)):
        known = nx.single_source_dijkstra_path_length(graph, ("spot", i), weight="ms") if ("spot", i) in graph else {}
        expected = np.array([known.get(("spot", j), np.inf) for j in range(len(at))])
        expected[i] = 0.0
        np.testing.assert_allclose(ms[i], expected, atol=1e-6)
        reached = np.flatnonzero(np.isfinite(ms[i]))
        one = starts.take(np.array([i]))
        pieces = route_pieces(network, one, at.take(reached), how[i, reached], limit_ms=float(ms[i, reached].max()))
        signed = pieces.end_m - pieces.begin_m
        assert np.where(signed > 0, network.forward[pieces.edge], True).all()
        assert np.where(signed < 0, network.backward[pieces.edge], True).all()
        cost = np.abs(signed) / network.metres[pieces.edge] * network.ms[pieces.edge]
        np.testing.assert_allclose(np.bincount(pieces.line, cost, minlength=len(reached)), ms[i, reached], atol=1e-6)


@given(cases(), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_the_table_is_the_matrix_and_its_lines_are_its_lengths(case, k):
    network, at = case
    base = network.mileage[network.offsets[at.edge]] + at.offset_m
    xy = np.column_stack([np.interp(base, network.mileage, axis) for axis in network.coords.T])
    half = len(at) // 2
    stations = points_of(*xy[:half], kind=["fire_station"] * half)
    places = points_of(*xy[half:])
    rows = closest(network, places, stations, k=k)
    good = rows[rows["reason"] == ""]
    np.testing.assert_allclose(shapely.length(good.geometry.to_numpy()), good["distance_m"], atol=1e-6)
    _, starts, _ = facility_starts(network, stations, FIRE)
    _, ends, _ = facility_starts(network, places.assign(kind="fire_station"), FIRE)
    first = nearest_minutes(network, starts, ends.at)
    best = rows[rows["rank"] == 1].set_index("place_id")["minutes"]
    np.testing.assert_allclose(best[places["id"]].to_numpy(), np.where(first <= 60, first, np.nan), atol=1e-9)
    assert good.groupby("place_id")["minutes"].apply(lambda m: m.is_monotonic_increasing).all()
