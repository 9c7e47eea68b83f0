"""The road network: flat arrays of edges between junctions, with times, directions and components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..crs import require_metric
from ..errors import InputError, SettingsError
from . import topology
from .roads import road_speed, road_table, usable_roads, without_repeats
from .speeds import check_speeds

# Below these shares the report warns: the layer is then hardly usable as a network.
WARN_MAIN_SHARE = 0.8
WARN_JOINED_SHARE = 0.5

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


@dataclass(frozen=True, eq=False)
class Network:
    """
    Roads as edges between junctions; build it with `build_network`.

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
    component : (n,)
        Strong component; 0 is the main one (the longest).
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
    component: Ints
    report: NetworkReport

    @cached_property
    def arcs(self) -> Arcs:
        """The directed graph."""
        n = len(self.x)
        edge = np.concatenate([np.flatnonzero(self.forward), np.flatnonzero(self.backward)])
        n_forward = int(self.forward.sum())
        start = np.concatenate([self.tail[edge[:n_forward]], self.head[edge[n_forward:]]])
        stop = np.concatenate([self.head[edge[:n_forward]], self.tail[edge[n_forward:]]])
        key = start * n + stop
        order = np.lexsort((edge, self.ms[edge], key))
        first = np.concatenate([[True], np.diff(key[order]) > 0])[: len(order)]
        order = order[first & (start[order] != stop[order])]
        indptr = np.searchsorted(start[order], np.arange(n + 1)).astype(np.int32)
        ms = self.ms[edge[order]].astype(np.float64)
        return Arcs(indptr, stop[order].astype(np.int32), ms, edge[order], key[order])

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
    def open_tree(self) -> tuple[shapely.STRtree, Ints]:
        """Spatial index of the open edges, and their numbers."""
        edges = np.flatnonzero(self.open)
        return shapely.STRtree(self.lines[edges]), edges

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
    return _described(_assemble(roads.crs.to_string(), table, lines, report))


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
        component=np.zeros(len(nodes), np.int64),
        report=report,
    )


def with_speeds(network: Network, speeds: Mapping[str, float]) -> Network:
    """
    The same network for another vehicle or hour; classes with speed 0 are closed.

    Roads left out when the network was built stay out: build it with the vehicle that may go farthest.
    """
    check_speeds(speeds)
    kmh = road_speed(network.road_class, network.limit_kmh, speeds)
    passable = kmh[network.road] > 0
    ms = _milliseconds(network.metres, np.where(passable, kmh[network.road], 1.0))
    changed = replace(network, kmh=kmh, ms=ms, forward=network.forward & passable, backward=network.backward & passable)
    return _described(changed)


def close_roads(network: Network, area: shapely.Geometry) -> Network:
    """
    The same network without the edges that touch ``area`` (in the network's CRS).

    A touched edge is closed from junction to junction. Places snap to the roads still open.
    """
    is_open = np.ones(len(network.metres), bool)
    is_open[shapely.STRtree(network.lines).query(area, predicate="intersects")] = False
    return _described(replace(network, forward=network.forward & is_open, backward=network.backward & is_open))


def _lengths(coords: Floats, offsets: Ints) -> Floats:
    step = np.hypot(*np.diff(coords, axis=0, prepend=coords[:1]).T)
    step[offsets[:-1]] = 0.0
    return np.add.reduceat(step, offsets[:-1])


def _milliseconds(metres: Floats, kmh: Floats) -> NDArray[np.uint32]:
    """Whole milliseconds, at least 1: integers add up to the same total in any order."""
    return np.maximum(1, np.rint(metres / kmh * 3600.0)).astype(np.uint32)


def _described(network: Network) -> Network:
    """Components and the part of the report that depends on the graph."""
    component = _components(network)
    network = replace(network, component=component)
    total = float(network.metres.sum())
    degree = np.bincount(np.concatenate([network.tail, network.head]), minlength=len(network.x))
    report = replace(
        network.report,
        nodes=len(network.x),
        edges=len(network.metres),
        length_km=total / 1000.0,
        components=int(component.max()) + 1,
        main_share=float(network.metres[network.main].sum()) / total,
        dead_ends=int((degree == 1).sum()),
    )
    return replace(network, report=replace(report, warnings=_warnings(report)))


def _components(network: Network) -> Ints:
    """(n,) strong component of each node, numbered from the longest; ties by the lowest node."""
    tail, head, n = network.tail, network.head, len(network.x)
    start = np.concatenate([tail[network.forward], head[network.backward]])
    stop = np.concatenate([head[network.forward], tail[network.backward]])
    graph = coo_array((np.ones(len(start), bool), (start, stop)), shape=(n, n))
    label = connected_components(graph, connection="strong")[1]
    _, first_node, label = np.unique(label, return_index=True, return_inverse=True)
    inside = network.open & (label[tail] == label[head])
    length = np.bincount(label[tail[inside]], network.metres[inside], minlength=len(first_node))
    rank = np.empty(len(first_node), np.int64)
    rank[np.lexsort((first_node, -length))] = np.arange(len(first_node))
    return rank[label]


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
