"""Which roads a vehicle may use, and when: limits, access words, hazmat rules, conditions with hours, banned areas."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from ..standards import table
from .hours import DAY, WEEK, Window, week_of
from .roads import CLOSED_ACCESS
from .speeds import vehicle_speeds

Bools = NDArray[np.bool_]
OPEN, LOCAL, CLOSED = 0, 1, 2
# Of a road only touched by an area no more than this lies inside [m].
TOUCH_M = 1.0
# A ban drawn as a line holds for the roads that run along it within this [m] for more than half of their length.
ALONG_M = 10.0
_STATES = {"open": OPEN, "local": LOCAL, "closed": CLOSED}
_COMPARED = re.compile(r"(weight|height|width|length)\s*(<=|>=|<|>|=)\s*(\d+(?:\.\d+)?)\s*(?:t|m)?")
_KEY = re.compile(r"(?:^|;)\s*([a-z_]+(?::[A-Za-z_]+?)*?)(?::conditional)?=")
_CARGO = re.compile(r"(装载|运输|载运)?(危险化学品|危险货物|危险品|危化品|危货)(运输)?(车辆|车)?")


@dataclass(frozen=True)
class Vehicle:
    """A row of standards/vehicles.csv: size [m], weight [t], whose speeds it drives, which rules hold for it."""

    vehicle: str
    height_m: float
    weight_t: float
    width_m: float
    length_m: float
    speeds: str
    hgv: bool
    hazmat: bool
    emergency: bool


class Load(NamedTuple):
    """What a hazmat vehicle carries: division of dangerous goods, first letter of its tunnel code, harm to water."""

    name: str
    division: str
    tunnel: str
    water: bool
    names: tuple[str, ...] = ()
    confidence: str = "MC"


# The strictest: what is not told may be anything.
UNKNOWN_LOAD = Load("", "", "B", True)


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


def vehicle_of(name: str) -> Vehicle:
    """The vehicle of that name; InputError if there is none."""
    rows = table("vehicles").set_index("vehicle")
    if name not in rows.index:
        raise InputError(f"vehicle {name!r} is not known: use one of {', '.join(rows.index)}.")
    row = rows.loc[name]
    size = {c: float(row[c]) for c in ("height_m", "weight_t", "width_m", "length_m")}
    return Vehicle(name, **size, speeds=row["speeds"], **{c: bool(row[c]) for c in ("hgv", "hazmat", "emergency")})


def load_of(name: str) -> Load:
    """
    The load of that name, synonym, UN number or class (standards/hazmat_loads.csv).

    Raises
    ------
    InputError
        If there is none, with the nearest names.
    """
    known = _loads()
    key = name.strip().lower().removeprefix("un").strip()
    if key in known:
        return known[key]
    near = ", ".join(difflib.get_close_matches(key, known, n=4, cutoff=0.3))
    raise InputError(
        f"substance {name!r} is not known as a load. {f'Near to it: {near}. ' if near else ''}"
        "Write a name, a UN number, or its class such as 2.1, 2.3, 3, 6.1 or 8."
    )


def hazmat_speeds(vehicle: Vehicle) -> dict[str, float]:
    """Speed by road class [km/h], for hazmat vehicles no more than the caps of standards/hazmat_road_rules.csv."""
    speeds = vehicle_speeds(vehicle.speeds)
    if not vehicle.hazmat:
        return speeds
    rows = table("hazmat_road_rules").query("rule == 'speed'").set_index("key")["value"].astype(float)
    return {name: min(kmh, float(rows.get(name, rows["*"]))) for name, kmh in speeds.items()}


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
    state, reason, told = np.zeros(len(roads), np.int8), np.full(len(roads), "", object), {}
    texts = pd.DataFrame({c: _text(roads, c) for c in ("access", "hgv", "hazmat", "conditional")})
    group, kinds = pd.factorize(pd.MultiIndex.from_frame(texts))
    for k, words in enumerate(kinds):
        rules = road_rules(*words, vehicle, load)
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


def road_rules(access: str, hgv: str, hazmat: str, conditional: str, vehicle: Vehicle, load: Load) -> list[Rule]:
    """The rules in words of one road that concern a vehicle; the most particular of access and hgv holds."""
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


def banned(
    lines: NDArray[np.object_], bans: gpd.GeoDataFrame, window: Window, load: Load = UNKNOWN_LOAD
) -> tuple[Bools, NDArray[np.object_]]:
    """
    Which lines (n,) hazmat vehicles may not drive for the areas and lines of ``bans``
    (``schema.LAYERS["hazmat_bans"]``, same CRS), and why.

    A row without hours holds always, one without classes for every load; hours that cannot be read hold always.
    """
    closed, reason = np.zeros(len(lines), bool), np.full(len(lines), "", object)
    tree = shapely.STRtree(lines)
    for row in bans.to_dict("records"):
        if not _meant(str(row.get("classes") or ""), load) or not window.worst(ban_week(row.get("hours"))):
            continue
        hit = _along(tree, lines, row["geometry"])
        new = hit[~closed[hit]]
        closed[hit] = True
        name = _first(row, "name", "id")
        why = " ".join(t for t in (_first(row, "reason"), _first(row, "hours")) if t)
        reason[new] = f"ban area {name}{f' ({why})' if why else ''}"
    return closed, reason


def relief(
    roads: gpd.GeoDataFrame,
    bans: gpd.GeoDataFrame | None,
    vehicle: Vehicle,
    load: Load,
    weekday: int | None,
    start: float,
) -> list[float]:
    """Waits [min], at most a day, after ``start`` at which a rule of these roads or a ban becomes milder."""
    texts = {tuple(row) for row in zip(*(_text(roads, c) for c in ("access", "hgv", "hazmat", "conditional")))}
    weeks = [rule.week for words in sorted(texts) for rule in road_rules(*words, vehicle, load)]
    if bans is not None:
        weeks += [ban_week(hours) for hours in bans["hours"]]
    milder = np.zeros(WEEK, bool)
    for week in weeks:
        milder |= np.roll(week, 1) > week
    days = range(7) if weekday is None else (weekday,)
    now = int(np.floor(start))
    waits = {w for day in days for w in range(1, DAY + 1) if milder[(day * DAY + now + w) % WEEK]}
    return [w - (start - now) for w in sorted(waits)]


def ban_week(hours: Any) -> Bools:
    """(WEEK,) the minutes of a ban's hours; all of them where there are none, or none that can be read."""
    if not isinstance(hours, str) or not hours.strip():
        return np.ones(WEEK, bool)
    try:
        return week_of(hours)
    except ValueError:
        return np.ones(WEEK, bool)


