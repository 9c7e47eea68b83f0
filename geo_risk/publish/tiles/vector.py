"""A table to vector tiles, thinned so that the highest grades stay and red is never dropped.

What is ready-made drops the densest features first, which on a risk map hides red. Here a feature
smaller than a cell of `CELL_PX` gives way to one of a higher rank in that cell; rank `KEEP` and
above always stays, at every zoom, and is drawn last.
"""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import ArrayLike, NDArray
from pmtiles.tile import TileType
from pyproj import Transformer

from ...errors import InputError
from ...parallel import ahead
from .archive import Bounds, Tile, write_archive
from .mvt import POINT, POLYGON, Attributes, Encoder, attributes, encode_geometries
from .packed import Ints, Packed, chained
from .shapes import HALF, TOLERANCE, UNITS_PER_PX, Parts, draw, parts_of, valid, world_units

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
    """
    The layer while it is tiled.

    ``order`` counts the ranks that occur from 0, the lowest; ``centre`` [units of the world at ``maxzoom``] and
    ``span`` [Web Mercator metres] are of each row.
    """

    encoder: Encoder
    rank: Ints
    order: Ints
    maxzoom: int
    centre: NDArray[np.float64]
    span: NDArray[np.float64]


@dataclass(frozen=True)
class _Features:
    """Features of one tile in drawing order: row, kind and place in ``geometry`` of each."""

    row: Ints
    kind: Ints
    which: Ints
    geometry: Packed

    def take(self, which: NDArray) -> _Features:
        return replace(self, row=self.row[which], kind=self.kind[which], which=self.which[which])


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
    parts = parts_of(frame)
    low, high = _extents(parts, len(frame))
    bounds = _bounds(frame, layer, low, high)
    shared = _shared(parts, len(frame)) if coverage else np.zeros(len(frame), bool)
    table = attributes(frame.drop(columns=frame.geometry.name))
    pa.default_memory_pool().release_unused()
    ranks = _rank(frame, rank)
    span = (high - low).max(axis=1)
    order = np.unique(ranks, return_inverse=True)[1]
    source = _Source(Encoder(layer, table), ranks, order, maxzoom, world_units((low + high) / 2, maxzoom), span)
    begin = np.full(len(frame), minzoom) if first_zoom is None else np.asarray(first_zoom, np.int64)

    tiles: dict[Tile, bytes] = {}
    thinned: set[int] = set()
    drawn = _drawn(source, parts, begin, minzoom, shared)
    for tile, features, data in ahead(_zipped, ((*job, _layer(source, job[1])) for job in drawn)):
        tiles[tile], kept = (data, features) if len(data) <= MAX_TILE_BYTES else _lightened(source, features, tile[0])
        if tile[0] == maxzoom and len(kept.row) < len(features.row):
            thinned.update(np.setdiff1d(features.row, kept.row).tolist())
    metadata = _metadata(layer, table, minzoom, maxzoom)
    write_archive(path, tiles, kind=TileType.MVT, bounds=bounds, metadata=metadata)
    count = int(np.isfinite(span).sum())
    return TileStats(count, len(frame) - count, len(tiles), max(map(len, tiles.values())), len(thinned), bounds)


def _drawn(
    source: _Source, parts: list[Parts], begin: Ints, minzoom: int, shared: NDArray[np.bool_]
) -> Iterator[tuple[Tile, _Features]]:
    """
    Every tile with its features.

    From the highest zoom to the lowest: each zoom thins and simplifies what the one below it in scale has left.
    """
    rows = np.isfinite(source.span)
    for zoom in range(source.maxzoom, minzoom - 1, -1):
        shown = rows & ((source.rank >= KEEP) | (begin <= zoom))
        if zoom < source.maxzoom:
            shown &= (source.span >= _metres(CELL_PX, zoom)) | _among(source, shown, zoom)
        # Rows whose zoom has not come are gone for the zooms above, too, where it has not come either.
        rows = shown
        parts = [p.take(shown[p.row]) for p in parts]
        if zoom < source.maxzoom:
            parts = [_simplified(p, zoom, shared) for p in parts]
        yield from _by_tile(source, parts, zoom)


