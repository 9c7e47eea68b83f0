"""The desk over HTTP: who may ask, what is refused in which words, and that nothing is kept."""

from __future__ import annotations

import io
import json
import os
import threading
import zipfile
from contextlib import nullcontext
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

import geo_risk
from geo_risk import answers
from geo_risk.errors import InputError, SeveralErrors
from geo_risk.layers.project import read_project
from geo_risk.publish.api.questions import plain
from geo_risk.publish.api.routes import LARGEST_BODY as LARGEST
from geo_risk.publish.server import create_app
from geo_risk.schema import LAYERS
from geo_risk.siting.asked import asked, substances
from geo_risk.siting.desk import add_desk
from geo_risk.siting.mend import mended
from geo_risk.siting.office import Office, Question, drawn, file_name
from geo_risk.siting.questions import questions

OWN = {"Origin": "http://localhost"}
PROPANE = {"substance": "丙烷", "quantity_t": "50", "storage": "pressurised"}


class Desk:
    """A client of the desk of a region, and squares to ask about."""

    def __init__(self, folder: Path) -> None:
        self.region = geo_risk.Region(folder)
        self.office = Office(self.region)
        app = create_app(self.region.site, questions=questions(self.office))
        add_desk(app, self.office, warm=False)
        self.client = app.test_client()

    def square(self, side_m: float = 60.0, east_m: float = 0.0, north_m: float = 0.0) -> dict:
        """A square near the region's middle, as GeoJSON in WGS 84."""
        boundary = gpd.read_parquet(self.region.build / "boundary.parquet").geometry.iloc[0]
        at = boundary.representative_point()
        shape = shapely.box(-side_m / 2, -side_m / 2, side_m / 2, side_m / 2)
        shape = shapely.transform(shape, lambda xy: np.add(xy, (at.x + east_m, at.y + north_m)))
        return gpd.GeoSeries([shape], crs=self.region.crs).to_crs(4326).iloc[0].__geo_interface__

    def ask(self, path: str = "", headers: dict | None = OWN, **more):
        body = {"geojson": self.square(), "kind": "tank_farm", "values": PROPANE} | more
        return self.client.post(f"/api/siting{path}", json=body, headers=headers)

    def send(self, name: str, data: bytes, **question):
        form = {"question": json.dumps(question), "file": (io.BytesIO(data), name)}
        return self.client.post("/api/siting", data=form, headers=OWN)


@pytest.fixture(scope="module")
def desk(city) -> Desk:
    return Desk(city)


def state(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in sorted(folder.rglob("*"))}


