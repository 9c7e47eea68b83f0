"""Outlines packed as text, as the maps of ECharts carry them ("UTF8Encoding": true).

Each ring is a text: two characters a vertex, each the zigzag code of the step from the vertex before
plus 64; the first step starts at the ring's ``encodeOffsets``. Steps count in 1/1024 degree unless
"UTF8Scale" says otherwise (Apache ECharts, ``parseGeoJson``).
"""

from __future__ import annotations

from typing import Any

_SCALE = 1024.0
_DEPTH = {"LineString": 0, "Polygon": 1, "MultiLineString": 1, "MultiPolygon": 2}


def is_packed(top: dict[str, Any]) -> bool:
    """Whether a GeoJSON document says, or shows in its first features, that it is packed."""
    if top.get("UTF8Encoding"):
        return True
    features = top.get("features")
    return any(_texts(_member(f)) for f in (features[:3] if isinstance(features, list) else []))


def _member(feature: Any) -> dict[str, Any]:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    return geometry if isinstance(geometry, dict) else {}


def _texts(geometry: dict[str, Any]) -> bool:
    """Whether a geometry's coordinates are texts at the depth of its rings, with offsets beside them."""
    found = geometry.get("coordinates")
    for _ in range(_DEPTH.get(str(geometry.get("type")), 0)):
        found = found[0] if isinstance(found, list) and found else None
    return isinstance(found, str) and "encodeOffsets" in geometry


def unpack(top: dict[str, Any]) -> float:
    """
    Unpack all features in place; returns the steps in a degree.

    A geometry that does not unpack is left as it is and rejected with its feature later.
    """
    scale = top.get("UTF8Scale") or _SCALE
    scale = float(scale) if isinstance(scale, int | float) and scale > 0 else _SCALE
    for feature in top.get("features") or []:
        geometry = _member(feature)
        members = geometry.get("geometries") if geometry.get("type") == "GeometryCollection" else [geometry]
        for member in members if isinstance(members, list) else []:
            if isinstance(member, dict) and _texts(member):
                depth = _DEPTH[member["type"]]
                try:
                    member["coordinates"] = _rings(member["coordinates"], member["encodeOffsets"], depth, scale)
                except (ValueError, TypeError, IndexError):
                    continue
    return scale


def _rings(texts: Any, offsets: Any, depth: int, scale: float) -> list[Any]:
    if depth:
        return [_rings(t, o, depth - 1, scale) for t, o in zip(texts, offsets, strict=True)]
    if len(texts) % 2:
        raise ValueError("an odd number of characters")
    x, y = int(offsets[0]), int(offsets[1])
    points = []
    for i in range(0, len(texts), 2):
        x, y = x + _step(texts[i]), y + _step(texts[i + 1])
        points.append([x / scale, y / scale])
    return points


def _step(character: str) -> int:
    """A zigzag code: 0, 1, 2, 3, … for 0, -1, 1, -2, …"""
    code = ord(character) - 64
    return (code >> 1) ^ -(code & 1)
