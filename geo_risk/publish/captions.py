"""Words of printed pages in Chinese and English, and values as text."""

from __future__ import annotations

import re
from typing import Any

from .. import schema
from .columns import domain_words
from .words import phrase, unit_words

_WORDS = {
    "handbook": ("企业安全风险手册（一企一手册）", "Safety risk handbook of an enterprise"),
    "handbooks": ("企业安全风险手册", "Safety risk handbooks"),
    "sheet": ("镇街安全风险简报", "Safety risk sheet of a township"),
    "sheets": ("镇街安全风险简报", "Safety risk sheets of townships"),
    "internal": ("内部资料", "internal"),
    "none": ("无", "none"),
    "missing": ("—", "–"),
    # handbook
    "profile": ("基本情况", "The enterprise"),
    "grade": ("固有风险等级", "Inherent risk grade"),
    "grade_now": ("现实风险等级", "Current risk grade"),
    "self_grade": ("企业自评等级", "Self-reported grade"),
    "reason": ("定级理由", "Reason"),
    "reason_now": ("现实等级理由", "Reason of the current grade"),
    "township": ("镇街", "Township"),
    "map": ("周边示意图", "The site and what is around it"),
    "hazards": ("危险源", "Hazard sources"),
    "units": ("重大危险源辨识（GB 18218-2018）", "Major hazard installations (GB 18218-2018)"),
    "scenarios": ("事故情景与影响距离", "Accident scenarios and their reach"),
    "neighbours": ("影响范围内的周边目标", "Neighbours within reach"),
    "setbacks": ("安全间距检查", "Setbacks"),
    "rescue": ("最近救援力量", "Nearest rescue"),
    "dangers": ("重大事故隐患", "Major hidden dangers"),
    "controls": ("风险点、管控措施与责任人", "Risk points, control measures and who is responsible"),
    "unknowns": ("资料日期与未知事项", "Dates of the data, and what is not known"),
    "no_hazards": ("危险源名录中没有本企业的记录。", "The lists of hazard sources name none of this enterprise."),
    "not_quantified": (
        "本区域未进行定量风险计算：没有事故情景与影响距离。",
        "Risk was not quantified for this region: there are no scenarios and no reach of accidents.",
    ),
    "no_scenarios": (
        "定量风险计算中没有本企业的风险源。",
        "Quantified risk has no source of this enterprise.",
    ),
    "no_neighbours": ("影响距离内没有记录的目标。", "Nothing on record lies within reach."),
    "no_findings": (
        "未发现冲突或待核实项。未检查的内容见文末。",
        "No conflict and nothing undecided. What was not checked stands at the end.",
    ),
    "no_setbacks": ("没有进行间距检查。", "Setbacks were not checked."),
    "no_rescue": ("没有救援时间结果。", "There are no rescue times."),
    "no_dangers": ("没有属于本企业的记录。", "None on record."),
    "no_dangers_layer": ("本区域没有隐患清单。", "The region has no list of hidden dangers."),
    "no_controls": (
        "本区域没有风险点清单，管控措施与责任人请企业补充。",
        "The region has no list of risk points: measures and responsible persons are for the enterprise to add.",
    ),
    "no_points": ("风险点清单中没有本企业的记录。", "The list of risk points names none of this enterprise."),
    "no_place": ("企业没有可用的位置，无法绘图和查找周边。", "No usable place: no map and no neighbours."),
    "reach": ("影响距离", "Reach"),
    "basis": ("依据", "From"),
    "basis_index": ("指数法影响半径", "reach of the risk index"),
    "basis_risk": ("定量风险计算", "quantified risk"),
    "distance": ("距离", "Distance"),
    "kind": ("类型", "Kind"),
    "name": ("名称", "Name"),
    "id": ("编号", "Id"),
    "persons": ("人数", "Persons"),
    "more": (
        "另有 {n} 个目标未列出（由近到远只列前 {m} 个）。",
        "{n} further ones are not listed (the nearest {m} are).",
    ),
    "residents": ("影响距离内常住人口约 {n} 人。", "About {n} residents live within reach."),
    "verdict": ("结论", "Verdict"),
    "other": ("对方", "Other side"),
    "required": ("要求 (m)", "Required (m)"),
    "actual": ("实际 (m)", "Actual (m)"),
    "clause": ("条款", "Clause"),
    "confidence": ("可信度", "Confidence"),
    "clear_count": ("另有 {n} 项检查满足要求。", "{n} further checks are clear."),
    "force": ("力量", "Force"),
    "minutes": ("到达 (min)", "Arrives after (min)"),
    "road_km": ("路程 (km)", "By road (km)"),
    "to": ("到达地点", "Reaches"),
    "worst_served": ("最晚到达的危险源：{name}", "the source reached last: {name}"),
    "frequency": ("频率 (1/年)", "Frequency (1/yr)"),
    "farthest": ("最远影响 (m)", "Farthest reach (m)"),
    "outcome": ("后果", "Outcome"),
    "source": ("危险源", "Source"),
    "state": ("状态", "State"),
    "days_overdue": ("逾期天数", "Days overdue"),
    "as_of": ("数据截至 {date}", "data of {date}"),
    "data_date": ("数据日期", "Date of the data"),
    "record": ("名录记录", "Record"),
    "record_of": ("{file} 第 {row} 行", "{file}, row {row}"),
    "position": ("位置误差", "Position error"),
    "not_computed": ("未能量化", "Not quantified"),
    "assumed": ("采用假定值的风险源", "Sources with assumed values"),
    "not_checked": ("未检查的间距", "Setbacks not checked"),
    "lack_outline": ("没有厂界轮廓，距离按点位量取。", "No outline of the site: distances are taken from points."),
    "lack_controls": ("没有风险点清单。", "No list of risk points."),
    "lack_now": ("没有现实风险等级。", "No current grade."),
    "lack_staff": ("从业人数未知。", "Staff unknown."),
    "same_id": ("名录中有 {n} 行使用同一编号。", "{n} rows of the list share this id."),
    "neighbour_note": (
        "编号与图中一致；距离为到最近的本企业危险源的大地线长度。",
        "Numbers are those of the map; distances are geodesic, to the nearest source of this enterprise.",
    ),
    # legend
    "site": ("本企业", "this enterprise"),
    "hazard": ("危险源", "hazard source"),
    "place": ("人员密集场所", "crowded place"),
    "firm": ("企业", "enterprise"),
    "pipeline": ("管线", "pipeline"),
    "contour": ("个人风险等值线 {levels}/年（由外向内）", "individual risk {levels} per year, outermost first"),
    "north": ("北", "N"),
    # sheet
    "shares": ("四色分布", "The four colours"),
    "colour": ("等级", "Grade"),
    "area_share": ("面积占比", "Share of area"),
    "residents_in": ("常住人口", "Residents"),
    "firms_in": ("企业数", "Enterprises"),
    "top": ("风险最高的企业", "Enterprises of highest risk"),
    "changes": ("变化", "Changes"),
    "act": ("谁来管", "Who must act"),
    "index": ("指数", "Index"),
    "conflicts": ("间距冲突", "Setback conflicts"),
    "facts": ("概况", "Facts"),
    "rule": ("定级规则", "Rule"),
    "rule_now": ("现实定级规则", "Rule of the current grade"),
    "area_km2": ("面积 (km²)", "Area (km²)"),
    "major": ("重大危险源", "Major hazards"),
    "certainty": ("颜色把握", "Certainty of the colour"),
    "what": ("事项", "What"),
    "who": ("责任", "Who"),
    "before": ("此前", "Before"),
    "now": ("现在", "Now"),
    "no_changes": ("没有变化。", "Nothing changed."),
    "no_before": ("没有给出此前的状态，未比较。", "No earlier state was given: not compared."),
    "no_top": ("没有分级的企业。", "No graded enterprise."),
    "no_act": ("没有红色企业、间距冲突或未销号隐患。", "No red enterprise, conflict or open danger."),
    "act_red": ("红色企业", "Red enterprise"),
    "act_conflict": ("间距冲突 {n} 项", "{n} setback conflicts"),
    "act_danger": ("隐患未销号：{what}", "Open danger: {what}"),
    "act_more": ("另有 {n} 项未列出，见管控清单与隐患台账。", "{n} more: see the control list and the register."),
    "numbered": ("风险最高的企业（编号见下表）", "enterprises of highest risk, numbered as below"),
    "no_place_district": ("没有轮廓，无法绘图。", "No outline: no map."),
    "more_changes": ("另有 {n} 家企业等级变化。", "{n} more enterprises changed their grade."),
    "nobody": ("资料中没有责任人", "nobody named in the data"),
    "n_enterprises": ("企业数", "Enterprises"),
    "n_hazards": ("危险源数", "Hazard sources"),
    "n_major": ("重大危险源数", "Major hazards"),
    "n_conflicts": ("间距冲突数", "Setback conflicts"),
    # supervision
    "supervision": ("分级监管", "Supervision"),
    "control_by": ("企业管控层级", "Controlled by (enterprise)"),
    "supervised_by": ("政府监管", "Supervised by (authority)"),
    # lists
    "list_sources": ("风险源清单", "risk_sources"),
    "list_controls": ("管控清单", "controls"),
    "list_major": ("重大危险源台账", "major_hazards"),
    "list_dangers": ("重大事故隐患台账", "hidden_dangers"),
    "enterprise": ("所属企业", "Enterprise"),
    "grade_of_firm": ("所属企业风险等级", "Grade of the enterprise"),
    "lon": ("经度", "Longitude"),
    "lat": ("纬度", "Latitude"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    # outcomes of a release
    "toxic": ("中毒", "toxic cloud"),
    "flash_fire": ("闪火", "flash fire"),
    "pool_fire": ("池火", "pool fire"),
    "jet_fire": ("喷射火", "jet fire"),
    "fireball": ("火球", "fireball"),
    "explosion": ("爆炸", "explosion"),
}
_PROVENANCE = re.compile(r" \[[^\]]*\]")
LANGUAGES = ("zh", "en")


def say(key: str, lang: str, **values: Any) -> str:
    """The words called ``key``; ``values`` take the places of the names in braces."""
    text = _WORDS[key][LANGUAGES.index(lang)]
    return text.format(**values) if values else text


def heading(column: schema.Column, lang: str) -> str:
    """A column's name with its unit, without the explanation that may follow."""
    if column.name == "verdict":
        return say("verdict", lang)
    text = column.zh if lang == "zh" else column.en.partition(":")[0].partition(";")[0].partition(" (")[0]
    text = text[:1].upper() + text[1:] if text[:1].isascii() else text
    unit = unit_words(column.unit, lang)
    return f"{text} ({unit})" if unit else text


def missing(value: Any) -> bool:
    """Whether a cell holds nothing: None, NaN, NaT, NA or empty text."""
    if value is None or value == "":
        return True
    return bool(value != value) if isinstance(value, float | int) else repr(value) in ("<NA>", "NaT")


def text(value: Any, digits: int = 6, lang: str = "zh") -> str:
    """A value for a reader: numbers with at most ``digits`` digits, a dash where there is none."""
    if missing(value):
        return say("missing", lang)
    if isinstance(value, bool):
        return ("是" if value else "否") if lang == "zh" else ("yes" if value else "no")
    if isinstance(value, int | float):
        return f"{value:,.{digits}g}" if abs(value) < 10 ** min(digits, 15) else f"{value:,.0f}"
    return str(value)


def explained(reason: Any, lang: str) -> str:
    """A reason that a result gives, in Chinese as far as its patterns are known; where a number came from left out."""
    if missing(reason):
        return say("missing", lang)
    short = _PROVENANCE.sub("", str(reason))
    return phrase(short) if lang == "zh" else short


def coded(table: str, column: str, value: Any, lang: str) -> str:
    """The words of a coded value of an input layer or a result; a value without words as it is."""
    known = schema.LAYERS.get(table) or schema.RESULTS.get(table)
    words = domain_words(known.column(column)) if known and column in known.names else {}
    return words.get(str(value), {}).get(lang) or text(value, lang=lang)
