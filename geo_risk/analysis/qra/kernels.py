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

from .arcs import FINE, HALF, RINGS, add_arc, normal_table, part_of, ring, still
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
    polar : (S, RINGS, ANGLES + 1) float32
        The rest, at r = reach * (j / (RINGS - 1))**2 and angles k * STEP from east over north, the first again last.
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
    radial, polar = np.zeros((sources, FINE), np.float32), np.zeros((sources, RINGS, ANGLES + 1), np.float32)
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
def _turning_part(outcomes, o, reach, weight, mix, normal, arc, bins, used) -> None:
    """Add a turning outcome to the bins (W, RINGS, HALF) of its weather class, or of all; the first ``used`` count."""
    only, part = outcomes.weather[o], part_of(outcomes, o, mix)
    for j in range(RINGS):
        count = add_arc(outcomes, o, reach * (j / (RINGS - 1)) ** 2, mix, part, normal, arc)
        if count == 0:
            continue
        for w in range(len(weight)):
            if only in (ANY_WEATHER, w) and weight[w] > 0.0:
                f = outcomes.frequency[o] * weight[w]
                for b in range(count):
                    bins[w, j, b] += f * arc[b]
                used[w, j] = max(used[w, j], count)
        arc[:count] = 0.0


@njit(cache=True)
def _turn(bins, used, turned, polar) -> None:
    """Turn the bins of every weather class through its wind rose into the table of a source."""
    row = np.zeros(ANGLES)
    for j in range(RINGS):
        row[:] = 0.0
        for w in range(len(bins)):
            for b in range(used[w, j]):
                f = bins[w, j, b]
                if f > 0.0:
                    for k in range(ANGLES):
                        row[k] += f * turned[w, b, k]
        for k in range(ANGLES):
            polar[j, k] = row[k]
        polar[j, ANGLES] = row[0]


@njit(cache=True, parallel=True)
def _build(radial, polar, reach, first, outcomes, turned, share, weight, mix, normal) -> None:
    for s in prange(len(reach)):
        if reach[s] > 0.0:
            bins, used = np.zeros((len(share), RINGS, HALF)), np.zeros((len(share), RINGS), np.int64)
            fine, arc = np.zeros(FINE), np.zeros(HALF)
            for o in range(first[s], first[s + 1]):
                if still(outcomes, o):
                    _still_part(outcomes, o, reach[s], share, mix, fine)
                else:
                    _turning_part(outcomes, o, reach[s], weight, mix, normal, arc, bins, used)
            radial[s] = fine
            _turn(bins, used, turned, polar[s])


_F = np.float32
_ONE, _ZERO, _TINY = _F(1), _F(0), _F(1e-30)
_QUARTER, _HALF_TURN, _TURN = _F(ANGLES / 4), _F(ANGLES / 2), _F(ANGLES)
# Arc tangent in steps of the table, to 1e-5 (a thousandth of a step): Abramowitz & Stegun 4.4.49.
_A1, _A3, _A5, _A7, _A9 = (
    _F(c * ANGLES / (2 * math.pi)) for c in (0.9998660, -0.3302995, 0.1801410, -0.0851330, 0.0208351)
)


@njit(cache=True)
def _polar(dx, dy, per_reach):
    """
    (root of the distance in reaches, at most 1; angle in steps, 0 to ANGLES) of an offset.

    In single precision and without a branch, so that it compiles to vector instructions.
    """
    s = min(math.sqrt(math.sqrt(dx * dx + dy * dy) * per_reach), _ONE)
    ax, ay = abs(dx), abs(dy)
    q = min(ax, ay) / (max(ax, ay) + _TINY)
    t = q * q
    a = q * (_A1 + t * (_A3 + t * (_A5 + t * (_A7 + t * _A9))))
    a = _QUARTER - a if ay > ax else a
    a = _HALF_TURN - a if dx < _ZERO else a
    return s, (_TURN - a if dy < _ZERO else a)


