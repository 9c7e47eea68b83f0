"""Protection targets against the limits of individual risk (GB 36894-2018 Table 2), three-valued."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
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
from .criteria import SITUATIONS, TWO_SIGMA, Group, group_of, individual_limit
from .model import Model, source_ids
from .points import PointRisk, lsir_points

LAYERS = ("crowded_places", "buildings", "population", "enterprises")
COLUMNS = (
    "layer", "id", "name", "group", "lsir_per_yr", "lsir_low_per_yr", "taken_at", "limit_per_yr", "limit_new_per_yr",
    "margin", "verdict", "verdict_new", "top_source", "contributors", "missing", "reason", "confidence",
)  # fmt: skip
_CELLS = 1_000_000  # looked at together


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
    names = _names(model.sources)
    rows = [_judged(row, risk, i, float(low[i]), near[i], names) for i, row in enumerate(records(targets))]
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
    shapes, error = targets["geometry"].to_numpy(), TWO_SIGMA * targets["error_m"].to_numpy(float)
    spread, flat = targets["spread"].to_numpy(bool), shapely.get_dimensions(shapes) == 2
    inner, low = shapely.point_on_surface(shapes), np.full(len(targets), np.nan)
    place = np.column_stack([shapely.get_x(inner), shapely.get_y(inner)])
    taken = np.full(len(targets), "point", object)
    wide = np.flatnonzero(flat | (error > grid.cell_m / 2))
    around = np.where(flat[wide], shapes[wide], shapely.buffer(shapes[wide], np.where(flat[wide], 0.0, error[wide])))
    for of, rows, cols in _cells(around, grid):
        values = lsir[rows, cols]
        starts = np.flatnonzero(np.diff(of, prepend=-1))
        worst = np.lexsort([-np.nan_to_num(values, nan=-1.0), of])[starts]  # stable: the first of equal cells
        mine = wide[of[starts]]
        place[mine] = np.column_stack([grid.x[cols[worst]], grid.y[rows[worst]]])
        least = np.minimum.reduceat(np.nan_to_num(values, nan=0.0), starts)
        low[mine] = np.where(~flat[mine] | spread[mine], least, np.nan)
        taken[mine] = [
            "worst cell of the outline" if flat[i] else f"worst cell within {error[i]:.0f} m" for i in mine.tolist()
        ]
    targets["taken_at"] = taken
    return place, low


def _cells(shapes: NDArray[np.object_], grid: Grid) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """(area, row, column) of the cells whose centre lies in areas, in this order, some areas at a time."""
    if not len(shapes):
        return
    bounds = shapely.bounds(shapes)
    row1, col0 = grid.rowcol(bounds[:, 0], bounds[:, 1])
    row0, col1 = grid.rowcol(bounds[:, 2], bounds[:, 3])
    row0, col0 = np.maximum(0, row0), np.maximum(0, col0)
    tall = np.maximum(0, np.minimum(grid.shape[0], row1 + 1) - row0)
    wide = np.maximum(0, np.minimum(grid.shape[1], col1 + 1) - col0)
    count = tall * wide
    shapely.prepare(shapes)
    part = np.cumsum(count) // _CELLS
    for some in np.split(np.arange(len(shapes)), np.flatnonzero(np.diff(part)) + 1):
        of = np.repeat(some, count[some])
        k = np.arange(len(of)) - np.repeat(np.cumsum(count[some]) - count[some], count[some])
        rows, cols = row0[of] + k // wide[of], col0[of] + k % wide[of]
        inside = shapely.contains_xy(shapes[of], grid.x[cols], grid.y[rows])
        if inside.any():
            yield of[inside], rows[inside], cols[inside]


def _near(targets: pd.DataFrame, missing: gpd.GeoDataFrame | None) -> list[int]:
    """(T,) number of sources near each target that could not be computed."""
    count = np.zeros(len(targets), int)
    if isinstance(missing, gpd.GeoDataFrame) and len(missing):
        there = missing.geometry[located(missing.geometry.to_numpy())]
        shapes = targets["geometry"].to_numpy()
        hit = there.sindex.query(shapes, predicate="dwithin", distance=parameter("not_quantified_near_m"))[0]
        count = np.bincount(hit, minlength=len(targets))
    return count.tolist()


def _judged(
    target: dict[str, Any], risk: PointRisk, i: int, low: float, near: int, names: list[tuple[str, str]]
) -> dict[str, Any]:
    """One row of the result; ``names`` as of `_names`."""
    group: Group = target["group"]
    high, doubtful = float(risk.total[i]), float(risk.doubtful[i])
    factor, part = parameter("unverified_factor"), doubtful / high if high > 0 else 0.0
    sure, feared = low * (1 - part + part / factor), high * (1 - part + part * factor)
    verdicts, why = {}, {}
    for situation in SITUATIONS:
        limits = [individual_limit(g, situation) for g in group.groups]
        verdicts[situation], why[situation] = _verdict(sure, low, high, feared, limits, near, group)
    strict = {s: min(individual_limit(g, s) for g in group.groups) for s in SITUATIONS}
    named = _contributors(risk, i, high, names)
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


def _names(sources: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    """(S,) id and name of the sources; the id where there is no name."""
    pairs = zip(source_ids(sources), _column(sources, "name"), strict=True)
    return [(str(key), str(name or key)) for key, name in pairs]


def _contributors(risk: PointRisk, i: int, total: float, names: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """The sources that add most, largest first, with their shares [%]."""
    return [
        {"source_id": names[s][0], "name": names[s][1], "share_percent": round(100 * p / total, 3)}
        for s, p in zip(risk.source[i].tolist(), risk.part[i].tolist(), strict=True)
        if s >= 0
    ]
