"""Coordinate cells -> numbers: degrees in any notation, metres, and how finely they were written."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .text import matches, plain, plains

_HEMISPHERE = {"E": 1, "W": -1, "N": 1, "S": -1, "东经": 1, "東經": 1, "西经": -1, "西經": -1, "北纬": 1, "北緯": 1,
               "南纬": -1, "南緯": -1}  # fmt: skip
_SIDE = "|".join(sorted(_HEMISPHERE, key=len, reverse=True))
_DEGREES = re.compile(
    rf"^(?P<a>{_SIDE})?\s*:?\s*(?P<sign>[-+])?(?P<d>\d{{1,3}}(?:\.\d+)?)\s*(?P<deg>[°º度d]|[\s:-](?=\d))?\s*"
    r"(?:(?P<m>\d{1,2}(?:\.\d+)?)\s*(?:[′'’´分m]|[\s:-](?=\d))?\s*(?:(?P<s>\d{1,2}(?:\.\d+)?)\s*(?:[\"″”秒s]|[′'’]{2})?)?)?"
    rf"\s*(?P<b>{_SIDE})?$",
    re.IGNORECASE,
)
# 120,354687 has a decimal comma; so has 120,354, while 556,680 and 3,464,841.32 are metres with thousands marked.
_COMMA = re.compile(r"^[-+]?(?:\d{1,3},\d{4,}|(?:[0-2]?\d?\d|3[0-5]\d),\d{1,3})$")
_THOUSANDS = re.compile(r"^[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$")
# 120.211690 as 120 degrees 21 minutes 16.90 seconds: four decimals at least. By chance a number's third and
# fourth decimals are below 60 in 60 % of cases, so both numbers of 14 rows are with less than one in a million.
_PACKED = re.compile(r"^([-+]?\d{1,3})\.([0-5]\d)([0-5]\d)(\d*)$")
PACKED_ROWS = 14
_FIRST = 50  # cells looked at before a whole column is
_PAIR = re.compile(
    r"^[(\[]?\s*([-+]?\d+(?:\.\d+)?)\s*(?:[,;/|、]\s*|\s+(?=[-+]?\d+\.\d))([-+]?\d+(?:\.\d+)?)\s*[)\]]?$"
)


def _decimals(text: str) -> int:
    return len(text.partition(".")[2].rstrip())


@lru_cache(maxsize=1 << 16)
def angle(text: str) -> tuple[float, float]:
    """
    (degrees, one unit of the last place in degrees) of one cell; NaN, NaN if it is none.

    Reads 120.3516, 120°21′16.9″, 120 21 16.9, 120-21-16.9, 120度21分16.9秒, E120°21.28′, 东经120°21′
    and a decimal comma; refuses minutes or seconds of 60 and more.
    """
    text = plain(text).replace("′′", '"')
    if _COMMA.match(text):
        text = text.replace(",", ".")
    found = _DEGREES.match(text)
    if not found:
        return np.nan, np.nan
    d, m, s = found["d"], found["m"], found["s"]
    if m is None:
        value, unit = float(d), 10.0 ** -_decimals(d)
    elif "." in d or float(m) >= 60 or (s is not None and ("." in m or float(s) >= 60)):
        return np.nan, np.nan
    else:
        value = float(d) + float(m) / 60 + float(s or 0) / 3600
        unit = 10.0 ** -_decimals(s) / 3600 if s is not None else 10.0 ** -_decimals(m) / 60
    sides = [_HEMISPHERE[side.upper()] for side in (found["a"], found["b"]) if side]
    sign = (-1 if found["sign"] == "-" else 1) * (sides[0] if sides else 1)
    return sign * value, unit


def numbers(values: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) numbers and (N,) units of the last place; NaN where a cell is blank or no coordinate."""
    text = plains(values)
    out = pd.to_numeric(text.where(text != ""), errors="coerce").to_numpy(float, copy=True)
    places = text.str.partition(".")[2].str.len().to_numpy(float)
    units = np.where(np.isnan(out), np.nan, 10.0**-places)
    cells = text.tolist()
    for i in np.flatnonzero(np.isnan(out) & (text != "").to_numpy()):
        out[i], units[i] = _thousands(cells[i]) or angle(cells[i])
    return out, units


def _thousands(text: str) -> tuple[float, float] | None:
    """(number, unit of the last place) of 3,464,841.32; None for any other text."""
    if not _THOUSANDS.match(text) or _COMMA.match(text):
        return None
    bare = text.replace(",", "")
    return float(bare), 10.0 ** -_decimals(bare)


def decimal_commas(values: pd.Series) -> NDArray[np.bool_]:
    """(N,) whether a cell is a number with a decimal comma."""
    some = np.flatnonzero(values.astype(str).str.contains("[,，]", regex=True).to_numpy(bool))
    out = np.zeros(len(values), bool)
    out[some] = [bool(_COMMA.match(plain(v))) for v in values.iloc[some]]
    return out


def packable(values: pd.Series) -> bool:
    """Whether the first cells could all be packed degrees, minutes and seconds: nearly no other column could."""
    return all(_PACKED.match(plain(v)) for v in values.iloc[:_FIRST])


def packed(values: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    (N,) degrees and (N,) units of the last place of cells read as degrees.minutes seconds; NaN for others.

    Zeros at the end may be cut: 120.2117 has whole seconds, 120.21169 tenths, and 120.2 cannot be told.
    """
    found = values.map(plain).str.extract(_PACKED)
    d, m, s, rest = (found[i] for i in range(4))
    seconds = pd.to_numeric(s + "." + rest.fillna("") + "0", errors="coerce").to_numpy(float)
    size = pd.to_numeric(d, errors="coerce").abs().to_numpy(float)
    degrees = size + pd.to_numeric(m, errors="coerce").to_numpy(float) / 60 + seconds / 3600
    sign = np.where(d.fillna("").str.startswith("-"), -1.0, 1.0)
    return sign * degrees, 10.0 ** -rest.str.len().to_numpy(float) / 3600


def pairs(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """(first, second) as text of cells that hold two coordinates; '' where a cell does not."""
    text = plains(values)
    some = matches(text, "[,;/|、 ]")
    both = pd.DataFrame("", index=values.index, columns=[0, 1], dtype=object)
    if not some.any():
        return both[0], both[1]
    both[some] = text[some].str.extract(_PAIR).fillna("")
    hard = (both[0] == "") & text.str.contains(r"[,;、]", regex=True)
    if hard.any():  # two angles in degrees and minutes
        split = text[hard].str.split(r"[,;、]", n=1, expand=True, regex=True).fillna("")
        ok = split[0].map(lambda t: not np.isnan(angle(t)[0])) & split[1].map(lambda t: not np.isnan(angle(t)[0]))
        both.loc[split.index[ok], 0], both.loc[split.index[ok], 1] = split.loc[ok, 0], split.loc[ok, 1]
    return both[0], both[1]
