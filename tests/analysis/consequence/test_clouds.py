"""Clouds along the wind, their tables for the risk sum, and what can burn (FF-1, RK-1, RK-4)."""

import time

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import Point

from geo_risk.analysis.consequence import clouds, dense_gas, flash_fire, toxic
from geo_risk.analysis.consequence import vulnerability as v
from geo_risk.analysis.qra import footprint, weather
from geo_risk.analysis.qra.model import Model, lsir_shares
from geo_risk.analysis.qra.outcomes import Outcome

CHLORINE = dense_gas.evaporated_cloud(0.070906, 239.2, 0.2, 287e3)
LIGHT = dense_gas.Mixture(1.2, 1.0, 1.0)  # as heavy as air


def release(mass, duration, stability="F", wind=1.5, cloud=CHLORINE, molar_mass=0.070906, **more):
    given = (np.atleast_1d(np.asarray(a, float)) for a in (mass, duration))
    return clouds.releases(*given, np.array([stability]), np.array([wind]), np.array(molar_mass), cloud, **more)


@pytest.mark.parametrize("surface", ["rural", "urban"])
@pytest.mark.parametrize("duration", [0.0, 1800.0])
@pytest.mark.parametrize(("stability", "wind"), [("F", 1.5), ("D", 5.0), ("B", 3.0)])
def test_a_heavy_cloud_is_handed_over_without_a_jump(surface, duration, stability, wind):
    r = release(18_000, duration, stability, wind)
    x = np.concatenate([[0.0], np.geomspace(1, 20_000, 30_000)])
    c = clouds.cloud(r, surface, x_m=x)
    assert c.heavy.all()
    for values in (c.kg_m3, c.sigma_m, c.seconds):
        step = values[0, 2:] / values[0, 1:-1]
        assert np.abs(step - 1).max() < 0.01  # the grid's own step is 0.03 %
    assert (np.diff(c.kg_m3[0, 1:]) <= 1e-15).all()


def test_a_passive_cloud_is_the_plume_formula():
    from geo_risk.analysis.consequence import dispersion

    x = np.array([0.0, 100, 500, 2000])
    c = clouds.cloud(release(180_000, 1e6, "D", 4.0, LIGHT), "rural", x_m=x)
    assert not c.heavy.any()
    sy, sz = dispersion.sigmas(x[1:], "D")
    assert c.kg_m3[0, 1:] == pytest.approx(dispersion.plume(0.18, 4.0, sy, sz, z_m=1.0))
    assert c.sigma_m[0, 1:] == pytest.approx(sy)


def test_many_releases_are_the_same_as_one_by_one():
    rng = np.random.default_rng(1)
    mass, duration = 10 ** rng.uniform(1, 5, 40), rng.choice([0, 60, 600, 1800.0], 40)
    letters, wind = rng.choice(list("ABCDEF"), 40), rng.choice([1.5, 4.0, 9.0], 40)
    many = clouds.releases(mass, duration, letters, wind, np.array(0.070906), CHLORINE)
    k = v.toxic_constants("chlorine")
    together = toxic.toxic_tables(many, k, "urban")
    for i in range(40):
        alone = toxic.toxic_tables(many.take(np.array([i])), k, "urban")
        for a, b in zip(together.row(i), alone.row(0), strict=True):
            np.testing.assert_array_equal(a, b)


def test_nothing_grows_when_less_is_released():
    k = v.toxic_constants("chlorine")
    for duration in (0.0, 600.0):
        r = release(np.geomspace(10, 1e5, 30), np.full(30, duration), wind=3.0, stability="D")
        reach = toxic.toxic_tables(r, k, "rural").reach_m
        assert (np.diff(reach) >= -1e-9).all()
        assert reach[-1] > 500


def test_a_release_that_kills_nobody_has_no_table():
    t = toxic.toxic_tables(release([1e-6, np.nan], [600, 600], cloud=LIGHT), v.toxic_constants("chlorine"), "rural")
    assert t.count.tolist() == [0, 0]
    assert t.reach_m.tolist() == [0, 0]
    assert not t.cloud.valid[1]


def test_tables_end_at_one_per_cent():
    t = toxic.toxic_tables(release(1800, 1800), v.toxic_constants("chlorine"), "rural")
    x, probit, sigma = t.row(0)
    assert x[0] == 0 and x[-1] == t.reach_m[0]  # noqa: PT018
    assert v.probability(probit[-1]) == pytest.approx(0.01, abs=1e-4)
    assert (np.diff(x) > 0).all() and (sigma > 0).all()  # noqa: PT018
    fine = toxic.toxic_probit(clouds.cloud(release(1800, 1800), "rural", x_m=np.array([0, 1.0, x[-1]])).kg_m3 * 1e6, 30,
                              v.toxic_constants("chlorine"))  # fmt: skip
    assert fine[0, -1] == pytest.approx(2.67, abs=0.02)


