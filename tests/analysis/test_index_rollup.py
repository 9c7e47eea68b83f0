import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.analysis.rollup import boundary_mask, district_grades
from geo_risk.errors import CRSError, InputError
from geo_risk.grid import Grid
from geo_risk.schema import RESULTS
from geo_risk.sections import RiskSettings

CRS = "EPSG:4549"
GRID = Grid(CRS, 0.0, 400.0, 100.0, (4, 4))
GRADES = np.array([[4, 3, 0, 0], [2, 2, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]], dtype=np.uint8)
INDEX = GRADES * 20.0
SHARES = [f"share_{word}" for word in ("red", "orange", "yellow", "blue", "none")]
AREA_ONLY = RiskSettings(district_min_persons=0.0, district_min_enterprises=0)


def districts(*geometry) -> gpd.GeoDataFrame:
    names = [f"d{i}" for i in range(len(geometry))]
    return gpd.GeoDataFrame({"id": names, "name": names, "level": "township"}, geometry=list(geometry), crs=CRS)


def points(*xy, **columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns or {"id": range(len(xy))}, geometry=[shapely.Point(p) for p in xy], crs=CRS)


def test_shares_persons_and_grade_by_hand():
    whole, west, east = shapely.box(0, 0, 400, 400), shapely.box(0, 200, 200, 400), shapely.box(200, 0, 400, 400)
    population = np.arange(16.0).reshape(4, 4)
    out = district_grades(districts(whole, west, east), GRADES, INDEX, GRID, population=population, settings=AREA_ONLY)
    np.testing.assert_allclose(
        out[SHARES].to_numpy(), [[1, 1, 2, 4, 8] / np.float64(16), [0.25, 0.25, 0.5, 0, 0], [0, 0, 0, 0.25, 0.75]]
    )
    assert out["grade"].tolist() == [4, 4, 1]
    assert out["area_km2"].tolist() == [0.16, 0.04, 0.08]
    assert out["persons"].tolist() == [120, 10, 68]
    assert out["persons_yellow"].tolist() == [9, 9, 0]  # cells 4 and 5
    assert out["persons_blue"].tolist() == [38, 0, 21]
    assert out["index_max"].tolist() == [80, 80, 20]
    assert out["index_mean"].tolist() == [(80 + 60 + 80 + 80) / 16, 55, 5]
    assert out["rule"].iloc[0] == "6.2% of the area is red (minimum 1.0%)"


def test_columns_are_those_of_the_schema():
    out = district_grades(districts(shapely.box(0, 0, 400, 400)), GRADES, INDEX, GRID)
    now = {"grade_now", "rule_now", "certainty"}  # from other steps
    assert set(out.columns) == {*RESULTS["districts"].names, "geometry"} - now
    assert out["persons"].isna().all()
    assert out["n_hazards"].isna().all()


@pytest.mark.parametrize(
    ("minimum", "grade"), [(1 / 16, 4), (0.1, 3), (2 / 16, 3), (0.2, 2), (4 / 16, 2), (0.3, 1), (8 / 16, 1), (0.51, 0)]
)
def test_the_share_of_a_grade_or_worse_decides(minimum, grade):
    options = RiskSettings(district_min_share=minimum, district_min_persons=0.0, district_min_enterprises=0)
    out = district_grades(districts(shapely.box(0, 0, 400, 400)), GRADES, INDEX, GRID, settings=options)
    assert out["grade"].tolist() == [grade]


def test_few_residents_or_enterprises_raise_to_red_or_orange_only():
    everywhere, share = districts(shapely.box(0, 0, 400, 400)), 0.9
    people = np.zeros((4, 4))
    people[0, 1] = 1000  # in orange
    by_people = RiskSettings(district_min_share=share, district_min_enterprises=0)
    out = district_grades(everywhere, GRADES, INDEX, GRID, population=people, settings=by_people)
    assert (out["grade"].iloc[0], out["rule"].iloc[0]) == (3, "1000 residents in orange or worse (minimum 1000)")
    yellow = np.roll(people, 1, axis=0)
    assert district_grades(everywhere, GRADES, INDEX, GRID, population=yellow, settings=by_people)["grade"].iloc[0] == 0
    by_firms = RiskSettings(district_min_share=share, district_min_persons=0.0, district_min_enterprises=1)
    for grade, expected in ((4, 4), (3, 3), (2, 0)):
        firms = points((50, 50), grade=pd.array([grade], dtype="Int64"))
        out = district_grades(everywhere, GRADES, INDEX, GRID, counts={"enterprises": firms}, settings=by_firms)
        assert out["grade"].tolist() == [expected]


