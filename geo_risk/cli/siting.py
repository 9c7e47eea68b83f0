"""Commands on siting: whether a project may stand, and where one could."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import InputError
from . import CONFLICT, FINE, UNDECIDED, _region
from .terminal import print_json, print_table, records

_EXIT = {"conflict": CONFLICT, "undecided": UNDECIDED, "clear": FINE}


def add(commands: Any) -> None:
    """Add ``siting`` with its own commands to the parser."""
    text = "whether a project may stand where it is drawn, and where it could"
    siting = commands.add_parser("siting", help=text, description=text)
    own = siting.add_subparsers(metavar="COMMAND", required=True)

    check = own.add_parser("check", help="a verdict for a new hazardous project or a new protected place")
    check.set_defaults(command=_check)
    check.add_argument("region", metavar="REGION", help="region folder, the one with region.toml")
    check.add_argument("project", metavar="PROJECT", help="its outline: GeoJSON, SHP, DXF, KML, GPKG")
    _project(check)
    check.add_argument("--letter", metavar="FILE", help="write the opinion: .html, .pdf or .docx")
    check.add_argument("--language", choices=("zh", "en"), help="of the letter (default: the first of the region)")
    check.add_argument("--to", metavar="FILE", help="write the findings: .parquet, .xlsx, .geojson ...")
    check.add_argument("--no-ways", action="store_true", help="do not look for what would make it pass")
    check.add_argument("--json", action="store_true", help="print JSON for machines")

    search = own.add_parser("search", help="where a project of a kind could stand: free ground and ranked sites")
    search.set_defaults(command=_search)
    search.add_argument("region", metavar="REGION", help="region folder, the one with region.toml")
    search.add_argument("kind", metavar="KIND", help="what is planned (geo-risk siting kinds)")
    search.add_argument("--set", action="append", default=[], metavar="COLUMN=VALUE", help="such as quantity_t=20")
    search.add_argument(
        "--area", type=float, default=2500.0, metavar="M2", help="of its square outline (default: 2500)"
    )
    search.add_argument("--parcels", metavar="FILE", help="polygons to choose from (default: all free ground)")
    search.add_argument("--within", metavar="DISTRICT", help="name or id of a district")
    search.add_argument("--top", type=int, default=5, metavar="N", help="sites checked in full (default: 5)")
    search.add_argument("--to", metavar="FILE", help="write the sites: .html map, .geojson, .xlsx ...")
    search.add_argument("--json", action="store_true", help="print JSON for machines")

    kinds = own.add_parser("kinds", help="every kind of project, and the words for it")
    kinds.set_defaults(command=_kinds)
    kinds.add_argument("--json", action="store_true", help="print JSON for machines")


def _project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", metavar="KIND", help="what is planned, where the file has no column for it")
    parser.add_argument(
        "--set", action="append", default=[], metavar="COLUMN=VALUE", help="such as substance=液氯, quantity_t=20"
    )
    parser.add_argument("--crs", metavar="CRS", help="of the outline: EPSG code, wgs84, gcj02, bd09")


def values_of(pairs: list[str]) -> dict[str, str]:
    """COLUMN=VALUE as a dictionary; InputError if one is something else."""
    out = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise InputError(f"--set {pair}: write COLUMN=VALUE, such as quantity_t=20.")
        out[name.strip()] = value.strip()
    return out


def _check(arguments: Any) -> int:
    region = _region(arguments)
    found = region.siting_check(
        arguments.project,
        kind=arguments.kind,
        values=values_of(arguments.set),
        crs=arguments.crs,
        letter=arguments.letter,
        language=arguments.language,
        to=arguments.to,
        ways=not arguments.no_ways,
    )
    if arguments.json:
        print_json(found.told)
    else:
        _print(found.told, arguments.letter)
    return _EXIT[found.told["verdict"]]


def _print(told: dict[str, Any], letter: str | None) -> None:
    names = ", ".join(f"{row['name']} ({row['kind']})" for row in told["project"])
    print(f"{told['verdict'].upper()}: {names}, data of {told['dates']['data'] or 'unknown date'}")
    for check in told["checks"]:
        print(f"  {check['verdict']:<9} {check['name'].replace('_', ' ')}: {check['en']}")
    import pandas as pd

    rows = [f for f in told["findings"] if f["verdict"] != "clear"]
    if rows:
        columns = ("verdict", "rule_id", "source_name", "target_name", "required_m", "clearance_m", "uncertainty_m")
        print_table(pd.DataFrame(rows[:20]), list(columns))
    for way in told["ways"]:
        if way["way"] == "move" and "distance_m" in way:
            print(f"would be {way['verdict']} {way['distance_m']:.0f} m to the {way['towards']} "
                  f"(dx {way['dx_m']:.0f} m, dy {way['dy_m']:.0f} m)")  # fmt: skip
        elif way["way"] == "stock" and "factor" in way:
            print(f"would be {way['verdict']} with {way['factor']:.1%} of the stock")
        else:
            print(f"no {way['way']} makes it pass: {way['why']['en']}")
    for line in told["not_checked"]:
        print(f"not checked: {line['en']}")
    if letter:
        print(f"letter: {letter}")


def _kinds(arguments: Any) -> int:
    from ..layers.project import PROJECT_LAYERS
    from ..schema import LAYERS

    rows = [
        {"layer": layer, "kind": kind, "also": list(words)}
        for layer in PROJECT_LAYERS
        for kind, words in LAYERS[layer].column("kind").domain.items()
    ]
    if arguments.json:
        print_json(rows)
        return FINE
    for row in rows:
        print(f"{row['layer']}:{row['kind']}" + (f"  {', '.join(row['also'])}" if row["also"] else ""))
    return FINE


def _search(arguments: Any) -> int:
    found = _region(arguments).siting_search(
        arguments.kind,
        values=values_of(arguments.set),
        area_m2=arguments.area,
        parcels=arguments.parcels,
        within=arguments.within,
        top=arguments.top,
        to=arguments.to,
    )
    rows = records(found.sites.drop(columns="geometry"))
    free = float(found.area["area_km2"].sum())
    if arguments.json:
        print_json({"area_km2": free, "compared": found.compared, "sites": rows, "notes": list(found.notes)})
    else:
        print(f"{free:.2f} km2 are free in {len(found.area)} parts; {found.compared} places compared")
        columns = [c for c in ("rank", "lon", "lat", "parcel", "risk", "rescue_min", "main_road_m", "verdict")
                   if c in found.sites]  # fmt: skip
        shown = found.sites.assign(risk=[f"{v:.1e}" for v in found.sites["risk"]]) if len(rows) else found.sites
        shown = shown.assign(lon=shown["lon"].map("{:.6f}".format), lat=shown["lat"].map("{:.6f}".format))
        print_table(shown, columns)
        for row in rows:
            if row["why"]:
                print(f"site {row['rank']} is not clear: {row['why']}")
        for note in found.notes:
            print(f"note: {note}")
        if arguments.to:
            print(f"wrote {arguments.to}")
    verdicts = {row["verdict"] for row in rows}
    return FINE if "clear" in verdicts else UNDECIDED if "undecided" in verdicts else CONFLICT
