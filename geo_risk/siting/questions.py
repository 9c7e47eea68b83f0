"""What the API of the internal site asks the region: why a colour, who comes, and may this stand here."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from ..errors import GeoRiskError, InputError
from ..publish.api.questions import Question
from ..region import Region
from .office import Office, drawn
from .office import Question as Outline

if TYPE_CHECKING:
    import geopandas as gpd

_PLACE = {
    "type": "string",
    "minLength": 1,
    "description": "longitude,latitude in WGS 84, or the id or name of an enterprise or facility",
}
_OUTLINE: dict[str, Any] = {
    "type": "object",
    "required": ["geometry", "kind"],
    "additionalProperties": False,
    "properties": {
        "geometry": {"type": "object", "description": "GeoJSON geometry in WGS 84"},
        "kind": {"type": "string", "minLength": 1, "description": "what is planned, such as tank_farm"},
        "values": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "columns as text, such as substance, quantity_t",
        },
        "ways": {"type": "boolean", "default": False, "description": "also look for what would make it pass"},
    },
}


def questions(office: Office) -> list[Question]:
    """Explain, rescue and siting, each asked of the results as they are when it is asked."""
    place = {"place": _PLACE}
    asked: list[tuple[str, str, Callable[[Region, dict[str, Any]], Any], dict[str, Any]]] = [
        ("explain", "why a place has its colour: sources and their shares", _explain, {"parameters": place}),
        ("rescue", "who arrives when, by which road", _rescue, {"parameters": place}),
        ("siting", "may a project stand here", lambda _, sent: _siting(office, sent), {"body": _OUTLINE}),
    ]
    return [Question(name, title, _of(office.region, answer), **how) for name, title, answer, how in asked]


def _of(region: Region, answer: Callable[[Region, dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """``answer`` on the region as it is now; its errors do not tell where on this machine the region lies."""

    @wraps(answer)
    def now(sent: dict[str, Any]) -> Any:
        try:
            return answer(Region(region.folder), sent)
        except GeoRiskError as error:
            raise GeoRiskError(str(error).replace(str(region.folder), region.settings.region.name)) from error

    return now


def _explain(region: Region, sent: dict[str, Any]) -> Any:
    from ..answers import explain

    return explain(region, *region.locate(sent["place"]))


def _rescue(region: Region, sent: dict[str, Any]) -> Any:
    """The routes as GeoJSON features; one that cannot come has no geometry and says why."""
    from ..answers import rescue_at

    routes: gpd.GeoDataFrame = rescue_at(region, *region.locate(sent["place"]))
    return json.loads(routes.to_crs(4326).to_json(na="null", drop_id=True, show_bbox=False))


def _siting(office: Office, sent: dict[str, Any]) -> Any:
    geometry, kind, values = sent.get("geometry"), sent.get("kind"), sent.get("values", {})
    unknown = sorted(set(sent) - set(_OUTLINE["properties"]))
    if unknown:
        raise InputError(f"unknown: {', '.join(unknown)}. Send {', '.join(_OUTLINE['properties'])}.")
    if not isinstance(geometry, dict) or not isinstance(kind, str) or not kind.strip():
        raise InputError("send a GeoJSON geometry as 'geometry' and what is planned as 'kind'.")
    if not isinstance(values, dict) or not all(isinstance(v, str | int | float) for v in values.values()):
        raise InputError("'values' must be an object of columns and their texts.")
    said = tuple((name, str(value)) for name, value in values.items())
    outline = Outline(drawn(geometry), "drawing.geojson", kind.strip(), said, "wgs84")
    return office.answer(outline, with_ways=sent.get("ways") is True).told
