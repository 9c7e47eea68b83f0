"""Every standards table: how many rows, unique keys, check digits, monotone thresholds, provenance."""

import pandas as pd
import pytest

from geo_risk import standards
from geo_risk.analysis.substances import valid_cas
from geo_risk.errors import StandardsError

ROWS = {
    "densities": 23,
    "emergency": 24,
    "erg_distances": 300,
    "erg_guides": 22,
    "exposure_limits": 86,
    "fire_hazard": 59,
    "gas_pressure_classes": 7,
    "gb18218_alpha": 5,
    "gb18218_classes": 24,
    "gb18218_levels": 4,
    "gb18218_substances": 85,
    "gb18218_toxic_beta": 14,
    "gb36894_criteria": 18,
    "gb50028_clearances": 37,
    "gb50156_appendix_b": 12,
    "gb50156_station_classes": 3,
    "gb55009_ranges": 12,
    "grade_colours": 4,
    "rule_sets": 15,
    "setbacks": 545,
    "setback_modifiers": 8,
    "stability_pasquill": 35,
    "substance_classes": 24,
    "substances": 78,
    "wind_speed_classes": 8,
}
KEYS = {
    "explosives": ["name_zh"],
    "ignition": ["class", "over_kg_s"],
    "isolation": ["system"],
    "pipeline_substances": ["medium"],
    "release_frequencies": ["set", "part", "event"],
    "risk_defaults": ["scope", "key"],
    "risk_equipment": ["layer", "kind", "storage", "state"],
    "risk_parameters": ["key"],
    "emergency": ["key"],
    "parameters": ["key"],
    "erg_distances": ["un", "spill", "container", "time", "wind"],
    "erg_guides": ["guide"],
    "exposure_limits": ["cas", "limit"],
    "fire_hazard": ["name_zh"],
    "densities": ["name_zh"],
    "gb18218_substances": ["no"],
    "gb18218_classes": ["symbol"],
    "gb18218_toxic_beta": ["substance_no"],
    "gb36894_criteria": ["criterion", "group", "situation", "persons"],
    "gb50028_clearances": ["rule_id"],
    "gb50156_appendix_b": ["kinds", "protected_class"],
    "gb55009_ranges": ["rule_id"],
    "hca_causes": ["what", "layer", "kind"],
    "hca_rules": ["rule_id"],
    "pipeline_classes": ["scheme", "class"],
    "pipeline_ranges": ["rule_id"],
    "index_grades": ["rule_id"],
    "index_parameters": ["key"],
    "index_pipeline_defaults": ["kind"],
    "index_sensitivity": ["kind"],
    "index_sources": ["rule_id"],
    "rescue_defaults": ["setting", "kind"],
    "road_speeds": ["class"],
    "vehicles": ["vehicle"],
    "hazmat_accidents": ["class"],
    "hazmat_loads": ["name"],
    "hazmat_reach": ["division"],
    "hazmat_road_rules": ["rule", "key"],
    "robustness_factors": ["factor"],
    "art19_groups": ["group", "item_zh"],
    "measuring_points": ["of_standard", "class"],
    "rule_classes": ["class", "side"],
    "rule_sets": ["standard", "edition"],
    "setbacks": ["rule_id"],
    "setback_modifiers": ["source_class", "variant"],
    "stability_pasquill": ["period", "speed_from_mps", "condition_from"],
    "wind_speed_classes": ["from_mps"],
    "substance_aliases": ["alias"],
    "substance_classes": ["name_zh"],
    "substances": ["name_en"],
}


@pytest.mark.parametrize("name", standards.names())
def test_table_is_complete(name):
    frame = standards.table(name)
    standards.check(frame, name)
    assert tuple(frame.columns[-5:]) == standards.PROVENANCE
    if name in ROWS:
        assert len(frame) == ROWS[name]
    if name in KEYS:
        assert not frame.duplicated(KEYS[name]).any()


def test_every_table_with_a_count_or_key_exists():
    assert set(ROWS) | set(KEYS) <= set(standards.names())


def test_setbacks_confidence_counts():
    assert standards.table("setbacks")["confidence"].value_counts().to_dict() == {"MC": 345, "MU": 149, "V": 51}


def test_setbacks_are_numbered_without_gaps():
    assert standards.table("setbacks")["rule_id"].tolist() == [f"SB{i:03d}" for i in range(1, 546)]


def test_setback_distances():
    rows = standards.table("setbacks")
    known = rows["distance_m"].notna()
    assert (rows.loc[known, "distance_m"] > 0).all()
    assert (rows["missing_reason"].notna() == ~known).all()
    assert rows.loc[known, "distance_m"].max() == 1000
    reduced = rows[rows["reduced_m"].notna()]
    assert (reduced["reduced_m"] < reduced["distance_m"]).all()
    # the machine column is the text's number, or the first of "100 (75)" and "300 (2018 ed.; ...)"
    first = rows.loc[known, "distance_text"].str.extract(r"^([\d.]+)", expand=False).astype(float)
    assert (first == rows.loc[known, "distance_m"]).all()


