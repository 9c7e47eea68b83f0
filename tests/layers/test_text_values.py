"""Words, numbers, dates and identifiers as offices write them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_risk.layers import attributes, dates, quantities
from geo_risk.layers.quality import Log
from geo_risk.layers.text import bare, bracketed, key, plain
from geo_risk.schema import LAYERS


def column(layer, name):
    return LAYERS[layer].column(name)


def convert(values, layer, name, header=None):
    log = Log("f.csv", layer)
    rows = np.arange(2, 2 + len(values))
    found = attributes.convert(pd.Series(values, dtype=object), column(layer, name), header or name, rows, log)
    return list(found), log


@pytest.mark.parametrize(
    ("a", "b"),
    [("企業名稱", "企业名称"), (" 经 度 ", "经度"), ("Ｘ坐标", "x坐标"), ("Facility Name", "facility_name")],
)
def test_spellings_of_one_header_agree(a, b):
    assert key(a) == key(b)


def test_brackets_hold_the_unit():
    assert bare("占地（㎡）") == bare("占地")
    assert bracketed("存量（千克）") == "千克"
    assert plain("\ufeff４６９号\u200b\nA") == "469号 A"


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("约500吨", "t", 500),
        ("DN300", "mm", 300),
        ("Φ219×6", "mm", 219),  # diameter by wall: not a product
        ("1.6MPa", "MPa", 1.6),
        ("16bar", "MPa", 1.6),
        ("１２３", "t", 123),
        ("2×1000m³", "m3", 2000),
        ("3个×50吨", "t", 150),
        ("10~20", "t", 20),
        ("1,234.5", "t", 1234.5),
        ("1.2万人", "persons", 12000),
        ("500kg", "t", 0.5),
        ("3亩", "m2", 2000),
        ("-162", "degC", -162),
        ("≥30", "m", 30),
    ],
)
def test_numbers_with_units(text, unit, value):
    assert quantities.number(text, unit)[0] == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "unit"), [("若干", "t"), ("1e999", "t"), ("0.4MPa", "t"), ("12,5", "t"), ("液氯", "t"), ("3m", "t")]
)
def test_words_and_foreign_units_are_no_numbers(text, unit):
    assert np.isnan(quantities.number(text, unit)[0])


def test_header_unit_applies_to_bare_numbers_only():
    values, _ = convert(["2000", "3吨", "500公斤"], "hazard_sources", "quantity_t", "存量(kg)")
    assert values == pytest.approx([2.0, 3.0, 0.5])


def test_infinity_is_told_and_left_empty():
    values, log = convert(["inf", "1e999", "7"], "hazard_sources", "quantity_t")
    assert np.isnan(values[:2]).all()
    assert [(i.code, i.count) for i in log.issues] == [("not_a_number", 2)]


def test_a_unit_column_beside_the_number_counts():
    frame = pd.DataFrame({"Diameter": ["24", "600", ""], "DiameterUnits": ["in", "mm", "in"]})
    values = quantities.with_units(frame["Diameter"], "Diameter", frame, "mm")
    found = quantities.numbers(
        values, column("gas_pipelines", "diameter_mm"), "Diameter", np.arange(3), Log("f", "gas_pipelines")
    )
    assert found[:2] == pytest.approx([609.6, 600])
    assert np.isnan(found[2])


@given(st.floats(0, 1e9, allow_nan=False), st.sampled_from(sorted(quantities.UNITS["t"])))
def test_a_written_unit_scales_by_its_factor(value, unit):
    text = f"{value:.6f}{unit}"
    assert quantities.number(text, "t")[0] == pytest.approx(float(f"{value:.6f}") * quantities.UNITS["t"][unit])


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2016/07/12", "2016-07-12"),
        ("民國109年5月3日", "2020-05-03"),
        ("2023", "2023"),
        ("2024-02-29", "2024-02-29"),
        ("2023-02-29", None),
        ("2023-13-01", None),
    ],
)
def test_dates_are_as_precise_as_written(text, iso):
    assert dates.date(text)[0] == iso


def test_domain_words_exact_inside_and_unknown():
    values, log = convert(["醫院", "综合医院(三甲)", "火锅城", None], "crowded_places", "kind")
    assert values == ["hospital", "hospital", "other", None]
    assert {(i.code, i.row) for i in log.issues} == {("value_by_word", 3), ("unknown_value", 4)}


def test_a_bare_grade_number_is_refused_as_it_may_mean_best_or_worst():
    values, log = convert(["1", "重大", "低"], "enterprises", "self_grade", "风险等级")
    assert values[0] is pd.NA
    assert values[1:] == [4, 1]
    assert log.issues[0].code == "ambiguous_level"
    assert convert(["1", "4"], "enterprises", "self_grade", "self_grade")[0] == [1, 4]  # our own column


def test_identifiers_stay_text_and_damaged_ones_go():
    values, log = convert(["00123", 45.0, "9.13202E+17"], "enterprises", "id")
    assert values == ["00123", "45", None]
    assert log.issues[0].code == "damaged_id"


def test_negative_amounts_are_refused_but_not_temperatures():
    assert np.isnan(convert(["-5"], "hazard_sources", "quantity_t")[0][0])
    assert convert(["-33"], "hazard_sources", "temperature_c")[0] == [-33.0]


NOTATIONS = (
    "{n:.3f}", "约{n:.3f}", "{n:.3f}吨", "{k:.3f}kg", " {n:.3f} t ", "{n:,.3f}", "≥{n:.3f}", "{n:.3f}以上", "'{n:.3f}",
    "1～{n:.3f}吨", "2×{h:.4f}吨", "{h:.4f}+{h:.4f}吨", "{n:.6e}",
)  # fmt: skip


@given(st.floats(1, 9e6).map(lambda n: round(n, 3)), st.sampled_from(NOTATIONS), st.booleans())
def test_one_amount_in_any_notation_is_one_amount(n, notation, wide):
    text = notation.format(n=n, k=n * 1000, h=n / 2)
    if wide:
        text = text.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789.,+"})
    assert quantities.number(text, "t")[0] == pytest.approx(n, rel=1e-5, abs=2e-4)


@given(st.text("0123456789.,-~×x+万千吨tkgm³约个/ 一二十百", max_size=12))
def test_no_text_breaks_the_reading_and_none_gives_infinity(text):
    value, how = quantities.number(text, "t")
    assert np.isnan(value) or np.isfinite(value)
    assert isinstance(how, str)


@given(st.text("0123456789.-/年月日民国 :T十一二〇", max_size=12))
def test_no_text_breaks_the_dates(text):
    iso = dates.date(text).iso
    assert iso is None or pd.Timestamp(iso) is not pd.NaT


def test_what_nobody_sees_is_not_in_a_name():
    written = pd.Series(
        [
            "甲\u202egnp.exe\u202c厂",
            "零\u200b宽\ufeff厂",
            "\u200f右",
            "a\u2067b\u2069",
            "两\n行",
            "\x00空",
            "\u200b",
            "家\u200d族",
        ]
    )
    assert attributes.strings(written).tolist() == [
        "甲gnp.exe厂",
        "零宽厂",
        "右",
        "ab",
        "两\n行",
        "空",
        None,
        "家\u200d族",
    ]
    assert key("甲\u202egnp.exe\u202c厂") == key("甲gnp.exe厂")
