"""Trunk pipelines, town gas and the chemical park's lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely.geometry import LineString

from .arterials import RANK
from .corridors import Corridors
from .hazards import Hazards
from .land import Land
from .network import Roads
from .plan import Plan
from .rng import stream, uniform
from .towns import Park, Towns

_MEDIUM_KM, _MEDIUM_LINES = 1_020.0, 640
# Gas mains lie beside the carriageway: the whole street net moved by one vector keeps every junction.
_BESIDE = np.array([6.5, 6.5])
_MEDIA = ("丙烯", "乙烯", "甲醇", "苯乙烯", "液氨", "氢气", "柴油")


@dataclass
class Pipe:
    """One line; ``trunk`` marks long-distance lines."""

    id: str
    name: str
    kind: str
    medium: str
    dn: float
    mpa: float
    wall: float
    material: str
    depth: float
    laying: str
    year: int
    owner: str
    line: LineString

    @property
    def trunk(self) -> bool:
        """A long-distance line, to which the Pipeline Protection Law applies."""
        return self.kind == "长输管道"


def make_pipelines(
    plan: Plan,
    towns: Towns,
    parks: list[Park],
    ways: Corridors,
    roads: Roads,
    hazards: Hazards,
    trunks: list[Pipe],
) -> list[Pipe]:
    """The trunks, the high-pressure main, the medium-pressure net it feeds, and plant lines."""
    rng = stream(plan.seed, "pipelines")
    medium = _medium(rng, plan, roads)
    high = _high(rng, plan, towns, ways, trunks, medium)
    return trunks + high + medium + _plant(rng, plan, parks, hazards)


def _year(rng) -> int:
    return int(uniform(rng, 1, 1998, 2025)[0])


def make_trunks(plan: Plan, land: Land, parks: list[Park], ways: Corridors, motorways: list) -> list[Pipe]:
    """Gas: west-east and over the river; crude and products: from the port and the chemical park to the limit."""
    rng = stream(plan.seed, "trunk pipelines")
    width = plan.extent[0]
    u = plan.unit
    ring = land.limit.exterior

    def exit_near(x: float, y: float) -> NDArray:
        return shapely.get_coordinates(ring.interpolate(ring.project(shapely.Point(x * u, y * u))))[0]

    gas = ways.line(exit_near(0, 16_500), exit_near(46_000, 10_500), 420, motorways)
    done = [*motorways, gas]
    x = 0.5 * (0.335 + 0.385) * width
    shore = np.array([x, land.bank_y(np.array([x]))[0] - 350 * u])
    north = np.array([x + 120 * u, land.bank_y(np.array([x]))[0] + 2_500 * u])
    south = exit_near(14_000, 4_000)
    inland = ways.line(south, shore, 420, done)
    river = LineString(np.round(np.vstack([shapely.get_coordinates(inland), north]), 2))
    done.append(river)
    chem, port = (np.array(parks[i].area.centroid.coords[0]) for i in (0, 2))
    crude = ways.line(chem, exit_near(1_500, 12_000), 380, done)
    done.append(crude)
    product = ways.line(port, exit_near(35_000, 3_000), 420, done)
    rows = (
        ("西气临澜干线", "天然气", 1016, 10.0, 17.5, gas),
        ("澜江南北联络线", "天然气", 813, 6.3, 14.2, river),
        ("临澜原油管道", "原油", 711, 8.0, 12.7, crude),
        ("澜港成品油管道", "成品油", 508, 8.0, 9.5, product),
    )
    return [
        Pipe(
            f"CS{k + 1:03d}",
            name,
            "长输管道",
            medium,
            dn,
            mpa,
            wall,
            "L485M钢",
            1.5,
            "埋地",
            _year(rng),
            "临澜管网有限公司",
            line,
        )
        for k, (name, medium, dn, mpa, wall, line) in enumerate(rows)
    ]


def _medium(rng, plan: Plan, roads: Roads) -> list[Pipe]:
    """Mains under the streets of tertiary and better class, the densest towns first."""
    street = (roads.rank >= RANK["primary"]) & (roads.rank <= RANK["tertiary"]) & ~roads.bridge & ~roads.tunnel
    rows = np.flatnonzero(street)
    stroke = roads.stroke[rows]
    length = np.bincount(stroke, roads.length[rows], minlength=len(roads.rank))
    dense = np.bincount(stroke, roads.length[rows] * roads.urban[rows], minlength=len(roads.rank)) / np.maximum(
        length, 1
    )
    order = [s for s in np.lexsort((np.arange(len(dense)), -np.round(dense, 6))).tolist() if length[s] > 550]
    lines: list[LineString] = []
    total = 0.0
    members: dict[int, list[int]] = {}
    for row, s in zip(rows.tolist(), stroke.tolist(), strict=True):
        members.setdefault(s, []).append(row)
    for s in order:
        merged = shapely.line_merge(shapely.multilinestrings(list(roads.line[members[s]])))
        for part in shapely.get_parts(merged):
            if part.length > 400 and total < _MEDIUM_KM * 1e3 * plan.scale:
                lines.append(shapely.transform(part, lambda xy: np.round(xy + _BESIDE, 2)))
                total += part.length
    sizes = (315.0, 250.0, 200.0, 160.0, 110.0)
    draw = rng.random((len(lines), 3))
    return [
        Pipe(
            f"ZY{k + 1:04d}",
            f"中压燃气管{k + 1}",
            "城镇燃气",
            "天然气",
            sizes[int(d[0] * 5)],
            0.4,
            14.0,
            "PE100",
            round(1.0 + 0.4 * d[1], 1),
            "埋地",
            2000 + int(25 * d[2]),
            "临澜燃气有限公司",
            line,
        )
        for k, (line, d) in enumerate(zip(lines, draw, strict=True))
    ]


def _high(rng, plan: Plan, towns: Towns, ways: Corridors, trunks: list[Pipe], medium: list[Pipe]) -> list[Pipe]:
    """From the trunk to the core, then on from town to town: a ring main that feeds the medium-pressure net."""
    vertices = np.vstack([shapely.get_coordinates(p.line) for p in medium])
    tree = cKDTree(vertices)
    out: list[Pipe] = []
    grades = ((4.0, 500.0, 9.5), (2.5, 400.0, 8.7), (2.5, 400.0, 8.7), (1.6, 300.0, 7.1), (1.6, 300.0, 7.1))
    stops = list(range(min(5, len(towns.xy))))
    gas = trunks[0].line
    start = np.round(shapely.get_coordinates(gas.interpolate(gas.project(shapely.Point(towns.xy[0]))))[0], 2)
    for k in stops:
        toward = start - towns.xy[k]
        edge = towns.xy[k] + 0.7 * towns.radius[k] * toward / max(np.hypot(*toward), 1)
        end = vertices[tree.query(edge)[1]]
        mpa, dn, wall = grades[k]
        line = ways.line(start, end, 320, [t.line for t in trunks] + [p.line for p in out])
        name = f"{towns.name[k][:2]}高压燃气管道"
        out.append(
            Pipe(
                f"GY{k + 1:03d}",
                name,
                "城镇燃气",
                "天然气",
                dn,
                mpa,
                wall,
                "L360M钢",
                1.2,
                "埋地",
                _year(rng),
                "临澜燃气有限公司",
                line,
            )
        )
        start = end
    return out


def _plant(rng, plan: Plan, parks: list[Park], hazards: Hazards) -> list[Pipe]:
    """Between jetties, tank farms and plants along the main rack of the chemical park; half on racks."""
    park = parks[0]
    shapely.prepare(park.area)
    inside = np.array(
        [r["xy"] for r in hazards.units if r["first"] and park.area.covers(shapely.Point(r["xy"]))]
    ).reshape(-1, 2)
    jetties = np.array([r["xy"] for r in hazards.loading[:2]])
    if len(inside) < 2:
        return []
    c, s = np.cos(park.angle), np.sin(park.angle)
    axes = np.array([[c, s], [-s, c]])  # rows: along and across the park
    middle = np.array(park.area.centroid.coords[0])
    out = []
    for k in range(plan.count(23)):
        a = jetties[k % 2] if k % 3 == 0 else inside[int(rng.random() * len(inside))]
        b = inside[int(rng.random() * len(inside))]
        if np.hypot(*(a - b)) < 300:
            b = inside[int(np.argmax(np.round(np.hypot(*(inside - a).T), 2)))]
        (ua, va), (ub, vb) = axes @ (a - middle), axes @ (b - middle)
        lane = 3.0 * k - 30.0  # each line keeps its own place on the rack
        corner = np.array([[ua, va], [ua, lane], [ub, lane], [ub, vb]]) @ axes + middle
        corner[0], corner[-1] = a, b
        medium = _MEDIA[k % len(_MEDIA)]
        rack = k % 2 == 0
        out.append(
            Pipe(
                f"HG{k + 1:03d}",
                f"园区{medium}管道{k + 1}",
                "危化品管道",
                medium,
                (150.0, 200.0, 250.0, 100.0)[k % 4],
                (2.0, 1.6, 1.0, 2.5)[k % 4],
                7.1,
                "20#钢",
                0.0 if rack else 1.2,
                "管架" if rack else "埋地",
                _year(rng),
                "临澜化工园区公用工程有限公司",
                LineString(np.round(corner, 2)),
            )
        )
    return out
