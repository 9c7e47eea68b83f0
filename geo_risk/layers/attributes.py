"""Values as written -> numbers with the schema's unit, dates, yes/no, canonical words, identifiers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..schema import LEVELS, Column
from .quality import Log
from .text import bracketed, key, keys, plain, plains, together

# Written for "nothing": not worth a remark.
_NOTHING = frozenset(("", "/", "\\", "-", "--", "—", "——", "nan", "none", "null", "n/a", "na"))
# Unit -> factor to the column's unit. Exact definitions (SI; 1 mu = 10000/15 m2; 1 kgf/cm2 = 0.0980665 MPa;
# 1 psi = 0.00689476 MPa; 1 lb = 0.45359237 kg; 1 mile = 1.609344 km; 1 inch = 25.4 mm; 1 ft = 0.3048 m).
UNITS: dict[str, dict[str, float]] = {
    "t": {"t": 1, "吨": 1, "公吨": 1, "ton": 1, "tons": 1, "tonnes": 1, "kg": 1e-3, "千克": 1e-3, "公斤": 1e-3,
          "g": 1e-6, "克": 1e-6, "万吨": 1e4, "lb": 4.5359237e-4, "lbs": 4.5359237e-4},
    "m3": {"m3": 1, "立方米": 1, "立方": 1, "方": 1, "立方公尺": 1, "l": 1e-3, "升": 1e-3, "公升": 1e-3,
           "万立方米": 1e4, "万m3": 1e4, "万方": 1e4},
    "MPa": {"mpa": 1, "兆帕": 1, "kpa": 1e-3, "千帕": 1e-3, "pa": 1e-6, "bar": 0.1, "公斤": 0.0980665,
            "kgf/cm2": 0.0980665, "kg/cm2": 0.0980665, "psi": 6.894757e-3},
    "mm": {"mm": 1, "毫米": 1, "cm": 10, "厘米": 10, "m": 1000, "米": 1000, "in": 25.4, "inch": 25.4, "英寸": 25.4,
           "寸": 25.4},
    "m": {"m": 1, "米": 1, "公尺": 1, "km": 1000, "公里": 1000, "千米": 1000, "cm": 0.01, "厘米": 0.01, "mm": 1e-3,
          "ft": 0.3048, "feet": 0.3048},
    "m2": {"m2": 1, "平方米": 1, "平方": 1, "平米": 1, "平方公尺": 1, "亩": 10000 / 15, "公顷": 1e4,
           "ha": 1e4, "hm2": 1e4,
           "km2": 1e6, "平方公里": 1e6, "万平方米": 1e4},
    "persons": {"人": 1, "名": 1, "个": 1, "persons": 1, "万人": 1e4, "万": 1e4},
    "households": {"户": 1, "households": 1, "万户": 1e4},
    "beds": {"张": 1, "床": 1, "beds": 1},
    "degC": {"c": 1, "°c": 1, "度": 1, "摄氏度": 1},
    "km/h": {"km/h": 1, "kmh": 1, "kph": 1, "公里/小时": 1, "公里/时": 1, "千米/小时": 1, "mph": 1.609344},
    "s": {"s": 1, "秒": 1, "sec": 1, "min": 60, "分": 60, "分钟": 60},
    "": {"层": 1, "辆": 1, "个": 1, "台": 1, "张": 1, "位": 1, "f": 1, "条": 1, "车道": 1},
}  # fmt: skip
_ABOUT = re.compile(
    r"^(约为|约|大约|近|不超过|不大于|不小于|不低于|至少|最大|>=|<=|≥|≤|>|<|~|≈|ca\.?|dn|φ|ø|Φ|d)\s*", re.IGNORECASE
)
_ONE = r"[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?"
_VALUE = re.compile(rf"^({_ONE})\s*(.*)$", re.IGNORECASE)
_RANGE = re.compile(rf"^({_ONE})\s*(?:-|~|～|–|—|至|到)\s*({_ONE})\s*(.*)$", re.IGNORECASE)
_TIMES = re.compile(rf"^({_ONE})\s*(?:个|台|座|具)?\s*[×xX*✕]\s*({_ONE})\s*(.*)$")
_MULTIPLIER = {"万": 1e4, "千": 1e3, "亿": 1e8}
YES = frozenset(map(key, ("是", "有", "√", "✓", "yes", "y", "true", "t", "1", "on")))
NO = frozenset(map(key, ("否", "无", "没有", "×", "✗", "no", "n", "false", "f", "0", "off")))


def factor(unit: str, to: str) -> float | None:
    """How many ``to`` one ``unit`` is; None if it is no unit of that kind; 1 for no unit."""
    text = plain(unit).casefold().strip(" .").replace("³", "3").replace("²", "2").replace("㎡", "m2").replace("℃", "°c")
    if not text:
        return 1.0
    return UNITS.get(to, {}).get(text)


def number(text: str, unit: str, written_unit: str = "") -> tuple[float, str]:
    """
    (value in ``unit``, how it was read) of one cell; NaN if it is no number.

    "2×1000m³" is a product except for diameters (mm), where the first figure counts; of a range
    the larger end is taken; ``written_unit`` (from the header) applies where the cell has none.
    How: '' for a bare number, else 'unit', 'about', 'range, larger end' or 'product'.
    """
    how, text = "", plain(text)
    while (found := _ABOUT.match(text)) and found.end() < len(text):
        text, how = text[found.end() :], "about"
    if (found := _TIMES.match(text)) and unit == "mm":
        value, rest, how = _float(found[1]), "mm", "first figure"
    elif found:
        value, rest, how = _float(found[1]) * _float(found[2]), found[3], "product"
    elif found := _RANGE.match(text):
        value, rest, how = max(_float(found[1]), _float(found[2])), found[3], "range, larger end"
    elif found := _VALUE.match(text):
        value, rest = _float(found[1]), found[2]
    else:
        return np.nan, ""
    rest = re.sub(r"(左右|以上|以下|余|多)$", "", rest.strip())
    scale = factor(rest or written_unit, unit)
    if scale is None and rest[:1] in _MULTIPLIER:
        part = factor(rest[1:] or written_unit, unit)
        scale = None if part is None else part * _MULTIPLIER[rest[0]]
    if scale is None:
        return np.nan, ""
    found_value = value * scale
    return (found_value, how or ("unit" if rest else "")) if np.isfinite(found_value) else (np.nan, "")


def _float(text: str) -> float:
    return float(text.replace(",", ""))


def numbers(values: pd.Series, column: Column, header: str, rows: NDArray, log: Log) -> NDArray[np.float64]:
    """(N,) values in the column's unit, NaN where there is none; what was read from words is told."""
    written = header_unit(header, column.unit)
    scale = factor(written, column.unit) or 1.0
    if pd.api.types.is_numeric_dtype(values.dtype):
        out = values.to_numpy(float, na_value=np.nan) * scale
    else:
        text = plains(values)
        out = pd.to_numeric(text.where(~text.str.lower().isin(_NOTHING)), errors="coerce").to_numpy(float, copy=True)
        out[~np.isfinite(out)] = np.nan  # the words inf and 1e999 are no numbers
        hard = np.isnan(out) & ~text.str.lower().isin(_NOTHING).to_numpy()
        out *= scale
        read: dict[str, list[int]] = {}
        cells = text.tolist()
        table = {t: number(t, column.unit, written) for t in {cells[i]: None for i in np.flatnonzero(hard)}}
        for i in np.flatnonzero(hard):
            out[i], how = table[cells[i]]
            read.setdefault("" if np.isnan(out[i]) else how or "thousands", []).append(int(i))
        raw = values.tolist()
        for how, where in read.items():
            code, action = ("number_words", "repaired") if how else ("not_a_number", "noted")
            shown = [raw[i] for i in where]
            log.group(action, code, list(rows[where]), column=column.name, values=shown, detail=how)
    if column.unit not in ("degC", ""):
        _refuse_negative(out, column, rows, log)
    out[~np.isfinite(out)] = np.nan
    return out


