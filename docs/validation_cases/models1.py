"""Discharge, pools, pool and jet fire, fireball, explosion: id, what, published, tolerance, status, compute, source."""

from functools import cache
from math import degrees, pi, tan

import numpy as np

from geo_risk.analysis.consequence import discharge, explosion, fireball, jet_fire, pool_fire, pools
from geo_risk.analysis.consequence.checks import distance_where

YB, CCPS, AQT = "Yellow Book", "CCPS Consequence Analysis 1999", "AQ/T 3046-2013"
BAR = 1e5


def hole(diameter_m):
    return pi / 4 * diameter_m**2


# --- discharge

PROPANE = {"pressure_pa": 501_000, "temperature_k": 298, "molar_mass": 0.0441, "gamma": 1.15, "cd": 0.85}
HYDROGEN = {"temperature_k": 288.15, "molar_mass": 2.016e-3, "gamma": 1.405}


def propane():
    return discharge.gas_flow(hole(0.010), **PROPANE)


def pipe(length_m):
    given = {"roughness_m": 4.6e-5, "law": "aqt3046"}
    return discharge.long_pipe_flow(8.101325e6, 288.15, 0.018, 1.3, 0.981, length_m, **given)


def fanno(mach):
    """4 f L / D of air from this Mach number to the speed of sound, from the pipe that has it at its entry."""
    drag = np.geomspace(1e-3, 1e3, 20_001)
    length = drag * 0.1 / (4 * discharge.friction_factor(0.1))
    entry = discharge.long_pipe_flow(1e9, 300.0, 0.029, 1.4, 0.1, length).entry_mach
    return np.interp(-mach, -entry, drag)


def methane_jet():
    z = discharge.compressibility_factor(60 * BAR, 288.15, 4.5992e6, 190.56)
    return discharge.gas_flow(hole(0.020), 60 * BAR, 288.15, 0.016043, 1.306, 1.0, compressibility=z).kg_s


DISCHARGE = [
    (
        "SRC-1",
        "acrylonitrile tank, 0.1 m hole, 11.12 m head [kg/s]",
        58.44,
        0.001,
        "V",
        lambda: discharge.liquid_flow(hole(0.1), 101_325, 812.5, head_m=11.12, cd=0.62),
        f"{YB} 2.6.4.1",
    ),
    (
        "SRC-2",
        "liquid through a 10 mm hole [kg/s]",
        0.2169,
        0.001,
        "V",
        lambda: discharge.liquid_flow(hole(0.010), 120_935, 490, cd=0.63),
        f"{CCPS} p. 40",
    ),
    ("SRC-4", "propane gas, 10 mm hole [kg/s]", 0.0900, 0.002, "V", lambda: propane().kg_s, f"{CCPS} p. 47"),
    ("SRC-4", "pressure in the throat [kPa]", 287.8, 0.002, "V", lambda: propane().throat_pa / 1000, f"{CCPS} p. 47"),
    ("SRC-4", "temperature in the throat [K]", 277.2, 0.002, "V", lambda: propane().throat_k, f"{CCPS} p. 47"),
    (
        "SRC-5",
        "hydrogen 50 bar, 0.1 m hole [kg/s]",
        15.31,
        0.002,
        "V",
        lambda: discharge.gas_flow(hole(0.1), 50 * BAR, **HYDROGEN).kg_s,
        f"{YB} 2.6.2.1",
    ),
    (
        "SRC-8",
        "saturated propylene 25 °C, 1 cm hole [kg/s]",
        0.774,
        0.005,
        "M",
        lambda: discharge.flashing_flow(hole(0.01), 298, 3.34e5, 0.042, 2180),
        "Crowl & Louvar ch. 4",
    ),
    (
        "SRC-10",
        "Fanning factor, 0.981 m pipe",
        0.0026062,
        0.001,
        "M",
        lambda: pipe(100).friction,
        f"{AQT} E.18-22 as transcribed, derived",
    ),
    (
        "SRC-10",
        "inlet Mach number, 100 m",
        0.58363,
        0.001,
        "M",
        lambda: pipe(100).entry_mach,
        f"{AQT} as transcribed, derived",
    ),
    (
        "SRC-10",
        "inlet Mach number, 1000 m",
        0.26883,
        0.001,
        "M",
        lambda: pipe(1000).entry_mach,
        f"{AQT} as transcribed, derived",
    ),
    (
        "SRC-10",
        "flow of one end, 100 m [kg/s]",
        11_169,
        0.001,
        "M",
        lambda: pipe(100).kg_s,
        f"{AQT} as transcribed, derived",
    ),
    (
        "SRC-10",
        "flow of one end, 1000 m [kg/s]",
        5_145,
        0.001,
        "M",
        lambda: pipe(1000).kg_s,
        f"{AQT} as transcribed, derived",
    ),
    ("SRC-10b", "Fanno line of air, 4fL/D at Mach 0.5", 1.06906, 0.001, "V", lambda: fanno(0.5), "gas dynamics tables"),
    ("SRC-10b", "Fanno line of air, 4fL/D at Mach 0.2", 14.5333, 0.001, "V", lambda: fanno(0.2), "gas dynamics tables"),
    (
        "SRC-12",
        "flash fraction of chlorine, 20 °C, linear",
        0.177,
        0.01,
        "V",
        lambda: discharge.flash_fraction(940, 293.15 - 239.2, 287e3, linear=True),
        "derived",
    ),
    (
        "SRC-12",
        "flash fraction of chlorine, 20 °C, heat balance",
        0.162,
        0.01,
        "V",
        lambda: discharge.flash_fraction(940, 293.15 - 239.2, 287e3),
        "derived",
    ),
]

