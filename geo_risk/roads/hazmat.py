"""By which road dangerous goods should go: the lawful compromises between time and people at risk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..export import export_table
from ..region import Region
from ..schema import RESULTS
from .pages import write_hazmat
from .trips import Roads, Trip, roads_of, trip_of

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np

    from ..routing.hazmat import Found, Roadway
    from ..routing.hours import Window
    from ..routing.snap import Snapped

_ROUNDS = 6  # of widening the time for which bans must allow a trip
_WORTH_MS = 60_000  # of driving saved make a later departure worth telling
_NAMED = 6  # bans and roads named in one sentence


class NoLawfulWayError(InputError):
    """There is no lawful way at the time asked for; there may be one at another."""


@dataclass(frozen=True)
class HazmatRoutes:
    """
    ``told`` as plain values; ``routes`` (schema: hazmat_routes) and ``legs``, their stretches in driving order:
    route, road_id, along (1 or -1 of the drawing), enter_min, leave_min after departure, geometry.
    """

    told: dict[str, Any]
    routes: gpd.GeoDataFrame
    legs: gpd.GeoDataFrame


def hazmat(
    region: Region,
    start: str,
    end: str,
    *,
    substance: str | None = None,
    at: str | None = None,
    weekday: str | None = None,
    reach_m: float | None = None,
    to: Sequence[str | Path] = (),
) -> HazmatRoutes:
    """
    Routes of a hazmat truck between two places that no other lawful route is better than in time and risk.

    Parameters
    ----------
    start, end
        LON,LAT or the id or name of an enterprise or facility.
    substance
        Its load; the strictest rules hold where not given.
    at, weekday
        Departure, HH:MM and Mo to Su; every ban counts where no time is given, any day's where no weekday is.
    reach_m
        Half-width of the band in which people count [m]; from `reach_of` where not given.
    to
        Files to write the routes to: .html is a map, others as in `export`.

    Raises
    ------
    InputError
        If a place, the substance or the time is not known, a place is far from every open road, or there is no way.
    """
    roads = roads_of(region)
    trip = trip_of(region, start, end, substance, at, weekday, reach_m)
    found = answer(roads, trip)
    for path in (to,) if isinstance(to, str | Path) else to:
        if str(path).lower().endswith(".html"):
            write_hazmat(region, found, str(path))
        else:
            export_table(found.routes, str(path), "hazmat_routes")
    return found


def answer(roads: Roads, trip: Trip) -> HazmatRoutes:
    """The routes of one trip and what is told of them."""
    from ..routing.hazmat import chosen, fastest

    try:
        way, start, end, found = lawful(roads, trip)
    except NoLawfulWayError as error:
        raise InputError(_with_time(error, later(roads, trip))) from None
    free = fastest(way, start, end, lawful=False)
    shown = chosen(way.network, found)
    routes, legs = _tables(roads, trip, way, start, end, found, shown)
    broken = _broken(way, free)
    told = {
        "from": _place_told(way, trip, start, 0), "to": _place_told(way, trip, end, 1),
        "substance": trip.load.name or None, "division": trip.load.division or None, "vehicle": roads.vehicle.vehicle,
        "departure": _clock(trip.start), "weekday": _day(trip.weekday), "people": trip.period,
        "reach_m": trip.reach.metres, "reach": f"{trip.reach.what} ({trip.reach.source}, {trip.reach.confidence})",
        "compromises": len(found.front.first), "epsilon": found.front.epsilon,
        "unrestricted": {"minutes": round(float(free.front.first[0]) / 60_000, 2), "breaks": broken},
        "notes": _notes(roads, trip, way, found), "violations": violations(roads, trip, legs),
    }  # fmt: skip
    told["later"] = later(roads, trip, float(found.front.first[0])) if broken and trip.start is not None else None
    told["routes"] = _plain(routes)
    return HazmatRoutes(told, routes, legs)


def lawful(roads: Roads, trip: Trip) -> tuple[Roadway, Snapped, Snapped, Found]:
    """
    The roadway at the time of a trip, its ends on it, and the best routes.

    The bans must allow a road during the whole trip: the time is widened until it holds the longest route.
    """
    from ..routing.hazmat import compromises
    from ..routing.hours import Window

    minutes = 0.0
    for _ in range(_ROUNDS):
        way = roadway(roads, trip, Window(trip.weekday, trip.start, minutes))
        start, end = (_on_road(way, xy, name) for xy, name in zip(trip.places, trip.names, strict=True))
        found = compromises(way, start, end)
        if not len(found.front.first):
            raise NoLawfulWayError(_no_way(way, trip, start, end))
        longest = float(found.front.first.max()) / 60_000
        if trip.start is None or longest <= minutes:
            return way, start, end, found
        minutes = math.ceil(longest) + 1.0
    raise NoLawfulWayError(f"from {trip.names[0]} to {trip.names[1]}: the trip lasts into ever more bans.")


def roadway(roads: Roads, trip: Trip, window: Window) -> Roadway:
    """What a trip may use in ``window``, and at what risk."""
    import numpy as np

    from ..routing.bans import banned
    from ..routing.hazmat import Roadway, closed_edges, release_rates
    from ..routing.permits import permits

    network = roads.network
    allowed = permits(roads.layer, roads.vehicle, window, trip.load)
    areas, why = np.zeros(len(network.ms), bool), np.full(len(network.ms), "", object)
    if roads.bans is not None and len(roads.bans):
        areas, why = banned(network.lines, roads.bans, window, trip.load)
    people = roads.near(trip.reach.metres, trip.period)
    rate = release_rates(network.road_class)[network.road]
    return Roadway(network, *closed_edges(network, allowed, areas, why), people, network.metres / 1000 * rate * people)


def _with_time(error: Exception, possible: dict[str, Any] | None) -> str:
    if possible is None:
        return f"{error} No hour of the day after it is better."
    day = f"{possible['weekday']} " if possible["weekday"] else ""
    return f"{error} From {day}{possible['departure']} on it is lawful: {possible['minutes']:.1f} min."


def _on_road(way: Roadway, xy: tuple[float, float], name: str) -> Snapped:
    """A place on the nearest road that a hazmat truck may use."""
    import numpy as np

    from ..routing.snap import snap_points
    from ..routing.speeds import rescue_default

    at = snap_points(way.legal, np.array([xy]))
    if at.edge[0] >= 0:
        return at
    near = snap_points(way.network, np.array([xy]))
    why = way.reason[near.edge[0]] if near.edge[0] >= 0 else ""
    if why:
        raise NoLawfulWayError(
            f"{name}: no road near it is open to hazmat trucks; the nearest, {near.access_m[0]:.0f} m away: {why}."
        )
    raise InputError(f"{name}: no road within {rescue_default('access_max_m'):g} m. Choose a place nearer to a road.")


def _no_way(way: Roadway, trip: Trip, start: Snapped, end: Snapped) -> str:
    """Why there is no lawful way: what the fastest unlawful one would break."""
    from ..routing.hazmat import fastest

    free = fastest(way, start, end, lawful=False)
    between = f"no lawful way for {trip.load.name or 'hazmat'} from {trip.names[0]} to {trip.names[1]}"
    if not len(free.front.first):
        return f"{between}: the roads do not join them, whatever the rules. Check one-way values and gaps of the roads."
    broken = "; ".join(f"{b['rule']} on {b['road']}, {b['km']:.2f} km" for b in _broken(way, free)[:_NAMED])
    return f"{between}. The fastest way of {free.front.first[0] / 6e4:.1f} min would break: {broken}."


def _broken(way: Roadway, free: Found) -> list[dict[str, Any]]:
    """The rules a route breaks: rule, road, km, the longest first."""
    import numpy as np
    import pandas as pd

    pieces = free.pieces[0]
    hit = (way.closed | way.local)[pieces.edge]
    hit &= way.closed[pieces.edge] | ~_joined(way, pieces)
    edge = pieces.edge[hit]
    frame = pd.DataFrame({
        "rule": way.reason[edge], "road": way.network.road_id[way.network.road[edge]],
        "km": np.abs(pieces.end_m - pieces.begin_m)[hit] / 1000,
    })  # fmt: skip
    rows = frame.groupby(["rule", "road"], sort=True)["km"].sum().reset_index()
    rows = rows.sort_values(["km", "rule", "road"], ascending=[False, True, True])
    return [{"rule": r.rule, "road": r.road, "km": round(float(r.km), 3)} for r in rows.itertuples()]


def _joined(way: Roadway, pieces: Any) -> np.ndarray:
    """Which stretches are of local roads driven at the beginning or the end without a break."""
    import numpy as np

    local = way.local[pieces.edge]
    return np.cumprod(local).astype(bool) | np.cumprod(local[::-1])[::-1].astype(bool)


def _tables(
    roads: Roads, trip: Trip, way: Roadway, start: Snapped, end: Snapped, found: Found, shown: list[tuple[int, str]]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """The routes shown and their stretches."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    from ..routing.exposed import people_along
    from ..routing.reach import Pieces, piece_lines

    network, crowd = way.network, roads.crowd(trip.reach.metres, trip.period)
    rows, legs = [], []
    for rank, (k, why) in enumerate(shown, 1):
        pieces = found.pieces[k]
        metres = np.abs(pieces.end_m - pieces.begin_m)
        lines = piece_lines(network, Pieces(np.arange(len(metres)), *pieces[1:]))
        coords = np.concatenate([np.asarray(line.coords) for line in lines])
        offsets = np.concatenate([[0], np.cumsum([len(line.coords) for line in lines])]).astype(np.int64)
        worst = int(np.argmax(way.people[pieces.edge]))
        minutes = metres / network.metres[pieces.edge] * network.ms[pieces.edge] / 60_000
        leave = np.cumsum(minutes)
        rows.append({
            "route": rank, "why": why, "from_name": trip.names[0], "to_name": trip.names[1],
            "substance": trip.load.name, "minutes": float(found.front.first[k]) / 60_000,
            "distance_km": float(metres.sum()) / 1000,
            "persons": people_along(crowd, coords, offsets, trip.reach.metres),
            "risk": float((way.risk[pieces.edge] * metres / network.metres[pieces.edge]).sum()),
            "worst_persons": float(way.people[pieces.edge][worst]),
            "worst_road": _road_name(roads, int(pieces.edge[worst])), "reach_m": trip.reach.metres,
            "geometry": piece_lines(network, pieces)[0],
        })  # fmt: skip
        legs.append(pd.DataFrame({
            "route": rank, "road_id": network.road_id[network.road[pieces.edge]],
            "along": np.where(pieces.end_m >= pieces.begin_m, 1, -1), "enter_min": leave - minutes,
            "leave_min": leave, "geometry": lines,
        }))  # fmt: skip
    names = [*RESULTS["hazmat_routes"].names, "geometry"]
    table = gpd.GeoDataFrame(rows, columns=names, geometry="geometry", crs=network.crs)
    return table, gpd.GeoDataFrame(pd.concat(legs, ignore_index=True), geometry="geometry", crs=network.crs)


