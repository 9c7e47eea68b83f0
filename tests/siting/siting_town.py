"""Projects on the small demo city, and layers made by hand."""

import json

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import Point

from geo_risk.siting.ground import read

TANKS = {"kind": "储罐区", "name": "新罐区", "substance": "汽油", "quantity_t": 500.0, "position_error_m": 0.1}
STATION = {"kind": "加油站", "name": "新加油站", "volume_m3": 90.0, "quantity_t": 60.0, "position_error_m": 0.1}
SCHOOL = {"kind": "小学", "name": "新小学", "capacity": 600, "position_error_m": 0.1}


def written(path, *rows):
    """A GeoJSON of (shape, properties) in WGS 84."""
    features = [
        {"type": "Feature", "properties": values, "geometry": shapely.geometry.mapping(shape)} for shape, values in rows
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def lonlat(ground, shape):
    return gpd.GeoSeries([shape], crs=ground.region.crs).to_crs(4326).iloc[0]


def planned(ground, folder, shape, values):
    """A project at a shape in the region's CRS."""
    return read(ground, written(folder / "project.geojson", (lonlat(ground, shape), values)))


def place_of(ground, layer, key):
    frame = ground.layers[layer]
    return frame.loc[frame["id"] == key].geometry.iloc[0]


def quiet(ground):
    """A place with nothing near by: the middle of the widest ground free of buildings, roads and water."""
    names = ("buildings", "roads", "water", "crowded_places", "hazard_sources", "gas_pipelines", "enterprises")
    shapes = [shape for name in names for shape in ground.layers[name].geometry]
    inner = ground.boundary.buffer(-400)
    x0, y0, x1, y1 = inner.bounds
    spots = [Point(x, y) for x in np.arange(x0, x1, 200) for y in np.arange(y0, y1, 200)]
    spots = [p for p in spots if inner.covers(p)]
    tree = shapely.STRtree(shapes)
    gaps = tree.query_nearest(spots, return_distance=True, all_matches=False)[1]
    return spots[int(np.argmax(gaps))]
