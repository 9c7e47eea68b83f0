"""Hazmat parking lots: where new ones serve the firms that move hazardous goods best within the rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, RegionError
from ..siting.ground import Ground
from .asked import Wanted
from .carriers import FACILITY, Carriers, carriers_of
from .demand import Demand, districts_at, minutes_from
from .lots import found_at, in_use, main_road, people_around, rescue_min
from .plots import (
    Barrier,
    Plots,
    given_plots,
    in_cells,
    judged,
    missing_layers,
    nearest_limits,
    parameter,
    rule_barriers,
    setback_barriers,
    side_plots,
    spread,
)

if TYPE_CHECKING:
    import geopandas as gpd

    from ..routing.snap import Snapped

MOST = 300  # plots compared
_AT_GATE_M = 1.0  # a gate farther than this from an open road is on one that trucks may not use
_PARTS = {"east": (1, 0), "west": (-1, 0), "north": (0, 1), "south": (0, -1)}
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ParkingPlan:
    """
    Lots, new and in use.

    ``sites``: schema.RESULTS["parking_plan"], the new ones first. ``told``: what else the answer says, as JSON.
    """

    sites: gpd.GeoDataFrame
    told: dict[str, Any]


def parking(ground: Ground, asked: Wanted, candidates: str | Path | None = None) -> ParkingPlan:
    """
    The plots that serve the firms moving hazardous goods best, beside the lots in use.

    Least sum over firms of their weight (`carriers.Carriers`) times the minutes of a hazmat truck from the nearest
    lot, to which each lot's people around are added as minutes (risk_min of standards/site_parameters.csv for every
    1000): exposure grows with the vehicles that stand there.

    Raises
    ------
    InputError
        If a part of the region is unknown, or the candidates cannot be used.
    RegionError
        If the region lacks roads, or firms that move hazardous goods.
    """
    if "roads" not in ground.region.settings.layers:
        raise RegionError(f"{ground.region.folder}: this needs a [layers.roads] section in region.toml.")
    carriers = carriers_of(ground)
    demand = carriers.demand
    old, names = in_use(ground)
    bays = asked.bays or int(parameter(FACILITY, "bays"))
    rules, project = rule_barriers(ground, FACILITY), _project(ground, bays)
    barriers = [*rules, *setback_barriers(ground, project)]
    plots, told = _plots(ground, asked, candidates, carriers, bays, barriers)
    reached = _on_road(ground, carriers, old)
    old_min, new_min = (_minutes(ground, carriers, p) for p in (old, plots))
    weighed = np.vstack([old_min + _exposure(ground, old.middle), new_min + _exposure(ground, plots.middle)])
    room = _room(asked, names, len(plots), bays, carriers)
    chosen, gap, stopped = _chosen(ground, asked, plots, weighed, demand, room)
    taken = plots.take(chosen)
    proven, close = _proven(ground, project, taken), nearest_limits(taken, barriers)
    old = _told_far(ground, judged(ground, old, rules, built=True), reached)
    after = np.vstack([new_min[chosen], old_min])
    lots = np.concatenate([len(old) + chosen, np.arange(len(old))])
    share = _shared(after, weighed[lots], demand, None if room is None else room[lots])
    sites = _table(ground, proven, old, names, after, share, carriers, bays, close)
    told |= {
        "firms": int((demand.what == "enterprises").sum()),
        "bays": bays,
        "in_use": len(old),
        "gap": gap,
        "optimal": gap == 0.0,
        "stopped": stopped,
        "mean_min_before": _mean(old_min),
        "mean_min_after": _mean(after),
        "weighed_by": "kind of firm" if carriers.trips is None else "trips a year",
        "weighed_min_before": _mean(old_min, demand.weight),
        "weighed_min_after": _mean(after, demand.weight),
        "lots_no_road": [str(name) for name in old.name[~reached]],
        "firms_no_road": int((demand.at.edge < 0).sum()),
        "trips_no_room": None if room is None else _no_room(after, share, demand),
        "notes": [*carriers.notes, *_notes(ground, asked)],
    }
    return ParkingPlan(sites, told)


def _on_road(ground: Ground, carriers: Carriers, plots: Plots) -> NDArray[np.bool_]:
    """(N,) which plots have a road near by that hazmat trucks may use; a gate must be on it."""
    at = _snapped(ground, carriers, plots)
    return (at.edge >= 0) & (np.isnan(plots.front[:, 0]) | (at.access_m <= _AT_GATE_M))


def _minutes(ground: Ground, carriers: Carriers, plots: Plots) -> Floats:
    """(N, D) minutes of a truck from each plot to each firm; infinite where no road is near, or none leads there."""
    from ..routing.reach import Starts
    from ..routing.snap import access_ms

    at = _snapped(ground, carriers, plots)
    near = np.flatnonzero(at.edge >= 0)
    out = np.full((len(plots), len(carriers.demand)), np.inf)
    starts = Starts(at.take(near), access_ms(at.take(near)))
    out[near] = minutes_from(carriers.network, starts, carriers.demand)
    return out


def _snapped(ground: Ground, carriers: Carriers, plots: Plots) -> Snapped:
    from ..routing.snap import snap_points

    return snap_points(carriers.network, plots.gate, max_m=ground.region.settings.rescue.max_access_m)


def _told_far(ground: Ground, lots: Plots, reached: NDArray[np.bool_]) -> Plots:
    """Lots without a road near by are undecided at best: their position, or the roads, want a look."""
    metres = ground.region.settings.rescue.max_access_m
    far = f"no road open to hazmat trucks within {metres:g} m: check its position and the rules of the roads there"
    verdict = np.where(~reached & (lots.verdict == "clear"), "undecided", lots.verdict)
    why = [w if r else "; ".join(filter(None, (w, far))) for w, r in zip(lots.why, reached, strict=True)]
    return replace(lots, verdict=verdict, why=np.array([*why, None], object)[:-1])


def _project(ground: Ground, bays: int) -> dict[str, gpd.GeoDataFrame]:
    from ..siting.search import template

    return dict(template(ground, "parking_lots:hazmat", {"bays": str(bays)}, bays * parameter(FACILITY, "bay_m2")))


def barriers_of(ground: Ground, bays: int) -> list[Barrier]:
    """What a new lot of so many bays keeps clear of."""
    return [*rule_barriers(ground, FACILITY), *setback_barriers(ground, _project(ground, bays))]


def _plots(
    ground: Ground, asked: Wanted, path: str | Path | None, carriers: Carriers, bays: int, barriers: list[Any]
) -> tuple[Plots, dict[str, Any]]:
    """The plots that are compared, in the parts asked for."""
    if path is not None:
        given = judged(ground, given_plots(ground, path), barriers)
        reached = _on_road(ground, carriers, given)
        given = _told_far(ground, given, reached)
        fit = reached & (given.verdict != "conflict")
        able = given.take(np.flatnonzero(fit))
        barred = [{"name": n, "why": w} for n, w, f in zip(given.name, given.why, fit, strict=True) if not f]
        if not len(able):
            raise InputError(f"{path}: none of the {len(given)} plots may be built on, such as {given.why[0]}.")
        return able, {"compared": len(able), "looked_at": len(given), "barred": barred}
    side = float(np.sqrt(bays * parameter(FACILITY, "bay_m2")))
    every = side_plots(ground, side, parameter(FACILITY, "frontage_m"))
    if asked.near:
        every = every.take(np.flatnonzero(np.any([_within(ground, part, every.middle) for part in asked.near], axis=0)))
    every = every.take(np.flatnonzero(_on_road(ground, carriers, every)))
    worth = _nearness(every.middle, carriers.demand)
    near = in_cells(every, spread(every, worth, 5 * MOST))
    tried = judged(ground, every.take(near), barriers)
    clear = np.flatnonzero(tried.verdict == "clear")
    if not len(clear):
        raise RegionError(
            f"{ground.region.folder}: no plot of {side:.0f} x {side:.0f} m along the roads is clear of every rule"
            f"{' in ' + ', '.join(asked.near) if asked.near else ''}. Ask for fewer bays, or give plots of your own: "
            "--candidates FILE."
        )
    some = tried.take(clear[spread(tried.take(clear), worth[near][clear], MOST)])
    return some, {"compared": len(some), "looked_at": len(tried), "clear": len(clear), "barred": []}


def _nearness(at: Floats, demand: Demand) -> Floats:
    """(N,) how near the firms are to places: sum of 1 / (1 + km squared) over the nearest of them."""
    from scipy.spatial import cKDTree

    placed = demand.at.xy[np.isfinite(demand.at.xy).all(axis=1)]
    far, _ = cKDTree(placed).query(at, k=min(50, len(placed)))
    return (1.0 / (1.0 + (far.reshape(len(at), -1) / 1000.0) ** 2)).sum(axis=1)


def _within(ground: Ground, part: str, at: Floats) -> NDArray[np.bool_]:
    """(N,) which places lie in a half of the region (by the middle of its outline) or in a district."""
    import shapely

    from ..siting.ground import district

    if part in _PARTS:
        middle = shapely.get_coordinates(shapely.centroid(ground.boundary))[0]
        return (at - middle) @ np.array(_PARTS[part], float) > 0
    return shapely.contains_xy(district(ground, part, "--near"), at[:, 0], at[:, 1])


def _exposure(ground: Ground, at: Floats) -> Floats:
    """(N, 1) minutes that the people around each place weigh."""
    return people_around(ground, at)[:, None] / 1000.0 * parameter(FACILITY, "risk_min")


def _room(asked: Wanted, rows: gpd.GeoDataFrame, plots: int, bays: int, carriers: Carriers) -> Floats | None:
    """(N,) trips a year that the lots in use (any number where their bays are not told) and then the plots can take."""
    if asked.bay_trips is None:
        return None
    if carriers.trips is None:
        raise InputError("--bay-trips: no trips are known to share out. Name the regular ones: [hazmat] flows.")
    own = rows["bays"].astype(float).fillna(np.inf).to_numpy(float)
    return np.concatenate([own, np.full(plots, float(bays))]) * asked.bay_trips


def _shared(minutes: Floats, weighed: Floats, demand: Demand, room: Floats | None) -> Floats:
    """(L, D) which part of each firm's trips each lot takes: the nearest lot all, or as there is room."""
    from ..routing.location import Sites
    from ..routing.location_capacity import p_median_capacity

    if room is not None:
        cap, lots = parameter(FACILITY, "cap_min"), np.arange(len(weighed))
        return p_median_capacity(weighed, demand.weight, room, 0, Sites(len(lots), kept=lots), cap=cap).part
    share = np.zeros(minutes.shape)
    there = np.flatnonzero(np.isfinite(minutes.min(axis=0, initial=np.inf)))
    if len(there):
        share[minutes[:, there].argmin(axis=0), there] = 1.0
    return share


