"""Burning clouds: how far and how wide a flammable cloud reaches, and how much of it can burn.

Everybody inside the lower flammable limit dies, nobody outside (Purple Book 5.2.3, AQ/T 3046-2013
10.4.1). Concentrations are means of 18.75 s, those of a cloud as a flame meets it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainc

from .checks import Array, fraction
from .clouds import UNIFORM_SIGMA, Cloud, Release, cloud

AVERAGING_S = 18.75
_CIRCLE = np.linspace(-1.0, 1.0, 25)  # nodes across a puff


@dataclass(frozen=True)
class FlammableTables:
    """
    Clouds (R,) at the moment they burn, as tables (R, K) of distance [m] and half width [m].

    Only the first ``count`` (R,) nodes of a row belong to it, none where nothing can burn.
    ``reach_m`` (R,): farthest place inside the lower limit. ``mass_kg`` (R,): between the limits,
    ``centre_m`` (R,): where its middle lies. ``cloud`` holds concentrations and validity.
    """

    x_m: Array
    half_width_m: Array
    count: NDArray[np.int64]
    reach_m: Array
    mass_kg: Array
    centre_m: Array
    cloud: Cloud

    def row(self, i: int) -> tuple[Array, Array]:
        """Distance and half width of one cloud: the arguments of ``qra.footprint.cloud``."""
        k = slice(0, self.count[i])
        return self.x_m[i, k], self.half_width_m[i, k]


def flammable_tables(
    release: Release, lfl: ArrayLike, ufl: ArrayLike, surface: str, *, share: float = 1.0, warm: bool = False
) -> FlammableTables:
    """
    Flammable clouds of releases: a plume as long as it lasts, a puff when it covers most ground.

    Parameters
    ----------
    lfl, ufl : (R,) limits by volume [-].
    share : of the lower limit that bounds the cloud; some practice takes 0.5.
    warm : see `clouds.cloud`.
    """
    c = cloud(release, surface, averaging_s=AVERAGING_S, warm=warm, receptor_m=release.height_m)
    pure = release.pure_kg_m3
    low = (fraction("lower flammable limit", lfl) * share * pure)[:, None]
    high = (fraction("upper flammable limit", ufl) * pure)[:, None]
    with np.errstate(divide="ignore"):
        over = np.log(np.maximum(c.kg_m3, 1e-300) / low)  # how far above the limit on the axis
    half = c.sigma_m * np.sqrt(2 * np.maximum(over, 0.0))
    half = np.where(c.heavy[:, None] & (over > 0), c.sigma_m / UNIFORM_SIGMA, half)  # a heavy cloud has an edge
    x, half, count = _plume_tables(c.x_m, over, half)
    mass, middle = _plume_mass(c, release, low, high)
    if c.puff.any():
        centre, radius = _largest_discs(c, over)
        _write_discs(centre, radius, np.flatnonzero(c.puff), x, half, count)
        mass[c.puff], middle[c.puff] = _puff_mass(c, release, over, high / low), centre
    reach = np.where(count > 0, x[np.arange(len(count)), np.maximum(count - 1, 0)], 0.0)
    return FlammableTables(x, half, count, reach, mass, np.where(count > 0, middle, 0.0), c)


def _plume_tables(x: Array, over: Array, half: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """(R, K) tables that end, with no width, where the axis falls to the limit (straight in the log of distance)."""
    inside = over > 0
    last = np.where(inside.any(axis=1), len(x) - 1 - inside[:, ::-1].argmax(axis=1), -1)
    count = np.where(last >= 0, np.minimum(last + 2, len(x)), 0)
    out, wide = np.broadcast_to(x, half.shape).copy(), half.copy()
    rows = np.flatnonzero((last > 0) & (last < len(x) - 1))
    a = last[rows]
    part = over[rows, a] / (over[rows, a] - over[rows, a + 1])
    out[rows, a + 1] = x[a] * (x[a + 1] / x[a]) ** part
    wide[rows, a + 1] = 0.0
    return out, wide, count.astype(np.int64)


def _plume_mass(c: Cloud, release: Release, low: Array, high: Array) -> tuple[Array, Array]:
    """
    Mass between the limits [kg], at most all, and the middle of it [m], of plumes (R,).

    Of a cloud that is Gaussian across and upwards over the ground, the part richer than L is
    1 - L / C(axis) of what passes.
    """
    with np.errstate(divide="ignore"):
        share = np.maximum(np.minimum(1.0, high / c.kg_m3) - low / c.kg_m3, 0.0)
    rate = (release.mass_kg / np.maximum(release.duration_s, 1e-9))[:, None]
    line = share * rate / c.speed_mps  # kg per metre
    pieces = (line[:, 1:] + line[:, :-1]) / 2 * np.diff(c.x_m)
    total = pieces.sum(axis=1)
    middle = (pieces * (c.x_m[1:] + c.x_m[:-1]) / 2).sum(axis=1) / np.maximum(total, 1e-300)
    return np.minimum(total, release.mass_kg), middle


def _puff_mass(c: Cloud, release: Release, over: Array, ratio: Array) -> Array:
    """Largest mass between the limits [kg] of the puffs among (R,), Gaussian in three directions over the ground."""
    lean = np.maximum(over[c.puff], 0.0)
    rich = np.maximum(over[c.puff] - np.log(ratio[c.puff]), 0.0)
    return np.asarray(release.mass_kg[c.puff] * (gammainc(1.5, lean) - gammainc(1.5, rich)).max(axis=1))


def _largest_discs(c: Cloud, over: Array) -> tuple[Array, Array]:
    """Centre and radius [m] of the puffs among (R,) when they cover most ground; radius 0 where they never burn."""
    over, sigma, heavy = over[c.puff], c.sigma_m[c.puff], c.heavy[c.puff]
    rows = np.arange(len(over))
    radii = sigma * np.sqrt(2 * np.maximum(over, 0.0))
    best = radii.argmax(axis=1)
    centre, radius = c.x_m[best], radii[rows, best]
    # A heavy puff is uniform: it grows until all of it falls to the limit, its front at x and its centre behind.
    inside = over > 0
    last = np.where(inside.any(axis=1), over.shape[1] - 1 - inside[:, ::-1].argmax(axis=1), 0)
    after = np.minimum(last + 1, over.shape[1] - 1)
    a, b = over[rows, last], over[rows, after]
    part = np.where(inside.any(axis=1) & (a > b), a / np.where(a > b, a - b, 1.0), 0.0)
    edge = (sigma[rows, last] + part * (sigma[rows, after] - sigma[rows, last])) / UNIFORM_SIGMA
    edge = np.where(inside.any(axis=1), edge, 0.0)
    front = c.x_m[last] + part * (c.x_m[after] - c.x_m[last])
    return np.where(heavy, np.maximum(front - edge, 0.0), centre), np.where(heavy, edge, radius)


def _write_discs(
    centre: Array, radius: Array, rows: NDArray[np.int64], x: Array, half: Array, count: NDArray[np.int64]
) -> None:
    """Write discs into tables of ``rows``; what would lie upwind of the source is cut off, as a cloud begins there."""
    start, k = np.maximum(centre - radius, 0.0), len(_CIRCLE)
    nodes = start[:, None] + (centre + radius - start)[:, None] * (1 + _CIRCLE) / 2
    chord = np.sqrt(np.maximum(radius[:, None] ** 2 - (nodes - centre[:, None]) ** 2, 0.0))
    x[rows, :k], half[rows, :k] = nodes, chord
    count[rows] = np.where(radius > 0, k, 0)
