"""Any file, archive or database table -> rows as written."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from ..errors import InputError
from . import geojson, tables, vectors
from .quality import Log
from .raw import Raw

TEXT = (".csv", ".tsv", ".txt")
WORKBOOKS = (".xlsx", ".xlsm", ".xls")
JSON = (".geojson", ".json", ".geojsonl", ".geojsons", ".ndjson")
SOURCES = (".shp", ".gpkg", ".fgb", ".kml", ".kmz")
PARQUET = (".parquet", ".geoparquet")
OSM = (".pbf", ".osm", ".osm.gz", ".osm.bz2")
SIDECARS = (".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".shp.xml", ".qpj")
READABLE = (*TEXT, *WORKBOOKS, *JSON, *SOURCES, *PARQUET, *OSM, ".dbf", ".zip")
MAX_UNPACKED = 8 * 2**30  # bytes an archive may unpack to; beyond it is an accident or an attack


def kind_of(name: str) -> str:
    """The suffix that decides how a file is read, '' where none does; handles .osm.pbf and .osm.gz."""
    lower = name.lower()
    return next((s for s in sorted((*READABLE, *SIDECARS), key=len, reverse=True) if lower.endswith(s)), "")


@dataclass(frozen=True)
class Member:
    """One table inside a file: its label for ``path#label``, the archive member and the layer inside."""

    label: str | None
    member: str | None = None
    layer: str | None = None


