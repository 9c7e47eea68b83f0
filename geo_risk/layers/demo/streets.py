"""Streets and lanes: points with the grain of their town, joined by a relative-neighbour graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

from .arterials import RANK, STEP, MainRoads
from .land import Land
from .plan import Plan
from .rng import normal, stream, uniform
from .towns import Park, People, Towns

# Kilometres of each class in the documented city, main roads included.
_SECONDARY_KM, _TERTIARY_KM = 470.0, 880.0


@dataclass(frozen=True)
class Net:
    """Nodes (N, 2), straight edges (M, 2), their class rank, and whether they are bridges, tunnels, spanning."""

    xy: NDArray[np.float64]
    edge: NDArray[np.int64]
    rank: NDArray[np.int64]
    bridge: NDArray[np.bool_]
    tunnel: NDArray[np.bool_]
    tree: NDArray[np.bool_]
    urban: NDArray[np.float64]  # (N,) 1 in the middle of a town, falling to 0 in the open


def make_streets(plan: Plan, land: Land, towns: Towns, parks: list[Park], people: People, main: MainRoads) -> Net:
    """Points, edges, classes by traffic, then dead ends by taking edges away."""
    rng = stream(plan.seed, "streets")
    xy, park_point = _points(rng, plan, land, towns, parks, people, main)
    urban = _urban(towns, xy)
    edge, rank = _edges(rng, xy, main)
    lines = shapely.linestrings(xy[edge])
    bridge, tunnel, keep = _obstacles(land, lines, rank)
    rank = np.where((rank == RANK["residential"]) & park_point[edge].all(axis=1), RANK["service"], rank)
    edge, rank, bridge, tunnel = edge[keep], rank[keep], bridge[keep], tunnel[keep]
    edge, rank, bridge, tunnel = _largest(len(xy), edge, rank, bridge, tunnel)
    length = _length(xy, edge)
    flow = _flows(rng, plan, main, xy, edge, rank, bridge, people)
    rank = _by_flow(plan, rank, length, flow)
    tree = _spanning(rng, len(xy), edge, rank, length, bridge)
    drop = _dropped(rng, edge, rank, bridge, tree, urban)
    return _compact(Net(xy, edge[~drop], rank[~drop], bridge[~drop], tunnel[~drop], tree[~drop], urban))


def _length(xy: NDArray, edge: NDArray) -> NDArray[np.float64]:
    return np.hypot(*(xy[edge[:, 1]] - xy[edge[:, 0]]).T)


def _urban(towns: Towns, xy: NDArray) -> NDArray[np.float64]:
    best = np.zeros(len(xy))
    for (x, y), radius in zip(towns.xy, towns.radius, strict=True):
        best = np.maximum(best, 1 - np.hypot(xy[:, 0] - x, (xy[:, 1] - y) / 1.15) / (1.5 * radius))
    return np.maximum(best, 0)


def _points(rng, plan, land, towns, parks, people, main) -> tuple[NDArray, NDArray]:
    """(N, 2) main nodes first, then towns, parks, villages and open land, each thinned to its own distance."""
    outline = land.limit.difference(land.river.buffer(18)).difference(
        shapely.union_all([land.lake, *land.canals]).buffer(12)
    )
    ground = outline.difference(land.hill.buffer(30))
    shapely.prepare(ground)
    works = shapely.union_all([p.area for p in parks])
    shapely.prepare(works)
    # A street point inside the circle over a main edge would break the edge out of the triangulation.
    along = shapely.get_coordinates(shapely.segmentize(shapely.linestrings(main.xy[main.edge]), 20.0))
    main_tree = cKDTree(along)
    kept, in_park = [main.xy], [np.zeros(len(main.xy), bool)]
    town = np.vstack([_town_grid(rng, towns, i) for i in range(len(towns.xy))])
    town = town[~shapely.contains_xy(works, town)]
    park = np.vstack([_park_grid(rng, p) for p in parks])
    park = park[shapely.contains_xy(works.buffer(-20), park)]
    village = _village_points(rng, people.villages)
    width, height = plan.extent
    open_land = rng.random((round(6_000 * plan.scale), 2)) * [width, height]
    for points, apart, is_park in (
        (town, 60.0, False),
        (park, 110.0, True),
        (village, 73.0, False),
        (open_land, 400.0, False),
    ):
        points = np.round(points[shapely.contains_xy(ground, points)], 2)
        points = points[main_tree.query(points, distance_upper_bound=STEP)[0] > 0.52 * STEP]
        earlier = cKDTree(np.vstack(kept))
        points = points[earlier.query(points, distance_upper_bound=apart)[0] >= apart]
        points = _thinned(points, apart)
        kept.append(points)
        in_park.append(np.full(len(points), is_park))
    return np.vstack(kept), np.concatenate(in_park)


def _town_grid(rng, towns: Towns, i: int) -> NDArray[np.float64]:
    """A grid of the town's own angle; every second line dropped in the outskirts."""
    radius = towns.radius[i] * 1.12
    step = uniform(rng, 1, 82, 98)[0] if i == 0 else uniform(rng, 1, 86, 118)[0]
    u, v = np.arange(-radius, radius, step), np.arange(-1.15 * radius, 1.15 * radius, step * 1.25)
    iu, iv = np.meshgrid(np.arange(len(u)), np.arange(len(v)))
    local = np.column_stack([u[iu.ravel()], v[iv.ravel()]])
    away = np.hypot(local[:, 0], local[:, 1] / 1.15)
    fringe = away > radius * (0.55 + 0.25 * rng.random(len(away)))
    keep = (away < radius * (0.85 + 0.15 * rng.random(len(away)))) & ~(
        fringe & ((iu.ravel() % 2 == 1) | (rng.random(len(away)) < 0.12))
    )
    local = local[keep]
    local = local + uniform(rng, 2 * len(local), -17, 17).reshape(-1, 2)
    c, s = np.cos(towns.angle[i]), np.sin(towns.angle[i])
    return towns.xy[i] + local @ np.array([[c, s], [-s, c]])


