"""Names that try to run: on both maps, in every document and in the API they are texts, and nothing else happens."""

import csv
import re
import shutil
import zipfile
from pathlib import Path

import openpyxl
import pypdfium2
import pytest
from hostile_town import EVIL, NAMES, NO_DIALOGS, RUNS, opened, opened_with_hostile_names, search_for_them, write_town

import geo_risk
from geo_risk.publish.server import create_app

pytestmark = pytest.mark.browser

PROJECT = """{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "../p", "layer":
"crowded_places", "kind": "primary_school", "capacity": 500, "name": %s}, "geometry": {"type": "Polygon", "coordinates":
[[[120.52, 31.52], [120.523, 31.52], [120.523, 31.523], [120.52, 31.523], [120.52, 31.52]]]}}]}"""


@pytest.fixture(scope="module")
def town(tmp_path_factory, built_page) -> Path:
    """The town, run and with all its documents; beside it an earlier state with half its firms."""
    import geopandas as gpd

    root = tmp_path_factory.mktemp("hostile")
    region = geo_risk.Region(write_town(root / "town"))
    region.run()
    shutil.copytree(region.folder, root / "before")
    table = root / "before" / "build" / "tables" / "enterprises.parquet"
    gpd.read_parquet(table).iloc[::2].to_parquet(table)
    (root / "project.geojson").write_text(PROJECT % '"</script><img src=x onerror=alert(8)>"')
    region.handbook()
    region.sheet()
    region.lists()
    before, out = geo_risk.Region(root / "before"), root / "out"
    out.mkdir()
    for form in ("html", "docx", "pdf"):
        region.siting_check(root / "project.geojson", letter=out / f"letter.{form}")
    before.compare(region, to=[out / "compare.html"])
    before.bulletin(region, to=out / "bulletin.html")
    for profile in ("internal", "public"):
        region.publish(single_file=True, profile=profile, to=out / f"{profile}.html")
    return root


def test_nothing_is_written_outside(town):
    assert sorted(p.name for p in town.iterdir()) == ["before", "out", "project.geojson", "town"]
    assert not list(town.parent.glob("leak_escape*"))
    assert len(list((town / "town" / "handbooks").glob("*.html"))) == 1 + len(EVIL)
    inside = {p.name for p in (town / "town").iterdir()}
    assert inside == {"region.toml", "inputs", "build", "site", "handbooks", "sheets", "lists"}


@pytest.mark.parametrize("profile", ["internal", "public"])
def test_the_map_shows_names_as_texts(town, visit, profile):
    page = visit((town / "town" / "site" / profile / "index.html").as_uri(), script=NO_DIALOGS)
    assert page.inner_text("h1").startswith("</script><script>alert(4)</script>{{7*7}}")
    heads = [" ".join(t.split()) for t in page.locator("#table tbody th").all_text_contents()]
    assert any(head.startswith("</script><script>alert(4)</script>") for head in heads)
    search_for_them(page, "first")
    page.evaluate("document.querySelector('#table .locate').click()")
    opened(page, NAMES[3])
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(RUNS) == []
    hostile = (
        page.url.split("#")[0] + "#layers=%3Cimg%20src%3Dx%20onerror%3Dalert(9)%3E&lang=%22%3E%3Csvg/onload=alert(9)%3E"
    )
    page.goto(hostile)
    page.wait_for_timeout(200)
    assert page.evaluate(RUNS) == []


def test_a_city_of_such_names_on_the_public_map(city, visit, tmp_path, monkeypatch):
    opened_with_hostile_names(geo_risk.Region(city), visit, tmp_path, monkeypatch)


def test_documents_show_names_as_texts(town, visit):
    pages = [p for name in ("handbooks", "sheets") for p in sorted((town / "town" / name).glob("*.html"))]
    pages = [p for p in pages if p.name == "index.html"] + [p for p in pages if p.name != "index.html"][::6]
    told = {}
    for path in [*pages, *sorted((town / "out").glob("*.html")), town / "town" / "build" / "quality.html"]:
        page = visit(path.as_uri(), script=NO_DIALOGS, expect_map=False)
        assert page.evaluate(RUNS) == [], path.name
        told[f"{path.parent.name}/{path.name}"] = "".join(page.evaluate("document.body.textContent").split())
    for name in NAMES:
        assert "".join(name.split()) in told["handbooks/index.html"], name[:40]
    assert sum("".join(name.split())[:60] in told["out/compare.html"] for name in NAMES) >= 4
    assert "</script><imgsrc=xonerror=alert(8)>" in told["out/letter.html"]
    assert all("{{7*7}}${7*7}<%=7*7%>#{7*7}" in text for text in told.values())  # in the region's name


def test_files_for_offices_hold_texts(town):
    with zipfile.ZipFile(town / "out" / "letter.docx") as packed:
        text = packed.read("word/document.xml").decode()
        assert "&lt;/script&gt;&lt;img src=x onerror=alert(8)&gt;" in text
        assert not [n for n in packed.namelist() if n.endswith(".rels") and b'TargetMode="External"' in packed.read(n)]
    with pypdfium2.PdfDocument(town / "out" / "letter.pdf") as file:
        text = "".join(page.get_textpage().get_text_range() for page in file)
    assert "onerror=alert(8)" in re.sub(r"[\s\u200b]", "", text)
    sheets = sorted((town / "town" / "lists").glob("*.xlsx"))
    assert len(sheets) >= 4
    for path in sheets:
        cells = [c for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for c in row]
        assert not [c.coordinate for c in cells if c.data_type == "f" or c.hyperlink], path.name
    downloads = [
        p for profile in ("internal", "public") for p in (town / "town" / "site" / profile / "downloads").glob("*.csv")
    ]
    for path in [*downloads, *(town / "town" / "lists").glob("*.csv")]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            odd = [v for row in csv.reader(file) for v in row if v.startswith(("=", "@", "\t", "+S", "-2+"))]
        assert odd == [], path.name


def test_the_api_answers_texts(town):
    client = create_app(town / "town" / "site").test_client()
    for profile in ("internal", "public"):
        found = client.get(f"/{profile}/api/collections/crowded_places/items?limit=100").json["features"]
        assert sorted(f["properties"]["name"] for f in found) == sorted(NAMES)
        for address in (f"/{profile}/api/?f=html", f"/{profile}/api/collections?f=json", "/"):
            answer = client.get(address)
            assert answer.status_code == 200
            assert "json" in answer.content_type or b"<script>alert" not in answer.data
    assert client.get("/internal/../../../project.geojson").status_code == 404
    assert client.get("/public/%2e%2e/internal/index.html").status_code == 404
