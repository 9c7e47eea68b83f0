"""The command that plans inspections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import FINE, _region
from .terminal import print_json, print_table, records

_SHOWN = ["priority", "enterprise_name", "grade", "last_visit", "due_date", "days_late", "rule"]


def add(command: Callable[..., Any]) -> None:
    """Add the command to the parser; ``command`` makes one."""
    plan = command("inspections", _inspections, "who is due for an inspection, and tours of teams by road")
    plan.add_argument("--teams", type=int, metavar="N", help="teams (default: [inspections] teams; 0: dues only)")
    plan.add_argument("--days", type=int, metavar="D", help="working days (default: [inspections] days)")
    plan.add_argument("--from", dest="start", metavar="DATE", help="first day (default: the data date)")
    plan.add_argument(
        "--base",
        dest="bases",
        action="append",
        default=[],
        metavar="PLACE",
        help="where teams start and end; more than one in turn (default: the middle of the visits)",
    )
    plan.add_argument("--to", metavar="FILE", help="write the plan: .xlsx, .csv, .geojson ...")


def _inspections(arguments: Any) -> int:
    region = _region(arguments)
    found = region.inspections(
        teams=arguments.teams, days=arguments.days, start=arguments.start, bases=arguments.bases, to=arguments.to
    )
    if arguments.json:
        print_json(records(found))
        return FINE
    from ..pipeline.dangers import day_tables

    tours = day_tables(found)
    if len(tours):
        print_table(tours, list(tours.columns))
        print()
    print_table(found, _SHOWN)
    left = found[found["team"].isna() & found["reason"].str.contains("not planned: ")]
    late, planned = int((found["days_late"] > 0).sum()), int(found["team"].notna().sum())
    print(
        f"\n{len(found)} enterprises, {late} past their date; {planned} visits planned, {len(left)} due and not planned"
    )
    why = left["reason"].str.rpartition("not planned: ")[2]
    for reason, count in why.value_counts(sort=False).sort_index().items():
        print(f"  {count}: {reason}")
    if arguments.to:
        print(f"wrote {arguments.to}")
    return FINE
