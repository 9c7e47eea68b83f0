"""Which changed input rows stand behind what is told along pipelines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .work import Pairs, Rows, Work, ends, touching

if TYPE_CHECKING:
    from ..analysis.causes import Zones

# Farthest from a pipeline that anything counts: 488 m (1,422 mm at 12 MPa) and 100 m for errors of positions.
_NEAR_M = 600.0
# An area goes on for 200 m beyond the edge of its cause, and areas 50 m apart are one.
_EDGE_M = 250.0
# Households are counted in windows of 2 km along the pipeline.
_WINDOW_M = 2000.0
# Roads this close to one another make one crossing.
_SAME_PLACE_M = 2.0
_HOUSEHOLDS = ("buildings", "population", "crowded_places")
_OTHERS = ("landuse", "roads", "water", "hazard_sources", "emergency_facilities")


def areas(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """
    Of an area or class the pipeline, those joined to it, and what lies near them and in its windows.

    Pipelines may be joined that are of one kind and medium.
    """
    kinds = _kinds(work)
    out: list[set[int]] = [{*_pipeline(work, before, after, pair)} for pair in pairs]
    of = [kinds.get(str(ends(before, after, pair)[-1]["id"])) for pair in pairs]
    for kind in dict.fromkeys(of):
        mine = [i for i, k in enumerate(of) if k == kind]
        found = touching(_along(work, kind), before, after, [pairs[i] for i in mine])
        for i, causes in zip(mine, found, strict=True):
            out[i] |= causes
    return [sorted(causes) for causes in out]


def contacts(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """Of what encroaches or crosses the pipeline, the other side, and other roads and waters there."""
    crossed = _zones(work, work.inputs.of("roads", "water"), _SAME_PLACE_M)
    rivers = _zones(work, work.inputs.of("water"), _NEAR_M)
    at_place, near_river = (touching(z, before, after, pairs) for z in (crossed, rivers))
    out = []
    for pair, place, river in zip(pairs, at_place, near_river, strict=True):
        rows = ends(before, after, pair)
        found = {*_pipeline(work, before, after, pair)}
        for row in rows:
            found |= {*work.inputs.find(row["target_layer"], [row["target_id"]])}
        # Works at river crossings are told within 500 m.
        found |= place if "kind" in rows[-1] and "angle_deg" in rows[-1] else set()
        found |= river if rows[-1].get("kind") == "activity" else set()
        out.append(sorted(found))
    return out


def _pipeline(work: Work, before: Rows, after: Rows, pair: tuple[int, int]) -> list[int]:
    return work.inputs.find("gas_pipelines", [row["id"] for row in ends(before, after, pair)])


def _kinds(work: Work) -> dict[str, tuple[Any, Any]]:
    """Kind and medium of each pipeline, as the later state has it."""
    out: dict[str, tuple[Any, Any]] = {}
    for state in work.both:
        table = state.table("layers", "gas_pipelines")
        if table is not None:
            words = ([str(v) for v in table[c]] for c in ("kind", "medium"))
            out |= dict(zip(table["id"].astype(str), zip(*words, strict=True), strict=True))
    return out


def _along(work: Work, kind: tuple[Any, Any] | None) -> Zones:
    """Changed pipelines of a kind and medium in either state, and changed rows near any of them."""
    lines: list[Any] = []
    ids: set[str] = set()
    for state in work.both:
        table = state.table("layers", "gas_pipelines")
        if table is not None and kind is not None:
            mine = ((table["kind"].astype(str) == kind[0]) & (table["medium"].astype(str) == kind[1])).to_numpy()
            lines += table.geometry.to_numpy()[mine].tolist()
            ids |= {*table["id"].astype(str)[mine]}
    items = [*_items(work, work.inputs.find("gas_pipelines", sorted(ids)), _WINDOW_M + _EDGE_M)]
    near = _zones(work, work.inputs.of(*_HOUSEHOLDS, *_OTHERS), _NEAR_M).touching(np.array([*lines, None], object)[:-1])
    layers = work.inputs.table["layer"]
    for n in sorted({n for causes in near for n in causes}):
        far = _WINDOW_M if layers.iloc[n] in _HOUSEHOLDS else 0.0
        items += _items(work, [n], _NEAR_M + _EDGE_M + far)
    return work.zones(items)


def _zones(work: Work, rows: Iterable[int], metres: float) -> Zones:
    return work.zones([*_items(work, rows, metres)])


def _items(work: Work, rows: Iterable[int], metres: float) -> list[tuple[int, Any, float]]:
    """Old and new shapes of changed rows, with a reach."""
    return [(int(n), shape, metres) for n in rows for shape in (work.inputs.before[n], work.inputs.after[n])
            if shape is not None and not shapely.is_empty(shape)]  # fmt: skip
