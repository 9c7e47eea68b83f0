"""Whose area is it: which start reaches each junction, each place and each stretch of road first."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .network import Network
from .reach import BY_TAIL, SAME_M, Starts, arrival_ms, entries, node_times
from .snap import Snapped

NOBODY = -1

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class First(NamedTuple):
    """(n,) time [ms] until the first start is at each junction, infinite if none comes, and which (-1: none)."""

    ms: Floats
    owner: Ints


class Stretches(NamedTuple):
    """
    Parts of edges by the start that reaches them first (``owner``, -1: none), tail to head, without gaps.

    From ``begin_m`` to ``end_m`` the time changes evenly from ``begin_ms`` to ``end_ms`` (infinite without owner).
    """

    owner: Ints
    edge: Ints
    begin_m: Floats
    end_m: Floats
    begin_ms: Floats
    end_ms: Floats


def first_starts(network: Network, starts: Starts) -> First:
    """The first start at every junction; equal times go to the one that stands first in ``starts``."""
    ms, owner = np.full(len(network.x), np.inf), np.full(len(network.x), NOBODY)
    for block, times in node_times(network, starts):
        row = times.argmin(axis=0)
        best = times[row, np.arange(times.shape[1])]
        sooner = best < ms
        ms[sooner], owner[sooner] = best[sooner], row[sooner] + block.start
    return First(ms, owner)


def first_at(network: Network, first: First, starts: Starts, at: Snapped) -> tuple[Floats, Ints]:
    """(P,) time [ms] until the first start is at each place, its straight leg not included, and which it is."""
    nobody = starts.take(np.empty(0, np.int64))
    ms, how = (found[0] for found in arrival_ms(network, first.ms[None], nobody, at))
    by_tail, by_head = entries(network, at)
    owner = np.where(how == BY_TAIL, first.owner[by_tail], first.owner[by_head])
    never = np.full((1, len(network.x)), np.inf)
    order = np.argsort(at.edge, kind="stable")
    low = np.searchsorted(at.edge[order], starts.at.edge, side="left")
    high = np.searchsorted(at.edge[order], starts.at.edge, side="right")
    for s in np.flatnonzero(high > low):  # whoever stands on the edge itself
        rows = order[low[s] : high[s]]
        direct = arrival_ms(network, never, starts.take(np.array([s])), at.take(rows))[0][0]
        sooner = rows[(direct < ms[rows]) | ((direct == ms[rows]) & (s < owner[rows]))]
        ms[sooner], owner[sooner] = np.minimum(ms[rows], direct)[np.isin(rows, sooner)], s
    return ms, np.where(np.isfinite(ms), owner, NOBODY)


def stretches(network: Network, first: First, starts: Starts) -> Stretches:
    """Every open edge cut exactly where another start, or another way of the same one, becomes the first."""
    home = np.unique(starts.at.edge)
    plain = network.open.copy()
    plain[home] = False
    parts = [_plain(network, first, np.flatnonzero(plain))]
    parts += [_home(network, first, starts, int(edge)) for edge in home]
    owner, edge, begin_m, end_m, begin_ms, end_ms = (np.concatenate(c) for c in zip(*parts, strict=True))
    order = np.lexsort((begin_m, edge))
    return Stretches(owner[order], edge[order], begin_m[order], end_m[order], begin_ms[order], end_ms[order])


def _plain(network: Network, first: First, edge: Ints) -> Stretches:
    """Edges that nobody stands on: from the tail up to the point where coming from the head is as fast."""
    tail, head, metres, ms = (
        network.enter_tail[edge],
        network.enter_head[edge],
        network.metres[edge],
        network.ms[edge].astype(float),
    )
    by_tail = np.where(network.forward[edge], first.ms[tail], np.inf)
    by_head = np.where(network.backward[edge], first.ms[head], np.inf)
    with np.errstate(invalid="ignore"):
        share = (by_head + ms - by_tail) / (2 * ms)
    share = np.clip(np.nan_to_num(share, nan=1.0, posinf=1.0, neginf=0.0), 0.0, 1.0)  # nobody comes: one part
    cut = share * metres
    parts = (
        (first.owner[tail], edge, np.zeros(len(edge)), cut, by_tail, by_tail + share * ms),
        (first.owner[head], edge, cut, metres, by_head + (1 - share) * ms, by_head),
    )
    owner, on, begin_m, end_m, begin_ms, end_ms = (np.concatenate(pair) for pair in zip(*parts, strict=True))
    owner, some = np.where(np.isfinite(begin_ms), owner, NOBODY), end_m - begin_m > SAME_M
    return Stretches(owner[some], on[some], begin_m[some], end_m[some], begin_ms[some], end_ms[some])


def _home(network: Network, first: First, starts: Starts, edge: int) -> Stretches:
    """An edge that starts stand on: the lower envelope of all ways onto it."""
    metres, ms = float(network.metres[edge]), float(network.ms[edge])
    tail, head = network.enter_tail[edge], network.enter_head[edge]
    # Ways: owner, from, to, time at the beginning of the edge if it were so long, time a metre.
    ways = []
    if network.forward[edge] and np.isfinite(first.ms[tail]):
        ways.append((int(first.owner[tail]), 0.0, metres, first.ms[tail], ms / metres))
    if network.backward[edge] and np.isfinite(first.ms[head]):
        ways.append((int(first.owner[head]), 0.0, metres, first.ms[head] + ms, -ms / metres))
    for s in np.flatnonzero(starts.at.edge == edge):
        at, since = float(starts.at.offset_m[s]), float(starts.ms[s])
        if network.forward[edge]:
            ways.append((int(s), at, metres, since - at / metres * ms, ms / metres))
        if network.backward[edge]:
            ways.append((int(s), 0.0, at, since + at / metres * ms, -ms / metres))
    cuts = {0.0, metres, *(x for way in ways for x in way[1:3])}
    for one, other in combinations(ways, 2):
        if one[4] != other[4]:
            cuts.add(min(max((other[3] - one[3]) / (one[4] - other[4]), 0.0), metres))
    rows = []
    places = sorted(cuts)
    for a, b in pairwise(places):
        if b - a <= SAME_M:
            continue
        here = [(t + k * (a + b) / 2, owner, t, k) for owner, low, high, t, k in ways if low <= a and high >= b]
        if here:
            _, owner, t, k = min(here)
            rows.append((owner, a, b, t + k * a, t + k * b))
        else:
            rows.append((NOBODY, a, b, np.inf, np.inf))
    table = np.array(rows)
    return Stretches(table[:, 0].astype(np.int64), np.full(len(rows), edge), *table[:, 1:].T)
