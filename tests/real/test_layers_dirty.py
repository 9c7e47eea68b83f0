"""Real records damaged on purpose, against the truth beside them."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyproj import Geod

from geo_risk.errors import InputError
from geo_risk.layers.load import load_layer, widen
from geo_risk.layers.osm import read_osm
from geo_risk.layers.recognise import recognise

BESIDE = [p / "shared" / "data" for p in Path(__file__).resolve().parents[3:]]
DATA = Path(os.environ.get("GEO_RISK_DATA") or next((p for p in BESIDE if p.exists()), BESIDE[0]))
DIRTY, REAL = DATA / "dirty", DATA / "dirty_real"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not DIRTY.exists(), reason="no dirty data (GEO_RISK_DATA)")]
CITY = (120.1257, 22.4232, 121.0980, 23.5170)
DELTA = widen((119.607, 31.301, 121.490, 32.900))


def distances(layer, truth, key, lon, lat):
    """Metres between the layer's points and the truth, by id."""
    known = pd.read_csv(DIRTY / truth, dtype={key: str}).set_index(key)
    back = layer.to_crs("EPSG:4326").set_index("id").geometry
    known = known.loc[back.index]
    return pd.Series(Geod(ellps="WGS84").inv(back.x, back.y, known[lon], known[lat])[2], index=back.index)


@pytest.mark.parametrize(("name", "limit_m"), [("enterprises_gbk.csv", 0.2), ("enterprises_dms.xlsx", 1.0)])
def test_enterprises_come_back_whole(name, limit_m):
    layer, (report,) = load_layer("enterprises", {"source": name}, folder=DIRTY, crs="EPSG:32651", anchor=CITY)
    assert (report.rows_read, report.rows_kept, len(layer)) == (600, 600, 600)
    assert distances(layer, "truth_enterprises.csv", "编号", "lon", "lat").max() < limit_m


def test_damaged_rows_come_back_or_are_set_aside():
    layer, (report,) = load_layer(
        "enterprises",
        {"source": "enterprises_damaged.csv", "accept": ["swapped", "scaled", "sign"]},
        folder=DIRTY,
        crs="EPSG:32651",
        anchor=CITY,
    )
    defect = pd.read_csv(DIRTY / "truth_enterprises_damaged.csv", dtype=str).set_index("编号")["defect"]
    kept = defect.index.isin(layer["id"])
    aside = {"blank", "zero", "wrong_degree", "lat_in_both"}
    assert set(defect[~kept]) == aside
    assert not set(defect[kept]) & aside
    assert report.rows_rejected == (~kept).sum()
    off = distances(layer, "truth_enterprises.csv", "编号", "lon", "lat")
    coarse = defect.loc[off.index] == "one_decimal"
    assert off[~coarse].max() < 2
    error = layer.set_index("id")["position_error_m"]
    assert (off < error + 0.1).all()
    told = {i.row for i in report.issues if i.action == "repaired" and i.code in ("swapped", "scaled", "sign")}
    assert len(told) == defect.isin(["swapped", "times_1e6", "negative_lon"]).sum()


@pytest.mark.parametrize(
    ("name", "crs", "limit_m"),
    [
        ("places_gcj02.csv", None, 0.5),
        ("places_bd09.csv", "bd09", 2.0),
        ("places_gk_zone40_prefix.csv", None, 0.01),
        ("places_gk_cm120_plain.csv", None, 0.01),
    ],
)
def test_places_in_every_system(name, crs, limit_m):
    spec = {"source": name, "values": {"kind": "other"}} | ({"crs": crs} if crs else {})
    layer, (report,) = load_layer("crowded_places", spec, folder=DIRTY, crs="EPSG:4549", anchor=DELTA)
    assert report.rows_kept == 377
    assert distances(layer, "truth_places.csv", "geonameid", "longitude", "latitude").max() < limit_m


def test_unlabelled_offset_is_told():
    spec = {"source": "places_bd09.csv", "values": {"kind": "other"}}
    with pytest.raises(InputError, match=r'no coordinate system stated.*crs = "wgs84"'):
        load_layer("crowded_places", spec, folder=DIRTY, crs="EPSG:4549", anchor=DELTA)


def test_county_shapefile_without_encoding_and_system():
    layer, _ = load_layer("districts", {"source": "counties_gbk_no_prj_no_cpg.zip"}, folder=DIRTY, crs="EPSG:4528")
    (found,) = recognise([DIRTY / "counties_gbk_no_prj_no_cpg.zip"])
    assert found.crs == "EPSG:4528"
    path = DATA / "cn_boundaries" / "counties_tianditu_cgcs2000_jiangsu_baiyin.geojson"
    truth, _ = load_layer("districts", {"source": os.fspath(path)}, folder=DIRTY, crs="EPSG:4528")
    truth = truth.set_index("id").loc[layer["id"]]
    assert truth["name"].tolist() == layer["name"].tolist()
    a, b = layer.geometry.normalize().to_numpy(), truth.geometry.normalize().to_numpy()
    assert max(x.hausdorff_distance(y) for x, y in zip(a, b, strict=True)) < 0.01


def test_county_defects_are_each_reported():
    features = json.loads((DIRTY / "counties_defects.geojson").read_text("utf-8"))["features"]
    layer, (report,) = load_layer("districts", {"source": "counties_defects.geojson"}, folder=DIRTY, crs="EPSG:4549")
    sound = [n for n, f in enumerate(features, 1) if f["properties"]["defect"] == "none"]
    assert set(sound) <= set(layer["source_row"])
    assert layer["source_row"].is_unique
    told = {i.row for i in report.issues}
    repeated = [i.detail for i in report.issues if i.code == "repeated_id"]
    for number, feature in enumerate(features, 1):
        if feature["properties"]["defect"] != "none":
            assert number in told or any(str(number) in d for d in repeated), feature["properties"]
    assert report.rows_read == len(features)
    assert layer.is_valid.all()


def test_files_found_in_the_wild():
    notes = {r.path.name: r for r in recognise([REAL])}
    assert "压缩坐标" in notes["encoded_outline_江阴市.json"].notes[0]
    assert "missing_shp_city.shp" in notes["missing_shp_city.dbf"].notes[0]
    assert notes["gas_tracker_utf16.csv"].rows == 350
    assert notes["statistical_areas_big5_two_headers.csv"].rows == 1498
    assert notes["pipelines_metres_old_crs_member.geojson"].crs == "EPSG:3826"
    assert notes["rmp_louisiana_legacy.xls"].rows == 538
    with pytest.raises(InputError, match=r"missing_shp_city\.shp is missing"):
        load_layer("districts", {"source": "missing_shp_city.shp"}, folder=REAL, crs="EPSG:4549")


def test_helsinki_roads():
    path = DATA / "osm" / "helsinki_center.osm.pbf"
    roads = read_osm(path, "roads")
    assert len(roads) == 960
    assert roads["id"].is_unique
    assert roads.geometry.geom_type.isin(["LineString", "MultiLineString"]).all()
    assert np.nanmax(roads["speed_kmh"]) <= 80
    assert roads["hazmat"].notna().sum() > 10
    assert roads["oneway"].isin([-1, 0, 1]).all()


def test_a_cut_extract_is_refused(tmp_path):
    data = (DATA / "osm" / "helsinki_center.osm.pbf").read_bytes()
    (tmp_path / "a.osm.pbf").write_bytes(data[: len(data) // 3])
    with pytest.raises(InputError, match="broken or cut off"):
        read_osm(tmp_path / "a.osm.pbf", "roads")
