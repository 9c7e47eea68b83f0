"""Major hazard installations, filling stations, cylinder depots, jetties and loading points."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .arterials import RANK
from .blocks import Blocks
from .firms import SECTOR, Firms
from .land import Land
from .network import Roads
from .plan import Plan
from .rng import apportion, choose, shuffled, stream, uniform
from .towns import Park, People, Towns, township_of

FIRMS, UNITS_A_FIRM = 82, {1: 42, 2: 19, 3: 9, 4: 6, 5: 3, 8: 2, 11: 1}
LEVELS = (16, 32, 55, 70)
KINDS = (("罐区", 92), ("生产装置", 41), ("仓库", 30), ("其他", 10))
MISDECLARED = 4
# Bounds of R for the levels 1-4 (GB 18218-2018 Table 6, verified), drawn well inside so that a
# count of people a little different does not move the level.
_R_BOUNDS = ((112.0, 240.0), (54.0, 90.0), (12.5, 42.0), (1.2, 8.6))
# name, CAS, Q [t] and beta of GB 18218-2018 Tables 1-4 (verified), class symbol (beta of the named
# toxic gases is Table 3), density [t/m3], storage, gauge pressure [MPa], temperature [degC], weight, and the
# greatest usual stock [t] of a tank farm in the chemical park or the port, of one elsewhere, of a process
# unit and of a store of drums or cylinders (orders of magnitude of common practice)
SUBSTANCES = (
    ("汽油", "86290-81-5", 200, 1.0, "W5.3", 0.74, "内浮顶", 0.0, 20, 9.0, (20_000, 5_000, 100, 300)),
    ("柴油", "68334-30-5", 5_000, 1.0, "W5.4", 0.84, "拱顶罐", 0.0, 20, 8.0, (20_000, 8_000, 100, 300)),
    ("甲醇", "67-56-1", 500, 1.0, "W5.3", 0.79, "内浮顶", 0.0, 20, 12.0, (20_000, 3_000, 100, 800)),
    ("苯", "71-43-2", 50, 1.0, "W5.3", 0.88, "内浮顶", 0.0, 20, 6.0, (12_000, 1_400, 100, 200)),
    ("甲苯", "108-88-3", 500, 1.0, "W5.3", 0.87, "内浮顶", 0.0, 20, 4.0, (10_000, 1_500, 100, 800)),
    ("二甲苯", "1330-20-7", 5_000, 1.0, "W5.4", 0.86, "内浮顶", 0.0, 20, 3.0, (10_000, 6_000, 100, 300)),
    ("苯乙烯", "100-42-5", 500, 1.0, "W5.4", 0.91, "拱顶罐", 0.0, 15, 7.0, (10_000, 1_500, 100, 800)),
    ("丙烯", "115-07-1", 10, 1.5, "W2", 0.51, "球罐", 1.6, 25, 6.0, (2_000, 100, 80, 0)),
    ("液化石油气", "68476-85-7", 50, 1.5, "W2", 0.55, "球罐", 1.2, 25, 7.0, (1_000, 200, 60, 15)),
    ("液氨", "7664-41-7", 10, 2.0, "J3", 0.61, "卧罐", 1.2, 25, 9.0, (600, 40, 40, 0)),
    ("液氯", "7782-50-5", 5, 4.0, "J3", 1.40, "卧罐", 0.8, 25, 4.0, (150, 20, 10, 20)),
    ("环氧乙烷", "75-21-8", 10, 2.0, "W2", 0.87, "球罐", 0.4, 5, 4.0, (1_000, 60, 60, 0)),
    ("丙烯腈", "107-13-1", 50, 1.0, "W5.3", 0.81, "内浮顶", 0.0, 20, 4.0, (8_000, 1_400, 100, 200)),
    ("1,3-丁二烯", "106-99-0", 5, 1.5, "W2", 0.62, "球罐", 0.4, 20, 4.0, (1_000, 60, 80, 0)),
    ("天然气", "74-82-8", 50, 1.5, "W2", 0.42, "低温", 0.02, -162, 5.0, (2_000, 150, 20, 0)),
    ("氢", "1333-74-0", 5, 1.5, "W2", 0.012, "加压", 15.0, 25, 3.0, (6, 6, 5.5, 0)),
    ("醋酸乙烯酯", "108-05-4", 1_000, 1.0, "W5.3", 0.93, "内浮顶", 0.0, 20, 3.0, (6_000, 2_000, 100, 300)),
    ("丙酮", "67-64-1", 500, 1.0, "W5.3", 0.79, "内浮顶", 0.0, 20, 2.0, (5_000, 1_500, 100, 800)),
)
_ALPHA = ((100, 2.0), (50, 1.5), (30, 1.2), (1, 1.0), (0, 0.5))  # GB 18218-2018 Table 5 (verified)


# GB 50016 wants 20 m from a road's edge; with half the road and the positions' error this stays clear [m].
OFF_ROAD_M = 55.0
OFF_FAST_ROADS_M = 120.0  # bottle depots: 100 m off motorways, with room
OFF_FIRMS_M = 80.0  # a plant's own ground: nobody else's workshop stands beside its tanks


class _Site(NamedTuple):
    """An installation before its level is known; ``stock`` (substances,) is the most it may hold of each [t]."""

    firm: int
    kind: str
    xy: NDArray[np.float64]
    residents: int
    stock: NDArray[np.float64]
    large: bool  # in the chemical park or the port


class _Near(NamedTuple):
    """What an installation keeps away from."""

    ground: shapely.Geometry
    streets: shapely.STRtree
    firms: cKDTree
    firm_xy: NDArray[np.float64]

    def apart(self, place: NDArray[np.float64], firm: int) -> NDArray[np.float64]:
        """
        The nearest spot around ``place`` that keeps `OFF_ROAD_M` to every road, else the one farthest from roads.

        Of those that do, the first that keeps `OFF_FIRMS_M` to every firm but its own.
        """
        turns = 2 * np.pi * np.arange(16) / 16
        ring = np.column_stack([np.cos(turns), np.sin(turns)])
        spots = np.round(np.vstack([place, *(place + r * ring for r in (25.0, 50.0, 75.0, 100.0, 140.0))]), 2)
        spots = spots[shapely.contains_xy(self.ground, spots[:, 0], spots[:, 1])]
        if not len(spots):
            return self.firm_xy[firm]
        points = shapely.points(spots)
        far = shapely.distance(points, self.streets.geometries[self.streets.nearest(points)])
        free = np.flatnonzero(far >= OFF_ROAD_M)
        if not len(free):
            return spots[int(np.round(far, 2).argmax())]
        others = [set(found) - {firm} for found in self.firms.query_ball_point(spots[free], OFF_FIRMS_M)]
        return spots[next((k for k, found in zip(free, others, strict=True) if not found), free[0])]


@dataclass
class Hazards:
    """Installations (one row a unit and substance) and the smaller hazard sites, as dictionaries ready to write."""

    units: list[dict] = field(default_factory=list)
    fuel: list[dict] = field(default_factory=list)
    loading: list[dict] = field(default_factory=list)
    misdeclared: list[dict] = field(default_factory=list)

    @property
    def xy(self) -> NDArray[np.float64]:
        """(N, 2) places of all rows, units first, then fuel, then loading."""
        return np.array([row["xy"] for row in self.units + self.fuel + self.loading]).reshape(-1, 2)


def alpha(residents: float) -> float:
    """Exposure factor of GB 18218-2018 Table 5 by residents within 500 m."""
    return next(value for least, value in _ALPHA if residents >= least)


def make_hazards(
    plan: Plan, land: Land, towns: Towns, parks: list[Park], people: People, firms: Firms, blocks: Blocks, roads: Roads
) -> Hazards:
    """Quantities are solved backwards from the level each installation shall have."""
    rng = stream(plan.seed, "hazards")
    ground = blocks.clear
    owner = _owners(plan, parks, firms)
    n_units = np.repeat(np.arange(len(owner)), [c for _, c in owner])
    kind = np.repeat([0, 1, 2, 3], apportion(len(n_units), [n for _, n in KINDS]))[
        np.argsort(rng.random(len(n_units)), kind="stable")
    ]
    tree, near = cKDTree(people.xy), _Near(ground, shapely.STRtree(roads.line), cKDTree(firms.xy), firms.xy)
    sites = []
    for i, (o, k) in enumerate(zip(n_units, kind, strict=True)):
        firm, many = owner[o]
        place = _unit_place(rng, firms.xy[firm], many, ground, int((n_units[:i] == o).sum()))
        place = near.apart(place, firm)
        residents = int(people.residents[tree.query_ball_point(place, 500.0)].sum())
        large = firms.park[firm] in (parks[0].name, parks[2].name)
        stock = _stocks(KINDS[k][0], large, int(firms.sector[firm]))
        sites.append(_Site(firm, KINDS[k][0], place, residents, stock, large))
    out = Hazards()
    for i, (site, level) in enumerate(zip(sites, _levels(rng, sites), strict=True)):
        out.units += _unit_rows(rng, i, level, site, firms)
    _misdeclare(rng, out)
    _fuel_rows(rng, plan, towns, people, firms, ground, roads, out)
    _loading_rows(rng, plan, land, towns, parks, near, sites, out)
    return out


def _owners(plan: Plan, parks: list[Park], firms: Firms) -> list[tuple[int, int]]:
    """(firm, installations): most in the chemical park, then the east, the port, other parks, a few scattered."""
    sizes = [k for k in sorted(UNITS_A_FIRM, reverse=True) for _ in range(UNITS_A_FIRM[k])]
    n = plan.count(FIRMS)
    sizes = [sizes[int((i + 0.5) * len(sizes) / n)] for i in range(n)]
    chosen: list[int] = []
    park = np.array(firms.park)
    liking = np.isin(firms.sector, [SECTOR["化工"], SECTOR["危化品经营"], SECTOR["医药"]]).astype(float)
    groups = [
        (park == parks[0].name, 38),
        (park == parks[1].name, 14),
        (park == parks[2].name, 12),
        (np.isin(park, [p.name for p in parks[3:]]), 11),
        (park == "", 7),
    ]
    for (mask, _), want in zip(groups, apportion(n, [w for _, w in groups]), strict=True):
        scattered = np.isin(firms.sector, [SECTOR["涉氨冷库"], SECTOR["污水与固废"], SECTOR["危化品经营"]])
        like = np.where(park == "", scattered, liking)
        rows = np.flatnonzero(mask)
        rows = rows[np.lexsort((rows, -firms.staff[rows], -like[rows]))]
        chosen += rows[: int(want)].tolist()
    return list(zip(chosen, sizes, strict=True))


def _unit_place(rng, centre: NDArray, many: int, ground, number: int) -> NDArray[np.float64]:
    """Units lie on a ring round the middle of their plant."""
    turn, spread = 2 * np.pi * (number / many + 0.15 * rng.random()), 0.0 if many == 1 else 45.0 + 14.0 * many
    for shrink in (1.0, 0.6, 0.3, 0.0):
        place = np.round(centre + shrink * spread * np.array([np.cos(turn), np.sin(turn)]), 2)
        if shapely.contains_xy(ground, *place):
            return place
    return centre


def _stocks(kind: str, large: bool, sector: int) -> NDArray[np.float64]:
    """(substances,) greatest usual stock [t] of an installation; 0 where it does not hold the substance."""
    column = {"生产装置": 2, "仓库": 3, "罐区": 0 if large else 1}.get(kind, 1)
    stock = np.array([s[10][column] for s in SUBSTANCES], float)
    only = {SECTOR["涉氨冷库"]: "液氨", SECTOR["污水与固废"]: "液氯"}.get(sector)
    if only and not large:  # cold stores and waterworks hold one thing, however it is kept
        stock = np.array([float(s[10][1]) if s[0] == only else 0.0 for s in SUBSTANCES])
    return stock


def _able(site: _Site, level: int) -> NDArray[np.bool_]:
    """(substances,) which alone can make the installation of this level within its stock."""
    low, high = _R_BOUNDS[level - 1]
    least = np.array([1.05 * s[2] for s in SUBSTANCES])
    r = alpha(site.residents) * np.array([s[3] / s[2] for s in SUBSTANCES])
    return (site.stock >= least) & (site.stock * r >= 1.02 * low) & (least * r <= high)


def _levels(rng, sites: list[_Site]) -> list[int]:
    """The level of each installation: the documented mix, the severest where stocks allow them; 4 for the rest."""
    want = apportion(len(sites), LEVELS)
    level = np.full(len(sites), 4)
    order = shuffled(rng, len(sites))
    for lev in (1, 2, 3):
        able = [i for i in order if level[i] == 4 and _able(sites[i], lev).any()]
        level[able[: int(want[lev - 1])]] = lev
    return level.tolist()


def _unit_rows(rng, number: int, level: int, site: _Site, firms: Firms) -> list[dict]:
    """One unit of a main substance that makes its level, and up to two beside it that add little."""
    able = _able(site, level)
    weights = np.array([s[9] for s in SUBSTANCES])
    main = int(choose(rng, np.where(able, weights, 0.0), 1)[0])
    low, high = _R_BOUNDS[level - 1]
    r = alpha(site.residents) * np.array([s[3] / s[2] for s in SUBSTANCES])  # R of one tonne
    least = 1.05 * SUBSTANCES[main][2]
    high = min(high, site.stock[main] * r[main])
    stock = {main: max((low + (high - low) * rng.random() ** 1.4) / r[main], least)}
    for chance in (0.33, 0.1):
        tonnes = np.minimum(site.stock, (0.1 + 0.4 * rng.random()) * np.array([s[2] for s in SUBSTANCES]))
        beside = (tonnes > 0) & (tonnes * r < 0.04 * stock[main] * r[main])
        beside[list(stock)] = False
        pick = rng.random() < chance
        more = int(choose(rng, np.where(beside, weights, 0.0) if beside.any() else weights, 1)[0])
        if pick and beside[more]:
            stock[more] = float(tonnes[more])
    rows = []
    firm = site.firm
    year = int(uniform(rng, 1, 2001, 2024)[0])
    for j, (k, amount) in enumerate(stock.items()):
        name, cas, _, _, symbol, density, storage, pressure, temperature, _, _ = SUBSTANCES[k]
        tonnes = _round_up(amount)
        rows.append(
            {
                "id": f"WX{number + 1:04d}-{j + 1}",
                "unit": f"DY{number + 1:04d}",
                "firm": firms.id[firm],
                "firm_name": firms.name[firm],
                "name": f"{firms.name[firm].removesuffix('有限公司').removeprefix('临澜')}{name}{site.kind}",
                "kind": site.kind,
                "substance": name,
                "cas": cas,
                "tonnes": tonnes,
                "volume": round(tonnes / density / 0.85, 0),
                "storage": storage if site.kind != "仓库" else "桶装",
                "symbol": symbol,
                "pressure": pressure,
                "temperature": temperature,
                "level": level,
                "residents": site.residents,
                "year": year,
                "xy": site.xy,
                "first": j == 0,
            }
        )
    return rows


def _round_up(tonnes: float) -> float:
    """Three figures at most, never less."""
    unit = 10.0 ** (np.floor(np.log10(tonnes)) - 2)
    return float(np.round(np.ceil(round(tonnes / unit, 6)) * unit, 4))


def grade(rows: list[dict]) -> int:
    """Level 1-4 of one unit by GB 18218-2018 4.3: R = alpha * sum(beta * q / Q)."""
    table = {s[0]: s for s in SUBSTANCES}
    r = alpha(rows[0]["residents"]) * sum(
        table[x["substance"]][3] * x["tonnes"] / table[x["substance"]][2] for x in rows
    )
    return 1 if r >= 100 else 2 if r >= 50 else 3 if r >= 10 else 4


def _misdeclare(rng, out: Hazards) -> None:
    """Some installations are declared one level milder than their quantity gives."""
    units: dict[str, list[dict]] = {}
    for row in out.units:
        units.setdefault(row["unit"], []).append(row)
    for rows in units.values():
        level = grade(rows)
        for row in rows:
            row["level"] = level
    able = [u for u, rows in units.items() if rows[0]["level"] in (2, 3)]
    for k in np.sort(np.argsort(rng.random(len(able)), kind="stable")[:MISDECLARED]):
        rows = units[able[k]]
        out.misdeclared.append({"unit_id": able[k], "declared": rows[0]["level"] + 1, "computed": rows[0]["level"]})
        for row in rows:
            row["level"] += 1


def _fuel_rows(rng, plan: Plan, towns: Towns, people: People, firms: Firms, ground, roads: Roads, out: Hazards) -> None:
    """Petrol stations; the eighth of them with the fewest people about sell natural gas to lorries."""
    stations = firms.of("加油加气站")
    home = cKDTree(people.xy).query_ball_point(firms.xy[stations], 400.0)
    work = cKDTree(firms.xy).query_ball_point(firms.xy[stations], 200.0)
    about = [people.residents[h].sum() + firms.staff[w].sum() for h, w in zip(home, work, strict=True)]
    lonely = np.argsort(about, kind="stable")[: len(stations) // 8]
    for number, i in enumerate(stations):
        gas = number in lonely
        volume = [60.0] if gas else [60.0, 90.0, 120.0, 150.0]
        m3 = volume[int(rng.random() * len(volume))]
        kind, what = ("加气站", "天然气") if gas else ("加油站", "汽油")
        out.fuel.append(
            _site(
                f"JY{number + 1:03d}",
                firms.name[i],
                kind,
                what,
                round(m3 * (0.4 if gas else 0.7), 1),
                m3,
                firms.xy[i],
                firms.id[i],
            )
        )
    count = plan.count(14, 8)
    fast = shapely.union_all(roads.line[roads.rank <= RANK["trunk"]])
    for k in range(count):
        town = k % len(towns.xy)
        turns = 2 * np.pi * (rng.random() + np.arange(24) / 24)
        rim = towns.xy[town] + 1.05 * towns.radius[town] * np.column_stack([np.cos(turns), np.sin(turns)])
        free = shapely.contains_xy(ground, rim[:, 0], rim[:, 1])
        free &= shapely.distance(shapely.points(rim), fast) > OFF_FAST_ROADS_M
        place = np.round(rim[np.argmax(free)], 2)
        m3 = float([7.0, 8.5, 9.5][int(rng.random() * 3)])
        out.fuel.append(
            _site(
                f"PZ{k + 1:03d}",
                f"{towns.name[town][:2]}液化石油气瓶装供应站{k // len(towns.xy) + 1}",
                "瓶装供应站",
                "液化石油气",
                round(m3 * 0.42, 1),
                m3,
                place,
                "",
            )
        )


def _site(
    number: str, name: str, kind: str, substance: str, tonnes: float, volume: float, xy: NDArray, firm: str
) -> dict:
    storage = {"加油站": "埋地", "加气站": "低温", "瓶装供应站": "瓶装", "装卸码头": "常压", "装卸台": "常压"}[kind]
    return {
        "id": number,
        "name": name,
        "kind": kind,
        "substance": substance,
        "tonnes": tonnes,
        "volume": volume,
        "storage": storage,
        "xy": xy,
        "firm": firm,
    }


def _loading_rows(
    rng, plan: Plan, land: Land, towns: Towns, parks: list[Park], near: _Near, sites: list[_Site], out: Hazards
) -> None:
    """
    Three jetties at the chemical park and the port; loading points beside the tank farms there.

    A gas under pressure is loaded at one place of a tank farm only, a liquid at any number.
    """
    x0, _, x1, _ = parks[0].area.bounds
    spots = [x0 + 0.25 * (x1 - x0), x0 + 0.7 * (x1 - x0), parks[2].area.centroid.x]
    for k, x in enumerate(spots):
        y = land.bank_y(np.array([x]))[0] + 25
        place = np.round(np.array([x, y]), 2)
        town = towns.name[int(township_of(towns, place[None])[0])][:2]
        out.loading.append(
            _site(
                f"MT{k + 1:02d}",
                f"{town}危化品装卸码头{k + 1}号泊位",
                "装卸码头",
                ("甲醇", "苯乙烯", "汽油")[k],
                3_000.0,
                3_800.0,
                place,
                "",
            )
        )
    first = [row for row in out.units if row["first"]]
    firm_of = {row["unit"]: site.firm for row, site in zip(first, sites, strict=True)}
    farms = [row for row, site in zip(first, sites, strict=True) if site.kind == "罐区" and site.large] or first
    once = [row for row in farms if row["pressure"] > 0]
    liquid = [row for row in farms if row["pressure"] == 0] or farms
    for k in range(plan.count(140)):
        row = once[k] if k < len(once) else liquid[int(rng.random() * len(liquid))]
        turn = 2 * np.pi * rng.random()
        place = near.apart(np.round(row["xy"] + 55 * np.array([np.cos(turn), np.sin(turn)]), 2), firm_of[row["unit"]])
        site = _site(
            f"ZX{k + 1:03d}",
            f"{row['firm_name'].removesuffix('有限公司')}装卸台{k + 1}",
            "装卸台",
            row["substance"],
            30.0,
            40.0,
            place,
            row["firm"],
        )
        out.loading.append(site)
