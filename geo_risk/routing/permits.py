"""Which roads a vehicle may use, and when: limits, access words, hazmat rules, conditions with hours, banned areas."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..standards import table
from .hours import WEEK, Window, week_of
from .roads import CLOSED_ACCESS
from .vehicles import UNKNOWN_LOAD, Load, Vehicle

Bools = NDArray[np.bool_]
OPEN, LOCAL, CLOSED = 0, 1, 2
_STATES = {"open": OPEN, "local": LOCAL, "closed": CLOSED}
_COMPARED = re.compile(r"(weight|height|width|length)\s*(<=|>=|<|>|=)\s*(\d+(?:\.\d+)?)\s*(?:t|m)?")
_KEY = re.compile(r"(?:^|;)\s*([a-z_]+(?::[A-Za-z_]+?)*?)(?::conditional)?=")
_CARGO = re.compile(r"(装载|运输|载运)?(危险化学品|危险货物|危险品|危化品|危货)(运输)?(车辆|车)?")


class Permits(NamedTuple):
    """
    What a vehicle may use of the roads (r,).

    ``open``: it may be driven; ``local``: only by who begins or ends there; ``reason`` why not, or why only so,
    "" elsewhere; ``told`` counts what was not known or not understood.
    """

    open: Bools
    local: Bools
    reason: NDArray[np.object_]
    told: dict[str, int]


class Rule(NamedTuple):
    """The state (OPEN, LOCAL, CLOSED) of each minute of the week (WEEK,), and the words it comes from."""

    week: NDArray[np.uint8]
    text: str


def permits(
    roads: gpd.GeoDataFrame, vehicle: Vehicle, window: Window | None = None, load: Load = UNKNOWN_LOAD
) -> Permits:
    """
    What ``vehicle`` may use of ``roads`` (``schema.LAYERS["roads"]``) at any time in ``window``.

    A road closed in part of the window counts as closed; without a window every ban counts, whatever its hours.
    No value means no limit. A closing rule that cannot be read closes its road, and is counted. Emergency vehicles
    pass the words whose rows say so; height, weight and width hold for every vehicle.
    """
    window = window or Window()
    state, reason = np.zeros(len(roads), np.int8), np.full(len(roads), "", object)
    told: dict[str, int] = {}
    group, kinds = pd.factorize(pd.MultiIndex.from_frame(road_texts(roads)))
    for k, words in enumerate(kinds):
        rules = road_rules(words, vehicle, load)
        worst = max(((window.worst(rule.week), -i) for i, rule in enumerate(rules)), default=(OPEN, 0))
        here = group == k
        state[here] = worst[0]
        if worst[0] > OPEN:
            reason[here] = rules[-worst[1]].text
        unread = sum(rule.text.startswith("not understood") for rule in rules)
        if unread:
            told["rules not understood, taken as closed"] = told.get("rules not understood, taken as closed", 0) + int(
                here.sum()
            )
    for column, mine, unit in (("max_height_m", vehicle.height_m, "m"), ("max_weight_t", vehicle.weight_t, "t"),
                               ("width_m", vehicle.width_m, "m")):  # fmt: skip
        limit = _number(roads, column)
        low = limit < mine
        state[low] = CLOSED
        what = column.removeprefix("max_").rpartition("_")[0]
        reason[low] = [f"{what} limit {v:g} {unit}" for v in limit[low]]
        told[f"no {what} limit known, taken as none"] = int(np.isnan(limit).sum())
    return Permits(state < CLOSED, state == LOCAL, reason, {k: n for k, n in told.items() if n})


def road_texts(roads: gpd.GeoDataFrame) -> pd.DataFrame:
    """The words of each road that rules are read from, "" where there are none."""
    return pd.DataFrame({c: _text(roads, c) for c in ("access", "hgv", "hazmat", "conditional")})


def road_rules(texts: tuple[str, ...], vehicle: Vehicle, load: Load) -> list[Rule]:
    """The rules of one road (a row of `road_texts`) for a vehicle; the most particular of access and hgv holds."""
    access, hgv, hazmat, conditional = texts
    base = [f"hgv={hgv}"] if vehicle.hgv and hgv else [f"access={access}"] if access else []
    general = [_of_word(text, text.partition("=")[2], vehicle) for text in base]
    goods = _hazmat_rules(hazmat, vehicle, load) if vehicle.hazmat else []
    limits: list[Rule] = []
    for key, value, condition in _conditions(conditional):
        kind = re.sub(r":(forward|backward|hgv|both)", "", key)
        text = f"{key}={value} @ {condition}"
        if kind in ("access", "vehicle", "motor_vehicle") or (kind in ("hgv", "goods") and vehicle.hgv):
            general = [_changed(general, text, value, condition, vehicle)]
        elif vehicle.hazmat and kind.split(":")[0] == "hazmat" and _concerns(kind, load):
            goods = [_changed(goods, text, value, condition, vehicle)]
        elif kind in _limited() and (":hgv" not in key or vehicle.hgv):
            limits.append(_limit(text, _limited()[kind], value, condition, vehicle))
    return [rule for rule in (*general, *goods, *limits) if rule.week.any()]


def _of_word(text: str, word: str, vehicle: Vehicle) -> Rule:
    state = _state(word, vehicle)
    if state is None:
        return _unread(text, vehicle)
    return Rule(np.full(WEEK, state, np.uint8), text)


def _unread(text: str, vehicle: Vehicle) -> Rule:
    return Rule(np.full(WEEK, OPEN if vehicle.emergency else CLOSED, np.uint8), f"not understood: {text}")


def _hazmat_rules(text: str, vehicle: Vehicle, load: Load) -> list[Rule]:
    """Rules of the column hazmat: a word, hours with a word, or OSM's keys with their values."""
    pairs = [p.partition("=")[::2] for p in text.split(";")] if "=" in text else [("hazmat", text)] if text else []
    found = []
    for key, value in pairs:
        if _concerns(re.sub(r":(forward|backward|hgv|both)", "", key.strip()), load):
            told = f"{key}={value}" if "=" in text else f"hazmat {value}"
            found.append(_of_text(told, value.strip(), vehicle))
    return found