def _road_name(roads: Roads, edge: int) -> str:
    row = roads.layer.iloc[int(roads.network.road[edge])]
    return str(row["name"]) if isinstance(row.get("name"), str) and row["name"] else str(row["id"])


def violations(roads: Roads, trip: Trip, legs: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """What separate code finds wrong with the routes: none, unless one of the two errs."""
    from ..routing.legality import broken_rules

    when = (trip.weekday, trip.start)
    out = []
    for route, part in legs.groupby("route", sort=True):
        found = broken_rules(part, roads.layer, roads.bans, roads.vehicle.vehicle, trip.load.name, *when)
        out += [{"route": int(route), **row} for row in found]
    return out


def later(roads: Roads, trip: Trip, now_ms: float = math.inf) -> dict[str, Any] | None:
    """The first departure within a day after a ban has ended at which the trip is lawful and faster; None if none."""
    from ..routing.bans import relief

    begin = 0.0 if trip.start is None else trip.start
    for wait in relief(roads.layer, roads.bans, roads.vehicle, trip.load, trip.weekday, begin):
        moment = begin + wait
        day = None if trip.weekday is None else (trip.weekday + int(moment // 1440)) % 7
        after = replace(trip, start=moment % 1440, weekday=day)
        try:
            way, _, _, found = lawful(roads, after)
        except NoLawfulWayError:
            continue
        if found.front.first[0] < now_ms - _WORTH_MS:
            return {
                "departure": _clock(after.start), "weekday": _day(day), "wait_min": round(wait, 1),
                "minutes": round(float(found.front.first[0]) / 60_000, 2),
                "risk": float(found.front.second[0]) * way.unit,
            }  # fmt: skip
    return None


def _notes(roads: Roads, trip: Trip, way: Roadway, found: Found) -> list[str]:
    """What was assumed, was not known, or bit."""
    from ..routing.hours import Window
    from ..routing.permits import lost_to_all, permits

    told = permits(roads.layer, roads.vehicle, Window(trip.weekday, trip.start), trip.load).told
    notes = [f"{n} roads: {what}" for what, n in told.items()]
    lost = lost_to_all(roads.layer)
    if lost:
        notes.append(f"{lost} roads are closed to all but lorries and not in the network")
    notes += list(roads.lacked)
    if trip.start is None:
        notes.append("no time of departure: every ban is taken to hold, and the larger of day and night people counts")
    if not trip.load.name:
        notes.append("no substance: the strictest rules and the reach of a flammable liquid are taken")
    if found.front.epsilon:
        notes.append(f"too many compromises: those closer than {found.front.epsilon:.0%} in risk are left out")
    return notes


def _place_told(way: Roadway, trip: Trip, at: Snapped, k: int) -> dict[str, Any]:
    import numpy as np

    from ..routing.snap import snap_points

    told: dict[str, Any] = {"name": trip.names[k], "x": round(trip.places[k][0], 2), "y": round(trip.places[k][1], 2)}
    told["road_m"] = round(float(at.access_m[0]), 1)
    near = snap_points(way.network, np.array([trip.places[k]]))
    if way.closed[near.edge[0]] and near.access_m[0] < at.access_m[0]:
        told["nearer_road"] = f"{near.access_m[0]:.0f} m away but closed: {way.reason[near.edge[0]]}"
    return told


def _plain(routes: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    rows = routes.drop(columns="geometry").to_dict("records")
    return [{str(k): round(v, 9) if isinstance(v, float) else v for k, v in row.items()} for row in rows]


def _clock(minute: float | None) -> str | None:
    return None if minute is None else f"{int(minute) // 60:02d}:{int(minute) % 60:02d}"


def _day(weekday: int | None) -> str | None:
    from ..routing.hours import DAYS

    return None if weekday is None else DAYS[weekday]
