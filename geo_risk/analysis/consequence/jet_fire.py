"""Jet fire: length of the flame and heat around it.

Arrays broadcast; NaN in gives NaN out. Both lengths are 20 to 35 % longer than the visible flames of
natural-gas jets of 3 to 20 kg/s: on the safe side. `valid` tells where they hold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .checks import Array, Valid, not_negative, positive
from .checks import valid as _valid
from .radiation import point_source, transmissivity_aqt

RADIATED = 0.3  # of the heat, API 521 default; methane 0.15 to 0.2, LPG 0.25 to 0.33
POINTS = np.linspace(0.2, 1.0, 9)  # of the flame's length, where its heat is taken to come from


def power(kg_s: ArrayLike, combustion_heat: ArrayLike) -> Array:
    """Heat released [W] by ``kg_s`` [kg/s] of a fuel of ``combustion_heat`` [J/kg]."""
    return not_negative("release rate", kg_s, "kg/s") * positive("heat of combustion", combustion_heat, "J/kg")


def length_aqt(power_w: ArrayLike) -> Array:
    """Length of a horizontal jet flame [m] from its heat release [W] (AQ/T 3046 E.57; TNO, CCPS)."""
    return not_negative("flame power", power_w, "W") ** 0.444 / 161.66


def length_api(power_w: ArrayLike) -> Array:
    """Length of a flare flame [m] from its heat release [W] (API 521 figure C.1, as fitted)."""
    return 0.00326 * not_negative("flame power", power_w, "W") ** 0.478


def heat_flux(
    along_m: ArrayLike,
    across_m: ArrayLike,
    power_w: ArrayLike,
    *,
    radiated: float = RADIATED,
    height_m: float = 0.0,
    length_m: ArrayLike | None = None,
) -> Array:
    """
    Heat [W/m2] facing a horizontal flame that starts at the origin and burns along +x.

    Nine equal point sources between 20 and 100 % of the length (AQ/T 3046 E.58, E.59 spread along
    the flame, which a single point would get wrong beside it).

    Parameters
    ----------
    along_m, across_m
        Place of the receptor [m].
    power_w, radiated
        Heat release [W] and the part of it that is radiated.
    height_m
        Flame axis above the receptor [m].
    length_m
        Flame length [m]; `length_aqt` by default.
    """
    x, y = np.asarray(along_m, float)[..., None], np.asarray(across_m, float)[..., None]
    length = length_aqt(power_w) if length_m is None else positive("flame length", length_m, "m")
    distance = np.sqrt((x - POINTS * length[..., None]) ** 2 + y**2 + height_m**2)
    share = not_negative("flame power", power_w, "W") / len(POINTS)
    return point_source(share[..., None], radiated, distance, transmissivity_aqt(distance)).sum(axis=-1)


def distance_api(
    power_w: ArrayLike, flux_w_m2: ArrayLike, *, radiated: ArrayLike = RADIATED, tau: float = 1.0
) -> Array:
    """Distance from the middle of the flame [m] at which the heat is ``flux_w_m2`` [W/m2] (API 521 Annex C)."""
    radiant = tau * np.asarray(radiated, float) * not_negative("flame power", power_w, "W")
    return np.sqrt(radiant / (4 * np.pi * positive("heat flux", flux_w_m2, "W/m2")))


def valid(kg_s: ArrayLike) -> Valid:
    """Compared with jets of 1 to 20 kg/s; larger ones are extrapolated."""
    return _valid(("release rate", kg_s, 0.1, 1000.0, "kg/s"))
