"""Tables and surfaces go out and come back the same; writes are whole and repeatable."""

import io
import re
import zipfile

import docx
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from openpyxl import Workbook, load_workbook
from shapely.geometry import MultiPolygon, Point, box

from geo_risk import store
from geo_risk.errors import RegionError
from geo_risk.grid import Grid


@pytest.fixture
def frame():
    return gpd.GeoDataFrame(
        {"id": ["a", "b", "c"], "persons": [1.5, np.nan, 3.0], "level": pd.array([1, None, 3], dtype="Int64")},
        geometry=[box(0, 0, 10, 10), MultiPolygon([box(20, 0, 30, 10)]), None],
        crs="EPSG:4549",
    )


def test_table_round_trip_and_same_bytes(tmp_path, frame):
    a, b = tmp_path / "a.parquet", tmp_path / "b.parquet"
    store.write_table(a, frame)
    store.write_table(b, frame)
    assert a.read_bytes() == b.read_bytes()
    back = store.read_table(a)
    assert back.crs == frame.crs
    pd.testing.assert_frame_equal(pd.DataFrame(back), pd.DataFrame(frame))
    plain = pd.DataFrame({"x": [1, 2]})
    store.write_table(a, plain)
    pd.testing.assert_frame_equal(store.read_table(a), plain)


def test_geopackage_same_bytes_and_every_layer(tmp_path, frame):
    points = gpd.GeoDataFrame({"名称": ["甲", "乙"]}, geometry=[Point(0, 0), Point(1, 1)], crs="EPSG:4549")
    empty = points.iloc[:0]
    for name in ("a.gpkg", "b.gpkg"):
        store.write_geopackage(tmp_path / name, {"points": points, "areas": frame, "none": empty})
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()
    back = gpd.read_file(tmp_path / "a.gpkg", layer="points")
    assert back["名称"].tolist() == ["甲", "乙"]
    assert len(gpd.read_file(tmp_path / "a.gpkg", layer="areas")) == 3


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_surface_round_trip_is_a_cog(tmp_path, dtype):
    grid = Grid("EPSG:4549", 500_000.0, 3_500_000.0, 25.0, (700, 600))
    array = (np.arange(700 * 600).reshape(700, 600) % 5).astype(dtype)
    path = tmp_path / "a.tif"
    store.write_surface(path, store.Surface(array, grid))
    back = store.read_surface(path)
    assert back.grid == grid
    np.testing.assert_array_equal(back.array, array)
    with rasterio.open(path) as source:
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.overviews(1)
    first = path.read_bytes()
    store.write_surface(path, store.Surface(array, grid))
    assert path.read_bytes() == first


def test_office_documents_tell_no_time_of_writing():
    book, text = io.BytesIO(), io.BytesIO()
    Workbook().save(book)
    docx.Document().save(text)
    for written, read in ((book, load_workbook), (text, docx.Document)):
        made = store.timeless(written.getvalue())
        assert made == store.timeless(made)
        read(io.BytesIO(made))
        with zipfile.ZipFile(io.BytesIO(made)) as archive:
            assert {info.date_time for info in archive.infolist()} == {(2000, 1, 1, 0, 0, 0)}
            told = re.findall(rb"\d{4}-\d\d-\d\dT[\d:]+Z", archive.read("docProps/core.xml"))
        assert told == [b"2000-01-01T00:00:00Z"] * 2  # created and modified


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    store.write_json(path, {"v": 1})
    with pytest.raises(ValueError, match="JSON"):
        store.write_json(path, {"v": float("nan")})

    def broken():
        with store.replacing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        broken()
    assert store.read_json(path) == {"v": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_what_is_not_there_says_how_to_get_it(tmp_path):
    with pytest.raises(RegionError, match="geo-risk run"):
        store.read_table(tmp_path / "linlan" / "build" / "tables" / "x.parquet")
