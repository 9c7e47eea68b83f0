"""Blast curves: joints, slopes, limits, distances of a given overpressure."""

import numpy as np
import pytest

from geo_risk.analysis.consequence import explosion
from geo_risk.analysis.consequence.checks import ATMOSPHERE_PA, distance_where
from geo_risk.errors import InputError

ENERGY = 3.5e9
SCALE = float(explosion.energy_scale(ENERGY))
R = np.geomspace(0.05, 100, 2000) * SCALE


@pytest.mark.parametrize("strength", explosion.MULTI_ENERGY_CLASSES)
def test_multi_energy_never_rises_and_stronger_is_more(strength):
    p = explosion.multi_energy(R, ENERGY, strength)
    assert (np.diff(p) <= 0).all()
    stronger = [s for s in explosion.MULTI_ENERGY_CLASSES if s > strength]
    if stronger:
        assert (explosion.multi_energy(R, ENERGY, stronger[0]) >= p * (1 - 1e-12)).all()


@pytest.mark.parametrize("strength", [6, 7, 8, 9, 10])
def test_strong_classes_are_one_from_30_kpa_down(strength):
    def curve(r):
        return explosion.multi_energy(r, ENERGY, strength)

    assert distance_where(curve, [30e3, 10e3], 1, 1e4) / SCALE == pytest.approx([1.0149, 2.7303], rel=1e-3)


@pytest.mark.parametrize("mach", [0.2, 0.35, 0.7, 1.0, 1.4, 5.2])
def test_baker_strehlow_tang_falls(mach):
    p = explosion.baker_strehlow_tang(R, ENERGY, mach)
    assert (np.diff(p) <= 0).all()
    # between two points of the table, log-log
    ends = explosion.baker_strehlow_tang(np.array([1.0, 2.0]) * SCALE, ENERGY, mach)
    middle = explosion.baker_strehlow_tang(np.sqrt(2) * SCALE, ENERGY, mach)
    assert middle == pytest.approx(np.sqrt(ends[0] * ends[1]))


def test_surface_burst_meets_where_its_pieces_join():
    for z in (2.9, 23.8):
        either = explosion.tnt_surface(np.array([z * (1 - 1e-9), z * (1 + 1e-9)]), 1.0)
        assert either[0] == pytest.approx(either[1], rel=0.01)
    assert explosion.tnt_surface(0.01, 1.0) == explosion.tnt_surface(0.2, 1.0)


def test_cube_root_scaling():
    for curve in (explosion.tnt_surface, explosion.tnt_air, explosion.explosives_ground):
        assert curve(80.0, 1000.0) == pytest.approx(float(curve(8.0, 1.0)))


def test_gb37243_scaled_distances_of_its_limits():
    # 14/z^3 + 4.3/z^2 + 1.1/z in bar: 58.86, 25.76 and 15.85 m/kg^(1/3) for 2, 5 and 9 kPa
    z = distance_where(lambda r: explosion.explosives_ground(r, 1.0), [2000.0, 5000.0, 9000.0], 0.1, 1e4)
    assert z == pytest.approx([58.86, 25.76, 15.85], rel=1e-3)
    assert distance_where(lambda r: explosion.explosives_ground(r, 5000.0), 2000.0, 1, 1e5) == pytest.approx(
        1006, rel=1e-3
    )


def test_screening_forms():
    # 1 t of propane: 17 * (0.1 * 1000 * 46 333 / 4680)^(1/3) = 169.4 m
    assert explosion.one_psi_distance(1000.0, 46.333e6) == pytest.approx(169.4, rel=1e-3)
    assert explosion.tno_1979_distance(1e10, 10_000.0) == pytest.approx(60.0)
    assert explosion.cloud_energy(1000.0) == 3.5e9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: explosion.multi_energy(10.0, ENERGY, 3), r"class 3 has no curve here. Use one of 1, 4, 5, 6, 7"),
        (lambda: explosion.multi_energy(10.0, -1.0, 6), "explosion energy is -1 J"),
        (lambda: explosion.multi_energy(-10.0, ENERGY, 6), "distance is -10 m"),
        (lambda: explosion.baker_strehlow_tang(10.0, ENERGY, 3.0), "Mach number 3 has no curve"),
        (lambda: explosion.tnt_mass(-1.0, 46e6), "flammable mass is -1 kg"),
        (lambda: explosion.tnt_mass(1.0, 46e6, share=3.0), "in percent"),
        (lambda: explosion.tno_1979_distance(1e13, 10_000.0), "above the 5e12 J"),
        (lambda: explosion.tno_1979_distance(1e10, 5.0), "has no 5 Pa"),
    ],
)
def test_impossible_input_is_refused_with_its_value(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_nan_stays_nan():
    nan = np.array([np.nan, 30.0])
    curves = [
        explosion.multi_energy(nan, ENERGY, 6),
        explosion.multi_energy(nan, ENERGY, 10),
        explosion.baker_strehlow_tang(nan, ENERGY, 0.7),
        explosion.tnt_surface(nan, 1.0),
        explosion.tnt_air(nan, 1.0),
        explosion.explosives_ground(nan, 1.0),
    ]
    for curve in curves:
        assert np.isnan(curve).tolist() == [True, False]


def test_validity():
    assert explosion.multi_energy_valid(SCALE, ENERGY, 6).ok
    assert not explosion.multi_energy_valid(0.5 * SCALE, ENERGY, 10).ok
    assert not explosion.multi_energy_valid(10 * SCALE, ENERGY, 1).ok
    assert not explosion.baker_strehlow_tang_valid(20 * SCALE, ENERGY).ok
    assert not explosion.tnt_surface_valid(500.0, 1.0).ok
    assert explosion.multi_energy(SCALE, ENERGY, 6) < ATMOSPHERE_PA
