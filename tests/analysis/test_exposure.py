import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.analysis.exposure import exposure_on_grid, population_on_grid, weighted_persons
from geo_risk.errors import CRSError, InputError
from geo_risk.grid import Grid
from geo_risk.sections import RiskSettings

CRS = "EPSG:4549"
GRID = Grid(CRS, 0.0, 300.0, 100.0, (3, 3))


def people(geometry, persons, **columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"persons": persons, **columns}, geometry=geometry, crs=CRS)


def test_points_are_counted_where_they_lie_and_beside_the_grid():
    frame = people(
        [shapely.Point(50, 250), shapely.Point(60, 260), shapely.Point(-1, 50), None, shapely.Point(np.inf, 0)],
        [10, 5, 7, 9, 2],
    )
    out = population_on_grid(frame, GRID)
    assert out.persons[0, 0] == 15
    assert out.persons.sum() == 15
    assert (out.outside, out.unknown) == (7, 2)


def test_areas_are_spread_by_area():
    # A 150 x 100 m area over one and a half cells of the top row; one quarter of another lies beside the grid.
    frame = people([shapely.box(0, 200, 150, 300), shapely.box(225, 0, 325, 100)], [30, 40])
    out = population_on_grid(frame, GRID)
    np.testing.assert_allclose(out.persons[0], [20, 10, 0])
    assert out.persons[2, 2] == pytest.approx(30)
    assert out.outside == pytest.approx(10)


def test_an_area_smaller_than_the_sampling_keeps_its_people():
    frame = people([shapely.box(101, 101, 103, 103), shapely.box(201, 1, 203, 3)], [8, 5])
    out = population_on_grid(frame, GRID)
    assert out.persons[1, 1] == 8
    assert out.persons[2, 2] == 5


def test_missing_numbers_are_reported_and_negative_ones_refused():
    frame = people([shapely.Point(50, 50)] * 2, [np.nan, 4])
    assert population_on_grid(frame, GRID).unknown == 1
    with pytest.raises(InputError, match="row 1: persons = -4"):
        population_on_grid(frame.assign(persons=[1, -4]), GRID)
    with pytest.raises(CRSError, match="to_crs"):
        population_on_grid(frame.to_crs("EPSG:4550"), GRID)


areas = st.tuples(
    *(st.floats(-150, 350) for _ in range(2)), *(st.floats(0.5, 300) for _ in range(2)), st.floats(0, 1e4)
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(areas, min_size=1, max_size=6), st.lists(st.tuples(st.floats(-50, 350), st.floats(-50, 350)), max_size=4)
)
def test_total_population_is_kept(boxes, points):
    geometry = [shapely.box(x, y, x + w, y + h) for x, y, w, h, _ in boxes] + [shapely.Point(p) for p in points]
    persons = [b[4] for b in boxes] + [3.0] * len(points)
    out = population_on_grid(people(geometry, persons), GRID)
    assert out.persons.min() >= 0
    assert out.persons.sum() + out.outside == pytest.approx(sum(persons), rel=1e-9, abs=1e-9)


def test_weights_capacity_beds_and_defaults():
    places = gpd.GeoDataFrame(
        {
            "kind": ["kindergarten", "kindergarten", "hospital", "market", "no such kind", "mall"],
            "capacity": [100, np.nan, np.nan, 50, np.nan, 10],
            "beds": [np.nan, np.nan, 40, np.nan, np.nan, np.nan],
            "state": [None, None, None, None, None, "closed"],
        },
        geometry=[shapely.Point(0, 0)] * 6,
        crs=CRS,
    )
    # Kindergarten weight 3, 240 by default; hospital weight 3; market 1; other 200 persons of weight 1.
    assert weighted_persons(places).tolist() == [300, 720, 120, 50, 200, 0]


def test_factor_by_hand_without_spreading():
    options = RiskSettings(exposure_radius_m=0.0)
    population = people([shapely.Point(150, 150)], [100])  # 100 persons on one hectare
    places = gpd.GeoDataFrame({"kind": ["market"], "capacity": [100.0]}, geometry=[shapely.Point(50, 50)], crs=CRS)
    out = exposure_on_grid({"population": population, "crowded_places": places}, GRID, options)
    full = 1 - np.exp(-1)
    np.testing.assert_allclose(out.factor[1, 1], 0.6 + 0.3 * full, rtol=1e-6)
    np.testing.assert_allclose(out.factor[2, 0], 0.6 + 0.4 * full, rtol=1e-6)
    np.testing.assert_allclose(out.factor[0, 2], 0.6, rtol=1e-6)
    assert out.notes == ()


def test_the_larger_of_residents_and_day_persons_counts():
    population = people([shapely.Point(150, 150)] * 2, [10, 90], day_persons=[60, 5])
    out = exposure_on_grid({"population": population}, GRID, RiskSettings(exposure_radius_m=0.0))
    assert out.density[1, 1] == 150


def test_spreading_keeps_the_people():
    grid = Grid(CRS, 0.0, 1000.0, 10.0, (100, 100))
    out = exposure_on_grid({"population": people([shapely.Point(500, 500)], [50])}, grid, RiskSettings())
    assert out.density.sum() * 0.01 == pytest.approx(50, rel=1e-4)  # 0.01 ha a cell
    row, col = np.nonzero(out.density)
    # Point at a cell corner: the farthest cell that got a share is within radius + one cell in each direction.
    assert max(np.ptp(row), np.ptp(col)) <= 2 * (200 / 10) + 1


def test_what_is_missing_is_assumed_and_said():
    out = exposure_on_grid({}, GRID, RiskSettings())
    np.testing.assert_allclose(out.population, 1 - np.exp(-0.25), rtol=1e-6)
    assert (out.sensitivity == 0).all()
    assert len(out.notes) == 2
    assert "25 persons/ha assumed" in out.notes[0]
    nameless = gpd.GeoDataFrame({"id": ["a"]}, geometry=[shapely.Point(150, 150)], crs=CRS)
    assert exposure_on_grid({"population": nameless}, GRID, RiskSettings()).notes == out.notes
    with pytest.raises(InputError, match="no column persons"):
        population_on_grid(nameless, GRID)


def test_a_cell_covered_in_part_gets_exactly_that_part():
    triangle = shapely.Polygon([(0, 200), (200, 200), (0, 300)])  # 1 cell: 3/4 in the first, 1/4 in the second
    out = population_on_grid(people([triangle, shapely.box(130, 130, 130.1, 130.1)], [80, 3]), GRID)
    np.testing.assert_allclose(out.persons, [[60, 20, 0], [0, 3, 0], [0, 0, 0]], rtol=1e-12)
    assert out.outside == 0


def test_areas_that_overlap_keep_each_their_people():
    frame = people([shapely.box(0, 0, 100, 100), shapely.box(0, 0, 100, 200)], [10, 20])
    for order in ([0, 1], [1, 0]):
        assert population_on_grid(frame.iloc[order], GRID).persons[:, 0].tolist() == [0, 10, 20]
