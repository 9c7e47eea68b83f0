"""Steps from the user's files to clean layers, the grid and the quality report."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from .. import store
from ..errors import GeoRiskError, InputError, SettingsError
from ..manifest import Step
from ..region import Region, comfortable_cell_m
from ..sections import LayerSettings
from .files import SHARED_CODE, layer_files
from .rules import own_rules_steps

# Layers by which the places of the others are judged, in the order of their import, and what the quality
# report says of one that is itself of no known system.
EVIDENCE = ("districts", "roads", "water")
UNSTATED = frozenset(("cannot_tell_datum", "unknown_system", "crs_guess"))
_EXTRACT_MARGIN_M = 500.0
CODE = ("layers", "pipeline/imports.py", *SHARED_CODE)


def import_steps(region: Region) -> list[Step]:
    from ..layers.sources import is_database

    build, settings = region.build, region.settings
    code = CODE
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
        _files(region, "districts", boundary_spec),
        (build / "frame.json",),
        {"crs": settings.region.crs, "boundary": boundary_spec},
        code,
        is_database(boundary_spec),
    )
    extracts = _extracts(region)
    imports = [_extract_step(region, path, *extract) for path, extract in extracts.items()]
    for name in _import_order(region):
        spec = _spec(region, name)
        reads = (build / "frame.json", *_inputs(name, spec, region, extracts))
        reads += layer_files(region, *_lenders(spec))
        known = _known(region, name)
        reads += layer_files(region, *known) + tuple(build / "quality" / f"{k}.json" for k in known)
        writes = (build / "layers" / f"{name}.parquet", build / "quality" / f"{name}.json")
        run = partial(_import, region, name, spec, {path: extract[0] for path, extract in extracts.items()})
        rejects = (build / "rejects" / name,)
        imports.append(Step(f"import {name}", run, reads, writes, spec, code, is_database(spec), folders=rejects))
    layers = layer_files(region, *settings.layers)
    grid_reads = layer_files(region, boundary) if named else _files(region, "districts", boundary_spec)
    return [
        frame,
        *imports,
        Step(
            "grid",
            lambda: _grid(region, boundary_spec, named),
            (build / "frame.json", *grid_reads),
            (build / "grid.json", build / "boundary.parquet"),
            {"cell_m": settings.region.cell_m, "boundary": boundary},
            code,
        ),
        *_surface_steps(region),
        *_weather_steps(region),
        *own_rules_steps(region),
        Step(
            "quality",
            lambda: _quality(region),
            (*(build / "quality" / f"{name}.json" for name in _reported(region)), build / "boundary.parquet", *layers),
            (build / "quality.json", build / "quality.html", build / "layers.gpkg"),
            settings.region.name,
            code,
        ),
    ]


Extracts = dict[str, tuple[Path, tuple[str, ...]]]


def _extracts(region: Region) -> Extracts:
    """OpenStreetMap files by path: the folder that keeps what one pass over them gives, and the layers they give."""
    from ..layers.read import OSM, kind_of

    wanted: dict[str, list[str]] = {}
    for name in region.vector_layers:
        for path in _files(region, name, _spec(region, name)):
            if kind_of(path.name) in OSM:
                wanted.setdefault(str(path), []).append(name)
    folder = region.build / "osm"
    return {path: (folder / str(i), tuple(wanted[path])) for i, path in enumerate(sorted(wanted))}


def _extract_step(region: Region, path: str, folder: Path, layers: tuple[str, ...]) -> Step:
    from ..layers.load import widen
    from ..layers.osm import stored_files, write_layers

    file, frame = Path(path), region.build / "frame.json"
    shown = file.relative_to(region.folder) if file.is_relative_to(region.folder) else file

    def run() -> None:
        # a little more than the anchor, which the import then cuts off exactly
        write_layers(file, layers, widen(tuple(region.frame["anchor"]), _EXTRACT_MARGIN_M), folder)

    return Step(f"osm {shown.as_posix()}", run, (frame, file), stored_files(layers, folder), list(layers), CODE)


def _inputs(name: str, spec: dict[str, Any], region: Region, extracts: Extracts) -> tuple[Path, ...]:
    """The files a layer is read from: what was kept of an extract stands for the extract."""
    from ..layers.osm import stored_files

    files: tuple[Path, ...] = ()
    for file in _files(region, name, spec):
        kept = extracts.get(str(file))
        files += stored_files((name,), kept[0]) if kept else (file,)
    return files


def _spec(region: Region, name: str) -> dict[str, Any]:
    """A [layers.NAME] section as plain data; the boundary may also be just a file."""
    settings = region.settings.layers.get(name, LayerSettings(source=name))
    spec = asdict(settings)
    return spec | {"source": list(spec["source"]) if isinstance(spec["source"], tuple) else spec["source"]}


def _files(region: Region, name: str, spec: dict[str, Any]) -> tuple[Path, ...]:
    """The files behind a layer; region.toml where one is not there or a key is wrong, which its import then tells."""
    from ..layers.sources import source_files

    try:
        return source_files(name, spec, region.folder)
    except GeoRiskError:
        return (region.folder / "region.toml",)


def _import_order(region: Region) -> list[str]:
    """Layer names with those first that others are judged by, then those that lend places."""
    layers = region.settings.layers
    lenders = {name: _lenders(_spec(region, name)) for name in layers}
    for name, wanted in lenders.items():
        for lender in wanted:
            if lender not in layers or lenders[lender]:
                raise SettingsError(
                    f"{region.folder / 'region.toml'}: [layers.{name}] join = {lender!r}: "
                    "must be a layer of this region that has coordinates of its own."
                )
    first = {name: i for i, name in enumerate(EVIDENCE)}
    return sorted(region.vector_layers, key=lambda name: (bool(lenders[name]), first.get(name, len(first)), name))


def _lenders(spec: dict[str, Any]) -> list[str]:
    """The layers that lend their places to the whole of a layer or to one of its files."""
    items = spec["source"] if isinstance(spec["source"], list) else []
    wanted = [spec["join"], *(item.get("join") for item in items if isinstance(item, dict))]
    return sorted({lender for lender in wanted if lender})


def _known(region: Region, name: str) -> list[str]:
    """The layers by which the places of another are judged; those come before it. Roads only prove a system."""
    layers = region.settings.layers
    before = EVIDENCE[: EVIDENCE.index(name)] if name in EVIDENCE else EVIDENCE
    return [layer for layer in before if layer in layers and not (layer == "roads" and layers[name].crs)]


def _evidence(region: Region, name: str) -> dict[str, Any]:
    """Those of the known layers whose own coordinate system is stated or told: the others prove nothing."""
    out = {}
    for layer in _known(region, name):
        files = store.read_json(region.build / "quality" / f"{layer}.json")["files"]
        if not {issue["code"] for f in files for issue in f["issues"]} & UNSTATED:
            out[layer] = region.layer(layer)
    return out


def _frame(region: Region, boundary: dict[str, Any]) -> None:
    from pyproj import CRS

    from ..crs import metric_crs
    from ..layers.districts import boundary_version
    from ..layers.load import wgs84_bounds, widen

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
        {
            "anchor": list(widen((west, south, east, north))),
            "bounds": [west, south, east, north],
            "crs": crs,
            "boundary": boundary_version("districts", boundary, region.folder),
        },
    )


def _import(region: Region, name: str, spec: dict[str, Any], extracts: dict[str, Path]) -> None:
    from ..layers.load import load_layer
    from ..layers.quality import quality_json

    for path in _files(region, name, spec):
        if path.is_relative_to(region.folder / "build"):
            raise SettingsError(
                f"[layers.{name}] source {path}: a run replaces what lies in build/. Copy the file to "
                f"{region.folder / 'inputs'} and name the copy."
            )
    joins = region.layers(*_lenders(spec))
    anchor = tuple(region.frame["anchor"])
    frame, reports = load_layer(
        name,
        spec,
        folder=region.folder,
        crs=region.crs,
        anchor=anchor,
        joins=joins,
        evidence=_evidence(region, name),
        extracts=extracts,
        rejects=region.build / "rejects" / name,
    )
    store.write_table(region.build / "layers" / f"{name}.parquet", frame)
    store.write_json(region.build / "quality" / f"{name}.json", quality_json(reports))


def _grid(region: Region, boundary: dict[str, Any], named: bool) -> None:
    import geopandas as gpd

    from ..layers.load import load_layer

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


def _surface_steps(region: Region) -> list[Step]:
    if "elevation" not in region.settings.layers:
        return []
    build, spec = region.build, _spec(region, "elevation")
    reads = (build / "frame.json", build / "grid.json", *_files(region, "elevation", spec))
    writes = (build / "surfaces" / "elevation.tif", build / "quality" / "elevation.json")
    return [Step("import elevation", lambda: _elevation(region, spec), reads, writes, spec, CODE)]


def _elevation(region: Region, spec: dict[str, Any]) -> None:
    from ..layers.quality import quality_json
    from ..layers.raster import read_elevation
    from ..layers.sources import sources

    surface, reports = read_elevation(sources("elevation", spec, region.folder), region.grid)
    store.write_surface(region.build / "surfaces" / "elevation.tif", surface)
    store.write_json(region.build / "quality" / "elevation.json", quality_json(reports))


def _weather_steps(region: Region) -> list[Step]:
    given = region.settings.weather.wind
    if given is None:
        return []
    file, build = region.folder / given, region.build
    writes = (build / "tables" / "wind_rose.parquet", build / "quality" / "weather.json")
    return [Step("weather", lambda: _weather(region, file), (file,), writes, given, (*CODE, "standards"))]


def _weather(region: Region, file: Path) -> None:
    from ..layers.quality import quality_json
    from ..layers.weather import load_wind

    table, report = load_wind(file)
    store.write_table(region.build / "tables" / "wind_rose.parquet", table)
    store.write_json(region.build / "quality" / "weather.json", quality_json([report]))


def _reported(region: Region) -> list[str]:
    """Names of the parts of the quality report."""
    own = ["own_rules"] if region.settings.setbacks.own_rules else []
    return [*region.settings.layers, *(["weather"] if region.settings.weather.wind else []), *own]


def _quality(region: Region) -> None:
    import geopandas as gpd

    from ..layers.quality import merge_quality
    from ..layers.quality_page import quality_html

    parts = [store.read_json(region.build / "quality" / f"{name}.json") for name in _reported(region)]
    merged = merge_quality(parts)
    store.write_json(region.build / "quality.json", merged)
    boundary = gpd.read_parquet(region.build / "boundary.parquet").to_crs(4326).geometry.iloc[0]
    page = quality_html(merged, title=region.settings.region.name, boundary=boundary)
    store.write_text(region.build / "quality.html", page)
    store.write_geopackage(region.build / "layers.gpkg", region.layers(*region.settings.layers))
