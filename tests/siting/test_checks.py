"""A project's verdicts equal those of a region that has it; nothing unknown or unverified is ever clear."""

from dataclasses import replace

import geopandas as gpd
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from shapely.geometry import LineString, Point, box
from siting_town import SCHOOL, STATION, TANKS, lonlat, place_of, planned, quiet, written

import geo_risk
from geo_risk import pipeline
from geo_risk.analysis.conditions import builtin_rules
from geo_risk.analysis.qra.criteria import zones
from geo_risk.analysis.qra.model import fn_of, lsir_surface, source_ids
from geo_risk.analysis.qra.targets import LAYERS, target_risk
from geo_risk.analysis.setbacks import check_setbacks
from geo_risk.analysis.siting.near import joined, keys, near
from geo_risk.analysis.siting.risk import added_risk, crowded, reaching, risk_at, societal_of, worse_zones
from geo_risk.errors import InputError
from geo_risk.siting.answer import WORST, Check, Siting
from geo_risk.siting.checks import check, decide
from geo_risk.siting.ground import Ground, read
from geo_risk.siting.ways import less, move, moved, shrunk, ways

CRS = "EPSG:4549"
X, Y = 500_000.0, 3_500_000.0  # on the central meridian, where the grid's scale is 1


@pytest.fixture(scope="module")
def ground(city) -> Ground:
    return Ground(geo_risk.Region(city))


# the neighbourhood


def layer(rows, **columns):
    frame = gpd.GeoDataFrame([{**columns, "state": None, **row} for row in rows], geometry="geometry", crs=CRS)
    return frame.astype({c: object for c in frame.columns if frame[c].isna().all() and c != "geometry"})


def hazards(rows):
    blank = dict.fromkeys(("name", "unit_id", "enterprise_id", "enterprise_name", "substance", "cas", "storage"))
    return layer(rows, **blank, kind="tank_farm", quantity_t=np.nan, volume_m3=np.nan, position_error_m=np.nan)


def places(rows):
    return layer(rows, name=None, kind="primary_school", capacity=np.nan, beds=np.nan, position_error_m=np.nan)


def firms(rows):
    return layer(rows, name=None, sector=None, position_error_m=np.nan)


spot = st.tuples(st.integers(-4000, 4000), st.integers(-4000, 4000)).map(lambda v: Point(X + v[0], Y + v[1]))
block = st.builds(lambda p, w, h: box(p.x, p.y, p.x + w, p.y + h), spot, st.integers(5, 900), st.integers(5, 900))
somewhere = st.one_of(spot, block)
error = st.sampled_from([np.nan, 0.0, 3.0, 80.0])
firm_id = st.sampled_from([None, "E0", "E1", "E2"])
tank = st.fixed_dictionaries(
    {
        "geometry": somewhere,
        "kind": st.sampled_from(["tank_farm", "filling_station", "process_unit", "warehouse", "cylinder_depot"]),
        "substance": st.sampled_from(["汽油", "液化石油气", "LNG", "液氯", "苯"]),
        "volume_m3": st.sampled_from([20.0, 150.0, 3000.0, 60000.0]),
        "unit_id": st.sampled_from([None, "", "U1", "U2"]),
        "enterprise_id": firm_id,
        "position_error_m": error,
    }
)
school = st.fixed_dictionaries(
    {
        "geometry": somewhere,
        "kind": st.sampled_from(["primary_school", "hospital", "mall", "park"]),
        "capacity": st.sampled_from([50.0, 800.0, 5000.0]),
        "position_error_m": error,
    }
)
firm = st.fixed_dictionaries({"geometry": somewhere, "sector": st.sampled_from([None, "石油化工", "化工", "机械"])})


def numbered(rows, letter):
    return [{"id": f"{letter}{i}", **row} for i, row in enumerate(rows)]


def compared(findings):
    shown = findings.drop(columns=["geometry"]).astype(object)
    return shown.where(shown.notna(), None).sort_values("finding_id").to_dict("records")


RULES = builtin_rules()


