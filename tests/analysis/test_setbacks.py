"""Every verdict on shapes drawn by hand; the pair search against a slow twin; properties."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from geo_risk.analysis.clearance import nearest_segments, overlap_depth
from geo_risk.analysis.conditions import bounds, demands, prepare
from geo_risk.analysis.setbacks import NEAR_MISS_M, check_setbacks
from geo_risk.analysis.source_classes import classify_hazard
from geo_risk.analysis.target_classes import classify_target
from geo_risk.errors import CRSError, InputError
from geo_risk.schema import RESULTS

CRS = "EPSG:4549"
X, Y = 500_000.0, 3_500_000.0  # on the central meridian, where the grid's scale is 1


def at(x, y=0.0):
    return Point(X + x, Y + y)


def square(x0, y0, x1, y1):
    return box(X + x0, Y + y0, X + x1, Y + y1)


def line(*xy):
    return LineString([(X + x, Y + y) for x, y in xy])


def layer(*rows, crs=CRS):
    rows = [{"id": f"r{i}", "position_error_m": 0.0, **r} for i, r in enumerate(rows)]
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=crs)


def park(geometry, **more):
    return layer({"id": "P", "kind": "hazmat_parking", "geometry": geometry, **more})


def school(geometry, **more):
    return layer({"id": "S", "kind": "primary_school", "capacity": 820, "geometry": geometry, **more})


def only(findings):
    (row,) = findings.to_dict("records")
    return row


def park_and_school(source, target, **errors):
    return check_setbacks({"hazard_sources": park(source, **errors), "crowded_places": school(target)})


@pytest.mark.parametrize(
    ("distance", "verdict"),
    [(39.9, "conflict"), (40.1, "undecided"), (59.9, "undecided"), (60.1, "clear"), (99.9, "clear"), (100.1, None)],
)
def test_verdicts_at_50_m_with_10_m_uncertainty(distance, verdict):
    # u = 2 sqrt(3^2 + 4^2) = 10 m; clear pairs are reported up to 50 m beyond the 50 m required
    layers = {
        "hazard_sources": park(at(0), position_error_m=3.0),
        "crowded_places": school(at(distance), position_error_m=4.0),
    }
    findings = check_setbacks(layers)
    if verdict is None:
        assert findings.empty
        return
    row = only(findings)
    assert (row["verdict"], row["rule_id"], row["required_m"]) == (verdict, "SB001", 50)
    assert row["clearance_m"] == pytest.approx(distance, abs=1e-3)
    assert row["uncertainty_m"] == 10


def test_a_finding_says_everything():
    findings = park_and_school(at(0), at(30))
    assert list(findings.columns) == [*RESULTS["findings"].names, "geometry"]
    row = only(findings)
    assert (row["standard"], row["edition"], row["clause"], row["confidence"]) == ("GB 55037", "2022", "3.1.3", "V")
    assert (row["source_layer"], row["source_id"], row["target_layer"], row["target_id"]) == (
        "hazard_sources", "P", "crowded_places", "S",
    )  # fmt: skip
    assert "30.0 m" in row["reason"]
    assert "820" in row["reason"]
    assert row["geometry"].equals(line((0, 0), (30, 0)))


HOLED = Polygon(square(-200, -200, 200, 200).exterior, [square(-60, -60, 60, 60).exterior])


@pytest.mark.parametrize(
    ("source", "target", "clearance"),
    [
        (square(0, 0, 10, 10), square(40, 0, 50, 10), 30),  # edge to edge, not centre to centre
        (square(0, 0, 10, 10), square(10, 0, 20, 10), 0),  # touching
        (square(0, 0, 10, 10), square(5, 5, 20, 20), 0),  # overlapping
        (square(5, 5, 6, 6), square(0, 0, 10, 10), 0),  # inside the school
        (square(0, 0, 10, 10), line((-5, 5), (15, 5)), 0),  # crossing
        (at(0), MultiPolygon([square(300, 0, 310, 10), square(20, 0, 30, 10)]), 20),  # the nearest part counts
        (at(0), HOLED, 60),  # in the hole of a ring-shaped school
        (square(-70, 0, -50, 10), HOLED, 0),  # across the hole's edge
    ],
)
def test_shapes(source, target, clearance):
    row = only(park_and_school(source, target))
    assert row["clearance_m"] == pytest.approx(clearance, abs=1e-3)
    assert row["verdict"] == ("conflict" if clearance < 50 else "clear")
    assert row["geometry"].length == pytest.approx(clearance, abs=1e-3)


def test_a_place_inside_the_source_may_be_its_own():
    row = only(park_and_school(square(0, 0, 50, 50), at(20, 20)))
    assert (row["verdict"], row["clearance_m"]) == ("undecided", 0)
    assert "may be part of it" in row["reason"]


def test_deep_overlap_is_certain_in_spite_of_position_errors():
    pipe = layer(
        {"kind": "long_distance", "medium": "natural_gas", "geometry": line((0, 0), (100, 0)), "position_error_m": 2}
    )
    for depth, verdict in ((10, "conflict"), (0.1, "undecided")):
        # u = 4 m, 5 m required: 0 + 4 < 5 decides the shallow one too unless the error is larger
        house = layer({"kind": "住宅", "geometry": square(40, -depth, 60, 20), "position_error_m": 4})
        row = only(check_setbacks({"gas_pipelines": pipe, "buildings": house}))
        assert (row["rule_id"], row["clearance_m"], row["verdict"]) == ("SB539", 0, verdict)


def test_overlap_depth_by_hand():
    a = np.array([line((-5, 5), (15, 5)), square(0, 0, 4, 4), at(3, 5), line((0, 0), (9, 9)), at(50)])
    b = np.array(
        [square(0, 0, 10, 10), square(3, 0, 9, 4), square(0, 0, 10, 10), line((0, 9), (9, 0)), square(0, 0, 1, 1)]
    )
    depth = overlap_depth(a, b)
    assert 4 <= depth[0] <= 5  # probed every 2 m; the middle of the square is 5 m from its edge
    assert 0.4 <= depth[1] <= 1  # a strip 1 m wide: moved by more than 1 m they part
    assert depth[2:].tolist() == pytest.approx([3, 0, 0])


def test_the_same_enterprise_is_no_target_of_itself():
    plant = layer({"id": "E1", "name": "甲厂", "sector": "化工", "geometry": square(-50, -50, 50, 50)})
    tank = {"kind": "tank_farm", "substance": "液化石油气", "volume_m3": 180, "geometry": at(0)}
    alone = check_setbacks({"hazard_sources": layer({**tank, "enterprise_id": "E1"}), "enterprises": plant})
    assert alone.empty
    by_name = check_setbacks({"hazard_sources": layer({**tank, "enterprise_name": "甲厂"}), "enterprises": plant})
    assert by_name.empty
    other = only(check_setbacks({"hazard_sources": layer({**tank, "enterprise_id": "E9"}), "enterprises": plant}))
    assert other["verdict"] == "undecided"  # it lies inside the plant: whose is it?


def test_a_place_on_the_source_enterprises_site_is_undecided():
    plant = layer({"id": "E1", "name": "甲厂", "sector": "仓储", "geometry": square(-100, -100, 100, 100)})
    layers = {"hazard_sources": park(at(0), enterprise_id="E1"), "enterprises": plant}
    assert only(check_setbacks({**layers, "crowded_places": school(at(30))}))["verdict"] == "undecided"
    outside = only(check_setbacks({**layers, "crowded_places": school(at(30, 0)), "enterprises": plant.iloc[:0]}))
    assert outside["verdict"] == "conflict"


def station(**more):
    return layer({"id": "F", "kind": "filling_station", "name": "某加油站", "geometry": at(0), **more})


@pytest.mark.parametrize(("distance", "verdict"), [(10.9, "conflict"), (12, "undecided"), (17.6, "clear")])
def test_a_station_of_unknown_volume_spans_the_three_classes(distance, verdict):
    # protected building class 1: 17.5, 14, 11 m by class of station
    kindergarten = layer({"kind": "kindergarten", "capacity": 100, "geometry": at(distance)})
    row = only(check_setbacks({"hazard_sources": station(), "crowded_places": kindergarten}))
    assert row["verdict"] == verdict
    assert row["required_m"] == (11 if verdict == "conflict" else 17.5)


@pytest.mark.parametrize(
    ("volume", "substance", "required"),
    [(200, "汽油", 17.5), (150, "汽油", 14), (90, "汽油", 11), (91, "汽油", 14), (200, "柴油", 17.5), (60, "柴油", 11)],
)
def test_station_class_by_volume(volume, substance, required):
    kindergarten = layer({"kind": "kindergarten", "capacity": 100, "geometry": at(60)})
    row = only(
        check_setbacks(
            {"hazard_sources": station(volume_m3=volume, substance=substance), "crowded_places": kindergarten}
        )
    )
    # the station's name says 加油站, so diesel alone is not assumed; 200 m3 of diesel at half could be class 2
    assert (row["verdict"], row["required_m"]) == ("clear", required)


def test_tanks_of_one_unit_add_up():
    """GB 50016 T4.2.1 counts the tank group: two of 30 m3 are 60 m3: 50 m to a high-rise, not 40 m."""
    tank = {"kind": "tank_farm", "substance": "甲醇", "volume_m3": 30, "storage": "pressurised"}
    hotel = layer({"kind": "hotel", "floors": 20, "geometry": at(55)})

    def check(unit):
        rows = [{**tank, "unit_id": u, "geometry": at(-5 * i)} for i, u in enumerate(unit)]
        findings = check_setbacks({"hazard_sources": layer(*rows), "crowded_places": hotel})
        return findings.set_index("source_id").loc["r0", ["verdict", "required_m"]].tolist()

    # high-rise is civil: fixed roof 25 % more, 40 -> 50 m and 50 -> 62.5 m
    assert check(["A", "B"]) == ["clear", 50.0]
    assert check(["A", "A"]) == ["undecided", 62.5]


def rule(confidence, distance=50.0):
    row = {
        "rule_id": f"{confidence}{distance:g}",
        "source_class": "hazmat_vehicle_park",
        "target_classes": "crowded_place",
    }
    row |= {
        "distance_m": distance,
        "standard": "T",
        "edition": "1",
        "clause": "1",
        "confidence": confidence,
        "source": "t",
    }
    return pd.DataFrame([row])


@pytest.mark.parametrize("distance", [0, 20, 49, 51, 90])
def test_an_unverified_rule_alone_settles_nothing(distance):
    layers = {"hazard_sources": park(at(0)), "crowded_places": school(at(distance))}
    row = only(check_setbacks(layers, rules=rule("MU")))
    assert row["verdict"] == "undecided"
    assert "unverified rule" in row["reason"]
    assert only(check_setbacks(layers, rules=rule("MC")))["verdict"] == ("conflict" if distance < 50 else "clear")


def test_a_verified_rule_still_decides_beside_an_unverified_one():
    both = pd.concat([rule("V", 40.0), rule("MU", 60.0)], ignore_index=True)
    verdicts = [
        only(check_setbacks({"hazard_sources": park(at(0)), "crowded_places": school(at(d))}, rules=both))["verdict"]
        for d in (30, 50, 80)
    ]
    assert verdicts == ["conflict", "undecided", "undecided"]


def test_own_rules_may_name_layer_and_kind():
    own = rule("V", 120.0).assign(
        source_class="hazard_sources:waterworks", target_classes="crowded_places:primary_school"
    )
    works = layer({"kind": "waterworks", "substance": "液氯", "geometry": at(0)})
    row = only(check_setbacks({"hazard_sources": works, "crowded_places": school(at(100))}, rules=own))
    assert (row["verdict"], row["required_m"], row["standard"]) == ("conflict", 120, "T")


def test_road_edges():
    tank = {"kind": "tank_farm", "substance": "甲醇", "volume_m3": 100, "storage": "atmospheric", "geometry": at(0)}

    def check(**road):
        road = layer({"geometry": line((-100, 25), (100, 25)), "class": "residential", **road})
        return only(check_setbacks({"hazard_sources": layer(tank), "roads": road}))

    # GB 50016 T4.2.9: 20 m to the road edge; centreline at 25 m
    wide = check(width_m=12.0)
    assert (wide["rule_id"], wide["verdict"], wide["required_m"]) == ("SB062", "conflict", 20)
    assert wide["clearance_m"] == pytest.approx(19, abs=1e-3)
    assert wide["geometry"].length == pytest.approx(19, abs=1e-3)
    assert check(width_m=8.0)["verdict"] == "clear"  # 21 m
    unknown = check()
    assert unknown["verdict"] == "undecided"
    assert "width is not given" in unknown["reason"]
    assert check(geometry=line((-100, 15), (100, 15)))["verdict"] == "conflict"  # the centreline itself is too near
    assert check(geometry=line((-100, 41), (100, 41)))["verdict"] == "clear"  # 20 m half width assumed at most
    assert check(width_m=80.0)["clearance_m"] == 0  # the tank stands in the road


def test_of_a_road_in_pieces_the_nearest_is_reported():
    pieces = [
        {"id": f"p{i}", "class": "residential", "width_m": 4.0, "geometry": line((10 * i, 10), (10 * i + 10, 10))}
        for i in range(9)
    ]
    findings = check_setbacks(
        {
            "hazard_sources": layer({"kind": "tank_farm", "substance": "甲醇", "volume_m3": 9, "geometry": at(45)}),
            "roads": layer(*pieces),
        }
    )
    conflicts = findings[findings["verdict"] == "conflict"]
    assert conflicts["target_id"].tolist() == ["p4"]


@pytest.mark.parametrize(
    ("pressure", "more", "low", "high"),
    [
        (0.005, {}, 0.7, 0.7),
        (0.2, {}, 0.5, 1.0),  # reduced 0.5 m with protection
        (0.4, {}, 0.5, 1.5),
        (0.8, {}, 3.0, 5.0),
        (1.6, {"wall_mm": 8}, 13.5, 13.5),
        (1.6, {"wall_mm": 9.5}, 6.5, 6.5),
        (1.6, {"wall_mm": 11.9}, 3.0, 3.0),
        (1.6, {}, 3.0, 13.5),
        (2.5, {"diameter_mm": 400, "wall_mm": 8}, 15, 23),  # class 3: 15 m; class 1-2: 23 m
        (3.0, {"diameter_mm": 400, "wall_mm": 8}, 15, 28),  # between the columns 2.5 and 4.0
        (4.0, {"diameter_mm": 450, "wall_mm": 12}, 8, 28),
    ],
)
def test_town_gas_clearance_by_pressure_diameter_and_wall(pressure, more, low, high):
    pipe = layer({"kind": "town_gas", "pressure_mpa": pressure, "geometry": line((0, 0), (100, 0)), **more})

    def verdict(distance):
        house = layer({"kind": "住宅", "geometry": square(40, distance, 60, distance + 20)})
        return only(check_setbacks({"gas_pipelines": pipe, "buildings": house}))["verdict"]

    assert verdict(low - 0.01) == "conflict"
    assert verdict(high + 0.6) == "clear"  # beyond the pipe's own half diameter
    if high > low:
        assert verdict((low + high) / 2) == "undecided"


def test_pipeline_law_and_oil():
    def rule_of(**pipe):
        pipe = layer({"kind": "long_distance", "geometry": line((0, 0), (100, 0)), **pipe})
        house = layer({"kind": "住宅", "geometry": square(40, 3, 60, 20)})
        return only(check_setbacks({"gas_pipelines": pipe, "buildings": house}))

    gas = rule_of(medium="natural_gas")
    assert (gas["rule_id"], gas["verdict"], gas["required_m"], gas["confidence"]) == ("SB539", "conflict", 5, "V")
    assert rule_of(medium="crude_oil")["verdict"] == "conflict"


def test_what_is_not_checked_is_listed():
    layers = {
        "gas_pipelines": layer(
            {"kind": "hazmat", "geometry": line((0, 0), (9, 0))}, {"kind": "hazmat", "geometry": line((0, 0), (9, 0))}
        ),
        "hazard_sources": layer(
            {"kind": "waterworks", "substance": "液氯", "geometry": at(0)},
            {"kind": "tank_farm", "substance": "液氨", "geometry": at(0)},
            {"kind": "tank_farm", "substance": "液化石油气", "volume_m3": 20, "geometry": at(0)},
            {"kind": "hazmat_parking", "state": "closed", "geometry": at(0)},
            {"kind": "hazmat_parking", "geometry": None},
        ),
        "parking_lots": layer({"kind": "general", "geometry": at(0)}, {"geometry": at(0)}),
        "enterprises": layer({"id": "E", "sector": "化工", "geometry": at(5)}),
    }
    listed = check_setbacks(layers).attrs["not_checked"]
    text = {(n["layer"], n["why"]): n["count"] for n in listed}
    assert text["gas_pipelines", "no verified distance for hazardous-chemical pipelines"] == 2
    assert text["hazard_sources", "no distance table for kind 'waterworks'"] == 1
    assert text["hazard_sources", "no distance table recovered for tanks of 氨"] == 1
    assert text["hazard_sources", "volume lies outside the table of lpg_tank (30 to 10000 m3)"] == 1
    assert text["hazard_sources", "closed"] == 1
    assert text["hazard_sources", "no geometry"] == 1
    assert text["parking_lots", "kind of car park unknown"] == 1
    assert any(n["layer"] == "enterprises" and "no outline" in n["why"] for n in listed)
    assert any("railway" in n["why"] for n in listed)


def test_geodesic_length_differs_from_the_grid():
    # 1.5 degrees from the central meridian the grid stretches by about 0.03 %
    east = gpd.GeoSeries([Point(121.45, 31.6)], crs="EPSG:4326").to_crs(CRS).iloc[0]
    a, b = np.array([east]), np.array([translate(east, 1000.0)])
    _, clearance = nearest_segments(a, b, CRS)
    assert 999.5 < clearance[0] < 999.8
    utm = "EPSG:32650"
    _, clearance = nearest_segments(np.array([at(0)]), np.array([at(1000)]), utm)  # scale 0.9996 on the meridian
    assert clearance[0] == pytest.approx(1000.4, abs=0.01)


def test_a_self_crossing_outline_is_measured():
    bow_tie = Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)])
    assert only(park_and_school(at(40, 5), bow_tie))["clearance_m"] == pytest.approx(30, abs=1e-3)
    assert only(park_and_school(square(-5, 0, 20, 10), bow_tie))["clearance_m"] == 0


def test_bad_layers():
    place = school(at(30))
    with pytest.raises(CRSError, match="EPSG:4326"):
        check_setbacks({"crowded_places": place.to_crs("EPSG:4326")})
    with pytest.raises(CRSError, match="layers differ"):
        check_setbacks({"crowded_places": place, "hazard_sources": park(at(0)).to_crs("EPSG:4548")})
    with pytest.raises(InputError, match="id 'S' is repeated"):
        check_setbacks({"crowded_places": pd.concat([place, place])})
    with pytest.raises(InputError, match="has no id"):
        check_setbacks({"crowded_places": place.assign(id=None)})
    with pytest.raises(InputError, match="'S': position_error_m is -1"):
        check_setbacks({"crowded_places": place.assign(position_error_m=-1.0)})


@pytest.mark.parametrize("layers", [{}, {"crowded_places": school(at(0))}, {"hazard_sources": park(at(0))}])
def test_nothing_to_check_gives_an_empty_table(layers):
    findings = check_setbacks(layers)
    assert findings.empty
    assert list(findings.columns) == [*RESULTS["findings"].names, "geometry"]


KINDS = ["hazmat_parking", "filling_station", "tank_farm", "process_unit", "warehouse", "cylinder_depot"]
SUBSTANCES = ["甲醇", "液化石油气", "汽油", "柴油", None, "液氯", "苯/甲苯"]
PLACES = ["primary_school", "hospital", "market", "residential", "office", "kindergarten"]


def random_region(seed, n=25, m=60, size=700.0):
    rng = np.random.default_rng(seed)
    hazards = [
        {
            "id": f"h{i}", "kind": KINDS[rng.integers(6)], "substance": SUBSTANCES[rng.integers(7)],
            "volume_m3": [np.nan, 20.0, 100.0, 800.0, 4000.0][rng.integers(5)],
            "quantity_t": [np.nan, 3.0, 30.0][rng.integers(3)], "position_error_m": float(rng.integers(0, 6)),
            "geometry": at(*rng.uniform(0, size, 2)).buffer(rng.uniform(1, 30)),
        }
        for i in range(n)
    ]  # fmt: skip
    places = [
        {
            "id": f"t{i}", "kind": PLACES[rng.integers(6)], "capacity": [np.nan, 100.0, 900.0, 2000.0][rng.integers(4)],
            "position_error_m": float(rng.integers(0, 6)), "geometry": at(*rng.uniform(0, size, 2)),
        }
        for i in range(m)
    ]  # fmt: skip
    return {"hazard_sources": layer(*hazards), "crowded_places": layer(*places)}


@pytest.mark.parametrize("seed", range(4))
def test_pair_search_and_verdicts_against_a_slow_twin(seed):
    layers = random_region(seed)
    rules = prepare()
    expected = set()
    for h in layers["hazard_sources"].to_dict("records"):
        cases = demands(classify_hazard(h, "").options, rules)
        for p in layers["crowded_places"].to_dict("records"):
            need = bounds(cases, classify_target("crowded_places", p).target, rules)
            if need.high_rule < 0:
                continue
            clearance = shapely.distance(h["geometry"], p["geometry"])
            u = 2 * np.hypot(h["position_error_m"], p["position_error_m"])
            inside = shapely.boundary(h["geometry"]).distance(p["geometry"]) if clearance == 0 else 0.0
            unsure = rules.frame["confidence"].iloc[need.high_rule] == "MU"
            if clearance - inside + u < need.low:
                verdict = "undecided" if clearance == 0 else "conflict"  # a place inside the source may be its own
            elif clearance - u >= need.high and not unsure:
                verdict = "clear"
            else:
                verdict = "undecided"
            if clearance <= need.high + max(NEAR_MISS_M, 2 * u) or clearance - u < need.high:
                expected.add((h["id"], p["id"], verdict))
    findings = check_setbacks(layers)
    found = findings[findings["target_layer"] == "crowded_places"]
    assert set(zip(found["source_id"], found["target_id"], found["verdict"], strict=True)) == expected
    assert len(expected) > 50


def test_the_order_of_the_input_does_not_matter():
    layers = random_region(9)
    shuffled = {k: v.sample(frac=1, random_state=1) for k, v in layers.items()}
    one, two = check_setbacks(layers), check_setbacks(shuffled)
    pd.testing.assert_frame_equal(one.drop(columns="geometry"), two.drop(columns="geometry"))
    assert one["finding_id"].is_unique
    rank = one["verdict"].map({"conflict": 0, "undecided": 1, "clear": 2})
    assert rank.is_monotonic_increasing


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    substance=st.sampled_from(SUBSTANCES),
    volume=st.sampled_from([np.nan, 60.0, 900.0]),
    place=st.sampled_from(PLACES),
    capacity=st.sampled_from([np.nan, 100.0, 900.0]),
    distance=st.floats(0, 200),
    further=st.floats(0, 200),
)
def test_moving_a_target_away_never_makes_it_worse(kind, substance, volume, place, capacity, distance, further):
    hazard = layer({"kind": kind, "substance": substance, "volume_m3": volume, "geometry": at(0)})

    def severity(x):
        found = check_setbacks(
            {
                "hazard_sources": hazard,
                "crowded_places": layer({"kind": place, "capacity": capacity, "geometry": at(x)}),
            }
        )
        return 2 if found.empty else ["conflict", "undecided", "clear"].index(found["verdict"].iloc[0])

    assert severity(distance) <= severity(distance + further)


def test_only_some_rows_give_their_pairs_and_no_other():
    parks = layer(*({"id": f"P{i}", "kind": "hazmat_parking", "geometry": at(30 * i)} for i in range(4)))
    schools = layer(
        *({"id": f"S{i}", "kind": "primary_school", "geometry": at(30 * i, 20)} for i in range(4)),
    )
    layers = {"hazard_sources": parks, "crowded_places": schools}
    every = check_setbacks(layers)
    wanted = [("hazard_sources", "P1"), ("crowded_places", "S3")]
    some = check_setbacks(layers, only=wanted)
    about = every["source_id"].eq("P1") | every["target_id"].eq("S3")
    assert 0 < about.sum() < len(every)
    pd.testing.assert_frame_equal(some, every[about].reset_index(drop=True))
    assert check_setbacks(layers, only=[]).empty