def _along(tree: shapely.STRtree, lines: NDArray, shape: shapely.Geometry) -> NDArray[np.int64]:
    """The lines inside an area by more than a touch, or along a line."""
    areal = shapely.get_dimensions(shape) == 2
    area = shape if areal else shapely.buffer(shape, ALONG_M)
    near = np.sort(tree.query(area, predicate="intersects"))
    inside = shapely.length(shapely.intersection(lines[near], area))
    return near[inside > (TOUCH_M if areal else shapely.length(lines[near]) / 2)]


def _meant(classes: str, load: Load) -> bool:
    """Whether a list of classes or substances means a load; an empty list and an unknown load always do."""
    words = [w.strip().lower() for w in re.split(r"[|;,，、；]", classes) if w.strip() and w.strip() != "nan"]
    own = {n.lower() for n in (load.name, *load.names)}
    return not words or not load.name or any(w in own or (load.division and _in_class(load.division, w)) for w in words)


def _in_class(division: str, word: str) -> bool:
    number = re.sub(r"^(class|第)\s*|类$|项$", "", word).strip()
    return division == number or division.startswith(f"{number}.")


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
    state = _state(word, vehicle) if word else CLOSED
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
        then, local = _when(condition, vehicle)
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
        then, _ = _when(condition, vehicle)
    except ValueError:
        return Rule(np.full(WEEK, CLOSED, np.uint8), f"not understood: {text}")
    return Rule(np.where(then & over, CLOSED, OPEN).astype(np.uint8), text)


def _when(condition: str, vehicle: Vehicle) -> tuple[Bools, bool]:
    """Minutes of the week (WEEK,) at which a condition holds for a vehicle, and whether only for who ends there."""
    then, local = np.ones(WEEK, bool), False
    for part in re.split(r"\s+AND\s+|\s+and\s+", condition):
        compared = _COMPARED.fullmatch(part.strip())
        if compared:
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


@cache
def _loads() -> dict[str, Load]:
    out: dict[str, Load] = {}
    for row in table("hazmat_loads").astype({"un": "string", "division": "string"}).to_dict("records"):
        names = tuple(str(row["names"]).split("|"))
        load = Load(row["name"], f"{float(row['division']):g}", row["tunnel"], bool(row["water"]), names,
                    row["confidence"])  # fmt: skip
        numbers = [] if pd.isna(row["un"]) else [str(row["un"]).removesuffix(".0")]
        out |= {key.lower(): load for key in (row["name"], *names, *numbers)}
    return out


def lost_to_all(roads: gpd.GeoDataFrame) -> int:
    """Roads closed to everybody by their access, which a network leaves out, though open to lorries."""
    access, hgv = _text(roads, "access"), _text(roads, "hgv")
    return int((np.isin(access, CLOSED_ACCESS) & np.isin(hgv, ["yes", "designated"])).sum())


def _first(row: dict[str, Any], *columns: str) -> str:
    return next((str(row[c]) for c in columns if isinstance(row.get(c), str) and row[c]), "")


def _text(frame: pd.DataFrame, column: str) -> NDArray[np.object_]:
    if column not in frame:
        return np.full(len(frame), "", object)
    return frame[column].astype(object).where(frame[column].notna(), "").astype(str).str.strip().to_numpy(object)


def _number(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    if column not in frame:
        return np.full(len(frame), np.nan)
    return pd.to_numeric(frame[column]).to_numpy(dtype=float, na_value=np.nan)
