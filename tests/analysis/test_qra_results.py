"""Contours, targets, societal tables and explanations of the risk sum."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from qra_city import CRS, GRID, layers, model

from geo_risk.analysis.qra.contours import contour_table, contours, criterion_levels
from geo_risk.analysis.qra.criteria import GROUPS, group_of, individual_limit, societal_line, zones
from geo_risk.analysis.qra.curves import fn_table, pll_table, societal_surface, source_fn
from geo_risk.analysis.qra.model import lsir_shares, lsir_surface
from geo_risk.analysis.qra.people import people_of, presence, without_staff
from geo_risk.analysis.qra.places import explain_risk
from geo_risk.analysis.qra.points import lsir_points
from geo_risk.analysis.qra.saved import model_from, model_tables
from geo_risk.analysis.qra.targets import target_risk
from geo_risk.grid import grid_of
from geo_risk.sections import RiskSettings


@pytest.fixture(scope="module")
def city():
    m = model()
    return m, layers(), lsir_surface(m, GRID)


# --- contours ----------------------------------------------------------------------------------


def hill(grid, at=(0.0, 0.0), peak=1e-4, length=200.0):
    return peak * np.exp(-np.hypot(grid.x[None, :] - at[0], grid.y[:, None] - at[1]) / length)


def test_levels_are_those_of_the_standard():
    assert criterion_levels() == (3e-7, 3e-6, 1e-5, 3e-5)


def test_contours_of_a_cone_are_circles():
    """peak 1e-4 falling by e each 200 m: the level L lies at 200 ln(1e-4 / L)."""
    for level, shape in zip(criterion_levels(), contours(hill(GRID), GRID, criterion_levels()), strict=True):
        r = 200 * np.log(1e-4 / level)
        assert shape.area == pytest.approx(np.pi * r * r, rel=0.015)
        assert shape.hausdorff_distance(shapely.Point(0, 0).buffer(r, quad_segs=64)) < GRID.cell_m / 2


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(-2900, 2900), st.integers(-2900, 2900), st.floats(1e-7, 1e-3)), max_size=4))
def test_contours_are_valid_nested_and_repeatable(hills):
    surface = sum((hill(GRID, (x, y), peak, 150.0) for x, y, peak in hills), np.zeros(GRID.shape))
    shapes = contours(surface, GRID, criterion_levels())
    outer = shapely.box(*GRID.bounds)
    for shape in shapes:
        assert shape.is_valid
        assert shape.difference(outer).area < 1e-6
        outer = shape
    assert [s.wkb for s in shapes] == [s.wkb for s in contours(surface, GRID, criterion_levels())]


def test_a_hole_stays_a_hole():
    r = np.hypot(GRID.x[None, :], GRID.y[:, None])
    ring = np.where((r > 500) & (r < 1000), 1e-5, 0.0)
    shape = contours(ring, GRID, [3e-6])[0]
    assert len(shapely.get_parts(shape)) == 1
    assert shapely.get_num_interior_rings(shapely.get_parts(shape)[0]) == 1
    assert not shape.contains(shapely.Point(0, 0))


def test_cells_at_or_above_a_level_lie_inside_it(city):
    _, _, surface = city
    for level, shape in zip(criterion_levels(), contours(surface, GRID, criterion_levels()), strict=True):
        inside = shapely.contains_xy(shape, *np.meshgrid(GRID.x, GRID.y))
        # Cells within a third of a cell of the line may fall on its other side.
        wrong = (inside != (surface >= level)) & (np.abs(np.log(np.maximum(surface, 1e-30) / level)) > 0.5)
        assert wrong.sum() <= 0.01 * inside.sum()


def test_areas_reach_the_edge_of_the_grid():
    small = grid_of((0, 0, 500, 300), 50, CRS)
    assert contours(np.full(small.shape, 1e-5), small, [3e-6])[0].area == pytest.approx(500 * 300)
    assert contours(np.full(small.shape, np.nan), small, [3e-6])[0].is_empty


def test_contours_are_as_unsure_as_their_sources(city):
    lsir = city[2]
    levels = criterion_levels()[:2]
    sure = {tuple(c): set(contour_table(lsir, GRID, levels, sources=c)["confidence"]) for c in ([], ["V", "MU"])}
    assert sure[("V", "MU")] == {"MU"}
    assert "MU" not in sure[()]


def test_contour_table(city):
    _, layer, surface = city
    table = contour_table(surface, GRID, criterion_levels(), population=layer["population"])
    assert table["level_per_yr"].tolist() == sorted(table["level_per_yr"])
    assert (np.diff(table["area_km2"]) < 0).all()
    assert (np.diff(table["persons"]) <= 0).all()
    assert table["targets"].iloc[0] == "new: high_sensitivity, important, general_1"
    assert contour_table(np.zeros(GRID.shape), GRID, criterion_levels()).empty


# --- criteria ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "row", "groups"),
    [
        ("crowded_places", {"kind": "primary_school"}, ("high_sensitivity",)),
        ("crowded_places", {"kind": "religious"}, ("important",)),
        ("crowded_places", {"kind": "hotel", "beds": 100}, ("general_1",)),
        ("crowded_places", {"kind": "hotel", "beds": 99}, ("general_2",)),
        ("crowded_places", {"kind": "hotel"}, ("general_1", "general_2")),
        ("crowded_places", {"kind": "mall", "area_m2": 1500}, ("general_2",)),
        ("crowded_places", {"kind": "mall", "area_m2": 1499}, ("general_3",)),
        ("crowded_places", {"kind": "culture"}, ("high_sensitivity", "important")),
        ("crowded_places", {"kind": None}, ("high_sensitivity", "general_1", "general_2", "general_3")),
        ("population", {"persons": 99, "households": 30}, ("general_1",)),
        ("population", {"persons": 30, "households": 9}, ("general_2",)),
        ("population", {"persons": 29}, ("general_3",)),
        ("buildings", {"kind": "住宅", "households": 9, "persons": 28}, ("general_3",)),
        ("buildings", {"kind": "garage"}, ()),
        ("buildings", {"kind": "厂房", "persons": 100}, ("general_2",)),
        ("enterprises", {"sector": "纺织制造", "staff": 99}, ("general_3",)),
        ("enterprises", {"sector": "餐饮"}, ()),
    ],
)
def test_group_of_a_target(layer, row, groups):
    assert group_of(layer, row).groups == groups


def test_an_open_group_says_what_would_settle_it():
    found = group_of("crowded_places", {"kind": "mall", "capacity": 900.0})
    assert found.missing == ("area_m2",)
    assert "area_m2 not known" in found.reason


def test_limits_of_the_standard():
    new = [individual_limit(g, "new") for g in GROUPS]
    assert new == [3e-7, 3e-7, 3e-7, 3e-6, 1e-5]
    assert [individual_limit(g, "in_service") for g in GROUPS] == [3e-6, 3e-6, 3e-6, 1e-5, 3e-5]


def test_societal_lines_and_zones():
    n = np.array([1, 3, 10, 100, 1000, 5000.0])
    np.testing.assert_allclose(societal_line("upper", n), 1e-3 / n, rtol=1e-9)
    np.testing.assert_allclose(societal_line("lower", n), 1e-5 / n, rtol=1e-9)
    assert zones([10, 10, 10, 10, 10], [0, 9e-7, 1e-6, 9e-5, 1e-4]) == [
        "acceptable", "acceptable", "alarp", "alarp", "intolerable",
    ]  # fmt: skip


# --- targets -----------------------------------------------------------------------------------


def test_points_are_the_risk_sum(city):
    m, _, _ = city
    rng = np.random.default_rng(2)
    x, y = rng.uniform(-2500, 2500, (2, 40))
    found = lsir_points(m, x, y, doubtful=np.array([False, True, False]), workers=2)
    for i in range(40):
        shares = lsir_shares(m, (x[i], y[i]))
        assert found.total[i] == pytest.approx(shares.sum(), rel=1e-9, abs=1e-20)
        assert found.doubtful[i] == pytest.approx(shares[1], rel=1e-9, abs=1e-20)
        best = int(shares.argmax()) if shares.any() else -1
        assert found.source[i, 0] == best


def test_targets_of_the_city(city):
    m, layer, surface = city
    table = target_risk(m, layer, surface, GRID).set_index(["layer", "id"])
    school = table.loc[("crowded_places", "s")]
    assert school["verdict"] == school["verdict_new"] == "fail"
    assert school["lsir_per_yr"] == pytest.approx(lsir_shares(m, (-450, 330)).sum())
    assert school["margin"] == pytest.approx(3e-6 / school["lsir_per_yr"])
    assert school["top_source"] == "甲罐"
    assert json.loads(school["contributors"])[0]["source_id"] == "a"
    mall = table.loc[("crowded_places", "m")]
    assert (mall["group"], mall["verdict"], mall["missing"]) == (
        "general_1|general_2|general_3",
        "undecided",
        "area_m2",
    )
    hospital = table.loc[("crowded_places", "h")]  # somewhere within 200 m
    assert hospital["lsir_low_per_yr"] < hospital["lsir_per_yr"]
    assert ("enterprises", "E1") not in table.index  # has a source of its own
    assert ("enterprises", "E4") not in table.index  # a restaurant
    assert table.loc[("enterprises", "E3")]["group"] == "general_2"
    assert len(table) == 4 + 9 + 1


def test_what_could_not_be_computed_keeps_a_target_from_passing(city):
    m, layer, surface = city
    missing = gpd.GeoDataFrame({"id": ["x"]}, geometry=[shapely.Point(2900, 2500)], crs=CRS)
    table = target_risk(m, layer, surface, GRID, not_quantified=missing).set_index("id")
    assert table.loc["c", "verdict"] == "undecided"
    assert "1 sources within 500 m are not quantified" in table.loc["c", "reason"]
    assert table.loc["s", "verdict"] == "fail"


def test_unverified_numbers_alone_decide_nothing(city):
    m, layer, surface = city
    unsure = type(m)(m.sources.assign(confidence="MU"), m.outcomes, m.weather)
    before = target_risk(m, layer, surface, GRID).set_index(["layer", "id"])
    after = target_risk(unsure, layer, surface, GRID).set_index(["layer", "id"])
    changed = before["verdict"] != after["verdict"]
    assert (after.loc[changed, "verdict"] == "undecided").all()
    close = (before["margin"] > 0.1) & (before["margin"] < 10)
    assert (after.loc[close, "verdict"] == "undecided").all()
    assert after.loc[("crowded_places", "s"), "verdict"] == "fail"  # more than ten times the limit


# --- societal ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def societal_results(city):
    m, layer, _ = city
    there = presence(layer, GRID, RiskSettings())
    return there, source_fn(m, there), societal_surface(m, there)


def test_people_by_period(city, societal_results):
    there, _, _ = societal_results
    residents = city[1]["population"]["persons"].sum()
    assert there.persons["day"].sum() == pytest.approx(0.7 * residents + 800 + 30 + 900 + 400)
    assert there.persons["night"].sum() == pytest.approx(residents + 400)
    everybody = people_of(there)
    assert everybody.persons["day"].sum() == pytest.approx(there.persons["day"].sum() + 570)
    others = without_staff(everybody, there, "E1")
    assert others.persons["day"].sum() == pytest.approx(there.persons["day"].sum() + 370)


def test_day_persons_are_everybody_and_count_once():
    """1000 by day in a square, of whom 300 are the staff of a firm and 200 the pupils of a school there."""
    at = [shapely.Point(1050, 1050)]
    population = gpd.GeoDataFrame({"persons": [100.0], "day_persons": [1000.0]}, geometry=at, crs=GRID.crs)
    firm = gpd.GeoDataFrame({"id": ["F"], "staff": [300.0]}, geometry=at, crs=GRID.crs)
    school = gpd.GeoDataFrame({"id": ["S"], "kind": ["primary_school"], "capacity": [200.0]}, geometry=at, crs=GRID.crs)
    there = presence({"population": population, "enterprises": firm, "crowded_places": school}, GRID, RiskSettings())
    everybody = people_of(there)
    assert everybody.persons["day"].sum() == pytest.approx(1000)
    assert everybody.persons["night"].sum() == pytest.approx(100)
    assert without_staff(everybody, there, "F").persons["day"].sum() == pytest.approx(700)
    more = presence({"population": population, "enterprises": firm.assign(staff=1500.0)}, GRID, RiskSettings())
    assert people_of(more).persons["day"].sum() == pytest.approx(1500)  # never fewer than are told one by one


def test_people_without_layers_are_assumed_and_told():
    there = presence({}, GRID, RiskSettings())
    assert there.persons["night"].sum() == pytest.approx(25 * 3600)
    assert "25 persons/ha assumed" in there.lacked[0]


def test_fn_falls_and_scopes_add_up(city, societal_results):
    m, layer, _ = city
    there, found, density = societal_results
    curves = fn_table(m, found)
    for _, curve in curves.groupby(["scope", "scope_id"]):
        assert (np.diff(curve["frequency_per_yr"]) <= 0).all()
    total = pll_table(m, found, density, there, layer["districts"]).set_index(["scope", "scope_id"])
    region = total.loc[("region", ""), "pll_per_yr"]
    sources = total.loc["source"]["pll_per_yr"].sum()
    assert region == pytest.approx(sources)
    assert total.loc[("park", "东园"), "pll_per_yr"] == pytest.approx(total.loc[("source", "a"), "pll_per_yr"])
    # A district counts the plants' own staff too.
    own = 250 * 0.44 * 5e-5
    assert region < total.loc[("district", "1"), "pll_per_yr"] < region + own


def test_societal_surface_integrates_to_pll(city):
    m, layer, _ = city
    without = {k: v for k, v in layer.items() if k != "enterprises"}
    there = presence(without, GRID, RiskSettings())
    density = societal_surface(m, there)
    assert density.sum() * 0.01 == pytest.approx(source_fn(m, there).pll.sum(), rel=0.05)


# --- explanation and storage -------------------------------------------------------------------


def test_explanations_sum_to_one_hundred(city):
    m, _, _ = city
    rng = np.random.default_rng(7)
    reached = 0
    for x, y in rng.uniform(-3000, 3000, (1000, 2)):
        told = explain_risk(m, float(x), float(y))
        assert told["lsir_per_yr"] == pytest.approx(lsir_shares(m, (x, y)).sum(), rel=1e-4, abs=1e-15)
        for part in ("sources", "scenarios", "outcomes", "weathers"):
            total = sum(row["share_percent"] for row in told[part])
            assert total == pytest.approx(100 if told["lsir_per_yr"] else 0)
        reached += told["lsir_per_yr"] > 0
    assert reached > 500


def test_a_model_comes_back_from_its_tables(city, tmp_path):
    m, _, surface = city
    tables = {}
    for name, table in model_tables(m).items():
        table.to_parquet(tmp_path / f"{name}.parquet")
        tables[name] = pd.read_parquet(tmp_path / f"{name}.parquet")
    again = model_from(m.sources, tables)
    assert (lsir_surface(again, GRID) == surface).all()
    there = presence(layers(), GRID, RiskSettings())
    np.testing.assert_allclose(source_fn(again, there).pll, source_fn(m, there).pll, rtol=1e-12)


def test_some_sources_alone(city):
    m, _, surface = city
    parts = [lsir_surface(m, GRID, only=np.arange(3) == i) for i in range(3)]
    np.testing.assert_allclose(sum(parts), surface, rtol=1e-5, atol=1e-15)
