"""The command that shows the setback rules of a region."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import CONFLICT, FINE, _region
from .terminal import print_json, records

_SETS = ["standard", "edition", "applied", "n", "n_v", "n_mc", "n_mu", "in_force", "moved_to", "title", "why"]


def add(command: Callable[..., Any]) -> None:
    """Add the command to the parser; ``command`` makes one."""
    rules = command("rules", _rules, "the setback rules by standard: how many, how sure, switched on or off")
    rules.add_argument("--classes", action="store_true", help="what own rules may name as source and target instead")


def _rules(arguments: Any) -> int:
    region = _region(arguments)
    if arguments.classes:
        return _shown(arguments, region.rules(classes=True), ["side", "class", "name_zh", "shown"])
    sets = region.rules()
    rejected = sets.attrs["rejected"]
    _shown(arguments, sets, _SETS)
    if rejected and not arguments.json:
        print(f"\n{rejected} own rules cannot be used: geo-risk check {arguments.region} tells why")
    return CONFLICT if rejected else FINE


def _shown(arguments: Any, table: Any, columns: list[str]) -> int:
    if arguments.json:
        print_json(records(table))
    else:
        print(table[columns].to_string(index=False, max_colwidth=60))
    return FINE
