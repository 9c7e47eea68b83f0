"""Two columns of numbers -> points: axes, datum and zone, judged for the file first, then row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError as ProjError

from .. import crs as datums
from ..errors import CRSError, InputError
from . import angles
from .raw import Raw
from .text import key

Box = tuple[float, float, float, float]

MAJORITY = 0.8  # share of the rows that decides for the whole file
DEGREE_M = 111_320.0  # one degree of latitude at most (WGS 84 equator: 111,319.5 m of longitude)
# Error radii by how a position came about [m]: surveyed metres; an offset (GCJ-02, BD-09) undone;
# a point shared by many firms. Degrees: one unit of the last place written, never under the survey's.
SURVEY_ERROR_M, OFFSET_ERROR_M, SHARED_ERROR_M = 1.0, 5.0, 500.0
# What is not stated may be wrong by this much, so it may not pass for a survey [m]: degrees that could be
# GCJ-02 (300-600 m off) or BD-09 (up to 1,200 m); metres that could be Xi'an 80 or Beijing 54 (30-120 m).
UNSTATED_DATUM_M, UNSTATED_GRID_M = 600.0, 100.0
UNSTATED = "no coordinate system stated"  # how the notes on it begin
SHARED_ROWS = 3  # more rows than this on exactly one point are a park gate or a geocoder's centre
COARSE_M = 500.0  # an error radius from here on is told
_DATUMS = {
    "wgs84": ("wgs84", "wgs 84", "wgs-84", "gps", "epsg:4326", "4326", "世界大地坐标系"),
    "cgcs2000": (
        "cgcs2000",
        "国家2000",
        "2000",
        "大地2000",
        "天地图",
        "tianditu",
        "2000国家大地坐标系",
        "epsg:4490",
        "4490",
    ),
    "gcj02": (
        "gcj02",
        "gcj-02",
        "火星",
        "火星坐标",
        "火星坐标系",
        "高德",
        "高德地图",
        "腾讯",
        "腾讯地图",
        "amap",
        "国测局",
    ),
    "bd09": ("bd09", "bd-09", "bd09ll", "百度", "百度地图", "百度坐标", "baidu"),
}
_DATUM_OF = {key(word): name for name, names in _DATUMS.items() for word in names}
_TWD97 = "EPSG:3826"  # Taiwan's survey grid, metres, central meridian 121 E


@dataclass(frozen=True)
class Settled:
    """What a file's numbers are: a datum of degrees or a projected CRS, and whether the columns are exchanged."""

    system: str
    swap: bool
    guessed: bool = False

    @property
    def projected(self) -> bool:
        """Whether the numbers are metres."""
        return self.system not in _DATUMS


def named(system: str, what: str = "crs") -> str:
    """
    A coordinate system as a user writes it -> 'wgs84', 'cgcs2000', 'gcj02', 'bd09' or 'EPSG:n'.

    Raises
    ------
    CRSError
        If it is none of these.
    """
    if key(system) in _DATUM_OF:
        return _DATUM_OF[key(system)]
    try:
        parsed = CRS.from_user_input(int(system) if str(system).isdigit() else system)
    except (ProjError, ValueError) as error:
        raise CRSError(
            f"{what} = {system!r} is no coordinate system. Write wgs84, cgcs2000, gcj02, bd09 or a code like EPSG:4528."
        ) from error
    code = parsed.to_epsg()
    if parsed.is_geographic:
        name = parsed.name.casefold().replace(" ", "")
        if code in (4326, 4979) or name.startswith(("wgs84", "twd97")):
            return "wgs84"
        if code in (4490, 4480) or "china2000" in name or "cgcs" in name or "chinageodetic" in name:
            return "cgcs2000"
    return f"EPSG:{code}" if code else parsed.to_wkt()


def inside(lon: NDArray, lat: NDArray, box: Box) -> NDArray[np.bool_]:
    """(N,) whether points lie in (west, south, east, north) [degrees]; False for NaN."""
    return (lon >= box[0]) & (lon <= box[2]) & (lat >= box[1]) & (lat <= box[3])


def to_degrees(x: NDArray, y: NDArray, system: str) -> tuple[NDArray, NDArray]:
    """(N,), (N,) easting and northing, or degrees in a datum -> WGS 84 degrees; inf and failures become NaN."""
    if system in _DATUMS:
        return datums.to_wgs84(x, y, system)
    lon, lat = Transformer.from_crs(system, "EPSG:4326", always_xy=True).transform(x, y, errcheck=False)
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    return np.where(np.isfinite(lon), lon, np.nan), np.where(np.isfinite(lat), lat, np.nan)


