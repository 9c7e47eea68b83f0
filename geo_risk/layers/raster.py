"""Rasters: population cells as a layer of squares, elevation as a surface."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import shapely
from affine import Affine
from numpy.typing import NDArray

from ..errors import CRSError, InputError
from ..grid import Grid, grid_of
from ..store import Surface
from .coordinates import Box
from .quality import FileReport, Log
from .raw import Raw
from .sources import Source
from .systems import named

# By ending, the only drivers that may open a file: GDAL's others read scripts and addresses out of files.
_DRIVERS = {".tif": "GTiff", ".tiff": "GTiff", ".asc": "AAIGrid", ".hgt": "SRTMHGT"}
MAX_POPULATED = 2_000_000  # cells with people a region may have: as polygons about 1 GB
_MAX_UNPACKED = 8 * 2**30  # bytes a raster in an archive may have
_BAND_CELLS = 4_000_000  # cells looked at a time where a file is larger than the region
# Lowest and highest ground [m]: the Dead Sea's shore is at -430, Everest at 8,849.
LOWEST_M, HIGHEST_M = -500.0, 9000.0
_FEET = {"ft": 0.3048, "feet": 0.3048, "foot": 0.3048, "us survey foot": 1200 / 3937}
_UNITS = (
    (
        "persons/km2",
        re.compile(r"(per|/|每)\s*(sq(uare)?\.?\s*)?(km|kilomet|平方公里|平方千米)|km-2|km\^-2|密度|densit", re.I),
    ),
    ("persons", re.compile(r"count|persons|people|人口数|人数|\bppp\b|headcount", re.I)),
)  # fmt: skip
_OTHER_UNIT = re.compile(r"(per|/|每)\s*(ha\b|hectare|公顷|sq(uare)?\.?\s*mi|mile|m2|m²)", re.I)


def is_raster(path: Path, member: str | None = None) -> bool:
    """Whether a file, or the one in an archive, is a raster by its ending."""
    if path.suffix.lower() != ".zip":
        return path.suffix.lower() in _DRIVERS
    return zipfile.is_zipfile(path) and bool(_members(path, member))


def _members(path: Path, member: str | None) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(path) as archive:
        found = [i for i in archive.infolist() if PurePosixPath(i.filename).suffix.lower() in _DRIVERS]
    return [i for i in found if member is None or member in (i.filename, PurePosixPath(i.filename).stem)]


@contextmanager
def opened(path: Path, member: str | None = None) -> Iterator[Any]:
    """The raster of a file, or of an archive with one; InputError if it is not there or broken."""
    import rasterio
    from rasterio.errors import RasterioIOError

    if not path.exists():
        raise InputError(f"{path}: there is no such file. Correct 'source' in region.toml.")
    with tempfile.TemporaryDirectory() as folder:
        file = _unpacked(path, member, Path(folder)) if path.suffix.lower() == ".zip" else path
        driver = _DRIVERS.get(file.suffix.lower())
        if driver is None:
            raise InputError(f"{path.name}: no raster that can be read. Accepted: {', '.join(_DRIVERS)}, also in .zip.")
        try:
            with rasterio.open(file, driver=driver) as data:
                if data.count != 1:
                    raise InputError(
                        f"{path.name}: has {data.count} bands, one is needed. Export the band that is meant."
                    )
                yield data
        except RasterioIOError as error:
            raise InputError(
                f"{path.name}: the raster is broken or not of its kind ({error}). Ask for it again."
            ) from error


def _unpacked(path: Path, member: str | None, folder: Path) -> Path:
    found = _members(path, member)
    if len(found) != 1:
        names = ", ".join(i.filename for i in found) or "none"
        raise InputError(f"{path.name}: one raster is needed, the archive holds {names}. Write {path.name}#NAME.")
    if found[0].file_size > _MAX_UNPACKED:
        raise InputError(f"{path.name}: unpacks to more than {_MAX_UNPACKED >> 30} GB. Unpack it and name the file.")
    target = folder / PurePosixPath(found[0].filename).name
    with zipfile.ZipFile(path) as archive:
        try:
            target.write_bytes(archive.read(found[0]))
        except (zipfile.BadZipFile, RuntimeError, OSError, EOFError) as error:
            raise InputError(f"{path.name}: cannot be unpacked ({error}). Ask for it again.") from error
    return target


def _crs(data: Any, source: Source, layer: str, name: str) -> str:
    if source.crs is None and data.crs is None:
        raise CRSError(f'{name}: no coordinate system in the file. Write crs = "EPSG:4326" under [layers.{layer}].')
    system = named(source.crs or data.crs.to_wkt(), f"{name}: crs")
    if system in ("gcj02", "bd09"):
        raise CRSError(f"{name}: crs = {system}: a raster cannot be in an offset system. Write its EPSG code.")
    return {"wgs84": "EPSG:4326", "cgcs2000": "EPSG:4490"}.get(system, system)


def unit_of(data: Any, source: Source, log: Log) -> str:
    """
    "persons" or "persons/km2": the setting 'unit', else what the file says of itself, which is told.

    Raises
    ------
    InputError
        If the file does not say it, or names another unit.
    """
    if source.unit is not None:
        return source.unit
    # what a file says of its band counts before its own name, which often holds only a project's
    tags = [str(v) for v in {**data.tags(), **data.tags(1)}.values()]
    said = [*(u for u in data.units if u), *(d for d in data.descriptions if d), *tags, Path(source.path).stem]
    for text in said:
        spaced = text.replace("_", " ")
        if _OTHER_UNIT.search(spaced):
            break
        for unit, pattern in _UNITS:
            if pattern.search(spaced):
                log.note("raster_unit", value=text, detail=unit)
                return unit
    raise InputError(
        f'{log.file}: the file does not say what its cells hold ({"; ".join(said)}). Write unit = "persons" (people '
        'in the cell) or unit = "persons/km2" (people per square kilometre) under [layers.population].'
    )


def read_population(source: Source, anchor: Box | None) -> Raw:
    """
    The cells with people that touch ``anchor`` (west, south, east, north, WGS 84), as squares in the file's CRS.

    Columns id and persons; ``rows`` counts cells along the rows of the raster from 1. Densities are
    multiplied by the cell's area on the ellipsoid. Sums are told: all, here, outside; cells without data.

    Raises
    ------
    InputError
        If unit or content cannot be used, or more than `MAX_POPULATED` cells have people.
    """
    path = Path(source.path)
    log = Log(path.name + (f"#{source.sublayer}" if source.sublayer else ""), "population")
    with opened(path, source.sublayer) as data:
        crs, unit = _crs(data, source, "population", log.file), unit_of(data, source, log)
        t, width = data.transform, data.width
        frame = _outline(anchor, crs)
        total, outside, empty = 0.0, 0.0, 0
        kept: list[tuple[NDArray, NDArray]] = []
        negative: list[int] = []
        for first, block in _bands(data):
            cell = np.arange(block.size) + first * width
            value = np.ma.filled(block.astype(float), np.nan).ravel()
            empty += int(np.isnan(value).sum())
            negative += (cell[value < 0] + 1).tolist()
            some = np.flatnonzero(value > 0)
            value, cell = value[some], cell[some]
            value = value if unit == "persons" else value * _areas_km2(cell, width, t, crs)
            near = _touches(cell, width, t, frame)
            total, outside = total + value.sum(), outside + value[~near].sum()
            kept.append((cell[near], value[near]))
            _limit(sum(len(c) for c, _ in kept), log.file)
    cell, persons = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    log.note("raster_sums", detail=f"{total:.1f} in the file, {total - outside:.1f} here, {outside:.1f} outside")
    if empty:
        log.note("raster_empty", count=empty)
    log.group("rejected", "raster_negative", negative, column="persons", values=[""] * len(negative))
    ids = [f"r{i // width + 1}c{i % width + 1}" for i in cell.tolist()]
    shapes = _squares(cell, width, t)
    table = pd.DataFrame({"id": np.array(ids, object), "persons": persons})
    raw = Raw(path, source.sublayer, table, cell + 1, log, shapes, crs, read=len(cell) + len(negative), canonical=True)
    raw.log.columns = {"persons": unit}
    return raw


def _limit(cells: int, what: str) -> None:
    if cells > MAX_POPULATED:
        raise InputError(
            f"{what}: more than {MAX_POPULATED:,} cells with people in the region. Sum it to coarser cells first, such "
            "as 100 m (gdalwarp -r sum for persons, -r average for a density), or make the region smaller."
        )


def _bands(data: Any) -> Iterator[tuple[int, Any]]:
    """(first row, masked values) of a few rows at a time."""
    step = max(1, _BAND_CELLS // data.width)
    for row in range(0, data.height, step):
        rows = min(step, data.height - row)
        block = data.read(1, window=((row, row + rows), (0, data.width)), masked=True)
        yield row, np.ma.masked_invalid(block) if block.dtype.kind == "f" else block


def _corners(cell: NDArray, width: int, t: Any) -> tuple[NDArray, NDArray]:
    """(n, 5) x and y around each cell."""
    col = cell[:, None] % width + np.array([0, 1, 1, 0, 0])
    row = cell[:, None] // width + np.array([0, 0, 1, 1, 0])
    return t.a * col + t.b * row + t.c, t.d * col + t.e * row + t.f


def _squares(cell: NDArray, width: int, t: Any) -> NDArray[np.object_]:
    if not len(cell):
        return np.empty(0, object)
    return shapely.polygons(np.stack(_corners(cell, width, t), axis=-1))


def _outline(anchor: Box | None, crs: str) -> shapely.Geometry | None:
    import geopandas as gpd

    if anchor is None:
        return None
    made = gpd.GeoSeries([shapely.segmentize(shapely.box(*anchor), 0.01)], crs="EPSG:4326").to_crs(crs).iloc[0]
    shapely.prepare(made)
    return made


def _touches(cell: NDArray, width: int, t: Any, frame: shapely.Geometry | None) -> NDArray[np.bool_]:
    if frame is None:
        return np.ones(len(cell), bool)
    x, y = _corners(cell, width, t)
    west, south, east, north = frame.bounds
    near = (x.max(1) >= west) & (x.min(1) <= east) & (y.max(1) >= south) & (y.min(1) <= north)
    at = np.flatnonzero(near)
    near[at] = shapely.intersects(frame, _squares(cell[at], width, t))
    return near


def _areas_km2(cell: NDArray, width: int, t: Any, crs: str) -> NDArray[np.float64]:
    """(n,) true areas on the ellipsoid: of the cells' outlines in an equal-area projection."""
    from pyproj import CRS, Transformer

    to = Transformer.from_crs(CRS.from_user_input(crs), "+proj=cea +datum=WGS84 +units=m", always_xy=True)
    x, y = to.transform(*_corners(cell, width, t))
    return np.abs((x[:, :-1] * y[:, 1:] - x[:, 1:] * y[:, :-1]).sum(axis=1)) / 2e6


