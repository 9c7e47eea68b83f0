"""Routes of dangerous goods in the small demo city: its planted detours, and tampered routes."""

import dataclasses
import json

import geopandas as gpd
import numpy as np
import pytest
import shapely

import geo_risk
from geo_risk import store
from geo_risk.analysis.qra.sources import risk_sources
from geo_risk.cli import main
from geo_risk.errors import InputError
from geo_risk.pipeline.flows import with_flows
from geo_risk.pipeline.hazmat import lawful, named_load, roads_of, trip_of
from geo_risk.roads.hazmat import answer, violations
from geo_risk.routing.hazmat import fastest
from geo_risk.routing.legality import broken_rules
from geo_risk.routing.turns import with_turns

FUEL = "汽油"


@pytest.fixture(scope="module")
def region(city):
    return geo_risk.Region(city)


@pytest.fixture(scope="module")
def detours(truth):
    ban, bridge = truth["detours"]
    assert "ban" in ban["reason"]
    assert "bridge" in bridge["reason"]
    return ban, bridge


def driven(found, route=1):
    return set(found.legs[found.legs["route"] == route]["road_id"])


@pytest.fixture(scope="module")
def by_day(region, detours):
    return region.hazmat(detours[0]["from"], detours[0]["to"], substance=FUEL, at="10:00")


def test_the_planted_ban_makes_a_detour_by_day_only(region, detours, by_day):
    ban = detours[0]
    by_night = region.hazmat(ban["from"], ban["to"], substance=FUEL, at="22:00")
    roads = region.layer("roads").set_index("id")["hazmat"]
    shut = set(roads.index[roads.notna()])
    assert not driven(by_day) & shut
    assert driven(by_night) & shut
    day, night = by_day.told["routes"][0]["minutes"], by_night.told["routes"][0]["minutes"]
    assert day - night > 0.5 * (ban["allowed_min"] - ban["free_min"]) > 0
    assert by_day.told["unrestricted"]["minutes"] == pytest.approx(night, abs=0.01)
    assert [row["rule"] for row in by_day.told["unrestricted"]["breaks"]] == ["hazmat 7:00-21:00禁行"]
    assert by_night.told["unrestricted"]["breaks"] == []
    assert by_day.told["later"]["departure"] == "21:00"
    assert by_day.told["later"]["minutes"] == pytest.approx(night, abs=0.01)


def test_a_turn_forbidden_at_some_hours_is_kept_to_then(region, detours):
    roads, ban = roads_of(region), detours[0]
    late = answer(roads, trip_of(region, ban["from"], ban["to"], FUEL, "23:30"))
    legs = late.legs[late.legs["route"] == 1].reset_index(drop=True)
    ends = shapely.get_point(legs.geometry.to_numpy(), -1)
    whole = region.layer("roads").set_index("id").geometry
    one_ended = [  # a turn is told by its roads where both end at its point
        all(whole[legs["road_id"][i]].boundary.distance(ends[k]) < 0.1 for i in (k, k + 1))
        and legs["road_id"][k] != legs["road_id"][k + 1]
        for k in range(len(legs) - 1)
    ]
    k = one_ended.index(True)
    row = {"kind": "no_straight_on", "from_id": legs["road_id"][k], "to_id": legs["road_id"][k + 1]}
    row["conditional"] = "no_straight_on @ (21:00-23:00)"
    turns = gpd.GeoDataFrame([row], geometry=[ends[k]], crs=region.crs)
    kept = with_turns(roads.network, turns, vehicle="hazmat_truck")
    assert kept.report.turns == 1
    roads = dataclasses.replace(roads, turns=turns, network=kept)
    at_ten, after = (answer(roads, trip_of(region, ban["from"], ban["to"], FUEL, at)) for at in ("22:00", "23:30"))
    assert after.told["routes"][0]["minutes"] == late.told["routes"][0]["minutes"]
    assert at_ten.told["routes"][0]["minutes"] > after.told["routes"][0]["minutes"]
    assert at_ten.told["violations"] == after.told["violations"] == []
    trip = trip_of(region, ban["from"], ban["to"], FUEL, "22:00")
    assert {row["rule"] for row in violations(roads, trip, late.legs)} == {"no_straight_on"}


def test_a_trip_that_lasts_into_a_ban_keeps_out_of_it(region, detours):
    ban = detours[0]
    before = region.hazmat(ban["from"], ban["to"], substance=FUEL, at="06:58")
    roads = region.layer("roads").set_index("id")["hazmat"]
    assert roads.reindex(list(driven(before))).isna().all()
    assert before.told["violations"] == []


