"""Encroachment, third-party activity and crossings on shapes drawn by hand."""

from collections import Counter

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point, box

from geo_risk.analysis.pipelines.contacts import check_pipelines
from geo_risk.analysis.pipelines.encroachment import protection_range
from geo_risk.analysis.pipelines.pipes import pipes_of
from geo_risk.schema import RESULTS

CRS = "EPSG:4549"
X, Y = 500_000.0, 3_500_000.0
LONG = {"kind": "long_distance", "medium": "natural_gas", "diameter_mm": 508.0, "pressure_mpa": 6.3}
MEDIUM = {"kind": "town_gas", "medium": "natural_gas", "diameter_mm": 200.0, "pressure_mpa": 0.4}


def layer(*rows):
    rows = [{"id": f"r{i}", "position_error_m": 0.0, **r} for i, r in enumerate(rows)]
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)


def line(*xy):
    return LineString([(X + x, Y + y) for x, y in xy])


def pipe(of=LONG, *xy, **more):
    return {"id": "P", "geometry": line(*(xy or ((0, 0), (1000, 0)))), **of, **more}


def house(x, y, side=10, **more):
    return {"id": "B", "geometry": box(X + x, Y + y, X + x + side, Y + y + side), **more}


def point(x, y, **more):
    return {"id": "Q", "name": "Q", "geometry": Point(X + x, Y + y), **more}


def checked(of, **layers):
    return check_pipelines({"gas_pipelines": layer(*(of if isinstance(of, list) else [of])), **layers})


def only(table):
    (row,) = table.to_dict("records")
    return row


def test_a_house_on_the_five_metres_of_a_long_distance_line():
    row = only(checked(pipe(), buildings=layer(house(400, 3))).encroachments)
    assert (row["kind"], row["verdict"]) == ("protection", "conflict")
    assert (row["from_m"], row["to_m"]) == (400, 410)
    assert (row["distance_m"], row["depth_m"], row["range_m"]) == (3, 2, 5)
    assert row["overlap_m2"] == pytest.approx(20)  # 10 m along, 2 m deep
    assert (row["standard"], row["clause"], row["confidence"]) == ("石油天然气管道保护法", "art. 30", "V")
    assert row["geometry"].geom_type == "Polygon"


def test_a_house_over_the_line_counts_by_how_deep_it_runs():
    row = only(checked(pipe(), buildings=layer(house(400, -5))).encroachments)
    assert (row["distance_m"], row["verdict"]) == (0, "conflict")
    assert 9 <= row["depth_m"] <= 10  # 5 m of range and 5 m from the line to the wall, probed every 2 m
    assert row["overlap_m2"] == pytest.approx(100)


@pytest.mark.parametrize(
    ("distance", "verdicts"),
    [(3.9, ["conflict"]), (4.1, ["undecided"]), (5.9, ["undecided"]), (6.1, [])],
)
def test_verdicts_with_an_uncertainty_of_one_metre(distance, verdicts):
    # u = 2 sqrt(0.3^2 + 0.4^2) = 1 m
    near = layer(house(400, distance, position_error_m=0.4))
    assert checked(pipe(position_error_m=0.3), buildings=near).encroachments["verdict"].tolist() == verdicts


@pytest.mark.parametrize(
    ("pressure", "diameter", "protection", "control"),
    [(0.01, 100, 0.55, 5.05), (0.4, 200, 0.6, 5.1), (0.8, 300, 1.65, 15.15), (1.6, 300, 1.65, 15.15),
     (2.5, 400, 5.2, 50.2), (6.3, 400, 5.2, 50.2)],
)  # fmt: skip
def test_ranges_of_town_gas_by_pressure_from_the_outer_edge(pressure, diameter, protection, control):
    (one,) = pipes_of(layer(pipe(MEDIUM, pressure_mpa=pressure, diameter_mm=float(diameter))), Counter())
    found = protection_range(one)
    assert (found.low, found.high, found.control) == pytest.approx((protection, protection, control))


def test_without_a_pressure_only_half_a_metre_is_certain():
    def verdict(distance):
        found = checked(pipe(MEDIUM, pressure_mpa=np.nan), buildings=layer(house(400, distance)))
        return only(found.encroachments)["verdict"], only(found.encroachments)["needs"]

    assert verdict(0.5) == ("conflict", "pressure")
    assert verdict(2.0) == ("undecided", "pressure; better positions: the errors allow both answers")
    assert verdict(30.0)[0] == "notify"


