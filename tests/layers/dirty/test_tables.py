"""Cases A and B of dirty files: encodings, headers, page furniture, merged cells, sheets, identifiers, separators."""

import csv
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.styles import numbers

from geo_risk.errors import InputError, SettingsError
from geo_risk.layers import encoding
from geo_risk.layers.load import load_layer
from geo_risk.layers.read import members, read

BOX = (119.9, 31.5, 120.9, 32.1)
HEADER = ["编号", "企业名称", "所属镇街", "从业人数", "经度", "纬度"]
ROWS = [
    ["E01", "江阴市长江化工有限公司", "澄江街道", "35", "120.281", "31.912"],
    ["E02", "临澜仓储物流有限公司", "华士镇", "120", "120.455", "31.823"],
    ["E03", "新桥纺织厂", "新桥镇", "7", "120.512", "31.777"],
]
TRADITIONAL = [
    ["編號", "名稱", "鄉鎮", "員工人數", "經度", "緯度"],
    ["E01", "高雄市石化工業股份有限公司", "鳳山區", "35", "120.281", "31.912"],
    ["E02", "臺灣聚合化學品公司", "林園區", "120", "120.455", "31.823"],
]


def text_of(rows, mark=",", end="\n"):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark, lineterminator=end).writerows(rows)
    return out.getvalue()


def write(folder, name, data):
    path = Path(folder) / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def book(path, rows, *, merged=(), change=None):
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    for area in merged:
        made.active.merge_cells(area)
    if change:
        change(made)
    made.save(path)
    return path


def told(raw_or_report, code):
    log = getattr(raw_or_report, "log", raw_or_report)
    return [i for i in log.issues if i.code == code]


def cells(raw):
    return raw.frame.to_numpy(object).tolist()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_case_01_gb18030_without_mark(tmp_path, end):
    raw = read(write(tmp_path, "a.csv", text_of([HEADER, *ROWS], end=end).encode("gb18030")), layer="enterprises")
    assert cells(raw) == ROWS
    assert [i.detail for i in told(raw, "encoding")] == ["GB18030"]


@pytest.mark.parametrize("name", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "big5", "cp950", "gb18030"])
def test_case_02_marks_utf16_and_big5(tmp_path, name):
    raw = read(write(tmp_path, "a.csv", text_of(TRADITIONAL).encode(name)), layer="enterprises")
    assert list(raw.frame.columns) == TRADITIONAL[0]
    assert cells(raw) == TRADITIONAL[1:]


def close_call():
    """Two-byte characters that are everyday ones in both families, under headers no one knows."""
    common = [c for c in map(chr, range(0x4E00, 0x9FA5)) if encoding._common(c)]
    both = []
    for c in common:
        try:
            other = c.encode("gb2312").decode("cp950")
        except UnicodeError:
            continue
        if len(other) == 1 and "\u4e00" <= other <= "\u9fff" and encoding._common(other):
            both.append(c)
    return "".join(both[:40])


def test_case_02_a_close_call_is_asked_not_guessed(tmp_path):
    rows = [["K1", "K2"], [close_call(), "1"]]
    path = write(tmp_path, "a.csv", text_of(rows).encode("gb18030"))
    with pytest.raises(InputError, match=r'a\.csv.*equally well.*encoding = "(gb18030|cp950)"'):
        read(path)
    assert cells(read(path, encoding="gb18030")) == rows[1:]


def test_case_02_header_words_settle_a_close_call(tmp_path):
    rows = [["编号", "企业名称"], ["E1", close_call()]]
    raw = read(write(tmp_path, "a.csv", text_of(rows).encode("gb18030")))
    assert cells(raw) == rows[1:]
    assert "headers make no sense" in told(raw, "encoding")[0].detail


