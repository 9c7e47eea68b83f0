"""Tables: text with separators and spreadsheets, found under titles, with their page furniture removed."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from . import limits
from .encoding import decode
from .headers import known
from .quality import Log
from .raw import Raw
from .text import key, plain

Grid = list[list[str]]

_SEPARATORS = ",\t;|"
_BLANKS = " \t\u3000\xa0"
_SEARCHED = 30  # rows in which the header must appear
_TOTALS = frozenset(map(key, ("合计", "小计", "总计", "共计", "total", "subtotal", "sum")))
_SIGNATURES = tuple(map(key, ("制表", "填报人", "填表人", "审核人", "负责人签字", "单位盖章", "备注：", "注：")))
_NUMBER = re.compile(r"^[-+]?[\d.,]+%?$")


def read_text(path: Path, data: bytes, layer: str, expected: Collection[str] = ()) -> Raw:
    """A CSV, TSV or the like from its bytes; rows are counted as a spreadsheet counts them."""
    log = Log(path.name, layer)
    text, encoding, bad = decode(data, path.name)
    if not encoding.startswith(("UTF-8", "UTF_8")):
        log.note("encoding", detail=encoding)
    if bad:
        log.note("bad_bytes", detail=bad)
    if "\x00" in text:
        raise InputError(f"{path.name}: this is not text. Save it as CSV (UTF-8) or XLSX.")
    csv.field_size_limit(limits.FIELD_CHARACTERS)
    separator = _separator(text)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        grid = [[c.strip(_BLANKS) for c in row] for row in lines]
    except csv.Error as error:
        raise InputError(
            f"{path.name}: line {lines.line_num}: {error}. A quote that is never closed makes the rest of the file one "
            "value: correct it there."
        ) from error
    return _build(path, None, grid, log, expected)


def _separator(text: str) -> str:
    """The separator under which most of the first rows have the same number (over 1) of cells."""
    sample = text[:200_000]
    if len(text) > len(sample):
        sample = sample[: sample.rfind("\n") + 1]

    def agreement(separator: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=separator) if row][:100]
        width, times = Counter(widths).most_common(1)[0] if widths else (1, 0)
        return (times if width > 1 else 0, width)

    return max(_SEPARATORS, key=agreement)


def read_workbook(path: Path, data: bytes, layer: str, sheet: str | None, expected: Collection[str] = ()) -> Raw:
    """
    One sheet of an XLSX or XLS workbook: the named one, else the one whose header is known best.

    Raises
    ------
    InputError
        If the workbook is encrypted, damaged, empty, or has no such sheet.
    """
    log = Log(path.name, layer)
    sheets = dict(_sheets(path, data))
    if sheet is not None:
        if sheet not in sheets:
            raise InputError(f"{path.name}: no sheet {sheet!r}; its sheets are: {', '.join(sheets)}.")
        name = sheet
    else:
        worth = {n: _worth(grid, expected) for n, (grid, _) in sheets.items()}
        name = max(sheets, key=lambda n: worth[n])
        others = [n for n, (grid, _) in sheets.items() if n != name and grid]
        if others:
            log.note("other_sheets", detail=", ".join(others))
    grid, merged_numbers = sheets[name]
    for row in merged_numbers:
        log.note("merged_numbers", row=row)
    raw = _build(path, sheet, grid, log, expected)
    return raw


def sheet_names(path: Path, data: bytes) -> list[str]:
    """The sheets that hold anything, best header first."""
    sheets = {n: grid for n, (grid, _) in _sheets(path, data) if grid}
    return sorted(sheets, key=lambda n: -_worth(sheets[n], ())[0])


def _worth(grid: Grid, expected: Collection[str]) -> tuple[int, int]:
    if not grid:
        return (-1, 0)
    return max(sum(known(c, expected) for c in dict.fromkeys(row)) for row in grid[:_SEARCHED]), len(grid)


def _sheets(path: Path, data: bytes) -> Iterator[tuple[str, tuple[Grid, list[int]]]]:
    if data[:4] == b"\xd0\xcf\x11\xe0":
        yield from _xls(path, data)
    elif data[:2] == b"PK":
        yield from _xlsx(path, data)
    else:
        raise InputError(f"{path.name}: not a workbook, whatever its name says. Save it as XLSX or CSV (UTF-8).")


def _xls(path: Path, data: bytes) -> Iterator[tuple[str, tuple[Grid, list[int]]]]:
    import xlrd

    try:
        book = xlrd.open_workbook(file_contents=data, logfile=io.StringIO())
    except Exception as error:  # xlrd raises many kinds on damaged and encrypted files
        raise InputError(
            f"{path.name}: the workbook cannot be opened ({error}). If it has a password, save it without; "
            "if it is damaged, ask for it again."
        ) from error
    for sheet in book.sheets():
        grid = [
            [_xls_cell(sheet.cell(r, c), book.datemode) for c in range(sheet.ncols)] for r in range(sheet.nrows)
        ]  # fmt: skip
        yield sheet.name, (_trim(grid), [])


def _xls_cell(cell, datemode: int) -> str:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return _cell(xlrd.xldate_as_datetime(cell.value, datemode))
        except (ValueError, OverflowError):
            return _cell(cell.value)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    return "" if cell.ctype == xlrd.XL_CELL_ERROR else _cell(cell.value)


def _xlsx(path: Path, data: bytes) -> Iterator[tuple[str, tuple[Grid, list[int]]]]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    except Exception as error:  # zip, XML and style errors of damaged workbooks
        raise InputError(f"{path.name}: the workbook cannot be opened ({error}). Save it again as XLSX.") from error
    for sheet in book.worksheets:
        grid = [[_cell(v) for v in row] for row in sheet.iter_rows(values_only=True)]
        yield sheet.title, (_trim(grid), _fill_merged(grid, sheet.merged_cells.ranges))


def _fill_merged(grid: Grid, ranges) -> list[int]:
    """Repeat the text of merged cells in place; numbers count once, and their rows are returned."""
    numbers = []
    for area in sorted(ranges, key=lambda a: (a.min_row, a.min_col)):
        text = grid[area.min_row - 1][area.min_col - 1] if area.min_row <= len(grid) else ""
        if not text:
            continue
        if _NUMBER.match(plain(text)):
            numbers.append(area.min_row)
            continue
        for r in range(area.min_row - 1, min(area.max_row, len(grid))):
            for c in range(area.min_col - 1, min(area.max_col, len(grid[r]))):
                grid[r][c] = text
    return numbers


def _cell(value) -> str:
    """A spreadsheet value as text: whole numbers without a point, dates in ISO form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if hasattr(value, "isoformat"):
        text = value.isoformat()
        return text.removesuffix("T00:00:00")
    return str(value).strip(_BLANKS)


