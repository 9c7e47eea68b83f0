"""One polar table of frequency of death per source: all its outcomes, all weathers, every direction.

Outcomes are summed on the axis of the wind first and turned through the wind rose once for each
weather class, so the cost grows with outcomes and with sources, not with their product with the
directions. Rings lie at r = reach * s**2, s even: fine near the source, where fires end sharply,
coarse far away. Purple Book 6.1-6.2 is the sum this computes; section C2 of the design its form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from .outcomes import ANY_WEATHER, Stack, View
from .weather import ANGLES, STEP, Weather

RINGS = 193  # of the part that depends on direction
FINE = 1025  # nodes of the part that does not (fires, fireballs about the source)
HALF = ANGLES // 2 + 1
_SAMPLES = 16  # across a footprint's arc at one ring; midpoints of a smooth curve, error about 0.2 %
_NARROW = 0.1  # below this half angle [rad] a point of the arc lies as far downwind as the ring (within 0.5 %)
_BAND = 32  # rows stamped together: a kernel then stays in the cache
_PROBITS = np.linspace(-4.0, 14.0, 3601)


@dataclass(frozen=True)
class Kernels:
    """
    Frequency of death per year around sources (S,).

    Parameters
    ----------
    reach_m : (S,) distance beyond which a kernel is zero [m].
    radial : (S, FINE) float32
        The part that is the same in all directions, at r = reach * (k / (FINE - 1))**2.
    polar : (S, RINGS, ANGLES) float32
        The rest, at r = reach * (j / (RINGS - 1))**2 and angles k * STEP from east over north.
    """

    reach_m: NDArray[np.float64]
    radial: NDArray[np.float32]
    polar: NDArray[np.float32]


def build_kernels(outcomes: Stack, sources: int, weather: Weather, view: View) -> Kernels:
    """
    The kernels of ``sources`` sources; those without outcomes are zero.

    The result does not depend on the number of threads: each source is summed by one of them, in
    the order of its outcomes.
    """
    reach = np.zeros(sources)
    np.maximum.at(reach, outcomes.source, outcomes.reach)
    first = np.searchsorted(outcomes.source, np.arange(sources + 1))
    turned = _turned(weather.towards)
    share = weather.share * view.weight
    radial, polar = np.zeros((sources, FINE), np.float32), np.zeros((sources, RINGS, ANGLES), np.float32)
    values = np.ascontiguousarray(outcomes.values)
    _build(
        radial, polar, reach, first, outcomes.weather, outcomes.frequency, outcomes.plume, outcomes.slope,
        outcomes.offset, outcomes.factors, outcomes.low, outcomes.high, outcomes.x, values, outcomes.width, outcomes.far,
        turned, share, view.weight, view.mix, _normal(),
    )  # fmt: skip
    return Kernels(reach, radial, polar)


def _turned(towards: NDArray[np.float64]) -> NDArray[np.float64]:
    """(W, HALF, ANGLES) what a one-sided arc weight at angle b of the source's frame adds at angle k of the map."""
    b, k = np.arange(HALF)[:, None], np.arange(ANGLES)[None, :]
    return np.ascontiguousarray(towards[:, (k - b) % ANGLES] + towards[:, (k + b) % ANGLES])


def _normal() -> NDArray[np.float64]:
    from scipy.special import ndtr

    return ndtr(_PROBITS - 5)


@njit(cache=True)
def _probability(probit: float, normal: NDArray[np.float64]) -> float:
    """Of a probit, from the table; 0 below 0.1 %."""
    if probit < 1.91:
        return 0.0
    if probit >= 13.9:
        return 1.0
    t = (probit + 4.0) * 200.0
    k = int(t)
    return normal[k] + (t - k) * (normal[k + 1] - normal[k])


@njit(cache=True)
def _find(x: NDArray[np.float64], value: float, low: int, high: int) -> int:
    """Last index in [low, high) with x <= value; low - 1 where there is none."""
    a, b = low, high
    while a < b:
        m = (a + b) // 2
        if x[m] <= value:
            a = m + 1
        else:
            b = m
    return a - 1


@njit(cache=True)
def _linear(x: NDArray[np.float64], v: NDArray[np.float64], at: float, low: int, high: int) -> float:
    """Radial table at a distance: constant before the first node, zero beyond the last."""
    if at > x[high - 1]:
        return 0.0
    k = _find(x, at, low, high)
    if k < low:
        return v[low]
    if k >= high - 1:
        return v[high - 1]
    span = x[k + 1] - x[k]
    return v[k] + (v[k + 1] - v[k]) * ((at - x[k]) / span) if span > 0 else v[k + 1]


