"""
The index at sample cells for other weights, cuts, scores, reaches and cell sizes, in milliseconds each.

Distances do not change when scores or weights do. So the distance of every sample cell to every source
that may reach it is kept, and a sample of the factors is one pass over these pairs. In each square block
of cells one cell, drawn once, stands for the block's area and the one with most residents for its
residents; both are true cells of the grid, so their index is the map's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from ..errors import InputError
from ..grid import Grid
from ..sections import RiskSettings
from .exposure import exposure_on_grid
from .index_kernel import P_MAX, Members, members
from .index_sources import SOURCE_LAYERS
from .zones import GRADES, zones

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Cell sides that are tried, as multiples of the grid's own.
CELL_STEPS = (1, 2, 4)
# More blocks give finer shares and take longer: with these a share of 1 % of 50 km2 is right to about 0.15 %.
_BLOCKS = 150_000


@dataclass(frozen=True)
class Blocks:
    """
    Sample cells of a grid and what they stand for.

    ``row``, ``col`` (P,) the cells; ``of`` (rows, cols, 2) of the blocks, the sample cell for area and for residents,
    -1 where there is none; ``side`` [cells] of a block; ``zone``, ``point`` (Q,) which cell stands for a part of which
    district; ``area`` [cells], ``persons`` (Q,) of that part.
    """

    row: Ints
    col: Ints
    of: Ints
    side: int
    zone: Ints
    point: Ints
    area: Floats
    persons: Floats


@dataclass(frozen=True)
class Pairs:
    """
    Sample cells, and the sources that may reach them, at one size of cell.

    ``density``, ``sensitive`` (P,) persons/ha; ``start`` (P + 1,) first pair of each cell; ``variant`` and ``squared``
    (N,) source and squared distance [m2], those of one group together; of each source ``group``, ``layer``
    (position in `SOURCE_LAYERS`), ``probability`` 0-1 and ``reach`` [m]; ``cell_m``.
    """

    density: Floats
    sensitive: Floats
    start: Ints
    variant: NDArray[np.int32]
    squared: NDArray[np.float32]
    group: Ints
    layer: Ints
    probability: Floats
    reach: Floats
    cell_m: float


def blocks(districts: gpd.GeoDataFrame, persons: NDArray | None, grid: Grid, seed: int) -> Blocks:
    """Sample cells for the districts; ``persons`` (rows, cols) residents per cell, or None."""
    rows, cols = grid.shape
    side = CELL_STEPS[-1] * max(1, int(np.ceil(np.sqrt(rows * cols / _BLOCKS) / CELL_STEPS[-1])))
    shape = (-(-rows // side), -(-cols // side))
    coarse = Grid(grid.crs, grid.left, grid.top, grid.cell_m * side, shape)
    found = zones(np.asarray(districts.geometry.array), coarse)
    length = found.last - found.first
    block = np.repeat(found.first, length) + _within(length)
    zone, share = np.repeat(found.areas(), length), np.repeat(found.share, length)
    used = np.unique(block)
    down, right = np.divmod(used, shape[1])
    rng = np.random.default_rng(seed)
    # Drawn for every block, so that a cell does not depend on which districts there are.
    drawn = rng.random((*shape, 2))[down, right]
    row = down * side + (drawn[:, 0] * np.minimum(side, rows - down * side)).astype(np.int64)
    col = right * side + (drawn[:, 1] * np.minimum(side, cols - right * side)).astype(np.int64)
    of = np.full((*shape, 2), -1, np.int64)
    of[down, right, 0] = np.arange(len(used))
    area = share * side**2
    people = np.zeros(len(block))
    if persons is None:
        return Blocks(row, col, of, side, zone, of.reshape(-1, 2)[block, 0], area, people)
    total, most_row, most_col = _most_populous(persons, shape, side)
    live = np.flatnonzero(total[down, right] > 0)
    of[down[live], right[live], 1] = len(used) + np.arange(len(live))
    row = np.concatenate([row, most_row[down[live], right[live]]])
    col = np.concatenate([col, most_col[down[live], right[live]]])
    here = of.reshape(-1, 2)[block, 1] >= 0
    crowd = (share * total.reshape(-1)[block])[here]
    return Blocks(
        *(row, col, of, side, np.concatenate([zone, zone[here]])),
        np.concatenate([of.reshape(-1, 2)[block, 0], of.reshape(-1, 2)[block[here], 1]]),
        np.concatenate([area, np.zeros(len(crowd))]),
        np.concatenate([people, crowd]),
    )


def _within(length: Ints) -> Ints:
    return np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)


def _most_populous(persons: NDArray, shape: tuple[int, int], side: int) -> tuple[NDArray, NDArray, NDArray]:
    """Residents of each block, and row and column of its cell with most of them."""
    padded = np.zeros((shape[0] * side, shape[1] * side))
    padded[: persons.shape[0], : persons.shape[1]] = persons
    cells = padded.reshape(shape[0], side, shape[1], side).transpose(0, 2, 1, 3).reshape(*shape, side * side)
    down, right = np.divmod(cells.argmax(axis=2), side)
    rows, cols = np.indices(shape)
    return cells.sum(axis=2), rows * side + down, cols * side + right


def pairs(
    chosen: Blocks,
    sources: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    grid: Grid,
    step: int,
    settings: RiskSettings,
    longest: float,
) -> Pairs:
    """Sample cells at ``step`` times the grid's cell, with all sources whose reach times ``longest`` touches them."""
    rows, cols = grid.shape
    whole = Grid(grid.crs, grid.left, grid.top, grid.cell_m * step, (-(-rows // step), -(-cols // step)))
    terms = exposure_on_grid(layers, whole, settings)
    row, col = chosen.row // step, chosen.col // step
    x, y = whole.x[col], whole.y[row]
    stamped = members(sources, grid.cell_m)
    layer = sources["layer"].map({name: i for i, name in enumerate(SOURCE_LAYERS)}).to_numpy(np.int64)
    raw = sources["reach_m"].to_numpy(float)
    variant, group, first = _variants(stamped, layer, raw)
    reach = np.maximum(raw[stamped.row[first]] * longest, whole.cell_m)
    order = np.argsort(variant, kind="stable")
    start = np.searchsorted(variant[order], np.arange(len(first) + 1))
    corner = (grid.left, grid.top, grid.cell_m * chosen.side)
    point, source, squared = _near(stamped.segments[order], start, reach, chosen.of, *corner, x, y)
    inside = _inside(stamped, variant, x, y)
    point = np.concatenate([point, inside[0]])
    source = np.concatenate([source, inside[1]])
    squared = np.concatenate([squared, np.zeros(len(inside[0]), np.float32)])
    order = np.argsort(point * len(first) + source, kind="stable")
    return Pairs(
        terms.density[row, col].astype(float),
        terms.sensitive[row, col].astype(float),
        np.searchsorted(point[order], np.arange(len(x) + 1)),
        source[order].astype(np.int32),
        squared[order],
        *(group, layer[stamped.row[first]], stamped.probability[first], raw[stamped.row[first]]),
        whole.cell_m,
    )


def _variants(stamped: Members, layer: Ints, raw: Floats) -> tuple[Ints, Ints, Ints]:
    """Number of each segment's (group, layer, score, reach), and of each such its group and first segment."""
    group = np.repeat(np.arange(len(stamped.start) - 1), np.diff(stamped.start))
    key = np.stack([group, layer[stamped.row], stamped.probability, raw[stamped.row]], axis=1)
    _, first, number = np.unique(key, axis=0, return_index=True, return_inverse=True)
    return number.reshape(-1), group[first], first


def _inside(stamped: Members, variant: Ints, x: Floats, y: Floats) -> tuple[Ints, Ints]:
    """(cell, source) where a cell's centre lies in a polygon of a source."""
    listed = [(area, row) for areas in stamped.polygons.values() for area, _, row in areas]
    if not listed:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    of_row = dict(zip(stamped.row.tolist(), variant.tolist(), strict=True))
    area, point = shapely.STRtree(shapely.points(x, y)).query([a for a, _ in listed], predicate="contains")
    return point, np.array([of_row[row] for _, row in listed], np.int64)[area]


@njit(cache=True)
def _near(segments, start, reach, of, left, top, side, x, y):
    """(cell, source, squared distance) of all pairs within reach of the sources, whose segments lie together."""
    nearest = np.full(len(x), np.inf)
    touched = np.empty(len(x), np.int64)
    most, n = 1 << 16, 0
    cell, source, squared = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.float32)
    rows, cols = of.shape[:2]
    for v in range(len(start) - 1):
        far, met = reach[v] * reach[v], 0
        for s in range(start[v], start[v + 1]):
            x0, y0, x1, y1 = segments[s]
            r0 = max(0, int(np.floor((top - max(y0, y1) - reach[v]) / side)))
            r1 = min(rows, int(np.floor((top - min(y0, y1) + reach[v]) / side)) + 1)
            c0 = max(0, int(np.floor((min(x0, x1) - reach[v] - left) / side)))
            c1 = min(cols, int(np.floor((max(x0, x1) + reach[v] - left) / side)) + 1)
            for r in range(r0, r1):
                for c in range(c0, c1):
                    for k in range(2):
                        p = of[r, c, k]
                        if p < 0:
                            continue
                        d2 = _squared(x[p], y[p], x0, y0, x1, y1)
                        if d2 < far:
                            if nearest[p] == np.inf:
                                touched[met] = p
                                met += 1
                            nearest[p] = min(nearest[p], d2)
        if n + met > most:
            most = 2 * (n + met)
            cell, source, squared = _longer(cell, n, most), _longer(source, n, most), _longer(squared, n, most)
        for i in range(met):
            p = touched[i]
            cell[n], source[n], squared[n] = p, v, nearest[p]
            nearest[p] = np.inf
            n += 1
    return cell[:n], source[:n], squared[:n]


@njit(cache=True)
def _longer(array, n, most):
    out = np.empty(most, array.dtype)
    out[:n] = array[:n]
    return out


@njit(cache=True)
def _squared(x, y, x0, y0, x1, y1):
    dx, dy = x1 - x0, y1 - y0
    length2 = dx * dx + dy * dy
    along = min(max(((x - x0) * dx + (y - y0) * dy) / length2, 0.0), 1.0) if length2 > 0 else 0.0
    away_x, away_y = x - x0 - along * dx, y - y0 - along * dy
    return away_x * away_x + away_y * away_y


def index_at(
    at: Pairs, scores: Floats, reach: float, weights: tuple[float, float, float], scales: tuple[float, float]
) -> NDArray[np.float32]:
    """
    (P,) index 0-100 of the sample cells.

    Parameters
    ----------
    scores, reach
        What the scores of each of `SOURCE_LAYERS` and all reaches are multiplied by.
    weights, scales
        Base, population, sensitivity; density scales [persons/ha].

    Raises
    ------
    InputError
        If there is not one factor a layer: compiled code would read beyond the array.
    """
    if len(scores) != len(SOURCE_LAYERS):
        raise InputError(f"{len(scores)} factors of scores; one is needed for each of {', '.join(SOURCE_LAYERS)}.")
    sources = (at.group, at.layer, at.probability, at.reach)
    exposure = (at.density, at.sensitive, *weights, *scales)
    return _index(at.start, at.variant, at.squared, *sources, scores, reach, at.cell_m, *exposure)


@njit(cache=True, nogil=True)
def _index(start, variant, squared, group, layer, probability, reach, scores, factor, least,
           density, sensitive, w0, wp, ws, scale_p, scale_s):  # fmt: skip
    over = np.empty(len(reach))
    level = np.empty(len(reach))
    for v in range(len(reach)):
        over[v] = 1.0 / max(reach[v] * factor, least) ** 2
        level[v] = min(probability[v] * scores[layer[v]], P_MAX)
    out = np.zeros(len(start) - 1, np.float32)
    for p in range(len(out)):
        survival, i = 1.0, start[p]
        while i < start[p + 1]:
            own, best = group[variant[i]], 0.0
            while i < start[p + 1] and group[variant[i]] == own:
                u2 = squared[i] * over[variant[i]]
                if u2 < 1.0:
                    best = max(best, level[variant[i]] * (1.0 - u2) * (1.0 - u2))
                i += 1
            survival *= 1.0 - best
        if survival < 1.0:
            exposed = w0 + wp * (1 - np.exp(-density[p] / scale_p)) + ws * (1 - np.exp(-sensitive[p] / scale_s))
            out[p] = min(100.0, 100.0 * (1.0 - survival) * exposed)
    return out


def sums_by_grade(chosen: Blocks, grade: NDArray[np.uint8], n: int) -> tuple[Floats, Floats]:
    """(n, 5) area [cells] and residents of each district by the grade (P,) of the sample cells."""
    key = chosen.zone * GRADES + grade[chosen.point]
    area, persons = (
        np.bincount(key, w, n * GRADES).reshape(n, GRADES).astype(float) for w in (chosen.area, chosen.persons)
    )
    return area, persons
