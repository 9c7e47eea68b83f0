"""What of a map fits into one file: features cut to a number, outlines to as few corners as it takes, both told."""

from __future__ import annotations

import math
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from .catalogue import Spec, table_schema

# One browser page draws so much without halting; some 5 MB of text.
MAX_FEATURES = 6_000
MAX_CORNERS = 60_000
# By how much outlines may give way [m], in the order tried; the last is taken whatever is left.
_TOLERANCES_M = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_METRES_PER_DEGREE = 111_320.0  # of latitude

Drawn = tuple[Spec, gpd.GeoDataFrame]


def within(layers: Sequence[Drawn], limit: int, lang: str) -> tuple[list[Drawn], list[str]]:
    """
    The layers cut to ``limit`` features in all, in drawing order; sentences on what is left out.

    Layers that start visible come first; among the others small ones are kept whole and large ones cut to the same
    number. Of a layer that is cut the worst grades stay, of roads the main ones.
    """
    sizes = np.array([len(rows) for _, rows in layers], np.int64)
    seen = np.array([spec.visible and not spec.base for spec, _ in layers], bool)
    most = np.zeros(len(layers), np.int64)
    for group in (seen, ~seen):
        most[group] = _shared(sizes[group], limit)
        limit -= int(most[group].sum())
    kept, left_out = [], []
    for (spec, rows), number in zip(layers, most.tolist(), strict=True):
        if number < len(rows):
            left_out.append(f"{_named(spec, lang)}: {number} / {len(rows)}")
        if number:
            kept.append((spec, _worst(spec, rows, number)))
    return kept, left_out


def _shared(sizes: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """How many of each size fit into ``limit`` together if none may have more than a common number."""
    low, high = 0, int(sizes.max(initial=0))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(sizes, middle).sum() <= limit else (low, middle - 1)
    return np.minimum(sizes, low)


def _worst(spec: Spec, rows: gpd.GeoDataFrame, number: int) -> gpd.GeoDataFrame:
    """The ``number`` rows that matter most, the worst last, so that it is drawn on top."""
    rank = rows["grade"].fillna(0).to_numpy(np.int64) if "grade" in rows else np.zeros(len(rows), np.int64)
    if spec.first_zoom is not None and spec.first_zoom[0] in rows:
        column, zooms, rest = spec.first_zoom
        rank = -np.array([zooms.get(value, rest) for value in rows[column]], np.int64)
    order = np.lexsort((np.arange(len(rows)), -rank))[:number]
    return rows.iloc[order[np.lexsort((order, rank[order]))]]


def simplified(layers: Sequence[Drawn], limit: int, lang: str) -> tuple[list[Drawn], list[str]]:
    """
    The layers with some ``limit`` corners in all; sentences on the layers whose outlines gave way, and how far [m].

    Layers of few corners stay as they are, the others share what is left. Neighbouring areas of a layer stay closed;
    parts and holes smaller than told are left out, but no feature is.
    """
    corners = np.array([_corners(rows) for _, rows in layers], np.int64)
    out, said = [], []
    for (spec, rows), number, most in zip(layers, corners.tolist(), _shared(corners, limit).tolist(), strict=True):
        tolerance, moved, simple = 0.0, 0.0, rows
        while number > most and tolerance < _TOLERANCES_M[-1]:
            tolerance = next(t for t in _TOLERANCES_M if t > tolerance)
            simple, moved = _simple(spec, rows, tolerance)
            number = _corners(simple)
        out.append((spec, simple))
        if tolerance:
            said.append(f"{_named(spec, lang)}: {math.ceil(moved)} m")
    return out, said


def _corners(rows: gpd.GeoDataFrame) -> int:
    shapes = rows.geometry.to_numpy()
    return int(shapely.get_num_coordinates(shapes[shapely.get_dimensions(shapes) > 0]).sum())


def _named(spec: Spec, lang: str) -> str:
    return getattr(spec, lang) or getattr(table_schema(spec.table), lang)


def _simple(spec: Spec, rows: gpd.GeoDataFrame, tolerance_m: float) -> tuple[gpd.GeoDataFrame, float]:
    """The rows with simpler outlines, and how far these moved [m]."""
    shapes = rows.geometry.to_numpy()
    metres = _METRES_PER_DEGREE if rows.crs is not None and rows.crs.is_geographic else 1.0
    tolerance, moved = tolerance_m / metres, tolerance_m
    if spec.coverage and shapely.coverage_is_valid(shapes):
        # Bounded by the area of what is cut off, not by its height: how far it went is measured.
        drawn = shapely.coverage_simplify(shapes, tolerance)
        moved = metres * float(shapely.hausdorff_distance(shapes, drawn).max())
    else:
        drawn = shapely.simplify(shapes, tolerance, preserve_topology=False)
    gone = shapely.is_empty(drawn)
    drawn[gone] = shapely.simplify(shapes[gone], tolerance)
    return rows.set_geometry(gpd.GeoSeries(drawn, rows.index, rows.crs)), moved
