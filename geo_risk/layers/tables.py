"""Tables: text with separators and spreadsheets, found under titles, with their page furniture removed."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from . import furniture, separated, workbooks
from .encoding import to_utf8
from .headers import grouping, known
from .quality import Log
from .raw import Raw
from .separated import SEARCHED, SEPARATORS, Grid, Records
from .text import key

_QUICK = 8 << 20  # bytes from which on text is read column by column
_HEAD = 60  # records in which header and titles are sought
_NUL_SHARE = 0.001  # of the bytes; more is no text
# What a spreadsheet shows instead of a value it cannot compute or display.
_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!")
_TOO_NARROW = r"^#{3,}$"
_DECIMAL_COMMA = re.compile(r"^[-+]?\d+(?:,\d+)?$")
_THOUSANDS = re.compile(r"^[-+]?\d{1,3}(?:,\d{3})?$")


def read_text(path: Path, data: bytes, layer: str, expected: Collection[str] = (), encoding: str | None = None) -> Raw:
    """
    A CSV, TSV or the like from its bytes; rows are counted as a spreadsheet counts them.

    Raises
    ------
    InputError
        If it is no text, its encoding cannot be told, it has no header, or it is empty.
    """
    log = Log(path.name, layer)
    data, told, bad = to_utf8(data, path.name, encoding)
    if not told.startswith(("UTF-8", "UTF_8")):
        log.note("encoding", detail=told)
    if bad:
        log.note("bad_bytes", detail=bad)
    data = _without_nul(path, data, log)
    text = data[:_QUICK].decode("utf-8", "ignore")
    mark, rival = separated.separator(text, expected)
    if rival:
        log.note("separator", detail=f"{SEPARATORS[mark]}; {SEPARATORS[rival]} fits nearly as well")
    top = separated.head(text, mark, _HEAD)
    start, depth = _header(path, None, top, expected)
    width, modal = max(map(len, top[start : start + depth])), separated.modal_width(top[start:])
    records = separated.quick(data, mark, width, modal) if len(data) >= _QUICK else None
    if records is None:
        records = separated.careful(data.decode("utf-8"), mark, width, modal)
    return _build(path, None, top[start : start + depth], start, records, log, decimal_comma=mark == ";")


def _without_nul(path: Path, data: bytes, log: Log) -> bytes:
    count = data.count(b"\x00")
    if not count:
        return data
    if count > max(1, _NUL_SHARE * len(data)):
        raise InputError(f"{path.name}: this is not text. Save it as CSV (UTF-8) or XLSX.")
    log.repair("nul_bytes", count=1, detail=count)
    return data.replace(b"\x00", b"")


def read_workbook(path: Path, data: bytes, layer: str, sheet: str | None, expected: Collection[str] = ()) -> Raw:
    """
    One sheet of an XLSX or XLS workbook, or of a web page saved under such a name: the named one, else
    the one whose header is known best.

    Raises
    ------
    InputError
        If the workbook is encrypted, damaged, empty, or has no such sheet.
    """
    log = Log(path.name, layer)
    sheets = {s.name: s for s in workbooks.sheets(path, data)}
    if sheet is not None and sheet not in sheets:
        raise InputError(f"{path.name}: no sheet {sheet!r}; its sheets are: {', '.join(sheets)}.")
    name = sheet or max(sheets, key=lambda n: _worth(sheets[n].grid, expected), default="")
    others = [n for n, s in sheets.items() if n != name and s.grid]
    if others and sheet is None:
        log.note("other_sheets", detail=", ".join(others))
    grid = sheets[name].grid if name else []
    start, depth = _header(path, sheet, grid[:_HEAD], expected)
    workbooks.tell(sheets[name], start + depth, log)
    headers = grid[start : start + depth]
    records = separated.records(grid, max(map(len, headers)))
    return _build(path, sheet, headers, start, records, log)


def sheet_names(path: Path, data: bytes) -> list[str]:
    """The sheets that hold anything, best header first."""
    found = [s for s in workbooks.sheets(path, data) if s.grid]
    return [s.name for s in sorted(found, key=lambda s: -_worth(s.grid, ())[0])]


def is_workbook(data: bytes) -> bool:
    """Whether bytes are a workbook, or a web page that may stand for one, whatever the file is called."""
    return workbooks.kind_of(data) != ""


def _worth(grid: Grid, expected: Collection[str]) -> tuple[int, int]:
    if not grid:
        return (-1, 0)
    return max(sum(known(c, expected) for c in dict.fromkeys(row)) for row in grid[:SEARCHED]), len(grid)


def _header(path: Path, sheet: str | None, grid: Grid, expected: Collection[str]) -> tuple[int, int]:
    if not any(any(row) for row in grid):
        raise InputError(f"{path.name}{f'#{sheet}' if sheet else ''}: the table is empty.")
    return furniture.find_header(path.name, grid, expected)


def _build(path: Path, sheet: str | None, header: Grid, start: int, records: Records, log: Log,
           decimal_comma: bool = False) -> Raw:  # fmt: skip
    """The rows of data below the header, furniture told and removed, cells mended that are no values."""
    names, labels = furniture.header_names(header)
    if start:
        log.note("header", detail=start + 1)
    first = start + len(header)
    unread = _unread(records, first, log)
    cells, rows, short = records.cells, records.rows, records.short
    body = rows > first
    kinds = furniture.judge(cells, header)
    for i in np.flatnonzero(body & (kinds != "") & (kinds != "blank")):
        shown = " ".join(c for c in cells.iloc[i : i + 1].to_numpy(object)[0].tolist()[:4] if c)
        log.note("not_data", row=rows[i], value=shown, detail=kinds[i])
    body &= kinds == ""
    if not body.all():
        cells, rows, short = cells[body].reset_index(drop=True), rows[body], short[body]
    log.group("noted", "short_row", list(rows[short]), values=[""] * int(short.sum()))
    cells.columns = pd.Index(names)
    cells = cells.drop(columns=[n for n in names if n.startswith("column ") and not (cells[n] != "").any()])
    raw = Raw(path, sheet, cells, rows, log, labels=labels, read=len(rows) + len(unread), unread=unread)
    _drop_errors(raw)
    if decimal_comma:
        _decimal_commas(raw)
    _fill_down(raw)
    return raw


def _unread(records: Records, first: int, log: Log) -> list[tuple[int, list[str]]]:
    """Rows that cannot be placed under the headers, told as rejected."""
    long = [(n, row) for n, row in records.long if n > first]
    opened = [(n, row) for n, row in records.open if n > first]
    width = records.cells.shape[1]
    log.reject("extra_cells", [n for n, _ in long], values=[" | ".join(row[width:]) for _, row in long])
    log.reject("open_quote", [n for n, _ in opened], values=[" | ".join(row) for _, row in opened])
    return sorted(long + opened)


def _drop_errors(raw: Raw) -> None:
    """Cells that show a spreadsheet's error become blank."""
    for name in raw.frame.columns:
        marked = raw.frame[name].str.startswith("#").to_numpy(bool)
        if not marked.any():
            continue
        values = raw.frame[name]
        bad = marked & (values.str.upper().isin(_ERRORS) | values.str.match(_TOO_NARROW)).to_numpy(bool)
        raw.log.group("noted", "error_cell", list(raw.rows[bad]), column=name, values=list(values[bad]))
        raw.frame[name] = values.mask(bad, "")


