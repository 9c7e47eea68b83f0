"""Compiled searches over a directed graph in CSR form, with whole milliseconds as int32.

A key of the heap is ``ms << 32 | node`` in one int64, so that equal times are settled by node number and the
result does not depend on chance. The heap has four children a node and is lazy: an improved node is pushed again
and its older, longer entry skipped. It never holds more than one entry an arc and one a seed.

Seeds come sorted by the fraction of a millisecond that their whole cost leaves out, and their rank is their label.
Arcs are whole and at least 1 ms, so of two ways with equal whole times the lower label is the shorter, and the
label gives the exact time back: whole time + fraction of the label.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# No arc and no node has this time [ms], about 24.8 days: it means closed, not reached.
NEVER = 2**31 - 1
_WAYS = 4
_LOW = 0xFFFFFFFF


@njit(cache=True, nogil=True)
def _push(heap, size, key) -> int:
    """Add a key; the new size."""
    i = size
    while i > 0:
        parent = (i - 1) // _WAYS
        if heap[parent] <= key:
            break
        heap[i] = heap[parent]
        i = parent
    heap[i] = key
    return size + 1


@njit(cache=True, nogil=True)
def _pop(heap, size) -> int:
    """Remove the first key; the new size."""
    size -= 1
    key = heap[size]
    i = 0
    while True:
        child = _WAYS * i + 1
        if child >= size:
            break
        least = child
        for c in range(child + 1, min(child + _WAYS, size)):
            if heap[c] < heap[least]:
                least = c
        if heap[least] >= key:
            break
        heap[i] = heap[least]
        i = least
    heap[i] = key
    return size


@njit(cache=True, nogil=True)
def _seed(node, cost, limit, dist, label, before, heap) -> int:
    """Begin at every seed within the limit; the size of the heap."""
    size = 0
    for s in range(len(node)):
        v, d = node[s], cost[s]
        if d <= limit and d < dist[v]:  # of equal costs the first, so the lowest label
            dist[v], label[v], before[v] = d, s, -1
            size = _push(heap, size, (np.int64(d) << 32) | v)
    return size


@njit(cache=True, nogil=True)
def _spread(indptr, heads, ms, u, d, limit, dist, label, before, heap, size) -> int:
    """Relax the arcs out of a settled node; the size of the heap."""
    for a in range(indptr[u], indptr[u + 1]):
        total = d + ms[a]
        v = heads[a]
        if total > limit:
            continue
        if total < dist[v]:
            dist[v], label[v], before[v] = total, label[u], u
            size = _push(heap, size, (total << 32) | v)
        elif total == dist[v] and label[u] < label[v]:
            label[v], before[v] = label[u], u
    return size


@njit(cache=True, nogil=True)
def search(indptr, heads, ms, node, cost, limit, wanted, left, dist, label, before, heap) -> None:
    """
    Times from whichever seed is first, until all are found or ``left`` nodes of ``wanted`` are settled.

    Parameters
    ----------
    indptr, heads, ms
        The graph; an arc with ms `NEVER` is closed.
    node, cost : (s,)
        Seeds: where they begin, and their whole cost [ms].
    limit : int
        Longest time [ms], below `NEVER`.
    wanted : (n,) bool
        Read only where ``left`` > 0.
    dist, label, before : (n,) int32
        Out: whole time (given as `NEVER`), rank of the seed, node before (-1 at a seed).
    heap : (arcs + s,) int64
        Room to work in.
    """
    size = _seed(node, cost, limit, dist, label, before, heap)
    while size:
        key = heap[0]
        size = _pop(heap, size)
        u, d = key & _LOW, key >> 32
        if d > dist[u]:
            continue
        if left > 0 and wanted[u]:
            left -= 1
            if left == 0:
                return
        size = _spread(indptr, heads, ms, u, d, limit, dist, label, before, heap, size)


@njit(cache=True, nogil=True)
def each(indptr, heads, ms, first, node, cost, fraction, limit, wanted, left, columns, out) -> None:
    """
    `search` from one group of seeds after the other: the exact times [ms] at ``columns``.

    Parameters
    ----------
    first : (g + 1,)
        Group i is the seeds ``first[i]`` to ``first[i + 1]``, sorted by ``fraction`` (s,).
    columns : (c,)
        Nodes; the search of a group ends when ``left`` > 0 of them, marked in ``wanted``, are settled.
    out : (g, c) float64
        Infinite where not reached.
    """
    n = len(indptr) - 1
    dist, label, before = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    heap = np.empty(len(heads) + np.max(np.diff(first)), np.int64)
    for g in range(len(first) - 1):
        a, b = first[g], first[g + 1]
        dist[:] = NEVER
        search(indptr, heads, ms, node[a:b], cost[a:b], limit, wanted, left, dist, label, before, heap)
        for c in range(len(columns)):
            v = columns[c]
            out[g, c] = np.inf if dist[v] == NEVER else dist[v] + fraction[a + label[v]]
