"""Shares of cells against shapely's intersections, and lines cut at cell borders."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.analysis.zones import covered, line_cells, zone_sums, zones
from geo_risk.grid import Grid

GRID = Grid("EPSG:4549", 500_000.0, 3_500_700.0, 100.0, (7, 5))
BOXES = np.array(
    [
        [shapely.box(500_000 + 100 * c, 3_500_600 - 100 * r, 500_100 + 100 * c, 3_500_700 - 100 * r) for c in range(5)]
        for r in range(7)
    ],
    dtype=object,
)
# Coordinates off the grid, on its borders, and anywhere.
coordinate = st.one_of(st.integers(-3, 10).map(lambda k: 100.0 * k), st.floats(-300, 1000))
ring = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=9)


def placed(points) -> np.ndarray:
    return np.asarray(points, float) + np.array([GRID.left, GRID.bounds[1]])


@settings(max_examples=150, deadline=None)
@given(ring, st.tuples(coordinate, coordinate))
def test_every_share_is_that_of_the_intersection(points, hole):
    area = shapely.make_valid(shapely.Polygon(placed(points)))
    area = shapely.difference(area, shapely.Point(placed([hole])[0]).buffer(130))
    found = covered(zones(np.array([area], object), GRID), GRID)
    np.testing.assert_allclose(found, shapely.area(shapely.intersection(BOXES, area)) / 1e4, atol=1e-9)


def test_shares_by_hand():
    half = shapely.box(500_000, 3_500_600, 500_150, 3_500_700)  # a cell and a half of the first row
    triangle = shapely.Polygon(placed([(0, 0), (100, 0), (0, 100)]))  # half of the cell in the south-west
    found = zones(np.array([half, triangle, None, shapely.Point(0, 0)], object), GRID)
    assert found.cells().tolist() == pytest.approx([1.5, 0.5, 0, 0])
    both = covered(found, GRID)
    assert both[0, :3].tolist() == [1, 0.5, 0]
    assert both[6, 0] == pytest.approx(0.5)


def test_sums_weigh_index_and_persons_by_the_share():
    index = np.arange(35, dtype=np.float32).reshape(7, 5)
    persons, grade = np.full((7, 5), 10.0), np.zeros((7, 5), np.uint8)
    grade[0] = [4, 3, 2, 1, 0]
    area = shapely.box(500_050, 3_500_600, 500_200, 3_500_700)  # half of cell 0, all of cell 1
    sums = zone_sums(zones(np.array([area], object), GRID), grade, index, persons)
    assert sums["cells"][0].tolist() == pytest.approx([0, 0, 0, 1, 0.5])
    assert sums["persons"][0].tolist() == pytest.approx([0, 0, 0, 10, 5])
    assert sums["index"][0] == pytest.approx(1)
    assert sums["weighted"][0] == pytest.approx(10)
    assert sums["highest"][0] == 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=6, unique=True))
def test_metres_of_a_line_in_each_cell(points):
    # Off the borders, where a stretch along one has two cells to choose from.
    line = shapely.LineString(placed(points) + np.array([0.1234, 0.4321]))
    owner, cell, metres = line_cells(np.array([line], object), GRID)
    assert (owner == 0).all()
    # Stretches walked twice count twice, as they do for the line.
    parts = [shapely.LineString(pair) for pair in zip(line.coords[:-1], line.coords[1:], strict=True)]
    true = sum(shapely.length(shapely.intersection(BOXES, part)) for part in parts)
    np.testing.assert_allclose(np.bincount(cell, metres, 35).reshape(7, 5), true, atol=1e-6)


def test_a_line_along_a_border_counts_once():
    line = shapely.LineString(placed([(0, 300), (500, 300)]))
    assert line_cells(np.array([line], object), GRID)[2].sum() == pytest.approx(500)
    upright = shapely.LineString(placed([(200, 0), (200, 700)]))
    _, cell, metres = line_cells(np.array([upright], object), GRID)
    assert metres.sum() == pytest.approx(700)
    assert set(cell % 5) == {2}  # the column to the east


def test_a_tiling_holds_every_cell_once():
    rng = np.random.default_rng(4)
    seeds = shapely.multipoints(rng.uniform([500_000, 3_500_000], [500_500, 3_500_700], (12, 2)))
    parts = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=shapely.box(*GRID.bounds)))
    tiles = gpd.GeoSeries(shapely.intersection(parts, shapely.box(*GRID.bounds)))
    found = zones(np.asarray(tiles), GRID)
    np.testing.assert_allclose(covered(found, GRID), 1, atol=1e-9)
    np.testing.assert_allclose(found.cells(), tiles.area / 1e4, rtol=1e-9)
