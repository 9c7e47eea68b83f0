"""High-consequence areas and location classes on lines drawn by hand; properties; the printed impact radii."""

import itertools
import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box

from geo_risk.analysis.pipelines.areas import pipeline_areas
from geo_risk.analysis.pipelines.chainage import union
from geo_risk.analysis.pipelines.pipes import impact_radius, pipes_of, site_reach
from geo_risk.errors import CRSError, InputError
from geo_risk.schema import RESULTS

CRS = "EPSG:4549"
X, Y = 500_000.0, 3_500_000.0
GAS = {"kind": "long_distance", "medium": "natural_gas", "diameter_mm": 508.0, "pressure_mpa": 6.3}
OIL = {"kind": "long_distance", "medium": "crude_oil", "diameter_mm": 711.0, "pressure_mpa": 8.0}
TOWN = {"kind": "town_gas", "medium": "natural_gas", "diameter_mm": 300.0, "pressure_mpa": 2.5}


def layer(*rows):
    rows = [{"id": f"r{i}", "position_error_m": 0.0, **r} for i, r in enumerate(rows)]
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)


def line(*xy):
    return LineString([(X + x, Y + y) for x, y in xy])


def pipe(of=GAS, *xy, **more):
    return {"id": "P", "geometry": line(*(xy or ((0, 0), (10_000, 0)))), **of, **more}


def people(*groups):
    """(x, y, households) as points of a population layer."""
    return layer(*({"households": float(n), "persons": 3.0 * n, "geometry": Point(X + x, Y + y)} for x, y, n in groups))


def house(x, y, **more):
    return {"kind": "住宅", "geometry": box(X + x, Y + y, X + x + 10, Y + y + 10), **more}


def areas(pipes, **layers):
    pipes = pipes if isinstance(pipes, list) else [pipes]
    return pipeline_areas({"gas_pipelines": layer(*pipes), **layers})


def only(table):
    (row,) = table.to_dict("records")
    return row


def spans(table):
    return [(round(a, 3), round(b, 3)) for a, b in zip(table["from_m"], table["to_m"], strict=True)]


@pytest.mark.parametrize(
    ("diameter", "pressure", "radius"),
    [(273, 1.6, 34.2), (508, 6.3, 126.2), (762, 6.9, 198.2), (1016, 10, 318.1), (1219, 12, 418.1)],
)
def test_printed_impact_radii(diameter, pressure, radius):
    assert impact_radius(diameter, pressure) == pytest.approx(radius, abs=0.05)


@pytest.mark.parametrize(
    ("diameter", "pressure", "item", "reach"),
    [
        (1016, 10.0, "c", 318.07),
        (1016, 6.9, "e", 200.0),  # not above 6.9 MPa
        (762, 10.0, "e", 200.0),  # not above 762 mm
        (219, 1.5, "d", 26.55),
        (273, 1.5, "e", 200.0),
        (219, 1.6, "e", 200.0),
    ],
)
def test_which_item_identified_sites_fall_under(diameter, pressure, item, reach):
    (one,) = pipes_of(layer(pipe(diameter_mm=diameter, pressure_mpa=pressure)), {})
    low, high, needs = site_reach(one)
    assert (low[1]["item"], high[1]["item"], needs) == (item, item, ())
    assert low[0] == high[0] == pytest.approx(reach, abs=0.01)


def test_columns_are_those_of_the_schema():
    found = areas(pipe(), population=people((4000, 50, 100)))
    assert list(found.hca.columns) == [*RESULTS["hca"].names, "geometry"]
    assert list(found.classes.columns) == [*RESULTS["location_classes"].names, "geometry"]
    empty = areas(pipe(TOWN, pressure_mpa=0.4))
    assert list(empty.hca.columns) == [*RESULTS["hca"].names, "geometry"]
    assert len(empty.hca) == len(empty.classes) == 0


@pytest.mark.parametrize(
    ("households", "classes"),
    [(15, ["1-2"]), (16, ["1-2", "2", "1-2"]), (99, ["1-2", "2", "1-2"]), (100, ["1-2", "3", "1-2"])],
)
def test_classes_of_gb_50251_by_households(households, classes):
    found = areas(pipe(), population=people((4000, 50, households))).classes
    if households == 15:  # occupied and empty land are both 1-2; what they need differs
        assert set(found["class"]) == {"1-2"}
        return
    assert found["class"].tolist() == classes
    assert spans(found) == [(0, 3800), (3800, 4200), (4200, 10_000)]
    assert found["households"].tolist() == [0, households, 0]


def test_the_strip_is_200_m_wide_on_each_side():
    assert "3" in set(areas(pipe(), population=people((4000, 200, 100))).classes["class"])
    assert "3" not in set(areas(pipe(), population=people((4000, 200.1, 100))).classes["class"])


