"""Shapefile, GeoPackage, file geodatabase, FlatGeobuf, GeoParquet, GML, DXF and MapInfo through GDAL, each on its own.

GDAL opens what a file's content asks for and follows what it points to. So a file is first judged by
its content (`signature.check`), then read under a plain name in a folder that holds nothing else,
with the network off.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from . import encoding, limits, shapefile, signature
from .geojson import feature_text
from .quality import Log
from .raw import Raw

# What belongs to a file, by its suffix; the case of the letters does not count.
COMPANIONS: dict[str, tuple[str, ...]] = {
    ".shp": shapefile.PARTS,
    ".dbf": (".cpg",),
    ".tab": (".dat", ".map", ".id", ".ind"),
    ".mif": (".mid",),
    ".gpkg": (".gpkg-wal",),
}
# Deleted rows stay in a dBase table and are not read; a GeoPackage's count may be stale.
_COUNTED_LOOSELY = (".shp", ".dbf", ".gpkg")
_BYTES = (".shp", ".dbf", ".tab", ".mif")  # texts are taken as bytes and judged by them, not by what is stated
_CORNERS = ("lowerCorner", "upperCorner")  # of the box a GML states around each feature: no attributes
# No network, no schema fetched, nothing resolved; what is not there is made anew in the copy.
_SAFE: dict[str, Any] = {
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}", "GDAL_HTTP_MAX_RETRY": "0", "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_HTTP_CONNECTTIMEOUT": "1", "GML_DOWNLOAD_SCHEMA": "NO", "GML_SKIP_RESOLVE_ELEMS": "ALL",
    "OGR_SQLITE_LOAD_EXTENSIONS": None, "OGR_SQLITE_LIST_VIRTUAL_OGR": "NO", "SHAPE_RESTORE_SHX": "YES",
}  # fmt: skip
_ERRORS = (RuntimeError, ValueError, OverflowError, MemoryError, OSError, LookupError)
# Words of GDAL about what a file lacks rather than about what is wrong in it.
_HARMLESS = re.compile(
    r"SHAPE_RESTORE_SHX|Unable to open .*\.shp|was not found|has GPKG application_id|gpkg_ogr_contents"
)


def parts(path: Path) -> dict[str, Path]:
    """A file and its companions (same stem, any case): suffix in small letters -> path."""
    suffix = path.suffix.lower()
    found = {suffix: path}
    wanted = COMPANIONS.get(suffix, ())
    if wanted and path.parent.is_dir():
        for other in sorted(path.parent.iterdir()):
            rest = other.name[len(path.stem) :].lower()
            if other.name.startswith(path.stem) and rest in wanted and other.is_file():
                found.setdefault(rest, other)
    return found


@contextmanager
def alone(path: Path) -> Iterator[Path]:
    """The file and its companions as ``data.*`` in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        found = parts(path)
        for suffix, part in found.items():
            # GDAL writes into an index it makes anew, and beside a database with a journal.
            _lend(part, Path(folder) / f"data{suffix}", suffix == ".shx" or _journalled(found))
        yield Path(folder) / f"data{path.suffix.lower()}"


def _journalled(found: dict[str, Path]) -> bool:
    """Whether the parts are a database in write-ahead mode (SQLite file format, 1.3: bytes 18 and 19 are 2)."""
    if ".gpkg" not in found:
        return False
    with open(found[".gpkg"], "rb") as file:
        return ".gpkg-wal" in found or file.read(20)[18:] == b"\x02\x02"


def _lend(path: Path, target: Path, copy: bool) -> None:
    """A link (a copy where links are not possible, or where the file may be changed)."""
    if not copy:
        try:
            os.symlink(path.resolve(), target, target_is_directory=path.is_dir())
            return
        except OSError:
            pass
    shutil.copytree(path, target) if path.is_dir() else shutil.copyfile(path, target)


@contextmanager
def _guarded(path: Path, shown: str, **more: Any) -> Iterator[list[str]]:
    """GDAL with the network off; its errors become InputErrors, its warnings the list yielded."""
    wanted = {**_SAFE, **more}
    before = {key: pyogrio.get_gdal_config_option(key) for key in wanted}
    said: list[str] = []
    pyogrio.set_gdal_config_options(wanted)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield said
        said += dict.fromkeys(_plain(w.message, path, shown) for w in caught)
    except InputError:
        raise
    except _ERRORS as error:
        raise broken(shown, _plain(error, path, shown)) from error
    finally:
        pyogrio.set_gdal_config_options(before)


def _plain(message: object, path: Path, shown: str) -> str:
    """GDAL's words without the temporary path."""
    said = str(message).replace(str(path), shown).replace(str(path.parent) + os.sep, "")
    return re.sub(r"Error occurred in \S+ at line \d+", "a part of it contradicts another", said)[:300]


