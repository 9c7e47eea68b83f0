"""What a site offers for download: CSV for spreadsheets, GeoJSON, GeoTIFF."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from numpy.typing import NDArray

from ..store import Surface, without_formulas
from .tiles.mvt import round_float

# 1e-6 degrees is 0.1 m.
DECIMALS = 6


def plain(value: object) -> object:
    """``value`` as JSON has it: None for missing, floats with six digits, anything else as text."""
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


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """
    ``frame`` as CSV with a byte-order mark, which spreadsheet programs need to read Chinese.

    Points get columns lon and lat [degrees]. Text that a spreadsheet would run as a formula gets an
    apostrophe before it.
    """
    out = pd.DataFrame(index=range(len(frame)))
    for name in (c for c in frame.columns if c != "geometry"):
        out[name] = pd.Series(_plain_column(frame[name]), dtype=object)
    if isinstance(frame, gpd.GeoDataFrame) and (frame.geom_type == "Point").all():
        at = frame.geometry.to_crs(4326)
        out["lon"], out["lat"] = at.x.round(DECIMALS).to_numpy(), at.y.round(DECIMALS).to_numpy()
    without_formulas(out).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")


def write_geojson(path: Path, frame: gpd.GeoDataFrame) -> None:
    """``frame`` as GeoJSON (RFC 7946) in WGS 84, six decimals; row r is feature id r + 1.

    As in the tiles, missing values are left out.
    """
    geometry = frame.geometry.to_crs(4326).to_numpy()
    shapes = shapely.to_geojson(shapely.transform(geometry, lambda xy: np.round(xy, DECIMALS)))
    names = [c for c in frame.columns if c != "geometry"]
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"type":"FeatureCollection","features":[')
        for number, (values, shape) in enumerate(zip(records(frame), shapes, strict=True), 1):
            properties = encode({n: v for n, v in zip(names, values, strict=True) if v is not None})
            comma = "," if number > 1 else ""
            head = f'{comma}\n{{"type":"Feature","id":{number},"properties":'
            file.write(f'{head}{properties},"geometry":{shape or "null"}}}')
        file.write("\n]}\n")


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
    packed = {"compress": "deflate", "level": 9, "predictor": "yes", "overviews": "none"}
    with rasterio.open(path, "w", driver="COG", **packed, **shape, **place) as out:
        out.write(_four_digits(surface.array) if surface.array.dtype == np.float32 else surface.array, 1)
