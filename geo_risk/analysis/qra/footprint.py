"""The probability of death around one release outcome, in the frame of its source.

The source is the origin and the wind blows along +x. Two shapes are enough for the models in use:
a radial one (heat, blast, fireball; about the source or a point downwind of it) and a plume
(toxic or flammable cloud), symmetric about the wind. Both are short tables, so that any model can
feed the risk sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

TOP_HAT = np.inf  # slope of a cloud with a sharp edge: death inside, none outside
# Vulnerability in buildings and in the open, beside the individual risk that assumes a person always outdoors
# (Purple Book ch. 5, AQ/T 3046-2013 table 10): factors for a toxic cloud, and for a burning one.
TOXIC_INDOORS, FLASH_FIRE_INDOORS = 0.1, 1.0


@dataclass(frozen=True)
class Footprint:
    """
    Death probability of an unprotected person outdoors, and of people as they live.

    Parameters
    ----------
    x_m : (K,) rising
        Radial: distance from the centre [m]. Plume: distance downwind [m], from 0 or above.
    value : (K,)
        Radial: probability; linear in between, 0 beyond the last, constant before the first.
        Plume: probit on the axis, linear in between; none before the first and beyond the last.
    width_m : (K,) or None
        Plume: crosswind standard deviation of the concentration [m], or the half width of a
        cloud with a sharp edge (``slope`` = `TOP_HAT`). None for a radial footprint.
    slope : float
        Plume: how fast the probit falls crosswind, ``value - slope * y**2 / (2 width**2)``; for a
        concentration that is Gaussian crosswind it is b * n of the probit a + b ln(C**n t).
    offset_m : float
        Radial: distance of the centre downwind of the source [m].
    outdoor, indoor : (K,) or float
        For societal risk. Radial: probabilities outdoors (clothed) and indoors at ``x_m``; plume:
        factors on the individual probability.
    """

    x_m: NDArray[np.float64]
    value: NDArray[np.float64]
    width_m: NDArray[np.float64] | None = None
    slope: float = TOP_HAT
    offset_m: float = 0.0
    outdoor: NDArray[np.float64] | float = 1.0
    indoor: NDArray[np.float64] | float = 1.0

    @cached_property
    def reach_m(self) -> float:
        """Distance from the source beyond which nobody dies [m]."""
        wide = 0.0 if self.width_m is None else float(np.max(crosswind_m(self), initial=0.0))
        return float(np.hypot(self.x_m[-1] + abs(self.offset_m), wide))

    @cached_property
    def key(self) -> tuple[int, int]:
        """128 bits of its content: footprints of the same key are the same."""
        digest = blake2b(np.array([self.slope, self.offset_m]).tobytes(), digest_size=16)
        for part in (self.x_m, self.value, self.width_m, self.outdoor, self.indoor):
            values = np.empty(0) if part is None else np.asarray(part, float)
            digest.update(np.array([-1 if part is None else values.size]).tobytes())
            digest.update(values.tobytes())
        first, second = np.frombuffer(digest.digest(), np.int64).tolist()
        return first, second


def radial(
    r_m: ArrayLike,
    probability: ArrayLike,
    *,
    outdoor: ArrayLike | None = None,
    indoor: ArrayLike | None = None,
    offset_m: float = 0.0,
) -> Footprint:
    """A footprint about the source, or about a point ``offset_m`` [m] downwind; see `Footprint`."""
    r, p = np.asarray(r_m, float), np.asarray(probability, float)
    out = p if outdoor is None else np.asarray(outdoor, float)
    return Footprint(r, p, offset_m=offset_m, outdoor=out, indoor=p if indoor is None else np.asarray(indoor, float))


def disc(radius_m: float, *, offset_m: float = 0.0, indoor: float = 1.0) -> Footprint:
    """Death within ``radius_m`` [m], none beyond; ``indoor`` is the probability in buildings."""
    edge = np.array([0.0, radius_m, np.nextafter(radius_m, np.inf)])
    inside = np.array([1.0, 1.0, 0.0])
    return radial(edge, inside, indoor=inside * indoor, offset_m=offset_m)


def plume(
    x_m: ArrayLike, probit: ArrayLike, sigma_m: ArrayLike, slope: float, *, indoor: float = TOXIC_INDOORS
) -> Footprint:
    """A toxic cloud by the probit on its axis and its crosswind spread; see `Footprint`."""
    return Footprint(
        np.asarray(x_m, float), np.asarray(probit, float), np.asarray(sigma_m, float), float(slope), indoor=indoor
    )


def cloud(x_m: ArrayLike, half_width_m: ArrayLike, *, indoor: float = FLASH_FIRE_INDOORS) -> Footprint:
    """A burning cloud: death within ``half_width_m`` [m] of the axis, none beyond."""
    x = np.asarray(x_m, float)
    return Footprint(x, np.full(len(x), np.inf), np.asarray(half_width_m, float), TOP_HAT, indoor=indoor)


# Crosswind, where the probability has fallen below 0.1 %: 5 - 3.09 in probits.
NEGLIGIBLE_PROBIT = 1.91


def crosswind_m(footprint: Footprint) -> NDArray[np.float64]:
    """(K,) distance from the axis of a plume beyond which the probability is negligible [m]."""
    assert footprint.width_m is not None
    if np.isinf(footprint.slope):
        return footprint.width_m
    above = np.maximum(footprint.value - NEGLIGIBLE_PROBIT, 0.0)
    return footprint.width_m * np.sqrt(2 * above / footprint.slope)


def death(footprint: Footprint, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Individual death probability at (x, y) [m] of the source's frame; any shape, the plain form of the kernels."""
    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    if footprint.width_m is None:
        r = np.hypot(x - footprint.offset_m, y)
        return np.interp(r, footprint.x_m, footprint.value, right=0.0)
    there = (x >= footprint.x_m[0]) & (x <= footprint.x_m[-1])
    width = np.interp(x, footprint.x_m, footprint.width_m)
    if np.isinf(footprint.slope):
        return np.where(there & (np.abs(y) <= width), 1.0, 0.0)
    axis = np.interp(x, footprint.x_m, footprint.value)
    with np.errstate(divide="ignore", invalid="ignore"):
        probit = axis - footprint.slope * np.square(y) / (2 * np.square(width))
    p = np.where(width > 0, ndtr(probit - 5), 0.0)
    return np.where(there & (probit >= NEGLIGIBLE_PROBIT), p, 0.0)
