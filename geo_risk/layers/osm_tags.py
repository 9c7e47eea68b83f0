"""OpenStreetMap tags -> the columns of our layers, one function a layer; roads are in `osm_roads`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .osm_values import megapascal, metres, millimetres, number

Tags = Mapping[str, str]
Row = dict[str, Any]

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
    "river": "river", "canal": "canal", "lake": "lake", "reservoir": "lake", "pond": "pond", "basin": "pond",
}  # fmt: skip
_LAND = {
    ("landuse", "industrial"): "industrial", ("landuse", "residential"): "residential", ("landuse", "forest"): "green",
    ("landuse", "grass"): "green", ("landuse", "recreation_ground"): "green", ("landuse", "village_green"): "green",
    ("leisure", "park"): "green", ("leisure", "garden"): "green", ("natural", "wood"): "green",
    ("landuse", "farmland"): "farmland", ("landuse", "orchard"): "farmland",
}  # fmt: skip
# admin_level in China (OSM wiki, WikiProject China): 4 province, 5 prefecture, 6 county, 8 town, 10 village.
_ADMIN = {"5": "city", "6": "county", "8": "township", "10": "village"}
_CODE = re.compile(r"\d{6}|\d{9}|\d{12}")  # GB/T 2260 and the statistics bureau's codes of towns and villages
# What a pipeline carries (OSM wiki, Key:substance): our media, and what is no hazard.
_MEDIA = {
    "gas": "natural_gas", "natural_gas": "natural_gas", "cng": "natural_gas", "lng": "natural_gas", "oil": "crude_oil",
    "fuel": "refined_oil", "gasoline": "refined_oil", "diesel": "refined_oil", "kerosene": "refined_oil",
    "lpg": "lpg", "propane": "lpg", "hydrogen": "hydrogen", "ammonia": "ammonia", "ethylene": "ethylene",
    "propylene": "propylene", "methanol": "methanol", "styrene": "styrene",
}  # fmt: skip
_HARMLESS = frozenset(
    ("water", "drinking_water", "hot_water", "cold_water", "wastewater", "sewage", "rainwater", "stormwater", "heat",
     "steam", "air", "brine", "beer", "wine", "milk", "mud", "slurry", "ash", "solids", "grain", "biomass")
)  # fmt: skip
_LAYING = {"underground": "buried", "overground": "rack", "overhead": "rack", "underwater": "crossing"}
_USAGE = {"transmission": "long_distance", "distribution": "town_gas", "facility": "hazmat"}


def yes(text: str | None) -> bool:
    """Whether a tag such as bridge or building says yes in any words."""
    return text not in (None, "no", "false", "0")


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
        "name": tags.get("name"), "kind": kind, "capacity": number(tags.get("capacity")),
        "beds": number(tags.get("beds") or tags.get("capacity:beds")),
        "floors": number(tags.get("building:levels")), "address": _address(tags),
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
            "beds": number(tags.get("beds"))}  # fmt: skip


def hazard(tags: Tags) -> Row | None:
    """Columns of a hazard source: filling stations; None for anything else."""
    if tags.get("amenity") != "fuel":
        return None
    return {"name": tags.get("name") or tags.get("brand"), "kind": "filling_station",
            "enterprise_name": tags.get("operator")}  # fmt: skip


def pipeline(tags: Tags) -> Row | None:
    """Columns of a pipeline; None for anything else and for water, sewage, heat and the like."""
    substance = tags.get("substance") or tags.get("type")
    if tags.get("man_made") != "pipeline" or substance in _HARMLESS:
        return None
    return {
        "name": tags.get("name") or tags.get("ref"), "kind": _USAGE.get(tags.get("usage", "")),
        "medium": _MEDIA.get(substance or ""), "diameter_mm": millimetres(tags.get("diameter")),
        "pressure_mpa": megapascal(tags.get("pressure")), "laying": _LAYING.get(tags.get("location", "")),
        "owner": tags.get("operator"),
    }  # fmt: skip


def district(tags: Tags) -> Row | None:
    """Columns of an administrative area of the levels used in China; None for anything else."""
    level = _ADMIN.get(tags.get("admin_level", ""))
    if level is None or tags.get("boundary") != "administrative":
        return None
    codes = [v for k, v in sorted(tags.items()) if (k == "ref" or k.startswith("ref:")) and _CODE.fullmatch(v)]
    return {"name": tags.get("name"), "level": level, **({"id": codes[0]} if codes else {})}


def parking(tags: Tags) -> Row | None:
    """Columns of a car park where hazardous goods may stand; None for any other."""
    if tags.get("amenity") != "parking" or tags.get("hazmat") not in ("yes", "designated"):
        return None
    return {"name": tags.get("name"), "kind": "hazmat", "bays": number(tags.get("capacity"))}


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
    if not yes(tags.get("building")):
        return None
    return {"name": tags.get("name"), "kind": tags["building"], "floors": number(tags.get("building:levels")),
            "height_m": metres(tags.get("height"))}  # fmt: skip


def land(tags: Tags) -> Row | None:
    """Columns of a land use; None for anything else."""
    kind = _first(_LAND, tags)
    return None if kind is None else {"name": tags.get("name"), "kind": kind}


@dataclass(frozen=True)
class Rule:
    """How a layer is read: its columns from tags, the keys that matter, whether open ways are lines of it."""

    columns: Callable[[Tags], Row | None]
    keys: tuple[str, ...]
    points: bool = True
    areas: bool = True
    line_key: str | None = None


RULES: dict[str, Rule] = {
    "hazard_sources": Rule(hazard, ("amenity",)),
    "gas_pipelines": Rule(pipeline, ("man_made",), points=False, areas=False, line_key="man_made"),
    "crowded_places": Rule(place, tuple(dict.fromkeys(k for k, _ in _PLACES))),
    "districts": Rule(district, ("boundary",), points=False),
    "emergency_facilities": Rule(rescue, ("amenity", "emergency")),
    "parking_lots": Rule(parking, ("amenity",)),
    "buildings": Rule(building, ("building",), points=False),
    "water": Rule(water, ("waterway", "natural", "landuse"), line_key="waterway"),
    "landuse": Rule(land, ("landuse", "leisure", "natural"), points=False),
}
