"""Line sources: the kernel of one metre of pipeline, integrated along the line.

Where the footprint is the same in all directions the integral of each straight piece has a closed
form in two table look-ups, so a bend counts each metre once and a long straight piece costs one
stamp. Where it has a direction (a toxic cloud from a tanker), pieces are stamped as points.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from numba import njit, prange
from numpy.typing import NDArray

from .arcs import FINE
from .kernels import BAND, Kernels, threads

_NODES = 400  # of the integral's table in each direction


def along(kernels: Kernels) -> NDArray[np.float64]:
    """
    (S, NODES, NODES) integral of each radial kernel from 0 to s along a straight line that passes at distance d.

    d and s run evenly from 0 to the reach [per year times metres].
    """
    out = np.zeros((len(kernels.reach_m), _NODES, _NODES))
    _along(kernels.reach_m, kernels.radial, out)
    return out


@njit(cache=True, parallel=True)
def _along(reach, radial, out) -> None:
    """Trapezoids of an eighth of a node's step."""
    count = _NODES - 1
    for k in prange(len(reach) * _NODES):
        s, i = k // _NODES, k % _NODES
        if reach[s] <= 0.0:
            continue
        d, step, total = i / count, 1.0 / (8 * count), 0.0
        before = _at_ring(radial[s], d)
        for j in range(1, 8 * count + 1):
            after = _at_ring(radial[s], math.sqrt(d * d + (j * step) ** 2))
            total += (before + after) / 2 * (reach[s] * step)
            before = after
            if j % 8 == 0:
                out[s, i, j // 8] = total


@njit(cache=True)
def _at_ring(radial, r: float) -> float:
    """A radial kernel at a distance in reaches."""
    if r >= 1.0:
        return 0.0
    t = math.sqrt(r) * (FINE - 1)
    k = min(int(t), FINE - 2)
    return radial[k] + (t - k) * (radial[k + 1] - radial[k])


def pieces(geometry: NDArray[np.object_], reach_m: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
    """
    ((M, 4), (M,)): straight pieces x0, y0, x1, y1 [m] of the lines (N,), and the line each belongs to.

    Pieces longer than the line's reach (N,) [m] are cut, which changes no integral and keeps their boxes small.
    """
    parts, of_line = shapely.get_parts(geometry, return_index=True)
    points, of_part = shapely.get_coordinates(parts, return_index=True)
    same = of_part[1:] == of_part[:-1]
    ends = np.column_stack([points[:-1], points[1:]])[same]
    owner = of_line[of_part[:-1][same]]
    length = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
    ends, owner, length = ends[length > 0], owner[length > 0], length[length > 0]
    cuts = np.maximum(1, np.ceil(length / np.maximum(reach_m[owner], 1.0))).astype(int)
    index = np.repeat(np.arange(len(ends)), cuts)
    k = np.arange(len(index)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    a, b = (k / cuts[index])[:, None], ((k + 1) / cuts[index])[:, None]
    start, step = ends[index, :2], ends[index, 2:] - ends[index, :2]
    return np.hstack([start + a * step, start + b * step]), owner[index]


@njit(cache=True)
def _integral(table, d: float, s: float, reach: float) -> float:
    """Integral from 0 to s (either sign) at distance d; bilinear in the table."""
    size = abs(s)
    top = len(table) - 1
    td, ts = d / reach * top, min(size / reach, 1.0) * top
    i, j = min(int(td), top - 1), min(int(ts), top - 1)
    u, v = td - i, ts - j
    low = table[i, j] + v * (table[i, j + 1] - table[i, j])
    high = table[i + 1, j] + v * (table[i + 1, j + 1] - table[i + 1, j])
    value = low + u * (high - low)
    return value if s >= 0.0 else -value


@njit(cache=True)
def _piece(px, py, x0, y0, x1, y1, reach, table) -> float:
    """What one piece adds at a point, for a rate of 1 per metre."""
    length = math.hypot(x1 - x0, y1 - y0)
    ex, ey = (x1 - x0) / length, (y1 - y0) / length
    along = (px - x0) * ex + (py - y0) * ey
    d = abs((px - x0) * ey - (py - y0) * ex)
    if d >= reach or along <= -reach or along >= length + reach:
        return 0.0
    return _integral(table, d, along, reach) - _integral(table, d, along - length, reach)


@njit(cache=True, parallel=True)
def _stamp_lines(out, row0, row1, col0, col1, left, top, cell, ends, kernel, rate, reach, tables) -> None:
    for band in prange((row1 - row0 + BAND - 1) // BAND):
        low = row0 + band * BAND
        high = min(low + BAND, row1)
        north, south = top - (low + 0.5) * cell, top - (high - 0.5) * cell
        for i in range(len(kernel)):
            s = kernel[i]
            x0, y0, x1, y1 = ends[i]
            if min(y0, y1) - reach[s] >= north or max(y0, y1) + reach[s] <= south:
                continue
            a = max(col0, math.ceil((min(x0, x1) - reach[s] - left) / cell - 0.5))
            b = min(col1, math.floor((max(x0, x1) + reach[s] - left) / cell - 0.5) + 1)
            for row in range(low, high):
                py = top - (row + 0.5) * cell
                for col in range(a, b):
                    px = left + (col + 0.5) * cell
                    out[row, col] += rate[i] * _piece(px, py, x0, y0, x1, y1, reach[s], tables[s])


def stamp_lines(
    kernels: Kernels,
    ends: NDArray[np.float64],
    kernel: NDArray[np.int64],
    rate: NDArray[np.float64],
    out: NDArray[np.float32],
    corner: tuple[float, float, float],
    *,
    window: tuple[int, int, int, int] | None = None,
    workers: int = 1,
) -> None:
    """
    Add straight pieces (M, 4) [m] of radial kernels per metre (see `pieces`) to ``out``; ``rate`` (M,) is a factor.

    The kernels' frequencies are per metre and year; the result does not depend on the number of threads.
    """
    row0, row1, col0, col1 = window or (0, out.shape[0], 0, out.shape[1])
    threads(workers)
    own, mine = own_tables(kernels, kernel)
    _stamp_lines(out, row0, row1, col0, col1, *corner, ends, mine, rate, own.reach_m, along(own))


def own_tables(kernels: Kernels, kernel: NDArray[np.int64]) -> tuple[Kernels, NDArray[np.int64]]:
    """The kernels that lines use, and where each line finds its own among them."""
    used, place = np.unique(kernel, return_inverse=True)
    return Kernels(kernels.reach_m[used], kernels.radial[used], kernels.polar[:0]), place.astype(np.int64)


@njit(cache=True)
def _line_shares(px, py, ends, kernel, rate, reach, tables, out) -> None:
    for i in range(len(kernel)):
        x0, y0, x1, y1 = ends[i]
        out[i] = rate[i] * _piece(px, py, x0, y0, x1, y1, reach[kernel[i]], tables[kernel[i]])


def line_shares(
    kernels: Kernels,
    ends: NDArray[np.float64],
    kernel: NDArray[np.int64],
    rate: NDArray[np.float64],
    at: tuple[float, float],
) -> NDArray[np.float64]:
    """(M,) what each piece adds at one place [per year]."""
    out = np.zeros(len(kernel))
    own, mine = own_tables(kernels, kernel)
    _line_shares(at[0], at[1], ends, mine, rate, own.reach_m, along(own), out)
    return out
