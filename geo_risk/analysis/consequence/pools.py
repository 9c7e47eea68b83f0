"""Liquid on the ground: how far it spreads and how fast it evaporates.

Arrays broadcast; NaN in gives NaN out; input that cannot be is an `InputError`. `valid` tells where
the evaporation formula holds.

Sources: TNO Yellow Book CPR 14E (2005) ch. 3 and 6; EPA 550-B-99-009 (OCAG) appendix D.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InputError
from .checks import GAS_CONSTANT, Array, Valid, not_negative, positive
from .checks import valid as _valid

# Depth of an unconfined pool [m], Yellow Book ch. 3 (recalled, confident).
POOL_DEPTH_M = {"concrete": 0.005, "industrial site": 0.010, "sandy soil": 0.020, "rough soil": 0.025}
LARGEST_POOL_M2 = 1500.0  # on land where nothing confines it, Purple Book (recalled, confident)
# Ground: conductivity [W/m/K] and thermal diffusivity [m2/s], Yellow Book ch. 3 (recalled, confident).
GROUND = {"concrete": (0.92, 4.2e-7), "dry soil": (0.32, 2.0e-7), "average soil": (0.96, 4.6e-7)}
LONGEST_BOILING_S = 1800.0  # the rate is averaged over at most this long
SCHMIDT = 0.8  # of most vapours in air, Yellow Book 3.24
_LB_PER_MIN, _FT2, _MMHG = 0.45359237 / 60, 0.3048**2, 133.322  # in kg/s, m2, Pa


def pool_area(
    volume_m3: ArrayLike, *, bund_m2: ArrayLike = np.nan, depth_m: ArrayLike = POOL_DEPTH_M["industrial site"]
) -> Array:
    """
    Area of a pool [m2]: as far as ``depth_m`` [m] lets it spread, within the bund [m2] or else 1500 m2.

    ``bund_m2`` NaN means that nothing confines the pool.
    """
    spread = not_negative("spilled volume", volume_m3, "m3") / positive("pool depth", depth_m, "m")
    bund = positive("bund area", bund_m2, "m2")
    return np.minimum(spread, np.where(np.isnan(bund), LARGEST_POOL_M2, bund))


def pool_diameter(area_m2: ArrayLike) -> Array:
    """Diameter [m] of the circle of ``area_m2`` [m2] (Yellow Book 6.65)."""
    return np.sqrt(4 * not_negative("pool area", area_m2, "m2") / np.pi)


def steady_area(kg_s: ArrayLike, flux: ArrayLike) -> Array:
    """Area [m2] at which a pool fed with ``kg_s`` [kg/s] loses as much by evaporation or fire, ``flux`` [kg/m2/s]."""
    return not_negative("release rate", kg_s, "kg/s") / positive("flux", flux, "kg/m2/s")


def mass_transfer(wind_m_s: ArrayLike, diameter_m: ArrayLike, *, schmidt: ArrayLike = SCHMIDT) -> Array:
    """Mass transfer coefficient [m/s] above a pool (Mackay and Matsugu; Yellow Book 3.24); wind at 10 m."""
    u, d = not_negative("wind speed", wind_m_s, "m/s"), positive("pool diameter", diameter_m, "m")
    return 0.004786 * u**0.78 * d**-0.11 * positive("Schmidt number", schmidt, "") ** -0.67


def evaporation_flux(
    wind_m_s: ArrayLike,
    diameter_m: ArrayLike,
    vapour_pa: ArrayLike,
    molar_mass: ArrayLike,
    temperature_k: ArrayLike,
    *,
    schmidt: ArrayLike = SCHMIDT,
) -> Array:
    """
    Evaporation [kg/m2/s] of a pool below its boiling point.

    Wind at 10 m [m/s], pool diameter [m], vapour pressure [Pa], molar mass [kg/mol] and temperature
    [K] of the pool.
    """
    density = not_negative("vapour pressure", vapour_pa, "Pa") * positive("molar mass", molar_mass, "kg/mol")
    density = density / (GAS_CONSTANT * positive("pool temperature", temperature_k, "K"))
    return mass_transfer(wind_m_s, diameter_m, schmidt=schmidt) * density


def boiling_flux(
    boiling_k: ArrayLike,
    latent_heat: ArrayLike,
    duration_s: ArrayLike,
    *,
    ground: str = "concrete",
    ground_k: float = 288.15,
) -> Array:
    """
    Mean evaporation [kg/m2/s] over ``duration_s`` [s] (at most 1800 s) of a pool that boils on the ground.

    The ground cools as a half space at ``ground_k`` [K]; none boils where it is colder than
    ``boiling_k``. ``latent_heat`` in J/kg.
    """
    if ground not in GROUND:
        raise InputError(f"ground '{ground}' is not known. Use one of: {', '.join(GROUND)}.")
    conductivity, diffusivity = GROUND[ground]
    t = np.minimum(positive("duration", duration_s, "s"), LONGEST_BOILING_S)
    heat = conductivity * np.maximum(ground_k - positive("boiling temperature", boiling_k, "K"), 0.0)
    # the flux falls as t^-1/2; its mean is twice its last value
    return 2 * heat / (positive("latent heat", latent_heat, "J/kg") * np.sqrt(np.pi * diffusivity * t))


def liquid_factor(molar_mass: ArrayLike, vapour_pa: ArrayLike, temperature_k: ArrayLike) -> Array:
    """Liquid factor LFA [lb/min/ft2 at 1 m/s] of OCAG appendix D; molar mass [kg/mol], pressure [Pa], [K]."""
    mmhg = not_negative("vapour pressure", vapour_pa, "Pa") / _MMHG
    grams = 1000 * positive("molar mass", molar_mass, "kg/mol")
    return 0.284 * grams ** (2 / 3) * mmhg / (82.05 * positive("pool temperature", temperature_k, "K"))


def screening_evaporation(area_m2: ArrayLike, wind_m_s: ArrayLike, factor: ArrayLike) -> Array:
    """Evaporation [kg/s] of a pool [m2] in a wind [m/s] by its `liquid_factor` (OCAG appendix D)."""
    u = not_negative("wind speed", wind_m_s, "m/s")
    return u**0.78 * np.asarray(factor, float) * not_negative("pool area", area_m2, "m2") / _FT2 * _LB_PER_MIN


def valid(wind_m_s: ArrayLike, diameter_m: ArrayLike) -> Valid:
    """The evaporation formula has no still air, and was fitted to pools up to some tens of metres."""
    return _valid(("wind speed", wind_m_s, 0.5, 25.0, "m/s"), ("pool diameter", diameter_m, 0.1, 100.0, "m"))
