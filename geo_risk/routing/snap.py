"""Places onto the network: the nearest road edge and the straight leg to it."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from ..errors import CRSError, InputError
from .network import Network
from .speeds import rescue_default

# First radius in which an edge of a choice is sought [m].
_RING_M = 25.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Snapped:
    """
    Points on the network; N points keep their order.

    Parameters
    ----------
    xy : (N, 2)
        The points themselves [m]; NaN where unknown.
    edge : (N,)
        Edge, -1 where no road is near enough.
    offset_m : (N,)
        Position on the edge from its tail [m]; NaN without an edge.
    access_m : (N,)
        Straight distance from the point to there [m]; NaN without an edge.
    """

    xy: Floats
    edge: NDArray[np.int64]
    offset_m: Floats
    access_m: Floats

    def take(self, rows: NDArray | slice) -> Snapped:
        """The points of ``rows``."""
        return Snapped(self.xy[rows], self.edge[rows], self.offset_m[rows], self.access_m[rows])

    def __len__(self) -> int:
        return len(self.edge)


def snap_points(
    network: Network,
    xy: Floats,
    *,
    max_m: float | None = None,
    prefer_main_component: bool = True,
) -> Snapped:
    """
    The nearest open road edge of each point (N, 2) [m], at most ``max_m`` [m] away.

    An edge outside the main strong component (a yard cut off from the streets, an island, a
    one-way stub at the data's border) is taken only where it is nearer than the nearest main edge
    by more than ``prefer_main_m`` of standards/rescue_defaults.csv (50 m). Ties go to the lower
    edge number. Points with NaN coordinates get no edge.
    """
    max_m = rescue_default("access_max_m") if max_m is None else max_m
    xy = np.asarray(xy, float).reshape(-1, 2)
    edge, access = _nearest(network.tree, network.open, xy, max_m)
    if prefer_main_component:
        off = np.flatnonzero((edge >= 0) & ~network.main[edge])
        within = np.minimum(max_m, access[off] + rescue_default("prefer_main_m"))
        main_edge, main_access = _nearest_of(network.tree, network.main, xy[off], access[off], within)
        edge[off], access[off] = (
            np.where(main_edge >= 0, main, now) for main, now in ((main_edge, edge[off]), (main_access, access[off]))
        )
    offset = np.full(len(xy), np.nan)
    found = edge >= 0
    offset[found] = shapely.line_locate_point(network.lines[edge[found]], shapely.points(xy[found]))
    offset[found] = np.clip(offset[found], 0.0, network.metres[edge[found]])
    return Snapped(xy, edge, offset, access)


def snap_frame(network: Network, frame: gpd.GeoDataFrame, what: str, *, max_m: float | None = None) -> Snapped:
    """
    `snap_points` of a layer: points as they are, lines and areas by a point inside them.

    Raises
    ------
    CRSError
        If the layer is not in the network's CRS.
    """
    require_crs(network, frame, what)
    return snap_points(network, frame_points(frame), max_m=max_m)


def require_crs(network: Network, frame: gpd.GeoDataFrame, what: str) -> None:
    """Refuse a layer that is not in the network's CRS (CRSError)."""
    if frame.crs is None or frame.crs != network.crs:
        have = "no CRS" if frame.crs is None else frame.crs.to_string()
        raise CRSError(f"'{what}' has {have}, the roads {network.crs}. Reproject first: frame.to_crs(roads.crs).")


def column_text(frame: gpd.GeoDataFrame, name: str) -> NDArray[np.object_]:
    """(N,) a text column, "" where it or a value is missing."""
    if name not in frame:
        return np.full(len(frame), "", object)
    column = frame[name].astype(object)
    return column.where(column.notna(), "").to_numpy(object)


def frame_points(frame: gpd.GeoDataFrame) -> Floats:
    """(N, 2) one point a row [m]: the point itself, else one inside the line or area; NaN where there is none."""
    shapes = frame.geometry.to_numpy()
    is_point = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    point = np.where(is_point, shapes, shapely.point_on_surface(shapes))
    return np.column_stack([shapely.get_x(point), shapely.get_y(point)])


def access_ms(snapped: Snapped, access_kmh: float | None = None) -> Floats:
    """
    (N,) time over the straight legs [ms]; NaN without an edge.

    ``access_kmh`` is 5 km/h by default: through gates and yards, or on foot.

    Raises
    ------
    InputError
        If the speed is not positive.
    """
    kmh = rescue_default("access_kmh") if access_kmh is None else access_kmh
    if not kmh > 0:
        raise InputError(f"access speed {kmh} km/h: must be positive.")
    return snapped.access_m / kmh * 3600.0


def _nearest(
    tree: shapely.STRtree, allowed: NDArray[np.bool_], xy: Floats, max_m: float
) -> tuple[NDArray[np.int64], Floats]:
    """Nearest edge that is ``allowed`` (e,) and its distance [m], -1 and NaN beyond ``max_m``."""
    edge, distance = np.full(len(xy), -1, np.int64), np.full(len(xy), np.nan)
    known = np.flatnonzero(~np.isnan(xy).any(axis=1))
    (row, hit), far = tree.query_nearest(
        shapely.points(xy[known]), max_distance=max_m, return_distance=True, all_matches=True
    )
    fits = allowed[hit]
    edge[known], distance[known] = _first(len(known), row[fits], hit[fits], far[fits])
    closed = np.full(len(xy), np.nan)
    closed[known[row]] = far
    again = np.flatnonzero((edge < 0) & ~np.isnan(closed))
    limit = np.full(len(again), float(max_m))
    edge[again], distance[again] = _nearest_of(tree, allowed, xy[again], closed[again], limit)
    return edge, distance


def _nearest_of(
    tree: shapely.STRtree, allowed: NDArray[np.bool_], xy: Floats, least_m: Floats, max_m: Floats
) -> tuple[NDArray[np.int64], Floats]:
    """
    Nearest edge that is ``allowed``, of points (N, 2) that have none nearer than ``least_m`` (N,).

    Rings of twice the width are searched one after the other, up to ``max_m`` (N,): one index serves any choice of
    edges.
    """
    edge, distance = np.full(len(xy), -1, np.int64), np.full(len(xy), np.nan)
    radius, open_rows = np.minimum(np.maximum(2 * least_m, _RING_M), max_m), np.arange(len(xy))
    while len(open_rows):
        points = shapely.points(xy[open_rows])
        row, hit = tree.query(points, predicate="dwithin", distance=radius[open_rows])
        row, hit = row[allowed[hit]], hit[allowed[hit]]
        far = shapely.distance(points[row], tree.geometries[hit])
        edge[open_rows], distance[open_rows] = _first(len(open_rows), row, hit, far)
        done = (edge[open_rows] >= 0) | (radius[open_rows] >= max_m[open_rows])
        open_rows = open_rows[~done]
        radius[open_rows] = np.minimum(2 * radius[open_rows], max_m[open_rows])
    return edge, distance


def _first(n: int, row: NDArray, hit: NDArray, far: Floats) -> tuple[NDArray[np.int64], Floats]:
    """For each of ``n`` rows the nearest hit and its distance, ties by the lower number; -1 and NaN without any."""
    edge, distance = np.full(n, -1, np.int64), np.full(n, np.nan)
    order = np.lexsort((hit, far, row))[::-1]
    edge[row[order]], distance[row[order]] = hit[order], far[order]  # the last written is the nearest
    return edge, distance
