"""A surface to palette tiles: warped zoom by zoom, the worst value of the cells a pixel covers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pmtiles.tile import TileType
from rasterio.warp import Resampling, reproject, transform_bounds

from ...errors import InputError
from .archive import Bounds, Tile, write_archive
from .png import palette_png
from .shapes import HALF

TILE_PX = 256


@dataclass(frozen=True)
class Surface:
    """
    A raster and its place.

    Parameters
    ----------
    array : (rows, cols)
        Row 0 in the north.
    crs : str
        E.g. ``"EPSG:4549"``.
    transform : Affine
        (col, row) of a cell corner -> (easting, northing); square cells, north up.
    """

    array: NDArray
    crs: str
    transform: Affine

    def __post_init__(self) -> None:
        t = self.transform
        if t.b or t.d or not t.a > 0 or not math.isclose(t.a, -t.e, rel_tol=1e-9) or self.array.ndim != 2:
            raise InputError(
                f"a surface needs two dimensions and square cells, north up; its transform is {tuple(t)[:6]}."
            )

    @property
    def cell_m(self) -> float:
        """Cell side [m]."""
        return self.transform.a

    @property
    def bounds(self) -> Bounds:
        """(left, bottom, right, top) in the surface's CRS."""
        rows, cols = self.array.shape
        left, top = self.transform.c, self.transform.f
        return left, top - rows * self.cell_m, left + cols * self.cell_m, top

    @property
    def lonlat_bounds(self) -> Bounds:
        """(west, south, east, north) [degrees]."""
        return transform_bounds(self.crs, "EPSG:4326", *self.bounds)


def generalise(surface: Surface, block_m: float) -> Surface:
    """
    The worst (highest) value in each block of at least ``block_m`` [m].

    Blocks are whole cells wide and lie on multiples of their side, so they stay in place when the
    extent changes. NaN counts only where a block holds nothing else.
    """
    k = math.ceil(block_m / surface.cell_m - 1e-9)
    if k <= 1:
        return surface
    side = k * surface.cell_m
    left, _, _, top = surface.bounds
    new_left, new_top = math.floor(left / side + 1e-9) * side, math.ceil(top / side - 1e-9) * side
    before = (round((new_top - top) / surface.cell_m), round((left - new_left) / surface.cell_m))
    shape = [-(-(n + b) // k) * k for n, b in zip(surface.array.shape, before, strict=True)]
    none = np.nan if np.issubdtype(surface.array.dtype, np.floating) else 0
    padded = np.full(shape, none, surface.array.dtype)
    rows, cols = surface.array.shape
    padded[before[0] : before[0] + rows, before[1] : before[1] + cols] = surface.array
    blocks = padded.reshape(shape[0] // k, k, shape[1] // k, k)
    return Surface(
        np.fmax.reduce(np.fmax.reduce(blocks, axis=3), axis=1),
        surface.crs,
        Affine(side, 0, new_left, 0, -side, new_top),
    )


def full_zoom(surface: Surface, highest: int) -> int:
    """The lowest zoom whose pixels are no wider than a cell, at most ``highest``."""
    _, south, _, north = surface.lonlat_bounds
    widest = math.cos(math.radians(min(abs(south), abs(north)) if south * north > 0 else 0.0))
    ground = 2 * HALF / TILE_PX * widest
    return min(highest, max(0, math.ceil(math.log2(ground / surface.cell_m))))


def write_raster_tiles(
    path: Path,
    surface: Surface,
    codes: NDArray[np.uint8],
    palette: Sequence[tuple[int, int, int]],
    *,
    minzoom: int,
    maxzoom: int,
) -> Bounds:
    """
    Write PNG tiles of `TILE_PX` px into a PMTiles archive and return its bounds [degrees].

    Parameters
    ----------
    codes : (rows, cols) uint8
        Palette code of each cell of ``surface``; 0 is transparent; a higher code is worse.

    Where a pixel is wider than a cell it takes the highest code it covers, so that a single red
    cell is seen at every zoom; where it is narrower, the code of the cell it lies in.

    Raises
    ------
    InputError
        If nothing of the surface is shown.
    """
    if not codes.any():
        raise InputError(f"{path.stem}: no cell of the surface has a value; nothing can be drawn.")
    tiles: dict[Tile, bytes] = {}
    for zoom in range(minzoom, maxzoom + 1):
        for tile, block in _blocks(surface, codes, zoom):
            tiles[tile] = palette_png(block, palette)
    bounds = surface.lonlat_bounds
    write_archive(path, tiles, kind=TileType.PNG, bounds=bounds, metadata={"name": path.stem})
    return bounds


def _blocks(surface: Surface, codes: NDArray[np.uint8], zoom: int) -> Iterator[tuple[Tile, NDArray[np.uint8]]]:
    """Tiles with something in them; one row of tiles is warped at a time to bound memory."""
    west, south, east, north = transform_bounds(surface.crs, "EPSG:3857", *surface.bounds)
    side = 2 * HALF / (1 << zoom)
    x0, x1 = math.floor((west + HALF) / side), math.floor((east + HALF) / side)
    y0, y1 = math.floor((HALF - north) / side), math.floor((HALF - south) / side)
    for y in range(y0, y1 + 1):
        place = Affine(side / TILE_PX, 0, x0 * side - HALF, 0, -side / TILE_PX, HALF - y * side)
        band = _warp(surface, codes, place, (TILE_PX, (x1 - x0 + 1) * TILE_PX))
        for x in range(x0, x1 + 1):
            block = band[:, (x - x0) * TILE_PX : (x - x0 + 1) * TILE_PX]
            if block.any():
                yield (zoom, x, y), block


def mercator_image(surface: Surface, codes: NDArray[np.uint8], max_px: int) -> tuple[NDArray[np.uint8], Bounds]:
    """
    (codes as one Web Mercator picture, its bounds [degrees]), the longer side ``max_px`` at most.

    The same rule as the tiles: a pixel takes the highest code it covers.
    """
    west, south, east, north = transform_bounds(surface.crs, "EPSG:3857", *surface.bounds)
    px = max((east - west) / min(max_px, 2 * codes.shape[1]), (north - south) / min(max_px, 2 * codes.shape[0]))
    shape = (math.ceil((north - south) / px - 1e-9), math.ceil((east - west) / px - 1e-9))
    image = _warp(surface, codes, Affine(px, 0, west, 0, -px, north), shape)
    return image, transform_bounds("EPSG:3857", "EPSG:4326", west, north - shape[0] * px, west + shape[1] * px, north)


def _warp(surface: Surface, codes: NDArray[np.uint8], place: Affine, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """``codes`` on a Web Mercator grid: the highest code where pixels are wider than cells, else the nearest."""
    out = np.zeros(shape, np.uint8)
    latitude = math.radians(sum(surface.lonlat_bounds[1::2]) / 2)
    reproject(
        codes,
        out,
        src_transform=surface.transform,
        src_crs=surface.crs,
        src_nodata=0,
        dst_transform=place,
        dst_crs="EPSG:3857",
        dst_nodata=0,
        resampling=Resampling.max if place.a * math.cos(latitude) > surface.cell_m else Resampling.nearest,
        num_threads=1,
    )
    return out