@pytest.mark.parametrize(("r", "expected"), [(100, 0.03296), (300, 0.01915), (500, 0.00940)])
def test_rk_4_from_release_to_risk(r, expected):
    """1 kg/s of chlorine as a passive ground plume: the mean probability on a ring, through tables and risk sum."""
    k = v.toxic_constants("chlorine")
    t = toxic.toxic_tables(release(1e6, 1e6, cloud=LIGHT), k, "rural", receptor_m=0.0)
    model = Model(
        gpd.GeoDataFrame(geometry=[Point(0, 0)], crs="EPSG:4549"),
        [Outcome(0, "s", "toxic", 0, 1.0, footprint.plume(*t.row(0), t.slope))],
        weather.uniform("F", 1.5),
    )
    assert lsir_shares(model, (float(r), 0.0)).sum() == pytest.approx(expected, rel=0.01)


def test_rk_1_purple_book_chain():
    """App. 6.B: 100 kg/s of CO, 361 m away; f 5e-7, weather and direction 0.0368, 12 sectors."""
    from geo_risk.analysis.consequence.dispersion import plume

    k = v.toxic_constants("carbon monoxide")
    axis = float(v.toxic_probit(plume(100, 5, 28.8, 10.3, z_m=1, height_m=1) * 1e6, 30, k))
    x = np.array([0.0, 2000.0])
    shape = footprint.plume(x, [axis, axis], [28.8, 28.8], k.slope)
    y = np.linspace(-200, 200, 4001)
    across = np.trapezoid(footprint.death(shape, 361.0, y), y)
    assert across == pytest.approx(71.88, rel=0.005)
    assert across / v.probability(axis) == pytest.approx(86.30, rel=0.005)
    assert 12 * across / v.probability(axis) / (2 * np.pi * 361) == pytest.approx(0.4566, rel=0.005)
    on_ring = 12 * across / (2 * np.pi * 361)
    assert on_ring == pytest.approx(0.3803, rel=0.005)
    assert 5e-7 * 0.0368 * on_ring == pytest.approx(6.997e-9, rel=0.005)
    # The risk sum, which keeps to the arc, with the twelve sectors alike.
    rose = weather.Weather(("D",), np.array([5.0]), ("all",), np.full((1, weather.ANGLES), 12 * 0.0368 / (2 * np.pi)))
    model = Model(
        gpd.GeoDataFrame(geometry=[Point(0, 0)], crs="EPSG:4549"), [Outcome(0, "s", "toxic", 0, 5e-7, shape)], rose
    )
    assert lsir_shares(model, (361.0, 0.0)).sum() == pytest.approx(6.997e-9, rel=0.02)


@pytest.mark.parametrize(
    ("rate", "seconds", "wind", "stability", "measured"),
    [(116.93, 107, 2.3, "E", 455), (99.46, 174, 9.6, "D", 264)],
    ids=["burro_8", "burro_7"],
)
def test_ff_1_distance_to_the_lower_limit(rate, seconds, wind, stability, measured):
    lng = dense_gas.Mixture(1.76, 1.0, 1.0)
    r = release(rate * seconds, seconds, stability, wind, lng, 0.016042, air_k=300.0)
    reach = flash_fire.flammable_tables(r, 0.05, 0.15, "rural").reach_m[0]
    assert 0.5 <= reach / measured <= 2


def test_what_burns_is_between_the_limits_and_less_than_was_released():
    r = release([3000, 3000, 3000], [0, 60, 600], "D", 3.0, dense_gas.evaporated_cloud(0.0441, 231.0), 0.0441)
    t = flash_fire.flammable_tables(r, 0.017, 0.109, "rural")
    assert (t.mass_kg > 0).all() and (t.mass_kg <= 3000).all()  # noqa: PT018
    assert (t.centre_m < t.reach_m).all()
    wider = flash_fire.flammable_tables(r, 0.017, 0.109, "rural", share=0.5)
    assert (wider.reach_m > t.reach_m).all()
    for i in range(3):
        x, half = t.row(i)
        assert (np.diff(x) > 0).all() and (half >= 0).all() and half[-1] == pytest.approx(0, abs=1e-6)  # noqa: PT018
        inside = footprint.death(footprint.cloud(x, half), (x[0] + x[-1]) / 2, 0.0)
        assert inside == 1


