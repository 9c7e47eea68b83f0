"""OpenStreetMap tags to schema columns, on a small made extract and on real ones."""

import math

import pytest

from geo_risk.errors import InputError
from geo_risk.layers import osm
from geo_risk.layers.load import load_layer
from geo_risk.layers.osm import read_osm
from geo_risk.schema import LAYERS

NODES = {1: (120.10, 31.60), 2: (120.11, 31.60), 3: (120.11, 31.61), 4: (120.10, 31.61), 5: (120.12, 31.62)}


def extract(folder, ways, nodes="", name="a.osm"):
    points = "".join(f'<node id="{i}" lon="{x}" lat="{y}"/>' for i, (x, y) in NODES.items())
    lines = ""
    for number, (refs, tags) in enumerate(ways, 10):
        nds = "".join(f'<nd ref="{r}"/>' for r in refs)
        lines += f'<way id="{number}">{nds}{tagged(tags)}</way>'
    path = folder / name
    path.write_text(f'<osm version="0.6">{points}{nodes}{lines}</osm>', "utf-8")
    return path


def tagged(tags):
    return "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())


def roads(folder, *tags):
    return read_osm(extract(folder, [([1, 2], t) for t in tags]), "roads")


def test_only_drivable_ways_with_all_schema_columns(tmp_path):
    kinds = ["residential", "footway", "track", "proposed", "motorway_link", "cycleway", "service"]
    frame = roads(tmp_path, *({"highway": k} for k in kinds), {"highway": "service", "area": "yes"})
    assert frame["class"].tolist() == ["residential", "motorway_link", "service"]
    assert list(frame.columns) == [*LAYERS["roads"].names, "geometry"]
    assert frame["id"].tolist() == ["way/10", "way/14", "way/16"]
    assert frame["source_row"].tolist() == [10, 14, 16]
    assert frame.crs == "EPSG:4326"


@pytest.mark.parametrize(
    ("tags", "oneway"),
    [
        ({}, 0),
        ({"oneway": "yes"}, 1),
        ({"oneway": "-1"}, -1),
        ({"junction": "roundabout"}, 1),
        ({"junction": "roundabout", "oneway": "no"}, 0),
        ({"highway": "motorway"}, 1),
        ({"highway": "motorway_link"}, 0),
        ({"oneway": "reversible"}, 0),
    ],
)
def test_oneway(tags, oneway):
    assert osm.road({"highway": "primary", **tags})["oneway"] == oneway


@pytest.mark.parametrize(
    ("text", "value"),
    [("50", 50), ("30 mph", 48.28032), ("60;40", 40), ("none", None), ("CN:urban", None), ("", None), (None, None)],
)
def test_maxspeed(text, value):
    found = osm.speed(text)
    assert math.isnan(found) if value is None else found == pytest.approx(value)


@pytest.mark.parametrize(
    ("function", "text", "value"),
    [
        (osm.metres, "3.8", 3.8),
        (osm.metres, "3.8 m", 3.8),
        (osm.metres, "12'6\"", 3.81),
        (osm.metres, "380 cm", 3.8),
        (osm.metres, "default", None),
        (osm.tonnes, "7.5 t", 7.5),
        (osm.tonnes, "16000 lbs", 7.2574779),
        (osm.tonnes, "unsigned", None),
    ],
)
def test_heights_and_weights(function, text, value):
    found = function(text)
    assert math.isnan(found) if value is None else found == pytest.approx(value)


def test_restrictions_and_structures(tmp_path):
    tags = {
        "highway": "primary", "bridge": "viaduct", "tunnel": "no", "layer": "1", "hazmat": "no", "hazmat:E": "no",
        "access": "yes", "motor_vehicle": "destination", "lanes": "2", "name": "一路",
    }  # fmt: skip
    row = roads(tmp_path, tags).iloc[0]
    assert (row["bridge"], row["tunnel"], row["level"], row["lanes"]) == (True, False, 1, 2)
    assert (row["hazmat"], row["access"], row["name"]) == ("hazmat=no;hazmat:E=no", "destination", "一路")


def test_a_way_with_missing_nodes_is_not_joined_across_the_gap(tmp_path):
    path = extract(tmp_path, [([1, 2, 99, 3, 4], {"highway": "primary"}), ([98, 99], {"highway": "primary"})])
    frame = read_osm(path, "roads")
    assert frame.geometry.geom_type.tolist() == ["MultiLineString"]
    assert frame.geometry[0].length == pytest.approx(0.02)
    raw = osm.read_raw(path, "roads")
    assert (raw.read, raw.log.left_out) == (1, 1)


def test_places_water_buildings_landuse_and_rescue(tmp_path):
    ring = [1, 2, 3, 4, 1]
    ways = [
        (ring, {"amenity": "school", "isced:level": "1", "name": "小学", "building": "school"}),
        (ring, {"natural": "water", "water": "reservoir"}),
        ([1, 2, 5], {"waterway": "canal"}),
        (ring, {"landuse": "industrial"}),
    ]
    node = f'<node id="7" lon="120.1" lat="31.6">{tagged({"amenity": "fire_station", "name": "一站"})}</node>'
    path = extract(tmp_path, ways, node)
    places = read_osm(path, "crowded_places")
    assert places[["id", "kind", "name"]].to_numpy().tolist() == [["way/10", "primary_school", "小学"]]
    assert places.geometry[0].area == pytest.approx(1e-4)
    assert sorted(read_osm(path, "water")["kind"]) == ["canal", "lake"]
    assert read_osm(path, "buildings")["kind"].tolist() == ["school"]
    assert read_osm(path, "landuse")["kind"].tolist() == ["industrial"]
    assert read_osm(path, "emergency_facilities")[["id", "kind"]].to_numpy().tolist() == [["node/7", "fire_station"]]


def test_broken_and_impossible(tmp_path):
    (tmp_path / "a.osm.pbf").write_bytes(b"hello")
    with pytest.raises(InputError, match=r"a\.osm\.pbf.*broken or cut off"):
        read_osm(tmp_path / "a.osm.pbf", "roads")
    with pytest.raises(InputError, match="cannot be read from OpenStreetMap"):
        read_osm(extract(tmp_path, []), "enterprises")
    with pytest.raises(InputError, match="no such file"):
        read_osm(tmp_path / "b.osm", "roads")


def test_an_extract_larger_than_the_region_is_left_out_not_rejected(tmp_path):
    path = extract(tmp_path, [([1, 2], {"highway": "primary"}), ([4, 5], {"highway": "primary"})])
    layer, (report,) = load_layer(
        "roads", {"source": path.name}, folder=tmp_path, crs="EPSG:4549", anchor=(120.0, 31.5, 120.2, 31.605)
    )
    assert layer["id"].tolist() == ["way/10"]
    assert layer["oneway"].tolist() == [0]
    assert (report.rows_read, report.rows_rejected, report.left_out) == (1, 0, 1)
