"""The answer sheet: conflicts and near misses put there on purpose, so that checks can be tested end to end.

Distances come from rules the system knows: 5 m of the Pipeline Protection Law art. 30, 50 m of GB
55037-2022 3.1.3, 35 m of GB 50156-2021 table 4.0.4, 20 m of GB 50016 4.4.5; those marked MC are from
memory, and the sheet says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely.geometry import LineString
from shapely.ops import substring

from .city import City
from .firms import line_frame
from .pipelines import Pipe
from .places import rectangles
from .rng import shuffled, stream, uniform

SCHOOL_KINDS, MIXED_KINDS = (1, 2), (9, 10, 11)
PIPE_LAW, LOT_RULE, FUEL_RULE, DEPOT_RULE, PARALLEL_RULE, INTAKE_RULE = (
    ("中华人民共和国石油天然气管道保护法", "30", 5.0, "V"),
    ("GB 55037-2022", "3.1.3", 50.0, "V"),
    ("GB 50156-2021", "4.0.4", 35.0, "MC"),
    ("GB 50016", "4.4.5", 20.0, "V"),
    ("GB 50251-2015", "parallel pipelines", 10.0, "MC"),
    ("HJ 338-2018", "first-class protection zone of a river intake, upstream", 1_000.0, "MC"),
)


@dataclass
class Truth:
    """What was put into the city on purpose; written as truth.json."""

    conflicts: list[dict] = field(default_factory=list)
    near_misses: list[dict] = field(default_factory=list)
    wrong_town: list[dict] = field(default_factory=list)
    in_impact_circle: list[dict] = field(default_factory=list)
    slow_towns: list[dict] = field(default_factory=list)
    detours: list[dict] = field(default_factory=list)
    misdeclared: list[dict] = field(default_factory=list)


# Off high-pressure mains, 15 m at the most, so that nothing seeded meets one by chance.
_OFF_HIGH_M = 20.0


class _Ground:
    """Where a seeded thing may stand: dry, off roads and mains, away from every other hazard."""

    def __init__(self, city: City) -> None:
        self.ground = city.blocks.ground
        self.roads = shapely.STRtree(city.roads.line)
        self.mains = shapely.STRtree([p.line for p in city.pipes if not p.trunk])
        self.high = shapely.STRtree([p.line for p in city.pipes if p.id.startswith("GY")])
        lots = np.array([r["xy"] for r in city.lots if r["kind"] == "危化品"])
        self.hazards = cKDTree(np.vstack([city.hazards.xy, lots]))
        self.trunks = shapely.STRtree([p.line for p in city.pipes if p.trunk])
        self.used: list[NDArray] = []

    def free(
        self, xy: NDArray, road_m: float, hazard_m: float, but: NDArray | None = None, trunk_m: float = 0.0
    ) -> bool:
        """Whether a thing may stand at xy; the hazard at ``but`` does not count."""
        point = shapely.Point(xy)
        if not shapely.contains_xy(self.ground, *xy) or len(self.roads.query(point, "dwithin", road_m)):
            return False
        if len(self.mains.query(point, "dwithin", 8.0)) or len(self.high.query(point, "dwithin", _OFF_HIGH_M)):
            return False
        if trunk_m and len(self.trunks.query(point, "dwithin", trunk_m)):
            return False
        near = self.hazards.data[self.hazards.query_ball_point(xy, hazard_m)]
        if but is not None:
            near = near[np.hypot(*(near - but).T) > 0.5]
        return len(near) == 0 and all(np.hypot(*(xy - u)) > 60 for u in self.used)

    def near(self, centre: NDArray, away: float, first_turn: float) -> NDArray | None:
        """A free place exactly ``away`` metres (to the centimetre) from a hazard, or None."""
        for turn in first_turn + np.linspace(0, 2 * np.pi, 37)[:-1]:
            xy = np.round(centre + away * np.array([np.cos(turn), np.sin(turn)]), 2)
            if self.free(xy, 10.0, 60.0, but=centre, trunk_m=330.0):
                return xy
        return None


def seed_findings(city: City) -> Truth:
    """Move places and lots' neighbours, add houses, branch lines and intakes; returns the answer sheet."""
    rng = stream(city.plan.seed, "findings")
    truth = Truth(misdeclared=city.hazards.misdeclared)
    ground = _Ground(city)
    houses = uniform(rng, 9, 0.6, 4.2), 5.0 + uniform(rng, 4, 0.6, 2.9)
    _houses(rng, city, ground, houses[0], truth.conflicts)
    _houses(rng, city, ground, houses[1], truth.near_misses)
    fuel = [r for r in city.hazards.fuel if r["kind"] == "加油站"]
    depots = [r for r in city.hazards.fuel if r["kind"] == "瓶装供应站"]
    lots = [r for r in city.lots if r["kind"] == "危化品"]
    jobs = (
        (fuel, SCHOOL_KINDS, FUEL_RULE, uniform(rng, 4, 18, 31), truth.conflicts, "hazard_sources"),
        (depots, SCHOOL_KINDS, DEPOT_RULE, uniform(rng, 2, 12, 17), truth.conflicts, "hazard_sources"),
        (lots, MIXED_KINDS, LOT_RULE, uniform(rng, 4, 24, 45), truth.conflicts, "parking_lots"),
        (fuel, SCHOOL_KINDS, FUEL_RULE, 35 + uniform(rng, 4, 0.6, 2.9), truth.near_misses, "hazard_sources"),
        (lots, MIXED_KINDS, LOT_RULE, 50 + uniform(rng, 4, 0.6, 2.9), truth.near_misses, "parking_lots"),
    )
    moved: set[int] = set()
    for sources, kinds, rule, gaps, sheet, layer in jobs:
        _neighbours(rng, city, ground, sources, kinds, rule, gaps, sheet, layer, moved)
    _branches(rng, city, ground, truth)
    _intakes(city, truth)
    _impact_circle(rng, city, ground, truth, moved)
    _wrong_towns(rng, city, truth)
    truth.slow_towns = [{"id": city.towns.code[i], "name": city.towns.name[i]} for i in city.rescue.unserved]
    return truth


