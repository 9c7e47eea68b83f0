"""Fireball of a bursting vessel (BLEVE): size, duration, heat.

Two published sets, TNO (Yellow Book 6.5.5) and CCPS (CPQRA 2nd ed. 2.2.3); `tno` is the one the
Purple Book uses. Arrays broadcast; NaN in gives NaN out. `valid` tells where they hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .checks import Array, Valid, fraction, not_negative, positive
from .checks import valid as _valid
from .radiation import transmissivity

LARGEST_FRACTION = 0.4  # of the heat that is radiated, Yellow Book 6.5.5
CCPS_FRACTION = 0.4  # vessel that bursts above the pressure of its relief valve; 0.3 below it
CCPS_LARGE_KG = 30_000.0
SECOND_DEGREE_DOSE = 3.42e6  # (W/m2)^(4/3) s, EPA 550-B-99-009 app. D


@dataclass(frozen=True)
class Fireball:
    """Diameter [m], duration [s], height of the centre [m], surface emissive power [W/m2], radiated fraction."""

    diameter_m: Array
    duration_s: Array
    height_m: Array
    sep_w_m2: Array
    radiated: Array


def tno(mass_kg: ArrayLike, burst_pa: ArrayLike, combustion_heat: ArrayLike) -> Fireball:
    """
    Fireball by the Yellow Book (6.5.5).

    ``mass_kg`` [kg] of flammable liquid and vapour, ``burst_pa`` [Pa] vapour pressure at burst (the
    Purple Book takes 1.21 times the relief pressure), ``combustion_heat`` [J/kg].
    """
    m = positive("burning mass", mass_kg, "kg")
    diameter, duration = 6.48 * m**0.325, 0.852 * m**0.26
    radiated = np.minimum(0.00325 * positive("burst pressure", burst_pa, "Pa") ** 0.32, LARGEST_FRACTION)
    return _fireball(m, diameter, duration, diameter, radiated, combustion_heat)


def ccps(mass_kg: ArrayLike, combustion_heat: ArrayLike, *, radiated: ArrayLike = CCPS_FRACTION) -> Fireball:
    """Fireball by CPQRA 2nd ed.: ``mass_kg`` [kg], ``combustion_heat`` [J/kg], fraction ``radiated``."""
    m = positive("burning mass", mass_kg, "kg")
    diameter = 5.8 * m ** (1 / 3)
    duration = np.where(m < CCPS_LARGE_KG, 0.45 * m ** (1 / 3), 2.6 * m ** (1 / 6))
    return _fireball(m, diameter, duration, 0.75 * diameter, fraction("radiated fraction", radiated), combustion_heat)


def heat_flux(ball: Fireball, distance_m: ArrayLike, *, water_pa: float | None = None) -> Array:
    """
    Heat [W/m2] on a surface that faces the fireball, ``distance_m`` [m] along the ground from below its centre.

    A person cannot be nearer than the surface: the view factor is held at 1.
    """
    radius = ball.diameter_m / 2
    x = np.maximum(np.hypot(not_negative("distance", distance_m, "m"), ball.height_m), radius)
    return ball.sep_w_m2 * (radius / x) ** 2 * transmissivity(x - radius, water_pa)


def flashing_mass(inventory_kg: ArrayLike, flash: ArrayLike) -> Array:
    """Mass [kg] that burns when a vessel breaks cold: three times the flashing part, at most all (Purple Book)."""
    return not_negative("inventory", inventory_kg, "kg") * np.minimum(3 * fraction("flash fraction", flash), 1.0)


def second_degree_distance(
    mass_kg: ArrayLike, combustion_heat: ArrayLike, duration_s: ArrayLike, *, tau: float = 1.0, radiated: float = 0.4
) -> Array:
    """Distance [m] of the dose for second-degree burns (EPA 550-B-99-009 app. D): a screening form."""
    m, t = positive("burning mass", mass_kg, "kg"), positive("duration", duration_s, "s")
    power = 2.2 * tau * radiated * positive("heat of combustion", combustion_heat, "J/kg") * m**0.67
    return np.sqrt(power / (4 * np.pi * (SECOND_DEGREE_DOSE / t) ** 0.75))


def valid(mass_kg: ArrayLike) -> Valid:
    """The fits are used from 1 kg to 1000 t, beyond their trials."""
    return _valid(("burning mass", mass_kg, 1.0, 1e6, "kg"))


def _fireball(
    mass: Array, diameter: Array, duration: Array, height: Array, radiated: Array, combustion_heat: ArrayLike
) -> Fireball:
    energy = radiated * mass * positive("heat of combustion", combustion_heat, "J/kg")
    return Fireball(diameter, duration, height, energy / (np.pi * diameter**2 * duration), radiated)
