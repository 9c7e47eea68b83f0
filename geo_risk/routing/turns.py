"""Turn restrictions: which sequences of roads may not be driven, and the copies of junctions that keep to that.

A restriction forbids a sequence of directed edges: the road left, ways between if any, the road entered. Only the
junctions inside such sequences are split, so the search stays a plain one over nodes:

- A vehicle that has driven the beginning of a forbidden sequence arrives at a copy of the junction that remembers
  it and lacks the arc that would complete the sequence; everyone else arrives at the *free* copy.
- The junction itself only receives: its time is that of whoever gets there. An edge that not everyone may enter has
  an *entry*, a copy reached by those who may, so that a time along that edge is exact.

Directed edge 2e is edge e from tail to head, 2e + 1 the way back.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .hours import WEEK, Window
from .permits import when
from .vehicles import Vehicle, known_vehicle

if TYPE_CHECKING:
    from .network import Network

Way = tuple[int, ...]
Turn = dict[str, str | None]
# OSM wiki, Relation:restriction; no_entry and no_exit forbid each of their rows.
NO = frozenset(("no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_entry", "no_exit"))
ONLY = frozenset(("only_left_turn", "only_right_turn", "only_straight_on", "only_u_turn"))
# What OSM calls the vehicles of this project, beside every motor vehicle (OSM wiki, Key:access, land-based).
MODES = {
    "car": ("motorcar",),
    "fire_engine": ("emergency",),
    "ambulance": ("emergency",),
    "hazmat_truck": ("hgv", "goods", "hazmat"),
}
_ALL = ("motor_vehicle", "vehicle")
# A junction lies where its restriction says, but for rounding and merged ends [m].
NEAR_M = 1.0

OTHERS = "restriction for other vehicles"
SPARED = "restriction spares the vehicle"
NOT_NOW = "restriction at other hours, or for vehicles of other sizes"
UNKNOWN = "restriction of no known kind"
NO_ROAD = "restriction on roads that are not in the network"
NO_PLACE = "restriction whose roads do not meet at its point"
UNCLEAR = "restriction whose road goes on beyond its point: which side is meant is not told"
ONE_WAY = "restriction of a turn that one-ways exclude already"

ANY_HOUR = "restriction at some hours: no hour was asked about"
UNREAD = "restriction under a condition that is not understood"


def vehicle_modes(vehicle: str | None) -> frozenset[str]:
    """The OSM words that mean this vehicle; None is any motor vehicle."""
    return frozenset((*_ALL, *((vehicle, *MODES.get(vehicle, ())) if vehicle else ())))


def with_turns(
    network: Network,
    turns: gpd.GeoDataFrame,
    *,
    vehicle: str | None = None,
    near_m: float = 0.0,
    window: Window | None = None,
) -> Network:
    """
    The network in which a vehicle keeps to the restrictions (``schema.LAYERS["turn_restrictions"]``).

    A restriction that cannot be placed without doubt is left out and counted in ``drawn.turns_left_out``, by
    reason. One that holds under a condition is kept to if that holds at any time in the window; one whose condition
    cannot be read always, which is counted in ``drawn.turns_widened``. Where a left turn is forbidden, so is turning
    round (Regulation on the Implementation of the Road Traffic Safety Law, article 49); nobody turns round at the
    ends of a way between, which would evade its restriction; elsewhere one may.

    Parameters
    ----------
    network : Network
        Turn restrictions that it keeps to already are forgotten.
    vehicle : str
        Decides which restrictions mean it and which spare it: a key of `MODES` or an OSM word.
    near_m : float
        How far junctions may have been moved [m], when ends were merged.
    window : Window
        When somebody drives; None: at any time.

    Raises
    ------
    CRSError
        If the layer is not in the network's CRS.
    """
    from .snap import require_crs

    require_crs(network, turns, "turn_restrictions")
    drawing: dict[str, Any] = {n: v for n, v in network.__dict__.items() if n in ("lines", "tree", "mileage")}
    network = _without_turns(network)
    roads = _Roads(network)
    left, widened = Counter[str](), Counter[str]()
    banned: set[Way] = set()
    modes, points = vehicle_modes(vehicle), turns.geometry.to_numpy()
    weeks = turn_weeks(turns, vehicle)
    for turn, week, point in zip(_rows(turns), weeks, points, strict=True):
        found = _out_of_force(turn, modes, week, window or Window()) or _sequences(roads, turn, point, NEAR_M + near_m)
        if isinstance(found, str):
            left[found] += 1
        else:
            banned |= found
            if turn["conditional"] and (week is None or (window is None and not week.all())):
                widened[UNREAD if week is None else ANY_HOUR] += 1
    drawn = replace(
        network.drawn,
        turns=len(turns) - sum(left.values()),
        turns_left_out=dict(sorted(left.items())),
        turns_widened=dict(sorted(widened.items())),
    )
    made = _split(replace(network, drawn=drawn), roads, banned)
    made.__dict__.update(drawing)
    return made


def turn_weeks(turns: gpd.GeoDataFrame, vehicle: str | None) -> list[NDArray[np.bool_] | None]:
    """
    Of each restriction the minutes of the week (WEEK,) at which its condition holds; None where it cannot be read.

    A condition is OSM's ``no_left_turn @ (Mo-Fr 07:00-09:00 AND weight>7.5)`` or what follows the @ alone, with ;
    between several.
    """
    known = known_vehicle(vehicle)
    return [_week(turn["conditional"], known) for turn in _rows(turns)]


def _week(conditional: str | None, vehicle: Vehicle | None) -> NDArray[np.bool_] | None:
    if not conditional:
        return np.ones(WEEK, bool)
    out = np.zeros(WEEK, bool)
    for one in re.split(r";(?![^()]*\))", conditional):
        condition = one.rpartition("@")[2].strip().removeprefix("(").removesuffix(")").strip()
        if not condition:
            continue
        try:
            out |= when(condition, vehicle)[0]
        except ValueError:
            return None
    return out


def _without_turns(network: Network) -> Network:
    """The network with its junctions whole."""
    n = network.junctions
    if n == len(network.x):
        return network
    whole: dict[str, Any] = {
        "x": network.x[:n], "y": network.y[:n], "origin": np.arange(n), "bound": np.zeros(n, bool),
        "enter_tail": network.tail, "enter_head": network.head, "steps": np.empty((0, 4), np.int64),
    }  # fmt: skip
    return replace(network, **whole)


def _rows(turns: gpd.GeoDataFrame) -> Iterable[Turn]:
    names = ("kind", "from_id", "to_id", "via_ids", "exempt", "vehicles", "conditional")
    table = pd.DataFrame({name: turns.get(name) for name in names}, index=turns.index)
    table = table.astype(object).where(table.notna(), None)
    return table.to_dict("records")


def _words(text: str | None) -> set[str]:
    return {word.strip() for word in (text or "").replace(",", ";").split(";")} - {""}


def _out_of_force(turn: Turn, modes: frozenset[str], week: NDArray[np.bool_] | None, window: Window) -> str | None:
    """Why a restriction does not hold for the vehicle, or not in the window; None where it does."""
    vehicles = _words(turn["vehicles"])
    if vehicles and not vehicles & modes:
        return OTHERS
    if _words(turn["exempt"]) & modes:
        return SPARED
    return None if week is None or window.worst(week) else NOT_NOW


class _Roads:
    """A network's edges by road and by junction."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.start = np.column_stack([network.tail, network.head]).ravel()
        self.stop = np.column_stack([network.head, network.tail]).ravel()
        self.open = np.column_stack([network.forward, network.backward]).ravel()
        self._leaving = np.argsort(self.start, kind="stable")
        self._first = np.searchsorted(self.start[self._leaving], np.arange(len(network.x) + 1))
        self._by_road = np.argsort(network.road, kind="stable")
        self._road_first = np.searchsorted(network.road[self._by_road], np.arange(len(network.road_id) + 1))
        self._known = {name: n for n, name in enumerate(network.road_id.tolist())}

    def of(self, name: str | None) -> list[int]:
        """Directed edges of a road that may be driven; none where the network lacks it."""
        if name not in self._known:
            return []
        row = self._known[name]
        edges = self._by_road[self._road_first[row] : self._road_first[row + 1]].tolist()
        return [d for e in edges for d in (2 * e, 2 * e + 1) if self.open[d]]

    def has(self, name: str | None) -> bool:
        """Whether the network has edges of a road."""
        row = self._known.get(name)
        return row is not None and self._road_first[row] < self._road_first[row + 1]

    def leaving(self, node: int) -> list[int]:
        """Directed edges that begin at a junction, open or not."""
        return sorted(self._leaving[self._first[node] : self._first[node + 1]].tolist())


