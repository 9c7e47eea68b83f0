"""A real industrial port city, from its files to the finished map, without any hand-written mapping."""

import json

import leak_region
import pytest
import reconciled
from hostile_town import opened_with_hostile_names
from leak_reader import read_folder

import geo_risk

pytestmark = pytest.mark.real

# Rows of each file, from its README.
ROWS = {
    "enterprises.csv": 7946,
    "toxic_handling.csv": 1114,
    "crowded_places.csv": 1035,
    "shelters.csv": 437,
    "population_areas.gpkg.zip": 17387,
    "districts.geojson": 38,
    "villages.geojson": 886,
    "highways.geojson": 65,
    "street_proxy.gpkg.zip": 48431,
    "traffic_accidents_fatal.csv": 1477,
    "pipelines_petrochemical.geojson": 6,
    "pipelines_petroleum_city.geojson": 59,
    "pipelines_natural_gas_city.geojson": 609,
}


@pytest.fixture(scope="module")
def kaohsiung(real_data, built_page, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real") / "kaohsiung"
    started = geo_risk.init(folder, [real_data / "kaohsiung"], name="高雄市")
    region = geo_risk.Region(folder)
    region.run()
    return region, started


def test_every_input_row_is_accounted_for(kaohsiung):
    region, _ = kaohsiung
    quality = json.loads((region.build / "quality.json").read_text(encoding="utf-8"))
    files = {f["file"]: f for f in quality["files"]}
    assert {name: f["rows_read"] + f["left_out"] for name, f in files.items()} == ROWS
    assert all(f["rows_read"] == f["rows_kept"] + f["rows_rejected"] for f in files.values())
    assert (files["enterprises.csv"]["rows_kept"], files["enterprises.csv"]["rows_rejected"]) == (6854, 1092)


def test_init_names_every_file(kaohsiung, real_data):
    _, started = kaohsiung
    told = {item["file"].split("#")[0].rsplit("/", 1)[-1] for item in started.found}
    assert told == {p.name for p in (real_data / "kaohsiung").iterdir()}
    assert all(item["layer"] or item["notes"] for item in started.found)


def test_results(kaohsiung):
    region, _ = kaohsiung
    assert region.crs == "EPSG:32651"
    assert region.layer("population")["persons"].sum() == 2_768_410
    coverage = region.table("coverage")
    whole = coverage[(coverage["district_id"] == "") & (coverage["target"] == "people")]
    assert set(whole["total"]) == {2_768_410}
    # No amounts on site are public, so nothing may be called "not a major hazard".
    assert set(region.table("major_hazards")["verdict"]) == {"undecided"}
    # Pipelines without diameter and pressure never get a certain "conflict".
    findings = region.table("findings")
    assert "conflict" not in set(findings.loc[findings["rule_id"].str.startswith("GC"), "verdict"])
    assert all(page.is_file() for page in region.sites())
    assert [r.name for r in region.run() if r.state == "ran"] == []


def test_every_grade_share_and_total_is_that_of_its_cells_and_members(kaohsiung):
    assert reconciled.faults(kaohsiung[0].folder) == []


def test_hospitals_come_from_the_crowded_places(kaohsiung):
    region, _ = kaohsiung
    times = region.table("travel_times")
    reached = times[(times["facility_kind"] == "hospital") & times["minutes"].notna()]
    assert len(reached) > 500
    assert reached["facility_id"].str.startswith("crowded_places/").all()


def test_the_public_site_tells_nothing_it_must_not(kaohsiung):
    region, _ = kaohsiung
    held = leak_region.Region(leak_region.tables_of(region.folder))
    assert len(held.names()) > 5000
    assert leak_region.faults(held, read_folder(region.folder / "site" / "public")) == []


@pytest.mark.browser
def test_hostile_names_run_nothing_on_the_public_map(kaohsiung, visit, tmp_path, monkeypatch):
    opened_with_hostile_names(kaohsiung[0], visit, tmp_path, monkeypatch)
