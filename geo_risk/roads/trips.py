"""One question about dangerous goods: the roads as a truck meets them, the people near them, the load, the time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .. import pipeline
from ..errors import InputError, RegionError
from ..region import Region, hour_of

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np

    from ..analysis.qra.societal import People
    from ..routing.hazmat import Reach
    from ..routing.network import Network
    from ..routing.vehicles import Load, Vehicle

VEHICLE = "hazmat_truck"


@dataclass(eq=False)
class Roads:
    """The roads of a region as hazmat vehicles meet them; people counted once a reach and period."""

    region: Region
    vehicle: Vehicle
    layer: gpd.GeoDataFrame
    network: Network
    bans: gpd.GeoDataFrame | None
    people: People
    lacked: tuple[str, ...]
    _near: dict[tuple[float, str], np.ndarray] = field(default_factory=dict)

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
    """One question: two places [m], a load, and when; ``start`` is minutes after midnight, None for any time."""

    places: tuple[tuple[float, float], tuple[float, float]]
    names: tuple[str, str]
    load: Load
    reach: Reach
    weekday: int | None = None
    start: float | None = None

    @property
    def period(self) -> str:
        """Whether people are where they are by day or by night; "any" takes the larger number, place by place."""
        from ..analysis.qra.weather import period_of

        return "any" if self.start is None else period_of(self.start / 60 % 24)


def roads_of(region: Region) -> Roads:
    """The roads of the last run as a hazmat truck meets them; RegionError without a roads layer."""
    from ..routing.network import with_speeds
    from ..routing.vehicles import hazmat_speeds, vehicle_of

    if "roads" not in region.settings.layers:
        raise RegionError(f"{region.folder}: no layer 'roads'. Add [layers.roads] to region.toml, then run again.")
    vehicle = vehicle_of(VEHICLE)
    network = with_speeds(pipeline.network(region), hazmat_speeds(vehicle))
    bans = region.layer("hazmat_bans") if "hazmat_bans" in region.settings.layers else None
    people, lacked = _people(region)
    return Roads(region, vehicle, region.layer("roads"), network, bans, people, lacked)


def _people(region: Region) -> tuple[People, tuple[str, ...]]:
    """Everybody as points: those of the quantified risk where it was computed, else made as there."""
    from ..analysis.qra.people import SIDE_M, people_of, presence
    from ..analysis.qra.societal import People

    if region.settings.risk.quantified:
        table = region.table("risk_people")
        persons = {p: table[p].to_numpy(float) for p in ("day", "night")}
        return People(table["x"].to_numpy(float), table["y"].to_numpy(float), SIDE_M, persons), ()
    layers = region.layers("population", "crowded_places", "enterprises")
    there = presence(layers, region.grid, region.settings.risk)
    return people_of(there), there.lacked


def trip_of(
    region: Region,
    start: str,
    end: str,
    substance: str | None = None,
    at: str | None = None,
    weekday: str | None = None,
    reach_m: float | None = None,
) -> Trip:
    """What was asked, or InputError."""
    from ..routing.hazmat import Reach
    from ..routing.hours import DAYS

    days = [d.lower() for d in DAYS]
    day = None if weekday is None else weekday.strip()[:2].lower()
    if day is not None and day not in days:
        raise InputError(f"weekday {weekday!r}: one of {', '.join(DAYS)}.")
    if day is not None and at is None:
        raise InputError("a weekday without a time of departure: write --at HH:MM too.")
    if reach_m is not None and not 0 < reach_m <= 20_000:
        raise InputError(f"reach {reach_m:g} m: must be above 0 and at most 20000.")
    load = named_load(substance)
    reach = reach_of(region, load) if reach_m is None else Reach(reach_m, "as asked", "the question", "V")
    places = region.locate(start), region.locate(end)
    minute = None if at is None else 60 * hour_of(at)
    return Trip(places, (start, end), load, reach, None if day is None else days.index(day), minute)


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


def reach_of(region: Region, load: Load) -> Reach:
    """
    How far a release reaches: where risk is quantified, what the worst release of a tanker of that substance reaches
    in this region, else the half-width of standards/hazmat_reach.csv.
    """
    from ..routing.hazmat import Reach
    from ..routing.hazmat import reach_of as by_division

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
