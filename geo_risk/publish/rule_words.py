"""Chinese for clauses, for what setback rules protect and for what a siting check could not look at; see `words`."""

from __future__ import annotations

import re

from ..standards import table

_CLAUSES = ("setbacks", "gb50028_clearances", "gb55009_ranges", "pipeline_ranges")
# What is told of rules that nothing in the region could be held against, in the region's table and in siting checks.
_UNSEEN = (
    ("rules towards {}: no row given is one", "本区域的图层中没有下列对象，其条文未检查：{}"),
    ("rules without a distance that holds by itself: {}", "没有可独立适用距离的条文：{}"),
    (
        "Regulation on hazardous chemicals art. 19 ({}): {}: no layer",
        "《危险化学品安全管理条例》第十九条第（{}）项：{}：没有图层反映",
    ),
)


def _clause(text: str) -> str:
    """The Chinese of a clause of a table of rules: T4.2.1 note, art. 35(2)."""
    text = re.sub(r"\bT(?=\d)", "表 ", text.replace(" note", " 注"))
    return re.sub(r"art\. ?(\d+)(?:\((\d)\))?", lambda m: f"第 {m[1]} 条" + (f"第（{m[2]}）项" if m[2] else ""), text)


def _clauses() -> tuple[tuple[str, str], ...]:
    """Each clause alone and after the rule and standard it is of, the longest first."""
    written = sorted({c for name in _CLAUSES for c in table(name)["clause"]}, key=lambda c: (-len(c), c))
    told = [(c, _clause(c)) for c in written]
    return tuple(p for c, zh in told if zh != c for p in ((c, zh), (f"{{}} {c}", f"{{}} {zh}")))


def _items() -> tuple[tuple[str, str], ...]:
    """What art. 19 keeps clear of, as lists of it are taken apart, and pairs no rule could judge."""
    rows = table("art19_groups")[["item_en", "item_zh"]].itertuples(index=False)
    items = [p for en, zh in rows for p in zip(en.split(", "), zh.split("、", en.count(", ")), strict=True)]
    return (*items, *table("unruled_pairs")[["what_en", "what_zh"]].itertuples(index=False, name=None))


