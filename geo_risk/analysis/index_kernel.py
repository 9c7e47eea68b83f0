"""
Hazard of many sources on a window of cells: true distances, one fixed order, bounded memory.

A source is cut into straight segments (a point is one of length 0). Its probability in a cell is
p = score/100 * f(d/reach) with f(u) = (1 - u^2)^2 for u < 1, else 0, and d the distance from the
cell's centre to the source's edge, 0 inside a polygon. f falls from 1 to 0 with level ends, so no
ring shows on a map, and needs no square root.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from ..grid import Grid

if TYPE_CHECKING:  # workers import this module and need no tables
    import geopandas as gpd

Floats = NDArray[np.float64]
# A score of 100 is read as a probability just below 1, so that shares stay finite.
P_MAX = 1 - 1e-6
# Cell-segment pairs worked on at once: about 20 MB of temporaries.
_PAIRS = 1 << 17
# A long straight segment is cut so that its bounding box holds few cells beyond its reach.
_SEGMENT_M = 2000.0
# Outlines with more vertices than this are simplified to 1/20 of a cell: their distances are right to
# that, all others exact.
_VERTICES = 40
_SIMPLIFY_CELLS = 1 / 20


@dataclass(frozen=True)
class Window:
    """Cells [row0:row1, col0:col1] of a grid."""

    row0: int
    row1: int
    col0: int
    col1: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.row1 - self.row0, self.col1 - self.col0


@dataclass(frozen=True)
class Members:
    """
    Sources in their fixed order, cut into segments.

    ``segments`` (S, 4) x0, y0, x1, y1 [m]; ``probability`` (S,) score/100; ``reach`` (S,) [m]; ``row`` (S,)
    position of the source in the table given; ``start`` (G + 1,) first segment of each group, groups
    sorted by key; ``boxes`` (G, 4) left, bottom, right, top of each group, reach included;
    ``polygons``: for each group the (polygon, probability, row) whose inside counts fully.
    """

    segments: Floats
    probability: Floats
    reach: Floats
    row: NDArray[np.int64]
    start: NDArray[np.int64]
    boxes: Floats
    polygons: dict[int, list[tuple[shapely.Geometry, float, int]]]


def members(sources: gpd.GeoDataFrame, cell_m: float) -> Members:
    """
    The sources that count (score above 0, with a place), grouped and cut.

    Groups are worked on in the order of their keys, rows without ``group`` in the order of layer and
    id, so the order of the table does not matter.

    Parameters
    ----------
    sources
        ``schema.RESULTS["index_sources"]``, with or without ``group``.
    cell_m
        Cell side [m]; shorter reaches are raised to it, so that no source falls between cell centres.

    Raises
    ------
    InputError
        If a score is not within 0-100, a reach is negative or NaN, or a coordinate is not finite.
    """
    score, reach = sources["score"].to_numpy(float), sources["reach_m"].to_numpy(float)
    bad = ~((score >= 0) & (score <= 100) & (reach >= 0) & np.isfinite(reach))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"index_sources row {first} (id {sources['id'].iloc[first]}): score {score[first]:g}, reach "
            f"{reach[first]:g} m. A score runs from 0 to 100 and a reach is 0 m or more."
        )
    geometry = np.asarray(sources.geometry.array)
    counts = (score > 0) & ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    rows = np.flatnonzero(counts)
    lost = rows[~np.isfinite(shapely.bounds(geometry[rows])).all(axis=1)]
    if len(lost):
        raise InputError(
            f"index_sources row {lost[0]} (id {sources['id'].iloc[lost[0]]}): its coordinates are not finite numbers. "
            "Mend the place in the input, or leave it empty."
        )
    number = _group_numbers(sources, rows)
    order = np.argsort(number, kind="stable")
    rows, number = rows[order], number[order]
    geometry = geometry[rows]
    detailed = shapely.get_num_coordinates(geometry) > _VERTICES
    geometry[detailed] = shapely.simplify(geometry[detailed], cell_m * _SIMPLIFY_CELLS)
    segments, of = _segments(geometry)
    probability = np.minimum(score[rows] / 100, P_MAX)
    used_reach = np.maximum(reach[rows], cell_m)
    start = np.searchsorted(number[of], np.arange(number[-1] + 2 if len(number) else 1))
    polygons: dict[int, list[tuple[shapely.Geometry, float, int]]] = {}
    for part, i in zip(*_polygons(geometry), strict=True):
        polygons.setdefault(int(number[i]), []).append((part, float(probability[i]), int(rows[i])))
    return Members(
        segments, probability[of], used_reach[of], rows[of], start, _boxes(segments, used_reach[of], start), polygons
    )


def survival(members: Members, grid: Grid, window: Window) -> Floats:
    """
    Product over groups of (1 - p) in each cell of the window, p that of the group's strongest member.

    A cell's value depends on nothing but the cell and the sources: any window that holds it gives the same bits.
    """
    out = np.ones(window.shape)
    for _, hit, p in group_probabilities(members, grid, window):
        rows = slice(hit.row0 - window.row0, hit.row1 - window.row0)
        out[rows, hit.col0 - window.col0 : hit.col1 - window.col0] *= 1 - p
    return out


def work(members: Members, grid: Grid) -> int:
    """How many pairs of a cell and a segment that may reach it the whole grid holds; time grows with it."""
    rows, cols = grid.shape
    row0, row1, col0, col1 = _cells(_segment_boxes(members.segments, members.reach), grid, Window(0, rows, 0, cols))
    return int(((row1 - row0) * (col1 - col0)).sum())


def hazard_of(stamped: Members, grid: Grid, window: Window) -> NDArray[np.float32]:
    """Hazard 0-100 of the window's cells, float32."""
    return (100 * (1 - survival(stamped, grid, window))).astype(np.float32)


