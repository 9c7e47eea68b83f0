"""Cases 24 to 40 on made files: right, or refused with the message that tells what to write."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely.geometry import box

from geo_risk import crs as datums
from geo_risk.errors import CRSError, InputError
from geo_risk.layers import angles, systems
from geo_risk.layers.evidence import Around, judge, townships
from geo_risk.layers.load import load_layer

CRS = "EPSG:4549"
ANCHOR = (119.9, 31.5, 120.7, 32.2)
# A city of 4 x 4 small townships of 0.02 degrees (1.9 km x 2.2 km); a river through its middle.
NAMES = [f"{a}{b}镇" for a in "东西南北" for b in "山水林田"]
SIDE, WEST, SOUTH = 0.02, 120.30, 31.90


def city():
    cells = [box(WEST + SIDE * i, SOUTH + SIDE * j, WEST + SIDE * (i + 1), SOUTH + SIDE * (j + 1))
             for i in range(4) for j in range(4)]  # fmt: skip
    districts = gpd.GeoDataFrame({"name": NAMES}, geometry=cells, crs="EPSG:4326").to_crs(CRS)
    river = box(WEST + 1.9 * SIDE, SOUTH, WEST + 2.1 * SIDE, SOUTH + 4 * SIDE)
    water = gpd.GeoDataFrame({"name": ["大河"]}, geometry=[river], crs="EPSG:4326").to_crs(CRS)
    return {"districts": districts, "water": water}


def firms(count=400, seed=1):
    """(lon, lat, township) of firms in truth: WGS 84, none in the river."""
    rng = np.random.default_rng(seed)
    lon, lat = WEST + rng.random(3 * count) * 4 * SIDE, SOUTH + rng.random(3 * count) * 4 * SIDE
    dry = (lon < WEST + 1.9 * SIDE) | (lon > WEST + 2.1 * SIDE)
    lon, lat = lon[dry][:count].round(6), lat[dry][:count].round(6)
    at = ((lon - WEST) // SIDE).astype(int) * 4 + ((lat - SOUTH) // SIDE).astype(int)
    return lon, lat, [NAMES[k] for k in at]


def shifted(lon, lat, datum):
    if datum in ("gcj02", "bd09"):
        lon, lat = datums.wgs84_to_gcj02(lon, lat)
    return datums.gcj02_to_bd09(lon, lat) if datum == "bd09" else (lon, lat)


def write(folder, lon, lat, towns=None, **more):
    frame = pd.DataFrame(
        {"编号": [f"E{i}" for i in range(len(lon))], "企业名称": [f"甲{i}厂" for i in range(len(lon))]}
    )
    if towns is not None:
        frame["所属镇街"] = towns
    frame = frame.assign(经度=lon, 纬度=lat, **more)
    frame.to_csv(folder / "a.csv", index=False)
    return frame


def load(folder, layer="enterprises", source="a.csv", **spec):
    more = {"anchor": ANCHOR, "evidence": {}} | {k: spec.pop(k) for k in ("anchor", "evidence") if k in spec}
    frame, (report,) = load_layer(layer, {"source": source, **spec}, folder=folder, crs=CRS, **more)
    return frame, report


def off_m(layer, lon, lat):
    """Metres between the rows of a layer and the truth, by the number of the row."""
    back = layer.to_crs("EPSG:4326").geometry
    at = layer["source_row"].to_numpy(int) - 2
    return datums.geodesic_m(back.x, back.y, np.asarray(lon)[at], np.asarray(lat)[at], "EPSG:4326")


def rejected(report):
    return {i.row: i.code for i in report.issues if i.action == "rejected"}


def noted(report, code):
    return [i for i in report.issues if i.code == code]


def degrees_text(value):
    return f"{value:.6f}"


def test_case_24_zero_blank_and_half_a_place(tmp_path):
    lon, lat, _ = firms(6)
    write(tmp_path, [0, "", "0.0", lon[3], "", lon[5]], ["0", "", "", "", lat[4], lat[5]])
    layer, report = load(tmp_path, crs="wgs84")
    assert rejected(report) == {2: "no_coordinates", 3: "no_coordinates", 4: "no_coordinates",
                                5: "one_coordinate", 6: "one_coordinate"}  # fmt: skip
    assert len(layer) == 1


def test_case_25_swapped_file_is_a_reading_and_a_swapped_row_needs_a_yes(tmp_path):
    lon, lat, _ = firms(20)
    write(tmp_path, lat, lon)
    layer, report = load(tmp_path, crs="wgs84")
    assert off_m(layer, lon, lat).max() < 0.1
    assert noted(report, "swapped_file")[0].count == 20
    a, b = lon.copy(), lat.copy()
    a[3], b[3] = lat[3], lon[3]
    write(tmp_path, a, b)
    aside, report = load(tmp_path, crs="wgs84")
    assert rejected(report) == {5: "swapped_aside"}
    assert f"{lon[3]:.6f}, {lat[3]:.6f}" in noted(report, "swapped_aside")[0].problem
    assert len(aside) == 19
    layer, report = load(tmp_path, crs="wgs84", accept=["swapped"])
    assert len(layer) == 20
    assert off_m(layer, lon, lat).max() < 0.1


def test_case_26_mixed_notations_in_one_column(tmp_path):
    lon = ["120°21′16.9″", "120 21 16.9", "120-21-16.9", "120度21分16.9秒", "东经120°21.2817′", "E120.354694",
           "120.354694E", "120:21:16.9", "１２０°２１′１６.９″"]  # fmt: skip
    lat = ["31°54′36.5″", "31 54 36.5", "31-54-36.5", "31度54分36.5秒", "北纬31°54.6083′", "N31.910139", "31.910139N",
           "31:54:36.5", "31.910139"]  # fmt: skip
    write(tmp_path, lon, lat)
    layer, report = load(tmp_path, crs="wgs84")
    assert len(layer) == len(lon) == report.rows_kept
    truth = np.full(len(lon), 120 + 21 / 60 + 16.9 / 3600), np.full(len(lon), 31 + 54 / 60 + 36.5 / 3600)
    assert off_m(layer, *truth).max() < 2


def pack(value):
    minutes, seconds = divmod(round(abs(value) * 3600 * 100), 6000)
    return f"{minutes // 60}.{minutes % 60:02d}{seconds // 100:02d}{seconds % 100:02d}"


def test_case_26_packed_degrees_minutes_seconds(tmp_path):
    """120.2116 could be 120.2116 degrees or 120 degrees 21 minutes 16 seconds."""
    lon, lat, _ = firms(30)
    write(tmp_path, [pack(v) for v in lon], [pack(v) for v in lat])
    doubt, report = load(tmp_path, crs="wgs84")
    assert len(noted(report, "packed_doubt")) == 1
    assert (off_m(doubt, lon, lat) <= doubt["position_error_m"].min() + 1).all()  # kilometres: nothing is "clear"
    layer, report = load(tmp_path, crs="wgs84", accept=["packed_dms"])
    assert off_m(layer, lon, lat).max() < 0.5
    assert noted(report, "packed_dms")[0].count == 30
    tight = (WEST, SOUTH, WEST + 4 * SIDE, SOUTH + 4 * SIDE)  # here only the packed reading is in the region
    with pytest.raises(InputError, match=r'accept = \["packed_dms"\]'):
        load(tmp_path, crs="wgs84", anchor=tight)


def test_case_26_packed_rows_that_cannot_be_are_set_aside(tmp_path):
    lon, lat, _ = firms(20)
    a, b = [pack(v) for v in lon], [pack(v) for v in lat]
    a[4] = "120.7512"  # 75 minutes
    write(tmp_path, a, b)
    layer, report = load(tmp_path, crs="wgs84", accept=["packed_dms"])
    assert rejected(report) == {6: "bad_packed"}
    assert off_m(layer, lon, lat).max() < 0.5


def test_case_26_true_decimal_degrees_are_no_packed_ones(tmp_path):
    lon, lat, _ = firms(60)
    write(tmp_path, lon, lat)
    layer, report = load(tmp_path, crs="wgs84")
    assert not noted(report, "packed_doubt")
    assert layer["position_error_m"].max() == 1


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        ("120354687", "31912345", "scaled"),
        ("12035.4687", "3191.2345", "scaled"),  # 91 minutes there are not: a lost point
        ("12035.4687", "3151.2345", None),  # may be 120 degrees 35.4687 minutes as well
        ("-120.354687", "31.912345", "sign"),
        ("120.354687", "-31.912345", "sign"),
    ],
)
def test_case_27_28_scaled_and_signed_rows(tmp_path, lon, lat, code):
    x, y, _ = firms(20)
    a, b = [degrees_text(v) for v in x], [degrees_text(v) for v in y]
    a[0], b[0] = lon, lat
    write(tmp_path, a, b)
    _, report = load(tmp_path, crs="wgs84")
    assert rejected(report) == {2: f"{code}_aside" if code else "ambiguous_place"}
    layer, report = load(tmp_path, crs="wgs84", accept=["scaled", "sign", "swapped"])
    assert len(layer) == (20 if code else 19)
    if code:
        x[0], y[0] = 120.354687, 31.912345
        assert off_m(layer, x, y).max() < 0.1
        assert layer["position_error_m"].max() < 12  # not the one degree of the scaled number


def test_case_27_a_whole_file_without_points_says_what_to_write(tmp_path):
    lon, lat, _ = firms(20)
    write(tmp_path, (lon * 1e6).round().astype(int), (lat * 1e6).round().astype(int))
    with pytest.raises(InputError, match=r'accept = \["scaled"\]'):
        load(tmp_path, crs="wgs84")
    layer, _ = load(tmp_path, crs="wgs84", accept=["scaled"])
    assert off_m(layer, lon, lat).max() < 0.1


def test_case_27_decimal_comma(tmp_path):
    lon, lat, _ = firms(12)
    write(tmp_path, [degrees_text(v).replace(".", ",") for v in lon], [degrees_text(v).replace(".", ",") for v in lat])
    layer, report = load(tmp_path, crs="wgs84")
    assert off_m(layer, lon, lat).max() < 0.1
    assert noted(report, "decimal_comma")[0].count == 12


def test_case_27_thousands_marked_in_metres(tmp_path):
    lon, lat, _ = firms(12)
    east, north = Transformer.from_crs("EPSG:4490", CRS, always_xy=True).transform(lon, lat)
    frame = pd.DataFrame({"企业名称": [f"甲{i}" for i in range(12)], "X坐标": [f"{v:,.3f}" for v in north],
                          "Y坐标": [f"{v:,.3f}" for v in east]})  # fmt: skip
    frame.to_csv(tmp_path / "a.csv", index=False)
    layer, _ = load(tmp_path, crs="cgcs2000")
    assert off_m(layer, lon, lat).max() < 0.01


def test_case_28_a_digit_off_only_with_township_and_yes(tmp_path):
    lon, lat, towns = firms(30)
    a, b = lon.copy(), lat.copy()
    a[0] += 10
    b[1] -= 1
    a[2] += 1
    towns[2] = "无名镇"  # nothing to prove it by
    write(tmp_path, a, b, towns)
    around = {"evidence": {"districts": city()["districts"]}}
    _, report = load(tmp_path, crs="wgs84", **around)
    assert rejected(report) == {2: "digit_aside", 3: "digit_aside", 4: "outside"}
    assert f"{lon[0]:.6f}" in noted(report, "digit_aside")[0].problem
    layer, report = load(tmp_path, crs="wgs84", accept=["scaled"], **around)
    assert rejected(report) == {4: "outside"}
    assert len(noted(report, "digit")) == 2
    assert off_m(layer, lon, lat).max() < 0.1
    _, report = load(tmp_path, crs="wgs84", accept=["scaled"])  # no townships: no proof
    assert set(rejected(report).values()) == {"outside"}


def test_case_29_both_in_one_cell_latitude_twice_and_x_for_latitude(tmp_path):
    lon, lat, _ = firms(12)
    x, y = [degrees_text(v) for v in lat], [degrees_text(v) for v in lon]  # X is the latitude
    x[0], y[0] = f"{lat[0]}，{lon[0]}", ""
    y[1] = x[1]
    frame = pd.DataFrame({"企业名称": [f"甲{i}" for i in range(12)], "X": x, "Y": y})
    frame.to_csv(tmp_path / "a.csv", index=False)
    layer, report = load(tmp_path, crs="wgs84")
    assert rejected(report) == {3: "same_twice"}
    assert off_m(layer, lon, lat).max() < 0.1
    assert len(noted(report, "one_cell")) == 1


@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09"])
def test_case_30_31_unlabelled_degrees_are_judged_by_their_townships(tmp_path, datum):
    lon, lat, towns = firms()
    for i in range(0, 400, 10):  # one row in ten names a wrong township
        towns[i] = NAMES[i // 10 % 16]
    write(tmp_path, *(v.round(6) for v in shifted(lon, lat, datum)), towns)
    if datum == "wgs84":
        layer, report = load(tmp_path, evidence=city())
        (told,) = noted(report, "fits_township")
        assert told.detail.startswith("wgs84 3")  # 360 rows and those right by chance
        assert "gcj02" in told.detail
        assert layer["position_error_m"].max() == 1
    else:
        with pytest.raises(InputError, match=rf'fit {datum} best \(rows in the township.*Write crs = "{datum}" if'):
            load(tmp_path, evidence=city())
    layer, _ = load(tmp_path, crs=datum)
    assert off_m(layer, lon, lat).max() < 0.2
    assert layer["position_error_m"].max() == (1 if datum == "wgs84" else 5)


def test_case_30_no_evidence_or_too_little_is_an_error_and_unknown_goes_on(tmp_path):
    lon, lat, towns = firms(15)  # below the least number of rows
    write(tmp_path, lon, lat, towns)
    for known in ({}, city()):
        with pytest.raises(InputError, match=r'nothing to judge it by.*crs = "unknown" goes on with .* of \d{3,4} m'):
            load(tmp_path, evidence=known)
    for datum in ("wgs84", "gcj02", "bd09"):
        write(tmp_path, *shifted(lon, lat, datum), towns)
        layer, report = load(tmp_path, crs="unknown")
        assert (off_m(layer, lon, lat) <= layer["position_error_m"].to_numpy()[0]).all()
        assert noted(report, "unknown_system")


def test_case_30_geojson_is_wgs84_by_its_standard_unless_the_evidence_says_otherwise(tmp_path):
    lon, lat, towns = firms()
    frame = pd.DataFrame({"企业名称": [f"甲{i}" for i in range(400)], "所属镇街": towns})
    for datum in ("wgs84", "gcj02"):
        points = shapely.points(*shifted(lon, lat, datum))
        features = [shapely.to_geojson(p) for p in points]
        rows = ",".join(
            f'{{"type":"Feature","properties":{r.to_json(force_ascii=False)},"geometry":{g}}}'
            for (_, r), g in zip(frame.iterrows(), features, strict=True)
        )
        (tmp_path / f"{datum}.geojson").write_text(f'{{"type":"FeatureCollection","features":[{rows}]}}', "utf-8")
    silent, report = load(tmp_path, source="wgs84.geojson")
    assert noted(report, "cannot_tell_datum")
    assert silent["position_error_m"].min() > 1000
    proved, report = load(tmp_path, source="wgs84.geojson", evidence=city())
    assert noted(report, "fits_township")
    assert proved["position_error_m"].max() == 5
    with pytest.raises(InputError, match="fit gcj02 best"):
        load(tmp_path, source="gcj02.geojson", evidence=city())


def test_case_32_rows_of_several_datums(tmp_path):
    """Half of the rows from AMap: no one reading fits; a column that names the source splits them."""
    lon, lat, towns = firms()
    a, b = lon.copy(), lat.copy()
    a[::2], b[::2] = (v[::2] for v in shifted(lon, lat, "gcj02"))
    write(tmp_path, a.round(6), b.round(6), towns)
    with pytest.raises(InputError, match="rows speak for several systems: add a column 坐标系"):
        load(tmp_path, evidence=city())
    labels = np.where(np.arange(400) % 2 == 0, "高德", "国家2000")
    labels[7] = "某图"
    write(tmp_path, a.round(6), b.round(6), towns, 坐标系=labels)
    layer, report = load(tmp_path)
    assert rejected(report) == {9: "unknown_datum"}
    assert off_m(layer, lon, lat).max() < 0.2
    assert set(layer["position_error_m"]) == {1, 5}
    spec = [{"path": "a.csv", "where": {"坐标系": "高德"}, "crs": "gcj02"},
            {"path": "a.csv", "where": {"坐标系": "国家2000"}, "crs": "cgcs2000"}]  # fmt: skip
    both, _ = load_layer("enterprises", {"source": spec}, folder=tmp_path, crs=CRS, anchor=ANCHOR)
    assert off_m(both, lon, lat).max() < 0.2


def metres(folder, code, survey=True):
    lon, lat, _ = firms(25)
    shift = -3.2 if code == "EPSG:4498" else 0.0  # the 6-degree zone 20 has its meridian at 117 E
    lon = lon + shift
    east, north = Transformer.from_crs("EPSG:4490", code, always_xy=True, allow_ballpark=True).transform(lon, lat)
    pair = (north, east) if survey else (east, north)
    frame = pd.DataFrame(
        {"企业名称": [f"甲{i}" for i in range(25)], "X坐标": pair[0].round(3), "Y坐标": pair[1].round(3)}
    )
    frame.to_csv(folder / "a.csv", index=False)
    return lon, lat, (ANCHOR[0] + shift, ANCHOR[1], ANCHOR[2] + shift, ANCHOR[3])


@pytest.mark.parametrize("survey", [True, False])
@pytest.mark.parametrize("code", ["EPSG:4528", "EPSG:4549", "EPSG:4498"])
def test_case_33_34_zone_and_axes_are_found_but_never_the_datum(tmp_path, code, survey):
    lon, lat, anchor = metres(tmp_path, code, survey)
    layer, report = load(tmp_path, anchor=anchor)
    assert off_m(layer, lon, lat).max() < 0.01
    assert noted(report, "crs_guess")
    assert bool(noted(report, "swapped_file")) == survey
    assert (layer["position_error_m"] == systems.OLD_DATUM_M).all()
    layer, report = load(tmp_path, crs="cgcs2000", anchor=anchor)  # the datum stated, the zone still found
    assert off_m(layer, lon, lat).max() < 0.01
    assert (layer["position_error_m"] == 1).all()


def test_case_33_metres_without_region_or_of_no_grid_are_refused(tmp_path):
    metres(tmp_path, "EPSG:4549")
    with pytest.raises(InputError, match=r"metres of an unknown grid.*control points"):
        load(tmp_path, anchor=(103.0, 36.0, 104.0, 37.0))  # a region 1,500 km away
    with pytest.raises(InputError, match=r"puts 0% of the rows into the region, EPSG:4549 .* would fit"):
        load(tmp_path, crs="EPSG:4528")


@pytest.mark.parametrize(("name", "code"), [("xian80", "EPSG:2385"), ("beijing54", "EPSG:2437")])
def test_case_35_old_datums_are_taken_when_stated_with_their_error(tmp_path, name, code):
    assert systems.family_of(code) == name
    metres(tmp_path, code)
    for crs in (name, code):
        layer, report = load(tmp_path, crs=crs)
        assert (layer["position_error_m"] == 120).all()
        assert noted(report, "old_datum")


def test_case_35_a_local_transform_has_less_error(tmp_path):
    """Seven parameters by hand: a local grid whose ellipsoid is shifted by 100 m along each axis."""
    local = "+proj=tmerc +lat_0=0 +lon_0=120.3333 +k=1 +x_0=50000 +y_0=-3500000 +a=6378245 +rf=298.3 +units=m"
    proj = f"{local} +towgs84=100,100,100,0,0,0,0"
    lon, lat, _ = firms(25)
    east, north = Transformer.from_crs("EPSG:4326", proj, always_xy=True).transform(lon, lat)
    frame = pd.DataFrame({"企业名称": [f"甲{i}" for i in range(25)], "X": east.round(3), "Y": north.round(3)})
    frame.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match=r"metres of an unknown grid.*PROJ string or .prj file"):
        load(tmp_path)
    (tmp_path / "city.prj").write_text(proj)
    for crs in (proj, "city.prj"):
        layer, _ = load(tmp_path, crs=crs)
        assert off_m(layer, lon, lat).max() < 0.01
        assert (layer["position_error_m"] == systems.LOCAL_TRANSFORM_M).all()
    layer, _ = load(tmp_path, crs=local)  # the same grid, but how to leave it is not told
    assert (layer["position_error_m"] == systems.OLD_DATUM_M).all()
    with pytest.raises(InputError, match=r"there is no file .*other\.prj"):
        load(tmp_path, crs="other.prj")


MANGLED = (
    'PROJCS["our_city_grid",GEOGCS["{datum}",DATUM["D_x",SPHEROID["s",{ellipsoid}]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",{east}],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",{meridian}],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


@pytest.mark.parametrize(
    ("ellipsoid", "east", "meridian", "code"),
    [
        ("6378137.0,298.257222101", 40500000.0, 120.0, "EPSG:4528"),
        ("6378137.0,298.257222101", 500000.0, 120.0, "EPSG:4549"),
        ("6378137.0,298.257222101", 20500000.0, 117.0, "EPSG:4498"),
        ("6378140.0,298.257", 40500000.0, 120.0, "EPSG:2364"),
        ("6378245.0,298.3", 500000.0, 120.0, "EPSG:2437"),
    ],
)
def test_case_36_a_mangled_prj_is_known_by_its_parameters(ellipsoid, east, meridian, code):
    text = MANGLED.format(datum="GCS_x", ellipsoid=ellipsoid, east=east, meridian=meridian)
    assert systems.named(text) == code
    assert systems.name_in(text) == "our_city_grid"


def test_case_36_content_wins_over_a_label(tmp_path):
    """A shapefile whose .prj says no zone number while the eastings carry it, then one that says metres for degrees."""
    lon, lat, _ = firms(30)
    true = gpd.GeoDataFrame({"name": [f"甲{i}" for i in range(30)]}, geometry=gpd.points_from_xy(lon, lat), crs=4490)
    true.to_crs(4528).to_file(tmp_path / "a.shp", encoding="UTF-8")
    wrong = true.to_crs(4549).crs.to_wkt("WKT1_ESRI")
    (tmp_path / "a.prj").write_text(wrong)
    layer, report = load(tmp_path, source="a.shp")
    assert noted(report, "crs_conflict")
    assert layer.to_crs("EPSG:4326").geometry.x.to_numpy() == pytest.approx(
        lon[layer["source_row"].to_numpy(int) - 1], abs=1e-7
    )
    with pytest.raises(InputError, match=r"EPSG:4528 .* would fit"):
        load(tmp_path, source="a.shp", crs="EPSG:4549")
    true.to_file(tmp_path / "b.shp", encoding="UTF-8")
    (tmp_path / "b.prj").write_text(wrong)
    with pytest.raises(InputError, match="no coordinate system stated"):
        load(tmp_path, source="b.shp")


def test_case_37_few_digits_give_a_wide_error(tmp_path):
    write(tmp_path, ["120.3", "120.31", "120°18′", "120.312345"], ["31.9", "31.91", "31°55′", "31.912345"])
    layer, report = load(tmp_path, crs="wgs84")
    error = layer.set_index("source_row")["position_error_m"].sort_index()
    assert error.tolist() == pytest.approx([11_132, 1113, 1855, 1], abs=1)
    assert noted(report, "coarse")


def test_case_38_shared_points(tmp_path):
    lon, lat, _ = firms(10)
    lon[:4], lat[:4] = lon[0], lat[0]
    write(tmp_path, lon, lat)
    layer, report = load(tmp_path, crs="wgs84")
    assert noted(report, "shared_point")[0].count == 4
    assert (layer["position_error_m"] == 500).sum() == 4
    assert off_m(layer, lon, lat).max() < 0.1


def test_case_39_strange_places_are_flagged_and_not_moved(tmp_path):
    lon, lat, towns = firms(30)
    towns[0] = NAMES[15] if towns[0] != NAMES[15] else NAMES[0]
    lon[1], lat[1] = WEST + 2 * SIDE + 0.0001, SOUTH + SIDE  # in the river
    towns[1] = ""
    lon[2], lat[2] = WEST - 0.01, SOUTH + SIDE  # a kilometre outside
    write(tmp_path, lon, lat, towns)
    layer, report = load(tmp_path, crs="wgs84", evidence=city())
    assert len(layer) == 30
    assert off_m(layer, lon, lat).max() < 0.1
    assert {i.row for i in noted(report, "other_township")} == {2, 4}
    assert [i.row for i in noted(report, "in_water")] == [3]
    assert [(i.row, i.count) for i in noted(report, "beyond_boundary")] == [(4, 1)]


def test_case_40_taiwan_grid_without_a_label(tmp_path):
    lon, lat = np.linspace(120.2, 120.5, 25), np.linspace(22.5, 22.9, 25)
    east, north = Transformer.from_crs("EPSG:3824", "EPSG:3826", always_xy=True).transform(lon, lat)
    frame = pd.DataFrame({"企业名称": [f"甲{i}" for i in range(25)], "X": east.round(3), "Y": north.round(3)})
    frame.to_csv(tmp_path / "a.csv", index=False)
    layer, (report,) = load_layer(
        "enterprises", {"source": "a.csv"}, folder=tmp_path, crs="EPSG:32651", anchor=(120.1, 22.4, 121.1, 23.5)
    )
    assert off_m(layer, lon, lat).max() < 1
    assert "EPSG:3826" in noted(report, "crs_guess")[0].detail


@pytest.mark.parametrize("datum", ["wgs84", "gcj02"])
def test_web_mercator_metres(tmp_path, datum):
    lon, lat, _ = firms(25)
    to = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    east, north = to.transform(*shifted(lon, lat, datum))
    frame = pd.DataFrame({"企业名称": [f"甲{i}" for i in range(25)], "X": east.round(2), "Y": north.round(2)})
    frame.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match="no coordinate system stated"):  # web maps are where offsets come from
        load(tmp_path)
    layer, report = load(tmp_path, crs=datum)
    assert off_m(layer, lon, lat).max() < 0.1
    assert noted(report, "mercator")
    if datum == "wgs84":
        layer, _ = load(tmp_path, crs="EPSG:3857")
        assert off_m(layer, lon, lat).max() < 0.1


@pytest.mark.parametrize("form", ["wkt", "ewkt", "wkb"])
def test_geometry_as_text_in_a_column(tmp_path, form):
    lon, lat, _ = firms(12)
    shapes = shapely.points(lon, lat)
    text = {
        "wkt": [g.wkt for g in shapes],
        "ewkt": [f"SRID=4490;{g.wkt}" for g in shapes],
        "wkb": [shapely.to_wkb(shapely.set_srid(g, 4490), hex=True, include_srid=True) for g in shapes],
    }[form]
    text[5] = "POINT (甲 乙)"
    frame = pd.DataFrame({"企业名称": [f"甲{i}" for i in range(12)], "geom": text})
    frame.to_csv(tmp_path / "a.csv", index=False)
    layer, report = load(tmp_path, **({"crs": "wgs84"} if form == "wkt" else {}))
    assert rejected(report) == {7: "not_parsed"}
    assert off_m(layer, lon, lat).max() < 0.1


@pytest.mark.parametrize(
    ("written", "system"),
    [("西安80", "xian80"), ("北京54坐标系", "beijing54"), ("国家2000", "cgcs2000"), ("百度", "bd09"), ("高德", "gcj02"),
     ("火星坐标系", "gcj02"), ("EPSG:4610", "xian80"), ("EPSG:4490", "cgcs2000"), ("4528", "EPSG:4528"),
     ("unknown", "unknown")],
)  # fmt: skip
def test_names_offices_write(written, system):
    assert systems.named(written) == system


def test_a_name_of_no_known_system_is_refused():
    with pytest.raises(CRSError, match=r"xian80, beijing54.*PROJ string"):
        systems.named("吴淞")


def test_the_spread_is_what_the_readings_differ_by():
    """Brute force: GCJ-02 is 300 to 700 m off in the delta, BD-09 up to 1,300 m."""
    lon, lat = np.array([120.27]), np.array([31.91])
    gcj = datums.gcj02_to_wgs84(lon, lat)
    assert 300 < systems.distance_m(lon, lat, *gcj)[0] < 700 < systems.spread_m(lon, lat) < 1400


def test_votes_of_chance_decide_nothing():
    """A file that fits every reading, and one of fair coins, is no evidence."""
    rng = np.random.default_rng(7)
    inside_all = {n: shapely.points(0.5 + 0.001 * i, rng.random(200)) for i, n in enumerate("abc")}
    districts = gpd.GeoDataFrame({"name": ["甲镇"]}, geometry=[box(0, 0, 1, 1)], crs=CRS)
    verdict = judge(inside_all, {"districts": districts})
    assert not getattr(verdict, "decisive", True)
    coins = {n: shapely.points(rng.random(200) * 2, 0.5) for n in "abc"}
    verdict = judge(coins, {"districts": districts})
    assert not getattr(verdict, "decisive", True)
    assert Around(CRS, {}).judge(shapely.points([1.0], [1.0]), ("wgs84",)) is None


def test_townships_by_full_and_bare_name():
    districts = gpd.GeoDataFrame(
        {"name": ["城关镇", "城关街道", "东河街道", "东河街道"]}, geometry=[box(0, 0, 1, 1)] * 4, crs=CRS
    )
    written = pd.Series(["城关镇", "城关", " 城關街道", "东河街道", "", None, "南山"])
    assert townships(written, districts).tolist() == [0, -1, 1, -1, -1, -1, -1]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), share=st.floats(0, 0.15), accept=st.booleans())
def test_damaged_rows_are_right_or_set_aside(tmp_path, seed, share, accept):
    """Good rows damaged at random: kept rows lie within their own error radius, the others are told."""
    lon, lat, _ = firms(80, seed=3)
    rng = np.random.default_rng(seed)
    a, b = [degrees_text(v) for v in lon], [degrees_text(v) for v in lat]
    for i in np.flatnonzero(rng.random(80) < share):
        kind = rng.integers(0, 9)
        a[i], b[i] = {
            0: (b[i], a[i]), 1: (a[i].replace(".", ""), b[i].replace(".", "")), 2: ("-" + a[i], b[i]), 3: (b[i], b[i]),
            4: (f"{a[i]},{b[i]}", ""), 5: ("", ""), 6: (a[i].replace(".", ","), b[i]), 7: (f"{lon[i] + 10:.6f}", b[i]),
            8: ("约" + a[i], b[i]),
        }[int(kind)]  # fmt: skip
    write(tmp_path, a, b)
    layer, report = load(tmp_path, crs="wgs84", accept=["swapped", "scaled", "sign"] if accept else [])
    assert report.rows_read == 80 == report.rows_kept + report.rows_rejected
    assert len(layer) == report.rows_kept
    assert (off_m(layer, lon, lat) <= layer["position_error_m"]).all()


@given(st.floats(72.1, 135.9), st.floats(18.1, 53.4))
def test_packed_cells_round_trip(lon, lat):
    for value in (lon, lat):
        back, unit = angles.packed(pd.Series([pack(value)]))
        assert back[0] == pytest.approx(value, abs=0.006 / 3600)
        assert unit[0] == pytest.approx(0.01 / 3600)
