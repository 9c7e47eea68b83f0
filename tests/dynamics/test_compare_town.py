"""One changed input row: exactly what lies within its reach changes, and it alone is the cause."""

import numpy as np
import pandas as pd
import pytest
import shapely
from dynamics_town import STEPS

import geo_risk
from geo_risk.schema import RESULTS


def edits():
    def set_value(row, column, value):
        return lambda table: table[row].__setitem__(column, value)

    return {
        "a stock grows": ("hazards", set_value(0, 6, 30000), "hazard_sources", "H1"),
        "a small stock grows": ("hazards", set_value(1, 6, 200), "hazard_sources", "H3"),
        "a stock moves": ("hazards", set_value(1, 8, 123.2125), "hazard_sources", "H3"),
        "a stock goes": ("hazards", lambda table: table.pop(1), "hazard_sources", "H3"),
        "a firm changes trade": ("enterprises", set_value(3, 2, "烟花爆竹"), "enterprises", "E4"),
        "a firm moves": ("enterprises", set_value(1, 5, 123.222), "enterprises", "E2"),
        "a firm comes": (
            "enterprises",
            lambda table: table.append(["E9", "新厂", "化工", 10, "2026-01-01", 123.229, 32.221]),
            "enterprises",
            "E9",
        ),
        "a school grows": ("crowded", set_value(0, 3, 3000), "crowded_places", "C1"),
        "residents come": ("population", set_value(6, 1, 900), "population", "P11"),
    }


KEYS = {
    "enterprises": "id",
    "districts": "id",
    "findings": "finding_id",
    "major_hazards": "unit_id",
    "risk_points": "id",
}


def differing(before: pd.DataFrame, after: pd.DataFrame, key: str) -> set:
    """Brute-force twin: keys of rows that came, went or differ in any cell."""
    rows = []
    for table in (before, after):
        # How sure a colour is does not count: it is drawn at random for all rows together.
        flat = pd.DataFrame(table).drop(columns="certainty", errors="ignore").astype(object)
        flat["geometry"] = [None if g is None else g.wkb for g in table["geometry"]]
        rows.append({r[key]: tuple(r.values()) for r in flat.where(flat.notna(), None).to_dict("records")})
    return {k for k in rows[0].keys() | rows[1].keys() if rows[0].get(k) != rows[1].get(k)}


@pytest.mark.parametrize("name", edits())
def test_one_row_changes_what_it_reaches_and_is_the_only_cause(name, town, changed_town):
    table, edit, layer, row_id = edits()[name]
    a, b = geo_risk.Region(town), geo_risk.Region(changed_town(table, edit))
    told = a.compare(b).told
    assert [(i["layer"], i["id"]) for i in told["inputs"]] == [(layer, row_id)]
    assert not told["settings"] + told["program"] + told["files"]
    assert_tables(a, b, told)
    # cells: those that differ, all of them within the reach of the row's old or new place
    before, after = a.surface("index"), b.surface("index").array
    row, col = np.nonzero(before.array != after)
    assert len(row) > 0
    assert told["surfaces"]["index"]["cells"] == told["inputs"][0]["cells"] == len(row)
    assert told["surfaces"]["index"]["unexplained"] == 0
    assert_within(a, b, layer, row_id, shapely.points(before.grid.x[col], before.grid.y[row]))


def assert_tables(a, b, told):
    """Every list is exactly what brute force finds, with the one changed row and nothing else as the cause."""
    for result, key in KEYS.items():
        found = told["tables"].get(result, [])
        assert {r["id"] for r in found} == differing(a.table(result), b.table(result), key), result
    assert {r["id"] for r in told["tables"].get("groups", [])} == differing_groups(a.table("groups"), b.table("groups"))
    assert all(r["causes"] == [1] and not r["general"] for rows in told["tables"].values() for r in rows)
    assert told["counts"]["unexplained"] == 0
    assert not any(figures["unexplained"] for figures in told["surfaces"].values())


def differing_groups(before: pd.DataFrame, after: pd.DataFrame) -> set:
    tables = [t.assign(key=t["scope"] + "/" + t["scope_id"], geometry=None) for t in (before, after)]
    return differing(*tables, "key")


