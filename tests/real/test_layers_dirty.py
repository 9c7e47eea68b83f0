"""Real records damaged on purpose, against the truth beside them."""

import json
import os

import numpy as np
import pytest

from geo_risk.errors import InputError
from geo_risk.layers.load import load_layer
from geo_risk.layers.osm import read_osm
from geo_risk.layers.recognise import recognise

pytestmark = pytest.mark.real


def test_county_shapefile_without_encoding_and_system(real_data):
    layer, _ = load_layer(
        "districts", {"source": "counties_gbk_no_prj_no_cpg.zip"}, folder=real_data / "dirty", crs="EPSG:4528"
    )
    (found,) = recognise([real_data / "dirty" / "counties_gbk_no_prj_no_cpg.zip"])
    assert found.crs == "EPSG:4528"
    path = real_data / "cn_boundaries" / "counties_tianditu_cgcs2000_jiangsu_baiyin.geojson"
    truth, _ = load_layer("districts", {"source": os.fspath(path)}, folder=real_data / "dirty", crs="EPSG:4528")
    truth = truth.set_index("id").loc[layer["id"]]
    assert truth["name"].tolist() == layer["name"].tolist()
    a, b = layer.geometry.normalize().to_numpy(), truth.geometry.normalize().to_numpy()
    assert max(x.hausdorff_distance(y) for x, y in zip(a, b, strict=True)) < 0.01


def test_county_defects_are_each_reported(real_data):
    features = json.loads((real_data / "dirty" / "counties_defects.geojson").read_text("utf-8"))["features"]
    layer, (report,) = load_layer(
        "districts", {"source": "counties_defects.geojson"}, folder=real_data / "dirty", crs="EPSG:4549"
    )
    sound = [n for n, f in enumerate(features, 1) if f["properties"]["defect"] == "none"]
    assert set(sound) <= set(layer["source_row"])
    assert layer["source_row"].is_unique
    told = {i.row for i in report.issues}
    repeated = [i.detail for i in report.issues if i.code == "repeated_id"]
    for number, feature in enumerate(features, 1):
        if feature["properties"]["defect"] != "none":
            assert number in told or any(str(number) in d for d in repeated), feature["properties"]
    assert report.rows_read == len(features)
    assert layer.is_valid.all()


def test_files_found_in_the_wild(real_data):
    notes = {r.path.name: r for r in recognise([real_data / "dirty_real"])}
    assert "压缩坐标" in notes["encoded_outline_江阴市.json"].notes[0]
    assert "missing_shp_city.shp" in notes["missing_shp_city.dbf"].notes[0]
    assert notes["gas_tracker_utf16.csv"].rows == 350
    assert notes["statistical_areas_big5_two_headers.csv"].rows == 1498
    assert notes["pipelines_metres_old_crs_member.geojson"].crs == "EPSG:3826"
    assert notes["rmp_louisiana_legacy.xls"].rows == 538
    with pytest.raises(InputError, match=r"missing_shp_city\.shp is missing"):
        load_layer("districts", {"source": "missing_shp_city.shp"}, folder=real_data / "dirty_real", crs="EPSG:4549")


def test_helsinki_roads(real_data):
    path = real_data / "osm" / "helsinki_center.osm.pbf"
    roads = read_osm(path, "roads")
    assert len(roads) == 960
    assert roads["id"].is_unique
    assert roads.geometry.geom_type.isin(["LineString", "MultiLineString"]).all()
    assert np.nanmax(roads["speed_kmh"]) <= 80
    assert roads["hazmat"].notna().sum() > 10
    assert roads["oneway"].isin([-1, 0, 1]).all()


def test_a_cut_extract_is_refused(real_data, tmp_path):
    data = (real_data / "osm" / "helsinki_center.osm.pbf").read_bytes()
    (tmp_path / "a.osm.pbf").write_bytes(data[: len(data) // 3])
    with pytest.raises(InputError, match="broken or cut off"):
        read_osm(tmp_path / "a.osm.pbf", "roads")
