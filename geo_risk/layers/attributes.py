"""Values as written -> the schema's dtypes: yes/no, canonical words; numbers, dates and codes by their own modules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..schema import LEVELS, Column
from .codes import cas_numbers, credit_codes, identifiers, strings
from .dates import dates
from .quality import Log
from .quantities import NOTHING, numbers
from .text import different, key, plain, together

YES = frozenset(map(key, ("是", "有", "√", "✓", "yes", "y", "true", "t", "1", "on")))
NO = frozenset(map(key, ("否", "无", "没有", "×", "✗", "no", "n", "false", "f", "0", "off")))


def _written(value: object) -> str:
    """A value as text; a whole number without a point, as a column with gaps holds 1 as 1.0."""
    return plain(int(value) if isinstance(value, float) and value.is_integer() else value)


def yes_no(values: pd.Series, column: Column, rows: NDArray, log: Log) -> pd.arrays.BooleanArray:
    """(N,) True, False or missing; each spelling but the plainest is told with what it was taken for."""
    codes, unique = different(values)
    keys = [key(_written(v)) for v in unique]
    yes, no = np.array([k in YES for k in keys], bool), np.array([k in NO for k in keys], bool)
    blank = np.array([plain(v).lower() in NOTHING for v in unique], bool)
    counts = np.bincount(codes[codes >= 0], minlength=len(unique))
    meaning = np.where(yes, "yes", np.where(no, "no", "unknown"))
    told = [i for i in np.flatnonzero(yes | no | blank) if plain(unique[i])]
    words = [f"{unique[i]} = {meaning[i]} ({counts[i]})" for i in told]
    if blank[told].any() or len(words) > 2:  # "/" is unknown, 无 is no: the report keeps them apart
        log.note("yes_no_words", column=column.name, count=int(counts[told].sum()), detail=", ".join(words))
    odd = np.flatnonzero(np.append(~yes & ~no & ~blank, False)[codes])
    log.group("noted", "not_yes_no", list(rows[odd]), column=column.name, values=list(values.iloc[odd]))
    yes, no = np.append(yes, False)[codes], np.append(no, False)[codes]
    return pd.arrays.BooleanArray(yes, ~(yes | no))


@cache
def _synonyms(items: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[dict[str, str], dict[str, str]]:
    """(every synonym, those without a second meaning): key -> canonical value."""
    exact: dict[str, str] = {}
    for value, words in items:
        for word in (value, *words):
            exact.setdefault(key(word), value)
    return exact, {k: v for k, v in exact.items() if len(k) >= 2 and not k.isascii()}


# Before a word these turn it round (未停产, 非正常) or put it off (拟搬迁, 计划关闭).
_TURNED = re.compile(r"(?:未|非|不|无|没|拟|待|将|曾|免)$|拟|计划(?!生育)|预计|即将|申请")


def canonical(text: str, domain: Mapping[str, tuple[str, ...]]) -> tuple[str | None, bool]:
    """
    (canonical value or None, whether it was read by a word inside).

    A word inside counts only if the longest such words agree and none is turned round by what stands
    before it: 综合医院(三甲) is a hospital, 未停产 is not stopped.
    """
    exact, words = _synonyms(tuple(domain.items()))
    if plain(text) in domain:  # -1 against the line is not 1 along it, though marks do not matter in words
        return plain(text), False
    wanted = key(text)
    if wanted in exact:
        return exact[wanted], False
    inside = [w for w in words if w in wanted]
    longest = [w for w in inside if not any(w in other and w != other for other in inside)]
    if any(_TURNED.search(wanted[: wanted.index(w)]) for w in longest):
        return None, False
    meanings = {words[w] for w in longest}
    return (meanings.pop(), True) if len(meanings) == 1 else (None, False)


def words(values: pd.Series, column: Column, header: str, rows: NDArray, log: Log) -> NDArray[np.object_]:
    """(N,) canonical values of the column's domain; unknown ones become 'other', or stay where it has none."""
    codes, unique = different(values)
    bare_numbers = dict(column.domain) == dict(_LEVEL_DOMAIN) and key(header) != key(column.name)
    fallback = "other" if "other" in column.domain else None
    table: list[str | None] = []
    where_of = together(codes, len(unique))
    for code, raw in enumerate(unique):
        text = _written(raw)
        problem, value = "", None
        if text.lower() not in NOTHING:
            if bare_numbers and text.isdigit():
                problem = "ambiguous_level"
            else:
                value, by_word = canonical(text, column.domain)
                problem = "value_by_word" if by_word else "unknown_value" if value is None else ""
                value = value if value is not None else fallback or (text if column.dtype == "string" else None)
        table.append(value)
        if problem:
            log.group(
                "noted",
                problem,
                list(rows[where_of[code]]),
                column=column.name,
                values=[raw],
                detail=value or "missing",
            )
    return np.append(np.array(table, object), [None])[codes]


