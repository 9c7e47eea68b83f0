"""Reports whose sums close and whose page shows text as text."""

import pytest

from geo_risk.layers.quality import PROBLEMS, FileReport, Issue, Log, quality_json
from geo_risk.layers.quality_page import quality_html


def log():
    out = Log("<b>a</b>.csv", "enterprises")
    out.reject("no_coordinates", [4, 9], column="lon", values=["0", "<script>alert(1)</script>"])
    out.group("repaired", "number_words", [2, 3, 5], column="staff", values=["约3", "约4", "约5"], detail="about")
    out.note("encoding", detail="GB18030")
    return out


def test_sums_close_and_every_rejection_is_told():
    report = log().report(10, 8)
    assert (report.rows_read, report.rows_kept, report.rows_rejected, report.rows_repaired) == (10, 8, 2, 3)
    with pytest.raises(RuntimeError, match="sums do not close"):
        FileReport("a", "b", 10, 8, 1)
    with pytest.raises(RuntimeError, match="rejections told 0"):
        FileReport("a", "b", 10, 8, 2)


def test_json_has_both_languages_and_totals():
    data = quality_json([log().report(10, 8), log().report(5, 3)])
    assert (data["rows_read"], data["rows_kept"], data["rows_rejected"]) == (15, 11, 4)
    issue = data["files"][0]["issues"][0]
    assert issue["row"] == 4
    assert issue["problem"] == "no coordinates (zero or blank)"
    assert issue["problem_zh"] == "无坐标（为零或空白）"


def test_page_is_escaped_and_self_contained():
    page = quality_html(quality_json([log().report(10, 8)]))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "&lt;b&gt;a&lt;/b&gt;.csv" in page
    assert "http" not in page
    # what to do: a heading and one problem; the overview: a heading and one file; three findings under headings
    assert page.count("<tr>") == (1 + 1) + (1 + 1) + 3 * (1 + 1)


def test_every_problem_reads_in_both_languages():
    for code, (english, chinese) in PROBLEMS.items():
        assert ("{detail}" in english) == ("{detail}" in chinese), code
        issue = Issue("f", 1, "", "", code, "noted", detail="7 {detail} %s")
        assert "7 {detail} %s" in issue.problem or "{detail}" not in english
