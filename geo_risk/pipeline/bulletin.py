"""What a bulletin says beside the comparison: headline figures, what is new and closed, who must act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..publish.words import rule_words
from ..region import Region

if TYPE_CHECKING:
    import pandas as pd

Told = Mapping[str, Any]
Figure = dict[str, Any]

_GRADE_WORDS = {4: ("红", "red"), 3: ("橙", "orange"), 2: ("黄", "yellow"), 1: ("蓝", "blue")}
_LEVELS = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ"}
_OPEN = ("open", "overdue")
# A firm of this grade or worse that got worse must act.
_ACT_FROM = 3


def figures(before: Region, after: Region) -> list[Figure]:
    """Headline figures of both states: zh, en, before, after (None where a state does not tell), digits."""
    ours, theirs = _numbers(before), _numbers(after)
    out = []
    for key in dict.fromkeys([*ours, *theirs]):
        zh, en, digits = key
        out.append({"zh": zh, "en": en, "digits": digits, "before": ours.get(key), "after": theirs.get(key)})
    return out


def _numbers(region: Region) -> dict[tuple[str, str, int], float | None]:
    out: dict[tuple[str, str, int], float | None] = {}
    cells = np.bincount(region.surface("grade").array.ravel(), minlength=5) * region.grid.cell_m**2 / 1e6
    for grade in (4, 3):
        zh, en = _GRADE_WORDS[grade]
        out[f"{zh}色区面积（km²）", f"Area graded {en} [km²]", 2] = float(cells[grade])
    for name, count in _COUNTS.items():
        table = _table(region, name)
        if table is not None:
            out |= count(table)
    return out


def _table(region: Region, name: str) -> pd.DataFrame | None:
    """A result or, after "layers/", a layer; None if the region has none."""
    from ..store import read_table

    path = region.build / (f"{name}.parquet" if "/" in name else f"tables/{name}.parquet")
    return read_table(path) if path.is_file() else None


def _of_districts(table: pd.DataFrame) -> dict:
    out: dict = {}
    top = table[~table["parent_id"].isin(set(table["id"]))] if "parent_id" in table else table
    towns = table[table["level"] == "township"]
    for grade in (4, 3):
        zh, en = _GRADE_WORDS[grade]
        if len(towns):
            out[f"{zh}色镇街数", f"Townships graded {en}", 0] = float((towns["grade"] == grade).sum())
        persons = top[f"persons_{en}"].sum(min_count=1) if f"persons_{en}" in top else np.nan
        out[f"{zh}色区常住人口（人）", f"Residents in {en}", 0] = None if np.isnan(persons) else float(persons)
    return out


def _of_enterprises(table: pd.DataFrame) -> dict:
    out: dict = {}
    for column, zh, en in (("grade", "", "graded"), ("grade_now", "现实", "currently graded")):
        for grade in (4, 3) if column in table else ():
            words = _GRADE_WORDS[grade]
            out[f"{zh}{words[0]}色企业数", f"Enterprises {en} {words[1]}", 0] = float((table[column] == grade).sum())
    return out


def _of_hazards(table: pd.DataFrame) -> dict:
    major = table[table["verdict"] == "major"]
    return {
        ("重大危险源数", "Major hazards", 0): float(len(major)),
        ("其中一、二级", "of them level 1 or 2", 0): float(major["level"].isin([1, 2]).sum()),
    }


def _of_findings(table: pd.DataFrame) -> dict:
    return {("间距冲突数", "Setback conflicts", 0): float((table["verdict"] == "conflict").sum())}


def _of_dangers(table: pd.DataFrame) -> dict:
    if "state" not in table:
        return {}
    return {
        ("未整改重大事故隐患数", "Major hidden dangers open", 0): float(table["state"].isin(_OPEN).sum()),
        ("其中逾期", "of them overdue", 0): float((table["state"] == "overdue").sum()),
    }


def _of_coverage(table: pd.DataFrame) -> dict:
    people = table[(table["facility_kind"] == "fire_station") & (table["target"] == "people")]
    people = people[people["district_id"].fillna("") == ""].drop_duplicates("limit_min")  # the first hour comes first
    out: dict = {}
    for minutes, share in zip(people["limit_min"], people["share"], strict=True):
        key = f"消防 {minutes:g} 分钟覆盖人口（%）", f"People a fire engine reaches in {minutes:g} min [%]", 1
        out[key] = float(share) * 100
    return out


_COUNTS: dict[str, Callable[[pd.DataFrame], dict]] = {
    "districts": _of_districts,
    "enterprises": _of_enterprises,
    "major_hazards": _of_hazards,
    "findings": _of_findings,
    "layers/hidden_dangers": _of_dangers,
    "coverage": _of_coverage,
}


def lists(told: Told, after: Region, lang: str = "zh") -> dict[str, Any]:
    """Names of what is new and what is closed, by kind, and ``act``: who must act, where and why (zh, en)."""
    out: dict[str, Any] = {}
    out["findings_new"], out["findings_closed"] = _findings(told, lang)
    out["hazards_new"], out["hazards_closed"] = _hazards(told)
    dangers = [i for i in told["inputs"] if i["layer"] == "hidden_dangers"]
    out["dangers_new"] = [
        _danger(i, lang) for i in dangers if i["change"] == "added" and i["facts"].get("state") != "closed"
    ]
    out["dangers_overdue"] = [_danger(i, lang) for i in dangers if _became(i, "state", "overdue")]
    out["dangers_closed"] = [
        _danger(i, lang) for i in dangers if _became(i, "state", "closed") or i["change"] == "removed"
    ]
    out["act"] = _actions(told, dangers, after)
    return out


def _became(row: Told, column: str, value: Any) -> bool:
    return any(c["column"] == column and c["after"] == value for c in row["columns"])


def _was(row: Told, column: str, now: bool) -> Any:
    """A column's later (or earlier) value; where it did not change that of the row."""
    changed = next((c for c in row["columns"] if c["column"] == column), None)
    return row["facts"].get(column) if changed is None else changed["after" if now else "before"]


