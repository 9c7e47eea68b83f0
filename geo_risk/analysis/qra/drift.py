"""Footprints of drifting clouds, many at once: poison, flash fire and explosion."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..consequence import clouds, dense_gas
from ..consequence.checks import distance_where
from ..consequence.explosion import energy_scale, multi_energy
from ..consequence.flash_fire import flammable_tables
from ..consequence.toxic import toxic_tables
from ..consequence.vulnerability import BLAST_CERTAIN_PA, BLAST_INDOOR_PA, BLAST_INDOORS, ProbitConstants
from .airborne import airborne
from .defaults import default_row, parameter
from .footprint import Footprint, cloud, plume, radial
from .losses import Release

_LEAST_KG = 1e-3
_NEAR_M, _FAR_M = 1e-3, 1e5
OUTSIDE = "wind below the validity of the dense-gas correlation"
TAIL = "reaches beyond the dense-gas correlation, where its tail over open ground ignores urban roughness"


class Task(NamedTuple):
    """A release in one weather class: stability letter and wind at 10 m [m/s]."""

    release: Release
    stability: str
    wind_mps: float


Answer = tuple[Footprint | None, str]


def toxic(tasks: Sequence[Task], constants: ProbitConstants, terrain: str) -> list[Answer]:
    """Footprints of the toxic clouds of one substance, and warnings; None where fewer than 1 % die."""
    found = toxic_tables(batch(tasks), constants, terrain)
    out = []
    for i in range(len(tasks)):
        killing = plume(*found.row(i), found.slope) if found.count[i] > 1 else None
        beyond = terrain == "urban" and killing is not None and killing.reach_m > found.cloud.end_m[i]
        out.append((killing, "; ".join(w for w in (warning(found.cloud, i), TAIL if beyond else "") if w)))
    return out


def flammable(tasks: Sequence[Task], terrain: str, congestion: str) -> list[tuple[Answer, Answer]]:
    """Footprints of (flash fire, explosion) of the clouds of one substance at their largest, and warnings."""
    what = tasks[0].release.what
    found = flammable_tables(batch(tasks), what.lfl, what.ufl, terrain)
    out = []
    for i in range(len(tasks)):
        why = warning(found.cloud, i)
        burning = cloud(*found.row(i)) if found.count[i] > 1 else None
        middle = float(found.centre_m[i])
        burst = explosion(float(found.mass_kg[i]), what.combustion_heat, middle, congestion) if burning else None
        out.append(((burning, why), (burst, why)))
    return out


def explosion(mass_kg: float, combustion_heat: float, offset_m: float, congestion: str) -> Footprint | None:
    """Footprint of a vapour cloud explosion about ``offset_m`` [m] downwind; multi-energy, by ``congestion``."""
    energy = parameter(f"{congestion}_share") * mass_kg * combustion_heat
    if not energy > 0:
        return None
    near, far = (float(energy_scale(energy)) * edge for edge in _blast_edges(int(parameter(f"{congestion}_class"))))
    return blast(near, far, offset_m)


def blast(near: float, far: float, offset_m: float) -> Footprint | None:
    """Death within ``near`` [m] (30 kPa), 2.5 % of those indoors within ``far`` [m] (10 kPa); None where neither is."""
    if not far > 0:
        return None
    r = np.array([0.0, near, np.nextafter(near, np.inf), far, np.nextafter(far, np.inf)])
    out, inside = np.array([1.0, 1.0, 0.0, 0.0, 0.0]), np.array([1.0, 1.0, BLAST_INDOORS, BLAST_INDOORS, 0.0])
    if not near > 0:
        r, out, inside = r[2:], out[2:], inside[2:]
        r[0] = 0.0
    return radial(r, out, outdoor=out, indoor=inside, offset_m=offset_m)


@lru_cache
def _blast_edges(strength: int) -> tuple[float, float]:
    """Scaled distances of 30 and 10 kPa of a multi-energy class; 0 where the blast stays below."""
    reference = 1e9  # J; blast distances go with the cube root of the energy
    limits = [BLAST_CERTAIN_PA, BLAST_INDOOR_PA]
    found = distance_where(lambda r: multi_energy(r, reference, strength), limits, _NEAR_M, _FAR_M)
    scaled = np.where(found > 2 * _NEAR_M, found, 0.0) / energy_scale(reference)
    return float(scaled[0]), float(scaled[1])


def batch(tasks: Sequence[Task]) -> clouds.Release:
    """The releases as arrays of the dispersion models."""
    air = [airborne(t.release, t.wind_mps) for t in tasks]
    what = tasks[0].release.what
    ambient = default_row("ambient_k")["value"]
    kelvin, vapour = np.array([a.temperature_k for a in air]), np.array([a.vapour_fraction for a in air])
    mixture = dense_gas.evaporated_cloud(what.molar_mass, kelvin, vapour, what.latent_heat, air_k=ambient)
    return clouds.releases(
        np.maximum([a.mass_kg for a in air], _LEAST_KG),
        np.array([a.duration_s for a in air]),
        np.array([t.stability for t in tasks]),
        np.array([t.wind_mps for t in tasks]),
        np.full(len(air), what.molar_mass),
        mixture,
        width_m=np.array([a.width_m for a in air]),
        air_k=ambient,
    )


def warning(found: clouds.Cloud, i: int) -> str:
    """What to tell of a cloud outside the validity of its model, "" within it."""
    return "" if found.valid[i] else OUTSIDE
