"""Text with separators -> records: a careful reader, and a quick one for what it can represent."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from .headers import known

BLANKS = " \t\u3000\xa0"
SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
SEARCHED = 30  # rows in which the header must appear
_SAMPLE = 200_000  # characters by which the separator is judged
_SAMPLED = 100  # records of these
_HAIR = 0.9  # a second separator under which this share of the records agree is told
_BLOCK = 4 << 20  # bytes the quick reader takes at a time; no record may be longer

Grid = list[list[str]]


@dataclass(frozen=True)
class Records:
    """
    The records of a table, every cell as text without outer blanks.

    ``cells`` (N, width) with columns 0 to width - 1 and ``rows`` (N,) their numbers, from 1, as a
    spreadsheet counts them: blank records count, line breaks inside quotes do not. ``short`` (N,)
    had fewer cells (missing ones are ''); ``long`` has more than ``width`` and ``open`` a quote that
    is never closed; neither is in ``cells``.
    """

    cells: pd.DataFrame
    rows: NDArray[np.int64]
    short: NDArray[np.bool_]
    long: list[tuple[int, list[str]]] = field(default_factory=list)
    open: list[tuple[int, list[str]]] = field(default_factory=list)


def separator(text: str, expected: Collection[str] = ()) -> tuple[str, str]:
    """
    (separator, another one that fits nearly as well or '').

    The one under which a row has most known headers, then under which most of the first rows have the
    same number (over 1) of cells: a decimal comma must not beat the semicolons around it.
    """
    csv.field_size_limit(2**31 - 1)
    sample = text[:_SAMPLE]
    if len(text) > len(sample):
        sample = sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample

    def agreement(mark: str) -> tuple[int, int, int]:
        rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=mark) if row][:_SAMPLED]
        width, times = Counter(map(len, rows)).most_common(1)[0] if rows else (1, 0)
        headers = max((sum(known(c.strip(BLANKS), expected) for c in set(r)) for r in rows[:SEARCHED]), default=0)
        return (headers if width > 1 else 0, times if width > 1 else 0, width)

    scores = {mark: agreement(mark) for mark in SEPARATORS}
    best, second = sorted(SEPARATORS, key=lambda m: scores[m], reverse=True)[:2]
    close = scores[second][0] == scores[best][0] and 0 < scores[best][1] * _HAIR <= scores[second][1]
    return best, second if close else ""


def head(text: str, mark: str, count: int) -> Grid:
    """The first ``count`` records."""
    return [cells for cells, _ in _records(text, mark, 0, count)]


def modal_width(grid: Grid) -> int:
    """The number of cells most records have."""
    return Counter(len(row) for row in grid if row).most_common(1)[0][0] if any(grid) else 1


def careful(text: str, mark: str, width: int, modal: int) -> Records:
    """All records, one by one; ``modal`` is the usual number of cells, ``width`` how many are wanted."""
    found = list(_records(text, mark, modal))
    return records([row for row, _ in found], width, [number for number, (_, is_open) in enumerate(found) if is_open])


def records(grid: Sequence[list[str]], width: int, unclosed: Sequence[int] = ()) -> Records:
    """Records of rows already split; ``unclosed`` are positions of rows with an open quote."""
    body: Grid = []
    rows: list[int] = []
    short: list[bool] = []
    long: list[tuple[int, list[str]]] = []
    left = set(unclosed)
    for number, row in enumerate(grid, 1):
        if any(row[width:]) or number - 1 in left:
            if number - 1 not in left:
                long.append((number, row))
            continue
        body.append(row[:width] if len(row) >= width else row + [""] * (width - len(row)))
        rows.append(number)
        short.append(0 < len(row) < width)
    cells = pd.DataFrame(body, columns=range(width), dtype="str")
    opened = [(i + 1, grid[i]) for i in sorted(left)]
    return Records(cells, np.array(rows, np.int64), np.array(short, bool), long, opened)


def _records(text: str, mark: str, modal: int, count: int | None = None) -> Iterator[tuple[list[str], bool]]:
    """
    (cells, whether a quote stays open) of each record.

    Where an open quote has swallowed whole lines (or the rest of the text) its first line alone is
    the bad record, and reading goes on with the next line.
    """
    lines = io.StringIO(text, newline="").readlines()
    csv.field_size_limit(2**31 - 1)
    at, told = 0, 0
    while at < len(lines):
        start = at
        reader = csv.reader((lines[i] for i in range(start, len(lines))), delimiter=mark)
        for row in reader:
            first, last = at, start + reader.line_num
            suspect = last - first > 1 or (last == len(lines) and '"' in lines[first])
            if suspect and _is_open(row, lines[first:last], mark, modal, last == len(lines)):
                yield [c.strip(BLANKS) for c in lines[first].rstrip("\r\n").split(mark)], True
                at = first + 1
                break
            yield [c.strip(BLANKS) for c in row], False
            at, told = last, told + 1
            if told == count:
                return
        else:
            return


def _is_open(row: Sequence[str], lines: Sequence[str], mark: str, modal: int, final: bool) -> bool:
    """Whether a cell swallowed lines that are records of their own, or text runs to the end inside a quote."""
    if final and len(list(csv.reader([*lines, "x\n"], delimiter=mark))) == 1:
        return True
    doubtful = [c for c in row if mark in c and ("\n" in c or "\r" in c)]
    if not doubtful:
        return False
    inner = [line for c in doubtful for line in io.StringIO(c, newline="").readlines()[1:-1]]
    if modal > 2 and any(line.count(mark) >= modal - 1 for line in inner):
        return True
    try:
        next(csv.reader(list(lines), delimiter=mark, strict=True))
    except csv.Error:  # something behind the closing quote: it was another cell's opening one
        return True
    return False


def quick(data: bytes, mark: str, width: int, modal: int) -> Records | None:
    """
    The same as `careful` of UTF-8 bytes, column by column; None where only the careful reader can tell.

    That is: a line break inside quotes together with a separator (a quote may be missing), a record
    of an odd number of cells that has line breaks, or an end inside quotes.
    """
    modal = max(modal, width)
    odd: list[tuple[int, str]] = []

    def keep_aside(row: pyarrow.csv.InvalidRow) -> str:
        odd.append((row.number, row.text))
        return "skip"

    names = [str(i) for i in range(modal)]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(data),
            read_options=pyarrow.csv.ReadOptions(column_names=names, use_threads=False, block_size=_BLOCK),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=mark, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=keep_aside
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:  # a record longer than a block, an end inside quotes
        return None
    if _doubtful(table, odd, mark) or _open_end(data, mark):
        return None
    for i, name in enumerate(names):
        table = table.set_column(i, name, pc.utf8_trim(table.column(i), BLANKS))
    rows = np.setdiff1d(np.arange(1, len(table) + len(odd) + 1), [n for n, _ in odd], assume_unique=True)
    long = [i for i in range(width, modal) if pc.any(pc.not_equal(table.column(i), "")).as_py()]
    cells = table.select(names[:width]).to_pandas(split_blocks=True, self_destruct=not long)
    cells.columns = pd.RangeIndex(width)
    whole = Records(cells, rows, np.zeros(len(rows), bool))
    if not long and not odd:
        return whole
    return _with_odd(whole, table, long, odd, mark, width)


def _with_odd(
    whole: Records, table: pa.Table, long: list[int], odd: list[tuple[int, str]], mark: str, width: int
) -> Records:
    """The records of the usual width joined by those of another one, in the order of the file."""
    over = np.zeros(len(whole.rows), bool)
    for i in long:
        over |= pc.not_equal(table.column(i), "").to_numpy()
    pad = {int(whole.rows[i]): [str(c[i]) for c in table.columns] for i in np.flatnonzero(over)}
    pad |= {number: [c.strip(BLANKS) for c in next(csv.reader([text], delimiter=mark), [])] for number, text in odd}
    some = records(list(pad.values()), width)
    number = np.array(list(pad), np.int64)
    cells = pd.concat([whole.cells[~over], some.cells], ignore_index=True)
    rows = np.concatenate([whole.rows[~over], number[some.rows - 1]])
    short = np.concatenate([whole.short[~over], some.short])
    order = np.argsort(rows, kind="stable")
    aside = sorted((int(number[n - 1]), row) for n, row in some.long)
    return Records(cells.iloc[order].reset_index(drop=True), rows[order], short[order], aside)


def _doubtful(table: pa.Table, odd: list[tuple[int, str]], mark: str) -> bool:
    """Whether some quoted line break might be the trace of a missing quote."""
    if any("\n" in text or "\r" in text for _, text in odd):
        return True
    for column in table.columns:
        broken = pc.match_substring_regex(column, "[\r\n]")
        if pc.any(broken).as_py():
            cells = column.filter(broken)
            if pc.any(pc.match_substring(cells, mark)).as_py() or (len(column) and broken[-1].as_py()):
                return True
    return False


def _open_end(data: bytes, mark: str) -> bool:
    """Whether the last line, taken alone, ends inside quotes."""
    tail = data[max(data.rstrip(b"\r\n").rfind(b"\n"), data.rstrip(b"\r\n").rfind(b"\r")) + 1 :]
    return b'"' in tail and len(list(csv.reader([tail.decode("utf-8", "replace"), "x\n"], delimiter=mark))) == 1
