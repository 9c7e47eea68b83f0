"""Rescue and dangerous goods on the map: reach, gaps, areas, weak links, routes, and the plan of one incident."""

from __future__ import annotations

from typing import Any


def _row(id: str, table: str, zh: str, en: str, geometry: str, color: str, **more: Any) -> dict[str, Any]:
    """The fields of a layer of ``catalogue``."""
    return {
        "id": id,
        "table": table,
        "group": "rescue",
        "zh": zh,
        "en": en,
        "geometry": geometry,
        "color": color,
        **more,
    }


def _plan(what: str, zh: str, en: str, geometry: str, color: str, **more: Any) -> dict[str, Any]:
    look = {"where": {"what": (what,)}, "visible": True, **more}
    return _row(f"rescue_{what}", "rescue_plan", zh, en, geometry, color, **look)


def _fire(table: str, zh: str, en: str, geometry: str, color: str, **where: tuple[object, ...]) -> dict[str, Any]:
    """Of fire stations alone: three kinds over each other could not be told apart."""
    return _row(table, table, zh, en, geometry, color, where={"facility_kind": ("fire_station",), **where})


_NORM = {"limit_min": (5.0,)}  # 建标152-2017: the edge of the district within 5 minutes
RESCUE_AREAS = (
    _fire("catchments", "消防站责任区", "Areas of fire stations", "fill", "#80b1d3"),
    _fire("gaps", "消防 5 分钟空白区", "Beyond 5 min of a fire station", "fill", "#fb8072", **_NORM),
    _row("service_areas", "service_areas", "{kind}服务范围", "Reach of {kind}", "fill", "#1b9e77", maxzoom=12),
    _plan("forbidden", "禁入范围", "Forbidden ground", "fill", "#d73027"),
    _plan("closed", "封闭范围", "Closed roads", "fill", "#525252"),
)
RESCUE_LINES = (
    _fire("weak_links", "消防 5 分钟关键路段", "Roads whose closure breaks the 5 min", "line", "#6a3d9a", **_NORM),
    _row("routes", "travel_times", "最近救援路线", "Nearest rescue routes", "line", "#b3006b", arrows=True,
         where={"rank": (1,), "place_layer": ("hazard_sources",)}),
    _plan("route", "救援路线", "Rescue routes", "line", "#1b9e77", arrows=True),
    _plan("force", "到场力量", "Forces that come", "circle", "#006d2c", mark=("{rank}", "{rank}"),
          label="facility_name"),
    _plan("staging", "集结点", "Staging point", "circle", "#8c510a", mark=("集", "S")),
    _plan("incident", "事故点", "Incident", "circle", "#252525", mark=("!", "!")),
)  # fmt: skip


# The look of each kind of emergency facility, the last on top. Water is asked for from near by only: hundreds of
# hydrants would hide who comes.
FORCES: dict[str, dict[str, Any]] = {
    "hydrant": {"color": "#0570b0", "style": "glyph", "mark": ("◆", "◆"), "group": "water_supply",
                "first_zoom": ("", {}, 13)},
    "water_source": {"color": "#08519c", "style": "glyph", "mark": ("▼", "▼"), "group": "water_supply",
                     "first_zoom": ("", {}, 11)},
    "shelter": {"color": "#5c6570", "mark": ("避", "S")},
    "depot": {"color": "#8c510a", "mark": ("物", "D")},
    "ambulance_base": {"color": "#0868ac", "mark": ("急", "A")},
    "hospital": {"color": "#0868ac", "mark": ("医", "H")},
    "rescue_team": {"color": "#54278f", "mark": ("队", "R")},
    "fire_station": {"color": "#006d2c", "mark": ("消", "F")},
}  # fmt: skip
FACILITIES = _row("emergency_facilities", "layers/emergency_facilities", "应急力量", "Emergency facilities", "circle",
                  "#006d2c")  # fmt: skip


def _goods(id: str, table: str, zh: str, en: str, geometry: str, color: str, **more: Any) -> dict[str, Any]:
    return _row(id, table, zh, en, geometry, color, **more) | {"group": "hazmat"}


def _trip(why: str, zh: str, en: str, color: str, dash: str, arrows: bool = True) -> dict[str, Any]:
    """A route of one trip, by why it is shown; those of regular flows have a layer of their own."""
    return _goods(f"hazmat_{why.replace(' ', '_')}", "hazmat_routes", zh, en, "line", color, visible=True, dash=dash,
                  where={"why": (why,), "flow": ("",)}, arrows=arrows)  # fmt: skip


_USED, _OF_TRIP = {"used": (True,)}, {"flow": ("",)}
HAZMAT_LAYERS = (
    _goods("hazmat_bans", "layers/hazmat_bans", "危货禁限行区", "Hazmat bans", "fill", "#252525"),
    _goods("hazmat_limits", "layers/roads", "危货禁限行道路", "Roads closed to hazmat, some at hours", "line",
           "#252525", dash="2 5", columns=("name", "class", "hazmat")),
    _goods("hazmat_closed", "not_allowed", "本次不可走的道路", "Roads closed to this trip", "line", "#252525",
           where={"state": ("closed",)}, dash="2 5", visible=True),
    _goods("hazmat_links", "hazmat_links", "危化品运输路段", "Roads that hazmat flows use", "line", "#8c2d04"),
    _goods("hazmat_routes", "hazmat_routes", "危化品流向采用路线", "Routes of hazmat flows", "line", "#d94801",
           where=_USED, arrows=True),
    _goods("hazmat_flow_start", "hazmat_routes", "危化品流向起点", "Starts of hazmat flows", "circle", "#1f2d3a",
           where=_USED, mark=("起", "S"), label="from_name"),
    _goods("hazmat_flow_end", "hazmat_routes", "危化品流向终点", "Ends of hazmat flows", "circle", "#1f2d3a",
           where=_USED, mark=("终", "E"), label="to_name"),
    # Each pattern of its own, so that they can be told apart without colours; numbers say which is which.
    _trip("other way", "其他合规路线", "Other lawful ways", "#7f7f7f", "1 7", arrows=False),
    _trip("fastest", "最快合规路线", "Fastest lawful way", "#2171b5", ""),
    _trip("least risk", "风险最小路线", "Least risk", "#238b45", "14 6"),
    _trip("best compromise", "最佳折中路线", "Best compromise", "#d94801", "10 5 2 5"),
    _goods("hazmat_numbers", "hazmat_routes", "路线编号", "Numbers of the routes", "circle", "#1f2d3a", visible=True,
           where=_OF_TRIP, mark=("{route}", "{route}")),
    _goods("hazmat_start", "hazmat_routes", "起点", "Start", "circle", "#1f2d3a", visible=True, where=_OF_TRIP,
           mark=("起", "S"), label="from_name"),
    _goods("hazmat_end", "hazmat_routes", "终点", "End", "circle", "#1f2d3a", visible=True, where=_OF_TRIP,
           mark=("终", "E"), label="to_name"),
)  # fmt: skip
