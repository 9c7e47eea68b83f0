"""Which roads a vehicle may use: each rule alone, by hand."""

import geopandas as gpd
import pytest
import shapely
from conftest import CRS, roads_of

from geo_risk.errors import InputError
from geo_risk.routing.bans import banned, relief
from geo_risk.routing.hours import Window
from geo_risk.routing.permits import lost_to_all, permits
from geo_risk.routing.vehicles import UNKNOWN_LOAD, hazmat_speeds, load_of, vehicle_of

TRUCK, ENGINE, CAR = (vehicle_of(name) for name in ("hazmat_truck", "fire_engine", "car"))
OPEN, LOCAL, CLOSED = "open", "local", "closed"


def state_of(vehicle=TRUCK, window=None, load=UNKNOWN_LOAD, **columns):
    roads = roads_of([(0, 0), (1, 0)], **{name: [value] for name, value in columns.items()})
    found = permits(roads, vehicle, window, load)
    assert (found.reason[0] != "") == (not found.open[0] or found.local[0])
    return CLOSED if not found.open[0] else LOCAL if found.local[0] else OPEN


@pytest.mark.parametrize(
    ("columns", "truck", "engine", "car"),
    [
        ({}, OPEN, OPEN, OPEN),
        ({"access": "yes"}, OPEN, OPEN, OPEN),
        ({"access": "private"}, CLOSED, OPEN, CLOSED),
        ({"access": "no", "hgv": "yes"}, OPEN, OPEN, CLOSED),
        ({"hgv": "no"}, CLOSED, OPEN, OPEN),
        ({"hgv": "destination"}, LOCAL, OPEN, OPEN),
        ({"access": "destination"}, LOCAL, OPEN, LOCAL),
        ({"access": "permit"}, CLOSED, OPEN, CLOSED),
        ({"hazmat": "permit"}, CLOSED, OPEN, OPEN),
        ({"access": "something"}, CLOSED, OPEN, CLOSED),
        ({"hazmat": "no"}, CLOSED, OPEN, OPEN),
        ({"hazmat": "禁行"}, CLOSED, OPEN, OPEN),
        ({"hazmat": "危化品车辆禁止通行"}, CLOSED, OPEN, OPEN),
        ({"hazmat": "7:00-21:00禁行"}, CLOSED, OPEN, OPEN),
        ({"hazmat": "designated"}, OPEN, OPEN, OPEN),
        ({"hazmat": "hazmat=destination"}, LOCAL, OPEN, OPEN),
        ({"max_height_m": 3.9}, CLOSED, OPEN, OPEN),
        ({"max_height_m": 4.0}, OPEN, OPEN, OPEN),
        ({"max_weight_t": 20.0}, CLOSED, CLOSED, OPEN),
        ({"width_m": 2.3}, CLOSED, CLOSED, OPEN),
        ({"conditional": "access:conditional=no @ (7:30-19:00 AND weight>7.5)"}, CLOSED, OPEN, OPEN),
        ({"conditional": "motor_vehicle:conditional=no @ Mo-Fr 12:45-13:30"}, CLOSED, OPEN, CLOSED),
        ({"conditional": "hgv:conditional=no @ (2016 Apr 25 - 2016 Sep 26)"}, CLOSED, OPEN, OPEN),
        ({"conditional": "maxweight:conditional=3.5 @ (22:00-06:00)"}, CLOSED, CLOSED, OPEN),
        ({"conditional": "maxweight:conditional=none @ destination", "max_weight_t": 20.0}, CLOSED, CLOSED, OPEN),
        ({"conditional": "maxspeed:conditional=30 @ (22:00-06:00)"}, OPEN, OPEN, OPEN),
        ({"access": "no", "conditional": "access:conditional=yes @ (10:00-12:00)"}, CLOSED, OPEN, CLOSED),
        ({"conditional": "nobody knows"}, CLOSED, OPEN, CLOSED),
    ],
)
def test_a_rule_at_any_time(columns, truck, engine, car):
    assert [state_of(v, **columns) for v in (TRUCK, ENGINE, CAR)] == [truck, engine, car]


@pytest.mark.parametrize(
    ("text", "shut", "free"),
    [
        ("7:00-21:00禁行", (0, 420), (0, 1260)),
        ("工作日7:00-9:00禁行", (4, 500), (5, 500)),
        ("22:00-6:00允许通行", (0, 720), (0, 1320)),
        ("hazmat:conditional=no @ (Sa 08:00-10:00)", (5, 480), (4, 480)),
    ],
)
def test_a_ban_holds_at_its_hours_only(text, shut, free):
    column = {"conditional" if "@" in text else "hazmat": text}
    assert state_of(window=Window(*shut), **column) == CLOSED
    assert state_of(window=Window(*free), **column) == OPEN


