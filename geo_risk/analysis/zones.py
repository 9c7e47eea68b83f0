"""
Cells of polygons and lines with exact weights: the share of each cell an area covers, the metres a line runs in it.

Outlines are walked from cell border to cell border. A piece of an outline that descends by dv within a
cell covers what lies to its right: a part of this cell and the whole of every cell beyond, so a running
sum along each row gives the covered share of every cell, exactly and whatever the shape (the method
font rasterisers use). What lies fully inside is kept as runs of cells, so memory grows with the
outlines and not with the area.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from ..grid import Grid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
GRADES = 5
# A share below this is rounding where an outline only touches a cell.
TOUCH = 1e-9


@dataclass(frozen=True)
class Zones:
    """
    Cells of ``n`` areas.

    ``first`` and ``last`` (R,) are runs of cells of the flat grid, ``last`` not included, that lie ``share`` (R,)
    0-1 within the area; ``start`` (n + 1,) says where the runs of each area begin.
    """

    start: Ints
    first: Ints
    last: Ints
    share: Floats

    @property
    def n(self) -> int:
        """Number of areas."""
        return len(self.start) - 1

    def cells(self) -> Floats:
        """(n,) covered cells of each area, parts counted as parts: area on the grid / cell area."""
        area = (self.last - self.first) * self.share
        return np.bincount(self.areas(), weights=area, minlength=self.n).astype(float)

    def areas(self) -> Ints:
        """(R,) the area each run belongs to."""
        return np.repeat(np.arange(self.n), np.diff(self.start))


def zones(areas: NDArray, grid: Grid) -> Zones:
    """
    The cells of polygons on a grid, each with the share of it that is covered, exact to rounding.

    Parameters
    ----------
    areas
        (n,) valid polygons or multipolygons in the grid's CRS; what is no area, empty or None has no cells.
        Parts beyond the grid have none either.
    """
    parts, of = shapely.get_parts(np.asarray(areas, object), return_index=True)
    while (shapely.get_type_id(parts) > 3).any():  # collections within collections
        parts, inner = shapely.get_parts(parts, return_index=True)
        of = of[inner]
    areal = shapely.get_type_id(parts) == 3
    # Outer rings clockwise as seen on a map, holes the other way: with rows counted southwards the inside is positive.
    parts, of = shapely.orient_polygons(parts[areal], exterior_cw=True), of[areal]
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    pieces = _walked(rings, of[ring_of], grid)
    rows, cols = grid.shape
    order = np.argsort((pieces.owner * rows + pieces.row) * (cols + 1) + pieces.col, kind="stable")
    owner, row, col = pieces.owner[order], pieces.row[order], pieces.col[order]
    owner, first, last, share = _runs(owner, row, col, pieces.down[order], pieces.left[order], cols)
    count = np.bincount(owner, minlength=len(areas))
    return Zones(np.concatenate([[0], np.cumsum(count)]), first, last, share)


@dataclass(frozen=True)
class Pieces:
    """
    Pieces of lines, none of which crosses a cell border, in the order of the lines.

    ``owner`` (P,) number of the line's owner; ``row``, ``col`` (P,) the cell, col -1 where a piece lies west of the
    grid; ``down`` (P,) cells it descends; ``left`` (P,) share of the cell to the left of its middle;
    ``length`` (P,) [cells].
    """

    owner: Ints
    row: Ints
    col: Ints
    down: Floats
    left: Floats
    length: Floats


def line_cells(lines: NDArray, grid: Grid) -> tuple[Ints, Ints, Floats]:
    """
    (line, flat cell, metres) of every stretch of (n,) lines within one cell of the grid, in order along the lines.

    Of multilines all parts count; what lies beyond the grid is left out. Of a line along the border of two
    cells the cell south or east of it is taken.
    """
    parts, of = shapely.get_parts(np.asarray(lines, object), return_index=True)
    pieces = _walked(parts, of, grid)
    inside = (pieces.col >= 0) & (pieces.length > 0)
    flat = pieces.row * grid.shape[1] + pieces.col
    return pieces.owner[inside], flat[inside], pieces.length[inside] * grid.cell_m


def _walked(lines: NDArray, owner: Ints, grid: Grid) -> Pieces:
    xy, line = shapely.get_coordinates(lines, return_index=True)
    u, v = (xy[:, 0] - grid.left) / grid.cell_m, (grid.top - xy[:, 1]) / grid.cell_m
    begins = np.flatnonzero(line[1:] == line[:-1])
    rows, cols = grid.shape
    segments = np.stack([u[begins], v[begins], u[begins + 1], v[begins + 1]], axis=1)
    most = _most_pieces(segments, rows, cols)
    owners, places, values = np.empty(most, np.int64), np.empty((most, 2), np.int64), np.empty((most, 3))
    n = _walk(segments, owner[line[begins]].astype(np.int64), rows, cols, owners, places, values)
    return Pieces(owners[:n], places[:n, 0], places[:n, 1], values[:n, 0], values[:n, 1], values[:n, 2])


@njit(cache=True)
def _most_pieces(segments, rows, cols):
    """No fewer than the pieces `_walk` makes of the segments."""
    n = 0
    for i in range(len(segments)):
        u0, v0, u1, v1 = segments[i]
        down = min(max(v0, v1), rows) - max(min(v0, v1), 0.0)
        if down >= 0 and min(u0, u1) < cols:
            n += int(down) + int(max(0.0, min(max(u0, u1), cols) - max(min(u0, u1), 0.0))) + 6
    return n


@njit(cache=True)
def _walk(segments, owner, rows, cols, owners, places, values):
    """Fills the three arrays with the pieces of the segments; how many there are."""
    n = 0
    for i in range(len(segments)):
        u0, v0, u1, v1 = segments[i]
        if max(v0, v1) < 0 or min(v0, v1) > rows or min(u0, u1) >= cols:
            continue
        slope = (u1 - u0) / (v1 - v0) if v1 != v0 else 0.0
        step = 1 if v1 >= v0 else -1
        v = min(max(v0, 0.0), float(rows))
        end = min(max(v1, 0.0), float(rows))
        # Going up, a start on a border belongs to the row above it.
        row = int(np.floor(v)) if step > 0 else int(np.ceil(v)) - 1
        while True:
            border = float(row + 1 if step > 0 else row)
            to = min(border, end) if step > 0 else max(border, end)
            a = u0 + (v - v0) * slope if v != v0 else u0
            b = u1 if to == v1 else u0 + (to - v0) * slope
            if 0 <= row < rows:
                n = _walk_row(a, v, b, to, row, cols, owner[i], owners, places, values, n)
            if to == end:
                break
            v, row = to, row + step
    return n


@njit(cache=True)
def _walk_row(a, va, b, vb, row, cols, owner, owners, places, values, n):
    """The pieces of a stretch within one row; how many there are by now."""
    step = 1 if b >= a else -1
    slope = (vb - va) / (b - a) if b != a else 0.0
    u, v = a, va
    if u < 0 <= b:  # west of the grid all is one piece
        to, down = 0.0, va - a * slope
        n = _put(-1, u, v, to, down, row, owner, owners, places, values, n)
        u, v = to, down
    col = int(np.floor(min(max(u, -1.0), float(cols)))) if step > 0 else int(np.ceil(min(max(u, 0.0), cols + 1.0))) - 1
    while True:
        border = float(col + 1 if step > 0 else col)
        last = (b <= border if step > 0 else b >= border) or col < 0
        to = b if last else border
        down = vb if last else va + (to - a) * slope
        if col < cols:
            n = _put(col, u, v, to, down, row, owner, owners, places, values, n)
        elif step > 0:
            return n
        if last:
            return n
        u, v, col = to, down, col + step


@njit(cache=True)
def _put(col, u, v, to, down, row, owner, owners, places, values, n):
    owners[n] = owner
    places[n, 0], places[n, 1] = row, col
    values[n, 0] = down - v
    values[n, 1] = (u + to) / 2 - col if col >= 0 else 0.0
    values[n, 2] = np.hypot(to - u, down - v)
    return n + 1


@njit(cache=True)
def _runs(owner, row, col, down, left, cols):
    """(R,) owner, first, last, share of runs of cells, from pieces sorted by owner, row and column."""
    most = 2 * len(owner)
    owners, first, last = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    share = np.empty(most)
    n = i = 0
    while i < len(owner):
        beyond = 0.0  # share of the cells to come that is covered
        j = i
        while j < len(owner) and owner[j] == owner[i] and row[j] == row[i]:
            c, part = col[j], beyond
            while j < len(owner) and col[j] == c and owner[j] == owner[i] and row[j] == row[i]:
                part += down[j] * (1 - left[j])
                beyond += down[j]
                j += 1
            part = min(abs(part), 1.0)
            if c >= 0 and part > TOUCH:
                owners[n], first[n], last[n], share[n] = owner[i], row[i] * cols + c, row[i] * cols + c + 1, part
                n += 1
            same = j < len(owner) and owner[j] == owner[i] and row[j] == row[i]
            until = col[j] if same else cols
            if until > c + 1 and abs(beyond) > TOUCH:
                whole = min(abs(beyond), 1.0)
                owners[n], first[n], last[n] = owner[i], row[i] * cols + c + 1, row[i] * cols + until
                share[n] = 1.0 if whole > 1 - TOUCH else whole
                n += 1
        i = j
    return owners[:n], first[:n], last[:n], share[:n]


def zone_sums(zones: Zones, grade: NDArray[np.uint8], index: NDArray, persons: NDArray | None) -> dict[str, NDArray]:
    """
    Weighted sums over the cells of each area, a partly covered cell counting as that part.

    Parameters
    ----------
    grade, index, persons : (rows, cols)
        Grades 0-4; index 0-100; persons per cell, spread evenly within it, or None.

    Returns
    -------
    dict
        ``cells`` (n, 5) by grade; ``persons`` (n, 5) by grade [persons]; ``index`` (n,) sum of index x share;
        ``weighted`` (n,) sum of index x persons; ``highest`` (n,) highest index of a cell touched, NaN where
        there is none.
    """
    people = np.zeros(1) if persons is None else np.ascontiguousarray(persons, np.float64).reshape(-1)
    return dict(
        zip(
            ("cells", "persons", "index", "weighted", "highest"),
            _sums(
                *(zones.start, zones.first, zones.last, zones.share),
                np.ascontiguousarray(grade).reshape(-1),
                np.ascontiguousarray(index).reshape(-1),
                people,
                persons is not None,
            ),
            strict=True,
        )
    )


@njit(cache=True)
def _sums(start, first, last, share, grade, index, persons, counted):
    n = len(start) - 1
    cells, people = np.zeros((n, GRADES)), np.zeros((n, GRADES))
    total, weighted, highest = np.zeros(n), np.zeros(n), np.full(n, np.nan)
    for zone in range(n):
        top = -np.inf
        for run in range(start[zone], start[zone + 1]):
            part, own = share[run], 0.0
            for cell in range(first[run], last[run]):
                g, value = grade[cell], index[cell]
                cells[zone, g] += part
                own += value
                top = max(top, value)
                if counted:
                    people[zone, g] += part * persons[cell]
                    weighted[zone] += part * persons[cell] * value
            total[zone] += part * own
        if top > -np.inf:
            highest[zone] = top
    return cells, people, total, weighted, highest


def spread(zones: Zones, each: Floats, out: Floats) -> None:
    """Adds ``each`` (n,) of an area to the cells of ``out`` (rows, cols) that it covers, by the share covered."""
    _spread(zones.start, zones.first, zones.last, zones.share, each, out.reshape(-1))


@njit(cache=True)
def _spread(start, first, last, share, each, out):
    for zone in range(len(start) - 1):
        for run in range(start[zone], start[zone + 1]):
            for cell in range(first[run], last[run]):
                out[cell] += each[zone] * share[run]


def covered(zones: Zones, grid: Grid) -> Floats:
    """(rows, cols) share of each cell that the areas cover together; above 1 where they overlap."""
    rows, cols = grid.shape
    change = np.zeros(rows * cols + 1)
    np.add.at(change, zones.first, zones.share)
    np.subtract.at(change, zones.last, zones.share)
    out = np.cumsum(change[:-1]).reshape(rows, cols)
    out[np.abs(out) < TOUCH] = 0.0
    return out