def test_case_02_the_setting_reaches_the_file_and_is_checked(tmp_path):
    write(tmp_path, "a.csv", text_of([HEADER, *ROWS]).encode("gb18030"))

    def load(name):
        spec = {"source": "a.csv", "encoding": name, "crs": "wgs84"}
        return load_layer("enterprises", spec, folder=tmp_path, crs="EPSG:4549", anchor=BOX)[0]

    assert load("gb18030")["name"].tolist() == [r[1] for r in ROWS]
    with pytest.raises(InputError, match=r"encoding = \"utf-8\" leaves"):
        load("utf-8")
    with pytest.raises(InputError, match=r"cannot be used.*Write utf-8"):
        load("gbk2000")
    with pytest.raises(SettingsError, match="encodin"):
        load_layer("enterprises", {"source": "a.csv", "encodin": "x"}, folder=tmp_path, crs="EPSG:4549")


HAN = st.sampled_from([*"江阴市高新区化工有限公司临澜镇街道长山华士新桥纺织仓储物流"])


@given(st.lists(HAN, min_size=4, max_size=30), st.sampled_from(["gb18030", "utf-8", "utf-16"]))
@settings(deadline=None, max_examples=60)
def test_case_02_never_another_text(han, name):
    text = f"编号,企业名称\nE1,{''.join(han)}\n"
    try:
        found = encoding.decode(text.encode(name), "a.csv")[0]
    except InputError:
        return
    assert found == text


def test_case_07_a_workbook_that_is_text_or_a_web_page(tmp_path):
    page = "<html><meta charset='gbk'><table border=1><tr><td colspan=6>企业名录</td></tr>"
    page += "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in [HEADER, *ROWS])
    raw = read(write(tmp_path, "page.xls", (page + "</table></html>").encode("gb18030")), layer="enterprises")
    assert cells(raw) == ROWS
    assert raw.rows.tolist() == [3, 4, 5]
    text = write(tmp_path, "text.xls", text_of([HEADER, *ROWS], "\t").encode("gb18030"))
    assert cells(read(text, layer="enterprises")) == ROWS
    assert len(members(text)) == 1
    assert len(members(tmp_path / "page.xls")) == 1


def test_case_07_cells_over_rows_of_a_web_page(tmp_path):
    page = ("<table><tr><th>镇街</th><th>企业名称</th><th>人数</th></tr><tr><td rowspan=2>华士镇</td><td>甲<br>厂</td>"
            "<td>1</td></tr><tr><td>乙厂</td><td></td></tr></table>")  # fmt: skip
    raw = read(write(tmp_path, "p.xls", page), layer="enterprises")
    assert cells(raw) == [["华士镇", "甲\n厂", "1"], ["华士镇", "乙厂", ""]]


def test_case_07_a_workbook_with_a_password_is_refused(tmp_path):
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(InputError, match=r"a\.xlsx: .*password.*save it"):
        read(write(tmp_path, "a.xlsx", data))


def test_case_12_titles_and_a_header_of_two_rows(tmp_path):
    rows = [
        ["临澜市企业名录", *[None] * 5],
        ["填报单位：应急管理局", None, None, None, "单位：人", None],
        ["编号", "企业名称", "所属镇街", "从业人数", "坐标", None],
        [None, None, None, None, "经度", "纬度"],
        *ROWS,
    ]
    merged = ["A1:F1", "A2:D2", "E3:F3", "A3:A4", "B3:B4", "C3:C4", "D3:D4"]
    raw = read(book(tmp_path / "a.xlsx", rows, merged=merged), layer="enterprises")
    assert list(raw.frame.columns) == [*HEADER[:4], "坐标_经度", "坐标_纬度"]
    assert cells(raw) == ROWS
    assert raw.rows.tolist() == [5, 6, 7]
    spec = {"source": "a.xlsx", "crs": "wgs84"}
    layer, _ = load_layer("enterprises", spec, folder=tmp_path, crs="EPSG:4549", anchor=BOX)
    assert layer["id"].tolist() == ["E01", "E02", "E03"]


