"""Dangerous goods on the roads of a region: who may go where and when, who is near, and the best lawful routes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..errors import InputError, RegionError
from ..region import Region, hour_of
from .roads import network_for

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np

    from ..analysis.qra.societal import People
    from ..routing.hazmat import Found, Reach, Roadway
    from ..routing.hours import Window
    from ..routing.network import Network
    from ..routing.snap import Snapped
    from ..routing.vehicles import Load, Vehicle

VEHICLE = "hazmat_truck"
_ROUNDS = 6  # of widening the time for which bans must allow a trip
_NAMED = 6  # roads named in one sentence


class NoLawfulWayError(InputError):
    """There is no lawful way at the time asked for; there may be one at another."""


@dataclass(eq=False)
class Roads:
    """
    The roads of a region as hazmat vehicles meet them; people counted once a reach and period.

    ``network`` keeps to every turn restriction of ``turns``, whatever its hours.
    """

    region: Region
    vehicle: Vehicle
    layer: gpd.GeoDataFrame
    network: Network
    bans: gpd.GeoDataFrame | None
    people: People
    lacked: tuple[str, ...]
    turns: gpd.GeoDataFrame | None = None
    _at: dict[tuple[bool, ...], Network] = field(default_factory=dict)
    _near: dict[tuple[float, str], np.ndarray] = field(default_factory=dict)

    @cached_property
    def turn_weeks(self) -> list[np.ndarray]:
        """(WEEK,) when each turn restriction that can be read holds; always where there is no condition."""
        from ..routing.turns import turn_weeks

        weeks = [] if self.turns is None else turn_weeks(self.turns, self.vehicle.vehicle)
        return [week for week in weeks if week is not None]

    def network_at(self, window: Window) -> Network:
        """The network that keeps to the turn restrictions which hold in a window; the same edges as ``network``."""
        from ..routing.turns import with_turns

        now = tuple(bool(window.worst(week)) for week in self.turn_weeks)
        if self.turns is None or now == tuple(bool(week.any()) for week in self.turn_weeks):
            return self.network
        if now not in self._at:
            near_m = self.region.settings.rescue.merge_ends_m
            self._at[now] = with_turns(
                self.network, self.turns, vehicle=self.vehicle.vehicle, near_m=near_m, window=window
            )
        return self._at[now]

    def near(self, reach_m: float, period: str) -> np.ndarray:
        """(e,) people within the reach of each edge."""
        from ..routing.exposed import people_near

        if (reach_m, period) not in self._near:
            crowd = self.crowd(reach_m, period)
            self._near[reach_m, period] = people_near(crowd, self.network.coords, self.network.offsets, reach_m)
        return self._near[reach_m, period]

    def crowd(self, reach_m: float, period: str) -> Any:
        """The people of a period, sorted for a reach."""
        import numpy as np

        from ..routing.exposed import crowd_of

        both = self.people.persons
        persons = np.maximum(both["day"], both["night"]) if period == "any" else both[period]
        return crowd_of(self.people.x, self.people.y, persons, reach_m)


@dataclass(frozen=True)
class Trip:
    """
    One question: two places [m], a load, and when; ``start`` is minutes after midnight, None for any time.

    ``worst``: no stretch with more people within reach is used.
    """

    places: tuple[tuple[float, float], tuple[float, float]]
    names: tuple[str, str]
    load: Load
    reach: Reach
    weekday: int | None = None
    start: float | None = None
    worst: float | None = None

    @property
    def period(self) -> str:
        """Whether people are where they are by day or by night; "any" takes the larger number, place by place."""
        from ..analysis.qra.weather import period_of

        return "any" if self.start is None else period_of(self.start / 60 % 24)


def roads_of(region: Region, people: People | None = None) -> Roads:
    """
    The roads of the last run as a hazmat truck meets them; RegionError without a roads layer.

    ``people`` where they are known already, else those of the layers (`analysis.qra.people.presence`).
    """
    from ..analysis.qra.people import people_of, presence

    vehicle, network, bans = _truck(region)
    lacked: tuple[str, ...] = ()
    if people is None:
        layers = region.layers("population", "crowded_places", "enterprises")
        there = presence(layers, region.grid, region.settings.risk)
        people, lacked = people_of(there), there.lacked
    turns = region.layers("turn_restrictions").get("turn_restrictions")
    return Roads(region, vehicle, region.layer("roads"), network, bans, people, lacked, turns)


def quantified_people(region: Region) -> People | None:
    """Everybody, as the quantified risk of the last run counted them; None where it was not computed."""
    from ..analysis.qra.people import SIDE_M
    from ..analysis.qra.societal import People

    if not region.settings.risk.quantified or not (region.build / "tables" / "risk_people.parquet").is_file():
        return None
    table = region.table("risk_people")
    persons = {p: table[p].to_numpy(float) for p in ("day", "night")}
    return People(table["x"].to_numpy(float), table["y"].to_numpy(float), SIDE_M, persons)


def trip_of(
    region: Region,
    start: str,
    end: str,
    substance: str | None = None,
    at: str | None = None,
    weekday: str | None = None,
) -> Trip:
    """What was asked, with the usual reach of the load, or InputError."""
    from ..routing.hazmat import reach_of as by_division
    from ..routing.hours import DAYS

    days = [d.lower() for d in DAYS]
    day = None if weekday is None else weekday.strip()[:2].lower()
    if day is not None and day not in days:
        raise InputError(f"weekday {weekday!r}: one of {', '.join(DAYS)}.")
    if day is not None and at is None:
        raise InputError("a weekday without a time of departure: write --at HH:MM too.")
    load = named_load(substance)
    places = region.locate(start), region.locate(end)
    minute = None if at is None else 60 * hour_of(at)
    return Trip(places, (start, end), load, by_division(load), None if day is None else days.index(day), minute)


def named_load(substance: str | None) -> Load:
    """The load of a written substance, by its own name or one that the tables of substances know it by."""
    from ..analysis.substances import canonical
    from ..routing.vehicles import UNKNOWN_LOAD, load_of

    if substance is None:
        return UNKNOWN_LOAD
    try:
        return load_of(substance)
    except InputError:
        for name in canonical(substance):
            try:
                return load_of(name)
            except InputError:
                continue
        raise


def reach_of(region: Region, load: Load, asked_m: float | None = None) -> Reach:
    """
    How far a release reaches: what is asked for [m], else, where risk is quantified, what the worst release of a
    tanker of that substance reaches in this region, else the half-width of standards/hazmat_reach.csv.
    """
    from ..routing.hazmat import Reach
    from ..routing.hazmat import reach_of as by_division

    if asked_m is not None:
        if not 0 < asked_m <= 20_000:
            raise InputError(f"reach {asked_m:g} m: must be above 0 and at most 20000.")
        return Reach(asked_m, "as asked", "the question", "V")
    tables = region.build / "tables"
    if load.name and region.settings.risk.quantified and (tables / "scenarios.parquet").is_file():
        rows, sources = region.table("scenarios"), region.table("risk_sources")
        names = {load.name, *load.names}
        own = sources["source_id"][sources["substance"].isin(names)]
        mine = rows[rows["source_id"].isin(own) & rows["scenario"].str.startswith(("tanker", "road"))]
        if len(mine) and mine["reach_m"].max() > 0:
            worst = mine.loc[mine["reach_m"].idxmax()]
            metres = float(math.ceil(worst["reach_m"]))
            return Reach(metres, f"{worst['scenario']}, {worst['outcome']}: beyond it nobody dies",
                         "the region's own scenarios", worst["confidence"])  # fmt: skip
    return by_division(load)


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
        start, end = (on_road(way, xy, name) for xy, name in zip(trip.places, trip.names, strict=True))
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

    from ..routing.hazmat import Roadway, release_rates

    network = roads.network_at(window)
    closed, local, reason = _rules(network, roads.layer, roads.bans, roads.vehicle, window, trip.load)
    people = roads.near(trip.reach.metres, trip.period)
    if trip.worst is not None:
        many = ~closed & (people > trip.worst)
        closed, local = closed | many, local & ~many
        reason = np.where(many, f"more than {trip.worst:g} people within reach", reason)
    rate = release_rates(network.road_class)[network.road]
    return Roadway(network, closed, local, reason, people, network.metres / 1000 * rate * people)


def _rules(
    network: Network,
    layer: gpd.GeoDataFrame,
    bans: gpd.GeoDataFrame | None,
    vehicle: Vehicle,
    window: Window,
    load: Load,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(e,) closed, local and reason of the edges."""
    import numpy as np

    from ..routing.bans import banned
    from ..routing.hazmat import closed_edges
    from ..routing.permits import permits

    areas, why = np.zeros(len(network.ms), bool), np.full(len(network.ms), "", object)
    if bans is not None and len(bans):
        areas, why = banned(network.lines, bans, window, load)
    return closed_edges(network, permits(layer, vehicle, window, load), areas, why)


