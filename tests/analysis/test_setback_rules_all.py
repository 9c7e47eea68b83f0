"""
Every rule of the library on both sides of its distance.

What each row must say stands in ``setback_distances.csv``, written down from the tables apart from the library. For
every row with a distance a source and a target are looked for whose attributes make them what the row names, and laid
just below and just above the distance. Where no attributes can settle a class, the row's bounds are tested instead;
which classes those are is listed, so that a class that is lost is noticed.
"""

import re
from functools import cache
from itertools import product
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, box

from geo_risk import standards
from geo_risk.analysis.conditions import UNKNOWN, Option, bounds, builtin_rules, demands, prepare
from geo_risk.analysis.rule_sets import without_number
from geo_risk.analysis.setbacks import check_setbacks
from geo_risk.analysis.source_classes import (
    classify_enterprise,
    classify_hazard,
    classify_parking,
    classify_pipeline,
    classify_place,
)
from geo_risk.analysis.target_classes import classify_target, target_of_hazard

X, Y, APART = 500_000.0, 3_500_000.0, 20_000.0
STEP = 0.05  # m on each side of a distance
TOLD = pd.read_csv(Path(__file__).with_name("setback_distances.csv"), dtype=str).set_index("rule_id")
RULES = builtin_rules().set_index("rule_id", drop=False)
IDS = RULES.index.tolist()
# Measures nobody sees in a layer: what the row asks for with them, 0 where it gives no number [m].
WITH_MEASURES = {"SB537": 0.0}
CIVIL = {"highrise_civil", "civil_building", "civil_building_low", "other_civil"}
# Classes no attribute settles: which part of a station, class of a depot, location class of a main, and so on.
OPEN_SOURCES = re.compile(
    r"lpg_refuelling_|lng_refuelling_class_|oil_depot_row_|petrochem_flare|petrochem_key|GC0(0[89]|[123]\d)$"
)
OPEN_TARGETS = {"protected_building_class_2", "protected_building_class_3", "CD_workshop", "CD_warehouse"}


def written(rule_id):
    """(distance, distance with measures) of a row as written down; None where it has no number."""
    found = re.match(r"([\d.]+)(?: \(([\d.]+)\))?", TOLD.loc[rule_id, "distance"])
    if found is None or "H" in TOLD.loc[rule_id, "distance"]:
        return None
    distance = float(found[1])
    least = float(found[2]) if found[2] else WITH_MEASURES.get(rule_id, distance)
    return distance, least


# --- what may be a source, and what a target ---------------------------------------------------------------------

SECTORS = ("制造", "石油化工", "油库")
SUBSTANCES = (
    "汽油",
    "柴油",
    "燃料油",
    "苯胺",
    "苯乙烯",
    "液化石油气",
    "液化天然气",
    "压缩天然气",
    "丙烯",
    "白磷",
    "钾",
    "氯",
)
KINDS = [
    "hazmat_parking",
    "filling_station",
    "tank_farm",
    "process_unit",
    "warehouse",
    "cylinder_depot",
    "flare",
    "jetty",
    "loading",
]


def source_pool():
    rows = [
        ("hazard_sources", {"kind": k, "substance": s, "storage": t, "sector": z})
        for k, s, t, z in product(KINDS, SUBSTANCES, ("pressurised", "refrigerated"), SECTORS)
    ]
    rows += [("gas_pipelines", {"kind": "long_distance", "medium": m}) for m in ("natural_gas", "crude_oil")]
    rows += [
        ("gas_pipelines", {"kind": "town_gas", "pressure_mpa": p, "diameter_mm": d, "wall_mm": w})
        for p, d, w in product((0.005, 0.1, 0.3, 0.6, 1.2, 2.0), (100.0, 500.0), (6.0, 10.0, 12.0))
    ]
    rows += [("parking_lots", {"kind": "hazmat"}), ("crowded_places", {"kind": "middle_school"})]
    return [*rows, *(("enterprises", {"sector": f"烟花爆竹{w}"}) for w in ("零售店", "零售点"))]


def target_pool():
    kinds = ("middle_school", "hospital", "mall", "residential", "hotel", "office")
    rows = [
        ("crowded_places", {"kind": k, "capacity": n, "beds": n, "area_m2": 20 * n, "floors": f})
        for k, n, f in product(kinds, (20.0, 5_000.0), (2.0, 40.0))
    ]
    rows += [
        ("buildings", {"kind": k, "height_m": h, "fire_rating": r, "persons": n, "households": n})
        for k, h, r, n in product(("厂房", "住宅", "学校", "棚"), (6.0, 120.0), (1, 3, 4), (3.0, 5_000.0))
    ]
    rows += [("roads", {"class": c, "width_m": 2.0}) for c in ("motorway", "trunk", "primary", "secondary", "tertiary")]
    rows += [("enterprises", {"sector": "化工制造"})]
    return rows + [
        ("hazard_sources", {"kind": k, "substance": s, "storage": "pressurised", "sector": "制造"})
        for k, s in product(("tank_farm", "warehouse", "process_unit", "filling_station"), SUBSTANCES)
    ]


