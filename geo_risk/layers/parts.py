"""Features that a file spreads over several rows: parts of one outline, pieces of one line, holes drawn as outlines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .quality import Log

OVERLAP = 1e-6  # share of the size by which parts of one feature may lie on each other: rounding
MAX_HOLE = 0.9  # a row that fills more than this of the row around it is a second version of it, not a hole


def unite(
    frame: pd.DataFrame, geometry: NDArray, rows: NDArray, logs: NDArray, *, loose: NDArray, holes: NDArray
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """
    (N,) geometry after the rows of one feature became one, and (N,) the row each went into: itself where it stays.

    Rows of one file are one feature if every column of ``frame`` agrees, the id included. Areas that do
    not overlap are united; lines are if they join end to end, or, where ``loose`` (N,) says that the file
    counts lines by number, anyhow. An area within the other is a hole where ``holes`` (N,) allows it, and
    set aside where not. What overlaps stays as it is. All is told in ``logs`` (N,), one a row.
    """
    out, owner = geometry.copy(), np.arange(len(frame))
    for index in _groups(frame, geometry, logs):
        log, first = logs[index[0]], index[0]
        if shapely.get_dimensions(geometry[first]) == 2:
            inside = _inside(geometry[index])
            if inside is not None:
                _settle_holes(out, owner, index, inside, rows, log, bool(holes[first]))
                continue
            union = shapely.union_all(geometry[index])
        else:
            union = _joined(geometry[index], bool(loose[first]))
        if union is None or _size(union) < (1 - OVERLAP) * _size(geometry[index]).sum():
            continue
        out[first] = union
        owner[index] = first
        if not loose[first]:
            log.repair("united", row=rows[first], count=len(index), detail=_list(rows[index]))
    for log in dict.fromkeys(logs[loose]):
        log.note(
            "pieces",
            detail=f"{(logs == log).sum()}",
            count=int(((owner == np.arange(len(frame))) & (logs == log)).sum()),
        )
    return out, owner


def _groups(frame: pd.DataFrame, geometry: NDArray, logs: NDArray) -> list[NDArray[np.int64]]:
    """Rows (two or more) of one file with an id, an extent, and everything in common, each group in file order."""
    known = frame["id"].notna().to_numpy() & (shapely.get_dimensions(geometry) > 0)
    known &= frame["id"].duplicated(keep=False).to_numpy()
    index = np.flatnonzero(known)
    if not len(index):
        return []
    plain = frame.iloc[index].astype(object)
    plain = plain.where(plain.notna(), None)
    plain["_log"] = [id(log) for log in logs[index]]
    plain["_dimension"] = shapely.get_dimensions(geometry[index])
    codes = pd.factorize(pd.MultiIndex.from_frame(plain))[0]
    groups = pd.Series(index).groupby(codes, sort=False)
    return [g.to_numpy() for _, g in groups if len(g) > 1]


def _size(shapes) -> NDArray[np.float64]:
    return np.where(shapely.get_dimensions(shapes) == 2, shapely.area(shapes), shapely.length(shapes))


def _joined(lines: NDArray, loose: bool) -> shapely.Geometry | None:
    """The lines as one, drawn on in their own direction; None if they do not make one line or lie on each other."""
    ends = shapely.get_coordinates(shapely.get_point(lines, -1))[:-1]
    starts = shapely.get_coordinates(shapely.get_point(lines, 0))[1:]
    if len(ends) == len(starts) == len(lines) - 1 and (ends == starts).all():  # one after the other, as written
        xy = shapely.get_coordinates(lines)
        merged = shapely.linestrings(xy[np.append(True, (xy[1:] != xy[:-1]).any(axis=1))])
    else:
        merged = shapely.line_merge(shapely.multilinestrings(shapely.get_parts(lines)), directed=True)
    if not loose and merged.geom_type != "LineString":
        return None
    drawn_once = shapely.length(shapely.union_all(lines)) >= (1 - OVERLAP) * shapely.length(lines).sum()
    return merged if drawn_once else None


def _inside(areas: NDArray) -> NDArray[np.bool_] | None:
    """(N,) areas that lie within the largest one; None unless all others do, apart from each other, well within."""
    sizes = shapely.area(areas)
    inner = np.arange(len(areas)) != int(sizes.argmax())
    within = shapely.within(areas[inner], areas[~inner][0]).all()
    apart = shapely.area(shapely.union_all(areas[inner])) >= (1 - OVERLAP) * sizes[inner].sum()
    return inner if within and apart and sizes[inner].sum() <= MAX_HOLE * sizes.max() else None


def _settle_holes(out: NDArray, owner: NDArray, index: NDArray, inside: NDArray[np.bool_], rows: NDArray, log: Log,
                  accepted: bool) -> None:  # fmt: skip
    outer = index[~inside][0]
    inner = index[inside]
    owner[inner] = outer
    if accepted:
        out[outer] = shapely.difference(out[outer], shapely.union_all(out[inner]))
        log.repair("hole", row=rows[outer], count=len(index), detail=_list(rows[inner]))
    else:
        log.reject("hole_row", rows[inner], details=str(rows[outer]))


def _list(rows: NDArray) -> str:
    return ", ".join(map(str, rows[:10])) + (", ..." if len(rows) > 10 else "")