def _bounds(frame: gpd.GeoDataFrame, layer: str, low: NDArray[np.float64], high: NDArray[np.float64]) -> Bounds:
    """(west, south, east, north) [degrees] of what lies between the corners ``low`` and ``high`` [m Web Mercator]."""
    there = ~np.isnan(low[:, 0])
    if not there.any():
        raise InputError(f"table '{layer}': none of its {len(frame)} rows has a geometry; nothing can be drawn.")
    to_degrees = Transformer.from_crs(3857, 4326, always_xy=True).transform
    corners = [float(v) for v in (*to_degrees(*low[there].min(axis=0)), *to_degrees(*high[there].max(axis=0)))]
    west, south, east, north = corners
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
    """South-west and north-east corner (N, 2) of the rows [m Web Mercator]; NaN where a row has no geometry."""
    low, high = np.full((rows, 2), np.inf), np.full((rows, 2), -np.inf)
    for part in parts:
        bounds = np.tile(part.geometry, 2) if part.kind == POINT else shapely.bounds(part.geometry)
        np.minimum.at(low, part.row, bounds[:, :2])
        np.maximum.at(high, part.row, bounds[:, 2:])
    none = high[:, 0] == -np.inf
    low[none] = high[none] = np.nan
    return low, high


def _metres(px: float, zoom: int) -> float:
    return px * 2 * HALF / (512 << zoom)


def _among(source: _Source, rows: NDArray[np.bool_], zoom: int) -> NDArray[np.bool_]:
    """(N,) of ``rows`` those that win their cell."""
    index = np.flatnonzero(rows)
    out = np.zeros(len(rows), bool)
    out[index[_winners(source, index, zoom, CELL_PX)]] = True
    return out


def _winners(source: _Source, index: Ints, zoom: int, cell_px: float) -> NDArray[np.bool_]:
    """Of rows ``index`` (rising) the highest rank (then the earliest) in each cell, and all of rank KEEP and above."""
    side = cell_px * UNITS_PER_PX * (1 << (source.maxzoom - zoom))
    cell = np.floor(source.centre[index] / side).astype(np.int64)
    count = int(source.order.max(initial=0)) + 1
    key = (cell[:, 0] * (int(cell[:, 1].max(initial=0)) + 1) + cell[:, 1]) * count + (count - 1 - source.order[index])
    order = np.argsort(key, kind="stable")
    place = key[order] // count
    first = np.ones(len(index), bool)
    first[1:] = place[1:] != place[:-1]
    out = source.rank[index] >= KEEP
    out[order[first]] = True
    return out


def _by_tile(source: _Source, parts: list[Parts], zoom: int) -> Iterator[tuple[Tile, _Features]]:
    """All features of a zoom, tile by tile, in each by rank and row."""
    drawn = [draw(p, zoom) for p in parts]
    geometry = chained(encode_geometries(d.kind, d.xy, d.part_size, d.feature_parts) for d in drawn)
    tile = np.concatenate([d.tile for d in drawn])
    row = np.concatenate([d.row for d in drawn])
    kind = np.repeat([d.kind for d in drawn], [len(d.row) for d in drawn])
    place = tile[:, 0] << zoom | tile[:, 1]
    order = np.lexsort((kind, row, place * (int(source.order.max(initial=0)) + 1) + source.order[row]))
    place, row, kind = place[order], row[order], kind[order]
    edges = [*np.flatnonzero(np.diff(place, prepend=-1)).tolist(), len(place)]
    for a, b in itertools.pairwise(edges):
        x, y = divmod(int(place[a]), 1 << zoom)
        yield (zoom, x, y), _Features(row[a:b], kind[a:b], order[a:b], geometry)


