"""
Distances and insides from bare coordinates, by plain arithmetic.

A second way to the same numbers, for checking the first: it shares no code with ``clearance`` and asks no
geometry library for anything but the coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

Points = NDArray[np.float64]  # (N, 2) metres
Ids = NDArray[np.int64]

_AT_ONCE = 1_000_000  # pairs of edges held in memory together
_A, _E2 = 6378137.0, 0.0066943799901413165  # WGS 84: major axis [m], first eccentricity squared
_POLYGON = 3  # shapely's number of the type


class Edges(NamedTuple):
    """Shapes as edges, those of one shape together; a point is an edge without length."""

    a: Points
    b: Points
    area: NDArray[np.bool_]  # whether the edge bounds an area
    first: Ids  # (shapes + 1,): edges of shape i are first[i]:first[i + 1]
    corner: Points  # one point of every part
    part: Ids  # (shapes + 1,), likewise

    def boxes(self) -> tuple[NDArray[np.float64], Ids]:
        """(B, 4) left, bottom, right, top of every area and of every other edge, and whose they are."""
        owner = np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))
        group = np.where(self.area, owner, np.arange(len(owner)) + len(self.first))
        _, at, box = np.unique(group, return_index=True, return_inverse=True)
        low = np.full((len(at), 2), np.inf)
        high = -low
        np.minimum.at(low, box, np.minimum(self.a, self.b))
        np.maximum.at(high, box, np.maximum(self.a, self.b))
        return np.hstack([low, high]), owner[at]


def edges(shapes: NDArray[np.object_]) -> Edges:
    """The edges of shapes of any type; none empty."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    parts, again = shapely.get_parts(parts, return_index=True)  # collections of multi-parts
    of = of[again]
    polygon = shapely.get_type_id(parts) == _POLYGON
    rings, ring_of = shapely.get_rings(parts[polygon], return_index=True)
    lines = np.concatenate([rings, parts[~polygon]])
    owner = np.concatenate([of[polygon][ring_of], of[~polygon]])
    area = np.arange(len(lines)) < len(rings)
    xy, line = shapely.get_coordinates(lines, return_index=True)
    lone = np.bincount(line, minlength=len(lines))[line] == 1
    joined = np.append(line[1:] == line[:-1], False)
    start = np.flatnonzero(joined | lone)
    end = np.where(lone[start], start, start + 1)
    order = np.argsort(owner[line[start]], kind="stable")
    start, end = start[order], end[order]
    first = np.searchsorted(owner[line[start]], np.arange(len(shapes) + 1))
    corner = np.array([shapely.get_coordinates(p)[0] for p in parts]).reshape(-1, 2)
    return Edges(xy[start], xy[end], area[line[start]], first, corner, np.searchsorted(of, np.arange(len(shapes) + 1)))


def near_pairs(a: Edges, b: Edges, reach: NDArray[np.float64]) -> tuple[Ids, Ids]:
    """Pairs of shapes of ``a`` and ``b`` with boxes within ``reach`` [m], (shapes of a,): all near ones, and more."""
    (boxes, of), (others, of_others) = a.boxes(), b.boxes()
    wide = reach[of][:, None]
    boxes = np.hstack([boxes[:, :2] - wide, boxes[:, 2:] + wide])
    size = 2.0 * float(np.median(reach)) + 100.0
    (cell, box), (cell_b, box_b) = _cells(boxes, size), _cells(others, size)
    order = np.argsort(cell_b, kind="stable")
    cell_b, box_b = cell_b[order], box_b[order]
    low, high = np.searchsorted(cell_b, cell, "left"), np.searchsorted(cell_b, cell, "right")
    count = high - low
    at = np.repeat(low - np.cumsum(count) + count, count) + np.arange(count.sum())
    i, j = np.repeat(box, count), box_b[at]
    meet = ((boxes[i, :2] <= others[j, 2:]) & (others[j, :2] <= boxes[i, 2:])).all(axis=1)
    pairs = np.unique(of[i[meet]] * np.int64(len(b.first)) + of_others[j[meet]])
    return pairs // len(b.first), pairs % len(b.first)