# --- pools

HEXANE_POOL = {"wind_m_s": 5, "diameter_m": 10, "vapour_pa": 16_000, "molar_mass": 0.08618, "temperature_k": 293.15}
OCAG = "EPA 550-B-99-009 app. D"
POUND_A_MINUTE, SQUARE_FOOT, MMHG = 0.45359237 / 60, 0.3048**2, 133.322


def ocag_acrylonitrile():
    """Its example rounds 1.5 m/s to a wind factor of 1.4; 0.61 ft2/lb is the pool's area."""
    wind = 1.4 ** (1 / 0.78)
    return pools.screening_evaporation(20_000 * 0.61 * SQUARE_FOOT, wind, 0.018) / POUND_A_MINUTE


POOLS = [
    ("EVP-1", "20 000 lb of acrylonitrile, evaporation [lb/min]", 307, 0.01, "M", ocag_acrylonitrile, OCAG),
    (
        "EVP-1",
        "liquid factor of acrylonitrile at 25 °C",
        0.018,
        0.02,
        "M",
        lambda: pools.liquid_factor(0.05306, 108 * MMHG, 298),
        OCAG,
    ),
    (
        "EVP-2",
        "mass transfer above a 10 m pool, 5 m/s [m/s]",
        0.015139,
        0.001,
        "V",
        lambda: pools.mass_transfer(5, 10),
        f"{YB} 3.24, derived",
    ),
    (
        "EVP-2",
        "evaporation of a 10 m hexane pool [kg/m2/s]",
        8.5645e-3,
        0.001,
        "V",
        lambda: pools.evaporation_flux(**HEXANE_POOL),
        f"{YB} 3.24, derived",
    ),
    (
        "EVP-2",
        "evaporation of a 10 m hexane pool [kg/s]",
        0.6727,
        0.001,
        "V",
        lambda: pools.evaporation_flux(**HEXANE_POOL) * hole(10),
        f"{YB} 3.24, derived",
    ),
    (
        "EVP-3",
        "area of 28.3 m3 spread to 0.02 m [m2]",
        1415,
        0.0005,
        "V",
        lambda: pools.pool_area(28.3, depth_m=0.02),
        f"{YB} 6.6.3",
    ),
    (
        "EVP-3",
        "diameter of that pool [m]",
        42.445,
        0.0005,
        "V",
        lambda: pools.pool_diameter(pools.pool_area(28.3, depth_m=0.02)),
        f"{YB} 6.6.3",
    ),
]

# --- pool fire: the benzene fire of the Yellow Book, with its printed viscosity

D, M, U, AIR, NU, HC = 42.445, 0.085, 5.0, 1.2243, 7.5133e-6, 4.015e7


@cache
def benzene():
    length = float(pool_fire.flame_length(D, M, U, AIR))
    lean = float(pool_fire.tilt(D, U, NU))
    largest = float(pool_fire.largest_sep(D, length, M, HC, radiated=0.4))
    vertical, horizontal = map(float, pool_fire.view_factor(100.0, D / 2, length, lean))
    return length, lean, largest, vertical, horizontal


def benzene_flux():
    _, _, largest, vertical, horizontal = benzene()
    return 0.71474 * float(pool_fire.smoky_sep(largest)) * np.hypot(vertical, horizontal) / 1000


def fire_case(what, published, compute, tolerance=0.001):
    return ("PF-1", f"benzene fire, {what}", published, tolerance, "V", compute, f"{YB} 6.6.3")


def characteristic_wind():
    return U / float(pool_fire.wind_scale(D, M, U, AIR))


def cylinder(x, h, which):
    """View factor x 1000 of a vertical cylinder of radius 1, height h, at x from its axis."""
    vertical, horizontal = pool_fire.view_factor(x, 1.0, h)
    return 1000 * {"h": horizontal, "v": vertical, "max": np.hypot(vertical, horizontal)}[which]


