"""Heat on the way from a flame to a person: transmissivity of the air, and point sources.

Arrays broadcast; NaN in gives NaN out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .checks import Array, Valid, fraction, not_negative, positive
from .checks import valid as _valid

HUMIDITY = 0.7  # relative, Purple Book 4.7
AMBIENT_K = 288.15  # standard atmosphere


def water_pressure(temperature_k: ArrayLike = AMBIENT_K, humidity: ArrayLike = HUMIDITY) -> Array:
    """Partial pressure of water in air [Pa] (Magnus form over water, -45 to 60 C; WMO guide No. 8 annex 4.B)."""
    celsius = positive("air temperature", temperature_k, "K") - 273.15
    return fraction("relative humidity", humidity) * 611.2 * np.exp(17.62 * celsius / (243.12 + celsius))


def transmissivity(path_m: ArrayLike, water_pa: ArrayLike | None = None) -> Array:
    """
    Share of the heat that passes ``path_m`` [m] of humid air (Bagster; Yellow Book 6.29).

    Fitted for 1e4 < water_pa * path_m < 1e5 N/m; extended beyond, held at 1 near the flame.
    ``water_pa`` defaults to 70 % humidity at 15 C.
    """
    pw = water_pressure() if water_pa is None else positive("water vapour pressure", water_pa, "Pa")
    path = not_negative("path", path_m, "m")
    with np.errstate(divide="ignore"):
        return np.minimum(2.02 * (pw * path) ** -0.09, 1.0)


def transmissivity_aqt(path_m: ArrayLike) -> Array:
    """Share of the heat that passes ``path_m`` [m] of air: 1 - 0.0565 ln(x), held between 0 and 1 (AQ/T 3046 E.59)."""
    with np.errstate(divide="ignore"):
        return np.clip(1 - 0.0565 * np.log(not_negative("path", path_m, "m")), 0.0, 1.0)


def point_source(
    power_w: ArrayLike, fraction_radiated: ArrayLike, distance_m: ArrayLike, tau: ArrayLike = 1.0
) -> Array:
    """Heat flux [W/m2] at ``distance_m`` [m] from a flame of ``power_w`` [W] taken as a point (API 521; AQ/T E.58)."""
    radiated = fraction("radiated fraction", fraction_radiated) * not_negative("flame power", power_w, "W")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(tau, float) * radiated / (4 * np.pi * np.square(not_negative("distance", distance_m, "m")))


def valid(path_m: ArrayLike, water_pa: ArrayLike | None = None) -> Valid:
    """Whether `transmissivity` lies in the range of water vapour that it was fitted to."""
    pw = water_pressure() if water_pa is None else np.asarray(water_pa, float)
    return _valid(("water vapour times path", pw * np.asarray(path_m, float), 1e4, 1e5, "N/m"))
