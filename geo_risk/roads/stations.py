"""New stations: where they reach most of those whom nobody reaches in time now, and how many it takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, RegionError
from ..siting.ground import Ground
from .asked import Question
from .demand import Demand, demand_of, districts_at, in_service, minutes_from, starts_of, turnout
from .plots import (
    Barrier,
    Plots,
    given_plots,
    in_cells,
    judged,
    parameter,
    rule_barriers,
    setback_barriers,
    side_plots,
    spread,
)

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from ..routing.location import Choice, Sites
    from ..routing.reach import Starts

SHARES = (0.90, 0.95, 1.0)
MOST = 500  # plots compared
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class StationPlan:
    """
    New stations and what they change.

    ``sites``: schema.RESULTS["stations_plan"]. ``coverage``: schema.RESULTS["coverage_after"]. ``told``: what else the
    answer says, as JSON. ``starts``: the new stations as starts of journeys.
    """

    sites: gpd.GeoDataFrame
    coverage: pd.DataFrame
    told: dict[str, Any]
    starts: Starts


def stations(ground: Ground, asked: Question, candidates: str | Path | None = None) -> StationPlan:
    """
    Where new stations serve best beside those in service.

    ``candidates``: file of plots (points or outlines); without one, plots along the roads that keep every rule of
    standards/site_rules.csv and the setback rules of the region.

    Raises
    ------
    InputError
        If the file of candidates cannot be used, or none of its plots may be built on.
    RegionError
        If the region lacks roads, facilities or anything to be reached.
    """
    _require(ground)
    demand = demand_of(ground, parameter(asked.kind, "weight_hazard_source"))
    if not demand.weight.any():
        raise RegionError(
            f"{ground.region.folder}: nobody is to be reached. It takes one of the layers population, crowded_places "
            "and hazard_sources with people or places."
        )
    old, idle = in_service(ground, asked.kind)
    kept = np.sort(minutes_from(ground.network, old, demand), axis=0)[:2]  # from the nearest two of those in service
    now = kept.min(axis=0, initial=np.inf)
    plots, told = _plots(ground, asked, candidates, demand, kept)
    starts = starts_of(ground, plots, turnout(ground, asked.kind))
    new = _searched(ground, asked, starts, demand, kept)
    cap = ground.region.settings.rescue.max_min
    found = _choice(asked, kept, new, demand, plots, cap)
    chosen = found.sites - len(kept)
    there = minutes_from(ground.network, starts.take(chosen), demand)
    order = _ordered(there, now, demand, asked.minutes, cap)
    chosen, there = chosen[order], there[order]
    after = np.minimum(now, there.min(axis=0, initial=np.inf))
    sites = _sites(ground, plots.take(chosen), there, now, demand, asked.minutes)
    told |= _told(asked, found, demand, now, after, new)
    told |= {"idle": idle.to_dict("records"), "in_service": len(old)}
    if asked.model == "lscp":
        told["least"] = _least_numbers(asked, kept, new, demand, plots)
    return StationPlan(sites, _coverage(demand, now, after, asked), told, starts.take(chosen))


def _searched(ground: Ground, asked: Question, starts: Starts, demand: Demand, kept: Floats) -> Floats:
    """(N, D) minutes from the plots; of covering only to those not covered yet, infinite beyond the limit."""
    if asked.model in ("p-median", "p-center"):
        return minutes_from(ground.network, starts, demand, ground.region.settings.rescue.max_min)
    need = 1 + asked.backup
    late = (kept <= asked.minutes).sum(axis=0) < need
    new = np.full((len(starts), len(demand)), np.inf)
    new[:, late] = minutes_from(ground.network, starts, demand.take(late), asked.minutes)
    return new


def _require(ground: Ground) -> None:
    for name in ("roads", "emergency_facilities"):
        if name not in ground.region.settings.layers:
            raise RegionError(f"{ground.region.folder}: this needs a [layers.{name}] section in region.toml.")


def _plots(
    ground: Ground, asked: Question, path: str | Path | None, demand: Demand, kept: Floats
) -> tuple[Plots, dict[str, Any]]:
    """The plots that are compared, and how many were looked at."""
    area, against = parameter(asked.kind, "plot_m2"), barriers_of(ground, asked.kind)
    if path is not None:
        given = judged(ground, given_plots(ground, path), against)
        if (given.verdict == "conflict").all():
            raise InputError(f"{path}: none of the {len(given)} plots may be built on, such as {given.why[0]}.")
        barred = [{"name": n, "why": w} for n, v, w in zip(given.name, given.verdict, given.why, strict=True)
                  if v == "conflict"]  # fmt: skip
        return given, {"compared": len(given) - len(barred), "looked_at": len(given), "barred": barred}
    late = np.where((kept <= asked.minutes).sum(axis=0) <= asked.backup, demand.weight, 0.0)
    every = side_plots(ground, area**0.5, parameter(asked.kind, "frontage_m"))
    worth = _worth(every, demand, late, asked.minutes)
    near = in_cells(every, spread(every, worth, 3 * MOST))
    tried = judged(ground, every.take(near), against)
    clear, worth = tried.take(np.flatnonzero(tried.verdict == "clear")), worth[near][tried.verdict == "clear"]
    if not len(clear):
        raise RegionError(
            f"{ground.region.folder}: no plot of {area:g} m2 along the roads is clear of every rule. "
            "Give plots of your own: --candidates FILE."
        )
    some = clear.take(spread(clear, worth, MOST))
    return some, {"compared": len(some), "looked_at": len(tried), "clear": len(clear), "barred": []}


def barriers_of(ground: Ground, kind: str) -> list[Barrier]:
    """What a new station keeps clear of, taken as an office where setback rules ask what it is."""
    from ..siting.search import template

    office = dict(template(ground, "crowded_places:office", {}, parameter(kind, "plot_m2")))
    return [*rule_barriers(ground, kind), *setback_barriers(ground, office)]


def _worth(plots: Plots, demand: Demand, late: Floats, minutes: float) -> Floats:
    """(N,) weight of the late demands around each plot, as far as an engine gets on a winding road."""
    from scipy.spatial import cKDTree

    placed = (late > 0) & np.isfinite(demand.at.xy).all(axis=1)
    if not placed.any():
        return np.zeros(len(plots))
    side = 250.0
    cells, number = np.unique(np.floor(demand.at.xy[placed] / side).astype(np.int64), axis=0, return_inverse=True)
    weight = np.bincount(number.ravel(), late[placed])
    at, which = np.unique(np.floor(plots.middle / side).astype(np.int64), axis=0, return_inverse=True)
    radius = max(1.0, minutes - 1.0) * 35_000 / 60 / 1.4 / side  # 35 km/h, a detour of 1.4 (建标152 条文说明)
    near = cKDTree(at).sparse_distance_matrix(cKDTree(cells), radius, output_type="coo_matrix").tocsr()
    near.data[:] = 1.0
    return np.asarray(near @ weight)[which.ravel()]


def _choice(asked: Question, kept: Floats, new: Floats, demand: Demand, plots: Plots, cap: float) -> Choice:
    """The best plots by the model asked for, numbered after the ``kept`` rows."""
    from ..routing.location import mclp, p_center, p_median

    table, sites = np.vstack([kept, new]), _question(kept, plots)
    limit = asked.time_limit_s
    if asked.model == "mclp":
        cover = 1 + asked.backup
        return mclp(table, asked.minutes, demand.weight, asked.add, sites, cover=cover, time_limit_s=limit)
    if asked.model == "p-median":
        return p_median(table, demand.weight, asked.add, sites, cap=cap, time_limit_s=limit)
    if asked.model == "p-center":
        within = (demand.weight > 0) & np.isfinite(np.delete(table, sites.barred, axis=0).min(axis=0))
        found = p_center(table[:, within], asked.add, sites, time_limit_s=limit)
        if found is None:
            raise InputError(f"--add {asked.add}: too few to reach all whom the plots could reach. Add more.")
        return found
    return _fewest(asked, table, demand, sites, asked.share)


def _question(kept: Floats, plots: Plots) -> Sites:
    from ..routing.location import Sites

    barred = len(kept) + np.flatnonzero(plots.verdict == "conflict")
    return Sites(len(kept) + len(plots), kept=np.arange(len(kept)), barred=barred)


def _fewest(asked: Question, table: Floats, demand: Demand, sites: Any, share: float) -> Choice:
    """The fewest plots by which a share of the residents is reached; all whom any plot can reach for 1."""
    from ..routing.location import least_for, lscp

    allowed = np.delete(table, sites.barred, axis=0)
    counted = _counted(demand)
    if share == 1.0:
        need = 1 + asked.backup
        counted &= ((allowed <= asked.minutes).sum(axis=0) >= need) & (demand.weight > 0)
        found = lscp(table[:, counted], asked.minutes, sites, cover=need, time_limit_s=asked.time_limit_s)
    else:
        weight = np.where(counted, demand.weight, 0.0)
        found = least_for(table, asked.minutes, weight, share, sites, time_limit_s=asked.time_limit_s)
    if found is None:
        best = float(demand.weight[counted & (allowed <= asked.minutes).any(axis=0)].sum())
        raise InputError(
            f"--share {share:g}: all plots together reach {best / demand.weight[counted].sum():.1%} within "
            f"{asked.minutes:g} min. Ask for less, or give more plots (--candidates FILE)."
        )
    return found


def _counted(demand: Demand) -> NDArray[np.bool_]:
    """(D,) what shares are of: the residents, or everything where their places are not known."""
    people = demand.what == "people"
    return people if demand.weight[people].any() else np.ones(len(demand), bool)


def _ordered(there: Floats, now: Floats, demand: Demand, minutes: float, cap: float) -> Ints:
    """Order of the chosen plots (rows of ``there``): next is what newly reaches most, then what saves most minutes."""
    left, best, order = list(range(len(there))), np.minimum(now, cap), []
    while left:
        gains = {
            i: (
                float(demand.weight[(there[i] <= minutes) & (best > minutes)].sum()),
                float(demand.weight @ np.maximum(best - there[i], 0.0)),
            )
            for i in left
        }
        take = max(left, key=lambda i: (gains[i], -i))
        left.remove(take)
        order.append(take)
        best = np.minimum(best, there[take])
    return np.array(order, np.int64)


def _sites(
    ground: Ground, chosen: Plots, there: Floats, now: Floats, demand: Demand, minutes: float
) -> gpd.GeoDataFrame:
    """One row a new station, with what it alone adds to those before it."""
    import geopandas as gpd
    import shapely

    best, rows = now, []
    first = there.argmin(axis=0) if len(there) else np.empty(0, np.int64)
    for k, own in enumerate(there):
        newly = (own <= minutes) & (best > minutes)
        served = (first == k) & (own < now) & np.isfinite(now)
        told: dict[str, Any] = {name: float(demand.count[newly & (demand.what == name)].sum()) for name in _TARGETS}
        weight = demand.weight[served]
        for name, value in (("minutes_before", now), ("minutes_after", own)):
            told[name] = float(np.average(value[served], weights=weight)) if weight.any() else np.nan
        rows.append(told | {"weight": float(demand.weight[newly].sum())})
        best = np.minimum(best, own)
    at = gpd.GeoSeries(shapely.points(chosen.middle), crs=ground.region.crs)
    degrees = at.to_crs(4326)
    columns: dict[str, Any] = {
        "rank": np.arange(1, len(rows) + 1),
        "name": chosen.name,
        "lon": degrees.x.round(6),
        "lat": degrees.y.round(6),
        "district_id": districts_at(ground, chosen.middle),
    }
    columns |= {name: [row[name] for row in rows] for name in (*_TARGETS, "weight", "minutes_before", "minutes_after")}
    columns |= {"area_m2": shapely.area(chosen.shape), "verdict": chosen.verdict, "why": chosen.why}
    return gpd.GeoDataFrame(columns, geometry=at.to_numpy(), crs=ground.region.crs)


_TARGETS = ("people", "crowded_places", "hazard_sources")


def _coverage(demand: Demand, now: Floats, after: Floats, asked: Question) -> pd.DataFrame:
    """Reached within the limit before and after, by target, for the region ("") and its smallest districts."""
    import pandas as pd

    names, number = np.unique(demand.district.astype(str), return_inverse=True)
    rows = []
    for target in demand.targets:
        here = demand.what == target
        masks = [("", here), *((n or "outside", here & (number == i)) for i, n in enumerate(names))]
        for district, mask in masks:
            total = float(demand.count[mask].sum())
            if not total and district:
                continue
            before, later = (float(demand.count[mask & (t <= asked.minutes)].sum()) for t in (now, after))
            lost = float(demand.count[mask & ~np.isfinite(after) & (demand.at.edge < 0)].sum())
            share = (before / total, later / total) if total else (np.nan, np.nan)
            rows.append((asked.kind, asked.minutes, target, district, total, before, later, *share, lost))
    columns = ("facility_kind", "limit_min", "target", "district_id", "total", "covered_before", "covered",
               "share_before", "share", "unreachable")  # fmt: skip
    return pd.DataFrame(rows, columns=list(columns))


def _told(asked: Question, found: Choice, demand: Demand, now: Floats, after: Floats, new: Floats) -> dict[str, Any]:
    """What a person must know to judge the answer."""
    people = demand.what == "people"
    reach = np.minimum(now, new.min(axis=0, initial=np.inf))
    late = people & (reach > asked.minutes)
    return {
        "kind": asked.kind,
        "model": asked.model,
        "minutes": asked.minutes,
        "backup": asked.backup,
        "value": found.value,
        "bound": found.bound,
        "gap": found.gap,
        "optimal": found.gap == 0.0,
        "stopped": found.stopped,
        "new": len(found.sites),
        "people": float(demand.count[people].sum()),
        "people_before": float(demand.count[people & (now <= asked.minutes)].sum()),
        "people_after": float(demand.count[people & (after <= asked.minutes)].sum()),
        "people_no_road": float(demand.count[people & (demand.at.edge < 0)].sum()),
        "people_no_plot": float(demand.count[late].sum()),
        "mean_min_before": _mean(now, demand, people),
        "mean_min_after": _mean(after, demand, people),
    }


def _mean(minutes: Floats, demand: Demand, rows: NDArray[np.bool_]) -> float | None:
    """Mean minutes of the residents who can be reached; None without any."""
    some = rows & np.isfinite(minutes) & (demand.count > 0)
    return float(np.average(minutes[some], weights=demand.count[some])) if some.any() else None


def _least_numbers(asked: Question, kept: Floats, new: Floats, demand: Demand, plots: Plots) -> list[dict[str, Any]]:
    """How many it takes at least for each of `SHARES` of the residents; number None where no number does."""
    rows: list[dict[str, Any]] = []
    table, sites = np.vstack([kept, new]), _question(kept, plots)
    for share in SHARES:
        try:
            found = _fewest(asked, table, demand, sites, share)
        except InputError as error:
            rows.append({"share": share, "number": None, "at_least": None, "why": str(error)})
            continue
        why = "of those whom any plot or station can reach" if share == 1.0 else ""
        least = int(np.ceil(found.bound - 1e-6))
        rows.append({"share": share, "number": len(found.sites), "at_least": least, "why": why})
    return rows
