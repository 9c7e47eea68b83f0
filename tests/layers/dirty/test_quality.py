"""The mapping of columns is shown for confirmation once and kept for the sender's file; a folder of any files works."""

import json
import tomllib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point

from geo_risk.layers import sample
from geo_risk.layers.load import load_layer
from geo_risk.layers.recognise import recognise, region_toml

ANCHOR = (120.0, 31.0, 121.0, 32.0)


def uncommented(text: str) -> str:
    """The settings with every recognised mapping confirmed: its # taken away, the line it replaces dropped."""
    lines = []
    for line in text.splitlines():
        if line.startswith("# columns = "):
            line = line[2:]
        elif line.startswith("  # or: "):
            lines[-1] = ""
            line = "  " + line[8:]
        lines.append(line)
    return "\n".join(lines)


def test_case_14_mapping_is_shown_and_once_confirmed_kept(tmp_path):
    (tmp_path / "甲单位.csv").write_text(
        "单位名称,经度(东经),北纬,员工 人数,所属行业\n甲,120.20001,31.70001,5,化工\n", "utf-8"
    )
    (tmp_path / "乙单位.csv").write_text(
        '"企业\n全称",lng,lat,从业人数,行业类别\n乙,120.30001,31.70001,7,化工\n', "utf-8"
    )
    found = recognise([tmp_path])
    text = region_toml("甲", found, tmp_path)
    shown, kept = tomllib.loads(text)["layers"], tomllib.loads(uncommented(text))["layers"]
    mine = {item["path"]: item["columns"] for item in kept["enterprises"]["source"]}
    assert mine["甲单位.csv"] == {
        "name": "单位名称",
        "staff": "员工 人数",
        "sector": "所属行业",
        "lon": "经度(东经)",
        "lat": "北纬",
    }
    assert set(mine["乙单位.csv"]) == {"name", "staff", "sector", "lon", "lat"}
    layers = [
        load_layer("enterprises", {**spec, "crs": "wgs84"}, folder=tmp_path, crs="EPSG:4549", anchor=ANCHOR)[0]
        for spec in (shown["enterprises"], kept["enterprises"])
    ]
    assert sorted(layers[0]["name"]) == ["乙", "甲"]
    assert layers[0].equals(layers[1])


def test_case_14_a_confirmed_column_that_is_gone_is_told(tmp_path):
    (tmp_path / "a.csv").write_text("单位名称,经度,纬度,从业人数,行业\n甲,120.20001,31.70001,5,化工\n", "utf-8")
    kept = tomllib.loads(uncommented(region_toml("甲", recognise([tmp_path]), tmp_path)))["layers"]["enterprises"]
    (tmp_path / "a.csv").write_text("厂名,经度,纬度,从业人数,行业\n甲,120.20001,31.70001,5,化工\n", "utf-8")
    with pytest.raises(ValueError, match=r"a\.csv.*单位名称"):
        load_layer("enterprises", kept, folder=tmp_path, crs="EPSG:4549", anchor=ANCHOR)


def test_a_large_text_is_judged_by_its_head(tmp_path, monkeypatch):
    head = "统一社会信用代码,企业名称,行业类别,从业人数,经度,纬度\n"
    rows = [f"91{i:016d},甲{i}厂,化工,5,120.2{i:05d},31.7{i:05d}\n" for i in range(4000)]
    path = tmp_path / "名录.csv"
    path.write_text(head + "".join(rows), "gb18030")
    (whole,) = recognise([path])
    monkeypatch.setattr("geo_risk.layers.recognise.BIG", 1000)
    monkeypatch.setattr(sample, "_HEAD", 10_000)
    (found,) = recognise([path])
    assert (found.layer, found.columns, found.places) == (whole.layer, whole.columns, whole.places)
    assert (found.rows, whole.rows) == (4000, 4000)
    assert any("of about 4,000 rows" in note for note in found.notes)
    path.write_text(head + "".join(rows), "utf-16")
    (found,) = recognise([path])
    assert (found.layer, found.columns) == (whole.layer, whole.columns)


