"""Commands that write what is printed: lists, handbooks, township sheets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..publish.terminal import print_json
from . import FINE, _progress, _region, _workers


def add(command: Callable[..., Any]) -> None:
    """Add the commands to the parser; ``command`` makes one."""
    lists = command("lists", _lists, "risk source list, control list, major-hazard and hidden-danger registers")
    _common(lists, "lists")
    handbook = command("handbook", _handbook, "one handbook an enterprise (一企一手册), and a page that lists them")
    handbook.add_argument("wanted", nargs="*", metavar="ENTERPRISE", help="ids or names (default: all)")
    _common(handbook, "handbooks", formats=True)
    _workers(handbook)
    sheet = command("sheet", _sheet, "one page a township: map, shares, top ten, changes, who must act")
    sheet.add_argument("wanted", nargs="*", metavar="DISTRICT", help="ids or names (default: every township)")
    _common(sheet, "sheets", formats=True)
    sheet.add_argument("--before", metavar="DIR", help="folder of an earlier state, to tell what changed")


def _common(parser: Any, folder: str, formats: bool = False) -> None:
    parser.add_argument("--to", metavar="DIR", help=f"folder to write (default: REGION/{folder})")
    if formats:
        parser.add_argument("--format", choices=("html", "pdf"), default="html", help="default: html")
    parser.add_argument("--language", choices=("zh", "en"), help="default: the first of [publish] languages")


def _lists(arguments: Any) -> int:
    return _told(
        _region(arguments).lists(to=arguments.to, language=arguments.language, **_reporting(arguments)), arguments
    )


def _handbook(arguments: Any) -> int:
    written = _region(arguments).handbook(
        *arguments.wanted,
        to=arguments.to,
        format=arguments.format,
        language=arguments.language,
        workers=arguments.workers,
        **_reporting(arguments),
    )
    return _told(written, arguments)


def _sheet(arguments: Any) -> int:
    written = _region(arguments).sheet(
        *arguments.wanted,
        to=arguments.to,
        format=arguments.format,
        language=arguments.language,
        before=arguments.before,
        **_reporting(arguments),
    )
    return _told(written, arguments)


def _reporting(arguments: Any) -> dict[str, Any]:
    """Steps that had to run are told; those up to date are not worth a line here."""
    report = _progress(arguments)
    return {"report": lambda result: report(result) if result.state == "ran" else None}


def _told(written: list[Path], arguments: Any) -> int:
    if arguments.json:
        print_json([str(path) for path in written])
        return FINE
    index = [path for path in written if path.name == "index.html"]
    for path in index or written:
        print(f"wrote {path}" + (f" and {len(written) - 1:,} documents" if index else ""))
    return FINE
