"""Write geo_risk/standards/substances.csv: the properties that the consequence models need.

Run it by hand, ``python tools/substance_table.py``, after ``pip install chemicals==1.5.2
thermo==0.6.1 CoolProp==8.0.0``. None of the three is a dependency: the program reads the table.
A row that CoolProp confirms is V; another pure substance MC; a mixture stood for by others MU.
"""

from __future__ import annotations

import csv
import warnings
from pathlib import Path
from typing import NamedTuple

import CoolProp.CoolProp as coolprop
import numpy as np
from chemicals import LFL, UFL, T_flash
from chemicals.vapor_pressure import Psat_data_AntoinePoling
from scipy.optimize import curve_fit
from thermo import Chemical

TARGET = Path(__file__).parents[1] / "geo_risk" / "standards" / "substances.csv"
ROOM_K, ATMOSPHERE_PA = 298.15, 101_325.0
# Purple Book table 4.A
LOW_REACTIVITY = {"74-82-8", "630-08-0", "7664-41-7", "74-87-3", "74-83-9", "106-89-8", "75-00-3"}
CLEAN = {"74-82-8", "1333-74-0", "67-56-1", "64-17-5", "630-08-0", "115-10-6"}  # burn without soot


class Pure(NamedTuple):
    """One substance: names, CAS, the general names it serves, burning rate [kg/m2/s] and its growth [1/m]."""

    en: str
    zh: str
    cas: str
    names: str = ""
    serves: str = ""
    burning: tuple[float, float] | None = None
    flash_c: float | None = None
    note: str = ""
    limits: tuple[float, float] | None = None  # of flammability, where the package has none
    heat: float | None = None  # of combustion [J/kg], likewise

    @property
    def recalled(self) -> str:
        """Numbers given here that no source was read for; a row that has one is MU."""
        given = {"flash point": self.flash_c, "flammability limits": self.limits, "heat of combustion": self.heat}
        return ", ".join(what for what, value in given.items() if value is not None)


class Mixture(NamedTuple):
    """A product stood for by others, by mass; density at 25 C [kg/m3] where the stand-in's would be wrong."""

    en: str
    zh: str
    cas: str
    names: str
    parts: dict[str, float]
    why: str
    burning: tuple[float, float]
    flash_c: float
    density: float | None = None


