"""Long pipelines of gas: how fast a broken one empties, and how far its fire kills, alike in all directions.

C-FER (GRI-00/0189, the rule of ASME B31.8S and 49 CFR 192.903) gives one radius; the outflow of
Bell as modified by Wilson (Yellow Book 2.5.2) gives the fireball of the first seconds and the
burning crater after it. Frequencies and ignition are rows of ``standards/pipeline_*.csv``. SI units;
arrays of distances broadcast; NaN in gives NaN out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf, isnan, nan, pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...errors import StandardsError
from ...standards import weakest
from ..rows import table_rows
from . import fireball
from .checks import ATMOSPHERE_PA, GAS_CONSTANT, Array, Valid, not_negative, positive, valid
from .discharge import friction_factor, gas_flow
from .jet_fire import RADIATED, length_aqt
from .radiation import point_source, transmissivity_aqt
from .vulnerability import HEAT_EXPOSURE_S, dose_probit, heat_dose_integral, heat_rules, probability

# C-FER: r [ft] = k sqrt(p [psi, gauge] d[in]^2).
IMPACT_FACTOR = {"natural gas": 0.69, "rich gas": 0.73, "hydrogen": 0.47}
_FOOT, _INCH, _PSI = 0.3048, 0.0254, 6894.757
IMPACT_HEAT_W_M2 = 15_800.0  # 5000 Btu/h/ft2: 1 % die in 30 s outdoors
BURNING, EMITTED, DECAY = 0.35, 0.20, 0.33  # combustion efficiency, emissivity, rate over the initial one (C-FER)
_CFER_CD, _CFER_K = 0.62, 288.0
CFER_EXPOSURE_S = 30.0


def impact_radius(pressure_pa: ArrayLike, diameter_m: ArrayLike, *, gas: str = "natural gas") -> Array:
    """Potential impact radius [m] (49 CFR 192.903) of a gauge pressure [Pa] and an outside diameter [m]."""
    if gas not in IMPACT_FACTOR:
        raise StandardsError(f"no impact radius for '{gas}'. There is one for: {', '.join(IMPACT_FACTOR)}.")
    p, d = positive("pressure", pressure_pa, "Pa") / _PSI, positive("diameter", diameter_m, "m") / _INCH
    return np.asarray(IMPACT_FACTOR[gas] * np.sqrt(p) * d * _FOOT)


def impact_distance(
    pressure_pa: ArrayLike,
    diameter_m: ArrayLike,
    heat_w_m2: ArrayLike = IMPACT_HEAT_W_M2,
    *,
    molar_mass: float = 0.016,
    gamma: float = 1.306,
    combustion_heat: float = 50e6,
    temperature_k: float = _CFER_K,
) -> Array:
    """The derivation behind `impact_radius`: distance [m] of a heat [W/m2] from the burning crater of both ends."""
    p, d = positive("pressure", pressure_pa, "Pa"), positive("diameter", diameter_m, "m")
    flow = gamma * (2 / (gamma + 1)) ** ((gamma + 1) / (2 * (gamma - 1)))
    sound = sqrt(gamma * GAS_CONSTANT * temperature_k / molar_mass)
    both = 2 * _CFER_CD * pi / 4 * d**2 * p * flow / sound
    power = BURNING * EMITTED * DECAY * both * combustion_heat
    return np.sqrt(power / (4 * pi * positive("heat", heat_w_m2, "W/m2")))


def impact_death(
    distance_m: ArrayLike,
    pressure_pa: float,
    diameter_m: float,
    *,
    gas: str = "natural gas",
    seconds: float = CFER_EXPOSURE_S,
    by: str = "purple_book",
) -> tuple[Array, Array, Array]:
    """Death (individual, societal outdoors, indoors) about a rupture by C-FER's heat alone, which falls as 1/r^2."""
    r = np.maximum(not_negative("distance", distance_m, "m"), 1e-3)
    heat = IMPACT_HEAT_W_M2 * (impact_radius(pressure_pa, diameter_m, gas=gas) / r) ** 2
    p = probability(dose_probit(heat ** (4 / 3) * seconds, by=by))
    return heat_rules(p, heat, by=by)


