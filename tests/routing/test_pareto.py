"""The exact two-cost search against every simple path of small graphs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.routing.pareto import EPSILON, Ends, cheapest, graph_of, pareto

arc = st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 6), st.integers(0, 6))
end = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=2)


def ends_of(rows):
    return Ends(*(np.array(column, np.int64) for column in zip(*rows, strict=True)))


def every_path(arcs, starts, ends):
    """(first, second) of every way that visits no node twice."""
    found = []

    def go(node, seen, a, b):
        found.extend((a + x, b + y) for n, x, y in ends if n == node)
        for t, h, x, y in arcs:
            if t == node and h not in seen:
                go(h, seen | {h}, a + x, b + y)

    for n, x, y in starts:
        if n < 0:
            found.append((x, y))
        else:
            go(n, {n}, x, y)
    return found


def front_of(costs):
    best = []
    for a, b in sorted(set(costs)):
        if not best or b < best[-1][1]:
            best.append((a, b))
    return best


@settings(max_examples=300)
@given(arcs=st.lists(arc, min_size=1, max_size=16), starts=end, ends=end, whole=st.booleans())
def test_it_is_every_route_that_none_is_better_than(arcs, starts, ends, whole):
    if whole:
        starts = [*starts, (-1, 5, 5)]
    tails, heads, first, second = (np.array(column) for column in zip(*arcs, strict=True))
    found = pareto(graph_of(6, tails, heads, first, second), ends_of(starts), ends_of(ends))
    assert list(zip(found.first, found.second, strict=True)) == front_of(every_path(arcs, starts, ends))
    assert found.epsilon == 0.0
    for k, route in enumerate(found.arcs):
        begin, last = starts[found.start[k]], ends[found.end[k]] if found.end[k] >= 0 else None
        assert found.first[k] == begin[1] + first[route].sum() + (last[1] if last else 0)
        assert found.second[k] == begin[2] + second[route].sum() + (last[2] if last else 0)
        if last is None:
            assert begin[0] == -1
            assert not len(route)
        else:
            nodes = [begin[0], *heads[route]]
            assert nodes[:-1] == tails[route].tolist()
            assert nodes[-1] == last[0]


def grid(size, seed):
    """A grid of streets with two unrelated costs."""
    rng = np.random.default_rng(seed)
    node = np.arange(size * size).reshape(size, size)
    pairs = np.concatenate([np.stack([node[:, :-1], node[:, 1:]], -1).reshape(-1, 2),
                            np.stack([node[:-1], node[1:]], -1).reshape(-1, 2)])  # fmt: skip
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    return graph_of(size * size, *pairs.T, *rng.integers(1, 1000, (2, len(pairs))))


def test_too_many_compromises_are_thinned_and_said():
    graph, one, last = grid(20, 1), ends_of([(0, 0, 0)]), ends_of([(399, 0, 0)])
    exact = pareto(graph, one, last)
    thin = pareto(graph, one, last, labels=4_000)
    assert exact.epsilon == 0.0
    assert thin.epsilon >= EPSILON
    assert 0 < len(thin.first) < len(exact.first)
    for a, b in zip(exact.first, exact.second, strict=True):
        near = thin.first <= a
        assert thin.second[near].min() <= b * (1 + thin.epsilon)


def test_the_cheapest_is_the_first_of_the_front():
    graph, one, last = grid(12, 2), ends_of([(0, 0, 0)]), ends_of([(143, 0, 0)])
    assert cheapest(graph, one, last).first.tolist() == pareto(graph, one, last).first[:1].tolist()


def test_costs_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="2\\^32"):
        graph_of(2, [0], [1], [2**32], [0])
    with pytest.raises(ValueError, match="nodes 0 to 1"):
        graph_of(2, [0], [2], [1], [1])
    most = 2**32 - 2
    graph = graph_of(3, [0, 1], [1, 2], [1, 1], [most, most])
    with pytest.raises(OverflowError):
        pareto(graph, ends_of([(0, 0, 0)]), ends_of([(2, 0, 0)]))
