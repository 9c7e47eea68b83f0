"""The ground of a region as a grid of places beside the roads, and areas of equal cells without slivers or gaps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..grid import Grid, grid_of
from .network import Network
from .snap import Snapped

CELL_M = 50.0
MAX_CELLS = 600_000  # the cells grow where the region is too large for this many
SPECK_CELLS = 8  # smaller patches are given to what surrounds them
_SMOOTH = 1.0  # cells: how far outlines are straightened


class Ground(NamedTuple):
    """A grid that covers the boundary, and its cell centres (rows * cols,) on the nearest open road."""

    grid: Grid
    at: Snapped


def ground_of(network: Network, boundary: shapely.Geometry, cell_m: float = CELL_M) -> Ground:
    """
    The cells of a region, each on the nearest open road, wherever that is (true to half a cell along the road).

    ``access_m`` is the straight distance of the centre from there.
    """
    left, bottom, right, top = boundary.bounds
    while (right - left) * (top - bottom) / cell_m**2 > MAX_CELLS:
        cell_m *= 1.25
    grid = grid_of((left - cell_m, bottom - cell_m, right + cell_m, top + cell_m), cell_m, network.crs)
    edges = np.flatnonzero(network.open)
    count = np.maximum(1, np.ceil(network.metres[edges] / (cell_m / 2))).astype(np.int64)
    edge = np.repeat(edges, count)
    rank = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    offset = (rank + 0.5) / np.repeat(count, count) * network.metres[edge]
    axis = network.mileage[network.offsets[edge]] + offset
    xy = np.column_stack([np.interp(axis, network.mileage, c) for c in network.coords.T])
    x, y = np.meshgrid(grid.x, grid.y)
    centres = np.column_stack([x.ravel(), y.ravel()])
    far, nearest = cKDTree(xy).query(centres)
    return Ground(grid, Snapped(centres, edge[nearest], offset[nearest], far))


def areas_of(values: NDArray[np.int32], grid: Grid, count: int) -> NDArray[np.object_]:
    """
    (count,) MultiPolygons of the cells with the values 0 to count - 1; together they are the grid, without overlaps.

    Patches of fewer than `SPECK_CELLS` cells join their largest neighbour; outlines are straightened together.
    """
    from affine import Affine
    from rasterio.features import shapes, sieve

    merged = sieve(values.astype(np.int32), SPECK_CELLS, connectivity=4)
    patches = list(shapes(merged, connectivity=4, transform=Affine.identity()))
    polygons = [shapely.Polygon(s["coordinates"][0], s["coordinates"][1:]) for s, _ in patches]
    owner = np.array([int(value) for _, value in patches])
    # Neighbours must share every vertex of a common border: one at each corner of a cell, then those not needed go.
    dense = shapely.transform(shapely.segmentize(np.array(polygons, object), 1.0), np.rint)
    simple = shapely.coverage_simplify(dense, _SMOOTH)
    moved = shapely.transform(
        simple, lambda c: np.column_stack([grid.left + c[:, 0] * grid.cell_m, grid.top - c[:, 1] * grid.cell_m])
    )
    out = np.full(count, None, object)
    for value in range(count):
        out[value] = shapely.multipolygons(moved[owner == value])
    return out


def without_specks(shapes: NDArray[np.object_], least_m2: float) -> NDArray[np.object_]:
    """(N,) the areas without the pieces below ``least_m2`` [m2], such as a border leaves that cuts the cells."""
    piece, row = shapely.get_parts(shapes, return_index=True)
    kept = (shapely.area(piece) >= least_m2) & (shapely.get_dimensions(piece) == 2)
    return np.array([shapely.multipolygons(piece[kept & (row == i)]) for i in range(len(shapes))] + [None], object)[:-1]


def joined_specks(shapes: NDArray[np.object_], least_m2: float) -> NDArray[np.object_]:
    """
    (N,) areas that do not overlap, with pieces below ``least_m2`` [m2] given to the neighbour of the longest border.

    A piece that borders on no larger one stays where it is.
    """
    piece, row = shapely.get_parts(shapes, return_index=True)
    solid = shapely.get_dimensions(piece) == 2
    piece, row = piece[solid], row[solid]
    settled = shapely.area(piece) >= least_m2
    small, owner, tree = np.flatnonzero(~settled), row.copy(), shapely.STRtree(piece)
    left = small
    while len(left):  # a speck among specks waits until one of them has found its place
        for i in left:
            near = tree.query(piece[i], predicate="intersects")
            near = near[settled[near]]
            border = shapely.length(shapely.intersection(piece[near], shapely.boundary(piece[i])))
            if border.max(initial=0.0) > 0:
                owner[i], settled[i] = owner[near[border.argmax()]], True
        if settled[left].sum() == 0:
            break
        left = left[~settled[left]]
    out = shapes.copy()
    for value in sorted({*owner[small].tolist(), *row[small].tolist()}):
        out[value] = shapely.multipolygons(shapely.get_parts(shapely.union_all(piece[owner == value])))
    return out
