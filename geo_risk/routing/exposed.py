"""Who is near a road: people within a reach of each edge, counted exactly."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_SHARE = 8  # blocks of people are this part of the reach wide
_LEAST_M = 25.0


class Crowd(NamedTuple):
    """People sorted by square block: ``x``, ``y``, ``persons`` (P,), their former ``row``; ``first`` (blocks + 1,)."""

    x: Floats
    y: Floats
    persons: Floats
    row: Ints
    first: Ints
    left: float
    bottom: float
    side_m: float
    shape: tuple[int, int]


def crowd_of(x: Floats, y: Floats, persons: Floats, reach_m: float) -> Crowd:
    """People at places (P,) [m], sorted so that those within ``reach_m`` of a line are found fast."""
    side = max(_LEAST_M, reach_m / _SHARE)
    if not len(x):
        return Crowd(x, y, persons, np.empty(0, np.int64), np.zeros(2, np.int64), 0.0, 0.0, side, (1, 1))
    left, bottom = float(x.min()), float(y.min())
    col, row = ((x - left) // side).astype(np.int64), ((y - bottom) // side).astype(np.int64)
    shape = int(row.max()) + 1, int(col.max()) + 1
    block = row * shape[1] + col
    order = np.lexsort((np.arange(len(x)), block))
    first = np.searchsorted(block[order], np.arange(shape[0] * shape[1] + 1)).astype(np.int64)
    return Crowd(x[order], y[order], persons[order], order, first, left, bottom, side, shape)


def people_near(crowd: Crowd, coords: Floats, offsets: Ints, reach_m: float) -> Floats:
    """(e,) persons within ``reach_m`` of each line ``coords[offsets[i]:offsets[i + 1]]`` [m]; the boundary counts."""
    total = np.concatenate([[0.0], np.cumsum(crowd.persons)])
    out = np.zeros(len(offsets) - 1)
    hit = np.zeros(len(crowd.x) if len(crowd.x) else 1, np.bool_)
    _near(*crowd[:3], total, *crowd[4:], coords, offsets, reach_m, out, hit, False)
    return np.maximum(out, 0.0)


def people_along(crowd: Crowd, coords: Floats, offsets: Ints, reach_m: float) -> float:
    """Persons within ``reach_m`` of any of the lines, each counted once."""
    out = np.zeros(len(offsets) - 1)
    hit = np.zeros(max(1, len(crowd.x)), np.bool_)
    _near(*crowd[:3], np.zeros(1), *crowd[4:], coords, offsets, reach_m, out, hit, True)
    return float(crowd.persons[hit[: len(crowd.x)]].sum())


@njit(cache=True)
def _squared(x, y, coords, begin, end):
    """Squared distance [m2] of a place to a line."""
    best = math.inf
    for i in range(begin, end - 1):
        ax, ay = coords[i, 0], coords[i, 1]
        dx, dy = coords[i + 1, 0] - ax, coords[i + 1, 1] - ay
        long = dx * dx + dy * dy
        t = 0.0 if long == 0.0 else min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / long))
        ex, ey = x - ax - t * dx, y - ay - t * dy
        best = min(best, ex * ex + ey * ey)
    return best


@njit(cache=True)
def _near(x, y, persons, total, first, left, bottom, side, shape, coords, offsets, reach, out, hit, mark):
    """
    Sum (or mark) the people near each line: blocks wholly within by their total, those on the edge one by one.

    A block is judged by its middle and its half diagonal, a hair wider so that rounding puts it on the edge.
    """
    if len(x) == 0:
        return
    half = side * math.sqrt(0.5) * (1.0 + 1e-9)
    for e in range(len(offsets) - 1):
        begin, end = offsets[e], offsets[e + 1]
        west, east = coords[begin:end, 0].min(), coords[begin:end, 0].max()
        south, north = coords[begin:end, 1].min(), coords[begin:end, 1].max()
        row0 = max(0, math.floor((south - reach - bottom) / side))
        row1 = min(shape[0], math.floor((north + reach - bottom) / side) + 1)
        col0 = max(0, math.floor((west - reach - left) / side))
        col1 = min(shape[1], math.floor((east + reach - left) / side) + 1)
        for row in range(row0, row1):
            for col in range(col0, col1):
                block = row * shape[1] + col
                low, high = first[block], first[block + 1]
                if low == high:
                    continue
                middle = math.sqrt(_squared(left + (col + 0.5) * side, bottom + (row + 0.5) * side, coords, begin, end))
                if middle - half > reach:
                    continue
                if not mark and middle + half <= reach:
                    out[e] += total[high] - total[low]
                    continue
                for p in range(low, high):
                    if (mark and hit[p]) or _squared(x[p], y[p], coords, begin, end) > reach * reach:
                        continue
                    hit[p] = True
                    out[e] += persons[p]