@pytest.mark.parametrize(
    "row",
    [
        ["合计", "", "", "162", "", ""],
        ["", "合计", "", "162", "", ""],
        ["3", "总 计：", "", "162", "", ""],
        ["", "", "华士镇小计", "162", "", ""],
        ["共计3家", "", "", "", "", ""],
        ["制表人：王五", "", "", "", "", ""],
        ["填报人：王", "", "审核人：李", "", "日期：2024-1-1", ""],
        ["注：含停产企业", "", "", "", "", ""],
        HEADER,
        ["", "", "", "", "", ""],
    ],
)
@pytest.mark.parametrize("at", [1, 4])
def test_case_13_furniture_is_skipped_and_told(tmp_path, row, at):
    grid = [HEADER, *ROWS]
    grid.insert(at, row)
    raw = read(write(tmp_path, "a.csv", text_of(grid)), layer="enterprises")
    assert cells(raw) == ROWS
    assert raw.read == 3
    assert at + 1 not in raw.rows
    if any(row) and (at, row) != (1, HEADER):
        assert [i.row for i in told(raw, "not_data")] == [at + 1]


@pytest.mark.parametrize(
    "row",
    [
        ["E04", "合计贸易有限公司", "华士镇", "5", "120.4", "31.8"],
        ["E04", "合计", "华士镇", "5", "120.4", "31.8"],
        ["E04", "共青团农场", "", "5", "120.4", "31.8"],
        ["E04", "注塑厂", "", "", "", ""],
        ["注塑厂", "", "", "", "", ""],
        ["E04", "总装备车间", "", "", "120.4", "31.8"],
    ],
)
def test_case_13_data_that_look_like_furniture_stay(tmp_path, row):
    assert cells(read(write(tmp_path, "a.csv", text_of([HEADER, *ROWS, row])), layer="enterprises"))[-1] == row


@pytest.mark.parametrize(
    "name", ["企业名称", "单位名称", "公司名称", "名称", "企业全称", "企 业 名 称", "企业名称（全称）"]
)
@pytest.mark.parametrize(
    ("lon", "lat"),
    [("经度", "纬度"), ("东经", "北纬"), ("X", "Y"), ("lng", "lat"), ("经度(东经)", "纬度(北纬)"), ("坐标X", "坐标Y"),
     ("经 度", "纬 度"), ("ＬＯＮ", "ＬＡＴ"), ("Longitude", "Latitude"), ("经度（°）", "纬度（°）")],
)  # fmt: skip
def test_case_14_names_of_columns(tmp_path, name, lon, lat):
    write(tmp_path, "a.csv", text_of([["编号", name, "镇街", "从业人数", lon, lat], *ROWS]))
    spec = {"source": "a.csv", "crs": "wgs84"}
    layer, (report,) = load_layer("enterprises", spec, folder=tmp_path, crs="EPSG:4549", anchor=BOX)
    assert layer["name"].tolist() == [r[1] for r in ROWS]
    assert report.columns["name"] == " ".join(name.replace("（", "(").replace("）", ")").split())


def test_case_14_two_headers_that_fit_one_column_are_told(tmp_path):
    write(
        tmp_path,
        "a.csv",
        text_of([["编号", "企业名称", "单位名称", "经度", "纬度"], ["1", "甲", "乙", "120.3", "31.9"]]),
    )
    layer, (report,) = load_layer(
        "enterprises", {"source": "a.csv", "crs": "wgs84"}, folder=tmp_path, crs="EPSG:4549", anchor=BOX
    )
    assert layer["name"].tolist() == ["甲"]
    assert [(i.column, i.detail) for i in told(report, "rival_column")] == [("name", "单位名称")]


BLOCKS = [
    ["镇街", "企业名称", "经度", "纬度"],
    ["华士镇", "甲厂", "120.41", "31.81"],
    ["", "乙厂", "120.42", "31.82"],
    ["", "丙厂", "120.43", "31.83"],
    ["新桥镇", "丁厂", "120.51", "31.71"],
    ["", "戊厂", "120.52", "31.72"],
]


