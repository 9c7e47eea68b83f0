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
def push(heap, size, key) -> int:
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
def least_of_four(heap, child):
    """Which of four keys is the first of the least, told by sums instead of jumps, which no processor could foresee."""
    a, b, c, d = heap[child], heap[child + 1], heap[child + 2], heap[child + 3]
    left, right = child + np.int64(b < a), child + 2 + np.int64(d < c)
    return right if min(c, d) < min(a, b) else left


@njit(cache=True, nogil=True)
def pop(heap, size) -> int:
    """Remove the first key; the new size."""
    size -= 1
    key = heap[size]
    i, child = 0, 1
    while child < size:
        if child + _WAYS <= size:
            least = least_of_four(heap, child)
        else:
            least = child
            for c in range(child + 1, size):
                if heap[c] < heap[least]:
                    least = c
        if heap[least] >= key:
            break
        heap[i] = heap[least]
        i, child = least, _WAYS * least + 1
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
            size = push(heap, size, (np.int64(d) << 32) | v)
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
            size = push(heap, size, (total << 32) | v)
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
        size = pop(heap, size)
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


@njit(cache=True, nogil=True)
def _meet(graph, here, there, u, d, limit, heap, size, best, middle):
    """Relax the arcs out of ``u`` on one side; the size of its heap, the best whole way so far and where it meets."""
    indptr, heads, ms = graph
    dist, label, before, fraction, touched, count = here
    far, far_label, far_fraction = there
    for a in range(indptr[u], indptr[u + 1]):
        total = d + ms[a]
        if total > limit:
            continue
        v = heads[a]
        if total < dist[v]:
            if dist[v] == NEVER:
                touched[count[0]] = v
                count[0] += 1
            dist[v], label[v], before[v] = total, label[u], u
            size = push(heap, size, (total << 32) | v)
        elif total == dist[v] and label[u] < label[v]:
            label[v], before[v] = label[u], u
        else:
            continue
        if far[v] < NEVER:
            whole = total + fraction[label[v]] + far[v] + far_fraction[far_label[v]]
            if whole < best:
                best, middle = whole, v
    return size, best, middle


@njit(cache=True, nogil=True)
def _written(path, used, before, before_back, middle):
    """``path`` with the nodes from a seed over ``middle`` to a goal put at ``used``; it, grown, and its new length."""
    count = 1
    v = before[middle]
    while v >= 0:
        count, v = count + 1, before[v]
    v = before_back[middle]
    total = count
    while v >= 0:
        total, v = total + 1, before_back[v]
    if used + total > len(path):
        grown = np.empty(2 * (used + total), np.int32)
        grown[:used] = path[:used]
        path = grown
    i, v = used + count - 1, middle
    while v >= 0:
        path[i] = v
        i, v = i - 1, before[v]
    i, v = used + count, before_back[middle]
    while v >= 0:
        path[i] = v
        i, v = i + 1, before_back[v]
    return path, used + total


@njit(cache=True, nogil=True)
def pairs(ahead, back, starts, goals, limit, ms, start_seed, goal_seed, first):
    """
    The fastest way from one group of seeds to one of goals after the other, searched from both ends.

    Parameters
    ----------
    ahead, back
        The graph and its reverse, each (indptr, heads, ms).
    starts, goals
        Seeds, each (first, node, cost, fraction); those of a goal cost the rest of the way.
    ms : (g,) float64
        Out: exact time, infinite without a way within ``limit``.
    start_seed, goal_seed : (g,)
        Out: rank of the seed it begins and ends at.
    first : (g + 1,)
        Out: the nodes of way i are ``path[first[i]:first[i + 1]]``.

    Returns
    -------
    path : int32
        Nodes in driving order, one way after the other.
    """
    n = len(ahead[0]) - 1
    dist, label, before = np.full(n, NEVER, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    far, far_label, after = np.full(n, NEVER, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    most, far_most = np.max(np.diff(starts[0])), np.max(np.diff(goals[0]))
    touched, far_touched = np.empty(n + most, np.int32), np.empty(n + far_most, np.int32)
    count, far_count = np.zeros(1, np.int64), np.zeros(1, np.int64)
    heap, far_heap = np.empty(len(ahead[1]) + most, np.int64), np.empty(len(ahead[1]) + far_most, np.int64)
    path, used = np.empty(1024, np.int32), 0
    for g in range(len(ms)):
        a, b, c, d = starts[0][g], starts[0][g + 1], goals[0][g], goals[0][g + 1]
        fraction, far_fraction = starts[3][a:b], goals[3][c:d]
        near, beyond = (dist, label, before, fraction, touched, count), (far, far_label, far_fraction)
        there, behind = (far, far_label, after, far_fraction, far_touched, far_count), (dist, label, fraction)
        size = _seed(starts[1][a:b], starts[2][a:b], limit, dist, label, before, heap)
        far_size = _seed(goals[1][c:d], goals[2][c:d], limit, far, far_label, after, far_heap)
        touched[: b - a], count[0] = starts[1][a:b], b - a
        far_touched[: d - c], far_count[0] = goals[1][c:d], d - c
        best, middle = np.inf, -1
        for v in starts[1][a:b]:
            if dist[v] < NEVER and far[v] < NEVER:
                whole = dist[v] + fraction[label[v]] + far[v] + far_fraction[far_label[v]]
                if whole < best:
                    best, middle = whole, v
        while size and far_size and (heap[0] >> 32) + (far_heap[0] >> 32) < min(best, limit + 1):
            if heap[0] <= far_heap[0]:
                key = heap[0]
                size = pop(heap, size)
                u, t = key & _LOW, key >> 32
                if t == dist[u]:
                    size, best, middle = _meet(ahead, near, beyond, u, t, limit, heap, size, best, middle)
            else:
                key = far_heap[0]
                far_size = pop(far_heap, far_size)
                u, t = key & _LOW, key >> 32
                if t == far[u]:
                    far_size, best, middle = _meet(back, there, behind, u, t, limit, far_heap, far_size, best, middle)
        ms[g], first[g] = best, used
        if middle >= 0:
            start_seed[g], goal_seed[g] = a + label[middle], c + far_label[middle]
            path, used = _written(path, used, before, after, middle)
        dist[touched[: count[0]]] = NEVER
        far[far_touched[: far_count[0]]] = NEVER
    first[len(ms)] = used
    return path[:used]
