"""Workbooks -> sheets of text: XLSX (python-calamine), XLS (xlrd), web pages saved under such a name (html.parser)."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from ..errors import InputError
from .encoding import decode
from .quality import Log
from .separated import BLANKS, Grid
from .text import plain

_KINDS = (("xls", b"\xd0\xcf\x11\xe0"), ("xlsx", b"PK\x03\x04"), ("xlsx", b"PK\x05\x06"))
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|meta|style|body|table|div|\?xml|!--)", re.IGNORECASE)
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # the stream an encrypted XLSX keeps its content in
_NUMBER = re.compile(r"^[-+]?[\d.,]+%?$")
_EXACT = 1e15  # whole numbers from here on have lost digits as a spreadsheet's number
_OF_INTEREST = re.compile(rb'hidden="(?:1|true)"|t="e"|<(?:\w+:)?(?:f|autoFilter)[ />]')
_ZEROS = re.compile(r"^0{2,}$")


class Area(NamedTuple):
    """Merged cells, counted from 0, ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass
class Sheet:
    """One sheet as text, merged texts repeated, and what a person looking at it would not see."""

    name: str
    grid: Grid
    merged_numbers: list[int] = field(default_factory=list)
    hidden: bool = False
    hidden_rows: list[int] = field(default_factory=list)
    filtered: str = ""
    no_value: list[str] = field(default_factory=list)


def kind_of(data: bytes) -> str:
    """'xls', 'xlsx', 'page' or '' by the first bytes, whatever the file is called."""
    kind = next((k for k, magic in _KINDS if data.startswith(magic)), "")
    return kind or ("page" if _PAGE.match(data) else "")


def sheets(path: Path, data: bytes) -> list[Sheet]:
    """
    All sheets of a workbook, empty ones too, in its order.

    Raises
    ------
    InputError
        If it is encrypted, damaged, or no workbook at all.
    """
    kind = kind_of(data)
    if kind == "xls":
        found = list(_xls(path, data))
    elif kind == "xlsx":
        found = list(_xlsx(path, data))
    elif kind == "page":
        found = _page(path, data)
    else:
        raise InputError(f"{path.name}: not a workbook, whatever its name says. Save it as XLSX or CSV (UTF-8).")
    for sheet in found:
        while sheet.grid and not any(sheet.grid[-1]):
            sheet.grid.pop()
    return found


def tell(sheet: Sheet, first: int, log: Log) -> None:
    """Note what is hidden, filtered, merged or not computed in the rows below ``first`` [rows]."""
    if sheet.hidden:
        log.note("hidden_sheet", detail=sheet.name)
    hidden = [r for r in sheet.hidden_rows if first < r <= len(sheet.grid)]
    log.group("noted", "hidden_rows", hidden, values=[""] * len(hidden), detail=_spans(hidden))
    if sheet.filtered:
        log.note("filtered", detail=sheet.filtered)
    for row in sheet.merged_numbers:
        if row > first:
            log.note("merged_numbers", row=row)
    for cell in sheet.no_value:
        log.note("no_cached_value", row=int(re.sub(r"\D", "", cell)), column=re.sub(r"\d", "", cell), detail=cell)


def _spans(rows: list[int]) -> str:
    """4, 7-9"""
    out: list[list[int]] = []
    for row in rows:
        if out and row == out[-1][1] + 1:
            out[-1][1] = row
        else:
            out.append([row, row])
    shown = ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in out[:10])
    return shown + (", ..." if len(out) > 10 else "")


def _refused(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path.name}: the workbook cannot be opened ({error}). If it has a password, save it without; "
        "if it is damaged, open it, save it again as XLSX, or ask for it again."
    )


