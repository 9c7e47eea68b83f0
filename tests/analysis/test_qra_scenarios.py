"""Sources, losses, ignition and footprints: trees worked out by hand, defaults that are told, rows that are lost."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.analysis.consequence.properties import substance
from geo_risk.analysis.qra import weather
from geo_risk.analysis.qra.airborne import drying_k
from geo_risk.analysis.qra.drift import explosion
from geo_risk.analysis.qra.ignition import ends, ignition
from geo_risk.analysis.qra.losses import Loss, Release, losses
from geo_risk.analysis.qra.model import lsir_shares, lsir_surface
from geo_risk.analysis.qra.scenarios import risk_model
from geo_risk.analysis.qra.sources import risk_sources
from geo_risk.errors import InputError
from geo_risk.grid import grid_of
from geo_risk.layers.own_numbers import read_scenarios
from geo_risk.schema import RESULTS
from geo_risk.sections import RiskSettings

CRS = "EPSG:4549"
RISK = RiskSettings()


def hazard(name: str, substance_: str, tonnes: float, kind: str = "tank_farm", storage: str = "", **more) -> dict:
    row = {"id": name, "name": name, "kind": kind, "substance": substance_, "quantity_t": tonnes, "storage": storage}
    return {**row, "geometry": shapely.Point(0, 0), **more}


def layer(*rows: dict) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(list(rows), geometry="geometry", crs=CRS)


def only(row: dict, **layers) -> gpd.GeoDataFrame:
    return risk_sources({"hazard_sources": layer(row), **layers}).sources


def tables(*rows: dict, overrides: pd.DataFrame | None = None, risk: RiskSettings = RISK):
    return risk_model({"hazard_sources": layer(*rows)}, None, risk, overrides)


def frequencies(found: pd.DataFrame, **where: str) -> float:
    for column, value in where.items():
        found = found[found[column] == value]
    return float(found["frequency_per_yr"].sum())


# --- trees by hand ------------------------------------------------------------------------------


def test_chlorine_tank_by_hand():
    _, found = tables(hazard("cl", "液氯", 50, storage="pressurised"))
    table = found["scenarios"]
    assert set(table["outcome"]) == {"toxic"}  # it does not burn
    for scenario, frequency in (("instantaneous", 5e-7), ("ten_minutes", 5e-7), ("hole", 1e-5)):
        assert frequencies(table, scenario=f"pressure_vessel/{scenario}") == pytest.approx(frequency, rel=1e-12)
    ten = table[table["scenario"] == "pressure_vessel/ten_minutes"].iloc[0]
    assert ten["rate_kg_s"] == pytest.approx(50_000 / 600)
    assert ten["duration_s"] == 600


def test_lpg_tank_by_hand():
    """200 t: lit at once 0.7 (over 10 t; over 100 kg/s), 0.2 of the small hole; the rest 0.6 flash, 0.4 explosion."""
    _, found = tables(hazard("lpg", "液化石油气", 200, storage="pressurised", boundary_m=0))
    table = found["scenarios"]
    whole = {"scenario": "pressure_vessel/instantaneous"}
    assert frequencies(table, outcome="fireball", **whole) == pytest.approx(5e-7 * 0.7)
    assert frequencies(table, outcome="flash_fire", **whole) == pytest.approx(5e-7 * 0.3 * 0.6)
    assert frequencies(table, outcome="explosion", **whole) == pytest.approx(5e-7 * 0.3 * 0.4)
    assert frequencies(table, outcome="jet_fire", scenario="pressure_vessel/ten_minutes") == pytest.approx(5e-7 * 0.7)
    hole = table[table["scenario"] == "pressure_vessel/hole"]
    assert 0.3 < hole["rate_kg_s"].iloc[0] < 3
    assert frequencies(hole, outcome="jet_fire") == pytest.approx(1e-5 * 0.2)


def test_petrol_tank_by_hand():
    _, found = tables(hazard("petrol", "汽油", 900, storage="atmospheric"))
    table = found["scenarios"]
    whole = {"scenario": "atmospheric_single/instantaneous"}
    assert frequencies(table, outcome="pool_fire", **whole) == pytest.approx(5e-6 * 0.065)
    assert frequencies(table, outcome="flash_fire", **whole) == pytest.approx(5e-6 * 0.935 * 0.1 * 0.6)


def test_filling_station_is_tank_tanker_and_hose():
    """200 h a year: the tanker is there 0.0228 of the year, the hose fails 4e-6 an hour."""
    _, found = tables(hazard("gas", "汽油", 60, kind="filling_station", storage="buried"))
    table = found["scenarios"]
    parts = {s.partition("/")[0] for s in table["scenario"]}
    assert parts == {"underground_tank", "tanker_atmospheric", "hose"}
    broken = table[table["scenario"].str.startswith("hose/rupture")]
    assert frequencies(broken) == pytest.approx(200 * 4e-6)
    assert frequencies(broken, scenario="hose/rupture/isolated") == pytest.approx(200 * 4e-6 * 0.9)  # who stands by
    assert frequencies(table, scenario="tanker_atmospheric/instantaneous") == pytest.approx(1e-5 * 200 / 8760)
    tanks = json.loads(found["risk_sources"]["assumed"].iloc[0])["units"]
    assert frequencies(table, scenario="underground_tank/instantaneous") == pytest.approx(1e-8 * tanks["value"])


def test_ammonia_poisons_and_does_not_burn():
    _, found = tables(hazard("nh3", "液氨", 100, storage="pressurised"))
    assert set(found["scenarios"]["outcome"]) == {"toxic"}


def test_a_toxic_fuel_is_lit_late_in_half_the_cases():
    _, found = tables(hazard("eo", "环氧乙烷", 200, storage="pressurised", temperature_c=25))
    table = found["scenarios"]
    whole = table[table["scenario"] == "pressure_vessel/instantaneous"]
    assert frequencies(whole, outcome="toxic") == pytest.approx(5e-7 * 0.3 * 0.5)
    assert frequencies(whole) == pytest.approx(5e-7)


def test_ig_1_direct_ignition():
    """Purple Book table 4.5."""
    assert [ignition("gas_high", rate_kg_s=r)[0] for r in (5, 50, 500)] == [0.2, 0.5, 0.7]
    assert [ignition("gas_high", mass_kg=m)[0] for m in (999, 1000, 10_000)] == [0.2, 0.5, 0.7]
    assert ignition("gas_low", rate_kg_s=50)[0] == 0.04
    assert [ignition("K1", rate_kg_s=r)[0] for r in (1, 1000)] == [0.065, 0.065]


def test_fr_1_two_hundred_metres_of_pipe():
    """200 m of DN 200: rupture 2e-5 and leak 1e-4 a year."""
    row = {"equipment": "pipe", "phase": "liquid", "inventory_kg": 1e6, "pressure_pa": 5e5, "temperature_k": 288.15,
           "pool_m2": 1500.0, "connection_mm": 200.0, "head_m": 1.0, "units": 1.0}  # fmt: skip
    found = losses(row, 0, substance("汽油"), frequencies="purple_book", isolation="hand")
    assert {loss.event: 200 * loss.frequency for loss in found} == pytest.approx({"rupture": 2e-5, "leak": 1e-4})


def test_isolation_splits_a_loss():
    """Remote: shut after 600 s, fails once in a hundred; the branches sum to the loss."""
    row = hazard("arm", "甲醇", 3000, kind="jetty")
    _, by_hand = tables(row, risk=RiskSettings(isolation="hand"))
    _, remote = tables(row, risk=RiskSettings(isolation="remote"))
    rupture = remote["scenarios"]
    assert frequencies(rupture, scenario="arm/rupture/not_isolated") == pytest.approx(2000 * 3e-8 * 0.01)
    assert frequencies(rupture, scenario="arm/rupture/isolated") == pytest.approx(2000 * 3e-8 * 0.99)
    assert frequencies(by_hand["scenarios"], scenario="arm/rupture") == pytest.approx(2000 * 3e-8)
    assert set(rupture.loc[rupture["scenario"] == "arm/rupture/isolated", "duration_s"]) == {600.0}


@pytest.mark.parametrize(("chosen", "hole"), [("purple_book", 1e-5), ("hj169", 1e-4)])
def test_frequency_sets(chosen, hole):
    _, found = tables(hazard("lpg", "丙烯", 100, storage="pressurised"), risk=RiskSettings(frequencies=chosen))
    assert frequencies(found["scenarios"], scenario="pressure_vessel/hole") == pytest.approx(hole)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["液氯", "液氨", "汽油", "液化石油气", "环氧乙烷", "丙烯腈", "氢", "天然气", "柴油", "甲醇"]),
    st.floats(0.1, 1e5),
    st.booleans(),
    st.booleans(),
)
def test_ends_sum_to_one(name, mass, at_once, toxic):
    what = substance(name)
    phase = "liquid" if what.boiling_k > 290 else "liquefied"
    release = Release(what, phase, at_once, mass, np.nan if at_once else mass / 600, 0.0 if at_once else 600.0, 2e5,
                      288.15, 1500.0)  # fmt: skip
    loss = Loss(0, "pressure_vessel/hole", "pressure_vessel", "hole", 1e-5, release, {})
    found = ends(loss, toxic=toxic)
    assert sum(end.share for end in found) == pytest.approx(1.0, abs=1e-12)
    assert all(np.prod(list(end.factors.values())) == pytest.approx(end.share) for end in found if end.factors)


def test_small_clouds_are_not_lit_beyond_the_fence():
    """A hole of 10 mm in a tank of methanol: its cloud stays within 25 m, so nothing is lit late."""
    _, found = tables(hazard("m", "甲醇", 500, storage="atmospheric"))
    hole = found["scenarios"][found["scenarios"]["scenario"] == "atmospheric_single/hole"]
    late = hole[hole["factors"].str.contains("stays_on_site")]
    assert len(late) > 0
    assert set(late["outcome"]) == {"none"}
    assert frequencies(hole) == pytest.approx(1e-4)


# --- what is assumed, and what is lost ------------------------------------------------------------


def test_every_default_is_listed():
    bare = hazard("tank", "液化石油气", np.nan)
    row = only(bare).iloc[0]
    assumed = json.loads(row["assumed"])
    assert {"temperature_k", "pressure_pa", "inventory_kg", "units", "pool_m2", "head_m", "boundary_m"} <= set(assumed)
    for entry in assumed.values():
        assert set(entry) == {"value", "unit", "why", "confidence"}
        assert entry["why"]
    assert row["inventory_kg"] == 50_000  # the threshold of GB 18218-2018
    assert assumed["inventory_kg"]["confidence"] == row["confidence"] == "MU"


def test_what_is_given_is_not_assumed():
    full = hazard("tank", "汽油", 900, storage="atmospheric", temperature_c=20, tanks=3, bund_m2=2000)
    row = only(full).iloc[0]
    assert not {"inventory_kg", "temperature_k", "units", "pool_m2"} & set(json.loads(row["assumed"]))
    assert (row["units"], row["pool_m2"], row["temperature_k"]) == (3.0, 2000.0, pytest.approx(293.15))


def test_several_tanks_share_the_stock_and_fail_each():
    _, one = tables(hazard("t", "汽油", 900, storage="atmospheric", tanks=1))
    _, three = tables(hazard("t", "汽油", 900, storage="atmospheric", tanks=3))
    whole = {"scenario": "atmospheric_single/instantaneous"}
    assert frequencies(three["scenarios"], **whole) == pytest.approx(3 * frequencies(one["scenarios"], **whole))
    mass = three["scenarios"].loc[three["scenarios"]["scenario"] == whole["scenario"], "mass_kg"]
    assert set(mass) == {300_000.0}


def test_volume_gives_the_stock():
    row = only(hazard("t", "液氨", np.nan, storage="pressurised", volume_m3=100)).iloc[0]
    assert row["inventory_kg"] == pytest.approx(100 * 0.85 * float(substance("氨").liquid_density(288.15)))
    assert "volume 100 m3" in json.loads(row["assumed"])["inventory_kg"]["why"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (hazard("x", "油漆", 10), "mixture"),
        (hazard("x", "汽由", 10), "汽油"),
        (hazard("x", "", 10), "no substance"),
        (hazard("x", "31%盐酸", 10, cas="7647-01-0"), "solution"),
        (hazard("x", "液氯", -4), "-4 t"),
        (hazard("x", "液氯", 0), "0 t"),
        (hazard("x", "液氯", 5e6), "5e+06 t"),
        (hazard("x", "液氯", 5, geometry=shapely.Point()), "no place"),
        (hazard("x", "液氯", 5, state="closed"), "closed"),
        (hazard("x", "液氯", 5, kind="flare"), "flare"),
    ],
)
def test_rows_that_cannot_be_computed_are_told(row, reason):
    row["source_file"], row["source_row"] = "tanks.csv", 7
    found = risk_sources({"hazard_sources": layer(row, hazard("good", "液氯", 10))})
    assert list(found.sources["id"]) == ["good"]
    lost = found.not_quantified.iloc[0]
    assert reason in lost["reason"]
    assert lost["helps"]
    assert (lost["source_file"], lost["source_row"]) == ("tanks.csv", 7)


def test_missing_quantity_may_be_left_out():
    found = risk_sources({"hazard_sources": layer(hazard("x", "液氯", np.nan))}, missing_quantity="none")
    assert found.not_quantified["reason"].str.contains("neither quantity nor volume").all()


def test_what_neither_burns_nor_poisons_is_listed():
    model, found = tables(hazard("d", "柴油", 900, storage="atmospheric"), hazard("cl", "液氯", 5))
    assert list(found["risk_sources"]["id"]) == ["cl"]
    assert {o.source for o in model.outcomes} == {0}
    assert "neither burns" in found["not_quantified"]["reason"].iloc[0]


def test_rows_read_are_rows_kept_or_told():
    rows = [hazard(f"r{k}", s, q) for k, (s, q) in enumerate([("液氯", 5), ("油漆", 5), ("柴油", 5), ("苯", -1)])]
    _, found = tables(*rows)
    ids = [*found["risk_sources"]["id"], *found["not_quantified"]["id"]]
    assert sorted(ids) == ["r0", "r1", "r2", "r3"]


def test_tables_have_the_columns_of_the_schema():
    _, found = tables(hazard("cl", "液氯", 5), hazard("x", "油漆", 1))
    for name, table in found.items():
        assert [c for c in table.columns if c != "geometry"] == list(RESULTS[name].names)


# --- own values ----------------------------------------------------------------------------------


def own(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame(list(rows)).fillna("").astype(str)


TANK = hazard("cl", "液氯", 50, storage="pressurised")
KEY = "hazard_sources/cl"


def test_own_factor_frequency_switch_and_quantity():
    rows = own(
        {"source_id": KEY, "scenario": "pressure_vessel/hole", "factor": "0.1"},
        {"source_id": KEY, "scenario": "pressure_vessel/instantaneous", "frequency_per_yr": "1e-8"},
        {"source_id": KEY, "scenario": "pressure_vessel/ten_minutes", "on": "0"},
        {"source_id": KEY, "inventory_kg": "20000"},
    )
    _, found = tables(TANK, overrides=rows)
    table = found["scenarios"]
    assert frequencies(table, scenario="pressure_vessel/hole") == pytest.approx(1e-6)
    assert frequencies(table, scenario="pressure_vessel/instantaneous") == pytest.approx(1e-8)
    assert frequencies(table, scenario="pressure_vessel/ten_minutes") == 0
    assert set(table.loc[table["scenario"] == "pressure_vessel/instantaneous", "mass_kg"]) == {20_000.0}
    assert json.loads(found["risk_sources"]["assumed"].iloc[0])["inventory_kg"]["why"] == "own value"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"source_id": "hazard_sources/no"}, "row 2, column source_id: 'hazard_sources/no'"),
        ({"source_id": KEY, "factor": "much"}, "row 2, column factor: 'much'"),
        ({"source_id": KEY, "factor": "-1"}, "row 2, column factor: '-1'"),
        ({"source_id": KEY, "on": "maybe"}, "row 2, column on: 'maybe'"),
        ({"source_id": KEY, "frequency_per_yr": "1e-6"}, "needs a scenario"),
        ({"source_id": KEY, "scenario": "pressure_vessel/explodes", "factor": "2"}, "no scenario 'pressure_vessel/"),
        ({"source_id": KEY, "scenario": "pressure_vessel/hole", "pressure_pa": "2e5"}, "column pressure_pa"),
        ({"source_id": KEY, "pressure_pa": "1000"}, "at least 101325"),
        ({"source_id": KEY, "colour": "red"}, "column 'colour' is not known"),
        ({"source_id": KEY, "factor": "1", "scenario": "pressure_vessel/hole", "frequency_per_yr": "1"}, "both factor"),
    ],
)
def test_bad_own_values_name_row_and_column(row, says):
    with pytest.raises(InputError) as error:
        tables(TANK, overrides=own(row))
    assert says in str(error.value)


def test_the_same_scenario_twice_is_refused():
    row = {"source_id": KEY, "scenario": "pressure_vessel/hole", "factor": "2"}
    with pytest.raises(InputError, match="twice"):
        tables(TANK, overrides=own(row, row))


# --- footprints and the whole -----------------------------------------------------------------


def test_explosion_edges_scale_with_the_cube_root():
    """Class 6, 1000 m3 of stoichiometric cloud (3.5e9 J): 30 kPa at 33.1 m, 10 kPa at 88.9 m (VC-4)."""
    heat = 46e6
    found = explosion(3.5e9 / heat / 0.3, heat, 0.0, "some")  # 0.3 of it stands in obstructed space
    assert found.x_m[1] == pytest.approx(33.1, rel=0.02)
    assert found.reach_m == pytest.approx(88.9, rel=0.02)


def city() -> dict[str, gpd.GeoDataFrame]:
    sources = layer(
        hazard("a", "液氯", 50, storage="pressurised", geometry=shapely.Point(0, 0)),
        hazard("b", "液化石油气", 200, storage="pressurised", geometry=shapely.Point(1500, 0)),
        hazard("c", "汽油", 900, storage="atmospheric", geometry=shapely.box(-1500, -500, -1400, -400)),
        hazard("d", "汽油", 60, kind="filling_station", storage="buried", geometry=shapely.Point(0, 1500)),
        hazard("e", "油漆", 60),
    )
    lines = [shapely.LineString([(-3000, -1500), (3000, -1500)]), shapely.LineString([(-3000, 2500), (3000, 2500)])]
    pipes = gpd.GeoDataFrame(
        {"id": ["p", "q"], "kind": ["long_distance", "hazmat"], "medium": ["natural_gas", None],
         "diameter_mm": [610.0, np.nan], "pressure_mpa": [6.3, np.nan]}, geometry=lines, crs=CRS)  # fmt: skip
    lots = gpd.GeoDataFrame(
        {"id": ["t", "u"], "kind": ["hazmat", "general"], "bays": [40.0, 90.0]},
        geometry=[shapely.Point(2000, 1800), shapely.Point(0, 0)],
        crs=CRS,
    )
    return {"hazard_sources": sources, "gas_pipelines": pipes, "parking_lots": lots}


def rose() -> pd.DataFrame:
    classes = (("B", 3.0, 0.1), ("D", 5.0, 0.5), ("F", 1.8, 0.4))
    return pd.DataFrame(
        [
            {"period": "all", "direction_deg": 45.0 * k, "speed_mps": v, "stability": s, "share": share / 8}
            for s, v, share in classes
            for k in range(8)
        ]
    )


def test_a_city_end_to_end():
    model, found = risk_model(city(), rose(), RISK)
    table, sources = found["scenarios"], found["risk_sources"]
    assert len(sources) == 8  # four tanks, two pipelines, two loads in one lot
    assert (table["frequency_per_yr"] >= 0).all()
    assert set(table["source_id"]) == set(sources["source_id"])
    assert list(found["not_quantified"]["id"]) == ["e"]
    assert any("transport by road" in said for said in model.lacked)
    surface = lsir_surface(model, grid_of((-4000, -3500, 4000, 4500), 100, CRS))
    at = lsir_shares(model, (0.0, 300.0))
    assert 1e-7 < surface.max() < 1e-2
    assert at.sum() > 0
    # A place next to a source is never at more risk than that anything happens there.
    total = table.groupby("source_id")["frequency_per_yr"].sum()
    assert at[sources["source_id"] == "hazard_sources/a"][0] <= total["hazard_sources/a"]


def test_the_same_layers_give_the_same_tables():
    first, second = risk_model(city(), rose(), RISK)[1], risk_model(city(), rose(), RISK)[1]
    for name in first:
        pd.testing.assert_frame_equal(pd.DataFrame(first[name]), pd.DataFrame(second[name]))


def test_losses_of_containment_sum_in_the_table():
    """Each scenario's branches and weathers sum to its frequency."""
    _, found = risk_model(city(), rose(), RISK)
    table = found["scenarios"]
    lpg = table[table["source_id"] == "hazard_sources/b"]
    assert lpg.groupby("scenario")["frequency_per_yr"].sum().to_dict() == pytest.approx(
        {"pressure_vessel/instantaneous": 5e-7, "pressure_vessel/ten_minutes": 5e-7, "pressure_vessel/hole": 1e-5}
    )
    pipe = table[table["source_id"] == "gas_pipelines/p"]
    rupture = pipe[pipe["scenario"] == "pipeline/rupture"]
    assert frequencies(rupture) == pytest.approx(2.38e-8)  # GB/T 34346 annex C, wall of 5 to 10 mm, per metre
    assert frequencies(rupture, outcome="fireball") == pytest.approx(2.38e-8 * 0.35)


