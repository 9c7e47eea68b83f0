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
from .roads import road_speed, road_table, usable_roads, without_repeats
from .search import Graph
from .speeds import check_speeds

# Below these shares the report warns: the layer is then hardly usable as a network.
WARN_MAIN_SHARE = 0.8
WARN_JOINED_SHARE = 0.5
# What a network's variants share, see `variant`.
_SHARED = ("lines", "tree", "mileage", "links")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class NetworkReport:
    """
    What became of the roads layer.

    ``skipped`` counts roads left out, by reason; ``corrected`` counts values not taken as written,
    by reason; ``main_share`` is the share of the length in the largest strong component and
    ``joined_share`` the share of line ends that meet another line; where that is low, ``unjoined_crossings``
    counts the crossings without a common vertex (None: not counted). ``warnings`` name the next step.
    """

    roads: int
    used: int
    skipped: dict[str, int]
    corrected: dict[str, int]
    merged_ends: int
    connected_ends: int
    split_crossings: int
    joined_share: float
    nodes: int = 0
    edges: int = 0
    length_km: float = 0.0
    components: int = 0
    main_share: float = 0.0
    dead_ends: int = 0
    unjoined_crossings: int | None = None
    warnings: tuple[str, ...] = ()


class Arcs(NamedTuple):
    """Directed arcs in CSR order by (from, to); of parallel arcs only the fastest; no loops."""

    indptr: NDArray[np.int32]
    heads: NDArray[np.int32]
    ms: NDArray[np.float64]
    edge: Ints
    key: Ints


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
        Nodes [m].
    tail, head : (e,)
        End nodes of each edge, in drawing direction.
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

    @cached_property
    def links(self) -> Links:
        """Both directions of every edge in the order of arcs."""
        edges = np.arange(len(self.tail))
        start, stop = np.concatenate([self.tail, self.head]), np.concatenate([self.head, self.tail])
        edge, along = np.concatenate([edges, edges]), np.repeat([True, False], len(edges))
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
        return Arcs(indptr, links.stop[rows].astype(np.int32), self.ms[edge].astype(np.float64), edge, key)

    @cached_property
    def graph(self) -> Graph:
        """`arcs` as the searches want them."""
        arcs = self.arcs
        return Graph(arcs.indptr, arcs.heads, np.minimum(arcs.ms, NEVER).astype(np.int32))

    @cached_property
    def component(self) -> Ints:
        """(n,) strong component of each node; 0 is the main one (the longest); ties by the lowest node."""
        arcs, n = self.arcs, len(self.x)
        graph = csr_array((np.ones(len(arcs.heads), bool), arcs.heads, arcs.indptr), shape=(n, n))
        label = connected_components(graph, connection="strong")[1]
        _, first_node, label = np.unique(label, return_index=True, return_inverse=True)
        inside = self.open & (label[self.tail] == label[self.head])
        length = np.bincount(label[self.tail[inside]], self.metres[inside], minlength=len(first_node))
        rank = np.empty(len(first_node), np.int64)
        rank[np.lexsort((first_node, -length))] = np.arange(len(first_node))
        return rank[label]

    @cached_property
    def report(self) -> NetworkReport:
        """What became of the roads layer, and how far the open edges hang together."""
        total = float(self.metres.sum())
        degree = np.bincount(np.concatenate([self.tail, self.head]), minlength=len(self.x))
        report = replace(
            self.drawn,
            nodes=len(self.x),
            edges=len(self.metres),
            length_km=total / 1000.0,
            components=int(self.component.max()) + 1,
            main_share=float(self.metres[self.main].sum()) / total,
            dead_ends=int((degree == 1).sum()),
        )
        return replace(report, warnings=_warnings(report))

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
) -> Network:
    """
    The network of a roads layer (``schema.LAYERS["roads"]``, metric CRS).

    Lines are cut at their ends and at vertices used more than once, so that OpenStreetMap ways and
    layers already cut at junctions both work. A road is left out, and counted in the report, when its
    access is no or private, its class has speed 0, it is too low or too weak for the vehicle, it has
    no geometry, or it repeats another. The speed is that of the class, capped by the posted limit.

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
        Height [m] and weight [t] of the vehicle: roads with a lower limit are left out. None for any.

    Raises
    ------
    InputError
        If no road is usable, or a one-way value is none of 1, 0, -1.
    SettingsError
        If a speed or distance is negative or not a number, or "road" has no speed.
    CRSError
        If the CRS is not metric.
    """
    require_metric(roads, "roads")
    check_speeds(speeds)
    for name, value in (("snap_m", snap_m), ("connect_m", connect_m), ("height_m", height_m), ("weight_t", weight_t)):
        if value is not None and not 0 <= value < np.inf:
            raise SettingsError(f"[rescue] {name} = {value}: must be a number, 0 or more.")
    table, corrected = road_table(roads, speeds)
    usable, skipped = usable_roads(roads, table, height_m, weight_t)
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
    return _assemble(roads.crs.to_string(), table, lines, report)


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


def _warnings(report: NetworkReport) -> tuple[str, ...]:
    found = []
    if report.joined_share < WARN_JOINED_SHARE:
        found.append(
            f"only {report.joined_share:.0%} of the line ends meet another line, and "
            f"{report.unjoined_crossings} crossings have no common vertex: the layer is hardly cut at its junctions. "
            "Set merge_ends_m, connect_m or split_crossings under [rescue], or repair the layer."
        )
    if report.main_share < WARN_MAIN_SHARE:
        found.append(
            f"only {report.main_share:.0%} of the road length ({report.components} parts) is connected both ways: "
            "many places will be unreachable. Check the one-way column, gaps between lines (merge_ends_m, connect_m) "
            "and crossings without a common vertex (split_crossings) under [rescue]."
        )
    return tuple(found)
