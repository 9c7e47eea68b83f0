"""
Which sources and targets come near enough to each other for a rule: every pair by its own distance, in one sweep.

Shapes are taken as boxes: a point or an area as one, a line as one a stretch. Targets are sorted by squares, each
source looks into those it reaches. What is found holds every pair within its distance and, of points, no other.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from ..parallel import in_threads

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LINES = (1, 2, 5)  # type ids: LineString, LinearRing, MultiLineString
_STRETCH_M = 500.0  # a line is cut into boxes no longer than this
_MOST_SQUARES = 8  # they are made larger until a box lies in no more of them on average
_EMPTY = 64  # squares a box at most; larger ones keep a single far place from taking all memory
_LEAST_SQUARES = 2**20


class End(NamedTuple):
    """
    One side of a search.

    ``shapes`` (N,), none empty, and their ``bounds`` (N, 4); ``code`` (N,) the row or column of the table of reaches;
    ``error``, ``slack`` and ``inset`` (N,) widen the reach [m]; of pairs of which neither is ``wanted`` (N,) none is
    sought.
    """

    shapes: NDArray[np.object_]
    bounds: Floats
    code: Ints
    error: Floats
    slack: Floats
    inset: Floats
    wanted: NDArray[np.bool_]


class Reach(NamedTuple):
    """
    How far a pair may be apart: (required + max(beyond, 2u, u + slacks)) * scale + inset of the target [m].

    u is ``sigmas`` * hypot(errors). ``required`` (source codes, target codes) is 0 where no rule applies: no pair.
    ``scale`` is how much longer than a true metre one may be drawn.
    """

    required: Floats
    beyond: float
    sigmas: float
    scale: float


def near_pairs(sources: End, targets: End, reach: Reach) -> tuple[Ints, Ints]:
    """Indices (s, t) of the pairs whose boxes are within their reach, each once, ordered by s, then t."""
    most = _most_reach(sources, targets, reach)
    if not (most > 0).any():
        return np.empty(0, np.int64), np.empty(0, np.int64)
    (box, owner), (other, of) = _boxes(sources), _boxes(targets)
    squares = _squares(other, float(np.median(most[most > 0])))
    start, entry = _filed(other, *squares)
    corner, side, _, columns = squares
    order = np.argsort(np.floor((box[:, :2] - corner) / side) @ (1.0, columns))  # neighbours one after the other

    def sweep(box: Floats, owner: Ints) -> Ints:
        return _sweep(box, owner, most, other, of, start, entry, squares, sources[2:], targets[2:], reach)

    pair = np.sort(in_threads(sweep, box[order], owner[order]))
    s, t = np.divmod(pair[np.diff(pair, prepend=-1) > 0], len(targets.code))
    return s, t


def _most_reach(sources: End, targets: End, reach: Reach) -> Floats:
    """(N,) how far each source may reach at most [m]; -1 where no rule applies."""
    if not len(sources.code) or not len(targets.code):
        return np.empty(0)
    required = reach.required.max(axis=1)[sources.code]
    u = reach.sigmas * np.hypot(sources.error, targets.error.max())
    further = np.maximum(np.maximum(reach.beyond, 2 * u), u + sources.slack + targets.slack.max())
    return np.where(required > 0, (required + further) * reach.scale + targets.inset.max(), -1.0)


def _boxes(end: End) -> tuple[Floats, Ints]:
    """(B, 4) left, bottom, right, top around each point, area and stretch of a line; (B,) which shape it is of."""
    line = np.isin(shapely.get_type_id(end.shapes), _LINES)
    if not line.any():
        return end.bounds, np.arange(len(line))
    lines, whole = np.flatnonzero(line), np.flatnonzero(~line)
    parts, at = shapely.get_parts(end.shapes[lines], return_index=True)
    xy, part = shapely.get_coordinates(shapely.segmentize(parts, _STRETCH_M), return_index=True)
    i = np.flatnonzero(part[1:] == part[:-1])
    stretches = np.hstack([np.minimum(xy[i], xy[i + 1]), np.maximum(xy[i], xy[i + 1])])
    box = np.concatenate([end.bounds[whole], stretches])
    return box, np.concatenate([whole, lines[at[part[i]]]])


def _squares(box: Floats, side: float) -> tuple[Floats, float, int, int]:
    """Lower left corner, side [m] and numbers of rows and columns of the squares: a usual reach wide or more."""
    left, bottom, right, top = np.ascontiguousarray(box.T)
    corner = np.array([left.min(), bottom.min()])
    extent = right.max() - corner[0], top.max() - corner[1]
    width, height = right - left, top - bottom
    area, both = np.dot(width, height) / len(box), (width.sum() + height.sum()) / len(box)
    most = max(_LEAST_SQUARES, _EMPTY * len(box))
    while area / side**2 + both / side + 1 > _MOST_SQUARES or (extent[0] / side + 1) * (extent[1] / side + 1) > most:
        side *= 2
    return corner, side, int(extent[1] / side) + 1, int(extent[0] / side) + 1


@njit(cache=True, nogil=True)
def _filed(box, corner, side, rows, columns):
    """Where the boxes of each square begin, and the boxes (by number) of one square after the other."""
    start = np.zeros(rows * columns + 2, np.int64)
    cells = np.empty((len(box), 4), np.int64)
    for i in range(len(box)):
        for k in range(4):
            cells[i, k] = (box[i, k] - corner[k % 2]) / side
        for row in range(cells[i, 1], cells[i, 3] + 1):
            for column in range(cells[i, 0], cells[i, 2] + 1):
                start[row * columns + column + 2] += 1
    start = np.cumsum(start)
    entry = np.empty(start[-1], np.int64)
    for i in range(len(box)):
        for row in range(cells[i, 1], cells[i, 3] + 1):
            for column in range(cells[i, 0], cells[i, 2] + 1):
                entry[start[row * columns + column + 1]] = i
                start[row * columns + column + 1] += 1
    return start, entry


@njit(cache=True, nogil=True)
def _sweep(box, owner, most, other, of, start, entry, squares, source, target, reach):
    """s * number of targets + t of each pair within its reach, some more than once."""
    corner, side, rows, columns = squares
    code_s, error_s, slack_s, _, wanted_s = source
    code_t, error_t, slack_t, inset_t, wanted_t = target
    required, beyond, sigmas, scale = reach
    found, n = np.empty(1024, np.int64), 0
    for i in range(len(box)):
        s = owner[i]
        d = most[s]
        if d < 0:
            continue
        left = max(0, int(np.floor((box[i, 0] - d - corner[0]) / side)))
        right = min(columns - 1, int(np.floor((box[i, 2] + d - corner[0]) / side)))
        bottom = max(0, int(np.floor((box[i, 1] - d - corner[1]) / side)))
        top = min(rows - 1, int(np.floor((box[i, 3] + d - corner[1]) / side)))
        if left > right:
            continue
        for row in range(bottom, top + 1):
            for k in range(start[row * columns + left], start[row * columns + right + 1]):
                e = entry[k]
                dx = max(0.0, other[e, 0] - box[i, 2], box[i, 0] - other[e, 2])
                dy = max(0.0, other[e, 1] - box[i, 3], box[i, 1] - other[e, 3])
                far = dx * dx + dy * dy
                if far > d * d:
                    continue
                t = of[e]
                least = required[code_s[s], code_t[t]]
                if least <= 0 or not (wanted_s[s] or wanted_t[t]):
                    continue
                u = sigmas * math.sqrt(error_s[s] ** 2 + error_t[t] ** 2)
                limit = (least + max(beyond, 2 * u, u + slack_s[s] + slack_t[t])) * scale + inset_t[t]
                if far <= limit * limit:
                    if n == len(found):
                        found = np.concatenate((found, np.empty(n, np.int64)))
                    found[n] = s * len(code_t) + t
                    n += 1
    return found[:n]
