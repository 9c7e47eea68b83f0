"""The rows that take part in a setback check, as sources and as targets, with everything the check needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from .alike import alike
from .conditions import Target
from .source_classes import (
    Source,
    classify_enterprise,
    classify_hazard,
    classify_parking,
    classify_pipeline,
    classify_place,
    most_volume_m3,
)
from .target_classes import classify_target, target_of_hazard

SOURCE_LAYERS = ("hazard_sources", "gas_pipelines", "parking_lots", "enterprises", "crowded_places")
TARGET_LAYERS = ("crowded_places", "buildings", "roads", "enterprises", "hazard_sources")
COLUMNS = ("layer", "id", "name", "enterprise_id", "enterprise_name", "reason")
POLYGONS = ("Polygon", "MultiPolygon")


class Side(NamedTuple):
    """All sources, or all targets: one array element a row; ``kinds[code]`` is what it is to the rules."""

    rows: Mapping[str, NDArray[np.object_]]  # COLUMNS, all text
    shapes: NDArray[np.object_]
    error: NDArray[np.float64]  # position error, 68 % [m]
    inset: NDArray[np.float64]  # known half width to take off the distance to the line [m]
    slack: NDArray[np.float64]  # the true edge may be nearer than the shape by this [m]
    code: NDArray[np.int64]  # which of ``kinds`` it is
    kinds: list[Any]


def source_side(layers: Mapping[str, gpd.GeoDataFrame], errors: Mapping[str, float], skipped: Counter) -> Side:
    """Every open, placed row that may be a source; the others are counted in ``skipped`` by layer and reason."""
    classify: dict[str, Callable[[Mapping[str, Any]], Source | None]] = {
        "hazard_sources": classify_hazard,
        "gas_pipelines": classify_pipeline,
        "parking_lots": classify_parking,
        "enterprises": classify_enterprise,
        "crowded_places": classify_place,
    }
    parts = []
    for name in SOURCE_LAYERS:
        frame = usable(layers, name, skipped)
        if frame is None:
            continue
        code, found = alike(frame, classify[name])
        for source, count in zip(found, np.bincount(code, minlength=len(found)), strict=True):
            if source is not None and source.gap:
                skipped[name, source.gap] += int(count)
        sources = [(s.options, s.reason) if s is not None else ((), "") for s in found]
        taken = np.array([bool(options) for options, _ in sources], dtype=bool)[code]
        half = numbers(frame, "diameter_mm") / 2000 if name == "gas_pipelines" else np.zeros(len(frame))
        slack = np.where(np.isfinite(half), half, 0.0)
        parts.append(_part(name, frame[taken], code[taken], sources, errors, slack=slack[taken]))
    return _side(parts)


def target_side(
    layers: Mapping[str, gpd.GeoDataFrame], errors: Mapping[str, float], half_width: float, skipped: Counter
) -> Side:
    """Every open, placed row to keep clear of; a road without a width may reach ``half_width`` [m] to each side."""
    parts = []
    for name in TARGET_LAYERS:
        frame = usable(layers, name, Counter() if name in SOURCE_LAYERS else skipped)
        if frame is None:
            continue
        if name == "enterprises":
            outlined = frame.geometry.geom_type.isin(POLYGONS).to_numpy(bool)
            if not outlined.all():
                skipped[name, "as something to keep clear of: no outline, so its boundary is unknown"] += int(
                    (~outlined).sum()
                )
            frame = frame[outlined]
        width = numbers(frame, "width_m") if name == "roads" else np.zeros(len(frame))
        known = np.isfinite(width)
        code, found = alike(frame, partial(_target, name))
        inset, slack = np.where(known, width / 2, 0.0), np.where(known, 0.0, half_width)
        parts.append(_part(name, frame, code, found, errors, inset=inset, slack=slack))
    return _side(parts)


def _target(name: str, row: Mapping[str, Any]) -> tuple[Target, str]:
    if name == "hazard_sources":
        source = classify_hazard(row)
        return target_of_hazard(source.options), source.reason
    return classify_target(name, row)


def usable(layers: Mapping[str, gpd.GeoDataFrame], name: str, skipped: Counter) -> gpd.GeoDataFrame | None:
    """
    The rows of a layer that are open and have a place; the others are counted in ``skipped``.

    Those of hazard_sources with the sector of their enterprise and ``others_m3`` of their unit. None: no such layer.
    """
    if name not in layers:
        return None
    frame = layers[name]
    if "id" not in frame or frame["id"].isna().any():
        raise InputError(f"{name}: a row has no id, so a finding could not name it. Give every row an id.")
    repeated = frame["id"].duplicated()
    if repeated.any():
        raise InputError(
            f"{name}: id '{frame.loc[repeated, 'id'].iloc[0]}' is repeated. Ids must be unique in a layer."
        )
    bad = pd.to_numeric(frame["position_error_m"], errors="coerce") < 0 if "position_error_m" in frame else repeated
    if bad.any():
        row = frame[bad].iloc[0]
        raise InputError(f"{name} '{row['id']}': position_error_m is {row['position_error_m']}; it cannot be negative.")
    placed = frame.geometry.notna() & ~frame.geometry.is_empty
    is_open = frame["state"] != "closed" if "state" in frame else placed | True
    is_open = is_open.fillna(True).astype(bool)
    for why, lost in (("no geometry", ~placed), ("closed", placed & ~is_open)):
        if lost.any():
            skipped[name, why] += int(lost.sum())
    chosen = frame[placed & is_open]
    if name != "hazard_sources":
        return chosen
    return chosen.assign(sector=sectors(chosen, layers.get("enterprises")), others_m3=_others_m3(chosen))


def _others_m3(frame: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """The largest volume [m3] the other rows of each row's unit (unit_id) may hold; (N,)."""
    units: dict[str, list[int]] = {}
    for i, unit in enumerate(texts(frame, "unit_id")):
        if unit:
            units.setdefault(unit, []).append(i)
    shared = [members for members in units.values() if len(members) > 1]
    code, found = alike(frame.iloc[[i for members in shared for i in members]], most_volume_m3)
    volume = iter([found[c] for c in code])
    others = np.zeros(len(frame))
    for members in shared:
        own = {i: next(volume) for i in members}
        for i in members:
            others[i] = sum(own[j] for j in members if j != i)
    return others


