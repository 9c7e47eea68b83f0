"""The outline of something planned, read as strictly as a person signs it: nothing in it is guessed or mended."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..errors import GeoRiskError, InputError, together
from ..schema import LAYERS, Column, Table
from . import attributes, headers, systems, wkt
from .coordinates import Box
from .load import NothingLeft, load_layer
from .quality import Issue, Log
from .raw import Raw
from .read import JSON, read
from .text import plain

# Layers that a project may belong to, and the headers under which a file says so.
PROJECT_LAYERS = ("hazard_sources", "crowded_places", "gas_pipelines", "parking_lots")
_ANY = "hazmat_bans"  # the layer of the schema that takes every shape and asks for no column
_KIND_HEADERS = ("kind", "类型", "类别", "项目类型", "项目类别", "用途", "project_kind")
_LAYER_HEADERS = ("layer", "图层")
_NAMES = {
    "hazard_sources": "拟建危险源",
    "crowded_places": "拟建场所",
    "gas_pipelines": "拟建管线",
    "parking_lots": "拟建停车场",
}
# Kinds of hazard source whose distances and risk rest on what and how much they hold; the others are ruled by kind.
STOCKED = frozenset(
    ("tank_farm", "process_unit", "warehouse", "cylinder_depot", "cold_store", "waterworks", "gas_station", "jetty",
     "loading", "other")
)  # fmt: skip
# What a layer mends, takes for something else or leaves empty, and a project does not: what is checked must be
# what was drawn and written.
_REFUSED = frozenset(
    ("invalid", "nested", "spike", "hole", "parts_left", "swapped", "swapped_file", "sign", "scaled", "digit",
     "crs_conflict", "crs_guess", "packed_doubt", "duplicate", "near_duplicate", "twin", "same_tank", "merged_rows",
     "unsplit_row", "handled", "rival_column", "merged_numbers", "error_cell", "no_cached_value", "not_a_number",
     "out_of_range", "comma", "other_unit", "other_unit_header", "unknown_value", "not_yes_no", "ambiguous_level",
     "unclear_date", "not_a_date", "wrong_cas", "not_cas", "bad_bytes", "no_dbf")
)  # fmt: skip
_SYSTEM = "Say in which system the numbers are: --crs wgs84, gcj02 (高德, 腾讯), bd09 (百度) or an EPSG code."
_NEXT = {
    "invalid": "Draw the outline again so that it does not cross itself.",
    "invalid_changed": "Draw the outline again so that it does not cross itself.",
    "nested": "Draw holes as inner rings, and each ground once.",
    "swapped": "Exchange the two coordinates in the file.",
    "swapped_file": "Exchange the two coordinates in the file.",
    "swapped_aside": "Exchange longitude and latitude in the file, if that is so.",
    "outside": "Check the outline and its coordinate system (--crs).",
    "crs_conflict": _SYSTEM,
    "crs_guess": _SYSTEM,
    "same_tank": "Give each an id of its own, or delete one.",
    "twin": "Give each a name of its own, or delete one.",
    "null_geometry": "Draw its outline.",
    "empty_geometry": "Draw its outline.",
}
_SHAPES = frozenset(("invalid", "invalid_changed", "nested"))
# The kind is read here, more strictly; a name decides nothing.
_FINE = frozenset((("kind", "unknown_value"), ("name", "rival_column")))
_ENDS = re.compile(r"; |\? |\. ")  # what a layer does about it comes after
_MEND = "Mend it in the file and check again."
_OWN = {"kind": "--kind", "id": "the file", "source_file": "the program", "source_row": "the program"}


def kinds() -> dict[str, list[tuple[str, str]]]:
    """Every word for a kind of project, in lower case -> each (layer, kind) it may mean."""
    out: dict[str, list[tuple[str, str]]] = {}
    for layer in PROJECT_LAYERS:
        for kind, synonyms in LAYERS[layer].column("kind").domain.items():
            for word in dict.fromkeys((kind, *synonyms, f"{layer}:{kind}")):
                found = out.setdefault(plain(word).lower(), [])
                if (layer, kind) not in found:
                    found.append((layer, kind))
    return out


def kind_of_project(written: str, layer: str | None = None) -> tuple[str, str]:
    """
    (layer, kind) of a kind as a person writes it, in Chinese or English.

    Raises
    ------
    InputError
        If the kind is unknown, with those nearest to it, or may belong to several layers.
    """
    known = kinds()
    found = [pair for pair in known.get(plain(written).lower(), []) if layer in (None, pair[0])]
    if len(found) == 1:
        return found[0]
    if found:
        which = " or ".join(f"{a}:{b}" for a, b in found)
        raise InputError(f"kind {written!r} may be {which}. Write one of these.")
    near = difflib.get_close_matches(plain(written).lower(), known, 3, 0.4)
    told = f"Nearest: {', '.join(near)}." if near else f"Such as {', '.join(_examples())}."
    raise InputError(f"kind {written!r} is unknown. {told} All kinds: geo-risk siting kinds.")


def _examples() -> list[str]:
    return [next(iter(LAYERS[layer].column("kind").domain)) for layer in PROJECT_LAYERS]


def read_project(
    path: str | Path,
    *,
    crs: str,
    anchor: Box | None,
    kind: str | None = None,
    values: Mapping[str, Any] | None = None,
    system: str | None = None,
    evidence: Mapping[str, gpd.GeoDataFrame] | None = None,
) -> dict[str, gpd.GeoDataFrame]:
    """
    The rows of a project by layer, with the columns of their layers and ids that begin with ``project:``.

    Parameters
    ----------
    path : GeoJSON, shapefile (zipped or not), DXF, KML, GeoPackage or a table with coordinates; ``FILE#LAYER``
        where it holds several layers.
    crs : the region's metric CRS.   anchor : see `load.load_layer`.
    kind : what it is, where the file does not say so in a column ``kind``.
    values : columns that hold for every row, such as ``{"substance": "液氯", "quantity_t": 20}``.
    system : coordinate system of the file, where the file does not state it. GeoJSON and KML without one are
        WGS 84 by their standards; any other file without one is refused.

    Raises
    ------
    InputError
        If the file has no shape or does not tell its coordinate system, a shape crosses itself or lies outside
        the region, a value cannot be read, a kind is unknown or missing, or a hazardous project does not say
        what and how much it holds; of all rows at once.
    CRSError
        If ``system`` is no coordinate system.
    """
    raw, source, system = _opened(path, system)
    wanted = _wanted(raw, kind)
    given = _values(dict(values or {}), list(dict.fromkeys(w.layer for w in wanted.values())))
    frames: dict[str, gpd.GeoDataFrame] = {}
    errors = _crossing(raw)
    known = _SHAPES if errors else frozenset()
    for layer, own in given.items():
        spec = {"source": source, "crs": system} | _spec(raw, layer, wanted, own)
        try:
            frame, reports = load_layer(layer, spec, folder=Path.cwd(), crs=crs, anchor=anchor, evidence=evidence)
        except NothingLeft as error:
            errors += _told(error.issues, known) or ([] if known else [error])
            continue
        except GeoRiskError as error:
            errors.append(InputError(f"{error} For a project 'crs' is --crs; mend anything else in the file."))
            continue
        errors += _told([i for r in reports for i in r.issues], known) or _lacking(layer, frame)
        frames[layer] = _finished(layer, frame, wanted)
    if errors:
        raise together(errors)
    return frames


def read_outline(
    path: str | Path, *, crs: str, anchor: Box | None, system: str | None = None
) -> tuple[gpd.GeoDataFrame, str]:
    """
    The shapes of a file before anybody says what is planned there, and the coordinate system they were read in.

    Parameters and errors as of `read_project`, which reads the same shapes; columns besides geometry mean nothing.
    """
    raw, source, system = _opened(path, system)
    errors = _crossing(raw)
    known = _SHAPES if errors else frozenset()
    spec = {"source": source, "crs": system}
    try:
        frame, reports = load_layer(_ANY, spec, folder=Path.cwd(), crs=crs, anchor=anchor)
    except NothingLeft as error:
        raise together(errors + (_told(error.issues, known) or ([] if known else [error]))) from None
    errors += _told([i for r in reports for i in r.issues if i.column is None], known)
    if errors:
        raise together(errors)
    return frame, systems.shown(systems.named(system or raw.crs or reports[0].system, raw.what))


def _opened(path: str | Path, system: str | None) -> tuple[Raw, str, str | None]:
    """The rows of a file as they are, its address for `load_layer`, and the system to read it in."""
    file, label = _file(path)
    system = _named(system)
    raw = read(file, label, layer="hazard_sources")
    if raw.geometry is None:
        wkt.read_column(raw)
    if not len(raw.frame):
        told = _told(raw.log.issues)
        raise (
            together(told) if told else InputError(f"{raw.what}: holds no row. Draw the outline of the project in it.")
        )
    system = _system(raw, system)
    _metres(raw, system)
    return raw, str(file.resolve()) + (f"#{label}" if label else ""), system


def complete(frame: gpd.GeoDataFrame, table: Table, values: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """
    A project without a file: every column of its layer, filled with ``values``.

    Raises
    ------
    InputError
        As `read_project`.
    """
    given = {"kind": values.get("kind")} | _values({k: v for k, v in values.items() if k != "kind"}, [table.name])[
        table.name
    ]
    out = frame.copy()
    for column in table.columns:
        if column.name == "id":
            continue
        number = column.dtype in ("float", "int")
        value = given.get(column.name, float("nan") if number else None)
        out[column.name] = pd.Series([value] * len(out), dtype=float if number else object)
    out["name"] = out["name"].where(out["name"].notna(), _NAMES[table.name])
    out["source_file"], out["source_row"] = "the project", 1
    if table.name == "hazard_sources":
        out["substance"] = _fuel(out)
    errors = _lacking(table.name, out)
    if errors:
        raise together(errors)
    return out


def _finished(layer: str, frame: gpd.GeoDataFrame, wanted: Mapping[int, _Wanted]) -> gpd.GeoDataFrame:
    """Rows with the kind that was read from them, a name, an id of their own and what a petrol station sells."""
    frame = frame.assign(kind=[wanted[int(row)].kind for row in frame["source_row"]])
    if layer == "hazard_sources":
        frame["substance"] = _fuel(frame)
    names = frame["name"].astype(object).where(frame["name"].notna(), _NAMES[layer])
    return frame.assign(id=[f"project:{i}" for i in frame["id"]], name=names)


def _file(path: str | Path) -> tuple[Path, str | None]:
    """The file, and the layer in it that ``FILE#LAYER`` names."""
    file, label = Path(path), None
    if not file.exists() and "#" in file.name:
        whole, _, label = str(path).rpartition("#")
        file = Path(whole)
    if not file.exists():
        raise InputError(f"{path}: there is no such file. Name the outline of the project (GeoJSON, SHP, DXF, KML).")
    return file, label


