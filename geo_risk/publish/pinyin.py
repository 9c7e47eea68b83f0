"""Initials of Chinese names as people type them into a search box: 菱渚镇 -> lzz."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_CHINESE = re.compile(r"[\u3400-\u9fff]")
# Where the library, too, cuts a text: before the first sign of Chinese nothing has a reading. The same runs come in
# name after name.
_RUN = re.compile(r"[\u3007-\U0010ffff]+")


def initials(names: Iterable[str]) -> list[str]:
    """
    The first letter of each character's pinyin, other letters and digits as they are, in lower case.

    Empty for a name without Chinese characters. Readings of words, not of characters, where the library knows the
    word (重庆: cq).
    """
    return [_RUN.sub(_letters_of, name).lower() if _CHINESE.search(name) else "" for name in names]


def _letters_of(run: re.Match[str]) -> str:
    return _letters(run[0])


@lru_cache(maxsize=1 << 16)
def _letters(run: str) -> str:
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(run, style=Style.FIRST_LETTER))
