"""Where a project of some kind could stand: the free ground as exact polygons, and sites on it, ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .. import pipeline
from ..errors import InputError
from ..layers.project import kind_of_project
from ..schema import LAYERS
from .answer import HAZARDS, Project
from .checks import decide
from .ground import Ground
from .ways import forbidden, moved, ruling_model

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

SPOTS = 200  # places compared before the best are checked in full
_MAIN = ("motorway", "trunk", "primary")


@dataclass(frozen=True)
class Sites:
    """
    Where it could stand.

    ``area`` (schema.RESULTS["site_area"]): the ground on which the middle of the outline may lie. ``sites``
    (schema.RESULTS["sites"]): candidates, best first. ``outline``: the project as it was tried, at the origin.
    """

    project: Project
    area: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    compared: int
    notes: tuple[str, ...]


def template(ground: Ground, kind: str, values: Mapping[str, Any], area_m2: float) -> Project:
    """
    A project of a kind, a square of ``area_m2`` [m2] in the middle of the region (a point for 0).

    Raises
    ------
    InputError
        If the kind or a value is unknown, or a hazardous kind has no stock.
    """
    import geopandas as gpd
    import shapely

    from ..layers.project import complete

    layer, name = kind_of_project(kind)
    if layer == "gas_pipelines":
        raise InputError("a pipeline has no site to search for: draw it and use siting check.")
    if not 0 <= area_m2 <= 1e7:
        raise InputError(f"--area {area_m2:g}: must be within 0 and 10,000,000 m2.")
    at, half = ground.boundary.representative_point(), area_m2**0.5 / 2
    shape = shapely.box(at.x - half, at.y - half, at.x + half, at.y + half) if half else at
    frame = gpd.GeoDataFrame({"id": ["project:1"]}, geometry=[shape], crs=ground.region.crs)
    return {layer: complete(frame, LAYERS[layer], {**values, "kind": name})}


def search(
    ground: Ground,
    project: Project,
    *,
    parcels: gpd.GeoDataFrame | None = None,
    within: Any = None,
    top: int = 5,
) -> Sites:
    """
    Where a project could stand, and the best places for it.

    Parameters
    ----------
    project : see `template`; where it stands does not matter.
    parcels : polygons (id, name) to choose from; without any, places spread over the free ground.
    within : polygon the site must lie in; the whole region where not given.
    top : sites checked in full.
    """
    import geopandas as gpd
    import numpy as np
    import shapely

    layer, frame = next(iter(project.items()))
    shape = frame.geometry.iloc[0]
    middle = shapely.get_coordinates(shapely.centroid(shape))[0]
    at_zero = moved(project, -float(middle[0]), -float(middle[1]))
    outline = at_zero[layer].geometry.iloc[0]
    room = _room(ground.boundary if within is None else shapely.intersection(ground.boundary, within), outline)
    free = shapely.difference(room, forbidden(ground, at_zero, ruling_model(ground, at_zero), outline, None))
    parts = shapely.get_parts(free)
    parts = parts[shapely.area(parts) > 0]
    parts = parts[np.argsort(-shapely.area(parts), kind="stable")]
    area = gpd.GeoDataFrame({"area_km2": shapely.area(parts) / 1e6}, geometry=parts, crs=ground.region.crs)
    places, owner = _places(free, parcels, outline)
    table = _compared(ground, at_zero, places)
    if parcels is not None and len(table):
        table = table.assign(parcel=parcels["id"].to_numpy(object)[owner])
    best = table.sort_values(["pareto", "mean_rank"], ascending=[False, True], kind="stable").head(top)
    sites = _proven(ground, at_zero, best.reset_index(drop=True))
    notes = () if ground.quantified else ("quantified risk is off: sites are not compared by risk",)
    return Sites(at_zero, area, sites, len(places), notes)


def _room(ground: Any, outline: Any) -> Any:
    """Where the middle of the outline may lie if the outline is to stay within a polygon."""
    import numpy as np
    import shapely

    from ..analysis.siting.room import taken

    edge = shapely.boundary(ground)
    return shapely.difference(ground, taken(outline, np.array([edge], object), np.zeros(1)))


def _places(free: Any, parcels: gpd.GeoDataFrame | None, outline: Any) -> tuple[NDArray[np.float64], Any]:
    """((N, 2) places to compare [m], (N,) the parcel of each)."""
    import numpy as np
    import shapely

    from ..analysis.siting.rank import spots

    if parcels is None:
        return spots(free, SPOTS), None
    found, owner = [np.empty((0, 2))], []
    for i, parcel in enumerate(parcels.geometry):
        own = shapely.intersection(free, _room(parcel, outline)) if not shapely.is_empty(parcel) else parcel
        at = spots(own, 4)[:1]
        found.append(at)
        owner += [i] * len(at)
    return np.vstack(found), np.array(owner, int)


def _compared(ground: Ground, project: Project, places: NDArray[np.float64]) -> gpd.GeoDataFrame:
    """The criteria of each place; less is better in all of them."""
    import geopandas as gpd
    import numpy as np
    import shapely

    from ..analysis.siting.rank import mean_rank, pareto

    points = shapely.points(places)
    columns: dict[str, Any] = {"risk": _risk(ground, project, places)}
    columns["rescue_min"] = _rescue(ground, places)
    roads, land = ground.layers.get("roads"), ground.layers.get("landuse")
    if set(project) & set(HAZARDS) and roads is not None:
        main = roads[roads["class"].isin(_MAIN)].geometry.to_numpy()
        tree = shapely.STRtree(main)
        gap = np.full(len(points), np.nan)
        if len(main) and len(points):
            gap = shapely.distance(points, main[tree.nearest(points)])
        columns["main_road_m"] = gap
        inside = np.zeros(len(points), bool)
        if land is not None:
            works = land[land["kind"] == "industrial"]
            inside[np.unique(works.sindex.query(points, predicate="intersects")[0])] = True
        columns["not_industrial"] = (~inside).astype(float)
    costs = np.column_stack([v for v in columns.values() if not np.isnan(v).all()] or [np.zeros(len(points))])
    return gpd.GeoDataFrame(
        columns | {"pareto": pareto(costs), "mean_rank": mean_rank(costs)}, geometry=points, crs=ground.region.crs
    )


def _risk(ground: Ground, project: Project, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected deaths a year that a hazard would add, or the individual risk at a new place; NaN where not known."""
    import numpy as np
    import shapely

    from ..analysis.qra.model import fn_of

    out = np.full(len(places), np.nan)
    if not ground.quantified or not len(places):
        return out
    if "crowded_places" in project:
        grid = ground.region.grid
        rows, cols = grid.rowcol(places[:, 0], places[:, 1])
        known = grid.inside(rows, cols)
        out[known] = ground.lsir[rows[known], cols[known]]
        return out
    hazards = {n: project[n] for n in HAZARDS if n in project}
    model, _ = pipeline.model_of(ground.region, hazards)
    if not model.outcomes:
        return out
    import pandas as pd

    one = model.sources
    count = len(one)
    copies = pd.concat([one] * len(places), ignore_index=True)
    xy = np.repeat(places, count, axis=0) + np.tile(
        shapely.get_coordinates(one.geometry.representative_point()), (len(places), 1)
    )
    outcomes = [replace(o, source=o.source + count * k) for k in range(len(places)) for o in model.outcomes]
    many = replace(model, sources=copies.set_geometry(shapely.points(xy), crs=one.crs), outcomes=outcomes)
    return np.asarray(fn_of(many, ground.people).pll.reshape(len(places), count).sum(axis=1))


