"""A [layers.X] table of region.toml -> one clean layer and the reports of its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..errors import GeoRiskError, InputError, together
from ..schema import Table
from ..store import sha256
from . import (
    attributes,
    coverage,
    diagnosis,
    firms,
    hazards,
    headers,
    identity,
    lines,
    osm,
    parts,
    place,
    quantities,
    raster,
    scores,
)
from .coordinates import Box
from .districts import add_parents, fill_level
from .quality import FileReport
from .raw import Raw
from .read import read
from .rejects import Written, returned, write_rejects
from .repair import duplicates, repair, tell_twins
from .sources import Source, source_parts, sources, table_of
from .survey import read_inputs

MARGIN_M = 5000.0  # anchor: the boundary's bounds and this around them (judgement of places)
_FAR_DEG = 3.0  # points farther than this from the median do not stretch a table's bounds


def load_layer(
    name: str,
    spec: Mapping[str, Any],
    *,
    folder: Path,
    crs: str,
    anchor: Box | None = None,
    joins: Mapping[str, gpd.GeoDataFrame] | None = None,
    evidence: Mapping[str, gpd.GeoDataFrame] | None = None,
    extracts: Mapping[str, Path] | None = None,
    rejects: Path | None = None,
) -> tuple[gpd.GeoDataFrame, list[FileReport]]:
    """
    Read, clean and unite the inputs of one layer.

    Parameters
    ----------
    name, spec : the layer and its table in region.toml (see `sources.sources` for the keys).
    folder : what relative paths start from.
    crs : the region's metric CRS.
    anchor : (west, south, east, north) WGS 84 degrees by which places are judged; rows outside are
        rejected. See `widen`. Without it nothing is repaired that only a place can prove.
    joins : finished layers (same CRS) for ``join``.
    evidence : finished layers (same CRS) whose own system is stated, any of districts, roads and water,
        against which an unstated coordinate system is judged.
    extracts : folders of `osm.write_layers` by path of the OpenStreetMap file, read in its place.
    rejects : folder into which each file's rejected rows are written, to be mended and imported again.

    Returns
    -------
    All columns of the layer's schema with its dtypes (text as objects with None, Int64, boolean,
    float), geometry in ``crs``, sorted by unique ``id``; and one report a file.

    Raises
    ------
    InputError, SettingsError, CRSError
        With file, row, column, value and the next step, of all files at once; also if no row at all is left.
    """
    table = table_of(name)
    inputs, errors = read_inputs(
        table, sources(name, spec, folder), lambda source: _read(source, name, anchor, extracts or {})
    )
    files = inputs + [(source, raw.points) for source, raw in inputs if raw.points is not None]
    written = [Written.of(raw) for _, raw in files]
    frames: list[gpd.GeoDataFrame] = []
    for number, (source, raw) in enumerate(inputs):
        try:
            _select(raw, source)
            lines.add_heights(raw, source.columns)
            part = _clean(raw, table, source, crs, anchor, joins or {}, evidence or {}) if len(raw.frame) else None
        except GeoRiskError as error:
            errors.append(error)
            continue
        if part is not None and len(part):
            frames.append(part.assign(_file=number))
    if errors:
        raise together(errors)
    if not frames:
        raise NothingLeft(name, [raw for _, raw in files])
    layer = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=crs)
    layer = _unite(layer, table, inputs)
    taken: set[str] = set()
    reports = []
    for number, ((source, raw), was) in enumerate(zip(files, written, strict=True)):
        rows = layer[layer["_file"] == number]
        raw.log.issues = list(diagnosis.located(raw, was, rows, table, source))
        reports.append(
            raw.log.report(
                raw.read,
                len(rows),
                inputs=_inputs(source, folder),
                rejects=write_rejects(rejects, raw, was, source.columns, taken) if rejects else "",
                contents=diagnosis.contents(rows, table, raw.log.columns),
                places=diagnosis.places(rows, tuple(raw.log.issues)),
            )
        )
    layer = layer[[*table.names, "geometry"]].sort_values("id", kind="stable").reset_index(drop=True)
    return layer, reports


def _read(source: Source, name: str, anchor: Box | None, extracts: Mapping[str, Path]) -> Raw:
    """The rows of one input: from what was kept of an extract, from a raster, or from the file itself."""
    if source.path in extracts:
        return osm.read_stored(Path(source.path), name, extracts[source.path])
    if name == "population" and raster.is_raster(Path(source.path), source.sublayer):
        return raster.read_population(source, anchor)
    expected = tuple(source.columns.values())
    raw = read(
        source.path, source.sublayer, layer=name, expected=expected, accept=source.accept, encoding=source.encoding
    )
    returned(raw)
    return raw


def _inputs(source: Source, folder: Path) -> tuple[dict[str, Any], ...]:
    """The files behind a source as given, with size and hash: what a later import can be compared with."""
    if "://" in source.path:
        return ()
    return tuple(
        {
            "path": (p.relative_to(folder) if p.is_relative_to(folder) else p).as_posix(),
            "bytes": p.stat().st_size,
            "sha256": sha256(p),
        }
        for p in source_parts(Path(source.path))
    )


class NothingLeft(InputError):
    """No row of a layer can be used; ``issues`` are what was found in its files."""

    def __init__(self, name: str, raws: list[Raw]) -> None:
        self.issues = tuple(i for raw in raws for i in raw.log.issues)
        super().__init__(_nothing_left(name, raws))


def _nothing_left(name: str, raws: list[Raw]) -> str:
    told = []
    for raw in raws:
        rejected = [i for i in raw.log.issues if i.action == "rejected"]
        kinds = {i.code: i for i in reversed(rejected)}  # the first row of each kind
        first = "; ".join(f"row {i.row}, {i.column} = {i.value}: {i.problem}" for i in list(kinds.values())[-3:])
        told.append(f"{raw.what}: {raw.read} rows read{f', such as {first}' if first else ''}")
    return (
        f"layer '{name}' has no row that can be used. {' | '.join(told)}. "
        "Check the coordinate system ('crs'), the columns ('columns') and whether the file belongs to this region."
    )


def _clean(
    raw: Raw,
    table: Table,
    source: Source,
    crs: str,
    anchor: Box | None,
    joins: Mapping[str, gpd.GeoDataFrame],
    evidence: Mapping[str, gpd.GeoDataFrame],
) -> gpd.GeoDataFrame:
    """One file: columns matched, rows placed, shapes mended, values converted."""
    columns = {c: c for c in raw.frame if c in table.names} if raw.canonical else _match(raw, table, source)
    placed = place.place(raw, table, source, columns, crs, anchor, joins, evidence)
    raw.take(placed.ok)
    geometry, ok = repair(placed.geometry[placed.ok], table.geometry, raw.rows, raw.log,
                          holes="holes" in source.accept)  # fmt: skip
    raw.take(ok)
    geometry, error_m = geometry[ok], placed.error_m[placed.ok][ok]
    filled = {c: values[placed.ok][ok] for c, values in placed.filled.items()}
    if table.name == "hazard_sources" and not raw.canonical:
        raw.frame, where = hazards.split_substances(raw.frame, columns, raw.rows, raw.log)
        raw.rows, geometry, error_m = raw.rows[where], geometry[where], error_m[where]
        filled = {c: values[where] for c, values in filled.items()}
    texts = {c: pd.Series(values, dtype=object) for c, values in filled.items()}  # or None becomes NaN
    frame = _columns(raw, table, source, columns).assign(**texts)
    if table.name in ("enterprises", "crowded_places") and not raw.canonical:
        attributes.tell_test_rows(frame["name"].to_numpy(object), raw.rows, raw.log)
    if table.name == "districts":
        fill_level(frame, columns, raw.what, raw.log)
    if table.name == "risk_points":
        scores.tell(frame, raw.rows, raw.log)
    if table.name == "gas_pipelines":
        lines.tell_missing(frame, raw.rows, raw.log)
        if source.position_error_m is None:
            error_m = lines.schematic_error(geometry, error_m, raw.rows, raw.log)
    if "position_error_m" in table.names:
        stated = frame["position_error_m"].to_numpy(float)
        frame["position_error_m"] = np.maximum(np.where(np.isnan(stated), error_m, stated), placed.least_m)
    keep = _required(frame, table, raw)
    return gpd.GeoDataFrame(frame[keep].assign(geometry=geometry[keep]), geometry="geometry", crs=crs)


def _select(raw: Raw, source: Source) -> None:
    """Keep the rows the setting ``where`` asks for; the others are told but are not rows read."""
    for column, wanted in source.where.items():
        found = [h for h in raw.frame.columns if h == column]
        if not found:
            raise InputError(
                f"{raw.what}: where.{column}: there is no such column. Headers: {', '.join(raw.frame.columns)}."
            )
        allowed = {str(v) for v in (wanted if isinstance(wanted, list) else [wanted])}
        keep = np.array([t in allowed for t in attributes.strings(raw.frame[column])], bool)
        gone = int((~keep).sum())
        raw.take(keep)
        raw.read -= gone
        raw.log.left_out += gone
        raw.log.note("left_out", column=column, count=gone, detail=f"{gone} rows where {column} is not {wanted}")


def _match(raw: Raw, table: Table, source: Source) -> dict[str, str]:
    names = list(map(str, raw.frame.columns))
    columns, rivals = headers.match(table, names, raw.labels, source.columns, raw.what)
    period = hazards.period_columns(names) if "quantity_t" in columns else []
    if period and "quantity_t" not in source.columns:
        raw.log.note("handled", column="quantity_t", value=columns.pop("quantity_t"), detail=", ".join(period))
    for column, header in rivals.items():
        raw.log.note("rival_column", column=column, value=columns[column], detail=header)
    missing = [c.name for c in table.columns if c.required and c.name not in columns and c.name not in source.values]
    if missing:
        need, zh = missing[0], table.column(missing[0]).zh
        raise InputError(
            f"{raw.what}: layer '{table.name}' needs '{need}' ({zh}) and no header fits. Headers: {', '.join(names)}. "
            f'Write columns = {{ {need} = "HEADER" }}, or values = {{ {need} = ... }}.'
        )
    raw.log.columns = dict(columns)
    used = {*columns.values(), *headers.places(names, raw.labels, source.columns, raw.what, table).values()}
    used |= set(headers.ends(names).values()) if raw.points is not None else set()
    unused = [n for n in names if n not in used]
    if unused:
        raw.log.note("unused_columns", detail=", ".join(unused))
    return columns


def _columns(raw: Raw, table: Table, source: Source, columns: Mapping[str, str]) -> pd.DataFrame:
    """All columns of the schema, converted, with fixed values and the source filled in."""
    out: dict[str, Any] = {}
    count = len(raw.frame)
    for column in table.columns:
        header = columns.get(column.name)
        if header is None or raw.frame[header].isna().all():
            out[column.name] = _empty(column.dtype, count)
        elif raw.canonical:
            out[column.name] = _as(raw.frame[header], column.dtype)
        else:
            values = raw.frame[header]
            if column.unit:
                values = quantities.with_units(values, header, raw.frame, column.unit)
            found = attributes.convert(values, column, header, raw.rows, raw.log)
            text = column.dtype in ("string", "date", "json")
            out[column.name] = pd.Series(found, dtype=object) if text else found  # or a frame makes None of text NaN
    for name, value in source.values.items():
        out[name] = _as(pd.Series([value] * count, dtype=object), table.column(name).dtype)
    if source.values:
        raw.log.note("fixed_values", detail=", ".join(f"{k} = {v}" for k, v in source.values.items()))
    out["source_file"], out["source_row"] = raw.what, raw.rows
    frame = pd.DataFrame(out, index=range(count))
    return frame.astype({"source_row": "Int64", "source_file": object})


def _empty(dtype: str, count: int) -> pd.Series:
    return _as(pd.Series([None] * count, dtype=object), dtype)


def _as(values: pd.Series, dtype: str) -> pd.Series:
    if dtype == "float":
        return pd.to_numeric(values, errors="coerce").astype(float)
    if dtype == "int":
        return pd.to_numeric(values, errors="coerce").astype("Int64")
    if dtype == "bool":
        return values.astype("boolean")
    return values.astype(object).where(values.notna(), None)


def _required(frame: pd.DataFrame, table: Table, raw: Raw) -> np.ndarray:
    """(N,) rows with every number the layer cannot do without; a missing name or kind is only told."""
    keep = np.ones(len(frame), bool)
    for column in table.columns:
        if not column.required:
            continue
        blank = frame[column.name].isna().to_numpy()
        if column.dtype == "float":
            raw.log.reject("missing_required", raw.rows[blank & keep], column=column.name)
            keep &= ~blank
        else:
            rows = list(raw.rows[blank])
            raw.log.group("noted", "missing_required", rows, column=column.name, values=[""] * len(rows))
    return keep


def _unite(layer: gpd.GeoDataFrame, table: Table, inputs: list[tuple[Source, Raw]]) -> gpd.GeoDataFrame:
    """Merge copies and parts, give every row an id of its own, and finish what needs the whole layer."""
    logs = np.array([raw.log for _, raw in inputs], object)
    shown = [c for c in table.names if c not in ("source_file", "source_row", "position_error_m")]
    if table.name == "hazard_sources":
        layer = _take(layer, hazards.merge_reports(layer[shown], *_view(layer, logs)))
    keep, known = np.ones(len(layer), bool), _known(layer, table)
    # copies share every column, their id too
    known = known & (layer["id"].isna() | layer["id"].duplicated(keep=False)).to_numpy()
    geometry, files, rows = _view(layer, logs)
    keep[known] = duplicates(layer.loc[known, shown], geometry[known], rows[known], files[known])
    layer = _take(layer, keep)
    drawn = ~np.array([raw.canonical for _, raw in inputs], bool)[layer["_file"].to_numpy(int)]
    geometry, files, rows = _view(layer, logs)
    tell_twins(layer.loc[drawn, shown], geometry[drawn], rows[drawn], files[drawn])
    layer = _parts(layer, table, shown, inputs)
    geometry, files, rows = _view(layer, logs)
    if table.name == "districts":
        layer = _take(layer, coverage.other_versions(layer, rows, files))
    elif table.name == "enterprises":
        own = layer["_file"].to_numpy(int)
        merged, keep = firms.merge_firms(layer.assign(_file=_lists(inputs)[own]), files, rows)
        layer = _take(merged.assign(_file=own), keep)
    if table.name in ("districts", "enterprises"):
        _, files, rows = _view(layer, logs)
    layer = identity.fill_ids(layer, table, rows, files)
    if table.name == "districts":
        layer = coverage.check_coverage(add_parents(layer), rows, files)
    return layer


def _lists(inputs: list[tuple[Source, Raw]]) -> np.ndarray:
    """(F,) which list each file belongs to: mended rows that come back belong to the first, not to one of their own."""
    back = [any(i.code == "rejects_back" for i in raw.log.issues) for _, raw in inputs]
    return np.array([0 if again else number for number, again in enumerate(back)], int)


def _parts(
    layer: gpd.GeoDataFrame, table: Table, shown: list[str], inputs: list[tuple[Source, Raw]]
) -> gpd.GeoDataFrame:
    """Rows of one feature made one; tanks without numbers of their own stay apart."""
    if table.name == "hazard_sources":
        return layer
    logs = np.array([raw.log for _, raw in inputs], object)
    loose = np.array([raw.points is not None for _, raw in inputs], bool)[layer["_file"].to_numpy(int)]
    holes = np.array(["holes" in source.accept for source, _ in inputs], bool)[layer["_file"].to_numpy(int)]
    geometry, files, rows = _view(layer, logs)
    geometry, owner = parts.unite(layer[shown], geometry, rows, files, loose=loose, holes=holes)
    keep = owner == np.arange(len(layer))
    if "position_error_m" in layer:  # the worst of the parts holds for the whole
        layer = layer.assign(position_error_m=layer["position_error_m"].groupby(owner).transform("max"))
    return _take(layer.set_geometry(gpd.GeoSeries(geometry, index=layer.index, crs=layer.crs)), keep)


def _known(layer: gpd.GeoDataFrame, table: Table) -> np.ndarray:
    """
    (N,) rows that can be copies of another: those with an id, a name, or an extent of their own.

    Like tanks without a number may be two tanks, and like households on one point are two households.
    """
    known = layer["id"].notna().to_numpy()
    if table.name == "hazard_sources":
        return known
    named = layer["name"].notna().to_numpy() if "name" in table.names else np.zeros(len(layer), bool)
    return known | named | (shapely.get_dimensions(layer.geometry.to_numpy()) > 0)


def _take(layer: gpd.GeoDataFrame, keep: np.ndarray) -> gpd.GeoDataFrame:
    return layer[keep].reset_index(drop=True)


def _view(layer: gpd.GeoDataFrame, logs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Geometries, each row's log and each row's number."""
    return layer.geometry.to_numpy(), logs[layer["_file"].to_numpy(int)], layer["source_row"].to_numpy(int)


