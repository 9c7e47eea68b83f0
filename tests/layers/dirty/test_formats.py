"""Files as offices hand them over: encodings, missing parts, archives, KML, drawings (cases 3 to 11 and 45)."""

import json
import zipfile
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, box

from geo_risk.errors import InputError
from geo_risk.layers.load import load_layer
from geo_risk.layers.quality import PROBLEMS
from geo_risk.layers.read import members, read

NAMES = ["江阴市临港化工园区", "靖江市新桥园区", "如皋市长江镇"]
CODES = ["320281", "321282", "320682"]
BOXES = [box(120 + i / 10, 31.9, 120.05 + i / 10, 31.95) for i in range(3)]


def frame(geometry=None, **columns):
    columns = columns or {"行政区划代码": CODES, "名称": NAMES}
    return gpd.GeoDataFrame(columns, geometry=BOXES if geometry is None else geometry, crs="EPSG:4490")


def shapefile(folder, stem="县界", encoding="GB18030", keep=(".shp", ".shx", ".dbf"), **columns):
    short = {"行政区划代": CODES, "名称": NAMES}
    frame(**(columns or short)).to_file(folder / f"{stem}.shp", encoding=encoding)
    for suffix in (".shp", ".shx", ".dbf", ".cpg", ".prj"):
        if suffix not in keep:
            (folder / f"{stem}{suffix}").unlink(missing_ok=True)
    return folder / f"{stem}.shp"


def codes(raw):
    return {i.code for i in raw.log.issues}


def test_every_message_has_two_languages():
    assert all(en and zh for en, zh in PROBLEMS.values())


@pytest.mark.parametrize("encoding", ["GB18030", "UTF-8", "BIG5"])
def test_case_03_shapefile_without_cpg(tmp_path, encoding):
    names = ["高雄市林園工業區", "高雄市仁武區", "臺南市安平區"] if encoding == "BIG5" else NAMES
    raw = read(shapefile(tmp_path, encoding=encoding, 名称=names) if encoding != "BIG5" else
               shapefile(tmp_path, encoding=encoding, 名稱=names))  # fmt: skip
    assert raw.frame.iloc[:, 0].tolist() == names
    assert raw.frame.columns[0] == ("名稱" if encoding == "BIG5" else "名称")
    assert ("encoding" in codes(raw)) == (encoding != "UTF-8")


@pytest.mark.parametrize(("written", "stated"), [("GB18030", "UTF-8"), ("UTF-8", "GBK"), ("UTF-8", "936")])
def test_case_04_cpg_lies(tmp_path, written, stated):
    path = shapefile(tmp_path, encoding=written)
    path.with_suffix(".cpg").write_text(stated)
    raw = read(path)
    assert raw.frame["名称"].tolist() == NAMES
    assert any(f"although the .cpg says {stated}" in i.detail for i in raw.log.issues)


def test_case_05_names_cut_at_ten_bytes(tmp_path):
    """A DBF field name has ten bytes: 行政区划代码 loses its last character, 单位名称(全) half of one."""
    path = shapefile(tmp_path)
    raw = read(path)
    assert list(raw.frame.columns) == ["行政区划代", "名称"]
    layer, _ = load_layer("districts", {"source": path.name, "crs": "wgs84"}, folder=tmp_path, crs="EPSG:4549")
    assert sorted(layer["id"]) == sorted(CODES)
    table = path.with_suffix(".dbf")
    data = bytearray(table.read_bytes())
    data[32:43] = "a行政区划代".encode("gbk")[:10] + b"\0"  # ends in the first byte of 代
    table.write_bytes(bytes(data))
    assert list(read(path).frame.columns) == ["a行政区划", "名称"]


def test_case_05_names_that_become_equal_are_told_apart(tmp_path):
    path = shapefile(tmp_path, **{"行政区划甲": CODES, "行政区划乙": NAMES})
    table = path.with_suffix(".dbf")
    data = bytearray(table.read_bytes())
    for start in (32, 64):
        data[start + 8 : start + 10] = b"\xd0\x00"  # half a character each
    data[64] = data[32]
    table.write_bytes(bytes(data))
    raw = read(path)
    assert raw.frame.to_dict("list") == {"行政区划": CODES, "行政区划 (2)": NAMES}


