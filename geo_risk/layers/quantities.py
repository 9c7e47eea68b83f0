"""Amounts as written (约500吨, 2×1000m³, DN200, 五百吨) -> numbers in the schema's unit."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..schema import Column
from .numerals import han_number
from .quality import Log
from .text import bracketed, different, key, plain

# Written for "nothing": not worth a remark.
NOTHING = frozenset(("", "/", "\\", "-", "--", "—", "——", "nan", "none", "null", "n/a", "na"))
# Unit -> factor to the column's unit. Exact definitions (SI; 1 mu = 10000/15 m2; 1 kgf/cm2 = 0.0980665 MPa;
# 1 psi = 0.00689476 MPa; 1 lb = 0.45359237 kg; 1 mile = 1.609344 km; 1 inch = 25.4 mm; 1 ft = 0.3048 m).
UNITS: dict[str, dict[str, float]] = {
    "t": {"t": 1, "吨": 1, "噸": 1, "公吨": 1, "公噸": 1, "ton": 1, "tons": 1, "tonnes": 1, "kg": 1e-3, "千克": 1e-3,
          "公斤": 1e-3, "g": 1e-6, "克": 1e-6, "mg": 1e-9, "lb": 4.5359237e-4, "lbs": 4.5359237e-4},
    "m3": {"m3": 1, "立方米": 1, "立方": 1, "方": 1, "立方公尺": 1, "l": 1e-3, "升": 1e-3, "公升": 1e-3},
    "MPa": {"mpa": 1, "mpag": 1, "兆帕": 1, "kpa": 1e-3, "kpag": 1e-3, "千帕": 1e-3, "pa": 1e-6, "帕": 1e-6,
            "bar": 0.1, "barg": 0.1, "公斤": 0.0980665, "kgf/cm2": 0.0980665, "kg/cm2": 0.0980665, "psi": 6.894757e-3,
            "psig": 6.894757e-3},
    "mm": {"mm": 1, "毫米": 1, "cm": 10, "厘米": 10, "m": 1000, "米": 1000, "in": 25.4, "inch": 25.4, "英寸": 25.4,
           "寸": 25.4, '"': 25.4, "″": 25.4},
    "m": {"m": 1, "米": 1, "公尺": 1, "km": 1000, "公里": 1000, "千米": 1000, "cm": 0.01, "厘米": 0.01, "mm": 1e-3,
          "毫米": 1e-3, "ft": 0.3048, "feet": 0.3048},
    "m2": {"m2": 1, "平方米": 1, "平方": 1, "平米": 1, "平方公尺": 1, "亩": 10000 / 15, "公顷": 1e4,
           "ha": 1e4, "hm2": 1e4, "km2": 1e6, "平方公里": 1e6},
    "persons": {"人": 1, "名": 1, "个": 1, "persons": 1, "people": 1},
    "households": {"户": 1, "households": 1},
    "beds": {"张": 1, "床": 1, "beds": 1},
    "degC": {"c": 1, "°c": 1, "度": 1, "摄氏度": 1},
    "km/h": {"km/h": 1, "kmh": 1, "kph": 1, "公里/小时": 1, "公里/时": 1, "千米/小时": 1, "mph": 1.609344},
    "s": {"s": 1, "秒": 1, "sec": 1, "min": 60, "分": 60, "分钟": 60},
    "": {"层": 1, "辆": 1, "个": 1, "台": 1, "张": 1, "位": 1, "f": 1, "条": 1, "车道": 1},
}  # fmt: skip
_ALL_UNITS = frozenset(u for kind in UNITS.values() for u in kind)
_MULTIPLIER = {"百": 1e2, "千": 1e3, "万": 1e4, "亿": 1e8}
_RATE = re.compile(r"^(.+?)/(a|年|yr|y|d|天|日|day|h|小时|时|hr|min|s|月|month|季度)$")
ABSOLUTE_ZERO_C = -273.15

_ONE = (
    r"[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?: \d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:e[-+]?\d+)?"
)
_VALUE = re.compile(rf"^({_ONE})\s*(.*)$", re.IGNORECASE)
_COUNTER = r"(?:个|台|座|具|只|罐|根)"
_TIMES = re.compile(rf"^({_ONE})\s*(?:{_COUNTER}\s*[×x*✕]?|[×x*✕])\s*({_ONE})\s*(.*)$", re.IGNORECASE)
_TIMES_COUNT = re.compile(rf"^({_ONE})\s*([a-z]+[23]?|[^\d×x*✕]+?)\s*[×x*✕]\s*(\d+)\s*{_COUNTER}?$", re.IGNORECASE)
_PRODUCTS = frozenset(("t", "m3", "m2", "persons", "households", "beds", ""))  # of pressures there are none
_FRACTION = re.compile(r"^(?:(\d+) )?(\d{1,2})/(2|3|4|5|8|16|32)\s*(\D.*)?$")
_BETWEEN = re.compile(r"\s*(?:~|–|—|至|到|(?<=[^\s\d.e+-])-(?=[\d.])|(?<=\d)-(?=-?[\d.]))\s*", re.IGNORECASE)
_SUM = re.compile(r"(?<=[^\se+~-])\+(?=\s*\d)", re.IGNORECASE)
_QUALIFIERS = (
    (re.compile(r"^(?:不小于|不低于|大于等于|大于|超过|至少|>=|≥|>)\s*"), "at least"),
    (re.compile(r"^(?:不超过|不大于|小于等于|小于|最大|最高|<=|≤|<)\s*"), "at most"),
    (re.compile(r"^(?:约为|大约|约|近|~|≈|ca\.?)\s*", re.IGNORECASE), "about"),
)
_BORE = re.compile(r"^(?:dn|de|φ|ø|d|公称直径|外径|管径)\s*[:=]?\s*", re.IGNORECASE)
_AFTER = ((re.compile(r"(?:及?以上)$"), "at least"), (re.compile(r"(?:及?以下|以内)$"), "at most"),
          (re.compile(r"(?:左右|上下)$"), "about"))  # fmt: skip
_VULGAR = re.compile(r"(?<=\d)(?=[¼½¾⅐-⅞])")
_POWER = re.compile(r"([×xX*·]\s*10)([⁰¹²³⁴-⁹⁻]+)")
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_HAN_TEXT = re.compile(r"^([零〇○一二两兩三四五六七八九十百千万萬亿億]+)(.*)$")


class Term(NamedTuple):
    """One figure of a cell: its value, what stands behind it, and how it was read."""

    value: float
    rest: str
    how: str


def factor(unit: str, to: str) -> float | None:
    """How many ``to`` one ``unit`` is (万吨 and 千人 too); None if it is no unit of that kind; 1 for no unit."""
    text = fold_unit(unit)
    if not text:
        return 1.0
    known = UNITS.get(to, {})
    if text in known:
        return known[text]
    if text[0] in _MULTIPLIER:
        part = factor(text[1:], to)
        return None if part is None else part * _MULTIPLIER[text[0]]
    return None


def fold_unit(unit: str) -> str:
    """A unit as it is compared: width, case, powers and remarks on gauge pressure do not matter."""
    text = plain(unit).casefold().strip(" .").replace("³", "3").replace("²", "2").replace("㎡", "m2").replace("^", "")
    text = text.replace("℃", "°c").replace("萬", "万").replace("億", "亿").replace("立方公分", "")
    return re.sub(r"\((?:g|表压|表)\)$", "", text).replace(" ", "")


def is_unit(text: str) -> bool:
    """Whether ``text`` is a unit of any kind, or an amount per time (t/a)."""
    unit = fold_unit(text)
    if unit in _ALL_UNITS or (unit[1:] in _ALL_UNITS and unit[:1] in _MULTIPLIER):
        return True
    rate = _RATE.match(unit)
    return rate is not None and is_unit(rate[1])


def number(text: str, unit: str, written_unit: str = "", decimal_comma: bool = False) -> tuple[float, str]:
    """
    (value in ``unit``, how it was read) of one cell; NaN if it is no number.

    "2×1000m³" is a product except for diameters (mm), where the first and larger figure counts; of a
    range the larger end is taken; ``written_unit`` (from the header) applies where the cell has none.
    How: '' for a bare number, else 'unit', 'about', 'nominal' (DN200), 'at least', 'at most', 'range, larger end',
    'product', 'first figure', 'sum', 'fraction' or 'words'; with NaN 'other unit' if the unit is of another kind.
    """
    text = _tidy(text)
    if decimal_comma:
        text = re.sub(r"(?<=\d),(?=\d)", ".", text)
    if unit == "degC":
        text = re.sub(r"零下\s*(?=\d)", "-", text)
    parts = _SUM.split(text)
    if len(parts) == 1 and len(ends := _BETWEEN.split(text)) == 2 and all(ends):
        low, high = (_term(e, unit) for e in ends)
        low_value = _scaled(low, unit, written_unit if low.rest else high.rest or written_unit)
        high_value = _scaled(high, unit, written_unit)
        # 500-200 and 0551-6123 are no ranges.
        falls = not low_value[0] <= high_value[0] or any(re.match(r"0\d", e) for e in ends)
        return (
            (np.nan, high_value[1] if np.isnan(high_value[0]) else "")
            if falls
            else (high_value[0], "range, larger end")
        )
    terms = [_term(p, unit) for p in parts]
    shared = terms[-1].rest if len(terms) > 1 else ""
    found = [_scaled(t, unit, written_unit if t.rest else shared or written_unit) for t in terms]
    total = sum(v for v, _ in found)
    if not np.isfinite(total):
        return np.nan, next((how for v, how in found if np.isnan(v) and how), "")
    return total, found[0][1] if len(found) == 1 else "sum"


def _tidy(text: str) -> str:
    """Folded text in which powers of ten and fractions survive: 5×10³ is not 5×103, 2½ is not 21/2."""
    text = _POWER.sub(lambda m: f"{m[1]}^{m[2].translate(_SUPERSCRIPT)}", _VULGAR.sub(" ", text))
    text = plain(text).replace("⁄", "/").replace("−", "-").removeprefix("'").strip()
    return re.sub(r"\s*[×xX*·]\s*10\^([-+]?\d+)", r"e\1", text)


def _term(text: str, unit: str) -> Term:
    how, text = "", text.strip()
    for pattern, word in _QUALIFIERS:
        if (found := pattern.match(text)) and found.end() < len(text):
            text, how = text[found.end() :], word
    if unit == "mm" and (found := _BORE.match(text)):
        text, how = text[found.end() :], how or "nominal"
    for pattern, word in _AFTER:
        if found := pattern.search(text):
            text, how = text[: found.start()].strip(), word
    read = _product(text, unit) or _fraction(text) or _single(text) or _han(text)
    if read is None:
        return Term(np.nan, "", "")
    rest = re.sub(r"^[余多来](?=\D)|[余多]$", "", read.rest.strip())
    return Term(read.value, rest.strip(), how or ("about" if rest != read.rest.strip() else read.how))


def _product(text: str, unit: str) -> Term | None:
    """2×1000m³, 3个50吨, 50t×2; of a bore the outside diameter of 219×6. NaN where it cannot be told."""
    if found := _TIMES.match(text):
        first, second = _float(found[1]), _float(found[2])
        # 5×104 may be 5×10⁴ whose power was lost.
        unclear = re.fullmatch(r"10[1-9]", found[2]) is not None or unit not in (*_PRODUCTS, "mm")
        if unit == "mm":
            return Term(np.nan if unclear or first <= second else first, found[3], "first figure")
        return Term(np.nan if unclear else first * second, found[3], "product")
    if (found := _TIMES_COUNT.match(text)) and unit in _PRODUCTS:
        return Term(_float(found[1]) * int(found[3]), found[2], "product")
    return None


def _fraction(text: str) -> Term | None:
    found = _FRACTION.match(text)
    if not found or int(found[2]) >= int(found[3]):
        return None
    return Term(int(found[1] or 0) + int(found[2]) / int(found[3]), found[4] or "", "fraction")


def _single(text: str) -> Term | None:
    found = _VALUE.match(text)
    return Term(_float(found[1]), found[2], "") if found else None


def _han(text: str) -> Term | None:
    found = _HAN_TEXT.match(text)
    value = han_number(found[1]) if found else None
    return None if value is None or found is None else Term(float(value), found[2], "words")


def _scaled(term: Term, unit: str, written_unit: str) -> tuple[float, str]:
    scale = factor(term.rest or written_unit, unit)
    if term.rest in _MULTIPLIER and written_unit:  # 5万 under a header in kg; under one in 万人 it may be either
        part = None if fold_unit(written_unit)[:1] in _MULTIPLIER else factor(written_unit, unit)
        scale = None if part is None else part * _MULTIPLIER[term.rest]
    if scale is None or np.isnan(term.value):
        return np.nan, "other unit" if scale is None and is_unit(term.rest) else ""
    value = term.value * scale
    return (value, term.how or ("unit" if term.rest else "")) if np.isfinite(value) else (np.nan, "")


def _float(text: str) -> float:
    return float(text.replace(",", "").replace(" ", ""))


def numbers(values: pd.Series, column: Column, header: str, rows: NDArray, log: Log) -> NDArray[np.float64]:
    """(N,) values in the column's unit, NaN where there is none; what was read from words is told."""
    written = header_unit(header, column.unit)
    if not written and column.unit and is_unit(bracketed(header)):
        log.note(
            "other_unit_header", column=column.name, value=header, detail=f"{bracketed(header)}, not {column.unit}"
        )
        return np.full(len(values), np.nan)
    scale = factor(written, column.unit) or 1.0
    if pd.api.types.is_numeric_dtype(values.dtype):
        out = values.to_numpy(float, na_value=np.nan) * scale
    else:
        codes, unique = different(values)
        read, how = _read(unique, column, written)
        out = np.append(read, np.nan)[codes]  # code -1: missing
        _tell_read(codes, unique, how, column, rows, log)
    _refuse_impossible(out, column, rows, log)
    return out


