"""
A small map of one place, drawn from the region's own layers as SVG.

Lengths in the drawing are tenths of a millimetre on paper, whole numbers, so that it stays small and
sharp. Grades carry a hatch beside their colour and places a number that the text explains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from .style import GRADES

if TYPE_CHECKING:
    import geopandas as gpd

    from ..store import Surface

_STRIP = 62  # height of the legend under the map [0.1 mm]
_MAX_LINES = 4000  # of one sheet of a map; a city's back lanes are left out first
# Roads by width of the line [0.1 mm]: the rest is drawn fine.
_WIDE = {"motorway": 14, "trunk": 12, "primary": 9, "secondary": 7, "tertiary": 5}


class Mark(NamedTuple):
    """A place on the map: point (x, y) [m], its sign (site, hazard, place, firm) and the text beside it."""

    x: float
    y: float
    sign: str
    text: str = ""


@dataclass(frozen=True)
class Sheet:
    """Geometries of one look, found by a tree; ``style`` is SVG, ``closed`` whether they are filled areas."""

    geometry: NDArray
    style: str
    closed: bool = False

    @cached_property
    def tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.geometry)


@dataclass(frozen=True)
class BaseMap:
    """What every small map of a region is drawn on: sheets, first at the bottom, and the surface of grades."""

    sheets: tuple[Sheet, ...]
    grades: Surface | None = None
    under: int = 0


def base_map(layers: Mapping[str, gpd.GeoDataFrame], contours: gpd.GeoDataFrame | None, grades: Surface | None):
    """The base of a region's small maps from those of its layers that are there."""
    sheets = []

    def add(rows: gpd.GeoDataFrame | None, style: str, closed: bool = False) -> None:
        if rows is not None and len(rows):
            geometry = rows.geometry.to_numpy()
            sheets.append(Sheet(geometry[~shapely.is_missing(geometry)], style, closed))

    landuse, water, roads = layers.get("landuse"), layers.get("water"), layers.get("roads")
    if landuse is not None:
        add(landuse[landuse["kind"] == "green"], 'fill="#e3efdc" stroke="none"', True)
    if water is not None:
        flat = water.geom_type.isin(("Polygon", "MultiPolygon"))
        add(water[flat], 'fill="#cfe3f0" stroke="#9dbfd6" stroke-width="1"', True)
        add(water[~flat], 'fill="none" stroke="#9dbfd6" stroke-width="3"')
    under = len(sheets)
    add(layers.get("buildings"), 'fill="#d9d4cc" stroke="#a49d92" stroke-width="1"', True)
    if roads is not None:
        width = roads["class"].map(_WIDE).fillna(2)
        for wide in sorted(set(width)):
            add(roads[width == wide], f'fill="none" stroke="#6f6f6f" stroke-width="{wide:g}" stroke-opacity=".8"')
    add(layers.get("gas_pipelines"), 'fill="none" stroke="#5b2a86" stroke-width="5" stroke-dasharray="24 8 5 8"')
    add(layers.get("districts"), 'fill="none" stroke="#222" stroke-width="4" stroke-dasharray="16 7"')
    if contours is not None:
        add(contours, 'fill="none" stroke="#54278f" stroke-width="4"')
    return BaseMap(tuple(sheets), grades, under)


def maplet(
    base: BaseMap,
    centre: tuple[float, float],
    height_m: float,
    marks: Sequence[Mark],
    *,
    size: tuple[int, int] = (1820, 1000),
    reach: shapely.Geometry | None = None,
    outline: shapely.Geometry | None = None,
    legend: Sequence[tuple[str, str]] = (),
    north: str = "N",
) -> dict[str, Any]:
    """
    The block of a document that shows the ground around ``centre`` (x, y) [m], ``height_m`` high.

    Its ``svg`` has no text and no end tag: ``labels`` (x, y, size [0.1 mm], text, anchor, bold, halo) are set
    by whoever writes the page, in the page's own font.

    Parameters
    ----------
    size
        Width and height of the map [0.1 mm]; the legend comes under it.
    reach, outline
        Areas drawn as a dashed and as a thick line.
    legend
        (sign or grade letter, words) of what is explained under the map.
    """
    width, height = size
    scale = height / height_m
    half = (width / scale / 2, height_m / 2)
    view = _View(centre[0] - half[0], centre[1] + half[1], scale, (width, height))
    labels: list[Label] = []
    parts = [_open(width, height + _STRIP)]
    parts.append(f'<g clip-path="url(#c)"><rect width="{width}" height="{height}" fill="#fbfaf7"/>')
    parts += [_sheet(view, sheet) for sheet in base.sheets[: base.under]]
    if base.grades is not None:
        parts += _graded(view, base.grades)
    parts += [_sheet(view, sheet) for sheet in base.sheets[base.under :]]
    parts += _line(view, outline, 'stroke="#000" stroke-width="9"')
    parts += _line(view, reach, 'stroke="#a50f15" stroke-width="5" stroke-dasharray="20 12"')
    parts += [_mark(view, mark, labels) for mark in marks]
    parts.append("</g>")
    parts += [_scale_bar(view, labels), _north(width, north, labels), _legend(legend, width, height, labels)]
    svg, total = "".join(parts), height + _STRIP
    return {"type": "map", "svg": svg, "width": width, "height": total, "labels": [x._asdict() for x in labels]}


