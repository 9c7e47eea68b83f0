"""Whether two lists mean the same firm: credit code, normalised name, distance, address, township -> a score.

A pair of at least `JOINED` is taken for one firm, one of at least `DOUBTFUL` is for a person to decide.
Two firms with different credit codes are never one, whatever their names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy.sparse as sp
import shapely
from numpy.typing import NDArray
from opencc import OpenCC
from rapidfuzz import fuzz
from rapidfuzz.distance import Indel
from rapidfuzz.process import cpdist

from .numerals import digits
from .text import different, key, plain

# The practice of county registers: from 0.85 on two entries are one firm, below 0.60 they are not.
JOINED, DOUBTFUL = 0.85, 0.60
TIE = 0.02  # two candidates this near to each other cannot be told apart
# Engineering weights of what is known of a pair; the score is their mean over what both have.
WEIGHTS = {"name": 0.65, "place": 0.20, "address": 0.15}
NEAR_M, FAR_M = 200.0, 5000.0  # one site; beyond it agreement falls to nothing at a town's width
OTHER_TOWNSHIP = 0.10  # taken off where the townships differ
SAME_CODE = 0.90  # the least score of two with one credit code and nothing against it
_SAME_SITE = 0.95  # of the nearness: 440 m

_LEGAL = re.compile(r"(?:集团)?(?:股份)?有限(?:责任)?公司|股份公司|有限合伙|(?<![分子])公司")
_ENGLISH = re.compile(
    r"[\s,]+(?:incorporated|inc|llc|l\.l\.c|limited|ltd|corporation|corp|company|co|l\.?p)\b\.?", re.IGNORECASE
)
_ASIDE = re.compile(r"\((?:原|曾用名|旧名|已?停产|已?注销|已?关闭|筹|筹建|拟建)[^)]*\)")
_REGION = re.compile(r"^(?:[^省]{2,3}省)?(?:[^市]{2,3}市)?(?:[^县区]{1,3}[县区])?")
_OPPOSITES = ("东西南北中", "上下", "左右", "前后", "甲乙丙丁戊", "abcdefgh")
_MARKS = frozenset("".join(_OPPOSITES))
_KEEP_APART, _ASK, _SAME_NAME = 0.5, 0.84, 0.97
_LONE_BRANCH = 0.95  # a firm without a branch in its name is a little likelier than any of its branches


class Name(NamedTuple):
    """A firm's name taken apart: ``stem`` without legal form, ``branch`` what stands behind it (林園廠, 分公司)."""

    stem: str
    branch: str


@dataclass(frozen=True)
class Firms:
    """What is known of N firms: text (N,) objects with None, ``xy`` (N, 2) and ``error_m`` (N,) [m], NaN unknown."""

    names: NDArray[np.object_]
    codes: NDArray[np.object_]
    addresses: NDArray[np.object_]
    townships: NDArray[np.object_]
    xy: NDArray[np.float64]
    error_m: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.names)

    def take(self, at: NDArray) -> Firms:
        """The firms at these positions."""
        return Firms(*(getattr(self, f.name)[at] for f in fields(self)))


class Best(NamedTuple):
    """For each of N firms: its best counterpart (-1: none), the score, and the next best as good (-1: none)."""

    at: NDArray[np.int64]
    score: NDArray[np.float64]
    rival: NDArray[np.int64]


def firms(frame: pd.DataFrame) -> Firms:
    """What a layer, or a table with its column names, says of its firms; columns it lacks are unknown."""
    count = len(frame)

    def text(column: str) -> NDArray[np.object_]:
        if column not in frame:
            return np.full(count, None, object)
        return frame[column].astype(object).where(frame[column].notna(), None).to_numpy(object)

    xy, error = np.full((count, 2), np.nan), np.zeros(count)
    if isinstance(frame, gpd.GeoDataFrame):
        middle = shapely.centroid(frame.geometry.to_numpy())
        xy = np.column_stack([shapely.get_x(middle), shapely.get_y(middle)])
    if "position_error_m" in frame:
        error = np.nan_to_num(frame["position_error_m"].to_numpy(float))
    return Firms(text("name"), text("credit_code"), text("address"), text("district"), xy, error)


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


