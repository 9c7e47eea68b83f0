"""Travel times from places on edges to places on edges, and the routes between them.

A start seeds the search at each end of its edge that may be driven to, with the partial edge and all that comes
before driving (turnout, straight leg). So one ordinary search is exact from any position, and the last partial edge
is added to its result. Times are milliseconds in float64: edge times are whole numbers, sums of which are exact. A
journey of more than 24 days counts as none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from .kernels import NEVER
from .network import Network
from .search import Seeds, Tree, seeds_of, times_from_each, tree
from .snap import Snapped
from .topology import RESOLUTION_M, ranges

# Node times of one block of starts [bytes]; bounds memory whatever the number of facilities.
BLOCK_BYTES = 64_000_000
# Positions on a line closer than this [m] are one point.
SAME_M = 1e-6
# Times within this [ms] of a limit are within it: float noise of partial edges.
SLACK_MS = 1e-3
DIRECT, BY_TAIL, BY_HEAD = 0, 1, 2

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Starts:
    """Facilities on the network (all with an edge) and the time [ms] before each is on the road."""

    at: Snapped
    ms: Floats

    def take(self, rows: NDArray | slice) -> Starts:
        """The starts of ``rows``."""
        return Starts(self.at.take(rows), self.ms[rows])

    def __len__(self) -> int:
        return len(self.ms)


class Pieces(NamedTuple):
    """Stretches of edges from ``begin_m`` to ``end_m`` (against the drawing where falling); ``line`` groups them."""

    line: Ints
    edge: Ints
    begin_m: Floats
    end_m: Floats

    def take(self, rows: NDArray) -> Pieces:
        """The stretches of ``rows``."""
        return Pieces(self.line[rows], self.edge[rows], self.begin_m[rows], self.end_m[rows])


def node_times(network: Network, starts: Starts, *, limit_ms: float = np.inf) -> Iterator[tuple[slice, Floats]]:
    """Blocks of starts with the time [ms] from each to every node, (block, n); infinite beyond the limit."""
    size = max(1, BLOCK_BYTES // (8 * len(network.x)))
    for first in range(0, len(starts), size):
        block = slice(first, min(first + size, len(starts)))
        yield block, times_from_each(network.graph, seeds(network, starts.take(block)), limit_ms=limit_ms)


def nearest_node_times(network: Network, starts: Starts, *, limit_ms: float = np.inf) -> Floats:
    """(n,) time [ms] from whichever start is first to each node; infinite beyond the limit or without starts."""
    return tree(network.graph, seeds(network, starts, together=True), limit_ms=limit_ms).ms


def arrival_ms(network: Network, times: Floats, starts: Starts, places: Snapped) -> tuple[Floats, NDArray[np.int8]]:
    """
    Time [ms] from each start to each place on its edge, the place's straight leg not included.

    Parameters
    ----------
    times : (S, n)
        Node times of ``starts``.

    Returns
    -------
    (S, P) times, infinite where there is no way; (S, P) how the last edge is entered.
    """
    tail, head = entries(network, places)
    return best_arrival(network, times[:, tail], times[:, head], starts, places)


def best_arrival(
    network: Network, at_tail: Floats, at_head: Floats, starts: Starts, places: Snapped
) -> tuple[Floats, NDArray[np.int8]]:
    """`arrival_ms` from the times (S, P) at which each place's `entries` are reached."""
    by_tail, by_head = remaining_ms(network, places)
    by_tail, by_head = at_tail + by_tail, at_head + by_head
    best = np.minimum(by_tail, by_head)
    how = np.where(by_tail <= by_head, BY_TAIL, BY_HEAD).astype(np.int8)
    row, col, direct = direct_ms(network, starts, places)
    shorter = direct <= best[row, col]
    best[row[shorter], col[shorter]] = direct[shorter]
    how[row[shorter], col[shorter]] = DIRECT
    return best, how


def remaining_ms(network: Network, places: Snapped) -> tuple[Floats, Floats]:
    """(P,) time [ms] from the tail, from the head of its edge to each place; infinite against a one-way."""
    edge, reachable = np.maximum(places.edge, 0), places.edge >= 0
    along = np.where(reachable, places.offset_m, 0.0) / network.metres[edge] * network.ms[edge]
    at_tail, at_head = at_ends(network, places)
    by_tail, by_head = reachable & (network.forward[edge] | at_tail), reachable & (network.backward[edge] | at_head)
    return np.where(by_tail, along, np.inf), np.where(by_head, network.ms[edge] - along, np.inf)


def first_arrival_ms(network: Network, times: Floats, starts: Starts, places: Snapped) -> Floats:
    """(P,) time [ms] from whichever start is first, the place's straight leg not included; ``times`` (n,)."""
    nobody = Starts(starts.at.take(np.empty(0, np.int64)), np.empty(0))
    best = arrival_ms(network, times[None, :], nobody, places)[0][0]
    _, col, direct = direct_ms(network, starts, places)
    np.minimum.at(best, col, direct)
    return best


