"""A surface to palette tiles: warped once at full detail, each zoom above it the worst of the one below."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pmtiles.tile import TileType
from rasterio.warp import Resampling, reproject, transform_bounds

from ...errors import InputError
from ...grid import Grid
from ...store import Surface
from .archive import Bounds, Tile, write_archive
from .png import palette_png
from .shapes import HALF

TILE_PX = 256
# Pixels are this much finer than cells: room for the few degrees by which the two grids are turned
# against each other and for the transform's own error.
_FILL = 0.9
# A warp costs about the same for one tile as for these 16 x 16 (16 MB).
_BLOCK_DEPTH = 4


def lonlat_bounds(grid: Grid) -> Bounds:
    """(west, south, east, north) of a grid [degrees]."""
    return transform_bounds(grid.crs, "EPSG:4326", *grid.bounds)


def generalise(surface: Surface, block_m: float) -> Surface:
    """
    The worst (highest) value in each block of at least ``block_m`` [m].

    Blocks are whole cells wide and lie on multiples of their side, so they stay in place when the
    extent changes. NaN counts only where a block holds nothing else.
    """
    k = math.ceil(block_m / surface.grid.cell_m - 1e-9)
    if k <= 1:
        return surface
    side = k * surface.grid.cell_m
    left, _, _, top = surface.grid.bounds
    new_left, new_top = math.floor(left / side + 1e-9) * side, math.ceil(top / side - 1e-9) * side
    before = (round((new_top - top) / surface.grid.cell_m), round((left - new_left) / surface.grid.cell_m))
    shape = [-(-(n + b) // k) * k for n, b in zip(surface.array.shape, before, strict=True)]
    none = np.nan if np.issubdtype(surface.array.dtype, np.floating) else 0
    padded = np.full(shape, none, surface.array.dtype)
    rows, cols = surface.array.shape
    padded[before[0] : before[0] + rows, before[1] : before[1] + cols] = surface.array
    blocks = padded.reshape(shape[0] // k, k, shape[1] // k, k)
    coarse = np.fmax.reduce(np.fmax.reduce(blocks, axis=3), axis=1)
    return Surface(coarse, Grid(surface.grid.crs, new_left, new_top, side, coarse.shape))


def full_zoom(surface: Surface) -> int:
    """The lowest zoom at which the middle of some pixel lies in every cell."""
    return max(0, math.ceil(math.log2(2 * HALF / TILE_PX / _finest_px(surface))))


def _finest_px(surface: Surface) -> float:
    """Side of a pixel [m Web Mercator] small enough that no cell falls between the middles of pixels."""
    _, south, _, north = lonlat_bounds(surface.grid)
    nearest = min(abs(south), abs(north)) if south * north > 0 else 0.0
    return _FILL * surface.grid.cell_m / math.cos(math.radians(nearest))


def raster_tiles(
    surface: Surface,
    codes: NDArray[np.uint8],
    palette: Sequence[tuple[int, int, int]],
    minzoom: int,
    maxzoom: int,
    hatches: NDArray[np.bool_] | None = None,
) -> dict[Tile, bytes]:
    """
    PNG tiles of `TILE_PX` px, those with nothing on them left out.

    Parameters
    ----------
    codes : (rows, cols) uint8
        Palette code of each cell of ``surface``; 0 is transparent; a higher code is worse.
    hatches : (C, side, side), optional
        Pixels of code c that lie on ``hatches[c]``, repeated over the map, get code c + C - 1. The
        side must divide `TILE_PX`.

    At the zoom where pixels are finer than cells, a pixel shows the cell it lies in; at each zoom
    above it the highest of the four pixels below, so that a single red cell is seen at every zoom.
    """
    extent = transform_bounds(surface.grid.crs, "EPSG:3857", *surface.grid.bounds)
    west, south, east, north = extent
    side = 2 * HALF / (1 << minzoom)
    deepest = max(maxzoom, full_zoom(surface))
    ink = None if hatches is None else np.tile(hatches, (1, *(TILE_PX // n for n in hatches.shape[1:])))
    tiles: dict[Tile, bytes] = {}
    for y in range(math.floor((HALF - north) / side), math.floor((HALF - south) / side) + 1):
        for x in range(math.floor((west + HALF) / side), math.floor((east + HALF) / side) + 1):
            for tile, block in _pyramid(surface, codes, extent, (minzoom, x, y), deepest):
                if tile[0] <= maxzoom:
                    tiles[tile] = palette_png(block if ink is None else _inked(block, ink), palette)
    return tiles


def _inked(block: NDArray[np.uint8], ink: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The codes of a tile with those that lie on their hatch raised to the code of their ink."""
    drawn = np.take_along_axis(ink, block[None].astype(np.intp), axis=0)[0]
    return np.where(drawn, block + np.uint8(len(ink) - 1), block)


