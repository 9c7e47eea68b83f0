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

from .kernels import FINE, HALF, RINGS, _arc, _linear, _normal, threads
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
    reach = np.zeros(count)
    np.maximum.at(reach, outcomes.source, outcomes.reach)
    first = np.searchsorted(outcomes.source, np.arange(count + 1))
    bins, pll, most = np.zeros((count, len(DEATHS) + 1)), np.zeros(count), np.zeros(count)
    values = np.ascontiguousarray(outcomes.values)
    threads(workers)
    for period, view in views.items():
        share = weather.share * view.weight
        _count_deaths(
            bins, pll, most, xs, ys, reach, first, people.x, people.y, people.persons[period], people.side_m,
            outcomes.weather, outcomes.frequency, outcomes.plume, outcomes.slope, outcomes.offset, outcomes.factors,
            outcomes.low, outcomes.high, outcomes.x, values, outcomes.width, outcomes.far,
            weather.towards, share, view.weight, view.mix, _normal(), DEATHS,
        )  # fmt: skip
    frequency = np.cumsum(bins[:, ::-1], axis=1)[:, ::-1][:, 1:]
    return FN(DEATHS, frequency, pll, most)


@njit(cache=True)
def _lay(px, py, side, persons, sx, sy, reach, nodes, rings) -> None:
    """Share people out among the nodes of a source's polar grid (RINGS, ANGLES) and of its fine rings (FINE,)."""
    for i in range(len(px)):
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
                s = math.sqrt(d / reach)
                t = s * (FINE - 1)
                k = int(t)
                rings[k] += part * (k + 1 - t)
                rings[k + 1] += part * (t - k)
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


@njit(cache=True)
def _tell(bins, s, deaths, n, f) -> None:
    """Add frequency f of n deaths to the bin below which all thresholds are reached."""
    k = np.searchsorted(deaths, n * (1.0 + 1e-12), side="right")
    bins[s, k] += f


@njit(cache=True, parallel=True)
def _count_deaths(bins, pll, most, sx, sy, reach, first, px, py, persons, side, weather, frequency, plume, slope, offset,
                  factors, lows, highs, x, values, width, far, towards, share, weight, mix, normal, deaths) -> None:  # fmt: skip
    classes = len(share)
    for s in prange(len(sx)):
        if reach[s] <= 0.0 or first[s] == first[s + 1]:
            continue
        nodes = np.zeros((RINGS + 1, ANGLES))
        rings = np.zeros(FINE + 1)
        _lay(px, py, side, persons, sx[s], sy[s], reach[s], nodes, rings)
        full = np.zeros((RINGS, 3 * ANGLES))
        there = np.zeros(RINGS, np.bool_)
        for j in range(RINGS):
            there[j] = nodes[j].sum() > 0.0
            for k in range(3 * ANGLES):
                full[j, k] = nodes[j, k % ANGLES]
        arc = np.zeros(HALF)
        dead = np.zeros(ANGLES)
        for o in range(first[s], first[s + 1]):
            low, high = lows[o], highs[o]
            if not plume[o] and offset[o] == 0.0:
                n = 0.0
                for k in range(FINE):
                    r = reach[s] * (k / (FINE - 1)) ** 2
                    if r > x[high - 1]:
                        break
                    if rings[k] > 0.0:
                        for which in range(3):
                            if mix[which] > 0.0:
                                n += rings[k] * mix[which] * _linear(x, values[which], r, low, high)
                f = frequency[o] * (share.sum() if weather[o] == ANY_WEATHER else share[weather[o]])
                if f > 0.0:
                    pll[s] += f * n
                    most[s] = max(most[s], n)
                    _tell(bins, s, deaths, n, f)
                continue
            if (
                (weather[o] == ANY_WEATHER
                and share.sum() <= 0.0)
                or (weather[o] != ANY_WEATHER
                and share[weather[o]] <= 0.0)
            ):
                continue
            dead[:] = 0.0
            for j in range(RINGS):
                r = reach[s] * (j / (RINGS - 1)) ** 2
                if not there[j] or (plume[o] and r < x[low]) or (r > x[high - 1] + abs(offset[o]) and not plume[o]):
                    continue
                for which in range(3):
                    part = mix[which] * factors[which, o]
                    if part > 0.0:
                        arc[:] = 0.0
                        _arc(r, plume[o], slope[o], offset[o], low, high, x, values, width, far, which, normal, arc)
                        for b in range(HALF):
                            if arc[b] > 0.0:
                                a = part * arc[b] / STEP
                                for k in range(ANGLES):
                                    dead[k] += a * (full[j, k + ANGLES - b] + full[j, k + ANGLES + b])
            for w in range(classes):
                if (weather[o] != ANY_WEATHER and weather[o] != w) or weight[w] <= 0.0:
                    continue
                for k in range(ANGLES):
                    f = frequency[o] * weight[w] * towards[w, k] * STEP
                    if f > 0.0:
                        pll[s] += f * dead[k]
                        _tell(bins, s, deaths, dead[k], f)
                        most[s] = max(most[s], dead[k])
