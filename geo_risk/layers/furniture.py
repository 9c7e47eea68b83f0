"""What stands in a table beside its data: titles, header rows, repeated headers, totals, signatures."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from .headers import known
from .separated import SEARCHED, Grid
from .text import bare, key, matches, plain

_TOTALS = frozenset(map(key, ("合计", "小计", "总计", "共计", "累计", "本页合计", "total", "subtotal", "sum")))
_TOTAL_ENDS = tuple(map(key, ("合计", "小计", "总计", "共计")))
_COUNTED = re.compile(r"^(?:合计|总计|共计|共有?)[:：]?\s*[\d.,]+\s*\S{0,6}$")
_SIGNATURE = re.compile(
    r"^(?:制表|填报|填表|审核|复核|审批|(?:单位)?负责人|联系人|联系电话|单位盖章|盖章|签字|打印|备注|附注|注|说明)"
    r"[^:：]{0,8}[:：]|^(?:制表|填报|填表|审核|复核)(?:人|单位|日期|时间)$"
)
_NUMBER = re.compile(r"^[-+]?[\d.,]+\s*(?:%|‰|\D{0,3})$")
_FIGURE = re.compile(r"^[-+]?[\d.,]+%?$")
# A row can only be furniture if a cell of it starts like this (what `key` ignores may stand before it).
_IGNORED = "[\\s_\\-–—:.,;·*#'\"“”、。\u3000\u200b-\u200f\u2060\ufeff\u00ad]*"
_SUSPECT = (
    f"^{_IGNORED}(?:[合小总總共累本附注註说說制製填審审複复單单負负聯联蓋盖簽签打備备ｔｓＴＳ]|(?i:total|sub|sum))"
    f"|[合小总總共]{_IGNORED}[计計]"
)


def find_header(name: str, grid: Grid, expected: Collection[str]) -> tuple[int, int]:
    """
    (index, number of rows) of the header in the first rows of a table.

    Raises
    ------
    InputError
        If no row reads like a header.
    """
    head = grid[:SEARCHED]
    scores = [sum(known(c, expected) for c in dict.fromkeys(row)) for row in head]
    top = max(range(len(head)), key=lambda i: (scores[i], -i))
    if scores[top] == 0:
        texts = [len({c for c in row if c and not _numeric(c)}) * (not any(map(_numeric, row))) for row in head]
        top = max(range(len(head)), key=lambda i: (texts[i] > 1, -i))
        if texts[top] < 1:
            raise InputError(
                f"{name}: no header row found in the first {len(head)} rows (row 1: {', '.join(grid[0][:8])}). "
                "Put one line of column names above the data."
            )
    if top and _is_upper_header(grid[top - 1], grid[top]):
        return top - 1, 2
    if top + 1 < len(grid) and _is_second_header(grid, top):
        return top, 2
    return top, 1


def _numeric(cell: str) -> bool:
    return bool(_FIGURE.match(plain(cell)))


def _is_upper_header(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """
    Whether the row above belongs to the header.

    It does if it names the columns the lower row leaves blank, or if columns merged over both rows
    show the same name in both and another one does not.
    """
    both = [(a, b) for a, b in zip(upper, lower, strict=False) if a and b and not _numeric(a)]
    if any(a == b for a, b in both) and any(a != b for a, b in both) and len(both) == len([c for c in lower if c]):
        return True
    gaps = [i for i, c in enumerate(lower) if not c]
    named = [i for i in gaps if i < len(upper) and upper[i] and not _numeric(upper[i])]
    return len(named) >= 2 and len(set(upper) - {""}) >= 2


def _is_second_header(grid: Grid, top: int) -> bool:
    """Whether the row below the header belongs to it: sub-titles under merged cells, or a line of labels."""
    upper, lower = grid[top], grid[top + 1]
    cells = [c for c in lower if c]
    if not cells or any(map(_numeric, cells)):
        return False
    if all(known(c) for c in cells) and (len(cells) < len([c for c in upper if c]) or len(set(upper)) < len(upper)):
        return True
    body = [row for row in grid[top + 2 : top + 22] if any(row)]
    numeric = [
        i for i in range(len(upper)) if body and sum(i < len(r) and _numeric(r[i]) for r in body) >= 0.8 * len(body)
    ]
    labelled = [i for i in numeric if i < len(lower) and lower[i]]
    return len(labelled) >= 2 and len(labelled) == len(numeric) and len(cells) == len([c for c in upper if c])


def header_names(rows: Sequence[Sequence[str]]) -> tuple[list[str], dict[str, str]]:
    """
    One name a column, and second names.

    Two rows join as 坐标_经度 where they differ and one stands over several columns; a full second
    line of labels stays a label. Blank and repeated names get a number.
    """
    width = max(len(r) for r in rows)
    padded = [[plain(c) for c in r] + [""] * (width - len(r)) for r in rows]
    upper, lower = padded[0], padded[1] if len(padded) > 1 else [""] * width
    labels_line = len(padded) > 1 and all(lower[i] for i in range(width) if upper[i]) and len(set(upper)) == width
    if not labels_line:  # a heading over several columns shows in the first of them only
        for i in range(1, width):
            if not upper[i] and lower[i]:
                upper[i] = upper[i - 1]
    names: list[str] = []
    labels: dict[str, str] = {}
    for i, (a, b) in enumerate(zip(upper, lower, strict=True)):
        name = a or b
        if a and b and a != b and not labels_line:
            name = f"{a}_{b}"
        name = name or f"column {i + 1}"
        if name in names:
            name = f"{name} ({names.count(name) + sum(n.startswith(name + ' (') for n in names) + 1})"
        names.append(name)
        if a and b and a != b:
            labels[name] = b
    return names, labels


def marks(row: Sequence[str]) -> tuple[str, ...]:
    """What a repeated header shares with the header: the keys of its cells."""
    return tuple(key(c) for c in row if c)


def judge(cells: pd.DataFrame, headers: Sequence[Sequence[str]]) -> NDArray[np.object_]:
    """(N,) what each row is if it is not data: 'blank', 'repeated header', 'total', 'signature'; '' for data."""
    found = np.full(len(cells), "", object)
    blank = np.logical_and.reduce([(cells[c] == "").to_numpy(bool) for c in cells])
    found[blank] = "blank"
    shared = [marks(h) for h in headers]
    suspect = np.zeros(len(cells), bool)
    for i in range(cells.shape[1]):
        words = {h[i] for h in headers if i < len(h) and h[i]}
        suspect |= matches(cells[i], _SUSPECT)
        suspect |= cells[i].isin(words).to_numpy(bool)
    some = cells[suspect & ~blank]
    for at, row in zip(np.flatnonzero(suspect & ~blank), some.to_numpy(object).tolist(), strict=True):
        found[at] = what_row_is(row, shared)
    return found


def what_row_is(row: Sequence[str], headers: Sequence[tuple[str, ...]]) -> str:
    """'repeated header', 'total', 'signature' or '' (data) for the cells of one row; headers as `marks` gives them."""
    cells = [c for c in row if c]
    if marks(row) in headers:
        return "repeated header"
    words = [c for c in map(plain, cells) if not _NUMBER.match(c)]
    if len(words) == 1 and _is_total(words[0]):
        return "total"
    signed = [bool(_SIGNATURE.match(c)) for c in words]
    if words and signed[0] and (len(cells) <= 2 < len(row) or sum(signed) > 1):
        return "signature"
    return ""


def _is_total(word: str) -> bool:
    return key(word) in _TOTALS or bare(word).endswith(_TOTAL_ENDS) or bool(_COUNTED.match(word))