def test_factors_multiply_to_the_frequency():
    _, found = risk_model(city(), rose(), RISK)
    for row in found["scenarios"].itertuples():
        assert np.prod(list(json.loads(row.factors).values())) == pytest.approx(row.frequency_per_yr, rel=1e-4)


def test_no_rose_is_told_and_has_two_classes():
    model, _ = tables(TANK)
    assert model.weather.stability == ("D", "F")
    assert model.weather.share.sum() == pytest.approx(1)
    assert any("no wind rose" in said for said in model.lacked)
    assert weather.period_share("day") == pytest.approx(10.5 / 24)
    assert [weather.period_of(hour) for hour in (0, 7.99, 8, 18.49, 18.5)] == ["night", "night", "day", "day", "night"]


def test_an_empty_region_has_an_empty_model():
    model, found = risk_model({}, None, RISK)
    assert len(model.sources) == len(model.outcomes) == len(found["scenarios"]) == 0


def test_unverified_numbers_are_listed_with_what_they_touch():
    _, found = tables(
        hazard("lpg", "液化石油气", np.nan, storage="pressurised"), hazard("d", "甲醇", 30, storage="drums")
    )
    listed = found["unverified"]
    assert ("hazard_sources/lpg", "inventory_kg") in set(zip(listed["source_id"], listed["quantity"], strict=True))
    assert ("drum_store/fire", "failure frequency") in set(zip(listed["scenario"], listed["quantity"], strict=True))
    assert "some_share" in set(listed["quantity"])
    known = set(listed["source_id"]) - {"*"}
    weak = found["scenarios"].loc[found["scenarios"]["confidence"] == "MU", "source_id"]
    assert set(weak) <= known


