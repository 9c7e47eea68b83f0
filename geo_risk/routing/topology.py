"""From drawn lines to a graph: which vertices are junctions, and how loose ends are tied up.

Lines are one flat vertex array, so that merging ends, connecting loose ends and cutting crossings
are the same operation (vertices moved or inserted), done before the lines are split into edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

# Two vertices are the same junction when they agree to this [m]: finer than any survey, coarser
# than the noise of reprojection.
RESOLUTION_M = 0.01

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Lines:
    """
    Polylines as flat arrays.

    Parameters
    ----------
    xy : (c, 2)
        Vertices [m], rounded to `RESOLUTION_M`, no vertex equal to the one before it on its line.
    line : (c,)
        Line of each vertex, rising; vertices of a line are in drawing order.
    road : (l,)
        Row of the roads layer of each line.
    """

    xy: Floats
    line: Ints
    road: Ints

    @property
    def first(self) -> Ints:
        """(l,) index of the first vertex of each line."""
        return np.searchsorted(self.line, np.arange(len(self.road)))

    @property
    def last(self) -> Ints:
        """(l,) index of the last vertex of each line."""
        return np.searchsorted(self.line, np.arange(len(self.road)), side="right") - 1

    @property
    def shapes(self) -> NDArray[np.object_]:
        """(l,) shapely LineStrings."""
        return shapely.linestrings(self.xy, indices=self.line)


def clean_lines(xy: Floats, line: Ints, road: Ints) -> Lines:
    """Round, drop repeated vertices and lines shorter than `RESOLUTION_M`; their roads are no longer in ``road``."""
    xy = np.rint(np.asarray(xy, float) / RESOLUTION_M) * RESOLUTION_M
    repeated = np.zeros(len(xy), bool)
    repeated[1:] = (line[1:] == line[:-1]) & (vertex_ids(xy)[1:] == vertex_ids(xy)[:-1])
    xy, line = xy[~repeated], line[~repeated]
    counts = np.bincount(line, minlength=len(road))
    keep = counts >= 2
    renumber = np.cumsum(keep) - 1
    return Lines(xy[keep[line]], renumber[line[keep[line]]], road[keep])


def lines_of(geometry: NDArray) -> Lines:
    """Lines of (r,) LineStrings and MultiLineStrings; missing and empty ones give none."""
    parts, road = shapely.get_parts(geometry, return_index=True)
    xy, line = shapely.get_coordinates(parts, return_index=True)
    return clean_lines(xy, line.astype(np.int64), road.astype(np.int64))


def vertex_ids(xy: Floats) -> Ints:
    """(c,) the same number for vertices equal to `RESOLUTION_M`, numbered by easting, then northing."""
    if not len(xy):
        return np.empty(0, np.int64)
    cells = np.rint(xy / RESOLUTION_M).astype(np.int64)
    cells -= cells.min(axis=0)
    keys = cells[:, 0] * (cells[:, 1].max() + 1) + cells[:, 1]
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def weak_parts(lines: Lines) -> Ints:
    """(l,) label of the connected part of each line, directions ignored."""
    ids = vertex_ids(lines.xy)
    n_vertices = int(ids.max(initial=-1)) + 1
    n = len(lines.road) + n_vertices
    graph = coo_array((np.ones(len(ids), bool), (lines.line, len(lines.road) + ids)), shape=(n, n))
    return connected_components(graph, directed=False)[1][: len(lines.road)].astype(np.int64)


def loose_ends(lines: Lines) -> Ints:
    """Indices of end vertices that no other vertex coincides with."""
    ids = vertex_ids(lines.xy)
    ends = np.unique(np.concatenate([lines.first, lines.last]))
    return ends[np.bincount(ids)[ids[ends]] == 1] if len(ends) else ends


def merge_ends(lines: Lines, snap_m: float) -> tuple[Lines, int]:
    """
    Move line ends closer than ``snap_m`` [m] to each other onto one point.

    Chains of ends merge as one; the point kept is the westernmost of them (then southernmost).
    Returns the lines and the number of ends moved. Lines that shrink to a point vanish.
    """
    ends = np.unique(np.concatenate([lines.first, lines.last]))
    if snap_m <= 0 or not len(ends):
        return lines, 0
    pairs = cKDTree(lines.xy[ends]).query_pairs(snap_m, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(ends),) * 2)
    cluster = connected_components(graph, directed=False)[1]
    order = np.lexsort((lines.xy[ends, 1], lines.xy[ends, 0], cluster))
    starts = np.concatenate([[True], np.diff(cluster[order]) > 0])
    chosen = np.empty(len(ends), np.int64)
    chosen[order] = order[np.flatnonzero(starts)][np.cumsum(starts) - 1]
    xy = lines.xy.copy()
    xy[ends] = lines.xy[ends[chosen]]
    moved = int((xy[ends] != lines.xy[ends]).any(axis=1).sum())
    return clean_lines(xy, lines.line, lines.road), moved


def connect_ends(lines: Lines, connect_m: float) -> tuple[Lines, int]:
    """
    Extend loose ends to the nearest line of another connected part within ``connect_m`` [m].

    Only lines of another part are candidates, so that a dead end is never joined to the street
    behind it. Returns the lines and the number of ends connected.
    """
    ends = loose_ends(lines)
    if connect_m <= 0 or not len(ends):
        return lines, 0
    part, shapes = weak_parts(lines), lines.shapes
    points = shapely.points(lines.xy[ends])
    i, near = shapely.STRtree(shapes).query(points, predicate="dwithin", distance=connect_m)
    other = part[lines.line[ends[i]]] != part[near]
    i, near = i[other], near[other]
    order = np.lexsort((near, shapely.distance(points[i], shapes[near]), i))
    i, near = i[order], near[order]
    nearest = np.concatenate([[True], np.diff(i) > 0])[: len(i)]
    i, near = i[nearest], near[nearest]
    along = shapely.line_locate_point(shapes[near], points[i])
    target = shapely.get_coordinates(shapely.line_interpolate_point(shapes[near], along))
    own = lines.line[ends[i]]
    at_start = lines.first[own] == ends[i]
    beyond = np.where(at_start, -1.0, shapely.length(shapes[own]) + 1.0)
    lines = insert_vertices(
        lines, np.concatenate([near, own]), np.concatenate([along, beyond]), np.concatenate([target, target])
    )
    return lines, len(i)


def crossing_points(lines: Lines, deck: NDArray) -> tuple[Ints, Ints, Floats]:
    """
    Where two lines of the same deck meet without a vertex common to both.

    ``deck`` (l,) tells bridges, tunnels and levels apart. Returns the two lines and the point of
    each crossing: (p,), (p,), (p, 2). Stretches drawn twice count at both their ends.
    """
    shapes = lines.shapes
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pair = (a < b) & (deck[a] == deck[b])
    a, b = a[pair], b[pair]
    pieces, index = shapely.get_parts(shapely.intersection(shapes[a], shapes[b]), return_index=True)
    stretch = shapely.get_type_id(pieces) == shapely.GeometryType.LINESTRING
    pieces[stretch] = shapely.boundary(pieces[stretch])
    xy, piece = shapely.get_coordinates(pieces, return_index=True)
    index = index[piece]
    xy = np.rint(xy / RESOLUTION_M) * RESOLUTION_M
    ids = vertex_ids(np.concatenate([lines.xy, xy]))
    known, point = ids[: len(lines.xy)], ids[len(lines.xy) :]
    n = int(ids.max(initial=-1)) + 1
    vertices = np.unique(lines.line * n + known)
    shared = np.isin(a[index] * n + point, vertices) & np.isin(b[index] * n + point, vertices)
    return a[index][~shared], b[index][~shared], xy[~shared]


def split_crossings(lines: Lines, deck: NDArray) -> tuple[Lines, int]:
    """Give crossing lines of the same deck a common vertex; the lines and the number of crossings so joined."""
    a, b, xy = crossing_points(lines, deck)
    line, points = np.concatenate([a, b]), np.concatenate([xy, xy])
    along = shapely.line_locate_point(lines.shapes[line], shapely.points(points))
    return insert_vertices(lines, line, along, points), len(a)


def insert_vertices(lines: Lines, line: Ints, along: Floats, xy: Floats) -> Lines:
    """``lines`` with new vertices ``xy`` (p, 2) on ``line`` (p,) at ``along`` (p,) [m] from its start."""
    step = np.hypot(*np.diff(lines.xy, axis=0, prepend=lines.xy[:1]).T)
    step[lines.first] = 0.0
    run = np.cumsum(step)
    run -= run[lines.first][lines.line]
    all_xy, all_line = np.concatenate([lines.xy, xy]), np.concatenate([lines.line, line])
    order = np.lexsort((np.concatenate([run, along]), all_line))
    return clean_lines(all_xy[order], all_line[order], lines.road)


def undirected_keys(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """(l,) bytes equal for lines drawn alike in either direction; (l,) whether the line is drawn as in its bytes."""
    there, back = shapely.to_wkb(shapes), shapely.to_wkb(shapely.reverse(shapes))
    return np.minimum(there, back), there <= back


def ranges(start: Ints, count: Ints) -> Ints:
    """start[0], start[0] + 1, ... (count[0] of them), start[1], ...: the concatenated index ranges."""
    ends = np.cumsum(count)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(start - (ends - count), count)


def _along_hilbert(xy: Floats) -> Ints:
    """Order of points along a Hilbert curve over them; equal cells keep their order."""
    if not len(xy):
        return np.empty(0, np.int64)
    low, high = xy.min(axis=0), xy.max(axis=0)
    square = (*low, *(low + max((high - low).max(), RESOLUTION_M)))
    points = gpd.GeoSeries(gpd.points_from_xy(*xy.T))
    return np.argsort(points.hilbert_distance(total_bounds=square, level=16).to_numpy(), kind="stable")


def split_at_junctions(lines: Lines) -> tuple[Floats, Ints, Ints, Ints, Floats, Ints]:
    """
    Cut lines at their ends and at every vertex used more than once.

    Returns
    -------
    nodes (n, 2) [m] along a Hilbert curve, so that neighbours are near each other in memory; tail (e,),
    head (e,) node numbers; line (e,); coords (c, 2) and offsets (e + 1,): edge i is
    ``coords[offsets[i]:offsets[i + 1]]``, tail to head.
    """
    ids = vertex_ids(lines.xy)
    is_node = np.bincount(ids)[ids] > 1 if len(ids) else np.empty(0, bool)
    is_node[lines.first] = is_node[lines.last] = True
    at = np.flatnonzero(is_node)
    _, index, number = np.unique(ids[at], return_index=True, return_inverse=True)
    order = _along_hilbert(lines.xy[at[index]])
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    index, number = index[order], rank[number]
    same = lines.line[at[:-1]] == lines.line[at[1:]]
    start, stop = at[:-1][same], at[1:][same]
    count = stop - start + 1
    coords = lines.xy[ranges(start, count)]
    offsets = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return lines.xy[at[index]], number[:-1][same], number[1:][same], lines.line[start], coords, offsets
