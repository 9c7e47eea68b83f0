"""The command line: parses, calls one function of ``geo_risk.Region``, prints.

Heavy imports happen inside the commands, so that ``--help`` answers at once.
Exit codes: 0 fine, 1 error, 2 usage, 3 conflict found or rows rejected, 4 undecided.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .._version import __version__
from ..errors import GeoRiskError
from .terminal import (
    ROWS,
    print_current,
    print_json,
    print_reached,
    print_risk,
    print_table,
    print_zones,
    records,
)

if TYPE_CHECKING:
    from ..manifest import StepResult

FINE, ERROR, USAGE, CONFLICT, UNDECIDED = range(5)
_TODO = 8  # things to do first that a terminal is shown


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    for stream in (sys.stdout, sys.stderr):  # Chinese names on any console
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    arguments = _parser().parse_args(argv)
    try:
        return arguments.command(arguments)
    except GeoRiskError as error:
        print(f"geo-risk: {error}", file=sys.stderr)
        return ERROR
    except KeyboardInterrupt:
        print("geo-risk: stopped. The results are as they were; run again to go on.", file=sys.stderr)
        return ERROR
    except BrokenPipeError:
        return FINE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="geo-risk",
        description="Spatial safety risk analysis and one-map publishing (安全风险一张图).",
        epilog="A place is LON,LAT in WGS 84, or the name or id of an enterprise or facility. "
        "Exit codes: 0 fine, 1 error, 2 usage, 3 conflict found or rows rejected, 4 undecided.",
    )
    parser.add_argument("--version", action="version", version=f"geo-risk {__version__}")
    from . import books, plans, rescue, roads, rules, serve, setbacks, siting, states, visits

    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, function: Callable[[Any], int], text: str, region: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=function)
        if region:
            sub.add_argument("region", metavar="REGION", help="region folder, the one with region.toml")
        sub.add_argument("--json", action="store_true", help="print JSON for machines")
        return sub

    demo = command("demo", _demo, "write the demo city, run everything, print where the map is", region=False)
    demo.add_argument("folder", nargs="?", default="linlan", metavar="DIR", help="folder to write (default: linlan)")
    demo.add_argument("--size", choices=("small", "city", "large"), default="city", help="default: city")
    demo.add_argument("--seed", type=int, default=1, help="another seed gives another city (default: 1)")
    demo.add_argument("--serve", action="store_true", help="serve the map afterwards")
    _workers(demo)

    init = command("init", _init, "start a region from files: recognise layers, write region.toml", region=False)
    init.add_argument("folder", metavar="DIR")
    init.add_argument("files", nargs="*", metavar="FILES", help="files or folders; without any, DIR/inputs")
    init.add_argument("--name", help="name of the region (default: the folder's name)")

    command("check", _check, "import the inputs and report their quality; exit 3 where rows were rejected")

    run = command("run", _run, "run all steps, or the named ones and what they need; only what changed")
    run.add_argument("steps", nargs="*", metavar="STEP")
    _workers(run)

    explain = command("explain", _explain, "why a place has its colour: sources and their shares")
    explain.add_argument("place", metavar="PLACE")

    accident = command("accident", _accident, "one accident: zones, people and places inside, who comes")
    accident.add_argument("source", metavar="SOURCE", help="risk source, by id or name; of a pipeline SOURCE@LON,LAT")
    accident.add_argument("--scenario", metavar="S", help="default: the one that reaches farthest")
    accident.add_argument("--wind", metavar="DEG,MPS", help="from where and how fast (default: the deadliest)")
    accident.add_argument("--at", default="12:00", metavar="HH:MM", help="time of day (default: 12:00)")
    accident.add_argument("--to", metavar="FILE", help="write the zones: .html map, .geojson, .gpkg ...")

    what_if = command("what-if", _what_if, "individual risk if a source failed more often, held more, or were gone")
    what_if.add_argument("source", metavar="SOURCE", help="risk source, by id or name")
    what_if.add_argument("--factor", type=float, metavar="F", help="of its frequencies; 0, also without options: gone")
    what_if.add_argument("--quantity", type=float, metavar="T", help="tonnes it holds in place of its own")
    what_if.add_argument("--to", metavar="FILE", help="write the difference: .html map, .tif surface")

    unsure = command("uncertainty", _uncertainty, "how sure the individual risk is: contours of its 5, 50 and 95 %%")
    unsure.add_argument("--samples", type=int, default=400, metavar="N", help="default: 400")
    unsure.add_argument(
        "--cell", type=float, metavar="M", help="side of the cells in m (default: by the size of the region)"
    )
    unsure.add_argument("--seed", type=int, default=1, help="default: 1; the same seed gives the same bytes")
    unsure.add_argument("--to", metavar="DIR", help="folder to write (default: REGION/uncertainty)")

    robustness = command("robustness", _robustness, "how sure the colours are, and which assumptions move them")
    robustness.add_argument(
        "--samples", type=int, metavar="N", help="a power of two (default: [risk] robustness_samples)"
    )

    publish = command("publish", _publish, "write the static site, or one HTML file")
    publish.add_argument(
        "--profile", metavar="NAME", help="internal, public or one of [profiles.NAME]; default: those in region.toml"
    )
    publish.add_argument("--to", metavar="DIR|FILE", help="copy the site there")
    publish.add_argument("--single-file", action="store_true", help="one HTML file with everything inside")

    export = command(
        "export", _export, "write a layer or table as CSV, XLSX, GeoJSON, GPKG, FGB, SHP.ZIP, Parquet or to PostGIS"
    )
    export.add_argument("table", metavar="TABLE")
    export.add_argument("--to", required=True, metavar="FILE|URL")

    serve.add(command)
    command("settings", _settings, "every key of region.toml: default, unit, meaning", region=False)
    siting.add(commands)
    books.add(command)
    rescue.add(command)
    states.add(command)
    visits.add(command)
    rules.add(command)
    setbacks.add(command)
    roads.add(command)
    plans.add(command)
    return parser


def _workers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: [compute] workers)")


def _demo(arguments: Any) -> int:
    from ..start import demo

    region = demo(arguments.folder, size=arguments.size, seed=arguments.seed)
    print(
        f"{region.settings.region.name}: {arguments.size}, seed {arguments.seed}, in {region.folder}", file=sys.stderr
    )
    _run_and_print(region, (), arguments)
    _print_sites(region, arguments)
    from . import serve

    return serve.serve_region(region) if arguments.serve else FINE


def _init(arguments: Any) -> int:
    from ..start import init

    started = init(arguments.folder, arguments.files, name=arguments.name)
    if arguments.json:
        print_json(started.found)
        return FINE
    for item in started.found:
        system = f", coordinates {item['system']}" if item["system"] else ""
        taken = f"{item['layer']}, {item['rows']} rows{system}" if item["layer"] else "not used"
        print(f"{item['file']}: {taken}")
        if item["layer"] and item["columns"]:
            print(f"    columns: {', '.join(f'{c} = {header}' for c, header in item['columns'].items())}")
        for note in item["notes"]:
            print(f"    {note}")
    print(f"\nWrote {started.path}. Read what it says, mend what is wrong, then: geo-risk run {arguments.folder}")
    return FINE


def _check(arguments: Any) -> int:
    try:
        quality = _region(arguments).check(report=_progress(arguments))
    except GeoRiskError as error:
        if arguments.json:
            print_json({"errors": [str(e) for e in getattr(error, "errors", (error,))]})
        raise
    if arguments.json:
        print_json(quality)
    else:
        _print_quality(quality, arguments.region)
    return CONFLICT if quality["rows_rejected"] else FINE


def _print_quality(quality: dict[str, Any], region: str) -> None:
    """Counts a file, what to do first, and where the rows to mend lie."""
    for f in quality["files"]:
        print(
            f"{f['layer']:22} {f['rows_read']:>8} read {f['rows_kept']:>8} kept {f['rows_rejected']:>7} rejected "
            f"{f['rows_repaired']:>7} repaired  {f['file']}"
        )
    for n, todo in enumerate(quality["first"][:_TODO], 1):
        word = {"rejected": "rows rejected", "repaired": "rows repaired", "noted": "rows concerned"}[todo["action"]]
        files = ", ".join(todo["files"][:3]) + (" ..." if len(todo["files"]) > 3 else "")
        print(f"\n{n}. {todo['rows']} {word} ({files}): {todo['problem']} / {todo['problem_zh']}")
        print(f"   -> {todo['suggestion']} / {todo['suggestion_zh']}")
    if len(quality["first"]) > _TODO:
        print(f"\n... and {len(quality['first']) - _TODO} further kinds of findings")
    rejects = [f"{region}/build/rejects/{f['layer']}/{f['rejects']}" for f in quality["files"] if f["rejects"]]
    if rejects:
        print("\nRejected rows, as written, with row, problem and advice:")
        print(*(f"  {path}" for path in rejects), sep="\n")
        print("  Mend them, copy the file to inputs/, and add it to the layer: source = [OLD, NEW].")
    print(f"\nEvery row and reason: {region}/build/quality.html")


def _run(arguments: Any) -> int:
    region = _region(arguments)
    _run_and_print(region, arguments.steps, arguments)
    if not arguments.json:
        _print_sites(region, arguments)
    return FINE


def _run_and_print(region: Any, steps: Sequence[str], arguments: Any) -> None:
    results = region.run(steps, workers=arguments.workers, report=_progress(arguments), starting=_starting(arguments))
    if arguments.json:
        print_json([vars(r) for r in results])
        return
    ran = [r for r in results if r.state == "ran"]
    print(f"{len(ran)} steps ran, {len(results) - len(ran)} were up to date, {sum(r.seconds for r in ran):.1f} s.")


def _starting(arguments: Any) -> Callable[[str], None]:
    def starting(name: str) -> None:
        if sys.stderr.isatty() and not arguments.json:
            print(f"{name} ...", end="\r", file=sys.stderr, flush=True)

    return starting


def _progress(arguments: Any) -> Callable[[StepResult], None]:
    def report(result: StepResult) -> None:
        if arguments.json:
            return
        figures = f"{result.seconds:7.1f} s {result.peak_mb:7.0f} MB" if result.state == "ran" else "  up to date"
        print(f"{result.name:28} {figures}", flush=True)

    return report


def _print_sites(region: Any, arguments: Any) -> None:
    if arguments.json:
        return
    for site in region.sites():
        print(f"map: {site}")


def _explain(arguments: Any) -> int:
    told = _region(arguments).explain(arguments.place)
    if arguments.json:
        print_json(told)
        return FINE
    words, exposure = ("未分级 none", "低 blue", "一般 yellow", "较大 orange", "重大 red"), told["exposure"]
    grade, factor = words[told["grade"]], exposure["factor"]
    by_risk = "" if told["lsir_grade"] is None else f", individual risk {words[told['lsir_grade']]}"
    print(f"{grade}: index {words[told['index_grade']]}{by_risk}")
    print(f"index {told['index']:.1f} = hazard {told['hazard']:.1f} x exposure {factor:.2f}")
    print(
        f"exposure: {exposure['density_per_ha']:.0f} persons/ha, "
        f"{exposure['sensitive_per_ha']:.0f} weighted persons/ha in crowded places"
    )
    for source in told["sources"][:ROWS]:
        print(
            f"{source['share_percent']:5.1f} %  {source['distance_m']:6.0f} m  {source['name'] or source['id']} "
            f"({source['layer']} {source['id']}): level {source['score']:.0f} of 100, reach {source['reach_m']:.0f} m; "
            f"{source['reason']}"
        )
    rest = sum(s["share_percent"] for s in told["sources"][ROWS:])
    if rest:
        print(f"{rest:5.1f} %  {len(told['sources']) - ROWS} further sources")
    for district in told["districts"]:
        sure = district.get("certainty")
        sure = "" if sure is None else f"; {sure:.0%} of the samples keep this colour"
        print(f"{district['name']}: {words[district['grade'] or 0]}: {district['rule']}{sure}")
    print_current(told["current"], words)
    for note in told["notes"]:
        print(f"note: {note}")
    if told["lacked"]:
        print(f"not known here: {', '.join(told['lacked'])}")
    if told["risk"] is not None:
        print_risk(told["risk"])
    return FINE


def _accident(arguments: Any) -> int:
    found = _region(arguments).accident(
        arguments.source,
        scenario=arguments.scenario,
        wind=_wind(arguments.wind),
        at=arguments.at,
        to=arguments.to,
    )
    told = found.told
    if arguments.json:
        print_json({**told, "zones": records(found.zones)})
        return FINE
    wind = told["wind"]
    print(f"{told['source']['name']} ({told['source']['id']}), {told['source']['substance']}: {told['scenario']}")
    print(f"place: {told['at']['lon']:.5f},{told['at']['lat']:.5f}: {told['at']['why']}")
    print(
        f"wind from {wind['from_deg']:.0f} degrees, {wind['speed_mps']:.1f} m/s, class {wind['stability']} "
        f"({wind['why']}); {told['period']}"
    )
    for row in told["outcomes"]:
        print(
            f"{row['kind']:11} {row['frequency_per_yr']:.1e} per year, "
            f"{row['deaths_day']:.1f} deaths by day, {row['deaths_night']:.1f} at night"
        )
    print_zones(found.zones)
    print_reached(told)
    for warning in told["warnings"]:
        print(f"note: {warning}")
    if arguments.to:
        print(f"wrote {arguments.to}")
    return FINE


def _wind(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        degrees, speed = (float(part) for part in text.replace("，", ",").split(","))
    except ValueError:
        raise GeoRiskError(f"--wind {text}: write DEG,MPS such as 112.5,3.") from None
    return degrees, speed


def _what_if(arguments: Any) -> int:
    told = _region(arguments).what_if(
        arguments.source, factor=arguments.factor, quantity_t=arguments.quantity, to=arguments.to
    )
    if arguments.json:
        print_json(told)
        return FINE
    changes = [f"frequencies x {told['factor']:g}"] if told["factor"] is not None else []
    if told["quantity_t"] is not None:
        changes.append(f"quantity {told['quantity_before_t']:g} t -> {told['quantity_t']:g} t")
    source, cells = told["source"], told["cells_computed"]
    print(f"{source['name'] or ''} ({source['id']}): {', '.join(changes)}; {cells:,} cells computed anew")
    print(f"highest individual risk {told['lsir_max']:.1e} -> {told['lsir_max_after']:.1e} per year")
    for row in told["contours"]:
        print(f"{row['level_per_yr']:.0e} per year: {row['area_km2']:.3f} -> {row['area_after_km2']:.3f} km2")
    if arguments.to:
        print(f"wrote {arguments.to}")
    return FINE


def _uncertainty(arguments: Any) -> int:
    def progress(done: float, message: str) -> None:
        if not arguments.json:
            print(f"{100 * done:3.0f} %  {message}", file=sys.stderr, flush=True)

    folder = arguments.to or f"{arguments.region}/uncertainty"
    contours = _region(arguments).uncertainty(
        samples=arguments.samples, cell_m=arguments.cell, seed=arguments.seed, to=folder, progress=progress
    )
    if arguments.json:
        print_json({"folder": folder, "contours": [{**r, "geometry": None} for r in records(contours)]})
        return FINE
    print("area at or above a level [km2], and residents there:")
    for level, rows in contours.groupby("level_per_yr"):
        told = ", ".join(
            f"{r.scope.upper()} {r.area_km2:.2f}" + ("" if r.persons != r.persons else f" ({r.persons:,.0f})")
            for r in rows.itertuples()
        )
        print(f"{level:.0e} per year: {told}")
    print(f"map: {folder}/index.html")
    return FINE


def _robustness(arguments: Any) -> int:
    districts, moved = _region(arguments).robustness(samples=arguments.samples, report=_progress(arguments))
    if arguments.json:
        print_json({"districts": records(districts.drop(columns="geometry")), "sensitivity": records(moved)})
        return FINE
    shown = districts.sort_values("certainty", kind="stable")
    print_table(shown.round({"certainty": 2}), ["name", "level", "grade", "certainty", "rule"])
    for (_, name), rows in moved.groupby(["scope", "name"], sort=False, dropna=False):
        three = ", ".join(f"{r.meaning} {r.total_order:.2f}" for r in rows.head(3).itertuples())
        print(f"{name if isinstance(name, str) else 'all districts'}: {three}")
    return FINE


def _publish(arguments: Any) -> int:
    region = _region(arguments)
    written = region.publish(profile=arguments.profile, to=arguments.to, single_file=arguments.single_file)
    if arguments.json:
        print_json([str(path) for path in written])
        return FINE
    for path in written:
        print(f"map: {path}")
    shown = (arguments.profile,) if arguments.profile else region.settings.publish.profiles
    for sentence in region.not_stated() if "public" in shown else ():
        print(f"public map: {sentence}", file=sys.stderr)
    return FINE


def _export(arguments: Any) -> int:
    written, lost = _region(arguments).export(arguments.table, arguments.to)
    if arguments.json:
        print_json({"written": written, "lost": lost})
    else:
        print(f"wrote {written}" + (f" ({lost})" if lost else ""))
    return FINE


def _settings(arguments: Any) -> int:
    from ..settings import describe

    rows = describe()
    if arguments.json:
        print_json(rows)
        return FINE
    section = None
    for row in rows:
        if row["section"] != section:
            section = row["section"]
            print(f"\n[{section}]")
        unit = f" {row['unit']}" if row["unit"] else ""
        allowed = f" Allowed: {row['allowed']}." if row["allowed"] else ""
        print(f"  {row['key']} = {row['default']}{unit}\n      {row['meaning']}. {row['type'].capitalize()}.{allowed}")
    return FINE


def _region(arguments: Any) -> Any:
    from ..api import Region

    return Region(arguments.region)
