"""The published map: a folder of static files that asks no outside host (docs/site-format.md)."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import GeoRiskError, InputError
from ..parallel import ahead
from ..store import Surface
from .bands import TABLE as BANDS
from .bands import band_lists
from .catalogue import (
    EXTRA_DOWNLOADS,
    GROUPS,
    SURFACES_HERE,
    Spec,
    table_schema,
)
from .check import check_site
from .columns import popup_columns
from .downloads import records, write_csv, write_geojson, write_geotiff
from .drawn import OUTLINE, layers_of
from .memory import give_back
from .page import short_hash, write_page, write_script
from .panel import risk_panel
from .profile import Profile, get_profile, shown_tables
from .search import entries, write_search
from .spot import TABLES as SPOT_TABLES
from .spot import spot_data
from .style import GRADES, SURFACES, Scale, surface_scale
from .tiles.archive import Bounds
from .tiles.chunks import CHUNK_BYTES, write_chunks
from .tiles.raster import TILE_PX, full_zoom, generalise, write_raster_tiles
from .tiles.vector import KEEP, write_vector_tiles
from .twins import write_twins
from .words import TRANSLATED, approval_words, sentences

__all__ = ["SiteMeta", "SiteSummary", "build_site"]

# No map starts nearer than this, however small the region: neighbours must be seen too.
_NEAREST_START = 10
_RASTER_MAXZOOM = 14
# The hatch is drawn this far in, and no more zooms than these below the first: the region is then
# some 10,000 px wide, whatever its size.
_HATCH_MAXZOOM = 13
_HATCH_DEPTH = 5
# From REGION/site/internal to REGION/handbooks; asked for only when an enterprise is looked at.
_HANDBOOKS = "../../handbooks"
# Bookkeeping of the import, which quality.html tells.
_NOT_SHOWN = ("geometry", "source_file", "source_row")
# Digits of places in the search index and the table: 1e-5 degrees is 1 m.
_PLACE_DECIMALS = 5


@dataclass(frozen=True)
class SiteMeta:
    """
    What the map says about itself.

    ``title`` and ``note`` are {"zh": ..., "en": ...}; the note names sources, ``approval`` is the map approval number
    (审图号), for which the map has a place whether it is given or not. The first of ``languages`` is shown first.
    ``bounds`` is (west, south, east, north) [degrees]; ``date`` is ISO text or empty; ``before`` names the state that
    the surface grade_before is of. Handbooks of ``region`` are linked where they lie beside the site.
    """

    title: Mapping[str, str]
    bounds: Bounds
    note: Mapping[str, str] = field(default_factory=lambda: {"zh": "", "en": ""})
    languages: tuple[str, ...] = ("zh", "en")
    date: str = ""
    before: str = ""
    region: str = ""
    approval: str = ""
    unstated: tuple[str, ...] = ()

    def noted(self, lang: str) -> str:
        """The note, the date of the data and the map approval number, as the map tells them."""
        dated = {"zh": f"数据截至 {self.date}", "en": f"data of {self.date}"}[lang] if self.date else ""
        parts = (self.note.get(lang, ""), dated, approval_words(self.approval, lang))
        return " · ".join(part for part in parts if part)


@dataclass(frozen=True)
class SiteSummary:
    """What was written: features of each layer, files and bytes, and ``notes`` on what is not drawn and why."""

    folder: Path
    profile: str
    layers: Mapping[str, int]
    files: int
    bytes: int
    notes: tuple[str, ...]


@dataclass
class _Build:
    """The folder while it grows."""

    folder: Path
    profile: Profile
    meta: SiteMeta
    minzoom: int
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    layers: list[dict[str, Any]] = field(default_factory=list)
    search: list[bytes] = field(default_factory=list)
    table: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    risk: dict[str, Any] = field(default_factory=dict)
    spot: str = ""
    bands: dict[str, Any] = field(default_factory=dict)


def build_site(
    out: Path,
    tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
    surfaces: Mapping[str, Surface],
    meta: SiteMeta,
    profile: str | Profile,
    *,
    template: str | None = None,
    static: Path | None = None,
) -> SiteSummary:
    """
    Write the map into folder ``out``.

    The folder is built beside ``out``, checked by `check_site`, and only then takes its place; a
    build that fails leaves the site that was there.

    Parameters
    ----------
    tables : mapping
        Results under their schema name, input layers under ``layers/<name>``; what is missing is
        not on the map. Any metric or geographic CRS.
    surfaces : mapping
        By name: grade, residual_grade, index, lsir, societal.
    profile : str or Profile
        "internal", "public", or one made by `own_profile.profile_of`.
    template, static : optional
        Text of another page template, folder of other built scripts.

    Raises
    ------
    InputError
        If a table or surface cannot be drawn.
    SettingsError
        If the profile or a table key is unknown.
    GeoRiskError
        If the built scripts are missing, or the finished site fails its check.
    """
    out = Path(out)
    _recover(out)
    temporary = out.with_name(f".{out.name}.new")
    shutil.rmtree(temporary, ignore_errors=True)
    for name in ("tiles", "js", "data", "assets", "downloads"):
        (temporary / name).mkdir(parents=True)
    try:
        build = _Build(temporary, get_profile(profile), meta, _start_zoom(meta.bounds))
        shown, build.notes = shown_tables(build.profile, tables)
        build.bands = band_lists(shown, list(surfaces))
        _add_layers(build, shown, surfaces)
        build.risk = risk_panel(shown)
        build.spot = _write_spot(build, {n: tables[n] for n in SPOT_TABLES if n in shown}, surfaces.get("lsir"))
        _add_downloads(build, shown)
        index = write_search(temporary, build.search)
        write_page(temporary, _manifest(build), index, template=template, static=static)
        write_twins(temporary)
        files, size = _write_hashes(build)
        problems = check_site(temporary, build.profile)
        if problems:
            raise GeoRiskError(f"the finished site was not published: {'; '.join(problems)}")
        _swap(temporary, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    counts = {layer["id"]: layer["count"] for layer in build.layers if "count" in layer}
    return SiteSummary(out, build.profile.name, counts, files, size, tuple(build.notes))


def _write_spot(build: _Build, tables: Mapping[str, pd.DataFrame], lsir: Surface | None) -> str:
    """The script that takes a clicked place's risk apart; empty where the profile does not show all of it."""
    whole = all(build.profile.columns(name) == table_schema(name).names for name in SPOT_TABLES)
    exact = lsir is not None and build.profile.block_m("lsir") == 0 and whole
    data = spot_data(tables, lsir.grid) if lsir is not None and exact else None
    return write_script(build.folder, "spot", "GEO_RISK_SPOT", data) if data else ""


