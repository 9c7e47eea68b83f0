"""Steps for hidden dangers and for the inspection plan; here the dues of analysis meet the tours of routing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import store
from ..errors import SettingsError
from ..manifest import Step
from ..region import Region
from ..sections import InspectionSettings
from .files import SHARED_CODE, layer_files, surfaces, tables, write_tables
from .roads import ROAD_LAYERS

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

DANGER_LAYERS = ("hidden_dangers", "enterprises", "districts")
VISIT_LAYERS = ("enterprises", "risk_points", "hidden_dangers")
BASE_LAYERS = ("hazard_sources", "emergency_facilities", "crowded_places", "parking_lots", "districts")
_CODE = ("analysis", "standards", "pipeline/dangers.py", *SHARED_CODE)


def danger_steps(region: Region) -> list[Step]:
    """Hidden dangers by state, place and significance; dues and tours of inspections. After the grades."""
    found: list[Step] = []
    settings, dated = region.settings, region.build / "date.json"
    reads: tuple[Path, ...]
    if "hidden_dangers" in settings.layers:
        reads = (dated, region.build / "grid.json", region.build / "boundary.parquet")
        reads += layer_files(region, *DANGER_LAYERS)
        writes = tables(region, "danger_places", "danger_counts", "danger_spots") + surfaces(region, "danger_density")
        reads += _graded(region)
        found.append(Step("dangers", lambda: _dangers(region), reads, writes, asdict(settings.dangers), _CODE))
    if "enterprises" in settings.layers:
        reads = (dated, *layer_files(region, *VISIT_LAYERS), *_graded(region), *_optional(region))
        if settings.inspections.rules:
            reads += (region.folder / settings.inspections.rules,)
        reads += layer_files(region, *ROAD_LAYERS, *BASE_LAYERS)
        used = [asdict(settings.inspections), asdict(settings.rescue)]
        code = (*_CODE, "routing", "layers/own_numbers.py")
        writes = tables(region, "inspections")
        found.append(Step("inspections", lambda: write_plan(region), reads, writes, used, code))
    return found


def _graded(region: Region) -> tuple[Path, ...]:
    """The table of graded enterprises, if the region has one."""
    return tables(region, "enterprises") if {"enterprises", "districts"} <= set(region.settings.layers) else ()


def _optional(region: Region) -> tuple[Path, ...]:
    """Tables a plan takes into account, those the region has."""
    by_layer = {"hazard_sources": "major_hazards", "hidden_dangers": "danger_places"}
    return tables(region, *(table for layer, table in by_layer.items() if layer in region.settings.layers))


def as_of(region: Region) -> str:
    """The data date as one day (YYYY-MM-DD), the last of a month or year; empty where nothing tells it."""
    from ..analysis.dangers import last_day

    day = last_day(region.data_date)
    return day.isoformat() if day else ""


def _dangers(region: Region) -> None:
    from ..analysis.danger_spots import cells, danger_spots
    from ..analysis.dangers import danger_counts, danger_density, danger_places, townships
    from ..analysis.rows import working

    layers, settings, grid = region.layers(*DANGER_LAYERS), region.settings.dangers, region.grid
    firms, districts = layers.get("enterprises"), layers.get("districts")
    places = danger_places(
        layers["hidden_dangers"],
        as_of(region),
        enterprises=firms,
        grades=region.table("enterprises") if _graded(region) else None,
        districts=districts,
    )
    if settings.lattice == "villages" and districts is not None:
        village = districts["level"] == "village" if "level" in districts else None
        lattice = districts[village] if village is not None and village.any() else townships(districts)
    else:
        lattice = cells(grid.bounds, settings.cell_m, grid.crs)
    spots = danger_spots(
        places,
        lattice,
        enterprises=None if firms is None else firms[working(firms)],
        boundary=store.read_table(region.build / "boundary.parquet"),
        settings=settings,
    )
    counts = danger_counts(places, districts, spots.attrs.pop("note"))
    write_tables(region, danger_places=places, danger_counts=counts, danger_spots=spots)
    density = danger_density(places, grid, settings.bandwidth_m)
    store.write_surface(region.build / "surfaces" / "danger_density.tif", store.Surface(density, grid))


def write_plan(region: Region) -> None:
    """The table `inspections` by the region's settings."""
    write_tables(region, inspections=plan(region, region.settings.inspections))


