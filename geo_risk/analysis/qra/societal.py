"""Societal risk: how many die in each outcome, and how often: F-N curves, PLL and where the expected deaths are.

People are laid on each place's polar grid once; then every outcome in every weather and each of
the 144 wind directions is a sum over rings and angles. What an outcome does on a ring is worked out
once for all periods and for a few places whose sources are alike. The same grid carries the kernels,
so the area under F-N equals the sum of the kernels over the people to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from .arcs import FINE, HALF, RINGS, add_arc, normal_table, part_of, ring, still
from .kernels import spans, threads
from .outcomes import ANY_WEATHER, Stack, View
from .weather import ANGLES, STEP, Weather

_F = np.float32
_ROUNDING = 1e-6  # of single precision: 10 deaths must count as 10
_ALIKE = 8  # places that go through their outcomes together: 0.7 MB each
# Numbers of deaths at which the curve is kept: 1, 2, ... 9 in every decade.
DEATHS = np.concatenate([np.arange(1, 10) * 10.0**k for k in range(6)])


@dataclass(frozen=True)
class FN:
    """
    F-N by source.

    Parameters
    ----------
    deaths : (T,) numbers of deaths N.
    frequency : (S, T) frequency per year of N or more deaths.
    pll : (S,) expected deaths per year (potential loss of life).
    most : (S,) deaths of the worst outcome.
    """

    deaths: NDArray[np.float64]
    frequency: NDArray[np.float64]
    pll: NDArray[np.float64]
    most: NDArray[np.float64]


@dataclass(frozen=True)
class People:
    """People at points (N,) [m], each standing for a square of ``side_m`` [m]: persons (N,) by period."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    side_m: float
    persons: Mapping[str, NDArray[np.float64]]


def fn_curves(
    outcomes: Stack,
    x: ArrayLike,
    y: ArrayLike,
    weather: Weather,
    views: Mapping[str, View],
    people: People,
    *,
    alike: ArrayLike | None = None,
    further: Mapping[str, NDArray[np.float64]] | None = None,
    workers: int = 1,
) -> FN:
    """
    F-N and PLL of sources at (x, y) (S,) [m].

    ``views`` by period say whose probabilities count and for which share of the weather (see
    `outcomes.societal`); ``people.persons`` has the same periods. Sources of the same number in
    ``alike`` (S,) have the same outcomes. Fractions of deaths count as such. With ``further`` persons (N,) by period
    the table has 2 S rows: each source with the people alone, then each with the further ones among them.
    """
    xs, ys = np.asarray(x, float), np.asarray(y, float)
    count = len(xs)
    reach, first = spans(outcomes, count)
    total = count * (1 if further is None else 2)
    bins, pll, most = np.zeros((total, len(DEATHS) + 1)), np.zeros(total), np.zeros(total)
    threads(workers)
    northward = np.argsort(people.y, kind="stable")
    px, py = people.x[northward], people.y[northward]
    crowds = [people.persons] if further is None else [people.persons, further]
    persons = np.array([crowd[period][northward] for crowd in crowds for period in views])
    weight, mix = (
        np.array([v.weight for v in views.values()]),
        np.array([v.mix for _ in crowds for v in views.values()]),
    )
    order, start = _together(np.arange(count) if alike is None else np.asarray(alike))
    _count_deaths(
        bins, pll, most, order, start, xs, ys, reach, first, px, py, persons, people.side_m, outcomes,
        weather.towards * STEP, weight, mix, normal_table(), DEATHS,
    )  # fmt: skip
    frequency = np.cumsum(bins[:, ::-1], axis=1)[:, ::-1][:, 1:]
    return FN(DEATHS, frequency, pll, most)


