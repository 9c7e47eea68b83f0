"""Values of OpenStreetMap tags as numbers in our units; NaN for words and what cannot be read."""

from __future__ import annotations

import re

import numpy as np

_MPH, _FOOT, _INCH, _POUND_T, _SHORT_TON = 1.609344, 0.3048, 0.0254, 4.5359237e-4, 0.90718474  # by definition
_KNOT, _BAR_MPA, _PSI_MPA = 1.852, 0.1, 6.894757293e-3  # by definition
_NUMBER = re.compile(r"^(\d+(?:\.\d+)?)\s*(.*)$")
_FEET = re.compile(r"^(\d+)\s*(?:'|ft)\s*(?:(\d+)\s*(?:\"|in)?)?$")


def _with_unit(text: str | None, units: dict[str, float]) -> float:
    found = _NUMBER.match((text or "").strip().lower())
    scale = units.get(found[2]) if found else None
    return float(found[1]) * scale if found and scale else np.nan


def number(text: str | None) -> float:
    """A number without a unit."""
    return _with_unit(text, {"": 1.0})


def signed(text: str | None) -> float:
    """A number that may be negative, such as a layer."""
    try:
        value = float(text) if text is not None else np.nan
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan


def speed(text: str | None) -> float:
    """A maxspeed value [km/h]: '50', '30 mph'; the lowest of several; NaN for words (none, walk, CN:urban)."""
    units = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": _MPH, "knots": _KNOT}
    values = [_with_unit(part, units) for part in (text or "").split(";")]
    return min((v for v in values if not np.isnan(v)), default=np.nan)


def metres(text: str | None) -> float:
    """A maxheight or width value [m]: '3.8', '3.8 m', 12'6"; NaN for words."""
    text = (text or "").strip().lower()
    if feet := _FEET.match(text):
        return float(feet[1]) * _FOOT + float(feet[2] or 0) * _INCH
    return _with_unit(text, {"": 1.0, "m": 1.0, "meters": 1.0, "cm": 0.01, "ft": _FOOT})


def tonnes(text: str | None) -> float:
    """A maxweight value [t]: '7.5', '7.5 t', '16000 lbs'; NaN for words."""
    return _with_unit(text, {"": 1.0, "t": 1.0, "kg": 1e-3, "lbs": _POUND_T, "lb": _POUND_T, "st": _SHORT_TON})


def millimetres(text: str | None) -> float:
    """A pipe's diameter [mm], the unit where none is written (OSM wiki, Key:diameter)."""
    text = (text or "").strip().lower().replace("″", '"')
    inch = _INCH * 1000
    return _with_unit(text, {"": 1.0, "mm": 1.0, "cm": 10.0, "m": 1000.0, '"': inch, "in": inch, "inch": inch})


def megapascal(text: str | None) -> float:
    """A pipe's pressure [MPa]; bar is the unit where none is written (OSM wiki, Key:pressure)."""
    return _with_unit(text, {"": _BAR_MPA, "bar": _BAR_MPA, "mpa": 1.0, "kpa": 1e-3, "psi": _PSI_MPA})
