"""Which layer a file holds, judged by headers, geometry, values and, where these tie, its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from .. import crs as datums
from ..errors import GeoRiskError
from ..schema import LAYERS, Table
from ..store import sha256
from . import angles, coordinates, hazards, headers, raster, survey, systems
from .attributes import strings
from .evidence import KINDS, Around, townships
from .fitting import OWN, can_hold, domain_in_name, in_name, name_hits, worth
from .load import load_layer, wgs84_bounds
from .place import own_places
from .raw import Raw
from .read import OSM, READABLE, SIDECARS, kind_of, members, read
from .rejects import returned
from .sample import BIG, read_head
from .sources import source_parts
from .text import key
from .toml import WEATHER, region_toml
from .vectors import COMPANIONS
from .weather import is_wind, load_wind

__all__ = ["Recognised", "recognise", "region_toml"]

_ENOUGH, _TIE = 1.5, 0.8
_SAME_IDS = 0.5  # of the smaller file's ids: two versions of one list
_SAME_PLACE_M, _SAME_SIZE = 20.0, 0.005  # two files with these bounds and this total size hold the same shapes
_PERIOD = frozenset(
    map(key, ("STARTDATE", "ENDDATE", "period", "quarter", "季度", "期间", "申报期", "起始日期", "截止日期"))
)
# What a pipeline file's name says beyond doubt: (words that must all occur) -> values.
_PIPELINES: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    (("petrochemical",), {"kind": "hazmat", "medium": "chemicals"}),
    (("石化",), {"kind": "hazmat", "medium": "chemicals"}),
    (("petroleum",), {"medium": "refined_oil"}),
    (("成品油",), {"medium": "refined_oil"}),
    (("natural_gas", "city"), {"kind": "town_gas", "medium": "natural_gas"}),
    (("natural_gas",), {"medium": "natural_gas"}),
    (("城镇燃气",), {"kind": "town_gas", "medium": "natural_gas"}),
    (("天然气",), {"medium": "natural_gas"}),
)


@dataclass(frozen=True)
class Recognised:
    """
    What one file, or one layer or sheet of it, seems to hold; ``layer`` None where nothing fits.

    ``columns`` maps the layer's columns to headers, ``places`` the coordinates' names to headers.
    ``values``, ``where`` and ``join`` are settings the file needs (see `sources.sources`); ``judged`` is a
    system that is not stated but told by the other files, ``crs`` any that can be told; ``duplicate_of``
    names an earlier file with the same content.
    """

    path: Path
    sublayer: str | None
    layer: str | None
    score: float = 0.0
    runner_up: str | None = None
    crs: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    notes: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    where: dict[str, Any] = field(default_factory=dict)
    join: str | None = None
    duplicate_of: str | None = None
    judged: str | None = None

    @property
    def shown(self) -> str:
        """The file as named in messages and in region.toml."""
        return self.path.name + (f"#{self.sublayer}" if self.sublayer else "")


def recognise(paths: Sequence[Path]) -> list[Recognised]:
    """
    Every table in ``paths`` (folders are walked) and the layer it seems to hold.

    Files that are no data, cannot be read, or fit no layer are in the list too, with ``layer`` None
    and the reason in ``notes``; so is a file that repeats an earlier one, with ``duplicate_of``.
    """
    out: list[Recognised] = []
    raws: list[Raw | None] = []
    marks: list[tuple[Any, ...] | None] = []
    ids: list[frozenset[str]] = []
    plain_tables: list[Raw | None] = []
    for path in _files(paths):
        for found, raw in _look(path):
            mark = _mark(path, found, raw)
            original = next((o for o, m in zip(out, marks, strict=True) if m and mark and _same(m, mark)), None)
            if original is not None:
                note = f"the same content as {original.shown}; left out"
                found = replace(found, layer=original.layer, duplicate_of=original.shown, notes=(note,))
            mine = _ids(found, raw)
            rival = next(
                (o for o, i in zip(out, ids, strict=True) if o.layer == found.layer and _overlap(i, mine)), None
            )
            if rival is not None and found.duplicate_of is None:
                note = f"has the same ids as {rival.shown}, with other content: keep one of the two"
                found = replace(found, notes=(*found.notes, note))
            out.append(found)
            raws.append(raw)
            marks.append(mark)
            ids.append(mine)
            plain_tables.append(raw if raw is not None and raw.geometry is None else None)
    return _surveys(_judge_systems(out, raws), plain_tables)


def _surveys(found: list[Recognised], tables: list[Raw | None]) -> list[Recognised]:
    """The same list, in which a table of lines between numbered points and the table of these points are one layer."""
    out = list(found)
    for n, raw in enumerate(tables):
        others = [(m, other) for m, other in enumerate(tables) if other is not None and m != n]
        best = survey.best_points(raw, [other for _, other in others]) if raw is not None else None
        if raw is None or best is None:
            continue
        points = found[others[best][0]]
        lines = _judge(found[n].path, found[n].sublayer, raw, found[n].rows, "line")
        if lines.layer is None or LAYERS[lines.layer].geometry != "line":
            continue
        out[n] = replace(lines, notes=(*lines.notes, f"lines between the points of {points.shown}"))
        notes = (f"the points of {lines.shown}", *(t for t in points.notes if t.startswith(coordinates.UNSTATED)))
        out[others[best][0]] = replace(points, layer=lines.layer, score=lines.score, runner_up=None, columns={},
                                       values={}, where={}, join=None, notes=notes)  # fmt: skip
    return out


def _ids(found: Recognised, raw: Raw | None) -> frozenset[str]:
    """The file's own identifiers, if its id column has one for each row."""
    if raw is None or found.layer is None or "id" not in found.columns:
        return frozenset()
    written = [t for t in strings(raw.frame[found.columns["id"]]) if t is not None]
    return frozenset(written) if len(set(written)) == len(written) == len(raw.frame) else frozenset()


