import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo_risk.analysis.grading import enterprise_grades, grade, worst_levels
from geo_risk.analysis.index import index_surface
from geo_risk.analysis.index_sources import index_sources
from geo_risk.errors import CRSError, InputError
from geo_risk.grid import Grid
from geo_risk.schema import RESULTS
from geo_risk.sections import RiskSettings

CRS = "EPSG:4549"
GRID = Grid(CRS, 0.0, 3000.0, 100.0, (30, 30))


def frame(geometry, **columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=CRS)


def test_grade_by_hand():
    index = np.array([np.nan, 0, 1e-9, 11.99, 12, 29.9, 30, 69.9, 70, 100])
    assert grade(index).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert grade(index, (1, 12, 30, 70)).tolist()[2] == 0
    assert grade(np.full((2, 2), 70.0), mask=np.array([[True, False], [False, True]])).tolist() == [[4, 0], [0, 4]]


def test_a_float32_on_the_cut_is_on_the_worse_side():
    cuts = (0.0, 12.1, 30.3, 65.7)  # none of these is a float32
    assert grade(np.array(cuts[1:], dtype=np.float32), cuts).tolist() == [2, 3, 4]


def test_cuts_and_masks_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="four rising"):
        grade(np.zeros(2), (1, 2, 2, 3))
    with pytest.raises(InputError, match="mask has shape"):
        grade(np.zeros((2, 2)), mask=np.ones((1, 2), bool))


@pytest.fixture(scope="module")
def city():
    points = [shapely.Point(x, 1550) for x in (250, 650, 1050, 1450, 1850, 2250)]
    firms = frame(
        [*points[:5], shapely.Point(np.inf, 0)],
        id=list("ABCDEF"),
        name=["甲厂", "乙厂", "丙厂", "丁厂", "戊厂", "己厂"],
        sector=["纺织", "化工", "纺织", "纺织", "化工", "化工"],
        self_grade=pd.array([1, 2, None, 1, 4, 1], dtype="Int64"),
        state=["active", "active", "active", "active", "closed", "active"],
    )
    hazards = frame(
        [points[0], points[2], points[3], points[3]],
        id=["h1", "h2", "h3", "h4"],
        unit_id=["U1", "U2", "U3", "U4"],
        enterprise_id=["A", None, "D", "D"],
        enterprise_name=[None, "丙厂", None, None],
        substance=["汽油", "汽油", "汽油", "双氧水"],
        declared_level=[np.nan, 3, 4, np.nan],
    )
    major = frame(
        [points[0], points[3]],
        unit_id=["U1", "U3"],
        enterprise_id=["A", "D"],
        verdict=["major", "major"],
        level=[2, 4],
    )
    findings = frame(
        [shapely.LineString([(0, 0), (1, 1)])] * 4,
        source_layer=["enterprises", "hazard_sources", "hazard_sources", "enterprises"],
        source_id=["A", "h1", "h2", "B"],
        target_layer=["hazard_sources", "crowded_places", "enterprises", "roads"],
        target_id=["h1", "c", "B", "r"],
        verdict=["conflict", "conflict", "conflict", "clear"],
    )
    districts = frame(
        [shapely.box(0, 0, 3000, 3000), shapely.box(0, 0, 800, 3000), shapely.box(0, 1500, 300, 1700)],
        id=["city", "town", "village"],
        level=["county", "township", "village"],
    )
    layers = {"enterprises": firms, "hazard_sources": hazards}
    sources = index_sources(layers, major)
    surface = index_surface(sources, {}, GRID)
    graded = enterprise_grades(
        firms, surface, sources, hazard_sources=hazards, major_hazards=major, findings=findings, districts=districts
    )
    return firms, surface, graded.set_index("id", drop=False)


def test_enterprise_grades_follow_own_score_and_major_level(city):
    _, surface, out = city
    # The factor is 0.6 + 0.3 (1 - exp(-0.25)) everywhere.
    factor = 0.6 + 0.3 * (1 - np.exp(-0.25))
    assert out["grade"].tolist() == [4, 3, 3, 3, 0, 0]
    assert out["major_level"].tolist()[:4] == [2, pd.NA, 3, 4]
    assert f"own index {75 * factor:.1f} (red)" in out.loc["A", "reason"]
    assert "major hazard level 2: at least red" in out.loc["A", "reason"]
    assert f"own index {30 * factor:.1f} (orange)" in out.loc["B", "reason"]
    assert out.loc["A", "index_max"] == surface.index[14, 2]
    assert (out["index_max"] <= 100).sum() == 5


def test_self_grades_are_kept_apart_and_contradictions_told(city):
    out = city[2]
    assert out["self_grade"].tolist() == [1, 2, pd.NA, 1, 4, 1]
    assert "self-reported blue is better than this grade" in out.loc["A", "reason"]
    assert "self-reported" not in out.loc["C", "reason"].replace("self-reported blue, trade", "")


def test_closed_firms_and_firms_without_a_place(city):
    out = city[2]
    assert out.loc["E", "reason"] == "closed or planned: not graded"
    assert "no place" in out.loc["F", "reason"]
    assert np.isnan(out.loc["F", "index_max"])


def test_conflicts_count_a_firm_once_a_finding(city):
    # A: its own row and h1 are the two ends of one finding, and h1 of another; B is one target, its other is clear.
    assert city[2]["n_conflicts"].tolist() == [2, 1, 1, 0, 0, 0]


def test_township_comes_before_village_and_county(city):
    assert city[2]["district_id"].fillna("").tolist() == ["town", "town", "city", "city", "city", ""]


def test_columns_are_those_of_the_schema(city):
    now = ("grade_now", "reason_now", "certainty")  # from other steps
    assert [c for c in city[2].columns if c != "geometry"] == [c for c in RESULTS["enterprises"].names if c not in now]


def test_what_is_not_given_is_missing_not_zero(city):
    firms, surface, _ = city
    out = enterprise_grades(firms, surface, index_sources({"enterprises": firms}))
    assert out["n_conflicts"].isna().all()
    assert out["major_level"].isna().all()
    assert out["district_id"].isna().all()
    with pytest.raises(CRSError, match="to_crs"):
        enterprise_grades(firms.to_crs("EPSG:4550"), surface, index_sources({"enterprises": firms}))


def test_a_firm_beside_the_grid_is_judged_with_the_largest_factor():
    firms = frame([shapely.Point(9000, 9000)], id=["X"], name=["x"], sector=["化工"])
    sources = index_sources({"enterprises": firms})
    out = enterprise_grades(firms, index_surface(sources, {}, GRID), sources)
    assert out["grade"].tolist() == [3]  # 30 x 1.3 = 39
    assert RiskSettings().largest_factor == pytest.approx(1.3)


def test_worst_level_leaves_out_undecided_units():
    firms = frame([shapely.Point(0, 0)] * 2, id=["A", "B"], name=["a", "a"])
    major = frame(
        [shapely.Point(0, 0)] * 4,
        enterprise_id=["A", "A", "B", None],
        enterprise_name=[None, None, None, "a"],  # two firms are called "a": nobody's
        verdict=["major", "major", "undecided", "major"],
        level=[3.0, 2.0, 4.0, 1.0],
    )
    assert worst_levels(firms, None, major).to_dict() == {"A": 2.0}
