"""What a surface says without its map: by hand, and that nothing is lost."""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo_risk.analysis.bands import surface_bands
from geo_risk.analysis.zones import zones
from geo_risk.grid import Grid

GRID = Grid("EPSG:4549", 500_000.0, 3_500_200.0, 100.0, (2, 2))
GRADE = np.array([[4, 1], [0, 1]], np.uint8)
PERSONS = np.array([[10.0, 20.0], [30.0, 40.0]])


def areas(*names: str) -> pd.DataFrame:
    return pd.DataFrame({"district_id": names, "name": names, "level": "township"})


def test_grades_by_hand():
    """The whole square of four cells of 1 ha, and its western half less half a row."""
    shapes = [shapely.box(500_000, 3_500_000, 500_200, 3_500_200), shapely.box(500_000, 3_500_050, 500_100, 3_500_200)]
    table = surface_bands(areas("a", "b"), zones(np.array(shapes), GRID), GRADE, [], 100.0, PERSONS)
    assert list(table["grade"]) == [4, 3, 2, 1, 0] * 2
    assert table["area_km2"].tolist() == pytest.approx([0.01, 0, 0, 0.02, 0.01, 0.01, 0, 0, 0, 0.005])
    assert table["share"].tolist() == pytest.approx([0.25, 0, 0, 0.5, 0.25, 2 / 3, 0, 0, 0, 1 / 3])
    assert table["persons"].tolist() == pytest.approx([10, 0, 0, 60, 30, 10, 0, 0, 0, 15])
    assert table["value_from"].isna().all()


def test_values_by_hand():
    """A value on a limit lies above it; NaN and minus infinity in the lowest band, which is open below."""
    values = np.array([[1e-6, 2e-6], [np.nan, 1e-5]])
    whole = zones(np.array([shapely.box(500_000, 3_500_000, 500_200, 3_500_200)]), GRID)
    table = surface_bands(areas("a"), whole, values, [1e-6, 1e-5], 100.0)
    assert table["area_km2"].tolist() == pytest.approx([0.01, 0.02, 0.01])
    assert table["value_from"].tolist() == pytest.approx([1e-5, 1e-6, np.nan], nan_ok=True)
    assert table["value_to"].tolist() == pytest.approx([np.nan, 1e-5, 1e-6], nan_ok=True)
    assert table["grade"].isna().all()
    assert table["persons"].isna().all()


def test_an_area_beyond_the_grid_has_no_row():
    shapes = np.array([shapely.box(0, 0, 10, 10), shapely.box(500_000, 3_500_000, 500_100, 3_500_100)])
    assert set(surface_bands(areas("far", "near"), zones(shapes, GRID), GRADE, [], 100.0)["name"]) == {"near"}
    assert len(surface_bands(areas("far"), zones(shapes[:1], GRID), GRADE, [], 100.0)) == 0


@given(st.lists(st.integers(0, 4), min_size=4, max_size=4), st.floats(10, 190), st.floats(10, 190))
def test_nothing_is_lost(grades, width, height):
    shape = shapely.box(500_000, 3_500_000, 500_000 + width, 3_500_000 + height)
    table = surface_bands(areas("a"), zones(np.array([shape]), GRID), np.reshape(grades, (2, 2)), [], 100.0, PERSONS)
    assert table["area_km2"].sum() == pytest.approx(width * height / 1e6)
    assert table["share"].sum() == pytest.approx(1)
    assert (table.loc[table["area_km2"] == 0, "persons"] == 0).all()
