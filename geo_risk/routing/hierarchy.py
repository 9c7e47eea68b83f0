"""
Large tables of times by a customizable contraction hierarchy (RoutingKit, the optional package pyroutingkit).

Dibbelt, Strasser, Wagner 2016, Customizable Contraction Hierarchies. Ordering a network's nodes takes seconds, each
search then a tenth of an ordinary one's time: worth it for thousands of searches without a limit. The times are the
same (tested), so nothing depends on whether the package is there.
"""

from __future__ import annotations

import importlib.util

import numpy as np
from numpy.typing import NDArray

from .kernels import NEVER
from .search import Graph, Seeds

# Searches from which on the ordering is earned back: measured on 62,000 nodes (docs/routing.md).
WORTH = 2_000
_BLOCK = 512  # seeds asked at once, which bounds memory


def is_worth_it(searches: int, limit_ms: float) -> bool:
    """Whether a table is large enough, and the package is there."""
    return searches >= WORTH and np.isinf(limit_ms) and importlib.util.find_spec("pyroutingkit") is not None


def table(
    graph: Graph, x: NDArray[np.float64], y: NDArray[np.float64], seeds: Seeds, columns: NDArray[np.int64]
) -> NDArray[np.float64]:
    """`search.times_from_each` without a limit: (g, c) time [ms]; ``x``, ``y`` (n,) where the nodes are [m]."""
    import pyroutingkit

    tails = np.repeat(np.arange(len(graph), dtype=np.uint32), np.diff(graph.indptr))
    is_open = (graph.ms < NEVER) & (tails != graph.heads)
    # Places only guide the ordering, so any plane will do: thousands of kilometres as degrees.
    places = (v.astype(np.float32) / np.float32(1e6) for v in (y, x))
    topology = pyroutingkit.CCHTopology()
    topology.build(tails[is_open], graph.heads[is_open].astype(np.uint32), *places, len(graph))
    metric = pyroutingkit.CCHMetric(topology)
    metric.customize(graph.ms[is_open].astype(np.uint32), 1)
    out = np.full((len(seeds), len(columns)), np.inf)
    search = np.repeat(np.arange(len(seeds)), np.diff(seeds.first))
    for low in range(0, len(seeds.node), _BLOCK):
        part = slice(low, low + _BLOCK)
        node, at = np.unique(seeds.node[part], return_inverse=True)
        whole = metric.distances_many_to_many(node.astype(np.uint32), columns.astype(np.uint32))[at]
        total = whole.astype(np.int64) + seeds.ms[part, None]
        found = np.where((whole < NEVER) & (total < NEVER), total + seeds.fraction[part, None], np.inf)
        np.minimum.at(out, search[part], found)
    return out