def plan(region: Region, settings: InspectionSettings, start: date | None = None) -> gpd.GeoDataFrame:
    """
    Dues of all enterprises from the day ``start`` (the data date where not given), and tours where there are teams.

    Raises
    ------
    SettingsError
        If nothing tells a first day, or a day off is no date.
    """
    from ..analysis.inspections import inspection_dues, inspection_rules
    from ..layers.own_numbers import read_own

    start = start or _start(region)
    own = None
    if settings.rules:
        own = read_own(region.folder / settings.rules, "[inspections] rules", "rule_id, what, match, ...")
    rules = inspection_rules(own, settings.rules or "")
    layers = region.layers(*VISIT_LAYERS)
    known = {path.stem: region.table(path.stem) for path in _optional(region)}
    dues = inspection_dues(
        layers["enterprises"],
        start,
        grades=region.table("enterprises") if _graded(region) else None,
        major_hazards=known.get("major_hazards"),
        dangers=known.get("danger_places"),
        points=layers.get("risk_points"),
        rules=rules,
    )
    weights = {str(rule["rule_id"]): float(rule["weight"]) for rule in rules}
    return _toured(region, settings, start, dues, weights)


def _start(region: Region) -> date:
    told = as_of(region)
    if not told:
        raise SettingsError(
            f"{region.folder}: nothing tells the date of the data, from which inspections are due. "
            'Write data_date = "2026-06-30" under [region], or give --from.'
        )
    return date.fromisoformat(told)


def working_days(start: date, count: int, days_off: Sequence[str]) -> list[date]:
    """
    The first ``count`` days from ``start`` on that are neither weekend nor among ``days_off``.

    Raises
    ------
    SettingsError
        If a day off is no date.
    """
    try:
        off = {date.fromisoformat(day) for day in days_off}
    except ValueError as error:
        raise SettingsError(f"[inspections] days_off: {error}. Write days such as 2026-10-01.") from None
    out: list[date] = []
    day = start
    while len(out) < count:
        if day.weekday() < 5 and day not in off:
            out.append(day)
        day += timedelta(days=1)
    return out


def _toured(
    region: Region, settings: InspectionSettings, start: date, dues: gpd.GeoDataFrame, weights: dict[str, float]
) -> gpd.GeoDataFrame:
    """The dues with team, day and order of those that a tour holds, and why the others are in none."""
    out = dues.assign(team=None, day=None, order=None, arrival=None, travel_min=np.nan)
    out = out[[c for c in out.columns if c not in ("reason", "geometry")] + ["reason", "geometry"]]
    out = out.astype({"team": "Int64", "order": "Int64", "day": object, "arrival": object})
    if not settings.teams:
        return out
    days = working_days(start, settings.days, settings.days_off)
    due = np.flatnonzero((out["due_date"] <= days[-1].isoformat()).to_numpy())
    chosen = due[: settings.most]
    why = dict.fromkeys(due[settings.most :].tolist(), f"not among the {settings.most} most urgent")
    stops, reasons = _tours(region, settings, out.iloc[chosen], weights)
    why |= {int(chosen[k]): reason for k, reason in reasons.items()}
    for column, values in _columns(stops, chosen, days).items():
        out.loc[list(values), column] = list(values.values())
    for k, reason in why.items():
        out.loc[k, "reason"] = f"{out.at[k, 'reason']}; not planned: {reason}"
    return out


