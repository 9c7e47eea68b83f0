"""What the consequence models need to know of a substance: ``standards/substances.csv`` and laws between its numbers.

A name is looked up as written (propane is propane), then by what it is called in GB 18218 (丙烷 beside
others is LPG there). A product such as gasoline is a row that says which substance stands for it.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InputError, StandardsError
from ..rows import number, table_rows, text
from ..substances import canonical, written_forms
from .checks import ATMOSPHERE_PA, GAS_CONSTANT, Array, positive
from .discharge import compressibility_factor, flash_fraction

WATSON = 0.38  # exponent of the latent heat in temperature, Watson (1943)
# What a written name tells of a thing that has no properties of its own.
_MIXTURE = re.compile(
    r"混合|溶剂|漆|涂料|稀释剂|稀料|树脂|油墨|胶|废|农药|香精|助剂|添加剂|溶液|水溶|氨水|盐酸|%|mix|solvent|paint|waste|solution"
)


@dataclass(frozen=True)
class Substance:
    """
    A pure substance, or the one that stands for a product.

    Molar mass [kg/mol]; temperatures [K]; pressures [Pa]; densities of the liquid at its boiling point
    and at 25 C [kg/m3]; latent heat at the boiling point, lower heat of combustion [J/kg]; flammability
    limits [-]; ``gamma`` of the ideal gas at 25 C; specific heat of the liquid [J/kg/K]; ``antoine``
    A, B, C of log10 Pa = A - B / (K + C); burning rate of a wide pool [kg/m2/s] and how fast it is
    reached with diameter [1/m]; ``soot``, part of its flame hidden by smoke. NaN where there is none
    (not combustible, no liquid at 25 C). ``reactivity`` of the gas "low" or "high", ``liquid_class``
    "K0" to "K4"; both "" if it does not burn. ``surrogate`` says what stands for a product.
    """

    name: str
    zh: str
    cas: str
    molar_mass: float
    boiling_k: float
    critical_k: float
    critical_pa: float
    liquid_density_boiling: float
    liquid_density_25c: float
    density_exponent: float
    latent_heat: float
    combustion_heat: float
    lfl: float
    ufl: float
    gamma: float
    cp_liquid: float
    psat_25c: float
    antoine: tuple[float, float, float]
    flash_point_c: float
    reactivity: str
    liquid_class: str
    burning_limit: float
    burning_per_m: float
    soot: float
    surrogate: str
    confidence: str

    @property
    def combustible(self) -> bool:
        """Whether it has flammability limits."""
        return bool(np.isfinite(self.lfl))

    def vapour_pressure(self, temperature_k: ArrayLike) -> Array:
        """Saturation pressure [Pa] (Antoine). InputError above the critical temperature."""
        a, b, c = self.antoine
        return 10 ** (a - b / (self._liquid(temperature_k) + c))

    def boiling_temperature(self, pressure_pa: ArrayLike = ATMOSPHERE_PA) -> Array:
        """Temperature [K] at which the vapour pressure is ``pressure_pa`` [Pa] (Antoine)."""
        a, b, c = self.antoine
        return b / (a - np.log10(positive("pressure", pressure_pa, "Pa"))) - c

    def liquid_density(self, temperature_k: ArrayLike) -> Array:
        """Density of the saturated liquid [kg/m3]: a power of the distance to the critical temperature."""
        return self.liquid_density_boiling * self._reduced(temperature_k) ** self.density_exponent

    def latent_heat_at(self, temperature_k: ArrayLike) -> Array:
        """Heat of vaporisation [J/kg] (Watson 1943)."""
        return self.latent_heat * self._reduced(temperature_k) ** WATSON

    def gas_density(self, temperature_k: ArrayLike, pressure_pa: ArrayLike = ATMOSPHERE_PA) -> Array:
        """Density as an ideal gas [kg/m3]."""
        t = positive("temperature", temperature_k, "K")
        return positive("pressure", pressure_pa, "Pa") * self.molar_mass / (GAS_CONSTANT * t)

    def evaporation_volume(self, temperature_k: ArrayLike) -> Array:
        """Volume of the vapour less that of the liquid [m3/kg] at saturation, for `discharge.flashing_flow`."""
        t, p = self._liquid(temperature_k), self.vapour_pressure(temperature_k)
        z = compressibility_factor(p, t, self.critical_pa, self.critical_k)
        return z / self.gas_density(t, p) - 1 / self.liquid_density(t)

    def flash_fraction(self, temperature_k: ArrayLike, *, linear: bool = False) -> Array:
        """Part of the liquid stored at ``temperature_k`` [K] that boils away at ambient pressure [-]."""
        return flash_fraction(
            self.cp_liquid, self._liquid(temperature_k) - self.boiling_k, self.latent_heat, linear=linear
        )

    def mass_per_volume(self, fraction: ArrayLike, temperature_k: ArrayLike = 298.15) -> Array:
        """Concentration [mg/m3] of a volume fraction in air at ambient pressure."""
        return 1e6 * np.asarray(fraction, float) * self.gas_density(temperature_k)

    def _liquid(self, temperature_k: ArrayLike) -> Array:
        t = positive("temperature", temperature_k, "K")
        if (t >= self.critical_k).any():
            raise InputError(
                f"temperature {t[t >= self.critical_k].flat[0]:g} K is not below the critical temperature "
                f"{self.critical_k:g} K of {self.name}: there is no liquid. Treat it as a compressed gas."
            )
        return t

    def _reduced(self, temperature_k: ArrayLike) -> Array:
        return (self.critical_k - self._liquid(temperature_k)) / (self.critical_k - self.boiling_k)


def substance(name_or_cas: str | None) -> Substance:
    """
    The properties of what a name in Chinese or English, or a CAS number, means.

    Raises
    ------
    StandardsError
        If it is unknown, names several substances, or is a mixture for which nothing stands; with
        the nearest known names and what to do.
    """
    known, forms = _named(), written_forms(name_or_cas)
    if not forms:
        raise StandardsError("no substance is given. Write its name or CAS number.")
    for form in forms:
        if form in known:
            return known[form]
    names = canonical(name_or_cas)
    found = {known[n].name: known[n] for n in names if n in known}
    if len(names) == 1 and found:
        return next(iter(found.values()))
    raise StandardsError(_unknown(str(name_or_cas).strip(), names))


def substances() -> list[Substance]:
    """Every substance of the table, in its order."""
    return [s for s, _ in _rows()]


def _unknown(name: str, names: list[str]) -> str:
    if len(names) > 1:
        return f"'{name}' names {len(names)} substances ({', '.join(names)}). Give each a row, with its own quantity."
    if names:
        return f"'{name}' has no row in substances.csv: no consequence model serves it. {_nearest(name)}"
    if _MIXTURE.search(name.lower()):
        return (
            f"'{name}' is a mixture or solution that no single substance stands for. "
            f"Write its main dangerous component or that one's CAS number. {_nearest(name)}"
        )
    return f"substance '{name}' is not known to the consequence models. {_nearest(name)}"


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), _named(), n=3, cutoff=0.4)
    near += [k for k in _named() if len(k) > 1 and k in name and k not in near][:3]
    return f"Nearest known: {', '.join(near)}." if near else "See substances.csv for those that are known."


@lru_cache
def _named() -> dict[str, Substance]:
    """Written form -> substance; what a row is called itself goes before what it serves."""
    known: dict[str, Substance] = {}
    rows = _rows()
    for column in ("cas", "name_zh", "name_en", "names"):
        for found, row in rows:
            for written in text(row, column).split("|"):
                for form in written_forms(written):
                    known.setdefault(form, found)
    for found, row in rows:
        known.setdefault(text(row, "serves"), found)
    return known


@lru_cache
def _rows() -> list[tuple[Substance, dict[str, Any]]]:
    return [(_substance(row), row) for row in table_rows("substances")]


def _substance(row: dict[str, Any]) -> Substance:
    return Substance(
        name=text(row, "name_en"),
        zh=text(row, "name_zh"),
        cas=text(row, "cas"),
        molar_mass=number(row, "molar_mass_kg_mol"),
        boiling_k=number(row, "boiling_k"),
        critical_k=number(row, "critical_k"),
        critical_pa=number(row, "critical_pa"),
        liquid_density_boiling=number(row, "liquid_density_boiling_kg_m3"),
        liquid_density_25c=number(row, "liquid_density_25c_kg_m3"),
        density_exponent=number(row, "liquid_density_exponent"),
        latent_heat=number(row, "latent_heat_j_kg"),
        combustion_heat=number(row, "combustion_heat_j_kg"),
        lfl=number(row, "lfl"),
        ufl=number(row, "ufl"),
        gamma=number(row, "gamma"),
        cp_liquid=number(row, "cp_liquid_j_kg_k"),
        psat_25c=number(row, "psat_25c_pa"),
        antoine=(number(row, "antoine_a"), number(row, "antoine_b"), number(row, "antoine_c")),
        flash_point_c=number(row, "flash_point_c"),
        reactivity=text(row, "reactivity"),
        liquid_class=text(row, "liquid_class"),
        burning_limit=number(row, "burning_kg_m2_s"),
        burning_per_m=float(row["burning_per_m"]),  # infinite: at any diameter
        soot=number(row, "soot"),
        surrogate=text(row, "surrogate"),
        confidence=text(row, "confidence"),
    )
