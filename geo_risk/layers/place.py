"""Where the rows of one file are: from its geometry, its coordinate columns, or the enterprises they belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from ..schema import Table
from . import attributes, coordinates, evidence, firms, headers, survey, systems, wkt
from .coordinates import Box
from .raw import Raw
from .sources import Source
from .text import blank

# A drawn line or outline of which no accuracy is stated: the error of a careful digitisation at
# 1:10,000 (0.5 mm on the sheet, the usual plan accuracy of that scale) [m]. 'position_error_m' overrides it.
VECTOR_ERROR_M = 5.0


@dataclass(frozen=True)
class Placed:
    """
    Geometries (N,) in the wanted CRS, which rows have one, error radii [m], and columns a join fills.

    ``least_m`` is the error [m] an unstated coordinate system leaves, whatever accuracy the file claims.
    """

    geometry: NDArray[np.object_]
    ok: NDArray[np.bool_]
    error_m: NDArray[np.float64]
    filled: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)
    least_m: float = 0.0


def place(
    raw: Raw,
    table: Table,
    source: Source,
    columns: Mapping[str, str],
    crs: str,
    anchor: Box | None,
    joins: Mapping[str, gpd.GeoDataFrame],
    known: Mapping[str, gpd.GeoDataFrame],
) -> Placed:
    """
    Places of the rows of ``raw`` in ``crs``; rows without one are told as rejected.

    ``known`` are finished layers in ``crs`` whose own system is stated: districts, water, roads. What
    is unlabelled is judged by them, and what lies strangely among them is told.

    Raises
    ------
    InputError
        If the file has neither geometry nor coordinates, with the headers it has.
    """
    declared = systems.named(source.crs, f"[layers.{table.name}] crs") if source.crs else None
    anchor = None if table.name == "districts" else anchor
    if source.join:
        own = own_places(raw, _headers(raw, table, source) if raw.geometry is None else {})
        if not own.any():
            return _joined(raw, source.join, columns, joins)
        rest = replace(source, join=None)
        if own.all() or not {"enterprise_id", "enterprise_name"} & set(columns):
            return place(raw, table, rest, columns, crs, anchor, joins, known)
        parts = [
            (own, place(_rows(raw, own), table, rest, columns, crs, anchor, joins, known)),
            (~own, _joined(_rows(raw, ~own), source.join, columns, joins)),
        ]
        return _merged(raw, columns, parts)
    if raw.points is not None:
        return _surveyed(raw, source, declared, crs, anchor)
    if raw.geometry is None:
        wkt.read_column(raw)
    around = _around(raw, table, columns, crs, known)
    if raw.geometry is not None:
        return _drawn(raw, table, source, declared, crs, anchor, around)
    where = _headers(raw, table, source)
    if not _has_places(where):
        joinable = "enterprise_id" in table.names
        hint = ', or join = "enterprises" to take the places of the enterprises' if joinable else ""
        if survey.is_line_table(raw):
            raise InputError(
                f"{raw.what}: a table of lines between numbered points, and no table of these points with coordinates "
                f"beside it. Ask for the point table (管点表) and name both: source = [{json.dumps(raw.what)}, "
                '"POINT TABLE"].'
            )
        raise InputError(
            f"{raw.what}: no coordinates for layer '{table.name}': no header is known as longitude and latitude or "
            "as X and Y. "
            f"Headers: {', '.join(map(str, raw.frame.columns))}. "
            f'Write columns = {{ lon = "HEADER", lat = "HEADER" }}{hint}.'
        )
    return _points(raw, table, source, where, declared, crs, anchor, around)


def _headers(raw: Raw, table: Table, source: Source) -> dict[str, str]:
    """Which headers hold the coordinates."""
    return headers.places(list(map(str, raw.frame.columns)), raw.labels, source.columns, raw.what, table)


def _has_places(where: Mapping[str, str]) -> bool:
    return {"lon", "lat"} <= set(where) or {"x", "y"} <= set(where) or "lonlat" in where


def own_places(raw: Raw, where: Mapping[str, str]) -> NDArray[np.bool_]:
    """(N,) rows of a table to be joined that have coordinates of their own: any cell that is neither blank nor 0."""
    if not _has_places(where):
        return np.zeros(len(raw.frame), bool)
    cells = [raw.frame[h] for c, h in where.items() if c != "datum"]
    return np.any([~(blank(v) | pd.to_numeric(v, errors="coerce").eq(0).to_numpy()) for v in cells], axis=0)


def _rows(raw: Raw, keep: NDArray[np.bool_]) -> Raw:
    """Some rows of a table without shapes; what is found is told in the same log."""
    return replace(raw, frame=raw.frame[keep].reset_index(drop=True), rows=raw.rows[keep])


def _merged(raw: Raw, columns: Mapping[str, str], parts: list[tuple[NDArray[np.bool_], Placed]]) -> Placed:
    """One `Placed` of the rows (N,) that have places of their own and those that took their enterprise's."""
    count = len(raw.frame)
    geometry, ok, error = np.full(count, None, object), np.zeros(count, bool), np.full(count, np.nan)
    filled = {c: np.full(count, None, object) for _, part in parts for c in part.filled}
    for column, header in columns.items():
        if column in filled:
            filled[column] = attributes.strings(raw.frame[header])
    for mine, part in parts:
        geometry[mine], ok[mine], error[mine] = part.geometry, part.ok, part.error_m
        for column, values in part.filled.items():
            filled[column][mine] = values
    return Placed(geometry, ok, error, filled, max(part.least_m for _, part in parts))


