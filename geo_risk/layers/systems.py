"""Coordinate systems by the names offices give them, what is known of their errors, and the way to WGS 84."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError as ProjError

from .. import crs as datums
from ..errors import CRSError
from .text import key

# Degrees whose numbers mean the same place to centimetres, and the two offsets of web maps.
OFFSETS = ("gcj02", "bd09")
DATUMS = ("wgs84", "cgcs2000", *OFFSETS)
# Datums before CGCS2000, by the code of their degrees. No public transform leads from them to CGCS2000: the
# seven parameters are held by the surveying authorities, and the shift is 30 m to 120 m, different in each county.
OLD = {"xian80": "EPSG:4610", "beijing54": "EPSG:4214"}
UNKNOWN = "unknown"  # crs = "unknown": go on, with an error that covers every system it could be
# Error radii of converted places [m]: an old datum without its local transform; one with a local transform of
# the user's, counted as any converted offset.
OLD_DATUM_M, LOCAL_TRANSFORM_M = 120.0, 5.0
_WORDS = {
    "wgs84": "wgs84|wgs 84|wgs-84|gps|epsg:4326|4326|世界大地坐标系",
    "cgcs2000": "cgcs2000|国家2000|2000|大地2000|天地图|tianditu|2000国家大地坐标系|国家大地2000|epsg:4490|4490",
    "gcj02": "gcj02|gcj-02|火星|火星坐标|火星坐标系|高德|高德地图|腾讯|腾讯地图|amap|国测局",
    "bd09": "bd09|bd-09|bd09ll|百度|百度地图|百度坐标|baidu",
    "xian80": "xian80|xian 1980|西安80|西安1980|1980西安坐标系|西安80坐标系|80坐标系|80西安坐标系|epsg:4610|4610",
    "beijing54": "beijing54|beijing 1954|北京54|北京1954|1954北京坐标系|北京54坐标系|54坐标系|epsg:4214|4214",
}
_SYSTEM_OF = {key(word): name for name, words in _WORDS.items() for word in words.split("|")}
# Gauss-Krueger grids of China, first EPSG code of each series: (6-degree zones 13 to 23 with the number before the
# easting, 3-degree zones 25 to 45 with it, 3-degree central meridians 75 E to 135 E without). The 6-degree
# meridians are every other one of the third series, so plain 6-degree metres are the same numbers there.
SERIES = {"cgcs2000": (4491, 4513, 4534), "xian80": (2327, 2349, 2370), "beijing54": (21413, 2401, 2422)}
# Ellipsoids by which a mangled .prj still tells its datum: semi-major axis [m], inverse flattening.
_ELLIPSOIDS = {"cgcs2000": (6378137.0, 298.2572221), "xian80": (6378140.0, 298.257), "beijing54": (6378245.0, 298.3)}
_NAME_IN_WKT = re.compile(r'^\w+\["([^"]*)"')


def label(word: str) -> str | None:
    """The datum a word of a table stands for (高德: gcj02), None for an unknown word."""
    return _SYSTEM_OF.get(key(word))


def named(system: str, what: str = "crs") -> str:
    """
    A coordinate system as a person or a file writes it -> one of `DATUMS`, `OLD`, 'unknown', 'EPSG:n', or WKT.

    A Gauss-Krueger grid whose name is mangled is known by its parameters: ellipsoid, central meridian
    and false easting.

    Raises
    ------
    CRSError
        If it is none of these.
    """
    if key(system) == UNKNOWN:
        return UNKNOWN
    if found := label(system):
        return found
    try:
        parsed = CRS.from_user_input(int(system) if str(system).isdigit() else system)
    except (ProjError, ValueError) as error:
        raise CRSError(
            f"{what} = {system!r} is no coordinate system. Write wgs84, cgcs2000, gcj02, bd09, xian80, beijing54, a "
            'code like EPSG:4528, a PROJ string, the name of a .prj file, or "unknown".'
        ) from error
    code = parsed.to_epsg()
    if parsed.is_geographic and not parsed.is_bound:
        name = parsed.name.casefold().replace(" ", "").replace("_", "")
        if code in (4326, 4979) or name.startswith(("wgs84", "gcswgs1984", "twd97")):
            return "wgs84"
        if code in (4490, 4480) or any(word in name for word in ("china2000", "cgcs", "chinageodetic")):
            return "cgcs2000"
        return {4610: "xian80", 4214: "beijing54"}.get(code or 0) or (f"EPSG:{code}" if code else parsed.to_wkt())
    return f"EPSG:{code}" if code else by_parameters(parsed) or parsed.to_wkt()


def by_parameters(parsed: CRS) -> str | None:
    """EPSG code of a Gauss-Krueger grid told by its parameters alone; None for any other system."""
    operation = parsed.coordinate_operation
    if parsed.is_bound or operation is None or operation.method_name != "Transverse Mercator":
        return None
    given = {p.name: float(p.value) for p in operation.params}
    meridian = given.get("Longitude of natural origin", np.nan)
    east = given.get("False easting", np.nan)
    plain = given.get("Scale factor at natural origin") == 1 and given.get("Latitude of natural origin") == 0
    ellipsoid = parsed.ellipsoid
    if not plain or given.get("False northing") != 0 or ellipsoid is None:
        return None
    size = (ellipsoid.semi_major_metre, ellipsoid.inverse_flattening)
    family = next((f for f, known in _ELLIPSOIDS.items() if np.allclose(size, known, rtol=0, atol=1e-6)), None)
    zone = round((east - 500_000) / 1e6)
    if family is None or abs(east - zone * 1e6 - 500_000) > 1e-3 or meridian % 3 or not 75 <= meridian <= 135:
        return None
    six, three, central = SERIES[family]
    codes = {0: central + (meridian - 75) / 3}
    if meridian == 6 * zone - 3:
        codes[zone] = six + zone - 13
    elif meridian == 3 * zone:
        codes[zone] = three + zone - 25
    return f"EPSG:{int(codes[zone])}" if zone in codes else None


def family_of(system: str) -> str | None:
    """Which of China's datums a system belongs to: a key of `SERIES`, or None."""
    if system in SERIES:
        return system
    if not system.startswith("EPSG:"):
        return None
    code = int(system[5:])
    spans = ((0, 11), (0, 21), (0, 21))
    for family, starts in SERIES.items():
        if any(start <= code < start + n for start, (_, n) in zip(starts, spans, strict=True)):
            return family
    return None