class Label(NamedTuple):
    """Text on the map at (x, y) of its base line [0.1 mm]; ``anchor`` start or middle, ``size`` of the letters."""

    x: int
    y: int
    text: str
    size: int = 26
    anchor: str = "start"
    bold: bool = False
    halo: bool = False


@dataclass(frozen=True)
class _View:
    """The ground shown: ``left``, ``top`` [m], ``scale`` [0.1 mm/m], ``size`` [0.1 mm]."""

    left: float
    top: float
    scale: float
    size: tuple[int, int]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        width, height = (side / self.scale for side in self.size)
        return self.left, self.top - height, self.left + width, self.top

    def paper(self, xy: NDArray[np.float64]) -> NDArray[np.int64]:
        """(N, 2) ground [m] -> (N, 2) paper [0.1 mm]."""
        return np.rint((xy - (self.left, self.top)) * (self.scale, -self.scale)).astype(np.int64)


def _open(width: int, height: int) -> str:
    patterns = []
    for g in GRADES:
        lines = {"cross": "M0 20L20 0M0 0L20 20", "diagonal": "M0 20L20 0", "dots": ""}.get(g.hatch, "")
        dot = f'<circle cx="10" cy="10" r="3" fill="{g.ink}"/>' if g.hatch == "dots" else ""
        patterns.append(
            f'<pattern id="p{g.grade}" width="20" height="20" patternUnits="userSpaceOnUse">'
            f'<rect width="20" height="20" fill="{g.color}"/>'
            f'<path d="{lines}" stroke="{g.ink}" stroke-width="3"/>{dot}</pattern>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<defs><clipPath id="c"><rect width="{width}" height="{height - _STRIP}"/></clipPath>'
        f"{''.join(patterns)}</defs>"
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
    )


def _sheet(view: _View, sheet: Sheet) -> str:
    left, bottom, right, top = view.bounds
    rows = np.sort(sheet.tree.query(shapely.box(left, bottom, right, top)))
    if not len(rows):
        return ""
    if len(rows) > _MAX_LINES:
        return ""
    pad = 12 / view.scale
    drawn = shapely.clip_by_rect(sheet.geometry[rows], left - pad, bottom - pad, right + pad, top + pad)
    if sheet.closed:
        drawn = shapely.get_rings(shapely.get_parts(drawn))
    else:
        drawn = shapely.get_parts(drawn)
        areas = shapely.get_dimensions(drawn) == 2
        drawn = np.concatenate([drawn[~areas], shapely.get_rings(drawn[areas])])
    path = _path(view, drawn)
    return f'<path {sheet.style} d="{path}"/>' if path else ""


def _path(view: _View, lines: NDArray) -> str:
    """SVG path of lines and rings: whole numbers, each point relative to the one before; repeated points left out."""
    xy, part = shapely.get_coordinates(lines, return_index=True)
    if not len(xy):
        return ""
    at = view.paper(xy)
    starts = np.ones(len(at), bool)
    starts[1:] = part[1:] != part[:-1]
    step = np.diff(at, axis=0, prepend=at[:1])
    kept = starts | (step != 0).any(axis=1)
    at, starts = at[kept], starts[kept]
    step = np.where(starts[:, None], at, np.diff(at, axis=0, prepend=at[:1]))
    texts = [f"{x} {y}" for x, y in step.tolist()]
    heads = np.flatnonzero(starts)
    ends = [*heads[1:].tolist(), len(texts)]
    return "".join(
        f"M{texts[a]}l{' '.join(texts[a + 1 : b])}" for a, b in zip(heads.tolist(), ends, strict=True) if b > a + 1
    )


def _graded(view: _View, surface: Surface) -> list[str]:
    """The graded cells in view, one area a grade."""
    from affine import Affine
    from rasterio.features import shapes

    grid = surface.grid
    left, bottom, right, top = view.bounds
    rows, cols = grid.rowcol([left, right], [top, bottom])
    row0, row1 = max(int(rows[0]), 0), min(int(rows[1]) + 1, grid.shape[0])
    col0, col1 = max(int(cols[0]), 0), min(int(cols[1]) + 1, grid.shape[1])
    if row0 >= row1 or col0 >= col1:
        return []
    cells = np.ascontiguousarray(surface.array[row0:row1, col0:col1])
    corner = Affine(grid.cell_m, 0, grid.left + col0 * grid.cell_m, 0, -grid.cell_m, grid.top - row0 * grid.cell_m)
    rings: dict[int, list[NDArray]] = {}
    for shape, value in shapes(cells, mask=cells > 0, transform=corner):
        rings.setdefault(int(value), []).extend(shapely.linearrings(np.array(r)) for r in shape["coordinates"])
    return [
        f'<path fill="url(#p{g})" fill-opacity=".55" fill-rule="evenodd" d="{_path(view, np.array(rings[g]))}"/>'
        for g in sorted(rings)
    ]