def test_an_outline_gets_the_answer_of_the_command_line_and_nothing_is_kept(desk, city, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = state(city)
    answer = desk.ask()
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    path = tmp_path / "drawing.geojson"
    path.write_bytes(drawn(desk.square()))
    same = desk.region.siting_check(path, kind="tank_farm", values=dict(PROPANE), crs="wgs84").told
    for part in ("verdict", "dates", "project", "findings"):
        assert told[part] == json.loads(json.dumps(same[part])), part
    assert [c["verdict"] for c in told["checks"]] == [c["verdict"] for c in same["checks"]]
    assert told["words"]["GB 36894-2018 Table 2"]["zh"] == "GB 36894-2018 表 2"
    assert {row["clause"] for row in (*told["findings"], *told["checks"])} <= set(told["words"])
    assert len(told["segments"]["features"]) == len(told["findings"])
    for feature, finding in zip(told["segments"]["features"], told["findings"], strict=True):
        assert feature["properties"]["verdict"] == finding["verdict"]
        line = gpd.GeoSeries([shapely.geometry.shape(feature["geometry"])], crs=4326).to_crs(desk.region.crs)
        assert line.length.iloc[0] == pytest.approx(finding["clearance_m"], abs=0.5 + 0.001 * finding["clearance_m"])
    for form, begins in (("pdf", b"%PDF"), ("docx", b"PK"), ("html", b"<!doctype html>")):
        letter = desk.ask("/letter", format=form, lang="en")
        assert letter.status_code == 200
        assert letter.data.startswith(begins)
        assert letter.headers["Content-Disposition"] == f"attachment; filename=siting-en.{form}"
        assert letter.headers["Cache-Control"] == "no-store"
    path.unlink()
    assert state(city) == before
    assert not list(tmp_path.iterdir())


def test_a_letter_is_in_the_language_asked_for(desk):
    for lang, word in (("zh", "安全间距与选址审查意见"), ("en", "Opinion on the siting of a project")):
        assert word in desk.ask("/letter", format="html", lang=lang).text
    assert desk.ask("/letter", format="exe", lang="zh").status_code == 400
    assert desk.ask("/letter", format="pdf", lang="fr").status_code == 400


def test_a_way_that_is_taken_has_the_verdict_it_was_told_with(desk):
    answer = desk.ask("/ways", kind="filling_station", values={"volume_m3": "90"})
    moves = [w for w in answer.get_json()["ways"] if w["way"] == "move" and "dx_m" in w]
    assert set(answer.get_json()["ways"][0]["text"]) == {"zh", "en"}
    for way in moves:
        there = desk.ask(kind="filling_station", values={"volume_m3": "90"}, move=[way["dx_m"], way["dy_m"]]).get_json()
        assert there["verdict"] in (way["verdict"], "undecided")
        old, new = (
            gpd.GeoSeries([shapely.geometry.shape(g)], crs=4326).to_crs(desk.region.crs).iloc[0].centroid
            for g in (desk.square(), there["project"][0]["geometry"])
        )
        assert (new.x - old.x, new.y - old.y) == pytest.approx((way["dx_m"], way["dy_m"]), abs=0.1)


def test_a_file_is_told_before_it_is_asked_about(desk, tmp_path):
    """Shapes, size and system of a file; no kind is needed, and what is drawn is what a check would judge."""
    square = shapely.geometry.shape(desk.square(side_m=80.0))
    frame = gpd.GeoDataFrame({"name": ["拟建"]}, geometry=[square], crs=4326).to_crs(desk.region.crs)

    def preview(name: str, data: bytes, **question) -> tuple[int, dict]:
        form = {"question": json.dumps(question), "file": (io.BytesIO(data), name)}
        answer = desk.client.post("/api/siting/outline", data=form, headers=OWN)
        return answer.status_code, answer.get_json()

    frame.to_file(tmp_path / "site.shp")
    packed = {}
    for left_out in (None, ".prj"):
        packed[left_out] = io.BytesIO()
        with zipfile.ZipFile(packed[left_out], "w") as archive:
            for part in sorted(tmp_path.glob("site.*")):
                if part.suffix != left_out:
                    archive.write(part, part.name)
    code, told = preview("地块.zip", packed[None].getvalue())
    assert code == 200, told
    assert told["area_m2"] == pytest.approx(6400.0, abs=0.01)
    assert told["length_m"] == 0.0
    assert frame.crs.name in told["system"]
    (shape,) = told["shapes"]
    assert shapely.hausdorff_distance(shapely.geometry.shape(shape), square) < 1e-8
    code, told = preview("地块.zip", packed[".prj"].getvalue())
    assert (code, told["error"]["zh"]) == (422, "文件没有说明坐标系，或说明与位置不符。请在“坐标系”中选择。")
    code, told = preview("地块.zip", packed[".prj"].getvalue(), crs=f"EPSG:{frame.crs.to_epsg()}")
    assert (code, len(told["shapes"])) == (200, 1)
    code, told = preview("地块.zip", packed[".prj"].getvalue(), crs="EPSG:4534")
    assert code == 422
    assert "改填" in told["error"]["zh"] or "本区域之外" in told["error"]["zh"]
    crossing = drawn(
        {"type": "Polygon", "coordinates": [[[x, y] for x, y in shapely.get_coordinates(square)[[0, 2, 1, 3, 0]]]]}
    )
    code, told = preview("x.geojson", crossing)
    assert code == 422
    assert "自相交" in told["error"]["zh"]


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "https://localhost", "http://localhost:81"])
def test_only_its_own_page_may_ask(desk, origin):
    headers = {"Origin": origin} if origin else {}
    for path in ("", "/outline", "/ways", "/letter"):
        answer = desk.ask(path, headers=headers)
        assert answer.status_code == 403
        assert "verdict" not in answer.text


def test_only_this_machine_is_answered(desk):
    for path in ("/desk", "/internal/desk.html", "/api/kinds", "/desk/desk.js"):
        assert desk.client.get(path, environ_overrides={"REMOTE_ADDR": "192.168.1.7"}).status_code == 403
        assert desk.client.get(path, headers={"Host": "evil.example"}).status_code == 400
    there = {"REMOTE_ADDR": "10.0.0.2"}
    assert desk.client.post("/api/siting", json={}, headers=OWN, environ_overrides=there).status_code == 403
    assert desk.client.get("/internal/", environ_overrides=there).status_code == 200
    assert desk.client.get("/api/kinds", environ_overrides={"REMOTE_ADDR": "::1"}).status_code == 200