def _park_grid(rng, park: Park) -> NDArray[np.float64]:
    x0, y0, x1, y1 = park.area.bounds
    half = max(x1 - x0, y1 - y0) * 0.75
    u, v = np.meshgrid(np.arange(-half, half, 205.0), np.arange(-half, half, 170.0))
    local = np.column_stack([u.ravel(), v.ravel()]) + uniform(rng, 2 * u.size, -8, 8).reshape(-1, 2)
    c, s = np.cos(park.angle), np.sin(park.angle)
    return np.array([(x0 + x1) / 2, (y0 + y1) / 2]) + local @ np.array([[c, s], [-s, c]])


def _village_points(rng, villages: NDArray) -> NDArray[np.float64]:
    """Seven points a village, stretched in one direction."""
    n, each = len(villages), 7
    turn = np.repeat(np.pi * rng.random(n), each)
    u, v = 1.5 * 105 * normal(rng, n * each), 105 * normal(rng, n * each)
    away = np.column_stack([u * np.cos(turn) - v * np.sin(turn), u * np.sin(turn) + v * np.cos(turn)])
    return np.repeat(villages, each, axis=0) + away


def _thinned(points: NDArray, apart: float) -> NDArray[np.float64]:
    """Drop the later of any two points closer than ``apart``."""
    pairs = cKDTree(points).query_pairs(apart, output_type="ndarray")
    keep = [True] * len(points)
    for a, b in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].tolist():
        if keep[a] and keep[b]:
            keep[b] = False
    return points[np.array(keep, bool)]


def _edges(rng, xy: NDArray, main: MainRoads) -> tuple[NDArray, NDArray]:
    """Main edges, the relative-neighbour graph, and 20 % of the other Gabriel edges below 300 m."""
    simplices = Delaunay(xy).simplices
    edge = np.unique(
        np.sort(np.vstack([simplices[:, [0, 1]], simplices[:, [1, 2]], simplices[:, [0, 2]]]), axis=1), axis=0
    )
    length = _length(xy, edge)
    edge, length = edge[length < 1_500], length[length < 1_500]
    middle = (xy[edge[:, 0]] + xy[edge[:, 1]]) / 2
    gap, near = cKDTree(xy).query(middle, k=10)
    foreign = (near != edge[:, :1]) & (near != edge[:, 1:])
    gabriel = ~np.any(foreign & (gap < length[:, None] / 2 - 0.01), axis=1)
    to_a = np.hypot(*(xy[near] - xy[edge[:, 0]][:, None]).transpose(2, 0, 1))
    to_b = np.hypot(*(xy[near] - xy[edge[:, 1]][:, None]).transpose(2, 0, 1))
    neighbour = ~np.any(foreign & (np.maximum(to_a, to_b) < length[:, None] - 0.01), axis=1)
    lane = gabriel & (neighbour | ((length < 300) & (rng.random(len(edge)) < 0.20)))
    n = len(xy)
    key, main_key = edge[:, 0] * n + edge[:, 1], main.edge[:, 0] * n + main.edge[:, 1]
    lane &= ~np.isin(key, main_key)
    lanes = edge[lane]
    loose = ~np.isin(main_key, key)  # main edges the triangulation lacks: nothing may cross them
    if loose.any():
        tree = shapely.STRtree(shapely.linestrings(xy[main.edge[loose]]))
        crossing = np.unique(tree.query(shapely.linestrings(xy[lanes]), predicate="crosses")[0])
        lanes = np.delete(lanes, crossing, axis=0)
    return np.vstack([main.edge, lanes]), np.concatenate([main.rank, np.full(len(lanes), RANK["residential"])])


