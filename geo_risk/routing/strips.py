"""Ground beside stretches of road as polygons in which no point is farther away than stated.

Each cell of a grid remembers the straight part of a road nearest to its centre, and the distance of its four corners
from that part. A corner of the lattice takes the greatest distance of the four cells that meet there. Distance from a
straight part is convex, so what is interpolated between the corners is never below the true distance: the outline at
the stated distance holds only ground within it. A larger set of stretches may only lower the distances of a cell, all
four together, so its outline holds that of a smaller set.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import contourpy
import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from ..grid import Grid, grid_of
from .network import Network
from .reach import Pieces
from .topology import ranges

# Cells to the distance: areas are then true to 2 % (measured against exact buffers).
CELLS_PER_REACH = 4
# Corners nearer to the outline than this [m] are moved off it: an outline through a corner could touch itself.
CLEAR_M = 1e-3
_LONG_CELLS = 4.0  # longer straight parts are cut, so that the cells around one are few
_SLOTS = 1 << 20  # parts that one straight part may be cut into

Floats = NDArray[np.float64]


def strips(network: Network, reached: Sequence[Pieces], width: float) -> list[shapely.Geometry]:
    """
    (Multi)polygons of the ground within ``width`` [m] of each set of stretches, each within the next.

    Parameters
    ----------
    reached : stretches without overlaps, tail to head, each set within the next.
    """
    if not reached or not len(reached[-1].edge):
        return [shapely.MultiPolygon() for _ in reached]
    cell = width / CELLS_PER_REACH
    margin, edge = width + 2 * cell, reached[-1].edge
    xy = network.coords[ranges(network.offsets[edge], np.diff(network.offsets)[edge])]
    low, high = xy.min(axis=0) - margin, xy.max(axis=0) + margin
    grid = grid_of((low[0], low[1], high[0], high[1]), cell, network.crs)
    rows, cols = grid.shape
    corners = np.full((rows, cols, 4), np.float32(margin), np.float32)
    chosen = np.full(grid.shape, -1, np.int64)
    nearest, best = np.empty(grid.shape, np.int32), np.empty(grid.shape, np.float32)
    done = np.zeros(len(network.metres), bool)
    field = np.empty((rows + 1, cols + 1), np.float32)
    out = []
    for pieces in reached:
        parts, number = _straight(network, pieces.take(np.flatnonzero(~done[pieces.edge])), cell * _LONG_CELLS)
        done[pieces.edge] |= (pieces.begin_m == 0) & (pieces.end_m == network.metres[pieces.edge])
        if len(parts):
            _stamp(parts, grid.left, grid.top, cell, width + cell, nearest, best)
            _lower(parts, number, grid.left, grid.top, cell, nearest, chosen, corners)
        _meet(corners, np.float32(margin), field)
        out.append(_outline(field, grid, width))
    return out


def _straight(network: Network, pieces: Pieces, long_m: float) -> tuple[Floats, NDArray[np.int64]]:
    """
    (p, 4) x, y, x, y of the straight parts of stretches, and a rising number of each.

    Long ones are cut at fixed places, every ``long_m`` from their vertex: where a stretch grows, the part of the
    same number grows.
    """
    base, stop = network.mileage[network.offsets[pieces.edge]], network.mileage[network.offsets[pieces.edge + 1] - 1]
    begin, end = np.minimum(base + pieces.begin_m, stop), np.minimum(base + pieces.end_m, stop)
    first = np.searchsorted(network.mileage, begin, side="right")
    count = np.maximum(0, np.searchsorted(network.mileage, end, side="left") - first)
    # Stops of each stretch: its beginning, the vertices within, its end.
    where = np.cumsum(count + 2) - (count + 2)
    at = np.empty(int((count + 2).sum()))
    at[where], at[where + count + 1] = begin, end
    inner = np.ones(len(at), bool)
    inner[where] = inner[where + count + 1] = False
    at[inner] = network.mileage[ranges(first, count)]
    last = np.zeros(len(at), bool)
    last[where + count + 1] = True
    a, b = at[:-1][~last[:-1]], at[1:][~last[:-1]]
    vertex = np.searchsorted(network.mileage, a, side="right") - 1
    since = network.mileage[vertex]
    first_slot = np.floor((a - since) / long_m).astype(np.int64)
    cuts = np.maximum(1, np.ceil((b - since) / long_m).astype(np.int64) - first_slot)
    slot = np.repeat(first_slot, cuts) + np.arange(int(cuts.sum())) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    low = np.maximum(np.repeat(a, cuts), np.repeat(since, cuts) + slot * long_m)
    high = np.minimum(np.repeat(b, cuts), np.repeat(since, cuts) + (slot + 1) * long_m)
    ends = [np.interp(x, network.mileage, axis) for x in (low, high) for axis in network.coords.T]
    return np.column_stack(ends), np.repeat(vertex, cuts) * _SLOTS + slot


@njit(cache=True, inline="always")
def _distance(x, y, ax, ay, bx, by):
    """From a point to a straight part."""
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    t = 0.0
    if length > 0.0:
        t = min(max(((x - ax) * dx + (y - ay) * dy) / length, 0.0), 1.0)
    across, along = x - ax - t * dx, y - ay - t * dy
    return math.sqrt(across * across + along * along)


@njit(cache=True)
def _stamp(parts, left, top, cell, reach, nearest, best):
    """The part nearest to the centre of each cell within ``reach`` of any (-1: none); ties to the first."""
    rows, cols = nearest.shape
    nearest[:] = -1
    best[:] = np.inf
    for p in range(len(parts)):
        ax, ay, bx, by = parts[p]
        col_low = max(int((min(ax, bx) - reach - left) / cell), 0)
        col_high = min(int((max(ax, bx) + reach - left) / cell) + 1, cols)
        row_low = max(int((top - max(ay, by) - reach) / cell), 0)
        row_high = min(int((top - min(ay, by) + reach) / cell) + 1, rows)
        dx, dy = bx - ax, by - ay
        ux, uy = dx / max(dx * dx + dy * dy, 1e-12), dy / max(dx * dx + dy * dy, 1e-12)
        for row in range(row_low, row_high):
            y = top - (row + 0.5) * cell - ay
            for col in range(col_low, col_high):
                x = left + (col + 0.5) * cell - ax
                t = min(max(x * ux + y * uy, 0.0), 1.0)
                far = np.float32((x - t * dx) ** 2 + (y - t * dy) ** 2)
                if far < best[row, col]:
                    best[row, col], nearest[row, col] = far, p


@njit(cache=True)
def _falls(part, left, top, cell, row, col, corners, fresh):
    """Work out the distances of the four corners of a cell from a part; whether none of them rises by it."""
    falls = True
    for k in range(4):
        x, y = left + (col + k % 2) * cell, top - (row + k // 2) * cell
        fresh[k] = _distance(x, y, part[0], part[1], part[2], part[3])
        falls &= fresh[k] <= corners[row, col, k]
    return falls


@njit(cache=True)
def _lower(parts, number, left, top, cell, nearest, chosen, corners):
    """Take the distances from the nearest part where none rises by it, else from the grown part of the same number."""
    rows, cols = nearest.shape
    fresh = np.empty(4, np.float32)
    for row in range(rows):
        for col in range(cols):
            p = nearest[row, col]
            if p < 0:
                continue
            if _falls(parts[p], left, top, cell, row, col, corners, fresh):
                corners[row, col], chosen[row, col] = fresh, number[p]
                continue
            p = np.searchsorted(number, chosen[row, col])
            while p < len(number) and number[p] == chosen[row, col]:
                if _falls(parts[p], left, top, cell, row, col, corners, fresh):
                    corners[row, col] = fresh
                p += 1


@njit(cache=True)
def _meet(corners, far, field):
    """(rows + 1, cols + 1) the greatest distance that the cells around each corner give it; ``far`` at the rim."""
    rows, cols = corners.shape[:2]
    field[:] = far
    for row in range(1, rows):
        for col in range(1, cols):
            above = max(corners[row - 1, col - 1, 3], corners[row - 1, col, 2])
            field[row, col] = max(above, corners[row, col - 1, 1], corners[row, col, 0])


def _outline(field: NDArray[np.float32], grid: Grid, width: float) -> shapely.Geometry:
    """Where ``field``, linear on the triangles between the corners and the middle of each cell, is below ``width``."""
    level = np.where(np.abs(field - width) < CLEAR_M, np.float32(width + CLEAR_M), field)
    x = grid.left + np.arange(field.shape[1]) * grid.cell_m
    y = grid.top - np.arange(field.shape[0]) * grid.cell_m
    kind = contourpy.FillType.ChunkCombinedOffsetOffset
    contours = contourpy.contour_generator(x, y, level, fill_type=kind, quad_as_tri=True)
    found: Any = contours.filled(-1.0, width)
    (points,), (rings,), (polygons,) = found
    if points is None:
        return shapely.MultiPolygon()
    offsets = (rings.astype(np.int64), polygons.astype(np.int64), np.array([0, len(polygons) - 1]))
    return shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, points, offsets)[0]