# Patterns that fit much: last of all.
CLAUSE_WORDS = _clauses()
# (English or class of standards/setbacks.csv, Chinese).
RULE_WORDS = (
    *_items(),
    *_UNSEEN,
    *((f"setbacks: {en}", f"间距：{zh}") for en, zh in _UNSEEN),
    ("setbacks: the region has no layer {}", "间距：本区域没有图层“{}”"),
    ("setbacks: {}: {}", "间距：{}：{}"),
    ("{} ({}): no distance was recovered", "{}（{}）：未能取得间距数值"),
    ("not among [setbacks] standards", "不在 [setbacks] 的 standards 之列"),
    ("in force from {}, after the data date {}", "自 {} 起实施，晚于数据日期 {}"),
    ("not in force any more from {}, data date {}", "自 {} 起废止，数据日期为 {}"),
    ("switched off by [setbacks] off", "由 [setbacks] 的 off 停用"),
    ("as something to keep clear of: no outline, so its boundary is unknown", "作为避让对象的企业没有边界，其范围不明"),
    ("no verified distance for hazardous-chemical pipelines", "危险化学品管道没有已核实的间距条文"),
    ("kind of pipeline unknown", "管道类别不明"),
    ("kind of car park unknown", "停车场类别不明"),
    ("no distance table for kind '{}'", "类型“{}”没有间距表"),
    ("no distance table recovered for tanks of {}", "{}储罐的间距表未能取得"),
    ("no distance table recovered for process units with {}", "含{}的工艺装置的间距表未能取得"),
    ("no distance table recovered for stores of {}", "{}仓库的间距表未能取得"),
    ("no distance table recovered for flares of sector '{}'", "行业“{}”的火炬的间距表未能取得"),
    ("no distance table recovered for kind '{}' but those of oil depots", "类型“{}”只取得石油库的间距表"),
    ("town gas pipe of {} is above the classes of GB 50028", "城镇燃气管道压力 {}，超出 GB 50028 的分级"),
    ("of {} is above the classes of GB 50028", "压力 {}，超出 GB 50028 的分级"),
    ("no geometry", "没有位置"),
    ("closed", "已停用"),
    ("volume lies outside the table of {} ({} to {} m3)", "容积超出{}间距表的范围（{} 至 {} m³）"),
    (
        "sector unknown: no petrochemical (GB 50160) or oil depot (GB 50074) distance applied",
        "行业不明：未应用石油化工（GB 50160）或石油库（GB 50074）间距",
    ),
    ("hydrogen refuelling: its table was not recovered", "加氢站的间距表未能取得"),
    (
        "risk: quantified risk is off in this region: the sum with what is there is unknown",
        "风险：本区域未开启定量风险计算，无法与现有风险叠加",
    ),
    (
        "risk: quantified risk is off in this region: write quantified = true under [risk]",
        "风险：本区域未开启定量风险计算，请在 [risk] 下写 quantified = true",
    ),
    ("societal risk: quantified risk is off in this region", "社会风险：本区域未开启定量风险计算"),
    (
        "societal risk: capacity of the place is not given: nobody counted in it",
        "社会风险：未给出场所人数，场所内按无人计",
    ),
    ("risk: {}: {}", "风险：{}：{}"),
    ("water: the region has no layer water", "水体：本区域没有水系图层"),
    (
        "flood and geological hazard areas, active faults: no such layer (Regulation on hazardous chemicals art. 19)",
        "洪涝、地质灾害易发区和活动断层：没有相应图层（《危险化学品安全管理条例》第十九条）",
    ),
    ("pipelines: the region has no layer gas_pipelines", "管道：本区域没有油气管线图层"),
    ("rescue: the region has no roads or no emergency facilities", "应急救援：本区域没有道路或应急力量图层"),
    ("access for tankers: the region has no roads", "运输通道：本区域没有道路图层"),
    ("tank_AB_liquid", "甲、乙类液体储罐"),
    ("tank_C_liquid", "丙类液体储罐"),
    ("lpg_tank", "液化石油气储罐"),
    ("AB_tank", "甲、乙类储罐"),
    ("AB_warehouse", "甲、乙类仓库"),
    ("AB_workshop", "甲、乙类厂房"),
    ("CD_warehouse", "丙、丁、戊类仓库"),
    ("CD_workshop", "丙、丁、戊类厂房"),
    ("C_tank", "丙类储罐"),
    ("adjacent_factory", "相邻工厂"),
    ("airport", "机场"),
    ("anchoring_or_dredging_works", "抛锚、挖砂作业"),
    ("any_building", "建筑物"),
    ("buried_AB_tank_50m3", "50 m³ 以下埋地甲、乙类油罐"),
    ("buried_liquefied_hydrocarbon_pipeline", "埋地液化烃管道"),
    ("buried_regional_gas_pipeline", "埋地区域输气管道"),
    ("buried_regional_oil_pipeline", "埋地区域输油管道"),
    ("civil_building", "民用建筑"),
    ("civil_building_low", "单、多层民用建筑"),
    ("civil_building_other", "其他民用建筑"),
    ("class_A_warehouse", "甲类仓库"),
    ("combustible_gas_tank", "可燃气体储罐"),
    ("crowded_place", "人员密集场所"),
    ("enterprise_siding", "企业铁路专用线"),
    ("expressway_or_class_1_2_road_edge", "高速公路、一级或二级公路"),
    ("expressway_or_class_1_road_edge", "高速公路、一级公路"),
    ("expressway_or_urban_arterial_edge", "高速公路、城市快速路或主干路"),
    ("ferry", "渡口"),
    ("filling_station", "加油加气站"),
    ("highrise_civil", "高层民用建筑"),
    ("highway_land_boundary", "公路用地外缘"),
    ("highway_tunnel_portal", "公路隧道口"),
    ("important_public_building", "重要公共建筑物"),
    ("industrial_enterprise", "工矿企业"),
    ("industrial_railway", "工业企业铁路"),
    ("large_highway_bridge", "中型以上公路桥梁"),
    ("main_road_edge", "主要道路"),
    ("minor_road_edge", "次要道路"),
    ("national_railway", "国家铁路"),
    ("national_railway_centreline", "国家铁路中心线"),
    ("navigable_river_or_coast", "通航江河、海岸"),
    ("offsite_enterprise_railway", "厂外企业铁路"),
    ("offsite_railway_centreline", "厂外铁路中心线"),
    ("offsite_road_edge", "厂外道路"),
    ("oil_jetty_front", "装卸油码头"),
    ("open_flame", "明火或散发火花地点"),
    ("other_building_fire_rating_1-2", "一、二级耐火等级建筑"),
    ("other_building_fire_rating_3", "三级耐火等级建筑"),
    ("other_building_fire_rating_4", "四级耐火等级建筑"),
    ("other_civil", "其他民用建筑"),
    ("other_road_edge", "其他道路"),
    ("outdoor_substation", "室外变、配电站"),
    ("overhead_power_line", "架空电力线"),
    ("oxidising_gas_tank", "助燃气体储罐"),
    ("protected_building_class_1", "一类保护物"),
    ("protected_building_class_2", "二类保护物"),
    ("protected_building_class_3", "三类保护物"),
    ("public_building", "公共建筑"),
    ("public_welfare", "公共福利设施"),
    ("quarry_or_blasting_works", "采石、爆破作业"),
    ("railway", "铁路"),
    ("railway_marshalling_yard", "铁路编组站"),
    ("reservoir_or_hydraulic_works", "水库、水工建筑物"),
    ("residential", "居住建筑"),
    ("residential_area", "居住区"),
    ("residential_compound_entrance", "小区出入口"),
    ("residential_settlement", "居民区、村庄"),
    ("road", "道路"),
    ("sea_port_quay", "海港码头"),
    ("state_comm_line", "国家通信线路"),
    ("substation_wall", "变电站围墙"),
    ("surface_metro", "地面轨道交通"),
    ("timber_yard", "木材堆场"),
    ("urban_arterial_or_class_1_2_road_edge", "城市主干路、一级或二级公路"),
    ("urban_minor_or_class_3_4_road_edge", "城市次干路、支路或三级、四级公路"),
    ("village", "村镇"),
    ("enterprises", "企业"),
    ("hazard_sources", "危险源"),
    ("gas_pipelines", "油气管线"),
    ("parking_lots", "停车场"),
    ("crowded_places", "人员密集场所"),
    ("buildings", "建筑"),
    ("roads", "道路"),
    ("population", "居民点"),
    ("emergency_facilities", "应急力量"),
    ("hidden_dangers", "重大事故隐患"),
    ("risk_points", "风险点"),
    ("landuse", "用地"),
    ("water", "水系"),
    ("{}_link", "{}匝道"),
)
