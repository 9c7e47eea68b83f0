"""What an undecided finding needs: each attribute alone, whose it is, and none that would not matter."""

import geopandas as gpd
import pytest
from shapely.geometry import LineString, Point

from geo_risk.analysis.setbacks import check_setbacks
from geo_risk.publish.words import phrase

CRS = "EPSG:4549"
X, Y = 500_000.0, 3_500_000.0


def layer(**row):
    row = {"position_error_m": 0.0, **row}
    return gpd.GeoDataFrame([row], geometry="geometry", crs=CRS)


def at(x):
    return Point(X + x, Y)


def station(**more):
    return layer(id="A", name="东风加油站", kind="filling_station", substance="汽油", geometry=at(0), **more)


def place(distance, **row):
    return layer(id="B", name="市一医院", geometry=at(distance), **row)


def needs(source, target, source_layer="hazard_sources", target_layer="crowded_places"):
    (row,) = check_setbacks({source_layer: source, target_layer: target}).to_dict("records")
    return row["verdict"], row["needs"]


@pytest.mark.parametrize(
    ("source", "target", "verdict", "said"),
    [
        # GB 50156 petrol class 3: important public building 35 m, class 1 11 m, class 2 8.5 m
        (station(volume_m3=60.0), place(20, kind="hospital", beds=200.0), "conflict", ""),
        (station(volume_m3=60.0), place(20, kind="hospital", beds=20.0), "clear", ""),
        (station(volume_m3=60.0), place(20, kind="hospital"), "undecided", "needs beds of 市一医院"),
        (station(volume_m3=60.0), place(20, kind="mall"), "undecided", "needs area_m2 of 市一医院"),
        (station(), place(12, kind="hospital", beds=20.0), "undecided", "needs volume_m3 or quantity_t of 东风加油站"),
        (
            station(),
            place(16, kind="hospital"),
            "undecided",
            "needs volume_m3 or quantity_t of 东风加油站; needs beds of 市一医院",
        ),
        # capacity plays no part in what a hospital is
        (station(volume_m3=60.0), place(20, kind="hospital", capacity=9.0), "undecided", "needs beds of 市一医院"),
    ],
)
def test_the_attribute_that_matters(source, target, verdict, said):
    assert needs(source, target) == (verdict, said)


def test_what_the_quantity_tells_already_is_not_asked_for():
    # 20 t of petrol are 27 to 34 m3: class 3 whatever the volume is
    assert needs(station(quantity_t=20.0), place(12, kind="hospital", beds=20.0)) == ("clear", "")


def test_the_name_is_the_id_where_there_is_none():
    target = place(20, kind="hospital").assign(name=None)
    assert needs(station(volume_m3=60.0), target)[1] == "needs beds of B"


def test_pipelines_need_pressure_or_diameter():
    pipe = LineString([(X, Y), (X, Y + 9)])
    house = layer(id="B", name="宅", kind="住宅", floors=2.0, geometry=at(4).buffer(1))
    source = layer(id="A", name="管", kind="town_gas", geometry=pipe, diameter_mm=100.0, wall_mm=8.0)
    assert needs(source, house, "gas_pipelines", "buildings") == ("undecided", "needs pressure_mpa of 管")


def test_a_road_without_width():
    # petrol class 3 to an expressway 5.5 m (class 1 of GB 50156: 7 m); the edge is within 20 m of the line
    road = layer(
        id="R", name="绕城高速", **{"class": "motorway"}, geometry=LineString([(X + 20, Y - 9), (X + 20, Y + 9)])
    )
    verdict, said = needs(station(volume_m3=60.0), road, target_layer="roads")
    assert (verdict, said) == ("undecided", "needs width_m of 绕城高速")


def test_position_errors_alone_need_no_attribute():
    source = station(volume_m3=60.0)
    source["position_error_m"] = 5.0
    assert needs(source, place(12, kind="hospital", beds=20.0)) == ("undecided", "")


def test_chinese():
    said = "needs volume_m3 or quantity_t of 东风加油站; needs beds, floors of 市一医院"
    assert phrase(said) == "东风加油站：容积（m³）或存量（t）；市一医院：床位、层数"
