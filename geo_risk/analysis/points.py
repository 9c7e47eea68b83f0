"""The grade of every risk point: by its method and scores, the direct rules, and what is declared."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import geopandas as gpd
import pandas as pd

from ..errors import InputError
from ..sections import GradingSettings
from ..standards import weakest
from . import point_methods as methods
from .point_methods import PointGrade
from .rows import GRADE_WORDS, number, records, text

# What a list writes where no direct rule applies.
_NONE = frozenset(("", "无", "否", "不涉及", "-", "/", "—", "no", "none"))


def graded_points(points: gpd.GeoDataFrame, settings: GradingSettings | None = None) -> gpd.GeoDataFrame:
    """
    Grade of every risk point (``schema.RESULTS["risk_points"]``).

    The worst of: the method's grade by every variant in the settings, red where a direct rule applies,
    and the grade as declared. A row whose scores are missing or beside the scale keeps what is declared,
    else has no grade; ``problem`` names file, row and value. No row is left out.

    Parameters
    ----------
    points
        ``schema.LAYERS["risk_points"]``; columns may be missing.
    """
    settings = settings or GradingSettings()
    frame = points.reset_index(drop=True)
    found = pd.DataFrame(
        [_graded(row, settings) for row in records(frame.drop(columns=frame.geometry.name))],
        columns=["grade", "computed", "method", "variant", "value", "grades", "confidence", "reason", "problem"],
        index=frame.index,
    )
    declared = frame["declared_grade"] if "declared_grade" in frame else pd.Series(pd.NA, frame.index, "Int64")
    known = {c: frame.get(c, pd.Series(None, frame.index, object)) for c in _KEPT}
    grade = found["grade"].astype("Int64")
    columns = {
        **known,
        "grade": grade,
        "method": found["method"],
        "variant": found["variant"],
        "value": found["value"].astype(float),
        "grades": found["grades"],
        "declared_grade": declared.astype("Int64"),
        "agrees": (declared.astype("Int64") == found["computed"].astype("Int64")).astype("boolean"),
        "confidence": found["confidence"],
        "reason": found["reason"],
        "problem": found["problem"],
        "geometry": frame.geometry,
    }
    return gpd.GeoDataFrame(columns, crs=frame.crs)


_KEPT = ("id", "name", "kind", "enterprise_id", "enterprise_name")


def _graded(row: dict[str, Any], settings: GradingSettings) -> tuple[Any, ...]:
    """One row: grade, that without the declared one, method, variant, value, grades, confidence, reason, problem."""
    method, results, problem = _by_method(row, settings)
    shown = text(row, "direct")
    direct = methods.direct_red(shown)
    if shown.lower() not in _NONE and not direct:
        problem = _and(problem, _told(row, f"direct condition {shown!r} is none of direct_red.csv: not applied"))
    declared = number(row, "declared_grade")
    worst = max(results, key=lambda r: r[1].grade, default=None)
    parts = [_line(name, r) for name, r in results]
    parts += [f"red outright: {rule['meaning']} ({rule['standard']} {rule['edition']})" for rule in direct]
    grades = [r.grade for _, r in results] + [4] * bool(direct)
    computed = max(grades, default=None)
    if declared in (1, 2, 3, 4):
        if declared != computed:
            counts = "; the worse counts" if computed is not None and declared > computed else ""
            parts.append(f"declared {GRADE_WORDS[int(declared)]}{counts}")
        grades.append(int(declared))
    if not grades:
        problem = problem or _told(row, "neither scores nor a declared grade. Write L, E and C, or L and S, or a grade")
    used = [r.confidence for _, r in results] + [str(rule["confidence"]) for rule in direct]
    return (
        max(grades, default=None),
        computed,
        method or None,
        ", ".join(name for name, _ in results) or None,
        worst[1].value if worst else None,
        json.dumps({name: r.grade for name, r in results}, ensure_ascii=False) if results else None,
        weakest(used) if used else None,
        "; ".join(parts) or "no grade",
        problem,
    )


def _by_method(row: dict[str, Any], settings: GradingSettings) -> tuple[str, list[tuple[str, PointGrade]], str]:
    """(method, [(variant in words, result)], problem) of a row's scores."""
    method = text(row, "method")
    if not method:
        method = next((m for m in ("lec", "mes", "ls") if all(_given(row, t) for t in methods.TERMS[m])), "")
    if not method:
        return "", [], ""
    if method not in methods.TERMS:
        return method, [], _told(row, f"method {method!r} is not known. Known: {', '.join(methods.TERMS)}")
    by_deaths = method == "lec" and not _given(row, "c") and _given(row, "deaths")
    lacking = [t.upper() for t in methods.TERMS[method] if not _given(row, t) and not (by_deaths and t == "c")]
    if lacking:
        return method, [], _told(row, f"{method.upper()} without {', '.join(lacking)}. Write the score")
    try:
        return method, [(name, ask()) for name, ask in _asked(method, row, settings, by_deaths)], ""
    except InputError as error:
        return method, [], _told(row, str(error).removesuffix("."))


def _asked(
    method: str, row: dict[str, Any], settings: GradingSettings, by_deaths: bool
) -> list[tuple[str, Callable[[], PointGrade]]]:
    """The variants of a method that the settings ask for, each a name and a call."""
    term = partial(number, row)
    side = f"cuts {settings.boundary}"
    if method == "lec" and by_deaths:
        return [
            (f"C by deaths {v}, {side}", partial(_lec_of_deaths, row, v, settings.boundary))
            for v in _several(settings.lec_consequence)
        ]
    if method == "lec":
        return [(side, partial(methods.lec, term("l"), term("e"), term("c"), boundary=settings.boundary))]
    if method == "ls":
        return [(v, partial(methods.ls, term("l"), term("s"), variant=v)) for v in _several(settings.ls_variant)]
    ask: dict[str, Callable[..., PointGrade]] = {
        "mes": methods.mes,
        "zone": methods.zone,
        "major_hazard": methods.major_hazard_level,
        "score": methods.enterprise_score,
    }
    return [("*", partial(ask[method], *(term(t) for t in methods.TERMS[method])))]


def _lec_of_deaths(row: dict[str, Any], version: str, boundary: str) -> PointGrade:
    c = methods.consequence_score(number(row, "deaths"), version)
    return methods.lec(number(row, "l"), number(row, "e"), c, boundary=boundary)


def _line(name: str, result: PointGrade) -> str:
    variant = "" if name == "*" else f" ({name})"
    return (
        f"{result.method.upper()}{variant}: {result.value:g}, level {result.level}, {GRADE_WORDS[result.grade]} "
        f"[{result.clause}; {result.confidence}]"
    )


def _given(row: dict[str, Any], column: str) -> bool:
    value = number(row, column)
    return value == value


def _several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _told(row: dict[str, Any], what: str) -> str:
    """``what``, with the file and row it is about."""
    line = row.get("source_row")
    where = f"{text(row, 'source_file')} row {line}: " if not pd.isna(line) and text(row, "source_file") else ""
    return f"{where}{what}"


def _and(first: str, second: str) -> str:
    return "; ".join(filter(None, (first, second)))
