"""Comparison and bulletin as documents: where results, the map and the words meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from . import bulletin
from .compare import GRADED, Comparison, cause_text

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from ..publish.change_map import Mark
    from ..publish.document import Block, Document


def changes_page(found: Comparison, lang: str) -> Document:
    """All of a comparison, as a document."""
    from ..publish.changes import changes_document

    return _approved(changes_document(found.told, _map(found, lang), lang), found, lang)


def bulletin_page(found: Comparison, lang: str) -> Document:
    """The bulletin of the time between the two states, as a document."""
    from ..publish.changes import bulletin_document

    figures = bulletin.figures(found.a, found.b)
    page = bulletin_document(found.told, _map(found, lang), figures, bulletin.lists(found.told, found.b, lang), lang)
    return _approved(page, found, lang)


def _approved(document: Document, found: Comparison, lang: str) -> Document:
    """The document with the map approval number of the later state in its foot."""
    from ..publish.words import approval_words

    told = approval_words(found.b.settings.publish.approval, lang)
    return document | {"footer": f"{document['footer']} · {told}"}


def _map(found: Comparison, lang: str) -> Block | None:
    """The map of changed grades; None where the cells cannot be compared."""
    from ..publish.change_map import change_map

    if found.grid is None:
        return None
    # What holds today comes first where it is known, else what is inherent.
    name = next((n for n in ("residual_grade", *GRADED) if n in found.grades), None)
    grades = None if name is None else found.grades[name]
    rows = found.told["tables"].get("districts", ())
    graded = [r for r in rows if r.get("grade_before") is not None and r.get("grade_after") is not None]
    moves = {r["id"]: (r["grade_before"], r["grade_after"]) for r in graded if r["grade_before"] != r["grade_after"]}
    return change_map(found.grid, grades, _later(found, name), _districts(found), moves, _marks(found), lang)


def _later(found: Comparison, name: str | None) -> NDArray[np.uint8] | None:
    if name is not None:
        return found.grades[name][1]
    surface = found.b.surface("grade")
    return surface.array if surface.grid == found.grid else None


def _districts(found: Comparison) -> gpd.GeoDataFrame | None:
    """Outlines of the townships, else of all districts."""
    if "districts" not in found.b.settings.layers:
        return None
    table = found.b.layer("districts")
    towns = table[table["level"] == "township"] if "level" in table else table
    return towns if len(towns) else table


def _marks(found: Comparison) -> list[Mark]:
    from ..publish.change_map import Mark

    out = []
    for item, shape in zip(found.told["inputs"], found.input_shapes, strict=True):
        if shape is not None and not shapely.is_empty(shape):
            point = shapely.point_on_surface(shape)
            out.append(Mark(point.x, point.y, item["number"], cause_text(item)))
    return out


def write_document(document: Document, path: str) -> bytes:
    """The document in the form its file's ending asks for: .html, .pdf or .docx."""
    from ..errors import InputError
    from ..publish import document as printed

    forms: dict[str, Any] = {".html": lambda d: printed.html(d).encode(), ".pdf": printed.pdf, ".docx": _docx}
    ending = "." + path.rpartition(".")[2].lower()
    if ending not in forms:
        raise InputError(f"cannot tell the format of {path!r}. Use one of {', '.join(forms)}.")
    return forms[ending](document)


def _docx(document: Document) -> bytes:
    from ..publish.word_document import docx

    return docx(document)
