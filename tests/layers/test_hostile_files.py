"""Files made to harm: each is refused with a clear error, opens nothing else, and costs little time and memory."""

import http.server
import io
import json
import resource
import sqlite3
import stat
import struct
import threading
import time
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shapely.geometry import Point

from geo_risk.errors import InputError
from geo_risk.layers import limits
from geo_risk.layers.read import members, read

SECRET = "绝密名单"


@pytest.fixture(autouse=True)
def cheap():
    """Each within 10 s of processor time and 1 GB more than before."""
    start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.process_time() - start < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20  # KB


@pytest.fixture(scope="module")
def outside():
    """Address of a server and the list of what was asked of it."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_POST = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret.csv"
    path.write_text(f"名称,WKT\n{SECRET},POINT (120 31)\n", "utf-8")
    return path


def refused(path, match="."):
    with pytest.raises(InputError, match=match) as caught:
        read(path)
    assert SECRET not in str(caught.value)
    assert not list(tables(Path(path)))


def tables(path):
    """The tables of a file that can be read all the same, named one by one."""
    try:
        labels = [m.label for m in members(path)]
    except InputError:
        return
    for label in labels:
        try:
            yield read(path, label)
        except InputError:
            continue


VECTOR = ("gpkg", "shp", "dbf", "kml", "gml", "xml", "dxf", "fgb", "parquet", "tab", "mif", "geojson", "json", "csv",
          "xlsx", "xls", "kmz", "zip", "pbf", "osm")  # fmt: skip


@pytest.mark.parametrize("suffix", VECTOR)
@pytest.mark.parametrize("kind", ["file", "network", "wfs", "wms"])
def test_descriptions_of_other_sources_under_any_name(tmp_path, secret, outside, suffix, kind):
    url, asked = outside
    source = str(secret) if kind == "file" else f"/vsicurl/{url}/a.csv"
    text = {
        "wfs": f"<OGRWFSDataSource><URL>{url}/wfs?</URL></OGRWFSDataSource>",
        "wms": f'<GDAL_WMS><Service name="WMS"><ServerUrl>{url}/?</ServerUrl></Service></GDAL_WMS>',
    }.get(kind, f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{source}</SrcDataSource></OGRVRTLayer>'
                "</OGRVRTDataSource>")  # fmt: skip
    path = tmp_path / f"a.{suffix}"
    path.write_text(text, "utf-8")
    refused(path)
    assert not asked


@pytest.mark.parametrize("root", ["kml", "gml"])
def test_a_description_hidden_behind_a_right_beginning(tmp_path, secret, root):
    inner = f'<OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer>'
    hidden = f"<!--<OGRVRTDataSource>--><OGRVRTDataSource>{inner}</OGRVRTDataSource>"
    name = "kml" if root == "kml" else 'FeatureCollection xmlns:gml="http://www.opengis.net/gml"'
    path = tmp_path / f"a.{root}"
    path.write_text(f"<{name}>{hidden}</{name.split()[0]}>", "utf-8")
    refused(path)


@pytest.mark.parametrize("body", ["", "<Placemark/>"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("root", ["kml", "gml"])
def test_xml_entities(tmp_path, secret, outside, root, encoding, body):
    laughs = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "ha"}">' for i in range(12))
    for declared in (laughs, f'<!ENTITY a11 SYSTEM "file://{secret}">', f'<!ENTITY % a11 SYSTEM "{outside[0]}"> %a11;'):
        text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE kml [{declared}]><{root}>{body}&a11;</{root}>'
        path = tmp_path / f"a.{root}"
        path.write_bytes(text.encode(encoding))
        refused(path, "entities")
    assert not outside[1]


def gml(schema, more=""):
    return f"""<?xml version="1.0"?><ogr:FeatureCollection xmlns:ogr="http://ogr.maptools.org/" {schema}
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xlink="http://www.w3.org/1999/xlink"
 xmlns:gml="http://www.opengis.net/gml"><gml:featureMember><ogr:a fid="1"><ogr:geometryProperty>
 <gml:Point srsName="EPSG:4326"><gml:coordinates>120,31</gml:coordinates></gml:Point></ogr:geometryProperty>
 <ogr:n>1</ogr:n>{more}</ogr:a></gml:featureMember></ogr:FeatureCollection>"""


def test_gml_asks_for_no_schema_and_follows_no_link(tmp_path, secret, outside):
    url, asked = outside
    for n, where in enumerate((f"{url}/a.xsd", str(secret), "../secret.csv", "secret.csv")):
        path = tmp_path / f"a{n}.gml"
        path.write_text(gml(f'xsi:schemaLocation="http://ogr.maptools.org/ {where}"',
                            f'<ogr:b xlink:href="{url}/b#x"/><ogr:c xlink:href="{where}#x"/>'), "utf-8")  # fmt: skip
        raw = read(path)
        assert raw.frame["n"].astype(str).tolist() == ["1"]
        assert SECRET not in raw.frame.to_csv()
    assert not asked


def test_kml_network_link_is_not_followed(tmp_path, outside):
    path = tmp_path / "a.kml"
    mark = "<Placemark><Point><coordinates>120,31</coordinates></Point></Placemark>"
    path.write_text(f"<kml><Document>{mark}<NetworkLink><Link><href>{outside[0]}/a.kml</href></Link></NetworkLink>"
                    "</Document></kml>", "utf-8")  # fmt: skip
    assert read(path).read == 1
    assert not outside[1]


def geopackage(path, *statements, schema=()):
    gpd.GeoDataFrame({"n": [1]}, geometry=[Point(120, 31)], crs="EPSG:4326").to_file(path, layer="a")
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
        if schema:
            database.execute("PRAGMA writable_schema=1")
            database.execute("INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 0, ?)", schema)
    database.close()
    return path


def test_geopackage_that_reaches_outside(tmp_path, secret, outside):
    assert read(geopackage(tmp_path / "good.gpkg")).read == 1
    for n, sql in enumerate((f"CREATE VIRTUAL TABLE x USING VirtualOGR('{secret}')",
                             f"CREATE VIRTUAL  TABLE \"x\"\nUSING [VirtualText]('{secret}')")):  # fmt: skip
        refused(geopackage(tmp_path / f"v{n}.gpkg", schema=(sql,)), "virtual table")
    for n, call in enumerate((f"ogr_geocode('{outside[0]}')", f"GDAL_Get_Pixel_Value ('/vsicurl/{outside[0]}', 1)",
                              "load_extension('x')")):  # fmt: skip
        refused(geopackage(tmp_path / f"f{n}.gpkg", f"CREATE VIEW x AS SELECT {call} AS a"), "a call of")
    with sqlite3.connect(tmp_path / "plain.gpkg") as database:
        database.execute("CREATE TABLE a (b)")
    database.close()
    refused(tmp_path / "plain.gpkg", "not a GeoPackage")
    assert not outside[1]


@pytest.mark.parametrize(
    "name",
    ["/vsicurl/{url}/a.gpkg", "{url}/a.gpkg", "/vsizip/{folder}/a.zip/a.shp", "zip://{folder}/a.zip!a.shp",
     "{folder}/a.zip!a.shp", "/vsimem/a.gpkg", "GPKG:{folder}/a.gpkg:a", "/vsistdin/a.csv", "MVT:{url}/a.pbf"],
)  # fmt: skip
def test_names_that_mean_more_than_a_file(tmp_path, outside, name):
    (tmp_path / "a.zip").write_bytes(b"PK\x05\x06" + b"\0" * 18)
    refused(name.format(url=outside[0], folder=tmp_path))
    assert not outside[1]


def archive(path, files, **more):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            info = zipfile.ZipInfo(name) if isinstance(name, str) else name
            info.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(info, data)
    return path


@pytest.mark.parametrize("name", ["../a.csv", "b/../../a.csv", "/etc/a.csv", "C:\\a.csv", "b\\..\\..\\a.csv"])
def test_archive_members_that_lead_out(tmp_path, name):
    (tmp_path / "in").mkdir()
    refused(archive(tmp_path / "in" / "a.zip", {name: "名称,经度,纬度\n甲,120,31\n"}), "leads out")
    assert not (tmp_path / "a.csv").exists()


def test_archive_with_a_link(tmp_path, secret):
    info = zipfile.ZipInfo("a.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    refused(archive(tmp_path / "a.zip", {info: str(secret)}), "is a link")


def test_archive_in_an_archive(tmp_path):
    inner = archive(tmp_path / "b.zip", {"a.csv": "名称\n甲\n"}).read_bytes()
    refused(archive(tmp_path / "a.zip", {"b.zip": inner}), r"another archive \(b\.zip\).*unpack it")


@pytest.mark.parametrize("suffix", ["zip", "kmz", "xlsx"])
def test_archive_bombs(tmp_path, suffix):
    zeros = b"\0" * (limits.RATIO_FREE_BYTES + 2**20)
    name = {"zip": "a.csv", "kmz": "doc.kml", "xlsx": "xl/workbook.xml"}[suffix]
    refused(archive(tmp_path / f"a.{suffix}", {name: zeros}), "packed .* to 1")
    many = archive(tmp_path / f"b.{suffix}", {f"{i}.csv": b"" for i in range(limits.ARCHIVE_MEMBERS + 1)})
    refused(many, "10,001 files")


def test_archive_that_lies_about_sizes(tmp_path):
    path = archive(tmp_path / "a.zip", {"a.csv": b"a,b\n" + b"1,2\n" * 10**6})
    data = path.read_bytes()
    stated = struct.pack("<I", 4 * 10**6 + 4)
    path.write_bytes(data.replace(stated, struct.pack("<I", 20)))
    refused(path, "cannot be unpacked")
    path.write_bytes(data.replace(stated, struct.pack("<I", 2**32 - 2)))
    refused(path)


def workbook(sheet, extra=None):
    """An XLSX whose one sheet is this XML."""
    book = io.BytesIO()
    openpyxl.Workbook().save(book)
    out = io.BytesIO()
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, sheet if info.filename.endswith("sheet1.xml") else old.read(info))
    return out.getvalue()


SHEET = ('<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
         '<dimension ref="A1:XFD1048576"/><sheetData>{}</sheetData>{}</worksheet>')  # fmt: skip


def rows(*refs):
    cell = '<c r="{}" t="inlineStr"><is><t>{}</t></is></c>'
    texts = ("企业名称", "甲")
    return "".join(f'<row r="{r.lstrip("XFDA")}">{cell.format(r, t)}</row>' for r, t in zip(refs, texts, strict=True))


def test_workbook_whose_cells_reach_too_far(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook(SHEET.format(rows("A1", "A2"), "")))
    assert read(path).frame.shape == (1, 1)  # the declared size alone does no harm
    path.write_bytes(workbook(SHEET.format(rows("A1", "XFD1048576"), "")))
    refused(path, "row 1,048,576 and column 16,384.*Delete the empty rows")
    merged = '<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    path.write_bytes(workbook(SHEET.format(rows("A1", "A2"), merged)))
    refused(path, "column 16,384")


def test_workbook_with_entities(tmp_path, secret):
    path = tmp_path / "a.xlsx"
    sheet = SHEET.format(rows("A1", "A2"), "").replace("企业名称", "&a;")
    path.write_bytes(workbook(f'<!DOCTYPE x [<!ENTITY a SYSTEM "file://{secret}">]>' + sheet))
    refused(path, "entities")


@pytest.mark.parametrize("depth", [200, 5_000, 1_000_000])
def test_json_nested_deeply(tmp_path, depth):
    path = tmp_path / "a.geojson"
    path.write_text("[" * depth)
    refused(path)
    path.write_text('{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":' + "[" * depth
                    + "]" * depth + '},"geometry":null}]}')  # fmt: skip
    told(path)
    inner = '{"type":"GeometryCollection","geometries":['
    path.write_text('{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
                    + inner * depth + "]}" * depth + "}]}")  # fmt: skip
    told(path)
    path.write_text('{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
                    '{"type":"Polygon","coordinates":' + "[" * depth + "1" + "]" * depth + "}}]}")  # fmt: skip
    told(path)


def told(path):
    """Refused, or read with each row kept or rejected."""
    try:
        raw = read(path)
    except InputError:
        return None
    rejected = sum(i.count for i in raw.log.issues if i.action == "rejected")
    assert raw.read == len(raw.frame) + rejected
    assert rejected == len(raw.unread)
    return raw


@pytest.mark.parametrize(
    "geometry",
    ['{"type":"Point","coordinates":["120","31"]}', '{"type":"Point","coordinates":[1e999,0]}', '"Point"', "[]", "7",
     '{"type":"Point","coordinates":{"x":1}}', '{"type":"Polygon","coordinates":[[1,2],[3,4]]}', '{"type":"Bogus"}',
     '{"type":"Bogus","coordinates":[1,2]}',
     '{"type":"Polygon","coordinates":[[[0,0],[1,1]]]}', '{"type":"MultiPolygon","coordinates":[[[[0]]]]}',
     '{"type":"LineString","coordinates":[[0,0]]}', '{"type":"Point","coordinates":[null,null]}',
     '{"type":null,"coordinates":[]}', '{"type":"GeometryCollection","geometries":7}',
     '{"type":"Point","coordinates":[NaN,1]}', '{"type":"Polygon","coordinates":null}'],
)  # fmt: skip
def test_malformed_members_lose_only_their_feature(tmp_path, geometry):
    good = '{"type":"Feature","properties":{"n":1},"geometry":{"type":"Point","coordinates":[120,31]}}'
    bad = '{"type":"Feature","properties":{"n":2},"geometry":' + geometry + "}"
    path = tmp_path / "a.geojson"
    path.write_text(f'{{"type":"FeatureCollection","features":[{good},{bad},7,null,{{"properties":[1]}},{good}]}}')
    raw = told(path)
    assert raw.read == 6
    assert raw.frame["n"].tolist()[0] == 1
    assert {1, 6} <= set(raw.rows)
    assert {3, 4, 5} <= {row for row, _ in raw.unread}


def test_json_numbers_and_kinds_that_are_none(tmp_path):
    path = tmp_path / "a.geojson"
    for text in ("1" * 10_000, '{"type":"FeatureCollection","features":{}}', '{"type":7}', '{"type":"Point"}',
                 '{"type":"FeatureCollection","crs":"x","features":7}', "null", "[]", '"a"', "\0\0\0\0",
                 "\ufffe"):  # fmt: skip
        path.write_text(text, "utf-8")
        told(path)


def test_a_value_without_end(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('名称,经度,纬度\n"甲,120,31\n' + ("乙" * 100 + ",120,31\n") * 160_000, "utf-8")
    raw = read(path)
    assert raw.read == 160_001
    assert len(raw.frame) == 160_000
    assert [row for row, _ in raw.unread] == [2]


def test_counts_that_lie(tmp_path):
    frame = gpd.GeoDataFrame({"n": range(100)}, geometry=gpd.points_from_xy(np.arange(100), np.zeros(100)), crs=4326)
    frame.to_file(tmp_path / "a.shp")
    data = bytearray((tmp_path / "a.dbf").read_bytes())
    data[4:8] = struct.pack("<I", 2**32 - 1)
    (tmp_path / "a.dbf").write_bytes(bytes(data))
    refused(tmp_path / "a.shp", r"a\.dbf: cut off")
    (tmp_path / "b.dbf").write_bytes(bytes(data))
    refused(tmp_path / "b.dbf", "cut off")
    frame.to_file(tmp_path / "a.fgb", SPATIAL_INDEX="NO")
    data = (tmp_path / "a.fgb").read_bytes()
    at = data.find(struct.pack("<Q", 100))
    for count in (2**63, 10**9, 101):
        (tmp_path / "b.fgb").write_bytes(data[:at] + struct.pack("<Q", count) + data[at + 8 :])
        refused(tmp_path / "b.fgb")
    pq.write_table(pa.table({"a": pa.chunked_array([pa.array(np.zeros(10**6, np.int8))] * 21)}), tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "at most 20,000,000 rows")


def test_mapinfo_tables_that_point_elsewhere(tmp_path, secret):
    head = "!table\n!version 300\n!charset WindowsSimpChinese\n\nDefinition Table\n"
    for text in (f'  File "{secret}"\n  Type NATIVE Charset "Neutral"\n  Fields 1\n', '  Type LINKED\n', "  Fields 0\n",
                 '  Type NATIVE\nbegin_metadata\n"\\IsSeamless" = "TRUE"\nend_metadata\n', '  Type ODBC "x"\n',
                 f'Open Table "{secret}" as x\nType NATIVE\n'):  # fmt: skip
        (tmp_path / "a.tab").write_text(head + text, "utf-8")
        refused(tmp_path / "a.tab", "points to other files")


def test_a_geodatabase_with_a_link_in_it(tmp_path, secret):
    folder = tmp_path / "a.gdb"
    gpd.GeoDataFrame({"n": [1]}, geometry=[Point(120, 31)], crs=4326).to_file(folder, layer="a", driver="OpenFileGDB")
    (folder / "x.gdbtable").symlink_to(secret)
    refused(folder, "a link elsewhere")


def test_folders_of_a_kml_without_end(tmp_path):
    path = tmp_path / "a.kml"
    path.write_text("<kml>" + "<Folder>" * 20_000 + "</Folder>" * 20_000 + "</kml>")
    refused(path, "nested deeper")
    path.write_text(
        "<kml><Placemark>" + "<MultiGeometry>" * 20_000 + "</MultiGeometry>" * 20_000 + "</Placemark></kml>"
    )
    told(path)


def test_a_feature_of_too_many_vertices(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "FEATURE_VERTICES", 10)
    frame = gpd.GeoDataFrame({"n": [1, 2]}, geometry=[Point(0, 0), Point(0, 0).buffer(1)], crs=4326)
    for name in ("a.geojson", "a.gpkg"):
        frame.to_file(tmp_path / name)
        raw = told(tmp_path / name)
        assert list(raw.rows) == [1]
        assert json.loads(raw.unread[0][1][0])["properties"]["n"] == 2


def test_limits_of_size_and_number_are_told(tmp_path, monkeypatch):
    frame = gpd.GeoDataFrame({"n": [1, 2]}, geometry=[Point(0, 0), Point(1, 1)], crs=4326)
    for name in ("a.geojson", "a.gpkg", "a.fgb"):
        frame.to_file(tmp_path / name)
    frame.to_parquet(tmp_path / "a.parquet")
    monkeypatch.setattr(limits, "FEATURES", 1)
    for name in ("a.geojson", "a.gpkg", "a.fgb", "a.parquet"):
        refused(tmp_path / name, "at most 1")
    monkeypatch.setattr(limits, "JSON_BYTES", 10)
    refused(tmp_path / "a.geojson", "MB of JSON")
    (tmp_path / "a.kml").write_text("<kml></kml>" * 10)
    monkeypatch.setattr(limits, "XML_BYTES", 10)
    refused(tmp_path / "a.kml", "MB of XML")


def test_the_readers_leave_no_trace_beside_the_files(tmp_path):
    frame = gpd.GeoDataFrame({"n": [1]}, geometry=[Point(120, 31)], crs=4326)
    for name in ("a.gpkg", "a.shp", "a.gml", "a.dxf", "a.fgb", "a.tab", "a.mif"):
        (frame[["geometry"]] if name == "a.dxf" else frame).to_file(tmp_path / name)
    with sqlite3.connect(tmp_path / "a.gpkg") as database:
        database.execute("PRAGMA journal_mode=wal")
    database.close()
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    for path in sorted(tmp_path.iterdir()):
        if path.suffix in (".gpkg", ".shp", ".gml", ".dxf", ".fgb", ".tab", ".mif"):
            assert len(read(path).frame) == 1, path
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_rows_still_in_the_journal_of_a_geopackage_are_read(tmp_path):
    path = geopackage(tmp_path / "a.gpkg")
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode=wal")
    database.execute("PRAGMA wal_autocheckpoint=0")
    triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        database.execute(f'DROP TRIGGER "{name}"')
    database.execute("INSERT INTO a (geom, n) SELECT geom, 2 FROM a")
    database.commit()
    raw = read(path)
    database.close()
    assert pd.to_numeric(raw.frame["n"]).tolist() == [1, 2]
