"""The layers of the map: order, group, look, and how each is taken from the tables.

`LAYERS` is drawn first to last, the last on top. One row is one entry of the layer switch, or one
sheet of the base map (``base``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .. import schema
from .pipelines import PIPE_LINES, PIPE_PLACES
from .plans import PLAN_LAYERS
from .profile import table_schema
from .words import phrase

GROUPS = (
    {"id": "risk", "zh": "风险", "en": "Risk"},
    {"id": "objects", "zh": "对象", "en": "Objects"},
    {"id": "findings", "zh": "间距冲突", "en": "Setback findings"},
    {"id": "pipelines", "zh": "油气管道", "en": "Pipelines"},
    {"id": "zones", "zh": "事故影响范围", "en": "Accident zones"},
    {"id": "rescue", "zh": "救援", "en": "Rescue"},
    {"id": "base", "zh": "底图", "en": "Base map"},
)
# Where surfaces go in the drawing order.
SURFACES_HERE = "surfaces"
# A layer with more features than this gets no labels.
MAX_LABELLED = 20_000
# Outlines of service areas may move by this [m]: half a pixel at their highest zoom, 12, and within
# what a reach along roads can claim.
_REACH_M = 8.0
_LEVELS = {
    "city": ("市级", "City"),
    "county": ("县区", "County"),
    "township": ("镇街", "Township"),
    "village": ("村社区", "Village"),
}
# Level of the outer boundary in the boundary layer.
OUTLINE = "city"
_NO_LEVEL = ("area", "区域", "Area")
# Lowest zoom at which a road is drawn, by OSM class; the rest from 13 on.
_ROAD_ZOOM = {"motorway": 0, "trunk": 0, "primary": 9, "secondary": 10, "tertiary": 11}
_ROAD_ZOOM |= {"residential": 12, "unclassified": 12, "living_street": 12, "road": 12}
# The column that heads a popup: the first of these that the table has.
_HEADS = (
    "name", "place_name", "source_name", "facility_kind", "id", "unit_id", "effect", "level_per_yr", "rank", "area_km2",
)  # fmt: skip
_BY_LEVEL = ("level", {"city": 0, "county": 0, "township": 9, "village": 12}, 9)


@dataclass(frozen=True)
class Spec:
    """
    One layer of the map.

    ``table`` is the key it is taken from; ``where`` keeps rows whose column has one of the values;
    ``geometry`` circle takes areas and lines by a point inside them; ``keep`` marks rows that no
    zoom may drop besides red ones; ``first_zoom`` gives the lowest zoom by a column's value; ``dash`` is
    the pattern of a line (drawn, left out) [px].
    """

    id: str
    table: str
    group: str
    zh: str
    en: str
    geometry: str
    style: str = "plain"
    color: str = ""
    visible: bool = False
    maxzoom: int = 13
    where: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    keep: bool = False
    coverage: bool = False
    first_zoom: tuple[str, Mapping[str, int], int] | None = None
    columns: tuple[str, ...] | None = None
    dash: str = ""

    @property
    def base(self) -> bool:
        """Whether it belongs to the base map: not in the switch, no popup."""
        return self.group == "base"

    @property
    def title_column(self) -> str:
        """The column that heads the popup."""
        names = table_schema(self.table).names
        return next(n for n in _HEADS if n in names)


def _base(id: str, table: str, geometry: str, style: str, columns: tuple[str, ...], **more) -> Spec:
    return Spec(id, table, "base", "", "", geometry, style, columns=columns, **more)


def _objects(name: str, color: str, geometry: str = "circle", visible: bool = False) -> Spec:
    table = schema.LAYERS[name]
    return Spec(
        name, f"layers/{name}", "objects", table.zh, table.en.capitalize(), geometry, color=color, visible=visible
    )


# Levels of the contours of individual risk (GB 36894-2018), as people write them, and their colours.
_CONTOURS = ((3e-7, "3×10⁻⁷", "#4a90d9"), (3e-6, "3×10⁻⁶", "#b58f0a"), (1e-5, "1×10⁻⁵", "#f16913"),
             (3e-5, "3×10⁻⁵", "#a50f15"))  # fmt: skip


_ALL = tuple(level for level, _, _ in _CONTOURS)
_SHOWN_BAND = (1e-5,)  # more lines at once would tangle


def _contours(scope: str = "region", zh: str = "", en: str = "", dash: str = "", show: tuple[float, ...] = ()):
    """A layer for each level of the contours of one scope; ``show``: levels seen at first."""
    for level, said, color in _CONTOURS:
        name = f"{level:.0e}".replace("e-0", "e")
        where = {"scope": (scope,), "level_per_yr": (level,)}
        yield Spec(f"lsir_{name}" if scope == "region" else f"lsir_{scope}_{name}", "risk_contours", "risk",
                   f"个人风险等值线 {said}/年{zh}", f"Individual risk {said} per year{en}", "line", color=color,
                   where=where, visible=level in show, dash=dash)  # fmt: skip


def _target(verdict: str, zh: str, en: str, color: str, **more) -> Spec:
    where = {"verdict": (verdict,)}
    return Spec(f"targets_{verdict}", "target_risk", "risk", f"防护目标：{zh}", f"Protection targets: {en}", "circle",
                color=color, where=where, **more)  # fmt: skip


def _danger(state: str, zh: str, en: str, color: str, **more) -> Spec:
    return Spec(f"dangers_{state}", "danger_places", "objects", f"重大事故隐患：{zh}", f"Hidden dangers: {en}",
                "circle", color=color, where={"state": (state,)}, **more)  # fmt: skip


LAYERS: tuple[Spec | str, ...] = (
    _base("green", "layers/landuse", "fill", "green", (), where={"kind": ("green",)}),
    _base("builtup", "layers/landuse", "fill", "builtup", (), where={"kind": ("residential",)}),
    _base("industrial", "layers/landuse", "fill", "industrial", (), where={"kind": ("industrial",)}),
    _base("water", "layers/water", "fill", "water", ("kind",)),
    _base("waterways", "layers/water", "line", "water", ("kind",)),
    _base("buildings", "layers/buildings", "fill", "builtup", (), maxzoom=14, first_zoom=("", {}, 13)),
    Spec("population", "layers/population", "objects", "人口", "Population", "fill", color="#8c6bb1"),
    SURFACES_HERE,
    Spec("districts", "districts", "risk", "{level}风险等级", "{level} grades", "fill", "graded", maxzoom=12,
         coverage=True),
    Spec("danger_spots_possible", "danger_spots", "risk", "隐患可能热点", "Hidden dangers: possible hot spots", "fill",
         color="#fdae61", where={"significance": ("possible",)}),
    Spec("danger_spots_hot", "danger_spots", "risk", "隐患显著热点", "Hidden dangers: significant hot spots", "fill",
         color="#a50026", where={"significance": ("hot",)}),
    Spec("service_areas", "service_areas", "rescue", "{kind}服务范围", "Reach of {kind}", "fill", color="#1b9e77",
         maxzoom=12),
    _base("roads", "layers/roads", "line", "road", ("class",), first_zoom=("class", _ROAD_ZOOM, 13)),
    _base("boundary", "districts", "line", "boundary", ("level",), maxzoom=12, first_zoom=_BY_LEVEL),
    _base("boundary", "layers/districts", "line", "boundary", ("level",), maxzoom=12, first_zoom=_BY_LEVEL),
    _objects("gas_pipelines", "#8c510a", "line"),
    Spec("road_grades", "segments", "risk", "道路分段风险等级", "Grades along roads", "line", "graded",
         where={"layer": ("roads",)}),
    Spec("pipeline_grades", "segments", "risk", "管线分段风险等级", "Grades along pipelines", "line", "graded",
         where={"layer": ("gas_pipelines",)}),
    *(Spec(**row) for row in PIPE_LINES),
    Spec("control_lines", "risk_contours", "risk", "园区土地使用安全控制线", "Land-safety control lines of parks",
         "line", color="#08519c", where={"scope": ("park",)}),
    *_contours(),
    Spec("lsir_before", "risk_contours", "risk", "变更前个人风险等值线", "Contours before the change", "line",
         color="#3b4450", where={"scope": ("before",)}, visible=True, dash="5 5"),
    *_contours("after", "（变更后）", ", after the change", show=_ALL),
    *_contours("p05", "（5 %）", ", 5 %", "1 6", show=_SHOWN_BAND),
    *_contours("p95", "（95 %）", ", 95 %", "7 6", show=_SHOWN_BAND),
    *_contours("p50", "（中位）", ", median", show=_SHOWN_BAND),
    Spec("routes", "travel_times", "rescue", "最近救援路线", "Nearest rescue routes", "line", color="#1b9e77",
         where={"rank": (1,), "place_layer": ("hazard_sources",)}),
    *(Spec(**row) for row in PIPE_PLACES),
    Spec("undecided", "findings", "findings", "间距待核实", "Setback undecided", "line", "finding", maxzoom=14,
         color="#7b3294", where={"verdict": ("undecided",)}),
    Spec("conflicts", "findings", "findings", "间距冲突", "Setback conflicts", "line", "finding", visible=True,
         color="#a50f15", maxzoom=14, where={"verdict": ("conflict",)}, keep=True),
    Spec("site_area", "site_area", "findings", "可行范围", "Free ground", "fill", color="#238b45", visible=True),
    Spec("sites", "sites", "findings", "候选场址", "Candidate sites", "circle", color="#d95f02", visible=True),
    *(Spec(**row) for row in PLAN_LAYERS),
    Spec("zones", "accident_zones", "zones", "", "", "fill", style="zone", visible=True),
    _objects("crowded_places", "#2b8cbe"),
    _objects("parking_lots", "#636363"),
    _objects("accidents", "#252525"),
    _danger("closed", "已整改", "put right", "#7fbc41"),
    _danger("open", "整改中", "open", "#dd1c77"),
    _danger("overdue", "逾期", "overdue", "#7a0177", keep=True),
    Spec("dangers_supervised", "danger_places", "objects", "挂牌督办隐患", "Hidden dangers under listed supervision",
         "circle", color="#000000", where={"supervised": (True,), "state": ("open", "overdue")}, keep=True),
    *(Spec(f"{scope}s", "groups", "risk", f"{zh}风险等级", f"Grades of {scope}s", "circle", "graded",
           where={"scope": (scope,)}) for scope, zh in (("park", "园区"), ("trade", "行业"))),
    Spec("enterprises", "enterprises", "risk", "企业风险等级", "Enterprise grades", "circle", "graded"),
    _objects("enterprises", "#737373"),
    Spec("risk_points", "risk_points", "risk", "风险点分级", "Graded risk points", "circle", "graded"),
    _objects("risk_points", "#737373"),
    _objects("hazard_sources", "#54278f", visible=True),
    Spec("not_quantified", "not_quantified", "risk", "未量化风险源", "Sources not quantified", "circle",
         color="#969696"),
    Spec("risk_sources", "risk_sources", "risk", "定量风险源", "Sources of quantified risk", "circle", color="#08306b"),
    _target("pass", "满足", "within the limit", "#238b45"),
    _target("undecided", "待核实", "undecided", "#7b3294"),
    _target("fail", "超限", "above the limit", "#a50f15", keep=True),
    Spec("major_hazards", "major_hazards", "risk", "重大危险源", "Major hazard installations", "circle",
         color="#67000d", where={"verdict": ("major", "undecided")}),
    Spec("emergency_facilities", "layers/emergency_facilities", "rescue", "应急力量", "Emergency facilities", "circle",
         color="#006d2c"),
    _base("labels", "districts", "circle", "label", ("name", "level"), first_zoom=_BY_LEVEL),
    _base("labels", "layers/districts", "circle", "label", ("name", "level"), first_zoom=_BY_LEVEL),
)  # fmt: skip
# What the register of enterprises and the list of risk points tell besides their grade.
_FACTS: tuple[str, ...] = ("address", "park", "sector", "staff", "regulated", "standardisation", "state")
_FACTS += ("location", "measures", "control_level", "unit", "person", "phone", "visited")
Layer = tuple[Spec, gpd.GeoDataFrame]
# Tables offered as CSV besides the layers' own.
EXTRA_DOWNLOADS = (
    "danger_counts",
    "findings",
    "hca",
    "location_classes",
    "encroachments",
    "crossings",
    "pipelines_unchecked",
    "travel_times",
    "coverage",
    "major_hazards",
    "target_risk",
    "fn_curve",
    "pll",
    "groups",
    "segments",
    "sensitivity",
)


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


def tables_of(layer_id: str) -> list[str]:
    """Keys of the tables that layer ``layer_id`` of a site may have been taken from; none if it is unknown."""
    specs = [s for s in LAYERS if isinstance(s, Spec)]
    return [s.table for s in specs if layer_id == s.id or layer_id.startswith(f"{s.id}_")]


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
    """One table as one layer, or one for each level, kind of facility or kind of geometry."""
    if spec.id == "districts":
        yield from _by_level(spec, rows)
    elif spec.id == "service_areas":
        yield from _by_kind(spec, rows)
    elif spec.id == "roads":
        yield spec, _merged(rows, "class")
    elif spec.id == "boundary":
        yield spec, _merged(_outlined(rows), "level")
    elif spec.id == "zones":
        yield from _zones(spec, rows)
    elif spec.table == "risk_contours":
        yield spec, _with_geometry(rows, shapely.boundary(rows.geometry.to_numpy()))
    elif spec.geometry == "circle":
        outlined = shapely.get_dimensions(rows.geometry.to_numpy()) > 0
        if outlined.any() and not spec.base:
            outline = _renamed(spec, "outline", f"{spec.zh}轮廓", f"{spec.en}: outlines")
            yield replace(outline, geometry="line"), rows[outlined]
        yield spec, _with_geometry(rows, _points(rows.geometry.to_numpy()))
    else:
        fits = shapely.get_dimensions(rows.geometry.to_numpy()) == (2 if spec.geometry == "fill" else 1)
        if fits.any():
            yield spec, rows[fits]


def _by_level(spec: Spec, rows: gpd.GeoDataFrame) -> Iterator[Layer]:
    level_of = rows["level"] if "level" in rows.columns else pd.Series("", index=rows.index)
    level_of = level_of.where(level_of.isin(list(_LEVELS)), _NO_LEVEL[0])
    for level, (zh, en) in {_NO_LEVEL[0]: _NO_LEVEL[1:], **_LEVELS}.items():
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
_IN_NAME = ("level", "unit", "kind", "effect", "distance_m")  # of a zone: its name tells them
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


def _merged(rows: gpd.GeoDataFrame, column: str) -> gpd.GeoDataFrame:
    """
    Lines joined end to end where ``column`` has the same value; of areas all outlines of a value as one row.

    Neighbours share outlines only roughly, which leaves short pieces: as rows of their own small
    scales would drop them and tear the outline.
    """
    lines: list = []
    values: list = []
    rows = rows if column in rows.columns else rows.assign(**{column: None})
    for value, group in rows.groupby(column, sort=True, dropna=False):
        geometry = group.geometry.to_numpy()
        areas = (shapely.get_dimensions(geometry) == 2).any()
        if areas:
            geometry = shapely.get_parts(shapely.union_all(shapely.boundary(geometry)))
        joined = shapely.line_merge(shapely.multilinestrings(shapely.get_parts(geometry)))
        parts = np.array([joined]) if areas else shapely.get_parts(joined)
        lines += parts.tolist()
        values += [value] * len(parts)
    return gpd.GeoDataFrame({column: values}, geometry=lines, crs=rows.crs)


def _outlined(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """``rows`` and, where none is of the city, the outside of their union in its place."""
    rows = rows if "level" in rows.columns else rows.assign(level=None)
    if (rows["level"] == OUTLINE).any():
        return rows
    # Gaps between neighbours are faults of the data and no boundary: outer rings only.
    union = shapely.get_parts(shapely.union_all(rows.geometry.to_numpy()))
    rings = shapely.get_exterior_ring(union[shapely.get_dimensions(union) == 2])
    outside = gpd.GeoDataFrame({"level": OUTLINE}, index=range(len(rings)), geometry=rings, crs=rows.crs)
    return gpd.GeoDataFrame(pd.concat([rows[["level", "geometry"]], outside], ignore_index=True), crs=rows.crs)


def _with_geometry(rows: gpd.GeoDataFrame, geometry: NDArray) -> gpd.GeoDataFrame:
    return rows.set_geometry(gpd.GeoSeries(geometry, index=rows.index, crs=rows.crs))


def _points(geometry: NDArray) -> NDArray:
    """A point inside each area or line; points stay."""
    inner = shapely.get_dimensions(geometry) > 0
    geometry = geometry.copy()
    geometry[inner] = shapely.point_on_surface(geometry[inner])
    return geometry


def domain_words(column: schema.Column) -> dict[str, dict[str, str]]:
    """Words of a coded column: {value: {"zh", "en"}}; zh is the first synonym, en the code itself."""
    borrowed = column.name.removesuffix("_new")
    if not column.domain and borrowed in _BORROWED and column.dtype == "string":
        return _BORROWED[borrowed]
    return {
        value: {"zh": synonyms[0] if synonyms else value, "en": value.replace("_", " ")}
        for value, synonyms in column.domain.items()
    }


# Words of coded result columns for which the schema has no domain of their own.
_LAYER_WORDS = {name: {"zh": table.zh, "en": table.en} for name, table in schema.LAYERS.items()}
_BORROWED: dict[str, dict[str, dict[str, str]]] = {
    "facility_kind": domain_words(schema.LAYERS["emergency_facilities"].column("kind")),
    "level": {value: {"zh": zh, "en": en} for value, (zh, en) in _LEVELS.items()},
    "verdict": {
        "conflict": {"zh": "冲突", "en": "conflict"},
        "clear": {"zh": "满足", "en": "clear"},
        "undecided": {"zh": "待核实", "en": "undecided"},
        "pass": {"zh": "满足", "en": "within the limit"},
        "fail": {"zh": "超限", "en": "above the limit"},
        "major": {"zh": "重大危险源", "en": "major hazard installation"},
        "not_major": {"zh": "不构成重大危险源", "en": "not a major hazard installation"},
    },
    "scope": {
        "region": {"zh": "全域", "en": "region"},
        "park": {"zh": "园区", "en": "park"},
        "before": {"zh": "变更前", "en": "before the change"},
        "after": {"zh": "变更后", "en": "after the change"},
        **{f"p{p:02d}": {"zh": f"{p} % 分位", "en": f"{p} %"} for p in (5, 50, 95)},
    },
    "confidence": {
        "V": {"zh": "已核实", "en": "verified"},
        "MC": {"zh": "较可信", "en": "credible"},
        "MU": {"zh": "未核实", "en": "unverified"},
    },
    **dict.fromkeys(("layer", "place_layer", "source_layer", "target_layer"), _LAYER_WORDS),
}


def _heading(text: str) -> str:
    """A column's description as a heading: without the explanation after a colon or semicolon."""
    return text.partition(":")[0].partition(";")[0]


def popup_columns(spec: Spec, present: list[str]) -> list[dict[str, Any]]:
    """The manifest's column objects of the layer's tables, for the columns that are present, its own table first."""
    keys = [spec.table, *(key for key in tables_of(spec.id) if key != spec.table)]
    known: dict[str, schema.Column] = {}
    for key in keys:
        known |= {c.name: c for c in table_schema(key).columns if c.name in present and c.name not in known}
    return [
        {"name": c.name, "zh": c.zh, "en": _heading(c.en), "unit": c.unit, "dtype": c.dtype, "domain": domain_words(c)}
        for c in known.values()
        if not (spec.style == "zone" and c.name in _IN_NAME)
    ]