def texts(frame: pd.DataFrame, column: str) -> list[str]:
    """The cells of a column as text; empty where missing."""
    if column not in frame:
        return [""] * len(frame)
    return [v.strip() if isinstance(v, str) else "" for v in frame[column].to_numpy(object)]


def numbers(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """The cells of a column as numbers; NaN where missing or infinite; (N,)."""
    if column not in frame:
        return np.full(len(frame), np.nan)
    found = pd.to_numeric(frame[column], errors="coerce").to_numpy(float, na_value=np.nan)
    return np.where(np.isfinite(found), found, np.nan)


def _part(
    layer: str,
    frame: gpd.GeoDataFrame,
    code: NDArray[np.int64],
    found: list[tuple[Any, str]],
    errors: Mapping[str, float],
    *,
    slack: NDArray[np.float64],
    inset: NDArray[np.float64] | float = 0.0,
) -> dict[str, Any]:
    """The columns of a side for the rows of one layer; ``found[code]`` is what each is to the rules, and why."""
    reason = np.array([*(why for _, why in found), ""], dtype=object)[code]
    for i in np.flatnonzero(np.array(texts(frame, "state"), dtype=object) == "planned"):
        reason[i] = f"planned, not built yet; {reason[i]}"
    ids, names = [str(i) for i in frame["id"].to_numpy(object)], texts(frame, "name")
    own = layer == "enterprises"
    error = numbers(frame, "position_error_m")
    return {
        "layer": [layer] * len(frame),
        "id": ids,
        "name": names,
        "enterprise_id": ids if own else texts(frame, "enterprise_id"),
        "enterprise_name": names if own else texts(frame, "enterprise_name"),
        "reason": reason,
        "shape": frame.geometry.to_numpy(),
        "error": np.where(np.isfinite(error), error, errors.get(layer, 0.0)),
        "inset": np.broadcast_to(inset, len(frame)),
        "slack": slack,
        "code": code,
        "kinds": [kind for kind, _ in found],
    }


def _side(parts: list[dict[str, Any]]) -> Side:
    unique: dict[Any, int] = {}
    codes = []
    for part in parts:
        used, at = np.unique(part["code"], return_inverse=True)
        places = [unique.setdefault(part["kinds"][c], len(unique)) for c in used]
        codes.append(np.array(places, dtype=np.int64)[at])
    rows = {c: np.array([v for part in parts for v in part[c]], dtype=object) for c in COLUMNS}
    shapes = np.concatenate([part["shape"] for part in parts] or [np.empty(0, object)])
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken])  # or an overlap could not be measured
    error, inset, slack = (
        np.concatenate([part[c] for part in parts] or [np.empty(0)]) for c in ("error", "inset", "slack")
    )
    return Side(rows, shapes, error, inset, slack, np.concatenate([*codes, np.empty(0, np.int64)]), list(unique))


def sectors(frame: gpd.GeoDataFrame, enterprises: gpd.GeoDataFrame | None) -> list[str]:
    """The sector each row states, else that of its enterprise, by id, else by name; empty if unknown."""
    stated = texts(frame, "sector") if "sector" in frame else [""] * len(frame)
    if enterprises is None or "sector" not in enterprises:
        return list(stated)
    known: dict[str, str] = {}
    for column in ("id", "name"):
        for key, sector in zip(enterprises.get(column, []), enterprises["sector"], strict=False):
            if isinstance(key, str) and key and isinstance(sector, str):
                known.setdefault(key, sector)
    keys = zip(stated, texts(frame, "enterprise_id"), texts(frame, "enterprise_name"), strict=True)
    return [own or known.get(i) or known.get(name) or "" for own, i, name in keys]
