"""Cases 24 to 40 on real records: places back within the stated distance, or set aside with the reason."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import Geod

from geo_risk import crs as datums
from geo_risk.errors import InputError
from geo_risk.layers.load import load_layer, widen
from geo_risk.layers.recognise import recognise, region_toml

pytestmark = pytest.mark.real
CITY = (120.1257, 22.4232, 121.0980, 23.5170)
DELTA = widen((119.607, 31.301, 121.490, 32.900))
JIANGSU = "EPSG:4549"
SEATS = (116.0, 30.0, 122.5, 36.0)


def distances(layer, truth, id_column, lon, lat):
    """Metres between the layer's points and the truth, by id."""
    known = pd.read_csv(truth, dtype={id_column: str}).set_index(id_column)
    back = layer.to_crs("EPSG:4326").set_index("id").geometry
    known = known.loc[back.index]
    return pd.Series(Geod(ellps="WGS84").inv(back.x, back.y, known[lon], known[lat])[2], index=back.index)


def codes(report, action=None):
    return {i.code for i in report.issues if action in (None, i.action)}


def damaged(folder, **spec):
    spec = {"source": "enterprises_damaged.csv", **spec}
    layer, (report,) = load_layer("enterprises", spec, folder=folder, crs="EPSG:32651", anchor=CITY)
    defect = pd.read_csv(folder / "truth_enterprises_damaged.csv", dtype=str).set_index("编号")["defect"]
    return layer, report, defect


def test_case_24_38_zero_coordinates_and_shared_points_of_a_real_register(real_data):
    folder = real_data / "kaohsiung"
    _, (report,) = load_layer(
        "enterprises", {"source": "enterprises.csv"}, folder=folder, crs="EPSG:32651", anchor=CITY
    )
    assert (report.rows_read, report.rows_kept, report.rows_rejected) == (7946, 6854, 1092)
    assert codes(report, "rejected") == {"no_coordinates"}
    # 38: rows that share a point with three others and more keep their place and are told
    written = pd.read_csv(folder / "enterprises.csv", dtype=str)
    size = written.groupby(["經度", "緯度"])["管制編號"].transform("size")
    many = (size > 3) & (written["經度"].astype(float) != 0)
    assert sum(i.count for i in report.issues if i.code == "shared_point") == many.sum() > 500


def test_case_25_27_28_29_rows_are_set_aside_without_a_yes(real_data):
    layer, report, defect = damaged(real_data / "dirty")
    kept = defect.index.isin(layer["id"])
    moved = {"swapped", "times_1e6", "negative_lon"}
    assert set(defect[~kept]) == moved | {"blank", "zero", "wrong_degree", "lat_in_both"}
    assert not set(defect[kept]) & moved
    aside = [i for i in report.issues if i.code in ("swapped_aside", "scaled_aside", "sign_aside")]
    assert len(aside) == defect.isin(moved).sum()
    assert all("accept = [" in i.problem and "accept = [" in i.problem_zh for i in aside)


def test_case_25_27_28_29_37_rows_come_back_with_a_yes(real_data):
    folder = real_data / "dirty"
    layer, report, defect = damaged(folder, accept=["swapped", "scaled", "sign"])
    kept = defect.index.isin(layer["id"])
    assert set(defect[~kept]) == {"blank", "zero", "wrong_degree", "lat_in_both"}
    assert not set(defect[kept]) & set(defect[~kept])
    assert report.rows_read == report.rows_kept + report.rows_rejected == len(defect)
    off = distances(layer, folder / "truth_enterprises.csv", "编号", "lon", "lat")
    coarse = defect.loc[off.index] == "one_decimal"
    assert off[~coarse].max() < 2
    assert (off < layer.set_index("id")["position_error_m"] + 0.1).all()  # no row is farther off than it says


@pytest.mark.parametrize(("name", "limit_m"), [("enterprises_gbk.csv", 0.2), ("enterprises_dms.xlsx", 1.0)])
def test_case_26_every_notation_comes_back(real_data, name, limit_m):
    folder = real_data / "dirty"
    layer, (report,) = load_layer("enterprises", {"source": name}, folder=folder, crs="EPSG:32651", anchor=CITY)
    assert (report.rows_read, report.rows_kept, len(layer)) == (600, 600, 600)
    assert distances(layer, folder / "truth_enterprises.csv", "编号", "lon", "lat").max() < limit_m


