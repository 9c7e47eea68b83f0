"""What changed between two states, as a printed document: the full comparison and the quarterly bulletin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..schema import LAYERS, RESULTS, Column
from .columns import domain_words
from .document import Block, Document, grade_cell
from .words import power, unit_words

Told = Mapping[str, Any]
Row = Mapping[str, Any]

# Rows of a table on paper; all of them are in the JSON and the XLSX.
_ROWS = 25
_BULLETIN_ROWS = 10
# Smaller numbers are written as powers of ten.
_TINY = 1e-3
_W = {
    "title": ("安全风险变化对比", "What changed between two states"),
    "bulletin": ("安全风险变化通报", "Bulletin of safety risk"),
    "no_date": ("日期不详", "no date"),
    "to": ("至", "to"),
    "program": ("软件版本", "program"),
    "internal": ("内部资料", "internal"),
    "map": ("风险等级变化图", "Where the grade changed"),
    "headline": ("主要数字", "Headline figures"),
    "figure": ("指标", "Figure"),
    "before": ("前期", "Before"),
    "after": ("本期", "After"),
    "step": ("增减", "Change"),
    "up": ("等级升高的镇街", "Districts whose grade got worse"),
    "down": ("等级降低的镇街", "Districts whose grade got better"),
    "districts": ("行政区变化", "Districts"),
    "general": ("设置、软件与其他文件的变化", "Settings, program and other files that changed"),
    "inputs": ("变化的输入行", "Changed input rows"),
    "notes": ("说明", "Notes"),
    "nothing": ("没有变化。", "Nothing differs."),
    "none": ("无", "none"),
    "more": ("另有 {n} 行，见对比结果的数据文件。", "{n} more rows are in the data files of the comparison."),
    "unexplained": (
        "其中 {n} 项变化找不到变化的输入行或设置可以解释，请核查。",
        "{n} changes are not explained by any changed row or setting: look into them.",
    ),
    "cells": (
        "{name}：{cells:,} 个网格变化（{km2:.3f} km²），{worse:,} 个变差，{better:,} 个变好，"
        "{unexplained:,} 个在所有变化行的影响范围之外。",
        "{name}: {cells:,} cells changed ({km2:.3f} km²), {worse:,} worse, {better:,} better, "
        "{unexplained:,} beyond the reach of every changed row.",
    ),
    "name": ("名称", "Name"),
    "what": ("变化", "Change"),
    "cause": ("原因（输入行编号）", "Causes (input rows)"),
    "no": ("编号", "No."),
    "layer": ("图层", "Layer"),
    "reach": ("影响网格数", "Cells reached"),
    "grade_before": ("前期等级", "Before"),
    "grade_after": ("本期等级", "After"),
    "yes": ("是", "yes"),
    "no_": ("否", "no"),
    "steps": ("步骤", "Steps"),
    "added": ("新增", "added"),
    "removed": ("删除", "removed"),
    "changed": ("变更", "changed"),
    "moved": ("移动 {m:.1f} m", "moved {m:.1f} m"),
    "outline": ("边界变化", "outline changed"),
    "findings_new": ("新增间距冲突", "New setback conflicts"),
    "findings_closed": ("消除的间距冲突", "Setback conflicts closed"),
    "hazards_new": ("新增或升级的重大危险源", "Major hazards that are new or of a worse level"),
    "hazards_closed": ("撤销或降级的重大危险源", "Major hazards gone or of a better level"),
    "dangers_new": ("新增重大事故隐患", "New major hidden dangers"),
    "dangers_overdue": ("转为逾期的隐患", "Hidden dangers now overdue"),
    "dangers_closed": ("已整改的隐患", "Hidden dangers closed"),
    "act": ("需要采取行动的单位", "Who must act"),
    "why": ("事由", "Why"),
    "where": ("镇街", "Township"),
    "lists": ("新增与消除", "New and closed"),
    "count": ("数量", "Number"),
    "which": ("名称", "Which"),
}


def word(key: str, lang: str, **values: Any) -> str:
    """A word of these documents."""
    return _W[key][lang == "en"].format(**values)


def changes_document(told: Told, picture: Block | None, lang: str) -> Document:
    """Everything of a comparison (see `pipeline.compare.compare`) on pages: map, figures, rows and causes."""
    content: list[Block] = []
    if picture:
        content += [_heading("map", lang), picture]
    content += [{"type": "text", "text": _cells(name, figures, lang)} for name, figures in told["surfaces"].items()]
    if told["counts"]["unexplained"]:
        content.append({"type": "text", "text": word("unexplained", lang, n=told["counts"]["unexplained"])})
    content += _general(told, lang)
    content += _inputs(told["inputs"], lang)
    for name, rows in told["tables"].items():
        content += _results(name, rows, lang)
    if not content:
        content.append({"type": "text", "text": word("nothing", lang)})
    content += _notes(told["notes"], lang)
    return _document(told, "title", content, lang)


def bulletin_document(
    told: Told, picture: Block | None, figures: Sequence[Row], lists: Mapping[str, Any], lang: str
) -> Document:
    """
    The bulletin of a quarter, one to three pages.

    Parameters
    ----------
    figures
        Headline figures: zh, en, before, after, digits.
    lists
        Names by key of `_W` (findings_new, dangers_closed, ...), and ``act``: name, where, why (zh, en).
    """
    content: list[Block] = [_heading("headline", lang), _figures(figures, lang)]
    if picture:
        content += [_heading("map", lang), picture]
    districts = told["tables"].get("districts", ())
    for key, sign in (("up", 1), ("down", -1)):
        moved = [r for r in districts if _step(r) * sign > 0]
        content += [_heading(key, lang), *_districts(moved, told["inputs"], lang)]
    content += [_heading("lists", lang), _lists(lists, lang)]
    content += _inputs(told["inputs"], lang, _BULLETIN_ROWS)
    content += [_heading("act", lang), *_actions(lists["act"], lang)]
    content += _notes(told["notes"], lang)
    return _document(told, "bulletin", content, lang)


def _document(told: Told, title: str, content: list[Block], lang: str) -> Document:
    before, after = told["before"], told["after"]
    span = f"{before['date'] or word('no_date', lang)} {word('to', lang)} {after['date'] or word('no_date', lang)}"
    versions = sorted({before["program"], after["program"]})
    footer = f"{word('internal', lang)} · {word('program', lang)} geo_risk {', '.join(versions)}"
    name = after["name_en"] if lang == "en" else after["name"]
    return {
        "title": f"{name}{'' if lang == 'zh' else ': '}{word(title, lang)}", "subtitle": span, "footer": footer,
        "lang": lang, "one_page": False, "content": content,
    }  # fmt: skip


def _heading(key: str, lang: str) -> Block:
    return {"type": "heading", "text": word(key, lang)}


def _table(columns: Sequence[tuple[str, int]], rows: Sequence[Sequence[Any]], lang: str) -> Block:
    return {"type": "table", "columns": [{"text": word(k, lang), "width": w} for k, w in columns], "rows": list(rows)}


def _cut(rows: Sequence[Any], limit: int, lang: str) -> list[Block]:
    left = len(rows) - limit
    return [{"type": "note", "text": word("more", lang, n=left)}] if left > 0 else []


def _cells(name: str, figures: Row, lang: str) -> str:
    shown = {k: figures[k] for k in ("cells", "km2", "worse", "better", "unexplained")}
    return word("cells", lang, name=surface_word(name, lang), **shown)


def surface_word(name: str, lang: str) -> str:
    """The name of a surface."""
    from .style import SURFACES

    if name == "index_now":  # compared, and not drawn
        return {"zh": "现实风险指数", "en": "Current risk index"}[lang]
    scale = SURFACES.get(name)
    return name if scale is None else getattr(scale, lang)


def _table_word(name: str, lang: str) -> str:
    table = RESULTS.get(name) or LAYERS.get(name)
    if table is None:
        return name
    return table.zh if lang == "zh" else table.en[:1].upper() + table.en[1:]


def _column(table: str, column: str) -> Column | None:
    known = LAYERS.get(table), RESULTS.get(table)
    return next((t.column(column) for t in known if t is not None and column in t.names), None)


def _row_word(table: str, row: Row, lang: str) -> str:
    """A row by its name and id; a layer or scope before the id in words."""
    first, slash, rest = str(row["id"]).partition("/")
    scopes = RESULTS[table].columns if table in RESULTS else ()
    words = next((domain_words(c) for c in scopes if c.name == "scope"), {})
    if slash and first in LAYERS:
        first = getattr(LAYERS[first], lang)
    elif slash and first in words:
        first = words[first][lang]
    return " ".join(part for part in (row["name"], first, rest.rstrip("/")) if part)


def _general(told: Told, lang: str) -> list[Block]:
    rows = [
        [item["key"] or "-", _value(item["before"], lang), _value(item["after"], lang), ", ".join(item["steps"])]
        for kind in ("settings", "program", "files")
        for item in told[kind]
    ]
    columns = (("what", 30), ("before", 20), ("after", 20), ("steps", 30))
    return [_heading("general", lang), _table(columns, rows[:_ROWS], lang), *_cut(rows, _ROWS, lang)] if rows else []


def _inputs(inputs: Sequence[Row], lang: str, limit: int = _ROWS) -> list[Block]:
    if not inputs:
        return []
    rows = []
    for i in inputs[:limit]:
        cells = "–" if i["cells"] is None else f"{i['cells']:,}"
        name = f"{i['name']} {i['id']}".strip()
        rows.append([str(i["number"]), _table_word(i["layer"], lang), name, change_text(i, lang), cells])
    columns = (("no", 8), ("layer", 14), ("name", 28), ("what", 38), ("reach", 12))
    return [_heading("inputs", lang), _table(columns, rows, lang), *_cut(inputs, limit, lang)]


def change_text(item: Row, lang: str, table: str = "") -> str:
    """What happened to a row: added, removed, or each column with its old and new value."""
    if item["change"] != "changed":
        return word(item["change"], lang)
    name = table or item.get("layer", "")
    parts = [
        _step_text(_column(name, c["column"]), c, lang)
        for c in item["columns"]
        if c["column"] not in ("reason", "rule", "terms", "reason_now", "rule_now")
    ]
    parts = [part for part in parts if part]
    if item.get("moved_m"):
        parts.append(word("moved", lang, m=item["moved_m"]))
    elif item.get("outline_changed"):
        parts.append(word("outline", lang))
    return ("；" if lang == "zh" else "; ").join(parts[:6]) or word("changed", lang)


def _step_text(column: Column | None, change: Row, lang: str) -> str:
    """Old and new value of one column with its unit; nothing of lists for machines."""
    before, after = two_values(change["before"], change["after"], lang)
    if column is None:
        return f"{change['column']} {before} → {after}"
    if column.dtype == "json":
        return ""
    words = domain_words(column)
    before, after = (
        words.get(str(v), {}).get(lang, text) for v, text in ((change["before"], before), (change["after"], after))
    )
    numbers = [v for v in (change["before"], change["after"]) if isinstance(v, float)]
    if column.name.startswith("share_") and column.unit == "" and len(numbers) == 2:
        before, after = (f"{v} %" for v in two_values(100 * numbers[0], 100 * numbers[1], lang))
    said = column.zh if lang == "zh" else column.en.partition(":")[0].partition(";")[0]
    unit = "" if column.unit == "0-100" else unit_words(column.unit, lang)
    return f"{said} {before} → {after}{f' {unit}' if unit else ''}"


def _results(name: str, rows: Sequence[Row], lang: str) -> list[Block]:
    graded = any("grade_before" in r for r in rows)
    # Changed grades first, then in the order of the table.
    shown = sorted(rows, key=lambda r: (-abs(_step(r)), -(r.get("grade_after") or 0)))[:_ROWS]
    body = []
    for r in shown:
        grades = [grade_cell(r.get("grade_before"), lang), grade_cell(r.get("grade_after"), lang)] if graded else []
        body.append([_row_word(name, r, lang), *grades, change_text(r, lang, name), _causes(r)])
    middle = (("grade_before", 13), ("grade_after", 13)) if graded else ()
    columns = (("name", 24), *middle, ("what", 34), ("cause", 16))
    title = {"type": "heading", "text": f"{_table_word(name, lang)} ({len(rows)})"}
    return [title, _table(columns, body, lang), *_cut(rows, _ROWS, lang)]


def _causes(row: Row) -> str:
    numbers = [str(n) for n in row["causes"][:8]] + (["…"] if len(row["causes"]) > 8 else [])
    return ", ".join(numbers + row["general"][:2])


def _step(row: Row) -> int:
    return (row.get("grade_after") or 0) - (row.get("grade_before") or 0)


def _notes(notes: Sequence[str], lang: str) -> list[Block]:
    return [_heading("notes", lang), *({"type": "note", "text": text} for text in notes)] if notes else []


def two_values(before: Any, after: Any, lang: str) -> list[str]:
    """Old and new value, numbers with as many digits as tell them apart."""
    for digits in (4, 6, 9):
        texts = [_value(v, lang, digits) for v in (before, after)]
        if texts[0] != texts[1]:
            break
    return texts


def _value(value: Any, lang: str, digits: int = 4) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return word("yes" if value else "no_", lang)
    if isinstance(value, float) and 0 < abs(value) < _TINY:
        return power(value, digits - 3)
    if isinstance(value, float):
        return f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:,.0f}"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _figures(figures: Sequence[Row], lang: str) -> Block:
    rows = []
    for f in figures:
        numbers: list[Any] = [None if f[k] is None else round(f[k], f["digits"]) for k in ("before", "after")]
        step = "–" if None in numbers else f"{numbers[1] - numbers[0]:+,.{f['digits']}f}"
        if not step.strip("+-0."):
            step = "0"
        texts = ["–" if n is None else f"{n:,.{f['digits']}f}" for n in numbers]
        rows.append([f[lang], *texts, step])
    return _table((("figure", 46), ("before", 18), ("after", 18), ("step", 18)), rows, lang)


def _districts(rows: Sequence[Row], inputs: Sequence[Row], lang: str) -> list[Block]:
    if not rows:
        return [{"type": "text", "text": word("none", lang)}]
    body = []
    for r in sorted(rows, key=lambda r: (-abs(_step(r)), r["id"]))[:_BULLETIN_ROWS]:
        named = [inputs[n - 1]["name"] or inputs[n - 1]["id"] for n in r["causes"][:4]] + r["general"][:2]
        grades = grade_cell(r["grade_before"], lang), grade_cell(r["grade_after"], lang)
        body.append([r["name"], *grades, "、".join(named) if lang == "zh" else ", ".join(named)])
    columns = (("name", 22), ("grade_before", 16), ("grade_after", 16), ("why", 46))
    return [_table(columns, body, lang), *_cut(rows, _BULLETIN_ROWS, lang)]


_LISTS = (
    "findings_new", "findings_closed", "hazards_new", "hazards_closed",
    "dangers_new", "dangers_overdue", "dangers_closed",
)  # fmt: skip


def _lists(lists: Mapping[str, Any], lang: str) -> Block:
    between = "；" if lang == "zh" else "; "
    rows = []
    for key in _LISTS:
        names = lists.get(key)
        if names is None:
            continue
        shown = between.join(names[:6]) + (" …" if len(names) > 6 else "")
        rows.append([word(key, lang), str(len(names)), shown or word("none", lang)])
    return _table((("what", 26), ("count", 10), ("which", 64)), rows, lang)


def _actions(actions: Sequence[Row], lang: str) -> list[Block]:
    if not actions:
        return [{"type": "text", "text": word("none", lang)}]
    between = "；" if lang == "zh" else "; "
    rows = [[a["name"], a["where"] or "–", between.join(a[lang])] for a in actions[: 2 * _BULLETIN_ROWS]]
    columns = (("name", 30), ("where", 16), ("why", 54))
    return [_table(columns, rows, lang), *_cut(actions, 2 * _BULLETIN_ROWS, lang)]
