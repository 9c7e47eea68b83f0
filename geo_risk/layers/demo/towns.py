"""Towns, their districts, industrial parks and people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi
from shapely.geometry import Point, Polygon

from .land import Land, ditches
from .names import town_names
from .plan import CITY_CODE, Plan
from .rng import apportion, choose, lognormal, normal, stream, uniform

PEOPLE = 1_780_000
_IN_TOWNS, _IN_DORMITORIES = 0.78, 0.06
_CORE = (22_800.0, 20_600.0)
CELL = 200.0
_MOST_PER_HA = 700  # residents of the densest estates
_CLEARED_M = 500.0  # about the chemical park, whose neighbours were moved away
_PARKS = (
    # name, half axes [km] of the documented city; the first four have a fixed place
    ("临澜化工园区", 0, 0),
    ("临澜东部新材料产业园", 1.75, 1.1),
    ("澜港临港物流园", 1.6, 0.75),
    ("临澜经济开发区", 1.9, 1.35),
)
_SMALL_PARK_HALF_AXES = (1_050, 930, 860, 800, 740, 690, 640, 600, 560, 520, 490, 460, 430, 400)


@dataclass(frozen=True)
class Towns:
    """Centres by rank; ``radius`` [m] is that of the built-up area, ``angle`` [rad] of the street grid."""

    name: list[str]
    code: list[str]
    xy: NDArray[np.float64]
    people: NDArray[np.int64]
    radius: NDArray[np.float64]
    angle: NDArray[np.float64]
    area: list[Polygon]


@dataclass(frozen=True)
class Park:
    """An industrial park."""

    name: str
    area: Polygon
    angle: float


@dataclass(frozen=True)
class People:
    """Residents on 200 m cells (centres) and the village clusters behind them."""

    xy: NDArray[np.float64]
    residents: NDArray[np.int64]
    day: NDArray[np.int64]
    households: NDArray[np.int64]
    villages: NDArray[np.float64]
    ditches: list


def make_towns(plan: Plan, land: Land) -> Towns:
    """The core by the river, the other centres far from each other and from it."""
    rng = stream(plan.seed, "towns")
    core = np.array(_CORE) * plan.unit
    core[1] = land.bank_y(core[:1])[0] - 4_300 * plan.unit
    ground = land.dry.buffer(-1_100 * plan.unit).difference(land.hill.buffer(900 * plan.unit))
    shapely.prepare(ground)
    centres = [core]
    size = np.array(plan.extent)
    while len(centres) < plan.towns:
        spots = rng.random((400, 2)) * size
        spots = spots[shapely.contains_xy(ground, spots)][:40]
        far = np.min([np.hypot(*(spots - c).T) - (1_900 * plan.unit if c is core else 0) for c in centres], axis=0)
        pull = 0.12 * np.hypot(*(spots - core).T)
        centres.append(np.round(spots[np.argmax(np.round(far - pull, 3))], 1))
    xy = np.array(centres)
    order = np.argsort(
        np.round(np.hypot(*(xy - core).T) * np.concatenate([[0], lognormal(rng, len(xy) - 1, 1.0, 0.5)]), 3),
        kind="stable",
    )
    xy = xy[order]
    rank = np.arange(plan.towns)
    total = round(PEOPLE * plan.scale)
    people = apportion(round(total * _IN_TOWNS), 1 / (rank + 1.6) ** 0.95)
    radius = 420.0 * (people / 1_000.0) ** 0.36
    angle = uniform(rng, plan.towns, -0.45, 0.45)
    angle[0] = np.arctan(np.gradient(land.bank[:, 1], land.bank[:, 0])[np.searchsorted(land.bank[:, 0], core[0])])
    codes = [f"{CITY_CODE}{i + 1:03d}" for i in rank]
    return Towns(town_names(plan.towns), codes, xy, people, radius, angle, _districts(plan, land, xy))


def _districts(plan: Plan, land: Land, xy: NDArray) -> list[Polygon]:
    """
    One area a town: Voronoi cells seen through a smooth bending of the plane, cut by the limit.

    All lines are noded together before polygons are made, so neighbours share every vertex.
    """
    rng = stream(plan.seed, "districts")
    width, height = plan.extent
    far = 4 * width
    frame = np.array([[-far, -far], [far + width, -far], [-far, far + height], [far + width, far + height]])
    cells = Voronoi(np.vstack([xy, frame]))
    shifts = rng.random((2, 3, 2))

    def bend(points: NDArray) -> NDArray:
        moved = points.copy()
        for k, (length, amount) in enumerate(((6_000.0, 420.0), (2_300.0, 95.0), (800.0, 20.0))):
            for axis in (0, 1):
                moved[:, axis] += amount * np.sin(2 * np.pi * (points[:, 1 - axis] / length + shifts[axis, k, 0]))
        return moved

    lines = []
    for ends in cells.ridge_vertices:
        if min(ends) >= 0:
            line = shapely.LineString(cells.vertices[ends]).intersection(
                shapely.box(-5e3, -5e3, width + 5e3, height + 5e3)
            )
            if not line.is_empty:
                lines.append(shapely.transform(shapely.segmentize(line, 150.0), bend))
    noded = shapely.union_all(shapely.set_precision([*lines, land.limit.exterior], 0.01), grid_size=0.01)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    probe = shapely.point_on_surface(faces)
    inside = shapely.contains(land.limit.buffer(0.05), probe)
    faces, probe = faces[inside], shapely.get_coordinates(probe[inside])
    owner = _owner(bend, cells, xy, probe)
    whole = [shapely.union_all(faces[owner == i]) for i in range(len(xy))]
    return _largest_parts(whole)


def _owner(bend, cells: Voronoi, xy: NDArray, probe: NDArray) -> NDArray[np.int64]:
    """(N,) town whose bent cell holds each probe: undo the bending by iteration, then nearest centre."""
    flat = probe.copy()
    for _ in range(60):
        flat = flat - 0.7 * (bend(flat) - probe)
    return np.argmin(np.hypot(flat[:, None, 0] - xy[None, :, 0], flat[:, None, 1] - xy[None, :, 1]), axis=1)


def _largest_parts(areas: list) -> list[Polygon]:
    """Exclaves (cut off by the limit's bends) go to the neighbour they share most border with."""
    keep = [max(shapely.get_parts(a), key=lambda p: p.area) for a in areas]
    loose = [p for a, k in zip(areas, keep, strict=True) for p in shapely.get_parts(a) if not p.equals(k)]
    for piece in loose:
        shared = [k.intersection(piece).length for k in keep]
        to = int(np.argmax(np.round(shared, 2)))
        keep[to] = shapely.union_all([keep[to], piece])
    return keep


def make_parks(plan: Plan, land: Land, towns: Towns) -> list[Park]:
    """The chemical park on the river in the west, two parks and the port at fixed places, the rest beside towns."""
    rng = stream(plan.seed, "parks")
    unit = plan.unit
    free = land.dry.difference(land.hill.buffer(250)).buffer(-60)
    core = shapely.buffer(Point(towns.xy[0]), 0.8 * towns.radius[0])
    x0, x1 = 4_000 * unit, 8_300 * unit
    x = np.linspace(x0, x1, 30)
    bank = land.bank_y(x)
    chemical = Polygon(
        np.vstack([np.column_stack([x, bank - 120]), np.column_stack([x[::-1], (bank - 2_350 * unit)[::-1]])])
    )
    parks = [_park(_PARKS[0][0], chemical, free, np.arctan2(bank[-1] - bank[0], x1 - x0))]
    places = ((37_800, -2_200), (28_900, -900), (23_500, -10_300))
    for (name, a, b), (px, below) in zip(_PARKS[1:], places, strict=True):
        centre = np.array([px * unit, land.bank_y(np.array([px * unit]))[0] + below * unit])
        angle = uniform(rng, 1, -0.15, 0.15)[0]
        box = _rounded_box(centre, a * 1e3 * unit, b * 1e3 * unit, angle)
        parks.append(_park(name, box, free.difference(core), angle))
    names = [n.removesuffix("镇").removesuffix("街道") for n in towns.name]
    small = min(len(_SMALL_PARK_HALF_AXES), plan.towns) if plan.towns < 60 else plan.towns - 4
    for i in range(small):
        town = 1 + i % (plan.towns - 1)
        half = _SMALL_PARK_HALF_AXES[i % len(_SMALL_PARK_HALF_AXES)] * (plan.scale**0.25 if plan.scale < 1 else 1)
        taken = shapely.union_all([p.area.buffer(300) for p in parks])
        turn = 2 * np.pi * rng.random() + np.linspace(0, 2 * np.pi, 13)[:-1]
        away = (towns.radius[town] * 0.75 + half) * (1.0 if i < plan.towns - 1 else 1.5)
        boxes = [
            _rounded_box(towns.xy[town] + away * np.array([np.cos(t), np.sin(t)]), half, half * 0.68, towns.angle[town])
            for t in turn
        ]
        room = [box.intersection(free).difference(taken).area for box in boxes]
        best = boxes[int(np.argmax(np.round(room, 0)))]
        kind = "工业集中区" if i < plan.towns - 1 else "科创产业园"
        parks.append(_park(f"{names[town]}{kind}", best, free.difference(taken), towns.angle[town]))
    return parks


def _rounded_box(centre: NDArray, a: float, b: float, angle: float) -> Polygon:
    box = shapely.box(-a + 120, -b + 120, a - 120, b - 120).buffer(120, quad_segs=3)
    c, s = np.cos(angle), np.sin(angle)
    turned = shapely.transform(box, lambda p: np.column_stack([p[:, 0] * c - p[:, 1] * s, p[:, 0] * s + p[:, 1] * c]))
    return shapely.transform(turned, lambda p: p + centre)


def _park(name: str, outline: Polygon, free, angle: float) -> Park:
    parts = shapely.get_parts(shapely.set_precision(outline.intersection(free), 0.01))
    return Park(name, max(parts, key=lambda p: p.area), float(angle))


def make_people(plan: Plan, land: Land, towns: Towns, parks: list[Park]) -> People:
    """Exponential towns with lumps the size of estates, villages along ditches, dormitories at most parks."""
    rng = stream(plan.seed, "people")
    width, height = plan.extent
    nx, ny = int(width // CELL), int(height // CELL)
    gx, gy = np.meshgrid((np.arange(nx) + 0.5) * CELL, (np.arange(ny) + 0.5) * CELL)
    xy = np.column_stack([gx.ravel(), gy.ravel()])
    works = shapely.union_all([p.area for p in parks])
    cleared = parks[0].area.buffer(_CLEARED_M)
    built = land.dry.difference(land.hill.buffer(60)).difference(works).difference(cleared)
    shapely.prepare(land.limit)
    dry = shapely.contains_xy(built, xy)
    total = round(PEOPLE * plan.scale)
    lump = lognormal(rng, len(xy), 1.0, 0.9)
    town_part = _town_density(towns, xy) * lump * dry
    lines = ditches(plan, land, towns.xy, 1.05 * towns.radius)
    villages, size = _villages(rng, plan, lines)
    village_part = np.zeros(len(xy))
    spot = villages[:, None, :] + 170.0 * np.stack(
        [normal(rng, len(villages) * 5).reshape(-1, 5), normal(rng, len(villages) * 5).reshape(-1, 5)], axis=2
    )
    cell = _cell(spot.reshape(-1, 2), nx, ny)
    np.add.at(village_part, cell, np.repeat(size / 5, 5))
    village_part *= dry
    dorm_spots = np.vstack([shapely.get_coordinates(p.area.exterior.segmentize(400.0)) for p in parks[1:]])
    dorm_part = np.zeros(len(xy))
    np.add.at(dorm_part, _cell(dorm_spots, nx, ny), lognormal(rng, len(dorm_spots), 1.0, 0.7))
    dorm_part *= shapely.contains_xy(land.dry.difference(cleared), xy)
    in_villages = 1 - _IN_TOWNS - _IN_DORMITORIES
    mix = sum(
        share * part / part.sum()
        for share, part in ((_IN_TOWNS, town_part), (in_villages, village_part), (_IN_DORMITORIES, dorm_part))
    )
    mix = np.minimum(mix, _MOST_PER_HA * CELL**2 / 1e4 / total)
    residents = apportion(total, np.round(mix, 12))
    inhabited = (residents > 0) | (shapely.contains_xy(land.limit, xy) & shapely.contains_xy(land.dry, xy))
    xy, residents = xy[inhabited], residents[inhabited]
    shapely.prepare(works)
    at_work = 120.0 * lognormal(rng, len(xy), 1.0, 0.5) * shapely.contains_xy(works, xy)
    centre = np.hypot(*(xy - towns.xy[0]).T) < 0.5 * towns.radius[0]
    day = np.round(residents * np.where(centre, 1.15, 0.82) + at_work).astype(np.int64)
    return People(xy, residents, day, np.ceil(residents / 2.8).astype(np.int64), villages, lines)


def _town_density(towns: Towns, xy: NDArray) -> NDArray[np.float64]:
    """(N,) people per m2 by distance from the centres; the gradient is steeper than the built-up radius."""
    total = np.zeros(len(xy))
    for (x, y), people, radius in zip(towns.xy, towns.people, towns.radius, strict=True):
        scale = radius / 3.25
        away = np.hypot(xy[:, 0] - x, (xy[:, 1] - y) / 1.15)
        total += people / (2 * np.pi * scale**2) * np.exp(-away / scale) * (away < 1.9 * radius)
    return total


def _villages(rng, plan: Plan, lines: list) -> tuple[NDArray, NDArray]:
    """Cluster centres beside ditches (N, 2) and their households."""
    n = plan.count(1_900)
    length = shapely.length(np.array(lines))
    which = choose(rng, length, n)
    along = rng.random(n) * length[which]
    spot = shapely.get_coordinates(shapely.line_interpolate_point(np.array(lines)[which], along))
    spot = spot + uniform(rng, n, 45, 110)[:, None] * np.where(rng.random(n) < 0.5, 1, -1)[:, None] * 0.7
    return np.round(spot, 2), np.floor(uniform(rng, n, 20, 121))


def _cell(xy: NDArray, nx: int, ny: int) -> NDArray[np.int64]:
    col = np.clip(np.floor(xy[:, 0] / CELL).astype(np.int64), 0, nx - 1)
    row = np.clip(np.floor(xy[:, 1] / CELL).astype(np.int64), 0, ny - 1)
    return row * nx + col


def township_of(towns: Towns, xy: NDArray) -> NDArray[np.int64]:
    """(N,) index of the town whose area holds each point; the nearest area for a point outside all."""
    tree = shapely.STRtree(towns.area)
    nearest = tree.query_nearest(shapely.points(xy), all_matches=False)
    owner = np.empty(len(xy), np.int64)
    owner[nearest[0]] = nearest[1]
    return owner
