"""One accident: zones on the ground, winds, people, what-if and percentiles."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from qra_city import CRS, GRID, chlorine, layers, model

from geo_risk.analysis.consequence.explosion import TNT_J_KG
from geo_risk.analysis.consequence.fireball import heat_flux, tno
from geo_risk.analysis.consequence.properties import substance
from geo_risk.analysis.qra import footprint as fp
from geo_risk.analysis.qra.accident import (
    Wind,
    accident_zones,
    choose_wind,
    deaths,
    find_source,
    inside,
    outcomes_of,
    people_inside,
)
from geo_risk.analysis.qra.change import restocked, scaled, what_if
from geo_risk.analysis.qra.effects import effect_zones, erg_distances, exposure_limits
from geo_risk.analysis.qra.explosives import material
from geo_risk.analysis.qra.fires import fire
from geo_risk.analysis.qra.losses import Release
from geo_risk.analysis.qra.model import lsir_surface
from geo_risk.analysis.qra.outcomes import ANY_WEATHER, Outcome
from geo_risk.analysis.qra.people import people_of, presence
from geo_risk.analysis.qra.report import accident, keep_out
from geo_risk.analysis.qra.scenarios import risk_model
from geo_risk.analysis.qra.societal import People
from geo_risk.analysis.qra.uncertainty import lsir_percentiles
from geo_risk.analysis.qra.zones import death_zone, downwind_square, ring
from geo_risk.errors import InputError
from geo_risk.grid import grid_of
from geo_risk.sections import RiskSettings

EAST = Wind(0.0, 3.0, "D", 0, "given")


# --- zones -------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.floats(0.02, 0.98), st.floats(0, 2 * np.pi), st.integers(0, 3))
def test_inside_a_zone_so_many_die_and_outside_fewer(p, towards, which):
    prints = [
        chlorine(3, 2.0),
        fp.cloud([0, 50, 200, 400], [10, 60, 90, 0]),
        fp.radial([0, 100, 300, 500], [1, 1, 0.2, 0], offset_m=80),
        fp.disc(120, offset_m=100),
    ]
    at = (100.0, -50.0)
    zone = death_zone(prints[which], p, at, towards)
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-2500, 2500, (2, 3000))
    dx, dy = x - at[0], y - at[1]
    c, s = np.cos(towards), np.sin(towards)
    dead = fp.death(prints[which], dx * c + dy * s, -dx * s + dy * c)
    inside = shapely.contains_xy(zone, x, y)
    wrong = inside != (dead >= p)
    edge = shapely.distance(shapely.points(x, y), zone.boundary)
    assert not (wrong & (edge > 3)).any()


def test_higher_probabilities_lie_inside_lower_ones():
    zones = [death_zone(chlorine(3, 2.0), p, (0, 0), 1.0) for p in (0.01, 0.5, 0.99)]
    assert zones[0].area > zones[1].area > zones[2].area > 0
    assert zones[1].difference(zones[0].buffer(1)).area < 1


def test_a_ring_that_is_never_reached_is_empty():
    assert ring([0, 100], [0.5, 0], 0.6, (0, 0)).is_empty
    assert ring([0, 100], [1.0, 0], 0.25, (0, 0)).area == pytest.approx(np.pi * 75**2, rel=0.01)


# --- effects are those of the models -----------------------------------------------------------


def test_heat_of_a_fireball_is_that_of_the_model():
    """BL-2: 21,973 kg of propane at 1.6 MPa; each zone ends where the model's heat is its level."""
    release = Release(substance("propane"), "liquefied", True, 21_973.0, np.nan, 0.0, 1.6e6, 293.15, 1500.0)
    zones = effect_zones("fireball", release, (0.0, 0.0), EAST, RiskSettings())
    assert [z.level for z in zones] == [37_500, 12_500, 4_700]
    ball = tno(21_973.0, 1.6e6, substance("propane").combustion_heat)
    for zone in zones:
        assert float(heat_flux(ball, zone.distance_m)) == pytest.approx(zone.level, rel=0.01)
        assert zone.geometry.area == pytest.approx(np.pi * zone.distance_m**2, rel=0.01)


