"""OpenStreetMap extracts (PBF, XML) -> layers, read as a stream with pyosmium."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from osmium.filter import KeyFilter

from ..errors import InputError
from ..schema import LAYERS
from .quality import Log
from .raw import Raw

Tags = Mapping[str, str]
Row = dict[str, Any]

# Ways a fire engine can drive (OSM wiki, Key:highway); tracks, paths and foot ways are not roads here.
DRIVABLE = frozenset(
    ("motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link",
     "tertiary", "tertiary_link", "unclassified", "residential", "living_street", "service", "road")
)  # fmt: skip
_ONEWAY = {"yes": 1, "true": 1, "1": 1, "-1": -1, "reverse": -1, "no": 0, "false": 0, "0": 0}
_MPH, _FOOT, _INCH, _POUND_T, _SHORT_TON = 1.609344, 0.3048, 0.0254, 4.5359237e-4, 0.90718474  # by definition
_NUMBER = re.compile(r"^(\d+(?:\.\d+)?)\s*(.*)$")
_FEET = re.compile(r"^(\d+)\s*(?:'|ft)\s*(?:(\d+)\s*(?:\"|in)?)?$")
_PLACES: dict[tuple[str, str], str] = {
    ("amenity", "kindergarten"): "kindergarten", ("amenity", "childcare"): "kindergarten",
    ("amenity", "school"): "middle_school", ("amenity", "college"): "college", ("amenity", "university"): "college",
    ("amenity", "training"): "training", ("amenity", "hospital"): "hospital", ("amenity", "clinic"): "clinic",
    ("amenity", "nursing_home"): "elderly_home", ("social_facility", "nursing_home"): "elderly_home",
    ("social_facility", "assisted_living"): "elderly_home", ("amenity", "marketplace"): "market",
    ("shop", "mall"): "mall", ("shop", "supermarket"): "mall", ("shop", "department_store"): "mall",
    ("tourism", "hotel"): "hotel", ("tourism", "hostel"): "hotel", ("tourism", "guest_house"): "hotel",
    ("tourism", "motel"): "hotel", ("amenity", "restaurant"): "restaurant", ("amenity", "cinema"): "entertainment",
    ("amenity", "theatre"): "entertainment", ("amenity", "nightclub"): "entertainment",
    ("leisure", "stadium"): "sports", ("leisure", "sports_centre"): "sports", ("amenity", "library"): "culture",
    ("tourism", "museum"): "culture", ("amenity", "place_of_worship"): "religious",
    ("amenity", "bus_station"): "station", ("railway", "station"): "station", ("amenity", "ferry_terminal"): "station",
    ("aeroway", "terminal"): "station",
    ("amenity", "townhall"): "office", ("building", "dormitory"): "dormitory",
    ("amenity", "community_centre"): "community",
}  # fmt: skip
_RESCUE = {
    ("amenity", "fire_station"): "fire_station", ("amenity", "hospital"): "hospital",
    ("emergency", "ambulance_station"): "ambulance_base", ("emergency", "fire_hydrant"): "hydrant",
    ("emergency", "suction_point"): "water_source", ("emergency", "water_tank"): "water_source",
    ("emergency", "fire_water_pond"): "water_source",
}  # fmt: skip
_WATERWAYS = {
    "river": "river", "riverbank": "river", "canal": "canal", "stream": "stream", "ditch": "ditch", "drain": "ditch",
}  # fmt: skip
_WATER_AREAS = {
    "river": "river",
    "canal": "canal",
    "lake": "lake",
    "reservoir": "lake",
    "pond": "pond",
    "basin": "pond",
}
_LAND = {
    ("landuse", "industrial"): "industrial", ("landuse", "residential"): "residential", ("landuse", "forest"): "green",
    ("landuse", "grass"): "green", ("landuse", "recreation_ground"): "green", ("landuse", "village_green"): "green",
    ("leisure", "park"): "green", ("leisure", "garden"): "green", ("natural", "wood"): "green",
    ("landuse", "farmland"): "farmland", ("landuse", "orchard"): "farmland",
}  # fmt: skip


def _plain_number(text: str | None) -> float:
    found = _NUMBER.match((text or "").strip())
    return float(found[1]) if found and not found[2] else np.nan


def speed(text: str | None) -> float:
    """A maxspeed value [km/h]: '50', '30 mph'; the lowest of several; NaN for words (none, walk, CN:urban)."""
    values = []
    for part in (text or "").split(";"):
        found = _NUMBER.match(part.strip())
        unit = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": _MPH}.get(found[2].lower()) if found else None
        if found and unit:
            values.append(float(found[1]) * unit)
    return min(values, default=np.nan)


def metres(text: str | None) -> float:
    """A maxheight or width value [m]: '3.8', '3.8 m', 12'6"; NaN for words."""
    text = (text or "").strip().lower()
    if feet := _FEET.match(text):
        return float(feet[1]) * _FOOT + float(feet[2] or 0) * _INCH
    found = _NUMBER.match(text)
    scale = {"": 1.0, "m": 1.0, "meters": 1.0, "cm": 0.01, "ft": _FOOT}.get(found[2]) if found else None
    return float(found[1]) * scale if found and scale else np.nan


