"""Chainage: metres along a pipeline, and features joined to routes where they meet end to end.

The chainage of a feature runs from its first vertex to its last, in the order in which the file has them;
the parts of a multi-part line follow one another in their order, and gaps between parts have no length.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely.ops import substring

Interval = tuple[float, float]
# Ends this near [m] are joined: surveyors close their traverses within this.
JOIN_M = 1.0
# A long line is searched in chunks of this many vertices; bounds the work, not the result.
_CHUNK = 64
_SMALL = 32  # vertices of a shape that is grown as a whole
_TOUCH_M = 1e-6


class Route(NamedTuple):
    """
    Features joined end to end. ``line`` runs through all; the other fields have one element a piece, in order.

    ``row`` is the feature, ``start`` the route's metres where the piece begins, ``length`` its own, ``offset`` the
    feature's chainage at the piece's first vertex, ``forward`` whether the route runs the way of the feature.
    """

    line: shapely.LineString
    row: NDArray[np.int64]
    start: NDArray[np.float64]
    length: NDArray[np.float64]
    offset: NDArray[np.float64]
    forward: NDArray[np.bool_]


class Stretches(NamedTuple):
    """
    Where a line comes within reach of shapes: one element a stretch.

    ``shape`` is the index of the shape, ``from_m`` and ``to_m`` the stretch within reach, ``near_from`` and
    ``near_to`` the part of it beside the shape itself (its vertices projected on the line).
    """

    shape: NDArray[np.int64]
    from_m: NDArray[np.float64]
    to_m: NDArray[np.float64]
    near_from: NDArray[np.float64]
    near_to: NDArray[np.float64]


def parts(geometry: Any) -> list[shapely.LineString]:
    """The lines of a (Multi)LineString in order, without those of no length."""
    found = shapely.get_parts(geometry)
    return found[(shapely.get_dimensions(found) == 1) & (shapely.length(found) > 0)].tolist()


def locate(geometry: Any, points: NDArray[np.object_]) -> NDArray[np.float64]:
    """(N,) chainage [m] of the place of a (Multi)LineString nearest to each point; the first of equally near ones."""
    lines = np.array([*parts(geometry), None], object)[:-1]
    start = np.concatenate([[0.0], np.cumsum(shapely.length(lines))])[:-1]
    nearest = shapely.distance(lines[:, None], points[None, :]).argmin(axis=0)
    return start[nearest] + shapely.line_locate_point(lines[nearest], points)


def cut(geometry: Any, from_m: float, to_m: float) -> Any:
    """
    The piece of a (Multi)LineString between two chainages [m], ``from_m <= to_m``.

    A line, or several where it spans several parts; a stretch of no length gives a line of two equal points.
    """
    lines = parts(geometry)
    ends = np.cumsum(shapely.length(np.array([*lines, None], object)[:-1]))
    found = []
    for k in range(int(np.searchsorted(ends, from_m, side="right")), len(lines)):
        before = float(ends[k] - lines[k].length)
        a, b = max(from_m - before, 0.0), min(to_m - before, lines[k].length)
        if before > to_m:
            break
        if a < b:
            found.append(substring(lines[k], a, b))
    if not found:
        point = shapely.line_interpolate_point(geometry, from_m) if len(lines) == 1 else _point(geometry, from_m)
        return shapely.linestrings(np.repeat(shapely.get_coordinates(point), 2, axis=0))
    return found[0] if len(found) == 1 else shapely.multilinestrings(found)


def _point(geometry: Any, at: float) -> shapely.Point:
    lines, before = parts(geometry), 0.0
    for part in lines:
        if at <= before + part.length:
            return shapely.line_interpolate_point(part, at - before)
        before += part.length
    return shapely.line_interpolate_point(lines[-1], lines[-1].length)


def union(intervals: Iterable[Interval], gap: float = 0.0) -> list[Interval]:
    """Intervals joined where they overlap or lie at most ``gap`` apart, in order."""
    found: list[list[float]] = []
    for a, b in sorted(intervals):
        if found and a <= found[-1][1] + gap:
            found[-1][1] = max(found[-1][1], b)
        else:
            found.append([a, b])
    return [(a, b) for a, b in found]


def routes(geometry: Sequence[Any], kind: Sequence[Any], alike: Sequence[tuple[Any, ...]]) -> list[Route]:
    """
    Features joined to routes: ends of the same ``kind`` within 1 m of each other are one place.

    Where more than two ends meet, those join that are most ``alike`` (compared field by field, the first counts
    most), then those that go on straightest. A route runs the way of its first feature; of a closed one the
    chainage starts where its first feature does.

    Parameters
    ----------
    geometry : (N,)
        (Multi)LineStrings in a metric CRS; each part is a piece of its own.
    """
    pieces, row, offset = [], [], []
    for i, shape in enumerate(geometry):
        before = 0.0
        for part in parts(shape):
            pieces.append(part)
            row.append(i)
            offset.append(before)
            before += part.length
    mate = _mates(pieces, [kind[i] for i in row], [alike[i] for i in row])
    found, used = [], np.zeros(len(pieces), bool)
    for first in [*(p for p in range(len(pieces)) if -1 in mate[2 * p : 2 * p + 2]), *range(len(pieces))]:
        if not used[first]:
            chain = _chain(first, mate)
            used[[p for p, _ in chain]] = True
            found.append(_route(chain, pieces, np.array(row), np.array(offset)))
    return sorted(found, key=lambda r: (int(r.row.min()), float(r.offset[r.row.argmin()])))


def _mates(pieces: list[Any], kind: list[Any], alike: list[tuple[Any, ...]]) -> NDArray[np.int64]:
    """(2P,) of each end (2p the first of piece p, 2p + 1 its last) the end it goes on to, or -1."""
    mate = np.full(2 * len(pieces), -1)
    if len(pieces) < 2:
        return mate
    xy = np.array([c for p in pieces for c in (p.coords[0][:2], p.coords[-1][:2])])
    near = cKDTree(xy).query_pairs(JOIN_M, output_type="ndarray")
    graph = coo_matrix((np.ones(len(near)), (near[:, 0], near[:, 1])), shape=(len(xy), len(xy)))
    label = connected_components(graph, directed=False)[1]
    pairs = []
    for ends in np.split(np.argsort(label, kind="stable"), np.cumsum(np.bincount(label))[:-1]):
        for a in ends:
            for b in ends:
                p, q = a // 2, b // 2
                if p < q and kind[p] == kind[q]:
                    unlike = tuple(x != y for x, y in zip(alike[p], alike[q], strict=True))
                    turn = float(np.round(_heading(pieces[p], a) @ _heading(pieces[q], b), 6))  # -1: straight on
                    pairs.append((unlike, turn, int(a), int(b)))
    for _, _, a, b in sorted(pairs):
        if mate[a] < 0 and mate[b] < 0:
            mate[a], mate[b] = b, a
    return mate


def _heading(piece: Any, end: int) -> NDArray[np.float64]:
    """Unit vector out of the piece at its first (even) or last (odd) end."""
    xy = shapely.get_coordinates(piece)
    step = xy[-1] - xy[-2] if end % 2 else xy[0] - xy[1]
    return step / (np.hypot(*step) or 1.0)


def _chain(first: int, mate: NDArray[np.int64]) -> list[tuple[int, bool]]:
    """Pieces joined with ``first``, each with whether it is run through forwards."""
    piece, end, seen = first, 2 * first, {first}
    while mate[end] >= 0 and mate[end] // 2 not in seen:  # back to where the chain begins
        piece = int(mate[end]) // 2
        seen.add(piece)
        end = int(mate[end]) ^ 1
    if mate[end] >= 0:  # closed
        piece, end = first, 2 * first
    chain, at = [], end
    while True:
        chain.append((at // 2, at % 2 == 0))
        onward = int(mate[at ^ 1])
        if onward < 0 or any(onward // 2 == p for p, _ in chain):
            break
        at = onward
    if not dict(chain)[min(p for p, _ in chain)]:
        chain = [(p, not forward) for p, forward in reversed(chain)]
    return chain


def _route(chain: list[tuple[int, bool]], pieces: list[Any], row: NDArray, offset: NDArray) -> Route:
    at, before = [p for p, _ in chain], 0.0
    coords: list[NDArray] = []
    start: list[float] = []
    for p, forward in chain:
        xy = shapely.get_coordinates(pieces[p])[:: 1 if forward else -1]
        if coords:
            before += float(np.hypot(*(xy[0] - coords[-1][-1])))
        start.append(before)
        before += pieces[p].length
        coords.append(xy)
    length = np.array([pieces[p].length for p in at])
    ways = np.array([f for _, f in chain])
    return Route(shapely.linestrings(np.vstack(coords)), row[at], np.array(start), length, offset[at], ways)


def on_features(route: Route, from_m: float, to_m: float) -> list[tuple[int, float, float]]:
    """A stretch of the route as (feature row, from, to) in the features' own chainage, in the order of the route."""
    found: list[tuple[int, float, float]] = []
    for i in range(len(route.row)):
        a = max(from_m - route.start[i], 0.0)
        b = min(to_m - route.start[i], route.length[i])
        if a >= b:
            continue
        if not route.forward[i]:
            a, b = route.length[i] - b, route.length[i] - a
        row, a, b = int(route.row[i]), float(route.offset[i] + a), float(route.offset[i] + b)
        if found and found[-1][0] == row and min(abs(found[-1][2] - a), abs(found[-1][1] - b)) < _TOUCH_M:
            a, b = min(a, found[-1][1]), max(b, found[-1][2])
            found.pop()
        found.append((row, a, b))
    return found


