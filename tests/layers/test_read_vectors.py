"""GeoJSON, shapefiles, GeoPackages and archives as they arrive."""

import zipfile

import geopandas as gpd
import pytest
import shapely
from shapely.geometry import Point

from geo_risk.errors import InputError
from geo_risk.layers.read import kind_of, read

SQUARE = [[120.0, 31.0], [120.1, 31.0], [120.1, 31.1], [120.0, 31.1], [120.0, 31.0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"type": "FeatureCollection", "features": [', "not valid JSON.*line 1"),
        ('{"a": 1}', "not GeoJSON"),
        ('{"type": "Topology", "objects": {}}', "TopoJSON"),
        ('{"type": "FeatureCollection", "UTF8Encoding": true, "features": []}', "压缩坐标"),
    ],
)
def test_json_that_is_no_geojson(tmp_path, text, message):
    path = tmp_path / "a.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=message):
        read(path)


def test_geopackage_with_two_layers_and_flatgeobuf_and_parquet(tmp_path):
    frame = gpd.GeoDataFrame({"id": [1, 2]}, geometry=[Point(120, 31), Point(121, 32)], crs="EPSG:4326")
    for layer in ("a", "b"):
        frame.to_file(tmp_path / "x.gpkg", layer=layer)
    frame.to_file(tmp_path / "x.fgb")
    frame.to_parquet(tmp_path / "x.parquet")
    with pytest.raises(InputError, match=r"x\.gpkg#LAYER with one of: a, b"):
        read(tmp_path / "x.gpkg")
    for path, label in (("x.gpkg", "b"), ("x.fgb", None), ("x.parquet", None)):
        raw = read(tmp_path / path, label)
        assert raw.frame["id"].astype(int).sum() == 3
        assert named(raw.crs) == "wgs84"
        assert shapely.get_x(raw.geometry).sum() == 241


def named(crs):
    from geo_risk.layers.systems import named

    return named(crs)


@pytest.mark.parametrize("name", ["x.gpkg", "x.zip", "x.parquet", "x.fgb"])
def test_broken_files_are_input_errors(tmp_path, name):
    (tmp_path / name).write_bytes(b"this is not it" * 10)
    with pytest.raises(InputError, match=f"{name}.*(cannot be opened)"):
        read(tmp_path / name)


def test_a_damaged_archive_is_an_input_error(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "编号,企业名称\nA,甲\n")
    data = bytearray(path.read_bytes())
    data[data.find("甲".encode())] ^= 1  # the checksum no longer fits
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"a\.zip: 'a\.csv' cannot be unpacked.*ask for it again"):
        read(path)


def test_suffixes():
    assert kind_of("city.osm.pbf") == ".pbf"
    assert kind_of("a.osm.gz") == ".osm.gz"
    assert kind_of("README.md") == ""
