"""People near roads, against the distance of every one of them."""

import itertools

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo_risk.routing.exposed import crowd_of, people_along, people_near


@given(seed=st.integers(0, 10_000), reach=st.sampled_from([5.0, 60.0, 400.0, 5000.0]), count=st.integers(0, 60))
def test_each_person_counts_exactly(seed, reach, count):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(-300, 300, (2, count)).astype(float)
    persons = rng.integers(0, 9, count).astype(float)
    sizes = rng.integers(2, 5, 4)
    coords = rng.integers(-300, 300, (sizes.sum(), 2)).astype(float)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    crowd = crowd_of(x, y, persons, reach)
    lines = [shapely.LineString(coords[a:b]) for a, b in itertools.pairwise(offsets)]
    far = np.array([shapely.distance(line, shapely.points(x, y)) for line in lines]).reshape(4, count)
    sure = np.abs(far - reach) > 1e-6  # on the very edge rounding may decide
    if sure.all():
        assert np.allclose(people_near(crowd, coords, offsets, reach), (far <= reach) @ persons)
        assert people_along(crowd, coords, offsets, reach) == persons[(far <= reach).any(axis=0)].sum()


def test_the_edge_counts_and_nobody_twice():
    x, y, persons = np.array([0.0, 0.0, 10.0]), np.array([100.0, 100.5, 50.0]), np.array([3.0, 4.0, 5.0])
    crowd = crowd_of(x, y, persons, 100.0)
    coords = np.array([(0.0, 0.0), (5.0, 0.0), (5.0, 0.0), (20.0, 0.0)])
    offsets = np.array([0, 2, 4])
    assert people_near(crowd, coords, offsets, 100.0).tolist() == [8.0, 5.0]
    assert people_along(crowd, coords, offsets, 100.0) == 8.0
