"""Ruptures of gas pipelines (PL-1, PL-2), their frequencies and what serves other media."""

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import LineString

from geo_risk.analysis.consequence import gas_pipeline as p
from geo_risk.analysis.qra import footprint, weather
from geo_risk.analysis.qra.model import Model, lsir_shares
from geo_risk.analysis.qra.outcomes import ANY_WEATHER, Outcome
from geo_risk.errors import InputError, StandardsError

PSI, INCH = 6894.757, 0.0254
LINE = p.Line(7e6, 0.6, 30_000.0)


def test_pl_1_impact_radius():
    assert p.impact_radius(1000 * PSI, 24 * INCH) == pytest.approx(159.6, rel=0.001)
    assert p.impact_distance(1000 * PSI, 24 * INCH) / 0.3048 == pytest.approx(520, rel=0.01)


@pytest.mark.parametrize(
    ("mm", "mpa", "metres"), [(273, 1.6, 34.2), (508, 6.3, 126.2), (762, 6.9, 198.2), (1016, 10, 318.1)]
)
def test_chinese_form_of_the_impact_radius(mm, mpa, metres):
    assert p.impact_radius(mpa * 1e6, mm / 1000) == pytest.approx(metres, rel=0.008)  # 0.099 truncates 0.0997


@pytest.mark.parametrize(("d", "expected"), [(0.0, 3.0e-5), (100.0, 2.236e-5)])
def test_pl_2_a_long_straight_line(d, expected):
    line = gpd.GeoDataFrame(geometry=[LineString([(-5000, 0), (5000, 0)])], crs="EPSG:4549")
    model = Model(line, [Outcome(0, "rupture", "jet_fire", ANY_WEATHER, 1e-7, footprint.disc(150.0))],
                  weather.uniform("D", 4.0))  # fmt: skip
    assert lsir_shares(model, (0.0, d)).sum() == pytest.approx(expected, rel=0.005)


def test_outflow_conserves_the_gas_and_falls():
    t = np.geomspace(0.1, 1e5, 20_000)
    rate = p.rupture_rate(t, LINE)
    assert (np.diff(rate) < 0).all()
    assert p.rupture_rate(0.0, LINE) == pytest.approx(2 * LINE.initial_kg_s)
    assert p.rupture_mass(np.inf, LINE) == pytest.approx(2 * LINE.half_mass_kg)
    assert np.trapezoid(rate, t) == pytest.approx(p.rupture_mass(1e5, LINE), rel=0.01)


@pytest.mark.parametrize("kpa", [5.0, 100.0, 400.0, 4000.0])
def test_town_gas_lines_of_any_pressure(kpa):
    line = p.Line(101_325.0 + 1e3 * kpa, 0.2, 2000.0)
    alone = p.rupture_death(np.array([0.0, 10.0, 500.0]), line)[0]
    assert 0 <= alone[2] <= alone[1] <= alone[0] == 1
    assert p.line_valid(line).ok == (kpa > 101.325)
    assert p.rupture_mass(np.inf, line) == pytest.approx(2 * line.half_mass_kg)


def test_validity_is_told():
    assert p.line_valid(LINE).ok
    assert "mass" in p.line_valid(p.Line(7e6, 1.0, 50.0)).why


def test_the_fireball_burns_what_flows_out_while_it_lasts():
    mass, ball = p.rupture_fireball(LINE)
    assert mass == pytest.approx(float(p.rupture_mass(float(ball.duration_s), LINE)), rel=1e-6)
    assert mass < 2 * LINE.half_mass_kg


def test_death_falls_with_distance_and_rises_with_pressure_and_diameter():
    r = np.linspace(0, 1500, 300)
    for ignition in (0.0, 60.0):
        alone, outdoors, indoors = p.rupture_death(r, LINE, ignition_s=ignition)
        assert (np.diff(alone) <= 1e-12).all() and alone[0] == 1 and alone[-1] < 0.01  # noqa: PT018
        assert (indoors <= outdoors).all() and (outdoors <= alone).all()  # noqa: PT018
        for bigger in (p.Line(10e6, 0.6, 30_000.0), p.Line(7e6, 0.8, 30_000.0)):
            assert (p.rupture_death(r, bigger, ignition_s=ignition)[0] >= alone - 1e-12).all()


def test_one_per_cent_of_the_impact_radius():
    """C-FER's heat kills 1 % in 30 s by its own account; Eisenberg's probit agrees, that in use kills many more."""
    r = float(p.impact_radius(6e6, 0.6))
    tsao = p.impact_death(r, 6e6, 0.6)[0]
    eisenberg = p.impact_death(r, 6e6, 0.6, by="eisenberg")[0]
    assert 0.005 < eisenberg < 0.05
    assert tsao > 5 * eisenberg
    assert p.impact_death(0.0, 6e6, 0.6)[0] == 1


def test_nan_stays_nan_and_impossible_input_is_refused():
    assert np.isnan(p.rupture_death(np.array([np.nan]), LINE)[0]).all()
    assert np.isnan(p.leak_heat(np.nan, 10.0))
    with pytest.raises(InputError, match="Pa"):
        p.impact_radius(-1.0, 0.5)
    with pytest.raises(StandardsError, match="hydrogen"):
        p.impact_radius(1e6, 0.5, gas="helium")


def test_frequencies_and_ignition():
    wall = p.failures("gb_t_34346", 0.5, wall_mm=8.0)
    assert sum(f.per_m_yr for f in wall) == pytest.approx(1.7e-7, rel=1e-3)
    assert [f.hole_m for f in wall] == [0.005, 0.025, 0.15, 0.5]
    assert sum(f.per_m_yr for f in p.failures("gb_t_34346", 0.5)) == pytest.approx(4e-7, rel=1e-3)
    lane = p.failures("purple_book", 0.3, condition="in lane")
    assert [f.per_m_yr for f in lane] == [7e-9, 6.3e-8]
    assert lane[0].ignition == 0.10
    assert p.failures("egig", 0.6)[0].ignition == 0.35
    assert {f.confidence for f in p.failures("egig", 0.6)} == {"MC", "MU"}
    with pytest.raises(StandardsError, match="egig"):
        p.failures("nobody", 0.5)
    with pytest.raises(StandardsError, match="in lane"):
        p.failures("purple_book", 0.5, condition="under a lake")
