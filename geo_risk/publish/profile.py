"""What a published map may show, and to whom.

Source of the rule: county practice of four-colour maps keeps an internal version (names,
quantities) and a public one (generalised to a grid of at least 500 m, no precise hazard
coordinates), with a secrecy review before release; confidence MC, practice and not a clause.
The table below is that practice spelt out; it does not replace the review.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..errors import SettingsError
from .catalogue import table_schema
from .withheld import criterion, rounded_persons, secret_names, without_names

# Practice (MC): the public surface is no finer than this [m].
PUBLIC_CELL_M = 500.0
# Own choice, no standard fixes it: a published count of people is a multiple of this, and left out below [persons].
PUBLIC_MIN_PERSONS = 100.0
# Own choice: a public share says per cent, not the area of single cells.
PUBLIC_SHARE_DIGITS = 2


@dataclass(frozen=True)
class Shown:
    """
    Columns of one table that may be shown, and why these.

    ``where`` keeps rows whose column has one of the values; ``block_m`` > 0 shows areas as the
    blocks of that side [m] that they touch; ``places`` are rows whose name may hold that of a firm.
    """

    columns: tuple[str, ...]
    reason: str
    where: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    block_m: float = 0.0
    places: bool = False


# Tables and columns of the public map. What is not listed is not shown: enterprises, hazard sources,
# major hazards, pipelines, findings, hidden dangers, accidents, population, buildings, travel times.
_SHARES = ("share_red", "share_orange", "share_yellow", "share_blue", "share_none")
PUBLIC: dict[str, Shown] = {
    "districts": Shown(
        ("id", "name", "level", "parent_id", "grade", "rule", "area_km2", *_SHARES, "persons"),
        "area grades are what the four-colour map is for; no counts of sources, no indices that point at one; "
        "of the rule the criterion that decided",
    ),
    "surface_bands": Shown(
        ("surface", "district_id", "name", "level", "grade", "share"),
        "the list of the surface: shares in whole per cent, as of the districts",
        where={"surface": ("grade", "grade_before", "lsir_grade")},
    ),
    "risk_contours": Shown(
        ("scope", "level_per_yr", "targets"),
        "land-use planning needs the lines; as blocks, since the middle of a circle is a tank",
        where={"scope": ("region",)},
        block_m=PUBLIC_CELL_M,
    ),
    "layers/districts": Shown(("id", "name", "level", "parent_id"), "public boundaries"),
    "layers/crowded_places": Shown(("name", "kind"), "places open to the public; no head counts", places=True),
    "layers/emergency_facilities": Shown(("name", "kind"), "where help is; no strength or stock", places=True),
    "service_areas": Shown(("facility_kind", "limit_min", "facilities", "area_km2"), "how fast help comes"),
    "layers/roads": Shown(("name", "class", "oneway"), "base map; of restrictions what every driver sees"),
    "layers/water": Shown(("name", "kind"), "base map"),
    "layers/landuse": Shown(("kind",), "base map"),
}


@dataclass(frozen=True)
class Profile:
    """
    One audience.

    ``tables`` None shows every table of the schema; ``surfaces`` None shows every surface as it is,
    else maps the surfaces shown to the side of their blocks [m]; ``levels`` are the district levels
    shown, None for all. ``min_persons`` > 0: counts of people are multiples of it, and rules without figures.
    ``hidden`` are tables, table.column and surfaces left out of these; ``watermark`` lies over the page. What is shown
    ``beyond`` the built-in profile, and the ``reason``, stand in the site's manifest.
    """

    name: str
    tables: Mapping[str, Shown] | None = None
    surfaces: Mapping[str, float] | None = None
    levels: frozenset[str] | None = None
    min_persons: float = 0.0
    share_digits: int | None = None
    hidden: frozenset[str] = frozenset()
    watermark: str = ""
    beyond: tuple[str, ...] = ()
    reason: str = ""

    def columns(self, key: str) -> tuple[str, ...] | None:
        """Columns of table ``key`` that may be shown, in the schema's order; None if the table may not."""
        table = table_schema(key)
        if key in self.hidden or (self.tables is not None and key not in self.tables):
            return None
        allowed = table.names if self.tables is None else self.tables[key].columns
        return tuple(name for name in table.names if name in allowed and f"{key}.{name}" not in self.hidden)

    def block_m(self, surface: str) -> float | None:
        """Side of the surface's blocks [m], 0 for its own cells; None if it may not be shown."""
        if surface in self.hidden:
            return None
        return 0.0 if self.surfaces is None else self.surfaces.get(surface)

    def apply(self, key: str, frame: pd.DataFrame) -> pd.DataFrame | None:
        """``frame`` with what may be shown of it and its geometry; None if the table may not be shown."""
        columns = self.columns(key)
        if columns is None:
            return None
        shows = None if self.tables is None else self.tables[key]
        for column, values in shows.where.items() if shows else ():
            frame = frame[frame[column].isin(values)]
        if shows and shows.block_m and isinstance(frame, gpd.GeoDataFrame):
            frame = frame.set_geometry(in_blocks(frame.geometry, shows.block_m))
        geometry = [c for c in ("geometry",) if c in frame.columns]
        shown = frame[[c for c in columns if c in frame.columns] + geometry].copy()
        if self.levels is not None and "level" in columns:
            # Areas that do not say their level may be villages.
            shown = shown[shown["level"].isin(self.levels)] if "level" in shown.columns else shown.iloc[:0]
        for name in shown.columns:
            if name.startswith("persons") and self.min_persons:
                shown[name] = rounded_persons(shown[name], self.min_persons)
            elif name == "rule" and self.min_persons:
                shown[name] = shown[name].map(criterion)
            elif name.startswith("share") and self.share_digits is not None:
                shown[name] = shown[name].round(self.share_digits)
        return shown


