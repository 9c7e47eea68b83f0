"""The numbered cases of dirty attributes, each with a file made for it."""

import pytest

from geo_risk.analysis.index_sources import index_sources
from geo_risk.analysis.major_hazards import major_hazards
from geo_risk.analysis.setbacks import check_setbacks
from geo_risk.layers.load import load_layer

CRS, BOX = "EPSG:4549", (119.9, 31.5, 120.7, 32.2)


def load(folder, layer, text, name="表.csv", **more):
    (folder / name).write_text(text, "utf-8")
    spec = {"source": name, "crs": "wgs84", **more.pop("spec", {})}
    return load_layer(layer, spec, folder=folder, crs=CRS, anchor=BOX, **more)


def told(report, *codes):
    return [(i.code, i.row, i.value) for i in report.issues if i.code in codes]


def test_case_17_damaged_ids(tmp_path):
    rows = [
        ("00123", "91350100M000100Y43"),  # the worked example of GB 32100
        ("00124", "9.13202E+17"),
        ("00125", "913502000000000000"),  # figures beyond the 15th lost
        ("00126", "91350100M000100Y44"),  # wrong check character
        ("127", "9135O1OOM000100Y43"),  # letters O for zeros; the check character proves it
        ("00128", "320281000012345"),  # registration number of before 2015
        ("00129", "70846113-6"),  # organisation code
        ("1.23E+15", "无"),
        ("00131", "12345"),
        ("00132", "111111111111111111"),
        *((f"{n:05d}", "") for n in range(140, 160)),
    ]
    lines = [f"{i},企业{n},{c},120.2{n:02d},31.7" for n, (i, c) in enumerate(rows)]
    layer, (report,) = load(tmp_path, "enterprises", "\n".join(["编号,企业名称,统一社会信用代码,经度,纬度", *lines]))
    codes = layer.set_index("name")["credit_code"].to_dict()
    assert [codes[f"企业{n}"] for n in range(10)] == [
        "91350100M000100Y43", None, None, "91350100M000100Y44", "91350100M000100Y43", "320281000012345", "708461136",
        None, "12345", None,
    ]  # fmt: skip
    ids = layer.set_index("name")["id"]
    assert ids["企业0"] == "00123"
    assert ids["企业4"] == "127"  # kept as written, and told
    assert len(ids["企业7"]) == 12  # damaged: made anew
    assert told(report, "damaged_id") == [
        ("damaged_id", 9, "1.23E+15"),
        ("damaged_id", 3, "9.13202E+17; 913502000000000000"),
    ]
    assert told(report, "short_id", "credit_check", "credit_letters", "registration_number", "organisation_code",
                "no_credit_code") == [
        ("short_id", 6, "127"),
        ("credit_letters", 6, "9135O1OOM000100Y43"),
        ("credit_check", 5, "91350100M000100Y44"),
        ("registration_number", 7, "320281000012345"),
        ("organisation_code", 8, "70846113-6"),
        ("no_credit_code", 10, "12345"),
    ]  # fmt: skip
    assert report.rows_kept == len(rows)


def test_case_18_dates(tmp_path):
    written = {
        "43831": "2020-01-01", "2020.1.1": "2020-01-01", "20200101": "2020-01-01", "2020年1月": "2020-01",
        "一〇九年": "2020", "民國109": "2020", "民国109年5月3日": "2020-05-03", "109/05/03": "2020-05-03",
        "2020-01-01 08:30": "2020-01-01T08:30", "2020/1/1 0:00:00": "2020-01-01", "二〇二〇年十二月": "2020-12",
        "2020-02-30": None, "昨天": None, "98年": None, "/": None,
    }  # fmt: skip
    lines = [f"甲厂{n},{text},120.2{n:02d},31.7" for n, text in enumerate(written)]
    layer, (report,) = load(tmp_path, "enterprises", "\n".join(["企业名称,更新日期,经度,纬度", *lines]))
    found = layer.set_index("name")["data_date"]
    assert [found[f"甲厂{n}"] for n in range(len(written))] == list(written.values())
    assert told(report, "not_a_date", "unclear_date", "serial_date", "roc_year") == [
        ("serial_date", 2, "43831"),
        ("roc_year", 6, "一〇九年; 民國109; 民国109年5月3日; 109/05/03"),
        ("not_a_date", 13, "2020-02-30; 昨天"),
        ("unclear_date", 15, "98年"),
    ]


