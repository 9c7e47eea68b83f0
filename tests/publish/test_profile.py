import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo_risk import schema
from geo_risk.errors import SettingsError
from geo_risk.publish.catalogue import LAYERS, SURFACES_HERE, Spec, table_schema, tables_of
from geo_risk.publish.columns import popup_columns
from geo_risk.publish.drawn import layers_of
from geo_risk.publish.profile import PUBLIC, get_profile, shown_tables
from geo_risk.publish.withheld import criterion, rounded_persons


def test_every_public_column_exists_in_the_schema():
    for key, shown in PUBLIC.items():
        assert set(shown.columns) <= set(table_schema(key).names), key
        assert shown.reason


SECRET = (
    *("enterprises", "major_hazards", "findings", "travel_times", "index_sources", "layers/enterprises"),
    *(
        "layers/hazard_sources",
        "layers/gas_pipelines",
        "layers/hidden_dangers",
        "layers/risk_points",
        "risk_points",
        "current_sources",
        "layers/accidents",
        "layers/population",
    ),
)


@pytest.mark.parametrize("key", SECRET)
def test_the_public_profile_hides(key):
    assert get_profile("public").columns(key) is None
    assert get_profile("internal").columns(key) == table_schema(key).names


def test_the_public_profile_drops_columns_villages_and_small_counts():
    frame = gpd.GeoDataFrame(
        {
            "id": list("abcd"),
            "level": ["township", "township", "village", "city"],
            "grade": [4, 3, 4, 4],
            "share_red": [0.12345, 0.0049, 0.5, 0.1],
            "persons": [99.9, 100.0, 50_000.0, np.nan],
            "persons_red": [1.0, 2.0, 3.0, 4.0],
            "n_hazards": [1, 2, 3, 4],
            "note": ["secret"] * 4,
        },
        geometry=[shapely.box(0, 0, 1, 1)] * 4,
        crs="EPSG:4549",
    )
    before = frame.copy()
    shown = get_profile("public").apply("districts", frame)
    assert list(shown["id"]) == ["a", "b", "d"]
    assert list(shown.columns) == ["id", "level", "grade", "share_red", "persons", "geometry"]
    assert shown["share_red"].tolist() == [0.12, 0.0, 0.1]
    assert np.isnan(shown["persons"].iloc[0])
    assert shown["persons"].iloc[1] == 100
    assert frame.equals(before)
    assert "note" not in get_profile("internal").apply("districts", frame).columns


def test_unknown_names_are_refused():
    with pytest.raises(SettingsError, match="no publishing profile 'press': choose one of internal, public"):
        get_profile("press")
    with pytest.raises(SettingsError, match="no table 'layers/moon'"):
        shown_tables(get_profile("public"), {"layers/moon": gpd.GeoDataFrame()})


def test_what_is_not_drawn_is_noted(tables):
    hazards = tables["layers/hazard_sources"].copy()
    hazards.loc[3, "geometry"] = None
    _, notes = shown_tables(get_profile("internal"), {"layers/hazard_sources": hazards})
    assert notes == ["layers/hazard_sources: 1 of 30 rows have no geometry and are not drawn"]
    _, notes = shown_tables(get_profile("public"), {"layers/hazard_sources": hazards})
    assert notes == ["layers/hazard_sources: not shown in profile public"]


def test_every_layer_of_the_catalogue_names_a_table_and_its_columns():
    for spec in LAYERS:
        if spec == SURFACES_HERE:
            continue
        assert isinstance(spec, Spec)
        names = table_schema(spec.table).names
        assert spec.title_column in names
        assert set(spec.where) <= set(names)
        assert set(spec.columns or ()) <= set(names)
        assert spec.table in tables_of(spec.id)
        assert not spec.first_zoom or not spec.first_zoom[0] or spec.first_zoom[0] in names
    assert tables_of("districts_township") == ["districts"]
    assert tables_of("moon") == []


def test_roads_and_boundaries_are_joined_end_to_end(tables):
    found = {item[0].id: item[1] for item in layers_of(tables) if not isinstance(item, str)}
    before = tables["layers/roads"]
    assert found["roads"].length.sum() == pytest.approx(before.length.sum())
    assert found["roads"].groupby("class").geometry.apply(lambda g: g.length.sum()).to_dict() == pytest.approx(
        before.groupby("class").geometry.apply(lambda g: g.length.sum()).to_dict()
    )
    townships = found["boundary"][found["boundary"]["level"] == "township"]
    # Eight boxes of 5 x 8 km in 4 x 2: outer 72 km, inner 3 x 16 + 20 km, each drawn once.
    assert townships.length.sum() == pytest.approx(72_000 + 48_000 + 20_000)