def test_a_hundred_households_in_the_fullest_window_make_an_area():
    # 60 and 60, 1,900 m apart: in no fixed cut at 0, 2000, 4000 both
    found = areas(pipe(), population=people((1500, 0, 60), (3400, 0, 60)))
    row = only(found.hca)
    assert (row["from_m"], row["to_m"], row["level"], row["item"], row["verdict"]) == (1300, 3600, 2, "b", "found")
    assert "120 households" in row["reason"]
    assert row["geometry"].length == pytest.approx(2300)
    assert len(areas(pipe(), population=people((1500, 0, 60), (3501, 0, 60))).hca) == 0


def test_boundary_is_200_m_beyond_the_outer_edge_of_the_building():
    row = only(areas(pipe(), buildings=layer(house(4000, 50, households=120.0, floors=2.0))).hca)
    assert (row["from_m"], row["to_m"]) == pytest.approx((3800, 4210))


def test_layers_that_count_the_same_people_are_not_added_up():
    both = {"population": people((4000, 50, 60)), "buildings": layer(house(4000, 50, households=60.0, floors=2.0))}
    assert len(areas(pipe(), **both).hca) == 0


def test_town_gas_has_windows_of_1600_m_and_limits_of_its_own():
    def classes(*groups):
        return set(areas(pipe(TOWN), population=people(*groups)).classes["class"])

    assert classes((3000, 0, 12)) == {"1"}
    assert classes((3000, 0, 13)) == {"1", "2"}
    assert classes((3000, 0, 40), (4600, 0, 40)) == {"1", "3"}
    assert classes((3000, 0, 40), (4600.1, 0, 40)) == {"1", "2"}
    assert len(areas(pipe(TOWN), population=people((3000, 0, 500))).hca) == 0  # GB 32167 is not for town gas


def test_where_tall_buildings_prevail_class_4_is_taken_and_said_to_be_open():
    tall = layer(*(house(4000 + 20 * i, 50, id=f"b{i}", households=60.0, floors=6.0) for i in range(3)))
    found = areas(pipe(), buildings=tall)
    row = found.classes.set_index("class").loc["4"]
    assert row["class_sure"] == "3"
    assert "traffic" in row["needs"]
    by_verdict = found.hca.set_index("verdict")
    assert by_verdict.loc["found", "level"] == 2
    assert (by_verdict.loc["undecided", "level"], by_verdict.loc["undecided", "item"]) == (3, "a")


def test_assumed_households_alone_are_never_certain():
    # 12 houses of 100 m2 and 6 floors that tell neither: 6 dwellings each are assumed
    silent = layer(*(house(4000 + 20 * i, 50, id=f"b{i}") for i in range(18)))
    found = areas(pipe(), buildings=silent)
    row = only(found.hca)
    assert (row["verdict"], row["level"]) == ("undecided", 2)
    assert "households of buildings" in row["needs"]
    assert row["confidence"] == "MU"
    assert found.classes["class_sure"].isin(["1-2"]).all()


def site(x, y, kind="hospital", **more):
    return {"id": "S", "name": "S", "kind": kind, "geometry": Point(X + x, Y + y), **more}


def test_a_hospital_near_a_gas_line_is_level_2_and_the_conflict_of_the_copies_is_told():
    row = only(areas(pipe(), crowded_places=layer(site(4000, 150))).hca)
    assert (row["level"], row["item"], row["verdict"]) == (2, "e", "found")
    assert "another has Ⅰ" in row["reason"]
    # at most what is within 200 m (132 m to each side) and 200 m beyond the place
    assert (row["from_m"], row["to_m"]) == (3800, 4200)
    assert row["cause"] == "crowded_places S: S"
    (cause,) = json.loads(row["causes"])
    assert (cause["item"], cause["layer"], cause["id"], cause["distance_m"]) == ("e", "crowded_places", "S", 150.0)


@pytest.mark.parametrize(("distance", "count"), [(318.0, 1), (318.2, 0)])
def test_a_large_line_reaches_as_far_as_its_impact_radius(distance, count):
    large = pipe(diameter_mm=1016.0, pressure_mpa=10.0)
    found = areas(large, crowded_places=layer(site(4000, distance))).hca
    assert len(found) == count
    assert count == 0 or found["item"].tolist() == ["c"]


@pytest.mark.parametrize(("distance", "count"), [(26.5, 1), (26.7, 0)])
def test_a_small_line_reaches_less_far_and_is_level_1(distance, count):
    small = pipe(diameter_mm=219.0, pressure_mpa=1.5)
    found = areas(small, crowded_places=layer(site(4000, distance))).hca
    assert len(found) == count
    assert count == 0 or (found["item"].tolist(), found["level"].tolist()) == (["d"], [1])


