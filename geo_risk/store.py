"""Tables and surfaces in and out: GeoParquet, GeoPackage, cloud-optimised GeoTIFF.

Every write goes to a temporary name beside the target, is synced, and renamed: a kill leaves the
old file or the new one. The same content gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from .errors import InputError, RegionError
from .grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

# GeoPackage stamps each table with the time of writing; a fixed one keeps equal content equal.
_GPKG_DATE = "2000-01-01T00:00:00.000Z"
# So do ZIP archives, and office documents in their properties.
_ZIP_DATE = (2000, 1, 1, 0, 0, 0)
_PROPERTIES = "docProps/core.xml"
_OFFICE_TIME = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_PLAIN_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


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


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays of numbers by name (.npz)."""
    import numpy as np

    with replacing(path) as temporary:
        np.savez(temporary, **arrays)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """What `write_arrays` wrote; nothing where the file is not there or damaged."""
    import zipfile

    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as found:
            return dict(found)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return {}


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


def read_places(path: Path) -> gpd.GeoDataFrame:
    """Read a user's GeoParquet file. InputError if it is not there or is something else."""
    import geopandas as gpd

    try:
        return gpd.read_parquet(path)
    except (OSError, ValueError) as error:
        why = "no such file" if isinstance(error, FileNotFoundError) else "not a GeoParquet file"
        raise InputError(f"{path}: {why}. Give a file with places, as geo-risk export REGION TABLE writes.") from error


def read_columns(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Those of the columns that a (Geo)Parquet file has, geometry as WKB."""
    import pyarrow.parquet as pq

    if not path.is_file():
        raise RegionError(f"{path}: not there yet. Compute it with: geo-risk run {path.parent.parent.parent}")
    have = set(pq.read_schema(path).names)
    return pq.read_table(path, columns=[c for c in columns if c in have]).to_pandas(ignore_metadata=True)


def write_geopackage(path: Path, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Write one table a layer, in the order of their names."""
    import pyogrio

    with replacing(path) as temporary:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _GPKG_DATE})
        try:
            for name in sorted(layers):
                # Several widths of one type in a column (Polygon and MultiPolygon) are one type in a GeoPackage.
                pyogrio.write_dataframe(layers[name], temporary, layer=name, driver="GPKG", append=temporary.exists())
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


def without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """
    The table with an apostrophe before each text (and header) that a spreadsheet would run as a formula.

    These begin with = + - @, their full-width forms, a tab or a line break; plain numbers written as
    text (-5, +86) are left alone (OWASP, "CSV Injection").
    """
    out = table.copy()
    for i, kind in enumerate(out.dtypes):
        if kind.name in ("object", "str", "string"):
            out.isetitem(i, [inert(v) for v in out.iloc[:, i]])
    out.columns = [inert(c) for c in out.columns]
    return out


def inert(value: Any) -> Any:
    """A cell for a spreadsheet: text that would run as a formula gets an apostrophe before it."""
    if not isinstance(value, str) or not value.lstrip(" ").startswith(_FORMULA) or _PLAIN_NUMBER.fullmatch(value):
        return value
    return f"'{value}"


def write_zip(to: Path | BinaryIO, members: Iterable[tuple[str, bytes]]) -> None:
    """An archive of (name, content); the same members give the same bytes, on any system."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, _ZIP_DATE)
            info.create_system, info.external_attr = 3, 0o644 << 16  # as Unix writes a plain file
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)


def timeless(document: bytes) -> bytes:
    """An office document (.xlsx, .docx) without the times at which its archive and its properties were written."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[_PROPERTIES] = _OFFICE_TIME.sub(rb"\g<1>2000-01-01T00:00:00Z", members[_PROPERTIES])
    write_zip(out, members.items())
    return out.getvalue()


def link_tree(source: Path, target: Path) -> None:
    """Copy a folder by hard links (plain copies where the disk has none); files are never changed in place."""

    def link(a: str, b: str) -> str:
        link_file(Path(a), Path(b))
        return b

    shutil.copytree(source, target, copy_function=link)


def link_file(source: Path, target: Path) -> None:
    """Copy a file by a hard link (a plain copy where the disk has none)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


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
