"""GB 36894-2018: the group of a protection target, the limits of individual risk, the lines of the F-N diagram."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...standards import weakest
from ..rows import number, table_rows, text
from ..target_classes import NOTHING, classify_target

GROUPS = ("high_sensitivity", "important", "general_1", "general_2", "general_3")  # strictest first
SITUATIONS = ("new", "in_service")
ZONES = ("acceptable", "alarp", "intolerable")
TWO_SIGMA = 2.0  # a place lies within this many 68 % errors with 95 %


class Group(NamedTuple):
    """
    The groups a target may belong to, strictest first; one where its attributes decide, none if it is no target.

    ``missing`` names the attributes that would decide; ``confidence`` is the weakest of the rows used.
    """

    groups: tuple[str, ...]
    reason: str
    missing: tuple[str, ...] = ()
    confidence: str = "V"


def group_of(layer: str, row: Mapping[str, Any]) -> Group:
    """
    The group of a row of crowded_places, buildings, population or enterprises (sections 3 and Table 1).

    An enterprise is a target as "other industrial enterprise"; whether it is one of hazardous
    chemicals itself is not known here. Of several attributes known, the strictest answer counts.
    """
    use, said = _use(layer, row)
    if not use:
        return Group((), said)
    rows = _rows(layer, use)
    attributes = tuple(dict.fromkeys(r["attribute"] for r in rows if isinstance(r["attribute"], str)))
    known = {a: number(row, a) for a in attributes}
    return _decided(layer, use, said, tuple(known.items()))


@cache
def _decided(layer: str, use: str, said: str, known: tuple[tuple[str, float], ...]) -> Group:
    rows = _rows(layer, use)
    given = [(a, v) for a, v in known if np.isfinite(v)]
    if not known or not given:
        groups = _ordered(r["group"] for r in rows)
        missing = tuple(a for a, _ in known) or (("what it is used for",) if len(groups) > 1 else ())
        why = f"{said}; {' and '.join(missing)} not known" if missing else said
        return Group(groups, why, missing, weakest(r["confidence"] for r in rows))
    hits = [next(r for r in rows if r["attribute"] == a and v >= r["at_least"]) for a, v in given if v >= 0]
    if not hits:
        return Group(_ordered(r["group"] for r in rows), f"{said}; impossible values", tuple(a for a, _ in known), "MC")
    strictest = min(hits, key=lambda r: GROUPS.index(r["group"]))
    figures = ", ".join(f"{a} {v:g}" for a, v in given)
    return Group((str(strictest["group"]),), f"{said}, {figures}", (), weakest(r["confidence"] for r in hits))


@cache
def _rows(layer: str, use: str) -> list[dict[str, Any]]:
    rows = [r for r in table_rows("gb36894_targets") if r["layer"] == layer]
    return [r for r in rows if use in r["kinds"].split("|")] or [r for r in rows if "other" in r["kinds"].split("|")]


def _use(layer: str, row: Mapping[str, Any]) -> tuple[str, str]:
    """The word of gb36894_targets.csv for a row, and how it was found; no word: not a target."""
    if layer == "crowded_places":
        kind = text(row, "kind") or "other"
        return kind, f"crowded place: {kind}"
    if layer == "population":
        return "dwellings", "dwellings of one row of the population layer, taken as one settlement"
    found = classify_target(layer, row)
    if layer == "buildings":
        word = next(name for name in sorted(found.target[0][0]) if ":" in name).partition(":")[2]
        return ("" if word == "shed" else word), found.reason
    answers = found.target[0]
    return ("" if answers == (NOTHING,) else "industrial"), found.reason


def _ordered(groups: Any) -> tuple[str, ...]:
    return tuple(sorted(set(groups), key=GROUPS.index))


@cache
def individual_limit(group: str, situation: str) -> float:
    """Limit of individual risk for a group, "new" or "in_service" [per year] (Table 2)."""
    rows = table_rows("gb36894_criteria")
    return next(
        float(r["frequency_per_yr"])
        for r in rows
        if r["criterion"] == "individual" and r["group"] == group and r["situation"] == situation
    )


def societal_line(line: str, deaths: ArrayLike) -> NDArray[np.float64]:
    """
    (T,) frequency of N or more deaths on the "upper" or "lower" line of the F-N diagram [per year].

    Straight between the points on logarithmic axes, continued with the same slope.
    """
    rows = [r for r in table_rows("gb36894_criteria") if r["criterion"] == "societal" and r["group"] == line]
    n = np.log10([float(r["persons"]) for r in rows])
    f = np.log10([float(r["frequency_per_yr"]) for r in rows])
    at = np.log10(np.asarray(deaths, float))
    k = np.clip(np.searchsorted(n, at) - 1, 0, len(n) - 2)
    return 10 ** (f[k] + (at - n[k]) / (n[k + 1] - n[k]) * (f[k + 1] - f[k]))


def zones(deaths: ArrayLike, frequency: ArrayLike) -> list[str]:
    """(T,) zone of each point of an F-N curve; a point on a line belongs to the worse side, no risk is acceptable."""
    f = np.asarray(frequency, float)
    # Frequencies are sums of many: a millionth part is rounding.
    above = [(f * (1 + 1e-6) >= societal_line(line, deaths)) & (f > 0) for line in ("lower", "upper")]
    return [ZONES[int(a) + int(b)] for a, b in zip(*above, strict=True)]
