"""Substance properties: the table against printed values, names, and the laws between the numbers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_risk import standards
from geo_risk.analysis.consequence.limits import exposure_limits
from geo_risk.analysis.consequence.properties import substance, substances
from geo_risk.analysis.substances import valid_cas
from geo_risk.errors import InputError, StandardsError

PRINTED = pd.read_csv(Path(__file__).parent / "substances_printed.csv", dtype=str)
TABLE = standards.table("substances").drop_duplicates("cas").set_index("cas")
FAR_FROM_AMBIENT = ("hydrogen", "acetylene")  # boils at 20 K; has no boiling point at ambient pressure, it sublimes


def half_a_digit(printed):
    """Half a unit of the last printed digit, and a little for a value that lies just there."""
    return 0.51 * 10.0 ** -len(printed.partition(".")[2])


@pytest.mark.parametrize("column", [c for c in PRINTED.columns[2:] if not c.startswith("antoine")])
def test_section_14_printed_values(column):
    name, _, unit = column.partition(":")
    for row in PRINTED.to_dict("records"):
        value, printed = TABLE.loc[row["cas"], name], row[column]
        if isinstance(printed, str):
            assert value / float(unit) == pytest.approx(float(printed), abs=half_a_digit(printed), rel=0), row
        else:
            assert np.isnan(value), row


def test_section_14_antoine_pressures():
    """The printed coefficients and ours give one pressure around the boiling point."""
    for row in PRINTED.to_dict("records"):
        a, b, c = (float(row[f"antoine_{k}:1"]) for k in "abc")
        s = substance(row["cas"])
        for t in (s.boiling_k - 10, s.boiling_k, s.boiling_k + 10):
            if row["name_en"] not in FAR_FROM_AMBIENT:
                assert s.vapour_pressure(t) == pytest.approx(10 ** (a - b / (t + c)), rel=0.03), row["name_en"]


def test_antoine_gives_ambient_pressure_at_the_boiling_point():
    for s in substances():
        near = 0.06 if s.name in FAR_FROM_AMBIENT else 0.035
        assert s.vapour_pressure(s.boiling_k) == pytest.approx(101_325, rel=near), s.name
        assert s.boiling_temperature() == pytest.approx(s.boiling_k, rel=0.006), s.name


def test_antoine_gives_the_vapour_pressure_at_25_c():
    for s in substances():
        if np.isfinite(s.psat_25c):
            assert s.vapour_pressure(298.15) == pytest.approx(s.psat_25c, rel=0.07 if s.boiling_k < 400 else 0.1), (
                s.name
            )


def test_density_and_latent_heat_meet_their_table_values():
    for s in substances():
        assert s.liquid_density(s.boiling_k) == pytest.approx(s.liquid_density_boiling)
        assert s.latent_heat_at(s.boiling_k) == pytest.approx(s.latent_heat)
        if s.critical_k > 298.15 / 0.9:
            assert s.liquid_density(298.15) == pytest.approx(s.liquid_density_25c, rel=0.03), s.name


@pytest.mark.parametrize(
    ("name", "temperature", "density", "pressure", "latent"),
    # NIST reference equations: saturated liquid
    [
        ("propane", 290, 504.8, 769.1e3, 349.5e3),
        ("ammonia", 290, 615.0, 774.0e3, 1198.8e3),
        ("chlorine", 320, 1322.0, 1344.2e3, 229.4e3),
        ("n-butane", 250, 625.0, 39.15e3, 405.0e3),
    ],
)
def test_between_the_table_values(name, temperature, density, pressure, latent):
    s = substance(name)
    assert s.liquid_density(temperature) == pytest.approx(density, rel=0.015)
    assert s.vapour_pressure(temperature) == pytest.approx(pressure, rel=0.03)
    assert s.latent_heat_at(temperature) == pytest.approx(latent, rel=0.02)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("液氨", "ammonia"),
        ("液氯储罐", "chlorine"),
        ("丙烷", "propane"),
        ("正丁烷", "n-butane"),
        ("液化石油气", "LPG"),
        ("LPG", "LPG"),
        ("液化天然气（LNG）", "natural gas"),
        ("甲烷", "methane"),
        ("92#汽油", "gasoline"),
        ("0号柴油", "diesel"),
        ("航空煤油", "kerosene"),
        ("原油", "crude oil"),
        ("煤气", "coal gas"),
        ("一氧化碳", "carbon monoxide"),
        ("CO", "carbon monoxide"),
        ("630-08-0", "carbon monoxide"),
        ("对二甲苯", "m-xylene"),
        ("1330-20-7", "m-xylene"),
        ("光气", "phosgene"),
        ("環氧乙烷", "ethylene oxide"),
        ("Methanol", "methanol"),
        ("1,3-丁二烯", "1,3-butadiene"),
    ],
)
def test_names(written, name):
    assert substance(written).name == name


def test_every_row_is_found_by_its_own_names():
    for s in substances():
        assert substance(s.name) is s
        assert substance(s.zh) is s
        assert valid_cas(s.cas)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("天燃气", "Nearest known: 天然气"),
        ("氯乙稀", "Nearest known: .*氯乙烯"),
        ("混合溶剂", "mixture or solution"),
        ("油漆", "mixture or solution"),
        ("氨水", "mixture or solution"),
        ("汽油、柴油", r"names 2 substances \(汽油, 柴油\)"),
        ("硝酸铵", "no consequence model serves it"),
        ("7732-18-5", "not known"),
        ("", "no substance is given"),
        (None, "no substance is given"),
        (float("nan"), "no substance is given"),
    ],
)
def test_what_has_no_properties_says_why(written, message):
    with pytest.raises(StandardsError, match=message):
        substance(written)


def test_no_liquid_above_the_critical_temperature():
    for law in ("vapour_pressure", "liquid_density", "latent_heat_at", "flash_fraction"):
        with pytest.raises(InputError, match=r"temperature 450 K is not below the critical temperature 416.* chlorine"):
            getattr(substance("氯"), law)([290.0, 450.0])


def test_nan_stays_nan():
    s = substance("氨")
    assert np.isnan(s.vapour_pressure([np.nan])).all()
    assert np.isnan(s.liquid_density(np.nan))
    assert np.isnan(s.gas_density(np.nan))


RECALLED = {"acrolein", "formaldehyde", "methyl isobutyl ketone", "phosphine"}


def test_stand_ins_say_so():
    # Beside stand-ins only those whose flash point or heat is recalled without a source are unsure.
    recalled = {s.name for s in substances() if s.confidence == "MU" and not s.surrogate}
    assert recalled == RECALLED
    assert "n-dodecane" in substance("柴油").surrogate


def test_classes():
    assert substance("天然气").reactivity == substance("氨").reactivity == substance("CO").reactivity == "low"
    assert substance("丙烷").reactivity == "high"
    assert substance("氯").reactivity == ""
    assert [substance(n).liquid_class for n in ("乙醚", "汽油", "煤油", "柴油", "氯")] == ["K0", "K1", "K2", "K3", ""]
    for s in substances():
        assert s.combustible == (s.reactivity != "") == (s.liquid_class != "") == bool(s.burning_limit > 0)


def test_limits_of_a_blend_lie_between_its_parts():
    lpg, propane, butane = substance("LPG"), substance("propane"), substance("n-butane")
    for name in ("lfl", "ufl", "molar_mass", "psat_25c", "latent_heat", "boiling_k"):
        low, high = sorted((getattr(propane, name), getattr(butane, name)))
        assert low < getattr(lpg, name) < high


def test_evaporation_volume():
    # chlorine at 290 K, NIST: vapour 20.0 kg/m3, liquid 1417.8 kg/m3
    assert substance("氯").evaporation_volume(290.0) == pytest.approx(1 / 20.0 - 1 / 1417.8, rel=0.03)


def test_exposure_limits():
    limits = {limit.name: limit for limit in exposure_limits(substance("液氯"))}
    assert list(limits) == ["AEGL-1", "AEGL-2", "AEGL-3", "ERPG-2", "ERPG-3", "IDLH"]
    # 20 ppm x 70.906 / 24.465
    assert limits["AEGL-3"].mg_m3 == pytest.approx(57.97, rel=1e-3)
    assert limits["AEGL-3"].confidence == "V"
    unsure = {limit.name for limit in exposure_limits(substance("丙烯腈")) if limit.confidence == "MU"}
    assert unsure == {"AEGL-2", "AEGL-3", "IDLH"}
    assert exposure_limits(substance("丙烷")) == []


def test_erg_rows():
    rows = standards.table("erg_distances")
    assert rows["cas"].map(valid_cas).all()
    chlorine = rows[(rows["un"] == 1017) & (rows["container"] == "rail tank car") & (rows["wind"] == "low")]
    assert chlorine["protect_m"].tolist() == [9600, 11000]
    assert chlorine["or_more"].tolist() == ["no", "yes"]
    # every substance whose large spill is in table 3 has its containers there
    small = set(rows.loc[rows["spill"] == "small", "un"])
    assert small <= set(rows.loc[rows["spill"] == "large", "un"])
    night = rows[rows["time"] == "night"]["protect_m"].to_numpy()
    assert (night >= rows[rows["time"] == "day"]["protect_m"].to_numpy()).mean() == 1
