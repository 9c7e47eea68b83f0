"""Current risk: factors by hand, what can only rise and what can only fall, and the composite of two grades."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.analysis.composite import composite
from geo_risk.analysis.current import UNCHANGED, current_sources, danger_state
from geo_risk.analysis.explain import explain_place
from geo_risk.analysis.grading import enterprise_grades
from geo_risk.analysis.index import IndexSurface, hazard_surface, index_surface
from geo_risk.analysis.index_sources import index_sources
from geo_risk.errors import InputError
from geo_risk.grid import grid_of
from geo_risk.schema import RESULTS
from geo_risk.sections import GradingSettings
from geo_risk.standards import table

CRS = "EPSG:4549"
GRID = grid_of((0.0, 0.0, 1000.0, 1000.0), 50.0, CRS)


def frame(rows: list[dict], x: float = 500.0) -> gpd.GeoDataFrame:
    places = [shapely.Point(x + 10 * n, 500) for n in range(len(rows))]
    return gpd.GeoDataFrame(pd.DataFrame(rows), geometry=places, crs=CRS)


def city(*, dangers=(), measures=None, standardisation=None, alarms=None) -> dict[str, gpd.GeoDataFrame]:
    firm = {"id": "Q1", "name": "甲", "sector": "化工", "standardisation": standardisation, "alarms": alarms}
    layers = {
        "enterprises": frame([firm, {"id": "Q2", "name": "乙", "sector": "纺织"}]),
        "hazard_sources": frame([{"id": "H1", "name": "罐", "enterprise_id": "Q1", "substance": "汽油"}], 450),
        "risk_points": frame([{"id": "F1", "name": "间", "kind": "dust_explosion", "enterprise_id": "Q2",
                               "measures": measures}], 700),
    }  # fmt: skip
    if dangers:
        layers["hidden_dangers"] = frame([{"id": f"D{n}", "enterprise_id": "Q1", **d} for n, d in enumerate(dangers)])
    return layers


def now_of(layers, times=None, **more) -> pd.DataFrame:
    return current_sources(index_sources(layers), layers, times, **more).set_index(["layer", "id"])


def test_nothing_known_leaves_the_inherent_level_and_says_so():
    layers = city()
    sources = index_sources(layers)
    now = current_sources(sources, layers)
    assert set(RESULTS["current_sources"].names) <= set(now.columns)
    assert now["score"].tolist() == sources["score"].tolist()
    assert (now["factor"] == 1).all()
    assert now["reason"].str.endswith(UNCHANGED).all()
    np.testing.assert_array_equal(hazard_surface(now, GRID), hazard_surface(sources, GRID))


def test_factors_by_hand():
    dangers = [{"state": "open"}, {"state": "overdue"}, {"state": "closed"}]
    now = now_of(city(dangers=dangers, standardisation=2, alarms=3.0, measures="工程：除尘；培训"))
    # Q1: grade 2 0.85; dangers 1 + 0.2 + 0.4 = 1.6; alarms 1 + 3 x 0.1 = 1.3. F1: engineering 0.85, training 0.97.
    assert now.loc[("enterprises", "Q1"), "factor"] == pytest.approx(0.85 * 1.6 * 1.3)
    assert now.loc[("hazard_sources", "H1"), "factor"] == pytest.approx(0.85 * 1.6 * 1.3)
    assert now.loc[("hazard_sources", "H1"), "score"] == pytest.approx(25 * 0.85 * 1.6 * 1.3)
    assert now.loc[("risk_points", "F1"), "factor"] == pytest.approx(0.85 * 0.97)
    assert now.loc[("enterprises", "Q2"), "factor"] == 1
    assert now.loc[("enterprises", "Q1"), "reason"] == (
        "inherent 30.0: work-safety standardisation grade 2 x 0.85; hidden dangers: 1 open, 1 overdue x 1.6; "
        "alarms: 3 waiting x 1.3"
    )


def test_dangers_and_alarms_have_caps_and_scores_end_at_100():
    many = city(dangers=[{"state": "overdue"}] * 9, alarms=50.0)
    many["hazard_sources"]["declared_level"] = 1
    now = now_of(many)
    assert now.loc[("enterprises", "Q1"), "factor"] == pytest.approx(2.0 * 1.5)
    assert now.loc[("hazard_sources", "H1"), "score"] == 100


def test_the_state_of_a_danger_at_a_date():
    assert danger_state({"state": "open", "due_date": "2026-06-29"}, "2026-06-30") == "overdue"
    assert danger_state({"state": "open", "due_date": "2026-06-30"}, "2026-06-30") == "open"
    assert danger_state({"state": "open", "due_date": "2026-06"}, "2026-06-30") == "open"  # some day of June
    assert danger_state({"state": "open", "due_date": "2026-06-29"}) == "open"  # no date, no clock
    assert danger_state({"state": "closed", "due_date": "2020-01-01", "supervised": True}, "2026-06-30") == "closed"
    assert danger_state({"state": "open", "supervised": True}) == "supervised"
    assert danger_state({"state": None}) == "open"


@pytest.mark.parametrize(
    ("minutes", "factor"), [(9.9, 1.0), (10.0, 1.0), (10.1, 1.05), (15.1, 1.1), (31.0, 1.2), (np.nan, 1.2)]
)
def test_minutes_of_the_first_fire_engine(minutes, factor):
    times = pd.DataFrame(
        {"place_layer": "hazard_sources", "place_id": ["H1", "H1"], "facility_kind": ["fire_station", "hospital"],
         "rank": [1, 1], "minutes": [minutes, 90.0]}
    )  # fmt: skip
    now = now_of(city(), times)
    assert now.loc[("hazard_sources", "H1"), "factor"] == pytest.approx(factor)
    assert now.loc[("enterprises", "Q1"), "factor"] == 1


def test_every_factor_of_the_table_goes_the_way_it_should():
    rows = table("current_factors").set_index("rule_id")
    assert (rows.loc[rows["field"].isin(["standardisation", "measures"]), "factor"].between(0.5, 1, "left")).all()
    assert (rows.loc[rows["how"] == "each", "factor"] > 0).all()
    assert (rows.loc[rows["field"] == "rescue", "factor"] > 1).all()
    assert (
        rows.loc["danger-open", "factor"]
        < rows.loc["danger-overdue", "factor"]
        < rows.loc["danger-supervised", "factor"]
    )
    assert (rows["confidence"] == "MU").all()


STATES = st.lists(st.sampled_from(["open", "overdue", "closed", "supervised"]), max_size=4)


def both(layers):
    """(surface and firms' grades, inherent and current)."""
    sources = index_sources(layers)
    surface = index_surface(sources, {}, GRID)
    now = current_sources(sources, layers)
    hazard = hazard_surface(now, GRID)
    index = np.minimum(hazard * surface.exposure, np.float32(100))
    after = IndexSurface(GRID, hazard, surface.exposure, index, surface.terms)
    owned = {k: layers[k] for k in ("hazard_sources", "risk_points")}
    firms = [enterprise_grades(layers["enterprises"], s, t, **owned) for s, t in ((surface, sources), (after, now))]
    return surface, after, firms, now


def dangers_of(states):
    return [{"state": s if s != "supervised" else "open", "supervised": s == "supervised"} for s in states]


@settings(max_examples=6, deadline=None)
@given(states=STATES, new=st.sampled_from(["open", "overdue", "supervised"]))
def test_a_new_danger_never_lowers_current_risk(states, new):
    _, before, (_, firms), _ = both(city(dangers=dangers_of(states)))
    _, after, (_, more), _ = both(city(dangers=dangers_of([*states, new])))
    assert (after.index >= before.index).all()
    assert (more["grade"] >= firms["grade"]).all()


WORDS = ("除尘", "巡检", "培训", "安全带", "应急预案", "没有措施", "x")


@settings(max_examples=6, deadline=None)
@given(
    words=st.lists(st.sampled_from(WORDS), max_size=4), more=st.sampled_from(WORDS), level=st.sampled_from([3, 2, 1])
)
def test_better_control_never_raises_it(words, more, level):
    worse = both(city(measures="；".join(words), standardisation=None))
    better = both(city(measures="；".join([*words, more]), standardisation=level))
    assert (better[1].index <= worse[1].index).all()
    assert (better[2][1]["grade"] <= worse[2][1]["grade"]).all()
    np.testing.assert_array_equal(better[0].index, worse[0].index)  # the inherent surface knows no controls


@settings(max_examples=5, deadline=None)
@given(states=STATES, seed=st.integers(0, 99))
def test_order_of_rows_is_irrelevant_and_shares_sum_to_100(states, seed):
    layers = city(dangers=dangers_of(states), measures="除尘")
    mixed = {name: rows.sample(frac=1, random_state=seed) for name, rows in layers.items()}
    one, other = both(layers), both(mixed)
    np.testing.assert_array_equal(one[1].index, other[1].index)
    for surface, sources in ((one[0], index_sources(layers)), (one[1], one[3])):
        told = explain_place(505.0, 505.0, sources, surface)
        assert sum(s["share_percent"] for s in told["sources"]) == pytest.approx(100)
        assert told["index"] == surface.index[told["cell"]]


def test_composite_is_the_higher_or_the_weighted_mean():
    index, lsir = np.array([0, 1, 2, 3, 4, 2, 3], np.uint8), np.array([0, 0, 3, 1, 1, 2, 4], np.uint8)
    assert composite(index).tolist() == index.tolist()
    assert composite(index, lsir).tolist() == [0, 1, 3, 3, 4, 2, 4]
    weighted = GradingSettings(combine="weighted", lsir_weight=0.5)
    assert composite(index, lsir, weighted).tolist() == [0, 1, 3, 2, 3, 2, 4]  # 2.5, 2.0, 2.5, 2, 3.5; half goes up
    assert composite(index, lsir, GradingSettings(combine="weighted", lsir_weight=1.0)).tolist() == [
        0,
        1,
        3,
        1,
        1,
        2,
        4,
    ]
    with pytest.raises(InputError, match="the same"):
        composite(index, lsir[:2])


def test_risk_points_bridges_black_spots_and_old_buildings_are_sources():
    points = frame([{"id": "A", "kind": "dust_explosion"}, {"id": "B", "kind": "bridge"}, {"id": "C", "kind": None}])
    points["grade"] = pd.array([4, 1, None], dtype="Int64")
    line = shapely.LineString([(0, 0), (100, 0)])
    roads = gpd.GeoDataFrame(
        {"id": ["1", "2"], "class": "primary", "bridge": [True, False]}, geometry=[line] * 2, crs=CRS
    )
    accidents = frame([{"id": str(n), "kind": "道路运输泄漏"} for n in range(3)] + [{"id": "z", "kind": "火灾"}])
    houses = frame([{"id": "o", "kind": "老旧住宅"}, {"id": "n", "kind": "住宅"}])
    places = frame([{"id": "k", "kind": "entertainment"}, {"id": "p", "kind": "scenic"}])
    out = index_sources({"risk_points": points, "roads": roads, "accidents": accidents, "buildings": houses,
                         "crowded_places": places})  # fmt: skip
    score = {(layer, i): sorted(group["score"]) for (layer, i), group in out.groupby(["layer", "id"])}
    assert score[("risk_points", "A")] == [30 * 1.6]
    assert score[("risk_points", "B")] == [15 * 0.3]
    assert score[("risk_points", "C")] == [15]  # not graded: as orange
    assert score[("roads", "1")] == [5, 6]
    assert score[("roads", "2")] == [6]
    assert [score[("accidents", i)] for i in "012z"] == [[10]] * 3 + [[0]]
    assert ("buildings", "n") not in score
    assert score[("buildings", "o")] == [10]
    assert (score[("crowded_places", "k")], score[("crowded_places", "p")]) == ([8], [0])
    assert out.loc[out["id"] == "A", "reason"].str.contains("graded red: x 1.6").all()
