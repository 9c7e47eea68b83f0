"""The parts of the answer on one incident, by hand on small networks."""

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo_risk.cli.rescue import wind_of
from geo_risk.errors import InputError, SettingsError
from geo_risk.roads.closures import closed_area, closed_roads
from geo_risk.roads.forbidden import of_substance
from geo_risk.roads.needs import matched, means, needs, scenarios
from geo_risk.roads.rescue import _compared
from geo_risk.roads.staging import staging_point
from geo_risk.routing.closest import closest_facilities
from geo_risk.routing.network import build_network, close_roads
from geo_risk.routing.steps import heading, turn
from geo_risk.routing.traffic import HOURS, at_hour, hour_factor

CRS = "EPSG:4549"
SPEEDS = {"road": 36.0}
LON, LAT = 119.8, 32.0
REGION = SimpleNamespace(crs=CRS, frame={"bounds": (LON, LAT, LON + 0.1, LAT + 0.1), "anchor": (119, 31, 121, 33)})


def xy(lon, lat):
    point = gpd.GeoSeries([shapely.Point(lon, lat)], crs=4326).to_crs(CRS)[0]
    return point.x, point.y


def roads_of(*lines, **columns):
    table = {"id": [f"r{i}" for i in range(len(lines))], **columns}
    return gpd.GeoDataFrame(table, geometry=[shapely.LineString(line) for line in lines], crs=CRS)


def points_of(*places, **columns):
    table = {"id": [f"p{i}" for i in range(len(places))], "name": [f"name {i}" for i in range(len(places))], **columns}
    return gpd.GeoDataFrame(table, geometry=[shapely.Point(p) for p in places], crs=CRS)


@pytest.fixture
def cross():
    """A crossing at the origin with arms of 5 km to the east, north, west and south."""
    arms = [(5000, 0), (0, 5000), (-5000, 0), (0, -5000)]
    return build_network(roads_of(*([(0, 0), arm] for arm in arms)), speeds=SPEEDS)


def test_a_drawn_line_closes_the_roads_it_crosses(tmp_path):
    x, y = xy(LON + 0.05, LAT + 0.05)
    network = build_network(
        roads_of([(x - 900, y), (x, y)], [(x, y), (x + 900, y)], [(x, y + 500), (x + 900, y + 500)]), speeds=SPEEDS
    )
    names = np.array(["甲路", "乙路", ""], object)
    area = closed_area(REGION, f"POINT ({LON + 0.05} {LAT + 0.05})")
    assert [r["name"] for r in closed_roads(network, area, names)] == ["甲路", "乙路"]
    line = gpd.GeoSeries([shapely.LineString([(x + 400, y - 50), (x + 400, y + 100)])], crs=CRS)
    wkt = line.to_crs(4326).to_wkt().iloc[0]
    told = closed_roads(network, closed_area(REGION, wkt), names)
    assert [(r["id"], r["name"]) for r in told] == [("r1", "乙路")]
    assert told[0]["metres"] == pytest.approx(900)
    file = tmp_path / "closed.geojson"
    gpd.GeoDataFrame({"id": ["a"], "name": ["施工"]}, geometry=line).to_crs(4326).to_file(file)
    assert closed_area(REGION, str(file)).symmetric_difference(closed_area(REGION, wkt)).area < 10  # 1 cm of GeoJSON


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ("POINT (1 2", "Write WKT"),
        ("POINT (500000 3500000)", "longitude first"),
        ("POINT (32.05 119.85)", "longitude first"),
        ("POINT EMPTY", "longitude first"),
        ("POLYGON ((119.8 32, 119.9 32.1, 119.9 32, 119.8 32.1, 119.8 32))", "without crossing itself"),
        ("POINT (10 10)", "outside the region"),
        ("nothing.geojson", "neither WKT"),
    ],
)
def test_closures_that_make_no_sense_say_so(drawn, said):
    with pytest.raises(InputError, match=said):
        closed_area(REGION, drawn)