def _entry(rule: tuple, source: tuple[str, str], target: tuple[str, str], clearance: float) -> dict:
    standard, clause, required, confidence = rule
    return {
        "standard": standard,
        "clause": clause,
        "confidence": confidence,
        "required_m": required,
        "source_layer": source[0],
        "source_id": source[1],
        "target_layer": target[0],
        "target_id": target[1],
        "clearance_m": round(float(clearance), 2),
    }


def _houses(rng, city: City, ground: _Ground, gaps: NDArray, sheet: list[dict]) -> None:
    """Farm houses beside the gas trunks, each with a few neighbours at a lawful distance."""
    lines = [p for p in city.pipes if p.trunk and p.medium == "天然气"][:2]
    todo = gaps.tolist()
    for _ in range(4_000):
        if not todo:
            return
        pipe = lines[len(todo) % 2]
        place, step = line_frame(np.array([pipe.line]), np.array([0.05 + 0.9 * rng.random()]))
        side = np.array([-step[0, 1], step[0, 0]]) * (1 if rng.random() < 0.5 else -1)
        wide, deep = 10 + 4 * rng.random(), 8 + 2 * rng.random()
        centre = place[0] + side * (todo[0] + deep / 2)
        if not ground.free(centre, 30.0, 180.0):
            continue
        house = rectangles(centre[None], step, np.array([wide]), np.array([deep]))[0]
        clearance = house.distance(pipe.line)
        if abs(clearance - todo[0]) > 0.4 or (clearance >= 5) != (todo[0] >= 5) or 5 <= clearance < 5.5:
            continue
        others = [p.line.distance(house) for p in city.pipes if p.trunk and p is not pipe]
        if min(others) < 60:
            continue
        number = _add_building(city, house, "住宅", 2, 1)
        for k in (1, 2, 3):
            at = centre + side * (24 * k) + step[0] * (rng.random() - 0.5) * 40
            if (
                ground.free(at, 14.0, 60.0)
                and min(p.line.distance(shapely.Point(at)) for p in city.pipes if p.trunk) > 18
            ):
                _add_building(city, rectangles(at[None], step, np.array([wide]), np.array([deep]))[0], "住宅", 2, 1)
        ground.used.append(centre)
        sheet.append(_entry(PIPE_LAW, ("gas_pipelines", pipe.id), ("buildings", number), clearance))
        todo.pop(0)


def _add_building(city: City, outline, kind: str, floors: int, homes: int) -> str:
    city.buildings.outline.append(outline)
    city.buildings.kind.append(kind)
    city.buildings.floors.append(floors)
    city.buildings.households.append(homes)
    return f"JZ{len(city.buildings.outline):05d}"


def _neighbours(
    rng,
    city: City,
    ground: _Ground,
    sources: list[dict],
    kinds: tuple,
    rule: tuple,
    gaps: NDArray,
    sheet: list[dict],
    layer: str,
    moved: set[int],
) -> None:
    """Bring existing crowded places to the given distances from existing hazard sites."""
    todo = gaps.tolist()
    places = city.places
    for k in shuffled(rng, len(sources)):
        source = sources[k]
        if not todo or source.get("seeded"):
            continue
        spot = ground.near(source["xy"], todo[0], 2 * np.pi * rng.random())
        able = [i for i in np.flatnonzero(np.isin(places.kind, kinds)).tolist() if i not in moved]
        if spot is None or not able:
            continue
        i = min(able, key=lambda j: (round(float(np.hypot(*(places.xy[j] - spot))), 1), j))
        _move(city, i, spot, moved)
        if rule is FUEL_RULE:
            places.capacity[i] = max(int(places.capacity[i]), 620)  # above 500 pupils: an important public building
        source["seeded"] = True
        ground.used.append(spot)
        sheet.append(
            _entry(rule, (layer, source["id"]), ("crowded_places", places.id[i]), np.hypot(*(spot - source["xy"])))
        )
        todo.pop(0)


def _move(city: City, i: int, spot: NDArray, moved: set[int]) -> None:
    city.places.xy[i] = spot
    city.places.error_m[i] = 0.1
    moved.add(i)


