"""From a [layers.X] table to a clean layer: the whole path on small files."""

import json

import geopandas as gpd
import pytest
from shapely.geometry import box

from geo_risk.errors import InputError, RegionError, SettingsError
from geo_risk.layers.load import load_layer, wgs84_bounds, widen
from geo_risk.schema import LAYERS

CRS = "EPSG:4549"
BOX = (119.9, 31.5, 120.7, 32.2)


def csv(folder, name, text):
    (folder / name).write_text(text, "utf-8")
    return name


def load(folder, layer, spec, **more):
    more = {"crs": CRS, "anchor": BOX, **more}
    if str(spec.get("source")).strip("]'").endswith(".csv"):
        spec = {"crs": "wgs84", **spec}  # a table says nothing about its degrees
    return load_layer(layer, spec, folder=folder, **more)


def codes(report, action=None):
    return [(i.code, i.row) for i in report.issues if action in (None, i.action)]


def test_all_columns_types_order_and_source(tmp_path):
    name = csv(
        tmp_path,
        "企业.csv",
        "管制編號,企業名稱,从业人数,自评风险等级,更新日期,經度,緯度\n"
        "B2,乙厂,约20人,较大,2023年5月,120.30001,31.70001\n"
        "A1,甲厂,3,重大,20230102,120.20001,31.60001\n"
        "C3,丙厂,,低,,0,0\n",
    )
    layer, (report,) = load(tmp_path, "enterprises", {"source": name})
    assert list(layer.columns) == [*LAYERS["enterprises"].names, "geometry"]
    assert layer["id"].tolist() == ["A1", "B2"]
    assert layer["staff"].tolist() == [3, 20]
    assert layer["self_grade"].tolist() == [4, 3]
    assert layer["data_date"].tolist() == ["2023-01-02", "2023-05"]
    assert layer["source_row"].tolist() == [3, 2]
    assert set(layer["source_file"]) == {"企业.csv"}
    assert str(layer["self_grade"].dtype) == "Int64"
    assert layer["credit_code"].tolist() == [None, None]
    assert layer.crs == CRS
    back = layer.to_crs("EPSG:4326").geometry
    assert (back.x[0], back.y[0]) == pytest.approx((120.20001, 31.60001), abs=1e-8)
    assert (report.rows_read, report.rows_kept, report.rows_rejected, report.features) == (3, 2, 1, 2)
    assert codes(report, "rejected") == [("no_coordinates", 4)]
    assert report.columns["id"] == "管制編號"


def test_same_input_same_result(tmp_path):
    name = csv(tmp_path, "a.csv", "企业名称,lng,lat\n甲,120.2,31.7\n甲,120.2,31.7\n乙,120.3,31.7\n")
    first, second = (load(tmp_path, "enterprises", {"source": name})[0] for _ in range(2))
    assert first.to_json() == second.to_json()
    assert len(first) == 2  # the repeated row is merged


def test_made_ids_do_not_depend_on_the_other_rows(tmp_path):
    rows = ["甲,120.2,31.7", "乙,120.3,31.7", "丙,120.4,31.7"]
    all_ = csv(tmp_path, "a.csv", "\n".join(["企业名称,lng,lat", *rows]))
    one = csv(tmp_path, "b.csv", "\n".join(["企业名称,lng,lat", rows[2]]))
    of_all = load(tmp_path, "enterprises", {"source": all_})[0].set_index("name")["id"]
    assert of_all["丙"] == load(tmp_path, "enterprises", {"source": one})[0]["id"][0]
    assert of_all.is_unique


def test_repeated_ids_are_told_apart_and_told(tmp_path):
    name = csv(tmp_path, "a.csv", "编号,企业名称,lng,lat\nA,甲,120.2,31.7\nA,乙,120.3,31.7\nA-2,丙,120.4,31.7\n")
    layer, (report,) = load(tmp_path, "enterprises", {"source": name})
    assert layer.set_index("name")["id"].to_dict() == {"甲": "A", "丙": "A-2", "乙": "A-3"}
    assert ("repeated_id", 2) in codes(report)


