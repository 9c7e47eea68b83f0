"""Which rows of GB 50028 a town gas pipe may fall under, by pressure, diameter and wall."""

from __future__ import annotations

from typing import Any

import numpy as np

from .rows import table_rows


def town_gas(pressure: float, diameter: float, wall: float) -> tuple[list[frozenset[str]], str]:
    """The clearance rows of GB 50028 that may apply; pressures between two columns take both."""
    bands = table_rows("gas_pressure_classes")
    names = [
        r["pressure_class"] for r in bands if not np.isfinite(pressure) or r["over_mpa"] < pressure <= r["upto_mpa"]
    ]
    said = f"{pressure:g} MPa" if np.isfinite(pressure) else "pressure unknown"
    rows = table_rows("gb50028_clearances")
    answers = []
    for name in names:
        high = name.startswith("town_gas_high")
        fitting = [
            r for r in rows if r["source_class"] == name or (high and r["source_class"].startswith("town_gas_high"))
        ]
        fitting = [r for r in fitting if _fits(r, diameter, wall) and (not high or _near_pressure(r, rows, pressure))]
        protection = frozenset({"town_gas_high" if high else name})
        answers += [protection | {r["rule_id"]} for r in fitting]
    return list(dict.fromkeys(answers)), said if names else f"of {said} is above the classes of GB 50028"


def _fits(row: dict[str, Any], diameter: float, wall: float) -> bool:
    bounds = (
        (diameter, row["dn_over_mm"], row["dn_upto_mm"], True),
        (wall, row["wall_min_mm"], row["wall_below_mm"], False),
    )
    for value, low, high, right_closed in bounds:
        if not np.isfinite(value):
            continue
        below = np.isfinite(low) and (value <= low if right_closed else value < low)
        above = np.isfinite(high) and (value > high if right_closed else value >= high)
        if below or above:
            return False
    return True


def _near_pressure(row: dict[str, Any], rows: list[dict[str, Any]], pressure: float) -> bool:
    """Whether the row's pressure column is next to ``pressure``: the standard interpolates between the two."""
    if not np.isfinite(pressure):
        return True
    columns = sorted({r["pressure_mpa"] for r in rows if np.isfinite(r["pressure_mpa"])})
    below = max((c for c in columns if c <= pressure), default=columns[0])
    above = min((c for c in columns if c >= pressure), default=columns[-1])
    return row["pressure_mpa"] in (below, above)
