"""The second check: right about lawful legs, and about each way of breaking a rule."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from conftest import CRS, roads_of
from hypothesis import given
from hypothesis import strategies as st

from geo_risk.routing.hours import DAYS, Window, week_of
from geo_risk.routing.legality import _spans, _within, broken_rules
from geo_risk.routing.permits import permits
from geo_risk.routing.vehicles import load_of, vehicle_of


def legs_of(*rows, geometry):
    table = pd.DataFrame(rows, columns=["road_id", "along", "enter_min", "leave_min"])
    return gpd.GeoDataFrame(table, geometry=[shapely.LineString(g) for g in geometry], crs=CRS)


def lawful_legs():
    rows = ("r0", 1, 0.0, 1.0), ("r1", -1, 1.0, 2.0)
    return legs_of(*rows, geometry=[[(0, 0), (600, 0)], [(600, 0), (1200, 0)]])


def two_roads(**columns):
    return roads_of([(0, 0), (600, 0)], [(1200, 0), (600, 0)], **{"class": "primary", "oneway": [1, 0]} | columns)


def rules(legs, roads, bans=None, load="汽油", day=0, at=600.0):
    return [(f["leg"], f["rule"]) for f in broken_rules(legs, roads, bans, "hazmat_truck", load, day, at)]


def test_a_lawful_route_breaks_nothing():
    assert rules(lawful_legs(), two_roads()) == []


@pytest.mark.parametrize(
    ("column", "values", "rule"),
    [
        ("oneway", [-1, 0], (0, "against the one-way")),
        ("max_height_m", [None, 3.9], (1, "max_height_m 3.9")),
        ("max_weight_t", [20.0, None], (0, "max_weight_t 20")),
        ("width_m", [2.0, None], (0, "width_m 2")),
        ("access", ["private", None], (0, "access private")),
        ("hgv", [None, "no"], (1, "hgv no")),
        ("hazmat", [None, "7:00-21:00禁行"], (1, "hazmat 7:00-21:00禁行")),
        ("hazmat", ["hazmat:D=no", None], (0, "hazmat:D no")),
        ("conditional", ["hgv:conditional=no @ (9:00-11:00)", None], (0, "hgv no @ 9:00-11:00")),
        ("speed_kmh", [30.0, None], (0, "faster than 30 km/h")),
    ],
)
def test_each_broken_rule_is_named(column, values, rule):
    assert rules(lawful_legs(), two_roads(**{column: values})) == [rule]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("hazmat", ["21:00-7:00禁行", None]),
        ("hazmat", ["hazmat:D=no", None]),
        ("access", ["destination", "destination"]),
        ("conditional", ["hgv:conditional=no @ (weight>60)", None]),
    ],
)
def test_rules_that_do_not_apply_are_not_broken(column, values):
    assert rules(lawful_legs(), two_roads(**{column: values}), load="硫酸") == []


def test_tampered_routes_are_rejected():
    legs, roads = lawful_legs(), two_roads()
    turned = legs.assign(along=[-1, -1])
    assert (0, "driven the other way than it says") in rules(turned, roads)
    back = legs.assign(geometry=legs.geometry.map(shapely.reverse), along=[-1, 1])
    assert (0, "against the one-way") in rules(back, roads)
    assert (1, "does not begin where the stretch before ends") in rules(back, roads)
    assert rules(legs.iloc[[1, 0]], roads)[0][1] == "does not begin where the stretch before ends"
    assert (0, "no such road") in rules(legs.assign(road_id=["r9", "r1"]), roads)
    assert (0, "leaves its road") in rules(legs.assign(road_id=["r1", "r1"]), roads)
    assert (1, "entered before the stretch before is left") in rules(legs.assign(enter_min=[0.0, 0.5]), roads)
    assert (1, "left before it is entered") in rules(legs.assign(leave_min=[1.0, 0.5]), roads)
    assert (0, "faster than 60 km/h") in rules(legs.assign(enter_min=[0.5, 1.0]), roads)
    through = roads_of([(0, 0), (600, 0)], [(600, 0), (1200, 0)], [(1200, 0), (1800, 0)],
                       **{"class": "primary", "access": [None, "destination", None]})  # fmt: skip
    rows = [(f"r{i}", 1, float(i), i + 1.0) for i in range(3)]
    line = [[(600 * i, 0), (600 * i + 600, 0)] for i in range(3)]
    assert rules(legs_of(*rows, geometry=line), through) == [(1, "only for traffic that begins or ends there")]


def test_banned_areas_are_checked():
    ban = {"id": ["b"], "name": ["水源地"], "hours": ["8:00-12:00"], "classes": ["3"], "reason": [None]}
    area = gpd.GeoDataFrame(ban, geometry=[shapely.box(700, -50, 900, 50)], crs=CRS)
    assert rules(lawful_legs(), two_roads(), area) == [(1, "in 水源地")]
    assert rules(lawful_legs(), two_roads(), area, at=780.0) == []
    assert rules(lawful_legs(), two_roads(), area, load="氯") == []


@given(
    days=st.sampled_from(["", *(f"{d} " for d in DAYS), "Mo-Fr ", "Sa-Su ", "Fr-Mo ", "工作日", "每日"]),
    begin=st.integers(0, 23),
    end=st.integers(1, 24),
    tail=st.sampled_from(["", ",12:00-13:30", "; Sa 22:00-6:00"]),
)
def test_two_readers_agree_on_hours(days, begin, end, tail):
    text = f"{days}{begin}:00-{end}:00{tail}"
    week = week_of(text)
    minutes = pd.RangeIndex(len(week)).to_numpy()
    assert (_within(_spans(text), minutes) == week).all()


WORDS = st.sampled_from([None, "yes", "no", "destination", "private", "what"])
RULES = st.sampled_from(
    [
        None,
        "禁行",
        "7:00-21:00禁行",
        "22:00-6:00允许通行",
        "hazmat:D=no",
        "hazmat:B=no;hazmat:water=no",
        "hazmat=no",
        "周一至周五7时-9时禁行",
    ]
)
CONDITIONS = st.sampled_from(
    [
        None,
        "hgv:conditional=no @ (7:30-19:00 AND weight>7.5)",
        "maxweight:conditional=3.5 @ (22:00-06:00)",
        "access:conditional=no @ (2016 Apr 25 - 2016 Sep 26)",
        "maxspeed:conditional=30 @ (0:00-24:00)",
        "hazmat:conditional=no @ (Sa 08:00-10:00)",
        "overtaking:hgv:conditional=no @ (06:00-19:00)",
    ]
)


@given(access=WORDS, hgv=WORDS, hazmat=RULES, conditional=CONDITIONS, day=st.integers(0, 6),
       at=st.integers(0, 1439), load=st.sampled_from(["汽油", "硫酸", "液化石油气"]),
       name=st.sampled_from(["hazmat_truck", "fire_engine", "car"]))  # fmt: skip
def test_two_readers_agree_on_roads(access, hgv, hazmat, conditional, day, at, load, name):
    roads = roads_of([(0, 0), (600, 0)], access=[access], hgv=[hgv], hazmat=[hazmat], conditional=[conditional],
                     **{"class": ["primary"]})  # fmt: skip
    legs = legs_of(("r0", 1, 0.0, 1.0), geometry=[[(0, 0), (600, 0)]])
    allowed = permits(roads, vehicle_of(name), Window(day, at, 1.0), load_of(load)).open[0]
    broken = broken_rules(legs, roads, None, name, load, day, float(at))
    assert allowed == (not broken), broken


ONE_TURN = {"via_ids": None, "exempt": None, "vehicles": None, "conditional": None}


@pytest.mark.parametrize(
    ("kind", "others", "broken"),
    [
        ("no_left_turn", {}, ["no_left_turn"]),
        ("only_right_turn", {"to_id": "r2"}, ["only_right_turn"]),
        ("only_straight_on", {}, []),
        ("no_left_turn", {"vehicles": "hgv"}, ["no_left_turn"]),
        ("no_left_turn", {"vehicles": "bus"}, []),
        ("no_left_turn", {"exempt": "psv;hazmat"}, []),
        ("no_left_turn", {"conditional": "no_left_turn @ (07:00-09:00)"}, []),  # it is 10 o'clock
        ("no_left_turn", {"conditional": "no_left_turn @ (07:00-09:00; 09:30-10:30)"}, ["no_left_turn"]),
        ("no_left_turn", {"conditional": "工作日10时-12时"}, ["no_left_turn"]),
        ("no_left_turn", {"conditional": "no_left_turn @ (weight>7.5 AND 07:00-21:00)"}, ["no_left_turn"]),
        ("no_left_turn", {"conditional": "no_left_turn @ (weight<7.5)"}, []),
        ("no_left_turn", {"conditional": "no_left_turn @ (wet)"}, ["no_left_turn"]),
        ("no_left_turn", {"point": (0, 0)}, []),
    ],
)
def test_forbidden_turns_are_seen(kind, others, broken):
    roads = roads_of([(0, 0), (600, 0)], [(1200, 0), (600, 0)], [(600, 0), (600, 900)], **{"class": "primary"})
    point = others.pop("point", (600, 0)) if others else (600, 0)
    row = {"kind": kind, "from_id": "r0", "to_id": "r1", **ONE_TURN, **others}
    turns = gpd.GeoDataFrame([row], geometry=[shapely.Point(point)], crs=roads.crs)
    found = broken_rules(lawful_legs(), roads, None, "hazmat_truck", "汽油", 0, 600.0, turns=turns)
    assert [f["rule"] for f in found] == broken


def test_a_turn_over_a_way_between_is_seen():
    roads = roads_of([(0, 0), (600, 0)], [(1200, 0), (600, 0)], [(1200, 0), (1800, 0)], **{"class": "primary"})
    legs = legs_of(("r0", 1, 0.0, 1.0), ("r1", -1, 1.0, 2.0), ("r2", 1, 2.0, 3.0),
                   geometry=[[(0, 0), (600, 0)], [(600, 0), (1200, 0)], [(1200, 0), (1800, 0)]])  # fmt: skip
    row = {"kind": "no_u_turn", "from_id": "r0", "to_id": "r2", **ONE_TURN, "via_ids": "r1"}
    turns = gpd.GeoDataFrame([row], geometry=[shapely.Point(600, 0)], crs=roads.crs)
    found = broken_rules(legs, roads, None, "hazmat_truck", "汽油", 0, 600.0, turns=turns)
    assert [(f["leg"], f["rule"]) for f in found] == [(2, "no_u_turn after r1")]
    assert not broken_rules(legs[:2], roads, None, "hazmat_truck", "汽油", 0, 600.0, turns=turns)
