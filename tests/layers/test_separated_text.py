"""The quick reader of text gives what the careful one gives, or leaves the file to it."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.layers import furniture, separated, tables
from geo_risk.layers.text import blank, key, plain, plains, together

CELL = st.text(alphabet=["a", "1", "合", "计", " ", "\u3000", '"', ",", ";", "\n", "\r", "'", ".", "镇"], max_size=5)


def both(text, mark, width):
    top = separated.head(text, mark, 60)
    modal = separated.modal_width(top)
    return separated.quick(text.encode(), mark, width, modal), separated.careful(text, mark, width, modal)


def check_same(quick, careful):
    pd.testing.assert_frame_equal(quick.cells, careful.cells, check_column_type=False)
    assert quick.rows.tolist() == careful.rows.tolist()
    assert quick.short.tolist() == careful.short.tolist()
    assert quick.long == careful.long
    assert quick.open == careful.open == []


@given(st.lists(st.lists(CELL, max_size=5), max_size=8), st.sampled_from([",", ";", "\t"]),
       st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 4))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_well_written_files_read_alike(rows, mark, end, width):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark, lineterminator=end).writerows(rows)
    quick, careful = both(out.getvalue(), mark, width)
    assert [r for r in careful.long if len(r[1]) <= width] == []
    if quick is not None:
        check_same(quick, careful)


@given(st.text(alphabet=list('ab1,"\n\r \u3000合'), max_size=60), st.integers(1, 4))
@settings(max_examples=500, deadline=None)
def test_any_text_reads_alike(text, width):
    quick, careful = both(text, ",", width)
    if quick is not None:
        check_same(quick, careful)


@given(st.lists(st.tuples(*[st.sampled_from(["甲", "2", "", "x y", "3.5"])] * 3), min_size=3, max_size=30))
@settings(deadline=None)
def test_plain_files_are_never_left_to_the_careful_reader(rows):
    text = "".join(",".join(row) + "\n" for row in rows)
    quick, careful = both(text, ",", 3)
    assert quick is not None
    check_same(quick, careful)


def test_a_missing_quote_swallows_no_rows():
    text = '编号,名称,人数\nA,"甲厂,1\nB,乙厂,2\nC,"丙厂",3\nD,丁厂,4\n'
    quick, careful = both(text, ",", 3)
    assert quick is None
    assert [n for n, _ in careful.open] == [2]
    assert careful.cells[0].tolist() == ["编号", "B", "C", "D"]


def test_a_quote_open_to_the_end_costs_one_row():
    quick, careful = both('a,b,c\n1,"x,2\n3,y,4\n', ",", 3)
    assert quick is None
    assert [n for n, _ in careful.open] == [2]
    assert careful.cells[0].tolist() == ["a", "3"]


def test_the_whole_way_is_the_same_for_both_readers(tmp_path, monkeypatch):
    header, rows = "编号,名称,镇街,备注\n", []
    for i in range(400):
        rows.append(f'E{i:03d},甲{i}厂,澄江镇,"一,二"\n')
        if i % 90 == 7:
            rows += ["\n", header, f"X{i},多,一,个,格\n", f"S{i},少\n"]
    text = f"名录,,,\n{header}{''.join(rows)}合计,400,,\n制表人：王,,,\n"
    careful = tables.read_text(tmp_path / "a.csv", text.encode(), "enterprises")
    monkeypatch.setattr(tables, "_QUICK", 1000)
    quick = tables.read_text(tmp_path / "a.csv", text.encode(), "enterprises")
    pd.testing.assert_frame_equal(quick.frame, careful.frame)
    assert quick.rows.tolist() == careful.rows.tolist()
    assert (quick.log.issues, quick.unread, quick.read) == (careful.log.issues, careful.unread, careful.read)
    assert [row for _, row in quick.unread[:1]] == [["X7", "多", "一", "个", "格"]]
    codes = {i.code for i in quick.log.issues}
    assert codes >= {"not_data", "extra_cells", "short_row"}


WORDS = ("合计", "合 计：", "—小计—", "ＴＯＴＡＬ", "总　计", "制表人：王", "填报单位：甲", "注：含停产", "共计5家")


@pytest.mark.parametrize("word", WORDS)
def test_no_furniture_escapes_the_search_for_it(word):
    row = [word, "", "", ""]
    cells = pd.DataFrame([["E1", "甲", "乙", "1"], row], dtype="str")
    first, second = furniture.judge(cells, [["编号", "名称", "镇", "数"]]).tolist()
    assert (first, second) == ("", furniture.what_row_is(row, []))
    assert second in ("total", "signature")


@given(st.lists(st.text(max_size=6), max_size=20))
def test_columns_are_made_plain_like_their_cells(values):
    assert plains(pd.Series(values, dtype="str")).tolist() == [plain(v) for v in values]


@given(st.lists(st.text(alphabet=list("a1—#。 \u3000\u200b镇°\uff11"), max_size=4), max_size=20))
def test_blank_cells_are_those_without_a_key(values):
    assert blank(pd.Series(values, dtype="str")).tolist() == [key(v) == "" for v in values]


def test_positions_by_code():
    assert [p.tolist() for p in together(np.array([1, 0, 1, 3]), 4)] == [[1], [0, 2], [], [3]]
    assert together(np.array([], np.int64), 0) == []
