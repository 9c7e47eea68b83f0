"""What a [layers.X] table of region.toml asks for: one `Source` a file."""

from __future__ import annotations

import glob
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError, RegionError, SettingsError
from ..schema import LAYERS, Table
from .vectors import parts

KEYS = ("source", "path", "crs", "columns", "position_error_m", "join", "values", "where", "unit", "accept", "encoding")
_SYSTEM_FILES = (".prj", ".wkt")  # a coordinate system, such as a city's own grid with its transform
JOINABLE = ("enterprises",)


@dataclass(frozen=True)
class Source:
    """One input of a layer and how the user wants it read; see `sources`."""

    path: str
    sublayer: str | None
    crs: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    position_error_m: float | None = None
    join: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, Any] = field(default_factory=dict)
    unit: str | None = None
    accept: frozenset[str] = frozenset()
    encoding: str | None = None


def table_of(name: str) -> Table:
    """The schema of the layer ``name``; RegionError with the known names if there is none."""
    if name not in LAYERS:
        raise RegionError(f"there is no layer '{name}'. Layers: {', '.join(LAYERS)}.")
    return LAYERS[name]


def sources(name: str, spec: Mapping[str, Any], folder: Path) -> list[Source]:
    """
    The inputs of layer ``name`` in the order given; patterns (*, ?) give files in the order of names.

    ``source`` is a file, ``file#sublayer``, a pattern, a database address, or a list of these; an
    item may also be a table with ``path`` and the keys of the layer, which it overrides for itself.

    Raises
    ------
    SettingsError
        If a key is unknown or has a value of the wrong kind.
    InputError
        If a file is not there.
    """
    table = table_of(name)
    given = spec.get("source")
    if given is None or given == []:
        raise SettingsError(f"[layers.{name}] has no 'source'. Write source = \"inputs/FILE\".")
    shared = {k: v for k, v in spec.items() if k != "source"}
    out: list[Source] = []
    for item in given if isinstance(given, list) else [given]:
        own = {**shared, **item} if isinstance(item, Mapping) else {**shared, "path": item}
        _check(table, own)
        own["crs"] = _crs(name, own.get("crs"), folder)
        out += [_source(own, path, sublayer) for path, sublayer in _paths(name, str(own.pop("path")), folder)]
    return out


def _crs(name: str, written: str | None, folder: Path) -> str | None:
    """The system as written, or the text of the .prj file it names."""
    if written is None or not str(written).lower().endswith(_SYSTEM_FILES):
        return written
    path = folder / written
    if not path.is_file():
        raise InputError(f"[layers.{name}] crs = {written!r}: there is no file {path}. {_near(path)}")
    return path.read_text("utf-8-sig", "replace").strip()


def is_database(spec: Mapping[str, Any]) -> bool:
    """Whether some input of the layer is a database, whose content no file hash tells."""
    given = spec["source"]
    return any("://" in str(item) for item in (given if isinstance(given, list | tuple) else [given]))


def source_files(name: str, spec: Mapping[str, Any], folder: Path) -> tuple[Path, ...]:
    """The files behind a layer, with those that belong to them; databases have none."""
    files: dict[Path, None] = {}
    given = spec["source"] if isinstance(spec["source"], list) else []
    systems = [i.get("crs") for i in (spec, *given) if isinstance(i, Mapping)]
    files |= {folder / crs: None for crs in systems if crs and crs.lower().endswith(_SYSTEM_FILES)}
    for source in sources(name, spec, folder):
        if "://" not in source.path:
            path = Path(source.path)
            files |= dict.fromkeys(source_parts(path))
    return tuple(files)


def source_parts(path: Path) -> list[Path]:
    """The files a source is made of: all in a file geodatabase, else the file and its companions."""
    if path.is_dir():
        return sorted(p for p in path.iterdir() if p.is_file())
    return [path, *(p for p in parts(path).values() if p != path)]


def _check(table: Table, spec: Mapping[str, Any]) -> None:
    where = f"[layers.{table.name}]"
    unknown = [k for k in spec if k not in KEYS]
    if unknown:
        raise SettingsError(f"{where} {unknown[0]}: unknown key. Known: {', '.join(KEYS)}.")
    if "path" not in spec:
        raise SettingsError(f"{where} source: an item without 'path'. Write {{ path = \"inputs/FILE\", ... }}.")
    for key in ("columns", "values", "where"):
        if not isinstance(spec.get(key, {}), Mapping):
            raise SettingsError(f'{where} {key} = {spec[key]!r}: must be a table, {key} = {{ name = "..." }}.')
    for column, value in spec.get("values", {}).items():
        if column not in table.names:
            raise SettingsError(f"{where} values.{column}: no such column. Columns: {', '.join(table.names)}.")
        domain = table.column(column).domain
        if domain and str(value) not in domain:
            raise SettingsError(f"{where} values.{column} = {value!r}: must be one of {', '.join(domain)}.")
    if spec.get("join") is not None and (spec["join"] not in JOINABLE or "enterprise_id" not in table.names):
        raise SettingsError(
            f"{where} join = {spec['join']!r}: only hazard_sources, hidden_dangers and risk_points can "
            "be joined, to 'enterprises'."
        )
    error = spec.get("position_error_m")
    if error is not None and not (isinstance(error, int | float) and error > 0):
        raise SettingsError(f"{where} position_error_m = {error!r}: must be a positive number of metres.")


def _source(spec: Mapping[str, Any], path: str, sublayer: str | None) -> Source:
    return Source(path, sublayer, spec.get("crs"), spec.get("columns", {}), spec.get("position_error_m"),
                  spec.get("join"), spec.get("values", {}), spec.get("where", {}), spec.get("unit"),
                  frozenset(spec.get("accept", ())), spec.get("encoding"))  # fmt: skip


def _paths(name: str, written: str, folder: Path) -> list[tuple[str, str | None]]:
    if "://" in written:
        return [(written, None)]
    file, sublayer = written, None
    if not (folder / written).exists() and "#" in written:
        file, _, sublayer = written.rpartition("#")
    if any(c in file for c in "*?[") and not (folder / file).exists():
        found = sorted(glob.glob(str(folder / file), recursive=True))
        if not found:
            raise InputError(f"[layers.{name}] source = {written!r}: no file in {folder} fits the pattern.")
        return [(f, sublayer) for f in found]
    path = folder / file
    if path.is_dir() and path.suffix.lower() != ".gdb":
        raise InputError(
            f"[layers.{name}] source = {written!r} is a folder. Name a file, or a pattern like {written}/*."
        )
    if not path.exists() and not _part_of_shapefile(path):
        raise InputError(f"[layers.{name}] source = {written!r}: there is no file {path}. {_near(path)}")
    return [(str(path), sublayer)]


def _part_of_shapefile(path: Path) -> bool:
    """A missing .shp beside its .shx has a clearer message of its own."""
    return path.suffix.lower() == ".shp" and path.with_suffix(".shx").exists()


def _near(path: Path) -> str:
    there = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
    return f"Files beside it: {', '.join(there[:12])}." if there else f"The folder {path.parent} is empty or missing."
