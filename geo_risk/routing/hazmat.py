"""Routes of dangerous goods: open edges, their costs, and the best compromises between time and people at risk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..standards import table
from .network import Network, close_edges
from .pareto import Ends, Front, Graph, cheapest, graph_of, pareto
from .permits import Permits
from .reach import Pieces, entries, landed
from .snap import Snapped
from .topology import RESOLUTION_M
from .vehicles import Load

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
# What all risks of a network add up to as whole numbers: so no route passes what a cost may be.
_WHOLE = 2**32 - 2
SHOWN = 7
# A further route is shown where it shares no more than this part of its length with any shown before.
SHARED = 0.8


class Reach(NamedTuple):
    """How far a release reaches [m], what the number stands for, where it is from and how sure it is."""

    metres: float
    what: str
    source: str
    confidence: str


@dataclass(frozen=True, eq=False)
class Roadway:
    """
    A network for one vehicle, load and time.

    ``network`` has every direction the roads allow; ``closed`` and ``local`` (e,) and ``reason`` (e,) say what the
    rules forbid; ``people`` (e,) are those within reach of each edge, ``risk`` (e,) accidents with a release on a
    trip along it times these people.
    """

    network: Network
    closed: Bools
    local: Bools
    reason: NDArray[np.object_]
    people: Floats
    risk: Floats

    @cached_property
    def legal(self) -> Network:
        """The network without the closed edges."""
        return close_edges(self.network, self.closed)

    @cached_property
    def unit(self) -> float:
        """Risk of one step of the whole numbers that are searched with."""
        total = 2.0 * float(self.risk.sum())
        return total / _WHOLE if total > 0 else 1.0

    @cached_property
    def steps(self) -> NDArray[np.uint32]:
        """(e,) risk in whole numbers."""
        return np.floor(self.risk / self.unit).astype(np.uint32)

    @cached_property
    def patch(self) -> Ints:
        """(e,) which joined patch of roads for local traffic an edge belongs to; -1 for other edges."""
        own = np.flatnonzero(self.local)
        n = len(self.network.x)
        links = coo_array((np.ones(len(own)), (self.network.tail[own], self.network.head[own])), shape=(n, n))
        label = connected_components(links, directed=False)[1]
        out = np.full(len(self.local), -1)
        out[own] = label[self.network.tail[own]]
        return out


class Found(NamedTuple):
    """Routes between two places: the front and, route by route, their stretches."""

    front: Front
    pieces: list[Pieces]


def reach_of(load: Load) -> Reach:
    """The half-width of the band about a route by the load's division (standards/hazmat_reach.csv)."""
    rows = table("hazmat_reach").set_index("division")
    main = load.division.split(".")[0]
    key = next(k for k in (load.division, main, "*") if k in rows.index)
    row = rows.loc[key]
    return Reach(float(row["reach_m"]), row["what"], f"{row['standard']} {row['edition']}", row["confidence"])


def release_rates(road_class: NDArray[np.object_]) -> Floats:
    """(r,) accidents with a release per km and trip, by road class (standards/hazmat_accidents.csv)."""
    rows = table("hazmat_accidents").set_index("class")
    rate = rows["per_million_km"].astype(float) * rows["p_release"].astype(float) / 1e6
    return np.array([rate.get(c, rate["*"]) for c in road_class], float)


def closed_edges(network: Network, roads: Permits, banned: Bools, banned_for: NDArray[np.object_]) -> tuple[
    Bools, Bools, NDArray[np.object_]
]:  # fmt: skip
    """(e,) closed, local and reason of the edges, from what holds for their roads and from banned areas."""
    closed = ~roads.open[network.road]
    reason = np.where(closed | ~banned, roads.reason[network.road], banned_for)
    closed = closed | banned
    return closed, roads.local[network.road] & ~closed, reason


def compromises(way: Roadway, start: Snapped, end: Snapped) -> Found:
    """Every route between two places (one each, on open edges) that no other is better than in time and risk."""
    open_edge = ~way.closed & (~way.local | _mine(way, start, end))
    return _found(way, open_edge, way.steps, start, end)


def fastest(way: Roadway, start: Snapped, end: Snapped, *, lawful: bool) -> Found:
    """The fastest route, by the rules or as if there were none."""
    open_edge = ~way.closed & (~way.local | _mine(way, start, end)) if lawful else np.ones(len(way.closed), bool)
    return _found(way, open_edge, None, start, end)


def _mine(way: Roadway, start: Snapped, end: Snapped) -> Bools:
    """(e,) whether an edge for local traffic is joined to where the trip begins or ends."""
    touched = []
    for edge in (int(start.edge[0]), int(end.edge[0])):
        nodes = (way.network.tail[edge], way.network.head[edge])
        near = np.flatnonzero(np.isin(way.network.tail, nodes) | np.isin(way.network.head, nodes))
        touched.append(way.patch[near if not way.local[edge] else [edge]] if way.local[edge] else way.patch[[edge]])
    patches = np.unique(np.concatenate(touched))
    return np.isin(way.patch, patches[patches >= 0])


def _found(way: Roadway, usable: Bools, steps: NDArray | None, start: Snapped, end: Snapped) -> Found:
    network = way.network
    graph, edge, ahead = _graph(network, usable, network.ms if steps is None else steps)
    second = network.ms if steps is None else steps
    starts, ends, by_head = _ends(network, usable, second, start, end)
    front = (pareto if steps is not None else cheapest)(graph, starts, ends)
    pieces = [_pieces(network, front, k, by_head, edge, ahead, start, end) for k in range(len(front.first))]
    return Found(front, pieces)


