"""What makes a high-consequence area besides households: sites, traffic, water, flammables, nature."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ...standards import parameter
from ..exposure import located
from ..rows import number, records, table_rows, text, working
from ..substances import canonical
from .households import Units, counted

# Position error (68 %) [m] of rows that state none, as in the setback check; outlines of water and land use are drawn.
_ERRORS_M = {"crowded_places": 10.0, "hazard_sources": 10.0, "roads": 5.0}
_NATIONAL = re.compile(r"^[GS]\d|国道|省道|高速")
_PROTECTED = re.compile(r"自然保护|保护区|国家湿地|国家森林|nature reserve|national park", re.I)
_NATURE = re.compile(r"湿地|森林|林场|河口|wetland|forest|estuary", re.I)
_INTAKE = re.compile(r"取水口|水源地|饮用水|water intake", re.I)


class Cause(NamedTuple):
    """
    One thing near a pipeline. ``what`` is the word of ``hca_rules.csv``; ``built`` whether it has a building's edge,
    beyond which the area goes on for 200 m; ``needs`` is empty where it certainly counts.
    """

    what: str
    layer: str
    id: str
    name: str
    kind: str
    shape: Any
    error_m: float
    needs: str
    built: bool
    confidence: str


def causes_of(layers: Mapping[str, gpd.GeoDataFrame], strip: Any, skipped: Counter[tuple[str, str]]) -> list[Cause]:
    """
    Everything within ``strip`` that may make a high-consequence area, by ``hca_causes.csv``; sorted by layer as given.

    Rows that are closed or planned do not count and are told in ``skipped``; so is green land whose name does not
    say that it is wetland, forest or protected.
    """
    found: list[Cause] = []
    table = table_rows("hca_causes")
    for layer in dict.fromkeys(r["layer"] for r in table):
        kinds = {text(r, "kind"): r for r in table if r["layer"] == layer}
        for row in _near(layers, layer, strip, skipped):
            rule = kinds.get(text(row, "class" if layer == "roads" else "kind"))
            if rule is not None and (cause := _listed(layer, row, rule)):
                found.append(cause)
    for row in _near(layers, "landuse", strip, skipped):
        name = text(row, "name")
        if _PROTECTED.search(name) or _NATURE.search(name):
            needs = "" if _PROTECTED.search(name) else "whether it is a protected area"
            found.append(_cause("nature", "landuse", row, "green", needs, "MC", built=False))
        elif text(row, "kind") == "green":
            skipped[
                "landuse", "green land near a pipeline that does not say whether it is wetland, forest or protected"
            ] += 1
    for row in _near(layers, "emergency_facilities", strip, skipped):
        if text(row, "kind") == "water_source" and _INTAKE.search(text(row, "name")):
            found.append(_cause("water", "emergency_facilities", row, "water_source", "", "MC", built=False))
    return found


def _near(
    layers: Mapping[str, gpd.GeoDataFrame], layer: str, strip: Any, skipped: Counter[tuple[str, str]]
) -> list[dict[str, Any]]:
    if layer not in layers:
        return []
    frame = layers[layer]
    shapes = np.asarray(frame.geometry.array)
    near = located(shapes)
    near[near] = shapely.intersects(strip, shapes[near])
    idle = near & ~working(frame)
    if idle.any():
        skipped[layer, "near a pipeline, closed or planned: not counted"] += int(idle.sum())
    near &= ~idle
    return [{**row, "shape": s} for row, s in zip(records(frame[near]), shapes[near], strict=True)]


def _listed(layer: str, row: dict[str, Any], rule: dict[str, Any]) -> Cause | None:
    """The cause a row of a listed kind is; None where it certainly is none."""
    needs = text(rule, "needs") if not rule["certain"] else ""
    if layer == "roads" and _NATIONAL.search(text(row, "name")):
        needs = ""
    if layer == "crowded_places" and np.isfinite(rule["persons_from"]):
        persons = max((n for c in ("capacity", "beds") if np.isfinite(n := number(row, c))), default=np.nan)
        if persons < rule["persons_from"]:
            return None
        if np.isnan(persons):
            needs = needs or f"whether {rule['persons_from']:g} people gather there on 50 days a year"
    if layer == "hazard_sources" and needs and rule["what"] == "flammable":
        burns = _burns(text(row, "substance"))
        if burns is False:
            return None
        needs = "" if burns else needs
    built = layer in ("crowded_places", "hazard_sources") and rule["what"] != "water"
    kind = text(rule, "kind")
    return _cause(rule["what"], layer, row, kind, needs, rule["confidence"], built=built)


def _burns(substance: str) -> bool | None:
    """Whether a substance burns by GB 50016 (classes A and B); None where its name is not known."""
    names = canonical(substance) or ([substance] if substance else [])
    known = {r["name_zh"]: set(r["fire_class"].split("|")) for r in table_rows("fire_hazard")}
    if not names or any(n not in known for n in names):
        return None
    return any(known[n] & {"A", "B"} for n in names)


def _cause(what: str, layer: str, row: dict[str, Any], kind: str, needs: str, confidence: str, *, built: bool) -> Cause:
    error = number(row, "position_error_m")
    error = error if np.isfinite(error) else _ERRORS_M.get(layer, 0.0)
    return Cause(what, layer, str(row["id"]), text(row, "name"), kind, row["shape"], error, needs, built, confidence)


def settlements(units: Sequence[Units], strip: Any) -> list[Cause]:
    """
    Villages and townships of at least 50 households within ``strip``: dwellings within 250 m of one another.

    Each layer on its own; dwellings whose households are assumed make a settlement that is not sure.
    """
    found = []
    for of in units:
        inside = shapely.intersects(strip, of.shape) & (of.households > 0)
        shapes, households, given = of.shape[inside], of.households[inside], of.given[inside]
        sure = _clusters(shapes, np.where(given, households, 0.0))
        both = _clusters(shapes, households) if not given.all() else []
        ids = of.id[inside]
        for members, total in [*sure, *both]:
            needs = "" if given[members].all() or any(m is members for m, _ in sure) else "households of buildings"
            shape = shapely.geometrycollections(shapes[members])
            name = counted(total)
            found.append(
                Cause("settlement", of.layer, str(ids[members[0]]), name, "village", shape, 0.0, needs, True, "MU")
            )
    return found


def _clusters(shapes: NDArray[np.object_], weight: NDArray[np.float64]) -> list[tuple[NDArray[np.int64], float]]:
    """Groups of shapes that hold at least 50 households."""
    some = np.flatnonzero(weight > 0)
    if not len(some):
        return []
    a, b = shapely.STRtree(shapes[some]).query(shapes[some], "dwithin", parameter("settlement_gap_m"))
    label = connected_components(coo_matrix((np.ones(len(a)), (a, b)), shape=(len(some),) * 2), directed=False)[1]
    total = np.round(np.bincount(label, weight[some]), 6)
    order = np.argsort(label, kind="stable")
    groups = np.split(some[order], np.cumsum(np.bincount(label))[:-1])
    least = parameter("settlement_households")
    return [(g, float(t)) for g, t in zip(groups, total, strict=True) if t >= least]
