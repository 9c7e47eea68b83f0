"""Hot spots: a planted cluster is found, a random pattern gives no more false ones than promised."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.stats import hypergeom

from geo_risk.analysis.danger_spots import _draws, cells, chance, danger_spots
from geo_risk.errors import InputError
from geo_risk.sections import DangerSettings

CRS = "EPSG:4550"
SIDE = 20  # cells of 1 km
RATE, COUNT = DangerSettings(), DangerSettings(measure="count", permutations=999)


def lattice() -> gpd.GeoDataFrame:
    return cells((0.5, 0.5, SIDE * 1000 - 0.5, SIDE * 1000 - 0.5), 1000.0, CRS)


def firms(xy: np.ndarray) -> gpd.GeoDataFrame:
    ids = [f"F{n}" for n in range(len(xy))]
    return gpd.GeoDataFrame({"id": ids, "name": ids}, geometry=shapely.points(xy), crs=CRS)


def dangers(firms: gpd.GeoDataFrame, chosen) -> gpd.GeoDataFrame:
    rows = firms.iloc[list(chosen)]
    table = {"enterprise_id": rows["id"].to_numpy(), "enterprise_name": None, "state": "open"}
    return gpd.GeoDataFrame(table, geometry=rows.geometry.to_numpy(), crs=CRS)


def town(rng: np.random.Generator, n: int = 3000) -> gpd.GeoDataFrame:
    """Firms that crowd in the middle, as they do: raw counts would call that a hot spot."""
    return firms(np.clip(rng.normal(SIDE * 500, 3000, (n, 2)), 1, SIDE * 1000 - 1))


def test_a_random_pattern_gives_about_the_nominal_share_of_false_ones():
    rng = np.random.default_rng(7)
    all_firms, hits, tested, found = town(rng), 0, 0, 0
    for _ in range(40):
        spots = danger_spots(dangers(all_firms, rng.choice(3000, 300, replace=False)), lattice(), enterprises=all_firms)
        hits, tested = hits + (spots["p"] <= 0.05).sum(), tested + len(spots)
        found += (spots["significance"] == "hot").any()
    assert 0.015 < hits / tested < 0.055  # counts are whole: an exact test stays a little below 5 %
    assert found <= 6  # of 40 patterns; 2 are expected at most, 7 would have a probability of 0.3 %


def test_a_random_count_gives_about_the_nominal_share_of_false_ones():
    rng = np.random.default_rng(8)
    hits = tested = 0
    for _ in range(12):
        at = firms(rng.uniform(0, SIDE * 1000, (1200, 2)))
        spots = danger_spots(dangers(at, range(1200)), lattice(), settings=COUNT)
        hits, tested = hits + (spots["p"] <= 0.05).sum(), tested + len(spots)
    assert tested == 12 * SIDE**2
    assert 0.025 < hits / tested < 0.06


@pytest.mark.parametrize("settings", [RATE, DangerSettings(measure="count")])
def test_a_planted_cluster_is_found_and_nothing_far_from_it(settings):
    rng = np.random.default_rng(9)
    spread = firms(rng.uniform(0, SIDE * 1000, (3000, 2)))
    xy = shapely.get_coordinates(spread.geometry.to_numpy())
    away = np.hypot(*(xy - (5500, 14500)).T)
    crowd = rng.choice(np.flatnonzero(away < 1500), 30, replace=False)
    chosen = {*rng.choice(3000, 100, replace=False).tolist(), *crowd.tolist()}
    spots = danger_spots(dangers(spread, sorted(chosen)), lattice(), enterprises=spread, settings=settings)
    hot = spots[spots["significance"] == "hot"]
    assert hot.contains(shapely.Point(5500, 14500)).any()
    assert hot.centroid.distance(shapely.Point(5500, 14500)).max() < 4000
    assert spots.attrs["note"].startswith(f"hot spots: {len(hot)} of {len(spots)} places tested")
    assert spots["n"].sum() == len(chosen)
    assert spots["expected"].sum() == pytest.approx(len(chosen))


def test_where_firms_crowd_a_rate_sees_nothing_and_a_count_does():
    rng = np.random.default_rng(10)
    all_firms = town(rng)
    some = dangers(all_firms, rng.choice(3000, 300, replace=False))
    by_rate = danger_spots(some, lattice(), enterprises=all_firms, settings=RATE)
    by_count = danger_spots(some, lattice(), enterprises=all_firms, settings=COUNT)
    assert by_rate.attrs["note"].startswith("no significant hot spot")
    assert (by_count["significance"] == "hot").sum() > 10


def test_p_of_a_rate_by_hand_and_many_dangers_of_one_firm_count_once():
    at = firms(np.array([(x * 1000 + 500, 500 + k) for x in range(8) for k in range(5)], float))
    chosen = [0, 0, 0, 0, 1, 2, 20]  # three firms of the first cell, one of the fifth
    spots = danger_spots(dangers(at, chosen), lattice(), enterprises=at)
    assert spots["n"].tolist() == [6, 0, 0, 0, 1, 0, 0, 0]
    assert spots["affected"].tolist() == [3, 0, 0, 0, 1, 0, 0, 0]
    # The first cell has one neighbour: 3 of their 10 firms, of 4 among 40.
    assert spots["p"].iloc[0] == pytest.approx(hypergeom.sf(2, 40, 4, 10))
    ways = (120 * 30 + 210) / 91390  # C(10,3) C(30,1) + C(10,4), of C(40,4)
    assert spots["p"].iloc[0] == pytest.approx(ways)


def test_no_danger_is_lost():
    at = firms(np.array([(500.0, 500.0), (1500.0, 500.0), (2500.0, 500.0)]))
    some = dangers(at, [0, 1, 2])
    alone = gpd.GeoDataFrame(
        {"enterprise_id": None, "enterprise_name": None, "state": ["open", "open"]},
        geometry=[shapely.Point(9500, 9500), shapely.Point(-5000, 0)],  # no firm there; outside the lattice
        crs=CRS,
    )
    spots = danger_spots(pd.concat([some, alone], ignore_index=True), lattice(), enterprises=at)
    assert spots["n"].sum() == 4
    assert spots.attrs["note"].endswith("1 dangers lie outside them")
    assert (spots["significance"] == "not_tested").all()  # four places are too few, which is said
    assert spots["reason"].str.startswith("too few places").all()


def test_chance_agrees_with_esda_and_draws_nobody_twice():
    from libpysal.weights import lat2W

    rng = np.random.default_rng(3)
    counts = rng.poisson(3.0, 64)
    near = [np.array(lat2W(8, 8, rook=False).neighbors[i]) for i in range(64)]
    mine = chance(counts, near, 9999)
    # The same test by brute force: the neighbours' sum against shuffles of all the others.
    for i in (0, 9, 27, 63):
        others = np.delete(counts, i)
        sums = np.array([rng.permutation(others)[: len(near[i])].sum() for _ in range(4000)])
        assert mine[i] == pytest.approx((sums >= counts[near[i]].sum()).mean(), abs=0.035)
    assert np.array_equal(mine, chance(counts, near, 9999))
    drawn = _draws(np.random.default_rng(1), 9, 9, 500)
    assert (np.sort(drawn, axis=1) == np.arange(9)).all()
    assert np.bincount(_draws(np.random.default_rng(1), 9, 4, 9000).ravel()) / 4000 == pytest.approx(1, abs=0.08)


def test_too_many_cells_are_refused():
    with pytest.raises(InputError, match="more than a million cells"):
        cells((0, 0, 1e6, 1e6), 10.0, CRS)