def test_a_closed_road_opens_at_its_hours():
    columns = {"access": "no", "conditional": "access:conditional=yes @ (10:00-12:00)"}
    assert state_of(window=Window(0, 600), **columns) == OPEN
    assert state_of(window=Window(0, 600, 130), **columns) == CLOSED
    assert state_of(window=Window(0, 600), hgv="no", conditional="hgv:conditional=destination @ (9:00-11:00)") == LOCAL


def test_tunnel_categories_and_water_concern_their_loads_only():
    petrol, acid, gas = load_of("汽油"), load_of("硫酸"), load_of("LPG")
    category_d = {"hazmat": "hazmat:D=no"}
    assert [state_of(load=load, **category_d) for load in (gas, petrol, acid)] == [CLOSED, CLOSED, OPEN]
    assert state_of(load=petrol, hazmat="hazmat:C=no") == OPEN
    assert state_of(load=UNKNOWN_LOAD, hazmat="hazmat:B=no") == CLOSED
    water = {"hazmat": "hazmat:water=no"}
    assert [state_of(load=load, **water) for load in (petrol, gas)] == [CLOSED, OPEN]


def test_what_is_unknown_or_unread_is_counted():
    roads = roads_of([(0, 0), (1, 0)], [(1, 0), (2, 0)], max_height_m=[3.0, None], hazmat=["what", None])
    assert permits(roads, TRUCK).told == {
        "rules not understood, taken as closed": 1,
        "no height limit known, taken as none": 1,
        "no weight limit known, taken as none": 2,
        "no width limit known, taken as none": 2,
    }
    assert lost_to_all(roads.assign(access="no", hgv=["yes", "no"])) == 1


def test_loads_go_by_many_names_and_unknown_ones_are_refused():
    assert load_of("LNG") == load_of("1972") == load_of("UN1972")
    assert load_of("氯").division == "2.3"
    assert load_of("3").division == "3"
    assert load_of("6.1").division == "6.1"
    with pytest.raises(InputError, match="gasoline"):
        load_of("gasolene")
    with pytest.raises(InputError, match="hazmat_truck"):
        vehicle_of("lorry")


def test_hazmat_trucks_keep_to_80_and_60():
    speeds = hazmat_speeds(TRUCK)
    assert speeds["motorway"] == 80
    assert speeds["trunk"] == 60
    assert max(speeds.values()) == 80
    assert hazmat_speeds(CAR)["motorway"] == 100


def bans_of(*shapes, **columns):
    table = {
        "id": [f"b{i}" for i in range(len(shapes))],
        "name": "水源地",
        "hours": None,
        "classes": None,
        "reason": None,
    }
    return gpd.GeoDataFrame(table | columns, geometry=list(shapes), crs=CRS)


def test_banned_areas_close_what_runs_inside():
    lines = shapely.linestrings(
        [[(0, 0), (100, 0)], [(0, 100), (100, 100)], [(-50, 100), (0, 100)], [(50, 0), (50, -90)]]
    )
    area = bans_of(shapely.box(0, 50, 100, 150))
    closed, reason = banned(lines, area, Window())
    assert closed.tolist() == [False, True, False, False]
    assert reason[1] == "ban area 水源地"
    street = bans_of(shapely.LineString([(0, 3), (100, 3)]))
    assert banned(lines, street, Window())[0].tolist() == [True, False, False, False]


def test_banned_areas_have_hours_and_classes():
    lines = shapely.linestrings([[(0, 0), (100, 0)]])
    box = shapely.box(-1, -1, 101, 1)
    night = bans_of(box, hours=["22:00-6:00"])
    assert banned(lines, night, Window(0, 60))[0].all()
    assert not banned(lines, night, Window(0, 600))[0].any()
    assert banned(lines, bans_of(box, hours=["when it rains"]), Window(0, 600))[0].all()
    for classes, closed in (("2.3|8", False), ("3", True), ("第3类", True), ("液氯、汽油", True), ("2", False)):
        assert banned(lines, bans_of(box, classes=[classes]), Window(), load_of("汽油"))[0].all() == closed
    assert banned(lines, bans_of(box, classes=["8"]), Window())[0].all()  # an unknown load may be anything


def test_relief_is_when_a_ban_ends():
    roads = roads_of([(0, 0), (1, 0)], hazmat=["7:00-21:00禁行"])
    assert relief(roads, None, TRUCK, UNKNOWN_LOAD, 0, 600.0) == [660.0]
    assert relief(roads, bans_of(shapely.box(0, 0, 1, 1), hours=["9:00-12:00"]), TRUCK, UNKNOWN_LOAD, None, 600.0) == [
        120.0,
        660.0,
    ]
