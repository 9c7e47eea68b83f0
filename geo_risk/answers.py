"""Answers to one question about a finished region: why this colour, who comes, what does it look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import pipeline
from .errors import InputError, RegionError
from .grid import Grid
from .pipeline.risk import MODEL_TABLES
from .region import Region

if TYPE_CHECKING:
    import flask
    import folium
    import geopandas as gpd

    from .analysis.qra.model import Model


def single_file(region: Region, profile: str) -> str:
    """The map as one HTML page with everything inside."""
    from .publish import folium_map as page

    return page.single_file(page.folium_map(*pipeline.site_parts(region), profile=profile))


def folium_map(region: Region, profile: str = "internal") -> folium.Map:
    """The map as a folium map, for notebooks."""
    from .publish import folium_map as page

    return page.folium_map(*pipeline.site_parts(region), profile=profile)


def app(region: Region) -> flask.Flask:
    """The web application that serves the region's sites."""
    from .publish.server import create_app

    return create_app(region.site)


def explain(region: Region, x: float, y: float) -> dict[str, Any]:
    """
    Why the place (x, y) [m] has its colour.

    The index is computed anew on the few cells around the place and must equal the surface's.
    ``risk`` is the individual risk there, taken apart by `analysis.qra.places.explain_risk`.
    """
    import numpy as np

    from .analysis.explain import explain_place
    from .analysis.index import index_surface
    from .analysis.qra.places import explain_risk

    risk, whole = region.settings.risk, region.grid
    rows, cols = whole.rowcol([x], [y])
    row, col = int(rows[0]), int(cols[0])
    if not whole.inside(row, col):
        raise InputError(f"the place ({x:.0f}, {y:.0f}) m lies outside the region.")
    around = 2 + int(np.ceil(risk.exposure_radius_m / whole.cell_m))
    near = Grid(
        whole.crs,
        whole.left + (col - around) * whole.cell_m,
        whole.top - (row - around) * whole.cell_m,
        whole.cell_m,
        (2 * around + 1, 2 * around + 1),
    )
    sources = region.table("index_sources")
    surface = index_surface(sources, region.layers("population", "crowded_places"), near, settings=risk)
    told = explain_place(x, y, sources, surface, settings=risk)
    told["place"] = {"x": x, "y": y, "crs": whole.crs}
    told["surface"] = {name: region.surface(name).array[row, col].item() for name in ("index", "grade", "lsir")}
    told["risk"] = explain_risk(risk_model(region), x, y)
    return told


def risk_model(region: Region) -> Model:
    """The model of the last run, read back from its tables."""
    from .analysis.qra.saved import model_from

    return model_from(region.table("risk_sources"), {name: region.table(name) for name in MODEL_TABLES})


def rescue_at(region: Region, x: float, y: float) -> gpd.GeoDataFrame:
    """The nearest facilities of each kind to the place (x, y) [m]."""
    from .routing.closest import rescue_at as nearest

    for name in ("roads", "emergency_facilities"):
        if name not in region.settings.layers:
            raise RegionError(f"{region.folder}: rescue needs a [layers.{name}] section in region.toml.")
    rescue = region.settings.rescue
    return nearest(
        pipeline.network(region),
        pipeline.facilities_of(region),
        x,
        y,
        kinds=rescue.kinds,
        k=rescue.nearest,
        turnout_s=rescue.turnout_s,
        max_min=rescue.max_min,
        access_max_m=rescue.max_access_m,
    )
