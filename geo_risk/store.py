"""Tables and surfaces in and out: GeoParquet, GeoPackage, cloud-optimised GeoTIFF, PostGIS.

Every write goes to a temporary name beside the target, is synced, and renamed: a kill leaves the
old file or the new one. The same content gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import InputError, RegionError
from .grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

# GeoPackage stamps each table with the time of writing; a fixed one keeps equal content equal.
_GPKG_DATE = "2000-01-01T00:00:00.000Z"
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_PLAIN_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
_CELL_CHARACTERS = 32_767  # Excel, "Total number of characters that a cell can contain"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # not allowed in XML 1.0


@dataclass(frozen=True)
class Surface:
    """A raster: ``array`` (rows, cols) on ``grid``; NaN (float) or 0 (uint8) where there is nothing."""

    array: NDArray[Any]
    grid: Grid


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place, synced, when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.tmp{path.suffix}")
    temporary.unlink(missing_ok=True)
    try:
        yield temporary
        with open(temporary, "rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with \\n line ends."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write JSON, keys sorted."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON; RegionError if the file is not there."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RegionError(f"{path}: not there yet. Compute it with: geo-risk run {path.parent.parent}") from None


def sha256(path: Path) -> str:
    """Hash of a file's content."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_table(path: Path, table: pd.DataFrame | gpd.GeoDataFrame) -> None:
    """Write (Geo)Parquet; the index is dropped."""
    with replacing(path) as temporary:
        table.reset_index(drop=True).to_parquet(temporary, index=False, compression="zstd")


def read_table(path: Path) -> pd.DataFrame | gpd.GeoDataFrame:
    """Read (Geo)Parquet: a GeoDataFrame where there is geometry. RegionError if it is not there."""
    import geopandas as gpd
    import pandas as pd
    import pyarrow.parquet as pq

    if not path.is_file():
        raise RegionError(f"{path}: not there yet. Compute it with: geo-risk run {path.parent.parent.parent}")
    geo = b"geo" in (pq.read_schema(path).metadata or {})
    return gpd.read_parquet(path) if geo else pd.read_parquet(path)


def write_geopackage(path: Path, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Write one table a layer, in the order of their names."""
    import pyogrio

    with replacing(path) as temporary:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _GPKG_DATE})
        try:
            for name in sorted(layers):
                frame = layers[name].copy()
                # Several widths of one type in a column (Polygon and MultiPolygon) are one type in a GeoPackage.
                pyogrio.write_dataframe(frame, temporary, layer=name, driver="GPKG", append=temporary.exists())
        finally:
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def write_surface(path: Path, surface: Surface) -> None:
    """Write a cloud-optimised GeoTIFF: nodata NaN for floats, 0 for integers."""
    from rasterio.io import MemoryFile
    from rasterio.shutil import copy

    array, grid = surface.array, surface.grid
    nodata = float("nan") if array.dtype.kind == "f" else 0
    profile = dict(driver="GTiff", height=grid.shape[0], width=grid.shape[1], count=1, dtype=array.dtype.name)
    profile |= dict(crs=grid.crs, transform=grid.transform, nodata=nodata)
    with replacing(path) as temporary, MemoryFile() as memory:
        with memory.open(**profile) as plain:
            plain.write(array, 1)
        resampling = "AVERAGE" if array.dtype.kind == "f" else "MODE"
        copy(memory.name, temporary, driver="COG", compress="DEFLATE", predictor="YES", overview_resampling=resampling)


def read_surface(path: Path) -> Surface:
    """Read a surface written by `write_surface`. RegionError if it is not there."""
    import rasterio

    if not path.is_file():
        raise RegionError(f"{path}: not there yet. Compute it with: geo-risk run {path.parent.parent.parent}")
    with rasterio.open(path) as source:
        t = source.transform
        grid = Grid(source.crs.to_string(), t.c, t.f, t.a, (source.height, source.width))
        return Surface(source.read(1), grid)


def export_table(table: pd.DataFrame | gpd.GeoDataFrame, to: str, name: str) -> None:
    """
    Write a table anywhere: .csv, .xlsx, .geojson, .gpkg, .fgb, .parquet or ``postgresql://…`` (table ``name``).

    CSV and XLSX carry the geometry as WKT in WGS 84; GeoJSON is in WGS 84 as its standard demands.
    No text becomes a formula when a spreadsheet opens them: XLSX stores it as text, CSV puts an
    apostrophe before it (see `without_formulas`); numbers stay numbers.

    Raises
    ------
    InputError
        If the ending is unknown or the format needs a geometry the table lacks.
    """
    import geopandas as gpd

    if to.startswith(("postgresql://", "postgresql+psycopg://")):
        write_postgis(table, to, name)
        return
    path, geo = Path(to), isinstance(table, gpd.GeoDataFrame)
    whole: Any = table
    flat: Any = _flat(table)
    writers: dict[str, Callable[[Path], Any]] = {
        ".csv": lambda p: without_formulas(flat).to_csv(p, index=False, encoding="utf-8-sig", lineterminator="\r\n"),
        ".xlsx": lambda p: _write_workbook(p, flat),
        ".parquet": lambda p: whole.to_parquet(p, index=False),
    }
    drivers = {".geojson": "GeoJSON", ".gpkg": "GPKG", ".fgb": "FlatGeobuf"}
    ending = path.suffix.lower()
    if ending in drivers and not geo:
        raise InputError(f"{name} has no geometry, so it cannot become {path.name}. Use .csv, .xlsx or .parquet.")
    if ending not in drivers and ending not in writers:
        known = ", ".join([*writers, *drivers])
        raise InputError(f"cannot tell the format of {to!r}. Use one of {known}, or postgresql://...")
    with replacing(path) as temporary:
        if ending in drivers:
            frame = whole.to_crs(4326) if ending == ".geojson" else whole
            frame.to_file(temporary, driver=drivers[ending], layer=name, engine="pyogrio")
        else:
            writers[ending](temporary)


def without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """
    The table with an apostrophe before each text (and header) that a spreadsheet would run as a formula.

    These begin with = + - @, their full-width forms, a tab or a line break; plain numbers written as
    text (-5, +86) are left alone (OWASP, "CSV Injection").
    """
    out = table.copy()
    for i, kind in enumerate(out.dtypes):
        if kind.name in ("object", "str", "string"):
            out.isetitem(i, [_inert(v) for v in out.iloc[:, i]])
    out.columns = [_inert(c) for c in out.columns]
    return out


def _inert(value: Any) -> Any:
    if not isinstance(value, str) or not value.lstrip(" ").startswith(_FORMULA) or _PLAIN_NUMBER.fullmatch(value):
        return value
    return f"'{value}"


def _write_workbook(path: Path, flat: pd.DataFrame) -> None:
    """XLSX whose texts are texts; what no cell can hold is told in the cell in place of being cut."""
    import pandas as pd

    plain = flat.map(_cell)
    with pd.ExcelWriter(path, engine="openpyxl") as writer:
        plain.to_excel(writer, index=False)
        for row in writer.book.active.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    cell.data_type = "s"


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if len(value) > _CELL_CHARACTERS:
        return f"({len(value):,} characters, too long for a cell: export as CSV or GeoPackage)"
    return _UNPRINTABLE.sub("", value)


def _flat(table: pd.DataFrame | gpd.GeoDataFrame) -> pd.DataFrame:
    import geopandas as gpd
    import pandas as pd

    if not isinstance(table, gpd.GeoDataFrame):
        return table
    flat = pd.DataFrame(table.drop(columns=table.geometry.name))
    flat["geometry"] = table.geometry.to_crs(4326).to_wkt(rounding_precision=7)
    return flat


def postgis_engine(url: str) -> Any:
    """SQLAlchemy engine for ``postgresql://…``; InputError if the driver is not installed."""
    import importlib.util

    from sqlalchemy import create_engine

    if importlib.util.find_spec("psycopg") is None:
        raise InputError('PostGIS needs the driver psycopg. Install it: pip install "geo_risk[postgis]".')
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))


