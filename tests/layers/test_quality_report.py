"""Reports whose sums close and whose page shows text as text."""

import pytest
from shapely.geometry import box

from geo_risk.layers.advice import ADVICE, advice
from geo_risk.layers.load import load_layer
from geo_risk.layers.quality import PROBLEMS, FileReport, Issue, Log, quality_json, ranges
from geo_risk.layers.quality_map import sketch
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


def report_of(tmp_path, text, **spec):
    (tmp_path / "a.csv").write_text(text, "utf-8")
    _, (report,) = load_layer(
        "crowded_places", {"source": "a.csv", "crs": "wgs84", **spec}, folder=tmp_path, crs="EPSG:4549",
        anchor=(120.0, 31.0, 121.0, 32.0),
    )  # fmt: skip
    return report


PLACES = (
    "编号,名称,类别,人数,经度,纬度\n"
    "1,一小,小学,300,120.100001,31.500001\n"
    "2,二小,小学,500,120.200001,31.500001\n"
    "3,一院,医院,,120.300001,31.500001\n"
    "4,三小,小学,约200,120.400001,31.500001\n"
    "5,远小,小学,100,118.500001,31.500001\n"
    "6,无小,小学,100,0,0\n"
)


def test_completeness_is_counted_on_the_clean_rows(tmp_path):
    told = {c["column"]: c for c in report_of(tmp_path, PLACES).contents}
    assert told["kind"]["common"] == [["primary_school", "小学", 3], ["hospital", "医院", 1]]
    people = told["capacity"]
    assert (people["filled"], people["distinct"], people["least"], people["greatest"]) == (0.75, 3, 200, 500)
    assert (people["header"], people["unit"]) == ("人数", "persons")
    assert (told["name"]["distinct"], told["name"]["filled"]) == (4, 1)
    assert "common" not in told["name"]
    assert "beds" not in told


def test_places_of_kept_mended_and_rejected_rows(tmp_path):
    report = report_of(tmp_path, PLACES)
    assert report.places["points"] == [[120.1, 31.5], [120.2, 31.5], [120.3, 31.5], [120.4, 31.5]]
    assert report.places["rejected"] == [[6, 118.5, 31.5]]  # 0, 0 is no place
    assert (report.system, report.system_from) == ("wgs84", "stated")
    west, south, east, north = report.places["extent"]
    assert (west, east, south, north) == (120.100001, 120.400001, 31.500001, 31.500001)
    mended = next(i for i in report.issues if i.action == "repaired" and i.column == "capacity")
    assert (mended.value, mended.after) == ("约200", "200")
    page = quality_html(quality_json([report]), boundary=box(120, 31, 121, 32))
    assert page.count("h0") == 4
    assert page.count('class="beyond"') == 1


def test_an_arrow_leads_from_the_old_place_if_it_is_on_the_map():
    places = {"points": [], "lines": [], "extent": [0, 0, 1, 1], "errors": [], "rejected": [[4, 0.5, 0.5]],
              "moved": [[2, 0.2, 0.2, 0.8, 0.8], [3, 0.2, 0.2, 50, 0.8], [5, 0.3, 0.3]]}  # fmt: skip
    drawn = sketch(places, None)
    assert drawn.count('class="mended"') == 3
    assert drawn.count('class="arrow"') == 1
    assert drawn.count('class="lost"') == 1
    assert sketch({**places, "extent": None, "rejected": []}, None) == ""


def test_rows_are_named_as_ranges():
    assert ranges([5, 2, 3, 4, 9]) == "2-5, 9"
    assert ranges([]) == ""
    assert ranges(range(1, 1000, 2)).endswith(", 399, …")
    log = Log("a", "enterprises")
    log.group("repaired", "roc_year", [4, 3, 9], column="data_date", values=["1", "2", "3"])
    assert log.issues[0].rows == "3-4, 9"
    log.group("rejected", "missing_required", [5, 6], column="persons", values=["", ""])
    assert [(i.row, i.count) for i in log.issues[1:]] == [(5, 1), (6, 1)]


def test_what_to_do_first_is_sorted_and_says_how():
    quality = quality_json([log().report(10, 8)])
    first = quality["first"]
    assert [(f["action"], f["rows"]) for f in first] == [("rejected", 2)]
    assert first[0]["suggestion_zh"].startswith("请补填经纬度")
    assert not set(ADVICE) - set(PROBLEMS)
    for code in PROBLEMS:
        assert all(advice(code, "rejected")), code


def test_a_page_of_many_issues_stays_small():
    many = Log("a.csv", "enterprises")
    many.reject("no_coordinates", range(2, 1002), column="lon, lat", values=["<0, 0>"] * 1000)
    page = quality_html(quality_json([many.report(1000, 0)] * 300))
    assert len(page) < 2_000_000
    assert "994 more rows" in page
    assert "100 more files" in page
