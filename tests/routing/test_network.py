"""Topology, speeds, directions, components and what the report says of them."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from conftest import CRS, SPEEDS, roads_of

from geo_risk.errors import CRSError, InputError, SettingsError
from geo_risk.routing.network import build_network, close_roads, with_speeds
from geo_risk.routing.pairs import travel_ms
from geo_risk.routing.reach import Starts
from geo_risk.routing.snap import snap_points
from geo_risk.routing.traffic import at_hour


def test_ways_are_cut_at_shared_vertices_and_keep_their_shape():
    # A cross of two ways that share their middle vertex: 5 nodes, 4 edges of 100 m, 10 s each.
    network = build_network(roads_of([(0, 0), (100, 0), (200, 0)], [(100, -100), (100, 0), (100, 100)]), speeds=SPEEDS)
    assert len(network.x) == 5
    assert network.metres.tolist() == [100.0] * 4
    assert network.ms.tolist() == [10_000] * 4
    assert network.ms.dtype == np.uint32
    assert network.road.tolist() == [0, 0, 1, 1]
    assert (network.report.dead_ends, network.report.components, network.report.main_share) == (4, 1, 1.0)


def test_shape_vertices_are_not_junctions():
    network = build_network(roads_of([(0, 0), (30, 40), (60, 0)]), speeds=SPEEDS)
    assert (len(network.x), network.metres.tolist(), network.offsets.tolist()) == (2, [100.0], [0, 3])


def test_vertices_within_a_centimetre_are_one_junction():
    network = build_network(roads_of([(0, 0), (100, 0)], [(100.004, 0.003), (200, 0)]), speeds=SPEEDS)
    assert (len(network.x), network.report.components) == (3, 1)


def test_limits_of_zero_and_less_are_named_and_not_driven():
    lines = [[(0, 100 * i), (1000, 100 * i)] for i in range(5)]
    network = build_network(roads_of(*lines, speed_kmh=[0.0, -5.0, 1.0, 500.0, 30.0]), speeds=SPEEDS)
    assert network.kmh.tolist() == [36.0] * 4 + [30.0]
    told = "limit outside 3 to 160 km/h ignored (r0: 0.0, r1: -5.0, r2: 1.0, ...)"
    assert network.report.corrected[told] == 4


def test_a_ring_is_a_loop_with_its_whole_length():
    network = build_network(roads_of([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]), speeds=SPEEDS)
    assert (len(network.x), network.metres.tolist()) == (1, [400.0])


def test_speed_is_that_of_the_class_capped_by_the_limit():
    lines = [[(0, 100 * i), (1000, 100 * i)] for i in range(6)]
    roads = roads_of(
        *lines,
        **{"class": ["primary", "primary", "primary", None, "goat", "primary"]},
        speed_kmh=[np.nan, 36.0, 120.0, np.nan, np.nan, 999.0],
    )
    network = build_network(roads, speeds=SPEEDS)
    assert network.kmh.tolist() == [72.0, 36.0, 72.0, 36.0, 36.0, 72.0]
    assert network.ms.tolist() == [50_000, 100_000, 50_000, 100_000, 100_000, 50_000]
    assert network.report.corrected == {
        "class unknown, speed of 'road' used (r3: none, r4: goat): "
        "correct it, or give its km/h in speeds_kmh under [rescue]": 2,
        "limit outside 3 to 160 km/h ignored (r5: 999.0)": 1,
        "no one-way value, taken as both ways": 6,
    }


def test_roads_left_out_are_counted_by_reason():
    line = [(0, 0), (100, 0)]
    roads = roads_of(
        line, line[::-1], [(0, 50), (9, 50)], [(0, 60), (9, 60)], [(0, 70), (9, 70)], None, [(5, 5), (5, 5.001)],
        access=[None, None, "no", "private", None, None, None],
        **{"class": ["road", "road", "road", "road", "footway", "road", "road"]},
    )  # fmt: skip
    report = build_network(roads, speeds=SPEEDS).report
    assert report.skipped == {
        "access no or private": 2,
        "of a class closed to vehicles": 1,
        "without geometry": 1,
        "shorter than 0.01 m": 1,
        "drawn twice": 1,
    }
    assert report.used + sum(report.skipped.values()) == report.roads == 7


# A way round of 1,000 m from d to c (r0, r1, r2), and what may shorten it to 200 m (r3).
ROUND = [(0, 0), (0, 400)], [(0, 400), (200, 400)], [(200, 400), (200, 0)], [(0, 0), (200, 0)]


def metres_from_d_to_c(vehicle, **shortcut):
    """Length of the fastest way of a vehicle [m] where the short cut has these values; and its network."""
    columns = {name: [None, None, None, value] for name, value in shortcut.items()}
    roads = roads_of(*ROUND, **{"class": ["road"] * 4} | columns)
    network = build_network(roads, speeds=SPEEDS | {"steps": 0.0}, vehicle=vehicle)
    d, c = (snap_points(network, np.array([xy])) for xy in ([0.0, 0.0], [200.0, 0.0]))
    return float(travel_ms(network, Starts(d, np.zeros(1)), c)[0].item()) / 100, network


@pytest.mark.parametrize(
    ("shortcut", "engine_m", "car_m"),
    [
        ({}, 200, 200),
        ({"access": "private"}, 200, 1000),
        ({"access": "no"}, 200, 1000),
        ({"access": "no", "emergency": "yes"}, 200, 1000),
        ({"access": "private", "emergency": "no"}, 1000, 1000),
        ({"emergency": "no"}, 1000, 200),
        ({"access": "private", "barrier": "gate"}, 200, 1000),
        ({"access": "private", "barrier": "gate;bollard"}, 1000, 1000),
        ({"access": "private", "barrier": "block"}, 1000, 1000),
        ({"access": "private", "max_height_m": 3.0}, 1000, 1000),
        ({"access": "private", "max_weight_t": 7.5}, 1000, 1000),
        ({"access": "private", "width_m": 2.2}, 1000, 1000),
        ({"access": "private", "width_m": 3.0, "max_height_m": 4.0, "max_weight_t": 30.0}, 200, 1000),
        ({"max_height_m": 3.0}, 1000, 200),
        ({"class": "steps", "emergency": "yes"}, 1000, 1000),
        ({"class": "footway", "access": "no"}, 1000, 1000),
    ],
)
def test_emergency_vehicles_pass_what_is_closed_by_law_but_nothing_that_is_closed_by_walls(shortcut, engine_m, car_m):
    shortcut = {"class": "road"} | shortcut
    engine, network = metres_from_d_to_c("fire_engine", **shortcut)
    assert engine == pytest.approx(engine_m)
    others = {name: metres_from_d_to_c(name, **shortcut)[0] for name in ("car", "hazmat_truck", None)}
    assert others == dict.fromkeys(others, pytest.approx(car_m))
    passed = network.report.corrected.get("access no or private, open to emergency vehicles", 0)
    assert passed == (engine_m < car_m)


def test_a_way_for_emergency_vehicles_alone_is_slow_and_keeps_its_hour():
    # 200 m at 15 km/h take 48 s, the way round at 36 km/h 100 s.
    _, network = metres_from_d_to_c("ambulance", **{"class": "footway", "emergency": "designated"})
    assert network.ms[network.road == 3].tolist() == [48_000]
    assert at_hour(network, "peak").ms[network.road == 3].tolist() == [pytest.approx(48_000 / 0.7, abs=1)]
    assert metres_from_d_to_c("car", **{"class": "footway", "emergency": "designated"})[0] == pytest.approx(1000)


def test_low_and_weak_roads_are_left_out_for_tall_and_heavy_vehicles(square):
    roads = square.assign(max_height_m=[3.0, np.nan, 4.0, np.nan], max_weight_t=[np.nan, 10.0, 20.0, np.nan])
    report = build_network(roads, speeds=SPEEDS, height_m=3.5, weight_t=20.0).report
    assert report.skipped == {"lower than the vehicle": 1, "too weak for the vehicle": 1}
    assert build_network(roads, speeds=SPEEDS).report.skipped == {}


def test_opposite_one_ways_are_not_repeats():
    network = build_network(roads_of([(0, 0), (9, 0)], [(9, 0), (0, 0)], oneway=[1, 1]), speeds=SPEEDS)
    assert (network.report.used, network.report.components) == (2, 1)


def test_strong_components_and_direction(square):
    network = build_network(square, speeds=SPEEDS)
    assert network.report.components == 1
    assert network.forward.all()
    assert network.backward.tolist() == [False, True, True, True]
    stub = build_network(roads_of([(0, 0), (100, 0)], [(100, 0), (200, 0)], oneway=[0, -1]), speeds=SPEEDS)
    assert stub.report.components == 2
    assert stub.main.tolist() == [True, False]
    assert stub.report.main_share == 0.5
    assert "only 50% of the road length" in stub.report.warnings[0]


def test_ends_within_snap_m_become_one():
    roads = roads_of([(0, 0), (100, 0)], [(103, 0), (200, 0)], [(300, 0), (400, 0)])
    apart = build_network(roads, speeds=SPEEDS)
    assert (apart.report.components, apart.report.merged_ends) == (3, 0)
    joined = build_network(roads, speeds=SPEEDS, snap_m=5)
    assert (joined.report.components, joined.report.merged_ends) == (2, 1)
    assert joined.metres.tolist() == [100.0, 100.0, 100.0]  # the second line now starts at 100 instead of 103


def test_loose_ends_connect_to_another_part_only():
    # A highway ending 30 m north of a street, and a dead end of the street's own part 30 m south of it.
    roads = roads_of([(0, 0), (100, 0), (100, -30), (50, -30)], [(50, 30), (50, 500)])
    network = build_network(roads, speeds=SPEEDS, connect_m=50)
    assert (network.report.connected_ends, network.report.components) == (1, 1)
    assert network.metres.sum() == pytest.approx(100 + 30 + 50 + 470 + 30)
    assert (50.0, 0.0) in set(zip(network.x.tolist(), network.y.tolist(), strict=True))
    assert build_network(roads, speeds=SPEEDS, connect_m=20).report.connected_ends == 0


def test_a_loose_end_takes_the_nearest_of_several_lines():
    roads = roads_of([(0, -20), (100, -20)], [(0, 0), (100, 0)], [(50, 30), (50, 500)])
    network = build_network(roads, speeds=SPEEDS, connect_m=60)
    assert (50.0, 0.0) in set(zip(network.x.tolist(), network.y.tolist(), strict=True))
    assert (50.0, -20.0) not in set(zip(network.x.tolist(), network.y.tolist(), strict=True))


def test_crossings_join_only_on_request_and_on_one_deck():
    lines = [(0, 0), (100, 0)], [(50, -50), (50, 50)], [(20, -50), (20, 50)]
    roads = roads_of(*lines, bridge=[False, False, True])
    plain = build_network(roads, speeds=SPEEDS)
    assert plain.report.components == 3
    assert plain.report.unjoined_crossings == 1
    assert "only 0% of the line ends meet another line, and 1 crossings" in plain.report.warnings[0]
    network = build_network(roads, speeds=SPEEDS, split_crossings=True)
    assert (network.report.split_crossings, network.report.components, len(network.metres)) == (1, 2, 5)


def test_a_t_crossing_and_an_overlap_are_joined():
    # The second line ends on the first; the third runs along it from 60 to 80.
    roads = roads_of([(0, 0), (100, 0)], [(30, 50), (30, 0)], [(60, 20), (60, 0), (80, 0), (80, 20)])
    network = build_network(roads, speeds=SPEEDS, split_crossings=True)
    assert network.report.components == 1
    assert sorted(network.metres.tolist()) == [20.0, 20.0, 20.0, 20.0, 20.0, 30.0, 30.0, 50.0]


def test_arcs_keep_the_fastest_of_parallel_edges():
    roads = roads_of([(0, 0), (100, 0)], [(0, 0), (50, 50), (100, 0)], [(100, 0), (0, 0)], oneway=[0, 0, 1])
    network = build_network(roads, speeds=SPEEDS)
    assert network.arcs.ms.tolist() == [10_000.0, 10_000.0]
    assert network.arcs.edge.tolist() == [0, 0]


def test_with_speeds_changes_times_and_closes_classes():
    roads = roads_of([(0, 0), (100, 0)], [(100, 0), (200, 0)], **{"class": ["primary", "road"]})
    network = build_network(roads, speeds=SPEEDS)
    slow = with_speeds(network, {"primary": 0.0, "road": 18.0})
    assert slow.open.tolist() == [False, True]
    assert slow.ms[1] == 20_000
    assert network.open.all()


def test_closing_an_area_closes_the_edges_that_touch_it(square):
    network = build_network(square, speeds=SPEEDS)
    closed = close_roads(network, shapely.box(-10, 400, 10, 600))
    assert closed.open.tolist() == [True, True, True, False]
    assert closed.report.components == 2


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (lambda r: r.set_crs(4326, allow_override=True), CRSError, "not true metres"),
        (lambda r: r.assign(oneway=[2, 0, 0, 0]), InputError, "'oneway' has 2 in row 0"),
        (lambda r: r.assign(access="no"), InputError, "no road of 4 can be used: 4 access no or private"),
        (lambda r: r.iloc[:0], InputError, "no road of 0 can be used: it is empty"),
        (lambda r: r.set_geometry(shapely.buffer(r.geometry.to_numpy(), 1), crs=CRS), InputError, "row 0 is a Polygon"),
    ],
)
def test_unusable_layers_say_why(square, change, error, match):
    with pytest.raises(error, match=match):
        build_network(change(square), speeds=SPEEDS)


@pytest.mark.parametrize(
    "settings", [{"snap_m": -1.0}, {"connect_m": float("nan")}, {"height_m": -1.0}, {"speeds": {"primary": 50.0}}]
)
def test_bad_settings_are_refused(square, settings):
    with pytest.raises(SettingsError):
        build_network(square, **{"speeds": SPEEDS} | settings)


def test_multi_lines_and_column_types_of_files():
    shape = shapely.MultiLineString([[(0, 0), (100, 0)], [(100, 0), (100, 100)]])
    roads = gpd.GeoDataFrame({"id": ["r"], "oneway": [1]}, geometry=[shape], crs=CRS).astype({"oneway": "Int64"})
    network = build_network(roads, speeds=SPEEDS)
    assert (network.road_id[network.road]).tolist() == ["r", "r"]
    assert not network.backward.any()


def test_the_order_of_rows_does_not_matter_to_the_nodes(square):
    a, b = (build_network(r, speeds=SPEEDS) for r in (square, square.iloc[::-1]))
    assert np.array_equal(a.x, b.x)
    assert np.array_equal(a.y, b.y)
