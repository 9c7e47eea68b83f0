"""Steps from results to the published map."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .. import store
from ..errors import InputError, SettingsError
from ..manifest import Step
from ..region import Region
from .analysis import analysis_steps
from .bands import CODE as BANDS_CODE
from .bands import bands_of, bands_step, published_surfaces
from .dangers import danger_steps
from .files import SHARED_CODE, layer_files, surfaces, tables
from .history import HISTORY, state_folder
from .risk import MODEL_TABLES

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from ..publish.site import SiteMeta


def publish_steps(region: Region, workers: int) -> list[Step]:
    reads = (
        region.build / "frame.json",
        region.build / "date.json",
        region.build / "boundary.parquet",
        *layer_files(region, *region.settings.layers),
        *tables(region, *_published_tables(region), *_model_tables(region)),
        *surfaces(region, *published_surfaces(region)),
        *_earlier_grade(region),
        *_handbooks(region),
    )
    settings = [asdict(region.settings.publish), region.settings.region.name, region.settings.region.name_en]
    return [bands_step(region)] + [
        Step(
            f"publish {profile}",
            partial(publish, region, profile),
            reads,
            (region.site / profile / "manifest.json",),
            [*settings, asdict(made) if (made := region.settings.profiles.get(profile)) else None],
            ("publish", "pipeline/publish.py", *BANDS_CODE, *SHARED_CODE),
            apart=workers > 1,
        )
        for profile in region.settings.publish.profiles
    ]


def _published_tables(region: Region) -> list[str]:
    """Names of the result tables a map shows that this region has, all steps run."""
    from ..publish.catalogue import result_tables

    steps = [*analysis_steps(region, 1), *danger_steps(region), bands_step(region)]
    written = {path.stem for step in steps for path in step.writes if path.suffix == ".parquet"}
    written.update(name for names in plan_tables(region).values() for name in names)
    return [name for name in result_tables() if name in written]


def plan_tables(region: Region) -> dict[str, tuple[str, ...]]:
    """Tables of the plans that region.toml asks for, by its section."""
    plans: dict[str, tuple[str, ...]] = {}
    if region.settings.stations.add:
        plans["stations"] = ("stations_plan", "coverage_after")
    if region.settings.parking.sites:
        plans["parking"] = ("parking_plan",)
    return plans


def _model_tables(region: Region) -> tuple[str, ...]:
    """What a published map needs beside its own tables to take the risk of a clicked place apart."""
    return MODEL_TABLES if region.settings.risk.quantified else ()


def _earlier_grade(region: Region) -> list[Path]:
    """The grades of the kept state that the map is compared with, if there is one."""
    name = region.settings.publish.compare_with
    path = region.folder / HISTORY / name / "build" / "surfaces" / "grade.tif"
    return [path] if name and path.is_file() else []


def _handbooks(region: Region) -> list[Path]:
    """The list of handbooks in the folder where the map looks for them, if they are written."""
    path = region.folder / "handbooks" / "handbooks.js"
    return [path] if path.is_file() else []


def publish(region: Region, profile: str, to: Path | None = None) -> Path:
    """Write the site of one profile; its page."""
    import pandas as pd

    from ..publish.own_profile import profile_of
    from ..publish.site import build_site

    target = to or region.site / profile
    target.parent.mkdir(parents=True, exist_ok=True)
    shown, pictures, meta = site_parts(region)
    if state := region.settings.publish.compare_with:
        state_folder(region.folder, state)  # tells which states there are if this is none
        for path in _earlier_grade(region):
            earlier = {"grade_before": store.read_surface(path)}
            pictures |= earlier
            shown["surface_bands"] = pd.concat([shown["surface_bands"], bands_of(region, earlier)], ignore_index=True)
        meta = replace(meta, before=state)
    model = {name: region.table(name) for name in _model_tables(region)}
    build_site(target, shown | model, pictures, meta, profile_of(profile, region.settings.profiles))
    return target / "index.html"


_STATED = {"approval": "the map approval number (审图号)", "note": "the sources", "date": "the date of the data"}


def _unstated(region: Region) -> list[str]:
    text = region.settings.publish
    told = {"approval": text.approval, "note": text.note, "date": text.date or region.data_date}
    return [key for key in _STATED if not told[key]]


def not_stated(region: Region) -> list[str]:
    """Sentences on what a map for the public must state and region.toml does not."""
    return [f"{_STATED[key]} is not stated: set {key} under [publish]" for key in _unstated(region)]


def require_stated(region: Region, profile: str) -> None:
    """
    Refuse to publish a map for the public that names neither sources nor date.

    Raises
    ------
    SettingsError
        If one is missing and not among ``unstated`` of [publish]; internal maps may lack both.
    """
    from ..publish.own_profile import profile_of

    inside = profile_of(profile, region.settings.profiles).tables is None
    lacking = [key for key in _unstated(region) if key not in ("approval", *region.settings.publish.unstated)]
    if lacking and not inside:
        raise SettingsError(
            f"{region.folder / 'region.toml'}: the {profile} map is not published, for it lacks "
            + " and ".join(f"{_STATED[key]} ({key} under [publish])" for key in lacking)
            + f". Write it, or unstated = {list(lacking)} under [publish], which the site's manifest.json then tells."
        )


def site_parts(region: Region) -> tuple[dict[str, gpd.GeoDataFrame], dict[str, store.Surface], SiteMeta]:
    """Tables, surfaces and texts of the map."""
    from ..publish.site import SiteMeta

    own, text = region.settings.region, region.settings.publish
    tables = {name: region.table(name) for name in _published_tables(region)}
    tables |= {f"layers/{name}": region.layer(name) for name in region.vector_layers}
    if "groups" in tables and "enterprises" in region.vector_layers:
        tables["groups"] = _on_the_map(tables["groups"], tables["layers/enterprises"])
    surfaces = {name: region.surface(name) for name in published_surfaces(region)}
    meta = SiteMeta(
        title={
            "zh": text.title or f"{own.name}安全风险一张图",
            "en": text.title_en or f"{region.names['en']}: safety risk on one map",
        },
        bounds=tuple(region.frame["bounds"]),
        note={"zh": text.note, "en": text.note_en or text.note},
        languages=text.languages,
        date=text.date or region.data_date,
        region=own.name if _handbooks(region) else "",
        approval=text.approval,
        unstated=tuple(_unstated(region)),
    )
    return tables, surfaces, meta


def _on_the_map(groups: pd.DataFrame, enterprises: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The groups, trades and parks with the places of their working enterprises."""
    import geopandas as gpd
    import shapely

    from ..analysis.rows import FIRM_GROUPS, working

    firms = enterprises[working(enterprises)]
    firms = firms.set_geometry(shapely.point_on_surface(firms.geometry.to_numpy()), crs=firms.crs)
    firms = firms[~(firms.geometry.isna() | firms.geometry.is_empty)]
    places = {
        (scope, str(key)): shapely.multipoints(rows.geometry.to_numpy())
        for scope, column in FIRM_GROUPS.items()
        if column in firms
        for key, rows in firms.groupby(column)
    }
    shapes = [places.get(key) for key in zip(groups["scope"], groups["scope_id"].astype(str), strict=True)]
    return gpd.GeoDataFrame(groups, geometry=gpd.GeoSeries(shapes, index=groups.index, crs=enterprises.crs))


def copy_site(site: Path, to: Path) -> Path:
    """Put a copy of a site at ``to``; what is there already is replaced only if it is a site."""
    if to.exists() and any(to.iterdir()) and not (to / "manifest.json").is_file():
        raise InputError(f"{to} is not empty and no published site. Name another folder with --to.")
    fresh = to.with_name(f".{to.name}-new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(site, fresh)
    store.swap_folder(fresh, to)
    return to / "index.html"