def test_the_planted_bridge_makes_a_detour(region, detours):
    bridge = detours[1]
    roads = roads_of(region)
    trip = trip_of(region, bridge["from"], bridge["to"], FUEL, "10:00")
    way, start, end, found = lawful(roads, trip)
    strong = roads_of(region)
    strong.layer = strong.layer.assign(max_weight_t=np.nan)
    free = lawful(strong, trip)[3]
    assert found.front.first[0] - free.front.first[0] > 10_000  # ms
    crossed = way.network.road[free.pieces[0].edge]
    assert (roads.layer["max_weight_t"].iloc[crossed] == 20).any()
    assert not (roads.layer["max_weight_t"].iloc[way.network.road[found.pieces[0].edge]] < 49).any()
    assert fastest(way, start, end, lawful=False).front.first[0] <= free.front.first[0]


def test_no_route_shown_is_beaten_and_all_are_lawful(by_day):
    rows = by_day.told["routes"]
    assert 2 <= len(rows) <= 7
    assert rows[0]["why"] == "fastest"
    assert rows[-1]["why"] == "least risk"
    time, risk = (np.array([row[k] for row in rows]) for k in ("minutes", "risk"))
    assert (np.diff(time) > 0).all()
    assert (np.diff(risk) < 0).all()
    assert by_day.told["violations"] == []
    assert by_day.told["epsilon"] == 0
    for row, line in zip(rows, by_day.routes.geometry, strict=True):
        legs = by_day.legs[by_day.legs["route"] == row["route"]]
        assert line.length == pytest.approx(1000 * row["distance_km"]) == pytest.approx(legs.length.sum())
        assert legs["leave_min"].iloc[-1] == pytest.approx(row["minutes"], abs=1e-3)


def test_people_along_a_route_are_those_within_its_reach(region, by_day):
    people = region.table("risk_people")
    points = gpd.points_from_xy(people["x"], people["y"])
    for row, line in zip(by_day.told["routes"], by_day.routes.geometry, strict=True):
        near = np.asarray(points.distance(line)) <= row["reach_m"]
        assert row["persons"] == pytest.approx(people["day"][near].sum())


def test_no_stretch_has_more_people_than_asked(region, detours, by_day):
    """Epsilon constraint: just below the least worst stretch of all compromises nothing they used is left."""
    start, end = detours[0]["from"], detours[0]["to"]
    worst = [row["worst_persons"] for row in by_day.told["routes"]]
    bound = min(worst)
    found = region.hazmat(start, end, substance=FUEL, at="10:00", worst=bound)
    assert all(row["worst_persons"] <= bound for row in found.told["routes"])
    assert found.told["routes"][0]["minutes"] >= by_day.told["routes"][0]["minutes"]
    assert region.hazmat(start, end, substance=FUEL, at="10:00", worst=1e9).told["routes"] == by_day.told["routes"]
    with pytest.raises(InputError, match="more than 0 people within reach"):
        region.hazmat(start, end, substance=FUEL, at="10:00", worst=0)
    with pytest.raises(InputError, match="0 or more"):
        region.hazmat(start, end, worst=-1)


@pytest.mark.parametrize("change", ["banned road", "one-way", "jump", "speed", "weight", "reversed"])
def test_a_tampered_route_is_rejected(region, by_day, change):
    roads = region.layer("roads").copy()
    legs = by_day.legs[by_day.legs["route"] == 1].reset_index(drop=True)
    middle = len(legs) // 2
    road = roads["id"] == legs["road_id"][middle]
    if change == "banned road":
        roads.loc[road, "hazmat"] = "8:00-12:00禁行"
    elif change == "one-way":
        roads.loc[road, "oneway"] = -int(legs["along"][middle])
    elif change == "weight":
        roads.loc[road, "max_weight_t"] = 40.0
    elif change == "jump":
        legs = legs.drop(index=middle)
    elif change == "speed":
        legs["leave_min"] = legs["enter_min"] + 0.2 * (legs["leave_min"] - legs["enter_min"])
    else:
        legs["along"] = -legs["along"]
    assert broken_rules(legs, roads, None, "hazmat_truck", FUEL, None, 600.0)


def test_a_banned_area_is_kept_out_of(own_city, by_day):
    line = by_day.routes.geometry.iloc[0]
    zone = line.interpolate(0.5, normalized=True).buffer(60)
    region = geo_risk.Region(own_city)
    roads = roads_of(region)
    roads.bans = gpd.GeoDataFrame(
        {"id": ["w"], "name": ["取水口"], "hours": [None], "classes": ["3"], "reason": ["order"]},
        geometry=[zone], crs=region.crs,
    )  # fmt: skip
    trip = trip_of(region, by_day.told["from"]["name"], by_day.told["to"]["name"], FUEL, "10:00")
    way, _, _, found = lawful(roads, trip)
    for pieces in found.pieces:
        inside = [zone.intersection(edge).length for edge in way.network.lines[pieces.edge[1:-1]]]
        assert max(inside) <= 1.0


