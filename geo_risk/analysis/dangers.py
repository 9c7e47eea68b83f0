"""Hidden dangers at the data date: open, overdue, closed or supervised, by place, district and trade."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..grid import Grid
from .exposure import require_same_crs
from .grading import rows_in
from .rows import records, text

STATES = ("open", "overdue", "closed")
UNKNOWN = "not told"  # of a district or a trade; its rows are counted too, so that scopes sum to the region
_TRUNCATE = 4.0  # a Gaussian kernel is cut at this many bandwidths, where 3e-4 of it is left


def last_day(value: str) -> date | None:
    """The last day of an ISO date as precise as given: 2026, 2026-04 or 2026-04-11; None where it is no date."""
    try:
        parts = [int(p) for p in value[:10].split("-")]
        if len(parts) == 3:
            return date(*parts)
        year, month = parts[0], parts[1] if len(parts) == 2 else 12
        return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    except (ValueError, TypeError, IndexError):
        return None


def danger_places(
    dangers: gpd.GeoDataFrame,
    as_of: str,
    *,
    enterprises: gpd.GeoDataFrame | None = None,
    grades: pd.DataFrame | None = None,
    districts: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """
    One row a danger, judged at the day ``as_of`` (``schema.RESULTS["danger_places"]``).

    Closed is what is written as closed, or was closed by then; overdue what is written so or is past its date; the
    rest is open. A date given as a month or year ends with it. Where dates contradict each other the worse
    state holds and ``problem`` says so.

    Parameters
    ----------
    dangers : layer hidden_dangers
    as_of : str
        YYYY-MM-DD; empty: nothing is judged by dates.
    enterprises, grades : layer and result table
        Trade, and grade, of the enterprise named by id, else by a name only one enterprise has.
    districts : layer
        Townships the dangers lie in.

    Raises
    ------
    CRSError
        If districts and dangers differ in CRS.
    """
    frame = dangers.reset_index(drop=True)
    day = last_day(as_of) if as_of else None
    told = [judged(row, day) for row in records(pd.DataFrame(frame.drop(columns=frame.geometry.name)))]
    firm = _firms(frame, enterprises)
    known = {c: frame.get(c) for c in ("id", "name", "enterprise_id", "enterprise_name", "level")}
    out = pd.DataFrame(known, index=frame.index)
    out["enterprise_id"] = pd.Series(firm, index=frame.index, dtype=object).where(pd.notna(firm), out["enterprise_id"])
    out["district_id"] = _district_of(frame, districts)
    out["sector"] = _looked_up(firm, enterprises, "sector")
    for n, column in enumerate(("state", "days_overdue", "days_open", "problem")):
        out[column] = pd.Series([row[n] for row in told], index=frame.index, dtype=object)
    for column in ("days_overdue", "days_open"):
        out[column] = out[column].astype("Int64")
    marked = frame["supervised"] if "supervised" in frame else pd.Series(False, index=frame.index)
    out["supervised"] = marked.astype("boolean").fillna(False)
    for column in ("found_date", "due_date", "closed_date"):
        out[column] = frame.get(column)
    out["as_of"] = as_of
    out["grade"] = _looked_up(firm, grades, "grade").astype("Int64")
    return gpd.GeoDataFrame(out, geometry=frame.geometry.array, crs=frame.crs)


def danger_counts(places: gpd.GeoDataFrame, districts: pd.DataFrame | None = None, note: str = "") -> pd.DataFrame:
    """
    Counts by state of the region, its districts and its trades (``schema.RESULTS["danger_counts"]``).

    Every scope sums to the region. ``share_overdue`` is of those not closed, NaN where all are closed. ``note``
    is told with the region.
    """
    names = {} if districts is None else dict(zip(districts["id"], districts["name"], strict=True))
    rows = [_counted(places, "region", "", "", note)]
    for scope, column in (("district", "district_id"), ("trade", "sector")):
        key = places[column].astype(object).where(places[column].notna(), UNKNOWN).astype(str)
        for value in sorted(set(key)):
            known = "" if value == UNKNOWN else value
            rows.append(_counted(places[key == value], scope, known, str(names.get(value, value)), ""))
    return pd.DataFrame(rows)


def danger_density(places: gpd.GeoDataFrame, grid: Grid, bandwidth_m: float) -> NDArray[np.float32]:
    """
    (rows, cols) dangers not closed per km2: a Gaussian kernel of standard deviation ``bandwidth_m`` over each.

    What lies outside the grid is left out. Beyond its edge nothing is assumed, so that density falls off there.
    """
    from scipy.ndimage import gaussian_filter

    require_same_crs(places, grid, "danger_places")
    middle = places[places["state"] != "closed"].geometry.representative_point()
    row, col = grid.rowcol(middle.x.to_numpy(), middle.y.to_numpy())
    inside = grid.inside(row, col)
    counts = np.zeros(grid.shape)
    np.add.at(counts, (row[inside], col[inside]), 1.0)
    per_km2 = counts * (1000.0 / grid.cell_m) ** 2
    sigma = bandwidth_m / grid.cell_m
    return gaussian_filter(per_km2, sigma, mode="constant", truncate=_TRUNCATE).astype(np.float32)


def judged(row: dict[str, Any], as_of: date | None) -> tuple[str, int | None, int | None, str | None]:
    """State, days overdue, days since it was found, and what is wrong with its dates; see `danger_places`."""
    found, due, closed = (last_day(text(row, c)) for c in ("found_date", "due_date", "closed_date"))
    written = text(row, "state")
    problem = "; ".join(_problems(written, found, due, closed, as_of)) or None
    contradicted = written in ("open", "overdue")
    shut = closed is not None and (as_of is None or closed <= as_of) and not contradicted
    if shut or (written == "closed" and not (closed and as_of and closed > as_of)):
        return "closed", None, None, problem
    age = (as_of - found).days if as_of and found and found <= as_of else None
    late = max((as_of - due).days, 0) if as_of and due else None
    if late or written == "overdue":
        return "overdue", late or None, age, problem
    return "open", 0 if late is not None else None, age, problem


def _problems(
    written: str, found: date | None, due: date | None, closed: date | None, as_of: date | None
) -> Iterator[str]:
    if found and closed and closed < found:
        yield f"closed on {closed}, before it was found on {found}"
    if found and due and due < found:
        yield f"due on {due}, before it was found on {found}"
    if closed and written in ("open", "overdue"):
        yield f"written as {written} and as closed on {closed}"
    if as_of is None:
        return
    if found and found > as_of:
        yield f"found on {found}, after the data date {as_of}"
    if closed and closed > as_of:
        yield f"closed on {closed}, after the data date {as_of}"
    if written == "overdue" and due and due >= as_of:
        yield f"written as overdue, and due only on {due}"


def _firms(frame: pd.DataFrame, enterprises: pd.DataFrame | None) -> NDArray[np.object_]:
    """(N,) id of the enterprise of each row: by id, else by a name that only one has; None where neither is known."""
    ids = frame["enterprise_id"] if "enterprise_id" in frame else pd.Series(None, index=frame.index, dtype=object)
    names = frame["enterprise_name"] if "enterprise_name" in frame else pd.Series(None, index=frame.index, dtype=object)
    if enterprises is None:
        return ids.astype(object).where(ids.notna(), None).to_numpy(object)
    by_name = enterprises.drop_duplicates("name", keep=False).set_index("name")["id"]
    found = ids.astype(object).where(ids.isin(enterprises["id"]), names.map(by_name))
    return found.where(found.notna(), None).to_numpy(object)


def _looked_up(firm: NDArray[np.object_], table: pd.DataFrame | None, column: str) -> pd.Series:
    """(N,) a column of the enterprises; <NA> or None where it is not known."""
    if table is None or column not in table:
        return pd.Series(pd.NA, index=range(len(firm)), dtype="Int64" if column == "grade" else object)
    return table.drop_duplicates("id").set_index("id")[column].reindex(firm).reset_index(drop=True)


def _district_of(frame: gpd.GeoDataFrame, districts: gpd.GeoDataFrame | None) -> pd.Series:
    """(N,) id of the township each row lies in; None outside all."""
    if districts is None:
        return pd.Series(None, index=frame.index, dtype=object)
    towns = townships(districts)
    out = np.full(len(frame), None, object)
    row, town = (at[::-1] for at in rows_in(frame, towns))  # of two that overlap the first holds
    out[row] = towns["id"].to_numpy(object)[town]
    return pd.Series(out, index=frame.index, dtype=object)


def townships(districts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The districts by which dangers are counted: the townships, else those that contain no other."""
    if "level" not in districts:
        return districts
    for level in ("township", "village", "county"):
        if (districts["level"] == level).any():
            return districts[districts["level"] == level]
    return districts


def _counted(rows: pd.DataFrame, scope: str, scope_id: str, name: str, note: str) -> dict[str, Any]:
    counts = {f"n_{state}": int((rows["state"] == state).sum()) for state in STATES}
    unclosed = counts["n_open"] + counts["n_overdue"]
    return {
        "scope": scope,
        "scope_id": scope_id,
        "name": name,
        "n": len(rows),
        **counts,
        "n_supervised": int((rows["supervised"] & (rows["state"] != "closed")).sum()),
        "share_overdue": counts["n_overdue"] / unclosed if unclosed else np.nan,
        "n_problems": int(rows["problem"].notna().sum()),
        "note": note,
    }
