"""What one outcome does on a ring around its source: compiled, shared by the kernels and the F-N curves."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .weather import ANGLES, STEP

RINGS = 193  # of the part that depends on direction
FINE = 1025  # nodes of the part that does not (fires, fireballs about the source)
HALF = ANGLES // 2 + 1
_SAMPLES = 16  # across a footprint's arc at one ring; midpoints of a smooth curve, error about 0.2 %
_NARROW = 0.1  # below this half angle [rad] a point of the arc lies as far downwind as the ring (within 0.5 %)
_PROBITS = np.linspace(-4.0, 14.0, 3601)


def normal_table() -> NDArray[np.float64]:
    """Death probability at the probits -4, -3.995, ... 14."""
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
def still(outcomes, o: int) -> bool:
    """Whether outcome o looks the same in every direction."""
    return not outcomes.plume[o] and outcomes.offset[o] == 0.0


@njit(cache=True)
def ring(outcomes, o: int, r: float, mix) -> float:
    """Death probability of a still outcome at distance r, for the people of ``mix``."""
    low, last, x = outcomes.low[o], outcomes.high[o] - 1, outcomes.x
    if r > x[last]:
        return 0.0
    k = _find(x, r, low, last + 1)
    t, n = 0.0, k
    if k < low:
        k, n = low, low
    elif k < last:
        span, n = x[k + 1] - x[k], k + 1
        t = (r - x[k]) / span if span > 0 else 1.0
    value = 0.0
    for which in range(3):
        if mix[which] > 0.0:
            v = outcomes.values[which]
            value += mix[which] * (v[k] + t * (v[n] - v[k]))
    return value


@njit(cache=True)
def part_of(outcomes, o: int, mix) -> float:
    """The share of a plume's probability that counts for the people of ``mix``."""
    part = 0.0
    for which in range(3):
        part += mix[which] * outcomes.factors[which, o]
    return part


@njit(cache=True)
def add_arc(outcomes, o: int, r: float, mix, part: float, normal, out) -> int:
    """
    Add a turning outcome's death probability, integrated over the arc at radius r, to the bins (HALF,) of one side.

    ``mix`` says whose probability a radial outcome has, ``part`` is the factor of a plume (`part_of`).
    Returns how many bins, from the first, may have been added to. A point between two bins counts for
    both, so totals are kept.
    """
    low, high = outcomes.low[o], outcomes.high[o]
    if r > outcomes.reach[o]:
        return 0
    if outcomes.plume[o]:
        return _add_plume(outcomes, o, r, part, normal, out, low, high)
    offset, span = outcomes.offset[o], outcomes.x[high - 1]
    if abs(r - abs(offset)) > span:
        return 0
    top = math.pi
    if abs(offset) > span:  # the disc lies clear of the source: only an arc towards it is reached
        top = math.asin(min(1.0, span / abs(offset)))
    step = top / _SAMPLES
    for m in range(_SAMPLES):
        phi = (m + 0.5) * step
        p = ring(outcomes, o, math.hypot(r * math.cos(phi) - offset, r * math.sin(phi)), mix)
        _share_out(out, phi, p * step)
    return _bins(top)


@njit(cache=True)
def _bins(top: float) -> int:
    """How many bins an arc to an angle touches."""
    return min(int(top / STEP) + 2, HALF)


@njit(cache=True)
def _share_out(out, phi: float, value: float) -> None:
    t = phi / STEP
    b = min(int(t), HALF - 2)
    out[b] += value * (b + 1 - t)
    out[b + 1] += value * (t - b)


@njit(cache=True)
def _add_plume(outcomes, o: int, r: float, part: float, normal, out, low: int, high: int) -> int:
    x, width, axis, slope = outcomes.x, outcomes.width, outcomes.values[0], outcomes.slope[o]
    k = _find(x, r, low, high)
    if k < low or r <= 0.0:
        return 0
    top = math.asin(min(1.0, outcomes.far[min(k + 1, high - 1)] / r))
    if top <= 0.0:
        return 0
    narrow = top < _NARROW
    fall, middle = 0.0, 0.0
    if narrow:
        w, middle = _linear(x, width, r, low, high), _linear(x, axis, r, low, high)
        if w <= 0.0:
            return 0
        fall = 0.0 if math.isinf(slope) else slope * r * r / (2.0 * w * w)
    step = top / _SAMPLES
    for m in range(_SAMPLES):
        phi = (m + 0.5) * step
        if not narrow:
            p = _in_plume(r * math.cos(phi), r * math.sin(phi), x, axis, width, slope, low, high, normal)
        elif math.isinf(slope):
            p = 1.0
        else:
            p = _probability(middle - fall * phi * phi, normal)
        if p > 0.0:
            _share_out(out, phi, part * p * step)
    return _bins(top)
