"""GB 18218-2018: worked examples by hand, and everything that makes a unit undecided."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPoint, Point, box

from geo_risk.analysis.major_hazards import alpha, level, major_hazards
from geo_risk.analysis.residents import count_residents
from geo_risk.errors import CRSError, InputError
from geo_risk.schema import RESULTS

CRS = "EPSG:4549"


def sources(*rows, crs=CRS):
    rows = [{"id": f"S{i}", "geometry": Point(0, 0), **r} for i, r in enumerate(rows)]
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=crs)


def one(*rows, **layers):
    (row,) = major_hazards(sources(*({"unit_id": "U", **r} for r in rows)), **layers).to_dict("records")
    return row


@pytest.mark.parametrize(
    ("quantity", "residents", "s", "r", "expected"),
    [
        # 10/10 + 3/5 = 1.6; 1.5 (2*1 + 4*0.6) = 6.6
        ((10, 3), 60, 1.6, 6.6, 4),
        # 2.0 (2*1 + 4*0.6) = 8.8
        ((10, 3), 100, 1.6, 8.8, 4),
        # 2.0 (2*3 + 4*3) = 36
        ((30, 15), 100, 6.0, 36.0, 3),
    ],
)
def test_worked_examples(quantity, residents, s, r, expected):
    rows = [
        {"substance": n, "quantity_t": q, "residents_500m": residents}
        for n, q in zip(("液氨", "液氯"), quantity, strict=True)
    ]
    row = one(*rows)
    assert (row["verdict"], row["s_value"], row["r_value"], row["level"]) == ("major", s, r, expected)
    assert (row["confidence"], row["residents_from"]) == ("V", "declared")


def test_terms_show_the_calculation():
    row = one({"substance": "液氨", "quantity_t": 10}, {"substance": "Cl2", "quantity_t": 3})
    assert [(t["substance"], t["q"], t["Q"], t["beta"]) for t in json.loads(row["terms"])] == [
        ("氨", 10, 10, 2),
        ("氯", 3, 5, 4),
    ]
    assert all(t["clause"] and t["confidence"] == "V" for t in json.loads(row["terms"]))


def test_s_of_one_is_major_even_where_r_is_below_one():
    row = one({"substance": "甲醇", "quantity_t": 500, "residents_500m": 0})
    assert (row["s_value"], row["r_value"], row["verdict"], row["level"]) == (1.0, 0.5, "major", 4)


@pytest.mark.parametrize(
    ("persons", "factor"),
    [(0, 0.5), (0.2, 1), (1, 1), (29, 1), (30, 1.2), (49, 1.2), (50, 1.5), (99, 1.5), (99.5, 2), (100, 2)],
)
def test_alpha(persons, factor):
    assert alpha(persons) == factor


@pytest.mark.parametrize(
    ("r", "expected"), [(0, 4), (9.99, 4), (10, 3), (49.9, 3), (50, 2), (99.9, 2), (100, 1), (1e6, 1)]
)
def test_level(r, expected):
    assert level(r) == expected


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"substance": "神秘物", "quantity_t": 3}, "not known"),
        ({"substance": "液氨"}, "missing"),
        ({"substance": "苯/甲苯", "quantity_t": 100}, "split"),  # S between 0.2 and 2
        ({"substance": "原油", "quantity_t": 1}, "unverified"),  # an MU row never gives not_major
        ({"substance": "原油", "quantity_t": 9000}, "unverified"),  # nor major
        ({"substance": "氯化氢", "quantity_t": 30}, "anhydrous"),
        ({"substance": "汽油", "kind": "filling_station"}, "missing"),
        ({"quantity_t": 30}, "no substance"),
    ],
)
def test_undecided(row, words):
    result = one(row)
    assert result["verdict"] == "undecided"
    assert words in result["reason"]
    assert pd.isna(result["level"])


def test_the_known_part_alone_can_decide():
    row = one({"substance": "氢", "quantity_t": 6}, {"substance": "甲醇"})
    assert (row["verdict"], row["s_value"]) == ("major", 1.2)
    assert pd.isna(row["level"])
    assert "at least 1.2" in row["reason"]
    # known part R = 2.0 * 4 * 100 = 800: level 1 whatever the rest is
    row = one({"substance": "液氯", "quantity_t": 500, "residents_500m": 200}, {"substance": "甲醇"})
    assert row["level"] == 1


def test_a_mixture_below_every_threshold_is_not_major():
    row = one({"substance": "苯/甲苯", "quantity_t": 40})
    assert (row["verdict"], row["s_value"]) == ("not_major", 0.8)


def test_filling_station_volume_becomes_a_quantity_only_with_a_substance():
    # 120 m3 of petrol at 720 to 775 kg/m3, 80 to 100 % full: 69.1 to 93 t, below 200 t
    row = one({"substance": "汽油", "volume_m3": 120, "kind": "filling_station"})
    assert row["verdict"] == "not_major"
    assert row["s_value"] == pytest.approx(120 * 0.775 / 200)
    assert row["confidence"] == "MC"
    assert one({"volume_m3": 120, "kind": "filling_station"})["verdict"] == "undecided"
    assert one({"substance": "汽油", "volume_m3": 300})["verdict"] == "undecided"  # 172.8 to 232.5 t


def test_declared_level_is_compared():
    row = {"substance": "液氯", "quantity_t": 15, "residents_500m": 200, "declared_level": 3}
    assert one(row)["agrees"]  # R = 2 * 4 * 3 = 24
    assert one({**row, "declared_level": 4})["agrees"] == False  # noqa: E712
    assert one({**row, "quantity_t": 1})["agrees"] == False  # noqa: E712  declared, but not major
    assert pd.isna(one({**row, "declared_level": None})["agrees"])
    # residents unknown: alpha 0.5 gives R = 6, level 4; alpha 2 gives 24, level 3
    unknown = one({**row, "residents_500m": None})
    assert (unknown["alpha"], unknown["level"], unknown["residents_from"]) == (2.0, 3, "assumed")
    assert pd.isna(unknown["agrees"])
    assert one({**row, "residents_500m": None, "declared_level": 1})["agrees"] == False  # noqa: E712


def test_a_declared_level_within_the_possible_ones_is_left_open():
    # 苯/甲苯, 3000 t: S between 6 and 60, R = 2 S: level 3 (R 12) to 1 (R 120)
    row = {"substance": "苯/甲苯", "quantity_t": 3000, "residents_500m": 200, "declared_level": 2}
    assert one(row)["level"] == 1
    assert pd.isna(one(row)["agrees"])
    assert one({**row, "declared_level": 4})["agrees"] == False  # noqa: E712


def test_missing_cells_of_any_kind():
    frame = sources({"substance": "氢", "quantity_t": 6.0}, {"substance": None, "quantity_t": None})
    frame["quantity_t"] = frame["quantity_t"].astype("Float64")
    frame["declared_level"] = pd.array([3, None], dtype="Int64")
    assert major_hazards(frame)["verdict"].tolist() == ["major", "undecided"]


def population(rows):
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)


def test_residents_from_points_within_500_m_of_the_plant():
    plant = gpd.GeoDataFrame({"id": ["E1"], "name": ["厂"]}, geometry=[box(-100, -100, 100, 100)], crs=CRS)
    people = population(
        [
            {"persons": 40, "geometry": Point(599, 0)},  # 499 m from the boundary
            {"persons": 700, "geometry": Point(601, 0)},  # 501 m
            {"persons": 5000, "geometry": Point(-9000, 9000)},
            {"persons": 5000, "geometry": Point(9000, 9000)},
            {"persons": 5000, "geometry": Point(0, -9000)},
        ]
    )
    row = {"substance": "液氯", "quantity_t": 5, "enterprise_id": "E1"}
    inside = one(row, population=people, enterprises=plant)
    assert (inside["residents_500m"], inside["alpha"], inside["residents_from"]) == (40, 1.2, "counted")
    assert "the enterprise's outline" in inside["reason"]
    alone = one(row, population=people)  # the unit's own point: nobody within 500 m
    assert (alone["residents_500m"], alone["alpha"]) == (0, 0.5)
    assert "want of a plant boundary" in alone["reason"]
    declared = one({**row, "residents_500m": 55}, population=people, enterprises=plant)
    assert (declared["residents_500m"], declared["residents_from"]) == (55, "declared")


def test_residents_from_polygons_by_share_of_area():
    people = population(
        [{"persons": 100, "geometry": box(0, 0, 10, 10)}, {"persons": 50, "geometry": box(10, 0, 20, 10)}]
    )
    persons, covered = count_residents(people, np.array([box(5, 0, 15, 10), box(-10, 0, 10, 10), box(90, 90, 99, 99)]))
    assert persons.tolist() == [75, 100, 0]
    assert covered.tolist() == [1, 0.5, 0]


def one_zone(population, zone):
    """The plain way: row by row."""
    persons = area = 0.0
    pointwise, met = False, False
    for shape, number in zip(population.geometry, population["persons"], strict=True):
        if shape.intersects(zone):
            met, pointwise = True, pointwise or shape.area == 0
            inside = shape.intersection(zone).area
            persons += (inside / shape.area if shape.area else 1.0) * (0.0 if np.isnan(number) else number)
            area += inside
    share = area / zone.area
    if pointwise or not met:
        hull = MultiPoint([shape.centroid for shape in population.geometry]).convex_hull
        share = max(share, hull.intersection(zone).area / zone.area)
    return persons, min(share, 1.0)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([0, 0, 1, 3]), st.sampled_from([0, 7, np.nan])
        ),
        min_size=1,
        max_size=12,
    ),
    st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 6)), min_size=1, max_size=5),
)
def test_many_zones_at_once_are_each_zone_alone(people, zones):
    shapes = [box(x, y, x + w, y + w) if w else Point(x, y) for x, y, w, _ in people]
    layer = gpd.GeoDataFrame({"persons": [float(p[3]) for p in people]}, geometry=shapes, crs=CRS)
    circles = np.array([Point(x, y).buffer(r) for x, y, r in zones])
    persons, covered = count_residents(layer, circles)
    expected = [one_zone(layer, circle) for circle in circles]
    assert persons == pytest.approx([e[0] for e in expected])
    assert covered == pytest.approx([e[1] for e in expected])


def test_one_table_of_many_units_is_the_units_one_by_one():
    """Units share one spatial query; what stands in a row may not depend on the others."""
    plant = gpd.GeoDataFrame({"id": ["E1"], "name": ["厂"]}, geometry=[box(-100, -100, 100, 100)], crs=CRS)
    xs, ys = (a.ravel() for a in np.meshgrid(np.arange(-1500, 1501, 200), np.arange(-1500, 1501, 200)))
    layer = gpd.GeoDataFrame(
        {"persons": np.full(len(xs), 3.5)}, geometry=shapely.box(xs, ys, xs + 200, ys + 200), crs=CRS
    )
    rows = [
        {"unit_id": "b", "substance": "液氯", "quantity_t": 15.0, "enterprise_id": "E1", "declared_level": 4},
        {"unit_id": "a", "substance": "甲醇", "quantity_t": 900.0, "geometry": Point(700, 700)},
        {"unit_id": "b", "substance": "神秘物", "quantity_t": 1.0, "geometry": Point(300, 0), "declared_level": 2},
        {"unit_id": "c", "substance": "氢", "quantity_t": 9.0, "residents_500m": 12.0},
        {"unit_id": "d", "substance": "氢", "quantity_t": 9.0, "geometry": None},
        {"unit_id": "e", "substance": "氢", "quantity_t": 9.0, "geometry": Point(1500, 1500), "enterprise_name": "厂"},
        {"unit_id": "f", "substance": "氢", "quantity_t": 9.0, "geometry": Point(1500, 1500)},
    ]
    frame = sources(*rows)
    together = major_hazards(frame, population=layer, enterprises=plant)
    assert together["unit_id"].tolist() == list("abcdef")
    assert together["residents_from"].tolist() == ["counted", "counted", "declared", "assumed", "counted", "assumed"]
    for name, alone in frame.groupby("unit_id"):
        expected = major_hazards(alone, population=layer, enterprises=plant)
        assert together[together["unit_id"] == name].reset_index(drop=True).to_json() == expected.to_json()
    assert together["declared_level"].tolist()[1] == 2


def test_population_that_does_not_cover_the_zone_is_not_used():
    people = population([{"persons": 10, "geometry": box(-600, -600, 0, 600)}])
    row = one({"substance": "液氯", "quantity_t": 5}, population=people)
    assert (row["residents_from"], row["alpha"]) == ("assumed", 2.0)
    assert "covers only 50%" in row["reason"]
    crowded = population([{"persons": 5000, "geometry": box(-600, -600, 0, 600)}])
    assert one({"substance": "液氯", "quantity_t": 5}, population=crowded)["residents_from"] == "counted"


def test_units_and_columns():
    result = major_hazards(
        sources({"unit_id": "B"}, {"unit_id": None, "substance": "氢", "quantity_t": 1}, {"unit_id": "B"})
    )
    assert result["unit_id"].tolist() == ["B", "S1"]
    assert list(result.columns) == [*RESULTS["major_hazards"].names, "geometry"]
    assert result.loc[1, "verdict"] == "not_major"


def test_bad_input():
    with pytest.raises(InputError, match="'S0': quantity_t is -3"):
        one({"substance": "氢", "quantity_t": -3})
    with pytest.raises(InputError, match="row 1 has neither id nor unit_id"):
        major_hazards(sources({"id": None}))
    with pytest.raises(CRSError, match="EPSG:4326"):
        major_hazards(sources({}, crs="EPSG:4326"))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["液氨", "液氯", "汽油", "氢"]), st.floats(0, 1e4)), min_size=1, max_size=5),
    st.floats(0, 1e3),
)
def test_more_of_anything_never_lowers_the_grade(terms, more):
    def graded(added, terms=terms):
        return one(*({"substance": n, "quantity_t": q + added, "residents_500m": 10} for n, q in terms))

    less, greater, turned = graded(0), graded(more), graded(0, terms[::-1])
    assert greater["s_value"] >= less["s_value"]
    assert greater["r_value"] >= less["r_value"]
    assert (greater["level"] or 5) <= (less["level"] or 5)
    assert turned["s_value"] == pytest.approx(less["s_value"])