ALWAYS = float("inf")  # the burning rate does not depend on the diameter
# Burning rates: Babrauskas in Yellow Book Table 6.5; others by Burgess (Yellow Book 6.67).
PURE = [
    Pure("methane", "甲烷", "74-82-8", "CH4|R50", "甲烷、天然气", (0.078, 1.1)),
    Pure("ethane", "乙烷", "74-84-0", "C2H6|R170"),
    Pure("propane", "丙烷", "74-98-6", "C3H8|R290|液化丙烷|liquid propane", "", (0.099, 1.4)),
    Pure("n-butane", "正丁烷", "106-97-8", "丁烷|butane|R600|液化丁烷", "", (0.078, 2.7)),
    Pure("isobutane", "异丁烷", "75-28-5", "i-butane|R600a", "", (0.078, 2.7)),
    Pure("ethylene", "乙烯", "74-85-1"),
    Pure("propylene", "丙烯", "115-07-1"),
    Pure("1,3-butadiene", "1,3-丁二烯", "106-99-0"),
    Pure("1-butene", "1-丁烯", "106-98-9"),
    Pure("isobutylene", "异丁烯", "115-11-7"),
    Pure("hydrogen", "氢", "1333-74-0", burning=(0.169, 6.1)),
    Pure("acetylene", "乙炔", "74-86-2"),
    Pure("n-pentane", "正戊烷", "109-66-0", "戊烷|pentane"),
    Pure("n-hexane", "正己烷", "110-54-3", burning=(0.074, 1.9)),
    Pure("n-heptane", "正庚烷", "142-82-5", "庚烷|heptane", burning=(0.101, 1.1)),
    Pure("cyclohexane", "环己烷", "110-82-7"),
    Pure("benzene", "苯", "71-43-2", burning=(0.085, 2.7)),
    Pure("toluene", "甲苯", "108-88-3"),
    Pure("m-xylene", "间二甲苯", "108-38-3", "1330-20-7|95-47-6|106-42-3", "二甲苯", (0.090, 1.4)),
    Pure("ethylbenzene", "乙苯", "100-41-4"),
    Pure("styrene", "苯乙烯", "100-42-5"),
    Pure("methanol", "甲醇", "67-56-1", burning=(0.015, ALWAYS)),
    Pure("ethanol", "乙醇", "64-17-5", burning=(0.015, ALWAYS)),
    Pure("isopropanol", "异丙醇", "67-63-0"),
    Pure("acetone", "丙酮", "67-64-1"),
    Pure("methyl ethyl ketone", "丁酮", "78-93-3"),
    Pure("diethyl ether", "乙醚", "60-29-7"),
    Pure("ethyl acetate", "乙酸乙酯", "141-78-6"),
    Pure("vinyl acetate", "乙酸乙烯酯", "108-05-4"),
    Pure("acetaldehyde", "乙醛", "75-07-0"),
    Pure("acetic acid", "乙酸", "64-19-7"),
    Pure("dimethyl ether", "二甲醚", "115-10-6"),
    Pure("ethylene oxide", "环氧乙烷", "75-21-8"),
    Pure("propylene oxide", "1,2-环氧丙烷", "75-56-9"),
    Pure("epichlorohydrin", "环氧氯丙烷", "106-89-8"),
    Pure("vinyl chloride", "氯乙烯", "75-01-4", "氯乙烯单体"),
    Pure("methyl chloride", "氯甲烷", "74-87-3"),
    Pure("methyl bromide", "溴甲烷", "74-83-9"),
    Pure("methylamine", "一甲胺", "74-89-5"),
    Pure("acrylonitrile", "丙烯腈", "107-13-1"),
    Pure("acrolein", "丙烯醛", "107-02-8", flash_c=-26.0, limits=(0.028, 0.31), heat=27.5e6),
    Pure("allyl alcohol", "烯丙醇", "107-18-6", "丙烯醇|2-丙烯-1-醇"),
    Pure("isoprene", "异戊二烯", "78-79-5"),
    Pure("cumene", "异丙苯", "98-82-8"),
    Pure("1-butanol", "正丁醇", "71-36-3", "丁醇|butanol"),
    Pure("methyl isobutyl ketone", "甲基异丁基酮", "108-10-1", "MIBK", flash_c=14.0, limits=(0.012, 0.08), heat=34.7e6),
    Pure("cyclohexanone", "环己酮", "108-94-1"),
    Pure("n-butyl acetate", "乙酸正丁酯", "123-86-4", "乙酸丁酯|醋酸丁酯|butyl acetate"),
    Pure("methyl methacrylate", "甲基丙烯酸甲酯", "80-62-6", "MMA"),
    Pure("methyl tert-butyl ether", "甲基叔丁基醚", "1634-04-4", "MTBE"),
    Pure("1,4-dioxane", "1,4-二氧六环", "123-91-1", "二噁烷|1,4-二氧陆圜|dioxane"),
    Pure("pyridine", "吡啶", "110-86-1"),
    Pure("aniline", "苯胺", "62-53-3"),
    Pure("dimethylformamide", "二甲基甲酰胺", "68-12-2", "DMF|N,N-二甲基甲酰胺|N,N-Dimethyl formamide"),
    Pure("ethyl chloride", "氯乙烷", "75-00-3", "chloroethane"),
    Pure("chloroform", "三氯甲烷", "67-66-3", "氯仿"),
    Pure("formaldehyde", "甲醛", "50-00-0", flash_c=-60.0),  # a gas; the packages give its solution
    Pure("carbon disulfide", "二硫化碳", "75-15-0"),
    Pure("ammonia", "氨", "7664-41-7"),
    Pure("chlorine", "氯", "7782-50-5"),
    Pure("hydrogen chloride", "氯化氢", "7647-01-0"),
    Pure("hydrogen fluoride", "氟化氢", "7664-39-3", note="associates: near its boiling point up to four times M"),
    Pure("hydrogen sulfide", "硫化氢", "7783-06-4"),
    Pure("sulfur dioxide", "二氧化硫", "7446-09-5"),
    Pure("carbon monoxide", "一氧化碳", "630-08-0", "CO"),
    Pure("phosgene", "碳酰氯", "75-44-5"),
    Pure("hydrogen cyanide", "氰化氢", "74-90-8"),
    Pure("methyl isocyanate", "异氰酸甲酯", "624-83-9"),
    Pure("phosphine", "磷化氢", "7803-51-2", limits=(0.0179, 0.98)),
    Pure("bromine", "溴", "7726-95-6"),
]
# Stand-ins of mixtures only.
BASES = [Pure("n-decane", "正癸烷", "124-18-5"), Pure("n-dodecane", "正十二烷", "112-40-3", limits=(0.006, 0.047))]
MIXTURES = [
    Mixture("LPG", "液化石油气", "68476-85-7", "", {"74-98-6": 0.5, "106-97-8": 0.5},
            "half propane, half n-butane by mass", (0.099, 1.4), -60.0),
    Mixture("natural gas", "天然气", "8006-14-2", "NG|CNG|LNG|液化天然气|压缩天然气|管道天然气", {"74-82-8": 1.0},
            "natural gas as methane", (0.078, 1.1), -188.0),
    Mixture("gasoline", "汽油", "86290-81-5", "", {"109-66-0": 0.25, "142-82-5": 0.75},
            "a quarter n-pentane, three quarters n-heptane by mass: vapour pressure and molar mass of summer gasoline",
            (0.055, 2.1), -40.0, 740.0),
    Mixture("naphtha", "石脑油", "8030-30-6", "", {"110-54-3": 1.0}, "naphtha as n-hexane", (0.074, 1.9), -20.0, 700.0),
    Mixture("kerosene", "煤油", "8008-20-6", "", {"124-18-5": 1.0}, "kerosene as n-decane", (0.039, 3.5), 38.0, 800.0),
    Mixture("diesel", "柴油", "68334-30-5", "", {"112-40-3": 1.0}, "diesel as n-dodecane, burning as kerosene",
            (0.039, 3.5), 55.0, 840.0),
    Mixture("crude oil", "原油", "8002-05-9", "", {"109-66-0": 0.1, "124-18-5": 0.9},
            "a tenth n-pentane, the rest n-decane by mass; burning as gasoline", (0.055, 2.1), 10.0, 860.0),
    Mixture("coal gas", "煤气", "630-08-0", "", {"630-08-0": 1.0},
            "coal gas as carbon monoxide: more toxic than any coal gas, less reactive than one rich in hydrogen",
            (0.0, 0.0), -191.0),
]  # fmt: skip


