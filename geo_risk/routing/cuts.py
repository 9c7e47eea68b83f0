"""The compiled part of `resilience`: each edge of the tree of fastest ways closed in turn."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

_SAME_MS = 1e-4  # times within this are equal: arcs take at least 1 ms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Tables(NamedTuple):
    """Arcs by the junction they leave (first, head, ms, edge), and again by the one they enter (first, tail, ...)."""

    out_first: Ints
    out_head: Ints
    out_ms: Floats
    out_edge: Ints
    in_first: Ints
    in_tail: Ints
    in_ms: Floats
    in_edge: Ints


class Roots(NamedTuple):
    """Junctions where starts come in, at which time [ms], by which edge (-1: by none)."""

    node: Ints
    ms: Floats
    edge: Ints


def broken(tables: Tables, roots: Roots, ms: Floats, ways: Any, limits: Floats) -> tuple[Ints, Ints, Floats]:
    """
    (edge, spot, time after [ms]) of every closure by which a spot leaves one of the ``limits`` [ms].

    ``ms`` (n,) are the times with all edges open, ``ways`` the ways into each spot (`resilience`).
    """
    out, into, entered, (parent, by) = _prepared(tables, roots, ms)
    reached = np.flatnonzero(np.isfinite(ms))
    early = reached[np.argsort(ms[reached], kind="stable")]
    below, first = _children(parent)
    spots_first, spots_at = _at_nodes(ways.tail, ways.head, len(ms))
    held = _below(parent, early, np.diff(spots_first))
    # What else is reached by an edge with spots behind it is late too, and no way round.
    tops = np.flatnonzero((by >= 0) & np.isin(by, by[held > 0]))
    tops = tops[np.argsort(by[tops], kind="stable")]
    return _cut_each(out, into, entered, ms, (by, tops, first, below), (spots_first, spots_at), tuple(ways), limits)


def used(tables: Tables, roots: Roots, ms: Floats, ways: Any, pairs: tuple[Ints, Ints]) -> Bools:
    """Whether the fastest way to an end of its spot's edge runs over the edge, of ``pairs`` (edge, spot)."""
    _, _, _, (parent, by) = _prepared(tables, roots, ms)
    return _on_the_way(parent, by, ways.tail, ways.head, *pairs)


def without(tables: Tables, roots: Roots, ms: Floats, ways: Any, pairs: tuple[Ints, Ints], until: Floats) -> Floats:
    """
    Times [ms] of ``pairs`` (edge, spot), by edge, with the edge closed; the spot is not on it.

    Exact up to ``until``, of each pair; one that would be later is told as no earlier than that.
    """
    out, into, entered, (parent, by) = _prepared(tables, roots, ms)
    below, first = _children(parent)
    tops = np.flatnonzero(by >= 0)
    tops = tops[np.argsort(by[tops], kind="stable")]
    return _cut_some(out, into, entered, ms, (by, tops, first, below), tuple(ways), *pairs, until)


def _prepared(tables: Tables, roots: Roots, ms: Floats) -> tuple[Any, Any, Any, tuple[Ints, Ints]]:
    """Arcs out, arcs in, roots by junction, and the tree of fastest ways (`_parents`), as the loops want them."""
    into = (tables.in_first, tables.in_tail, tables.in_ms, tables.in_edge)
    out = (tables.out_first, tables.out_head, tables.out_ms, tables.out_edge)
    order = np.argsort(roots.node, kind="stable")
    first = np.searchsorted(roots.node[order], np.arange(len(ms) + 1))
    tree = _parents(into, roots.node, roots.ms, roots.edge, ms)
    return out, into, (first, roots.ms[order], roots.edge[order]), tree


def _children(parent: Ints) -> tuple[Ints, Ints]:
    """Junctions in the order of their parents, and where the children of each begin (n + 1,)."""
    order = np.argsort(parent, kind="stable")
    return order, np.searchsorted(parent[order], np.arange(len(parent) + 1))


def _at_nodes(tail: Ints, head: Ints, n: int) -> tuple[Ints, Ints]:
    """The spots whose edge ends at each junction: where they begin (n + 1,), and their numbers."""
    node, spot = np.concatenate([tail, head]), np.tile(np.arange(len(tail)), 2)
    order = np.argsort(node, kind="stable")
    return np.searchsorted(node[order], np.arange(n + 1)), spot[order]


