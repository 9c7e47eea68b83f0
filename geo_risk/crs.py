"""Coordinate systems: the region's metric CRS, and GCJ-02 / BD-09 to and from WGS 84.

The constants of GCJ-02 and BD-09 are those of the de-facto public algorithm; they are the
algorithm itself (no standard publishes them), so they live here and not in ``standards``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import CRSError
from .parallel import in_threads

if TYPE_CHECKING:
    import geopandas as gpd
    from pyproj import CRS, Transformer

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]

# Krassowsky 1940, as GCJ-02's arithmetic uses it.
_A = 6378245.0
_E2 = 0.00669342162296594323
# The crude box outside which public implementations leave coordinates alone.
_BOX = (72.004, 0.8293, 137.8347, 55.8271)
_BD = np.pi * 3000.0 / 180.0
# China's 3-degree Gauss-Kruger zones: EPSG 4534 is central meridian 75 E, one code each 3 degrees.
_GK3_FIRST_MERIDIAN, _GK3_LAST_MERIDIAN, _GK3_FIRST_CODE = 75, 135, 4534
# Mainland China, roughly: where CGCS2000 is the official datum. Taiwan (120-122.1 E, 21.8-25.4 N)
# lies inside the box and is left to UTM, as its own surveys are not CGCS2000.
_CGCS2000_BOX = (73.5, 18.0, 135.1, 53.6)
_TAIWAN_BOX = (119.9, 21.8, 122.1, 25.5)


def _in_box(lon: ArrayLike, lat: ArrayLike, box: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    return (lon >= box[0]) & (lon <= box[2]) & (lat >= box[1]) & (lat <= box[3])


def metric_crs(lon: float, lat: float) -> str:
    """
    The metric CRS for a region around (lon, lat) [degrees].

    CGCS2000 3-degree Gauss-Kruger without zone number in mainland China, WGS 84 UTM elsewhere.

    Raises
    ------
    CRSError
        If the place is not on the map (NaN, or beyond 84 N / 80 S where UTM ends).
    """
    if not (-180 <= lon <= 180 and -80 <= lat <= 84):
        raise CRSError(
            f"no metric CRS for lon {lon}, lat {lat}: the data lie outside 80 S to 84 N. "
            'Check the coordinates, or write crs = "EPSG:..." under [region].'
        )
    mainland = _in_box(lon, lat, _CGCS2000_BOX) & ~_in_box(lon, lat, _TAIWAN_BOX)
    if mainland:
        meridian = int(np.clip(3 * round(lon / 3), _GK3_FIRST_MERIDIAN, _GK3_LAST_MERIDIAN))
        return f"EPSG:{_GK3_FIRST_CODE + (meridian - _GK3_FIRST_MERIDIAN) // 3}"
    zone = min(60, int((lon + 180) // 6) + 1)
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def require_metric(frame: gpd.GeoDataFrame, what: str) -> None:
    """
    Refuse a table whose coordinates are not true metres.

    Raises
    ------
    CRSError
        If the CRS is missing, geographic, Web Mercator or not in metres.
    """
    crs = frame.crs
    if crs is None:
        raise CRSError(f"'{what}' has no CRS; distances need one. Set it: frame.set_crs(...).")
    if crs.is_geographic or crs.to_epsg() == 3857 or crs.axis_info[0].unit_name != "metre":
        raise CRSError(
            f"'{what}' is in {crs.to_string()}, where coordinates are not true metres. "
            "Reproject first: frame.to_crs(region.crs)."
        )


def in_crs(frame: gpd.GeoDataFrame, crs: CRS | str) -> gpd.GeoDataFrame:
    """``frame`` in ``crs``: itself if it is, which a file may write out otherwise."""
    return frame if frame.crs == crs else frame.to_crs(crs)


@lru_cache(maxsize=64)
def to_lonlat(crs: CRS | str) -> Transformer:
    """From ``crs`` to longitude and latitude, WGS 84 [degrees]; kept, as making one takes longer than a small file."""
    from pyproj import Transformer

    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def geodesic_m(x0: ArrayLike, y0: ArrayLike, x1: ArrayLike, y1: ArrayLike, crs: str) -> NDArray[np.float64]:
    """Geodesic length [m] (WGS 84 ellipsoid) of the segments (x0, y0)-(x1, y1) given in ``crs``; (N,)."""
    from pyproj import Geod

    to_geo = to_lonlat(crs)
    x0, y0, x1, y1 = np.atleast_1d(*(np.asarray(value, float) for value in (x0, y0, x1, y1)))
    (lon0, lat0), (lon1, lat1) = to_geo.transform(x0, y0), to_geo.transform(x1, y1)
    geod = Geod(ellps="WGS84")  # needs no database, which a new thread would have to open
    return in_threads(lambda *ends: np.asarray(geod.inv(*ends)[2], float), lon0, lat0, lon1, lat1)


def _gcj_shift(lon: NDArray, lat: NDArray) -> Pair:
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    dlat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    dlat += 2 / 3 * (wave + 20 * np.sin(np.pi * y) + 40 * np.sin(np.pi / 3 * y))
    dlat += 2 / 3 * (160 * np.sin(np.pi / 12 * y) + 320 * np.sin(np.pi / 30 * y))
    dlon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    dlon += 2 / 3 * (wave + 20 * np.sin(np.pi * x) + 40 * np.sin(np.pi / 3 * x))
    dlon += 2 / 3 * (150 * np.sin(np.pi / 12 * x) + 300 * np.sin(np.pi / 30 * x))
    phi = np.radians(lat)
    m = 1 - _E2 * np.sin(phi) ** 2
    dlat = np.degrees(dlat / (_A * (1 - _E2) / m**1.5))
    dlon = np.degrees(dlon / (_A / np.sqrt(m) * np.cos(phi)))
    applies = _in_box(lon, lat, _BOX)
    return np.where(applies, dlon, 0.0), np.where(applies, dlat, 0.0)


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """WGS 84 -> GCJ-02, (N,), (N,) degrees; NaN stays NaN; unchanged outside the algorithm's box."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    dlon, dlat = _gcj_shift(lon, lat)
    return lon + dlon, lat + dlat


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """GCJ-02 -> WGS 84 by fixed-point iteration; residual under 1e-9 degrees (0.1 mm); NaN stays NaN."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    out_lon, out_lat = lon.copy(), lat.copy()
    for _ in range(8):  # each round shrinks the residual about 1000-fold; 8 is far past the limit
        dlon, dlat = _gcj_shift(out_lon, out_lat)
        out_lon, out_lat = lon - dlon, lat - dlat
    return out_lon, out_lat


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """GCJ-02 -> BD-09, (N,), (N,) degrees."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    z = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """BD-09 -> GCJ-02 by fixed-point iteration, residual under 1e-9 degrees."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    out_lon, out_lat = lon - 0.0065, lat - 0.006
    for _ in range(8):
        back_lon, back_lat = gcj02_to_bd09(out_lon, out_lat)
        out_lon, out_lat = out_lon + lon - back_lon, out_lat + lat - back_lat
    return out_lon, out_lat


def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: str) -> Pair:
    """
    Degrees in ``datum`` ("wgs84", "cgcs2000", "gcj02" or "bd09") -> WGS 84.

    CGCS2000 agrees with WGS 84 to centimetres and passes unchanged.

    Raises
    ------
    CRSError
        If ``datum`` is none of the four.
    """
    if datum in ("wgs84", "cgcs2000"):
        return np.asarray(lon, float), np.asarray(lat, float)
    if datum == "gcj02":
        return gcj02_to_wgs84(lon, lat)
    if datum == "bd09":
        return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))
    raise CRSError(f"unknown datum {datum!r}: use wgs84, cgcs2000, gcj02, bd09 or an EPSG code.")
