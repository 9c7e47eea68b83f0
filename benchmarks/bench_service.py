"""Service areas beside scipy with concave hulls and networkx ego graphs, in one process: processor seconds.

python benchmarks/bench_service.py CITY.osm.pbf [--stations 20] [--networkx 2]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo_risk.layers.load import load_layer
from geo_risk.routing.facilities import facility_starts
from geo_risk.routing.network import build_network
from geo_risk.routing.reach import node_times
from geo_risk.routing.service import LIMITS_MIN, MS_PER_MIN, reached, reached_edges, station_areas
from geo_risk.routing.speeds import vehicle_speeds

FIRE = ("fire_station",)


def timed(what: str, work, base: float | None = None, times: int = 1):
    """Run, print seconds of the processor and their ratio to ``base``; (result, seconds)."""
    began = time.process_time()
    result = work()
    seconds = (time.process_time() - began) * times
    print(f"{what:58}{seconds:9.2f} s" + (f"{seconds / base:8.1f} x" if base else ""), flush=True)
    return result, seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("roads", type=Path)
    parser.add_argument("--crs", default="EPSG:3763")
    parser.add_argument("--stations", type=int, default=20)
    parser.add_argument("--networkx", type=int, default=2, help="stations that networkx is run for, then scaled")
    given = parser.parse_args()
    roads, _ = load_layer("roads", {"source": str(given.roads.resolve())}, folder=Path.cwd(), crs=given.crs)
    network = build_network(roads, speeds=vehicle_speeds("fire_engine"))
    print(
        f"{len(network.x):,} nodes, {len(network.metres):,} edges, {given.stations} stations, limits {LIMITS_MIN} min"
    )
    main_nodes = np.unique(network.tail[network.main])
    node = np.random.default_rng(1).choice(main_nodes, given.stations, replace=False)
    stations = gpd.GeoDataFrame(
        {"id": [f"s{i:02}" for i in range(len(node))], "name": "", "kind": "fire_station", "turnout_s": 60.0},
        geometry=gpd.points_from_xy(network.x[node], network.y[node]),
        crs=network.crs,
    )
    for _ in range(2):  # once to compile
        reached_edges(network, stations.iloc[:1], kinds=FIRE)
        station_areas(network, stations.iloc[:1], kinds=FIRE)

    starts, most = facility_starts(network, stations, FIRE)[1], max(LIMITS_MIN) * MS_PER_MIN

    def stretches():
        return [
            reached(network, times, starts.take(np.array([s])), limit * MS_PER_MIN)
            for block, found in node_times(network, starts, limit_ms=most)
            for s, times in zip(range(block.start, block.stop), found, strict=True)
            for limit in LIMITS_MIN
        ]

    def tables():
        return [reached_edges(network, stations.iloc[[i]], kinds=FIRE) for i in range(len(stations))]

    timed("exact stretches", stretches)
    timed("the same as tables with roads and LineStrings", tables)
    _, base = timed(
        "polygons, no ground beyond the stated distance", lambda: station_areas(network, stations, kinds=FIRE)
    )
    timed("scipy reach + concave hull of the nodes", lambda: _concave(network, node), base)
    graph = _networkx(network)
    part = node[: given.networkx]
    timed(
        "networkx ego graph + convex hull", lambda: _ego(graph, network, part), base, given.stations // given.networkx
    )


def _concave(network, node) -> list:
    arcs = network.arcs
    n = len(network.x)
    graph = csr_array((arcs.ms, arcs.heads, arcs.indptr), shape=(n, n))
    xy = shapely.points(network.x, network.y)
    out = []
    for start in node:
        ms = dijkstra(graph, indices=start, limit=max(LIMITS_MIN) * 60_000 - 60_000)
        for limit in LIMITS_MIN:
            points = shapely.multipoints(xy[ms <= limit * 60_000 - 60_000])
            out.append(shapely.concave_hull(points, ratio=0.2))
    return out


def _networkx(network) -> nx.DiGraph:
    graph, arcs = nx.DiGraph(), network.arcs
    tail = np.repeat(np.arange(len(network.x)), np.diff(arcs.indptr))
    graph.add_weighted_edges_from(zip(tail.tolist(), arcs.heads.tolist(), arcs.ms.tolist(), strict=True), weight="ms")
    return graph


def _ego(graph, network, node) -> list:
    out = []
    for start in node.tolist():
        for limit in LIMITS_MIN:
            reached = nx.ego_graph(graph, start, radius=limit * 60_000 - 60_000, distance="ms")
            rows = list(reached.nodes)
            out.append(shapely.multipoints(np.column_stack([network.x[rows], network.y[rows]])).convex_hull)
    return out


if __name__ == "__main__":
    main()
