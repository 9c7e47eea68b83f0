"""GeoJSON as it arrives: byte marks, old crs members, one object a line, rings left open, outlines packed as text."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import shape

from ..errors import InputError
from . import limits, packed
from .encoding import decode
from .quality import Log
from .raw import Feature, Raw

# What a malformed member can raise while it is taken apart.
_MALFORMED = (ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError, RecursionError,
              shapely.errors.ShapelyError)  # fmt: skip


def read(path: Path, data: bytes, layer: str, accept: Collection[str] = ()) -> Raw:
    """
    The features of a GeoJSON; a feature that cannot be read is told and the others are kept.

    ``accept`` with "packed_json" has outlines packed as text (ECharts maps) unpacked.

    Raises
    ------
    InputError
        If it is no GeoJSON, or its coordinates are packed and that is not accepted.
    """
    log = Log(path.name, layer)
    if len(data) > limits.JSON_BYTES:
        raise InputError(
            f"{path.name}: {len(data) >> 20} MB of JSON; at most {limits.JSON_BYTES >> 20} MB are read. "
            "Export it as GeoPackage or FlatGeobuf."
        )
    text, _, bad = decode(data, path.name)
    if bad:
        log.note("bad_bytes", detail=bad)
    features, crs = _features(path, text, log, accept)
    return Raw.of_features(path, None, map(_feature, features), log, crs)


def _feature(member: Any) -> Feature:
    try:
        if not isinstance(member, dict):
            raise ValueError("not a feature of GeoJSON")
        return Feature(_properties(member), *_geometry(member.get("geometry")))
    except _MALFORMED as error:
        return Feature({}, wrong=str(error)[:200] or type(error).__name__, text=_written(member))


def feature_text(properties: dict[Any, Any]) -> str:
    """A feature without geometry as GeoJSON text, for the list of what was set aside."""
    plain = {str(k): None if v is None or v != v else v for k, v in properties.items()}
    return json.dumps({"type": "Feature", "properties": plain, "geometry": None}, ensure_ascii=False, default=str)


def _written(feature: Any) -> str:
    if isinstance(feature, str):  # a line that is no JSON
        return feature
    try:
        return json.dumps(feature, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


def _features(path: Path, text: str, log: Log, accept: Collection[str]) -> tuple[list[Any], str | None]:
    top = _top(path, text)
    if not isinstance(top, dict) or "type" not in top:
        raise InputError(f"{path.name}: JSON, but not GeoJSON: there is no FeatureCollection. Export it as GeoJSON.")
    if packed.is_packed(top):
        if "packed_json" not in accept:
            raise InputError(
                f"{path.name}: the coordinates are packed as text (压缩坐标，不是标准 GeoJSON), as in ECharts maps. "
                'Ask for the plain outlines as GeoJSON or shapefile, or write accept = ["packed_json"] to have '
                "them unpacked (rounded to about 100 m)."
            )
        scale = packed.unpack(top)
        log.note("packed_json", detail=f"1/{scale:g}")
    kind = top["type"]
    if kind == "FeatureCollection":
        features = top.get("features") or []
        if not isinstance(features, list):
            raise InputError(f"{path.name}: 'features' is no list. Export the layer again as GeoJSON.")
    elif kind == "Feature":
        features = [top]
    elif kind in ("Topology",):
        raise InputError(f"{path.name}: this is TopoJSON. Convert it to GeoJSON first.")
    else:
        features = [{"geometry": top, "properties": {}}]
    if len(features) > limits.FEATURES:
        raise InputError(f"{path.name}: {len(features):,} features; at most {limits.FEATURES:,} are read. Split it.")
    return features, _crs(top.get("crs"))


def _top(path: Path, text: str) -> Any:
    """The document, or a collection of the features it has one a line."""
    try:
        return json.loads(text)
    except RecursionError:
        raise InputError(f"{path.name}: JSON nested too deeply to be GeoJSON. Export the layer again.") from None
    except json.JSONDecodeError as error:
        top = _lines(text)
        if top is None:
            raise InputError(
                f"{path.name}: not valid JSON ({error.msg} in line {error.lineno}, column {error.colno}). "
                "It may be cut off: export the layer again as GeoJSON."
            ) from error
        return top
    except ValueError as error:  # a number of thousands of digits
        raise InputError(f"{path.name}: not valid JSON ({str(error)[:80]}). Export the layer again.") from error


def _lines(text: str) -> dict[str, Any] | None:
    """A collection from newline-delimited features, bad lines kept as text; None if the text is not that."""
    lines = [line for line in (line.strip("\x1e \t\r") for line in text.split("\n")) if line]
    features = [_line(line) for line in lines]
    good = sum(isinstance(f, dict) for f in features)
    return {"type": "FeatureCollection", "features": features} if len(lines) > 1 and good >= len(lines) / 2 else None


def _line(line: str) -> Any:
    """The feature a line holds, or the line itself."""
    try:
        feature = json.loads(line)
    except (ValueError, RecursionError):
        return line
    return feature if isinstance(feature, dict) and feature.get("type") == "Feature" else line


def _crs(member: Any) -> str | None:
    """
    The CRS of an old ``crs`` member; None where there is none.

    RFC 7946 (section 4) then means WGS 84, but offset degrees and metres are published so as well:
    what is not stated is judged by the numbers, and told.
    """
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not name:
        return None
    if "CRS84" in str(name):
        return "EPSG:4326"
    return f"EPSG:{str(name).rsplit(':', 1)[-1]}" if "EPSG" in str(name).upper() else str(name)


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    properties = {k: _value(v) for k, v in (feature.get("properties") or {}).items()}
    if "id" in feature and "id" not in properties:
        properties = {"id": _value(feature["id"]), **properties}
    return properties


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
