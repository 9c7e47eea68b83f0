"""Commands on setbacks: the findings, and their check by a second implementation."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import CONFLICT, FINE, UNDECIDED, _progress, _region
from .terminal import print_json, print_table, records

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = ["what", "file", "here", "source_layer", "source_id", "target_layer", "target_id"]


def add(command: Callable[..., Any]) -> None:
    """Add the commands to the parser; ``command`` makes one."""
    command("setbacks", _setbacks, "existing setback conflicts; exit 3 if there are any, 4 if only undecided ones")
    verify = command("verify", _verify, "work every setback finding out again by separate code; exit 3 if any differs")
    verify.add_argument("findings", nargs="?", metavar="FINDINGS.parquet", help="default: those of the region")


def _setbacks(arguments: Any) -> int:
    from ..pipeline.verify import failing_risk  # not for --help

    region = _region(arguments)
    findings = region.setbacks(report=_progress(arguments))
    counts = findings["verdict"].value_counts()
    if arguments.json:
        print_json(records(findings))
    else:
        _print_findings(findings, counts, region.table("not_checked"), arguments.region)
        _print_failing(failing_risk(region))
    if counts.get("conflict", 0):
        return CONFLICT
    return UNDECIDED if counts.get("undecided", 0) else FINE


def _print_findings(findings: pd.DataFrame, counts: pd.Series, not_checked: pd.DataFrame, region: str) -> None:
    shown = findings[findings["verdict"] != "clear"].assign(
        source=findings["source_name"].replace("", None).fillna(findings["source_id"]),
        target=findings["target_name"].replace("", None).fillna(findings["target_layer"] + " " + findings["target_id"]),
        rule=findings["standard"] + " " + findings["clause"],
    )
    print_table(shown, ["verdict", "required_m", "clearance_m", "uncertainty_m", "source", "target", "rule", "needs"])
    print(
        f"\n{counts.get('conflict', 0)} conflicts, {counts.get('undecided', 0)} undecided, "
        f"{counts.get('clear', 0)} near misses that are clear.\n"
        f"All of them: geo-risk export {region} findings --to findings.xlsx"
    )
    for layer, count, why in not_checked[["layer", "count", "why"]].itertuples(index=False):
        what = f"{count} of {layer}:" if layer else str(count)
        print(f"not checked: {what} {textwrap.shorten(why, 110, placeholder=' ...')}")


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


def _print_failing(targets: Any) -> None:
    """Beside the distances: the targets whose individual risk fails GB 36894-2018, where the region is quantified."""
    if targets is None:
        return
    print(f"by risk (GB 36894-2018): {len(targets)} targets fail the limit for installations in service")
    if len(targets):
        shown = targets.assign(**{c: targets[c].map("{:.1e}".format) for c in ("lsir_per_yr", "limit_per_yr")})
        print_table(shown, ["layer", "id", "name", "lsir_per_yr", "limit_per_yr", "top_source"])
