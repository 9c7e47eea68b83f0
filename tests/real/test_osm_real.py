"""Real extracts: the fast reader against a plain one, all layers of one pass, a region from nothing but a map."""

import json

import numpy as np
import osmium
import pandas as pd
import pytest
import shapely

import geo_risk
from geo_risk.layers import osm, osm_roads
from geo_risk.layers.load import load_layer
from geo_risk.routing.network import build_network
from geo_risk.routing.speeds import vehicle_speeds

pytestmark = pytest.mark.real


def plain_roads(path):
    """Way by way, node by node."""
    ids, tags, shapes, barrier = [], [], [], {}
    for way in osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY).with_locations():
        if way.is_node() and "barrier" in way.tags:
            barrier[way.id] = way.tags["barrier"]
        if not way.is_way() or not osm_roads.is_road(way.tags):
            continue
        xy = [(n.lon, n.lat) if n.location.valid() else (np.nan, np.nan) for n in way.nodes]
        shape = osm_roads.line_of(np.array(xy))
        if shape is not None:
            ids.append(way.id)
            kinds = sorted({barrier[n.ref] for n in way.nodes if n.ref in barrier})
            tags.append(dict(way.tags) | {"barrier": ";".join(kinds) or None})
            shapes.append(shape)
    return ids, osm_roads.road_columns(osm_roads.plain_tags(tags)), np.array(shapes, object)


@pytest.mark.parametrize("name", ["helsinki_center", "heidelberg"])
def test_the_fast_reader_equals_the_plain_one(real_data, name):
    path = real_data / "osm" / f"{name}.osm.pbf"
    ids, frame, shapes = plain_roads(path)
    fast = osm_roads.read_pbf(path)
    assert fast.ids.tolist() == ids
    pd.testing.assert_frame_equal(fast.frame, frame)
    assert shapely.equals_exact(fast.geometry, shapes, tolerance=0).all()
    box = tuple(np.median(shapely.bounds(shapes), axis=0) + np.array([-0.01, -0.01, 0.01, 0.01]))
    near = osm_roads.read_pbf(path, box)
    kept = osm._near(shapes, box)
    assert 0 < kept.sum() < len(ids)
    assert near.ids.tolist() == np.array(ids)[kept].tolist()
    # counted among those outside: also ways that have no place at all inside the file
    assert near.outside + len(near.ids) + len(near.lost) == len(fast.ids) + len(fast.lost)


def test_every_feature_of_the_survey_is_read_or_told(real_data):
    path = real_data / "osm" / "helsinki_center.osm.pbf"
    raws, survey = osm.read_layers(path, osm.LAYER_NAMES), osm.survey(path)
    for name, raw in raws.items():
        assert len(raw.frame) <= survey.get(name, 0) <= len(raw.frame) + raw.log.left_out, name
    assert raws["turn_restrictions"].read == 44
    assert raws["roads"].frame["hazmat"].notna().sum() > 30
    assert {"no_left_turn", "only_straight_on"} <= set(raws["turn_restrictions"].frame["kind"])


def test_restrictions_name_roads_of_the_layer(real_data):
    path = real_data / "osm" / "heidelberg.osm.pbf"
    raws = osm.read_layers(path, ["roads", "turn_restrictions"])
    turns, ids = raws["turn_restrictions"].frame, set(raws["roads"].frame["id"])
    assert len(turns) == 476
    assert turns["from_id"].isin(ids).mean() > 0.95
    # the via point lies on both roads
    lines = dict(zip(raws["roads"].frame["id"], raws["roads"].geometry, strict=True))
    points = raws["turn_restrictions"].geometry
    for i in range(0, len(turns), 25):
        for end in ("from_id", "to_id"):
            if turns[end][i] in lines:
                assert shapely.distance(points[i], lines[turns[end][i]]) < 1e-9


def test_roads_of_a_city_make_a_network(real_data):
    spec = {"source": str(real_data / "osm" / "heidelberg.osm.pbf")}
    roads, (report,) = load_layer("roads", spec, folder=real_data, crs="EPSG:32632")
    network = build_network(roads, speeds=vehicle_speeds("fire_engine"))
    assert len(roads) == report.rows_kept == 10_989
    assert network.report.main_share > 0.8  # the extract holds pieces of the surroundings


def test_a_region_of_one_extract_reads_it_once(real_data, tmp_path, built_page):
    folder = tmp_path / "haidian"
    (folder / "inputs").mkdir(parents=True)
    (folder / "inputs" / "a.osm.gz").write_bytes((real_data / "osm_cn" / "beijing_haidian.osm.gz").read_bytes())
    box = {"type": "Polygon", "coordinates": [[[116.28, 39.93], [116.34, 39.93], [116.34, 40.0], [116.28, 39.93]]]}
    towns = [{"type": "Feature", "properties": {"name": "某镇", "code": "110108001"}, "geometry": box}]
    collection = {"type": "FeatureCollection", "features": towns}
    (folder / "inputs" / "districts.geojson").write_text(json.dumps(collection), "utf-8")
    geo_risk.init(folder)
    toml = (folder / "region.toml").read_text("utf-8")
    assert "[layers.turn_restrictions]" in toml
    region = geo_risk.Region(folder)
    results = {r.name: r for r in region.run()}
    assert [n for n in results if n.startswith("osm ")] == ["osm inputs/a.osm.gz"]
    roads, turns = region.layer("roads"), region.layer("turn_restrictions")
    assert len(roads) > 300
    assert set(turns["kind"]) <= {"no_left_turn", "no_right_turn", "no_u_turn", "no_straight_on", "only_right_turn"}
    assert all(r.state == "unchanged" for r in region.run())
    path = folder / "inputs" / "a.osm.gz"
    direct, _ = load_layer("roads", {"source": str(path)}, folder=folder, crs=region.crs,
                           anchor=tuple(region.frame["anchor"]))  # fmt: skip
    assert roads["id"].tolist() == direct["id"].tolist()
    assert shapely.equals_exact(roads.geometry.to_numpy(), direct.geometry.to_numpy()).all()
