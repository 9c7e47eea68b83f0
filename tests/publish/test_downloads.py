"""Files offered for download, against plain ways of writing and reading them."""

import csv
import io
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.publish import downloads
from geo_risk.publish.downloads import write_csv, write_geojson
from geo_risk.publish.offered import read_download
from geo_risk.publish.search import entries, read_entries, write_search
from geo_risk.store import inert

TEXTS = st.one_of(st.none(), st.text(st.sampled_from('a,"\n\r=+\\\t名<{}'), max_size=4))
VALUES = st.one_of(st.none(), st.floats(allow_nan=True), st.integers(-9, 9), st.booleans())
ROWS = st.lists(st.tuples(TEXTS, TEXTS, VALUES), min_size=1, max_size=8)


def frame(rows, dtype):
    columns = {"名": pd.Series([r[0] for r in rows], dtype=dtype), "b": pd.Series([r[1] for r in rows], dtype=dtype)}
    columns["v"] = pd.Series([r[2] for r in rows], dtype=object)
    return gpd.GeoDataFrame(columns, geometry=shapely.points([(500_000 + i, 3_500_000) for i in range(len(rows))]),
                            crs="EPSG:4549")  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def small_pieces():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(downloads, "_ROWS", 3)
        yield


@settings(max_examples=40, deadline=None)
@given(ROWS, st.sampled_from(["str", object]))
def test_csv_is_read_back_as_it_was(tmp_path_factory, rows, dtype):
    path = tmp_path_factory.mktemp("a") / "x.csv"
    write_csv(path, frame(rows, dtype))
    heads, *cells = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
    assert heads == ["名", "b", "v", "lon", "lat"]
    assert len(cells) == len(rows)
    for row, cell in zip(rows, cells, strict=True):
        for value, found in zip(row[:2], cell, strict=False):
            assert found == (inert(value) or "")
    theirs = [row for part in read_download(path) for row in part.records()]
    assert [[row[head] for head in heads] for row in theirs] == cells


@settings(max_examples=40, deadline=None)
@given(ROWS, st.sampled_from(["str", object]))
def test_geojson_is_that_of_a_plain_writer(tmp_path_factory, rows, dtype):
    path = tmp_path_factory.mktemp("a") / "x.geojson"
    table = frame(rows, dtype)
    write_geojson(path, table)
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    assert [f["id"] for f in features] == list(range(1, len(rows) + 1))
    told = [{k: v for k, v in zip(("名", "b"), row, strict=False) if v is not None} for row in rows]
    assert [{k: v for k, v in f["properties"].items() if k != "v"} for f in features] == told
    degrees = table.geometry.to_crs(4326)
    assert [f["geometry"]["coordinates"] for f in features] == [[round(p.x, 6), round(p.y, 6)] for p in degrees]
    parts = list(read_download(path))
    assert [n for part in parts for n in part.number] == [f["id"] for f in features]
    assert [row for part in parts for row in part.records()] == [f["properties"] for f in features]


def test_the_search_index_is_one_entry_a_line(tmp_path):
    (tmp_path / "data").mkdir()
    names, ids = ["</script>", "", None, "甲\n乙", "b"], ["1", "2", "3", "", ""]
    pieces = list(entries(pd.Series(names), 4, np.arange(10.0).reshape(5, 2), pd.Series(ids), after=False))
    path = tmp_path / write_search(tmp_path, pieces)
    found = [["</script>", 4, 0.0, 1.0, "1"], ["甲\n乙", 4, 6.0, 7.0, "", "j\ny"], ["b", 4, 8.0, 9.0]]
    assert list(read_entries(path)) == found
    assert "<" not in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace("];", "];alert(1);"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"assign|Extra data"):
        list(read_entries(path))