@dataclass(frozen=True)
class Line:
    """
    A gas pipeline between two valves, broken in the middle.

    ``pressure_pa`` absolute, ``diameter_m`` inside, ``length_m`` between the valves (or pipeline
    ends) that hold the gas back.
    """

    pressure_pa: float
    diameter_m: float
    length_m: float
    molar_mass: float = 0.016042
    gamma: float = 1.30
    combustion_heat: float = 50.0e6
    temperature_k: float = 288.15

    @cached_property
    def initial_kg_s(self) -> float:
        """Outflow of one end at the first moment [kg/s]: choked, from the full bore."""
        area = pi / 4 * self.diameter_m**2
        flow = gas_flow(area, self.pressure_pa, self.temperature_k, self.molar_mass, self.gamma, 1.0)
        return float(flow.kg_s)

    @cached_property
    def half_mass_kg(self) -> float:
        """What flows out of one end [kg]: the gas of half the line above atmospheric pressure."""
        volume = pi / 4 * self.diameter_m**2 * self.length_m / 2
        above = max(self.pressure_pa - ATMOSPHERE_PA, 0.0)
        return above * self.molar_mass / (GAS_CONSTANT * self.temperature_k) * volume

    @cached_property
    def time_constant_s(self) -> float:
        """Wilson's time constant of one end [s]."""
        sound = sqrt(self.gamma * GAS_CONSTANT * self.temperature_k / self.molar_mass)
        half, darcy = self.length_m / 2, 4 * float(friction_factor(self.diameter_m))
        return 2 / 3 * half / sound * sqrt(self.gamma * darcy * half / self.diameter_m)

    @cached_property
    def _ratio(self) -> float:
        return self.half_mass_kg / (self.time_constant_s * self.initial_kg_s)


def line_valid(line: Line) -> Valid:
    """
    Where the outflow formula holds: choked at first, and longer than the pressure wave empties at once.

    A line that is fed from its end goes on flowing; that is not in it.
    """
    return valid(
        ("pressure", line.pressure_pa, 2 * ATMOSPHERE_PA, np.inf, "Pa"),
        ("mass over initial outflow and time constant", line._ratio, 0.0, 1.0, "-"),
    )


def rupture_rate(time_s: ArrayLike, line: Line) -> Array:
    """Outflow of both ends [kg/s] some time after the rupture (Bell, Wilson; Yellow Book 2.5.2)."""
    t, a, b = np.asarray(time_s, float), line._ratio, line.time_constant_s
    return np.asarray(2 * line.initial_kg_s / (1 + a) * (a * np.exp(-t / b) + np.exp(-t / (a**2 * b))))


def rupture_mass(time_s: ArrayLike, line: Line) -> Array:
    """What both ends have lost by a time [kg]; all they hold in the end."""
    t, a, b = np.asarray(time_s, float), line._ratio, line.time_constant_s
    lost = a * b * -np.expm1(-t / b) + a**2 * b * -np.expm1(-t / (a**2 * b))
    return np.asarray(2 * line.initial_kg_s / (1 + a) * lost)


def rupture_fireball(line: Line) -> tuple[float, fireball.Fireball]:
    """Mass [kg] and fireball of a rupture that ignites at once: what flows out while the fireball lasts."""
    mass = line.initial_kg_s
    for _ in range(60):  # a contraction: the time grows with a small power of the mass
        ball = fireball.ccps(mass, line.combustion_heat, radiated=EMITTED)
        mass = float(rupture_mass(float(ball.duration_s), line))
    return mass, ball


_TIME_STEPS = 41


