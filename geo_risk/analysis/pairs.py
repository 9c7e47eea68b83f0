"""
Which sources and targets come near enough to each other for a rule: every pair by its own distance, in one sweep.

Shapes are taken as boxes: a point or an area as one, a line as one a stretch. Targets are sorted by squares, each
source looks into those it reaches. What is found holds every pair within its distance and, of points, no other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from .clearance import in_threads

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LINES = (1, 2, 5)  # type ids: LineString, LinearRing, MultiLineString
_STRETCH_M = 500.0  # a line is cut into boxes no longer than this
_MOST_SQUARES = 8  # they are made larger until a box lies in no more of them on average
_MOST_COLUMNS = 2**31  # so that a row and a column fit into one number


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
    corner, side, columns = _squares(other, float(np.median(most[most > 0])))
    square, entry = _entries(other, corner, side, columns)
    order = np.argsort(square)
    square, entry = square[order], entry[order]
    near, whose = other[entry], of[entry]

    def sweep(box: Floats, owner: Ints) -> Ints:
        return _sweep(box, owner, most, near, whose, square, corner, side, columns, sources[2:], targets[2:], reach)

    s, t = np.divmod(np.unique(in_threads(sweep, box, owner)), len(targets.code))
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


def _squares(box: Floats, side: float) -> tuple[Floats, float, int]:
    """Lower left corner, side [m] and number of columns of the squares: as large as a usual reach or larger."""
    corner = box[:, :2].min(axis=0)
    extent, width, height = box[:, 2:].max(axis=0) - corner, box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]
    side = max(side, float(extent.max()) / _MOST_COLUMNS)
    while ((width / side + 1) * (height / side + 1)).mean() > _MOST_SQUARES:
        side *= 2
    return corner, side, int(extent[0] / side) + 1


def _entries(box: Floats, corner: Floats, side: float, columns: int) -> tuple[Ints, Ints]:
    """The number of every square a box lies in, and the box."""
    low, high = (np.floor((ends - corner) / side).astype(np.int64) for ends in (box[:, :2], box[:, 2:]))
    span = high - low + 1
    count = span[:, 0] * span[:, 1]
    entry = np.repeat(np.arange(len(box)), count)
    nth = np.arange(len(entry)) - np.repeat(np.cumsum(count) - count, count)
    row, column = np.divmod(nth, span[entry, 0])
    return (low[entry, 1] + row) * columns + low[entry, 0] + column, entry


@njit(cache=True, nogil=True)
def _sweep(box, owner, most, other, of, square, corner, side, columns, source, target, reach):
    """s * number of targets + t of each pair within its reach, some more than once."""
    code_s, error_s, slack_s, _, wanted_s = source
    code_t, error_t, slack_t, inset_t, wanted_t = target
    required, beyond, sigmas, scale = reach
    found, n = np.empty(1024, np.int64), 0
    last_row = square[-1] // columns
    for i in range(len(box)):
        s = owner[i]
        d = most[s]
        if d < 0:
            continue
        left = max(0, int(np.floor((box[i, 0] - d - corner[0]) / side)))
        right = min(columns - 1, int(np.floor((box[i, 2] + d - corner[0]) / side)))
        bottom = max(0, int(np.floor((box[i, 1] - d - corner[1]) / side)))
        top = min(last_row, int(np.floor((box[i, 3] + d - corner[1]) / side)))
        for row in range(bottom, top + 1):
            e = np.searchsorted(square, row * columns + left)
            while e < len(square) and square[e] <= row * columns + right:
                t = of[e]
                least = required[code_s[s], code_t[t]]
                dx = max(0.0, other[e, 0] - box[i, 2], box[i, 0] - other[e, 2])
                dy = max(0.0, other[e, 1] - box[i, 3], box[i, 1] - other[e, 3])
                e += 1
                if least <= 0 or dx > d or dy > d or not (wanted_s[s] or wanted_t[t]):
                    continue
                u = sigmas * np.hypot(error_s[s], error_t[t])
                limit = (least + max(beyond, 2 * u, u + slack_s[s] + slack_t[t])) * scale + inset_t[t]
                if dx * dx + dy * dy <= limit * limit:
                    if n == len(found):
                        found = np.concatenate((found, np.empty(n, np.int64)))
                    found[n] = s * len(code_t) + t
                    n += 1
    return found[:n]
