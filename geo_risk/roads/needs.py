"""What an accident takes against what is at hand: water, foam, engines, teams, ambulances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ..errors import InputError
from ..routing.speeds import rescue_default
from ..standards import table, weakest

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

# Means are counted one by one from these kinds of facility; a hospital without a number has at least one ambulance.
_ZH = {
    "fire_engines": "消防车", "rescue_teams": "专业救援队", "ambulances": "救护车", "foam_t": "泡沫液",
    "water_lps": "消防供水",
}  # fmt: skip


def scenarios() -> list[str]:
    """The kinds of accident that rescue_needs.csv knows."""
    return [name for name in dict.fromkeys(table("rescue_needs")["scenario"]) if name != "size"]


def needs(kinds: tuple[str, ...], pool_m2: float | None) -> list[dict[str, Any]]:
    """
    What the kinds of accident take, of each need the most (rows of rescue_needs.csv, worked out).

    Parameters
    ----------
    pool_m2 : burning area [m2]; the table's where it is not known.

    Raises
    ------
    InputError
        If a kind is unknown.
    """
    unknown = [k for k in kinds if k not in scenarios()]
    if unknown:
        raise InputError(f"scenario {unknown[0]!r} is unknown; use one of {', '.join(scenarios())}.")
    rows = table("rescue_needs")
    sizes = rows[rows["scenario"] == "size"].set_index("need")
    best: dict[str, dict[str, Any]] = {}
    for kind in kinds:
        of = {r["need"]: r for r in rows[rows["scenario"] == kind].to_dict("records")}
        for one in _worked_out(kind, of, sizes, pool_m2):
            if one["need"] not in best or one["amount"] > best[one["need"]]["amount"]:
                best[one["need"]] = one
    return list(best.values())


def _worked_out(kind: str, of: dict[str, Any], sizes: pd.DataFrame, pool_m2: float | None) -> list[dict[str, Any]]:
    """Engines, teams, ambulances as they stand; water as a flow and a volume; foam as tonnes of concentrate."""
    pool, sure = (pool_m2, []) if pool_m2 else (float(sizes.at["pool", "value"]), [sizes.at["pool", "confidence"]])
    size = {"": 1.0, "pool": pool, "rim": 2 * np.sqrt(np.pi * pool), "shell": float(sizes.at["shell", "value"])}
    unsure = {"pool": sure, "rim": sure, "shell": [sizes.at["shell", "confidence"]], "": []}
    out = []
    for name, unit in (("fire_engines", "vehicles"), ("rescue_teams", "teams"), ("ambulances", "vehicles")):
        if name in of:
            out.append(_one(kind, name, float(of[name]["value"]), unit, [of[name]]))
    for name, unit in (("water_lps", "L/s"), ("foam_lpm", "t")):
        if name not in of:
            continue
        row = of[name]
        per = row["per"] if isinstance(row["per"], str) else ""
        flow, last = float(row["value"]) * size[per], of["water_h" if name == "water_lps" else "foam_min"]
        if name == "water_lps":
            one = _one(kind, name, flow, unit, [row, last], unsure[per])
            one["volume_m3"] = flow * 3.6 * float(last["value"])
        else:
            one = _one(kind, "foam_t", flow * float(last["value"]) * rescue_default("foam_share") / 1000, unit,
                       [row, last], unsure[per])  # fmt: skip
        out.append(one)
    return out


def _one(kind: str, need: str, amount: float, unit: str, rows: list[Any], more: list[str] | None = None) -> dict:
    said = [f"{r['standard']} {r['edition']} {r['clause']}".replace(" - -", "") for r in rows]
    sure = weakest([*(r["confidence"] for r in rows), *(more or [])])
    told = {"need": need, "name_zh": _ZH[need], "scenario": kind, "amount": float(amount), "unit": unit}
    return told | {"standard": "; ".join(dict.fromkeys(said)), "confidence": sure}


def means(
    facilities: gpd.GeoDataFrame, minutes: pd.Series, at: tuple[float, float], forbidden: Any
) -> dict[str, dict[str, Any]]:
    """
    What is at hand by need: amount, how many facilities it comes from, how many say no number.

    Parameters
    ----------
    facilities : the working ones of ``schema.LAYERS["emergency_facilities"]``, metric CRS.
    minutes : (N,) until each arrives, in the order of ``facilities``; NaN where it does not.
    at : where water is needed [m].
    forbidden : ground in which no hydrant or intake can be used; None for none.
    """
    near = (minutes <= rescue_default("means_min")).to_numpy()
    kind = facilities["kind"].to_numpy(object)
    vehicles = facilities["vehicles"].to_numpy(float, na_value=np.nan)
    foam = facilities["foam_t"].to_numpy(float, na_value=np.nan)
    fire, teams, foams = near & (kind == "fire_station"), near & (kind == "rescue_team"), near & (foam > 0)
    ambulances = near & np.isin(kind, ("ambulance_base", "hospital"))
    return {
        "fire_engines": _sum(vehicles, fire),
        "rescue_teams": {"amount": float(teams.sum()), "from": int(teams.sum()), "unknown": 0},
        "ambulances": _sum(vehicles, ambulances),
        "foam_t": _sum(foam, foams) | {"unknown": int((fire & np.isnan(foam)).sum())},
        "water_lps": _water(facilities, at, forbidden),
    }


def _sum(values: Any, rows: Any) -> dict[str, Any]:
    known = rows & np.isfinite(values)
    return {"amount": float(values[known].sum()), "from": int(known.sum()), "unknown": int((rows & ~known).sum())}


def _water(facilities: gpd.GeoDataFrame, at: tuple[float, float], forbidden: Any) -> dict[str, Any]:
    """Flow of the hydrants within reach, and whether engines can draw from open water there."""
    kind, shapes = facilities["kind"].to_numpy(object), facilities.geometry.to_numpy()
    far = shapely.distance(shapes, shapely.Point(at))
    barred = np.zeros(len(far), bool) if forbidden is None else shapely.intersects(forbidden, shapes)
    hydrants = (kind == "hydrant") & (far <= rescue_default("hydrant_reach_m"))
    sources = (kind == "water_source") & (far <= rescue_default("source_reach_m"))
    any_source = far[(kind == "water_source") & ~barred]
    usable = hydrants & ~barred
    return {
        "amount": float(usable.sum()) * rescue_default("hydrant_lps"),
        "from": int(usable.sum()),
        "unknown": 0,
        "barred": int((hydrants & barred).sum()),
        "sources": int((sources & ~barred).sum()),
        "nearest_source_m": float(any_source.min()) if len(any_source) else None,
    }


def matched(wanted: list[dict[str, Any]], held: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """
    Each need with what is at hand, what is missing and a verdict.

    Verdicts: short; undecided (not enough is known to say so: a facility gives no number, or the need rests on an
    unsure row, or open water nearby may make up for hydrants); enough.
    """
    out = []
    for need in wanted:
        have = held[need["need"]]
        missing = max(0.0, need["amount"] - have["amount"])
        doubtful = have["unknown"] > 0 or have.get("sources", 0) > 0
        verdict = ("undecided" if doubtful else "short") if missing > 0 else "enough"
        if verdict == "enough" and need["confidence"] == "MU":
            verdict = "undecided"
        out.append(need | {"at_hand": have["amount"], "missing": missing, "verdict": verdict, "means": have})
    return out
