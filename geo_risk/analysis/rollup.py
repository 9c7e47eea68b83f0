"""Grades of districts from the grades of their cells (从高), always with the share table."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from ..grid import Grid
from ..sections import RiskSettings
from .exposure import located, require_same_crs
from .grading import GRADE_WORDS, rows_in
from .zones import GRADES, TOUCH, Zones, covered, zone_sums, zones

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
# A share summed from several cells may miss a round minimum by rounding.
_ROUNDING = 1e-12
# A part of a district beyond the grid is told from this share on.
_TOLD = 1e-3


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
    live in them, or the minimum number of enterprises graded so lie in it. With ``escalate_orange`` that
    many enterprises and risk points that are orange or worse make it red. ``rule`` says which.
    A cell that a district covers in part counts as that part, exactly, with area and residents.

    Parameters
    ----------
    grade, index : (rows, cols)
        From `grade` and `IndexSurface.index`.
    population : (rows, cols), optional
        Residents per cell (`population_on_grid`); without it the persons columns are NaN.
    counts
        ``enterprises`` (graded, or not), ``hazard_sources``, ``major_hazards``, ``findings``; the column of
        a missing table is <NA>. Only major hazards that are "major" and findings in "conflict" count.
        ``risk_points`` (graded) count towards the escalation where they belong to no enterprise.

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
    found = zones(np.asarray(frame.geometry.array), grid)
    sums = zone_sums(found, grade, index, population)
    firms = counted_grades(frame, counts.get("enterprises"))
    points = counted_grades(frame, _standing_alone(counts.get("risk_points")))
    out = pd.DataFrame({c: frame.get(c, None) for c in ("id", "name", "level", "parent_id")}, index=frame.index)
    table = pd.DataFrame(
        area_table(sums, found.cells()) | persons_table(sums, population is not None), index=frame.index
    )
    worst, why = worst_grades(
        sums["cells"] / np.maximum(found.cells(), TOUCH)[:, None],
        None if population is None else sums["persons"],
        firms,
        settings,
    )
    worst, why = escalated(worst, why, _together(firms, points), settings.escalate_orange)
    notes = _notes(frame, found, grid)
    out["grade"] = pd.array(worst, dtype="Int64")
    out["rule"] = [f"{rule}{note}" for rule, note in zip(why, notes, strict=True)]
    out["area_km2"] = frame.area / 1e6
    numbers = {column: _count(frame, counts.get(name), verdict) for column, (name, verdict) in _COUNTS.items()}
    out = pd.concat([out, table, pd.DataFrame(numbers, index=frame.index)], axis=1)
    return gpd.GeoDataFrame(out, geometry=frame.geometry.array, crs=frame.crs)


def boundary_mask(boundary: gpd.GeoDataFrame, grid: Grid) -> NDArray[np.bool_]:
    """
    (rows, cols) whether any part of a cell lies in one of the polygons: the ``mask`` of `grade`.

    Raises
    ------
    CRSError
        If the polygons are not in the grid's CRS.
    """
    require_same_crs(boundary, grid, "boundary")
    return covered(zones(np.asarray(boundary.geometry.array), grid), grid) > TOUCH


def area_table(sums: Mapping[str, NDArray], cells: NDArray[np.float64]) -> dict[str, NDArray]:
    """Shares of the area by grade, summing to 1, highest and mean index; NaN where there is no cell."""
    whole = np.where(cells > 0, cells, np.nan)
    shares = {f"share_{GRADE_WORDS[g]}": sums["cells"][:, g] / whole for g in _WORST_FIRST}
    return {**shares, "index_max": sums["highest"], "index_mean": sums["index"] / whole}


def persons_table(sums: Mapping[str, NDArray], counted: bool) -> dict[str, NDArray]:
    """Residents, those in each colour, and the index weighted by them; NaN where they are not counted."""
    people = sums["persons"] if counted else np.full_like(sums["persons"], np.nan)
    total = people.sum(axis=1)
    by_grade = {f"persons_{GRADE_WORDS[g]}": people[:, g] for g in _WORST_FIRST[:4]}
    return {"persons": total, **by_grade, "index_persons": sums["weighted"] / np.where(total > 0, total, np.nan)}


def worst_grades(
    shares: NDArray[np.float64],
    persons: NDArray[np.float64] | None,
    firms: NDArray[np.int64] | None,
    settings: RiskSettings,
    *,
    what: str = "of the area is",
) -> tuple[NDArray[np.int64], list[str]]:
    """
    The worst grade one of the three rules gives, and which rule, of (n, 5) figures by grade.

    Parameters
    ----------
    shares, persons, firms
        Shares 0-1, residents and enterprises by grade 0-4; the last two may be unknown.
    """
    share = or_worse(shares)
    people = None if persons is None else or_worse(persons)
    number = None if firms is None else or_worse(firms)
    grade, why = grades_of(share, people, number, settings), []
    for i, g in enumerate(grade):
        worse = GRADE_WORDS[g] if g == 4 else f"{GRADE_WORDS[g]} or worse"
        if g == 0:
            why.append("no grade reaches a minimum")
        elif share[i, g] >= settings.district_min_share - _ROUNDING:
            why.append(f"{share[i, g]:.1%} {what} {worse} (minimum {settings.district_min_share:.1%})")
        elif people is not None and 0 < settings.district_min_persons <= people[i, g]:
            why.append(f"{people[i, g]:.0f} residents in {worse} (minimum {settings.district_min_persons:g})")
        elif number is not None:
            why.append(f"enterprises graded {worse}: {number[i, g]:.0f} (minimum {settings.district_min_enterprises})")
    return grade, why


def grades_of(
    share: NDArray[np.float64],
    people: NDArray[np.float64] | None,
    number: NDArray[np.float64] | None,
    settings: RiskSettings,
) -> NDArray[np.int64]:
    """(n,) the worst grade of each row; (n, 5) figures count a grade or worse."""
    reached = share >= settings.district_min_share - _ROUNDING
    # One filling station must not lift a whole rural township to yellow.
    few = np.zeros_like(reached)
    for figures, minimum in ((people, settings.district_min_persons), (number, settings.district_min_enterprises)):
        if figures is not None and minimum > 0:
            few |= figures >= minimum
    reached[:, _RAISED_BY_FEW:] |= few[:, _RAISED_BY_FEW:]
    reached[:, 0] = True
    return (GRADES - 1 - np.argmax(reached[:, ::-1], axis=1)).astype(np.int64)


def escalated(
    grade: NDArray[np.int64], why: list[str], places: NDArray[np.int64] | None, least: int
) -> tuple[NDArray[np.int64], list[str]]:
    """Grades and rules, red where (n, 5) ``places`` hold ``least`` or more that are orange or worse; 0: never."""
    if places is None or least == 0:
        return grade, why
    number = places[:, _RAISED_BY_FEW:].sum(axis=1).astype(np.int64)
    risen = (number >= least) & (grade < 4)
    why = [
        f"red as {n} enterprises or risk points are orange or worse (from {least}); else {rule}" if up else rule
        for up, n, rule in zip(risen, number, why, strict=True)
    ]
    return np.where(risen, 4, grade), why


def counted_grades(frame: gpd.GeoDataFrame, graded: gpd.GeoDataFrame | None) -> NDArray[np.int64] | None:
    """(n, 5) for each area the number of rows that lie in it by grade; None where there are no grades."""
    if graded is None or "grade" not in graded:
        return None
    row, area = rows_in(graded, frame)
    grades = graded["grade"].fillna(0).to_numpy(np.int64)[row]
    return np.bincount(area * GRADES + grades, minlength=len(frame) * GRADES).reshape(-1, GRADES)


def or_worse(figures: NDArray) -> NDArray:
    """(n, 5) by grade -> that grade or worse."""
    return np.cumsum(figures[:, ::-1], axis=1)[:, ::-1]


def _standing_alone(points: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """Risk points of no enterprise: those of one already raise its grade."""
    if points is None or "enterprise_id" not in points:
        return points
    return points[(points["enterprise_id"].isna() | (points["enterprise_id"] == "")).to_numpy()]


def _together(a: NDArray[np.int64] | None, b: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    return a if b is None else b if a is None else a + b


def _notes(frame: gpd.GeoDataFrame, found: Zones, grid: Grid) -> list[str]:
    """What a reader must know about an area that is not wholly on the grid."""
    known = located(np.asarray(frame.geometry.array))
    area = frame.area.to_numpy(float) / grid.cell_m**2
    notes = []
    for here, whole, cells in zip(known, area, found.cells(), strict=True):
        missed = 1 - cells / whole if here and whole > 0 else 1.0
        if not here:
            notes.append("; no outline")
        elif cells == 0:
            notes.append("; outside the grid")
        else:
            notes.append(f"; {missed:.1%} of it lies beyond the grid" if missed >= _TOLD else "")
    return notes


def _count(frame: gpd.GeoDataFrame, table: gpd.GeoDataFrame | None, verdict: str) -> pd.arrays.IntegerArray:
    if table is None:
        return pd.array([pd.NA] * len(frame), dtype="Int64")
    if verdict:
        table = table[table["verdict"] == verdict]
    return pd.array(np.bincount(rows_in(table, frame)[1], minlength=len(frame)), dtype="Int64")
