"""The demo city in memory: counts, shapes and the promises other parts rely on."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from geo_risk.layers.demo.arterials import RANK
from geo_risk.layers.demo.city import City, make_city
from geo_risk.layers.demo.detours import _minutes
from geo_risk.layers.demo.hazards import KINDS as HAZARD_KINDS
from geo_risk.layers.demo.hazards import grade
from geo_risk.layers.demo.places import KINDS as PLACE_KINDS
from geo_risk.layers.demo.plan import Plan, degrees
from geo_risk.layers.demo.rng import apportion, choose, normal, shuffled, stream


@pytest.fixture(scope="module")
def small() -> City:
    return make_city(Plan("small", 2))


@pytest.fixture(scope="module")
def city() -> City:
    return make_city(Plan("city", 1))


@given(st.integers(0, 5_000), st.lists(st.floats(0.01, 1e3), min_size=1, max_size=40))
def test_apportion_sums_and_stays_within_one(total, weights):
    parts = apportion(total, weights)
    exact = np.array(weights) * total / sum(weights)
    assert parts.sum() == total
    assert np.all(np.abs(parts - exact) < 1 + 1e-6)


def test_streams_are_apart_and_repeat():
    assert np.array_equal(stream(1, "a").random(5), stream(1, "a").random(5))
    assert not np.array_equal(stream(1, "a").random(5), stream(1, "b").random(5))
    assert not np.array_equal(stream(1, "a").random(5), stream(2, "a").random(5))


def test_transforms_have_the_right_distribution():
    z = normal(stream(3, "z"), 40_000)
    assert abs(z.mean()) < 0.02
    assert abs(z.std() - 1) < 0.02
    share = np.bincount(choose(stream(3, "c"), [1, 0, 3], 40_000), minlength=3) / 40_000
    assert share == pytest.approx([0.25, 0, 0.75], abs=0.01)
    assert sorted(shuffled(stream(3, "s"), 50)) == list(range(50))


def test_frame_is_the_sea_off_the_coast():
    plan = Plan("city", 1)
    lon, lat = degrees(plan, np.array([[23_000.0, 15_000.0]]))
    assert lon[0] == pytest.approx(123.25, abs=1e-4)
    assert lat[0] == pytest.approx(32.18, abs=1e-4)


def test_towns_cover_the_city_without_gap_or_overlap(small, city):
    for made, km2 in ((small, 98), (city, 980)):
        areas = made.towns.area
        total = sum(a.area for a in areas)
        assert total / 1e6 == pytest.approx(km2, rel=0.01)
        whole = shapely.union_all(areas)
        assert total - whole.area < 1.0
        assert len(whole.interiors) == 0
        # Noding moves the limit onto a grid of 1 cm: at most 1 cm along its whole length.
        assert whole.symmetric_difference(made.land.limit).area < 0.01 * made.land.limit.length
        assert all(a.geom_type == "Polygon" and a.is_valid for a in areas)
        assert all(a.covers(shapely.Point(p)) for a, p in zip(areas, made.towns.xy, strict=True))


def _one_way_arcs(roads):
    both = np.flatnonzero(roads.oneway == 0)
    start = np.concatenate([roads.start, roads.end[both]])
    return start, np.concatenate([roads.end, roads.start[both]])


def test_a_car_gets_from_anywhere_to_anywhere(small, city):
    for roads in (small.roads, city.roads):
        a, b = _one_way_arcs(roads)
        nodes = np.unique(np.concatenate([a, b]))
        a, b = np.searchsorted(nodes, a), np.searchsorted(nodes, b)
        graph = csr_matrix((np.ones(len(a)), (a, b)), shape=(len(nodes), len(nodes)))
        assert connected_components(graph, directed=True, connection="strong")[0] == 1


def test_edges_meet_in_identical_vertices(city):
    roads = city.roads
    first = shapely.get_coordinates(shapely.get_point(roads.line, 0))
    last = shapely.get_coordinates(shapely.get_point(roads.line, -1))
    assert np.array_equal(first, roads.node[roads.start])
    assert np.array_equal(last, roads.node[roads.end])


def test_motorways_are_reached_by_ramps_only(city):
    roads = city.roads
    motorway = roads.rank == RANK["motorway"]
    street = roads.rank > RANK["motorway_link"]
    on_motorway = np.union1d(roads.start[motorway], roads.end[motorway])
    on_street = np.union1d(roads.start[street], roads.end[street])
    assert motorway.sum() > 100
    assert np.intersect1d(on_motorway, on_street).size == 0


def test_road_figures_of_the_documented_city(city):
    roads = city.roads
    degree = np.bincount(np.concatenate([roads.start, roads.end]))
    degree = degree[degree > 0]
    share = np.bincount(degree, minlength=5) / len(degree)
    assert 20_000 <= len(degree) <= 23_000
    assert 29_000 <= len(roads.line) <= 33_000
    assert 0.10 <= share[1] <= 0.18
    assert share[2] <= 0.15
    assert 0.45 <= share[3] <= 0.55
    assert 0.20 <= share[4] <= 0.27
    assert 95 <= np.median(roads.length) <= 150
    assert np.percentile(roads.length, 99) < 700
    km = np.bincount(roads.rank, roads.length) / 1e3
    assert km[RANK["trunk"]] == pytest.approx(175, rel=0.2)
    assert km[RANK["primary"]] == pytest.approx(255, rel=0.2)
    assert km[RANK["secondary"]] == pytest.approx(470, rel=0.03)
    assert km[RANK["tertiary"]] == pytest.approx(880, rel=0.03)
    assert km[RANK["residential"]] == pytest.approx(2_550, rel=0.15)
    assert np.isfinite(roads.max_weight).sum() == 41
    assert np.isfinite(roads.max_height).sum() == 16


def test_counts_of_the_documented_city(city):
    assert len(city.firms.id) == 9_399
    assert np.bincount(city.firms.grade).tolist() == [0, 5_620, 2_914, 752, 113]
    first = [r for r in city.hazards.units if r["first"]]
    assert len(first) == 173
    assert len({r["firm"] for r in first}) == 82
    kinds = [r["kind"] for r in first]
    assert [kinds.count(k) for k, _ in HAZARD_KINDS] == [n for _, n in HAZARD_KINDS]
    assert np.bincount(city.places.kind).tolist() == [row[1] for row in PLACE_KINDS]
    fire = [r for r in city.rescue.facilities if "消防站" in r["kind"] or "消防队" in r["kind"]]
    assert len(fire) == 34
    assert len(city.rescue.hydrants) == 6_200
    assert city.people.residents.sum() == 1_780_000
    assert 100 < city.land.river.area / 1e6 < 125


# Greatest stock [t] that a Chinese city has in one installation, by its way of storing (orders of magnitude).
USUAL = {"汽油": 20_000, "苯": 12_000, "液化石油气": 1_000, "液氨": 600, "液氯": 150, "氢": 6, "丙烯": 2_000}


def test_stocks_and_crowds_are_those_of_a_city(city):
    units = city.hazards.units
    for row in units:
        assert row["tonnes"] <= 1.01 * USUAL.get(row["substance"], 20_000)
        if row["kind"] == "生产装置":
            assert row["tonnes"] <= 101
        if row["kind"] == "仓库":
            assert row["tonnes"] <= 1_000
    by_unit = {r["unit"]: [x for x in units if x["unit"] == r["unit"]] for r in units}
    assert np.bincount([grade(rows) for rows in by_unit.values()]).tolist() == [0, 16, 32, 55, 70]
    assert city.people.residents.max() / 4 < 720  # persons per ha
    assert city.places.capacity.max() <= 4_000
    chemical = city.parks[0].area
    homes = shapely.points(city.people.xy[city.people.residents > 3])
    assert shapely.distance(chemical, homes).min() > 400  # 500 m to the middle of a square of 200 m, and rounding


def test_firms_cluster_as_registers_do(city):
    xy = city.firms.xy
    tree = cKDTree(xy)
    nearest = tree.query(xy, k=2)[0][:, 1]
    assert 40 <= np.median(nearest) <= 70
    assert 150 <= np.percentile(nearest, 90) <= 220
    assert 20 <= np.median([len(n) - 1 for n in tree.query_ball_point(xy, 500)]) <= 28
    assert 60 <= np.median([len(n) - 1 for n in tree.query_ball_point(xy, 1_000)]) <= 80
    cells = np.unique(np.floor(xy / 1_000), axis=0, return_counts=True)[1]
    fullest = np.sort(cells)[::-1][: len(cells) // 10].sum() / len(xy)
    assert 0.40 <= fullest <= 0.46
    staff = np.sort(city.firms.staff)[::-1]
    assert 0.14 <= staff[: len(staff) // 100].sum() / staff.sum() <= 0.21


def test_people_are_dense_where_real_people_are(city):
    density = np.sort(city.people.residents / 0.04)[::-1]
    share = np.cumsum(density) / density.sum()
    quartile, median = density[np.searchsorted(share, [0.25, 0.5])]
    assert 14_000 < quartile < 22_000
    assert 5_500 < median < 8_500


def test_everything_stands_on_dry_land_near_a_street(small):
    ground = shapely.union_all([small.land.dry, small.land.island])
    streets = shapely.union_all(small.roads.line[small.roads.rank > RANK["motorway_link"]])
    shapely.prepare(ground)
    hazards = small.hazards
    jetty = np.array([r["kind"] == "装卸码头" for r in hazards.units + hazards.fuel + hazards.loading])
    assert shapely.distance(small.land.dry, shapely.points(small.hazards.xy[jetty])).max() < 30
    for xy in (small.firms.xy, small.places.xy, small.hazards.xy[~jetty]):
        assert shapely.contains_xy(ground, xy).all()
        assert shapely.distance(streets, shapely.points(xy)).max() < 400
    for building in small.buildings.outline:
        assert building.disjoint(small.land.river)


def test_pipelines_end_on_something(city):
    """Every end of a gas main or trunk lies on another line, on the limit or over the river, or at a plant."""
    gas = [p for p in city.pipes if p.kind == "城镇燃气"]
    tree = shapely.STRtree([p.line for p in city.pipes])
    high = [p for p in gas if p.id.startswith("GY")]
    for pipe in high:
        for end in (pipe.line.coords[0], pipe.line.coords[-1]):
            assert len(tree.query(shapely.Point(end), "dwithin", 0.05)) >= 2
    plant = [p for p in city.pipes if p.kind == "危化品管道"]
    sites = cKDTree(city.hazards.xy)
    ends = np.array([c for p in plant for c in (p.line.coords[0], p.line.coords[-1])])
    assert len(plant) == 23
    assert sites.query(ends)[0].max() < 0.05


def test_only_the_towns_without_a_crew_are_late(city):
    """Five minutes from the call, one of them for turning out (construction standard for fire stations)."""
    roads = city.roads
    street = roads.rank > RANK["motorway_link"]
    nodes = np.unique(np.concatenate([roads.start[street], roads.end[street]]))
    tree = cKDTree(roads.node[nodes])
    crews = [r["xy"] for r in city.rescue.facilities if "消防站" in r["kind"] or "消防队" in r["kind"]]
    reach = _minutes(city, np.zeros(len(roads.line), bool), nodes[tree.query(crews)[1]]).min(axis=0)
    late = reach[nodes[tree.query(city.towns.xy)[1]]] + 1 > 5
    assert np.flatnonzero(late).tolist() == city.rescue.unserved
    assert len(city.rescue.unserved) == 3
