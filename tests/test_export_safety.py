"""Exports that a spreadsheet opens run nothing, and cut nothing in silence."""

import csv

import openpyxl
import pandas as pd
import pytest

from geo_risk.export import export_table
from geo_risk.layers.quality import Log, quality_json
from geo_risk.layers.quality_page import quality_html

FORMULAS = ['=HYPERLINK("http://example.org","看")', "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)*cmd",
            "\t=1+1", "\r=1+1", "＝1+1", " =1+1"]  # fmt: skip
HARMLESS = ["江阴化工", "-5", "+8613800000000", "-5.25", "a=b", "'=1", "", "重大/较大"]


def table():
    texts = FORMULAS + HARMLESS
    return pd.DataFrame({"name": texts, "=x": range(len(texts)), "value": [-1.5] * len(texts)})


def test_csv_texts_are_no_formulas(tmp_path):
    export_table(table(), str(tmp_path / "a.csv"), "t")
    with open(tmp_path / "a.csv", encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["name", "'=x", "value"]
    assert [row[0] for row in rows] == [f"'{t}" for t in FORMULAS] + HARMLESS
    assert {row[2] for row in rows} == {"-1.5"}


def test_xlsx_texts_are_texts_and_numbers_numbers(tmp_path):
    export_table(table(), str(tmp_path / "a.xlsx"), "t")
    for data_only in (False, True):
        sheet = openpyxl.load_workbook(tmp_path / "a.xlsx", data_only=data_only).active
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert not [c for c in cells if c.data_type == "f"]
        written = [sheet.cell(i + 2, 1).value or "" for i in range(len(FORMULAS + HARMLESS))]
        assert [w.replace("\r", "").replace("\n", "") for w in written] == [
            t.replace("\r", "") for t in FORMULAS + HARMLESS
        ]
        assert {sheet.cell(i + 2, 3).value for i in range(3)} == {-1.5}


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onload='x"])
def test_quality_page_escapes_what_files_say(text):
    log = Log(f"{text}.csv", text)
    log.reject("not_parsed", [1], column=text, values=[text], details=text)
    log.note("encoding", detail=text)
    page = quality_html(quality_json([log.report(1, 0)]))
    assert text not in page
    assert "<script" not in page
    assert "<img" not in page