@given(
    st.lists(tank, min_size=1, max_size=6),
    st.lists(school, max_size=5),
    st.lists(firm, max_size=3),
    st.one_of(tank, school),
)
@settings(max_examples=60)
def test_the_neighbourhood_loses_nothing(tanks, schools, plants, new):
    layers = {"hazard_sources": hazards(numbered(tanks, "H"))}
    if schools:
        layers["crowded_places"] = places(numbered(schools, "S"))
    if plants:
        layers["enterprises"] = firms(numbered(plants, "E"))
    row = [{"id": "project:1", **new}]
    project = {"hazard_sources": hazards(row)} if "substance" in new else {"crowded_places": places(row)}
    around = near(layers, project, float(RULES["distance_m"].max()))
    few = check_setbacks(joined(around, project), rules=RULES, only=keys(project))
    every = check_setbacks(joined(layers, project), rules=RULES)
    mine = {("project:1" in (r["source_id"], r["target_id"])) for r in compared(few)}
    assert mine <= {True}
    assert compared(few) == [r for r in compared(every) if "project:1" in (r["source_id"], r["target_id"])]


def test_the_projects_tank_group_counts_wherever_it_stands():
    far = hazards([{"id": "H0", "geometry": Point(X + 3000, Y), "substance": "LNG", "volume_m3": 20.0, "unit_id": "U"}])
    new = {"id": "project:1", "geometry": Point(X, Y), "substance": "LNG", "volume_m3": 20.0, "unit_id": "U"}
    around = near({"hazard_sources": far}, {"hazard_sources": hazards([new])}, 100.0)
    assert around["hazard_sources"]["id"].tolist() == ["H0"]


def test_the_neighbourhood_leaves_out_what_is_far():
    tanks = hazards(numbered([{"geometry": Point(X, Y)}, {"geometry": Point(X + 50_000, Y)}], "H"))
    project = {"crowded_places": places([{"id": "project:1", "geometry": Point(X + 10, Y)}])}
    assert near({"hazard_sources": tanks}, project, 100.0)["hazard_sources"]["id"].tolist() == ["H0"]


# the distance itself


def rule(confidence, metres=50.0):
    """One rule of the built-in table, as if its clause were read to ``confidence``."""
    row = RULES[RULES["rule_id"] == "SB001"].iloc[:1]
    return row.assign(distance_m=metres, confidence=confidence)


def parking_and_school(gap):
    lot = hazards([{"id": "project:1", "kind": "hazmat_parking", "geometry": Point(X, Y), "position_error_m": 0.0}])
    target = places([{"id": "S", "geometry": Point(X + gap, Y), "capacity": 900, "position_error_m": 0.0}])
    return {"hazard_sources": lot}, {"crowded_places": target}


@pytest.mark.parametrize(("gap", "verdict"), [(50.0, "clear"), (49.998, "conflict"), (50.002, "clear")])
def test_a_project_on_the_rule_distance_to_the_millimetre(gap, verdict):
    project, around = parking_and_school(gap)
    found = check_setbacks(joined(around, project), rules=rule("V"), only=keys(project))
    assert found["verdict"].tolist() == [verdict]
    assert found["clearance_m"].item() == pytest.approx(gap, abs=0.0011)


@pytest.mark.parametrize("gap", [1.0, 49.0, 51.0, 60.0])
def test_an_unverified_rule_alone_is_neither_clear_nor_conflict(gap):
    project, around = parking_and_school(gap)
    found = check_setbacks(joined(around, project), rules=rule("MU"), only=keys(project))
    assert found["verdict"].tolist() == ["undecided"]


# the verdict of the whole


@given(st.lists(st.sampled_from([*WORST, "told"]), max_size=6))
def test_the_worst_check_is_the_verdict(verdicts):
    checks = tuple(Check("c", v, "", "") for v in verdicts)
    whole = Siting({}, checks, gpd.GeoDataFrame(), pd.DataFrame(), (), {}).verdict
    if "conflict" in verdicts:
        assert whole == "conflict"
    elif "undecided" in verdicts or "clear" not in verdicts:
        assert whole == "undecided"  # facts alone prove nothing
    else:
        assert whole == "clear"


