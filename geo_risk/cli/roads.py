"""Commands about the road network: hazmat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import InputError
from . import CONFLICT, FINE, _region
from .terminal import print_json, print_table

_FILES = (".html", ".geojson", ".xlsx", ".csv", ".gpkg", ".parquet", ".fgb", ".shp.zip")
_SHOWN = 8  # roads of a broken rule that a terminal is shown


def add(command: Callable[..., Any]) -> None:
    """Add the commands to the parser; ``command`` makes one."""
    hazmat = command("hazmat", _hazmat, "by which road dangerous goods should go: lawful routes, time against risk")
    hazmat.add_argument("--from", dest="start", required=True, metavar="PLACE", help="where the trip begins")
    hazmat.add_argument(
        "--to",
        action="append",
        required=True,
        metavar="PLACE|FILE",
        help="where it ends; a second --to is a file to write, as --write",
    )
    hazmat.add_argument(
        "--write", action="append", default=[], metavar="FILE", help="write the routes: .html map, .geojson, .xlsx ..."
    )
    hazmat.add_argument(
        "--substance", metavar="S", help="load: name, UN number or class (default: the strictest rules)"
    )
    hazmat.add_argument("--at", metavar="HH:MM", help="departure (default: every ban is taken to hold)")
    hazmat.add_argument("--weekday", metavar="DAY", help="Mo to Su (default: a ban of any day holds)")
    hazmat.add_argument("--reach", type=float, metavar="M", help="half-width of the band in which people count")
    hazmat.add_argument("--worst", type=float, metavar="PERSONS", help="use no stretch with more people within reach")


def _hazmat(arguments: Any) -> int:
    end, files = str(arguments.to[0]), [*arguments.to[1:], *arguments.write]
    if end.lower().endswith(_FILES):
        raise InputError(f"--to {end}: write where the trip ends first, --to PLACE, and the file with --write {end}.")
    found = _region(arguments).hazmat(
        arguments.start,
        end,
        substance=arguments.substance,
        at=arguments.at,
        weekday=arguments.weekday,
        reach_m=arguments.reach,
        worst=arguments.worst,
        to=files,
    )
    told = found.told
    if arguments.json:
        print_json(told)
    else:
        _print_hazmat(told, files)
    return CONFLICT if told["violations"] else FINE


def _print_hazmat(told: dict[str, Any], files: list[str]) -> None:
    import pandas as pd

    when = " ".join(filter(None, (told["weekday"], told["departure"]))) or "at any time"
    print(f"{told['from']['name']} -> {told['to']['name']}, {told['substance'] or 'any load'}, {when}")
    print(f"people within {told['reach_m']:.0f} m: {told['reach']}")
    columns = ["route", "why", "minutes", "distance_km", "persons", "risk", "worst_persons", "worst_road"]
    table = pd.DataFrame(told["routes"])
    whole = {c: table[c].round().astype(int) for c in ("persons", "worst_persons")}
    print_table(table.assign(risk=[f"{v:.2e}" for v in table["risk"]], **whole), columns)
    print("risk: people within reach of a release that one trip is expected to cause; not deaths")
    free = told["unrestricted"]
    print(f"without rules {free['minutes']:.1f} min", end="")
    print(", breaking:" if free["breaks"] else ", breaking none")
    for row in free["breaks"]:
        more = " ..." if len(row["roads"]) > _SHOWN else ""
        print(f"  {row['rule']}: {row['km']:.2f} km, {', '.join(row['roads'][:_SHOWN])}{more}")
    if told["later"]:
        later = told["later"]
        print(f"after {later['wait_min']:.0f} min, at {later['departure']}: {later['minutes']:.1f} min of driving")
    for end in ("from", "to"):
        if "nearer_road" in told[end]:
            print(f"note: {told[end]['name']}: a nearer road is {told[end]['nearer_road']}")
    for note in told["notes"]:
        print(f"note: {note}")
    if not told["violations"]:
        print("second check by separate code: every route keeps every rule")
    for row in told["violations"]:
        print(f"NOT LAWFUL by the second check: route {row['route']}, road {row['road_id']}: {row['rule']}")
    for path in files:
        print(f"wrote {path}")
