"""Losses of containment: how each part of a source fails, how often, and what then leaves it.

Frequencies are rows of ``standards/release_frequencies.csv`` (Purple Book or HJ 169); rates come
from the discharge models. Isolation of arms, hoses and pipelines is a branch of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from ...standards import weakest
from ..consequence.checks import ATMOSPHERE_PA, GAS_CONSTANT
from ..consequence.discharge import flashing_flow, gas_flow, liquid_flow
from ..consequence.gas_pipeline import failures
from ..consequence.properties import Substance
from ..rows import table_rows
from .defaults import parameter

ISOLATED = ("arm", "hose")  # what has a valve before it; a pipeline adds what is pumped until it is shut
EXCESS_FLOW = "excess_flow"  # row of isolation.csv, and the branch it makes
_PIPELINE_SET = "gb_t_34346"  # of pipeline_frequencies.csv: by wall thickness, read in the standard's annex


@dataclass(frozen=True)
class Release:
    """
    What leaves, as the consequence models need it.

    ``instantaneous``: all at once, ``rate_kg_s`` then NaN. ``phase`` as in ``risk_sources``;
    ``pool_m2`` the largest pool; ``pipe_mm`` the diameter of a pipeline that broke, else 0;
    ``buried``: it lies in the ground.
    """

    what: Substance
    phase: str
    instantaneous: bool
    mass_kg: float
    rate_kg_s: float
    duration_s: float
    pressure_pa: float
    temperature_k: float
    pool_m2: float
    pipe_mm: float = 0.0
    buried: bool = False


@dataclass(frozen=True)
class Loss:
    """
    One way of failing: ``scenario`` is part/event (and /isolated), ``frequency`` per year, of a line
    per metre and year; ``factors`` the numbers whose product it is. ``ignition``: of a pipeline, by
    kind of hole; NaN elsewhere.
    """

    source: int
    scenario: str
    part: str
    event: str
    frequency: float
    release: Release
    factors: dict[str, float] = field(hash=False)
    confidence: str = "V"
    ignition: float = np.nan


def losses(row: dict[str, Any], position: int, what: Substance, *, frequencies: str, isolation: str) -> list[Loss]:
    """All losses of one source (a row of ``risk_sources`` at ``position``), in a fixed order."""
    found: list[Loss] = []
    for part in str(row["equipment"]).split("|"):
        for rule in _pipeline_rows(row) if part == "pipeline" else _frequency_rows(frequencies, part):
            times, factors = _times(rule, row)
            if not times > 0:
                continue
            release = _release(row, what, part, rule, float(_isolation(isolation)["line_closes_s"]))
            if release.mass_kg < parameter("least_kg"):
                continue
            scenario = f"{part}/{rule['event']}"
            base = {"base_frequency": float(rule["frequency"]), **factors}
            loss = Loss(position, scenario, part, rule["event"], rule["frequency"] * times, release, base,
                        rule["confidence"], rule.get("ignition", np.nan))  # fmt: skip
            found += _isolated(loss, isolation)
    return found


@lru_cache
def _frequency_rows(frequencies: str, part: str) -> list[dict[str, Any]]:
    """Of the set named, or where it has no such part of the Purple Book."""
    rows = [r for r in table_rows("release_frequencies") if r["part"] == part]
    own = [r for r in rows if r["set"] == frequencies]
    return own or [r for r in rows if r["set"] == "purple_book"]


def _pipeline_rows(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The failures of a pipeline, in the form of release_frequencies.csv."""
    found = failures(_PIPELINE_SET, float(row["diameter_mm"]) / 1000, wall_mm=float(row["wall_mm"]))
    return [
        {
            "event": f.hole.replace(" ", "_"),
            "size": f.hole_m * 1000,
            "per": "m_yr",
            "frequency": f.per_m_yr,
            "ignition": f.ignition,
            "confidence": f.confidence,
        }
        for f in found
    ]


def _times(rule: dict[str, Any], row: dict[str, Any]) -> tuple[float, dict[str, float]]:
    """How many units of the rule's ``per`` the source has, and the number by its name."""
    per = rule["per"]
    if per == "unit_yr":
        count = _number(row, "inventory_kg") / _number(row, "unit_kg", 1.0)
        return max(1.0, count), {"cylinders": max(1.0, count)}
    name = {
        "vessel_yr": "units",
        "present_yr": "presence",
        "hour": "hours_per_yr",
        "vehicle_m": "presence",
        "m_yr": "",
    }[per]
    if not name:
        return 1.0, {}
    value = _number(row, name)
    return value, {name: value}


def _number(row: dict[str, Any], name: str, missing: float = 0.0) -> float:
    value = row.get(name)
    return missing if value is None or not np.isfinite(value) else float(value)


# --- what leaves --------------------------------------------------------------------------------


def _release(row: dict[str, Any], what: Substance, part: str, rule: dict[str, Any], closes_s: float) -> Release:
    event, phase = rule["event"], str(row["phase"])
    mass = _stock(row, part, closes_s)
    pressure, kelvin = float(row["pressure_pa"]), float(row["temperature_k"])
    pipe = _number(row, "diameter_mm") if part == "pipeline" else 0.0
    common = (pressure, kelvin, float(row["pool_m2"]), pipe, bool(pipe) and row.get("laying") != "rack")
    if event in ("instantaneous", "fire", "detonation"):
        return Release(what, phase, True, mass, np.nan, 0.0, *common)
    if event == "ten_minutes":
        seconds = parameter("ten_minutes_s")
        return Release(what, phase, False, mass, mass / seconds, seconds, *common)
    rate = _rate(row, what, part, rule)
    if pipe and phase == "gas" and event == "rupture":  # it empties ever more slowly: the fire model follows that
        return Release(what, phase, False, mass, rate, parameter("release_cap_s"), *common)
    seconds = min(mass / rate, parameter("release_cap_s")) if rate > 0 else 0.0
    pumped = _number(row, "transfer_kg_s")
    if pipe and phase == "liquefied" and rate > pumped:  # boiling drives so much only until the section is empty
        seconds = min(seconds, _number(row, "inventory_kg") / (rate - pumped))
    return Release(what, phase, False, rate * seconds, rate, seconds, *common)


