"""A table to vector tiles, thinned so that the highest grades stay and red is never dropped.

What is ready-made drops the densest features first, which on a risk map hides red. Here a feature
smaller than a cell of `CELL_PX` gives way to one of a higher rank in that cell; rank `KEEP` and
above always stays, at every zoom, and is drawn last.
"""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pmtiles.tile import TileType

from ...errors import InputError
from .archive import Bounds, Tile, write_archive
from .mvt import POINT, POLYGON, Attributes, Ints, attributes, encode_geometries, encode_layer
from .shapes import HALF, TOLERANCE, UNITS_PER_PX, Parts, draw, split, valid, world_units

# Features below this size share a cell; at the highest zoom nothing is thinned but for weight.
CELL_PX = 3
# Grade 4 is red: never dropped.
KEEP = 4
# Publishing budget of one stored tile.
MAX_TILE_BYTES = 500_000
# Where Web Mercator ends [degrees].
_MAX_LAT = 85.0511


@dataclass(frozen=True)
class TileStats:
    """What was written.

    ``features`` drawn; ``empty`` rows without geometry; number of ``tiles`` and bytes of the
    ``largest``; ``thinned``: features that weight took out of some tile of the highest zoom.
    """

    features: int
    empty: int
    tiles: int
    largest: int
    thinned: int
    bounds: Bounds


@dataclass(frozen=True)
class _Source:
    """The layer while it is tiled; ``centre`` and ``span`` of each row are in Web Mercator metres."""

    layer: str
    table: Attributes
    rank: Ints
    centre: NDArray[np.float64]
    span: NDArray[np.float64]


@dataclass(frozen=True)
class _Features:
    """Features in drawing order: tile, row, kind and commands of each."""

    tile: Ints
    row: Ints
    kind: Ints
    commands: NDArray[np.object_]

    def take(self, which: NDArray) -> _Features:
        return _Features(self.tile[which], self.row[which], self.kind[which], self.commands[which])


def write_vector_tiles(
    path: Path,
    frame: gpd.GeoDataFrame,
    *,
    layer: str,
    minzoom: int,
    maxzoom: int,
    rank: ArrayLike | None = None,
    first_zoom: ArrayLike | None = None,
    coverage: bool = False,
) -> TileStats:
    """
    Write a PMTiles archive with one layer.

    Parameters
    ----------
    frame : GeoDataFrame
        Any CRS and any mix of geometries. All columns but the geometry become properties; missing
        values are left out, floats keep six digits. Row r becomes feature id r + 1.
    rank : (N,) int, optional
        Who gives way to whom: higher stays, ties go to the earlier row; 4 and above is never
        dropped. Column ``grade`` when not given, else all equal.
    first_zoom : (N,) int, optional
        Lowest zoom of each row. Not applied to rank 4 and above.
    coverage : bool
        The polygons are neighbours without gap or overlap: simplify shared borders alike.

    Raises
    ------
    InputError
        If the frame has no CRS or no geometry at all, or lies beyond Web Mercator.
    """
    if frame.crs is None:
        raise InputError(f"table '{layer}' has no CRS: set it with frame.set_crs(...) before publishing.")
    bounds = _bounds(frame, layer)
    parts = split(frame.geometry.to_crs(3857).to_numpy())
    source = _Source(
        layer,
        attributes(frame.drop(columns=frame.geometry.name)),
        _rank(frame, rank),
        *_extents(parts, len(frame)),
    )
    begin = np.full(len(frame), minzoom) if first_zoom is None else np.asarray(first_zoom, np.int64)
    coverage = coverage and all(shapely.coverage_is_valid(p.geometry) for p in parts if p.kind == POLYGON)

    tiles: dict[Tile, bytes] = {}
    thinned: set[int] = set()
    # From the highest zoom to the lowest: each zoom simplifies what the one below it in scale has left.
    for zoom in range(maxzoom, minzoom - 1, -1):
        rows = np.isfinite(source.span) & ((source.rank >= KEEP) | (begin <= zoom))
        if zoom < maxzoom:
            rows &= _winners(source, rows, zoom, CELL_PX) | (source.span >= _metres(CELL_PX, zoom))
        parts = [p.take(rows[p.row]) for p in parts]
        if zoom < maxzoom:
            parts = [_simplified(p, zoom, coverage) for p in parts]
        features = _features(source, parts, zoom)
        for (x, y), content in _by_tile(features):
            tiles[zoom, x, y], dropped = _encode(source, content, zoom)
            thinned.update(dropped if zoom == maxzoom else ())
    write_archive(path, tiles, kind=TileType.MVT, bounds=bounds, metadata=_metadata(source, minzoom, maxzoom))
    drawn = int(np.isfinite(source.span).sum())
    return TileStats(drawn, len(frame) - drawn, len(tiles), max(map(len, tiles.values())), len(thinned), bounds)


def _bounds(frame: gpd.GeoDataFrame, layer: str) -> Bounds:
    west, south, east, north = (float(v) for v in frame.geometry.to_crs(4326).total_bounds)
    if not west <= east:
        raise InputError(f"table '{layer}': none of its {len(frame)} rows has a geometry; nothing can be drawn.")
    if not (west >= -180 and east <= 180 and south >= -_MAX_LAT and north <= _MAX_LAT):
        raise InputError(
            f"table '{layer}' reaches from {west:.4f}, {south:.4f} to {east:.4f}, {north:.4f} degrees, "
            f"beyond the web map (180 E/W, {_MAX_LAT} N/S). Check its CRS ({frame.crs.to_string()})."
        )
    return west, south, east, north


