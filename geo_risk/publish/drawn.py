"""The rows of each layer of the map, taken from the tables as `catalogue` says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from numpy.typing import NDArray

from .. import schema
from .catalogue import LAYERS, Spec
from .columns import LEVELS, domain_words
from .joined import joined_roads, merged, with_outline
from .rescue_layers import FORCES
from .trips import ends, limited_roads, numbers
from .words import phrase

# A layer with more features than this gets no labels.
MAX_LABELLED = 20_000
# Outlines of service areas may move by this [m]: half a pixel at their highest zoom, 12, and within
# what a reach along roads can claim.
_REACH_M = 8.0
# Level of the outer boundary in the boundary layer.
OUTLINE = "city"
_NO_LEVEL = ("area", "区域", "Area")
# What the register of enterprises and the list of risk points tell besides their grade.
_FACTS: tuple[str, ...] = ("address", "park", "sector", "staff", "regulated", "standardisation", "state")
_FACTS += ("location", "measures", "control_level", "unit", "person", "phone", "visited")
# Lines of the teams that inspect; none is a grade's colour.
_TEAM_COLORS = ("#1b7837", "#762a83", "#01665e", "#8c510a", "#35978f", "#9970ab")
Layer = tuple[Spec, gpd.GeoDataFrame]


def layers_of(tables: Mapping[str, pd.DataFrame]) -> Iterator[Layer | str]:
    """
    (spec, rows) of every layer the tables can fill, in drawing order; `SURFACES_HERE` in its place.

    Where a result and an input layer share an id (enterprises, boundaries) the result is taken.
    """
    seen: set[str] = set()
    for spec in LAYERS:
        if isinstance(spec, str):
            yield spec
            continue
        frame = tables.get(spec.table)
        if spec.id in seen or not isinstance(frame, gpd.GeoDataFrame):
            continue
        rows = _chosen(frame, spec)
        if len(rows) == 0 or (spec.style == "label" and len(rows) > MAX_LABELLED):
            continue
        seen.add(spec.id)
        yield from _parts(spec, _with_facts(spec, rows, tables))


def _with_facts(spec: Spec, rows: gpd.GeoDataFrame, tables: Mapping[str, pd.DataFrame]) -> gpd.GeoDataFrame:
    """A result about the rows of an input layer of the same name, with what that layer tells of each besides."""
    facts = tables.get(f"layers/{spec.id}") if spec.table == spec.id else None
    if facts is None or "id" not in facts.columns or "id" not in rows.columns or not facts["id"].is_unique:
        return rows
    more = facts[[c for c in _FACTS if c in facts.columns and c not in rows.columns]]
    more = more.set_axis(facts["id"], axis=0).reindex(rows["id"]).set_axis(rows.index, axis=0)
    return rows.join(more.dropna(axis=1, how="all"))


def _chosen(frame: gpd.GeoDataFrame, spec: Spec) -> gpd.GeoDataFrame:
    for column, values in spec.where.items():
        if column not in frame.columns:
            return frame.iloc[:0]
        frame = frame[frame[column].isin(values)]
    return frame[~(frame.geometry.is_empty | frame.geometry.isna())]


def _parts(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    """One table as one layer, or one for each level, kind of facility, team or kind of geometry."""
    plainly = _as_rings if spec.table == "risk_contours" else _as_they_are
    yield from _TAKEN.get(spec.id, _as_points if spec.geometry == "circle" else plainly)(spec, rows)


def _as_points(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    """Each row by a point in it; the outlines of areas and lines as a layer of their own."""
    outlined = shapely.get_dimensions(rows.geometry.to_numpy()) > 0
    if outlined.any() and not spec.base:
        outline = _renamed(spec, "outline", f"{spec.zh}轮廓", f"{spec.en}: outlines")
        yield replace(outline, geometry="line"), rows[outlined]
    yield spec, _with_geometry(rows, _points(rows.geometry.to_numpy()))


def _as_they_are(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    fits = shapely.get_dimensions(rows.geometry.to_numpy()) == (2 if spec.geometry == "fill" else 1)
    if fits.any():
        yield spec, rows[fits]


def _as_rings(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    yield spec, _with_geometry(rows, shapely.boundary(rows.geometry.to_numpy()))


def _by_level(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    level_of = rows["level"] if "level" in rows.columns else pd.Series("", index=rows.index)
    level_of = level_of.where(level_of.isin(list(LEVELS)), _NO_LEVEL[0])
    for level, (zh, en) in {_NO_LEVEL[0]: _NO_LEVEL[1:], **LEVELS}.items():
        if (level_of == level).any():
            one = _renamed(spec, level, spec.zh.format(level=zh), spec.en.format(level=en))
            yield one, rows[level_of == level]


def _by_kind(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    names = domain_words(schema.LAYERS["emergency_facilities"].column("kind"))
    for kind in sorted(rows["facility_kind"].dropna().unique()):
        name = names.get(kind, {"zh": kind, "en": kind})
        # The widest reach first, so that the shorter ones lie on it.
        reach = rows[rows["facility_kind"] == kind].sort_values("limit_min", ascending=False, kind="stable")
        # Without preserving topology, then mended: thousands of holes otherwise take seconds.
        outline = shapely.simplify(reach.geometry.to_numpy(), _REACH_M, preserve_topology=False)
        reach = _with_geometry(reach, shapely.make_valid(outline))
        yield _renamed(spec, kind, spec.zh.format(kind=name["zh"]), spec.en.format(kind=name["en"])), reach


def _by_force(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    """Each kind of facility with a mark of its own, the first to come on top; those of no known kind as they are."""
    names = domain_words(schema.LAYERS["emergency_facilities"].column("kind"))
    other = ~rows["kind"].isin(list(FORCES))
    if other.any():
        yield from _as_points(spec, rows[other])
    for kind, look in FORCES.items():
        if (rows["kind"] == kind).any():
            one = replace(_renamed(spec, kind, names[kind]["zh"], names[kind]["en"].capitalize()), **look)
            yield from _as_points(one, rows[rows["kind"] == kind])


# Colours of the zones of each effect, the severest first.
_ZONE_COLORS = {
    "death": ("#67000d", "#cb181d", "#fb6a4a"),
    "heat": ("#7f2704", "#d94801", "#fd8d3c"),
    "overpressure": ("#3f007d", "#6a51a3", "#9e9ac8"),
    "front": ("#08306b", "#2171b5", "#4292c6", "#6baed6"),
    "erg": ("#252525", "#737373"),
    "keep out": ("#000000",),
    "toxic": ("#00441b", "#006d2c", "#238b45", "#41ab5d", "#74c476", "#a1d99b"),
}
_ZONES_HIDDEN = ("AEGL-1", "ERPG-1", "ERPG-2", "ERPG-3", "IDLH", "AEGL-2 front", "keep out")


def _zones(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    """Each zone of an accident as a layer that says its level and how far it goes, the largest first."""
    # Where all who are caught die, the zones of 1, 50 and 99 % are one.
    rows = rows[~rows.assign(area=rows["area_km2"].round(6)).duplicated(["kind", "effect", "area"])]
    family = rows["effect"].map(zone_family)
    # The smaller of two zones of one family is the severer.
    rank = rows.groupby([rows["kind"], family])["area_km2"].rank(method="first").astype(int) - 1
    for number, (i, row) in enumerate(rows.iterrows()):
        colors = _ZONE_COLORS[family[i]]
        color = colors[min(rank[i], len(colors) - 1)]
        said = {lang: f"{kind_word(row['kind'], lang)}{zone_words(row, lang)}" for lang in ("zh", "en")}
        one = replace(spec, id=f"zone_{number}", zh=said["zh"], en=said["en"], color=color)
        dash = {"front": "2 6", "erg": "9 5", "keep out": "12 4"}.get(family[i], "")
        yield replace(one, visible=row["effect"] not in _ZONES_HIDDEN, dash=dash), rows.loc[[i]]


def zone_family(effect: str) -> str:
    """Which colours a zone has, by its effect."""
    if effect.startswith("ERG "):
        return "erg"
    return effect if effect in _ZONE_COLORS else "front" if effect.endswith("front") else "toxic"


def kind_word(kind: str, lang: str) -> str:
    """The outcome that heads the name of a zone; nothing for what is of no single outcome."""
    if not kind:
        return ""
    return f"{phrase(kind)}：" if lang == "zh" else f"{kind.replace('_', ' ').capitalize()}: "


def zone_words(row: Mapping[str, Any], lang: str) -> str:
    """What a zone is and how far it reaches, such as "heat 12.5 kW/m², 357 m"."""
    effect, level, unit = str(row["effect"]), float(row["level"]), str(row["unit"])
    name = phrase(effect) if lang == "zh" else effect
    far = float(row["distance_m"])
    reach = f"{far / 1000:.1f} km" if far >= 1000 else f"{far:.0f} m"
    if unit == "min":
        name = {"zh": f"{effect.removesuffix(' front')} 前锋", "en": effect}[lang]
    scale = {"probability": (100, "%"), "W/m2": (1e-3, "kW/m²"), "Pa": (1e-3, "kPa")}
    times, word = scale.get(unit, (1, {"min": {"zh": "分钟", "en": "min"}[lang]}.get(unit, unit)))
    figure = "" if unit in ("", "m") else f" {times * level:g} {word}"
    if effect == "death":
        figure = f" ≥{figure}"
    return f"{name}{figure}{'，' if lang == 'zh' else ', '}{reach}"


def _renamed(spec: Spec, suffix: str, zh: str, en: str) -> Spec:
    return replace(spec, id=f"{spec.id}_{suffix}", zh=zh, en=en)


def _with_geometry(rows: gpd.GeoDataFrame, geometry: NDArray) -> gpd.GeoDataFrame:
    return rows.set_geometry(gpd.GeoSeries(geometry, index=rows.index, crs=rows.crs))


def _points(geometry: NDArray) -> NDArray:
    """A point inside each area or line; points stay."""
    inner = shapely.get_dimensions(geometry) > 0
    geometry = geometry.copy()
    geometry[inner] = shapely.point_on_surface(geometry[inner])
    return geometry


def _tours(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    """Of each team a layer: a line a day through its visits in their order."""
    columns = {"team", "day", "order"} <= set(rows.columns)
    visits = rows[rows["team"].notna()].sort_values(["team", "day", "order"]) if columns else rows.iloc[:0]
    for number, (team, mine) in enumerate(visits.groupby("team")):
        days = [(day, stops) for day, stops in mine.groupby("day") if len(stops) > 1]
        lines = [shapely.linestrings(shapely.get_coordinates(_points(stops.geometry.to_numpy()))) for _, stops in days]
        told = {"team": [team] * len(days), "day": [day for day, _ in days]}
        said = {"zh": f"第 {team} 组", "en": f"team {team}"}
        one = _renamed(spec, str(team), spec.zh.format(team=said["zh"]), spec.en.format(team=said["en"]))
        if days:
            yield (
                replace(one, color=_TEAM_COLORS[number % len(_TEAM_COLORS)]),
                gpd.GeoDataFrame(told, geometry=lines, crs=rows.crs),
            )


def _roads(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    yield spec, joined_roads(rows)


def _trip_start(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    yield spec, ends(rows, 0, "from_name")


def _trip_end(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    yield spec, ends(rows, -1, "to_name")


def _trip_numbers(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    yield spec, numbers(rows)


def _limited(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    limited = limited_roads(rows)
    if len(limited):
        yield spec, limited


def _boundary(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    yield spec, merged(with_outline(rows, OUTLINE), "level")


# Layers, by their id, that are more than the rows of their table.
_TAKEN: dict[str, Callable[[Spec, gpd.GeoDataFrame], Iterator[Layer]]] = {
    "districts": _by_level,
    "service_areas": _by_kind,
    "emergency_facilities": _by_force,
    "hazmat_start": _trip_start,
    "hazmat_end": _trip_end,
    "hazmat_flow_start": _trip_start,
    "hazmat_flow_end": _trip_end,
    "hazmat_numbers": _trip_numbers,
    "hazmat_limits": _limited,
    "roads": _roads,
    "boundary": _boundary,
    "zones": _zones,
    "tours": _tours,
}
