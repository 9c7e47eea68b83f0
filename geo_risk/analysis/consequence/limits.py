"""Concentrations in air that guidance gives for a short exposure: AEGL, ERPG, IDLH."""

from __future__ import annotations

from typing import NamedTuple

from ..rows import number, table_rows, text
from .properties import Substance


class Limit(NamedTuple):
    """One limit: name ("AEGL-2"), exposure [min], volume fraction [ppm], concentration at 25 C [mg/m3], confidence."""

    name: str
    minutes: float
    ppm: float
    mg_m3: float
    confidence: str


def exposure_limits(s: Substance) -> list[Limit]:
    """The limits of a substance in ``exposure_limits.csv``, in its order; empty where it has none."""
    rows = [r for r in table_rows("exposure_limits") if text(r, "cas") == s.cas]
    return [
        Limit(
            text(r, "limit"),
            number(r, "minutes"),
            number(r, "ppm"),
            float(s.mass_per_volume(number(r, "ppm") / 1e6)),
            text(r, "confidence"),
        )
        for r in rows
    ]
