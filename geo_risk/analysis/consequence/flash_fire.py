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
    half = np.where(c.heavy[:, None], np.minimum(half, c.sigma_m / UNIFORM_SIGMA), half)  # a heavy cloud has an edge
    x, half, count = _plume_tables(c.x_m, over, half)
    line = (
        _burning_share(c, low, high) * (release.mass_kg / np.maximum(release.duration_s, 1e-9))[:, None] / c.speed_mps
    )
    step = np.diff(c.x_m)
    pieces = (line[:, 1:] + line[:, :-1]) / 2 * step
    mass = np.minimum(pieces.sum(axis=1), release.mass_kg)
    middle = (pieces * (c.x_m[1:] + c.x_m[:-1]) / 2).sum(axis=1) / np.maximum(pieces.sum(axis=1), 1e-300)
    at_once = release.duration_s <= 0
    if at_once.any():
        mass[at_once], middle[at_once] = _puffs(c, release, low, high, at_once, x, half, count)
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


def _burning_share(c: Cloud, low: Array, high: Array) -> Array:
    """
    Share of what passes a cross-section that lies between the limits.

    Of a cloud that is Gaussian across and upwards over the ground, the part richer than L is
    1 - L / C(axis) of it.
    """
    with np.errstate(divide="ignore"):
        return np.maximum(np.minimum(1.0, high / c.kg_m3) - low / c.kg_m3, 0.0)


def _puffs(
    c: Cloud,
    release: Release,
    low: Array,
    high: Array,
    rows: NDArray[np.bool_],
    x: Array,
    half: Array,
    count: NDArray[np.int64],
) -> tuple[Array, Array]:
    """Write puffs, where they cover most ground, as discs into the tables of ``rows``; mass [kg] and centre [m]."""
    with np.errstate(divide="ignore"):
        over = np.log(np.maximum(c.kg_m3[rows], 1e-300) / low[rows])
        rich = np.log(np.maximum(c.kg_m3[rows], 1e-300) / high[rows])
    part = gammainc(1.5, np.maximum(over, 0.0)) - gammainc(1.5, np.maximum(rich, 0.0))
    radii = c.sigma_m[rows] * np.sqrt(2 * np.maximum(over, 0.0))
    edge = c.sigma_m[rows] / UNIFORM_SIGMA
    radii = np.where(c.heavy[rows, None], np.minimum(radii, edge), radii)
    best, mine = radii.argmax(axis=1), np.flatnonzero(rows)
    pick = np.arange(len(mine))
    radius = radii[pick, best]
    # The distance of a heavy puff is that of its front.
    front = np.where(c.heavy[mine], c.sigma_m[mine, best] / UNIFORM_SIGMA, 0.0)
    centre = np.maximum(c.x_m[best] - front, 0.0)
    k = len(_CIRCLE)
    # The half of a disc that would lie upwind of the source is cut off: a cloud footprint begins at the source.
    low_x = np.maximum(centre - radius, 0.0)
    nodes = low_x[:, None] + (centre + radius - low_x)[:, None] * (1 + _CIRCLE) / 2
    chord = np.sqrt(np.maximum(radius[:, None] ** 2 - (nodes - centre[:, None]) ** 2, 0.0))
    x[mine, :k], half[mine, :k] = nodes, chord
    count[mine] = np.where(radius > 0, k, 0)
    return release.mass_kg[mine] * part[pick, best], centre
