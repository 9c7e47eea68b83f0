"""The rows that take part in a setback check, as sources and as targets, with everything the check needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from .rows import number, records, text
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
POLYGONS = ("Polygon", "MultiPolygon")


class Side(NamedTuple):
    """All sources, or all targets: one array element a row; ``kinds[code]`` is what it is to the rules."""

    rows: pd.DataFrame  # layer, id, name, enterprise_id, enterprise_name, reason
    shapes: NDArray[np.object_]
    error: NDArray[np.float64]  # position error, 68 % [m]
    inset: NDArray[np.float64]  # known half width to take off the distance to the line [m]
    slack: NDArray[np.float64]  # the true edge may be nearer than the shape by this [m]
    code: NDArray[np.int64]  # which of ``kinds`` it is
    kinds: list[Any]


def source_side(layers: Mapping[str, gpd.GeoDataFrame], errors: Mapping[str, float], skipped: Counter) -> Side:
    """Every open, placed row that may be a source; the others are counted in ``skipped`` by layer and reason."""
    sector = _sectors(layers.get("enterprises"))
    classify: dict[str, Callable[[dict[str, Any]], Source | None]] = {
        "hazard_sources": lambda row: classify_hazard(row, _sector_of(row, sector)),
        "gas_pipelines": classify_pipeline,
        "parking_lots": classify_parking,
        "enterprises": classify_enterprise,
        "crowded_places": classify_place,
    }
    rows, kinds = [], []
    for name in SOURCE_LAYERS:
        for row in _with_others(_usable(layers, name, skipped)):
            source = classify[name](row)
            if source is None:
                continue
            if source.gap:
                skipped[name, source.gap] += 1
            if source.options:
                half = number(row, "diameter_mm") / 2000 if name == "gas_pipelines" else 0.0
                rows.append(_entry(name, row, source.reason, errors, slack=half if np.isfinite(half) else 0.0))
                kinds.append(source.options)
    return _side(rows, kinds)


def target_side(
    layers: Mapping[str, gpd.GeoDataFrame], errors: Mapping[str, float], half_width: float, skipped: Counter
) -> Side:
    """Every open, placed row to keep clear of; a road without a width may reach ``half_width`` [m] to each side."""
    sector = _sectors(layers.get("enterprises"))
    rows: list[dict[str, Any]] = []
    kinds: list[Any] = []
    for name in TARGET_LAYERS:
        for row in _usable(layers, name, Counter() if name in SOURCE_LAYERS else skipped):
            inset = slack = 0.0
            if name == "hazard_sources":
                source = classify_hazard(row, _sector_of(row, sector))
                target, reason = target_of_hazard(source.options), source.reason
            else:
                if name == "enterprises" and row["geometry"].geom_type not in POLYGONS:
                    skipped[name, "as something to keep clear of: no outline, so its boundary is unknown"] += 1
                    continue
                target, reason = classify_target(name, row)
            if name == "roads":
                width = number(row, "width_m")
                inset, slack = (width / 2, 0.0) if np.isfinite(width) else (0.0, half_width)
            rows.append(_entry(name, row, reason, errors, inset=inset, slack=slack))
            kinds.append(target)
    return _side(rows, kinds)


def _usable(layers: Mapping[str, gpd.GeoDataFrame], name: str, skipped: Counter) -> list[dict[str, Any]]:
    """The rows of a layer that are open and have a place; the others are counted in ``skipped``."""
    if name not in layers:
        return []
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
    return records(chosen.rename(columns={chosen.geometry.name: "geometry"}))


def _with_others(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, each with the largest volume [m3] the other rows of its unit (unit_id) may hold."""
    units: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        if text(row, "unit_id"):
            units.setdefault(text(row, "unit_id"), []).append(i)
    volume = {i: most_volume_m3(rows[i]) for members in units.values() if len(members) > 1 for i in members}
    others = {
        i: sum(volume[j] for j in members if j != i) for members in units.values() if len(members) > 1 for i in members
    }
    return [{**row, "others_m3": others.get(i, 0.0)} for i, row in enumerate(rows)]


def _entry(
    layer: str, row: dict[str, Any], reason: str, errors: Mapping[str, float], *, inset: float = 0.0, slack: float = 0.0
) -> dict[str, Any]:
    error = number(row, "position_error_m")
    reason = f"planned, not built yet; {reason}" if text(row, "state") == "planned" else reason
    own = layer == "enterprises"
    return {
        "layer": layer,
        "id": str(row["id"]),
        "name": text(row, "name"),
        "enterprise_id": str(row["id"]) if own else text(row, "enterprise_id"),
        "enterprise_name": text(row, "name") if own else text(row, "enterprise_name"),
        "reason": reason,
        "shape": row["geometry"],
        "error": error if np.isfinite(error) else errors.get(layer, 0.0),
        "inset": inset,
        "slack": slack,
    }


def _side(entries: list[dict[str, Any]], kinds: list[Any]) -> Side:
    columns = ["layer", "id", "name", "enterprise_id", "enterprise_name", "reason", "shape", "error", "inset", "slack"]
    rows = pd.DataFrame(entries, columns=columns)
    unique = {kind: i for i, kind in enumerate(dict.fromkeys(kinds))}
    code = np.array([unique[k] for k in kinds], dtype=np.int64)
    shapes = np.array([*rows["shape"].tolist(), None], dtype=object)[:-1]  # None: or shapely makes it 2-d
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken])  # or an overlap could not be measured
    error, inset, slack = (rows[c].to_numpy(float) for c in ("error", "inset", "slack"))
    return Side(rows.drop(columns="shape"), shapes, error, inset, slack, code, list(unique))


def _sectors(enterprises: gpd.GeoDataFrame | None) -> dict[str, str]:
    """Sector by enterprise id and by name; ids win."""
    if enterprises is None or "sector" not in enterprises:
        return {}
    result: dict[str, str] = {}
    for column in ("id", "name"):
        for key, sector in zip(enterprises.get(column, []), enterprises["sector"], strict=False):
            if isinstance(key, str) and key and isinstance(sector, str):
                result.setdefault(key, sector)
    return result


def _sector_of(row: dict[str, Any], sectors: dict[str, str]) -> str:
    return sectors.get(text(row, "enterprise_id")) or sectors.get(text(row, "enterprise_name")) or ""