def settle(a: NDArray, b: NDArray, declared: str | None, anchor: Box | None, what: str) -> Settled:
    """
    Judge the file as a whole: ``a``, ``b`` (N,) the two columns as numbers, NaN allowed.

    A declared system is used unless the numbers cannot be in it; otherwise size tells degrees from
    metres, the zone number in front of an easting or the anchor tells the zone, and the majority
    (80 %) inside the anchor tells the axes.

    Raises
    ------
    InputError
        If metres fit no zone or several, with the next step.
    """
    seen = np.isfinite(a) & np.isfinite(b) & (a != 0) & (b != 0)
    a, b = a[seen], b[seen]
    if not len(a):
        return Settled(declared or "wgs84", False)
    degrees = np.median(np.abs(a)) <= 360 and np.median(np.abs(b)) <= 360
    scaled = not degrees and anchor is not None and declared in (None, *_DATUMS) and _mostly_scaled(a, b, anchor)
    if degrees or scaled:
        if declared is not None and declared not in _DATUMS and not CRS.from_user_input(declared).is_geographic:
            raise InputError(
                f"{what}: crs = {declared} is in metres, but the numbers are degrees (median {np.median(a):g}, "
                f"{np.median(b):g}). Correct 'crs'."
            )
        return Settled(declared or "wgs84", _swapped(a, b, anchor), declared is None)
    return _settle_metres(a, b, declared, anchor, what)


def _mostly_scaled(a: NDArray, b: NDArray, anchor: Box) -> bool:
    lon, lat, _ = _unscale(a, b, anchor)
    return bool(inside(lon, lat, anchor).mean() >= MAJORITY)


def _swapped(a: NDArray, b: NDArray, anchor: Box | None) -> bool:
    if anchor is not None:
        return bool(inside(b, a, anchor).mean() >= MAJORITY and inside(a, b, anchor).mean() < 1 - MAJORITY)
    return bool((np.abs(b) > 90).mean() >= MAJORITY and (np.abs(a) <= 90).mean() >= MAJORITY)


def _settle_metres(a: NDArray, b: NDArray, declared: str | None, anchor: Box | None, what: str) -> Settled:
    numbers = f"numbers like {np.median(a):.0f}, {np.median(b):.0f}"
    if declared is not None and declared not in _DATUMS:
        share = {swap: _fit(a, b, swap, declared, anchor) for swap in (False, True)}
        return Settled(declared, share[True] > share[False])
    found = _candidates(a, b, anchor)
    good = sorted(((_fit(a, b, swap, code, anchor), code, swap) for code, swap in found), reverse=True)
    if not good or good[0][0] < MAJORITY:
        hint = "" if anchor else " No region boundary is known yet either to try the zones against."
        raise InputError(
            f"{what}: {numbers} are metres of an unknown grid.{hint} State the system, for example "
            'crs = "EPSG:4528" (CGCS2000, zone number 40 in front of the easting) or "EPSG:4549" (CGCS2000, 120 E).'
        )
    rivals = [code for share, code, _ in good if share >= MAJORITY * good[0][0] and code != good[0][1]]
    if rivals:
        raise InputError(
            f"{what}: {numbers} fit several zones ({', '.join(sorted({good[0][1], *rivals}))}). State 'crs'."
        )
    return Settled(good[0][1], good[0][2], True)


