"""Geometry that can be computed with: mended, flat, of the layer's kind; the rest set aside."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from . import vertices
from .quality import Log

# Mending may change area (or length) by this share; beyond it the shape was not what it seemed.
MAX_CHANGE = 0.01
MIN_AREA_M2, MIN_LENGTH_M = 1.0, 0.01  # below: a sliver, a point drawn as a line
NEAR_M = 0.1  # two copies of one feature differ by rounding (1e-7 degree is 0.01 m), never by more

_KINDS = {"point": (0, 4), "line": (1, 2, 5), "polygon": (3, 6)}  # shapely type ids
_ALLOWED = {"point": (0, 4), "line": (1, 2, 5), "polygon": (3, 6), "any": (0, 1, 2, 3, 4, 5, 6)}
_TYPE_NAMES = ("Point", "LineString", "LinearRing", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon",
               "GeometryCollection")  # fmt: skip


def repair(
    geometry: NDArray[np.object_], kind: str, rows: NDArray, log: Log, *, holes: bool = False
) -> tuple[NDArray, NDArray[np.bool_]]:
    """
    Geometries (N,) in a metric CRS -> (mended (N,), whether each may stay (N,)).

    ``kind`` is the layer's: point, line, polygon or any. Null and empty shapes, other kinds, shapes
    without size, with a vertex far from the rest, and those that mending would change by more than 1 %
    are rejected and told; heights and measures are dropped, collections unpacked, repeated vertices and
    spikes removed, rings turned the way of the file, invalid shapes mended and told with their size
    before and after. An outline within another of the same shape is a hole if ``holes`` says so, else
    the shape is rejected. Repairing what comes out changes nothing.
    """
    out = geometry.copy()
    null = shapely.is_missing(out)
    empty = ~null & shapely.is_empty(out)
    log.reject("null_geometry", rows[null])
    log.reject("empty_geometry", rows[empty])
    broken = ~(null | empty) & ~vertices.finite(out)
    log.reject("bad_vertex", rows[broken])
    ok = ~(null | empty | broken)
    _flatten(out, ok, rows, log)
    _unpack(out, ok, kind, rows, log)
    wrong = ok & ~np.isin(shapely.get_type_id(out), _ALLOWED[kind])
    log.reject("wrong_type", rows[wrong], details=[_TYPE_NAMES[t] for t in shapely.get_type_id(out[wrong])])
    ok &= ~wrong
    vertices.refuse_far(out, ok, rows, log)
    _settle_nested(out, ok, rows, log, holes)
    _mend(out, ok, rows, log)
    _refuse_tiny(out, ok, rows, log)
    vertices.drop_repeats(out, ok, rows, log)
    vertices.cut_spikes(out, ok, rows, log)
    _turn_reversed(out, ok, rows, log)
    return out, ok


def _flatten(out: NDArray, ok: NDArray, rows: NDArray, log: Log) -> None:
    """Drop heights and measures, telling what they were. Changes ``out``."""
    high, measured = ok & shapely.has_z(out), ok & shapely.has_m(out)
    if high.any():
        told = _heights(out[high])
        code = "z_varies" if " to " in told else "z_dropped"
        log.group("noted", code, list(rows[high]), values=[""] * int(high.sum()), detail=told)
    log.group("noted", "m_dropped", list(rows[measured]), values=[""] * int(measured.sum()))
    deep = high | measured
    out[deep] = shapely.force_2d(out[deep])


def _heights(shapes: NDArray) -> str:
    """The heights of shapes in words: none, all 5, or -3.2 to -0.8."""
    z = shapely.get_coordinates(shapes, include_z=True)[:, 2]
    z = z[np.isfinite(z)]
    return "none" if not len(z) else f"all {z[0]:g}" if z.min() == z.max() else f"{z.min():g} to {z.max():g}"


def _settle_nested(out: NDArray, ok: NDArray, rows: NDArray, log: Log, holes: bool) -> None:
    """Outlines within another outline of one shape: holes with the person's yes, else set aside."""
    several = np.flatnonzero(ok & (shapely.get_type_id(out) == 6))
    for i in several[~shapely.is_valid(out[several])]:
        parts = shapely.get_parts(out[i])
        if not shapely.is_valid(parts).all():
            continue  # what lies in what cannot be told; it is mended or refused as a whole
        inner, outer = shapely.STRtree(parts).query(parts, predicate="within")
        inside = np.unique(inner[(inner != outer) & (shapely.area(parts[inner]) < shapely.area(parts[outer]))])
        if not len(inside):
            continue
        if holes:
            rest = np.delete(parts, inside)
            out[i] = shapely.difference(shapely.union_all(rest), shapely.union_all(parts[inside]))
            log.repair("nested", row=rows[i], detail=len(inside))
        else:
            log.reject("nested", [rows[i]], details=[len(inside)])
            ok[i] = False