def options_of(layer, row):
    if layer == "hazard_sources":
        return classify_hazard(row).options
    classify = {"gas_pipelines": classify_pipeline, "parking_lots": classify_parking, "crowded_places": classify_place,
                "enterprises": classify_enterprise}[layer]  # fmt: skip
    found = classify(row)
    return found.options if found else ()


def kind_of(layer, row):
    return target_of_hazard(options_of(layer, row)) if layer == "hazard_sources" else classify_target(layer, row).target


def alone(rule_id, confidence=None):
    """The table of one row."""
    row = RULES.loc[[rule_id]].reset_index(drop=True)
    return row.assign(confidence=confidence) if confidence else row


@cache
def certain_target(name):
    """The first of the pool that is certainly of the class; None where none is."""
    frame = alone("SB001").assign(source_class="x", target_classes=name, distance_m=1.0)
    rules = prepare(frame)
    case = demands([Option(frozenset({"x"}))], rules)
    for layer, row in target_pool():
        if bounds(case, kind_of(layer, row), rules).low == 1.0:
            return layer, row
    return None


@cache
def amounts(rule_id):
    """Volume and stock in the middle of the row's band."""
    row = RULES.loc[rule_id]
    if row["quantity"] == "none":
        return {}
    low = np.nan_to_num(row["lower"])
    high = row["upper"] if np.isfinite(row["upper"]) else 2 * low + 1
    return {"volume_m3": (low + high) / 2} if row["quantity"] == "volume_m3" else {"quantity_t": (low + high) / 2}


STATION_M3 = {"1": 180.0, "2": 120.0, "3": 60.0}


@cache
def candidates():
    """Class -> the rows of the pool that may be of it, whatever their volume."""
    out = {}
    for layer, row in source_pool():
        for name in sorted({c for option in options_of(layer, row) for c in option.classes}):
            out.setdefault(name, []).append((layer, row))
    return out


@cache
def certain_source(rule_id):
    """The first of the pool that the row certainly applies to; None where none is."""
    name = RULES.loc[rule_id, "source_class"]
    rules = prepare(alone(rule_id, "V").assign(reduced_m=np.nan, target_classes="y", distance_m=1.0))
    rules = rules._replace(by_class={k: [r._replace(modifiers=()) for r in v] for k, v in rules.by_class.items()})
    more = amounts(rule_id)
    if found := re.fullmatch(r"filling_station_(petrol|diesel)_class_(\d)", name):
        more = {"volume_m3": STATION_M3[found[2]] * (2 if found[1] == "diesel" else 1)}
    for layer, row in candidates().get(name, []):
        cases = demands(options_of(layer, {**row, **more}), rules)
        if bounds(cases, ((frozenset({"y"}),),), rules).low == 1.0:
            return layer, {**row, **more}
    return None


# --- the tests ------------------------------------------------------------------------------------------------


def test_every_row_of_the_tables_is_in_the_library():
    numbered = [i for i in TOLD.index if written(i)]
    conditional = set(without_number()["rule_id"])
    assert {*IDS, *conditional} == set(TOLD.index)
    assert set(IDS) == set(numbered) - conditional
    assert len(IDS) == 569
    table = standards.table("setbacks").set_index("rule_id")
    numbered = [i for i in conditional if written(i) and pd.notna(table.loc[i, "distance_m"])]
    assert [(i, table.loc[i, "distance_m"]) for i in numbered] == [(i, written(i)[0]) for i in numbered]


def expected_m(rule_id, target):
    """The distances as written, changed by the notes to GB 50016 T4.2.1 where fixed-roof tanks face civil buildings."""
    row = RULES.loc[rule_id]
    distance, least = written(rule_id)
    if row["clause"] == "T4.2.1" and target in CIVIL:
        floor = 25.0 if row["source_class"] == "tank_AB_liquid" else 0.0
        return max(1.25 * distance, floor), max(1.25 * least, floor)
    return distance, least


def place(layer, at, width=0.0):
    if layer == "roads":
        return LineString([(at + width / 2, Y - 30), (at + width / 2, Y + 30)])
    if layer in ("enterprises", "buildings"):
        return box(at, Y - 5, at + 9, Y + 5)
    return Point(at, Y)


