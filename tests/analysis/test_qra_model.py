"""The risk sum against brute force, exact cases and its own identities."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo_risk.analysis.qra import footprint as fp
from geo_risk.analysis.qra.kernels import build_kernels
from geo_risk.analysis.qra.model import Model, fn_of, lsir_shares, lsir_surface, outcome_shares, restamp
from geo_risk.analysis.qra.outcomes import ANY_WEATHER, Outcome, individual, societal, stack
from geo_risk.analysis.qra.societal import People, fn_curves
from geo_risk.analysis.qra.weather import ANGLES, STEP, Weather, uniform, weather_of
from geo_risk.errors import InputError
from geo_risk.grid import grid_of

CRS = "EPSG:4549"
GRID = grid_of((-4000, -4000, 4000, 4000), 50, CRS)


def chlorine(rate: float, speed: float, *, cy=0.04, reach=3000.0) -> fp.Footprint:
    """A plume of the Purple Book's chlorine probit, 30 min, in simple power-law sigmas."""
    x = np.concatenate([[1.0], np.geomspace(5, reach, 80)])
    sy, sz = cy * x / np.sqrt(1 + 1e-4 * x), 0.016 * x / (1 + 3e-4 * x)
    mg = rate / (np.pi * speed * sy * sz) * 1e6
    return fp.plume(x, -6.35 + 0.5 * np.log(mg**2.75 * 30), sy, 0.5 * 2.75)


def rose(seed: int = 3) -> Weather:
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.ones(16), 2) * np.array([[0.6], [0.4]])
    rows = [
        {"period": "all", "direction_deg": 22.5 * k, "speed_mps": v, "stability": s, "share": share[w, k]}
        for w, (s, v) in enumerate((("D", 5.0), ("F", 2.0)))
        for k in range(16)
    ]
    return weather_of(pd.DataFrame(rows))


def outcomes(source: int, scale: float = 1.0) -> list[Outcome]:
    return [
        Outcome(source, "leak", "toxic", 0, 1e-5 * scale, chlorine(3, 5.0, cy=0.08)),
        Outcome(source, "leak", "toxic", 1, 1e-5 * scale, chlorine(3, 2.0)),
        Outcome(source, "rupture", "fireball", ANY_WEATHER, 1e-6, fp.radial([0, 100, 300, 500], [1, 1, 0.2, 0])),
        Outcome(source, "rupture", "explosion", ANY_WEATHER, 2e-6, fp.disc(120, offset_m=250)),
        Outcome(source, "rupture", "flash_fire", 1, 3e-6, fp.cloud([0, 50, 200, 400], [10, 60, 90, 0])),
    ]


def model(weather: Weather | None = None, extra: float = 1.0) -> Model:
    places = [
        shapely.Point(-500, 300),
        shapely.Point(700, -100),
        shapely.LineString([(-3000, -2000), (0, -1500), (3000, -2500)]),
    ]
    sources = gpd.GeoDataFrame({"id": ["a", "b", "pipe"]}, geometry=places, crs=CRS)
    line = Outcome(2, "rupture", "jet_fire", ANY_WEATHER, 1e-7, fp.disc(150))
    return Model(sources, [*outcomes(0), *outcomes(1, extra), line], weather or rose())


def brute(m: Model, at: tuple[float, float]) -> float:
    """Every outcome, every direction, straight from its footprint."""
    total, count = 0.0, 2880
    psi = np.arange(count) * 2 * np.pi / count
    for o in m.outcomes:
        place = m.sources.geometry.iloc[o.source]
        if place.geom_type != "Point":
            continue
        dx, dy = at[0] - place.x, at[1] - place.y
        r, theta = np.hypot(dx, dy), np.arctan2(dy, dx)
        death = fp.death(o.footprint, r * np.cos(theta - psi), r * np.sin(theta - psi))
        for w in range(len(m.weather.stability)) if o.weather == ANY_WEATHER else [o.weather]:
            towards = np.append(m.weather.towards[w], m.weather.towards[w][0])
            density = np.interp(psi, np.arange(ANGLES + 1) * STEP, towards)
            total += o.frequency * (death * density).sum() * 2 * np.pi / count
    return total