def test_between_protection_and_control_range_the_operator_is_told():
    row = only(checked(pipe(MEDIUM), buildings=layer(house(400, 3))).encroachments)
    assert (row["kind"], row["verdict"], row["clause"]) == ("control", "notify", "5.1")
    assert np.isnan(row["depth_m"])
    assert len(checked(pipe(MEDIUM), buildings=layer(house(400, 6))).encroachments) == 0


def test_points_outlines_of_grounds_and_racks_are_never_in_conflict():
    school = layer(point(400, 1, kind="primary_school"))
    row = only(checked(pipe(), crowded_places=school).encroachments)
    assert (row["verdict"], row["needs"]) == ("undecided", "footprint of the building")
    grounds = layer(house(400, -50, 100, kind="primary_school", name="S"))
    assert only(checked(pipe(), crowded_places=grounds).encroachments)["verdict"] == "undecided"
    rack = pipe({"kind": "hazmat", "medium": "ethylene", "laying": "rack", "diameter_mm": 200.0})
    row = only(checked(rack, buildings=layer(house(400, 0))).encroachments)
    assert (row["verdict"], row["clause"]) == ("undecided", "art. 21")
    assert "rack" in row["needs"]


def test_what_a_pipeline_serves_is_told_as_left_out():
    tanks = layer(point(1001, 0, kind="tank_farm"), point(500, 2, id="M", kind="tank_farm"))
    found = checked(pipe(), hazard_sources=tanks)
    assert found.encroachments["target_id"].tolist() == ["M"]
    left = found.pipelines_unchecked
    (why,) = left[(left["check"] == "encroachments") & (left["layer"] == "hazard_sources")]["why"]
    assert why.startswith("at the end of a pipeline")


def test_works_within_the_ranges_of_the_law():
    def rows(distance, **more):
        site = layer(point(400, distance, kind="construction", **more))
        return checked(pipe(), risk_points=site).encroachments[["verdict", "range_m", "clause"]].to_numpy().tolist()

    assert rows(4) == [["notify", 5, "art. 30"]]
    assert rows(49) == [["notify", 50, "art. 35(2)"]]
    assert rows(51) == [["notify", 200, "art. 35(3)"]]
    assert rows(199, position_error_m=1.0) == [["undecided", 200, "art. 35(3)"]]
    assert rows(201) == []
    assert rows(49, state="closed") == []


def test_a_building_under_construction_is_both():
    found = checked(pipe(MEDIUM), buildings=layer(house(400, 3, kind="在建"))).encroachments
    assert sorted(found["kind"]) == ["activity", "control"]
    assert found["verdict"].tolist() == ["notify", "notify"]


def test_the_grounds_of_a_plant_leave_the_answer_open():
    plant = layer(house(400, -50, 100, name="厂"))
    row = only(checked(pipe(), enterprises=plant).encroachments)
    assert (row["verdict"], row["needs"]) == ("undecided", "footprint of the building")


def test_a_jetty_within_500_m_of_a_river_crossing():
    river = layer({"id": "W", "name": "江", "kind": "river", "geometry": box(X + 450, Y - 2000, X + 550, Y + 2000)})
    jetty = layer(point(500, 490, kind="jetty"))
    found = checked(pipe(), water=river, hazard_sources=jetty)
    row = only(found.encroachments)
    assert (row["kind"], row["clause"], row["range_m"]) == ("activity", "art. 32", 500)
    assert len(checked(pipe(), hazard_sources=jetty).encroachments) == 0  # no river, no crossing


