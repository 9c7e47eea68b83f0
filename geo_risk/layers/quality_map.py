"""A small map of one file's places as inline SVG: what was kept, mended and set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import cos, radians
from typing import Any

import shapely

_WIDTH, _TALLEST = 460.0, 380.0  # px
_MARGIN = 0.08  # of the frame's size on every side, so that what lies just outside is seen
_EDGE = 7.0  # px from the frame at which places beyond it are marked


def sketch(places: Mapping[str, Any], boundary: shapely.Geometry | None) -> str:
    """
    An SVG of ``places`` (see `diagnosis.places`) over the ``boundary`` (WGS 84 degrees), '' if nothing has a place.

    Grey dots and lines are kept rows, amber rings mended ones (with an arrow from where they stood if
    that lies in the frame), red crosses rejected ones; triangles at the edge stand for places beyond.
    Each tells its row under the pointer.
    """
    box = _frame(places, boundary)
    if box is None:
        return ""
    west, south, east, north = box
    squeeze = cos(radians((south + north) / 2))
    scale = min(_WIDTH / ((east - west) * squeeze), _TALLEST / (north - south))
    width, height = (east - west) * squeeze * scale, (north - south) * scale

    def spot(lon: float, lat: float) -> tuple[float, float]:
        return (lon - west) * squeeze * scale, (north - lat) * scale

    def line(coordinates: Sequence[Sequence[float]]) -> str:
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in (spot(c[0], c[1]) for c in coordinates))

    parts = []
    if boundary is not None:
        outline = shapely.get_parts(shapely.boundary(shapely.simplify(boundary, (east - west) / 500)))
        path = "".join(line(shapely.get_coordinates(part).tolist()) for part in outline)
        parts.append(f'<path class="area" d="{path}"/>')
    parts.append(f'<path class="shape" d="{"".join(map(line, places["lines"]))}"/>')
    dots = (spot(lon, lat) for lon, lat in places["points"])
    parts.append(f'<path class="dot" d="{"".join(f"M{x:.1f} {y:.1f}h0" for x, y in dots)}"/>')
    for row, lon, lat, *former in places["moved"]:
        before = spot(*former) if former else None
        seen = before is not None and _inside(before, width, height)
        parts.append(_moved(spot(lon, lat), before if seen else None, row))
    for row, lon, lat in places["rejected"]:
        parts.append(_rejected(spot(lon, lat), width, height, row))
    return (
        f'<svg class="map" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img">'
        f"{''.join(parts)}</svg>"
    )


def _frame(places: Mapping[str, Any], boundary: shapely.Geometry | None) -> tuple[float, float, float, float] | None:
    box = boundary.bounds if boundary is not None and not boundary.is_empty else places["extent"]
    if not box or not (places["extent"] or places["rejected"]):
        return None
    west, south, east, north = box
    side = max(east - west, north - south, 1e-4) * _MARGIN  # degrees; one point alone gets 10 m around it
    return west - side, south - side, east + side, north + side


def _inside(at: tuple[float, float], width: float, height: float) -> bool:
    return 0 <= at[0] <= width and 0 <= at[1] <= height


def _moved(at: tuple[float, float], before: tuple[float, float] | None, row: int) -> str:
    x, y = at
    arrow = "" if before is None else f'<path class="arrow" d="M{before[0]:.1f} {before[1]:.1f}L{x:.1f} {y:.1f}"/>'
    return f'<g><title>{row}</title>{arrow}<circle class="mended" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/></g>'


def _rejected(at: tuple[float, float], width: float, height: float, row: int) -> str:
    """A cross, or, beyond the frame, a triangle at its edge that points there."""
    x, y = at
    if _inside(at, width, height):
        mark = f"M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6"
        return f'<path class="lost" d="{mark}"><title>{row}</title></path>'
    edge_x, edge_y = min(max(x, _EDGE), width - _EDGE), min(max(y, _EDGE), height - _EDGE)
    far = ((x - edge_x) ** 2 + (y - edge_y) ** 2) ** 0.5
    dx, dy = (x - edge_x) / far * 5, (y - edge_y) / far * 5
    mark = (
        f"M{edge_x + dx:.1f} {edge_y + dy:.1f}L{edge_x - dy:.1f} {edge_y + dx:.1f}L{edge_x + dy:.1f} {edge_y - dx:.1f}Z"
    )
    return f'<path class="beyond" d="{mark}"><title>{row}</title></path>'