def _unpack(out: NDArray, ok: NDArray, kind: str, rows: NDArray, log: Log) -> None:
    """A collection becomes its parts of the layer's kind (of the highest dimension for 'any')."""
    for i in np.flatnonzero(ok & (shapely.get_type_id(out) == 7)):
        parts = shapely.get_parts(out[i])
        while (shapely.get_type_id(parts) == 7).any():
            parts = shapely.get_parts(parts)
        wanted = kind if kind != "any" else ("point", "line", "polygon")[int(shapely.get_dimensions(parts).max())]
        fits = np.isin(shapely.get_type_id(parts), _KINDS[wanted])
        if not fits.any():
            continue  # rejected as a wrong type
        left = [_TYPE_NAMES[t] for t in shapely.get_type_id(parts[~fits])]
        out[i] = _collect(parts[fits])
        log.repair("collection", row=rows[i])
        if left:
            log.note("parts_left", row=rows[i], detail=", ".join(left))


def _collect(parts: NDArray) -> shapely.Geometry:
    """One geometry of all the single parts of (multi-)geometries of one kind."""
    single = shapely.get_parts(parts)
    if len(single) == 1:
        return single[0]
    makers = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)
    return makers[int(shapely.get_dimensions(single[0]))](single)


def _size(geometry: NDArray) -> NDArray[np.float64]:
    return np.where(shapely.get_dimensions(geometry) == 2, shapely.area(geometry), shapely.length(geometry))


def _mend(out: NDArray, ok: NDArray, rows: NDArray, log: Log) -> None:
    bad = np.flatnonzero(ok & ~shapely.is_valid(out))
    for i in bad:
        before, why = out[i], shapely.is_valid_reason(out[i]).split("[")[0]
        try:
            mended = shapely.make_valid(before)
        except shapely.errors.GEOSException:  # parts without size beside crossing ones
            mended = shapely.from_wkt("POLYGON EMPTY")
        dimension = shapely.get_dimensions(before)
        if shapely.get_type_id(mended) == 7:
            parts = shapely.get_parts(mended)
            same = parts[shapely.get_dimensions(parts) == dimension]
            mended = _collect(same) if len(same) else mended
        size, new = (float(v) for v in _size(np.array([before, mended])))
        change = abs(new - size) / size if size > 0 else np.inf
        told = f"{'area' if dimension == 2 else 'length'} {size:,.1f} -> {new:,.1f} {'m2' if dimension == 2 else 'm'}"
        if shapely.get_dimensions(mended) < dimension:  # all its vertices on one point or line
            log.reject("no_size", [rows[i]], details=[why])
            ok[i] = False
        elif not (change <= MAX_CHANGE and shapely.is_valid(mended)):
            log.reject("invalid_changed", [rows[i]], values=[why], details=[f"{change:.1%} ({told})"])
            ok[i] = False
        else:
            out[i] = mended
            log.repair("invalid", row=rows[i], detail=f"{why}; {told}, {change:.3%}")


def _refuse_tiny(out: NDArray, ok: NDArray, rows: NDArray, log: Log) -> None:
    dimension = shapely.get_dimensions(out)
    area, length = shapely.area(out), shapely.length(out)
    sliver, dot = ok & (dimension == 2) & (area < MIN_AREA_M2), ok & (dimension == 1) & (length < MIN_LENGTH_M)
    log.reject("no_size", rows[sliver], details=[f"{a:.3g} m2" for a in area[sliver]])
    log.reject("no_size", rows[dot], details=[f"{m:.3g} m" for m in length[dot]])
    ok &= ~(sliver | dot)


def _turn_reversed(out: NDArray, ok: NDArray, rows: NDArray, log: Log) -> None:
    """Outlines drawn against the majority of the file are turned: harmless, but some programs draw such areas empty."""
    index = np.flatnonzero(ok & (shapely.get_dimensions(out) == 2))
    if len(index) < 3:
        return
    first = shapely.get_exterior_ring(shapely.get_geometry(out[index], 0))
    ccw = shapely.is_ccw(first)
    most = bool(ccw.mean() >= 0.5)
    odd = index[ccw != most]
    out[odd] = shapely.orient_polygons(out[odd], exterior_cw=not most)
    log.group("repaired", "ring_reversed", list(rows[odd]), values=[""] * len(odd))


