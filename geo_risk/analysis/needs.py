"""
Which missing attributes leave a setback finding undecided: "needs beds of 市一医院".

An attribute is needed if some value of it would change what the rules require of the pair. That is tried out, with
values on both sides of every threshold of the tables, so no list says which rule looks at which attribute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from .conditions import Bounds, Demand, Option, Rules, Target, bounds, demands
from .rows import number, records, text
from .sides import usable
from .source_classes import (
    classify_enterprise,
    classify_hazard,
    classify_parking,
    classify_pipeline,
    classify_place,
    volume_bounds_m3,
)
from .target_classes import classify_target, target_of_hazard

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

Row = dict[str, Any]


class Needs:
    """What findings need, over layers and rules; rows, cases and bounds are worked out once."""

    def __init__(self, layers: Mapping[str, gpd.GeoDataFrame], rules: Rules, road_half_width_m: float) -> None:
        self.layers, self.rules, self.half_width = layers, rules, road_half_width_m
        self._rows: dict[str, dict[str, Row]] = {}
        self._known: dict[Hashable, Any] = {}

    def column(self, findings: pd.DataFrame) -> list[str]:
        """
        (N,) texts, one a finding: missing attributes and whose they are, pieces joined by "; ".

        Empty where the verdict is not "undecided", or where nothing that is missing could change what is required.
        """
        return [self._of(row) if row.verdict == "undecided" else "" for row in findings.itertuples(index=False)]

    def _of(self, finding: Any) -> str:
        source, target = (finding.source_layer, finding.source_id), (finding.target_layer, finding.target_id)
        options, other_options = self._source(*source)
        kind, other_kinds = self._target(*target)
        base = self._bounds(options, kind)
        wanted = [a for a, tried in other_options.items() if any(self._bounds(o, kind) != base for o in tried)]
        if not wanted and len({self._bounds((o,), kind) for o in options}) > 1:
            wanted = [_OTHERWISE.get(source[0], "exact type")]
        asked = [a for a, tried in other_kinds.items() if any(self._bounds(options, k) != base for k in tried)]
        if not asked and any(self._bounds(options, k) != base for k in _narrowed(kind)):
            asked = [_OTHERWISE.get(target[0], "exact type")]
        if self._width_decides(finding, base[0]):
            asked.append("width_m")
        ends = (wanted, finding.source_name or source[1]), (asked, finding.target_name or target[1])
        return "; ".join(f"needs {_listed(attributes)} of {name}" for attributes, name in ends if attributes)

    def _width_decides(self, finding: Any, low: float) -> bool:
        """Whether the edge of a road without a width may be near enough for a conflict, or too near to be clear."""
        if finding.target_layer != "roads" or np.isfinite(number(self._row("roads", finding.target_id), "width_m")):
            return False
        c, u = finding.clearance_m, finding.uncertainty_m
        return bool(c - u >= finding.required_m or c + u - self.half_width < low <= c + u)

    def _bounds(self, options: tuple[Option, ...], target: Target) -> tuple[float, float]:
        def work() -> tuple[float, float]:
            found: Bounds = bounds(self._demands(options), target, self.rules)
            return found.low, found.high

        return self._once(("bounds", options, target), work)

    def _demands(self, options: tuple[Option, ...]) -> list[Demand]:
        return self._once(("demands", options), lambda: demands(options, self.rules))

    def _source(self, layer: str, name: str) -> tuple[tuple[Option, ...], dict[str, list[tuple[Option, ...]]]]:
        """The options of a source, and for each attribute it lacks the options it would have instead."""

        def work() -> Any:
            row = self._row(layer, name)
            return self._options(layer, row), _alternatives(layer, row, lambda r: self._options(layer, r))

        return self._once(("source", layer, name), work)

    def _target(self, layer: str, name: str) -> tuple[Target, dict[str, list[Target]]]:
        """The same for a target."""

        def work() -> Any:
            row = self._row(layer, name)
            return self._kind(layer, row), _alternatives(layer, row, lambda r: self._kind(layer, r))

        return self._once(("target", layer, name), work)

    def _options(self, layer: str, row: Row) -> tuple[Option, ...]:
        if layer == "hazard_sources":
            return classify_hazard(row).options
        classify = {
            "gas_pipelines": classify_pipeline,
            "parking_lots": classify_parking,
            "enterprises": classify_enterprise,
            "crowded_places": classify_place,
        }[layer]
        found = classify(row)
        return found.options if found else ()

    def _kind(self, layer: str, row: Row) -> Target:
        if layer == "hazard_sources":
            return target_of_hazard(self._options(layer, row))
        return classify_target(layer, row).target

    def _row(self, layer: str, name: str) -> Row:
        if layer not in self._rows:
            frame = pd.DataFrame(usable(self.layers, layer, Counter()))
            self._rows[layer] = {
                str(row["id"]): row for row in records(frame.drop(columns="geometry", errors="ignore"))
            }
        return self._rows[layer][name]

    def _once(self, key: Hashable, work: Callable[[], Any]) -> Any:
        if key not in self._known:
            self._known[key] = work()
        return self._known[key]


def _alternatives(layer: str, row: Row, classify: Callable[[Row], Any]) -> dict[str, list[Any]]:
    """For each attribute the row lacks, what it would be to the rules with each value that is tried."""
    out: dict[str, list[Any]] = {}
    for attribute, values in _TRIED.get(layer, {}).items():
        if text(row, attribute) or np.isfinite(number(row, attribute)):
            continue
        if attribute == "volume_m3":
            low, high = volume_bounds_m3(row)
            values = tuple(v for v in values if low <= v <= high)
        out[attribute] = list(dict.fromkeys(classify({**row, attribute: v}) for v in values))
    return out


def _listed(attributes: list[str]) -> str:
    text = ", ".join(attributes)
    for pair in _EITHER:
        text = text.replace(", ".join(pair), " or ".join(pair))
    return text


def _narrowed(target: Target) -> list[Target]:
    """The target with one of its open questions answered, each answer in turn."""
    return [
        (*target[:i], (answer,), *target[i + 1 :])
        for i, question in enumerate(target)
        if len(question) > 1
        for answer in question
    ]
