"""
Which missing attributes leave a setback finding undecided: "needs beds of 市一医院".

An attribute is needed if some value of it would change what the rules require of the pair. That is tried out, with
values on both sides of every threshold of the tables, so no list says which rule looks at which attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .alike import alike, columns_asked, replaced
from .conditions import Option, Rules, Target, demands, settled
from .limits import Ids, limits
from .rows import number, text
from .sides import numbers, sectors
from .source_classes import (
    Source,
    classify_enterprise,
    classify_hazard,
    classify_parking,
    classify_pipeline,
    classify_place,
    volume_bounds_m3,
)
from .target_classes import classify_target, target_of_hazard

_OPEN = ""  # the name of what no column tells
# Values to try: one on each side of every threshold (volumes m3, stocks t, pressures MPa, lengths mm, heights m).
_VOLUMES = (0.5, 5.0, 8.0, 15.0, 40.0, 80.0, 120.0, 180.0, 400.0, 800.0, 2_000.0, 4_000.0, 8_000.0, 40_000.0)
_SECTORS = ("石油化工", "油库", "零售", "制造")
_TRIED: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "hazard_sources": {
        "substance": ("汽油", "柴油", "液化石油气", "液化天然气", "甲烷、天然气", "电石", "硫磺", "氯"),
        "volume_m3": _VOLUMES,
        "quantity_t": (3.0, 7.0, 20.0, 100.0, 150.0, 1_000.0, 5_000.0),
        "storage": ("pressurised", "refrigerated", "atmospheric", "buried"),
        "sector": _SECTORS,
    },
    "gas_pipelines": {
        "kind": ("long_distance", "town_gas"),
        "medium": ("natural_gas", "refined_oil"),
        "pressure_mpa": (0.005, 0.1, 0.3, 0.6, 1.2, 1.61, 2.5, 4.0),
        "diameter_mm": (100.0, 200.0, 400.0, 500.0, 700.0, 800.0, 1_000.0),
        "wall_mm": (6.0, 10.0, 12.0),
    },
    "crowded_places": {
        "kind": ("residential", "primary_school", "market", "office", "other"),
        "capacity": (10.0, 300.0, 600.0, 900.0, 1_200.0, 2_000.0, 6_000.0),
        "beds": (20.0, 500.0),
        "area_m2": (500.0, 10_000.0, 50_000.0),
        "floors": (2.0, 30.0),
    },
    "buildings": {
        "kind": ("住宅", "学校", "厂房", "车库"),
        "floors": (2.0, 30.0),
        "height_m": (6.0, 90.0),
        "fire_rating": (1.0, 3.0, 4.0),
        "persons": (3.0, 2_000.0),
        "households": (1.0, 500.0),
    },
    "roads": {"class": ("motorway", "trunk", "primary", "secondary", "tertiary")},
    "enterprises": {"sector": ("烟花零售", "化工制造", "餐饮")},
}
# What is asked for where no column of the layer could tell.
_OTHERWISE = {"roads": "exact road type"}
# Of two attributes either is enough.
_EITHER = (("volume_m3", "quantity_t"), ("floors", "height_m"))


class _End(NamedTuple):
    """
    What a row is to the rules, and what it would be if it were known better.

    ``instead`` holds, for each attribute it lacks, what it would be with each value tried; ``parts`` what it is under
    each answer to what is open.
    """

    base: Any
    instead: Mapping[str, tuple[Any, ...]]
    parts: tuple[Any, ...]


class _Trials(NamedTuple):
    """
    What is tried of each end, in flat arrays: of end i the attributes ``group[i]:group[i + 1]``, of attribute g the
    kinds ``kind[trial[g]:trial[g + 1]]``, each compared with ``own[g]``; ``base`` is what the end is, in numbers of
    ``kinds``.
    """

    base: Ids
    group: Ids
    name: list[str]
    own: Ids
    trial: Ids
    kind: Ids
    kinds: list[Any]


def needs(
    findings: pd.DataFrame, layers: Mapping[str, gpd.GeoDataFrame], rules: Rules, road_half_width_m: float
) -> list[str]:
    """
    (N,) texts, one a finding: missing attributes and whose they are, pieces joined by "; ".

    Empty where the verdict is not "undecided", or where nothing that is missing could change what is required.
    ``layers`` are those of the check.
    """
    said = np.full(len(findings), "", dtype=object)
    undecided = np.flatnonzero(findings["verdict"].to_numpy(object) == "undecided")
    if not len(undecided):
        return said.tolist()
    rows = findings.iloc[undecided]
    source, source_ends = _ends(rows, "source", layers, _source_end)
    target, target_ends = _ends(rows, "target", layers, _target_end)
    pair, which = np.unique(source * len(target_ends) + target, return_inverse=True)
    i, j = np.divmod(pair, len(target_ends))
    wanted, asked, low = _decisive(i, j, source_ends, target_ends, rules)
    narrow = _width_decides(rows, layers.get("roads"), low[which], road_half_width_m)
    columns = [rows[f"{end}_{c}"].to_numpy(object) for end in ("source", "target") for c in ("layer", "name", "id")]
    for n, (p, width, *named) in enumerate(zip(which.tolist(), narrow.tolist(), *columns, strict=True)):
        parts = _said(wanted[p], named[:3], False), _said(asked[p], named[3:], width)
        said[undecided[n]] = "; ".join(filter(None, parts))
    return said.tolist()


def _said(matters: tuple[str, ...], named: list[str], width: bool) -> str:
    """What one end of a pair lacks; ``matters`` are the attributes that do."""
    layer, name, key = named
    found = [a for a in matters if a != _OPEN]
    if matters and not found:
        found = [_OTHERWISE.get(layer, "exact type")]
    found += ["width_m"] if width else []
    return f"needs {_listed(found)} of {name or key}" if found else ""


def _ends(
    rows: pd.DataFrame,
    which: str,
    layers: Mapping[str, gpd.GeoDataFrame],
    end: Callable[[str, Mapping[str, Any]], _End],
) -> tuple[Ids, list[_End]]:
    """The source or target of every finding: a number each, and what those numbers mean."""
    code = np.empty(len(rows), np.int64)
    found: list[_End] = []
    names, ids = (rows[f"{which}_{c}"].to_numpy(object) for c in ("layer", "id"))
    for layer in dict.fromkeys(names):
        here = np.flatnonzero(names == layer)
        frame = layers[layer]
        if layer == "hazard_sources":
            frame = frame.assign(sector=sectors(frame, layers.get("enterprises")))
        place = pd.Index([str(i) for i in frame["id"].to_numpy(object)]).get_indexer(ids[here])
        unique, at = np.unique(place, return_inverse=True)
        kinds, ends = alike(frame.drop(columns=frame.geometry.name).iloc[unique], partial(end, layer))
        code[here] = kinds[at] + len(found)
        found += ends
    return code, found


def _decisive(
    i: Ids, j: Ids, sources: list[_End], targets: list[_End], rules: Rules
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]], NDArray[np.float64]]:
    """
    For the pairs (i, j): which attributes of the source matter, which of the target; and the lower bounds [m].

    The attribute ``_OPEN`` stands for what no column tells.
    """
    tried = _trials(sources, [end.parts[0] if end.parts else end.base for end in sources])
    at, bases = _numbered([end.base for end in targets])
    code, low, high = _bounds(tried.kinds, bases, rules)
    wanted = _matters(tried, i, code, at[j], low, high)
    least = low[code[tried.base[i]], at[j]]
    tried = _trials(targets, [end.base for end in targets])
    at, bases = _numbered([end.base for end in sources])
    code, low, high = _bounds(bases, tried.kinds, rules)
    return wanted, _matters(tried, j, np.arange(len(tried.kinds)), code[at[i]], low.T, high.T), least


def _numbered(kinds: list[Any]) -> tuple[Ids, list[Any]]:
    """A number for each kind, equal ones alike, and what those numbers mean."""
    found: dict[Any, int] = {}
    return np.array([found.setdefault(kind, len(found)) for kind in kinds], dtype=np.int64), list(found)


def _trials(ends: list[_End], open_base: list[Any]) -> _Trials:
    """What is tried of each end; answers to open questions are compared with ``open_base``."""
    every = [{**dict.fromkeys(end.instead), _OPEN: None} for end in ends]
    tried = [
        (name, base if name == _OPEN else end.base, end.parts if name == _OPEN else end.instead[name])
        for end, base, names in zip(ends, open_base, every, strict=True)
        for name in names
    ]
    own, others = [base for _, base, _ in tried], [kind for *_, kinds in tried for kind in kinds]
    number, kinds = _numbered([*(end.base for end in ends), *own, *others])
    base, own_at, kind = np.split(number, [len(ends), len(ends) + len(own)])
    trial = np.cumsum([0, *(len(kinds) for *_, kinds in tried)])
    group = np.cumsum([0, *(len(names) for names in every)])
    return _Trials(base, group, [name for name, *_ in tried], own_at, trial, kind, kinds)


def _matters(
    tried: _Trials,
    end: Ids,
    row: Ids,
    column: Ids,
    low: NDArray,
    high: NDArray,
) -> list[tuple[str, ...]]:
    """
    For pairs of an end and a column of the bounds: the attributes that change either bound.

    ``row`` says in which row of the bounds each of the kinds tried is.
    """
    pair, group = _expanded(tried.group, end)
    place, trial = _expanded(tried.trial, group)
    one, two, towards = row[tried.kind[trial]], row[tried.own[group[place]]], column[pair[place]]
    differ = (low[one, towards] != low[two, towards]) | (high[one, towards] != high[two, towards])
    decisive = np.unique(place[differ])
    found: list[list[str]] = [[] for _ in end]
    for p, g in zip(pair[decisive].tolist(), group[decisive].tolist(), strict=True):
        found[p].append(tried.name[g])
    return [tuple(names) for names in found]


def _expanded(start: Ids, which: Ids) -> tuple[Ids, Ids]:
    """Of the runs ``start[w]:start[w + 1]`` for w in ``which``, one after another: place in ``which`` and number."""
    count = start[which + 1] - start[which]
    place = np.repeat(np.arange(len(which)), count)
    return place, np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count) + start[which][place]


def _bounds(sources: list[Any], targets: list[Any], rules: Rules) -> tuple[Ids, NDArray, NDArray]:
    """The row of each source in the bounds; least and largest distance [m]: (rows, T)."""
    code, plain = settled([options or (Option(frozenset()),) for options in sources], rules)
    found = limits([demands(options, rules) for options in plain], targets, rules)
    return code, found.low, found.high


def _width_decides(
    rows: pd.DataFrame, roads: gpd.GeoDataFrame | None, low: NDArray, half_width: float
) -> NDArray[np.bool_]:
    """Whether the edge of a road without a width may be near enough for a conflict, or too near to be clear."""
    road = rows["target_layer"].to_numpy(object) == "roads"
    if roads is None or not road.any():
        return road
    width = numbers(roads, "width_m")
    known = {str(i) for i in roads["id"].to_numpy(object)[np.isfinite(width)]}
    without = road & np.array([i not in known for i in rows["target_id"]], dtype=bool)
    c, u, required = (rows[name].to_numpy(float) for name in ("clearance_m", "uncertainty_m", "required_m"))
    return without & ((c - u >= required) | ((c + u - half_width < low) & (low <= c + u)))


def _source_end(layer: str, row: Mapping[str, Any]) -> _End:
    options = _options(layer, row)
    parts = tuple((option,) for option in options)
    return _End(options, _alternatives(layer, row, partial(_options, layer)), parts)


def _target_end(layer: str, row: Mapping[str, Any]) -> _End:
    target = _kind(layer, row)
    return _End(target, _alternatives(layer, row, partial(_kind, layer)), _narrowed(target))


def _options(layer: str, row: Mapping[str, Any]) -> tuple[Option, ...]:
    classify: dict[str, Callable[[Mapping[str, Any]], Source | None]] = {
        "hazard_sources": classify_hazard,
        "gas_pipelines": classify_pipeline,
        "parking_lots": classify_parking,
        "crowded_places": classify_place,
        "enterprises": classify_enterprise,
    }
    found = classify[layer](row)
    return found.options if found else ()


def _kind(layer: str, row: Mapping[str, Any]) -> Target:
    if layer == "hazard_sources":
        return target_of_hazard(_options(layer, row))
    return classify_target(layer, row).target


def _alternatives(
    layer: str, row: Mapping[str, Any], classify: Callable[[Mapping[str, Any]], Any]
) -> dict[str, tuple[Any, ...]]:
    """For each attribute the row lacks, what it would be to the rules with each value that is tried."""
    out: dict[str, tuple[Any, ...]] = {}
    asked = columns_asked(row)
    for attribute, values in _TRIED.get(layer, {}).items():
        if attribute not in asked:
            continue  # what nobody looks at changes nothing
        if text(row, attribute) or np.isfinite(number(row, attribute)):
            continue
        if attribute == "volume_m3":
            low, high = volume_bounds_m3(row)
            values = tuple(v for v in values if low <= v <= high)
        out[attribute] = tuple(dict.fromkeys(classify(replaced(row, attribute, v)) for v in values))
    return out


def _listed(attributes: list[str]) -> str:
    text = ", ".join(attributes)
    for pair in _EITHER:
        text = text.replace(", ".join(pair), " or ".join(pair))
    return text


def _narrowed(target: Target) -> tuple[Target, ...]:
    """The target with one of its open questions answered, each answer in turn."""
    return tuple(
        (*target[:i], (answer,), *target[i + 1 :])
        for i, question in enumerate(target)
        if len(question) > 1
        for answer in question
    )
