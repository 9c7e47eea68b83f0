"""Who comes to an incident: when, by which road, round what is closed or poisoned, and with enough of everything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import pandas as pd
import shapely

from .. import answers, pipeline
from ..crs import to_lonlat
from ..errors import InputError, RegionError
from ..export import export_table
from ..publish.columns import domain_words
from ..publish.words import unit_words
from ..routing.closest import closest_facilities
from ..routing.facilities import unserviceable
from ..routing.network import close_roads
from ..routing.snap import column_text
from ..routing.speeds import rescue_default
from ..routing.traffic import at_hour
from ..schema import LAYERS, RESULTS
from .closures import closed_area, closed_roads
from .forbidden import Forbidden, of_source, of_substance
from .needs import matched, means, needs
from .staging import Staging, staging_point

if TYPE_CHECKING:
    from ..region import Region
    from ..routing.network import Network

MEANS = ("fire_station", "rescue_team", "ambulance_base", "hospital", "depot")  # whose vehicles, crews, foam count
_SEEN_M = 300.0  # ground shown around an incident without any forbidden ground


class Rescue(NamedTuple):
    """``told``: the answer as plain JSON; ``arrivals``: who comes, with routes; ``plan``: all of it for a map."""

    told: dict[str, Any]
    arrivals: gpd.GeoDataFrame
    plan: gpd.GeoDataFrame


def rescue(
    region: Region,
    at: str,
    *,
    wind: tuple[float, float | None] | None = None,
    substance: str | None = None,
    scenario: str | None = None,
    close: str | None = None,
    hour: str | None = None,
    to: str | Path | None = None,
) -> Rescue:
    """
    Who comes to a place when, by which road, and whether that is enough, by the results of the last run.

    Where a substance leaks, or a risk source fails in a wind, the ground to keep out of is closed, and the minutes
    are those to a staging point outside it, upwind where there is a road.

    Parameters
    ----------
    at
        LON,LAT in WGS 84, or the name or id of an object; a risk source of a quantified region has a plume of its own.
    wind
        (direction it comes from [deg], speed [m/s] or None for a low wind).
    substance
        What leaks: the distances of ERG 2024 count in place of the plume.
    scenario
        Kind of the accident (`needs.scenarios`), for what it takes; that of source or substance where not given.
    close
        Closed roads: WKT in WGS 84 or a file; see `closures.closed_area`.
    hour
        "free", "typical" or "peak"; the first of [rescue] hours where not given.
    to
        Also write the plan there: .html is a map, other endings as in `export`.

    Raises
    ------
    RegionError
        If the region has no roads or no emergency facilities.
    InputError
        If place, wind, scenario or closures make no sense.
    """
    _require(region)
    blowing = None if wind is None else (wind[0], wind[1] or rescue_default("wind_mps"))
    place, forbidden, notes = _incident(region, at, blowing, substance)
    hour = hour or region.settings.rescue.hours[0]
    roads = at_hour(pipeline.network(region), hour)
    names = column_text(region.layer("roads"), "name")
    drawn = None if close is None else closed_area(region, close)
    shut = [] if drawn is None else closed_roads(roads, drawn, names)
    open_roads = _without(roads, [drawn, forbidden.area if forbidden else None])
    staging = staging_point(open_roads, place, forbidden.area, forbidden.upwind) if forbidden else None
    target = (staging.x, staging.y) if staging else place
    facilities = pipeline.facilities_of(region)
    now = _everyone(region, open_roads, facilities, target, names, hour)
    if forbidden and staging is None:
        notes.append(_NO_STAGING)
    usual = now if open_roads is roads else _everyone(region, roads, facilities, place, None, hour)
    kinds = (scenario,) if scenario else forbidden.kinds if forbidden else ()
    wanted = needs(tuple(k for k in kinds if k != "none"), forbidden.pool_m2 if forbidden else None)
    working = facilities[~unserviceable(facilities)].reset_index(drop=True)
    held = means(working, _minutes(now, working), place, forbidden.area if forbidden else None)
    if drawn is not None and not shut:
        notes.append(_NOTHING_CLOSED)
    if not wanted:
        notes.append(_NO_NEEDS)
    arrivals, dropped = _compared(now, usual, region.settings.rescue.kinds, region.settings.rescue.nearest)
    told = {
        "at": _where(region, *place),
        "hour": hour,
        "wind": None if blowing is None else {"from_deg": blowing[0], "speed_mps": blowing[1]},
        "forbidden": None if forbidden is None else forbidden.why | {"area_km2": forbidden.area.area / 1e6},
        "staging": None if staging is None else _staging_told(region, open_roads, staging, names),
        "closed": shut,
        "arrivals": [_arrival(row) for row in arrivals.to_dict("records")],
        "dropped": dropped,
        "inside": [] if forbidden is None else _inside(working, forbidden),
        "needs": matched(wanted, held),
        "notes": notes,
    }
    plan = _plan(region, place, forbidden, staging, drawn, arrivals)
    if to is not None:
        _write(region, str(to), told, plan)
    return Rescue(told, arrivals, plan)


_TOLD = (
    "facility_kind", "rank", "facility_id", "facility_name", "minutes", "minutes_before", "lost_min", "turnout_s",
    "distance_m", "access_m", "reason",
)  # fmt: skip
_NO_STAGING = {
    "en": "no road outside the forbidden ground can be reached: nobody may come near without protection",
    "zh": "禁入范围外没有可到达的道路：无防护人员不得靠近",
}
_NOTHING_CLOSED = {
    "en": "the closure touches no road that vehicles use: nothing is closed",
    "zh": "封闭范围未涉及任何可通行道路：没有道路被封闭",
}
_NOBODY = {"en": "nobody comes", "zh": "没有力量可以到达"}
_NO_NEEDS = {
    "en": "what the accident takes is not worked out: name its kind with --scenario, or --substance, or a risk source",
    "zh": "未计算所需力量：请用 --scenario 指明事故类型，或给出 --substance，或以风险源为地点",
}
_PLAIN_SOURCE = {
    "en": "the place is a risk source: give --wind to route round its plume",
    "zh": "该地点为风险源：给出 --wind 可绕开其影响范围",
}


def _require(region: Region) -> None:
    for name in ("roads", "emergency_facilities"):
        if name not in region.settings.layers:
            raise RegionError(f"{region.folder}: rescue needs a [layers.{name}] section in region.toml.")


def _incident(
    region: Region, at: str, wind: tuple[float, float] | None, substance: str | None
) -> tuple[tuple[float, float], Forbidden | None, list[dict[str, str]]]:
    """The place, and the ground to keep out of where a wind or a substance makes it an accident with a plume."""
    source = region.settings.risk.quantified and _is_source(region, at)
    if source and substance is None and wind is not None:
        return *of_source(region, at, wind), []
    place = region.locate(at)
    if substance is not None:
        return place, of_substance(place, substance, wind), []
    if wind is not None:
        raise InputError(
            f"--wind without --substance, and {at} is no risk source: nothing is known that the wind would carry. "
            "Name the substance, or give the id of a risk source as the place."
        )
    return place, None, [_PLAIN_SOURCE] if source else []


def _is_source(region: Region, at: str) -> bool:
    from ..analysis.qra.accident import find_source

    try:
        find_source(region.table("risk_sources"), at)
    except (InputError, RegionError):
        return False
    return True


def _without(roads: Network, areas: list[Any]) -> Network:
    """The network without what touches any of the areas."""
    given = [area for area in areas if area is not None and not area.is_empty]
    return close_roads(roads, shapely.union_all(given)) if given else roads


def _everyone(
    region: Region, roads: Network, facilities: gpd.GeoDataFrame, at: tuple[float, float], names: Any, hour: str
) -> gpd.GeoDataFrame:
    """Every facility that has a say, by kind and rank, to one place."""
    rescue = region.settings.rescue
    place = gpd.GeoDataFrame({"id": [""], "name": [""]}, geometry=[shapely.Point(at)], crs=roads.crs)
    return closest_facilities(
        roads,
        {"": place},
        facilities,
        kinds=tuple(dict.fromkeys((*rescue.kinds, *MEANS))),
        k=max(1, len(facilities)),
        turnout_s=rescue.turnout_s,
        max_min=rescue.max_min,
        access_max_m=rescue.max_access_m,
        names=names,
        hour=hour,
    )


def _minutes(arrivals: pd.DataFrame, facilities: gpd.GeoDataFrame) -> pd.Series:
    """(N,) minutes of each facility, NaN where it does not come."""
    known = arrivals.dropna(subset=["minutes"]).drop_duplicates(["facility_kind", "facility_id"])
    minutes = known.set_index(["facility_kind", "facility_id"])["minutes"]
    keys = pd.MultiIndex.from_arrays([facilities["kind"], facilities["id"]])
    return pd.Series(minutes.reindex(keys).to_numpy(float))


def _compared(
    now: gpd.GeoDataFrame, usual: gpd.GeoDataFrame, kinds: tuple[str, ...], k: int
) -> tuple[gpd.GeoDataFrame, list[dict[str, Any]]]:
    """
    The first k of each kind with the minutes they would need undisturbed, and who would come undisturbed but cannot.

    Of those who cannot, only who was among the first k is told.
    """
    keys = ["facility_kind", "facility_id"]
    before = usual[[*keys, "minutes"]].dropna().rename(columns={"minutes": "minutes_before"})
    found = now.merge(before, on=keys, how="left")
    found["lost_min"] = found["minutes"] - found["minutes_before"]
    asked = found["facility_kind"].isin(kinds) & (found["rank"] <= k)
    coming = set(map(tuple, now.loc[now["minutes"].notna(), keys].to_numpy().tolist()))
    gone = usual[usual["minutes"].notna() & usual["facility_kind"].isin(kinds) & (usual["rank"] <= k)]
    dropped = [
        {"facility_kind": kind, "facility_id": i, "facility_name": name, "minutes_before": float(minutes)}
        for kind, i, name, minutes in gone[[*keys, "facility_name", "minutes"]].to_numpy().tolist()
        if (kind, i) not in coming
    ]
    return found[asked].reset_index(drop=True), dropped


def _inside(facilities: gpd.GeoDataFrame, forbidden: Forbidden) -> list[dict[str, str]]:
    """The facilities that stand in the forbidden ground themselves, to be warned; hydrants are counted elsewhere."""
    hit = shapely.intersects(forbidden.area, facilities.geometry.to_numpy())
    rows = facilities[hit & ~facilities["kind"].isin(["hydrant", "water_source"]).to_numpy()]
    columns = {"kind": "facility_kind", "id": "facility_id", "name": "facility_name"}
    return rows[list(columns)].rename(columns=columns).to_dict("records")


def _arrival(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: None if pd.isna(row[name]) else row[name] for name in _TOLD}
    steps = row["steps"] if isinstance(row.get("steps"), list) else []
    last = steps[-1] if steps else None
    return told | {"approach": None if last is None else last["en"], "steps": steps}


def _where(region: Region, x: float, y: float) -> dict[str, float]:
    lon, lat = to_lonlat(region.crs).transform(x, y)
    return {"x": x, "y": y, "lon": round(lon, 6), "lat": round(lat, 6)}


def _staging_told(region: Region, roads: Network, staging: Staging, names: Any) -> dict[str, Any]:
    road = str(names[roads.road[staging.edge]])
    told = _where(region, staging.x, staging.y) | {"distance_m": staging.distance_m, "upwind": staging.upwind}
    return told | {"road": road}


def _plan(
    region: Region,
    place: tuple[float, float],
    forbidden: Forbidden | None,
    staging: Staging | None,
    closed: Any,
    arrivals: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    """Everything with a place, one row each (``schema.RESULTS["rescue_plan"]``)."""
    rows: list[dict[str, Any]] = [{"what": "incident", "geometry": shapely.Point(place)}]
    if forbidden is not None:
        rows.append({"what": "forbidden", "note": forbidden.why["en"], "geometry": forbidden.area})
    if closed is not None:
        rows.append({"what": "closed", "geometry": closed})
    if staging is not None:
        rows.append({"what": "staging", "distance_m": staging.distance_m, "geometry": shapely.Point(staging[:2])})
    for row in arrivals.to_dict("records"):
        if row["geometry"] is not None:
            note = "; ".join(step["en"] for step in row["steps"] or [])
            rows.append({**row, "what": "route", "note": note})
            rows.append({**row, "what": "force", "geometry": shapely.Point(row["geometry"].coords[0])})
    names = [*RESULTS["rescue_plan"].names, "geometry"]
    table = pd.DataFrame(rows).reindex(columns=names)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=region.crs)


def _write(region: Region, to: str, told: dict[str, Any], plan: gpd.GeoDataFrame) -> None:
    if not to.lower().endswith(".html"):
        export_table(plan, to, "rescue_plan")
        return
    first = [row for row in told["arrivals"] if row["rank"] == 1 and row["minutes"] is not None]
    said: dict[str, list[str]] = {"zh": [], "en": []}
    for lang in said:
        said[lang] += [told["forbidden"][lang]] if told["forbidden"] else []
        said[lang] += [f"{row['facility_name']} {row['minutes']:.1f} {unit_words('min', lang)}" for row in first]
        said[lang] += [_NOBODY[lang]] if not first else []
        said[lang] += [note[lang] for note in told["notes"]]
    note = {"zh": "；".join(said["zh"]), "en": "; ".join(said["en"])}
    where = f"{told['at']['lon']:.5f},{told['at']['lat']:.5f}"
    title = {"zh": f"救援：{where}", "en": f"Rescue to {where}"}
    near = plan[(plan["what"] != "route") & (plan["what"] != "force") | (plan["rank"] == 1)]
    around = gpd.GeoDataFrame(geometry=near.geometry.buffer(_SEEN_M), crs=plan.crs)
    page = _in_words(plan, told, region.settings.publish.languages[0])
    facts = {lang: [_arrivals(told, lang)] for lang in said}
    answers.write_page(region, to, {"rescue_plan": page}, {}, title, around, note, facts)


def _arrivals(told: dict[str, Any], lang: str) -> list[list[str]]:
    """Who comes when, as a table for the page."""
    kinds = domain_words(LAYERS["emergency_facilities"].column("kind"))
    heads = {
        "zh": ["力量", "到达 (min)", "延误 (min)", "路程 (km)"],
        "en": ["Force", "Arrives (min)", "Delay (min)", "By road (km)"],
    }
    return [heads[lang], *(
        [f"{kinds[r['facility_kind']][lang]} {r['rank']} {r['facility_name']}", f"{r['minutes']:.1f}",
         "-" if r["lost_min"] is None else f"{r['lost_min']:+.1f}", f"{r['distance_m'] / 1000:.1f}"]
        for r in told["arrivals"] if r["minutes"] is not None
    )]  # fmt: skip


def _in_words(plan: gpd.GeoDataFrame, told: dict[str, Any], lang: str) -> gpd.GeoDataFrame:
    """The plan with its notes in the language of a page."""
    steps = {(r["facility_kind"], r["facility_id"]): [s[lang] for s in r["steps"]] for r in told["arrivals"]}
    joint, note = {"zh": "；", "en": "; "}[lang], plan["note"].astype(object).copy()
    for row, what, kind, who in zip(plan.index, plan["what"], plan["facility_kind"], plan["facility_id"], strict=True):
        if what == "route":
            note[row] = joint.join(steps[kind, who])
        elif what == "forbidden":
            note[row] = told["forbidden"][lang]
    return plan.assign(note=note)