def cylinder_case(x, h, which, published):
    what = f"1000 x view factor ({which}), x/R {x:g}, h/R {h:g}"
    return ("PF-2", what, published, "±1", "V", lambda: cylinder(x, h, which), f"{YB} Table 6.A.1")


VIEW_FACTORS = [
    (2, 2, "h", 126),
    (2, 2, "v", 236),
    (2, 2, "max", 267),
    (5, 1, "h", 3),
    (5, 1, "v", 29),
    (5, 1, "max", 29),
    (1.1, 1, "h", 354),
    (1.1, 1, "v", 453),
    (1.1, 1, "max", 575),
    (1.3, 0.2, "max", 236),
    (3, 10, "max", 195),
    (20, 20, "max", 22),
    # two cells the book misprints, with the values meant
    (1.2, 0.1, "max", 201),
    (1.4, 0.2, "max", 177),
]


def lng_fire(diameter, flux, wind):
    return pool_fire.pool_fire(diameter, flux, 50.0e6, wind, soot=0.0)


POOL_FIRE = [
    fire_case("characteristic wind [m/s]", 3.0687, characteristic_wind),
    fire_case("scaled wind", 1.6294, lambda: pool_fire.wind_scale(D, M, U, AIR)),
    fire_case("length / diameter", 1.1019, lambda: benzene()[0] / D),
    fire_case("flame length [m]", 46.77, lambda: benzene()[0]),
    fire_case("tan / cos of the tilt", 1.94315, lambda: tan(benzene()[1]) / np.cos(benzene()[1])),
    fire_case("tilt [deg]", 50.829, lambda: degrees(benzene()[1])),
    fire_case("emissive power without smoke [kW/m2]", 252.4, lambda: benzene()[2] / 1000),
    fire_case("emissive power [kW/m2]", 66, lambda: pool_fire.smoky_sep(benzene()[2]) / 1000, 0.01),
    fire_case("view factor, vertical", 0.09192, lambda: benzene()[3]),
    fire_case("view factor, horizontal", 0.02915, lambda: benzene()[4]),
    fire_case("view factor, largest", 0.0964, lambda: np.hypot(*benzene()[3:])),
    fire_case("heat at 100 m [kW/m2]", 4.58, benzene_flux),
    *(cylinder_case(*row) for row in VIEW_FACTORS),
    (
        "PF-4",
        "Montoir LNG fire 35.7 m, emissive power [kW/m2] (257-273)",
        265,
        "0.5-2",
        "V",
        lambda: lng_fire(35.7, 0.14, 9.6).sep_w_m2 / 1000,
        "Raj 2005",
    ),
    (
        "PF-4",
        "Montoir LNG fire, flame length [m]",
        78,
        "0.5-2",
        "V",
        lambda: lng_fire(35.7, 0.14, 9.6).length_m,
        "Raj 2005, read off a figure",
    ),
    (
        "PF-5",
        "Maplin Sands LNG fire 20 m, emissive power [kW/m2] (150-220)",
        185,
        "0.5-2",
        "V",
        lambda: lng_fire(20.0, 2e-4 * 422, 5.0).sep_w_m2 / 1000,
        "Mizner & Eyre 1982; wind 5 m/s taken",
    ),
]

# --- jet fire

API, MILLER = "API 521 Annex C", "Miller 2017"
JOHNSON = [
    (15, 10.3, 20.2),
    (15, 14.3, 14.1),
    (15, 24.3, 5.9),
    (15, 30.3, 4.0),
    (5, 18.3, 6.8),
    (10, 18.3, 8.3),
    (15, -14.3, 14.0),
    (15, -24.6, 5.7),
]


def johnson(x, y):
    return jet_fire.heat_flux(x, y, 7.9 * 50e6, radiated=0.14, height_m=2.0) / 1000


def johnson_case(x, y, flux):
    what = f"Johnson 1033, 7.9 kg/s natural gas, heat at ({x:g}, {y:g}) m [kW/m2]"
    return ("JF-3", what, flux, "0.5-2", "V", lambda: johnson(x, y), f"Johnson 1994, {MILLER}")


def miller_case(kg_s, length_m):
    what = f"natural-gas jet {kg_s} kg/s, flame length [m]"
    return ("JF-2", what, length_m, "0.7-1.5", "V", lambda: jet_fire.length_aqt(kg_s * 50e6), MILLER)


