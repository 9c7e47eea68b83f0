"""A list as a worksheet made for print, and as CSV."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import InputError
from ..store import timeless, without_formulas
from .style import GRADES

_ROWS = 1_048_575  # of a worksheet below its header
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]")  # of worksheets
_TEXT = 32_767  # characters of a cell


@dataclass(frozen=True)
class Field:
    """One column of a list: heading, width [characters], and whether it holds grades 0 to 4."""

    heading: str
    width: float = 12.0
    graded: bool = False


def write_csv(path: Path, fields: Sequence[Field], rows: Sequence[Sequence[Any]], words: dict[int, str]) -> None:
    """The list as CSV with a byte-order mark; grades as words; no text becomes a formula in a spreadsheet."""
    shown = [[words[v] if f.graded else v for f, v in zip(fields, row, strict=True)] for row in rows]
    frame = pd.DataFrame(shown, columns=[f.heading for f in fields], dtype=object)
    without_formulas(frame).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def write_xlsx(
    path: Path, title: str, fields: Sequence[Field], rows: Sequence[Sequence[Any]], words: dict[int, str]
) -> None:
    """
    The list as a worksheet: frozen and repeated header, filter, A4 landscape as wide as the page, page numbers.

    Grades carry their colour and their word. Text stays text, also where it looks like a formula. The same
    rows give the same bytes.

    Raises
    ------
    InputError
        If the list is longer than a worksheet.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    if len(rows) > _ROWS:
        raise InputError(f"{title}: {len(rows):,} rows, and a worksheet takes {_ROWS:,}. Use the CSV beside it.")
    book = Workbook(write_only=True)
    book.properties.title = title
    sheet = book.create_sheet(_sheet_name(title))
    line = Side(style="thin", color="999999")
    border, wrap = Border(left=line, right=line, top=line, bottom=line), Alignment(wrap_text=True, vertical="top")
    fills = {g.grade: PatternFill("solid", fgColor=g.color[1:].upper()) for g in GRADES}
    white, bold = Font(color="FFFFFF", bold=True), Font(bold=True)

    def look(fill: Any = None, font: Any = None) -> Any:
        """The style of a cell, made once: making it for each cell takes ten times as long as writing."""
        made = WriteOnlyCell(sheet)
        made.border, made.alignment = border, wrap
        if fill is not None:
            made.fill, made.font = fill, font
        return made._style

    plain, head = look(), look(PatternFill("solid", fgColor="ECECEC"), bold)
    looks = {grade: look(fill, white if grade == 4 else bold) for grade, fill in fills.items()}

    def cell(value: Any, style: Any) -> Any:
        made = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:_TEXT] if isinstance(value, str) else value)
        if isinstance(value, str):
            made.data_type = "s"
        made._style = style
        return made

    for number, field in enumerate(fields, 1):
        sheet.column_dimensions[get_column_letter(number)].width = field.width
    last = get_column_letter(len(fields))
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{last}{len(rows) + 1}"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", "9"  # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.oddHeader.center.text = title.replace("&", "&&")
    sheet.oddFooter.center.text = "&P / &N"
    sheet.append([cell(f.heading, head) for f in fields])
    for row in rows:
        pairs = zip(fields, row, strict=True)
        sheet.append([cell(words[v], looks.get(v, plain)) if f.graded else cell(v, plain) for f, v in pairs])
    book.save(path)
    path.write_bytes(timeless(path.read_bytes()))


def _sheet_name(title: str) -> str:
    """A worksheet's name: no sign it may not have, whole words of at most 31 characters."""
    name = _NOT_IN_NAMES.sub(" ", title)
    return name if len(name) <= 31 else name[:32].rpartition(" ")[0][:31] or name[:31]
