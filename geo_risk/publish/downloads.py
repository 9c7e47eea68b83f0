"""What a site offers for download: CSV for spreadsheets, GeoJSON, GeoTIFF."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import rasterio
import shapely
from numpy.typing import NDArray

from ..parallel import WRITERS, ahead
from ..store import Surface, inert
from .tiles.mvt import round_float
from .tiles.packed import packed_text, text_array

# 1e-6 degrees is 0.1 m.
DECIMALS = 6
# What must stand in quotes in CSV.
_QUOTED = re.compile(r'[",\r\n]')
# What keeps a text from standing as it is in a cell (it may be a formula, see `store.inert`), in a JSON string.
_NO_CELL = r'[",\r\n]|^ *[=+\-@\t＝＋－＠]'
_NO_JSON = r'["\\\x00-\x1f]'
# Rows at work at a time.
_ROWS = 1 << 15


def plain(value: object) -> object:
    """``value`` as JSON has it: None for missing, floats with six digits, anything else as text."""
    if type(value) is str:
        return value
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return round_float(float(value)) if np.isfinite(value) else None
    return str(value)


def _plain_column(column: pd.Series) -> list[object]:
    """`plain` of every value; each value that occurs is looked at once."""
    code, unique = pd.factorize(column, sort=False)
    known = np.empty(len(unique) + 1, object)  # the last entry serves factorize's -1 for missing
    known[:-1] = [plain(value) for value in unique]
    return known[code].tolist()


def records(frame: pd.DataFrame) -> list[list[object]]:
    """Rows of ``frame`` without its geometry, each a list of JSON values."""
    columns = [_plain_column(frame[c]) for c in frame.columns if c != "geometry"]
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(len(frame))]


def _chunks(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """``frame`` a piece at a time, for memory."""
    for first in range(0, len(frame), _ROWS):
        yield frame.iloc[first : first + _ROWS]


def _column_text(column: pd.Series, told: Callable[[object], str | None]) -> pa.LargeStringArray:
    """What ``told`` says of every value; each value that occurs is asked for once, missing ones as None."""
    code, unique = pd.factorize(column, sort=False)
    known = text_array([*(told(plain(value)) for value in unique), told(None)])
    return known.take(pa.array(np.where(code < 0, len(unique), code)))


def _plain_text(column: pd.Series, special: str) -> pa.LargeStringArray | None:
    """A column of texts as it is, or None where it is none or a text in it has something ``special`` (RE2)."""
    if not isinstance(column.dtype, pd.StringDtype):
        return None
    texts = text_array(column)
    return None if pc.any(pc.match_substring_regex(texts, special)).as_py() else texts


def _beside(parts: Sequence[Any], separator: str = "") -> pa.LargeStringArray:
    """Columns of texts, and texts the same in all rows, joined row by row; missing ones are left out."""
    typed = [pa.scalar(part, pa.large_string()) if isinstance(part, str) else part for part in (*parts, separator)]
    return pc.binary_join_element_wise(*typed, null_handling="skip")


def _row(values: Sequence[pa.LargeStringArray], rows: int) -> pa.LargeStringArray:
    """Columns joined by commas; missing values are left out."""
    # Arrow loses rows of which every text is missing: an empty one stands before all.
    first = text_array([""] * rows)
    return pc.replace_substring_regex(_beside((first, *values), ","), "^,", "")


def _bytes(rows: pa.LargeStringArray) -> memoryview:
    whole = packed_text(rows)
    return whole.data[whole.offset[0] : whole.offset[-1]].data


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """
    ``frame`` as CSV with a byte-order mark, which spreadsheet programs need to read Chinese.

    Points get columns lon and lat [degrees]. Text that a spreadsheet would run as a formula gets an
    apostrophe before it.
    """
    names = [c for c in frame.columns if c != "geometry"]
    placed = isinstance(frame, gpd.GeoDataFrame) and bool((frame.geom_type == "Point").all())
    heads = [*names, "lon", "lat"] if placed else names
    cell = partial(_cell, alone=len(heads) < 2)

    def text(piece: tuple[pd.DataFrame, NDArray[np.float64]]) -> memoryview:
        rows, at = piece
        values = [_cells(rows[name], alone=len(heads) < 2) for name in names]
        values += [text_array(list(map(repr, column.tolist()))) for column in at.T]
        return _bytes(_beside((_row(values, len(rows)), "\n")))

    pieces = ((rows, _degrees(rows, DECIMALS) if placed else np.empty((0, 0))) for rows in _chunks(frame))
    with path.open("wb") as file:
        head = ",".join(map(cell, heads)) or cell(None)
        file.write(f"\ufeff{head}\n".encode())
        file.writelines(ahead(text, pieces, WRITERS))


def _cells(column: pd.Series, alone: bool) -> pa.LargeStringArray:
    plainly = None if alone else _plain_text(column, _NO_CELL)
    return _column_text(column, partial(_cell, alone=alone)) if plainly is None else plainly.fill_null("")


def _cell(value: object, alone: bool) -> str:
    """A value as a cell: formulas with an apostrophe, quoted where CSV needs it or the line would be empty."""
    if not isinstance(value, str):
        return ('""' if alone else "") if value is None else str(value)
    safe: str = inert(value)
    if _QUOTED.search(safe) or (alone and not safe):
        return '"' + safe.replace('"', '""') + '"'
    return safe


def _degrees(points: gpd.GeoDataFrame, decimals: int) -> NDArray[np.float64]:
    """(N, 2) longitude and latitude of points."""
    return np.round(shapely.get_coordinates(points.geometry.to_crs(4326).to_numpy()), decimals)


def write_geojson(path: Path, frame: gpd.GeoDataFrame) -> None:
    """``frame`` as GeoJSON (RFC 7946) in WGS 84, six decimals; row r is feature id r + 1, one a line.

    As in the tiles, missing values are left out.
    """
    names = [c for c in frame.columns if c != "geometry"]
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

    def text(piece: tuple[int, pd.DataFrame, NDArray[np.object_]]) -> memoryview:
        first, rows, geometry = piece
        numbers = pa.array(np.arange(first, first + len(rows)) + 1).cast(pa.large_string())
        values = [_pairs(f"{encode(name)}:", rows[name], encode) for name in names]
        shapes = pa.array(shapely.to_geojson(geometry), pa.large_string(), from_pandas=True).fill_null("null")
        properties = _row(values, len(rows))
        features = ('\n{"type":"Feature","id":', numbers, ',"properties":{', properties, '},"geometry":', shapes, "},")
        return _bytes(_beside(features))

    with path.open("wb") as file:
        file.write(b'{"type":"FeatureCollection","features":[')
        file.writelines(ahead(text, _numbered(frame), WRITERS))
        if len(frame):
            file.seek(-1, os.SEEK_CUR)  # the comma after the last feature
        file.write(b"\n]}\n")


def _pairs(head: str, column: pd.Series, encode: Callable[[object], str]) -> pa.LargeStringArray:
    """Name and value of a property, null where it is missing."""
    texts = _plain_text(column, _NO_JSON)
    if texts is None:
        return _column_text(column, partial(_pair, head, encode))
    return pc.if_else(texts.is_valid(), _beside((f'{head}"', texts, '"')), pa.scalar(None, pa.large_string()))


def _pair(head: str, encode: Callable[[object], str], value: object) -> str | None:
    return None if value is None else head + encode(value)


def _numbered(frame: gpd.GeoDataFrame) -> Iterator[tuple[int, pd.DataFrame, NDArray[np.object_]]]:
    """Number of the first row, rows, and their geometry in degrees, a piece at a time."""
    first = 0
    for rows in _chunks(frame):
        geometry = shapely.transform(rows.geometry.to_crs(4326).to_numpy(), lambda xy: np.round(xy, DECIMALS))
        yield first, rows, geometry
        first += len(rows)


def _four_digits(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """``values`` with 13 bits of mantissa: the rest is noise that no compression can pack; NaN stays NaN."""
    bits = values.view(np.uint32)
    rounded = ((bits + np.uint32(1 << 9)) & ~np.uint32((1 << 10) - 1)).view(np.float32)
    return np.where(np.isfinite(values), rounded, values)


def write_geotiff(path: Path, surface: Surface) -> None:
    """
    ``surface`` as a cloud-optimised GeoTIFF; nodata is 0 for grades and NaN for the rest.

    32-bit floats keep four significant digits.
    """
    floating = np.issubdtype(surface.array.dtype, np.floating)
    rows, cols = surface.array.shape
    shape = {"height": rows, "width": cols, "count": 1, "dtype": surface.array.dtype}
    place = {"crs": surface.grid.crs, "transform": surface.grid.transform, "nodata": np.nan if floating else 0}
    # No lower resolutions inside: averaged grades would be wrong, and the tiles serve the screen.
    packed = {"compress": "deflate", "level": 9, "predictor": "yes", "overviews": "none", "num_threads": "all_cpus"}
    with rasterio.open(path, "w", driver="COG", **packed, **shape, **place) as out:
        out.write(_four_digits(surface.array) if surface.array.dtype == np.float32 else surface.array, 1)