def test_case_18_day_and_month_are_read_only_where_the_column_proves_their_order(tmp_path):
    head = "企业名称,更新日期,经度,纬度\n"
    layer, _ = load(tmp_path, "enterprises", head + "甲,25/12/2020,120.2,31.7\n乙,3/4/2020,120.3,31.7\n")
    assert layer.set_index("name")["data_date"].to_dict() == {"甲": "2020-12-25", "乙": "2020-04-03"}
    layer, (report,) = load(tmp_path, "enterprises", head + "甲,5/5/2020,120.2,31.7\n乙,3/4/2020,120.3,31.7\n")
    assert layer.set_index("name")["data_date"].to_dict() == {"甲": "2020-05-05", "乙": None}
    assert told(report, "unclear_date") == [("unclear_date", 3, "3/4/2020")]


def test_case_19_numbers_with_units_and_words(tmp_path):
    written = {
        "约500吨": 500, "五百吨": 500, "一百二十": 120, "500 000kg": 500, "2×50t": 100, "3个50吨": 150, "10~20": 20,
        "≥30": 30, "若干": None, "500m3": None, "5×10³": 5000, "5×103": None, "1/2": 0.5, "5万吨": 50000, "-3": None,
        "0551-6123": None, "二三十吨": None, "100t+200t": 300,
    }  # fmt: skip
    lines = [f"罐{n},{text},120.2{n:02d},31.7" for n, text in enumerate(written)]
    layer, (report,) = load(tmp_path, "hazard_sources", "\n".join(["名称,最大存量,经度,纬度", *lines]))
    found = layer.set_index("name")["quantity_t"]
    assert [found[f"罐{n}"] for n in range(len(written))] == [
        pytest.approx(v if v is not None else float("nan"), nan_ok=True) for v in written.values()
    ]
    assert told(report, "not_a_number", "other_unit", "out_of_range") == [
        ("not_a_number", 10, "若干; 5×103; 0551-6123; 二三十吨"),
        ("other_unit", 11, "500m3"),
        ("out_of_range", 16, "-3.0"),
    ]
    assert report.rows_kept == len(written)


def test_case_19_pipes(tmp_path):
    (tmp_path / "管.csv").write_text(
        "编号,管径,压力,WKT\n"
        'A,DN200,0.4MPa,"LINESTRING(120.2 31.7,120.3 31.7)"\n'
        'B,Φ219×6,500kg,"LINESTRING(120.2 31.8,120.3 31.8)"\n'
        'C,24英寸,16公斤,"LINESTRING(120.2 31.9,120.3 31.9)"\n'
        'D,2×300,DN200,"LINESTRING(120.2 32.0,120.3 32.0)"\n',
        "utf-8",
    )
    spec = {"source": "管.csv", "crs": "wgs84"}
    layer, (report,) = load_layer("gas_pipelines", spec, folder=tmp_path, crs=CRS, anchor=BOX)
    assert layer["diameter_mm"].tolist() == pytest.approx([200, 219, 609.6, float("nan")], nan_ok=True)
    assert layer["pressure_mpa"].tolist() == pytest.approx([0.4, float("nan"), 1.569064, float("nan")], nan_ok=True)
    assert ("other_unit", 3, "500kg") in told(report, "other_unit")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["12,5", "1,234", "0,25"], [12.5, 1.234, 0.25]),  # one comma a cell, some not before three figures
        (["1,234", "12,345,678", "1,234.5"], [1234, 12345678, 1234.5]),
        (["12,5", "1,234", "3.5"], [None, None, 3.5]),  # both marks in one column: the comma may be either
    ],
)
def test_case_19_decimal_commas(tmp_path, cells, expected):
    lines = [f'罐{n};"{text}";120.2{n:02d};31.7' for n, text in enumerate(cells)]
    layer, _ = load(tmp_path, "hazard_sources", "\n".join(["名称;最大存量;经度;纬度", *lines]))
    found = layer.set_index("name")["quantity_t"]
    assert [found[f"罐{n}"] for n in range(3)] == [
        pytest.approx(float("nan") if v is None else v, nan_ok=True) for v in expected
    ]