@pytest.mark.parametrize("ending", ["gpkg", "shp", "fgb"])
def test_a_large_layer_is_judged_by_its_head(tmp_path, monkeypatch, ending):
    lines = [LineString([(120.1 + i * 1e-4, 31.6), (120.2, 31.7)]) for i in range(400)]
    frame = gpd.GeoDataFrame({"管径": np.full(400, 300), "介质": "天然气"}, geometry=lines, crs="EPSG:4326")
    frame.to_file(tmp_path / f"燃气管线.{ending}", encoding="utf-8")
    monkeypatch.setattr("geo_risk.layers.recognise.BIG", 1000)
    monkeypatch.setattr(sample, "_ROWS", 50)
    (found,) = recognise([tmp_path])
    assert (found.layer, found.rows) == ("gas_pipelines", 400)
    assert any("first 50 of about 400 rows" in note for note in found.notes)
    if ending == "shp":
        assert any("燃气管线.dbf" in note for note in found.notes)


def test_a_folder_of_many_files(tmp_path):
    for i in range(30):
        text = f"企业名称,行业类别,从业人数,经度,纬度\n甲{i},化工,5,120.2{i:04d},31.7\n"
        (tmp_path / f"企业{i:03d}.csv").write_text(text, "utf-8")
        (tmp_path / f"说明{i:03d}.docx").write_bytes(b"PK" + bytes([i]))
    found = recognise([tmp_path])
    assert len(found) == 60
    assert [r.layer for r in found].count("enterprises") == 30
    assert all(r.notes for r in found if r.layer is None)
    spec = tomllib.loads(region_toml("甲", found, tmp_path))["layers"]["enterprises"]
    spec["crs"] = "wgs84"
    layer, reports = load_layer("enterprises", spec, folder=tmp_path, crs="EPSG:4549", anchor=ANCHOR)
    assert (len(layer), len(reports)) == (30, 30)


def test_a_mended_rejects_file_is_recognised_like_its_original(tmp_path):
    text = "企业名称,行业类别,从业人数,经度,纬度{}\n甲,化工,5,120.2,31.7{}\n"
    (tmp_path / "a.csv").write_text(text.format("", ""), "utf-8")
    (tmp_path / "b.csv").write_text(text.format(",行号,问题,处理建议", ",7,无坐标,请补填"), "utf-8")
    first, second = recognise([tmp_path])
    assert (first.layer, first.columns) == (second.layer, second.columns)


@pytest.mark.parametrize("rule", ["sums", "same"])
def test_rules_for_all_sums_close_and_a_second_import_gives_the_same(tmp_path, rule):
    frame = pd.DataFrame({
        "名称": ["甲", "乙", "丙", "丁"], "人数": ["约5", "x", "", "7"],
        "经度": ["120.2", "0", "31.7", "１２０.４"], "纬度": ["31.7", "0", "120.3", "31.5"],
    })  # fmt: skip
    frame.to_csv(tmp_path / "场所.csv", index=False, encoding="gb18030")
    gpd.GeoDataFrame({"名称": ["戊"]}, geometry=[Point(120.5, 31.5)], crs="EPSG:4326").to_file(tmp_path / "b.geojson")
    spec = {"source": ["场所.csv", "b.geojson"], "values": {"kind": "other"}, "crs": "wgs84"}
    (one, first), (two, second) = (
        load_layer("crowded_places", spec, folder=tmp_path, crs="EPSG:4549", anchor=ANCHOR) for _ in range(2)
    )
    if rule == "same":
        assert one.equals(two)
        assert first == second
        return
    told = next(r for r in first if r.file == "场所.csv")
    assert told.rows_read == 4 == told.rows_kept + told.rows_rejected
    given = json.loads(json.dumps([dict(i) for r in first for i in r.inputs]))
    assert [(g["path"], len(g["sha256"])) for g in given] == [("场所.csv", 64), ("b.geojson", 64)]
