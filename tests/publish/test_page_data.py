"""What the map page gets besides tiles: initials for the search, a second palette, roads with their direction."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_risk.publish.joined import joined_roads
from geo_risk.publish.pinyin import initials
from geo_risk.publish.style import GRADES, rgb

# Machado, Oliveira and Fernandes 2009, severity 1.
BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]


def lab(color: str, eye: list) -> np.ndarray:
    """CIE L*a*b* (D65) of a colour as an eye sees it."""
    c = np.array(rgb(color)) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    xyz = np.array(TO_XYZ) @ np.clip(np.array(eye) @ linear, 0, 1) / [0.95047, 1, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def least(colors: list[str]) -> float:
    """The smallest CIE76 difference of two colours to the eye that tells them worst."""
    return min(
        float(np.linalg.norm(lab(a, eye) - lab(b, eye)))
        for eye in BLINDNESS.values()
        for a, b in itertools.combinations(colors, 2)
    )


def test_the_second_palette_keeps_further_apart():
    own, safe = least([g.color for g in GRADES]), least([g.safe["color"] for g in GRADES])
    assert own == pytest.approx(25, abs=0.5)
    assert safe == pytest.approx(33.6, abs=0.5)


def test_initials_as_people_type_them():
    assert initials(["菱渚镇", "重庆路加油站", "LNG 储配站A区", "Depot 7"]) == ["lzz", "cqljyz", "lng cpzaq", ""]


def test_one_way_roads_keep_the_way_they_are_driven():
    east, west = shapely.LineString([(0, 0), (1, 0)]), shapely.LineString([(3, 0), (2, 0)])
    lines = [east, shapely.LineString([(1, 0), (2, 0)]), west, shapely.LineString([(0, 5), (1, 5)])]
    rows = gpd.GeoDataFrame({"class": "primary", "oneway": [1, 1, -1, 0]}, geometry=lines, crs=32650)
    joined = joined_roads(rows)
    single = joined[joined["oneway"] == 1]
    # the three are one street eastwards: the last was stored against its direction
    assert [g.wkt for g in single.geometry] == ["LINESTRING (0 0, 1 0, 2 0, 3 0)"]
    assert joined[joined["oneway"].isna()].geometry.iloc[0].length == 1
    meeting = rows.assign(oneway=[1, 1, 1, 0])  # now two directions meet: nothing may be joined across
    assert len(joined_roads(meeting).query("oneway == 1")) == 2
    assert "oneway" not in joined_roads(rows.drop(columns="oneway"))