def test_case_28_wrong_signs_and_digits_of_a_real_register(real_data):
    us = (-125.0, 24.0, -66.0, 50.0)
    spec = {"source": "facilities_wrong_coordinates.csv"}
    folder = real_data / "epa_rmp"
    with_yes, (told,) = load_layer(
        "enterprises", spec | {"accept": ["sign"]}, folder=folder, crs="EPSG:5070", anchor=us
    )
    assert told.rows_read == 164 == told.rows_kept + told.rows_rejected
    truth = pd.read_csv(folder / spec["source"], dtype=str)
    repaired = [i for i in told.issues if i.code == "sign"]
    assert len(repaired) > 50
    back = with_yes.to_crs("EPSG:4326").set_index("source_row").geometry
    for issue in repaired:  # only the sign of what is written was changed
        written = truth.iloc[issue.row - 2]
        assert abs(back[issue.row].x) == pytest.approx(abs(float(written["Longitude"])), abs=1e-6)
        assert abs(back[issue.row].y) == pytest.approx(abs(float(written["Latitude"])), abs=1e-6)
    with pytest.raises(InputError, match=r'accept = \["sign"\]'):  # every row of this file is wrong in some way
        load_layer("enterprises", spec, folder=folder, crs="EPSG:5070", anchor=us)


@pytest.mark.parametrize(
    ("name", "crs", "limit_m"),
    [
        ("places_gcj02.csv", None, 0.5),  # its column 坐标系 says 高德
        ("places_bd09.csv", "bd09", 2.0),
        ("places_gk_zone40_prefix.csv", None, 0.01),
        ("places_gk_cm120_plain.csv", None, 0.01),
        ("places_gk_cm120_plain.csv", "cgcs2000", 0.01),
    ],
)
def test_case_30_31_33_34_places_in_every_system(real_data, name, crs, limit_m):
    spec = {"source": name, "values": {"kind": "other"}} | ({"crs": crs} if crs else {})
    folder = real_data / "dirty"
    layer, (report,) = load_layer("crowded_places", spec, folder=folder, crs=JIANGSU, anchor=DELTA)
    assert report.rows_kept == 377
    assert distances(layer, folder / "truth_places.csv", "geonameid", "longitude", "latitude").max() < limit_m
    unstated = crs is None and "gk" in name
    assert ("crs_guess" in codes(report)) == unstated  # Xi'an 80 and Beijing 54 have the same numbers
    assert layer["position_error_m"].min() >= (120 if unstated else 1 if "gk" in name else 5)


def test_case_31_unlabelled_offset_is_an_error_that_names_the_setting(real_data):
    spec = {"source": "places_bd09.csv", "values": {"kind": "other"}}
    places = {"folder": real_data / "dirty", "crs": JIANGSU, "anchor": DELTA}
    with pytest.raises(InputError, match=r'nothing to judge it by.*crs = "wgs84".*"bd09" \(Baidu\)'):
        load_layer("crowded_places", spec, **places)
    counties = {"source": str(real_data / "cn_boundaries" / "counties_tianditu_cgcs2000_jiangsu_baiyin.geojson")}
    districts, _ = load_layer("districts", counties, **places | {"anchor": None})
    with pytest.raises(InputError, match=r"no clear evidence; best wgs84.*wgs84 368/377; gcj02 368/377; bd09 368/377"):
        load_layer("crowded_places", spec, **places, evidence={"districts": districts})  # counties are too large
    layer, _ = load_layer("crowded_places", spec | {"crs": "unknown"}, **places)
    off = distances(layer, real_data / "dirty" / "truth_places.csv", "geonameid", "longitude", "latitude")
    assert (off <= layer.set_index("id")["position_error_m"]).all()


def seat_places(real_data, folder, datum):
    """Places of 40 county seats, WGS 84 in truth, written in a datum as an unlabelled CSV."""
    source = f"zip://{real_data}/county_centres/county_centres_jiangsu.gpkg.zip"
    frame = gpd.read_file(source, layer="pois")
    x, y = frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy()
    if datum != "wgs84":
        x, y = datums.wgs84_to_gcj02(x, y)
    if datum == "bd09":
        x, y = datums.gcj02_to_bd09(x, y)
    table = pd.DataFrame({"场所名称": frame["name"].fillna("无名"), "经度": x.round(6), "纬度": y.round(6)})
    table.to_csv(folder / "places.csv", index=False)
    return frame


@pytest.fixture(scope="module")
def roads(real_data):
    source = {
        "source": str(real_data / "county_centres" / "county_centres_jiangsu.gpkg.zip")
        + "#county_centres_jiangsu/roads"
    }
    return load_layer("roads", source, folder=real_data, crs=JIANGSU)[0]


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_case_30_31_roads_tell_the_datum_of_real_places(real_data, tmp_path, roads, datum):
    seat_places(real_data, tmp_path, datum)
    spec = {"source": "places.csv", "values": {"kind": "other"}}
    with pytest.raises(InputError, match=rf'fit {datum} best .*within 200 m of a road.*Write crs = "{datum}"'):
        load_layer("crowded_places", spec, folder=tmp_path, crs=JIANGSU, anchor=SEATS, evidence={"roads": roads})