def always_open(region: Region) -> tuple[Network, int]:
    """
    The roads a hazmat truck may use at every hour with any load, and how many stretches are open to local traffic only.

    These count as open: whoever begins or ends there may use them. RegionError without a roads layer.
    """
    from ..routing.hours import Window
    from ..routing.network import close_edges
    from ..routing.vehicles import UNKNOWN_LOAD

    vehicle, network, bans = _truck(region)
    closed, local, _ = _rules(network, region.layer("roads"), bans, vehicle, Window(), UNKNOWN_LOAD)
    return close_edges(network, closed), int(local.sum())


def _truck(region: Region) -> tuple[Vehicle, Network, gpd.GeoDataFrame | None]:
    """The vehicle, the network at its speeds, and the areas where it is banned."""
    from ..routing.vehicles import hazmat_speeds, vehicle_of

    if "roads" not in region.settings.layers:
        raise RegionError(f"{region.folder}: no layer 'roads'. Add [layers.roads] to region.toml, then run again.")
    vehicle = vehicle_of(VEHICLE)
    bans = region.layer("hazmat_bans") if "hazmat_bans" in region.settings.layers else None
    return vehicle, network_for(region, VEHICLE, hazmat_speeds(vehicle)), bans


def on_road(way: Roadway, xy: tuple[float, float], name: str) -> Snapped:
    """A place on the nearest road that a hazmat truck may use."""
    import numpy as np

    from ..routing.snap import snap_points
    from ..routing.speeds import rescue_default

    at = snap_points(way.legal, np.array([xy]))
    if at.edge[0] >= 0:
        return at
    near = snap_points(way.network, np.array([xy]))
    why = way.reason[near.edge[0]].replace("; ", ", ") if near.edge[0] >= 0 else ""
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
    rules = "; ".join(f"{b['rule']} ({b['km']:.2f} km: {_some(b['roads'])})" for b in broken(way, free))
    return f"{between}. The fastest way of {free.front.first[0] / 6e4:.1f} min would break: {rules}."


