"""Rows set aside come back as a file, and the mended file brings them into the layer."""

import csv
import io
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box

from geo_risk.layers import rejects
from geo_risk.layers.load import load_layer
from geo_risk.layers.quality import Log
from geo_risk.layers.raw import Raw
from geo_risk.layers.rejects import ADDED, SURPLUS, Written, returned, write_rejects

ANCHOR = (120.0, 31.0, 121.0, 32.0)
HEAD = "企业编号,企业名称,备注,经度,纬度\n"


def load(folder, source, name="enterprises", **more):
    return load_layer(
        name, {"source": source, "crs": "wgs84", **more}, folder=folder, crs="EPSG:4549", anchor=ANCHOR,
        rejects=folder / "rejects",
    )  # fmt: skip


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


def test_a_table_is_mended_and_imported_again(tmp_path):
    text = HEAD + "A1,甲,好,120.20001,31.70001\nA2,乙,=1+1,0,0\nA3,丙,-5,,\nA4,丁,@x,110.20001,31.70001\n"
    (tmp_path / "名录.csv").write_text(text, "gb18030")
    layer, (report,) = load(tmp_path, "名录.csv")
    assert (report.rows_read, report.rows_kept, report.rows_rejected, report.rejects) == (4, 1, 3, "名录.csv")
    path = tmp_path / "rejects" / "名录.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = rows_of(path)
    assert list(rows[0]) == ["企业编号", "企业名称", "备注", "经度", "纬度", *ADDED]
    assert [r["行号"] for r in rows] == ["3", "4", "5"]
    assert [r["备注"] for r in rows] == ["'=1+1", "-5", "'@x"]  # no spreadsheet computes these; a number stays one
    assert [r["经度"] for r in rows] == ["0", "", "110.20001"]
    assert "无坐标" in rows[0]["问题"]
    assert "110.2000" in rows[2]["问题"]
    assert all(r["处理建议"] for r in rows)

    for row in rows:
        row["经度"], row["纬度"] = "120.30001", "31.80001"
    with open(tmp_path / "改正.csv", "w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    layer, (old, new) = load(tmp_path, ["名录.csv", "改正.csv"])
    assert (old.rows_rejected, new.rows_read, new.rows_kept, new.rows_rejected, new.rejects) == (3, 3, 3, 0, "")
    assert layer["id"].tolist() == ["A1", "A2", "A3", "A4"]
    assert not set(ADDED) & set(new.columns.values())
    told = [i for i in new.issues if i.code == "rejects_back"]
    assert len(told) == 1


@given(st.text(st.sampled_from("'=+-@\t\r1a,\"\n ")))
def test_neutralised_cells_come_back_as_written(cell):
    log = Log("a.csv", "enterprises")
    frame = pd.DataFrame({"名称": [cell]}, dtype=object)
    raw = Raw(Path("a.csv"), None, frame, np.array([2]), log, read=1)
    log.reject("no_coordinates", [2])
    (line,) = csv.DictReader(
        io.StringIO(rejects._csv(raw, Written.of(raw), rejects._problems(raw), {})[1:], newline="")
    )
    shown = line["名称"]
    assert shown[:1] not in ("=", "@", "\t", "\r")
    assert shown[:1] not in ("+", "-") or set(shown) <= set("+-1,")
    back = Raw(Path("b.csv"), None, pd.DataFrame([line], dtype=object), np.array([2]), Log("b.csv", "x"), read=1)
    returned(back)
    assert back.frame.to_dict("records") == [{"名称": cell}]


def test_cells_beyond_the_header_are_kept_beside_their_row(tmp_path):
    log = Log("a.csv", "enterprises")
    frame = pd.DataFrame({"名称": ["甲"], "经度": ["120.1"]}, dtype=object)
    raw = Raw(Path("a.csv"), None, frame, np.array([2]), log, read=2, unread=[(3, ["乙", "120.2", "氯", "氨"])])
    log.reject("extra_cells", [3])
    name = write_rejects(tmp_path, raw, Written.of(raw), {}, set())
    (row,) = rows_of(tmp_path / name)
    assert (row["名称"], row["经度"], row[SURPLUS], row["行号"]) == ("乙", "120.2", "氯 | 氨", "3")
    back = Raw(Path("a.csv"), None, pd.DataFrame([row], dtype=object), np.array([2]), Log("a.csv", "x"), read=1)
    returned(back)
    assert list(back.frame.columns) == ["名称", "经度"]


def test_a_file_of_shapes_is_mended_and_imported_again(tmp_path):
    lines = [LineString([(500_000, 3_500_000), (500_900, 3_500_000)]), None, Point(500_000, 3_500_000)]
    frame = gpd.GeoDataFrame({"编号": ["P1", "P2", "P3"], "管径": [300, 200, None]}, geometry=lines, crs="EPSG:4549")
    frame.to_file(tmp_path / "管线.gpkg")
    layer, (report,) = load(tmp_path, "管线.gpkg", "gas_pipelines", crs=None)
    assert (report.rows_kept, report.rows_rejected, report.rejects) == (1, 2, "管线.geojson")
    path = tmp_path / "rejects" / "管线.geojson"
    told = json.loads(path.read_text("utf-8"))
    first, second = told["features"]
    assert first["geometry"] is None
    assert second["geometry"] == {"type": "Point", "coordinates": [500_000, 3_500_000]}  # the file's own metres
    assert (first["properties"]["编号"], first["properties"]["行号"]) == ("P2", 2)
    assert second["properties"]["管径"] is None
    for feature, row in zip(told["features"], (10, 20), strict=True):
        feature["geometry"] = {
            "type": "LineString",
            "coordinates": [[500_000 + row, 3_500_000], [500_000 + row, 3_500_400]],
        }
    (tmp_path / "改正.geojson").write_text(json.dumps(told, ensure_ascii=False), "utf-8")
    layer, (_, new) = load(tmp_path, ["管线.gpkg", "改正.geojson"], "gas_pipelines", crs=None)
    assert layer["id"].tolist() == ["P1", "P2", "P3"]
    assert layer.geometry.iloc[1].length == 400
    assert (new.system, new.system_from, new.rows_rejected) == ("EPSG:4549", "stated", 0)


def test_features_nobody_could_read_stay_as_they_are(tmp_path):
    log = Log("a.geojson", "districts")
    text = '{"type": "Feature", "properties": {"name": "甲"}, "geometry": {"type": "Polygon", "coordinates": 7}}'
    raw = Raw(Path("a.geojson"), None, pd.DataFrame({"name": ["乙", "丙"]}), np.array([1, 4]), log,
              np.array([box(0, 0, 1, 1), shapely.from_wkt("POINT (nan 1)")], object), read=4,
              unread=[(2, [text]), (3, ["{ torn"])])  # fmt: skip
    log.reject("not_parsed", [2, 3])
    log.reject("bad_coordinate", [4])
    told = json.loads((tmp_path / write_rejects(tmp_path, raw, Written.of(raw), {}, set())).read_text("utf-8"))
    good, torn, nowhere = told["features"]
    assert good["geometry"] == {"type": "Polygon", "coordinates": 7}
    assert good["properties"]["name"] == "甲"
    assert torn["properties"]["原文"] == "{ torn"
    assert nowhere["geometry"] is None
    assert nowhere["properties"]["WKT"].upper().startswith("POINT")


def test_names_are_distinct_safe_and_the_same_every_time(tmp_path):
    text = HEAD + "A1,甲,,120.20001,31.70001\nA2,乙,,,\n"
    for part in ("东", "西"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "名:录.csv").write_text(text.replace("A", part), "utf-8")
    with pd.ExcelWriter(tmp_path / "册.xlsx") as book:
        for sheet in ("一", "二"):
            pd.read_csv(io.StringIO(text.replace("A", sheet))).to_excel(book, sheet_name=sheet, index=False)
    asked = ["东/名:录.csv", "西/名:录.csv", "册.xlsx#一", "册.xlsx#二"]
    _, reports = load(tmp_path, asked)
    names = [r.rejects for r in reports]
    assert names == ["名_录.csv", "名_录-2.csv", "册_一.csv", "册_二.csv"]
    before = {p.name: p.read_bytes() for p in (tmp_path / "rejects").iterdir()}
    load(tmp_path, asked)
    assert {p.name: p.read_bytes() for p in (tmp_path / "rejects").iterdir()} == before


def test_headers_known_only_by_their_second_line_keep_it(tmp_path):
    text = "DWMC,JD,WD,BH\n企业名称,经度,纬度,企业编号\n甲,120.20001,31.70001,1\n乙,0,0,2\n丙,120.20003,31.70001,3\n"
    (tmp_path / "a.csv").write_text(text, "utf-8")
    _, (report,) = load(tmp_path, "a.csv")
    (row,) = rows_of(tmp_path / "rejects" / "a.csv")
    assert report.rows_rejected == 1
    assert (row["企业名称"], row["经度"], row["企业编号"]) == ("乙", "0", "2")