@njit(cache=True)
def _in_plume(x, y, xs, axis, width, slope, low, high, normal) -> float:
    """Death probability of a plume at (x, y)."""
    if x < xs[low] or x > xs[high - 1]:
        return 0.0
    k = min(max(_find(xs, x, low, high), low), high - 2) if high - low > 1 else low
    t = (x - xs[k]) / (xs[k + 1] - xs[k]) if high - low > 1 else 0.0
    w = width[k] + t * (width[k + 1] - width[k]) if high - low > 1 else width[k]
    if math.isinf(slope):
        return 1.0 if y <= w else 0.0
    a = axis[k] + t * (axis[k + 1] - axis[k]) if high - low > 1 else axis[k]
    if w <= 0.0:
        return 0.0
    return _probability(a - slope * y * y / (2.0 * w * w), normal)


@njit(cache=True)
def _arc(r, plume, slope, offset, low, high, x, values, width, far, which, normal, out) -> None:
    """Add one outcome's death probability, integrated over the arc at radius r, to the bins (HALF,) of one side."""
    if plume:
        k = _find(x, r, low, high)
        if k < low:
            return
        widest = far[min(k + 1, high - 1)]
        top = math.asin(min(1.0, widest / r)) if r > 0.0 else math.pi / 2
    else:
        top = math.pi
        span = x[high - 1]
        if abs(offset) > span:  # the disc lies clear of the source: only an arc towards it is reached
            top = math.asin(min(1.0, span / abs(offset)))
    if top <= 0.0:
        return
    step = top / _SAMPLES
    narrow = plume and top < _NARROW
    if narrow:
        w, axis = _linear(x, width, r, low, high), _linear(x, values[which], r, low, high)
        if w <= 0.0:
            return
        fall = 0.0 if math.isinf(slope) else slope * r * r / (2.0 * w * w)
    for m in range(_SAMPLES):
        phi = (m + 0.5) * step
        if narrow:
            p = 1.0 if math.isinf(slope) else _probability(axis - fall * phi * phi, normal)
        elif plume:
            p = _in_plume(r * math.cos(phi), r * math.sin(phi), x, values[which], width, slope, low, high, normal)
        else:
            p = _linear(x, values[which], math.hypot(r * math.cos(phi) - offset, r * math.sin(phi)), low, high)
        if p <= 0.0:
            continue
        t = phi / STEP
        b = min(int(t), HALF - 2)
        out[b] += p * step * (b + 1 - t)
        out[b + 1] += p * step * (t - b)


@njit(cache=True, parallel=True)
def _build(radial, polar, reach, first, weather, frequency, plume, slope, offset, factors, lows, highs, x, values, width, far,
           turned, share, weight, mix, normal) -> None:  # fmt: skip
    sources, classes = len(reach), len(share)
    for s in prange(sources):
        if reach[s] <= 0.0:
            continue
        bins = np.zeros((classes, RINGS, HALF))
        used = np.zeros(classes, np.bool_)
        fine = np.zeros(FINE)
        arc = np.zeros(HALF)
        for o in range(first[s], first[s + 1]):
            low, high = lows[o], highs[o]
            turns = plume[o] or offset[o] != 0.0
            if not turns:
                f = frequency[o] * (share.sum() if weather[o] == ANY_WEATHER else share[weather[o]])
                for k in range(FINE):
                    r = reach[s] * (k / (FINE - 1)) ** 2
                    if r > x[high - 1]:
                        break
                    for which in range(3):
                        if mix[which] > 0.0:
                            fine[k] += f * mix[which] * _linear(x, values[which], r, low, high)
                continue
            for w in range(classes):
                if (weather[o] != ANY_WEATHER and weather[o] != w) or weight[w] <= 0.0:
                    continue
                used[w] = True
                for j in range(RINGS):
                    r = reach[s] * (j / (RINGS - 1)) ** 2
                    if (plume[o] and r < x[low]) or (r > x[high - 1] + abs(offset[o]) and not plume[o]):
                        continue
                    for which in range(3):
                        if mix[which] * factors[which, o] > 0.0:
                            arc[:] = 0.0
                            _arc(r, plume[o], slope[o], offset[o], low, high, x, values, width, far, which, normal, arc)
                            part = frequency[o] * weight[w] * mix[which] * factors[which, o]
                            for b in range(HALF):
                                bins[w, j, b] += part * arc[b]
        for k in range(FINE):
            radial[s, k] = fine[k]
        for w in range(classes):
            if used[w]:
                for j in range(RINGS):
                    for b in range(HALF):
                        if bins[w, j, b] > 0.0:
                            for k in range(ANGLES):
                                polar[s, j, k] += bins[w, j, b] * turned[w, b, k]


