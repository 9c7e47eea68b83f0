"""Dirty attributes in files as offices published them."""

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geo_risk.layers import match
from geo_risk.layers.attributes import yes_no
from geo_risk.layers.dates import dates
from geo_risk.layers.load import load_layer
from geo_risk.layers.quality import Log
from geo_risk.layers.read import read
from geo_risk.schema import Column

pytestmark = pytest.mark.real
CITY = {"crs": "EPSG:3826", "anchor": (119.9, 22.4, 121.1, 23.5)}


@pytest.fixture(scope="module")
def register(real_data):
    return pd.read_csv(real_data / "kaohsiung" / "enterprises.csv", dtype=str)


@pytest.fixture(scope="module")
def enterprises(real_data):
    layer, (report,) = load_layer("enterprises", {"source": "enterprises.csv"}, folder=real_data / "kaohsiung", **CITY)
    return layer, report


def test_case_18_dates_of_the_register(register):
    column = Column("data_date", "date", "", "")
    log = Log("f", "enterprises")
    found = dates(register["資料日期"], column, np.arange(len(register)), log)
    assert pd.Series(found).tolist() == register["資料日期"].str.replace("/", "-").tolist()
    assert not log.issues


def test_case_20_slash_and_none_stay_apart(real_data):
    raw = read(str(real_data / "dirty" / "enterprises_gbk.csv"), None, layer="enterprises")
    log = Log("f", "enterprises")
    cells = raw.frame["危险化学品"]
    found = pd.Series(yes_no(cells, Column("x", "bool", "", ""), raw.rows, log))
    counts = cells.str.strip().value_counts()
    assert (found == True).sum() == counts["是"]  # noqa: E712
    assert (found == False).sum() == counts["否"] + counts["无"]  # noqa: E712
    (told,) = [i.detail for i in log.issues]
    for word, meaning in (("是", "yes"), ("否", "no"), ("无", "no"), ("/", "unknown")):
        assert f"{word} = {meaning} ({counts[word]})" in told


def test_case_21_addresses_as_written_and_as_compared(enterprises, register):
    layer, _ = enterprises
    written = register.set_index("管制編號")["地址"]
    kept = layer.set_index("id")["address"]
    seen = written.str.replace("\x7f", "").str.strip()  # one ends in seven characters that nobody sees
    assert (kept == seen.loc[kept.index]).all()
    folded = kept.map(match.folded)
    assert not folded.str.contains("[０-９〇○一二三四五六七八九]").any()
    assert folded[kept.str.contains("１３２號")].str.contains("132号").all()


def test_case_23_chemicals_in_one_cell(real_data):
    folder = real_data / "epa_rmp"
    spec = {"source": "facilities_tx_la.csv", "columns": {"name": "Facility Name"}}
    layer, (report,) = load_layer("hazard_sources", spec, folder=folder, crs="EPSG:32615", anchor=None)
    names = pd.read_csv(folder / "facilities_tx_la.csv", dtype=str)["Chemical(s)"].dropna()
    assert report.rows_kept + report.rows_rejected == report.rows_read
    # a comma is also part of names, so cells stay whole, and are told
    many = {i.value for i in report.issues if i.code == "unsplit_row"}
    assert many
    assert set(layer["substance"].dropna()) <= {re.sub(r"\s+", " ", n).strip() for n in names} | set(names.str.strip())


def test_case_53_doubles_of_the_register(enterprises, register):
    layer, report = enterprises
    placed = register[register["經度"].astype(float) > 0]
    double = placed[placed.duplicated(["名稱", "經度", "緯度"], keep="first")]
    told = {i.row: i for i in report.issues if i.code == "maybe_same"}
    rows = set(register.index[register["管制編號"].isin(double["管制編號"])] + 2)
    assert len(double) >= 20
    assert rows <= set(told)
    assert len(layer) == 6854  # two ids of one register are two entries, whatever their names


def test_case_53_toxics_find_their_firm_by_number_and_by_name(enterprises, register, real_data, tmp_path):
    layer, _ = enterprises
    folder = real_data / "kaohsiung"
    spec = {"source": "toxic_handling.csv", "join": "enterprises"}
    _, (report,) = load_layer("hazard_sources", spec, folder=folder, joins={"enterprises": layer}, **CITY)
    assert (report.rows_read, report.rows_kept, report.rows_rejected) == (1114, 1102, 12)
    assert {i.code for i in report.issues if i.action == "rejected"} == {"not_joined"}
    # the same register with names in simplified characters and another legal form instead of numbers
    toxics = pd.read_csv(folder / "toxic_handling.csv", dtype=str).drop_duplicates(["REGISTRATIONNO", "TOXICNAME"])
    name = register.set_index("管制編號")["名稱"]
    toxics["企业名称"] = toxics["REGISTRATIONNO"].map(name).map(changed)
    toxics = toxics[toxics["REGISTRATIONNO"].isin(layer["id"])]
    toxics[["REGISTRATIONNO", "企业名称", "TOXICNAME"]].rename(columns={"REGISTRATIONNO": "真"}).to_csv(
        tmp_path / "t.csv", index=False
    )
    spec = {"source": "t.csv", "join": "enterprises"}
    found, (report,) = load_layer("hazard_sources", spec, folder=tmp_path, joins={"enterprises": layer}, **CITY)
    truth = pd.Series(toxics["REGISTRATIONNO"].to_numpy(), index=range(2, 2 + len(toxics)))
    assert (found["enterprise_id"].to_numpy() == truth.loc[found["source_row"].astype(int)].to_numpy()).all()
    refused = {i.row for i in report.issues if i.code in ("join_tie", "join_doubt")}
    assert report.rows_kept + report.rows_rejected == len(toxics)
    twice = layer["name"].map(lambda n: match.taken_apart(n)).duplicated(keep=False)
    several = set(layer.loc[twice, "id"])
    assert {truth[r] for r in refused} <= several  # only names that several entries have
    assert report.rows_kept >= 0.98 * sum(i not in several for i in truth)


def changed(name):
    text = "".join(map(match._simplified_character, name))
    return text.replace("股份有限公司", "（股）公司").replace("有限公司", "有限责任公司")


def test_case_53_half_the_register_as_a_second_list(register, tmp_path):
    """Every firm of a second list with changed names and places 50 m off is found again, none wrongly."""
    placed = register[register["經度"].astype(float) > 0].head(3000)
    placed = placed[~placed["名稱"].map(match.taken_apart).duplicated(keep=False)]
    placed.to_csv(tmp_path / "a.csv", index=False)
    second = placed.iloc[::2].copy()
    second["名稱"] = second["名稱"].map(changed)
    second["緯度"] = (second["緯度"].astype(float) + 0.00045).map("{:.7f}".format)
    second["管制編號"] = "N" + second["管制編號"]
    second.to_csv(tmp_path / "b.csv", index=False)
    layer, reports = load_layer("enterprises", {"source": ["a.csv", "b.csv"]}, folder=tmp_path, **CITY)
    assert isinstance(layer, gpd.GeoDataFrame)
    merged = layer[layer["other_ids"].notna()]
    assert ("N" + merged["id"] == merged["other_ids"]).all()  # silent wrong = 0
    assert len(merged) >= 0.98 * len(second)
    assert len(layer) == len(placed) + len(second) - len(merged)
    assert sum(r.rows_kept for r in reports) == len(placed) + len(second)