@njit(cache=True)
def _parents(into, root_node, root_ms, root_edge, ms):
    """The junction before each on one fastest way (-1: a start, or not reached) and the edge between (-1: none)."""
    in_first, in_tail, in_ms, in_edge = into
    n = len(ms)
    parent, by, settled = np.full(n, -1, np.int64), np.full(n, -1, np.int64), np.zeros(n, np.bool_)
    for i in range(len(root_node)):
        v = root_node[i]
        if abs(root_ms[i] - ms[v]) <= _SAME_MS and (not settled[v] or root_edge[i] < 0):
            settled[v], by[v] = True, root_edge[i]
    for v in range(n):
        if settled[v] or not np.isfinite(ms[v]):
            continue
        for a in range(in_first[v], in_first[v + 1]):
            u = in_tail[a]
            if u != v and abs(ms[u] + in_ms[a] - ms[v]) <= _SAME_MS:
                parent[v], by[v] = u, in_edge[a]
                break
    return parent, by


@njit(cache=True)
def _below(parent, early, holds):
    """(n,) spots at each junction and all behind it."""
    held = holds.copy()
    for i in range(len(early) - 1, -1, -1):
        v = early[i]
        if parent[v] >= 0:
            held[parent[v]] += held[v]
    return held


@njit(cache=True)
def _on_the_way(parent, by, tail, head, edge, spot):
    found = np.zeros(len(edge), np.bool_)
    for i in range(len(edge)):
        for v in (tail[spot[i]], head[spot[i]]):
            while v >= 0 and by[v] != edge[i]:
                v = parent[v]
            found[i] |= v >= 0
    return found


