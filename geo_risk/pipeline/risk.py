"""The step from scenarios to quantified risk: surfaces, contours, targets, F-N."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import store
from ..manifest import Step
from ..region import Region
from .files import SHARED_CODE, layer_files, surfaces, tables, write_tables
from .flows import with_flows

if TYPE_CHECKING:
    import geopandas as gpd

    from ..analysis.qra.model import Model
    from ..analysis.qra.people import Presence

# Layers that hold sources, people or targets.
LAYERS = (
    "enterprises",
    "hazard_sources",
    "gas_pipelines",
    "parking_lots",
    "roads",
    "crowded_places",
    "buildings",
    "population",
    "districts",
)
SURFACES = ("lsir", "lsir_grade", "societal")
MODEL_TABLES = ("risk_outcomes", "risk_footprints", "risk_weather")
TABLES = (
    "risk_sources",
    "scenarios",
    "not_quantified",
    "unverified",
    *MODEL_TABLES,
    "risk_contours",
    "target_risk",
    "fn_curve",
    "pll",
    "risk_people",
)


def risk_step(region: Region, workers: int) -> Step:
    build, settings = region.build, region.settings
    reads = (build / "frame.json", build / "grid.json", build / "boundary.parquet", *layer_files(region, *LAYERS))
    if settings.weather.wind:
        reads += tables(region, "wind_rose")
    if settings.hazmat.flows:
        reads += tables(region, "hazmat_links")
    if settings.risk.scenarios:
        reads += (region.folder / settings.risk.scenarios,)
    return Step(
        "risk",
        lambda: _risk(region, workers),
        reads,
        (*tables(region, *TABLES), *surfaces(region, *SURFACES)),
        asdict(settings.risk) | asdict(settings.weather),
        ("analysis", "standards", "layers/own_numbers.py", "pipeline/risk.py", *SHARED_CODE),
    )


def _risk(region: Region, workers: int) -> None:
    from ..analysis.qra.curves import fn_table, pll_table, societal_surface, source_fn
    from ..analysis.qra.model import lsir_surface
    from ..analysis.qra.people import presence
    from ..analysis.qra.saved import model_tables
    from ..analysis.qra.targets import target_risk

    layers, grid = region.layers(*LAYERS), region.grid
    if region.settings.hazmat.flows:
        layers["roads"] = with_flows(layers.get("roads"), region.table("hazmat_links"))
    model, made = model_of(region, layers)
    missing = _located(made["not_quantified"], layers)
    made |= {"risk_sources": model.sources, "not_quantified": missing}
    write_tables(region, **made, **model_tables(model))
    lsir = lsir_surface(model, grid, workers=workers)
    there = presence(layers, grid, region.settings.risk)
    found = source_fn(model, there, workers=workers)
    density = societal_surface(model, there, workers=workers)
    _write_surfaces(region, lsir, density, there)
    targets = target_risk(model, layers, lsir, grid, not_quantified=missing, workers=workers)
    write_tables(
        region,
        risk_contours=_contours(region, model, lsir, layers.get("population"), workers),
        target_risk=targets,
        fn_curve=fn_table(model, found),
        pll=pll_table(model, found, density, there, layers.get("districts")),
        risk_people=_people(there),
    )


def model_of(region: Region, layers: dict[str, gpd.GeoDataFrame], **changed: Any) -> tuple[Model, dict[str, Any]]:
    """The risk model of the layers and the tables it came with; ``changed`` keys of [risk] for this once."""
    from ..analysis.qra.scenarios import risk_model
    from ..layers.own_numbers import read_scenarios

    settings = region.settings.risk
    own = read_scenarios(region.folder / settings.scenarios) if settings.scenarios else None
    rose = region.table("wind_rose") if region.settings.weather.wind else None
    model, made = risk_model(layers, rose, replace(settings, **changed), own)
    firms = layers.get("enterprises")
    if firms is not None:
        firms = firms.drop_duplicates("id").set_index("id").reindex(model.sources["enterprise_id"])
        name = model.sources["enterprise_name"].replace("", None).fillna(pd.Series(firms["name"].to_numpy()))
        park = firms["park"].to_numpy(object) if "park" in firms else None
        model = replace(model, sources=model.sources.assign(enterprise_name=name, park=park))
    return model, made


def _located(missing: pd.DataFrame, layers: dict[str, gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Rows of layers (columns layer, id) with the places these have; empty where they have none."""
    import geopandas as gpd

    known = [f[["id", "geometry"]].assign(layer=name) for name, f in layers.items() if "id" in f]
    crs = next(iter(layers.values())).crs
    places = pd.concat(known).drop_duplicates(["layer", "id"]).set_index(["layer", "id"])["geometry"]
    keys = pd.MultiIndex.from_frame(missing[["layer", "id"]])
    return gpd.GeoDataFrame(missing, geometry=places.reindex(keys).to_numpy(), crs=crs)


def _write_surfaces(region: Region, lsir: Any, density: Any, there: Presence) -> None:
    from ..analysis.grading import grade
    from ..analysis.rollup import boundary_mask

    inside = boundary_mask(store.read_table(region.build / "boundary.parquet"), region.grid)
    grades = grade(lsir, region.settings.risk.lsir_cuts, mask=inside)
    for name, array, grid in (
        ("lsir", lsir, region.grid),
        ("lsir_grade", grades, region.grid),
        ("societal", density, there.grid),
    ):
        store.write_surface(region.build / "surfaces" / f"{name}.tif", store.Surface(array, grid))


def _contours(region: Region, model: Model, lsir: Any, population: Any, workers: int) -> gpd.GeoDataFrame:
    """Contours of the region, and of each park its land-safety control line: the lowest level of its own sources."""
    from ..analysis.qra.contours import contour_table, criterion_levels
    from ..analysis.qra.curves import scopes
    from ..analysis.qra.model import lsir_surface

    levels, grid = criterion_levels(), region.grid
    sure = model.sources["confidence"]
    parts = [contour_table(lsir, grid, levels, population=population, sources=sure)]
    for scope, key, _, mine in scopes(model.sources):
        if scope == "park":
            own = lsir_surface(model, grid, only=mine, workers=workers)
            own_sure = sure[mine]
            parts.append(
                contour_table(own, grid, levels[:1], scope=scope, scope_id=key, population=population, sources=own_sure)
            )
    whole = [p for p in parts if len(p)]
    return pd.concat(whole, ignore_index=True) if whole else parts[0]


def _people(there: Presence) -> pd.DataFrame:
    from ..analysis.qra.people import people_of

    people = people_of(there)
    return pd.DataFrame({"x": people.x, "y": people.y, **{p: np.asarray(v) for p, v in people.persons.items()}})
