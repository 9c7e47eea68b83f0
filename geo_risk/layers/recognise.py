"""Which layer a file holds, judged by headers, geometry, values and, where these tie, its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from .. import crs as datums
from ..errors import GeoRiskError
from ..schema import LAYERS, Table
from ..store import sha256
from . import angles, coordinates, hazards, headers
from .attributes import canonical, strings
from .raw import Raw
from .read import OSM, READABLE, SIDECARS, kind_of, members, read
from .rejects import returned
from .sample import BIG, read_head
from .sources import shapefile_parts
from .text import key, plain
from .toml import region_toml

__all__ = ["Recognised", "recognise", "region_toml"]

# Weights of the evidence. A column only this layer has tells most; a file's name decides ties.
_OWN, _COMMON, _NAME, _VALUES, _SHAPE, _MISSING = 1.0, 0.3, 1.5, 2.0, 0.5, -1.5
_ENOUGH, _TIE = 1.5, 0.8
_GENERIC = frozenset(("id", "name", "address", "state", "district", "position_error_m", "year", "kind"))
_SAMPLE = 2000  # rows whose values are looked at
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
    ``values``, ``where`` and ``join`` are settings the file needs (see `sources.sources`); ``duplicate_of`` names
    an earlier file with the same content.
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
    marks: list[tuple[Any, ...] | None] = []
    ids: list[frozenset[str]] = []
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
            marks.append(mark)
            ids.append(mine)
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
        inside = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        files += [p for p in inside if not any(part.startswith(".") for part in p.relative_to(path).parts)]
    unique = list(dict.fromkeys(files))
    stems = {p.with_suffix("") for p in unique if p.suffix.lower() == ".shp"}
    return [p for p in unique if not (kind_of(p.name) in SIDECARS and _stem(p) in stems)]


def _stem(path: Path) -> Path:
    return path.with_name(path.name[: -len(kind_of(path.name))])


def _look(path: Path) -> Iterator[tuple[Recognised, Raw | None]]:
    kind = kind_of(path.name)
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
    from .osm import LAYER_NAMES, read_raw

    found = [(name, read_raw(path, name)) for name in LAYER_NAMES]
    note = "by OpenStreetMap tags; © OpenStreetMap contributors, ODbL 1.0"
    return [
        Recognised(path, None, name, _OWN, None, "wgs84", rows=len(raw.frame), notes=(note,))
        for name, raw in found
        if len(raw.frame)
    ] or [Recognised(path, None, None, notes=("skipped: no feature of any layer in it",))]


def _judge(path: Path, sublayer: str | None, raw: Raw, rows: int | None) -> Recognised:
    """``rows``: how many the file has about, if only its head was read."""
    names = list(map(str, raw.frame.columns))
    stem = f"{path.stem} {sublayer or ''}"
    where = headers.places(names, raw.labels)
    shape = _shape(raw, where)
    notes: list[str] = [i.problem for i in raw.log.issues if i.row is None]
    if rows is not None and rows > raw.read:
        notes.append(f"judged by the first {raw.read:,} of about {rows:,} rows")
    if parts := shapefile_parts(path):
        notes.append(f"read with {', '.join(p.name for p in parts)}")
    count = raw.read if rows is None else rows
    scored: list[tuple[float, int, Table, dict[str, str]]] = []
    for table in LAYERS.values():
        if raw.read:
            score, columns = _score(table, raw, names, shape, stem)
            scored.append((score, -len(scored), table, columns))
    scored.sort(key=lambda s: s[:2], reverse=True)
    fits = [s for s in scored if s[0] >= _ENOUGH and _can_hold(s[2], shape, s[3])]
    if not fits:
        notes += [_why_none(scored[0], shape, raw) if scored else "no rows"]
        best = round(scored[0][0], 2) if scored else 0.0
        return Recognised(path, sublayer, None, best, rows=count, notes=tuple(notes))
    score, _, table, columns = fits[0]
    second = fits[1] if len(fits) > 1 else None
    if second and second[0] >= _TIE * score:
        notes.append(f"could also be {second[2].name} (score {second[0]:.1f} against {score:.1f}): confirm")
    values, flags = _values(table, columns, stem, names, notes)
    join = "enterprises" if shape is None else None
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
        where if raw.geometry is None and not join else {},
        count,
        tuple(notes),
        values,
        flags,
        join,
    )


def _shape(raw: Raw, where: dict[str, str]) -> str | None:
    """point, line or polygon: what most geometries are; None for a table without coordinates."""
    if raw.geometry is not None and len(raw.geometry):
        dimension = shapely.get_dimensions(raw.geometry)
        dimension = dimension[dimension >= 0]
        return ("point", "line", "polygon")[int(np.bincount(dimension).argmax())] if len(dimension) else None
    there = {"lon", "lat"} <= set(where) or {"x", "y"} <= set(where) or "lonlat" in where
    return "point" if there else None


def _can_hold(table: Table, shape: str | None, columns: dict[str, str]) -> bool:
    """Whether a layer takes such shapes; a table without any must name the enterprise it belongs to."""
    if shape is None:
        return bool({"enterprise_id", "enterprise_name"} & set(columns)) and "enterprise_id" in table.names
    return table.geometry in ("any", shape)


def _score(table: Table, raw: Raw, names: list[str], shape: str | None, stem: str) -> tuple[float, dict[str, str]]:
    columns, _ = headers.match(table, names, raw.labels)
    ranks = headers.ranks(table, names, raw.labels)
    score = _NAME * _name_hits(stem, table)
    for column, header in columns.items():
        rank = dict((h, r) for r, h in ranks[column])[header] / 3
        score += rank * (_COMMON if column in _GENERIC and not _particular(header) else _OWN)
        domain = table.column(column).domain
        if domain:
            known = _known_share(raw, header, domain)
            score += _VALUES * known if known >= 0.3 else -_COMMON * (column == "kind")
    by_name = _domain_in_name(table, stem)
    score += _NAME / 2 * bool(by_name)
    for needed in table.columns:
        if needed.required and needed.name not in columns and not (needed.name == "kind" and by_name):
            score += _MISSING
    if shape is not None and table.geometry == shape:
        score += _SHAPE
    return score, columns


@cache
def _particular(header: str) -> bool:
    """Whether only one layer knows the header: TOWN_ID says more than 编号."""
    known = [t.name for t in LAYERS.values() for c in t.columns if key(header) in map(key, (c.name, c.zh, *c.aliases))]
    return len(set(known)) == 1


def _known_share(raw: Raw, header: str, domain: Any) -> float:
    """Share of the values that are words of the domain."""
    values = [t for t in strings(raw.frame[header].iloc[:_SAMPLE]) if t is not None]
    table = {v: canonical(v, domain)[0] is not None and not plain(v).isdigit() for v in dict.fromkeys(values)}
    return sum(table[v] for v in values) / len(values) if values else 0.0


def _words(stem: str) -> list[str]:
    return [w for w in re.split(r"[^0-9a-z\u4e00-\u9fff]+", plain(stem).casefold()) if w]


def _in_name(word: str, stem: str) -> bool:
    """Whether a file's name has the word: whole for Latin letters (a plural s allowed), anywhere for Chinese."""
    if not word.isascii():
        return key(word) in key(stem)
    wanted, have = _words(word.replace("_", " ")), _words(stem.replace("_", " "))
    size = len(wanted)
    joined = [have[i : i + size] for i in range(len(have) - size + 1)]
    return any(all(a in (b, b + "s") or a + "s" == b for a, b in zip(w, wanted, strict=True)) for w in joined)