def _held(row: Told, column: str, value: Any, now: bool) -> bool:
    """Whether the row was there and held a value in the later (or earlier) state."""
    return row["change"] != ("removed" if now else "added") and _was(row, column, now) == value


def _findings(told: Told, lang: str) -> tuple[list[str], list[str]]:
    new: list[str] = []
    closed: list[str] = []
    for row in told["tables"].get("findings", ()):
        before, after = _held(row, "verdict", "conflict", False), _held(row, "verdict", "conflict", True)
        if before != after:
            f = row["facts"]
            name = f"{row['name'] or f['source_id']} – {f['target_name'] or f['target_id']}"
            clause = f"（{rule_words(f, lang)}）" if lang == "zh" else f" ({rule_words(f, lang)})"
            (new if after else closed).append(name + clause)
    return new, closed


def _hazards(told: Told) -> tuple[list[str], list[str]]:
    new: list[str] = []
    closed: list[str] = []
    for row in told["tables"].get("major_hazards", ()):
        step = _rank(row, True) - _rank(row, False)
        if step:
            level = _was(row, "level", step > 0)
            (new if step > 0 else closed).append(row["name"] + ("" if level is None else f" ({_LEVELS[int(level)]})"))
    return new, closed


def _rank(row: Told, now: bool) -> int:
    """0 no major hazard, else 1 (level 4 or unknown) to 4 (level 1)."""
    if not _held(row, "verdict", "major", now):
        return 0
    level = _was(row, "level", now)
    return 1 if level is None else 5 - int(level)


def _danger(row: Told, lang: str) -> str:
    firm, name = row["facts"].get("enterprise_name"), row["name"] or row["id"]
    return f"{firm}{'：' if lang == 'zh' else ': '}{name}" if firm else name


def _actions(told: Told, dangers: list[Any], after: Region) -> list[dict[str, Any]]:
    """Firms that got worse to orange or red, or have a new or overdue danger, or a new or worse major hazard."""
    found: dict[str, dict[str, Any]] = {}
    towns = _towns(after)

    def add(firm: str | None, zh: str, en: str, district: str | None = None) -> None:
        if firm:
            item = found.setdefault(firm, {"name": firm, "where": None, "zh": [], "en": []})
            item["where"] = item["where"] or towns["district"].get(district or towns["firm"].get(firm, ""))
            item["zh"].append(zh)
            item["en"].append(en)

    for row in told["tables"].get("enterprises", ()):
        before, now = row.get("grade_before") or 0, row.get("grade_after") or 0
        if now >= _ACT_FROM and now > before:
            zh, en = _GRADE_WORDS[now]
            add(row["name"], f"等级升为{zh}色", f"grade rose to {en}", row["facts"].get("district_id"))
    for row in told["tables"].get("major_hazards", ()):
        if _rank(row, True) > _rank(row, False):
            add(row["facts"].get("enterprise_name"), f"重大危险源：{row['name']}", f"major hazard: {row['name']}")
    for row in dangers:
        if _became(row, "state", "overdue"):
            add(row["facts"].get("enterprise_name"), f"隐患逾期：{row['name']}", f"danger overdue: {row['name']}")
        elif row["change"] == "added" and row["facts"].get("state") != "closed":
            add(row["facts"].get("enterprise_name"), f"新增隐患：{row['name']}", f"new danger: {row['name']}")
    return sorted(found.values(), key=lambda item: (-len(item["zh"]), item["name"]))


def _towns(region: Region) -> dict[str, dict[str, str]]:
    """Names of districts by id, and the district of a firm by its name."""
    districts, firms = _table(region, "districts"), _table(region, "enterprises")
    names = {} if districts is None else dict(zip(districts["id"].astype(str), districts["name"], strict=True))
    of = {} if firms is None else dict(zip(firms["name"], firms["district_id"].astype(str), strict=True))
    return {"district": names, "firm": of}
