"""Grades of districts from the grades of their cells (从高), always with the share table."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize

from ..errors import InputError
from ..grid import Grid
from ..settings import RiskSettings
from .exposure import require_same_crs
from .grading import GRADE_WORDS, rows_in

# Column of the result -> table it counts, and the verdict a row must have.
_COUNTS = {
    "n_enterprises": ("enterprises", ""),
    "n_hazards": ("hazard_sources", ""),
    "n_major": ("major_hazards", "major"),
    "n_conflicts": ("findings", "conflict"),
}
_WORST_FIRST = (4, 3, 2, 1, 0)
# Residents or enterprises, however few, raise a district to orange and red only.
_RAISED_BY_FEW = 3


def district_grades(
    districts: gpd.GeoDataFrame,
    grade: NDArray[np.uint8],
    index: NDArray[np.floating],
    grid: Grid,
    *,
    population: NDArray[np.float64] | None = None,
    counts: Mapping[str, gpd.GeoDataFrame] | None = None,
    settings: RiskSettings | None = None,
) -> gpd.GeoDataFrame:
    """
    Grade, share table and counts of every district of every level (``schema.RESULTS["districts"]``).

    A district gets the worst grade for which one of three holds, counting that grade or worse: its
    cells cover the minimum share of the area; and, for red and orange, the minimum number of residents
    live in them, or the minimum number of enterprises graded so lie in it. ``rule`` says which. A cell
    belongs to the district its centre lies in; cells are equal in area, so shares are shares of
    cells and sum to 1. A district too small to hold a centre takes the cell at a point inside it.

    Parameters
    ----------
    grade, index : (rows, cols)
        From `grade` and `IndexSurface.index`.
    population : (rows, cols), optional
        Residents per cell (`population_on_grid`); without it the persons columns are NaN.
    counts
        ``enterprises`` (graded, or not), ``hazard_sources``, ``major_hazards``, ``findings``; the column of
        a missing table is <NA>. Only major hazards that are "major" and findings in "conflict" count.

    Raises
    ------
    InputError
        If the arrays do not fit the grid, persons are negative or NaN, or persons by grade do not sum
        to the total.
    CRSError
        If a table is not in the grid's CRS.
    """
    settings, counts = settings or RiskSettings(), counts or {}
    require_same_crs(districts, grid, "districts")
    for what, array in (("grade", grade), ("index", index), ("population", population)):
        if array is not None and array.shape != grid.shape:
            raise InputError(f"{what} has shape {array.shape}, the grid {grid.shape}; make both from the same grid.")
    if population is not None and not (population >= 0).all():
        raise InputError("population per cell must be 0 or more everywhere; it holds negative or NaN cells.")
    frame = districts.reset_index(drop=True)
    numbers = {column: _count(frame, counts.get(table), verdict) for column, (table, verdict) in _COUNTS.items()}
    firms = _graded_enterprises(frame, counts.get("enterprises"))
    records = []
    for i, polygon in enumerate(frame.geometry):
        where, note = _cells_in(polygon, grid)
        area = _area_table(grade[where], index[where])
        persons = _persons_table(grade[where], None if population is None else population[where])
        result, rule = _worst(area, persons, firms[i], settings)
        records.append({"grade": result, "rule": f"{rule}{note}", **area, **persons})
    table = pd.DataFrame(records, index=frame.index)
    known = {c: frame.get(c, None) for c in ("id", "name", "level", "parent_id")}
    out = pd.DataFrame({**known, "grade": table["grade"].astype("Int64"), "rule": table["rule"]}, index=frame.index)
    out["area_km2"] = frame.area / 1e6
    out = pd.concat([out, table.drop(columns=["grade", "rule"]), pd.DataFrame(numbers, index=frame.index)], axis=1)
    return gpd.GeoDataFrame(out, geometry=frame.geometry.array, crs=frame.crs)


def boundary_mask(boundary: gpd.GeoDataFrame, grid: Grid) -> NDArray[np.bool_]:
    """
    (rows, cols) whether a cell's centre lies in any of the polygons: the ``mask`` of `grade`.

    Raises
    ------
    CRSError
        If the polygons are not in the grid's CRS.
    """
    require_same_crs(boundary, grid, "boundary")
    out = np.zeros(grid.shape, dtype=bool)
    for polygon in boundary.geometry:
        out[_cells_in(polygon, grid)[0]] = True
    return out


def _cells_in(polygon, grid: Grid) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], str]:
    """Rows and columns of the cells whose centres lie in the polygon, and a note where none does."""
    nothing = np.zeros(0, dtype=np.int64)
    if polygon is None or not np.isfinite(polygon.bounds).all():
        return (nothing, nothing), "; no outline"
    left, bottom, right, top = polygon.bounds
    (row0, row1), (col0, col1) = grid.rowcol([left, right], [top, bottom])
    row0, row1 = max(row0, 0), min(row1 + 1, grid.shape[0])
    col0, col1 = max(col0, 0), min(col1 + 1, grid.shape[1])
    if row0 < row1 and col0 < col1:
        left, top = grid.left + col0 * grid.cell_m, grid.top - row0 * grid.cell_m
        corner = Affine(grid.cell_m, 0.0, left, 0.0, -grid.cell_m, top)
        inside = rasterize([(polygon, 1)], (row1 - row0, col1 - col0), transform=corner, dtype=np.uint8)
        row, col = np.nonzero(inside)
        if len(row):
            return (row + row0, col + col0), ""
    point = shapely.point_on_surface(polygon)
    row, col = grid.rowcol([point.x], [point.y])
    if grid.inside(row, col)[0]:
        return (row, col), f"; smaller than a cell of {grid.cell_m:g} m: the cell at a point inside it"
    return (nothing, nothing), "; outside the grid"


def _area_table(grades: NDArray[np.uint8], index: NDArray[np.floating]) -> dict[str, float]:
    cells = np.bincount(grades, minlength=5)
    total = max(int(cells.sum()), 1)
    shares = {f"share_{GRADE_WORDS[g]}": cells[g] / total if len(grades) else np.nan for g in _WORST_FIRST}
    highest = float(index.max()) if len(index) else np.nan
    return {**shares, "index_max": highest, "index_mean": float(index.mean(dtype=float)) if len(index) else np.nan}


def _persons_table(grades: NDArray[np.uint8], persons: NDArray[np.float64] | None) -> dict[str, float]:
    words = [GRADE_WORDS[g] for g in _WORST_FIRST[:4]]
    if persons is None:
        return dict.fromkeys(["persons", *(f"persons_{w}" for w in words)], np.nan)
    total, by_grade = float(persons.sum()), np.bincount(grades, weights=persons, minlength=5)
    if not np.isclose(by_grade.sum(), total, rtol=1e-9, atol=1e-6):
        raise InputError(f"persons by grade sum to {by_grade.sum():.3f}, the district holds {total:.3f}.")
    return {"persons": total, **{f"persons_{w}": float(by_grade[g]) for g, w in zip(_WORST_FIRST, words, strict=False)}}


def _worst(
    area: Mapping[str, float], persons: Mapping[str, float], firms: NDArray[np.int64] | None, settings: RiskSettings
) -> tuple[int, str]:
    """The worst grade one of the three rules gives, and which."""
    share = people = number = 0.0
    for g in _WORST_FIRST[:4]:
        word = GRADE_WORDS[g]
        share += area[f"share_{word}"]
        people += persons[f"persons_{word}"]
        number += 0 if firms is None else firms[g]
        worse = word if g == 4 else f"{word} or worse"
        # 1e-12: a share summed from several grades may miss a round minimum by one bit.
        if share >= settings.district_min_share - 1e-12:
            return g, f"{share:.1%} of the area is {worse} (minimum {settings.district_min_share:.1%})"
        # One filling station must not lift a whole rural township to yellow.
        if g >= _RAISED_BY_FEW and 0 < settings.district_min_persons <= people:
            return g, f"{people:.0f} residents in {worse} (minimum {settings.district_min_persons:g})"
        if g >= _RAISED_BY_FEW and 0 < settings.district_min_enterprises <= number:
            return g, f"enterprises graded {worse}: {number:.0f} (minimum {settings.district_min_enterprises})"
    return 0, "no grade reaches a minimum"


def _count(frame: gpd.GeoDataFrame, table: gpd.GeoDataFrame | None, verdict: str) -> pd.arrays.IntegerArray:
    if table is None:
        return pd.array([pd.NA] * len(frame), dtype="Int64")
    if verdict:
        table = table[table["verdict"] == verdict]
    return pd.array(np.bincount(rows_in(table, frame)[1], minlength=len(frame)), dtype="Int64")


def _graded_enterprises(
    frame: gpd.GeoDataFrame, enterprises: gpd.GeoDataFrame | None
) -> list[NDArray[np.int64] | None]:
    """For each district the number of enterprises by grade (5,), None where they are not graded."""
    if enterprises is None or "grade" not in enterprises:
        return [None] * len(frame)
    row, district = rows_in(enterprises, frame)
    grades = enterprises["grade"].fillna(0).to_numpy(np.int64)[row]
    return list(np.bincount(district * 5 + grades, minlength=len(frame) * 5).reshape(-1, 5))
