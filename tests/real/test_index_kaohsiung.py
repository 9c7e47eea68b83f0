"""The index of a real industrial port city, every step on the files as published."""

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geo_risk.analysis.explain import explain_place
from geo_risk.analysis.exposure import population_on_grid
from geo_risk.analysis.grading import enterprise_grades, grade
from geo_risk.analysis.index import index_surface
from geo_risk.analysis.index_places import structures_of
from geo_risk.analysis.index_sources import index_sources
from geo_risk.analysis.rollup import district_grades
from geo_risk.grid import grid_of
from geo_risk.sections import RiskSettings

DATA = Path(os.environ.get("GEO_RISK_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "kaohsiung"
CRS = "EPSG:3826"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="no Kaohsiung data; set GEO_RISK_DATA"),
]


def points(path: Path, names: dict[str, str]) -> gpd.GeoDataFrame:
    table = pd.read_csv(path, encoding="utf-8-sig").rename(columns=names)
    table = table[table["經度"] > 0]
    geometry = gpd.points_from_xy(table["經度"], table["緯度"])
    return (
        gpd.GeoDataFrame(table[[*names.values()]], geometry=geometry, crs="EPSG:4326")
        .to_crs(CRS)
        .reset_index(drop=True)
    )


@pytest.fixture(scope="module")
def layers() -> dict[str, gpd.GeoDataFrame]:
    gas = gpd.read_file(DATA / "pipelines_natural_gas_city.geojson").to_crs(CRS)
    oil = gpd.read_file(DATA / "pipelines_petroleum_city.geojson").to_crs(CRS)
    chemicals = gpd.read_file(DATA / "pipelines_petrochemical.geojson").to_crs(CRS)
    lines = [
        gas.assign(kind="town_gas", medium="natural_gas", id=gas["ID"].astype(str), owner=gas["NAME"]),
        oil.assign(kind="long_distance", medium="refined_oil", id="oil " + oil["ID"].astype(str), owner=oil["NAME"]),
        chemicals.assign(
            kind="hazmat", medium="chemicals", id="ch " + chemicals["id"].astype(str), owner=chemicals["company"]
        ),
    ]
    roads = gpd.read_file(DATA / "highways.geojson").to_crs(CRS)
    roads["class"] = roads["category"].map({"freeway": "motorway", "expressway": "trunk", "provincial": "primary"})
    roads["id"] = [f"{route}-{i}" for i, route in enumerate(roads["route"])]
    districts = gpd.read_file(DATA / "districts.geojson").to_crs(CRS)
    districts = districts.rename(columns={"TOWN_ID": "id", "TOWN": "name"}).assign(level="county")
    population = gpd.read_file(DATA / "population_areas.gpkg.zip").to_crs(CRS).rename(columns={"P_CNT": "persons"})
    kinds = {"餐館": "restaurant", "住宿": "hotel", "照護機構": "elderly_home", "醫院": "hospital", "診所": "clinic"}
    places = points(DATA / "crowded_places.csv", {"管制編號": "id", "名稱": "name", "類別": "kind"})
    columns = {"管制編號": "id", "名稱": "name", "行業別": "sector", "列管類別": "regulated"}
    return {
        "enterprises": points(DATA / "enterprises.csv", columns),
        "gas_pipelines": gpd.GeoDataFrame(pd.concat(lines, ignore_index=True), crs=CRS),
        "roads": roads,
        "districts": districts,
        "population": population,
        "crowded_places": places.assign(kind=places["kind"].map(kinds).fillna("other")),
    }


def test_whole_city(layers):
    districts = layers["districts"]
    grid = grid_of(tuple(districts.total_bounds), 50, CRS)
    sources = index_sources(layers)
    twice = structures_of(layers["roads"])  # bridges and tunnels
    of = ("enterprises", "gas_pipelines", "roads", "crowded_places")
    assert len(sources) == sum(len(layers[n]) for n in of) + len(twice)
    assert sources["reason"].str.len().min() > 0

    surface = index_surface(sources, layers, grid)
    assert surface.lacked == ("hazard_sources", "risk_points")
    grades = grade(surface.index)
    people = population_on_grid(layers["population"], grid)
    assert people.persons.sum() + people.outside == pytest.approx(2_768_410, rel=1e-9)
    firms = enterprise_grades(layers["enterprises"], surface, sources, districts=districts)
    assert len(firms) == len(layers["enterprises"])
    assert firms["district_id"].notna().mean() > 0.95

    table = district_grades(
        districts, grades, surface.index, grid, population=people.persons, counts={"enterprises": firms}
    )
    shares = table[[c for c in table if c.startswith("share_")]].sum(axis=1)
    np.testing.assert_allclose(shares, 1, atol=1e-12)
    # The districts tile the city, so all but border slivers of the people are in one of them.
    assert table["persons"].sum() == pytest.approx(people.persons.sum(), rel=0.01)
    assert (table["grade"] > 0).sum() > 20

    row, col = np.unravel_index(np.argmax(surface.index), grid.shape)
    told = explain_place(float(grid.x[col]), float(grid.y[row]), sources, surface, settings=RiskSettings())
    assert told["index"] == surface.index.max()
    assert sum(s["share_percent"] for s in told["sources"]) == pytest.approx(100)