def _sequences(roads: _Roads, turn: Turn, point: shapely.Point, near_m: float) -> set[Way] | str:
    """What a restriction forbids, or why it cannot be told."""
    kind = turn["kind"]
    if kind not in NO and kind not in ONLY:
        return UNKNOWN
    between = [name.strip() for name in (turn["via_ids"] or "").split(";") if name.strip()]
    if not all(map(roads.has, (turn["from_id"], *between, turn["to_id"]))):
        return NO_ROAD
    path = _path(roads, roads.of(turn["from_id"]), [d for n in between for d in roads.of(n)],
                 roads.of(turn["to_id"]), point, near_m, bool(between))  # fmt: skip
    if isinstance(path, str):
        return path
    if kind in NO:
        around = path[:1] if kind == "no_left_turn" else ()
        around += tuple(d ^ back for d in path[1:-1] for back in (0, 1))
        return {path} | {(d, d ^ 1) for d in around}
    return {
        (*path[:i], other)
        for i in range(1, len(path))
        for other in roads.leaving(int(roads.start[path[i]]))
        if other != path[i]
    }


def _path(
    roads: _Roads, into: list[int], between: list[int], out: list[int], point: shapely.Point, near_m: float, via: bool
) -> Way | str:
    """The directed edges from the road left to the road entered."""
    if not into or not out or (via and not between):
        return ONE_WAY
    first = _junction(roads, into, between if via else out, point, near_m)
    if first is None:
        return NO_PLACE
    arriving = [d for d in into if roads.stop[d] == first]
    middle = _between(roads, first, between, {int(roads.start[d]) for d in out}) if via else ()
    if middle is None:
        return NO_PLACE
    last = int(roads.stop[middle[-1]]) if middle else first
    leaving = [d for d in out if roads.start[d] == last]
    if not arriving or not leaving:
        return ONE_WAY
    if len(arriving) > 1 or len(leaving) > 1:
        return UNCLEAR
    return (arriving[0], *middle, leaving[0])


