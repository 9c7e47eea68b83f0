"""Answers over the road network as a map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import answers
from ..region import Region

if TYPE_CHECKING:
    from .hazmat import HazmatRoutes


def write_hazmat(region: Region, found: HazmatRoutes, to: str) -> None:
    """The routes of dangerous goods as one HTML file."""
    told = found.told
    load = told["substance"] or ""
    title = {
        "zh": f"危化品运输路线{f'：{load}' if load else ''}",
        "en": f"Hazmat routes{f': {load}' if load else ''}",
    }
    note = {
        "zh": f"{told['from']['name']} 至 {told['to']['name']}，影响半径 {told['reach_m']:.0f} m",
        "en": f"{told['from']['name']} to {told['to']['name']}, people within {told['reach_m']:.0f} m",
    }
    answers.write_page(region, to, {"hazmat_routes": found.routes}, {}, title, found.routes, note)
