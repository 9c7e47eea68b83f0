"""The map of a real industrial port city: files as published, invalid outlines included; grades made up."""

import json
import os
import zlib
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely.geometry import shape

from geo_risk.publish.check import check_site
from geo_risk.publish.site import SiteMeta, build_site

DATA = Path(os.environ.get("GEO_RISK_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "kaohsiung"
CRS = "EPSG:3826"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="no Kaohsiung data; set GEO_RISK_DATA"),
]
TEMPLATE = '<!doctype html><title>{{ title[lang] }}</title><script src="{{ site_js }}"></script>'


def graded(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A made-up grade from the id, one in 31 red."""
    number = pd.Series([zlib.crc32(str(i).encode()) % 31 for i in frame["id"]], index=frame.index)
    return frame.assign(grade=number.map(lambda n: 4 if n == 0 else 1 + n % 3))


@pytest.fixture(scope="module")
def tables() -> dict[str, gpd.GeoDataFrame]:
    towns = gpd.read_file(DATA / "districts.geojson").rename(
        columns={"TOWN_ID": "id", "TOWN": "name", "P_CNT": "persons"}
    )
    villages = gpd.read_file(DATA / "villages.geojson").rename(columns={"VILLCODE": "id", "VILLNAME": "name"})
    areas = pd.concat([towns.assign(level="township"), villages.assign(level="village")], ignore_index=True)
    table = pd.read_csv(DATA / "enterprises.csv", encoding="utf-8-sig")
    table = table.rename(columns={"管制編號": "id", "名稱": "name", "行業別": "sector"})
    at = gpd.points_from_xy(table["經度"], table["緯度"])
    firms = gpd.GeoDataFrame(table[["id", "name", "sector"]], geometry=at, crs="EPSG:4326")
    pipes = gpd.read_file(DATA / "pipelines_petrochemical.geojson").rename(columns={"company": "owner"})
    return {
        "districts": graded(areas).to_crs(CRS),
        "enterprises": graded(firms[table["經度"] > 0]).to_crs(CRS),
        "layers/gas_pipelines": pipes.to_crs(CRS),
    }


@pytest.mark.parametrize("profile", ["internal", "public"])
def test_the_whole_city_is_published_and_passes_its_check(tmp_path, tables, profile):
    static = tmp_path / "static"
    static.mkdir()
    for name in ("app.js", "app.css", "THIRD_PARTY_LICENSES.txt"):
        (static / name).write_text("")
    bounds = tuple(map(float, tables["districts"].to_crs(4326).total_bounds))
    meta = SiteMeta({"zh": "高雄市", "en": "Kaohsiung"}, bounds)
    out = tmp_path / "site"
    summary = build_site(out, tables, {}, meta, profile, template=TEMPLATE, static=static)
    assert check_site(out) == []
    assert summary.layers["districts_township"] == 38
    expected = {"internal": (886, 6854, 6), "public": (None, None, None)}[profile]
    assert tuple(summary.layers.get(n) for n in ("districts_village", "enterprises", "gas_pipelines")) == expected
    # The outlines offered are those given, to the rounding of six decimals.
    path = out / "downloads" / "districts_township.geojson"
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    offered = sum(shape(f["geometry"]).area for f in features)
    towns = tables["districts"][tables["districts"]["level"] == "township"].to_crs(4326)
    assert offered == pytest.approx(shapely.area(towns.geometry.to_numpy()).sum(), rel=1e-4)
