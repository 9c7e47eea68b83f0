"""Plans of stations and parking lots as files: a map, or a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .asked import Question, Wanted

if TYPE_CHECKING:
    from ..region import Region
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
    from .plan_pages import write_stations
    from .stations import stations as planned

    asked = Question(add, minutes, kind, model, share, backup, time_limit_s)
    ground = Ground(region)
    plan = planned(ground, asked, candidates)
    if to is not None and str(to).lower().endswith(".html"):
        write_stations(ground, asked, plan, str(to))
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
    from .plan_pages import write_parking

    asked = Wanted(sites, bays, tuple(near), time_limit_s, bay_trips)
    ground = Ground(region)
    plan = planned(ground, asked, candidates)
    if to is not None and str(to).lower().endswith(".html"):
        write_parking(ground, plan, str(to))
    elif to is not None:
        export_table(plan.sites, str(to), "parking_plan")
    return plan