def laid(source, target, gaps):
    """Layers with one pair for each gap, pairs far apart."""
    rows = {}
    for i, gap in enumerate(gaps):
        x = X + i * APART
        (a, mine), (b, theirs) = source, target
        shape = LineString([(x, Y - 9), (x, Y + 9)]) if a == "gas_pipelines" else Point(x, Y)
        rows.setdefault(a, []).append({**mine, "id": f"S{i}", "enterprise_id": f"E{i}", "geometry": shape})
        there = place(b, x + gap, theirs.get("width_m", 0.0))
        rows.setdefault(b, []).append({**theirs, "id": f"T{i}", "geometry": there})
    if "sector" in source[1] and source[0] == "hazard_sources":
        firms = [
            {"id": f"E{i}", "sector": source[1]["sector"], "geometry": Point(X, Y + 9_000)} for i in range(len(gaps))
        ]
        rows.setdefault("enterprises", []).extend(firms)
    return {
        k: gpd.GeoDataFrame([{"position_error_m": 0.0, **r} for r in v], geometry="geometry", crs="EPSG:4549")
        for k, v in rows.items()
    }


def verdicts(rule_id, source, target, gaps):
    findings = check_setbacks(laid(source, target, gaps), rules=alone(rule_id), near_miss_m=400.0)
    found = {(r.source_id, r.target_id): r.verdict for r in findings.itertuples()}
    return [found.get((f"S{i}", f"T{i}")) for i in range(len(gaps))]


def sides(distance, least, confidence, slack):
    """(gap, verdict) on each side of both distances."""
    if confidence == "MU":
        return [(distance - STEP, "undecided"), (distance + slack + STEP, "undecided")]
    out = [(least - STEP, "conflict")] if least > STEP else []
    if least < distance:
        out += [(least + STEP, "undecided"), (distance - STEP, "undecided")]
    return [*out, (distance + slack + STEP, "clear")]


def targets_of(rule_id):
    return RULES.loc[rule_id, "target_classes"].split("|")


@pytest.mark.parametrize("block", range(8))
def test_both_sides_of_every_distance(block):
    for rule_id in IDS[block::8]:
        source = certain_source(rule_id)
        for name in targets_of(rule_id)[:2]:
            target = certain_target(name)
            if source is None or target is None:
                continue
            slack = source[1].get("diameter_mm", 0.0) / 2000 if source[0] == "gas_pipelines" else 0.0
            pairs = sides(*expected_m(rule_id, name), TOLD.loc[rule_id, "confidence"], slack)
            gaps = [gap for gap, _ in pairs]
            assert verdicts(rule_id, source, target, gaps) == [v for _, v in pairs], (rule_id, name, pairs)


@pytest.mark.parametrize("rule_id", IDS)
def test_the_bounds_of_every_row(rule_id):
    rules = prepare(alone(rule_id))
    row, amount = RULES.loc[rule_id], amounts(rule_id)
    exact = {k: (v, v) for k, v in amount.items()}
    option = Option(frozenset({row["source_class"]}), exact.get("volume_m3", UNKNOWN), (0.0, 0.0))
    option = option._replace(quantity_t=exact.get("quantity_t", UNKNOWN))
    distance, least = written(rule_id)
    for name in targets_of(rule_id):
        found = bounds(demands([option], rules), ((frozenset({name}),),), rules)
        assert found.high == distance
        assert found.low == (0.0 if TOLD.loc[rule_id, "confidence"] == "MU" else least)
        assert row["confidence"] == TOLD.loc[rule_id, "confidence"]


def test_which_classes_attributes_cannot_settle():
    classes = standards.table("rule_classes")
    shown = {side: set(rows.loc[rows["shown"] == 1, "class"]) for side, rows in classes.groupby("side")}
    lost = {i for i in IDS if certain_source(i) is None}
    by_gas = {i for i in IDS if i.startswith("GC")}  # their source class is their own id
    for rule_id in IDS:
        name = RULES.loc[rule_id, "source_class"]
        dark = name not in shown["source"] and rule_id not in by_gas
        assert (rule_id in lost) == (dark or bool(OPEN_SOURCES.match(name))), (rule_id, name)
    names = {name for i in IDS for name in targets_of(i)}
    laid_out = sum(certain_target(n) is not None for i in IDS if i not in lost for n in targets_of(i)[:2])
    assert laid_out >= 274
    unsettled = {name for name in names if certain_target(name) is None}
    assert unsettled == {n for n in names if n not in shown["target"]} | OPEN_TARGETS
