"""What makes a source of a risk point, of accidents close together, of a bridge or a tunnel."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..standards import table
from .rows import GRADE_WORDS

_ON_ROADS = "道路|交通|road|traffic"
_UNGRADED = 3  # a risk point without a grade counts as orange


def point_factors(points: gpd.GeoDataFrame) -> tuple[NDArray[np.float64], pd.Series]:
    """(N,) multiplier of a risk point's score by its ``grade``, and what to say of it; ungraded counts as orange."""
    values = _parameters()
    grade = points["grade"] if "grade" in points else pd.Series(pd.NA, points.index, "Int64")
    grade = pd.to_numeric(grade, errors="coerce").astype(float)
    known = grade.isin([1, 2, 3, 4])
    used = grade.where(known, _UNGRADED).astype(int)
    factor = used.map({g: values[f"point_grade_{g}"] for g in (1, 2, 3, 4)}).to_numpy(float)
    said = [
        f"graded {GRADE_WORDS[g]}: x {f:g}" if k else f"not graded, taken as orange: x {f:g}"
        for g, f, k in zip(used, factor, known, strict=True)
    ]
    return factor, pd.Series(said, dtype=object)


def accidents_near(accidents: gpd.GeoDataFrame) -> pd.Series:
    """(N,) road accidents within `black_spot_m` of each road accident, itself included; 0 for other accidents."""
    out = np.zeros(len(accidents))
    words = pd.Series("", index=accidents.index)
    for column in ("kind", "name"):
        if column in accidents:
            words = words + " " + accidents[column].astype(object).where(accidents[column].notna(), "").astype(str)
    point = shapely.centroid(accidents.geometry.to_numpy())
    xy = np.column_stack([shapely.get_x(point), shapely.get_y(point)])
    here = np.flatnonzero(words.str.contains(_ON_ROADS, case=False).to_numpy(bool) & np.isfinite(xy).all(axis=1))
    if len(here):
        from scipy.spatial import cKDTree

        tree = cKDTree(xy[here])
        out[here] = tree.query_ball_point(xy[here], _parameters()["black_spot_m"], return_length=True)
    return pd.Series(out, index=accidents.index)


def structures_of(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The rows of a road layer that are bridges or tunnels, with ``kind``."""
    tunnel, bridge = (_true(roads, column) for column in ("tunnel", "bridge"))
    some = roads[tunnel | bridge].copy()
    some["kind"] = np.where(tunnel[tunnel | bridge], "tunnel", "bridge")
    return some


def _true(frame: gpd.GeoDataFrame, column: str) -> NDArray[np.bool_]:
    if column not in frame:
        return np.zeros(len(frame), bool)
    return frame[column].fillna(False).astype(bool).to_numpy()


def _parameters() -> dict[str, float]:
    rows = table("index_parameters")
    return dict(zip(rows["key"].astype(str), rows["value"].astype(float), strict=True))
