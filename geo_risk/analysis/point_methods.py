"""
Point methods: LEC, LS, MES, plant zone, GB 18218 level, company and park scores -> level and colour.

Scales are rows of ``standards/point_scales.csv``, levels and colours rows of ``standards/point_grades.csv``;
each result names variant, clause and confidence of the row that decided.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from ..errors import InputError
from .rows import table_rows

BOUNDARIES = ("worse", "better")
# The scores each method asks for, as columns of the layer risk_points.
TERMS: dict[str, tuple[str, ...]] = {
    "lec": ("l", "e", "c"),
    "ls": ("l", "s"),
    "mes": ("m", "e", "s"),
    "zone": ("l", "s"),
    "major_hazard": ("s",),
    "score": ("s",),
}
ZONE_L_ITEMS, ZONE_S_ITEMS = 6, 4


class PointGrade(NamedTuple):
    """
    Result of one method.

    ``grade`` 4 red to 1 blue; ``value`` D, R or the score; ``level`` the method's own level; ``variant`` "*"
    where there is one only; ``clause`` and ``confidence`` of the row that decided.
    """

    grade: int
    value: float
    level: str
    method: str
    variant: str
    clause: str
    confidence: str


def lec(l: float, e: float, c: float, *, boundary: str = "worse") -> PointGrade:
    """
    LEC: D = L E C; red from 320, orange from 160, yellow from 70.

    Sources differ on a D that equals a cut: it belongs to the "worse" or the "better" side.

    Raises
    ------
    InputError
        If a score is not on its scale, with the scale; or ``boundary`` is neither word.
    """
    if boundary not in BOUNDARIES:
        raise InputError(f"boundary = {boundary!r}: write one of {', '.join(BOUNDARIES)}.")
    value = _product("lec", {"l": l, "e": e, "c": c})
    return _graded("lec", "*", value, boundary)


def ls(l: float, s: float, *, variant: str = "A") -> PointGrade:
    """LS 5x5: R = L S, split into colours by ``variant`` A to D. InputError as `lec`, or without such a variant."""
    return _graded("ls", variant, _product("ls", {"l": l, "s": s}))


def mes(m: float, e: float, s: float) -> PointGrade:
    """MES: R = M E S; levels 1 to 5, of which 4 and 5 are blue. InputError as `lec`."""
    return _graded("mes", "*", _product("mes", {"m": m, "e": e, "s": s}))


def zone(l: float, s: float) -> PointGrade:
    """Plant zone: colour by the 4x4 matrix of L and S (see `zone_scores`); value L S. InputError as `lec`."""
    value = _product("zone", {"l": l, "s": s})
    row = next(r for r in table_rows("zone_matrix") if r["l"] == l and r["s"] == s)
    return PointGrade(int(row["grade"]), value, str(5 - row["grade"]), "zone", "*", _clause(row), row["confidence"])


def zone_scores(l_items: Sequence[float], s_items: Sequence[float]) -> tuple[int, int]:
    """
    L and S of a plant zone: L the mean of six items (0-4) rounded up, at least 1; S the largest of four (1-4).

    Raises
    ------
    InputError
        If there are not six and four items, or one is out of range.
    """
    for what, items, count, low in (("L", l_items, ZONE_L_ITEMS, 0), ("S", s_items, ZONE_S_ITEMS, 1)):
        if len(items) != count or not all(low <= i <= 4 for i in items):
            raise InputError(f"plant zone {what} items {list(items)}: {count} scores from {low} to 4 are needed.")
    # 1e-9: a mean such as 2.0000000000000004 is 2.
    return max(1, math.ceil(sum(l_items) / ZONE_L_ITEMS - 1e-9)), math.ceil(max(s_items))


def major_hazard_level(level: float) -> PointGrade:
    """Colour of a GB 18218 level 1 to 4; 1 and 2 are red by the direct rule of DB37/T 2882. InputError as `lec`."""
    return _graded("major_hazard", "*", _product("major_hazard", {"s": level}))


def enterprise_score(score: float) -> PointGrade:
    """Colour of a hazmat company by its score 0-100 (应急〔2018〕19号); 90, 75, 60 are the better side's."""
    return _scored("score", score)


