"""New hazmat lots keep every rule, lots in use are judged by the same ones, and firms go to the nearest."""

import json

import numpy as np
import pytest
import shapely

import geo_risk
from geo_risk.cli import main
from geo_risk.errors import InputError
from geo_risk.roads.asked import Wanted
from geo_risk.roads.lots import firms_of, people_around
from geo_risk.roads.parking import parking
from geo_risk.siting.ground import Ground


@pytest.fixture(scope="module")
def ground(city) -> Ground:
    return Ground(geo_risk.Region(city))


@pytest.fixture(scope="module")
def plan(ground):
    return parking(ground, Wanted(sites=2, bays=20, near=("east", "west")))


def new_of(plan):
    return plan.sites[plan.sites["state"] == "new"]


def test_new_lots_keep_the_rules(ground, plan):
    new = new_of(plan)
    at, half = new.geometry.to_numpy(), np.sqrt(20 * 100.0) / 2
    assert len(new) == 2
    places, roads = ground.layers["crowded_places"], ground.layers["roads"]
    highways = roads[roads["class"].isin(("motorway", "trunk", "primary"))]
    for frame, metres in ((places, 50.0), (highways, 100.0), (roads[roads["bridge"].fillna(False)], 200.0)):
        gap = shapely.distance(at[:, None], frame.geometry.to_numpy()[None]).min(axis=1)
        assert (gap - half >= metres).all()
    assert (new["verdict"] == "clear").all()
    assert new["close"].str.contains("SR07").any()


def test_each_part_of_the_region_gets_its_lot(ground, plan):
    middle = ground.boundary.centroid.x
    assert sorted(np.sign(new_of(plan).geometry.x - middle)) == [-1.0, 1.0]
    assert any("chosen part after part" in note for note in plan.told["notes"])
    with pytest.raises(InputError, match="无此镇"):
        parking(ground, Wanted(near=("无此镇",)))


def test_every_firm_with_a_road_is_served_once(ground, plan):
    firms = firms_of(ground)
    assert plan.told["firms"] == len(firms)
    assert plan.sites["serves"].sum() == len(firms) - plan.told["firms_no_road"]
    assert plan.told["mean_min_after"] < plan.told["mean_min_before"]
    trades = ground.layers["enterprises"].set_index("id")["sector"]
    assert len(firms) >= trades.isin(("化工", "危化品经营")).sum()


def test_lots_in_use_are_judged_by_findings_and_rules(ground, plan):
    old = plan.sites[plan.sites["state"] == "existing"].set_index("id")
    lots = ground.layers["parking_lots"]
    assert set(old.index) == set(lots.loc[lots["kind"] == "hazmat", "id"])
    findings = ground.region.table("findings").query("source_layer == 'parking_lots'")
    wrong = set(findings.loc[findings["verdict"] == "conflict", "source_id"]) & set(old.index)
    assert (old.loc[sorted(wrong), "verdict"] == "conflict").all()
    assert ((old["verdict"] == "clear") == (old["why"] == "")).all()


def test_people_around_are_counted_in_a_circle(ground):
    people = ground.layers["population"]
    at = np.column_stack([people.geometry.x, people.geometry.y])[:5]
    near = shapely.distance(shapely.points(at)[:, None], people.geometry.to_numpy()[None]) <= 500.0
    assert people_around(ground, at) == pytest.approx(near @ people["persons"].to_numpy(float))


def test_the_command_of_parking(city, tmp_path, capsys):
    page = tmp_path / "lots.html"
    assert main(["parking", str(city), "--bays", "20", "--json", "--to", str(page)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["bays"] == 20
    assert next(s["state"] for s in told["sites"]) == "new"
    assert "新建危货停车场" in page.read_text(encoding="utf-8")
    assert main(["parking", str(city), "--near", "无此镇"]) == 1
    assert "Nearest" in capsys.readouterr().err