def _rank(frame: gpd.GeoDataFrame, rank: ArrayLike | None) -> Ints:
    if rank is not None:
        return np.asarray(rank, np.int64)
    if "grade" in frame.columns:
        return frame["grade"].fillna(0).to_numpy(np.int64)
    return np.zeros(len(frame), np.int64)


def _extents(parts: list[Parts], rows: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(centre (N, 2), span (N,)) of the rows [m Web Mercator]; NaN where a row has no geometry."""
    low, high = np.full((rows, 2), np.inf), np.full((rows, 2), -np.inf)
    for part in parts:
        bounds = shapely.bounds(part.geometry)
        np.minimum.at(low, part.row, bounds[:, :2])
        np.maximum.at(high, part.row, bounds[:, 2:])
    none = ~np.isfinite(low[:, 0])
    low[none] = high[none] = np.nan
    return (low + high) / 2, (high - low).max(axis=1)


def _metres(px: float, zoom: int) -> float:
    return px * 2 * HALF / (512 << zoom)


def _winners(source: _Source, rows: NDArray[np.bool_], zoom: int, cell_px: float) -> NDArray[np.bool_]:
    """(N,) of ``rows``, the highest rank (then the earliest) in each cell, and all of rank KEEP and above."""
    index = np.flatnonzero(rows)
    cell = np.floor(world_units(source.centre[index], zoom) / (cell_px * UNITS_PER_PX)).astype(np.int64)
    order = np.lexsort((index, -source.rank[index], cell[:, 1], cell[:, 0]))
    cell, index = cell[order], index[order]
    first = np.ones(len(index), bool)
    first[1:] = (cell[1:] != cell[:-1]).any(axis=1)
    out = rows & (source.rank >= KEEP)
    out[index[first]] = True
    return out


def _features(source: _Source, parts: list[Parts], zoom: int) -> _Features:
    """All features of a zoom by tile, rank and row."""
    drawn = [draw(p, zoom) for p in parts]
    commands = [encode_geometries(d.kind, d.xy, d.part_size, d.feature_parts) for d in drawn]
    tile = np.concatenate([d.tile for d in drawn])
    row = np.concatenate([d.row for d in drawn])
    kind = np.repeat([d.kind for d in drawn], [len(d.row) for d in drawn])
    order = np.lexsort((kind, row, source.rank[row], tile[:, 1], tile[:, 0]))
    joined = np.empty(len(row), object)
    joined[:] = [c for group in commands for c in group]
    return _Features(tile, row, kind, joined).take(order)


def _simplified(parts: Parts, zoom: int, coverage: bool) -> Parts:
    """
    Outlines within half a pixel of the true ones, given those of the next higher zoom.

    Each zoom may move them by a quarter of a pixel: with the smaller moves before, 1/8 + 1/16 + ..., that is half.
    """
    if parts.kind == POINT or len(parts.row) == 0:
        return parts
    tolerance = _metres(TOLERANCE / UNITS_PER_PX, zoom)
    if coverage and parts.kind == POLYGON:
        # Its tolerance is the side of a square as large as the corner cut off, no distance moved.
        return replace(parts, geometry=shapely.coverage_simplify(parts.geometry, tolerance))
    # Topology-preserving simplification takes seconds for a reach with thousands of holes; mending the few
    # outlines that cross themselves takes none.
    geometry = shapely.simplify(parts.geometry, tolerance / 2, preserve_topology=False)
    gone = shapely.is_empty(geometry)
    geometry[gone] = parts.geometry[gone]
    return valid(replace(parts, geometry=geometry))


def _by_tile(features: _Features) -> Iterator[tuple[tuple[int, int], _Features]]:
    if len(features.row) == 0:
        return
    change = np.flatnonzero((features.tile[1:] != features.tile[:-1]).any(axis=1)) + 1
    edges = [0, *change.tolist(), len(features.row)]
    for a, b in itertools.pairwise(edges):
        x, y = features.tile[a].tolist()
        yield (x, y), features.take(np.arange(a, b))


def _encode(source: _Source, features: _Features, zoom: int) -> tuple[bytes, set[int]]:
    """
    One gzipped tile within `MAX_TILE_BYTES`, and the rows that had to go for it.

    Too heavy: one feature a cell, the cell doubled until it fits; then red only; then red without
    properties but its grade. Red itself stays whatever it weighs.
    """
    data = _pack(source, source.table, features)
    cell, kept = 2 * CELL_PX, features
    while len(data) > MAX_TILE_BYTES and cell <= 512:
        rows = np.zeros(len(source.rank), bool)
        rows[features.row] = True
        kept = features.take(_winners(source, rows, zoom, cell)[features.row])
        data = _pack(source, source.table, kept)
        cell *= 2
    if len(data) > MAX_TILE_BYTES:
        kept = features.take(source.rank[features.row] >= KEEP)
        data = _pack(source, source.table, kept)
    if len(data) > MAX_TILE_BYTES:
        data = _pack(source, _only(source.table, ("grade", "verdict")), kept)
    return data, set(features.row.tolist()) - set(kept.row.tolist())


def _only(table: Attributes, keys: tuple[str, ...]) -> Attributes:
    hidden = [i for i, key in enumerate(table.keys) if key not in keys]
    codes = table.codes.copy()
    codes[:, hidden] = -1
    return replace(table, codes=codes)


def _pack(source: _Source, table: Attributes, features: _Features) -> bytes:
    layer = encode_layer(source.layer, table, features.row, features.kind.tolist(), features.commands.tolist())
    return gzip.compress(layer, 6, mtime=0)


def _metadata(source: _Source, minzoom: int, maxzoom: int) -> dict[str, object]:
    fields = {key: "" for key in source.table.keys}
    return {"vector_layers": [{"id": source.layer, "fields": fields, "minzoom": minzoom, "maxzoom": maxzoom}]}
