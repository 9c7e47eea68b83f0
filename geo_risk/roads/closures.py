"""Roads that are closed: drawn as text or in a file, and which roads that means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ..errors import InputError
from ..routing.speeds import rescue_default

if TYPE_CHECKING:
    from ..region import Region
    from ..routing.network import Network

_SHAPES = ("POINT", "MULTIPOINT", "LINESTRING", "MULTILINESTRING", "POLYGON", "MULTIPOLYGON", "GEOMETRYCOLLECTION")


def closed_area(region: Region, drawn: str) -> Any:
    """
    The ground in which roads are closed, in the region's CRS.

    Points and lines are widened by ``close_m`` of standards/rescue_defaults.csv, polygons count as drawn.

    Parameters
    ----------
    drawn
        WKT in WGS 84 degrees (longitude first), or a file of points, lines or polygons in any format a layer
        may have.

    Raises
    ------
    InputError
        If the text is no valid shape, the file cannot be used whole, or nothing of it lies in the region.
    """
    shapes = _of_text(region, drawn) if drawn.strip().upper().startswith(_SHAPES) else _of_file(region, drawn)
    parts = shapely.get_parts(shapes)
    flat = shapely.get_dimensions(parts) == 2
    width = rescue_default("close_m")
    return shapely.union_all([*parts[flat], *shapely.buffer(parts[~flat], width)])


def closed_roads(network: Network, area: Any, names: Any) -> list[dict[str, Any]]:
    """The roads that ``area`` touches and vehicles could use: id, name, metres from junction to junction."""
    hit = np.sort(shapely.STRtree(network.lines).query(area, predicate="intersects"))
    hit = hit[network.open[hit]]
    road = network.road[hit]
    metres = np.bincount(road, network.metres[hit], minlength=len(names))
    return [
        {"id": str(network.road_id[r]), "name": str(names[r]), "metres": float(metres[r])}
        for r in dict.fromkeys(road.tolist())
    ]


def _of_text(region: Region, text: str) -> Any:
    from pyproj import Transformer

    try:
        shape = shapely.from_wkt(text)
    except shapely.errors.ShapelyError as error:
        raise InputError(f"--close {text[:80]}: {error}. Write WKT such as 'POINT (123.2 32.2)', or a file.") from None
    xy = shapely.get_coordinates(shape)
    if not len(xy) or not (np.isfinite(xy).all() and (np.abs(xy) <= [180, 90]).all()):
        raise InputError(
            f"--close {text[:80]}: coordinates must be degrees in WGS 84, the longitude first, such as "
            "'LINESTRING (123.20 32.21, 123.21 32.21)'."
        )
    if not shape.is_valid:
        raise InputError(f"--close {text[:80]}: {shapely.is_valid_reason(shape)}. Draw it without crossing itself.")
    project = Transformer.from_crs(4326, region.crs, always_xy=True)
    moved = shapely.transform(shape, lambda c: np.column_stack(project.transform(c[:, 0], c[:, 1])))
    west, south, east, north = region.frame["bounds"]
    if not shapely.box(west, south, east, north).intersects(shape):
        raise InputError(
            f"--close {text[:80]}: lies outside the region, which reaches from {west:.3f},{south:.3f} to "
            f"{east:.3f},{north:.3f}. Write longitude and latitude, the longitude first."
        )
    return moved


def _of_file(region: Region, path: str) -> Any:
    from ..layers.load import load_layer

    if not Path(path).exists() and "#" not in path:
        raise InputError(f"--close {path}: neither WKT such as 'POINT (123.2 32.2)' nor a file that exists.")
    # Any shape, and no column that a drawing of closures would lack.
    frame, reports = load_layer(
        "accidents",
        {"source": str(Path(path).resolve())},
        folder=Path.cwd(),
        crs=region.crs,
        anchor=tuple(region.frame["anchor"]),
    )
    lost = next((i for report in reports for i in report.issues if i.action == "rejected"), None)
    if lost is not None:
        raise InputError(f"--close {path}: row {lost.row} cannot be used: {lost.problem}. {lost.suggestion[0]}")
    return shapely.geometrycollections(frame.geometry.to_numpy())
