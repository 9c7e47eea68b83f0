"""The bulletin says what the tables say, in both languages and in every form."""

import re

import pytest

import geo_risk
from geo_risk.pipeline import bulletin


@pytest.fixture
def quarter(town, changed_town):
    """Two states: a danger closed, another overdue, a new one; the stock of firm E1 tenfold."""

    def dangers(table):
        table[0][6], table[1][6] = "overdue", "closed"
        table.append(["D3", "阀门失效", "E2", "第2化工厂", "2026-06-01", "2026-12-01", "open", 123.22, 32.21])

    changed_town("dangers", dangers)
    later = changed_town("hazards", lambda table: table[0].__setitem__(6, 30000))
    return geo_risk.Region(town), geo_risk.Region(later)


def test_lists_and_actions(quarter):
    before, after = quarter
    told = before.compare(after).told
    found = bulletin.lists(told, after)
    assert found["dangers_new"] == ["第2化工厂：阀门失效"]
    assert bulletin.lists(told, after, "en")["dangers_new"] == ["第2化工厂: 阀门失效"]
    assert found["dangers_overdue"] == ["第1化工厂：防火堤破损"]
    assert found["dangers_closed"] == ["第3化工厂：报警器失效"]
    assert found["hazards_closed"] == []
    assert len(found["hazards_new"]) == 1
    act = {a["name"]: a for a in found["act"]}
    assert set(act) == {"第1化工厂", "第2化工厂"}
    assert act["第1化工厂"]["where"] == "91镇"
    assert "隐患逾期：防火堤破损" in act["第1化工厂"]["zh"]
    assert act["第2化工厂"]["en"] == ["new danger: 阀门失效"]


def test_figures_are_the_tables(quarter):
    before, after = quarter
    found = {f["en"]: (f["before"], f["after"]) for f in bulletin.figures(before, after)}
    assert found["Major hidden dangers open"] == (2, 2)
    assert found["of them overdue"] == (1, 1)
    for n, region in enumerate((before, after)):
        grade = region.surface("grade")
        assert found["Area graded red [km²]"][n] == pytest.approx((grade.array == 4).sum() * 50**2 / 1e6)
        whole = region.table("districts").set_index("id").loc["9"]
        assert found["Residents in orange"][n] == whole["persons_orange"]
        assert found["Enterprises graded red"][n] == (region.table("enterprises")["grade"] == 4).sum()
        major = region.table("major_hazards")
        assert found["Major hazards"][n] == (major["verdict"] == "major").sum()


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", "小城安全风险变化通报"), ("en", "Littletown: Bulletin of safety risk")]
)
def test_pages(quarter, tmp_path, lang, words):
    before, after = quarter
    file = before.bulletin(after, to=tmp_path / "b.html", lang=lang)
    page = file.read_text(encoding="utf-8")
    assert words in page
    assert "2026-05-01" in page
    assert "2026-06-01" in page
    assert "data:image/png" in page
    assert "阀门失效" in page
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page)
    again = before.bulletin(after, to=tmp_path / "c.html", lang=lang)
    assert again.read_bytes() == file.read_bytes()


def test_pdf(quarter, tmp_path):
    before, after = quarter
    data = before.bulletin(after, to=tmp_path / "b.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 3
    assert before.bulletin(after, to=tmp_path / "c.pdf").read_bytes() == data


def test_word_file(quarter, tmp_path):
    import docx

    before, after = quarter
    file = before.bulletin(after, to=tmp_path / "b.docx")
    made = docx.Document(str(file))
    assert made.paragraphs[0].text == "小城安全风险变化通报"
    assert len(made.inline_shapes) == 1
    cells = [c.text for t in made.tables for r in t.rows for c in r.cells]
    assert "第1化工厂：防火堤破损" in cells
    assert before.bulletin(after, to=tmp_path / "c.docx").read_bytes() == file.read_bytes()


def test_another_ending_is_refused(quarter, tmp_path):
    before, after = quarter
    with pytest.raises(geo_risk.GeoRiskError, match=r"Use one of \.html, \.pdf, \.docx"):
        before.bulletin(after, to=tmp_path / "b.odt")
    assert not list(tmp_path.glob("b.*"))