@pytest.mark.parametrize(
    ("unknown", "distance", "verdict"),
    [("diameter_mm", 190, "found"), ("diameter_mm", 300, "undecided"), ("pressure_mpa", 300, "undecided")],
)
def test_without_diameter_or_pressure_the_reach_is_open(unknown, distance, verdict):
    base = {"diameter_mm": 1016.0, "pressure_mpa": 10.0} | {unknown: np.nan}
    row = only(areas(pipe(**base), crowded_places=layer(site(4000, distance))).hca)
    assert row["verdict"] == verdict
    assert (unknown.split("_")[0] in row["needs"]) == (verdict == "undecided")


@pytest.mark.parametrize(("distance", "verdict"), [(189.9, "found"), (190.1, "undecided"), (209.9, "undecided")])
def test_within_the_position_errors_a_site_is_undecided(distance, verdict):
    # u = 2 sqrt(3^2 + 4^2) = 10 m
    place = layer(site(4000, distance, position_error_m=4.0))
    assert only(areas(pipe(position_error_m=3.0), crowded_places=place).hca)["verdict"] == verdict


def test_a_place_known_to_within_kilometres_is_not_lost():
    place = layer(site(4000, 900, position_error_m=500.0))
    assert only(areas(pipe(), crowded_places=place).hca)["verdict"] == "undecided"


def test_a_temple_counts_if_thirty_people_gather():
    def verdicts(**more):
        return areas(pipe(), crowded_places=layer(site(4000, 50, "religious", **more))).hca["verdict"].tolist()

    assert verdicts(capacity=30.0) == ["found"]
    assert verdicts(capacity=29.0) == []
    assert verdicts() == ["undecided"]


def test_a_place_of_unknown_kind_leaves_the_answer_open():
    row = only(areas(pipe(), crowded_places=layer(site(4000, 50, None, capacity=500.0))).hca)
    assert (row["verdict"], row["needs"]) == ("undecided", "kind of place")


def test_areas_at_most_50_m_apart_are_one():
    near = layer(site(4000, 0), site(4450, 0, id="T"))
    assert spans(areas(pipe(), crowded_places=near).hca) == [(3800, 4650)]
    apart = layer(site(4000, 0), site(4450.1, 0, id="T"))
    assert len(areas(pipe(), crowded_places=apart).hca) == 2


def test_oil_lines_near_water_roads_and_villages():
    water = layer({"id": "W", "name": "", "kind": "river", "geometry": line((2000, -900), (2000, 900))})
    road = layer({"id": "R", "name": "G60", "class": "trunk", "geometry": line((5000, -900), (5000, 900))})
    found = areas(pipe(OIL), water=water, roads=road, population=people((8000, 100, 50))).hca
    assert found[["item", "level"]].to_numpy().tolist() == [["f", 3], ["d", 1], ["c", 2]]
    assert spans(found) == [(1800, 2200), (4950, 5050), (7800, 8200)]
    assert len(areas(pipe(OIL), population=people((8000, 100, 49))).hca) == 0
    assert len(areas(pipe(), water=water, roads=road).hca) == 0  # not in the table of gas


def test_county_roads_and_lakes_leave_the_answer_open():
    road = layer({"id": "R", "name": "县道", "class": "primary", "geometry": line((5000, -900), (5000, 900))})
    row = only(areas(pipe(OIL), roads=road).hca)
    assert (row["verdict"], row["needs"]) == ("undecided", "whether it is a national or provincial road")


def test_a_filling_station_counts_for_gas_outside_class_3_only():
    station = layer({"id": "F", "name": "F", "kind": "filling_station", "geometry": Point(X + 4000, Y + 100)})
    row = only(areas(pipe(), hazard_sources=station).hca)
    assert (row["item"], row["level"], row["confidence"]) == ("f", 2, "MC")
    assert "another has Ⅲ" in row["reason"]
    crowded = areas(pipe(), hazard_sources=station, population=people((4000, 50, 100))).hca
    assert only(crowded)["item"] == "b"


def test_an_industrial_area_may_be_class_3():
    land = layer({"id": "L", "name": "西区", "kind": "industrial", "geometry": box(X + 4000, Y, X + 5000, Y + 900)})
    found = areas(pipe(), landuse=land)
    assert only(found.hca)["verdict"] == "undecided"
    row = found.classes.set_index("class").loc["3"]
    assert (row["class_sure"], row["from_m"], row["to_m"]) == ("1-2", pytest.approx(3800), pytest.approx(5200))
    town = areas(pipe(TOWN), landuse=land).classes.set_index("class").loc["3"]
    assert town["class_sure"] == "3"


def test_a_school_in_class_1_asks_for_the_design_of_class_3():
    found = areas(pipe(), crowded_places=layer(site(4000, 150, "primary_school"))).classes
    assert found["class"].tolist() == ["1-2"] * 3
    assert found["design_class"].tolist() == ["1-2", "3", "1-2"]
    assert found["design_factor"].tolist() == [0.72, 0.5, 0.72]


