"""Zones of heat, overpressure and poison of one release, straight from the consequence models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from ...sections import RiskSettings
from ..consequence import clouds
from ..consequence.checks import ATMOSPHERE_PA, distance_where
from ..consequence.explosion import TNT_J_KG, explosives_ground, multi_energy
from ..consequence.fireball import heat_flux
from ..consequence.flash_fire import flammable_tables
from ..consequence.gas_pipeline import IMPACT_HEAT_W_M2, impact_distance, rupture_fireball
from ..rows import table_rows
from ..substances import canonical
from . import drift, fires
from .accident import Wind
from .defaults import parameter
from .losses import Release
from .zones import lobe, strip

_NEAR_M, _FAR_M = 0.01, 20_000.0
_LEAST_M = 0.5  # a smaller circle is nothing a map or a person could use
_FIRES = ("pool_fire", "jet_fire", "fireball")
_QUAD = 32
_NODES = 400  # along a cloud
GROWTH_MIN = (1, 5, 10, 30)  # after so many minutes the front of a cloud is told


@dataclass(frozen=True)
class Zone:
    """One area: of which outcome (kind), its effect at a level [unit], the farthest distance [m], a warning or ""."""

    kind: str
    effect: str
    level: float
    unit: str
    meaning: str
    distance_m: float
    geometry: Any
    warning: str = ""


def effect_zones(
    kind: str, release: Release, at: tuple[float, float], wind: Wind, settings: RiskSettings
) -> list[Zone]:
    """Zones of one outcome (of ``outcomes.KINDS``) of a release at ``at`` [m] in a wind; none for a flash fire."""
    if kind in _FIRES:
        return list(_heat(kind, release, at, wind))
    if kind == "explosion":
        return list(_blast(release, at, wind, settings))
    return list(_poison(release, at, wind, settings)) if kind == "toxic" else []


def _levels(effect: str) -> list[dict[str, Any]]:
    return [r for r in table_rows("zone_thresholds") if r["effect"] == effect]


def _heat(kind: str, release: Release, at: tuple[float, float], wind: Wind) -> Iterator[Zone]:
    f = fires.flame(kind, release, wind.speed_mps)
    if kind == "fireball" and release.pipe_mm and release.phase == "gas":  # of a broken pipeline
        f = f._replace(heat=_rupture(release), offset_m=0.0, why="")
    centre = _downwind(at, wind, f.offset_m)
    for row in _levels("heat"):
        r = float(distance_where(f.heat, row["level"], _NEAR_M, _FAR_M))
        if r > _LEAST_M:
            area = shapely.buffer(centre, r, quad_segs=_QUAD)
            yield Zone(kind, "heat", row["level"], "W/m2", row["meaning"], r + f.offset_m, area, f.why)


def _rupture(release: Release) -> Callable[[Any], Any]:
    """
    Heat [W/m2] of a burning pipeline rupture by distance: the larger of fireball and crater.

    The fireball is that of the footprint; the crater burns after the derivation of C-FER's radius.
    """
    gauge = release.pressure_pa - ATMOSPHERE_PA
    one = float(impact_distance(gauge, release.pipe_mm / 1000, IMPACT_HEAT_W_M2))
    _, ball = rupture_fireball(fires.gas_line(release))
    return lambda r: np.maximum(IMPACT_HEAT_W_M2 * (one / np.maximum(r, 1e-3)) ** 2, heat_flux(ball, r))


def _blast(release: Release, at: tuple[float, float], wind: Wind, settings: RiskSettings) -> Iterator[Zone]:
    curve, middle, why = _cloud_blast(release, wind, settings) if release.what.cas else _store_blast(release)
    centre = _downwind(at, wind, middle)
    for row in _levels("overpressure"):
        r = float(distance_where(curve, row["level"], _NEAR_M, _FAR_M))
        if r > _LEAST_M:
            area = shapely.buffer(centre, r, quad_segs=_QUAD)
            yield Zone("explosion", "overpressure", row["level"], "Pa", row["meaning"], r + middle, area, why)


def _store_blast(release: Release) -> tuple[Callable[[Any], Any], float, str]:
    """Overpressure [Pa] about a store of explosives."""
    tnt = release.mass_kg * release.what.combustion_heat / TNT_J_KG
    return lambda d: explosives_ground(d, tnt), 0.0, ""


def _cloud_blast(release: Release, wind: Wind, settings: RiskSettings) -> tuple[Callable[[Any], Any], float, str]:
    """Overpressure [Pa] about the middle of a burning cloud, how far downwind that is [m], and a warning."""
    batch, what = drift.batch([drift.Task(release, wind.stability, wind.speed_mps)]), release.what
    found = flammable_tables(batch, what.lfl, what.ufl, settings.terrain)
    energy = parameter(f"{settings.congestion}_share") * float(found.mass_kg[0]) * what.combustion_heat
    strength, why = int(parameter(f"{settings.congestion}_class")), drift.warning(found.cloud, 0)
    if not (found.count[0] > 1 and energy > 0):
        return np.zeros_like, 0.0, why
    return lambda d: multi_energy(d, energy, strength), float(found.centre_m[0]), why


def _poison(release: Release, at: tuple[float, float], wind: Wind, settings: RiskSettings) -> Iterator[Zone]:
    batch = drift.batch([drift.Task(release, wind.stability, wind.speed_mps)])
    c = clouds.cloud(batch, settings.terrain, x_m=clouds.distances(_NODES))
    ppm = np.maximum(c.kg_m3[0] / float(batch.pure_kg_m3[0]) * 1e6, 1e-30)
    why, front = drift.warning(c, 0), _front(c)
    for row in exposure_limits(release.what.cas):
        x, half = lobe(c.x_m, np.log(ppm / row["ppm"]), c.sigma_m[0])
        area = strip(x, half, at, wind.towards)
        if area.is_empty:
            continue
        meaning, farthest = f"{row['limit']}, {row['minutes']:g} min", float(np.nanmax(np.hypot(x, half)))
        yield Zone("toxic", row["limit"], row["ppm"], "ppm", meaning, farthest, area, why)
        for minutes in GROWTH_MIN if row["limit"] == "AEGL-2" else ():
            edge = float(np.interp(60 * minutes, front, c.x_m))
            there = np.where(x <= edge, half, np.nan)
            grown = strip(x, there, at, wind.towards)
            if not grown.is_empty:
                reached = float(x[np.isfinite(there)][-1])
                yield Zone("toxic", "AEGL-2 front", minutes, "min", f"reached after {minutes} min", reached, grown, why)


def _front(c: clouds.Cloud) -> Any:
    """(K,) seconds after which the front of the first cloud reaches each distance."""
    pace = 1 / np.maximum(c.speed_mps[0], 0.1)
    return np.concatenate([[0.0], np.cumsum((pace[1:] + pace[:-1]) / 2 * np.diff(c.x_m))])


def exposure_limits(cas: str) -> list[dict[str, Any]]:
    """Rows of ``standards/exposure_limits.csv`` for a substance, of each limit the hour or what there is."""
    rows = [r for r in table_rows("exposure_limits") if r["cas"] == cas and np.isfinite(r["ppm"])]
    best: dict[str, dict[str, Any]] = {}
    for row in rows:
        old = best.get(row["limit"])
        if old is None or abs(row["minutes"] - 60) < abs(old["minutes"] - 60):
            best[row["limit"]] = row
    return list(best.values())


def _downwind(at: tuple[float, float], wind: Wind, distance: float) -> Any:
    return shapely.Point(at[0] + distance * np.cos(wind.towards), at[1] + distance * np.sin(wind.towards))


def erg_distances(name: str, period: str, wind_mps: float, *, large: bool) -> dict[str, Any] | None:
    """
    Isolation and protective distance of ERG 2024 for a toxic substance, beside the computed zones; None if not listed.

    The largest container listed counts. Wind: below 10 km/h low, to 20 moderate, above high.
    """
    speed = "low" if wind_mps < 10 / 3.6 else "moderate" if wind_mps <= 20 / 3.6 else "high"
    spill = "large" if large else "small"
    meant = canonical(name)
    rows = [
        r
        for r in table_rows("erg_distances")
        if meant
        and canonical(str(r["name_zh"]).partition("(")[0]) == meant
        and r["spill"] == spill
        and r["time"] == period
        and r["wind"] in ("any", speed)
    ]
    rows = [r for r in rows if np.isfinite(r["protect_m"])]
    if not rows:
        return None
    row = max(rows, key=lambda r: r["protect_m"])
    words = ("un", "name_zh", "guide", "spill", "container", "time", "wind", "isolate_m", "protect_m", "or_more")
    return {w: row[w].item() if isinstance(row[w], np.generic) else row[w] for w in words}