@njit(cache=True)
def _push(heap_ms, heap_node, size, ms, node):
    i = size
    while i > 0 and heap_ms[(i - 1) // 2] > ms:
        heap_ms[i], heap_node[i] = heap_ms[(i - 1) // 2], heap_node[(i - 1) // 2]
        i = (i - 1) // 2
    heap_ms[i], heap_node[i] = ms, node
    return size + 1


@njit(cache=True)
def _pop(heap_ms, heap_node, size):
    """Remove the first; the last sinks from the top."""
    size -= 1
    ms, node, i = heap_ms[size], heap_node[size], 0
    while 2 * i + 1 < size:
        child = 2 * i + 1
        if child + 1 < size and heap_ms[child + 1] < heap_ms[child]:
            child += 1
        if heap_ms[child] >= ms:
            break
        heap_ms[i], heap_node[i] = heap_ms[child], heap_node[child]
        i = child
    heap_ms[i], heap_node[i] = ms, node
    return size


@njit(cache=True)
def _behind(top, first, below, stamp, mark, nodes, count, ms, until):
    """Add a junction and all behind it ``until`` a time to ``nodes``; nested ones, of a road driven twice, once."""
    if stamp[top] == mark or ms[top] > until:
        return count
    low = count
    stamp[top], nodes[count] = mark, top
    count += 1
    while low < count:
        v = nodes[low]
        low += 1
        for c in range(first[v], first[v + 1]):
            if stamp[below[c]] != mark and ms[below[c]] <= until:
                stamp[below[c]], nodes[count] = mark, below[c]
                count += 1
    return count


@njit(cache=True)
def _again(out, into, roots, ms, edge, nodes, count, stamp, mark, fresh, heap_ms, heap_node):
    """Times ``fresh`` of the stamped ``nodes`` without ``edge``, from the junctions whose times stay."""
    out_first, out_head, out_ms, out_edge = out
    in_first, in_tail, in_ms, in_edge = into
    root_first, root_ms, root_edge = roots
    size = 0
    for i in range(count):
        v = nodes[i]
        best = np.inf
        for a in range(in_first[v], in_first[v + 1]):
            if in_edge[a] != edge and stamp[in_tail[a]] != mark:
                best = min(best, ms[in_tail[a]] + in_ms[a])
        for r in range(root_first[v], root_first[v + 1]):
            if root_edge[r] != edge:
                best = min(best, root_ms[r])
        fresh[v] = best
        if best < np.inf:
            size = _push(heap_ms, heap_node, size, best, v)
    while size > 0:
        time, v = heap_ms[0], heap_node[0]
        size = _pop(heap_ms, heap_node, size)
        if time > fresh[v]:
            continue
        for a in range(out_first[v], out_first[v + 1]):
            w = out_head[a]
            if stamp[w] == mark and out_edge[a] != edge and time + out_ms[a] < fresh[w]:
                fresh[w] = time + out_ms[a]
                size = _push(heap_ms, heap_node, size, fresh[w], w)


@njit(cache=True)
def _leaves(before, after, limits):
    """Whether a limit lies between the two times."""
    for limit in limits:  # noqa: SIM110 - generators do not compile
        if before <= limit < after:
            return True
    return False


@njit(cache=True)
def _cut_each(out, into, roots, ms, tree, at, ways, limits):
    """Each edge of the tree closed in turn; see `broken`."""
    by, tops, first, below = tree
    spots_first, spots_at = at
    tail, head, from_tail, from_head, direct, before, own = ways
    n = len(ms)
    stamp, seen = np.full(n, -1, np.int64), np.full(len(tail), -1, np.int64)
    nodes, fresh = np.empty(n, np.int64), np.full(n, np.inf)
    room = n + len(out[1])
    heap_ms, heap_node = np.empty(room), np.empty(room, np.int64)
    edges, spots, times, found = np.empty(1024, np.int64), np.empty(1024, np.int64), np.empty(1024), 0
    i = 0
    while i < len(tops):
        edge, mark, count = by[tops[i]], i, 0
        while i < len(tops) and by[tops[i]] == edge:
            count = _behind(tops[i], first, below, stamp, mark, nodes, count, ms, np.inf)
            i += 1
        _again(out, into, roots, ms, edge, nodes, count, stamp, mark, fresh, heap_ms, heap_node)
        for k in range(count):
            for s in range(spots_first[nodes[k]], spots_first[nodes[k] + 1]):
                spot = spots_at[s]
                if seen[spot] == mark or own[spot] == edge:
                    continue
                seen[spot] = mark
                t, h = tail[spot], head[spot]
                by_tail = (fresh[t] if stamp[t] == mark else ms[t]) + from_tail[spot]
                by_head = (fresh[h] if stamp[h] == mark else ms[h]) + from_head[spot]
                after = min(by_tail, by_head, direct[spot])
                if not _leaves(before[spot], after, limits):
                    continue
                if found == len(edges):
                    edges = np.append(edges, np.empty(found, np.int64))
                    spots = np.append(spots, np.empty(found, np.int64))
                    times = np.append(times, np.empty(found))
                edges[found], spots[found], times[found] = edge, spot, after
                found += 1
    return edges[:found], spots[:found], times[:found]


@njit(cache=True)
def _cut_some(out, into, roots, ms, tree, ways, edges, spots, until):
    """See `without`."""
    by, tops, first, below = tree
    tail, head, from_tail, from_head, direct, _, _ = ways
    n = len(ms)
    stamp, nodes, fresh = np.full(n, -1, np.int64), np.empty(n, np.int64), np.full(n, np.inf)
    heap_ms, heap_node = np.empty(n + len(out[1])), np.empty(n + len(out[1]), np.int64)
    after, i, top = np.empty(len(edges)), 0, 0
    while i < len(edges):
        edge, mark, stop, latest, count = edges[i], i, i, 0.0, 0
        while stop < len(edges) and edges[stop] == edge:
            latest = max(latest, until[stop])
            stop += 1
        while top < len(tops) and by[tops[top]] < edge:
            top += 1
        while top < len(tops) and by[tops[top]] == edge:
            count = _behind(tops[top], first, below, stamp, mark, nodes, count, ms, latest)
            top += 1
        _again(out, into, roots, ms, edge, nodes, count, stamp, mark, fresh, heap_ms, heap_node)
        for k in range(i, stop):
            t, h = tail[spots[k]], head[spots[k]]
            by_tail = (fresh[t] if stamp[t] == mark else ms[t]) + from_tail[spots[k]]
            by_head = (fresh[h] if stamp[h] == mark else ms[h]) + from_head[spots[k]]
            after[k] = min(by_tail, by_head, direct[spots[k]])
        i = stop
    return after