def _start_zoom(bounds: Bounds) -> int:
    """The zoom at which the region fills about half the width of a small screen."""
    west, south, east, north = bounds
    if not (-180 <= west < east <= 180 and -85 <= south < north <= 85):
        raise InputError(f"site bounds {bounds} are not (west, south, east, north) in degrees.")
    widest = max(east - west, (north - south) / math.cos(math.radians((north + south) / 2)))
    return int(np.clip(math.floor(math.log2(360 / widest)) - 1, 0, _NEAREST_START))


def _add_layers(build: _Build, tables: Mapping[str, pd.DataFrame], surfaces: Mapping[str, Surface]) -> None:
    for name in surfaces:
        surface_scale(name)
    for item in layers_of(tables):
        if isinstance(item, str):
            assert item == SURFACES_HERE
            # The one to look at first is drawn last.
            for name in reversed(SURFACES):
                if name in surfaces:
                    _add_surface(build, name, surfaces[name])
            continue
        spec, rows = item
        _add_vector(build, spec, rows.reset_index(drop=True))
        give_back()
    # Something graded must be seen at first: the surface, else the areas of the table.
    if build.table and not any(layer["id"] == "grade" for layer in build.layers):
        next(layer for layer in build.layers if layer["id"] == build.table["layer"])["visible"] = True


