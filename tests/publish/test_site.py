import csv
import dataclasses
import gzip
import hashlib
import json
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from publish_city import CRS, NASTY, TEMPLATE, frame

from geo_risk.errors import GeoRiskError, InputError, SettingsError
from geo_risk.publish import site as site_module
from geo_risk.publish.check import check_site, outside_addresses
from geo_risk.publish.site import build_site
from geo_risk.publish.tiles.archive import gunzip, read_archive
from geo_risk.publish.tiles.reading import read_properties


@pytest.fixture(scope="session")
def built(tmp_path_factory, tables, surfaces, meta, static):
    """{profile: folder} of the made-up city's sites, not to be changed."""
    root = tmp_path_factory.mktemp("site")
    for name in ("internal", "public"):
        build_site(root / name, tables, surfaces, meta, name, template=TEMPLATE, static=static)
    return root


@pytest.fixture
def copy(built, tmp_path):
    """A site to damage: copy(profile) -> folder."""

    def make(profile: str) -> Path:
        return Path(shutil.copytree(built / profile, tmp_path / profile))

    return make


def manifest(folder: Path) -> dict:
    text = next((folder / "data").glob("site.*.js")).read_text(encoding="utf-8")
    return json.loads(text.removeprefix("window.GEO_RISK = ").removesuffix(";\n"))


def rehash(folder: Path) -> None:
    """Make manifest.json agree with the files again, as someone who hides a change would."""
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p != path}
    content["files"] = {k: {"sha256": hashlib.sha256(v).hexdigest(), "bytes": len(v)} for k, v in files.items()}
    path.write_text(json.dumps(content))


def test_the_manifest_says_what_the_format_asks(built, meta):
    m = manifest(built / "internal")
    assert (m["version"], m["profile"], m["languages"]) == (1, "internal", ["zh", "en"])
    assert m["title"]["zh"] == "临澜市安全风险一张图"
    assert m["note"]["en"] == "Source: example · data of 2026-11 · map approval number: not given"
    assert [g["grade"] for g in m["grades"]] == [4, 3, 2, 1]
    assert [g["id"] for g in m["groups"]] == ["risk", "objects", "findings", "rescue", "base"]
    for source in m["sources"].values():
        path = built / "internal" / source["file"]
        assert path.stat().st_size == source["bytes"]
        assert hashlib.sha256(path.read_bytes()).hexdigest()[:12] in path.name
        assert len(list((built / "internal" / source["chunks"]["dir"]).iterdir())) == source["chunks"]["count"]
    seen = {x["id"] for x in m["layers"] if x["visible"] and not x["base"]}
    assert seen == {"grade", "hazard_sources", "hazard_sources_outline", "conflicts"}
    counts = {x["id"]: x.get("count") for x in m["layers"]}
    assert (counts["conflicts"], counts["undecided"], counts["districts_township"]) == (20, 10, 8)
    assert all(x["source"] in m["sources"] for x in m["layers"])


def test_the_table_is_worst_first_and_equals_the_map(built, tables):
    table = manifest(built / "internal")["table"]
    towns = tables["districts"][tables["districts"]["level"] == "township"]
    grade = table["columns"].index("grade")
    assert [row[grade] for row in table["rows"]] == sorted(towns["grade"], reverse=True)
    assert {row[0] for row in table["rows"]} == set(towns["name"])
    by_name = towns.set_index("name")["share_red"]
    share = table["columns"].index("share_red")
    assert all(row[share] == pytest.approx(by_name[row[0]], rel=1e-5) for row in table["rows"])
    boxes = towns.set_index("name").to_crs(4326).geometry
    assert all(boxes[r[0]].contains(shapely.Point(p)) for r, p in zip(table["rows"], table["lonlat"], strict=True))


def test_names_cannot_leave_their_place(built):
    html = (built / "internal" / "index.html").read_text(encoding="utf-8")
    assert "</script><b>" not in html.replace("</script>\n<script", "")
    assert "临江&lt;/script&gt;&lt;b&gt;" in html
    for path in (built / "internal" / "data").glob("*.js"):
        assert "</script" not in path.read_text(encoding="utf-8")
    assert NASTY in [row[0] for row in manifest(built / "internal")["table"]["rows"]]