def test_chainage_and_angle_of_crossings():
    roads = layer(
        {"id": "A", "name": "G60", "class": "motorway", "geometry": line((300, -100), (300, 100))},
        {"id": "B", "name": "", "class": "residential", "geometry": line((600, -100), (800, 100))},
        {"id": "C", "name": "", "class": "residential", "geometry": line((0, 50), (900, 50))},
    )
    water = layer({"id": "W", "name": "河", "kind": "river", "geometry": box(X + 400, Y - 900, X + 440, Y + 900)})
    found = checked(pipe(laying="buried"), roads=roads, water=water).crossings
    told = found[["target_id", "from_m", "to_m", "angle_deg", "monitoring"]].to_numpy().tolist()
    assert [t[:3] for t in told] == [["A", 300, 300], ["W", 400, 440], ["B", 700, 700]]
    assert [t[3] for t in told] == pytest.approx([90, 90, 45])
    assert {t[4] for t in told} == {"unknown"}
    assert found["needs"].unique().tolist() == ["whether the crossing is watched"]
    assert (found.geometry.x - X).tolist() == pytest.approx([300, 420, 700])
    assert (found.geometry.y - Y).tolist() == pytest.approx([0, 0, 0])


def test_watched_and_unwatched_are_told_where_the_layer_tells():
    road = layer({"id": "A", "class": "trunk", "geometry": line((300, -100), (300, 100))})
    pipes = [pipe(id="a", monitored=True), pipe(id="b", monitored=False), pipe(id="c", monitored=None)]
    found = checked(pipes, roads=road).crossings
    assert found["monitoring"].tolist() == ["monitored", "unmonitored", "unknown"]


def test_pieces_that_meet_at_a_junction_cross_once_and_the_highest_class_counts():
    roads = layer(
        {"id": "A", "class": "residential", "geometry": line((300, -100), (300, 0))},
        {"id": "B", "class": "trunk", "geometry": line((300, 0), (300, 100))},
    )
    assert only(checked(pipe(), roads=roads).crossings)["target_id"] == "B"


def test_streets_over_medium_pressure_pipes_are_counted_not_listed():
    roads = layer(
        {"id": "A", "class": "residential", "geometry": line((300, -100), (300, 100))},
        {"id": "B", "class": "motorway", "geometry": line((600, -100), (600, 100))},
    )
    found = checked(pipe(MEDIUM), roads=roads)
    assert found.crossings["target_id"].tolist() == ["B"]
    left = found.pipelines_unchecked
    assert left[(left["check"] == "crossings") & (left["layer"] == "roads")]["count"].tolist() == [1]


def test_chainage_runs_on_over_the_parts_of_a_line():
    parts = MultiLineString([line((0, 0), (100, 0)), line((500, 0), (600, 0))])
    road = layer({"id": "A", "class": "trunk", "geometry": line((550, -100), (550, 100))})
    assert only(checked({**pipe(), "geometry": parts}, roads=road).crossings)["from_m"] == 150


def test_every_table_has_its_columns_even_when_empty():
    for name, table in checked(pipe({"kind": "town_gas", "pressure_mpa": 0.1}))._asdict().items():
        own = [c for c in table.columns if c != "geometry"]
        assert own == list(RESULTS[name].names), name


def test_layers_that_are_not_there_are_told():
    left = checked(pipe()).pipelines_unchecked
    told = set(zip(left["check"], left["why"], strict=True))
    assert {
        ("encroachments", "no layer buildings"),
        ("crossings", "no layer water"),
        ("hca", "no layer population"),
    } <= told
    assert ("crossings", "railways: no layer shows them") in told


@given(st.floats(0, 12), st.floats(0, 3), st.floats(0, 3))
def test_the_verdict_follows_the_two_sigma_rule(distance, a, b):
    found = checked(pipe(position_error_m=a), buildings=layer(house(400, distance, position_error_m=b)))
    table = found.encroachments
    u = 2 * np.hypot(a, b)
    if min(abs(distance + u - 5), abs(distance - u - 5)) < 1e-6:
        return
    expected = ["conflict"] if distance + u < 5 else ["undecided"] if distance - u < 5 else []
    if distance == 0:  # touches: no deeper than 0
        expected = ["conflict"] if u < 5 else ["undecided"]
    assert table["verdict"].tolist() == expected


def test_the_order_of_rows_does_not_change_a_byte():
    buildings = [house(x, 3, id=f"B{x}") for x in (100, 400, 700)]
    pipes = [pipe(id="a"), pipe(MEDIUM, (0, 40), (1000, 40), id="b")]
    one = checked(pipes, buildings=layer(*buildings)).encroachments
    other = checked(pipes, buildings=layer(*reversed(buildings))).encroachments
    assert one.equals(other)
