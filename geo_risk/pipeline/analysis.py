"""Steps from layers to results: major hazards, risk index, setbacks, districts, rescue."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .. import store
from ..manifest import Step
from ..region import Region
from .composite import composite_step, points_step, sources_now
from .files import SHARED_CODE, layer_files, surfaces, tables, write_tables
from .flows import flows_step
from .pipelines import pipeline_steps
from .rescue import rescue_step
from .risk import risk_step
from .rollup import groups_step, robustness_step
from .rules import CODE as RULES_CODE
from .rules import own_files, region_rules

if TYPE_CHECKING:
    import geopandas as gpd

# Layers each step looks at, if the region has them.
HAZARD_LAYERS = ("enterprises", "hazard_sources", "gas_pipelines", "parking_lots", "risk_points")
INDEX_LAYERS = (
    "enterprises",
    "hazard_sources",
    "gas_pipelines",
    "crowded_places",
    "roads",
    "risk_points",
    "accidents",
    "buildings",
)
SETBACK_LAYERS = (
    "hazard_sources",
    "gas_pipelines",
    "parking_lots",
    "crowded_places",
    "buildings",
    "enterprises",
    "roads",
)
# Layers in which only the checklist of article 19 and pairs without a rule are counted.
LISTED_LAYERS = ("water", "landuse", "emergency_facilities")
SURFACES = ("index", "hazard", "exposure")
GRADED = (*SURFACES, "grade", "index_now", "residual_grade")
_CODE = ("pipeline/analysis.py", *SHARED_CODE)


def analysis_steps(region: Region, workers: int, samples: int | None = None) -> list[Step]:
    """The steps in order; ``samples`` of the robustness of colours in place of the setting's."""
    samples = region.settings.risk.robustness_samples if samples is None else samples
    build, settings = region.build, region.settings
    grid = (build / "frame.json", build / "grid.json", build / "boundary.parquet")
    code = ("analysis", "standards", "parallel.py", *_CODE)
    found = [
        Step(
            "index",
            lambda: _index(region, workers),
            (
                *grid,
                *layer_files(region, *INDEX_LAYERS, "population"),
                *tables(region, "major_hazards"),
                *(tables(region, "risk_points") if "risk_points" in settings.layers else ()),
            ),
            (*tables(region, "index_sources"), *surfaces(region, *SURFACES)),
            asdict(settings.risk),
            code,
        ),
        Step(
            "setbacks",
            lambda: _setbacks(region),
            (
                build / "date.json",
                *layer_files(region, *SETBACK_LAYERS, *LISTED_LAYERS),
                *(path for path, _ in own_files(region)),
            ),
            tables(region, "findings", "not_checked", "rules", "rule_sets", "art19"),
            asdict(settings.setbacks),
            (*code, *RULES_CODE),
        ),
    ]
    found += pipeline_steps(region)
    if "hazard_sources" in settings.layers:
        reads = layer_files(region, "hazard_sources", "population", "enterprises")
        found.insert(
            0,
            Step("major hazards", lambda: _major_hazards(region), reads, tables(region, "major_hazards"), None, code),
        )
    if "risk_points" in settings.layers:
        found.insert(0, points_step(region))
    if settings.hazmat.flows:
        found.append(flows_step(region))
    if settings.risk.quantified:
        found.append(risk_step(region, workers))
    if "districts" in settings.layers and samples:
        found.append(robustness_step(region, workers, samples))
    if "roads" in settings.layers and "emergency_facilities" in settings.layers:
        found.append(rescue_step(region))
    found.append(composite_step(region, workers))
    if "districts" in settings.layers:
        reads = (*grid, *surfaces(region, *GRADED), *tables(region, "findings", "index_sources", "current_sources"))
        reads += layer_files(region, "districts", "enterprises", "hazard_sources", "risk_points", "population")
        writes = tables(region, "districts", *(["enterprises"] if "enterprises" in settings.layers else []))
        reads += tables(region, "risk_points", "robustness")
        found.append(Step("districts", lambda: _districts(region), reads, writes, asdict(settings.risk), code))
    found.append(groups_step(region))
    return found


def _major_hazards(region: Region) -> None:
    from ..analysis.major_hazards import major_hazards

    layers = region.layers("hazard_sources", "population", "enterprises")
    found = major_hazards(
        layers["hazard_sources"], population=layers.get("population"), enterprises=layers.get("enterprises")
    )
    write_tables(region, major_hazards=found)


