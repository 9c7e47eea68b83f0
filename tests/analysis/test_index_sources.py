import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo_risk import standards
from geo_risk.analysis.index_sources import SOURCE_LAYERS, index_sources
from geo_risk.errors import CRSError, InputError
from geo_risk.schema import CROWDED_KINDS, RESULTS

CRS = "EPSG:4549"


def table(geometry=None, **columns) -> gpd.GeoDataFrame:
    n = len(next(iter(columns.values())))
    columns = {"id": [str(i) for i in range(n)], **columns}
    return gpd.GeoDataFrame(columns, geometry=geometry or [shapely.Point(i, 0) for i in range(n)], crs=CRS)


def rule_ids(sources) -> list[str]:
    return sources["reason"].str.extract(r"\[([\w-]+);")[0].tolist()


def test_rule_tables_are_sound():
    sources = standards.table("index_sources")
    assert sources["score"].between(0, 100).all()
    assert (sources["reach_m"] >= 0).all()
    assert (sources.loc[sources["how"] != "any", ["field", "match"]].notna()).all(axis=None)
    assert sources["rule_id"].is_unique
    assert set(sources["layer"]) == {*SOURCE_LAYERS, "structures"}
    # The last row of a layer fits every row, so no source stays without a rule.
    assert (sources.groupby("layer").last()["how"] == "any").all()
    # First match must be worst match where a firm fits several rows.
    firms = sources[(sources["layer"] == "enterprises") & (sources["how"] != "any")]
    assert firms["score"].is_monotonic_decreasing
    kinds = {item.partition("=")[0] for item in CROWDED_KINDS.split("|")}
    assert set(standards.table("index_sensitivity")["kind"]) == kinds
    assert standards.table("index_grades")["major_level"].tolist() == [1, 2, 3, 4]
    assert standards.table("index_grades")["grade"].tolist() == [4, 4, 3, 2]
    for name, columns in (
        ("index_sensitivity", ["persons_default", "weight"]),
        ("index_pipeline_defaults", ["diameter_mm", "pressure_mpa"]),
        ("index_parameters", ["value"]),
    ):
        assert (standards.table(name)[columns] > 0).all(axis=None)


def test_pipelines_by_medium():
    media = ["ammonia", "styrene", "苯乙烯", "ethylene", "refined_oil", None]
    lines = table([shapely.LineString([(0, 0), (9, 0)])] * 6, medium=media, kind=[None] * 5 + ["hazmat"])
    expected = ["toxic", "hazmat-liquid", "hazmat-liquid", "hazmat-gas", "oil", "hazmat"]
    assert rule_ids(index_sources({"gas_pipelines": lines})) == [f"pl-{word}" for word in expected]


def test_result_has_the_columns_of_the_schema():
    out = index_sources({"enterprises": table(name=["a"], sector=["纺织"])})
    assert set(RESULTS["index_sources"].names) <= set(out.columns)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"declared_level": 1}, "hs-level-1"),
        ({"declared_level": 4, "substance": "液氯"}, "hs-level-4"),
        ({"substance": "氯"}, "hs-toxic-gas"),
        ({"substance": "氯化钠"}, "hs-unknown"),  # 氯 is only part of the name
        ({"substance": "氨水、氯"}, "hs-toxic-gas"),  # an item of a list
        ({"substance": "液化气（丙烷）、汽油"}, "hs-flammable-gas"),
        ({"substance": "乙烯"}, "hs-flammable-gas"),
        ({"substance": "苯乙烯"}, "hs-flammable-liquid"),
        ({"substance": "丙烯腈"}, "hs-toxic-liquid"),
        ({"substance": "Hydrogen peroxide"}, "hs-oxidiser"),
        ({"substance": "liquid", "cas": "7782-50-5"}, "hs-toxic-gas"),
        ({"substance": "液氨"}, "hs-ammonia"),
        ({"substance": "1,3-丁二烯"}, "hs-flammable-gas"),
        ({"substance": "LPG", "kind": "filling_station"}, "hs-filling-station"),
        ({"substance": "Gasoline"}, "hs-flammable-liquid"),
        ({"hazard_class": "W5.3"}, "hs-flammable-liquid-class"),
        ({"hazard_class": "J3"}, "hs-toxic-class"),
        ({"kind": "waterworks"}, "hs-waterworks"),
        ({"kind": "tank_farm"}, "hs-unknown"),
        ({}, "hs-unknown"),
    ],
)
def test_hazard_sources_by_level_substance_and_kind(row, rule):
    columns = {"kind": None, "substance": None, "cas": None, "hazard_class": None, "declared_level": np.nan} | row
    out = index_sources({"hazard_sources": table(**{k: [v] for k, v in columns.items()})})
    assert rule_ids(out) == [rule]
    assert out["score"].iloc[0] == standards.table("index_sources").set_index("rule_id")["score"][rule]


@pytest.mark.parametrize(
    ("verdict", "level", "declared", "rule", "word"),
    [
        ("major", 3, np.nan, "hs-level-3", ""),
        ("major", 3, 1, "hs-level-1", "as declared"),  # the worse of the two
        ("major", 1, 3, "hs-level-1", ""),
        ("major", np.nan, np.nan, "hs-level-1", "level is not known"),
        ("undecided", np.nan, np.nan, "hs-level-4", "not decided"),
        ("not_major", np.nan, np.nan, "hs-flammable-liquid", ""),
        ("not_major", np.nan, 2, "hs-level-2", "as declared"),
    ],
)
def test_major_hazards_give_the_level(verdict, level, declared, rule, word):
    hazards = table(unit_id=["U"], substance=["汽油"], declared_level=[declared])
    major = table(unit_id=["U"], verdict=[verdict], level=[level])
    out = index_sources({"hazard_sources": hazards}, major)
    assert rule_ids(out) == [rule]
    assert word in out["reason"].iloc[0]