def _cells(boxes: NDArray[np.float64], size: float) -> tuple[Ids, Ids]:
    """The squares of a grid every box lies in, and the box."""
    low, high = (np.floor(side / size).astype(np.int64) for side in (boxes[:, :2], boxes[:, 2:]))
    wide, tall = (high - low + 1).T
    box = np.repeat(np.arange(len(boxes)), wide * tall)
    place = np.arange(len(box)) - np.repeat(np.cumsum(wide * tall) - wide * tall, wide * tall)
    x, y = low[box, 0] + place % wide[box], low[box, 1] + place // wide[box]
    return (x + 2**30) * 2**31 + (y + 2**30), box


def distances(a: Edges, b: Edges, i: Ids, j: Ids) -> tuple[NDArray[np.float64], Points, Points]:
    """
    Distance in the grid [m] of the pairs of shapes (i, j), and the two nearest points; (N,), (N, 2), (N, 2).

    0 where edges cross or touch, or one lies inside the other (the points are then some of theirs).
    """
    d, p, q = np.empty(len(i)), np.empty((len(i), 2)), np.empty((len(i), 2))
    for chunk, which, s, t in _products(a.first, b.first, i, j):
        length, on_a, on_b = _between(a.a[s], a.b[s], b.a[t], b.b[t])
        order = np.lexsort((length, which))
        best = order[np.searchsorted(which[order], np.arange(len(chunk)))]
        d[chunk], p[chunk], q[chunk] = length[best], on_a[best], on_b[best]
    apart = np.flatnonzero(d > 0)
    within = inside(a, i[apart], b, j[apart], b.corner, b.part) | inside(b, j[apart], a, i[apart], a.corner, a.part)
    d[apart[within]] = 0.0
    return d, p, q