def broken(way: Roadway, free: Found) -> list[dict[str, Any]]:
    """The rules a route breaks, those of the most kilometres first: rule, km, roads."""
    import numpy as np
    import pandas as pd

    pieces = free.pieces[0]
    hit = way.closed[pieces.edge] | (way.local[pieces.edge] & ~_joined(way, pieces))
    edge = pieces.edge[hit]
    km = np.abs(pieces.end_m - pieces.begin_m)[hit] / 1000
    road = way.network.road_id[way.network.road[edge]]
    rows = pd.DataFrame({"rule": way.reason[edge], "road": road, "km": km})
    found = [
        {"rule": rule, "km": round(float(part["km"].sum()), 3), "roads": list(dict.fromkeys(part["road"]))}
        for rule, part in rows.groupby("rule", sort=True)
    ]
    return sorted(found, key=lambda row: -row["km"])


def _joined(way: Roadway, pieces: Any) -> np.ndarray:
    """Which stretches are of local roads driven at the beginning or the end without a break."""
    import numpy as np

    local = way.local[pieces.edge]
    return np.cumprod(local).astype(bool) | np.cumprod(local[::-1])[::-1].astype(bool)


def _some(roads: list[str]) -> str:
    return ", ".join(roads[:_NAMED]) + (" ..." if len(roads) > _NAMED else "")
