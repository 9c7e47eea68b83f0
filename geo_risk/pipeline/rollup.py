"""The step that rolls grades up to trades, parks, lines and the region, and checks that all sums agree."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import store
from ..manifest import Step
from ..region import Region
from .files import SHARED_CODE, layer_files, surfaces, tables, write_tables

if TYPE_CHECKING:
    import geopandas as gpd

SAMPLED = ("districts", "enterprises", "hazard_sources", "population", "crowded_places")
LAYERS = ("districts", "enterprises", "gas_pipelines", "roads", "population")
# Surfaces of inherent risk, and of current risk where the region has it.
INHERENT, CURRENT = ("grade", "index"), ("residual_grade",)


def groups_step(region: Region) -> Step:
    build = region.build
    reads = (build / "frame.json", build / "grid.json", build / "boundary.parquet", *layer_files(region, *LAYERS))
    reads += (*surfaces(region, *INHERENT, *CURRENT), *tables(region, "enterprises", "index_sources"))
    return Step(
        "groups",
        lambda: _groups(region),
        reads,
        tables(region, "groups", "segments", "balance"),
        asdict(region.settings.risk) | {"name": region.settings.region.name},
        ("analysis", "parallel.py", "pipeline/rollup.py", *SHARED_CODE),
    )


def robustness_step(region: Region, workers: int, samples: int) -> Step:
    reads = (region.build / "frame.json", region.build / "grid.json", *layer_files(region, *SAMPLED))
    reads += tables(region, "index_sources", "major_hazards")
    if region.settings.risk.quantified:
        reads += surfaces(region, "lsir_grade")
    return Step(
        "robustness",
        lambda: _robustness(region, workers, samples),
        reads,
        tables(region, "robustness", "sensitivity"),
        asdict(region.settings.risk) | asdict(region.settings.grading) | {"robustness_samples": samples},
        ("analysis", "standards", "parallel.py", "pipeline/rollup.py", *SHARED_CODE),
    )


def _robustness(region: Region, workers: int, samples: int) -> None:
    from ..analysis.robustness import robustness

    layers = region.layers(*SAMPLED)
    told, moved = robustness(
        layers["districts"],
        region.table("index_sources"),
        layers,
        region.grid,
        major_hazards=region.table("major_hazards") if "hazard_sources" in layers else None,
        lsir_grade=region.surface("lsir_grade").array if region.settings.risk.quantified else None,
        settings=region.settings.risk,
        grading=region.settings.grading,
        samples=samples,
        workers=workers,
    )
    write_tables(region, robustness=told, sensitivity=moved)


def _groups(region: Region) -> None:
    from ..analysis.balance import area_balances, balance_table, count_balance, once, residents_balance
    from ..analysis.exposure import located, population_on_grid
    from ..analysis.groups import enterprise_groups, line_groups, region_group
    from ..analysis.rows import FIRM_GROUPS, working
    from ..analysis.zones import zones

    risk, grid, layers = region.settings.risk, region.grid, region.layers(*LAYERS)
    there = [n for n in (*INHERENT, *CURRENT) if (region.build / "surfaces" / f"{n}.tif").is_file()]
    arrays = {name: region.surface(name).array for name in there}
    boundary = store.read_table(region.build / "boundary.parquet")
    whole = once(zones(np.asarray(boundary.geometry.array), grid))
    found = population_on_grid(layers["population"], grid) if "population" in layers else None
    persons = None if found is None else found.persons
    parts, rows, graded = [], [], None
    if (region.build / "tables" / "enterprises.parquet").is_file():
        firms, layer = region.table("enterprises"), layers["enterprises"].reset_index(drop=True)
        counts = working(layer)
        graded, layer = firms.reset_index(drop=True)[counts], layer[counts]
        for scope, column in FIRM_GROUPS.items():
            parts.append(enterprise_groups(graded, layer, scope, column, risk))
            key = layer[column] if column in layer else pd.Series(None, layer.index)
            rows += count_balance(f"enterprises by {scope}", graded, key)
        rows += count_balance("enterprises by district", graded, graded["district_id"])
    cut = _segments(region, layers, arrays)
    for scope, name in (("pipeline", "gas_pipelines"), ("road", "roads")):
        lines = cut[cut["layer"] == name].reset_index(drop=True)
        if len(lines):
            parts.append(
                line_groups(lines, scope, risk, lines["name"].fillna(lines["id"]) if scope == "road" else None)
            )
    name = region.settings.region.name
    parts.append(region_group(name, whole, arrays, grid.cell_m, risk, persons=persons, graded=graded))
    if "districts" in layers:
        districts = layers["districts"].reset_index(drop=True)
        cells = zones(np.asarray(districts.geometry.array), grid)
        rows += area_balances(districts, cells, whole, arrays["grade"], grid.cell_m, persons)
    if found is not None:
        given = pd.to_numeric(layers["population"]["persons"], errors="coerce")
        nowhere = float(given[~located(np.asarray(layers["population"].geometry.array))].sum())
        beyond = found.outside + nowhere
        rows.append(residents_balance(float(given.sum()), beyond, found.persons, whole, arrays["grade"]))
    write_tables(region, groups=pd.concat(parts, ignore_index=True), segments=cut, balance=balance_table(rows))


def _segments(region: Region, layers: dict[str, gpd.GeoDataFrame], arrays: dict[str, Any]) -> gpd.GeoDataFrame:
    """Pipelines, and the roads that count as sources, cut into segments; no rows where there are none."""
    import geopandas as gpd

    from ..analysis.segments import segments

    sources = region.table("index_sources")
    counting = sources[(sources["layer"] == "roads") & (sources["score"] > 0)]["id"]
    empty = gpd.GeoDataFrame({"id": [], "name": []}, geometry=[], crs=region.grid.crs)
    lines = {"gas_pipelines": layers.get("gas_pipelines", empty), "roads": layers.get("roads", empty)}
    lines["roads"] = lines["roads"][lines["roads"]["id"].isin(counting)]
    cut = [
        segments(
            frame.reset_index(drop=True),
            name,
            *(arrays["grade"], arrays["index"], region.grid),
            longest_m=region.settings.risk.segment_m,
            grade_now=arrays.get("residual_grade"),
        )
        for name, frame in lines.items()
    ]
    return pd.concat([c for c in cut if len(c)] or cut[:1], ignore_index=True)
