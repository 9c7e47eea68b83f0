"""New stations stand where the rules allow, and reach those they say they reach."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import geo_risk
from geo_risk import pipeline
from geo_risk.cli import main
from geo_risk.errors import InputError, SettingsError
from geo_risk.roads.asked import Question, Wanted
from geo_risk.roads.plan_pages import reach_change
from geo_risk.roads.plots import Barrier, Plots, in_cells, judged, rule_barriers, spread
from geo_risk.roads.stations import stations
from geo_risk.routing.coverage import coverage
from geo_risk.siting.ground import Ground


@pytest.fixture(scope="module")
def ground(city) -> Ground:
    return Ground(geo_risk.Region(city))


@pytest.fixture(scope="module")
def plan(ground):
    return stations(ground, Question(add=3))


def plots_at(*points) -> Plots:
    n = len(points)
    text = np.array([""] * n, object)
    shapes = np.array([shapely.Point(p) for p in points], object)
    return Plots(np.full((n, 2), np.nan), shapes, text, np.array(["clear"] * n, object), text)


def test_new_stations_keep_the_rules(ground, plan):
    at = plan.sites.geometry.to_numpy()
    half = np.sqrt(plan.sites["area_m2"].to_numpy()) / 2
    assert (plan.sites["verdict"] == "clear").all()
    hazards, places = ground.layers["hazard_sources"], ground.layers["crowded_places"]
    stored = hazards[hazards["kind"].isin(("tank_farm", "process_unit", "warehouse", "cylinder_depot", "loading"))]
    schools = places[places["kind"].isin(("kindergarten", "primary_school", "hospital", "mall"))]
    for frame, metres in ((stored, 300.0), (schools, 50.0)):
        nearest = shapely.distance(at[:, None], frame.geometry.to_numpy()[None]).min(axis=1)
        assert (nearest - half >= metres).all()  # the middle is farther than the outline's edge by half a side at least
    water = ground.layers["water"]
    wet = shapely.union_all(water.geometry[shapely.get_dimensions(water.geometry.to_numpy()) == 2].to_numpy())
    assert not shapely.intersects(at, wet).any()
    assert shapely.covers(ground.boundary, at).all()


def test_before_is_the_coverage_of_the_run_and_after_that_of_a_run_with_them(ground, plan):
    keys = ["target", "district_id"]
    table = ground.region.table("coverage").query("facility_kind == 'fire_station' and limit_min == 5")
    table = table[table["hour"] == ground.region.settings.rescue.hours[0]]
    both = plan.coverage.merge(table, on=keys, suffixes=("", "_run"))
    both = both[both["target"] == "people"]
    assert len(both) > 3
    assert both["covered_before"].to_numpy() == pytest.approx(both["covered_run"].to_numpy())
    assert both["total"].to_numpy() == pytest.approx(both["total_run"].to_numpy())
    at = plan.starts.at
    gates = shapely.line_interpolate_point(ground.network.lines[at.edge], at.offset_m)
    new = gpd.GeoDataFrame(
        {"id": [f"n{i}" for i in range(len(gates))], "kind": "fire_station"}, geometry=gates, crs=ground.region.crs
    )
    facilities = pd.concat([pipeline.facilities_of(ground.region), new], ignore_index=True)
    again = coverage(
        ground.network, facilities, {}, ground.layers["population"], limits_min=[5.0], kinds=["fire_station"],
        turnout_s=ground.region.settings.rescue.turnout_s,
    )  # fmt: skip
    assert plan.told["people_after"] == pytest.approx(again["covered"].iloc[0])
    assert plan.told["people_after"] - plan.told["people_before"] == pytest.approx(plan.sites["people"].sum())


def test_more_stations_never_reach_fewer(ground, plan):
    one = stations(ground, Question(add=1))
    assert one.told["gap"] == 0.0
    assert 0 < one.sites["weight"].sum() <= plan.sites["weight"].sum()
    assert plan.sites["rank"].tolist() == [1, 2, 3]
    assert (np.diff(plan.sites["weight"]) <= 1e-9).all()
    twice = stations(ground, Question(add=1, backup=True))
    assert twice.told["backup"]
    assert twice.told["people_after"] <= plan.told["people"]


@pytest.mark.parametrize("model", ["p-median", "p-center"])
def test_other_models_better_what_they_are_of(ground, model):
    found = stations(ground, Question(add=2, model=model))
    told = found.told
    assert len(found.sites) <= 2
    assert told["mean_min_after"] <= told["mean_min_before"]
    assert told["bound"] <= told["value"] * (1 + 1e-9)


def test_the_least_number_rises_with_the_share(ground):
    found = stations(ground, Question(model="lscp", minutes=12.0, share=0.9))
    rows = [r for r in found.told["least"] if r["number"] is not None]
    assert len(found.sites) == rows[0]["number"]
    assert [r["number"] for r in rows] == sorted(r["number"] for r in rows)
    assert all(r["at_least"] <= r["number"] for r in rows)
    assert found.told["people_after"] >= 0.9 * found.told["people"] * (1 - 1e-9)
    for row in found.told["least"]:
        assert row["number"] is not None or "all plots together reach" in row["why"]


def test_barriers_by_hand(ground):
    middle = ground.boundary.representative_point()
    tank = np.array([middle], object)
    names = np.array(["罐"], object)
    plots = plots_at(*((middle.x + d, middle.y) for d in (40.0, 95.0, 105.0, 125.0)), (0.0, 0.0))
    firm = Barrier(tank, names, 100.0, np.array([120.0]), "conflict", "rule")
    found = judged(ground, plots, [firm], built=True)
    assert found.verdict.tolist()[:4] == ["conflict", "undecided", "undecided", "clear"]
    assert found.verdict[4] == "conflict"
    assert found.why[4].startswith("outside the region")
    assert found.why[0] == "rule: 罐, 40 m of 100 m"
    unsure = Barrier(tank, names, 100.0, np.array([100.0]), "undecided", "MU")
    assert judged(ground, plots, [unsure], built=True).verdict.tolist()[:2] == ["undecided"] * 2


def test_an_unverified_rule_never_bars_and_never_clears(ground):
    words = {b.text.split()[0]: b.verdict for b in rule_barriers(ground, "hazmat_parking")}
    assert words["SR07"] == "conflict"
    assert words["SR11"] == words["SR12"] == "undecided"


def test_spread_takes_the_best_of_each_cell():
    rng = np.random.default_rng(1)
    plots = plots_at(*rng.uniform(0, 20_000, (800, 2)))
    worth = rng.uniform(0, 1, 800)
    chosen = spread(plots, worth, 60)
    assert len(chosen) == 60
    assert int(np.argmax(worth)) in chosen
    cells = {tuple(c) for c in np.floor(plots.middle[chosen] / 500.0).astype(int).tolist()}
    assert len(cells) == 60
    assert set(chosen) <= set(in_cells(plots, chosen))
    assert spread(plots.take(np.arange(10)), worth[:10], 60).size <= 10


def written(path, ground, shapes):
    frame = gpd.GeoDataFrame({"name": list(shapes)}, geometry=list(shapes.values()), crs=ground.region.crs)
    frame.to_crs(4326).to_file(path, driver="GeoJSON")
    return path


def test_plots_of_a_file_are_judged_and_only_those_that_may_be_are_chosen(ground, plan, tmp_path):
    hazards = ground.layers["hazard_sources"]
    tank = hazards[hazards["kind"] == "tank_farm"].geometry.iloc[0]
    good = plan.sites.geometry.iloc[0]
    file = written(tmp_path / "plots.geojson", ground, {"good": good, "bad": shapely.Point(tank.x + 60, tank.y)})
    found = stations(ground, Question(add=2), file)
    assert found.sites["name"].tolist() == ["good"]
    assert [row["name"] for row in found.told["barred"]] == ["bad"]
    assert "SR01" in found.told["barred"][0]["why"]
    alone = written(tmp_path / "bad.geojson", ground, {"bad": shapely.Point(tank.x + 60, tank.y)})
    with pytest.raises(InputError, match="none of the 1 plots"):
        stations(ground, Question(), alone)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Question(add=0), "--add 0"),
        (lambda: Question(minutes=0.0), "--minutes"),
        (lambda: Question(minutes=float("nan")), "--minutes"),
        (lambda: Question(kind="pub"), "--kind"),
        (lambda: Question(model="best"), "--model"),
        (lambda: Question(share=0.0), "--share"),
        (lambda: Question(model="p-center", backup=True), "--backup"),
        (lambda: Wanted(sites=0), "--sites 0"),
        (lambda: Wanted(bays=0), "--bays 0"),
    ],
)
def test_a_question_without_sense_is_refused(make, told):
    with pytest.raises(InputError, match=told):
        make()


def test_ground_gained_is_beyond_what_was_reached(ground, plan):
    table = reach_change(ground, Question(add=3), plan)
    before, gained = table.geometry
    assert table["state"].tolist() == ["before", "gained"]
    assert gained.area > 0
    assert shapely.intersection(before, gained).area < 1.0


def test_the_command_of_stations(city, tmp_path, capsys):
    page, book = tmp_path / "plan.html", tmp_path / "plan.xlsx"
    assert main(["stations", str(city), "--add", "1", "--json", "--to", str(page)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["optimal"]
    assert len(told["sites"]) == 1
    assert {row["target"] for row in told["coverage"]} >= {"people", "crowded_places"}
    assert "新建站点" in page.read_text(encoding="utf-8")
    assert main(["stations", str(city), "--kind", "depot", "--minutes", "15", "--to", str(book)]) == 0
    assert "residents within 15 min" in capsys.readouterr().out
    assert book.stat().st_size > 1000
    assert main(["stations", str(city), "--candidates", str(tmp_path / "no.geojson")]) == 1
    assert "no.geojson" in capsys.readouterr().err


def test_a_run_makes_and_shows_the_plans_that_are_asked_for(own_city, plan):
    text = (own_city / "region.toml").read_text(encoding="utf-8")
    (own_city / "region.toml").write_text(f"{text}\n[stations]\nadd = 3\n", encoding="utf-8")
    region = geo_risk.Region(own_city)
    region.run(["stations"])
    again = {result.name: result.state for result in region.run(["stations"])}
    assert again["stations"] == "unchanged"
    pd.testing.assert_frame_equal(
        pd.DataFrame(region.table("stations_plan").drop(columns="geometry")),
        pd.DataFrame(plan.sites.drop(columns="geometry")),
        check_dtype=False,
    )
    shown = pipeline.site_parts(region)[0]
    assert len(shown["stations_plan"]) == 3
    (own_city / "region.toml").write_text(f"{text}\n[parking]\nsites = 1\nnear = ['北京']\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"plan under \[parking\] cannot be made.*北京"):
        geo_risk.Region(own_city).run(["parking"])