def test_erg_distances_lie_downwind():
    found = of_substance((0.0, 0.0), "液氯", (90.0, 1.0))  # from the east
    least, south, most, north = found.area.bounds
    assert most == pytest.approx(1000)  # isolation of a rail car
    assert least == pytest.approx(-11_000)
    assert (south, north) == pytest.approx((-5500, 5500))
    assert np.cos(found.upwind) == pytest.approx(1)
    assert "UN 1017" in found.why["en"]
    calm = of_substance((0.0, 0.0), "液氯", None)
    assert calm.area.bounds == pytest.approx((-11_000, -11_000, 11_000, 11_000))
    unknown = of_substance((0.0, 0.0), "汽油", (90.0, 1.0))
    assert unknown.area.bounds == pytest.approx((-100, -100, 100, 100))
    assert "unknown cargo" in unknown.why["en"]


@given(st.sampled_from([0.0, 90.0, 180.0, 270.0]), st.floats(100, 2000))
def test_the_staging_point_is_the_nearest_upwind(wind, metres):
    arms = [(5000, 0), (0, 5000), (-5000, 0), (0, -5000)]
    network = build_network(roads_of(*([(0, 0), arm] for arm in arms)), speeds=SPEEDS)
    disc = shapely.Point(0, 0).buffer(metres)
    found = staging_point(network, (0.0, 0.0), disc, np.radians(90 - wind))
    assert found.upwind
    assert metres + 100 - 1 <= found.distance_m <= metres + 100 + 25.1
    direction = np.degrees(np.arctan2(found.x, found.y)) % 360
    assert min(abs(direction - wind), 360 - abs(direction - wind)) < 1


def test_without_a_road_upwind_another_is_taken_and_told(cross):
    only_west = close_roads(cross, shapely.box(10, -6000, 6000, 6000).union(shapely.box(-5, 5, 5, 6000)))
    found = staging_point(only_west, (0.0, 0.0), shapely.Point(0, 0).buffer(300), 0.0)  # wind from the east
    assert not found.upwind
    assert staging_point(cross, (0.0, 0.0), shapely.Point(0, 0).buffer(20_000), 0.0) is None


def test_hours_slow_and_speed_up_within_posted_limits():
    roads = roads_of([(0, 0), (1000, 0)], [(0, 9), (1000, 9)], speed_kmh=[np.nan, 30.0])
    network = build_network(roads, speeds=SPEEDS)
    seconds = {hour: (at_hour(network, hour).ms / 1000).tolist() for hour in HOURS}
    assert seconds["typical"] == [100, 120]
    assert seconds["peak"] == pytest.approx([100 / 0.7, 120 / 0.7], abs=0.001)
    assert seconds["free"] == pytest.approx([100 / hour_factor("free"), 120], abs=0.001)
    with pytest.raises(SettingsError, match="use one of free"):
        at_hour(network, "rush")


def test_steps_tell_turns_roads_and_minutes():
    roads = roads_of(
        [(0, 0), (500, 0)], [(500, 0), (500, 700)], [(500, 700), (500, 1000)], name=["甲路", "乙路", "乙路"]
    )
    network = build_network(roads, speeds=SPEEDS)
    station, place = points_of((0, 0), kind=["fire_station"], turnout_s=[0.0]), points_of((500, 900))
    names = roads["name"].to_numpy(object)
    (row,) = closest_facilities(network, {"": place}, station, kinds=("fire_station",), names=names)["steps"]
    assert [(s["road"], s["metres"], s["turn"]) for s in row] == [("甲路", 500, "depart"), ("乙路", 900, "left")]
    assert sum(s["minutes"] for s in row) == pytest.approx(1400 / 10 / 60)
    assert row[1]["zh"] == "左转，沿乙路向北行驶 900 m，1.5 分钟"
    assert row[0]["en"] == "depart: 甲路, east, 500 m, 0.8 min"


