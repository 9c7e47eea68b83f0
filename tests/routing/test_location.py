"""Location models against enumeration of every choice, and bounds that are true."""

from itertools import combinations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from geo_risk.routing import location, location_exact
from geo_risk.routing.location import (
    Choice,
    Sites,
    least_for,
    lscp,
    mclp,
    mclp_curve,
    most_saved,
    p_center,
    p_median,
    within,
)

LIMIT = 5.0
CAP = 30.0


@st.composite
def questions(draw):
    """(minutes (N, D), weight (D,), p, sites): small, with ties, ways that are missing, sites kept, barred, apart."""
    n, d = draw(st.integers(2, 7)), draw(st.integers(1, 9))
    minute = st.sampled_from([1.0, 2.0, 3.5, 4.0, 5.0, 6.0, 7.5, 9.0, 20.0, np.inf])
    minutes = np.array(draw(st.lists(st.lists(minute, min_size=d, max_size=d), min_size=n, max_size=n)))
    weight = np.array(draw(st.lists(st.integers(0, 9), min_size=d, max_size=d)), float)
    kept = draw(st.lists(st.integers(0, n - 1), max_size=1, unique=True))
    barred = draw(st.lists(st.integers(0, n - 1).filter(lambda i: i not in kept), max_size=2, unique=True))
    pair = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda x: x[0] < x[1])
    apart = draw(st.lists(pair, max_size=3, unique=True))
    return minutes, weight, draw(st.integers(0, 3)), Sites(n, kept, barred, apart)


def choices(sites, p, budget=np.inf, cost=None):
    """Every allowed set of at most p new sites."""
    free = [i for i in range(sites.count) if i not in set(sites.kept) | set(sites.barred)]
    for size in range(p + 1):
        for chosen in combinations(free, size):
            all_ = set(chosen) | set(sites.kept)
            if any({a, b} <= all_ and not {a, b} <= set(sites.kept) for a, b in sites.apart):
                continue
            if cost is None or sum(cost[list(chosen)]) <= budget:
                yield list(chosen)


def times(minutes, chosen, sites):
    rows = [*chosen, *sites.kept]
    return minutes[rows].min(axis=0) if rows else np.full(minutes.shape[1], np.inf)


def obeys(found, sites, p):
    assert not set(found.sites.tolist()) & (set(sites.kept) | set(sites.barred))
    assert len(found.sites) <= p
    both = set(found.sites.tolist()) | set(sites.kept)
    assert not [pair for pair in sites.apart if set(pair) <= both and not set(pair) <= set(sites.kept)]


@given(questions(), st.sampled_from([1, 2]))
@settings(max_examples=150, deadline=None)
def test_mclp_is_the_best_of_all(question, cover):
    minutes, weight, p, sites = question
    found = mclp(minutes, LIMIT, weight, p, sites, cover=cover)
    obeys(found, sites, p)
    counted = lambda chosen: weight[(minutes[[*chosen, *sites.kept]] <= LIMIT).sum(axis=0) >= cover].sum()  # noqa: E731
    assert found.value == pytest.approx(max(counted(c) for c in choices(sites, p)))
    assert found.value == pytest.approx(counted(found.sites.tolist()))
    assert (found.gap, found.stopped) == (0.0, "")


@given(questions())
@settings(max_examples=150, deadline=None)
def test_p_median_is_the_best_of_all(question):
    minutes, weight, p, sites = question
    found = p_median(minutes, weight, p, sites, cap=CAP)
    obeys(found, sites, p)
    cost = lambda chosen: float(np.minimum(times(minutes, chosen, sites), CAP) @ weight)  # noqa: E731
    assert found.value == pytest.approx(min(cost(c) for c in choices(sites, p)))
    assert found.value == pytest.approx(cost(found.sites.tolist()))
    assert found.gap == 0.0


@given(questions())
@settings(max_examples=150, deadline=None)
def test_p_center_is_the_best_of_all(question):
    minutes, _, p, sites = question
    found = p_center(minutes, p, sites)
    best = min(times(minutes, c, sites).max() for c in choices(sites, p))
    if found is None:
        assert not np.isfinite(best)
        return
    obeys(found, sites, p)
    assert found.value == best == times(minutes, found.sites.tolist(), sites).max()
    assert found.gap == 0.0


