"""
Which distance the rules require between a kind of source and a kind of target, when some of it is unknown.

A source is a tuple of *options* of which exactly one is true (a station of class 1, 2 or 3). A target
is a tuple of *questions*, each a tuple of possible answers, each a set of target classes (high-rise or
not; important public building or not). The distance is then bounded: the lower bound holds whatever
the unknowns turn out to be and rests on V and MC rows only; the upper bound counts every row that may apply.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import StandardsError
from ..standards import CONFIDENCE, PROVENANCE, check, table
from .rows import records, table_rows

Interval = tuple[float, float]
Answer = frozenset[str]
Question = tuple[Answer, ...]
Target = tuple[Question, ...]

UNKNOWN: Interval = (0.0, np.inf)
COLUMNS = ("rule_id", "source_class", "target_classes", "distance_m")
_OPTIONAL = ("quantity", "lower", "lower_inclusive", "upper", "upper_inclusive", "unit_lower_m3", "unit_upper_m3")
_QUANTITIES = ("none", "volume_m3", "quantity_t")
_ABOVE = 1 + 1e-9  # just above a bound, to stand for the open interval that follows it
CIVIL = "+civil"  # target classes of civil buildings only: "other_building_fire_rating_3+civil"
_CIVIL_ALREADY = frozenset({"highrise_civil", "civil_building", "civil_building_low", "other_civil"})


class Option(NamedTuple):
    """One thing a source may be: its classes, bounds of total and single-tank volume [m3] and stock [t], variants."""

    classes: frozenset[str]
    volume_m3: Interval = UNKNOWN
    unit_m3: Interval = UNKNOWN
    quantity_t: Interval = UNKNOWN
    variants: frozenset[str] = frozenset()


class Bounds(NamedTuple):
    """The least and the largest distance [m] that may be required, and the rules' rows (-1 for none)."""

    low: float
    low_rule: int
    high: float
    high_rule: int


class Rule(NamedTuple):
    """One row of a rule table in plain numbers; no bound is 0 or infinity."""

    row: int
    targets: tuple[str, ...]
    quantity: str
    lower: float
    lower_inclusive: bool
    upper: float
    upper_inclusive: bool
    unit_lower: float
    unit_upper: float
    table_lower: float
    distance_m: float
    reduced_m: float
    unsure: bool
    modifiers: tuple[Modifier, ...]


class Modifier(NamedTuple):
    """A note that changes the distances of a table: which variant, for civil buildings only or for all, by how much."""

    variant: str
    civil_only: bool
    factor: float
    least_m: float
    max_total_m3: float
    max_unit_m3: float


class Demand(NamedTuple):
    """What one exact option demands of each target class: (C,) distances [m] and rule rows."""

    low: NDArray[np.float64]
    low_rule: NDArray[np.int64]
    high: NDArray[np.float64]
    high_rule: NDArray[np.int64]


class Known(NamedTuple):
    """The demands of each option, equal ones once; and those of each list of rules with their factors."""

    options: dict[Option, dict[tuple[bytes, ...], Demand]]
    chosen: dict[tuple[Any, ...], Demand]


class Rules(NamedTuple):
    """
    A checked rule table, its rows by source class (smaller distance first), the position of each target class.

    ``known`` keeps what has been worked out of it: see ``demands``.
    """

    frame: pd.DataFrame
    by_class: dict[str, list[Rule]]
    positions: dict[str, int]
    known: Known


def builtin_rules() -> pd.DataFrame:
    """
    Every built-in rule with a numeric distance that stands without a further condition, one row each.

    The columns are those of ``setbacks.csv``. Town-gas clearances carry their own rule_id as source
    class, because pressure, diameter and wall pick the row; a protection range of a gas pipe is a
    distance to any building.
    """
    general = table("setbacks")
    general = general[general["distance_m"].notna() & general["requires"].isna()]
    gas = table("gb50028_clearances").assign(quantity="none")
    gas["source_class"] = gas["rule_id"]
    ranges = table("gb55009_ranges").query("kind == 'protection'").rename(columns={"to_m": "distance_m"})
    ranges = ranges.assign(target_classes="any_building", quantity="none")
    columns = [*COLUMNS, *_OPTIONAL, "reduced_m", *PROVENANCE]
    parts = [f.reindex(columns=columns).astype({"reduced_m": float}) for f in (general, gas, ranges)]
    numbers = dict.fromkeys((*_OPTIONAL[1:], "distance_m"), float)
    return pd.concat([p.astype(numbers) for p in parts], ignore_index=True)


