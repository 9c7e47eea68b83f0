"""Lists, handbooks and sheets of a finished region: where they are written, in which language and form."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .errors import InputError
from .region import Region

FORMS = ("html", "pdf")
LANGUAGES = ("zh", "en")


def lists(region: Region, *, to: str | Path | None = None, language: str | None = None) -> list[Path]:
    """
    Write the risk source list, the control list and the registers as XLSX and CSV; see docs/handbooks.md.

    Without ``to`` into REGION/lists, without ``language`` (zh or en) in the first of those of region.toml.
    """
    from .publish.lists import write_lists

    return write_lists(region, _into(region, to, "lists"), lang=_language(region, language))


def handbooks(
    region: Region,
    enterprises: Sequence[str] = (),
    *,
    to: str | Path | None = None,
    format: str = "html",
    language: str | None = None,
    workers: int | None = None,
) -> list[Path]:
    """
    Write the handbooks of the enterprises with these ids or names (all without any), ``format`` html or pdf.

    Returns
    -------
    list of Path
        The page that lists them, then the handbooks.
    """
    from .publish.handbook import write_handbooks

    return write_handbooks(
        region,
        _into(region, to, "handbooks"),
        enterprises,
        form=_one_of(format, FORMS, "format"),
        lang=_language(region, language),
        workers=workers or region.settings.compute.workers or os.cpu_count() or 1,
    )


def sheets(
    region: Region,
    districts: Sequence[str] = (),
    *,
    to: str | Path | None = None,
    format: str = "html",
    language: str | None = None,
    before: str | Path | None = None,
) -> list[Path]:
    """
    Write one page a district (every township without any), with what changed since the state in ``before``.

    Returns
    -------
    list of Path
        The page that lists them, then the sheets.
    """
    from .publish.sheet import write_sheets

    return write_sheets(
        region,
        _into(region, to, "sheets"),
        districts,
        form=_one_of(format, FORMS, "format"),
        lang=_language(region, language),
        before=None if before is None else Path(before),
    )


def _into(region: Region, to: str | Path | None, name: str) -> Path:
    return region.folder / name if to is None else Path(to)


def _language(region: Region, language: str | None) -> str:
    return _one_of(language or region.settings.publish.languages[0], LANGUAGES, "language")


def _one_of(value: str, allowed: tuple[str, ...], what: str) -> str:
    if value not in allowed:
        raise InputError(f"{what} {value!r}: one of {', '.join(allowed)}.")
    return value
