"""PMTiles archives: tiles into one file in the same bytes every time, and out again."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path

from pmtiles.reader import MemorySource, all_tiles
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

Tile = tuple[int, int, int]
Bounds = tuple[float, float, float, float]


def write_archive(
    path: Path,
    tiles: Mapping[Tile, bytes],
    *,
    kind: TileType,
    bounds: Bounds,
    metadata: Mapping[str, object],
) -> None:
    """
    Write tiles (z, x, y) -> bytes; MVT tiles must come gzipped, PNG tiles plain.

    Parameters
    ----------
    bounds : (west, south, east, north) [degrees]

    Raises
    ------
    ValueError
        If there is no tile: an archive without tiles has no zoom range.
    """
    if not tiles:
        raise ValueError(f"{path.name}: no tiles to write")
    west, south, east, north = (round(v * 1e7) for v in bounds)
    zooms = [z for z, _, _ in tiles]
    header = {
        "tile_type": kind,
        "tile_compression": Compression.GZIP if kind is TileType.MVT else Compression.NONE,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": min(zooms),
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    }
    with path.open("wb") as file:
        writer = Writer(file)
        for tile_id, tile in sorted((zxy_to_tileid(*tile), tile) for tile in tiles):
            writer.write_tile(tile_id, tiles[tile])
        writer.finalize(header, dict(metadata))


def read_archive(path: Path) -> Iterator[tuple[Tile, bytes]]:
    """((z, x, y), stored bytes) of every tile, in the archive's order."""
    data = path.read_bytes()
    yield from all_tiles(MemorySource(data))


def gunzip(tile: bytes) -> bytes:
    """The tile as the browser sees it."""
    return gzip.decompress(tile) if tile[:2] == b"\x1f\x8b" else tile
