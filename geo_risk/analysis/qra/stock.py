"""What a row of a store says it holds: substance, state and stock, or why that cannot be told."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import GeoRiskError
from ..consequence.checks import ATMOSPHERE_PA, GAS_CONSTANT
from ..consequence.properties import Substance, substance
from ..rows import number, text
from ..substances import identify, is_solution
from .defaults import Assumed, default_row, parameter

KELVIN = 273.15
_CELSIUS, _GAUGE_MPA = (-270.0, 1000.0), (-0.1, 300.0)  # beyond them no plant works: a slip of the pen or of the unit
_GAS_KG_M3 = 200.0  # lighter than any liquid here: a gas fills its vessel


class NotQuantifiedError(GeoRiskError, ValueError):
    """A row that cannot be computed: why, and what would help."""

    def __init__(self, reason: str, helps: str):
        super().__init__(f"{reason} {helps}")
        self.reason, self.helps = reason, helps


def substance_of(row: dict[str, Any]) -> Substance:
    """The substance a row means; refuses solutions, whose name or CAS number is that of the pure one."""
    name, cas = text(row, "substance"), text(row, "cas")
    if not (name or cas):
        raise NotQuantifiedError("no substance is given.", "Write its name or CAS number.")
    if is_solution(name):
        raise NotQuantifiedError(f"'{name}' is a solution; its vapour is not that of the pure substance.",
                                 "Write the pure substance and its quantity if it is meant.")  # fmt: skip
    try:
        return substance(name or cas)
    except GeoRiskError:
        if not (name and cas):
            raise
    return substance(cas)


def state(row: dict[str, Any], what: Substance, assumed: Assumed) -> tuple[str, float, float]:
    """Phase (gas, liquefied, refrigerated, liquid), absolute pressure [Pa] and temperature [K] of a store."""
    celsius, gauge = number(row, "temperature_c"), number(row, "pressure_mpa")
    for value, low, high, what_for in ((celsius, *_CELSIUS, "temperature_c"), (gauge, *_GAUGE_MPA, "pressure_mpa")):
        if not np.isnan(value) and not low <= value <= high:
            raise NotQuantifiedError(f"its {what_for} is {value:g}.", f"Write a value from {low:g} to {high:g}.")
    ambient = default_row("ambient_k")["value"]
    given = ATMOSPHERE_PA + max(gauge, 0.0) * 1e6 if np.isfinite(gauge) else np.nan
    cold = text(row, "storage") == "refrigerated" or celsius + KELVIN <= what.boiling_k + 1
    if cold and what.boiling_k < ambient:
        return "refrigerated", given if np.isfinite(given) else ATMOSPHERE_PA, what.boiling_k
    kelvin = celsius + KELVIN if np.isfinite(celsius) else assumed.default("temperature_k", "ambient_k")
    if kelvin <= what.boiling_k:
        return "liquid", given if np.isfinite(given) else ATMOSPHERE_PA, kelvin
    if kelvin < what.critical_k:
        own = float(what.vapour_pressure(kelvin))
        if not np.isfinite(gauge):
            assumed.say("pressure_pa", own, "Pa", "saturation pressure at the temperature", "V")
        return "liquefied", max(own, given) if np.isfinite(given) else own, kelvin
    if not gauge > 0:
        given = ATMOSPHERE_PA + 1e6 * assumed.default("pressure_pa", "pressure_mpa", text(row, "kind"))
    return "gas", given, kelvin


def density(what: Substance, phase: str, pressure_pa: float, kelvin: float) -> float:
    """Of what is stored [kg/m3]."""
    if phase == "gas":
        return pressure_pa * what.molar_mass / (GAS_CONSTANT * kelvin)
    return float(what.liquid_density(kelvin))


def quantity_kg(row: dict[str, Any], kg_m3: float, assumed: Assumed, missing_quantity: str) -> float:
    """Stock [kg]: given, from the volume, a default of the kind, or the threshold of GB 18218."""
    tonnes, volume, kind = number(row, "quantity_t"), number(row, "volume_m3"), text(row, "kind")
    limit = parameter("quantity_max_t")
    if np.isfinite(tonnes):
        if not 0 < tonnes <= limit:
            raise NotQuantifiedError(
                f"its quantity is {tonnes:g} t.", f"Write a quantity above 0, at most {limit:g} t."
            )
        return tonnes * 1000
    if np.isfinite(volume):
        if not 0 < volume <= limit:
            raise NotQuantifiedError(f"its volume is {volume:g} m3.", f"Write a volume above 0, at most {limit:g} m3.")
        fill = 1.0 if kg_m3 < _GAS_KG_M3 else default_row("vessel_fill")["value"]
        kg = volume * kg_m3 * fill
        assumed.say("inventory_kg", kg, "kg", f"volume {volume:g} m3, filled to {fill:g}, {kg_m3:.0f} kg/m3", "MC")
        return kg
    try:
        return 1000 * assumed.default("inventory_kg", "quantity_t", kind)
    except GeoRiskError:
        pass
    listed, _ = identify(text(row, "substance"), text(row, "cas"), text(row, "hazard_class"))
    threshold = min((s.threshold_low_t for s in listed), default=np.nan)
    if missing_quantity == "threshold" and np.isfinite(threshold):
        why = "quantity and volume missing: the threshold of GB 18218-2018 is taken"
        assumed.say("inventory_kg", threshold * 1000, "kg", why, "MU")
        return threshold * 1000
    raise NotQuantifiedError("neither quantity nor volume is given.", "Write the design maximum in tonnes.")
