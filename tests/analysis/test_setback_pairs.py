"""The search for pairs against every pair tried, the scale of a grid against every place measured."""

import numpy as np
import pytest
import shapely

from geo_risk.analysis.alike import alike, columns_asked, replaced
from geo_risk.analysis.clearance import grid_scale
from geo_risk.analysis.needs import _TRIED
from geo_risk.analysis.pairs import End, Reach, near_pairs
from geo_risk.analysis.setbacks import check_setbacks
from geo_risk.analysis.source_classes import classify_hazard
from geo_risk.crs import geodesic_m
from geo_risk.parallel import in_threads

CORNER = np.array([500_000.0, 3_500_000.0])


def shapes(kind, n, rng, size):
    """Points, small areas, or lines of up to 3 km with several parts; a few coordinates far off."""
    xy = rng.uniform(0, size, (n, 2))
    xy[0] = 5e6
    if kind == "point":
        return shapely.points(xy)
    if kind == "area":
        return shapely.buffer(shapely.points(xy), rng.uniform(1, 300, n), quad_segs=2)
    turns = np.cumsum(rng.normal(0, 700, (n, 4, 2)), axis=1) + xy[:, None]
    lines = shapely.linestrings(turns)
    both = [shapely.multilinestrings([a, b]) for a, b in zip(lines, lines[::-1], strict=True)]
    return np.where(np.arange(n) % 3 == 0, both, lines)


def end(kind, n, codes, rng, size):
    drawn = shapes(kind, n, rng, size)
    widths = (rng.uniform(0, most, n) for most in (20, 5, 10))
    return End(drawn, shapely.bounds(drawn), rng.integers(0, codes, n), *widths, rng.random(n) < 0.7)


