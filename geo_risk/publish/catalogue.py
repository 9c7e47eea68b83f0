"""The layers of the map: order, group, look, and the table each is taken from (``drawn`` takes them).

`LAYERS` is drawn first to last, the last on top. One row is one entry of the layer switch, or one
sheet of the base map (``base``). A row is all it takes to publish a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .. import schema
from ..errors import SettingsError
from .pipelines import PIPE_LINES, PIPE_PLACES
from .plans import PLAN_LAYERS
from .rescue_layers import FACILITIES, HAZMAT_LAYERS, RESCUE_AREAS, RESCUE_LINES

GROUPS = (
    {"id": "risk", "zh": "风险", "en": "Risk"},
    {"id": "objects", "zh": "对象", "en": "Objects"},
    {"id": "findings", "zh": "间距冲突", "en": "Setback findings"},
    {"id": "pipelines", "zh": "油气管道", "en": "Pipelines"},
    {"id": "zones", "zh": "事故影响范围", "en": "Accident zones"},
    {"id": "rescue", "zh": "救援", "en": "Rescue"},
    {"id": "water_supply", "zh": "消防水源", "en": "Water for fire fighting"},
    {"id": "hazmat", "zh": "危化品运输", "en": "Dangerous goods on roads"},
    {"id": "inspections", "zh": "检查计划", "en": "Inspection plan"},
    {"id": "base", "zh": "底图", "en": "Base map"},
)
# Where surfaces go in the drawing order.
SURFACES_HERE = "surfaces"
# Lowest zoom at which a road is drawn, by OSM class; the rest from 13 on.
_ROAD_ZOOM = {"motorway": 0, "trunk": 0, "primary": 9, "secondary": 10, "tertiary": 11}
_ROAD_ZOOM |= {"residential": 12, "unclassified": 12, "living_street": 12, "road": 12}
# The column that heads a popup: the first of these that the table has.
_HEADS = (
    "name", "place_name", "source_name", "enterprise_name", "from_name", "road_name", "district_name", "facility_name",
    "facility_kind", "id", "unit_id", "effect", "level_per_yr", "rank", "area_km2",
)  # fmt: skip
_BY_LEVEL = ("level", {"city": 0, "county": 0, "township": 9, "village": 12}, 9)


def table_schema(key: str) -> schema.Table:
    """
    The schema of ``layers/<name>`` or of the result ``<name>``.

    Raises
    ------
    SettingsError
        If the schema has no such table.
    """
    kind, _, name = key.rpartition("/")
    tables = schema.LAYERS if kind == "layers" else schema.RESULTS if not kind else {}
    if name not in tables:
        raise SettingsError(f"the map knows no table '{key}': keys are layers/<input layer> or a result table.")
    return tables[name]


@dataclass(frozen=True)
class Spec:
    """
    One layer of the map.

    ``table`` is the key it is taken from; ``where`` keeps rows whose column has one of the values;
    ``geometry`` circle takes areas and lines by a point inside them; ``keep`` marks rows that no
    zoom may drop besides red ones; ``first_zoom`` gives the lowest zoom by a column's value; ``dash`` is
    the pattern of a line (drawn, left out) [px]; ``arrows`` stand along a line the way it is driven; ``mark`` is the
    character in a circle (Chinese, English), ``{column}`` for the value of one, of style glyph in the circle's place;
    ``label`` is the column written beside it.
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
    arrows: bool = False
    mark: tuple[str, str] = ("", "")
    label: str = ""

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


def _contours(
    scope: str = "region", zh: str = "", en: str = "", dash: str = "", show: tuple[float, ...] = ()
) -> Iterator[Spec]:
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


def _due(due: str, zh: str, en: str, color: str) -> Spec:
    return Spec(f"due_{due}", "inspections", "inspections", f"检查{zh}", f"Inspections {en}", "circle", color=color,
                where={"due": (due,)})  # fmt: skip


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
    *(Spec(**row) for row in RESCUE_AREAS),
    _base("roads", "layers/roads", "line", "road", ("class", "oneway"), first_zoom=("class", _ROAD_ZOOM, 13)),
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
    *(Spec(**row) for row in RESCUE_LINES),
    *(Spec(**row) for row in PIPE_PLACES),
    Spec("undecided", "findings", "findings", "间距待核实", "Setback undecided", "line", "finding", maxzoom=14,
         color="#7b3294", where={"verdict": ("undecided",)}),
    Spec("conflicts", "findings", "findings", "间距冲突", "Setback conflicts", "line", "finding", visible=True,
         color="#a50f15", maxzoom=14, where={"verdict": ("conflict",)}, keep=True),
    Spec("site_area", "site_area", "findings", "可行范围", "Free ground", "fill", color="#238b45", visible=True),
    Spec("sites", "sites", "findings", "候选场址", "Candidate sites", "circle", color="#d95f02", visible=True),
    *(Spec(**row) for row in HAZMAT_LAYERS),
    *(Spec(**row) for row in PLAN_LAYERS),
    Spec("zones", "accident_zones", "zones", "", "", "fill", style="zone", visible=True),
    Spec("tours", "inspections", "inspections", "{team}检查顺序（直线相连）", "Tour of {team} (straight lines)", "line",
         columns=("day", "team")),
    _due("later", "：90 日以后到期", "due later", "#a8d5cf"),
    _due("within_90_days", "：90 日内到期", "due within 90 days", "#5ab4ac"),
    _due("within_30_days", "：30 日内到期", "due within 30 days", "#01857b"),
    _due("overdue", "：已逾期", "overdue", "#003c30"),
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
    Spec(**FACILITIES),
    _base("labels", "districts", "circle", "label", ("name", "level"), first_zoom=_BY_LEVEL),
    _base("labels", "layers/districts", "circle", "label", ("name", "level"), first_zoom=_BY_LEVEL),
)  # fmt: skip
# Tables offered as CSV besides the layers' own.
EXTRA_DOWNLOADS = (
    "surface_bands",
    "danger_counts",
    "findings",
    "hca",
    "location_classes",
    "encroachments",
    "crossings",
    "pipelines_unchecked",
    "travel_times",
    "coverage",
    "catchments",
    "gaps",
    "weak_links",
    "hazmat_routes",
    "major_hazards",
    "target_risk",
    "fn_curve",
    "pll",
    "groups",
    "segments",
    "sensitivity",
)


def tables_of(layer_id: str) -> list[str]:
    """Keys of the tables that layer ``layer_id`` of a site may have been taken from; none if it is unknown."""
    specs = [s for s in LAYERS if isinstance(s, Spec)]
    return [s.table for s in specs if layer_id == s.id or layer_id.startswith(f"{s.id}_")]


def result_tables() -> tuple[str, ...]:
    """Names of the result tables that a map draws or offers, each once."""
    drawn = [s.table for s in LAYERS if isinstance(s, Spec) and not s.table.startswith("layers/")]
    return tuple(dict.fromkeys([*drawn, *EXTRA_DOWNLOADS]))
