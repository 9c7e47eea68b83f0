"""Tours of inspection teams: what a small search space proves, and 300 visits within a minute."""

import time
from itertools import pairwise, permutations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_risk.errors import InputError
from geo_risk.routing.network import build_network
from geo_risk.routing.snap import snap_points
from geo_risk.routing.tours import tours, travel_minutes, why_not

CRS = "EPSG:4550"


def apart(xy: np.ndarray, kmh: float = 36.0) -> np.ndarray:
    return np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) / (kmh / 3.6) / 60


def length(minutes, order, visit) -> float:
    stops = [0, *(v + 1 for v in order), 0]
    return sum(minutes[a, b] for a, b in pairwise(stops)) + sum(visit[v] for v in order)


@pytest.mark.parametrize("seed", range(4))
def test_one_tour_is_as_short_as_the_shortest_of_all_orders(seed):
    rng = np.random.default_rng(seed)
    minutes, visit = apart(rng.uniform(0, 20_000, (7, 2))), rng.integers(20, 60, 6).astype(float)
    found = tours(minutes, np.array([0]), visit, np.ones(6), days=1, day_min=1000, iterations=200)
    best = min(length(minutes, order, visit) for order in permutations(range(6)))
    assert length(minutes, [s.visit for s in found], visit) <= best + 0.2  # seconds are rounded up
    assert [s.order for s in found] == [1, 2, 3, 4, 5, 6]


def test_what_does_not_fit_is_left_out_by_weight():
    minutes = np.full((5, 5), 10.0)
    np.fill_diagonal(minutes, 0)
    found = tours(
        minutes, np.array([0]), np.full(4, 50.0), np.array([1.0, 8, 2, 4]), days=1, day_min=130, iterations=100
    )
    assert {s.visit for s in found} == {1, 3}  # 10 + 50 + 10 + 50 + 10 = 130 minutes hold two


def test_hours_hold_every_day_and_each_visit_is_made_once():
    rng = np.random.default_rng(5)
    minutes, visit = apart(rng.uniform(0, 30_000, (42, 2))), rng.integers(30, 120, 40).astype(float)
    weight = rng.choice([1.0, 2, 4, 8], 40)
    found = tours(minutes, np.array([0, 1, 0]), visit[:40], weight, days=2, day_min=360, iterations=200)
    assert len({s.visit for s in found}) == len(found)
    assert {s.team for s in found} <= {0, 1, 2}
    assert {s.day for s in found} <= {0, 1}
    for team in range(3):
        for day in range(2):
            own = [s for s in found if (s.team, s.day) == (team, day)]
            base = (0, 1, 0)[team]
            clock, here = 0.0, base
            for stop in own:
                assert stop.travel_min == pytest.approx(minutes[here, 2 + stop.visit])
                assert stop.arrival_min == pytest.approx(clock + stop.travel_min)
                clock, here = stop.arrival_min + visit[stop.visit], 2 + stop.visit
            assert clock + minutes[here, base] <= 360
    again = tours(minutes, np.array([0, 1, 0]), visit[:40], weight, days=2, day_min=360, iterations=200)
    assert again == found


def test_300_visits_within_a_minute():
    rng = np.random.default_rng(6)
    minutes = apart(rng.uniform(0, 30_000, (301, 2)))
    began = time.process_time()
    found = tours(minutes, np.zeros(6, int), np.full(300, 60.0), rng.choice([1.0, 2, 4, 8], 300), days=10, day_min=420)
    assert time.process_time() - began < 60
    assert len(found) > 280


def test_travel_follows_one_way_streets_and_says_where_there_is_no_way():
    lines = [[(0, 0), (1000, 0)], [(1000, 0), (1000, 1000), (0, 1000), (0, 0)], [(5000, 0), (6000, 0)]]
    roads = gpd.GeoDataFrame(
        {"id": ["a", "b", "c"], "class": "road", "oneway": [1, 1, 0]},
        geometry=[shapely.LineString(xy) for xy in lines],
        crs=CRS,
    )
    network = build_network(roads, speeds={"road": 60.0})
    at = snap_points(network, np.array([(250.0, 0), (750.0, 0), (5500.0, 0), (3000.0, 5000)]), max_m=500)
    minutes = travel_minutes(network, at)
    assert minutes[0, 1] == pytest.approx(0.5, abs=1e-3)  # 500 m at 60 km/h
    assert minutes[1, 0] == pytest.approx(3.5, abs=1e-3)  # round the block
    assert np.isinf(minutes[0, 2])
    assert np.isinf(minutes[0, 3])
    assert np.isinf(minutes[3, 0])
    assert (np.diag(minutes) == 0).all()
    why = why_not(minutes, 1, np.array([10.0, 10, 10]), 12.0)
    assert why.tolist() == [
        "there, the visit and back take longer than a day",
        *["no way by road from a base and back"] * 2,
    ]


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="do not fit"):
        tours(np.zeros((2, 2)), np.array([1]), np.ones(1), np.ones(1), days=1, day_min=10)
    with pytest.raises(InputError, match="must be positive"):
        tours(np.zeros((2, 2)), np.array([0]), np.ones(1), np.ones(1), days=0, day_min=10)
    assert tours(np.zeros((1, 1)), np.array([0]), np.ones(0), np.ones(0), days=1, day_min=10) == []
