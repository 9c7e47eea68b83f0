"""CSV and workbooks: encoding, header, page furniture, row numbers."""

import openpyxl
import pytest

from geo_risk.errors import InputError
from geo_risk.layers import tables
from geo_risk.layers.read import members, read

PLAIN = "编号,企业名称,经度,纬度\nA1,江阴市某某化工有限公司,120.1,31.9\nA2,临澜仓储物流有限公司,120.2,31.8\n"
TRADITIONAL = "編號,名稱,經度,緯度\nA1,高雄市石化工業股份有限公司,120.1,22.9\nA2,臺灣聚合化學品公司,120.2,22.8\n"


def write(folder, name, data):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_unreadable_bytes_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"a\.csv.*(readable in none|not text)"):
        read(write(tmp_path, "a.csv", bytes(range(128, 256)) * 40))


def test_titles_repeated_headers_and_totals_are_not_data(tmp_path):
    header = "编号,名称,从业人数\n"
    text = f"企业名录,,\n填报单位：甲,,\n{header}A,甲厂,3\n\n{header}B,乙厂,4\n合计,,7\n制表人：王,,\n"
    raw = read(write(tmp_path, "a.csv", text))
    assert list(raw.rows) == [4, 7]
    assert raw.read == 2
    told = [(i.row, i.detail) for i in raw.log.issues if i.code == "not_data"]
    assert told[:2] == [(6, "repeated header"), (8, "total")]


def test_quoted_line_breaks_count_as_a_spreadsheet_counts(tmp_path):
    raw = read(write(tmp_path, "a.csv", '编号,地址\nA,"一路\n二号"\nB,三路\n'))
    assert list(raw.rows) == [2, 3]


def test_no_header_is_told(tmp_path):
    with pytest.raises(InputError, match=r"no header row found.*Put one line of column names"):
        read(write(tmp_path, "a.csv", "1,2,3\n4,5,6\n"))


def test_empty_and_missing_files(tmp_path):
    with pytest.raises(InputError, match="empty"):
        read(write(tmp_path, "a.csv", ""))
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "b.csv")
    with pytest.raises(InputError, match="save as DXF"):
        read(write(tmp_path, "a.dwg", "x"))


def workbook(path, sheets, merged=()):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    for area in merged:
        book.worksheets[0].merge_cells(area)
    book.save(path)
    return path


def test_workbook_best_sheet_merged_header_and_numbers(tmp_path):
    rows = [
        ["危险源汇总表", None, None, None, None],
        ["编号", "企业名称", "坐标", None, "储量"],
        [None, None, "经度", "纬度", None],
        ["007", "甲厂", 120.5, 31.5, 12],
        ["008", None, 120.6, 31.6, None],
    ]
    path = workbook(tmp_path / "a.xlsx", {"数据": rows, "说明": [["填写说明"]]}, ["C2:D2", "B4:B5", "E4:E5"])
    raw = read(path)
    assert list(raw.frame.columns) == ["编号", "企业名称", "坐标_经度", "坐标_纬度", "储量"]
    assert raw.frame["编号"].tolist() == ["007", "008"]
    assert raw.frame["企业名称"].tolist() == ["甲厂", "甲厂"]  # merged text is filled down
    assert raw.frame["储量"].tolist() == ["12", ""]  # a merged number is not counted twice
    assert {i.code for i in raw.log.issues} >= {"other_sheets", "merged_numbers", "header"}
    assert list(raw.rows) == [4, 5]


def test_workbook_sheet_by_name(tmp_path):
    path = workbook(tmp_path / "a.xlsx", {"甲": [["编号"], ["1"]], "乙": [["编号"], ["2"]]})
    assert read(path, "乙").frame["编号"].tolist() == ["2"]
    assert [m.label for m in members(path)] == ["甲", "乙"]
    with pytest.raises(InputError, match="甲, 乙"):
        read(path, "丙")


def test_workbooks_that_are_something_else(tmp_path):
    with pytest.raises(InputError, match="web page"):
        read(write(tmp_path, "a.xls", "<html><table></table></html>"))
    assert read(write(tmp_path, "b.xls", PLAIN)).frame.shape == (2, 4)  # text under the name of a workbook
    with pytest.raises(InputError, match="cannot be opened"):
        read(write(tmp_path, "c.xlsx", b"PK\x03\x04rubbish"))
    with pytest.raises(InputError, match="password"):
        read(write(tmp_path, "d.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)))


def test_header_cells_the_user_named_are_found(tmp_path):
    text = "甲乙丙,,\n说明,一,二\nKX1,KX2,KX3\na,b,c\n"
    raw = tables.read_text(tmp_path / "a.csv", text.encode(), "enterprises", expected=("KX1", "KX2"))
    assert list(raw.frame.columns) == ["KX1", "KX2", "KX3"]
