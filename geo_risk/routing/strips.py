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
    corners = np.full((*grid.shape, 4), np.float32(margin), np.float32)
    chosen = np.full(grid.shape, -1, np.int64)
    nearest, best = np.empty(grid.shape, np.int32), np.empty(grid.shape, np.float32)
    done, window = np.zeros(len(network.metres), bool), (*grid.shape, 0, 0)
    out = []
    for pieces in reached:
        parts, number = _straight(network, pieces.take(np.flatnonzero(~done[pieces.edge])), cell * _LONG_CELLS)
        done[pieces.edge] |= (pieces.begin_m == 0) & (pieces.end_m == network.metres[pieces.edge])
        if len(parts):
            touched = _window(parts, grid, width + cell)
            _stamp(parts, touched, grid.left, grid.top, cell, width + cell, nearest, best)
            _lower(parts, number, touched, grid.left, grid.top, cell, nearest, chosen, corners)
            window = (*np.minimum(window[:2], touched[:2]).tolist(), *np.maximum(window[2:], touched[2:]).tolist())
        out.append(_outline(corners, window, grid, np.float32(margin), width))
    return out


def _window(parts: Floats, grid: Grid, reach: float) -> tuple[int, int, int, int]:
    """First row and column, and those after the last, of the cells that parts (p, 4) may be stamped on."""
    x, y = parts[:, ::2], parts[:, 1::2]
    return (
        max(int((grid.top - y.max() - reach) / grid.cell_m), 0),
        max(int((x.min() - reach - grid.left) / grid.cell_m), 0),
        min(int((grid.top - y.min() + reach) / grid.cell_m) + 1, grid.shape[0]),
        min(int((x.max() + reach - grid.left) / grid.cell_m) + 1, grid.shape[1]),
    )


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


@njit(cache=True, nogil=True)
def _stamp(parts, window, left, top, cell, reach, nearest, best):
    """The part nearest to the centre of each cell within ``reach`` of any (-1: none); ties to the first."""
    row_first, col_first, row_stop, col_stop = window
    nearest[row_first:row_stop, col_first:col_stop] = -1
    best[row_first:row_stop, col_first:col_stop] = np.inf
    for p in range(len(parts)):
        ax, ay, bx, by = parts[p]
        col_low = max(int((min(ax, bx) - reach - left) / cell), col_first)
        col_high = min(int((max(ax, bx) + reach - left) / cell) + 1, col_stop)
        row_low = max(int((top - max(ay, by) - reach) / cell), row_first)
        row_high = min(int((top - min(ay, by) + reach) / cell) + 1, row_stop)
        dx, dy = bx - ax, by - ay
        ux, uy = dx / max(dx * dx + dy * dy, 1e-12), dy / max(dx * dx + dy * dy, 1e-12)
        for row in range(row_low, row_high):
            y = top - (row + 0.5) * cell - ay
            least, who = best[row, col_low:col_high], nearest[row, col_low:col_high]
            for i in range(len(least)):
                x = left + (col_low + i + 0.5) * cell - ax
                t = min(max(x * ux + y * uy, 0.0), 1.0)
                far = np.float32((x - t * dx) ** 2 + (y - t * dy) ** 2)
                nearer = far < least[i]  # both written at all events, so that several cells go at once
                least[i] = far if nearer else least[i]
                who[i] = np.int32(p) if nearer else who[i]


@njit(cache=True, nogil=True)
def _falls(part, left, top, cell, row, col, corners, fresh):
    """Work out the distances of the four corners of a cell from a part; whether none of them rises by it."""
    falls = True
    for k in range(4):
        x, y = left + (col + k % 2) * cell, top - (row + k // 2) * cell
        fresh[k] = _distance(x, y, part[0], part[1], part[2], part[3])
        falls &= fresh[k] <= corners[row, col, k]
    return falls


@njit(cache=True, nogil=True)
def _lower(parts, number, window, left, top, cell, nearest, chosen, corners):
    """Take the distances from the nearest part where none rises by it, else from the grown part of the same number."""
    fresh = np.empty(4, np.float32)
    for row in range(window[0], window[2]):
        for col in range(window[1], window[3]):
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


@njit(cache=True, nogil=True)
def _meet(corners, window, far, width):
    """
    (rows + 1, cols + 1) the greatest distance that the cells around each corner of a window give it; ``far`` at the
    rim, and slightly beyond ``width`` where it is that.
    """
    row_first, col_first, row_stop, col_stop = window
    field = np.full((row_stop - row_first + 1, col_stop - col_first + 1), np.float64(far))
    clear, beyond = np.float32(CLEAR_M), np.float32(width + CLEAR_M)
    for row in range(row_first + 1, row_stop):
        for col in range(col_first + 1, col_stop):
            above = max(corners[row - 1, col - 1, 3], corners[row - 1, col, 2])
            most = max(above, corners[row, col - 1, 1], corners[row, col, 0])
            near = abs(most - np.float32(width)) < clear
            field[row - row_first, col - col_first] = beyond if near else most
    return field


def _outline(
    corners: NDArray[np.float32], window: tuple[int, int, int, int], grid: Grid, far: np.float32, width: float
) -> shapely.Geometry:
    """Where the field, linear on the triangles between the corners and the middle of each cell, is below ``width``."""
    row, col, row_stop, col_stop = window
    if row >= row_stop:
        return shapely.MultiPolygon()
    level = _meet(corners, window, far, width)
    x = grid.left + np.arange(col, col_stop + 1) * grid.cell_m
    y = grid.top - np.arange(row, row_stop + 1) * grid.cell_m
    kind = contourpy.FillType.ChunkCombinedOffsetOffset
    contours = contourpy.contour_generator(x, y, level, fill_type=kind, quad_as_tri=True)
    found: Any = contours.filled(-1.0, width)
    (points,), (rings,), (polygons,) = found
    if points is None:
        return shapely.MultiPolygon()
    offsets = (rings.astype(np.int64), polygons.astype(np.int64), np.array([0, len(polygons) - 1]))
    return shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, points, offsets)[0]