def test_tanks_of_one_unit_and_substances_in_one_cell(tmp_path):
    name = csv(
        tmp_path,
        "储罐.csv",
        "编号,危险源名称,危险化学品,最大存量(吨),lng,lat\n"
        "U1,罐区,液氯,50,120.2,31.7\nU1,罐区,甲醇,30,120.2,31.7\n"
        "U2,仓库,液氨；甲醇,10；20,120.3,31.7\nU3,仓库,苯、甲苯,5,120.4,31.7\nU4,球罐,1,500kg,120.5,31.7\n",
    )
    layer, (report,) = load(tmp_path, "hazard_sources", {"source": name})
    rows = {r.id: (r.unit_id, r.substance, r.quantity_t) for r in layer.itertuples()}
    assert rows == {
        "U1-1": ("U1", "液氯", 50),
        "U1-2": ("U1", "甲醇", 30),
        "U2-1": ("U2", "液氨", 10),
        "U2-2": ("U2", "甲醇", 20),
        "U3": (None, "苯、甲苯", 5),
        "U4": (None, "1", 0.5),
    }
    assert report.rows_read == report.rows_kept == 5
    assert {("split_row", 4), ("unsplit_row", 5)} <= set(codes(report))


def test_like_tanks_without_a_number_are_not_merged(tmp_path):
    name = csv(tmp_path, "罐.csv", "危险化学品,最大存量,lng,lat\n液氨,50,120.2,31.7\n液氨,50,120.2,31.7\n")
    layer, (report,) = load(tmp_path, "hazard_sources", {"source": name})
    assert layer["quantity_t"].sum() == 100
    assert ("same_tank", 3) in codes(report)
    assert "duplicate" not in {c for c, _ in codes(report)}
    assert layer["id"].is_unique


def test_a_register_of_quarters_joined_to_enterprises(tmp_path):
    firms = csv(tmp_path, "e.csv", "管制编号,企业名称,lng,lat\nE1,甲,120.2,31.7\nE2,乙,120.3,31.7\n")
    report_ = csv(
        tmp_path,
        "t.csv",
        "REGISTRATIONNO,STARTDATE,TOXICNAME,数量\nE1,2020/01/01,苯,5\nE1,2020/04/01,苯,6\nE2,2020/01/01,苯,7\nE9,2020/01/01,氯,8\n",
    )
    enterprises, _ = load(tmp_path, "enterprises", {"source": firms})
    spec = {"source": report_, "join": "enterprises"}
    layer, (report,) = load(tmp_path, "hazard_sources", spec, joins={"enterprises": enterprises})
    assert layer[["enterprise_id", "enterprise_name", "substance"]].sort_values(
        "enterprise_id"
    ).to_numpy().tolist() == [
        ["E1", "甲", "苯"],
        ["E2", "乙", "苯"],
    ]
    assert layer["quantity_t"].isna().all()  # handled in a quarter, not held
    assert (report.rows_read, report.rows_kept, report.features) == (4, 3, 2)
    assert codes(report, "rejected") == [("not_joined", 5)]
    assert {"handled", "merged_rows"} <= {c for c, _ in codes(report)}
    by_id = enterprises.set_index("id").geometry
    assert all(r.geometry == by_id[r.enterprise_id] for r in layer.itertuples())
    with pytest.raises(InputError, match=r"\[layers\.enterprises\]"):
        load(tmp_path, "hazard_sources", spec)


def districts(folder):
    towns = [("A", box(120.0, 31.6, 120.2, 31.8)), ("B", box(120.2, 31.6, 120.4, 31.8))]
    villages = [("A1", box(120.0, 31.6, 120.1, 31.8)), ("B1", box(120.25, 31.65, 120.3, 31.7))]
    for name, units, column in (("towns", towns, "TOWN"), ("villages", villages, "VILL")):
        frame = gpd.GeoDataFrame(
            {f"{column}_ID" if column == "TOWN" else "VILLCODE": [i for i, _ in units]},
            geometry=[g for _, g in units],
            crs="EPSG:4326",
        )
        frame["TOWN" if column == "TOWN" else "VILLNAME"] = frame.iloc[:, 0]
        frame.to_file(folder / f"{name}.geojson")
    return {"source": ["towns.geojson", "villages.geojson"]}


def test_districts_levels_parents_and_anchor(tmp_path):
    spec = districts(tmp_path)
    layer, _ = load(tmp_path, "districts", spec)
    rows = {r.id: (r.level, r.parent_id) for r in layer.itertuples()}
    assert rows == {"A": ("township", None), "B": ("township", None), "A1": ("village", "A"), "B1": ("village", "B")}
    assert wgs84_bounds("districts", spec, tmp_path) == pytest.approx((120.0, 31.6, 120.4, 31.8))
    west, south, east, north = widen((120.0, 31.6, 120.4, 31.8))
    assert 5000 / 111_320 < 120.0 - west < 5000 / 90_000
    assert 31.6 - south == pytest.approx(5000 / 110_574)
    assert (north - 31.8, 120.4 - west) == pytest.approx((31.6 - south, east - 120.0))


