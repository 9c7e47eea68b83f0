"""Required distances: bands, modifiers, unknowns; and a slow twin that tries every combination."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk import standards
from geo_risk.analysis.conditions import Option, bounds, builtin_rules, demands, outside_tables, prepare
from geo_risk.errors import StandardsError

RULES = prepare()


def S(*names):
    return frozenset(names)


def required(options, target, rules=RULES):
    found = bounds(demands(options, rules), target, rules)
    ids = rules.frame["rule_id"]
    name = lambda i: ids.iloc[i] if i >= 0 else None  # noqa: E731
    return found.low, name(found.low_rule), found.high, name(found.high_rule)


def exactly(v):
    return (v, v)


def test_a_single_rule():
    assert required([Option(S("hazmat_vehicle_park"))], ((S("crowded_place"),),)) == (50, "SB001", 50, "SB001")
    assert required([Option(S("hazmat_vehicle_park"))], ((S("road"),),)) == (0, None, 0, None)


@pytest.mark.parametrize(
    ("volume", "distance"),
    [(0.5, 0), (1, 40), (49.9, 40), (50, 50), (199.9, 50), (200, 60), (999.9, 60), (1000, 70), (4999.9, 70), (5000, 0)],
)
def test_volume_bands_include_their_lower_bound(volume, distance):
    # GB 50016 T4.2.1, class A and B liquids to high-rise: 1<=V<50: 40, <200: 50, <1000: 60, <5000: 70
    assert required([Option(S("tank_AB_liquid"), exactly(volume))], ((S("highrise_civil"),),))[2] == distance


@pytest.mark.parametrize(("stock", "rule"), [(5, "SB015"), (5.01, "SB016")])
def test_stock_bands(stock, rule):
    option = Option(S("class_A_warehouse_items_3_4"), quantity_t=exactly(stock))
    assert required([option], ((S("other_civil"),),))[1] == rule


def test_the_larger_of_total_and_single_tank_rows_counts():
    # LPG 180 m3 in all: row 50-200 gives 50 m; one tank of 180 m3 falls in row "unit <= 200": 90 m
    target = ((S("residential_area"),),)
    assert required([Option(S("lpg_tank"), exactly(180), exactly(40))], target) == (50, "SB125", 50, "SB125")
    assert required([Option(S("lpg_tank"), exactly(180), exactly(180))], target) == (90, "SB127", 90, "SB127")
    assert required([Option(S("lpg_tank"), exactly(180), (0, 180))], target) == (50, "SB125", 90, "SB127")
    assert required([Option(S("lpg_tank"), exactly(20), (0, 20))], target) == (0, None, 0, None)


def test_roofs_change_the_distance():
    # 50-200 m3 to a rating-3 building: 20 m; fixed roof and civil 25 % more and at least 25 m; floating 25 % less
    target = ((S("other_building_fire_rating_3", "other_building_fire_rating_3+civil"),),)
    works = ((S("other_building_fire_rating_3"),),)

    def tank(*v):
        return Option(S("tank_AB_liquid"), exactly(100), exactly(20), variants=S(*v))

    assert required([tank("fixed_roof")], target)[2] == 25
    assert required([tank("fixed_roof")], works)[2] == 20
    assert required([tank("floating_roof")], target)[2] == 15
    assert required([tank("buried")], target)[2] == 10
    assert required([tank("fixed_roof"), tank("floating_roof")], target) == (15, "SB031", 25, "SB031")
    # too large for the buried reduction: total above 200 m3
    large = Option(S("tank_AB_liquid"), exactly(500), exactly(20), variants=S("buried"))
    assert required([large], works)[2] == 25


def test_reduced_distances_are_only_a_lower_bound():
    # GB 50074 class 3 depot: 80 m, 40 m in the reduced case
    assert required([Option(S("oil_depot_row_1"), exactly(15000))], ((S("residential"),),)) == (
        40,
        "SB452",
        80,
        "SB452",
    )


def test_unverified_rows_never_give_a_lower_bound():
    low, _, high, rule = required([Option(S("cng_refuelling_cylinders"))], ((S("important_public_building"),),))
    assert (low, high, rule) == (0, 50, "SB422")


def test_missing_answers_span_the_options():
    park = [Option(S("hazmat_vehicle_park"))]
    either = ((S("crowded_place"), S("civil_building_other")),)
    assert required(park, either) == (25, "SB002", 50, "SB001")
    assert required(park, ((S("crowded_place"), S()),)) == (0, None, 50, "SB001")
    assert required(park, ((S("crowded_place"), S()), (S("civil_building_other"),))) == (25, "SB002", 50, "SB001")
    assert required([*park, Option(S())], ((S("crowded_place"),),))[0] == 0


def test_an_unknown_volume_spans_the_table():
    low, _, high, rule = required([Option(S("lpg_tank"))], ((S("residential_area"),),))
    assert (low, high, rule) == (0, 150, "SB130")


def test_volumes_outside_the_table_are_told():
    assert "volume lies outside the table of lpg_tank (30 to 10000 m3)" in outside_tables(
        [Option(S("lpg_tank"), exactly(20))], RULES
    )
    assert outside_tables([Option(S("lpg_tank"), (20, 40))], RULES) == ""


def slow(options, target, frame):
    """Every combination of option and answers, every row, no cleverness (exact options, no modifiers)."""
    lows, highs = [], []
    for option, answers in product(options, product(*target)):
        classes = frozenset().union(*answers)
        low = high = 0.0
        for r in frame.to_dict("records"):
            value = option.volume_m3[0]
            fits = r["quantity"] == "none" or r["lower"] <= value < r["upper"]
            if r["source_class"] in option.classes and fits and classes & set(r["target_classes"].split("|")):
                high = max(high, r["distance_m"])
                low = max(low, r["reduced_m"] if r["confidence"] != "MU" else 0)
        lows.append(low)
        highs.append(high)
    return min(lows), max(highs)


answer = st.frozensets(st.sampled_from("abcd"), max_size=2)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from("xyz"),
            st.sampled_from("abcd"),
            st.integers(1, 9),
            st.sampled_from(["V", "MC", "MU"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=8,
    ),
    options=st.lists(
        st.tuples(st.frozensets(st.sampled_from("xyz"), max_size=2), st.sampled_from([5.0, 10.0, 20.0])),
        min_size=1,
        max_size=3,
    ),
    # each class belongs to one question, as the decomposition requires
    first=st.lists(answer.map(lambda a: a & {"a", "b"}), min_size=1, max_size=3),
    second=st.lists(answer.map(lambda a: a & {"c", "d"}), min_size=1, max_size=3),
)
def test_bounds_agree_with_every_combination(rows, options, first, second):
    frame = pd.DataFrame(rows, columns=["source_class", "target_classes", "distance_m", "confidence", "banded"])
    frame = frame.assign(rule_id=[f"R{i}" for i in range(len(rows))], standard="T", edition="1", clause="1", source="t")
    frame["quantity"] = np.where(frame["banded"], "volume_m3", "none")
    frame = frame.assign(lower=np.where(frame["banded"], 10.0, np.nan), upper=np.where(frame["banded"], 20.0, np.nan))
    frame = frame.assign(lower_inclusive=1, upper_inclusive=0, reduced_m=frame["distance_m"] / 2)
    target = (tuple(first), tuple(second))
    chosen = [Option(classes, exactly(v)) for classes, v in options]
    rules = prepare(frame)
    found = bounds(demands(chosen, rules), target, rules)
    assert (found.low, found.high) == slow(chosen, target, frame)
    if found.high_rule >= 0:
        assert rules.frame["distance_m"].iloc[found.high_rule] == found.high


def test_builtin_rules_keep_every_row_that_can_be_applied():
    frame = builtin_rules()
    raw = standards.table("setbacks")
    usable = raw["distance_m"].notna() & raw["requires"].isna()
    assert set(raw.loc[usable, "rule_id"]) <= set(frame["rule_id"])
    assert len(frame) == usable.sum() + 37 + 6
    assert set(raw.loc[~usable & raw["distance_m"].notna(), "rule_id"]) == {"SB526"}  # "same town"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distance_m": 0}, "rule 'R1' .row 2.: distance_m is '0'"),
        ({"distance_m": "far"}, "distance_m is 'far'"),
        ({"quantity": "litres"}, "quantity is 'litres'"),
        ({"confidence": "sure"}, "confidence 'sure'"),
        ({"source": ""}, "'source' is empty"),
    ],
)
def test_own_rules_are_checked(change, message):
    row = {
        "rule_id": "R1",
        "source_class": "x",
        "target_classes": "a",
        "distance_m": 5,
        "standard": "own",
        "edition": "1",
    }
    row |= {"clause": "1", "confidence": "V", "source": "us"} | change
    with pytest.raises(StandardsError, match=message):
        prepare(pd.DataFrame([row]))


def test_own_rules_have_unique_ids_and_all_columns():
    row = {
        "rule_id": "R1",
        "source_class": "x",
        "target_classes": "a",
        "distance_m": 5,
        "standard": "own",
        "edition": "1",
    }
    row |= {"clause": "1", "confidence": "V", "source": "us"}
    with pytest.raises(StandardsError, match="rule_id 'R1' is repeated"):
        prepare(pd.DataFrame([row, row]))
    with pytest.raises(StandardsError, match="lacks the columns target_classes"):
        prepare(pd.DataFrame([row]).drop(columns="target_classes"))