def write_postgis(table: pd.DataFrame | gpd.GeoDataFrame, url: str, name: str) -> None:
    """Replace the table ``name`` in a PostGIS database, in one transaction."""
    import geopandas as gpd
    from sqlalchemy.exc import SQLAlchemyError

    engine = postgis_engine(url)
    try:
        with engine.begin() as connection:
            if isinstance(table, gpd.GeoDataFrame):
                table.to_postgis(name, connection, if_exists="replace", index=False)
            else:
                table.to_sql(name, connection, if_exists="replace", index=False)
    except SQLAlchemyError as error:
        raise InputError(f"cannot write {name} to the database: {str(error).splitlines()[0]}") from None
    finally:
        engine.dispose()


def read_postgis(source: str) -> gpd.GeoDataFrame:
    """
    Read ``postgresql://…#[schema.]table``, its first geometry column found through GeoAlchemy2.

    Raises
    ------
    InputError
        If the table is not named, does not exist or has no geometry, or the database does not answer.
    """
    import geoalchemy2
    import geopandas as gpd
    from sqlalchemy import MetaData, Table, select
    from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

    url, _, name = source.partition("#")
    if not name:
        raise InputError(f'{url}: which table? Write source = "{url}#table".')
    schema, _, table = name.rpartition(".")
    engine = postgis_engine(url)
    try:
        reflected = Table(table, MetaData(), schema=schema or None, autoload_with=engine)
        geometry = [c.name for c in reflected.columns if isinstance(c.type, geoalchemy2.Geometry)]
        if not geometry:
            raise InputError(
                f"table {name} has no geometry column; its columns are {', '.join(reflected.columns.keys())}."
            )
        return gpd.read_postgis(select(reflected), engine, geom_col=geometry[0])
    except NoSuchTableError:
        raise InputError(f"the database has no table {name!r}.") from None
    except SQLAlchemyError as error:
        raise InputError(f"cannot read {name} from the database: {str(error).splitlines()[0]}") from None
    finally:
        engine.dispose()


def link_tree(source: Path, target: Path) -> None:
    """Copy a folder by hard links (plain copies where the disk has none); files are never changed in place."""

    def link(a: str, b: str) -> str:
        try:
            os.link(a, b)
        except OSError:
            shutil.copy2(a, b)
        return b

    shutil.copytree(source, target, copy_function=link)


def swap_folder(new: Path, current: Path) -> None:
    """Put folder ``new`` in the place of ``current``; `recover_folder` mends a kill between the two renames."""
    old = current.with_name(f".{current.name}-old")
    shutil.rmtree(old, ignore_errors=True)
    if current.exists():
        os.replace(current, old)
    os.replace(new, current)
    shutil.rmtree(old, ignore_errors=True)


def recover_folder(current: Path) -> None:
    """Undo a swap that was killed half-way."""
    old = current.with_name(f".{current.name}-old")
    if old.exists() and not current.exists():
        os.replace(old, current)
    shutil.rmtree(old, ignore_errors=True)
