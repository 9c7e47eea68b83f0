"""Single vertices that are wrong in shapes that are otherwise right: repeated, spiked, far away, not finite."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from .quality import Log

# A vertex this far from the others, and this many times farther than they lie apart, is a typing mistake [m].
# The end of a line may be a long straight leg, so it needs more.
FAR_M, FAR_END_M, FAR_TIMES = 100_000.0, 300_000.0, 20.0
FAR_SHARE = 0.1  # more of the vertices than this are no typing mistake
SPIKE_DEG, SPIKE_M = 1.0, 1.0  # a turn sharper than this with legs longer than this is no border: strips have a width
MAX_CHANGE = 0.01  # share of the area one spike may hold and still be cut


def finite(geometry: NDArray) -> NDArray[np.bool_]:
    """(N,) whether every x and y is a number; True for missing and empty ones."""
    xy, index = shapely.get_coordinates(geometry, return_index=True)
    out = np.ones(len(geometry), bool)
    out[index[~np.isfinite(xy).all(axis=1)]] = False
    return out


def refuse_far(out: NDArray, ok: NDArray, rows: NDArray, log: Log) -> None:
    """Set aside shapes with a vertex hundreds of kilometres from the rest, naming it. Changes ``ok``."""
    box = shapely.bounds(out)
    size = np.hypot(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])
    for i in np.flatnonzero(ok & (shapely.get_dimensions(out) > 0) & (size > FAR_M)):
        found = _far(out[i])
        if found is not None:
            at, of, xy, km = found
            log.reject("far_vertex", [rows[i]], values=[f"{xy[0]:.0f}, {xy[1]:.0f}"],
                       details=[f"vertex {at + 1} of {of}, {km:,.0f} km"])  # fmt: skip
            ok[i] = False


def _far(shape: shapely.Geometry) -> tuple[int, int, NDArray, float] | None:
    """(number, of how many, place [m], distance [km]) of the worst mistaken vertex; None if there is none."""
    xy = shapely.get_coordinates(shape)
    ring = shapely.get_dimensions(shape) == 2
    body = xy[:-1] if ring and len(xy) > 3 else xy
    if len(body) < 3:
        return None
    away = np.hypot(*(body - np.median(body, axis=0)).T)
    limit = np.full(len(body), FAR_M)
    if not ring:
        limit[[0, -1]] = FAR_END_M
    far = (away > limit) & (away > FAR_TIMES * max(1.0, float(np.median(away))))
    if not far.any() or far.sum() > max(1.0, FAR_SHARE * len(body)):
        return None
    at = int(np.where(far, away, 0).argmax())
    return at, len(body), body[at], away[at] / 1000


def drop_repeats(out: NDArray, ok: NDArray, rows: NDArray, log: Log) -> None:
    """Drop vertices of valid shapes equal to the one before; told for the file. Changes ``out``."""
    index = np.flatnonzero(ok & (shapely.get_dimensions(out) > 0))
    thin = shapely.remove_repeated_points(out[index], 0.0)
    fewer = shapely.get_num_coordinates(out[index]) - shapely.get_num_coordinates(thin)
    same = (fewer > 0) & ~shapely.is_empty(thin) & shapely.is_valid(thin)
    where = index[same]
    out[where] = thin[same]
    log.group(
        "repaired", "repeated_vertices", list(rows[where]), values=[""] * len(where), detail=int(fewer[same].sum())
    )


def cut_spikes(out: NDArray, ok: NDArray, rows: NDArray, log: Log) -> None:
    """
    Cut needle-thin spikes of valid areas where that changes less than 1 % of the area; others are told.

    Changes ``out``. What comes out has no spike that a second run would cut.
    """
    for i in np.flatnonzero(ok)[_spiked(out[ok])]:
        before = shapely.area(out[i])
        shape, cut, left = _without_spikes(out[i])
        if cut:
            out[i] = shape
            change = abs(shapely.area(shape) - before) / before
            log.repair("spike", row=rows[i], detail=f"{cut}; area {before:,.1f} -> {shapely.area(shape):,.1f} m2 "
                       f"({change:.3%})")  # fmt: skip
        if left:
            log.note("spike_left", row=rows[i], detail=left)


def _sharp(rings: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """(ring, vertex, area [m2] of the triangle) of every spike of closed rings."""
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    first = np.searchsorted(ring, np.arange(len(rings)))
    last = np.searchsorted(ring, np.arange(len(rings)), side="right") - 1
    before, after = np.arange(len(xy)) - 1, np.arange(len(xy)) + 1
    before[first], after[last] = last - 1, first + 1
    u, v = xy[before % len(xy)] - xy, xy[after % len(xy)] - xy
    long_u, long_v = np.hypot(*u.T), np.hypot(*v.T)
    legs = np.minimum(long_u, long_v)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = (u * v).sum(axis=1) / (long_u * long_v)
    sharp = (cosine > np.cos(np.radians(SPIKE_DEG))) & (legs > SPIKE_M)
    sharp[last] = False  # the closing vertex is the first
    at = np.flatnonzero(sharp)
    area = np.abs(u[at, 0] * v[at, 1] - u[at, 1] * v[at, 0]) / 2
    return ring[at], at - first[ring[at]], area


def _spiked(shapes: NDArray) -> NDArray[np.int64]:
    """Indices of the areas with a spike."""
    areas = np.flatnonzero(shapely.get_dimensions(shapes) == 2)
    if not len(areas):
        return areas
    rings, owner = shapely.get_rings(shapes[areas], return_index=True)
    return areas[np.unique(owner[_sharp(rings)[0]])]


def _without_spikes(shape: shapely.Geometry) -> tuple[shapely.Geometry, int, int]:
    """(the area without the spikes that may go, how many went, how many stay)."""
    cut = 0
    while True:
        rings = shapely.get_rings(shape)
        owner, vertex, area = _sharp(rings)
        for r, v, a in zip(owner, vertex, area, strict=True):
            smaller = _rebuilt(shape, rings, int(r), int(v)) if a <= MAX_CHANGE * shapely.area(shape) else None
            if smaller is not None:
                shape, cut = smaller, cut + 1
                break
        else:
            return shape, cut, len(owner)


def _rebuilt(shape: shapely.Geometry, rings: NDArray, ring: int, vertex: int) -> shapely.Geometry | None:
    """``shape`` without one vertex of one ring; None if that is no valid area any more."""
    xy = shapely.get_coordinates(rings[ring])[:-1]
    xy = np.delete(xy, vertex, axis=0)
    if len(xy) < 3:
        return None
    rings = rings.copy()
    rings[ring] = shapely.linearrings(xy)
    parts = shapely.get_parts(shape)
    counts = 1 + shapely.get_num_interior_rings(parts)
    starts = np.cumsum(counts) - counts
    polygons = [shapely.polygons(rings[s], rings[s + 1 : s + n]) for s, n in zip(starts, counts, strict=True)]
    out = polygons[0] if shape.geom_type == "Polygon" else shapely.multipolygons(polygons)
    return out if shapely.is_valid(out) else None