def test_blast_of_explosives_is_that_of_flat_ground():
    """GB 6722-2014 13.3.2: 14 Q/R^3 + 4.3 Q^(2/3)/R^2 + 1.1 Q^(1/3)/R in 1e5 Pa."""
    tnt = material("TNT")
    release = Release(tnt, "solid", True, 1000.0, np.nan, 0.0, 101_325.0, 293.15, 0.0)
    for zone in effect_zones("explosion", release, (0.0, 0.0), EAST, RiskSettings()):
        r = zone.distance_m
        kilo = 1000.0 * tnt.combustion_heat / TNT_J_KG
        found = 14 * kilo / r**3 + 4.3 * kilo ** (2 / 3) / r**2 + 1.1 * kilo ** (1 / 3) / r
        assert 1e5 * found == pytest.approx(zone.level, rel=0.01)


def test_toxic_limits_and_growth():
    release = Release(substance("chlorine"), "liquefied", False, 5000.0, 5000 / 600, 600.0, 7e5, 293.15, 1500.0)
    zones = {z.effect: z for z in effect_zones("toxic", release, (0.0, 0.0), EAST, RiskSettings()) if z.unit == "ppm"}
    assert zones["AEGL-3"].distance_m < zones["AEGL-2"].distance_m <= 20_000
    assert zones["AEGL-2"].level == 2
    assert zones["AEGL-3"].geometry.difference(zones["AEGL-2"].geometry.buffer(1)).area < 1
    fronts = [z for z in effect_zones("toxic", release, (0.0, 0.0), EAST, RiskSettings()) if z.unit == "min"]
    reach = [z.distance_m for z in fronts]
    assert reach == sorted(reach)
    assert reach[0] < 60 * 4 * 3  # a minute of a wind of 3 m/s, with room
    assert zones["AEGL-2"].geometry.bounds[0] >= -1  # downwind, to the east


def test_limits_of_one_substance_are_single():
    limits = [r["limit"] for r in exposure_limits("7782-50-5")]
    assert len(limits) == len(set(limits))
    assert exposure_limits("no such number") == []


def test_erg_stands_beside():
    """ERG 2024 Table 3: chlorine, rail tank car, by day and moderate wind 1000 m and 6.3 km."""
    found = erg_distances("氯", "day", 4.0, large=True)
    assert (found["isolate_m"], found["protect_m"], found["un"]) == (1000, 6300, 1017)
    assert erg_distances("汽油", "day", 4.0, large=True) is None


# --- who and where -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crowd() -> People:
    return people_of(presence(layers(), GRID, RiskSettings()))


def test_the_deadliest_wind_blows_at_the_people():
    everybody = People(np.array([600.0]), np.array([300.0]), 100.0, {"day": np.array([50.0]), "night": np.array([0.0])})
    m = model()
    chosen = outcomes_of(m, 0, "leak")
    wind = choose_wind(m, chosen, (-500, 300), everybody, "day")
    assert abs((wind.towards + np.pi) % (2 * np.pi) - np.pi) < 0.1  # east, where they are
    assert "deadliest" in wind.why
    assert wind.from_deg == pytest.approx(270, abs=6)
    given_wind = choose_wind(m, chosen, (-500, 300), everybody, "day", (90.0, 2.2))
    assert given_wind.stability == "F"  # the class of 2 m/s
    assert given_wind.towards == pytest.approx(np.pi)


def test_deaths_of_a_disc_are_the_people_in_it(crowd):
    o = Outcome(0, "s", "explosion", ANY_WEATHER, 1e-6, fp.disc(400, indoor=1.0))
    zones = accident_zones([o], (-500, 300), EAST, CRS)
    inside = people_inside(zones, crowd)
    assert float(deaths(o, (-500, 300), 0.0, crowd, "day")) == pytest.approx(inside["persons_day"].iloc[0], rel=0.05)