def read_elevation(sources: Sequence[Source], grid: Grid) -> tuple[Surface, list[FileReport]]:
    """
    Heights [m] on a grid over that of the region, bilinear; NaN where no file has any; the first file counts.

    The cells are the region's, or as large as those of the finest file where these are larger. Reports
    count the file's cells within the region as rows.

    Raises
    ------
    InputError
        If no file has a height in the region.
    """
    from rasterio.warp import Resampling, reproject

    cell = max(grid.cell_m, min(_cell_m(s, grid) for s in sources))
    grid = grid if cell <= grid.cell_m else grid_of(grid.bounds, float(np.ceil(cell)), grid.crs)
    out = np.full(grid.shape, np.nan, np.float32)
    reports = []
    for source in sources:
        log = Log(Path(source.path).name + (f"#{source.sublayer}" if source.sublayer else ""), "elevation")
        part = np.full(grid.shape, np.nan, np.float32)
        with opened(Path(source.path), source.sublayer) as data:
            values, transform, read = _heights(data, source, grid, log)
            crs = _crs(data, source, "elevation", log.file)
        if values.size:
            to = {"dst_transform": grid.transform, "dst_crs": grid.crs, "dst_nodata": np.nan}
            of = {"src_transform": transform, "src_crs": crs, "src_nodata": np.nan}
            reproject(values, part, **of, **to, resampling=Resampling.bilinear)
        filled = np.isnan(out) & ~np.isnan(part)
        out[filled] = part[filled]
        reports.append(log.report(read, int(filled.sum())))
    if np.isnan(out).all():
        names = ", ".join(r.file for r in reports)
        raise InputError(f"layer 'elevation': {names}: no height within the region. Give the tile that covers it.")
    return Surface(out, grid), reports