def within(a, b, reach):
    """(N, M) how far each pair of shapes may be apart, by its definition; negative where there is no rule."""
    u = reach.sigmas * np.hypot(a.error[:, None], b.error)
    more = np.maximum(np.maximum(reach.beyond, 2 * u), u + a.slack[:, None] + b.slack)
    required = reach.required[a.code[:, None], b.code]
    sought = (required > 0) & (a.wanted[:, None] | b.wanted)
    return np.where(sought, (required + more) * reach.scale + b.inset, -1.0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("one", ["point", "area", "line"])
@pytest.mark.parametrize("two", ["point", "area", "line"])
def test_every_pair_within_its_own_reach_is_found(one, two, seed):
    rng = np.random.default_rng([seed, len(one), len(two)])
    size = float(rng.choice([500.0, 5_000.0, 50_000.0]))
    a, b = end(one, 90, 5, rng, size), end(two, 130, 7, rng, size)
    required = np.where(rng.random((5, 7)) < 0.3, 0.0, rng.uniform(1, 400, (5, 7)))
    reach = Reach(required, 50.0, 2.0, 1.001)
    s, t = near_pairs(a, b, reach)
    assert np.array_equal(np.unique(s * 130 + t), s * 130 + t)  # each once, in order
    found = np.zeros((90, 130), bool)
    found[s, t] = True
    distance = shapely.distance(a.shapes[:, None], b.shapes)
    limit = within(a, b, reach)
    assert not (~found & (distance <= limit)).any()
    assert not found[limit < 0].any()
    if one == two == "point":
        assert np.array_equal(found, distance <= limit)


def test_no_rule_and_no_rows_give_no_pairs():
    rng = np.random.default_rng(1)
    a, b = end("point", 9, 2, rng, 100.0), end("point", 9, 2, rng, 100.0)
    nobody = end("point", 1, 1, rng, 1.0)
    none = End(*(column[:0] for column in nobody))
    for one, two, required in ((a, b, np.zeros((2, 2))), (none, b, np.zeros((0, 2))), (a, none, np.zeros((2, 0)))):
        assert [len(found) for found in near_pairs(one, two, Reach(required, 50.0, 2.0, 1.0))] == [0, 0]


@pytest.mark.parametrize("crs", ["EPSG:4549", "EPSG:32650"])
def test_the_scale_holds_at_every_shape(crs):
    rng = np.random.default_rng(7)
    x, y = rng.uniform(300_000, 700_000, 500), rng.uniform(2_000_000, 5_000_000, 500)
    scale = grid_scale(np.stack([x, y, x + 200, y + 200], axis=1), crs)
    for dx, dy in ((1_000.0, 0.0), (0.0, 1_000.0)):
        local = 1_000 / geodesic_m(x, y, x + dx, y + dy, crs)
        assert (local <= scale).all()
        assert scale <= max(1.0, local.max()) * 1.0003


def test_threads_change_nothing():
    values = np.arange(9_001.0)
    assert np.array_equal(in_threads(np.sqrt, values), np.sqrt(values))


def test_outlines_of_many_points_are_found_as_those_of_few(layers_of_a_town):
    """A ring with a vertex every metre is the same ring, but takes the way of large outlines."""
    few = layers_of_a_town
    fine = few["hazard_sources"].assign(geometry=few["hazard_sources"].geometry.segmentize(0.5))
    assert (shapely.get_num_coordinates(fine.geometry.to_numpy()) > 64).any()
    columns = ["finding_id", "verdict", "required_m", "needs"]
    one, two = check_setbacks(few), check_setbacks({**few, "hazard_sources": fine})
    assert len(one) > 50
    assert one[columns].equals(two[columns])
    assert np.allclose(one["clearance_m"], two["clearance_m"], atol=0.0011)


def test_what_a_finding_needs_depends_on_its_pair_alone(layers_of_a_town):
    every = check_setbacks(layers_of_a_town)
    asked = every[every["needs"] != ""]
    assert asked["needs"].nunique() > 5
    for row in asked.iloc[:: len(asked) // 8].itertuples():
        alone = check_setbacks(layers_of_a_town, only={(row.source_layer, row.source_id)})
        assert alone.set_index("finding_id")["needs"][row.finding_id] == row.needs


def test_what_was_not_asked_for_changes_nothing(layers_of_a_town):
    frame = layers_of_a_town["hazard_sources"].drop(columns="geometry")

    def changed(row):
        base = classify_hazard(row).options
        asked = columns_asked(row)
        idle = [(c, v) for c, values in _TRIED["hazard_sources"].items() if c not in asked for v in values]
        return len(idle), [c for c, v in idle if classify_hazard(replaced(row, c, v)).options != base]

    _, answers = alike(frame, changed)
    assert sum(n for n, _ in answers) > 100
    assert [c for _, columns in answers for c in columns] == []


@pytest.fixture(scope="module")
def layers_of_a_town():
    """Hazards with outlines, places and roads, close together, half of their attributes missing."""
    import geopandas as gpd

    rng = np.random.default_rng(5)

    def layer(prefix, n, geometry, **columns):
        columns = {c: rng.choice(np.array(values, object), n) for c, values in columns.items()}
        ids = [f"{prefix}{i}" for i in range(n)]
        return gpd.GeoDataFrame({"id": ids, "name": ids, **columns}, geometry=geometry, crs="EPSG:4549")

    def spots(n):
        return shapely.points(rng.uniform(0, 900, (n, 2)) + CORNER)

    ends = rng.uniform(0, 900, (30, 2, 2)) + CORNER
    return {
        "hazard_sources": layer(
            "h", 40, shapely.buffer(spots(40), rng.uniform(4, 25, 40), quad_segs=2),
            kind=["tank_farm", "filling_station", "warehouse", "process_unit", "gas_station", "cylinder_depot"],
            substance=["汽油", "液化石油气", "甲醇", "甲烷、天然气", None], volume_m3=[20.0, 200.0, None, None],
            sector=["石油化工", "化工制造", None, None], storage=["buried", "pressurised", None, None],
        ),
        "crowded_places": layer(
            "p", 60, spots(60), kind=["hospital", "primary_school", "mall", "residential", "office"],
            beds=[30.0, None], floors=[3.0, None], area_m2=[900.0, None, None], capacity=[200.0, None],
        ),
        "roads": layer(
            "r", 30, shapely.linestrings(ends), **{"class": ["motorway", "primary", None]}, width_m=[12.0, None]
        ),
    }  # fmt: skip
