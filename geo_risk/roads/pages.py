"""Routes of dangerous goods as a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely

from .. import answers
from ..publish.words import phrase, power
from ..region import Region
from ..standards import table

if TYPE_CHECKING:
    from .hazmat import HazmatRoutes

_HEADS = {
    "zh": ["路线", "分钟", "里程 (km)", "沿线人数", "风险", "人数最多的路段"],
    "en": ["Route", "Minutes", "km", "People along it", "Risk", "Most people beside"],
}
_SEEN_M = 2000.0  # around the routes, in which closed roads are drawn


def write_hazmat(region: Region, found: HazmatRoutes, to: str) -> None:
    """The routes of dangerous goods as one HTML file."""
    told = found.told
    load = told["substance"] or ""
    title = {
        "zh": f"危化品运输路线{f'：{load}' if load else ''}",
        "en": f"Hazmat routes{f': {_in_english(load)}' if load else ''}",
    }
    when = " ".join(filter(None, (told["weekday"], told["departure"])))
    when_zh = " ".join(filter(None, (_DAYS.get(told["weekday"]), told["departure"])))
    note = {
        "zh": f"{told['from']['name']} 至 {told['to']['name']}，"
        f"{f'{when_zh} 出发' if when else '未定出发时间，全部禁令按生效计'}，影响半径 {told['reach_m']:.0f} m",
        "en": f"{told['from']['name']} to {told['to']['name']}, {f'leaving {when}' if when else 'at any time of day'}, "
        f"people within {told['reach_m']:.0f} m",
    }
    facts = {lang: [[heads, *(_route(r, lang) for r in told["routes"])]] for lang, heads in _HEADS.items()}
    tables = {"hazmat_routes": found.routes}
    seen = shapely.box(*found.routes.total_bounds).buffer(_SEEN_M)
    closed = found.closed[found.closed.intersects(seen)]
    if len(closed):
        tables["not_allowed"] = closed
    answers.write_page(region, to, tables, {}, title, found.routes, note, facts)


def _in_english(load: str) -> str:
    """The first English name of a load that standards/hazmat_loads.csv has; its own name where there is none."""
    rows = table("hazmat_loads")
    names = "|".join(rows.loc[rows["name"] == load, "names"].fillna("")).split("|")
    return next((name for name in names if name and name.isascii()), load)


_DAYS = dict(zip(("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"), (f"周{d}" for d in "一二三四五六日"), strict=True))


def _route(row: dict[str, Any], lang: str) -> list[str]:
    why = phrase(row["why"]) if lang == "zh" else row["why"]
    return [f"{row['route']} {why}", f"{row['minutes']:.1f}", f"{row['distance_km']:.1f}", f"{row['persons']:,.0f}",
            power(row["risk"]), f"{row['worst_road']} {row['worst_persons']:,.0f}"]  # fmt: skip