def wgs84_bounds(name: str, spec: Mapping[str, Any], folder: Path) -> Box:
    """
    (west, south, east, north) of a layer's inputs, before a region CRS is known.

    In a table of points, those more than 3 degrees from the median are left out: one wrong row must
    not choose the region's zone.

    Raises
    ------
    InputError
        If nothing has a place, or its system cannot be told without a boundary.
    """
    table = table_of(name)
    boxes = []
    for source in sources(name, spec, folder):
        if source.join:
            continue
        raw = _read(source, name, None, {})
        if not len(raw.frame):
            continue
        placed = place.place(raw, table, source, {}, "EPSG:4326", None, {}, {})
        if not placed.ok.any():
            continue
        box = shapely.bounds(placed.geometry[placed.ok])
        box = box[np.isfinite(box).all(axis=1)]
        middle = np.median((box[:, :2] + box[:, 2:]) / 2, axis=0)
        near = np.abs((box[:, :2] + box[:, 2:]) / 2 - middle).max(axis=1) <= _FAR_DEG
        box = box[near] if raw.geometry is None else box
        boxes.append(np.concatenate([box[:, :2].min(axis=0), box[:, 2:].max(axis=0)]))
    if not boxes:
        raise InputError(f"layer '{name}': no input has a place of its own. Name a layer with coordinates as boundary.")
    west, south, _, _ = np.min(boxes, axis=0)
    _, _, east, north = np.max(boxes, axis=0)
    return float(west), float(south), float(east), float(north)


def widen(box: Box, margin_m: float = MARGIN_M) -> Box:
    """A box of degrees grown by ``margin_m`` [m] on every side."""
    west, south, east, north = box
    up = margin_m / 110_574.0  # metres of a degree of latitude at its shortest (WGS 84, equator)
    side = margin_m / (111_320.0 * max(0.01, np.cos(np.radians(max(abs(south), abs(north))))))
    return float(west - side), float(south - up), float(east + side), float(north + up)