def _named(system: str | None) -> str | None:
    """The system as given, or the text of the .prj file given; CRSError if it is none."""
    if system is not None and system.lower().endswith((".prj", ".wkt")):
        if not Path(system).is_file():
            raise InputError(f"--crs {system}: there is no such file. Name a .prj file, an EPSG code, wgs84 or gcj02.")
        system = Path(system).read_text("utf-8-sig", "replace").strip()
    if system is not None:
        systems.named(system, "--crs")
    return system


def _system(raw: Raw, given: str | None) -> str | None:
    """The system to read a file in: as given, else as stated; GeoJSON is WGS 84 where nothing is (RFC 7946, 4)."""
    if given is not None or raw.crs:
        return given
    if raw.path.name.lower().endswith(JSON):
        return "wgs84"
    where = headers.places(list(map(str, raw.frame.columns)), raw.labels, {}, raw.what, LAYERS["hazard_sources"])
    if raw.geometry is None and "datum" in where:
        return None  # each row states its own
    raise InputError(f"{raw.what}: the coordinate system is not stated. {_SYSTEM}")


def _metres(raw: Raw, system: str | None) -> None:
    """Refuse metres in a system of degrees: a layer would look for the grid that fits them."""
    stated = systems.named(system or raw.crs or "unknown", raw.what)
    if raw.geometry is None or not (stated in systems.DATUMS or systems.is_degrees(stated)):
        return
    xy = shapely.get_coordinates(raw.geometry)
    far = np.abs(xy).max(axis=1, initial=0.0) > 360
    if far.any():
        x, y = xy[far][0]
        raise InputError(
            f"{raw.what}: {x:.0f}, {y:.0f} are metres, but {systems.shown(stated)} is in degrees (GeoJSON that names "
            f"no system is WGS 84). {_SYSTEM}"
        )