def _read(unique: NDArray, column: Column, written: str) -> tuple[NDArray[np.float64], list[str | None]]:
    """Values of the different cells, and how each was read; None: a bare number or nothing, '': unreadable."""
    texts = [v if isinstance(v, str) else plain(v) for v in unique]
    bare = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(float, copy=True)
    bare[~np.isfinite(bare)] = np.nan  # the words inf and 1e999 are no numbers
    hard = [i for i in np.flatnonzero(np.isnan(bare)) if plain(texts[i]).lower() not in NOTHING]
    comma = _comma([texts[i] for i in hard], texts) if any("," in plain(texts[i]) for i in hard) else ""
    bare *= factor(written, column.unit) or 1.0
    how: list[str | None] = [None] * len(texts)
    for i in hard:
        text = plain(texts[i])
        if comma == "unclear" and re.search(r"(?<!\d)\d{1,3},\d{3}(?![\d,.])", text):
            how[i] = "unclear comma"
            continue
        decimal = comma == "decimal" and "," in text
        bare[i], read_as = number(texts[i], column.unit, written, decimal)
        how[i] = read_as if np.isnan(bare[i]) else "decimal comma" if decimal else read_as or "thousands"
    return bare, how


def _comma(hard: list[str], everything: list[str]) -> str:
    """What a comma inside the numbers of a column is: 'thousands', 'decimal', or 'unclear' if the cells disagree."""
    folded = [plain(t) for t in hard]
    decimal = any(re.search(r"(?<![\d,.])\d+,(?:\d{1,2}|\d{4,})(?![\d,.])|(?<![\d,.])0,\d", t) for t in folded)
    if not decimal:
        return "thousands"
    point = any(re.search(r"\d\.\d", t) for t in everything)
    grouped = any(re.search(r"\d,\d{3}[,.]\d", t) for t in folded)
    return "unclear" if point or grouped else "decimal"