def _candidates(a: NDArray, b: NDArray, anchor: Box | None) -> list[tuple[str, bool]]:
    """(EPSG code, columns exchanged) of the grids whose size fits metres; axis from the size of the numbers."""
    out = []
    for swap, (x, y) in ((False, (a, b)), (True, (b, a))):
        east, north = float(np.median(x)), float(np.median(y))
        if not 1.9e6 < north < 6.1e6:  # metres from the equator at 17 N to 55 N
            continue
        zone = int(east // 1e6)
        if 13 <= zone <= 23:
            out.append((f"EPSG:{4491 + zone - 13}", swap))
        elif 25 <= zone <= 45:
            out.append((f"EPSG:{4513 + zone - 25}", swap))
        elif 1e5 < east < 9e5 and anchor is not None:
            if datums.metric_crs((anchor[0] + anchor[2]) / 2, (anchor[1] + anchor[3]) / 2).startswith("EPSG:326"):
                out.append((_TWD97, swap))
            else:
                out += [(f"EPSG:{4534 + k}", swap) for k in range(21)]
    return out


def _fit(a: NDArray, b: NDArray, swap: bool, system: str, anchor: Box | None) -> float:
    """Share of the rows a reading puts into the anchor, or, without one, into the grid's area of use."""
    lon, lat = to_degrees(*((b, a) if swap else (a, b)), system)
    if anchor is None:
        area = CRS.from_user_input(system).area_of_use
        anchor = (
            (-180, -90, 180, 90) if area is None else (area.west - 3, area.south - 3, area.east + 3, area.north + 3)
        )
    return float(inside(lon, lat, anchor).mean())


def _unscale(a: NDArray, b: NDArray, anchor: Box) -> tuple[NDArray, NDArray, NDArray[np.bool_]]:
    """(N,) numbers divided by the power of ten (10 to 1e8) that puts them into the anchor; whether any changed."""
    out = []
    for values, low, high in ((a, anchor[0], anchor[2]), (b, anchor[1], anchor[3])):
        best = values.copy()
        for power in range(1, 9):
            small = values / 10.0**power
            best = np.where((small >= low) & (small <= high), small, best)
        out.append(np.where((values >= low) & (values <= high), values, best))
    return out[0], out[1], (out[0] != a) | (out[1] != b)


def _repair_rows(
    lon: NDArray, lat: NDArray, anchor: Box, units: list[NDArray]
) -> tuple[NDArray, NDArray, NDArray[np.object_]]:
    """
    Rows outside the anchor -> the one change that brings them inside.

    (lon, lat, what was done): 'swapped', 'scaled', 'sign', 'ambiguous' (several changes fit; left) or ''.
    ``units``, one unit of the last place of each, are scaled with their numbers, in place.
    """
    done = np.full(len(lon), "", object)
    bad = ~inside(lon, lat, anchor) & np.isfinite(lon) & np.isfinite(lat)
    if not bad.any():
        return lon, lat, done
    lon, lat = lon.copy(), lat.copy()
    a, b = lon[bad], lat[bad]
    big_a, big_b, changed = _unscale(a, b, anchor)
    tries = {"swapped": (b, a), "sign": (np.where(a * anchor[0] < 0, -a, a), np.where(b * anchor[1] < 0, -b, b))}
    fits = {name: inside(x, y, anchor) for name, (x, y) in tries.items()}
    tries["scaled"], fits["scaled"] = (big_a, big_b), inside(big_a, big_b, anchor) & changed
    hits = sum(f.astype(int) for f in fits.values())
    where = np.flatnonzero(bad)
    for name, fit in fits.items():
        mend = fit & (hits == 1)
        lon[where[mend]], lat[where[mend]] = tries[name][0][mend], tries[name][1][mend]
        done[where[mend]] = name
        if name == "scaled":
            for unit, before, after in ((units[0], a, big_a), (units[1], b, big_b)):
                unit[where[mend]] *= after[mend] / before[mend]
    done[where[hits > 1]] = "ambiguous"
    return lon, lat, done


def _columns(raw: Raw, where: Mapping[str, str]) -> tuple[pd.Series, pd.Series, str, NDArray[np.bool_]]:
    """First and second coordinate as text, the columns' names for messages, and rows with both in one cell."""
    if "lon" in where and "lat" in where:
        names = (where["lon"], where["lat"])
    elif "x" in where and "y" in where:
        names = (where["x"], where["y"])
    else:
        first, second = angles.pairs(raw.frame[where["lonlat"]])
        return first, second, where["lonlat"], np.zeros(len(first), bool)
    first, second = raw.frame[names[0]].copy(), raw.frame[names[1]].copy()
    p, q = angles.pairs(first)
    blank = second.map(key) == ""
    r, s = angles.pairs(second)
    one_a, one_b = (p != "") & blank, (r != "") & (first.map(key) == "")
    first, second = first.mask(one_a, p).mask(one_b, r), second.mask(one_a, q).mask(one_b, s)
    return first, second, f"{names[0]}, {names[1]}", (one_a | one_b).to_numpy()


def _row_datums(raw: Raw, header: str | None, system: str) -> NDArray[np.object_]:
    """(N,) datum of each row by its label, '?' for an unknown label; ``system`` where there is no such column."""
    if header is None:
        return np.full(len(raw.frame), system, object)
    labels = raw.frame[header].map(key)
    out = labels.map(lambda label: _DATUM_OF.get(label, "?")).to_numpy(object)
    blank = (labels == "").to_numpy()
    out[blank] = system if blank.all() else "?"
    return out


def points(raw: Raw, where: Mapping[str, str], declared: str | None, anchor: Box | None) -> tuple[pd.DataFrame, str]:
    """
    The places of a table's rows.

    Returns a frame with x, y, error_m, least_m (see `tell_system`) [m] and ``ok`` aligned to
    ``raw.frame`` (rows not ok are already told in the log as rejected), and the CRS of x, y: WGS 84
    degrees or the grid found.

    Raises
    ------
    InputError
        If the grid cannot be told.
    """
    log, rows = raw.log, raw.rows
    first, second, columns, one_cell = _columns(raw, where)
    a, unit_a = angles.numbers(first)
    b, unit_b = angles.numbers(second)
    shown = (first.map(str) + ", " + second.map(str)).to_numpy(object)
    ok = _readable(raw, first, second, a, b, columns, shown)
    labelled = where.get("datum") if declared is None else None
    settled = settle(a[ok], b[ok], declared, anchor, raw.what)
    if settled.swap:
        a, b = b, a
        log.repair("swapped_file", column=columns, count=int(ok.sum()))
    log.group("repaired", "one_cell", list(rows[one_cell & ok]), column=columns, values=list(shown[one_cell & ok]))
    if settled.projected:
        x, y = _metres(raw, a, b, ok, settled, anchor, columns, shown)
        unit_m = DEGREE_M if CRS.from_user_input(settled.system).is_geographic else 1.0
        error_m, system = np.fmax(SURVEY_ERROR_M, np.fmin(unit_a, unit_b) * unit_m), settled.system
    else:
        datum = _row_datums(raw, labelled, settled.system)
        x, y, error_m = _degrees(raw, a, b, ok, datum, anchor, columns, shown, [unit_a, unit_b])
        system = "EPSG:4326"
    least_m = tell_system(raw, settled, declared, labelled, x[ok], y[ok])
    error_m = np.maximum(error_m, least_m)
    return pd.DataFrame({"x": x, "y": y, "error_m": error_m, "least_m": least_m, "ok": ok}), system


def _readable(raw: Raw, first, second, a: NDArray, b: NDArray, columns: str, shown: NDArray) -> NDArray[np.bool_]:
    """(N,) rows with two numbers; the others are told as rejected."""
    empty = (first.map(key) == "").to_numpy(), (second.map(key) == "").to_numpy()
    nothing = (empty[0] & empty[1]) | ((a == 0) & (b == 0)) | ((a == 0) & empty[1]) | (empty[0] & (b == 0))
    unreadable = ~nothing & ((np.isnan(a) & ~empty[0]) | (np.isnan(b) & ~empty[1]))
    single = ~nothing & ~unreadable & ((np.isnan(a) | np.isnan(b)) | (a == 0) | (b == 0))
    twice = ~nothing & ~unreadable & ~single & (a == b)
    reasons = (("no_coordinates", nothing), ("bad_coordinate", unreadable), ("one_coordinate", single))
    for code, bad in (*reasons, ("same_twice", twice)):
        raw.log.reject(code, raw.rows[bad], column=columns, values=list(shown[bad]))
    return ~(nothing | unreadable | single | twice)


def _degrees(raw: Raw, a: NDArray, b: NDArray, ok: NDArray[np.bool_], datum: NDArray, anchor: Box | None, columns: str,
             shown: NDArray, units: list[NDArray]) -> tuple[NDArray, NDArray, NDArray]:  # fmt: skip
    """Row level of degrees: repairs against the anchor, datum, error. ``ok`` is updated in place."""
    log, rows = raw.log, raw.rows
    unknown = ok & (datum == "?")
    log.reject("unknown_datum", rows[unknown], column=columns, values=list(shown[unknown]))
    ok &= ~unknown
    done = np.full(len(a), "", object)
    if anchor is not None:
        a, b = np.where(ok, a, np.nan), np.where(ok, b, np.nan)
        wide = (anchor[0] - 0.02, anchor[1] - 0.02, anchor[2] + 0.02, anchor[3] + 0.02)  # the offset is undone below
        a, b, done = _repair_rows(a, b, wide, units)
    lon, lat = a.copy(), b.copy()
    for name in dict.fromkeys(datum[ok]):
        mine = ok & (datum == name)
        lon[mine], lat[mine] = to_degrees(a[mine], b[mine], name)
    _tell_repairs(raw, done, ok, columns, shown, lon, lat)
    out = ok & ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90) if anchor is None else inside(lon, lat, anchor))
    several = out & (done == "ambiguous")
    log.reject(
        "ambiguous_place", rows[several], column=columns, values=list(shown[several]), details="exchange, sign, scale"
    )
    away = out & ~several
    log.reject("outside", rows[away], column=columns, values=list(shown[away]), details=_spots(lon[away], lat[away]))
    ok &= ~out
    error = _degree_errors(units, ok)
    offset = np.isin(datum, ("gcj02", "bd09"))
    return lon, lat, np.where(offset, np.maximum(error, OFFSET_ERROR_M), error)