def tonnes(text: str | None) -> float:
    """A maxweight value [t]: '7.5', '7.5 t', '16000 lbs'; NaN for words."""
    found = _NUMBER.match((text or "").strip().lower())
    units = {"": 1.0, "t": 1.0, "kg": 1e-3, "lbs": _POUND_T, "lb": _POUND_T, "st": _SHORT_TON}
    scale = units.get(found[2]) if found else None
    return float(found[1]) * scale if found and scale else np.nan


def _yes(text: str | None) -> bool:
    return text not in (None, "no", "false", "0")


def _oneway(tags: Tags) -> int:
    """1, -1 or 0; roundabouts and motorways are one-way unless tagged otherwise (OSM wiki, Key:oneway)."""
    stated = _ONEWAY.get(tags.get("oneway", ""))
    implied = tags.get("junction") in ("roundabout", "circular") or tags.get("highway") == "motorway"
    return int(implied) if stated is None else stated


def road(tags: Tags) -> Row | None:
    """Columns of a drivable way; None for any other."""
    if tags.get("highway") not in DRIVABLE or tags.get("area") == "yes":
        return None
    hazmat = {k: v for k, v in tags.items() if k == "hazmat" or k.startswith("hazmat:")}
    access = tags.get("motor_vehicle") or tags.get("vehicle") or tags.get("access")
    return {
        "name": tags.get("name") or tags.get("ref"), "class": tags["highway"], "oneway": _oneway(tags),
        "speed_kmh": speed(tags.get("maxspeed")), "lanes": _plain_number(tags.get("lanes")),
        "width_m": metres(tags.get("width")), "bridge": _yes(tags.get("bridge")), "tunnel": _yes(tags.get("tunnel")),
        "level": _signed(tags.get("layer")), "max_height_m": metres(tags.get("maxheight")),
        "max_weight_t": tonnes(tags.get("maxweight")), "access": access,
        "hazmat": ";".join(f"{k}={v}" for k, v in sorted(hazmat.items())) or None,
    }  # fmt: skip


def _signed(text: str | None) -> float:
    try:
        return float(text) if text is not None else np.nan
    except ValueError:
        return np.nan


def _first(table: Mapping[tuple[str, str], str], tags: Tags) -> str | None:
    return next((kind for (k, v), kind in table.items() if tags.get(k) == v), None)


def place(tags: Tags) -> Row | None:
    """Columns of a crowded place; None for anything else."""
    kind = _first(_PLACES, tags)
    if kind is None:
        return None
    if kind == "middle_school" and tags.get("isced:level", "").startswith("1"):
        kind = "primary_school"
    return {
        "name": tags.get("name"), "kind": kind, "capacity": _plain_number(tags.get("capacity")),
        "beds": _plain_number(tags.get("beds") or tags.get("capacity:beds")),
        "floors": _plain_number(tags.get("building:levels")), "address": _address(tags),
    }  # fmt: skip


def _address(tags: Tags) -> str | None:
    parts = [tags.get(f"addr:{k}") for k in ("full", "street", "housenumber")]
    return " ".join(p for p in parts if p) or None


def rescue(tags: Tags) -> Row | None:
    """Columns of an emergency facility; None for anything else."""
    kind = _first(_RESCUE, tags)
    if kind is None:
        return None
    return {"name": tags.get("name") or tags.get("ref"), "kind": kind, "address": _address(tags),
            "beds": _plain_number(tags.get("beds"))}  # fmt: skip


def water(tags: Tags) -> Row | None:
    """Columns of water, line or area; None for anything else."""
    if tags.get("waterway") in _WATERWAYS:
        kind = _WATERWAYS[tags["waterway"]]
    elif tags.get("natural") == "water" or tags.get("landuse") in ("reservoir", "basin"):
        kind = _WATER_AREAS.get(tags.get("water") or tags.get("landuse", ""), "lake")
    else:
        return None
    return {"name": tags.get("name"), "kind": kind}


def building(tags: Tags) -> Row | None:
    """Columns of a building; None for anything else."""
    if not _yes(tags.get("building")):
        return None
    return {"name": tags.get("name"), "kind": tags["building"], "floors": _plain_number(tags.get("building:levels")),
            "height_m": metres(tags.get("height"))}  # fmt: skip


def land(tags: Tags) -> Row | None:
    """Columns of a land use; None for anything else."""
    kind = _first(_LAND, tags)
    return None if kind is None else {"name": tags.get("name"), "kind": kind}


_READERS: dict[str, tuple[Callable[[Tags], Row | None], tuple[str, ...]]] = {
    "roads": (road, ("highway",)),
    "crowded_places": (place, tuple(dict.fromkeys(k for k, _ in _PLACES))),
    "water": (water, ("waterway", "natural", "landuse")),
    "buildings": (building, ("building",)),
    "landuse": (land, ("landuse", "leisure", "natural")),
    "emergency_facilities": (rescue, ("amenity", "emergency")),
}
LAYER_NAMES = tuple(_READERS)


