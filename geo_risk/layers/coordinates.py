"""Two columns of numbers -> points: axes, system and zone, judged for the file first, then row by row."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from . import angles, degrees, grids, systems
from .evidence import KINDS, Around
from .grids import MAJORITY, Box, inside
from .raw import Raw
from .systems import OFFSETS, UNKNOWN
from .text import blank

SHARED_ERROR_M = 500.0  # error radius of a point shared by many firms [m]
UNSTATED = "no coordinate system stated"  # how the notes on it begin
SHARED_ROWS = 3  # more rows than this on exactly one point are a park gate or a geocoder's centre
COARSE_M = 500.0  # an error radius from here on is told
_OFFSET_MARGIN = 0.02  # degrees by which an offset (1,200 m at most) may put a place outside before it is undone


@dataclass(frozen=True)
class Settled:
    """
    What a file's numbers are: a system (see `systems.named`), and whether the columns are exchanged.

    ``guessed``: the datum is not stated. ``conflict``: the system the file claims, if the numbers cannot be in it.
    """

    system: str
    swap: bool
    guessed: bool = False
    conflict: str | None = None

    @property
    def projected(self) -> bool:
        """Whether the numbers go to WGS 84 by a transform of PROJ rather than as degrees of a web map."""
        return self.system not in systems.DATUMS

    @property
    def mercator(self) -> bool:
        """Whether the numbers are Web Mercator metres of a datum that is not stated."""
        return self.guessed and self.system == grids.MERCATOR


def settle(a: NDArray, b: NDArray, declared: str | None, anchor: Box | None, what: str, insist: bool = True) -> Settled:
    """
    Judge the file as a whole: ``a``, ``b`` (N,) the two columns as numbers, NaN allowed.

    A declared system is used unless the numbers cannot be in it: then the numbers win over a file's
    own label, and a person's word (``insist``) is an error. Otherwise size tells degrees from metres,
    `grids.settle` the zone, and the majority (80 %) inside the anchor the axes.

    Raises
    ------
    InputError
        If metres fit no zone or several, or contradict 'crs', with the next step.
    """
    seen = np.isfinite(a) & np.isfinite(b) & (a != 0) & (b != 0)
    a, b = a[seen], b[seen]
    stated = None if declared == UNKNOWN else declared
    if not len(a):
        return Settled(stated or "wgs84", False)
    small = np.median(np.abs(a)) <= 360 and np.median(np.abs(b)) <= 360
    if not small and not (anchor is not None and stated in (None, *systems.DATUMS) and _mostly_scaled(a, b, anchor)):
        return _settle_metres(a, b, stated, anchor, what, insist)
    if stated is not None and not systems.is_degrees(stated):
        if insist:
            raise InputError(
                f"{what}: crs = {systems.shown(stated)} is in metres, but the numbers are degrees (median "
                f"{np.median(a):g}, {np.median(b):g}). Correct 'crs'."
            )
        return Settled("wgs84", _swapped(a, b, anchor), True, stated)
    return Settled(stated or "wgs84", _swapped(a, b, anchor), stated is None)


def _mostly_scaled(a: NDArray, b: NDArray, anchor: Box) -> bool:
    lon, lat = degrees.unscale(a, anchor[0], anchor[2]), degrees.unscale(b, anchor[1], anchor[3])
    return bool(inside(lon, lat, anchor).mean() >= MAJORITY)


def _swapped(a: NDArray, b: NDArray, anchor: Box | None) -> bool:
    if anchor is not None:
        return bool(inside(b, a, anchor).mean() >= MAJORITY and inside(a, b, anchor).mean() < 1 - MAJORITY)
    return bool((np.abs(b) > 90).mean() >= MAJORITY and (np.abs(a) <= 90).mean() >= MAJORITY)


def _settle_metres(a: NDArray, b: NDArray, stated: str | None, anchor: Box | None, what: str, insist: bool) -> Settled:
    family = systems.family_of(stated) if stated else None
    if stated is None or systems.is_degrees(stated):
        code, swap = grids.settle(a, b, anchor, what, family or "cgcs2000")
        web = code == grids.MERCATOR and stated in systems.DATUMS
        conflict = None if stated is None or family or web else stated
        return Settled(code, swap, family is None or code == grids.MERCATOR, conflict)
    swap, share = grids.axes(a, b, stated, anchor)
    if share >= 1 - MAJORITY:
        return Settled(stated, swap)
    try:
        code, swap = grids.settle(a, b, anchor, what, family or "cgcs2000")
    except InputError:
        return Settled(stated, swap)  # nothing fits better: the rows are told one by one as outside
    if insist:
        raise InputError(
            f"{what}: crs = {systems.shown(stated)} puts {share:.0%} of the rows into the region, "
            f"{systems.shown(code)} would fit. Correct 'crs'."
        )
    return Settled(code, swap, family is None, stated)


def points(
    raw: Raw,
    where: Mapping[str, str],
    declared: str | None,
    anchor: Box | None,
    accept: Collection[str] = (),
    around: Around | None = None,
) -> tuple[pd.DataFrame, str]:
    """
    The places of a table's rows.

    Returns a frame with x, y, error_m, least_m (what an unstated or old system leaves) [m] and ``ok``
    aligned to ``raw.frame`` (rows not ok are already told in the log as rejected), and the CRS of x, y:
    WGS 84 degrees or the grid found. ``accept`` names the changes that may move a row.

    Raises
    ------
    InputError
        If the grid or the datum cannot be told, with the setting to write.
    """
    log, rows = raw.log, raw.rows
    first, second, columns, one_cell = _columns(raw, where)
    a, unit_a = angles.numbers(first)
    b, unit_b = angles.numbers(second)
    table = _Cells(raw, columns, (first.map(str) + ", " + second.map(str)).to_numpy(object), first, second)
    ok = _readable(table, a, b)
    datum, label = _row_datums(raw, where.get("datum") if declared is None else None)
    if datum is not None:
        unknown = ok & (datum == "?")
        log.reject(
            "unknown_datum", rows[unknown], column=where["datum"], values=list(raw.frame[where["datum"]][unknown])
        )
        ok &= ~unknown
    packed_m = table.unpack(a, b, unit_a, unit_b, ok, anchor, accept)
    settled = settle(a[ok], b[ok], declared or label, anchor, raw.what, insist=declared is not None)
    if settled.swap:
        a, b, unit_a, unit_b = b, a, unit_b, unit_a
        log.repair("swapped_file", column=columns, count=int(ok.sum()))
    log.group(
        "repaired", "one_cell", list(rows[one_cell & ok]), column=columns, values=list(table.shown[one_cell & ok])
    )
    commas = ok & (angles.decimal_commas(first) | angles.decimal_commas(second))
    log.group("repaired", "decimal_comma", list(rows[commas]), column=columns, values=list(table.shown[commas]))
    if settled.mercator:
        a, b = systems.to_degrees(a, b, grids.MERCATOR)
        unit_a, unit_b = unit_a / degrees.DEGREE_M, unit_b / degrees.DEGREE_M
        log.note("mercator")
        settled = replace(
            settled, system=(declared or label or "wgs84"), guessed=(declared or label) in (None, UNKNOWN)
        )
        settled = replace(settled, system="wgs84") if settled.guessed else settled
    if settled.projected:
        if datum is not None and label is None:
            raise InputError(_several(raw, where["datum"]))
        x, y = _metres(table, a, b, ok, settled, anchor, accept)
        unit_m = degrees.DEGREE_M if systems.is_degrees(settled.system) else 1.0
        error_m = np.fmax(degrees.SURVEY_ERROR_M, np.fmin(unit_a, unit_b) * unit_m)
        system = systems.OLD.get(settled.system, settled.system)
        if systems.is_bound(system):  # only the way to WGS 84 is told, not one to the region's own system
            x, y, system = *systems.to_degrees(x, y, system), "EPSG:4326"
    else:
        by_row = datum if datum is not None and label is None else np.full(len(a), settled.system, object)
        x, y, error_m = _degrees(table, a, b, ok, by_row, anchor, [unit_a, unit_b], accept, around)
        system = "EPSG:4326"
    if datum is not None and label is None:
        log.note("crs", detail=f"column {where['datum']}")
        least_m = 0.0
    else:
        shapes = np.full(len(ok), None, object)
        if declared in (None, UNKNOWN):
            shapes[ok] = shapely.points(a[ok], b[ok])
        least_m = tell_system(raw, settled, declared, shapes, around)
    least_m = max(least_m, packed_m)
    return pd.DataFrame({"x": x, "y": y, "error_m": np.maximum(error_m, least_m), "least_m": least_m, "ok": ok}), system


def _several(raw: Raw, header: str) -> str:
    return (
        f"{raw.what}: metres in several systems, by the column {header!r}. Name the file once for each, "
        f'{{ path = "FILE", where = {{ {header} = "..." }}, crs = "..." }}.'
    )


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
    nothing_a, nothing_b = blank(first), blank(second)
    r, s = angles.pairs(second)
    one_a, one_b = (p != "") & nothing_b, (r != "") & nothing_a
    first, second = first.mask(one_a, p).mask(one_b, r), second.mask(one_a, q).mask(one_b, s)
    return first, second, f"{names[0]}, {names[1]}", (one_a | one_b).to_numpy()


def _row_datums(raw: Raw, header: str | None) -> tuple[NDArray[np.object_] | None, str | None]:
    """(N,) datum of each row by its label, '?' for an unknown or missing one, and the one label of all; else None."""
    if header is None or blank(raw.frame[header]).all():
        return None, None
    out = raw.frame[header].map(lambda word: systems.label(word) or "?").to_numpy(object)
    known = sorted(set(out) - {"?"})
    return out, known[0] if len(known) == 1 else None


@dataclass(frozen=True)
class _Cells:
    """The two coordinate columns of a table as written, for messages."""

    raw: Raw
    columns: str
    shown: NDArray[np.object_]
    first: pd.Series
    second: pd.Series

    def reject(self, code: str, bad: NDArray[np.bool_], details: list[str] | str = "") -> None:
        """Tell rows (N,) as set aside; ``details`` one for each of them."""
        self.raw.log.reject(
            code, self.raw.rows[bad], column=self.columns, values=list(self.shown[bad]), details=details
        )

    def unpack(self, a: NDArray, b: NDArray, unit_a: NDArray, unit_b: NDArray, ok: NDArray[np.bool_],
               anchor: Box | None, accept: Collection[str]) -> float:  # fmt: skip
        """
        Read 120.211690 as 120 degrees 21 minutes 16.90 seconds, with the yes in 'accept', in place.

        Returns the error [m] that the doubt leaves where both readings are possible and no yes is given.
        """
        if "packed_dms" not in accept and not (
            ok.any() and angles.packable(self.first[ok]) and angles.packable(self.second[ok])
        ):
            return 0.0
        (p, unit_p), (q, unit_q) = angles.packed(self.first), angles.packed(self.second)
        good = np.isfinite(p) & np.isfinite(q)
        if "packed_dms" in accept:
            self.reject("bad_packed", ok & ~good)
            ok &= good
            for old, new in ((a, p), (b, q), (unit_a, unit_p), (unit_b, unit_q)):
                old[good] = new[good]
            self.raw.log.group("repaired", "packed_dms", list(self.raw.rows[ok]), column=self.columns,
                               values=list(self.shown[ok]))  # fmt: skip
            return 0.0
        if not good[ok].all():
            return 0.0
        return self._packed_doubt(a[ok], b[ok], p[ok], q[ok], anchor)

    def _packed_doubt(self, a: NDArray, b: NDArray, p: NDArray, q: NDArray, anchor: Box | None) -> float:
        decimal, packed = (_share(x, y, anchor) for x, y in ((a, b), (p, q)))
        if packed >= MAJORITY > decimal:
            raise InputError(
                f"{self.raw.what}: numbers like {self.shown[0]} lie in the region only as degrees, minutes and seconds "
                f'({p[0]:.6f}, {q[0]:.6f}). Write accept = ["packed_dms"] if they are, else correct the numbers.'
            )
        if packed < MAJORITY or len(set(zip(a, b, strict=True))) < angles.PACKED_ROWS:
            return 0.0
        spread = float(np.nanmax(systems.distance_m(a, b, p, q))) if _share(a, b, None) == 1 else 0.0
        self.raw.log.note("packed_doubt", column=self.columns, value=self.shown[0], detail=f"{spread:.0f}")
        return spread


def _share(x: NDArray, y: NDArray, anchor: Box | None) -> float:
    box = anchor or (-180.0, -90.0, 180.0, 90.0)
    return float(max(inside(x, y, box).mean(), inside(y, x, box).mean() if anchor else 0.0))


def _readable(cells: _Cells, a: NDArray, b: NDArray) -> NDArray[np.bool_]:
    """(N,) rows with two numbers; the others are told as rejected."""
    empty = blank(cells.first), blank(cells.second)
    nothing = (empty[0] & empty[1]) | ((a == 0) & (b == 0)) | ((a == 0) & empty[1]) | (empty[0] & (b == 0))
    unreadable = ~nothing & ((np.isnan(a) & ~empty[0]) | (np.isnan(b) & ~empty[1]))
    single = ~nothing & ~unreadable & ((np.isnan(a) | np.isnan(b)) | (a == 0) | (b == 0))
    twice = ~nothing & ~unreadable & ~single & (a == b)
    reasons = (("no_coordinates", nothing), ("bad_coordinate", unreadable), ("one_coordinate", single))
    for code, bad in (*reasons, ("same_twice", twice)):
        cells.reject(code, bad)
    return ~(nothing | unreadable | single | twice)


def _degrees(
    cells: _Cells,
    a: NDArray,
    b: NDArray,
    ok: NDArray[np.bool_],
    datum: NDArray,
    anchor: Box | None,
    units: list[NDArray],
    accept: Collection[str],
    around: Around | None,
) -> tuple[NDArray, NDArray, NDArray]:
    """Row level of degrees: changes against the anchor, datum, error. ``a``, ``b`` and ``ok`` are updated in place."""
    done, allowed = np.full(len(a), "", object), np.zeros(len(a), bool)
    if anchor is not None:
        wide = (anchor[0] - _OFFSET_MARGIN, anchor[1] - _OFFSET_MARGIN,
                anchor[2] + _OFFSET_MARGIN, anchor[3] + _OFFSET_MARGIN)  # fmt: skip
        own = around.own if around is not None and around.owners is not None else None
        seen = np.where(ok, a, np.nan), np.where(ok, b, np.nan)
        changed = degrees.change_rows(*seen, wide, units, accept, own)
        done, allowed = changed.done, changed.allowed
        a[ok], b[ok] = changed.lon[ok], changed.lat[ok]
    lon, lat = a.copy(), b.copy()
    for name in dict.fromkeys(datum[ok]):
        mine = ok & (datum == name)
        lon[mine], lat[mine] = systems.to_degrees(a[mine], b[mine], name)
    good = (np.abs(lon) <= 180) & (np.abs(lat) <= 90) if anchor is None else inside(lon, lat, anchor)
    several = ok & (done == "ambiguous")
    cells.reject("ambiguous_place", several, details="exchange, sign, scale, minutes")
    for i in np.flatnonzero(ok & good & (done != "")):
        spot = f"{lon[i]:.6f}, {lat[i]:.6f}"
        where = {"row": cells.raw.rows[i], "column": cells.columns, "value": cells.shown[i], "detail": spot}
        if allowed[i]:
            cells.raw.log.repair(str(done[i]), **where)
        else:
            cells.raw.log.add("rejected", f"{done[i]}_aside", **where)
    away = ok & ~good & ~several
    cells.reject("outside", away, details=_spots(lon[away], lat[away]))
    ok &= good & ~several & ((done == "") | allowed)
    error = degrees.digit_errors(units, ok)
    least = {name: systems.datum_error_m(name) for name in set(datum[ok])}
    return lon, lat, np.maximum(error, [least.get(name, 0.0) for name in datum])


def _metres(cells: _Cells, a: NDArray, b: NDArray, ok: NDArray[np.bool_], settled: Settled, anchor: Box | None,
            accept: Collection[str]) -> tuple[NDArray, NDArray]:  # fmt: skip
    """Row level of metres: exchanged rows, rows outside. ``ok`` is updated in place."""
    lon, lat = systems.to_degrees(a, b, settled.system)
    if anchor is None:
        good = np.isfinite(lon) & np.isfinite(lat)
    else:
        good = inside(lon, lat, anchor)
        u, v = systems.to_degrees(b, a, settled.system)
        other = ok & ~good & inside(u, v, anchor)
        if "swapped" in accept:
            a, b = np.where(other, b, a), np.where(other, a, b)
            cells.raw.log.group("repaired", "swapped", list(cells.raw.rows[other]), column=cells.columns,
                                values=list(cells.shown[other]), detail="")  # fmt: skip
            good |= other
        else:
            cells.reject(
                "swapped_aside", other, details=[f"{x:.6f}, {y:.6f}" for x, y in zip(u[other], v[other], strict=True)]
            )
            ok &= ~other
    away = ok & ~good
    cells.reject("outside", away, details=_spots(lon[away], lat[away]))
    ok &= good
    return a, b


def _spots(lon: NDArray, lat: NDArray) -> list[str]:
    return [f"{x:.4f} E, {y:.4f} N" for x, y in zip(lon, lat, strict=True)]


def tell_system(
    raw: Raw,
    settled: Settled,
    declared: str | None,
    shapes: NDArray,
    around: Around | None,
    standard: bool = False,
) -> float:
    """
    Note which system the numbers were read in, and what cannot be known about it: its error [m], else 0.

    ``declared`` is the person's word, ``shapes`` (N,) the geometries as written (None for those not
    judged), ``standard`` whether the format's own standard says WGS 84 where nothing is written.

    Raises
    ------
    InputError
        If an unstated datum cannot be told, or is none that may be taken without a yes.
    """
    raw.log.system = settled.system
    raw.log.system_from = "judged" if settled.guessed else "stated"
    if settled.conflict is not None:
        raw.log.note("crs_conflict", detail=systems.shown(settled.conflict))
    if settled.projected:
        if settled.guessed:
            raw.log.note("crs_guess", detail=systems.shown(settled.system))
            return systems.OLD_DATUM_M
        raw.log.note("crs", detail=systems.shown(settled.system))
        left = systems.datum_error_m(settled.system)
        if left:
            raw.log.note("old_datum", detail=f"{left:g}")
        return left
    return _tell_datum(raw, settled, declared, shapes, around, standard)


def _tell_datum(
    raw: Raw, settled: Settled, declared: str | None, shapes: NDArray, around: Around | None, standard: bool
) -> float:
    said = declared if declared != UNKNOWN else None
    lon, lat = shapely.get_coordinates(shapes).T if said is None else np.empty((2, 0))
    if said is not None or settled.system in OFFSETS or not systems.offset_land(lon, lat):
        raw.log.note("crs", detail=settled.system + (" (not stated)" if settled.guessed else ""))
        return 0.0
    spread = float(np.ceil(systems.spread_m(lon, lat)))
    verdict = around.judge(shapes, ("wgs84", *OFFSETS)) if around is not None else None
    if verdict is not None and (settled.guessed or verdict.decisive):
        raw.log.note(f"fits_{verdict.kind}", detail=verdict.counts)
    if declared == UNKNOWN:
        raw.log.note("unknown_system", detail=f"{spread:.0f}")
        return spread
    if verdict is not None and verdict.decisive:
        if verdict.best == "wgs84":
            return 0.0
        claim = "no coordinate system is stated" if settled.guessed else f"the file says {settled.system}"
        raise InputError(
            f"{raw.what}: {claim}, but the places fit {verdict.best} best ({KINDS[verdict.kind]}: {verdict.counts}). "
            f'Write crs = "{verdict.best}" if that is so, or crs = "wgs84" to keep them as they are.'
        )
    if not settled.guessed:
        raw.log.note("crs", detail=settled.system)
        return 0.0
    if standard:
        raw.log.note("cannot_tell_datum", detail=f"{spread:.0f}")
        return spread
    raise InputError(_ask(raw, verdict, spread))


def _ask(raw: Raw, verdict, spread: float) -> str:
    found = "nothing to judge it by (districts, roads or water whose own crs is stated)"
    if verdict is not None:
        found = f"no clear evidence; best {verdict.best}, {KINDS[verdict.kind]}: {verdict.counts}"
        if verdict.mixed:
            found += (
                "; rows speak for several systems: add a column 坐标系, or name the file once for each sender with "
                "'where' and 'crs'"
            )
    return (
        f'{raw.what}: {UNSTATED}, and {found}. Write crs = "wgs84" (GPS, CGCS2000, 天地图), "gcj02" '
        f'(AMap, Tencent) or "bd09" (Baidu); crs = "unknown" goes on with a position error of {spread:.0f} m.'
    )


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
