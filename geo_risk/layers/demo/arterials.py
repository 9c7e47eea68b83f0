"""Main roads before any street: curves between towns, ring roads, the grid of the core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely.geometry import LineString

from .corridors import Corridors
from .land import Land, smooth_noise
from .plan import Plan
from .rng import stream, uniform
from .towns import Park, Towns

CLASSES = ("motorway", "motorway_link", "trunk", "primary", "secondary", "tertiary", "residential", "service")
RANK = {name: i for i, name in enumerate(CLASSES)}
STEP = 105.0  # spacing of points on main roads [m]


@dataclass(frozen=True)
class MainRoads:
    """Nodes (N, 2), edges (M, 2) and the class of each edge; edges meet only at nodes."""

    xy: NDArray[np.float64]
    edge: NDArray[np.int64]
    rank: NDArray[np.int64]
    anchors: NDArray[np.float64]
    anchor_size: NDArray[np.float64]
    through: list[LineString]  # axes of the roads that cross the whole city


def make_main_roads(
    plan: Plan, land: Land, towns: Towns, parks: list[Park], ways: Corridors, motorways: list
) -> MainRoads:
    """All main roads, noded and cut into pieces of about `STEP` metres."""
    rng = stream(plan.seed, "main roads")
    gates = _gates(rng, plan, land)
    big = np.array([p.area.centroid.coords[0] for p in parks[:4]])
    anchors = np.vstack([towns.xy, big, gates])
    size = np.concatenate([towns.people / 1e3, np.full(len(big), 60.0), np.full(len(gates), 45.0)])
    rings = {
        i: _ring(rng, towns.xy[i], _ring_m(towns, i), towns.angle[i])
        for i in range(len(towns.xy))
        if _has_ring(towns, i)
    }
    inside = shapely.union_all([shapely.Polygon(r.coords).buffer(-5) for r in rings.values()])
    lines, rank = _between(rng, land, anchors, size, inside)
    through = _national(gates, towns, ways, motorways)
    national = [line.difference(inside) for line in through]
    lines, rank = national + lines, [RANK["trunk"]] * len(national) + rank
    for i, ring in rings.items():
        more, classes = _core_grid(rng, towns, ring) if i == 0 else _town_cross(rng, towns, i, ring)
        lines += more
        rank += classes
    bridge = _island_road(land)
    lines.append(bridge)
    rank.append(RANK["secondary"])
    ground = land.limit.difference(land.river.buffer(45)).difference(land.lake.buffer(45))
    on_land = [part for line in lines[:-1] for part in [line.intersection(ground)]] + [bridge]
    xy, edge, cls = _noded(on_land, rank)
    return MainRoads(xy, edge, cls, anchors, size, through)


def _has_ring(towns: Towns, i: int) -> bool:
    return i == 0 or towns.people[i] > 40_000


def _ring_m(towns: Towns, i: int) -> float:
    """Half width of a town's (outer) ring road [m]: about 3.1 km round the documented core."""
    return float(towns.radius[i] * (0.95 if i == 0 else 0.68))


def _gates(rng, plan: Plan, land: Land) -> NDArray[np.float64]:
    """Places where main roads leave the city, spread round the dry part of the limit."""
    ring = LineString(shapely.get_coordinates(land.limit.exterior))
    dry = shapely.get_parts(ring.difference(land.river.buffer(300)))
    dry = shapely.line_merge(shapely.multilinestrings(list(dry)))
    longest = max(shapely.get_parts(dry), key=lambda p: p.length)
    n = 10 if plan.scale >= 1 else 5
    share = (np.arange(n) + 0.5 + 0.5 * (rng.random(n) - 0.5)) / n
    return np.round(shapely.get_coordinates(shapely.line_interpolate_point(longest, share, normalized=True)), 2)