def broken(shown: str, error: object) -> InputError:
    """The error for a file that its reader cannot open."""
    return InputError(f"{shown}: the file cannot be opened ({error}). Ask for it again, or export it as GeoPackage.")


def layer_names(path: Path, shown: str | None = None) -> list[str]:
    """The layers of a data source, in its order."""
    shown = shown or path.name
    with _prepared(path, shown) as (file, _, options), _guarded(file, shown, **options):
        return [str(name) for name, _ in pyogrio.list_layers(file)]


def read(
    path: Path, layer: str, sublayer: str | None, *, shown: str | None = None, limit: int | None = None,
    text_encoding: str | None = None,
) -> Raw:  # fmt: skip
    """
    One layer of a data source; rows count from 1 in the order of the file.

    ``shown`` is the file's name for people where ``path`` is a temporary copy. A feature whose
    geometry cannot be parsed is rejected and told, a ring left open closed and told. ``limit`` stops
    after so many rows; ``text_encoding`` is a person's word on the texts of a shapefile or MapInfo table.
    """
    shown = shown or path.name
    log = Log(shown, layer)
    suffix = path.suffix.lower()
    with _prepared(path, shown) as (file, text, options), _guarded(file, shown, **options) as said:
        if suffix == ".shp":
            shapefile.check(file, shown, log)
        meta, wkb, fields = _read(file, shown, sublayer, text, limit)
        names, fields = list(map(str, meta["fields"])), list(fields)
        if suffix in _BYTES:
            names, fields = shapefile.decode(names, fields, file, log, text_encoding)
    frame = pd.DataFrame(dict(zip(_unique(names), fields, strict=True)))
    for message in said:
        if not _HARMLESS.search(message):
            log.note("reader_said", detail=message)
    if suffix in (".gml", ".xml"):
        frame = frame.drop(columns=[c for c in _CORNERS if c in frame])
    count = len(wkb) if wkb is not None else len(frame)
    frame = frame if len(frame.columns) else pd.DataFrame(index=range(count))
    raw = Raw(Path(shown), sublayer, frame, np.arange(1, count + 1), log, None, meta["crs"], read=count)
    if wkb is not None and meta["geometry_type"] is not None:
        raw.geometry, parsed = _shapes(wkb, raw)
        raw.take(parsed)
    return raw


@contextmanager
def _prepared(path: Path, shown: str) -> Iterator[tuple[Path, dict[str, str], dict[str, Any]]]:
    """(file alone, arguments, GDAL options) once the content is what the suffix says."""
    kind = path.suffix.lower()
    with alone(path) as file:
        if kind == ".gdb":
            check_geodatabase(file, shown)
        else:
            signature.check(file, kind, shown)
        if kind in (".gml", ".xml"):
            file = _without_schema(file, shown)
        text = {"encoding": "ISO-8859-1"} if kind in _BYTES else {}
        yield file, text, _drawing(file, shown) if kind == ".dxf" else {}


def _read(
    file: Path, shown: str, sublayer: str | None, text: dict[str, str], limit: int | None
) -> tuple[dict, NDArray | None, Any]:
    info = pyogrio.read_info(file, layer=sublayer, **text)
    stated, size = info["features"], sum(p.stat().st_size for p in _files(file))
    if stated > min(limits.FEATURES, size):
        raise InputError(
            f"{shown}: says it holds {stated:,} features in {size:,} bytes; at most {limits.FEATURES:,} are read. "
            "It is damaged (ask for it again), or must be split."
        )
    # Without a condition GDAL believes a count it once wrote into a GeoPackage itself: rows added by others are lost.
    condition = {"where": "1=1"} if file.suffix == ".gpkg" else {}
    meta, _, wkb, fields = pyogrio.raw.read(
        file, layer=sublayer, force_2d=False, max_features=limit, **text, **condition
    )
    there = len(wkb) if wkb is not None else len(fields[0]) if len(fields) else 0
    stated = _lines(file.with_suffix(".mid")) if file.suffix == ".mif" else stated
    if limit is None and there < stated and file.suffix not in _COUNTED_LOOSELY:
        raise InputError(
            f"{shown}: says it holds {stated:,} features, but only {there:,} can be read: cut off or damaged. "
            "Copy it or ask for it again."
        )
    return meta, wkb, fields


def _lines(path: Path) -> int:
    """Rows of a .mid, one a line; 0 where there is none."""
    return sum(bool(line.strip()) for line in path.read_bytes().splitlines()) if path.exists() else 0


def _unique(names: list[str]) -> list[str]:
    """Names with a number behind those that are there already."""
    out: list[str] = []
    for name in names:
        same = sum(n == name or n.startswith(f"{name} (") for n in out)
        out.append(f"{name} ({same + 1})" if name in out else name)
    return out


def _files(path: Path) -> list[Path]:
    return [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]