def _add_vector(build: _Build, spec: Spec, rows: gpd.GeoDataFrame) -> None:
    names = [c for c in rows.columns if c not in _NOT_SHOWN]
    if spec.columns is not None:
        names = [c for c in spec.columns if c in names]
    rows = rows[[*names, "geometry"]]
    grade = rows["grade"].fillna(0).to_numpy(np.int64) if "grade" in names else np.zeros(len(rows), np.int64)
    first = _first_zoom(spec, rows)
    minzoom = min(max(build.minzoom, int(first.min())), spec.maxzoom)
    path = build.folder / "tiles" / f"{spec.id}.pmtiles"
    stats = write_vector_tiles(
        path,
        rows,
        layer=spec.id,
        minzoom=minzoom,
        maxzoom=spec.maxzoom,
        rank=np.full(len(rows), KEEP) if spec.keep else grade,
        first_zoom=first,
        coverage=spec.coverage,
    )
    if stats.thinned:
        build.notes.append(f"{spec.id}: {stats.thinned} of {len(rows)} features give way to others in full tiles")
    _add_source(build, spec.id, path, {"type": "vector", "minzoom": minzoom, "maxzoom": spec.maxzoom})
    number = len(build.layers)
    layer: dict[str, Any] = {"id": spec.id, "source": spec.id, "source_layer": spec.id, "group": spec.group}
    layer |= {"zh": spec.zh, "en": spec.en, "geometry": spec.geometry, "style": spec.style}
    if spec.style in ("plain", "finding", "glyph"):
        layer["color"] = spec.color
    layer |= {name: getattr(spec, name) for name in ("dash", "arrows", "label") if getattr(spec, name)}
    if any(spec.mark):
        layer["mark"] = dict(zip(("zh", "en"), spec.mark, strict=True))
    layer |= {"visible": spec.visible or spec.base, "base": spec.base, "title_column": spec.title_column}
    layer["columns"] = [] if spec.base else popup_columns(spec, names)
    layer["count"] = len(rows)
    build.layers.append(layer)
    if spec.base:
        return
    # Routes are pictures of table_travel_times.csv.
    if spec.table != "travel_times":
        write_csv(build.folder / "downloads" / f"{spec.id}.csv", rows)
        write_geojson(build.folder / "downloads" / f"{spec.id}.geojson", rows)
        layer["downloads"] = [f"downloads/{spec.id}.csv", f"downloads/{spec.id}.geojson"]
    places = _places(rows)
    if spec.title_column == "name" and "name" in names and not spec.id.endswith("_outline"):
        ids = rows["id"] if "id" in names else pd.Series("", rows.index)
        build.search += entries(rows["name"], number, places, ids, after=any(build.search))
    if spec.table == "districts":
        build.table = _table(build.table, layer, rows, places)