def _no_room(minutes: Floats, share: Floats, demand: Demand) -> float:
    """Trips a year of firms with a lot in reach that no lot takes."""
    there = np.isfinite(minutes.min(axis=0, initial=np.inf))
    return round(float((demand.weight * (1.0 - share.sum(axis=0)))[there].sum()), 6)


def _chosen(
    ground: Ground, asked: Wanted, plots: Plots, table: Floats, demand: Demand, room: Floats | None
) -> tuple[Ints, float, str]:
    """
    (rows of the plots, largest gap, what stopped the search): part after part where parts are asked for.

    ``table``: minutes, exposure in them, from the lots in use and then from the plots; ``room`` as in `_room`.
    """
    from ..routing.location import Sites, p_median
    from ..routing.location_capacity import p_median_capacity

    cap, in_use_ = parameter(FACILITY, "cap_min"), len(table) - len(plots)
    parts = asked.near if 1 < len(asked.near) <= asked.sites else ("",)
    kept, gaps, stopped = list(range(in_use_)), [0.0], ""
    for k, part in enumerate(parts):
        count = asked.sites // len(parts) + (k < asked.sites % len(parts))
        outside = ~_within(ground, part, plots.middle) if part else np.zeros(len(plots), bool)
        sites = Sites(len(table), kept, in_use_ + np.flatnonzero(outside))
        limit = asked.time_limit_s
        if room is None:
            found = p_median(table, demand.weight, count, sites, cap=cap, time_limit_s=limit)
        else:
            found = p_median_capacity(table, demand.weight, room, count, sites, cap=cap, time_limit_s=limit).choice
        kept += found.sites.tolist()
        gaps.append(found.gap)
        stopped = stopped or found.stopped
    return np.array(kept[in_use_:], np.int64) - in_use_, max(gaps), stopped


