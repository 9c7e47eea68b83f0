"""Which header means which column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from ..errors import InputError
from ..schema import LAYERS, RESULTS, Column, Table
from .text import bare, key

# Where the coordinates stand. ``x`` and ``y`` carry no promise: surveys write north under X.
COORDINATES: dict[str, tuple[str, ...]] = {
    "lon": ("经度", "东经", "lng", "lon", "long", "longitude", "经度(东经)", "经度坐标", "点位经度", "地理经度"),
    "lat": ("纬度", "北纬", "lat", "latitude", "纬度(北纬)", "纬度坐标", "点位纬度", "地理纬度"),
    "lonlat": ("经纬度", "经纬度坐标", "坐标", "地理坐标", "lonlat", "lnglat", "location", "coordinates", "定位"),
    "x": ("X坐标", "坐标X", "X", "横坐标", "POINT_X", "easting", "北坐标", "coord_x"),
    "y": ("Y坐标", "坐标Y", "Y", "纵坐标", "POINT_Y", "northing", "东坐标", "coord_y"),
    "datum": ("坐标系", "坐标系统", "坐标系类型", "坐标类型", "坐标来源", "datum", "crs"),
}
# The two ends of a line by the numbers of its points, as surveys of pipes and roads write them (管线表).
ENDS: dict[str, tuple[str, ...]] = {
    "start": ("起点点号", "起点编号", "起点号", "起始点号", "起始点编号", "起点物探点号", "起点管点号", "本点号",
              "起点", "始点",
              "from", "from_id", "from_point", "from_node", "start_point", "s_point"),
    "end": ("终点点号", "终点编号", "终点号", "终止点号", "终止点编号", "终点物探点号", "终点管点号",
            "连接点号", "终点", "止点",
            "to", "to_id", "to_point", "to_node", "end_point", "e_point"),
}  # fmt: skip
POINT_NUMBERS = ("物探点号", "管点编号", "管点号", "管线点号", "管线点编号", "点号", "测点编号", "外业点号", "point_id")
# Line numbers: an identifier only where there is no better one.
_WEAK = frozenset(map(key, ("序号", "gid", "fid", "OBJECTID", "no", "no.")))
_FILLED = ("source_file", "source_row")
_DBF_NAME_BYTES = 10


@cache
def _aliases(table: str, column: str) -> tuple[tuple[str, str], ...]:
    """(alias as written, its key), best first."""
    c = (LAYERS.get(table) or RESULTS[table]).column(column)
    return tuple((a, key(a)) for a in dict.fromkeys((c.name, c.zh, *c.aliases)))


def _cut(header: str, alias: str) -> bool:
    """Whether ``header`` is ``alias`` cut at the ten bytes a shapefile allows."""
    if len(header) < 2 or not alias.startswith(header) or alias == header:
        return False
    limits = (len(header.encode("gb18030", "ignore")), len(header.encode("utf-8")))
    return any(_DBF_NAME_BYTES - 2 < size <= _DBF_NAME_BYTES for size in limits)


def _rank(header: str, label: str, aliases: Sequence[tuple[str, str]]) -> float:
    """How well a header fits: 0 not at all; nearer spellings and earlier aliases rank higher."""
    best = 0.0
    for text, worth in ((header, 1.0), (label, 0.9)):
        exact, loose = key(text), bare(text)
        if not exact:
            continue
        weak = 0.5 if exact in _WEAK else 1.0
        for place, (alias, alias_key) in enumerate(aliases):
            order = 1 - place / (4 * len(aliases))
            if exact == alias_key:
                best = max(best, 3 * worth * weak * order)
            elif loose and loose in (alias_key, bare(alias)):
                best = max(best, 2 * worth * weak * order)
            elif _cut(text, alias):
                best = max(best, 1.5 * worth * order)
    return best


def ranks(table: Table, headers: Sequence[str], labels: Mapping[str, str]) -> dict[str, list[tuple[float, str]]]:
    """Canonical column -> the headers that fit it, best first."""
    out: dict[str, list[tuple[float, str]]] = {}
    for column in table.columns:
        if column.name in _FILLED:
            continue
        aliases = _aliases(table.name, column.name)
        fits = [(_rank(h, labels.get(h, ""), aliases), h) for h in headers]
        found = sorted((f for f in fits if f[0] > 0), key=lambda f: (-f[0], headers.index(f[1])))
        if found:
            out[column.name] = found
    return out


def match(
    table: Table,
    headers: Sequence[str],
    labels: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
    what: str = "",
) -> tuple[dict[str, str], dict[str, str]]:
    """
    Canonical column -> header, and canonical column -> a second header that fits it as well.

    One header serves one column; ``id`` chooses last, so that a number of the owner (管制编号 in a
    list of tanks) goes to the column that says so. ``given`` wins over recognition.

    Raises
    ------
    InputError
        If ``given`` names an unknown column or a header the file does not have.
    """
    given = given or {}
    fits = ranks(table, headers, labels or {})
    chosen = {c: _given(c, h, table, headers, what) for c, h in given.items()}
    rivals: dict[str, str] = {}
    used = {h for c, h in chosen.items() if c in table.names}
    best_first = sorted(fits, key=lambda c: (c == "id", -fits[c][0][0], table.names.index(c)))
    for column in best_first:
        free = [(rank, h) for rank, h in fits[column] if h not in used]
        if column in chosen or not free:
            continue
        chosen[column] = free[0][1]
        used.add(free[0][1])
        if len(free) > 1 and free[1][0] > 0.8 * free[0][0]:
            rivals[column] = free[1][1]
    return {c: h for c, h in chosen.items() if c in table.names}, rivals


def _given(column: str, header: str, table: Table, headers: Sequence[str], what: str) -> str:
    if column not in table.names and column not in COORDINATES:
        known = ", ".join((*(n for n in table.names if n not in _FILLED), *COORDINATES))
        raise InputError(f"{what}: columns.{column} is no column of layer '{table.name}'. Known: {known}.")
    found = [h for h in headers if h == header] or [h for h in headers if key(h) == key(header)]
    if not found:
        raise InputError(
            f"{what}: columns.{column} = {header!r}, but the file has no such header. Its headers are: "
            f"{', '.join(headers)}."
        )
    return found[0]


def places(
    headers: Sequence[str],
    labels: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
    what: str = "",
    table: Table | None = None,
) -> dict[str, str]:
    """Which headers hold lon, lat, lonlat, x, y and datum; only those that are there."""
    labels, given = labels or {}, given or {}
    out: dict[str, str] = {}
    for column, aliases in COORDINATES.items():
        if column in given:
            out[column] = _given(column, given[column], table or LAYERS["enterprises"], headers, what)
            continue
        pairs = tuple((a, key(a)) for a in aliases)
        fits = [(_rank(h, labels.get(h, ""), pairs), -i) for i, h in enumerate(headers)]
        rank, place = max(fits, default=(0, 0))
        if rank > 0 and headers[-place] not in out.values():
            out[column] = headers[-place]
    return out


def ends(names: Iterable[object]) -> dict[str, str]:
    """Which headers hold the numbers of a line's ``start`` and ``end`` point; only those that are there."""
    written = {key(n): str(n) for n in names}
    found = {end: next((written[key(a)] for a in words if key(a) in written), None) for end, words in ENDS.items()}
    return {end: name for end, name in found.items() if name is not None}