def test_the_api_of_the_internal_site_answers_as_the_region_does(desk, city):
    """Explain, rescue and siting; the public site has none of them; errors do not tell where the region lies."""
    name = desk.region.layer("enterprises")["id"].iloc[0]
    told = desk.client.get("/internal/api/explain", query_string={"place": name}).get_json()
    assert told == json.loads(json.dumps(plain(desk.region.explain(name))))
    routes = desk.client.get("/internal/api/rescue", query_string={"place": name}).get_json()["features"]
    same = answers.rescue_at(desk.region, *desk.region.locate(name))
    assert [r["properties"]["facility_id"] for r in routes] == same["facility_id"].tolist()
    assert [r["properties"]["minutes"] for r in routes] == pytest.approx(same["minutes"].tolist(), nan_ok=True)
    line = shapely.geometry.shape(routes[0]["geometry"])
    assert line.distance(shapely.Point(gpd.GeoSeries(same.geometry[:1]).to_crs(4326).iloc[0].coords[0])) < 1e-6
    asked = {"geometry": desk.square(), "kind": "tank_farm", "values": PROPANE}
    told = desk.client.post("/internal/api/siting", json=asked).get_json()
    seen = desk.ask().get_json()
    assert {key: told[key] for key in ("verdict", "findings", "risk", "ways")} == {
        key: seen[key] for key in ("verdict", "findings", "risk", "ways")
    }
    for path in ("explain?place=1,2", "rescue?place=nowhere"):
        answer = desk.client.get(f"/internal/api/{path}")
        assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
        assert str(city) not in answer.text
    for wrong in ({"kind": "school"}, {"geometry": [], "kind": "x"}, asked | {"values": []}, asked | {"crs": "/etc"}):
        assert desk.client.post("/internal/api/siting", json=wrong).status_code == 422
    assert desk.client.get(f"/public/api/explain?place={name}").status_code == 404
    assert desk.client.post("/public/api/siting", json=asked).status_code == 404


def test_without_the_desk_there_is_none(city):
    client = geo_risk.Region(city).app().test_client()
    for path in ("/desk", "/internal/desk.html", "/api/kinds"):
        assert client.get(path, follow_redirects=True).status_code == 404
    assert client.post("/api/siting", json={}, headers=OWN).status_code in (404, 405)
    assert b"/desk" not in client.get("/").data


def test_the_page_is_the_published_one_with_two_lines_more(desk, city):
    site = city / "site" / "internal"
    page = desk.client.get("/desk", follow_redirects=True).text
    added = [line for line in page.splitlines() if "/desk/" in line]
    assert len(added) == 2
    for line in added:
        page = page.replace(line.strip() + "\n", "")
    assert page.split() == (site / "index.html").read_text("utf-8").split()
    assert "desk" not in "".join(p.name for p in site.rglob("*"))
    assert "default-src 'self'" in desk.client.get("/internal/desk.html").headers["Content-Security-Policy"]
    assert desk.client.get("/desk/desk.js").mimetype == "text/javascript"
    assert desk.client.get("/desk/app.js").status_code == 404
    assert b'href="/desk"' in desk.client.get("/").data


def test_what_is_too_large_is_not_read(desk):
    answer = desk.send("a.geojson", b"x" * (LARGEST + 1), kind="tank_farm", values=PROPANE)
    assert answer.status_code == 413
    assert "5 MB" in answer.get_json()["error"]["zh"]
    assert desk.ask(geojson={"type": "Point", "coordinates": "1" * LARGEST}).status_code == 413


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"x"', b'{"kind": "tank_farm"}', b'{"geojson": 1}', b'{"geojson": {}, "values": []}',
     b'{"geojson": {}, "move": [1]}', b'{"geojson": {}, "move": ["a", 2]}', b'{"geojson": {}, "move": [1e9, 0]}',
     b'{"geojson": {}, "move": [NaN, 0]}'],
)  # fmt: skip
def test_half_a_question_is_refused_in_both_languages(desk, body):
    answer = desk.client.post("/api/siting", data=body, headers=OWN, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.get_json()["error"]) == {"zh", "en"}


BOW = [[0, 0], [60, 60], [60, 0], [0, 60], [0, 0]]