def route_pieces(network: Network, start: Starts, places: Snapped, how: NDArray, *, limit_ms: float = np.inf) -> Pieces:
    """
    The fastest routes from one start to places (P,) it reaches, as stretches in driving order.

    ``how`` (P,) is what `arrival_ms` said of them; ``limit_ms`` must not be below their times.
    """
    goals = np.where(how == BY_TAIL, *entries(network, places))[how != DIRECT]
    begun = seeds(network, start)
    found = tree(network.graph, begun, goals, limit_ms + SLACK_MS)
    route, node = _walk_back(found, np.flatnonzero(how != DIRECT), goals)
    first_node = np.zeros(len(places), np.int64)
    first_node[route] = node  # nodes run from the end back to the start: the last written is the first driven to
    by_head = begun.origin[np.maximum(found.seed[first_node], 0)] >= len(start)
    home = start.at.take(np.zeros(len(places), np.int64))
    return joined_pieces(network, home, by_head, route[::-1], node[::-1], places, how)


def joined_pieces(
    network: Network, home: Snapped, by_head: NDArray, route: Ints, node: Ints, places: Snapped, how: NDArray
) -> Pieces:
    """
    Stretches of routes (P,) from ``home`` (P,), left by the head where ``by_head``, to ``places`` (P,).

    ``route`` and ``node`` are the nodes of each in driving order; a route that is `DIRECT` has none.
    """
    edge, from_m = places.edge, home.offset_m
    line, order, on, begin, end = _middle(network, route, node)
    last_from = np.select([how == BY_TAIL, how == BY_HEAD], [np.zeros(len(edge)), network.metres[edge]], from_m)
    driven = np.flatnonzero(how != DIRECT)
    first_to = np.where(by_head, network.metres[home.edge], 0.0)[driven]
    line = np.concatenate([driven, line, np.arange(len(edge))])
    order = np.concatenate([np.full(len(driven), -1), order, np.full(len(edge), len(route))])
    sort = np.lexsort((order, line))
    return Pieces(
        line[sort],
        np.concatenate([home.edge[driven], on, edge])[sort],
        np.concatenate([from_m[driven], begin, last_from])[sort],
        np.concatenate([first_to, end, places.offset_m])[sort],
    )


def piece_lines(network: Network, pieces: Pieces, before: Floats | None = None, after: Floats | None = None):
    """
    (l,) LineStrings along ``pieces``, whose ``line`` counts 0 to l - 1 without gaps.

    ``before`` and ``after`` (l, 2) are points put at the beginning and the end of each.
    """
    base, stop = network.mileage[network.offsets[pieces.edge]], network.mileage[network.offsets[pieces.edge + 1] - 1]
    begin, end = np.minimum(base + pieces.begin_m, stop), np.minimum(base + pieces.end_m, stop)
    low, high = np.minimum(begin, end), np.maximum(begin, end)
    first = np.searchsorted(network.mileage, low + SAME_M, side="left")
    count = np.maximum(0, np.searchsorted(network.mileage, high - SAME_M, side="right") - first)
    inner = ranges(first, count)
    owner = np.repeat(np.arange(len(begin)), count)
    backwards = (end < begin)[owner]
    first_xy, last_xy = (
        np.column_stack([np.interp(at, network.mileage, axis) for axis in network.coords.T]) for at in (begin, end)
    )
    xy = np.concatenate([first_xy, network.coords[inner], last_xy])
    piece = np.concatenate([np.arange(len(begin)), owner, np.arange(len(begin))])
    infinity = np.full(len(begin), np.inf)
    rank = np.concatenate([-infinity, np.where(backwards, -inner, inner), infinity])
    line = pieces.line[piece]
    if before is not None and after is not None:
        n = len(before)
        xy, line = np.concatenate([xy, before, after]), np.concatenate([line, np.arange(n), np.arange(n)])
        piece = np.concatenate([piece, np.full(n, -1), np.full(n, len(begin))])
        rank = np.concatenate([rank, np.zeros(2 * n)])
    order = np.lexsort((rank, piece, line))
    return _linestrings(xy[order], line[order])


def _linestrings(xy: Floats, line: Ints) -> NDArray[np.object_]:
    """LineStrings without repeated points; one that is all one point keeps its two ends."""
    new = np.ones(len(xy), bool)
    step = np.hypot(*np.diff(xy, axis=0).T)
    new[1:] = (np.diff(line) > 0) | (step > SAME_M)
    last = np.append(np.flatnonzero(np.diff(line) > 0), len(line) - 1)[: len(line)]
    new[last[np.bincount(line[new]) < 2]] = True
    return shapely.linestrings(xy[new], indices=line[new])


def leaving_ms(network: Network, starts: Starts) -> tuple[Floats, Floats]:
    """(S,) time [ms] at which each start reaches the tail and the head of its own edge; infinite against a one-way."""
    edge = starts.at.edge
    along = starts.at.offset_m / network.metres[edge] * network.ms[edge]
    at_tail, at_head = at_ends(network, starts.at)
    to_tail = np.where(network.backward[edge] | at_tail, starts.ms + along, np.inf)
    to_head = np.where(network.forward[edge] | at_head, starts.ms + network.ms[edge] - along, np.inf)
    return to_tail, to_head


