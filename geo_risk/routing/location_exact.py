"""
Facility location solved exactly: sets of sites that serve demands alike, and HiGHS over them.

The question (`Sites`) and the answer (`Choice`) are those of `location`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import csr_array, hstack

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Values that differ by less than this part of them are the same.
SAME = 1e-9
# Nodes of the search tree after which HiGHS stops: a clock would make results differ from run to run.
NODES = 2_000
_ROWS_AT_ONCE = 50  # demands added to a covering problem at a time
NOBODY: Ints = np.empty(0, np.int64)


@dataclass(frozen=True)
class Sites:
    """
    The candidates (N,) of a question, and what binds the choice among them.

    ``kept``: sites that are there and stay; they are part of every answer and do not count as new. ``barred``: sites
    that may not be chosen. ``apart``: (K, 2) pairs of which at most one may be chosen. ``cost`` (N,) of new sites,
    whose sum may not pass ``budget``; without a budget each costs 1.
    """

    count: int
    kept: Sequence[int] | Ints = ()
    barred: Sequence[int] | Ints = ()
    apart: Sequence[tuple[int, int]] | Ints = ()
    cost: Floats | None = None
    budget: float = np.inf


@dataclass(frozen=True)
class Choice:
    """
    Sites chosen.

    ``sites``: the new ones, ascending. ``value``: what is sought, in the unit of the model. ``bound``: no other
    choice has a better value than this; where it equals ``value`` the choice is optimal. ``stopped``: what kept the
    search from ending, empty where nothing did.
    """

    sites: Ints
    value: float
    bound: float
    stopped: str = ""

    @property
    def gap(self) -> float:
        """Part of the value by which another choice could be better, at most; 0 where this one is optimal."""
        off = abs(self.value - self.bound)
        return 0.0 if off <= SAME * max(1.0, abs(self.value)) else off / max(abs(self.value), SAME)


class Sets(NamedTuple):
    """
    What an exact model counts: R sets of sites, each ``gain`` worth if at least ``need`` of its sites are chosen.

    ``own`` (R, N) holds the sites a set has beside those of the set ``parent`` (R,), -1 where there is none.
    """

    own: csr_array
    parent: Ints
    gain: Floats
    need: Ints


def prefixes(saved: Floats, most: int) -> Sets | None:
    """
    The different sets of sites that save a demand at least so much; None if there are more than ``most``.

    A demand is worth, for each step of what its sites save it, that step if one of the sites so far is chosen.
    Sets are told apart by two 64-bit sums of random numbers of their sites.
    """
    n = len(saved)
    some = saved[:, saved.any(axis=0)]
    order = np.argsort(-some, axis=0, kind="stable").T  # (D, N): sites of each demand, best first
    levels = np.take_along_axis(some.T, order, axis=1)
    step = levels - np.concatenate([levels[:, 1:], np.zeros((len(levels), 1))], axis=1)
    demand, rank = np.nonzero(step > 0)
    if not len(demand):
        return Sets(csr_array((0, n)), NOBODY, np.empty(0), NOBODY)
    keys = np.random.default_rng(0).integers(0, 2**63, (2, n), dtype=np.uint64)
    marks = [np.cumsum(key[order], axis=1, dtype=np.uint64)[demand, rank] for key in keys]  # sums wrap around: no harm
    first, number = _different(*marks)
    if len(first) > most:
        return None
    before = np.full(len(demand), -1)  # the step before it of the same demand
    same = np.flatnonzero(demand[1:] == demand[:-1]) + 1
    before[same] = same - 1
    begin = np.where(before[first] >= 0, rank[before[first]] + 1, 0)
    size = rank[first] + 1 - begin
    owner = np.repeat(np.arange(len(first)), size)
    at = np.arange(len(owner)) - np.repeat(np.cumsum(size) - size, size) + np.repeat(begin, size)
    own = csr_array((np.ones(len(owner)), (owner, order[demand[first][owner], at])), shape=(len(first), n))
    parent = np.where(before[first] >= 0, number[before[first]], -1)
    return Sets(own, parent, np.bincount(number, step[demand, rank]).astype(float), np.ones(len(first), np.int64))


def _different(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> tuple[Ints, Ints]:
    """(rows where a pair of marks is seen first, the number of each row's pair)."""
    order = np.lexsort((a, b))
    new = np.concatenate([[True], (np.diff(a[order]) != 0) | (np.diff(b[order]) != 0)])
    number = np.empty(len(a), np.int64)
    number[order] = np.cumsum(new) - 1
    return order[new], number


def merged_rows(covers: Bools, weight: Floats, need: Ints) -> Sets:
    """One set for all demands that the same sites reach and that need as many of them."""
    n, d = covers.shape
    if not d:
        return Sets(csr_array((0, n)), NOBODY, np.empty(0), NOBODY)
    bits = np.ascontiguousarray(np.vstack([np.packbits(covers, axis=0), need[None].astype(np.uint8)]).T)
    _, first, number = np.unique(bits.view(f"V{bits.shape[1]}").ravel(), return_index=True, return_inverse=True)
    own = csr_array(covers[:, first].T.astype(float))
    return Sets(own, np.full(len(first), -1), np.bincount(number.ravel(), weight).astype(float), need[first])


def best_gain(
    sets: Sets, p: int, sites: Sites, *, forced: Ints = NOBODY, time_limit_s: float | None = None
) -> tuple[Ints, float, str]:
    """
    (at most ``p`` sites with the largest sum of gains, a bound on any sum, what stopped the search).

    The bound is minus infinity where no choice keeps what ``sites`` and ``forced`` demand; there are no sites then, as
    where the search was stopped before it found any.
    """
    r, n = sets.own.shape
    if not r or p <= 0:
        return NOBODY, 0.0, ""
    scale = float(sets.gain.max()) or 1.0
    has = np.flatnonzero(sets.parent >= 0)
    chain = csr_array((np.ones(len(has)), (has, sets.parent[has])), shape=(r, r))
    needs = csr_array((sets.need.astype(float), (np.arange(r), np.arange(r))), shape=(r, r))
    # need x z <= z of the parent + sites of its own
    rows = [LinearConstraint(hstack([sets.own, chain - needs]).tocsr(), 0, np.inf), *limits(sites, n, r, p)]
    low, high = np.zeros(n + r), np.ones(n + r)
    low[forced] = 1
    high[np.asarray(sites.barred, np.int64)] = 0
    whole = np.concatenate([np.ones(n), (sets.need > 1).astype(float)])
    cost = np.concatenate([np.zeros(n), -sets.gain / scale])
    found = highs(cost, rows, whole, Bounds(low, high), time_limit_s)
    if found.status == 2:
        return NOBODY, -np.inf, ""
    bound = float(sets.gain.sum())
    if found.mip_dual_bound is not None:
        bound = min(bound, -float(found.mip_dual_bound) * scale)
    return (NOBODY if found.x is None else np.flatnonzero(found.x[:n] > 0.5)), bound, why_stopped(found)


def covering(covers: Bools, need: Ints, sites: Sites, p: int | None, time_limit_s: float | None) -> Choice | None:
    """
    The cheapest sites by which every demand has as many as it needs; of at most ``p`` where given; None: impossible.

    Demands are added as they turn out to be missed: a few of many thousands decide.
    """
    n = len(covers)
    barred = np.asarray(sites.barred, np.int64)
    usable = np.ones(n, bool)
    usable[barred] = False
    if (covers[usable].sum(axis=0) < need).any():
        return None
    sets = merged_rows(covers, np.ones(covers.shape[1]), need)
    cost = np.ones(n) if sites.cost is None else np.asarray(sites.cost, float)
    rows = NOBODY
    found: Choice | None = Choice(NOBODY, 0.0, 0.0)
    # The rarest first: where few sites can serve, there is least to choose.
    rarity = np.argsort(sets.own.sum(axis=1) - sets.need, kind="stable")
    while found is not None:
        picked = np.zeros(n)
        picked[found.sites] = 1.0
        missed = (sets.own @ picked < sets.need - 0.5)[rarity]
        if not missed.any():
            return found
        rows = np.concatenate([rows, rarity[missed][:_ROWS_AT_ONCE]])
        found = _cheapest(sets.own[rows], sets.need[rows], sites, cost, p, time_limit_s)
        if found is not None and found.stopped:
            return _patched(found, sets, sites, cost)
    return None


def _cheapest(
    own: csr_array, need: Ints, sites: Sites, cost: Floats, p: int | None, time_limit_s: float | None
) -> Choice | None:
    n = own.shape[1]
    rows = [LinearConstraint(own, need, np.inf), *limits(sites, n, 0, p)]
    high = np.ones(n)
    high[np.asarray(sites.barred, np.int64)] = 0
    found = highs(cost, rows, np.ones(n), Bounds(0, high), time_limit_s)
    if found.status == 2:
        return None
    bound = float(found.mip_dual_bound) if found.mip_dual_bound is not None else 0.0
    if sites.cost is None:
        bound = float(np.ceil(bound - 1e-6))
    if found.x is None:
        return Choice(NOBODY, np.inf, bound, why_stopped(found) or "nodes")
    chosen = np.flatnonzero(found.x > 0.5)
    value = float(cost[chosen].sum())
    return Choice(chosen, value, value if found.status == 0 else min(bound, value), why_stopped(found))


def _patched(found: Choice, sets: Sets, sites: Sites, cost: Floats) -> Choice | None:
    """A stopped covering made whole: the site that most of those missed need, again and again."""
    n = sets.own.shape[1]
    picked = np.zeros(n)
    picked[found.sites] = 1.0
    barred = np.zeros(n, bool)
    barred[np.asarray(sites.barred, np.int64)] = True
    apart = apart_table(sites)
    while True:
        missed = sets.own @ picked < sets.need - 0.5
        if not missed.any():
            break
        worth = (sets.own[np.flatnonzero(missed)].sum(axis=0)) / cost
        worth[(picked > 0) | barred] = 0
        if apart.size:
            worth[apart[:, picked > 0].any(axis=1)] = 0
        if not worth.any():
            return Choice(np.arange(n), np.inf, found.bound, found.stopped)
        picked[int(np.argmax(worth))] = 1.0
    chosen = np.flatnonzero(picked)
    return Choice(chosen, float(cost[chosen].sum()), found.bound, found.stopped)


def limits(sites: Sites, n: int, more: int, p: int | None) -> list[LinearConstraint]:
    """At most ``p`` sites, within the budget, and of each pair one; ``more`` further variables follow."""

    def row(values: Floats) -> csr_array:
        return csr_array(np.concatenate([values, np.zeros(more)])[None])

    out = [] if p is None else [LinearConstraint(row(np.ones(n)), 0, p)]
    if np.isfinite(sites.budget):
        out.append(LinearConstraint(row(np.ones(n) if sites.cost is None else sites.cost), 0, sites.budget))
    pairs = np.asarray(sites.apart, np.int64).reshape(-1, 2)
    if len(pairs):
        index = np.repeat(np.arange(len(pairs)), 2)
        table = csr_array((np.ones(2 * len(pairs)), (index, pairs.ravel())), shape=(len(pairs), n + more))
        out.append(LinearConstraint(table, 0, 1))
    return out


def highs(
    cost: Floats, rows: list[LinearConstraint], whole: Floats, bounds: Bounds, time_limit_s: float | None
) -> OptimizeResult:
    options: dict[str, float] = {"mip_rel_gap": 0.0, "node_limit": NODES}
    if time_limit_s is not None:
        options["time_limit"] = time_limit_s
    return milp(cost, constraints=rows, integrality=whole, bounds=bounds, options=options)


def why_stopped(found: OptimizeResult) -> str:
    """What stopped HiGHS; empty where it ended by itself."""
    return {0: "", 1: "limit", 2: ""}.get(found.status, "solver")


def apart_table(sites: Sites) -> Bools:
    """(N, N) pairs that may not be chosen together; (0, 0) where there are none."""
    pairs = np.asarray(sites.apart, np.int64).reshape(-1, 2)
    table = np.zeros((sites.count, sites.count) if len(pairs) else (0, 0), bool)
    table[pairs[:, 0], pairs[:, 1]] = table[pairs[:, 1], pairs[:, 0]] = True
    return table
