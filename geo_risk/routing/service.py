"""What a kind of facility reaches in time: exact stretches of road, and the ground beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import contourpy
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import SettingsError
from ..grid import Grid, grid_of
from .facilities import KINDS, facility_starts
from .network import Network
from .reach import Pieces, Starts, nearest_node_times, piece_lines
from .speeds import rescue_default
from .topology import ranges

MS_PER_MIN = 60_000.0
LIMITS_MIN = (5.0, 10.0, 15.0)
# Cells to the off-road distance: areas are then true to 2 % and outlines to a few per cent of it (measured
# against exact buffers); a gap between two stretches that is narrower than a cell may close.
CELLS_PER_REACH = 4
# Cell centres nearer to the outline than this [m] are moved off it.
CLEAR_M = 1e-3

Floats = NDArray[np.float64]


def reached_edges(
    network: Network,
    facilities: gpd.GeoDataFrame,
    *,
    limits_min: Sequence[float] = LIMITS_MIN,
    kinds: Sequence[str] = KINDS,
    turnout_s: Mapping[str, float] | None = None,
    access_kmh: float | None = None,
    access_max_m: float | None = None,
) -> gpd.GeoDataFrame:
    """
    The stretches of road that the first facility of each kind reaches within each limit, exact to the millisecond.

    Time runs from the call (turnout and the facility's own straight leg included).

    Returns
    -------
    GeoDataFrame
        facility_kind, limit_min, road_id, from_m and to_m (position on the edge), geometry (LineString);
        by kind and limit as asked, then by edge.
    """
    parts = []
    for kind in kinds:
        _, starts, _ = facility_starts(
            network, facilities, (kind,), turnout_s=turnout_s, access_kmh=access_kmh, access_max_m=access_max_m
        )
        times = nearest_node_times(network, starts)
        for limit in _checked(limits_min):
            pieces = _reached(network, times, starts, limit * MS_PER_MIN)
            columns = {
                "facility_kind": np.full(len(pieces.edge), kind, object),
                "limit_min": np.full(len(pieces.edge), float(limit)),
                "road_id": network.road_id[network.road[pieces.edge]],
                "from_m": pieces.begin_m,
                "to_m": pieces.end_m,
                "geometry": piece_lines(network, pieces),
            }
            parts.append(pd.DataFrame(columns))
    names = ["facility_kind", "limit_min", "road_id", "from_m", "to_m", "geometry"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=network.crs)


def service_areas(
    network: Network,
    facilities: gpd.GeoDataFrame,
    *,
    limits_min: Sequence[float] = LIMITS_MIN,
    off_road_m: float | None = None,
    kinds: Sequence[str] = KINDS,
    turnout_s: Mapping[str, float] | None = None,
    access_kmh: float | None = None,
    access_max_m: float | None = None,
) -> gpd.GeoDataFrame:
    """
    Ground within ``off_road_m`` of a road reached in time (``schema.RESULTS["service_areas"]``).

    No road, no area: ground farther from a reached stretch is left out, holes are kept. The way from
    the road to the ground takes no time here. A larger limit always contains a smaller one. A kind
    without facilities, or one that reaches nothing, has rows with an empty polygon.

    Parameters
    ----------
    off_road_m : float
        Default 100 m; the legend must state it.

    Raises
    ------
    SettingsError
        If a limit or ``off_road_m`` is not positive.
    """
    width = rescue_default("off_road_m") if off_road_m is None else off_road_m
    if not 0 < width < np.inf:
        raise SettingsError(f"[rescue] off_road_m = {width}: write a positive number of metres.")
    limits = sorted(_checked(limits_min))
    rows = []
    for kind in kinds:
        served, starts, _ = facility_starts(
            network, facilities, (kind,), turnout_s=turnout_s, access_kmh=access_kmh, access_max_m=access_max_m
        )
        areas = _areas(network, starts, limits, width)
        rows += [(kind, limit, len(served), area.area / 1e6, area) for limit, area in zip(limits, areas, strict=True)]
    columns = ["facility_kind", "limit_min", "facilities", "area_km2", "geometry"]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=network.crs)


def _checked(limits_min: Sequence[float]) -> list[float]:
    for limit in limits_min:
        if not 0 < limit < np.inf:
            raise SettingsError(f"[rescue] limits_min has {limit}: write positive minutes, e.g. [5, 10, 15].")
    return [float(limit) for limit in limits_min]


def _reached(network: Network, times: Floats, starts: Starts, limit_ms: float) -> Pieces:
    """Stretches reached within the limit, tail to head, by edge and position, without overlaps."""
    edges = np.arange(len(network.metres))
    metres, ms = network.metres, network.ms.astype(float)
    ahead = np.where(network.forward, np.clip((limit_ms - times[network.enter_tail]) / ms, 0.0, 1.0), 0.0) * metres
    back = np.where(network.backward, np.clip((limit_ms - times[network.enter_head]) / ms, 0.0, 1.0), 0.0) * metres
    own, at = starts.at.edge, starts.at.offset_m
    left = np.maximum(limit_ms - starts.ms, 0.0) / ms[own] * metres[own]
    edge = np.concatenate([edges, edges, own])
    begin = np.concatenate([np.zeros(len(edges)), metres - back, np.where(network.backward[own], at - left, at)])
    end = np.concatenate([ahead, metres, np.where(network.forward[own], at + left, at)])
    begin, end = np.maximum(begin, 0.0), np.minimum(end, metres[edge])
    some = end > begin
    return _union(network, edge[some], begin[some], end[some])


def _union(network: Network, edge: NDArray, begin: Floats, end: Floats) -> Pieces:
    """Stretches joined where they overlap or touch; edges lie apart on the mileage axis, so one pass does all."""
    base = network.mileage[network.offsets[edge]]
    order = np.lexsort((base + end, base + begin))
    edge, begin, end, base = edge[order], begin[order], end[order], base[order]
    furthest = np.maximum.accumulate(base + end) if len(edge) else base
    new = np.ones(len(edge), bool)
    new[1:] = base[1:] + begin[1:] > furthest[:-1]
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(edge))[: len(first)] - 1
    stop = np.minimum(furthest[last] - base[first], network.metres[edge[first]])
    return Pieces(np.arange(len(first)), edge[first], begin[first], stop)


def _areas(network: Network, starts: Starts, limits: list[float], width: float) -> list[shapely.Geometry]:
    """One (multi)polygon a limit (rising), each within the next."""
    times = nearest_node_times(network, starts)
    cell = width / CELLS_PER_REACH
    reached = [_reached(network, times, starts, limit * MS_PER_MIN) for limit in limits]
    if not reached or not len(reached[-1].edge):
        return [shapely.MultiPolygon() for _ in limits]
    margin, edge = width + 2 * cell, reached[-1].edge
    xy = network.coords[ranges(network.offsets[edge], np.diff(network.offsets)[edge])]
    low, high = xy.min(axis=0) - margin, xy.max(axis=0) + margin
    grid = grid_of((low[0], low[1], high[0], high[1]), cell, network.crs)
    squared = np.full(grid.shape, np.float32(margin**2), np.float32)
    done = np.zeros(len(network.metres), bool)
    areas = []
    for pieces in reached:
        fresh = ~done[pieces.edge]
        _stamp(squared, grid, _samples(network, pieces.take(fresh), cell), width)
        done[pieces.edge] |= (pieces.begin_m == 0) & (pieces.end_m == network.metres[pieces.edge])
        areas.append(_polygon(np.sqrt(squared), grid, width))
    return areas


def _samples(network: Network, pieces: Pieces, step_m: float) -> Floats:
    """(p, 2) points on the stretches, both ends of each and no more than ``step_m`` [m] apart."""
    gaps = np.ceil((pieces.end_m - pieces.begin_m) / step_m).astype(np.int64)
    piece = np.repeat(np.arange(len(gaps)), gaps + 1)
    rank = np.arange(len(piece)) - np.repeat(np.cumsum(gaps + 1) - gaps - 1, gaps + 1)
    share = rank / gaps[piece]
    at = pieces.begin_m[piece] * (1 - share) + pieces.end_m[piece] * share
    base, stop = network.mileage[network.offsets[:-1]], network.mileage[network.offsets[1:] - 1]
    edge = pieces.edge[piece]
    at = np.minimum(base[edge] + at, stop[edge])
    return np.column_stack([np.interp(at, network.mileage, axis) for axis in network.coords.T])


def _stamp(squared: NDArray[np.float32], grid: Grid, xy: Floats, width: float) -> None:
    """
    Lower ``squared`` to the squared distance of the nearest of ``xy``, in every cell within ``width`` and a cell.

    Only ever lowered, so that the areas of rising limits contain each other.
    """
    row, col = grid.rowcol(xy[:, 0], xy[:, 1])
    order = np.argsort(row * grid.shape[1] + col, kind="stable")  # neighbours in memory one after the other
    row, col, xy = row[order], col[order], xy[order]
    dx, dy = grid.x[col] - xy[:, 0], grid.y[row] - xy[:, 1]
    flat, base = squared.reshape(-1), row * grid.shape[1] + col
    reach = int(np.ceil(width / grid.cell_m)) + 1
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            if np.hypot(max(0, abs(i) - 1), max(0, abs(j) - 1)) * grid.cell_m > width + grid.cell_m:
                continue
            far = (dx + j * grid.cell_m) ** 2 + (dy - i * grid.cell_m) ** 2
            np.minimum.at(flat, base + i * grid.shape[1] + j, far.astype(np.float32))


def _polygon(distance: NDArray[np.float32], grid: Grid, width: float) -> shapely.Geometry:
    """
    Where ``distance``, linear on the triangles between cell centres, is below ``width``.

    Outlines through a cell centre could touch themselves, which is not a valid polygon; so centres
    within `CLEAR_M` of the outline count as just outside. The order of distances is kept.
    """
    distance = np.where(np.abs(distance - width) < CLEAR_M, np.float32(width + CLEAR_M), distance)
    contours = contourpy.contour_generator(
        grid.x, grid.y, distance, fill_type=contourpy.FillType.OuterOffset, quad_as_tri=True
    )
    shapes = []
    for xy, ring in zip(*contours.filled(-1.0, width)[:2], strict=True):
        rings = [xy[a:b] for a, b in pairwise(ring)]
        shapes.append(shapely.Polygon(rings[0], rings[1:]))
    return shapely.MultiPolygon(shapes)