def header_unit(header: str, unit: str) -> str:
    """The unit a header states in brackets, if it is one of that kind: 存量(kg)."""
    written = bracketed(header)
    return written if written and factor(written, unit) is not None else ""


def _refuse_negative(out: NDArray[np.float64], column: Column, rows: NDArray, log: Log) -> None:
    bad = np.flatnonzero(out < 0)
    log.group("noted", "out_of_range", list(rows[bad]), column=column.name, values=list(out[bad]), detail="below zero")
    out[bad] = np.nan


_HAN_DIGITS = str.maketrans("〇零一二三四五六七八九○", "001234567890")
_ISO = re.compile(r"^(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月?)|年)?(?:[ T].*)?$")
_ROC = re.compile(r"^(?:中?华?民国|民國|roc)?\s*(\d{2,3})[年./-](?:(\d{1,2})(?:[月./-](?:(\d{1,2})日?)?)?)?$")
_COMPACT = re.compile(r"^(19|20)\d{2}(0[1-9]|1[0-2])([0-3]\d)?$")
_SERIAL = range(20000, 60000)  # spreadsheet day numbers of 1954 to 2064
_ROC_OFFSET = 1911
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def date(text: str) -> tuple[str | None, bool]:
    """(ISO date as precise as written: 2023, 2023-05 or 2023-05-17; None if impossible, from a Republic year)."""
    text = plain(text).translate(_HAN_DIGITS)
    folded = text.replace("民國", "民国")
    if _COMPACT.match(text):
        return _iso(int(text[:4]), int(text[4:6]), int(text[6:]) if len(text) == 8 else None), False
    if text.isdigit() and len(text) == 5 and int(text) in _SERIAL:
        return str((pd.Timestamp(1899, 12, 30) + pd.Timedelta(days=int(text))).date()), False
    if found := _ISO.match(text):
        parts = [int(p) if p else None for p in found.groups()]
        return _iso(parts[0] or 0, parts[1], parts[2]), False
    if (found := _ROC.match(folded)) and (folded.startswith(("民国", "中华", "roc")) or "年" in folded):
        parts = [int(p) if p else None for p in found.groups()]
        return _iso((parts[0] or 0) + _ROC_OFFSET, parts[1], parts[2]), True
    return None, False


