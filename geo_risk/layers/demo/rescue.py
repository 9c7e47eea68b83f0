"""Fire, rescue, ambulance, shelters, water supply, parking, past accidents."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from .arterials import RANK
from .firms import line_frame
from .hazards import Hazards
from .land import Land
from .motorways import Links
from .network import Roads
from .places import Places
from .plan import Plan
from .rng import choose, shuffled, stream
from .towns import Park, Towns

_FIRE = (
    ("特勤消防站", 1, 12, 55, 60, 40),
    ("普通消防站", 9, 7, 32, 60, 12),
    ("小型消防站", 5, 3, 15, 60, 2),
    ("专职消防队", 12, 3, 14, 90, 2),
    ("企业消防队", 7, 4, 18, 60, 20),
)
# Towns left without any fire crew, so that their rescue time exceeds the norm.
_UNSERVED = {"small": 1, "city": 3, "large": 12}


@dataclass
class Rescue:
    """Emergency facilities, hydrants and parking lots, as dictionaries ready to write."""

    facilities: list[dict] = field(default_factory=list)
    hydrants: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))
    unserved: list[int] = field(default_factory=list)

    def add(self, name: str, kind: str, xy: NDArray, **more) -> None:
        """One facility; ids run on."""
        self.facilities.append(
            {"id": f"YJ{len(self.facilities) + 1:04d}", "name": name, "kind": kind, "xy": np.round(xy, 2), **more}
        )


def beside_roads(roads: Roads, ground, xy: NDArray, off: float = 18.0) -> NDArray[np.float64]:
    """(N, 2) each place moved beside its nearest secondary to residential street, to the side that is dry ground."""
    rows, tree = roads.fronts
    pair = tree.query_nearest(shapely.points(xy), all_matches=False)
    row = np.empty(len(xy), np.int64)
    row[pair[0]] = rows[pair[1]]
    at = shapely.line_locate_point(roads.line[row], shapely.points(xy)) / roads.length[row]
    spot, step = line_frame(roads.line[row], np.clip(at, 0.1, 0.9))
    side = np.column_stack([-step[:, 1], step[:, 0]])
    out = np.round(spot + off * side, 2)
    for other in (-off, off / 2, -off / 2, 8.0):
        wet = ~shapely.contains_xy(ground, out)
        out[wet] = np.round(spot + other * side, 2)[wet]
    return out


def make_rescue(
    plan: Plan, land: Land, towns: Towns, parks: list[Park], roads: Roads, ground, places: Places
) -> Rescue:
    """Stations by size of town, leaving the farthest small towns without; the rest by people and parks."""
    rng = stream(plan.seed, "rescue")
    out = Rescue()
    n_towns = len(towns.xy)
    away = np.hypot(*(towns.xy - towns.xy[0]).T)
    small = np.arange(max(1, n_towns // 2), n_towns)
    out.unserved = sorted(small[np.argsort(-np.round(away[small], 1), kind="stable")][: _UNSERVED[plan.size]].tolist())
    served = [i for i in range(n_towns) if i not in out.unserved]
    for label, full, vehicles, crew, turnout, foam in _FIRE:
        for k in range(plan.count(full)):
            if label == "企业消防队":
                place = _inside(rng, parks[k % min(4, len(parks))])
                name = f"{parks[k % min(4, len(parks))].name}{label}{k // 4 + 1}"
            elif label == "特勤消防站":
                place, name = np.array(parks[0].area.centroid.coords[0]), f"{parks[0].name}{label}{k + 1 if k else ''}"
            else:
                town = served[k % len(served)] if label != "专职消防队" else served[-1 - k % len(served)]
                turn = 2 * np.pi * rng.random()
                place = towns.xy[town] + (0.15 + 0.5 * rng.random()) * towns.radius[town] * np.array(
                    [np.cos(turn), np.sin(turn)]
                )
                name = f"{towns.name[town][:2]}{label}{k // len(served) + 1}"
            place = beside_roads(roads, ground, place[None])[0]
            out.add(name, label, place, vehicles=vehicles, staff=crew, turnout=turnout, foam=foam)
    for i in np.flatnonzero(places.kind == 4):
        out.add(places.name[i], "医院", places.xy[i], beds=int(places.beds[i]), turnout=120)
    _spread(rng, plan, out, towns, roads, ground, "急救站", 9, "急救分站", vehicles=3, staff=12, turnout=90)
    _spread(rng, plan, out, towns, roads, ground, "应急救援队", 26, "应急救援队", vehicles=2, staff=16, turnout=180)
    _spread(rng, plan, out, towns, roads, ground, "应急物资库", 14, "应急物资库")
    _spread(rng, plan, out, towns, roads, ground, "泡沫库", 5, "泡沫库", foam=30)
    _spread(rng, plan, out, towns, roads, ground, "应急避难场所", 66, "避难场所")
    _spread(rng, plan, out, towns, roads, ground, "消防水鹤", 22, "消防水鹤")
    _natural_water(rng, plan, out, land)
    out.hydrants = _hydrants(rng, plan, towns, roads)
    return out


def _inside(rng, park: Park) -> NDArray[np.float64]:
    x0, y0, x1, y1 = park.area.bounds
    while True:
        place = np.array([x0, y0]) + rng.random(2) * [x1 - x0, y1 - y0]
        if park.area.covers(shapely.Point(place)):
            return place


def _spread(
    rng, plan: Plan, out: Rescue, towns: Towns, roads: Roads, ground, kind: str, full: int, word: str, **more
) -> None:
    n = plan.count(full)
    town = np.concatenate([np.arange(min(n, len(towns.xy))), choose(rng, towns.people, max(n - len(towns.xy), 0))])
    turn, share = 2 * np.pi * rng.random(n), 0.2 + 0.7 * rng.random(n)
    spot = towns.xy[town] + (share * towns.radius[town])[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    spot = beside_roads(roads, ground, spot, 22.0)
    seen: dict[int, int] = {}
    for t, place in zip(town.tolist(), spot, strict=True):
        seen[t] = seen.get(t, 0) + 1
        out.add(f"{towns.name[t][:2]}{word}{seen[t]}", kind, place, **more)


def _natural_water(rng, plan: Plan, out: Rescue, land: Land) -> None:
    """Places where engines can draw water, on the banks of canals and the lake."""
    rims = shapely.union_all([shapely.boundary(p) for p in [land.lake, *land.canals]]).intersection(
        land.limit.buffer(-300)
    )
    rims = rims.difference(land.river.buffer(60))
    parts = shapely.get_parts(shapely.line_merge(rims))
    which = choose(rng, shapely.length(parts), plan.count(168))
    spots = shapely.get_coordinates(
        shapely.line_interpolate_point(parts[which], rng.random(len(which)), normalized=True)
    )
    for k, place in enumerate(spots):
        out.add(f"天然取水点{k + 1}", "取水点", place)


def _hydrants(rng, plan: Plan, towns: Towns, roads: Roads) -> NDArray[np.float64]:
    """Each 120 m along urban streets, densest first; none in two old quarters of the core."""
    rows = np.flatnonzero(
        (roads.rank >= RANK["secondary"]) & (roads.rank <= RANK["residential"]) & (roads.urban > 0.25) & ~roads.bridge
    )
    middle = shapely.get_coordinates(shapely.line_interpolate_point(roads.line[rows], 0.5, normalized=True))
    for turn in 2 * np.pi * rng.random(2):
        quarter = towns.xy[0] + 0.3 * towns.radius[0] * np.array([np.cos(turn), np.sin(turn)])
        keep = np.hypot(*(middle - quarter).T) > 0.17 * towns.radius[0]
        rows, middle = rows[keep], middle[keep]
    rows = rows[np.lexsort((rows, -np.round(roads.urban[rows], 6)))]
    count = np.maximum(np.round(roads.length[rows] / 120.0), (rng.random(len(rows)) < 0.5)).astype(np.int64)
    upto = np.searchsorted(np.cumsum(count), plan.count(6_200)) + 1
    rows, count = rows[:upto], count[:upto]
    row = np.repeat(rows, count)
    number = np.concatenate([np.arange(c) + 0.5 for c in count]) / np.repeat(np.maximum(count, 1), count)
    spot, step = line_frame(roads.line[row], number)
    return np.round(spot + 6.0 * np.column_stack([-step[:, 1], step[:, 0]]), 2)[: plan.count(6_200)]


def make_lots(plan: Plan, towns: Towns, parks: list[Park], roads: Roads, ground, links: Links) -> list[dict]:
    """Two hazmat parking lots west and east, twelve of haulage firms, the general ones in towns."""
    rng = stream(plan.seed, "parking")
    out = []
    west, east = np.array(parks[0].area.centroid.coords[0]), np.array(parks[1].area.centroid.coords[0])
    ramps = roads.node[-len(links.node) :]
    for name, at, bays in (("临澜西危化品停车场", west, 260), ("临澜东危化品停车场", east, 180)):
        gate = ramps[np.argmin(np.hypot(*(ramps - at).T))]
        toward = at - gate
        place = gate + 900.0 * toward / max(np.hypot(*toward), 1)
        out.append(
            {"name": name, "kind": "危化品", "bays": bays, "xy": beside_roads(roads, ground, place[None], 60.0)[0]}
        )
    for k in range(12):
        town = k % len(towns.xy)
        turn = 2 * np.pi * rng.random()
        place = towns.xy[town] + (0.95 + 0.1 * rng.random()) * towns.radius[town] * np.array(
            [np.cos(turn), np.sin(turn)]
        )
        out.append(
            {
                "name": f"{towns.name[town][:2]}危货运输停车场{k + 1}",
                "kind": "危化品",
                "bays": int(12 + 30 * rng.random()),
                "xy": beside_roads(roads, ground, place[None], 45.0)[0],
            }
        )
    for k in range(plan.count(64)):
        town = int(choose(rng, towns.people, 1)[0])
        turn, share = 2 * np.pi * rng.random(), 0.6 * rng.random()
        place = towns.xy[town] + share * towns.radius[town] * np.array([np.cos(turn), np.sin(turn)])
        out.append(
            {
                "name": f"{towns.name[town][:2]}公共停车场{k + 1}",
                "kind": "社会停车场",
                "bays": int(60 + 400 * rng.random()),
                "xy": beside_roads(roads, ground, place[None], 30.0)[0],
            }
        )
    for k, row in enumerate(out):
        row["id"] = f"TC{k + 1:03d}"
    return out


def make_history(plan: Plan, hazards: Hazards) -> list[dict]:
    """Accidents of ten years, at firms with hazards."""
    rng = stream(plan.seed, "history")
    kinds = ("火灾", "爆炸", "中毒和窒息", "泄漏", "道路运输泄漏", "机械伤害")
    owners = [row for row in hazards.units if row["first"]]
    order = shuffled(rng, len(owners))
    accidents = []
    for k in range(plan.count(26, 5)):
        row = owners[order[k % len(owners)]]
        deaths = int([0, 0, 0, 0, 0, 1, 1, 2, 3][int(rng.random() * 9)])
        date = f"{2016 + int(10 * rng.random())}-{1 + int(12 * rng.random()):02d}-{1 + int(28 * rng.random()):02d}"
        kind = kinds[int(rng.random() * len(kinds))]
        accidents.append(
            {
                "id": f"SG{k + 1:03d}",
                "name": f"{row['firm_name']}{kind}事故",
                "kind": kind,
                "date": date,
                "substance": row["substance"],
                "deaths": deaths,
                "injuries": deaths + int(rng.random() * 4),
                "xy": row["xy"],
            }
        )
    return accidents
