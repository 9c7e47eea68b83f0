"""A printed document as a Word file, to be edited before it is sent."""

from __future__ import annotations

import io
from html import escape
from typing import Any

from ..store import timeless
from .document import FONTS, Document, picture
from .style import GRADES

_MARGIN_CM, _TEXT_CM = 1.5, 18.0
_FILLS = {g.grade: g.color[1:] for g in GRADES}
_FACTS = [28, 152]  # widths of label and cell
_LIGHT = ("FFFFFF", "000000")


def docx(document: Document) -> bytes:
    """The document as .docx: headings, texts, tables and the map as a picture; equal documents give equal bytes."""
    import docx as word
    from docx.shared import Cm, Pt

    made = word.Document()
    page = made.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Cm(_MARGIN_CM)
    page.footer.paragraphs[0].text = document["footer"]
    for style in ("Normal", "Title", "Heading 2"):
        _set_font(made.styles[style])
    made.styles["Normal"].font.size = Pt(9.5)
    made.add_heading(document["title"], 0)
    made.add_paragraph(document["subtitle"])
    for block in document["content"]:
        _add(made, block)
    made.core_properties.author, made.core_properties.title = "geo_risk", document["title"]
    out = io.BytesIO()
    made.save(out)
    return timeless(out.getvalue())


def _set_font(style: Any) -> None:
    from docx.oxml.ns import qn

    style.font.name = FONTS[0]
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    # Word takes the Chinese signs from a font of its own; one that every Windows has is named.
    fonts.set(qn("w:eastAsia"), "Microsoft YaHei")
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)


def _add(made: Any, block: dict[str, Any]) -> None:
    from docx.shared import Cm

    kind = block["type"]
    if kind == "heading":
        made.add_heading(block["text"], 2)
    elif kind in ("text", "note"):
        made.add_paragraph(block["text"])
    elif kind == "map":
        made.add_picture(io.BytesIO(picture(_drawing(block))), width=Cm(_TEXT_CM))
    elif kind == "table":
        _add_table(made, [c["text"] for c in block["columns"]], block["rows"], [c["width"] for c in block["columns"]])
    elif kind == "facts":
        _add_table(made, [], block["rows"], _FACTS)
    else:
        raise ValueError(f"no form for a block of type {kind!r}")


def _drawing(block: dict[str, Any]) -> str:
    """The map with its labels as one SVG."""
    texts = [
        f'<text x="{t["x"]}" y="{t["y"]}" font-size="{t["size"]}" text-anchor="{t["anchor"] or "start"}">'
        f"{escape(t['text'])}</text>"
        for t in block["labels"]
    ]
    return block["svg"] + "".join(texts) + "</svg>"


def _add_table(made: Any, heads: list[str], rows: list[Any], widths: list[int]) -> None:
    """A table; without heads one of labels and cells."""
    from docx.shared import Cm, Pt

    table = made.add_table(rows=0, cols=len(widths), style="Table Grid")
    for line in (heads, *rows) if heads else rows:
        cells = table.add_row().cells
        for cell, content, width in zip(cells, line, widths, strict=True):
            cell.width = Cm(_TEXT_CM * width / sum(widths))
            graded = isinstance(content, dict)
            run = cell.paragraphs[0].add_run(f"{content['letter']} {content['word']}" if graded else content)
            run.font.size, run.bold = Pt(8.5), line is heads
            if graded and content["grade"]:
                _shade(cell, run, content["grade"])


def _shade(cell: Any, run: Any, grade: int) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import RGBColor

    shade = OxmlElement("w:shd")
    for key, value in (("val", "clear"), ("color", "auto"), ("fill", _FILLS[grade])):
        shade.set(qn(f"w:{key}"), value)
    cell._tc.get_or_add_tcPr().append(shade)
    run.font.color.rgb = RGBColor.from_string(_LIGHT[0] if grade == 4 else _LIGHT[1])