def _crossing(raw: Raw) -> list[GeoRiskError]:
    """The shapes that cross themselves, and where, in the numbers of the file."""
    if raw.geometry is None:
        return []
    wrong = ~(shapely.is_missing(raw.geometry) | shapely.is_valid(raw.geometry))
    reasons = shapely.is_valid_reason(raw.geometry[wrong])
    return [
        InputError(f"{raw.what}, row {row}: the outline is not valid: {reason.replace('[', ' at ').rstrip(']')}. "
                   f"{_NEXT['invalid']}")
        for row, reason in zip(raw.rows[wrong], reasons, strict=True)
    ]  # fmt: skip


class _Wanted(NamedTuple):
    """A kind and a layer as written (``header`` of the kind empty: given for the whole file), and what they mean."""

    header: str
    written: str
    said: str
    layer: str
    kind: str


def _wanted(raw: Raw, kind: str | None) -> dict[int, _Wanted]:
    """What each row is, by its number; all rows that do not say so are told at once."""
    header = _header(raw, _KIND_HEADERS)
    if kind is not None:
        pair = kind_of_project(kind)
        _contradicted(raw, header, kind, pair)
        return {int(row): _Wanted("", "", "", *pair) for row in raw.rows}
    if header is None:
        raise InputError(
            f"{raw.what}: no column says what is planned. Add a property 'kind' ({', '.join(_examples())}, ...) or "
            "give it: --kind KIND. All kinds: geo-risk siting kinds."
        )
    kinds, layers = attributes.strings(raw.frame[header]), _layers(raw)
    out: dict[int, _Wanted] = {}
    errors: list[GeoRiskError] = []
    for row, written, layer in zip(raw.rows, kinds, layers, strict=True):
        if not plain(written):
            errors.append(
                InputError(f"{raw.what}, row {row}: '{header}' is empty. Write what is planned there, or use --kind.")
            )
            continue
        try:
            known = kind_of_project(str(written), layer if layer in PROJECT_LAYERS else None)
        except InputError as error:
            errors.append(InputError(f"{raw.what}, row {row}, {header}: {error}"))
            continue
        out[int(row)] = _Wanted(header, str(written), str(layer), *known)
    if errors:
        raise together(errors)
    return out


