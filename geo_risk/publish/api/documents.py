"""The documents of the API besides features: landing page, conformance, collections, queryables."""

from __future__ import annotations

from typing import Any

from .query import CRS84, queryables
from .sites import Layer, Site

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
)
GEOJSON = "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
SCHEMA = "application/schema+json"
_QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
_FILES = {"csv": "text/csv", "geojson": GEOJSON, "tif": "image/tiff; application=geotiff"}
# JSON schema of what a column holds.
TYPES: dict[str, dict[str, str]] = {
    "string": {"type": "string"},
    "date": {"type": "string"},
    "json": {"type": "string"},
    "float": {"type": "number"},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
}


def link(href: str, rel: str, media: str, title: str) -> dict[str, str]:
    """A link of a document."""
    return {"href": href, "rel": rel, "type": media, "title": title}


def landing(site: Site, base: str) -> dict[str, Any]:
    """The landing page; ``base`` is the address of the site with a slash at its end."""
    api, title = f"{base}api", site.about["title"]
    return {
        "title": f"{title['zh']} {title['en']}",
        "description": _both(site.about["note"]),
        "attribution": _both(site.about["note"]),
        "links": [
            link(f"{api}/", "self", "application/json", "this document"),
            link(f"{api}/openapi.json", "service-desc", OPENAPI, "what can be asked, as OpenAPI"),
            link(base, "service-doc", "text/html", "the map"),
            link(f"{api}/conformance", "conformance", "application/json", "parts of OGC API that are kept"),
            link(f"{api}/collections", "data", "application/json", "the layers"),
        ],
    }


def collections(site: Site, base: str) -> dict[str, Any]:
    """All layers."""
    api = f"{base}api"
    return {
        "links": [link(f"{api}/collections", "self", "application/json", "this document")],
        "collections": [collection(site, layer, base) for layer in site.layers.values()],
    }


def collection(site: Site, layer: Layer, base: str) -> dict[str, Any]:
    """One layer: where its features lie in space and time, and links to them."""
    here, features = f"{base}api/collections/{layer.id}", site.collection(layer)
    extent: dict[str, Any] = {"spatial": {"bbox": [list(features.bounds or site.about["bounds"])], "crs": CRS84}}
    named = layer.date_column
    days = features.dates(named) if named in features.columns else None
    if days:
        extent["temporal"] = {
            "interval": [[f"{days[0]}T00:00:00Z", f"{days[1]}T23:59:59Z"]],
            "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
        }
    return {
        "id": layer.id,
        "title": f"{layer.zh} {layer.en}",
        "description": f"{layer.zh} {layer.en}" + (f"; datetime: {named}" if named else ""),
        "itemType": "feature",
        "crs": [CRS84],
        "storageCrs": CRS84,
        "extent": extent,
        "links": [
            link(here, "self", "application/json", "this document"),
            link(f"{here}/items", "items", GEOJSON, f"{layer.count} features"),
            link(f"{here}/queryables", _QUERYABLES, SCHEMA, "columns to choose by"),
            *(link(base + name, "enclosure", _FILES[end], f"all of it: {end}") for end, name in layer.files.items()),
        ],
    }


def queryables_schema(layer: Layer, base: str) -> dict[str, Any]:
    """The columns features can be chosen by, as a JSON schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{base}api/collections/{layer.id}/queryables",
        "type": "object",
        "title": f"{layer.zh} {layer.en}",
        "properties": {name: column_schema(column) for name, column in queryables(layer).items()},
        "additionalProperties": False,
    }


def column_schema(column: dict[str, Any]) -> dict[str, Any]:
    """A column as JSON schema, with its words and unit."""
    unit = f" [{column['unit']}]" if column["unit"] else ""
    schema: dict[str, Any] = {**TYPES[column["dtype"]], "title": f"{column['zh']} {column['en']}{unit}"}
    if column["domain"]:
        schema["description"] = "; ".join(f"{k}: {words['zh']} {words['en']}" for k, words in column["domain"].items())
    return schema


def _both(words: dict[str, str]) -> str:
    return " / ".join(filter(None, (words["zh"], words["en"])))
