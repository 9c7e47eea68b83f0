"""New hazmat lots keep every rule, lots in use are judged by the same ones, and firms go to the nearest."""

import json

import numpy as np
import pytest
import shapely

import geo_risk
from geo_risk.cli import main
from geo_risk.errors import InputError
from geo_risk.roads.asked import Wanted
from geo_risk.roads.carriers import carriers_of
from geo_risk.roads.lots import people_around
from geo_risk.roads.parking import parking
from geo_risk.roads.plots import rule_barriers
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
    highways = roads[roads["class"].isin(("motorway", "motorway_link"))]
    for frame, metres in ((places, 50.0), (highways, 100.0), (roads[roads["bridge"].fillna(False)], 200.0)):
        gap = shapely.distance(at[:, None], frame.geometry.to_numpy()[None]).min(axis=1)
        assert (gap - half >= metres).all()
    assert (new["verdict"] == "clear").all()
    assert new["close"].str.contains("SR").all()


def test_each_part_of_the_region_gets_its_lot(ground, plan):
    middle = ground.boundary.centroid.x
    assert sorted(np.sign(new_of(plan).geometry.x - middle)) == [-1.0, 1.0]
    assert any("at every hour" in note for note in plan.told["notes"])
    assert any("chosen part after part" in note for note in plan.told["notes"])
    with pytest.raises(InputError, match="无此镇"):
        parking(ground, Wanted(near=("无此镇",)))


def test_every_firm_with_a_road_is_served_once(ground, plan):
    firms = carriers_of(ground).demand
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


def with_flows(folder, rows: str) -> Ground:
    (folder / "inputs" / "flows.csv").write_text(f"起点,终点,货物,年车次\n{rows}", encoding="utf-8")
    toml = folder / "region.toml"
    text = toml.read_text(encoding="utf-8").replace('# flows = "inputs/危化品流向.csv"', 'flows = "inputs/flows.csv"')
    toml.write_text(text.replace("inputs/危化品流向.csv", "inputs/flows.csv"), encoding="utf-8")
    return Ground(geo_risk.Region(folder))


def test_lots_fill_up(own_city, ground):
    with pytest.raises(InputError, match="no trips are known"):
        parking(ground, Wanted(bay_trips=5))
    stock = ground.layers["hazard_sources"].dropna(subset=["enterprise_id"])["id"].tolist()
    rows = "".join(f"{a},{b},汽油,900\n" for a, b in zip(stock[:6], stock[6:12], strict=True))
    flows = with_flows(own_city, rows)
    free, full = (parking(flows, Wanted(2, 20, bay_trips=n)) for n in (None, 5))
    assert free.told["trips_no_room"] is None
    taken, room = full.sites["trips_per_yr"], full.sites["bays"].fillna(np.inf) * 5
    assert (taken <= room + 1e-6).all()
    assert (full.sites["state"] == "new").sum() == 2
    assert full.told["gap"] == 0.0
    lost = free.sites["trips_per_yr"].sum() - taken.sum()
    assert 0 < lost <= full.told["trips_no_room"] + 1e-3  # firms without flows count as a few trips there


def test_firms_weigh_the_trips_of_the_flows(own_city, ground):
    ids = ground.layers["enterprises"]["id"].tolist()
    stock = ground.layers["hazard_sources"].dropna(subset=["enterprise_id"]).drop_duplicates("enterprise_id").iloc[0]
    other = next(i for i in ids if i != stock["enterprise_id"])
    found = carriers_of(with_flows(
        own_city, f"{other},{stock['id']},汽油,300\n{other},nowhere,汽油,50\n{other},{stock['id']},汽油,many\n"
    ))  # fmt: skip
    assert sorted(found.trips[found.trips > 0]) == [300.0, 350.0]
    assert set(found.demand.weight) == {12.0, 300.0, 350.0}
    assert any(note.startswith("1 ends of flows") for note in found.notes)
    assert any(note.startswith("1 flows without a number") for note in found.notes)
    plan = parking(with_flows(own_city, f"{other},{stock['id']},汽油,300\n"), Wanted(bays=20))
    assert plan.sites["trips_per_yr"].sum() == 600.0
    assert plan.told["weighed_by"] == "trips a year"
    assert plan.told["weighed_min_after"] <= plan.told["weighed_min_before"]


def test_without_flows_kinds_weigh_and_ground_roads_are_those_open_to_trucks(ground):
    found = carriers_of(ground)
    major = ground.table("major_hazards").query("verdict == 'major'")["enterprise_id"].dropna()
    assert set(found.demand.weight) <= {1.0, 2.0, 5.0, 10.0}
    assert (found.demand.weight >= 5.0).sum() >= len(set(major))
    roads = ground.layers["roads"]
    shut = set(roads.loc[roads["hazmat"].notna() & (roads["hazmat"] != ""), "id"]) & set(found.network.road_id)
    closed = ~(found.network.forward | found.network.backward)
    assert shut
    assert shut <= set(found.network.road_id[found.network.road[closed]])


def test_lots_far_from_open_roads_are_told(own_city):
    ground = Ground(geo_risk.Region(own_city))
    lots = ground.layers["parking_lots"]
    first = lots.index[lots["kind"] == "hazmat"][0]
    corner = shapely.Point(np.array(ground.boundary.bounds[:2]) - 5000.0)
    ground.layers["parking_lots"] = lots.set_geometry(
        [corner if i == first else g for i, g in zip(lots.index, lots.geometry, strict=True)], crs=lots.crs
    )
    plan = parking(ground, Wanted(bays=20))
    far = plan.sites[plan.sites["id"] == lots["id"][first]].iloc[0]
    assert far["verdict"] != "clear"
    assert far["serves"] == 0
    assert "no road open to hazmat trucks within" in far["why"]
    assert plan.told["lots_no_road"] == [far["name"]]


def test_built_up_land_makes_a_main_road_a_street(ground):
    """SR13, SR14: the parts of trunk and primary roads on residential and industrial land bar nothing."""
    barriers = {b.text.split()[0]: b for b in rule_barriers(ground, "hazmat_parking")}
    roads, land = ground.layers["roads"], ground.layers["landuse"]
    built = shapely.union_all(land.geometry[land["kind"].isin(("residential", "industrial"))].to_numpy())
    assert barriers["SR14"].verdict == "undecided"
    assert barriers["SR07"].verdict == barriers["SR13"].verdict == "conflict"
    own = roads[roads["class"].isin(("primary", "primary_link"))].geometry.to_numpy()
    kept = barriers["SR14"].shape
    assert 0 < shapely.length(kept).sum() < shapely.length(own).sum()
    assert shapely.length(kept).sum() == pytest.approx(shapely.length(shapely.difference(own, built)).sum())
    motorways = roads[roads["class"].isin(("motorway", "motorway_link"))].geometry.to_numpy()
    assert shapely.length(barriers["SR07"].shape).sum() == pytest.approx(shapely.length(motorways).sum())