def _cell_m(source: Source, grid: Grid) -> float:
    """Side of a file's cells on the ground [m], in the middle of the region."""
    from pyproj import CRS, Transformer

    with opened(Path(source.path), source.sublayer) as data:
        crs, t = _crs(data, source, "elevation", Path(source.path).name), data.transform
    left, bottom, right, top = grid.bounds
    there = Transformer.from_crs(grid.crs, CRS.from_user_input(crs), always_xy=True)
    x, y = there.transform((left + right) / 2, (bottom + top) / 2)
    step = np.hypot(t.a, t.d)
    xs, ys = there.transform([x, x + step, x], [y, y, y + np.hypot(t.b, t.e)], direction="INVERSE")
    return float(min(np.hypot(xs[1] - xs[0], ys[1] - ys[0]), np.hypot(xs[2] - xs[0], ys[2] - ys[0])))


def _heights(data: Any, source: Source, grid: Grid, log: Log) -> tuple[NDArray[np.float32], Any, int]:
    """Heights [m] of the file around the grid, their transform, and the number of cells with a value."""
    from rasterio.warp import transform_bounds
    from rasterio.windows import Window, from_bounds

    crs = _crs(data, source, "elevation", log.file)
    left, bottom, right, top = transform_bounds(grid.crs, crs, *grid.bounds, densify_pts=21)
    window = from_bounds(left, bottom, right, top, data.transform)
    first_col, first_row = np.floor([window.col_off, window.row_off]).astype(int) - 2
    last_col = int(np.ceil(window.col_off + window.width)) + 2
    last_row = int(np.ceil(window.row_off + window.height)) + 2
    col, row = max(0, first_col), max(0, first_row)
    cols, rows = min(data.width, last_col) - col, min(data.height, last_row) - row
    if cols <= 0 or rows <= 0:
        log.note("raster_elsewhere")
        return np.empty((0, 0), np.float32), data.transform, 0
    window = Window(int(col), int(row), int(cols), int(rows))
    values = np.ma.filled(data.read(1, window=window, masked=True).astype(np.float32), np.nan)
    unit = (data.units[0] or "").strip().casefold()
    if unit in _FEET:
        values *= np.float32(_FEET[unit])
        log.note("raster_feet")
    void = int(np.isnan(values).sum())
    if void:
        log.note("raster_empty", count=void)
    wrong = (values < LOWEST_M) | (values > HIGHEST_M)
    numbers = (np.flatnonzero(wrong.ravel()) + 1).tolist()
    shown = [f"{v:g}" for v in values[wrong][:1]] + [""] * max(0, len(numbers) - 1)
    log.group("rejected", "raster_height", numbers, column="elevation_m", values=shown)
    values[wrong] = np.nan
    t = data.transform
    corner = (t.a * col + t.b * row + t.c, t.d * col + t.e * row + t.f)
    return values, Affine(t.a, t.b, corner[0], t.d, t.e, corner[1]), values.size - void
