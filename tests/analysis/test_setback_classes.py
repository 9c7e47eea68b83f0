"""What attributes make of a hazard or a place, and what they leave open."""

import numpy as np
import pytest

from geo_risk.analysis.source_classes import (
    ANY_SITE,
    classify_enterprise,
    classify_hazard,
    classify_parking,
    classify_pipeline,
    classify_place,
)
from geo_risk.analysis.target_classes import NOTHING, classify_target, target_of_hazard


def hazard(sector="制造", **row):
    """The sets of classes a hazard source may be, without the layer's own and the highway rule's classes."""
    source = classify_hazard(row, sector)
    own = {frozenset(c for c in o.classes - ANY_SITE if ":" not in c) for o in source.options}
    return sorted(map(sorted, own)), source


def place(**row):
    """The classes of a crowded place: certain ones, and possible ones."""
    target = classify_target("crowded_places", row).target
    certain = {c for q in target if len(q) == 1 for c in q[0]}
    return certain, {c for q in target for answer in q for c in answer}


@pytest.mark.parametrize(
    ("row", "options"),
    [
        ({"kind": "hazmat_parking"}, [["hazmat_vehicle_park"]]),
        ({"kind": "tank_farm", "substance": "甲醇"}, [["tank_AB_liquid"]]),
        ({"kind": "tank_farm", "substance": "柴油"}, [["tank_AB_liquid"], ["tank_C_liquid"]]),
        ({"kind": "tank_farm", "substance": "液化石油气"}, [["lpg_tank"]]),
        ({"kind": "tank_farm", "substance": "LNG"}, [["lng_tank"]]),
        ({"kind": "tank_farm", "substance": "天然气", "storage": "pressurised"}, [[], ["lng_tank"]]),
        ({"kind": "gas_station", "substance": "天然气"}, [[]]),
        ({"kind": "tank_farm", "substance": "液氯"}, [[]]),
        ({"kind": "process_unit", "substance": "甲醇"}, [["class_A_workshop"]]),
        ({"kind": "process_unit", "substance": "苯乙烯"}, [[]]),
        ({"kind": "warehouse", "substance": "电石"}, [["class_A_warehouse", "class_A_warehouse_items_1_2_5_6"]]),
        ({"kind": "warehouse", "substance": "黄磷"}, [["class_A_warehouse", "class_A_warehouse_items_3_4"]]),
        (
            {"kind": "warehouse", "substance": "煤油"},
            [["class_B_warehouse_not_item_6", "class_B_warehouse_not_items_5_6"]],
        ),
        ({"kind": "warehouse", "substance": "氧"}, [["class_B_warehouse_not_item_6"]]),
        ({"kind": "cylinder_depot"}, [["lpg_cylinder_depot"]]),
        ({"kind": "flare"}, [[]]),
        ({"kind": "waterworks", "substance": "液氯"}, [[]]),
        ({"kind": "tank_farm", "hazard_class": "W5.3"}, [["tank_AB_liquid"]]),
    ],
)
def test_hazard_classes(row, options):
    found, source = hazard(**row)
    assert found == options
    assert bool(source.gap) == (options == [[]])


def test_an_unknown_substance_may_be_anything():
    found, source = hazard(kind="tank_farm")
    assert found == [[], ["lpg_tank"], ["tank_AB_liquid"], ["tank_C_liquid"]]
    assert "substance unknown" in source.reason
    assert [] in hazard(kind="warehouse", substance="神秘物")[0]


@pytest.mark.parametrize(
    ("sector", "options"),
    [
        ("石油化工", [["petrochem_AB_liquid_tank_group", "tank_AB_liquid"]]),
        ("化学原料", [["petrochem_AB_liquid_tank_group", "tank_AB_liquid"], ["tank_AB_liquid"]]),
        ("油库", [["oil_depot_row_1"]]),
        ("仓储物流", [["oil_depot_row_1"], ["tank_AB_liquid"]]),
        ("食品", [["tank_AB_liquid"]]),
    ],
)
def test_the_sector_decides_which_table(sector, options):
    assert hazard(sector, kind="tank_farm", substance="汽油")[0] == options


def test_an_unknown_sector_is_told():
    assert "sector unknown" in hazard("", kind="tank_farm", substance="甲醇")[1].reason


