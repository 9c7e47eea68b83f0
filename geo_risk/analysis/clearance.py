"""Exact distances between shapes: nearest segments, geodesic clearances, and how deep shapes overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from numba import njit
from numpy.typing import NDArray

from ..crs import geodesic_m
from ..errors import CRSError
from ..parallel import in_threads

_RULER_M = 1000.0  # the grid is measured with segments of this length
_SQUARE_M = 10_000.0  # at the corners of squares of this side
_FURTHEST = 2.0**24  # squares from the origin; further off no grid holds
_MOST_OFF = 0.05
_LEAST_DEPTHS_A_THREAD = 20
_STEP_M = 2.0  # overlaps are probed at points this far apart along their outline


def nearest_segments(
    a: NDArray[np.object_], b: NDArray[np.object_], crs: Any, *, inset: NDArray[np.float64] | float = 0.0
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """
    Nearest segments from ``a`` to ``b`` and their geodesic lengths.

    Parameters
    ----------
    a, b : (N,)
        Shapes of any type in the metric ``crs``; none empty.
    inset : (N,)
        Taken off at the end of ``b`` [m]: half the width of a road drawn as a line.

    Returns
    -------
    segments, clearance : (N,), (N,)
        Lines of two points and metres; touching or overlapping shapes give 0 m.
    """
    ends = nearest_ends(a, b, inset)
    return shapely.linestrings(ends), lengths(ends, crs)


def nearest_ends(
    a: NDArray[np.object_], b: NDArray[np.object_], inset: NDArray[np.float64] | float = 0.0
) -> NDArray[np.float64]:
    """The two ends of the nearest segments from ``a`` to ``b``, ``inset`` [m] taken off at ``b``; (N, 2, 2)."""
    ends = in_threads(lambda one, two: shapely.get_coordinates(shapely.shortest_line(one, two)), a, b).reshape(-1, 2, 2)
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    kept = np.divide(np.maximum(length - inset, 0.0), length, out=np.zeros_like(length), where=length > 0)
    ends[:, 1] = ends[:, 0] + (ends[:, 1] - ends[:, 0]) * kept[:, None]
    return ends


def lengths(ends: NDArray[np.float64], crs: Any) -> NDArray[np.float64]:
    """Geodesic lengths [m] of segments (N, 2, 2) given in ``crs``; (N,)."""
    if not len(ends):
        return np.empty(0)  # there may be no layer, and so no CRS
    return geodesic_m(ends[:, 0, 0], ends[:, 0, 1], ends[:, 1, 0], ends[:, 1, 1], crs)


def grid_scale(bounds: NDArray[np.float64], crs: Any) -> float:
    """
    How much longer a grid metre may be drawn than a true one at any of the shapes: >= 1.

    Measured at the corners of squares around the shapes, as it changes slowly.

    Parameters
    ----------
    bounds : (N, 4)
        Left, bottom, right, top of the shapes [m]; NaN where there is none.

    Raises
    ------
    CRSError
        If the grid is off by more than 5 % at most of them: such metres (of Mercator, say) are not to be measured with.
    """
    at, number = pd.factorize(_square_numbers(bounds))
    if not len(number):
        return 1.0
    count = np.bincount(at)
    column = np.round(number / (4 * _FURTHEST))
    corner = np.stack([column, number - column * (4 * _FURTHEST)], axis=1)[:, None] + ((0, 0), (0, 1), (1, 0), (1, 1))
    x, y = (corner * _SQUARE_M).reshape(-1, 2).T
    true = np.stack([geodesic_m(x, y, x + _RULER_M, y, crs), geodesic_m(x, y, x, y + _RULER_M, crs)])
    scale = (_RULER_M / true).max(axis=0).reshape(-1, 4).max(axis=1)
    order = np.argsort(scale)
    usual = float(scale[order][np.searchsorted(count[order].cumsum(), count.sum() / 2)])  # of most shapes
    if not abs(usual - 1) <= _MOST_OFF:
        raise CRSError(
            f"a metre of {crs.to_string()} is {1 / usual:.3f} m on the ground here; distances would be wrong. "
            "Reproject all layers into a metric CRS made for this region: frame.to_crs(region.crs)."
        )
    return max(1.0, float(scale.max()) * 1.0001)


@njit(cache=True, nogil=True)
def _square_numbers(bounds):
    """Of the ends of each box (N, 4), the squares east of the origin * 4 * _FURTHEST + those north of it."""
    found, n = np.empty(2 * len(bounds)), 0
    for i in range(len(bounds)):
        if np.isfinite(bounds[i, 0] + bounds[i, 1] + bounds[i, 2] + bounds[i, 3]):
            for x, y in (bounds[i, :2], bounds[i, 2:]):
                east = min(max(np.floor(x / _SQUARE_M), -_FURTHEST), _FURTHEST)
                north = min(max(np.floor(y / _SQUARE_M), -_FURTHEST), _FURTHEST)
                found[n] = east * 4 * _FURTHEST + north
                n += 1
            n -= found[n - 1] == found[n - 2]  # both ends in one square
    return found[:n]


def overlap_depth(a: NDArray[np.object_], b: NDArray[np.object_]) -> NDArray[np.float64]:
    """
    How far either shape may be moved, in any direction, with the two still touching: a lower bound; (N,) [m].

    A point of both that lies d inside one of them stays inside it while they shift by less than d.
    0 where they do not overlap, and for points and lines that only cross each other.
    """
    depth = np.zeros(len(a))
    over = np.flatnonzero(in_threads(shapely.intersects, a, b))
    depth[over] = in_threads(_depth, a[over], b[over], least=_LEAST_DEPTHS_A_THREAD)
    return depth


def _depth(a: NDArray[np.object_], b: NDArray[np.object_]) -> NDArray[np.float64]:
    common = shapely.intersection(a, b)
    outline, of = shapely.get_coordinates(shapely.segmentize(common, _STEP_M), return_index=True)
    middle, of_middle = shapely.get_coordinates(shapely.point_on_surface(common), return_index=True)
    probe, of = shapely.points(np.concatenate([outline, middle])), np.concatenate([of, of_middle])
    depth = np.zeros(len(a))
    for shapes in (a, b):
        inside = (shapely.get_dimensions(shapes) == 2)[of]
        edge = shapely.boundary(shapes)[of[inside]]
        np.maximum.at(depth, of[inside], shapely.distance(probe[inside], edge))
    return depth