def _index(region: Region, workers: int) -> None:
    from ..analysis.index import index_surface
    from ..analysis.index_sources import index_sources

    major = region.table("major_hazards") if "hazard_sources" in region.settings.layers else None
    layers = region.layers(*INDEX_LAYERS)
    if "risk_points" in layers:
        graded = region.table("risk_points")["grade"].to_numpy()
        layers["risk_points"] = layers["risk_points"].assign(grade=graded)
    sources = index_sources(layers, major)
    surface = index_surface(
        sources,
        region.layers("population", "crowded_places"),
        region.grid,
        settings=region.settings.risk,
        workers=workers,
    )
    write_tables(region, index_sources=sources)
    for name, array in {"index": surface.index, "hazard": surface.hazard, "exposure": surface.exposure}.items():
        store.write_surface(region.build / "surfaces" / f"{name}.tif", store.Surface(array, region.grid))


def _districts(region: Region) -> None:
    from ..analysis.exposure import population_on_grid
    from ..analysis.rollup import district_grades
    from ..analysis.rows import working

    risk, grid = region.settings.risk, region.grid
    layers = region.layers("districts", "enterprises", "hazard_sources", "risk_points", "population")
    arrays = {name: region.surface(name).array for name in GRADED}
    counted = [name for name in ("enterprises", "hazard_sources") if name in layers]
    counts: dict[str, Any] = {name: layers[name][working(layers[name])] for name in counted}
    findings = region.table("findings")
    counts["findings"] = findings[findings["verdict"] == "conflict"]
    if "hazard_sources" in layers:
        major = region.table("major_hazards")
        counts["major_hazards"] = major[major["verdict"] == "major"]
    firms = None
    if "enterprises" in layers:
        firms = _firms(region, layers, arrays)
        write_tables(region, enterprises=_with_certainty(region, firms, "enterprise"))
    if (region.build / "tables" / "risk_points.parquet").is_file():
        counts["risk_points"] = region.table("risk_points")
    people = population_on_grid(layers["population"], grid).persons if "population" in layers else None
    graded = {}
    for when, grades, index in (("grade", "grade", "index"), ("grade_now", "residual_grade", "index_now")):
        if firms is not None:
            counts["enterprises"] = firms.assign(grade=firms[when])[working(layers["enterprises"])]
        graded[when] = district_grades(
            layers["districts"], arrays[grades], arrays[index], grid, population=people, counts=counts, settings=risk
        )
    table, now = graded["grade"], graded["grade_now"]
    table.insert(table.columns.get_loc("rule") + 1, "grade_now", now["grade"])
    table.insert(table.columns.get_loc("grade_now") + 1, "rule_now", now["rule"])
    write_tables(region, districts=_with_certainty(region, table, "district"))


def _firms(region: Region, layers: dict[str, gpd.GeoDataFrame], arrays: dict[str, Any]) -> gpd.GeoDataFrame:
    """The graded enterprises, with their current grade and its reason."""
    from ..analysis.grading import enterprise_grades
    from ..analysis.index import IndexSurface

    grid, sources = region.grid, region.table("index_sources")
    given = {
        "hazard_sources": layers.get("hazard_sources"),
        "risk_points": layers.get("risk_points"),
        "major_hazards": region.table("major_hazards") if "hazard_sources" in layers else None,
        "findings": region.table("findings"),
        "districts": layers["districts"],
        "settings": region.settings.risk,
    }
    now = sources_now(sources, region.table("current_sources"))
    firms, after = (
        enterprise_grades(
            layers["enterprises"], IndexSurface(grid, arrays["hazard"], arrays["exposure"], index), which, **given
        )
        for index, which in ((arrays["index"], sources), (arrays["index_now"], now))
    )
    return firms.assign(grade_now=after["grade"], reason_now=after["reason"])


def _with_certainty(region: Region, graded: gpd.GeoDataFrame, scope: str) -> gpd.GeoDataFrame:
    """How sure each colour is, where the region computes it."""
    from ..analysis.robustness import certainty

    if not (region.build / "tables" / "robustness.parquet").is_file():
        return graded
    return graded.assign(certainty=certainty(graded, scope, region.table("robustness")))


def _setbacks(region: Region) -> None:
    import pandas as pd

    from ..analysis.rule_sets import art19, art19_gaps, rule_sets, unruled
    from ..analysis.setbacks import check_setbacks

    layers = region.layers(*SETBACK_LAYERS, *LISTED_LAYERS)
    rules, _ = region_rules(region)
    findings = check_setbacks(layers, rules=rules[rules["switched"] == ""])
    listed = art19(layers)
    gaps = [*findings.attrs["not_checked"], *unruled(layers), *art19_gaps(listed)]
    not_checked = pd.DataFrame(gaps, columns=["layer", "count", "why"])
    write_tables(
        region, findings=findings, not_checked=not_checked, rules=rules, rule_sets=rule_sets(rules), art19=listed
    )
