"""What fits into one file: nothing is cut or simplified without being told, and what matters stays."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from publish_city import frame

from geo_risk.errors import InputError
from geo_risk.publish.catalogue import LAYERS, Spec
from geo_risk.publish.fitting import simplified, within
from geo_risk.publish.folium_map import folium_map, single_file

SPEC = {s.id: s for s in LAYERS if isinstance(s, Spec)}
FIRMS, TOWNS, ROADS = SPEC["enterprises"], SPEC["districts"], SPEC["roads"]


def firms(number: int) -> gpd.GeoDataFrame:
    """Enterprises whose grades rise and fall along the rows."""
    grade = pd.array([k % 5 for k in range(number)], "Int64")
    return frame(shapely.points(np.arange(number) + 500_000.0, 3_530_000.0), grade=grade)


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=6), st.integers(0, 90))
def test_small_layers_stay_whole_and_every_cut_is_told(sizes, limit):
    layers = [(replace(FIRMS, id=f"l{k}", zh=f"层{k}", visible=v), firms(n)) for k, (n, v) in enumerate(sizes)]
    kept, told = within(layers, limit, "zh")
    drawn = {spec.zh: len(rows) for spec, rows in kept}
    assert sum(drawn.values()) <= limit
    assert sorted(told) == sorted(
        f"{s.zh}: {drawn.get(s.zh, 0)} / {len(r)}" for s, r in layers if drawn.get(s.zh, 0) < len(r)
    )
    for group in (True, False):  # no layer is cut while another of its kind has more
        its = [(drawn.get(s.zh, 0), len(r)) for s, r in layers if s.visible == group]
        assert all(cut == whole or cut >= max(n for n, _ in its) for cut, whole in its)
    for spec, rows in kept:
        grades = np.sort(next(r for s, r in layers if s.id == spec.id)["grade"].to_numpy(int))
        assert list(rows["grade"]) == list(grades[len(grades) - len(rows) :])  # the worst, the worst of all on top


def test_of_roads_the_main_ones_stay():
    lines = shapely.linestrings([[[k, 0], [k, 9]] for k in range(4)])
    rows = frame(lines, **{"class": ["residential", "motorway", "primary", "residential"]})
    ((_, kept),), told = within([(ROADS, rows)], 2, "en")
    assert set(kept["class"]) == {"motorway", "primary"}
    assert told == ["roads: 2 / 4"]


def test_outlines_give_way_only_as_far_as_told_and_neighbours_stay_closed():
    left = shapely.Polygon([(0, 0), *((500 + 3 * np.sin(y), y) for y in np.linspace(0, 900, 3000)), (0, 900)])
    right = shapely.box(0, 0, 1000, 900).difference(left)
    towns = frame(np.array([left, right]), name=["a", "b"])
    few = frame(np.array([shapely.box(0, 0, 5, 5)]), name=["c"])
    (first, second), told = simplified([(TOWNS, towns), (replace(FIRMS, geometry="fill"), few)], 200, "zh")
    moved = int(told[0].removeprefix(f"{TOWNS.zh}: ").removesuffix(" m"))
    assert moved <= 100
    drawn = first[1].geometry.to_numpy()
    assert shapely.get_num_coordinates(drawn).sum() < 200
    assert shapely.coverage_is_valid(drawn)
    assert all(
        shapely.hausdorff_distance(a, b, densify=0.01) <= moved for a, b in zip(drawn, (left, right), strict=True)
    )
    assert second[1] is few
    # points are no outlines, and no feature is lost however small
    many = frame(np.array([shapely.multipoints(np.random.default_rng(1).uniform(0, 9, (500, 2)))]), name=["d"])
    dots = frame(shapely.buffer(shapely.points(np.arange(9.0), 0.0), 0.3), name=list("abcdefghi"))
    (a, b), told = simplified([(FIRMS, many), (replace(FIRMS, geometry="fill"), dots)], 9, "en")
    assert a[1] is many
    assert told == [f"{FIRMS.en}: 100 m"]
    assert not b[1].geometry.is_empty.any()


def test_the_map_says_what_it_left_out_and_how_far_outlines_gave_way(tables, surfaces, meta, monkeypatch):
    monkeypatch.setattr("geo_risk.publish.folium_map.MAX_CORNERS", 50)
    out = single_file(folium_map(tables, surfaces, meta, max_features=100))
    assert "要素过多，仅显示 100 个" in out
    assert "<summary>轮廓已简化，最大偏差</summary>" in out
    assert "消防站服务范围: " in out


def test_some_layers_of_the_map(tables, surfaces, meta):
    out = single_file(folium_map(tables, surfaces, meta, layers=("crowded_places", "index")))
    assert "人员密集场所" in out
    assert "企业风险等级" not in out.partition("geoRiskPhrases = ")[2].partition("\n")[2]
    assert out.count("L.imageOverlay(") == 1
    with pytest.raises(InputError, match=r"'enterprise' is no layer of this map\. It has: .*enterprises"):
        folium_map(tables, surfaces, meta, layers=("enterprise",))