def test_case_15_a_township_on_the_first_row_of_its_block(tmp_path):
    raw = read(write(tmp_path, "a.csv", text_of(BLOCKS)), layer="enterprises")
    assert raw.frame["镇街"].tolist() == ["华士镇"] * 3 + ["新桥镇"] * 2
    assert [(i.row, i.count, i.value) for i in told(raw, "filled_down")] == [(3, 2, "华士镇"), (6, 1, "新桥镇")]


def test_case_15_merged_ranges_in_a_workbook(tmp_path):
    raw = read(book(tmp_path / "a.xlsx", BLOCKS, merged=["A2:A4", "A5:A6"]), layer="enterprises")
    assert raw.frame["镇街"].tolist() == ["华士镇"] * 3 + ["新桥镇"] * 2


@pytest.mark.parametrize(
    "towns",
    [
        ["华士镇", "华士镇", "", "新桥镇", "新桥镇"],  # one is simply unknown
        ["", "华士镇", "", "", "新桥镇"],  # whose is the first?
        ["华士镇", "", "新桥镇", "", "华士镇"],  # a name comes back: no blocks
    ],
)
def test_case_15_unknown_townships_stay_unknown(tmp_path, towns):
    rows = [BLOCKS[0], *([t, *r[1:]] for t, r in zip(towns, BLOCKS[1:], strict=True))]
    raw = read(write(tmp_path, "a.csv", text_of(rows)), layer="enterprises")
    assert raw.frame["镇街"].tolist() == towns


def test_case_15_only_grouping_columns_and_never_over_a_lost_row(tmp_path):
    rows = [
        ["镇街", "企业名称", "联系人"],
        ["华士镇", "甲", "王"],
        ["", "乙", ""],
        ["新桥镇", "丙,", "x", "y"],
        ["", "丁", ""],
    ]
    raw = read(write(tmp_path, "a.csv", text_of([*rows, ["", "戊", ""], ["", "己", ""]])), layer="enterprises")
    assert raw.frame["镇街"].tolist() == ["华士镇", "华士镇", "", "", ""]
    assert raw.frame["联系人"].tolist() == ["王", "", "", "", ""]
    assert raw.unread == [(4, ["新桥镇", "丙,", "x", "y"])]


def test_case_15_the_enterprise_of_several_tanks(tmp_path):
    rows = [
        ["企业编号", "企业名称", "物质", "存量"],
        ["007", "甲厂", "甲醇", "3"],
        ["", "", "苯", "2"],
        ["008", "乙厂", "液氨", "1"],
        ["", "", "液氯", "4"],
    ]
    raw = read(write(tmp_path, "a.csv", text_of(rows)), layer="hazard_sources")
    assert raw.frame["企业编号"].tolist() == ["007", "007", "008", "008"]
    assert raw.frame["企业名称"].tolist() == ["甲厂", "甲厂", "乙厂", "乙厂"]
    assert raw.frame["存量"].tolist() == ["3", "2", "1", "4"]


def test_case_16_sheets_hidden_rows_and_filters(tmp_path):
    def change(made):
        sheet = made.active
        sheet.title = "名录"
        sheet.row_dimensions[3].hidden = True
        sheet.auto_filter.ref = "A1:F4"
        sheet.auto_filter.add_filter_column(2, ["澄江街道"])
        made.create_sheet("说明").append(["填报说明"])
        other = made.create_sheet("历史")
        other.append(["编号", "备用"])
        other.sheet_state = "hidden"

    raw = read(book(tmp_path / "a.xlsx", [HEADER, *ROWS], change=change), layer="enterprises")
    assert cells(raw) == ROWS
    assert [i.detail for i in told(raw, "other_sheets")] == ["说明, 历史"]
    assert [(i.count, i.detail) for i in told(raw, "hidden_rows")] == [(1, "3")]
    assert [i.detail for i in told(raw, "filtered")] == ["A1:F4"]
    hidden = read(tmp_path / "a.xlsx", "历史", layer="enterprises")
    assert [i.detail for i in told(hidden, "hidden_sheet")] == ["历史"]