def test_case_19_a_header_or_a_column_that_states_the_unit(tmp_path):
    layer, (report,) = load(tmp_path, "hazard_sources", "名称,最大存量(kg),经度,纬度\n罐,5000,120.2,31.7\n")
    assert layer["quantity_t"].tolist() == [5]
    layer, (report,) = load(tmp_path, "hazard_sources", "名称,最大存量(t/a),经度,纬度\n罐,5000,120.2,31.7\n")
    assert layer["quantity_t"].isna().all()
    assert told(report, "other_unit_header") == [("other_unit_header", None, "最大存量(t/a)")]
    text = "名称,最大存量,计量单位,经度,纬度\n甲,5000,kg,120.2,31.7\n乙,7,吨,120.3,31.7\n丙,9,m3,120.4,31.7\n"
    layer, (report,) = load(tmp_path, "hazard_sources", text)
    assert layer.set_index("name")["quantity_t"].to_dict() == pytest.approx(
        {"甲": 5, "乙": 7, "丙": float("nan")}, nan_ok=True
    )
    assert told(report, "other_unit") == [("other_unit", 4, "9 m3")]


def test_case_20_yes_no_unknown(tmp_path):
    words = ["是", "否", "有", "无", "√", "×", "Y", "N", "1", "0", "/", "—", "", "也许"]
    lines = [f'{n},R{n},{w},"LINESTRING(120.2 31.{70 + n},120.3 31.{70 + n})"' for n, w in enumerate(words, 1)]
    layer, (report,) = load(tmp_path, "roads", "\n".join(["编号,名称,桥梁,WKT", *lines]))
    found = layer.set_index("name")["bridge"]
    assert [bool(found[f"R{n}"]) for n in range(1, 11)] == [True, False] * 5
    assert found[[f"R{n}" for n in range(11, 15)]].isna().all()
    (how,) = [i for i in report.issues if i.code == "yes_no_words"]
    assert "无 = no (1)" in how.detail  # "/" and 无 stay distinguishable
    assert "/ = unknown (1)" in how.detail
    assert told(report, "not_yes_no") == [("not_yes_no", 15, "也许")]


def test_case_21_matched_folded_shown_as_written(tmp_path):
    firms, _ = load(
        tmp_path, "enterprises", "编号,企业名称,地址,经度,纬度\nE1,臺灣化工股份有限公司,裕誠路二三八之三號,120.2,31.7\n"
    )
    text = "企业名称,地址,物质\n台湾化工（股份）有限公司\u200b,裕诚路２３８之３號,液氯\n"
    layer, (report,) = load(
        tmp_path, "hazard_sources", text, "罐.csv", spec={"join": "enterprises"}, joins={"enterprises": firms}
    )
    assert layer["enterprise_id"].tolist() == ["E1"]
    assert firms["address"][0] == "裕誠路二三八之三號"
    assert [i.detail for i in report.issues if i.code == "joined_name"] == ["臺灣化工股份有限公司 (E1), score 1.00"]


def test_case_23_several_hazards_in_one_cell(tmp_path):
    text = (
        "企业名称,危险化学品,最大存量,经度,纬度\n"
        "甲,液氯；液氨、甲醇,,120.2,31.7\n"
        "乙,液氨、甲醇,500、800kg,120.3,31.7\n"
        "丙,二甲苯(邻、间、对),5,120.4,31.7\n"
        "丁,苯、甲苯,9,120.5,31.7\n"
        '戊,"Ammonia, anhydrous",,120.6,31.7\n'
        "己,邻、间、对二甲苯,,120.65,31.7\n"
    )
    layer, (report,) = load(tmp_path, "hazard_sources", text)
    rows = sorted((r.enterprise_name, r.substance, r.quantity_t) for r in layer.fillna({"quantity_t": -1}).itertuples())
    assert rows == sorted([
        ("甲", "液氯", -1), ("甲", "液氨", -1), ("甲", "甲醇", -1),
        ("乙", "液氨", 0.5), ("乙", "甲醇", 0.8),  # the unit behind the last counts for both
        ("丙", "二甲苯(邻、间、对)", 5), ("丁", "苯、甲苯", 9), ("戊", "Ammonia, anhydrous", -1),
        ("己", "邻、间、对二甲苯", -1),
    ])  # fmt: skip
    assert {i.row for i in report.issues if i.code == "split_row"} == {2, 3}
    assert {i.row for i in report.issues if i.code == "unsplit_row"} == {5, 6, 7}


