"""Handbooks, sheets and lists: what they say, that they are whole, and that nothing of them is cut."""

import csv
import re
from dataclasses import replace

import openpyxl
import pandas as pd
import pypdfium2
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from printed_city import LONG, X, Y, frame, layers, write_region
from publish_city import NASTY

from geo_risk import store
from geo_risk.errors import InputError, RegionError
from geo_risk.publish import document, maplet
from geo_risk.publish.books import chosen, read_books
from geo_risk.publish.folder import file_names, fresh_folder
from geo_risk.publish.handbook import handbook, write_handbooks
from geo_risk.publish.lists import write_lists
from geo_risk.publish.neighbours import neighbours, reaches
from geo_risk.publish.sheet import write_sheets
from geo_risk.region import Region


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    return Region(write_region(tmp_path_factory.mktemp("printed") / "r"))


@pytest.fixture(scope="module")
def books(region):
    return read_books(region)


def pages(data: bytes) -> list[str]:
    """The text of each page of a PDF, white space left out."""
    found = pypdfium2.PdfDocument(data)
    return [re.sub(r"[\s\u200b]", "", page.get_textpage().get_text_range()) for page in found]


def test_neighbours_by_hand(books):
    """H1 at (100, 0) reaches 500 m, H2 at (-100, 0) 200 m, the site itself 150 m."""
    near = neighbours(books, reaches(books))["E1"]
    assert (near.reach_m, near.basis) == (500.0, "index")
    # C1 is 300 m from H1, C2 150 m from H2, H3 of another firm 200 m from H1; C3 is beyond reach, C4 closed.
    assert [(n["id"], round(n["distance_m"], 1)) for n in near.named] == [("C2", 150.0), ("H3", 200.0), ("C1", 300.0)]
    assert near.counts == {"crowded_places": 2, "hazard_sources": 1}
    assert near.residents == 42.0
    assert near.area.contains(shapely.Point(X + 599, Y))
    assert not near.area.contains(shapely.Point(X + 601, Y))


def test_a_quantified_source_reaches_as_far_as_its_scenarios(books):
    sources = frame([shapely.Point(X + 100, Y)], source_id=["hazard_sources/H1"], layer=["hazard_sources"], id=["H1"])
    scenarios = pd.DataFrame({"source_id": ["hazard_sources/H1"] * 2, "reach_m": [70.0, 160.0]})
    told = replace(books, tables={**books.tables, "risk_sources": sources, "scenarios": scenarios})
    found = reaches(told)
    own = found[found["firm"] == "E1"].sort_values("reach_m")
    assert own[["reach_m", "basis"]].to_numpy().tolist() == [[150.0, "index"], [160.0, "risk"], [200.0, "index"]]


def test_a_handbook_says_what_is_known_and_what_is_not(books):
    near = neighbours(books, reaches(books))
    page = document.html(handbook(books, books.firms[0], near["E1"], "zh"))
    assert "<b>红</b>重大" in page
    for said in ("10", "2.5", "汽油", "液氨", "20.0 ± 0.5", "GB 50156-2021 4.0.4", "4.3",
                 "1.2", "报警器失效", "逾期", "2026-06-30", "企业.csv 第 2 行", "未进行定量风险计算",
                 "没有风险点清单"):  # fmt: skip
        assert said in page, said
    assert NASTY not in page
    assert "&lt;/script&gt;" in page
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page)
    empty = document.html(handbook(books, books.firms[1], near.get("E/2"), "zh"))
    assert "危险源名录中没有本企业的记录" in empty
    assert "影响距离内没有记录的目标" in empty
    placeless = document.html(handbook(books, books.firms[2], None, "en"))
    assert "No usable place" in placeless
    assert "<svg" not in placeless


