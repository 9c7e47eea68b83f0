"""Pipelines and roads cut into segments, each with the worst and mean grade along it."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.ops import substring

from ..grid import Grid
from .exposure import require_same_crs
from .grading import GRADE_WORDS
from .zones import GRADES, line_cells

# A line within a cell for less than this [m] only touches it.
_TOUCH_M = 1e-3


def segments(
    lines: gpd.GeoDataFrame,
    layer: str,
    grade: NDArray[np.uint8],
    index: NDArray[np.floating],
    grid: Grid,
    *,
    longest_m: float,
    grade_now: NDArray[np.uint8] | None = None,
) -> gpd.GeoDataFrame:
    """
    Lines in equal segments of at most ``longest_m``, with what the cells they run through say (schema: segments).

    ``grade`` is the worst grade of a cell the segment runs through, ``share_*`` the shares of its metres by
    grade, ``index_mean`` the mean along it. Metres beyond the grid have no grade and count as none; a
    segment wholly beyond it has no index.

    Parameters
    ----------
    lines
        Columns id and name; multilines are cut part by part, in order.
    grade_now : (rows, cols), optional
        Current grades; without them the column is <NA>.

    Raises
    ------
    CRSError
        If the lines are not in the grid's CRS.
    """
    require_same_crs(lines, grid, layer)
    geometry, row, number, start = _cut(np.asarray(lines.geometry.array), longest_m)
    length = shapely.length(geometry)
    owner, cell, metres = line_cells(geometry, grid)
    metres = np.where(metres > _TOUCH_M, metres, 0.0)
    n, flat = len(geometry), index.reshape(-1)
    by_grade = (
        np.bincount(owner * GRADES + grade.reshape(-1)[cell], metres, n * GRADES).reshape(-1, GRADES).astype(float)
    )
    there = by_grade.sum(axis=1)
    by_grade[:, 0] += np.maximum(length - there, 0.0)
    weighted = np.bincount(owner, metres * flat[cell], n)
    highest = np.full(n, -np.inf)
    np.maximum.at(highest, owner[metres > 0], flat[cell[metres > 0]])
    known = there > 0
    columns = {
        "layer": layer,
        "id": lines["id"].to_numpy(object)[row],
        "name": lines["name"].to_numpy(object)[row],
        "segment": pd.array(number, dtype="Int64"),
        "from_m": start,
        "to_m": start + length,
        "grade": pd.array(worst_along(by_grade), dtype="Int64"),
        "grade_now": pd.array([pd.NA] * n, dtype="Int64"),
        "index_max": np.where(known, highest, np.nan),
        "index_mean": np.where(known, weighted / np.where(known, there, 1.0), np.nan),
        **{
            f"share_{GRADE_WORDS[g]}": by_grade[:, g] / np.where(length > 0, length, 1.0)
            for g in range(GRADES - 1, -1, -1)
        },
    }
    if grade_now is not None:
        now = (
            np.bincount(owner * GRADES + grade_now.reshape(-1)[cell], metres, n * GRADES)
            .reshape(-1, GRADES)
            .astype(float)
        )
        columns["grade_now"] = pd.array(worst_along(now), dtype="Int64")
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=lines.crs)


def worst_along(metres: NDArray) -> NDArray[np.int64]:
    """(n,) the worst grade of which (n, 5) ``metres`` by grade hold any; 0 where there is none."""
    held = metres > 0
    held[:, 0] = True
    return (GRADES - 1 - np.argmax(held[:, ::-1], axis=1)).astype(np.int64)


def _cut(geometry: NDArray, longest_m: float) -> tuple[NDArray, NDArray, NDArray, NDArray[np.float64]]:
    """Segments, the row of each, its number in the row from 1, and the metres of the row before it."""
    parts, of = shapely.get_parts(geometry, return_index=True)
    linear = shapely.get_dimensions(parts) == 1
    parts, of = parts[linear], of[linear]
    length = shapely.length(parts)
    count = np.maximum(1, np.ceil(length / longest_m - 1e-9)).astype(np.int64)
    row = np.repeat(of, count)
    out = np.empty(len(row), object)
    at = 0
    for part, n, metres in zip(parts, count, length, strict=True):
        ends = np.linspace(0.0, metres, n + 1)
        out[at : at + n] = [part] if n == 1 else [substring(part, a, b) for a, b in itertools.pairwise(ends)]
        at += n
    own = shapely.length(out)
    before = np.cumsum(own) - own
    first = np.flatnonzero(np.r_[True, row[1:] != row[:-1]]) if len(row) else np.zeros(0, np.int64)
    which = np.repeat(np.arange(len(first)), np.diff(np.r_[first, len(row)]))
    return out, row, np.arange(len(row)) - first[which] + 1, before - before[first][which]
