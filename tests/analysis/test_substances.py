"""Names, formulas, traditional characters, solutions and contradictions."""

import math

import pytest

from geo_risk.analysis.substances import canonical, identify, nearest_names, valid_cas


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("液氨", ["氨"]),
        ("NH3", ["氨"]),
        ("Ammonia (anhydrous)", ["氨"]),
        ("液氯储罐", ["氯"]),
        ("Cl２", ["氯"]),  # full-width digit
        ("環氧乙烷", ["环氧乙烷"]),
        ("氯乙烯", ["氯乙烯"]),
        ("液化石油氣", ["液化石油气"]),
        ("Propane", ["液化石油气"]),
        ("LNG", ["甲烷、天然气"]),
        ("甲烷、天然气", ["甲烷、天然气"]),
        ("汽油柴油", ["汽油", "柴油"]),
        ("氯乙烷", []),  # not chlorine and ethane
        ("苯/甲苯/二甲苯", ["苯", "甲苯", "二甲苯"]),
        ("一氧化碳", ["煤气"]),
        ("1,3-丁二烯", ["1,3-丁二烯"]),
        ("氨水", []),
        ("氨(20%溶液)", []),
        ("苯/神秘物", []),
        ("", []),
        (None, []),
    ],
)
def test_canonical(written, names):
    assert canonical(written) == names


def test_thresholds_of_table_1():
    (chlorine,), reason = identify("液氯")
    assert (chlorine.threshold_low_t, chlorine.threshold_high_t, chlorine.beta) == (5, 5, 4)
    assert (chlorine.confidence, reason) == ("V", "")


def test_a_condition_leaves_the_threshold_open():
    (hydrogen_chloride,), reason = identify("氯化氢")
    assert hydrogen_chloride.threshold_low_t == 20
    assert math.isinf(hydrogen_chloride.threshold_high_t)
    assert "anhydrous" in reason


def test_compositions_give_a_range():
    (nitrocellulose,), reason = identify("硝化棉")
    assert (nitrocellulose.threshold_low_t, nitrocellulose.threshold_high_t) == (1, 50)
    assert "5 thresholds" in reason


def test_a_solution_with_the_pure_cas_may_not_be_listed():
    (ammonia,), reason = identify("20%氨水", "7664-41-7")
    assert ammonia.threshold_low_t == 10
    assert math.isinf(ammonia.threshold_high_t)
    assert "solution" in reason


def test_name_and_cas_that_contradict_are_both_kept():
    found, reason = identify("氯", "7664-41-7")
    assert [s.name for s in found] == ["氯", "氨"]
    assert "contradict" in reason


def test_classes():
    (own,), _ = identify("某助剂", None, "J3, W5.3")
    assert (own.threshold_low_t, own.beta) == (50, 2)  # lowest threshold, largest beta
    (stored,), _ = identify("二甲苯")
    assert stored.threshold_high_t == stored.threshold_low_t == 5000
    (processed,), _ = identify("二甲苯", process=True)
    assert (processed.threshold_low_t, processed.threshold_high_t, processed.beta) == (10, 5000, 1.5)


def test_unknown_names_come_with_the_nearest_ones():
    found, reason = identify("甲乙醇")
    assert found == []
    assert "甲醇" in reason
    assert "甲醇" in nearest_names("甲乙醇")
    assert identify(None) == ([], "no substance given")
    assert "W9.9 is not a symbol" in identify("某物", None, "W9.9")[1]


@pytest.mark.parametrize(("cas", "valid"), [("7664-41-7", True), ("7664-41-8", False), ("NH3", False), ("", False)])
def test_cas_check_digit(cas, valid):
    assert valid_cas(cas) is valid


def test_a_wrong_cas_is_told_and_the_name_used():
    found, reason = identify("液氨", "7664-41-8")
    assert [s.name for s in found] == ["氨"]
    assert "check digit" in reason
