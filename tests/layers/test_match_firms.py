"""Whether two entries are one firm: names by hand, the block search against comparing all, large lists."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.layers import match
from geo_risk.layers.codes import cas_check, credit_check, credit_kind, organisation_check
from geo_risk.layers.numerals import digits, han_number


def firms(*rows):
    """Firms of (name, credit code, address, township, x, y), shorter rows filled with nothing."""
    full = [(*r, *(None,) * (6 - len(r))) for r in rows]
    names, codes, addresses, towns, x, y = (np.array(c, object) for c in zip(*full, strict=True))
    xy = np.column_stack([x, y]).astype(float)
    return match.Firms(names, codes, addresses, towns, xy, np.zeros(len(rows)))


def score(a, b):
    return match.scores(firms(a), firms(b), np.array([0]), np.array([0]))[0]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("临澜宏达化工有限公司", "临澜宏达化工有限责任公司"),
        ("宏达化工（股份）有限公司", "宏达化工股份有限公司"),
        ("臺灣塑膠工業股份有限公司林園廠", "台湾塑胶工业(股)公司林园厂"),
        ("中国石化(上海)有限公司", "中国石化　上海有限公司"),
        ("宏达化工有限公司第１厂", "宏达化工有限公司一厂"),
        ("宏达化工有限公司(原红星化工厂)", "宏达化工有限公司"),
        ("LaRoche Industries, Inc.", "LAROCHE INDUSTRIES INC"),
    ],
)
def test_spellings_of_one_firm(a, b):
    assert match.name_score(a, b) == 1
    assert score((a,), (b,)) >= match.JOINED


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("台灣中油股份有限公司林園廠", "台灣中油股份有限公司大林廠"),
        ("宏达化工有限公司一厂", "宏达化工有限公司二厂"),
        ("临澜市澜江新区城东加油站", "临澜市澜江新区城西加油站"),
        ("第3加油站", "第13加油站"),
        ("宏达集团有限公司", "宏达有限公司"),
        ("红星幼儿园", "蓝天幼儿园"),
    ],
)
def test_works_and_other_firms_are_kept_apart_even_at_one_place(a, b):
    assert score((a, None, "一号路1号", "甲镇", 0, 0), (b, None, "一号路1号", "甲镇", 0, 0)) < match.DOUBTFUL


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (("临澜宏达化工有限公司",), ("临澜宏远化工有限公司",)),  # one character for another
        (("台灣中油股份有限公司",), ("台灣中油股份有限公司大林廠",)),  # the firm or its works
        (("红星机械厂", None, None, None, 0, 0), ("红星机械厂", None, None, None, 6000, 0)),  # far apart
        (("红星机械厂", None, "一号路54号"), ("红星机械厂", None, "一号路35号")),  # another lot
        (("红星机械厂", None, None, "甲镇", 0, 0), ("红星机械厂", None, None, "乙镇", 2500, 0)),
    ],
)
def test_a_person_decides(a, b):
    assert match.DOUBTFUL <= score(a, b) < match.JOINED


def test_credit_codes_decide():
    code, other = "91350100M000100Y43", "91440300708461136T"
    here = ("红星机械厂", code, None, None, 0, 0)
    assert score(here, ("红星机械厂", other, None, None, 0, 0)) == 0
    assert score(here, (None, code)) >= match.SAME_CODE
    assert score(here, ("临澜市红星机械厂", code)) >= match.SAME_CODE
    assert match.DOUBTFUL <= score(here, ("另一个名字", code)) < match.JOINED


def test_stations_under_their_owners_code_are_not_merged():
    code = "91350100M000100Y43"
    stations = ("城东加油站", code, None, None, 0, 0), ("城西加油站", code, None, None, 100, 0)
    assert match.DOUBTFUL <= score(*stations) < match.JOINED
    works = ("红星机械厂", code, None, None, 0, 0), ("红星机械厂", code, None, None, 4000, 0)
    assert match.DOUBTFUL <= score(*works) < match.JOINED


def test_ties_name_both():
    one = firms(("红星机械厂",))
    two = firms(("红星机械厂", None, None, None, 0, 0), ("红星机械厂", None, None, None, 9000, 0), ("远洋物流",))
    found = match.best(one, two)
    assert (found.at.tolist(), found.rival.tolist()) == ([0], [1])
    assert match.best(firms(("无人认识",)), two).at.tolist() == [-1]


WORDS = st.sampled_from("宏达远洋红星安泰瑞丰华源东西一二三12化工机械仓储物流临澜市")
NAMES = st.lists(
    st.tuples(
        st.text(WORDS, min_size=1, max_size=8), st.sampled_from(["有限公司", "股份有限公司", "厂", "", "有限公司二厂"])
    ),
    min_size=1,
    max_size=12,
).map(lambda pairs: ["".join(p) for p in pairs])


@settings(max_examples=80, deadline=None)
@given(NAMES, NAMES, st.integers(0, 10**6))
def test_the_block_search_finds_what_comparing_all_finds(left, right, seed):
    rng = np.random.default_rng(seed)

    def made(names):
        rows = [(n, None, None, None, *rng.choice([0.0, 100.0, 3000.0, 9000.0], 2)) for n in names]
        return firms(*rows)

    a, b = made(left), made(right)
    i, j = (v.ravel() for v in np.meshgrid(np.arange(len(a)), np.arange(len(b)), indexing="ij"))
    all_scores = match.scores(a, b, i, j)
    sure = {(int(x), int(y)) for x, y, s in zip(i, j, all_scores, strict=True) if s >= match.JOINED}
    assert sure <= set(zip(*(v.tolist() for v in match.candidates(a, b)), strict=True))
    back = match.scores(b, a, j, i)
    assert back == pytest.approx(all_scores)  # of two entries neither is first


def test_20_000_against_as_many_find_their_own():
    rng = np.random.default_rng(5)
    words = [a + b for a in "宏达远洋红星安泰瑞丰华源天地" for b in "兴盛昌隆金玉海江山川林木"]
    trades = ["化工", "机械", "仓储物流", "新材料", "电子", "医药", "建材", "食品"]
    marks = rng.choice(words, (20_000, 3))
    names = [f"临澜{a}{b}{c}{t}" for (a, b, c), t in zip(marks, rng.choice(trades, 20_000), strict=True)]
    names = list(dict.fromkeys(names))
    a = match.firms(pd.DataFrame({"name": [f"{n}有限公司" for n in names]}))
    b = match.firms(pd.DataFrame({"name": [f"{n}有限责任公司" for n in reversed(names)]}))
    i, j = match.candidates(a, b)
    own = (i + j) == len(names) - 1
    assert own.sum() == len(names)
    assert len(i) < 30 * len(names)


def test_check_characters():
    # GB 32100-2015's own example, and a real code's parts: GB 11714 inside GB 32100.
    assert credit_check("91350100M000100Y4") == "3"
    assert organisation_check("70846113") == "6"
    kinds = {"91350100M000100Y43": "valid", "91350100M000100Y44": "wrong check", "320281000012345": "registration",
             "708461136": "organisation", "708461137": "other", "I1350100M000100Y43": "other"}  # fmt: skip
    assert {c: credit_kind(c) for c in kinds} == kinds
    assert cas_check("7782505")  # chlorine
    assert not cas_check("7782506")


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17), st.integers(0, 16), st.integers(1, 30))
def test_one_wrong_character_never_fits(body, place, step):
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    wrong = body[:place] + alphabet[(alphabet.index(body[place]) + step) % 31] + body[place + 1 :]
    assert credit_check(wrong) != credit_check(body)


HAN = "零一二三四五六七八九"


def spelled(n):
    """Chinese numerals of 1 to 99,999, written out in full."""
    out, zero = "", False
    for size, mark in ((10**4, "万"), (1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, n = divmod(n, size)
        if digit:
            out += ("零" if zero and out else "") + HAN[digit] + mark
        zero = not digit
    return out


@given(st.integers(1, 99_999))
def test_written_numerals_come_back(n):
    assert han_number(spelled(n)) == n


def test_numerals_that_may_be_two_numbers_are_not_read():
    assert [han_number(t) for t in ("二三十", "两千五", "一万五", "百", "千万")] == [None] * 5
    assert digits("二〇二〇年十二月第三十一日") == "2020年12月第31日"
