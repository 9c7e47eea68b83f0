"""The raster grid of a region: one metric CRS, square cells, row 0 in the north."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import SettingsError

# A surface beyond this many cells (about 1 GB a float32 copy with its temporaries) is a typing
# mistake in cell_m far more often than a wish.
MAX_CELLS = 250_000_000


@dataclass(frozen=True)
class Grid:
    """
    Square cells in a metric CRS.

    Parameters
    ----------
    crs : str
        Metric CRS, e.g. ``"EPSG:4549"``.
    left, top : float
        Easting and northing of the north-west corner [m].
    cell_m : float
        Cell side [m].
    shape : (rows, cols)
    """

    crs: str
    left: float
    top: float
    cell_m: float
    shape: tuple[int, int]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(left, bottom, right, top) [m]."""
        rows, cols = self.shape
        return (
            self.left,
            self.top - rows * self.cell_m,
            self.left + cols * self.cell_m,
            self.top,
        )

    @property
    def x(self) -> NDArray[np.float64]:
        """(cols,) eastings of the cell centres [m]."""
        return self.left + (np.arange(self.shape[1], dtype=np.float64) + 0.5) * self.cell_m

    @property
    def y(self) -> NDArray[np.float64]:
        """(rows,) northings of the cell centres [m], falling."""
        return self.top - (np.arange(self.shape[0], dtype=np.float64) + 0.5) * self.cell_m

    @property
    def transform(self):
        """Affine transform of rasterio: (col, row) of a cell corner -> (easting, northing)."""
        from affine import Affine

        return Affine(self.cell_m, 0.0, self.left, 0.0, -self.cell_m, self.top)

    def rowcol(self, x, y) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and column of the cells that hold the points (N,), (N,) [m]; may lie outside the shape."""
        col = np.floor((np.asarray(x, float) - self.left) / self.cell_m).astype(np.int64)
        row = np.floor((self.top - np.asarray(y, float)) / self.cell_m).astype(np.int64)
        return row, col

    def inside(self, row, col) -> NDArray[np.bool_]:
        """(N,) whether the cells [row, col] exist."""
        row, col = np.asarray(row), np.asarray(col)
        return (row >= 0) & (row < self.shape[0]) & (col >= 0) & (col < self.shape[1])


def grid_of(bounds: tuple[float, float, float, float], cell_m: float, crs: str) -> Grid:
    """
    The grid that covers (left, bottom, right, top) [m], edges on multiples of ``cell_m``.

    Snapping to multiples keeps cells in place when the boundary changes a little.

    Raises
    ------
    SettingsError
        If ``cell_m`` is not positive or gives more than `MAX_CELLS` cells.
    """
    if not cell_m > 0:
        raise SettingsError(f"[region] cell_m = {cell_m}: must be a positive number of metres.")
    left = math.floor(bounds[0] / cell_m) * cell_m
    bottom = math.floor(bounds[1] / cell_m) * cell_m
    cols = max(1, math.ceil((bounds[2] - left) / cell_m))
    rows = max(1, math.ceil((bounds[3] - bottom) / cell_m))
    if rows * cols > MAX_CELLS:
        need = cell_m * math.sqrt(rows * cols / MAX_CELLS)
        raise SettingsError(
            f"[region] cell_m = {cell_m:g} gives {rows} x {cols} = {rows * cols:,} cells for an area of "
            f"{(bounds[2] - left) / 1000:.0f} x {(bounds[3] - bottom) / 1000:.0f} km; "
            f"at most {MAX_CELLS:,} are allowed. Write cell_m = {math.ceil(need)} or more."
        )
    return Grid(crs, left, bottom + rows * cell_m, cell_m, (rows, cols))