def test_case_06_missing_shp(tmp_path):
    path = shapefile(tmp_path)
    path.unlink()
    with pytest.raises(InputError, match=r"县界\.shp is missing.*ask the sender.*县界\.dbf to take the attributes"):
        read(path)
    with pytest.raises(InputError, match=r"县界\.shp is missing"):
        read(path.with_suffix(".shx"))
    raw = read(path.with_suffix(".dbf"))
    assert raw.geometry is None
    assert raw.frame["名称"].tolist() == NAMES
    assert "no_shp" in codes(raw)


def test_case_06_missing_or_damaged_shx(tmp_path):
    path = shapefile(tmp_path)
    whole = read(path)
    for damage in (lambda p: p.write_bytes(b"\0" * 150), lambda p: p.unlink()):
        damage(path.with_suffix(".shx"))
        raw = read(path)
        assert shapely.equals_exact(raw.geometry, whole.geometry).all()
        assert raw.frame.equals(whole.frame)
        assert "no_shx" in codes(raw)
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".dbf", ".shp"]  # nothing is written beside them


def test_case_06_missing_dbf_and_prj(tmp_path):
    path = shapefile(tmp_path, keep=(".shp", ".shx"))
    raw = read(path)
    assert len(raw.frame) == 3
    assert not len(raw.frame.columns)
    assert shapely.equals(raw.geometry, BOXES).all()
    assert raw.crs is None
    assert "no_dbf" in codes(raw)


def test_case_06_dbf_of_another_version(tmp_path):
    path = shapefile(tmp_path)
    (tmp_path / "b").mkdir()
    other = shapefile(tmp_path / "b")
    frame([*BOXES, BOXES[0]], 名称=[*NAMES, "多"]).to_file(other)
    path.with_suffix(".dbf").write_bytes(other.with_suffix(".dbf").read_bytes())
    for index in (True, False):
        if not index:
            path.with_suffix(".shx").unlink()
        with pytest.raises(InputError, match=r"3 shapes, but 4 rows in 县界\.dbf"):
            read(path)


def test_case_06_letters_of_any_case(tmp_path):
    path = shapefile(tmp_path)
    for p in list(tmp_path.iterdir()):
        p.rename(p.with_suffix(p.suffix.upper() if p.suffix != ".dbf" else ".Dbf"))
    raw = read(path.with_suffix(".SHP"))
    assert raw.frame["名称"].tolist() == NAMES


FEATURE = {"type": "Feature", "properties": {"名称": "甲"}, "geometry": {"type": "Point", "coordinates": [120.1, 31.9]}}


def collection(features, **more):
    return json.dumps({"type": "FeatureCollection", "features": features, **more}, ensure_ascii=False)


@pytest.mark.parametrize(
    ("data", "crs", "rows"),
    [
        (b"\xef\xbb\xbf" + collection([FEATURE]).encode(), None, 1),
        (collection([FEATURE]).encode("utf-16"), None, 1),
        (collection([FEATURE]).encode("gb18030"), None, 1),
        (collection([FEATURE], crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4549"}}).encode(),
         "EPSG:4549", 1),
        (collection([FEATURE], crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}).encode(),
         "EPSG:4326", 1),
        ("\n".join([json.dumps(FEATURE)] * 3).encode(), None, 3),
        (("\x1e" + "\n\x1e".join([json.dumps(FEATURE)] * 3) + "\r\n").encode(), None, 3),
    ],
)  # fmt: skip
def test_case_08_geojson_as_it_arrives(tmp_path, data, crs, rows):
    path = tmp_path / "a.geojson"
    path.write_bytes(data)
    raw = read(path)
    assert (raw.crs, raw.read, raw.frame["名称"].tolist()) == (crs, rows, ["甲"] * rows)