JET_FIRE = [
    (
        "JF-1",
        "630 MW flare, distance of 6.31 kW/m2 [m]",
        48.8,
        0.01,
        "M",
        lambda: jet_fire.distance_api(6.3e8, 6310),
        API,
    ),
    ("JF-1", "630 MW flare, flame length [m]", 52, 0.03, "M", lambda: jet_fire.length_api(6.3e8), API),
    miller_case(2.9, 19.8),
    miller_case(9.6, 37.8),
    *(johnson_case(*row) for row in JOHNSON),
    ("JF-4", "methane 60 bar, 20 mm, flow [kg/s]", 3.503, 0.03, "V", methane_jet, "HyRAM+ 6.1, separate process"),
    (
        "JF-4",
        "methane 60 bar, 20 mm, flame length [m]",
        27.1,
        0.25,
        "V",
        lambda: jet_fire.length_aqt(methane_jet() * 50e6),
        "HyRAM+ 6.1, separate process",
    ),
]

# --- fireball


def ccps20():
    return fireball.ccps(20_000, 46e6)


def tno20():
    return fireball.tno(20_000, 1.6e6, 46e6)


def propane50():
    return fireball.tno(21_973, 1.6e6, 46e6)


FIRESIM = "fireSIM toolbox (Assael & Kakosimos)"
FIREBALL = [
    ("BL-1", "20 t, CCPS diameter [m]", 157.4, 0.005, "M", lambda: ccps20().diameter_m, "CPQRA"),
    ("BL-1", "20 t, CCPS duration [s]", 12.2, 0.005, "M", lambda: ccps20().duration_s, "CPQRA"),
    ("BL-1", "20 t, TNO diameter [m]", 162.0, 0.005, "V", lambda: tno20().diameter_m, f"{YB} 6.5.5"),
    ("BL-1", "20 t, TNO duration [s]", 11.2, 0.005, "V", lambda: tno20().duration_s, f"{YB} 6.5.5"),
    ("BL-2", "22 t propane, diameter [m]", 167, 0.01, "V", lambda: propane50().diameter_m, FIRESIM),
    ("BL-2", "22 t propane, duration [s]", 11.5, 0.01, "V", lambda: propane50().duration_s, FIRESIM),
    ("BL-2", "22 t propane, radiated fraction", 0.314, 0.01, "V", lambda: propane50().radiated, FIRESIM),
    ("BL-2", "22 t propane, emissive power [kW/m2]", 315, 0.01, "V", lambda: propane50().sep_w_m2 / 1000, FIRESIM),
]

# --- explosion


def kinney(mass_kg, distance_m, kpa):
    what = f"free-air burst, {mass_kg} kg TNT at {distance_m} m [kPa]"
    return (
        "VC-1",
        what,
        kpa,
        0.001,
        "V",
        lambda: explosion.tnt_air(distance_m, mass_kg) / 1000,
        "Kinney & Graham table",
    )


def k_factor(k, psi):
    z = k * 0.3048 / 0.45359237 ** (1 / 3)
    what = f"surface burst, K {k} ft/lb^(1/3) [psi]"
    return ("VC-3", what, psi, 0.03, "M", lambda: explosion.tnt_surface(z, 1.0) / 6894.757, "DoD 6055.09")


def class6(kpa):
    return distance_where(lambda r: explosion.multi_energy(r, 3.5e9, 6), kpa * 1000, 1, 1e4)


def bst(mach, r):
    return explosion.baker_strehlow_tang(r * explosion.energy_scale(1e9), 1e9, mach) / 101_325


EXPLOSION = [
    kinney(1, 5, 29.24),
    kinney(0.1, 5, 9.066),
    kinney(0.1, 1, 174.87),
    (
        "VC-2",
        "TNT of 1 kg hydrogen, 3 % [kg]",
        0.7692,
        1e-4,
        "V",
        lambda: explosion.tnt_mass(1, 120e6),
        "HyRAM+ test suite",
    ),
    k_factor(18, 3.5),
    k_factor(40, 1.2),
    k_factor(328, 0.0655),
    ("VC-4", "multi-energy class 6, 1000 m3, 30 kPa [m]", 33.1, 0.02, "V", lambda: class6(30), "derived"),
    ("VC-4", "multi-energy class 6, 1000 m3, 10 kPa [m]", 88.9, 0.02, "V", lambda: class6(10), "derived"),
    ("VC-5", "Baker-Strehlow-Tang Mf 0.35 at R 1", 0.0912, 0.03, "V", lambda: bst(0.35, 1.0), "HyRAM+ table"),
    ("VC-5", "Baker-Strehlow-Tang Mf 5.2 at R 2", 0.171, 0.03, "V", lambda: bst(5.2, 2.0), "HyRAM+ table"),
]


CASES = [*DISCHARGE, *POOLS, *POOL_FIRE, *JET_FIRE, *FIREBALL, *EXPLOSION]
