"""
A printed document: plain blocks, written as one HTML page or one PDF.

A document is JSON: ``title``, ``subtitle``, ``footer``, ``lang``, ``one_page`` and ``content``, a list of
blocks. A block has a ``type``: heading, text, note (small), facts (``rows`` of label and cell), table
(``columns`` of ``text`` and ``width``, ``rows``), map (see `maplet.maplet`), columns (``blocks``, lists of
blocks side by side). A cell is text, what `grade_cell` makes, or in HTML a link (``href``, ``text``).
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GeoRiskError
from .page import read_resource
from .style import GRADES

if TYPE_CHECKING:
    import jinja2
    import typst

Document = dict[str, Any]
Block = dict[str, Any]
Cell = str | dict[str, Any]

# Fonts a page is set in, best first: the one that is installed with this package, then what systems have.
FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "SimHei", "WenQuanYi Micro Hei")
_NO_GRADE = {"zh": "未分级", "en": "Not graded"}
# Typesetting breaks no word without a hyphen: longer ones may break after each eight characters.
_LONG_WORD = re.compile(r"[!-~]{14,}")
_EIGHT = re.compile(r"(.{8})(?=.)")


def grade_cell(grade: Any, lang: str) -> dict[str, Any]:
    """A grade as a cell: its number (0 where missing), the letter beside the colour, and the word."""
    found = next((g for g in GRADES if grade == grade and grade is not None and g.grade == int(grade)), None)
    if found is None:
        return {"grade": 0, "letter": "–", "word": _NO_GRADE[lang]}
    return {"grade": found.grade, "letter": found.letter[lang], "word": found.zh if lang == "zh" else found.en}


def html(document: Document) -> str:
    """The document as a page that needs no other file. All text is escaped; ``svg`` is taken as it is."""
    return _page().render(**document, style=_style())


def pdf(document: Document) -> bytes:
    """
    The document as PDF on A4, with page numbers and the fonts inside; equal documents give equal bytes.

    Raises
    ------
    GeoRiskError
        If the typesetting library or a Chinese font is missing.
    """
    data = json.dumps(_breakable(document), ensure_ascii=False, allow_nan=False)
    inputs = {"document": data, "fonts": json.dumps(FONTS)}
    template = read_resource("templates", "document.typ").encode()
    made = _compiler().compile(template, sys_inputs=inputs, format="pdf", timestamp=0, pdf_tags=False)
    return made  # type: ignore[return-value]


def picture(svg: str) -> bytes:
    """An SVG as PNG, 180 mm wide, in the fonts of the documents."""
    page = "#set page(width: 180mm, height: auto, margin: 0pt)"
    template = f'{page}\n#image(bytes(sys.inputs.svg), format: "svg", width: 100%)'
    return _compiler().compile(template.encode(), sys_inputs={"svg": svg}, format="png", ppi=200)  # type: ignore[return-value]


def _breakable(value: Any) -> Any:
    if isinstance(value, str):
        return _LONG_WORD.sub(lambda word: _EIGHT.sub("\\1\u200b", word[0]), value)
    if isinstance(value, dict):
        return {key: item if key == "svg" else _breakable(item) for key, item in value.items()}
    return [_breakable(item) for item in value] if isinstance(value, list | tuple) else value


@cache
def _page() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(read_resource("templates", "document.html.j2"))


@cache
def _style() -> str:
    """The style sheet; the colours and hatches of the grades come from `style.GRADES`."""
    from markupsafe import Markup

    return Markup(read_resource("templates", "document.css"))


@cache
def _compiler() -> typst.Compiler:
    """The typesetter with its fonts, made once a process; it opens no file but the fonts and no network."""
    try:
        import typst
    except ImportError:
        raise GeoRiskError("PDF needs the package typst: python -m pip install typst. HTML needs nothing.") from None
    packaged = _packaged_fonts()
    fonts = typst.Fonts(include_system_fonts=not packaged, include_embedded_fonts=False, font_paths=packaged)
    if not set(FONTS) & set(fonts.families()):
        raise GeoRiskError(
            "PDF needs a Chinese font: python -m pip install manimgx-fonts-cjk (Noto Sans CJK), or install one of "
            f"{', '.join(FONTS)} on this computer. HTML needs nothing."
        )
    return typst.Compiler(font_paths=fonts)


def _packaged_fonts() -> list[str]:
    """Folder of the installed font package, which gives the same pages on every computer."""
    from importlib.util import find_spec

    found = find_spec("manimgx_fonts_cjk")
    return [str(Path(found.origin).parent)] if found and found.origin else []