def test_volume_from_quantity_by_density():
    (source,) = {o.volume_m3 for o in hazard(kind="tank_farm", substance="甲醇", quantity_t=800)[1].options}
    # 800 t at 785 to 800 kg/m3, tanks 80 to 100 % full
    assert source == pytest.approx((1000, 800 / 0.785 / 0.8))
    (unknown,) = {o.volume_m3 for o in hazard(kind="tank_farm", substance="甲醇")[1].options}
    assert unknown == (0, np.inf)


@pytest.mark.parametrize(
    ("row", "options"),
    [
        ({"name": "某加油站", "volume_m3": 60}, ["petrol_class_3"]),
        ({"name": "某加油站", "volume_m3": 180}, ["petrol_class_1", "petrol_class_2", "petrol_class_3"]),
        ({"substance": "汽油", "volume_m3": 180}, ["petrol_class_1"]),
        ({"substance": "柴油", "volume_m3": 180}, ["diesel_class_3"]),
        ({"substance": "汽油", "volume_m3": 400}, ["petrol_class_1"]),
        ({}, ["petrol_class_1", "petrol_class_2", "petrol_class_3"]),
    ],
)
def test_station_classes(row, options):
    found, _ = hazard(kind="filling_station", **row)
    assert [c for classes in found for c in classes if "_class_" in c] == [f"filling_station_{o}" for o in options]


def test_gas_stations():
    assert hazard(kind="filling_station", name="LNG加气站")[0][0] == [
        "lng_refuelling_class_1",
        "lng_refuelling_dispenser",
    ]
    both = hazard(kind="filling_station", name="CNG加油加气站", volume_m3=60)[0]
    assert len(both) == 1
    assert {"cng_refuelling_cylinders", "filling_station_petrol_class_3"} <= set(both[0])
    assert "hydrogen" in hazard(kind="filling_station", name="加氢站")[1].gap


def test_pipelines_parks_and_shops():
    assert classify_pipeline({"kind": "hazmat"}).gap
    assert classify_pipeline({}).gap == "kind of pipeline unknown"
    assert "above the classes" in classify_pipeline({"kind": "town_gas", "pressure_mpa": 6.3}).gap
    assert classify_parking({"kind": "general"}) is None
    assert classify_parking({"name": "危化品停车场"}).options
    assert classify_parking({}).gap
    assert classify_enterprise({"sector": "纺织"}) is None
    # AQ 4128 has a distance of shops beyond that of every retail point
    shop, point = {"fireworks_retail_point", "fireworks_retail_shop"}, {"fireworks_retail_point"}
    told = {"零售店": [shop], "零售点": [point], "零售": [point, shop], "": [point, shop, set()]}
    for words, classes in told.items():
        found = classify_enterprise({"sector": f"烟花爆竹{words}"}).options
        assert [o.classes - {"enterprises:fireworks"} for o in found] == classes


@pytest.mark.parametrize(
    ("row", "protected"),
    [
        ({"kind": "middle_school", "capacity": 501}, "important_public_building"),
        ({"kind": "middle_school", "capacity": 500}, "protected_building_class_1"),
        ({"kind": "kindergarten", "capacity": 201}, "important_public_building"),
        ({"kind": "kindergarten", "capacity": 200}, "protected_building_class_1"),
        ({"kind": "hospital", "beds": 150}, "important_public_building"),
        ({"kind": "elderly_home", "beds": 149}, "protected_building_class_1"),
        ({"kind": "mall", "area_m2": 20001}, "important_public_building"),
        ({"kind": "market", "area_m2": 6001}, "protected_building_class_1"),
        ({"kind": "entertainment", "capacity": 1501}, "important_public_building"),
        ({"kind": "station", "capacity": 801}, "protected_building_class_1"),
    ],
)
def test_protected_building_classes(row, protected):
    assert protected in place(**row)[0]


def test_missing_sizes_keep_both_classes():
    certain, possible = place(kind="primary_school")
    assert not {"important_public_building", "protected_building_class_1"} & certain
    assert {"important_public_building", "protected_building_class_1"} <= possible
    assert "protected_building_class_2" not in possible
    certain, possible = place(kind="market", area_m2=500)
    assert {"protected_building_class_2", "protected_building_class_3"} <= possible
    assert "important_public_building" not in possible


def test_places_are_crowded_civil_and_of_some_height():
    certain, possible = place(kind="primary_school", capacity=300)
    assert {"crowded_place", "public_welfare", "public_building"} <= certain
    assert "highrise_civil" not in possible  # teaching buildings are kept to a few floors
    assert "highrise_civil" in place(kind="hotel", floors=20)[0]
    assert "highrise_civil" not in place(kind="hotel", floors=3)[1]
    assert "highrise_civil" in place(kind="hotel")[1] - place(kind="hotel")[0]
    assert "crowded_place" not in place(kind="residential", capacity=1200)[1]
    assert {"residential_area", "residential_settlement"} <= place(kind="residential", capacity=1200)[0]
    assert "residential_area" not in place(kind="residential", capacity=900)[1]


