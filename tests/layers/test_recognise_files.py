"""What a heap of files holds, and the settings written from it."""

import json
import tomllib

import geopandas as gpd
import pytest
from shapely.geometry import LineString, box

from geo_risk.layers.load import load_layer
from geo_risk.layers.recognise import recognise, region_toml


def csv(folder, name, text):
    (folder / name).write_text(text, "utf-8")
    return folder / name


def one(path):
    (found,) = recognise([path])
    return found


@pytest.mark.parametrize(
    ("name", "text", "layer"),
    [
        ("a.csv", "统一社会信用代码,企业名称,行业类别,从业人数,经度,纬度\n91,甲,化工,5,120.2,31.7\n", "enterprises"),
        ("b.csv", "危险化学品,CAS号,最大存量,企业名称,经度,纬度\n液氯,7782-50-5,5,甲,120.2,31.7\n", "hazard_sources"),
        ("c.csv", "名称,类型,在校人数,经度,纬度\n一小,小学,300,120.2,31.7\n", "crowded_places"),
        ("d.csv", "队站名称,类型,消防车,经度,纬度\n一站,特勤消防站,8,120.2,31.7\n", "emergency_facilities"),
        ("隐患台账.csv", "隐患内容,整改期限,整改状态,经度,纬度\n泄漏,2024-01-01,整改中,120.2,31.7\n", "hidden_dangers"),
        ("人口网格.csv", "常住人口,经度,纬度\n7,120.2,31.7\n", "population"),
        ("shelters.csv", "name,address,lat,lng\n甲校,一路,31.7,120.2\n", "emergency_facilities"),
        ("x.csv", "甲,乙\n1,2\n", None),
        ("posts.csv", "highway,maxspeed,lon,lat\nprimary,60,120.2,31.7\n", None),  # points are no roads
    ],
)
def test_layers_by_headers_values_and_names(tmp_path, name, text, layer):
    assert one(csv(tmp_path, name, text)).layer == layer


def test_kind_from_the_file_name_is_told(tmp_path):
    found = one(csv(tmp_path, "shelters.csv", "name,address,lat,lng\n甲校,一路,31.7,120.2\n"))
    assert found.values == {"kind": "shelter"}
    assert any("file's name" in n for n in found.notes)


def test_table_without_coordinates_is_joined_or_skipped(tmp_path):
    text = "管制編號,STARTDATE,TOXICNAME,数量\nE1,2020,苯,5\nE1,2021,苯,6\n"
    found = one(csv(tmp_path, "toxic.csv", text))
    assert (found.layer, found.join) == ("hazard_sources", "enterprises")
    assert "quantity_t" not in found.columns
    assert any("not stocks" in n for n in found.notes)
    skipped = one(csv(tmp_path, "pop.csv", "常住人口,户数\n5,2\n"))
    assert skipped.layer is None
    assert "no coordinates" in skipped.notes[-1]


def test_near_ties_are_told(tmp_path):
    found = one(csv(tmp_path, "c.csv", "名称,类型,床位数,经度,纬度\n人民医院,医院,300,120.2,31.7\n"))
    assert found.runner_up in ("crowded_places", "emergency_facilities")
    assert any("could also be" in n for n in found.notes)


def test_duplicates_in_other_formats_and_systems(tmp_path):
    lines = [LineString([(120.1, 31.6), (120.2, 31.7)]), LineString([(120.2, 31.7), (120.3, 31.7)])]
    frame = gpd.GeoDataFrame({"NAME": ["甲", "乙"], "管径": [300, 200]}, geometry=lines, crs="EPSG:4326")
    frame.to_file(tmp_path / "pipelines_natural_gas.geojson")
    frame.to_crs("EPSG:4549").to_file(tmp_path / "zz.gpkg")
    first, second = recognise([tmp_path])
    assert (first.layer, first.values) == ("gas_pipelines", {"medium": "natural_gas"})
    assert (second.layer, second.duplicate_of) == ("gas_pipelines", "pipelines_natural_gas.geojson")
    text = region_toml("甲", [first, second], tmp_path)
    settings = tomllib.loads(text)
    assert settings["layers"]["gas_pipelines"]["source"] == "pipelines_natural_gas.geojson"
    assert '#   [layers.gas_pipelines] source = "zz.gpkg"' in text


def test_folder_walk_to_settings_to_layers(tmp_path):
    inputs = tmp_path / "inputs"
    (inputs / "区").mkdir(parents=True)
    towns = gpd.GeoDataFrame({"TOWN_ID": ["1"], "TOWN": ["城关镇"]}, geometry=[box(120, 31, 121, 32)], crs="EPSG:4326")
    towns.to_file(inputs / "区" / "towns.geojson")
    csv(inputs, '名录"1".csv', "统一社会信用代码,企业名称,行业类别,经度,纬度\n91,甲,化工,120.2,31.7\n")
    csv(inputs, "说明.md", "# 说明\n")
    found = recognise([inputs])
    text = region_toml('临"澜\n市', found, tmp_path)
    settings = tomllib.loads(text)
    assert settings["region"] == {"name": '临"澜\n市', "boundary": "districts"}
    assert "说明.md" in text
    for name in ("districts", "enterprises"):
        spec = {"crs": "wgs84", **settings["layers"][name]}  # as the file tells the person to write
        layer, _ = load_layer(name, spec, folder=tmp_path, crs="EPSG:4549", anchor=(120, 31, 121, 32))
        assert len(layer) == 1


def test_a_hostile_file_cannot_write_settings(tmp_path):
    name = "a'\"]#.csv"
    csv(tmp_path, name, '企业名称,"行业\n[region]\nname = ""x""",从业人数,信用代码,经度,纬度\n甲,化,3,91,120.2,31.7\n')
    settings = tomllib.loads(region_toml("甲", recognise([tmp_path]), tmp_path))
    assert settings["region"]["name"] == "甲"
    assert settings["layers"]["enterprises"]["source"] == name


def test_unreadable_files_are_listed_with_the_reason(tmp_path):
    (tmp_path / "a.geojson").write_text(json.dumps({"a": 1}))
    (tmp_path / "b.pbf").write_bytes(b"x")
    (tmp_path / "c.shx").write_bytes(b"x")
    notes = {r.path.name: r.notes[0] for r in recognise([tmp_path])}
    assert "not GeoJSON" in notes["a.geojson"]
    assert "broken" in notes["b.pbf"]
    assert "c.shp is missing" in notes["c.shx"]


def test_two_versions_of_one_boundary_are_told(tmp_path):
    for name, east in (("counties_a", 121.0), ("counties_b", 121.2)):
        frame = gpd.GeoDataFrame(
            {"adcode": ["320281"], "name": ["江阴市"]}, geometry=[box(120, 31, east, 32)], crs="EPSG:4326"
        )
        frame.to_file(tmp_path / f"{name}.gpkg")
    first, second = recognise([tmp_path])
    assert (first.layer, second.layer, second.duplicate_of) == ("districts", "districts", None)
    assert "same ids as counties_a.gpkg" in second.notes[-1]