def test_a_quiet_place_is_clear(ground, tmp_path):
    at = quiet(ground)
    assert check(ground, planned(ground, tmp_path, at.buffer(30, cap_style="square"), SCHOOL)).verdict == "clear"
    station = check(ground, planned(ground, tmp_path, at, STATION))
    assert station.verdict == "clear"
    assert station.not_checked  # faults, floods: said in every answer


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "储罐区", "name": "罐", "substance": "液氯", "quantity_t": 1.0},  # no table of distances
        {"kind": "自来水厂", "name": "水厂", "substance": "液氯", "quantity_t": 1.0},
        {"kind": "储罐区", "name": "罐", "substance": "某新物质", "quantity_t": 10.0},  # a substance nobody knows
        {"kind": "仓库", "name": "库", "substance": "某新物质", "quantity_t": 10.0},
        {"kind": "hazard_sources:other", "name": "其他", "substance": "液氨", "quantity_t": 10.0},
    ],
    ids=["chlorine", "waterworks", "unknown", "store", "other"],
)
def test_what_is_unknown_is_never_clear(ground, tmp_path, values):
    at = quiet(ground)
    found = decide(ground, planned(ground, tmp_path, at.buffer(20, cap_style="square"), values))
    assert found.verdict != "clear"
    assert found.not_checked


def test_a_region_without_quantified_risk_is_never_clear_for_a_place(city, tmp_path):
    bare = Ground(geo_risk.Region(city))
    bare.__dict__["quantified"] = False
    at = quiet(bare)
    found = decide(bare, planned(bare, tmp_path, at, SCHOOL))
    assert found.verdict == "undecided"
    assert any("quantified = true" in line for line in found.not_checked)


def test_a_pipeline_may_cross_water_and_a_school_may_not_stand_in_it(ground, tmp_path):
    water = ground.layers["water"]
    areas = water[water.geom_type.str.contains("Polygon")]
    at = areas.geometry[areas.geometry.within(ground.boundary)].iloc[0].representative_point()
    pipe = {"kind": "长输管道", "name": "新管线", "diameter_mm": 300, "pressure_mpa": 6.0, "position_error_m": 0.1}
    line = LineString([(at.x - 30, at.y), (at.x, at.y + 1), (at.x + 30, at.y)])
    for shape, values, verdict in ((line, pipe, "undecided"), (at.buffer(5), SCHOOL, "conflict")):
        found = decide(ground, planned(ground, tmp_path, shape, values))
        assert [c.verdict for c in found.checks if c.name == "water"] == [verdict]


# beyond the boundary


def test_an_outline_across_the_boundary_says_what_is_not_known(ground, tmp_path):
    edge = shapely.get_coordinates(ground.boundary)[0]
    across = Point(*edge).buffer(80)
    found = decide(ground, planned(ground, tmp_path, across, SCHOOL))
    assert {c.name: c.verdict for c in found.checks}["boundary"] == "undecided"
    assert found.verdict != "clear"


def test_an_outline_outside_is_refused(ground, tmp_path):
    west, south = ground.boundary.bounds[:2]
    away = Point(west - 200, south - 200)
    with pytest.raises(InputError, match=r"project\.geojson, row 1: lies outside .*--crs"):
        planned(ground, tmp_path, away, SCHOOL)


# the findings of a project are those of a region that has it


@pytest.mark.parametrize(
    ("near_to", "values"),
    [
        (("hazard_sources", "JY008"), SCHOOL),
        (("crowded_places", None), STATION),
        (("hazard_sources", "WX0004-1"), TANKS),
    ],
    ids=["school", "station", "tanks"],
)
def test_findings_equal_those_of_the_whole_region(ground, tmp_path, near_to, values):
    name, key = near_to
    key = key or ground.layers[name]["id"].iloc[0]
    at = shapely.centroid(place_of(ground, name, key))
    project = planned(ground, tmp_path, Point(at.x + 15, at.y + 10).buffer(8), values)
    found = decide(ground, project, needs=True).findings
    used = {n: f for n, f in ground.layers.items() if n in pipeline.SETBACK_LAYERS}
    every = check_setbacks(joined(used, project), rules=ground.rules)
    mine = every[every["source_id"].str.startswith("project:") | every["target_id"].str.startswith("project:")]
    assert len(mine)
    assert compared(found) == compared(mine)


def with_project(ground, project):
    """The model of a run of the whole region with the project's rows added to it."""
    layers = {n: f for n, f in ground.layers.items() if n in ("hazard_sources", "gas_pipelines", "parking_lots")}
    return pipeline.model_of(ground.region, joined(layers, project))[0]


