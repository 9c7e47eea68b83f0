"""Protection targets against the limits of individual risk (GB 36894-2018 Table 2), three-valued."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ...grid import Grid
from ...standards import parameter, weakest
from ..exposure import located
from ..rows import number, records, text
from .criteria import SITUATIONS, Group, group_of, individual_limit
from .model import Model, source_ids
from .points import PointRisk, lsir_points

LAYERS = ("crowded_places", "buildings", "population", "enterprises")
COLUMNS = (
    "layer", "id", "name", "group", "lsir_per_yr", "lsir_low_per_yr", "taken_at", "limit_per_yr", "limit_new_per_yr",
    "margin", "verdict", "verdict_new", "top_source", "contributors", "missing", "reason", "confidence",
)  # fmt: skip
_TWO_SIGMA = 2.0  # a place lies within this many 68 % errors with 95 %


def target_risk(
    model: Model,
    layers: Mapping[str, gpd.GeoDataFrame],
    lsir: NDArray[np.floating],
    grid: Grid,
    *,
    not_quantified: gpd.GeoDataFrame | None = None,
    workers: int = 1,
) -> gpd.GeoDataFrame:
    """
    Every protection target with its group, risk, limits and verdicts (``schema.RESULTS["target_risk"]``).

    The risk is exact at a point target, and at the worst cell inside an outline. Where it is not
    known where people are (a settlement given as an area, a place with a position error), the least
    risk there counts too: ``fail`` needs the least above the loosest limit that the target's group may
    have, ``pass`` the greatest at or below the strictest; what lies between is ``undecided``. Risk of
    sources with an MU number may be ``unverified_factor`` times less before a fail and as many times
    more before a pass, and a source near by that could not be computed keeps a target from passing.
    An enterprise with risk sources of its own is no target.

    Parameters
    ----------
    model
        Sources may have columns ``name``, ``enterprise_id``, ``confidence``.
    lsir : (rows, cols)
        Surface of ``model`` on ``grid``.
    not_quantified
        Sources left out of the model, with their places.
    """
    frames = [_targets(name, layers[name], model) for name in LAYERS if name in layers]
    frames = [f for f in frames if len(f)]
    if not frames:
        return gpd.GeoDataFrame(columns=list(COLUMNS), geometry=[], crs=grid.crs)
    targets = pd.concat(frames, ignore_index=True)
    unsure = _column(model.sources, "confidence") == "MU"
    place, low = _places(targets, lsir, grid)
    risk = lsir_points(model, place[:, 0], place[:, 1], doubtful=unsure, workers=workers)
    low = np.where(np.isnan(low), risk.total, np.minimum(low, risk.total))
    near = _near(targets, not_quantified)
    rows = [_judged(targets.iloc[i], risk, i, float(low[i]), near[i], model.sources) for i in range(len(targets))]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return gpd.GeoDataFrame(table, geometry=targets["geometry"].to_numpy(), crs=grid.crs)


def _column(sources: gpd.GeoDataFrame, name: str) -> NDArray[np.object_]:
    return sources[name].to_numpy(object) if name in sources else np.full(len(sources), "", object)


def _targets(layer: str, frame: gpd.GeoDataFrame, model: Model) -> pd.DataFrame:
    """The rows of a layer that are targets, each with its `Group`."""
    frame = frame[located(frame.geometry.to_numpy())].reset_index(drop=True)
    rows = records(frame)
    own = set(_column(model.sources, "enterprise_id")) - {"", None}
    found: list[dict[str, Any]] = [
        {"layer": layer, "id": str(row.get("id", i)), "name": text(row, "name"), "group": group_of(layer, row)}
        | {"error_m": number(row, "position_error_m"), "spread": layer == "population", "geometry": row["geometry"]}
        for i, row in enumerate(rows)
        if _exists(layer, row) and not (layer == "enterprises" and row.get("id") in own)
    ]
    return pd.DataFrame([f for f in found if f["group"].groups])


def _exists(layer: str, row: dict[str, Any]) -> bool:
    if text(row, "state") == "closed":
        return False
    return not (layer == "population" and number(row, "persons") == 0)


def _places(targets: pd.DataFrame, lsir: NDArray[np.floating], grid: Grid) -> tuple[NDArray, NDArray]:
    """
    ((T, 2) where the risk is taken [m], (T,) least risk where people may be; NaN where the place is known).

    ``taken_at`` is written to ``targets``.
    """
    place, low = np.empty((len(targets), 2)), np.full(len(targets), np.nan)
    taken = []
    shapes, errors, spread = targets["geometry"].to_numpy(), targets["error_m"].to_numpy(float), targets["spread"]
    for i, shape in enumerate(shapes):
        flat = shapely.get_dimensions(shape) == 2
        error = _TWO_SIGMA * errors[i]
        around = shape if flat else shapely.buffer(shape, error) if error > grid.cell_m / 2 else None
        cells = None if around is None else _cells(around, grid)
        inner = shapely.point_on_surface(shape)
        if cells is None or not len(cells[0]):
            place[i] = inner.x, inner.y
            taken.append("point")
            continue
        values = lsir[cells]
        worst = int(np.nanargmax(np.nan_to_num(values, nan=-1.0)))
        place[i] = grid.x[cells[1][worst]], grid.y[cells[0][worst]]
        if not flat or spread.iloc[i]:
            low[i] = float(np.nan_to_num(values, nan=0.0).min())
        taken.append("worst cell of the outline" if flat else f"worst cell within {error:.0f} m")
    targets["taken_at"] = taken
    return place, low


def _cells(shape: Any, grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the cells whose centre lies in an area."""
    left, bottom, right, top = shapely.bounds(shape)
    (row1, row0), (col0, col1) = (v.tolist() for v in grid.rowcol([left, right], [bottom, top]))
    rows = np.arange(max(0, row0), min(grid.shape[0], row1 + 1))
    cols = np.arange(max(0, col0), min(grid.shape[1], col1 + 1))
    shapely.prepare(shape)
    inside = shapely.contains_xy(shape, grid.x[cols][None, :], grid.y[rows][:, None])
    r, c = np.nonzero(inside)
    return rows[r], cols[c]