def _contradicted(raw: Raw, header: str | None, kind: str, pair: tuple[str, str]) -> None:
    """Refuse a kind given for a file whose own column says another: which of them is meant is not guessed."""
    for row, written in zip(raw.rows, raw.frame[header] if header else (), strict=False):
        said = kinds().get(plain(written).lower())
        if said and pair not in said:
            raise InputError(
                f"{raw.what}, row {row}, {header}: the file says {written!r}, --kind says {kind!r}. Leave one of them "
                "out, or make them agree."
            )


def _layers(raw: Raw) -> list[str]:
    """(N,) the layer each row says it belongs to, as written; empty where it says none."""
    header = _header(raw, _LAYER_HEADERS)
    if header is None:
        return [""] * len(raw.frame)
    return ["" if v is None else str(v) for v in attributes.strings(raw.frame[header])]


def _header(raw: Raw, words: tuple[str, ...]) -> str | None:
    return next((str(c) for c in raw.frame.columns if plain(c).lower() in words), None)


def _values(values: dict[str, Any], layers: list[str]) -> dict[str, dict[str, Any]]:
    """The values given for every row, by the layers that have such a column."""
    out: dict[str, dict[str, Any]] = {layer: {} for layer in layers}
    for name, value in values.items():
        if name in _OWN:
            raise InputError(f"--set {name}={value}: {name} is not set so: it comes from {_OWN[name]}.")
        tables = [LAYERS[layer] for layer in layers if name in LAYERS[layer].names]
        if not tables:
            columns = ", ".join(c for c in LAYERS[layers[0]].names if c not in _OWN)
            raise InputError(f"--set {name}={value}: {LAYERS[layers[0]].en} have no such column. Columns: {columns}.")
        for table in tables:
            out[table.name][name] = _value(table.column(name), value)
    return out


