"""The step that puts every published surface into a table: area and residents by band and district."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import store
from ..manifest import Step
from ..region import Region
from .files import SHARED_CODE, layer_files, surfaces, tables, write_tables
from .risk import SURFACES as RISK_SURFACES

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from ..analysis.zones import Zones
    from ..grid import Grid

_LAYERS = ("districts", "population")
CODE = ("analysis/bands.py", "analysis/zones.py", "analysis/exposure.py", "publish/style.py", "pipeline/bands.py")


def published_surfaces(region: Region) -> tuple[str, ...]:
    """Names of the surfaces a map shows."""
    return ("grade", "residual_grade", "index", *(RISK_SURFACES if region.settings.risk.quantified else ()))


def bands_step(region: Region) -> Step:
    build, names = region.build, published_surfaces(region)
    reads = (build / "frame.json", build / "grid.json", build / "boundary.parquet", *layer_files(region, *_LAYERS))
    return Step(
        "bands",
        lambda: write_tables(region, surface_bands=bands_of(region, {n: region.surface(n) for n in names})),
        (*reads, *surfaces(region, *names)),
        tables(region, "surface_bands"),
        {"name": region.settings.region.name},
        (*CODE, *SHARED_CODE),
    )


def bands_of(region: Region, shown: Mapping[str, store.Surface]) -> pd.DataFrame:
    """The table surface_bands of the surfaces ``shown``: of each the whole region, then every district."""
    from ..analysis.bands import surface_bands
    from ..publish.style import surface_scale

    layers = region.layers(*_LAYERS)
    areas = _areas(region, layers.get("districts"))
    known: dict[Grid, tuple[Zones, NDArray[np.float64] | None]] = {}
    parts = []
    for name, surface in shown.items():
        grid = surface.grid
        if grid not in known:
            known[grid] = _on_grid(areas, layers.get("population"), grid)
        cells, persons = known[grid]
        part = surface_bands(areas, cells, surface.array, surface_scale(name).edges, grid.cell_m, persons)
        part.insert(0, "surface", name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _areas(region: Region, districts: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """The whole region, unless the one city among the districts is it, and the districts."""
    import geopandas as gpd

    outline = store.read_table(region.build / "boundary.parquet").geometry.union_all()
    own = {"district_id": [""], "name": [region.settings.region.name], "level": ["region"], "geometry": [outline]}
    whole = gpd.GeoDataFrame(own, crs=region.crs)
    if districts is None:
        return whole
    rows = districts.rename(columns={"id": "district_id"})[[c for c in whole.columns if c != "level"]]
    rows["level"] = districts.get("level")
    city = region.settings.region.boundary == "districts" and (rows["level"] == "city").sum() == 1
    return rows if city else pd.concat([whole, rows], ignore_index=True)


def _on_grid(areas: gpd.GeoDataFrame, population: gpd.GeoDataFrame | None, grid: Grid) -> tuple[Zones, Any]:
    """Cells of the areas, and residents of each cell where they are known."""
    from ..analysis.exposure import population_on_grid
    from ..analysis.zones import zones

    persons = None if population is None else population_on_grid(population, grid).persons
    return zones(np.asarray(areas.geometry.array), grid), persons