def test_case_16_formulas_and_error_cells(tmp_path):
    rows = [["编号", "企业名称", "从业人数"], ["1", "甲", "=1+2"], ["2", "乙", "#N/A"], ["3", "#REF!", "4"]]
    path = book(tmp_path / "a.xlsx", rows)
    raw = read(path, layer="enterprises")
    assert cells(raw) == [["1", "甲", ""], ["2", "乙", ""], ["3", "", "4"]]
    assert [(i.row, i.column) for i in told(raw, "no_cached_value")] == [(2, "C")]
    assert [(i.row, i.column, i.value) for i in told(raw, "error_cell")] == [
        (4, "企业名称", "#REF!"), (3, "从业人数", "#N/A")]  # fmt: skip
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:  # as saved by a spreadsheet
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"<v />", b"<v>3</v>").replace(b"<v></v>", b"<v>3</v>"))
    kept = read(tmp_path / "b.xlsx", layer="enterprises")
    assert kept.frame["从业人数"].tolist() == ["3", "", "4"]
    assert not told(kept, "no_cached_value")


def test_case_16_cells_too_narrow_to_show_a_number(tmp_path):
    raw = read(write(tmp_path, "a.csv", "编号,名称,从业人数\n1,#甲,####\n2,乙,5\n"), layer="enterprises")
    assert cells(raw) == [["1", "#甲", ""], ["2", "乙", "5"]]


CODES = ["913202817890123456", "91320281MA1NXYZ12X", "007", "320281000012345678901", "1e5"]


@pytest.mark.parametrize("kind", ["csv", "gb18030", "xlsx", "xls page"])
def test_case_17_ids_never_pass_through_numbers(tmp_path, kind):
    rows = [["编号", "统一社会信用代码", "企业名称"], *([c, c, "甲"] for c in CODES)]
    if kind == "xlsx":
        path = book(tmp_path / "a.xlsx", rows)
    elif kind == "xls page":
        page = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
        path = write(tmp_path, "a.xls", f"<table>{page}</table>")
    else:
        path = write(tmp_path, "a.csv", text_of(rows).encode(kind.replace("csv", "utf-8")))
    assert read(path, layer="enterprises").frame["统一社会信用代码"].tolist() == CODES


def test_case_17_ids_kept_as_numbers_in_a_workbook(tmp_path):
    def change(made):
        made.active["A2"].number_format = "000000"

    rows = [["编号", "统一社会信用代码", "企业名称"], [123, 913202817890123456, "甲"], [124.0, 12, "乙"]]
    raw = read(book(tmp_path / "a.xlsx", rows, change=change), layer="enterprises")
    assert raw.frame["编号"].tolist() == ["000123", "124"]  # the zeros its format shows; none invented
    code = raw.frame["统一社会信用代码"].tolist()
    assert "e+17" in code[0]  # visibly damaged, never 913202817890123456 or a rounded neighbour
    assert code[1] == "12"


def test_case_18_dates_as_a_workbook_holds_them(tmp_path):
    import datetime as dt

    def change(made):
        made.active["C2"].number_format = numbers.FORMAT_DATE_YYYYMMDD2
        made.active["C4"].number_format = 'yyyy"年"m"月"d"日"'

    rows = [["编号", "企业名称", "成立日期"], ["1", "甲", 43831], ["2", "乙", 43831], ["3", "丙", 36526],
            ["4", "丁", dt.date(2023, 5, 17)], ["5", "戊", dt.datetime(2023, 5, 17, 8, 30)]]  # fmt: skip
    raw = read(book(tmp_path / "a.xlsx", rows, change=change), layer="enterprises")
    assert raw.frame["成立日期"].tolist() == ["2020-01-01", "43831", "2000-01-01", "2023-05-17", "2023-05-17T08:30:00"]


