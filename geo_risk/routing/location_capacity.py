"""
The p-median where a site can serve no more than so much: who is served by whom is then part of the question.

A demand may be shared by several sites. What none has room for, or reaches within ``cap``, counts as ``cap`` minutes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint
from scipy.sparse import coo_array, csr_array, hstack

from ..errors import InputError
from .location import free_sites
from .location_exact import NOBODY, Bools, Choice, Floats, Ints, Sites, highs, limits, why_stopped

# Pairs of a site and a demand beyond which the model is refused: its first relaxation alone takes minutes.
MOST_PAIRS = 60_000


class Shared(NamedTuple):
    """The sites chosen, and (N, D) which part of each demand each site serves; kept sites serve too."""

    choice: Choice
    part: Floats


def p_median_capacity(
    minutes: Floats, weight: Floats, capacity: Floats, p: int, sites: Sites, *, cap: float,
    time_limit_s: float | None = None,
) -> Shared:  # fmt: skip
    """
    At most ``p`` new sites with the least sum of weight x minutes, none serving more weight than it can.

    Parameters
    ----------
    minutes : (N, D) from each site to each demand; infinite where there is no way.
    weight : (D,) not negative.
    capacity : (N,) most weight that a site can serve; infinite for any.
    cap : minutes counted for what nobody serves.

    Returns
    -------
    Shared
        ``value`` [weight min]; ``bound``: no choice has less.

    Raises
    ------
    InputError
        If a capacity is negative or not a number, or there are more than 60,000 pairs of a site and a demand.
    """
    if not (np.asarray(capacity) >= 0).all():
        raise InputError("a capacity is negative or not a number: write how much each site can serve, 0 or more.")
    n, d = minutes.shape
    site, demand = np.nonzero((minutes < cap) & (weight > 0))
    base = float(weight.sum() * cap)
    if not len(site):
        return Shared(Choice(NOBODY, base, base), np.zeros((n, d)))
    if len(site) > MOST_PAIRS:
        raise InputError(f"{len(site)} pairs of a site and a demand are too many to share out: give fewer candidates.")
    saved = weight[demand] * (cap - minutes[site, demand])
    scale = float(saved.max())
    rows, low, high = _model(site, demand, (n, d), weight, capacity, sites, p)
    whole = np.concatenate([np.ones(n), np.zeros(len(site))])
    cost = np.concatenate([np.zeros(n), -saved / scale])
    found = highs(cost, rows, whole, Bounds(low, high), time_limit_s)
    most = float(saved.sum()) if found.mip_dual_bound is None else -float(found.mip_dual_bound) * scale
    if found.x is None:
        return Shared(Choice(NOBODY, base, base - most, why_stopped(found)), np.zeros((n, d)))
    part = np.zeros((n, d))
    part[site, demand] = np.clip(found.x[n:], 0.0, 1.0)
    value = base - float(saved @ part[site, demand])
    new = np.setdiff1d(np.flatnonzero(found.x[:n] > 0.5), np.asarray(sites.kept, np.int64))
    stopped = why_stopped(found)
    return Shared(Choice(new, value, min(value, base - most) if stopped else value, stopped), part)


def _model(
    site: Ints, demand: Ints, shape: tuple[int, int], weight: Floats, capacity: Floats, sites: Sites, p: int
) -> tuple[list[LinearConstraint], Floats, Floats]:
    """Constraints and bounds of the variables: N sites, then the part that each pair serves."""
    (n, d), k = shape, len(site)
    pair = np.arange(k)
    ones = np.ones(k)
    least = np.zeros(n + k)
    most = np.ones(n + k)
    kept: Bools = np.zeros(n, bool)
    free = np.zeros(n, bool)
    kept[np.asarray(sites.kept, np.int64)] = True
    free[free_sites(sites)] = True
    least[:n][kept] = 1.0
    most[:n][~(kept | free)] = 0.0
    pairs = np.asarray(sites.apart, np.int64).reshape(-1, 2)
    price = np.where(kept, 0.0, 1.0 if sites.cost is None else sites.cost)
    new_ones = Sites(n, apart=pairs[free[pairs].all(axis=1)], cost=price, budget=sites.budget)
    served = coo_array((ones, (demand, pair)), shape=(d, k)).tocsr()
    opened = coo_array((-ones, (pair, site)), shape=(k, n)).tocsr()  # a part only of a site that is chosen
    some = np.flatnonzero(np.isfinite(capacity))
    load = coo_array((weight[demand], (site, pair)), shape=(n, k)).tocsr()[some]
    room = coo_array((-capacity[some], (np.arange(len(some)), some)), shape=(len(some), n)).tocsr()
    new = csr_array(np.concatenate([~kept, np.zeros(k)])[None].astype(float))
    rows = [
        LinearConstraint(hstack([csr_array((d, n)), served]).tocsr(), 0, 1),
        LinearConstraint(hstack([opened, csr_array((ones, (pair, pair)), shape=(k, k))]).tocsr(), -np.inf, 0),
        LinearConstraint(new, 0, p),
        *limits(new_ones, n, k, None),
    ]
    if len(some):
        rows.append(LinearConstraint(hstack([room, load]).tocsr(), -np.inf, 0))
    return rows, least, most