def test_the_surface_is_the_brute_force_sum() -> None:
    m = model()
    rng = np.random.default_rng(5)
    # Sharp edges (120 m disc, flash fire) are smeared over a ring; elsewhere 2 %.
    ratios = []
    for x, y in rng.uniform(-1200, 1200, (80, 2)):
        exact = brute(m, (x, y))
        if exact > 1e-8:
            ratios.append(lsir_shares(m, (x, y))[:2].sum() / exact)
    assert len(ratios) > 50
    assert np.median(ratios) == pytest.approx(1, abs=0.005)
    assert np.percentile(np.abs(np.array(ratios) - 1), 90) < 0.03


def test_surface_shares_and_outcomes_are_one_sum() -> None:
    m = model()
    surface = lsir_surface(m, GRID)
    for row, col in ((80, 80), (70, 71), (120, 60), (75, 95), (121, 100)):
        at = (GRID.x[col], GRID.y[row])
        by_source = lsir_shares(m, at)
        assert surface[row, col] == pytest.approx(by_source.sum(), rel=2e-6, abs=1e-14)
        by_outcome = outcome_shares(m, at)
        for s in range(3):
            assert by_outcome[m.stack.source == s].sum() == pytest.approx(by_source[s], rel=2e-5, abs=1e-15)


def test_lsir_is_at_most_the_total_frequency() -> None:
    m = model()
    total = sum(o.frequency for o in m.outcomes if o.source < 2) + 1e-7 * 2 * 150 * np.sqrt(2)
    assert 0 < lsir_surface(m, GRID).max() <= total


def test_workers_and_windows_change_no_bit() -> None:
    before, after = model(), model(extra=3.0)
    surface = lsir_surface(before, GRID, workers=1)
    assert (surface == lsir_surface(before, GRID, workers=2)).all()
    row0, row1, col0, col1 = restamp(surface, before, after, [1], GRID)
    assert (row1 - row0) * (col1 - col0) <= GRID.shape[0] * GRID.shape[1]
    assert (surface == lsir_surface(after, GRID, workers=2)).all()


def test_the_order_of_sources_does_not_matter() -> None:
    m = model()
    order = [1, 0, 2]
    moved = [replace(o, source=order[o.source]) for o in m.outcomes]
    turned = Model(m.sources.iloc[order].reset_index(drop=True), moved, m.weather)
    np.testing.assert_allclose(lsir_surface(m, GRID), lsir_surface(turned, GRID), rtol=1e-5)