def _proven(ground: Ground, project: dict[str, gpd.GeoDataFrame], taken: Plots) -> Plots:
    """The chosen plots with the verdict of a full siting check of the lot there, where it is the worse."""
    import shapely

    from ..siting.answer import WORST
    from ..siting.checks import decide

    verdict, why = taken.verdict.copy(), taken.why.copy()
    for i, shape in enumerate(taken.shape):
        lot = {n: f.set_geometry(np.array([shape], object), crs=f.crs) for n, f in project.items()}
        found = decide(ground, lot if shapely.get_dimensions(shape) == 2 else _square(lot, project, shape))
        said = "; ".join(c.en for c in found.checks if c.verdict == found.verdict and found.verdict != "clear")
        verdict[i] = min(verdict[i], found.verdict, key=WORST.index)
        why[i] = "; ".join(filter(None, (why[i], said)))
    return replace(taken, verdict=verdict, why=why)


def _square(
    lot: dict[str, gpd.GeoDataFrame], project: dict[str, gpd.GeoDataFrame], at: Any
) -> dict[str, gpd.GeoDataFrame]:
    """A place given as a point, as the square that its bays take."""
    from ..siting.ways import moved

    middle = next(iter(project.values())).geometry.iloc[0].centroid
    return moved(project, at.x - middle.x, at.y - middle.y)