_CODES = {"": ("not_a_number", "noted"), "other unit": ("other_unit", "noted"), "unclear comma": ("comma", "noted")}


def _tell_read(codes: NDArray, unique: NDArray, how: list[str | None], column: Column, rows: NDArray, log: Log) -> None:
    """One issue for each way of reading, naming the first few different values."""
    groups: dict[str, list[int]] = {}
    for i, word in enumerate(how):
        if word is not None:
            groups.setdefault(word, []).append(i)
    for word, members in groups.items():
        where = np.flatnonzero(np.isin(codes, members))
        code, action = _CODES.get(word, ("number_words", "repaired"))
        shown = "; ".join(str(unique[i]) for i in members[:5])
        detail = column.unit if code == "other_unit" else word
        log.group(action, code, list(rows[where]), column=column.name, values=[shown], detail=detail)


def header_unit(header: str, unit: str) -> str:
    """The unit a header states in brackets, if it is one of that kind: 存量(kg)."""
    written = bracketed(header)
    return written if written and factor(written, unit) is not None else ""


def _refuse_impossible(out: NDArray[np.float64], column: Column, rows: NDArray, log: Log) -> None:
    """Negative amounts, and temperatures below absolute zero, are told and left empty."""
    out[~np.isfinite(out)] = np.nan
    if column.unit == "":
        return
    least, why = (ABSOLUTE_ZERO_C, "below absolute zero") if column.unit == "degC" else (0.0, "below zero")
    bad = np.flatnonzero(out < least)
    log.group("noted", "out_of_range", list(rows[bad]), column=column.name, values=list(out[bad]), detail=why)
    out[bad] = np.nan


_UNIT_HEADERS = frozenset(map(key, ("单位", "计量单位", "数量单位", "unit", "units", "uom", "ITEMUNIT")))


def with_units(values: pd.Series, header: str, frame: pd.DataFrame, unit: str) -> pd.Series:
    """
    Numbers with the unit of a unit column: DiameterUnits beside Diameter, or one 计量单位 of the file.

    A column named 单位 counts only if its words are units (it may name organisations), some of this kind.
    """
    names = {key(c): c for c in frame.columns}
    column = next((names[key(header) + end] for end in ("units", "unit", "单位") if key(header) + end in names), None)
    if column is None:
        column = next((c for k, c in names.items() if k in _UNIT_HEADERS and _holds_units(frame[c], unit)), None)
    if column is None:
        return values
    text, units = values.map(plain), frame[column].map(plain)
    bare = pd.to_numeric(text, errors="coerce").notna()
    return values.astype(object).where(~bare | (units == ""), text + " " + units)


def _holds_units(words: pd.Series, unit: str) -> bool:
    found = [w for w in words.map(plain).unique() if w]
    return bool(found) and all(map(is_unit, found)) and any(factor(w, unit) is not None for w in found)
