import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo_risk import schema
from geo_risk.errors import SettingsError
from geo_risk.publish.catalogue import LAYERS, SURFACES_HERE, Spec, table_schema, tables_of
from geo_risk.publish.columns import popup_columns
from geo_risk.publish.drawn import layers_of
from geo_risk.publish.profile import PUBLIC, get_profile, shown_tables


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
