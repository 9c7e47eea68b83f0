"""Hours of the week as texts name them: OpenStreetMap's conditions and the words of Chinese traffic notices."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
DAY = 24 * 60  # minutes
WEEK = 7 * DAY
_SIGNS = (
    (r"[–—~～〜至到]", "-"), (r"[、和及&]", ","), (r"次日|当日|凌晨", ""),
    (r"(\d{1,2})[时点](\d{1,2})分?", r"\1:\2"), (r"(\d{1,2})[时点]半", r"\1:30"), (r"(\d{1,2})[时点]", r"\1:00"),
    (r"工作日", "Mo-Fr "), (r"周末|双休日", "Sa-Su "),
    (r"每日|每天|天天", "Mo-Su "), (r"全天|24/7|24\s*h\b", "0:00-24:00"),
    *((rf"(?:周|星期|礼拜)[{zh}]", f"{day} ") for zh, day in zip(("一", "二", "三", "四", "五", "六", "日天"), DAYS,
                                                              strict=True)),
)  # fmt: skip
_PART = re.compile(
    r"(?:(?P<day>Mo|Tu|We|Th|Fr|Sa|Su)(?:\s*-\s*(?P<last>Mo|Tu|We|Th|Fr|Sa|Su))?)?\s*:?\s*"
    r"(?:(?P<from>\d{1,2}(?::\d{2})?)\s*-\s*(?P<to>\d{1,2}:\d{2}))?"
)


class Window(NamedTuple):
    """
    When somebody drives: ``weekday`` 0 (Monday) to 6, ``start`` [min after midnight], for ``minutes``.

    Without a weekday every day is meant, without a start the whole week.
    """

    weekday: int | None = None
    start: float | None = None
    minutes: float = 0.0

    def worst(self, week: NDArray) -> int:
        """The largest value of a (WEEK,) array in the window, its last minute included."""
        if self.start is None:
            return int(week.max())
        count = min(WEEK, int(np.floor(self.start + self.minutes)) - int(np.floor(self.start)) + 1)
        days = range(7) if self.weekday is None else (self.weekday,)
        first = [day * DAY + int(np.floor(self.start)) for day in days]
        return int(max(week[(f + np.arange(count)) % WEEK].max() for f in first))


@lru_cache(maxsize=4096)
def week_of(text: str) -> NDArray[np.bool_]:
    """
    (WEEK,) the minutes from Monday 00:00 that a text names; the last minute of a range is not in it.

    Understands ``Mo-Fr 07:00-09:00,17:00-19:00; Sa 22:00-06:00``, ``24/7`` and 工作日7时至9时 and the like. A range
    that ends before it begins goes on into the next day. What is joined by ; or , adds up.

    Raises
    ------
    ValueError
        If any part is something else: a date, a holiday, a season, a word.
    """
    plain = unicodedata.normalize("NFKC", text)
    for pattern, sign in _SIGNS:
        plain = re.sub(pattern, sign, plain)
    out = np.zeros(WEEK, bool)
    for rule in plain.split(";"):
        if rule.strip():
            _add(out, rule, text)
    if not out.any():
        raise ValueError(f"no hours in {text!r}")
    out.flags.writeable = False
    return out


def _add(out: NDArray[np.bool_], rule: str, text: str) -> None:
    """Add one rule: lists of days, each followed by a list of times, or days alone."""
    days: list[int] = []
    timed = True
    for part in rule.split(","):
        found = _PART.fullmatch(part.strip().strip(":").strip())
        if found is None or not (found["day"] or found["from"]):
            raise ValueError(f"hours not understood: {text!r}")
        if found["day"]:
            days = (days if not timed else []) + _days(found["day"], found["last"])
            timed = False
        if found["from"]:
            _fill(out, days or list(range(7)), _minute(found["from"], text), _minute(found["to"], text))
            timed = True
    if not timed:
        _fill(out, days, 0, DAY)


def _days(first: str, last: str | None) -> list[int]:
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return [(begin + k) % 7 for k in range((end - begin) % 7 + 1)]


def _minute(clock: str, text: str) -> int:
    hours, minutes = (int(v) for v in f"{clock}:0".split(":")[:2])
    if minutes >= 60 or hours * 60 + minutes > DAY:
        raise ValueError(f"no time of day in {text!r}: {clock}")
    return hours * 60 + minutes


def _fill(out: NDArray[np.bool_], days: list[int], begin: int, end: int) -> None:
    length = end - begin if end > begin else end - begin + DAY
    for day in days:
        out[(day * DAY + begin + np.arange(length)) % WEEK] = True