def prepare(rules: pd.DataFrame | Rules | None = None) -> Rules:
    """
    Check a rule table (the built-in one if None) and index its target classes; one that is checked is given back.

    A user's table needs rule_id, source_class, target_classes ("|" between several), distance_m and
    the provenance columns; quantity bounds and reduced_m are optional.

    Raises
    ------
    StandardsError
        If a column or provenance is missing, a rule_id is repeated, a distance is not above 0, or a
        quantity is neither volume_m3, quantity_t nor none.
    """
    if isinstance(rules, Rules):
        return rules
    return _builtin() if rules is None else _prepared(rules.reset_index(drop=True))


@cache
def _builtin() -> Rules:
    return _prepared(builtin_rules())


def _prepared(frame: pd.DataFrame) -> Rules:
    check(frame, "rules", columns=COLUMNS)
    frame = frame.reindex(columns=list(dict.fromkeys([*frame.columns, *_OPTIONAL, "reduced_m"])))
    frame["quantity"] = frame["quantity"].astype("object").where(frame["quantity"].notna(), "none")
    repeated = frame["rule_id"].duplicated()
    if repeated.any():
        raise StandardsError(
            f"rules: rule_id '{frame.loc[repeated, 'rule_id'].iloc[0]}' is repeated. Give each its own."
        )
    distance = pd.to_numeric(frame["distance_m"], errors="coerce")
    for bad, what in ((~(distance > 0), "distance_m"), (~frame["quantity"].isin(_QUANTITIES), "quantity")):
        if bad.any():
            at = int(bad.to_numpy().argmax())
            row = frame.iloc[at]
            raise StandardsError(f"rule '{row['rule_id']}' (row {at + 2}): {what} is '{row[what]}'. Correct it.")
    frame["distance_m"] = distance.astype(float)
    frame["strength"] = len(CONFIDENCE) - frame["confidence"].map(CONFIDENCE.index).astype(int)
    frame["table_lower"] = frame.groupby(["source_class", "standard", "clause"])["lower"].transform("min")
    names = sorted({c for classes in frame["target_classes"] for c in classes.split("|")})
    positions = {c: i for i, c in enumerate([*names, *(n + CIVIL for n in names)])}
    return Rules(frame, _by_class(frame), positions, Known({}, {}))


def _by_class(frame: pd.DataFrame) -> dict[str, list[Rule]]:
    """In this order a larger distance, then a stronger row, then the earlier one is written last and so wins."""
    ordered = frame.assign(row=-np.arange(len(frame))).sort_values(["distance_m", "strength", "row"])
    notes = table_rows("setback_modifiers")
    result: dict[str, list[Rule]] = {}
    for row in records(ordered):
        own = tuple(
            Modifier(
                n["variant"],
                n["target_classes"] != "*",
                float(n["factor"]),
                _number(n["min_distance_m"], 0.0),
                _number(n["max_total_m3"], np.inf),
                _number(n["max_unit_m3"], np.inf),
            )
            for n in notes
            if n["source_class"] == row["source_class"] and n["rule_clause"] == str(row["clause"]).split()[0]
        )
        rule = Rule(
            -int(row["row"]),
            tuple(row["target_classes"].split("|")),
            row["quantity"],
            _number(row["lower"], 0.0),
            row["lower_inclusive"] == 1,
            _number(row["upper"], np.inf),
            row["upper_inclusive"] == 1,
            _number(row["unit_lower_m3"], np.inf),
            _number(row["unit_upper_m3"], np.inf),
            _number(row["table_lower"], 0.0),
            float(row["distance_m"]),
            _number(row["reduced_m"], float(row["distance_m"])),
            row["confidence"] == CONFIDENCE[-1],
            own,
        )
        result.setdefault(row["source_class"], []).append(rule)
    return result


def _number(value: Any, missing: float) -> float:
    number = value if isinstance(value, float) else float(pd.to_numeric(value, errors="coerce"))
    return number if np.isfinite(number) else missing


def demands(options: Iterable[Option], rules: Rules) -> list[Demand]:
    """What each exact case of ``options`` demands, equal cases once, in a fixed order; ``rules`` keep those found."""
    known = rules.known.options
    cases: dict[tuple[bytes, ...], Demand] = {}
    for option in options:
        if option not in known:
            found = (_demand(exact, rules) for exact in _exact(option, rules))
            known[option] = {_signature(demand): demand for demand in found}
        cases |= known[option]
    return [cases[k] for k in sorted(cases)]