def write_raster_tiles(
    path: Path,
    surface: Surface,
    codes: NDArray[np.uint8],
    palette: Sequence[tuple[int, int, int]],
    *,
    minzoom: int,
    maxzoom: int,
    hatches: NDArray[np.bool_] | None = None,
) -> Bounds:
    """
    Write `raster_tiles` into a PMTiles archive and return its bounds [degrees].

    Raises
    ------
    InputError
        If nothing of the surface is shown.
    """
    if not codes.any():
        raise InputError(f"{path.stem}: no cell of the surface has a value; nothing can be drawn.")
    tiles = raster_tiles(surface, codes, palette, minzoom, maxzoom, hatches)
    bounds = lonlat_bounds(surface.grid)
    write_archive(path, tiles, kind=TileType.PNG, bounds=bounds, metadata={"name": path.stem})
    return bounds


def _pyramid(
    surface: Surface, codes: NDArray[np.uint8], extent: Bounds, tile: Tile, deepest: int
) -> Iterator[tuple[Tile, NDArray[np.uint8]]]:
    """
    The tile and all below it down to zoom ``deepest``, each after its children; empty ones left out.

    Depth first, so that little is in memory at a time however large the surface.
    """
    zoom, x, y = tile
    side = 2 * HALF / (1 << zoom)
    west, south, east, north = extent
    left, top = x * side - HALF, HALF - y * side
    if left >= east or left + side <= west or top <= south or top - side >= north:
        return
    if deepest - zoom <= _BLOCK_DEPTH:
        px = side / (TILE_PX << (deepest - zoom))
        whole = _warp(surface, codes, left, top, px, (TILE_PX << (deepest - zoom),) * 2)
        yield from _cut(whole, tile, deepest)
        return
    block = np.zeros((TILE_PX, TILE_PX), np.uint8)
    half = TILE_PX // 2
    for j, i in ((0, 0), (0, 1), (1, 0), (1, 1)):
        child = (zoom + 1, 2 * x + i, 2 * y + j)
        for below, content in _pyramid(surface, codes, extent, child, deepest):
            yield below, content
            if below == child:
                block[j * half : (j + 1) * half, i * half : (i + 1) * half] = _worst_of(content, 2)
    if block.any():
        yield tile, block


def _cut(whole: NDArray[np.uint8], tile: Tile, deepest: int) -> Iterator[tuple[Tile, NDArray[np.uint8]]]:
    """The tiles in the picture of ``tile`` at zoom ``deepest``, the deepest first, itself last."""
    zoom, x, y = tile
    for z in range(deepest, zoom - 1, -1):
        n = 1 << (z - zoom)
        blocks = whole.reshape(n, TILE_PX, n, TILE_PX)
        for j, i in np.argwhere(blocks.any(axis=(1, 3))).tolist():
            yield (z, x * n + i, y * n + j), np.ascontiguousarray(blocks[j, :, i])
        whole = _worst_of(whole, 2)


def _worst_of(codes: NDArray[np.uint8], k: int) -> NDArray[np.uint8]:
    """The highest code in each square of k x k; the shape must divide."""
    out = codes[::k, ::k].copy()
    for i, j in itertools.product(range(k), repeat=2):
        np.maximum(out, codes[i::k, j::k], out=out)
    return out


def mercator_image(surface: Surface, codes: NDArray[np.uint8], max_px: int) -> tuple[NDArray[np.uint8], Bounds]:
    """
    (codes as one Web Mercator picture, its bounds [degrees]), the longer side ``max_px`` at most.

    The same rule as the tiles: a pixel takes the highest code it covers.
    """
    west, south, east, north = transform_bounds(surface.grid.crs, "EPSG:3857", *surface.grid.bounds)
    px = _finest_px(surface)
    k = max(1, math.ceil(max(east - west, north - south) / px / (max_px - 1)))
    rows, cols = (k * math.ceil(length / px / k) for length in (north - south, east - west))
    image = _worst_of(_warp(surface, codes, west, north, px, (rows, cols)), k)
    return image, transform_bounds("EPSG:3857", "EPSG:4326", west, north - rows * px, west + cols * px, north)


def _warp(
    surface: Surface, codes: NDArray[np.uint8], left: float, top: float, px: float, shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """The code of the cell under the middle of each pixel of a Web Mercator grid."""
    out = np.zeros(shape, np.uint8)
    reproject(
        codes,
        out,
        src_transform=surface.grid.transform,
        src_crs=surface.grid.crs,
        src_nodata=0,
        dst_transform=Affine(px, 0, left, 0, -px, top),
        dst_crs="EPSG:3857",
        dst_nodata=0,
        resampling=Resampling.nearest,
        num_threads=1,
        tolerance=0.02,
    )
    return out
