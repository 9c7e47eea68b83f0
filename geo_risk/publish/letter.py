"""The letter on a project: verdict, what decided, what would make it pass, what was not checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .document import Block, Document
from .words import phrase, rule_words

Told = Mapping[str, Any]

_ROWS = 40  # of a table on paper; all rows are in the JSON
_PASSED = 8  # targets that pass, shown beside those that do not
_W = {
    "title": ("安全间距与选址审查意见", "Opinion on the siting of a project"),
    "conflict": ("不符合", "NOT ACCEPTABLE"),
    "undecided": ("待定", "UNDECIDED"),
    "clear": ("符合", "ACCEPTABLE"),
    "told": ("事实", "for information"),
    "means_conflict": (
        "至少一项要求在任何情况下都不满足。",
        "At least one requirement is not kept, whatever is still unknown turns out to be.",
    ),
    "means_undecided": (
        "没有确定不满足的要求，但至少一项因数据误差、缺少属性或未核实的条文不能判定。",
        "No requirement is surely broken, but at least one cannot be judged: position errors, missing attributes or an "
        "unverified clause.",
    ),
    "means_clear": (
        "已检查的各项要求在数据误差范围内均满足；未检查的事项见末节。",
        "Every requirement that was checked is kept within the errors of the data; what was not checked is listed at "
        "the end.",
    ),
    "verdict": ("结论", "Verdict"),
    "project": ("拟建项目", "The project"),
    "kind": ("类型", "kind"),
    "place": ("位置", "place"),
    "area": ("占地面积", "area of the outline"),
    "map": ("位置图", "Map"),
    "checks": ("检查事项", "What was checked"),
    "check": ("事项", "subject"),
    "found": ("结果", "finding"),
    "clause": ("条文", "clause"),
    "distances": ("安全间距", "Distances"),
    "no": ("编号", "no."),
    "who": ("对象", "between"),
    "required": ("要求 m", "required m"),
    "actual": ("实际 m", "clearance m"),
    "risk": ("个人风险（GB 36894-2018）", "Individual risk (GB 36894-2018)"),
    "target": ("防护目标", "protection target"),
    "group": ("类别", "group"),
    "value": ("风险 /年", "risk per year"),
    "limit": ("限值 /年", "limit per year"),
    "ways": ("如何才能通过", "What would make it pass"),
    "move": (
        "整体向{towards_zh}移动 {distance_m:.0f} m（东 {dx_m:.0f} m，北 {dy_m:.0f} m）：复核结论为“{verdict}”。",
        "Move the outline {distance_m:.0f} m to the {towards} (east {dx_m:.0f} m, north {dy_m:.0f} m): checked again, "
        "the verdict is {verdict}.",
    ),
    "stock": (
        "存量减至 {factor:.0%}（{rows}）：复核结论为“{verdict}”。",
        "Reduce the stock to {factor:.0%} ({rows}): checked again, the verdict is {verdict}.",
    ),
    "no_way": ("{way}不能使其通过。", "No {way} makes it pass."),
    "move_": ("2 km 以内的移动", "move within 2 km"),
    "stock_": ("减少存量", "smaller stock"),
    "left": ("仍须处理：", "What remains: "),
    "not_checked": ("未检查的事项", "What was not checked"),
    "dates": ("数据日期：{data}", "Data of {data}"),
    "more": ("另有 {n} 行，见 JSON 结果。", "{n} more rows are in the JSON."),
    "uncertain": ("坐标误差 ± 为 95 %。", "± is the error of the positions, 95 %."),
    "setbacks": ("安全间距", "setbacks"),
    "individual_risk": ("个人风险", "individual risk"),
    "major_hazard": ("重大危险源", "major hazard"),
    "societal_risk": ("社会风险", "societal risk"),
    "boundary": ("区域边界", "region's boundary"),
    "water": ("水体", "water"),
    "taken_buildings": ("占用建筑", "buildings on the ground"),
    "taken_roads": ("占用道路", "roads on the ground"),
    "rescue": ("应急救援", "rescue"),
    "access": ("运输通道", "access for tankers"),
    "pipelines": ("管道", "pipelines"),
    "hca": ("高后果区", "high-consequence areas"),
    "signed": ("签署", "Signed"),
    "by": ("审查人", "examined by"),
    "reviewed": ("复核人", "reviewed by"),
    "day": ("日期", "date"),
}
_SIGNED = ("by", "reviewed", "day")
_COLON = {"zh": "：", "en": ": "}
_UNITS = {"capacity": ("人数", "people"), "beds": ("床位", "beds"), "area_m2": ("建筑面积 m²", "floor area m²"),
          "floors": ("层数", "floors"), "substance": ("物质", "substance"), "quantity_t": ("存量 t", "stock t"),
          "volume_m3": ("容积 m³", "volume m³"), "storage": ("储存方式", "storage"), "sector": ("行业", "sector"),
          "pressure_mpa": ("压力 MPa", "pressure MPa"), "temperature_c": ("温度 °C", "temperature °C"),
          "diameter_mm": ("管径 mm", "diameter mm"), "medium": ("介质", "medium"), "wall_mm": ("壁厚 mm", "wall mm"),
          "bays": ("车位", "bays"), "position_error_m": ("坐标误差 m", "position error m")}  # fmt: skip


def word(key: str, lang: str, **values: Any) -> str:
    """A word of the letter; the key itself where there is none."""
    return _W[key][lang == "en"].format(**values) if key in _W else key


def letter(told: Told, picture: Block | None, region: str, note: str, lang: str) -> Document:
    """The document of a siting answer (`siting.told.told`), in "zh" or "en"."""
    verdict = told["verdict"]
    content: list[Block] = [{"type": "heading", "text": f"{word('verdict', lang)}{_COLON[lang]}{word(verdict, lang)}"}]
    content.append({"type": "text", "text": word(f"means_{verdict}", lang)})
    content += _project(told["project"], lang)
    if picture:
        content += [_heading("map", lang), picture]
    content += _checks(told["checks"], lang)
    content += _ways(told["ways"], lang)
    content += _distances(told["findings"], lang)
    content += _risk(told["risk"], lang)
    if told["not_checked"]:
        content += [_heading("not_checked", lang)]
        content += [{"type": "note", "text": f"· {line[lang]}"} for line in told["not_checked"]]
    content += [_heading("signed", lang), {"type": "facts", "rows": [[word(k, lang), ""] for k in _SIGNED]}]
    footer = " · ".join(filter(None, (word("dates", lang, **told["dates"]), note)))
    return {
        "title": word("title", lang), "subtitle": region, "footer": footer, "lang": lang, "one_page": False,
        "content": content,
    }  # fmt: skip


def _heading(key: str, lang: str) -> Block:
    return {"type": "heading", "text": word(key, lang)}


def _table(lang: str, heads: Sequence[tuple[str, int]], rows: Sequence[Sequence[Any]]) -> list[Block]:
    columns = [{"text": word(key, lang), "width": width} for key, width in heads]
    blocks: list[Block] = [{"type": "table", "columns": columns, "rows": [list(map(str, r)) for r in rows[:_ROWS]]}]
    if len(rows) > _ROWS:
        blocks.append({"type": "note", "text": word("more", lang, n=len(rows) - _ROWS)})
    return blocks


def _project(rows: Sequence[Told], lang: str) -> list[Block]:
    blocks: list[Block] = [_heading("project", lang)]
    for row in rows:
        kind = phrase(row["kind"]) if lang == "zh" else row["kind"].replace("_", " ")
        facts = [[row["name"], kind], [word("place", lang), f"{row['lon']:.6f}, {row['lat']:.6f}"]]
        if row["area_m2"] > 0:
            facts.append([word("area", lang), f"{row['area_m2']:,.0f} m²"])
        facts += [[_UNITS[k][lang == "en"], _given(v, lang)] for k, v in row["given"].items()]
        blocks.append({"type": "facts", "rows": facts})
    return blocks


def _given(value: Any, lang: str) -> str:
    if isinstance(value, str):
        return phrase(value) if lang == "zh" else value.replace("_", " ")
    return f"{value:.10g}"


def _checks(checks: Sequence[Told], lang: str) -> list[Block]:
    clauses = [phrase(c["clause"]) if lang == "zh" else c["clause"] for c in checks]
    rows = [
        (word(c["name"], lang), word(c["verdict"], lang), c[lang], clause)
        for c, clause in zip(checks, clauses, strict=True)
    ]
    return [
        _heading("checks", lang),
        *_table(lang, (("check", 14), ("verdict", 12), ("found", 56), ("clause", 18)), rows),
    ]


def _distances(findings: Sequence[Told], lang: str) -> list[Block]:
    if not findings:
        return []
    rows = []
    for number, f in enumerate(findings, 1):
        mine = str(f["source_id"]).startswith("project:")
        other = (f["target_name"] or f["target_id"]) if mine else (f["source_name"] or f["source_id"])
        clause = f"{rule_words(f, lang)} ({f['confidence']})"
        gap = f"{f['clearance_m']:.1f} ± {f['uncertainty_m']:.1f}"
        rows.append((number, other, f"{f['required_m']:g}", gap, word(f["verdict"], lang), clause))
    heads = (("no", 6), ("who", 28), ("required", 11), ("actual", 17), ("verdict", 13), ("clause", 25))
    return [_heading("distances", lang), *_table(lang, heads, rows), {"type": "note", "text": word("uncertain", lang)}]


def _risk(risk: Sequence[Told], lang: str) -> list[Block]:
    if not risk:
        return []
    rows = []
    for r in _deciding(risk):
        new = r["role"] == "endangered"
        verdict = {"fail": "conflict", "pass": "clear"}.get(r["verdict_new" if new else "verdict"], "undecided")
        groups = [phrase(g) if lang == "zh" else g.replace("_", " ") for g in r["group"].split("|")]
        limit = r["limit_new_per_yr"] if new else r["limit_per_yr"]
        layer = phrase(r["layer"]) if lang == "zh" else r["layer"].replace("_", " ")
        name = r["name"] or f"{layer} {r['id']}"
        rows.append((name, " / ".join(groups), f"{r['lsir_per_yr']:.1e}", f"{limit:.0e}", word(verdict, lang)))
    heads = (("target", 34), ("group", 26), ("value", 14), ("limit", 13), ("verdict", 13))
    return [_heading("risk", lang), *_table(lang, heads, rows)]


def _deciding(risk: Sequence[Told]) -> list[Told]:
    """Those that do not pass, and the nearest to their limits of those that do."""
    passed = [r for r in risk if (r["verdict_new"] if r["role"] == "endangered" else r["verdict"]) == "pass"]
    return [r for r in risk if r not in passed] + passed[:_PASSED]


def _ways(ways: Sequence[Told], lang: str) -> list[Block]:
    if not ways:
        return []
    return [_heading("ways", lang), *({"type": "text", "text": way_text(way, lang)} for way in ways)]


def way_text(way: Told, lang: str) -> str:
    """What a way asks for and what the check of it said, in one paragraph."""
    kind = way["way"]
    if ("distance_m" if kind == "move" else "factor") not in way:
        text = word("no_way", lang, way=word(f"{kind}_", lang))
    else:
        rows = ("、" if lang == "zh" else ", ").join(_stock(row) for row in way.get("rows", []))
        text = word(kind, lang, **{**way, "verdict": word(way["verdict"], lang), "rows": rows})
    if way.get("why"):
        text += (" " if lang == "en" else "") + word("left", lang) + way["why"][lang]
    return text


def _stock(row: Told) -> str:
    parts = [f"{row['quantity_t']:g} t" if row.get("quantity_t") is not None else ""]
    parts.append(f"{row['volume_m3']:g} m³" if row.get("volume_m3") is not None else "")
    return f"{row['name']} {' '.join(p for p in parts if p)}"