def _of_text(text: str, value: str, vehicle: Vehicle) -> Rule:
    """A word, or hours that end in a word: closed then, or open then only."""
    if _state(value, vehicle) is not None:
        return _of_word(text, value, vehicle)
    plain = _CARGO.sub("", value)
    if _state(plain, vehicle) is not None:
        return _of_word(text, plain, vehicle)
    word = next((w for w in sorted(_words(), key=len, reverse=True) if plain.endswith(w)), "")
    try:
        then = week_of(plain.removesuffix(word))
    except ValueError:
        return _unread(text, vehicle)
    state = (_state(word, vehicle) if word else CLOSED) or OPEN
    week = np.where(then, state, CLOSED if state == OPEN and not vehicle.emergency else OPEN)
    return Rule(week.astype(np.uint8), text)


def _concerns(key: str, load: Load) -> bool:
    """Whether a key of hazmat concerns a load: its tunnel category or a later one, or water."""
    part = key.partition(":")[2]
    if part == "water":
        return load.water
    if re.fullmatch("[B-E]", part):
        return load.tunnel != "-" and part >= load.tunnel
    return True  # of every load, or not known to be of some only


def _conditions(text: str) -> list[tuple[str, str, str]]:
    """(key, value, condition) of ``key:conditional=value @ condition; ...`` texts."""
    found = []
    marks = list(_KEY.finditer(text))
    if text and not marks:
        return [("access", text, "")]
    for mark, after in zip(marks, [m.start() for m in marks[1:]] + [len(text)] * bool(marks), strict=True):
        for one in re.split(r";(?![^()]*\))", text[mark.end() : after]):
            value, _, condition = one.partition("@")
            if value.strip():
                found.append((mark[1], value.strip(), condition.strip().strip("()").strip()))
    return found


