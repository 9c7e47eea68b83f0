"""
Where an outline has room: every place it may be moved to, exactly, by Minkowski sums.

An outline P moved by v keeps the distance d from a shape T unless v lies in (T + (-P)) grown by d. The
sum of two convex pieces is the hull of the sums of their corners; other shapes are cut into triangles.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..conditions import Rules, demands, prepare, settled
from ..limits import Limits, limits
from ..setbacks import NEAR_MISS_M, POSITION_ERROR_M, ROAD_HALF_WIDTH_M, SIGMAS
from ..sides import Side, source_side, target_side

_GROUP = 4000  # shapes united at a time
QUADRANT = 16  # corners of a quarter of a round buffer
# One part in 2,000 for the scale of the map and one centimetre for rounding: what is called free is free on the ground.
_SCALE = 1 + 1 / 2000
_ROUNDING_M = 0.01


class Block(NamedTuple):
    """Something to keep ``distance_m`` [m] away from, and what it is; ``rule`` is the row that asks most."""

    shape: shapely.Geometry
    distance_m: float
    layer: str
    id: str
    name: str
    rule: str


def blocks(
    layers: Mapping[str, gpd.GeoDataFrame],
    project: Mapping[str, gpd.GeoDataFrame],
    rules: pd.DataFrame | Rules | None = None,
) -> list[Block]:
    """
    What the rules make a project keep clear of, and by how much for a verdict "clear".

    The distance is the largest that may be required, the position errors and unknown widths on top; for a
    row that is unverified, so much that no finding is left.
    """
    prepared, skipped = prepare(rules), Counter[tuple[str, str]]()
    mine = source_side(project, POSITION_ERROR_M, skipped), target_side(project, POSITION_ERROR_M, 0.0, skipped)
    theirs = (
        target_side(layers, POSITION_ERROR_M, ROAD_HALF_WIDTH_M, skipped),
        source_side(layers, POSITION_ERROR_M, skipped),
    )
    out: dict[tuple[str, str], Block] = {}
    for own, other, swapped in ((mine[0], theirs[0], False), (mine[1], theirs[1], True)):
        for block in _between(own, other, prepared, swapped):
            key = block.layer, block.id
            if key not in out or out[key].distance_m < block.distance_m:
                out[key] = block
    return list(out.values())


def _between(own: Side, other: Side, prepared: Rules, swapped: bool) -> Iterator[Block]:
    """What each of ``other`` asks of the rows of ``own``; ``swapped``: others are the sources."""
    if not len(own.code) or not len(other.code):
        return
    strength, names = prepared.frame["strength"].to_numpy(), prepared.frame["rule_id"].to_numpy(object)
    sources, targets = (other, own) if swapped else (own, other)
    code, kinds = settled(sources.kinds, prepared)
    found = limits([demands(options, prepared) for options in kinds], targets.kinds, prepared)
    low, low_rule, high, high_rule = found
    table = Limits(low[code], low_rule[code], high[code], high_rule[code])
    layer, key, name = (other.rows[c] for c in ("layer", "id", "name"))
    for i in range(len(own.code)):
        mine = np.full(len(other.code), own.code[i])
        found = table.at(other.code, mine) if swapped else table.at(mine, other.code)
        high, rule = found.high, found.high_rule
        u = SIGMAS * np.hypot(own.error[i], other.error)
        more = np.where(strength[rule] == 1, np.maximum(NEAR_MISS_M, 2 * u), u)
        distance = high + more + own.slack[i] + own.inset[i] + other.slack + other.inset
        for j in np.flatnonzero((rule >= 0) & ~_one_site(own, i, other)).tolist():
            yield Block(other.shapes[j], float(distance[j]), layer[j], key[j], name[j], str(names[rule[j]]))


def _one_site(own: Side, i: int, other: Side) -> NDArray[np.bool_]:
    """Which of the others belong to the enterprise of a row: two things of one site are no targets of each other."""
    same = np.zeros(len(other.code), bool)
    for column in ("enterprise_id", "enterprise_name"):
        value = own.rows[column][i]
        same |= (other.rows[column] == value) & bool(value)
    return same


def taken(
    outline: shapely.Geometry,
    shapes: NDArray[np.object_],
    distances: NDArray[np.float64],
    *,
    quadrant: int = QUADRANT,
) -> shapely.Geometry:
    """
    The moves (dx, dy) [m] that bring an outline nearer than its distance to some shape, as one polygon.

    ``shapes`` (N,), ``distances`` (N,) [m]. Round corners, of ``quadrant`` corners a quarter, are drawn outside of the
    circle: what is free of the result is free. Empty where there are no shapes.
    """
    if shapely.is_empty(shapes).all():
        return shapely.Polygon()
    pieces, owner = _convex(shapes)
    grown = distances[owner] * _SCALE / np.cos(np.pi / (4 * quadrant)) + _ROUNDING_M
    ours, _ = _convex(np.array([shapely.transform(outline, np.negative)], object))
    sums = [shapely.buffer(_sums(pieces, piece), grown, quad_segs=quadrant) for piece in ours]
    return _united(np.concatenate(sums))


def _united(shapes: NDArray[np.object_]) -> shapely.Geometry:
    """The union of many shapes: of neighbours first, some groups at a time."""
    order = np.argsort(_along(shapes), kind="stable")
    groups = [g for g in np.array_split(shapes[order], max(1, len(shapes) // _GROUP)) if len(g)]
    with ThreadPoolExecutor(min(len(groups), os.cpu_count() or 1)) as pool:
        return shapely.union_all(list(pool.map(shapely.union_all, groups)))


def _along(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """(N,) places along a line that keeps neighbours together: strips from south to north, each from west to east."""
    left, bottom, right, top = shapely.bounds(shapes).T
    x, y = (left + right) / 2, (bottom + top) / 2
    wide = np.ptp(y) / max(1.0, np.sqrt(len(shapes) / _GROUP)) or 1.0
    strip = np.floor((y - y.min()) / wide)
    return strip + (x - x.min()) / ((np.ptp(x) or 1.0) * 1.001)


def _convex(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """(pieces, shape each is of): convex pieces whose union is each shape: polygons, segments and points."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    flat = shapely.get_dimensions(parts)
    whole = shapely.area(shapely.convex_hull(parts)) <= shapely.area(parts) * (1 + 1e-9)
    bent = (flat == 2) & ~whole
    lines = flat == 1
    out, of = [parts[~bent & ~lines]], [owner[~bent & ~lines]]
    triangles, which = shapely.get_parts(shapely.constrained_delaunay_triangles(parts[bent]), return_index=True)
    out.append(triangles)
    of.append(owner[bent][which])
    xy, line = shapely.get_coordinates(parts[lines], return_index=True)
    within = np.flatnonzero(line[1:] == line[:-1])
    out.append(shapely.linestrings(np.stack([xy[within], xy[within + 1]], axis=1)))
    of.append(owner[lines][line[within]])
    return np.concatenate(out), np.concatenate(of)


def _sums(pieces: NDArray[np.object_], ours: shapely.Geometry) -> NDArray[np.object_]:
    """(N,) Minkowski sums of convex pieces with one."""
    xy, which = shapely.get_coordinates(pieces, return_index=True)
    mine = shapely.get_coordinates(ours)
    mine = np.concatenate([mine, mine[:1]])  # two at least, so that each sum is a line: made far sooner than points
    every = (xy[:, None, :] + mine[None, :, :]).reshape(-1, 2)
    return shapely.convex_hull(shapely.linestrings(every, indices=np.repeat(which, len(mine))))


def nearest_free(free: shapely.Geometry, at: tuple[float, float] = (0.0, 0.0)) -> tuple[float, float] | None:
    """The place in ``free`` nearest to ``at``; None where nothing is free."""
    if shapely.is_empty(free):
        return None
    point = shapely.get_coordinates(shapely.shortest_line(shapely.Point(at), free))[1]
    return float(point[0]), float(point[1])
