"""The numbers of the standards: CSV files, one row a number, each with its provenance; and their loader.

Every table ends in ``standard, edition, clause, confidence, source``; "-" stands where a number has no
edition or clause, being the project's own choice or common knowledge. Confidence is V (read in a
public source named in ``source``), MC (recalled, confident) or MU (recalled, unsure). An MU row
alone never makes anything "clear" or "not a major hazard".
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from ..errors import StandardsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

PROVENANCE = ("standard", "edition", "clause", "confidence", "source")
CONFIDENCE = ("V", "MC", "MU")  # strongest first
_TEXT = ("cas", "match")  # other columns whose cells may look like numbers


def table(name: str) -> pd.DataFrame:
    """
    The standards table ``name`` (a CSV file of this folder, without ``.csv``), checked; a fresh copy.

    Raises
    ------
    StandardsError
        If there is no such table, or a row lacks its provenance.
    """
    return _read(name).copy()


def names() -> list[str]:
    """The names of all tables, sorted."""
    return sorted(f.name.removesuffix(".csv") for f in files(__name__).iterdir() if f.name.endswith(".csv"))


def parameter(key: str) -> float:
    """The value of one row of ``parameters.csv``; its unit and clause stand beside it there."""
    values = _parameters()
    if key not in values:
        raise StandardsError(f"parameters.csv has no row '{key}'. It has: {', '.join(values)}.")
    return values[key]


def check(frame: pd.DataFrame, what: str, *, columns: Iterable[str] = ()) -> None:
    """
    Refuse a standards table, or a user's own, whose rows do not say where they come from.

    Parameters
    ----------
    frame
        The table; row numbers in messages count the header as row 1.
    what
        Its name, for messages.
    columns
        Columns it must have beside the provenance columns.

    Raises
    ------
    StandardsError
        If a column is missing, a provenance cell is empty or a confidence is not V, MC or MU.
    """
    missing = [c for c in (*columns, *PROVENANCE) if c not in frame.columns]
    if missing:
        raise StandardsError(f"'{what}' lacks the columns {', '.join(missing)}. Add them; every number needs a source.")
    for column in PROVENANCE:
        cells = frame[column]
        bad = cells.isna() | (cells.astype("string").str.strip() == "").fillna(True).astype(bool)
        if bad.any():
            raise StandardsError(f"'{what}' row {_first(bad)}: '{column}' is empty. Write where the number comes from.")
    bad = ~frame["confidence"].isin(CONFIDENCE)
    if bad.any():
        value = frame.loc[bad, "confidence"].iloc[0]
        raise StandardsError(f"'{what}' row {_first(bad)}: confidence {value!r} is none of {', '.join(CONFIDENCE)}.")


def weakest(confidences: Iterable[str]) -> str:
    """The weakest of some confidences; V where there are none."""
    return max(confidences, key=CONFIDENCE.index, default=CONFIDENCE[0])


def _first(bad: pd.Series) -> int:
    return int(bad.to_numpy().argmax()) + 2  # one for the header, one because people count from 1


@lru_cache
def _parameters() -> dict[str, float]:
    rows = _read("parameters")
    return {str(key): float(value) for key, value in zip(rows["key"], rows["value"], strict=True)}


@lru_cache
def _read(name: str) -> pd.DataFrame:
    import pandas as pd

    path = files(__name__) / f"{name}.csv"
    if not path.is_file():
        raise StandardsError(f"there is no standards table '{name}'. There are: {', '.join(names())}.")
    text = dict.fromkeys((*PROVENANCE, *_TEXT), "string")  # an edition such as 2018 is a name, not a number
    with path.open(encoding="utf-8") as stream:
        frame = pd.read_csv(stream, dtype=text, keep_default_na=False, na_values=[""])
    check(frame, f"{name}.csv")
    return frame