def _overlap(a: frozenset[str], b: frozenset[str]) -> bool:
    return len(a & b) > _SAME_IDS * max(1, min(len(a), len(b)))


def _files(paths: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for path in map(Path, paths):
        walked = path.is_dir() and not _is_geodatabase(path)
        inside = [p for p in sorted(path.rglob("*")) if _is_source(p)] if walked else [path]
        files += [p for p in inside if not any(part.startswith(".") for part in p.relative_to(path).parts)]
    unique = list(dict.fromkeys(files))
    stems = {p.with_suffix("") for p in unique if p.suffix.lower() in COMPANIONS and p.suffix.lower() != ".dbf"}
    return [p for p in unique if not (kind_of(p.name) in SIDECARS and _stem(p) in stems)]


def _is_geodatabase(path: Path) -> bool:
    """Whether a folder is one source, whose files are not looked at by themselves."""
    return path.is_dir() and path.suffix.lower() == ".gdb"


def _is_source(path: Path) -> bool:
    return _is_geodatabase(path) or (path.is_file() and not _is_geodatabase(path.parent))


def _stem(path: Path) -> Path:
    return path.with_name(path.name[: -len(kind_of(path.name))])


def _look(path: Path) -> Iterator[tuple[Recognised, Raw | None]]:
    kind = kind_of(path.name)
    own = _look_raster(path) if raster.is_raster(path) else _look_wind(path) if is_wind(path) else None
    if own is not None:
        yield own, None
        return
    if kind not in READABLE and kind not in SIDECARS:
        yield Recognised(path, None, None, notes=("skipped: no kind of file that holds data",)), None
        return
    try:
        if kind in OSM:
            yield from ((r, None) for r in _look_osm(path))
            return
        tables = members(path)
        if not tables:
            yield Recognised(path, None, None, notes=("skipped: the archive holds nothing that can be read",)), None
    except GeoRiskError as error:
        yield Recognised(path, None, None, notes=(f"skipped: {error}",)), None
        return
    for member in tables:
        label = member.label if len(tables) > 1 else None
        try:
            raw, rows = read_head(path, kind, label) if path.stat().st_size > BIG else (read(path, label), None)
            returned(raw)
            yield _judge(path, label, raw, rows), raw
        except GeoRiskError as error:
            yield Recognised(path, label, None, notes=(f"skipped: {error}",)), None


def _look_osm(path: Path) -> list[Recognised]:
    from .osm import survey

    note = "by OpenStreetMap tags; © OpenStreetMap contributors, ODbL 1.0"
    return [
        Recognised(path, None, name, OWN, None, "wgs84", rows=count, notes=(note,))
        for name, count in survey(path).items()
    ] or [Recognised(path, None, None, notes=("skipped: no feature of any layer in it",))]


def _look_raster(path: Path) -> Recognised:
    """Population or elevation, by the file's name; a raster's numbers alone do not tell."""
    stem = path.name.partition(".")[0]
    hits = [n for n in ("population", "elevation") if name_hits(stem, LAYERS[n])]
    if re.fullmatch(r"[NS]\d{2}[EW]\d{3}", stem, re.I):  # how tiles of SRTM heights are named
        hits = ["elevation"]
    if len(hits) != 1:
        return Recognised(path, None, None, notes=("skipped: a raster whose name tells neither population nor height",))
    notes: tuple[str, ...] = ("a raster, by its name",)
    if hits[0] == "population":
        notes += ('what a cell holds is read from the file; else write unit = "persons" or "persons/km2"',)
    return Recognised(path, None, hits[0], OWN, notes=notes)


def _look_wind(path: Path) -> Recognised:
    try:
        table, report = load_wind(path)
    except GeoRiskError as error:
        return Recognised(path, None, None, notes=(f"skipped: {error}",))
    return Recognised(path, None, WEATHER, OWN, rows=report.rows_read, notes=(f"wind: {len(table)} classes",))


def _judge(path: Path, sublayer: str | None, raw: Raw, rows: int | None, shape: str | None = None) -> Recognised:
    """
    ``rows``: how many the file has about, if only its head was read. ``shape`` is what the rows are where
    neither geometry nor coordinates tell: lines of a survey.
    """
    names = list(map(str, raw.frame.columns))
    stem = f"{path.stem} {sublayer or ''}"
    where = headers.places(names, raw.labels)
    shape = shape or _shape(raw, where)
    notes: list[str] = [i.problem for i in raw.log.issues if i.row is None]
    if rows is not None and rows > raw.read:
        notes.append(f"judged by the first {raw.read:,} of about {rows:,} rows")
    if not path.is_dir() and (parts := source_parts(path)[1:]):
        notes.append(f"read with {', '.join(p.name for p in parts)}")
    count = raw.read if rows is None else rows
    scored: list[tuple[float, int, Table, dict[str, str]]] = []
    for table in LAYERS.values():
        if raw.read:
            score, columns = worth(table, raw, names, shape, stem)
            scored.append((score, -len(scored), table, columns))
    scored.sort(key=lambda s: s[:2], reverse=True)
    fits = [s for s in scored if s[0] >= _ENOUGH and can_hold(s[2], shape, s[3])]
    if not fits:
        notes += [_why_none(scored[0], shape, raw) if scored else "no rows"]
        best = round(scored[0][0], 2) if scored else 0.0
        return Recognised(path, sublayer, None, best, rows=count, notes=tuple(notes))
    score, _, table, columns = fits[0]
    second = fits[1] if len(fits) > 1 else None
    if second and second[0] >= _TIE * score:
        notes.append(f"could also be {second[2].name} (score {second[0]:.1f} against {score:.1f}): confirm")
    values, flags = _values(table, columns, stem, names, notes)
    join = "enterprises" if shape is None or _lacks_places(raw, table, where, columns) else None
    if table.name == "hazard_sources":
        _judge_hazards(raw, columns, names, join, notes)
    crs = _system(raw, where, shape, notes)
    runner = second[2].name if second else None
    return Recognised(
        path,
        sublayer,
        table.name,
        round(score, 2),
        runner,
        crs,
        columns,
        where if raw.geometry is None and shape else {},
        count,
        tuple(notes),
        values,
        flags,
        join,
    )


def _lacks_places(raw: Raw, table: Table, where: dict[str, str], columns: dict[str, str]) -> bool:
    """Whether rows of a list of risk points leave the place to their enterprise, which they name."""
    if table.name != "risk_points" or raw.geometry is not None or not {"enterprise_id", "enterprise_name"} & {*columns}:
        return False
    return not own_places(raw, where).all()


def _shape(raw: Raw, where: dict[str, str]) -> str | None:
    """point, line or polygon: what most geometries are; None for a table without coordinates."""
    if raw.geometry is not None and len(raw.geometry):
        dimension = shapely.get_dimensions(raw.geometry)
        dimension = dimension[dimension >= 0]
        return ("point", "line", "polygon")[int(np.bincount(dimension).argmax())] if len(dimension) else None
    there = {"lon", "lat"} <= set(where) or {"x", "y"} <= set(where) or "lonlat" in where
    return "point" if there else None


def _values(
    table: Table, columns: dict[str, str], stem: str, names: list[str], notes: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fixed values and the row filter a file needs, each told."""
    values: dict[str, Any] = {}
    flags: dict[str, Any] = {}
    if table.name == "gas_pipelines":
        rule = next((v for words, v in _PIPELINES if all(in_name(w, stem) for w in words)), {})
        values = {k: v for k, v in rule.items() if k not in columns}
        missing = [c for c in ("kind", "medium", "diameter_mm", "pressure_mpa") if c not in columns and c not in values]
        if missing:
            notes.append(f"not in the file: {', '.join(missing)}; rules that need them stay undecided")
    elif "kind" in table.names and "kind" not in columns:
        kind = domain_in_name(table, stem)
        values = {"kind": kind} if kind else {}
    if table.name == "roads" and "street_like" in names:
        flags, values = {"street_like": 1}, {"class": "unclassified"}
        notes.append("has a street_like mark: derived lines, not a road data set; no class, direction or speed")
    if values:
        notes.append(f"taken for every row, from the file's name: {', '.join(f'{k} = {v}' for k, v in values.items())}")
    return values, flags


def _judge_hazards(raw: Raw, columns: dict[str, str], names: list[str], join: str | None, notes: list[str]) -> None:
    if join:
        owner = columns.get("enterprise_id") or columns["enterprise_name"]
        notes.append(f"no coordinates: placed by {owner} at the enterprises")
    period = hazards.period_columns(names)
    if period:
        amount = columns.pop("quantity_t", None)
        told = f" ({amount} is not used)" if amount else ""
        what = "amounts of a period are handled amounts, not stocks"
        notes.append(f"{', '.join(period)}: {what}; quantity_t stays empty{told}")
    if {"enterprise_id", "substance"} <= set(columns) and "quantity_t" not in columns:
        pairs = len(raw.frame[[columns["enterprise_id"], columns["substance"]]].drop_duplicates())
        if pairs < len(raw.frame):
            notes.append(
                f"{len(raw.frame)} rows name {pairs} pairs of enterprise and substance: merged to one source each"
            )


def _system(raw: Raw, where: dict[str, str], shape: str | None, notes: list[str]) -> str | None:
    """The coordinate system as far as it can be told without a boundary."""
    if shape is None:
        return None
    try:
        if raw.geometry is not None:
            xy = shapely.get_coordinates(raw.geometry)
            a, b, stated = xy[:, 0], xy[:, 1], systems.named(raw.crs) if raw.crs else None
        elif "lon" in where or "x" in where:
            pair = ("lon", "lat") if "lon" in where and "lat" in where else ("x", "y")
            a, b = (angles.numbers(raw.frame[where[p]])[0] for p in pair)
            stated = None
        else:
            return None
        settled = coordinates.settle(a, b, stated, None, raw.what, insist=False)
    except GeoRiskError as error:
        notes.append(str(error))
        return None
    if "datum" in where:
        notes.append(f"coordinate system as said in column {where['datum']}")
        return None
    lon, lat = (b, a) if settled.swap else (a, b)
    good = np.isfinite(lon) & np.isfinite(lat) & (lon != 0)
    if settled.mercator:
        lon, lat = systems.to_degrees(lon, lat, settled.system)
    if settled.guessed and settled.projected and not settled.mercator:
        notes.append(f"{coordinates.UNSTATED}; the numbers look like {settled.system}: confirm")
    elif settled.guessed and good.any() and systems.offset_land(lon[good], lat[good]):
        notes.append(
            f'{coordinates.UNSTATED}: write crs = "wgs84" (GPS, CGCS2000), "gcj02" (AMap, Tencent) or "bd09" (Baidu), '
            'or "unknown": then no setback is "clear"'
        )
    return settled.system


def _judge_systems(found: list[Recognised], raws: list[Raw | None]) -> list[Recognised]:
    """Files of no stated system again, judged by the districts, roads and water among the others."""
    open_ = [i for i, r in enumerate(found) if r.layer and not r.duplicate_of and _unstated(r)]
    known = _known_layers([r for r in found if r.layer and not r.duplicate_of and not _unstated(r)]) if open_ else {}
    out = list(found)
    for i in open_ if known else []:
        raw, r = raws[i], found[i]
        shapes = None if raw is None else _shapes(raw)
        if raw is None or shapes is None:
            continue
        header = r.columns.get("district")
        owners = townships(raw.frame[header], known["districts"]) if header and "districts" in known else None
        crs = next(iter(known.values())).crs.to_string()
        verdict = Around(crs, known, owners).judge(shapes, ("wgs84", *systems.OFFSETS))
        if verdict is not None and verdict.decisive:
            note = f"coordinate system by evidence: {verdict.best} ({KINDS[verdict.kind]}: {verdict.counts})"
            rest = tuple(n for n in r.notes if not n.startswith(coordinates.UNSTATED))
            out[i] = replace(r, crs=verdict.best, judged=verdict.best, notes=(*rest, note))
        elif verdict is not None:
            note = f"by {KINDS[verdict.kind]} {verdict.best} fits best, which is no proof: {verdict.counts}"
            out[i] = replace(r, notes=(*r.notes, note))
    return out


def _unstated(found: Recognised) -> bool:
    return any(note.startswith(coordinates.UNSTATED) for note in found.notes)


def _known_layers(found: list[Recognised]) -> dict[str, gpd.GeoDataFrame]:
    """Districts, roads and water among the recognised files, as clean layers in one metric system."""
    out: dict[str, gpd.GeoDataFrame] = {}
    crs: str | None = None
    for layer in ("districts", "roads", "water"):
        files = [{"path": str(r.path.absolute()) + (f"#{r.sublayer}" if r.sublayer else ""), "values": r.values,
                  "where": r.where} for r in found if r.layer == layer]  # fmt: skip
        if not files:
            continue
        try:
            if crs is None:
                west, south, east, north = wgs84_bounds(layer, {"source": files}, Path())
                crs = datums.metric_crs((west + east) / 2, (south + north) / 2)
            out[layer], _ = load_layer(layer, {"source": files}, folder=Path(), crs=crs)
        except GeoRiskError:
            continue  # the file's own line in the result says what is wrong with it
    return out


def _shapes(raw: Raw) -> np.ndarray | None:
    """Geometries in degrees as written, axes in order; None for metres and for tables without two columns."""
    if raw.geometry is not None:
        xy = shapely.get_coordinates(raw.geometry)
        swap = coordinates.settle(xy[:, 0], xy[:, 1], None, None, raw.what).swap
        return shapely.transform(raw.geometry, lambda c: c[:, ::-1]) if swap else raw.geometry
    where = headers.places(list(map(str, raw.frame.columns)), raw.labels)
    pair = ("lon", "lat") if "lon" in where and "lat" in where else ("x", "y")
    if not set(pair) <= set(where):
        return None
    a, b = (angles.numbers(raw.frame[where[p]])[0] for p in pair)
    settled = coordinates.settle(a, b, None, None, raw.what)
    lon, lat = (b, a) if settled.swap else (a, b)
    good = np.isfinite(lon) & np.isfinite(lat) & (lon != 0) & (lat != 0)
    out = np.full(len(a), None, object)
    out[good] = shapely.points(lon[good], lat[good])
    return out


def _why_none(best: tuple[float, int, Table, dict[str, str]], shape: str | None, raw: Raw) -> str:
    score, _, table, columns = best
    if score < _ENOUGH:
        return f"skipped: fits no layer (headers: {', '.join(map(str, raw.frame.columns[:12]))})"
    if shape is None:
        return (
            f"skipped: the columns fit {table.name}, but there are no coordinates and no enterprise to take them from"
        )
    found = f"the columns fit {table.name} ({', '.join(columns)})"
    return f"skipped: {found}, but that layer holds {table.geometry}s and these are {shape}s"


def _mark(path: Path, found: Recognised, raw: Raw | None) -> tuple[Any, ...] | None:
    """What two files with the same content share: bounds and total size of shapes, else (or of a head) the bytes."""
    if raw is None or raw.read == 0:
        return None
    if raw.geometry is None or not found.crs or found.crs in ("gcj02", "bd09") or found.rows > raw.read:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        return ("bytes", *map(sha256, files), found.sublayer)
    flat = shapely.force_2d(raw.geometry)
    shapes = gpd.GeoSeries(flat, crs=raw.crs or ("EPSG:4326" if found.crs in ("wgs84", "cgcs2000") else found.crs))
    west, south, east, north = shapes.to_crs("EPSG:4326").total_bounds
    if not np.isfinite((west, south, east, north)).all():
        return None
    metric = shapes.to_crs(datums.metric_crs((west + east) / 2, (south + north) / 2))
    return ("shape", metric.total_bounds, float(metric.length.sum()), float(metric.area.sum()), len(metric), metric.crs)


def _same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    if a[0] != b[0] or a[0] == "bytes":
        return bool(a[0] == b[0] and a == b)
    near = np.abs(np.subtract(a[1], b[1])).max() <= _SAME_PLACE_M and a[4] == b[4] and a[5] == b[5]
    return bool(near and all(abs(a[i] - b[i]) <= _SAME_SIZE * max(a[i], b[i]) for i in (2, 3)))