@given(questions(), st.sampled_from([1, 2]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_lscp_is_the_fewest_or_the_cheapest(question, cover, priced):
    minutes, _, _, sites = question
    cost = np.arange(1.0, sites.count + 1) ** 1.5 if priced else None
    if priced:
        sites = Sites(sites.count, sites.kept, sites.barred, sites.apart, cost)
    found = lscp(minutes, LIMIT, sites, cover=cover)
    whole = [
        c for c in choices(sites, sites.count) if ((minutes[[*c, *sites.kept]] <= LIMIT).sum(axis=0) >= cover).all()
    ]
    price = lambda c: float(len(c) if cost is None else cost[list(c)].sum())  # noqa: E731
    if found is None:
        assert not whole
        return
    obeys(found, sites, sites.count)
    assert found.value == pytest.approx(min(price(c) for c in whole))
    assert sorted(found.sites.tolist()) in [sorted(c) for c in whole]
    assert found.gap == 0.0


@given(questions(), st.sampled_from([0.3, 0.6, 0.9, 1.0]))
@settings(max_examples=100, deadline=None)
def test_the_least_number_for_a_share(question, share):
    minutes, weight, _, sites = question
    found = least_for(minutes, LIMIT, weight, share, sites)
    enough = [
        len(c) for c in choices(sites, sites.count)
        if weight[times(minutes, c, sites) <= LIMIT].sum() >= share * weight.sum() - 1e-9
    ]  # fmt: skip
    if found is None:
        assert not enough
    else:
        assert found.value == found.bound == min(enough) == len(found.sites)


@given(questions(), st.integers(0, 12))
@settings(max_examples=80, deadline=None)
def test_a_budget_is_kept(question, budget):
    minutes, weight, _, sites = question
    cost = np.arange(1.0, sites.count + 1)
    sites = Sites(sites.count, sites.kept, sites.barred, sites.apart, cost, float(budget))
    found = mclp(minutes, LIMIT, weight, sites.count, sites)
    assert cost[found.sites].sum() <= budget
    best = max(weight[times(minutes, c, sites) <= LIMIT].sum() for c in choices(sites, sites.count, budget, cost))
    assert found.value == pytest.approx(best)


def spread(n, d, seed=3):
    """(minutes, weight) of sites and demands in a square."""
    rng = np.random.default_rng(seed)
    at, to = rng.uniform(0, 30, (n, 2)), rng.uniform(0, 30, (d, 2))
    return np.hypot(*(at[:, None] - to[None]).T).T, rng.integers(1, 100, d).astype(float)


def test_bounds_are_true_when_the_search_is_cut_short(monkeypatch):
    minutes, weight = spread(60, 800)
    sites = Sites(60, kept=[0], apart=[(i, i + 1) for i in range(1, 58, 3)])
    best = p_median(minutes, weight, 8, sites, cap=CAP)
    assert best.gap == 0.0
    monkeypatch.setattr(location, "MOST_SETS", 10)  # as if it were too large for the exact model
    cut = p_median(minutes, weight, 8, sites, cap=CAP)
    assert cut.bound <= best.value * (1 + 1e-9)
    assert best.value <= cut.value
    assert cut.value <= best.value * 1.01
    assert 0 < cut.gap < 0.05
    assert cut.stopped == "size"


def test_a_search_stopped_at_its_first_node_says_so(monkeypatch):
    minutes, _weight = spread(60, 700)
    sites = Sites(60)
    center, few = p_center(minutes, 7, sites), lscp(minutes, 9.0, sites)
    monkeypatch.setattr(location_exact, "NODES", 0)
    for found, best, one in (
        (p_center(minutes, 7, sites), center.value, center), (lscp(minutes, 9.0, sites), few.value, few),
    ):  # fmt: skip
        assert one.gap == 0.0
        assert found.bound <= best <= found.value


def test_settled_sites_lose_nothing():
    # Savings without any geometry, where prices leave a gap: the whole exact model is the judge.
    for seed in (0, 3, 5):
        saved = np.random.default_rng(seed).integers(0, 10, (20, 50)).astype(float)
        whole = location_exact.prefixes(saved, 10**6)
        chosen, _, _ = location_exact.best_gain(whole, 4, Sites(20))
        found = most_saved(saved, 4, Sites(20))
        assert found.value == saved[chosen].max(axis=0).sum() == saved[found.sites].max(axis=0).sum()
        assert found.gap == 0.0


def test_the_curve_rises_and_flattens():
    minutes, weight = spread(30, 400)
    curve = mclp_curve(minutes, 6.0, weight, 6, Sites(30, kept=[4]))
    values = np.array([c.value for c in curve])
    assert (np.diff(values) > 0).all()
    assert values[0] == weight[within(minutes[4], 6.0)].sum()
    assert [len(c.sites) for c in curve] == list(range(7))


def test_by_hand():
    # Sites 0 and 1 reach three people each, site 2 the four in the middle: greedy takes it first, the best two do not.
    minutes = np.array([[1, 1, 1, 9, 9, 9], [9, 9, 9, 1, 1, 1], [9, 1, 1, 1, 1, 9]], float)
    weight = np.ones(6)
    found = mclp(minutes, LIMIT, weight, 2, Sites(3))
    assert (found.sites.tolist(), found.value) == ([0, 1], 6.0)
    assert lscp(minutes, LIMIT, Sites(3)).sites.tolist() == [0, 1]
    assert mclp(minutes, LIMIT, weight, 2, Sites(3, apart=[(0, 1)])).value == 5.0
    assert p_median(minutes, weight, 1, Sites(3), cap=CAP).value == 4 + 18
    assert lscp(minutes, LIMIT, Sites(3, barred=[0])) is None


def test_nothing_to_choose_from():
    none = most_saved(np.empty((0, 3)), 2, Sites(0))
    assert none == Choice(none.sites, 0.0, 0.0)
    assert mclp(np.full((2, 2), np.inf), LIMIT, np.ones(2), 1, Sites(2)).value == 0.0