@njit(cache=True)
def _node(s, a):
    """Fine ring and part beyond it, ring and part, angle and part."""
    fine, t = s * _F(FINE - 1), s * _F(RINGS - 1)
    i, j, k = min(np.int32(fine), FINE - 2), min(np.int32(t), RINGS - 2), min(np.int32(a), ANGLES - 1)
    return i, fine - _F(i), j, t - _F(j), k, a - _F(k)


@njit(cache=True)
def _read(s, a, radial, polar):
    """A kernel at `_polar`: linear between nodes in angle and in the root of the distance; ``polar`` flat."""
    i, v, j, t, k, u = _node(s, a)
    m, n = np.uint64(j * (ANGLES + 1) + k), np.uint64((j + 1) * (ANGLES + 1) + k)
    near = polar[m] + u * (polar[m + np.uint64(1)] - polar[m])
    beyond = polar[n] + u * (polar[n + np.uint64(1)] - polar[n])
    return _fine(np.uint64(i), v, radial) + near + t * (beyond - near)


@njit(cache=True)
def _fine(i, v, radial):
    return radial[i] + v * (radial[i + np.uint64(1)] - radial[i])


@njit(cache=True)
def _at(dx: float, dy: float, reach: float, radial, polar) -> float:
    """A kernel at an offset from its source [m]; ``polar`` (RINGS, ANGLES + 1)."""
    if dx * dx + dy * dy >= reach * reach:
        return 0.0
    s, a = _polar(_F(dx), _F(dy), _F(1.0 / reach))
    return _read(s, a, radial, polar.ravel())


@njit(cache=True)
def _add_row(line, x0, cell, first, dy, per_reach, weight, radial, polar, turning, root, angle) -> None:
    """
    Add a kernel to the cells ``first``, ... of a row, whose centres lie ``x0 + col * cell`` east of the source.

    Two passes: the first, without tables, runs as vector instructions; ``root`` and ``angle`` keep its results.
    """
    for c in range(len(line)):
        root[c], angle[c] = _polar(_F(x0 + (first + c) * cell), dy, per_reach)
    if turning:
        for c in range(len(line)):
            line[c] += weight * _read(root[c], angle[c], radial, polar)
    else:
        for c in range(len(line)):
            i, v = _node(root[c], angle[c])[:2]
            line[c] += weight * _fine(np.uint64(i), v, radial)


@njit(cache=True, parallel=True)
def _stamp(out, row0, row1, col0, col1, left, top, cell, kernel, weight, x, y, reach, radial, polar, has_polar) -> None:
    """Add the stamps to the window of ``out``; a band of rows is summed by one thread, in the order of the stamps."""
    for band in prange((row1 - row0 + BAND - 1) // BAND):
        low = row0 + band * BAND
        high = min(low + BAND, row1)
        north, south = top - (low + 0.5) * cell, top - (high - 0.5) * cell
        root, angle = np.empty(col1 - col0, np.float32), np.empty(col1 - col0, np.float32)
        for i in range(len(kernel)):
            s = kernel[i]
            if y[i] - reach[s] >= north or y[i] + reach[s] <= south:
                continue
            x0, flat = left + 0.5 * cell - x[i], polar[s].ravel()
            for row in range(low, high):
                dy = top - (row + 0.5) * cell - y[i]
                if abs(dy) >= reach[s]:
                    continue
                half = math.sqrt(reach[s] * reach[s] - dy * dy)
                a = max(col0, math.ceil((-half - x0) / cell))
                b = min(col1, math.floor((half - x0) / cell) + 1)
                if a < b:
                    _add_row(out[row, a:b], x0, cell, a, _F(dy), _F(1.0 / reach[s]), _F(weight[i]), radial[s], flat,
                             has_polar[s], root, angle)  # fmt: skip


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
    count = add_arc(outcomes, o, r, mix, part_of(outcomes, o, mix), normal, arc)
    if count > 0:
        for w in range(len(weight)):
            if outcomes.weather[o] in (ANY_WEATHER, w) and weight[w] > 0.0:
                for b in range(count):
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
        root, angle = _polar(_F(dx), _F(dy), _F(1.0 / reach[s]))
        fine, v, j, t, k, u = _node(root, angle)
        n = (k + 1) % ANGLES
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
