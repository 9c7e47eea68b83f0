"""A whole city as handed over: recognised, written to settings, loaded, counted."""

import os
import tomllib
from pathlib import Path

import numpy as np
import pytest

from geo_risk.crs import metric_crs
from geo_risk.layers.load import load_layer, wgs84_bounds, widen
from geo_risk.layers.recognise import recognise, region_toml
from geo_risk.schema import LAYERS

BESIDE = [p / "shared" / "data" for p in Path(__file__).resolve().parents[3:]]
DATA = Path(os.environ.get("GEO_RISK_DATA") or next((p for p in BESIDE if p.exists()), BESIDE[0]))
CITY = DATA / "kaohsiung"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not CITY.exists(), reason="no kaohsiung data (GEO_RISK_DATA)")]


@pytest.fixture(scope="module")
def found():
    return recognise([CITY])


@pytest.fixture(scope="module")
def city(found):
    """Layers and reports by name, loaded with the settings written for them."""
    settings = tomllib.loads(region_toml("高雄", found, CITY))["layers"]
    west, south, east, north = wgs84_bounds("districts", settings["districts"], CITY)
    crs = metric_crs((west + east) / 2, (south + north) / 2)
    anchor = widen((west, south, east, north))
    layers, reports = {}, {}
    for name in sorted(settings, key=lambda n: n != "enterprises"):
        layers[name], reports[name] = load_layer(
            name, settings[name], folder=CITY, crs=crs, anchor=anchor, joins=layers
        )
    return layers, reports


def test_every_file_is_recognised(found):
    used = {(r.path.name, r.layer) for r in found if r.layer and not r.duplicate_of}
    assert used == {
        ("enterprises.csv", "enterprises"),
        ("toxic_handling.csv", "hazard_sources"),
        ("crowded_places.csv", "crowded_places"),
        ("shelters.csv", "emergency_facilities"),
        ("population_areas.gpkg.zip", "population"),
        ("districts.geojson", "districts"),
        ("villages.geojson", "districts"),
        ("highways.geojson", "roads"),
        ("street_proxy.gpkg.zip", "roads"),
        ("traffic_accidents_fatal.csv", "accidents"),
        ("pipelines_natural_gas_city.geojson", "gas_pipelines"),
        ("pipelines_petroleum_city.geojson", "gas_pipelines"),
        ("pipelines_petrochemical.geojson", "gas_pipelines"),
    }
    assert {r.path.name for r in found if r.layer is None} == {"README.md", "mileposts.csv"}
    assert len([r for r in found if r.duplicate_of]) == 3


def test_counts_close(city):
    layers, reports = city
    for name, files in reports.items():
        assert sum(r.features for r in files) == len(layers[name]), name
        assert layers[name]["id"].is_unique
        assert list(layers[name].columns) == [*LAYERS[name].names, "geometry"]
        assert layers[name].is_valid.all()
    (report,) = reports["enterprises"]
    assert (report.rows_read, report.rows_kept, report.rows_rejected) == (7946, 6854, 1092)
    assert {i.code for i in report.issues if i.action == "rejected"} == {"no_coordinates"}


def test_places_are_where_the_file_says(city):
    import pandas as pd

    layers, _ = city
    written = pd.read_csv(CITY / "enterprises.csv", dtype={"管制編號": str}).set_index("管制編號")
    back = layers["enterprises"].to_crs("EPSG:4326").set_index("id").geometry
    written = written.loc[back.index]
    assert np.abs(back.x - written["經度"]).max() < 1e-9
    assert np.abs(back.y - written["緯度"]).max() < 1e-9
    shared = layers["enterprises"].geometry.to_wkb().value_counts()
    many = layers["enterprises"].geometry.to_wkb().map(shared) > 3
    assert (layers["enterprises"].loc[many, "position_error_m"] == 500).all()


def test_districts_nest(city):
    districts = city[0]["districts"].set_index("id")
    assert districts["level"].value_counts().to_dict() == {"village": 886, "township": 38}
    villages = districts[districts["level"] == "village"]
    # village codes begin with the city's code; each lies in a township of the same table
    assert villages["parent_id"].isin(districts.index[districts["level"] == "township"]).mean() > 0.99


def test_toxics_are_sources_without_stock(city):
    layers, (report,) = city[0], city[1]["hazard_sources"]
    hazards = layers["hazard_sources"]
    assert hazards["quantity_t"].isna().all()
    assert not hazards.duplicated(["enterprise_id", "substance"]).any()
    assert report.rows_read == 1114
    assert hazards["enterprise_id"].isin(layers["enterprises"]["id"]).all()


def test_population_and_roads_and_pipelines(city):
    layers, reports = city
    assert layers["population"]["persons"].sum() == 2_768_410
    assert reports["roads"][1].left_out + reports["roads"][1].rows_read == 48_431
    assert layers["roads"]["class"].notna().all()
    assert layers["gas_pipelines"].length.sum() / 1000 == pytest.approx(442.6 + 162.5 + 156.5, abs=1)
    assert layers["emergency_facilities"]["kind"].eq("shelter").all()
