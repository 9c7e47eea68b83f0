"""Geometry of one zoom: which tiles a part falls in, clipped, on the tile's integer grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from .mvt import EXTENT, LINE, POINT, POLYGON
from .packed import Ints

# Half the side of the Web Mercator world [m], EPSG:3857.
HALF = 20037508.342789244
# Tile units a clipped geometry reaches beyond its tile, so that outlines meet at tile borders.
BUFFER = 64
# A tile is drawn 512 px wide.
UNITS_PER_PX = EXTENT // 512
# Lines and outlines may move by half a pixel.
TOLERANCE = UNITS_PER_PX / 2

Geometries = NDArray[Any]
_DIMENSION = {POINT: 0, LINE: 1, POLYGON: 2}


@dataclass(frozen=True)
class Parts:
    """
    Single points, lines or polygons (Web Mercator) and the table row each came from, in row order.

    ``geometry`` of points is their coordinates, (N, 2): a million objects would be a quarter of a gigabyte.
    """

    kind: int
    geometry: NDArray[Any]
    row: Ints

    def take(self, which: NDArray) -> Parts:
        """The parts ``which`` (mask or index)."""
        return Parts(self.kind, self.geometry[which], self.row[which])


@dataclass(frozen=True)
class Drawn:
    """Features of one kind at one zoom, each in one tile: (F,) arrays and a list of F point lists."""

    kind: int
    tile: Ints  # (F, 2) x, y
    row: Ints
    xy: Ints  # (N, 2) tile units
    part_size: Ints
    feature_parts: Ints


def parts_of(frame: gpd.GeoDataFrame) -> list[Parts]:
    """The geometries of ``frame`` in single parts, as `split` gives them."""
    geometry = frame.geometry.to_numpy()
    if (shapely.get_type_id(geometry) != 0).any() or shapely.is_empty(geometry).any():
        return split(frame.geometry.to_crs(3857).to_numpy())
    to_mercator = Transformer.from_crs(frame.crs, 3857, always_xy=True)
    xy = shapely.get_coordinates(geometry)
    return [Parts(POINT, np.stack(to_mercator.transform(xy[:, 0], xy[:, 1]), axis=1), np.arange(len(xy)))]


def split(geometry: Geometries) -> list[Parts]:
    """Single parts by kind, polygons first; collections are taken apart, nothing and empty parts left out."""
    row = np.arange(len(geometry))
    # Cutting needs valid outlines; a figure of eight becomes its two loops.
    broken = (shapely.get_dimensions(geometry) == 2) & ~shapely.is_valid(geometry)
    geometry = geometry.copy()
    geometry[broken] = shapely.make_valid(geometry[broken])
    while np.isin(shapely.get_type_id(geometry), (4, 5, 6, 7)).any():
        geometry, index = shapely.get_parts(geometry, return_index=True)
        row = row[index]
    present = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    dimension = np.where(present, shapely.get_dimensions(geometry), -1)
    found = []
    for kind in (POLYGON, LINE, POINT):
        here = dimension == _DIMENSION[kind]
        if here.any():
            mine = geometry[here]
            found.append(Parts(kind, shapely.get_coordinates(mine) if kind == POINT else mine, row[here]))
    return found


def valid(parts: Parts) -> Parts:
    """The parts with polygons that cross themselves taken apart into their loops."""
    if parts.kind != POLYGON:
        return parts
    broken = ~shapely.is_valid(parts.geometry)
    if not broken.any():
        return parts
    geometry = parts.geometry.copy()
    geometry[broken] = shapely.make_valid(geometry[broken])
    mended, row = _exploded(geometry, parts.row, POLYGON)
    # What was a mere line stays as it is, for `draw` to widen.
    left = ~np.isin(parts.row, row)
    row = np.concatenate((row, parts.row[left]))
    order = np.argsort(row, kind="stable")
    return Parts(POLYGON, np.concatenate((mended, parts.geometry[left]))[order], row[order])


def world_units(xy: NDArray[np.float64], zoom: int) -> NDArray[np.float64]:
    """Web Mercator metres (N, 2) -> tile units of the whole world at ``zoom``, y down."""
    scale = (EXTENT << zoom) / (2 * HALF)
    return np.stack(((xy[:, 0] + HALF) * scale, (HALF - xy[:, 1]) * scale), axis=1)


def draw(parts: Parts, zoom: int) -> Drawn:
    """Cut the parts into the tiles of ``zoom``; what is too small to leave a trace is widened to a pixel."""
    if parts.kind == POINT:
        return _draw_points(parts, zoom)
    drawn = _draw_pieces(*_pieces(parts, zoom), zoom, parts.kind)
    lost = np.setdiff1d(parts.row, drawn.row)
    if len(lost) == 0:
        return drawn
    small = parts.take(np.isin(parts.row, lost))
    return _join(drawn, _draw_pieces(*_pieces(_widened(small, zoom), zoom), zoom, parts.kind))


def _widened(parts: Parts, zoom: int) -> Parts:
    px = UNITS_PER_PX * 2 * HALF / (EXTENT << zoom)
    if parts.kind == POLYGON:
        wide = shapely.buffer(parts.geometry, px / 2, quad_segs=1, cap_style="square", join_style="mitre")
        return Parts(POLYGON, *_exploded(wide, parts.row, POLYGON))
    west, south, east, north = shapely.bounds(parts.geometry).T
    x, y = (west + east) / 2, (south + north) / 2
    ends = np.stack((np.stack((x - px / 2, y), axis=1), np.stack((x + px / 2, y), axis=1)), axis=1)
    return Parts(LINE, shapely.linestrings(ends), parts.row)


def _exploded(geometry: Geometries, owner: NDArray, kind: int) -> tuple[Geometries, NDArray]:
    """Single non-empty parts of ``kind`` with their owners; lower dimensions (touching points) fall away."""
    while np.isin(shapely.get_type_id(geometry), (4, 5, 6, 7)).any():
        geometry, index = shapely.get_parts(geometry, return_index=True)
        owner = owner[index]
    keep = (shapely.get_dimensions(geometry) == _DIMENSION[kind]) & ~shapely.is_empty(geometry)
    return geometry[keep], owner[keep]


def _draw_points(parts: Parts, zoom: int) -> Drawn:
    units = np.floor(world_units(parts.geometry, zoom)).astype(np.int64)
    units = np.clip(units, 0, (EXTENT << zoom) - 1)
    tile, xy = units // EXTENT, units % EXTENT
    order = np.argsort(tile[:, 0] << zoom | tile[:, 1], kind="stable")
    tile, row, xy = tile[order], parts.row[order], xy[order]
    fresh = _changes(tile[:, 0], tile[:, 1], row)
    size = np.diff(np.append(np.flatnonzero(fresh), len(row)))
    return Drawn(POINT, tile[fresh], row[fresh], xy, size, np.ones(len(size), np.int64))


def _changes(*columns: Ints) -> NDArray[np.bool_]:
    """(N,) whether a row differs from the one before; the first does."""
    out = np.zeros(len(columns[0]), bool)
    out[:1] = True
    for column in columns:
        out[1:] |= column[1:] != column[:-1]
    return out


def _pieces(parts: Parts, zoom: int) -> tuple[Geometries, Ints, Ints]:
    """(geometry, row, tile) of every part in every tile it touches, clipped to the tile and its buffer."""
    side = 2 * HALF / (1 << zoom)
    margin = side * BUFFER / EXTENT
    west, south, east, north = shapely.bounds(parts.geometry).T
    last = (1 << zoom) - 1
    x0, x1, y0, y1 = (
        np.clip(np.floor(v / side), 0, last).astype(np.int64)
        for v in (west + HALF - margin, east + HALF + margin, HALF - north - margin, HALF - south + margin)
    )
    wide = x1 - x0 + 1
    count = wide * (y1 - y0 + 1)
    part = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(part)) - np.repeat(np.cumsum(count) - count, count)
    tile = np.stack((x0[part] + nth % wide[part], y0[part] + nth // wide[part]), axis=1)

    left, top = tile[:, 0] * side - HALF - margin, HALF - tile[:, 1] * side + margin
    box = np.stack((left, top - side - 2 * margin, left + side + 2 * margin, top), axis=1)
    inside = (west[part] >= box[:, 0]) & (south[part] >= box[:, 1])
    inside &= (east[part] <= box[:, 2]) & (north[part] <= box[:, 3])
    whole, cut = np.flatnonzero(inside), np.flatnonzero(~inside)
    clipped, owner = _clip(parts, part[cut], tile[cut], box[cut])
    geometry = np.concatenate((parts.geometry[part[whole]], clipped))
    pair = np.concatenate((whole, cut[owner]))
    return geometry, parts.row[part[pair]], tile[pair]


def _clip(parts: Parts, part: Ints, tile: Ints, box: NDArray[np.float64]) -> tuple[Geometries, Ints]:
    """Clip part[i] to box[i], tile by tile; single parts and the i each came from."""
    order = np.lexsort((part, tile[:, 1], tile[:, 0]))
    starts = np.flatnonzero(_changes(tile[order, 0], tile[order, 1]))
    pieces: list[Geometries] = [np.empty(0, object)]
    owners: list[Ints] = [np.empty(0, np.int64)]
    for group in np.split(order, starts[1:]) if len(order) else []:
        cut = shapely.clip_by_rect(parts.geometry[part[group]], *box[group[0]])
        geometry, owner = _exploded(cut, group, parts.kind)
        pieces.append(geometry)
        owners.append(owner)
    return np.concatenate(pieces), np.concatenate(owners)


def _draw_pieces(geometry: Geometries, row: Ints, tile: Ints, zoom: int, kind: int) -> Drawn:
    """Put the pieces on the integer grid, drop what collapses, order by tile and row."""
    order = np.lexsort((np.arange(len(row)), row, tile[:, 1], tile[:, 0]))
    geometry, row, tile = geometry[order], row[order], tile[order]
    piece = np.arange(len(geometry))
    if kind == POLYGON:
        geometry, piece = shapely.get_rings(geometry, return_index=True)
    coords, part = shapely.get_coordinates(geometry, return_index=True)
    xy = np.rint(world_units(coords, zoom)).astype(np.int64) - tile[piece[part]] * EXTENT
    moved = _changes(xy[:, 0], xy[:, 1], part)
    xy, part = xy[moved], part[moved]
    if kind == POLYGON:
        xy, part = _open_rings(xy, part)
        xy, part = _oriented(xy, part, len(geometry), piece)
    size = np.bincount(part, minlength=len(geometry))
    alive = size >= (3 if kind == POLYGON else 2)
    xy = xy[alive[part]]
    size, owner = size[alive], piece[alive]
    fresh = _changes(tile[owner, 0], tile[owner, 1], row[owner])
    feature_parts = np.diff(np.append(np.flatnonzero(fresh), len(owner)))
    return Drawn(kind, tile[owner[fresh]], row[owner[fresh]], xy, size, feature_parts)


def _open_rings(xy: Ints, part: Ints) -> tuple[Ints, Ints]:
    """Without each ring's closing point."""
    last = np.append(part[1:] != part[:-1], True)[: len(part)]
    return xy[~last], part[~last]


