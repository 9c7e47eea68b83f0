"""
Major hazard installations by GB 18218-2018: S, R, alpha, beta and level, unit by unit.

Quantities and thresholds are carried as intervals: a missing quantity may be anything, an unknown
substance may be listed or not. A unit is "major" only if the lowest possible S reaches 1, "not_major"
only if the highest stays below 1, else "undecided".
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..crs import in_crs, require_metric
from ..errors import InputError
from ..schema import RESULTS
from ..standards import parameter, table, weakest
from .residents import Residents, unit_residents
from .rows import first, number, records, table_rows, text, working
from .substances import Substance, identify

_QUANTITY_COLUMNS = ("quantity_t", "volume_m3", "residents_500m")


class Term(NamedTuple):
    """One row of a unit: bounds of q/Q and beta q/Q [-], its quantity [t] if exact, and how it prints."""

    s_low: float
    s_high: float
    r_low: float
    r_high: float
    quantity: float
    confidence: str
    beta_confidence: str
    shown: dict[str, Any]
    reason: str


def level(r_value: float) -> int:
    """Level by R (GB 18218-2018 Table 6): 1 from 100, 2 from 50, 3 from 10, else 4."""
    rows = _levels()
    return int(rows[0][np.searchsorted(rows[1], round(r_value, 9), side="right") - 1])


def alpha(residents: float) -> float:
    """Exposure factor (GB 18218-2018 Table 5) of residents within 500 m; a fraction of a person counts as one."""
    residents_min, factor = _alphas()
    persons = np.ceil(residents - 1e-9)
    return float(factor[np.searchsorted(residents_min, persons, side="right") - 1])


def major_hazards(
    hazard_sources: gpd.GeoDataFrame,
    *,
    population: gpd.GeoDataFrame | None = None,
    enterprises: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """
    Identify and grade every production and storage unit (GB 18218-2018).

    Rows with the same ``unit_id`` (else ``id``) form one unit. Residents are counted within 500 m of
    the plant boundary: the enterprise's polygon if it has one, else the unit's own outline. A declared
    number wins over a counted one; where both are missing alpha is 2.0, the most cautious. Closed and
    planned rows hold nothing (any more, or yet) and form no unit.

    Parameters
    ----------
    hazard_sources
        Layer hazard_sources, metric CRS.
    population
        Layer population: points counted inside, polygons by their share of area inside.
    enterprises
        Layer enterprises, for plant boundaries and names.

    Returns
    -------
    GeoDataFrame
        schema.RESULTS["major_hazards"], sorted by unit_id; geometry is the union of the unit's rows.

    Raises
    ------
    InputError
        If a row has neither id nor unit_id, or a quantity is negative.
    CRSError
        If a layer is not in metres.
    """
    sources = _checked(hazard_sources[working(hazard_sources)])
    for frame, what in ((population, "population"), (enterprises, "enterprises")):
        if frame is not None:
            require_metric(frame, what)
    people = None if population is None else in_crs(population, sources.crs)
    firms = None if enterprises is None else in_crs(enterprises, sources.crs)
    groups = sources.groupby("_unit", sort=True).indices
    names = sorted(groups)
    outlines, all_rows = sources.geometry.to_numpy(), records(sources.drop(columns=sources.geometry.name))
    shapes = np.array([shapely.union_all(outlines[groups[name]]) for name in names], object)
    units = [[all_rows[i] for i in groups[name]] for name in names]
    found = unit_residents(units, shapes, people, firms)
    rows = [_unit(*unit) for unit in zip(names, units, shapes, found, strict=True)]
    columns = [*RESULTS["major_hazards"].names, "geometry"]
    result = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=sources.crs)
    for column in RESULTS["major_hazards"].columns:
        if column.dtype in ("int", "bool", "float"):
            kind = {"int": "Int64", "bool": "boolean", "float": "float64"}[column.dtype]
            result[column.name] = result[column.name].astype(kind)
    return result


def _checked(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    require_metric(frame, "hazard_sources")
    frame = frame.reset_index(drop=True).copy()
    for column in ("id", "unit_id"):
        if column not in frame:
            frame[column] = None
    unit = frame["unit_id"].astype("object").where(frame["unit_id"].notna() & (frame["unit_id"] != ""), frame["id"])
    if unit.isna().any():
        raise InputError(
            f"hazard_sources row {int(unit.isna().argmax()) + 1} has neither id nor unit_id. Give it an id."
        )
    for column in _QUANTITY_COLUMNS:
        bad = pd.to_numeric(frame.get(column, pd.Series(dtype=float)), errors="coerce") < 0
        if bad.any():
            row = frame.loc[bad.idxmax()]
            raise InputError(
                f"hazard_sources '{row['id']}': {column} is {row[column]}. It cannot be negative; correct it."
            )
    return frame.assign(_unit=unit.astype(str))


def _unit(unit: str, rows: list[dict[str, Any]], shape: Any, people: Residents) -> dict[str, Any]:
    terms = [_term(row) for row in rows]
    persons, source, why = people
    factor = parameter("assumed_alpha") if source == "assumed" else alpha(persons)
    s_low, s_high = round(sum(t.s_low for t in terms), 9), round(sum(t.s_high for t in terms), 9)
    r_low, r_high = factor * sum(t.r_low for t in terms), factor * sum(t.r_high for t in terms)
    verdict = "major" if s_low >= 1 else "not_major" if s_high < 1 else "undecided"
    graded = _level(r_low, r_high) if verdict == "major" else None
    declared = min((int(n) for row in rows if np.isfinite(n := number(row, "declared_level"))), default=None)
    reasons = [_headline(verdict, s_low, s_high), *dict.fromkeys(t.reason for t in terms if t.reason)]
    if verdict == "major":
        reasons.append(_level_reason(graded, r_low, r_high, terms))
    used = [c for t in terms for c in ((t.confidence, t.beta_confidence) if graded else (t.confidence,))]
    quantity = sum(t.quantity for t in terms)
    return {
        "unit_id": unit,
        "name": first(rows, "name"),
        "enterprise_id": first(rows, "enterprise_id"),
        "enterprise_name": first(rows, "enterprise_name"),
        "substances": "、".join(dict.fromkeys(t.shown["substance"] for t in terms if t.shown["substance"])),
        "quantity_t": quantity,
        "verdict": verdict,
        "s_value": s_high if np.isfinite(s_high) else s_low,
        "r_value": round(r_high if np.isfinite(r_high) else r_low, 9),
        "alpha": factor,
        "level": graded,
        "declared_level": declared,
        "agrees": _agrees(declared, verdict, source, factor, (r_low / factor, r_high / factor)),
        "residents_500m": persons,
        "residents_from": source,
        "terms": json.dumps([t.shown for t in terms], ensure_ascii=False),
        "confidence": weakest(used),
        "reason": "; ".join(r for r in (*reasons, why) if r),
        "geometry": shape,
    }


def _term(row: dict[str, Any]) -> Term:
    process = row.get("kind") == "process_unit" or row.get("storage") == "process"
    substances, note = identify(row.get("substance"), row.get("cas"), row.get("hazard_class"), process=process)
    q_low, q_high, q_note, q_confidence = _quantity(row, substances)
    low = min((s.threshold_low_t for s in substances), default=0.0)
    high = max((s.threshold_high_t for s in substances), default=np.inf)
    betas = [s.beta for s in substances] or [np.nan]
    confidence = weakest([*(s.confidence for s in substances), q_confidence]) if substances else "MU"
    known = bool(substances) and confidence != "MU"
    s_low = q_low / high if known and np.isfinite(high) else 0.0
    s_high = q_high / low if known and np.isfinite(low) else 0.0
    if not known and q_high > 0:
        s_high = np.inf
    if confidence == "MU":
        note += "; an unverified row settles nothing"
    if len(substances) > 1 and q_high > 0:
        note = "; ".join(filter(None, [note, "how the quantity is split among the substances is not given"]))
    shown = {
        "substance": "、".join(s.name for s in substances) or text(row, "substance"),
        "q": _plain(q_high),
        "Q": _plain(low) if substances else None,
        "beta": max(betas) if substances else None,
        "clause": " | ".join(dict.fromkeys(s.clause for s in substances)),
        "confidence": confidence,
    }
    if q_low != q_high:
        shown["q_low"] = _plain(q_low)
    if substances and high != low:
        shown["Q_high"] = _plain(high)
    return Term(
        s_low,
        s_high,
        s_low * min(betas) if s_low else 0.0,
        s_high * max(betas) if known and s_high else s_high,
        q_low if q_low == q_high else np.nan,
        confidence,
        weakest(s.beta_confidence for s in substances),
        shown,
        "; ".join(filter(None, [note, q_note])),
    )


def _quantity(row: dict[str, Any], substances: list[Substance]) -> tuple[float, float, str, str]:
    """Bounds of the design maximum [t], what they rest on, and their confidence."""
    quantity, volume = number(row, "quantity_t"), number(row, "volume_m3")
    if np.isfinite(quantity):
        return quantity, quantity, "", "V"
    name = row.get("name") or row.get("id")
    rows = [_densities()[s.name] for s in substances if s.name in _densities()]
    if np.isfinite(volume) and rows and len(rows) == len(substances):
        low = min(r["density_low_kg_m3"] for r in rows) * parameter("tank_fill_low") / 1000
        high = max(r["density_high_kg_m3"] for r in rows) * parameter("tank_fill_high") / 1000
        said = (
            f"quantity of '{name}' taken from its volume of {volume:g} m3: {low * volume:.4g} to {high * volume:.4g} t"
        )
        return low * volume, high * volume, said, weakest(r["confidence"] for r in rows)
    return 0.0, np.inf, f"quantity of '{name}' is missing", "V"


def _level(r_low: float, r_high: float) -> int | None:
    """The level; of two possible ones the worse; None where R may be anything above ``r_low``."""
    if np.isfinite(r_high):
        return level(r_high)
    return 1 if level(r_low) == 1 else None


def _agrees(declared: int | None, verdict: str, source: str, factor: float, base: tuple[float, float]) -> bool | None:
    """Whether the declared level is right; None where that hangs on something unknown. ``base``: R / alpha."""
    if declared is None or verdict == "undecided":
        return None
    if verdict == "not_major":
        return False
    factors = _alphas()[1].tolist() if source == "assumed" else [factor]
    worst = 1 if not np.isfinite(base[1]) else level(base[1] * max(factors))
    possible = range(worst, level(base[0] * min(factors)) + 1)
    return None if declared in possible and len(possible) > 1 else declared in possible


def _headline(verdict: str, s_low: float, s_high: float) -> str:
    if s_low == s_high:
        value = f"S = {s_low:.4g}"
    elif np.isfinite(s_high):
        value = f"S between {s_low:.4g} and {s_high:.4g}"
    else:
        value = f"S at least {s_low:.4g}"
    meaning = {"major": "reaches 1", "not_major": "stays below 1", "undecided": "may or may not reach 1"}[verdict]
    return f"{value} {meaning}"


def _level_reason(graded: int | None, r_low: float, r_high: float, terms: list[Term]) -> str:
    unsure = [t.shown["substance"] for t in terms if t.beta_confidence == "MU"]
    text = f"beta of {', '.join(unsure)} is unverified, so the level is too; " if unsure else ""
    if graded is None:
        return f"{text}R at least {r_low:.4g}; the level needs the missing quantity or substance"
    if not np.isfinite(r_high):
        return f"{text}R at least {r_low:.4g}"
    if level(r_low) != level(r_high):
        return f"{text}R between {r_low:.4g} and {r_high:.4g}: the worse level {graded} is given"
    return f"{text}R = {r_high:.4g}" if r_low == r_high else f"{text}R between {r_low:.4g} and {r_high:.4g}"


def _plain(value: float) -> float | None:
    """A number JSON can hold; None for "without limit"."""
    return round(float(value), 6) if np.isfinite(value) else None


@lru_cache
def _alphas() -> tuple[Any, Any]:
    rows = table("gb18218_alpha")
    return rows["residents_min"].to_numpy(), rows["alpha"].to_numpy()


@lru_cache
def _levels() -> tuple[Any, Any]:
    rows = table("gb18218_levels").sort_values("r_min")
    return rows["level"].to_numpy(), rows["r_min"].to_numpy()


@lru_cache
def _densities() -> dict[str, dict[str, Any]]:
    return {r["name_zh"]: r for r in table_rows("densities")}
