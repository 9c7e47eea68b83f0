"""Why a place has its individual risk: shares of sources, scenarios, outcomes and weathers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .model import Model, outcome_shares, source_ids
from .outcomes import ANY_WEATHER


def explain_risk(model: Model, x: float, y: float) -> dict[str, Any]:
    """
    The LSIR at a place [m], taken apart four times; each list sums to 100 % where there is any risk.

    Returns
    -------
    dict
        ``lsir_per_yr``; ``sources`` (id, name, distance_m, per_yr, share_percent, largest first), ``scenarios``
        (source_id, scenario), ``outcomes`` (kind) and ``weathers`` (stability, speed_mps, period; "any" where an
        outcome does not depend on the weather), each with per_yr and share_percent.
    """
    import shapely

    parts = outcome_shares(model, (x, y))
    ordered = sorted(model.outcomes, key=lambda o: o.source)  # the order of the stack
    total = float(parts.sum())
    hits = [(ordered[i], float(parts[i])) for i in np.flatnonzero(parts > 0)]
    frame, here = model.sources, shapely.Point(x, y)
    ids = source_ids(frame)
    names = frame.get("name", frame.index)
    sources = _shares(total, ((o.source, p) for o, p in hits))
    scenarios = _shares(total, (((o.source, o.scenario), p) for o, p in hits))
    return {
        "lsir_per_yr": total,
        "sources": [
            {"id": str(ids[s]), "name": _text(names[s]) or str(ids[s])}
            | {"distance_m": float(shapely.distance(frame.geometry.iloc[s], here)), **part}
            for s, part in sources
        ],
        "scenarios": [
            {"source_id": str(ids[s]), "scenario": scenario, **part} for (s, scenario), part in scenarios
        ],
        "outcomes": [{"kind": kind, **part} for kind, part in _shares(total, ((o.kind, p) for o, p in hits))],
        "weathers": [
            {**_weather(model, w), **part} for w, part in _shares(total, ((o.weather, p) for o, p in hits))
        ],
    }  # fmt: skip


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _shares(total: float, parts: Iterable[tuple[Any, float]]) -> list[tuple[Any, dict[str, float]]]:
    """Parts added up by key, the largest first, equal ones in order of appearance."""
    sums: dict[Any, float] = {}
    for key, part in parts:
        sums[key] = sums.get(key, 0.0) + part
    ranked = sorted(sums.items(), key=lambda item: -item[1])
    return [(key, {"per_yr": part, "share_percent": 100 * part / total}) for key, part in ranked]


def _weather(model: Model, row: int) -> dict[str, Any]:
    if row == ANY_WEATHER:
        return {"stability": "any", "speed_mps": None, "period": "any"}
    w = model.weather
    return {"stability": w.stability[row], "speed_mps": float(w.speed_mps[row]), "period": w.period[row]}
