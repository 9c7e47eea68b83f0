import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.analysis.explain import explain_place
from geo_risk.analysis.grading import grade
from geo_risk.analysis.index import index_surface
from geo_risk.errors import InputError
from geo_risk.grid import Grid

CRS = "EPSG:4549"
GRID = Grid(CRS, 0.0, 600.0, 50.0, (12, 12))


def sources(geometry, score, reach, group=None) -> gpd.GeoDataFrame:
    n = len(geometry)
    columns = {"layer": "hazard_sources", "id": [f"s{i}" for i in range(n)], "name": "n", "reason": "because"}
    columns |= {"score": score, "reach_m": reach}
    if group:
        columns["group"] = group
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=CRS)


def test_shares_by_hand():
    # At the centre of cell (5, 5), (275, 325): p = 0.5 and 0.75; ln 2 : ln 4 = 1 : 2.
    here = shapely.Point(275, 325)
    frame = sources([here, here, shapely.Point(0, 0)], [50.0, 75.0, 90.0], [100.0] * 3)
    told = explain_place(280, 330, frame, index_surface(frame, {}, GRID))
    assert [s["id"] for s in told["sources"]] == ["s1", "s0"]
    assert [s["share_percent"] for s in told["sources"]] == pytest.approx([200 / 3, 100 / 3])
    assert told["hazard"] == pytest.approx(87.5)
    assert told["cell"] == (5, 5)
    assert told["centre"] == (275, 325)
    assert told["sources"][0]["distance_m"] == 0
    assert told["exposure"]["density_per_ha"] == 25
    assert len(told["notes"]) == 2


def test_a_group_names_the_member_that_counts_here():
    frame = sources(
        [shapely.box(0, 0, 100, 100), shapely.Point(275, 325), shapely.Point(290, 325)],
        [90.0, 40.0, 50.0],
        [50.0, 200.0, 20.0],
        ["g", "g", "g"],
    )
    surface = index_surface(frame, {}, GRID)
    assert explain_place(275, 325, frame, surface)["sources"][0]["id"] == "s2"  # f((15/50)) x 50 > 40
    assert explain_place(175, 325, frame, surface)["sources"][0]["id"] == "s1"
    inside = explain_place(75, 75, frame, surface)["sources"]
    assert [(s["id"], s["distance_m"], s["share_percent"]) for s in inside] == [("s0", 0, 100)]


def test_a_quiet_place_has_no_sources():
    frame = sources([shapely.Point(0, 0)], [50.0], [60.0])
    told = explain_place(500, 500, frame, index_surface(frame, {}, GRID))
    assert (told["index"], told["grade"], told["grade_word"], told["sources"]) == (0, 0, "none", [])


def test_a_place_beside_the_grid_is_an_error():
    frame = sources([shapely.Point(0, 0)], [50.0], [60.0])
    with pytest.raises(InputError, match="beside the region's grid"):
        explain_place(-1, 10, frame, index_surface(frame, {}, GRID))


place = st.tuples(st.floats(0.5, 599.5), st.floats(0.5, 599.5))
source = st.tuples(place, st.floats(0, 100), st.floats(0, 400), st.floats(0, 60), st.sampled_from("abcd"))


@settings(max_examples=60, deadline=None)
@given(st.lists(source, min_size=1, max_size=8), place)
def test_numbers_are_those_of_the_map_and_shares_sum_to_100(rows, where):
    shapes = [shapely.Point(p).buffer(size) if size > 1 else shapely.Point(p) for p, _, _, size, _ in rows]
    frame = sources(shapes, [r[1] for r in rows], [r[2] for r in rows], [r[4] for r in rows])
    surface = index_surface(frame, {}, GRID)
    told = explain_place(*where, frame, surface)
    row, col = told["cell"]
    assert told["index"] == surface.index[row, col]
    assert told["grade"] == grade(surface.index)[row, col]
    survive = np.prod([1 - s["p"] for s in told["sources"]])
    assert told["hazard"] == pytest.approx(100 * (1 - survive), rel=1e-6, abs=1e-5)
    if told["sources"]:
        assert sum(s["share_percent"] for s in told["sources"]) == pytest.approx(100)
        assert all(s["distance_m"] < s["reach_m"] for s in told["sources"])