def main() -> None:
    """Compute every row and write the table."""
    warnings.simplefilter("ignore")
    computed = {p.cas: properties(p) for p in (*PURE, *BASES)}
    rows = [finish(p, dict(computed[p.cas])) for p in PURE]
    rows += [finish(m, blend(m, computed)) for m in MIXTURES]
    with TARGET.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows({k: cell(v) for k, v in row.items()} for row in rows)


def properties(p: Pure) -> dict[str, object]:
    """The numbers of a pure substance, SI."""
    c = Chemical(p.cas)
    mass = c.MW / 1000
    cold = min(ROOM_K, c.Tb)
    room = c.Tc > ROOM_K
    lfl, ufl = p.limits or (LFL(CASRN=p.cas), UFL(CASRN=p.cas))
    heat = p.heat or (-c.Hc_lower if c.Hc_lower else None)
    if heat is None:
        lfl = ufl = None
    flash = None if lfl is None else p.flash_c if p.flash_c is not None else celsius(T_flash(p.cas))
    cp_gas = c.HeatCapacityGas(ROOM_K)
    return {
        "molar_mass_kg_mol": mass,
        "boiling_k": c.Tb,
        "critical_k": c.Tc,
        "critical_pa": c.Pc,
        "liquid_density_boiling_kg_m3": density(c, c.Tb),
        "liquid_density_25c_kg_m3": density(c, ROOM_K) if room else None,
        "liquid_density_exponent": density_exponent(c),
        "latent_heat_j_kg": c.EnthalpyVaporization(c.Tb) / mass,
        "combustion_heat_j_kg": None if lfl is None else heat,
        "lfl": lfl,
        "ufl": ufl,
        "gamma": cp_gas / (cp_gas - 8.314463),
        "cp_liquid_j_kg_k": c.HeatCapacityLiquid(cold) / mass,
        "psat_25c_pa": c.VaporPressure(ROOM_K) if room else None,
        "antoine": antoine(p.cas, c),
        "flash_point_c": flash,
        "confidence": "MU" if p.recalled else "V" if confirmed(p.cas, c) else "MC",
    }


