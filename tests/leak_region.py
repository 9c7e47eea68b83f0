"""What the public site of a finished region tells that it must not: the region's own results against every byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import leak_faults
import numpy as np
import pandas as pd
import shapely
from leak_reader import Content

BLOCK_M = 500.0
LEAST_PERSONS = 100
LEVELS = {"city", "county", "township"}
CRITERIA = {"area", "residents", "enterprises", "places", "none"}
# What each layer of a public map may tell, written down again: by no table of the product.
_AREA = {"id", "name", "level", "parent_id", "grade", "rule", "area_km2", "persons"}
_AREA |= {f"share_{c}" for c in ("red", "orange", "yellow", "blue", "none")}
COLUMNS = {
    "districts": _AREA,
    "lsir": {"scope", "level_per_yr", "targets"},
    "crowded_places": {"name", "kind"},
    "emergency_facilities": {"name", "kind"},
    "service_areas": {"facility_kind", "limit_min", "facilities", "area_km2"},
    "roads": {"class", "oneway"},
    "water": {"kind"},
    "waterways": {"kind"},
    "boundary": {"level"},
    "labels": {"name", "level"},
    "bands": {"name", "grade", "share"},  # the lists of the surfaces, and their download
    "table_surface_bands": {"surface", "district_id", "name", "level", "grade", "share"},
    "green": set(), "builtup": set(), "industrial": set(),
    "site": _AREA,  # the text table of the page
    "single": _AREA | {"kind", "class", "oneway", "facility_kind", "limit_min", "facilities", "scope", "level_per_yr",
                       "targets"},  # all layers in one file
}  # fmt: skip
COLOURS = {
    4: ("#a50f15", "#7a0a0f"), 3: ("#f16913", "#c74c05"), 2: ("#ffe75e", "#b58f0a"), 1: ("#4a90d9", "#4a90d9"),
}  # fmt: skip
_PLACES = ("crowded_places", "emergency_facilities")
_DRAWN = (*_PLACES, "roads", "water", "landuse")
# Shorter names (加油站) are words of many a place.
_LEAST_NAME = 4


def _read(path: Path) -> pd.DataFrame:
    try:
        return gpd.read_parquet(path)
    except ValueError:
        return pd.read_parquet(path)


def tables_of(folder: Path) -> dict[str, pd.DataFrame]:
    """All layers and tables of the finished region in ``folder``."""
    return {
        f"{kind}/{path.stem}": _read(path)
        for kind in ("layers", "tables")
        for path in sorted((folder / "build" / kind).glob("*.parquet"))
    }


class Region:
    """The layers and tables of a region, split into what the public may see and the rest."""

    def __init__(self, tables: dict[str, pd.DataFrame]) -> None:
        self.tables = tables
        self.areas = self.tables["layers/districts"]
        self.crs = self.areas.crs
        public = [f"layers/{n}" for n in (*_DRAWN, "districts")] + ["tables/service_areas"]
        self.shown = {k: self.tables[k] for k in public if k in self.tables}
        self.hidden = {k: f for k, f in self.tables.items() if k not in public}
        villages = ~self.areas["level"].isin(LEVELS)
        self.shown["layers/districts"] = self.areas[~villages]
        self.hidden["villages"] = self.areas[villages]

    def names(self) -> set[str]:
        """Names of what stays inside, but those that a thing shown bears too."""
        # A college may be called after its trade, a shelter after its village.
        frames = [f for f in self.hidden.values() if "scope" not in f.columns]
        columns = [f[c] for f in frames for c in f.columns if c == "name" or c.endswith("_name")]
        hidden = {str(n) for c in columns if c.dtype == object or c.dtype == "string" for n in c.dropna().unique()}
        seen = {str(n) for f in self.shown.values() if "name" in f.columns for n in f["name"].dropna().unique()}
        seen |= set(self.areas["name"].dropna())
        return {n for n in hidden - seen if len(n) >= _LEAST_NAME and not n.isascii()}

    def ids(self) -> set[str]:
        """Ids of rows that stay inside, but plain numbers and those that stand for a word."""
        told = ("id", "unit_id", "finding_id", "enterprise_id", "credit_code", "source_id", "target_id")
        columns = [f[c] for f in self.hidden.values() for c in told if c in f.columns]
        ids = {str(i) for c in columns for i in c.dropna().unique()}
        shown = {str(i) for i in self.shown["layers/districts"]["id"]}
        return {i for i in ids - shown if len(i) >= 4 and any(c.isdigit() for c in i) and not i.isdigit()}

    def points(self) -> np.ndarray:
        """The places that may be shown as points."""
        frames = [self.shown[f"layers/{n}"] for n in _PLACES if f"layers/{n}" in self.shown]
        shapes = np.concatenate([f.geometry.to_numpy() for f in [*frames, self.shown["layers/districts"]]])
        lonlat = self.shown["layers/districts"].geometry.representative_point()
        inner = np.concatenate([shapely.point_on_surface(shapes), lonlat.to_numpy()])
        return inner[~(shapely.is_empty(inner) | shapely.is_missing(inner))]

    def lines(self) -> np.ndarray:
        """The outlines that may be shown."""
        shapes = np.concatenate([f.geometry.to_numpy() for f in self.shown.values()])
        areas = shapely.get_dimensions(shapes) == 2
        outlines = np.where(areas, shapely.boundary(shapes), shapes)
        return outlines[~(shapely.is_empty(outlines) | shapely.is_missing(outlines))]


def faults(region: Region, content: Content, notes: tuple[str, ...] = ()) -> list[str]:
    """
    Everything that a published ``content`` of the ``region`` tells the public and must not.

    ``notes`` are texts that it must hold: source and date.
    """
    found = [f"{where}: name {n!r}" for n, where in leak_faults.held(content, region.names()).items()]
    found += [f"{where}: id {i!r}" for i, where in leak_faults.ids_held(content, region.ids()).items()]
    found += [
        f"{where}: hash of {word!r}"
        for word, where in leak_faults.hashes_held(content, region.names() | region.ids()).items()
    ]
    found += [
        f"{where}: columns {sorted(names)}" for where, names in leak_faults.columns_held(content, COLUMNS).items()
    ]
    found += leak_faults.small_groups(content, LEAST_PERSONS)
    found += _values(content)
    blocks = [item for item in content.shapes if "lsir_" in item[0]]
    found += _off_grid(blocks, region.crs)
    shapes = [item for item in content.shapes if "lsir_" not in item[0]]
    found += leak_faults.strays(shapes, region.points(), region.lines(), region.crs)
    shades = {tuple(bytes.fromhex(c[1:])): grade for grade, colours in COLOURS.items() for c in colours}
    side = max([BLOCK_M, *content.cells.values()])
    found += leak_faults.fine_cells(content, side, region.crs, shades)
    found += [f"no file tells {note!r}" for note in notes if not leak_faults.held_in_bytes(content, [note])]
    return found


def _values(content: Content) -> Iterator[str]:
    for where, row in content.rows:
        for name, value in row.items():
            if value in (None, ""):
                continue
            if name.startswith("share") and abs(float(value) * 100 - round(float(value) * 100)) > 1e-6:
                yield f"{where}: {name} = {value} is finer than a per cent"
            elif name == "level" and str(value) not in LEVELS:
                yield f"{where}: an area of level {value}"
            elif name == "rule" and value not in CRITERIA:
                yield f"{where}: rule {value!r}"


def _off_grid(blocks: list[tuple[str, float, shapely.Geometry]], crs: str) -> Iterator[str]:
    """Contours whose corners are none of a block's."""
    for where, step, geometry in blocks:
        xy = shapely.get_coordinates(leak_faults.metres(geometry, crs))
        off = np.abs((xy / BLOCK_M + 0.5) % 1 - 0.5).min(axis=1) * BLOCK_M
        if (off > 1.5 * step + 1).any():
            yield f"{where}: a contour with a corner off the blocks of {BLOCK_M:g} m"
