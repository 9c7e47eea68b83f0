"""Answers over the road network as a map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import answers
from ..publish.words import phrase
from ..region import Region

if TYPE_CHECKING:
    from .hazmat import HazmatRoutes


def write_hazmat(region: Region, found: HazmatRoutes, to: str) -> None:
    """The routes of dangerous goods as one HTML file."""
    told = found.told
    load = told["substance"] or ""
    title = {
        "zh": f"危化品运输路线{f'：{load}' if load else ''}",
        "en": f"Hazmat routes{f': {load}' if load else ''}",
    }
    when = " ".join(filter(None, (told["weekday"], told["departure"])))
    note = {
        "zh": f"{told['from']['name']} 至 {told['to']['name']}，"
        f"{f'{when} 出发' if when else '未定出发时间，全部禁令按生效计'}，影响半径 {told['reach_m']:.0f} m",
        "en": f"{told['from']['name']} to {told['to']['name']}, {f'leaving {when}' if when else 'at any time of day'}, "
        f"people within {told['reach_m']:.0f} m",
    }
    for row in (r for r in told["routes"] if r["why"] != "other way"):
        note["zh"] += f"；{phrase(row['why'])} {row['minutes']:.1f} 分钟、{row['persons']:,.0f} 人"
        note["en"] += f"; {row['why']} {row['minutes']:.1f} min, {row['persons']:,.0f} people"
    answers.write_page(region, to, {"hazmat_routes": found.routes}, {}, title, found.routes, note)
