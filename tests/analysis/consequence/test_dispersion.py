"""Passive clouds against the published examples (GP-1 to GP-5, PU-1) and field trials."""

import numpy as np
import pytest

from geo_risk.analysis.consequence import dispersion as d
from geo_risk.errors import StandardsError


def test_gp_1_carbon_monoxide_plume():
    assert d.plume(100, 5, 28.8, 10.3, z_m=1, height_m=1) == pytest.approx(21.26e-3, rel=0.005)


def test_gp_2_plume_with_given_spreads():
    x = 500.0
    sy, sz = 0.0674 * x**0.9, 0.01122 * x**1.4024 * np.exp(-0.054 * np.log(x) ** 2)
    assert (sy, sz) == (pytest.approx(18.10, rel=1e-3), pytest.approx(8.497, rel=1e-3))
    assert d.plume(0.1, 2, sy, sz) == pytest.approx(1.035e-4, rel=0.002)


def test_gp_3_briggs_rural_d():
    assert [float(s) for s in d.sigmas(500, "D")] == pytest.approx([39.04, 22.68], rel=1e-3)


def prairie_grass(rate_g_s, speed_2m, stability, x):
    wind = speed_2m / d.wind_at(2.0, 1.0, stability, "rural")  # to 10 m
    at_source = d.wind_at(2.0, wind, stability, "rural")
    sy, sz = d.sigmas(x, stability)
    return d.plume(rate_g_s * 1e3, at_source, sy, sz, z_m=1.5, height_m=0.46)


X = np.array([50.0, 100, 200, 400, 800])


def test_gp_4_prairie_grass_22():
    ratio = prairie_grass(48.4, 7.39, "D", X) / [224, 81.8, 27.7, 8.6, 2.5]
    assert ((ratio >= 0.5) & (ratio <= 2)).mean() >= 0.4
    assert 0.4 <= np.exp(np.log(ratio).mean()) <= 2


def test_gp_5_prairie_grass_29():
    ratio = prairie_grass(41.5, 3.94, "E", X) / [248, 87.8, 27.6, 9.2, 2.6]
    assert ((ratio >= 0.5) & (ratio <= 2)).all()


def test_pu_1_puff():
    sy, sz = d.sigmas(500, "F", "ccps_puff")
    assert (sy, sz) == (pytest.approx(5.048, rel=1e-3), pytest.approx(2.215, rel=1e-3))
    assert d.puff(1.0, 500 - 2 * 250, sy, sy, sz) == pytest.approx(2.250e-3, rel=0.002)


def test_a_short_release_is_a_puff_and_a_long_one_a_plume():
    rate, wind, sy, sz = 2.0, 3.0, 30.0, 12.0
    steady = d.plume(rate, wind, sy, sz)
    share, seconds = d.passage(0.01, wind, sy)
    assert share * steady == pytest.approx(d.puff(rate * 0.01, 0.0, sy, sy, sz), rel=1e-4)
    assert seconds == pytest.approx(np.sqrt(2 * np.pi) * sy / wind, rel=1e-4)
    share, seconds = d.passage(1800, wind, sy)
    assert share == pytest.approx(1) and seconds == pytest.approx(1800)  # noqa: PT018


def test_the_mass_that_flows_past_is_the_mass_released():
    sy, sz = d.sigmas(300, "D")
    y, z = np.linspace(-6, 6, 241)[:, None] * sy, np.linspace(0, 8, 401) * sz
    flux = np.trapezoid(np.trapezoid(d.plume(1.5, 4.0, sy, sz, y_m=y, z_m=z, height_m=5.0), z, axis=1), y[:, 0])
    assert 4.0 * flux == pytest.approx(1.5, rel=1e-4)


@pytest.mark.parametrize("by", ["briggs_rural", "briggs_urban", "yellow_book", "ccps_puff"])
def test_clouds_widen_with_distance_and_with_instability(by):
    x = np.geomspace(50, 20_000, 60)
    for spread in d.sigmas(x, np.array(list("ABCDEF"))[:, None], by):
        assert (np.diff(spread, axis=1) > 0).all()
        assert (np.diff(spread, axis=0) <= 0).all()


def test_averaging_and_wind():
    assert d.averaged(10.0, 600) == pytest.approx(10)
    assert d.averaged(10.0, 1) == pytest.approx(10 * (18.75 / 600) ** 0.2)
    assert d.wind_at(10, 4.0, "F", "rural") == 4.0
    assert d.wind_at(2, 4.0, "F", "rural") == pytest.approx(4 * 0.2**0.55)
    assert d.transport_wind([0.0, 20.0], 4.0, "D", "urban") == pytest.approx([4.0, 4 * 2**0.25])


def test_nan_stays_nan_and_nothing_lies_upwind():
    assert np.isnan(d.plume(np.nan, 5, 10, 10))
    assert np.isnan(d.sigmas(np.nan, "D")[0])
    assert d.sigmas(-5.0, "D")[0] == 0


def test_unknown_classes_and_sets():
    with pytest.raises(StandardsError, match="class 'G'"):
        d.sigmas(100, "G")
    with pytest.raises(StandardsError, match="briggs_rural"):
        d.sigmas(100, "D", "nobody")
    with pytest.raises(StandardsError, match="rural or urban"):
        d.wind_at(2, 4, "D", "sea")


def test_validity_is_told():
    assert d.plume_valid([100.0, 5000.0], 3.0).ok
    assert "30000 m" in d.plume_valid([100.0, 30_000.0], 3.0).why
    assert "0.5 m/s" in d.plume_valid(100.0, 0.5).why
