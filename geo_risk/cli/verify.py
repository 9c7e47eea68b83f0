"""The command that checks setback findings by a second implementation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import CONFLICT, FINE, _progress, _region
from .terminal import print_json, print_table, records

_SHOWN = ["what", "file", "here", "source_layer", "source_id", "target_layer", "target_id"]


def add(command: Callable[..., Any]) -> None:
    """Add the command to the parser; ``command`` makes one."""
    verify = command("verify", _verify, "work every setback finding out again by separate code; exit 3 if any differs")
    verify.add_argument("findings", nargs="?", metavar="FINDINGS.parquet", help="default: those of the region")


def _verify(arguments: Any) -> int:
    region = _region(arguments)
    told = region.verify(arguments.findings, report=_progress(arguments))
    if arguments.json:
        print_json(records(told))
        return CONFLICT if len(told) else FINE
    if not len(told):
        print("every finding follows from the layers, and none is missing")
        return FINE
    print_table(told, _SHOWN)
    counts = told["what"].value_counts().sort_index()
    print(f"\n{len(told)} differences: {', '.join(f'{n} {what}' for what, n in counts.items())}")
    return CONFLICT


def print_failing(targets: Any) -> None:
    """Beside the distances: the targets whose individual risk fails GB 36894-2018, where the region is quantified."""
    if targets is None:
        return
    print(f"by risk (GB 36894-2018): {len(targets)} targets fail the limit for installations in service")
    if len(targets):
        shown = targets.assign(**{c: targets[c].map("{:.1e}".format) for c in ("lsir_per_yr", "limit_per_yr")})
        print_table(shown, ["layer", "id", "name", "lsir_per_yr", "limit_per_yr", "top_source"])
