"""Dated states: cheap, whole or not there, never overwritten."""

import json
import os

import pytest
from dynamics_town import STEPS, rows, write_table

import geo_risk
from geo_risk import store
from geo_risk.cli import main
from geo_risk.errors import GeoRiskError, InputError, RegionError


def test_the_data_date_is_the_newest_the_inputs_state(town):
    """2026-05-01 of a danger beats the firms' 2026-04-15; its deadline 2026-12-31 is no date of the data."""
    region = geo_risk.Region(town)
    assert region.data_date == "2026-05-01"
    told = store.read_json(region.build / "date.json")
    assert (told["from"], told["layer"], told["column"], told["id"]) == ("inputs", "hidden_dangers", "found_date", "D1")
    assert (told["source_file"], told["source_row"]) == ("dangers.csv", 2)


def test_the_setting_goes_before_the_inputs(own_town):
    toml = own_town / "region.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace("cell_m", 'data_date = "2026-06-30"\ncell_m'), encoding="utf-8")
    geo_risk.Region(own_town).run(["date"])
    assert geo_risk.Region(own_town).data_date == "2026-06-30"
    for wrong in ("2026-6-30", "2026-02-30", "gestern", "20260630"):
        toml.write_text(text.replace("cell_m", f'data_date = "{wrong}"\ncell_m'), encoding="utf-8")
        with pytest.raises(GeoRiskError, match="a day written as 2026-09-30"):
            geo_risk.Region(own_town)


def test_a_second_state_of_an_unchanged_region_costs_kilobytes(own_town):
    region = geo_risk.Region(own_town)
    first = region.snapshot()
    assert (first.name, first.state) == ("2026-05-01", "kept")
    assert first.new_bytes == first.bytes > 100_000
    used = disk_bytes(own_town / "history")
    second = region.snapshot("again")
    assert second.new_bytes == 0
    assert disk_bytes(own_town / "history") - used < 20_000
    assert [s.name for s in region.snapshots()] == ["2026-05-01", "again"]
    assert region.snapshot().state == "unchanged"


def disk_bytes(folder) -> int:
    """Bytes on the disk, a file with several names once."""
    found = {(s.st_dev, s.st_ino): s.st_size for p in folder.rglob("*") if p.is_file() for s in [p.stat()]}
    return sum(found.values())


def test_equal_results_made_anew_are_not_kept_twice(own_town):
    """Linked to the earlier state, though build/ holds fresh files."""
    region = geo_risk.Region(own_town)
    region.snapshot("one")
    for path in sorted((own_town / "build").rglob("*.parquet")):
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
    used = disk_bytes(own_town / "history")
    assert region.snapshot("two").new_bytes == 0
    assert disk_bytes(own_town / "history") - used < 20_000


def test_a_state_stays_as_it_was_and_can_be_asked(own_town):
    region = geo_risk.Region(own_town)
    region.snapshot("q2")
    before = region.table("enterprises")["grade"].tolist()
    table = rows()["enterprises"]
    for firm in table:
        firm[2] = "烟花爆竹"
    write_table(own_town, "enterprises", table)
    toml = own_town / "region.toml"
    with open(toml, "a", encoding="utf-8") as file:  # in place, as editors do
        file.write("\ndistrict_min_share = 0.5\n")
    region = geo_risk.Region(own_town)
    region.run(STEPS, workers=1)
    assert region.table("enterprises")["grade"].tolist() != before
    kept = region.at("q2")
    assert kept.table("enterprises")["grade"].tolist() == before
    assert kept.settings.risk.district_min_share == 0.01
    assert kept.data_date == "2026-05-01"
    with pytest.raises(RegionError, match="holds another state"):
        region.snapshot("q2")
    told = kept.compare(region).told
    assert {i["id"] for i in told["inputs"]} == {"E1", "E2", "E3", "E4"}
    assert [s["key"] for s in told["settings"]] == ["district_min_share"]


def test_results_older_than_the_inputs_are_not_kept(own_town):
    table = rows()["enterprises"]
    table[0][2] = "烟花爆竹"
    write_table(own_town, "enterprises", table)
    with pytest.raises(RegionError, match=r"changed since the last run \(import enterprises"):
        geo_risk.Region(own_town).snapshot("late")
    assert not (own_town / "history").exists()


def test_a_kill_leaves_no_half_state(own_town, monkeypatch):
    region = geo_risk.Region(own_town)
    real = os.replace

    def killed(source, target):
        if str(target).endswith("broken"):
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        region.snapshot("broken")
    monkeypatch.undo()
    assert region.snapshots() == []
    assert region.snapshot("whole").state == "kept"
    assert [p.name for p in (own_town / "history").iterdir()] == ["whole"]


@pytest.mark.parametrize("name", ["../out", "a/b", ".hidden", "a b", "con", "NUL.txt", "x" * 65, "a@b", "end."])
def test_names_that_are_no_folders_everywhere_are_refused(town, name):
    with pytest.raises(InputError, match="letters, digits"):
        geo_risk.Region(town).snapshot(name)
    assert not (town / "history").exists()


def test_without_date_a_name_is_asked_for(own_town):
    (own_town / "build" / "date.json").unlink()
    with pytest.raises(GeoRiskError):
        geo_risk.Region(own_town).snapshot()


def test_commands(own_town, capsys):
    assert main(["snapshot", str(own_town), "--name", "一季度"]) == 0
    assert main(["snapshot", str(own_town), "--list", "--json"]) == 0
    out = capsys.readouterr().out
    listed = json.loads(out[out.index("[") :])
    assert [s["name"] for s in listed] == ["一季度"]
    assert main(["compare", f"{own_town}@一季度", str(own_town)]) == 0
    assert "nothing differs" in capsys.readouterr().out
    assert main(["compare", f"{own_town}@二季度", str(own_town)]) == 1
    assert "Kept: 一季度" in capsys.readouterr().err
    assert main(["snapshot", str(own_town), "--delete", "一季度"]) == 0
    assert main(["snapshot", str(own_town), "--delete", "一季度"]) == 1
    assert not list((own_town / "history").iterdir())