def test_turning_the_rose_turns_the_map() -> None:
    weather = rose()
    quarter = Weather(
        weather.stability, weather.speed_mps, weather.period, np.roll(weather.towards, ANGLES // 4, axis=1)
    )
    one = gpd.GeoDataFrame({"id": ["a"]}, geometry=[shapely.Point(0, 0)], crs=CRS)
    here = lsir_surface(Model(one, outcomes(0), weather), GRID)
    there = lsir_surface(Model(one, outcomes(0), quarter), GRID)
    np.testing.assert_allclose(np.rot90(here), there, rtol=1e-3, atol=1e-12)


def test_a_disc_everywhere_alike() -> None:
    """RK-3: f = 1e-6 within 150 m."""
    one = gpd.GeoDataFrame({"id": ["a"]}, geometry=[shapely.Point(0, 0)], crs=CRS)
    m = Model(one, [Outcome(0, "bleve", "fireball", ANY_WEATHER, 1e-6, fp.disc(150))], uniform("D", 5))
    fine = grid_of((-300, -300, 300, 300), 10, CRS)
    surface = lsir_surface(m, fine)
    assert surface.sum() * 100 == pytest.approx(0.0707, rel=0.01)
    assert surface[30, 30] == pytest.approx(1e-6, rel=1e-6)
    assert surface[0, 0] == 0


@pytest.mark.parametrize(("r", "expected"), [(100, 0.03296), (300, 0.01915), (500, 0.00940)])
def test_mean_death_on_a_ring(r: float, expected: float) -> None:
    """RK-4: chlorine 1 kg/s, F1.5, Briggs rural, 30 min, wind uniform over the circle, cut at 1 %."""
    x = np.geomspace(1, 4000, 4000)
    sy, sz = 0.04 * x / np.sqrt(1 + 1e-4 * x), 0.016 * x / (1 + 3e-4 * x)
    probit = -6.35 + 0.5 * np.log((1 / (np.pi * 1.5 * sy * sz) * 1e6) ** 2.75 * 30)
    one = gpd.GeoDataFrame({"id": ["a"]}, geometry=[shapely.Point(0, 0)], crs=CRS)
    m = Model(one, [Outcome(0, "leak", "toxic", 0, 1.0, fp.plume(x, probit, sy, 1.375))], uniform("F", 1.5))
    assert lsir_shares(m, (r, 0.0)).sum() == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(("d", "expected"), [(0.0, 3.0e-5), (100.0, 2.236e-5)])
def test_a_long_straight_pipeline(d: float, expected: float) -> None:
    """PL-2: 1e-4 per km and year, death within 150 m."""
    line = gpd.GeoDataFrame({"id": ["p"]}, geometry=[shapely.LineString([(-5000, 0), (5000, 0)])], crs=CRS)
    m = Model(line, [Outcome(0, "rupture", "jet_fire", ANY_WEATHER, 1e-7, fp.disc(150))], uniform("D", 5))
    assert lsir_shares(m, (33.0, d)).sum() == pytest.approx(expected, rel=0.005)


def test_a_line_cut_into_pieces_is_the_same_line() -> None:
    whole = shapely.LineString([(-2000, -500), (0, 0), (2000, -700)])
    cut = shapely.segmentize(whole, 37.0)
    surfaces = []
    for line in (whole, cut):
        sources = gpd.GeoDataFrame({"id": ["p"]}, geometry=[line], crs=CRS)
        jet = Outcome(0, "rupture", "jet_fire", ANY_WEATHER, 1e-7, fp.radial([0, 100, 200], [1, 0.5, 0]))
        surfaces.append(lsir_surface(Model(sources, [jet], uniform("D", 5)), GRID))
    np.testing.assert_allclose(*surfaces, rtol=0.01, atol=1e-8)


def test_a_line_with_wind_is_the_sum_of_its_points() -> None:
    line = gpd.GeoDataFrame({"id": ["r"]}, geometry=[shapely.LineString([(-1000, 0), (1000, 0)])], crs=CRS)
    weather = rose()
    toxic = Outcome(0, "tanker", "toxic", 1, 1e-8, chlorine(3, 2.0))
    along = lsir_shares(Model(line, [toxic], weather), (100.0, 200.0)).sum()
    points = gpd.GeoDataFrame(geometry=[shapely.Point(x, 0) for x in np.arange(-995, 1000, 10)], crs=CRS)
    spread = [Outcome(i, "tanker", "toxic", 1, 1e-7, toxic.footprint) for i in range(len(points))]
    assert along == pytest.approx(lsir_shares(Model(points, spread, weather), (100.0, 200.0)).sum(), rel=0.01)


def people(seed: int = 1) -> People:
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(-2950, 3000, 100.0), np.arange(-2950, 3000, 100.0))
    persons = rng.exponential(20, x.size) * (rng.random(x.size) < 0.4)
    return People(x.ravel(), y.ravel(), 100.0, {"day": persons, "night": persons * 1.5})