def _junction(roads: _Roads, one: list[int], other: list[int], point: shapely.Point, near_m: float) -> int | None:
    """The junction of two roads that lies at the point; the only one where there is no point."""
    ends, others = (np.concatenate([roads.start[ds], roads.stop[ds]]) for ds in (one, other))
    shared = np.intersect1d(ends, others)
    if point is None or shapely.is_empty(point):
        return int(shared[0]) if len(shared) == 1 else None
    far = np.hypot(roads.network.x[shared] - shapely.get_x(point), roads.network.y[shared] - shapely.get_y(point))
    return int(shared[np.argmin(far)]) if len(far) and far.min() <= near_m else None


def _between(roads: _Roads, first: int, edges: list[int], goals: set[int]) -> Way | None:
    """The fewest directed edges among ``edges`` that lead from a junction to one of the goals; at least one."""
    ways: deque[Way] = deque((d,) for d in edges if roads.start[d] == first)
    seen = {first}
    while ways:
        way = ways.popleft()
        here = int(roads.stop[way[-1]])
        if here in goals:
            return way
        if here not in seen:
            seen.add(here)
            ways.extend((*way, d) for d in edges if roads.start[d] == here and d != way[-1] ^ 1)
    return None


class _Memory:
    """What a vehicle must remember of its way: the longest end of it that begins a forbidden sequence."""

    def __init__(self, banned: set[Way]) -> None:
        self.banned = banned
        self.kept = {way[:i] for way in banned for i in range(1, len(way))}

    def after(self, past: Way, step: int) -> Way | None:
        """What to remember after one more directed edge; None where that is forbidden."""
        way = (*past, step)
        if any(way[i:] in self.banned for i in range(len(past))):
            return None
        return next((way[i:] for i in range(len(way)) if way[i:] in self.kept), ())


