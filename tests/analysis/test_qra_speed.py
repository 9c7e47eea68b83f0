"""What makes the risk sum fast changes nothing: shared kernels, kept kernels, groups of places, batches."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_risk.analysis.qra import footprint as fp
from geo_risk.analysis.qra import model as risk
from geo_risk.analysis.qra.arcs import FINE, RINGS
from geo_risk.analysis.qra.kernels import Kernels, build_kernels, shares, stamp
from geo_risk.analysis.qra.outcomes import ANY_WEATHER, Outcome, individual, societal, stack
from geo_risk.analysis.qra.points import lsir_points
from geo_risk.analysis.qra.societal import People, fn_curves
from geo_risk.analysis.qra.weather import ANGLES, STEP, Weather
from geo_risk.grid import grid_of

CRS = "EPSG:4549"
GRID = grid_of((-2000, -2000, 2000, 2000), 40, CRS)


def wind() -> Weather:
    rng = np.random.default_rng(4)
    towards = rng.random((2, ANGLES))
    return Weather(("D", "F"), np.array([5.0, 2.0]), ("all", "all"), towards / towards.sum() / STEP)


def outcomes(source: int, factor: float = 1.0) -> list[Outcome]:
    """New footprints each time, of the same content."""
    x = np.geomspace(1, 900, 40)
    return [
        Outcome(source, "leak", "toxic", 1, 1e-5 * factor, fp.plume(x, 9 - x / 120, 0.1 * x, 1.4)),
        Outcome(source, "burst", "fireball", ANY_WEATHER, 1e-6, fp.radial([0, 80, 300], [1, 1, 0])),
        Outcome(source, "burst", "explosion", 0, 2e-6, fp.disc(90, offset_m=200)),
    ]


def city(count: int = 11, odd: int = 3) -> risk.Model:
    """Stations all alike but one, and two pipelines alike between them."""
    rng = np.random.default_rng(8)
    shapes = [shapely.Point(*xy) for xy in rng.uniform(-1500, 1500, (count, 2))]
    shapes[4] = shapely.LineString([(-1800, -900), (0, -600), (1500, -1100)])
    shapes[7] = shapely.LineString([(-1800, 1000), (1500, 900)])
    made = []
    for s in range(count):
        jet = Outcome(s, "rupture", "jet_fire", ANY_WEATHER, 1e-8, fp.radial([0, 100, 200], [1, 0.5, 0]))
        made += [jet] if s in (4, 7) else outcomes(s, 3.0 if s == odd else 1.0)
    return risk.Model(gpd.GeoDataFrame({"id": range(count)}, geometry=shapes, crs=CRS), made, wind())


def counted(monkeypatch) -> list[int]:
    """How many kernels each call builds."""
    built: list[int] = []

    def build(stacked, sources, weather, view):
        built.append(sources)
        return build_kernels(stacked, sources, weather, view)

    monkeypatch.setattr(risk, "build_kernels", build)
    return built


def test_sources_that_are_alike_share_a_kernel(monkeypatch):
    m, built = city(), counted(monkeypatch)
    kernels, place = risk.kernels_of(m, individual(m.weather), np.arange(11))
    assert built == [3]
    assert place.tolist() == [0, 0, 0, 1, 2, 0, 0, 2, 0, 0, 0]
    alone = build_kernels(m.stack, 11, m.weather, individual(m.weather))
    for name in ("reach_m", "radial", "polar"):
        np.testing.assert_array_equal(getattr(kernels, name)[place], getattr(alone, name))


def test_kernels_of_another_view_or_weather_are_others():
    m = city()
    lsir = risk.lsir_surface(m, GRID)
    night = risk.risk_surface(m, societal(m.weather, "night"), GRID)
    turned = replace(m.weather, towards=np.roll(m.weather.towards, 30, axis=1))
    assert (night != lsir).any()
    assert (risk.lsir_surface(replace(m, weather=turned), GRID) != lsir).any()
    assert (risk.lsir_surface(m, GRID) == lsir).all()
    fresh = risk.Model(m.sources, m.outcomes, m.weather)
    assert (risk.risk_surface(fresh, societal(m.weather, "night"), GRID) == night).all()


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_a_changed_source_builds_one_kernel_and_equals_a_full_run(monkeypatch, batch):
    monkeypatch.setattr(risk, "_BATCH", batch)
    before = city()
    surface = risk.lsir_surface(before, GRID)
    after = replace(before, outcomes=[o for o in before.outcomes if o.source != 0] + outcomes(0, 7.0))
    built = counted(monkeypatch)
    row0, row1, col0, col1 = risk.restamp(surface, before, after, [0], GRID)
    assert sum(built) == 1
    assert 0 < (row1 - row0) * (col1 - col0) < surface.size
    full = risk.lsir_surface(risk.Model(after.sources, after.outcomes, after.weather), GRID, workers=2)
    assert (surface == full).all()


def test_few_kernels_are_kept_and_nothing_changes(monkeypatch):
    whole = risk.lsir_surface(city(), GRID)
    monkeypatch.setattr(risk, "_HELD", 1)
    m = city()
    assert (risk.lsir_surface(m, GRID) == whole).all()
    assert len(m.held) <= 1


def test_a_footprint_has_a_key_of_its_own_content():
    base = fp.plume([1.0, 50.0], [6.0, 5.0], [3.0, 9.0], 1.4)
    same = fp.plume([1.0, 50.0], [6.0, 5.0], [3.0, 9.0], 1.4)
    changes = [
        {"x_m": np.array([1.0, 51.0])}, {"value": np.array([6.0, 5.1])}, {"width_m": np.array([3.0, 9.1])},
        {"slope": 1.5}, {"offset_m": 1.0}, {"outdoor": 0.5}, {"indoor": 0.5}, {"width_m": None},
    ]  # fmt: skip
    keys = {replace(base, **change).key for change in changes}
    assert base.key == same.key
    assert len(keys | {base.key}) == len(changes) + 1


def plain(kernels: Kernels, dx: float, dy: float) -> float:
    """A kernel read in double precision with the exact angle."""
    s = np.sqrt(np.hypot(dx, dy) / kernels.reach_m[0])
    if s >= 1:
        return 0.0
    a = (np.arctan2(dy, dx) % (2 * np.pi)) / STEP
    t, k = s * (RINGS - 1), int(a)
    j = int(t)
    (p, q), (v, w) = kernels.polar[0, j : j + 2, k : k + 2].astype(float)
    low, high = p + (a - k) * (q - p), v + (a - k) * (w - v)
    radial = np.interp(s * (FINE - 1), np.arange(FINE), kernels.radial[0])
    return float(radial + low + (t - j) * (high - low))


def test_single_precision_reads_within_a_hundred_thousandth_of_the_peak():
    """At the axes and diagonals, where the angle changes its octant, and everywhere else, at a point and on a grid."""
    m = city()
    kernels, _ = risk.kernels_of(m, individual(m.weather), np.array([0]))
    peak = float(kernels.polar.max() + kernels.radial.max())
    rng = np.random.default_rng(2)
    places = [(x, y) for x in (-300.0, 0.0, 300.0) for y in (-300.0, 0.0, 300.0)]
    places += [(250.0, -1e-7), (-250.0, 1e-7), (1e-7, 250.0), (-250.0, -1e-7), *rng.uniform(-900, 900, (500, 2))]
    for dx, dy in places:
        assert float(shares(kernels, [0.0], [0.0], (dx, dy))[0]) == pytest.approx(
            plain(kernels, dx, dy), abs=1e-5 * peak
        )
    out = np.zeros(GRID.shape, np.float32)
    stamp(kernels, [13.0], [-7.0], out, (GRID.left, GRID.top, GRID.cell_m), workers=2)
    twin = [[plain(kernels, x - 13.0, y + 7.0) for x in GRID.x] for y in GRID.y]
    np.testing.assert_allclose(out, twin, rtol=0, atol=1e-5 * peak)


def test_points_are_the_shares_of_every_source():
    m = city()
    rng = np.random.default_rng(6)
    x, y = rng.uniform(-1900, 1900, (2, 300))
    doubtful = np.arange(11) % 2 == 0
    found = lsir_points(m, x, y, top=4, doubtful=doubtful, workers=2)
    for i in range(len(x)):
        each = risk.lsir_shares(m, (x[i], y[i]))
        order = np.argsort(-each, kind="stable")[:4]
        assert found.total[i] == pytest.approx(each.sum(), rel=1e-6, abs=1e-18)
        assert found.doubtful[i] == pytest.approx(each[doubtful].sum(), rel=1e-6, abs=1e-18)
        np.testing.assert_allclose(found.part[i], each[order], rtol=1e-6, atol=1e-18)
        assert found.source[i].tolist() == np.where(each[order] > 0, order, -1).tolist()
    np.testing.assert_array_equal(found.total, lsir_points(m, x, y, workers=1).total)


def test_places_taken_together_count_as_each_alone():
    """Twenty places of one kind between others of another."""
    rng = np.random.default_rng(3)
    x, y = rng.uniform(-1500, 1500, (2, 30))
    kind = np.where(np.arange(30) % 3 == 0, 1, 0)
    made = [o for s in range(30) for o in outcomes(s, 1.0 + kind[s])]
    px, py = (v.ravel() for v in np.meshgrid(np.arange(-1950, 2000, 100.0), np.arange(-1950, 2000, 100.0)))
    persons = rng.exponential(5, px.size)
    crowd = People(px, py, 100.0, {"day": persons, "night": 2 * persons})
    views = {p: societal(wind(), p) for p in ("day", "night")}
    alone = fn_curves(stack(made), x, y, wind(), views, crowd)
    together = fn_curves(stack(made), x, y, wind(), views, crowd, alike=kind, workers=2)
    for name in ("frequency", "pll", "most"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(together, name))
    assert together.pll.min() > 0


def test_further_people_count_as_if_they_had_been_there():
    """Two hundred people at one place: once told apart in the same count, once among the others in one of their own."""
    rng = np.random.default_rng(4)
    x, y = rng.uniform(-500, 500, (2, 6))
    made = [o for s in range(6) for o in outcomes(s, 1.0 + s)]
    px, py = (v.ravel() for v in np.meshgrid(np.arange(-1950, 2000, 100.0), np.arange(-1950, 2000, 100.0)))
    persons = rng.exponential(5, px.size)
    come = np.where(np.arange(px.size) == px.size // 2 + 20, 200.0, 0.0)
    views = {p: societal(wind(), p) for p in ("day", "night")}
    few, many = (People(px, py, 100.0, {"day": n, "night": 2 * n}) for n in (persons, persons + come))
    both = fn_curves(stack(made), x, y, wind(), views, few, further={"day": come, "night": 2 * come}, workers=2)
    for crowd, rows in ((few, slice(0, 6)), (many, slice(6, 12))):
        alone = fn_curves(stack(made), x, y, wind(), views, crowd)
        np.testing.assert_allclose(both.pll[rows], alone.pll, rtol=1e-6)
        np.testing.assert_allclose(both.most[rows], alone.most, rtol=1e-6)
        np.testing.assert_allclose(both.frequency[rows], alone.frequency, rtol=1e-6, atol=1e-18)
    assert (both.pll[6:] > both.pll[:6]).any()


def test_some_sources_alone_have_the_curves_they_have_among_all():
    m = city()
    px, py = (v.ravel() for v in np.meshgrid(np.arange(-1950, 2000, 100.0), np.arange(-1950, 2000, 100.0)))
    crowd = People(px, py, 100.0, {"day": np.ones(px.size), "night": np.ones(px.size)})
    whole, only = risk.fn_of(m, crowd), np.isin(np.arange(11), [2, 4, 9])
    some = risk.fn_of(m, crowd, only=only)
    np.testing.assert_array_equal(some.frequency, np.where(only[:, None], whole.frequency, 0.0))
    np.testing.assert_array_equal(some.most, np.where(only, whole.most, 0.0))