def _name_hits(stem: str, table: Table) -> float:
    """1 for a word of the layer in the file's name, a little more for each further one."""
    hits = sum(_in_name(alias, stem) for alias in {key(a): a for a in table.aliases}.values())
    return 1 + 0.1 * (hits - 1) if hits else 0.0


def _domain_in_name(table: Table, stem: str) -> str | None:
    """The one kind the file's name states, if the layer has kinds."""
    if "kind" not in table.names or table.name == "gas_pipelines":
        return None
    domain = table.column("kind").domain
    found = {v for v, words in domain.items() if any(_in_name(w, stem) for w in (v, *words) if len(w) > 1)}
    return found.pop() if len(found) == 1 else None


def _values(
    table: Table, columns: dict[str, str], stem: str, names: list[str], notes: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fixed values and the row filter a file needs, each told."""
    values: dict[str, Any] = {}
    flags: dict[str, Any] = {}
    if table.name == "gas_pipelines":
        rule = next((v for words, v in _PIPELINES if all(_in_name(w, stem) for w in words)), {})
        values = {k: v for k, v in rule.items() if k not in columns}
        missing = [c for c in ("kind", "medium", "diameter_mm", "pressure_mpa") if c not in columns and c not in values]
        if missing:
            notes.append(f"not in the file: {', '.join(missing)}; rules that need them stay undecided")
    elif "kind" in table.names and "kind" not in columns:
        kind = _domain_in_name(table, stem)
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
            a, b, stated = xy[:, 0], xy[:, 1], coordinates.named(raw.crs) if raw.crs else None
        elif "lon" in where or "x" in where:
            pair = ("lon", "lat") if "lon" in where and "lat" in where else ("x", "y")
            a, b = (angles.numbers(raw.frame[where[p]])[0] for p in pair)
            stated = None
        else:
            return None
        settled = coordinates.settle(a, b, stated, None, raw.what)
    except GeoRiskError as error:
        notes.append(str(error))
        return None
    if "datum" in where:
        notes.append(f"coordinate system as said in column {where['datum']}")
        return None
    lon, lat = (b, a) if settled.swap else (a, b)
    good = np.isfinite(lon) & np.isfinite(lat) & (lon != 0)
    if settled.guessed and settled.projected:
        notes.append(f"{coordinates.UNSTATED}; the numbers look like {settled.system}: confirm")
    elif settled.guessed and good.any() and _offset_land(lon[good], lat[good]):
        notes.append(
            f'{coordinates.UNSTATED}: write crs = "wgs84" (GPS, CGCS2000), "gcj02" (AMap, Tencent) or "bd09" (Baidu); '
            f'until then positions count as {coordinates.UNSTATED_DATUM_M:.0f} m uncertain and no setback is "clear"'
        )
    return settled.system


def _offset_land(lon: np.ndarray, lat: np.ndarray) -> bool:
    x, y = float(np.median(lon)), float(np.median(lat))
    return -180 <= x <= 180 and -80 <= y <= 84 and datums.metric_crs(x, y).startswith("EPSG:45")


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
        return ("bytes", sha256(path), found.sublayer)
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
