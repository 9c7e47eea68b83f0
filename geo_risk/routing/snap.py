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
    edge, access = _nearest(*network.open_tree, xy, max_m)
    if prefer_main_component and not network.main[edge[edge >= 0]].all():
        main_edge, main_access = _nearest(*network.main_tree, xy, max_m)
        better = (main_edge >= 0) & (main_access - access <= rescue_default("prefer_main_m"))
        edge, access = np.where(better, main_edge, edge), np.where(better, main_access, access)
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


def _nearest(tree: shapely.STRtree, edges: NDArray, xy: Floats, max_m: float) -> tuple[NDArray[np.int64], Floats]:
    """Nearest of the ``edges`` in ``tree`` and its distance [m], -1 and NaN beyond ``max_m``."""
    edge, distance = np.full(len(xy), -1, np.int64), np.full(len(xy), np.nan)
    known = np.flatnonzero(~np.isnan(xy).any(axis=1))
    if not len(known) or not len(edges):
        return edge, distance
    (row, hit), far = tree.query_nearest(
        shapely.points(xy[known]), max_distance=max_m, return_distance=True, all_matches=True
    )
    order = np.lexsort((hit, row))
    first = np.concatenate([[True], np.diff(row[order]) > 0])[: len(order)]
    order = order[first]
    edge[known[row[order]]] = edges[hit[order]]
    distance[known[row[order]]] = far[order]
    return edge, distance
