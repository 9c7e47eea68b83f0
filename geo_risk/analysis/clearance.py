"""Exact distances between shapes: nearest segments, geodesic clearances, and how deep shapes overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..crs import geodesic_m
from ..errors import CRSError

_RULER_M = 1000.0  # the grid is measured with segments of this length
_MOST_OFF = 0.05
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
    if not len(a):
        return np.empty(0, object), np.empty(0)
    ends = shapely.get_coordinates(shapely.shortest_line(a, b)).reshape(-1, 2, 2)
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    kept = np.divide(np.maximum(length - inset, 0.0), length, out=np.zeros_like(length), where=length > 0)
    ends[:, 1] = ends[:, 0] + (ends[:, 1] - ends[:, 0]) * kept[:, None]
    clearance = geodesic_m(ends[:, 0, 0], ends[:, 0, 1], ends[:, 1, 0], ends[:, 1, 1], crs)
    return shapely.linestrings(ends), np.where(kept > 0, clearance, 0.0)


def grid_scale(bounds: NDArray[np.float64], crs: Any) -> float:
    """
    How much longer a grid metre may be drawn than a true one at any of the shapes: >= 1.

    Parameters
    ----------
    bounds : (N, 4)
        Left, bottom, right, top of the shapes [m]; NaN where there is none.

    Raises
    ------
    CRSError
        If the grid is off by more than 5 % at most of them: such metres (of Mercator, say) are not to be measured with.
    """
    boxes = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(boxes):
        return 1.0
    x, y = np.concatenate([boxes[:, :2], boxes[:, 2:]]).T
    true = np.stack([geodesic_m(x, y, x + _RULER_M, y, crs), geodesic_m(x, y, x, y + _RULER_M, crs)])
    scale = _RULER_M / true
    usual = float(np.median(scale))
    if not abs(usual - 1) <= _MOST_OFF:
        raise CRSError(
            f"a metre of {crs.to_string()} is {1 / usual:.3f} m on the ground here; distances would be wrong. "
            "Reproject all layers into a metric CRS made for this region: frame.to_crs(region.crs)."
        )
    return max(1.0, float(scale.max()) * 1.0001)


def overlap_depth(a: NDArray[np.object_], b: NDArray[np.object_]) -> NDArray[np.float64]:
    """
    How far either shape may be moved, in any direction, with the two still touching: a lower bound; (N,) [m].

    A point of both that lies d inside one of them stays inside it while they shift by less than d.
    0 where they do not overlap, and for points and lines that only cross each other.
    """
    depth = np.zeros(len(a))
    for i in np.flatnonzero(shapely.intersects(a, b)):
        probes = _probes(shapely.intersection(a[i], b[i]))
        for shape in (a[i], b[i]):
            if shapely.get_dimensions(shape) == 2:
                inside = shapely.distance(probes, shapely.boundary(shape))
                depth[i] = max(depth[i], float(inside.max(initial=0.0)))
    return depth


def _probes(shape: Any) -> NDArray[np.object_]:
    inner = shapely.point_on_surface(shape)
    return shapely.points(np.vstack([shapely.get_coordinates(g) for g in (shapely.segmentize(shape, _STEP_M), inner)]))
