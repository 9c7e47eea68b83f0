"""Table rows as plain dictionaries, and their cells as text and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..standards import table

# By grade: 0 none, 1 blue to 4 red.
GRADE_WORDS = ("none", "blue", "yellow", "orange", "red")
# States of a row that is not there any more, or not yet: it counts in no risk. What has only stopped still holds.
NOT_WORKING = ("closed", "planned")
# Scope of a group of enterprises -> the column that names it.
FIRM_GROUPS = {"trade": "sector", "park": "park"}


def working(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """(N,) rows that count: all but the closed and the planned; a missing or unknown state counts."""
    if "state" not in frame:
        return np.ones(len(frame), bool)
    return ~frame["state"].isin(NOT_WORKING).to_numpy(bool)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A table as plain rows; geometries as they are."""
    names = [str(name) for name in frame.columns]
    cells = [frame[name].to_numpy(object).tolist() for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]


@cache
def table_rows(name: str) -> list[dict[str, Any]]:
    """A standards table as plain rows, read once; not to be changed."""
    return records(table(name))


def text(row: Mapping[str, Any], column: str) -> str:
    """A cell as text; empty where missing."""
    value = row.get(column)
    return value.strip() if isinstance(value, str) else ""


def number(row: Mapping[str, Any], column: str) -> float:
    """A cell as a number; where missing NaN, always the same object so that caches find it."""
    value = row.get(column)
    if isinstance(value, str):
        value = pd.to_numeric(value, errors="coerce")
    return float(value) if isinstance(value, (int, float, np.number)) and np.isfinite(value) else np.nan


def first(rows: list[dict[str, Any]], column: str) -> str | None:
    """The first value given in ``column`` of some rows, as text; None if there is none."""
    given = (row.get(column) for row in rows)
    return next((str(value) for value in given if not pd.isna(value)), None)
