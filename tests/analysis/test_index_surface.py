import itertools

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.analysis import index
from geo_risk.analysis.index import index_surface
from geo_risk.analysis.index_kernel import members, work
from geo_risk.analysis.index_sources import index_sources
from geo_risk.errors import CRSError, InputError
from geo_risk.grid import Grid
from geo_risk.parallel import map_ordered
from geo_risk.sections import RiskSettings

CRS = "EPSG:4549"
GRID = Grid(CRS, 0.0, 300.0, 100.0, (3, 3))
NOBODY = RiskSettings(assumed_density_per_ha=0.0)


def sources(*rows, group=False) -> gpd.GeoDataFrame:
    """Rows (geometry, score, reach) or (geometry, score, reach, group)."""
    frame = {
        "layer": "hazard_sources",
        "id": [f"{i:03d}" for i in range(len(rows))],
        "name": "",
        "score": [float(r[1]) for r in rows],
        "reach_m": [float(r[2]) for r in rows],
        "reason": "",
    }
    if group:
        frame["group"] = [r[3] for r in rows]
    return gpd.GeoDataFrame(frame, geometry=[r[0] for r in rows], crs=CRS)


def brute_force(frame: gpd.GeoDataFrame, grid: Grid) -> np.ndarray:
    """The formula as it stands in the documentation, cell by cell and source by source."""
    x, y = np.meshgrid(grid.x, grid.y)
    survive = np.ones(grid.shape)
    keys = frame["group"] if "group" in frame else frame["id"]
    for _, group in frame.groupby(keys):
        strongest = np.zeros(grid.shape)
        for row in group.itertuples():
            u = shapely.distance(row.geometry, shapely.points(x, y)) / max(row.reach_m, grid.cell_m)
            strongest = np.maximum(strongest, row.score / 100 * np.where(u < 1, (1 - u**2) ** 2, 0))
        survive *= 1 - strongest
    return 100 * (1 - survive)


def test_one_point_by_hand():
    # u = 0, 0.5 and sqrt(0.5): f = 1, 0.5625 and 0.25. Nobody around: the factor is 0.6.
    surface = index_surface(sources((shapely.Point(150, 150), 50, 200)), {}, GRID, settings=NOBODY)
    hazard = [[12.5, 28.125, 12.5], [28.125, 50, 28.125], [12.5, 28.125, 12.5]]
    np.testing.assert_allclose(surface.hazard, hazard, rtol=1e-6)
    np.testing.assert_allclose(surface.index, 0.6 * np.array(hazard), rtol=1e-6)
    assert surface.hazard.dtype == surface.index.dtype == surface.exposure.dtype == np.float32


def test_two_sources_multiply_and_a_group_takes_the_strongest():
    centre = shapely.Point(150, 150)
    apart = index_surface(sources((centre, 50, 100), (centre, 20, 100)), {}, GRID)
    assert apart.hazard[1, 1] == pytest.approx(60)  # 1 - 0.5 x 0.8
    together = sources((centre, 50, 100, "a"), (centre, 20, 100, "a"), group=True)
    assert index_surface(together, {}, GRID).hazard[1, 1] == pytest.approx(50)


def test_inside_a_polygon_the_distance_is_zero_and_holes_count():
    ring = shapely.box(0, 0, 300, 300).difference(shapely.box(101, 101, 199, 199))
    hazard = index_surface(sources((ring, 40, 100)), {}, GRID).hazard
    assert hazard[0, 0] == pytest.approx(40)
    # The middle lies 49 m from the hole's edge: f = (1 - 0.49^2)^2.
    assert hazard[1, 1] == pytest.approx(40 * (1 - 0.49**2) ** 2)


def test_a_line_acts_at_its_distance_from_either_end():
    hazard = index_surface(sources((shapely.LineString([(0, 150), (150, 150)]), 80, 200)), {}, GRID).hazard
    assert hazard[1, 1] == pytest.approx(80)
    assert hazard[0, 0] == pytest.approx(80 * 0.5625)
    assert hazard[1, 2] == pytest.approx(80 * 0.5625)  # 100 m beyond the end


