"""Cases A and B of dirty files on real records: encodings, headers, furniture, sheets, identifiers."""

import pandas as pd
import pytest

from geo_risk.layers import headers
from geo_risk.layers.read import read
from geo_risk.schema import LAYERS

pytestmark = pytest.mark.real


def told(raw, code):
    return [i for i in raw.log.issues if i.code == code]


def test_case_01_gb18030_register(real_data):
    raw = read(real_data / "dirty" / "enterprises_gbk.csv", layer="enterprises")
    truth = pd.read_csv(real_data / "dirty" / "truth_enterprises.csv", dtype=str)
    assert told(raw, "encoding")[0].detail == "GB18030"
    assert raw.frame["编号"].tolist() == truth["编号"].tolist()


def test_case_02_utf16_and_big5(real_data):
    raw = read(real_data / "dirty_real" / "gas_tracker_utf16.csv")
    assert (len(raw.frame), raw.read) == (350, 350)
    assert told(raw, "encoding")[0].detail.startswith("UTF-16") or not told(raw, "encoding")
    raw = read(real_data / "dirty_real" / "statistical_areas_big5_two_headers.csv", layer="population")
    assert told(raw, "encoding")[0].detail.startswith("CP950")
    assert raw.labels["P_CNT"] == "人口數"


def test_case_07_old_workbook_with_numbers_as_text(real_data):
    raw = read(real_data / "dirty_real" / "rmp_louisiana_legacy.xls")
    assert raw.read == len(raw.frame) == 538
    assert all(isinstance(v, str) for v in raw.frame.to_numpy(object).ravel())


def test_case_12_and_16_titles_merged_header_and_a_second_sheet(real_data):
    raw = read(real_data / "dirty" / "enterprises_dms.xlsx", layer="enterprises")
    truth = pd.read_csv(real_data / "dirty" / "truth_enterprises.csv", dtype=str)
    assert [c for c in raw.frame if c.startswith("坐标_")] == ["坐标_经度(东经)", "坐标_纬度(北纬)"]
    assert raw.frame["编号"].tolist() == truth["编号"].tolist()
    assert told(raw, "other_sheets")


def test_case_13_repeated_headers_and_total(real_data):
    raw = read(real_data / "dirty" / "enterprises_gbk.csv", layer="enterprises")
    assert [i.detail for i in told(raw, "not_data")] == ["repeated header", "repeated header", "total"]
    assert raw.read == len(raw.frame) == 600


@pytest.mark.parametrize(
    ("path", "layer", "columns", "at"),
    [
        ("dirty/enterprises_gbk.csv", "enterprises", {"id", "name", "address"}, {"lon", "lat"}),
        ("dirty/enterprises_dms.xlsx", "enterprises", {"id", "name"}, {"lon", "lat"}),
        ("dirty/enterprises_damaged.csv", "enterprises", {"id"}, {"x", "y"}),
        ("dirty/places_gcj02.csv", "crowded_places", {"name"}, {"lon", "lat", "datum"}),
        ("dirty/places_gk_cm120_plain.csv", "crowded_places", {"name"}, {"x", "y"}),
        ("kaohsiung/enterprises.csv", "enterprises", {"id", "name", "address"}, {"lon", "lat"}),
        ("kaohsiung/crowded_places.csv", "crowded_places", {"name"}, {"lon", "lat"}),
        ("kaohsiung/shelters.csv", "emergency_facilities", {"name"}, {"lon", "lat"}),
        ("kaohsiung/toxic_handling.csv", "hazard_sources", {"enterprise_id", "substance"}, set()),
        ("epa_rmp/facilities_tx_la.csv", "enterprises", {"id", "name", "address"}, {"lon", "lat"}),
        ("epa_rmp/facility_chemicals_tx_la.csv", "hazard_sources", {"enterprise_id", "substance", "cas"}, set()),
    ],
)
def test_case_14_headers_seen_in_practice(real_data, path, layer, columns, at):
    raw = read(real_data / path, layer=layer)
    names = list(map(str, raw.frame.columns))
    found, _ = headers.match(LAYERS[layer], names, raw.labels)
    assert columns <= set(found), names
    assert at <= set(headers.places(names, raw.labels)), names


@pytest.mark.parametrize("name", ["kaohsiung/enterprises.csv", "epa_rmp/facilities_tx_la.csv"])
def test_case_17_identifiers_as_in_the_file(real_data, name):
    raw = read(real_data / name, layer="enterprises")
    plain = pd.read_csv(real_data / name, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert raw.frame.shape == plain.shape
    for column in plain:
        assert raw.frame[column].tolist() == plain[column].str.strip(" \t\u3000\xa0").tolist()


def test_case_21_addresses_are_kept_as_written(real_data):
    raw = read(real_data / "kaohsiung" / "enterprises.csv", layer="enterprises")
    wide = raw.frame.apply(lambda c: c.str.contains("[０-９]").any())
    assert wide.any()


def test_case_22_codes_with_chinese_labels(real_data):
    raw = read(real_data / "dirty_real" / "statistical_areas_big5_two_headers.csv", layer="population")
    assert list(raw.frame.columns)[:4] == ["CODE2", "CODE1", "CODEBASE", "H_CNT"]
    assert raw.labels["H_CNT"] == "戶數"
    assert (raw.read, len(raw.frame), raw.rows[0]) == (1498, 1498, 3)
