"""The map's layers of plans: stations and parking lots to be built, and what they change."""

from __future__ import annotations

from typing import Any


def _plan(name: str, table: str, group: str, zh: str, en: str, color: str, state: str = "", shape: str = "circle"):
    row: dict[str, Any] = {"id": name, "table": table, "group": group, "zh": zh, "en": en, "geometry": shape}
    row |= {"color": color, "visible": True}
    return row | ({"where": {"state": (state,)}} if state else {})


PLAN_LAYERS: tuple[dict[str, Any], ...] = (
    _plan("reach_before", "reach_change", "rescue", "现有服务范围", "Reach before", "#80b1d3", "before", "fill"),
    _plan("reach_gained", "reach_change", "rescue", "新增服务范围", "Reach gained", "#fdb462", "gained", "fill"),
    _plan("stations_plan", "stations_plan", "rescue", "新建站点", "New stations", "#e31a1c"),
    _plan(
        "parking_existing", "parking_plan", "findings", "现有危货停车场", "Hazmat lots in use", "#6a3d9a", "existing"
    ),
    _plan("parking_new", "parking_plan", "findings", "新建危货停车场", "New hazmat lots", "#33a02c", "new"),
)