class _Copies(NamedTuple):
    """Numbers of the nodes that stand for split junctions."""

    free: dict[int, int]  # by junction
    held: dict[int, dict[Way, int]]  # by junction and what is remembered
    entry: dict[int, int]  # by directed edge
    origin: list[int]  # junction of each copy, in order of number
    bound: list[bool]  # whether a copy remembers


def _split(network: Network, roads: _Roads, banned: set[Way]) -> Network:
    """The network with the junctions inside ``banned`` split."""
    memory, n = _Memory(banned), len(network.x)
    copies = _numbered(roads, memory, n)
    steps: list[tuple[int, int, int, bool]] = []
    touched = {d for v in copies.held for d in roads.leaving(v)}
    for d in sorted(touched | {d ^ 1 for d in touched}):
        start, stop = int(roads.start[d]), int(roads.stop[d])
        begun: dict[Way, int] = {(): copies.free.get(start, start)} | copies.held.get(start, {})
        for past, node in begun.items():
            now = memory.after(past, d)
            if now is not None:
                steps += [(node, to, d, past == ()) for to in _arrived(roads, memory, copies, stop, now)]
    enter_tail, enter_head = network.tail.copy(), network.head.copy()
    for d, node in copies.entry.items():
        (enter_head if d % 2 else enter_tail)[d // 2] = node
    origin = np.concatenate([np.arange(n), np.array(copies.origin, np.int64)])
    return replace(
        network,
        x=network.x[origin],
        y=network.y[origin],
        origin=origin,
        bound=np.concatenate([np.zeros(n, bool), np.array(copies.bound, bool)]),
        enter_tail=enter_tail,
        enter_head=enter_head,
        steps=np.array(steps, np.int64).reshape(-1, 4),
    )


def _numbered(roads: _Roads, memory: _Memory, n: int) -> _Copies:
    """A number from ``n`` on for every copy, by junction."""
    copies = _Copies({}, {}, {}, [], [])
    for past in sorted(memory.kept):
        copies.held.setdefault(int(roads.stop[past[-1]]), {})[past] = -1
    for v in sorted(copies.held):
        copies.free[v] = n + len(copies.origin)
        pasts = sorted(copies.held[v])
        copies.held[v] = {past: copies.free[v] + 1 + i for i, past in enumerate(pasts)}
        barred = [d for d in roads.leaving(v) if any(memory.after(past, d) is None for past in pasts)]
        copies.entry.update({d: copies.free[v] + 1 + len(pasts) + i for i, d in enumerate(barred)})
        copies.origin.extend([v] * (1 + len(pasts) + len(barred)))
        copies.bound.extend([False] + [True] * len(pasts) + [False] * len(barred))
    return copies


def _arrived(roads: _Roads, memory: _Memory, copies: _Copies, v: int, now: Way) -> list[int]:
    """The nodes reached by arriving at a junction: itself, the copy to drive on from, the entries open from there."""
    if v not in copies.held:
        return [v]
    on = copies.held[v][now] if now else copies.free[v]
    barred = [d for d in roads.leaving(v) if d in copies.entry]
    return [v, on, *(copies.entry[d] for d in barred if memory.after(now, d) is not None)]


class Landings(NamedTuple):
    """
    The nodes that a vehicle arrives at which has driven nothing else, at split junctions.

    ``driven`` (s,), sorted, are directed edges and ``arrived`` (s,) the nodes by them; ``junction`` (c,), sorted, are
    split junctions and ``stood`` (c,) the nodes of who stands there.
    """

    driven: NDArray[np.int64]
    arrived: NDArray[np.int64]
    junction: NDArray[np.int64]
    stood: NDArray[np.int64]


def landings(network: Network) -> Landings:
    """Where journeys begin at the split junctions of a network."""
    fresh = network.steps[network.steps[:, 3] > 0]
    order = np.lexsort((fresh[:, 1], fresh[:, 2]))
    copies = np.arange(network.junctions, len(network.x))
    nodes = np.concatenate([np.unique(network.origin[copies]), copies[~network.bound[copies]]])
    nodes = nodes[np.lexsort((nodes, network.origin[nodes]))]
    return Landings(fresh[order, 2], fresh[order, 1], network.origin[nodes], nodes)
