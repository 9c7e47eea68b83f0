"""The finished road network: chains joined into drawn edges, motorways added, every attribute set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from .arterials import CLASSES, RANK
from .motorways import Links
from .names import road_names
from .plan import Plan
from .rng import choose, stream
from .streets import Net

_SPEED = (110.0, 45.0, 75.0, 60.0, 50.0, 40.0, 25.0, 20.0)  # km/h, free flow, by class
_LANES = (3, 1, 5, 4, 3, 2, 1, 1)
_CHAIN_M = 480.0  # surveyed data are cut every few hundred metres
_NATIONAL = ("G928", "G946")
_WIDTH = (15.0, 7.5, 30.0, 24.0, 18.0, 11.0, 6.0, 7.0)


@dataclass
class Roads:
    """One row an edge; ``line`` in local metres, ``start`` and ``end`` are node numbers."""

    line: NDArray
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    node: NDArray[np.float64]
    rank: NDArray[np.int64]
    oneway: NDArray[np.int64]
    bridge: NDArray[np.bool_]
    tunnel: NDArray[np.bool_]
    name: list[str]
    stroke: NDArray[np.int64]
    max_weight: NDArray[np.float64]
    max_height: NDArray[np.float64]
    urban: NDArray[np.float64]

    @cached_property
    def length(self) -> NDArray[np.float64]:
        """(M,) lengths [m]."""
        return shapely.length(self.line)

    @cached_property
    def fronts(self) -> tuple[NDArray[np.int64], shapely.STRtree]:
        """Rows of the streets that things can stand beside (secondary to residential, no bridges), and their tree."""
        street = (self.rank >= RANK["secondary"]) & (self.rank <= RANK["residential"])
        rows = np.flatnonzero(street & ~self.bridge & (self.length > 40))
        return rows, shapely.STRtree(self.line[rows])

    def speed(self) -> NDArray[np.float64]:
        """(M,) free-flow speed [km/h]."""
        return np.array(_SPEED)[self.rank]

    def lanes(self) -> NDArray[np.int64]:
        """(M,) lanes of both directions together (of the carriageway where one-way)."""
        return np.array(_LANES)[self.rank]

    def width(self) -> NDArray[np.float64]:
        """(M,) paved width [m]."""
        return np.array(_WIDTH)[self.rank]

    def classes(self) -> list[str]:
        """(M,) class in OSM words."""
        return [CLASSES[r] for r in self.rank]


def finish(plan: Plan, net: Net, links: Links) -> Roads:
    """Chains into edges, then motorways and ramps, names, one-way streets and limits."""
    rng = stream(plan.seed, "road attributes")
    chains = _chains(rng, net, links.used)
    path = [net.xy[c] for c in chains.path]
    row = chains.first_edge
    rank, bridge, tunnel, tree = net.rank[row], net.bridge[row], net.tunnel[row], chains.tree
    n_streets, base = len(path), len(net.xy)
    start = np.concatenate([[c[0] for c in chains.path], links.start + np.where(links.start >= 0, base, 0)]).astype(
        np.int64
    )
    end = np.concatenate([[c[-1] for c in chains.path], links.end + np.where(links.end >= 0, base, 0)]).astype(np.int64)
    # A ramp's street end is written as -1 - node.
    start = np.where(start < 0, -1 - start, start)
    end = np.where(end < 0, -1 - end, end)
    lines = np.concatenate([[shapely.LineString(p) for p in path], links.line])
    rank = np.concatenate([rank, links.rank])
    bridge = np.concatenate([bridge, links.bridge])
    tunnel = np.concatenate([tunnel, links.tunnel])
    urban = np.concatenate([net.urban[[c[len(c) // 2] for c in chains.path]], np.zeros(len(links.line))])
    loop_free = np.concatenate([~tree, np.zeros(len(links.line), bool)])
    side_street = (rank == RANK["residential"]) & loop_free & (urban > 0.6)
    oneway = np.where(
        np.arange(len(rank)) >= n_streets, 1, np.where(side_street & (rng.random(len(rank)) < 0.12), 1, 0)
    )
    node = np.vstack([net.xy, links.node])
    roads = Roads(
        lines,
        start,
        end,
        node,
        rank,
        oneway,
        bridge,
        tunnel,
        [],
        np.arange(len(rank)),
        np.full(len(rank), np.nan),
        np.full(len(rank), np.nan),
        urban,
    )
    roads.stroke = _strokes(roads)
    roads.name = _names(rng, roads, links)
    _limits(rng, plan, roads, loop_free)
    return roads


@dataclass
class _Chains:
    path: list[list[int]]
    first_edge: NDArray[np.int64]
    tree: NDArray[np.bool_]


def _chains(rng, net: Net, fixed: NDArray[np.int64]) -> _Chains:
    """Nodes of degree 2 between edges of one kind vanish: all on main roads, most on lanes."""
    n = len(net.xy)
    degree = np.bincount(net.edge.ravel(), minlength=n)
    kind = net.rank * 4 + net.bridge * 2 + net.tunnel
    low, high = np.full(n, 10**6), np.full(n, -1)
    for side in (0, 1):
        np.minimum.at(low, net.edge[:, side], kind)
        np.maximum.at(high, net.edge[:, side], kind)
    lane = low // 4 >= RANK["residential"]
    inner = (degree == 2) & (low == high) & (rng.random(n) < np.where(lane, 0.72, 0.94))
    inner[fixed] = False
    around: list[list[int]] = [[] for _ in range(n)]
    for e, (a, b) in enumerate(net.edge.tolist()):
        around[a].append(e)
        around[b].append(e)
    edges: list[list[int]] = net.edge.tolist()
    length = np.hypot(*(net.xy[net.edge[:, 1]] - net.xy[net.edge[:, 0]]).T)
    seen = np.zeros(len(edges), bool)
    path, first, tree = [], [], []
    pending = list(range(len(edges)))
    while pending:
        left = [e for e in pending if inner[edges[e][0]] and inner[edges[e][1]]]
        for e in pending:
            if not seen[e] and not (inner[edges[e][0]] and inner[edges[e][1]]):
                nodes, members = _walk(e, edges, around, inner, length)
                seen[members] = True
                path.append(nodes)
                first.append(e)
                tree.append(bool(net.tree[members].all()))
        pending = [e for e in pending if not seen[e]]
        if pending == left and pending:  # a ring without a junction needs one node to start from
            inner[edges[pending[0]][0]] = False
    return _Chains(path, np.array(first), np.array(tree))


def _walk(
    e: int, edges: list[list[int]], around: list[list[int]], inner: NDArray, length: NDArray
) -> tuple[list[int], list[int]]:
    """Nodes and edges of the chain that starts with edge e; a chain of more than `_CHAIN_M` ends where it is."""
    a, b = edges[e]
    nodes, here, at = [b if inner[a] else a], e, (a if inner[a] else b)
    members, total = [], 0.0
    while True:
        members.append(here)
        nodes.append(at)
        total += float(length[here])
        if inner[at] and total > _CHAIN_M:
            inner[at] = False
        if not inner[at]:
            return nodes, members
        here = next(x for x in around[at] if x != here)
        at = edges[here][0] if edges[here][1] == at else edges[here][1]


def _strokes(roads: Roads) -> NDArray[np.int64]:
    """(M,) number of the through road an edge belongs to: same class, straightest pair at each node."""
    parent = list(range(len(roads.rank)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    ends: dict[int, list[tuple[int, float]]] = {}
    for e in np.flatnonzero(roads.rank <= RANK["tertiary"]).tolist():
        xy = shapely.get_coordinates(roads.line[e])
        for node, (p, q) in ((roads.start[e], xy[:2]), (roads.end[e], xy[:-3:-1])):
            ends.setdefault(int(node), []).append((e, float(np.arctan2(q[1] - p[1], q[0] - p[0]))))
    for node in sorted(ends):
        arms = ends[node]
        pairs = []
        for i, (e, a) in enumerate(arms):
            for f, b in arms[i + 1 :]:
                if roads.rank[e] == roads.rank[f]:
                    bend = abs(abs((a - b + np.pi) % (2 * np.pi) - np.pi) - np.pi)
                    pairs.append((round(bend, 4), e, f))
        done: set[int] = set()
        for bend, e, f in sorted(pairs):
            if bend < 0.7 and e not in done and f not in done:
                parent[max(root(e), root(f))] = min(root(e), root(f))
                done |= {e, f}
    return np.array([root(i) for i in range(len(parent))])


def _names(rng, roads: Roads, links: Links) -> list[str]:
    """Numbers for trunk roads, names for streets down to tertiary, none for lanes."""
    names = [""] * len(roads.rank)
    total = np.bincount(roads.stroke, roads.length, minlength=len(roads.rank))
    order = np.lexsort((np.arange(len(total)), -np.round(total, 1)))
    heads = [int(s) for s in order if total[s] > 0 and roads.rank[s] <= RANK["tertiary"]]
    titles = {}
    counters = {"trunk": 0, "primary": 0, "street": 0}
    avenues, streets = road_names(rng, 400, "大道"), road_names(rng, len(heads) + 1, "路")
    for s in heads:
        rank = roads.rank[s]
        if rank == RANK["trunk"]:
            titles[s] = _NATIONAL[counters["trunk"]] if counters["trunk"] < 2 else f"S{820 + counters['trunk']}"
            counters["trunk"] += 1
        elif rank == RANK["primary"] and counters["primary"] < 120:
            titles[s] = avenues[counters["primary"]]
            counters["primary"] += 1
        else:
            titles[s] = streets[counters["street"]]
            counters["street"] += 1
    for e, s in enumerate(roads.stroke.tolist()):
        names[e] = titles.get(s, "")
    offset = len(names) - len(links.name)
    for i, name in enumerate(links.name):
        names[offset + i] = name
    return names


def _limits(rng, plan: Plan, roads: Roads, loop_free: NDArray) -> None:
    """41 weak bridges of 15-30 t and 16 low underpasses of 3.2-4.2 m, on streets that have a way round."""
    street = (roads.rank >= RANK["tertiary"]) & (roads.rank <= RANK["residential"])
    bridges = np.flatnonzero(street & roads.bridge)
    some = bridges[np.argsort(rng.random(len(bridges)), kind="stable")][: plan.count(41)]
    roads.max_weight[np.sort(some)] = np.array([15.0, 20.0, 30.0])[choose(rng, [1, 2, 1], len(some))]
    motorway = shapely.union_all(roads.line[roads.rank == RANK["motorway"]])
    under = np.flatnonzero(street & loop_free & shapely.intersects(motorway, roads.line) & ~roads.bridge)
    low = under[np.argsort(rng.random(len(under)), kind="stable")][: plan.count(16)]
    roads.max_height[np.sort(low)] = np.round(3.2 + rng.random(len(low)), 1)