def inside(area: Edges, i: Ids, other: Edges, j: Ids, points: Points, first: Ids) -> NDArray[np.bool_]:
    """Whether any of the points first[j]:first[j + 1] of shape j lies inside the areas of shape i; (N,)."""
    found = np.zeros(len(i), bool)
    for chunk, which, t, s in _products(first, area.first, j, i):
        right = area.area[s] & _right_of(points[t], area.a[s], area.b[s])
        size = int(t.max()) + 1
        odd = np.unique((which * size + t)[right], return_counts=True)
        found[chunk[np.unique(odd[0][odd[1] % 2 == 1] // size)]] = True
    return found


def true_length(lonlat_p: Points, lonlat_q: Points) -> NDArray[np.float64]:
    """Length on the WGS 84 ellipsoid [m] between places (degrees) up to a few kilometres apart: chord, bent back."""
    chord = np.linalg.norm(_geocentric(lonlat_p) - _geocentric(lonlat_q), axis=1)
    return chord * (1 + chord**2 / (24 * _A**2))


def _geocentric(lonlat: Points) -> NDArray[np.float64]:
    lon, lat = np.radians(lonlat).T
    n = _A / np.sqrt(1 - _E2 * np.sin(lat) ** 2)
    return np.stack([n * np.cos(lat) * np.cos(lon), n * np.cos(lat) * np.sin(lon), n * (1 - _E2) * np.sin(lat)], axis=1)


def _products(first: Ids, other: Ids, i: Ids, j: Ids) -> Iterator[tuple[Ids, Ids, Ids, Ids]]:
    """In pieces: some pairs, and for every combination of their members which of them, and the two members."""
    wide = np.diff(other)[j]
    count = np.diff(first)[i] * wide
    piece = (np.cumsum(count) - 1) // _AT_ONCE
    for chunk in np.split(np.arange(len(i)), np.flatnonzero(np.diff(piece)) + 1) if len(i) else []:
        which = np.repeat(np.arange(len(chunk)), count[chunk])
        if len(which):
            place = np.arange(len(which)) - np.repeat(np.cumsum(count[chunk]) - count[chunk], count[chunk])
            one, two = np.divmod(place, wide[chunk][which])
            yield chunk, which, first[i[chunk]][which] + one, other[j[chunk]][which] + two


def _between(a: Points, b: Points, c: Points, d: Points) -> tuple[NDArray[np.float64], Points, Points]:
    """Distance of the edges ab and cd, and the nearest point on either."""
    ends = [(a, _foot(a, c, d)), (b, _foot(b, c, d)), (_foot(c, a, b), c), (_foot(d, a, b), d)]
    lengths = np.stack([np.hypot(*(p - q).T) for p, q in ends])
    best = lengths.argmin(axis=0)
    rows = np.arange(len(a))
    p, q = (np.stack([pair[k] for pair in ends])[best, rows] for k in (0, 1))
    return np.where(_crossed(a, b, c, d), 0.0, lengths[best, rows]), p, q


def _crossed(a: Points, b: Points, c: Points, d: Points) -> NDArray[np.bool_]:
    return (_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0)


def _right_of(p: Points, a: Points, b: Points) -> NDArray[np.bool_]:
    """Whether a ray from p to the east meets the edge ab."""
    (x, y), (x0, y0), (x1, y1) = p.T, a.T, b.T
    rise = np.where(y1 == y0, 1.0, y1 - y0)
    return ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) / rise * (x1 - x0))


def _foot(p: Points, a: Points, b: Points) -> Points:
    """The point of the edge ab nearest to p."""
    run = b - a
    square = (run**2).sum(axis=1)
    share = np.divide(((p - a) * run).sum(axis=1), square, out=np.zeros(len(p)), where=square > 0)
    return a + np.clip(share, 0.0, 1.0)[:, None] * run


def _side(a: Points, b: Points, p: Points) -> NDArray[np.float64]:
    return np.sign((b[:, 0] - a[:, 0]) * (p[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (p[:, 0] - a[:, 0]))


def depths(shape: Edges, i: int, points: Points) -> NDArray[np.float64]:
    """
    How deep each point lies in shape i [m], to the nearest of its edges; (N,).

    Negative outside areas; 0 on a line or a point (within a tenth of a millimetre), where nothing is deep.
    """
    s = np.arange(shape.first[i], shape.first[i + 1])
    out = np.full(len(points), -1.0)
    for of_area in (False, True):
        those = s[shape.area[s] == of_area]
        if not len(those):
            continue
        nearest = np.full(len(points), np.inf)
        odd = np.zeros(len(points), bool)
        for e in those:
            a, b = (np.broadcast_to(ends[e], points.shape) for ends in (shape.a, shape.b))
            nearest = np.minimum(nearest, np.hypot(*(points - _foot(points, a, b)).T))
            odd ^= _right_of(points, a, b)
        there = np.where(nearest <= 1e-4, 0.0, np.where(odd, nearest, -1.0) if of_area else -1.0)
        out = np.maximum(out, there)
    return out


def covers(area: Edges, i: int, other: Edges, j: int) -> bool:
    """Whether no part of shape j lies outside the areas of shape i; borders count as inside."""
    s, t = (np.arange(e.first[k], e.first[k + 1]) for e, k in ((area, i), (other, j)))
    s = s[area.area[s]]
    ends = np.concatenate([other.a[t], other.b[t]])
    if (
        not len(s)
        or (ends.min(axis=0) < area.a[s].min(axis=0)).any()
        or (ends.max(axis=0) > area.a[s].max(axis=0)).any()
    ):
        return False
    if (depths(area, i, ends) < 0).any():
        return False
    left, right = np.repeat(s, len(t)), np.tile(t, len(s))
    return not _crossed(area.a[left], area.b[left], other.a[right], other.b[right]).any()
