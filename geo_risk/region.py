"""A region: one folder, its settings, and its layers, tables and surfaces by name."""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import store
from .errors import InputError, RegionError
from .grid import Grid, grid_of
from .schema import LAYERS
from .sections import Settings
from .settings import load_settings

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

# Cell sizes a grid may take by itself [m], and the number of cells above which the next is taken:
# four million cells are computed in seconds and drawn without gaps on a screen.
_CELL_SIZES = (25.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
_NEAR_DEG = 0.1  # a place farther outside the bounds of the region is a mistake
_COMFORTABLE_CELLS = 4_000_000
# Layers and tables in which a place may be named, searched in this order.
_NAMED = ("enterprises", "hazard_sources", "emergency_facilities", "crowded_places", "parking_lots", "districts")


class Region:
    """
    A region folder, opened for reading.

    Parameters
    ----------
    folder : str or Path
        Holds region.toml.
    build : Path, optional
        Where results lie; ``folder/build`` unless a run is writing elsewhere.

    Raises
    ------
    SettingsError
        If region.toml is missing or not valid.
    """

    def __init__(self, folder: str | Path, *, build: Path | None = None):
        self.folder = Path(folder)
        self.settings: Settings = load_settings(self.folder / "region.toml")
        if build is None:
            store.recover_folder(self.folder / "build")
        self.build = build or self.folder / "build"

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), build=self.build), (self.folder,)  # another process opens it itself

    @property
    def site(self) -> Path:
        """Folder of the published sites, one sub-folder a profile."""
        return self.folder / "site"

    @cached_property
    def frame(self) -> dict[str, Any]:
        """CRS, and bounds and anchor in WGS 84 degrees, as the run settled them. RegionError before the first run."""
        return store.read_json(self.build / "frame.json")

    @property
    def names(self) -> dict[str, str]:
        """The region's name by language; where no English one is set the name as it is written."""
        own = self.settings.region
        return {"zh": own.name, "en": own.name_en or own.name}

    @property
    def data_date(self) -> str:
        """Day the data stand for, ISO text; empty where neither settings nor inputs say, or before the first run."""
        path = self.build / "date.json"
        return store.read_json(path)["date"] if path.is_file() else ""

    @property
    def crs(self) -> str:
        """Metric CRS, such as "EPSG:4549"."""
        return self.frame["crs"]

    @cached_property
    def grid(self) -> Grid:
        """Grid of the surfaces."""
        made = store.read_json(self.build / "grid.json")
        return grid_of(tuple(made["bounds"]), made["cell_m"], self.crs)

    @property
    def vector_layers(self) -> tuple[str, ...]:
        """Names of the layers that are tables; the others are surfaces."""
        return tuple(name for name in self.settings.layers if LAYERS[name].geometry != "raster")

    def layer(self, name: str) -> gpd.GeoDataFrame:
        """Clean layer ``name``; RegionError if the region has none or it was not imported yet."""
        if name not in self.settings.layers:
            raise RegionError(f"{self.folder}: no layer {name!r}. Its layers: {', '.join(self.settings.layers)}.")
        if name not in self.vector_layers:
            raise RegionError(
                f"{self.folder}: {name!r} is a surface: build/surfaces/{name}.tif, region.surface({name!r})."
            )
        return store.read_table(self.build / "layers" / f"{name}.parquet")

    def layers(self, *names: str) -> dict[str, gpd.GeoDataFrame]:
        """Those of the layers ``names`` that the region has as tables."""
        return {name: self.layer(name) for name in names if name in self.vector_layers}

    def table(self, name: str) -> pd.DataFrame | gpd.GeoDataFrame:
        """Result table ``name``; RegionError if it does not exist."""
        path = self.build / "tables" / f"{name}.parquet"
        if not path.is_file():
            have = sorted(p.stem for p in path.parent.glob("*.parquet"))
            known = f" Its tables: {', '.join(have)}." if have else ""
            raise RegionError(f"{self.folder}: no table {name!r}.{known} Compute it with: geo-risk run {self.folder}")
        return store.read_table(path)

    def surface(self, name: str) -> store.Surface:
        """Surface ``name`` (index, grade, …); RegionError if it does not exist."""
        return store.read_surface(self.build / "surfaces" / f"{name}.tif")

    def locate(self, place: str) -> tuple[float, float]:
        """
        (easting, northing) [m] of ``LON,LAT`` in WGS 84, or of the one object with that id or name.

        Raises
        ------
        InputError
            If nothing, or more than one object, is called so, or the place is far outside the region.
        """
        from pyproj import Transformer

        numbers = lonlat_of(place)
        if numbers is not None:
            self._near(*numbers)
            return Transformer.from_crs(4326, self.crs, always_xy=True).transform(*numbers)
        points: dict[tuple[float, float], tuple[str, str]] = {}
        for name, layer in self.layers(*_NAMED).items():
            hits = layer[(layer["id"] == place) | (layer["name"] == place)]
            points |= {
                (round(p.x, 2), round(p.y, 2)): (name, i)
                for p, i in zip(hits.representative_point(), hits["id"], strict=True)
            }
        if len(points) != 1:
            what = "nothing is" if not points else f"{len(points)} objects are"
            which = "; ".join(f"{layer} {i}" for layer, i in list(points.values())[:5])
            raise InputError(f"{place!r}: {what} called so{': ' + which if which else ''}. Write LON,LAT or an id.")
        return next(iter(points))

    def _near(self, lon: float, lat: float) -> None:
        """InputError if a place is so far outside the region that its coordinates must be wrong."""
        west, south, east, north = self.frame["bounds"]
        if not (west - _NEAR_DEG <= lon <= east + _NEAR_DEG and south - _NEAR_DEG <= lat <= north + _NEAR_DEG):
            raise InputError(
                f"the place {lon:.5f},{lat:.5f} lies outside the region, which reaches from {west:.3f},{south:.3f} to "
                f"{east:.3f},{north:.3f}. Write LON,LAT within it, the longitude first."
            )


def comfortable_cell_m(bounds: tuple[float, float, float, float]) -> float:
    """Smallest usual cell side [m] that keeps (left, bottom, right, top) [m] under four million cells."""
    area = (bounds[2] - bounds[0]) * (bounds[3] - bounds[1])
    fits = (size for size in _CELL_SIZES if area / size**2 <= _COMFORTABLE_CELLS)
    return next(fits, _CELL_SIZES[-1])


def lonlat_of(place: str) -> tuple[float, float] | None:
    """(lon, lat) of a text LON,LAT in degrees; None if it is no such text. InputError beyond the globe."""
    parts = place.replace("，", ",").split(",")
    try:
        lon, lat = (float(part) for part in parts)
    except ValueError:
        return None
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise InputError(f"{place!r}: longitude must be within 180 and latitude within 90 degrees. Write LON,LAT.")
    return lon, lat


def hour_of(text: str) -> float:
    """Hours of a time of day HH:MM."""
    hours, _, minutes = text.partition(":")
    try:
        found = int(hours) + int(minutes or 0) / 60
    except ValueError:
        found = -1.0
    if not 0 <= found < 24:
        raise InputError(f"time {text!r}: write a time of day such as 14:20.")
    return found