def test_mass_between_the_limits_of_a_plume_by_brute_force():
    from geo_risk.analysis.consequence import dispersion

    r = release(5.0 * 1e5, 1e5, "D", 4.0, LIGHT, 0.016042)
    t = flash_fire.flammable_tables(r, 0.044, 0.17, "rural")
    pure = r.pure_kg_m3[0]
    x = np.geomspace(1, 400, 400)
    sy, sz = dispersion.sigmas(x, "D")
    sy = dispersion.averaged(sy, 18.75)
    total = np.zeros(len(x))
    for i in range(len(x)):
        y, z = np.linspace(-4, 4, 401)[:, None] * sy[i], np.linspace(0, 4, 400) * sz[i]
        c = dispersion.plume(5.0, 4.0, sy[i], sz[i], y_m=y, z_m=z)
        burns = np.where((c > 0.044 * pure) & (c < 0.17 * pure), c, 0)
        total[i] = np.trapezoid(np.trapezoid(burns, z, axis=1), y[:, 0])
    assert t.mass_kg[0] == pytest.approx(np.trapezoid(total, x), rel=0.08)  # 72 nodes


def test_24_000_footprints_are_quick():
    rng = np.random.default_rng(0)
    n = 24_000
    r = clouds.releases(
        10 ** rng.uniform(1, 4, n), rng.choice([0, 120.0, 600, 1800], n), rng.choice(list("ABCDEF"), n),
        rng.choice([1.5, 3, 5, 9.0], n), np.array(0.070906), CHLORINE,
    )  # fmt: skip
    k, best = v.toxic_constants("chlorine"), np.inf
    for _ in range(3):
        begin = time.perf_counter()
        toxic.toxic_tables(r, k, "rural")
        best = min(best, time.perf_counter() - begin)
    assert best < 3.0  # 0.5 s on two free cores; others may be at work


LPG = dense_gas.evaporated_cloud(0.0441, 231.0, 0.35, 426e3)


def test_a_heavy_plume_in_a_low_wind_is_no_wider_than_the_whole_release():
    r = release(100_000, 600, "F", 1.5, LPG, 0.0441)
    c = clouds.cloud(r, "rural")
    g0 = dense_gas.reduced_gravity(r.density, dense_gas.air_density(293.15))
    volume = 100_000 / (r.mass_fraction * r.density)
    whole = dense_gas.puff_radius(600 + c.x_m / (0.4 * 1.5), volume, g0)
    near = c.x_m < 500
    assert (c.sigma_m[0, near] / clouds.UNIFORM_SIGMA <= whole[near] * (1 + 1e-9)).all()


def test_a_heavy_puff_burns_where_all_of_it_falls_to_the_limit():
    """By hand: C/C0 = LFL / share of the substance at the source gives the front, the radius law the disc."""
    r = release(10_000, 0, "D", 5.0, LPG, 0.0441)
    t = flash_fire.flammable_tables(r, 0.017, 0.109, "rural")
    volume = float(10_000 / (r.mass_fraction[0] * r.density[0]))
    g0 = float(dense_gas.reduced_gravity(r.density[0], dense_gas.air_density(293.15)))
    x = np.geomspace(1, 2000, 100_000)
    front = x[dense_gas.puff_ratio(x, volume, g0, 5.0) >= 0.017 / r.mole_fraction[0]][-1]
    radius = float(dense_gas.puff_radius(dense_gas.puff_arrival(front, volume, g0, 5.0), volume, g0))
    assert t.reach_m[0] == pytest.approx(front, rel=0.03)
    assert t.row(0)[1].max() == pytest.approx(radius, rel=0.03)
    assert t.centre_m[0] == pytest.approx(front - radius, abs=0.05 * radius)


def test_the_temperature_switch_keeps_to_the_safe_side():
    r = release(100 * 600.0, 600, "D", 5.0, dense_gas.Mixture(1.76, 1.0, 1.0), 0.016042)
    off, on = clouds.cloud(r, "rural"), clouds.cloud(r, "rural", warm=True)
    assert (on.kg_m3 >= off.kg_m3 * (1 - 1e-12)).all()
    assert on.kg_m3[0, 40] > 1.5 * off.kg_m3[0, 40]


def test_a_high_release_is_passive_and_reaches_the_ground_farther_off():
    low, high = (clouds.cloud(release(1800, 1800, "D", 5.0, height_m=h), "rural") for h in (0.0, 40.0))
    assert low.heavy[0]
    assert not high.heavy[0]
    assert high.x_m[high.kg_m3[0].argmax()] > 100
    assert high.kg_m3.max() < low.kg_m3.max()


def test_invalid_weather_is_told():
    assert clouds.cloud(release(1800, 1800, "D", 5.0), "rural").valid[0]
    assert not clouds.cloud(release(1800, 1800, "F", 1.0), "rural").valid[0]