def at_ends(network: Network, at: Snapped) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(N,) whether a place stands at the tail, at the head of its edge: it is on the junction then, one-way or not."""
    return at.offset_m <= RESOLUTION_M, at.offset_m >= network.metres[at.edge] - RESOLUTION_M


def entries(network: Network, places: Snapped) -> tuple[Ints, Ints]:
    """(P,) nodes whose time counts for places reached by their tail, by their head: on a junction, anyone's there."""
    edge = np.maximum(places.edge, 0)
    at_tail, at_head = at_ends(network, places)
    return (
        np.where(at_tail, network.tail[edge], network.enter_tail[edge]),
        np.where(at_head, network.head[edge], network.enter_head[edge]),
    )


def seeds(network: Network, starts: Starts, *, together: bool = False) -> Seeds:
    """
    Where the search from each start begins; with ``together`` one search from all of them.

    ``origin`` is the start's row if it leaves by the tail of its edge, that + S if by the head.
    """
    if len(starts) and not starts.ms.max() < NEVER:
        row = int(np.argmax(starts.ms))
        raise InputError(f"start {row} is on the road only after {starts.ms[row] / 8.64e7:.0f} days: see its turnout.")
    ms = np.concatenate(leaving_ms(network, starts))
    ms[ms >= NEVER] = np.inf
    end, node = landed(network, starts.at)
    search = np.zeros_like(end) if together else end % max(1, len(starts))
    return seeds_of(search, node, ms[end], end, 1 if together else len(starts))


def landed(network: Network, at: Snapped) -> tuple[Ints, Ints]:
    """
    Nodes that starts arrive at by the ends of their edges: end (start, or start + S by the head) and node.

    One node an end, but at split junctions all that one may reach without having driven anything else: coming along
    the edge, or, for a start on the junction itself, as one who stands there.
    """
    junction = np.concatenate([network.tail[at.edge], network.head[at.edge]])
    ends = np.arange(len(junction))
    if not len(network.steps):
        return ends, junction
    standing = np.concatenate(at_ends(network, at))
    directed = np.concatenate([2 * at.edge + 1, 2 * at.edge])
    low, high = (
        np.where(
            standing,
            np.searchsorted(network.landings.junction, junction, side),
            np.searchsorted(network.landings.driven, directed, side) + len(network.landings.stood),
        )
        for side in ("left", "right")
    )
    count = high - low
    owner = np.repeat(ends, count)
    node = np.concatenate([network.landings.stood, network.landings.arrived])[ranges(low, count)]
    plain = count == 0
    return np.concatenate([ends[plain], owner]), np.concatenate([junction[plain], node])


def direct_ms(network: Network, starts: Starts, places: Snapped) -> tuple[Ints, Ints, Floats]:
    """Start, place and time [ms] of the pairs on one edge that can be driven without leaving it."""
    order = np.argsort(places.edge, kind="stable")
    low = np.searchsorted(places.edge[order], starts.at.edge, side="left")
    count = np.searchsorted(places.edge[order], starts.at.edge, side="right") - low
    row, col = np.repeat(np.arange(len(starts)), count), order[ranges(low, count)]
    edge = starts.at.edge[row]
    ahead = places.offset_m[col] - starts.at.offset_m[row]
    allowed = ((ahead >= -RESOLUTION_M) & network.forward[edge]) | ((ahead <= RESOLUTION_M) & network.backward[edge])
    ms = starts.ms[row] + np.abs(ahead) / network.metres[edge] * network.ms[edge]
    return row[allowed], col[allowed], ms[allowed]


def _walk_back(found: Tree, route: Ints, node: Ints) -> tuple[Ints, Ints]:
    """Nodes of all routes at once, from the last back to the first."""
    if not np.isfinite(found.ms[node]).all():
        raise ValueError("a route was asked to a place that the start does not reach within the limit")
    routes, nodes = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    while len(route):
        routes.append(route)
        nodes.append(node)
        node = found.before[node].astype(np.int64)
        ahead = node >= 0
        route, node = route[ahead], node[ahead]
    return np.concatenate(routes), np.concatenate(nodes)


def _middle(network: Network, route: Ints, node: Ints) -> tuple[Ints, Ints, Ints, Floats, Floats]:
    """Whole edges between consecutive nodes: route, order, edge, begin and end [m]."""
    sort = np.argsort(route, kind="stable")
    route, node = route[sort], node[sort]
    same = route[1:] == route[:-1]
    u, v = node[:-1][same], node[1:][same]
    arc = np.searchsorted(network.arcs.key, u * len(network.x) + v)
    edge = network.arcs.edge[arc]
    along = network.arcs.along[arc]
    metres = network.metres[edge]
    begin, end = np.where(along, 0.0, metres), np.where(along, metres, 0.0)
    return route[1:][same], np.flatnonzero(same), edge, begin, end