def _iso(year: int, month: int | None, day: int | None) -> str | None:
    if not 1900 <= year <= 2100 or (month is not None and not 1 <= month <= 12):
        return None
    if month is None:
        return f"{year}"
    if day is None:
        return f"{year}-{month:02d}"
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= day <= _DAYS[month - 1] or (month == 2 and day == 29 and not leap):
        return None
    return f"{year}-{month:02d}-{day:02d}"


def dates(values: pd.Series, column: Column, rows: NDArray, log: Log) -> NDArray[np.object_]:
    """(N,) ISO text or None."""
    codes, unique = pd.factorize(plains(values))
    read = [date(t) for t in unique]
    out = np.array([iso for iso, _ in read], object)[codes]
    bad = np.array([iso is None and t.lower() not in _NOTHING for t, (iso, _) in zip(unique, read, strict=True)], bool)
    roc = np.array([is_roc for _, is_roc in read], bool)
    bad, roc = bad[codes], roc[codes]
    log.group("noted", "not_a_date", list(rows[bad]), column=column.name, values=list(values[bad]))
    log.group("repaired", "roc_year", list(rows[roc]), column=column.name, values=list(values[roc]))
    return out


def _written(value: object) -> str:
    """A value as text; a whole number without a point, as a column with gaps holds 1 as 1.0."""
    return plain(int(value) if isinstance(value, float) and value.is_integer() else value)


def yes_no(values: pd.Series, column: Column, rows: NDArray, log: Log) -> pd.arrays.BooleanArray:
    """(N,) True, False or missing."""
    words = keys(values)
    yes, no = words.isin(YES).to_numpy(), words.isin(NO).to_numpy()
    odd = ~yes & ~no & ~plains(values).str.lower().isin(_NOTHING).to_numpy()
    log.group("noted", "not_yes_no", list(rows[odd]), column=column.name, values=list(values[odd]))
    return pd.arrays.BooleanArray(yes, ~(yes | no))


