"""Metres in two columns: which grid, which zone, and which of the two is the easting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from .. import crs as datums
from ..errors import InputError
from . import systems

Box = tuple[float, float, float, float]

MAJORITY = 0.8  # share of the rows that decides for the whole file
MERCATOR = "EPSG:3857"
_TWD97 = "EPSG:3826"  # Taiwan's survey grid, metres, central meridian 121 E
# Sizes between 17 N and 55 N, 72 E and 136 E [m]: northing of a Gauss-Krueger grid; easting and northing of
# Web Mercator; easting without a zone number.
_NORTH, _EAST_PLAIN = (1.9e6, 6.1e6), (1e5, 9e5)
_FAR_DEG = 7.0  # a place 400 km from its meridian is 6.3 degrees from it at 55 N, and the nearer the further south
_MERCATOR_EAST, _MERCATOR_NORTH = (8.0e6, 1.52e7), (1.9e6, 7.4e6)


def inside(lon: NDArray, lat: NDArray, box: Box) -> NDArray[np.bool_]:
    """(N,) whether points lie in (west, south, east, north) [degrees]; False for NaN."""
    return (lon >= box[0]) & (lon <= box[2]) & (lat >= box[1]) & (lat <= box[3])


def settle(a: NDArray, b: NDArray, anchor: Box | None, what: str, family: str = "cgcs2000") -> tuple[str, bool]:
    """
    (EPSG code, whether the columns are exchanged) of metres (N,), (N,) whose grid is not stated.

    ``family`` is the datum as far as it is known (a key of `systems.SERIES`): size and the zone number
    tell the zone, the anchor the central meridian and the axes, but no number tells the datum.

    Raises
    ------
    InputError
        If the metres fit no grid, or several.
    """
    numbers = f"numbers like {np.median(a):.0f}, {np.median(b):.0f}"
    found = _candidates(a, b, anchor, family)
    good = sorted(((fit(a, b, swap, code, anchor), code, swap) for code, swap in found), reverse=True)
    if not good or good[0][0] < MAJORITY:
        hint = "" if anchor else " No region boundary is known yet either to try the zones against."
        raise InputError(
            f"{what}: {numbers} are metres of an unknown grid.{hint} State the system, for example "
            'crs = "EPSG:4528" (CGCS2000, zone number 40 in front of the easting) or "EPSG:4549" (CGCS2000, 120 E); '
            "a city's own grid needs its PROJ string or .prj file in 'crs', or its control points from the surveyors."
        )
    rivals = [code for share, code, _ in good if share >= MAJORITY * good[0][0] and code != good[0][1]]
    if rivals:
        raise InputError(
            f"{what}: {numbers} fit several grids ({', '.join(sorted({good[0][1], *rivals}))}). State 'crs'; if the "
            "sender does not know it either, ask for two or three control points with their degrees."
        )
    return good[0][1], good[0][2]


def axes(a: NDArray, b: NDArray, system: str, anchor: Box | None) -> tuple[bool, float]:
    """(Whether the columns are exchanged, share of the rows that then lie in the anchor) in a known grid."""
    share = {swap: fit(a, b, swap, system, anchor) for swap in (False, True)}
    swap = share[True] > share[False]
    return swap, share[swap]


def _candidates(a: NDArray, b: NDArray, anchor: Box | None, family: str) -> list[tuple[str, bool]]:
    """(EPSG code, columns exchanged) of the grids whose size fits metres; axis from the size of the numbers."""
    out = []
    for swap, (x, y) in ((False, (a, b)), (True, (b, a))):
        east, north = float(np.median(x)), float(np.median(y))
        if anchor is not None or (_within(east, _MERCATOR_EAST) and _within(north, _MERCATOR_NORTH)):
            out.append((MERCATOR, swap))
        if _within(north, _NORTH):
            out += [(code, swap) for code in _zones(east, anchor, family)]
    return out


def _zones(east: float, anchor: Box | None, family: str) -> list[str]:
    six, three, central = systems.SERIES[family]
    zone = int(east // 1e6)
    if 13 <= zone <= 23:
        return [f"EPSG:{six + zone - 13}"]
    if 25 <= zone <= 45:
        return [f"EPSG:{three + zone - 25}"]
    if not _within(east, _EAST_PLAIN) or anchor is None:
        return []
    if datums.metric_crs((anchor[0] + anchor[2]) / 2, (anchor[1] + anchor[3]) / 2).startswith("EPSG:326"):
        return [_TWD97]
    middle = (anchor[0] + anchor[2]) / 2
    return [f"EPSG:{central + k}" for k in range(21) if abs(75 + 3 * k - middle) <= _FAR_DEG]


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] < value < limits[1]


def fit(a: NDArray, b: NDArray, swap: bool, system: str, anchor: Box | None) -> float:
    """Share of the rows a reading puts into the anchor, or, without one, into the grid's area of use."""
    lon, lat = systems.to_degrees(*((b, a) if swap else (a, b)), system)
    if anchor is None:
        area = CRS.from_user_input(systems.OLD.get(system, system)).area_of_use
        anchor = (
            (-180, -90, 180, 90) if area is None else (area.west - 3, area.south - 3, area.east + 3, area.north + 3)
        )
    return float(inside(lon, lat, anchor).mean())