def _branches(rng, city: City, ground: _Ground, truth: Truth) -> None:
    """Three branch lines of another owner that run 4-7 m beside the product pipeline for 500 m."""
    base = next(p for p in city.pipes if p.medium == "成品油")
    length = base.line.length
    for k in range(3):
        gap = 4.0 + 3.0 * rng.random()
        for attempt in range(60):
            at = length * (0.12 + 0.27 * k + 0.2 * rng.random())
            piece = substring(base.line, at, min(at + min(500.0, 0.1 * length), length - 50))
            beside = shapely.get_coordinates(piece.offset_curve(gap if attempt % 2 else -gap))
            lead = beside[0] + (beside[0] - shapely.get_coordinates(piece)[0]) / gap * 160
            tail = beside[-1] + (beside[-1] - shapely.get_coordinates(piece)[-1]) / gap * 160
            line = LineString(np.round(np.vstack([lead, beside, tail]), 2))
            houses = [
                line.distance(city.buildings.outline[-1 - j]) for j in range(min(60, len(city.buildings.outline)))
            ]
            crowd = min(np.hypot(*(city.places.xy - p).T).min() for p in np.array(line.coords))
            others = min(p.line.distance(line) for p in city.pipes if p.trunk and p is not base)
            clearance = line.distance(base.line)
            if min(houses) > 60 and crowd > 200 and others > 25 and 3.5 < clearance < 8 and line.is_simple:
                break
        number = f"CS{101 + k}"
        city.pipes.append(
            Pipe(
                number,
                f"澜港化工原料支线{k + 1}",
                "长输管道",
                "成品油",
                219.0,
                4.0,
                7.1,
                "L245M钢",
                1.3,
                "埋地",
                2018 + k,
                "澜港储运有限公司",
                line,
            )
        )
        truth.conflicts.append(_entry(PARALLEL_RULE, ("gas_pipelines", number), ("gas_pipelines", base.id), clearance))


def _intakes(city: City, truth: Truth) -> None:
    """Two waterworks intakes a few hundred metres below the chemical park's jetties."""
    jetties = [r for r in city.hazards.loading if r["kind"] == "装卸码头"]
    for jetty, below, word in ((jetties[0], 420.0, "一"), (jetties[2], 640.0, "二")):
        x = jetty["xy"][0] + below
        spot = np.round(np.array([x, city.land.bank_y(np.array([x]))[0] + 70.0]), 2)
        city.rescue.add(f"临澜第{word}水厂取水口", "取水点", spot)
        number = city.rescue.facilities[-1]["id"]
        truth.conflicts.append(
            _entry(
                INTAKE_RULE,
                ("hazard_sources", jetty["id"]),
                ("emergency_facilities", number),
                np.hypot(*(spot - jetty["xy"])),
            )
        )


def _impact_circle(rng, city: City, ground: _Ground, truth: Truth, moved: set[int]) -> None:
    """Five places inside the potential impact radius r = 0.099 d sqrt(p) (d [mm], p [MPa]) of the largest gas trunk."""
    pipe = next(p for p in city.pipes if p.trunk and p.dn == 1016)
    radius = 0.099 * pipe.dn * pipe.mpa**0.5
    kinds = (6, 9, 10, 12, 17)
    for kind in kinds:
        for _ in range(800):
            place, step = line_frame(np.array([pipe.line]), np.array([0.06 + 0.88 * rng.random()]))
            side = np.array([-step[0, 1], step[0, 0]]) * (1 if rng.random() < 0.5 else -1)
            spot = np.round(place[0] + side * radius * (0.35 + 0.4 * rng.random()), 2)
            able = [i for i in np.flatnonzero(city.places.kind == kind).tolist() if i not in moved]
            if able and ground.free(spot, 24.0, 170.0):
                i = min(able, key=lambda j: (round(float(np.hypot(*(city.places.xy[j] - spot))), 1), j))
                _move(city, i, spot, moved)
                ground.used.append(spot)
                truth.in_impact_circle.append(
                    {
                        "place_id": city.places.id[i],
                        "pipeline_id": pipe.id,
                        "radius_m": round(radius, 1),
                        "distance_m": round(pipe.line.distance(shapely.Point(spot)), 2),
                    }
                )
                break


def _wrong_towns(rng, city: City, truth: Truth) -> None:
    """Seven firms carry the name of a township they do not stand in."""
    inside = shapely.buffer(np.array(city.towns.area), -400.0)
    order = shuffled(rng, len(city.firms.id))
    for i in order.tolist():
        if len(truth.wrong_town) == 7:
            return
        town = int(city.firms.town[i])
        if not shapely.contains_xy(inside[town], *city.firms.xy[i]):
            continue
        other = (town + 1 + int(rng.random() * (len(city.towns.name) - 1))) % len(city.towns.name)
        city.firms.written_town[i] = city.towns.name[other]
        truth.wrong_town.append(
            {"enterprise_id": city.firms.id[i], "written": city.towns.name[other], "stands_in": city.towns.name[town]}
        )
