"""The risk index surface: level and reach of the sources times exposure and sensitivity of what lies there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..grid import Grid
from ..parallel import Progress, map_ordered
from ..sections import RiskSettings
from .exposure import Exposure, exposure_on_grid, require_same_crs
from .index_kernel import Window, hazard_of, members, work
from .index_sources import HAZARD_LAYERS

EXPOSURE_LAYERS = ("population", "crowded_places")
# A process more takes about a second to start and read the sources; this many cell-segment pairs take as long.
_PAIRS_PER_WORKER = 5_000_000


@dataclass(frozen=True)
class IndexSurface:
    """
    Hazard, exposure factor and index on a grid.

    Parameters
    ----------
    grid : Grid
    hazard : (rows, cols) float32
        100 (1 - product over sources of (1 - score/100 f(d/reach))), 0-100.
    exposure : (rows, cols) float32
        Factor the hazard is multiplied by.
    index : (rows, cols) float32
        min(100, hazard x exposure).
    terms : Exposure
        What the factor is made of; None for a surface read back from files.
    lacked : tuple of str
        Layers that were not there.
    """

    grid: Grid
    hazard: NDArray[np.float32]
    exposure: NDArray[np.float32]
    index: NDArray[np.float32]
    terms: Exposure | None = None
    lacked: tuple[str, ...] = ()


def index_surface(
    sources: gpd.GeoDataFrame,
    exposure_layers: Mapping[str, gpd.GeoDataFrame],
    grid: Grid,
    *,
    settings: RiskSettings | None = None,
    workers: int = 1,
    band_rows: int = 128,
    progress: Progress | None = None,
) -> IndexSurface:
    """
    The risk index of every cell; the formula and every term are in docs/risk-index.md.

    Distances run from the cell's centre to the source's edge (0 inside a polygon) and are exact; those
    to outlines of more than 40 vertices are right to 1/20 of a cell. A reach shorter than a cell side
    counts as one cell side, so that no source falls between centres.

    Parameters
    ----------
    sources
        What `index_sources` returns, in the grid's CRS. Sources beyond the grid count as far as they reach.
    exposure_layers
        ``population`` and ``crowded_places``, either or none.
    workers, band_rows
        Most local processes (fewer where starting one would take longer than its share of the work), and
        rows of the grid worked on at once; the result is the same bit for bit.

    Raises
    ------
    InputError
        If ``band_rows`` is below 1, or scores or reaches are out of range.
    CRSError
        If a table is not in the grid's CRS.
    """
    settings = settings or RiskSettings()
    if band_rows < 1:
        raise InputError(f"band_rows = {band_rows}: at least one row of the grid is worked on at a time.")
    require_same_crs(sources, grid, "index_sources")
    terms = exposure_on_grid(exposure_layers, grid, settings)
    hazard = hazard_surface(sources, grid, workers=workers, band_rows=band_rows, progress=progress)
    index = np.minimum(hazard * terms.factor, np.float32(100))
    present = set(sources["layer"]) | {name for name, frame in exposure_layers.items() if len(frame)}
    lacked = tuple(name for name in (*HAZARD_LAYERS, *EXPOSURE_LAYERS) if name not in present)
    return IndexSurface(grid, hazard, terms.factor, index, terms, lacked)


def hazard_surface(
    sources: gpd.GeoDataFrame, grid: Grid, *, workers: int = 1, band_rows: int = 128, progress: Progress | None = None
) -> NDArray[np.float32]:
    """(rows, cols) hazard 0-100 of the sources, in the grid's CRS; parameters and errors as `index_surface`."""
    require_same_crs(sources, grid, "index_sources")
    stamped = members(sources, grid.cell_m)
    rows, cols = grid.shape
    workers = min(workers, work(stamped, grid) // _PAIRS_PER_WORKER)
    windows = [Window(top, min(top + band_rows, rows), 0, cols) for top in range(0, rows, band_rows)]
    return np.concatenate(map_ordered(partial(hazard_of, stamped, grid), windows, workers=workers, progress=progress))