def _graph(network: Network, usable: Bools, second: NDArray) -> tuple[Graph, Ints, Bools]:
    """The arcs that may be driven, parallel ones too; edge and direction of each."""
    links = network.links
    driven = np.where(links.along, network.forward[links.edge], network.backward[links.edge]) & usable[links.edge]
    rows = np.flatnonzero(driven)
    edge = links.edge[rows]
    graph = graph_of(len(network.x), links.start[rows], links.stop[rows], network.ms[edge], second[edge])
    return graph, edge, links.along[rows]


def _ends(network: Network, usable: Bools, second: NDArray, start: Snapped, end: Snapped) -> tuple[Ends, Ends, Bools]:
    """
    The costs of the first and last part of an edge, and which starts leave by the head.

    End 0 comes from the tail, 1 from the head. A start at node -1 drives straight to the end on the same edge.
    """
    e, f = int(start.edge[0]), int(end.edge[0])
    a, b = start.offset_m[0] / network.metres[e], end.offset_m[0] / network.metres[f]
    near_e, near_f = RESOLUTION_M / network.metres[e], RESOLUTION_M / network.metres[f]
    side, nodes = landed(network, start)
    leaving = ((a, network.backward[e] or a <= near_e), (1 - a, network.forward[e] or a >= 1 - near_e))
    out = [(node, *leaving[by]) for by, node in zip(side.tolist(), nodes.tolist(), strict=True)]
    from_tail, from_head = entries(network, end)
    into = [(from_tail[0], b, network.forward[f] or b <= near_f),
            (from_head[0], 1 - b, network.backward[f] or b >= 1 - near_f)]  # fmt: skip
    straight = (
        e == f and usable[e] and ((b >= a - near_e and network.forward[e]) or (b <= a + near_e and network.backward[e]))
    )
    if straight:
        out.append((-1, abs(b - a), True))
    return _costs(out, e, network.ms, second), _costs(into, f, network.ms, second), side == 1


def _costs(ways: list, edge: int, ms: NDArray, second: NDArray) -> Ends:
    """Ends of parts of an edge; one that may not be driven starts nowhere (an infinite cost)."""
    node = np.array([n for n, _, _ in ways], np.int64)
    never = np.int64(2**33)
    costs = [
        np.array([round(p * float(c[edge])) if ok else never for _, p, ok in ways], np.int64) for c in (ms, second)
    ]
    return Ends(node, *costs)


def _pieces(
    network: Network, front: Front, k: int, by_head: Bools, edge: Ints, ahead: Bools, start: Snapped, end: Snapped
) -> Pieces:
    """The stretches of route ``k``, in driving order."""
    e, f, metres = int(start.edge[0]), int(end.edge[0]), network.metres
    if front.end[k] < 0:
        return Pieces(np.zeros(1, np.int64), np.array([e]), start.offset_m.copy(), end.offset_m.copy())
    on = edge[front.arcs[k]]
    forward = ahead[front.arcs[k]]
    first = metres[e] if by_head[front.start[k]] else 0.0
    last = 0.0 if front.end[k] == 0 else metres[f]
    begin = np.concatenate([start.offset_m, np.where(forward, 0.0, metres[on]), [last]])
    stop = np.concatenate([[first], np.where(forward, metres[on], 0.0), end.offset_m])
    whole = np.concatenate([[e], on, [f]])
    driven = np.abs(stop - begin) > 0
    driven[0] |= not driven.any()
    return Pieces(np.zeros(int(driven.sum()), np.int64), whole[driven], begin[driven], stop[driven])


def chosen(network: Network, found: Found, shown: int = SHOWN) -> list[tuple[int, str]]:
    """
    Up to ``shown`` routes of a front and why each is shown: the fastest, the one with the least risk, the knee
    (farthest below the line between these two), then those that share least of their length with the others.
    """
    time, risk = found.front.first.astype(float), found.front.second.astype(float)
    n = len(time)
    picked = [(0, "fastest")] if n else []
    if n > 1:
        picked.append((n - 1, "least risk"))
    if n > 2:
        spread = (time - time[0]) / (time[-1] - time[0]) + (risk - risk[-1]) / (risk[0] - risk[-1])
        knee = int(np.argmin(spread))
        if spread[knee] < 1 and knee not in (0, n - 1):
            picked.append((knee, "best compromise"))
    shared = np.zeros(n)
    for k, _ in picked:
        shared = np.maximum(shared, _shared(network, found, k))
    while n and len(picked) < shown:
        k = int(np.argmin(shared))
        if shared[k] > SHARED:
            break
        picked.append((k, "other way"))
        shared = np.maximum(shared, _shared(network, found, k))
    return sorted(picked)


def _shared(network: Network, found: Found, k: int) -> Floats:
    """(p,) part of each route's length that lies on route ``k`` too."""
    on = np.zeros(len(network.metres), bool)
    on[found.pieces[k].edge] = True
    out = np.empty(len(found.pieces))
    for i, pieces in enumerate(found.pieces):
        metres = np.abs(pieces.end_m - pieces.begin_m)
        out[i] = float(metres[on[pieces.edge]].sum() / metres.sum()) if metres.sum() > 0 else 1.0
    return out
