"""What changes current risk: the row behind it is named, and inherent risk stays as it was."""

import numpy as np
import pytest
import shapely
from dynamics_town import STEPS
from test_compare_town import assert_tables

import geo_risk


def put(row, column, value):
    return lambda table: table[row].__setitem__(column, value)


# Name -> table, edit, the changed row, the firm whose sources stand otherwise now, worse (1) or better (-1).
CASES = {
    "a danger becomes overdue": ("dangers", put(0, 6, "overdue"), ("hidden_dangers", "D1"), "E1", 1),
    "a danger is closed": ("dangers", put(1, 6, "closed"), ("hidden_dangers", "D2"), "E3", -1),
    "a danger comes up": (
        "dangers",
        lambda table: table.append(["D4", "仪表失灵", "E4", "", "2026-03-01", "2026-12-31", "open", 123.23, 32.23]),
        ("hidden_dangers", "D4"),
        "E4",
        1,
    ),
    "a measure comes": ("points", put(1, 8, "报警器，应急预案"), ("risk_points", "R4"), "E4", -1),
    # The newest date of the inputs moves behind the deadline of D1: its own row is as it was.
    "time goes on": ("enterprises", put(3, 4, "2027-01-15"), ("enterprises", "E4"), "E1", 1),
}


@pytest.mark.parametrize("name", CASES)
def test_what_changes_current_risk_is_named_and_inherent_risk_stays(name, town, changed_town):
    table, edit, changed, firm, sign = CASES[name]
    a, b = geo_risk.Region(town), geo_risk.Region(changed_town(table, edit))
    told = a.compare(b).told
    assert [(i["layer"], i["id"]) for i in told["inputs"]] == [changed]
    assert not told["settings"] + told["program"] + told["files"]
    assert set(told["surfaces"]) <= {"index_now", "residual_grade"}
    assert_tables(a, b, told)
    assert {r["id"] for r in told["tables"]["enterprises"]} == {firm}
    # Cells: all worse, or all better, and every one within the reach of a source of the firm.
    before, after = a.surface("index_now"), b.surface("index_now").array
    row, col = np.nonzero(before.array != after)
    assert len(row) > 0
    assert (np.sign(after[row, col] - before.array[row, col]) == sign).all()
    assert told["inputs"][0]["cells"] == told["surfaces"]["index_now"]["cells"] == len(row)
    centres = shapely.points(before.grid.x[col], before.grid.y[row])
    sources = a.table("index_sources")
    mine = sources[sources["id"].isin({"E1": ["E1", "H1", "R1"], "E3": ["E3", "H3"], "E4": ["E4", "R4"]}[firm])]
    near = [shapely.distance(s.geometry, centres) <= max(s.reach_m, 50) for s in mine.itertuples()]
    assert np.any(near, axis=0).all()


def test_a_date_that_is_set_is_a_setting(town, own_town):
    """D1 is due on 2026-12-31; a later data date makes it overdue though no row changed."""
    toml = own_town / "region.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace("cell_m", 'data_date = "2027-01-15"\ncell_m'), encoding="utf-8")
    geo_risk.Region(own_town).run(STEPS, workers=1)
    told = geo_risk.Region(town).compare(own_town).told
    assert [(s["key"], s["before"], s["after"]) for s in told["settings"]] == [("data_date", None, "2027-01-15")]
    assert told["inputs"] == []
    assert {r["id"] for r in told["tables"]["enterprises"]} == {"E1"}
    assert told["counts"]["unexplained"] == 0
    assert told["surfaces"]["index_now"]["general"] == ["setting data_date: None -> 2027-01-15"]


def test_two_dangers_of_two_firms_explain_each_its_own(town, changed_town):
    def edit(table):
        table[0][6], table[1][6] = "overdue", "closed"

    told = geo_risk.Region(town).compare(changed_town("dangers", edit)).told
    number = {i["id"]: i["number"] for i in told["inputs"]}
    causes = {r["id"]: r["causes"] for r in told["tables"]["enterprises"]}
    assert causes == {"E1": [number["D1"]], "E3": [number["D2"]]}
    districts = {r["id"]: r["causes"] for r in told["tables"]["districts"]}
    assert districts["91"] == [number["D1"]]
    assert districts["93"] == [number["D2"]]
    assert districts["9"] == sorted(number.values())


def test_how_sure_a_colour_is_is_no_change_of_its_district(own_town, town, changed_town):
    """Samples are drawn for all sources together: a firm in one corner moves the certainty of the other three."""
    toml = own_town / "region.toml"
    text = toml.read_text(encoding="utf-8").replace("robustness_samples = 0", "robustness_samples = 8")
    toml.write_text(text, encoding="utf-8")
    region = geo_risk.Region(own_town)
    region.run(STEPS, workers=1)
    assert region.table("districts")["certainty"].notna().all()
    told = geo_risk.Region(town).compare(region).told
    assert {s["key"] for s in told["settings"]} == {"robustness_samples"}
    assert told["tables"] == {}