def _shared(parts: list[Parts], rows: int) -> NDArray[np.bool_]:
    """(N,) rows whose polygons have a corner in common with others, if all together are a valid coverage."""
    out = np.zeros(rows, bool)
    polygons = [p for p in parts if p.kind == POLYGON]
    if not polygons or not shapely.coverage_is_valid(polygons[0].geometry):
        return out
    xy, part = shapely.get_coordinates(polygons[0].geometry, return_index=True)
    order = np.lexsort((xy[:, 1], xy[:, 0]))
    xy, row = xy[order], polygons[0].row[part[order]]
    same = (xy[1:] == xy[:-1]).all(axis=1) & (row[1:] != row[:-1])
    out[row[1:][same]] = out[row[:-1][same]] = True
    return out


def _simplified(parts: Parts, zoom: int, shared: NDArray[np.bool_]) -> Parts:
    """
    Outlines within half a pixel of the true ones, given those of the next higher zoom.

    Each zoom may move them by a quarter of a pixel: with the smaller moves before, 1/8 + 1/16 + ..., that is half.
    Borders of rows that are ``shared`` move alike.
    """
    if parts.kind == POINT or len(parts.row) == 0:
        return parts
    tolerance = _metres(TOLERANCE / UNITS_PER_PX, zoom)
    together = shared[parts.row] if parts.kind == POLYGON else np.zeros(len(parts.row), bool)
    if together.any():
        # Its tolerance is the side of a square as large as the corner cut off, no distance moved.
        alike = replace(parts.take(together), geometry=shapely.coverage_simplify(parts.geometry[together], tolerance))
        rest = _simplified(parts.take(~together), zoom, np.zeros_like(shared))
        row = np.concatenate((alike.row, rest.row))
        order = np.argsort(row, kind="stable")
        return Parts(POLYGON, np.concatenate((alike.geometry, rest.geometry))[order], row[order])
    # Topology-preserving simplification takes seconds for a reach with thousands of holes; mending the few
    # outlines that cross themselves takes none.
    geometry = shapely.simplify(parts.geometry, tolerance / 2, preserve_topology=False)
    gone = shapely.is_empty(geometry)
    geometry[gone] = parts.geometry[gone]
    return valid(replace(parts, geometry=geometry))


def _layer(source: _Source, features: _Features, columns: Sequence[str] | None = None) -> bytes:
    return source.encoder.layer(features.row, features.kind, features.geometry, features.which, columns)


def _zipped(job: tuple[Tile, _Features, bytes]) -> tuple[Tile, _Features, bytes]:
    tile, features, layer = job
    return tile, features, _gzip(layer)


def _gzip(layer: bytes) -> bytes:
    return gzip.compress(layer, 6, mtime=0)


def _lightened(source: _Source, features: _Features, zoom: int) -> tuple[bytes, _Features]:
    """
    A gzipped tile within `MAX_TILE_BYTES` of features that are too heavy for it, and those that it holds.

    One feature a cell, the cell doubled until it fits; if red alone does not fit, red only, without properties but
    its grade. Red itself stays whatever it weighs.
    """
    red = features.take(source.rank[features.row] >= KEEP)
    least = _gzip(_layer(source, red))
    if len(least) > MAX_TILE_BYTES:
        return _gzip(_layer(source, red, ("grade", "verdict"))), red
    cell = 2 * CELL_PX
    while cell <= 512:
        rows = np.unique(features.row)
        kept = features.take(np.isin(features.row, rows[_winners(source, rows, zoom, cell)]))
        data = _gzip(_layer(source, kept))
        if len(data) <= MAX_TILE_BYTES:
            return data, kept
        cell *= 2
    return least, red


def _metadata(layer: str, table: Attributes, minzoom: int, maxzoom: int) -> dict[str, object]:
    fields = {key: "" for key in table.keys}
    return {"vector_layers": [{"id": layer, "fields": fields, "minzoom": minzoom, "maxzoom": maxzoom}]}