def _obstacles(land: Land, lines: NDArray, rank: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Bridges over water, tunnels through the hill, and which edges stay: no lane crosses river, lake or hill."""
    canal = shapely.union_all(land.canals)
    for area in (canal, land.river, land.lake, land.hill, land.limit):
        shapely.prepare(area)
    lane = rank >= RANK["residential"]
    over_canal, over_river = shapely.intersects(canal, lines), shapely.intersects(land.river, lines)
    hill = shapely.intersects(land.hill, lines)
    keep = ~(shapely.intersects(land.lake, lines) | (lane & (over_river | hill)))
    keep &= ~lane | shapely.contains(land.limit, lines)
    return over_canal | over_river, hill & (rank == RANK["trunk"]), keep


def _largest(n: int, edge: NDArray, *columns: NDArray) -> list[NDArray]:
    graph = csr_matrix((np.ones(len(edge)), (edge[:, 0], edge[:, 1])), shape=(n, n))
    label = connected_components(graph, directed=False)[1]
    keep = label[edge[:, 0]] == np.bincount(label).argmax()
    return [edge[keep], *(column[keep] for column in columns)]


def _flows(rng, plan, main: MainRoads, xy, edge, rank, bridge, people: People) -> NDArray[np.float64]:
    """(M,) gravity traffic along shortest paths from anchors and 40 villages to them and to 300 street corners."""
    used = np.unique(edge)
    villages = people.villages[np.argsort(rng.random(len(people.villages)), kind="stable")[:40]]
    spots = np.vstack([main.anchors, villages])
    source = used[cKDTree(xy[used]).query(spots)[1]]
    corners = used[np.argsort(rng.random(len(used)), kind="stable")[: plan.count(300)]]
    target = np.concatenate([source, corners])
    mass = np.concatenate([main.anchor_size, np.full(len(villages), 6.0), np.full(len(corners), 2.5)])
    factor = np.array([1, 1, 0.45, 0.6, 0.75, 0.9, 1.0, 1.1])[rank]
    cost = np.round(_length(xy, edge) * factor + 160 * bridge, 3)
    graph = csr_matrix((cost, (edge[:, 0], edge[:, 1])), shape=(len(xy), len(xy)))
    dist, before = dijkstra(graph, directed=False, indices=source, return_predecessors=True)
    pull = mass[: len(source), None] * mass[None, :] / (dist[:, target] + 1_500.0)
    row = np.repeat(np.arange(len(source)), len(target))
    at, weight = np.tile(target, len(source)), pull.ravel()
    n = len(xy)
    key = edge[:, 0] * n + edge[:, 1]
    order = np.argsort(key, kind="stable")
    sorted_key = key[order]
    flow = np.zeros(len(edge))
    hops = 0
    while len(at):
        previous = before[row, at]
        on = previous >= 0
        row, at, weight, previous = row[on], at[on], weight[on], previous[on]
        step = order[np.searchsorted(sorted_key, np.minimum(at, previous) * n + np.maximum(at, previous))]
        flow += np.bincount(step, weight, len(edge))
        at, hops = previous, hops + 1
        if hops % 8 == 0:  # journeys that have met go on as one
            state, group = np.unique(row * n + at, return_inverse=True)
            row, at, weight = state // n, state % n, np.bincount(group, weight, len(state))
    return np.round(flow, 6)


def _by_flow(plan: Plan, rank: NDArray, length: NDArray, flow: NDArray) -> NDArray[np.int64]:
    """Lanes with most traffic become secondary and tertiary until the documented lengths are met."""
    rank = rank.copy()
    for name, km in (("secondary", _SECONDARY_KM), ("tertiary", _TERTIARY_KM)):
        have = length[rank == RANK[name]].sum()
        lane = np.flatnonzero(rank >= RANK["residential"])
        lane = lane[np.argsort(-flow[lane], kind="stable")]
        room = km * 1_000 * plan.scale - have
        rank[lane[np.cumsum(length[lane]) < room]] = RANK[name]
    return rank


def _spanning(rng, n: int, edge, rank, length, bridge) -> NDArray[np.bool_]:
    """(M,) edges of a spanning tree that prefers main roads and dry land."""
    weight = (
        np.where(rank < RANK["residential"], 0.01, 1.0)
        * length
        * (0.6 + 0.8 * rng.random(len(edge)))
        * np.where(bridge, 6, 1)
    )
    graph = csr_matrix((np.round(weight + 1, 6), (edge[:, 0], edge[:, 1])), shape=(n, n))
    tree = minimum_spanning_tree(graph).tocoo()
    return np.isin(
        edge[:, 0] * n + edge[:, 1],
        np.minimum(tree.row, tree.col).astype(np.int64) * n + np.maximum(tree.row, tree.col),
    )


def _dropped(rng, edge, rank, bridge, tree, urban) -> NDArray[np.bool_]:
    """Outside the tree: 48 % (dense) to 66 % (open) of the lanes and 80 % of their bridges go."""
    density = urban[edge].mean(axis=1)
    share = np.where(bridge, 0.8, 0.66 - 0.18 * np.minimum(density / 0.5, 1))
    share = np.where(rank == RANK["service"], 0.12, share)
    return (rank >= RANK["residential"]) & ~tree & (rng.random(len(edge)) < share)


def _compact(net: Net) -> Net:
    used, flat = np.unique(net.edge, return_inverse=True)
    return Net(net.xy[used], flat.reshape(-1, 2), net.rank, net.bridge, net.tunnel, net.tree, net.urban[used])
