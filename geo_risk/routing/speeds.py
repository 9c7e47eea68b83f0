"""Default speeds and rescue settings, read from the standards tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from ..errors import SettingsError
from ..standards import table

VEHICLES = ("car", "fire_engine", "ambulance")


@cache
def _defaults() -> dict[tuple[str, str], float]:
    """Numbers of ``rescue_defaults.csv`` by setting and kind of facility ("" for all)."""
    rows = table("rescue_defaults")
    keys = zip(rows["setting"], rows["kind"].fillna(""), strict=True)
    return {key: float(value) for key, value in zip(keys, rows["value"], strict=True)}


def vehicle_speeds(
    vehicle: str = "fire_engine", *, overrides: Mapping[str, float] | None = None, factor: float = 1.0
) -> dict[str, float]:
    """
    Driving speed by road class [km/h]; 0 where the class is closed to vehicles.

    Parameters
    ----------
    vehicle : {"car", "fire_engine", "ambulance"}
    overrides : mapping
        Class -> speed [km/h], in place of the rows of ``standards/road_speeds.csv``.
    factor : float
        Multiplies every speed, e.g. 0.7 at peak hours.

    Raises
    ------
    SettingsError
        If the vehicle is unknown, a speed is negative or not a number, or the factor is not positive.
    """
    if vehicle not in VEHICLES:
        raise SettingsError(f"vehicle {vehicle!r} has no speeds; use one of {', '.join(VEHICLES)}.")
    if not 0 < factor < math.inf:
        raise SettingsError(f"speed factor {factor}: must be a positive number, e.g. 0.7 at peak hours.")
    rows = table("road_speeds")
    speeds = {str(name): float(kmh) for name, kmh in zip(rows["class"], rows[f"{vehicle}_kmh"], strict=True)}
    speeds.update(overrides or {})
    check_speeds(speeds)
    return {name: speed * factor for name, speed in speeds.items()}


def check_speeds(speeds: Mapping[str, float]) -> None:
    """Refuse speeds that are negative or not numbers, or that lack "road", the speed where the class is unknown."""
    for name, speed in speeds.items():
        if not 0 <= speed < math.inf:
            raise SettingsError(f"[rescue] speed of road class {name!r} is {speed}: write km/h, 0 for closed.")
    if not speeds.get("road", 0) > 0:
        raise SettingsError(
            "[rescue] speeds lack a positive speed for the class 'road', which stands for roads of unknown class."
        )


def rescue_default(setting: str, kind: str = "") -> float:
    """
    One number of ``standards/rescue_defaults.csv``, in the unit given there.

    Raises
    ------
    KeyError
        If the table has no such row.
    """
    defaults = _defaults()
    if (setting, kind) not in defaults:
        raise KeyError(f"rescue_defaults.csv has no row {setting!r}, {kind!r}")
    return defaults[setting, kind]


def turnout_seconds(overrides: Mapping[str, float] | None = None) -> dict[str, float]:
    """
    Turnout time by kind of facility [s]; the key "other" stands for kinds without a row.

    Raises
    ------
    SettingsError
        If an override is negative or not a number.
    """
    turnout = {kind: seconds for (setting, kind), seconds in _defaults().items() if setting == "turnout_s"}
    turnout.update(overrides or {})
    for kind, seconds in turnout.items():
        if not 0 <= seconds < math.inf:
            raise SettingsError(f"[rescue] turnout_s of {kind!r} is {seconds}: write seconds, 0 or more.")
    return turnout
