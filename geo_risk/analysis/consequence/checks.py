"""What every consequence model shares: refusing impossible input, saying where a formula holds, and bisection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError

Array = NDArray[np.float64]

ATMOSPHERE_PA = 101_325.0  # standard atmosphere
GRAVITY = 9.80665  # m/s2, standard gravity
GAS_CONSTANT = 8.314463  # J/mol/K
AIR_DENSITY = 1.2  # kg/m3, at 20 C


@dataclass(frozen=True)
class Valid:
    """Whether some values lie inside the range a formula was made for; ``why`` names the ones that do not."""

    ok: bool
    why: str = ""


def valid(*limits: tuple[str, ArrayLike, float, float, str]) -> Valid:
    """
    Whether each (name, values, lowest, highest, unit) lies in its range; NaN is not judged.

    Examples
    --------
    >>> valid(("diameter", [1.0, 200.0], 0.5, 50.0, "m"))
    Valid(ok=False, why='diameter 200 m is outside 0.5 to 50 m')
    """
    whys = []
    for name, values, low, high, unit in limits:
        array = np.asarray(values, float)
        outside = array[(array < low) | (array > high)]
        if outside.size:
            whys.append(f"{name} {outside[0]:g} {unit} is outside {low:g} to {high:g} {unit}")
    return Valid(not whys, "; ".join(whys))


def above(what: str, value: ArrayLike, lowest: float, unit: str, *, equal: bool = False) -> Array:
    """
    ``value`` as an array, refused where not finite or not above ``lowest`` (or ``equal`` to it); NaN passes.

    Raises
    ------
    InputError
        With the name, the value and the unit.
    """
    array = np.asarray(value, float)
    good = (array >= lowest if equal else array > lowest) & np.isfinite(array) | np.isnan(array)
    if not good.all():
        bad = array[~good].flat[0]
        need = "at least" if equal else "above"
        raise InputError(
            f"{what} is {bad:g} {unit}; it must be {need} {lowest:g} {unit}. Check the record and its unit."
        )
    return array


def positive(what: str, value: ArrayLike, unit: str) -> Array:
    """``value`` as an array, refused where it is not above zero; NaN passes."""
    return above(what, value, 0.0, unit)


def not_negative(what: str, value: ArrayLike, unit: str) -> Array:
    """``value`` as an array, refused where it is below zero; NaN passes."""
    return above(what, value, 0.0, unit, equal=True)


def fraction(what: str, value: ArrayLike) -> Array:
    """``value`` as an array, refused where it is not between 0 and 1; NaN passes."""
    array = not_negative(what, value, "(fraction)")
    if (array > 1).any():
        raise InputError(f"{what} is {array[array > 1].flat[0]:g}; a fraction lies between 0 and 1. Is it in percent?")
    return array


def bisect(falling: Callable[[Array], Array], low: ArrayLike, high: ArrayLike) -> Array:
    """Where ``falling`` crosses zero between ``low`` and ``high`` (both above 0), in equal steps of the logarithm."""
    a, b = np.log(np.asarray(low, float)), np.log(np.asarray(high, float))
    for _ in range(60):  # 2**-60 of the interval: the last bit of a double
        middle = (a + b) / 2
        beyond = falling(np.exp(middle)) < 0
        a, b = np.where(beyond, a, middle), np.where(beyond, middle, b)
    return np.exp((a + b) / 2)


def distance_where(curve: Callable[[Array], Array], value: ArrayLike, near_m: float, far_m: float) -> Array:
    """
    The distance [m] at which a curve that falls with distance comes down to ``value``.

    ``near_m`` where it is below ``value`` everywhere, ``far_m`` where it is above it everywhere;
    NaN where ``value`` is NaN.
    """
    wanted = np.asarray(value, float)
    low, high = np.full(wanted.shape, near_m), np.full(wanted.shape, far_m)
    return np.where(np.isnan(wanted), np.nan, bisect(lambda r: curve(r) - wanted, low, high))