def test_sprays_dry_at_their_own_saturation_temperature():
    """Known wet cold of sprays: ammonia near -70 C, propane near -75 C; colder than boiling."""
    for name, celsius in (("液氨", -69.0), ("丙烷", -77.0)):
        assert drying_k(substance(name), 0.2) - 273.15 == pytest.approx(celsius, abs=5)


def test_a_scenario_file_is_read_as_text(tmp_path):
    path = tmp_path / "own.csv"
    path.write_bytes("source_id,factor,why\nhazard_sources/罐1,0.1,每年检验\n,,\n".encode("gb18030"))
    frame = read_scenarios(path)
    assert frame.to_dict("records") == [{"source_id": "hazard_sources/罐1", "factor": "0.1", "why": "每年检验"}]
    path.write_text("source_id,factor\na,1,2\n")
    with pytest.raises(InputError, match=r"own\.csv row 2: 3 cells under 2 columns"):
        read_scenarios(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_scenarios(tmp_path / "no.csv")


def test_a_store_of_explosives_goes_off_as_a_whole():
    """5 t TNT on flat ground (GB 6722-2014 13.3.2)."""
    model, found = tables(hazard("x", "TNT", 5, kind="warehouse"))
    assert list(found["scenarios"]["outcome"]) == ["explosion"]
    assert frequencies(found["scenarios"]) == pytest.approx(1e-5)
    near, far = model.outcomes[0].footprint.x_m[[1, 3]] / 5000 ** (1 / 3)
    for z, bar in ((near, 0.3), (far, 0.1)):
        assert 14 / z**3 + 4.3 / z**2 + 1.1 / z == pytest.approx(bar, rel=1e-6)


def test_no_row_vanishes_and_no_number_is_lost_whatever_is_written():
    rng = np.random.default_rng(7)
    choices = {
        "kind": ["tank_farm", "process_unit", "warehouse", "filling_station", "hazmat_parking", "jetty", "other", None],
        "substance": ["液氯", "环氧乙烷", "天然气", "氢", "汽油", "溴", "TNT", "油漆", "汽油、柴油", "氨水", None],
        "storage": ["pressurised", "refrigerated", "atmospheric", "buried", "drums", "process", None],
        "quantity_t": [np.nan, np.inf, -1, 0, 1e-9, 1, 50, 1e7],
        "volume_m3": [np.nan, 10, 0, -5],
        "pressure_mpa": [np.nan, np.nan, 0, 0.5, 1e4],
        "temperature_c": [np.nan, np.nan, -300, -200, 25, 400],
        "tanks": [np.nan, 0, 2, -3],
        "bund_m2": [np.nan, 0, -1, 5000],
    }
    rows = [
        {"id": str(k), "geometry": shapely.Point(k, 0), **{c: v[rng.integers(len(v))] for c, v in choices.items()}}
        for k in range(300)
    ]
    model, found = tables(*rows)
    assert sorted([*found["risk_sources"]["id"], *found["not_quantified"]["id"]]) == sorted(r["id"] for r in rows)
    assert np.isfinite(found["scenarios"][["frequency_per_yr", "mass_kg", "reach_m"]]).all().all()
    for outcome in model.outcomes:
        print_ = outcome.footprint
        assert np.isfinite(print_.x_m).all()
        assert (np.diff(print_.x_m) >= 0).all()
        assert not np.isnan(print_.value).any()