def park_score(score: float) -> PointGrade:
    """Chemical-park grade by score 0-100: level A (below 60, high) to D (from 85); cuts are the better side's."""
    return _scored("park", score)


def consequence_score(deaths: float, version: str = "2007") -> float:
    """
    LEC score C of a number of deaths, by the "2007" or the "classic" scale.

    Raises
    ------
    InputError
        If there is no such version, or ``deaths`` is negative or NaN.
    """
    rows = [r for r in _scale("lec", "c") if r["variant"] == version]
    if not rows:
        raise InputError(f"lec_consequence = {version!r}: known are {', '.join(versions())}.")
    reached = [r["score"] for r in rows if deaths >= r["deaths_from"]]
    if not reached:
        raise InputError(f"deaths = {deaths:g}: a number of 0 or more is needed.")
    return max(reached)


def variants(method: str) -> tuple[str, ...]:
    """The variants of a method's split into colours."""
    return tuple(dict.fromkeys(str(r["variant"]) for r in table_rows("point_grades") if r["method"] == method))


def versions() -> tuple[str, ...]:
    """The versions of the LEC consequence scale."""
    return tuple(dict.fromkeys(str(r["variant"]) for r in _scale("lec", "c")))


def off_scale(method: str, term: str, value: float) -> str:
    """What is wrong with a score of a method, with the scale; empty where nothing is."""
    if method == "score":
        return "" if 0 <= value <= 100 else f"score = {value:g} is not within 0 to 100"
    scale = sorted({r["score"] for r in _scale(method, term)}, reverse=True)
    if value in scale:
        return ""
    return f"{term.upper()} = {value:g} is not on the scale of {method.upper()}: {', '.join(f'{s:g}' for s in scale)}"


def direct_red(text: str) -> list[dict[str, Any]]:
    """The direct rules for red (``standards/direct_red.csv``) whose words stand in a text, in the table's order."""
    low = text.lower()
    return [r for r in table_rows("direct_red") if any(w.lower() in low for w in r["words"].split("|"))]


@cache
def _scale(method: str, term: str) -> list[dict[str, Any]]:
    return [r for r in table_rows("point_scales") if r["method"] == method and r["term"] == term]


def _product(method: str, scores: dict[str, float]) -> float:
    wrong = [told for term, value in scores.items() if (told := off_scale(method, term, value))]
    if wrong:
        raise InputError(f"{'; '.join(wrong)}. Write a score of the scale.")
    return math.prod(scores.values())


def _scored(method: str, score: float) -> PointGrade:
    if wrong := off_scale("score", "s", score):
        raise InputError(f"{wrong}. Write the score out of 100.")
    return _graded(method, "*", score, "better")


def _graded(method: str, variant: str, value: float, boundary: str = "worse") -> PointGrade:
    """The row whose band holds the value; of two that share it as a cut the one ``boundary`` says."""
    if variant not in variants(method):
        raise InputError(f"{method}_variant = {variant!r}: known are {', '.join(variants(method))}.")
    rows = [r for r in table_rows("point_grades") if r["method"] == method and r["variant"] == variant]
    # 1e-9: 0.1 x 6 x 100 is 60.00000000000001 in binary.
    fits = [r for r in rows if r["lower"] - 1e-9 <= value <= _upper(r) + 1e-9]
    row = (max if boundary == "worse" else min)(fits, key=lambda r: r["grade"])
    return PointGrade(int(row["grade"]), value, str(row["level"]), method, variant, _clause(row), row["confidence"])


def _upper(row: dict[str, Any]) -> float:
    return math.inf if math.isnan(row["upper"]) else row["upper"]


def _clause(row: dict[str, Any]) -> str:
    return " ".join(str(row[k]) for k in ("standard", "edition", "clause") if row[k] != "-")
