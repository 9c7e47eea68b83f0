"""The step that mirrors layers and result tables into PostGIS."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from .. import store
from ..errors import SettingsError
from ..manifest import Step
from ..region import Region
from .analysis import analysis_steps
from .bands import bands_step
from .dangers import danger_steps
from .files import SHARED_CODE, layer_files
from .imports import import_steps
from .publish import plan_tables

LAYER_PREFIX = "layer_"  # a layer and a result may share a name: layer_enterprises, and enterprises with their grades


def store_steps(region: Region) -> list[Step]:
    """None without [store] url. It always looks, as no hash tells what a database holds."""
    from ..database.address import check_name, is_address, parse

    own = region.settings.store
    if own.url is None:
        return []
    if not is_address(own.url) or "#" in own.url:
        raise SettingsError(
            f"{region.folder / 'region.toml'}: [store] url is no address of a database. "
            'Write url = "postgresql://user@host/database"; the schema is a key of its own.'
        )
    check_name(own.schema)
    files = _files(region)
    shown = [parse(own.url).shown, own.schema, region.settings.region.name]
    code = ("database", "pipeline/store.py", *SHARED_CODE)
    return [Step("store", partial(_store, region, files), tuple(files.values()), (), shown, code, True, True)]


def _files(region: Region) -> dict[str, Path]:
    """The Parquet file of each table in the database."""
    layers = {f"{LAYER_PREFIX}{path.stem}": path for path in layer_files(region, *region.settings.layers)}
    made = (*import_steps(region), *analysis_steps(region, 1), *danger_steps(region), bands_step(region))
    tables = region.build / "tables"
    written = [path for step in made for path in step.writes]
    written += [tables / f"{name}.parquet" for names in plan_tables(region).values() for name in names]
    return layers | {path.stem: path for path in written if path.suffix == ".parquet" and path.parent == tables}


def _store(region: Region, files: dict[str, Path]) -> None:
    from ..database.address import parse
    from ..database.write import Content, replace_tables

    own = region.settings.store
    address = replace(parse(str(own.url)), schema=own.schema)
    contents = {name: Content(store.sha256(path), partial(store.read_table, path)) for name, path in files.items()}
    replace_tables(address, contents, owner=region.settings.region.name)
