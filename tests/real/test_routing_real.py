"""Real road networks: OpenStreetMap extracts, a Chinese edge layer, streets and highways in two layers."""

import os
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import osmnx
import pandas as pd
import pytest
import shapely

from geo_risk.routing.closest import closest_facilities
from geo_risk.routing.coverage import coverage
from geo_risk.routing.interop import to_networkx
from geo_risk.routing.network import build_network
from geo_risk.routing.service import reached_edges, service_areas
from geo_risk.routing.speeds import vehicle_speeds

DATA = Path(os.environ.get("GEO_RISK_DATA", Path(__file__).parents[3] / "shared" / "data"))
if not DATA.is_dir():  # a worktree beside the repository's folder
    DATA = Path(__file__).parents[4] / "shared" / "data"
pytestmark = pytest.mark.real
ONEWAY = {"yes": 1, "true": 1, "1": 1, "-1": -1, "no": 0}


def path_of(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {path}; set GEO_RISK_DATA")
    return path


def osm_roads(path: Path, crs: str) -> gpd.GeoDataFrame:
    """Highways of a PBF with the tags the network reads."""
    speeds = vehicle_speeds()
    rows = []
    for way in osmium.FileProcessor(str(path)).with_locations().with_filter(osmium.filter.KeyFilter("highway")):
        if not way.is_way() or not speeds.get(way.tags["highway"]):
            continue
        xy = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]
        if len(xy) < 2:
            continue
        implied = 1 if way.tags.get("junction") == "roundabout" or way.tags["highway"] == "motorway" else 0
        limit = way.tags.get("maxspeed", "")
        rows.append(
            {
                "id": str(way.id),
                "class": way.tags["highway"],
                "oneway": ONEWAY.get(way.tags.get("oneway", ""), implied),
                "speed_kmh": float(limit) if limit.isdigit() else np.nan,
                "access": way.tags.get("access"),
                "geometry": shapely.LineString(xy),
            }
        )
    return gpd.GeoDataFrame(pd.DataFrame(rows), geometry="geometry", crs=4326).to_crs(crs)


def random_points(network, count, seed, **columns):
    """Points up to about 60 m beside random road vertices."""
    rng = np.random.default_rng(seed)
    xy = network.coords[rng.integers(0, len(network.coords), count)] + rng.normal(0, 30, (count, 2))
    table = {"id": [f"p{i:05d}" for i in range(count)], **columns}
    return gpd.GeoDataFrame(table, geometry=shapely.points(xy), crs=network.crs)


@pytest.fixture(scope="module")
def porto():
    return build_network(osm_roads(path_of("osm/porto_portugal.osm.pbf"), "EPSG:32629"), speeds=vehicle_speeds())


def test_porto_is_one_network(porto):
    # Published for this extract: 62,209 nodes and 145,529 directed edges in the largest strong part
    # (another selection of classes, shape nodes of equal degree removed); the size must be near.
    report = porto.report
    assert report.main_share > 0.9
    assert report.warnings == ()
    assert 55_000 < int((porto.component == 0).sum()) < 90_000
    assert report.used + sum(report.skipped.values()) == report.roads


def test_porto_times_equal_networkx(porto):
    stations = random_points(porto, 3, 1, kind="fire_station", turnout_s=0.0)
    junctions = np.flatnonzero(porto.component == 0)[::5000]
    places = gpd.GeoDataFrame(
        {"id": [str(j) for j in junctions]},
        geometry=shapely.points(porto.x[junctions], porto.y[junctions]),
        crs=porto.crs,
    )
    stations = stations.set_geometry(shapely.points(porto.x[junctions[:3]], porto.y[junctions[:3]]), crs=porto.crs)
    rows = closest_facilities(porto, {"p": places}, stations, kinds=("fire_station",), max_min=600)
    graph = to_networkx(porto)
    for station, node in zip(stations["id"], junctions[:3], strict=True):
        known = nx.single_source_dijkstra_path_length(graph, int(node), weight="travel_time")
        mine = rows[rows["facility_id"] == station]
        expected = [known[int(place)] for place in mine["place_id"]]
        np.testing.assert_allclose(mine["minutes"] * 60, expected, atol=0.02)  # snapped to 1 cm
    np.testing.assert_allclose(shapely.length(rows.geometry.to_numpy()), rows["distance_m"], rtol=1e-9)


