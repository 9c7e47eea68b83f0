"""Searches over the arcs of a network: numbered nodes and milliseconds, no places yet.

The work is done by compiled `kernels`; groups of seeds are shared out to threads, each of which fills rows of its
own, so the result is the same for any number of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..parallel import in_parts
from . import kernels
from .kernels import NEVER

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Whole = NDArray[np.int32]
_NOBODY = np.zeros(0, np.bool_)


class Graph(NamedTuple):
    """Arcs in CSR order: ``indptr`` (n + 1,), ``heads`` (a,) and whole milliseconds ``ms`` (a,); `NEVER` is closed."""

    indptr: Whole
    heads: Whole
    ms: Whole

    def __len__(self) -> int:
        return len(self.indptr) - 1


class Seeds(NamedTuple):
    """
    Where searches begin: ``node`` (s,) at ``ms`` (s,), for the searches ``first`` (g + 1,).

    Seeds of a search are sorted by ``fraction`` (s,), what their time has beyond whole milliseconds; ``origin``
    (s,) is the row each came from.
    """

    first: Ints
    node: Whole
    ms: Whole
    fraction: Floats
    origin: Ints

    def __len__(self) -> int:
        return len(self.first) - 1

    def part(self, low: int, high: int) -> Seeds:
        """The searches ``low`` to ``high``."""
        a, b = self.first[low], self.first[high]
        return Seeds(self.first[low : high + 1] - a, self.node[a:b], self.ms[a:b], self.fraction[a:b], self.origin[a:b])


class Tree(NamedTuple):
    """(n,) time [ms] (infinite: not reached), seed (-1) and node before (-1 at a seed) of every node."""

    ms: Floats
    seed: Ints
    before: Whole


def seeds_of(search: NDArray, node: NDArray, ms: Floats, origin: NDArray, searches: int) -> Seeds:
    """
    Seeds from their rows, those with infinite times left out; equal times keep the order of the rows.

    Finite times are below `NEVER`.
    """
    there = np.isfinite(ms)
    search, node, ms, origin = search[there], node[there], ms[there], origin[there]
    whole = np.floor(ms)
    order = np.lexsort((origin, ms - whole, search))
    first = np.searchsorted(search[order], np.arange(searches + 1))
    return Seeds(first, node[order].astype(np.int32), whole[order].astype(np.int32), (ms - whole)[order], origin[order])


def whole_limit(limit_ms: float) -> int:
    """The greatest whole time within a limit."""
    return int(min(np.floor(limit_ms), NEVER - 1))


def times_from_each(graph: Graph, seeds: Seeds, columns: NDArray | None = None, limit_ms: float = np.inf) -> Floats:
    """
    (g, c) time [ms] from each search's seeds to the nodes ``columns`` (c,); infinite beyond the limit.

    Without columns, to all nodes; with them a search ends as soon as it has them all.
    """
    n = len(graph)
    nodes = np.arange(n) if columns is None else np.asarray(columns, np.int64)
    wanted, left = _NOBODY, 0
    if columns is not None:
        wanted = np.zeros(n, np.bool_)
        wanted[nodes] = True
        left = int(wanted.sum())
    out = np.empty((len(seeds), len(nodes)))
    limit = whole_limit(limit_ms)

    def rows(low: int, high: int) -> None:
        if limit < 0 or not len(nodes) or low == high:
            out[low:high] = np.inf
            return
        p = seeds.part(low, high)
        kernels.each(*graph, p.first, p.node, p.ms, p.fraction, limit, wanted, left, nodes, out[low:high])

    in_parts(rows, len(seeds))
    out[out > limit_ms] = np.inf
    return out


def tree(graph: Graph, seeds: Seeds, targets: NDArray | None = None, limit_ms: float = np.inf) -> Tree:
    """One search from all ``seeds`` together; it may end when all nodes of ``targets`` are settled."""
    n, limit = len(graph), whole_limit(limit_ms)
    dist, label, before = np.full(n, NEVER, np.int32), np.zeros(n, np.int32), np.full(n, -1, np.int32)
    wanted, left = _NOBODY, 0
    if targets is not None:
        wanted = np.zeros(n, np.bool_)
        wanted[targets] = True
        left = int(wanted.sum())
    if limit >= 0 and len(seeds.node):
        heap = np.empty(len(graph.heads) + len(seeds.node), np.int64)
        kernels.search(*graph, seeds.node, seeds.ms, limit, wanted, left, dist, label, before, heap)
    ms = np.full(n, np.inf)
    found = dist < NEVER
    ms[found] = dist[found] + seeds.fraction[label[found]]
    late = found & (ms > limit_ms)
    ms[late] = np.inf
    return Tree(ms, np.where(found & ~late, label, -1), before)


class Ways(NamedTuple):
    """
    One way for each pair: ``ms`` (g,), infinite where there is none, its first seed and its goal (rows of theirs,
    -1), and its nodes in driving order, ``node[first[i]:first[i + 1]]``.
    """

    ms: Floats
    seed: Ints
    goal: Ints
    first: Ints
    node: Whole


def ways_between(graph: Graph, reverse: Graph, seeds: Seeds, goals: Seeds, limit_ms: float = np.inf) -> Ways:
    """The fastest way of each search from ``seeds`` to ``goals`` of the same number, whose times are what remains."""
    count, limit = len(seeds), whole_limit(limit_ms)
    ms, parts = np.full(count, np.inf), {}
    ends = np.full((2, count), -1, np.int64)

    def some(low: int, high: int) -> None:
        first = np.zeros(high - low + 1, np.int64)
        if limit < 0 or low == high:
            parts[low] = (first, np.empty(0, np.int32))
            return
        a, b = seeds.part(low, high), goals.part(low, high)
        node = kernels.pairs(tuple(graph), tuple(reverse), a[:4], b[:4], limit, ms[low:high], ends[0, low:high],
                             ends[1, low:high], first)  # fmt: skip
        for row, every in ((0, seeds), (1, goals)):
            found = ends[row, low:high] >= 0
            ends[row, low:high][found] += every.first[low]
        parts[low] = (first, node)

    in_parts(some, count)
    ms[ms > limit_ms] = np.inf
    ordered = [parts[low] for low in sorted(parts)]
    lengths = np.concatenate([np.diff(first) for first, _ in ordered])
    nodes = np.concatenate([node for _, node in ordered])
    return Ways(ms, ends[0], ends[1], np.concatenate([[0], np.cumsum(lengths)]), nodes)
