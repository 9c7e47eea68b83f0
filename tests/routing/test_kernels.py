"""The heap under all searches against the standard library's; areas for any number of threads."""

import heapq

import numpy as np
import shapely
from conftest import SPEEDS, points_of
from hypothesis import given
from hypothesis import strategies as st

from geo_risk import parallel
from geo_risk.routing.kernels import least_of_four, pop, push
from geo_risk.routing.network import build_network
from geo_risk.routing.service import station_areas


@given(st.lists(st.one_of(st.none(), st.integers(0, 12), st.integers(0, 2**62)), max_size=200))
def test_keys_leave_in_the_order_of_heapq(steps):
    heap, size, twin = np.empty(len(steps) + 1, np.int64), 0, []
    for key in steps:
        if key is not None:
            size = push(heap, size, key)
            heapq.heappush(twin, key)
        elif twin:
            first = heap[0]
            size = pop(heap, size)
            assert first == heapq.heappop(twin)
        assert size == len(twin)
        assert not size or heap[0] == twin[0]


@given(st.lists(st.integers(0, 5), min_size=4, max_size=4), st.sampled_from([np.int64, np.uint64]))
def test_the_least_child_is_the_first_of_the_least(keys, kind):
    heap = np.array([0, *keys], kind)
    assert least_of_four(heap, 1) == 1 + int(np.argmin(keys))


def test_areas_do_not_depend_on_the_number_of_threads(square, monkeypatch):
    network = build_network(square, speeds=SPEEDS)
    stations = points_of(*[(100 * i, 0) for i in range(5)], kind=["fire_station"] * 5, turnout_s=[0.0] * 5)
    found = []
    for threads in (1, 2, 9):
        monkeypatch.setattr(parallel, "THREADS", threads)
        areas = station_areas(network, stations, kinds=("fire_station",))
        found.append((areas["facility_id"].tolist(), shapely.to_wkb(areas.geometry.to_numpy()).tolist()))
    assert found[0] == found[1] == found[2]