def test_each_file_is_the_handbook_of_its_enterprise(region, tmp_path):
    written = write_handbooks(region, tmp_path / "h", ["e1", "E/2", "E1"])
    titles = [re.search(r"<title>(.*?)</title>", p.read_text("utf-8"))[1] for p in written[1:]]
    assert titles[0] == LONG
    assert titles[1] == "无事公司"
    assert titles[2].startswith("临江&lt;/script")
    index = written[0].read_text("utf-8")
    for path in written[1:]:
        assert f'href="{path.name}"' in index
    assert len({p.name.casefold() for p in written}) == 4


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_the_bytes_do_not_depend_on_the_workers(region, tmp_path, form):
    one = write_handbooks(region, tmp_path / "one", form=form)
    two = write_handbooks(region, tmp_path / "two", form=form, workers=2)
    assert len(one) == 5
    assert [p.name for p in one] == [p.name for p in two]
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]


def test_a_pdf_is_a4_with_page_numbers_and_all_of_its_text(books):
    firm = books.firms[0]
    rows = [{**books.of("hazard_sources", "E1")[0], "name": f"第{n}号罐"} for n in range(150)]
    rows[7]["name"] = "x" * 200
    long = replace(books, rows={**books.rows, "hazard_sources": {"E1": rows}})
    data = document.pdf(handbook(long, firm, None, "zh"))
    found = pypdfium2.PdfDocument(data)
    assert {tuple(round(v) for v in found.get_page_size(n)) for n in range(len(found))} == {(595, 842)}
    texts = pages(data)
    assert len(texts) > 3
    assert all(f"{n}/{len(texts)}" in t for n, t in enumerate(texts, 1))
    assert all(f"第{n}号罐" in "".join(texts) for n in range(150) if n != 7)
    assert "x" * 200 in "".join(texts)
    assert sum("危险源名称" in t for t in texts) >= 3, "the header is repeated on each page"
    right = max(box for page in found for box in (page.get_textpage().get_charbox(k)[2] for k in range(50)))
    assert right < 595


def test_a_sheet_is_one_page_whatever_its_names(region, tmp_path):
    folder = write_region(tmp_path / "long")
    firms = store.read_table(folder / "build/tables/enterprises.parquet")
    firms = firms.assign(reason=["own index 90.0 (red); " * 40] * 4, district_id=["T1"] * 4, grade=4)
    store.write_table(folder / "build/tables/enterprises.parquet", firms)
    written = write_sheets(Region(folder), tmp_path / "s", ["T1"], form="pdf")
    texts = pages(written[1].read_bytes())
    assert len(texts) == 1
    assert LONG in texts[0]
    assert "38.0%" in texts[0]
    assert [p.name for p in write_sheets(region, tmp_path / "all")] == ["index.html", "T1.html", "T2.html"]


def test_a_sheet_tells_what_changed(region, tmp_path):
    before = tmp_path / "before" / "tables"
    towns = region.table("districts").assign(grade=pd.array([2, 1], "Int64"))
    firms = region.table("enterprises").assign(grade=pd.array([3, 1, 0, 2], "Int64"))
    store.write_table(before / "districts.parquet", towns)
    store.write_table(before / "enterprises.parquet", firms)
    one, two = (p.read_text("utf-8") for p in write_sheets(region, tmp_path / "s", before=before.parent)[1:])
    changes = one[one.index(">变化<") : one.index(">谁来管<")]
    assert re.findall(r"<b>(.)</b>", changes) == ["黄", "红", "橙", "红"]
    assert "没有变化" in two
    with pytest.raises(InputError, match="no table 'districts' of an earlier state"):
        write_sheets(region, tmp_path / "s", before=tmp_path)


