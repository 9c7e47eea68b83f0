"""Plans of stations and parking lots as files: a map, or a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .asked import Question, Wanted

if TYPE_CHECKING:
    import geopandas as gpd

    from ..region import Region
    from ..siting.ground import Ground
    from .parking import ParkingPlan
    from .stations import StationPlan


def stations(
    region: Region,
    *,
    add: int = 1,
    minutes: float = 5.0,
    kind: str = "fire_station",
    model: str = "mclp",
    share: float = 1.0,
    candidates: str | Path | None = None,
    backup: bool = False,
    time_limit_s: float | None = None,
    to: str | Path | None = None,
) -> StationPlan:
    """
    Where new stations serve best beside those in service, by the layers of the last run.

    Parameters
    ----------
    add
        How many; lscp says itself how many it takes.
    minutes
        From the call until the first engine is there, turnout and straight legs included [min].
    kind
        fire_station or depot.
    model
        mclp: most people and places newly reached in time; lscp: fewest stations that reach ``share`` of the
        residents; p-median: least sum of minutes; p-center: least minutes of the worst served.
    candidates
        File of plots; without one, plots along the roads on ground that keeps the rules.
    backup
        Count only what two stations reach in time.
    time_limit_s
        Of one run of the solver [s]; without one it stops after a number of steps, the same on every machine.
    to
        Also write it: .html is a map before and after, other endings as in `export`.

    Raises
    ------
    InputError
        If an option makes no sense or the candidates cannot be used.
    RegionError
        If the region lacks roads, facilities or people.
    """
    from ..export import export_table
    from ..siting.ground import Ground
    from .stations import stations as planned

    asked = Question(add, minutes, kind, model, share, backup, time_limit_s)
    ground = Ground(region)
    plan = planned(ground, asked, candidates)
    if to is not None and str(to).lower().endswith(".html"):
        _stations_page(ground, asked, plan, str(to))
    elif to is not None:
        export_table(plan.sites, str(to), "stations_plan")
    return plan


def parking(
    region: Region,
    *,
    sites: int = 1,
    bays: int | None = None,
    near: Sequence[str] = (),
    candidates: str | Path | None = None,
    bay_trips: float | None = None,
    time_limit_s: float | None = None,
    to: str | Path | None = None,
) -> ParkingPlan:
    """
    Where new hazmat parking lots serve best within the rules, and what the lots in use break.

    Parameters
    ----------
    sites
        How many new lots.
    bays
        Of each, which sets the size of its plot; that of standards/site_parameters.csv where not given.
    near
        Parts of the region to look in: east, west, north, south, or names or ids of districts.
    candidates
        File of plots; without one, plots along the roads on ground that keeps the rules.
    bay_trips
        Trips a year that one bay can take, so that lots fill up; any number where not given.
    time_limit_s
        Of one run of the solver [s].
    to
        Also write it: .html is a map, other endings as in `export`.

    Raises
    ------
    InputError
        If an option makes no sense or the candidates cannot be used.
    RegionError
        If the region lacks roads, or firms that move hazardous goods.
    """
    from ..export import export_table
    from ..siting.ground import Ground
    from .parking import parking as planned

    asked = Wanted(sites, bays, tuple(near), time_limit_s, bay_trips)
    ground = Ground(region)
    plan = planned(ground, asked, candidates)
    if to is not None and str(to).lower().endswith(".html"):
        _parking_page(ground, plan, str(to))
    elif to is not None:
        export_table(plan.sites, str(to), "parking_plan")
    return plan


_KINDS = {"fire_station": ("消防站", "fire stations"), "depot": ("应急物资库", "depots")}


def _stations_page(ground: Ground, asked: Question, plan: StationPlan, to: str) -> None:
    """The new stations with the ground reached before and gained."""
    from .. import answers

    zh, en = _KINDS[asked.kind]
    told = plan.told
    before, after = (_share(told[f"people_{when}"], told["people"]) for when in ("before", "after"))
    title = {"zh": f"新建{zh}：{len(plan.sites)} 处", "en": f"New {en}: {len(plan.sites)}"}
    note = {
        "zh": f"{asked.minutes:g} 分钟覆盖人口 {before} → {after}；比较了 {told['compared']} 处用地",
        "en": f"residents within {asked.minutes:g} min {before} to {after}; {told['compared']} plots compared",
    }
    tables = {"reach_change": reach_change(ground, asked, plan), "stations_plan": plan.sites}
    answers.write_page(ground.region, to, tables, {}, title, plan.sites, note)


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def reach_change(ground: Ground, asked: Question, plan: StationPlan) -> gpd.GeoDataFrame:
    """Ground reached in time by the stations in service, and what the new ones add (schema: reach_change)."""
    import geopandas as gpd
    import pandas as pd
    import shapely

    from .. import pipeline
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
    import shapely

    at = plan.starts.at
    lines = ground.network.lines[at.edge]
    return shapely.get_coordinates(shapely.line_interpolate_point(lines, at.offset_m))


def _parking_page(ground: Ground, plan: ParkingPlan, to: str) -> None:
    """Lots new and in use, on the ground that was compared."""
    from .. import answers

    new = plan.sites[plan.sites["state"] == "new"]
    told = plan.told
    title = {"zh": f"危货停车场选址：{len(new)} 处", "en": f"Hazmat parking lots: {len(new)} new"}
    note = {
        "zh": f"服务 {told['firms']} 家涉危货企业，平均 {_min(told['mean_min_before'])} → "
        f"{_min(told['mean_min_after'])} 分钟；比较了 {told['compared']} 处用地",
        "en": f"{told['firms']} firms that move hazardous goods, mean {_min(told['mean_min_before'])} to "
        f"{_min(told['mean_min_after'])} min; {told['compared']} plots compared",
    }
    answers.write_page(ground.region, to, {"parking_plan": plan.sites}, {}, title, plan.sites, note)


def _min(minutes: float | None) -> str:
    return "-" if minutes is None else f"{minutes:.1f}"
