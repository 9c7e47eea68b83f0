"""Encroachment (占压): buildings on the protection range of a pipeline, or within its control range."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from ...standards import weakest
from ..clearance import overlap_depth
from ..exposure import located
from ..rows import number, records, table_rows, text, working
from .chainage import locate
from .pipes import Pipe

SIGMAS = 2.0  # position errors are 68 %; verdicts are given at 95 %
# Position error (68 %) [m] of rows that state none, as in the setback check.
ERRORS_M = {"buildings": 1.0, "crowded_places": 10.0, "hazard_sources": 10.0, "enterprises": 10.0, "risk_points": 10.0}
_LAYERS = ("buildings", "crowded_places", "hazard_sources", "enterprises")


class Range(NamedTuple):
    """Bounds of a protection range and the far edge of the control range, each from the centreline [m]; their rows."""

    low: float
    high: float
    control: float
    rule: dict[str, Any]
    control_rule: dict[str, Any] | None
    needs: str


class Other(NamedTuple):
    """What stands near a pipeline: a building, or a place told by a point or the outline of its grounds."""

    layer: str
    id: str
    name: str
    shape: Any
    error_m: float
    footprint: bool


def protection_range(pipe: Pipe) -> Range | None:
    """
    The protection and control range of a pipeline, measured from its centreline; None where no rule is known.

    Long-distance: 5 m (pipeline law art. 30). Chemicals: 5 m from the outer edge (decree 43 art. 21). Town gas by
    pressure, from the outer edge (GB 55009-2021): without a pressure every class is possible, without a diameter
    the pipe has no width. A pipeline of unknown kind may be any of them.
    """
    half = pipe.diameter_mm / 2000 if np.isfinite(pipe.diameter_mm) else 0.0
    rules = {r["kind"]: r for r in table_rows("pipeline_ranges") if r["activity"] == "protection"}
    long_m = float(rules["long_distance"]["to_m"])
    if pipe.kind == "long_distance":
        return Range(long_m, long_m, 0.0, rules["long_distance"], None, "")
    if pipe.kind == "hazmat":
        width = rules["hazmat"]["to_m"] + half
        return Range(width, width, 0.0, rules["hazmat"], None, "")
    if pipe.kind not in ("town_gas", ""):
        return None
    names = _pressure_classes(pipe.pressure_mpa)
    rows = [r for r in table_rows("gb55009_ranges") if r["source_class"] in names]
    widths = sorted((r for r in rows if r["kind"] == "protection"), key=lambda r: r["to_m"])
    control = max((r for r in rows if r["kind"] == "control"), key=lambda r: r["to_m"])
    least, most = widths[0], widths[-1]
    open_kind = pipe.kind == ""
    high = max(most["to_m"] + half, long_m + half if open_kind else 0.0)
    needs = "kind of the pipeline" if open_kind else "pressure" if least["to_m"] < most["to_m"] else ""
    return Range(least["to_m"] + half, high, control["to_m"] + half, least, control, needs)


def _pressure_classes(pressure: float) -> set[str]:
    """Source classes of ``gb55009_ranges.csv`` a pressure [MPa] belongs to; all where it is unknown."""
    bands = table_rows("gas_pressure_classes")
    if not np.isfinite(pressure):
        found = [b["pressure_class"] for b in bands]
    else:
        found = [b["pressure_class"] for b in bands if b["over_mpa"] < pressure <= b["upto_mpa"]]
        found = found or [bands[0 if pressure <= 0 else -1]["pressure_class"]]  # "high and above"
    return {"town_gas_high" if name.startswith("town_gas_high") else name for name in found}


def encroachment_rows(
    pipes: Sequence[Pipe], layers: Mapping[str, gpd.GeoDataFrame], skipped: Counter[tuple[str, str]]
) -> list[dict[str, Any]]:
    """
    Buildings and places on or near the ranges, as plain rows of ``schema.RESULTS["encroachments"]``.

    Let c be the distance from the centreline to the nearest edge, negative by how deep the line runs in the
    outline, and u = 2 sqrt(e1^2 + e2^2) from the 68 % position errors. "conflict": c + u is below the least range that
    may hold; "undecided": c - u is below the largest; else "notify" if c - u is within the control range of town
    gas. A place told by a point or by the outline of its grounds, and a pipe on a rack, are never in conflict.
    """
    others = _others(layers, skipped)
    ranges = [protection_range(p) for p in pipes]
    for pipe, ranged in zip(pipes, ranges, strict=True):
        if ranged is None:
            skipped["gas_pipelines", f"no protection range known for kind '{pipe.kind}'"] += 1
    ruled = [i for i, r in enumerate(ranges) if r is not None]
    if not others or not ruled:
        return []
    shapes = np.array([*(o.shape for o in others), None], object)[:-1]
    most = max(o.error_m for o in others)
    lines = np.array([*(pipes[i].geometry for i in ruled), None], object)[:-1]
    reach = np.array([max(r.high, r.control) for i in ruled if (r := ranges[i])])
    reach += SIGMAS * np.hypot([pipes[i].error_m for i in ruled], most)
    at, near = shapely.STRtree(shapes).query(lines, predicate="dwithin", distance=reach)
    rows = []
    for k, j in zip(at.tolist(), near.tolist(), strict=True):
        pipe, ranged = pipes[ruled[k]], ranges[ruled[k]]
        row = _judge(pipe, others[j], ranged) if ranged else None
        if row and _served(pipe, row):
            skipped["hazard_sources", "at the end of a pipeline, taken to be what it serves"] += 1
        elif row:
            rows.append({"row": ruled[k], **row})
    return rows


def _served(pipe: Pipe, row: dict[str, Any]) -> bool:
    """Whether a tank, jetty or plant stands at an end of the pipeline: it is what the pipeline is there for."""
    length = float(shapely.length(pipe.geometry))
    at_end = row["from_m"] <= row["range_m"] or row["to_m"] >= length - row["range_m"]
    return row["target_layer"] == "hazard_sources" and at_end


def _others(layers: Mapping[str, gpd.GeoDataFrame], skipped: Counter[tuple[str, str]]) -> list[Other]:
    found = []
    for layer in (n for n in _LAYERS if n in layers):
        frame = layers[layer]
        shapes = np.asarray(frame.geometry.array)
        there = working(frame) & located(shapes)
        if not there.all():
            skipped[layer, "closed, planned or without a place"] += int((~there).sum())
        points = there & (shapely.get_dimensions(shapes) < 2)
        if layer == "enterprises" and points.any():  # an office on the road tells nothing about the works behind it
            skipped[layer, "no outline"] += int(points.sum())
            there &= ~points
        for row, shape in zip(records(frame[there]), shapes[there], strict=True):
            error = number(row, "position_error_m")
            error = error if np.isfinite(error) else ERRORS_M[layer]
            area = shapely.get_dimensions(shape) == 2
            if layer == "buildings" and area and not shapely.is_valid(shape):
                shape = shapely.make_valid(shape)
            found.append(
                Other(layer, str(row["id"]), text(row, "name"), shape, error, layer == "buildings" and bool(area))
            )
    return found


def _judge(pipe: Pipe, other: Other, ranged: Range) -> dict[str, Any] | None:
    """The row of one pair, None where it keeps clear."""
    u = SIGMAS * float(np.hypot(pipe.error_m, other.error_m))
    # A network of many lines is looked at where the other is: what is cut off lies beyond every range.
    far = 2 * max(ranged.high, ranged.control) + 2 * u + 1.0
    left, bottom, right, top = shapely.bounds(other.shape)
    line = shapely.clip_by_rect(pipe.geometry, left - far, bottom - far, right + far, top + far)
    distance = float(shapely.distance(line, other.shape))
    signed = distance
    if distance == 0 and other.footprint:
        signed = -float(overlap_depth(_one(line), _one(other.shape))[0])
    sure = other.footprint and pipe.laying != "rack"
    needs = [ranged.needs] if ranged.needs else []
    if signed + u < ranged.low and sure:
        kind, verdict = "protection", "conflict"
    elif signed - u < ranged.high:
        kind, verdict = "protection", "undecided"
        needs += _open(pipe, other, signed, u, ranged)
    elif other.footprint and signed - u < ranged.control:
        kind, verdict = "control", "notify"
    else:
        return None
    width = ranged.control if kind == "control" else ranged.low if verdict == "conflict" else ranged.high
    rule = (ranged.control_rule if kind == "control" else None) or ranged.rule
    strip = shapely.buffer(line, width, quad_segs=16)
    inside = shapely.intersection(other.shape, strip)
    area = float(shapely.area(inside)) if other.footprint and shapely.is_valid(other.shape) else np.nan
    from_m, to_m = _beside(pipe.geometry, other.shape, strip)
    return {
        "kind": kind,
        "verdict": verdict,
        "from_m": from_m,
        "to_m": to_m,
        "target_layer": other.layer,
        "target_id": other.id,
        "target_name": other.name,
        "range_m": width,
        "distance_m": distance,
        "uncertainty_m": u,
        "depth_m": max(width - signed, 0.0) if kind == "protection" else np.nan,
        "overlap_m2": area if kind == "protection" else np.nan,
        "reason": _reason(kind, verdict, distance, u, width, rule),
        "needs": "; ".join(dict.fromkeys(needs)),
        "confidence": weakest([rule["confidence"]]),
        **{c: rule[c] for c in ("standard", "edition", "clause")},
        "geometry": other.shape if other.footprint else shapely.shortest_line(line, other.shape),
    }


def _one(shape: Any) -> NDArray[np.object_]:
    return np.array([shape, None], object)[:-1]


def _open(pipe: Pipe, other: Other, signed: float, u: float, ranged: Range) -> list[str]:
    """What keeps a pair undecided."""
    needs = []
    if pipe.laying == "rack":
        needs.append("what the rack stands on or passes")
    if not other.footprint:
        needs.append("footprint of the building")
    if signed + u >= ranged.low:
        needs.append("better positions: the errors allow both answers")
    return needs


def _reason(kind: str, verdict: str, distance: float, u: float, width: float, rule: dict[str, Any]) -> str:
    clause = f"{rule['standard']}-{rule['edition']} {rule['clause']}"
    said = f"{distance:.1f} m (± {u:.1f} m)"
    if kind == "control":
        return f"{said} within the control range of {width:g} m by {clause}; works need the operator's consent"
    if verdict == "conflict":
        return f"{said} inside the protection range of {width:g} m by {clause}"
    return f"{said} may be inside the protection range of {width:g} m by {clause}"


def _beside(line: Any, shape: Any, strip: Any) -> tuple[float, float]:
    """Chainage along the part of ``shape`` that lies in the strip; of its nearest place where none does."""
    near = shapely.intersection(shape, strip) if shapely.is_valid(shape) else shape
    corners = shapely.points(shapely.get_coordinates(near if not shapely.is_empty(near) else shape))
    if shapely.is_empty(near):
        corners = corners[[int(np.argmin(shapely.distance(corners, line)))]]
    closest = shapely.get_point(shapely.shortest_line(line, shape), 0)
    at = locate(line, np.append(corners, closest))
    return float(at.min()), float(at.max())