def test_lists_hold_every_row_as_text_and_colour(region, tmp_path):
    written = write_lists(region, tmp_path / "l")
    assert [p.name for p in written[::2]] == ["风险源清单.xlsx", "管控清单.xlsx", "重大事故隐患台账.xlsx"]
    book = openpyxl.load_workbook(written[2])
    sheet = book.active
    rows = [[c.value for c in row] for row in sheet.iter_rows()]
    with open(written[3], encoding="utf-8-sig", newline="") as file:
        plain = list(csv.reader(file))
    assert len(rows) == len(plain) == 5
    grade = rows[0].index("固有风险等级")
    assert [r[grade] for r in rows[1:]] == ["红 重大", "黄 一般", "蓝 低", "未分级"]
    assert sheet.cell(2, grade + 1).fill.fgColor.rgb.endswith("A50F15")
    name = rows[0].index("企业名称")
    unsafe = [row[name] for row in rows[1:]].index("=无处公司")
    assert sheet.cell(unsafe + 2, name + 1).data_type == "s"
    assert plain[unsafe + 1][name] == "'=无处公司"
    assert (sheet.freeze_panes, sheet.print_title_rows, sheet.page_setup.orientation) == ("A2", "$1:$1", "landscape")
    assert rows[1][rows[0].index("政府监管")] == "市县政府挂牌重点监管"
    sources = openpyxl.load_workbook(written[0]).active
    assert sources.max_row == 7
    again = write_lists(region, tmp_path / "again")
    assert [p.read_bytes() for p in written] == [p.read_bytes() for p in again]


def test_a_folder_is_replaced_whole_or_not_at_all(region, tmp_path):
    to = tmp_path / "h"
    write_handbooks(region, to, ["E1"])
    before = {p.name: p.read_bytes() for p in to.iterdir()}

    def killed() -> None:
        with fresh_folder(to, "handbooks") as new:
            (new / "half.html").write_text("x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        killed()
    assert {p.name: p.read_bytes() for p in to.iterdir()} == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["h"]
    with pytest.raises(InputError, match="holds something else than lists"):
        write_lists(region, to)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="Name another folder"):
        write_handbooks(region, tmp_path / "own")


def test_who_is_not_there_is_named_with_the_nearest(books, tmp_path):
    with pytest.raises(InputError, match=r"'无事公司1': no enterprise has this id or name\. Nearest: 无事公司"):
        chosen(books.firms, ["无事公司1"], "enterprise")
    folder = write_region(tmp_path / "r")
    text = (folder / "region.toml").read_text("utf-8").replace("[layers.enterprises]", "[layers.buildings]")
    (folder / "region.toml").write_text(text, encoding="utf-8")
    (folder / "build/layers/buildings.parquet").write_bytes((folder / "build/layers/roads.parquet").read_bytes())
    with pytest.raises(RegionError, match=r"need a \[layers.enterprises\] section"):
        read_books(Region(folder))


@given(st.lists(st.text(max_size=80), max_size=30))
def test_file_names_are_safe_and_unlike(ids):
    names = file_names(ids)
    assert len({n.casefold() for n in names}) == len(ids)
    assert all(n and not re.search(r'[\x00-\x20<>:"/\\|?*]', n) and not n.endswith(".") for n in names)
    assert file_names(ids) == names


@given(st.lists(st.tuples(st.integers(-900, 900), st.integers(-900, 900)), min_size=2, max_size=20))
def test_a_path_draws_the_rounded_line(points):
    """The path, read again point by point, is the line with repeated points left out."""
    view = maplet._View(0.0, 0.0, 0.7, (100, 100))
    path = maplet._path(view, shapely.linestrings([points]))
    wanted = [tuple(p) for p in view.paper(shapely.get_coordinates(shapely.linestrings(points))).tolist()]
    wanted = [p for k, p in enumerate(wanted) if k == 0 or p != wanted[k - 1]]
    numbers = list(map(int, re.findall(r"-?\d+", path)))
    steps = list(zip(numbers[::2], numbers[1::2], strict=True))
    drawn = [tuple(map(sum, zip(*steps[: k + 1], strict=True))) for k in range(len(steps))]
    assert drawn == (wanted if len(wanted) > 1 else [])


def test_map_of_known_ground(books):
    """The road crosses 4 mm above the middle of nothing: at half the height, from edge to edge."""
    drawn = maplet.maplet(books.base, (X, Y), 1000.0, [maplet.Mark(X + 100, Y + 100, "place", "1")], size=(1000, 500))
    assert 'cx="550" cy="200"' in drawn["svg"]
    assert {"x": 550, "y": 209}.items() <= next(t for t in drawn["labels"] if t["text"] == "1").items()
    assert "500 m" in [t["text"] for t in drawn["labels"]]
    assert layers()["roads"].geometry[0].length > 4000