def settled(kinds: list[tuple[Option, ...]], rules: Rules) -> tuple[NDArray[np.int64], list[tuple[Option, ...]]]:
    """
    The kinds with every number replaced by one that stands for all between the same two bounds of its rules.

    Numbers on a bound stay. The demands are the same, so that of thousands of volumes only a few are worked out.

    Returns
    -------
    code, found : (len(kinds),), list
        ``found[code[i]]`` demands what ``kinds[i]`` does.
    """
    edges: dict[frozenset[str], tuple[list[float], list[float]]] = {}
    found: dict[tuple[Option, ...], int] = {}
    code = np.empty(len(kinds), np.int64)
    for i, options in enumerate(kinds):
        plain = []
        for option in options:
            if option.classes not in edges:
                edges[option.classes] = _edges(option.classes, rules)
            volumes, tons = edges[option.classes]
            total, unit = (_representative(interval, volumes) for interval in (option.volume_m3, option.unit_m3))
            stock = _representative(option.quantity_t, tons)
            plain.append(Option(option.classes, total, unit, stock, option.variants))
        code[i] = found.setdefault(tuple(dict.fromkeys(plain)), len(found))
    return code, list(found)


def _representative(interval: Interval, edges: list[float]) -> Interval:
    found = []
    for value in interval:
        at = bisect_left(edges, value)
        if at == len(edges):
            found.append(edges[-1] * 2 + 1)
        else:
            found.append(value if edges[at] == value else (edges[at - 1] + edges[at]) / 2)
    return found[0], found[1]


def _edges(classes: frozenset[str], rules: Rules) -> tuple[list[float], list[float]]:
    """Every number at which the demand of such classes may change: volumes [m3] and stocks [t], 0 included."""
    own = [r for c in classes for r in rules.by_class.get(c, [])]
    volumes, tons = {0.0}, {0.0}
    for rule in own:
        band = {rule.lower, rule.upper, rule.table_lower}
        if rule.quantity == "volume_m3":
            limits = {limit for m in rule.modifiers for limit in (m.max_total_m3, m.max_unit_m3)}
            volumes |= band | limits | {rule.unit_lower, rule.unit_upper}
        else:
            tons |= band
    return sorted(v for v in volumes if np.isfinite(v)), sorted(v for v in tons if np.isfinite(v))


def bounds(cases: list[Demand], target: Target, rules: Rules) -> Bounds:
    """Bounds of the distance between a source (its ``cases``) and a target, over all unknowns."""
    questions = [[_places(answer, rules) for answer in question] for question in target]
    lows = [_lowest(case, questions) for case in cases]
    low, low_rule = min(lows, default=(0.0, -1))
    anything = np.unique(np.concatenate([a for q in questions for a in q] or [np.empty(0, int)]))
    highs = [(case.high[i], case.high_rule[i]) for case in cases for i in anything if case.high_rule[i] >= 0]
    strength = rules.frame["strength"].to_numpy()
    high, high_rule = max(highs, key=lambda h: (h[0], strength[h[1]], -h[1]), default=(0.0, -1))
    return Bounds(float(low), int(low_rule), float(high), int(high_rule))


def outside_tables(options: Iterable[Option], rules: Rules) -> str:
    """Says which classes' volume lies outside every row of their table; empty if none does."""
    texts = []
    for option in options:
        for name in sorted(option.classes):
            bands = [r for r in rules.by_class.get(name, []) if r.quantity == "volume_m3"]
            low, high = min((r.lower for r in bands), default=0.0), max((r.upper for r in bands), default=np.inf)
            if option.volume_m3[1] < low or option.volume_m3[0] > high:
                texts.append(f"volume lies outside the table of {name} ({low:g} to {high:g} m3)")
    return "; ".join(dict.fromkeys(texts))


def _signature(demand: Demand) -> tuple[bytes, ...]:
    return tuple(a.tobytes() for a in demand)


def _lowest(case: Demand, questions: list[list[NDArray[np.int64]]]) -> tuple[float, int]:
    """The answers are independent, so the least distance is the largest over questions of the least over answers."""
    best = (0.0, -1)
    for answers in questions:
        found = []
        for places in answers:
            at = places[np.argmax(case.low[places])] if len(places) else -1
            found.append((float(case.low[at]), int(case.low_rule[at])) if at >= 0 else (0.0, -1))
        least = min(found, key=lambda f: f[0])
        best = max(best, least, key=lambda b: b[0])
    return best


def _places(answer: Answer, rules: Rules) -> NDArray[np.int64]:
    return np.array(sorted(rules.positions[c] for c in answer if c in rules.positions), dtype=np.int64)