def _rescue(ground: Ground, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minutes from the call until the first fire engine; infinite where none comes, NaN where it is not known."""
    import numpy as np

    from ..routing.closest import nearest_minutes
    from ..routing.facilities import facility_starts
    from ..routing.snap import snap_points

    if not {"roads", "emergency_facilities"} <= set(ground.region.settings.layers) or not len(places):
        return np.full(len(places), np.nan)
    rescue = ground.region.settings.rescue
    network = ground.network
    _, starts, _ = facility_starts(
        network, ground.facilities, ("fire_station",), turnout_s=rescue.turnout_s, access_max_m=rescue.max_access_m
    )
    at = snap_points(network, places, max_m=rescue.max_access_m)
    minutes = nearest_minutes(network, starts, at)
    return np.where(at.edge < 0, np.inf, minutes)


def _proven(ground: Ground, project: Project, best: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The best places, in degrees too, each with the verdict of a full check of the outline there."""
    import numpy as np

    verdicts, why = [], []
    lonlat = best.geometry.to_crs(4326)
    for point in best.geometry:
        there = moved(project, point.x, point.y)
        found = decide(ground, there)
        verdicts.append(found.verdict)
        why.append("; ".join(c.en for c in found.checks if c.verdict == found.verdict and found.verdict != "clear"))
    columns = {"rank": np.arange(1, len(best) + 1), "lon": lonlat.x.round(6), "lat": lonlat.y.round(6)}
    return best.assign(**columns, verdict=verdicts, why=why)