@pytest.mark.parametrize(
    ("more", "zh", "en"),
    [
        ({"geojson": "bow"}, "自相交", "crosses itself"),
        ({"geojson": "far"}, "本区域之外", "outside this region"),
        ({"values": {}}, "缺少物质名称以及存量或容积", "substance and the quantity"),
        ({"values": {"substance": "丙烷"}}, "缺少存量", "fill in one of them"),
        ({"values": {"quantity_t": "5"}}, "缺少物质名称", "substance is missing"),
        ({"values": PROPANE | {"quantity_t": "viel"}}, "最大存量”填写的“viel”不是数字", "'viel' is not a number"),
        ({"values": PROPANE | {"quantity_t": "-5"}}, "不小于 0", "from 0 on"),
        ({"values": PROPANE | {"quantity_t": "inf"}}, "不是数字", "is not a number"),
        ({"values": PROPANE | {"quantity_t": "nan"}}, "不是数字", "is not a number"),
        ({"values": PROPANE | {"bays": "3"}}, "不适用于该类型", "no such column"),
        ({"values": PROPANE | {"storage": "xyz"}}, "储存方式”填写的“xyz”不在可选项", "none of the choices"),
        ({"kind": "volcano"}, "类型“volcano”无法识别", "'volcano' is not known"),
        ({"kind": "other"}, "多种含义", "several things"),
        ({"kind": ""}, "拟建类型", "Choose the kind"),
        ({"kind": "gas_pipelines:town_gas", "values": {}}, "管线画线", "pipelines are lines"),
        ({"geojson": {"type": "Polygon", "coordinates": []}}, "点不足", "too few points"),
        ({"geojson": {"type": "Polygon", "coordinates": "x"}}, "点不足", "too few points"),
        ({"crs": "EPSG:9999"}, "坐标系“EPSG:9999”无法识别", "'EPSG:9999' is not known"),
        ({"crs": "/etc/x.prj"}, "坐标系“/etc/x.prj”无法识别", "'/etc/x.prj' is not known"),
        ({"crs": "+proj=longlat +nadgrids=/etc/x"}, "无法识别", "is not known"),
    ],
)
def test_a_bad_outline_is_told_how_to_mend_it(desk, more, zh, en):
    named = {"bow": bow(desk), "far": desk.square(east_m=400_000)}
    more = {k: named.get(v, v) if isinstance(v, str) else v for k, v in more.items()}
    answer = desk.ask(**more)
    assert answer.status_code == 422, answer.text
    error = answer.get_json()["error"]
    assert zh in error["zh"]
    assert en in error["en"]
    assert "--" not in error["zh"] + error["en"]


def bow(desk: Desk) -> dict:
    square = desk.square()
    a, b, c, d, _ = square["coordinates"][0]
    return {"type": "Polygon", "coordinates": [[a, c, b, d, a]]}