def test_areas_become_points_inside_them_and_outlines(tables):
    found = {item[0].id: item[1] for item in layers_of(tables) if not isinstance(item, str)}
    source = tables["layers/hazard_sources"].set_index("id").geometry
    drawn = found["hazard_sources"].set_index("id").geometry
    assert (drawn.geom_type == "Point").all()
    assert all(source[i].covers(drawn[i]) for i in source.index)
    assert list(found["hazard_sources_outline"]["id"]) == ["H029"]


def test_areas_without_a_level_are_drawn_inside_and_hidden_outside(tables):
    plain = tables["districts"].drop(columns="level")
    shown, notes = shown_tables(get_profile("public"), {"districts": plain})
    assert len(shown["districts"]) == 0
    assert notes == ["districts: 9 of 9 rows are of other levels than city, county, township"]
    shown, notes = shown_tables(get_profile("internal"), {"districts": plain.assign(level=None)})
    found = {item[0].id: len(item[1]) for item in layers_of(shown) if not isinstance(item, str)}
    assert found["districts_area"] == 9
    assert notes == []


def spec_of(id: str) -> Spec:
    return next(s for s in LAYERS if isinstance(s, Spec) and s.id == id)


def test_coded_results_have_words():
    words = {c["name"]: c["domain"] for c in popup_columns(spec_of("conflicts"), ["verdict", "source_layer"])}
    assert words["verdict"]["undecided"]["zh"] == "待核实"
    assert words["source_layer"]["hazard_sources"] == {"zh": "危险源", "en": "hazard sources"}
    (kind,) = popup_columns(spec_of("routes"), ["facility_kind"])
    assert kind["domain"]["fire_station"]["zh"] == "消防站"


def test_popup_columns_come_from_the_schema():
    (kind,) = popup_columns(spec_of("crowded_places"), ["kind"])
    assert (kind["zh"], kind["en"], kind["dtype"]) == ("类别", "kind", "string")
    assert kind["domain"]["primary_school"] == {"zh": "小学", "en": "primary school"}
    assert set(kind["domain"]) == set(schema.LAYERS["crowded_places"].column("kind").domain)
    (minutes,) = popup_columns(spec_of("routes"), ["minutes", "unknown"])
    assert minutes["unit"] == "min"


def test_the_register_tells_more_of_a_graded_enterprise():
    result = gpd.GeoDataFrame(
        {"id": ["b", "a", "c"], "name": ["B", "A", "C"], "sector": ["化工"] * 3, "grade": pd.array([4, 1, 2], "Int64")},
        geometry=shapely.points([(0, 0), (1, 1), (2, 2)]),
        crs="EPSG:4549",
        index=[7, 3, 5],
    )
    register = gpd.GeoDataFrame(
        {
            "id": ["a", "b"],
            "address": ["路1号", "路2号"],
            "sector": ["other"] * 2,
            "staff": [5.0, np.nan],
            "park": [None] * 2,
        },
        geometry=shapely.points([(0, 0), (1, 1)]),
        crs="EPSG:4549",
    )
    tables = {"enterprises": result, "layers/enterprises": register}
    ((spec, rows),) = [item for item in layers_of(tables) if not isinstance(item, str)]
    assert rows["id"].tolist() == ["b", "a", "c"]
    assert rows["address"].fillna("").tolist() == ["路2号", "路1号", ""]
    assert rows["staff"].fillna(0).tolist() == [0, 5, 0]
    assert rows["sector"].tolist() == ["化工"] * 3  # the result's own column stays
    assert "park" not in rows.columns  # nothing is told
    columns = {c["name"]: c for c in popup_columns(spec, list(rows.columns))}
    assert (columns["staff"]["unit"], columns["address"]["zh"]) == ("persons", "地址")
    twice = {**tables, "layers/enterprises": pd.concat([register, register])}
    ((_, rows),) = [item for item in layers_of(twice) if not isinstance(item, str)]
    assert "address" not in rows.columns  # which of the two is meant, nobody knows


def risk_contours() -> gpd.GeoDataFrame:
    at = shapely.Point(500_250, 3_500_250)
    rows = {"scope": ["region", "region", "park"], "scope_id": ["", "", "东园"], "level_per_yr": [3e-7, 3e-6, 3e-7]}
    rows |= {"area_km2": [3.1, 0.8, 0.8], "targets": ["a", "b", "a"], "persons": [10.0, 5.0, 5.0]}
    shapes = [at.buffer(1000), at.buffer(500), at.buffer(500)]
    return gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4549")


