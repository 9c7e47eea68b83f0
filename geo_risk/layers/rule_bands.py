"""Whether the bands of own setback rules fit together: overlaps, gaps, contradictions, and what the library says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .quality import Log

Rule = dict[str, Any]


class Band(NamedTuple):
    """For which volumes or stocks, and on which days, a rule holds."""

    quantity: str
    lower: float
    lower_open: bool
    upper: float
    upper_open: bool
    start: str
    end: str


def check_bands(rules: Sequence[Rule], library: pd.DataFrame, logs: Sequence[Log]) -> None:
    """
    Tell overlaps, gaps and differences in ``logs``; rules that contradict each other become MU.

    Two rules meet if source, a target, standard and clause are the same and their bands share a volume (or stock) and a
    day. They contradict each other if their distances differ: which of the two is right nobody knows, so neither
    settles anything. ``rules`` have ``_file``, the place of their log.
    """
    groups: dict[tuple[str, ...], list[Rule]] = {}
    for rule in rules:
        for target in rule["target_classes"].split("|"):
            groups.setdefault((rule["source_class"], target, rule["standard"], rule["clause"]), []).append(rule)
    pairs = _told_once((a, b) for members in groups.values() for a, b in _meeting(members))
    for a, b in pairs:
        log, other = logs[b["_file"]], f"row {a['source_row']} of {a['source_file']} ({a['distance_m']:g} m)"
        if a["distance_m"] == b["distance_m"]:
            log.note("rule_overlap", row=b["source_row"], column="distance_m", value=b["distance_m"], detail=other)
            continue
        log.repair(
            "rule_contradiction",
            row=b["source_row"],
            column="distance_m",
            value=b["distance_m"],
            detail=other,
            after="MU",
        )
        a["confidence"] = b["confidence"] = "MU"
    for gap, rule in _told_once((_gap(*pair), pair[1]) for members in groups.values() for pair in _steps(members)):
        if gap:
            logs[rule["_file"]].note(
                "rule_gap", row=rule["source_row"], column="lower", value=rule["lower"], detail=gap
            )
    _differences(rules, library, logs)


def _differences(rules: Sequence[Rule], library: pd.DataFrame, logs: Sequence[Log]) -> None:
    """Own rules that say another distance than the library for the same source, target, standard and clause."""
    known: dict[tuple[str, ...], list[Rule]] = {}
    for row in library.to_dict("records"):
        for target in row["target_classes"].split("|"):
            known.setdefault((row["source_class"], target, row["standard"], _article(row["clause"])), []).append(row)
    for rule in rules:
        keys = [
            (rule["source_class"], target, rule["standard"], _article(rule["clause"]))
            for target in rule["target_classes"].split("|")
        ]
        found = {
            row["rule_id"]: row["distance_m"]
            for k in keys
            for row in known.get(k, [])
            if row["distance_m"] != rule["distance_m"] and _meet(_band(row), _band(rule))
        }
        if found:
            said = ", ".join(f"{name} ({distance:g} m)" for name, distance in found.items())
            logs[rule["_file"]].note(
                "rule_differs", row=rule["source_row"], column="distance_m", value=rule["distance_m"], detail=said
            )


def _article(clause: str) -> str:
    return clause.split()[0] if clause.split() else clause


def _told_once(items: Iterable[tuple[Any, Rule]]) -> list[tuple[Any, Rule]]:
    """Rules with several targets in common meet several times; told once, in the order of the rows."""
    found: dict[Any, tuple[Any, Rule]] = {}
    for first, rule in items:
        mark = first["rule_id"] if isinstance(first, dict) else first
        found.setdefault((mark, rule["rule_id"]), (first, rule))
    return list(found.values())


def _band(rule: Rule) -> Band:
    lower, upper = (rule["lower"], rule["upper"]) if rule["quantity"] != "none" else (np.nan, np.nan)
    days = [d if isinstance(d, str) else "" for d in (rule.get("in_force"), rule.get("ends"))]
    return Band(
        rule["quantity"],
        lower if np.isfinite(lower) else 0.0,
        bool(np.isfinite(lower)) and rule["lower_inclusive"] != 1,
        upper if np.isfinite(upper) else np.inf,
        not np.isfinite(upper) or rule["upper_inclusive"] != 1,
        days[0],
        days[1] or "9999-12-31",
    )


def _meet(a: Band, b: Band) -> bool:
    """Whether some volume (or stock) and some day are in both; a rule without bounds holds for every volume."""
    if a.start >= b.end or b.start >= a.end:
        return False
    if a.quantity != b.quantity and "none" not in (a.quantity, b.quantity):
        return False
    first, second = sorted((a, b), key=lambda band: (band.lower, band.lower_open))
    if first.upper == second.lower:
        return not (first.upper_open or second.lower_open)
    return first.upper > second.lower


def _meeting(members: list[Rule]) -> list[tuple[Rule, Rule]]:
    bands = [_band(rule) for rule in members]
    return [
        (members[i], members[j])
        for j in range(len(members))
        for i in range(j)
        if _meet(bands[i], bands[j]) and not _by_tank(members[i], members[j])
    ]


def _by_tank(a: Rule, b: Rule) -> bool:
    """Rows that also look at the largest single tank share totals on purpose."""
    return any(np.isfinite(rule[c]) for rule in (a, b) for c in ("unit_lower_m3", "unit_upper_m3"))


def _steps(members: list[Rule]) -> list[tuple[Rule, Rule]]:
    """Each banded rule with the one that reaches furthest among those that begin below it."""
    out = []
    for quantity in ("volume_m3", "quantity_t"):
        rows = sorted((r for r in members if r["quantity"] == quantity), key=lambda r: _band(r)[1:3])
        for i in range(1, len(rows)):
            out.append((max(rows[:i], key=lambda r: (_band(r).upper, not _band(r).upper_open)), rows[i]))
    return out


def _gap(below: Rule, above: Rule) -> str:
    """What lies between two bands, in words; "" if nothing does."""
    a, b = _band(below), _band(above)
    unit = "m3" if a.quantity == "volume_m3" else "t"
    if a.upper < b.lower:
        return f"{a.upper:g} to {b.lower:g} {unit}"
    return f"exactly {a.upper:g} {unit}" if a.upper == b.lower and a.upper_open and b.lower_open else ""