def _columns(stops: Sequence[Any], chosen: Any, days: Sequence[date]) -> dict[str, dict[int, Any]]:
    """Column -> row -> value of the visits that tours hold."""
    rows = [int(chosen[s.visit]) for s in stops]
    values = {
        "team": [s.team + 1 for s in stops],
        "day": [days[s.day].isoformat() for s in stops],
        "order": [s.order for s in stops],
        "arrival": [f"{int(s.arrival_min // 60)}:{int(s.arrival_min % 60):02d}" for s in stops],
        "travel_min": [round(s.travel_min, 1) for s in stops],
    }
    return {column: dict(zip(rows, told, strict=True)) for column, told in values.items()}


def _tours(
    region: Region, settings: InspectionSettings, visits: gpd.GeoDataFrame, weights: dict[str, float]
) -> tuple[list[Any], dict[int, str]]:
    """Stops, and visit -> why it is in no tour."""
    from ..routing.snap import frame_points, snap_points
    from ..routing.speeds import vehicle_speeds
    from ..routing.tours import Stop, tours, travel_minutes, why_not
    from .roads import network_for

    if "roads" not in region.settings.layers:
        raise SettingsError(
            f"{region.folder}: tours need a [layers.roads] section in region.toml; --teams 0 gives dues."
        )
    xy = frame_points(visits)
    if not len(visits):
        return [], {}
    base_xy = _bases(region, settings, xy)
    speeds = vehicle_speeds(settings.vehicle, overrides=region.settings.rescue.speeds_kmh)
    roads = network_for(region, settings.vehicle, speeds)
    most_m = region.settings.rescue.max_access_m
    at = snap_points(roads, np.concatenate([base_xy, xy]), max_m=most_m)
    bases = len(base_xy)
    for k in np.flatnonzero(at.edge[:bases] < 0):
        raise SettingsError(f"base {settings.bases[k]!r}: no road within {most_m:g} m. Name another one.")
    minutes, day_min = travel_minutes(roads, at), 60 * settings.hours
    length = visits["visit_min"].to_numpy(float)
    why = why_not(minutes, bases, length, day_min)
    why = np.where(at.edge[bases:] < 0, f"no road within {most_m:g} m", why)
    fit = np.flatnonzero(why == "")
    places = np.concatenate([np.arange(bases), bases + fit])
    weight = visits["rule"].map(weights).to_numpy(float)
    found = tours(
        minutes[np.ix_(places, places)],
        np.arange(settings.teams) % bases,
        length[fit],
        np.maximum(weight[fit], min(w for w in (*weights.values(), 1.0) if w > 0)),
        days=settings.days,
        day_min=day_min,
        iterations=settings.iterations,
    )
    stops = [Stop(int(fit[s.visit]), *s[1:]) for s in found]
    told = {int(k): str(why[k]) for k in np.flatnonzero(why != "")}
    left = set(fit.tolist()) - {s.visit for s in stops}
    hours = f"no time left: {settings.teams} teams, {settings.days} days of {settings.hours:g} h"
    return stops, told | dict.fromkeys(sorted(left), hours)


def _bases(region: Region, settings: InspectionSettings, visits_xy: Any) -> Any:
    """(B, 2) where teams start; the middle of the visits where nothing is said."""
    if settings.bases:
        return np.array([region.locate(base) for base in settings.bases], float)
    return np.nanmedian(visits_xy, axis=0)[None]


def asked(
    settings: InspectionSettings, *, teams: int | None, days: int | None, bases: Sequence[str]
) -> InspectionSettings:
    """The region's settings with what one question says otherwise."""
    given: dict[str, Any] = {"teams": teams, "days": days, "bases": tuple(bases) or None}
    return replace(settings, **{key: value for key, value in given.items() if value is not None})


def day_tables(inspections: pd.DataFrame) -> pd.DataFrame:
    """Of each team and day: visits, driving and visiting time [min], for people to look at."""
    planned = inspections[inspections["team"].notna()]
    grouped = planned.groupby(["day", "team"], sort=True)
    out = grouped.agg(visits=("order", "size"), driving_min=("travel_min", "sum"), visiting_min=("visit_min", "sum"))
    return out.reset_index()
