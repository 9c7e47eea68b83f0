"""Trades, parks, lines and the region, by hand."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.analysis.groups import NO_NOW, enterprise_groups, line_groups, region_group
from geo_risk.analysis.rollup import district_grades
from geo_risk.analysis.segments import segments
from geo_risk.analysis.zones import zones
from geo_risk.grid import Grid
from geo_risk.schema import RESULTS
from geo_risk.sections import RiskSettings

CRS = "EPSG:4549"
GRID = Grid(CRS, 0.0, 400.0, 100.0, (4, 4))
GRADE = np.array([[4, 3, 0, 0], [2, 2, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]], dtype=np.uint8)
INDEX = (GRADE * 20).astype(np.float32)
OWN = RiskSettings(district_min_share=0.3, district_min_enterprises=0, district_min_persons=0)


def firms(**columns) -> gpd.GeoDataFrame:
    n = len(next(iter(columns.values())))
    ids = [f"E{i}" for i in range(n)]
    points = [shapely.Point(50, 50)] * n
    return gpd.GeoDataFrame({"id": ids, "name": ids, **columns}, geometry=points, crs=CRS)


def graded(*grades, **columns) -> gpd.GeoDataFrame:
    return firms(grade=pd.array(grades, dtype="Int64"), index_max=[float(g) for g in grades], **columns)


def test_a_trade_by_hand():
    layer = firms(
        sector=["化工", "化工", "纺织", "化工", None],
        staff=[10, np.nan, 5, 100, 7],
        state=["active", "active", "active", "closed", "active"],
    )
    out = enterprise_groups(graded(4, 2, 1, 0, 3), layer, "trade", "sector", OWN).set_index("scope_id")
    assert set(out.reset_index().columns) == set(RESULTS["groups"].names) == {*out.columns, "scope_id"}
    assert out["n"].to_dict() == {"化工": 2, "纺织": 1}
    assert out["grade"].to_dict() == {"化工": 4, "纺织": 1}
    assert out.loc["化工", "rule"] == "50.0% of the enterprises are red (minimum 30.0%)"
    assert out.loc["化工", ["share_red", "share_yellow", "n_red", "n_orange"]].tolist() == [0.5, 0.5, 1, 0]
    assert out.loc["化工", ["persons", "persons_red", "persons_yellow"]].tolist() == [10, 10, 0]
    assert out["grade_now"].isna().all()
    assert (out["rule_now"] == NO_NOW).all()


def test_orange_members_escalate_only_where_asked():
    layer = firms(park=["东园"] * 10)
    table = graded(*[3] * 2, *[1] * 8, grade_now=pd.array([1] * 10, dtype="Int64"))
    out = enterprise_groups(table, layer, "park", "park", OWN)
    assert out[["grade", "grade_now"]].to_numpy().tolist() == [[1, 1]]
    asked = RiskSettings(district_min_share=0.3, district_min_enterprises=0, escalate_orange=2)
    out = enterprise_groups(table, layer, "park", "park", asked)
    assert out["grade"].tolist() == [4]
    assert out["rule"].iloc[0].startswith("red as 2 enterprises or risk points are orange or worse (from 2)")
    assert out["grade_now"].tolist() == [1]


def test_risk_points_without_enterprise_escalate_a_district():
    town = gpd.GeoDataFrame({"id": ["t"], "name": ["t"]}, geometry=[shapely.box(0, 0, 400, 400)], crs=CRS)
    points = graded(3, 3, 3).assign(enterprise_id=["E0", None, ""])
    for least, grade in ((2, 4), (3, 1), (0, 1)):
        own = RiskSettings(district_min_share=0.5, district_min_persons=0, escalate_orange=least)
        out = district_grades(town, GRADE, INDEX, GRID, counts={"risk_points": points}, settings=own)
        assert out["grade"].tolist() == [grade]


def test_segments_of_a_line_by_hand():
    line = shapely.LineString([(0, 350), (400, 350)])  # along the first row: red, orange, none, none
    lines = gpd.GeoDataFrame({"id": ["P"], "name": ["管"]}, geometry=[line], crs=CRS)
    cut = segments(lines, "gas_pipelines", GRADE, INDEX, GRID, longest_m=150.0, grade_now=np.minimum(GRADE, 2))
    assert set(cut.columns) == {*RESULTS["segments"].names, "geometry"}
    assert cut["to_m"].tolist() == pytest.approx([400 / 3, 800 / 3, 400])
    assert cut["segment"].tolist() == [1, 2, 3]
    assert cut["grade"].tolist() == [4, 3, 0]
    assert cut["grade_now"].tolist() == [2, 2, 0]
    assert cut["share_red"].tolist() == pytest.approx([0.75, 0, 0])
    assert cut["index_mean"].tolist() == pytest.approx([75, 30, 0])
    whole = line_groups(cut, "pipeline", OWN)
    assert whole[["n", "grade", "n_red", "n_none"]].to_numpy().tolist() == [[3, 3, 1, 1]]
    assert whole["index_mean"].tolist() == pytest.approx([35])
    assert whole["length_km"].tolist() == pytest.approx([0.4])
    assert whole["share_red"].tolist() == pytest.approx([0.25])


def test_what_leaves_the_grid_has_no_grade():
    lines = gpd.GeoDataFrame(
        {"id": ["in", "out"], "name": [None, None]},
        geometry=[shapely.LineString([(350, 350), (450, 350)]), shapely.LineString([(900, 0), (990, 0)])],
        crs=CRS,
    )
    cut = segments(lines, "roads", np.full((4, 4), 3, np.uint8), INDEX, GRID, longest_m=500.0)
    assert cut["share_orange"].tolist() == pytest.approx([0.5, 0])
    assert cut["share_none"].tolist() == pytest.approx([0.5, 1])
    assert cut["index_mean"].isna().tolist() == [False, True]
    assert line_groups(cut, "road", OWN)["name"].tolist() == ["in", "out"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(1, 399), st.floats(1, 399)), min_size=2, max_size=5, unique=True), st.floats(20, 300)
)
def test_segments_tile_their_line(points, longest):
    line = shapely.LineString(points)
    lines = gpd.GeoDataFrame({"id": ["P"], "name": ["P"]}, geometry=[line], crs=CRS)
    cut = segments(lines, "roads", GRADE, INDEX, GRID, longest_m=longest)
    assert cut.length.sum() == pytest.approx(line.length)
    assert cut.length.max() <= longest * (1 + 1e-9)
    shares = cut[[c for c in cut if c.startswith("share_")]].sum(axis=1)
    np.testing.assert_allclose(shares, 1, atol=1e-9)


def test_the_region_by_hand():
    whole = zones(np.array([shapely.box(0, 0, 400, 400)], object), GRID)
    surfaces = {"grade": GRADE, "index": INDEX, "residual_grade": np.minimum(GRADE, 2)}
    people = np.zeros((4, 4))
    people[0, 0], people[3, 3] = 100, 300
    firms_here = graded(4, 1, 1, grade_now=pd.array([2, 1, 1], dtype="Int64"))
    own = RiskSettings(district_min_share=0.1, district_min_persons=0, district_min_enterprises=0)
    out = region_group("区", whole, surfaces, 100.0, own, persons=people, graded=firms_here).iloc[0]
    assert (out["grade"], out["grade_now"], out["n"], out["n_red"]) == (3, 2, 3, 1)
    assert out["share_red"] == pytest.approx(1 / 16)
    assert (out["persons"], out["persons_red"]) == (400, 100)
    assert out["index_persons"] == pytest.approx(80 * 100 / 400)
    assert out["index_mean"] == pytest.approx(INDEX.mean())
    assert out["area_km2"] == pytest.approx(0.16)


def test_firms_of_no_park_make_no_group():
    out = enterprise_groups(graded(4, 3), firms(sector=["a", "b"]), "park", "park", OWN)
    assert len(out) == 0
    assert set(out.columns) == set(RESULTS["groups"].names)
