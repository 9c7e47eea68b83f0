"""The two loops of `location` that run compiled: exchange of sites, and prices of demands."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_HALVE_AFTER = 12  # steps without a better bound after which the step of the prices is halved


@njit(cache=True)
def greedy(indptr, indices, data, demands, p, apart):
    """(q,) sites, q <= p, each next the one that saves most beside those before it; see `swapped`."""
    chosen = np.empty(p, np.int64)
    best = np.zeros(demands)
    inside = np.zeros(len(indptr) - 1, np.bool_)
    for count in range(p):
        site = _next(indptr, indices, data, chosen, count, apart, inside, best)
        if site < 0:
            return chosen[:count]
        chosen[count] = site
        inside[site] = True
        for k in range(indptr[site], indptr[site + 1]):
            best[indices[k]] = max(best[indices[k]], data[k])
    return chosen


@njit(cache=True)
def swapped(indptr, indices, data, demands, p, apart):
    """
    (q,) sites, q <= p: greedy, then the best exchange of one for another until none saves more.

    Row i of the CSR arrays (``indptr``, ``indices``, ``data``) says what site i saves which demands; ``apart`` (N, N)
    or (0, 0) which sites may not stand together. Ties go to the lower site.
    """
    chosen = greedy(indptr, indices, data, demands, p, apart)
    count = len(chosen)
    best = np.zeros(demands)  # most saved, and by which place in ``chosen``
    second = np.zeros(demands)
    by = np.full(demands, -1, np.int64)
    inside = np.zeros(len(indptr) - 1, np.bool_)
    for site in chosen:
        inside[site] = True
    while count:
        _ranked(indptr, indices, data, chosen, count, best, second, by)
        site, place = _exchange(indptr, indices, data, chosen, count, apart, inside, best, second, by)
        if site < 0:
            break
        inside[chosen[place]] = False
        inside[site] = True
        chosen[place] = site
    return chosen


@njit(cache=True)
def _next(indptr, indices, data, chosen, count, apart, inside, best):
    """The site that saves most beside those chosen; -1 if none saves anything."""
    top, site = 0.0, -1
    for i in range(len(indptr) - 1):
        if inside[i] or _clash(apart, chosen, count, i) != -1:
            continue
        gain = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            gain += max(0.0, data[k] - best[indices[k]])
        if gain > top:
            top, site = gain, i
    return site


@njit(cache=True)
def _exchange(indptr, indices, data, chosen, count, apart, inside, best, second, by):
    """(site, place of the one it replaces) that saves most more; (-1, -1) if none does."""
    alone = np.zeros(count)  # what each chosen site alone saves
    for j in range(len(best)):
        if by[j] >= 0:
            alone[by[j]] += best[j] - second[j]
    loss = np.empty(count)
    top, site, place = 1e-12 * best.sum(), -1, -1
    for i in range(len(indptr) - 1):
        clash = -2 if inside[i] else _clash(apart, chosen, count, i)
        if clash == -2:
            continue
        loss[:] = alone
        gain = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            j, s = indices[k], data[k]
            gain += max(0.0, s - best[j])
            if by[j] >= 0 and s > second[j]:
                loss[by[j]] -= min(s, best[j]) - second[j]
        for r in range(count):
            if (clash < 0 or clash == r) and gain - loss[r] > top:
                top, site, place = gain - loss[r], i, r
    return site, place


@njit(cache=True)
def _clash(apart, chosen, count, site):
    """The one place in ``chosen`` that ``site`` may not stand with; -1 if there is none, -2 if there are several."""
    found = -1
    if apart.shape[0]:
        for r in range(count):
            if apart[site, chosen[r]]:
                if found >= 0:
                    return -2
                found = r
    return found


@njit(cache=True)
def _ranked(indptr, indices, data, chosen, count, best, second, by):
    """What the best and the second best of the chosen sites save each demand, and which is the best."""
    best[:] = 0.0
    second[:] = 0.0
    by[:] = -1
    for r in range(count):
        i = chosen[r]
        for k in range(indptr[i], indptr[i + 1]):
            j, s = indices[k], data[k]
            if s > best[j]:
                second[j] = best[j]
                best[j] = s
                by[j] = r
            elif s > second[j]:
                second[j] = s


@njit(cache=True)
def _priced(indptr, indices, data, price, each):
    for i in range(len(each)):
        total = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            over = data[k] - price[indices[k]]
            if over > 0.0:
                total += over
        each[i] = total


@njit(cache=True)
def _descend(indptr, indices, data, demands, p, value, steps):
    n = len(indptr) - 1
    price = np.zeros(demands)
    for k in range(len(data)):  # half of what the best site saves: a fair start
        price[indices[k]] = max(price[indices[k]], data[k] / 2)
    each, kept_each, kept_sum, least = np.empty(n), np.empty(n), 0.0, np.inf
    stride, since = 2.0, 0
    slope = np.empty(demands)
    for _ in range(steps):
        _priced(indptr, indices, data, price, each)
        order = np.argsort(-each, kind="mergesort")[:p]
        bound = price.sum() + each[order].sum()
        since = 0 if bound < least * (1 - 1e-6) else since + 1
        if bound < least:
            least, kept_sum = bound, price.sum()
            kept_each[:] = each
        if since >= _HALVE_AFTER:
            stride, since = stride / 2, 0
        size = _slope(indptr, indices, data, price, order, slope)
        if least <= value * (1 + 1e-12) or size == 0.0 or stride < 1e-4:
            break
        length = stride * max(bound - value, 1e-9 * bound) / size
        for j in range(demands):
            price[j] = max(0.0, price[j] - length * slope[j])
    return kept_sum, kept_each


@njit(cache=True)
def _slope(indptr, indices, data, price, order, slope):
    """1 less the number of the best sites that save a demand more than its price; the sum of squares."""
    slope[:] = 1.0
    for i in order:
        for k in range(indptr[i], indptr[i + 1]):
            if data[k] > price[indices[k]]:
                slope[indices[k]] -= 1.0
    size = 0.0
    for j in range(len(slope)):
        if slope[j] > 0 and price[j] <= 0:
            slope[j] = 0.0
        size += slope[j] * slope[j]
    return size


def prices(
    indptr: NDArray, indices: NDArray, data: NDArray, demands: int, p: int, value: float, steps: int
) -> tuple[float, NDArray[np.float64]]:
    """
    (sum of the prices, (N,) what each site saves above them) of the lowest bound found by subgradient steps.

    The sum and the ``p`` largest together are a bound on what ``p`` sites save, whatever the prices; ``value`` is
    what the best known choice saves.
    """
    return _descend(indptr, indices, data, demands, min(p, len(indptr) - 1), value, steps)
