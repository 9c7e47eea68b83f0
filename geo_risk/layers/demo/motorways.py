"""Motorways: separate one-way carriageways that meet the streets only by ramps."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely.geometry import LineString

from .arterials import RANK
from .corridors import Corridors, smoothed
from .land import Land
from .plan import Plan
from .streets import Net

_HALF_GAP = 14.0  # from the axis to the middle of a carriageway [m]
_APART = 2_600.0  # least distance between interchanges [m]
_REACH = 380.0  # ramps leave and join this far before and after the crossing [m]


@dataclass
class Links:
    """
    Carriageway pieces and ramps, all one-way along the line.

    ``start``/``end`` number the rows of ``node``; -1 - n stands for node n of the street net.
    """

    line: NDArray
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    node: NDArray[np.float64]
    rank: NDArray[np.int64]
    bridge: NDArray[np.bool_]
    tunnel: NDArray[np.bool_]
    name: list[str]
    used: NDArray[np.int64]  # street nodes that ramps end at


@dataclass
class _Draft:
    node: list = field(default_factory=list)
    rows: list = field(default_factory=list)  # (coords, start, end, rank, name)

    def add_node(self, xy) -> int:
        self.node.append(np.round(np.asarray(xy, float), 2))
        return len(self.node) - 1


@dataclass
class _Motorway:
    name: str
    axis: LineString
    stops: list = field(default_factory=list)  # (distance along the axis, side +1/-1, node)


def make_axes(plan: Plan, land: Land, ways: Corridors) -> list[tuple[str, LineString]]:
    """Axes west-east south of the core, north-south over and under the river, one to the east."""
    width, height = plan.extent
    u = plan.unit

    def limit_point(x0: float, y0: float, x1: float, y1: float) -> NDArray:
        """Where a line from inside leaves the city."""
        cut = LineString([(x0, y0), (x1, y1)]).intersection(land.limit.exterior)
        points = shapely.get_coordinates(cut)
        return points[np.argmax(np.round(np.hypot(points[:, 0] - x0, points[:, 1] - y0), 2))]

    middle = (width / 2, 13_500 * u)
    west = limit_point(*middle, -width, 14_500 * u)
    east = limit_point(*middle, 2 * width, 13_000 * u)
    first = ways.line(west, east, 1_300)
    axes = [("G9915 澜江高速", first)]
    for name, share in (("G9927 云石高速", 0.73), ("S9931 柳桂高速", 0.335))[: 2 if plan.scale >= 1 else 1]:
        x = share * width
        north = np.array([x, land.bank_y(np.array([x]))[0] + 2_900 * u])
        south = limit_point(x, 12_000 * u, x + 300 * u, -height)
        shore = np.array([x, land.bank_y(np.array([x]))[0] - 300 * u])
        inland = shapely.get_coordinates(ways.line(south, shore, 1_300, [axis for _, axis in axes]))
        axes.append((name, LineString(np.round(smoothed(np.vstack([inland, north]), 350), 2))))
    if plan.scale >= 1:
        start = shapely.get_coordinates(axes[1][1].interpolate(0.25, normalized=True))[0]
        far = limit_point(float(start[0]), float(start[1]), 2 * width, start[1] - 1_500 * u)
        axes.append(("S9946 东环高速", ways.line(start, far, 1_300, [axis for _, axis in axes])))
    return axes


def make_motorways(axes: list[tuple[str, LineString]], land: Land, net: Net) -> Links:
    """Axes to carriageways; interchanges where they cross trunk or primary roads and each other."""
    roads = [_Motorway(name, axis) for name, axis in axes]
    draft = _Draft()
    used: list[int] = []
    system = _system_interchanges(draft, roads)
    for road in roads:
        for at, node in _junctions(net, road, system):
            used.append(node)
            _local_interchange(draft, road, at, net.xy[node], node)
    for road in roads:
        _carriageways(draft, road)
    return _links(draft, land, used)


def _point(axis: LineString, at: float, side: int) -> tuple[NDArray, NDArray]:
    """A place on the carriageway (right of the direction of travel) and the unit vector of travel there."""
    ahead = shapely.get_coordinates([axis.interpolate(max(at - 5, 0)), axis.interpolate(min(at + 5, axis.length))])
    unit = (ahead[1] - ahead[0]) / np.hypot(*(ahead[1] - ahead[0])) * side
    return shapely.get_coordinates(axis.interpolate(at))[0] + _HALF_GAP * np.array([unit[1], -unit[0]]), unit


def _stop(draft: _Draft, road: _Motorway, at: float, side: int) -> tuple[int, NDArray, NDArray]:
    at = float(np.clip(at, 60, road.axis.length - 60))
    place, unit = _point(road.axis, at, side)
    for known, s, node in road.stops:
        if s == side and abs(known - at) < 30:
            return node, draft.node[node], unit
    node = draft.add_node(place)
    road.stops.append((at, side, node))
    return node, draft.node[node], unit


def _curve(a: NDArray, lead_a: NDArray, b: NDArray, lead_b: NDArray) -> NDArray[np.float64]:
    """A cubic curve that leaves a along ``lead_a`` and reaches b along ``lead_b``; (17, 2)."""
    t = np.linspace(0, 1, 17)[:, None]
    pull = 0.45 * np.hypot(*(b - a))
    p, q = a + pull * lead_a, b - pull * lead_b
    return np.round((1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * p + 3 * (1 - t) * t**2 * q + t**3 * b, 2)


def _junctions(net: Net, road: _Motorway, system: list[tuple[_Motorway, float]]) -> list[tuple[float, int]]:
    """Places along the axis near a trunk or primary node, well apart from each other and from other motorways."""
    strong = np.unique(net.edge[np.isin(net.rank, (RANK["trunk"], RANK["primary"]))])
    main = net.edge[np.isin(net.rank, (RANK["trunk"], RANK["primary"]))]
    hits = shapely.get_coordinates(shapely.intersection(shapely.linestrings(net.xy[main]), road.axis))
    taken = [at for other, at in system if other is road] + [0.0, road.axis.length]
    tree = cKDTree(net.xy[strong])
    found: list[tuple[float, int]] = []
    for at in sorted(round(float(road.axis.project(shapely.Point(p))), 2) for p in hits):
        if min(abs(at - t) for t in taken) < _APART:
            continue
        cross = shapely.get_coordinates(road.axis.interpolate(at))[0]
        gaps, near = tree.query(cross, k=12)
        off = [
            int(strong[n])
            for g, n in zip(gaps, near, strict=True)
            if 110 < road.axis.distance(shapely.Point(net.xy[strong[n]])) < 420
        ]
        if off:
            found.append((at, off[0]))
            taken.append(at)
    return found


def _local_interchange(draft: _Draft, road: _Motorway, at: float, xy: NDArray, node: int) -> None:
    """Four ramps between both carriageways and one street junction."""
    for side in (1, -1):
        leave, place, unit = _stop(draft, road, at - side * _REACH, side)
        to = (xy - place) / np.hypot(*(xy - place))
        draft.rows.append((_curve(place, unit, xy, to), leave, -1 - node, RANK["motorway_link"], ""))
        join, place, unit = _stop(draft, road, at + side * _REACH, side)
        away = (place - xy) / np.hypot(*(place - xy))
        draft.rows.append((_curve(xy, away, place, unit), -1 - node, join, RANK["motorway_link"], ""))


def _system_interchanges(draft: _Draft, roads: list[_Motorway]) -> list[tuple[_Motorway, float]]:
    """Eight ramps where two motorways cross; returns where interchanges lie."""
    places = []
    for i, a in enumerate(roads):
        for b in roads[i + 1 :]:
            if a.axis.distance(b.axis) > 30:
                continue
            spots = shapely.get_coordinates(a.axis.intersection(b.axis))
            for spot in spots if len(spots) else [np.array(b.axis.coords[0])]:
                at_a, at_b = a.axis.project(shapely.Point(spot)), b.axis.project(shapely.Point(spot))
                places += [(a, at_a), (b, at_b)]
                for first, fa, second, fb in ((a, at_a, b, at_b), (b, at_b, a, at_a)):
                    for s in (1, -1):
                        for t in (1, -1):
                            _turn(draft, first, fa, s, second, fb, t)
    return places


def _turn(draft: _Draft, a: _Motorway, at_a: float, s: int, b: _Motorway, at_b: float, t: int) -> None:
    """One ramp from carriageway s of a to carriageway t of b, if both reach that far."""
    leave_at, join_at = at_a - s * (520 if t == 1 else 640), at_b + t * (520 if s == 1 else 640)
    if not (60 < leave_at < a.axis.length - 60 and 60 < join_at < b.axis.length - 60):
        return
    leave, p, lead_p = _stop(draft, a, leave_at, s)
    join, q, lead_q = _stop(draft, b, join_at, t)
    draft.rows.append((_curve(p, lead_p, q, lead_q), leave, join, RANK["motorway_link"], ""))


def _carriageways(draft: _Draft, road: _Motorway) -> None:
    """Both carriageways cut at their stops; the two ends are joined by turning links."""
    for side in (1, -1):  # surveyed data are cut every few hundred metres
        for at in np.linspace(0, road.axis.length, max(round(road.axis.length / 600), 1) + 1)[1:-1]:
            if all(s != side or abs(at - known) > 200 for known, s, _ in road.stops):
                _stop(draft, road, float(at), side)
    ends = {
        (at, side): draft.add_node(_point(road.axis, at, side)[0]) for at in (0.0, road.axis.length) for side in (1, -1)
    }
    for side in (1, -1):
        stops = [(at, node) for at, s, node in road.stops if s == side]
        stops += [(0.0, ends[(0.0, side)]), (road.axis.length, ends[(road.axis.length, side)])]
        stops.sort(reverse=side < 0)
        for (at0, n0), (at1, n1) in pairwise(stops):
            inner = np.linspace(at0, at1, max(int(abs(at1 - at0) / 150), 1) + 1)[1:-1]
            points = np.vstack([draft.node[n0], *[_point(road.axis, x, side)[0] for x in inner], draft.node[n1]])
            draft.rows.append((np.round(points, 2), n0, n1, RANK["motorway"], road.name))
    for at, (a, b) in ((0.0, (-1, 1)), (road.axis.length, (1, -1))):
        n0, n1 = ends[(at, a)], ends[(at, b)]
        draft.rows.append((np.vstack([draft.node[n0], draft.node[n1]]), n0, n1, RANK["motorway_link"], ""))


def _links(draft: _Draft, land: Land, used: list[int]) -> Links:
    lines = np.array([shapely.LineString(row[0]) for row in draft.rows])
    water = shapely.union_all([land.river, *land.canals])
    shapely.prepare(water)
    wet, hill = shapely.intersects(water, lines), shapely.intersects(land.hill, lines)
    rank = np.array([row[3] for row in draft.rows])
    tunnel = (hill & ~wet) | np.array([row[4].startswith("S9931") for row in draft.rows]) & shapely.intersects(
        land.river, lines
    )
    return Links(
        lines,
        np.array([r[1] for r in draft.rows]),
        np.array([r[2] for r in draft.rows]),
        np.array(draft.node),
        rank,
        wet & ~tunnel,
        tunnel,
        [r[4] for r in draft.rows],
        np.array(sorted(set(used)), np.int64),
    )
