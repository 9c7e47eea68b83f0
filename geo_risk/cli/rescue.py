"""The command on one incident: who comes, round what, with enough of everything?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import InputError
from . import FINE, _region
from .terminal import print_json, print_table


def add(command: Callable[..., Any]) -> None:
    """Add the command to the parser; ``command`` makes one."""
    rescue = command("rescue", _rescue, "who arrives when, by which road, round closed roads and forbidden ground")
    rescue.add_argument("--at", required=True, metavar="PLACE", help="LON,LAT, or the name or id of an object")
    rescue.add_argument("--wind", metavar="DEG[,MPS]", help="from where and how fast: keeps out of the plume")
    rescue.add_argument("--substance", metavar="S", help="what leaks: keeps out of its distances of ERG 2024")
    rescue.add_argument(
        "--scenario", metavar="S", help="pool_fire, tank_fire, jet_fire, flash_fire, fireball, explosion or toxic"
    )
    rescue.add_argument("--close", metavar="WKT|FILE", help="closed roads: points, lines or polygons")
    rescue.add_argument("--hour", choices=("free", "typical", "peak"), help="default: the first of [rescue] hours")
    rescue.add_argument("--to", metavar="FILE", help="write the plan: .html map, .geojson, .xlsx ...")


def wind_of(text: str | None) -> tuple[float, float | None] | None:
    """DEG[,MPS] as two numbers, the speed None where it is not given; InputError if they make no sense."""
    if text is None:
        return None
    parts = text.replace("，", ",").split(",")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or not 0 <= numbers[0] <= 360 or not all(0 < v <= 60 for v in numbers[1:]):
        raise InputError(f"--wind {text}: write DEG or DEG,MPS such as 112.5,3: degrees within 0 to 360, up to 60 m/s.")
    return numbers[0], numbers[1] if len(numbers) == 2 else None


def _rescue(arguments: Any) -> int:
    found = _region(arguments).rescue(
        arguments.at,
        wind=wind_of(arguments.wind),
        substance=arguments.substance,
        scenario=arguments.scenario,
        close=arguments.close,
        hour=arguments.hour,
        to=arguments.to,
    )
    if arguments.json:
        print_json(found.told)
        return FINE
    _print(found)
    if arguments.to:
        print(f"wrote {arguments.to}")
    return FINE


def _print(found: Any) -> None:
    told = found.told
    goal = ", minutes to the staging point" if told["staging"] else ""
    print(f"to {told['at']['lon']:.5f},{told['at']['lat']:.5f}, speeds of hour: {told['hour']}{goal}")
    if told["forbidden"]:
        print(f"keep out ({told['forbidden']['area_km2']:.2f} km2): {told['forbidden']['en']}")
    if told["staging"]:
        at = told["staging"]
        side = "" if told["wind"] is None else " (upwind)" if at["upwind"] else " (NOT upwind, no road there)"
        road = at["road"] or "unnamed road"
        print(f"staging point {at['lon']:.5f},{at['lat']:.5f}{side}: {road}, {at['distance_m']:.0f} m away")
    for road in told["closed"]:
        print(f"closed: {road['name'] or 'unnamed road'} ({road['id']}), {road['metres']:.0f} m")
    columns = ["facility_kind", "rank", "facility_name", "minutes", "lost_min", "turnout_s", "distance_m", "reason"]
    rounded = found.arrivals.assign(facility_name=found.arrivals["facility_name"].fillna("-"))
    print_table(rounded.assign(distance_m=rounded["distance_m"].round().astype("Int64")), columns)
    for row in told["arrivals"]:
        if row["rank"] == 1 and row["steps"]:
            print(f"{row['facility_name']}:")
            print(*(f"  {step['en']}" for step in row["steps"]), sep="\n")
    for row in told["dropped"]:
        print(f"cannot come: {row['facility_name']} ({row['facility_kind']}), else {row['minutes_before']:.1f} min")
    for row in told["inside"]:
        print(f"inside the forbidden ground: {row['facility_name']} ({row['facility_kind']})")
    for row in told["needs"]:
        name = row["need"].removesuffix("_lps").removesuffix("_t").replace("_", " ")
        need = f"{name}, {row['amount']:.3g} {row['unit']} for {row['scenario'].replace('_', ' ')}"
        print(f"{row['verdict']}: {need}, {row['at_hand']:.3g} at hand ({row['standard']}, {row['confidence']})")
    for note in told["notes"]:
        print(f"note: {note['en']}")