def test_the_search_index_finds_names_where_they_are(built, tables):
    text = next((built / "internal" / "data").glob("search.*.js")).read_text(encoding="utf-8")
    hits = json.loads(text.removeprefix("window.GEO_RISK_SEARCH = ").removesuffix(";\n"))
    layers = manifest(built / "internal")["layers"]
    (hit,) = [h for h in hits if h[0] == "企业42有限公司"]
    assert layers[hit[1]]["id"] == "enterprises"
    at = tables["enterprises"].to_crs(4326).geometry[42]
    assert hit[2:5] == [round(at.x, 5), round(at.y, 5), tables["enterprises"]["id"][42]]
    assert len([h for h in hits if layers[h[1]]["id"] == "hazard_sources"]) == 30


def test_downloads_are_for_spreadsheets_and_gis(built, tables):
    folder = built / "internal" / "downloads"
    data = (folder / "crowded_places.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))
    assert [r["name"] for r in rows[:2]] == ["'=学校0", "'=学校1"]  # no formula for a spreadsheet to run
    again = gpd.read_file(folder / "districts_township.geojson")
    towns = tables["districts"][tables["districts"]["level"] == "township"].to_crs(4326)
    assert (again.set_index("id").geometry.geom_equals_exact(towns.set_index("id").geometry, 1e-6)).all()
    assert "000000000" not in (folder / "districts_township.geojson").read_text()
    with rasterio.open(folder / "grade.tif") as tif:
        assert (tif.crs.to_epsg(), tif.nodata, tif.read(1).max()) == (4549, 0, 4)
    assert len(list(csv.DictReader((folder / "table_findings.csv").read_text("utf-8-sig").splitlines()))) == 40


def test_the_public_site_holds_no_secret(built, tables):
    folder = built / "public"
    m = manifest(folder)
    assert "hazard_sources" not in {x["id"] for x in m["layers"]}
    everything = b"".join(
        gunzip(data) for p in sorted((folder / "tiles").iterdir()) for _, data in read_archive(p)
    ) + b"".join(p.read_bytes() for p in sorted(folder.rglob("*")) if p.suffix in (".js", ".csv", ".geojson", ".html"))
    for word in ("储罐", "企业", "quantity_t", "capacity", "管线", "verdict", "clearance_m", "n_hazards", "index_max"):
        assert word.encode() not in everything, word
    with rasterio.open(folder / "downloads" / "grade.tif") as tif:
        assert tif.transform.a >= 500
        assert tif.transform.c % 500 == 0
    town = [
        p
        for _, data in read_archive(folder / m["sources"]["districts_township"]["file"])
        for *_, p in read_properties(gunzip(data))
    ]
    assert {p["name"] for p in town if "persons" not in p} == {NASTY}  # 42 residents
    assert {p["share_red"] for p in town} == {round(0.01 * k + 0.00456, 2) for k in range(8)}


def test_both_sites_pass_and_are_the_same_bytes_again(built, tmp_path, tables, surfaces, meta, static):
    for name in ("internal", "public"):
        assert check_site(built / name) == []
        mixed = {key: tables[key].sample(frac=1, random_state=3) for key in reversed(tables)}
        del mixed["layers/roads"]  # roads have no id here to sort by
        mixed["layers/roads"] = tables["layers/roads"]
        mixed |= {name: tables[name] for name in ("service_areas", "surface_bands")}
        mixed["districts"] = tables["districts"].iloc[::-1]
        build_site(tmp_path / name, mixed, surfaces, meta, name, template=TEMPLATE, static=static)
        first, second = (
            {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}
            for root in (built / name, tmp_path / name)
        )
        assert {k: hashlib.md5(v).hexdigest() for k, v in first.items()} == {
            k: hashlib.md5(v).hexdigest() for k, v in second.items()
        }


def test_without_a_surface_the_townships_are_seen_first(tmp_path, tables, meta, static):
    summary = build_site(
        tmp_path / "s", {"districts": tables["districts"]}, {}, meta, "public", template=TEMPLATE, static=static
    )
    seen = {x["id"] for x in manifest(tmp_path / "s")["layers"] if x["visible"] and not x["base"]}
    assert seen == {"districts_township"}
    assert summary.layers == {"districts_city": 1, "districts_township": 8, "boundary": 2, "labels": 9}
    assert summary.files == sum(p.is_file() for p in (tmp_path / "s").rglob("*"))
    assert summary.bytes == sum(p.stat().st_size for p in (tmp_path / "s").rglob("*") if p.is_file())


def test_a_site_needs_nothing_but_a_boundary(tmp_path, tables, meta, static):
    only = {"layers/districts": tables["districts"][["id", "name", "level", "geometry"]]}
    summary = build_site(tmp_path / "s", only, {}, meta, "public", template=TEMPLATE, static=static)
    assert summary.layers == {"boundary": 2, "labels": 9}


def test_townships_without_a_city_are_seen_from_the_start_and_framed(tmp_path, tables, meta, static):
    towns = tables["districts"][tables["districts"]["level"] == "township"]
    wide = dataclasses.replace(meta, bounds=(116.0, 29.0, 121.0, 35.0))  # a map that starts at zoom 4
    build_site(tmp_path / "s", {"districts": towns}, {}, wide, "public", template=TEMPLATE, static=static)
    sources = manifest(tmp_path / "s")["sources"]
    lowest = {
        name: [
            (p.get("level"), p.get("name"))
            for (zoom, *_), data in read_archive(tmp_path / "s" / sources[name]["file"])
            for *_, p in read_properties(gunzip(data))
            if zoom == sources[name]["minzoom"]
        ]
        for name in ("boundary", "labels")
    }
    assert sources["boundary"]["minzoom"] == sources["labels"]["minzoom"] == 4
    assert sorted(lowest["boundary"]) == [("city", None), ("township", None)]
    assert {level for level, _ in lowest["labels"]} == {"township"}
    from geo_risk.publish.drawn import layers_of

    shown = [item for item in layers_of({"districts": towns}) if not isinstance(item, str)]
    (outline,) = [rows for spec, rows in shown if spec.id == "boundary"]
    frame_of_all = outline.set_index("level").geometry["city"]
    assert shapely.equals(frame_of_all, shapely.boundary(shapely.union_all(towns.geometry.to_numpy())))


def test_columns_may_be_missing(tmp_path, tables, meta, static):
    """Areas that say no level, roads without a class, places without a name."""
    bare = {
        "districts": tables["districts"][["id", "grade", "geometry"]],
        "layers/roads": tables["layers/roads"][["geometry"]],
        "layers/crowded_places": tables["layers/crowded_places"][["geometry"]],
    }
    summary = build_site(tmp_path / "s", bare, {}, meta, "internal", template=TEMPLATE, static=static)
    assert summary.layers["districts_area"] == 9
    assert summary.layers["roads"] == 40
    assert summary.layers["crowded_places"] == 60
    assert manifest(tmp_path / "s")["table"]["columns"] == ["grade"]


def test_a_failed_build_leaves_the_old_site(built, tmp_path, tables, surfaces, meta, static, monkeypatch):
    old = shutil.copytree(built / "public", tmp_path / "public")
    before = (old / "manifest.json").read_bytes()
    monkeypatch.setattr(site_module, "check_site", lambda folder, audience: ["a tile is wrong", "a hash is wrong"])
    with pytest.raises(GeoRiskError, match="not published: a tile is wrong; a hash is wrong"):
        build_site(old, tables, surfaces, meta, "public", template=TEMPLATE, static=static)
    assert (old / "manifest.json").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["public"]


def test_a_build_killed_between_the_renames_is_mended(built, tmp_path, tables, surfaces, meta, static):
    shutil.copytree(built / "public", tmp_path / ".public.old")
    shutil.copytree(built / "public", tmp_path / ".public.new")
    bad = {**tables, "districts": tables["districts"].set_crs(None, allow_override=True)}
    with pytest.raises((InputError, ValueError)):
        build_site(tmp_path / "public", bad, surfaces, meta, "public", template=TEMPLATE, static=static)
    assert check_site(tmp_path / "public") == []
    assert [p.name for p in tmp_path.iterdir()] == ["public"]


def test_bad_input_is_named(tmp_path, tables, surfaces, meta, static):
    with pytest.raises(SettingsError, match="no publishing profile 'all'"):
        build_site(tmp_path / "s", tables, surfaces, meta, "all", template=TEMPLATE, static=static)
    wrong = dataclasses.replace(meta, bounds=(500_000.0, 3_530_000.0, 520_000.0, 3_546_000.0))
    with pytest.raises(InputError, match=r"site bounds .* not \(west, south, east, north\)"):
        build_site(tmp_path / "s", tables, surfaces, wrong, "public", template=TEMPLATE, static=static)
    with pytest.raises(InputError, match="surface 'noise' is unknown"):
        build_site(
            tmp_path / "s", tables, {"noise": surfaces["grade"]}, meta, "public", template=TEMPLATE, static=static
        )
    assert list(tmp_path.iterdir()) == []


# The gate: each of these plants one fault and hides it from the hashes.


def problems(folder: Path) -> str:
    rehash(folder)
    return "\n".join(check_site(folder))


def replace_source(folder: Path, source: str, table: gpd.GeoDataFrame, layer: str, **options) -> None:
    """Put other tiles in the place of a source's, pieces included."""
    from geo_risk.publish.tiles.chunks import write_chunks
    from geo_risk.publish.tiles.vector import write_vector_tiles

    facts = manifest(folder)["sources"][source]
    write_vector_tiles(
        folder / facts["file"], table, layer=layer, minzoom=facts["minzoom"], maxzoom=facts["maxzoom"], **options
    )
    shutil.rmtree(folder / facts["chunks"]["dir"])
    write_chunks(folder / facts["file"], folder / facts["chunks"]["dir"], source)


def test_a_changed_missing_or_added_file_is_found(copy):
    folder = copy("public")
    (folder / "downloads" / "crowded_places.csv").write_text("name\nx\n")
    (folder / "index.html").unlink()
    (folder / "extra.txt").write_text("x")
    found = check_site(folder)
    assert "downloads/crowded_places.csv differs from its hash in manifest.json" in found
    assert "index.html is missing" in found
    assert "extra.txt is not in manifest.json" in found


def test_a_leaked_column_is_found(copy, tables):
    folder = copy("public")
    replace_source(folder, "crowded_places", tables["layers/crowded_places"], "crowded_places")
    assert "layer crowded_places: column capacity may not be shown in profile public" in problems(folder)


def test_a_leaked_layer_is_found(copy, built):
    folder = copy("public")
    shutil.copy(built / "internal" / "downloads" / "hazard_sources.geojson", folder / "downloads")
    shutil.copy(built / "internal" / "downloads" / "table_findings.csv", folder / "downloads")
    shutil.copy(built / "internal" / "downloads" / "index.tif", folder / "downloads")
    found = problems(folder)
    assert "downloads/hazard_sources.geojson may not be offered in profile public" in found
    assert "downloads/table_findings.csv may not be offered in profile public" in found
    assert "downloads/index.tif may not be offered in profile public" in found


def test_an_internal_site_called_public_is_found(copy):
    folder = copy("internal")
    path = next((folder / "data").glob("site.*.js"))
    path.write_text(
        path.read_text(encoding="utf-8").replace('"profile":"internal"', '"profile":"public"'), encoding="utf-8"
    )
    found = problems(folder)
    for layer in ("hazard_sources", "enterprises", "conflicts", "gas_pipelines"):
        assert f"layer {layer} may not be shown in profile public" in found
    assert "surface index may not be shown in profile public" in found
    assert "surface grade: cells of 100 m are finer than the 500 m of profile public" in found
    assert "persons = 42" in found


def test_finer_tiles_and_finer_areas_are_found(copy, built, tables):
    folder = copy("public")
    facts, theirs = (manifest(f)["sources"]["grade"] for f in (folder, built / "internal"))
    shutil.copy(built / "internal" / theirs["file"], folder / facts["file"])
    villages = tables["districts"][["id", "name", "level", "grade", "geometry"]].assign(level="village")
    replace_source(folder, "districts_city", villages, "districts_city")
    found = problems(folder)
    assert "surface grade: the tiles differ from downloads/grade.tif" in found
    assert "layer districts_city: areas of level village may not be shown in profile public" in found


def test_red_missing_at_one_zoom_is_found(copy, tables):
    folder = copy("internal")
    shown = tables["enterprises"].drop(columns=["index_max"])
    late = np.where(shown["grade"] == 4, 12, 0)
    replace_source(folder, "enterprises", shown, "enterprises", rank=np.zeros(300), first_zoom=late)
    found = problems(folder)
    assert "layer enterprises: 7 of 7 red features are missing at zoom 9" in found
    assert "at zoom 12" not in found


def test_a_table_that_differs_from_the_map_is_found(copy):
    folder = copy("public")
    path = next((folder / "data").glob("site.*.js"))
    text = path.read_text(encoding="utf-8")
    assert text.count('["镇7",3') == 1
    path.write_text(text.replace('["镇7",3', '["镇7",2'), encoding="utf-8")
    assert "the table differs from the map's layer districts_township" in problems(folder)


def test_pieces_that_differ_and_scripts_that_act_are_found(copy):
    folder = copy("public")
    facts = manifest(folder)["sources"]["labels"]
    piece = folder / facts["chunks"]["dir"] / "0.js"
    piece.write_text(piece.read_text() + "fetch('https://example.org');")
    assert "labels" in problems(folder)
    path = next((folder / "data").glob("search.*.js"))
    path.write_text(path.read_text(encoding="utf-8") + "alert(1);\n", encoding="utf-8")
    assert "data scripts cannot be read" in problems(folder)


@pytest.mark.parametrize(
    ("kind", "text", "address"),
    [
        ("html", '<script src="https://cdn.example.org/a.js"></script>', "https://cdn.example.org/a.js"),
        ("html", '<img src="//tiles.example.org/1.png">', "//tiles.example.org/1.png"),
        ("html", "<style>@import 'http://example.org/a.css'</style>", "http://example.org/a.css"),
        ("html", "<script>fetch('https://example.org/x')</script>", "https://example.org/x"),
        ("html", '<div style="background:url(https://example.org/b.png)">', "https://example.org/b.png"),
        ("html", '<meta http-equiv="refresh" content="0; url=https://example.org/">', "https://example.org/"),
        ("html", "<p onclick=\"open('https://example.org/')\">", "https://example.org/"),
        ("css", "a { background: url(//example.org/a.png) }", "//example.org/a.png"),
        ("js", 'new WebSocket("wss://example.org/")', "wss://example.org/"),
    ],
)
def test_an_outside_address_is_found(kind, text, address, copy):
    assert outside_addresses(text, kind) == [address]
    folder = copy("public")
    (folder / "assets" / f"more.{kind}").write_text(text)
    assert f"assets/more.{kind} asks an outside host: {address}" in problems(folder)


def test_words_and_names_of_vocabularies_are_no_addresses():
    assert outside_addresses("<p>see https://example.org/ 或 //example.org</p>", "html") == []
    assert outside_addresses("<svg xmlns='http://www.w3.org/2000/svg'><a href='#x'>", "html") == []
    assert outside_addresses("x = 'http://www.w3.org/2000/svg'; // a comment", "js") == []


def test_missing_built_scripts_say_how_to_build_them(tmp_path, tables, meta, monkeypatch):
    from geo_risk.publish import page

    monkeypatch.setattr(page.resources, "files", lambda package: tmp_path)
    with pytest.raises(GeoRiskError, match=r"static/app.js is missing.*pip install \."):
        build_site(tmp_path / "s", {"districts": tables["districts"]}, {}, meta, "public", template=TEMPLATE)


def test_layers_with_too_many_names_get_no_labels(tmp_path, meta, static, monkeypatch, tables):
    from geo_risk.publish import drawn

    monkeypatch.setattr(drawn, "MAX_LABELLED", 5)
    summary = build_site(
        tmp_path / "s", {"districts": tables["districts"]}, {}, meta, "public", template=TEMPLATE, static=static
    )
    assert "labels" not in summary.layers


def test_only_the_nearest_routes_to_hazard_sources_are_drawn(tmp_path, meta, static):
    lines = [shapely.LineString([(505_000 + k, 3_535_000), (506_000, 3_536_000)]) for k in range(4)]
    routes = frame(
        lines, place_layer=["hazard_sources"] * 3 + ["crowded_places"], place_id=list("aabc"), place_name=list("AABC"),
        facility_kind=["fire_station"] * 4, rank=pd.array([1, 2, 1, 1], "Int64"), minutes=[4.04, 9.0, 6.0, 3.0],
    )  # fmt: skip
    summary = build_site(
        tmp_path / "s", {"travel_times": routes}, {}, meta, "internal", template=TEMPLATE, static=static
    )
    assert summary.layers == {"routes": 2}
    assert routes.crs.to_string() == CRS


def contours_site(folder: Path, exact: bool, monkeypatch) -> list[str]:
    """What the gate says of a public site whose contours are blocks, or slipped through as they were."""
    from geo_risk.publish import profile

    at = shapely.Point(505_310, 3_535_170)
    rows = {"scope": ["region"] * 2, "level_per_yr": [3e-7, 3e-6], "targets": ["a", "b"]}
    table = gpd.GeoDataFrame(rows, geometry=[at.buffer(1500), at.buffer(700)], crs=CRS)
    if exact:
        monkeypatch.setattr(profile, "in_blocks", lambda areas, side: areas)
        monkeypatch.setattr(site_module, "check_site", lambda folder, audience: [])
    meta = site_module.SiteMeta(title={"zh": "图", "en": "map"}, bounds=(122.9, 31.8, 123.3, 32.1))
    build_site(folder, {"risk_contours": table}, {}, meta, "public", template=TEMPLATE)
    return check_site(folder)


def test_public_contours_in_blocks_pass_the_gate(tmp_path, monkeypatch):
    assert contours_site(tmp_path / "site", False, monkeypatch) == []


def test_the_gate_refuses_exact_contours(tmp_path, monkeypatch):
    found = contours_site(tmp_path / "site", True, monkeypatch)
    assert any("is finer than the blocks of 500 m" in problem for problem in found)


def bands(folder: Path) -> dict:
    (file,) = (folder / "data").glob("bands.*.js")
    return json.loads(file.read_text("utf-8").removeprefix("window.GEO_RISK_BANDS = ").removesuffix(";\n"))


def test_surfaces_are_listed_as_far_as_the_profile_shows_them(built):
    inside, outside = bands(built / "internal"), bands(built / "public")
    columns = [c["name"] for c in inside["columns"]]
    assert columns == ["name", "grade", "value_from", "value_to", "area_km2", "share", "persons"]
    assert set(inside["rows"]) == {"grade", "index"}
    assert [row[0] for row in inside["rows"]["grade"]] == ["临澜市"] * 5 + ["临江镇"] * 5  # no village
    assert inside["all"] == {"grade": 15, "index": 15}
    assert inside["rows"]["grade"][0] == ["临澜市", 4, None, None, 1.2346, 0.01235, 12.0]
    # the public: no area and no residents of a colour, shares in whole per cent, only the surface it has
    assert [c["name"] for c in outside["columns"]] == ["name", "grade", "share"]
    assert {name: len(rows) for name, rows in outside["rows"].items()} == {"grade": 10}
    assert outside["rows"]["grade"][0] == ["临澜市", 4, 0.01]
    listed = {x["id"] for x in manifest(built / "public")["layers"] if x.get("listed")}
    assert listed == {"grade"}


@pytest.mark.parametrize("leak", [{"columns": [{"name": "persons"}]}, {"rows": {"index": [["a", 4, 0.1]]}}])
def test_the_gate_refuses_a_list_that_tells_too_much(built, tmp_path, leak):
    folder = shutil.copytree(built / "public", tmp_path / "public")
    (file,) = (folder / "data").glob("bands.*.js")
    file.write_text(f"window.GEO_RISK_BANDS = {json.dumps(bands(folder) | leak)};\n", "utf-8")
    if "columns" in leak:
        text = f"window.GEO_RISK_BANDS = {json.dumps(bands(folder) | {'rows': {'grade': [[50]]}})};\n"
        file.write_text(text, "utf-8")
    rehash(folder)
    told = " ".join(check_site(folder))
    assert ("column persons may not be shown" in told) == ("columns" in leak)
    assert ("surface index is not on the map" in told) == ("rows" in leak)
    file.unlink()
    rehash(folder)
    assert "named" in " ".join(check_site(folder))


def test_the_gate_refuses_a_twin_that_holds_something_else(built, tmp_path):
    folder = shutil.copytree(built / "public", tmp_path / "public")
    twin = folder / "index.html.gz"
    assert gzip.decompress(twin.read_bytes()) == (folder / "index.html").read_bytes()
    twin.write_bytes(gzip.compress(b"<script src=//evil.example></script>"))
    (folder / "index.html.br").write_bytes(b"torn")
    rehash(folder)
    assert check_site(folder) == [f"index.html{e} is missing or differs from its text" for e in (".br", ".gz")]
