"""Heavy clouds against Britter & McQuaid's and CCPS' examples and field trials (DG-1 to DG-3)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_risk.analysis.consequence import dense_gas as g

LNG = 1.76  # kg/m3, vapour at its boiling point
DG1 = (0.23 * 425.6 / LNG, g.reduced_gravity(LNG, 1.1848), 10.9)
POTCHEFSTROOM = (7.25e4, g.reduced_gravity(1.434, 1.21), 2.0)

# name, kg/s, wind at 10 m, distances, measured mol % (arc maxima)
TRIALS = [
    ("Burro 3", 87.98, 5.8, (57, 140, 400, 800), (28.2, 9.0, 1.2, 0.9)),
    ("Burro 7", 99.46, 9.6, (57, 140, 400), (17.9, 7.3, 3.9)),
    ("Burro 8", 116.93, 2.3, (57, 140, 400, 800), (55.9, 18.1, 6.1, 2.1)),
    ("Coyote 5", 129.02, 11.0, (140, 200, 300, 400, 500), (11.5, 7.8, 3.2, 2.1, 1.8)),
    ("Maplin Sands 27", 23.21, 5.6, (58, 88, 129, 181, 248, 322, 399), (16.9, 12.3, 9.3, 4.8, 3.1, 3.5, 2.9)),
    ("Maplin Sands 34", 21.51, 8.6, (89, 180), (12.1, 4.5)),
]


def test_dg_1_scales():
    q, g0, u = DG1
    assert q == pytest.approx(55.6, rel=0.005)
    assert np.sqrt(q / u) == pytest.approx(2.259, rel=0.005)
    assert g.plume_alpha(q, g0, u) == pytest.approx(-0.417, rel=0.005)
    assert g.plume_is_dense(q, g0, u)


@pytest.mark.parametrize(("x", "percent"), [(367, 5.07), (45.2, 67.2)])
def test_dg_1_concentration_with_temperature(x, percent):
    assert 100 * g.warmed(g.plume_ratio(x, *DG1), 111.15, 298) == pytest.approx(percent, rel=0.005)


def test_dg_2_arrival_of_the_potchefstroom_cloud():
    assert g.puff_arrival(333, *POTCHEFSTROOM) == pytest.approx(124, rel=0.01)


def test_dg_2_distance_of_a_tenth():
    """The workbook reads 8.0 scaled lengths (333 m) off its figure; the segments of the correlation give 8.51."""
    beta = g._knots("puff", g.puff_alpha(*POTCHEFSTROOM))[1][0]
    assert 10**beta * np.cbrt(7.25e4) == pytest.approx(333, rel=0.07)
    assert g.puff_ratio(354.9, *POTCHEFSTROOM) == pytest.approx(0.10, rel=1e-3)


def test_dg_3_field_trials():
    ratio = []
    for _, rate, wind, x, measured in TRIALS:
        g0 = g.reduced_gravity(LNG, g.air_density(300))
        ratio += list(100 * g.plume_ratio(np.array(x), rate / LNG, g0, wind) / measured)
    ratio = np.array(ratio)
    assert len(ratio) == 25
    assert ((ratio >= 0.5) & (ratio <= 2)).mean() >= 0.7
    assert 0.7 <= np.exp(-np.log(ratio).mean()) <= 1.4


@pytest.mark.parametrize("kind", ["plume", "puff"])
@pytest.mark.parametrize("alpha", [-2.0, -0.55, -0.4, -0.14, 0.0, 0.3, 0.9, 1.5])
def test_the_curve_falls_and_has_no_jump(kind, alpha):
    s = np.geomspace(0.1, 1e5, 40_000)
    c = g._ratio(kind, np.array(alpha), s)
    assert (np.diff(c) <= 1e-12).all()
    assert (c[1:] / c[:-1] > 0.99).all()  # the grid's own step is 0.035 %


@given(st.floats(0.1, 5000), st.floats(0.01, 500), st.floats(0.5, 30), st.floats(1.5, 15))
def test_a_share_stays_a_share(x, flow, g0, wind):
    assert 0 < g.plume_ratio(x, flow, g0, wind) <= 1
    assert 0 < g.puff_ratio(x, flow * 100, g0, wind) <= 1
    assert g.puff_arrival(x, flow * 100, g0, wind) >= 0


def test_the_front_of_a_puff_is_where_it_arrives():
    volume, g0, wind = POTCHEFSTROOM
    x = np.array([50.0, 200, 1000])
    t = g.puff_arrival(x, volume, g0, wind)
    assert 0.4 * wind * t + g.puff_radius(t, volume, g0) == pytest.approx(x)
    assert g.puff_arrival(10.0, volume, g0, wind) == 0


def test_mass_of_the_uniform_plume():
    q, _, u = DG1
    x = np.array([100.0, 400])
    carried = 2 * g.plume_half_width(x, *DG1) * g.plume_depth(x, *DG1) * u * g.plume_ratio(x, *DG1)
    assert carried == pytest.approx(q)


def test_plume_or_puff():
    assert g.release_kind([1000, 100, 10], 2.0, 200).tolist() == ["plume", "both", "puff"]
    assert not g.plume_is_dense(0.001, 1.0, 10.0)
    assert not g.puff_is_dense(0.01, 1.0, 10.0)
    assert not g.plume_valid(10.0, 10.0, 1.0).ok
    assert g.puff_valid(*POTCHEFSTROOM).ok


def test_air_dries_a_chlorine_spray():
    pure = g.evaporated_cloud(0.070906, 239.2)
    assert pure.mole_fraction == 1
    assert pure.density == pytest.approx(101_325 * 0.070906 / (8.314463 * 239.2))
    # By hand: 0.8 x 287 kJ / (1.005 kJ/kg/K x 53.95 K) = 4.2347 kg air per kg.
    wet = g.evaporated_cloud(0.070906, 239.2, 0.2, 287e3)
    assert wet.mass_fraction == pytest.approx(1 / 5.2347, rel=1e-4)
    assert wet.mole_fraction == pytest.approx((1 / 0.070906) / (1 / 0.070906 + 4.2347 / 0.02896), rel=1e-4)
    assert 1.2 < wet.density < pure.density


def test_nan_stays_nan():
    assert np.isnan(g.plume_ratio(np.nan, *DG1))
    assert np.isnan(g.puff_ratio(100.0, np.nan, 5.0, 2.0))
