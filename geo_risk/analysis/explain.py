"""Why a place has its index: every source's part, and who is exposed."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from ..errors import InputError
from ..sections import RiskSettings
from .exposure import require_same_crs
from .grading import GRADE_WORDS, grade
from .index import IndexSurface
from .index_kernel import Members, Window, group_probabilities, members


def explain_place(
    x: float, y: float, sources: gpd.GeoDataFrame, surface: IndexSurface, *, settings: RiskSettings | None = None
) -> dict[str, Any]:
    """
    The index of the cell a place lies in, taken apart.

    Everything is evaluated at the cell's centre by the code that made the surface, so hazard, index
    and grade equal the map's. The share of a source is its -ln(1 - p) in the sum of all: those
    weights add where probabilities multiply, so shares do not hang on the order and sum to 100 %.
    Of a group only the member that counts here is named.

    Parameters
    ----------
    x, y
        Easting and northing [m] in the grid's CRS.
    sources, surface
        The table the surface was made from, and the surface.

    Returns
    -------
    dict
        ``index`` 0-100, ``grade``, ``grade_word``, ``hazard`` 0-100, ``cell`` (row, col), ``centre`` (x, y) [m];
        ``exposure``: factor, density_per_ha, sensitive_per_ha, population_term, sensitivity_term;
        ``sources``, largest share first: layer, id, name, score, reach_m, distance_m (from the cell's
        centre), p, share_percent, reason; ``lacked`` and ``notes``.

    Raises
    ------
    InputError
        If the place lies beside the grid.
    CRSError
        If the sources are not in the grid's CRS.
    """
    settings, grid = settings or RiskSettings(), surface.grid
    require_same_crs(sources, grid, "index_sources")
    rows, cols = grid.rowcol([x], [y])
    if not grid.inside(rows, cols)[0]:
        left, bottom, right, top = grid.bounds
        raise InputError(
            f"the place ({x:.0f}, {y:.0f}) m lies beside the region's grid, which reaches from "
            f"({left:.0f}, {bottom:.0f}) to ({right:.0f}, {top:.0f}) m. Choose a place inside."
        )
    row, col = int(rows[0]), int(cols[0])
    cell = Window(row, row + 1, col, col + 1)
    centre = (float(grid.x[col]), float(grid.y[row]))
    stamped = members(sources, grid.cell_m)
    parts = [(group, float(p[0, 0])) for group, _, p in group_probabilities(stamped, grid, cell) if p[0, 0] > 0]
    weights = np.array([-np.log1p(-p) for _, p in parts])
    total = weights.sum()
    named = [
        {**_source(sources, _strongest(stamped, group, centre), centre, grid.cell_m), "p": p, "share_percent": float(w)}
        for (group, p), w in zip(parts, 100 * weights / (total or 1.0), strict=True)
    ]
    terms, index = surface.terms, surface.index[row, col]
    if terms is None:
        raise ValueError("the surface has no exposure terms; make it with index_surface")
    result = int(grade(np.array([index]), settings.cuts)[0])
    return {
        "index": float(index),
        "grade": result,
        "grade_word": GRADE_WORDS[result],
        "hazard": float(surface.hazard[row, col]),
        "cell": (row, col),
        "centre": centre,
        "exposure": {
            "factor": float(terms.factor[row, col]),
            "density_per_ha": float(terms.density[row, col]),
            "sensitive_per_ha": float(terms.sensitive[row, col]),
            "population_term": float(terms.population[row, col]),
            "sensitivity_term": float(terms.sensitivity[row, col]),
        },
        "sources": sorted(named, key=lambda s: (-s["share_percent"], s["layer"], s["id"])),
        "lacked": surface.lacked,
        "notes": terms.notes,
    }


def _strongest(stamped: Members, group: int, centre: tuple[float, float]) -> int:
    """Row of the group's member with the largest probability at the centre; ties go to the first."""
    part = slice(stamped.start[group], stamped.start[group + 1])
    lines = shapely.linestrings(stamped.segments[part].reshape(-1, 2, 2))
    u2 = (shapely.distance(lines, shapely.Point(centre)) / stamped.reach[part]) ** 2
    p, row = stamped.probability[part] * np.maximum(1 - u2, 0) ** 2, stamped.row[part]
    best, of = float(p.max()), int(row[p.argmax()])
    for polygon, probability, number in stamped.polygons.get(group, ()):
        if probability > best and shapely.contains_xy(polygon, *centre):
            best, of = probability, number
    return of


def _source(sources: gpd.GeoDataFrame, row: int, centre: tuple[float, float], least_reach_m: float) -> dict[str, Any]:
    source = sources.iloc[row]
    return {
        "layer": source["layer"],
        "id": source["id"],
        "name": source["name"],
        "score": float(source["score"]),
        "reach_m": max(float(source["reach_m"]), least_reach_m),
        "distance_m": float(shapely.distance(source.geometry, shapely.Point(centre))),
        "reason": source["reason"],
    }
