"""Societal risk: how many die in each outcome, and how often: F-N curves, PLL and where the expected deaths are.

People are laid on each source's polar grid once; then every outcome in every weather and each of
the 144 wind directions is a sum over rings and angles. The same grid carries the kernels, so the
area under F-N equals the sum of the kernels over the people to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from .arcs import FINE, HALF, RINGS, add_arc, normal_table, ring, still
from .kernels import spans, threads
from .outcomes import ANY_WEATHER, Stack, View
from .weather import ANGLES, STEP, Weather

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
    workers: int = 1,
) -> FN:
    """
    F-N and PLL of sources at (x, y) (S,) [m].

    ``views`` by period say whose probabilities count and for which share of the weather (see
    `outcomes.societal`); ``people.persons`` has the same periods. Fractions of deaths count as such.
    """
    xs, ys = np.asarray(x, float), np.asarray(y, float)
    count = len(xs)
    reach, first = spans(outcomes, count)
    bins, pll, most = np.zeros((count, len(DEATHS) + 1)), np.zeros(count), np.zeros(count)
    threads(workers)
    northward = np.argsort(people.y, kind="stable")
    px, py = people.x[northward], people.y[northward]
    for period, view in views.items():
        share, persons = weather.share * view.weight, people.persons[period][northward]
        _count_deaths(
            bins, pll, most, xs, ys, reach, first, px, py, persons, people.side_m, outcomes,
            weather.towards, share, view.weight, view.mix, normal_table(), DEATHS,
        )  # fmt: skip
    frequency = np.cumsum(bins[:, ::-1], axis=1)[:, ::-1][:, 1:]
    return FN(DEATHS, frequency, pll, most)


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
def _tell(bins, s, deaths, n, f) -> None:
    """Add frequency f of n deaths to the bin below which all thresholds are reached."""
    k = np.searchsorted(deaths, n * (1.0 + 1e-12), side="right")
    bins[s, k] += f


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
    """Deaths (ANGLES,) of an outcome for each direction the wind blows towards."""
    dead[:] = 0.0
    for j in range(RINGS):
        if not there[j]:
            continue
        arc[:] = 0.0
        if add_arc(outcomes, o, reach * (j / (RINGS - 1)) ** 2, mix, normal, arc):
            for b in range(HALF):
                if arc[b] > 0.0:
                    a = arc[b] / STEP
                    for k in range(ANGLES):
                        dead[k] += a * (around[j, k + ANGLES - b] + around[j, k + ANGLES + b])


@njit(cache=True, parallel=True)
def _count_deaths(bins, pll, most, sx, sy, reach, first, px, py, persons, side, outcomes, towards, share, weight, mix,
                  normal, deaths) -> None:  # fmt: skip
    for s in prange(len(sx)):
        if reach[s] > 0.0 and first[s] < first[s + 1]:
            turning = False
            for o in range(first[s], first[s + 1]):
                turning = turning or not still(outcomes, o)
            nodes, rings = np.zeros((RINGS + 1 if turning else 1, ANGLES)), np.zeros(FINE + 1)
            if not _lay(px, py, side, persons, sx[s], sy[s], reach[s], turning, nodes, rings):
                continue
            around, there = _around(nodes)
            arc, dead = np.zeros(HALF), np.zeros(ANGLES)
            for o in range(first[s], first[s + 1]):
                only = outcomes.weather[o]
                f = outcomes.frequency[o] * (share.sum() if only == ANY_WEATHER else share[only])
                if f <= 0.0:
                    continue
                if still(outcomes, o):
                    n = _still_deaths(outcomes, o, reach[s], mix, rings)
                    pll[s] += f * n
                    most[s] = max(most[s], n)
                    _tell(bins, s, deaths, n, f)
                    continue
                _turning_deaths(outcomes, o, reach[s], mix, normal, arc, around, there, dead)
                most[s] = max(most[s], dead.max())
                for w in range(len(share)):
                    if only in (ANY_WEATHER, w) and weight[w] > 0.0:
                        _tell_directions(bins, pll, s, deaths, dead, outcomes.frequency[o] * weight[w], towards[w])


@njit(cache=True)
def _around(nodes):
    """The people three times round, so that no angle needs a modulo, and which rings have any."""
    count = len(nodes) - 1
    around, there = np.zeros((count, 3 * ANGLES)), np.zeros(count, np.bool_)
    for j in range(count):
        there[j] = nodes[j].sum() > 0.0
        for k in range(3 * ANGLES):
            around[j, k] = nodes[j, k % ANGLES]
    return around, there


@njit(cache=True)
def _tell_directions(bins, pll, s, deaths, dead, frequency, towards) -> None:
    for k in range(ANGLES):
        f = frequency * towards[k] * STEP
        if f > 0.0:
            pll[s] += f * dead[k]
            _tell(bins, s, deaths, dead[k], f)