@njit(cache=True)
def _angle(y: float, x: float) -> float:
    """atan2 within 0 to 2 pi, to 1e-5 (a thousandth of a step of the table): Abramowitz & Stegun 4.4.49."""
    ax, ay = abs(x), abs(y)
    big, small = max(ax, ay), min(ax, ay)
    q = small / big if big > 0.0 else 0.0
    t = q * q
    a = q * (0.9998660 + t * (-0.3302995 + t * (0.1801410 + t * (-0.0851330 + t * 0.0208351))))
    if ay > ax:
        a = 0.5 * math.pi - a
    if x < 0.0:
        a = math.pi - a
    return 2.0 * math.pi - a if y < 0.0 else a


@njit(cache=True)
def _at(dx: float, dy: float, reach: float, radial, polar) -> float:
    """A kernel at an offset from its source: linear between nodes in angle and in the root of the distance."""
    r2 = dx * dx + dy * dy
    if r2 >= reach * reach:
        return 0.0
    s = math.sqrt(math.sqrt(r2) / reach)
    if s >= 1.0:
        return 0.0
    t = s * (FINE - 1)
    k = int(t)
    value = radial[k] + (t - k) * (radial[k + 1] - radial[k])
    t = s * (RINGS - 1)
    j = int(t)
    t -= j
    a = _angle(dy, dx) * (ANGLES / (2.0 * math.pi))
    k = int(a)
    u = a - k
    k %= ANGLES
    n = k + 1 if k + 1 < ANGLES else 0
    near = polar[j, k] + u * (polar[j, n] - polar[j, k])
    beyond = polar[j + 1, k] + u * (polar[j + 1, n] - polar[j + 1, k])
    return value + near + t * (beyond - near)