def test_case_21_what_is_written_is_kept_as_written(tmp_path):
    rows = [["编号", "企业名称", "地址"], ["１", "\u3000甲\u200b厂\xa0", "４６９号\n二楼"]]
    raw = read(write(tmp_path, "a.csv", text_of(rows)), layer="enterprises")
    assert cells(raw) == [["１", "甲\u200b厂", "４６９号\n二楼"]]


def test_case_22_codes_then_labels(tmp_path):
    rows = [["CODE", "P_CNT", "H_CNT"], ["统计区代码", "人口数", "户数"], ["A1", "5", "2"], ["A2", "6", "3"]]
    raw = read(write(tmp_path, "a.csv", text_of(rows).encode("gb18030")), layer="population")
    assert list(raw.frame.columns) == rows[0]
    assert raw.labels == {"CODE": "统计区代码", "P_CNT": "人口数", "H_CNT": "户数"}
    assert cells(raw) == rows[2:]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_separators_quotes_and_line_breaks(tmp_path, mark):
    rows = [HEADER, *ROWS, ["E04", f"甲{mark}乙", '名为"丙"', "a\nb", "120.4", "31.8"]]
    assert cells(read(write(tmp_path, "a.txt", text_of(rows, mark)), layer="enterprises")) == rows[1:]


def test_decimal_commas_between_semicolons(tmp_path):
    rows = [["编号", "企业名称", "从业人数", "经度", "纬度"], ["1", "甲,乙", "1,234", "120,28", "31,912"],
            ["2", "丙", "2,345", "120,4551", "31,823"]]  # fmt: skip
    raw = read(write(tmp_path, "a.csv", text_of(rows, ";")), layer="enterprises")
    assert raw.frame["经度"].tolist() == ["120.28", "120.4551"]
    assert raw.frame["纬度"].tolist() == ["31,912", "31,823"]  # every one could be a thousand: left to the coordinates
    assert raw.frame["从业人数"].tolist() == ["1,234", "2,345"]
    assert [(i.column, i.count) for i in told(raw, "decimal_comma")] == [("经度", 2)]


def test_a_separator_that_wins_by_a_hair_is_told(tmp_path):
    raw = read(write(tmp_path, "a.csv", "KA,KB;KC\n" + "1,2;3\n" * 20), expected=("KA", "KC"))
    assert raw.log.issues[0].code == "separator"


def test_nul_bytes(tmp_path):
    raw = read(
        write(
            tmp_path, "a.csv", text_of([HEADER, *ROWS * 20]).replace("甲", "").encode() + b"E9,\x00\xe7\x94\xb2,,,,\n"
        )
    )
    assert raw.frame["企业名称"].iloc[-1] == "甲"
    assert told(raw, "nul_bytes")
    with pytest.raises(InputError, match="not text"):
        read(write(tmp_path, "b.csv", bytes([0, 1, 2, 3, 0, 0, 65]) * 50 + bytes(40)))


def test_very_long_lines(tmp_path):
    rows = [["编号", "企业名称", "备注"], ["1", "甲", "长" * 400_000], ["2", "乙", ""]]
    raw = read(write(tmp_path, "a.csv", text_of(rows)), layer="enterprises")
    assert cells(raw) == rows[1:]


def test_rows_that_cannot_be_placed_are_kept_aside_whole(tmp_path):
    raw = read(write(tmp_path, "a.csv", "编号,名称,人数\n1,甲,2\n2,乙,3,4\n3,丙\n4,丁,5,\n"), layer="enterprises")
    assert raw.unread == [(3, ["2", "乙", "3", "4"])]
    assert cells(raw) == [["1", "甲", "2"], ["3", "丙", ""], ["4", "丁", "5"]]
    assert raw.read == 4
    assert [(i.row, i.action) for i in told(raw, "extra_cells")] == [(3, "rejected")]