def test_case_23_one_firm_on_several_rows(tmp_path):
    text = (
        "编号,企业名称,列管类别,从业人数,经度,纬度\n"
        "A,甲化工有限公司,air,20,120.2,31.7\nA,甲化工有限公司,water,,120.2,31.7\nA,乙化工有限公司,air,5,120.4,31.7\n"
    )
    layer, (report,) = load(tmp_path, "enterprises", text)
    assert layer[["id", "name", "staff"]].to_numpy().tolist() == [
        ["A", "甲化工有限公司", 20],
        ["A-2", "乙化工有限公司", 5],
    ]
    assert told(report, "merged_firm", "firm_conflict", "repeated_id") == [
        ("merged_firm", 3, "甲化工有限公司"),
        ("firm_conflict", 3, "water"),
        ("repeated_id", 2, "A"),
    ]
    assert report.rows_read == report.rows_kept == 3


FIRMS = (
    "编号,企业名称,统一社会信用代码,经度,纬度\n"
    "E1,临澜宏达化工有限公司,91350100M000100Y43,120.20,31.70\n"
    "E2,临澜宏达化工有限公司二厂,,120.30,31.70\n"
    "E3,城东加油站,,120.40,31.70\n"
    "E4,红星有限公司,,120.50,31.70\n"
    "E5,红星有限公司,,120.55,31.90\n"
    "0071,安泰仓储有限公司,,120.60,31.70\n"
)


def test_case_53_rows_find_their_firm_by_id_code_and_name(tmp_path):
    firms, _ = load(tmp_path, "enterprises", FIRMS, "名录.csv")
    text = (
        "企业编号,企业名称,统一社会信用代码,物质\n"
        "E1,,,甲醇\n"  # id
        "71,安泰仓储有限公司,,乙醇\n"  # lost zeros
        ",,91350100m000100y43 ,丙醇\n"  # credit code
        ",临澜宏达化工有限责任公司,,丁醇\n"  # legal form
        ",临澜宏达化工有限公司2厂,,戊醇\n"
        ",临澜宏达化工有限公司三厂,,己醇\n"  # another works: nobody's
        ",城西加油站,,庚醇\n"
        ",红星股份有限公司,,辛醇\n"  # two of that name
        ",临澜宏达化学有限公司,,壬醇\n"  # for a person
        ",临澜宏达化工有限公司,91440300708461136T,癸醇\n"  # another valid credit code: never
        "E1,完全不同的单位,,子醇\n"  # the id wins, and is told
        ",别名公司,91350100M000100Y43,丑醇\n"  # a credit code with quite another name
    )
    layer, (report,) = load(
        tmp_path, "hazard_sources", text, "罐.csv", spec={"join": "enterprises"}, joins={"enterprises": firms}
    )
    joined = dict(zip(layer["source_row"], layer["enterprise_id"], strict=True))
    assert {i.row: i.code for i in report.issues if i.action == "rejected"} == {
        7: "join_doubt", 8: "not_joined", 9: "join_tie", 10: "join_doubt", 11: "join_doubt", 13: "join_doubt",
    }  # fmt: skip
    assert joined == {2: "E1", 3: "0071", 4: "E1", 5: "E1", 6: "E2", 12: "E1"}
    assert {i.row for i in report.issues if i.code == "joined_unlike"} == {12}
    assert {i.row for i in report.issues if i.code == "joined_zeros"} == {3}
    details = {i.row: i.detail for i in report.issues}
    assert details[10].startswith("临澜宏达化工有限公司 (E1), score 0.")
    assert "E4" in details[9]
    assert "E5" in details[9]
    assert "(E2)" in details[11]  # its works without a code is named for a person, the firm itself never
    assert report.rows_read == report.rows_kept + report.rows_rejected == 12


