"""Own numbers for single sources and scenarios: a CSV that switches, scales or replaces, row by row.

``source_id`` names a source; ``scenario`` one of its scenarios, or nothing for all. Without a
scenario a row may also replace what the source is computed with. Every bad cell is told with row
and column before anything is computed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from ...errors import InputError
from .losses import Loss

# Columns of a source that a row may replace, and their least value.
REPLACES = {
    "inventory_kg": 0.0,
    "units": 1.0,
    "unit_kg": 0.0,
    "tanker_kg": 0.0,
    "pressure_pa": 101_325.0,
    "temperature_k": 20.0,
    "pool_m2": 0.0,
    "boundary_m": 0.0,
    "head_m": 0.0,
    "connection_mm": 0.0,
    "wall_mm": 0.0,
    "presence": 0.0,
    "hours_per_yr": 0.0,
}
_KEYS = ("source_id", "scenario", "on", "factor", "frequency_per_yr")
COLUMNS = (*_KEYS, *REPLACES, "why")
_ON = {"": True, "1": True, "on": True, "yes": True, "true": True, "是": True}
_OFF = {"0": False, "off": False, "no": False, "false": False, "否": False}


@dataclass(frozen=True)
class Overrides:
    """Checked rows: (source_id, scenario) -> on, factor, frequency; and replaced values by source_id and column."""

    rules: dict[tuple[str, str], tuple[bool, float, float]] = field(default_factory=dict)
    values: dict[str, dict[str, float]] = field(default_factory=dict)

    def of(self, source_id: str) -> Overrides:
        """The rules of one source alone; its replaced values stand in the table of sources already."""
        return Overrides({key: rule for key, rule in self.rules.items() if key[0] == source_id})

    def apply(self, source_id: str, found: list[Loss]) -> list[Loss]:
        """The losses of one source with its rows applied: those of a scenario after those of the whole source."""
        out = []
        for loss in found:
            on, now = True, loss
            for scenario in ("", loss.scenario):
                rule = self.rules.get((source_id, scenario))
                if rule is not None:
                    on, now = rule[0], _scaled(now, rule[1], rule[2])
            if on:
                out.append(now)
        return out


def _scaled(loss: Loss, factor: float, frequency: float) -> Loss:
    new = frequency if np.isfinite(frequency) else loss.frequency * factor
    if new == loss.frequency:
        return loss
    factors = {"own_frequency": frequency} if np.isfinite(frequency) else {**loss.factors, "own_factor": factor}
    return Loss(**{**loss.__dict__, "frequency": new, "factors": factors})


def checked(frame: pd.DataFrame, sources: gpd.GeoDataFrame, *, name: str = "scenarios.csv") -> Overrides:
    """
    The rows of ``frame`` (all text), checked against the sources.

    Raises
    ------
    InputError
        Naming file, row (the header is row 1), column and value of the first bad cell, and what is allowed.
    """
    unknown = [c for c in frame.columns if c not in COLUMNS]
    if unknown or "source_id" not in frame:
        what = f"column '{unknown[0]}' is not known" if unknown else "there is no column 'source_id'"
        raise InputError(f"{name}: {what}. Columns: {', '.join(COLUMNS)}.")
    known = set(sources["source_id"])
    out = Overrides()
    for k, row in enumerate(frame.fillna("").astype(str).to_dict("records")):
        cells = {str(c): str(v).strip() for c, v in row.items()}
        where = f"{name} row {k + 2}"
        key = cells["source_id"]
        if key not in known:
            raise InputError(f"{where}, column source_id: {key!r} is no source. Take it from the table risk_sources.")
        _row(out, key, cells, where)
    return out


def _row(out: Overrides, key: str, cells: dict[str, str], where: str) -> None:
    scenario = cells.get("scenario", "")
    if (key, scenario) in out.rules:
        raise InputError(f"{where}: {key} {scenario or '(all scenarios)'} stands there twice. Keep one of the rows.")
    word = cells.get("on", "").lower()
    if word not in _ON | _OFF:
        raise InputError(f"{where}, column on: {cells['on']!r}. Write 1 or 0.")
    factor = _value(cells, "factor", where, 0.0)
    frequency = _value(cells, "frequency_per_yr", where, 0.0)
    if np.isfinite(factor) and np.isfinite(frequency):
        raise InputError(f"{where}: both factor and frequency_per_yr are given. Keep one.")
    if np.isfinite(frequency) and not scenario:
        raise InputError(f"{where}, column frequency_per_yr: it needs a scenario, such as pressure_vessel/hole.")
    out.rules[key, scenario] = ((_ON | _OFF)[word], factor if np.isfinite(factor) else 1.0, frequency)
    given = {c: _value(cells, c, where, least) for c, least in REPLACES.items()}
    given = {c: v for c, v in given.items() if np.isfinite(v)}
    if given and scenario:
        raise InputError(f"{where}, column {next(iter(given))}: it is of the whole source. Leave scenario empty.")
    if given:
        out.values[key] = given


def _value(cells: dict[str, str], column: str, where: str, least: float) -> float:
    """A cell as a number of at least ``least``; NaN where it is empty."""
    text = cells.get(column, "")
    if not text:
        return np.nan
    value = pd.to_numeric(text, errors="coerce")
    if not (np.isfinite(value) and value >= least):
        raise InputError(f"{where}, column {column}: {text!r}. Write a number of at least {least:g}.")
    return float(value)


def used_scenarios(overrides: Overrides, scenarios: dict[str, Any], *, name: str = "scenarios.csv") -> None:
    """Refuse rows whose scenario their source does not have; ``scenarios``: names by source_id."""
    for key, scenario in overrides.rules:
        if scenario and scenario not in scenarios.get(key, ()):
            has = ", ".join(dict.fromkeys(scenarios.get(key, ()))) or "none"
            raise InputError(f"{name}: {key} has no scenario {scenario!r}. It has: {has}.")
