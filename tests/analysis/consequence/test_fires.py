"""Pool fire, jet fire, fireball: brute-force twins, limits, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_risk.analysis.consequence import fireball, jet_fire, pool_fire, radiation
from geo_risk.analysis.consequence.checks import distance_where
from geo_risk.errors import InputError


def brute_view_factor(x, length, lean, normal):
    """Side of a cylinder of radius 1 leaning towards +x, summed patch by patch, seen from (x, 0, 0)."""
    turn, height = np.meshgrid(
        (np.arange(1200) + 0.5) / 1200 * 2 * np.pi, (np.arange(1200) + 0.5) / 1200 * length * np.cos(lean)
    )
    shift = np.tan(lean)
    point = np.stack([np.cos(turn) + shift * height, np.sin(turn), height])
    # outward normal times the area of a patch of the sheared cylinder: d(point)/d(turn) x d(point)/d(height)
    outward = np.stack([np.cos(turn), np.sin(turn), -shift * np.cos(turn)])
    ray = np.array([x, 0, 0])[:, None, None] - point
    square = (ray**2).sum(axis=0)
    leaves = np.maximum((outward * ray).sum(axis=0), 0)
    arrives = np.maximum(-(np.asarray(normal)[:, None, None] * ray).sum(axis=0), 0)
    patch = 2 * np.pi / 1200 * length * np.cos(lean) / 1200
    return float((leaves * arrives / (np.pi * square**2)).sum() * patch)


@pytest.mark.parametrize(("x", "length", "lean"), [(2, 2, 0.0), (5, 1, 0.0), (3, 6, 0.0), (6, 3, 0.5), (8, 4, 0.8)])
def test_view_factor_is_what_patches_sum_to(x, length, lean):
    vertical, horizontal = pool_fire.view_factor(float(x), 1.0, float(length), lean)
    assert vertical == pytest.approx(brute_view_factor(x, length, lean, (-1, 0, 0)), rel=0.01)
    assert horizontal == pytest.approx(brute_view_factor(x, length, lean, (0, 0, 1)), rel=0.01)


@given(st.floats(0.1, 10), st.floats(0, 1.2), st.floats(0.001, 30))
def test_view_factor_is_a_fraction(length, lean, clearance):
    x = 1 + length * np.sin(lean) + clearance
    vertical, horizontal = pool_fire.view_factor(x, 1.0, length, lean)
    assert -1e-9 <= horizontal <= 1
    assert -1e-9 <= vertical <= 1


def test_view_factor_in_the_flame_is_one():
    assert [float(f) for f in pool_fire.view_factor(0.5, 1.0, 2.0)] == [1, 1]
    assert [float(f) for f in pool_fire.view_factor(2.0, 1.0, 2.0, 0.8)] == [1, 1]


def test_pool_fire_falls_with_distance():
    fire = pool_fire.pool_fire(30.0, 0.055, 44e6, 5.0)
    flux = pool_fire.heat_flux(fire, np.linspace(0, 500, 400))
    assert (np.diff(flux) <= 0).all()
    assert flux[0] == pytest.approx(fire.sep_w_m2)
    assert 0 < flux[-1] < 1000


def test_pool_fire_over_many_pools_at_once():
    fires = pool_fire.pool_fire(np.array([5.0, 30.0, np.nan]), 0.055, 44e6, 5.0)
    together = pool_fire.heat_flux(fires, np.full(3, 60.0))
    for d, got in zip([5.0, 30.0], together, strict=False):
        assert got == pytest.approx(float(pool_fire.heat_flux(pool_fire.pool_fire(d, 0.055, 44e6, 5.0), 60.0)))
    assert np.isnan(together[2])


def test_far_from_a_pool_fire_it_is_a_point_source():
    fire = pool_fire.pool_fire(10.0, 0.1, 45e6, 0.0, soot=0.0, radiated=0.3)
    power = 0.1 * np.pi / 4 * 100 * 45e6
    far = 400.0
    point = radiation.point_source(power, 0.3, far, radiation.transmissivity(far - 5))
    # seen from afar a cylinder shows L D of its pi D L + pi D^2 / 4, a point as much in every direction
    assert pool_fire.heat_flux(fire, far) == pytest.approx(point, rel=0.35)


def test_burning_rates():
    assert pool_fire.burning_flux([0.5, 100.0], 0.055, 2.1) == pytest.approx([0.055 * 0.65006, 0.055], rel=1e-4)
    assert pool_fire.burning_flux(0.1, 0.015, np.inf) == 0.015
    # benzene, YB 6.67: 0.001 * 40.1e6 / (394e3 + 1730 * 55.05) = 0.0820
    assert pool_fire.burgess_flux(40.1e6, 394e3, 1730, 353.2) == pytest.approx(0.0820, rel=1e-3)


def test_soot_is_between_smoke_and_flame():
    assert pool_fire.smoky_sep(250e3, [0.0, 0.8, 1.0]) == pytest.approx([250e3, 66e3, 20e3])
    assert pool_fire.mudan_sep([1e-6, 1e3]) == pytest.approx([140e3, 20e3], rel=1e-3)
    assert pool_fire.tilt(10.0, 0.0) == 0
    assert pool_fire.still_flame_length(10.0, 0.05) > 0


def test_transmissivity():
    # YB 6.29 at pw x = 7.4e4 N/m: 2.02 * 7.4e4^-0.09 = 0.7366
    assert radiation.transmissivity(100.0, 740.0) == pytest.approx(0.7366, rel=1e-3)
    assert radiation.transmissivity([0.0, 0.01]) == pytest.approx([1, 1])
    assert radiation.transmissivity_aqt([0.0, 1.0, 100.0]) == pytest.approx([1, 1, 0.7398], rel=1e-3)
    assert radiation.water_pressure(293.15, 1.0) == pytest.approx(2333, rel=5e-3)


def test_jet_fire_is_symmetric_and_falls_sideways():
    y = np.linspace(5, 200, 100)
    one = jet_fire.heat_flux(20.0, y, 4e8)
    assert one == pytest.approx(jet_fire.heat_flux(20.0, -y, 4e8))
    assert (np.diff(one) < 0).all()


def test_many_jets_at_once():
    powers = np.array([1e7, 4e8])
    together = jet_fire.heat_flux(10.0, 40.0, powers)
    assert together == pytest.approx([float(jet_fire.heat_flux(10.0, 40.0, p)) for p in powers])


def test_jet_fire_from_afar_is_one_point():
    got = jet_fire.heat_flux(0.0, 3000.0, 4e8, radiated=0.2)
    assert got == pytest.approx(
        radiation.point_source(4e8, 0.2, 3000.0, radiation.transmissivity_aqt(3000.0)), rel=1e-3
    )


def test_fireball_by_hand():
    ball = fireball.tno(1000.0, 1e6, 46e6)  # 6.48 * 1000^0.325 = 61.17 m; 0.852 * 1000^0.26 = 5.134 s
    assert (float(ball.diameter_m), float(ball.duration_s)) == pytest.approx((61.17, 5.134), rel=1e-3)
    below = fireball.heat_flux(ball, 0.0)  # centre one diameter up: (R / 2R)^2
    assert below == pytest.approx(ball.sep_w_m2 / 4 * radiation.transmissivity(ball.diameter_m / 2))
    assert fireball.tno(1000.0, 1e8, 46e6).radiated == 0.4


def test_ccps_duration_changes_its_law_at_30_t():
    t = fireball.ccps([29_999.0, 30_001.0], 46e6).duration_s
    assert t == pytest.approx([0.45 * 29_999 ** (1 / 3), 2.6 * 30_001 ** (1 / 6)])


def test_fireball_releases_its_radiated_heat():
    ball = fireball.tno([100.0, 1e5], 1.5e6, 46e6)
    heat = ball.sep_w_m2 * np.pi * ball.diameter_m**2 * ball.duration_s
    assert heat == pytest.approx(ball.radiated * np.array([100.0, 1e5]) * 46e6)


def test_flashing_mass_and_epa_distance():
    assert fireball.flashing_mass(100.0, [0.1, 0.5]) == pytest.approx([30, 100])
    assert fireball.second_degree_distance(1e4, 46e6, 9.7) == pytest.approx(
        np.sqrt(2.2 * 0.4 * 46e6 * 1e4**0.67 / (4 * np.pi * (3.42e6 / 9.7) ** 0.75))
    )


def test_distance_where_turns_a_curve_round():
    ball = fireball.tno(20_000.0, 1.6e6, 46e6)
    r = distance_where(lambda x: fireball.heat_flux(ball, x), [12_500.0, 4_000.0, np.nan], 0.1, 1e4)
    assert fireball.heat_flux(ball, r[:2]) == pytest.approx([12_500, 4_000])
    assert np.isnan(r[2])
    ends = distance_where(lambda x: fireball.heat_flux(ball, x), [1e9, 1e-9], 0.1, 1e4)
    assert ends == pytest.approx([0.1, 1e4])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fireball.tno(-20.0, 1e6, 46e6), "burning mass is -20 kg; it must be above 0 kg"),
        (lambda: fireball.tno(20.0, 0.0, 46e6), "burst pressure is 0 Pa"),
        (lambda: jet_fire.power(-1.0, 46e6), "release rate is -1 kg/s"),
        (lambda: pool_fire.pool_fire(0.0, 0.05, 44e6, 5.0), "pool diameter is 0 m"),
        (lambda: pool_fire.smoky_sep(1e5, 80.0), "smoke is 80; a fraction"),
        (lambda: radiation.transmissivity(-3.0), "path is -3 m"),
    ],
)
def test_impossible_input_is_refused_with_its_value(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_validity():
    assert fireball.valid([1.0, 1e6]).ok
    assert not fireball.valid(2e6).ok
    assert "pool diameter 200 m is outside 1 to 100 m" in pool_fire.valid(200.0).why
    assert jet_fire.valid(5.0).ok
    assert radiation.valid([20.0, 60.0]).ok
    assert not radiation.valid(1000.0).ok