def test_case_08_a_bad_line_does_not_stop_the_lines(tmp_path):
    good = json.dumps(FEATURE)
    path = tmp_path / "a.geojsonl"
    path.write_text("\n".join([good, good[:40], good, good[: len(good) // 2]]), "utf-8")
    raw = read(path)
    assert (raw.read, list(raw.rows)) == (4, [1, 3])
    assert raw.unread == [(2, [good[:40]]), (4, [good[: len(good) // 2]])]


def packed(ring, scale=1024):
    """The text of a ring of whole steps, as ECharts packs it, and its offset."""

    def zigzag(n):
        return chr((n << 1 ^ n >> 63) + 64)

    steps = [(0, 0), *((b[0] - a[0], b[1] - a[1]) for a, b in pairwise(ring))]
    return "".join(zigzag(x) + zigzag(y) for x, y in steps), list(ring[0])


def test_case_09_packed_outlines(tmp_path):
    rings = [[(123000, 32700), (123100, 32690), (123090, 32800), (123000, 32700)],
             [(123500, 32700), (123600, 32700), (123600, 32800), (123500, 32700)]]  # fmt: skip
    texts, offsets = zip(*map(packed, rings), strict=True)
    features = [
        {"type": "Feature", "properties": {"name": "甲"},
         "geometry": {"type": "Polygon", "coordinates": [texts[0]], "encodeOffsets": [offsets[0]]}},
        {"type": "Feature", "properties": {"name": "乙"},
         "geometry": {"type": "MultiPolygon", "coordinates": [[t] for t in texts],
                      "encodeOffsets": [[o] for o in offsets]}},
        {"type": "Feature", "properties": {"name": "丙"},
         "geometry": {"type": "Polygon", "coordinates": [texts[0][:-1]], "encodeOffsets": [offsets[0]]}},
    ]  # fmt: skip
    for flag in (True, False):
        path = tmp_path / "a.json"
        path.write_text(collection(features, **({"UTF8Encoding": True} if flag else {})), "utf-8")
        with pytest.raises(InputError, match=r"压缩坐标，不是标准 GeoJSON.*accept = \[\"packed_json\"\]"):
            read(path)
        raw = read(path, accept=["packed_json"])
        expected = [shapely.Polygon([(x / 1024, y / 1024) for x, y in ring]) for ring in rings]
        assert raw.geometry[0].equals(expected[0])
        assert raw.geometry[1].equals(MultiPolygon(expected))
        assert list(raw.rows) == [1, 2]
        assert [i.row for i in raw.log.issues if i.action == "rejected"] == [3]
        assert "packed_json" in codes(raw)


def test_case_09_the_yes_of_the_settings_reaches_the_reader(tmp_path):
    ring = [(123000, 32700), (123100, 32690), (123090, 32800), (123000, 32700)]
    text, offset = packed(ring)
    geometry = {"type": "Polygon", "coordinates": [text], "encodeOffsets": [offset]}
    feature = {"type": "Feature", "properties": {"id": "320281", "name": "江阴市"}, "geometry": geometry}
    (tmp_path / "区县.json").write_text(collection([feature], UTF8Encoding=True), "utf-8")
    spec = {"source": "区县.json", "values": {"level": "county"}, "crs": "wgs84"}
    with pytest.raises(InputError, match="压缩坐标"):
        load_layer("districts", spec, folder=tmp_path, crs="EPSG:4549")
    layer, (report,) = load_layer("districts", {**spec, "accept": ["packed_json"]}, folder=tmp_path, crs="EPSG:4549")
    assert layer["name"].tolist() == ["江阴市"]
    assert "packed_json" in {i.code for i in report.issues}


def gbk_zip(path, files):
    """An archive whose names are bare GBK bytes, as Windows writes them."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(GbkInfo(name), data)
    return path


class GbkInfo(zipfile.ZipInfo):
    """A member whose name is written in GBK without the UTF-8 flag."""

    def _encodeFilenameFlags(self):
        return self.filename.encode("gb18030"), self.flag_bits & ~0x800


def test_case_10_zip_with_gbk_names_and_rubbish(tmp_path):
    path = shapefile(tmp_path)
    files = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    table = "企业名称,经度,纬度\n甲化工,120.1,31.9\n".encode("gb18030")
    archive = gbk_zip(
        tmp_path / "资料.zip",
        {f"2021年\\数据/{n}": d for n, d in files.items()}
        | {f"2022年/{n}": d for n, d in files.items()}
        | {"__MACOSX/._企业.csv": b"x", "Thumbs.db": b"x", "说明.docx": b"x", "内/企业.csv": table, ".DS_Store": b"x"},
    )
    labels = [m.label for m in members(archive)]
    assert labels == ["2021年/数据/县界", "2022年/县界", "企业"]
    assert read(archive, "2022年/县界").frame["名称"].tolist() == NAMES
    assert read(archive, "企业").frame["企业名称"].tolist() == ["甲化工"]
    with pytest.raises(InputError, match="2022年/县界, 企业"):
        read(archive)
    assert path.exists()


def test_case_10_names_in_unflagged_utf8_and_several_layers(tmp_path):
    frame().to_file(tmp_path / "a.gpkg", layer="县界")
    frame().to_file(tmp_path / "a.gpkg", layer="镇界")

    class Utf8Info(zipfile.ZipInfo):
        def _encodeFilenameFlags(self):
            return self.filename.encode("utf-8"), self.flag_bits & ~0x800

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(Utf8Info("边界.gpkg"), (tmp_path / "a.gpkg").read_bytes())
    assert [m.label for m in members(tmp_path / "a.zip")] == ["边界/县界", "边界/镇界"]
    assert read(tmp_path / "a.zip", "边界/镇界").frame["名称"].tolist() == NAMES


KML = """<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"
 xmlns:gx="http://www.google.com/kml/ext/2.2"><Document><name>一张图</name>
<Folder><name>企业</name><Folder><name>化工</name>
<Placemark><name>甲化工</name><description><![CDATA[<table><tr><th colspan="2">甲</th></tr>
<tr><td>地址</td><td>临港路 1&nbsp;号</td></tr><tr><td><b>从业人数：</b></td><td>120</td></tr></table>]]></description>
<Point><coordinates>120.1,31.9,5</coordinates></Point></Placemark>
<Placemark><name>乙</name><ExtendedData><Data name="地址"><value>新桥</value></Data><SchemaData>
<SimpleData name="从业人数">7</SimpleData></SchemaData></ExtendedData>
<Point><coordinates> 120.2, 31.8 </coordinates></Point></Placemark>
<Placemark><name>丙</name><Point><coordinates>120.2 31.8</coordinates></Point></Placemark></Folder></Folder>
<Folder><name>边界</name><Placemark><name>县</name><MultiGeometry>
<Polygon><outerBoundaryIs><LinearRing><coordinates>120,31 121,31 121,32 120,32</coordinates></LinearRing>
</outerBoundaryIs>
<innerBoundaryIs><LinearRing><coordinates>120.4,31.4 120.6,31.4 120.6,31.6 120.4,31.4</coordinates></LinearRing>
</innerBoundaryIs></Polygon></MultiGeometry></Placemark>
<Placemark><name>路</name><gx:Track><gx:coord>120 31 0</gx:coord><gx:coord>121 32 0</gx:coord></gx:Track></Placemark>
</Folder><NetworkLink><Link><href>http://example.org/a.kml</href></Link></NetworkLink></Document></kml>"""


def test_case_11_kml_folders_and_tables_in_descriptions(tmp_path):
    (tmp_path / "a.kml").write_text(KML, "utf-8")
    assert [m.label for m in members(tmp_path / "a.kml")] == ["企业/化工", "边界"]
    raw = read(tmp_path / "a.kml", "企业/化工")
    assert raw.frame.to_dict("records") == [
        {"Name": "甲化工", "地址": "临港路 1 号", "从业人数": "120"},
        {"Name": "乙", "地址": "新桥", "从业人数": "7"},
    ]
    assert shapely.get_coordinates(raw.geometry).tolist() == [[120.1, 31.9], [120.2, 31.8]]
    assert (raw.read, list(raw.rows), [u[0] for u in raw.unread]) == (3, [1, 2], [3])
    assert "link_ignored" in codes(raw)
    area, track = read(tmp_path / "a.kml", "边界").geometry
    assert area.area == pytest.approx(1 - 0.02)  # a square degree less a triangle of 0.2 x 0.2 / 2
    assert track.equals(LineString([(120, 31), (121, 32)]))
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.writestr("files/other.kml", "<kml/>")
        archive.writestr("doc.kml", KML)
    assert read(tmp_path / "a.kmz", "企业/化工").frame.equals(raw.frame)


def test_case_11_kml_in_gbk_and_empty_kml(tmp_path):
    (tmp_path / "a.kml").write_bytes(KML.replace("UTF-8", "GBK").encode("gb18030"))
    assert read(tmp_path / "a.kml", "企业/化工").frame["Name"].tolist() == ["甲化工", "乙"]
    (tmp_path / "b.kml").write_text("<kml><NetworkLink><Link><href>file:///etc</href></Link></NetworkLink></kml>")
    with pytest.raises(InputError, match="only links to other places"):
        read(tmp_path / "b.kml")
    (tmp_path / "c.kml").write_text("<kml><Document/></kml>")
    with pytest.raises(InputError, match="no placemark"):
        read(tmp_path / "c.kml")


@pytest.mark.parametrize(
    ("name", "data", "advice"),
    [
        ("总图.dwg", b"AC1027", "save as DXF"),
        ("总图.dxf", b"AC1027", "DWG.*save as DXF"),
        ("名录.pdf", b"%PDF-1.4", "ask for the file it was made from"),
        ("名录.csv", b"%PDF-1.4", "is a PDF.*ask for the file"),
        ("名录.csv", b"PK\x03\x04aa", "archive cannot be opened.*Ask for it again"),
        ("扫描.jpg", b"\xff\xd8\xff", "scan or picture"),
        ("名录.docx", b"PK\x03\x04", "Save the table as XLSX"),
        ("名录.doc", b"\xd0\xcf\x11\xe0", "Save the table as XLSX"),
        ("名录.et", b"x", "Save the table as XLSX"),
        ("数据.rar", b"Rar!", "pack them as ZIP"),
        ("数据.mdb", b"x", "file geodatabase or GeoPackage"),
        ("一张图.mxd", b"x", "only points to data"),
    ],
)
def test_case_11_what_is_no_data_is_refused_with_the_way_out(tmp_path, name, data, advice):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=f"{name}.*{advice}"):
        read(tmp_path / name)


def test_case_45_mixed_types_are_read_whole(tmp_path):
    shapes = [Point(120, 31), LineString([(120, 31), (121, 32)]), BOXES[0], MultiPolygon(BOXES),
              shapely.GeometryCollection([Point(120, 31), BOXES[1]]), None]  # fmt: skip
    mixed = frame(shapes, n=range(6))
    for name in ("a.geojson", "a.gpkg", "a.parquet"):
        mixed.to_parquet(tmp_path / name) if name == "a.parquet" else mixed.to_file(tmp_path / name)
        raw = read(tmp_path / name)
        assert [g and g.geom_type for g in raw.geometry] == [g and g.geom_type for g in shapes]
        assert raw.frame["n"].astype(int).tolist() == list(range(6))


def dxf(*entities, page="ANSI_936", encoding="gb18030"):
    """A small drawing; entities are lists of (group code, value)."""
    head = [(0, "SECTION"), (2, "HEADER"), (9, "$ACADVER"), (1, "AC1015"), (9, "$DWGCODEPAGE"), (3, page),
            (0, "ENDSEC"), (0, "SECTION"), (2, "ENTITIES")]  # fmt: skip
    pairs = [*head, *(pair for entity in entities for pair in entity), (0, "ENDSEC"), (0, "EOF")]
    return "".join(f"{code}\n{value}\n" for code, value in pairs).encode(encoding)


def polyline(layer, x, y, size, closed=1):
    corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size)]
    pairs = [(code, value) for corner in corners for code, value in zip((10, 20), corner, strict=True)]
    return [(0, "LWPOLYLINE"), (8, layer), (90, 4), (70, closed), *pairs]


def text(layer, x, y, words, space=0):
    return [(0, "TEXT"), (67, space), (8, layer), (10, x), (20, y), (40, 5), (1, words)]


@pytest.mark.parametrize(
    ("page", "encoding"), [("ANSI_936", "gb18030"), ("ANSI_936", "utf-8"), ("ANSI_1252", "gb18030")]
)
def test_drawing_outlines_take_the_one_text_inside(tmp_path, page, encoding):
    path = tmp_path / "总图.dxf"
    path.write_bytes(dxf(
        polyline("地块", 500000, 3530000, 1000), polyline("地块", 500100, 3530100, 100),
        polyline("地块", 510000, 3530000, 1000), text("注记", 500500, 3530500, "甲化工厂区范围"),
        text("注记", 500150, 3530150, "乙罐区"), text("注记", 510500, 3530500, "丙"),
            text("注记", 510600, 3530500, "丁"),
        [(0, "LINE"), (8, "管线"), (10, 500000), (20, 3530000), (11, 501000), (21, 3530000)],
        text("地块", 500500, 3530600, "图框说明文字", space=1), page=page, encoding=encoding))  # fmt: skip
    assert [m.label for m in members(path)] == ["地块", "注记", "管线"]
    raw = read(path, "地块", layer="districts")
    assert [g.geom_type for g in raw.geometry] == ["Polygon"] * 3
    assert raw.frame["name"].tolist() == ["甲化工厂区范围", "乙罐区", None]
    assert [(i.row, i.value) for i in raw.log.issues if i.code == "labels_many"] == [(3, "丙 | 丁")]
    assert raw.crs is None
    assert (raw.read, len(raw.frame)) == (3, 3)
    assert [g.geom_type for g in read(path, "地块", layer="gas_pipelines").geometry] == ["LineString"] * 3
    assert read(path, "注记").frame["name"].tolist() == ["甲化工厂区范围", "乙罐区", "丙", "丁"]
    assert read(path, "管线", layer="gas_pipelines").geometry[0].length == 1000


def test_file_geodatabase_as_folder_and_as_zip(tmp_path):
    folder = tmp_path / "县.gdb"
    for layer in ("边界", "备份"):
        frame().to_file(folder, layer=layer, driver="OpenFileGDB", append=folder.exists())
    assert [m.label for m in members(folder)] == ["边界", "备份"]
    raw = read(folder, "边界")
    assert raw.frame["名称"].tolist() == NAMES
    assert max(shapely.hausdorff_distance(raw.geometry, BOXES)) < 1e-8  # the grid of the format
    spec = {"source": "县.gdb#边界", "values": {"level": "county"}}
    layer, (report,) = load_layer("districts", spec, folder=tmp_path, crs="EPSG:4549")
    assert (len(layer), report.file) == (3, "县.gdb")
    for name, inner in (("县.gdb.zip", "县.gdb/"), ("b.zip", "数据/县.gdb/"), ("c.gdb.zip", "")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for part in sorted(folder.iterdir()):
                archive.write(part, inner + part.name)
        stem = "c" if not inner else "县"
        assert [m.label for m in members(tmp_path / name)] == [f"{stem}/边界", f"{stem}/备份"]
        assert read(tmp_path / name, f"{stem}/边界").frame.equals(raw.frame)


def test_a_geodatabase_is_one_file_for_recognition_and_for_the_manifest(tmp_path):
    from geo_risk.layers.recognise import recognise
    from geo_risk.layers.sources import source_files

    frame().to_file(tmp_path / "区县.gdb", layer="区县", driver="OpenFileGDB")
    (found,) = recognise([tmp_path])
    assert (found.path.name, found.layer, found.rows) == ("区县.gdb", "districts", 3)
    files = source_files("districts", {"source": "区县.gdb"}, tmp_path)
    assert "a00000001.gdbtable" in {p.name for p in files}
    assert all(p.is_file() for p in files)
    (tmp_path / "empty.gdb").mkdir()
    with pytest.raises(InputError, match=r"no file geodatabase.*a00000001\.gdbtable"):
        read(tmp_path / "empty.gdb")


def test_gml_and_mapinfo(tmp_path):
    frame().to_file(tmp_path / "a.gml", driver="GML")
    (tmp_path / "b.xml").write_bytes((tmp_path / "a.gml").read_bytes())
    (tmp_path / "a.xsd").unlink()
    before = sorted(p.name for p in tmp_path.iterdir())
    for name in ("a.gml", "b.xml"):
        raw = read(tmp_path / name)
        assert raw.frame["名称"].tolist() == NAMES
        assert max(shapely.hausdorff_distance(raw.geometry, BOXES)) < 1e-9
        assert raw.crs == "EPSG:4490"
    assert sorted(p.name for p in tmp_path.iterdir()) == before  # no schema cache beside the user's file
    head = 'Version 300\nCharset "WindowsSimpChinese"\nDelimiter ","\nCoordSys Earth Projection 1, 104\nColumns 2\n'
    (tmp_path / "m.mif").write_bytes((head + "  名称 Char(20)\n  n Integer\nData\n\nPoint 120.5 31.5\n").encode("gbk"))
    (tmp_path / "m.mid").write_bytes('"甲化工",1\n'.encode("gbk"))
    raw = read(tmp_path / "m.mif")
    assert raw.frame.to_dict("records") == [{"名称": "甲化工", "n": 1}]
    assert np.array_equal(shapely.get_coordinates(raw.geometry), [[120.5, 31.5]])