def _stock(row: dict[str, Any], part: str, closes_s: float) -> float:
    """What can leave through a part [kg]; from a pipeline also what is pumped until it is shut."""
    total = _number(row, "inventory_kg")
    if part == "pipeline":
        return total + _number(row, "transfer_kg_s") * closes_s
    if part.startswith(("tanker", "road")):
        return _number(row, "tanker_kg")
    if part == "cylinder":
        return min(total, _number(row, "unit_kg", total))
    if part == "hose":  # the tanker empties; the tank in the ground has a check valve
        return _number(row, "tanker_kg", total)
    return total / max(_number(row, "units", 1.0), 1.0)


def _rate(row: dict[str, Any], what: Substance, part: str, rule: dict[str, Any]) -> float:
    """Mass flow [kg/s] out of a hole of the rule's size."""
    full = _number(row, "connection_mm")
    hole_mm, event = full, rule["event"]
    if event == "leak":
        hole_mm = min(float(rule["size"]) * full, parameter("hole_cap_mm"))
    elif event != "rupture":
        hole_mm = float(rule["size"]) if not full else min(float(rule["size"]), full)
    area = np.pi / 4 * (hole_mm / 1000) ** 2
    pressure, kelvin, phase = float(row["pressure_pa"]), float(row["temperature_k"]), row["phase"]
    ends = 2.0 if part == "pipeline" and event == "rupture" else 1.0
    if phase == "gas":
        flow = gas_flow(area, pressure, kelvin, what.molar_mass, what.gamma, parameter("cd_gas"))
        return ends * float(flow.kg_s)
    density = float(what.liquid_density(kelvin))
    pumped = _number(row, "transfer_kg_s")
    if phase == "liquefied" and event == "rupture" and part in (*ISOLATED, "pipeline"):
        return ends * _flashing(what, area, kelvin, density) + pumped
    out = _liquid(area, pressure, density, row)
    if (
        part == "pipeline"
    ):  # a liquid hardly expands: beyond what is pumped, only its vapour pressure and slope drive it
        own = float(what.vapour_pressure(kelvin)) if phase == "liquefied" else ATMOSPHERE_PA
        return min(ends * out, max(ends * _liquid(area, own, density, row), pumped))
    return max(out, pumped if event == "rupture" else 0.0)


def _liquid(area: float, pressure: float, density: float, row: dict[str, Any]) -> float:
    """Liquid out of a hole [kg/s], under at least half a metre of itself."""
    head = max(_number(row, "head_m"), 0.5)
    return float(liquid_flow(area, max(pressure, ATMOSPHERE_PA), density, head_m=head, cd=parameter("cd_liquid")))


def _flashing(what: Substance, area: float, kelvin: float, density: float) -> float:
    """Boiling flow of a pressurised liquefied gas through an open pipe [kg/s]."""
    own = float(what.vapour_pressure(kelvin))
    volume = GAS_CONSTANT * kelvin / (own * what.molar_mass) - 1 / density
    return float(flashing_flow(area, kelvin, what.latent_heat, volume, what.cp_liquid))


# --- isolation ----------------------------------------------------------------------------------


def _isolation(system: str) -> dict[str, Any]:
    return next(r for r in table_rows("isolation") if r["system"] == system)


def _isolated(loss: Loss, system: str) -> Iterator[Loss]:
    """The loss itself, or where shorter ones are possible its branches: shut by one device or the next, and not."""
    release, left, factors, confidence = loss.release, 1.0, dict(loss.factors), loss.confidence
    if loss.part not in ISOLATED or release.instantaneous:
        yield loss
        return
    for name, rule in _devices(loss, system):
        seconds, fails = float(rule["closes_s"]), float(rule["fails"])
        if seconds >= release.duration_s:
            continue
        confidence = weakest([confidence, rule["confidence"]])
        short = replace(release, duration_s=seconds, mass_kg=release.rate_kg_s * seconds)
        shut = {**factors, name: 1 - fails}
        yield _branch(loss, name, left * (1 - fails), short, shut, confidence)
        left, factors = left * fails, {**factors, f"not_{name}": fails}
    yield loss if left == 1 else _branch(loss, list(factors)[-1], left, release, factors, confidence)


def _devices(loss: Loss, system: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What may stop the flow, in the order of time: a tanker's excess flow valve when its hose breaks, then people."""
    if loss.part == "hose" and loss.event == "rupture" and loss.release.phase == "liquefied":
        yield EXCESS_FLOW, _isolation(EXCESS_FLOW)
    yield "isolated", _isolation(system)


def _branch(loss: Loss, name: str, share: float, release: Release, factors: dict[str, float], confidence: str) -> Loss:
    """One way in which a loss goes on."""
    scenario = f"{loss.scenario}/{name}"
    return replace(loss, scenario=scenario, frequency=loss.frequency * share, release=release, factors=factors,
                   confidence=confidence)  # fmt: skip
