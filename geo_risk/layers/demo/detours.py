"""Where hazmat vehicles may not go, and two journeys that must therefore detour."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from .arterials import RANK
from .city import City
from .files import csv_write

FLOWS = "危化品流向.csv"
BAN_HOURS, BAN_ALWAYS = "7:00-21:00禁行", "禁行"


def hazmat_rules(city: City) -> list[str]:
    """
    (M,) rule of each road, empty where there is none.

    Banned by day inside the core's inner ring, always in tunnels and within 200 m of an intake.
    """
    roads = city.roads
    middle = shapely.get_coordinates(shapely.line_interpolate_point(roads.line, 0.5, normalized=True))
    core = np.hypot(*(middle - city.towns.xy[0]).T) < 0.55 * city.towns.radius[0]
    intakes = np.array([r["xy"] for r in city.rescue.facilities if r["name"].endswith("取水口")])
    near = (
        shapely.dwithin(shapely.multipoints(intakes), roads.line, 200.0) if len(intakes) else np.zeros(len(core), bool)
    )
    always = near | roads.tunnel
    day = core & (roads.rank >= RANK["trunk"])
    return [BAN_ALWAYS if a else BAN_HOURS if d else "" for a, d in zip(always, day, strict=True)]


def write_flows(detours: list[dict], spots: list[dict], folder: Path) -> None:
    """危化品流向.csv: motor fuel and liquefied gas that is carried regularly, the two detours first."""
    rows = [[d["from"], d["to"], "汽油", 900 - 300 * k, ""] for k, d in enumerate(detours)]
    ends = [r["id"] for r in spots if r["kind"] == "加油站"]
    rows += [[a, b, "柴油" if k % 2 else "汽油", 250, "22:30"] for k, (a, b) in enumerate(pairwise(ends[:7]))]
    rows += [[ends[0], ends[-1], "液化石油气", 120, "10:00"]] if len(ends) > 1 else []
    csv_write(folder / FLOWS, ["起点", "终点", "货物", "年车次", "发车时间"], rows, "utf-8-sig")


def seed_detours(city: City, rules: list[str]) -> list[dict]:
    """One journey through the banned core and one over a weak bridge, both longer than they would be without."""
    roads = city.roads
    banned = np.array([bool(r) for r in rules])
    spots = [r for r in city.hazards.fuel if r["kind"] == "加油站"]
    sites = np.array([r["xy"] for r in spots])
    on = (roads.rank >= RANK["trunk"]) & (roads.rank <= RANK["residential"]) & ~banned
    nodes = np.unique(np.concatenate([roads.start[on], roads.end[on]]))
    node = nodes[cKDTree(roads.node[nodes]).query(sites)[1]]
    angle = np.arctan2(*(sites - city.towns.xy[0]).T)
    near = np.argsort(np.round(np.hypot(*(sites - city.towns.xy[0]).T), 1), kind="stable")[:24]
    start = near[np.lexsort((near, np.round(angle[near], 6)))][:8]
    out = []
    open_min = _minutes(city, np.zeros(len(banned), bool), node[start])
    shut_min = _minutes(city, banned, node[start])
    found = _worst(open_min[:, node], shut_min[:, node])
    if found:
        a, b = found
        out.append(
            {
                "reason": "hazmat ban 7:00-21:00 in the core",
                "from": spots[start[a]]["id"],
                "to": spots[b]["id"],
                "free_min": round(float(open_min[a, node[b]]), 2),
                "allowed_min": round(float(shut_min[a, node[b]]), 2),
            }
        )
    out += _weak_bridge(city, banned, [spots[k] for k in start], spots, node[start], node)
    return out


def _weak_bridge(
    city: City, banned: NDArray, sources: list[dict], spots: list[dict], source: NDArray, node: NDArray
) -> list[dict]:
    """A journey whose shortest way crosses a street bridge, which is then given a 20 t limit if a way round exists."""
    roads = city.roads
    weak = banned | (roads.max_weight < 31)
    free, before = _shortest(city, weak, source)
    street = roads.bridge & ~weak & (roads.rank >= RANK["secondary"]) & (roads.rank <= RANK["residential"])
    ends = {}
    for e in np.flatnonzero(street).tolist():
        ends[int(roads.start[e]), int(roads.end[e])] = ends[int(roads.end[e]), int(roads.start[e])] = e
    tried = set()
    for a in range(len(source)):
        for b in np.argsort(np.round(free[a, node], 6), kind="stable").tolist():
            at, crossed = int(node[b]), -1
            while crossed < 0 and before[a, at] >= 0:
                crossed = ends.get((int(before[a, at]), at), -1)
                at = int(before[a, at])
            if crossed < 0 or crossed in tried:
                continue
            tried.add(crossed)
            closed = weak.copy()
            closed[crossed] = True
            limited = _minutes(city, closed, source[a : a + 1])[0, node[b]]
            if np.isfinite(limited) and limited - free[a, node[b]] > 0.3:
                roads.max_weight[crossed] = 20.0
                return [
                    {
                        "reason": "bridge with a weight limit of 20 t",
                        "from": sources[a]["id"],
                        "to": spots[b]["id"],
                        "free_min": round(float(free[a, node[b]]), 2),
                        "allowed_min": round(float(limited), 2),
                    }
                ]
            if len(tried) > 20:
                return []
    return []


def _worst(free: NDArray, limited: NDArray) -> tuple[int, int] | None:
    """The pair with the largest finite delay, if any exceeds 0.3 minutes."""
    delay = np.where(np.isfinite(limited), np.round(limited - free, 6), -1.0)
    a, b = np.unravel_index(int(np.argmax(delay)), delay.shape)
    return (int(a), int(b)) if delay[a, b] > 0.3 else None


def _minutes(city: City, closed: NDArray, source: NDArray) -> NDArray[np.float64]:
    """(S, N) free-flow minutes from the source nodes over the roads that are not closed."""
    return _shortest(city, closed, source)[0]


def _shortest(city: City, closed: NDArray, source: NDArray) -> tuple[NDArray, NDArray]:
    """Minutes (S, N) and the node before each on the way (S, N), negative where there is none."""
    roads = city.roads
    minutes = roads.length / 1e3 / roads.speed() * 60
    rows = np.flatnonzero(~closed)
    back = rows[roads.oneway[rows] == 0]
    a, b = np.concatenate([roads.start[rows], roads.end[back]]), np.concatenate([roads.end[rows], roads.start[back]])
    cost = np.round(np.concatenate([minutes[rows], minutes[back]]), 6)
    order = np.lexsort((cost, b, a))  # of parallel edges the fastest comes first and is kept
    a, b, cost = a[order], b[order], cost[order]
    first = np.concatenate([[True], (a[1:] != a[:-1]) | (b[1:] != b[:-1])])
    n = len(roads.node)
    return dijkstra(
        csr_matrix((cost[first], (a[first], b[first])), shape=(n, n)), indices=source, return_predecessors=True
    )
