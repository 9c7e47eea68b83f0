"""The steps of a region, one short function each; the only place where the sub-packages meet.

``inputs -> layers -> surfaces and tables -> site``: every step reads and writes the files it names,
and `manifest.run_steps` runs those whose inputs, settings or code changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import store
from .errors import InputError, SettingsError
from .manifest import Step
from .region import Region, comfortable_cell_m
from .settings import LayerSettings

if TYPE_CHECKING:
    import geopandas as gpd

    from .publish.site import SiteMeta
    from .routing.network import Network

# Layers each step looks at, if the region has them.
HAZARD_LAYERS = ("enterprises", "hazard_sources", "gas_pipelines", "parking_lots")
INDEX_LAYERS = ("enterprises", "hazard_sources", "gas_pipelines", "crowded_places", "roads")
SETBACK_LAYERS = (
    "hazard_sources",
    "gas_pipelines",
    "parking_lots",
    "crowded_places",
    "buildings",
    "enterprises",
    "roads",
)
PLACE_LAYERS = ("hazard_sources", "crowded_places")
SURFACES = ("index", "hazard", "exposure", "grade")
_SHARED_CODE = ("schema.py", "grid.py", "crs.py", "store.py", "pipeline.py")


def steps(folder: Path, build: Path, *, workers: int | None = None) -> list[Step]:
    """All steps of the region in ``folder`` whose results lie in ``build``, in order."""
    region = Region(folder, build=build)
    names = list(region.settings.layers)
    if not set(names) & set(HAZARD_LAYERS):
        raise SettingsError(
            f"{folder / 'region.toml'}: no layer with hazards. "
            f"Add one of: {', '.join(f'[layers.{n}]' for n in HAZARD_LAYERS)}."
        )
    count = workers or region.settings.compute.workers or os.cpu_count() or 1
    return [*_import_steps(region), *_analysis_steps(region, count), *_publish_steps(region)]


def _tables(region: Region, *names: str) -> tuple[Path, ...]:
    return tuple(region.build / "tables" / f"{name}.parquet" for name in names)


def _surfaces(region: Region, *names: str) -> tuple[Path, ...]:
    return tuple(region.build / "surfaces" / f"{name}.tif" for name in names)


def _layer_files(region: Region, *names: str) -> tuple[Path, ...]:
    return tuple(region.build / "layers" / f"{name}.parquet" for name in names if name in region.settings.layers)


# Import ---------------------------------------------------------------------------------------------


def _import_steps(region: Region) -> list[Step]:
    from .layers.sources import is_database, source_files

    build, settings = region.build, region.settings
    code = ("layers", *_SHARED_CODE)
    boundary = settings.region.boundary
    named = boundary in settings.layers
    if not named and boundary == "districts":
        raise SettingsError(
            f"{region.folder / 'region.toml'}: the region has no boundary. Add a [layers.districts] section, "
            'or write boundary = "FILE" under [region].'
        )
    boundary_spec = _spec(region, boundary)
    frame = Step(
        "frame",
        lambda: _frame(region, boundary_spec),
        source_files("districts", boundary_spec, region.folder),
        (build / "frame.json",),
        [settings.region.crs, boundary_spec],
        code,
        is_database(boundary_spec),
    )
    imports = []
    for name in _import_order(region):
        spec = _spec(region, name)
        reads = (build / "frame.json", *source_files(name, spec, region.folder))
        if spec.get("join"):
            reads += _layer_files(region, spec["join"])
        writes = (build / "layers" / f"{name}.parquet", build / "quality" / f"{name}.json")
        imports.append(
            Step(f"import {name}", _bind(_import, region, name, spec), reads, writes, spec, code, is_database(spec))
        )
    layers = _layer_files(region, *settings.layers)
    grid_reads = _layer_files(region, boundary) if named else source_files("districts", boundary_spec, region.folder)
    return [
        frame,
        *imports,
        Step(
            "grid",
            lambda: _grid(region, boundary_spec, named),
            (build / "frame.json", *grid_reads),
            (build / "grid.json", build / "boundary.parquet"),
            [settings.region.cell_m, boundary],
            code,
        ),
        Step(
            "quality",
            lambda: _quality(region),
            tuple(build / "quality" / f"{name}.json" for name in settings.layers) + layers,
            (build / "quality.json", build / "quality.html", build / "layers.gpkg"),
            None,
            code,
        ),
    ]


def _bind(function: Callable[..., object], *arguments: Any) -> Callable[[], object]:
    return lambda: function(*arguments)


def _spec(region: Region, name: str) -> dict[str, Any]:
    """A [layers.NAME] section as plain data; the boundary may also be just a file."""
    settings = region.settings.layers.get(name, LayerSettings(source=name))
    spec = asdict(settings)
    return spec | {"source": list(spec["source"]) if isinstance(spec["source"], tuple) else spec["source"]}


def _import_order(region: Region) -> list[str]:
    """Layer names with those that lend places first."""
    layers = region.settings.layers
    for name, spec in layers.items():
        if spec.join and (spec.join not in layers or layers[spec.join].join):
            raise SettingsError(
                f"{region.folder / 'region.toml'}: [layers.{name}] join = {spec.join!r}: "
                "must be a layer of this region that has coordinates of its own."
            )
    return sorted(layers, key=lambda name: (layers[name].join is not None, name))


def _frame(region: Region, boundary: dict[str, Any]) -> None:
    from pyproj import CRS

    from .crs import metric_crs
    from .layers.load import wgs84_bounds, widen

    west, south, east, north = wgs84_bounds("districts", boundary, region.folder)
    crs = region.settings.region.crs or metric_crs((west + east) / 2, (south + north) / 2)
    try:
        parsed = CRS.from_user_input(crs)
    except Exception:
        raise SettingsError(f'[region] crs = "{crs}": unknown. Write an EPSG code such as "EPSG:4549".') from None
    if not parsed.is_projected or parsed.to_epsg() == 3857 or parsed.axis_info[0].unit_name != "metre":
        raise SettingsError(
            f'[region] crs = "{crs}" ({parsed.name}): its units are not true metres on the ground. '
            'Write a projected metric CRS such as "EPSG:4549".'
        )
    store.write_json(
        region.build / "frame.json",
        {"anchor": list(widen((west, south, east, north))), "bounds": [west, south, east, north], "crs": crs},
    )


def _import(region: Region, name: str, spec: dict[str, Any]) -> None:
    from .layers.load import load_layer
    from .layers.quality import quality_json

    joins = {spec["join"]: region.layer(spec["join"])} if spec["join"] else {}
    frame, reports = load_layer(
        name, spec, folder=region.folder, crs=region.crs, anchor=tuple(region.frame["anchor"]), joins=joins
    )
    store.write_table(region.build / "layers" / f"{name}.parquet", frame)
    store.write_json(region.build / "quality" / f"{name}.json", quality_json(reports))


def _grid(region: Region, boundary: dict[str, Any], named: bool) -> None:
    import geopandas as gpd

    from .layers.load import load_layer

    if named:
        districts = region.layer(region.settings.region.boundary)
    else:
        districts, _ = load_layer("districts", boundary, folder=region.folder, crs=region.crs, anchor=None)
    outline = districts.geometry[districts.geometry.geom_type.isin(["Polygon", "MultiPolygon"])].union_all()
    if outline.is_empty:
        raise InputError(
            f"the boundary {boundary['source']} has no polygons. Name a polygon layer or file in [region] boundary."
        )
    bounds = [round(v, 3) for v in outline.bounds]
    cell = region.settings.region.cell_m or comfortable_cell_m(tuple(bounds))
    store.write_json(region.build / "grid.json", {"bounds": bounds, "cell_m": cell})
    store.write_table(region.build / "boundary.parquet", gpd.GeoDataFrame(geometry=[outline], crs=region.crs))


def _quality(region: Region) -> None:
    from .layers.quality import merge_quality, quality_html

    parts = [store.read_json(region.build / "quality" / f"{name}.json") for name in region.settings.layers]
    merged = merge_quality(parts)
    store.write_json(region.build / "quality.json", merged)
    store.write_text(region.build / "quality.html", quality_html(merged))
    store.write_geopackage(region.build / "layers.gpkg", region.layers(*region.settings.layers))


# Analysis -------------------------------------------------------------------------------------------


def _analysis_steps(region: Region, workers: int) -> list[Step]:
    build, settings = region.build, region.settings
    grid = (build / "frame.json", build / "grid.json", build / "boundary.parquet")
    code = ("analysis", "standards", "parallel.py", *_SHARED_CODE)
    found = [
        Step(
            "index",
            lambda: _index(region, workers),
            (*grid, *_layer_files(region, *INDEX_LAYERS, "population"), *_tables(region, "major_hazards")),
            (*_tables(region, "index_sources"), *_surfaces(region, *SURFACES)),
            asdict(settings.risk),
            code,
        ),
        Step(
            "setbacks",
            lambda: _setbacks(region),
            _layer_files(region, *SETBACK_LAYERS),
            _tables(region, "findings", "not_checked"),
            asdict(settings.setbacks),
            code,
        ),
    ]
    if "hazard_sources" in settings.layers:
        reads = _layer_files(region, "hazard_sources", "population", "enterprises")
        found.insert(
            0,
            Step("major hazards", lambda: _major_hazards(region), reads, _tables(region, "major_hazards"), None, code),
        )
    if "districts" in settings.layers:
        reads = (*grid, *_surfaces(region, *SURFACES), *_tables(region, "findings", "index_sources"))
        reads += _layer_files(region, "districts", "enterprises", "hazard_sources", "population")
        writes = _tables(region, "districts", *(["enterprises"] if "enterprises" in settings.layers else []))
        found.append(Step("districts", lambda: _districts(region), reads, writes, asdict(settings.risk), code))
    if "roads" in settings.layers and "emergency_facilities" in settings.layers:
        reads = _layer_files(region, "roads", "emergency_facilities", *PLACE_LAYERS, "population", "districts")
        writes = _tables(region, "travel_times", "service_areas", "coverage")
        code = ("routing", "standards", "parallel.py", *_SHARED_CODE)
        found.append(Step("rescue", lambda: _rescue(region), reads, writes, asdict(settings.rescue), code))
    return found


def _major_hazards(region: Region) -> None:
    from .analysis.major_hazards import major_hazards

    layers = region.layers("hazard_sources", "population", "enterprises")
    found = major_hazards(
        layers["hazard_sources"], population=layers.get("population"), enterprises=layers.get("enterprises")
    )
    _write_tables(region, major_hazards=found)


def _index(region: Region, workers: int) -> None:
    from .analysis.grading import grade
    from .analysis.index import index_surface
    from .analysis.index_sources import index_sources
    from .analysis.rollup import boundary_mask

    major = region.table("major_hazards") if "hazard_sources" in region.settings.layers else None
    sources = index_sources(region.layers(*INDEX_LAYERS), major)
    surface = index_surface(
        sources,
        region.layers("population", "crowded_places"),
        region.grid,
        settings=region.settings.risk,
        workers=workers,
    )
    inside = boundary_mask(store.read_table(region.build / "boundary.parquet"), region.grid)
    grades = grade(surface.index, region.settings.risk.cuts, mask=inside)
    _write_tables(region, index_sources=sources)
    arrays: dict[str, Any] = {
        "index": surface.index,
        "hazard": surface.hazard,
        "exposure": surface.exposure,
        "grade": grades,
    }
    for name, array in arrays.items():
        store.write_surface(region.build / "surfaces" / f"{name}.tif", store.Surface(array, region.grid))


def _districts(region: Region) -> None:
    from .analysis.exposure import population_on_grid
    from .analysis.grading import enterprise_grades
    from .analysis.index import IndexSurface
    from .analysis.rollup import district_grades

    risk, grid = region.settings.risk, region.grid
    layers = region.layers("districts", "enterprises", "hazard_sources", "population")
    arrays = {name: region.surface(name).array for name in SURFACES}
    surface = IndexSurface(grid, arrays["hazard"], arrays["exposure"], arrays["index"])
    major = region.table("major_hazards") if "hazard_sources" in layers else None
    findings = region.table("findings")
    counts: dict[str, Any] = {name: layers[name] for name in ("enterprises", "hazard_sources") if name in layers}
    counts["findings"] = findings[findings["verdict"] == "conflict"]
    if major is not None:
        counts["major_hazards"] = major[major["verdict"] == "major"]
    if "enterprises" in layers:
        firms = enterprise_grades(
            layers["enterprises"],
            surface,
            region.table("index_sources"),
            hazard_sources=layers.get("hazard_sources"),
            major_hazards=major,
            findings=findings,
            districts=layers["districts"],
            settings=risk,
        )
        _write_tables(region, enterprises=firms)
        counts["enterprises"] = firms
    people = population_on_grid(layers["population"], grid).persons if "population" in layers else None
    graded = district_grades(
        layers["districts"], arrays["grade"], arrays["index"], grid, population=people, counts=counts, settings=risk
    )
    _write_tables(region, districts=graded)


def _setbacks(region: Region) -> None:
    import pandas as pd

    from .analysis.conditions import builtin_rules
    from .analysis.setbacks import check_setbacks

    rules, wanted = builtin_rules(), region.settings.setbacks.standards
    if wanted:
        chosen = rules[rules["standard"].str.startswith(wanted)]
        if chosen.empty:
            known = ", ".join(sorted(set(rules["standard"])))
            raise SettingsError(f"[setbacks] standards = {list(wanted)}: no rule is of these. Known: {known}.")
        rules = chosen
    findings = check_setbacks(region.layers(*SETBACK_LAYERS), rules=rules)
    not_checked = pd.DataFrame(findings.attrs["not_checked"], columns=["layer", "count", "why"])
    _write_tables(region, findings=findings, not_checked=not_checked)


def _rescue(region: Region) -> None:
    from .routing.closest import closest_facilities
    from .routing.coverage import coverage
    from .routing.service import service_areas

    rescue, roads, facilities = region.settings.rescue, network(region), facilities_of(region)
    places = region.layers(*PLACE_LAYERS)
    common: dict[str, Any] = dict(kinds=rescue.kinds, turnout_s=rescue.turnout_s, access_max_m=rescue.max_access_m)
    others = region.layers("population", "districts")
    times = closest_facilities(roads, places, facilities, k=rescue.nearest, max_min=rescue.max_min, **common)
    areas = service_areas(roads, facilities, limits_min=rescue.limits_min, off_road_m=rescue.off_road_m, **common)
    people, districts = others.get("population"), others.get("districts")
    shares = coverage(roads, facilities, places, people, districts, limits_min=rescue.limits_min, **common)
    _write_tables(region, travel_times=times, service_areas=areas, coverage=shares)


def facilities_of(region: Region) -> gpd.GeoDataFrame:
    """
    The emergency facilities; hospitals come from the crowded places where the layer itself has none.

    Offices keep hospitals in the list of crowded places more often than in that of the rescue forces.
    """
    import pandas as pd

    facilities = region.layer("emergency_facilities")
    if "crowded_places" not in region.settings.layers or (facilities["kind"] == "hospital").any():
        return facilities
    places = region.layer("crowded_places")
    hospitals = places.loc[places["kind"] == "hospital", ["id", "name", "kind", "beds", "state", "geometry"]]
    hospitals = hospitals.assign(id="crowded_places/" + hospitals["id"])
    return pd.concat([facilities, hospitals], ignore_index=True) if len(hospitals) else facilities


def network(region: Region) -> Network:
    """The road network of a region, with the speeds of its settings."""
    from .routing.network import build_network
    from .routing.speeds import vehicle_speeds

    rescue = region.settings.rescue
    return build_network(
        region.layer("roads"),
        speeds=vehicle_speeds(rescue.vehicle, overrides=rescue.speeds_kmh),
        snap_m=rescue.merge_ends_m,
        connect_m=rescue.connect_m,
    )


def _write_tables(region: Region, **tables: Any) -> None:
    for name, table in tables.items():
        store.write_table(region.build / "tables" / f"{name}.parquet", table)


# Publishing -----------------------------------------------------------------------------------------

# Results and layers a map is made of, if they are there.
_PUBLISHED = (
    "districts",
    "enterprises",
    "major_hazards",
    "findings",
    "travel_times",
    "service_areas",
    "coverage",
    "index_sources",
)


def _publish_steps(region: Region) -> list[Step]:
    reads = (
        region.build / "frame.json",
        *_layer_files(region, *region.settings.layers),
        *_tables(region, *_published_tables(region)),
        *_surfaces(region, "grade", "index"),
    )
    settings = [asdict(region.settings.publish), region.settings.region.name, region.settings.region.name_en]
    return [
        Step(
            f"publish {profile}",
            _bind(publish, region, profile),
            reads,
            (region.site / profile / "manifest.json",),
            settings,
            ("publish", *_SHARED_CODE),
        )
        for profile in region.settings.publish.profiles
    ]


def _published_tables(region: Region) -> list[str]:
    """Names of the result tables this region has, all steps run."""
    written = {path.stem for step in _analysis_steps(region, 1) for path in step.writes if path.suffix == ".parquet"}
    return [name for name in _PUBLISHED if name in written]


def publish(region: Region, profile: str, to: Path | None = None) -> Path:
    """Write the site of one profile; its page."""
    from .publish.site import build_site

    target = to or region.site / profile
    target.parent.mkdir(parents=True, exist_ok=True)
    build_site(target, *site_parts(region), profile)
    return target / "index.html"


def site_parts(region: Region) -> tuple[dict[str, gpd.GeoDataFrame], dict[str, store.Surface], SiteMeta]:
    """Tables, surfaces and texts of the map."""
    from .publish.site import SiteMeta

    own, text = region.settings.region, region.settings.publish
    tables = {name: region.table(name) for name in _published_tables(region)}
    tables |= {f"layers/{name}": region.layer(name) for name in region.settings.layers}
    surfaces = {name: region.surface(name) for name in ("grade", "index")}
    name_en = own.name_en or own.name
    meta = SiteMeta(
        title={
            "zh": text.title or f"{own.name}安全风险一张图",
            "en": text.title_en or f"{name_en}: safety risk on one map",
        },
        bounds=tuple(region.frame["bounds"]),
        note={"zh": text.note, "en": text.note_en or text.note},
        languages=text.languages,
        date=text.date,
    )
    return tables, surfaces, meta
