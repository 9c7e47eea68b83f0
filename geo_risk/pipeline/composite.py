"""Steps for risk points, and for the composite and current grade of every cell."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from .. import store
from ..manifest import Step
from ..region import Region
from .files import SHARED_CODE, layer_files, surfaces, tables, write_tables

if TYPE_CHECKING:
    import geopandas as gpd

# Layers that tell how things stand now.
CURRENT_LAYERS = ("enterprises", "hazard_sources", "risk_points", "hidden_dangers")
WRITTEN = ("grade", "index_now", "residual_grade")
_CODE = ("analysis", "standards", "parallel.py", "pipeline/composite.py", *SHARED_CODE)


def points_step(region: Region) -> Step:
    """The grade of every risk point."""
    reads, writes = layer_files(region, "risk_points"), tables(region, "risk_points")
    return Step("points", lambda: _points(region), reads, writes, asdict(region.settings.grading), _CODE)


def composite_step(region: Region, workers: int) -> Step:
    """Composite grades, inherent and current; after index, risk and rescue."""
    build, settings = region.build, region.settings
    reads = (
        build / "grid.json",
        build / "boundary.parquet",
        build / "date.json",
        *surfaces(region, "index", "exposure"),
    )
    reads += (*tables(region, "index_sources"), *layer_files(region, *CURRENT_LAYERS))
    if _has_rescue(region):
        reads += tables(region, "travel_times")
    if settings.risk.quantified:
        reads += surfaces(region, "lsir_grade")
    used = asdict(settings.grading) | {"cuts": settings.risk.cuts}
    writes = (*tables(region, "current_sources"), *surfaces(region, *WRITTEN))
    return Step("composite", lambda: _composite(region, workers), reads, writes, used, _CODE)


def sources_now(sources: gpd.GeoDataFrame, current: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The sources of the index with the scores of now, and both reasons."""
    reason = sources["reason"] + "; now: " + current["reason"]
    return sources.assign(score=current["score"].to_numpy(), reason=reason)


def _has_rescue(region: Region) -> bool:
    return {"roads", "emergency_facilities"} <= set(region.settings.layers)


def _points(region: Region) -> None:
    from ..analysis.points import graded_points

    write_tables(region, risk_points=graded_points(region.layer("risk_points"), region.settings.grading))


def _composite(region: Region, workers: int) -> None:
    from ..analysis.composite import composite
    from ..analysis.current import current_sources
    from ..analysis.grading import grade
    from ..analysis.index import hazard_surface
    from ..analysis.rollup import boundary_mask

    grid, settings = region.grid, region.settings
    times = region.table("travel_times") if _has_rescue(region) else None
    sources = region.table("index_sources")
    now = current_sources(sources, region.layers(*CURRENT_LAYERS), times, as_of=region.data_date)
    index = region.surface("index").array
    index_now = index
    if (now["factor"] != 1).any():
        hazard = hazard_surface(now, grid, workers=workers)
        index_now = np.minimum(hazard * region.surface("exposure").array, np.float32(100))
    lsir = region.surface("lsir_grade").array if settings.risk.quantified else None
    inside = boundary_mask(store.read_table(region.build / "boundary.parquet"), grid)
    write_tables(region, current_sources=now)
    arrays = {
        "grade": composite(grade(index, settings.risk.cuts, mask=inside), lsir, settings.grading),
        "index_now": index_now,
        "residual_grade": composite(grade(index_now, settings.risk.cuts, mask=inside), lsir, settings.grading),
    }
    for name, array in arrays.items():
        store.write_surface(region.build / "surfaces" / f"{name}.tif", store.Surface(array, grid))