def building(**row):
    return classify_target("buildings", row).target


def test_buildings():
    heights = {c for q in building(kind="住宅", height_m=80) for a in q for c in a}
    assert "highrise_civil" in heights
    assert "civil_building_low" not in heights
    low = {c for q in building(kind="住宅", height_m=27, fire_rating=2) for a in q for c in a}
    assert "civil_building_low" in low
    assert {c for c in low if c.startswith("other_building")} == {
        "other_building_fire_rating_1-2",
        "other_building_fire_rating_1-2+civil",
    }
    assert {c for q in building(kind="garage") for a in q for c in a} == {"any_building", "buildings:shed"}
    works = {c for q in building(kind="厂房") for a in q for c in a}
    assert "CD_workshop" in works
    assert "civil_building" not in works
    unknown = building(kind="yes")
    assert all(len(q) > 1 for q in unknown[1:])  # nothing about it is certain but that it is a building
    assert all("any_building" in a for q in unknown for a in q if any("building_fire" in c for c in a))


def test_roads():
    def edges(name):
        target = classify_target("roads", {"class": name}).target
        return [sorted(c for c in a if ":" not in c) for q in target for a in q]

    assert ["highway_land_boundary"] in edges("motorway")
    assert ["offsite_road_edge", "road"] in edges("residential")
    assert [] in edges("service")
    assert edges("motorway_link") == edges("motorway")
    assert len(edges("")) > len(edges("primary"))


def test_hazards_as_targets():
    options = classify_hazard({"kind": "tank_farm", "substance": "甲醇"}, "食品").options
    ((answer,),) = target_of_hazard(options)
    assert {"AB_tank", "hazard_sources:tank_farm"} == set(answer)
    plant = classify_target("enterprises", {"sector": "金属制品"}).target
    assert plant == ((frozenset({"industrial_enterprise", "adjacent_factory"}),),)
    assert classify_target("enterprises", {"sector": "零售"}).target == ((NOTHING,),)
    assert len(classify_target("enterprises", {}).target[0]) == 2


@pytest.mark.parametrize(
    ("row", "sector", "classes"),
    [
        # GB 50074: a jetty without vapour recovery counts as a tank group, rail and road loading one row below
        ({"kind": "jetty", "substance": "汽油"}, "油库", [{"oil_depot_row_1"}, {"oil_depot_row_3"}]),
        ({"kind": "loading", "substance": "汽油"}, "油库", [{"oil_depot_row_2"}, {"oil_depot_row_3"}]),
        ({"kind": "loading", "substance": "燃料油"}, "油库", [{"oil_depot_row_3"}]),
        ({"kind": "loading", "substance": "汽油"}, "港口", [set(), {"oil_depot_row_2"}, {"oil_depot_row_3"}]),
        ({"kind": "loading", "substance": "苯"}, "油库", []),
        ({"kind": "other", "name": "中央控制室"}, "石油化工", [{"petrochem_key_facility"}, set()]),
        ({"kind": "other", "name": "中央控制室"}, "纺织", []),
        ({"kind": "other", "name": "泵房"}, "石油化工", []),
    ],
)
def test_loading_places_and_key_facilities(row, sector, classes):
    found = classify_hazard(row, sector)
    general = {f"hazard_sources:{row['kind']}", "any_hazmat_site", "any_hazmat_site_except_fuelling"}
    kinds = list(dict.fromkeys(frozenset(o.classes - general) for o in found.options))
    assert kinds == (classes or [frozenset()])
    assert bool(found.gap) == (not classes)


def test_only_schools_are_sources_among_places():
    assert classify_place({"kind": "middle_school"}).options[0].classes == {"school"}
    assert classify_place({"kind": "kindergarten"}) is None
    assert classify_place({}) is None


@pytest.mark.parametrize(("road", "may"), [("motorway", True), ("primary", None), ("residential", False)])
def test_roads_a_school_keeps_clear_of(road, may):
    fast = "expressway_or_urban_arterial_edge"
    (question,) = [q for q in classify_target("roads", {"class": road}).target if any(fast in a for a in q)] or [()]
    assert {True: len(question) == 1, None: len(question) == 2, False: not question}[may]
