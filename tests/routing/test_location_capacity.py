"""Sites that fill up, against every choice of sites and a minimum-cost flow for each."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_location import CAP, choices, obeys, questions

from geo_risk.errors import InputError
from geo_risk.routing.location import Sites, p_median
from geo_risk.routing.location_capacity import p_median_capacity


def cheapest(minutes, weight, capacity, rows):
    """Least sum of weight x minutes from these sites, whole units of weight each on its way, by networkx."""
    graph = nx.DiGraph()
    graph.add_node("goal", demand=int(weight.sum()))
    for j, units in enumerate(weight):
        graph.add_node(("demand", j), demand=-int(units))
        graph.add_edge(("demand", j), "goal", weight=int(10 * CAP))
        for i in rows:
            if np.isfinite(minutes[i, j]):
                graph.add_edge(("demand", j), ("site", i), weight=int(10 * minutes[i, j]))
    for i in rows:
        room = {} if np.isinf(capacity[i]) else {"capacity": int(capacity[i])}
        graph.add_edge(("site", i), "goal", weight=0, **room)
    return nx.cost_of_flow(graph, nx.min_cost_flow(graph)) / 10


@given(questions(), st.data())
@settings(max_examples=60, deadline=None)
def test_it_is_the_best_of_all(question, data):
    minutes, weight, p, sites = question
    room = st.sampled_from([0.0, 2.0, 5.0, 9.0, np.inf])
    capacity = np.array(data.draw(st.lists(room, min_size=sites.count, max_size=sites.count)))
    choice, part = p_median_capacity(minutes, weight, capacity, p, sites, cap=CAP)
    obeys(choice, sites, p)
    best = min(cheapest(minutes, weight, capacity, [*c, *sites.kept]) for c in choices(sites, p))
    assert choice.value == pytest.approx(best)
    assert (choice.gap, choice.stopped) == (0.0, "")
    assert (part @ weight <= capacity + 1e-6).all()
    assert (part.sum(axis=0) <= 1 + 1e-6).all()
    assert not part[np.setdiff1d(np.arange(sites.count), [*choice.sites, *sites.kept])].any()
    counted = np.where(part > 0, np.where(np.isfinite(minutes), minutes, CAP), 0.0)
    told = ((part * counted).sum(axis=0) + (1 - part.sum(axis=0)) * CAP) @ weight
    assert choice.value == pytest.approx(told)


@given(questions())
@settings(max_examples=40, deadline=None)
def test_with_room_for_all_it_is_the_p_median(question):
    minutes, weight, p, sites = question
    found = p_median_capacity(minutes, weight, np.full(sites.count, np.inf), p, sites, cap=CAP).choice
    assert found.value == pytest.approx(p_median(minutes, weight, p, sites, cap=CAP).value)


def test_a_full_site_sends_the_rest_on():
    # 10 trips near the first site, which has room for 6: 4 go on to the second, 20 minutes away.
    minutes = np.array([[5.0], [20.0]])
    choice, part = p_median_capacity(minutes, np.array([10.0]), np.array([6.0, 9.0]), 2, Sites(2), cap=CAP)
    assert (choice.sites.tolist(), choice.value) == ([0, 1], pytest.approx(6 * 5 + 4 * 20))
    assert part[:, 0].tolist() == pytest.approx([0.6, 0.4])
    # One site alone: the nearer leaves four trips at the cap (30 + 120), the larger one of ten (180 + 30).
    alone, _ = p_median_capacity(minutes, np.array([10.0]), np.array([6.0, 9.0]), 1, Sites(2), cap=CAP)
    assert (alone.sites.tolist(), alone.value) == ([0], pytest.approx(150))
    with pytest.raises(InputError, match="capacity is negative"):
        p_median_capacity(minutes, np.array([10.0]), np.array([-1.0, 9.0]), 1, Sites(2), cap=CAP)
    many = np.ones((400, 400))
    with pytest.raises(InputError, match="too many to share out"):
        p_median_capacity(many, np.ones(400), np.ones(400), 1, Sites(400), cap=CAP)