@lru_cache(maxsize=1 << 15)
def _simplified_character(character: str) -> str:
    return _converter().convert(character)


@lru_cache(maxsize=1 << 17)
def folded(text: str) -> str:
    """Text as firms and addresses are compared: `key`, wholly simplified, numerals as figures (二三八之三 = 238之3)."""
    return digits("".join(map(_simplified_character, key(text))))


@lru_cache(maxsize=1 << 17)
def taken_apart(name: str) -> Name:
    """A firm's name as it is compared; remarks in brackets (原…, 已停产) left out, other brackets opened."""
    text = _ENGLISH.sub("公司", _ASIDE.sub("", "".join(map(_simplified_character, plain(name)))))
    text = re.sub(r"[()\[\]【】〔〕《》<>]", "", text.replace("(股)", "股份"))
    text = re.sub(r"第(?=\d)", "", folded(text))
    found = _LEGAL.search(text)
    if not found or not found.start():
        return Name(text, "")
    group = "集团" if found[0].startswith("集团") else ""
    return Name(text[: found.start()] + group, text[found.end() :])


def name_score(a: str, b: str) -> float:
    """
    Likeness of two names, 0 to 1; 1 if equal but for legal form and spelling.

    Works and branches are kept apart (二厂 against 三厂, 城东 against 城西: at most 0.5); a name with a
    branch against one without, or one character in place of another, is at most 0.84: for a person.
    """
    one, two = taken_apart(a), taken_apart(b)
    stem, limit = _stem_score(one.stem, two.stem)
    if one.branch != two.branch:
        if not (one.branch and two.branch):
            return _LONE_BRANCH * min(stem, limit, _ASK)
        branch, branch_limit = _stem_score(one.branch, two.branch)
        stem, limit = stem * branch, min(limit, branch_limit, _ASK if branch >= JOINED else _KEEP_APART)
    return min(stem, limit)


def _stem_score(a: str, b: str) -> tuple[float, float]:
    """(likeness squared, so that a short difference in a short name weighs; the most it may count)."""
    if a == b:
        return 1.0, 1.0
    rest_a, rest_b = _REGION.sub("", a), _REGION.sub("", b)
    if (rest_a == b or rest_b == a) and min(len(rest_a), len(rest_b)) >= 4:
        return _SAME_NAME, 1.0
    return (fuzz.ratio(a, b) / 100) ** 2, _limit(a, b)


def _limit(a: str, b: str) -> float:
    if re.findall(r"\d+", a) != re.findall(r"\d+", b):
        return _KEEP_APART
    limit = 1.0
    gone, come = "", ""
    for op in Indel.opcodes(a, b):
        gone += a[op.src_start : op.src_end] if op.tag in ("delete", "replace") else ""
        come += b[op.dest_start : op.dest_end] if op.tag in ("insert", "replace") else ""
    if any(set(gone) & set(group) and set(come) & set(group) for group in _OPPOSITES):
        return _KEEP_APART
    if (gone and come) or _MARKS & {*gone, *come}:
        limit = _ASK
    return limit


def scores(a: Firms, b: Firms, i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.float64]:
    """
    (K,) scores of the pairs ``a[i]``, ``b[j]``; 0 where both have credit codes and these differ.

    One credit code is not yet one site: filling stations often carry their owner's. It joins where a name is
    missing, or the names are alike and no places speak against it; else the pair is for a person.
    """
    there = pd.notna(a.names[i]) & pd.notna(b.names[j])
    name = np.array([name_score(plain(x), plain(y)) for x, y in zip(a.names[i], b.names[j], strict=True)], float)
    name = np.where(there, name, 0.0)
    both = pd.notna(a.codes[i]) & pd.notna(b.codes[j])
    same = both & (a.codes[i] == b.codes[j])
    near = _nearness(a, b, i, j)
    out = np.zeros(len(i))
    worth = np.flatnonzero((name > _KEEP_APART) & ~(both & ~same))
    out[worth] = _with_evidence(a, b, i[worth], j[worth], name[worth], near[worth])
    joined = same & (~there | ((name >= DOUBTFUL) & ~(near < _SAME_SITE)))
    out = np.where(joined, np.maximum(out, SAME_CODE + (1 - SAME_CODE) * name), out)
    return np.where(same & ~joined, np.clip(out, DOUBTFUL, _ASK), out)


