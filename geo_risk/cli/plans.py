"""Commands over the road network: where to put stations and hazmat parking lots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import FINE, UNDECIDED, _region
from .terminal import print_json, print_table, records

_SITES = ["rank", "lon", "lat", "name", "people", "crowded_places", "hazard_sources", "minutes_before",
          "minutes_after", "verdict"]  # fmt: skip
_LOTS = ["state", "rank", "lon", "lat", "name", "bays", "serves", "minutes", "people_around",
         "rescue_min", "main_road_m", "verdict"]  # fmt: skip
_WHOLE = ("people", "crowded_places", "hazard_sources", "bays", "people_around", "main_road_m")
_PLACES = 6  # decimals of degrees


def add(command: Callable[..., Any]) -> None:
    """Add the commands to the parser; ``command`` makes one."""
    _add_stations(command)
    _add_parking(command)


def _add_stations(command: Callable[..., Any]) -> None:
    from ..roads.asked import KINDS, MODELS

    sub = command("stations", _stations, "where new stations serve best, and how many it takes")
    sub.add_argument("--add", type=int, default=1, metavar="N", help="new stations (default: 1)")
    sub.add_argument("--minutes", type=float, default=5.0, metavar="M", help="limit, turnout included (default: 5)")
    sub.add_argument("--kind", choices=KINDS, default=KINDS[0], help=f"default: {KINDS[0]}")
    sub.add_argument("--model", choices=MODELS, default=MODELS[0],
                     help="mclp: most people in time; lscp: fewest stations; p-median: least minutes in all; "
                     "p-center: least minutes of the worst served")  # fmt: skip
    sub.add_argument("--share", type=float, default=1.0, metavar="S", help="of the residents, for lscp (default: 1)")
    sub.add_argument("--candidates", metavar="FILE", help="plots to choose from (default: along the roads)")
    sub.add_argument("--backup", action="store_true", help="count only what two stations reach in time")
    _common(sub)


def _add_parking(command: Callable[..., Any]) -> None:
    sub = command("parking", _parking, "where hazmat parking lots serve best within the rules")
    sub.add_argument("--sites", type=int, default=1, metavar="N", help="new lots (default: 1)")
    sub.add_argument("--bays", type=int, metavar="N", help="of each lot (default: 40)")
    sub.add_argument("--bay-trips", type=float, metavar="N",
                     help="trips a year that one bay can take: lots fill up (default: any number)")  # fmt: skip
    sub.add_argument("--near", default="", metavar="PARTS", help="east, west, north, south or districts, by commas")
    sub.add_argument("--candidates", metavar="FILE", help="plots to choose from (default: along the roads)")
    _common(sub)


def _common(sub: Any) -> None:
    sub.add_argument("--time-limit", type=float, metavar="S", help="seconds of the solver (default: a number of steps)")
    sub.add_argument("--to", metavar="FILE", help="write it: .html map, .geojson, .xlsx ...")


def _stations(arguments: Any) -> int:
    plan = _region(arguments).stations(
        add=arguments.add,
        minutes=arguments.minutes,
        kind=arguments.kind,
        model=arguments.model,
        share=arguments.share,
        candidates=arguments.candidates,
        backup=arguments.backup,
        time_limit_s=arguments.time_limit,
        to=arguments.to,
    )
    if arguments.json:
        print_json(plan.told | {"sites": records(plan.sites), "coverage": records(plan.coverage)})
    else:
        _print_stations(plan, arguments)
    return _exit(plan.sites)


def _print_stations(plan: Any, arguments: Any) -> None:
    told = plan.told
    print(f"{told['in_service']} in service; {told['compared']} plots compared of {told['looked_at']} looked at")
    _print_places(plan.sites, _SITES)
    for row in plan.sites[plan.sites["why"] != ""].itertuples():
        print(f"site {row.rank}: {row.verdict}: {row.why}")
    everybody = told["people"]
    if everybody:
        before, after = told["people_before"], told["people_after"]
        print(
            f"residents within {told['minutes']:g} min: {before:,.0f} ({before / everybody:.1%}) -> "
            f"{after:,.0f} ({after / everybody:.1%}) of {everybody:,.0f}"
        )
        for key, text in _LEFT.items():
            if told[key]:
                print(f"{told[key]:,.0f} residents {text}")
    region = plan.coverage["district_id"] == ""
    print_table(plan.coverage[region].round(3), ["target", "total", "covered_before", "covered"])
    for row in told.get("least", []):
        number = "no number of the plots" if row["number"] is None else _number(row)
        print(f"{row['share']:.0%} of the residents: {number} {row['why']}".rstrip())
    _print_gap(told, arguments.to)


_LEFT = {
    "people_no_road": "have no road near by",
    "people_no_plot": "are beyond reach of every station and plot",
}


def _number(row: dict[str, Any]) -> str:
    sure = "" if row["at_least"] == row["number"] else f" (no fewer than {row['at_least']})"
    return f"{row['number']} new stations{sure}"


def _parking(arguments: Any) -> int:
    plan = _region(arguments).parking(
        sites=arguments.sites,
        bays=arguments.bays,
        near=[part.strip() for part in arguments.near.replace("，", ",").split(",") if part.strip()],
        candidates=arguments.candidates,
        bay_trips=arguments.bay_trips,
        time_limit_s=arguments.time_limit,
        to=arguments.to,
    )
    new = plan.sites[plan.sites["state"] == "new"]
    if arguments.json:
        print_json(plan.told | {"sites": records(plan.sites)})
        return _exit(new)
    told = plan.told
    print(f"{told['firms']} firms move hazardous goods; {told['compared']} plots compared of {told['looked_at']}")
    _print_places(plan.sites, _LOTS)
    for row in plan.sites.itertuples():
        who = f"site {row.rank}" if row.state == "new" else row.name
        if row.why:
            print(f"{who}: {row.verdict}: {row.why}")
        if row.close:
            print(f"{who}: nearest limits: {row.close}")
    for note in told["notes"]:
        print(f"note: {note}")
    if told["trips_no_room"]:
        print(f"{told['trips_no_room']:,.0f} trips a year find no room in any lot in reach")
    _print_gap(told, arguments.to)
    return _exit(new)


def _print_places(sites: Any, columns: list[str]) -> None:
    shown = sites.assign(**{c: sites[c].map(f"{{:.{_PLACES}f}}".format) for c in ("lon", "lat")})
    shown = shown.assign(**{c: shown[c].round().astype("Int64") for c in _WHOLE if c in shown})
    print_table(shown.assign(rank=shown["rank"].astype(object).where(shown["rank"].notna(), "-")), columns)


def _print_gap(told: dict[str, Any], to: str | None) -> None:
    for row in told["barred"]:
        print(f"barred: {row['name']}: {row['why']}")
    best = "no other choice of these plots is better" if told["optimal"] else (
        f"another choice of these plots may be better by {told['gap']:.2%} at most (stopped: {told['stopped']})"
    )  # fmt: skip
    print(best)
    if to:
        print(f"wrote {to}")


def _exit(sites: Any) -> int:
    return FINE if (sites["verdict"] == "clear").all() else UNDECIDED
