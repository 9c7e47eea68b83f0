"""GeoJSON, shapefiles, GeoPackages and archives as they arrive."""

import json
import zipfile

import geopandas as gpd
import pytest
import shapely
from shapely.geometry import Point, Polygon, box

from geo_risk.errors import InputError
from geo_risk.layers.read import kind_of, members, read

SQUARE = [[120.0, 31.0], [120.1, 31.0], [120.1, 31.1], [120.0, 31.1], [120.0, 31.0]]


def feature(geometry, **properties):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def geojson(path, features, **more):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **more}), "utf-8")
    return path


def test_geojson_with_an_open_ring_keeps_the_other_features(tmp_path):
    features = [
        feature({"type": "Polygon", "coordinates": [SQUARE]}, 名称="甲"),
        feature({"type": "Polygon", "coordinates": [SQUARE[:-1]]}, 名称="乙"),
        feature({"type": "Polygon", "coordinates": "坏"}, 名称="丙"),
        feature(None, 名称="丁"),
    ]
    raw = read(geojson(tmp_path / "a.geojson", features))
    assert raw.read == 4
    assert raw.frame["名称"].tolist() == ["甲", "乙", "丁"]
    assert list(raw.rows) == [1, 2, 4]
    assert shapely.equals(raw.geometry[0], raw.geometry[1])
    assert [(i.code, i.row, i.action) for i in raw.log.issues] == [
        ("ring_closed", 2, "repaired"),
        ("not_parsed", 3, "rejected"),
    ]


def test_geojson_byte_mark_old_crs_lines_and_mixed_types(tmp_path):
    line = feature({"type": "LineString", "coordinates": [[178000, 2500000], [178100, 2500000]]}, 名称="甲")
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3826"}}
    path = geojson(tmp_path / "a.geojson", [line, feature({"type": "Point", "coordinates": [1, 2, 3]})], crs=crs)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    raw = read(path)
    assert raw.crs == "EPSG:3826"
    assert [g.geom_type for g in raw.geometry] == ["LineString", "Point"]
    lines = tmp_path / "b.geojson"
    lines.write_text(json.dumps(line) + "\n" + json.dumps(line) + "\n", "utf-8")
    assert read(lines).read == 2


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


def shapefile(folder, stem="县界"):
    frame = gpd.GeoDataFrame(
        {"行政区划代": ["320281"], "名称": ["江阴市"]}, geometry=[box(120, 31, 120.1, 31.1)], crs="EPSG:4490"
    )
    frame.to_file(folder / f"{stem}.shp", encoding="GB18030")
    for suffix in (".cpg", ".prj"):
        (folder / f"{stem}{suffix}").unlink()
    return folder / f"{stem}.shp"


def test_shapefile_in_gbk_without_cpg_and_prj(tmp_path):
    raw = read(shapefile(tmp_path))
    assert list(raw.frame.columns) == ["行政区划代", "名称"]
    assert raw.frame["名称"].tolist() == ["江阴市"]
    assert raw.crs is None


def test_shapefile_whose_cpg_lies(tmp_path):
    path = shapefile(tmp_path)
    path.with_suffix(".cpg").write_text("UTF-8")
    raw = read(path)
    assert raw.frame["名称"].tolist() == ["江阴市"]
    assert "although the .cpg says UTF-8" in raw.log.issues[0].detail


def test_zip_with_gbk_names_rubbish_and_several_layers(tmp_path):
    first, second = shapefile(tmp_path, "甲"), shapefile(tmp_path, "乙")
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__MACOSX/._甲.shp", b"rubbish")
        for shp in (first, second):
            for suffix in (".shp", ".shx", ".dbf"):
                data = shp.with_suffix(suffix).read_bytes()
                info = zipfile.ZipInfo("内/" + shp.stem + suffix)
                info.filename = info.filename.encode("gb18030").decode("cp437")
                archive.writestr(info, data)
    _clear_utf8_flags(path)
    assert [m.label for m in members(path)] == ["乙", "甲"]
    assert read(path, "甲").frame["名称"].tolist() == ["江阴市"]
    with pytest.raises(InputError, match="乙, 甲"):
        read(path)


def _clear_utf8_flags(path):
    """Write names back as bare GBK bytes: the writer marks and encodes anything beyond ASCII as UTF-8."""
    with zipfile.ZipFile(path) as archive:
        names = [i.filename for i in archive.infolist()]
    data = path.read_bytes()
    for name in names:
        utf8 = name.encode("utf-8")
        try:
            gbk = name.encode("cp437")
        except UnicodeEncodeError:
            continue
        if gbk == utf8:
            continue
        position = data.find(utf8)
        while position >= 0:
            local = data[position - 30 : position - 26] == b"PK\x03\x04"
            start = position - (30 if local else 46)
            flag, length = start + (6 if local else 8), start + (26 if local else 28)
            data = data[:flag] + b"\x00\x00" + data[flag + 2 :]
            data = data[:length] + len(gbk).to_bytes(2, "little") + data[length + 2 :]
            data = data[:position] + gbk + data[position + len(utf8) :]
            position = data.find(utf8)
    path.write_bytes(_mend_directory(data))


def _mend_directory(data):
    """Correct the offsets that shorter names have moved."""
    offsets = [i for i in range(len(data)) if data.startswith(b"PK\x03\x04", i)]
    directory = data.find(b"PK\x01\x02")
    end, position = data.rfind(b"PK\x05\x06"), directory
    out = bytearray(data)
    for offset in offsets:
        out[position + 42 : position + 46] = offset.to_bytes(4, "little")
        position = data.find(b"PK\x01\x02", position + 4)
    out[end + 12 : end + 16] = (end - directory).to_bytes(4, "little")
    out[end + 16 : end + 20] = directory.to_bytes(4, "little")
    return bytes(out)


def test_shapefile_without_its_shp(tmp_path):
    path = shapefile(tmp_path)
    path.unlink()
    for name in (path, path.with_suffix(".shx")):
        with pytest.raises(InputError, match=r"县界\.shp is missing.*ask the sender"):
            read(name)
    raw = read(path.with_suffix(".dbf"))
    assert raw.geometry is None
    assert raw.frame["名称"].tolist() == ["江阴市"]
    assert ("no_shp", "县界.shp") in [(i.code, i.detail) for i in raw.log.issues]


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


def test_kml_is_read(tmp_path):
    path = tmp_path / "a.kml"
    path.write_text(
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>甲</name>'
        "<Point><coordinates>120,31</coordinates></Point></Placemark></Document></kml>",
        "utf-8",
    )
    raw = read(path)
    assert raw.frame["Name"].tolist() == ["甲"]
    assert (raw.geometry[0].x, raw.geometry[0].y) == (120, 31)


def test_suffixes():
    assert kind_of("city.osm.pbf") == ".pbf"
    assert kind_of("a.osm.gz") == ".osm.gz"
    assert kind_of("README.md") == ""
    assert Polygon(SQUARE).area > 0


def test_a_damaged_archive_is_an_input_error(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "编号,企业名称\nA,甲\n")
    data = bytearray(path.read_bytes())
    data[data.find(b",")] ^= 1  # the checksum no longer fits
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"a\.zip: 'a\.csv' cannot be unpacked.*ask for it again"):
        read(path)