def _nearness(a: Firms, b: Firms, i: NDArray, j: NDArray) -> NDArray[np.float64]:
    """(K,) 1 on one site, falling to 0 a town's width away, the positions' errors allowed for; NaN if unknown."""
    metres = np.hypot(*(a.xy[i] - b.xy[j]).T) - a.error_m[i] - b.error_m[j]
    return np.clip((FAR_M - metres) / (FAR_M - NEAR_M), 0, 1)


def _with_evidence(
    a: Firms, b: Firms, i: NDArray, j: NDArray, name: NDArray[np.float64], near: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weighted mean of name, place and address; unlike names without place or address are for a person."""
    total, weight = WEIGHTS["name"] * name, np.full(len(i), WEIGHTS["name"])
    address = _address_scores(a.addresses[i], b.addresses[j])
    for part, known in ((near, "place"), (address, "address")):
        there = ~np.isnan(part)
        total += np.where(there, WEIGHTS[known] * np.nan_to_num(part), 0)
        weight += np.where(there, WEIGHTS[known], 0)
    ask = (name <= _ASK) | ((name < _SAME_NAME) & np.isnan(near) & ~(address >= 1))
    score = np.where(ask, np.minimum(total / weight, _ASK), total / weight)
    return np.clip(score - OTHER_TOWNSHIP * _differ(a.townships[i], b.townships[j]), 0, 1)


def _address_scores(a: NDArray, b: NDArray) -> NDArray[np.float64]:
    """(K,) agreement of two addresses, 0 to 1: words and figures both count; NaN where one is missing."""
    pairs = zip(a, b, strict=True)
    out = [np.nan if x is None or y is None else _address_score(folded(x), folded(y)) for x, y in pairs]
    return np.array(out, float).reshape(len(a))


def _address_score(a: str, b: str) -> float:
    words = np.clip((fuzz.partial_ratio(a, b) / 100 - 0.5) / 0.4, 0, 1)
    one, two = set(re.findall(r"\d+", a)), set(re.findall(r"\d+", b))
    return float(words) * (1.0 if one <= two or two <= one else 0.0)  # lot 54 is not lot 35


def _differ(a: NDArray, b: NDArray) -> NDArray[np.bool_]:
    """(K,) where both townships are known and are not one name but for its last word (镇, 街道, 区)."""

    def bare(text: str) -> str:
        return re.sub(r"(?:街道|镇|乡|区|街)$", "", folded(text))

    return np.array([bool(x and y and bare(x) != bare(y)) for x, y in zip(a, b, strict=True)], bool)


def candidates(a: Firms, b: Firms) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    (i, j) of the pairs worth a score, in order: one credit code, one stem, or rare pairs of characters in common.

    Few enough for 100,000 firms against as many: pairs of characters more than `_COMMON` names have lead nowhere.
    """
    found = [equal(a.codes, b.codes)]
    stems = [np.array([_stem(n) for n in f.names], object) for f in (a, b)]
    bare = [np.array([(s and _REGION.sub("", s)) or None for s in of], object) for of in stems]
    found += [equal(*bare), _alike(*stems)]
    pairs = np.unique(np.concatenate([np.column_stack(p) for p in found]), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _stem(name: object) -> str | None:
    return None if name is None else taken_apart(plain(name)).stem or None


def equal(a: NDArray, b: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(i, j) where ``a[i]`` equals ``b[j]`` and is not missing."""
    left = pd.DataFrame({"k": a, "i": np.arange(len(a))}).dropna()
    right = pd.DataFrame({"k": b, "j": np.arange(len(b))}).dropna()
    both = left.merge(right, on="k") if len(left) and len(right) else pd.DataFrame({"i": [], "j": []})
    return both["i"].to_numpy(np.int64), both["j"].to_numpy(np.int64)


_COMMON = 300
_CHUNK = 4000
_LEAST_COSINE = 0.35  # of the inverse frequencies of their pairs of characters; alike names have far more
_LEAST_RATIO = 68.0  # less likeness of the stems [%] cannot reach `DOUBTFUL`, whatever place and address say


def _alike(a: NDArray, b: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of stems whose rare pairs of characters agree (cosine of their inverse frequencies)."""
    if not len(a) or not len(b):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    codes_a, unique_a = different(a)
    codes_b, unique_b = different(b)
    grams = [_grams(t) for t in (*unique_a, *unique_b)]
    vocabulary: dict[str, int] = {}
    number: list[list[int]] = []
    for g in grams:
        number.append([vocabulary.setdefault(x, len(vocabulary)) for x in g])
    sizes = np.array([len(n) for n in number])
    flat = np.concatenate([np.array(n, np.int64) for n in number]) if len(number) else np.empty(0, np.int64)
    matrix = sp.csr_matrix((np.ones(len(flat)), flat, np.append(0, np.cumsum(sizes))), (len(grams), len(vocabulary)))
    often = np.asarray(matrix.sum(axis=0)).ravel()
    weighted = matrix.multiply(np.log(1 + len(grams) / np.maximum(often, 1))[None, :]).tocsr()
    norm = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted = sp.diags(1 / np.where(norm > 0, norm, 1)) @ weighted
    weighted = (weighted @ sp.diags((often <= _COMMON).astype(float))).tocsr()
    left, right = weighted[: len(unique_a)], weighted[len(unique_a) :].T.tocsr()
    pairs = []
    for start in range(0, left.shape[0], _CHUNK):
        near = (left[start : start + _CHUNK] @ right).tocoo()
        keep = near.data >= _LEAST_COSINE
        u, v = near.row[keep] + start, near.col[keep]
        ratio = cpdist(unique_a[u], unique_b[v], scorer=fuzz.ratio, score_cutoff=_LEAST_RATIO)
        pairs.append(np.column_stack([u, v])[ratio > 0])
    u, v = np.concatenate(pairs).T
    return _spread(u, v, codes_a, codes_b)


def _spread(u: NDArray, v: NDArray, codes_a: NDArray, codes_b: NDArray) -> tuple[NDArray, NDArray]:
    """Pairs of different texts -> pairs of the rows that have them."""
    left = pd.DataFrame({"u": codes_a, "i": np.arange(len(codes_a))})
    right = pd.DataFrame({"v": codes_b, "j": np.arange(len(codes_b))})
    both = pd.DataFrame({"u": u, "v": v}).merge(left, on="u").merge(right, on="v")
    return both["i"].to_numpy(np.int64), both["j"].to_numpy(np.int64)


def _grams(text: str) -> list[str]:
    return sorted({text[k : k + 2] for k in range(len(text) - 1)} or {text})


def best(a: Firms, b: Firms) -> Best:
    """The best counterpart in ``b`` of each firm of ``a`` that scores `DOUBTFUL` or more, and its rival."""
    i, j = candidates(a, b)
    score = scores(a, b, i, j)
    table = pd.DataFrame({"i": i, "j": j, "score": score})
    table = table[table["score"] >= DOUBTFUL].sort_values(["i", "score", "j"], ascending=[True, False, True])
    at, rival = np.full(len(a), -1), np.full(len(a), -1)
    top = np.zeros(len(a))
    first = table.drop_duplicates("i")
    at[first["i"]], top[first["i"]] = first["j"], first["score"]
    rest = table[table.duplicated("i")].drop_duplicates("i")
    rest = rest[rest["score"].to_numpy() > top[rest["i"]] - TIE]
    rival[rest["i"]] = rest["j"]
    return Best(at, top, rival)
