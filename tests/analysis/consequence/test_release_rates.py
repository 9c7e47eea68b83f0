"""Discharge and pools: limits, hand-computed values, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_risk.analysis.consequence import discharge, pools
from geo_risk.errors import InputError

GAS = {"temperature_k": 288.15, "molar_mass": 0.01604, "gamma": 1.3}
ATM = 101_325.0


def test_liquid_by_hand():
    # 0.001 m2, 0.62, water, 10 m: 0.62 * 0.001 * 1000 * sqrt(2 * 9.80665 * 10) = 8.683 kg/s
    assert discharge.liquid_flow(0.001, ATM, 1000.0, head_m=10.0) == pytest.approx(8.683, rel=1e-3)


def test_gas_flow_meets_at_the_critical_pressure():
    critical = ATM / (2 / 2.3) ** (1.3 / 0.3)
    either = discharge.gas_flow(1e-4, critical * np.array([1 - 1e-9, 1 + 1e-9]), **GAS)
    assert either.choked.tolist() == [False, True]
    assert either.kg_s[0] == pytest.approx(either.kg_s[1], rel=1e-8)


@given(st.floats(ATM, 1e7), st.floats(ATM, 1e7))
def test_gas_flow_never_falls_with_pressure(a, b):
    low, high = discharge.gas_flow(1e-4, sorted((a, b)), **GAS).kg_s
    assert 0 <= low <= high


def test_no_flow_at_ambient_pressure():
    assert discharge.gas_flow(1e-4, ATM, **GAS).kg_s == 0


def test_compressibility():
    # methane, NIST: 288.15 K and 60 bar 0.882, 20 bar 0.961
    z = discharge.compressibility_factor([60e5, 20e5, 1.0], 288.15, 4.5992e6, 190.564)
    assert z == pytest.approx([0.882, 0.961, 1.0], abs=0.006)


def test_short_pipe_is_an_opening():
    pipe = discharge.long_pipe_flow(8e6, 288.15, 0.016, 1.3, 1.0, 1e-4)
    assert pipe.kg_s == discharge.gas_flow(np.pi / 4, 8e6, 288.15, 0.016, 1.3, 1.0).kg_s


def test_the_transcribed_pipe_law_is_the_textbook_law_with_a_friction_of_1_in_gamma():
    either = [discharge.long_pipe_flow(8e6, 288.15, 0.016, 1.3, 0.5, 1e5, law=law).kg_s for law in ("aqt3046", "fanno")]
    assert either[0] / either[1] == pytest.approx(np.sqrt(1.3), rel=0.01)


def test_long_pipe_falls_with_length_and_goes_over_to_ambient_pressure():
    flow = discharge.long_pipe_flow(4e5, 288.15, 0.016, 1.3, 0.2, np.geomspace(1, 1e5, 200))
    assert (np.diff(flow.kg_s) <= 0).all()
    assert flow.choked[0]
    assert not flow.choked[-1]
    assert flow.exit_pa[~flow.choked] == pytest.approx(ATM, rel=1e-6)
    # far away: isothermal formula for small Mach numbers, m = A sqrt((p1^2 - p2^2) M D / (4 f L R T))
    f, area = discharge.friction_factor(0.2), np.pi / 4 * 0.04
    slow = area * np.sqrt((4e5**2 - ATM**2) * 0.016 * 0.2 / (4 * f * 1e5 * 8.314463 * 288.15))
    assert flow.kg_s[-1] == pytest.approx(slow, rel=0.01)


def test_flashing_at_length_zero_is_the_liquid_rate():
    given_ = {"density": 1400.0, "drop_pa": 5.7e5, "pipe_m": 0.0}
    rate = discharge.flashing_flow(1e-4, 293.15, 250e3, 0.05, 940.0, **given_)
    assert rate == pytest.approx(0.62 * 1e-4 * np.sqrt(2 * 1400 * 5.7e5))


def test_flashing_falls_to_equilibrium_with_length():
    lengths = np.array([0.0, 0.01, 0.05, 0.0999999, 0.1, 1.0])
    rate = discharge.flashing_flow(1e-4, 293.15, 250e3, 0.05, 940.0, density=1400.0, drop_pa=5.7e5, pipe_m=lengths)
    assert (np.diff(rate[:4]) < 0).all()
    assert rate[4] == rate[5] == discharge.flashing_flow(1e-4, 293.15, 250e3, 0.05, 940.0)


def test_airborne_rules():
    assert discharge.airborne_fraction([0.0, 0.1, 0.2, 0.5]) == pytest.approx([0, 0.5, 1, 1])
    purple = discharge.airborne_fraction([0.05, 0.1, 0.23, 0.36, 0.9], rule="purple_book")
    assert purple == pytest.approx([0.1, 0.2, 0.6, 1.0, 1.0])
    with pytest.raises(InputError, match="'x' is not known"):
        discharge.airborne_fraction(0.1, rule="x")


def test_release_duration():
    assert discharge.release_duration([1.0, 1.0, 100.0], [1e4, 500.0, 1e4]) == pytest.approx([1800, 500, 100])
    assert discharge.release_duration(1.0, 1e4, isolated_s=120) == 120


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: discharge.liquid_flow(-1, ATM, 800, head_m=1), r"hole area is -1 m2; it must be above 0 m2"),
        (
            lambda: discharge.liquid_flow(1, 90_000, 800),
            r"pressure is 90000 Pa \(absolute\); it must be at least 101325",
        ),
        (lambda: discharge.liquid_flow(1, ATM, 800, head_m=-2), "liquid head is -2 m; it must be at least 0 m"),
        (lambda: discharge.liquid_flow(1, ATM, 800), "nothing drives the liquid out"),
        (lambda: discharge.liquid_flow(1, ATM, 800, head_m=1, cd=62), "discharge coefficient is 62"),
        (lambda: discharge.gas_flow(1, 5e4, **GAS), "pressure is 50000 Pa"),
        (lambda: discharge.gas_flow(1, np.inf, **GAS), "pressure is inf Pa"),
        (lambda: discharge.gas_flow(1, 5e5, 288, 0.016, 1.0), "ratio of specific heats is 1"),
        (lambda: discharge.long_pipe_flow(5e5, 288, 0.016, 1.3, 0.1, 0.0), "pipe length is 0 m"),
        (lambda: discharge.long_pipe_flow(5e5, 288, 0.016, 1.3, 0.1, 1.0, law="x"), "law 'x' is not known"),
        (lambda: discharge.flashing_flow(1, 290, 3e5, 0.05, 2000, liquid_pa=1e5), "needs the liquid's density"),
        (lambda: discharge.release_duration(1.0, -5.0), "inventory is -5 kg"),
        (lambda: pools.pool_area(-1.0), "spilled volume is -1 m3"),
        (lambda: pools.pool_area(1.0, depth_m=0.0), "pool depth is 0 m"),
        (lambda: pools.boiling_flux(240, 1e6, 60, ground="water"), "ground 'water' is not known"),
        (lambda: pools.mass_transfer(-1, 10), "wind speed is -1 m/s"),
    ],
)
def test_impossible_input_is_refused_with_its_value(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_nan_stays_nan():
    nan = np.array([np.nan, 1.0])
    assert np.isnan(discharge.liquid_flow(nan, 2e5, 800.0)).tolist() == [True, False]
    assert np.isnan(discharge.gas_flow(1e-4, nan * 5e5, **GAS).kg_s).tolist() == [True, False]
    assert np.isnan(discharge.long_pipe_flow(nan * 5e5, 288.0, 0.016, 1.3, 0.1, 10.0).kg_s).tolist() == [True, False]
    assert np.isnan(discharge.flash_fraction(940.0, nan, 2.8e5)).tolist() == [True, False]
    assert np.isnan(pools.pool_area(nan)).tolist() == [True, False]
    assert np.isnan(pools.evaporation_flux(nan, 10.0, 1e4, 0.1, 290.0)).tolist() == [True, False]


def test_pools_are_confined():
    assert pools.pool_area([1.0, 1.0, 100.0], bund_m2=[np.nan, 50.0, np.nan]) == pytest.approx([100, 50, 1500])
    assert pools.steady_area(10.0, 0.05) == 200


def test_boiling_pool_is_the_mean_of_its_course():
    """Mean of lambda dT / (dHv sqrt(pi a t)), by the midpoint rule in sqrt(t)."""
    end, n = 600.0, 100_000
    t = end * ((np.arange(n) + 0.5) / n) ** 2
    weight = 2 * (np.arange(n) + 0.5) / n**2
    course = 0.92 * (288.15 - 231.0) / (426e3 * np.sqrt(np.pi * 4.2e-7 * t))
    assert pools.boiling_flux(231.0, 426e3, end) == pytest.approx((course * weight).sum(), rel=1e-6)
    assert pools.boiling_flux(300.0, 426e3, end) == 0


def test_validity():
    assert discharge.valid(4e6).ok
    assert "ideal gas pressure 8e+06 Pa" in discharge.valid([4e6, 8e6]).why
    assert discharge.valid(8e6, compressibility=0.85).ok
    assert not pools.valid(0.1, 10.0).ok
