"""A region of nothing but districts, enterprises and a list of risk points: what it gives, and what changes it."""

import numpy as np
import pytest

import geo_risk
from geo_risk.errors import SettingsError

TOML = """[region]
name = "小镇"
cell_m = 50
data_date = "2026-06-30"
[layers.districts]
source = "镇街.geojson"
crs = "wgs84"
[layers.enterprises]
source = "企业.csv"
crs = "wgs84"
[layers.risk_points]
crs = "wgs84"
source = ["公共.csv", { path = "企业风险点.csv", join = "enterprises" }]
"""
TOWN = (
    '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"代码":"1","名称":"镇","层级":"镇"},"geometry":'
    '{"type":"Polygon","coordinates":[[[120.1,31.6],[120.13,31.6],[120.13,31.63],[120.1,31.63],[120.1,31.6]]]}}]}'
)
FIRMS = "企业编号,企业名称,行业,经度,纬度\nQ1,甲木业有限公司,家具,120.11,31.61\nQ2,乙纺织有限公司,纺织,120.12,31.62\n"
PUBLIC = "编号,风险点名称,风险类别,评价方法,L,S,管控措施,经度,纬度\nG1,大桥,桥梁,LS,2,2,,120.115,31.615\n"
POINTS = (
    "编号,风险点名称,风险类别,企业编号,评价方法,L,E,C,管控措施\n"
    "F1,打磨间,粉尘涉爆,Q1,LEC,6,6,15,\nF2,打磨间二,粉尘涉爆,Q1,LEC,1,6,7,\n"
)
DANGERS = "隐患名称,企业编号,整改期限,整改状态,经度,纬度\n未接地,Q1,2026-06-01,未整改,120.11,31.61\n"


@pytest.fixture
def region(tmp_path) -> geo_risk.Region:
    files = {"region.toml": TOML, "镇街.geojson": TOWN, "企业.csv": FIRMS, "公共.csv": PUBLIC, "企业风险点.csv": POINTS}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return geo_risk.Region(tmp_path)


def results(region):
    region.run(["districts"])
    region = geo_risk.Region(region.folder)
    surfaces = {name: region.surface(name).array for name in ("index", "index_now", "grade", "residual_grade")}
    return surfaces, region.table("enterprises").set_index("id"), region.table("districts")


def test_current_equals_inherent_until_something_is_known(region):
    surfaces, firms, districts = results(region)
    np.testing.assert_array_equal(surfaces["index"], surfaces["index_now"])
    np.testing.assert_array_equal(surfaces["grade"], surfaces["residual_grade"])
    assert firms["grade"].tolist() == firms["grade_now"].tolist() == [3, 1]  # dust 30 x 1.6 x 0.6 = 28.8; textiles
    assert "current equals inherent" in firms.loc["Q1", "reason_now"]
    assert districts["rule"].tolist() == districts["rule_now"].tolist()
    told = region.explain("120.11,31.61")
    assert told["current"]["changed"] == []
    assert told["grade"] == told["current"]["grade"] == told["surface"]["grade"]


def test_an_overdue_danger_raises_its_firm_and_only_what_that_reaches(region):
    before, firms_before, _ = results(region)
    (region.folder / "隐患.csv").write_text(DANGERS, encoding="utf-8")
    (region.folder / "region.toml").write_text(
        TOML + '[layers.hidden_dangers]\nsource = "隐患.csv"\ncrs = "wgs84"\n', encoding="utf-8"
    )
    after, firms, _ = results(region)
    np.testing.assert_array_equal(after["index"], before["index"])
    risen = after["index_now"] > before["index_now"]
    assert risen.any()
    assert (after["index_now"] >= before["index_now"]).all()
    rows, cols = np.nonzero(risen)
    grid = geo_risk.Region(region.folder).grid
    place = geo_risk.Region(region.folder).layer("enterprises").set_index("id").geometry["Q1"]
    assert np.hypot(grid.x[cols] - place.x, grid.y[rows] - place.y).max() <= 150  # the reach of its sources
    assert firms["grade"].tolist() == firms_before["grade"].tolist()
    assert firms.loc["Q1", "grade_now"] == 4  # 28.8 x 1.4 = 40.3; the data date makes the danger overdue
    assert "hidden dangers: 1 overdue x 1.4" in firms.loc["Q1", "reason_now"]
    told = geo_risk.Region(region.folder).explain("120.11,31.61")
    assert [s["factor"] for s in told["current"]["changed"]] == [pytest.approx(1.4)]
    assert sum(s["share_percent"] for s in told["current"]["sources"]) == pytest.approx(100)


def test_variants_are_settings_that_rerun_the_points(region):
    results(region)
    text = TOML + '[grading]\nls_variant = ["A", "B"]\n'
    (region.folder / "region.toml").write_text(text, encoding="utf-8")
    results(region)
    bridge = geo_risk.Region(region.folder).table("risk_points").set_index("id").loc["G1"]
    assert (bridge["grades"], bridge["grade"]) == ('{"A": 1, "B": 2}', 2)
    (region.folder / "region.toml").write_text(text.replace('"B"', '"E"'), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"ls_variant.*'A', 'B', 'C', 'D'"):
        geo_risk.Region(region.folder)


def test_a_lender_that_is_not_there_is_told(region):
    (region.folder / "region.toml").write_text(TOML.replace("[layers.enterprises]", "[layers.hazard_sources]"), "utf-8")
    with pytest.raises(SettingsError, match=r"risk_points\] join = 'enterprises'"):
        region.run(["districts"])
