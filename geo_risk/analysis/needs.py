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

from .alike import alike, replaced
from .conditions import Option, Rules, Target, demands, settled
from .limits import limits
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


class _Bounds(NamedTuple):
    """Least and largest distance [m] by kind of source and of target: (S, T), and where each kind stands."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    source: Mapping[Any, int]
    target: Mapping[Any, int]


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
    wanted, asked, low = _decisive(source_ends, target_ends, rules)
    narrow = _width_decides(rows, layers.get("roads"), low[source, target], road_half_width_m)
    columns = [rows[f"{end}_{c}"].to_numpy(object) for end in ("source", "target") for c in ("layer", "name", "id")]
    for n, (i, j, width, *named) in enumerate(zip(source, target, narrow, *columns, strict=True)):
        ends = ((wanted[i], j, named[:3], False), (asked[j], i, named[3:], width))
        said[undecided[n]] = "; ".join(filter(None, (_said(*end) for end in ends)))
    return said.tolist()


def _said(matters: Mapping[str, NDArray[np.bool_]], other: int, named: list[str], width: bool) -> str:
    """What one end of a pair lacks; ``matters`` says of each attribute towards which others it does."""
    layer, name, key = named
    found = [a for a, those in matters.items() if a != _OPEN and those[other]]
    if not found and matters[_OPEN][other]:
        found = [_OTHERWISE.get(layer, "exact type")]
    found += ["width_m"] if width else []
    return f"needs {_listed(found)} of {name or key}" if found else ""


def _ends(
    rows: pd.DataFrame,
    which: str,
    layers: Mapping[str, gpd.GeoDataFrame],
    end: Callable[[str, Mapping[str, Any]], _End],
) -> tuple[NDArray[np.int64], list[_End]]:
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


def _decisive(sources: list[_End], targets: list[_End], rules: Rules) -> tuple[list[Any], list[Any], NDArray]:
    """
    Which attributes of each source matter towards which targets, and the other way round; the lower bounds [m].

    The attribute ``_OPEN`` stands for what no column tells.
    """
    known: dict[Option, Any] = {}
    bases = [end.base for end in sources], [end.base for end in targets]
    every = _bounds(_variants(sources), bases[1], rules, known)
    at = [every.target[base] for base in bases[1]]
    wanted = [_matters(end, every.source, every.low[:, at], every.high[:, at], end.parts[:1]) for end in sources]
    low = every.low[[every.source[base] for base in bases[0]]][:, at]
    every = _bounds(bases[0], _variants(targets), rules, known)
    at = [every.source[base] for base in bases[0]]
    asked = [_matters(end, every.target, every.low[at].T, every.high[at].T, (end.base,)) for end in targets]
    return wanted, asked, low


def _variants(ends: list[_End]) -> list[Any]:
    return [kind for end in ends for kind in (end.base, *end.parts, *(k for ks in end.instead.values() for k in ks))]


def _matters(end: _End, place: Mapping[Any, int], low: NDArray, high: NDArray, parts_from: tuple[Any, ...]) -> Any:
    def differ(kinds: tuple[Any, ...], base: Any) -> NDArray[np.bool_]:
        rows, own = [place[kind] for kind in kinds], place[base]
        return ((low[rows] != low[own]) | (high[rows] != high[own])).any(axis=0)

    found = {attribute: differ(kinds, end.base) for attribute, kinds in end.instead.items()}
    return {**found, _OPEN: differ(end.parts, parts_from[0]) if parts_from else np.zeros(low.shape[1], bool)}


def _bounds(sources: list[Any], targets: list[Any], rules: Rules, known: dict[Option, Any]) -> _Bounds:
    different, kinds = list(dict.fromkeys(sources)), list(dict.fromkeys(targets))
    code, plain = settled([options or (Option(frozenset()),) for options in different], rules)
    found = limits([demands(options, rules, known) for options in plain], kinds, rules)
    source = {kind: int(c) for kind, c in zip(different, code, strict=True)}
    return _Bounds(found.low, found.high, source, {kind: i for i, kind in enumerate(kinds)})


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
    for attribute, values in _TRIED.get(layer, {}).items():
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