def test_setback_bounds_follow_their_text():
    rows = standards.table("setbacks").set_index("rule_id")
    a = rows.loc["SB023"]  # total 50<=V<200 m3
    assert (a["quantity"], a["lower"], a["lower_inclusive"], a["upper"], a["upper_inclusive"]) == (
        "volume_m3",
        50,
        1,
        200,
        0,
    )
    b = rows.loc["SB127"]  # total 500<V<=1000 (unit <=200)
    assert (b["lower"], b["lower_inclusive"], b["upper"], b["upper_inclusive"]) == (500, 0, 1000, 1)
    assert (b["unit_lower_m3"], b["unit_upper_m3"]) == (100, 200)
    c = rows.loc["SB016"]  # stock > 5 t
    assert (c["quantity"], c["lower"], c["lower_inclusive"]) == ("quantity_t", 5, 0)
    assert pd.isna(c["upper"])
    with_v = rows["condition_text"].str.contains(r"[<≤>]\s?\d|V[<≤]")
    assert (rows.loc[with_v, "quantity"] != "none").all()
    bounded = rows[rows["upper"].notna() & rows["lower"].notna()]
    assert (bounded["upper"] > bounded["lower"]).all()


def test_setbacks_grow_with_volume():
    rows = standards.table("setbacks")
    rows = rows[(rows["quantity"] == "volume_m3") & rows["distance_m"].notna()]
    for _, group in rows.groupby(["source_class", "target_classes", "clause"]):
        assert group.sort_values("lower")["distance_m"].is_monotonic_increasing, group["rule_id"].tolist()


def test_cas_check_digits():
    for name in ("gb18218_substances", "gb18218_toxic_beta", "substance_classes"):
        numbers = standards.table(name)["cas"].dropna().str.split(";").explode()
        assert len(numbers)
        assert [n for n in numbers if not valid_cas(n)] == []


def test_known_faulty_transcriptions_are_not_here():
    """Errors seen in public transcriptions of GB 18218: fluorine for chlorine, dioxide for difluoride, H2S 3."""
    substances = standards.table("gb18218_substances").set_index("no")
    assert substances.loc[2, ["name_zh", "cas"]].tolist() == ["二氟化氧", "7783-41-7"]
    beta = standards.table("gb18218_toxic_beta").set_index("name_zh")["beta"]
    assert beta["氯"] == 4
    assert beta["硫化氢"] == 5
    assert beta["氯化氢"] == 3
    assert "氟" not in beta.index


def test_toxic_beta_names_agree_with_table_1():
    named = standards.table("gb18218_substances").set_index("no")
    for row in standards.table("gb18218_toxic_beta").itertuples():
        if row.name_zh != "一氧化碳":  # Table 1 lists it as 煤气
            assert named.loc[row.substance_no, "name_zh"] == row.name_zh
            assert row.cas == named.loc[row.substance_no, "cas"]


def test_thresholds_are_monotone():
    alpha = standards.table("gb18218_alpha")
    assert alpha["residents_min"].is_monotonic_increasing
    assert alpha["alpha"].is_monotonic_increasing
    assert (alpha["residents_max"].iloc[:-1] + 1 == alpha["residents_min"].iloc[1:].to_numpy()).all()
    levels = standards.table("gb18218_levels")
    assert levels["r_min"].is_monotonic_decreasing
    pressure = standards.table("gas_pressure_classes")
    assert (pressure["upto_mpa"].iloc[:-1].to_numpy() == pressure["over_mpa"].iloc[1:].to_numpy()).all()
    individual = standards.table("gb36894_criteria").query("criterion == 'individual'")
    wide = individual.pivot(index="group", columns="situation", values="frequency_per_yr")
    assert (wide["new"] < wide["in_service"]).all()
    societal = standards.table("gb36894_criteria").query("criterion == 'societal'")
    line = {"upper": 1e-3, "lower": 1e-5}
    expected = [line[g] / n for g, n in zip(societal["group"], societal["persons"], strict=True)]
    assert societal["frequency_per_yr"].tolist() == pytest.approx(expected)
    high = standards.table("gb50028_clearances").query("source_class == 'town_gas_high_class_1_2'")
    for _, group in high.groupby("pressure_mpa"):
        assert group.sort_values("dn_upto_mm")["distance_m"].is_monotonic_increasing
    for _, group in high.groupby("dn_upto_mm"):
        assert group.sort_values("pressure_mpa")["distance_m"].is_monotonic_increasing


def test_aliases_lead_to_known_substances():
    known = set(standards.table("gb18218_substances")["name_zh"]) | set(standards.table("substance_classes")["name_zh"])
    targets = standards.table("substance_aliases")["name_zh"].str.split("|").explode()
    assert set(targets) <= known
    assert set(standards.table("gb18218_substances")["class_symbol"].dropna()) <= set(
        standards.table("gb18218_classes")["symbol"]
    )


def test_a_table_is_a_fresh_copy():
    colours = standards.table("grade_colours")
    colours.loc[0, "colour"] = "#000000"
    assert standards.table("grade_colours").loc[0, "colour"] == "#a50f15"


def test_errors_name_row_column_and_value():
    with pytest.raises(StandardsError, match="no standards table 'gb_none'"):
        standards.table("gb_none")
    with pytest.raises(StandardsError, match="no row 'nothing'"):
        standards.parameter("nothing")
    rows = pd.DataFrame({c: ["x", "x"] for c in standards.PROVENANCE}).assign(confidence=["V", "sure"])
    with pytest.raises(StandardsError, match=r"'own' row 3: confidence 'sure'"):
        standards.check(rows, "own")
    with pytest.raises(StandardsError, match=r"'own' row 2: 'clause' is empty"):
        standards.check(rows.assign(confidence="V", clause=[" ", "3"]), "own")
    with pytest.raises(StandardsError, match="lacks the columns distance_m"):
        standards.check(rows, "own", columns=["distance_m"])


def test_weakest():
    assert standards.weakest(["V", "MC"]) == "MC"
    assert standards.weakest(["MU", "V"]) == "MU"
    assert standards.weakest([]) == "V"
