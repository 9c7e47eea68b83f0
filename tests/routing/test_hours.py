"""Hours of the week as people write them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_risk.routing.hours import DAYS, WEEK, Window, week_of


@pytest.mark.parametrize(
    ("text", "hours", "inside", "outside"),
    [
        ("7:00-21:00", 98, [420, 1259], [419, 1260]),
        ("Mo-Fr 12:45-13:30", 3.75, [765], [5 * 1440 + 765]),
        ("Mo-Fr 16:00-11:00;Sa 00:00-11:00", 95, [5 * 1440 + 659], [5 * 1440 + 660]),
        ("Mo-Fr 09:00-15:00, 18:00-07:00; Sa-Su 24 h", 136, [6 * 1440], [900]),
        ("Sa,Su 10:00-12:00", 4, [5 * 1440 + 600, 6 * 1440 + 719], [600]),
        ("22:00-24:00, 0:00-06:00", 56, [0, 1320], [360]),
        ("24/7", 168, [0, WEEK - 1], []),
        ("工作日7时至9时、17点-19点30分", 22.5, [420, 1169], [1170, 5 * 1440 + 420]),
        ("7－21时", 98, [420], [1260]),
        ("周一至周五 7:00—9:00", 10, [420], [5 * 1440 + 420]),
        ("每日22:00至次日6:00", 56, [0, 1320], [360]),
        ("Su 22:00-06:00", 8, [6 * 1440 + 1320, 0, 359], [360]),
    ],
)
def test_hours_are_read(text, hours, inside, outside):
    week = week_of(text)
    assert week.sum() == hours * 60
    assert week[inside].all()
    assert not week[outside].any()


@pytest.mark.parametrize(
    "text",
    ["2016 Apr 25 - 2016 Sep 26", "PH", "wet", "sunrise-sunset", "7:00-21:00禁行", "25:00-26:00", "7:60-8:00", ""],
)
def test_what_is_something_else_is_refused(text):
    with pytest.raises(ValueError, match=r"hours|time of day"):
        week_of(text)


@given(day=st.integers(0, 6), begin=st.integers(0, 1439), length=st.integers(1, 1440))
def test_a_range_holds_its_minutes_and_no_other(day, begin, length):
    end = (begin + length) % 1440 if (begin + length) % 1440 else 1440
    week = week_of(f"{DAYS[day]} {begin // 60:02d}:{begin % 60:02d}-{end // 60:02d}:{end % 60:02d}")
    expected = np.zeros(WEEK, bool)
    expected[(day * 1440 + begin + np.arange(length)) % WEEK] = True
    assert (week == expected).all()


def test_a_window_sees_the_worst_of_its_time():
    week = np.zeros(WEEK, np.uint8)
    week[1440 + 420 : 1440 + 430] = 2  # Tuesday 7:00 to 7:10
    assert Window(1, 425).worst(week) == 2
    assert Window(0, 425).worst(week) == 0
    assert Window(None, 425).worst(week) == 2  # some day
    assert Window().worst(week) == 2  # any time
    assert Window(1, 410, 9.9).worst(week) == 0
    assert Window(1, 410, 10).worst(week) == 2  # arrives as the ban begins
    assert Window(0, 1430, 1440).worst(week) == 2  # into the next day
    assert Window(6, 1439, 2000).worst(week) == 2  # over the end of the week into Tuesday
