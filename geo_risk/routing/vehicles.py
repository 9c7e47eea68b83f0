"""The vehicles that ask for roads, what dangerous goods they carry, and how fast they may drive."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import pandas as pd

from ..errors import InputError
from ..standards import table
from .speeds import vehicle_speeds


@dataclass(frozen=True)
class Vehicle:
    """A row of standards/vehicles.csv: size [m], weight [t], whose speeds it drives, which rules hold for it."""

    vehicle: str
    height_m: float
    weight_t: float
    width_m: float
    length_m: float
    speeds: str
    hgv: bool
    hazmat: bool
    emergency: bool


class Load(NamedTuple):
    """What a hazmat vehicle carries: division of dangerous goods, first letter of its tunnel code, harm to water."""

    name: str
    division: str
    tunnel: str
    water: bool
    names: tuple[str, ...] = ()
    confidence: str = "MC"


# The strictest: what is not told may be anything.
UNKNOWN_LOAD = Load("", "", "B", True)


def vehicle_of(name: str) -> Vehicle:
    """The vehicle of that name; InputError if there is none."""
    rows = table("vehicles").set_index("vehicle")
    if name not in rows.index:
        raise InputError(f"vehicle {name!r} is not known: use one of {', '.join(rows.index)}.")
    row = rows.loc[name]
    height, weight, width, length = (float(row[c]) for c in ("height_m", "weight_t", "width_m", "length_m"))
    hgv, hazmat, emergency = (bool(row[c]) for c in ("hgv", "hazmat", "emergency"))
    return Vehicle(name, height, weight, width, length, str(row["speeds"]), hgv, hazmat, emergency)


def known_vehicle(name: str | None) -> Vehicle | None:
    """The vehicle of that name; None if there is none."""
    return vehicle_of(name) if name and name in set(table("vehicles")["vehicle"]) else None


def load_of(name: str) -> Load:
    """
    The load of that name, synonym, UN number or class (standards/hazmat_loads.csv).

    Raises
    ------
    InputError
        If there is none, with the nearest names.
    """
    known = _loads()
    key = name.strip().lower().removeprefix("un").strip()
    if key in known:
        return known[key]
    near = ", ".join(difflib.get_close_matches(key, known, n=4, cutoff=0.3))
    raise InputError(
        f"substance {name!r} is not known as a load. {f'Near to it: {near}. ' if near else ''}"
        "Write a name, a UN number, or its class such as 2.1, 2.3, 3, 6.1 or 8."
    )


def hazmat_speeds(vehicle: Vehicle) -> dict[str, float]:
    """Speed by road class [km/h], for hazmat vehicles no more than the caps of standards/hazmat_road_rules.csv."""
    speeds = vehicle_speeds(vehicle.speeds)
    if not vehicle.hazmat:
        return speeds
    rows = table("hazmat_road_rules").query("rule == 'speed'").set_index("key")["value"].astype(float)
    return {name: min(kmh, float(rows.get(name, rows["*"]))) for name, kmh in speeds.items()}


@cache
def _loads() -> dict[str, Load]:
    out: dict[str, Load] = {}
    for row in table("hazmat_loads").astype({"un": "string", "division": "string"}).to_dict("records"):
        names = tuple(str(row["names"]).split("|"))
        load = Load(row["name"], f"{float(row['division']):g}", row["tunnel"], bool(row["water"]), names,
                    row["confidence"])  # fmt: skip
        numbers = [] if pd.isna(row["un"]) else [str(row["un"]).removesuffix(".0")]
        out |= {key.lower(): load for key in (row["name"], *names, *numbers)}
    return out
