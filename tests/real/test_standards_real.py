"""Substance names and setbacks on real registers and pipelines."""

import os
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from geo_risk.analysis.setbacks import check_setbacks
from geo_risk.analysis.substances import canonical, identify

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("GEO_RISK_DATA", REPOSITORY.parent / "shared" / "data"))
pytestmark = [pytest.mark.real, pytest.mark.skipif(not DATA.is_dir(), reason=f"no real data in {DATA}")]


def test_names_and_cas_numbers_of_a_national_register_agree():
    rows = pd.read_csv(DATA / "epa_rmp" / "chemicals.csv", dtype=str)
    reasons = [identify(r.chemical_name, r.cas_number)[1] for r in rows.itertuples()]
    assert [r for r in reasons if "contradict" in r] == []
    named = [r.chemical_name for r in rows.itertuples() if identify(r.chemical_name, r.cas_number)[0]]
    assert len(named) >= 40


def test_chinese_and_english_names_of_a_toxics_register_agree():
    rows = pd.read_csv(DATA / "kaohsiung" / "toxic_handling.csv", dtype=str)
    pairs = rows[["TOXICNAME", "TOXICENGNAME"]].drop_duplicates().itertuples(index=False)
    both = [(canonical(zh), canonical(en)) for zh, en in pairs]
    both = [(zh, en) for zh, en in both if zh and en]
    assert len(both) >= 10
    assert all(zh == en for zh, en in both)


def test_city_gas_mains_and_crowded_places():
    gas = gpd.read_file(DATA / "kaohsiung" / "pipelines_natural_gas_city.geojson").to_crs("EPSG:3826")
    gas = gas.assign(id=[f"G{i}" for i in range(len(gas))], kind="town_gas", pressure_mpa=0.3)
    places = pd.read_csv(DATA / "kaohsiung" / "crowded_places.csv", encoding="utf-8-sig")
    points = gpd.points_from_xy(places["經度"], places["緯度"], crs="EPSG:4326").to_crs("EPSG:3826")
    places = gpd.GeoDataFrame({"id": places["管制編號"], "kind": "restaurant"}, geometry=points).drop_duplicates("id")
    findings = check_setbacks(
        {"gas_pipelines": gas[["id", "kind", "pressure_mpa", "geometry"]], "crowded_places": places}
    )
    # every pair returned is one that plain planar distances find too, and the other way round
    joined = gpd.sjoin(places, gas[["id", "geometry"]].assign(geometry=gas.buffer(1.5 + 50)), predicate="intersects")
    assert len(findings) == pytest.approx(len(joined), abs=3)  # planar circle against geodesic length at the rim
    assert set(findings["rule_id"]) == {"GC003"}
    # positions known to 10 m cannot settle a distance of 1.5 m where the main runs past the door
    assert set(findings.loc[findings["clearance_m"] < 15, "verdict"]) == {"undecided"}