def group_probabilities(members: Members, grid: Grid, window: Window) -> Iterator[tuple[int, Window, Floats]]:
    """For each group that may reach the window, in order: its number, the cells it may reach, and p there."""
    row0, row1, col0, col1 = _cells(members.boxes, grid, window)
    cells = np.stack(_cells(_segment_boxes(members.segments, members.reach), grid, window))
    for group in np.flatnonzero((row1 > row0) & (col1 > col0)):
        hit = Window(int(row0[group]), int(row1[group]), int(col0[group]), int(col1[group]))
        p = np.zeros(hit.shape)
        _raise_by_segments(p, members, slice(members.start[group], members.start[group + 1]), cells, grid, hit)
        for polygon, probability, _ in members.polygons.get(int(group), ()):
            _raise_inside(p, polygon, probability, grid, hit)
        yield int(group), hit, p


def _group_numbers(sources: gpd.GeoDataFrame, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    if "group" in sources:
        if sources["group"].isna().any():
            raise InputError("index_sources: column group has empty cells; fill them or leave the column out.")
        return np.unique(sources["group"].to_numpy(str)[rows], return_inverse=True)[1].astype(np.int64)
    number = np.empty(len(rows), dtype=np.int64)
    number[np.lexsort((sources["id"].to_numpy(str)[rows], sources["layer"].to_numpy(str)[rows]))] = np.arange(len(rows))
    return number


def _parts(geometry: NDArray) -> tuple[NDArray, NDArray[np.int64]]:
    """Single points, lines and polygons, and the row each is part of."""
    parts, of = shapely.get_parts(geometry, return_index=True)
    while (shapely.get_type_id(parts) > 3).any():  # collections within collections
        parts, inner = shapely.get_parts(parts, return_index=True)
        of = of[inner]
    return parts, of


def _polygons(geometry: NDArray) -> tuple[NDArray, NDArray[np.int64]]:
    parts, of = _parts(geometry)
    areal = shapely.get_type_id(parts) == 3
    return parts[areal], of[areal]


def _segments(geometry: NDArray) -> tuple[Floats, NDArray[np.int64]]:
    """(S, 4) segments of the geometries, boundaries for polygons, and the row (S,) of each, in row order."""
    parts, of = _parts(geometry)
    areal = shapely.get_type_id(parts) == 3
    rings, ring_of = shapely.get_rings(parts[areal], return_index=True)
    lines = np.concatenate([parts[~areal], rings])
    line_of = np.concatenate([of[~areal], of[areal][ring_of]])
    xy, i = shapely.get_coordinates(lines, return_index=True)
    single = np.bincount(i, minlength=len(lines))[i] == 1
    step = np.flatnonzero(i[1:] == i[:-1])
    segments = np.concatenate([np.hstack([xy[step], xy[step + 1]]), np.hstack([xy[single], xy[single]])])
    row = np.concatenate([line_of[i[step]], line_of[i[single]]])
    segments, piece_of = _cut(segments)
    row = row[piece_of]
    order = np.argsort(row, kind="stable")
    return segments[order], row[order]


def _cut(segments: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Pieces of at most `_SEGMENT_M`, and the segment each is a piece of."""
    start, step = segments[:, :2], segments[:, 2:] - segments[:, :2]
    pieces = np.maximum(1, np.ceil(np.hypot(step[:, 0], step[:, 1]) / _SEGMENT_M)).astype(np.int64)
    of = np.repeat(np.arange(len(segments)), pieces)
    k = np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    begin, end = (k / pieces[of])[:, None], ((k + 1) / pieces[of])[:, None]
    return np.hstack([start[of] + begin * step[of], start[of] + end * step[of]]), of


def _boxes(segments: Floats, reach: Floats, start: NDArray[np.int64]) -> Floats:
    if not len(segments):
        return np.empty((0, 4))
    boxes = _segment_boxes(segments, reach)
    low, high = boxes[:, :2], boxes[:, 2:]
    return np.hstack([np.minimum.reduceat(low, start[:-1]), np.maximum.reduceat(high, start[:-1])])


def _segment_boxes(segments: Floats, reach: Floats) -> Floats:
    """(S, 4) left, bottom, right, top of each segment, reach included."""
    low, high = np.minimum(segments[:, :2], segments[:, 2:]), np.maximum(segments[:, :2], segments[:, 2:])
    return np.hstack([low - reach[:, None], high + reach[:, None]])


def _cells(boxes: Floats, grid: Grid, window: Window) -> tuple[NDArray[np.int64], ...]:
    """row0, row1, col0, col1 of the window's cells whose centres lie in the boxes (a cell too many at most)."""
    col0 = np.floor((boxes[:, 0] - grid.left) / grid.cell_m - 0.5).clip(window.col0, window.col1)
    col1 = (np.ceil((boxes[:, 2] - grid.left) / grid.cell_m - 0.5) + 1).clip(window.col0, window.col1)
    row0 = np.floor((grid.top - boxes[:, 3]) / grid.cell_m - 0.5).clip(window.row0, window.row1)
    row1 = (np.ceil((grid.top - boxes[:, 1]) / grid.cell_m - 0.5) + 1).clip(window.row0, window.row1)
    return row0.astype(np.int64), row1.astype(np.int64), col0.astype(np.int64), col1.astype(np.int64)


def _raise_by_segments(
    p: Floats, members: Members, which: slice, cells: NDArray[np.int64], grid: Grid, hit: Window
) -> None:
    """p[cell] = the largest of p[cell] and every segment's probability there; ``cells`` (4, S) as of `_cells`."""
    segments, reach, probability = members.segments[which], members.reach[which], members.probability[which]
    row0, row1, col0, col1 = cells[:, which]
    width = col1 - col0
    count = (row1 - row0) * width
    flat = p.reshape(-1)
    for batch in _batches(count):
        visits = count[batch]
        of = np.repeat(batch, visits)
        k = np.arange(len(of)) - np.repeat(np.cumsum(visits) - visits, visits)
        down, right = np.divmod(k, width[of])
        row, col = row0[of] + down, col0[of] + right
        x = grid.left + (col + 0.5) * grid.cell_m
        y = grid.top - (row + 0.5) * grid.cell_m
        u2 = _squared_distance(x, y, segments[of]) / (reach * reach)[of]
        value = probability[of] * np.square(np.maximum(1 - u2, 0.0))
        np.maximum.at(flat, (row - hit.row0) * hit.shape[1] + (col - hit.col0), value)


def _batches(count: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Segments with cells to visit, about `_PAIRS` pairs at a time (one segment at least)."""
    live = np.flatnonzero(count)
    total = np.cumsum(count[live])
    if len(live) and total[-1] < _PAIRS:
        yield live
    elif len(live):
        yield from np.split(live, np.flatnonzero(np.diff(total // _PAIRS)) + 1)


def _squared_distance(x: Floats, y: Floats, segments: Floats) -> Floats:
    x0, y0 = segments[:, 0], segments[:, 1]
    dx, dy = segments[:, 2] - x0, segments[:, 3] - y0
    length2 = dx * dx + dy * dy
    along = ((x - x0) * dx + (y - y0) * dy) / np.where(length2 > 0, length2, 1.0)
    along = np.clip(along, 0.0, 1.0)
    away_x, away_y = x - x0 - along * dx, y - y0 - along * dy
    return away_x * away_x + away_y * away_y


def _raise_inside(p: Floats, polygon: shapely.Geometry, probability: float, grid: Grid, hit: Window) -> None:
    row0, row1, col0, col1 = (int(n[0]) for n in _cells(np.array([polygon.bounds]), grid, hit))
    x, y = np.meshgrid(
        grid.left + (np.arange(col0, col1) + 0.5) * grid.cell_m, grid.top - (np.arange(row0, row1) + 0.5) * grid.cell_m
    )
    inside = shapely.contains_xy(polygon, x, y)
    view = p[row0 - hit.row0 : row1 - hit.row0, col0 - hit.col0 : col1 - hit.col0]
    view[inside] = np.maximum(view[inside], probability)
