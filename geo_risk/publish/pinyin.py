"""Initials of Chinese names as people type them into a search box: 菱渚镇 -> lzz."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CHINESE = re.compile(r"[\u3400-\u9fff]")


def initials(names: Iterable[str]) -> list[str]:
    """
    The first letter of each character's pinyin, other letters and digits as they are, in lower case.

    Empty for a name without Chinese characters. Readings of words, not of characters, where the library knows the
    word (重庆: cq).
    """
    from pypinyin import Style, lazy_pinyin

    return [
        "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower() if _CHINESE.search(name) else "" for name in names
    ]
