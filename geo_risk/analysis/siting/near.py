"""The part of a region that can have a say about a project."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..setbacks import NEAR_MISS_M, POSITION_ERROR_M, ROAD_HALF_WIDTH_M, SIGMAS

# Errors of both sides count twice for what is worth reporting, and once for the verdict.
_ERRORS = 3 * SIGMAS


def near(
    layers: Mapping[str, gpd.GeoDataFrame], project: Mapping[str, gpd.GeoDataFrame], distance_m: float
) -> dict[str, gpd.GeoDataFrame]:
    """
    The rows of ``layers`` that a rule of up to ``distance_m`` [m] could set against a row of ``project``.

    Rows that decide what a near one or the project is stay too: the rest of its tank group (unit_id), its enterprise.
    """
    shape = shapely.union_all([g for frame in project.values() for g in frame.geometry])
    own = max(float(np.nanmax(_error(frame, layer))) for layer, frame in project.items())
    out: dict[str, gpd.GeoDataFrame] = {}
    shapely.prepare(shape)
    for name, frame in layers.items():
        reach = distance_m + _ERRORS * np.hypot(_error(frame, name), own) + NEAR_MISS_M + ROAD_HALF_WIDTH_M
        out[name] = frame[shapely.dwithin(frame.geometry.to_numpy(), shape, reach)]
    hazards, own_hazards = out.get("hazard_sources"), project.get("hazard_sources")
    if hazards is not None:
        whole = layers["hazard_sources"]
        units = {unit for f in (hazards, own_hazards) if f is not None for unit in f["unit_id"].dropna()} - {""}
        out["hazard_sources"] = hazards = whole[whole.index.isin(hazards.index) | whole["unit_id"].isin(units)]
    firms = layers.get("enterprises")
    if firms is not None:
        named = [frame for frame in (hazards, own_hazards) if frame is not None]
        ids = {v for f in named for v in f["enterprise_id"].dropna()}
        names = {v for f in named for v in f["enterprise_name"].dropna()}
        kept = firms.index.isin(out["enterprises"].index) | firms["id"].isin(ids) | firms["name"].isin(names)
        out["enterprises"] = firms[kept]
    return out


def joined(
    layers: Mapping[str, gpd.GeoDataFrame], project: Mapping[str, gpd.GeoDataFrame]
) -> dict[str, gpd.GeoDataFrame]:
    """The layers with the rows of the project added."""
    out = dict(layers)
    for name, frame in project.items():
        parts = [f for f in (layers.get(name), frame) if f is not None and len(f)]
        columns = list(dict.fromkeys(c for f in parts for c in f.columns))
        rows = pd.concat([f.reindex(columns=columns).astype(object) for f in parts], ignore_index=True)
        out[name] = gpd.GeoDataFrame(rows.infer_objects(), geometry="geometry", crs=frame.crs)
    return out


def keys(project: Mapping[str, gpd.GeoDataFrame]) -> set[tuple[str, str]]:
    """(layer, id) of the rows of a project."""
    return {(name, str(i)) for name, frame in project.items() for i in frame["id"]}


def _error(frame: gpd.GeoDataFrame, layer: str) -> NDArray[np.float64]:
    stated = frame["position_error_m"].to_numpy(float) if "position_error_m" in frame else np.full(len(frame), np.nan)
    return np.where(np.isnan(stated), POSITION_ERROR_M.get(layer, 0.0), stated)