@pytest.mark.parametrize(
    ("degrees", "word"),
    [(0, "straight"), (30, "slight right"), (-90, "left"), (90, "right"), (150, "sharp right"), (180, "back")],
)
def test_turns(degrees, word):
    assert turn(degrees)[0] == word
    assert heading(359)[0] == "north"


def test_needs_scale_with_the_pool_and_unsure_rows_never_suffice():
    rows = {r["need"]: r for r in needs(("pool_fire",), 1000.0)}
    assert rows["foam_t"]["amount"] == pytest.approx(6.5 * 1000 * 15 * 0.03 / 1000)
    assert rows["water_lps"]["volume_m3"] == pytest.approx(40 * 3.6 * 4)
    tank = {r["need"]: r for r in needs(("tank_fire", "toxic"), 314.159)}
    assert tank["water_lps"]["amount"] == pytest.approx(0.8 * 62.83, rel=1e-3)  # a rim 20 m across
    assert tank["rescue_teams"]["amount"] == 2  # the larger of both
    with pytest.raises(InputError, match="use one of"):
        needs(("meteor",), None)
    stock = {"amount": 1e9, "from": 1, "unknown": 0}
    assert {r["verdict"] for r in matched([rows["fire_engines"]], {"fire_engines": stock})} == {"undecided"}
    assert set(scenarios()) >= {"pool_fire", "tank_fire", "jet_fire", "toxic", "explosion"}


def test_means_count_what_arrives_and_what_can_be_used():
    kinds = ["fire_station", "fire_station", "depot", "hydrant", "hydrant", "water_source", "rescue_team"]
    frame = points_of(
        (0, 0), (0, 0), (0, 0), (100, 0), (-100, 0), (140, 0), (0, 0), kind=kinds,
        vehicles=[4.0, np.nan, np.nan, np.nan, np.nan, np.nan, 2.0], foam_t=[2.0, 3.0, 30.0] + [np.nan] * 4,
    )  # fmt: skip
    minutes = pd.Series([10.0, 31.0, 20.0, np.nan, np.nan, np.nan, 5.0])
    held = means(frame, minutes, (0.0, 0.0), shapely.box(-500, -50, -50, 50))
    assert held["fire_engines"] == {"amount": 4.0, "from": 1, "unknown": 0}
    assert held["foam_t"]["amount"] == 32.0
    assert held["rescue_teams"]["amount"] == 1.0
    water = held["water_lps"]
    assert (water["amount"], water["barred"], water["sources"]) == (10.0, 1, 1)
    need = {"need": "water_lps", "amount": 40.0, "unit": "L/s", "confidence": "MC"}
    (row,) = matched([need], held)
    assert (row["missing"], row["verdict"]) == (30.0, "undecided")  # open water may make up for it


def test_who_loses_time_and_who_drops_out(cross):
    stations = points_of((4000, 0), (0, 4500), kind=["fire_station"] * 2, turnout_s=[0.0, 0.0])
    place = points_of((-1000, 0))
    names = np.full(4, "", object)
    options = {"kinds": ("fire_station",), "k": 9, "names": names}
    usual = closest_facilities(cross, {"": place}, stations, **options)
    now = closest_facilities(close_roads(cross, shapely.box(100, -10, 3000, 10)), {"": place}, stations, **options)
    arrivals, dropped = _compared(now, usual, ("fire_station",), 1)
    assert arrivals[["facility_id", "lost_min"]].to_numpy().tolist() == [["p1", 0.0]]
    assert [row["facility_id"] for row in dropped] == ["p0"]
    assert dropped[0]["minutes_before"] == pytest.approx(500 / 60)


def test_winds_as_people_write_them():
    assert wind_of("112.5,3") == (112.5, 3.0)
    assert wind_of("90") == (90.0, None)
    assert wind_of("90，2") == (90.0, 2.0)
    for text in ("", "x", "400", "90,0", "90,99", "1,2,3"):
        with pytest.raises(InputError, match="write DEG"):
            wind_of(text)