def _oriented(xy: Ints, ring: Ints, rings: int, piece: Ints) -> tuple[Ints, Ints]:
    """Outer rings turned to positive area (y down), holes to negative; flat rings and their holes dropped."""
    if len(ring) == 0:
        return xy, ring
    size = np.bincount(ring, minlength=rings)
    first = np.cumsum(size) - size
    rank = np.arange(len(ring)) - first[ring]
    following = np.where(rank + 1 == size[ring], first[ring], np.arange(len(ring)) + 1)
    cross = xy[:, 0] * xy[following, 1] - xy[following, 0] * xy[:, 1]
    area = np.bincount(ring, weights=cross, minlength=rings)
    outer = _changes(piece)
    shell = np.maximum.accumulate(np.where(outer, np.arange(rings), 0))
    turn = np.where(outer, area < 0, area > 0)
    xy = xy[np.where(turn[ring], first[ring] + size[ring] - 1 - rank, np.arange(len(ring)))]
    alive = (area != 0) & (area[shell] != 0)
    return xy[alive[ring]], ring[alive[ring]]


def _join(a: Drawn, b: Drawn) -> Drawn:
    """Features of both; the order is the tiler's to settle."""
    return Drawn(
        a.kind,
        *(np.concatenate((getattr(a, n), getattr(b, n))) for n in ("tile", "row", "xy", "part_size", "feature_parts")),
    )