def _trim(grid: Grid) -> Grid:
    """The same list without the empty rows at its end (rows are shared: filling shows in both)."""
    while grid and not any(grid[-1]):
        grid.pop()
    return grid


def _build(path: Path, sheet: str | None, grid: Grid, log: Log, expected: Collection[str]) -> Raw:
    if not any(any(row) for row in grid):
        raise InputError(f"{path.name}{f'#{sheet}' if sheet else ''}: the table is empty.")
    top, depth = _find_header(path, grid, expected)
    headers, labels = _headers(grid[top : top + depth])
    if top:
        log.note("header", detail=top + 1)
    width, marks = len(headers), [_marks(row) for row in grid[top : top + depth]]
    body, numbers, short = [], [], []
    read = 0
    for index in range(top + depth, len(grid)):
        row, number = grid[index], index + 1
        furniture = _furniture(row, marks)
        if furniture:
            if furniture != "blank":
                log.note("not_data", row=number, value=" ".join(filter(None, row[:3])), detail=furniture)
            continue
        read += 1
        if any(row[width:]):
            log.reject("extra_cells", [number], values=[" | ".join(row[width:])])
            continue
        if len(row) < width:
            short.append(number)
        body.append((row + [""] * (width - len(row)))[:width])
        numbers.append(number)
    log.group("noted", "short_row", short, values=[""] * len(short))
    frame = pd.DataFrame(body, columns=headers, dtype=object)
    nameless = [h for h in headers if h.startswith("column ") and not frame[h].any()]
    frame = frame.drop(columns=nameless)
    return Raw(path, sheet, frame, np.array(numbers, np.int64), log, labels=labels, read=read)


def _marks(row: Sequence[str]) -> tuple[str, ...]:
    return tuple(key(c) for c in row if c)


def _furniture(row: Sequence[str], headers: Sequence[tuple[str, ...]]) -> str:
    """What a row is if it is not data: blank, a repeated header, a total, a signature; '' for data."""
    cells = [c for c in row if c]
    if not cells:
        return "blank"
    first = key(cells[0])
    if any(header[:1] == (first,) for header in headers) and _marks(row) in headers:
        return "repeated header"
    if first in _TOTALS and (len(cells) == 1 or all(_NUMBER.match(plain(c)) for c in cells[1:])):
        return "total"
    if len(cells) <= 2 < len(row) and first.startswith(_SIGNATURES):
        return "signature"
    return ""


def _numeric(cell: str) -> bool:
    return bool(_NUMBER.match(plain(cell)))


def _find_header(path: Path, grid: Grid, expected: Collection[str]) -> tuple[int, int]:
    """(index, number of rows) of the header."""
    head = grid[:_SEARCHED]
    scores = [sum(known(c, expected) for c in dict.fromkeys(row)) for row in head]
    top = max(range(len(head)), key=lambda i: (scores[i], -i))
    if scores[top] == 0:
        texts = [len({c for c in row if c and not _numeric(c)}) * (not any(map(_numeric, row))) for row in head]
        top = max(range(len(head)), key=lambda i: (texts[i] > 1, -i))
        if texts[top] < 1:
            raise InputError(
                f"{path.name}: no header row found in the first {len(head)} rows (row 1: {', '.join(grid[0][:8])}). "
                "Put one line of column names above the data."
            )
    if top and _is_upper_header(grid[top - 1], grid[top]):
        return top - 1, 2
    if top + 1 < len(grid) and _is_second_header(grid, top):
        return top, 2
    return top, 1


def _is_upper_header(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Whether the row above belongs to the header: it names the columns the lower row leaves blank."""
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


def _headers(rows: Sequence[Sequence[str]]) -> tuple[list[str], dict[str, str]]:
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
