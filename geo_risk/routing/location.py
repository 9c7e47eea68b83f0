"""
Where to put facilities: which of some candidate sites serve the demand best, with a true bound on how much better any
other choice could be.

Every model is a sum of *savings*: of the sites chosen, the one that saves a demand most serves it. Covering saves a
demand its whole weight, the p-median saves it the minutes by which the new site is nearer. So one search, one bound
and one exact model serve them all:

- swap: the best exchange of one site for another, until there is none (Whitaker 1983), from a greedy start;
- bound: for any prices u >= 0, no p sites save more than sum(u) + the p largest sums over j of max(0, s_ij - u_j)
  (Cornuejols, Fisher, Nemhauser 1977); sites that this bound and the best choice found rule out, or in, are settled;
- exact: the rest by HiGHS in the form of Elloumi (2010): one variable for each different set of nearest sites.

Sites that are there already are no part of the problem: what they save is taken off first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from .location_exact import (
    NOBODY,
    SAME,
    Bools,
    Choice,
    Floats,
    Ints,
    Sites,
    apart_table,
    best_gain,
    covering,
    merged_rows,
    prefixes,
)
from .location_search import greedy, prices, swapped

# Sets of nearest sites beyond which the exact model is not tried: its first relaxation alone takes minutes.
MOST_SETS = 150_000
_PRICE_STEPS = 300


def mclp(minutes: Floats, limit: float, weight: Floats, p: int, sites: Sites, *, cover: int = 1,
         time_limit_s: float | None = None) -> Choice:  # fmt: skip
    """
    At most ``p`` new sites by which most weight is reached within a limit (maximal covering, Church & ReVelle 1974).

    Parameters
    ----------
    minutes : (N, D) from each site to each demand; infinite where there is no way.
    weight : (D,) not negative.
    cover : how many sites, kept ones included, must reach a demand for it to count: 2 is backup coverage.

    Returns
    -------
    Choice
        ``value``: weight reached, that of the kept sites included.
    """
    covers, free = within(minutes, limit), free_sites(sites)
    need = _needed(covers, sites, cover)
    base = float(weight[need <= 0].sum())
    open_ = (need > 0) & (weight > 0) & (covers[free].sum(axis=0) >= need)
    rest, inner = covers[np.ix_(free, open_)], _inner(sites, free)
    if cover == 1:
        return _shifted(most_saved(rest * weight[open_], p, inner, time_limit_s), free, base, 1)
    chosen, bound, stopped = best_gain(
        merged_rows(rest, weight[open_], need[open_]), p, inner, time_limit_s=time_limit_s
    )
    value = float(weight[open_][rest[chosen].sum(axis=0) >= need[open_]].sum())
    return _shifted(Choice(chosen, value, max(value, bound) if stopped else value, stopped), free, base, 1)


def mclp_curve(minutes: Floats, limit: float, weight: Floats, most: int, sites: Sites, *,
               time_limit_s: float | None = None) -> list[Choice]:  # fmt: skip
    """`mclp` for 0, 1, ... ``most`` new sites."""
    return [mclp(minutes, limit, weight, p, sites, time_limit_s=time_limit_s) for p in range(most + 1)]


def p_median(minutes: Floats, weight: Floats, p: int, sites: Sites, *, cap: float,
             time_limit_s: float | None = None) -> Choice:  # fmt: skip
    """
    At most ``p`` new sites with the least sum of weight x minutes to the nearest site (Hakimi 1964).

    ``cap``: minutes counted, at most, for each demand: also for what nobody reaches. ``value``: the sum [weight min].
    """
    now = nearest(minutes, sites.kept, cap)
    free = free_sites(sites)
    saved = np.maximum(now - minutes[free], 0.0) * weight
    saved[:, ~np.isfinite(now)] = 0.0
    return _shifted(most_saved(saved, p, _inner(sites, free), time_limit_s), free, float(now @ weight), -1)


def p_center(minutes: Floats, p: int, sites: Sites, *, time_limit_s: float | None = None) -> Choice | None:
    """
    At most ``p`` new sites so that the farthest demand is as near as can be (Minieka 1970: covering at each radius).

    Every demand (column) counts; None where no choice reaches them all. ``value``: minutes of the worst served.
    """
    now, free = nearest(minutes, sites.kept), free_sites(sites)
    inner, ahead = _inner(sites, free), minutes[free]
    least = float(np.minimum(now, ahead.min(axis=0, initial=np.inf)).max(initial=0.0))
    if not np.isfinite(least):
        return None
    radii = np.unique(np.concatenate([ahead.ravel(), now, [least]]))
    radii = radii[(radii >= least) & (radii <= now.max(initial=0.0)) & np.isfinite(radii)]
    low, high, proven, best, stopped = 0, len(radii), 0, None, ""  # below proven: impossible; from high on: possible
    while low < high:
        middle = (low + high) // 2
        covers = ahead[:, now > radii[middle]] <= radii[middle]
        found = covering(covers, np.ones(covers.shape[1], np.int64), inner, p, time_limit_s)
        if found is not None and len(found.sites) <= p and not np.isinf(found.value):
            best, high = found.sites, middle
            continue
        low = middle + 1
        if found is None or found.bound > p + SAME:
            proven = low
        else:
            stopped = found.stopped or "limit"
    if best is None:
        return None
    value = float(np.minimum(now, nearest(ahead, best)).max(initial=0.0))
    return Choice(free[best], value, min(value, float(radii[proven])), stopped)


def lscp(minutes: Floats, limit: float, sites: Sites, *, cover: int = 1,
         time_limit_s: float | None = None) -> Choice | None:  # fmt: skip
    """
    The fewest new sites (the cheapest, where they have costs) that reach every demand within a limit (Toregas 1971).

    Every demand (column) must be reached by ``cover`` sites, kept ones included; None where no choice can.
    ``value``: number or cost of the new sites.
    """
    covers = within(minutes, limit)
    need, free = _needed(covers, sites, cover), free_sites(sites)
    open_ = need > 0
    found = covering(covers[np.ix_(free, open_)], need[open_], _inner(sites, free), None, time_limit_s)
    return None if found is None else replace(found, sites=free[found.sites])


def least_for(minutes: Floats, limit: float, weight: Floats, share: float, sites: Sites, *,
              time_limit_s: float | None = None) -> Choice | None:  # fmt: skip
    """
    The fewest new sites that reach a share of the weight within a limit; None where no choice does.

    Greedy says how many are enough, prices how many are too few, and `mclp` what lies between. ``value``: their number;
    ``bound``: no fewer can do.
    """
    covers, free = within(minutes, limit), free_sites(sites)
    late = _needed(covers, sites, 1) > 0
    goal = share * float(weight.sum()) * (1 - SAME) - float(weight[~late].sum())
    saved = covers[np.ix_(free, late)] * weight[late]
    if goal <= 0:
        return Choice(NOBODY, 0.0, 0.0)
    if saved.max(axis=0, initial=0.0).sum() < goal:
        return None
    rows = _rows(saved)
    chosen = greedy(*rows, saved.shape[1], len(free), apart_table(_inner(sites, free)))
    reached = np.array([_saved_by(saved, chosen[: k + 1]) for k in range(len(chosen))])
    enough = np.flatnonzero(reached >= goal)
    best = free[np.sort(chosen[: enough[0] + 1])] if len(enough) else None
    high = len(free) if best is None else len(best) - 1  # from high + 1 on it is known to be possible
    price, each = prices(*rows, saved.shape[1], high + 1, goal, _PRICE_STEPS)
    low = int(np.searchsorted(price + np.cumsum(-np.sort(-each)), goal)) + 1
    sure, stopped = low, ""
    while low <= high:
        p = (low + high) // 2
        found = mclp(minutes, limit, weight, p, sites, time_limit_s=time_limit_s)
        if found.value >= share * float(weight.sum()) * (1 - SAME):
            best, high = found.sites, min(p, len(found.sites)) - 1
            continue
        low = p + 1
        if found.bound < share * float(weight.sum()) * (1 - SAME):
            sure = low
        else:
            stopped = found.stopped or "limit"
    if best is None:
        return None
    return Choice(best, float(len(best)), float(sure if stopped else len(best)), stopped)


def within(minutes: Floats, limit: float) -> Bools:
    """Which minutes are within a limit, the noise of sums of fractions aside."""
    return minutes <= limit * (1 + SAME) + SAME


def nearest(minutes: Floats, rows: Sequence[int] | Ints, cap: float = np.inf) -> Floats:
    """(D,) minutes from the nearest of some sites, ``cap`` at most."""
    return np.minimum(minutes[np.asarray(rows, np.int64)].min(axis=0, initial=np.inf), cap)


def most_saved(saved: Floats, p: int, sites: Sites, time_limit_s: float | None = None) -> Choice:
    """
    At most ``p`` sites with the largest sum over demands of the most that one of them saves it.

    ``saved`` (N, D), not negative; ``sites`` may bar, keep apart and cost, but keeps none. ``value``: the sum.
    """
    p = min(p, len(saved))
    if p <= 0 or not saved.size or not saved.any():
        return Choice(NOBODY, 0.0, 0.0)
    rows = _rows(saved)
    start = NOBODY
    if not np.isfinite(sites.budget):
        start = np.sort(swapped(*rows, saved.shape[1], p, apart_table(sites)))
    value = _saved_by(saved, start)
    price, each = prices(*rows, saved.shape[1], p, value, _PRICE_STEPS)
    order = np.argsort(-each, kind="stable")
    bound = float(price + each[order[:p]].sum())
    if bound <= value * (1 + SAME):
        return Choice(start, value, value)
    in_, out = _settled(each, order, p, bound, value)
    return _finished(saved, p, sites, start, value, bound, (in_, out), time_limit_s)


def _settled(each: Floats, order: Ints, p: int, bound: float, value: float) -> tuple[Bools, Bools]:
    """
    Sites that are in, and that are out of, every choice better than ``value``.

    A choice with a site outside the p best prices loses their difference; one without a site of them likewise.
    """
    n = len(each)
    last = each[order[p - 1]]
    following = each[order[p]] if n > p else 0.0
    top = np.zeros(n, bool)
    top[order[:p]] = True
    slack = value * (1 - SAME) - SAME
    return top & (bound - each + following < slack), ~top & (bound - last + each < slack)


def _finished(
    saved: Floats, p: int, sites: Sites, start: Ints, value: float, bound: float, settled: tuple[Bools, Bools],
    time_limit_s: float | None,
) -> Choice:  # fmt: skip
    """The exact model over the sites that are not settled; the better of it and of the start."""
    in_, out = settled
    left = np.flatnonzero(~out)
    sets = prefixes(saved[left], MOST_SETS)
    if sets is None:
        return Choice(start, value, bound, "size")
    chosen, above, stopped = best_gain(
        sets, p, _inner(sites, left), forced=np.flatnonzero(in_[left]), time_limit_s=time_limit_s
    )
    # What is settled holds for choices better than the start, so the start bounds all others.
    found = _saved_by(saved[left], chosen)
    best, sites_ = (found, left[chosen]) if found > value * (1 + SAME) else (value, start)
    return Choice(sites_, best, max(best, min(bound, above)) if stopped else best, stopped)


def _needed(covers: Bools, sites: Sites, cover: int) -> Ints:
    """(D,) how many more sites each demand needs than those that are there."""
    return cover - covers[np.asarray(sites.kept, np.int64)].sum(axis=0)


def free_sites(sites: Sites) -> Ints:
    """Candidates that may be chosen: neither kept nor barred, nor too near to one that is kept."""
    out = np.zeros(sites.count, bool)
    kept = np.zeros(sites.count, bool)
    kept[np.asarray(sites.kept, np.int64)] = True
    out[np.asarray(sites.barred, np.int64)] = True
    pairs = np.asarray(sites.apart, np.int64).reshape(-1, 2)
    out[pairs[kept[pairs[:, 0]], 1]] = True
    out[pairs[kept[pairs[:, 1]], 0]] = True
    return np.flatnonzero(~(out | kept))


def _inner(sites: Sites, rows: Ints) -> Sites:
    """The question among some of the candidates alone."""
    place = np.full(sites.count, -1)
    place[rows] = np.arange(len(rows))
    pairs = place[np.asarray(sites.apart, np.int64).reshape(-1, 2)]
    cost = None if sites.cost is None else np.asarray(sites.cost, float)[rows]
    return Sites(len(rows), apart=pairs[(pairs >= 0).all(axis=1)], cost=cost, budget=sites.budget)


def _shifted(found: Choice, rows: Ints, base: float, sign: int) -> Choice:
    """A choice among ``rows`` in the numbers of all candidates, its value counted from ``base``."""
    return replace(found, sites=rows[found.sites], value=base + sign * found.value, bound=base + sign * found.bound)


def _rows(saved: Floats) -> tuple[Ints, Ints, Floats]:
    """A table as CSR arrays, for the compiled loops."""
    table = csr_array(saved)
    return table.indptr.astype(np.int64), table.indices.astype(np.int64), table.data.astype(np.float64)


def _saved_by(saved: Floats, rows: Ints) -> float:
    return float(saved[rows].max(axis=0, initial=0.0).sum())
