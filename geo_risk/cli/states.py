"""Commands about the states of a region: snapshot, compare, bulletin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import FINE, _region, print_json

_SHOWN = 12  # rows of each kind that a terminal is shown


def add(command: Callable[..., Any]) -> None:
    """Add the commands to the parser; ``command`` makes one."""
    snapshot = command("snapshot", _snapshot, "keep the results of the last run as a dated state, in REGION/history")
    snapshot.add_argument("--name", metavar="DATE", help="name of the state (default: the data date)")
    which = snapshot.add_mutually_exclusive_group()
    which.add_argument("--list", action="store_true", help="list the states kept")
    which.add_argument("--delete", metavar="NAME", help="delete a state")
    compare = command(
        "compare", _compare, "what changed between two states, and which rows are the cause", region=False
    )
    _two_states(compare)
    compare.add_argument(
        "--to", metavar="FILE", action="append", default=[], help=".html page, .json, .xlsx, .geojson ..."
    )
    bulletin = command("bulletin", _bulletin, "the bulletin of a quarter, from its first and last state", region=False)
    _two_states(bulletin)
    bulletin.add_argument("--to", metavar="FILE", required=True, help=".html, .pdf or .docx")
    bulletin.add_argument("--lang", choices=("zh", "en"), help="default: the first of [publish] languages")


def _two_states(parser: Any) -> None:
    parser.add_argument("before", metavar="A", help="earlier state: region folder, or REGION@NAME")
    parser.add_argument("after", metavar="B", help="later state")


def _snapshot(arguments: Any) -> int:
    region = _region(arguments)
    if arguments.delete:
        region.delete_snapshot(arguments.delete)
        found, told = [], f"deleted {arguments.delete}"
    elif arguments.list:
        found, told = region.snapshots(), ""
    else:
        found = [region.snapshot(arguments.name)]
        told = f"{found[0].state}: {region.folder}@{found[0].name}"
    if arguments.json:
        print_json([vars(state) for state in found])
        return FINE
    for state in found:
        size = f"{state.bytes / 1e6:.1f} MB, {state.new_bytes / 1e6:.1f} MB of it new"
        print(f"{state.name:24} data of {state.date or 'no date':12} {size}, made with {state.program}")
    if told or not found:
        print(told or "no states kept")
    return FINE


def _compare(arguments: Any) -> int:
    from ..api import open_state

    told = open_state(arguments.before).compare(arguments.after, to=arguments.to).told
    if arguments.json:
        print_json(told)
        return FINE
    _print_changes(told)
    for path in arguments.to:
        print(f"wrote {path}")
    return FINE


def _bulletin(arguments: Any) -> int:
    from ..api import open_state

    written = open_state(arguments.before).bulletin(arguments.after, to=arguments.to, lang=arguments.lang)
    if arguments.json:
        print_json(str(written))
    else:
        print(f"wrote {written}")
    return FINE


def _print_changes(told: dict[str, Any]) -> None:
    before, after = told["before"], told["after"]
    print(f"{before['name']}, {before['date'] or 'no date'} -> {after['date'] or 'no date'}")
    for kind in ("settings", "program", "files"):
        for item in told[kind]:
            print(f"{kind}: {item['key'] or '-'}: {item['before']} -> {item['after']} ({', '.join(item['steps'])})")
    print(f"\n{len(told['inputs'])} input rows changed")
    for item in told["inputs"][:_SHOWN]:
        print(f"  {_input_text(item)}")
    _print_more(told["inputs"])
    for name, figures in told["surfaces"].items():
        print(f"\n{name}: {figures['cells']:,} cells changed ({figures['km2']:.3f} km2), ", end="")
        print(f"{figures['worse']:,} worse, {figures['better']:,} better; {figures['unexplained']} beyond every reach")
    for name, rows in told["tables"].items():
        print(f"\n{name}: {len(rows)} rows changed")
        for row in rows[:_SHOWN]:
            print(f"  {_result_text(row)}")
        _print_more(rows)
    for note in told["notes"]:
        print(f"note: {note}")
    if not any(told["counts"].values()) and not told["surfaces"]:
        print("nothing differs")


def _print_more(rows: list[Any]) -> None:
    if len(rows) > _SHOWN:
        print(f"  ... and {len(rows) - _SHOWN} more")


def _input_text(item: dict[str, Any]) -> str:
    moved = f", moved {item['moved_m']:.1f} m" if item["moved_m"] else ""
    columns = "; ".join(f"{c['column']} {c['before']} -> {c['after']}" for c in item["columns"])
    return f"[{item['number']}] {item['layer']} {item['id']} {item['name']}: {item['change']}{moved} {columns}".rstrip()


def _result_text(row: dict[str, Any]) -> str:
    from ..publish.changes import two_values

    values = ((c["column"], two_values(c["before"], c["after"], "en")) for c in row["columns"][:3])
    columns = "; ".join(f"{name} {before} -> {after}" for name, (before, after) in values)
    causes = [f"[{n}]" for n in row["causes"]] + row["general"]
    return f"{row['id']} {row['name']}: {row['change']} {columns} <- {', '.join(causes) or 'not explained by any row'}"
