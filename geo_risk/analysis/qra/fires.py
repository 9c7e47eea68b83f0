"""Footprints of fires: pool fire, jet fire, fireball and burning pipeline, from the published models' heat curves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..consequence import fireball, jet_fire, pool_fire
from ..consequence.gas_pipeline import Line, leak_heat, rupture_death
from ..consequence.pools import pool_diameter, steady_area
from ..consequence.vulnerability import HEAT_EXPOSURE_S, thermal_death
from .airborne import spill_area
from .footprint import Footprint, radial
from .losses import Release

Array = NDArray[np.float64]
Heat = Callable[[Array], Array]
Death = Callable[[Array], tuple[Array, Array, Array]]
LEAST_DEATH = 0.01  # a footprint ends where 1 % die, as the clouds do (Purple Book 6.2.3)
_FARTHEST_M, _NODES = 5000.0, 40
FLAME_MIDDLE = 0.6  # of a jet flame's length: the mean of its heat's sources


class Flame(NamedTuple):
    """
    A fire's heat [W/m2] by distance [m] from its middle, ``offset_m`` [m] downwind of the source.

    It lasts ``seconds`` for those exposed and holds everybody within ``certain_m`` [m]; ``why``: warning or "".
    """

    heat: Heat
    seconds: float
    certain_m: float
    offset_m: float
    why: str


def fire(outcome: str, release: Release, wind_mps: float) -> tuple[Footprint | None, str]:
    """
    Footprint of a pool_fire, jet_fire or fireball, and a warning where a model leaves its validity ("" where not).

    None where nobody dies. ``wind_mps`` [m/s] tilts a pool fire; the footprint is that of the worst direction.
    """
    if outcome == "fireball" and release.pipe_mm and release.phase == "gas":
        line = gas_line(release)
        return death_footprint(lambda r: rupture_death(r, line)), ""
    f = flame(outcome, release, wind_mps)
    return heat_footprint(f.heat, f.seconds, certain_m=f.certain_m, offset_m=f.offset_m), f.why


def flame(outcome: str, release: Release, wind_mps: float) -> Flame:
    """The heat of a pool_fire, jet_fire or fireball of a vessel or a liquid; see `fire`."""
    return {"pool_fire": _pool_fire, "jet_fire": _jet_fire, "fireball": _fireball}[outcome](release, wind_mps)


def heat_footprint(heat: Heat, seconds: float, *, certain_m: float = 0.0, offset_m: float = 0.0) -> Footprint | None:
    """Radial footprint of a heat [W/m2] that falls with distance [m]; everybody dies within ``certain_m``."""
    return death_footprint(lambda r: thermal_death(heat(r), seconds), certain_m=certain_m, offset_m=offset_m)


def death_footprint(death: Death, *, certain_m: float = 0.0, offset_m: float = 0.0) -> Footprint | None:
    """Radial footprint of (individual, outdoors, indoors) by distance [m], to where 1 % die; None where nobody does."""
    coarse = np.geomspace(1.0, _FARTHEST_M, 160)
    lethal = np.flatnonzero(death(coarse)[0] >= LEAST_DEATH)
    far = max(coarse[min(lethal[-1] + 1, len(coarse) - 1)] if len(lethal) else 0.0, certain_m)
    if far <= 0:
        return None
    r = np.unique(np.concatenate([[0.0], np.linspace(min(1.0, far), far, _NODES), _step(certain_m)]))
    within = r <= certain_m
    # Beneath a flame a formula may dip: a probability never rises with distance here.
    tables = [np.maximum.accumulate(np.where(within, 1.0, p)[::-1])[::-1] for p in death(r)]
    return radial(r, tables[0], outdoor=tables[1], indoor=tables[2], offset_m=offset_m)


def _step(edge: float) -> Array:
    return np.array([edge, np.nextafter(edge, np.inf)]) if edge > 0 else np.empty(0)


def gas_line(release: Release) -> Line:
    """The gas pipeline behind a release from it, as long as what it lets out."""
    what, diameter = release.what, release.pipe_mm / 1000
    per_m = np.pi / 4 * diameter**2 * float(what.gas_density(release.temperature_k, release.pressure_pa))
    return Line(release.pressure_pa, diameter, release.mass_kg / per_m, what.molar_mass, what.gamma,
                what.combustion_heat, release.temperature_k)  # fmt: skip


def _pool_fire(release: Release, wind_mps: float) -> Flame:
    what = release.what
    limit = what.burning_limit
    area = spill_area(release)
    if not release.instantaneous:  # a fed pool grows until it burns as much as it is fed
        area = min(area, float(steady_area(release.rate_kg_s, limit)))
    diameter = float(np.clip(pool_diameter(area), 0.5, None))
    flux = float(pool_fire.burning_flux(diameter, limit, what.burning_per_m))
    burning = pool_fire.pool_fire(diameter, flux, what.combustion_heat, wind_mps, soot=what.soot)
    why = pool_fire.valid(diameter, wind_mps).why
    return Flame(lambda r: pool_fire.heat_flux(burning, r), HEAT_EXPOSURE_S, diameter / 2, 0.0, why)


def _jet_fire(release: Release, wind_mps: float) -> Flame:
    """
    Horizontal, with the wind; about the middle of the flame, the larger of the heat along and across it.

    Out of the ground upright (Purple Book 4.7: buried pipelines).
    """
    if release.buried:
        heat_up = partial(leak_heat, rate_kg_s=release.rate_kg_s, combustion_heat=release.what.combustion_heat)
        return Flame(heat_up, min(HEAT_EXPOSURE_S, max(release.duration_s, 1.0)), 0.0, 0.0, "")
    power = float(jet_fire.power(release.rate_kg_s, release.what.combustion_heat))
    length = float(jet_fire.length_aqt(power))
    middle = FLAME_MIDDLE * length

    def heat(r: Array) -> Array:
        along, across = jet_fire.heat_flux(middle + r, 0.0 * r, power), jet_fire.heat_flux(middle + 0.0 * r, r, power)
        return np.maximum(along, across)

    half = length - middle  # within it the flame itself may be
    seconds = min(HEAT_EXPOSURE_S, max(release.duration_s, 1.0))
    return Flame(heat, seconds, half, middle, jet_fire.valid(release.rate_kg_s).why)


def _fireball(release: Release, wind_mps: float) -> Flame:
    """Of the whole stock: a vessel that fire or fracture bursts (Purple Book)."""
    ball = fireball.tno(release.mass_kg, release.pressure_pa, release.what.combustion_heat)
    seconds = min(float(ball.duration_s), HEAT_EXPOSURE_S)
    heat = partial(fireball.heat_flux, ball)
    return Flame(heat, seconds, float(ball.diameter_m) / 2, 0.0, fireball.valid(release.mass_kg).why)