def assert_within(a, b, layer, row_id, centres):
    """Independent of the code under test: distances to the places of the row in the clean layers."""
    near = np.zeros(len(centres), bool)
    for region in (a, b):
        places = region.layer(layer)
        for place in places.loc[places["id"] == row_id].geometry:
            sources = region.table("index_sources")
            mine = sources[(sources["layer"] == layer) & (sources["id"] == row_id)]
            cell = region.grid.cell_m
            radius = region.settings.risk.exposure_radius_m + cell
            # A crowded place is a source, and its persons make what reaches them count more.
            people = layer in ("crowded_places", "population")
            reach = max([*mine["reach_m"], cell, radius * np.sqrt(2) if people else 0.0])
            near |= shapely.distance(place, centres) <= reach
    assert near.all()


def test_a_row_whose_change_acts_nowhere_causes_nothing(town, changed_town):
    b = changed_town("dangers", lambda table: table[1].__setitem__(1, "报警器停用"))
    told = geo_risk.Region(town).compare(b).told
    assert [(i["layer"], i["id"]) for i in told["inputs"]] == [("hidden_dangers", "D2")]
    assert told["inputs"][0]["columns"] == [{"column": "name", "before": "报警器失效", "after": "报警器停用"}]
    assert told["tables"] == {} == told["surfaces"]


def test_a_far_change_is_no_cause_of_a_near_result(town, changed_town):
    """Two firms at opposite corners change; each explains its own corner only."""

    def edit(table):
        table[0][2], table[3][2] = "烟花爆竹", "烟花爆竹"

    told = geo_risk.Region(town).compare(changed_town("enterprises", edit)).told
    causes = {r["id"]: r["causes"] for r in told["tables"]["districts"]}
    number = {i["id"]: i["number"] for i in told["inputs"]}
    assert causes["91"] == [number["E1"]]
    assert causes["94"] == [number["E4"]]
    assert causes["9"] == sorted(number.values())
    firms = {r["id"]: r["causes"] for r in told["tables"]["enterprises"]}
    assert firms["E1"] == [number["E1"]]
    assert firms["E4"] == [number["E4"]]


def test_a_changed_setting_is_the_cause(own_town, town):
    toml = own_town / "region.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + "cuts = [0.0, 5.0, 30.0, 70.0]\n", encoding="utf-8")
    geo_risk.Region(own_town).run(STEPS, workers=1)
    told = geo_risk.Region(town).compare(own_town).told
    assert [(s["key"], s["before"][1], s["after"][1]) for s in told["settings"]] == [("cuts", 12.0, 5.0)]
    assert told["inputs"] == []
    assert "index" not in told["surfaces"]
    assert told["surfaces"]["grade"]["worse"] > 0
    assert all(r["general"] and not r["causes"] for r in told["tables"]["districts"])
    assert told["counts"]["unexplained"] == 0


def test_the_same_state_twice_differs_in_nothing(town, own_town):
    told = geo_risk.Region(town).compare(own_town).told
    assert not told["inputs"] + told["notes"]
    assert not told["tables"] | told["surfaces"]


def test_other_cells_are_told_and_never_compared(town, own_town):
    toml = own_town / "region.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("cell_m = 50", "cell_m = 100"), encoding="utf-8")
    geo_risk.Region(own_town).run(STEPS, workers=1)
    found = geo_risk.Region(town).compare(own_town)
    assert found.told["surfaces"] == {}
    assert found.grid is None
    assert "cells are not compared: 50 m in the earlier state, 100 m in the later" in found.told["notes"][0]


def test_another_crs_is_refused(town, own_town):
    toml = own_town / "region.toml"
    text = toml.read_text(encoding="utf-8").replace("cell_m = 50", 'cell_m = 50\ncrs = "EPSG:32651"')
    toml.write_text(text, encoding="utf-8")
    geo_risk.Region(own_town).run(STEPS, workers=1)
    with pytest.raises(geo_risk.GeoRiskError, match="places cannot be compared"):
        geo_risk.Region(town).compare(own_town)


def test_the_table_of_changes_is_as_described(town, changed_town, tmp_path):
    b = changed_town("hazards", lambda table: table[0].__setitem__(6, 30000))
    files = [tmp_path / f"out.{ending}" for ending in ("xlsx", "csv", "geojson", "json", "html")]
    found = geo_risk.Region(town).compare(b, to=files)
    assert [c for c in found.changes.columns if c != "geometry"] == list(RESULTS["changes"].names)
    assert all(f.stat().st_size > 500 for f in files)
    page = files[-1].read_text(encoding="utf-8")
    assert "汽油罐区" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    rows = pd.read_csv(files[1])
    assert (rows["kind"] == "input").sum() == 1
    assert rows.loc[rows["kind"] == "result", "causes"].str.contains("hazard_sources H1 汽油罐区: quantity_t 300").all()