def test_case_30_a_near_tie_is_an_error_too(real_data, tmp_path, roads):
    """A shift of 500 m leaves a place in town near some other road: true WGS 84 leads, but not beyond doubt."""
    seat_places(real_data, tmp_path, "wgs84")
    spec = {"source": "places.csv", "values": {"kind": "other"}}
    with pytest.raises(InputError, match="no clear evidence; best wgs84, rows within 200 m of a road"):
        load_layer("crowded_places", spec, folder=tmp_path, crs=JIANGSU, anchor=SEATS, evidence={"roads": roads})


def test_case_36_a_label_that_lies_is_noticed(real_data, tmp_path):
    """The outlines say WGS 84 and are GCJ-02: the other edition of the same counties tells."""
    loaded = {}
    for name in ("tianditu_cgcs2000", "amap_gcj02", "amap_wgs84"):
        whole = json.loads((real_data / "cn_boundaries" / f"counties_{name}_jiangsu_baiyin.geojson").read_text("utf-8"))
        whole["features"] = whole["features"][:30]
        (tmp_path / f"{name}.geojson").write_text(json.dumps(whole))
    load = {"folder": tmp_path, "crs": JIANGSU}
    known, _ = load_layer("districts", {"source": "tianditu_cgcs2000.geojson"}, **load)
    with pytest.raises(InputError, match=r"the file says wgs84, but the places fit gcj02 best .*the same name"):
        load_layer("districts", {"source": "amap_gcj02.geojson"}, **load, evidence={"districts": known})
    true, (report,) = load_layer("districts", {"source": "amap_wgs84.geojson"}, **load, evidence={"districts": known})
    assert len(true) == report.rows_read
    for crs in ("gcj02", "wgs84"):  # the person's word counts
        loaded[crs], _ = load_layer("districts", {"source": "amap_gcj02.geojson", "crs": crs}, **load)
    middles = {k: frame.set_index("id").geometry.centroid for k, frame in (*loaded.items(), ("true", true))}
    off = {k: middles[k].distance(middles["true"]).median() for k in loaded}
    assert off["gcj02"] < 60 < 400 < off["wgs84"]  # two editions of the same counties differ by tens of metres


def test_case_36_county_shapefile_without_a_system(real_data):
    (found,) = recognise([real_data / "dirty" / "counties_gbk_no_prj_no_cpg.zip"])
    assert found.crs == "EPSG:4528"
    assert any("EPSG:4528: confirm" in note for note in found.notes)


def test_case_39_places_beyond_the_boundary_are_flagged_and_not_moved(real_data):
    folder = real_data / "kaohsiung"
    districts, _ = load_layer("districts", {"source": "districts.geojson"}, folder=folder, crs="EPSG:32651")
    plain, _ = load_layer("enterprises", {"source": "enterprises.csv"}, folder=folder, crs="EPSG:32651", anchor=CITY)
    told, (report,) = load_layer(
        "enterprises", {"source": "enterprises.csv"}, folder=folder, crs="EPSG:32651", anchor=CITY,
        evidence={"districts": districts},
    )  # fmt: skip
    union = districts.union_all()
    outside = int((~plain.intersects(union)).sum())
    assert sum(i.count for i in report.issues if i.code == "beyond_boundary") == outside
    assert told.geometry.equals(plain.geometry)


def test_case_40_taiwan_grid(real_data):
    folder = real_data / "kaohsiung"
    layer, (report,) = load_layer(
        "gas_pipelines",
        {"source": "../dirty_real/pipelines_metres_old_crs_member.geojson"},
        folder=folder, crs="EPSG:32651", anchor=CITY,
    )  # fmt: skip
    assert ("crs", None) in {(i.code, i.row) for i in report.issues}
    west, south, east, north = layer.to_crs("EPSG:4326").total_bounds
    assert CITY[0] < west < east < CITY[2]
    assert CITY[1] < south < north < CITY[3]
    assert np.isfinite(layer.length).all()


def test_init_writes_the_system_the_other_files_prove(real_data, tmp_path):
    seat_places(real_data, tmp_path, "bd09")
    roads = f"{real_data}/county_centres/county_centres_jiangsu.gpkg.zip"
    frame = gpd.read_file(f"zip://{roads}", layer="roads")
    frame.to_file(tmp_path / "道路.gpkg")
    found = recognise([tmp_path])
    places = next(r for r in found if r.path.name == "places.csv")
    assert places.judged == "bd09"
    assert 'crs = "bd09"' in region_toml("甲", found, tmp_path)
