"""
Routing against networkx and OSMnx on one network, in one process: seconds, ratios and peak memory.

    python benchmarks/bench_routing.py ROADS_FILE [LAYER]

ROADS_FILE is any line layer with a class column (``highway``, ``class``). Facilities and places are
drawn beside its roads from a fixed seed: 90 facilities, 1,500 places, 1,700 people points.
"""

import resource
import sys
import time

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx
import shapely

from geo_risk.crs import metric_crs
from geo_risk.routing.closest import closest_facilities
from geo_risk.routing.coverage import coverage
from geo_risk.routing.facilities import KINDS
from geo_risk.routing.interop import to_networkx
from geo_risk.routing.network import build_network
from geo_risk.routing.service import reached_edges, service_areas
from geo_risk.routing.speeds import vehicle_speeds

ROUTES = 200
STATIONS = 5


def timed(label, call, against=None):
    """Run once; print seconds, the ratio to ``against`` seconds and the peak memory so far."""
    before = time.perf_counter()
    result = call()
    seconds = time.perf_counter() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ratio = f"{against / seconds:8.1f} x" if against else ""
    print(f"{label:62s} {seconds:8.3f} s  {peak:6.0f} MB {ratio}")
    return result, seconds


def points(network, count, rng, **columns):
    xy = network.coords[rng.integers(0, len(network.coords), count)] + rng.normal(0, 30, (count, 2))
    table = {"id": [f"p{i}" for i in range(count)], **columns}
    return gpd.GeoDataFrame(table, geometry=shapely.points(xy), crs=network.crs)


def main(path, layer=None):
    roads = gpd.read_file(path, layer=layer)
    roads = roads if roads.crs else roads.set_crs(4326)
    centre = roads.to_crs(4326).total_bounds.reshape(2, 2).mean(axis=0)
    roads = roads.to_crs(metric_crs(*centre))
    if "class" not in roads:
        roads["class"] = roads["highway"]
    network, _ = timed("network", lambda: build_network(roads, speeds=vehicle_speeds()))
    print(network.report)
    rng = np.random.default_rng(1)
    kinds = np.array(KINDS)[np.arange(90) % len(KINDS)]
    facilities, places = points(network, 90, rng, kind=kinds), {"crowded_places": points(network, 1500, rng)}
    people = points(network, 1700, rng, persons=rng.integers(1, 500, 1700).astype(float))
    timed(
        "closest facilities, 1,500 places x 4 kinds x 3, with routes",
        lambda: closest_facilities(network, places, facilities),
    )
    timed("coverage, 3,200 targets x 4 kinds x 3 limits", lambda: coverage(network, facilities, places, people))
    timed("reached road parts, 4 kinds x 3 limits", lambda: reached_edges(network, facilities))
    timed("service areas, 4 kinds x 3 limits", lambda: service_areas(network, facilities))

    graph, _ = timed("to_networkx", lambda: to_networkx(network))
    main_nodes = np.flatnonzero(network.component == 0)
    sources, targets = rng.choice(main_nodes, STATIONS), rng.choice(main_nodes, ROUTES)
    stations = gpd.GeoDataFrame(
        {"id": [str(i) for i in range(STATIONS)], "kind": "fire_station"},
        geometry=shapely.points(network.x[sources], network.y[sources]), crs=network.crs,
    )  # fmt: skip
    ends = gpd.GeoDataFrame(
        {"id": targets.astype(str)}, geometry=shapely.points(network.x[targets], network.y[targets]), crs=network.crs
    )
    _, theirs = timed(
        f"networkx: {STATIONS} stations, times to all nodes",
        lambda: [nx.single_source_dijkstra_path_length(graph, int(s), weight="travel_time") for s in sources],
    )
    timed(
        f"ours:     {STATIONS} stations, times and routes to {ROUTES} places",
        lambda: closest_facilities(network, {"p": ends}, stations, kinds=("fire_station",), k=STATIONS, max_min=600),
        theirs,
    )
    few = [int(t) for t in targets[:20]]
    _, theirs = timed(
        "osmnx: 20 shortest paths",
        lambda: [osmnx.routing.shortest_path(graph, int(sources[0]), t, weight="travel_time") for t in few],
    )
    timed(
        "ours:  20 shortest paths",
        lambda: closest_facilities(network, {"p": ends[:20]}, stations[:1], kinds=("fire_station",), max_min=600),
        theirs,
    )
    _, theirs = timed(
        "networkx ego_graph + buffered edges, 1 station, 10 min",
        lambda: shapely.union_all(
            shapely.buffer(
                [
                    d["geometry"]
                    for *_, d in nx.ego_graph(graph, int(sources[0]), 540, distance="travel_time").edges(data=True)
                ],
                100,
            )
        ),
    )
    one = stations[:1].assign(turnout_s=60.0)
    timed(
        "ours: service area, 1 station, 10 min",
        lambda: service_areas(network, one, limits_min=[10], kinds=["fire_station"]),
        theirs,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
