"""Dates as written (43831, 2020.1.1, 2020年1月, 民國109) -> ISO text, as precise as written."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..schema import Column
from .numerals import digits
from .quality import Log
from .quantities import NOTHING
from .text import different, plain

_TIME = r"(?:[ T]*(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"^(\d{{4}})(?:[-/.年](\d{{1,2}})(?:[-/.月](\d{{1,2}})[日号]?{_TIME}|月?)|年)?$")
_ROC = re.compile(r"^(民国)?(\d{2,3})(?:[年./-](?:(\d{1,2})(?:[月./-](?:(\d{1,2})日?)?)?)?)?$")
_COMPACT = re.compile(r"^((?:19|20)\d{2})(0[1-9]|1[0-2])([0-3]\d)?$")
_ROC_COMPACT = re.compile(r"^(民国)?(1\d{2})(0[1-9]|1[0-2])([0-3]\d)$")
_DAY_FIRST = re.compile(rf"^(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}){_TIME}$")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = re.compile(r"^(?:(\d{1,2})[- ]([a-z]{3})[a-z]*[-, ]+|([a-z]{3})[a-z]*\.? (\d{1,2}),? )(\d{4})$", re.IGNORECASE)
_SERIAL = re.compile(r"^(\d{5})(?:\.(\d+))?$")
_SERIALS = range(25569, 55154)  # spreadsheet day numbers of 1970 to 2050; 20201 is no day of 1955 but a cut 2020-1
_ROC_OFFSET = 1911
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Reading(NamedTuple):
    """ISO text or None, and how it was read: '' as it stands, 'republic', 'serial', or why not ('unclear')."""

    iso: str | None
    how: str = ""


def date(text: str, day_first: bool | None = None) -> Reading:
    """
    One cell as ISO text as precise as written: 2023, 2023-05, 2023-05-17 or, with a time, 2023-05-17T08:30.

    None if it is no possible date, or means two: 98年 (1998 or year 98 of the Republic) and, unless
    ``day_first`` is known from the column, 3/4/2020.
    """
    text = digits(plain(text)).replace("民國", "民国").replace("中华民国", "民国").replace("中華民国", "民国")
    text = re.sub(r"^(民国|roc)\s*", "民国", text, flags=re.IGNORECASE)
    if found := _COMPACT.match(text):
        return Reading(_iso(int(found[1]), int(found[2]), _whole(found[3])))
    if found := _SERIAL.match(text):
        day = _from_serial(int(found[1]), float(f"0.{found[2] or 0}"))
        return Reading(day, "serial" if day else "")
    if found := _ISO.match(text):
        return Reading(_iso(int(found[1]), _whole(found[2]), _whole(found[3]), found[4], found[5]))
    if found := _DAY_FIRST.match(text):
        return _with_order(found, day_first)
    if found := _NAMED.match(text):
        month = (found[2] or found[3]).lower()
        known = _MONTHS.index(month) + 1 if month in _MONTHS else None
        return Reading(_iso(int(found[5]), known, int(found[1] or found[4])) if known else None)
    return _republic(text)


def _whole(text: str | None) -> int | None:
    return int(text) if text else None


def _republic(text: str) -> Reading:
    """Years of the Republic calendar: three figures, or two with the word 民国; two alone may be 19xx."""
    if found := _ROC_COMPACT.match(text):
        return Reading(_iso(int(found[2]) + _ROC_OFFSET, int(found[3]), int(found[4])), "republic")
    found = _ROC.match(text)
    if not found or not (found[1] or text[len(found[2]) :]):  # a bare 109 is just a number
        return Reading(None)
    if not found[1] and len(found[2]) == 2:
        return Reading(None, "unclear")
    return Reading(_iso(int(found[2]) + _ROC_OFFSET, _whole(found[3]), _whole(found[4])), "republic")


def _with_order(found: re.Match[str], day_first: bool | None) -> Reading:
    a, b, year = int(found[1]), int(found[2]), int(found[3])
    first = True if a > 12 else False if b > 12 else day_first
    if first is None and a != b:
        return Reading(None, "unclear")
    day, month = (a, b) if first else (b, a)
    return Reading(_iso(year, month, day, found[4], found[5]))


def _from_serial(day: int, share: float) -> str | None:
    if day not in _SERIALS:
        return None
    moment = pd.Timestamp(1899, 12, 30) + pd.Timedelta(minutes=round((day + share) * 1440))
    return f"{moment:%Y-%m-%d}" + (f"T{moment:%H:%M}" if moment.hour or moment.minute else "")


def _iso(
    year: int, month: int | None, day: int | None = None, hour: str | None = None, minute: str | None = None
) -> str | None:
    if not 1900 <= year <= 2100 or (month is not None and not 1 <= month <= 12):
        return None
    if month is None:
        return f"{year}"
    if day is None:
        return f"{year}-{month:02d}"
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= day <= _DAYS[month - 1] or (month == 2 and day == 29 and not leap):
        return None
    if hour is None or minute is None or int(hour) == int(minute) == 0:  # midnight: a date a spreadsheet lengthened
        return f"{year}-{month:02d}-{day:02d}"
    if int(hour) > 23 or int(minute) > 59:
        return None
    return f"{year}-{month:02d}-{day:02d}T{int(hour):02d}:{minute}"


def dates(values: pd.Series, column: Column, rows: NDArray, log: Log) -> NDArray[np.object_]:
    """(N,) ISO text or None; what was converted, means two dates, or is none, is told."""
    codes, unique = different(values)
    texts = [str(int(v)) if isinstance(v, float | np.floating) and v.is_integer() else plain(v) for v in unique]
    order = _order(texts)
    read = [date(t, order) for t in texts]
    out = np.append(np.array([r.iso for r in read], object), [None])[codes]
    groups: dict[tuple[str, str], list[int]] = {}
    for i, (text, reading) in enumerate(zip(texts, read, strict=True)):
        if reading.iso is None and text.lower() not in NOTHING:
            groups.setdefault(("noted", "unclear_date" if reading.how else "not_a_date"), []).append(i)
        elif reading.iso is not None and reading.how:
            groups.setdefault(("repaired", "roc_year" if reading.how == "republic" else "serial_date"), []).append(i)
    for (action, code), members in groups.items():
        where = np.flatnonzero(np.isin(codes, members))
        shown = "; ".join(str(unique[i]) for i in members[:5])
        log.group(action, code, list(rows[where]), column=column.name, values=[shown])
    return out


def _order(texts: list[str]) -> bool | None:
    """Whether the days stand first in dates like 3/4/2020, if some cell proves it and none the opposite."""
    found = [m for t in texts if (m := _DAY_FIRST.match(t))]
    day, month = any(int(m[1]) > 12 for m in found), any(int(m[2]) > 12 for m in found)
    return day if day != month else None
