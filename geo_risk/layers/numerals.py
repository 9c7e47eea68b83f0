"""Chinese numerals: 一百二十, 一〇九, 三万. What could mean two numbers is not read."""

from __future__ import annotations

import re

_HAN = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "两": 2, "兩": 2}
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}


def han_number(text: str) -> int | None:
    """一百二十 -> 120, 三万 -> 30000, 一〇九 -> 109; None where it is not clear: 二三十, 两千五, 百."""
    text = text.replace("萬", "万").replace("億", "亿")
    if all(c in _HAN for c in text):
        return int("".join(str(_HAN[c]) for c in text)) if len(text) != 2 or "零" in text or "〇" in text else None
    for mark, size in (("亿", 10**8), ("万", 10**4)):
        if mark in text:
            head, _, tail = text.partition(mark)
            high, low = (
                han_number(head) if head else None,
                _below_10000(tail) if mark == "万" else han_number(tail or "零"),
            )
            clear = high is not None and low is not None and (not tail or low >= size // 10 or tail[0] == "零")
            return int(high * size + low) if clear and high is not None and low is not None else None
    return _below_10000(text)


def _below_10000(text: str) -> int | None:
    total, digit, last = 0, None, 10**4
    for i, c in enumerate(text):
        if c in _HAN:
            if digit not in (None, 0):
                return None
            digit = _HAN[c]
        elif c in _HAN_UNITS and _HAN_UNITS[c] < last:
            if digit is None and not (c == "十" and i == 0):
                return None
            last = _HAN_UNITS[c]
            total, digit = total + (1 if digit is None else digit) * last, None
        else:
            return None
    if digit and last > 10 and len(text) > 1 and text[-2] not in "零〇○":
        return None  # 两千五 is 2500, not 2005: better not read
    return total + (digit or 0)


_DIGITS = str.maketrans({c: str(d) for c, d in _HAN.items()})
_TENS = re.compile(r"(\d?)十(\d?)")


def digits(text: str) -> str:
    """Text whose numerals below a hundred are figures: 二〇二〇年十二月 -> 2020年12月, 第二厂 -> 第2厂."""
    found = text.translate(_DIGITS)
    return _TENS.sub(lambda m: f"{m[1] or 1}{m[2] or 0}", found) if "十" in found else found
