"""The demo city as files: same bytes, real formats, and an answer sheet that holds when the files are read back."""

import json
import re
import tomllib
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyproj
import pytest
import shapely

from geo_risk.crs import gcj02_to_wgs84
from geo_risk.errors import SettingsError
from geo_risk.layers.demo.files import column_letters
from geo_risk.layers.demo.tables import dms, wind_rows
from geo_risk.layers.demo.write import write_demo
from geo_risk.schema import LAYERS

METRIC = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:4550", always_xy=True)
# Q [t] and beta by GB 18218-2018 Tables 1 to 4, typed from the standard for this test.
Q_BETA = {
    "汽油": (200, 1),
    "柴油": (5_000, 1),
    "甲醇": (500, 1),
    "苯": (50, 1),
    "甲苯": (500, 1),
    "二甲苯": (5_000, 1),
    "苯乙烯": (500, 1),
    "丙烯": (10, 1.5),
    "液化石油气": (50, 1.5),
    "液氨": (10, 2),
    "液氯": (5, 4),
    "环氧乙烷": (10, 2),
    "丙烯腈": (50, 1),
    "1,3-丁二烯": (5, 1.5),
    "天然气": (50, 1.5),
    "氢": (5, 1.5),
    "醋酸乙烯酯": (1_000, 1),
    "丙酮": (500, 1),
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return write_demo(folder, size="small", seed=1)


@pytest.fixture(scope="module")
def truth(demo):
    return json.loads((demo.folder / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def tables(demo):
    """The handed-over files read back with other people's readers, places in EPSG:4550 metres."""
    inputs = demo.folder / "inputs"
    places = pd.read_csv(inputs / "人员密集场所.csv", encoding="utf-8-sig").set_index("编号")
    lon, lat = gcj02_to_wgs84(places["经度"], places["纬度"])
    fuel = pd.read_csv(inputs / "加油加气站.csv", encoding="utf-8-sig").set_index("编号")
    loading = pd.read_csv(inputs / "危险源_码头装卸点.csv", encoding="utf-8-sig").set_index("编号")
    lots = pd.read_csv(inputs / "停车场.csv", encoding="gb18030").set_index("编号")
    rescue = pd.read_excel(inputs / "应急力量.xlsx", header=1, engine="calamine").set_index("编号")
    hazards = pd.concat([_points(fuel.index, fuel["经度"].map(_degrees), fuel["纬度"].map(_degrees)), _plain(loading)])
    pipes = gpd.read_file(inputs / "管线.zip", encoding="GBK").set_index("管线编号")
    return {
        "crowded_places": _points(places.index, lon, lat),
        "hazard_sources": hazards,
        "parking_lots": _plain(lots),
        "emergency_facilities": _plain(rescue),
        "gas_pipelines": pipes.geometry,
        "buildings": gpd.read_file(inputs / "建筑.gpkg").set_index("编号").geometry,
        "trunks": pipes[pipes["管线类别"] == "长输管道"].geometry,
        "hazmat_lots": _plain(lots[lots["类型"] == "危化品"]),
        "fuel": _points(fuel.index, fuel["经度"].map(_degrees), fuel["纬度"].map(_degrees))[fuel["类型"] == "加油站"],
    }


def _degrees(text: str) -> float:
    degree, minute, second = (float(part) for part in re.findall(r"[\d.]+", text))
    return degree + minute / 60 + second / 3600


def _points(index, lon, lat) -> pd.Series:
    x, y = METRIC.transform(np.asarray(lon, float), np.asarray(lat, float))
    return pd.Series(shapely.points(x, y), index=index)


def _plain(frame: pd.DataFrame) -> pd.Series:
    return _points(frame.index, frame["经度"], frame["纬度"])


def test_same_bytes_again_and_over_old_files(demo, tmp_path):
    first = {p.name: p.read_bytes() for p in [*(demo.folder / "inputs").iterdir(), demo.folder / "truth.json"]}
    for _ in range(2):  # the second time over its own files
        write_demo(tmp_path, size="small", seed=1)
        again = {p.name: p.read_bytes() for p in [*(tmp_path / "inputs").iterdir(), tmp_path / "truth.json"]}
        assert sorted(first) == sorted(again)
        assert [name for name in first if first[name] != again[name]] == []


def test_other_seed_is_another_city(demo, tmp_path):
    other = write_demo(tmp_path, size="small", seed=5)
    assert (tmp_path / "inputs/镇街.geojson").read_bytes() != (demo.folder / "inputs/镇街.geojson").read_bytes()
    assert other.counts["enterprises"] == demo.counts["enterprises"]


def test_wrong_arguments_say_what_is_allowed(tmp_path):
    with pytest.raises(SettingsError, match=r"'huge'.*small, city, large"):
        write_demo(tmp_path, size="huge")
    with pytest.raises(SettingsError, match=r"-1.*0 or more"):
        write_demo(tmp_path, seed=-1)


def test_seeded_conflicts_and_near_misses_lie_where_the_sheet_says(truth, tables):
    for name, expect_below in (("conflicts", True), ("near_misses", False)):
        assert truth[name]
        for row in truth[name]:
            source = tables[row["source_layer"]][row["source_id"]]
            target = tables[row["target_layer"]][row["target_id"]]
            assert source.distance(target) == pytest.approx(row["clearance_m"], abs=0.06)
            assert (source.distance(target) < row["required_m"]) == expect_below
            if not expect_below:
                assert 0.4 < row["clearance_m"] - row["required_m"] < 3.1


def test_the_answer_sheet_is_complete(truth):
    rules = [(r["standard"], r["required_m"]) for r in truth["conflicts"]]
    assert [rules.count(r) for r in dict.fromkeys(rules)] == [9, 4, 2, 4, 3, 2]
    assert len(truth["conflicts"]) == 24
    assert len(truth["near_misses"]) >= 10
    assert len(truth["wrong_town"]) == 7
    assert len(truth["in_impact_circle"]) == 5
    assert len(truth["misdeclared"]) == 4
    assert len(truth["detours"]) == 2
    assert truth["slow_towns"]


def test_nothing_conflicts_by_chance(truth, tables):
    """Beside the seeded pairs no crowded place is too near a lot or petrol station, and no building on a trunk line."""
    listed = {(r["source_id"], r["target_id"]) for r in truth["conflicts"] + truth["near_misses"]}
    for sources, targets, reach in (
        (tables["hazmat_lots"], tables["crowded_places"], 53.5),
        (tables["fuel"], tables["crowded_places"], 38.5),
        (tables["trunks"], tables["buildings"], 8.5),
    ):
        tree = shapely.STRtree(targets.to_numpy())
        found = tree.query(sources.to_numpy(), predicate="dwithin", distance=reach)
        pairs = {(sources.index[a], targets.index[b]) for a, b in found.T}
        assert pairs <= listed
        assert pairs


def test_places_in_the_impact_circle(truth, tables):
    pipe = tables["gas_pipelines"][truth["in_impact_circle"][0]["pipeline_id"]]
    radius = 0.099 * 1016 * 10**0.5
    inside = [i for i, p in tables["crowded_places"].items() if pipe.distance(p) < radius]
    assert sorted(inside) == sorted(r["place_id"] for r in truth["in_impact_circle"])


def test_declared_levels_follow_from_the_quantities(demo, truth):
    table = pd.read_csv(demo.folder / "inputs/重大危险源.csv", encoding="gb18030")
    wrong = {}
    for unit, rows in table.groupby("单元编号"):
        residents = rows["500米人口"].iloc[0]
        alpha = (
            2.0
            if residents >= 100
            else 1.5
            if residents >= 50
            else 1.2
            if residents >= 30
            else 1.0
            if residents
            else 0.5
        )
        tonnes = [float(str(q).strip("约吨")) for q in rows["最大存量(吨)"]]
        terms = [(q, *Q_BETA[s]) for q, s in zip(tonnes, rows["物质"], strict=True)]
        assert sum(q / limit for q, limit, _ in terms) >= 1
        r = alpha * sum(beta * q / limit for q, limit, beta in terms)
        level = 1 if r >= 100 else 2 if r >= 50 else 3 if r >= 10 else 4
        declared = ["一级", "二级", "三级", "四级"].index(rows["重大危险源等级"].iloc[0]) + 1
        if level != declared:
            wrong[unit] = (declared, level)
    assert wrong == {r["unit_id"]: (r["declared"], r["computed"]) for r in truth["misdeclared"]}


def test_register_is_a_real_messy_workbook(demo, truth):
    book = openpyxl.load_workbook(demo.folder / "inputs/企业名录.xlsx")
    sheet = book["企业名录"]
    assert [str(r) for r in sheet.merged_cells.ranges] == ["A1:P1", "A2:P2"]
    rows = list(sheet.iter_rows(values_only=True))
    header = list(rows[2])
    n = truth["rows"]["enterprises"]
    assert rows[3 + n][0] == "合计"
    body = pd.DataFrame(rows[3 : 3 + n], columns=header)
    broken = next(b for b in truth["broken_rows"] if b["file"] == "企业名录.xlsx")["broken"]
    found = {
        "zero": body["经度"].eq(0) & body["纬度"].eq(0),
        "blank": body["经度"].isna(),
        "swapped": pd.to_numeric(body["经度"]).between(30, 35),
        "no_name": body["企业名称"].isna(),
    }
    for kind, mask in found.items():
        assert [i + 4 for i in np.flatnonzero(mask)] == broken[kind]["rows"]
    assert body["地址"].str.contains("[０-９]").sum() > 20
    assert body["从业人数"].map(type).nunique() == 2
    assert body["统一社会信用代码"].str.startswith("99").all()


def test_no_credit_code_is_valid(demo):
    """GB 32100: the 18th character checks the first 17; every invented code fails."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    book = pd.read_excel(demo.folder / "inputs/企业名录.xlsx", header=2, dtype=str, engine="calamine")
    codes = book["统一社会信用代码"].dropna()
    assert len(codes) > 900
    for code in codes:
        total = sum(3**i % 31 * alphabet.index(c) for i, c in enumerate(code[:17]))
        assert alphabet[-total % 31] != code[17]


def test_shapefile_is_gbk_without_cpg(demo):
    with zipfile.ZipFile(demo.folder / "inputs/管线.zip") as archive:
        names = archive.namelist()
        dbf = archive.read(next(n for n in names if n.endswith(".dbf")))
    assert sorted(n.rsplit(".")[-1] for n in names) == ["dbf", "prj", "shp", "shx"]
    assert "管线编号".encode("gbk") in dbf[:600]
    assert gpd.read_file(demo.folder / "inputs/管线.zip").crs.to_epsg() == 4550


def test_roads_come_with_the_zone_number(demo, truth):
    roads = gpd.read_file(demo.folder / "inputs/道路.gpkg")
    assert roads.crs.to_epsg() == 4529
    assert roads.total_bounds[0] > 41_000_000
    assert len(roads) == truth["rows"]["roads"]
    ends = shapely.get_coordinates(shapely.get_point(roads.geometry.to_numpy(), [[0], [-1]]).ravel())
    assert len(np.unique(ends, axis=0)) < 1.6 * len(roads)


def test_settings_name_every_file(demo):
    settings = tomllib.loads(demo.region_toml)
    named = {"inputs/风玫瑰.csv", "inputs/危化品流向.csv"}  # read by keys outside the layers, the latter if switched on
    for layer, entry in settings["layers"].items():
        named |= {entry["source"]} if isinstance(entry["source"], str) else set(entry["source"])
        assert layer in LAYERS
    assert named == {f"inputs/{p.name}" for p in (demo.folder / "inputs").iterdir()}


def test_districts_nest(demo):
    towns = gpd.read_file(demo.folder / "inputs/镇街.geojson")
    assert towns["层级"].iloc[0] == "市"
    assert set(towns["上级代码"].iloc[1:]) == {"999281"}
    metric = towns.to_crs("EPSG:4550")
    assert metric.area.iloc[1:].sum() == pytest.approx(metric.area.iloc[0], abs=50)


def test_wind_frequencies_sum_to_one():
    rows = wind_rows()
    assert sum(r[4] for r in rows) == pytest.approx(1, abs=1e-9)
    assert rows[-1][4] == pytest.approx(0.05, abs=1e-3)


@pytest.mark.parametrize(("value", "text"), [(123.5, "123°30′00.0000″"), (32.0000001, "32°00′00.0004″")])
def test_sexagesimal(value, text):
    assert dms(value) == text


def test_column_letters():
    assert [column_letters(i) for i in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
