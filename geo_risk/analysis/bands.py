"""What a surface says without its map: area and residents of each grade or band of values, district by district."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .zones import Zones

_KM2 = 1e-6


def surface_bands(
    areas: pd.DataFrame,
    cells: Zones,
    values: NDArray,
    edges: Sequence[float],
    cell_m: float,
    persons: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """
    One row an area and a band (``schema.RESULTS["surface_bands"]`` but for ``surface``), bands from the top down.

    Parameters
    ----------
    areas
        (n,) ``district_id``, ``name`` and ``level`` of the areas.
    cells
        Their cells, n of them.
    values : (rows, cols)
        Grades 0-4 where ``edges`` is empty, else numbers; NaN counts as below the lowest edge.
    edges
        Rising limits of the bands; a value equal to one lies above it.
    cell_m
        Side of a cell [m].
    persons : (rows, cols), optional
        Residents per cell; without them the column is NaN.

    Notes
    -----
    A cell that an area covers in part counts as that part. Shares of an area sum to 1; an area without a cell has no
    row.
    """
    graded = not len(edges)
    code = np.asarray(values, np.int64) if graded else np.digitize(np.nan_to_num(values, nan=-np.inf), edges)
    bands = np.arange(5 if graded else len(edges) + 1)[::-1]
    limits = np.array([np.nan, *edges, np.nan])
    parts = []
    for n, row in enumerate(areas.itertuples(index=False)):
        flat, share = _cells_of(cells, n)
        if not len(flat):
            continue
        here = code.reshape(-1)[flat]

        def summed(weights: NDArray[np.float64], here: NDArray[np.int64] = here) -> NDArray[np.float64]:
            return np.bincount(here, weights, len(bands)).astype(float)[bands]

        part = pd.DataFrame({"district_id": row.district_id, "name": row.name, "level": row.level}, index=bands)
        part["grade"] = pd.array(bands if graded else [pd.NA] * len(bands), dtype="Int64")
        part["value_from"], part["value_to"] = (np.nan, np.nan) if graded else (limits[bands], limits[bands + 1])
        part["area_km2"] = summed(share) * cell_m**2 * _KM2
        part["share"] = summed(share) / share.sum()
        part["persons"] = np.nan if persons is None else summed(share * persons.reshape(-1)[flat])
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else _EMPTY.copy()


_COLUMNS = ("district_id", "name", "level", "grade", "value_from", "value_to", "area_km2", "share", "persons")
_EMPTY = pd.DataFrame({name: pd.Series(dtype="object" if i < 3 else "float") for i, name in enumerate(_COLUMNS)})


def _cells_of(cells: Zones, n: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Flat cells of one area and the share of each that it covers."""
    runs = slice(cells.start[n], cells.start[n + 1])
    length = cells.last[runs] - cells.first[runs]
    before = np.cumsum(length) - length
    flat = np.arange(length.sum()) + np.repeat(cells.first[runs] - before, length)
    return flat, np.repeat(cells.share[runs], length)
