"""Ground that rules keep a facility from, and roads that a trip may not use, as shapes for a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from ..pipeline.hazmat import Roads
    from ..routing.hazmat import Roadway
    from ..siting.ground import Ground
    from .plots import Barrier

_MOVED_M = 2.0  # by which an outline may be smoothed: below what can be seen on a map of a town


def barred_ground(ground: Ground, barriers: Sequence[Barrier]) -> gpd.GeoDataFrame:
    """
    Where no plot may reach (state barred) and where a rule may stand against one (unsure), within the region.

    By the rules of ``barriers`` and on water, as `plots.judged` takes them; ground taken by buildings and roads is
    not drawn. Columns: schema.RESULTS["not_allowed"]; a state without ground has no row.
    """
    certain = [_within(b, 2 * b.required - b.sure) for b in barriers if b.verdict == "conflict"]
    water = ground.layers.get("water")
    if water is not None:
        certain.append(shapely.union_all(water.geometry.to_numpy()[shapely.get_dimensions(water.geometry) == 2]))
    barred = shapely.union_all(certain)
    near = shapely.union_all([_within(b, b.sure) for b in barriers])
    states = {"barred": barred, "unsure": shapely.difference(near, barred)}
    shapes = [shapely.intersection(shapely.simplify(s, _MOVED_M), ground.boundary) for s in states.values()]
    table = {"name": None, "state": list(states), "why": "", "area_km2": shapely.area(shapes) / 1e6}
    return gpd.GeoDataFrame(table, geometry=shapes, crs=ground.region.crs).query("area_km2 > 0").reset_index(drop=True)


def _within(barrier: Barrier, metres: Any) -> Any:
    """All ground within ``metres`` (K,) of the barrier's shapes; nothing where they are below 0."""
    metres = np.broadcast_to(metres, len(barrier.shape))
    some = metres >= 0
    return shapely.union_all(shapely.buffer(barrier.shape[some], metres[some], quad_segs=6))


def closed_to_trip(roads: Roads, way: Roadway) -> gpd.GeoDataFrame:
    """The roads closed to a trip, a row a name and reason (schema.RESULTS["not_allowed"], state closed)."""
    edge = np.flatnonzero(way.closed)
    row = way.network.road[edge]
    names = roads.layer["name"].astype("string").fillna("").to_numpy(object)[row]
    table = pd.DataFrame({"name": names, "why": way.reason[edge], "line": way.network.lines[edge]})
    rows = [
        (name, "closed", why, np.nan, shapely.union_all(group["line"].to_numpy(object)))
        for (name, why), group in table.groupby(["name", "why"], sort=True)
    ]
    columns = ["name", "state", "why", "area_km2", "geometry"]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=way.network.crs)