def test_area_under_fn_is_pll_and_the_kernels_agree() -> None:
    weather, crowd = rose(), people()
    places = [(-500.0, 300.0), (700.0, -100.0)]
    stacked = stack([*outcomes(0), *outcomes(1)])
    x, y = np.array(places).T
    views = {p: societal(weather, p) for p in ("day", "night")}
    found = fn_curves(stacked, x, y, weather, views, crowd)
    expected = np.zeros(2)
    for period, view in views.items():
        kernels = build_kernels(stacked, 2, weather, view)
        for s in range(2):
            node = [shares_at(kernels, s, cx - x[s], cy - y[s]) for cx, cy in zip(crowd.x, crowd.y, strict=True)]
            expected[s] += (np.array(node) * crowd.persons[period]).sum()
    # The kernels are read at the middle of each 100 m square, the people are spread over it.
    np.testing.assert_allclose(found.pll, expected, rtol=0.02)
    assert (np.diff(found.frequency, axis=1) <= 0).all()
    assert (found.frequency[:, found.deaths > found.most.max()] == 0).all()


def shares_at(kernels, s: int, dx: float, dy: float) -> float:
    from geo_risk.analysis.qra.kernels import shares

    return float(shares(kernels, [0.0], [0.0], (dx, dy), kernel=[s])[0])


def test_fn_of_a_hand_made_set() -> None:
    """RK-2: (f, N) = (1e-6, 13), (5e-6, 6), (5e-6, 3), (1e-5, 10), (1e-5, 1)."""
    pairs = [(1e-6, 13), (5e-6, 6), (5e-6, 3), (1e-5, 10), (1e-5, 1)]
    x = np.arange(5) * 1000.0
    crowd = People(x, np.zeros(5), 1.0, {"day": np.array([float(n) for _, n in pairs])})
    stacked = stack([Outcome(i, "e", "fireball", ANY_WEATHER, f, fp.disc(100)) for i, (f, _) in enumerate(pairs)])
    weather = uniform("D", 5)
    from geo_risk.analysis.qra.outcomes import View

    views = {"day": View(np.array([1.0, 0, 0]), np.ones(1))}
    found = fn_curves(stacked, x, np.zeros(5), weather, views, crowd)
    curve = dict(zip(found.deaths, found.frequency.sum(axis=0), strict=True))
    assert [curve[n] for n in (1, 3, 6, 10)] == pytest.approx([3.1e-5, 2.1e-5, 1.6e-5, 1.1e-5])
    assert curve[20.0] == 0
    assert found.most.max() == pytest.approx(13)
    assert found.pll.sum() == pytest.approx(1.68e-4)


def test_fn_of_a_model_counts_every_metre_of_a_line() -> None:
    crowd = People(np.array([0.0]), np.array([0.0]), 10.0, {"day": np.array([100.0]), "night": np.array([100.0])})
    line = gpd.GeoDataFrame({"id": ["p"]}, geometry=[shapely.LineString([(-2000, 0), (2000, 0)])], crs=CRS)
    jet = Outcome(0, "rupture", "jet_fire", ANY_WEATHER, 1e-7, fp.disc(150))
    found = fn_of(Model(line, [jet], uniform("D", 5)), crowd)
    assert found.pll[0] == pytest.approx(1e-7 * 300 * 100, rel=0.1)


def test_a_rose_that_does_not_sum_is_refused() -> None:
    rows = {"period": ["all"], "direction_deg": [0.0], "speed_mps": [3.0], "stability": ["D"], "share": [0.7]}
    with pytest.raises(InputError, match=r"sum to 0\.7"):
        weather_of(pd.DataFrame(rows))


def test_calms_blow_everywhere_alike() -> None:
    rows = pd.DataFrame(
        [("all", 0.0, 3.0, "D", 0.6), ("all", np.nan, 0.5, "F", 0.4)],
        columns=["period", "direction_deg", "speed_mps", "stability", "share"],
    )
    found = weather_of(rows)
    calm = found.stability.index("F")
    assert found.share.sum() == pytest.approx(1)
    assert np.ptp(found.towards[calm]) < 1e-12
    assert found.speed_mps[calm] >= 1
    north = found.towards[found.stability.index("D")]
    assert north.argmax() == 3 * ANGLES // 4  # a wind from the north blows towards the south


def test_individual_view_is_a_person_always_outdoors() -> None:
    assert individual(rose()).mix.tolist() == [1, 0, 0]
