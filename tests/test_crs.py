"""Coordinate systems against published test vectors (EPSG registry; the public GCJ-02/BD-09 algorithm)."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from shapely.geometry import Point

from geo_risk import crs
from geo_risk.errors import CRSError

# WGS 84, GCJ-02, BD-09 of Beijing, Shanghai, Chengdu.
VECTORS = [
    ((116.404, 39.915), (116.4102445, 39.91640428), (116.41662724, 39.92269955)),
    ((121.4737, 31.2304), (121.47822306, 31.22845774), (121.48478147, 31.23431059)),
    ((104.0665, 30.5723), (104.06900491, 30.56984554), (104.07548094, 30.57585616)),
]


@pytest.mark.parametrize(("wgs", "gcj", "bd"), VECTORS)
def test_published_vectors_both_ways(wgs, gcj, bd):
    np.testing.assert_allclose(crs.wgs84_to_gcj02(*wgs), gcj, atol=1e-7)
    np.testing.assert_allclose(crs.gcj02_to_bd09(*gcj), bd, atol=1e-7)
    np.testing.assert_allclose(crs.to_wgs84(*gcj, "gcj02"), wgs, atol=1e-7)
    np.testing.assert_allclose(crs.to_wgs84(*bd, "bd09"), wgs, atol=1e-7)


@given(st.floats(73, 135), st.floats(1, 55))
def test_datums_come_back_within_a_tenth_of_a_millimetre(lon, lat):
    for there, back in ((crs.wgs84_to_gcj02, crs.gcj02_to_wgs84), (crs.gcj02_to_bd09, crs.bd09_to_gcj02)):
        np.testing.assert_allclose(back(*there(lon, lat)), (lon, lat), atol=1e-9)


def test_nan_stays_nan_and_places_outside_the_box_stay():
    lon, lat = crs.gcj02_to_wgs84([np.nan, 2.35], [31.0, 48.85])
    assert np.isnan(lon[0])
    assert (lon[1], lat[1]) == (2.35, 48.85)


def test_unknown_datum_is_refused():
    with pytest.raises(CRSError, match="unknown datum 'wgs'"):
        crs.to_wgs84(120, 31, "wgs")


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (120.3, 31.9, "EPSG:4549"),  # Jiangyin: central meridian 120
        (104.2, 36.5, "EPSG:4544"),  # Baiyin: central meridian 105
        (123.25, 32.18, "EPSG:4550"),
        (120.3, 22.6, "EPSG:32651"),  # Kaohsiung: its surveys are not CGCS2000
        (-8.6, 41.15, "EPSG:32629"),  # Porto
        (151.2, -33.9, "EPSG:32756"),  # Sydney
    ],
)
def test_metric_crs(lon, lat, code):
    assert crs.metric_crs(lon, lat) == code


def test_metric_crs_refuses_what_is_not_on_the_map():
    with pytest.raises(CRSError, match="no metric CRS"):
        crs.metric_crs(float("nan"), 31)
    with pytest.raises(CRSError, match="no metric CRS"):
        crs.metric_crs(3_465_000, 547_000)


def test_gauss_krueger_vector():
    easting, northing = Transformer.from_crs(4490, crs.metric_crs(120.5, 31.3), always_xy=True).transform(120.5, 31.3)
    assert (easting, northing) == pytest.approx((547602.264, 3464343.845), abs=1e-3)


def test_geodesic_length_corrects_the_projection():
    # 1 km east-west, 1.5 degrees from the central meridian, where the 3-degree zone's scale is about 1.00025.
    to_metric = Transformer.from_crs(4326, "EPSG:4549", always_xy=True)
    x, y = to_metric.transform(121.5, 31.0)
    length = crs.geodesic_m(x, y, x + 1000, y, "EPSG:4549")
    assert length == pytest.approx(1000 / 1.00025, abs=0.05)
    assert crs.geodesic_m([x], [y], [x], [y], "EPSG:4549")[0] == 0


@pytest.mark.parametrize("code", [4326, 3857, None, 2277])  # degrees, Web Mercator, none, US feet
def test_not_metric_is_refused(code):
    frame = gpd.GeoDataFrame(geometry=[Point(0, 0)], crs=code)
    with pytest.raises(CRSError, match="'sites'"):
        crs.require_metric(frame, "sites")
    crs.require_metric(frame.set_crs(4549, allow_override=True), "sites")


def test_a_frame_already_in_a_system_stays_itself(tmp_path):
    frame = gpd.GeoDataFrame(geometry=[Point(500_000, 3_500_000)], crs="EPSG:4549")
    frame.to_parquet(tmp_path / "frame.parquet")
    read = gpd.read_parquet(tmp_path / "frame.parquet")
    assert crs.in_crs(read, "EPSG:4549") is read
    assert crs.in_crs(read, frame.crs) is read
    assert crs.in_crs(read, "EPSG:4326").geometry.x.iloc[0] == pytest.approx(120.0)
