"""Third-party activity: works, digging, quarrying, anchoring within the ranges of the pipeline law, art. 30 to 35."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely

from ..exposure import located
from ..rows import number, records, table_rows, text
from .chainage import locate
from .encroachment import ERRORS_M, SIGMAS, protection_range
from .pipes import Pipe

_WORKS = re.compile(r"施工|开挖|动土|挖掘|钻探|爆破|顶管|盾构|excavat|construction site|drilling|blasting", re.I)
_BUILT_NOW = re.compile(r"在建|工地|construction", re.I)
_QUARRY = re.compile(r"采石|采矿|矿业|采掘|采砂|爆破|quarr|mining", re.I)
_LAYERS = (
    "buildings",
    "risk_points",
    "hidden_dangers",
    "enterprises",
    "hazard_sources",
    "crowded_places",
    "parking_lots",
)
_NO_LAYER = (
    ("railways and power lines being built", "art. 35(2)"),
    ("dredging, sand digging and anchorages", "art. 32"),
    ("blasting, seismic survey and drilling permits", "art. 35(3)"),
    ("tunnels of pipelines, valve rooms, stations and depots", "art. 33 and 35"),
    ("deep-rooted plants, ponds and piles on the pipeline", "art. 30"),
)


class Activity(NamedTuple):
    """Something that may disturb a pipeline: its words in ``pipeline_ranges.csv``, and what about it is not told."""

    layer: str
    id: str
    name: str
    words: tuple[str, ...]
    said: str
    shape: Any
    error_m: float


def activities(layers: Mapping[str, gpd.GeoDataFrame]) -> list[Activity]:
    """Building sites, what is planned, open works among the hidden dangers, quarries and jetties of the layers."""
    found = []
    for layer in (n for n in _LAYERS if n in layers):
        frame = layers[layer]
        there = located(np.asarray(frame.geometry.array))
        for row, shape in zip(records(frame[there]), np.asarray(frame.geometry.array)[there], strict=True):
            words, said = _activity(layer, row)
            if words:
                error = number(row, "position_error_m")
                error = error if np.isfinite(error) else ERRORS_M.get(layer, 10.0)
                found.append(Activity(layer, str(row["id"]), text(row, "name"), words, said, shape, error))
    return found


def _activity(layer: str, row: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    state, kind, name = (text(row, c) for c in ("state", "kind", "name"))
    if state == "closed":
        return (), ""
    if layer == "risk_points" and kind == "construction":
        return ("works", "digging"), "construction site"
    if layer == "buildings":
        return (("works", "digging"), "building under construction") if _BUILT_NOW.search(kind) else ((), "")
    if layer == "hidden_dangers":
        return (("works", "digging"), "works named among hidden dangers") if _WORKS.search(name) else ((), "")
    if layer == "enterprises" and _QUARRY.search(f"{text(row, 'sector')} {name}"):
        return ("digging", "quarrying"), "quarry or mine"
    if layer == "hazard_sources" and kind == "jetty":
        return ("anchoring",), "jetty"
    if state == "planned":
        return ("works", "digging"), "planned"
    return (), ""


def activity_rows(
    pipes: Sequence[Pipe], found: Sequence[Activity], river_crossings: Mapping[int, Any]
) -> list[dict[str, Any]]:
    """
    Activities within the ranges of pipelines, as plain rows of ``schema.RESULTS["encroachments"]``.

    Long-distance and chemical pipelines have the ranges of ``pipeline_ranges.csv``, town gas its control range. One
    row a pair, by the narrowest range that reaches it. Whether the works are of the kind the article names is
    in no layer: the verdict is "notify", or "undecided" where the position errors allow being outside.

    Parameters
    ----------
    river_crossings
        Of each pipeline (by its index) the stretches that cross a river or canal, for article 32.
    """
    rows: list[dict[str, Any]] = []
    if not found:
        return rows
    tree = shapely.STRtree(np.array([*(a.shape for a in found), None], object)[:-1])
    worst = max(a.error_m for a in found)
    for i, pipe in enumerate(pipes):
        done: set[int] = set()
        for rule in _ranges(pipe):
            line = river_crossings.get(i) if rule["needs_place"] == "river_crossing" else pipe.geometry
            if line is None:
                continue
            margin = SIGMAS * float(np.hypot(pipe.error_m, worst))
            for j in sorted(tree.query(line, "dwithin", rule["to_m"] + margin).tolist()):
                row = None if j in done else _row(pipe, line, found[j], rule)
                if row:
                    done.add(j)
                    rows.append({"row": i, **row})
    return rows


def _ranges(pipe: Pipe) -> list[dict[str, Any]]:
    """The ranges within which activities concern a pipeline, the narrowest first; tunnels are in no layer."""
    if pipe.kind == "town_gas":
        ranged = protection_range(pipe)
        control = ranged.control_rule if ranged else None
        if ranged is None or control is None:
            return []
        told = {"needs_place": "", "to_m": ranged.control, "meaning": "works need the operator's consent"}
        return [{**control, **told, "activity": "works"}]
    kind = pipe.kind or "long_distance"
    rules = [r for r in table_rows("pipeline_ranges") if r["kind"] == kind and r["needs_place"] != "tunnel"]
    return sorted(
        ({**r, "activity": "digging" if r["activity"] == "protection" else r["activity"]} for r in rules),
        key=lambda r: r["to_m"],
    )


def _row(pipe: Pipe, line: Any, other: Activity, rule: dict[str, Any]) -> dict[str, Any] | None:
    distance = float(shapely.distance(line, other.shape))
    u = SIGMAS * float(np.hypot(pipe.error_m, other.error_m))
    if rule["activity"] not in other.words or distance - u >= rule["to_m"]:
        return None
    segment = shapely.shortest_line(line, other.shape)
    at = float(locate(pipe.geometry, np.array([shapely.get_point(segment, 0)]))[0])
    certain = distance + u < rule["to_m"]
    clause = f"{rule['standard']}-{rule['edition']} {rule['clause']}"
    said = f"within {rule['to_m']:g} m {rule['meaning']} by {clause}"
    needs = [*pipe.needs, "what is done there"]
    needs += [] if certain else ["better positions: the errors allow both answers"]
    return {
        "kind": "activity",
        "verdict": "notify" if certain else "undecided",
        "from_m": at,
        "to_m": at,
        "target_layer": other.layer,
        "target_id": other.id,
        "target_name": other.name,
        "range_m": float(rule["to_m"]),
        "distance_m": distance,
        "uncertainty_m": u,
        "depth_m": np.nan,
        "overlap_m2": np.nan,
        "reason": f"{other.said}, {distance:.1f} m (± {u:.1f} m) away; {said}",
        "needs": "; ".join(needs),
        "confidence": rule["confidence"],
        **{c: rule[c] for c in ("standard", "edition", "clause")},
        "geometry": segment,
    }


def unchecked_activities() -> list[str]:
    """Activities of articles 30 to 35 that no layer shows."""
    return [f"{what} ({clause}): no layer shows them" for what, clause in _NO_LAYER]
