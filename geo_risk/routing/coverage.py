"""How many people and places a kind of facility reaches in time, for the region and its districts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from .closest import MS_PER_MIN, nearest_minutes
from .facilities import KINDS, facility_starts
from .network import Network
from .reach import SLACK_MS
from .service import LIMITS_MIN
from .snap import column_text, frame_points, require_crs, snap_points
from .traffic import USUAL

PEOPLE = "people"
OUTSIDE = "outside"
COLUMNS = (
    "facility_kind", "limit_min", "hour", "target", "district_id", "total", "covered", "share", "unreachable",
)  # fmt: skip

Floats = NDArray[np.float64]


def coverage(
    network: Network,
    facilities: gpd.GeoDataFrame,
    targets: Mapping[str, gpd.GeoDataFrame],
    population: gpd.GeoDataFrame | None = None,
    districts: gpd.GeoDataFrame | None = None,
    *,
    limits_min: Sequence[float] = LIMITS_MIN,
    kinds: Sequence[str] = KINDS,
    turnout_s: Mapping[str, float] | None = None,
    access_kmh: float | None = None,
    access_max_m: float | None = None,
    hour: str = USUAL,
) -> pd.DataFrame:
    """
    People and places reached within each limit (``schema.RESULTS["coverage"]``).

    A place counts where it stands, an area by one point inside it; the time runs from the call and
    includes both straight legs. ``unreachable`` counts those without any way by road, whatever the
    limit: they are part of ``total`` and never covered. Rows with district_id "" are the region:
    everything given, also what lies in no district; that part has the district_id
    "outside:<level>" where there is any. Every level of ``districts`` adds up to the region.

    Parameters
    ----------
    targets : mapping
        Layer name -> rows, each counted as 1.
    population : GeoDataFrame
        ``persons`` by point or area; rows with a missing number count as nobody.
    districts : GeoDataFrame
        id, level, polygons; a point on a border belongs to the district with the lower id.
    hour : str
        The hour that the speeds of ``network`` are of (`traffic.at_hour`), which the rows then say.

    Raises
    ------
    InputError
        If ``persons`` is missing or negative, or a district has no id.
    CRSError
        If a layer is not in the network's CRS.
    """
    frames = _weighted(targets, population)
    prepared = []
    for target, (frame, weight) in frames.items():
        require_crs(network, frame, target)
        xy = frame_points(frame)
        zones = _zones(network, districts, xy)
        prepared.append((target, weight, snap_points(network, xy, max_m=access_max_m), zones))
    parts: list[pd.DataFrame] = []
    for kind in kinds:
        _, starts, _ = facility_starts(
            network, facilities, (kind,), turnout_s=turnout_s, access_kmh=access_kmh, access_max_m=access_max_m
        )
        for target, weight, at, zones in prepared:
            minutes = nearest_minutes(network, starts, at, access_kmh=access_kmh)
            parts += [_count(kind, limit, hour, target, minutes, weight, zones) for limit in limits_min]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _weighted(
    targets: Mapping[str, gpd.GeoDataFrame], population: gpd.GeoDataFrame | None
) -> dict[str, tuple[gpd.GeoDataFrame, Floats]]:
    frames = {name: (frame, np.ones(len(frame))) for name, frame in targets.items()}
    if population is None:
        return frames
    return {PEOPLE: (population, persons_of(population))} | frames


def persons_of(population: gpd.GeoDataFrame) -> Floats:
    """(N,) residents of each row, 0 where missing; InputError if the column is missing or a number negative."""
    if "persons" not in population:
        raise InputError("population: there is no column 'persons'.")
    persons = pd.to_numeric(population["persons"]).to_numpy(dtype=float, na_value=np.nan)
    if (persons < 0).any():
        row = int(np.flatnonzero(persons < 0)[0])
        raise InputError(f"population: column 'persons' has {persons[row]:g} in row {row}: it must be 0 or more.")
    return np.nan_to_num(persons)


def _zones(network: Network, districts: gpd.GeoDataFrame | None, xy: Floats) -> list[tuple[NDArray, NDArray]]:
    """For each level: district ids (lowest first; last "outside:<level>") and the zone number of each point (N,)."""
    if districts is None or not len(districts):
        return []
    require_crs(network, districts, "districts")
    ids, levels = column_text(districts, "id").astype(str), column_text(districts, "level").astype(str)
    if (ids == "").any():
        raise InputError(f"districts: row {int(np.flatnonzero(ids == '')[0])} has no id.")
    zones = []
    for level in np.unique(levels):
        rows = np.flatnonzero(levels == level)
        names, number = np.unique(ids[rows], return_inverse=True)
        tree = shapely.STRtree(districts.geometry.to_numpy()[rows])
        point, hit = tree.query(shapely.points(xy), predicate="intersects")
        zone = np.full(len(xy), len(names))
        np.minimum.at(zone, point, number[hit])
        zones.append((np.append(names, f"{OUTSIDE}:{level}").astype(object), zone))
    return zones


def _count(
    kind: str, limit: float, hour: str, target: str, minutes: Floats, weight: Floats, zones: list
) -> pd.DataFrame:
    """Rows of the region, then of each level's districts."""
    within = minutes <= limit + SLACK_MS / MS_PER_MIN
    measures = (weight, weight * within, weight * ~np.isfinite(minutes))
    ids, sums = [np.array([""], object)], [np.array([[values.sum()] for values in measures])]
    for names, zone in zones:
        level = np.array([np.bincount(zone, values, minlength=len(names)) for values in measures])
        if not np.allclose(level.sum(axis=1), sums[0][:, 0], rtol=1e-9, atol=1e-6):
            raise AssertionError(f"{target}: districts add up to {level.sum(axis=1)}, the region to {sums[0][:, 0]}")
        keep = np.append(np.ones(len(names) - 1, bool), level[0, -1] > 0)
        ids.append(names[keep])
        sums.append(level[:, keep])
    total, covered, unreachable = np.concatenate(sums, axis=1)
    share = np.divide(covered, total, out=np.full(len(total), np.nan), where=total > 0)
    columns = (kind, float(limit), hour, target, np.concatenate(ids), total, covered, share, unreachable)
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