def _shapes(wkb: NDArray, raw: Raw) -> tuple[NDArray, NDArray[np.bool_]]:
    """Geometries (N,) from WKB and which could be parsed; missing ones can be, to None."""
    geometry = shapely.from_wkb(wkb, on_invalid="ignore")
    there = np.array([w is not None for w in wkb], bool)
    bad = np.flatnonzero(there & shapely.is_missing(geometry))
    if len(bad):
        geometry[bad] = shapely.from_wkb(wkb[bad], on_invalid="fix")
    for i in bad[~shapely.is_missing(geometry[bad])]:
        raw.log.repair("ring_closed", row=raw.rows[i])
    parsed = ~there | ~shapely.is_missing(geometry)
    lost = np.flatnonzero(~parsed)
    raw.log.reject("not_parsed", raw.rows[lost], details=["geometry"] * len(lost))
    raw.unread += [(int(raw.rows[i]), [feature_text(raw.frame.iloc[i].to_dict())]) for i in lost]
    return geometry, parsed


def _without_schema(file: Path, shown: str) -> Path:
    """A copy of a GML that names no schema, so that none is looked for."""
    text = re.sub(r"[\w.-]+:(schemaLocation|noNamespaceSchemaLocation)\s*=\s*(\"[^\"]*\"|'[^']*')", "",
                  signature.xml_text(file, shown))  # fmt: skip
    plain = file.with_name("plain.gml")
    plain.write_text('<?xml version="1.0" encoding="UTF-8"?>\n' + text, "utf-8")
    return plain


def _drawing(file: Path, shown: str) -> dict[str, Any]:
    """The encoding of a DXF's texts by its bytes: headers often name another."""
    data = file.read_bytes()
    if data.startswith(b"AutoCAD Binary DXF") or data.isascii():
        return {}
    name = encoding.guess(data, shown)[0]
    return {"DXF_ENCODING": {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "cp950": "BIG5"}.get(name, name.upper())}


def check_geodatabase(path: Path, shown: str) -> None:
    """Refuse a folder named .gdb that is no file geodatabase, or whose parts are links elsewhere."""
    inside = list(path.iterdir())
    if not any(p.name.lower() == "a00000001.gdbtable" for p in inside):
        raise InputError(
            f"{shown}: the folder is no file geodatabase (a00000001.gdbtable is missing). Copy the whole .gdb folder, "
            "or export the layer as GeoPackage."
        )
    link = next((p.name for p in inside if p.is_symlink()), None)
    if link:
        raise InputError(f"{shown}: {link} in it is a link elsewhere, so it is not opened. Copy the whole .gdb folder.")
    for table in sorted(p for p in inside if p.suffix.lower() == ".gdbtable"):
        # The header's 24th byte begins the length of the file ("Reverse-engineered specification of the FileGDB
        # format", E. Rouault).
        with open(table, "rb") as file:
            head = file.read(40)
        stated = int.from_bytes(head[24:32], "little")
        if len(head) < 40 or table.stat().st_size < stated:
            raise InputError(
                f"{shown}: {table.name} in it is cut off: {table.stat().st_size:,} bytes of {max(stated, 40):,}. "
                "Copy the whole .gdb folder again."
            )


def read_parquet(path: Path, layer: str, *, shown: str | None = None) -> Raw:
    """A GeoParquet, or a plain Parquet table."""
    import geopandas as gpd
    import pyarrow
    import pyarrow.parquet as pq

    shown = shown or path.name
    signature.check(path, ".parquet", shown)
    log = Log(shown, layer)
    geometry: NDArray | None = None
    crs: str | None = None
    try:
        with pq.ParquetFile(path) as file:
            stated, wide = file.metadata.num_rows, file.metadata.num_columns
            geo = b"geo" in (file.schema_arrow.metadata or {})
        if stated > limits.FEATURES or stated * wide > limits.TABLE_CELLS:
            raise InputError(
                f"{shown}: {stated:,} rows of {wide} columns; at most {limits.FEATURES:,} rows and "
                f"{limits.TABLE_CELLS:,} values are read. Split it."
            )
        rows = gpd.read_parquet(path) if geo else pd.read_parquet(path)
        if geo:
            geometry, crs = rows.geometry.to_numpy(), rows.crs.to_string() if rows.crs else None
            rows = pd.DataFrame(rows.drop(columns=rows.geometry.name))
    except InputError:
        raise
    except (*_ERRORS, TypeError, AttributeError, pyarrow.ArrowException, shapely.errors.ShapelyError) as error:
        raise broken(shown, error) from error
    frame = rows.reset_index(drop=True)
    frame.columns = [str(c) for c in frame.columns]
    return Raw(Path(shown), None, frame, np.arange(1, len(frame) + 1), log, geometry, crs, read=len(frame))
