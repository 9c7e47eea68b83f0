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
    from .search import Sites


def siting_check(
    region: Region,
    project: str | Path,
    *,
    kind: str | None = None,
    values: Mapping[str, Any] | None = None,
    crs: str | None = None,
    ways: bool = True,
    letter: str | Path | None = None,
    language: str | None = None,
    to: str | Path | None = None,
) -> Siting:
    """
    Whether a project may stand where it is drawn, by the results of the last run.

    Parameters
    ----------
    project
        Its outline; see `layers.project.read_project` for ``kind``, ``values`` and ``crs``.
    ways
        Also look for what would make it pass.
    letter
        Write the opinion there: .html, .pdf or .docx, in ``language`` "zh" or "en".
    to
        Write the findings there, as in `export`.

    Raises
    ------
    InputError
        If the outline or what it says of the project cannot be used.
    """
    from ..export import export_table
    from .checks import check
    from .ground import Ground, read
    from .told import told, write_letter
    from .ways import ways as ways_out

    ground = Ground(region)
    found = check(ground, read(ground, project, kind=kind, values=values, crs=crs))
    if ways:
        found = replace(found, ways=ways_out(ground, found))
    found = replace(found, told=told(ground, found))
    if letter is not None:
        write_letter(ground, found, letter, language or region.settings.publish.languages[0])
    if to is not None:
        export_table(found.findings, str(to), "findings")
    return found


def siting_search(
    region: Region,
    kind: str,
    *,
    values: Mapping[str, Any] | None = None,
    area_m2: float = 2500.0,
    parcels: str | Path | None = None,
    within: str | None = None,
    top: int = 5,
    to: str | Path | None = None,
) -> Sites:
    """
    Where a project of a kind could stand, by the results of the last run; see `search.search`.

    Parameters
    ----------
    kind, values
        What is planned and what it holds, as in `siting_check`.
    area_m2
        Size of the square taken for its outline [m2]; 0 for a point.
    parcels
        File of polygons to choose from; without one, the whole free ground.
    within
        Name or id of a district.
    top
        Sites checked in full.
    to
        Also write them: .html is a map, others as in `export`.

    Raises
    ------
    InputError
        If kind, values, district or parcels cannot be used.
    """
    from ..errors import InputError
    from ..export import export_table
    from .ground import Ground, district, read_parcels
    from .pages import write_sites
    from .search import search, template

    if not 1 <= top <= 100:
        raise InputError(f"--top {top}: must be within 1 and 100.")
    ground = Ground(region)
    found = search(
        ground,
        template(ground, kind, values or {}, area_m2),
        parcels=None if parcels is None else read_parcels(ground, parcels),
        within=None if within is None else district(ground, within),
        top=top,
    )
    if to is not None and str(to).lower().endswith(".html"):
        write_sites(ground, found, str(to))
    elif to is not None:
        export_table(found.sites, str(to), "sites")
    return found


def app(region: Region, *, desk: bool, **how: Any) -> flask.Flask:
    """The region's sites with the questions of their API, and the planners' desk; ``how`` as in `create_app`."""
    from ..publish.server import create_app
    from .desk import add_desk
    from .office import Office
    from .questions import questions

    office = Office(region)
    served = create_app(region.site, questions=questions(office), handbooks=region.folder / "handbooks", **how)
    if desk:
        add_desk(served, office)
    return served
