"""Projects on the small demo city, and layers made by hand."""

import json

import geopandas as gpd
import shapely

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
