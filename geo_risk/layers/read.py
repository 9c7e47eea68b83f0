"""Any file, archive or database table -> rows as written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import shapely

from ..database.address import is_address, parse
from ..database.read import read_rows
from ..errors import InputError
from ..schema import LAYERS
from . import archive, cad, geojson, kml, limits, shapefile, signature, tables, vectors
from .quality import Log
from .raw import Raw

TEXT = (".csv", ".tsv", ".txt")
WORKBOOKS = (".xlsx", ".xlsm", ".xls")
JSON = (".geojson", ".json", ".geojsonl", ".geojsons", ".ndjson")
KML = (".kml", ".kmz")
SINGLE = (".shp", ".fgb", ".tab", ".mif", ".dbf")
LAYERED = (".gpkg", ".gdb", ".gml", ".xml")
DRAWINGS = (".dxf",)
PARQUET = (".parquet", ".geoparquet")
OSM = (".pbf", ".osm", ".osm.gz", ".osm.bz2")
SIDECARS = tuple(dict.fromkeys(s for parts in vectors.COMPANIONS.values() for s in parts))
READABLE = (*TEXT, *WORKBOOKS, *JSON, *SINGLE, *LAYERED, *KML, *DRAWINGS, *PARQUET, *OSM, ".zip")
_INSIDE = (*LAYERED, *KML, *DRAWINGS)  # kinds that may hold several layers
_GEODATABASE = "a00000001.gdbtable"  # the catalogue of a file geodatabase


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


def members(path: Path) -> list[Member]:
    """The tables a file holds: sheets, layers, archive members; one without a label if there is no choice."""
    kind = kind_of(path.name)
    _check_there(path, kind)
    if kind == ".zip":
        return _archive_members(path)
    if kind in _INSIDE:
        layers = _layer_names(path, kind, path.name)
        return [Member(n, None, n) for n in layers] if len(layers) > 1 else [Member(None, None, layers[0])]
    if kind in WORKBOOKS:
        data = path.read_bytes()
        _check_workbook(path, data)
        sheets = tables.sheet_names(path, data) if tables.is_workbook(data) else []
        return [Member(n, None, n) for n in sheets] if len(sheets) > 1 else [Member(None)]
    return [Member(None)]


def _layer_names(path: Path, kind: str, shown: str) -> list[str]:
    if kind in KML:
        names = kml.layer_names(path, shown)
    elif kind in DRAWINGS:
        names = cad.layer_names(vectors.read(path, "", None, shown=shown))
    else:
        names = vectors.layer_names(path, shown)
    if not names:
        raise InputError(f"{shown}: the file holds no layer. Ask for the file with the data.")
    return names


def _check_workbook(path: Path, data: bytes) -> None:
    if data[:2] == b"PK":
        archive.check_workbook(path)


def _units(path: Path) -> dict[str, dict[str, str]]:
    """What can be read in an archive: member (or .gdb folder) -> its files and their plain names."""
    found = archive.contents(path)
    units: dict[str, dict[str, str]] = {}
    bases = {str(PurePosixPath(n).parent) for n in found if PurePosixPath(n).name.lower() == _GEODATABASE}
    for name in sorted(found):
        posix, kind = PurePosixPath(name), kind_of(name)
        base = str(posix.parent)
        if base in bases:
            folder = f"{path.name.split('.')[0]}.gdb" if base == "." else base
            units.setdefault(folder, {})[name] = f"data.gdb/{posix.name}"
        elif kind in READABLE and kind not in (".zip", ".gdb"):
            stem = name[: -len(kind)]
            wanted = (kind, *vectors.COMPANIONS.get(kind, ()))
            units[name] = {n: f"data{n[len(stem) :].lower()}" for n in found
                           if n == name or (n.startswith(stem) and n[len(stem) :].lower() in wanted)}  # fmt: skip
    shapes = {n[:-4] for n in units if n.lower().endswith(".shp")}
    return {n: u for n, u in units.items() if not (n.lower().endswith(".dbf") and n[:-4] in shapes)}


def _labels(units: Collection[str]) -> dict[str, str]:
    """A short name for each: its stem, with folders where stems repeat, with the suffix where these do."""
    stems = {n: n[: -len(kind_of(n) or ".gdb")] for n in units}
    short = {n: PurePosixPath(s).name for n, s in stems.items()}
    for longer in (stems, {n: n for n in units}):
        names = list(short.values())
        short = {n: s if names.count(s) == 1 else longer[n] for n, s in short.items()}
    return short


def _archive_members(path: Path) -> list[Member]:
    units = _units(path)
    labels = _labels(units)
    found = []
    for name, files in units.items():
        kind = kind_of(name) or ".gdb"
        if kind not in _INSIDE:
            found.append(Member(labels[name], name))
            continue
        with archive.unpacked(path, files) as folder:
            layers = _layer_names(folder / f"data{kind}", kind, f"{path.name}#{labels[name]}")
        single = len(layers) == 1 and kind != ".gdb"
        found += [Member(labels[name] if single else f"{labels[name]}/{n}", name, n) for n in layers]
    return found


def read(
    path: Path | str,
    sublayer: str | None = None,
    *,
    layer: str = "",
    expected: Collection[str] = (),
    accept: Collection[str] = (),
    encoding: str | None = None,
) -> Raw:
    """
    Rows of one table as written, with the row numbers a person counts.

    Parameters
    ----------
    path : a file, a file geodatabase (folder .gdb), or ``postgresql://user@host/database#table``.
    sublayer : layer, sheet or archive member; may be omitted where there is one (or, for a
        workbook, where one sheet has the best header).
    layer : name of the layer the rows are for, used in messages, to read OpenStreetMap and to tell
        outlines from lines in a drawing.
    expected : headers the user named; they count as known when the header row is sought.
    accept : readings that guess a notation and that the user has said yes to (``packed_json``).
    encoding : of a text; found where it is not given.

    Raises
    ------
    InputError
        If the file is missing, broken, of an unknown kind, beyond the limits, reaches beyond itself,
        or has several tables and none is named.
    """
    if is_address(str(path)):
        return read_database(str(path), layer)
    path = Path(path)
    kind = kind_of(path.name)
    _check_there(path, kind)
    if kind == ".zip":
        raw = _read_archive(path, sublayer, layer, expected, accept, encoding)
    else:
        raw = _read_plain(path, kind, sublayer, layer, expected, accept, path.name, encoding)
    _refuse_huge(raw)
    return raw


def _check_there(path: Path, kind: str) -> None:
    if kind == ".shp" and not path.exists() and path.with_suffix(".shx").exists():
        raise shapefile.missing_shp(path)
    if kind in SIDECARS and kind != ".dbf" and kind in shapefile.PARTS and not path.with_suffix(".shp").exists():
        raise shapefile.missing_shp(path)
    if not path.exists():
        raise InputError(f"{path}: there is no such file. Correct 'source' in region.toml.")
    if kind not in READABLE or path.is_dir() != (kind == ".gdb"):
        raise signature.refuse(path.name, READABLE)
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{path.name}: the file is empty (0 bytes). Ask for it again.")


def _read_plain(
    path: Path, kind: str, sublayer: str | None, layer: str, expected: Collection[str], accept: Collection[str],
    shown: str, encoding: str | None,
) -> Raw:  # fmt: skip
    if kind in JSON:
        signature.check(path, kind, shown)
    if kind in (*TEXT, *WORKBOOKS):
        return _read_table(path, layer, sublayer, expected, encoding)
    if kind in JSON:
        return geojson.read(path, path.read_bytes(), layer, accept)
    if kind in PARQUET:
        return vectors.read_parquet(path, layer, shown=shown)
    if kind in OSM:
        from .osm import read_raw

        return read_raw(path, layer)
    return _read_layered(path, kind, sublayer, layer, shown, encoding)


def _read_table(path: Path, layer: str, sheet: str | None, expected: Collection[str], encoding: str | None) -> Raw:
    """A text or a workbook, by content: a register of an old system is often text under the name .xls."""
    data = path.read_bytes()
    if tables.is_workbook(data):
        _check_workbook(path, data)
        return tables.read_workbook(path, data, layer, sheet, expected)
    signature.check(path, ".csv", path.name)
    return tables.read_text(path, data, layer, expected, encoding)


def _read_layered(path: Path, kind: str, sublayer: str | None, layer: str, shown: str, encoding: str | None) -> Raw:
    if kind in KML:
        return kml.read(path, layer, lambda names: _choose(shown, names, sublayer), shown=shown)
    if kind in DRAWINGS:
        raw = vectors.read(path, layer, None, shown=shown)
        chosen = _choose(shown, cad.layer_names(raw), sublayer)
        cad.take_layer(raw, chosen, LAYERS[layer].geometry if layer in LAYERS else "")
        return raw
    if kind in LAYERED:
        sublayer = _choose(shown, _layer_names(path, kind, shown), sublayer)
    named = sublayer if kind in LAYERED else None
    raw = vectors.read(path, layer, named, shown=shown, text_encoding=encoding)
    if kind == ".dbf" and path.with_suffix(".shx").exists() and not path.with_suffix(".shp").exists():
        raw.log.note("no_shp", detail=path.with_suffix(".shp").name)
    return raw


def _refuse_huge(raw: Raw) -> None:
    """Set aside features with more vertices than can be worked with."""
    if raw.geometry is None or not len(raw.geometry):
        return
    vertices = shapely.get_num_coordinates(raw.geometry)
    huge = vertices > limits.FEATURE_VERTICES
    if huge.any():
        raw.log.reject("too_many_vertices", raw.rows[huge], details=[f"{n:,}" for n in vertices[huge]])
        raw.unread += [(int(r), [geojson.feature_text(raw.frame.iloc[i].to_dict())])
                       for i, r in zip(np.flatnonzero(huge), raw.rows[huge], strict=True)]  # fmt: skip
        raw.take(~huge)


def _choose(shown: str, names: list[str], wanted: str | None) -> str:
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted in names:
        return str(wanted)
    said = f"there is no {wanted!r}" if wanted else "several layers, none is named"
    raise InputError(f"{shown}: {said}. Write {shown}#LAYER with one of: {', '.join(names) or 'none'}.")


def _read_archive(
    path: Path,
    sublayer: str | None,
    layer: str,
    expected: Collection[str],
    accept: Collection[str],
    encoding: str | None,
) -> Raw:
    found = _archive_members(path)
    if not found:
        raise _nothing_in(path)
    label = _choose(path.name, [str(m.label) for m in found], sublayer)
    chosen = next(m for m in found if m.label == label)
    assert chosen.member is not None
    kind = kind_of(chosen.member) or ".gdb"
    shown = path.name if len(found) == 1 else f"{path.name}#{label}"
    with archive.unpacked(path, _units(path)[chosen.member]) as folder:
        file = folder / f"data{kind}"
        try:
            raw = _read_plain(file, kind, chosen.layer, layer, expected, accept, shown, encoding)
        except InputError as error:
            raise InputError(str(error).replace(str(file), shown).replace(file.name, shown)) from error
    raw.path, raw.sublayer, raw.log.file = Path(path.name), (label if len(found) > 1 else None), shown
    raw.log.issues = [replace(i, file=shown) for i in raw.log.issues]
    return raw


def _nothing_in(path: Path) -> InputError:
    """What to say of an archive without a table: a shapefile without its .shp, another archive, other files."""
    names = sorted(archive.contents(path))
    half = next((n for n in names if n.lower().endswith(".shx")), None)
    inner = next((n for n in names if n.lower().endswith((".zip", ".rar", ".7z", ".gz", ".tar"))), None)
    hint = f" It holds {', '.join(names[:5])}." if names else " It is empty."
    if half:
        hint = f" {half} is there, but its .shp is missing."
    elif inner:
        hint = f" It holds another archive ({inner}), which is not opened: unpack it and name the files."
    return InputError(f"{path.name}: the archive holds nothing that can be read.{hint}")


def read_database(url: str, layer: str) -> Raw:
    """A PostGIS table or view; rows are numbered by its primary key, or in the order of all its columns."""
    address = parse(url)
    found = read_rows(address)
    log = Log(f"{address.shown}#{address.label}", layer)
    frame = found.frame.astype(object).where(found.frame.notna(), None)
    raw = Raw(Path(address.label), None, frame, found.numbers, log, found.geometry, found.crs)
    raw.read = len(found.frame)
    log.note("database_rows", detail=", ".join(found.order))
    if found.skipped:
        log.note("unused_columns", detail=", ".join(found.skipped))
    if found.reprojected:
        log.note("mixed_systems", count=found.reprojected, detail=str(found.crs))
    keep = np.ones(raw.read, bool)
    for code, at in (("not_parsed", found.broken), ("no_system", found.unstated)):
        log.reject(code, raw.rows[list(at)], details="a kind of surface or solid" if code == "not_parsed" else "")
        raw.unread += [(int(raw.rows[i]), frame.iloc[i].map(_shown).tolist()) for i in at]
        keep[list(at)] = False
    if not keep.all():
        raw.take(keep)
    return raw


def _shown(value: object) -> str:
    return "" if value is None else str(value)