def test_porto_routes_drive_only_where_allowed(porto):
    stations = random_points(porto, 20, 2, kind="fire_station")
    places = random_points(porto, 100, 3)
    rows = closest_facilities(porto, {"p": places}, stations, kinds=("fire_station",), k=1)
    good = rows[rows["reason"] == ""]
    assert len(good) > 95
    # No route is faster than the straight line at the highest speed.
    straight = [shapely.Point(line.coords[0]).distance(shapely.Point(line.coords[-1])) for line in good.geometry]
    assert (good["distance_m"] >= np.array(straight) - 1e-6).all()
    assert ((good["minutes"] - good["turnout_s"] / 60) >= np.array(straight) / 1000 / porto.kmh.max() * 60).all()


def test_helsinki_areas_lie_on_reached_roads():
    network = build_network(osm_roads(path_of("osm/helsinki_center.osm.pbf"), "EPSG:32635"), speeds=vehicle_speeds())
    stations = random_points(network, 2, 4, kind="fire_station")
    areas = service_areas(network, stations, limits_min=[2, 3, 5], kinds=("fire_station",), off_road_m=60)
    edges = reached_edges(network, stations, limits_min=[2, 3, 5], kinds=("fire_station",))
    assert areas.is_valid.all()
    for limit, area in zip(areas["limit_min"], areas.geometry, strict=True):
        exact = shapely.union_all(edges[edges["limit_min"] == limit].geometry.to_numpy()).buffer(60)
        # Gaps narrower than a cell (15 m) may close; elsewhere the outline is true to a few metres.
        assert area.difference(exact.buffer(11)).area == 0
        assert area.difference(exact.buffer(5)).area < 5e-4 * exact.area
        assert area.area == pytest.approx(exact.area, rel=0.03)


def test_jinan_edges_drawn_in_both_directions_are_one_road_each():
    path = path_of("osm/jinan_roads.zip")
    edges = gpd.read_file(f"/vsizip/{path}", layer="edges").set_crs(4326).to_crs("EPSG:4547")
    nodes = gpd.read_file(f"/vsizip/{path}", layer="nodes")
    roads = edges.rename(columns={"highway": "class"}).assign(id=edges["eid"].astype(str))
    network = build_network(roads, speeds=vehicle_speeds())
    assert network.report.nodes == len(nodes) == 12_766
    assert network.report.skipped["drawn twice"] > 10_000
    assert network.report.main_share > 0.98


def test_kaohsiung_highways_connect_to_the_streets():
    streets = gpd.read_file(f"/vsizip/{path_of('kaohsiung/street_proxy.gpkg.zip')}").to_crs("EPSG:32651")
    highways = gpd.read_file(path_of("kaohsiung/highways.geojson")).to_crs("EPSG:32651")
    streets = streets.assign(id=streets.index.map("s{}".format), **{"class": "road"})
    highways = highways.assign(
        id=highways.index.map("h{}".format),
        **{"class": highways["category"].map({"freeway": "motorway"}).fillna("trunk")},
    )
    roads = pd.concat([frame[["id", "class", "geometry"]] for frame in (streets, highways)], ignore_index=True)
    shares = [
        build_network(roads, speeds=vehicle_speeds(), **options).report
        for options in ({}, {"connect_m": 200.0}, {"connect_m": 200.0, "split_crossings": True})
    ]
    assert [report.connected_ends for report in shares] == [0, 62, 62]
    assert shares[0].main_share < shares[1].main_share < shares[2].main_share
    assert shares[1].main_share > 0.9
    assert shares[2].main_share > 0.97


def test_coverage_of_kaohsiung_adds_up_to_its_people():
    streets = gpd.read_file(f"/vsizip/{path_of('kaohsiung/street_proxy.gpkg.zip')}").to_crs("EPSG:32651")
    people = gpd.read_file(f"/vsizip/{path_of('kaohsiung/population_areas.gpkg.zip')}").to_crs("EPSG:32651")
    districts = gpd.read_file(path_of("kaohsiung/districts.geojson")).to_crs("EPSG:32651")
    network = build_network(streets.assign(**{"class": "road"}), speeds=vehicle_speeds())
    stations = random_points(network, 30, 5, kind="fire_station")
    zones = districts.rename(columns={"TOWN_ID": "id", "TOWN": "name"}).assign(level="township")
    table = coverage(
        network,
        stations,
        {},
        people.rename(columns={"P_CNT": "persons"}),
        zones,
        limits_min=[5],
        kinds=("fire_station",),
    )
    assert table.loc[table["district_id"] == "", "total"].item() == 2_768_410
    assert table.loc[table["district_id"] != "", "total"].sum() == 2_768_410
    assert len(table) >= 39
    assert 0 < table["covered"].iloc[0] < 2_768_410


def test_osmnx_reads_the_graph(porto):
    nodes, edges = osmnx.convert.graph_to_gdfs(to_networkx(porto))
    assert len(nodes) == len(porto.x)
    assert {"osmid", "length", "speed_kph", "travel_time", "geometry"} <= set(edges.columns)
