"""
Which missing attributes leave a setback finding undecided: "needs beds of 市一医院".

An attribute is needed if some value of it would change what the rules require of the pair. That is tried out, with
values on both sides of every threshold of the tables, so no list says which rule looks at which attribute.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from .alike import alike, mentions
from .conditions import Demand, Option, Rules, Target, bounds, demands, settled
from .rows import number, text
from .sides import usable
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

Row = Mapping[str, Any]


class _End(NamedTuple):
    """What an end of a finding is to the rules, what it would be with each attribute it lacks, and a road's width."""

    own: int
    others: tuple[tuple[str, tuple[int, ...]], ...]
    narrowed: tuple[int, ...]  # with one open question answered, each answer in turn
    without_width: bool


class Needs:
    """What findings need, over layers and rules; what is alike is worked out once."""

    def __init__(self, layers: Mapping[str, gpd.GeoDataFrame], rules: Rules, road_half_width_m: float) -> None:
        self.layers, self.rules, self.half_width = layers, rules, road_half_width_m
        self._numbers: dict[Any, int] = {}
        self._things: list[Any] = []
        self._cases: dict[int, list[Demand]] = {}
        self._found: dict[tuple[int, int], tuple[float, float]] = {}
        self._pairs: dict[tuple[_End, _End], tuple[list[str], list[str], float]] = {}

    def column(self, findings: pd.DataFrame) -> list[str]:
        """
        (N,) texts, one a finding: missing attributes and whose they are, pieces joined by "; ".

        Empty where the verdict is not "undecided", or where nothing that is missing could change what is required.
        """
        open_ones = findings[findings["verdict"] == "undecided"]
        ends = [self._ends(open_ones, side, role) for side, role in (("source", _options), ("target", _kind))]
        return [self._of(row, *ends) if row.verdict == "undecided" else "" for row in findings.itertuples(index=False)]

    def _ends(self, findings: pd.DataFrame, side: str, role: Callable[[str, Row], Any]) -> dict[tuple[str, str], _End]:
        """Each row that is an end of a finding, by layer and id."""
        out: dict[tuple[str, str], _End] = {}
        for layer, rows in findings.groupby(f"{side}_layer", sort=True):
            frame = usable(self.layers, str(layer), Counter())
            assert frame is not None  # or there were no finding
            frame = frame[frame["id"].astype(str).isin(rows[f"{side}_id"])]
            code, found = alike(frame, partial(self._end, str(layer), role))
            out |= {(str(layer), str(i)): found[c] for i, c in zip(frame["id"], code, strict=True)}
        return out

    def _end(self, layer: str, role: Callable[[str, Row], Any], row: Row) -> _End:
        own = role(layer, row)
        others = [
            (attribute, tuple(dict.fromkeys(self._number(role(layer, _With(row, attribute, v))) for v in values)))
            for attribute, values in _missing(layer, row)
        ]
        narrowed = _narrowed(own) if role is _kind else [(option,) for option in own]
        without = layer == "roads" and not np.isfinite(number(row, "width_m"))
        return _End(self._number(own), tuple(others), tuple(map(self._number, narrowed)), without)

    def _of(self, finding: Any, sources: dict[Any, _End], targets: dict[Any, _End]) -> str:
        source = sources[finding.source_layer, finding.source_id]
        target = targets[finding.target_layer, finding.target_id]
        if (source, target) not in self._pairs:
            self._pairs[source, target] = self._compared(source, target, finding.source_layer, finding.target_layer)
        wanted, asked, low = self._pairs[source, target]
        if target.without_width and self._width_decides(finding, low):
            asked = [*asked, "width_m"]
        ends = (wanted, finding.source_name or finding.source_id), (asked, finding.target_name or finding.target_id)
        return "; ".join(f"needs {_listed(attributes)} of {name}" for attributes, name in ends if attributes)

    def _compared(self, source: _End, target: _End, *layers: str) -> tuple[list[str], list[str], float]:
        """What source and target need, and the least distance that is certain [m]."""
        base = self._bounds(source.own, target.own)
        wanted = [a for a, tried in source.others if any(self._bounds(o, target.own) != base for o in tried)]
        asked = [a for a, tried in target.others if any(self._bounds(source.own, k) != base for k in tried)]
        if not wanted and any(self._bounds(o, target.own) != base for o in source.narrowed):
            wanted = [_OTHERWISE.get(layers[0], "exact type")]
        if not asked and any(self._bounds(source.own, k) != base for k in target.narrowed):
            asked = [_OTHERWISE.get(layers[1], "exact type")]
        return wanted, asked, base[0]

    def _width_decides(self, finding: Any, low: float) -> bool:
        """Whether the edge of a road without a width may be near enough for a conflict, or too near to be clear."""
        c, u = finding.clearance_m, finding.uncertainty_m
        return bool(c - u >= finding.required_m or c + u - self.half_width < low <= c + u)

    def _number(self, thing: Any) -> int:
        """Targets that are equal, and options that demand the same, have one number."""
        if thing not in self._numbers:
            plain = settled([thing], self.rules)[1][0] if thing and isinstance(thing[0], Option) else thing
            if plain not in self._numbers:
                self._numbers[plain] = len(self._things)
                self._things.append(plain)
            self._numbers[thing] = self._numbers[plain]
        return self._numbers[thing]

    def _bounds(self, options: int, target: int) -> tuple[float, float]:
        if (options, target) not in self._found:
            if options not in self._cases:
                self._cases[options] = demands(self._things[options], self.rules)
            found = bounds(self._cases[options], self._things[target], self.rules)
            self._found[options, target] = (found.low, found.high)
        return self._found[options, target]


class _With(Mapping[str, Any]):
    """A row with one attribute filled in; asks the row itself only for what it does not know."""

    def __init__(self, row: Row, attribute: str, value: Any) -> None:
        self._row, self._attribute, self._value = row, attribute, value

    def __getitem__(self, column: str) -> Any:
        return self._value if column == self._attribute else self._row[column]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._row, self._attribute)))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def mentions(self, pattern: re.Pattern[str], columns: tuple[str, ...]) -> bool:
        """As the function ``mentions`` of the row; its words never run from one column into the next."""
        if self._attribute not in columns:
            return mentions(self._row, pattern, *columns)
        rest = tuple(c for c in columns if c != self._attribute)
        return bool(pattern.search(str(self._value))) or mentions(self._row, pattern, *rest)


def _options(layer: str, row: Row) -> tuple[Option, ...]:
    if layer == "hazard_sources":
        return classify_hazard(row).options
    classify: dict[str, Callable[[Row], Source | None]] = {
        "gas_pipelines": classify_pipeline,
        "parking_lots": classify_parking,
        "enterprises": classify_enterprise,
        "crowded_places": classify_place,
    }
    found = classify[layer](row)
    return found.options if found else ()


def _kind(layer: str, row: Row) -> Target:
    if layer == "hazard_sources":
        return target_of_hazard(_options(layer, row))
    return classify_target(layer, row).target


def _missing(layer: str, row: Row) -> list[tuple[str, tuple[Any, ...]]]:
    """The attributes a row lacks, each with the values to try."""
    out = []
    for attribute, values in _TRIED.get(layer, {}).items():
        if text(row, attribute) or np.isfinite(number(row, attribute)):
            continue
        if attribute == "volume_m3":
            low, high = volume_bounds_m3(row)
            values = tuple(v for v in values if low <= v <= high)
        out.append((attribute, values))
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