def _value(column: Column, value: Any) -> Any:
    """A value given by hand, read as a cell of a file is; InputError if it is none of its column."""
    numeric = column.dtype in ("float", "int") and not column.domain
    log = Log("--set", "")
    cells = pd.Series([_number(column.name, value) if numeric else str(value)], dtype=object)
    found = attributes.convert(cells, column, column.name, np.array([1]), log)
    told = [i.problem.split("; ")[0] for i in log.issues if i.code in _REFUSED]
    if told:
        words = f" Write one of: {', '.join(column.domain)}." if column.domain else " Correct it."
        raise InputError(f"--set {column.name}={value}: {told[0]}.{words}")
    return next(iter(found))


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not np.isfinite(number):
        raise InputError(f"--set {name}={value}: not a number. Write it without a unit, as 12.5.")
    return number


def _spec(raw: Raw, layer: str, wanted: Mapping[int, _Wanted], values: dict[str, Any]) -> dict[str, Any]:
    """The layer's part of the file, as a section of region.toml would say it."""
    table = LAYERS[layer]
    spec: dict[str, Any] = {}
    mine = list(dict.fromkeys(w for w in wanted.values() if w.layer == layer))
    header = mine[0].header
    if not header:
        values["kind"] = mine[0].kind
    elif any(w.layer != layer for w in wanted.values()):
        spec["where"] = {header: [w.written for w in mine]}
        if layer_header := _header(raw, _LAYER_HEADERS):
            spec["where"][layer_header] = [w.said for w in mine]
    matched, _ = headers.match(table, [str(c) for c in raw.frame.columns], raw.labels, {}, raw.what)
    if "name" not in matched:
        values.setdefault("name", _NAMES[layer])
    if header and matched.get("kind", header) != header:
        spec["columns"] = {"kind": header}
    return spec | {"values": values}


def _told(issues: Iterable[Issue], known: Collection[str] = ()) -> list[GeoRiskError]:
    """What a layer would mend, guess or leave out, as errors that say how to mend it; ``known`` codes are told."""
    return [
        InputError(f"{_where(i)}: {_ENDS.split(i.problem)[0].rstrip('.')}. {_NEXT.get(i.code, _MEND)}")
        for i in issues
        if (i.action == "rejected" or i.code in _REFUSED) and i.code not in known and (i.column, i.code) not in _FINE
    ]


def _where(issue: Issue) -> str:
    row = f"{issue.file}, row {issue.row}" if issue.row is not None else f"{issue.file}, all rows"
    value = " = ".join(part for part in (issue.column, issue.value) if part)
    return f"{row}, {value}" if value else row


def _fuel(frame: gpd.GeoDataFrame) -> pd.Series:
    """What is stored; a filling station that names no gas sells petrol, as its rules take it too."""
    words = frame["name"].fillna("").astype(str)
    petrol = (frame["kind"] == "filling_station") & frame["substance"].isna() & frame["cas"].isna()
    return frame["substance"].astype(object).mask(petrol & ~words.str.contains("气|氢|gas|LNG|CNG|LPG"), "汽油")


def _lacking(layer: str, frame: gpd.GeoDataFrame) -> list[GeoRiskError]:
    """Rows of hazard sources without the stock that decides."""
    if layer != "hazard_sources":
        return []
    out: list[GeoRiskError] = []
    for row in frame.itertuples():
        if row.kind not in STOCKED:
            continue
        lacks = [] if row.substance or row.cas else ["substance"]
        if not (row.quantity_t == row.quantity_t or row.volume_m3 == row.volume_m3):
            lacks.append("quantity_t (t) or volume_m3 (m3)")
        if lacks:
            out.append(
                InputError(
                    f"{row.source_file}, row {row.source_row} ({row.kind}): {' and '.join(lacks)} missing. What is "
                    "stored decides the distances and the risk: add the columns, or give them: --set substance=... "
                    "--set quantity_t=..."
                )
            )
    return out