def _line(view: _View, shape: shapely.Geometry | None, style: str) -> list[str]:
    if shape is None or shape.is_empty:
        return []
    left, bottom, right, top = view.bounds
    pad = (right - left) / 20
    edge = shapely.clip_by_rect(shapely.boundary(shape), left - pad, bottom - pad, right + pad, top + pad)
    path = _path(view, shapely.get_parts(edge))
    return [f'<path fill="none" {style} d="{path}"/>'] if path else []


def _mark(view: _View, mark: Mark, labels: list[Label]) -> str:
    x, y = view.paper(np.array([[mark.x, mark.y]]))[0].tolist()
    width, height = view.size
    if not (0 <= x <= width and 0 <= y <= height):
        return ""
    if mark.sign == "name":
        labels.append(Label(x, y, mark.text, 28, "middle", halo=True))
        return ""
    if mark.sign == "site":
        # Beside the sign where there is room, else over it.
        long = sum(31 if ord(c) > 0x2E7F else 17 for c in mark.text)
        anchor = "start" if x + 32 + long < width else "middle"
        at = (x + 32, y - 18) if anchor == "start" else (min(max(x, long // 2), width - long // 2), max(y - 40, 40))
        labels.append(Label(*at, mark.text, 30, anchor, bold=True, halo=True))
    elif mark.text:
        labels.append(Label(x, y + 9, mark.text, 24, "middle"))
    return _sign(mark.sign, x, y)


def _sign(sign: str, x: int, y: int) -> str:
    """One sign of the map or its legend."""
    if sign == "site":
        return (
            f'<circle cx="{x}" cy="{y}" r="22" fill="#fff" stroke="#000" stroke-width="6"/>'
            f'<circle cx="{x}" cy="{y}" r="10" fill="#000"/>'
        )
    if sign == "hazard":
        path = f"M{x} {y - 20}l20 34h-40z"
        return f'<path d="{path}" fill="#fff" stroke="#a50f15" stroke-width="6"/>'
    if sign == "place":
        return f'<circle cx="{x}" cy="{y}" r="20" fill="#fff" stroke="#08519c" stroke-width="5"/>'
    if sign == "firm":
        return f'<rect x="{x - 5}" y="{y - 5}" width="10" height="10" fill="#555"/>'
    if sign == "reach":
        return f'<path d="M{x - 26} {y}h52" stroke="#a50f15" stroke-width="5" stroke-dasharray="20 12"/>'
    if sign == "contour":
        return f'<path d="M{x - 26} {y}h52" stroke="#54278f" stroke-width="4"/>'
    if sign == "pipeline":
        return f'<path d="M{x - 26} {y}h52" stroke="#5b2a86" stroke-width="5" stroke-dasharray="24 8 5 8"/>'
    return (
        f'<rect x="{x - 22}" y="{y - 14}" width="44" height="28" fill="url(#{sign})" stroke="#222" stroke-width="2"/>'
    )


def _scale_bar(view: _View, labels: list[Label]) -> str:
    """A bar of a round length, at most a quarter of the width."""
    longest = view.size[0] / 4 / view.scale
    step = 10 ** np.floor(np.log10(longest))
    length = float(next(m * step for m in (5, 2, 1) if m * step <= longest))
    x, y, half = 30, view.size[1] - 30, round(length * view.scale / 2)
    labels.append(Label(x, y - 20, f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"))
    return (
        f'<rect x="{x - 14}" y="{y - 52}" width="{2 * half + 28}" height="70" fill="#fff" fill-opacity=".85"/>'
        f'<path d="M{x} {y - 9}h{half}v9h-{half}z" fill="#000"/><path d="M{x} {y - 9}h{2 * half}v9h-{2 * half}z" '
        'fill="none" stroke="#000" stroke-width="3"/>'
    )


def _north(width: int, letter: str, labels: list[Label]) -> str:
    x = width - 55
    labels.append(Label(x, 122, letter, 30, "middle", bold=True, halo=True))
    return f'<path d="M{x} 20l22 68l-22 -16l-22 16z" fill="#000" stroke="#fff" stroke-width="4"/>'


def _legend(entries: Sequence[tuple[str, str]], width: int, height: int, labels: list[Label]) -> str:
    """Signs and words in one row, drawn closer and smaller where it would be too long."""
    sizes = [74 + sum(27 if ord(c) > 0x2E7F else 15 for c in text) for _, text in entries]
    factor = min(1.0, (width - 30) / max(1, sum(sizes)))
    signs, x, y = [], 0, height + _STRIP // 2
    for (sign, text), size in zip(entries, sizes, strict=True):
        signs.append(_sign(sign, x + 30, 0))
        labels.append(Label(round(20 + (x + 60) * factor), y + round(9 * factor), text, round(26 * factor)))
        x += size
    return f'<g transform="translate(20 {y}) scale({factor:.3f})">{"".join(signs)}</g>'