@pytest.mark.parametrize(
    ("name", "data", "zh"),
    [
        ("a.exe", b"MZ", "此类文件不能读取"),
        ("a", b"x", "此类文件不能读取"),
        ("a.csv", b"x,y\n1,2", "此类文件不能读取"),
        ("空.geojson", b"", "文件是空的"),
        ("a.geojson", b"{bad", "已损坏"),
        ("a.zip", b"PK\x03\x04zz", "已损坏"),
        ("a.dxf", b"zzz", "已损坏"),
        ("a.kml", b"<kml>", "已损坏"),
        ("a.gpkg", b"SQLite format 3\x00", "已损坏"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": []}', "没有图形"),
    ],
)
def test_a_bad_file_is_told_how_to_mend_it(desk, name, data, zh):
    answer = desk.send(name, data, kind="primary_school", values={}, crs="wgs84")
    assert answer.status_code == 422, answer.text
    assert zh in answer.get_json()["error"]["zh"]
    assert "/tmp" not in answer.text


def test_files_of_every_kind_give_the_verdict_of_the_drawing(desk, tmp_path):
    frame = gpd.GeoDataFrame({"name": ["新建罐区"]}, geometry=[shapely.geometry.shape(desk.square())], crs=4326)
    frame.to_file(tmp_path / "a.geojson")
    frame.to_file(tmp_path / "a.gpkg")
    frame.to_crs(4549).to_file(tmp_path / "a.shp", encoding="utf-8")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part in sorted(tmp_path.glob("a.*")):
            if part.suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
                archive.write(part, part.name)
    ring = " ".join(f"{x},{y}" for x, y in desk.square()["coordinates"][0])
    kml = (
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>新建罐区</name><Polygon>'
        f"<outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
        "</Placemark></kml>"
    )
    files = {
        "a.geojson": (tmp_path / "a.geojson").read_bytes(),
        "a.gpkg": (tmp_path / "a.gpkg").read_bytes(),
        "拟建 (1).zip": packed.getvalue(),
        "a.kml": kml.encode(),
    }
    want = desk.ask().get_json()
    for name, data in files.items():
        answer = desk.send(name, data, kind="tank_farm", values=PROPANE)
        assert answer.status_code == 200, (name, answer.text)
        assert answer.get_json()["verdict"] == want["verdict"], name
        assert answer.get_json()["project"][0]["area_m2"] == pytest.approx(want["project"][0]["area_m2"], abs=1)


def test_a_name_is_never_a_path():
    for given in ("../../etc/a.geojson", "/etc/a.geojson", "C:\\x\\a.geojson", "..\\a.geojson", "a.GeoJSON"):
        assert file_name(given).lower() == "a.geojson"
    for given in (".geojson.zip", "a\0b.zip", "a\nb.zip", "x" * 200 + ".zip"):
        assert file_name(given) == "outline.zip"
    assert file_name("拟建范围（二期） v2.zip") == "拟建范围（二期） v2.zip"
    for given in ("", "..", "a", "a.pbf"):
        with pytest.raises(InputError):
            file_name(given)
    assert os.sep not in file_name("a/b/c.kml")


def test_every_kind_has_words_and_columns_of_the_schema(desk):
    body = desk.client.get("/api/kinds").get_json()
    kinds = [k["kind"] for g in body["groups"] for k in g["kinds"]]
    assert len(kinds) == len(set(kinds)) == sum(len(LAYERS[g["layer"]].column("kind").domain) for g in asked())
    for group in body["groups"]:
        names = {c["name"] for c in group["columns"]}
        assert names <= set(LAYERS[group["layer"]].names)
        for thing in (group, *group["kinds"], *group["columns"], *(o for c in group["columns"] for o in c["options"])):
            assert thing["zh"].strip() and any("\u4e00" <= sign <= "\u9fff" for sign in thing["zh"])  # noqa: PT018
            assert thing["en"].strip() and thing["en"].isascii()  # noqa: PT018
        for kind in group["kinds"]:
            assert set(kind["columns"]) <= names
            assert {n for needs in kind["needs"] for n in needs} <= set(kind["columns"])
    assert {"丙烷", "氯", "甲醇"} <= set(substances())


def test_what_a_kind_needs_is_what_its_reader_asks_for(desk, tmp_path):
    path = tmp_path / "drawing.geojson"
    path.write_bytes(drawn(desk.square()))
    hazards = next(g for g in asked() if g["layer"] == "hazard_sources")
    for kind in hazards["kinds"]:
        asks = pytest.raises(InputError, match="substance") if kind["needs"] else nullcontext()
        with asks:
            read_project(path, crs=desk.region.crs, anchor=None, kind=kind["kind"], system="wgs84")


def test_several_errors_are_told_each_once():
    error = SeveralErrors([InputError("f, row 1: substance missing. x"), InputError("f, row 2: substance missing. x"),
                           InputError("something nobody foresaw")])  # fmt: skip
    told = mended(error)
    assert told["zh"].splitlines()[0].startswith("第 1 行：")
    assert told["en"].splitlines()[1].startswith("Row 2: ")
    assert told["en"].splitlines()[2] == "something nobody foresaw"
    assert told["zh"].splitlines()[2] == "程序提示：something nobody foresaw"


def test_results_made_anew_are_read_anew(own_city):
    desk = Desk(own_city)
    desk.ask()
    first = desk.office._ground
    desk.ask()
    assert desk.office._ground is first
    os.utime(own_city / "build" / "manifest.json", ns=(1, 1))
    desk.ask()
    assert desk.office._ground is not first


def test_questions_at_once_are_answered_one_after_the_other(desk):
    places = [desk.square(east_m=100.0 * n) for n in range(2)]
    alone = [
        desk.office.answer(Question(drawn(p), "drawing.geojson", "primary_school", (), "wgs84")).told for p in places
    ]
    desk.office._answers.clear()
    found: dict[int, dict] = {}

    def ask(n: int) -> None:
        found[n] = desk.office.answer(Question(drawn(places[n]), "drawing.geojson", "primary_school", (), "wgs84")).told

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[n] for n in range(2)] == alone
    assert len(desk.office._answers) <= 8


def test_warming_reads_what_a_question_needs(city):
    desk = Desk(city)
    desk.office.warm()
    assert desk.office._ground is not None
    assert {"layers", "rules", "boundary"} <= set(vars(desk.office._ground))
