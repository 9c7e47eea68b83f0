"""Small networks with round numbers: 36 km/h is 10 m/s, so 100 m take 10 s."""

import geopandas as gpd
import pytest
import shapely

CRS = "EPSG:4549"
SPEEDS = {"road": 36.0, "primary": 72.0, "footway": 0.0}


def roads_of(*lines, **columns):
    """A roads layer of coordinate lists."""
    shapes = [shapely.LineString(line) if line is not None else None for line in lines]
    table = {"id": [f"r{i}" for i in range(len(lines))], **columns}
    return gpd.GeoDataFrame(table, geometry=shapes, crs=CRS)


def points_of(*xy, **columns):
    """A point layer with ids p0, p1, ..."""
    table = {"id": [f"p{i}" for i in range(len(xy))], "name": [f"name {i}" for i in range(len(xy))], **columns}
    return gpd.GeoDataFrame(table, geometry=[shapely.Point(p) for p in xy], crs=CRS)


@pytest.fixture
def square():
    """
    Four nodes, sides of 1,000 m, driven 100 s each; the north side (a-b) is one-way eastwards.

        a --> b
        |     |
        d --- c
    """
    return roads_of(
        [(0, 1000), (1000, 1000)],
        [(1000, 1000), (1000, 0)],
        [(1000, 0), (0, 0)],
        [(0, 0), (0, 1000)],
        oneway=[1, 0, 0, 0],
    )