def test_a_line_of_unknown_kind_or_medium_is_never_certain():
    place = layer(site(4000, 50))
    for unknown, word in (({"kind": None}, "long-distance"), ({"medium": None}, "medium")):
        found = areas(pipe(**unknown), crowded_places=place).hca
        assert (found["verdict"] == "undecided").all()
        assert len(found) == 1
        assert word in found["needs"].iloc[0]


def test_what_is_not_looked_at_is_counted():
    shut = pipe(id="shut", state="closed")
    bare = pipe(id="bare") | {"geometry": None}
    hazmat = pipe(id="h", kind="hazmat", medium="ethylene")
    skipped = areas([pipe(), shut, bare, hazmat]).skipped
    assert {(layer, why.split(":")[0]): n for (layer, why), n in skipped.items()} == {
        ("gas_pipelines", "closed"): 1,
        ("gas_pipelines", "no line"): 1,
        ("gas_pipelines", "chemical pipelines"): 1,
    }


def test_what_counts_nowhere_is_told():
    silent = layer({"persons": np.nan, "households": np.nan, "geometry": Point(X + 4000, Y)})
    school = layer(site(4000, 50, state="planned"))
    skipped = areas(pipe(), population=silent, crowded_places=school).skipped
    assert skipped["population", "near a pipeline, tells neither households nor persons"] == 1
    assert skipped["crowded_places", "near a pipeline, closed or planned: not counted"] == 1


def test_a_certain_area_says_what_might_raise_its_level():
    row = only(areas(pipe(), population=people((4000, 0, 120))).hca)
    assert (row["verdict"], row["needs"]) == ("found", "floors of buildings")


def test_bad_rows_are_refused_with_their_id():
    with pytest.raises(InputError, match="diameter_mm is -5"):
        areas(pipe(diameter_mm=-5.0))
    with pytest.raises(InputError, match="'P'"):
        areas([pipe(), pipe()])
    with pytest.raises(CRSError):
        pipeline_areas({"gas_pipelines": layer(pipe()).to_crs(4326)})


GROUPS = st.lists(st.tuples(st.integers(0, 6000), st.integers(-220, 220), st.integers(1, 60)), min_size=1, max_size=8)
RANKS = {"1-2": 0, "2": 1, "3": 2, "4": 3}


def ranks(classes, at):
    """The class at each chainage."""
    low, high = (classes[c].to_numpy()[:, None] for c in ("from_m", "to_m"))
    rank = classes["class"].map(RANKS).to_numpy()[:, None]
    return np.where((low <= at) & (high >= at), rank, -1).max(axis=0)


@settings(max_examples=40)
@given(GROUPS, st.tuples(st.integers(0, 6000), st.integers(-220, 220), st.integers(1, 60)))
def test_a_further_household_never_lowers_a_class(groups, more):
    line_ = pipe(GAS, (0, 0), (6000, 0))
    before = areas(line_, population=people(*groups)).classes
    after = areas(line_, population=people(*groups, more)).classes
    at = np.arange(0.5, 6000, 11.0)
    assert (ranks(after, at) >= ranks(before, at)).all()


@settings(max_examples=40)
@given(GROUPS, st.integers(1, 5999), st.booleans())
def test_cutting_a_pipeline_in_two_loses_no_area(groups, at, turned):
    whole = areas(pipe(GAS, (0, 0), (6000, 0)), population=people(*groups))
    second = ((6000, 0), (at, 0)) if turned else ((at, 0), (6000, 0))
    halves = [pipe(GAS, (0, 0), (at, 0), id="A"), pipe(GAS, *second, id="B")]
    cut = areas(halves, population=people(*groups))
    for ours, theirs in ((whole.hca, cut.hca), (whole.classes, cut.classes)):
        assert joined(ours) == pytest.approx(joined(theirs), abs=1e-3)


def joined(table):
    """From and to of all pieces on the ground, those that touch joined."""
    ends = [tuple(sorted(x - X for x in shapely.get_coordinates(g)[[0, -1], 0])) for g in table.geometry]
    words = table["class"] if "class" in table else table["level"].astype(str)
    return np.array(
        [
            span
            for w in sorted(set(words))
            for span in union([e for e, v in zip(ends, words, strict=True) if v == w], 1e-3)
        ]
    ).ravel()


@settings(max_examples=40)
@given(GROUPS)
def test_classes_cover_the_line_without_gaps(groups):
    found = areas(pipe(GAS, (0, 0), (6000, 0)), population=people(*groups)).classes
    ends = spans(found)
    assert ends[0][0] == 0
    assert ends[-1][1] == 6000
    assert all(a[1] == b[0] for a, b in itertools.pairwise(ends))