def test_sources_are_found_by_id_and_name():
    m = model()
    assert find_source(m.sources, "b") == 1
    assert find_source(m.sources, "丙管线") == 2
    with pytest.raises(InputError, match="Near: 丙管线"):
        find_source(m.sources, "丙管")
    with pytest.raises(InputError, match="this source has leak, rupture"):
        outcomes_of(m, 0, "fire")


def test_a_whole_accident():
    tank = {"id": ["T1"], "name": ["液氯储罐"], "kind": ["tank_farm"], "substance": ["液氯"], "quantity_t": [20.0]}
    tank |= {"storage": ["pressurised"], "enterprise_id": ["E1"]}
    sources = gpd.GeoDataFrame(tank, geometry=[shapely.Point(0, 0)], crs=CRS)
    found, tables = risk_model({"hazard_sources": sources}, None, RiskSettings())
    people = people_of(presence(layers(), GRID, RiskSettings()))
    places = {"crowded_places": layers()["crowded_places"]}
    told, zones = accident(found, people, places, RiskSettings(), wind=(270.0, 3.0), sources=tables["risk_sources"])
    assert told["source"]["substance"] == "氯"
    assert told["wind"]["from_deg"] == pytest.approx(270)
    assert told["wind"]["speed_mps"] == 3.0
    assert {"death", "AEGL-2", "AEGL-3"} <= set(zones["effect"])
    toxic = zones[zones["kind"] == "toxic"]
    assert (toxic.geometry.centroid.x > 0).all()  # a west wind blows east
    assert [row["name"] for row in told["inside"]] == ["商场"]  # the only place downwind
    assert told["erg"]["un"] == 1017
    worst, _ = accident(found, people, places, RiskSettings(), period="night")
    assert "deadliest of the wind rose by night" in worst["wind"]["why"]
    own = [s["scenario"] for s in [worst]]
    assert own[0] in worst["scenarios"]


# --- what if, how sure -------------------------------------------------------------------------


def test_what_if_equals_a_full_run():
    m = model()
    surface = lsir_surface(m, GRID)
    kept = surface.copy()
    found = what_if(surface, m, scaled(m, 1, 0.0), 1, GRID)
    assert (surface == kept).all()
    assert (found.after == lsir_surface(scaled(m, 1, 0.0), GRID)).all()
    assert (found.after <= surface).all()
    assert found.after.sum() < surface.sum()
    doubled = what_if(surface, m, scaled(m, 1, 2.0), 1, GRID).after
    np.testing.assert_allclose(doubled - found.after, 2 * (surface - found.after), rtol=1e-3, atol=1e-11)
    with pytest.raises(InputError, match="must be a number of 0 or more"):
        scaled(m, 0, -1.0)


def test_percentiles_hold_the_surface_between_them():
    m, coarse = model(), grid_of((-1500, -1500, 1500, 1500), 150, CRS)
    found = lsir_percentiles([m], coarse, samples=200)
    again = lsir_percentiles([m], coarse, samples=200, workers=2)
    assert all((found[p] == again[p]).all() for p in found)
    assert (found[5] <= found[50]).all()
    assert (found[50] <= found[95]).all()
    base = lsir_surface(m, coarse)
    assert ((found[5] <= base) & (base <= found[95])).mean() > 0.9


def test_percentiles_of_one_frequency_are_those_of_the_lognormal():
    """Error factor 10: P95 / P50 = 10 and P5 / P50 = 1 / 10, within the sampling error."""
    one = model()
    alone = type(one)(one.sources, [Outcome(0, "x", "fireball", ANY_WEATHER, 1e-6, fp.disc(500))], one.weather)
    spot = grid_of((-550, 250, -450, 350), 50, CRS)
    found = lsir_percentiles([alone], spot, samples=4000)
    assert found[95][0, 0] / found[50][0, 0] == pytest.approx(10, rel=0.15)
    assert found[5][0, 0] / found[50][0, 0] == pytest.approx(0.1, rel=0.15)
    assert found[50][0, 0] == pytest.approx(1e-6, rel=0.1)


