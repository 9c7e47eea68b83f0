"""Real and damaged files of shapes and lines (cases 41 to 52) against what is known of them."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_risk.layers.lines import SCHEMATIC_M
from geo_risk.layers.load import load_layer
from geo_risk.routing.condition import network_condition
from geo_risk.routing.network import build_network
from geo_risk.routing.speeds import vehicle_speeds

pytestmark = pytest.mark.real
CITY = (120.1257, 22.4232, 121.0980, 23.5170)


def codes(report):
    return {i.code for i in report.issues}


def test_case_41_to_47_every_defect_of_the_county_file(real_data):
    folder = real_data / "dirty"
    features = json.loads((folder / "counties_defects.geojson").read_text("utf-8"))["features"]
    layer, (report,) = load_layer("districts", {"source": "counties_defects.geojson"}, folder=folder, crs="EPSG:4549")
    sound = [n for n, f in enumerate(features, 1) if f["properties"]["defect"] == "none"]
    assert sorted(layer["source_row"]) == sound  # once each, and nothing else
    told = {}
    for issue in report.issues:
        told.setdefault(issue.row, set()).add(issue.code)
    expected = {
        "duplicate": {"duplicate"}, "near_duplicate": {"near_duplicate"}, "null_geometry": {"null_geometry"},
        "empty": {"empty_geometry"}, "point_in_polygon_layer": {"wrong_type"}, "sliver": {"no_size"},
        "ring_not_closed": {"ring_closed"}, "collection": {"collection"},
        "self_intersection": {"invalid", "near_duplicate", "other_version"}, "z_values": {"duplicate"},
        "ring_reversed": {"duplicate"},
    }  # fmt: skip
    for number, feature in enumerate(features, 1):
        defect = feature["properties"]["defect"]
        if defect != "none":
            assert told[number] & expected[defect], (number, defect, told[number])
    assert {"z_dropped", "ring_reversed"} <= codes(report)
    assert report.rows_read == len(features) == report.rows_kept + report.rows_rejected


@pytest.mark.parametrize("name", ["route_mixed_0", "route_mixed_2", "route_z_0", "route_z_2"])
def test_case_45_46_routes_found_in_the_wild(real_data, name):
    folder = real_data / "dirty_real"
    features = json.loads((folder / f"{name}.geojson").read_text("utf-8"))["features"]
    layer, (report,) = load_layer("gas_pipelines", {"source": f"{name}.geojson"}, folder=folder, crs="EPSG:4549")
    assert report.rows_read == len(features)
    assert set(layer.geom_type) <= {"LineString", "MultiLineString"}
    assert not shapely.has_z(layer.geometry.to_numpy()).any()
    if "_z_" in name:
        assert codes(report) & {"z_dropped", "z_varies"}


def test_case_46_areas_with_zero_height(real_data):
    layer, (report,) = load_layer("landuse", {"source": "areas_polygon_z.geojson", "values": {"name": "x"}},
                                  folder=real_data / "dirty_real", crs="EPSG:3826")  # fmt: skip
    assert "z_dropped" in codes(report)
    assert not shapely.has_z(layer.geometry.to_numpy()).any()


def test_case_48_real_villages_in_real_townships(real_data):
    spec = {"source": ["villages.geojson", "districts.geojson"]}
    layer, reports = load_layer("districts", spec, folder=real_data / "kaohsiung", crs="EPSG:3826")
    assert len(layer) == 886 + 38
    (mended,) = [i for i in reports[0].issues if i.code == "invalid"]
    assert (mended.row, mended.detail.split(";")[0]) == (603, "Ring Self-intersection")
    assert shapely.coverage_is_valid(layer.geometry[layer["level"] == "village"].to_numpy())
    gaps = [i for i in reports[0].issues if i.code == "gap"]
    assert len(gaps) == 1  # a village the publisher left out, of 3.1 km2
    assert "3,130,902 m2" in gaps[0].detail
    outside = [i for i in reports[0].issues if i.code == "outside_parent"]
    assert outside  # simplified villages against exact townships
    # the townships were dissolved from areas that do not fit: what lies within 1 m is mended, the rest told
    told = {code: [i for i in reports[1].issues if i.code == code] for code in ("borders_snapped", "overlap", "gap")}
    assert all(told.values())
    assert float(told["borders_snapped"][0].detail.split(" m")[0]) <= 1.0
    assert all(" m2 at " in i.detail and len(i.value.split(", ")) > 1 for i in told["overlap"][:-1])


def test_case_48_a_village_drawn_apart_is_brought_back(real_data, tmp_path):
    villages = gpd.read_file(real_data / "kaohsiung" / "villages.geojson").to_crs("EPSG:3826")
    shapes = villages.geometry.to_numpy().copy()
    sound = shapes.copy()
    shapes[10] = shapely.transform(shapes[10], lambda c: c + 0.3)  # 0.42 m off on every side
    villages.set_geometry(gpd.GeoSeries(shapes, crs=villages.crs)).to_file(tmp_path / "villages.gpkg")
    layer, (report,) = load_layer("districts", {"source": "villages.gpkg"}, folder=tmp_path, crs="EPSG:3826")
    (snapped,) = [i for i in report.issues if i.code == "borders_snapped"]
    assert float(snapped.detail.split(" m")[0]) <= 0.43
    assert shapely.coverage_is_valid(layer.geometry.to_numpy())
    back = layer.sort_values("source_row").geometry.to_numpy()
    valid = shapely.is_valid(sound)
    assert shapely.hausdorff_distance(back[valid], sound[valid]).max() < 0.43


def test_case_49_three_versions_of_the_counties(real_data):
    names = ["counties_amap_wgs84_jiangsu_baiyin.geojson", "counties_tianditu_cgcs2000_jiangsu_baiyin.geojson"]
    layer, reports = load_layer("districts", {"source": names}, folder=real_data / "cn_boundaries", crs="EPSG:4549")
    fine = layer[layer["source_file"] == names[0]]
    assert len(fine) == 108
    assert len(layer) == 108
    aside = [i for i in reports[1].issues if i.code == "other_version"]
    merged = [i for i in reports[1].issues if i.code == "near_duplicate"]
    assert len(aside) + len(merged) == 108
    (jiangyin,) = [i for i in aside if i.value == "江阴市"]
    assert 15 < float(jiangyin.detail.split(": ")[1].split(" km2")[0]) < 35  # 24 km2 by the data's own description


def test_case_50_the_survey_equals_the_truth(real_data):
    folder = real_data / "dirty"
    spec = {"source": "pipeline_survey.xlsx"}
    layer, (lines, points) = load_layer("gas_pipelines", spec, folder=folder, crs="EPSG:3826", anchor=CITY)
    truth = gpd.read_file(folder / "truth_pipeline_survey.geojson").to_crs("EPSG:3826").geometry.to_numpy()
    truth = shapely.remove_repeated_points(truth)
    assert len(layer) == len(truth) == 305
    back = layer.sort_values("source_row").geometry.to_numpy()
    assert shapely.get_num_coordinates(back).tolist() == shapely.get_num_coordinates(truth).tolist()
    off = shapely.get_coordinates(back) - shapely.get_coordinates(truth)
    assert np.hypot(*off.T).max() < 0.01
    assert (lines.rows_read, lines.rows_kept, points.rows_read, points.rows_kept) == (640, 640, 904, 904)
    assert "swapped_file" in codes(points)


def test_case_51_real_pipelines_drawn_by_hand(real_data):
    layer, (report,) = load_layer("gas_pipelines", {"source": "pipelines_gem/yangtze_delta.geojson"}, folder=real_data,
                                  crs="EPSG:4549")  # fmt: skip
    assert len(layer) == 41
    assert (layer["position_error_m"] >= SCHEMATIC_M).all()
    assert {"schematic", "schematic_file", "no_setback_number"} <= codes(report)
    layer, (report,) = load_layer("gas_pipelines", {"source": "kaohsiung/pipelines_petrochemical.geojson"},
                                  folder=real_data, crs="EPSG:3826")  # fmt: skip
    assert len(layer) == 6  # one multi-line an owner
    assert {i.column for i in report.issues if i.code == "no_setback_number"} == {"diameter_mm", "pressure_mpa"}


def test_case_52_real_roads_and_their_islands(real_data):
    spec = {"source": "osm_cn/zhengzhou_east_roads.geojson"}
    roads, (report,) = load_layer("roads", spec, folder=real_data, crs="EPSG:4546")
    assert report.rows_kept == report.rows_read == 1085
    assert roads["class"].notna().all()
    assert set(roads["oneway"].dropna()) <= {-1, 0, 1}
    net = build_network(roads, speeds=vehicle_speeds(), snap_m=0.5)
    table = network_condition(net, {}).set_index("what")
    assert table.loc["km outside the main part", "share"] == pytest.approx(1 - net.report.main_share)
    assert table.loc["km outside the main part", "count"] == pytest.approx(net.metres[~net.main].sum() / 1000)
    assert net.report.main_share > 0.5
