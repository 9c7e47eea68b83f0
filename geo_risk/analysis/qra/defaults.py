"""Stated defaults of the risk sum: what is taken where the layers do not tell, and the list of what was."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from ...errors import StandardsError
from ...standards import weakest
from ..rows import table_rows


@dataclass
class Assumed:
    """What one source was given because its row is silent: column -> value, unit, why, confidence."""

    entries: dict[str, dict[str, Any]] = field(default_factory=dict)

    def say(self, column: str, value: Any, unit: str, why: str, confidence: str) -> None:
        """Note one assumption; the first note of a column stays."""
        shown = float(f"{value:.6g}") if isinstance(value, int | float | np.number) else value
        entry = {"value": shown, "unit": unit, "why": why, "confidence": confidence}
        self.entries.setdefault(column, entry)

    def default(self, column: str, key: str, *scopes: str) -> float:
        """The default ``key`` of the first of ``scopes`` (else of any) that has one, noted for ``column``."""
        row = default_row(key, *scopes)
        self.say(column, row["value"], row["unit"], f"default: {row['meaning']}", row["confidence"])
        return float(row["value"])

    @property
    def confidence(self) -> str:
        """The weakest confidence of what was assumed; V where nothing was."""
        return weakest(entry["confidence"] for entry in self.entries.values())

    def json(self) -> str:
        """As text for a table."""
        return json.dumps(self.entries, ensure_ascii=False)


def default_row(key: str, *scopes: str) -> dict[str, Any]:
    """The row of risk_defaults.csv for ``key``: of the first scope that has one, else of "any"."""
    rows = _defaults()
    for scope in (*scopes, "any"):
        if (scope, key) in rows:
            return rows[scope, key]
    raise StandardsError(f"risk_defaults.csv has no row '{key}' for {', '.join(scopes)} or any. Add one.")


def parameter(key: str) -> float:
    """A number of risk_parameters.csv."""
    rows = _parameters()
    if key not in rows:
        raise StandardsError(f"risk_parameters.csv has no row '{key}'. It has: {', '.join(rows)}.")
    return rows[key]


@lru_cache
def _defaults() -> dict[tuple[str, str], dict[str, Any]]:
    return {(r["scope"], r["key"]): r for r in table_rows("risk_defaults")}


@lru_cache
def _parameters() -> dict[str, float]:
    return {r["key"]: float(r["value"]) for r in table_rows("risk_parameters")}
