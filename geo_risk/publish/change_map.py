"""The map of what changed between two states, as one SVG for pages and print."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from .document import Block
from .maplet import Label
from .style import GRADES, RGB, rgb
from .tiles.png import palette_png

if TYPE_CHECKING:
    import geopandas as gpd

    from ..grid import Grid

_WIDTH = 1820  # of the drawing [0.1 mm on paper]
_STRIP = 110  # height of the legend [0.1 mm]
_PIXELS = 900  # of the picture's longer side
_MAX_MARKS = 40
_FONT = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',sans-serif"
# ColorBrewer "PRGn": neither side can be taken for one of the four grades; worse is also darker and solid, better
# lighter and dotted, so that print without colour tells them apart.
_WORSE, _BETTER = "#762a83", "#1b7837"
_WORDS = {
    "zh": {
        "worse": "等级升高",
        "better": "等级降低",
        "mark": "变化的输入行（编号）",
        "none": "没有单元的风险等级发生变化",
    },
    "en": {
        "worse": "grade is worse",
        "better": "grade is better",
        "mark": "changed input row (number)",
        "none": "no cell changed its grade",
    },
}


class Mark(NamedTuple):
    """A changed input row at (x, y) [m], with the number and the words of its row in the table."""

    x: float
    y: float
    number: int
    text: str


def change_map(
    grid: Grid,
    grades: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None,
    later: NDArray[np.uint8] | None,
    districts: gpd.GeoDataFrame | None,
    moves: Mapping[str, tuple[int, int]],
    marks: Sequence[Mark],
    lang: str,
) -> Block:
    """
    A block of a document: where the grade got worse or better, over the pale grades of the later state.

    Parameters
    ----------
    grid
        Of the arrays.
    grades : (rows, cols), (rows, cols)
        Earlier and later grades 0 to 4; None if none differs.
    later : (rows, cols)
        Grades drawn below; None: nothing.
    districts
        Outlines with ``id`` and ``name``, in the grid's CRS.
    moves
        District id -> its earlier and later grade, of those that differ.
    marks
        The first `_MAX_MARKS` that do not cover one another are drawn.
    """
    left, bottom, right, top = grid.bounds
    scale = _WIDTH / (right - left)
    height = round((top - bottom) * scale)
    words = _WORDS[lang]
    labels: list[Label] = []
    parts = [f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>']
    if later is not None:
        colors = [(255, 255, 255), *(rgb(g.color) for g in reversed(GRADES))]
        parts.append(_image(_reduced(later, _worst), colors, height, 'opacity="0.3"'))
    if grades is not None:
        parts.append(_image(_codes(*grades), [(255, 255, 255), rgb(_WORSE), rgb(_BETTER)], height))
    if districts is not None:
        parts += _outlines(districts, moves, left, top, scale, labels)
    parts += _marks(marks, left, top, scale, labels)
    parts += _legend(height, words, grades is not None, bool(marks), lang, labels)
    total = height + _STRIP
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {total}" font-family="{_FONT}">{"".join(parts)}'
    )
    return {"type": "map", "svg": svg, "width": _WIDTH, "height": total, "labels": [x._asdict() for x in labels]}


def _codes(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """1 worse (solid), 2 better (dotted); of several cells in a pixel the largest change, worse first."""
    step = _reduced(after.astype(np.int8) - before.astype(np.int8), _farthest)
    grown = _grown(step)
    row, col = np.indices(grown.shape)
    dots = (row + col) % 2 == 0
    return np.where(grown > 0, 1, np.where((grown < 0) & dots, 2, 0)).astype(np.uint8)


def _grown(step: NDArray[np.int8]) -> NDArray[np.int8]:
    """Each changed pixel with its neighbours: a single cell must be seen on paper."""
    from scipy.ndimage import maximum_filter, minimum_filter

    worse, better = maximum_filter(step, 3), minimum_filter(step, 3)
    return np.where(step != 0, step, np.where(worse > 0, worse, np.minimum(better, 0)))


def _reduced(array: NDArray, pick) -> NDArray:
    """The array with squares of cells made one pixel, so that its longer side is at most about `_PIXELS`."""
    n = -(-max(array.shape) // _PIXELS)
    rows, cols = (-(-side // n) for side in array.shape)
    whole = np.zeros((rows * n, cols * n), array.dtype)
    whole[: array.shape[0], : array.shape[1]] = array
    return pick(whole.reshape(rows, n, cols, n).transpose(0, 2, 1, 3).reshape(rows, cols, n * n))


def _worst(blocks: NDArray) -> NDArray:
    return blocks.max(axis=2)


def _farthest(blocks: NDArray) -> NDArray:
    high, low = blocks.max(axis=2), blocks.min(axis=2)
    return np.where(high > 0, high, low)


def _image(codes: NDArray[np.uint8], palette: Sequence[RGB], height: int, more: str = "") -> str:
    data = base64.b64encode(palette_png(codes, palette)).decode("ascii")
    return (
        f'<image width="{_WIDTH}" height="{height}" preserveAspectRatio="none" style="image-rendering:pixelated" '
        f'{more} href="data:image/png;base64,{data}"/>'
    )


def _outlines(
    districts: gpd.GeoDataFrame,
    moves: Mapping[str, tuple[int, int]],
    left: float,
    top: float,
    scale: float,
    labels: list[Label],
) -> list[str]:
    parts = []
    shapes = shapely.simplify(districts.geometry.to_numpy(), 2 / scale)
    for shape in shapes:
        rings = shapely.get_rings(shapely.get_parts(shape)) if shape is not None else []
        path = "".join(
            "M" + " ".join(f"{round((x - left) * scale)},{round((top - y) * scale)}" for x, y in ring.coords) + "Z"
            for ring in rings
        )
        parts.append(f'<path d="{path}" fill="none" stroke="#444" stroke-width="3"/>')
    for i, name, shape in zip(districts["id"].astype(str), districts["name"], shapes, strict=True):
        if shape is None or shape.is_empty:
            continue
        point = shape.representative_point()
        x, y = round((point.x - left) * scale), round((top - point.y) * scale)
        move = moves.get(i)
        sign = "" if move is None else (" ▲" if move[1] > move[0] else " ▼")
        labels.append(Label(x, y, f"{name}{sign}", 26, "middle", bold=bool(sign), halo=True))
    return parts


def _marks(marks: Sequence[Mark], left: float, top: float, scale: float, labels: list[Label]) -> list[str]:
    """Numbers beside their places, so that these stay to be seen; one that would cover another is left out."""
    parts: list[str] = []
    taken: list[tuple[int, int]] = []
    for mark in marks:
        x, y = round((mark.x - left) * scale), round((top - mark.y) * scale)
        if len(taken) == _MAX_MARKS or any(abs(x - a) < 40 and abs(y - b) < 40 for a, b in taken):
            continue
        taken.append((x, y))
        parts.append(
            f'<g><title>{escape(mark.text)}</title><path d="M{x},{y}l22,-22" stroke="#000" stroke-width="4"/>'
            f'<circle cx="{x + 34}" cy="{y - 34}" r="17" fill="#fff" stroke="#000" stroke-width="4"/></g>'
        )
        labels.append(Label(x + 34, y - 26, str(mark.number), 22, "middle"))
    return parts


def _legend(
    height: int, words: Mapping[str, str], changed: bool, marked: bool, lang: str, labels: list[Label]
) -> list[str]:
    parts, x, y = [], 10, height + 40
    items = [(_WORSE, words["worse"], False), (_BETTER, words["better"], True)] if changed else []
    for color, text, dotted in items:
        look = f'stroke="{color}" stroke-width="30"' + (' stroke-dasharray="4,4"' if dotted else "")
        parts.append(f'<path d="M{x},{y - 11}h50" {look}/>')
        labels.append(Label(x + 62, y, text))
        x += 330
    if not changed:
        labels.append(Label(x, y, words["none"]))
        x += 660
    if marked:
        parts.append(f'<circle cx="{x + 18}" cy="{y - 10}" r="16" fill="#fff" stroke="#000" stroke-width="4"/>')
        labels.append(Label(x + 46, y, words["mark"]))
    x, y = 10, height + 88
    for grade in GRADES:
        look = f'fill="{grade.color}" opacity="0.35" stroke="#000" stroke-width="1"'
        parts.append(f'<rect x="{x}" y="{y - 26}" width="50" height="30" {look}/>')
        labels.append(Label(x + 62, y, f"{grade.zh if lang == 'zh' else grade.en} {grade.letter[lang]}"))
        x += 330
    return parts
