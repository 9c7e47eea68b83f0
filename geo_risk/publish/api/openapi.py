"""The description of a site's API as OpenAPI 3.0, with the columns of every layer as parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._version import __version__
from .documents import GEOJSON, OPENAPI, SCHEMA, column_schema
from .problems import MEDIA_TYPE
from .query import CRS84, LARGEST_LIMIT, LIMIT, queryables
from .questions import Question
from .sites import Layer, Site

_LINKS = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}
_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_SCHEMAS: dict[str, Any] = {
    "link": {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {name: _TEXT for name in ("href", "rel", "type", "title")},
    },
    "problem": {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT},
    },
    "landing": {"type": "object", "required": ["title", "links"], "properties": {"title": _TEXT, "links": _LINKS}},
    "conformance": {
        "type": "object",
        "required": ["conformsTo"],
        "properties": {"conformsTo": {"type": "array", "items": _TEXT}},
    },
    "collection": {
        "type": "object",
        "required": ["id", "links", "extent", "crs"],
        "properties": {"id": _TEXT, "title": _TEXT, "links": _LINKS, "extent": {"type": "object"}},
    },
    "collections": {
        "type": "object",
        "required": ["links", "collections"],
        "properties": {
            "links": _LINKS,
            "collections": {"type": "array", "items": {"$ref": "#/components/schemas/collection"}},
        },
    },
    "feature": {
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "integer", "minimum": 1},
            "properties": {"type": "object"},
            "geometry": {"type": "object", "nullable": True},
        },
    },
    "features": {
        "type": "object",
        "required": ["type", "features", "links", "numberMatched", "numberReturned"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/feature"}},
            "links": _LINKS,
            "numberMatched": _COUNT,
            "numberReturned": _COUNT,
        },
    },
    "any": {"type": "object"},
}


def _query(name: str, schema: dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": text, **more}


_FORMAT = _query("f", {"type": "string", "enum": ["json"]}, "format of the answer")
_CRS = {"type": "string", "enum": [CRS84]}
_PARAMETERS: dict[str, Any] = {
    "f": _FORMAT,
    "bbox": _query(
        "bbox",
        {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
        "west,south,east,north [degrees]; features that meet it",
        style="form",
        explode=False,
    ),
    "bbox-crs": _query("bbox-crs", _CRS, "coordinate system of bbox"),
    "crs": _query("crs", _CRS, "coordinate system of the answer"),
    "datetime": _query("datetime", _TEXT, "a day or FROM/TO, open as ..; undated features are left out"),
    "limit": _query(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": LIMIT},
        "features an answer holds at most; larger numbers are taken as the maximum",
    ),
    "offset": _query("offset", {"type": "integer", "minimum": 0, "default": 0}, "features to leave out first"),
}


def openapi(site: Site, base: str, questions: Sequence[Question]) -> dict[str, Any]:
    """The description; ``base`` is the address of the site with a slash at its end."""
    title = site.about["title"]
    get = _simple_paths(sorted(site.layers))
    for layer in site.layers.values():
        get[f"/collections/{layer.id}/items"] = _items(layer)
    paths = {path: {"get": operation} for path, operation in get.items()}
    paths |= {f"/{question.name}": _asked(question) for question in questions}
    return {
        "openapi": "3.0.3",
        "info": {"title": f"{title['zh']} {title['en']}", "version": __version__},
        "servers": [{"url": f"{base}api"}],
        "paths": paths,
        "components": {"schemas": _SCHEMAS, "parameters": _PARAMETERS},
    }


def _simple_paths(layers: list[str]) -> dict[str, Any]:
    layer = {"name": "collectionId", "in": "path", "required": True, "schema": {"type": "string", "enum": layers}}
    number = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
    one = "/collections/{collectionId}"
    paths = {
        "/": _operation("landing", "landing page", "landing"),
        "/conformance": _operation("conformance", "parts of OGC API that are kept", "conformance"),
        "/openapi.json": _operation("openapi", "this description", "any", media=OPENAPI),
        "/collections": _operation("collections", "the layers", "collections"),
    }
    if not layers:
        return paths
    return paths | {
        one: _operation("collection", "one layer", "collection", [layer]),
        f"{one}/queryables": _operation("queryables", "columns to choose by", "any", [layer], SCHEMA),
        f"{one}/items/{{featureId}}": _operation("feature", "one feature", "feature", [layer, number], GEOJSON),
    }


def _operation(
    name: str, text: str, schema: str, parameters: Sequence[dict] = (), media: str = "application/json"
) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": text,
        "parameters": [*parameters, _ref("f")],
        "responses": {"200": _answer(text, schema, media), "default": _answer("what is wrong", "problem", MEDIA_TYPE)},
    }


def _items(layer: Layer) -> dict[str, Any]:
    text = f"{layer.zh} {layer.en}"
    columns = [_query(name, _open(column), _words(column)) for name, column in queryables(layer).items()]
    known = [name for name in _PARAMETERS if name != "f" and (name != "datetime" or layer.date_column)]
    return _operation(f"items_{layer.id}", text, "features", [*map(_ref, known), *columns], GEOJSON)


def _open(column: dict[str, Any]) -> dict[str, Any]:
    return {"type": column_schema(column)["type"]}


def _words(column: dict[str, Any]) -> str:
    return column_schema(column)["title"]


def _asked(question: Question) -> dict[str, Any]:
    operation = _operation(question.name, question.title, "any")
    if question.body is None:
        asked = question.parameters or {}
        operation["parameters"] = [{**_query(n, s, s["description"]), "required": True} for n, s in asked.items()]
        return {"get": operation}
    operation["parameters"] = []
    operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": question.body}}}
    return {"post": operation}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/parameters/{name}"}


def _answer(text: str, schema: str, media: str) -> dict[str, Any]:
    return {"description": text, "content": {media: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}