def _name(info: zipfile.ZipInfo) -> str:
    """A member's name: UTF-8 if so flagged, else GBK, in which Windows here writes them."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return info.filename


def _contents(path: Path) -> dict[str, zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{path.name}: the archive cannot be opened ({error}). Ask for it again.") from error
    names = {_name(i): i for i in infos if not i.is_dir()}
    good = {n: i for n, i in names.items() if "__MACOSX" not in n and not PurePosixPath(n).name.startswith(".")}
    if sum(i.file_size for i in good.values()) > MAX_UNPACKED:
        raise InputError(f"{path.name}: unpacks to more than {MAX_UNPACKED >> 30} GB. Unpack it and name the files.")
    return good


@contextmanager
def _unpacked(path: Path, member: str) -> Iterator[Path]:
    """A member and its companions (same stem) in a temporary folder under plain names."""
    contents = _contents(path)
    stem = member[: -len(kind_of(member))]
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
        for name, info in contents.items():
            if name == member or (name.startswith(stem) and name[len(stem) :].lower() in (*SIDECARS, ".shp")):
                (Path(folder) / f"data{name[len(stem) :].lower()}").write_bytes(_extract(path, archive, info))
        yield Path(folder) / f"data{member[len(stem) :].lower()}"


def _extract(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(info)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise InputError(
            f"{path.name}: '{_name(info)}' cannot be unpacked ({error}). If the archive has a password, unpack it "
            "and name the files; if it is damaged, ask for it again."
        ) from error


def members(path: Path) -> list[Member]:
    """The tables a file holds: sheets, layers, archive members; one without a label if there is no choice."""
    kind = kind_of(path.name)
    if kind == ".zip":
        names = sorted(n for n in _contents(path) if kind_of(n) in READABLE and kind_of(n) != ".zip")
        shapes = {n[:-4] for n in names if n.lower().endswith(".shp")}
        names = [n for n in names if not (n.lower().endswith(".dbf") and n[:-4] in shapes)]
        found = [m for n in names for m in _archive_members(path, n)]
        return found
    if kind in (".gpkg", ".kml", ".kmz"):
        layers = vectors.layer_names(path)
        return [Member(n, None, n) for n in layers] if len(layers) > 1 else [Member(None, None, layers[0])]
    if kind in WORKBOOKS:
        data = path.read_bytes()
        sheets = tables.sheet_names(path, data) if tables.is_workbook(data) else []
        return [Member(n, None, n) for n in sheets] if len(sheets) > 1 else [Member(None)]
    return [Member(None)]


def _archive_members(path: Path, name: str) -> list[Member]:
    posix = PurePosixPath(name)
    stem = posix.name[: -len(kind_of(name))]
    if kind_of(name) not in (".gpkg", ".kml", ".kmz"):
        return [Member(stem, name)]
    with _unpacked(path, name) as file:
        layers = vectors.layer_names(file)
    return [Member(layer if len(layers) == 1 else f"{stem}/{layer}", name, layer) for layer in layers]


def read(
    path: Path | str,
    sublayer: str | None = None,
    *,
    layer: str = "",
    expected: Collection[str] = (),
    encoding: str | None = None,
) -> Raw:
    """
    Rows of one table as written, with the row numbers a person counts.

    Parameters
    ----------
    path : a file, or ``postgresql://user@host/database#table``.
    sublayer : layer, sheet or archive member; may be omitted where there is one (or, for a
        workbook, where one sheet has the best header).
    layer : name of the layer the rows are for, used in messages and to read OpenStreetMap.
    expected : headers the user named; they count as known when the header row is sought.
    encoding : of a text; found where it is not given.

    Raises
    ------
    InputError
        If the file is missing, broken, of an unknown kind, or has several tables and none is named.
    """
    if str(path).startswith(("postgresql://", "postgresql+", "postgis://")):
        return read_database(str(path), sublayer, layer)
    path = Path(path)
    kind = kind_of(path.name)
    _check_there(path, kind)
    if kind == ".zip":
        return _read_archive(path, sublayer, layer, expected, encoding)
    if kind in OSM:
        from .osm import read_raw

        return read_raw(path, layer)
    return _read_plain(path, kind, sublayer, layer, expected, path.name, encoding)


def _check_there(path: Path, kind: str) -> None:
    shp = path.with_suffix(".shp")
    if kind in (".shp", *SIDECARS) and not shp.exists() and path.with_suffix(".shx").exists():
        raise InputError(
            f"{path.name}: the file {shp.name} is missing, which holds the geometry. A shapefile is at least "
            f"{path.stem}.shp, {path.stem}.shx and {path.stem}.dbf: ask the sender for {shp.name}."
        )
    if not path.exists():
        raise InputError(f"{path}: there is no such file. Correct 'source' in region.toml.")
    if kind not in READABLE:
        raise InputError(
            f"{path.name}: no kind of file that can be read. Accepted: {', '.join(READABLE)}. "
            "Drawings (DWG) and scans (PDF) must be exported from the program they were made in."
        )
    if path.stat().st_size == 0:
        raise InputError(f"{path.name}: the file is empty (0 bytes). Ask for it again.")


def _read_plain(path: Path, kind: str, sublayer: str | None, layer: str, expected: Collection[str], shown: str,
                encoding: str | None) -> Raw:  # fmt: skip
    if kind in (*TEXT, *WORKBOOKS):  # by content: a register of an old system is often text under the name .xls
        data = path.read_bytes()
        if tables.is_workbook(data):
            return tables.read_workbook(path, data, layer, sublayer, expected)
        return tables.read_text(path, data, layer, expected, encoding)
    if kind in JSON:
        return geojson.read(path, path.read_bytes(), layer)
    if kind in PARQUET:
        return vectors.read_parquet(path, layer)
    if kind in (".gpkg", ".kml", ".kmz"):
        sublayer = _choose(shown, vectors.layer_names(path), sublayer)
    return vectors.read(path, layer, sublayer if kind != ".shp" else None, shown=shown)


def _choose(shown: str, names: list[str], wanted: str | None) -> str:
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted in names:
        return str(wanted)
    said = f"there is no {wanted!r}" if wanted else "several layers, none is named"
    raise InputError(f"{shown}: {said}. Write {shown}#LAYER with one of: {', '.join(names) or 'none'}.")


def _read_archive(path: Path, sublayer: str | None, layer: str, expected: Collection[str],
                  encoding: str | None) -> Raw:  # fmt: skip
    found = members(path)
    if not found:
        missing = [n for n in _contents(path) if n.lower().endswith(".shx")]
        hint = f" {missing[0]} is there, but its .shp is missing." if missing else ""
        raise InputError(f"{path.name}: the archive holds nothing that can be read.{hint}")
    label = _choose(path.name, [str(m.label) for m in found], sublayer)
    chosen = next(m for m in found if m.label == label)
    assert chosen.member is not None
    kind = kind_of(chosen.member)
    shown = path.name if len(found) == 1 else f"{path.name}#{label}"
    with _unpacked(path, chosen.member) as file:
        if kind in OSM:
            from .osm import read_raw

            raw = read_raw(file, layer)
        else:
            raw = _read_plain(file, kind, chosen.layer, layer, expected, shown, encoding)
    raw.path, raw.sublayer, raw.log.file = Path(path.name), (label if len(found) > 1 else None), shown
    raw.log.issues = [_renamed(i, shown) for i in raw.log.issues]
    return raw


def _renamed(issue, shown: str):
    from dataclasses import replace

    return replace(issue, file=shown)


def read_database(url: str, table: str | None, layer: str) -> Raw:
    """A PostGIS table, ordered by all its plain columns as the database stores no order."""
    import geopandas as gpd
    import sqlalchemy as sa

    address, _, fragment = url.partition("#")
    table = table or fragment
    shown = sa.engine.make_url(address).render_as_string(hide_password=True)
    if not table:
        raise InputError(f"{shown}: name the table: {shown}#schema.table")
    schema, _, name = table.rpartition(".")
    url_object = sa.engine.make_url(address.replace("postgis://", "postgresql://", 1))
    if url_object.drivername == "postgresql":
        url_object = url_object.set(drivername="postgresql+psycopg")
    try:
        engine = sa.create_engine(url_object)
        inspector = sa.inspect(engine)
        columns = inspector.get_columns(name, schema=schema or None)
        spatial = _geometry_column(engine, schema, name)
        quoted = engine.dialect.identifier_preparer
        full = ".".join(quoted.quote(p) for p in (schema, name) if p)
        order = inspector.get_pk_constraint(name, schema=schema or None)["constrained_columns"]
        by = ", ".join(quoted.quote(c) for c in order or [c["name"] for c in columns if c["name"] != spatial])
        query = sa.text(f"SELECT * FROM {full}" + (f" ORDER BY {by}" if by else ""))
        with engine.connect() as connection:
            if spatial is None:
                rows, geometry, crs = pd.read_sql(query, connection), None, None
            else:
                found = gpd.read_postgis(query, connection, geom_col=spatial)
                geometry, crs = found.geometry.to_numpy(), found.crs.to_string() if found.crs else None
                rows = pd.DataFrame(found.drop(columns=spatial))
    except ImportError as error:
        raise InputError(f"{shown}: reading PostgreSQL needs the extra geo_risk[postgis] ({error}).") from error
    except sa.exc.SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise InputError(
            f"{shown}#{table}: the table cannot be read ({cause}). Check address, rights and name."
        ) from error
    log = Log(f"{shown}#{table}", layer)
    return Raw(Path(name), None, rows, np.arange(1, len(rows) + 1), log, geometry, crs, read=len(rows))


def _geometry_column(engine, schema: str, name: str) -> str | None:
    """The first geometry column of a table; None for a plain table or a database without PostGIS."""
    import sqlalchemy as sa

    query = sa.text(
        "SELECT a.attname FROM pg_attribute a JOIN pg_class c ON a.attrelid = c.oid JOIN pg_namespace n "
        "ON c.relnamespace = n.oid JOIN pg_type t ON a.atttypid = t.oid WHERE c.relname = :name AND a.attnum > 0 "
        "AND t.typname = 'geometry' AND (:schema = '' OR n.nspname = :schema) ORDER BY a.attnum"
    )
    with engine.connect() as connection:
        return connection.execute(query, {"name": name, "schema": schema}).scalar()