def _changed(rules: list[Rule], text: str, value: str, condition: str, vehicle: Vehicle) -> Rule:
    """The rules so far with one that holds under a condition; one that opens and cannot be read opens nothing."""
    week = np.max([r.week for r in rules], axis=0) if rules else np.zeros(WEEK, np.uint8)
    before = "; ".join(r.text for r in rules)
    told = f"{before}; {text}" if before else text
    state = _state(value, vehicle)
    try:
        then, local = when(condition, vehicle)
    except ValueError:
        return Rule(week, before) if state == OPEN else _unread(text, vehicle)
    if state is None:
        return _unread(text, vehicle)
    return Rule(np.where(then, max(state, LOCAL) if local else state, week).astype(np.uint8), told)


def _limit(text: str, size: str, value: str, condition: str, vehicle: Vehicle) -> Rule:
    """A limit that holds under a condition; "none" relaxes nothing."""
    if value == "none":
        return Rule(np.zeros(WEEK, np.uint8), text)
    try:
        over = float(re.sub(r"\s*(t|m)$", "", value)) < getattr(vehicle, size)
        then, _ = when(condition, vehicle)
    except ValueError:
        return Rule(np.full(WEEK, CLOSED, np.uint8), f"not understood: {text}")
    return Rule(np.where(then & over, CLOSED, OPEN).astype(np.uint8), text)


def when(condition: str, vehicle: Vehicle | None) -> tuple[Bools, bool]:
    """
    Minutes of the week (WEEK,) at which a condition holds for a vehicle, and whether only for who ends there.

    Raises
    ------
    ValueError
        If it cannot be read, or is of a size that is not known as the vehicle is not.
    """
    then, local = np.ones(WEEK, bool), False
    for part in re.split(r"\s+AND\s+|\s+and\s+", condition):
        compared = _COMPARED.fullmatch(part.strip())
        if compared:
            if vehicle is None:
                raise ValueError(f"no vehicle to compare {part!r} with")
            mine = getattr(vehicle, f"{compared[1]}_{'t' if compared[1] == 'weight' else 'm'}")
            then = then & _compare(mine, compared[2], float(compared[3]))
        elif _STATES.get(_words().get(part.strip(), ("", False))[0]) == LOCAL:
            local = True
        else:
            then = then & week_of(part)
    return then, local


def _compare(mine: float, sign: str, limit: float) -> bool:
    signs = {"<": mine < limit, "<=": mine <= limit, ">": mine > limit, ">=": mine >= limit, "=": mine == limit}
    return signs[sign]


def _state(word: str, vehicle: Vehicle) -> int | None:
    """State of a road with such a word; None if the word is not known."""
    found = _words().get(word)
    if found is None:
        return None
    return OPEN if vehicle.emergency and found[1] else _STATES[found[0]]


@cache
def _words() -> dict[str, tuple[str, bool]]:
    rows = table("hazmat_road_rules").query("rule == 'word'")
    return {str(k): (s, bool(e)) for k, s, e in zip(rows["key"], rows["state"], rows["emergency"], strict=True)}


@cache
def _limited() -> dict[str, str]:
    """Key of a limit -> the size of the vehicle it is about."""
    rows = table("hazmat_road_rules").query("rule == 'limit'")
    return {k: f"{v}_{'t' if v == 'weight' else 'm'}" for k, v in zip(rows["key"], rows["state"], strict=True)}


def lost_to_all(roads: gpd.GeoDataFrame) -> int:
    """Roads closed to everybody by their access, which a network leaves out, though open to lorries."""
    access, hgv = _text(roads, "access"), _text(roads, "hgv")
    return int((np.isin(access, CLOSED_ACCESS) & np.isin(hgv, ["yes", "designated"])).sum())


def _text(frame: pd.DataFrame, column: str) -> NDArray[np.object_]:
    if column not in frame:
        return np.full(len(frame), "", object)
    return frame[column].astype(object).where(frame[column].notna(), "").astype(str).str.strip().to_numpy(object)


def _number(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    if column not in frame:
        return np.full(len(frame), np.nan)
    return pd.to_numeric(frame[column]).to_numpy(dtype=float, na_value=np.nan)
