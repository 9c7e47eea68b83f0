"""All best compromises of two costs between two places on a directed graph: exact label setting.

BOA* (Hernandez Ulloa et al. 2020, ICAPS): labels leave the heap by the first cost, so a label is dominated
exactly if its node, or the target, was reached with no more of the second; lower bounds come from two searches
backwards, each no further than a route that is not dominated can go.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .kernels import least_of_four, pop, push

# Labels that one search may make before it is allowed to leave out close compromises: about 400 MB.
LABELS = 8_000_000
EPSILON = 0.01
# No route costs more, and no node lies farther; the next number means that no route passes.
_MOST = 2**32 - 2
_NONE = np.uint32(2**32 - 1)
_NOBODY = 2**32 - 1

U32 = NDArray[np.uint32]
Ints = NDArray[np.int64]


class Graph(NamedTuple):
    """
    A directed graph with two costs an arc; ``indptr`` (n + 1,), ``heads`` (m,) by tail, ``first``, ``second`` (m,).

    ``back_*`` are the same arcs by head; ``arc`` (m,) is the number each had when it was handed in.
    """

    indptr: Ints
    heads: NDArray[np.int32]
    first: U32
    second: U32
    arc: Ints
    back_indptr: Ints
    back_tails: NDArray[np.int32]
    back_first: U32
    back_second: U32


class Ends(NamedTuple):
    """Where routes may begin or end: nodes (k,) and the costs there (k,). A start at node -1 is a whole route."""

    node: Ints
    first: Ints
    second: Ints


class Front(NamedTuple):
    """
    The routes no other is better than in both costs, by rising first cost.

    ``first``, ``second`` (p,) their costs; ``start``, ``end`` (p,) which of the ends they use, end -1 for a whole
    route; ``arcs`` p arrays of arc numbers in driving order. ``epsilon``: 0 where the front is whole, else every
    route left out has one in the front that costs no more of the first and at most 1 + epsilon times of the second.
    """

    first: Ints
    second: Ints
    start: Ints
    end: Ints
    arcs: list[Ints]
    epsilon: float


def graph_of(n: int, tails: NDArray, heads: NDArray, first: NDArray, second: NDArray) -> Graph:
    """
    The graph of arcs (m,) between nodes 0 to n - 1; costs are whole numbers from 0 to 2^32 - 2.

    Raises
    ------
    ValueError
        If a cost is out of range, or an arc ends nowhere.
    """
    tails, heads = np.asarray(tails, np.int64), np.asarray(heads, np.int64)
    if len(tails) and (min(tails.min(), heads.min()) < 0 or max(tails.max(), heads.max()) >= n):
        raise ValueError(f"arcs must join nodes 0 to {n - 1}")
    costs = []
    for cost in (np.asarray(first), np.asarray(second)):
        if len(cost) and (cost.min() < 0 or cost.max() > _MOST):
            raise ValueError("costs must be whole numbers from 0 to 2^32 - 2")
        costs.append(cost.astype(np.uint32))
    order = np.arange(len(tails))
    if (np.diff(tails * n + heads) < 0).any():
        order = np.lexsort((heads, tails))
    a, b = (cost[order] for cost in costs)
    heads = heads.astype(np.int32)[order]
    ptr = np.concatenate([[0], np.cumsum(np.bincount(tails, minlength=n))])
    back = csr_array((np.arange(len(order)), heads, ptr), shape=(n, n)).tocsc()  # by head without sorting
    back_ptr, back_tails = back.indptr.astype(np.int64), back.indices.astype(np.int32)
    return Graph(ptr, heads, a, b, order, back_ptr, back_tails, a[back.data], b[back.data])


def pareto(graph: Graph, starts: Ends, ends: Ends, *, labels: int = LABELS) -> Front:
    """
    Every route from any start to any end that no other is better than in both costs; empty where there is no way.

    Of routes equal in both costs one is kept. Beyond ``labels`` labels compromises closer than 1 %, then 2 %, 4 %
    ... of the second cost are left out, and ``epsilon`` says so.

    Raises
    ------
    OverflowError
        If a route may cost more than 2^32 - 2.
    """
    epsilon, bound = 0.0, _bounds(graph, starts, ends)
    while bound is not None:
        kept, found = _search(*graph[:4], *starts, *ends, *bound, 1.0 + epsilon, labels if epsilon <= 1 else 2**62)
        if len(kept):
            costs = found[kept, 1:3].astype(np.int64)
            return Front(costs[:, 0], costs[:, 1], *_routes(graph.arc, found, kept), epsilon)
        epsilon = EPSILON if epsilon == 0.0 else 2 * epsilon
    none = np.empty(0, np.int64)
    return Front(none, none, none, none, [], 0.0)


def cheapest(graph: Graph, starts: Ends, ends: Ends) -> Front:
    """The route with the least first cost, and of those the least second: a front of one route, or none."""
    found = pareto(graph._replace(second=graph.first, back_second=graph.back_first),
                   starts._replace(second=starts.first), ends._replace(second=ends.first))  # fmt: skip
    return found


def _bounds(graph: Graph, starts: Ends, ends: Ends) -> tuple[U32, U32] | None:
    """Least costs (n,) from each node to an end, `_NONE` where no good route passes; None where there is no way."""
    n, costs = len(graph.indptr) - 1, (graph.back_first, graph.back_second)
    everywhere, most, sides = np.zeros(n, np.uint32), [_MOST, _MOST], []
    for k in (0, 1):  # the fastest, searched no further than to the starts, bounds the risk, the safest the time
        at, heap, size = _last(n, len(graph.back_tails), ends.node, ends[1 + k], ends[2 - k])
        arcs = graph.back_indptr, graph.back_tails, costs[k], costs[1 - k]
        size = _backwards(*arcs, at, heap, size, everywhere, most[k], starts.node, k == 0)
        sides.append((arcs, at, heap, size))
        best, its_other = _best_start(starts.node, starts[1 + k], starts[2 - k], at, most[k])
        direct = [(int(c), int(other)) for v, c, other in zip(starts.node, starts[1 + k], starts[2 - k], strict=True)
                  if v < 0]  # fmt: skip
        if direct and (best < 0 or min(direct)[0] <= best):
            best, its_other = min(direct)
        if best < 0:
            return None
        if its_other > _MOST:
            raise OverflowError("a route costs more than 2^32 - 2: scale the costs down")
        most[1 - k] = min(most[1 - k], its_other)
    safest = _least(sides[1][1], most[1])
    arcs, at, heap, size = sides[0]
    _backwards(*arcs, at, heap, size, safest, most[0], starts.node, False)
    return _least(at, most[0]), safest


@njit(cache=True)
def _last(n, arcs, end, end_cost, end_other):
    """Cost and other cost (n, 2), side by side as both are looked at together; the ends as a heap, and its size."""
    at = np.full((n, 2), _NONE)
    heap, size = np.empty(arcs + len(end), np.uint64), 0
    for k in range(len(end)):
        last = end[k]
        if last >= 0 and end_cost[k] < np.int64(at[last, 0]):
            at[last, 0], at[last, 1] = end_cost[k], min(end_other[k], np.int64(_NONE))
            size = push(heap, size, (np.uint64(end_cost[k]) << np.uint64(32)) | np.uint64(last))
    return at, heap, size


@njit(cache=True)
def _backwards(indptr, tails, costs, others, at, heap, size, within, most, start, stop):
    """
    Go on to the least cost from each node to an end up to ``most``, through nodes where ``within`` is not `_NONE`, and
    the least other cost of routes found so; with ``stop`` no further than to all starts. The size of the heap.
    """
    missing = len(start) - _count(start, -1)
    while size > 0 and (missing > 0 or not stop):
        key = heap[0]
        v, cost = np.int64(key & np.uint64(0xFFFFFFFF)), np.int64(key >> np.uint64(32))
        if cost > most:
            break
        size = pop(heap, size)
        if cost != np.int64(at[v, 0]):
            continue
        missing -= _count(start, v) if stop else 0
        for i in range(indptr[v], indptr[v + 1]):
            u, new = tails[i], cost + np.int64(costs[i])
            if new > np.int64(at[u, 0]) or within[u] == _NONE:
                continue
            other = np.uint32(min(np.int64(at[v, 1]) + np.int64(others[i]), np.int64(_NONE)))
            if new < np.int64(at[u, 0]):
                at[u, 0], at[u, 1] = new, other
                size = push(heap, size, (np.uint64(new) << np.uint64(32)) | np.uint64(u))
            else:
                at[u, 1] = min(at[u, 1], other)
    return size


def _least(at, most):
    """(n,) costs up to ``most``, `_NONE` beyond."""
    least = at[:, 0].copy()
    least[least > most] = _NONE
    return least


@njit(cache=True)
def _count(nodes, v):
    """How many of a few nodes are this one."""
    found = 0
    for node in nodes:
        if node == v:
            found += 1
    return found


@njit(cache=True)
def _best_start(start, start_cost, start_other, at, most):
    """The least cost from any start and what it costs otherwise; -1 where none is reached."""
    best, its_other = np.int64(-1), np.int64(0)
    for k in range(len(start)):
        v = start[k]
        if v < 0 or start_cost[k] > most or at[v, 0] > most:
            continue
        total, beside = start_cost[k] + np.int64(at[v, 0]), start_other[k] + np.int64(at[v, 1])
        if best < 0 or total < best or (total == best and beside < its_other):
            best, its_other = total, beside
    return best, its_other


@njit(cache=True)
def _push(keys, ids, size, key, label):
    """A 4-ary heap of labels by key."""
    if size == len(keys):
        more, more_ids = np.empty(2 * size, np.uint64), np.empty(2 * size, np.uint32)
        more[:size], more_ids[:size] = keys, ids
        keys, ids = more, more_ids
    i = size
    while i > 0 and key < keys[(i - 1) >> 2]:
        p = (i - 1) >> 2
        keys[i], ids[i] = keys[p], ids[p]
        i = p
    keys[i], ids[i] = key, label
    return keys, ids, size + 1


@njit(cache=True)
def _pop(keys, ids, size):
    size -= 1
    key, label = keys[size], ids[size]
    i, child = 0, 1
    while child < size:
        if child + 4 <= size:
            low = least_of_four(keys, child)
        else:
            low = child
            for c in range(child + 1, size):
                if keys[c] < keys[low]:
                    low = c
        if keys[low] >= key:
            break
        keys[i], ids[i] = keys[low], ids[low]
        i, child = low, 4 * low + 1
    keys[i], ids[i] = key, label
    return size


@njit(cache=True)
def _grown(array):
    """Twice as long, the first half as it was."""
    more = np.empty((2 * len(array), array.shape[1]), array.dtype)
    more[: len(array)] = array
    return more


@njit(cache=True)
def _add(labels, made, keys, ids, size, label, f1, f2):
    """Keep a label (node, first, second, before, arc) for later, by its costs at the target."""
    if made == len(labels):
        labels = _grown(labels)
    for i in range(5):
        labels[made, i] = np.uint32(label[i])
    keys, ids, size = _push(keys, ids, size, (np.uint64(f1) << np.uint64(32)) | np.uint64(f2), made)
    return labels, made + 1, keys, ids, size


@njit(cache=True)
def _begun(start, start_1, start_2, at, n):
    """The labels to begin with; before the one of start k is nothing, and its arc is k."""
    labels, made = np.empty((4096, 5), np.uint32), 0
    keys, ids, size = np.empty(4096, np.uint64), np.empty(4096, np.uint32), 0
    for k in range(len(start)):
        v = start[k] if start[k] >= 0 else n
        f1, f2 = start_1[k] + np.int64(at[v, 0]), start_2[k] + np.int64(at[v, 1])
        if f1 <= _MOST and f2 <= _MOST:
            label = (v, start_1[k], start_2[k], _NOBODY, k)
            labels, made, keys, ids, size = _add(labels, made, keys, ids, size, label, f1, f2)
    return labels, made, keys, ids, size


@njit(cache=True)
def _search(indptr, heads, first, second, start, start_1, start_2, end, end_1, end_2, least_1, least_2, slack, limit):
    """The labels kept at the target, node n, and all labels. Nothing kept where more than ``limit`` were needed."""
    n = len(indptr) - 1
    at = np.zeros((n + 1, 4), np.uint32)  # least costs from here, least second cost to here: looked at together
    at[:n, 0], at[:n, 1] = least_1, least_2
    at[:, 2] = _NONE
    labels, made, keys, ids, size = _begun(start, start_1, start_2, at, n)
    kept, count = np.empty((64, 1), np.int64), 0
    while size > 0:
        f2, mine = np.int64(keys[0] & np.uint64(0xFFFFFFFF)), np.int64(ids[0])
        size = _pop(keys, ids, size)
        v, g1, g2 = np.int64(labels[mine, 0]), np.int64(labels[mine, 1]), np.int64(labels[mine, 2])
        if g2 >= at[v, 2] or f2 * slack >= at[n, 2]:
            continue
        at[v, 2] = g2
        if v == n:
            if count == len(kept):
                kept = _grown(kept)
            kept[count, 0] = mine
            count += 1
            continue
        if made >= limit:
            return kept[:0, 0], labels[:0]
        for i in range(indptr[v], indptr[v + 1]):
            w = np.int64(heads[i])
            a, b = g1 + np.int64(first[i]), g2 + np.int64(second[i])
            f1, f2 = a + np.int64(at[w, 0]), b + np.int64(at[w, 1])
            if b < at[w, 2] and f2 * slack < at[n, 2] and f1 <= _MOST and f2 <= _MOST:
                labels, made, keys, ids, size = _add(labels, made, keys, ids, size, (w, a, b, mine, i), f1, f2)
        for k in range(len(end)):
            a, b = g1 + end_1[k], g2 + end_2[k]
            if end[k] == v and b * slack < at[n, 2] and a <= _MOST and b <= _MOST:
                labels, made, keys, ids, size = _add(labels, made, keys, ids, size, (n, a, b, mine, k), a, b)
    return kept[:count, 0], labels[:made]


@njit(cache=True)
def _traced(labels, kept):
    """Start and end of each label kept, the arcs of all one after the other, and where each begins (p + 1,)."""
    starts, ends = np.empty(len(kept), np.int64), np.empty(len(kept), np.int64)
    offsets = np.zeros(len(kept) + 1, np.int64)
    for k in range(len(kept)):
        at, count = kept[k], -1
        while labels[at, 3] != _NONE:
            at, count = np.int64(labels[at, 3]), count + 1
        offsets[k + 1] = offsets[k] + max(0, count)
    arcs = np.empty(offsets[-1], np.int64)
    for k in range(len(kept)):
        at, i = kept[k], offsets[k + 1]
        ends[k] = -1
        if labels[at, 3] != _NONE:
            ends[k], at = labels[at, 4], np.int64(labels[at, 3])
        while labels[at, 3] != _NONE:
            i -= 1
            arcs[i], at = labels[at, 4], np.int64(labels[at, 3])
        starts[k] = labels[at, 4]
    return starts, ends, arcs, offsets


def _routes(numbers: Ints, labels: Ints, kept: Ints) -> tuple[Ints, Ints, list[Ints]]:
    """Start, end and arcs of each label kept."""
    starts, ends, arcs, offsets = _traced(labels, kept)
    return starts, ends, np.split(numbers[arcs], offsets[1:-1])