def blend(m: Mixture, computed: dict[str, dict[str, object]]) -> dict[str, object]:
    """A mixture: heats by mass, Raoult's vapour pressure, Le Chatelier's limits, Kay's critical point."""
    parts = [(computed[cas], w) for cas, w in m.parts.items()]
    moles = np.array([w / p["molar_mass_kg_mol"] for p, w in parts])
    x = moles / moles.sum()

    def by_mass(key):
        return sum(w * p[key] for p, w in parts)

    def by_mole(key):
        return sum(xi * p[key] for xi, (p, _) in zip(x, parts, strict=True))

    def le_chatelier(key):
        return 1 / sum(xi / p[key] for xi, (p, _) in zip(x, parts, strict=True))

    def bubble(t):
        return sum(xi * pressure(p["antoine"], t) for xi, (p, _) in zip(x, parts, strict=True))

    lowest = min(p["boiling_k"] for p, _ in parts)
    grid = np.linspace(lowest - 40, lowest + 90, 60)
    fitted = fit_antoine(grid, bubble(grid)) if len(parts) > 1 else parts[0][0]["antoine"]
    room = all(p["psat_25c_pa"] is not None for p, _ in parts)
    boiling = fitted[1] / (fitted[0] - np.log10(ATMOSPHERE_PA)) - fitted[2]
    critical, exponent = by_mole("critical_k"), by_mass("liquid_density_exponent")
    cold, warm = None, by_mass("liquid_density_boiling_kg_m3")
    if room:
        cold = m.density or 1 / sum(w / p["liquid_density_25c_kg_m3"] for p, w in parts)
        warm = cold * ((critical - boiling) / (critical - ROOM_K)) ** exponent
    return {
        "molar_mass_kg_mol": 1 / moles.sum(),
        "boiling_k": boiling,
        "critical_k": critical,
        "critical_pa": by_mole("critical_pa"),
        "liquid_density_boiling_kg_m3": warm,
        "liquid_density_25c_kg_m3": cold,
        "liquid_density_exponent": exponent,
        "latent_heat_j_kg": by_mass("latent_heat_j_kg"),
        "combustion_heat_j_kg": by_mass("combustion_heat_j_kg"),
        "lfl": le_chatelier("lfl"),
        "ufl": le_chatelier("ufl"),
        "gamma": by_mole("gamma"),
        "cp_liquid_j_kg_k": by_mass("cp_liquid_j_kg_k"),
        "psat_25c_pa": by_mole("psat_25c_pa") if room else None,
        "antoine": fitted,
        "flash_point_c": m.flash_c,
        "confidence": "MU" if m.en != "natural gas" else "MC",
    }


def finish(p: Pure | Mixture, numbers: dict[str, object]) -> dict[str, object]:
    """Names, classes, burning rate and provenance beside the numbers."""
    mixture = isinstance(p, Mixture)
    a, b, c = numbers.pop("antoine")
    combustible = numbers["lfl"] is not None
    only = next(iter(p.parts)) if mixture and len(p.parts) == 1 else p.cas
    limit, per_m, rate = burning(p, numbers) if combustible else (None, None, "")
    confidence = numbers.pop("confidence")
    made = "from " + p.why if mixture else "chemicals 1.5.2 and thermo 0.6.1"
    if not mixture and confidence == "V":
        made += "; CoolProp 8.0.0 agrees within 1 %"
    if not mixture and p.recalled:
        made += f"; {p.recalled} recalled, no source read"
    return {
        "name_en": p.en,
        "name_zh": p.zh,
        "cas": p.cas,
        "names": p.names,
        "serves": p.zh if mixture else p.serves or p.zh,
        **numbers,
        "antoine_a": a,
        "antoine_b": b,
        "antoine_c": c,
        "reactivity": ("low" if only in LOW_REACTIVITY else "high") if combustible else "",
        "liquid_class": liquid_class(numbers["flash_point_c"], numbers["boiling_k"]) if combustible else "",
        "burning_kg_m2_s": limit,
        "burning_per_m": per_m,
        "soot": (0.0 if only in CLEAN else 0.8) if combustible else None,
        "surrogate": p.why if mixture else "",
        "standard": "substance properties",
        "edition": "-",
        "clause": "-",
        "confidence": confidence,
        "source": made + (f"; {p.note}" if not mixture and p.note else "") + rate,
    }


