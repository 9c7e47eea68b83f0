"""Steps from the user's files to clean layers, the grid and the quality report."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import store
from ..errors import GeoRiskError, InputError, SettingsError
from ..manifest import Step
from ..region import Region, comfortable_cell_m
from ..settings import LayerSettings
from .files import SHARED_CODE, bind, layer_files

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
        [settings.region.crs, boundary_spec],
        code,
        is_database(boundary_spec),
    )
    imports = []
    for name in _import_order(region):
        spec = _spec(region, name)
        reads = (build / "frame.json", *_files(region, name, spec))
        if spec.get("join"):
            reads += layer_files(region, spec["join"])
        writes = (build / "layers" / f"{name}.parquet", build / "quality" / f"{name}.json")
        run, rejects = bind(_import, region, name, spec), (build / "rejects" / name,)
        imports.append(Step(f"import {name}", run, reads, writes, spec, code, is_database(spec), rejects))
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
            [settings.region.cell_m, boundary],
            code,
        ),
        Step(
            "quality",
            lambda: _quality(region),
            (*(build / "quality" / f"{name}.json" for name in settings.layers), build / "boundary.parquet", *layers),
            (build / "quality.json", build / "quality.html", build / "layers.gpkg"),
            settings.region.name,
            code,
        ),
    ]


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

    from ..crs import metric_crs
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
        {"anchor": list(widen((west, south, east, north))), "bounds": [west, south, east, north], "crs": crs},
    )


def _import(region: Region, name: str, spec: dict[str, Any]) -> None:
    from ..layers.load import load_layer
    from ..layers.quality import quality_json

    for path in _files(region, name, spec):
        if path.is_relative_to(region.folder / "build"):
            raise SettingsError(
                f"[layers.{name}] source {path}: a run replaces what lies in build/. Copy the file to "
                f"{region.folder / 'inputs'} and name the copy."
            )
    joins = {spec["join"]: region.layer(spec["join"])} if spec["join"] else {}
    frame, reports = load_layer(
        name,
        spec,
        folder=region.folder,
        crs=region.crs,
        anchor=tuple(region.frame["anchor"]),
        joins=joins,
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


def _quality(region: Region) -> None:
    import geopandas as gpd

    from ..layers.quality import merge_quality
    from ..layers.quality_page import quality_html

    parts = [store.read_json(region.build / "quality" / f"{name}.json") for name in region.settings.layers]
    merged = merge_quality(parts)
    store.write_json(region.build / "quality.json", merged)
    boundary = gpd.read_parquet(region.build / "boundary.parquet").to_crs(4326).geometry.iloc[0]
    page = quality_html(merged, title=region.settings.region.name, boundary=boundary)
    store.write_text(region.build / "quality.html", page)
    store.write_geopackage(region.build / "layers.gpkg", region.layers(*region.settings.layers))
