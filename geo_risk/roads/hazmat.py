"""By which road dangerous goods should go: the lawful compromises between time and people at risk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..export import export_table
from ..pipeline.flows import route_row
from ..pipeline.hazmat import (
    NoLawfulWayError,
    Roads,
    Trip,
    broken,
    lawful,
    quantified_people,
    reach_of,
    roads_of,
    trip_of,
)
from ..region import Region
from ..schema import RESULTS
from .barred import closed_to_trip
from .pages import write_hazmat

if TYPE_CHECKING:
    import geopandas as gpd

    from ..routing.hazmat import Found, Roadway
    from ..routing.snap import Snapped

_OF_FLOWS = ("flow", "trips_per_yr", "used", "problem")  # columns of the table that a single trip leaves empty
_WORTH_MS = 60_000  # of driving saved make a later departure worth telling


@dataclass(frozen=True)
class HazmatRoutes:
    """
    ``told`` as plain values; ``routes`` (schema: hazmat_routes) and ``legs``, their stretches in driving order:
    route, road_id, along (1 or -1 of the drawing), enter_min, leave_min after departure, geometry; ``closed``: the
    roads that the trip may not use at its hours, and why (schema: not_allowed).
    """

    told: dict[str, Any]
    routes: gpd.GeoDataFrame
    legs: gpd.GeoDataFrame
    closed: gpd.GeoDataFrame


def hazmat(
    region: Region,
    start: str,
    end: str,
    *,
    substance: str | None = None,
    at: str | None = None,
    weekday: str | None = None,
    reach_m: float | None = None,
    worst: float | None = None,
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
    worst
        No stretch of road with more people than this within reach is used.
    to
        Files to write the routes to: .html is a map, others as in `export`.

    Raises
    ------
    InputError
        If a place, the substance or the time is not known, a place is far from every open road, or there is no way.
    """
    roads = roads_of(region, quantified_people(region))
    trip = trip_of(region, start, end, substance, at, weekday)
    if worst is not None and not worst >= 0:
        raise InputError(f"worst {worst:g} persons: must be 0 or more.")
    trip = replace(trip, reach=reach_of(region, trip.load, reach_m), worst=worst)
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
    routes, legs = _tables(roads, trip, way, found, shown)
    breaks = broken(way, free)
    told = {
        "from": _place_told(way, trip, start, 0), "to": _place_told(way, trip, end, 1),
        "substance": trip.load.name or None, "division": trip.load.division or None, "vehicle": roads.vehicle.vehicle,
        "departure": _clock(trip.start), "weekday": _day(trip.weekday), "people": trip.period,
        "reach_m": trip.reach.metres, "reach": f"{trip.reach.what} ({trip.reach.source}, {trip.reach.confidence})",
        "compromises": len(found.front.first), "epsilon": found.front.epsilon,
        "unrestricted": {"minutes": round(float(free.front.first[0]) / 60_000, 2), "breaks": breaks},
        "notes": _notes(roads, trip, way, found), "violations": violations(roads, trip, legs),
    }  # fmt: skip
    told["later"] = later(roads, trip, float(found.front.first[0])) if breaks and trip.start is not None else None
    told["routes"] = _plain(routes)
    return HazmatRoutes(told, routes, legs, closed_to_trip(roads, way))


def _with_time(error: Exception, possible: dict[str, Any] | None) -> str:
    if possible is None:
        return f"{error} No hour of the day after it is better."
    day = f"{possible['weekday']} " if possible["weekday"] else ""
    return f"{error} From {day}{possible['departure']} on it is lawful: {possible['minutes']:.1f} min."


def _tables(
    roads: Roads, trip: Trip, way: Roadway, found: Found, shown: list[tuple[int, str]]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """The routes shown and their stretches."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    from ..routing.reach import Pieces, piece_lines

    network = way.network
    rows, legs = [], []
    for rank, (k, why) in enumerate(shown, 1):
        rows.append(route_row(roads, trip, way, found, k) | {"route": rank, "why": why, "flow": ""})
        pieces = found.pieces[k]
        lines = piece_lines(network, Pieces(np.arange(len(pieces.edge)), *pieces[1:]))
        part = np.abs(pieces.end_m - pieces.begin_m) / network.metres[pieces.edge]
        minutes = part * network.ms[pieces.edge] / 60_000
        leave = np.cumsum(minutes)
        legs.append(pd.DataFrame({
            "route": rank, "road_id": network.road_id[network.road[pieces.edge]],
            "along": np.where(pieces.end_m >= pieces.begin_m, 1, -1), "enter_min": leave - minutes,
            "leave_min": leave, "geometry": lines,
        }))  # fmt: skip
    names = [*RESULTS["hazmat_routes"].names, "geometry"]
    table = gpd.GeoDataFrame(rows, columns=names, geometry="geometry", crs=network.crs)
    return table, gpd.GeoDataFrame(pd.concat(legs, ignore_index=True), geometry="geometry", crs=network.crs)


def violations(roads: Roads, trip: Trip, legs: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """What separate code finds wrong with the routes: none, unless one of the two errs."""
    from ..routing.legality import SLACK_M, broken_rules

    when, rescue = (trip.weekday, trip.start), roads.region.settings.rescue
    slack = max(SLACK_M, rescue.merge_ends_m, rescue.connect_m)
    rules = (roads.layer, roads.bans, roads.vehicle.vehicle, trip.load.name)
    out = []
    for route, part in legs.groupby("route", sort=True):
        found = broken_rules(part, *rules, *when, turns=roads.turns, slack_m=slack)
        out += [{"route": int(route), **row} for row in found]
    return out


def later(roads: Roads, trip: Trip, now_ms: float = math.inf) -> dict[str, Any] | None:
    """The first departure within a day after a ban has ended at which the trip is lawful and faster; None if none."""
    from ..routing.bans import relief

    begin = 0.0 if trip.start is None else trip.start
    rules = (roads.layer, roads.bans, roads.vehicle, trip.load)
    for wait in relief(*rules, trip.weekday, begin, roads.turn_weeks):
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
    rows = routes.drop(columns=["geometry", *_OF_FLOWS]).to_dict("records")
    return [{str(k): round(v, 9) if isinstance(v, float) else v for k, v in row.items()} for row in rows]


def _clock(minute: float | None) -> str | None:
    return None if minute is None else f"{int(minute) // 60:02d}:{int(minute) % 60:02d}"


def _day(weekday: int | None) -> str | None:
    from ..routing.hours import DAYS

    return None if weekday is None else DAYS[weekday]