def burning(p: Pure | Mixture, numbers: dict[str, object]) -> tuple[float, float, str]:
    """Burning rate of a wide pool [kg/m2/s], how fast it is reached [1/m], and where it comes from."""
    if p.burning and p.burning[0]:
        return *p.burning, "; burning rate Yellow Book Table 6.5"
    warming = numbers["cp_liquid_j_kg_k"] * max(numbers["boiling_k"] - ROOM_K, 0.0)
    rate = 0.001 * numbers["combustion_heat_j_kg"] / (numbers["latent_heat_j_kg"] + warming)
    return rate, ALWAYS, "; burning rate by Burgess, Yellow Book 6.67"


def liquid_class(flash_c: float | None, boiling_k: float) -> str:
    """K0 boils below 35 C, K1 flashes below 21 C, K2 below 55, K3 below 100, K4 above (Purple Book, Bevi)."""
    if boiling_k <= 308.15 and (flash_c is None or flash_c < 0):
        return "K0"
    limits = (("K1", 21.0), ("K2", 55.0), ("K3", 100.0))
    return next((name for name, limit in limits if flash_c < limit), "K4")


def density_exponent(c: Chemical) -> float:
    """n of rho = rho(Tb) ((Tc - T) / (Tc - Tb))^n, fitted from Tb - 40 K to 0.9 Tc."""
    t = np.linspace(max(c.Tb - 40, c.Tm + 2), 0.9 * c.Tc, 20)
    rho = np.array([density(c, x) for x in t]) / density(c, c.Tb)
    x = np.log((c.Tc - t) / (c.Tc - c.Tb))
    return float((x * np.log(rho)).sum() / (x * x).sum())


def antoine(cas: str, c: Chemical) -> tuple[float, float, float]:
    """A, B, C of log10 Pa = A - B / (K + C): Poling's where right from boiling to 25 C, else fitted over that."""
    ends = np.array([c.Tb, min(ROOM_K, 0.95 * c.Tc)])
    true = np.array([c.VaporPressure(t) for t in ends])
    if cas in Psat_data_AntoinePoling.index:
        row = Psat_data_AntoinePoling.loc[cas]
        found = tuple(float(row[k]) for k in "ABC")
        if np.allclose(pressure(found, ends), true, rtol=0.1):
            return found
    low, high = min(c.Tb, ROOM_K) - 40, max(c.Tb + 10, min(ROOM_K + 30, 0.98 * c.Tc))
    t = np.linspace(max(low, c.Tm + 1), high, 60)
    return fit_antoine(t, np.array([c.VaporPressure(x) for x in t]))


def fit_antoine(t: np.ndarray, pa: np.ndarray) -> tuple[float, float, float]:
    """Least squares in log10 Pa, from a start near the usual C of an eighth of the temperature."""
    start = (9.0, 4.0 * t.mean(), -t.mean() / 8)
    return tuple(float(v) for v in curve_fit(lambda t, a, b, c: a - b / (t + c), t, np.log10(pa), start)[0])


def pressure(coefficients: tuple[float, float, float], t: np.ndarray) -> np.ndarray:
    """Antoine."""
    a, b, c = coefficients
    return 10 ** (a - b / (t + c))


def density(c: Chemical, t: float) -> float:
    """Of the saturated liquid [kg/m3]."""
    return c.MW / 1000 / c.VolumeLiquid.T_dependent_property(t)


def confirmed(cas: str, c: Chemical) -> bool:
    """Whether CoolProp has the substance and its boiling point, density and latent heat agree within 1 %."""
    fluids = {coolprop.get_fluid_param_string(f, "CAS"): f for f in coolprop.FluidsList()}
    if cas not in fluids:
        return False
    f, mass = fluids[cas], c.MW / 1000
    tb = coolprop.PropsSI("T", "P", ATMOSPHERE_PA, "Q", 0, f)
    rho = coolprop.PropsSI("D", "P", ATMOSPHERE_PA, "Q", 0, f)
    latent = coolprop.PropsSI("H", "P", ATMOSPHERE_PA, "Q", 1, f) - coolprop.PropsSI("H", "P", ATMOSPHERE_PA, "Q", 0, f)
    mine = (c.Tb, density(c, c.Tb), c.EnthalpyVaporization(c.Tb) / mass)
    return bool(np.allclose(mine, (tb, rho, latent), rtol=0.01))


def celsius(kelvin: float | None) -> float | None:
    """Degrees, where known."""
    return None if kelvin is None else kelvin - 273.15


def cell(value: object) -> object:
    """Numbers to six digits."""
    return f"{value:.6g}" if isinstance(value, (float, np.floating)) else "" if value is None else value


if __name__ == "__main__":
    main()