_LEVEL_DOMAIN = {v: tuple(w.split(",")) for v, _, w in (item.partition("=") for item in LEVELS.split("|"))}
# Names that stand for no firm: what a clerk types to try a form.
_TEST_NAME = re.compile(
    r"^(?:测试|test|demo|示例|样例|演示)(?:数据|企业|公司|单位|用户|有限公司|[-_]?\d+)*$|测试(?:数据|用)?\d*$"
    r"|^(?:abc|aaa|xxx|asd|qwe|aa|xx|某某|××|\*\*)(?:企业|公司|厂|单位|有限公司)?$|^(.)\1{1,}$|^\d{1,6}$",
    re.IGNORECASE,
)


def tell_test_rows(names: NDArray[np.object_], rows: NDArray, log: Log) -> None:
    """Tell the rows whose name looks like a trial entry (测试, 111, abc企业); they stay: only a person can say."""
    codes, unique = different(names)
    odd = np.array([bool(_TEST_NAME.match(plain(n).replace(" ", ""))) for n in unique], bool)
    for i in np.flatnonzero(odd):
        where = rows[codes == i]
        log.group("noted", "test_row", list(where), column="name", values=[unique[i]])


def convert(values: pd.Series, column: Column, header: str, rows: NDArray, log: Log) -> pd.Series | NDArray:
    """One column as written -> the dtype of the schema."""
    if column.name in _CONVERTERS:
        return _CONVERTERS[column.name](values, column, rows, log)
    if column.name == "id" or column.name.endswith(("_id", "_code")):
        return identifiers(values, column, rows, log)
    if column.dtype == "date":
        return dates(values, column, rows, log)
    if column.dtype == "bool":
        return pd.Series(yes_no(values, column, rows, log))
    if column.domain:
        return _domain_words(values, column, header, rows, log)
    if column.dtype == "int":
        return pd.Series(_whole(values, column, header, rows, log)).astype("Int64")
    if column.dtype == "float":
        return numbers(values, column, header, rows, log)
    return strings(values)


_CONVERTERS = {"credit_code": credit_codes, "cas": cas_numbers}


def _domain_words(values: pd.Series, column: Column, header: str, rows: NDArray, log: Log) -> pd.Series | NDArray:
    found = words(values, column, header, rows, log)
    if column.name == "state" and not any(v in column.domain for v in found):  # a state of a country, say
        log.issues = [i for i in log.issues if not (i.code == "unknown_value" and i.column == "state")]
        log.group("noted", "unknown_state", list(rows), column="state", values=list(values))
        return np.full(len(found), None, object)
    return pd.Series(pd.to_numeric(pd.Series(found, dtype=object))).astype("Int64") if column.dtype == "int" else found


def _whole(values: pd.Series, column: Column, header: str, rows: NDArray, log: Log) -> NDArray[np.float64]:
    """Whole numbers as floats; a year may be written as a date."""
    if column.name == "year":
        read = dates(values, column, rows, log)
        return np.array([np.nan if d is None else float(d[:4]) for d in read])
    out = numbers(values, column, header, rows, log)
    broken = np.flatnonzero(~np.isnan(out) & (out != np.round(out)))
    log.group("noted", "not_a_number", list(rows[broken]), column=column.name, values=list(out[broken]))
    out[broken] = np.nan
    return out