def _decimal_commas(raw: Raw) -> None:
    """
    Columns of a file with semicolons whose every number fits a decimal comma and one fits nothing else.

    1,234 may be a thousand; 120,35 beside it may not.
    """
    for name in raw.frame.columns:
        values = raw.frame[name]
        if not values.str.contains(",", regex=False).any():
            continue
        cells = [v for v in values.unique() if v]
        if all(map(_DECIMAL_COMMA.match, cells)) and not all(map(_THOUSANDS.match, cells)):
            some = values.str.contains(",", regex=False).to_numpy(bool)
            raw.log.group("repaired", "decimal_comma", list(raw.rows[some]), column=name, values=list(values[some]))
            raw.frame[name] = values.str.replace(",", ".", regex=False)


def _fill_down(raw: Raw) -> None:
    """
    A block's name that stands in its first row only, repeated on the others; each block is told.

    Only in columns that group (township, park, the enterprise of a tank), only if at least as many
    cells are blank as are not, the first is not, and no name comes back after another one: otherwise
    a blank is simply unknown.
    """
    for name in grouping(raw.log.layer, list(map(str, raw.frame.columns)), raw.labels):
        values = raw.frame[name]
        stated = np.flatnonzero((values != "").to_numpy(bool))
        if not len(stated) or stated[0] != 0 or len(values) < 2 * len(stated):
            continue
        keys = [key(values.iloc[i]) for i in stated]
        runs = [k for i, k in enumerate(keys) if i == 0 or k != keys[i - 1]]
        if len(set(runs)) < len(runs):
            continue
        filled, lost = values.to_numpy(object, copy=True), np.array([n for n, _ in raw.unread], np.int64)
        for start, end in pairwise([*stated.tolist(), len(values)]):
            # A row that could not be read may have begun another block.
            after = lost[np.searchsorted(lost, raw.rows[start]) :][:1]
            end = min(end, int(np.searchsorted(raw.rows, after[0]))) if len(after) else end
            if end - start > 1:
                span = f"{raw.rows[start + 1]} to {raw.rows[end - 1]}"
                raw.log.repair("filled_down", row=raw.rows[start + 1], column=name, value=filled[start],
                               count=end - start - 1, detail=span)  # fmt: skip
                filled[start + 1 : end] = filled[start]
        raw.frame[name] = pd.Series(filled, index=values.index, dtype=values.dtype)
