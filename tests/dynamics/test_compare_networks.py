"""Flows of dangerous goods, rescue and pipelines of a small town: what a run makes of them, and what a change moves."""

import json
import shutil
from pathlib import Path

import pytest
from dynamics_town import at, write_districts

import geo_risk
from geo_risk import store

TOML = """
[region]
name = "路网镇"
name_en = "Roadtown"
cell_m = 100
[publish]
profiles = ["internal"]
[risk]
quantified = true
robustness_samples = 0
[hazmat]
flows = "inputs/flows.csv"
[rescue]
kinds = ["fire_station"]
hours = ["free"]
limits_min = [5]
[layers.districts]
source = "inputs/districts.geojson"
""" + "".join(
    f'[layers.{layer}]\nsource = "inputs/{layer}.geojson"\n'
    for layer in ("enterprises", "crowded_places", "population", "emergency_facilities", "roads", "gas_pipelines",
                  "buildings")
)  # fmt: skip
STEPS = ["pipelines", "rescue", "risk", "date"]
# A ring of roads with a bar in the middle: from E1 in the west to E2 in the east the north is the shorter way.
ROADS = {
    "N1": ((0.1, 0.6), (0.5, 0.6)), "N2": ((0.5, 0.6), (0.9, 0.6)), "S1": ((0.1, 0.2), (0.5, 0.2)),
    "S2": ((0.5, 0.2), (0.9, 0.2)), "W": ((0.1, 0.2), (0.1, 0.6)), "E": ((0.9, 0.2), (0.9, 0.6)),
    "M": ((0.5, 0.2), (0.5, 0.6)),
}  # fmt: skip


def square(x: float, y: float, side: float = 0.004) -> list:
    return [[list(at(x + i * side, y + j * side)) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))]]


def layers() -> dict[str, list[tuple[dict, str, object]]]:
    """Rows of each layer: values, kind of shape, coordinates."""
    return {
        "enterprises": [
            ({"id": f"E{n}", "name": f"第{n}油库", "sector": "化工", "staff": 20}, "Point", at(*xy))
            for n, xy in ((1, (0.1, 0.5)), (2, (0.9, 0.5)))
        ],
        "crowded_places": [({"id": "C1", "name": "中心小学", "kind": "primary_school", "capacity": 300}, "Point",
                            at(0.6, 0.61))],
        "population": [({"id": f"P{i}", "persons": 100}, "Point", at(0.15 + 0.1 * i, 0.62)) for i in range(8)],
        "emergency_facilities": [({"id": "F1", "name": "消防站", "kind": "fire_station"}, "Point", at(0.2, 0.61))],
        "roads": [
            ({"id": i, "name": i, "class": "secondary", "hazmat": "", "speed": 40}, "LineString",
             [list(at(*p)) for p in ends])
            for i, ends in ROADS.items()
        ],
        "gas_pipelines": [
            ({"id": i, "name": i, "kind": "long_distance", "medium": medium, "diameter_mm": 508, "pressure_mpa": 6.3},
             "LineString", [list(at(0.02, y)), list(at(0.98, y))])
            for i, medium, y in (("G1", "natural_gas", 0.9), ("O1", "crude_oil", 0.05))
        ],
        "buildings": [
            ({"id": f"B{k}", "kind": "住宅", "floors": 6, "households": 30}, "Polygon", square(0.3, y))
            for k, y in ((1, 0.91), (2, 0.07))
        ],
    }  # fmt: skip


def write(folder: Path, rows: dict) -> None:
    for layer, table in rows.items():
        features = [
            {"type": "Feature", "properties": values, "geometry": {"type": kind, "coordinates": coordinates}}
            for values, kind, coordinates in table
        ]
        text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
        (folder / "inputs" / f"{layer}.geojson").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Path:
    """The finished town; not to be changed."""
    folder = tmp_path_factory.mktemp("networks") / "town"
    (folder / "inputs").mkdir(parents=True)
    (folder / "region.toml").write_text(TOML, encoding="utf-8")
    (folder / "inputs" / "flows.csv").write_text("起点,终点,货物,年车次\nE1,E2,汽油,900\n", encoding="utf-8")
    write_districts(folder)
    write(folder, layers())
    geo_risk.Region(folder).run(STEPS, workers=1)
    return folder


def changed(town: Path, tmp_path: Path, edit) -> geo_risk.Region:
    folder = Path(shutil.copytree(town, tmp_path / "town"))
    rows = layers()
    edit(rows)
    write(folder, rows)
    region = geo_risk.Region(folder)
    region.run(STEPS, workers=1)
    return region


def test_a_run_puts_flows_on_roads_and_into_the_risk_sum(town):
    region = geo_risk.Region(town)
    routes, links = region.table("hazmat_routes"), region.table("hazmat_links")
    assert (routes["problem"] == "").all()
    assert set(links["road_id"]) == {"W", "N1", "N2", "E"}
    assert (links["trips_per_yr"] == 900).all()
    sources, deaths = region.table("risk_sources"), region.table("pll").query("scope == 'source'")
    assert set(sources["layer"]) >= {"roads"}
    mine = sources.loc[sources["layer"] == "roads", "source_id"]
    assert deaths.loc[deaths["scope_id"].isin(mine), "pll_per_yr"].sum() > 0
    assert sources.loc[sources["layer"] == "roads", "presence"].tolist() == [900.0] * len(mine)


