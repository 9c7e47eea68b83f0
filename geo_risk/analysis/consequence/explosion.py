"""Blast of a vapour cloud or of an explosive: overpressure [Pa] against distance [m].

Curves in scaled distance, each under its publication's name; `checks.distance_where` turns one
round. Arrays broadcast; NaN in gives NaN out; input that cannot be is an `InputError`. The `*_valid`
functions tell where a curve holds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InputError
from .checks import ATMOSPHERE_PA, Array, Valid, fraction, not_negative, positive
from .checks import valid as _valid

STOICHIOMETRIC_J_M3 = 3.5e6  # energy of a cubic metre of congested cloud, AQ/T 3046 E.60
TNT_J_KG = 4.68e6  # in use: 4.19e6 to 4.69e6
TNT_YIELD = 0.03  # of the cloud's energy; in use: 1 to 10 %

# Multi-energy: overpressure / ambient = a * R^-b, at most the plateau (fits of Assael & Kakosimos 2010).
_MULTI_ENERGY = {1: (0.010, 0.0064, 0.97), 4: (0.10, 0.0644, 0.99), 5: (0.20, 0.117, 0.99), 6: (0.50, 0.301, 1.11)}
# Classes 7 to 10 meet class 6 at R = 1; nearer they rise to these plateaus at R = 0.23 (recalled, unsure).
_STRONG_PLATEAU = {7: 1.0, 8: 2.0, 9: 5.0, 10: 20.0}
_STRONG_NEAR, _STRONG_MEETS = 0.23, 1.0
MULTI_ENERGY_CLASSES = (*_MULTI_ENERGY, *_STRONG_PLATEAU)

# Baker-Strehlow-Tang: overpressure / ambient by flame Mach number (Tang & Baker 1999, digitised in HyRAM+ 6.1).
_BST_R = np.array([0.3, 0.5, 1.0, 2.0, 5.0, 10.0])
_BST = {
    0.2: [0.068, 0.053, 0.0280, 0.0146, 0.0057, 0.0030],
    0.35: [0.222, 0.172, 0.0912, 0.0463, 0.0187, 0.0100],
    0.7: [0.668, 0.467, 0.309, 0.136, 0.0496, 0.0228],
    1.0: [1.21, 0.849, 0.328, 0.149, 0.0543, 0.0245],
    1.4: [1.80, 0.972, 0.389, 0.176, 0.0596, 0.0254],
    5.2: [2.74, 1.04, 0.395, 0.171, 0.0588, 0.0263],
}

# Hemispherical surface burst of TNT: ln kPa as a polynomial in ln Z from Z [m/kg^(1/3)] (Swisdak 1994).
_SURFACE_BURST = (
    (0.2, (7.2106, -2.1069, -0.3229, 0.1117, 0.0685)),
    (2.9, (7.5938, -3.0523, 0.40977, 0.0261, -0.01267)),
    (23.8, (6.0536, -1.4066)),
)
_SURFACE_BURST_RANGE = (0.2, 198.5)
# TNO (1979) and older Chinese practice: distance = C (0.1 E)^(1/3) by overpressure [Pa] (recalled, confident).
_TNO_1979 = {30_000.0: 0.03, 10_000.0: 0.06, 3_000.0: 0.15, 1_000.0: 0.4}
_TNO_1979_LARGEST_J = 5e12


def cloud_energy(volume_m3: ArrayLike) -> Array:
    """Energy [J] of ``volume_m3`` [m3] of congested stoichiometric cloud (AQ/T 3046 E.60)."""
    return STOICHIOMETRIC_J_M3 * not_negative("congested volume", volume_m3, "m3")


def energy_scale(energy_j: ArrayLike, ambient_pa: float = ATMOSPHERE_PA) -> Array:
    """Length [m] by which distances are scaled, (E / p0)^(1/3) (AQ/T 3046 E.61)."""
    return (positive("explosion energy", energy_j, "J") / ambient_pa) ** (1 / 3)


def multi_energy(
    distance_m: ArrayLike, energy_j: ArrayLike, strength: int, *, ambient_pa: float = ATMOSPHERE_PA
) -> Array:
    """
    Overpressure [Pa] by the multi-energy method (AQ/T 3046 E.60-E.62; curves: Assael & Kakosimos 2010).

    ``strength`` is the blast class 1, 4, 5, 6 or 7 to 10; from 30 kPa down classes 6 to 10 are one.
    """
    r = not_negative("distance", distance_m, "m") / energy_scale(energy_j, ambient_pa)
    if strength in _STRONG_PLATEAU:
        return ambient_pa * _strong(r, _STRONG_PLATEAU[strength])
    if strength not in _MULTI_ENERGY:
        known = ", ".join(map(str, MULTI_ENERGY_CLASSES))
        raise InputError(
            f"multi-energy class {strength} has no curve here. Use one of {known}; the next higher is safe."
        )
    return ambient_pa * _weak(r, *_MULTI_ENERGY[strength])


def multi_energy_valid(distance_m: ArrayLike, energy_j: ArrayLike, strength: int) -> Valid:
    """The fits hold from R = 0.23 to 7 (class 1) or 70 (others); classes 7 to 10 are unsure within R = 1."""
    nearest = _STRONG_MEETS if strength in _STRONG_PLATEAU else _STRONG_NEAR
    r = np.asarray(distance_m, float) / energy_scale(energy_j)
    return _valid(("scaled distance", r, nearest, 7.0 if strength == 1 else 70.0, ""))


def baker_strehlow_tang(
    distance_m: ArrayLike, energy_j: ArrayLike, flame_mach: float, *, ambient_pa: float = ATMOSPHERE_PA
) -> Array:
    """
    Overpressure [Pa] by Baker, Strehlow and Tang; ``energy_j`` [J] already doubled for the ground.

    Log-log between the curve's points, constant nearer than R = 0.3, as 1/R beyond R = 10.
    """
    if flame_mach not in _BST:
        raise InputError(f"flame Mach number {flame_mach:g} has no curve. Use one of {', '.join(map(str, _BST))}.")
    r = not_negative("distance", distance_m, "m") / energy_scale(energy_j, ambient_pa)
    near = np.clip(r, _BST_R[0], _BST_R[-1])
    curve = np.exp(np.interp(np.log(near), np.log(_BST_R), np.log(_BST[flame_mach])))
    return ambient_pa * curve * np.minimum(_BST_R[-1] / np.maximum(r, _BST_R[0]), 1.0)


def baker_strehlow_tang_valid(distance_m: ArrayLike, energy_j: ArrayLike) -> Valid:
    """The curves are given from R = 0.3 to 10."""
    r = np.asarray(distance_m, float) / energy_scale(energy_j)
    return _valid(("scaled distance", r, float(_BST_R[0]), float(_BST_R[-1]), ""))


def tnt_mass(mass_kg: ArrayLike, combustion_heat: ArrayLike, *, share: ArrayLike = TNT_YIELD) -> Array:
    """TNT [kg] with the blast energy of ``share`` of a burning cloud; mass [kg], heat [J/kg]. A cross-check only."""
    heat = positive("heat of combustion", combustion_heat, "J/kg")
    return fraction("TNT yield", share) * not_negative("flammable mass", mass_kg, "kg") * heat / TNT_J_KG


def tnt_surface(distance_m: ArrayLike, tnt_kg: ArrayLike) -> Array:
    """Overpressure [Pa] of TNT on the ground (Kingery and Bulmash 1984 in the simplified fit of Swisdak 1994)."""
    z = np.maximum(_scaled(distance_m, tnt_kg), _SURFACE_BURST_RANGE[0])
    ln = np.log(z)
    curves = [np.polynomial.polynomial.polyval(ln, coefficients) for _, coefficients in _SURFACE_BURST]
    return 1000 * np.exp(np.select([z < _SURFACE_BURST[1][0], z < _SURFACE_BURST[2][0]], curves[:2], curves[2]))


def tnt_surface_valid(distance_m: ArrayLike, tnt_kg: ArrayLike) -> Valid:
    """The fit holds from Z = 0.2 to 198.5 m/kg^(1/3)."""
    return _valid(("scaled distance", _scaled(distance_m, tnt_kg), *_SURFACE_BURST_RANGE, "m/kg^(1/3)"))


def tnt_air(distance_m: ArrayLike, tnt_kg: ArrayLike, *, ambient_pa: float = ATMOSPHERE_PA) -> Array:
    """Overpressure [Pa] of TNT in free air (Kinney and Graham 1985), for Z from 0.05 to 40 m/kg^(1/3)."""
    z = _scaled(distance_m, tnt_kg)
    above = 808 * (1 + (z / 4.5) ** 2)
    below = np.sqrt(1 + (z / 0.048) ** 2) * np.sqrt(1 + (z / 0.32) ** 2) * np.sqrt(1 + (z / 1.35) ** 2)
    return ambient_pa * above / below


def explosives_ground(distance_m: ArrayLike, tnt_kg: ArrayLike) -> Array:
    """Overpressure [Pa] of explosives on flat ground (GB 6722-2014 13.3.2, used with GB/T 37243-2019)."""
    z = _scaled(distance_m, tnt_kg)
    with np.errstate(divide="ignore"):
        return 1e5 * (14 / z**3 + 4.3 / z**2 + 1.1 / z)


def one_psi_distance(mass_kg: ArrayLike, combustion_heat: ArrayLike) -> Array:
    """Distance [m] of 1 psi: EPA 550-B-99-009 worst case, 10 % of the cloud's energy as TNT; [kg], [J/kg]."""
    heat = not_negative("flammable mass", mass_kg, "kg") * positive("heat of combustion", combustion_heat, "J/kg")
    return 17 * (0.1 * heat / 1000 / 4680) ** (1 / 3)


