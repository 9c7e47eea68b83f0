"""How fast a substance leaves a hole or a broken pipe, how much of it flashes, and for how long.

Pressures are absolute. Functions take scalars or arrays and broadcast; NaN in gives NaN out; input
that cannot be (a pressure below ambient, a negative area) is an `InputError`. `valid` tells where
the gas and liquid formulas hold.

Sources: TNO Yellow Book CPR 14E (2005) ch. 2; AQ/T 3046-2013 annex E; Crowl & Louvar ch. 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InputError
from .checks import ATMOSPHERE_PA, GAS_CONSTANT, GRAVITY, Array, Valid, above, bisect, fraction, not_negative, positive
from .checks import valid as _valid

SHARP_HOLE, STRAIGHT_HOLE, ROUNDED_HOLE = 0.62, 0.82, 0.96  # discharge coefficients, Yellow Book 2.5.3
STEEL_ROUGHNESS_M = 4.6e-5  # new commercial steel pipe
RELAXATION_LENGTH_M = 0.1  # a pipe this long flashes in equilibrium, Fauske (1985)
LONGEST_RELEASE_S = 1800.0  # Purple Book 4.6: no release is taken to last longer


@dataclass(frozen=True)
class GasFlow:
    """Gas leaving a hole: mass flow [kg/s], whether it is choked, pressure [Pa] and temperature [K] in the throat."""

    kg_s: Array
    choked: np.ndarray
    throat_pa: Array
    throat_k: Array


@dataclass(frozen=True)
class PipeFlow:
    """Gas leaving one end of a broken pipe: `GasFlow` at the break, Fanning factor and Mach number where it enters."""

    kg_s: Array
    choked: np.ndarray
    exit_pa: Array
    exit_k: Array
    friction: Array
    entry_mach: Array


def liquid_flow(
    area_m2: ArrayLike,
    pressure_pa: ArrayLike,
    density: ArrayLike,
    *,
    head_m: ArrayLike = 0.0,
    cd: ArrayLike = SHARP_HOLE,
    ambient_pa: float = ATMOSPHERE_PA,
) -> Array:
    """
    Liquid through a hole [kg/s] (Bernoulli; Yellow Book 2.194-2.197, AQ/T 3046 E.1).

    Parameters
    ----------
    area_m2, pressure_pa, density
        Hole [m2]; absolute pressure above the liquid [Pa]; liquid density [kg/m3].
    head_m
        Liquid above the hole [m].

    Raises
    ------
    InputError
        If the pressure is below ambient, or neither pressure nor head drives the liquid out.
    """
    area, rho = positive("hole area", area_m2, "m2"), positive("liquid density", density, "kg/m3")
    p = above("pressure", pressure_pa, ambient_pa, "Pa (absolute)", equal=True)
    head = not_negative("liquid head", head_m, "m")
    driving = p - ambient_pa + rho * GRAVITY * head
    if (driving == 0).any():
        raise InputError(
            f"liquid head is 0 m and the pressure {ambient_pa:g} Pa is ambient: nothing drives the liquid out. "
            "Give the head above the hole in m or the absolute pressure in Pa."
        )
    return fraction("discharge coefficient", cd) * area * np.sqrt(2 * rho * driving)


def gas_flow(
    area_m2: ArrayLike,
    pressure_pa: ArrayLike,
    temperature_k: ArrayLike,
    molar_mass: ArrayLike,
    gamma: ArrayLike,
    cd: ArrayLike = SHARP_HOLE,
    *,
    compressibility: ArrayLike = 1.0,
    ambient_pa: float = ATMOSPHERE_PA,
) -> GasFlow:
    """
    Gas through a hole (Yellow Book 2.22-2.26, AQ/T 3046 E.13-E.17).

    Parameters
    ----------
    area_m2, pressure_pa, temperature_k, molar_mass, gamma
        Hole [m2]; absolute pressure [Pa], temperature [K], molar mass [kg/mol] and ratio of the
        specific heats in the vessel.
    compressibility
        Of the gas in the vessel, see `compressibility_factor`; matters above some 50 bar.
    """
    area = positive("hole area", area_m2, "m2")
    p = above("pressure", pressure_pa, ambient_pa, "Pa (absolute)", equal=True)
    t, m = positive("temperature", temperature_k, "K"), positive("molar mass", molar_mass, "kg/mol")
    k = above("ratio of specific heats", gamma, 1.0, "")
    ratio = ambient_pa / p
    critical = (2 / (k + 1)) ** (k / (k - 1))
    r = np.maximum(ratio, critical)
    specific = k * m / (GAS_CONSTANT * t * positive("compressibility", compressibility, ""))
    choked_flux = p * np.sqrt(specific * (2 / (k + 1)) ** ((k + 1) / (k - 1)))
    # rounding may bring r above 1 by one bit where the vessel is at ambient pressure
    below_sonic = r ** (1 / k) * np.sqrt(np.maximum(1 - r ** ((k - 1) / k), 0))
    slowing = below_sonic * np.sqrt(2 / (k - 1) * ((k + 1) / 2) ** ((k + 1) / (k - 1)))
    flow = fraction("discharge coefficient", cd) * area * choked_flux * slowing
    return GasFlow(flow, ratio <= critical, p * r, t * r ** ((k - 1) / k))


def compressibility_factor(
    pressure_pa: ArrayLike, temperature_k: ArrayLike, critical_pa: ArrayLike, critical_k: ArrayLike
) -> Array:
    """
    Z = pV/(nRT) of a gas by Redlich and Kwong (1949); within some 3 % for T > Tc.

    Pressures [Pa] and temperatures [K]; the gas root of the cubic, by Newton's method from Z = 1.
    """
    pr = positive("pressure", pressure_pa, "Pa") / positive("critical pressure", critical_pa, "Pa")
    tr = positive("temperature", temperature_k, "K") / positive("critical temperature", critical_k, "K")
    a, b = 0.42748 * pr / tr**2.5, 0.08664 * pr / tr
    z = np.ones(np.broadcast(a, b).shape)
    for _ in range(30):  # doubles its correct digits each step
        value = ((z - 1) * z + a - b - b * b) * z - a * b
        z = np.maximum(z - value / ((3 * z - 2) * z + a - b - b * b), b)
    return z


def friction_factor(diameter_m: ArrayLike, roughness_m: ArrayLike = STEEL_ROUGHNESS_M) -> Array:
    """Fanning friction factor of fully rough flow in a pipe (AQ/T 3046 E.22)."""
    d, rough = positive("pipe diameter", diameter_m, "m"), positive("pipe roughness", roughness_m, "m")
    return 1 / (4 * np.log10(3.7 * d / rough)) ** 2


def long_pipe_flow(
    pressure_pa: ArrayLike,
    temperature_k: ArrayLike,
    molar_mass: ArrayLike,
    gamma: ArrayLike,
    diameter_m: ArrayLike,
    length_m: ArrayLike,
    *,
    roughness_m: ArrayLike = STEEL_ROUGHNESS_M,
    law: str = "fanno",
    ambient_pa: float = ATMOSPHERE_PA,
) -> PipeFlow:
    """
    Gas from one end of a broken pipe: adiabatic with friction (AQ/T 3046 E.18-E.22, Yellow Book 2.5.2).

    The pressure is held at the far end, ``length_m`` [m] from the break. At the break the flow is
    choked, or at ambient pressure where friction has taken too much (town gas). Never more than an
    opening without a pipe passes. A full rupture has two ends.

    ``law`` "fanno" is the textbook's; "aqt3046" is AQ/T 3046 E.18 as transcribed, which has the ratio
    of specific heats once more, on (1/Ma^2 - 1), and gives up to 15 % more in a long pipe.
    """
    if law not in ("fanno", "aqt3046"):
        raise InputError(f"pipe flow law '{law}' is not known. Use 'fanno' or 'aqt3046'.")
    p = above("pressure", pressure_pa, ambient_pa, "Pa (absolute)")
    t, m = positive("temperature", temperature_k, "K"), positive("molar mass", molar_mass, "kg/mol")
    k, d = above("ratio of specific heats", gamma, 1.0, ""), positive("pipe diameter", diameter_m, "m")
    f = friction_factor(d, roughness_m)
    drag = 4 * f * positive("pipe length", length_m, "m") / d
    p, t, m, k, d, drag, f = np.broadcast_arrays(p, t, m, k, d, drag, f)

    def exit_mach(entry: Array) -> Array:
        """At which the pressure is ambient; never above the speed of sound."""
        square = (p / ambient_pa * entry) ** 2 * _stagnation(entry, k)
        return np.minimum(np.sqrt((np.sqrt(1 + 2 * (k - 1) * square) - 1) / (k - 1)), 1.0)

    weight = k if law == "aqt3046" else np.ones(p.shape)
    tiny, sonic = np.full(p.shape, 1e-8), np.ones(p.shape)
    ma = bisect(lambda x: _fanno(x, k, weight) - _fanno(exit_mach(x), k, weight) - drag, tiny, sonic)
    ma = np.where(np.isnan(p + t + m + k + drag), np.nan, ma)
    out = exit_mach(ma)
    y1, y2 = _stagnation(ma, k), _stagnation(out, k)
    exit_pa, exit_k = p * ma / out * np.sqrt(y1 / y2), t * y1 / y2
    flux = exit_pa * out * np.sqrt(k * m / (GAS_CONSTANT * exit_k))
    area = np.pi * d**2 / 4
    opening = gas_flow(area, p, t, m, k, 1.0, ambient_pa=ambient_pa).kg_s
    return PipeFlow(np.minimum(flux * area, opening), out >= 1.0, exit_pa, exit_k, f, ma)


def flashing_flow(
    area_m2: ArrayLike,
    temperature_k: ArrayLike,
    latent_heat: ArrayLike,
    vapour_volume: ArrayLike,
    cp_liquid: ArrayLike,
    *,
    liquid_pa: ArrayLike = 0.0,
    density: ArrayLike = np.nan,
    cd: ArrayLike = SHARP_HOLE,
    pipe_m: ArrayLike = RELAXATION_LENGTH_M,
    drop_pa: ArrayLike = np.nan,
) -> Array:
    """
    Boiling liquid through a pipe [kg/s]: Fauske's equilibrium rate and its two extensions.

    Parameters
    ----------
    area_m2, temperature_k, latent_heat, vapour_volume, cp_liquid
        Pipe [m2]; storage temperature [K]; latent heat [J/kg]; vapour less liquid specific volume
        [m3/kg] at storage; specific heat of the liquid [J/kg/K].
    liquid_pa, density, cd
        Pressure above the saturation pressure [Pa]; it drives liquid of ``density`` [kg/m3] too.
    pipe_m, drop_pa
        Shorter than 0.1 m the liquid flashes only partly; needs ``density`` and the storage pressure
        above ambient ``drop_pa`` [Pa]. Length 0 is the liquid rate of a hole in a shell.
    """
    t, vfg = positive("temperature", temperature_k, "K"), positive("vapour volume", vapour_volume, "m3/kg")
    hv, cp = positive("latent heat", latent_heat, "J/kg"), positive("specific heat of the liquid", cp_liquid, "J/kg/K")
    over, length = not_negative("pressure above saturation", liquid_pa, "Pa"), not_negative("pipe length", pipe_m, "m")
    short, c = length < RELAXATION_LENGTH_M, fraction("discharge coefficient", cd)
    if (np.isnan(density) & ((over > 0) | short)).any() or (np.isnan(drop_pa) & short).any():
        raise InputError(
            "a short pipe or pressure above saturation needs the liquid's density (and drop_pa). Give them."
        )
    equilibrium = hv / vfg / np.sqrt(t * cp)
    rho, drop = np.where(np.isnan(density), 1.0, density), np.where(np.isnan(drop_pa), 1.0, drop_pa)
    delay = equilibrium**2 / (2 * drop * rho * c**2) + length / RELAXATION_LENGTH_M
    boiling = np.where(short, equilibrium**2 / np.where(short, delay, 1.0), equilibrium**2)
    return positive("pipe area", area_m2, "m2") * np.sqrt(2 * rho * over * c**2 + boiling)


def flash_fraction(
    cp_liquid: ArrayLike, superheat_k: ArrayLike, latent_heat: ArrayLike, *, linear: bool = False
) -> Array:
    """
    The part of a liquid that boils away at once when its pressure is let off [-].

    ``superheat_k`` is storage less boiling temperature [K]; none flashes where it is not above 0.
    The heat balance with constant properties, or its ``linear`` form (GB/T 37243 D), held below 1.
    """
    heat = positive("specific heat of the liquid", cp_liquid, "J/kg/K") * np.asarray(superheat_k, float)
    share = np.maximum(heat / positive("latent heat", latent_heat, "J/kg"), 0.0)
    return np.minimum(share, 1.0) if linear else -np.expm1(-share)


def airborne_fraction(flash: ArrayLike, *, rule: str = "gbt37243") -> Array:
    """
    The part of a flashing release that stays in the air, vapour and spray [-].

    ``rule`` "gbt37243" (D.31, D.32): five times the flash, at most all. "purple_book": twice the
    flash below 0.1, all above 0.36, linear between.
    """
    f = fraction("flash fraction", flash)
    if rule == "gbt37243":
        return np.minimum(5 * f, 1.0)
    if rule == "purple_book":
        return np.where(f < 0.1, 2 * f, np.minimum((0.8 * f - 0.028) / 0.26, 1.0))
    raise InputError(f"airborne rule '{rule}' is not known. Use 'gbt37243' or 'purple_book'.")


def release_duration(kg_s: ArrayLike, inventory_kg: ArrayLike, *, isolated_s: ArrayLike = LONGEST_RELEASE_S) -> Array:
    """Seconds until the inventory is out, the release is isolated, or 1800 s have passed (Purple Book 4.6)."""
    rate, mass = positive("release rate", kg_s, "kg/s"), not_negative("inventory", inventory_kg, "kg")
    until = np.minimum(positive("isolation time", isolated_s, "s"), LONGEST_RELEASE_S)
    return np.minimum(mass / rate, until)


def valid(pressure_pa: ArrayLike, *, compressibility: ArrayLike = 1.0) -> Valid:
    """Whether an ideal gas is a fair picture: below 50 bar, or with a compressibility given."""
    ideal = np.asarray(compressibility, float) == 1.0
    return _valid(("ideal gas pressure", np.where(ideal, pressure_pa, np.nan), 0.0, 50e5, "Pa"))


def _stagnation(mach: Array, k: Array) -> Array:
    return 1 + (k - 1) / 2 * mach**2


def _fanno(mach: Array, k: Array, weight: Array) -> Array:
    """4 f L / D from this Mach number to the speed of sound (Fanno; ``weight`` is 1)."""
    square = mach**2
    return (weight * (1 / square - 1) - (k + 1) / 2 * np.log(2 * _stagnation(mach, k) / ((k + 1) * square))) / k
