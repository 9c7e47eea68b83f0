"""Many starts and many places at once: the table of times, and the fastest route of each pair."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import hierarchy
from .network import Network
from .reach import (
    BY_HEAD,
    BY_TAIL,
    DIRECT,
    Pieces,
    Starts,
    best_arrival,
    direct_ms,
    entries,
    joined_pieces,
    remaining_ms,
    seeds,
)
from .search import seeds_of, times_from_each, ways_between
from .snap import Snapped

Floats = NDArray[np.float64]


def travel_ms(
    network: Network, starts: Starts, places: Snapped, *, limit_ms: float = np.inf
) -> tuple[Floats, NDArray[np.int8]]:
    """
    What `reach.arrival_ms` says of every start and place, (S, P) each; a search ends when it has all places.

    Places not reached within the limit [ms] are infinitely far; the last partial edge may go beyond it.
    """
    columns, back = np.unique(np.concatenate(entries(network, places)), return_inverse=True)
    begun = seeds(network, starts)
    if hierarchy.is_worth_it(len(starts), limit_ms):
        times = hierarchy.table(network.graph, network.x, network.y, begun, columns)
    else:
        times = times_from_each(network.graph, begun, columns, limit_ms)
    tail, head = np.split(back, 2)
    return best_arrival(network, times[:, tail], times[:, head], starts, places)


def routes_between(
    network: Network, starts: Starts, places: Snapped, *, limit_ms: float = np.inf
) -> tuple[Floats, Pieces]:
    """
    The fastest route from each start to the place of the same number.

    Returns
    -------
    ms : (N,)
        Time [ms] from the call, the place's straight leg not included; infinite without a way within ``limit_ms``.
    pieces : Pieces
        Stretches in driving order; ``line`` counts the routes found, in order, without gaps.
    """
    count = len(starts)
    rest = np.concatenate(remaining_ms(network, places))
    row = np.tile(np.arange(count), 2)
    goals = seeds_of(row, np.concatenate(entries(network, places)), rest, np.arange(2 * count), count)
    begun = seeds(network, starts)
    ways = ways_between(network.graph, network.reverse, begun, goals, limit_ms)
    how = np.where(goals.origin[ways.goal] < count, BY_TAIL, BY_HEAD) if len(goals.origin) else np.full(count, BY_TAIL)
    ms = ways.ms.copy()
    own, other, direct = direct_ms(network, starts, places)
    same = (own == other) & (direct <= limit_ms)
    own, direct = own[same], direct[same]
    shorter = direct <= ms[own]
    ms[own[shorter]] = direct[shorter]
    how[own[shorter]] = DIRECT
    found = np.flatnonzero(np.isfinite(ms))
    number = np.full(count, -1)
    number[found] = np.arange(len(found))
    route = number[np.repeat(np.arange(count), np.diff(ways.first))]
    driven = (route >= 0) & (how[found][route] != DIRECT) if len(found) else route >= 0
    by_head = begun.origin[ways.seed[found]] >= count if len(begun.origin) else np.zeros(len(found), bool)
    pieces = joined_pieces(
        network, starts.at.take(found), by_head, route[driven], ways.node[driven].astype(np.int64),
        places.take(found), how[found],
    )  # fmt: skip
    return ms, pieces