def _between(rng, land: Land, anchors: NDArray, size: NDArray, rings) -> tuple[list, list[int]]:
    """S-curves between Gabriel neighbours: the strongest 28 % trunk, the next 44 % primary, the rest secondary."""
    away = np.hypot(*(anchors[:, None] - anchors[None]).transpose(2, 0, 1))
    pairs = []
    for i in range(len(anchors)):
        for j in range(i + 1, len(anchors)):
            middle = (anchors[i] + anchors[j]) / 2
            others = np.delete(np.hypot(*(anchors - middle).T), [i, j])
            if others.min(initial=np.inf) > 0.93 * away[i, j] / 2:
                pairs.append((-round(size[i] * size[j] / away[i, j], 6), i, j))
    pairs.sort()
    lines, rank = [], []
    for order, (_, i, j) in enumerate(pairs):
        share = (order + 0.5) / len(pairs)
        cls = RANK["trunk"] if share < 0.28 else RANK["primary"] if share < 0.72 else RANK["secondary"]
        bows = uniform(rng, 2, 0.02, 0.05) * np.where(rng.random(2) < 0.5, -1, 1)
        line = _s_curve(anchors[i], anchors[j], bows)
        blocked = line.intersects(land.lake.buffer(60)) or (
            cls != RANK["trunk"] and line.intersects(land.hill.buffer(40))
        )
        if blocked:
            line = _s_curve(anchors[i], anchors[j], -bows * 1.5)
            blocked = line.intersects(land.lake.buffer(60)) or (
                cls != RANK["trunk"] and line.intersects(land.hill.buffer(40))
            )
        if blocked:
            continue
        lines.append(line.difference(rings))
        rank.append(cls)
    return lines, rank


def _s_curve(a: NDArray, b: NDArray, bows: NDArray) -> LineString:
    along = np.linspace(0, 1, max(int(np.hypot(*(b - a)) / 190), 3) + 1)
    side = np.array([a[1] - b[1], b[0] - a[0]])
    shift = bows[0] * np.sin(np.pi * along) + bows[1] * np.sin(2 * np.pi * along)
    return LineString(np.round(a + along[:, None] * (b - a) + shift[:, None] * side, 2))


def _ring(rng, centre: NDArray, radius: float, angle: float, rough: float = 0.03) -> LineString:
    """A ring road: a rounded square turned with the streets, a little uneven and longer one way."""
    turn = np.linspace(0, 1, 97)
    wave = sum(0.6**k * np.sin(2 * np.pi * ((k + 2) * turn + rng.random())) for k in range(4))
    x, y = np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)
    r = radius * (1 + rough * wave) / (np.abs(x) ** 3.2 + np.abs(y) ** 3.2) ** (1 / 3.2)
    wide = 0.94 + 0.24 * rng.random()
    c, s = np.cos(angle), np.sin(angle)
    return LineString(np.round(centre + np.column_stack([r * x * wide, r * y * 0.92]) @ np.array([[c, s], [-s, c]]), 2))


def _national(gates: NDArray, towns: Towns, ways: Corridors, motorways: list) -> list:
    """Two through roads from limit to limit, and from the core's ring to the farthest gate."""
    west, east = gates[np.argmin(gates[:, 0])], gates[np.argmax(gates[:, 0])]
    south = gates[np.argmin(gates[:, 1])]
    low = gates[np.argsort(gates[:, 1], kind="stable")[1]]
    first = ways.line(west, east, 500, motorways)
    second = ways.line(south, towns.xy[0], 500, [*motorways, first])
    third = ways.line(low, east, 500, [*motorways, first, second])
    return [first, second, third]


def _core_grid(rng, towns: Towns, big: LineString) -> tuple[list, list[int]]:
    """Two rings and an arterial grid every 550-650 m, turned to the bank."""
    centre, angle, outer = towns.xy[0], towns.angle[0], _ring_m(towns, 0)
    lines, rank = [big, _ring(rng, centre, 0.43 * outer, angle)], [RANK["trunk"], RANK["primary"]]
    disc = shapely.Polygon(big.coords)
    along = np.linspace(-outer * 1.2, outer * 1.2, 61)
    for axis in (0, 1):
        at, k = -outer + 300 * rng.random(), 0
        while at < outer:
            bend = 70 * smooth_noise(rng, along, 3, 6_000.0)
            uv = np.column_stack([along, at + bend]) if axis == 0 else np.column_stack([at + bend, along])
            c, s = np.cos(angle), np.sin(angle)
            line = LineString(np.round(centre + uv @ np.array([[c, s], [-s, c]]), 2))
            lines.append(line.intersection(disc))
            rank.append(RANK["primary"] if k % 3 == 1 else RANK["secondary"])
            at += 550 + 100 * rng.random()
            k += 1
    return lines, rank


