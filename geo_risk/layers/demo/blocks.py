"""Blocks between streets: town parks, fish ponds and built-up areas are made of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .arterials import RANK
from .land import Land
from .network import Roads
from .plan import Plan
from .rng import stream
from .towns import Park, People


@dataclass(frozen=True)
class Blocks:
    """Polygons in local metres; ``ground`` is dry, off the hill and at least 12 m from any water.

    ``clear`` is the ground farther than 40 m from trunk pipelines, for everything that is no seeded conflict.
    """

    greens: NDArray
    ponds: NDArray
    built: NDArray
    ground: shapely.Geometry
    clear: shapely.Geometry


def make_blocks(plan: Plan, land: Land, parks: list[Park], people: People, roads: Roads, trunks: list) -> Blocks:
    """Street faces by density: dense ones are built up, some of them parks; some open ones are ponds."""
    rng = stream(plan.seed, "blocks")
    ground = roads.rank > RANK["motorway_link"]
    faces = shapely.get_parts(shapely.polygonize(roads.line[ground]))
    middle = shapely.get_coordinates(shapely.point_on_surface(faces))
    order = np.lexsort((middle[:, 1], middle[:, 0]))
    faces, middle = faces[order], middle[order]
    area = shapely.area(faces)
    gap, cell = cKDTree(people.xy).query(middle)
    density = np.where(gap < 200, people.residents[cell] / 0.04, 0.0)  # per km2
    works = shapely.union_all([p.area for p in parks])
    shapely.prepare(works)
    works_here = shapely.intersects(works, faces)
    motorway = shapely.union_all(roads.line[~ground].tolist()).buffer(60)
    shapely.prepare(motorway)
    waters = shapely.union_all([land.river, land.lake, *land.canals])
    shapely.prepare(waters)
    free = ~shapely.intersects(motorway, faces) & ~works_here & ~shapely.intersects(waters, faces)
    draw = rng.random(len(faces))
    urban = density > 1_500
    green = free & urban & (area > 12_000) & (area < 120_000) & (draw < 0.055)
    pond = free & (density < 900) & (area > 30_000) & (area < 260_000) & (draw < 0.20)
    spurs = shapely.union_all(roads.line[ground & (roads.rank >= RANK["residential"])][_dead_ends(roads, ground)])
    greens = _shrunk(faces[green], 9.0, 6.0)
    ponds = shapely.difference(_shrunk(faces[pond], 22.0, 14.0), spurs.buffer(12))
    ponds = _single(ponds, 4_000.0)
    built = faces[urban & ~green & (area < 200_000) & ~works_here]
    built = shapely.get_parts(shapely.coverage_union_all(built))
    built = shapely.set_precision(built[shapely.area(built) > 20_000], 0.01)
    ground = land.limit.difference(
        shapely.union_all([waters.buffer(12, quad_segs=3), *shapely.buffer(ponds, 12, quad_segs=3), land.hill])
    )
    clear = ground.difference(shapely.union_all(shapely.buffer(np.array(trunks), 40.0, quad_segs=2)))
    shapely.prepare(ground)
    shapely.prepare(clear)
    return Blocks(greens, ponds, built, ground, clear)


def _dead_ends(roads: Roads, ground: NDArray) -> NDArray[np.bool_]:
    """Among the lanes of ``ground``: which have an end that no other edge shares."""
    degree = np.bincount(np.concatenate([roads.start, roads.end]), minlength=len(roads.node))
    lane = ground & (roads.rank >= RANK["residential"])
    return (degree[roads.start[lane]] == 1) | (degree[roads.end[lane]] == 1)


def _shrunk(faces: NDArray, by: float, soft: float) -> NDArray:
    """Faces drawn back from their streets, corners rounded; what falls apart keeps its largest piece."""
    inner = shapely.buffer(shapely.buffer(faces, -by - soft, quad_segs=3), soft, quad_segs=3)
    return _single(inner, 2_000.0)


def _single(shapes: NDArray, least_m2: float) -> NDArray:
    parts = [max(shapely.get_parts(s), key=lambda p: p.area) for s in shapes if not s.is_empty]
    kept = [
        shapely.set_precision(shapely.simplify(p, 1.0), 0.01)
        for p in parts
        if p.geom_type == "Polygon" and p.area > least_m2
    ]
    return np.array([p for p in kept if p.geom_type == "Polygon"], dtype=object)