def is_degrees(system: str) -> bool:
    """Whether the numbers of a system are degrees."""
    return system in DATUMS or system in OLD or bool(_parsed(system).is_geographic)


def is_bound(system: str) -> bool:
    """Whether a system carries a transform to WGS 84 of its own."""
    return bool(_parsed(system).is_bound)


@lru_cache(maxsize=64)
def _parsed(system: str) -> CRS:
    return CRS.from_user_input(OLD.get(system, system))


def shown(system: str) -> str:
    """A system as messages name it: its code and name; long WKT by its name."""
    if system in DATUMS or system in OLD:
        return system
    name = _parsed(system).name
    return f"{system} ({name})" if system.startswith("EPSG:") else f"'{name}' by its parameters"


def name_in(wkt: str) -> str:
    """The name inside a WKT text; the text itself where there is none."""
    found = _NAME_IN_WKT.match(wkt.strip())
    return found[1] if found else wkt


def to_degrees(x: NDArray, y: NDArray, system: str) -> tuple[NDArray, NDArray]:
    """(N,), (N,) easting and northing, or degrees in a datum -> WGS 84 degrees; inf and failures become NaN."""
    if system in DATUMS:
        return datums.to_wgs84(x, y, system)
    lon, lat = datums.to_lonlat(_parsed(system)).transform(x, y, errcheck=False)
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    return np.where(np.isfinite(lon), lon, np.nan), np.where(np.isfinite(lat), lat, np.nan)


def datum_error_m(system: str) -> float:
    """What the way from a stated system to WGS 84 leaves [m]; 0 where both agree to centimetres."""
    if system in OFFSETS:
        return LOCAL_TRANSFORM_M
    if system in DATUMS:
        return 0.0
    if system in OLD or family_of(system) in OLD:
        return OLD_DATUM_M
    parsed = _parsed(system)
    if parsed.is_bound:
        return LOCAL_TRANSFORM_M
    axis = parsed.ellipsoid.semi_major_metre if parsed.ellipsoid else 0.0
    return OLD_DATUM_M if axis in (_ELLIPSOIDS["xian80"][0], _ELLIPSOIDS["beijing54"][0]) else 0.0


def offset_land(lon: NDArray, lat: NDArray) -> bool:
    """Whether places lie where web maps are offset: mainland China, for which `metric_crs` gives a CGCS2000 zone."""
    x, y = (float(np.nanmedian(v)) if np.isfinite(v).any() else np.nan for v in (lon, lat))
    return -180 <= x <= 180 and -80 <= y <= 84 and datums.metric_crs(x, y).startswith("EPSG:45")


def spread_m(lon: NDArray, lat: NDArray) -> float:
    """Largest distance [m] between the places that degrees mean as WGS 84, GCJ-02 and BD-09; 0 for no rows."""
    readings = [datums.to_wgs84(lon, lat, name) for name in ("wgs84", *OFFSETS)]
    far = [distance_m(*p, *q) for i, p in enumerate(readings) for q in readings[:i] if np.isfinite(lon).any()]
    return float(max((np.nanmax(d) for d in far), default=0.0))


def distance_m(lon0: NDArray, lat0: NDArray, lon1: NDArray, lat1: NDArray) -> NDArray[np.float64]:
    """Geodesic distance [m] on WGS 84, (N,); NaN stays NaN."""
    return datums.geodesic_m(lon0, lat0, lon1, lat1, "EPSG:4326")