def test_risk_of_a_new_hazard_equals_a_run_of_the_region_with_it(ground, tmp_path):
    at = shapely.centroid(place_of(ground, "hazard_sources", "WX0004-1"))
    values = {**TANKS, "substance": "液化石油气", "quantity_t": 100.0}
    project = planned(ground, tmp_path, Point(at.x + 300, at.y + 200).buffer(15), values)
    model, _ = pipeline.model_of(ground.region, project)
    grid = ground.region.grid
    found = added_risk(model, ground.layers, grid.cell_m, ground.table("target_risk"))
    assert len(found) > 20
    layers = {n: ground.layers[n] for n in LAYERS if n in ground.layers}
    full = with_project(ground, project)
    whole = target_risk(full, layers, lsir_surface(full, grid), grid)
    both = found.merge(whole[["layer", "id", "lsir_per_yr"]], on=["layer", "id"], suffixes=("", "_whole"))
    assert len(both) == len(found)
    # Each part at its own worst place of the outline: the sum is never below the worst of the sum, and for what
    # is smaller than a cell it is that.
    ratio = both["after_per_yr"] / both["lsir_per_yr_whole"]
    assert (ratio > 1 - 1e-6).all()
    assert np.median(ratio) < 1 + 1e-3


def test_risk_to_a_new_place_equals_a_run_of_the_region_with_it(ground, tmp_path):
    at = shapely.centroid(place_of(ground, "hazard_sources", "WX0004-1"))
    project = planned(ground, tmp_path, Point(at.x + 400, at.y + 100).buffer(25), SCHOOL)
    grid = ground.region.grid
    mine = reaching(ground.model, project["crowded_places"].geometry.iloc[0])
    found = risk_at(mine, project, grid.cell_m, ground.table("not_quantified"))
    whole = target_risk(
        ground.model,
        {"crowded_places": joined(ground.layers, project)["crowded_places"]},
        lsir_surface(ground.model, grid),
        grid,
        not_quantified=ground.table("not_quantified"),
    )
    row = whole[whole["id"] == project["crowded_places"]["id"].item()].iloc[0]
    assert found["lsir_per_yr"].item() > 0
    assert found["lsir_per_yr"].item() == pytest.approx(row["lsir_per_yr"], rel=1e-5)
    assert found["verdict"].item() == row["verdict"]
    assert found["group"].item() == row["group"]


def test_societal_risk_equals_a_run_of_the_region_with_it(ground, tmp_path):
    place = shapely.centroid(ground.layers["crowded_places"].geometry.iloc[0])
    values = {**TANKS, "substance": "液化石油气", "quantity_t": 100.0}
    project = planned(ground, tmp_path, Point(place.x + 60, place.y), values)
    told = societal_of(pipeline.model_of(ground.region, project)[0], ground.people)
    full = with_project(ground, project)
    found = fn_of(full, ground.people)
    row = [str(i) for i in source_ids(full.sources)].index("hazard_sources/" + project["hazard_sources"]["id"].item())
    assert told.pll_per_yr > 0
    assert told.pll_per_yr == pytest.approx(float(found.pll[row]), rel=1e-9)
    assert told.worst_deaths == pytest.approx(float(found.most[row]))
    assert told.zone in set(zones(found.deaths, found.frequency[row]))


def test_people_of_a_new_place_change_the_curves_as_a_run_with_them_would(ground, tmp_path):
    at = shapely.centroid(place_of(ground, "hazard_sources", "WX0004-1"))
    project = planned(ground, tmp_path, Point(at.x + 300, at.y), {**SCHOOL, "capacity": 3000})
    mine = reaching(ground.model, project["crowded_places"].geometry.iloc[0])
    told = worse_zones(mine, ground.people, project["crowded_places"]).set_index("source_id")
    every = fn_of(ground.model, crowded(ground.people, project["crowded_places"]))
    after = dict(zip(map(str, source_ids(ground.model.sources)), every.pll, strict=True))
    assert (told["pll_after"] > told["pll_before"]).any()
    for key, row in told.iterrows():
        assert row["pll_after"] == pytest.approx(after[key], rel=1e-6)  # deaths are counted in single precision


# ways out


def beside_a_school(ground, tmp_path):
    frame = ground.layers["crowded_places"]
    at = shapely.centroid(frame[frame["kind"].str.contains("school")].geometry.iloc[3])
    return planned(ground, tmp_path, Point(at.x + 12, at.y + 7), STATION)


