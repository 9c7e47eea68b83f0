"""A second look at a route: which rules it breaks, by code of its own that knows nothing of how routes are found.

It reads the rows of roads and bans and the numbers of the standards, and goes along a route stretch by stretch.
What it cannot read it reports as broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..standards import table

SLACK_M = 1.0  # stretches may miss their road or the next stretch by this: junctions are merged [m]
_EVER = 7 * 1440
_DAY = {"mo": 0, "tu": 1, "we": 2, "th": 3, "fr": 4, "sa": 5, "su": 6, "一": 0, "二": 1, "三": 2, "四": 3, "五": 4,
        "六": 5, "日": 6, "天": 6}  # fmt: skip
_CLOCK = r"(\d{1,2})(?:[::时点](\d{1,2})?分?(半)?)?"
_SPAN = re.compile(_CLOCK + r"\s*[-–—~～至到]\s*(?:次日)?" + r"(\d{1,2})[::时点](\d{1,2})?分?(半)?")
_NAMES = r"((?<![a-z])(?:Mo|Tu|We|Th|Fr|Sa|Su)(?![a-z])|(?:周|星期)[一二三四五六日天])"
_DAYS = re.compile(_NAMES + r"(?:\s*[-至到]\s*" + _NAMES + ")?", re.IGNORECASE)


def broken_rules(
    legs: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    bans: gpd.GeoDataFrame | None,
    vehicle: str,
    load: str = "",
    weekday: int | None = None,
    start: float | None = None,
    *,
    turns: gpd.GeoDataFrame | None = None,
    slack_m: float = SLACK_M,
) -> list[dict[str, Any]]:
    """
    Every rule a route breaks: ``leg`` (from 0), ``road_id``, ``rule``; nothing for a lawful one.

    Parameters
    ----------
    legs
        Its stretches in driving order: road_id, along (1 or -1 of the drawing), enter_min, leave_min, geometry.
    roads, bans
        The layers, in the CRS of the legs.
    vehicle, load
        Rows of standards/vehicles.csv and hazmat_loads.csv; no load means any.
    weekday, start
        Departure: 0 (Monday) to 6, and minutes after midnight; None for any day, any time.
    turns
        The layer of turn restrictions. Those of roads that go on beyond their point are not looked at.
    """
    truck = table("vehicles").set_index("vehicle").loc[vehicle]
    goods = table("hazmat_loads").set_index("name")
    cargo = goods.loc[load] if load in goods.index else None
    rows = roads.drop_duplicates("id").set_index("id")
    out: list[dict[str, Any]] = []
    parts = list(legs.itertuples(index=False))
    local = [leg.road_id in rows.index and _is_local(rows.loc[leg.road_id], truck) for leg in parts]
    for k, leg in enumerate(parts):
        found = list(_joins(parts, k, slack_m))
        if leg.road_id in rows.index:
            road = rows.loc[leg.road_id]
            when = _minutes(weekday, start, leg.enter_min, leg.leave_min)
            found += [*_course(leg, road, slack_m), *_sizes(road, truck), *_speed(leg, road, truck)]
            found += _words(road, truck, cargo, when)
            if bans is not None and truck["hazmat"]:
                found += _areas(leg, bans, load, cargo, when)
            if local[k] and not all(local[: k + 1]) and not all(local[k:]):
                found.append("only for traffic that begins or ends there")
        else:
            found.append("no such road")
        if turns is not None and k:
            moment = _minutes(weekday, start, leg.enter_min, leg.enter_min)
            found += _turned(parts, k, rows, turns, truck, moment)
        out += [{"leg": k, "road_id": leg.road_id, "rule": rule} for rule in found]
    return out


def _turned(
    parts: list[Any], k: int, roads: pd.DataFrame, turns: gpd.GeoDataFrame, truck: pd.Series, when: np.ndarray | None
) -> Iterator[str]:
    """The turn restrictions that the step from the stretch before to this one breaks."""
    here, before = parts[k], parts[k - 1]
    if here.road_id == before.road_id and here.along == before.along:
        return
    driven = [part.road_id for i, part in enumerate(parts[: k + 1]) if not i or part.road_id != parts[i - 1].road_id]
    point = shapely.get_point(here.geometry, 0)
    for turn in turns.to_dict("records"):
        kind, come, go = str(turn.get("kind")), turn.get("from_id"), turn.get("to_id")
        if not _means(turn, truck) or not _in_force(_text(turn, "conditional"), when, truck):
            continue
        if via := [name.strip() for name in _text(turn, "via_ids").split(";") if name.strip()]:
            if kind.startswith("no_") and driven[-len(via) - 2 :] == [come, *via, go]:
                yield f"{kind} after {', '.join(via)}"
            continue
        if come != before.road_id or shapely.distance(turn["geometry"], point) > 2 * SLACK_M:
            continue
        if not all(_ends_at(roads, name, point) for name in (come, go)):
            continue
        if kind.startswith("only_") and go != here.road_id and _may_enter(roads.loc[go], point):
            yield kind
        if kind.startswith("no_") and go == here.road_id:
            yield kind


def _in_force(conditional: str, when: np.ndarray | None, truck: pd.Series) -> bool:
    """Whether one of the conditions, divided by ; outside of brackets, holds; where there is none it always does."""
    divided = re.sub(r"\(([^()]*)\)", lambda m: m[1].replace(";", ","), conditional).split(";")
    texts = [part.split("@")[-1].strip() for part in divided]
    return not conditional or any(_holds(text, when, truck) for text in texts if text)


def _text(row: dict[str, Any], name: str) -> str:
    return row[name] if isinstance(row.get(name), str) else ""


def _means(turn: dict[str, Any], truck: pd.Series) -> bool:
    """Whether a turn restriction is for the vehicle."""
    mine = {"vehicle", "motor_vehicle", str(truck.name), *(["hgv", "goods"] if truck["hgv"] else [])}
    mine |= {"hazmat"} if truck["hazmat"] else set()
    mine |= {"emergency"} if truck["emergency"] else set()
    meant, spared = (set(re.split(r"[;,\s]+", _text(turn, name))) - {""} for name in ("vehicles", "exempt"))
    return not spared & mine and (not meant or bool(meant & mine))


def _ends_at(roads: pd.DataFrame, name: Any, point: shapely.Point) -> bool:
    """Whether a road there is ends, once, at the point: else a restriction does not tell which way it means."""
    if name not in roads.index:
        return False
    line = roads.loc[name]["geometry"]
    if line.geom_type != "LineString" or line.is_ring:
        return False
    return any(shapely.distance(shapely.get_point(line, end), point) <= 2 * SLACK_M for end in (0, -1))


def _may_enter(road: pd.Series, point: shapely.Point) -> bool:
    """Whether a road may be driven away from its end at the point."""
    one = 0 if pd.isna(road.get("oneway")) else int(road["oneway"])
    at_first = shapely.distance(shapely.get_point(road["geometry"], 0), point) <= 2 * SLACK_M
    return one == 0 or (one == 1) == at_first


def _joins(parts: list[Any], k: int, slack_m: float) -> Iterator[str]:
    if parts[k].leave_min < parts[k].enter_min:
        yield "left before it is entered"
    if k and (
        shapely.distance(shapely.get_point(parts[k - 1].geometry, -1), shapely.get_point(parts[k].geometry, 0))
        > slack_m
    ):
        yield "does not begin where the stretch before ends"
    if k and parts[k].enter_min < parts[k - 1].leave_min - 1e-6:
        yield "entered before the stretch before is left"


def _course(leg: Any, road: pd.Series, slack_m: float) -> Iterator[str]:
    """Whether a stretch lies on its road and is driven the way it says and may."""
    line = road["geometry"]
    if not shapely.covers(shapely.buffer(line, slack_m), leg.geometry):
        yield "leaves its road"
        return
    one = 0 if pd.isna(road.get("oneway")) else int(road["oneway"])
    along = int(leg.along)
    if line.geom_type == "LineString" and not line.is_ring:
        begin, end = (shapely.line_locate_point(line, shapely.get_point(leg.geometry, i)) for i in (0, -1))
        if abs(end - begin) > leg.geometry.length / 2 > slack_m:
            along = 1 if end > begin else -1
    if along != int(leg.along):
        yield "driven the other way than it says"
    if one and along != one:
        yield "against the one-way"


def _sizes(road: pd.Series, truck: pd.Series) -> Iterator[str]:
    for column, mine in (("max_height_m", "height_m"), ("max_weight_t", "weight_t"), ("width_m", "width_m")):
        limit = road.get(column)
        if limit is not None and not pd.isna(limit) and float(limit) < float(truck[mine]):
            yield f"{column} {float(limit):g}"


def _speed(leg: Any, road: pd.Series, truck: pd.Series) -> Iterator[str]:
    rows = table("hazmat_road_rules")
    caps = rows[rows["rule"] == "speed"].set_index("key")["value"].astype(float)
    most = float(caps.get(road["class"], caps["*"])) if truck["hazmat"] else np.inf
    posted = road.get("speed_kmh")
    if posted is not None and not pd.isna(posted) and 3 <= float(posted) <= 160:
        most = min(most, float(posted))
    hours = (leg.leave_min - leg.enter_min) / 60
    # Times are whole milliseconds of the edge: short ones are rounded by more than a per cent.
    if leg.geometry.length / 1000 > most * (hours * 1.01 + 2 / 3_600_000):
        yield f"faster than {most:g} km/h"


def _minutes(weekday: int | None, start: float | None, enter: float, leave: float) -> np.ndarray | None:
    """Minutes of the week at which a stretch is driven, on any of the days it may be; None for any time."""
    if start is None:
        return None
    span = np.arange(int(start + enter), int(start + leave) + 1)
    days = range(7) if weekday is None else [weekday]
    return np.concatenate([(span + 1440 * day) % _EVER for day in days])


def _listed(state: str, emergency: bool) -> set[str]:
    rows = table("hazmat_road_rules")
    rows = rows[(rows["rule"] == "word") & (rows["state"] == state)]
    return set(rows["key"][rows["emergency"].astype(int) == 0] if emergency and state != "open" else rows["key"])


def _value(road: pd.Series, column: str) -> str:
    value = road.get(column)
    return value.strip() if isinstance(value, str) else ""


def _is_local(road: pd.Series, truck: pd.Series) -> bool:
    """Whether only traffic that ends here may use the road, by any of its plain words or conditions."""
    local = _listed("local", bool(truck["emergency"]))
    texts = [_value(road, "hgv") if truck["hgv"] and _value(road, "hgv") else _value(road, "access")]
    if truck["hazmat"]:
        texts += [part.rpartition("=")[2] for part in _value(road, "hazmat").split(";")]
    return any(text in local for text in texts)


def _words(road: pd.Series, truck: pd.Series, cargo: Any, when: np.ndarray | None) -> Iterator[str]:
    emergency = bool(truck["emergency"])
    open_, local, shut = (_listed(s, emergency) for s in ("open", "local", "closed"))
    passed = _listed("closed", False) | _listed("local", False) if emergency else set()
    base = "hgv" if truck["hgv"] and _value(road, "hgv") else "access"
    checks = [(base, _value(road, base))]
    if truck["hazmat"]:
        parts = _value(road, "hazmat").split(";")
        checks += [(p.rpartition("=")[0] or "hazmat", p.rpartition("=")[2]) for p in parts if p]
    conditions = _conditions(_value(road, "conditional"), truck, cargo)
    for key, text in checks:
        if not text or not _about(key, cargo) or text in open_ | local | passed:
            continue
        if text in shut:
            if not _freed(key, conditions, when, open_ | local):
                yield f"{key} {text}"
        elif _hits(text, when, emergency):
            yield f"{key} {text}"
    for key, value, condition in conditions:
        sized = key in ("maxweight", "maxheight", "maxwidth", "maxlength")
        spared = _fits(key, value, truck) if sized else emergency or value in open_ | local
        if not spared and _holds(condition, when, truck):
            yield f"{key} {value} @ {condition}"


def _fits(key: str, value: str, truck: pd.Series) -> bool:
    """Whether a vehicle keeps a limit that holds at some hours."""
    number = re.match(r"\d+(\.\d+)?", value)
    size = f"{key[3:]}_{'t' if key == 'maxweight' else 'm'}"
    return value == "none" or bool(number and float(number[0]) >= float(truck[size]))


def _about(key: str, cargo: Any) -> bool:
    """Whether a key of hazmat is about the cargo: of unknown cargo any may be."""
    part = next((p for p in key.split(":")[1:] if p not in ("forward", "backward", "hgv", "both")), "")
    if cargo is None or part in ("", "A"):
        return True
    if part == "water":
        return bool(cargo["water"])
    return ord(part) >= ord(cargo["tunnel"]) if len(part) == 1 and part in "BCDE" else True


def _conditions(text: str, truck: pd.Series, cargo: Any) -> list[tuple[str, str, str]]:
    """The conditional rules that are about this vehicle: key without its suffixes, value, condition."""
    mine = {"access", "vehicle", "motor_vehicle", "maxweight", "maxheight", "maxwidth", "maxlength"}
    mine |= {"hgv", "goods"} if truck["hgv"] else set()
    out = []
    key = "access"
    for part in re.split(r";(?![^(]*\))", text):
        head, equals, rest = part.partition("=")
        if equals and re.fullmatch(r"\s*[a-z_]+(:[A-Za-z_]+)*\s*", head):
            key, part = head.strip(), rest
        bits = [b for b in key.split(":") if b not in ("conditional", "forward", "backward", "both")]
        name = bits[0] if bits[-1] in (bits[0], "hgv") else ":".join(bits)
        dangerous = bits[0] == "hazmat" and truck["hazmat"] and _about(":".join(bits), cargo)
        if part.strip() and (dangerous or name in mine):
            value, _, condition = part.partition("@")
            out.append((name, value.strip(), condition.strip().strip("()")))
    return out


def _freed(key: str, conditions: list[tuple[str, str, str]], when: np.ndarray | None, free: set[str]) -> bool:
    """Whether a closed road is open by a condition at all the minutes it is driven."""
    if when is None:
        return False
    kinds = {"hazmat"} if key.startswith("hazmat") else {"access", "vehicle", "motor_vehicle", "hgv", "goods"}
    opened = np.zeros(len(when), bool)
    for name, value, condition in conditions:
        if name.split(":")[0] in kinds and value in free:
            spans = _spans(condition)
            if spans is not None:
                opened |= _within(spans, when)
    return bool(opened.all())


def _hits(text: str, when: np.ndarray | None, emergency: bool) -> bool:
    """Whether hours in words close a road at one of the minutes; words that cannot be read do."""
    if emergency:
        return False
    free = re.search(r"(允许|可通行|通行)\S*$", text) and not re.search(r"禁|不得", text)
    spans = _spans(text)
    if spans is None or when is None:
        return True
    inside = _within(spans, when)
    return not inside.all() if free else bool(inside.any())


def _holds(condition: str, when: np.ndarray | None, truck: pd.Series) -> bool:
    """Whether a condition holds at one of the minutes; one that cannot be read does."""
    for part in re.split(r"\s+(?:AND|and)\s+", condition):
        size = re.fullmatch(r"(weight|height|width|length)\s*([<>]=?|=)\s*(\d+(?:\.\d+)?)\s*[tm]?", part.strip())
        if size:
            mine = float(truck[f"{size[1]}_{'t' if size[1] == 'weight' else 'm'}"])
            limit = float(size[3])
            more, less, same = mine > limit, mine < limit, mine == limit
            if not ({">": more, "<": less, "=": same, ">=": more or same, "<=": less or same}[size[2]]):
                return False
            continue
        spans = _spans(part)
        if spans is not None and when is not None and not _within(spans, when).any():
            return False
    return True


def _spans(text: str) -> list[tuple[set[int], int, int]] | None:
    """(days, from, to) of the hours a text names, in minutes after midnight; None where it cannot be read."""
    if re.search(r"\b(19|20)\d\d\b|PH|SH|week|sunrise|sunset|dawn|dusk|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec",
                 text):  # fmt: skip
        return None
    plain = re.sub(r"24/7|24\s*h\b|全天", "0:00-24:00", text)
    plain = plain.replace("工作日", "Mo-Fr ").replace("周末", "Sa-Su ").replace("双休日", "Sa-Su ")
    marks = sorted(
        [(m.start(), "day", m) for m in _DAYS.finditer(plain)] + [(m.start(), "span", m) for m in _SPAN.finditer(plain)]
    , key=lambda mark: mark[0])  # fmt: skip
    days: set[int] = set()
    fresh, out = True, []
    for at, kind, found in marks:
        if kind == "day":
            begin, end = (
                _DAY[(g or found[1])[-2 if (g or found[1])[-1].isascii() else -1 :].lower()] for g in found.groups()
            )
            days = (set() if fresh or ";" in plain[:at][-2:] else days) | {
                (begin + i) % 7 for i in range((end - begin) % 7 + 1)
            }
            fresh = False
        else:
            low = int(found[1]) * 60 + int(found[2] or 0) + (30 if found[3] else 0)
            high = int(found[4]) * 60 + int(found[5] or 0) + (30 if found[6] else 0)
            out.append((days or set(range(7)), low, high if high > low else high + 1440))
            fresh = True
    if days and not fresh:
        out.append((days, 0, 1440))
    return out or None


def _within(spans: list[tuple[set[int], int, int]], when: np.ndarray) -> np.ndarray:
    """(len(when),) whether each minute of the week lies in one of the spans, those begun the day before too."""
    inside = np.zeros(len(when), bool)
    for days, low, high in spans:
        for day in days:
            inside |= (when - (day * 1440 + low)) % _EVER < high - low
    return inside


def _areas(leg: Any, bans: gpd.GeoDataFrame, load: str, cargo: Any, when: np.ndarray | None) -> Iterator[str]:
    """Ban areas the stretch lies in, and bans along which it runs."""
    for ban in bans.to_dict("records"):
        shape, hours = ban["geometry"], ban.get("hours")
        if not shapely.dwithin(shape, leg.geometry, 10.0) or not _for(ban.get("classes"), load, cargo):
            continue
        if isinstance(hours, str) and hours.strip() and when is not None:
            spans = _spans(hours)
            if spans is not None and not _within(spans, when).any():
                continue
        areal = "Polygon" in shape.geom_type
        zone = shape if areal else shape.buffer(10.0)
        inside = shapely.intersection(leg.geometry, zone).length
        if inside > (SLACK_M if areal else 0.9 * leg.geometry.length):
            yield f"in {ban.get('name') or ban.get('id')}"


def _for(classes: Any, load: str, cargo: Any) -> bool:
    """Whether a ban is for the cargo."""
    words = [w.strip().lower() for w in re.split(r"[|;,，、；]", classes)] if isinstance(classes, str) else []
    words = [re.sub(r"^(class|第)\s*|[类项]$", "", w) for w in words if w]
    if not words or cargo is None:
        return True
    division = f"{float(cargo['division']):g}"
    names = {load.lower(), *str(cargo["names"]).lower().split("|")}
    return any(w in names or w in (division, division.split(".")[0]) for w in words)