def stretches(line: shapely.LineString, shapes: NDArray[np.object_], reach_m: NDArray[np.float64]) -> Stretches:
    """
    Every stretch of ``line`` within reach of each shape, a line that doubles back having several; sorted by shape.

    Parameters
    ----------
    shapes : (N,)
        Any geometries in the line's CRS; missing and empty ones are beside it.
    reach_m : (N,) or scalar
        Distance within which they count [m].
    """
    chunks, start = _chunks(line)
    single, owner = shapely.get_parts(shapes, return_index=True)  # a village of a thousand points is slow to grow whole
    reach = np.broadcast_to(np.asarray(reach_m, float), len(shapes))[owner]
    n, c = shapely.STRtree(chunks).query(single, predicate="dwithin", distance=reach)
    grown = shapely.buffer(_near(single[n], chunks[c], reach[n]), reach[n], quad_segs=64)
    inside = shapely.intersection(chunks[c], grown)
    piece, of = shapely.get_parts(inside, return_index=True)
    bare = np.setdiff1d(np.arange(len(n)), of)  # only just within reach: the buffer's corners miss it
    nearest = shapely.get_point(shapely.shortest_line(chunks[c[bare]], single[n[bare]]), 0)
    piece, of = np.concatenate([piece, nearest]), np.concatenate([of, bare]).astype(np.int64)
    ends, at = shapely.get_coordinates(piece, return_index=True)
    along = start[c[of]][at] + shapely.line_locate_point(chunks[c[of]][at], shapely.points(ends))
    shape, low, high = _joined(owner[n[of]], *_range(along, at, len(piece)))
    return Stretches(shape, low, high, *_beside(line, shapes[shape], low, high))