def test_a_move_is_proven_and_no_shorter_one_is_found_by_trying(ground, tmp_path):
    project = beside_a_school(ground, tmp_path)
    assert decide(ground, project).verdict == "conflict"
    way = move(ground, project)
    assert way["verdict"] == "clear" == decide(ground, moved(project, way["dx_m"], way["dy_m"])).verdict
    assert way["distance_m"] == pytest.approx(np.hypot(way["dx_m"], way["dy_m"]), rel=1e-3, abs=0.05)
    step = 8.0
    side = np.arange(-4, 5) * step
    tried = sorted(
        ((x, y) for x in side for y in side if np.hypot(x, y) + step < way["distance_m"]), key=lambda v: np.hypot(*v)
    )
    assert len(tried) > 8
    better = [v for v in tried if decide(ground, moved(project, *v)).verdict == "clear"]
    assert not better


def test_a_place_beside_a_station_moves_to_where_a_check_is_clear(ground, tmp_path):
    at = place_of(ground, "hazard_sources", "JY008")
    project = planned(ground, tmp_path, Point(at.x + 19, at.y), SCHOOL)
    found = check(ground, project)
    assert found.verdict == "conflict"
    (way,) = ways(ground, found)
    assert (way["way"], way["verdict"]) == ("move", "clear")
    assert check(ground, moved(project, way["dx_m"], way["dy_m"])).verdict == "clear"
    assert way["distance_m"] > 10  # 19 m from a station that asks for 35 m


def test_a_smaller_stock_is_proven_and_a_larger_one_does_not_do(ground, tmp_path):
    at, chlorine = quiet(ground).buffer(20, cap_style="square"), {**TANKS, "substance": "液氯", "quantity_t": 20.0}
    project = planned(ground, tmp_path, at, chlorine)
    judged = decide(ground, project)
    way = less(ground, judged)
    assert (judged.verdict, way["verdict"]) == ("conflict", "undecided")
    assert decide(ground, shrunk(project, way["factor"])).verdict == "undecided"
    assert decide(ground, shrunk(project, 1.02 * way["factor"])).verdict == "conflict"
    more = planned(ground, tmp_path, at, {**chlorine, "quantity_t": 100.0})
    (one,), (other,) = way["rows"], less(ground, decide(ground, more))["rows"]
    assert other["quantity_t"] == pytest.approx(one["quantity_t"], rel=0.015)  # found to a hundredth from either


def test_nothing_is_said_of_a_stock_that_is_not_against_it(ground, tmp_path):
    at = quiet(ground).buffer(20, cap_style="square")
    project = planned(ground, tmp_path, at, {**TANKS, "kind": "warehouse", "substance": "液化石油气"})
    judged = decide(ground, project)
    assert judged.verdict == "clear"
    barred = Check("access", "undecided", "", "nearest road closed to lorries or hazmat")
    assert less(ground, replace(judged, checks=(barred, *judged.checks))) == {}


def test_no_stock_mends_a_place_on_a_pipeline(ground, tmp_path):
    pipe = ground.layers["gas_pipelines"].geometry.iloc[0]
    project = planned(ground, tmp_path, pipe.interpolate(0.5, normalized=True).buffer(15), {**TANKS, "substance": "氨"})
    judged = decide(ground, project)
    assert "conflict" in {c.verdict for c in judged.checks if c.name == "pipelines"}
    way = less(ground, judged)
    assert (way["verdict"], "factor" in way) == ("conflict", False)
    assert "on the range of" in way["why"]["en"]
    assert decide(ground, shrunk(project, 1e-3)).verdict == "conflict"


def test_the_same_project_twice_is_the_same_answer(ground, city, tmp_path):
    project = beside_a_school(ground, tmp_path)
    one, two = (check(g, project) for g in (ground, Ground(geo_risk.Region(city))))
    assert one.checks == two.checks
    assert compared(one.findings) == compared(two.findings)
    assert one.not_checked == two.not_checked


def test_a_file_of_several_things_is_judged_as_a_whole(ground, tmp_path):
    at = quiet(ground)
    station = place_of(ground, "hazard_sources", "JY008")
    good, bad = lonlat(ground, at), lonlat(ground, Point(station.x + 15, station.y))
    project = read(ground, written(tmp_path / "p.geojson", (good, STATION), (bad, SCHOOL)))
    assert decide(ground, project).verdict == "conflict"