def _together(alike: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """((S,) the sources by kind, (G + 1,) where groups of at most so many begin)."""
    order = np.argsort(alike, kind="stable")
    kind = alike[order]
    since = np.arange(len(kind)) - np.searchsorted(kind, kind)
    return order, np.append(np.flatnonzero(since % _ALIKE == 0), len(kind))


@njit(cache=True)
def _lay(px, py, side, persons, sx, sy, reach, turning, nodes, rings) -> bool:
    """
    Share people out among a source's fine rings (FINE,) and, if ``turning``, its polar grid (RINGS, ANGLES).

    Returns whether anybody is in reach.
    """
    anybody = False
    # People are sorted from south to north: only a band can be in reach.
    south = np.searchsorted(py, sy - reach - side)
    north = np.searchsorted(py, sy + reach + side, side="right")
    for i in range(south, north):
        if persons[i] <= 0.0:
            continue
        dx, dy = px[i] - sx, py[i] - sy
        if max(abs(dx), abs(dy)) >= reach + side:
            continue
        r = math.hypot(dx, dy)
        # Near the source a square spans many nodes: split it until a part is no wider than the rings there.
        n = 1 if r > 20.0 * side else 4 if r > 3.0 * side else 10
        part = persons[i] / (n * n)
        for a in range(n):
            for b in range(n):
                ex = dx + ((a + 0.5) / n - 0.5) * side
                ey = dy + ((b + 0.5) / n - 0.5) * side
                d = math.hypot(ex, ey)
                if d >= reach:
                    continue
                anybody = True
                s = math.sqrt(d / reach)
                t = s * (FINE - 1)
                k = int(t)
                rings[k] += part * (k + 1 - t)
                rings[k + 1] += part * (t - k)
                if not turning:
                    continue
                t = s * (RINGS - 1)
                j = int(t)
                u = (math.atan2(ey, ex) % (2.0 * math.pi)) / STEP
                m = int(u)
                u -= m
                m %= ANGLES
                m1 = (m + 1) % ANGLES
                nodes[j, m] += part * (j + 1 - t) * (1 - u)
                nodes[j, m1] += part * (j + 1 - t) * u
                nodes[j + 1, m] += part * (t - j) * (1 - u)
                nodes[j + 1, m1] += part * (t - j) * u
    return anybody


@njit(cache=True)
def _tell(bins, pll, most, s, deaths, n, f) -> None:
    """Add frequency f of n deaths, to the bin below which all thresholds are reached; none where f is 0."""
    if f > 0.0:
        pll[s] += f * n
        most[s] = max(most[s], n)
        bins[s, np.searchsorted(deaths, n * (1.0 + _ROUNDING), side="right")] += f


@njit(cache=True)
def _tell_turning(bins, pll, most, s, deaths, dead, rate) -> None:
    """Add the frequencies (ANGLES,) of the deaths for each direction of the wind."""
    if rate.sum() > 0.0:
        most[s] = max(most[s], dead.max())
    for k in range(ANGLES):
        _tell(bins, pll, most, s, deaths, dead[k], rate[k])


@njit(cache=True)
def _still_deaths(outcomes, o, reach, mix, rings) -> float:
    """Deaths of an outcome that looks the same in every direction."""
    last, n = outcomes.x[outcomes.high[o] - 1], 0.0
    for k in range(FINE):
        r = reach * (k / (FINE - 1)) ** 2
        if r > last:
            break
        if rings[k] > 0.0:
            n += rings[k] * ring(outcomes, o, r, mix)
    return n


@njit(cache=True)
def _turning_deaths(outcomes, o, reach, mix, normal, arc, around, there, dead) -> None:
    """Deaths (places, periods, ANGLES) of an outcome for each direction the wind blows towards."""
    dead[:] = 0.0
    places, periods = there.shape[:2]
    plume = outcomes.plume[o]
    for j in range(RINGS):
        if not there[:, :, j].any():
            continue
        r = reach * (j / (RINGS - 1)) ** 2
        count = 0
        for p in range(periods):
            if not plume and not there[:, p, j].any():
                continue
            if p == 0 or not plume:  # a plume's arc is the same but for a factor
                arc[:count] = 0.0
                count = add_arc(outcomes, o, r, mix[p], 1.0, normal, arc)
            part = (part_of(outcomes, o, mix[p]) if plume else 1.0) / STEP
            for i in range(places):
                if there[i, p, j]:
                    _add_ring(dead[i, p], around[i, p, j], arc, count, part)
        arc[:count] = 0.0


@njit(cache=True)
def _add_ring(dead, around, arc, count, part) -> None:
    """Add the deaths on a ring, whose people ``around`` stand three times round."""
    for b in range(count):
        a = _F(arc[b] * part)
        if a > 0.0:
            # Slices, as an index that might be negative keeps the loop from vector instructions.
            left, right = around[ANGLES - b : 2 * ANGLES - b], around[ANGLES + b : 2 * ANGLES + b]
            for k in range(ANGLES):
                dead[k] += a * (left[k] + right[k])


@njit(cache=True, parallel=True)
def _count_deaths(bins, pll, most, order, start, sx, sy, reach, first, px, py, persons, side, outcomes, towards,
                  weight, mix, normal, deaths) -> None:  # fmt: skip
    periods = len(weight)
    for g in prange(len(start) - 1):
        mine = order[start[g] : start[g + 1]]
        s = mine[0]
        if reach[s] > 0.0 and first[s] < first[s + 1]:
            turning = False
            for o in range(first[s], first[s + 1]):
                turning = turning or not still(outcomes, o)
            rings, around, there = _laid(px, py, side, persons, sx[mine], sy[mine], reach[s], turning)
            arc, dead = np.zeros(HALF), np.zeros((len(mine), len(persons), ANGLES), np.float32)
            if rings.any():
                for o in range(first[s], first[s + 1]):
                    if not still(outcomes, o):
                        _turning_deaths(outcomes, o, reach[s], mix, normal, arc, around, there, dead)
                    for q in range(len(persons)):  # the periods of one crowd, then those of the next, who come to it
                        p = q % periods
                        rate = _rate(outcomes, o, towards, weight[p])
                        for i in range(len(mine)):
                            row = mine[i] + q // periods * len(sx)
                            if still(outcomes, o):
                                n = _still_deaths(outcomes, o, reach[s], mix[p], rings[i, p])
                                if q >= periods:
                                    n += _still_deaths(outcomes, o, reach[s], mix[p], rings[i, q])
                                _tell(bins, pll, most, row, deaths, n, rate.sum())
                                continue
                            if q >= periods:
                                dead[i, q] += dead[i, p]
                            _tell_turning(bins, pll, most, row, deaths, dead[i, q], rate)


@njit(cache=True)
def _rate(outcomes, o, towards, weight):
    """(ANGLES,) frequency of an outcome in each direction of the wind [per year]."""
    rate = np.zeros(ANGLES)
    for w in range(len(weight)):
        if outcomes.weather[o] in (ANY_WEATHER, w):
            rate += outcomes.frequency[o] * weight[w] * towards[w]
    return rate


@njit(cache=True)
def _laid(px, py, side, persons, x, y, reach, turning):
    """
    People on the polar grids of places (P,), by period.

    (P, periods, FINE + 1) on the fine rings; (P, periods, RINGS, 3 * ANGLES) on the others, three times round so
    that no angle needs a modulo; (P, periods, RINGS) which of these have any.
    """
    shape, periods = RINGS if turning else 0, len(persons)
    rings = np.zeros((len(x), periods, FINE + 1))
    around = np.zeros((len(x), periods, shape, 3 * ANGLES), np.float32)
    there = np.zeros((len(x), periods, shape), np.bool_)
    for i in range(len(x)):
        for p in range(periods):
            nodes = np.zeros((RINGS + 1 if turning else 1, ANGLES))
            if _lay(px, py, side, persons[p], x[i], y[i], reach, turning, nodes, rings[i, p]):
                for j in range(shape):
                    there[i, p, j] = nodes[j].any()
                    for k in range(3 * ANGLES):
                        around[i, p, j, k] = nodes[j, k % ANGLES]
    return rings, around, there
