"""OpenStreetMap tags to schema columns, on a small made extract and on real ones."""

import math

import pandas as pd
import pytest
import shapely

from geo_risk.errors import InputError
from geo_risk.layers import osm, osm_values
from geo_risk.layers.load import load_layer
from geo_risk.layers.osm import read_osm
from geo_risk.layers.osm_roads import plain_tags, road_columns
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
    columns = road_columns(plain_tags([{"highway": "primary", **tags}]))
    assert columns["oneway"].tolist() == [oneway]


@pytest.mark.parametrize(
    ("text", "value"),
    [("50", 50), ("30 mph", 48.28032), ("60;40", 40), ("none", None), ("CN:urban", None), ("", None), (None, None)],
)
def test_maxspeed(text, value):
    found = osm_values.speed(text)
    assert math.isnan(found) if value is None else found == pytest.approx(value)


@pytest.mark.parametrize(
    ("function", "text", "value"),
    [
        (osm_values.metres, "3.8", 3.8),
        (osm_values.metres, "3.8 m", 3.8),
        (osm_values.metres, "12'6\"", 3.81),
        (osm_values.metres, "380 cm", 3.8),
        (osm_values.metres, "default", None),
        (osm_values.tonnes, "7.5 t", 7.5),
        (osm_values.tonnes, "16000 lbs", 7.2574779),
        (osm_values.tonnes, "unsigned", None),
        (osm_values.millimetres, "500", 500),
        (osm_values.millimetres, '12"', 304.8),
        (osm_values.megapascal, "40", 4),
        (osm_values.megapascal, "0.4 MPa", 0.4),
        (osm_values.signed, "-1", -1),
        (osm_values.signed, "inf", None),
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


def test_barriers_on_the_way_and_leave_for_emergency_vehicles(tmp_path):
    nodes = "".join(
        f'<node id="{i}" lon="120.3" lat="31.{i}">{tagged({"barrier": kind})}</node>'
        for i, kind in ((51, "gate"), (52, "bollard"))
    )
    ways = [
        ([1, 51, 2, 52], {"highway": "service", "access": "private", "emergency": "yes"}),
        ([3, 4], {"highway": "service", "barrier": "kerb"}),
    ]
    frame = read_osm(extract(tmp_path, ways, nodes), "roads")
    assert frame["barrier"].fillna("").tolist() == ["bollard;gate", ""]
    assert frame["emergency"].fillna("").tolist() == ["yes", ""]


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
    with pytest.raises(InputError, match="broken or cut off"):
        osm.survey(tmp_path / "a.osm.pbf")
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


def test_more_layers_of_one_pass(tmp_path):
    ring = [1, 2, 3, 4, 1]
    ways = [
        (ring, {"amenity": "fuel", "brand": "中石化", "operator": "甲公司"}),
        (ring, {"boundary": "administrative", "admin_level": "8", "name": "某镇", "ref": "320281101"}),
        (ring, {"boundary": "administrative", "admin_level": "4", "name": "某省"}),
        (ring, {"amenity": "parking", "hazmat": "designated", "capacity": "12"}),
        (ring, {"amenity": "parking"}),
        ([1, 2, 5], {"man_made": "pipeline", "substance": "gas", "diameter": "500", "pressure": "40",
                     "usage": "transmission", "location": "overground", "operator": "乙公司"}),
        ([1, 2], {"man_made": "pipeline", "substance": "water"}),
        ([1, 2], {"building": "yes"}),
        ([1, 2], {"highway": "primary"}),
    ]  # fmt: skip
    path = extract(tmp_path, ways)
    raws = osm.read_layers(path, osm.LAYER_NAMES)
    assert raws["hazard_sources"].frame[["id", "kind", "name", "enterprise_name"]].to_numpy().tolist() == [
        ["way/10", "filling_station", "中石化", "甲公司"]
    ]
    town = raws["districts"]
    assert town.frame[["id", "level", "name"]].to_numpy().tolist() == [["320281101", "township", "某镇"]]
    assert town.rows.tolist() == [11]
    assert raws["parking_lots"].frame[["kind", "bays"]].to_numpy().tolist() == [["hazmat", 12]]
    (pipe,) = raws["gas_pipelines"].frame.to_dict("records")
    assert (pipe["medium"], pipe["kind"], pipe["laying"], pipe["owner"]) == (
        "natural_gas", "long_distance", "rack", "乙公司")  # fmt: skip
    assert (pipe["diameter_mm"], pipe["pressure_mpa"]) == (500, 4)
    # an open way cannot be a building: told, not lost
    assert (len(raws["buildings"].frame), raws["buildings"].log.left_out) == (0, 1)
    assert osm.survey(path) == {name: len(raw.frame) for name, raw in raws.items() if len(raw.frame)}


def test_what_is_kept_of_an_extract_reads_the_same(tmp_path):
    ring = [1, 2, 3, 4, 1]
    path = extract(tmp_path, [(ring, {"amenity": "school"}), ([1, 2, 99], {"highway": "primary", "maxspeed": "60"})])
    osm.write_layers(path, osm.LAYER_NAMES, None, tmp_path / "kept")
    for name in osm.LAYER_NAMES:
        direct, kept = osm.read_raw(path, name), osm.read_stored(path, name, tmp_path / "kept")
        pd.testing.assert_frame_equal(direct.frame, kept.frame, check_dtype=False)
        assert shapely.equals_exact(direct.geometry, kept.geometry).all()
        assert (direct.log.issues, direct.log.left_out) == (kept.log.issues, kept.log.left_out)


def test_a_box_thins_all_layers_but_districts(tmp_path):
    far = [2, 5]
    ways = [([1, 4], {"highway": "primary"}), (far, {"highway": "primary"}), ([1, 2, 3, 1], {"building": "yes"}),
            ([2, 3, 5, 2], {"building": "yes"}),
            ([2, 3, 5, 2], {"boundary": "administrative", "admin_level": "6"})]  # fmt: skip
    raws = osm.read_layers(extract(tmp_path, ways), ["roads", "buildings", "districts"], (120.0, 31.5, 120.105, 31.62))
    assert raws["roads"].frame["id"].tolist() == ["way/10"]
    assert raws["buildings"].frame["id"].tolist() == ["way/12"]
    assert (raws["roads"].log.left_out, raws["buildings"].log.left_out) == (1, 1)
    assert len(raws["districts"].frame) == 1


def relation(number, tags, *members):
    inside = "".join(f'<member type="{kind}" ref="{ref}" role="{role}"/>' for kind, ref, role in members)
    return f'<relation id="{number}">{inside}{tagged({"type": "restriction", **tags})}</relation>'


def test_turn_restrictions(tmp_path):
    def turn(*via):
        return ("way", 10, "from"), *(via or (("node", 2, "via"),)), ("way", 11, "to")

    primary = {"highway": "primary"}
    path = extract(tmp_path, [([1, 2], primary), ([2, 3], primary), ([4, 2, 5], primary)])
    text = path.read_text("utf-8").replace(
        "</osm>",
        relation(1, {"restriction": "no_left_turn", "except": "psv;emergency"}, *turn())
        + relation(2, {"restriction": "only_straight_on"}, *turn(("way", 12, "via")))
        + relation(
            3, {"restriction:hgv": "no_u_turn", "restriction:conditional": "no_left_turn @ (07:00-09:00)"}, *turn()
        )
        + relation(4, {"restriction": "no_left_turn"}, *turn(("node", 77, "via")))
        + relation(5, {"restriction": "no_thoroughfare"}, *turn())
        + relation(6, {"restriction": "no_entry"}, ("way", 12, "from"), *turn())
        + relation(7, {"restriction": "only_right_turn"}, *turn())
        + relation(8, {"restriction": "no_u_turn"}, *turn(("way", 99, "via")))
        + relation(9, {"restriction": "no_u_turn"}, *turn(("way", 12, "via"), ("node", 2, "via")))
        + "</osm>",
    )
    path.write_text(text, "utf-8")
    raw = osm.read_raw(path, "turn_restrictions")
    assert raw.frame.to_numpy().tolist() == [
        ["relation/1", "no_left_turn", "way/10", "way/11", None, "psv;emergency", None, None],
        ["relation/2", "only_straight_on", "way/10", "way/11", "way/12", None, None, None],
        ["relation/3#1", "no_left_turn", "way/10", "way/11", None, None, None, "no_left_turn @ (07:00-09:00)"],
        ["relation/3#2", "no_u_turn", "way/10", "way/11", None, None, "hgv", None],
        ["relation/6#1", "no_entry", "way/12", "way/11", None, None, None, None],
        ["relation/6#2", "no_entry", "way/10", "way/11", None, None, None, None],
        ["relation/7", "only_right_turn", "way/10", "way/11", None, None, None, None],
    ]
    assert shapely.get_coordinates(raw.geometry).tolist() == [[120.11, 31.6]] * 7
    told = {i.code: i.value for i in raw.log.issues}
    assert told == {"turn_incomplete": "9, 4, 8", "turn_unknown": "5"}
    assert raw.log.left_out == 4
    layer, _ = load_layer("turn_restrictions", {"source": path.name}, folder=tmp_path, crs="EPSG:4549")
    assert layer["from_id"].tolist() == [*["way/10"] * 4, "way/12", "way/10", "way/10"]
    assert layer["via_ids"].dropna().tolist() == ["way/12"]