def _first_zoom(spec: Spec, rows: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Lowest zoom of each row."""
    if spec.first_zoom is None:
        return np.zeros(len(rows), np.int64)
    column, zooms, rest = spec.first_zoom
    values: list[Any] = list(rows[column]) if column in rows.columns else [None] * len(rows)
    first = np.array([zooms.get(v, rest) for v in values], np.int64)
    if column == "level":
        # A map of townships alone has no city to start with: the widest areas there are come first.
        areas = first[[v != OUTLINE for v in values]]
        first[first == areas.min(initial=rest)] = 0
    return first


def _places(rows: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """(N, 2) longitude and latitude of a point in each row."""
    geometry = rows.geometry
    points = geometry if (geometry.geom_type == "Point").all() else geometry.representative_point()
    return np.round(shapely.get_coordinates(points.to_crs(4326).to_numpy()), _PLACE_DECIMALS)


def _table(previous: dict | None, layer: dict, rows: gpd.GeoDataFrame, places: NDArray[np.float64]) -> dict[str, Any]:
    """The text alternative: the townships, or the finest level above them; worst grade first."""
    if previous and layer["id"] == "districts_village":
        return previous
    hidden = ("id", "parent_id", "level")
    columns = [c["name"] for c in layer["columns"] if c["name"] not in hidden]
    values = records(rows[columns])
    order = np.lexsort((np.arange(len(rows)), -rows["grade"].fillna(0).to_numpy(np.int64)))
    return {
        "layer": layer["id"],
        "columns": columns,
        "rows": [values[i] for i in order],
        "lonlat": places[order].tolist(),
    }


def _add_surface(build: _Build, name: str, surface: Surface) -> None:
    block = build.profile.block_m(name)
    if block is None:
        build.notes.append(f"surface {name}: not shown in profile {build.profile.name}")
        return
    surface = generalise(surface, block) if block else surface
    scale = surface_scale(name)
    codes = scale.codes(surface.array)
    if not codes.any():
        build.notes.append(f"surface {name}: no cell has a value; not drawn")
        return
    maxzoom = max(build.minzoom, min(_RASTER_MAXZOOM, full_zoom(surface)))
    if scale.graded:
        # Coarse cells need no more pixels, but their hatch does: enlarged, its dots would look like cells.
        maxzoom = max(maxzoom, min(_HATCH_MAXZOOM, build.minzoom + _HATCH_DEPTH))
    path = build.folder / "tiles" / f"{name}.pmtiles"
    zooms = {"minzoom": build.minzoom, "maxzoom": maxzoom}
    write_raster_tiles(path, surface, codes, scale.palette, hatches=scale.hatches, **zooms)
    facts = {"type": "raster", "tile_size": TILE_PX, "minzoom": build.minzoom, "maxzoom": maxzoom}
    _add_source(build, name, path, facts)
    write_geotiff(build.folder / "downloads" / f"{name}.tif", surface)
    layer = _surface_layer(name, scale) | {"downloads": [f"downloads/{name}.tif"]}
    if name in build.bands.get("rows", {}):
        layer |= {"listed": True, "downloads": [*layer["downloads"], f"downloads/table_{BANDS}.csv"]}
    build.layers.append(layer)


def _surface_layer(name: str, scale: Scale) -> dict[str, Any]:
    layer: dict[str, Any] = {
        "id": name,
        "source": name,
        "group": "risk",
        "zh": scale.zh,
        "en": scale.en,
        "geometry": "raster",
    }
    layer |= {"style": "graded" if scale.graded else "plain", "visible": name == "grade", "base": False, "columns": []}
    return (
        layer
        if scale.graded
        else layer | {"color": scale.legend()[-1]["color"], "legend": scale.legend(), "unit": scale.unit}
    )


def _add_source(build: _Build, name: str, path: Path, facts: dict) -> None:
    """Give the archive its hashed name, cut it into scripts, enter it in the manifest."""
    hashed = path.with_name(f"{name}.{short_hash(path.read_bytes())}.pmtiles")
    path.rename(hashed)
    folder = f"js/{hashed.stem}"
    count = write_chunks(hashed, build.folder / folder, name)
    place = {"type": facts.pop("type"), "file": f"tiles/{hashed.name}", "bytes": hashed.stat().st_size}
    build.sources[name] = place | {"chunks": {"dir": folder, "count": count, "bytes": CHUNK_BYTES}} | facts


def _add_downloads(build: _Build, tables: Mapping[str, pd.DataFrame]) -> None:
    for key in EXTRA_DOWNLOADS:
        if key in tables and len(tables[key]):
            frame = pd.DataFrame(tables[key]).drop(columns="geometry", errors="ignore")
            write_csv(build.folder / "downloads" / f"table_{key}.csv", frame)


def _rows_of_signs(pattern: NDArray[np.bool_]) -> list[str]:
    """A hatch as text, one line a row of pixels, # where the ink is."""
    return ["".join("#" if inked else "." for inked in row) for row in pattern]


def _manifest(build: _Build) -> dict[str, Any]:
    meta = build.meta
    used = {layer["group"] for layer in build.layers}
    manifest = {
        "version": 1,
        "profile": build.profile.name,
        "languages": list(meta.languages),
        "title": dict(meta.title),
        "note": {lang: meta.noted(lang) for lang in ("zh", "en")},
        "bounds": list(meta.bounds),
        "grades": [asdict(g) | {"pattern": _rows_of_signs(g.pattern)} for g in GRADES],
        "groups": [g for g in GROUPS if g["id"] in used],
        "sources": build.sources,
        "layers": build.layers,
    }
    if build.profile.tables is None:  # the words alone would tell of things a public map does not show
        manifest |= {"phrases": [list(pair) for pair in sentences()], "translated": sorted(TRANSLATED)}
        if meta.region:
            manifest["handbooks"] = {"folder": _HANDBOOKS, "region": meta.region}
    if build.profile.watermark:
        manifest["watermark"] = build.profile.watermark
    if build.risk:
        manifest["risk"] = build.risk
    ids = [layer["id"] for layer in build.layers]
    if "grade" in ids and "grade_before" in ids:
        labels = {"before": meta.before, "now": meta.date or meta.note.get("zh", "")}
        manifest["compare"] = {"before": "grade_before", "now": "grade", "labels": labels}
    if build.spot:
        manifest["spot"] = build.spot
    if build.bands:
        manifest["bands"] = write_script(build.folder, "bands", "GEO_RISK_BANDS", build.bands)
    return manifest | ({"table": build.table} if build.table else {})


def _write_hashes(build: _Build) -> tuple[int, int]:
    """manifest.json over every file, each forced to disk; (files, bytes)."""
    paths = sorted(p for p in build.folder.rglob("*") if p.is_file())
    names = [path.relative_to(build.folder).as_posix() for path in paths]
    entries = dict(zip(names, ahead(_hashed, paths), strict=True))
    content = {"version": 1, "profile": build.profile.name, "date": build.meta.date, "files": entries}
    if build.meta.unstated:
        content["unstated"] = list(build.meta.unstated)
    if build.profile.beyond:
        content["beyond"] = {"shown": list(build.profile.beyond), "reason": build.profile.reason}
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    with (build.folder / "manifest.json").open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return len(entries) + 1, sum(e["bytes"] for e in entries.values()) + len(text.encode())


def _hashed(path: Path) -> dict[str, Any]:
    """Hash and size of a file, which is on the disk then."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": path.stat().st_size}


def _swap(new: Path, out: Path) -> None:
    """Put ``new`` in the place of ``out``; `_recover` mends what a kill between the two renames leaves."""
    old = _old(out)
    if out.exists():
        out.rename(old)
    new.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _recover(out: Path) -> None:
    """Bring back the site that a killed build had moved aside, or clear what it left."""
    old = _old(out)
    if old.exists() and not out.exists():
        old.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _old(out: Path) -> Path:
    return out.with_name(f".{out.name}.old")