def test_closing_a_road_moves_the_flow_and_its_risk_and_is_the_cause(town, tmp_path):
    def close(rows):
        rows["roads"][1][0]["hazmat"] = "禁行"

    region = changed(town, tmp_path, close)
    assert set(region.table("hazmat_links")["road_id"]) == {"W", "S1", "S2", "E"}
    told = geo_risk.Region(town).compare(region).told
    assert [(i["layer"], i["id"]) for i in told["inputs"]] == [("roads", "N2")]
    found = {name: {r["id"]: r["change"] for r in rows} for name, rows in told["tables"].items()}
    assert found["hazmat_links"] == {"N1/汽油": "removed", "N2/汽油": "removed", "S1/汽油": "added", "S2/汽油": "added"}
    assert found["hazmat_routes"]
    assert "source/roads/N2#1/汽油" in found["pll"]
    assert told["surfaces"]["lsir"]["cells"] > 0
    everything(told, [1])


def test_a_slower_road_is_behind_what_rescue_tells(town, tmp_path):
    region = changed(town, tmp_path, lambda rows: rows["roads"][0][0].update({"speed": 10}))
    told = geo_risk.Region(town).compare(region).told
    assert {"travel_times", "coverage", "catchments", "gaps"} <= told["tables"].keys()
    everything(told, [1])


def test_more_residents_are_behind_the_ground_they_live_on(town, tmp_path):
    region = changed(town, tmp_path, lambda rows: rows["population"][0][0].update({"persons": 500}))
    told = geo_risk.Region(town).compare(region).told
    (own,) = told["tables"]["catchments"]
    assert {c["column"]: c["after"] - c["before"] for c in own["columns"]}["people"] == 400
    assert told["tables"]["hazmat_routes"]
    everything(told, [1])


def test_a_dwelling_is_behind_the_class_of_its_own_pipeline_only(town, tmp_path):
    def edit(rows):
        for values, _, _ in rows["buildings"]:
            values["households"] = 150

    region = changed(town, tmp_path, edit)
    told = geo_risk.Region(town).compare(region).told
    number = {i["id"]: i["number"] for i in told["inputs"]}
    assert set(number) == {"B1", "B2"}
    for name, pipes in (("hca", {"G1": "B1", "O1": "B2"}), ("location_classes", {"G1": "B1"})):
        rows = told["tables"][name]
        assert {r["id"].split("/")[0] for r in rows} == set(pipes)
        assert all(r["causes"] == [number[pipes[r["id"].split("/")[0]]]] for r in rows), name
    assert told["counts"]["unexplained"] == 0


def test_a_house_on_a_pipeline_and_a_moved_pipeline_are_told(town, tmp_path):
    def edit(rows):
        rows["buildings"].append(({"id": "B9", "kind": "住宅", "floors": 1, "households": 1}, "Polygon",
                                  square(0.6, 0.899)))  # fmt: skip

    told = geo_risk.Region(town).compare(changed(town, tmp_path, edit)).told
    assert [(r["id"], r["change"]) for r in told["tables"]["encroachments"]] == [
        ("G1/protection/buildings/B9", "added")
    ]
    everything(told, [1])
    shutil.rmtree(tmp_path / "town")

    def move(rows):
        rows["gas_pipelines"][0][2][1] = list(at(0.98, 0.5))

    told = geo_risk.Region(town).compare(changed(town, tmp_path, move)).told
    assert {(r["id"], r["change"]) for r in told["tables"]["crossings"]} >= {("G1/roads/E", "added")}
    everything(told, [1])


def test_a_table_of_an_older_program_is_told_and_not_compared(town, tmp_path):
    folder = Path(shutil.copytree(town, tmp_path / "town"))
    path = folder / "build" / "tables" / "coverage.parquet"
    manifest = folder / "build" / "manifest.json"
    store.write_table(path, store.read_table(path).drop(columns="hour"))
    known = json.loads(manifest.read_text(encoding="utf-8"))
    known["steps"]["rescue"]["outputs"]["build/tables/coverage.parquet"] = store.sha256(path)
    manifest.write_text(json.dumps(known), encoding="utf-8")
    told = geo_risk.Region(folder).compare(geo_risk.Region(town)).told
    assert "coverage" not in told["tables"]
    assert any("coverage is not compared" in note and "hour" in note for note in told["notes"])


def everything(told: dict, causes: list[int]) -> None:
    """Every difference is explained, and by these rows alone."""
    assert told["counts"]["unexplained"] == 0
    assert all(r["causes"] == causes and not r["general"] for rows in told["tables"].values() for r in rows)
    assert not any(figures["unexplained"] for figures in told["surfaces"].values())
