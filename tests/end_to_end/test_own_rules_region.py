"""Own rules and switched rule sets in a whole region: check tells, setbacks apply, what is off is said."""

import json

import geopandas as gpd
import pytest
from shapely.geometry import Point, box

from geo_risk import Region
from geo_risk.cli import main
from geo_risk.errors import SettingsError

TOML = """
[region]
name = "甲"
data_date = "2026-01-31"
cell_m = 100
[publish]
profiles = []
[layers.districts]
source = "inputs/d.geojson"
[layers.hazard_sources]
source = "inputs/h.geojson"
[layers.crowded_places]
source = "inputs/p.geojson"
"""
HEAD = "rule_id,source_class,target_classes,distance_m,in_force,standard,edition,clause,confidence,source\n"


@pytest.fixture
def region(tmp_path):
    folder = tmp_path / "r"
    (folder / "inputs").mkdir(parents=True)

    def layer(file, shape, **row):
        gpd.GeoDataFrame([row], geometry=[shape], crs=4326).to_file(folder / "inputs" / file, driver="GeoJSON")

    layer("d.geojson", box(119.99, 29.99, 120.01, 30.01), id="D", name="区", level="county")
    layer("h.geojson", Point(120, 30), id="P", name="危化品停车场", kind="危化品停车场")
    layer("p.geojson", Point(120.0008, 30), id="S", name="小学", kind="小学", capacity=300)  # 77 m east

    def made(setbacks="", own=""):
        (folder / "region.toml").write_text(f"{TOML}\n[setbacks]\n{setbacks}\n", encoding="utf-8")
        (folder / "inputs" / "own.csv").write_text(HEAD + own, encoding="utf-8")
        return Region(folder)

    return made


def park_rule(distance="200", start="", target="crowded_place"):
    return f"A1,hazmat_vehicle_park,{target},{distance},{start},市规,2024,1,V,读过\n"


USED = 'own_rules = ["inputs/own.csv"]'


def test_an_own_rule_decides(region):
    findings = region(USED, park_rule()).setbacks()
    assert findings[["rule_id", "verdict", "required_m"]].values.tolist() == [["A1", "conflict", 200.0]]


@pytest.mark.parametrize(
    ("setbacks", "own"),
    [("", park_rule()), (f'{USED}\noff = ["市规"]', park_rule()), (USED, park_rule(start="2026-02-01"))],
)
def test_a_rule_not_named_off_or_not_yet_in_force_does_not(region, setbacks, own):
    findings = region(setbacks, own).setbacks()
    assert findings[["rule_id", "verdict"]].values.tolist() == [["SB001", "clear"]]


def test_what_is_off_is_kept_with_its_reason(region):
    here = region('off = ["GB 55037-2022", "SB017"]')
    here.setbacks()
    rules = here.table("rules").set_index("rule_id")["switched"]
    assert (rules[rules != ""] == "switched off by [setbacks] off").all()
    assert set(rules[rules != ""].index) == {*(f"SB00{i}" for i in range(1, 9)), "SB017"}
    sets = here.rules()
    assert sets.set_index("standard").loc["GB 55037", ["n", "applied"]].tolist() == [8, 0]
    assert sets.attrs["rejected"] == 0
    assert here.table("art19")["group"].nunique() == 8
    why = " ".join(here.table("not_checked")["why"])
    assert "art. 19 (7): military zones: no layer" in why


@pytest.mark.parametrize(("key", "word"), [("off", "GB 99999"), ("standards", "SB001")])
def test_a_word_that_fits_no_rule_is_refused(region, key, word):
    with pytest.raises(SettingsError, match=rf'\[setbacks\] {key}: no rule is of "{word}"'):
        region(f'{key} = ["{word}"]').setbacks()


def test_a_missing_file_is_told(region):
    with pytest.raises(SettingsError, match=r"own_rules: there is no file .*gone\.csv"):
        region('own_rules = ["inputs/gone.csv"]').check()


def test_check_tells_bad_rows_and_the_others_apply(region, capsys):
    bad = "A2,hazmat_vehicle_prak,crowded_place,50 km,,市规,2024,2,V,读过\n"
    here = region(USED, park_rule() + bad)
    assert main(["check", str(here.folder), "--json"]) == 3
    (report,) = [f for f in json.loads(capsys.readouterr().out)["files"] if f["layer"] == "own_rules"]
    (issue,) = report["issues"]
    assert (report["file"], issue["row"], issue["column"]) == ("own.csv", 3, "source_class")
    assert (issue["value"], issue["code"]) == ("hazmat_vehicle_prak", "rule_class")
    assert "hazmat_vehicle_park" in issue["detail"]
    assert here.setbacks()["rule_id"].tolist() == ["A1"]
    assert main(["rules", str(here.folder)]) == 3
    told = capsys.readouterr().out
    assert "1 own rules cannot be used" in told
    assert "市规" in told
    assert main(["rules", str(here.folder), "--classes", "--json"]) == 0
    assert "hazmat_vehicle_park" in capsys.readouterr().out


def test_a_changed_own_file_is_read_again(region):
    here = region(USED, park_rule())
    assert here.setbacks()["verdict"].tolist() == ["conflict"]
    region(USED, park_rule("80"))
    assert here.setbacks()["verdict"].tolist() == ["undecided"]
