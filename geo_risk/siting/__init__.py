"""Siting: may this stand here, what would make it pass, and where would it? Where layers, models and results meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import flask

    from ..region import Region
    from .answer import Siting


def siting_check(
    region: Region,
    project: str | Path,
    kind: str | None,
    values: Mapping[str, Any] | None,
    crs: str | None,
    wanted: bool,
    letter: str | Path | None,
    language: str | None,
    to: str | Path | None,
) -> Siting:
    """The answer to one project, written as asked; see `Region.siting_check`."""
    from ..export import export_table
    from .checks import check
    from .ground import Ground, read
    from .told import told, write_letter
    from .ways import ways

    ground = Ground(region)
    found = check(ground, read(ground, project, kind=kind, values=values, crs=crs))
    if wanted:
        found = replace(found, ways=ways(ground, found))
    found = replace(found, told=told(ground, found))
    if letter is not None:
        write_letter(ground, found, letter, language or region.settings.publish.languages[0])
    if to is not None:
        export_table(found.findings, str(to), "findings")
    return found


def add_desk(app: flask.Flask, region: Region) -> None:
    """Add the planners' desk to an application; see `siting.desk.add_desk`."""
    from . import desk

    desk.add_desk(app, region)
