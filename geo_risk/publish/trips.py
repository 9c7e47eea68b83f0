"""Trips of dangerous goods on the map: where they begin and end, where each route is told from the others, limits."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from ..standards import table

_POINTS = 200  # of a route that are looked at for the place of its number


def ends(rows: gpd.GeoDataFrame, at: int, name: str) -> gpd.GeoDataFrame:
    """The first (``at`` 0) or last (-1) points of routes with the place's ``name``, each place once."""
    points = [shapely.get_coordinates(line)[at] for line in rows.geometry]
    places = gpd.GeoDataFrame({name: rows[name].to_numpy(object)}, geometry=shapely.points(points), crs=rows.crs)
    return places[~places[name].duplicated()].reset_index(drop=True)


def numbers(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Each route by the point on it that is farthest from all the others, where its number cannot be mistaken."""
    lines = rows.geometry.to_numpy()
    out = []
    for i, line in enumerate(lines):
        along = shapely.line_interpolate_point(line, np.linspace(0.05, 0.95, _POINTS), normalized=True)
        others = shapely.union_all(np.delete(lines, i))
        middle = np.abs(np.linspace(-1, 1, _POINTS))  # of equals the one nearest to half way
        apart = np.zeros(_POINTS) if shapely.is_empty(others) else shapely.distance(along, others)
        out.append(along[np.lexsort((middle, -apart))[0]])
    return rows.set_geometry(gpd.GeoSeries(out, index=rows.index, crs=rows.crs))


def limited_roads(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The roads whose column ``hazmat`` says more than that they are open."""
    if "hazmat" not in rows.columns:
        return rows.iloc[:0]
    words = table("hazmat_road_rules")
    is_open = words.loc[(words["rule"] == "word") & (words["state"] == "open"), "key"]
    said = rows["hazmat"].astype("string").fillna("").str.strip()
    return rows[((said != "") & ~said.str.lower().isin(is_open)).to_numpy(bool)]