def _around(
    raw: Raw, table: Table, columns: Mapping[str, str], crs: str, known: Mapping[str, gpd.GeoDataFrame]
) -> evidence.Around:
    """What the places are judged by; a row names a township in its district column, a district by its own name."""
    districts = known.get("districts")
    header = columns.get("name" if table.name == "districts" else "district")
    if districts is None or header is None:
        return evidence.Around(crs, known)
    return evidence.Around(crs, known, evidence.townships(raw.frame[header], districts))


def _points(
    raw: Raw,
    table: Table,
    source: Source,
    where: Mapping[str, str],
    declared: str | None,
    crs: str,
    anchor: Box | None,
    around: evidence.Around,
) -> Placed:
    if table.geometry in ("line", "polygon"):
        raise InputError(
            f"{raw.what}: layer '{table.name}' holds {table.geometry}s, but the file is a table of points "
            f"({', '.join(where.values())}). Give a file with {table.geometry}s."
        )
    found, system = coordinates.points(raw, where, declared, anchor, source.accept, around)
    ok = found["ok"].to_numpy(bool)
    geometry = np.full(len(ok), None, object)
    x, y = found["x"].to_numpy(), found["y"].to_numpy()
    geometry[ok] = gpd.GeoSeries(gpd.points_from_xy(x[ok], y[ok]), crs=system).to_crs(crs).to_numpy()
    _flag(raw, geometry, ok, around)
    error = found["error_m"].to_numpy()
    if source.position_error_m is not None:
        error = np.full(len(ok), float(source.position_error_m))
    else:
        if table.name == "enterprises":
            many = np.zeros(len(ok), bool)
            many[ok] = coordinates.shared(x[ok], y[ok], raw.rows[ok], raw)
            error = np.where(many, np.fmax(error, coordinates.SHARED_ERROR_M), error)
        coarse = np.flatnonzero(ok & (error >= coordinates.COARSE_M) & (error != coordinates.SHARED_ERROR_M))
        for i in coarse:
            raw.log.note("coarse", row=raw.rows[i], value=f"{x[i]:g}, {y[i]:g}", detail=f"{error[i]:.0f}")
    least_m = 0.0 if source.position_error_m is not None else float(found["least_m"].max())
    return Placed(geometry, ok, error, least_m=least_m)


def _surveyed(raw: Raw, source: Source, declared: str | None, crs: str, anchor: Box | None) -> Placed:
    geometry, ok, error, least_m = survey.lines(raw, declared, anchor, crs, source.accept)
    if source.position_error_m is None:
        return Placed(geometry, ok, error, least_m=least_m)
    return Placed(geometry, ok, np.full(len(ok), float(source.position_error_m)))


def _flag(raw: Raw, geometry: NDArray, ok: NDArray[np.bool_], around: evidence.Around) -> None:
    """Tell the points that lie in another township than they name, in water, or beyond the boundary."""
    rows, points = raw.rows[ok], geometry[ok]
    owners = None if around.owners is None else around.owners[ok]
    for code, strange in evidence.flags(points, around.layers, owners).items():
        if code == "other_township":
            for row, name in zip(rows[strange], around.names_at(points[strange]), strict=True):
                raw.log.note(code, row=row, detail=name)
        else:
            raw.log.group("noted", code, list(rows[strange]), values=[""] * int(strange.sum()))


