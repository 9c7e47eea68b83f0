"""Coordinate columns in every notation, axis order, zone and datum."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from geo_risk import crs as datums
from geo_risk.errors import CRSError, InputError
from geo_risk.layers import angles, coordinates, degrees, systems
from geo_risk.layers.quality import Log
from geo_risk.layers.raw import Raw

BOX = (119.9, 31.5, 120.7, 32.2)
LON = np.array([120.1, 120.2, 120.3, 120.35, 120.4])
LAT = np.array([31.6, 31.7, 31.8, 31.85, 31.9])


def place(columns, where, declared=None, anchor=BOX, accept=(), around=None):
    frame = pd.DataFrame(columns, dtype=object)
    raw = Raw(Path("f.csv"), None, frame, np.arange(2, 2 + len(frame)), Log("f.csv", "enterprises"), read=len(frame))
    found, system = coordinates.points(raw, where, declared, anchor, accept, around)
    return found, system, raw.log


def texts(values, form="{:.6f}"):
    return [form.format(v) for v in values]


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("120°21′16.9″", 120 + 21 / 60 + 16.9 / 3600),
        ("120°21'16.9\"", 120 + 21 / 60 + 16.9 / 3600),
        ("120 21 16.9", 120 + 21 / 60 + 16.9 / 3600),
        ("120-21-16.9", 120 + 21 / 60 + 16.9 / 3600),
        ("120度21分16.9秒", 120 + 21 / 60 + 16.9 / 3600),
        ("E120°21.28′", 120 + 21.28 / 60),
        ("东经120°21′16.9″", 120 + 21 / 60 + 16.9 / 3600),
        ("33°52′S", -33 - 52 / 60),
        ("120.354°", 120.354),
        ("１２０．３５４", 120.354),
        ("120,354687", 120.354687),
        ("-95.5", -95.5),
    ],
)
def test_angles(text, degrees):
    assert angles.angle(text)[0] == pytest.approx(degrees, abs=1e-12)


@pytest.mark.parametrize("text", ["120°61′", "120°21′75″", "约120", "12a", "120.5°21′"])
def test_impossible_angles(text):
    assert np.isnan(angles.angle(text)[0])


@given(st.integers(73, 135), st.integers(0, 59), st.integers(0, 5999))
def test_degrees_minutes_seconds_round_trip(d, m, hundredths):
    value, unit = angles.angle(f"{d}°{m}′{hundredths / 100:.2f}″")
    assert value == pytest.approx(d + m / 60 + hundredths / 360000, abs=1e-11)
    assert unit == pytest.approx(0.01 / 3600)


def test_plain_columns_and_rejections_by_row():
    lon = [*texts(LON), "0", "", "120.3", "31.8", "甲", "110.3"]
    lat = [*texts(LAT), "0", "", "", "31.8", "31.8", "31.8"]
    found, system, log = place({"a": lon, "b": lat}, {"lon": "a", "lat": "b"}, "wgs84")
    assert system == "EPSG:4326"
    assert found["ok"].tolist() == [True] * 5 + [False] * 6
    assert np.allclose(found["x"][:5], LON, atol=1e-9)
    rejected = {i.row: i.code for i in log.issues if i.action == "rejected"}
    codes = ["no_coordinates", "no_coordinates", "one_coordinate", "same_twice", "bad_coordinate", "outside"]
    assert rejected == dict(zip(range(7, 13), codes, strict=True))


def test_one_column_with_both():
    found, _, _ = place({"c": [f"{x}，{y}" for x, y in zip(LON, LAT, strict=True)]}, {"lonlat": "c"}, "wgs84")
    assert np.allclose(found["y"], LAT)


def test_whole_file_swapped_is_told_once():
    found, _, log = place({"a": texts(LAT), "b": texts(LON)}, {"lon": "a", "lat": "b"}, "wgs84")
    assert np.allclose(found["x"], LON)
    assert [(i.code, i.count) for i in log.issues if i.action == "repaired"] == [("swapped_file", 5)]


def test_single_rows_are_mended_only_when_one_change_fits():
    lon, lat = texts(LON), texts(LAT)
    lon[0], lat[0] = lat[0], lon[0]  # exchanged
    lon[1], lat[1] = "120200000", "31700000"  # decimal points lost
    lon[2] = "-" + lon[2]
    lon[3] = "130.35"  # a digit wrong: nothing to prove it by
    aside, _, log = place({"a": lon, "b": lat}, {"lon": "a", "lat": "b"}, "wgs84")
    assert aside["ok"].tolist() == [False, False, False, False, True]
    told = [(i.row, i.code, i.detail) for i in log.issues if i.action == "rejected"]
    assert sorted(told)[:2] == [
        (2, "swapped_aside", "120.100000, 31.600000"),
        (3, "scaled_aside", "120.200000, 31.700000"),
    ]
    assert 'accept = ["sign"]' in next(i.problem for i in log.issues if i.row == 4)
    yes = ("swapped", "scaled", "sign")
    found, _, log = place({"a": lon, "b": lat}, {"lon": "a", "lat": "b"}, "wgs84", accept=yes)
    assert found["ok"].tolist() == [True, True, True, False, True]
    assert np.allclose(found["x"][[0, 1, 2]], LON[:3])
    told = [(i.row, i.code) for i in log.issues if i.code in ("swapped", "scaled", "sign", "outside")]
    assert sorted(told) == [(2, "swapped"), (3, "scaled"), (4, "sign"), (5, "outside")]
    assert found["error_m"][1] < 2  # the scaled number's last place, not one degree


def test_without_an_anchor_nothing_is_guessed_but_the_provable():
    found, _, log = place({"a": texts(LAT), "b": texts(LON)}, {"lon": "a", "lat": "b"}, "wgs84", anchor=None)
    assert np.allclose(found["x"], LON)  # a latitude of 120 is impossible
    bad, _, log = place({"a": ["-95.1", "95.2"], "b": ["29.7", "29.8"]}, {"lon": "a", "lat": "b"}, "wgs84", anchor=None)
    assert bad["x"].tolist() == [-95.1, 95.2]
    assert not [i for i in log.issues if i.action == "repaired"]


@pytest.mark.parametrize(("code", "prefix"), [("EPSG:4528", 40), ("EPSG:4549", None), ("EPSG:4498", 20)])
def test_gauss_krueger_zone_and_axes_are_found(code, prefix):
    lon = LON + (117 - 120.2 if code == "EPSG:4498" else 0)
    anchor = (lon.min() - 0.3, *BOX[1:2], lon.max() + 0.3, BOX[3])
    east, north = Transformer.from_crs("EPSG:4490", code, always_xy=True).transform(lon, LAT)
    assert prefix is None or int(east[0] // 1e6) == prefix
    columns = {"X": texts(north, "{:.3f}"), "Y": texts(east, "{:.3f}")}  # survey habit: X is north
    found, system, log = place(columns, {"x": "X", "y": "Y"}, anchor=anchor)
    back = Transformer.from_crs(system, "EPSG:4490", always_xy=True).transform(found["x"], found["y"])
    assert np.abs(np.array(back) - [lon, LAT]).max() < 1e-8  # 1 mm
    assert {"swapped_file", "crs_guess"} <= {i.code for i in log.issues}
    assert (found["error_m"] == systems.OLD_DATUM_M).all()
    stated, _, _ = place(columns, {"x": "X", "y": "Y"}, code, anchor=anchor)
    assert (stated["error_m"] == degrees.SURVEY_ERROR_M).all()


def test_plain_metres_without_a_boundary_are_refused():
    east, north = Transformer.from_crs("EPSG:4490", "EPSG:4549", always_xy=True).transform(LON, LAT)
    with pytest.raises(InputError, match=r'metres of an unknown grid.*crs = "EPSG'):
        place({"X": texts(east), "Y": texts(north)}, {"x": "X", "y": "Y"}, anchor=None)


def test_degrees_declared_as_metres_are_refused():
    with pytest.raises(InputError, match="in metres, but the numbers are degrees"):
        place({"a": texts(LON), "b": texts(LAT)}, {"lon": "a", "lat": "b"}, declared="EPSG:4549")


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_declared_offsets_are_undone(datum):
    x, y = datums.wgs84_to_gcj02(LON, LAT)
    if datum == "bd09":
        x, y = datums.gcj02_to_bd09(x, y)
    found, _, _ = place({"a": texts(x, "{:.8f}"), "b": texts(y, "{:.8f}")}, {"lon": "a", "lat": "b"}, declared=datum)
    assert np.abs(found["x"] - LON).max() < 2e-8
    assert (found["error_m"] == systems.LOCAL_TRANSFORM_M).all()


def test_datum_column_row_by_row():
    x, y = datums.wgs84_to_gcj02(LON, LAT)
    lon, lat = texts(x), texts(y)
    lon[4], lat[4] = f"{LON[4]:.6f}", f"{LAT[4]:.6f}"
    labels = ["高德", "火星坐标系", "GCJ-02", "某某坐标", "国家2000"]
    found, _, log = place({"a": lon, "b": lat, "d": labels}, {"lon": "a", "lat": "b", "datum": "d"})
    assert found["ok"].tolist() == [True, True, True, False, True]
    assert np.abs(found["x"][[0, 1, 2, 4]] - LON[[0, 1, 2, 4]]).max() < 2e-6
    assert [(i.code, i.row) for i in log.issues if i.action == "rejected"] == [("unknown_datum", 5)]


def test_unlabelled_degrees_in_mainland_china_are_refused_with_the_setting_to_write():
    with pytest.raises(
        InputError, match=r'no coordinate system stated.*nothing to judge it by.*crs = "wgs84".*"gcj02"'
    ):
        place({"a": texts(LON), "b": texts(LAT)}, {"lon": "a", "lat": "b"})
    found, _, log = place({"a": texts(LON), "b": texts(LAT)}, {"lon": "a", "lat": "b"}, "unknown")
    assert "unknown_system" in {i.code for i in log.issues}
    assert 1000 < found["error_m"].min() < 1300  # GCJ-02 and BD-09 both within: no setback is "clear"


def test_error_radius_follows_the_digits():
    lon = ["120.100001", "120.200002", "120.3", "120.350003", "120.400004"]
    lat = ["31.600001", "31.7", "31.8", "31.850003", "31.900004"]
    found, _, _ = place({"a": lon, "b": lat}, {"lon": "a", "lat": "b"}, "wgs84")
    assert found["error_m"].tolist() == pytest.approx([1, 1, 11132, 1, 1])  # one unit of the first decimal


def test_whole_seconds_give_thirty_metres():
    lon, lat = ["120°6′0″", "120°12′1″"], ["31°36′0″", "31°42′1″"]
    found, _, _ = place({"a": lon, "b": lat}, {"lon": "a", "lat": "b"}, "wgs84")
    assert found["error_m"].tolist() == pytest.approx([30.9, 30.9], abs=0.1)


def test_names_of_systems():
    assert systems.named("高德") == "gcj02"
    assert systems.named("EPSG:4490") == "cgcs2000"
    assert systems.named("4528") == "EPSG:4528"
    assert systems.named("unknown") == "unknown"
    with pytest.raises(CRSError, match="no coordinate system"):
        systems.named("吴淞")