def test_a_short_reach_never_falls_between_centres():
    hazard = index_surface(sources((shapely.Point(200, 200), 50, 1)), {}, GRID).hazard
    assert (hazard > 0).sum() == 4


def test_a_source_beside_the_grid_counts_as_far_as_it_reaches():
    hazard = index_surface(sources((shapely.Point(-50, 150), 50, 200)), {}, GRID).hazard
    assert hazard[1, 0] == pytest.approx(50 * 0.5625)
    assert (hazard[:, 1:] == 0).all()


def test_index_is_capped():
    places = gpd.GeoDataFrame({"kind": ["hospital"], "capacity": [1e6]}, geometry=[shapely.Point(150, 150)], crs=CRS)
    people = gpd.GeoDataFrame({"persons": [1e6]}, geometry=[shapely.Point(150, 150)], crs=CRS)
    layers = {"population": people, "crowded_places": places}
    surface = index_surface(sources((shapely.Point(150, 150), 100, 500)), layers, GRID)
    assert surface.index.max() == 100
    assert surface.lacked == ("enterprises", "gas_pipelines", "roads", "risk_points")


coordinate = st.floats(-200, 800, width=32)
shape_of = st.one_of(
    st.builds(shapely.Point, coordinate, coordinate),
    st.builds(lambda a, b, c, d: shapely.LineString([(a, b), (c, d), (d, a)]), *[coordinate] * 4),
    st.builds(lambda x, y, w, h: shapely.box(x, y, x + w, y + h), coordinate, coordinate, *[st.floats(1, 300)] * 2),
    st.builds(lambda a, b, c, d: shapely.MultiPoint([(a, b), (c, d)]), *[coordinate] * 4),
)
rows = st.lists(
    st.tuples(shape_of, st.floats(0, 100), st.floats(0, 500), st.sampled_from("abc")), min_size=1, max_size=6
)
SMALL = Grid(CRS, 0.0, 600.0, 40.0, (15, 13))


@settings(max_examples=80, deadline=None)
@given(rows, st.booleans())
def test_equals_the_obvious_version(rows, group):
    frame = sources(*rows, group=group)
    surface = index_surface(frame, {}, SMALL)
    np.testing.assert_allclose(surface.hazard, brute_force(frame, SMALL), rtol=1e-5, atol=2e-4)
    assert ((surface.index >= 0) & (surface.index <= 100)).all()


@settings(max_examples=40, deadline=None)
@given(rows, st.integers(1, 20), st.booleans(), st.randoms(use_true_random=False))
def test_bands_and_order_change_no_bit(rows, band, group, random):
    frame = sources(*rows, group=group)
    once = index_surface(frame, {}, SMALL)
    shuffled = frame.sample(frac=1, random_state=random.randint(0, 999))
    again = index_surface(shuffled, {}, SMALL, band_rows=band)
    assert np.array_equal(once.hazard, again.hazard)
    assert np.array_equal(once.index, again.index)


@settings(max_examples=40, deadline=None)
@given(rows, shape_of, st.floats(0, 100), st.floats(0, 500))
def test_one_more_source_lowers_no_cell(rows, shape, score, reach):
    fewer = index_surface(sources(*rows), {}, SMALL).index
    more = index_surface(sources(*rows, (shape, score, reach)), {}, SMALL).index
    assert (more >= fewer).all()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8, unique=True), st.floats(50, 300))
def test_cutting_a_road_into_edges_changes_nothing(points, reach):
    road = shapely.LineString(points)
    edges = [shapely.LineString(pair) for pair in itertools.pairwise(points)]
    whole = index_surface(sources((road, 30, reach, "road"), group=True), {}, SMALL)
    cut = index_surface(sources(*((e, 30, reach, "road") for e in edges), group=True), {}, SMALL)
    np.testing.assert_array_equal(whole.hazard, cut.hazard)


