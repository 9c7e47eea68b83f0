"""Enterprises: sectors, places, staff and self-reported grades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from .arterials import RANK
from .blocks import Blocks
from .names import marks
from .network import Roads
from .plan import CITY, Plan
from .rng import apportion, choose, lognormal, normal, stream, uniform
from .towns import Park, People, Towns, township_of

# sector, firms of the documented city, code (GB/T 4754), name ending, site m2 a head, hazard score, share in parks
SECTORS = (
    ("纺织服装", 1_880, "C17", "纺织", 60, 1.0, 0.6),
    ("金属制品", 1_690, "C33", "金属制品", 90, 1.4, 0.8),
    ("通用专用设备", 1_410, "C34", "机械", 85, 1.1, 1.0),
    ("塑料橡胶", 830, "C29", "塑业", 80, 1.8, 0.9),
    ("电气电子", 750, "C38", "电子科技", 55, 0.9, 1.3),
    ("仓储物流", 420, "G59", "物流", 160, 1.6, 1.2),
    ("化工", 395, "C26", "化工", 180, 4.2, 4.0),
    ("造纸印刷", 330, "C22", "印务", 90, 1.5, 0.8),
    ("建材", 300, "C30", "建材", 150, 1.2, 0.6),
    ("木器家具", 290, "C21", "木业", 110, 2.2, 0.6),
    ("食品", 250, "C14", "食品", 70, 1.1, 0.8),
    ("汽车零部件", 188, "C36", "汽车部件", 95, 1.1, 1.6),
    ("加油加气站", 126, "F52", "加油站", 220, 3.4, 0.0),
    ("冶金铸造", 118, "C31", "铸造", 150, 2.8, 1.4),
    ("危化品经营", 96, "F51", "化学品贸易", 140, 3.8, 2.5),
    ("污水与固废", 63, "N77", "环保", 160, 1.7, 1.5),
    ("港口码头", 42, "G55", "港务", 220, 2.4, 3.0),
    ("医药", 36, "C27", "药业", 100, 2.4, 2.5),
    ("电力热力", 31, "D44", "热电", 200, 2.2, 1.5),
    ("船舶海工", 28, "C37", "船舶", 200, 2.0, 3.0),
    ("涉氨冷库", 26, "G59", "冷链", 120, 3.2, 0.8),
    ("其他", 100, "C41", "实业", 80, 1.0, 0.8),
)
SECTOR = {row[0]: i for i, row in enumerate(SECTORS)}
_GRADES = ((4, 113), (3, 752), (2, 2_914), (1, 5_620))
_CHECK = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass
class Firms:
    """Rows in id order."""

    id: list[str]
    name: list[str]
    credit_code: list[str]
    sector: NDArray[np.int64]
    xy: NDArray[np.float64]
    town: NDArray[np.int64]
    written_town: list[str]
    park: list[str]
    staff: NDArray[np.int64]
    area_m2: NDArray[np.int64]
    regulated: list[str]
    grade: NDArray[np.int64]
    address: list[str]

    def of(self, *sectors: str) -> NDArray[np.int64]:
        """Row numbers of the firms of some sectors."""
        return np.flatnonzero(np.isin(self.sector, [SECTOR[s] for s in sectors]))


def make_firms(plan: Plan, towns: Towns, parks: list[Park], people: People, roads: Roads, blocks: Blocks) -> Firms:
    """35 % in parks, half along main roads near towns, the rest in villages."""
    rng = stream(plan.seed, "firms")
    sector = np.repeat(np.arange(len(SECTORS)), [plan.count(row[1]) for row in SECTORS])
    sector = sector[np.argsort(rng.random(len(sector)), kind="stable")]
    n = len(sector)
    ground = blocks.clear
    lean = np.array([row[6] for row in SECTORS])[sector]
    odds = rng.random(n) ** (1 / np.maximum(lean, 1e-6))
    in_park = np.zeros(n, bool)
    in_park[np.argsort(-odds, kind="stable")[: round(0.35 * n)]] = True
    in_village = ~in_park & (rng.random(n) < 0.15 / 0.65) & (sector != SECTOR["加油加气站"])
    xy, park = np.zeros((n, 2)), np.full(n, -1)
    park[in_park] = _pick_park(rng, parks, sector[in_park])
    for k, p in enumerate(parks):
        xy[park == k] = _in_park(rng, p, int((park == k).sum()), ground)
    xy[in_village] = _in_villages(rng, people.villages, int(in_village.sum()), ground)
    roadside = ~in_park & ~in_village
    fuel = roadside & (sector == SECTOR["加油加气站"])
    xy[roadside] = _by_roads(rng, towns, roads, ground, int(roadside.sum()))
    xy[fuel] = _fuel(rng, roads, ground, int(fuel.sum()))
    staff = np.clip(np.round(lognormal(rng, n, 22, 1.4)), 1, 8_000).astype(np.int64)
    per_head = np.array([row[4] for row in SECTORS])[sector]
    area = np.round(staff * per_head * uniform(rng, n, 0.75, 1.25)).astype(np.int64)
    score = np.array([row[5] for row in SECTORS])[sector] + 0.35 * np.log(staff) + 0.35 * normal(rng, n)
    town = township_of(towns, xy)
    mark = marks(rng, n)
    names = [_name(mark[i], SECTORS[s][3], towns.name[town[i]]) for i, s in enumerate(sector)]
    return Firms(
        [f"LL{i + 1:06d}" for i in range(n)],
        _unique(names),
        _credit_codes(rng, n),
        sector,
        xy,
        town,
        [towns.name[t] for t in town],
        [parks[k].name if k >= 0 else "" for k in park],
        staff,
        area,
        _regulated(sector),
        _grades(score),
        _addresses(rng, towns, town, roads, xy),
    )


def _name(mark: str, trade: str, town: str) -> str:
    if trade == "加油站":
        return f"临澜{mark}加油站"
    return f"临澜{mark}{trade}有限公司"


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        stem = name.removesuffix("有限公司").removesuffix("加油站")
        out.append(name if seen[name] == 1 else f"{stem}{'二三四五六七八九'[seen[name] - 2]}厂{name[len(stem) :]}")
    return out


def _credit_codes(rng, n: int) -> list[str]:
    """18 characters that start with 99 and end in a wrong check character (GB 32100), so no real firm has them."""
    weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
    digits = np.floor(rng.random((n, 9)) * 10).astype(int)
    codes = []
    for row in digits:
        body = "99928100" + "".join(str(d) for d in row)
        check = (31 - sum(w * _CHECK.index(c) for w, c in zip(weights, body, strict=True)) % 31) % 31
        codes.append(body + _CHECK[(check + 7) % 31])
    return codes


def _pick_park(rng, parks: list[Park], sector: NDArray) -> NDArray[np.int64]:
    """Chemistry goes west, the rest by area; sizes fall quickly."""
    area = np.array([p.area.area for p in parks])
    general = area**0.9 * np.concatenate([[0.10, 1.0, 0.6], np.ones(len(parks) - 3)])
    chemical = area**0.5 * np.concatenate([[9.0, 3.0, 2.0], np.full(len(parks) - 3, 0.35)])
    port = np.concatenate([[1.0, 0.3, 4.0], np.full(len(parks) - 3, 0.02)])
    out = choose(rng, general, len(sector))
    chem = np.isin(sector, [SECTOR["化工"], SECTOR["危化品经营"], SECTOR["医药"]])
    ships = np.isin(sector, [SECTOR["港口码头"], SECTOR["船舶海工"]])
    out[chem] = choose(rng, chemical, int(chem.sum()))
    out[ships] = choose(rng, port, int(ships.sum()))
    return out


def _accepted(n: int, draw, ground) -> NDArray[np.float64]:
    """(n, 2) points of ``draw(count)`` that lie on the ground, in the order drawn."""
    kept = np.empty((0, 2))
    for _ in range(60):
        if len(kept) >= n:
            break
        points = np.round(draw(max(2 * (n - len(kept)), 20)), 2)
        kept = np.vstack([kept, points[shapely.contains_xy(ground, points)]])
    return kept[:n]


def _in_park(rng, park: Park, n: int, ground) -> NDArray[np.float64]:
    inside = park.area.buffer(-25).intersection(ground)
    shapely.prepare(inside)
    x0, y0, x1, y1 = park.area.bounds
    return _accepted(n, lambda k: np.array([x0, y0]) + rng.random((k, 2)) * [x1 - x0, y1 - y0], inside)


def _in_villages(rng, villages: NDArray, n: int, ground) -> NDArray[np.float64]:
    weight = lognormal(rng, len(villages), 1.0, 1.2)

    def draw(k: int) -> NDArray:
        return villages[choose(rng, weight, k)] + 130 * np.column_stack([normal(rng, k), normal(rng, k)])

    return _accepted(n, draw, ground)


def _by_roads(rng, towns: Towns, roads: Roads, ground, n: int) -> NDArray[np.float64]:
    """Beside secondary and better roads, 20-250 m off, bunched on some stretches and round the edges of towns."""
    rows = np.flatnonzero(
        (roads.rank >= RANK["trunk"]) & (roads.rank <= RANK["secondary"]) & ~roads.bridge & ~roads.tunnel
    )
    middle = shapely.get_coordinates(shapely.line_interpolate_point(roads.line[rows], 0.5, normalized=True))
    away = np.min([np.hypot(*(middle - c).T) / r for c, r in zip(towns.xy, towns.radius, strict=True)], axis=0)
    near = np.exp(-(((away - 0.95) / 0.75) ** 2)) + 0.03
    weight = roads.length[rows] * near * lognormal(rng, len(rows), 1.0, 1.25)

    def draw(k: int) -> NDArray:
        line = roads.line[rows[choose(rng, weight, k)]]
        ahead = shapely.get_coordinates(shapely.line_interpolate_point(line, rng.random(k), normalized=True))
        off = (22 + np.minimum(-75 * np.log(1 - rng.random(k)), 225)) * np.where(rng.random(k) < 0.5, 1, -1)
        ends = shapely.get_coordinates(shapely.get_point(line, 0)), shapely.get_coordinates(shapely.get_point(line, -1))
        step = ends[1] - ends[0]
        step /= np.maximum(np.hypot(*step.T), 1)[:, None]
        return ahead + off[:, None] * np.column_stack([-step[:, 1], step[:, 0]])

    return _accepted(n, draw, ground)


def _fuel(rng, roads: Roads, ground, n: int) -> NDArray[np.float64]:
    """Filling stations 28-40 m beside trunk to secondary roads."""
    rows = np.flatnonzero(
        (roads.rank >= RANK["trunk"]) & (roads.rank <= RANK["secondary"]) & ~roads.bridge & (roads.length > 60)
    )
    weight = np.sqrt(roads.length[rows])

    def draw(k: int) -> NDArray:
        line = roads.line[rows[choose(rng, weight, k)]]
        spot, step = line_frame(line, rng.random(k) * 0.6 + 0.2)
        off = uniform(rng, k, 28, 40) * np.where(rng.random(k) < 0.5, 1, -1)
        return spot + off[:, None] * np.column_stack([-step[:, 1], step[:, 0]])

    return _accepted(n, draw, ground)


def line_frame(line: NDArray, share: NDArray) -> tuple[NDArray, NDArray]:
    """Points (N, 2) at a share of each line's length, and the line's unit direction there (N, 2)."""
    at = share * shapely.length(line)
    before = shapely.get_coordinates(shapely.line_interpolate_point(line, np.maximum(at - 4, 0)))
    after = shapely.get_coordinates(shapely.line_interpolate_point(line, at + 4))
    step = after - before
    return shapely.get_coordinates(shapely.line_interpolate_point(line, at)), step / np.maximum(
        np.hypot(*step.T), 1e-6
    )[:, None]


def _regulated(sector: NDArray) -> list[str]:
    words = {
        "化工": "危险化学品",
        "危化品经营": "危险化学品",
        "加油加气站": "危险化学品",
        "涉氨冷库": "涉氨制冷",
        "冶金铸造": "金属冶炼",
        "木器家具": "粉尘涉爆",
    }
    return [words.get(SECTORS[s][0], "") for s in sector]


def _grades(score: NDArray) -> NDArray[np.int64]:
    counts = apportion(len(score), [c for _, c in _GRADES])
    order = np.argsort(-np.round(score, 9), kind="stable")
    grade = np.empty(len(score), np.int64)
    grade[order] = np.repeat([g for g, _ in _GRADES], counts)
    return grade


def _addresses(rng, towns: Towns, town: NDArray, roads: Roads, xy: NDArray) -> list[str]:
    """City, township, nearest named road and number."""
    named = np.flatnonzero(np.array([bool(n) for n in roads.name]) & (roads.rank >= RANK["trunk"]))
    pair = shapely.STRtree(roads.line[named]).query_nearest(shapely.points(xy), all_matches=False)
    road = np.empty(len(xy), np.int64)
    road[pair[0]] = named[pair[1]]
    number = np.floor(uniform(rng, len(xy), 1, 900)).astype(int)
    return [f"{CITY}{towns.name[t]}{roads.name[r]}{k}号" for t, r, k in zip(town, road, number, strict=True)]