# Columns by which offices write in blocks: the name stands in the first row of a block only.
_GROUPS = ("district", "park", "enterprise_id", "enterprise_name")


def grouping(layer: str, headers: Sequence[str], labels: Mapping[str, str]) -> list[str]:
    """The headers of a layer's columns that group rows: township, park, the enterprise of a tank."""
    if layer not in LAYERS:
        return []
    found, _ = match(LAYERS[layer], headers, labels)
    # A blank enterprise of a risk point may say that it is nobody's: a bridge, a crossroads.
    groups = _GROUPS[:2] if layer == "risk_points" else _GROUPS
    return [found[c] for c in groups if c in found]


@cache
def vocabulary() -> frozenset[str]:
    """The keys of every header any layer knows."""
    columns: Iterable[Column] = (c for t in LAYERS.values() for c in t.columns)
    words = {key(a) for c in columns for a in (c.name, c.zh, *c.aliases)}
    places = (*COORDINATES.values(), *ENDS.values(), POINT_NUMBERS)
    return frozenset(words | {key(a) for group in places for a in group})


def known(cell: str, also: Iterable[str] = ()) -> bool:
    """Whether a cell reads like a header."""
    return bool(cell) and (key(cell) in vocabulary() or bare(cell) in vocabulary() or cell in also)