def test_worker_processes_change_no_bit(monkeypatch):
    asked = []

    def counted(function, items, *, workers, progress):
        asked.append(workers)
        return map_ordered(function, items, workers=workers, progress=progress)

    monkeypatch.setattr(index, "map_ordered", counted)
    rng = np.random.default_rng(3)
    points = shapely.points(rng.uniform(0, 600, (40, 2)))
    frame = sources(*((p if i % 2 else p.buffer(30), 10 + i, 50 + 5 * i) for i, p in enumerate(points)))
    alone = index_surface(frame, {}, SMALL)
    little = index_surface(frame, {}, SMALL, workers=2, band_rows=4)
    monkeypatch.setattr(index, "_PAIRS_PER_WORKER", 1)
    pair = index_surface(frame, {}, SMALL, workers=2, band_rows=4)
    assert asked == [0, 0, 2]  # so little work is not worth a process
    assert np.array_equal(alone.hazard, little.hazard)
    assert np.array_equal(alone.hazard, pair.hazard)
    assert np.array_equal(alone.index, pair.index)


def test_work_is_the_number_of_cells_in_reach():
    # 3 x 3 cells of 100 m; the box of 50 m round (150, 150) holds one centre, a cell too many at most to each side
    few, all_cells = (work(members(sources((shapely.Point(150, 150), 30, r)), 1.0), GRID) for r in (49, 500))
    assert 1 <= few <= 9
    assert all_cells == 9
    assert work(members(sources((shapely.Point(9000, 150), 30, 500)), 1.0), GRID) == 0


def test_a_long_straight_pipeline_is_exact():
    line = shapely.LineString([(-9000, -8000), (9000, 9500)])
    frame = sources((line, 60, 300))
    np.testing.assert_allclose(index_surface(frame, {}, SMALL).hazard, brute_force(frame, SMALL), rtol=1e-5, atol=1e-4)


def test_a_detailed_outline_is_right_to_a_twentieth_of_a_cell():
    circle = shapely.Point(300, 300).buffer(150, quad_segs=64)
    frame = sources((circle, 60, 300))
    hazard = index_surface(frame, {}, SMALL).hazard
    # f falls by at most 8/(3 sqrt 3) per reach; a twentieth of a 40 m cell is 2 m.
    np.testing.assert_allclose(hazard, brute_force(frame, SMALL), atol=60 * 1.54 * 2 / 300)


def test_any_subset_of_layers_works_and_says_what_it_lacked():
    roads = gpd.GeoDataFrame(
        {"id": ["r"], "class": ["trunk"]}, geometry=[shapely.LineString([(0, 0), (9, 9)])], crs=CRS
    )
    surface = index_surface(index_sources({"roads": roads}), {}, GRID)
    assert surface.lacked == (
        "enterprises",
        "hazard_sources",
        "gas_pipelines",
        "risk_points",
        "population",
        "crowded_places",
    )
    assert surface.index.max() > 0


def test_only_sources_that_do_not_count_give_an_empty_surface():
    surface = index_surface(sources((shapely.Point(1, 1), 0, 100), (None, 50, 100)), {}, GRID)
    assert (surface.index == 0).all()


@pytest.mark.parametrize(("score", "reach"), [(101, 10), (-1, 10), (np.nan, 10), (5, -1), (5, np.nan), (5, np.inf)])
def test_scores_and_reaches_out_of_range_are_refused(score, reach):
    with pytest.raises(InputError, match="index_sources row 0"):
        index_surface(sources((shapely.Point(1, 1), score, reach)), {}, GRID)


def test_other_inputs_are_refused():
    with pytest.raises(InputError, match="not finite"):
        index_surface(sources((shapely.Point(np.inf, 1), 5, 10)), {}, GRID)
    frame = sources((shapely.Point(1, 1), 5, 10, None), group=True)
    with pytest.raises(InputError, match="group has empty cells"):
        index_surface(frame, {}, GRID)
    with pytest.raises(CRSError, match="grid in EPSG:4549"):
        index_surface(frame.to_crs("EPSG:4550"), {}, GRID)
    with pytest.raises(InputError, match="band_rows"):
        index_surface(frame, {}, GRID, band_rows=0)
