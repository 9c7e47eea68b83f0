"""GeoJSON as it arrives: byte marks, old crs members, one object a line, rings left open."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape

from ..errors import InputError
from .encoding import decode
from .quality import Log
from .raw import Raw


def read(path: Path, data: bytes, layer: str) -> Raw:
    """
    The features of a GeoJSON; a feature that cannot be read is told and the others are kept.

    Raises
    ------
    InputError
        If it is no GeoJSON, or its coordinates are packed as text (ECharts maps).
    """
    log = Log(path.name, layer)
    features, crs = _features(path, decode(data, path.name)[0])
    rows, frame, shapes = [], [], []
    for number, feature in enumerate(features, 1):
        try:
            geometry, closed = _geometry(feature.get("geometry"))
        except (ValueError, TypeError, AttributeError, KeyError, IndexError, shapely.GEOSException) as error:
            log.reject("not_parsed", [number], details=[str(error)])
            continue
        if closed:
            log.repair("ring_closed", row=number)
        properties = feature.get("properties") or {}
        if "id" in feature and "id" not in properties:
            properties = {"id": feature["id"], **properties}
        rows.append(number)
        frame.append({k: _value(v) for k, v in properties.items()})
        shapes.append(geometry)
    geometry = np.empty(len(shapes), object)
    geometry[:] = shapes
    table = pd.DataFrame(frame, index=range(len(rows)))
    return Raw(path, None, table, np.array(rows, np.int64), log, geometry, crs, read=len(features))


def _features(path: Path, text: str) -> tuple[list[dict[str, Any]], str | None]:
    try:
        top = json.loads(text)
    except json.JSONDecodeError as error:
        top = _lines(text)
        if top is None:
            raise InputError(
                f"{path.name}: not valid JSON ({error.msg} in line {error.lineno}, column {error.colno}). "
                "Export the layer again as GeoJSON."
            ) from error
    if not isinstance(top, dict) or "type" not in top:
        raise InputError(f"{path.name}: JSON, but not GeoJSON: there is no FeatureCollection. Export it as GeoJSON.")
    if top.get("UTF8Encoding") or _packed(top):
        raise InputError(
            f"{path.name}: the coordinates are packed as text (压缩坐标，不是标准 GeoJSON), as in ECharts maps. "
            "Ask for the plain outlines as GeoJSON or shapefile."
        )
    kind = top["type"]
    if kind == "FeatureCollection":
        features = top.get("features") or []
    elif kind == "Feature":
        features = [top]
    elif kind in ("Topology",):
        raise InputError(f"{path.name}: this is TopoJSON. Convert it to GeoJSON first.")
    else:
        features = [{"geometry": top, "properties": {}}]
    return features, _crs(top.get("crs"))


def _lines(text: str) -> dict[str, Any] | None:
    """A collection from newline-delimited features; None if the text is not that."""
    try:
        features = [json.loads(line.strip("\x1e ")) for line in text.splitlines() if line.strip("\x1e ")]
    except json.JSONDecodeError:
        return None
    good = len(features) > 1 and all(isinstance(f, dict) and f.get("type") == "Feature" for f in features)
    return {"type": "FeatureCollection", "features": features} if good else None


def _packed(top: dict[str, Any]) -> bool:
    for feature in (top.get("features") or [])[:3]:
        coordinates = ((feature or {}).get("geometry") or {}).get("coordinates")
        if coordinates and isinstance(coordinates, list) and isinstance(coordinates[0], str):
            return True
    return False


def _crs(member: Any) -> str | None:
    """
    The CRS of an old ``crs`` member; None where there is none.

    RFC 7946 (section 4) then means WGS 84, but offset degrees and metres are published so as well:
    what is not stated is judged by the numbers, and told.
    """
    name = ((member or {}).get("properties") or {}).get("name") if isinstance(member, dict) else None
    if not name:
        return None
    if "CRS84" in str(name):
        return "EPSG:4326"
    return f"EPSG:{str(name).rsplit(':', 1)[-1]}" if "EPSG" in str(name).upper() else str(name)


def _value(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value


def _geometry(member: dict[str, Any] | None) -> tuple[shapely.Geometry | None, bool]:
    """(geometry or None, whether a ring had to be closed)."""
    if member is None:
        return None, False
    if member["type"] == "GeometryCollection":
        parts = [_geometry(m) for m in member["geometries"]]
        return shapely.GeometryCollection([g for g, _ in parts if g is not None]), any(c for _, c in parts)
    closed = False
    coordinates = member["coordinates"]
    if member["type"] == "Polygon":
        closed = _close(coordinates)
    elif member["type"] == "MultiPolygon":
        closed = any([_close(polygon) for polygon in coordinates])
    if not coordinates:
        return shapely.from_wkt(f"{member['type']} EMPTY".upper()), False
    return shape(member), closed


def _close(rings: list[list[list[float]]]) -> bool:
    """Close the rings in place; whether any was open."""
    open_rings = [r for r in rings if len(r) > 2 and r[0] != r[-1]]
    for ring in open_rings:
        ring.append(ring[0])
    return bool(open_rings)