def read_osm(path: Path | str, layer: str) -> gpd.GeoDataFrame:
    """
    One layer of an OpenStreetMap extract, WGS 84 (EPSG:4326), by tags.

    Columns as in schema.py; ``id`` is node/N, way/N or relation/N; ``source_row`` is N. Roads are
    ways of `DRIVABLE` only. Ways cut at the edge of the extract keep the part that is there.

    Raises
    ------
    InputError
        If the layer is not one of `LAYER_NAMES`, or the file is missing or broken.
    """
    raw = read_raw(Path(path), layer)
    frame = raw.frame.reindex(columns=LAYERS[layer].names)
    frame["source_file"], frame["source_row"] = raw.path.name, raw.rows
    return gpd.GeoDataFrame(frame, geometry=list(raw.geometry if raw.geometry is not None else []), crs="EPSG:4326")


def read_raw(path: Path, layer: str) -> Raw:
    """The same, with the features that could not be built told in the log."""
    if layer not in _READERS:
        raise InputError(
            f"{path.name}: layer '{layer}' cannot be read from OpenStreetMap; possible are {', '.join(LAYER_NAMES)}."
        )
    if not path.exists():
        raise InputError(f"{path}: there is no such file. Correct 'source' in region.toml.")
    log = Log(path.name, layer)
    try:
        rows, shapes, broken = _ways(path) if layer == "roads" else _features(path, layer)
    except RuntimeError as error:
        raise InputError(
            f"{path.name}: the OpenStreetMap file is broken or cut off ({error}). Download it again and check its size."
        ) from error
    if broken:
        log.note("osm_broken", value=", ".join(map(str, broken[:5])), count=len(broken))
        log.left_out += len(broken)
    frame = pd.DataFrame(rows, columns=["id", *(c for c in LAYERS[layer].names if c != "id")])
    numbers = np.array([int(r["id"].partition("/")[2]) for r in rows], np.int64)
    geometry = shapely.from_wkb(np.array(shapes, object)) if shapes else np.empty(0, object)
    return Raw(path, None, frame, numbers, log, geometry, "EPSG:4326", read=len(rows), canonical=True)


def _ways(path: Path) -> tuple[list[Row], list[bytes], list[int]]:
    rows, shapes, broken = [], [], []
    ways = osmium.FileProcessor(str(path)).with_locations().with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
    for way in ways.with_filter(KeyFilter("highway")):
        row = road(dict(way.tags))
        if row is None:
            continue
        line = _line(way)
        if line is None:
            broken.append(way.id)
            continue
        rows.append({"id": f"way/{way.id}", **row})
        shapes.append(line)
    return rows, shapes, broken


def _line(way: Any) -> bytes | None:
    """WKB of a way; in several parts where nodes are missing between them; None with under two nodes."""
    parts: list[list[tuple[float, float]]] = [[]]
    for node in way.nodes:
        if node.location.valid():
            parts[-1].append((node.lon, node.lat))
        elif parts[-1]:
            parts.append([])
    lines = [shapely.LineString(p) for p in parts if len(set(p)) > 1]
    if not lines:
        return None
    return shapely.to_wkb(lines[0] if len(lines) == 1 else shapely.MultiLineString(lines))


def _features(path: Path, layer: str) -> tuple[list[Row], list[bytes], list[int]]:
    """Nodes, areas (closed ways and multipolygons) and, for water, lines."""
    columns, keys = _READERS[layer]
    factory = osmium.geom.WKBFactory()
    rows, shapes, broken = [], [], []
    item: Any  # node, way, relation or area
    for item in osmium.FileProcessor(str(path)).with_areas(KeyFilter(*keys)).with_filter(KeyFilter(*keys)):
        line = item.is_way() and layer == "water" and "waterway" in item.tags and not item.is_closed()
        if item.is_relation() or (item.is_way() and not line):
            continue
        row = columns(dict(item.tags))
        if row is None or (item.is_node() and LAYERS[layer].geometry == "polygon"):
            continue
        shape, name = _shape(item, factory)
        if shape is None:
            broken.append(int(name.partition("/")[2]))
            continue
        rows.append({"id": name, **row})
        shapes.append(shape)
    return rows, shapes, broken


def _shape(item: Any, factory: Any) -> tuple[bytes | None, str]:
    """(WKB or None where it cannot be built, id) of a node, way or area."""
    if item.is_way():
        return _line(item), f"way/{item.id}"
    name = f"node/{item.id}" if item.is_node() else f"{'way' if item.from_way() else 'relation'}/{item.orig_id()}"
    try:
        made = factory.create_point(item) if item.is_node() else factory.create_multipolygon(item)
    except (RuntimeError, osmium.InvalidLocationError):
        return None, name
    return bytes.fromhex(made), name