def _drawn(
    raw: Raw,
    table: Table,
    source: Source,
    declared: str | None,
    crs: str,
    anchor: Box | None,
    around: evidence.Around,
) -> Placed:
    """Geometry the file has: its system settled, transformed, those outside the anchor set aside."""
    assert raw.geometry is not None
    stated = declared or _label(raw)
    geometry = raw.geometry
    xy = shapely.get_coordinates(geometry)
    settled = coordinates.settle(xy[:, 0], xy[:, 1], stated, anchor, raw.what, insist=declared is not None)
    if settled.swap:
        geometry = shapely.transform(geometry, lambda c: c[:, ::-1])
        raw.log.repair("swapped_file", count=len(geometry))
    if settled.mercator:
        geometry = _to_degrees(geometry, settled.system)
        raw.log.note("mercator")
        known = declared if declared in systems.DATUMS else None
        settled = replace(settled, system=known or "wgs84", guessed=known is None)
    standard = stated is None and _geojson(raw)
    least_m = coordinates.tell_system(raw, settled, declared, geometry, around, standard)
    system = systems.OLD.get(settled.system, settled.system) if settled.projected else "EPSG:4326"
    if settled.system in systems.OFFSETS or systems.is_bound(system):
        geometry, system = _to_degrees(geometry, settled.system), "EPSG:4326"
    out = gpd.GeoSeries(geometry, crs=system).to_crs(crs).to_numpy()
    ok = np.ones(len(out), bool)
    if anchor is not None:
        ok = _within(raw, out, anchor, crs)
    judged = max(least_m, systems.datum_error_m(settled.system), VECTOR_ERROR_M)
    error = float(source.position_error_m or judged)
    if "position_error_m" in table.names and source.position_error_m is None:
        raw.log.note("vector_error", detail=f"{error:g}")
    least_m = 0.0 if source.position_error_m is not None else least_m
    return Placed(out, ok, np.full(len(out), error), least_m=least_m)


def _geojson(raw: Raw) -> bool:
    """Whether the file's own standard says WGS 84 where no system is written (RFC 7946, section 4)."""
    return raw.path.name.lower().endswith(("json", "jsonl", "geojsonl"))


def _to_degrees(geometry: NDArray, system: str) -> NDArray:
    return shapely.transform(geometry, lambda c: np.column_stack(systems.to_degrees(c[:, 0], c[:, 1], system)))


def _label(raw: Raw) -> str | None:
    """The system the file itself states; told where only its parameters tell it."""
    if not raw.crs:
        return None
    found = systems.named(raw.crs, f"{raw.what}: CRS")
    if found.startswith("EPSG:") and not raw.crs.upper().startswith("EPSG"):
        name = systems.name_in(raw.crs)
        if name != systems.CRS.from_user_input(found).name:
            raw.log.note("known_by_parameters", detail=f"{systems.shown(found)}; the file calls it '{name}'")
    return found


def _within(raw: Raw, geometry: NDArray, anchor: Box, crs: str) -> NDArray[np.bool_]:
    """(N,) shapes that touch the anchor (missing and empty ones pass: they are judged later)."""
    frame = gpd.GeoSeries([shapely.segmentize(shapely.box(*anchor), 0.01)], crs="EPSG:4326").to_crs(crs).iloc[0]
    shapely.prepare(frame)
    ok = shapely.is_missing(geometry) | shapely.is_empty(geometry) | shapely.intersects(frame, geometry)
    away = np.flatnonzero(~ok)
    if raw.canonical:  # an extract of a map is larger than the region by nature
        raw.log.left_out += len(away)
        raw.read -= len(away)
        if len(away):
            raw.log.note("outside_left_out", count=len(away))
    else:
        box = gpd.GeoSeries(geometry[away], crs=crs).to_crs("EPSG:4326").bounds.to_numpy()
        spots = [f"{x0:.4f} to {x1:.4f} E, {y0:.4f} to {y1:.4f} N" for x0, y0, x1, y1 in box]
        raw.log.reject("outside", raw.rows[away], details=spots)
    return ok


def _joined(raw: Raw, layer: str, columns: Mapping[str, str], joins: Mapping[str, gpd.GeoDataFrame]) -> Placed:
    """Places of the enterprises the rows name, by id, credit code or name (see `firms.find`)."""
    if layer not in joins:
        raise InputError(
            f"{raw.what}: join = '{layer}', but that layer is not there. Add [layers.{layer}] to region.toml."
        )
    if "enterprise_id" not in columns and "enterprise_name" not in columns:
        raise InputError(
            f"{raw.what}: join = '{layer}' needs a column with the enterprise's id or name. Headers: "
            f'{", ".join(map(str, raw.frame.columns))}. Write columns = {{ enterprise_id = "HEADER" }}.'
        )
    other = joins[layer]
    at = firms.find(raw, columns, other, layer)
    ok = at >= 0
    geometry = np.full(len(ok), None, object)
    geometry[ok] = other.geometry.to_numpy()[at[ok]]
    filled = {"enterprise_id": other["id"].to_numpy(object)[at], "enterprise_name": other["name"].to_numpy(object)[at]}
    error = np.full(len(ok), np.nan)
    if "position_error_m" in other:
        error[ok] = other["position_error_m"].to_numpy(float)[at[ok]]
    return Placed(geometry, ok, error, filled)