def test_major_unit_without_a_hazard_row_still_counts():
    major = table(unit_id=["U", "V"], verdict=["major", "not_major"], level=[2, np.nan], name=["罐区", "x"])
    out = index_sources({}, major)
    assert rule_ids(out) == ["hs-level-2"]
    assert out["id"].tolist() == ["U"]
    assert len(index_sources({"hazard_sources": table(unit_id=["U"])}, major)) == 1


def test_impact_radius_is_the_reach_where_longer():
    lines = table(
        [shapely.LineString([(0, 0), (9, 0)])] * 3,
        kind=["long_distance", "long_distance", "town_gas"],
        medium=["natural_gas"] * 3,
        diameter_mm=[1016, np.nan, 110],
        pressure_mpa=[10.0, np.nan, 0.3],
    )
    out = index_sources({"gas_pipelines": lines})
    # 0.099 sqrt(1016^2 x 10) = 318.07 m; the defaults of a long-distance line are the same numbers.
    assert out["reach_m"].tolist() == pytest.approx([318.07, 318.07, 30], abs=0.01)
    assert rule_ids(out) == ["pl-gas-trunk", "pl-gas-trunk", "pl-gas-medium-a"]
    assert "diameter missing: taken as 1016 mm; pressure missing: taken as 10 MPa" in out["reason"].iloc[1]
    assert "missing" not in out["reason"].iloc[0]


@pytest.mark.parametrize(
    ("pressure", "rule"),
    [
        (0.01, "low"),
        (0.2, "medium-b"),
        (0.4, "medium-a"),
        (0.8, "subhigh-b"),
        (1.6, "subhigh-a"),
        (2.5, "high-b"),
        (4.0, "high-a"),
        (4.01, "trunk"),
    ],
)
def test_pressure_classes_include_their_upper_end(pressure, rule):
    line = table([shapely.LineString([(0, 0), (9, 0)])], medium=["natural_gas"], pressure_mpa=[pressure])
    assert rule_ids(index_sources({"gas_pipelines": line})) == [f"pl-gas-{rule}"]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"sector": "化工"}, "en-chemicals"),
        ({"sector": "基本化學材料製造業"}, "en-chemicals"),
        ({"sector": "燃料零售業"}, "en-fuel"),
        ({"sector": "木竹製品製造業"}, "en-dust"),
        ({"sector": "餐館業"}, "en-service"),
        ({"sector": "餐馆", "regulated": "水污染;毒性化學物質;"}, "en-toxic"),
        ({"sector": "纺织", "self_grade": 4}, "en-self-red"),
        ({"sector": "化工", "self_grade": 1}, "en-chemicals"),  # a good self grade lowers nothing
        ({"name": "城北加油站"}, "en-fuel"),  # no sector: the name tells the trade
        ({"name": "化工路小吃", "sector": "餐饮"}, "en-service"),
        ({}, "en-unknown"),
    ],
)
def test_enterprises_by_trade_register_and_self_grade(row, rule):
    columns = {"name": "甲", "sector": None, "regulated": None, "self_grade": np.nan} | row
    assert rule_ids(index_sources({"enterprises": table(**{k: [v] for k, v in columns.items()})})) == [rule]


def test_what_does_not_count_stays_and_says_why():
    firms = table(
        [shapely.Point(0, 0), shapely.Point(1, 0), None, shapely.Point(2, 0), shapely.Point(np.inf, 0)],
        name=list("abcde"),
        sector=["化工"] * 5,
        state=["closed", "planned", "active", "stopped", "active"],
    )
    roads = table([shapely.LineString([(0, 0), (9, 0)])] * 3, **{"class": ["residential", "motorway", "motorway"]})
    out = index_sources({"enterprises": firms, "roads": roads.assign(hazmat=[None, "no", None])})
    assert (out["score"] > 0).tolist() == [False, False, False, True, False, False, False, True]
    assert out["reason"].str.startswith(("closed", "planned", "no place")).tolist()[:3] == [True] * 3
    assert "closed to hazmat" in out["reason"].iloc[6]


def test_groups_join_what_is_one_thing():
    hazards = table(
        unit_id=["U1", "U1", "U2", None],
        enterprise_id=["E", "E", "E", "E"],
        declared_level=[2, 2, np.nan, np.nan],
    )
    firms = table(name=["e"], sector=["化工"]).assign(id=["E"])
    out = index_sources({"enterprises": firms, "hazard_sources": hazards})
    assert out["group"].tolist() == ["firm|E", "unit|U1", "unit|U1", "firm|E", "firm|E"]


def test_nothing_to_work_on_is_an_error():
    with pytest.raises(InputError, match="at least one layer with hazards"):
        index_sources({"crowded_places": table(name=["a"])})
    with pytest.raises(InputError, match="at least one layer with hazards"):
        index_sources({"enterprises": table(name=["a"]).iloc[:0]})


def test_degrees_are_refused():
    with pytest.raises(CRSError, match="to_crs"):
        index_sources({"enterprises": table(name=["a"]).set_crs("EPSG:4326", allow_override=True)})