def test_bounds_ignore_a_stray_row(tmp_path):
    name = csv(tmp_path, "a.csv", "企业名称,lng,lat\n甲,120.2,31.7\n乙,120.3,31.8\n丙,20.3,31.8\n")
    spec = {"source": name, "crs": "wgs84"}
    assert wgs84_bounds("enterprises", spec, tmp_path) == pytest.approx((120.2, 31.7, 120.3, 31.8))


def lines(folder, name, rows):
    features = [
        {"type": "Feature", "properties": p, "geometry": {"type": "LineString", "coordinates": c}} for p, c in rows
    ]
    (folder / name).write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return name


def test_values_where_and_lines_outside(tmp_path):
    inside, away = [[120.1, 31.6], [120.2, 31.7]], [[110, 30], [110.1, 30]]
    name = lines(tmp_path, "a.geojson", [({"s": 1}, inside), ({"s": 0}, inside), ({"s": 1}, away)])
    spec = {"source": [{"path": name, "where": {"s": 1}, "values": {"class": "unclassified"}}]}
    layer, (report,) = load(tmp_path, "roads", spec)
    assert layer["class"].tolist() == ["unclassified"]
    assert (report.rows_read, report.rows_rejected, report.left_out) == (2, 1, 1)
    assert codes(report, "rejected") == [("outside", 3)]


def test_gcj02_geometry_is_moved_back(tmp_path):
    from geo_risk.crs import wgs84_to_gcj02

    x, y = wgs84_to_gcj02([120.1, 120.2], [31.6, 31.7])
    name = lines(tmp_path, "a.geojson", [({"name": "甲"}, [[float(a), float(b)] for a, b in zip(x, y, strict=True)])])
    layer, _ = load(tmp_path, "roads", {"source": name, "crs": "gcj02"})
    assert list(layer.to_crs(4326).geometry[0].coords[0]) == pytest.approx([120.1, 31.6], abs=1e-8)


@pytest.mark.parametrize(
    ("layer", "text", "spec", "error", "message"),
    [
        (
            "enterprises",
            "甲乙,lng,lat\nx,120.2,31.7\n",
            {},
            InputError,
            "needs 'name' .*Headers: 甲乙, lng, lat.*columns =",
        ),
        ("enterprises", "企业名称,地址\nx,y\n", {}, InputError, "no coordinates for layer.*Headers: 企业名称, 地址"),
        ("enterprises", "企业名称,lng,lat\nx,20,10\n", {}, InputError, "no row.*row 2, lng, lat = 20, 10: outside"),
        ("enterprises", "企业名称,lng,lat\n", {}, InputError, "0 rows read"),
        (
            "enterprises",
            "企业名称,lng,lat\nx,120,31\n",
            {"columns": {"name": "公司"}},
            InputError,
            "'公司'.*no such header",
        ),
        (
            "enterprises",
            "企业名称,lng,lat\nx,120,31\n",
            {"columns": {"nam": "企业名称"}},
            InputError,
            "no column of layer",
        ),
        ("enterprises", "企业名称,lng,lat\nx,120,31\n", {"where": {"q": 1}}, InputError, r"where\.q"),
        ("enterprises", "企业名称,lng,lat\nx,120,31\n", {"colour": "red"}, SettingsError, "unknown key"),
        (
            "emergency_facilities",
            "名称,lng,lat\nx,120,31\n",
            {"values": {"kind": "x"}},
            SettingsError,
            "one of fire_station",
        ),
        ("enterprises", "企业名称,lng,lat\nx,120,31\n", {"position_error_m": -1}, SettingsError, "positive number"),
        ("roads", "路名,lng,lat\nx,120,31.6\n", {}, InputError, "holds lines.*table of points"),
        ("castles", "名称\nx\n", {}, RegionError, "no layer 'castles'"),
    ],
)
def test_errors_name_what_where_and_the_next_step(tmp_path, layer, text, spec, error, message):
    with pytest.raises(error, match=message):
        load(tmp_path, layer, {"source": csv(tmp_path, "a.csv", text), **spec})


def test_missing_sources(tmp_path):
    csv(tmp_path, "b.csv", "x\n")
    with pytest.raises(InputError, match=r"no file.*Files beside it: b\.csv"):
        load(tmp_path, "enterprises", {"source": "a.csv"})
    with pytest.raises(InputError, match="pattern"):
        load(tmp_path, "enterprises", {"source": "q*.csv"})
    with pytest.raises(SettingsError, match="no 'source'"):
        load(tmp_path, "enterprises", {})


