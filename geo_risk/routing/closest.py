"""Who reaches a place first, when and by which road."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from .facilities import KINDS, facility_starts
from .network import Network
from .reach import (
    SLACK_MS,
    Starts,
    arrival_ms,
    first_arrival_ms,
    nearest_node_times,
    node_times,
    piece_lines,
    route_pieces,
)
from .snap import Snapped, access_ms, column_text, frame_points, require_crs, snap_points
from .speeds import rescue_default
from .steps import route_steps
from .traffic import USUAL

MS_PER_MIN = 60_000.0
COLUMNS = (
    "place_layer", "place_id", "place_name", "facility_kind", "rank", "facility_id", "facility_name",
    "hour", "minutes", "turnout_s", "distance_m", "access_m", "reason", "geometry",
)  # fmt: skip


def closest_facilities(
    network: Network,
    places: Mapping[str, gpd.GeoDataFrame],
    facilities: gpd.GeoDataFrame,
    *,
    kinds: Sequence[str] = KINDS,
    k: int = 3,
    turnout_s: Mapping[str, float] | None = None,
    max_min: float | None = None,
    access_kmh: float | None = None,
    access_max_m: float | None = None,
    names: NDArray[np.object_] | None = None,
    hour: str = USUAL,
) -> gpd.GeoDataFrame:
    """
    The ``k`` facilities of each kind that reach each place first (``schema.RESULTS["travel_times"]``).

    Time runs from the call: turnout, straight leg to the road, driving in the direction facility to
    place with exact parts of the first and last edge, straight leg to the place. A place that no
    facility of a kind reaches has one row with rank 1, minutes NaN, no geometry and the reason.

    Parameters
    ----------
    places : mapping
        Layer name -> its rows (``id``, ``name``), any geometry, in the network's CRS.
    turnout_s : mapping
        Kind -> turnout [s] in place of the defaults; the facility's own column counts before it.
    max_min : float
        Facilities farther than this [min] are not listed; default 60.
    access_kmh, access_max_m : float
        Speed on the straight legs (default 5 km/h) and their greatest length (default 500 m).
    names : (r,)
        Names of the network's roads, "" where there is none: adds the column ``steps``, the route in words
        (`steps.route_steps`), None without a route.
    hour : str
        The hour that the speeds of ``network`` are of (`traffic.at_hour`), which the rows then say.

    Raises
    ------
    InputError
        If ``k`` is not positive or a facility is malformed.
    CRSError
        If a layer is not in the network's CRS.
    """
    if k < 1:
        raise InputError(f"k = {k}: ask for at least one facility.")
    max_ms = (rescue_default("max_min") if max_min is None else max_min) * MS_PER_MIN
    table = _places(network, places)
    at = snap_points(network, table[["x", "y"]].to_numpy(float), max_m=access_max_m)
    leg_ms = access_ms(at, access_kmh)
    found = []
    for kind in kinds:
        served, starts, idle = facility_starts(
            network, facilities, (kind,), turnout_s=turnout_s, access_kmh=access_kmh, access_max_m=access_max_m
        )
        best = _best(network, starts, at, leg_ms, k, max_ms)
        lost = np.setdiff1d(np.arange(len(at)), best.place)
        reasons = _reasons(network, starts, at.take(lost), leg_ms[lost], len(idle), access_max_m)
        found.append(_kind_table(network, kind, served, starts, at, best, lost, reasons, names))
    columns = {name: np.concatenate([part[name] for part in found]) for name in found[0]} if found else {}
    return _frame(network, table, columns, hour)


def rescue_at(
    network: Network,
    facilities: gpd.GeoDataFrame,
    x: float,
    y: float,
    *,
    kinds: Sequence[str] = KINDS,
    k: int = 3,
    turnout_s: Mapping[str, float] | None = None,
    max_min: float | None = None,
    access_kmh: float | None = None,
    access_max_m: float | None = None,
    names: NDArray[np.object_] | None = None,
) -> gpd.GeoDataFrame:
    """`closest_facilities` of the one place (x, y) [m]; its layer and id are empty, its name gives x and y."""
    if not (np.isfinite(x) and np.isfinite(y)):
        raise InputError(f"the place ({x}, {y}) has no position: give easting and northing in {network.crs}.")
    columns = {"id": [""], "name": [f"{x:.1f}, {y:.1f}"]}
    place = gpd.GeoDataFrame(columns, geometry=[shapely.Point(x, y)], crs=network.crs)
    return closest_facilities(
        network,
        {"": place},
        facilities,
        kinds=kinds,
        k=k,
        turnout_s=turnout_s,
        max_min=max_min,
        access_kmh=access_kmh,
        access_max_m=access_max_m,
        names=names,
    )


def nearest_minutes(
    network: Network,
    starts: Starts,
    places: Snapped,
    *,
    access_kmh: float | None = None,
) -> NDArray[np.float64]:
    """(P,) minutes from the call until the first of ``starts`` is at each place; infinite where there is no way."""
    times = nearest_node_times(network, starts)
    ms = first_arrival_ms(network, times, starts, places) + np.nan_to_num(access_ms(places, access_kmh))
    return ms / MS_PER_MIN


class _Best(NamedTuple):
    """The chosen pairs: start, place, rank, total time [ms], how the last edge is entered."""

    start: NDArray[np.int64]
    place: NDArray[np.int64]
    rank: NDArray[np.int64]
    ms: NDArray[np.float64]
    how: NDArray[np.int8]


def _best(network: Network, starts: Starts, at: Snapped, leg_ms: NDArray, k: int, max_ms: float) -> _Best:
    """The k first starts of each place within the limit; equal times by the order of the starts."""
    total = np.full((len(starts), len(at)), np.inf)
    how = np.zeros(total.shape, np.int8)
    for block, times in node_times(network, starts, limit_ms=max_ms + SLACK_MS):
        total[block], how[block] = arrival_ms(network, times, starts.take(block), at)
    total += np.nan_to_num(leg_ms)
    start = np.argsort(total, axis=0, kind="stable")[:k]
    place, rank = np.broadcast_to(np.arange(len(at)), start.shape), np.arange(len(start))[:, None] + 1
    ms = np.take_along_axis(total, start, axis=0)
    chosen = ms <= max_ms + SLACK_MS
    picked = np.take_along_axis(how, start, axis=0)
    return _Best(start[chosen], place[chosen], np.broadcast_to(rank, start.shape)[chosen], ms[chosen], picked[chosen])


def _routes(
    network: Network, starts: Starts, at: Snapped, best: _Best, names: NDArray | None
) -> tuple[NDArray, NDArray[np.float64], NDArray[np.object_]]:
    """(b,) LineString from facility to place, its length on the road [m] and its steps, of each chosen pair."""
    lines, road_m = np.full(len(best.start), None, object), np.zeros(len(best.start))
    steps = np.full(len(best.start), None, object)
    for start in np.unique(best.start):
        pairs = np.flatnonzero(best.start == start)
        one, ends = starts.take(np.array([start])), at.take(best.place[pairs])
        pieces = route_pieces(network, one, ends, best.how[pairs], limit_ms=float(best.ms[pairs].max()))
        road_m[pairs] = np.bincount(pieces.line, np.abs(pieces.end_m - pieces.begin_m), minlength=len(pairs))
        lines[pairs] = piece_lines(network, pieces, np.repeat(one.at.xy, len(pairs), axis=0), ends.xy)
        told = {} if names is None else route_steps(network, pieces, names)
        for i, pair in enumerate(pairs):
            steps[pair] = told.get(i, [])
    return lines, road_m, steps


def _kind_table(
    network: Network,
    kind: str,
    served: pd.DataFrame,
    starts: Starts,
    at: Snapped,
    best: _Best,
    lost: NDArray[np.int64],
    reasons: NDArray,
    names: NDArray | None,
) -> dict[str, NDArray]:
    """Columns of the chosen pairs, then of the ``lost`` places, which have none, with their reasons."""
    lines, road_m, steps = _routes(network, starts, at, best, names)
    rows, gap = served.iloc[best.start], np.full(len(lost), np.nan)
    none = np.full(len(lost), None, object)
    access = starts.at.access_m[best.start] + at.access_m[best.place]
    columns = {} if names is None else {"steps": np.concatenate([steps, none])}
    return columns | {
        "place": np.concatenate([best.place, lost]),
        "facility_kind": np.full(len(best.place) + len(lost), kind, object),
        "rank": np.concatenate([best.rank, np.ones(len(lost), np.int64)]),
        "facility_id": np.concatenate([rows["id"].to_numpy(object), none]),
        "facility_name": np.concatenate([rows["name"].to_numpy(object), none]),
        "minutes": np.concatenate([best.ms / MS_PER_MIN, gap]),
        "turnout_s": np.concatenate([rows["turnout_s"].to_numpy(float), gap]),
        "distance_m": np.concatenate([road_m + access, gap]),
        "access_m": np.concatenate([access, gap]),
        "reason": np.concatenate([np.full(len(best.place), "", object), reasons]),
        "geometry": np.concatenate([lines, none]),
    }


def _reasons(
    network: Network, starts: Starts, at: Snapped, leg_ms: NDArray, idle: int, max_m: float | None
) -> NDArray[np.object_]:
    """(P,) why each of these places has no facility."""
    if not len(at):
        return np.empty(0, object)
    if not len(starts):
        text = f"none of {idle} facilities of this kind is in service and near a road" if idle else "no such facility"
        return np.full(len(at), text, object)
    max_m = rescue_default("access_max_m") if max_m is None else max_m
    times = nearest_node_times(network, starts)
    minutes = (first_arrival_ms(network, times, starts, at) + np.nan_to_num(leg_ms)) / MS_PER_MIN
    beyond = np.array([f"beyond the limit: the nearest needs {value:.1f} min" for value in minutes], object)
    reason = np.where(np.isfinite(minutes), beyond, "no way by road from any facility of this kind")
    reason = np.where(at.edge < 0, f"no road within {max_m:g} m", reason)
    return np.where(np.isnan(at.xy).any(axis=1), "the place has no position", reason)


def _places(network: Network, places: Mapping[str, gpd.GeoDataFrame]) -> pd.DataFrame:
    """One row a place: layer, id, name, x, y."""
    parts = [pd.DataFrame({"layer": [], "id": [], "name": [], "x": [], "y": []})]
    for layer, frame in places.items():
        require_crs(network, frame, layer)
        xy = frame_points(frame)
        text = {name: column_text(frame, name) for name in ("id", "name")}
        parts.append(pd.DataFrame({"layer": layer, **text, "x": xy[:, 0], "y": xy[:, 1]}))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def _frame(network: Network, places: pd.DataFrame, columns: dict[str, NDArray], hour: str) -> gpd.GeoDataFrame:
    """The result table: by place in the order given, then kind in the order asked, then rank."""
    if not columns:
        empty = {name: np.empty(0, object) for name in COLUMNS}
        return gpd.GeoDataFrame(empty, geometry="geometry", crs=network.crs)
    kind_order = pd.factorize(columns["facility_kind"])[0]
    order = np.lexsort((columns["rank"], kind_order, columns["place"]))
    rows = places.iloc[columns["place"][order]].reset_index(drop=True)
    table = {name: values[order] for name, values in columns.items()}
    table |= {f"place_{name}": rows[name].to_numpy(object) for name in ("layer", "id", "name")}
    table["hour"] = np.full(len(order), hour, object)
    names = [*COLUMNS, *(["steps"] if "steps" in table else [])]
    return gpd.GeoDataFrame({name: table[name] for name in names}, geometry="geometry", crs=network.crs)
