"""When each enterprise is due for an inspection, and how urgent that is, by rules that are data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from ..errors import InputError
from ..standards import check, table
from .dangers import last_day
from .grading import GRADE_WORDS
from .rows import number, records, text, working

RULE_COLUMNS = ("rule_id", "what", "match", "grade", "days", "visit_min", "weight", "label")
WHATS = ("grade", "ungraded", "trade", "major", "recheck", "supervised")
# How soon a visit is due: days from the start of the plan; the project's own choice, for the map and the office's list.
_SOON = ((30, "within_30_days"), (90, "within_90_days"), (float("inf"), "later"))
_NUMBERS = {"days": 1.0, "visit_min": 1.0, "weight": 0.0}  # and the least each may be


class _Due(NamedTuple):
    day: date
    rule: dict[str, Any]
    why: str


def inspection_rules(own: pd.DataFrame | None = None, what: str = "own rules") -> list[dict[str, Any]]:
    """
    The rules of standards/inspection_rules.csv; rows of ``own`` (cells may be text) replace those of the same rule_id.

    Raises
    ------
    StandardsError
        If an own row does not say where it comes from.
    InputError
        If ``what``, grade or a number of it makes no sense, with file, row, column and value.
    """
    rules = {str(r["rule_id"]): r for r in records(table("inspection_rules"))}
    if own is not None:
        own = own.replace("", np.nan)
        check(own, what, columns=RULE_COLUMNS)
        for n, row in enumerate(records(own), start=2):
            rules[str(row["rule_id"])] = _own_rule(row, f"{what} row {n}")
    return list(rules.values())


def _own_rule(row: dict[str, Any], where: str) -> dict[str, Any]:
    if row["what"] not in WHATS:
        raise InputError(f"{where}: what = {row['what']!r} is none of {', '.join(WHATS)}.")
    for column, least in _NUMBERS.items():
        if not number(row, column) >= least:
            raise InputError(f"{where}: {column} = {row[column]!r}: write a number, {least:g} or more.")
    grade = number(row, "grade")
    if text(row, "grade") and grade not in (1, 2, 3, 4):
        raise InputError(f"{where}: grade = {row['grade']!r}: write 4 red, 3 orange, 2 yellow or 1 blue.")
    if row["what"] in ("grade", "trade") and np.isnan(grade):
        raise InputError(f"{where}: a rule of {row['what']} needs a grade, 1 to 4.")
    return row | {c: number(row, c) for c in (*_NUMBERS, "grade")}


def inspection_dues(
    enterprises: gpd.GeoDataFrame,
    start: date,
    *,
    grades: pd.DataFrame | None = None,
    major_hazards: pd.DataFrame | None = None,
    dangers: pd.DataFrame | None = None,
    points: pd.DataFrame | None = None,
    rules: list[dict[str, Any]] | None = None,
) -> gpd.GeoDataFrame:
    """
    One row an enterprise that is at work: when it is due, by which rule, and how urgent (the first columns of
    ``schema.RESULTS["inspections"]``), the most urgent first.

    Of the rules that fit, the one with the earliest day holds. An interval runs from the last visit told by the
    enterprise or its risk points; where none is known, and by which the start of the plan has not come, the
    visit is due at the start. The more urgent is the larger weight x (1 + days late / interval).

    Parameters
    ----------
    start : date
        First day of the plan; visits after it do not count.
    grades : table `enterprises`
    major_hazards, dangers : tables `major_hazards` and `danger_places`
    points : layer risk_points
    """
    rules = inspection_rules() if rules is None else rules
    firms = enterprises[working(enterprises)].reset_index(drop=True)
    seen = _last_visits(firms, points, start)
    graded = _by_id(grades, ("grade", "district_id"))
    major = (
        set() if major_hazards is None else set(major_hazards.loc[major_hazards["verdict"] == "major"].enterprise_id)
    )
    waiting = _waiting(dangers)
    rows = []
    for firm in records(pd.DataFrame(firms.drop(columns=firms.geometry.name))):
        known = graded.get(firm["id"], {})
        grade = int(known["grade"]) if pd.notna(known.get("grade")) else None
        visit = seen.get(firm["id"])
        dues = [*_intervals(firm, grade, firm["id"] in major, visit, start, rules)]
        dues += _of_dangers(waiting.get(firm["id"], ()), visit, start, rules)
        rows.append(_row(firm, known, grade, visit, start, dues))
    out = pd.DataFrame(rows, index=firms.index)
    order = np.lexsort((out["enterprise_id"].astype(str), -out.pop("urgency").to_numpy(float)))
    out = gpd.GeoDataFrame(out, geometry=firms.geometry.array, crs=firms.crs).iloc[order].reset_index(drop=True)
    out.insert(out.columns.get_loc("days_late") + 1, "priority", np.arange(1, len(out) + 1))
    return out.astype({"grade": "Int64", "interval_days": "Int64", "days_late": "Int64"})


def _row(
    firm: dict[str, Any],
    known: Mapping[str, Any],
    grade: int | None,
    visit: date | None,
    start: date,
    dues: list[_Due],
) -> dict[str, Any]:
    first = min(dues, key=lambda d: (d.day, -d.rule["weight"], str(d.rule["rule_id"])))
    rule, late = first.rule, max((start - first.day).days, 0)
    interval = int(rule["days"])
    unknown = interval if visit is None and rule["what"] not in ("recheck",) else 0
    return {
        "enterprise_id": firm["id"],
        "enterprise_name": firm["name"],
        "district_id": known.get("district_id"),
        "grade": grade,
        "sector": text(firm, "sector") or None,
        "last_visit": visit.isoformat() if visit else None,
        "interval_days": interval,
        "due_date": first.day.isoformat(),
        "days_late": late,
        "due": "overdue" if late else next(word for days, word in _SOON if (first.day - start).days <= days),
        "visit_min": max(float(d.rule["visit_min"]) for d in dues if d.day <= max(start, first.day)),
        "rule": rule["rule_id"],
        "confidence": rule["confidence"],
        "reason": "; ".join((str(rule["label"]), first.why)),
        "urgency": float(rule["weight"]) * (1 + max(late, unknown) / interval),
    }


def _intervals(
    firm: dict[str, Any],
    grade: int | None,
    major: bool,
    visit: date | None,
    start: date,
    rules: list[dict[str, Any]],
) -> Iterable[_Due]:
    """Dates by the rules of grade, trade and major hazards that fit the firm."""
    trade = text(firm, "sector") or text(firm, "name")
    fitting = [r for r in rules if _fits(r, grade, trade.lower(), major)]
    if not any(r["what"] != "major" for r in fitting):
        fitting += [r for r in rules if r["what"] == "ungraded"]
    for rule in fitting:
        if visit is None:
            yield _Due(start, rule, "no visit known")
        else:
            yield _Due(visit + timedelta(days=int(rule["days"])), rule, f"last visit {visit}")


def _fits(rule: dict[str, Any], grade: int | None, trade: str, major: bool) -> bool:
    if rule["what"] == "major":
        return major
    if rule["what"] not in ("grade", "trade") or grade != rule["grade"]:
        return False
    return rule["what"] == "grade" or any(w.lower() in trade for w in text(rule, "match").split("|") if w)


def _of_dangers(
    dangers: Iterable[dict[str, Any]], visit: date | None, start: date, rules: list[dict[str, Any]]
) -> list[_Due]:
    """Dates by which dangers that are not closed are looked at again."""
    out = []
    for danger in dangers:
        due = last_day(text(danger, "due_date"))
        for rule in rules:
            days, why = timedelta(days=int(rule["days"])), f"danger {danger['id']}"
            if rule["what"] == "recheck" and due is not None:
                since = max(due, visit) if visit else due
                out.append(_Due(since + days, rule, f"{why}, due {due}"))
            elif rule["what"] == "supervised" and bool(danger["supervised"]):
                out.append(_Due(visit + days if visit else start, rule, why))
    return out


def _waiting(dangers: pd.DataFrame | None) -> dict[str, list[dict[str, Any]]]:
    """Enterprise id -> its dangers that are not closed."""
    out: dict[str, list[dict[str, Any]]] = {}
    if dangers is not None:
        known = dangers[(dangers["state"] != "closed") & dangers["enterprise_id"].notna()]
        for row in records(pd.DataFrame(known)):
            out.setdefault(row["enterprise_id"], []).append(row)
    return out


def _last_visits(firms: pd.DataFrame, points: pd.DataFrame | None, start: date) -> dict[str, date]:
    """Enterprise id -> the newest visit up to ``start`` that the firm or one of its points tells."""
    told = [(firms, "id")] + ([(points, "enterprise_id")] if points is not None else [])
    out: dict[str, date] = {}
    for frame, key in told:
        if "visited" not in frame:
            continue
        for firm, value in zip(frame[key], frame["visited"], strict=True):
            day = last_day(value) if isinstance(value, str) else None
            if isinstance(firm, str) and day is not None and day <= start:
                out[firm] = max(day, out.get(firm, day))
    return out


def _by_id(frame: pd.DataFrame | None, columns: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    if frame is None:
        return {}
    return {row["id"]: row for row in records(pd.DataFrame(frame)[["id", *(c for c in columns if c in frame)]])}


def grade_word(grade: int | None) -> str:
    """Colour of a grade; "not graded" where there is none."""
    return GRADE_WORDS[grade] if grade else "not graded"