def test_patterns_take_files_by_name(tmp_path):
    for name in ("b.csv", "a.csv"):
        csv(tmp_path, name, f"企业名称,lng,lat\n{name},120.2,31.7\n")
    _, reports = load(tmp_path, "enterprises", {"source": "*.csv"})
    assert [r.file for r in reports] == ["a.csv", "b.csv"]


def test_position_error_from_column_setting_and_shared_point(tmp_path):
    rows = [f"甲{i},120.20001,31.70001,{'7' if i == 0 else ''}" for i in range(5)]
    name = csv(tmp_path, "a.csv", "\n".join(["企业名称,lng,lat,定位误差", *rows]))
    layer, (report,) = load(tmp_path, "enterprises", {"source": name, "crs": "wgs84"})
    assert layer.set_index("name")["position_error_m"].to_dict() == {"甲0": 7, **{f"甲{i}": 500 for i in range(1, 5)}}
    assert ("shared_point", 2) in codes(report)
    layer, _ = load(tmp_path, "enterprises", {"source": name, "position_error_m": 20})
    assert sorted(layer["position_error_m"]) == [7, 20, 20, 20, 20]


def test_population_without_a_count_is_rejected(tmp_path):
    name = csv(tmp_path, "a.csv", "常住人口,lng,lat\n5,120.2,31.7\n若干,120.3,31.7\n")
    layer, (report,) = load(tmp_path, "population", {"source": name})
    assert layer["persons"].tolist() == [5]
    assert codes(report, "rejected") == [("missing_required", 3)]


def test_like_households_on_one_point_are_two(tmp_path):
    name = csv(tmp_path, "a.csv", "常住人口,lng,lat\n2,120.2,31.7\n2,120.2,31.7\n")
    layer, (report,) = load(tmp_path, "population", {"source": name})
    assert layer["persons"].sum() == 4
    assert layer["id"].is_unique
    assert report.features == 2


def test_named_copies_across_files_are_merged(tmp_path):
    for name in ("a.csv", "b.csv"):
        csv(tmp_path, name, "企业名称,lng,lat\n甲,120.2,31.7\n")
    layer, reports = load(tmp_path, "enterprises", {"source": ["a.csv", "b.csv"]})
    assert len(layer) == 1
    assert [r.features for r in reports] == [1, 0]
    assert [i.detail for i in reports[1].issues if i.code == "duplicate"] == ["2 of a.csv"]


@pytest.mark.parametrize("seed", range(40))
def test_damaged_files_are_read_or_refused_but_never_crash(tmp_path, seed):
    import random

    from geo_risk.errors import GeoRiskError

    dice = random.Random(seed)
    text = "编号,企业名称,从业人数,更新日期,经度,纬度\n" + "".join(
        f"E{i},甲{i}厂,约{i}人,2023-0{i % 9 + 1},120.{i + 10},31.{i + 60}\n" for i in range(20)
    )
    data = bytearray(text.encode("gb18030"))
    for _ in range(dice.choice((1, 5, 60))):
        place = dice.randrange(len(data))
        junk = dice.choice((b",", b'"', b"\n", b"\xff", b"nan", b"inf", b"1e999", b"", b"-"))
        data[place : place + dice.choice((0, 1, 9))] = junk
    (tmp_path / "a.csv").write_bytes(bytes(data))
    try:
        layer, (report,) = load(tmp_path, "enterprises", {"source": "a.csv"})
    except GeoRiskError:
        return
    assert layer["id"].is_unique
    assert report.rows_read == report.rows_kept + report.rows_rejected
    assert layer.geometry.is_valid.all()


def test_geojson_in_metres_without_a_word_about_it(tmp_path):
    from pyproj import Transformer

    to = Transformer.from_crs("EPSG:4490", "EPSG:4528", always_xy=True)
    ends = [list(to.transform(x, y)) for x, y in ((120.1, 31.6), (120.2, 31.7))]
    layer, (report,) = load(tmp_path, "roads", {"source": lines(tmp_path, "a.geojson", [({}, ends)])})
    assert layer.to_crs("EPSG:4490").geometry[0].coords[0] == pytest.approx((120.1, 31.6), abs=1e-8)
    assert ("crs_guess", None) in codes(report)


def test_geojson_degrees_in_mainland_china_are_told_to_be_unsure(tmp_path):
    name = lines(tmp_path, "a.geojson", [({}, [[120.1, 31.6], [120.2, 31.7]])])
    assert ("cannot_tell_datum", None) in codes(load(tmp_path, "roads", {"source": name})[1][0])
    told = load(tmp_path, "roads", {"source": name, "crs": "wgs84"})[1][0]
    assert ("cannot_tell_datum", None) not in codes(told)