@cache
def _synonyms(items: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[dict[str, str], dict[str, str]]:
    """(every synonym, those without a second meaning): key -> canonical value."""
    exact: dict[str, str] = {}
    for value, words in items:
        for word in (value, *words):
            exact.setdefault(key(word), value)
    return exact, {k: v for k, v in exact.items() if len(k) >= 2 and not k.isascii()}


def canonical(text: str, domain: Mapping[str, tuple[str, ...]]) -> tuple[str | None, bool]:
    """
    (canonical value or None, whether it was read by a word inside).

    A word inside counts only if the longest such words agree: 综合医院(三甲) is a hospital.
    """
    exact, words = _synonyms(tuple(domain.items()))
    if plain(text) in domain:  # -1 against the line is not 1 along it, though marks do not matter in words
        return plain(text), False
    wanted = key(text)
    if wanted in exact:
        return exact[wanted], False
    inside = [w for w in words if w in wanted]
    longest = [w for w in inside if not any(w in other and w != other for other in inside)]
    meanings = {words[w] for w in longest}
    return (meanings.pop(), True) if len(meanings) == 1 else (None, False)


def words(values: pd.Series, column: Column, header: str, rows: NDArray, log: Log) -> NDArray[np.object_]:
    """(N,) canonical values of the column's domain; unknown ones become 'other', or stay where it has none."""
    codes, unique = pd.factorize(plains(values))
    cells, where_of = values.to_numpy(object), together(codes, len(unique))
    bare_numbers = dict(column.domain) == dict(_LEVEL_DOMAIN) and key(header) != key(column.name)
    fallback = "other" if "other" in column.domain else None
    table: dict[str, str | None] = {}
    for t, where in zip(unique, where_of, strict=True):
        told, shown = rows[where].tolist(), cells[where].tolist()
        if t.lower() in _NOTHING:
            table[t] = None
        elif bare_numbers and t.isdigit():
            table[t] = None
            log.group("noted", "ambiguous_level", told, column=column.name, values=shown)
        else:
            value, by_word = canonical(t, column.domain)
            table[t] = value if value is not None else (fallback or (t if column.dtype == "string" else None))
            code = "value_by_word" if by_word else "unknown_value"
            if by_word or value is None:
                log.group("noted", code, told, column=column.name, values=shown, detail=table[t] or "missing")
    return np.array([table[t] for t in unique], object)[codes]


_LEVEL_DOMAIN = {v: tuple(w.split(",")) for v, _, w in (item.partition("=") for item in LEVELS.split("|"))}
_DAMAGED = re.compile(r"^\d(\.\d+)?e\+?\d+$", re.IGNORECASE)


def identifiers(values: pd.Series, column: Column, rows: NDArray, log: Log) -> NDArray[np.object_]:
    """(N,) identifiers as text without blanks; None where missing or damaged by a spreadsheet."""
    text = strings(values)
    damaged = np.array([t is not None and bool(_DAMAGED.match(t)) for t in text], bool)
    log.group("noted", "damaged_id", list(rows[damaged]), column=column.name, values=list(text[damaged]))
    text[damaged] = None
    return text


def strings(values: pd.Series) -> NDArray[np.object_]:
    """(N,) text as written without outer blanks, None for missing; whole numbers without a point."""
    if values.dtype != object and pd.api.types.is_string_dtype(values.dtype):
        nothing = plains(values).str.lower().isin(_NOTHING).to_numpy(bool) | values.isna().to_numpy(bool)
        out = values.str.strip().to_numpy(object, copy=True)
        out[nothing] = None
        return out
    out = np.empty(len(values), object)
    for i, v in enumerate(values):
        if isinstance(v, float) and v.is_integer():
            v = int(v)
        out[i] = None if plain(v).lower() in _NOTHING else str(v).strip()
    return out


def with_units(values: pd.Series, header: str, frame: pd.DataFrame) -> pd.Series:
    """Numbers with the unit of a neighbouring unit column (DiameterUnits beside Diameter), where there is one."""
    names = {key(c): c for c in frame.columns}
    column = next((names[key(header) + end] for end in ("units", "unit", "单位") if key(header) + end in names), None)
    if column is None:
        return values
    text, units = plains(values), plains(frame[column])
    return text.where((text == "") | (units == ""), text + " " + units)


def convert(values: pd.Series, column: Column, header: str, rows: NDArray, log: Log) -> pd.Series | NDArray:
    """One column as written -> the dtype of the schema."""
    if column.name == "id" or column.name.endswith(("_id", "_code")) or column.name == "cas":
        return identifiers(values, column, rows, log)
    if column.dtype == "date":
        return dates(values, column, rows, log)
    if column.dtype == "bool":
        return pd.Series(yes_no(values, column, rows, log))
    if column.domain:
        found = words(values, column, header, rows, log)
        if column.name == "state" and not any(v in column.domain for v in found):  # a state of a country, say
            log.issues = [i for i in log.issues if not (i.code == "unknown_value" and i.column == "state")]
            log.group("noted", "unknown_state", list(rows), column="state", values=list(values))
            return np.full(len(found), None, object)
        return (
            pd.Series(pd.to_numeric(pd.Series(found, dtype=object))).astype("Int64") if column.dtype == "int" else found
        )
    if column.dtype == "int":
        return pd.Series(_whole(values, column, header, rows, log)).astype("Int64")
    if column.dtype == "float":
        return numbers(values, column, header, rows, log)
    return strings(values)


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
