"""Crowded places and buildings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .arterials import RANK
from .blocks import Blocks
from .firms import line_frame
from .hazards import Hazards
from .names import marks
from .network import Roads
from .pipelines import Pipe
from .plan import Plan
from .rng import choose, lognormal, stream, uniform
from .towns import Park, People, Towns, township_of

# kind, count of the documented city, name ending, capacity median, sigma, least distance between two [m],
# power of the density they follow
KINDS = (
    ("幼儿园", 128, "幼儿园", 240, 0.35, 300, 0.8),
    ("小学", 76, "小学", 1_150, 0.4, 400, 0.8),
    ("中学", 58, "中学", 1_600, 0.4, 400, 0.8),
    ("职业学校", 8, "职业技术学校", 2_600, 0.3, 400, 0.7),
    ("医院", 31, "医院", 900, 0.7, 350, 0.9),
    ("诊所", 74, "卫生服务中心", 120, 0.5, 250, 0.7),
    ("养老院", 57, "养老院", 130, 0.5, 200, 0.6),
    ("农贸市场", 92, "农贸市场", 700, 0.5, 250, 0.8),
    ("商场", 96, "商场", 900, 0.8, 120, 1.1),
    ("宾馆", 138, "宾馆", 130, 0.5, 60, 1.1),
    ("大型餐馆", 236, "酒家", 180, 0.4, 50, 1.1),
    ("文体娱乐", 172, "影城", 260, 0.6, 60, 1.1),
    ("宗教场所", 48, "寺", 220, 0.7, 300, 0.4),
    ("车站码头", 11, "客运站", 900, 0.6, 800, 0.7),
    ("政务与社区服务", 61, "便民服务中心", 150, 0.5, 300, 0.8),
    ("景区", 16, "公园", 1_800, 0.6, 500, 0.5),
    ("员工宿舍", 118, "员工宿舍", 320, 0.6, 80, 0.0),
    ("大型社区活动点", 80, "社区活动中心", 260, 0.4, 200, 0.9),
)
MOST_IN_A_PLACE = 4_000  # persons
KEEP_FROM_HAZARDS, KEEP_FROM_TRUNKS, KEEP_FROM_HIGH = 160.0, 345.0, 60.0  # no conflict by chance [m]


@dataclass
class Places:
    """Crowded places in id order."""

    id: list[str]
    name: list[str]
    kind: NDArray[np.int64]
    xy: NDArray[np.float64]
    capacity: NDArray[np.int64]
    beds: NDArray[np.float64]
    area_m2: NDArray[np.int64]
    town: NDArray[np.int64]
    error_m: NDArray[np.float64]


@dataclass
class Buildings:
    """Footprints with use, floors and households; the seeded ones are added by the findings."""

    outline: list
    kind: list[str]
    floors: list[int]
    households: list[int]


def keep_out(hazards: Hazards, pipes: list[Pipe], lots: NDArray) -> list[tuple[cKDTree, float]]:
    """What crowded places keep away from, and how far [m]: hazard sites and lots, trunks, high-pressure mains."""
    trunk = shapely.segmentize(np.array([p.line for p in pipes if p.trunk]), 60.0)
    high = shapely.segmentize(np.array([p.line for p in pipes if p.id.startswith("GY")]), 20.0)
    return [
        (cKDTree(np.vstack([hazards.xy, lots])), KEEP_FROM_HAZARDS),
        (cKDTree(shapely.get_coordinates(trunk)), KEEP_FROM_TRUNKS),
        (cKDTree(shapely.get_coordinates(high)), KEEP_FROM_HIGH),
    ]


def make_places(
    plan: Plan,
    towns: Towns,
    parks: list[Park],
    people: People,
    roads: Roads,
    blocks: Blocks,
    away: list[tuple[cKDTree, float]],
) -> Places:
    """By density of people, each kind with its own spacing; dormitories at the edges of parks."""
    rng = stream(plan.seed, "places")
    ground = blocks.clear
    lanes = cKDTree(shapely.get_coordinates(shapely.segmentize(roads.line[roads.rank > RANK["motorway_link"]], 12.0)))
    taken: list[NDArray] = []
    kinds: list[int] = []
    rim = np.vstack([shapely.get_coordinates(p.area.exterior.segmentize(60.0)) for p in parks])
    for k, (_, full, _, _, _, spacing, power) in enumerate(KINDS):
        apart = float(spacing)
        want = plan.count(full)
        mine = np.empty((0, 2))
        weight = np.where(people.residents > 0, people.residents.astype(float) ** power, 0.0) if power else None
        for _ in range(40):
            if len(mine) >= want:
                break
            n = 6 * want + 40
            base = (
                people.xy[choose(rng, weight, n)]
                if weight is not None
                else rim[np.floor(rng.random(n) * len(rim)).astype(int)]
            )
            spot = np.round(base + uniform(rng, 2 * n, -95, 95).reshape(-1, 2), 2)
            spot = spot[shapely.contains_xy(ground, spot)]
            gap = lanes.query(spot, distance_upper_bound=300.0)[0]
            fits = (gap > 24) & (gap < 300)
            for tree, far in away:
                fits &= tree.query(spot)[0] > far
            for p in spot[fits]:
                if len(mine) < want and (not len(mine) or np.hypot(*(mine - p).T).min() > apart):
                    mine = np.vstack([mine, p])
            apart *= 0.85
        taken.append(mine)
        kinds += [k] * len(mine)
    xy = np.vstack(taken)
    kind = np.array(kinds)
    n = len(kind)
    sigma, median = np.array([r[4] for r in KINDS])[kind], np.array([r[3] for r in KINDS])[kind]
    spread = np.minimum(np.exp(sigma * np.log(lognormal(rng, n, 1.0, 1.0))), 3.0)
    capacity = np.round(np.clip(median * spread, 20, MOST_IN_A_PLACE)).astype(np.int64)
    beds = np.where(np.isin(kind, (4, 6)), np.round(np.clip(capacity * 0.55, 20, 1_400)), np.nan)
    area = np.round(capacity * uniform(rng, n, 4, 14)).astype(np.int64)
    town = township_of(towns, xy)
    mark = marks(rng, n)
    names = [f"{towns.name[t][:2]}{mark[i]}{KINDS[k][2]}" for i, (k, t) in enumerate(zip(kind, town, strict=True))]
    return Places([f"MJ{i + 1:05d}" for i in range(n)], names, kind, xy, capacity, beds, area, town, np.full(n, 1.0))


def make_buildings(
    plan: Plan, towns: Towns, roads: Roads, blocks: Blocks, pipes: list[Pipe], away: list[tuple[cKDTree, float]]
) -> Buildings:
    """Rows of houses along the lanes of the core and of the next two towns."""
    rng = stream(plan.seed, "buildings")
    lane = (roads.rank >= RANK["tertiary"]) & (roads.rank <= RANK["residential"]) & (roads.length > 50)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(roads.line, 0.5, normalized=True))
    near = np.zeros(len(middle), bool)
    for i, share in ((0, 0.33), (1, 0.22), (2, 0.22)):
        near |= np.hypot(*(middle - towns.xy[i]).T) < share * towns.radius[i]
    rows = np.flatnonzero(lane & near)
    spots, units, depth, wide, tall = [], [], [], [], []
    for row in rows.tolist():
        length = float(roads.length[row])
        for side in (-1.0, 1.0):
            at = 20.0 + 10 * rng.random()
            while at < length - 20:
                w, d = 16 + 18 * rng.random(), 10 + 4 * rng.random()
                place, step = line_frame(np.array([roads.line[row]]), np.array([at / length]))
                normal = np.array([-step[0, 1], step[0, 0]]) * side
                spots.append(place[0] + normal * (11 + d / 2 + 4 * rng.random()))
                units.append(step[0])
                depth.append(d)
                wide.append(w)
                tall.append(rng.random())
                at += w + 8 + 10 * rng.random()
    outline = rectangles(np.array(spots), np.array(units), np.array(wide), np.array(depth))
    streets = shapely.STRtree(roads.line)
    hit_road = np.unique(streets.query(outline, predicate="dwithin", distance=7.0)[0])
    hit_pipe = np.unique(shapely.STRtree([p.line for p in pipes]).query(outline, predicate="dwithin", distance=3.0)[0])
    bad = np.zeros(len(outline), bool)
    bad[hit_road] = bad[hit_pipe] = True
    bad |= ~shapely.contains(blocks.clear, outline)
    for tree, _ in away:
        bad |= tree.query(np.array(spots))[0] < 75.0
    pairs = shapely.STRtree(outline).query(outline, predicate="dwithin", distance=5.0)
    for a, b in pairs.T.tolist():
        if a < b and not bad[a] and not bad[b]:
            bad[b] = True
    good = np.flatnonzero(~bad)
    kind = ["住宅" if tall[i] < 0.82 else "商业" for i in good]
    floors = [6 if tall[i] < 0.45 else 11 if tall[i] < 0.7 else 18 if tall[i] < 0.78 else 3 for i in good]
    homes = [int(f * wide[i] / 9) if k == "住宅" else 0 for i, f, k in zip(good, floors, kind, strict=True)]
    return Buildings([outline[i] for i in good], kind, floors, homes)


def rectangles(centre: NDArray, step: NDArray, wide: NDArray, deep: NDArray) -> NDArray:
    """(N,) rectangles: ``wide`` along the unit vectors ``step`` (N, 2), ``deep`` across [m]."""
    side = np.column_stack([-step[:, 1], step[:, 0]])
    a, b = step * (wide / 2)[:, None], side * (deep / 2)[:, None]
    ring = np.stack([centre - a - b, centre + a - b, centre + a + b, centre - a + b, centre - a - b], axis=1)
    return shapely.polygons(np.round(ring, 2))
