"""Chinese for the sentences that results are explained with: reasons, verdicts, scenarios.

Results give their reasons in English, as pieces joined by "; ", each one of a few patterns. A pattern is a
sentence with ``{}`` where a value stands, which is translated in turn; the first pattern that fits a piece counts,
and a piece that fits none stays as it is. The map page applies the same table (web/src/i18n.ts).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from .. import schema
from .pipelines import PIPE_SENTENCES
from .plans import PLAN_SENTENCES
from .risk_words import RISK_WORDS
from .road_words import ROAD_WORDS
from .rule_words import CLAUSE_WORDS, RULE_WORDS
from .source_words import LOOSE, SOURCE_WORDS

# (English, Chinese); more particular patterns first.
_SENTENCES = (
    # protection targets and their verdicts
    ("dwellings of one row of the population layer, taken as one settlement, persons {}, households {}",
     "人口图层一行所含住宅按一个居民点计，{} 人，{} 户"),
    ("dwellings of one row of the population layer, taken as one settlement, persons {}",
     "人口图层一行所含住宅按一个居民点计，{} 人"),
    ("dwellings of one row of the population layer, taken as one settlement, households {}",
     "人口图层一行所含住宅按一个居民点计，{} 户"),
    ("dwellings of one row of the population layer, taken as one settlement", "人口图层一行所含住宅按一个居民点计"),
    ("unverified numbers decide", "结论取决于未经核实的数值"),
    ("its group is open", "目标类别尚未确定"),
    ("where people are within the outline is not known", "轮廓内人员所在位置不明"),
    ("between the limits its group may have", "介于可能适用的限值之间"),
    ("{} sources within {} m are not quantified", "{1} m 内有 {0} 个风险源未量化"),
    ("what it is used for not known", "用途不明"),
    ("what it is used for", "用途"),
    ("up to {} m may be required, depending on what is not known", "视未知属性，最大可能要求 {} m"),
    ("{} and {} not known", "{}、{}不明"),
    ("{} not known", "{}不明"),
    ("impossible values", "数值不合理"),
    ("industrial enterprise ({}), staff {}", "工业企业（{}），从业 {} 人"),
    ("industrial enterprise ({})", "工业企业（{}）"),
    ("not an industrial enterprise ({})", "非工业企业（{}）"),
    ("enterprise of unclear sector ({}), staff {}", "行业性质不明的企业（{}），从业 {} 人"),
    ("enterprise of unclear sector ({})", "行业性质不明的企业（{}）"),
    ("not given", "未填写"),
    ("crowded place: {}, {} {}, {} {}", "人员密集场所：{}，{} {}，{} {}"),
    ("crowded place: {}, {} {}", "人员密集场所：{}，{} {}"),
    ("crowded place: {}", "人员密集场所：{}"),
    ("dwelling ({}), persons {}, households {}", "住宅（{}），{} 人，{} 户"),
    ("dwelling ({}), {} {}", "住宅（{}），{} {}"),
    ("dwelling ({})", "住宅（{}）"),
    ("public building ({}), {} {}", "公共建筑（{}），{} {}"),
    ("public building ({})", "公共建筑（{}）"),
    ("industrial building ({})", "工业建筑（{}）"),
    ("outbuilding ({})", "附属用房（{}）"),
    ("worst cell of the outline", "轮廓内风险最高的格点"),
    ("worst cell within {} m", "{} m 范围内风险最高的格点"),
    ("point", "目标点位"),
    ("high_sensitivity", "高敏感防护目标"),
    ("important", "重要防护目标"),
    ("general_1", "一般防护目标一类"),
    ("general_2", "一般防护目标二类"),
    ("general_3", "一般防护目标三类"),
    ("new: {}", "新建装置：{}"),
    ("in_service: {}", "在役装置：{}"),
    ("residential", "居住"),
    # what could not be quantified
    ("its quantity is {} t.", "存量为 {} t。"),
    ("its volume is {} m3.", "容积为 {} m³。"),
    ("{} neither burns as stored here nor has a toxic probit in the set '{}'.",
     "{}在此储存条件下不可燃，且“{}”中无其毒性概率函数。"),
    ("{} does not burn, and no scenario lets its poison out of {}.", "{}不可燃，且没有情景使其毒物自{}逸出。"),
    ("less than can do harm would leave it.", "泄漏量不足以造成伤害。"),
    ("'{}' is a solution", "“{}”为溶液"), ("its vapour is not that of the pure substance.", "其蒸气与纯物质不同。"),
    ("Nothing, if that is so.", "如属实则无需补充。"),
    ("A probit of the substance, where it is toxic; nothing where it is harmless.",
     "有毒物质需其概率函数；无害物质无需补充。"),
    ("Write a quantity above 0, at most {} t.", "请填写大于 0、不超过 {} t 的存量。"),
    # equipment, scenarios, outcomes
    ("pipeline", "管道"), ("pressure_vessel", "压力容器"), ("process_vessel", "工艺容器"),
    ("underground_tank", "埋地罐"), ("atmospheric_single", "常压单容罐"), ("atmospheric_double", "常压双容罐"),
    ("atmospheric_full", "常压全容罐"), ("tanker_pressurised", "压力槽车"), ("tanker_atmospheric", "常压槽车"),
    ("hose", "装卸软管"), ("arm", "装卸臂"), ("cylinder", "钢瓶"), ("drum_store", "桶装仓库"), ("warehouse", "仓库"),
    ("store", "仓库"), ("pump", "泵"), ("reactor", "反应器"),
    ("instantaneous", "瞬时全部泄漏"),
    ("ten_minutes", "10分钟内全部泄漏"),
    ("large_hole", "大孔泄漏"),
    ("hole", "小孔泄漏"),
    ("pinhole", "针孔泄漏"), ("rupture", "破裂"), ("leak", "泄漏"), ("detonation", "爆轰"), ("fire", "火灾"),
    ("isolated", "已切断"), ("not_isolated", "未切断"),
    ("toxic", "中毒"), ("flash_fire", "闪火"), ("pool_fire", "池火"), ("jet_fire", "喷射火"), ("fireball", "火球"),
    ("explosion", "爆炸"), ("none", "无伤害"), ("any", "任意"),
    ("gas", "气体"), ("liquefied", "压力液化"), ("refrigerated", "低温液化"), ("liquid", "液体"), ("solid", "固体"),
    # zones of an accident
    ("death in the open", "室外人员死亡概率"), ("death", "死亡"), ("heat", "热辐射"), ("overpressure", "超压"),
    ("certain death; damage to equipment", "人员死亡；设备损坏"),
    ("certain death", "人员死亡"),
    ("damage to equipment", "设备损坏"),
    ("wood may ignite; screening for domino effects", "木材可被引燃；多米诺效应筛选值"),
    ("wood may ignite", "木材可被引燃"), ("screening for domino effects", "多米诺效应筛选值"),
    ("pain within 20 s; injury", "20秒内疼痛；受伤"), ("pain within 20 s", "20秒内疼痛"), ("injury", "受伤"),
    ("death in the open and indoors; equipment fails", "室内外死亡；设备失效"),
    ("death in the open and indoors", "室内外人员死亡"), ("equipment fails", "设备失效"),
    ("houses damaged", "房屋受损"), ("2.5 % die indoors", "室内2.5%死亡"), ("windows break", "门窗玻璃破碎"),
    ("{}, {} min", "{}，{} 分钟"), ("reached after {} min", "{} 分钟后到达"), ("{} front", "{} 前锋"),
    ("probability", "概率"), ("ERG isolation", "ERG 初始隔离"), ("ERG protection", "ERG 防护"),
    ("keep out", "禁入区"),
    ("wind below the validity of the dense-gas correlation", "风速低于重气关联式适用范围"),
    (
        "reaches beyond the dense-gas correlation, where its tail over open ground ignores urban roughness",
        "影响距离超出重气关联式范围，其尾部按开阔地计，未计城区粗糙度",
    ),
    *RISK_WORDS,
    *ROAD_WORDS,
    *SOURCE_WORDS,
    *PIPE_SENTENCES,
    *PLAN_SENTENCES,
    *RULE_WORDS,
    # setbacks
    ("source: {}", "源：{}"), ("target: {}", "目标：{}"), ("planned, not built yet", "拟建，尚未建成"),
    ("{}, sector unknown: no petrochemical (GB 50160) or oil depot (GB 50074) distance applied",
     "{}，行业不明：未应用石油化工（GB 50160）或石油库（GB 50074）间距"),
    ("{}, with others in its unit", "{}，含同单元其他储罐"),
    ("town gas pipe, {}", "城镇燃气管道，{}"),
    ("filling station, taken to sell petrol and diesel, {}", "加油加气站（按经营汽油、柴油计），{}"),
    ("filling station, {}", "加油加气站，{}"),
    ("tanks of {}, {}", "{}储罐，{}"), ("process unit with {}", "含{}的工艺装置"), ("school ({})", "学校（{}）"),
    ("LPG cylinder depot, {}", "瓶装液化气供应站，{}"), ("store of {}, stock unknown", "{}储存，存量不明"),
    ("jetty of {}", "{}码头"), ("loading of {}", "{}装卸点"), ("flare", "火炬"), ("kind unknown", "类型不明"),
    ("flare, which may or may not carry liquid", "火炬（是否带液不明）"),
    ("may be a plant-wide key facility, by its name", "按名称可能为全厂性重要设施"),
    ("fireworks retail", "烟花爆竹零售"), ("fireworks, retail or works", "烟花爆竹（零售或生产）"),
    ("{} t or {} to {} m3", "{} t 或 {} 至 {} m³"), ("{} m3", "{} m³"), ("substance unknown", "物质不明"),
    ("volume unknown", "容积不明"), ("medium unknown", "介质不明"), ("pressure unknown", "压力不明"),
    ("building of unknown use ({})", "用途不明的建筑（{}）"), ("building of unknown use", "用途不明的建筑"),
    ("dwelling", "住宅"), ("public building", "公共建筑"), ("road class unknown", "道路等级不明"),
    ("{}, {} unknown", "{}，{}不明"), ("long-distance pipeline, {}", "长输管道，{}"),
    ("natural_gas", "天然气"),
    ("hazmat car park", "危货车辆停车场"),
    ("LPG cylinder depot, {} m3", "瓶装液化气供应站，{} m³"),
    ("store of {}, {} t", "{}储存，{} t"), ("road class {}", "道路等级 {}"),
    ("{} m (± {} m) keeps the {} m of {}", "{0} m（±{1} m）满足{3}的 {2} m"),
    ("{} m (± {} m) is less than the {} m of {}", "{0} m（±{1} m）小于{3}的 {2} m"),
    ("{} m (± {} m), {} m may be required by {}", "{0} m（±{1} m），{3}可能要求 {2} m"),
    ("one lies inside the other's site and may be part of it", "一方位于另一方的场所内，可能属于该场所"),
    ("the edge may be {} m nearer: the width is not given", "未填宽度，边缘可能近 {} m"),
    ("only {} m is certain: it depends on attributes that are missing or on measures taken",
     "仅 {} m 可以确定：其余取决于缺少的属性或已采取的措施"),
    ("unverified rule: it settles nothing alone", "条文未经核实，不能单独作为结论"),
    ("needs {} of {}", "{1}：{0}"), ("exact road type", "确切道路性质"),
    ("volume_m3 or quantity_t", "容积（m³）或存量（t）"), ("floors or height_m", "层数或高度（m）"),
    ("exact type", "确切类型"), ("substance", "物质"), ("volume_m3", "容积（m³）"), ("quantity_t", "存量（t）"),
    ("storage", "储存方式"), ("sector", "行业"), ("medium", "介质"), ("pressure_mpa", "压力（MPa）"),
    ("diameter_mm", "管径（mm）"), ("wall_mm", "壁厚（mm）"), ("kind", "类型"), ("floors", "层数"),
    ("height_m", "高度（m）"), ("fire_rating", "耐火等级"), ("class", "道路等级"), ("width_m", "路宽（m）"),
    ("the position errors allow both answers", "位置误差内两种结论均有可能"),
    ("{}, {} {} (above {}: important public building)", "{}，{} {}（大于 {}：重要公共建筑物）"),
    ("{}, {} {} (protected building class {})", "{}，{} {}（保护民用建筑{}类）"),
    ("2 or 3", "二或三"),
    # index and grades
    ("own index {} ({})", "自身指数 {}（{}）"), ("red", "红"), ("orange", "橙"), ("yellow", "黄"), ("blue", "蓝"),
    ("self-reported {} is better than this grade", "自评{}低于本等级"),
    ("self-reported {} is worse than this grade", "自评{}高于本等级"),
    ("major hazard level {}: at least {}", "{}级重大危险源：至少为{}"),
    ("{} % of the area is {} or worse (minimum {} %)", "{} % 的面积为{}及以上（下限 {} %）"),
    ("{}% of the area is {} or worse (minimum {}%)", "{} % 的面积为{}及以上（下限 {} %）"),
    ("{}% of the area is {} (minimum {}%)", "{} % 的面积为{}（下限 {} %）"),
    ("{}: score {}, reach {} m", "{}：源强 {}，影响半径 {} m"),
    ("self-reported {}", "自评{}"), ("major hazard level {}", "{}级重大危险源"),
    ("not among the sources", "不在风险源之列"),
    ("chemicals", "化工"), ("plastics or rubber", "塑料橡胶"), ("other manufacturing", "其他制造业"),
    ("textiles, fire load", "纺织（火灾荷载）"), ("paper and printing, fire load", "造纸印刷（火灾荷载）"),
    ("cold store, ammonia possible", "冷库（可能用氨）"), ("combustible dust", "可燃粉尘"), ("services", "服务业"),
    ("molten metal or metal dust", "金属冶炼或金属粉尘"), ("surface treatment", "表面处理"),
    ("pharmaceuticals", "医药"),
    ("special gases or batteries", "特种气体或电池"), ("gas trade or supply", "燃气经营"),
    ("fuel retail", "成品油零售"),
    ("makes or keeps explosives", "民爆物品生产储存"), ("ship building", "船舶修造"), ("building materials", "建材"),
    ("regulated for toxic or hazardous chemicals", "涉有毒或危险化学品监管"), ("power or heat", "电力热力"),
    ("waste or waste water", "废物或污水处理"), ("goods transport", "货物运输"), ("port", "港口"),
    ("storage, goods not known", "仓储（货物不明）"), ("building firm's office or yard", "建筑企业办公或料场"),
    ("trade not known or not listed: cautious default", "行业不明或未列：取保守值"),
    ("self-reported blue, trade not known", "自评蓝，行业不明"),
    ("closed or planned: not graded", "已关闭或未建成：不分级"),
    ("filling station", "加油加气站"), ("bottled-gas depot", "瓶装气站"), ("flammable gas", "易燃气体"),
    ("flammable liquid", "易燃液体"), ("toxic by inhalation", "吸入有毒"), ("loading place", "装卸点"),
    ("{} residents in {} (minimum {})", "等级为{1}处居民 {0} 人（下限 {2}）"),
    ("enterprises graded {}: {} (minimum {})", "评为{}的企业 {} 家（下限 {}）"),
    ("no road within {} m", "{} m 内没有道路"),
    ("{} or worse", "{}及以上"), ("no grade reaches a minimum", "各等级均未达下限"),
    ("{}% of the enterprises are {} (minimum {}%)", "{} % 的企业为{}（下限 {} %）"),
    ("{}% of the length is {} (minimum {}%)", "{} % 的长度为{}（下限 {} %）"),
    ("{}% of the length has segments {} (minimum {}%)", "{} % 长度的管段或路段为{}（下限 {} %）"),
    ("red as {} enterprises or risk points are orange or worse (from {})",
     "橙色及以上企业或风险点 {} 家，达 {} 家升为红色"),
    ("else {}", "否则：{}"), ("no current grades in this region", "本区域没有现实等级"),
    ("{}% of it lies beyond the grid", "{} % 在计算网格之外"), ("no outline", "没有轮廓"),
    ("outside the grid", "在计算网格之外"),
    # current risk
    ("now: {}", "现实：{}"), ("inherent {}: {}", "固有 {}：{}"), ("graded {}: x {}", "评为{}：×{}"),
    ("not graded, taken as orange: x {}", "未评级，按橙计：×{}"),
    ("nothing known that changes it: current equals inherent", "没有已知的增减因素，现实等于固有"),
    ("hidden dangers: {} x {}", "重大事故隐患：{} ×{}"), ("alarms: {} waiting x {}", "未处置报警：{} 起 ×{}"),
    ("{}, {} open", "{}、整改中 {} 项"), ("{}, {} overdue", "{}、逾期 {} 项"),
    ("{}, {} supervised", "{}、挂牌督办 {} 项"),
    ("{} open", "整改中 {} 项"), ("{} overdue", "逾期 {} 项"), ("{} supervised", "挂牌督办 {} 项"),
    ("work-safety standardisation grade {} x {}", "安全生产标准化{}级 ×{}"),
    ("engineering control x {}", "工程技术措施 ×{}"), ("management control x {}", "管理措施 ×{}"),
    ("training x {}", "培训教育 ×{}"), ("personal protection x {}", "个体防护 ×{}"),
    ("emergency preparation x {}", "应急措施 ×{}"),
    ("fire engine later than {} min ({} min) x {}", "首车到场超过 {} 分钟（{} 分钟）×{}"),
    ("no fire engine can get there by road x {}", "消防车无法经道路到达 ×{}"),
    # labels of sources (standards/index_sources.csv)
    ("explosive", "爆炸品"), ("very toxic gas or vapour", "剧毒气体或蒸气"), ("toxic gas", "有毒气体"),
    ("ammonia cold store", "氨制冷冷库"), ("gas gate or regulator station", "门站或调压站"),
    ("flammable gas or very volatile liquid", "易燃气体或极易挥发液体"), ("toxic liquid or solid", "有毒液体或固体"),
    ("flammable liquid or solid", "易燃液体或固体"), ("oxidiser", "氧化性物质"), ("corrosive", "腐蚀品"),
    ("hazmat parking lot", "危货车辆停车场"),
    ("substance not known or not listed: cautious default", "物质不明或未列：取保守值"),
    ("toxic-gas pipeline", "有毒气体管道"), ("pipeline of flammable liquid", "易燃液体管道"),
    ("pipeline of flammable gas or chemicals", "易燃气体或化学品管道"), ("oil pipeline", "输油管道"),
    ("gas trunk line above 4.0 MPa", "4.0 MPa 以上天然气干线"),
    ("gas line, high pressure A (2.5-4.0 MPa)", "高压 A 燃气管（2.5–4.0 MPa）"),
    ("gas line, high pressure B (1.6-2.5 MPa)", "高压 B 燃气管（1.6–2.5 MPa）"),
    ("gas line, sub-high pressure A (0.8-1.6 MPa)", "次高压 A 燃气管（0.8–1.6 MPa）"),
    ("gas line, sub-high pressure B (0.4-0.8 MPa)", "次高压 B 燃气管（0.4–0.8 MPa）"),
    ("gas line, medium pressure A (0.2-0.4 MPa)", "中压 A 燃气管（0.2–0.4 MPa）"),
    ("gas line, medium pressure B (0.01-0.2 MPa)", "中压 B 燃气管（0.01–0.2 MPa）"),
    ("gas line, low pressure (up to 0.01 MPa)", "低压燃气管（不超过 0.01 MPa）"),
    ("closed to hazmat vehicles", "禁行危货车辆"), ("hazmat traffic on a motorway", "高速公路危货通行"),
    ("hazmat traffic on a trunk road", "快速路或干线公路危货通行"),
    ("hazmat traffic on a primary road", "主干路危货通行"),
    ("hazmat traffic on a secondary road", "次干路危货通行"),
    ("no through hazmat traffic expected", "预计无过境危货通行"),
    ("class not known: taken as a secondary road", "道路等级不明：按次干路"),
    ("dust explosion place", "涉爆粉尘场所"), ("molten metal", "高温熔融金属"), ("confined space", "有限空间"),
    ("gas in a building", "建筑内用气"), ("old building", "老旧建筑"), ("utility tunnel", "地下综合管廊"),
    ("construction site", "建筑工地"), ("road accident black spot", "道路事故黑点"), ("water transport", "水上交通"),
    ("special equipment", "特种设备"), ("risk point of another or unknown kind", "其他或类别不明的风险点"),
    ("own fire risk of a place of entertainment", "娱乐场所自身火灾风险"),
    ("own fire risk of a mall or market", "商场市场自身火灾风险"),
    ("own fire and gas risk of a restaurant", "餐饮场所自身火灾和燃气风险"),
    ("own fire risk of a hotel", "旅馆自身火灾风险"),
    ("own fire risk of a place where people sleep or cannot flee", "有人住宿或难以疏散场所自身火灾风险"),
    ("own risk of a station: crowds", "客运站自身拥挤风险"), ("own fire risk of a school", "学校自身火灾风险"),
    ("open ground or homes: no risk of its own counted", "露天场地或住宅：不计自身风险"),
    ("own fire risk of a crowded place", "人员密集场所自身火灾风险"),
    ("road tunnel", "公路隧道"), ("road bridge", "公路桥梁"),
    ("black spot: more than 5 road accidents close together", "事故黑点：邻近道路事故超过 5 起"),
    ("black spot: 3 to 5 road accidents close together", "事故黑点：邻近道路事故 3 至 5 起"),
    ("no black spot: no road accident, or fewer than 3 close together", "非黑点：非道路事故，或邻近不足 3 起"),
    ("dangerous building", "危险房屋"), ("old or weak building", "老旧或抗力不足建筑"),
    ("building of fire-resistance rating 4", "耐火等级四级建筑"),
    ("the layer does not tell it is old", "图层未说明其老旧"),
    # major hazards
    ("{} residents counted within {} m of the unit's own outline, for want of a plant boundary",
     "无厂界资料，按单元轮廓外 {1} m 内计得居民 {0} 人"),
    ("S = {} stays below 1", "S = {}，小于 1"), ("S = {} reaches 1", "S = {}，达到 1"), ("R = {}", "R = {}"),
    ("declared", "申报"), ("counted", "统计"), ("assumed", "假定"),
    ("residents unknown", "厂外人员数量不明"),
    ("residents unknown (the unit has no place)", "单元没有位置，厂外人员数量不明"),
    ("no substance given", "未填物质"), ("nearest known names: {}", "相近的已知名称：{}"),
    ("substance '{}' is not known and no hazard class is given", "物质“{}”无法识别，且未填危险性类别"),
    ("hazard class {} is not a symbol of GB 18218-2018 Table 2", "危险性类别 {} 不是 GB 18218-2018 表 2 的符号"),
    ("CAS {} is not in the tables", "CAS 号 {} 不在表中"), ("CAS {} fails its check digit", "CAS 号 {} 的校验位有误"),
    ("name ({}) and CAS ({}) contradict each other", "名称（{}）与 CAS 号（{}）不一致"),
    ("{}: listed only if {}", "{}：仅在符合下列条件时列入：{}"), ("it is not a solution", "非溶液"),
    ("anhydrous", "无水"), ("content > {} %", "含量大于 {} %"), ("not red fuming, > {} %", "非发红烟，大于 {} %"),
    ("10 % < active oxygen <= 10.7 %, type-A diluent >= 48 %", "有效氧大于 10 %、不超过 10.7 %，A 型稀释剂不少于 48 %"),
    ("fertiliser: combustible matter <= 0.4 %", "肥料：可燃物不超过 0.4 %"),
    ("solution: nitrogen <= 12.6 %, nitrocellulose <= 55 %", "溶液：含氮不超过 12.6 %、硝化纤维素不超过 55 %"),
    ("{}: {} thresholds by composition, {} to {} t", "{}：按组成有 {} 个临界量，{} 至 {} t"),
    ("how the quantity is split among the substances is not given", "未填各物质各占多少存量"),
    ("beta of {} is unverified, so the level is too", "{}的校正系数 β 未经核实，级别也未核实"),
    # societal risk
    ("no road tells its hazmat trips: transport by road is not counted", "道路未填危货车次：未计道路运输"),
    ("no layer {}", "缺少图层：{}"),
    ("acceptable", "可接受区"), ("alarp", "尽可能降低区"), ("intolerable", "不可接受区"),
    ("day", "白天"), ("night", "夜间"), ("all", "全天"),
    ("capacity", "容量"), ("area_m2", "面积（m²）"), ("beds", "床位"), ("persons", "人数"), ("households", "户数"),
    ("staff", "从业人数"),
    *CLAUSE_WORDS,
    *LOOSE,
)  # fmt: skip
# Columns whose text is made of these patterns.
TRANSLATED = frozenset((
    "reason", "missing", "group", "taken_at", "targets", "equipment", "phase", "scenario", "outcome", "kind", "effect",
    "meaning", "warning", "helps", "rule", "rule_now", "reason_now", "lacked", "residents_from", "needs", "cause",
    "households_from", "close", "why", "problem", "clause", "variant", "laying",
))  # fmt: skip
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SLOT = re.compile(r"\\\{\\\}")
_PIECES = re.compile(r"; (?![^\[]*\])")  # what stands in brackets is of one piece
# Units of the schema as each language writes them, where it is not as the schema does (also in web/src/values.ts).
_UNITS = {
    "persons": ("人", "persons"), "m2": ("m²", "m²"), "m3": ("m³", "m³"), "km2": ("km²", "km²"), "degC": ("°C", "°C"),
    "min": ("分钟", "min"), "1/yr": ("/年", "per year"), "1/yr/km2": ("/年/km²", "per year and km²"),
    "days": ("天", "days"), "bays": ("个", "bays"), "persons/yr": ("人/年", "persons per year"),
    "per year": ("/年", "per year"), "households": ("户", "households"), "beds": ("张", "beds"), "s": ("秒", "s"),
}  # fmt: skip
# What joins pieces in Chinese; of a piece that no pattern fits what joins its parts, in the order they are taken apart.
_JOINT = "；"
JOINTS = (("|", "、"), (", ", "、"), ("/", "："))


@cache
def sentences() -> tuple[tuple[str, str], ...]:
    """(English, Chinese) of every pattern: sentences, then the coded values of the schema by their first synonym."""
    columns = [c for t in (*schema.LAYERS.values(), *schema.RESULTS.values()) for c in t.columns if c.dtype == "string"]
    coded = {value: words[0] for c in columns for value, words in c.domain.items() if words}
    known = dict(reversed((*coded.items(), *reversed(_SENTENCES))))
    return tuple((en, known[en]) for en in dict.fromkeys((*(s[0] for s in _SENTENCES), *coded)))


@cache
def _exact() -> dict[str, str]:
    return dict(sentences())


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(_SLOT.sub("(.+?)", re.escape(en)) + r"\Z", re.DOTALL), zh) for en, zh in sentences() if "{}" in en
    )


def phrase(text: str) -> str:
    """The Chinese of a reason; what no pattern fits stays as it is."""
    exact = _exact()
    if text in exact:
        return exact[text]
    pieces = _PIECES.split(text)
    if len(pieces) > 1:
        return _JOINT.join(phrase(piece) for piece in pieces)
    for pattern, zh in _patterns():
        found = pattern.match(text)
        if found:
            return zh.format(*(phrase(v) for v in found.groups()))
    for joint, chinese in JOINTS:
        parts = text.split(joint)
        told = [phrase(p) for p in parts] if len(parts) > 1 else []
        if told and told != parts:
            return chinese.join(told)
    return text


def unit_words(unit: str, lang: str) -> str:
    """A unit of the schema as a language ("zh", "en") writes it."""
    return _UNITS[unit][lang != "zh"] if unit in _UNITS else unit


def rule_words(row: Mapping[str, Any], lang: str) -> str:
    """Standard, edition and clause of a finding."""
    clause = phrase(row["clause"]) if lang == "zh" else row["clause"]
    return f"{row['standard']}-{row['edition']} {clause}"


def approval_words(number: str, lang: str) -> str:
    """The map approval number (审图号) as maps and documents tell it: an empty one as not given."""
    told = number or {"zh": "未填", "en": "not given"}[lang]
    return f"审图号：{told}" if lang == "zh" else f"map approval number: {told}"


def power(value: float, digits: int = 1) -> str:
    """A number as people write a power of ten: 1.2×10⁻⁷; 0 stays 0."""
    if value == 0:
        return "0"
    head, _, exponent = f"{value:.{digits}e}".partition("e")
    return f"{head}×10{str(int(exponent)).translate(_RAISED)}"