def _degree_errors(units: list[NDArray], ok: NDArray[np.bool_]) -> NDArray[np.float64]:
    """
    (N,) error radius [m]: one unit of the last place of the finer of both columns.

    Writers drop zeros at the end, so a row one or two digits short of the column's usual number is
    taken to have it; a row coarser than that really is coarse.
    """
    finest = np.fmin(*units)
    usual = float(np.median(finest[ok])) if ok.any() else np.nan
    short = (finest > usual) & (finest <= usual * 100 * 1.001)
    return np.maximum(np.where(short, usual, finest) * DEGREE_M, SURVEY_ERROR_M)


def _metres(raw: Raw, a: NDArray, b: NDArray, ok: NDArray[np.bool_], settled: Settled, anchor: Box | None, columns: str,
            shown: NDArray) -> tuple[NDArray, NDArray]:  # fmt: skip
    """Row level of metres: exchanged rows, rows outside. ``ok`` is updated in place."""
    log, rows = raw.log, raw.rows
    lon, lat = to_degrees(a, b, settled.system)
    if anchor is None:
        good = np.isfinite(lon) & np.isfinite(lat)
    else:
        good = inside(lon, lat, anchor)
        other = ok & ~good & inside(*to_degrees(b, a, settled.system), anchor)
        a, b = np.where(other, b, a), np.where(other, a, b)
        log.group("repaired", "swapped", list(rows[other]), column=columns, values=list(shown[other]))
        good |= other
    away = ok & ~good
    log.reject("outside", rows[away], column=columns, values=list(shown[away]), details=_spots(lon[away], lat[away]))
    ok &= good
    return a, b