# --- beside the zones, another stock -----------------------------------------------------------


def _zones(**areas):
    """Discs of these radii about the origin; names are effect_level."""
    rows = [(name.rpartition("_")[0].replace("_", "-"), float(name.rpartition("_")[2]), r) for name, r in areas.items()]
    table = {"effect": [e for e, _, _ in rows], "level": [v for _, v, _ in rows]}
    return gpd.GeoDataFrame(table, geometry=[shapely.Point(0, 0).buffer(r) for _, _, r in rows], crs=CRS)


def test_closed_ground_takes_the_strongest_limit_there_is():
    both = _zones(heat_4700=900, heat_12500=500, **{"AEGL-3_20": 700, "IDLH_10": 800})
    assert keep_out(both).bounds[2] == pytest.approx(700, rel=0.01)  # IDLH only where AEGL-3 is not known
    assert keep_out(_zones(IDLH_10=800, heat_4700=900)).bounds[2] == pytest.approx(800, rel=0.01)
    assert keep_out(_zones(overpressure_3000=900)).is_empty


def test_protection_lies_downwind_as_a_square():
    square = downwind_square(1000.0, (5.0, 7.0), 0.0)
    assert square.bounds == pytest.approx((5, -493, 1005, 507))


def test_a_place_is_told_with_the_smallest_zone_that_holds_it():
    zones = _zones(heat_4700=900, heat_12500=500).assign(kind="pool_fire", unit="W/m2")
    places = gpd.GeoDataFrame({"id": ["near", "far", "out"]}, geometry=gpd.points_from_xy([400, 600, 950], [0, 0, 0]))
    found = inside(zones, {"crowded_places": places})
    assert [(row["id"], row["zone"]["level"]) for row in found] == [("near", 12500), ("far", 4700)]


def test_another_stock_equals_a_model_made_with_it():
    def tanks(tonnes):
        table = {"id": ["T1", "T2"], "name": ["甲", "乙"], "kind": ["tank_farm"] * 2, "substance": ["液氯", "液氨"]}
        table |= {"quantity_t": tonnes, "storage": ["pressurised"] * 2, "enterprise_id": ["E1"] * 2}
        frame = gpd.GeoDataFrame(table, geometry=gpd.points_from_xy([0, 500], [0, 0]), crs=CRS)
        return risk_model({"hazard_sources": frame}, None, RiskSettings())[0]

    before, wanted = tanks([20.0, 20.0]), tanks([5.0, 20.0])
    after = restocked(before, 0, 5000.0, RiskSettings())
    surface = lsir_surface(before, GRID)
    found = what_if(surface, before, after, 0, GRID).after
    np.testing.assert_allclose(found, lsir_surface(wanted, GRID), rtol=1e-5, atol=1e-14)
    assert found.sum() < surface.sum()
    with pytest.raises(InputError, match="must be above 0"):
        restocked(before, 0, 0.0, RiskSettings())


def test_the_heat_of_a_broken_pipeline_reaches_where_people_die():
    """1 % die of what the zones show: the zone of 4.7 kW/m2 must hold that of 1 %, the dose of 20 s being more."""
    release = Release(substance("methane"), "gas", False, 5e5, 800.0, 600.0, 6.4e6, 288.0, 0.0, 800.0)
    zones = effect_zones("fireball", release, (0.0, 0.0), EAST, RiskSettings())
    print_, _ = fire("fireball", release, 3.0)
    dead = death_zone(print_, 0.01, (0.0, 0.0), 0.0)
    assert zones[-1].level == 4700
    assert zones[-1].geometry.buffer(1).contains(dead)
