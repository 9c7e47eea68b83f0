"""What of a release gets into the air: vapour and spray at once, and what evaporates from a pool."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..consequence.checks import ATMOSPHERE_PA, bisect
from ..consequence.dense_gas import evaporated_cloud
from ..consequence.discharge import airborne_fraction, flash_fraction
from ..consequence.pools import boiling_flux, evaporation_flux, pool_area, pool_diameter
from ..consequence.properties import Substance
from .defaults import default_row, parameter
from .losses import Release

_COLDEST_K = 100.0  # below boiling; no spray gets so cold


class Airborne(NamedTuple):
    """
    Substance in the air: mass [kg] over ``duration_s`` (0: at once), at ``temperature_k``.

    ``vapour_fraction``: the part of it that is vapour, the rest are drops; ``width_m``: of the source.
    """

    mass_kg: float
    duration_s: float
    temperature_k: float
    vapour_fraction: float
    width_m: float


def airborne(release: Release, wind_mps: float) -> Airborne:
    """The cloud of a release in a wind of ``wind_mps`` [m/s] at 10 m; mass 0 where nothing evaporates."""
    what = release.what
    if release.phase == "gas":
        return Airborne(release.mass_kg, release.duration_s, release.temperature_k, 1.0, 0.0)
    if release.phase == "liquefied":
        return _flashed(release)
    area = spill_area(release)
    diameter = max(float(pool_diameter(area)), 0.1)
    kelvin = min(release.temperature_k, what.boiling_k)
    pressure = float(what.vapour_pressure(kelvin))
    flux = float(evaporation_flux(wind_mps, diameter, pressure, what.molar_mass, kelvin))
    # By the warmth of the ground, or as any liquid where the ground is hardly warmer. Averaged over ten minutes
    # whatever the release lasts, as a pool outlives it: or a spill shut early would boil faster than the same one left.
    if release.phase == "refrigerated":
        flux = max(flux, float(boiling_flux(what.boiling_k, what.latent_heat, parameter("ten_minutes_s"))))
    longest = parameter("release_cap_s")
    rate = flux * area
    if not release.instantaneous:
        rate = min(rate, release.rate_kg_s)
    if rate <= 0:
        return Airborne(0.0, longest, kelvin, 1.0, diameter)
    seconds = min(release.mass_kg / rate, longest)
    return Airborne(rate * seconds, seconds, kelvin, 1.0, diameter)


def _flashed(release: Release) -> Airborne:
    """Vapour and spray of a pressurised liquefied gas; what rains out is not followed."""
    what = release.what
    flash = float(flash_fraction(what.cp_liquid, release.temperature_k - what.boiling_k, what.latent_heat))
    share = float(airborne_fraction(flash))
    vapour = min(flash / share, 1.0) if share > 0 else 1.0
    return Airborne(release.mass_kg * share, release.duration_s, drying_k(what, round(vapour, 6)), vapour, 0.0)


@lru_cache
def drying_k(what: Substance, vapour_fraction: float) -> float:
    """
    Temperature [K] of a cloud when the air it has drawn in has just evaporated its drops.

    There the vapour is saturated: its share by volume is its vapour pressure over the ambient one.
    Colder than boiling, as all sprays are; at the boiling point itself gases that boil near ambient
    temperature would need endless air.
    """
    if vapour_fraction >= 1:
        return what.boiling_k
    air = float(default_row("ambient_k")["value"])

    def surplus(kelvin: NDArray[np.float64]) -> NDArray[np.float64]:
        cloud = evaporated_cloud(what.molar_mass, kelvin, vapour_fraction, what.latent_heat, air_k=air)
        return cloud.mole_fraction - what.vapour_pressure(kelvin) / ATMOSPHERE_PA

    return float(bisect(surplus, what.boiling_k - _COLDEST_K, min(what.boiling_k, air)))


def spill_area(release: Release) -> float:
    """Area [m2] that the liquid of a release covers."""
    density = float(release.what.liquid_density(min(release.temperature_k, release.what.boiling_k)))
    return float(np.maximum(pool_area(release.mass_kg / density, bund_m2=release.pool_m2), 0.01))
