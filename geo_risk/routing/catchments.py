"""Areas of responsibility: which ground, roads, people and places each facility reaches before any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .coverage import persons_of
from .facilities import facility_starts
from .first import First, first_at, first_starts, stretches
from .ground import Ground, areas_of, joined_specks
from .network import Network
from .reach import Starts
from .snap import Snapped, access_ms, column_text, frame_points, require_crs, snap_points
from .speeds import rescue_default

MS_PER_MIN = 60_000.0
COLUMNS = (
    "facility_kind", "facility_id", "facility_name", "hour", "area_km2", "road_km", "people", "places", "mean_min",
    "farthest_min", "worst_layer", "worst_id", "worst_place", "worst_min",
)  # fmt: skip

Floats = NDArray[np.float64]


class Spots(NamedTuple):
    """People and places on the network: layer, id, name and persons (0 for places) of each row, and where it is."""

    table: pd.DataFrame
    at: Snapped


class Served(NamedTuple):
    """Who is first where, for one kind of facility: its rows, and (minutes, owner) of spots and of ground cells."""

    rows: pd.DataFrame
    starts: Starts
    first: First
    spot_min: Floats
    spot_owner: NDArray[np.int64]
    cell_min: Floats
    cell_owner: NDArray[np.int64]


def spots_of(
    network: Network,
    places: Mapping[str, gpd.GeoDataFrame],
    population: gpd.GeoDataFrame | None,
    *,
    access_max_m: float | None = None,
) -> Spots:
    """
    Places (layer, id, name) and rows of the population (layer "population") on the network.

    Raises
    ------
    InputError
        If ``persons`` is missing or negative.
    CRSError
        If a layer is not in the network's CRS.
    """
    frames = dict(places) | ({} if population is None else {"population": population})
    parts, xy = [], [np.empty((0, 2))]
    for layer, frame in frames.items():
        require_crs(network, frame, layer)
        persons = persons_of(frame) if layer == "population" else np.zeros(len(frame))
        text = {name: column_text(frame, name) for name in ("id", "name")}
        parts.append(pd.DataFrame({"layer": layer, **text, "persons": persons}))
        xy.append(frame_points(frame))
    empty = pd.DataFrame({"layer": [], "id": [], "name": [], "persons": []})
    table = pd.concat(parts, ignore_index=True) if parts else empty
    return Spots(table, snap_points(network, np.concatenate(xy), max_m=access_max_m))


def served(
    network: Network,
    facilities: gpd.GeoDataFrame,
    kind: str,
    spots: Spots,
    ground: Ground,
    *,
    turnout_s: Mapping[str, float] | None = None,
    access_kmh: float | None = None,
    access_max_m: float | None = None,
) -> Served:
    """
    The facility of one kind that is first at every spot and every cell of the ground, by the clock of `coverage`.

    The time runs from the call and includes both straight legs. A cell belongs to whoever is first on its nearest
    road; its time is infinite where that road is farther than a place may be.
    """
    rows, starts, _ = facility_starts(
        network, facilities, (kind,), turnout_s=turnout_s, access_kmh=access_kmh, access_max_m=access_max_m
    )
    first = first_starts(network, starts)
    spot_ms, spot_owner = first_at(network, first, starts, spots.at)
    cell_ms, cell_owner = first_at(network, first, starts, ground.at)
    spot_min = (spot_ms + np.nan_to_num(access_ms(spots.at, access_kmh))) / MS_PER_MIN
    cell_min = (cell_ms + access_ms(ground.at, access_kmh)) / MS_PER_MIN
    most = rescue_default("access_max_m") if access_max_m is None else access_max_m
    cell_min = np.where(ground.at.access_m <= most, cell_min, np.inf)
    return Served(rows, starts, first, spot_min, spot_owner, cell_min, cell_owner)


def catchments(
    network: Network, kind: str, hour: str, found: Served, boundary: shapely.Geometry, spots: Spots, ground: Ground
) -> gpd.GeoDataFrame:
    """
    The area of responsibility of every facility of a kind (``schema.RESULTS["catchments"]``).

    Polygons do not overlap and add up to ``boundary``; roads are cut at the metre where another facility becomes the
    first; people and places add up to all of them. What no facility of the kind reaches is a row without facility.
    """
    n = len(found.rows)  # owner n stands for nobody
    cells = np.where(found.cell_owner < 0, n, found.cell_owner).reshape(ground.grid.shape)
    cut_off = shapely.intersection(areas_of(cells, ground.grid, n + 1), boundary)
    shapes = joined_specks(cut_off, ground.grid.cell_m**2)
    area = shapely.area(shapes)
    if not np.isclose(area.sum(), boundary.area, rtol=1e-6):
        raise AssertionError(f"{kind}: catchments add up to {area.sum()} m2, the region to {boundary.area} m2")
    cut = stretches(network, found.first, found.starts)
    road = np.bincount(np.where(cut.owner < 0, n, cut.owner), cut.end_m - cut.begin_m, minlength=n + 1)
    owner = np.where(found.spot_owner < 0, n, found.spot_owner)
    persons = spots.table["persons"].to_numpy(float)
    is_place = (spots.table["layer"] != "population").to_numpy()
    text = [np.append(found.rows[c].to_numpy(object), "") for c in ("id", "name")]
    people = np.bincount(owner, persons, minlength=n + 1)
    reached = np.where(np.isfinite(found.spot_min), found.spot_min, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(owner, persons * reached, minlength=n + 1) / people
    farthest = np.full(n + 1, np.nan)
    for rows in (np.flatnonzero(persons > 0), np.flatnonzero(is_place)):
        np.fmax.at(farthest, owner[rows], found.spot_min[rows])
    table = pd.DataFrame(
        {
            "facility_kind": kind,
            "facility_id": text[0],
            "facility_name": text[1],
            "hour": hour,
            "area_km2": area / 1e6,
            "road_km": road / 1000.0,
            "people": people,
            "places": np.bincount(owner[is_place], minlength=n + 1).astype(float),
            "mean_min": np.where(np.arange(n + 1) < n, mean, np.nan),
            "farthest_min": np.where(np.isfinite(farthest), farthest, np.nan),
        }
    ).join(_worst(found, spots, owner, n + 1))
    keep = (np.arange(n + 1) < n) | (table[["area_km2", "people", "places"]] > 0).any(axis=1).to_numpy()
    table = table.assign(geometry=shapes)[keep].reset_index(drop=True)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=network.crs)


def _worst(found: Served, spots: Spots, owner: NDArray, count: int) -> pd.DataFrame:
    """(count,) the place of each area that waits longest; equal times go to the one that stands first."""
    rows = np.flatnonzero((spots.table["layer"] != "population").to_numpy())
    minutes = np.where(np.isfinite(found.spot_min[rows]), found.spot_min[rows], -1.0)
    order = rows[np.lexsort((rows, -minutes, owner[rows]))]
    first = order[np.diff(owner[order], prepend=-1) > 0]
    worst = spots.table.iloc[first].set_index(owner[first]).reindex(range(count))
    minutes = pd.Series(found.spot_min[first], index=owner[first], dtype=float).reindex(range(count))
    columns = {f"worst_{n}": worst[c] for n, c in (("layer", "layer"), ("id", "id"), ("place", "name"))}
    return pd.DataFrame(columns | {"worst_min": minutes.where(np.isfinite(minutes))})