def test_case_53_lists_of_the_same_firms_become_one(tmp_path):
    (tmp_path / "甲.csv").write_text(
        "编号,企业名称,统一社会信用代码,从业人数,经度,纬度\n"
        "E1,临澜宏达化工有限公司,91350100M000100Y43,20,120.20,31.70\n"
        "E2,临澜安泰仓储有限公司,,,120.30,31.70\n"
        "E3,临澜远洋物流有限公司,,7,120.40,31.70\n",
        "utf-8",
    )
    (tmp_path / "乙.csv").write_text(
        "许可证号,编号,单位名称,统一社会信用代码,地址,从业人数,经度,纬度\n"
        "x,P9,临瀾宏達化工有限責任公司,,一号路1号,25,120.2005,31.7003\n"  # 60 m away
        "x,P8,临澜安泰仓储股份有限公司,91440300708461136T,二号路,9,120.30,31.70\n"
        "x,P7,临澜远洋物流公司,,三号路,7,120.46,31.70\n"  # 5.7 km away: for a person
        "x,P6,临澜宏达化工有限公司,91440300708461136T,,3,120.20,31.70\n",  # another credit code
        "utf-8",
    )
    spec = {"source": ["甲.csv", "乙.csv"], "crs": "wgs84"}
    layer, (first, second) = load_layer("enterprises", spec, folder=tmp_path, crs=CRS, anchor=BOX)
    by_id = layer.set_index("id")
    assert sorted(by_id.index) == ["E1", "E2", "E3", "P6", "P7"]
    assert by_id.loc["E1", ["name", "staff", "address", "other_ids"]].tolist() == [
        "临澜宏达化工有限公司", 20, "一号路1号", "P9",
    ]  # fmt: skip
    assert by_id.loc["E2", ["staff", "credit_code", "other_ids"]].tolist() == [9, "91440300708461136T", "P8"]
    assert told(second, "firm_conflict") == [("firm_conflict", 2, "25")]
    assert [i.detail for i in second.issues if i.code == "firm_conflict"] == ["20"]
    assert second.rows_kept == second.rows_read == 4
    assert (first.features, second.features) == (3, 2)
    # a table that knows the firm by the second list's number still finds it
    tanks, _ = load(
        tmp_path, "hazard_sources", "企业编号,物质\nP9,氯\n", "罐.csv", spec={"join": "enterprises"},
        joins={"enterprises": layer},
    )  # fmt: skip
    assert tanks["enterprise_id"].tolist() == ["E1"]


STATES = {
    "在业": "active", "存续": "active", "已复产": "active", "试生产": "active", "注销": "closed", "已吊销": "closed",
    "搬迁": "closed", "停产": "stopped", "停产整顿": "stopped", "拟建": "planned", "筹建": "planned",
    "拟搬迁": "拟搬迁", "未停产": "未停产", "": None,
}  # fmt: skip


def test_case_54_states_are_kept_and_test_rows_told(tmp_path):
    lines = [f"甲厂{n},{state},120.2{n:02d},31.7" for n, state in enumerate(STATES)]
    lines += [
        "测试,在业,120.4,31.7",
        "111,在业,120.41,31.7",
        "abc企业,在业,120.42,31.7",
        "测试仪器有限公司,在业,120.43,31.7",
    ]
    layer, (report,) = load(tmp_path, "enterprises", "\n".join(["企业名称,经营状态,经度,纬度", *lines]))
    found = layer.set_index("name")["state"]
    assert [found[f"甲厂{n}"] for n in range(len(STATES))] == list(STATES.values())
    assert {v for _, _, v in told(report, "test_row")} == {"测试", "111", "abc企业"}
    assert {v for _, _, v in told(report, "unknown_value")} == {"拟搬迁", "未停产"}
    assert report.rows_kept == len(layer) == len(lines)


def test_case_54_only_what_is_there_counts(tmp_path):
    states = ["在业", "停产", "注销", "拟建", ""]
    lines = [f"罐区{n},罐区,液氯,50,{s},120.2{n},31.7" for n, s in enumerate(states)]
    head = "名称,类型,危险化学品,最大存量,状态,经度,纬度"
    tanks, _ = load(tmp_path, "hazard_sources", "\n".join([head, *lines]))
    units = major_hazards(tanks)
    assert set(units["name"]) == {"罐区0", "罐区1", "罐区4"}
    index = index_sources({"hazard_sources": tanks}, units).set_index("name")
    assert (index["score"] > 0).to_dict() == {
        "罐区0": True,
        "罐区1": True,
        "罐区2": False,
        "罐区3": False,
        "罐区4": True,
    }
    assert index.loc["罐区3", "reason"].startswith("planned")
    text = "\n".join([head, *(line.replace("罐区,液氯", "加油站,汽油") for line in lines)])
    stations, _ = load(tmp_path, "hazard_sources", text)
    schools = stations.assign(kind="kindergarten", id="P" + stations["id"], state=None)[
        ["id", "name", "kind", "state", "geometry"]
    ]
    findings = check_setbacks({"hazard_sources": stations, "crowded_places": schools})
    assert set(findings["source_name"]) == {"罐区0", "罐区1", "罐区3", "罐区4"}  # planned ones too,
    planned = findings[findings["source_name"] == "罐区3"]
    assert planned["reason"].str.contains("planned, not built yet").all()  # named as such
