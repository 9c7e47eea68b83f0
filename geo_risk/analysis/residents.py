"""Residents within 500 m of a plant, as GB 18218-2018 Table 5 asks: declared, counted or not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..standards import parameter
from .rows import first, number, table_rows

# Below this share of the 500 m zone inside the population layer a count would be too low to use.
MIN_POPULATION_COVERAGE = 0.9


class Residents(NamedTuple):
    """Persons (NaN if not known), where the number is from (declared, counted, assumed), and how it was found."""

    persons: float
    source: str
    reason: str


def unit_residents(
    units: Sequence[list[dict[str, Any]]],
    shapes: NDArray[np.object_],
    population: gpd.GeoDataFrame | None,
    enterprises: gpd.GeoDataFrame | None,
) -> list[Residents]:
    """
    Residents within 500 m of the plant of each unit (GB 18218-2018 4.3, Table 5).

    The plant is the enterprise's polygon if it has one, else the unit's own outline. A declared number
    wins over a counted one. A count is not used where the population layer covers too little of the
    500 m, unless it reaches the last step of Table 5 even so.

    Parameters
    ----------
    units
        The rows of each unit.
    shapes : (len(units),)
        Outline of each unit; empty where it has no place.
    population, enterprises
        The layers, in the CRS of ``shapes``.
    """
    plants = {} if enterprises is None else _outlines(enterprises)
    known = [_plant(rows, plants) for rows in units]
    declared = np.array([max(_given(rows, "residents_500m"), default=np.nan) for rows in units], float)
    wanted = np.isnan(declared) & ~shapely.is_empty(shapes)
    persons, covered = np.full(len(units), np.nan), np.zeros(len(units))
    if population is not None and wanted.any():
        around = [shape if plant is None else plant for shape, plant in zip(shapes, known, strict=True)]
        zones = shapely.buffer(np.array(around, object)[wanted], parameter("residents_buffer_m"), quad_segs=32)
        persons[wanted], covered[wanted] = count_residents(population, zones)
    found = []
    for i, shape in enumerate(shapes):
        if np.isfinite(declared[i]):
            found.append(Residents(float(declared[i]), "declared", ""))
        elif shape.is_empty:
            found.append(_assumed("residents unknown (the unit has no place)"))
        elif population is None:
            found.append(_assumed("residents unknown"))
        else:
            found.append(_counted(float(persons[i]), float(covered[i]), known[i] is not None))
    return found


def _given(rows: list[dict[str, Any]], column: str) -> list[float]:
    return [n for row in rows if np.isfinite(n := number(row, column))]


def _assumed(why: str) -> Residents:
    return Residents(np.nan, "assumed", f"{why}: alpha {parameter('assumed_alpha'):g} assumed, the most cautious")


def _counted(persons: float, covered: float, has_plant: bool) -> Residents:
    """The count, unless it rests on too little of the zone and more persons could change alpha."""
    last_step = max(row["residents_min"] for row in table_rows("gb18218_alpha"))
    if covered < MIN_POPULATION_COVERAGE and persons < last_step:
        return _assumed(f"the population layer covers only {covered:.0%} of the 500 m zone")
    edge = "the enterprise's outline" if has_plant else "the unit's own outline, for want of a plant boundary"
    return Residents(persons, "counted", f"{persons:.0f} residents counted within 500 m of {edge}")


def count_residents(
    population: gpd.GeoDataFrame, zones: NDArray[np.object_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Persons of a population layer inside each zone, and the share of the zone the layer covers.

    Points count where they lie inside (edge included); polygons by the share of their area inside.
    Points cover their convex hull, polygons their own area. Rows without persons count nobody.

    Parameters
    ----------
    zones : (Z,)
        Polygons in the CRS of ``population``.

    Returns
    -------
    (Z,) persons, (Z,) share from 0 to 1.
    """
    persons = pd.to_numeric(population["persons"], errors="coerce").fillna(0).to_numpy(float)
    shapes = population.geometry.to_numpy()
    zone, hit = population.sindex.query(zones, predicate="intersects", sort=True)
    area, inside = shapely.area(shapes[hit]), np.zeros(len(hit))
    wide = area > 0
    inside[wide] = shapely.area(shapely.intersection(shapes[hit[wide]], zones[zone[wide]]))
    share = np.divide(inside, area, out=np.ones_like(inside), where=wide)
    zone_area = shapely.area(zones)
    number = np.bincount(zone, persons[hit] * share, minlength=len(zones)).astype(float)
    covered = np.bincount(zone, inside, minlength=len(zones)).astype(float) / zone_area
    # Where no area was hit, or not only areas, the layer is one of points there.
    pointwise = np.bincount(zone, wide, minlength=len(zones)) < np.maximum(np.bincount(zone, minlength=len(zones)), 1)
    if pointwise.any():
        hull = shapely.convex_hull(shapely.union_all(shapely.centroid(shapes)))
        held = shapely.area(shapely.intersection(hull, zones[pointwise])) / zone_area[pointwise]
        covered[pointwise] = np.maximum(covered[pointwise], held)
    return number, np.minimum(covered, 1.0)


def _plant(rows: list[dict[str, Any]], plants: dict[str, Any]) -> Any:
    """The outline of the enterprise of a unit, by its id, else by its name; None if there is none."""
    return plants.get(first(rows, "enterprise_id") or "") or plants.get(first(rows, "enterprise_name") or "")


def _outlines(enterprises: gpd.GeoDataFrame) -> dict[str, Any]:
    """Plant outlines by enterprise id and by name; ids win, the first of equal names too."""
    outlines: dict[str, Any] = {}
    areas = enterprises[enterprises.geometry.notna() & enterprises.geometry.geom_type.isin(["Polygon", "MultiPolygon"])]
    for column in ("id", "name"):
        for key, shape in zip(areas.get(column, []), areas.geometry, strict=False):
            if isinstance(key, str) and key:
                outlines.setdefault(key, shape)
    return outlines
