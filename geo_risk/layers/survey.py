"""Surveys in two tables: points with numbers and coordinates (管点表), lines from number to number (管线表)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import GeoRiskError
from ..schema import Table
from . import coordinates, headers
from .coordinates import Box
from .raw import Raw
from .read import TEXT, WORKBOOKS, kind_of, members
from .sources import Source
from .text import plain

FITTING = 0.5  # share of the line table's ends a column must know to be the point numbers
SAME_M = 0.01  # two rows of one point number this close are one point: the survey's last digit [m]
_SHOWN = 10  # point numbers named in one message


def read_inputs(
    table: Table, wanted: Sequence[Source], read: Callable[[Source], Raw]
) -> tuple[list[tuple[Source, Raw]], list[GeoRiskError]]:
    """
    Every input of a layer as ``read`` gives it, and what is wrong with those it cannot read.

    In a line layer a table of lines has its table of points in ``Raw.points``. The two tables may be
    sheets of one workbook, members of one archive, or two items of ``source``; the point table is then
    no input of its own.
    """
    inputs: list[tuple[Source, Raw]] = []
    errors: list[GeoRiskError] = []
    for source in wanted:
        try:
            inputs += _read(table, source, read)
        except GeoRiskError as error:
            errors.append(error)
    if table.geometry != "line":
        return inputs, errors
    taken: set[int] = set()
    for n, (source, raw) in enumerate(inputs):
        others = [i for i in range(len(inputs)) if i not in taken and i != n]
        best = best_points(raw, [inputs[i][1] for i in others])
        if best is not None:
            taken.add(others[best])
            at = inputs[others[best]]
            _name_sheet(raw)
            _name_sheet(at[1])
            raw.points = at[1]
            inputs[n] = (replace(source, crs=source.crs or at[0].crs), raw)
    return [pair for i, pair in enumerate(inputs) if i not in taken], errors


def _read(table: Table, source: Source, read: Callable[[Source], Raw]) -> list[tuple[Source, Raw]]:
    if table.geometry == "line" and source.sublayer is None and _holds_several(source.path):
        found = []
        for member in members(Path(source.path)):
            try:
                raw = read(replace(source, sublayer=member.label))
            except GeoRiskError:  # a sheet of remarks
                continue
            found.append(raw)
        for raw in found:
            others = [r for r in found if r is not raw]
            best = best_points(raw, others)
            if best is not None:
                _tell_others(raw, [r for r in others if r is not others[best]])
                return [(source, raw), (source, others[best])]
    return [(source, read(source))]


def _name_sheet(raw: Raw) -> None:
    """Two sheets of one workbook have two reports, which are told apart by their names."""
    raw.log.file = raw.what
    raw.log.issues = [replace(i, file=raw.what) for i in raw.log.issues]


def _holds_several(path: str) -> bool:
    if "://" in path or kind_of(path) not in (*WORKBOOKS, ".zip"):
        return False
    try:
        tables = [m for m in members(Path(path)) if kind_of(m.member or path) in (*TEXT, *WORKBOOKS)]
        return len(tables) > 1
    except GeoRiskError:
        return False  # told by the reading proper


def _tell_others(raw: Raw, others: Sequence[Raw]) -> None:
    if others:
        raw.log.note("other_sheets", detail=", ".join(str(r.sublayer) for r in others))


def is_line_table(raw: Raw) -> bool:
    """Whether a table without places of its own names the points its lines run between."""
    return raw.geometry is None and set(headers.ends(raw.frame.columns)) == {"start", "end"} and not _placed(raw)


def _placed(raw: Raw) -> bool:
    where = set(headers.places(list(map(str, raw.frame.columns)), raw.labels))
    return bool({"lon", "lat"} <= where or {"x", "y"} <= where or "lonlat" in where)


def best_points(lines: Raw, others: Sequence[Raw]) -> int | None:
    """Which of ``others`` is the point table of ``lines``: the one that knows most of its ends, if half of them."""
    if not is_line_table(lines) or not len(lines.frame):
        return None
    shares = [
        _number_column(lines, raw)[1] if raw.geometry is None and _placed(raw) and len(raw.frame) else 0.0
        for raw in others
    ]
    best = int(np.argmax(shares)) if shares else 0
    return best if shares and shares[best] >= FITTING else None


def _number(values: pd.Series) -> pd.Series:
    """Point numbers as compared: marks count (1-1 is not 11), blanks, width and case do not."""
    return values.map(lambda v: plain(v).replace(" ", "").casefold())


def _ends(lines: Raw) -> tuple[pd.Series, pd.Series]:
    where = headers.ends(lines.frame.columns)
    return _number(lines.frame[where["start"]]), _number(lines.frame[where["end"]])


def _number_column(lines: Raw, points: Raw) -> tuple[str, float]:
    """The column of ``points`` with the numbers the lines refer to, and the share of the ends it knows."""
    wanted = pd.concat(_ends(lines))
    wanted = wanted[wanted != ""]
    shares = [(float(wanted.isin(set(_number(points.frame[c]))).mean()), -n) for n, c in enumerate(points.frame)]
    share, place = max(shares)
    return str(points.frame.columns[-place]), share


def lines(
    raw: Raw, declared: str | None, anchor: Box | None, crs: str, accept: Collection[str] = ()
) -> tuple[NDArray[np.object_], NDArray[np.bool_], NDArray[np.float64], float]:
    """
    The rows of a line table as straight lines between the points of ``raw.points``.

    (N,) geometry in ``crs``, (N,) whether there is one, (N,) error radius [m] of the worse end, and the
    least error [m] (see `place.Placed`). Rows without both points are told as rejected; points without a
    place, with two places, or on no line are told in the log of the point table.

    Raises
    ------
    InputError
        If the points' grid cannot be told.
    """
    assert raw.points is not None
    points = raw.points
    column, _ = _number_column(raw, points)
    where = headers.places(list(map(str, points.frame.columns)), points.labels)
    found, system = coordinates.points(points, where, declared, anchor, accept)
    ok = found["ok"].to_numpy(bool)
    xy = np.full((len(ok), 2), np.nan)
    xy[ok] = shapely.get_coordinates(
        gpd.GeoSeries(gpd.points_from_xy(found["x"][ok], found["y"][ok]), crs=system).to_crs(crs).to_numpy()
    )
    numbers = _number(points.frame[column])
    ok = ok & _one_place_each(points, column, numbers, xy, ok)
    at = pd.Series(np.flatnonzero(ok), index=numbers[ok])
    at = at[~at.index.duplicated()]
    start, end = _ends(raw)
    i, j = (e.map(at).fillna(-1).to_numpy(int) for e in (start, end))
    good = (i >= 0) & (j >= 0)
    _tell_orphans(raw, points, start, end, i, j, set(numbers))
    _tell_unused(points, column, numbers, ok, set(start) | set(end))
    geometry = np.full(len(i), None, object)
    geometry[good] = shapely.linestrings(np.stack([xy[i[good]], xy[j[good]]], axis=1))
    error = found["error_m"].to_numpy()
    return geometry, good, np.where(good, np.maximum(error[i], error[j]), np.nan), float(found["least_m"].max())


def _one_place_each(points: Raw, column: str, numbers: pd.Series, xy: NDArray, ok: NDArray) -> NDArray[np.bool_]:
    """(N,) rows that may be used: a number with two places, or none, is told as rejected."""
    keep = np.ones(len(ok), bool)
    blank = ok & (numbers == "").to_numpy()
    points.log.reject("missing_required", points.rows[blank], column=column)
    keep &= ~blank
    repeated = ok & keep & numbers.where(ok).duplicated(keep=False).to_numpy()
    for number, where in numbers[repeated].groupby(numbers[repeated], sort=False).groups.items():
        index = list(where)
        apart = float(np.hypot(*(xy[index] - xy[index[0]]).T).max())
        if apart > SAME_M:
            details = f"{apart:.2f} m"
            points.log.reject(
                "point_twice", points.rows[index], column=column, values=[number] * len(index), details=details
            )
            keep[index] = False
    return keep


def _tell_orphans(raw: Raw, points: Raw, start: pd.Series, end: pd.Series, i: NDArray, j: NDArray, known: set) -> None:
    where = headers.ends(raw.frame.columns)
    done = np.zeros(len(i), bool)
    for name, written, at in (("start", start, i), ("end", end, j)):
        lost = (at < 0) & ~done
        there = written.isin(known).to_numpy() & (written != "").to_numpy()
        for code, which in (("no_such_point", lost & ~there), ("point_aside", lost & there)):
            shown = list(raw.frame[where[name]][which])
            raw.log.reject(code, raw.rows[which], column=where[name], values=shown, details=points.what)
        done |= lost


def _tell_unused(points: Raw, column: str, numbers: pd.Series, ok: NDArray, used: set) -> None:
    idle = ok & ~numbers.isin(used).to_numpy()
    shown = [str(v) for v in points.frame[column][idle]]
    more = ", ..." if len(shown) > _SHOWN else ""
    rows = list(points.rows[idle])
    points.log.group("noted", "unused_points", rows, column=column, values=shown,
                     detail=", ".join(shown[:_SHOWN]) + more)  # fmt: skip
