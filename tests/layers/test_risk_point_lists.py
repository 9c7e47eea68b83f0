"""Lists of risk points as offices keep them: places of their own or of the enterprise, scores on and off the scale."""

import tomllib

import geopandas as gpd
import pytest
import shapely

from geo_risk import start
from geo_risk.layers.load import load_layer
from geo_risk.layers.recognise import recognise

CRS = "EPSG:4549"
LIST = """风险点编号,风险点名称,风险类别,企业编号,企业名称,评价方法,L,E,C,风险等级,管控措施,管控层级,\
责任单位,责任人,联系电话,最近检查日期,经度,纬度
F1,木粉打磨间,粉尘涉爆,Q1,甲木业有限公司,LEC,3,6,15,较大,除尘接地,公司级,安环部,张三,0510-1,2026-03-01,,
F2,污水池,有限空间,,乙食品有限公司,作业条件危险性评价法,4,3,7,一般,作业票,车间级,,,,,0,0
F3,跨河大桥,桥梁,,,风险矩阵法,,,,重大,巡检,市级,交通局,李四,,2026/5/9,120.2,31.7
F4,无主风险点,其他,,,LEC,1,1,1,低,,,,,,,,
"""


@pytest.fixture
def firms():
    names = {"id": ["Q1", "Q2"], "name": ["甲木业有限公司", "乙食品有限公司"], "credit_code": None, "address": None}
    places = gpd.GeoSeries([shapely.Point(120.1, 31.6), shapely.Point(120.3, 31.8)], crs=4326).to_crs(CRS)
    return gpd.GeoDataFrame({**names, "position_error_m": [7.0, 9.0]}, geometry=places).assign(
        other_ids=None, district=None
    )


def load(tmp_path, firms):
    file = tmp_path / "风险点清单.csv"
    file.write_text(LIST, encoding="utf-8")
    spec = {"source": str(file), "join": "enterprises", "crs": "wgs84"}
    return load_layer("risk_points", spec, folder=tmp_path, crs=CRS, joins={"enterprises": firms})


def test_rows_without_a_place_take_their_enterprises(tmp_path, firms):
    layer, (report,) = load(tmp_path, firms)
    rows = layer.set_index("id")
    assert rows.loc["F1"].geometry.equals(firms.geometry[0])
    assert rows.loc["F2"].geometry.equals(firms.geometry[1])  # found by its name
    assert rows.loc["F2", "enterprise_id"] == "Q2"
    assert rows.loc["F1", "position_error_m"] == 7.0
    own = gpd.GeoSeries([shapely.Point(120.2, 31.7)], crs=4326).to_crs(CRS)[0]
    assert rows.loc["F3"].geometry.distance(own) < 0.01
    assert rows.loc["F3", "enterprise_id"] is None
    assert (report.rows_read, report.rows_kept, report.rows_rejected) == (4, 3, 1)
    rejected = [i for i in report.issues if i.action == "rejected"]
    assert [(i.row, i.code) for i in rejected] == [(5, "not_joined")]


def test_columns_and_words(tmp_path, firms):
    layer, _ = load(tmp_path, firms)
    first, third = layer.set_index("id").loc["F1"], layer.set_index("id").loc["F3"]
    assert (first["kind"], first["method"], first["l"], first["e"], first["c"]) == ("dust_explosion", "lec", 3, 6, 15)
    assert (first["declared_grade"], first["control_level"], first["unit"], first["person"]) == (
        3,
        "公司级",
        "安环部",
        "张三",
    )
    assert (first["measures"], first["visited"], third["visited"]) == ("除尘接地", "2026-03-01", "2026-05-09")
    assert (third["kind"], third["method"], third["declared_grade"]) == ("bridge", "ls", 4)


def test_a_score_beside_the_scale_is_told_with_row_value_and_scale(tmp_path, firms):
    layer, (report,) = load(tmp_path, firms)
    told = [i for i in report.issues if i.code == "off_scale"]
    assert [(i.row, i.column, i.value) for i in told] == [(3, "l", "4")]
    assert "LEC: 10, 6, 3, 1, 0.5, 0.2, 0.1" in told[0].problem
    assert "F2" in set(layer["id"])  # the row stays


@pytest.mark.parametrize("name", ["风险点清单.csv", "管控清单.csv", "list.csv"])
def test_init_recognises_the_list_and_where_its_places_come_from(tmp_path, name):
    (tmp_path / name).write_text(LIST, encoding="utf-8")
    (found,) = recognise([tmp_path / name])
    assert (found.layer, found.join) == ("risk_points", "enterprises")
    settings = tomllib.loads(start.init(tmp_path / "r", [tmp_path / name]).path.read_text(encoding="utf-8"))
    assert settings["layers"]["risk_points"]["join"] == "enterprises"
