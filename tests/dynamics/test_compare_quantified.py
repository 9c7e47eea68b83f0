"""One enterprise of the quantified demo city changes: only what it reaches changes, and it is the only cause."""

import numpy as np
import pandas as pd
import pytest
import shapely

import geo_risk
from geo_risk.analysis import causes
from geo_risk.analysis.qra import people
from geo_risk.pipeline.compare import TABLES

STEPS = ["districts", "groups", "dangers", "inspections"]


def _stock_doubles(folder):
    path = folder / "inputs" / "重大危险源.csv"
    text = path.read_bytes().decode("gb18030")
    line = next(row for row in text.splitlines() if row.startswith("WX0016-1,"))
    path.write_bytes(text.replace(line, line.replace(",5.25,", ",10.5,")).encode("gb18030"))


def rows_of(table: pd.DataFrame, watched) -> dict:
    """Brute-force twin: key -> what counts of the row."""
    told = [c for c in table if c not in watched.ignored and (not watched.columns or c in watched.columns)]
    shapes = {"geometry": [None if g is None else g.wkb for g in table["geometry"]]} if "geometry" in told else {}
    digits = {c: [float(f"{v:.12g}") for v in table[c]] for c in told if watched.digits and table[c].dtype == float}
    flat = pd.DataFrame(table).assign(**shapes, **digits).astype(object)
    keys = ("/".join(map(str, key)) for key in flat[list(watched.key)].itertuples(index=False))
    return dict(zip(keys, flat[told].where(flat[told].notna(), None).itertuples(index=False, name=None), strict=True))


def test_one_enterprise_changes_what_it_reaches_and_is_the_only_cause(city, own_city):
    key, firm = ("hazard_sources", "WX0016-1"), "LL000931"
    _stock_doubles(own_city)
    a, b = geo_risk.Region(city), geo_risk.Region(own_city)
    b.run(STEPS)
    told = a.compare(b).told
    assert [(i["layer"], i["id"]) for i in told["inputs"]] == [key]
    assert not told["settings"] + told["program"] + told["files"]
    assert_tables(a, b, told)
    assert firm in {row["id"] for row in told["tables"]["enterprises"]}
    assert "lsir" in told["surfaces"]
    assert f"enterprise/{firm}" in {row["id"] for row in told["tables"]["pll"]}
    for name, figures in told["surfaces"].items():
        assert_cells(a, b, name, figures, key)
    assert told["inputs"][0]["cells"] == told["surfaces"]["index"]["cells"]


def assert_tables(a, b, told):
    """Every list is exactly what brute force finds, with the one changed row and nothing else as the cause."""
    there = {path.stem for path in (a.build / "tables").glob("*.parquet")}
    assert set(TABLES) - there <= {"hazmat_routes", "hazmat_links"}  # without flows
    for name, watched in TABLES.items():
        if name not in there:
            continue
        before, after = (rows_of(region.table(name), watched) for region in (a, b))
        differ = {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)}
        assert {row["id"] for row in told["tables"].get(name, [])} == differ, name
    assert all(row["causes"] == [1] and not row["general"] for rows in told["tables"].values() for row in rows)
    assert told["counts"]["unexplained"] == 0


def assert_cells(a, b, name, figures, key):
    """The cells that differ are those told, all of them within the reach of the row, before or after."""
    before, after = a.surface(name), b.surface(name).array
    row, col = np.nonzero((before.array != after) & ~((before.array != before.array) & (after != after)))
    assert len(row) == figures["cells"] > 0
    assert figures["unexplained"] == 0
    near = np.zeros(len(row), bool)
    for region in (a, b):
        place = region.layer(key[0]).set_index("id").geometry[key[1]]
        metres = shapely.distance(place, shapely.points(before.grid.x[col], before.grid.y[row]))
        near |= metres <= reach_of(region, name, key) + before.grid.cell_m
    assert near.all()


def reach_of(region, name, key) -> float:
    """How far the row acts on a surface [m], from the tables of sources and scenarios."""
    sources = region.table("index_sources")
    by_index = sources.loc[(sources["layer"] == key[0]) & (sources["id"] == key[1]), "reach_m"].max()
    scenarios = region.table("scenarios")
    by_risk = scenarios.loc[scenarios["source_id"] == "/".join(key), "reach_m"].max()
    if name in ("lsir", "lsir_grade", "societal"):
        return by_risk
    return by_index if name in ("index", "index_now") else np.nanmax([by_index, by_risk])


def test_residents_who_leave_change_expected_deaths_and_are_the_only_cause(city, own_city):
    path = own_city / "inputs" / "人口.csv"
    text = path.read_bytes().decode("utf-8-sig")
    line = next(row for row in text.splitlines() if row.startswith("RK001229,"))
    fewer = line.replace(",2832,3257,", ",100,100,")
    path.write_text(text.replace(line, fewer), encoding="utf-8-sig")
    a, b = geo_risk.Region(city), geo_risk.Region(own_city)
    b.run(STEPS)
    told = a.compare(b).told
    assert [(i["layer"], i["id"]) for i in told["inputs"]] == [("population", "RK001229")]
    assert_tables(a, b, told)
    region = next(row for row in told["tables"]["pll"] if row["id"] == "region/")
    assert region["columns"][0]["after"] < region["columns"][0]["before"]


def test_the_reach_of_people_is_that_of_the_model():
    half = people._ABOUT // 2 + 1
    assert pytest.approx(half * people.SIDE_M * 2**0.5) == causes.PRESENCE_M