def test_what_makes_no_sense_is_refused(region, detours):
    start, end = detours[0]["from"], detours[0]["to"]
    for options, words in (
        ({"substance": "no such stuff"}, "not known as a load"),
        ({"at": "25:00"}, "time of day"),
        ({"at": "10:00", "weekday": "someday"}, "one of Mo"),
        ({"weekday": "Mo"}, "without a time"),
        ({"reach_m": -5.0}, "reach"),
    ):
        with pytest.raises(InputError, match=words):
            region.hazmat(start, end, **options)
    with pytest.raises(InputError, match=r"outside the region, which .* the longitude first"):
        region.hazmat("0,0", end)
    west, south, _, _ = region.frame["bounds"]
    with pytest.raises(InputError, match="no road within 500 m"):
        region.hazmat(f"{west - 0.05},{south - 0.05}", end)
    with pytest.raises(InputError, match="nothing is called so"):
        region.hazmat("nowhere", end)


def test_a_place_that_bans_surround_is_told_when_it_opens(region, detours):
    roads = roads_of(region)
    trip = trip_of(region, detours[0]["from"], detours[0]["to"], FUEL, "10:00")
    roads.layer = roads.layer.assign(hazmat="7:00-21:00禁行")
    with pytest.raises(InputError, match="From 21:00 on it is lawful"):
        answer(roads, trip)
    roads.layer = roads.layer.assign(hazmat="禁行")
    with pytest.raises(InputError, match="No hour of the day after it is better"):
        answer(roads, trip)


def test_the_load_may_go_by_a_name_of_the_substance_tables():
    assert named_load("liquid chlorine").name == "氯"
    assert named_load(None).tunnel == "B"


def test_the_command_prints_writes_and_tells_the_same_twice(city, detours, tmp_path, capsys):
    ban = detours[0]
    command = ["hazmat", str(city), "--from", ban["from"], "--to", ban["to"], "--substance", FUEL, "--at", "10:00"]
    told = []
    for name in ("a", "b"):
        assert main([*command, "--json", "--to", str(tmp_path / f"{name}.geojson")]) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0] == told[1]
    assert (tmp_path / "a.geojson").read_bytes() == (tmp_path / "b.geojson").read_bytes()
    assert main([*command, "--to", str(tmp_path / "map.html")]) == 0
    out = capsys.readouterr().out
    assert "7:00-21:00禁行" in out
    assert "after 660 min, at 21:00" in out
    assert "危化品运输路线" in (tmp_path / "map.html").read_text(encoding="utf-8")


def test_the_demos_own_flows_can_be_switched_on(own_city, detours):
    toml = own_city / "region.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("# flows", "flows"), encoding="utf-8")
    region = geo_risk.Region(own_city)
    region.run(["hazmat"])
    routes, links = region.table("hazmat_routes"), region.table("hazmat_links")
    assert routes["flow"].nunique() == 9
    assert (routes["problem"] == "").groupby(routes["flow"]).all().sum() >= 8
    assert routes["from_name"].iloc[0] == detours[0]["from"]
    assert links["trips_all_per_yr"].max() >= 900


def test_flows_go_on_roads_and_into_the_risk_sources(own_city, detours):
    ban, bridge = detours
    (own_city / "inputs" / "flows.csv").write_text(
        "起点,终点,货物,年车次,发车时间\n"
        f"{ban['from']},{ban['to']},汽油,900,\n{bridge['from']},{bridge['to']},液化石油气,300,10:00\n"
        f"{ban['from']},nowhere,汽油,5,\n{ban['from']},{ban['to']},汽油,many,\n",
        encoding="utf-8",
    )
    toml = own_city / "region.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace('# flows = "inputs/危化品流向.csv"', 'flows = "inputs/flows.csv"'), encoding="utf-8")
    region = geo_risk.Region(own_city)
    region.run(["hazmat"])
    routes, links = region.table("hazmat_routes"), region.table("hazmat_links")
    assert routes[routes["problem"] != ""]["flow"].tolist() == ["row 4", "row 5"]
    assert routes.groupby("flow")["used"].sum().tolist() == [1, 1, 0, 0]
    for flow, load, trips in (("row 2", "汽油", 900), ("row 3", "液化石油气", 300)):
        mine = routes[(routes["flow"] == flow)]
        assert mine["extra_min"].iloc[0] == 0
        assert (np.diff(mine["risk"]) < 0).all()
        used = mine[mine["used"]].geometry.iloc[0]
        passed = links[links["substance"] == load]
        assert (passed["trips_per_yr"] == trips).all()
        assert used.buffer(0.01).covers(passed.geometry.iloc[len(passed) // 2])
        assert used.length <= passed.length.sum() + 1e-6
    both = links.groupby("road_id")["trips_all_per_yr"].max()
    assert both.max() in (900, 300, 1200)
    roads = with_flows(region.layer("roads"), links)
    sources = risk_sources({"roads": roads}).sources
    assert len(sources) == len(links)
    parts = dict(zip(sources["substance"], sources["equipment"], strict=True))
    assert parts == {"汽油": "road_atmospheric", "液化石油气": "road_pressurised"}
    counted = region.layer("roads").assign(hazmat_trips_per_yr=7.0)
    assert len(with_flows(counted, links)) == len(counted)
    assert store.read_table(own_city / "build" / "tables" / "hazmat_links.parquet")["risk_per_yr"].min() > 0
