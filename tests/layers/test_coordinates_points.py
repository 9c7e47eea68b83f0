"""Coordinate columns in every notation, axis order, zone and datum."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from geo_risk.errors import InputError
from geo_risk.layers import angles, coordinates
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


def test_without_an_anchor_nothing_is_guessed_but_the_provable():
    found, _, log = place({"a": texts(LAT), "b": texts(LON)}, {"lon": "a", "lat": "b"}, "wgs84", anchor=None)
    assert np.allclose(found["x"], LON)  # a latitude of 120 is impossible
    bad, _, log = place({"a": ["-95.1", "95.2"], "b": ["29.7", "29.8"]}, {"lon": "a", "lat": "b"}, "wgs84", anchor=None)
    assert bad["x"].tolist() == [-95.1, 95.2]
    assert not [i for i in log.issues if i.action == "repaired"]


def test_plain_metres_without_a_boundary_are_refused():
    east, north = Transformer.from_crs("EPSG:4490", "EPSG:4549", always_xy=True).transform(LON, LAT)
    with pytest.raises(InputError, match=r'metres of an unknown grid.*crs = "EPSG'):
        place({"X": texts(east), "Y": texts(north)}, {"x": "X", "y": "Y"}, anchor=None)


def test_degrees_declared_as_metres_are_refused():
    with pytest.raises(InputError, match="in metres, but the numbers are degrees"):
        place({"a": texts(LON), "b": texts(LAT)}, {"lon": "a", "lat": "b"}, declared="EPSG:4549")


def test_whole_seconds_give_thirty_metres():
    lon, lat = ["120°6′0″", "120°12′1″"], ["31°36′0″", "31°42′1″"]
    found, _, _ = place({"a": lon, "b": lat}, {"lon": "a", "lat": "b"}, "wgs84")
    assert found["error_m"].tolist() == pytest.approx([30.9, 30.9], abs=0.1)
