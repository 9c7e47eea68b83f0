"""Samples of the index against the surface itself, and what is told of the colours."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo_risk.analysis.exposure import population_on_grid
from geo_risk.analysis.grading import enterprise_grades, grade
from geo_risk.analysis.index import index_surface
from geo_risk.analysis.index_sources import SOURCE_LAYERS, index_sources
from geo_risk.analysis.robustness import Factor, _case, _sampled, certainty, robustness
from geo_risk.analysis.rollup import district_grades
from geo_risk.analysis.samples import blocks, index_at, pairs
from geo_risk.errors import InputError
from geo_risk.grid import Grid
from geo_risk.schema import RESULTS
from geo_risk.sections import GradingSettings, RiskSettings
from geo_risk.standards import table

CRS = "EPSG:4549"
GRID = Grid(CRS, 0.0, 3000.0, 25.0, (120, 120))
OWN = RiskSettings()
FACTORS = table("robustness_factors")
ROWS = [Factor(*row) for row in FACTORS[list(Factor._fields)].itertuples(index=False)]


def city():
    """Layers of a town with every kind of source: points, areas, lines."""
    rng = np.random.default_rng(3)
    spot = rng.uniform(200, 2800, (60, 2))
    firms = gpd.GeoDataFrame(
        {
            "id": [f"E{i}" for i in range(60)],
            "name": "firm",
            "sector": rng.choice(["化工", "纺织服装", "仓储物流", "医药"], 60),
            "state": ["closed" if i == 5 else "active" for i in range(60)],
        },
        geometry=[
            shapely.Point(p).buffer(60, quad_segs=1) if i % 5 == 0 else shapely.Point(p) for i, p in enumerate(spot)
        ],
        crs=CRS,
    )
    hazards = gpd.GeoDataFrame(
        {
            "id": [f"H{i}" for i in range(6)],
            "name": "tank",
            "enterprise_id": [f"E{i}" for i in range(6)],
            "kind": "tank_farm",
            "substance": "汽油",
            "declared_level": pd.array([1, 2, 3, 4, None, None], dtype="Int64"),
        },
        geometry=[shapely.Point(p).buffer(40) for p in spot[:6]],
        crs=CRS,
    )
    pipes = gpd.GeoDataFrame(
        {
            "id": ["P1"],
            "name": ["p"],
            "medium": ["natural_gas"],
            "kind": ["long_distance"],
            "diameter_mm": [600.0],
            "pressure_mpa": [6.0],
        },
        geometry=[shapely.LineString([(0, 500), (1500, 700), (3000, 400)])],
        crs=CRS,
    )
    roads = gpd.GeoDataFrame(
        {"id": ["R1", "R2"], "name": ["r", "r"], "class": ["motorway", "primary"]},
        geometry=[shapely.LineString([(1000, 0), (1200, 3000)]), shapely.LineString([(0, 2000), (3000, 1900)])],
        crs=CRS,
    )
    where = rng.uniform(0, 3000, (400, 2))
    people = gpd.GeoDataFrame(
        {"id": range(400), "persons": rng.uniform(0, 80, 400)}, geometry=shapely.points(where), crs=CRS
    )
    places = gpd.GeoDataFrame(
        {"id": ["S"], "name": ["school"], "kind": ["primary_school"], "capacity": [900.0]},
        geometry=[shapely.Point(1500, 1500)],
        crs=CRS,
    )
    towns = gpd.GeoDataFrame(
        {"id": ["w", "m", "e"], "name": ["w", "m", "e"], "level": "township"},
        geometry=[shapely.box(0, 0, 1010, 3000), shapely.box(1010, 0, 2040, 3000), shapely.box(2040, 0, 3000, 3000)],
        crs=CRS,
    )  # fmt: skip
    return {
        "enterprises": firms, "hazard_sources": hazards, "gas_pipelines": pipes, "roads": roads,
        "population": people, "crowded_places": places, "districts": towns,
    }  # fmt: skip


LAYERS = city()
SOURCES = index_sources(LAYERS)
PERSONS = population_on_grid(LAYERS["population"], GRID).persons
EXPOSED = {name: LAYERS[name] for name in ("population", "crowded_places")}


def test_the_sampled_index_is_the_map():
    chosen = blocks(LAYERS["districts"], PERSONS, GRID, 1)
    for step in (1, 2, 4):
        coarse = Grid(CRS, GRID.left, GRID.top, GRID.cell_m * step, (120 // step, 120 // step))
        at = pairs(chosen, SOURCES, EXPOSED, GRID, step, OWN, 1.5)
        sampled = index_at(at, np.ones(len(SOURCE_LAYERS)), 1.0, (0.6, 0.3, 0.4), (100.0, 100.0))
        there = index_surface(SOURCES, EXPOSED, coarse, settings=OWN).index[chosen.row // step, chosen.col // step]
        # Outlines of the map are simplified by the cell, those of the samples by the finest cell.
        np.testing.assert_allclose(sampled, there, atol=2e-4 if step == 1 else 2.0)


def test_other_scores_reaches_and_weights_are_those_of_a_changed_map():
    chosen = blocks(LAYERS["districts"], PERSONS, GRID, 1)
    at = pairs(chosen, SOURCES, EXPOSED, GRID, 1, OWN, 1.5)
    times = dict(zip(SOURCE_LAYERS, (1.2, 0.8, 0.9, 1.1, 1.05, 0.85, 1.15, 0.95), strict=True))
    changed = SOURCES.assign(
        score=np.minimum(100, SOURCES["score"] * SOURCES["layer"].map(times)), reach_m=SOURCES["reach_m"] * 1.3
    )
    weights = {"weight_base": 0.5, "weight_population": 0.45, "weight_sensitivity": 0.2}
    own = RiskSettings(**weights, density_scale_per_ha=60.0, sensitive_scale_per_ha=150.0)
    there = index_surface(changed, EXPOSED, GRID, settings=own).index[chosen.row, chosen.col]
    sampled = index_at(at, np.array(list(times.values())), 1.3, (0.5, 0.45, 0.2), (60.0, 150.0))
    np.testing.assert_allclose(sampled, there, atol=2e-4)


def test_blocks_stand_for_all_area_and_all_residents():
    chosen = blocks(LAYERS["districts"], PERSONS, GRID, 1)
    area = np.bincount(chosen.zone, chosen.area)
    np.testing.assert_allclose(area * GRID.cell_m**2, LAYERS["districts"].area, rtol=1e-9)
    assert chosen.persons.sum() == pytest.approx(PERSONS.sum())
    assert GRID.inside(chosen.row, chosen.col).all()
    again = blocks(LAYERS["districts"], PERSONS, GRID, 1)
    assert (again.row == chosen.row).all()


def test_nominal_factors_give_the_published_grades():
    middle = np.array([0.1 if f.spread == "doubling" else 0.5 for f in ROWS])
    assert [f.value(u) for f, u in zip(ROWS, middle, strict=True)] == pytest.approx([1.0] * len(ROWS), abs=1e-4)
    case = _case(LAYERS["districts"], SOURCES, LAYERS, GRID, None, OWN, 1.3333)
    by_district, by_firm = _sampled(case, ROWS, middle)
    surface = index_surface(SOURCES, EXPOSED, GRID, settings=OWN)
    firms = enterprise_grades(
        LAYERS["enterprises"], surface, SOURCES, hazard_sources=LAYERS["hazard_sources"], settings=OWN
    )
    assert by_firm.tolist() == firms["grade"].tolist()
    cells = grade(surface.index, OWN.cuts)
    open_firms = firms[(LAYERS["enterprises"]["state"] != "closed").to_numpy()]
    published = district_grades(
        LAYERS["districts"], cells, surface.index, GRID, population=PERSONS, counts={"enterprises": open_firms}
    )
    assert by_district.tolist() == published["grade"].tolist()


def test_individual_risk_counts_as_in_the_published_grade():
    """Individual risk red everywhere makes every cell red, whatever the index; weighed with 0 it does not."""
    red = np.full(GRID.shape, 4, np.uint8)
    told, _ = robustness(LAYERS["districts"], SOURCES, LAYERS, GRID, lsir_grade=red, samples=4)
    assert (told.loc[told["scope"] == "district", "share_red"] == 1).all()
    mild = GradingSettings(combine="weighted", lsir_weight=0.0)
    alone, _ = robustness(LAYERS["districts"], SOURCES, LAYERS, GRID, samples=4)
    without, _ = robustness(LAYERS["districts"], SOURCES, LAYERS, GRID, lsir_grade=red, grading=mild, samples=4)
    pd.testing.assert_frame_equal(without, alone)


def test_every_layer_needs_its_factor():
    at = pairs(blocks(LAYERS["districts"], PERSONS, GRID, 1), SOURCES, EXPOSED, GRID, 1, OWN, 1.5)
    with pytest.raises(InputError, match="one is needed for each of enterprises"):
        index_at(at, np.ones(4), 1.0, (0.6, 0.3, 0.4), (100.0, 100.0))


def test_the_same_for_any_number_of_workers_and_columns_of_the_schema():
    one = robustness(LAYERS["districts"], SOURCES, LAYERS, GRID, samples=8)
    two = robustness(LAYERS["districts"], SOURCES, LAYERS, GRID, samples=8, workers=3)
    for a, b, name in zip(one, two, ("robustness", "sensitivity"), strict=True):
        pd.testing.assert_frame_equal(a, b)
        assert list(a.columns) == list(RESULTS[name].names)
    shares = one[0][[c for c in one[0] if c.startswith("share_")]].sum(axis=1)
    np.testing.assert_allclose(shares, 1)
    closed = one[0][one[0]["scope_id"] == "E5"].iloc[0]
    assert (closed["likely"], closed["share_none"]) == (0, 1)


def test_a_factor_that_alone_decides_has_all_the_variance():
    """Five like firms at a cut of the enterprises' grades: their score, a weight and that cut move the district."""
    towns, five = LAYERS["districts"].iloc[:1], [f"F{i}" for i in range(5)]
    firm = LAYERS["enterprises"].iloc[[1] * 5].assign(id=five, geometry=shapely.Point(500, 500))
    own_rows = SOURCES[SOURCES["layer"] == "enterprises"].iloc[[1] * 5]
    source = own_rows.assign(id=five, group=five, score=40 / 0.6, geometry=shapely.Point(500, 500))
    minima = {"district_min_share": 1.0, "district_min_persons": 0, "district_min_enterprises": 1}
    own = RiskSettings(**minima, weight_population=0.0, weight_sensitivity=0.0)
    layers = {"enterprises": firm}
    told, moved = robustness(towns, source, layers, GRID, settings=own, samples=256)
    red = told[told["scope"] == "district"]["share_red"].iloc[0]
    assert 0.3 < red < 0.7
    town = moved[moved["scope"] == "district"].set_index("factor")["total_order"]
    moving = {"weight_base", "score_enterprises", "enterprise_cuts"}
    assert set(town.index[:3]) == moving
    assert town.drop(list(moving)).abs().max() == pytest.approx(0)
    assert town[list(moving)].min() > 0.2


def test_certainty_is_the_share_of_the_own_colour():
    told = pd.DataFrame(
        {"scope": ["district", "enterprise"], "scope_id": "a", "share_red": [0.7, 0.1], "share_orange": [0.3, 0.9]}
    ).assign(share_yellow=0.0, share_blue=0.0, share_none=0.0)
    graded = pd.DataFrame({"id": ["a", "a", "b"], "grade": pd.array([4, 3, 4], dtype="Int64")})
    np.testing.assert_array_equal(certainty(graded, "district", told), [0.7, 0.3, np.nan])


@pytest.mark.parametrize("samples", [0, 2, 12, -8])
def test_samples_must_be_a_power_of_two(samples):
    with pytest.raises(InputError, match="power of two"):
        robustness(LAYERS["districts"], SOURCES, LAYERS, GRID, samples=samples)


def test_what_varies_is_what_nobody_has_verified():
    """Scores vary as a whole because every one is a choice; once one is verified it must stop varying."""
    assert set(table("index_sources")["score_confidence"]) == {"MU"}
    assert set(FACTORS["confidence"]) == {"MU"}
    assert (FACTORS["low"] < FACTORS["high"]).all()
    assert set(FACTORS["spread"]) == {"even", "log", "doubling"}
