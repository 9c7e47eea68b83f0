"""Every method table against its printed values, typed anew here."""

import itertools

import pytest

from geo_risk.analysis import point_methods as methods
from geo_risk.errors import InputError
from geo_risk.standards import table

RED, ORANGE, YELLOW, BLUE = 4, 3, 2, 1
LS_PRODUCTS = (1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 20, 25)
# Highest product of blue, yellow and orange, as printed.
LS_TOPS = {"A": (8, 12, 16), "B": (3, 8, 16), "C": (3, 9, 16), "D": (8, 12, 16)}
ZONE = ("BBBY", "BYYO", "BYOR", "YORR")
L, E, C = (10, 6, 3, 1, 0.5, 0.2, 0.1), (10, 6, 3, 2, 1, 0.5), (100, 40, 15, 7, 3, 1)


def colour(letter: str) -> int:
    return "?BYOR".index(letter)


def test_lec_cuts_and_both_sides_of_a_cut():
    assert methods.lec(6, 6, 15)[:3] == (RED, 540, "1")
    assert methods.lec(3, 6, 15)[:3] == (ORANGE, 270, "2")
    assert methods.lec(3, 3, 15)[:3] == (YELLOW, 135, "3")
    assert methods.lec(1, 6, 7)[:3] == (BLUE, 42, "4")
    assert methods.lec(10, 1, 7).grade == YELLOW  # D = 70 is a cut
    assert methods.lec(10, 1, 7, boundary="better").grade == BLUE
    with pytest.raises(InputError, match="boundary = 'both'"):
        methods.lec(10, 1, 7, boundary="both")


def test_every_lec_score_is_graded_by_the_printed_cuts():
    for l, e, c in itertools.product(L, E, C):
        d = round(l * e * c, 9)
        worse = RED if d >= 320 else ORANGE if d >= 160 else YELLOW if d >= 70 else BLUE
        better = RED if d > 320 else ORANGE if d > 160 else YELLOW if d > 70 else BLUE
        assert methods.lec(l, e, c).grade == worse
        assert methods.lec(l, e, c, boundary="better").grade == better


@pytest.mark.parametrize("variant", LS_TOPS)
def test_ls_variants_against_their_printed_splits(variant):
    products = {l * s for l, s in itertools.product(range(1, 6), repeat=2)}
    assert tuple(sorted(products)) == LS_PRODUCTS
    blue, yellow, orange = LS_TOPS[variant]
    for l, s in itertools.product(range(1, 6), repeat=2):
        r = l * s
        expected = BLUE if r <= blue else YELLOW if r <= yellow else ORANGE if r <= orange else RED
        assert methods.ls(l, s, variant=variant).grade == expected


def test_ls_variants_disagree_where_they_are_known_to():
    assert [methods.ls(3, 3, variant=v).grade for v in "ABCD"] == [YELLOW, ORANGE, YELLOW, YELLOW]
    assert [methods.ls(2, 2, variant=v).grade for v in "ABCD"] == [BLUE, YELLOW, YELLOW, BLUE]
    assert [methods.ls(2, 2, variant=v).level for v in "AD"] == ["4", "4"]
    assert methods.ls(1, 3, variant="D")[2] == "5"
    with pytest.raises(InputError, match=r"ls_variant = 'E': known are A, B, C, D"):
        methods.ls(1, 1, variant="E")


def test_mes_bands_hold_every_product():
    for m, e, s in itertools.product((5, 3, 1), E, (10, 8, 4, 2, 1)):
        r = m * e * s
        level = 1 if r >= 180 else 2 if r >= 90 else 3 if r >= 50 else 4 if r >= 20 else 5
        found = methods.mes(m, e, s)
        assert (found.value, found.level) == (r, str(level))
        assert found.grade == (RED, ORANGE, YELLOW, BLUE, BLUE)[level - 1]


def test_zone_matrix_and_scores():
    for l, s in itertools.product(range(1, 5), repeat=2):
        assert methods.zone(l, s).grade == colour(ZONE[l - 1][s - 1])
    assert methods.zone_scores([0, 1, 2, 3, 4, 3], [1, 2, 4, 1]) == (3, 4)  # 13/6 rounded up
    assert methods.zone_scores([2] * 6, [1] * 4) == (2, 1)
    assert methods.zone_scores([0] * 6, [1] * 4) == (1, 1)
    with pytest.raises(InputError, match="6 scores from 0 to 4"):
        methods.zone_scores([1] * 5, [1] * 4)
    with pytest.raises(InputError, match="4 scores from 1 to 4"):
        methods.zone_scores([1] * 6, [0] * 4)


def test_scores_of_companies_and_parks():
    for score, grade in (
        (100, BLUE),
        (90, BLUE),
        (89.9, YELLOW),
        (75, YELLOW),
        (74, ORANGE),
        (60, ORANGE),
        (59.9, RED),
    ):
        assert methods.enterprise_score(score).grade == grade
    for score, level in ((0, "A"), (59, "A"), (60, "B"), (69, "B"), (70, "C"), (84, "C"), (85, "D"), (100, "D")):
        assert methods.park_score(score).level == level
    with pytest.raises(InputError, match=r"score = 101 is not within 0 to 100"):
        methods.enterprise_score(101)


def test_major_hazard_levels():
    assert [methods.major_hazard_level(n).grade for n in (1, 2, 3, 4)] == [RED, RED, ORANGE, YELLOW]
    direct = table("index_grades")  # the index uses the same rule
    assert direct["grade"].tolist() == [methods.major_hazard_level(n).grade for n in direct["major_level"]]


@pytest.mark.parametrize(
    ("deaths", "new", "classic"),
    [(0, 3, 7), (1, 7, 15), (2, 7, 40), (3, 15, 40), (9, 15, 40), (10, 40, 100), (29, 40, 100), (30, 100, 100)],
)
def test_deaths_by_both_consequence_scales(deaths, new, classic):
    assert methods.consequence_score(deaths) == new
    assert methods.consequence_score(deaths, "classic") == classic
    with pytest.raises(InputError, match="known are 2007, classic"):
        methods.consequence_score(deaths, "1990")
    with pytest.raises(InputError, match="0 or more"):
        methods.consequence_score(-1)


def test_a_score_beside_the_scale_is_told_with_the_scale():
    with pytest.raises(InputError, match=r"L = 4 is not on the scale of LEC: 10, 6, 3, 1, 0\.5, 0\.2, 0\.1"):
        methods.lec(4, 6, 15)
    with pytest.raises(InputError, match=r"S = 6 is not on the scale of LS: 5, 4, 3, 2, 1"):
        methods.ls(1, 6)
    with pytest.raises(InputError, match=r"S = nan"):
        methods.ls(1, float("nan"))


def test_direct_rules_by_their_words():
    assert [r["rule_id"] for r in methods.direct_red("违反国家标准；作业人员无证上岗")] == [
        "red-clause",
        "red-uncertified",
    ]
    assert methods.direct_red("无") == []
