"""What a kind of facility reaches in time: exact stretches of road, and the ground beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import SettingsError
from ..parallel import in_parts
from .facilities import KINDS, facility_starts
from .network import Network
from .reach import SLACK_MS, Pieces, Starts, nearest_node_times, node_times, piece_lines
from .speeds import rescue_default
from .strips import strips

MS_PER_MIN = 60_000.0
LIMITS_MIN = (5.0, 10.0, 15.0)
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
    parts, limits = [], _checked(limits_min)
    for kind in kinds:
        _, starts, _ = facility_starts(
            network, facilities, (kind,), turnout_s=turnout_s, access_kmh=access_kmh, access_max_m=access_max_m
        )
        times = nearest_node_times(network, starts, limit_ms=_longest_ms(limits))
        for limit in limits:
            pieces = reached(network, times, starts, limit * MS_PER_MIN)
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

    No ground farther from a reached stretch is ever inside, holes are kept (`strips`). The way from the road to the
    ground takes no time here. A larger limit always contains a smaller one. A kind without facilities, or one that
    reaches nothing, has rows with an empty polygon.

    Parameters
    ----------
    off_road_m : float
        Default 100 m; the legend must state it.

    Raises
    ------
    SettingsError
        If a limit or ``off_road_m`` is not positive.
    """
    width, limits = _width(off_road_m), sorted(_checked(limits_min))
    rows = []
    for kind in kinds:
        served, starts, _ = facility_starts(
            network, facilities, (kind,), turnout_s=turnout_s, access_kmh=access_kmh, access_max_m=access_max_m
        )
        times = nearest_node_times(network, starts, limit_ms=_longest_ms(limits))
        areas = _areas(network, times, starts, limits, width)
        rows += [(kind, limit, len(served), area.area / 1e6, area) for limit, area in zip(limits, areas, strict=True)]
    columns = ["facility_kind", "limit_min", "facilities", "area_km2", "geometry"]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=network.crs)


def station_areas(
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
    `service_areas` of every facility alone: what it reaches, whoever else is there sooner.

    Returns
    -------
    GeoDataFrame
        facility_kind, facility_id, facility_name, limit_min, area_km2, geometry (MultiPolygon); by kind, id, limit.
    """
    width, limits = _width(off_road_m), sorted(_checked(limits_min))
    rows = []
    for kind in kinds:
        served, starts, _ = facility_starts(
            network, facilities, (kind,), turnout_s=turnout_s, access_kmh=access_kmh, access_max_m=access_max_m
        )
        for block, times in node_times(network, starts, limit_ms=_longest_ms(limits)):
            areas = _areas_of_each(network, times, starts.take(block), limits, width)
            for s, own in zip(range(block.start, block.stop), areas, strict=True):
                who = (kind, served["id"].iloc[s], served["name"].iloc[s])
                rows += [(*who, limit, area.area / 1e6, area) for limit, area in zip(limits, own, strict=True)]
    columns = ["facility_kind", "facility_id", "facility_name", "limit_min", "area_km2", "geometry"]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=network.crs)


def _areas_of_each(
    network: Network, times: Floats, starts: Starts, limits: Sequence[float], width: float
) -> list[list[shapely.Geometry]]:
    """The areas of each start alone by its node times (S, n), a list a start; the starts are shared out to threads."""
    areas: list[list[shapely.Geometry]] = [[] for _ in range(len(starts))]

    def some(low: int, high: int) -> None:
        for s in range(low, high):
            areas[s] = _areas(network, times[s], starts.take(np.array([s])), limits, width)

    in_parts(some, len(starts))
    return areas


def _areas(
    network: Network, times: Floats, starts: Starts, limits: Sequence[float], width: float
) -> list[shapely.Geometry]:
    return strips(network, [reached(network, times, starts, limit * MS_PER_MIN) for limit in limits], width)


def _longest_ms(limits_min: Sequence[float]) -> float:
    return max(limits_min, default=0.0) * MS_PER_MIN + SLACK_MS


def _width(off_road_m: float | None) -> float:
    width = rescue_default("off_road_m") if off_road_m is None else off_road_m
    if not 0 < width < np.inf:
        raise SettingsError(f"[rescue] off_road_m = {width}: write a positive number of metres.")
    return width


def _checked(limits_min: Sequence[float]) -> list[float]:
    for limit in limits_min:
        if not 0 < limit < np.inf:
            raise SettingsError(f"[rescue] limits_min has {limit}: write positive minutes, e.g. [5, 10, 15].")
    return [float(limit) for limit in limits_min]


def reached(network: Network, times: Floats, starts: Starts, limit_ms: float) -> Pieces:
    """
    Stretches reached within the limit, tail to head, by edge and position, without overlaps.

    ``times`` (n,) are those of the nodes from ``starts``, at least up to the limit.
    """
    by_tail, by_head = times[network.enter_tail], times[network.enter_head]
    edges = np.flatnonzero(np.minimum(by_tail, by_head) < limit_ms)
    metres, ms = network.metres[edges], network.ms[edges].astype(float)
    ahead = np.where(network.forward[edges], np.clip((limit_ms - by_tail[edges]) / ms, 0.0, 1.0), 0.0) * metres
    back = np.where(network.backward[edges], np.clip((limit_ms - by_head[edges]) / ms, 0.0, 1.0), 0.0) * metres
    own, at = starts.at.edge, starts.at.offset_m
    left = np.maximum(limit_ms - starts.ms, 0.0) / network.ms[own] * network.metres[own]
    edge = np.concatenate([edges, edges, own])
    begin = np.concatenate([np.zeros(len(edges)), metres - back, np.where(network.backward[own], at - left, at)])
    end = np.concatenate([ahead, metres, np.where(network.forward[own], at + left, at)])
    begin, end = np.maximum(begin, 0.0), np.minimum(end, network.metres[edge])
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
