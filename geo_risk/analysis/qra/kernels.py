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

from .arcs import FINE, HALF, RINGS, add_arc, normal_table, ring, still
from .outcomes import ANY_WEATHER, Stack, View
from .weather import ANGLES, Weather

_CHUNK = 4  # items a thread takes at a time: heavy and light sources stand in blocks of their own
BAND = 32  # rows stamped together: a kernel then stays in the cache


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
    reach, first = spans(outcomes, sources)
    radial, polar = np.zeros((sources, FINE), np.float32), np.zeros((sources, RINGS, ANGLES), np.float32)
    share = weather.share * view.weight
    _build(
        radial, polar, reach, first, outcomes, _turned(weather.towards), share, view.weight, view.mix, normal_table()
    )
    return Kernels(reach, radial, polar)


def spans(outcomes: Stack, sources: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(S,) reach of each source [m], and (S + 1,) where its outcomes begin."""
    reach = np.zeros(sources)
    np.maximum.at(reach, outcomes.source, outcomes.reach)
    return reach, np.searchsorted(outcomes.source, np.arange(sources + 1))


def _turned(towards: NDArray[np.float64]) -> NDArray[np.float64]:
    """(W, HALF, ANGLES) what a one-sided arc weight at angle b of the source's frame adds at angle k of the map."""
    b, k = np.arange(HALF)[:, None], np.arange(ANGLES)[None, :]
    return np.ascontiguousarray(towards[:, (k - b) % ANGLES] + towards[:, (k + b) % ANGLES])


@njit(cache=True)
def _still_part(outcomes, o, reach, share, mix, fine) -> None:
    """Add a still outcome to the fine rings."""
    w = outcomes.weather[o]
    f = outcomes.frequency[o] * (share.sum() if w == ANY_WEATHER else share[w])
    last = outcomes.x[outcomes.high[o] - 1]
    for k in range(FINE):
        r = reach * (k / (FINE - 1)) ** 2
        if r > last:
            break
        fine[k] += f * ring(outcomes, o, r, mix)


@njit(cache=True)
def _turning_part(outcomes, o, reach, weight, mix, normal, arc, bins) -> None:
    """Add a turning outcome to the bins (W, RINGS, HALF) of its weather class, or of all."""
    only = outcomes.weather[o]
    for j in range(RINGS):
        arc[:] = 0.0
        if not add_arc(outcomes, o, reach * (j / (RINGS - 1)) ** 2, mix, normal, arc):
            continue
        for w in range(len(weight)):
            if only in (ANY_WEATHER, w) and weight[w] > 0.0:
                f = outcomes.frequency[o] * weight[w]
                for b in range(HALF):
                    bins[w, j, b] += f * arc[b]


@njit(cache=True)
def _turn(bins, turned, polar) -> None:
    """Turn the bins of every weather class through its wind rose into the table of a source."""
    for w in range(len(bins)):
        for j in range(RINGS):
            for b in range(HALF):
                if bins[w, j, b] > 0.0:
                    for k in range(ANGLES):
                        polar[j, k] += bins[w, j, b] * turned[w, b, k]


@njit(cache=True, parallel=True)
def _build(radial, polar, reach, first, outcomes, turned, share, weight, mix, normal) -> None:
    for s in prange(len(reach)):
        if reach[s] > 0.0:
            bins = np.zeros((len(share), RINGS, HALF))
            fine, arc = np.zeros(FINE), np.zeros(HALF)
            for o in range(first[s], first[s + 1]):
                if still(outcomes, o):
                    _still_part(outcomes, o, reach[s], share, mix, fine)
                else:
                    _turning_part(outcomes, o, reach[s], weight, mix, normal, arc, bins)
            radial[s] = fine
            _turn(bins, turned, polar[s])


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
def _node(dx: float, dy: float, reach: float) -> tuple[int, float, int, float, int, int, float]:
    """Fine ring and part beyond it, ring and part, angle, next angle and part; a ring of -1: out of reach."""
    r2 = dx * dx + dy * dy
    s = math.sqrt(math.sqrt(r2) / reach)
    if s >= 1.0:
        return -1, 0.0, 0, 0.0, 0, 0, 0.0
    fine, t = s * (FINE - 1), s * (RINGS - 1)
    a = _angle(dy, dx) * (ANGLES / (2.0 * math.pi))
    k = int(a)
    u = a - k
    k %= ANGLES
    return int(fine), fine - int(fine), int(t), t - int(t), k, (k + 1 if k + 1 < ANGLES else 0), u


@njit(cache=True)
def _at(dx: float, dy: float, reach: float, radial, polar) -> float:
    """A kernel at an offset from its source: linear between nodes in angle and in the root of the distance."""
    i, v, j, t, k, n, u = _node(dx, dy, reach)
    if i < 0:
        return 0.0
    near = polar[j, k] + u * (polar[j, n] - polar[j, k])
    beyond = polar[j + 1, k] + u * (polar[j + 1, n] - polar[j + 1, k])
    return radial[i] + v * (radial[i + 1] - radial[i]) + near + t * (beyond - near)


@njit(cache=True, parallel=True)
def _stamp(out, row0, row1, col0, col1, left, top, cell, kernel, weight, x, y, reach, radial, polar, has_polar) -> None:
    """Add the stamps to the window of ``out``; a band of rows is summed by one thread, in the order of the stamps."""
    for band in prange((row1 - row0 + BAND - 1) // BAND):
        low = row0 + band * BAND
        high = min(low + BAND, row1)
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
                a = max(col0, math.ceil((x[i] - half - left) / cell - 0.5))
                b = min(col1, math.floor((x[i] + half - left) / cell - 0.5) + 1)
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
    return np.asarray(kernels.polar.any(axis=(1, 2)))


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
    most = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    numba.set_num_threads(max(1, min(workers, most)))
    numba.set_parallel_chunksize(_CHUNK)


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
def _turned_at(outcomes, o, r, weight, mix, normal, arc, turned, k, n, u) -> float:
    """A turning outcome's kernel at one ring and between two angles, for a frequency of 1."""
    arc[:] = 0.0
    value = 0.0
    if add_arc(outcomes, o, r, mix, normal, arc):
        for w in range(len(weight)):
            if outcomes.weather[o] in (ANY_WEATHER, w) and weight[w] > 0.0:
                for b in range(HALF):
                    value += weight[w] * arc[b] * (turned[w, b, k] + u * (turned[w, b, n] - turned[w, b, k]))
    return value


@njit(cache=True)
def _outcome_parts(
    out, at_x, at_y, source, weights, xs, ys, reach, first, outcomes, turned, share, weight, mix, normal
):
    arc = np.zeros(HALF)
    for i in range(len(source)):
        s = source[i]
        dx, dy = at_x - xs[i], at_y - ys[i]
        if reach[s] <= 0.0 or dx * dx + dy * dy >= reach[s] * reach[s]:
            continue
        fine, v, j, t, k, n, u = _node(dx, dy, reach[s])
        if fine < 0:
            continue
        for o in range(first[s], first[s + 1]):
            if still(outcomes, o):
                f = share.sum() if outcomes.weather[o] == ANY_WEATHER else share[outcomes.weather[o]]
                low = ring(outcomes, o, reach[s] * (fine / (FINE - 1)) ** 2, mix)
                high = ring(outcomes, o, reach[s] * ((fine + 1) / (FINE - 1)) ** 2, mix)
                value = f * (low + v * (high - low))
            else:
                low = _turned_at(
                    outcomes, o, reach[s] * (j / (RINGS - 1)) ** 2, weight, mix, normal, arc, turned, k, n, u
                )
                high = _turned_at(
                    outcomes, o, reach[s] * ((j + 1) / (RINGS - 1)) ** 2, weight, mix, normal, arc, turned, k, n, u
                )
                value = low + t * (high - low)
            out[o] += weights[i] * outcomes.frequency[o] * value


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
    reach, first = spans(outcomes, sources)
    out = np.zeros(len(outcomes.source))
    x, y, source, weight = (values[places[2] < sources] for values in places)
    _outcome_parts(
        out, at[0], at[1], source, weight, x, y, reach, first, outcomes, _turned(weather.towards),
        weather.share * view.weight, view.weight, view.mix, normal_table(),
    )  # fmt: skip
    return out
