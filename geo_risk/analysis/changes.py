"""Which rows of a table were added, removed or changed between two states, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

# Two rows of one name this close are one thing whose id changed; a name that stands once in both is, wherever it lies.
SAME_PLACE_M = 200.0
# Where a row stood in its file is no fact about the thing.
BOOKKEEPING = ("source_file", "source_row")

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Changes:
    """
    Rows that differ.

    ``added`` (N,) row numbers of the later table, ``removed`` (N,) of the earlier; ``before`` and ``after`` (N,)
    pairs of rows that are one thing and differ, ``columns`` the names of the columns in which each pair
    does, ``moved_m`` (N,) how far the outline moved at most [m] (Hausdorff distance; NaN where it came or went).
    ``only`` names columns that just one of the tables has and that say something there.
    """

    added: Rows
    removed: Rows
    before: Rows
    after: Rows
    columns: list[tuple[str, ...]]
    moved_m: NDArray[np.float64]
    only: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.added) + len(self.removed) + len(self.before)


def changed_rows(
    before: pd.DataFrame, after: pd.DataFrame, key: Sequence[str] = ("id",), *, by_name: bool = False
) -> Changes:
    """
    Compare two versions of a table, row by row.

    Rows are matched by ``key`` (a key that repeats is matched in order) and, with ``by_name``, what is left by name:
    a name that is left once on either side and stands once in both tables, else the nearest of one name within
    `SAME_PLACE_M`. Missing equals missing; numbers, texts and outlines must be equal to the last bit. Outlines
    may be WKB in both tables, which are then not decoded but where they differ (never with ``by_name``).
    """
    i, j = _pairs(_keys(before, key), _keys(after, key))
    removed, added = _others(i, len(before)), _others(j, len(after))
    if by_name and len(removed) and len(added):
        i2, j2 = _by_name(before, after, removed, added)
        i, j = np.concatenate([i, i2]), np.concatenate([j, j2])
        removed, added = np.setdiff1d(removed, i2), np.setdiff1d(added, j2)
    common = [c for c in after.columns if c in before.columns and c not in (*BOOKKEEPING, "geometry")]
    differs = {c: ~_equal(before[c], after[c], i, j) for c in common}
    moved = np.zeros(len(i))
    if "geometry" in before and "geometry" in after:
        x, y = np.asarray(before["geometry"].array)[i], np.asarray(after["geometry"].array)[j]
        here = differs["geometry"] = ~_same_shape(x, y)
        moved[here] = shapely.hausdorff_distance(outlines(x[here]), outlines(y[here]))
    changed = np.zeros(len(i), bool)
    for flags in differs.values():
        changed |= flags
    at = np.flatnonzero(changed)
    at = at[np.argsort(j[at], kind="stable")]
    names = [tuple(c for c, flags in differs.items() if flags[n]) for n in at]
    only = [c for t, o in ((before, after), (after, before)) for c in t.columns if c not in o.columns]
    told = tuple(c for c in only if c not in BOOKKEEPING and (after if c in after else before)[c].notna().any())
    return Changes(added, removed, i[at], j[at], names, moved[at], told)


def plain(value: Any) -> Any:
    """A cell as JSON has it: numpy numbers as Python's, what is missing as None."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def outlines(values: NDArray) -> NDArray:
    """Shapes, from shapes or WKB (N,)."""
    return shapely.from_wkb(values) if _are_wkb(values) else values


def _are_wkb(values: NDArray) -> bool:
    return any(isinstance(v, bytes) for v in values)


def _keys(table: pd.DataFrame, key: Sequence[str]) -> pd.Series:
    """One text a row, the same key numbered in order."""
    parts = [table[c].astype(object).where(table[c].notna(), "").astype(str) for c in key]
    text = parts[0].reset_index(drop=True)
    for part in parts[1:]:
        text = text + "\0" + part.reset_index(drop=True)
    if text.is_unique:
        return text
    again = text.groupby(text, sort=False).cumcount()
    return text.where(again == 0, text + "\0\0" + again.astype(str))


def _pairs(a: pd.Series, b: pd.Series) -> tuple[Rows, Rows]:
    """Rows of either table with the same key, in the order of the earlier."""
    if a.equals(b):
        return np.arange(len(a)), np.arange(len(a))
    at = pd.Index(b).get_indexer(pd.Index(a))
    i = np.flatnonzero(at >= 0)
    return i, at[i].astype(np.int64)


def _others(rows: Rows, count: int) -> Rows:
    """Row numbers below ``count`` that are not among ``rows``."""
    free = np.ones(count, bool)
    free[rows] = False
    return np.flatnonzero(free)


def _equal(before: pd.Series, after: pd.Series, i: Rows, j: Rows) -> NDArray[np.bool_]:
    plain_kind = before.dtype == after.dtype and before.dtype != object
    x, y = (s.array.take(n) if plain_kind else s.to_numpy(object)[n] for s, n in ((before, i), (after, j)))
    gone = np.asarray(pd.isna(x)), np.asarray(pd.isna(y))
    here = ~(gone[0] | gone[1])
    same = gone[0] & gone[1]
    same[here] = np.asarray(x[here] == y[here], bool)
    return same


def _same_shape(x: NDArray, y: NDArray) -> NDArray[np.bool_]:
    if _are_wkb(x) or _are_wkb(y):
        return np.array(x == y, bool)
    return (shapely.is_missing(x) & shapely.is_missing(y)) | shapely.equals_identical(x, y)


def _by_name(before: pd.DataFrame, after: pd.DataFrame, removed: Rows, added: Rows) -> tuple[Rows, Rows]:
    """Pairs (earlier row, later row) of one name among rows that no key matched."""
    if "name" not in before or "name" not in after:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    x, y = before["name"].to_numpy(object), after["name"].to_numpy(object)
    once = [set(v[~pd.Series(v).duplicated(keep=False).to_numpy()]) for v in (x, y)]
    later: dict[str, list[int]] = {}
    for j in added:
        if isinstance(y[j], str) and y[j].strip():
            later.setdefault(y[j], []).append(int(j))
    pairs: list[tuple[int, int]] = []
    close: list[tuple[float, int, int]] = []
    for i in removed:
        for j in later.get(x[i], ()) if isinstance(x[i], str) else ():
            if x[i] in once[0] and x[i] in once[1]:
                pairs.append((int(i), j))
            else:
                close.append((_apart(before, after, int(i), j), int(i), j))
    left, right = {i for i, _ in pairs}, {j for _, j in pairs}
    for _, i, j in sorted(c for c in close if c[0] <= SAME_PLACE_M):
        if i not in left and j not in right:
            pairs.append((i, j))
            left.add(i)
            right.add(j)
    found = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _apart(before: pd.DataFrame, after: pd.DataFrame, i: int, j: int) -> float:
    """Distance of two rows [m]; infinite where one has no place."""
    if not (isinstance(before, gpd.GeoDataFrame) and isinstance(after, gpd.GeoDataFrame)):
        return np.inf
    metres = shapely.distance(before.geometry.array[i], after.geometry.array[j])
    return float(metres) if np.isfinite(metres) else np.inf