def _xls(path: Path, data: bytes) -> Iterator[Sheet]:
    if _ENCRYPTED in data:
        raise InputError(f"{path.name}: the workbook has a password. Open it, remove the password and save it as XLSX.")
    import xlrd

    try:
        book = xlrd.open_workbook(file_contents=data, logfile=io.StringIO(), formatting_info=True)
    except Exception as error:  # xlrd raises many kinds on damaged and encrypted files
        raise _refused(path, error) from error
    for sheet in book.sheets():
        grid = [[_xls_cell(sheet.cell(r, c), book) for c in range(sheet.ncols)] for r in range(sheet.nrows)]
        areas = [Area(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells]
        hidden = sorted(r + 1 for r, info in sheet.rowinfo_map.items() if info.hidden)
        yield Sheet(sheet.name, grid, _fill_merged(grid, areas), sheet.visibility > 0, hidden)


def _xls_cell(cell: Any, book: Any) -> str:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return _cell(xlrd.xldate_as_datetime(cell.value, book.datemode))
        except (ValueError, OverflowError):
            return _cell(cell.value)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(cell.value, "#N/A")
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        form = book.format_map.get(book.xf_list[cell.xf_index].format_key)
        return _padded(_cell(cell.value), form.format_str if form else "")
    return _cell(cell.value)


def _padded(text: str, form: str) -> str:
    """A whole number with the zeros in front that its format (000000) shows."""
    return text.zfill(len(form)) if _ZEROS.match(form) and text.isdigit() else text


def _xlsx(path: Path, data: bytes) -> Iterator[Sheet]:
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        kinds = [m for m in book.sheets_metadata if m.typ == calamine.SheetTypeEnum.WorkSheet]
        read = [(m, book.get_sheet_by_name(m.name)) for m in kinds]
        grids = [[[_cell(v) for v in row] for row in s.to_python(skip_empty_area=False)] for _, s in read]
        parts = _Parts(data)
    except (calamine.CalamineError, zipfile.BadZipFile, ElementTree.ParseError, KeyError, OSError, ValueError) as error:
        raise _refused(path, error) from error
    for (meta, sheet), grid in zip(read, grids, strict=True):
        out = Sheet(meta.name, grid, hidden=meta.visible != calamine.SheetVisibleEnum.Visible)
        parts.look(out)
        areas = [Area(a[0], a[1], b[0], b[1]) for a, b in sheet.merged_cell_ranges or []]
        out.merged_numbers = _fill_merged(grid, areas)
        yield out


class _Parts:
    """The XML of an XLSX, for what its values alone do not tell."""

    def __init__(self, data: bytes) -> None:
        self.archive = zipfile.ZipFile(io.BytesIO(data))
        book = self._tree("xl/workbook.xml")
        links = {e.get("Id"): str(e.get("Target")) for e in self._tree("xl/_rels/workbook.xml.rels").iter()}
        self.files: dict[str, str] = {}
        for e in book.iter():
            if _local(e.tag) == "sheet":
                link = next((v for k, v in e.attrib.items() if _local(k) == "id" and k != "id"), "")
                self.files[str(e.get("name"))] = posixpath.normpath(posixpath.join("/xl", links.get(link, "")))[1:]
        self.zeros = self._zero_formats()

    def _tree(self, name: str) -> ElementTree.Element:
        return ElementTree.fromstring(self.archive.read(name))

    def _zero_formats(self) -> dict[str, str]:
        """Cell style -> number format, of those that show zeros in front."""
        if "xl/styles.xml" not in self.archive.namelist():
            return {}
        root = self._tree("xl/styles.xml")
        forms = {e.get("numFmtId"): str(e.get("formatCode")) for e in root.iter() if _local(e.tag) == "numFmt"}
        styles = next((list(e) for e in root.iter() if _local(e.tag) == "cellXfs"), [])
        found = {str(i): forms.get(e.get("numFmtId"), "") for i, e in enumerate(styles)}
        return {i: form for i, form in found.items() if _ZEROS.match(form)}

    def look(self, sheet: Sheet) -> None:
        """Fill in hidden rows, filter, formulas without a value, errors, and zeros in front of numbers."""
        name = self.files.get(sheet.name)
        if name is None or name not in self.archive.namelist():
            return
        xml = self.archive.read(name)
        if not self.zeros and not _OF_INTEREST.search(xml):
            return
        for _, e in ElementTree.iterparse(io.BytesIO(xml)):
            tag = _local(e.tag)
            if tag == "c":
                self._cell(sheet, e)
            elif tag == "row":
                if e.get("hidden") in ("1", "true"):
                    sheet.hidden_rows.append(int(e.get("r") or 0))
                e.clear()
            elif tag == "autoFilter" and len(e):
                sheet.filtered = str(e.get("ref"))

    def _cell(self, sheet: Sheet, e: ElementTree.Element) -> None:
        where, children = str(e.get("r")), {_local(child.tag): child for child in e}
        value = children.get("v")
        if "f" in children and (value is None or (not value.text and e.get("t") != "str")):
            sheet.no_value.append(where)
        elif e.get("t") == "e" and value is not None:
            _change(sheet.grid, where, lambda _: value.text or "#N/A")
        elif e.get("s") in self.zeros:
            _change(sheet.grid, where, lambda text: _padded(text, self.zeros[str(e.get("s"))]))


def _change(grid: Grid, where: str, change: Callable[[str], str]) -> None:
    """Change one cell, named as B5, growing the grid to hold it."""
    row, column = _position(where)
    grid += [[] for _ in range(row + 1 - len(grid))]
    grid[row] += [""] * (column + 1 - len(grid[row]))
    grid[row][column] = change(grid[row][column])


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _position(where: str) -> tuple[int, int]:
    """B5 -> (4, 1)"""
    letters = re.sub(r"\d", "", where)
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(where[len(letters) :]) - 1, column - 1


def _fill_merged(grid: Grid, areas: Iterable[Area]) -> list[int]:
    """Repeat the text of merged cells in place; numbers count once, and their rows are returned."""
    numbers = []
    for area in sorted(areas):
        if area.top >= len(grid) or area.left >= len(grid[area.top]) or not grid[area.top][area.left]:
            continue
        text = grid[area.top][area.left]
        if _NUMBER.match(plain(text)):
            numbers.append(area.top + 1)
            continue
        for row in grid[area.top : area.bottom + 1]:
            row[area.left : area.right + 1] = [text] * len(row[area.left : area.right + 1])
    return numbers


def _cell(value: Any) -> str:
    """A spreadsheet value as text: whole numbers without a point, dates in ISO form."""
    if isinstance(value, str):
        return value.strip(BLANKS)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
    if hasattr(value, "isoformat"):
        return value.isoformat().removesuffix("T00:00:00")
    return str(value).strip(BLANKS)


class _Tables(HTMLParser):
    """The tables of a web page; cells over several rows or columns repeat their text."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[tuple[str, Area]]] = []
        self.row, self.column = -1, 0
        self.taken: set[tuple[int, int]] = set()
        self.cell: list[str] | None = None
        self.size = (1, 1)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._close()
            self.tables.append([])
            self.row, self.taken = -1, set()
        elif tag == "tr" and self.tables:
            self._close()
            self.row, self.column = self.row + 1, 0
        elif tag in ("td", "th") and self.tables:
            self._close()
            spans = {k: int(v) for k, v in attrs if v and v.isdigit()}
            self.size, self.cell = (max(1, spans.get("rowspan", 1)), max(1, spans.get("colspan", 1))), []
        elif tag == "br" and self.cell is not None:
            self.cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._close()

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)

    def _close(self) -> None:
        if self.cell is None:
            return
        while (self.row, self.column) in self.taken:
            self.column += 1
        rows, columns = self.size
        area = Area(self.row, self.column, self.row + rows - 1, self.column + columns - 1)
        self.taken |= {(r, c) for r in range(area.top, area.bottom + 1) for c in range(area.left, area.right + 1)}
        text = "\n".join(" ".join(line.split()) for line in "".join(self.cell).split("\n"))
        self.tables[-1].append((text.strip(BLANKS + "\n"), area))
        self.cell = None


def _page(path: Path, data: bytes) -> list[Sheet]:
    parser = _Tables()
    parser.feed(decode(data, path.name)[0])
    parser.close()
    out = []
    for number, cells in enumerate(parser.tables, 1):
        height = max((area.bottom for _, area in cells), default=-1) + 1
        width = max((area.right for _, area in cells), default=-1) + 1
        grid = [[""] * width for _ in range(height)]
        for text, area in cells:
            grid[area.top][area.left] = text
        merged = [area for _, area in cells if area.bottom > area.top or area.right > area.left]
        out.append(Sheet(f"table {number}", grid, _fill_merged(grid, merged)))
    if not any(sheet.grid for sheet in out):
        raise InputError(
            f"{path.name}: a web page (or another text in angle brackets) with the name of a workbook, and no table "
            "in it. Open it and save it as XLSX."
        )
    return out