def _town_cross(rng, towns: Towns, i: int, ring: LineString) -> tuple[list, list[int]]:
    """A cross in the direction of the town's streets and one ring."""
    centre, radius = towns.xy[i], _ring_m(towns, i)
    disc = shapely.Polygon(ring.coords)
    lines, rank = [ring], [RANK["primary"]]
    along = np.linspace(-1.3 * radius, 1.3 * radius, 41)
    for turn in (0.0, np.pi / 2):
        c, s = np.cos(towns.angle[i] + turn), np.sin(towns.angle[i] + turn)
        uv = np.column_stack([along, 50 * smooth_noise(rng, along, 3, 3_000.0)])
        lines.append(LineString(np.round(centre + uv @ np.array([[c, s], [-s, c]]), 2)).intersection(disc))
        rank.append(RANK["secondary"])
    return lines, rank


def _island_road(land: Land) -> LineString:
    """One bridge to the sandbar and a road along it."""
    x0, _, x1, _ = land.island.bounds
    middle = (x0 + x1) / 2
    foot = np.array([middle, land.bank_y(np.array([middle]))[0] - 420])
    x = np.linspace(middle, x1 - 0.18 * (x1 - x0), 12)
    spine = [land.island.intersection(LineString([(v, -1e6), (v, 1e6)])).centroid.y for v in x]
    return LineString(np.round(np.vstack([foot, np.column_stack([x, spine])]), 2))


def _noded(lines: list, rank: list[int]) -> tuple[NDArray, NDArray, NDArray]:
    """Node all lines together, cut at about `STEP`, merge nodes closer than 32 m; the better class wins."""
    parts = [p for line in lines for p in shapely.get_parts(line) if p.geom_type == "LineString" and p.length > 60]
    cls = [
        r
        for line, r in zip(lines, rank, strict=True)
        for p in shapely.get_parts(line)
        if p.geom_type == "LineString" and p.length > 60
    ]
    pieces = shapely.get_parts(shapely.union_all(np.array(parts), grid_size=0.01))
    pieces = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(list(pieces))))
    tree = shapely.STRtree(parts)
    middles = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    hit, near = tree.query(middles, predicate="dwithin", distance=0.5)
    best = np.full(len(pieces), 99)
    np.minimum.at(best, hit, np.array(cls)[near])
    coords, edges, classes, start = [], [], [], 0
    for piece, c in zip(pieces, best, strict=True):
        n = max(round(piece.length / STEP), 1)
        coords.append(
            shapely.get_coordinates(shapely.line_interpolate_point(piece, np.linspace(0, 1, n + 1), normalized=True))
        )
        edges.append(np.column_stack([np.arange(start, start + n), np.arange(start + 1, start + n + 1)]))
        classes.append(np.full(n, c))
        start += n + 1
    return _merged(np.round(np.vstack(coords), 2), np.vstack(edges), np.concatenate(classes), 32.0)


def _merged(xy: NDArray, edge: NDArray, rank: NDArray, within: float) -> tuple[NDArray, NDArray, NDArray]:
    """Nodes closer than ``within`` metres become one (the first); of doubled edges the better class stays."""
    pairs = cKDTree(xy).query_pairs(within, output_type="ndarray")
    into = list(range(len(xy)))
    for a, b in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].tolist():
        if into[a] == a and into[b] == b:
            into[b] = a
    edge = np.sort(np.array(into)[edge], axis=1)
    edge, rank = edge[edge[:, 0] != edge[:, 1]], rank[edge[:, 0] != edge[:, 1]]
    order = np.lexsort((rank, edge[:, 1], edge[:, 0]))
    edge, rank = edge[order], rank[order]
    first = np.concatenate([[True], np.any(np.diff(edge, axis=0) != 0, axis=1)])
    used, flat = np.unique(edge[first], return_inverse=True)
    return xy[used], flat.reshape(-1, 2), rank[first]
