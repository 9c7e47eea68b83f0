"""The road network: flat arrays of edges between junctions, with times, directions and components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ..crs import require_metric
from ..errors import InputError, SettingsError
from . import topology
from .kernels import NEVER
from .report import WARN_JOINED_SHARE, NetworkReport, warnings_of
from .roads import road_speed, road_table, sizes, usable_roads, vehicle_table, without_repeats
from .search import Graph
from .speeds import check_speeds
from .turns import Landings, landings, with_turns
from .vehicles import known_vehicle

# What a network's variants share, see `variant`.
_SHARED = ("lines", "tree", "mileage", "links", "landings")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Arcs(NamedTuple):
    """
    Directed arcs in CSR order by (from, to); of parallel arcs only the fastest; no loops.

    ``edge`` is driven from tail to head where ``along``; ``key`` is from * n + to, sorted.
    """

    indptr: NDArray[np.int32]
    heads: NDArray[np.int32]
    ms: NDArray[np.float64]
    edge: Ints
    key: Ints
    along: Bools


class Links(NamedTuple):
    """Both directions of every edge, open or not, by (from, to, edge): ``along`` is the drawing's direction."""

    start: Ints
    stop: Ints
    edge: Ints
    along: Bools


@dataclass(frozen=True, eq=False)
class Network:
    """
    Roads as edges between junctions; build it with `build_network`.

    What depends on the drawing alone (`lines`, `tree`, `mileage`, `links`) is made once and kept by every
    `variant`, so that closing roads costs milliseconds; the rest is made when it is first asked for.

    Parameters
    ----------
    crs : str
        Metric CRS of all coordinates.
    x, y : (n,)
        Nodes [m]: junctions, then copies of those with turn restrictions (see `turns`), none without such.
    tail, head : (e,)
        End nodes of each edge, in drawing direction: always junctions.
    metres, ms : (e,)
        Length [m] and travel time [ms], the same both ways.
    forward, backward : (e,)
        Whether the edge may be driven from tail to head, from head to tail.
    road : (e,)
        Row of the roads layer; ``road_id``, ``road_class``, ``limit_kmh`` and ``kmh`` (r,) are
        that layer's columns and the speed used.
    coords (c, 2), offsets (e + 1,)
        Edge i is drawn along ``coords[offsets[i]:offsets[i + 1]]``.
    drawn : NetworkReport
        What became of the roads layer; `report` adds what depends on which edges are open.
    origin, bound : (n,)
        Junction of each node, itself but for copies; whether a copy is reached only under a restriction.
    enter_tail, enter_head : (e,)
        Node at which each edge is entered from its tail, from its head: the time there, not that at the
        junction, is when one can be on the edge. The junction itself but where a turn into the edge is restricted.
    steps : (s, 4)
        Moves at split junctions: node from, node to, directed edge (2e along edge e, 2e + 1 against it), and whether
        a vehicle that begins on that edge makes it.
    """

    crs: str
    x: Floats
    y: Floats
    tail: Ints
    head: Ints
    metres: Floats
    ms: NDArray[np.uint32]
    forward: Bools
    backward: Bools
    road: Ints
    road_id: NDArray[np.object_]
    road_class: NDArray[np.object_]
    limit_kmh: Floats
    kmh: Floats
    coords: Floats
    offsets: Ints
    drawn: NetworkReport
    origin: Ints
    bound: Bools
    enter_tail: Ints
    enter_head: Ints
    steps: Ints

    @property
    def junctions(self) -> int:
        """How many nodes are junctions; the others, copies, come after them."""
        return int((self.origin == np.arange(len(self.origin))).sum())

    @cached_property
    def links(self) -> Links:
        """Both directions of every edge in the order of arcs."""
        edges = np.arange(len(self.tail))
        start, stop = np.concatenate([self.tail, self.head]), np.concatenate([self.head, self.tail])
        edge, along = np.concatenate([edges, edges]), np.repeat([True, False], len(edges))
        if len(self.steps):
            split = np.zeros(len(self.x), bool)
            split[self.origin[self.junctions :]] = True
            plain = ~(split[start] | split[stop])
            a, b, directed, _ = self.steps.T
            start, stop = np.concatenate([start[plain], a]), np.concatenate([stop[plain], b])
            edge = np.concatenate([edge[plain], directed // 2])
            along = np.concatenate([along[plain], directed % 2 == 0])
        order = np.lexsort((edge, start * len(self.x) + stop))
        return Links(start[order], stop[order], edge[order], along[order])

    @cached_property
    def arcs(self) -> Arcs:
        """The directed graph."""
        links, n = self.links, len(self.x)
        rows = np.flatnonzero(np.where(links.along, self.forward[links.edge], self.backward[links.edge]))
        rows = rows[links.start[rows] != links.stop[rows]]
        key, edge = links.start[rows] * n + links.stop[rows], links.edge[rows]
        same = np.zeros(len(rows), bool)  # arcs that share both ends with another
        same[1:] |= key[1:] == key[:-1]
        same[:-1] |= same[1:]
        if same.any():
            twin = np.flatnonzero(same)
            order = twin[np.lexsort((edge[twin], self.ms[edge[twin]], key[twin]))]
            slower = order[1:][key[order[1:]] == key[order[:-1]]]
            keep = np.ones(len(rows), bool)
            keep[slower] = False
            rows, key, edge = rows[keep], key[keep], edge[keep]
        indptr = np.searchsorted(links.start[rows], np.arange(n + 1)).astype(np.int32)
        ms = self.ms[edge].astype(np.float64)
        return Arcs(indptr, links.stop[rows].astype(np.int32), ms, edge, key, links.along[rows])

    @cached_property
    def graph(self) -> Graph:
        """`arcs` as the searches want them."""
        arcs = self.arcs
        return Graph(arcs.indptr, arcs.heads, np.minimum(arcs.ms, NEVER).astype(np.int32))

    @cached_property
    def reverse(self) -> Graph:
        """`graph` with every arc the other way."""
        n = len(self.x)
        order = np.argsort(self.graph.heads, kind="stable")
        tails = np.repeat(np.arange(n, dtype=np.int32), np.diff(self.graph.indptr))
        indptr = np.searchsorted(self.graph.heads[order], np.arange(n + 1)).astype(np.int32)
        return Graph(indptr, tails[order], self.graph.ms[order])

    @cached_property
    def component(self) -> Ints:
        """(n,) strong component of each node; 0 is the main one (the longest); ties by the lowest node.

        Turn restrictions are not looked at: a copy is in its junction's part.
        """
        tail, head, n = self.tail, self.head, self.junctions
        ends = (
            np.concatenate([tail[self.forward], head[self.backward]]),
            np.concatenate([head[self.forward], tail[self.backward]]),
        )
        graph = csr_array((np.ones(len(ends[0]), bool), ends), shape=(n, n))
        label = connected_components(graph, connection="strong")[1]
        _, first_node, label = np.unique(label, return_index=True, return_inverse=True)
        inside = self.open & (label[self.tail] == label[self.head])
        length = np.bincount(label[self.tail[inside]], self.metres[inside], minlength=len(first_node))
        rank = np.empty(len(first_node), np.int64)
        rank[np.lexsort((first_node, -length))] = np.arange(len(first_node))
        return rank[label][self.origin]

    @cached_property
    def report(self) -> NetworkReport:
        """What became of the roads layer, and how far the open edges hang together."""
        total = float(self.metres.sum())
        degree = np.bincount(np.concatenate([self.tail, self.head]), minlength=self.junctions)
        report = replace(
            self.drawn,
            nodes=self.junctions,
            edges=len(self.metres),
            length_km=total / 1000.0,
            components=int(self.component.max()) + 1,
            main_share=float(self.metres[self.main].sum()) / total,
            dead_ends=int((degree == 1).sum()),
        )
        return replace(report, warnings=warnings_of(report))

    @cached_property
    def landings(self) -> Landings:
        """Where journeys begin at split junctions."""
        return landings(self)

    @cached_property
    def lines(self) -> NDArray[np.object_]:
        """(e,) shapely LineStrings."""
        index = np.repeat(np.arange(len(self.metres)), np.diff(self.offsets))
        return shapely.linestrings(self.coords, indices=index)

    @cached_property
    def open(self) -> Bools:
        """(e,) whether the edge may be driven at all."""
        return self.forward | self.backward

    @cached_property
    def main(self) -> Bools:
        """(e,) whether the edge is open and lies in the main component."""
        return self.open & (self.component[self.tail] == 0) & (self.component[self.head] == 0)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Spatial index of all edges, open or not."""
        return shapely.STRtree(self.lines)

    @cached_property
    def main_tree(self) -> tuple[shapely.STRtree, Ints]:
        """Spatial index of the edges of the main component, and their numbers."""
        edges = np.flatnonzero(self.main)
        return shapely.STRtree(self.lines[edges]), edges

    @cached_property
    def mileage(self) -> Floats:
        """
        (c,) position of each vertex of ``coords`` on one long axis [m].

        Edge i covers ``mileage[offsets[i]]`` to that plus ``metres[i]``; 1 m is left between edges,
        so that the axis rises strictly and a position belongs to one edge.
        """
        step = np.hypot(*np.diff(self.coords, axis=0, prepend=self.coords[:1]).T)
        step[self.offsets[:-1]] = 1.0
        return np.cumsum(step)


def build_network(
    roads: gpd.GeoDataFrame,
    *,
    speeds: Mapping[str, float],
    snap_m: float = 0.0,
    connect_m: float = 0.0,
    split_crossings: bool = False,
    height_m: float | None = None,
    weight_t: float | None = None,
    turns: gpd.GeoDataFrame | None = None,
    vehicle: str | None = None,
) -> Network:
    """
    The network of a roads layer (``schema.LAYERS["roads"]``, metric CRS).

    Lines are cut at their ends and at vertices used more than once, so that OpenStreetMap ways and
    layers already cut at junctions both work. A road is left out, and counted in the report, when its
    access is no or private, its class has speed 0, it is too low or too weak for the vehicle, it has
    no geometry, or it repeats another. The speed is that of the class, capped by the posted limit. Emergency
    vehicles may use more roads (`roads.emergency_ways`), but none too low, weak or narrow for them.

    Parameters
    ----------
    speeds : mapping
        Class -> speed [km/h], see `speeds.vehicle_speeds`; an unknown class takes that of "road".
    snap_m : float
        Line ends closer than this [m] become one junction.
    connect_m : float
        Loose ends are extended to the nearest line of another connected part within this [m].
    split_crossings : bool
        Join lines that cross without a common vertex, unless bridge, tunnel or level differ.
    height_m, weight_t : float
        Height [m] and weight [t] of the vehicle: roads with a lower limit are left out. None for any, or for those
        of an emergency ``vehicle``.
    turns : GeoDataFrame
        ``schema.LAYERS["turn_restrictions"]``, kept to as `turns.with_turns` says; None: none.
    vehicle : str
        Whose the network is, and whom the restrictions mean or spare: car, fire_engine, ambulance, hazmat_truck or an
        OSM word.

    Raises
    ------
    InputError
        If no road is usable, or a one-way value is none of 1, 0, -1.
    SettingsError
        If a speed or distance is negative or not a number, or "road" has no speed.
    CRSError
        If the CRS is not metric, or not that of the turn restrictions.
    """
    require_metric(roads, "roads")
    check_speeds(speeds)
    for name, value in (("snap_m", snap_m), ("connect_m", connect_m), ("height_m", height_m), ("weight_t", weight_t)):
        if value is not None and not 0 <= value < np.inf:
            raise SettingsError(f"[rescue] {name} = {value}: must be a number, 0 or more.")
    driver = known_vehicle(vehicle)
    table, corrected = road_table(roads, speeds)
    table, passes = vehicle_table(table, driver)
    high, heavy, wide = sizes(driver)
    usable, skipped = usable_roads(
        roads, table, high if height_m is None else height_m, heavy if weight_t is None else weight_t, wide
    )
    corrected["access no or private, open to emergency vehicles"] = int((passes & usable).sum())
    shapes = roads.geometry.to_numpy().copy()
    shapes[~usable] = None
    lines = topology.lines_of(shapes)
    skipped["shorter than 0.01 m"] = int(usable.sum()) - len(np.unique(lines.road))
    lines, skipped["drawn twice"] = without_repeats(lines, table)
    lines, merged = topology.merge_ends(lines, snap_m)
    lines, connected = topology.connect_ends(lines, connect_m)
    crossings, deck = 0, table["deck"].to_numpy()
    if split_crossings and len(lines.road):
        lines, crossings = topology.split_crossings(lines, deck[lines.road])
    if not len(lines.road):
        left_out = ", ".join(f"{count} {reason}" for reason, count in skipped.items() if count) or "it is empty"
        raise InputError(f"no road of {len(roads)} can be used: {left_out}. Check access and class of layer 'roads'.")
    joined_share = 1.0 - len(topology.loose_ends(lines)) / (2 * len(lines.road))
    unjoined = None
    if joined_share < WARN_JOINED_SHARE:
        unjoined = len(topology.crossing_points(lines, deck[lines.road])[0])
    report = NetworkReport(
        roads=len(roads),
        used=len(np.unique(lines.road)),
        skipped={reason: count for reason, count in skipped.items() if count},
        corrected={reason: count for reason, count in corrected.items() if count},
        merged_ends=merged,
        connected_ends=connected,
        split_crossings=crossings,
        joined_share=joined_share,
        unjoined_crossings=unjoined,
    )
    network = _assemble(roads.crs.to_string(), table, lines, report)
    return network if turns is None else with_turns(network, turns, vehicle=vehicle, near_m=snap_m)


def _assemble(crs: str, table: pd.DataFrame, lines: topology.Lines, report: NetworkReport) -> Network:
    nodes, tail, head, line, coords, offsets = topology.split_at_junctions(lines)
    road, metres = lines.road[line], _lengths(coords, offsets)
    kmh, oneway = table["kmh"].to_numpy(float), table["oneway"].to_numpy()
    return Network(
        crs=crs,
        x=nodes[:, 0],
        y=nodes[:, 1],
        tail=tail,
        head=head,
        metres=metres,
        ms=_milliseconds(metres, kmh[road]),
        forward=oneway[road] >= 0,
        backward=oneway[road] <= 0,
        road=road,
        road_id=table["id"].to_numpy(object),
        road_class=table["class"].to_numpy(object),
        limit_kmh=table["limit_kmh"].to_numpy(float),
        kmh=kmh,
        coords=coords,
        offsets=offsets,
        drawn=report,
        origin=np.arange(len(nodes)),
        bound=np.zeros(len(nodes), bool),
        enter_tail=tail,
        enter_head=head,
        steps=np.empty((0, 4), np.int64),
    )


def variant(network: Network, **changes: Any) -> Network:
    """The same drawing with other ``ms``, ``kmh``, ``forward`` or ``backward``."""
    made = replace(network, **changes)
    made.__dict__.update({name: network.__dict__[name] for name in _SHARED if name in network.__dict__})
    return made


def with_speeds(network: Network, speeds: Mapping[str, float]) -> Network:
    """
    The same network for another vehicle or hour; classes with speed 0 are closed.

    Roads left out when the network was built stay out: build it with the vehicle that may go farthest.
    """
    check_speeds(speeds)
    kmh = road_speed(network.road_class, network.limit_kmh, speeds)
    passable = kmh[network.road] > 0
    ms = _milliseconds(network.metres, np.where(passable, kmh[network.road], 1.0))
    return variant(network, kmh=kmh, ms=ms, forward=network.forward & passable, backward=network.backward & passable)


def close_roads(network: Network, area: shapely.Geometry) -> Network:
    """
    The same network without the edges that touch ``area`` (in the network's CRS).

    A touched edge is closed from junction to junction. Places snap to the roads still open.
    """
    closed = np.zeros(len(network.metres), bool)
    closed[network.tree.query(area, predicate="intersects")] = True
    return close_edges(network, closed)


def close_edges(network: Network, closed: Bools) -> Network:
    """The same network without the edges where ``closed`` (e,) holds."""
    network.links  # noqa: B018 - made once, for every closing to come
    return variant(network, forward=network.forward & ~closed, backward=network.backward & ~closed)


def _lengths(coords: Floats, offsets: Ints) -> Floats:
    step = np.hypot(*np.diff(coords, axis=0, prepend=coords[:1]).T)
    step[offsets[:-1]] = 0.0
    return np.add.reduceat(step, offsets[:-1])


def _milliseconds(metres: Floats, kmh: Floats) -> NDArray[np.uint32]:
    """Whole milliseconds, at least 1: integers add up to the same total in any order."""
    return np.maximum(1, np.rint(metres / kmh * 3600.0)).astype(np.uint32)
