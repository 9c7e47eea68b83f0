"""Sums that must agree: the parts of a whole and the whole, checked on every run and told with what lies between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from .grading import GRADE_WORDS
from .zones import GRADES, Zones, zone_sums

COLUMNS = ("what", "quantity", "unit", "whole", "parts", "outside", "overlap", "difference")
# Of the whole, at least of 1: sums of ten million cells agree to far better.
TOLERANCE = 1e-6
# Less than this of a cell between two coverages is rounding.
_ROUNDING = 1e-8


@dataclass(frozen=True)
class Balance:
    """
    One sum: whole = parts + outside - overlap.

    ``outside`` is what of the whole no part holds; ``overlap`` what more than one part holds, or a part
    beyond the whole.
    """

    what: str
    quantity: str
    unit: str
    whole: float
    parts: float
    outside: float = 0.0
    overlap: float = 0.0

    @property
    def difference(self) -> float:
        """Parts + outside - overlap - whole; 0 but for rounding."""
        return self.parts + self.outside - self.overlap - self.whole


def balance_table(rows: list[Balance]) -> pd.DataFrame:
    """
    The sums as a table (``schema.RESULTS["balance"]``).

    Raises
    ------
    InputError
        If one does not hold to 1e-6 of the whole.
    """
    for row in rows:
        if not abs(row.difference) <= TOLERANCE * max(1.0, abs(row.whole)):
            raise InputError(
                f"{row.what}: {row.quantity} do not add up. The whole is {row.whole:.6f} {row.unit}, its parts "
                f"{row.parts:.6f}, outside of them {row.outside:.6f}, counted twice {row.overlap:.6f}: "
                f"{row.difference:+.6f} remain. Nothing was written; run the step again from clean layers "
                "(remove build/) and report it if it stays."
            )
    return pd.DataFrame([[getattr(row, c) for c in COLUMNS] for row in rows], columns=list(COLUMNS))


def area_balances(
    districts: gpd.GeoDataFrame,
    cells: Zones,
    region: Zones,
    grade: NDArray[np.uint8],
    cell_m: float,
    persons: NDArray[np.float64] | None,
) -> list[Balance]:
    """
    Area and residents by grade: districts of each level against the region, children against their parent.

    Parameters
    ----------
    cells, region
        Cells of the districts, row by row, and of the region's boundary.
    grade, persons : (rows, cols)
    """

    def sums(of: Zones) -> tuple[NDArray, NDArray]:
        found = zone_sums(of, grade, grade, persons)
        return found["cells"] * cell_m**2 / 1e6, found["persons"]

    level = districts["level"].astype(object).where(districts["level"].notna(), "district")
    rows: list[Balance] = []
    for name in dict.fromkeys(level):
        children = np.flatnonzero((level == name).to_numpy())
        rows += _compare(f"region by {name}", sums, region, _only(cells, children), persons is not None)
    ids = {value: i for i, value in enumerate(districts["id"])}
    parent = districts["parent_id"] if "parent_id" in districts else pd.Series(None, districts.index)
    for value in dict.fromkeys(parent.dropna()):
        if value in ids:
            children = np.flatnonzero((parent == value).to_numpy())
            label = f"{districts['name'].iloc[ids[value]]} by its districts"
            whole = _only(cells, np.array([ids[value]]))
            rows += _compare(label, sums, whole, _only(cells, children), persons is not None)
    return rows


def count_balance(what: str, graded: pd.DataFrame, key: pd.Series) -> list[Balance]:
    """Enterprises by grade in all against those by the groups of ``key`` and those without one."""
    grades = graded["grade"].fillna(0).to_numpy(np.int64)
    known = key.notna().to_numpy()
    by_group = pd.crosstab(key[known].to_numpy(object), grades[known])
    rows = []
    for g in range(GRADES - 1, -1, -1):
        parts = float(by_group[g].sum()) if g in by_group else 0.0
        without = float((grades[~known] == g).sum())
        all_of = float((grades == g).sum())
        rows.append(Balance(what, f"enterprises graded {GRADE_WORDS[g]}", "enterprises", all_of, parts, without))
    return rows


def _compare(
    what: str, sums: Callable[[Zones], tuple[NDArray, NDArray]], whole: Zones, parts: Zones, counted: bool
) -> list[Balance]:
    over, under = excess(parts, whole)
    found = [sums(once(whole)), sums(parts), sums(under), sums(over)]
    rows = []
    for number, (quantity, unit) in enumerate((("area", "km2"), ("residents", "persons"))[: 1 + counted]):
        for g in range(GRADES - 1, -1, -1):
            values = [float(f[number][:, g].sum()) for f in found]
            rows.append(Balance(what, f"{quantity} in {GRADE_WORDS[g]}", unit, *values))
    return rows


def once(cells: Zones) -> Zones:
    """The cells of all areas together as one, no part of a cell counted twice."""
    first, last, level = _levels(cells, cells)
    return _one(first, last, np.minimum(level[:, 0], 1.0))


def excess(parts: Zones, whole: Zones) -> tuple[Zones, Zones]:
    """What parts hold beyond the whole or more than once, and what of the whole none of them holds."""
    first, last, level = _levels(parts, whole)
    more = level[:, 0] - np.minimum(level[:, 1], 1.0)
    return _one(first, last, np.maximum(more, 0.0)), _one(first, last, np.maximum(-more, 0.0))


def _levels(a: Zones, b: Zones) -> tuple[NDArray, NDArray, NDArray]:
    """Runs of cells (first, last), and the sums of the shares of ``a`` and of ``b`` (R, 2) in each."""
    position = np.concatenate([a.first, a.last, b.first, b.last])
    change = np.zeros((len(position), 2))
    n = len(a.first)
    change[:n, 0], change[n : 2 * n, 0] = a.share, -a.share
    change[2 * n : 2 * n + len(b.first), 1], change[2 * n + len(b.first) :, 1] = b.share, -b.share
    place, where = np.unique(position, return_inverse=True)
    steps = np.stack([np.bincount(where, change[:, k], len(place)) for k in (0, 1)], axis=1)
    return place[:-1], place[1:], np.cumsum(steps, axis=0)[:-1]


def _one(first: NDArray, last: NDArray, share: NDArray) -> Zones:
    kept = share > _ROUNDING
    return Zones(np.array([0, int(kept.sum())]), first[kept], last[kept], share[kept])


def _only(cells: Zones, which: NDArray) -> Zones:
    """Some of the areas."""
    kept = np.concatenate([np.arange(cells.start[i], cells.start[i + 1]) for i in which]).astype(np.int64)
    count = cells.start[which + 1] - cells.start[which]
    return Zones(np.concatenate([[0], np.cumsum(count)]), cells.first[kept], cells.last[kept], cells.share[kept])


def residents_balance(given: float, outside: float, persons: NDArray, region: Zones, grade: NDArray) -> Balance:
    """Residents of the layer against those in the region, on the grid around it and beyond it."""
    inside = float(zone_sums(once(region), grade, grade, persons)["persons"].sum())
    rest = float(persons.sum()) - inside
    return Balance("residents of the layer", "residents", "persons", given, inside, rest + outside)
