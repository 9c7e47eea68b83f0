"""check and run on a small region of one's own: everything wrong is told at once, mended rows come back."""

import csv
import io
import json
import shutil

import geopandas as gpd
import pytest
from shapely.geometry import box

from geo_risk import Region
from geo_risk.cli import main
from geo_risk.errors import SeveralErrors

TOML = """
[region]
name = "甲<市>"
[layers.districts]
source = "inputs/towns.geojson"
crs = "wgs84"
[layers.enterprises]
source = "inputs/企业.csv"
crs = "wgs84"
[layers.crowded_places]
source = "inputs/学校.csv"
crs = "wgs84"
"""
FIRMS = "企业编号,企业名称,经度,纬度\n1,甲厂,120.20001,31.70001\n2,<b>乙</b>厂,0,0\n3,丙厂,31.70002,120.20002\n"
SCHOOLS = "编号,名称,类别,经度,纬度\n7,一小,小学,120.21001,31.71001\n"


@pytest.fixture
def region(tmp_path):
    inputs = tmp_path / "甲" / "inputs"
    inputs.mkdir(parents=True)
    towns = gpd.GeoDataFrame(
        {"id": ["1"], "name": ["城关镇"]}, geometry=[box(120.1, 31.6, 120.3, 31.8)], crs="EPSG:4326"
    )
    towns.to_file(inputs / "towns.geojson")
    (inputs / "企业.csv").write_text(FIRMS, "utf-8")
    (inputs / "学校.csv").write_text(SCHOOLS, "utf-8")
    (tmp_path / "甲" / "region.toml").write_text(TOML, "utf-8")
    return tmp_path / "甲"


def ask(capsys, *argv):
    code = main([str(a) for a in argv])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def test_all_that_is_wrong_is_told_in_one_go(region, capsys):
    (region / "inputs" / "企业.csv").write_bytes(b"")
    (region / "inputs" / "学校.csv").unlink()
    code, out, err = ask(capsys, "check", region)
    assert code == 1
    assert "2 problems" in err
    assert "企业.csv: the file is empty" in err
    assert "学校.csv" in err
    assert "import districts" in out  # what is good was imported
    code, out, _ = ask(capsys, "check", region, "--json")
    assert code == 1
    assert len(json.loads(out)["errors"]) == 2
    with pytest.raises(SeveralErrors) as caught:
        Region(region).run()
    assert len(caught.value.errors) == 2
    assert not (region / "build").exists()
    (region / "inputs" / "学校.csv").write_text(SCHOOLS, "utf-8")
    code, _, err = ask(capsys, "check", region)
    assert code == 1
    assert "problems" not in err
    (region / "inputs" / "企业.csv").write_text(FIRMS, "utf-8")
    assert ask(capsys, "check", region)[0] == 3


def test_two_bad_files_of_one_layer_are_both_told(region, capsys):
    toml = (region / "region.toml").read_text("utf-8").replace('"inputs/企业.csv"', '["inputs/a.csv", "inputs/b.csv"]')
    (region / "region.toml").write_text(toml, "utf-8")
    (region / "inputs" / "a.csv").write_text("企业名称,行业\n甲,化工\n", "utf-8")
    (region / "inputs" / "b.csv").write_bytes(b"")
    code, _, err = ask(capsys, "check", region)
    assert code == 1
    assert "2 problems" in err
    assert "a.csv: no coordinates" in err
    assert "b.csv: the file is empty" in err


def test_check_says_what_to_do_and_where_the_rows_lie(region, capsys):
    code, out, _ = ask(capsys, "check", region)
    assert code == 3
    assert "no coordinates (zero or blank)" in out
    assert "请补填经纬度" in out
    path = region / "build" / "rejects" / "enterprises" / "企业.csv"
    assert str(path) in out
    quality = json.loads((region / "build" / "quality.json").read_text("utf-8"))
    firms = next(f for f in quality["files"] if f["file"] == "企业.csv")
    (given,) = firms["inputs"]
    import hashlib

    data = (region / "inputs" / "企业.csv").read_bytes()
    assert given == {"path": "inputs/企业.csv", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    page = (region / "build" / "quality.html").read_text("utf-8")
    assert "甲&lt;市&gt;" in page
    assert "<b>乙" not in page
    assert "http" not in page
    assert "<script" not in page


def test_mended_rows_come_back_and_old_rejects_vanish(region, capsys):
    assert ask(capsys, "check", region)[0] == 3
    path = region / "build" / "rejects" / "enterprises" / "企业.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    for row in rows:
        row["经度"], row["纬度"] = "120.20001", f"31.7100{row['行号']}"
    with open(region / "inputs" / "企业-改正.csv", "w", encoding="utf-8-sig", newline="") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(rows)
    text = (region / "region.toml").read_text("utf-8")
    (region / "region.toml").write_text(
        text.replace('"inputs/企业.csv"', '["inputs/企业.csv", "inputs/企业-改正.csv"]'), "utf-8"
    )
    assert ask(capsys, "check", region)[0] == 3  # the first list still has its bad rows
    assert set(Region(region).layer("enterprises")["name"]) == {"甲厂", "<b>乙</b>厂", "丙厂"}
    quality = json.loads((region / "build" / "quality.json").read_text("utf-8"))
    for f in quality["files"]:
        assert f["rows_read"] == f["rows_kept"] + f["rows_rejected"]
    before = {
        p: p.read_bytes() for p in sorted((region / "build").rglob("*")) if p.suffix in (".csv", ".html", ".json")
    }
    assert ask(capsys, "check", region)[0] == 3
    shutil.rmtree(region / "build")
    assert ask(capsys, "check", region)[0] == 3
    same = {p: p.read_bytes() for p in before if p.name != "manifest.json"}
    assert same == {p: data for p, data in before.items() if p.name != "manifest.json"}

    good = FIRMS.splitlines(keepends=True)
    (region / "inputs" / "企业.csv").write_text("".join(good[:2]), "utf-8")
    assert ask(capsys, "check", region)[0] == 0
    assert not path.exists()


def test_a_damaged_rejects_file_is_made_again(region, capsys):
    ask(capsys, "check", region)
    path = region / "build" / "rejects" / "enterprises" / "企业.csv"
    data = path.read_bytes()
    path.write_bytes(b"x")
    ask(capsys, "check", region)
    assert path.read_bytes() == data


def test_a_source_in_build_is_refused(region, capsys):
    ask(capsys, "check", region)
    text = (region / "region.toml").read_text("utf-8")
    name = '["inputs/企业.csv", "build/rejects/enterprises/企业.csv"]'
    (region / "region.toml").write_text(text.replace('"inputs/企业.csv"', name), "utf-8")
    code, _, err = ask(capsys, "check", region)
    assert code == 1
    assert "Copy the file to" in err
