"""The outline of something planned, read as strictly as a person signs it: nothing in it is guessed or mended."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import pandas as pd

from ..errors import GeoRiskError, InputError, together
from ..schema import LAYERS
from . import headers
from .coordinates import Box
from .load import load_layer
from .quality import FileReport
from .raw import Raw
from .read import read
from .text import plain

# Layers that a project may belong to, and the headers under which a file says so.
PROJECT_LAYERS = ("hazard_sources", "crowded_places", "gas_pipelines", "parking_lots")
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
# Repairs that a layer takes and a project does not: the outline checked must be the outline drawn.
_REFUSED = frozenset(("invalid", "swapped", "swapped_file", "nested", "sign", "duplicate", "near_duplicate"))


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
    path : GeoJSON, shapefile, DXF, KML, GeoPackage or a table with coordinates.
    crs : the region's metric CRS.   anchor : see `load.load_layer`.
    kind : what it is, where the file does not say so in a column ``kind``.
    values : columns that hold for every row, such as ``{"substance": "液氯", "quantity_t": 20}``.
    system : coordinate system of the file, where the file does not state it.

    Raises
    ------
    InputError
        If the file has no shape, a shape crosses itself or lies outside the region, a kind is unknown or
        missing, or a hazardous project does not say what and how much it holds; of all rows at once.
    """
    if not Path(path).exists():
        raise InputError(f"{path}: there is no such file. Name the outline of the project (GeoJSON, SHP, DXF, KML).")
    raw = read(str(path), None, layer="hazard_sources")
    wanted = _wanted(raw, kind)
    frames: dict[str, gpd.GeoDataFrame] = {}
    errors: list[GeoRiskError] = []
    for layer in dict.fromkeys(w.layer for w in wanted):
        spec = _spec(raw, layer, wanted, dict(values or {})) | {"crs": system}
        try:
            frame, reports = load_layer(layer, spec, folder=Path.cwd(), crs=crs, anchor=anchor, evidence=evidence)
        except GeoRiskError as error:
            errors.append(error)
            continue
        errors += _refusals(reports) or _lacking(layer, frame)
        if layer == "hazard_sources":
            frame["substance"] = _fuel(frame)
        names = frame["name"].astype(object).where(frame["name"].notna(), _NAMES[layer])
        frames[layer] = frame.assign(id=[f"project:{i}" for i in frame["id"]], name=names)
    if errors:
        raise together(errors)
    return frames


class _Wanted(NamedTuple):
    """A kind as written (None: given for the whole file, whose header is empty), and what it means."""

    header: str
    written: str | None
    layer: str
    kind: str


def _wanted(raw: Raw, kind: str | None) -> list[_Wanted]:
    if kind is not None:
        return [_Wanted("", None, *kind_of_project(kind))]
    header = _header(raw, _KIND_HEADERS)
    if header is None:
        raise InputError(
            f"{raw.what}: no column says what is planned. Add a property 'kind' ({', '.join(_examples())}, ...) or "
            "give it: --kind KIND. All kinds: geo-risk siting kinds."
        )
    layer_header = _header(raw, _LAYER_HEADERS)
    layers = [plain(v) for v in raw.frame[layer_header]] if layer_header else [""] * len(raw.frame)
    out: dict[_Wanted, None] = {}
    for row, written, layer in zip(raw.rows, raw.frame[header], layers, strict=True):
        if not plain(written):
            raise InputError(f"{raw.what}, row {row}: '{header}' is empty. Write what is planned there, or use --kind.")
        try:
            known = kind_of_project(str(written), layer if layer in PROJECT_LAYERS else None)
        except InputError as error:
            raise InputError(f"{raw.what}, row {row}: {error}") from None
        out[_Wanted(header, str(written), *known)] = None
    return list(out)


def _header(raw: Raw, words: tuple[str, ...]) -> str | None:
    return next((str(c) for c in raw.frame.columns if plain(c).lower() in words), None)


def _spec(raw: Raw, layer: str, wanted: list[_Wanted], values: dict[str, Any]) -> dict[str, Any]:
    """The layer's part of the file, as a section of region.toml would say it."""
    table = LAYERS[layer]
    for name, value in values.items():
        if name not in table.names:
            columns = ", ".join(table.names)
            raise InputError(f"{name} = {value!r}: {table.en} have no such column. Columns: {columns}.")
        values[name] = _number(name, value) if table.column(name).dtype in ("float", "int") else value
    spec: dict[str, Any] = {"source": str(raw.path.resolve())}
    mine = [w for w in wanted if w.layer == layer]
    if mine[0].written is None:
        values["kind"] = mine[0].kind
    elif len(mine) < len(wanted):
        spec["where"] = {mine[0].header: [w.written for w in mine]}
    matched, _ = headers.match(table, [str(c) for c in raw.frame.columns], raw.labels, {}, raw.what)
    if "name" not in matched:
        values.setdefault("name", _NAMES[layer])
    if matched.get("kind", mine[0].header) != mine[0].header and mine[0].header:
        spec["columns"] = {"kind": mine[0].header}
    return spec | {"values": values}


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name} = {value!r} is not a number. Write it without a unit, as 12.5.") from None
    if not isfinite(number) or (number < 0 and name != "temperature_c"):
        raise InputError(f"{name} = {value!r} is no amount there can be. Write a number from 0 on, without a unit.")
    return number


def _refusals(reports: Iterable[FileReport]) -> list[GeoRiskError]:
    """What a layer would mend or leave out, as errors that say how to mend it."""
    return [
        InputError(f"{i.file}, row {i.row if i.row is not None else 'all'}: {i.problem}. {i.suggestion[0]}".strip())
        for report in reports
        for i in report.issues
        if i.action == "rejected" or (i.action == "repaired" and i.code in _REFUSED)
    ]


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
