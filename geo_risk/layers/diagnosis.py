"""What a file's rows hold and where they are: completeness by column, and places to draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from ..crs import to_lonlat
from ..errors import GeoRiskError
from ..schema import Column, Table
from . import angles, headers, systems
from .quality import Issue
from .raw import Raw
from .rejects import Written
from .sources import Source

_COMMON = 5  # most frequent values told of a column
_MANY = 0.9  # a text column whose values are nearly all different has no common ones
_POINTS, _VERTICES = 600, 4000  # drawn of a file; more cannot be told apart on a map of some hundred pixels
_EXACT_VERTICES = 100_000  # beyond, the exact extent is not worth its time
_FILLED = ("source_file", "source_row")
# Upper ends [m] of the classes of position error: a survey, a converted offset, seconds of arc, an
# unstated grid, a shared point, an unstated web map, a township's centre.
ERROR_CLASSES_M = (1.0, 5.0, 30.0, 100.0, 500.0, 600.0, 5000.0)


def contents(rows: gpd.GeoDataFrame, table: Table, columns: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    """
    For each column of the layer that has a header or a value: the share of the file's clean rows with a value.

    With it the number of distinct values and, for numbers, least and greatest (in the schema's unit),
    else the most common values, in Chinese too, and how often they occur.
    """
    out = []
    for column in table.columns:
        values = rows[column.name].dropna()
        if column.name in _FILLED or not (len(values) or column.name in columns):
            continue
        told: dict[str, Any] = {"column": column.name, "zh": column.zh, "unit": column.unit,
                                "header": columns.get(column.name, ""), "distinct": int(values.nunique()),
                                "filled": round(len(values) / len(rows), 6) if len(rows) else 0.0}  # fmt: skip
        if column.dtype in ("float", "int") and not column.domain:
            if len(values):
                told |= {"least": float(values.min()), "greatest": float(values.max())}
        elif told["distinct"] <= max(1, _MANY * len(values)):
            told["common"] = _common(values.astype(str), column)
        out.append(told)
    return tuple(out)


def _common(values: pd.Series, column: Column) -> list[list[str | int]]:
    """[value, the same in Chinese, rows] of the most common values; ties in the order of the values."""
    counts = sorted(values.value_counts().items(), key=lambda c: (-c[1], str(c[0])))[:_COMMON]
    words = {value: next(iter(synonyms), value) for value, synonyms in column.domain.items()}
    return [[str(v)[:60], words.get(str(v), str(v))[:60], int(n)] for v, n in counts]


def places(rows: gpd.GeoDataFrame, issues: tuple[Issue, ...]) -> dict[str, Any]:
    """
    What to draw of a file: ``points`` (longitude, latitude; thinned evenly), ``lines`` (thinned outlines), the
    ``extent`` (west, south, east, north), how many rows have which position error, ``moved``
    places (row, longitude, latitude and, if it was a place, the former ones) and
    ``rejected`` ones. All in WGS 84 degrees.
    """
    out: dict[str, Any] = {"points": [], "lines": [], "extent": None, "errors": [], "moved": [], "rejected": []}
    if len(rows):
        shapes = rows.geometry.to_numpy()
        to_degrees = to_lonlat(rows.crs)
        out["extent"] = [round(float(v), 6) for v in _extent(shapes, to_degrees)]
        flat = shapely.get_dimensions(shapes) == 0
        spots = shapely.get_coordinates(shapes[flat])
        out["points"] = _degrees(to_degrees, spots[_thinned(len(spots), _POINTS)])
        out["lines"] = [_degrees(to_degrees, shapely.get_coordinates(line)) for line in _lines(shapes[~flat])]
    if "position_error_m" in rows:
        out["errors"] = _errors(rows["position_error_m"].dropna().to_numpy(float))
    for i in issues:
        if i.lon is None or i.lat is None or len(out["rejected"]) + len(out["moved"]) >= _POINTS:
            continue
        spot = [i.row, round(i.lon, 5), round(i.lat, 5)]
        if i.action == "rejected":
            out["rejected"].append(spot)
        elif i.action == "repaired" and "," in i.column:  # both coordinate columns are named
            out["moved"].append([*spot, *_pair(i.value)])
    return out


def _extent(shapes: NDArray[np.object_], to_degrees: Transformer) -> tuple[float, float, float, float]:
    """West, south, east, north; of very many vertices those of their box, some metres more."""
    if shapely.get_num_coordinates(shapes).sum() > _EXACT_VERTICES:
        return to_degrees.transform_bounds(*shapely.total_bounds(shapes))
    lon, lat = to_degrees.transform(*shapely.get_coordinates(shapes).T)
    return lon.min(), lat.min(), lon.max(), lat.max()


def _errors(error_m: NDArray[np.float64]) -> list[list[float | int | None]]:
    """[upper end of the class in metres (None: beyond the last), rows] of each class with rows."""
    which = np.searchsorted(ERROR_CLASSES_M, error_m, side="left")
    counts = np.bincount(which, minlength=len(ERROR_CLASSES_M) + 1)
    return [[end, int(n)] for end, n in zip((*ERROR_CLASSES_M, None), counts, strict=True) if n]


def _thinned(count: int, most: int) -> NDArray[np.int64]:
    """Indices of at most ``most`` of ``count`` rows, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)) if count else np.zeros(0, int)