def _exact(option: Option, rules: Rules) -> list[Option]:
    """The option split into cases with exact numbers: one for each band of a rule that an interval meets."""
    own = [r for c in sorted(option.classes) for r in rules.by_class.get(c, [])]
    volumes = [r for r in own if r.quantity == "volume_m3"]
    limits = [m.max_total_m3 for r in volumes for m in r.modifiers if m.variant in option.variants]
    unit_limits = [m.max_unit_m3 for r in volumes for m in r.modifiers if m.variant in option.variants]
    totals = _samples(option.volume_m3, [e for r in volumes for e in (r.lower, r.upper)] + limits)
    tons = _samples(option.quantity_t, [e for r in own if r.quantity == "quantity_t" for e in (r.lower, r.upper)])
    unit_edges = [e for r in volumes for e in (r.unit_lower, r.unit_upper)] + unit_limits
    cases = []
    for total, ton in product(totals, tons):
        limit = (min(option.unit_m3[0], total), min(option.unit_m3[1], total))
        for unit in _samples(limit, unit_edges):
            cases.append(option._replace(volume_m3=(total, total), unit_m3=(unit, unit), quantity_t=(ton, ton)))
    return cases


def _samples(interval: Interval, edges: list[float]) -> list[float]:
    """One number for each piece into which ``edges`` cut the interval, ends included."""
    low, high = interval
    cuts = {e for e in edges if e < np.inf}
    if not cuts:
        return [low]
    high = max(low, min(high, max(cuts) * 2 + 1))
    inside = [e for e in cuts if low <= e <= high]
    return sorted({low, high, *inside, *(e * _ABOVE for e in inside if e * _ABOVE <= high)})


def _demand(option: Option, rules: Rules) -> Demand:
    own = (r for c in sorted(option.classes) for r in rules.by_class.get(c, ()))
    chosen = [r for r in own if r.quantity == "none" or _in_band(r, option)]
    chosen.sort(key=lambda r: (r.distance_m, not r.unsure))  # stable: within a class the order stays
    factors = [_modified(rule, option) for rule in chosen]
    key = (*(rule.row for rule in chosen), *factors)
    if key not in rules.known.chosen:
        rules.known.chosen[key] = _greatest(chosen, factors, rules.positions)
    return rules.known.chosen[key]


def _greatest(chosen: list[Rule], factors: list[tuple[float, float, float]], positions: dict[str, int]) -> Demand:
    """The largest distance that rules demand of each target class, smaller ones given first."""
    low, high = [0.0] * len(positions), [0.0] * len(positions)
    low_rule, high_rule = [-1] * len(positions), [-1] * len(positions)
    for rule, (factor, civil, least) in zip(chosen, factors, strict=True):
        for name in rule.targets:
            place = positions[name]
            places = [(place, factor, 0.0), (positions[name + CIVIL], factor * civil, least)]
            for at, by, floor in places if name not in _CIVIL_ALREADY else [(place, factor * civil, least)]:
                upper, lower = max(rule.distance_m * by, floor), max(rule.reduced_m * by, floor)
                if upper >= high[at]:
                    high[at], high_rule[at] = upper, rule.row
                if not rule.unsure and lower >= low[at]:
                    low[at], low_rule[at] = lower, rule.row
    return Demand(np.array(low), np.array(low_rule), np.array(high), np.array(high_rule))


def _modified(rule: Rule, option: Option) -> tuple[float, float, float]:
    """The factor for every target, the further factor for civil buildings, and their least distance [m]."""
    factor, civil, least = 1.0, 1.0, 0.0
    if not option.variants:
        return factor, civil, least
    for m in rule.modifiers:
        fits = option.volume_m3[0] <= m.max_total_m3 and option.unit_m3[0] <= m.max_unit_m3
        if m.variant not in option.variants or not fits:
            continue
        if m.civil_only:
            civil, least = m.factor, m.least_m
        else:
            factor *= m.factor
    return factor, civil, least


def _in_band(rule: Rule, option: Option) -> bool:
    """Whether a rule's bounds hold the exact numbers; of total and single tank the larger row counts."""
    value, unit = (option.volume_m3[0] if rule.quantity == "volume_m3" else option.quantity_t[0]), option.unit_m3[0]
    above = value >= rule.lower if rule.lower_inclusive else value > rule.lower
    below = value <= rule.upper if rule.upper_inclusive else value < rule.upper
    return (above and below) or (value > rule.table_lower and rule.unit_lower < unit <= rule.unit_upper)