def rupture_death(
    distance_m: ArrayLike,
    line: Line,
    *,
    ignition_s: float = 0.0,
    seconds: float = HEAT_EXPOSURE_S,
    by: str = "purple_book",
) -> tuple[Array, Array, Array]:
    """
    Death (individual, societal outdoors, indoors) about a rupture that ignites after ``ignition_s``.

    At once: a fireball, then the burning crater for what is left of the exposure. Later: the crater
    alone, fed by the outflow of that moment on. All die below the fireball (Purple Book).
    """
    r = np.maximum(not_negative("distance", distance_m, "m"), 1e-3)
    dose, hottest, inside = np.zeros(r.shape), np.zeros(r.shape), np.zeros(r.shape, bool)
    start = 0.0
    if ignition_s == 0:
        _, ball = rupture_fireball(line)
        start = min(float(ball.duration_s), seconds)
        hottest = fireball.heat_flux(ball, r)
        dose, inside = hottest ** (4 / 3) * start, r <= ball.diameter_m / 2
    times = np.linspace(start, seconds, _TIME_STEPS)
    power = BURNING * EMITTED * line.combustion_heat * rupture_rate(ignition_s + times, line)
    crater = power / (4 * pi * r[..., None] ** 2)
    dose = dose + heat_dose_integral(crater, times)
    hottest = np.maximum(hottest, crater[..., 0]) if seconds > start else hottest
    p = probability(dose_probit(dose, by=by))
    alone, outdoors, indoors = heat_rules(p, hottest, by=by)
    return np.where(inside, 1.0, alone), np.where(inside, 1.0, outdoors), np.where(inside, 1.0, indoors)


def leak_heat(distance_m: ArrayLike, rate_kg_s: float, combustion_heat: float = 50.0e6) -> Array:
    """Heat [W/m2] by distance [m] about an upright jet fire from a hole in a buried line."""
    power = rate_kg_s * combustion_heat
    middle = float(length_aqt(power)) / 2
    away = np.hypot(not_negative("distance", distance_m, "m"), middle)
    return point_source(power, RADIATED, away, transmissivity_aqt(away))


class Failure(NamedTuple):
    """One way a pipeline breaks: size of the hole [m], per metre and year, how sure the number is."""

    hole: str
    hole_m: float
    per_m_yr: float
    ignition: float
    confidence: str


def failures(set: str, diameter_m: float, *, wall_mm: float = nan, condition: str = "") -> list[Failure]:
    """
    Frequencies of a pipeline's holes and the share of them that ignite.

    Parameters
    ----------
    set : of ``pipeline_frequencies.csv``.
    wall_mm : where the set asks for it; unknown counts as its thinnest, which fails most often.
    condition : such as "in lane"; by default the set's last, which fails most often.
    """
    rows = [r for r in table_rows("pipeline_frequencies") if r["set"] == set]
    if not rows:
        known = sorted({r["set"] for r in table_rows("pipeline_frequencies")})
        raise StandardsError(f"no set of pipeline frequencies '{set}'. There are: {', '.join(known)}.")
    conditions = [r["condition"] for r in rows]
    if condition and condition not in conditions:
        raise StandardsError(f"'{set}' has no '{condition}'. It has: {', '.join(dict.fromkeys(conditions))}.")
    rows = [r for r in rows if r["condition"] == (condition or conditions[-1]) and _thick(r, wall_mm)]
    out = []
    for r in rows:
        size = diameter_m if r["hole"] == "rupture" else min(r["hole_mm"] / 1000, diameter_m)
        share, how_sure = ignition(r["hole"], diameter_m)
        out.append(Failure(r["hole"], size, r["per_m_yr"], share, weakest([r["confidence"], how_sure])))
    return out


def _thick(row: dict, wall_mm: float) -> bool:
    low = row["wall_from_mm"]
    if isnan(low):
        return True
    high = inf if isnan(row["wall_to_mm"]) else row["wall_to_mm"]
    return low == 0 if isnan(wall_mm) else low < wall_mm <= high


def ignition(hole: str, diameter_m: float) -> tuple[float, str]:
    """Share of the releases of a kind of hole that ignite, and how sure the number is (``pipeline_ignition.csv``)."""
    mm = diameter_m * 1000
    for r in table_rows("pipeline_ignition"):
        high = inf if isnan(r["diameter_to_mm"]) else r["diameter_to_mm"]
        if r["hole"] == hole and r["diameter_over_mm"] < mm <= high:
            return r["probability"], r["confidence"]
    raise StandardsError(f"pipeline_ignition.csv has no row for a '{hole}' of a pipe of {mm:g} mm.")
