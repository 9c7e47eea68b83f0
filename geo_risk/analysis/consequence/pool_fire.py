"""Pool fire: burning rate, flame, heat around it (TNO Yellow Book CPR 14E, 6.5.4).

The flame is a cylinder over the pool, tilted by the wind. Arrays broadcast; NaN in gives NaN out;
input that cannot be is an `InputError`. `valid` tells where the formulas hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .checks import AIR_DENSITY, GRAVITY, Array, Valid, fraction, not_negative, positive
from .checks import valid as _valid
from .radiation import transmissivity

AIR_VISCOSITY = 1.5e-5  # m2/s, at 15 C
RADIATED = 0.4  # of the heat: Purple Book and EPA default; hydrocarbons lie between 0.1 and 0.4
SOOT = 0.8  # part of the flame hidden by smoke, oil products (Yellow Book 6.71); a clean flame has 0
SMOKE_W_M2 = 20_000.0  # emissive power of smoke
SOOT_FREE_W_M2 = 140_000.0  # of the visible flame, Mudan (1984)


@dataclass(frozen=True)
class PoolFire:
    """Pool diameter [m], flame length [m], tilt from the vertical [rad], surface emissive power [W/m2]."""

    diameter_m: Array
    length_m: Array
    tilt_rad: Array
    sep_w_m2: Array


def burning_flux(diameter_m: ArrayLike, limit: ArrayLike, per_m: ArrayLike) -> Array:
    """
    Burning rate [kg/m2/s] of a pool (Babrauskas; Yellow Book Table 6.5).

    ``limit`` [kg/m2/s] that of a wide pool, ``per_m`` [1/m] how fast it is reached (infinite: always).
    """
    d = positive("pool diameter", diameter_m, "m")
    return positive("burning rate", limit, "kg/m2/s") * -np.expm1(-np.asarray(per_m, float) * d)


def burgess_flux(
    combustion_heat: ArrayLike,
    latent_heat: ArrayLike,
    cp_liquid: ArrayLike,
    boiling_k: ArrayLike,
    ambient_k: float = 298.15,
) -> Array:
    """Burning rate [kg/m2/s] of a wide pool from its heats [J/kg, J/kg/K] (Burgess; Yellow Book 6.67)."""
    warming = positive("specific heat of the liquid", cp_liquid, "J/kg/K") * np.maximum(
        positive("boiling temperature", boiling_k, "K") - ambient_k, 0.0
    )
    heats = positive("latent heat", latent_heat, "J/kg") + warming
    return 0.001 * positive("heat of combustion", combustion_heat, "J/kg") / heats


def wind_scale(diameter_m: ArrayLike, flux: ArrayLike, wind_m_s: ArrayLike, air: float = AIR_DENSITY) -> Array:
    """Wind speed over the characteristic one of the fire, at least 1 (Yellow Book 6.13, 6.14)."""
    d, m = positive("pool diameter", diameter_m, "m"), positive("burning rate", flux, "kg/m2/s")
    return np.maximum(not_negative("wind speed", wind_m_s, "m/s") / (GRAVITY * m * d / air) ** (1 / 3), 1.0)


def flame_length(diameter_m: ArrayLike, flux: ArrayLike, wind_m_s: ArrayLike, air: float = AIR_DENSITY) -> Array:
    """Length of the flame [m] in wind (Thomas; Yellow Book 6.12); ``flux`` [kg/m2/s], ``air`` density [kg/m3]."""
    d, m = positive("pool diameter", diameter_m, "m"), positive("burning rate", flux, "kg/m2/s")
    return d * 55 * (m / (air * np.sqrt(GRAVITY * d))) ** 0.67 * wind_scale(d, m, wind_m_s, air) ** -0.21


def still_flame_length(diameter_m: ArrayLike, flux: ArrayLike, air: float = AIR_DENSITY) -> Array:
    """Length of the flame [m] in still air (Thomas 1963)."""
    d, m = positive("pool diameter", diameter_m, "m"), positive("burning rate", flux, "kg/m2/s")
    return d * 42 * (m / (air * np.sqrt(GRAVITY * d))) ** 0.61


def tilt(diameter_m: ArrayLike, wind_m_s: ArrayLike, viscosity: float = AIR_VISCOSITY) -> Array:
    """Tilt of the flame from the vertical [rad] (Yellow Book 6.68-6.70); ``viscosity`` of air [m2/s]."""
    d, u = positive("pool diameter", diameter_m, "m"), not_negative("wind speed", wind_m_s, "m/s")
    c = 0.666 * (u**2 / (GRAVITY * d)) ** 0.333 * (u * d / viscosity) ** 0.117  # tan(tilt) / cos(tilt)
    # (sqrt(4c^2+1)-1)/(2c), written so that still air is no division by zero
    return np.arcsin(2 * c / (np.sqrt(4 * c**2 + 1) + 1))


def largest_sep(
    diameter_m: ArrayLike,
    length_m: ArrayLike,
    flux: ArrayLike,
    combustion_heat: ArrayLike,
    *,
    radiated: ArrayLike = RADIATED,
) -> Array:
    """Emissive power [W/m2] of a flame without smoke: radiated heat over its side and top (Yellow Book 6.71)."""
    heat = positive("burning rate", flux, "kg/m2/s") * positive("heat of combustion", combustion_heat, "J/kg")
    slender = positive("flame length", length_m, "m") / positive("pool diameter", diameter_m, "m")
    return fraction("radiated fraction", radiated) * heat / (1 + 4 * slender)


def smoky_sep(sep_w_m2: ArrayLike, soot: ArrayLike = SOOT) -> Array:
    """Emissive power [W/m2] of a flame of which smoke hides the part ``soot`` (Yellow Book 6.71)."""
    hidden = fraction("part hidden by smoke", soot)
    return (1 - hidden) * not_negative("emissive power", sep_w_m2, "W/m2") + hidden * SMOKE_W_M2


def mudan_sep(diameter_m: ArrayLike) -> Array:
    """Emissive power [W/m2] of a sooty hydrocarbon flame by its diameter alone [m] (Mudan; Yellow Book 6.19)."""
    clear = np.exp(-0.12 * positive("pool diameter", diameter_m, "m"))
    return SOOT_FREE_W_M2 * clear + SMOKE_W_M2 * (1 - clear)


def pool_fire(
    diameter_m: ArrayLike,
    flux: ArrayLike,
    combustion_heat: ArrayLike,
    wind_m_s: ArrayLike,
    *,
    soot: ArrayLike = SOOT,
    radiated: ArrayLike = RADIATED,
) -> PoolFire:
    """The fire of a pool [m] that burns ``flux`` [kg/m2/s] of ``combustion_heat`` [J/kg] in a wind [m/s]."""
    d = positive("pool diameter", diameter_m, "m")
    length = flame_length(d, flux, wind_m_s)
    sep = smoky_sep(largest_sep(d, length, flux, combustion_heat, radiated=radiated), soot)
    return PoolFire(d, length, tilt(d, wind_m_s), sep)


def view_factor(
    distance_m: ArrayLike, radius_m: ArrayLike, length_m: ArrayLike, tilt_rad: ArrayLike = 0.0
) -> tuple[Array, Array]:
    """
    View factors of a cylinder tilted towards the receptor, to a vertical and a horizontal surface (Mudan 1987).

    ``distance_m`` [m] from the middle of the pool, on the ground. Both are 1 in and under the flame.
    """
    radius = positive("flame radius", radius_m, "m")
    a = positive("flame length", length_m, "m") / radius
    b = not_negative("distance", distance_m, "m") / radius
    sin, cos = np.sin(tilt_rad), np.cos(tilt_rad)
    inside = b <= 1 + a * sin
    b = np.where(inside, 2 + a * sin, b)  # any place outside: its value is not used
    ab = np.sqrt(a**2 + (b + 1) ** 2 - 2 * a * (b + 1) * sin) * np.sqrt(a**2 + (b - 1) ** 2 - 2 * a * (b - 1) * sin)
    c = np.sqrt(1 + (b**2 - 1) * cos**2)
    d, f = np.sqrt((b - 1) / (b + 1)), np.sqrt(b**2 - 1)
    e = a * cos / (b - a * sin)
    side = np.arctan(d * (a**2 + (b + 1) ** 2 - 2 * a * (b + 1) * sin) / ab) / ab
    top = (np.arctan((a * b - f**2 * sin) / (f * c)) + np.arctan(f * sin / c)) / c
    vertical = -e * np.arctan(d) + e * (a**2 + (b + 1) ** 2 - 2 * b * (1 + a * sin)) * side + cos * top
    horizontal = np.arctan(1 / d) + sin * top - (a**2 + (b + 1) ** 2 - 2 * (b + 1 + a * b * sin)) * side
    return np.where(inside, 1.0, vertical / np.pi), np.where(inside, 1.0, horizontal / np.pi)


def heat_flux(fire: PoolFire, distance_m: ArrayLike, *, water_pa: float | None = None) -> Array:
    """
    Heat [W/m2] on the surface that receives most, ``distance_m`` [m] downwind of the middle of the pool.

    Downwind is the worst direction; in and under the flame it is the emissive power itself.
    """
    x = not_negative("distance", distance_m, "m")
    radius = fire.diameter_m / 2
    vertical, horizontal = view_factor(x, radius, fire.length_m, fire.tilt_rad)
    facing = np.minimum(np.hypot(vertical, horizontal), 1.0)
    return fire.sep_w_m2 * facing * transmissivity(np.maximum(x - radius, 0.0), water_pa)


def valid(diameter_m: ArrayLike, wind_m_s: ArrayLike = 0.0) -> Valid:
    """Pools of 1 to 100 m; the flame correlations come from winds up to some 15 m/s."""
    return _valid(("pool diameter", diameter_m, 1.0, 100.0, "m"), ("wind speed", wind_m_s, 0.0, 15.0, "m/s"))