def duplicates(frame: pd.DataFrame, geometry: NDArray, rows: NDArray, logs: NDArray) -> NDArray[np.bool_]:
    """
    (N,) rows that stay after copies of one feature are merged; each copy is told with its original.

    Copies share every column of ``frame`` and the shape: exactly, or within 0.1 m vertex by vertex,
    or, for areas, with less than 1 % of the area between them. The first stays. ``logs`` (N,) holds
    the log of each row's file.
    """
    keep = np.ones(len(geometry), bool)
    codes = _classes(frame)
    exact, several = codes.copy(), np.bincount(codes, minlength=1)[codes] > 1
    shapes = pd.MultiIndex.from_arrays([codes[several], shapely.to_wkb(geometry[several])])
    exact[several] = len(exact) + pd.factorize(shapes)[0]
    first = pd.Series(np.arange(len(geometry))).groupby(exact).transform("first").tolist()
    for i in (i for i, f in enumerate(first) if i != f):
        keep[i] = False
        logs[i].repair("duplicate", row=rows[i], detail=_named(first[i], i, rows, logs))
    oneway = frame["oneway"].isin((1, -1)).to_numpy(bool) if "oneway" in frame else np.zeros(len(frame), bool)
    for i, j in _near(codes, geometry, keep):
        if keep[i] and keep[j] and _alike(geometry[j], geometry[i], bool(oneway[i])):
            keep[i] = False
            logs[i].repair("near_duplicate", row=rows[i], detail=_named(j, i, rows, logs))
    return keep


def tell_twins(frame: pd.DataFrame, geometry: NDArray, rows: NDArray, logs: NDArray) -> None:
    """Tell rows that differ in nothing but their ids: two of a kind in one trench, or one twice? Both are kept."""
    index = np.flatnonzero(shapely.get_dimensions(geometry) > 0)
    if "id" not in frame or not len(index):
        return
    others = frame.iloc[index].drop(columns="id").assign(_shape=shapely.to_wkb(geometry[index]))
    first = pd.Series(index).groupby(_classes(others)).transform("first").to_numpy()
    for i, f in zip(index[index != first], first[index != first], strict=True):
        ids = f"{_named(f, i, rows, logs)} (id {frame['id'].iloc[f]})"
        logs[i].note("twin", row=rows[i], column="id", value=frame["id"].iloc[i], detail=ids)


def _classes(frame: pd.DataFrame) -> NDArray[np.int64]:
    """(N,) one number for rows equal in every column (missing equals missing), from 0; narrowed column by column."""
    codes = np.zeros(len(frame), np.int64)
    open_rows = np.arange(len(frame))  # those that still have an equal
    for name in frame.columns:
        values = pd.factorize(frame[name].iloc[open_rows])[0] + 1
        pairs = pd.factorize(codes[open_rows] * (values.max(initial=0) + 1) + values)[0]
        again = np.bincount(pairs, minlength=1)[pairs] > 1
        codes[open_rows[~again]] = -1
        open_rows = open_rows[again]
        codes[open_rows] = pairs[again]
        if not len(open_rows):
            break
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return pd.factorize(codes)[0]


def _named(original: int, copy: int, rows: NDArray, logs: NDArray) -> str:
    file = "" if logs[original] is logs[copy] else f" of {logs[original].file}"
    return f"{rows[original]}{file}"


def _near(codes: NDArray, geometry: NDArray, keep: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Pairs (later, earlier) with equal columns whose bounds or areas could make them copies."""
    size = np.bincount(codes, minlength=1)[codes] if len(codes) else np.zeros(0, int)
    index = np.flatnonzero(keep & (size > 1) & (shapely.get_dimensions(geometry) > 0))
    if len(index) < 2:
        return []
    left, right = shapely.STRtree(geometry[index]).query(geometry[index])
    i, j = index[left], index[right]
    pick = (j < i) & (codes[i] == codes[j])
    i, j = i[pick], j[pick]
    box = np.abs(shapely.bounds(geometry[i]) - shapely.bounds(geometry[j])).max(axis=1, initial=0) <= NEAR_M
    area_i, area_j = shapely.area(geometry[i]), shapely.area(geometry[j])
    alike = (area_i > 0) & (np.abs(area_i - area_j) <= MAX_CHANGE * np.maximum(area_i, area_j))
    pick = box | alike
    return sorted(zip(i[pick].tolist(), j[pick].tolist(), strict=True))


def _alike(a: shapely.Geometry, b: shapely.Geometry, directed: bool) -> bool:
    """Whether two shapes are one; ``directed`` lines are not if drawn against each other: a street's two directions."""
    if shapely.equals_exact(a, b, NEAR_M, normalize=not directed):
        return True
    if shapely.get_dimensions(a) < 2:
        return False
    areas = shapely.area(a), shapely.area(b)
    if abs(areas[0] - areas[1]) > MAX_CHANGE * max(areas):
        return False
    return shapely.area(shapely.symmetric_difference(a, b)) <= MAX_CHANGE * max(areas)