def _degrees(to_degrees: Transformer, xy: NDArray[np.float64]) -> list[list[float]]:
    return np.column_stack(to_degrees.transform(*xy.T)).round(5).tolist()


def _lines(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Outlines and lines, simplified to what a map of 500 pixels shows; the longest, up to a number of points."""
    if not len(shapes):
        return shapes
    west, south, east, north = shapely.total_bounds(shapes)
    if len(shapes) > _VERTICES:  # each draws two points at least, so only the longest can be among them
        shapes = shapes[np.sort(np.argsort(-shapely.length(shapes), kind="stable")[:_VERTICES])]
    drawn = shapely.simplify(shapes, max(east - west, north - south) / 500)
    outlines = np.where(shapely.get_dimensions(drawn) == 2, shapely.boundary(drawn), drawn)
    parts = shapely.get_parts(shapely.get_parts(outlines))
    parts = parts[shapely.get_dimensions(parts) == 1]
    longest = np.argsort(-shapely.length(parts), kind="stable")
    drawn_so_far = np.cumsum(shapely.get_num_coordinates(parts[longest]))
    keep = np.sort(longest[: max(1, int((drawn_so_far <= _VERTICES).sum()))])
    return parts[keep]


def _pair(text: str) -> list[float]:
    """The place "lon, lat" a row had before; nothing if it was none."""
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        return []
    return [round(lon, 5), round(lat, 5)] if abs(lon) <= 180 and abs(lat) <= 90 else []


def located(raw: Raw, written: Written, rows: gpd.GeoDataFrame, table: Table, source: Source) -> tuple[Issue, ...]:
    """The issues of a file with the place of their row, and, for mended rows, what became of the value."""
    numbers = rows["source_row"].to_numpy(int)
    told = np.flatnonzero(np.isin(numbers, sorted({i.row for i in raw.log.issues if i.row is not None})))
    final = {int(numbers[i]): int(i) for i in told[::-1]}  # of a row split in several, the first
    kept = list(final)
    middle = rows.geometry.iloc[[final[r] for r in kept]].representative_point().to_crs("EPSG:4326")
    spots = {r: (float(p.x), float(p.y)) for r, p in zip(kept, middle, strict=True)}
    rejected = [i.row for i in raw.log.issues if i.action == "rejected" and i.row is not None]
    lost = _places_of(rejected, raw, written, table, source)
    return tuple(_completed(i, rows, final, spots, lost) for i in raw.log.issues)


def _completed(issue: Issue, rows: gpd.GeoDataFrame, final: Mapping[int, int], spots: Mapping, lost: Mapping) -> Issue:
    if issue.row is None or issue.lon is not None:
        return issue
    if issue.action == "rejected":
        lon, lat = lost.get(issue.row, (None, None))
        return replace(issue, lon=lon, lat=lat)
    lon, lat = spots.get(issue.row, (None, None))
    after = issue.after
    if issue.action == "repaired" and not after and issue.row in final:
        if issue.column in rows.columns:
            value = rows[issue.column].iloc[final[issue.row]]
            after = "" if pd.isna(value) else f"{value:.10g}" if isinstance(value, float) else str(value)
        elif "," in issue.value and lon is not None:
            after = f"{lon:.6f}, {lat:.6f}"
    return replace(issue, lon=lon, lat=lat, after=after[:200])


def _places_of(
    rows: list[int], raw: Raw, written: Written, table: Table, source: Source
) -> dict[int, tuple[float, float]]:
    """Row -> (longitude, latitude) of rows as written, in the system the file was read in; only those that have one."""
    wanted = np.flatnonzero(np.isin(written.rows, rows))
    if not len(wanted):
        return {}
    try:
        x, y = _written_xy(raw, written, wanted, table, source)
        lon, lat = systems.to_degrees(x, y, raw.log.system or "wgs84")
    except GeoRiskError:
        return {}
    good = (np.abs(lon) <= 180) & (np.abs(lat) <= 90) & ((lon != 0) | (lat != 0))
    return {int(written.rows[i]): (float(a), float(b)) for i, a, b, g in zip(wanted, lon, lat, good, strict=True) if g}


def _written_xy(
    raw: Raw, written: Written, index: NDArray[np.int64], table: Table, source: Source
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nowhere = np.full(len(index), np.nan)
    if written.geometry is not None:
        box = shapely.bounds(written.geometry[index])
        return (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
    names = list(map(str, written.frame.columns))
    where = headers.places(names, raw.labels, source.columns, raw.what, table)
    pair = next((p for p in (("lon", "lat"), ("x", "y")) if set(p) <= set(where)), None)
    if pair is None:
        return nowhere, nowhere
    x, y = (angles.numbers(written.frame[where[c]].iloc[index])[0] for c in pair)
    return x, y