def _spots(lon: NDArray, lat: NDArray) -> list[str]:
    return [f"{x:.4f} E, {y:.4f} N" for x, y in zip(lon, lat, strict=True)]


def _tell_repairs(
    raw: Raw, done: NDArray, ok: NDArray, columns: str, shown: NDArray, lon: NDArray, lat: NDArray
) -> None:
    """One issue a row: each of these moves a point by far."""
    for i in np.flatnonzero(ok & np.isin(done, ("swapped", "scaled", "sign"))):
        spot = f"now {lon[i]:.6f}, {lat[i]:.6f}"
        raw.log.repair(done[i], row=raw.rows[i], column=columns, value=shown[i], detail=spot)


def tell_system(
    raw: Raw, settled: Settled, declared: str | None, labelled: str | None, lon: NDArray, lat: NDArray
) -> float:
    """Note which system the numbers were read in, and what cannot be known about it: its error [m], else 0."""
    raw.log.system = settled.system
    raw.log.system_from = "stated" if labelled is not None or not settled.guessed else "judged"
    if declared is not None and declared != settled.system:
        raw.log.note("crs_conflict", detail=declared)
    if labelled is not None and not settled.projected:
        raw.log.note("crs", detail=f"column {labelled}")
    elif settled.guessed and settled.projected:
        raw.log.note("crs_guess", detail=f"{settled.system} ({CRS.from_user_input(settled.system).name})")
        return UNSTATED_GRID_M
    elif settled.guessed and len(lon) and _offset_land(lon, lat):
        raw.log.note("cannot_tell_datum")
        return UNSTATED_DATUM_M
    else:
        raw.log.note("crs", detail=settled.system + (" (not stated)" if settled.guessed else ""))
    return 0.0


def _offset_land(lon: NDArray, lat: NDArray) -> bool:
    """Whether places lie where web maps are offset: mainland China, for which `metric_crs` gives a CGCS2000 zone."""
    return datums.metric_crs(float(np.median(lon)), float(np.median(lat))).startswith("EPSG:45")


def shared(x: NDArray, y: NDArray, rows: NDArray, raw: Raw) -> NDArray[np.bool_]:
    """(N,) whether more than three rows stand on exactly the same point; told once a point."""
    frame = pd.DataFrame({"x": x, "y": y})
    size = frame.groupby(["x", "y"])["x"].transform("size").to_numpy()
    many = size > SHARED_ROWS
    if many.any():
        first = frame[many].drop_duplicates().index
        for i in first:
            raw.log.note(
                "shared_point", row=rows[i], value=f"{x[i]:.6f}, {y[i]:.6f}", count=int(size[i]), detail=size[i]
            )
    return many
