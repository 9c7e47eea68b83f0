"""Who and what is exposed: population and crowded places on the region's grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..crs import require_metric
from ..errors import CRSError, InputError
from ..grid import Grid
from ..sections import RiskSettings
from ..standards import table
from .rows import working

Floats = NDArray[np.float64]
# An area below this [cells] counts at a point.
_POINTLIKE_CELLS = 1e-3
_CROWDED_DEFAULT = "other"


class GridPopulation(NamedTuple):
    """
    Persons on a grid.

    ``persons`` (rows, cols) float64; ``outside`` persons beyond the grid; ``unknown`` rows that
    have no number or no place and so could not be counted.
    """

    persons: Floats
    outside: float
    unknown: int


class Exposure(NamedTuple):
    """
    The terms of the exposure factor, each (rows, cols) float32.

    ``density`` persons/ha and ``sensitive`` weighted persons/ha, both spread over the exposure radius;
    ``population`` and ``sensitivity`` their saturating terms 0-1; ``factor`` what the hazard is
    multiplied by. ``notes`` says what was assumed or could not be counted.
    """

    density: NDArray[np.float32]
    sensitive: NDArray[np.float32]
    population: NDArray[np.float32]
    sensitivity: NDArray[np.float32]
    factor: NDArray[np.float32]
    notes: tuple[str, ...]


def population_on_grid(population: gpd.GeoDataFrame, grid: Grid, column: str = "persons") -> GridPopulation:
    """
    Persons per cell: points counted where they lie, areas spread evenly, totals kept.

    ``persons.sum() + outside`` equals the column's sum to rounding. A cell that an area covers in part gets
    that part, exactly. Lines, and areas of less than a thousandth of a cell, count at a point on them.

    Raises
    ------
    InputError
        If the column is missing, or a number of persons is negative or infinite.
    CRSError
        If the table is not in the grid's CRS.
    """
    require_same_crs(population, grid, "population")
    if column not in population:
        raise InputError(f"population has no column {column}. Name it under [layers.population] columns.")
    number = pd.to_numeric(population[column], errors="coerce").to_numpy(float)
    bad = (number < 0) | np.isinf(number)
    if bad.any():
        raise InputError(
            f"population row {int(np.flatnonzero(bad)[0])}: {column} = {number[bad][0]:g}; "
            "persons must be 0 or more. Mend the row or leave the number empty."
        )
    geometry = np.asarray(population.geometry.array)
    usable = ~np.isnan(number) & located(geometry)
    geometry, number = geometry[usable], number[usable]
    areal = shapely.get_dimensions(geometry) == 2
    out = np.zeros(grid.shape)
    outside = _spread(out, geometry[areal], number[areal], grid)
    outside += _bin(out, geometry[~areal], number[~areal], grid)
    return GridPopulation(out, outside, int((~usable).sum()))


def exposure_on_grid(layers: Mapping[str, gpd.GeoDataFrame], grid: Grid, settings: RiskSettings) -> Exposure:
    """
    The exposure factor w0 + wp E + ws S of every cell.

    E = 1 - exp(-density/density scale), S = 1 - exp(-weighted persons of crowded places per ha/scale).
    Persons are spread by a Gaussian of sigma = radius/2 cut at the radius. Of residents and day
    persons the larger counts, row by row. Without a population layer the assumed density holds
    everywhere; without crowded places S is 0.

    Raises
    ------
    InputError, CRSError
        As `population_on_grid`.
    """
    notes: list[str] = []
    population, places = layers.get("population"), layers.get("crowded_places")
    if population is None or not _most_persons(population).notna().any():
        density = np.full(grid.shape, settings.assumed_density_per_ha)
        notes.append(f"no numbers of residents: {settings.assumed_density_per_ha:g} persons/ha assumed everywhere")
    else:
        density = _density(population.assign(persons=_most_persons(population)), "population", grid, settings, notes)
    if places is None or not len(places):
        sensitive = np.zeros(grid.shape)
        notes.append("no crowded places: the sensitivity term is 0 everywhere")
    else:
        sensitive = _density(places.assign(persons=weighted_persons(places)), "crowded places", grid, settings, notes)
    e = 1 - np.exp(-density / settings.density_scale_per_ha)
    s = 1 - np.exp(-sensitive / settings.sensitive_scale_per_ha)
    factor = settings.weight_base + settings.weight_population * e + settings.weight_sensitivity * s
    f4 = np.float32
    return Exposure(
        density.astype(f4), sensitive.astype(f4), e.astype(f4), s.astype(f4), factor.astype(f4), tuple(notes)
    )


def weighted_persons(places: gpd.GeoDataFrame) -> Floats:
    """
    (N,) capacity times the weight of the kind (``standards/index_sensitivity.csv``).

    Where capacity is missing, beds, else the kind's default number of persons; an unknown kind counts
    as "other". Closed and planned places count 0.
    """
    weights = table("index_sensitivity").set_index("kind")
    kind = places["kind"].astype(object) if "kind" in places else pd.Series(_CROWDED_DEFAULT, index=places.index)
    kind = kind.where(kind.isin(weights.index), _CROWDED_DEFAULT)
    persons = pd.Series(np.nan, index=places.index)
    for column in ("capacity", "beds"):
        if column in places:
            persons = persons.fillna(pd.to_numeric(places[column], errors="coerce"))
    persons = persons.fillna(kind.map(weights["persons_default"]).astype(float))
    weighted = persons * kind.map(weights["weight"]).astype(float)
    return weighted.where(working(places), 0.0).to_numpy(float)


def located(geometry: NDArray) -> NDArray[np.bool_]:
    """(N,) whether a geometry is there, not empty, and has finite coordinates."""
    return np.isfinite(shapely.bounds(geometry)).all(axis=1)


def require_same_crs(frame: gpd.GeoDataFrame, grid: Grid, what: str) -> None:
    """
    Refuse a table that is not in the grid's metric CRS.

    Raises
    ------
    CRSError
        With both systems and the call that mends it.
    """
    require_metric(frame, what)
    if frame.crs != grid.crs:
        raise CRSError(
            f"'{what}' is in {frame.crs.to_string()}, the grid in {grid.crs}. Reproject: frame.to_crs(grid.crs)."
        )


def _most_persons(population: gpd.GeoDataFrame) -> pd.Series:
    columns = [c for c in ("persons", "day_persons") if c in population]
    return population[columns].apply(pd.to_numeric, errors="coerce").max(axis=1)


def _density(frame: gpd.GeoDataFrame, what: str, grid: Grid, settings: RiskSettings, notes: list[str]) -> Floats:
    """Persons/ha, smoothed; what could not be counted goes to ``notes``."""
    persons, _, unknown = population_on_grid(frame, grid)
    if unknown:
        notes.append(f"{what}: {unknown} of {len(frame)} rows have no number or no place and are not counted")
    from scipy.ndimage import gaussian_filter

    hectares = grid.cell_m**2 / 1e4
    sigma = settings.exposure_radius_m / 2 / grid.cell_m
    if sigma > 0:
        persons = gaussian_filter(persons, sigma, mode="constant", truncate=2.0)
    return persons / hectares


def _bin(out: Floats, geometry: NDArray, number: Floats, grid: Grid) -> float:
    """Adds numbers at the geometries' points to their cells; returns what falls beside the grid."""
    points = shapely.point_on_surface(geometry)
    row, col = grid.rowcol(shapely.get_x(points), shapely.get_y(points))
    inside = grid.inside(row, col)
    np.add.at(out, (row[inside], col[inside]), number[inside])
    return float(number[~inside].sum())


def _spread(out: Floats, areas: NDArray, number: Floats, grid: Grid) -> float:
    """Adds numbers, each spread evenly over its area, to the cells; returns what falls beside the grid."""
    from .zones import spread, zones

    areas, invalid = areas.copy(), ~shapely.is_valid(areas)
    areas[invalid] = shapely.make_valid(areas[invalid])
    found = zones(areas, grid)
    cells, whole = found.cells(), shapely.area(areas) / grid.cell_m**2
    small = whole < _POINTLIKE_CELLS
    (left, bottom, right, top), box = shapely.bounds(areas).T, grid.bounds
    inside = (left >= box[0]) & (bottom >= box[1]) & (right <= box[2]) & (top <= box[3])
    within = np.where(inside, 1.0, np.clip(cells / np.where(small, 1.0, whole), 0.0, 1.0))
    inner = np.where(small, 0.0, number * within)
    spread(found, inner / np.where(cells > 0, cells, 1.0), out)
    return float((number - inner)[~small].sum()) + _bin(out, areas[small], number[small], grid)