PROFILES: dict[str, Profile] = {
    "internal": Profile("internal"),
    "public": Profile(
        "public",
        tables=PUBLIC,
        surfaces={"grade": PUBLIC_CELL_M, "grade_before": PUBLIC_CELL_M, "lsir_grade": PUBLIC_CELL_M},
        # A village's share of red would place a source to within a few hundred metres.
        levels=frozenset(("city", "county", "township")),
        min_persons=PUBLIC_MIN_PERSONS,
        share_digits=PUBLIC_SHARE_DIGITS,
    ),
}


def in_blocks(areas: gpd.GeoSeries, side_m: float) -> gpd.GeoSeries:
    """Each area as the union of the squares of ``side_m`` [m], on multiples of it, that it touches."""
    out = []
    for area in areas:
        if area is None or area.is_empty:
            out.append(area)
            continue
        left, bottom, right, top = (np.floor(v / side_m) * side_m for v in area.bounds)
        x, y = np.meshgrid(np.arange(left, right + side_m, side_m), np.arange(bottom, top + side_m, side_m))
        squares = shapely.box(x.ravel(), y.ravel(), x.ravel() + side_m, y.ravel() + side_m)
        shapely.prepare(area)
        out.append(shapely.normalize(shapely.union_all(squares[shapely.intersects(area, squares)])))
    return gpd.GeoSeries(out, index=areas.index, crs=areas.crs)


def get_profile(name: str | Profile) -> Profile:
    """
    The built-in profile called ``name``, or the profile itself.

    Raises
    ------
    SettingsError
        If there is none.
    """
    if isinstance(name, Profile):
        return name
    if name not in PROFILES:
        raise SettingsError(f"no publishing profile '{name}': choose one of {', '.join(PROFILES)}.")
    return PROFILES[name]


def shown_tables(profile: Profile, tables: Mapping[str, pd.DataFrame]) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """
    (what the profile shows of the tables, sorted by id; notes on what stays out and why).

    Raises
    ------
    SettingsError
        If a key is not a table of the schema.
    """
    out: dict[str, pd.DataFrame] = {}
    notes = []
    for key, frame in tables.items():
        named = [n for n in ("id", "finding_id", "unit_id") if n in table_schema(key).names and n in frame.columns]
        frame = frame.sort_values(named, kind="stable") if named else frame
        if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name not in (None, "geometry"):
            frame = frame.rename_geometry("geometry")
        shown = profile.apply(key, frame)
        if shown is None:
            notes.append(f"{key}: not shown in profile {profile.name}")
            continue
        out[key] = shown
        if len(shown) < len(frame):
            levels = ", ".join(sorted(profile.levels or ()))
            notes.append(f"{key}: {len(frame) - len(shown)} of {len(frame)} rows are of other levels than {levels}")
        if isinstance(shown, gpd.GeoDataFrame):
            lost = int((shown.geometry.isna() | shown.geometry.is_empty).sum())
            if lost:
                notes.append(f"{key}: {lost} of {len(shown)} rows have no geometry and are not drawn")
    return out, notes + _nameless(profile, tables, out)


def _nameless(profile: Profile, tables: Mapping[str, pd.DataFrame], out: dict[str, pd.DataFrame]) -> list[str]:
    """Leave out, in ``out``, names of places that hold the name of a firm that is not shown; notes on them."""
    places = [k for k, shows in (profile.tables or {}).items() if shows.places and k in out and "name" in out[k]]
    secret = secret_names(tables, [n for k in places for n in out[k]["name"].dropna().unique()]) if places else set()
    notes = []
    for key in places:
        names = without_names(out[key]["name"], secret)
        gone = int(names.isna().sum() - out[key]["name"].isna().sum())
        if gone:
            out[key] = out[key].assign(name=names)
            held = "an enterprise or hazard source that is not shown"
            notes.append(f"{key}: {gone} of {len(names)} names hold the name of {held}, and are left out")
    return notes
