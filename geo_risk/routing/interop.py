"""networkx and OSMnx at the edges: their graphs in as roads, ours out as graphs."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely

from ..errors import InputError
from .network import Network
from .topology import undirected_keys

KMH_PER_MPH = 1.609344


def to_networkx(network: Network) -> nx.MultiDiGraph:
    """
    The network as a MultiDiGraph in OSMnx's form, so that OSMnx's functions work on it.

    Nodes have x, y [m]; edges, one for each direction that may be driven, osmid (the road's id),
    highway, length [m], speed_kph, travel_time [s], oneway, reversed and geometry. Such a graph cannot hold turn
    restrictions: they are not in it.
    """
    graph = nx.MultiDiGraph(crs=network.crs, simplified=True)
    places = zip(network.x.tolist(), network.y.tolist(), strict=True)
    graph.add_nodes_from((node, {"x": x, "y": y}) for node, (x, y) in enumerate(islice(places, network.junctions)))
    for allowed, start, stop, lines, is_reversed in (
        (network.forward, network.tail, network.head, network.lines, False),
        (network.backward, network.head, network.tail, shapely.reverse(network.lines), True),
    ):
        for edge in np.flatnonzero(allowed).tolist():
            road = int(network.road[edge])
            graph.add_edge(
                int(start[edge]),
                int(stop[edge]),
                osmid=network.road_id[road],
                highway=network.road_class[road] or "road",
                length=float(network.metres[edge]),
                speed_kph=float(network.kmh[road]),
                travel_time=int(network.ms[edge]) / 1000.0,
                oneway=not (network.forward[edge] and network.backward[edge]),
                reversed=is_reversed,
                geometry=lines[edge],
            )
    return graph


def network_layers(network: Network) -> dict[str, gpd.GeoDataFrame]:
    """
    The network as two layers in its CRS: ``nodes`` (node, main) and ``edges``.

    Edges have tail and head (nodes), road_id, class, length_m, kmh, seconds, forward and backward (whether it may be
    driven along and against its drawing) and main (whether it is in the largest part).
    """
    n, road = network.junctions, network.road
    nodes = {"node": np.arange(n), "main": network.component[:n] == 0}
    edges = {
        "tail": network.tail,
        "head": network.head,
        "road_id": network.road_id[road],
        "class": network.road_class[road],
        "length_m": network.metres,
        "kmh": network.kmh[road],
        "seconds": network.ms / 1000.0,
        "forward": network.forward,
        "backward": network.backward,
        "main": network.main,
    }
    points = shapely.points(network.x[:n], network.y[:n])
    return {
        "nodes": gpd.GeoDataFrame(nodes, geometry=points, crs=network.crs),
        "edges": gpd.GeoDataFrame(edges, geometry=network.lines, crs=network.crs),
    }


def write_graphml(network: Network, path: Path) -> None:
    """`to_networkx` as a GraphML file; read it with ``osmnx.load_graphml(path, edge_dtypes={"osmid": str})``."""
    import osmnx

    osmnx.io.save_graphml(to_networkx(network), path)


def from_osmnx(graph: nx.MultiDiGraph) -> gpd.GeoDataFrame:
    """
    A roads layer (``schema.LAYERS["roads"]``) from an OSMnx graph, in the graph's CRS.

    Two edges that draw the same line in both directions become one two-way road, any other edge is
    one-way. Of several classes or limits the first class and the lowest limit count; ``speed_kph``
    goes before ``maxspeed``. Edges without geometry are straight.

    Raises
    ------
    InputError
        If the graph has no CRS or no edges, or a node lacks x or y.
    """
    if "crs" not in graph.graph:
        raise InputError('the graph has no graph["crs"]; OSMnx graphs carry it, e.g. "epsg:4326".')
    rows = [_edge_row(graph, u, v, data) for u, v, data in graph.edges(data=True)]
    if not rows:
        raise InputError("the graph has no edges.")
    table = pd.DataFrame(rows)
    lines = table["geometry"].to_numpy(object)
    table["wkb"], table["along"] = undirected_keys(lines)
    same = table.groupby(["wkb", "id", "class"], sort=False, dropna=False)
    both = same["along"].transform("nunique") == 2
    table["oneway"] = np.where(both, 0, 1)
    table = table[~(both & same.cumcount().gt(0))]
    columns = ["id", "name", "class", "oneway", "speed_kmh", "geometry"]
    roads = table[columns].reset_index(drop=True)
    return gpd.GeoDataFrame(roads, geometry="geometry", crs=graph.graph["crs"])


def _edge_row(graph: nx.MultiDiGraph, u: Any, v: Any, data: dict[str, Any]) -> dict[str, Any]:
    try:
        ends = [(graph.nodes[node]["x"], graph.nodes[node]["y"]) for node in (u, v)]
    except KeyError as error:
        raise InputError(f"a node of the edge {u} - {v} lacks {error}: every node needs x and y.") from error
    speed = data.get("speed_kph")
    return {
        "id": str(_first(data.get("osmid", f"{u}-{v}"))),
        "name": _first(data.get("name")),
        "class": _first(data.get("highway")),
        "speed_kmh": _lowest_limit(data.get("maxspeed")) if speed is None else float(speed),
        "geometry": data["geometry"] if "geometry" in data else shapely.LineString(ends),
    }


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _lowest_limit(value: Any) -> float:
    """Lowest of the limits in OSM words [km/h]; NaN where none is a number."""
    limits = []
    for text in value if isinstance(value, list) else [value]:
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(mph|km/h|kmh)?\s*", str(text))
        if match:
            limits.append(float(match[1]) * (KMH_PER_MPH if match[2] == "mph" else 1.0))
    return min(limits, default=float("nan"))