def _near(targets: pd.DataFrame, missing: gpd.GeoDataFrame | None) -> list[int]:
    """(T,) number of sources near each target that could not be computed."""
    count = np.zeros(len(targets), int)
    if isinstance(missing, gpd.GeoDataFrame) and len(missing):
        there = missing.geometry[located(missing.geometry.to_numpy())]
        shapes = targets["geometry"].to_numpy()
        hit = there.sindex.query(shapes, predicate="dwithin", distance=parameter("not_quantified_near_m"))[0]
        count = np.bincount(hit, minlength=len(targets))
    return count.tolist()


def _judged(target: pd.Series, risk: PointRisk, i: int, low: float, near: int, sources: gpd.GeoDataFrame) -> dict:
    """One row of the result."""
    group: Group = target["group"]
    high, doubtful = float(risk.total[i]), float(risk.doubtful[i])
    factor, part = parameter("unverified_factor"), doubtful / high if high > 0 else 0.0
    sure, feared = low * (1 - part + part / factor), high * (1 - part + part * factor)
    verdicts, why = {}, {}
    for situation in SITUATIONS:
        limits = [individual_limit(g, situation) for g in group.groups]
        verdicts[situation], why[situation] = _verdict(sure, low, high, feared, limits, near, group)
    strict = {s: min(individual_limit(g, s) for g in group.groups) for s in SITUATIONS}
    named = _contributors(risk, i, high, sources)
    said = [group.reason, why["in_service"]]
    return {
        "layer": target["layer"], "id": target["id"], "name": target["name"], "group": "|".join(group.groups),
        "lsir_per_yr": high, "lsir_low_per_yr": low, "taken_at": target["taken_at"],
        "limit_per_yr": strict["in_service"], "limit_new_per_yr": strict["new"],
        "margin": strict["in_service"] / high if high > 0 else np.nan,
        "verdict": verdicts["in_service"], "verdict_new": verdicts["new"],
        "top_source": named[0]["name"] if named else "", "contributors": json.dumps(named, ensure_ascii=False),
        "missing": ", ".join(group.missing), "reason": "; ".join(s for s in said if s),
        "confidence": weakest([group.confidence, "MC", *(["MU"] if doubtful > 0 else [])]),
    }  # fmt: skip


def _verdict(
    sure: float, low: float, high: float, feared: float, limits: list[float], near: int, group: Group
) -> tuple[str, str]:
    """(verdict, why) against the limits that the target may have."""
    if sure > max(limits):
        return "fail", ""
    if feared <= min(limits):
        if near:
            return "undecided", f"{near} sources within {parameter('not_quantified_near_m'):g} m are not quantified"
        return "pass", ""
    reasons = []
    if len(set(limits)) > 1 and min(limits) < high:
        reasons.append("its group is open")
    if low < high and low <= max(limits) < high:
        reasons.append("where people are within the outline is not known")
    if sure <= min(limits) < low or high <= min(limits) < feared or sure <= max(limits) < low:
        reasons.append("unverified numbers decide")
    return "undecided", "; ".join(reasons) or "between the limits its group may have"


def _contributors(risk: PointRisk, i: int, total: float, sources: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """The sources that add most, largest first, with their shares [%]."""
    ids, names = source_ids(sources), _column(sources, "name")
    return [
        {"source_id": str(ids[s]), "name": str(names[s] or ids[s]), "share_percent": round(100 * p / total, 3)}
        for s, p in zip(risk.source[i].tolist(), risk.part[i].tolist(), strict=True)
        if s >= 0
    ]
