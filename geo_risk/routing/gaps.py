"""Ground, people and places that no facility of a kind reaches within a limit, by district."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .catchments import Served, Spots
from .coverage import OUTSIDE, PEOPLE
from .ground import Ground, areas_of, without_specks
from .reach import SLACK_MS
from .snap import column_text

_SLACK_MIN = SLACK_MS / 60_000.0
COLUMNS = (
    "facility_kind", "limit_min", "hour", "district_id", "district_name", "area_km2", "area_share", "people",
    "people_share", "places", "worst_layer", "worst_id", "worst_place", "worst_min",
)  # fmt: skip


def districts_of(districts: gpd.GeoDataFrame | None, boundary: shapely.Geometry) -> gpd.GeoDataFrame:
    """
    The smallest districts (id, name), and what of the boundary lies in none of them (id "outside:<level>").

    Without districts the whole boundary, with an empty id.
    """
    if districts is None or not len(districts):
        return gpd.GeoDataFrame({"id": [""], "name": [""]}, geometry=[boundary])
    level = column_text(districts, "level")
    area = pd.Series(districts.area.to_numpy()).groupby(level).mean()
    smallest = str(area.idxmin())
    rows = districts[level == smallest]
    found = gpd.GeoDataFrame(
        {"id": column_text(rows, "id"), "name": column_text(rows, "name")},
        geometry=shapely.intersection(rows.geometry.to_numpy(), boundary),
    ).sort_values("id", kind="stable", ignore_index=True)
    rest = boundary.difference(shapely.union_all(rows.geometry.to_numpy()))
    outside = gpd.GeoDataFrame({"id": [f"{OUTSIDE}:{smallest}"], "name": [""]}, geometry=[rest])
    return pd.concat([found, outside], ignore_index=True)


def gaps(
    found: Served,
    kind: str,
    hour: str,
    limits_min: Sequence[float],
    shares: pd.DataFrame,
    units: gpd.GeoDataFrame,
    spots: Spots,
    ground: Ground,
    crs: Any,
) -> gpd.GeoDataFrame:
    """
    What lies beyond each limit in each district (``schema.RESULTS["gaps"]``); rows without anything are left out.

    The gap of a larger limit lies within that of a smaller one. Numbers are those of `coverage`.

    Parameters
    ----------
    shares : `coverage` of this kind and hour.
    units : `districts_of`.
    """
    limits = sorted(limits_min)
    beyond = (found.cell_min[:, None] > np.array(limits) + _SLACK_MIN).sum(axis=1)
    areas = areas_of(beyond.reshape(ground.grid.shape), ground.grid, len(limits) + 1)
    parts = []
    for i, limit in enumerate(limits):
        late = shapely.coverage_union_all(areas[i + 1 :])
        shapely.prepare(late)
        shapes = without_specks(shapely.intersection(units.geometry.to_numpy(), late), ground.grid.cell_m**2)
        numbers = _numbers(shares[shares["limit_min"] == limit], units["id"].to_numpy(object))
        rows = pd.DataFrame(
            {
                "facility_kind": kind,
                "limit_min": limit,
                "hour": hour,
                "district_id": units["id"],
                "district_name": units["name"],
                "area_km2": shapely.area(shapes) / 1e6,
                "area_share": _share(shapely.area(shapes), units.area.to_numpy()),
                **numbers,
            }
        ).join(_worst(found, spots, units, limit))
        keep = (rows[["area_km2", "people", "places"]] > 0).any(axis=1)
        parts.append(rows.assign(geometry=shapes)[keep])
    table = pd.concat(parts, ignore_index=True)
    return gpd.GeoDataFrame(table[[*COLUMNS, "geometry"]], geometry="geometry", crs=crs)


def _share(part: NDArray, whole: NDArray) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def _numbers(shares: pd.DataFrame, ids: NDArray) -> dict[str, NDArray]:
    """People and places beyond the limit by district, from the rows of one limit of `coverage`."""
    late = shares.assign(late=shares["total"] - shares["covered"])
    is_people = late["target"] == PEOPLE
    people, total = (late[is_people].groupby("district_id")[c].sum().reindex(ids) for c in ("late", "total"))
    places = late[~is_people].groupby("district_id")["late"].sum().reindex(ids)
    return {
        "people": people.fillna(0.0).to_numpy(float),
        "people_share": _share(people.fillna(0.0).to_numpy(float), total.fillna(0.0).to_numpy(float)),
        "places": places.fillna(0.0).to_numpy(float),
    }


def _worst(found: Served, spots: Spots, units: gpd.GeoDataFrame, limit: float) -> pd.DataFrame:
    """The place of each district that waits longest beyond the limit; unreachable ones before all others."""
    late = np.flatnonzero((spots.table["layer"] != "population").to_numpy() & (found.spot_min > limit + _SLACK_MIN))
    unit, place = shapely.STRtree(shapely.points(spots.at.xy[late])).query(
        units.geometry.to_numpy(), predicate="intersects"
    )
    row = late[place]
    order = np.lexsort((row, -found.spot_min[row], unit))
    first = order[np.diff(unit[order], prepend=-1) > 0]
    worst = spots.table.iloc[row[first]].set_index(unit[first]).reindex(range(len(units)))
    minutes = pd.Series(found.spot_min[row[first]], index=unit[first], dtype=float).reindex(range(len(units)))
    columns = {f"worst_{n}": worst[c] for n, c in (("layer", "layer"), ("id", "id"), ("place", "name"))}
    return pd.DataFrame(columns | {"worst_min": minutes.where(np.isfinite(minutes))})
