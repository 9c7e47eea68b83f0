"""Lines of the base map, joined: roads by class, outlines by level."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray


def joined_roads(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Roads joined by class; one-way ones apart (``oneway`` 1), each along the direction of travel."""
    way = rows["oneway"].fillna(0).to_numpy(int) if "oneway" in rows.columns else np.zeros(len(rows), int)
    lines = rows.geometry.to_numpy()
    ahead = gpd.GeoSeries(np.where(way < 0, shapely.reverse(lines), lines), index=rows.index, crs=rows.crs)
    rows = rows.set_geometry(ahead)
    both = merged(rows[way == 0], "class")
    if not (way != 0).any():
        return both
    single = merged(rows[way != 0], "class", directed=True).assign(oneway=1)
    joined = pd.concat([both.assign(oneway=None), single], ignore_index=True)
    return gpd.GeoDataFrame(joined.astype({"oneway": "Int64"}), crs=rows.crs)


def merged(rows: gpd.GeoDataFrame, column: str, *, directed: bool = False) -> gpd.GeoDataFrame:
    """
    Lines joined end to end where ``column`` has the same value; of areas all outlines of a value as one row.

    Neighbours share outlines only roughly, which leaves short pieces: as rows of their own small
    scales would drop them and tear the outline. ``directed`` lines are joined end to start only.
    """
    lines: list = []
    values: list = []
    rows = rows if column in rows.columns else rows.assign(**{column: None})
    for value, group in rows.groupby(column, sort=True, dropna=False):
        geometry = group.geometry.to_numpy()
        areas = (shapely.get_dimensions(geometry) == 2).any()
        if areas:
            geometry = _outlines(geometry)
        joined = shapely.line_merge(shapely.multilinestrings(shapely.get_parts(geometry)), directed=directed)
        parts = np.array([joined]) if areas else shapely.get_parts(joined)
        lines += parts.tolist()
        values += [value] * len(parts)
    return gpd.GeoDataFrame({column: values}, geometry=lines, crs=rows.crs)


def _outlines(areas: NDArray[np.object_]) -> NDArray[np.object_]:
    """Outlines of areas, where neighbours share them once; those whose boxes meet no other need no comparing."""
    one, other = shapely.STRtree(areas).query(areas)
    near = np.zeros(len(areas), bool)
    near[one[one != other]] = True
    lines = shapely.boundary(areas)
    return np.concatenate((shapely.get_parts(shapely.union_all(lines[near])), shapely.get_parts(lines[~near])))


def with_outline(rows: gpd.GeoDataFrame, level: str) -> gpd.GeoDataFrame:
    """``rows`` and, where none is of ``level``, the outside of their union in its place."""
    rows = rows if "level" in rows.columns else rows.assign(level=None)
    if (rows["level"] == level).any():
        return rows
    # Gaps between neighbours are faults of the data and no boundary: outer rings only.
    union = shapely.get_parts(_together(rows))
    rings = shapely.get_exterior_ring(union[shapely.get_dimensions(union) == 2])
    outside = gpd.GeoDataFrame({"level": level}, index=range(len(rings)), geometry=rings, crs=rows.crs)
    return gpd.GeoDataFrame(pd.concat([rows[["level", "geometry"]], outside], ignore_index=True), crs=rows.crs)


def _together(rows: gpd.GeoDataFrame) -> shapely.Geometry:
    """The union of all areas: of the widest level, and of the narrower ones what these do not cover."""
    areas = rows.geometry.to_numpy()
    widest = next(
        (here for level in ("county", "township") if (here := (rows["level"] == level).to_numpy()).any()), None
    )
    if widest is None or widest.all():
        return shapely.union_all(areas)
    whole = shapely.union_all(areas[widest])
    shapely.prepare(whole)
    beyond = ~widest & ~shapely.covers(whole, areas)
    return shapely.union_all([whole, *areas[beyond]]) if beyond.any() else whole