@njit(cache=True, parallel=True)
def _stamp(out, row0, row1, col0, col1, left, top, cell, kernel, weight, x, y, reach, radial, polar, has_polar) -> None:
    """Add the stamps to the window of ``out``; a band of rows is summed by one thread, in the order of the stamps."""
    for band in prange((row1 - row0 + _BAND - 1) // _BAND):
        low = row0 + band * _BAND
        high = min(low + _BAND, row1)
        north, south = top - (low + 0.5) * cell, top - (high - 0.5) * cell
        for i in range(len(kernel)):
            s = kernel[i]
            if y[i] - reach[s] >= north or y[i] + reach[s] <= south:
                continue
            for row in range(low, high):
                dy = top - (row + 0.5) * cell - y[i]
                if abs(dy) >= reach[s]:
                    continue
                half = math.sqrt(reach[s] * reach[s] - dy * dy)
                a = max(col0, int(math.ceil((x[i] - half - left) / cell - 0.5)))
                b = min(col1, int(math.floor((x[i] + half - left) / cell - 0.5)) + 1)
                for col in range(a, b):
                    dx = left + (col + 0.5) * cell - x[i]
                    if has_polar[s]:
                        out[row, col] += weight[i] * _at(dx, dy, reach[s], radial[s], polar[s])
                    else:
                        out[row, col] += weight[i] * _ring(dx * dx + dy * dy, reach[s], radial[s])


@njit(cache=True)
def _ring(r2: float, reach: float, radial) -> float:
    if r2 >= reach * reach:
        return 0.0
    t = math.sqrt(math.sqrt(r2) / reach) * (FINE - 1)
    k = int(t)
    if k >= FINE - 1:
        return 0.0
    return radial[k] + (t - k) * (radial[k + 1] - radial[k])


def has_direction(kernels: Kernels) -> NDArray[np.bool_]:
    """(S,) kernels whose value depends on the direction."""
    return kernels.polar.any(axis=(1, 2))


def stamp(
    kernels: Kernels,
    x: ArrayLike,
    y: ArrayLike,
    out: NDArray[np.float32],
    corner: tuple[float, float, float],
    *,
    kernel: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    window: tuple[int, int, int, int] | None = None,
    workers: int = 1,
) -> None:
    """
    Add kernels at places (N,) [m] to ``out`` (rows, cols), in the order of the places.

    Parameters
    ----------
    corner : (left, top, cell) [m] of ``out``.
    kernel : (N,) which kernel stands at each place; default: the i-th at the i-th.
    weight : (N,) factor, such as the metres of a line a place stands for; default 1.
    window : (row0, row1, col0, col1) part of ``out`` that is touched.
    workers : threads; the result is the same bit for bit for any number.
    """
    xs, ys = np.asarray(x, float), np.asarray(y, float)
    which = np.arange(len(xs)) if kernel is None else np.asarray(kernel, np.int64)
    factor = np.ones(len(xs)) if weight is None else np.asarray(weight, float)
    row0, row1, col0, col1 = window or (0, out.shape[0], 0, out.shape[1])
    threads(workers)
    _stamp(out, row0, row1, col0, col1, *corner, which, factor, xs, ys, kernels.reach_m, kernels.radial, kernels.polar,
           has_direction(kernels))  # fmt: skip


def threads(workers: int) -> None:
    """Let the compiled loops use ``workers`` threads (at most those the machine was started with)."""
    numba.set_num_threads(max(1, min(workers, numba.config.NUMBA_NUM_THREADS)))


@njit(cache=True)
def _shares(out, px, py, kernel, x, y, reach, radial, polar) -> None:
    for i in range(len(kernel)):
        s = kernel[i]
        if reach[s] > 0.0:
            out[i] = _at(px - x[i], py - y[i], reach[s], radial[s], polar[s])


def shares(
    kernels: Kernels, x: ArrayLike, y: ArrayLike, at: tuple[float, float], *, kernel: ArrayLike | None = None
) -> NDArray[np.float64]:
    """(N,) what kernels standing at (x, y) [m] add at one place [per year]; their sum is what `stamp` sums there."""
    xs, ys = np.asarray(x, float), np.asarray(y, float)
    which = np.arange(len(xs)) if kernel is None else np.asarray(kernel, np.int64)
    out = np.zeros(len(xs))
    _shares(out, at[0], at[1], which, xs, ys, kernels.reach_m, kernels.radial, kernels.polar)
    return out


@njit(cache=True)
def _outcome_parts(out, px, py, which_source, weights, xs, ys, reach, first, weather, frequency, plume, slope,
                   offset, factors, lows, highs, x, values, width, far, turned, share, weight, mix, normal) -> None:  # fmt: skip
    arc = np.zeros(HALF)
    for i in range(len(which_source)):
        s = which_source[i]
        dx, dy = px - xs[i], py - ys[i]
        r2 = dx * dx + dy * dy
        if reach[s] <= 0.0 or r2 >= reach[s] * reach[s]:
            continue
        root = math.sqrt(math.sqrt(r2) / reach[s])
        if root >= 1.0:
            continue
        t = root * (FINE - 1)
        fine = int(t)
        near = t - fine
        t = root * (RINGS - 1)
        j = int(t)
        t -= j
        a = _angle(dy, dx) * (ANGLES / (2.0 * math.pi))
        k = int(a)
        u = a - k
        k %= ANGLES
        n = k + 1 if k + 1 < ANGLES else 0
        for o in range(first[s], first[s + 1]):
            low, high = lows[o], highs[o]
            value = 0.0
            if not plume[o] and offset[o] == 0.0:
                f = share.sum() if weather[o] == ANY_WEATHER else share[weather[o]]
                for step in range(2):
                    r = reach[s] * ((fine + step) / (FINE - 1)) ** 2
                    for which in range(3):
                        if mix[which] > 0.0:
                            part = near if step else 1.0 - near
                            value += f * part * mix[which] * _linear(x, values[which], r, low, high)
            else:
                for step in range(2):
                    r = reach[s] * ((j + step) / (RINGS - 1)) ** 2
                    if (plume[o] and r < x[low]) or (r > x[high - 1] + abs(offset[o]) and not plume[o]):
                        continue
                    part = t if step else 1.0 - t
                    for which in range(3):
                        if mix[which] * factors[which, o] > 0.0:
                            arc[:] = 0.0
                            _arc(r, plume[o], slope[o], offset[o], low, high, x, values, width, far, which, normal, arc)
                            for w in range(len(share)):
                                if (weather[o] != ANY_WEATHER and weather[o] != w) or weight[w] <= 0.0:
                                    continue
                                for b in range(HALF):
                                    turn = turned[w, b, k] + u * (turned[w, b, n] - turned[w, b, k])
                                    value += part * weight[w] * mix[which] * factors[which, o] * arc[b] * turn
            out[o] += weights[i] * frequency[o] * value


def outcome_parts(
    outcomes: Stack,
    weather: Weather,
    view: View,
    places: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]],
    at: tuple[float, float],
) -> NDArray[np.float64]:
    """
    (O,) what each outcome adds at one place [per year], read off its kernel's own nodes: sums to `shares`.

    ``places`` (x, y, source, weight) (N,) are where the sources stand (see `stamp`).
    """
    sources = int(outcomes.source.max(initial=-1)) + 1
    reach = np.zeros(sources)
    np.maximum.at(reach, outcomes.source, outcomes.reach)
    first = np.searchsorted(outcomes.source, np.arange(sources + 1))
    out = np.zeros(len(outcomes))
    x, y, source, weight = places
    there = source < sources
    _outcome_parts(
        out, at[0], at[1], source[there], weight[there], x[there], y[there], reach, first, outcomes.weather,
        outcomes.frequency, outcomes.plume, outcomes.slope, outcomes.offset, outcomes.factors, outcomes.low,
        outcomes.high, outcomes.x, np.ascontiguousarray(outcomes.values), outcomes.width, outcomes.far,
        _turned(weather.towards), weather.share * view.weight, view.weight, view.mix, _normal(),
    )  # fmt: skip
    return out