def _table(
    ground: Ground, new: Plots, old: Plots, rows: gpd.GeoDataFrame, minutes: Floats, share: Floats, carriers: Carriers,
    bays: int, close: list[str],
) -> gpd.GeoDataFrame:  # fmt: skip
    """One row a lot, the new ones first in the order of the firms they serve."""
    import geopandas as gpd
    import shapely

    some = share > 1e-6
    serves = some.sum(axis=1)
    trips = [np.nan] * len(share) if carriers.trips is None else (share @ carriers.trips).tolist()
    mean = [float(np.average(t[own], weights=part[own])) if own.any() else np.nan
            for t, part, own in zip(minutes, share, some, strict=True)]  # fmt: skip
    at = np.vstack([new.middle, old.middle])
    where = gpd.GeoSeries(shapely.points(at), crs=ground.region.crs)
    degrees = where.to_crs(4326)
    verdict, why = found_at(ground, rows, old)
    columns: dict[str, Any] = {
        "state": ["new"] * len(new) + ["existing"] * len(old),
        "id": [None] * len(new) + rows["id"].tolist(),
        "name": [*new.name, *old.name],
        "lon": degrees.x.round(6),
        "lat": degrees.y.round(6),
        "district_id": districts_at(ground, at),
        "bays": [float(bays)] * len(new) + rows["bays"].astype(float).tolist(),
        "serves": serves,
        "trips_per_yr": trips,
        "minutes": mean,
        "people_around": people_around(ground, at),
        "rescue_min": rescue_min(ground, at),
        "main_road_m": main_road(ground, at),
        "verdict": [*new.verdict, *verdict],
        "why": [*new.why, *why],
        "close": [*close, *([""] * len(old))],
    }
    table = gpd.GeoDataFrame(columns, geometry=where.to_numpy(), crs=ground.region.crs)
    order = np.lexsort((np.arange(len(table)), -serves, (table["state"] != "new").to_numpy()))
    table = table.iloc[order].reset_index(drop=True)
    rank = [k + 1 if k < len(new) else None for k in range(len(table))]
    table.insert(0, "rank", np.array(rank, object))
    table["rank"] = table["rank"].astype("Int64")
    return table


def _mean(minutes: Floats, weight: Floats | None = None) -> float | None:
    """Mean minutes of the firms to their nearest lot, weighed or not; None where there is no lot."""
    least = minutes.min(axis=0, initial=np.inf)
    known = np.isfinite(least)
    return float(np.average(least[known], weights=None if weight is None else weight[known])) if known.any() else None


def _notes(ground: Ground, asked: Wanted) -> list[str]:
    """What a person must know to judge the answer."""
    notes = []
    if 1 < len(asked.near) <= asked.sites:
        notes.append(f"chosen part after part: {', '.join(asked.near)}")
    return [
        *notes,
        *missing_layers(ground, FACILITY),
        "GB 55037-2022 3.1.3 (30 m from open flames): no layer shows them",
    ]
