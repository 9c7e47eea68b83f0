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


def _plan(what: str, zh: str, en: str, geometry: str, color: str) -> dict[str, Any]:
    return _row(f"rescue_{what}", "rescue_plan", zh, en, geometry, color, where={"what": (what,)}, visible=True)


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
    _row("routes", "travel_times", "最近救援路线", "Nearest rescue routes", "line", "#1b9e77",
         where={"rank": (1,), "place_layer": ("hazard_sources",)}),
    _plan("route", "救援路线", "Rescue routes", "line", "#1b9e77"),
    _plan("force", "到场力量", "Forces that come", "circle", "#006d2c"),
    _plan("staging", "集结点", "Staging point", "circle", "#ff7f00"),
    _plan("incident", "事故点", "Incident", "circle", "#a50f15"),
)  # fmt: skip


def _trip(why: str, zh: str, en: str, color: str) -> dict[str, Any]:
    """A route of one trip, by why it is shown; those of regular flows have a layer of their own."""
    return _row(f"hazmat_{why.replace(' ', '_')}", "hazmat_routes", zh, en, "line", color,
                where={"why": (why,), "flow": ("",)}, visible=True)  # fmt: skip


HAZMAT_LINES = (
    _row("hazmat_links", "hazmat_links", "危化品运输路段", "Roads that hazmat flows use", "line", "#8c2d04"),
    _row("hazmat_routes", "hazmat_routes", "危化品流向采用路线", "Routes of hazmat flows", "line", "#d94801",
         where={"used": (True,)}),
    _trip("other way", "其他合规路线", "Other lawful ways", "#969696"),
    _trip("fastest", "最快合规路线", "Fastest lawful way", "#2171b5"),
    _trip("least risk", "风险最小路线", "Least risk", "#238b45"),
    _trip("best compromise", "最佳折中路线", "Best compromise", "#d94801"),
)  # fmt: skip
