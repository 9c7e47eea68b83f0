"""Answers to one question about a finished region: why this colour, who comes, what does it look like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import pipeline, store
from .errors import InputError, RegionError
from .export import export_table
from .grid import Grid
from .pipeline.risk import LAYERS as RISK_LAYERS
from .pipeline.risk import MODEL_TABLES, model_of
from .region import Region

if TYPE_CHECKING:
    import flask
    import folium
    import geopandas as gpd

    from .analysis.qra.model import Model
    from .analysis.qra.report import Accident
    from .pipeline.compare import Comparison


# Beside the zones on the map of an accident.
_ACCIDENT_MAP = ("layers/crowded_places", "layers/districts", "layers/roads", "layers/water", "risk_sources")
DAY_HOURS = (8.0, 18.5)  # day is 08:00 to 18:30 (Purple Book)


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
    quantified = risk.quantified
    shown = ("index", "grade", "lsir") if quantified else ("index", "grade")
    told["surface"] = {name: region.surface(name).array[row, col].item() for name in shown}
    told["risk"] = explain_risk(risk_model(region), x, y) if quantified else None
    return told


def risk_model(region: Region) -> Model:
    """The model of the last run, read back from its tables."""
    require_quantified(region)
    from .analysis.qra.saved import model_from

    return model_from(region.table("risk_sources"), {name: region.table(name) for name in MODEL_TABLES})


def require_quantified(region: Region) -> None:
    """RegionError if the region does not compute quantified risk."""
    if not region.settings.risk.quantified:
        raise RegionError(
            f"{region.folder}: quantified risk is not switched on. Write quantified = true under [risk] in "
            f"region.toml, then: geo-risk run {region.folder}"
        )


def accident(
    region: Region, source: str, *, scenario: str | None, wind: tuple[float, float] | None, hour: float
) -> Accident:
    """One accident of a risk source of the last run; see `analysis.qra.report.accident`."""
    from .analysis.qra.accident import find_source
    from .analysis.qra.people import SIDE_M
    from .analysis.qra.report import accident as reported
    from .analysis.qra.saved import model_from
    from .analysis.qra.societal import People

    require_quantified(region)
    sources, crowd = region.table("risk_sources"), region.table("risk_people")
    row = find_source(sources, source)
    whole = model_from(sources, {name: region.table(name) for name in MODEL_TABLES}, only=row)
    alone = replace(
        whole,
        sources=sources.iloc[[row]].reset_index(drop=True),
        outcomes=[replace(o, source=0) for o in whole.outcomes],
    )
    persons = {period: crowd[period].to_numpy(float) for period in ("day", "night")}
    people = People(crowd["x"].to_numpy(float), crowd["y"].to_numpy(float), SIDE_M, persons)
    return reported(
        alone,
        people,
        region.layers("crowded_places", "roads", "gas_pipelines"),
        region.settings.risk,
        scenario=scenario,
        wind=wind,
        period="day" if DAY_HOURS[0] <= hour < DAY_HOURS[1] else "night",
        sources=sources,
    )


def rescue_told(region: Region, x: float, y: float) -> list[dict[str, Any]]:
    """Who comes to the place (x, y) [m], as plain rows."""
    names = ["facility_kind", "rank", "facility_id", "facility_name", "minutes", "distance_m", "reason"]
    rows = rescue_at(region, x, y)[names].astype(object)
    return rows.where(rows.notna(), None).to_dict("records")


def write_accident(region: Region, found: Accident, to: str) -> None:
    """The zones of an accident as a map (.html) or in any form of `export.export_table`."""
    if not to.lower().endswith(".html"):
        export_table(found.zones, to, "accident")
        return
    from .publish import folium_map as page

    tables, _, meta = pipeline.site_parts(region)
    title = f"{found.told['source']['name']}: {found.told['scenario']}"
    shown = {name: table for name, table in tables.items() if name in _ACCIDENT_MAP}
    shown["accident_zones"] = found.zones
    bounds = tuple(found.zones.geometry.to_crs(4326).total_bounds) if len(found.zones) else meta.bounds
    meta = replace(meta, title={"zh": title, "en": title}, bounds=bounds)
    store.write_text(Path(to), page.single_file(page.folium_map(shown, {}, meta)))


def what_if(region: Region, source: str, factor: float) -> tuple[dict[str, Any], store.Surface]:
    """
    What changes when the frequencies of a risk source are multiplied; (figures, surface of after minus before).

    0 removes the source. Only the cells it reaches are computed.
    """
    from .analysis.qra.accident import find_source
    from .analysis.qra.change import what_if as changed
    from .analysis.qra.contours import contours, criterion_levels

    model, before = risk_model(region), region.surface("lsir")
    row = find_source(model.sources, source)
    found = changed(before.array, model, row, factor, region.grid)
    levels = criterion_levels()
    areas = [[c.area / 1e6 for c in contours(a, region.grid, levels)] for a in (before.array, found.after)]
    rows = [
        {"level_per_yr": level, "area_km2": a, "area_after_km2": b} for level, a, b in zip(levels, *areas, strict=True)
    ]
    cells = (found.window[1] - found.window[0]) * (found.window[3] - found.window[2])
    told = {"source": source, "factor": factor, "cells_computed": cells, "contours": rows}
    told |= {"lsir_max": float(before.array.max()), "lsir_max_after": float(found.after.max())}
    return told, store.Surface(found.after - before.array, region.grid)


def risk_percentiles(region: Region, samples: int, cell_m: float, seed: int) -> gpd.GeoDataFrame:
    """Contours of the 5 %, 50 % and 95 % of the individual risk; both sets of probits are equally likely."""
    import pandas as pd

    from .analysis.qra.contours import contour_table, criterion_levels
    from .analysis.qra.uncertainty import lsir_percentiles
    from .grid import grid_of

    layers = region.layers(*RISK_LAYERS)
    models = [model_of(region, layers, probits=name)[0] for name in ("purple_book", "lees")]
    grid = grid_of(region.grid.bounds, cell_m, region.crs)
    found = lsir_percentiles(models, grid, samples=samples, seed=seed)
    tables = [contour_table(a, grid, criterion_levels()).assign(percentile=p) for p, a in sorted(found.items())]
    return pd.concat([t for t in tables if len(t)] or tables[:1], ignore_index=True)


def compare(before: Region, after: Region, to: list[str]) -> Comparison:
    """What changed between two states, also written to the files ``to``."""
    from .pipeline.change_pages import changes_page
    from .pipeline.compare import compare as compared

    found = compared(before, after)
    for path in to:
        if path.lower().endswith(".json"):
            store.write_json(Path(path), found.told)
        elif path.lower().endswith((".html", ".pdf", ".docx")):
            _write_document(changes_page(found, after.settings.publish.languages[0]), path)
        else:
            export_table(found.changes, path, "changes")
    return found


def bulletin(before: Region, after: Region, to: str, lang: str | None) -> Path:
    """The bulletin of the time between two states, written to a file."""
    from .pipeline.change_pages import bulletin_page
    from .pipeline.compare import compare as compared

    page = bulletin_page(compared(before, after), lang or after.settings.publish.languages[0])
    return _write_document(page, to)


def _write_document(document: dict[str, Any], to: str) -> Path:
    from .pipeline.change_pages import write_document

    data = write_document(document, to)
    with store.replacing(Path(to)) as temporary:
        temporary.write_bytes(data)
    return Path(to)


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