def tno_1979_distance(energy_j: ArrayLike, overpressure_pa: float) -> Array:
    """Distance [m] of 30, 10, 3 or 1 kPa by the correlation of TNO (1979), for at most 5e12 J."""
    if overpressure_pa not in _TNO_1979:
        known = ", ".join(f"{p:g}" for p in _TNO_1979)
        raise InputError(f"the TNO 1979 correlation has no {overpressure_pa:g} Pa. Use one of {known} Pa.")
    energy = positive("explosion energy", energy_j, "J")
    if (energy > _TNO_1979_LARGEST_J).any():
        raise InputError(f"explosion energy {np.nanmax(energy):g} J is above the 5e12 J of TNO 1979. Use multi_energy.")
    return _TNO_1979[overpressure_pa] * (0.1 * energy) ** (1 / 3)


def _scaled(distance_m: ArrayLike, tnt_kg: ArrayLike) -> Array:
    return not_negative("distance", distance_m, "m") / positive("TNT mass", tnt_kg, "kg") ** (1 / 3)


def _weak(r: Array, plateau: float, factor: float, power: float) -> Array:
    """The lower of plateau and decay, so that the curve never rises where the fits do not quite meet."""
    with np.errstate(divide="ignore"):
        return np.minimum(plateau, factor * r**-power)


def _strong(r: Array, plateau: float) -> Array:
    """Class 6; within R = 1 the power law that rises from there to the plateau at R = 0.23, where it is more."""
    meets = _MULTI_ENERGY[6][1]
    steep = np.log(plateau / meets) / np.log(_STRONG_MEETS / _STRONG_NEAR)
    near = meets * np.maximum(r, _STRONG_NEAR) ** -steep
    weak = _weak(r, *_MULTI_ENERGY[6])
    return np.where(r < _STRONG_MEETS, np.maximum(near, weak), weak)
