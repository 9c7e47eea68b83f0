"""Plans of stations and parking lots as maps: what there is, what is new, what changes, and where nothing may stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .. import answers, pipeline
from ..publish.columns import domain_words
from ..schema import RESULTS
from .barred import barred_ground

if TYPE_CHECKING:
    from ..siting.ground import Ground
    from .asked import Question
    from .parking import ParkingPlan
    from .stations import StationPlan

_KINDS = {"fire_station": ("消防站", "fire stations"), "depot": ("应急物资库", "depots")}
_TARGETS = {"people": ("常住人口", "Residents"), "crowded_places": ("人员密集场所", "Crowded places"),
            "hazard_sources": ("危险源", "Hazard sources")}  # fmt: skip
_LANGS = ("zh", "en")


def write_stations(ground: Ground, asked: Question, plan: StationPlan, to: str) -> None:
    """The new stations beside those in service, with the ground reached before and gained."""
    from .stations import barriers_of

    zh, en = _KINDS[asked.kind]
    told = plan.told
    before, after = (_share(told[f"people_{when}"], told["people"]) for when in ("before", "after"))
    title = {"zh": f"新建{zh}：{len(plan.sites)} 处", "en": f"New {en}: {len(plan.sites)}"}
    note = {
        "zh": f"{asked.minutes:g} 分钟覆盖人口 {before} → {after}；现有 {told['in_service']} 处，"
        f"比较了 {told['compared']} 处用地",
        "en": f"residents within {asked.minutes:g} min {before} to {after}; {told['in_service']} in service, "
        f"{told['compared']} plots compared",
    }
    change = reach_change(ground, asked, plan)
    tables = {
        "reach_change": change,
        "stations_plan": plan.sites,
        "stations_existing": _in_service(ground, asked.kind, {row["id"] for row in told["idle"]}),
        "not_allowed": barred_ground(ground, barriers_of(ground, asked.kind)),
    }
    gained = change[change["state"] == "gained"]
    about = plan.sites if gained.geometry.is_empty.all() else gained
    facts = {lang: [_reached(plan.coverage, lang), _stations(plan.sites, lang)] for lang in _LANGS}
    answers.write_page(ground.region, to, tables, {}, title, about, note, facts)


def _in_service(ground: Ground, kind: str, idle: set[str]) -> gpd.GeoDataFrame:
    frame = pipeline.facilities_of(ground.region)
    frame = frame[(frame["kind"] == kind) & ~frame["id"].astype(str).isin({str(i) for i in idle})]
    return frame[[c for c in RESULTS["stations_existing"].names if c in frame] + ["geometry"]]


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _reached(coverage: pd.DataFrame, lang: str) -> list[list[str]]:
    """Before and after, of the whole region."""
    k = _LANGS.index(lang)
    rows = [[("限时内到达", "Reached in time")[k], ("现状", "Before")[k], ("建成后", "After")[k], ("总数", "Of")[k]]]
    for row in coverage[coverage["district_id"] == ""].itertuples():
        counts = (f"{row.covered_before:,.0f} ({_share(row.covered_before, row.total)})",
                  f"{row.covered:,.0f} ({_share(row.covered, row.total)})", f"{row.total:,.0f}")  # fmt: skip
        rows.append([_TARGETS[row.target][k], *counts])
    return rows


def _stations(sites: gpd.GeoDataFrame, lang: str) -> list[list[str]]:
    heads = {
        "zh": ["新建", "新增人口", "新增场所", "新增危险源", "分钟 现状→建成后", "用地"],
        "en": ["New", "Residents gained", "Places gained", "Sources gained", "Minutes before → after", "Ground"],
    }
    return [heads[lang], *(
        [f"{r.rank} {r.name_ or ''}".strip(), f"{r.people:,.0f}", f"{r.crowded_places:,.0f}",
         f"{r.hazard_sources:,.0f}",
         f"{_min(r.minutes_before)} → {_min(r.minutes_after)}", _verdict("stations_plan", r.verdict, lang)]
        for r in sites.rename(columns={"name": "name_"}).itertuples()
    )]  # fmt: skip


def _verdict(table: str, verdict: str, lang: str) -> str:
    return domain_words(RESULTS[table].column("verdict"))[verdict][lang]


def _min(minutes: float | None) -> str:
    return "-" if minutes is None or np.isnan(minutes) else f"{minutes:.1f}"


def reach_change(ground: Ground, asked: Question, plan: StationPlan) -> gpd.GeoDataFrame:
    """Ground reached in time by the stations in service, and what the new ones add (schema: reach_change)."""
    from ..routing.service import service_areas

    rescue = ground.region.settings.rescue
    old = pipeline.facilities_of(ground.region)
    new = gpd.GeoDataFrame(
        {"id": [f"new:{n}" for n in plan.sites["rank"]], "name": plan.sites["name"].to_numpy(object)},
        geometry=gpd.points_from_xy(*_gates(ground, plan).T),
        crs=ground.region.crs,
    ).assign(kind=asked.kind)
    common: dict[str, Any] = {
        "limits_min": (asked.minutes,), "kinds": (asked.kind,), "off_road_m": rescue.off_road_m,
        "turnout_s": rescue.turnout_s, "access_max_m": rescue.max_access_m,
    }  # fmt: skip
    before = service_areas(ground.network, old, **common).geometry.iloc[0]
    both = pd.concat([old[old["kind"] == asked.kind], new], ignore_index=True)
    after = service_areas(ground.network, both, **common).geometry.iloc[0]
    areas = [before, shapely.difference(after, before)]
    columns = {"facility_kind": asked.kind, "state": ["before", "gained"], "limit_min": asked.minutes}
    return gpd.GeoDataFrame(columns | {"area_km2": shapely.area(areas) / 1e6}, geometry=areas, crs=ground.region.crs)


def _gates(ground: Ground, plan: StationPlan) -> Any:
    """(N, 2) where the new stations meet their roads [m]."""
    at = plan.starts.at
    lines = ground.network.lines[at.edge]
    return shapely.get_coordinates(shapely.line_interpolate_point(lines, at.offset_m))


def write_parking(ground: Ground, plan: ParkingPlan, to: str) -> None:
    """Lots new and in use, and the ground that rules keep them from."""
    from .parking import barriers_of

    sites, told = plan.sites, plan.told
    new = sites[sites["state"] == "new"]
    title = {"zh": f"危货停车场选址：{len(new)} 处", "en": f"Hazmat parking lots: {len(new)} new"}
    note = {
        "zh": f"服务 {told['firms']} 家涉危货企业，平均 {_min(told['mean_min_before'])} → "
        f"{_min(told['mean_min_after'])} 分钟；比较了 {told['compared']} 处用地",
        "en": f"{told['firms']} firms that move hazardous goods, mean {_min(told['mean_min_before'])} to "
        f"{_min(told['mean_min_after'])} min; {told['compared']} plots compared",
    }
    tables = {"parking_plan": sites, "not_allowed": barred_ground(ground, barriers_of(ground, told["bays"]))}
    facts = {lang: [_minutes(told, lang), _lots(sites, lang)] for lang in _LANGS}
    answers.write_page(ground.region, to, tables, {}, title, sites, note, facts)


def _minutes(told: dict[str, Any], lang: str) -> list[list[str]]:
    k = _LANGS.index(lang)
    weighed = {"kind of firm": ("按企业类别加权", "weighed by the kind of firm"),
               "trips a year": ("按年车次加权", "weighed by trips a year")}[told["weighed_by"]]  # fmt: skip
    return [
        [("到最近停车场（分钟）", "Minutes to the nearest lot")[k], ("现状", "Before")[k], ("建成后", "After")[k]],
        [("平均", "mean")[k], _min(told["mean_min_before"]), _min(told["mean_min_after"])],
        [weighed[k], _min(told["weighed_min_before"]), _min(told["weighed_min_after"])],
    ]


def _lots(sites: gpd.GeoDataFrame, lang: str) -> list[list[str]]:
    heads = {
        "zh": ["停车场", "车位", "服务企业", "平均分钟", "周边人口", "消防到达", "结论"],
        "en": ["Lot", "Bays", "Firms served", "Mean minutes", "People around", "Fire engine, min", "Verdict"],
    }
    state = domain_words(RESULTS["parking_plan"].column("state"))
    return [heads[lang], *(
        [f"{state['new'][lang]} {r.rank} {r.name_ or ''}".strip() if r.state == "new" else str(r.name_),
         "-" if np.isnan(r.bays) else f"{r.bays:.0f}", str(r.serves), _min(r.minutes), f"{r.people_around:,.0f}",
         _min(r.rescue_min), _verdict("parking_plan", r.verdict, lang)]
        for r in sites.rename(columns={"name": "name_"}).itertuples()
    )]  # fmt: skip
