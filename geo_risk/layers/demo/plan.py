"""How large a demo city is, and where on the globe it lies.

Everything is made in a local metric frame, x east and y north from the south-west corner. The frame
is EPSG:4550 moved by whole metres, its middle at 123.25 E, 32.18 N: open sea, so that nobody takes
the city for a real place, at the latitude of the cities the figures were measured in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from ...crs import to_lonlat

CRS = "EPSG:4550"
CITY = "临澜市"
CITY_CODE = "999281"
DATE = "2026-06-30"
SIZES = {"small": 0.1, "city": 1.0, "large": 4.0}
_TOWNS = {"small": 3, "city": 17, "large": 68}
_WIDTH, _HEIGHT = 46_000.0, 30_000.0
_MIDDLE = (123.25, 32.18)


@dataclass(frozen=True)
class Plan:
    """Size and seed of one demo city; ``scale`` is relative to the documented city."""

    size: str
    seed: int

    @property
    def scale(self) -> float:
        """Counts, area and people relative to the documented city."""
        return SIZES[self.size]

    @property
    def unit(self) -> float:
        """Lengths of the landscape (river, limits) relative to the documented city."""
        return math.sqrt(self.scale)

    @property
    def towns(self) -> int:
        """Number of township-level units."""
        return _TOWNS[self.size]

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of the local frame [m]."""
        return _WIDTH * self.unit, _HEIGHT * self.unit

    def count(self, full: int, least: int = 1) -> int:
        """A count of the documented city at this size."""
        return max(least, round(full * self.scale))

    @property
    def offset(self) -> tuple[float, float]:
        """What to add to local metres for EPSG:4550 [m], whole metres."""
        east, north = _middle()
        return east - round(self.extent[0] / 2), north - round(self.extent[1] / 2)


@lru_cache(maxsize=1)
def _middle() -> tuple[int, int]:
    east, north = Transformer.from_crs("EPSG:4326", CRS, always_xy=True).transform(*_MIDDLE)
    return round(east), round(north)


def degrees(plan: Plan, xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Local metres (N, 2) -> longitude (N,), latitude (N,) [degrees], 1e-7 (1 cm)."""
    dx, dy = plan.offset
    lon, lat = to_lonlat(CRS).transform(np.round(xy[:, 0], 2) + dx, np.round(xy[:, 1], 2) + dy)
    return np.round(lon, 7), np.round(lat, 7)


def geometry_degrees(plan: Plan, geometry: NDArray) -> NDArray:
    """Local geometries (N,) -> geometries in degrees, 1e-7."""
    return shapely.transform(geometry, lambda xy: np.column_stack(degrees(plan, xy)))


def geometry_metric(plan: Plan, geometry: NDArray) -> NDArray:
    """Local geometries (N,) -> geometries in EPSG:4550, 0.01 m."""
    return shapely.transform(geometry, lambda xy: np.round(np.round(xy, 2) + np.array(plan.offset), 2))