def test_public_contours_are_blocks_of_the_region_alone():
    exact = risk_contours()
    shown = get_profile("public").apply("risk_contours", exact)
    assert list(shown.columns) == ["scope", "level_per_yr", "targets", "geometry"]
    assert shown["scope"].tolist() == ["region", "region"]
    for area, true in zip(shown.geometry, exact.geometry, strict=False):
        assert area.contains(true)
        assert area.area < true.buffer(2 * 500 * 2**0.5).area
        xy = shapely.get_coordinates(area)
        assert (np.mod(xy, 500) == 0).all()
    assert len(get_profile("internal").apply("risk_contours", exact)) == 3


def test_counts_of_people_and_their_differences_hide_small_groups():
    # A city of 10,042 in two townships, one of 42: its count stays out, and so must the difference.
    areas = gpd.GeoDataFrame(
        {"id": ["9", "91", "92"], "level": ["city", "township", "township"], "parent_id": [None, "9", "9"],
         "persons": [10_042.0, 10_000.0, 42.0]},
        geometry=[shapely.box(0, 0, 1, 1)] * 3, crs="EPSG:4549",
    )  # fmt: skip
    shown = get_profile("public").apply("districts", areas)
    assert shown["persons"].fillna(-1).tolist() == [10_000, 10_000, -1]
    assert get_profile("internal").apply("districts", areas)["persons"].tolist() == [10_042, 10_000, 42]


@given(st.lists(st.floats(0, 3e7), min_size=1, max_size=30), st.sampled_from([10.0, 100.0]))
def test_no_sum_of_public_counts_is_a_small_group(counts, least):
    told = rounded_persons(pd.Series(counts), least)
    known = told.dropna().to_numpy()
    assert (known >= least).all()
    for difference in (known.sum(), *(known[:, None] - known).ravel()):
        assert difference % least == 0
    assert (told.isna() == (np.array(counts) < least)).all()
    assert np.abs(told - counts).max() <= least / 2 or told.isna().all()


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("4892 residents in red (minimum 1000)", "residents"),
        ("enterprises graded orange or worse: 40 (minimum 3)", "enterprises"),
        ("2.5% of the area is orange or worse (minimum 1.0%)", "area"),
        (
            "red as 12 enterprises or risk points are orange or worse (from 10); else 2.5% of the area is orange",
            "places",
        ),
        ("no grade reaches a minimum", "none"),
        ("王某某的储罐", None),
        (None, None),
        (np.nan, None),
    ],
)
def test_a_public_rule_tells_the_criterion_alone(rule, code):
    assert criterion(rule) == code


def test_the_name_of_a_firm_in_a_place_is_left_out():
    def rows(*names, **columns):
        at = shapely.points(np.arange(len(names)), 0)
        return gpd.GeoDataFrame({"name": list(names), **columns}, geometry=at, crs="EPSG:4549")

    tables = {
        "layers/enterprises": rows("临澜白陂塑业有限公司", "临澜人民医院", "加油站"),
        "layers/hazard_sources": rows("二号罐区", enterprise_name=["南岸石化"]),
        "layers/crowded_places": rows(
            "临澜白陂塑业有限公司员工宿舍", "临澜人民医院", "临澜人民医院南院", "加油站旁小学", None
        ),
        "layers/emergency_facilities": rows("南岸石化专职消防队", "中心消防站"),
    }
    shown, notes = shown_tables(get_profile("public"), tables)
    # The hospital is a public place itself; a word of three letters is no name.
    assert shown["layers/crowded_places"]["name"].fillna("").tolist() == [
        "", "临澜人民医院", "临澜人民医院南院", "加油站旁小学", "",
    ]  # fmt: skip
    assert shown["layers/emergency_facilities"]["name"].fillna("").tolist() == ["", "中心消防站"]
    assert notes[2:] == [
        "layers/crowded_places: 1 of 5 names hold the name of an enterprise or hazard source that is not shown, "
        "and are left out",
        "layers/emergency_facilities: 1 of 2 names hold the name of an enterprise or hazard source that is not shown, "
        "and are left out",
    ]
    assert shown_tables(get_profile("internal"), tables)[0]["layers/crowded_places"]["name"].notna().sum() == 4