def _near(shapes: NDArray[np.object_], chunks: NDArray[np.object_], reach: NDArray[np.float64]) -> NDArray[np.object_]:
    """The part of each shape that can be within reach of its chunk: a whole road or river is slow to grow."""
    out = shapes.copy()
    large = np.flatnonzero((shapely.get_num_coordinates(shapes) > _SMALL) & shapely.is_valid(shapes))
    left, bottom, right, top = shapely.bounds(chunks[large]).T
    more = reach[large] + 1.0
    window = shapely.box(left - more, bottom - more, right + more, top + more)
    out[large] = shapely.intersection(shapes[large], window)
    return out


def _beside(line: shapely.LineString, shapes: NDArray[np.object_], low: NDArray, high: NDArray) -> tuple[NDArray, ...]:
    """(n,) from and to of the part of each stretch that lies beside its shape."""
    piece = np.array([*(substring(line, a, b) for a, b in zip(low, high, strict=True)), None], object)[:-1]
    corners, at = shapely.get_coordinates(shapes, return_index=True)
    foot = shapely.get_point(shapely.shortest_line(piece[at], shapely.points(corners)), 0)
    # A long shape has few vertices: its nearest place counts too.
    closest = shapely.get_point(shapely.shortest_line(piece, shapes), 0)
    every, of = np.concatenate([foot, closest]), np.concatenate([at, np.arange(len(piece))])
    found = low[of] + _along(piece[of], every)
    return _range(found, of, len(piece))


def _along(piece: NDArray[np.object_], points: NDArray[np.object_]) -> NDArray[np.float64]:
    """Metres along each piece; 0 on a piece that is a point."""
    lines = shapely.get_dimensions(piece) == 1
    found = np.zeros(len(piece))
    found[lines] = shapely.line_locate_point(piece[lines], points[lines])
    return found


def _chunks(line: shapely.LineString) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    xy = shapely.get_coordinates(line)
    cuts = [*range(0, len(xy) - 1, _CHUNK), len(xy) - 1]
    lines = shapely.linestrings
    found = np.array([lines(xy[a : b + 1]) for a, b in itertools.pairwise(cuts)], object)
    length = shapely.length(found)
    return found, np.cumsum(length) - length


def _range(values: NDArray, index: NDArray, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) least and largest value of each index."""
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(low, index, values)
    np.maximum.at(high, index, values)
    return low, high


def _joined(shape: NDArray, low: NDArray, high: NDArray) -> tuple[NDArray[np.int64], NDArray, NDArray]:
    """Stretches of one shape that touch at the border of two chunks made one."""
    rows: list[list[float]] = []
    for at in np.lexsort([low, shape]).tolist():
        if rows and rows[-1][0] == shape[at] and low[at] <= rows[-1][2] + _TOUCH_M:
            rows[-1][2] = max(rows[-1][2], high[at])
        else:
            rows.append([shape[at], low[at], high[at]])
    table = np.array(rows, float).reshape(-1, 3).T
    return table[0].astype(np.int64), table[1], table[2]
