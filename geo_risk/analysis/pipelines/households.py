"""Households along a pipeline: dwellings of the building, population and place layers as countable units.

The layers tell of the same people, so they are never added up: each is a source of its own, and of all sources
the largest count in a window holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from ...standards import parameter
from ..exposure import located
from ..rows import number, records, text, working
from ..target_classes import building_use

# Areas of the population layer are spread over points this far apart [m].
_STEP_M = 50.0
_HOMES = ("residential", "dormitory")


class Units(NamedTuple):
    """
    Dwellings of one layer: one element a building, point or piece of an area.

    ``households`` may be fractions; ``floors`` is NaN where unknown; ``given`` is False where the number of
    households is an assumption (from outline and floors, or for a building of unknown use).
    """

    layer: str
    id: NDArray[np.object_]
    shape: NDArray[np.object_]
    households: NDArray[np.float64]
    floors: NDArray[np.float64]
    given: NDArray[np.bool_]

    def among(self, at: list[int]) -> Units:
        """The units at these indices."""
        return Units(self.layer, self.id[at], self.shape[at], self.households[at], self.floors[at], self.given[at])


def household_units(
    layers: Mapping[str, gpd.GeoDataFrame], strip: Any, skipped: Counter[tuple[str, str]]
) -> list[Units]:
    """
    The dwellings within ``strip``, a source a layer: buildings, population, crowded_places (estates, dormitories).

    A building of a dwelling or unknown use without households counts its persons, else outline times floors (6
    where unknown) over the floor area of a dwelling; the latter is marked as assumed. Population rows count
    households, else persons; areas are spread evenly over points 50 m apart. Sheds, works and public
    buildings hold no household unless they tell some. Rows that tell no number are counted in ``skipped``.

    Parameters
    ----------
    strip
        The area around all pipelines in which anything may count, in the layers' metric CRS.
    """
    makers: dict[str, Callable[[dict[str, Any], Any], list[Entry] | None]] = {
        "buildings": _building,
        "population": _residents,
        "crowded_places": _estate,
    }
    found = []
    for layer, maker in makers.items():
        if layer not in layers:
            continue
        frame = layers[layer]
        shapes = np.asarray(frame.geometry.array)
        near = working(frame) & located(shapes)
        near[near] = shapely.intersects(strip, shapes[near])
        rows = [{**row, "shape": shape} for row, shape in zip(records(frame[near]), shapes[near], strict=True)]
        told = [maker(row, strip) for row in rows]
        silent = sum(found is None for found in told)
        if silent:
            skipped[layer, "near a pipeline, tells neither households nor persons"] += silent
        entries = [entry for several in told for entry in several or ()]
        if entries:
            found.append(_units(layer, entries))
    return found


def counted(households: float) -> str:
    """A number of households in a sentence; few may be fractions."""
    return f"{households:.0f} households" if households >= 100 else f"{households:.3g} households"


Entry = tuple[str, Any, float, float, bool]


def _units(layer: str, entries: list[Entry]) -> Units:
    columns: list[Any] = list(zip(*entries, strict=True))
    shape = np.array([*columns[1], None], object)[:-1]
    return Units(
        layer, np.array(columns[0], object), shape, np.array(columns[2]), np.array(columns[3]), np.array(columns[4])
    )


def _building(row: dict[str, Any], strip: Any) -> list[Entry]:
    floors, households, persons = (number(row, c) for c in ("floors", "households", "persons"))
    if not np.isfinite(floors) and np.isfinite(number(row, "height_m")):
        floors = np.ceil(number(row, "height_m") / parameter("storey_high_m"))
    use = building_use(text(row, "kind"))
    given = np.isfinite(households) or np.isfinite(persons)
    if not given and use not in ("home", "unknown"):
        households = 0.0
    elif not np.isfinite(households) and np.isfinite(persons):
        households = persons / parameter("persons_per_household")
    elif not given:
        levels = floors if np.isfinite(floors) else parameter("dwelling_floors")
        area = float(shapely.area(row["shape"]))
        households = max(1.0, np.ceil(area * levels / parameter("dwelling_floor_m2")))
    sure = bool(given or use not in ("home", "unknown"))
    return [(str(row["id"]), row["shape"], float(households), float(floors), sure)]


def _residents(row: dict[str, Any], strip: Any) -> list[Entry] | None:
    households, persons = number(row, "households"), number(row, "persons")
    if not np.isfinite(households):
        households = persons / parameter("persons_per_household")
    if not households > 0:
        return None if np.isnan(households) else []
    points, share = _spread(row["shape"], strip)
    return [(str(row["id"]), p, float(households * share), np.nan, True) for p in points]


def _estate(row: dict[str, Any], strip: Any) -> list[Entry] | None:
    persons = number(row, "capacity")
    if text(row, "kind") not in _HOMES or not persons > 0:
        return None if text(row, "kind") in _HOMES and np.isnan(persons) else []
    households = persons / parameter("persons_per_household")
    return [(str(row["id"]), row["shape"], float(households), number(row, "floors"), True)]


def _spread(shape: Any, strip: Any) -> tuple[list[Any], float]:
    """Points that stand for an area within the strip, and the share of the area each of them holds."""
    if shapely.get_dimensions(shape) < 2 or shapely.area(shape) <= _STEP_M**2:
        return [shapely.point_on_surface(shape)], 1.0
    within = shapely.intersection(shapely.make_valid(shape), strip)
    share = float(shapely.area(within) / shapely.area(shape))
    left, bottom, right, top = (np.floor(v / _STEP_M) for v in shapely.bounds(within))
    x, y = np.meshgrid((np.arange(left, right + 1) + 0.5) * _STEP_M, (np.arange(bottom, top + 1) + 0.5) * _STEP_M)
    shapely.prepare(within)
    inside = shapely.contains_xy(within, x.ravel(), y.ravel())
    points = shapely.points(x.ravel()[inside], y.ravel()[inside]).tolist() or [shapely.point_on_surface(within)]
    return points, share / len(points)
