"""Where pipelines cross roads and waters: chainage, angle, kind, and whether the crossing is watched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..exposure import located
from ..rows import records, text, working
from .chainage import cut, locate, parts
from .pipes import Pipe

# Pieces of one road that meet at a junction, and carriageways cut in two, cross at one place [m].
_SAME_PLACE_M = 1.0
# Low and medium pressure town gas lies under every street: only these roads count for it, the others are counted.
_MAIN_ROADS = ("motorway", "motorway_link", "trunk", "trunk_link")
_STREET_PIPE_MPA = 0.4
_RANK = ("motorway", "trunk", "primary", "secondary", "tertiary")
_STEP_M = 1.0  # directions are taken over this length to each side


def crossing_rows(
    pipes: Sequence[Pipe], layers: Mapping[str, gpd.GeoDataFrame], skipped: Counter[tuple[str, str]]
) -> list[dict[str, Any]]:
    """
    Crossings as plain rows of ``schema.RESULTS["crossings"]``, one a pipeline and place.

    A road is crossed at a point, an area of water over a stretch, from bank to bank; the geometry is its middle.
    Where several pieces of road meet within 1 m the highest class is told. Without a column that says whether
    a pipeline is watched, ``monitoring`` is "unknown".
    """
    lines = np.array([*(p.geometry for p in pipes), None], object)[:-1]
    rows: list[dict[str, Any]] = []
    for layer, column in (("roads", "class"), ("water", "kind")):
        if layer not in layers or not len(lines):
            continue
        frame = layers[layer]
        shapes = np.asarray(frame.geometry.array)
        there = working(frame) & located(shapes) & (shapely.get_dimensions(shapes) > 0)
        others, shapes = records(frame[there]), shapes[there]
        at, near = shapely.STRtree(shapes).query(lines, predicate="intersects")
        for i, j in zip(at.tolist(), near.tolist(), strict=True):
            kind = text(others[j], column)
            if layer == "roads" and _street(pipes[i]) and kind not in _MAIN_ROADS:
                skipped["roads", "streets crossed by low and medium pressure town gas: not listed"] += 1
                continue
            rows += _rows(i, pipes[i], layer, others[j], kind, shapes[j])
    return _distinct(rows)


def _street(pipe: Pipe) -> bool:
    return pipe.kind == "town_gas" and pipe.pressure_mpa <= _STREET_PIPE_MPA


def _rows(i: int, pipe: Pipe, layer: str, other: dict[str, Any], kind: str, shape: Any) -> list[dict[str, Any]]:
    common = shapely.intersection(pipe.geometry, shape if shapely.is_valid(shape) else shapely.make_valid(shape))
    area = shapely.get_dimensions(shape) == 2
    monitoring = "unknown" if pd.isna(pipe.monitored) else "monitored" if pipe.monitored else "unmonitored"
    found = []
    for piece in _pieces(common):
        ends = shapely.points(shapely.get_coordinates(piece)[[0, -1]])
        at = np.sort(locate(pipe.geometry, ends))
        edge = shapely.boundary(shape) if area else shape
        found.append(
            {
                "row": i,
                "from_m": float(at[0]),
                "to_m": float(at[-1]),
                "target_layer": layer,
                "target_id": str(other["id"]),
                "target_name": text(other, "name"),
                "kind": kind,
                "angle_deg": _angle(pipe.geometry, edge, ends[0]),
                "laying": pipe.laying,
                "monitoring": monitoring,
                "needs": "whether the crossing is watched" if monitoring == "unknown" else "",
                "geometry": _middle(pipe.geometry, float(at[0] + at[-1]) / 2),
            }
        )
    return found


def _middle(line: Any, at: float) -> Any:
    return shapely.get_point(cut(line, at, at), 0)


def _pieces(common: Any) -> list[Any]:
    """The points and lines of an intersection, lines that follow one another joined."""
    single = shapely.get_parts(shapely.get_parts(common)) if not shapely.is_empty(common) else []
    points = [g for g in single if shapely.get_dimensions(g) == 0]
    lines = [g for g in single if shapely.get_dimensions(g) == 1]
    if len(lines) > 1:
        lines = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines))).tolist()
    return [*lines, *points]


def _angle(line: Any, other: Any, point: Any) -> float:
    """Angle [deg] from 0 to 90 between two lines where they meet; NaN where one has no direction there."""
    a, b = _direction(line, point), _direction(other, point)
    if a is None or b is None:
        return np.nan
    return float(np.degrees(np.arccos(min(abs(float(a @ b)), 1.0))))


def _direction(line: Any, point: Any) -> NDArray[np.float64] | None:
    lines = parts(line)
    if not lines:
        return None
    part = lines[int(shapely.distance(lines, point).argmin())]
    at = part.project(point)
    step = shapely.get_coordinates([part.interpolate(max(at - _STEP_M, 0.0)), part.interpolate(at + _STEP_M)])
    way = step[1] - step[0]
    length = float(np.hypot(*way))
    return way / length if length else None


def _distinct(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Road crossings of one pipeline within 1 m of each other as one, of the highest class."""
    found: list[dict[str, Any]] = []
    for row in sorted(rows, key=lambda r: (r["row"], r["target_layer"], r["from_m"], r["target_id"])):
        last = found[-1] if found else None
        same = last is not None and (last["row"], last["target_layer"]) == (row["row"], row["target_layer"])
        if last and same and row["target_layer"] == "roads" and row["from_m"] - last["from_m"] <= _SAME_PLACE_M:
            if _class(row) < _class(last):
                found[-1] = row
        else:
            found.append(row)
    return found


def _class(row: dict[str, Any]) -> int:
    kind = row["kind"].removesuffix("_link")
    return _RANK.index(kind) if kind in _RANK else len(_RANK)