def test_counts_of_points_in_nested_districts():
    nested = districts(shapely.box(0, 0, 400, 400), shapely.box(0, 0, 200, 400))
    counts = {
        "enterprises": points((10, 10), (300, 10), (900, 10)),
        "hazard_sources": points((10, 20), (np.inf, 20)),
        "major_hazards": points((10, 10), (20, 10), (300, 300), verdict=["major", "not_major", "major"]),
        "findings": points((10, 10), (20, 20), verdict=["conflict", "undecided"]),
    }
    out = district_grades(nested, GRADES, INDEX, GRID, counts=counts)
    assert out[["n_enterprises", "n_hazards", "n_major", "n_conflicts"]].to_numpy().tolist() == [
        [2, 1, 2, 1],
        [1, 1, 1, 1],
    ]


def test_tiny_outlying_and_missing_districts_say_so():
    out = district_grades(
        districts(shapely.box(10, 310, 20, 320), shapely.box(900, 900, 990, 990), None), GRADES, INDEX, GRID
    )
    assert out["grade"].tolist() == [4, 0, 0]
    assert out["share_red"].iloc[0] == pytest.approx(1)  # smaller than a cell: its part of it
    assert "outside the grid" in out["rule"].iloc[1]
    assert "no outline" in out["rule"].iloc[2]
    assert out["share_none"].isna().tolist() == [False, True, True]


cuts_at = st.lists(st.integers(1000, 399_000).map(lambda mm: mm / 1000), max_size=5, unique=True)


@settings(max_examples=50, deadline=None)
@given(cuts_at, cuts_at, st.integers(0, 2**32 - 1))
def test_shares_sum_to_one_and_parts_hold_the_people_of_the_whole(xs, ys, seed):
    x, y = [0, *sorted(xs), 400], [0, *sorted(ys), 400]
    parts = [shapely.box(a, c, b, d) for a, b in itertools.pairwise(x) for c, d in itertools.pairwise(y)]
    rng = np.random.default_rng(seed)
    grades, people = rng.integers(0, 5, (4, 4), dtype=np.uint8), rng.random((4, 4)) * 100
    out = district_grades(
        districts(shapely.box(0, 0, 400, 400), *parts), grades, grades * 20.0, GRID, population=people
    )
    np.testing.assert_allclose(out[SHARES].sum(axis=1), 1, atol=1e-12)
    by_grade = out[[f"persons_{w}" for w in ("red", "orange", "yellow", "blue")]].sum(axis=1)
    assert (by_grade <= out["persons"] + 1e-9).all()
    assert out["persons"].iloc[1:].sum() == pytest.approx(people.sum())
    by_grade = np.bincount(grades.ravel(), minlength=5)[::-1]
    parts_by_grade = (out[SHARES].mul(out["area_km2"], axis=0)).iloc[1:].sum() * 1e6 / GRID.cell_m**2
    np.testing.assert_allclose(parts_by_grade, by_grade, atol=1e-9)
    assert out["persons"].iloc[0] == pytest.approx(people.sum())


def test_arrays_that_do_not_fit_are_refused():
    whole = districts(shapely.box(0, 0, 400, 400))
    with pytest.raises(InputError, match="grade has shape"):
        district_grades(whole, GRADES[:2], INDEX, GRID)
    with pytest.raises(InputError, match="negative or NaN"):
        district_grades(whole, GRADES, INDEX, GRID, population=np.full((4, 4), np.nan))
    with pytest.raises(CRSError, match="to_crs"):
        district_grades(whole.to_crs("EPSG:4550"), GRADES, INDEX, GRID)


def test_boundary_mask_is_the_union_of_the_polygons():
    mask = boundary_mask(districts(shapely.box(0, 0, 160, 400), shapely.box(240, 0, 400, 40)), GRID)
    assert mask.sum() == 10  # a cell that is touched belongs to the region
    assert mask[:, :2].all()
    assert mask[3].all()
