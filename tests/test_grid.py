"""The grid: cells cover the bounds, sit on multiples, and points find their cell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_risk.errors import SettingsError
from geo_risk.grid import Grid, grid_of


def test_by_hand():
    grid = grid_of((103.0, 48.0, 351.0, 149.0), 50.0, "EPSG:4549")
    assert grid == Grid("EPSG:4549", 100.0, 150.0, 50.0, (3, 6))  # 100-400 x 0-150
    assert grid.bounds == (100.0, 0.0, 400.0, 150.0)
    assert grid.x.tolist() == [125, 175, 225, 275, 325, 375]
    assert grid.y.tolist() == [125, 75, 25]
    row, col = grid.rowcol([100.0, 399.9, 400.0], [150.0, 0.1, 0.0])
    assert (row.tolist(), col.tolist()) == ([0, 2, 3], [0, 5, 6])
    assert grid.inside(row, col).tolist() == [True, True, False]
    assert (grid.transform.c, grid.transform.f) == (100.0, 150.0)


@given(
    st.floats(-1e6, 1e6),
    st.floats(-1e6, 1e6),
    st.floats(1, 1e5),
    st.floats(1, 1e5),
    st.sampled_from([25.0, 100.0, 333.0]),
)
def test_covers_and_every_centre_finds_its_cell(left, bottom, width, height, cell):
    grid = grid_of((left, bottom, left + width, bottom + height), cell, "EPSG:4549")
    west, south, east, north = grid.bounds
    assert west <= left
    assert south <= bottom
    assert east >= left + width - 1e-6
    assert north >= bottom + height - 1e-6
    row, col = grid.rowcol(grid.x[-1], grid.y[-1])
    assert (row, col) == (grid.shape[0] - 1, grid.shape[1] - 1)


def test_cells_do_not_move_when_the_bounds_grow_a_little():
    a, b = (grid_of((left, 0, 1000, 1000), 25.0, "EPSG:4549") for left in (10.0, 3.0))
    assert np.isin(a.x, b.x).all()


def test_a_typing_mistake_in_cell_m_is_told():
    with pytest.raises(SettingsError, match=r"cell_m = 0.25 gives .* Write cell_m = \d+"):
        grid_of((0, 0, 50_000, 50_000), 0.25, "EPSG:4549")
    with pytest.raises(SettingsError, match="positive"):
        grid_of((0, 0, 1, 1), float("nan"), "EPSG:4549")
