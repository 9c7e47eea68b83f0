"""Contours of individual risk: polygons of the ground where the risk reaches a level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from contourpy import FillType, contour_generator
from numpy.typing import NDArray

from ...grid import Grid
from ...standards import weakest
from ..residents import count_residents
from ..rows import table_rows

# Lines are drawn on the logarithm, in which risk falls about evenly with distance; so far below the
# lowest level it no longer moves a line, and zero needs some logarithm.
_FLOOR = 1e-3
# Part of a cell by which simplifying may move a line; chords lie inside a curve, so that more would shrink areas.
_TOLERANCE = 0.1


def criterion_levels() -> tuple[float, ...]:
    """The levels of GB 36894-2018 Table 2, rising [per year]."""
    rows = table_rows("gb36894_criteria")
    return tuple(sorted({float(r["frequency_per_yr"]) for r in rows if r["criterion"] == "individual"}))


def contours(lsir: NDArray[np.floating], grid: Grid, levels: Sequence[float]) -> list[Any]:
    """
    For each level the ground (MultiPolygon, empty where none) on which ``lsir`` (rows, cols) is at least the level.

    Linear in the logarithm between cell centres, simplified by less than half a cell, each level
    inside the lower ones. NaN counts as no risk. A line that leaves the grid ends at its edge.
    """
    low = min(levels) * _FLOOR
    value = np.log10(np.maximum(np.nan_to_num(np.asarray(lsir, float), nan=0.0), low))
    # One more cell on each side with the edge's value, so that areas reach the grid's edge.
    value = np.pad(value[::-1], 1, mode="edge")
    x = np.concatenate([[grid.x[0] - grid.cell_m], grid.x, [grid.x[-1] + grid.cell_m]])
    y = np.concatenate([[grid.y[-1] - grid.cell_m], grid.y[::-1], [grid.y[0] + grid.cell_m]])
    lines = contour_generator(x, y, value, fill_type=FillType.OuterOffset)
    edge, top = shapely.box(*grid.bounds), float(value.max()) + 1.0
    out: dict[float, Any] = {}
    outer = edge
    for level in sorted(levels):
        drawn = _polygons(*lines.filled(np.log10(level), top)) if top - 1.0 >= np.log10(level) else []
        flat = shapely.simplify(shapely.union_all(drawn), _TOLERANCE * grid.cell_m) if drawn else shapely.MultiPolygon()
        outer = areas(shapely.intersection(shapely.make_valid(flat), outer))
        out[level] = outer
    return [out[level] for level in levels]


def _polygons(points: list[NDArray], offsets: list[NDArray]) -> list[Any]:
    """What contourpy draws, one outer ring and its holes each, as valid polygons."""
    found = []
    for xy, cut in zip(points, offsets, strict=True):
        rings = [xy[a:b] for a, b in pairwise(cut.tolist()) if b - a > 3]
        if rings:
            found.append(shapely.make_valid(shapely.Polygon(rings[0], rings[1:])))
    return found


def areas(geometry: Any) -> Any:
    """The areas of a geometry as one MultiPolygon in a fixed order, without lines and points."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    flat = [p for p in parts if shapely.get_dimensions(p) == 2 and not shapely.is_empty(p)]
    return shapely.normalize(shapely.MultiPolygon(flat))


def contour_table(
    lsir: NDArray[np.floating],
    grid: Grid,
    levels: Sequence[float],
    *,
    scope: str = "region",
    scope_id: str = "",
    population: gpd.GeoDataFrame | None = None,
    sources: Iterable[str] = (),
) -> gpd.GeoDataFrame:
    """
    Contours as a table (``schema.RESULTS["risk_contours"]``), one row a level that is reached, lowest first.

    ``persons`` are the residents inside, NaN without a population layer; ``targets`` says what the
    level is the limit of; ``confidence`` is the weakest of the level's and of those of the ``sources``.
    """
    shapes = dict(zip(levels, contours(lsir, grid, levels), strict=True))
    drawn = [(level, shape) for level, shape in sorted(shapes.items()) if not shape.is_empty]
    persons = np.full(len(drawn), np.nan)
    if population is not None and drawn:
        persons = count_residents(population, np.array([shape for _, shape in drawn], object))[0]
    known = tuple(sources)
    rows = [
        {"scope": scope, "scope_id": scope_id, "level_per_yr": level, "area_km2": shape.area / 1e6, "persons": count}
        | {"targets": _limits(level), "confidence": weakest([_confidence(level), *known])}
        for (level, shape), count in zip(drawn, persons, strict=True)
    ]
    names = ["scope", "scope_id", "level_per_yr", "area_km2", "persons", "targets", "confidence"]
    return gpd.GeoDataFrame(rows, columns=names, geometry=[shape for _, shape in drawn], crs=grid.crs)


def _limits(level: float) -> str:
    """What a level is the limit of, such as "new: general_2; in_service: high_sensitivity, important, general_1"."""
    by: dict[str, list[str]] = {}
    for row in table_rows("gb36894_criteria"):
        if row["criterion"] == "individual" and float(row["frequency_per_yr"]) == level:
            by.setdefault(str(row["situation"]), []).append(str(row["group"]))
    return "; ".join(f"{situation}: {', '.join(groups)}" for situation, groups in by.items())


def _confidence(level: float) -> str:
    rows = table_rows("gb36894_criteria")
    return weakest(
        r["confidence"] for r in rows if r["criterion"] == "individual" and float(r["frequency_per_yr"]) == level
    )
