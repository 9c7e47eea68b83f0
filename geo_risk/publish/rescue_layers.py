"""Rescue on the map: reach, gaps, areas of responsibility, weak links, routes, and the plan of one incident."""

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
    _plan("staging", "集结点", "Staging point", "circle", "#1b9e77"),
    _plan("incident", "事故点", "Incident", "circle", "#a50f15"),
)  # fmt: skip
