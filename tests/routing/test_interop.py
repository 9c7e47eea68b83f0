"""Graphs out to OSMnx and in from it."""

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx
import pandas as pd
import pytest
import shapely
from conftest import CRS, SPEEDS, points_of, roads_of

from geo_risk.errors import InputError
from geo_risk.routing.closest import closest_facilities
from geo_risk.routing.interop import from_osmnx, network_layers, to_networkx, write_graphml
from geo_risk.routing.network import build_network


@pytest.fixture
def network(square):
    ring = roads_of([(0, 0), (-100, 0), (-100, 100), (0, 0)], oneway=[0]).assign(id="ring")
    return build_network(pd.concat([square, ring], ignore_index=True), speeds=SPEEDS)


def test_osmnx_functions_work_and_agree(network):
    graph = to_networkx(network)
    nodes, edges = osmnx.convert.graph_to_gdfs(graph)
    assert len(nodes) == len(network.x)
    assert len(edges) == int(network.forward.sum() + network.backward.sum())
    assert edges.crs == CRS
    assert edges.geometry.length.to_numpy() == pytest.approx(edges["length"].to_numpy())
    # Every edge is drawn from its u to its v.
    starts = np.array([line.coords[0] for line in edges.geometry])
    u = edges.index.get_level_values("u")
    assert np.array_equal(starts, nodes.loc[u, ["x", "y"]].to_numpy())
    for a in range(len(network.x)):
        station = points_of((network.x[a], network.y[a]), kind=["fire_station"], turnout_s=[0.0])
        places = points_of(*zip(network.x, network.y, strict=True))
        ours = closest_facilities(network, {"p": places}, station, kinds=("fire_station",))["minutes"].to_numpy()
        for b in range(len(network.x)):
            path = osmnx.routing.shortest_path(graph, a, b, weight="travel_time")
            seconds = sum(osmnx.routing.route_to_gdf(graph, path)["travel_time"]) if len(path) > 1 else 0.0
            assert ours[b] * 60 == pytest.approx(seconds)


def test_there_and_back_is_the_same_network(network):
    again = build_network(from_osmnx(to_networkx(network)), speeds=SPEEDS)
    for name in ("x", "y", "component"):
        assert np.array_equal(getattr(again, name), getattr(network, name))
    ways = [
        sorted(zip(n.arcs.key.tolist(), n.arcs.ms.tolist(), strict=True)) + sorted(n.metres.tolist())
        for n in (network, again)
    ]
    assert ways[0] == ways[1]


def test_graphml_round_trip(network, tmp_path):
    graph = to_networkx(network)
    osmnx.io.save_graphml(graph, tmp_path / "graph.graphml")
    # Ids of this layer are text, OSMnx's own are numbers.
    loaded = osmnx.io.load_graphml(tmp_path / "graph.graphml", edge_dtypes={"osmid": str})
    again = build_network(from_osmnx(loaded), speeds=SPEEDS)
    assert np.array_equal(again.arcs.ms, network.arcs.ms)


def test_attributes_in_the_words_of_osm():
    graph = nx.MultiDiGraph(crs=CRS)
    graph.add_nodes_from([(1, {"x": 0.0, "y": 0.0}), (2, {"x": 100.0, "y": 0.0}), (3, {"x": 200.0, "y": 0.0})])
    graph.add_edge(1, 2, osmid=[7, 8], highway=["primary", "residential"], maxspeed=["50", "30 mph"], name="A")
    graph.add_edge(2, 1, osmid=[7, 8], highway=["primary", "residential"], maxspeed=["50", "30 mph"], name="A")
    graph.add_edge(2, 3, osmid=9, highway="primary", maxspeed="none")
    roads = from_osmnx(graph)
    assert roads["oneway"].tolist() == [0, 1]
    assert roads["class"].tolist() == ["primary", "primary"]
    assert roads["id"].tolist() == ["7", "9"]
    assert roads["speed_kmh"].iloc[0] == pytest.approx(30 * 1.609344)
    assert np.isnan(roads["speed_kmh"].iloc[1])


def test_graphs_that_cannot_be_used_say_why():
    with pytest.raises(InputError, match="crs"):
        from_osmnx(nx.MultiDiGraph())
    with pytest.raises(InputError, match="no edges"):
        from_osmnx(nx.MultiDiGraph(crs=CRS))
    graph = nx.MultiDiGraph(crs=CRS)
    graph.add_edge(1, 2)
    with pytest.raises(InputError, match="edge 1 - 2 lacks 'x'"):
        from_osmnx(graph)


def test_a_split_network_goes_out_by_its_junctions(network, square, tmp_path):
    turns = gpd.GeoDataFrame({"kind": ["no_left_turn"], "from_id": ["r0"], "to_id": ["r1"]}, geometry=[None], crs=CRS)
    split = build_network(square, speeds=SPEEDS, turns=turns)
    assert len(split.x) > split.junctions == 4
    write_graphml(split, tmp_path / "a.graphml")
    write_graphml(split, tmp_path / "b.graphml")
    assert (tmp_path / "a.graphml").read_bytes() == (tmp_path / "b.graphml").read_bytes()
    graph = osmnx.io.load_graphml(tmp_path / "a.graphml", edge_dtypes={"osmid": str})
    assert (len(graph), len(graph.edges), graph.graph["crs"]) == (4, 7, CRS)
    assert sum(d["travel_time"] for *_, d in graph.edges(data=True)) == pytest.approx(700)
    layers = network_layers(split)
    assert layers["edges"]["seconds"].tolist() == [100.0] * 4
    assert layers["edges"]["backward"].tolist() == [False, True, True, True]
    ends = layers["nodes"].geometry.loc[layers["edges"]["tail"]]
    assert shapely.distance(ends.to_numpy(), layers["edges"].geometry.to_numpy()).max() == 0
