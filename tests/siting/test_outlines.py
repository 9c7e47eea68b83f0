"""The outline of a project: read from every format as drawn, or refused with a message that says how to mend it."""

import json
import re
import zipfile

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from geo_risk.crs import wgs84_to_gcj02
from geo_risk.errors import CRSError, GeoRiskError, InputError
from geo_risk.layers.project import kind_of_project, kinds, read_project

CRS = "EPSG:4550"
ANCHOR = (123.12, 32.09, 123.38, 32.26)
SQUARE = box(123.25, 32.17, 123.251, 32.171)
METRES = gpd.GeoSeries([SQUARE], crs=4326).to_crs(CRS).iloc[0]
WEB = gpd.GeoSeries([SQUARE], crs=4326).to_crs(3857).iloc[0]
BOW = Polygon([(123.25, 32.17), (123.251, 32.171), (123.251, 32.17), (123.25, 32.171)])
TANKS = {"kind": "储罐区", "name": "新罐区", "substance": "汽油", "quantity_t": 500}
SCHOOL = {"kind": "小学", "name": "二小", "capacity": 900}


def geojson(path, *rows, crs=None):
    features = [
        {"type": "Feature", "properties": p, "geometry": None if g is None else shapely.geometry.mapping(g)}
        for g, p in rows
    ]
    member = {"crs": {"type": "name", "properties": {"name": crs}}} if crs else {}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features} | member), encoding="utf-8")
    return path


def shp(path, shape=SQUARE, crs=4326, **values):
    gpd.GeoDataFrame([values or TANKS], geometry=[shape], crs=crs or 4326).to_file(path, encoding="utf-8")
    if crs is None:
        path.with_suffix(".prj").unlink()
    return path


def zipped(path):
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as out:
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            if part.suffix != ".zip":
                out.write(part, part.name)
    return path.with_suffix(".zip")


def dxf(path, shape=METRES):
    corners = list(shape.exterior.coords)[:-1]
    codes = ["0", "SECTION", "2", "ENTITIES", "0", "LWPOLYLINE", "8", "0", "90", str(len(corners)), "70", "1"]
    codes += [t for x, y in corners for t in ("10", f"{x:.4f}", "20", f"{y:.4f}")]
    path.write_text("\n".join([*codes, "0", "ENDSEC", "0", "EOF"]) + "\n", encoding="ascii")
    return path


def kml(path, shape=SQUARE, **values):
    corners = " ".join(f"{x},{y},0" for x, y in shape.exterior.coords)
    data = "".join(f'<Data name="{k}"><value>{v}</value></Data>' for k, v in (values or TANKS).items())
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark>'
        f"<name>新罐区</name><ExtendedData>{data}</ExtendedData><Polygon><outerBoundaryIs><LinearRing><coordinates>"
        f"{corners}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Document></kml>",
        encoding="utf-8",
    )
    return path


def text(path, lines):
    path.write_text(lines, encoding="utf-8")
    return path


def project(path, **more):
    return read_project(path, crs=CRS, anchor=ANCHOR, **more)


def message(path, **more) -> str:
    with pytest.raises(GeoRiskError) as caught:
        project(path, **more)
    return str(caught.value)


GIVEN = {"kind": "tank_farm", "values": {"substance": "汽油", "quantity_t": "500"}}


@pytest.mark.parametrize(
    ("write", "more"),
    [
        (lambda f: geojson(f / "a.geojson", (SQUARE, TANKS)), {}),
        (lambda f: geojson(f / "a.json", (SQUARE, TANKS), crs="urn:ogc:def:crs:OGC:1.3:CRS84"), {}),
        (lambda f: geojson(f / "a.geojson", (WEB, TANKS), crs="EPSG:3857"), {}),
        (lambda f: geojson(f / "a.geojson", (WEB, TANKS)), {"system": "EPSG:3857"}),
        (lambda f: geojson(f / "a.geojson", (METRES, TANKS)), {"system": CRS}),
        (lambda f: shp(f / "a.shp"), {}),
        (lambda f: shp(f / "a.shp", crs=None), {"system": "wgs84"}),
        (lambda f: zipped(shp(f / "a.shp")), {}),
        (lambda f: dxf(f / "a.dxf"), {"system": CRS, **GIVEN}),
        (lambda f: kml(f / "a.kml"), {}),
        (
            lambda f: text(f / "a.csv", f'name,kind,wkt,substance,quantity_t\n新罐区,罐区,"{SQUARE.wkt}",汽油,500\n'),
            {"system": "wgs84"},
        ),
        (
            lambda f: text(
                f / "a.csv", f'name,kind,wkt,substance,quantity_t\n新罐区,罐区,"SRID=4326;{SQUARE.wkt}",汽油,500\n'
            ),
            {},
        ),
    ],
    ids=["geojson", "crs84", "web", "web_given", "metres", "shp", "shp_given", "zip", "dxf", "kml", "wkt", "ewkt"],
)
def test_every_format_gives_the_same_outline(tmp_path, monkeypatch, write, more):
    path = write(tmp_path)
    monkeypatch.chdir("/")  # a file is found from wherever the command runs
    frames = project(path, **more)
    row = frames["hazard_sources"].iloc[0]
    assert list(frames) == ["hazard_sources"]
    assert (row["kind"], row["substance"], row["quantity_t"]) == ("tank_farm", "汽油", 500.0)
    assert row["id"].startswith("project:")
    assert row["position_error_m"] == 5.0
    assert frames["hazard_sources"].crs == CRS
    assert shapely.hausdorff_distance(row["geometry"], METRES) < 0.01


def test_one_layer_of_several_is_named_with_the_file(tmp_path):
    frame = gpd.GeoDataFrame([TANKS], geometry=[SQUARE], crs=4326)
    for layer in ("one", "two"):
        frame.to_file(tmp_path / "a.gpkg", layer=layer)
    assert "a.gpkg#LAYER with one of: one, two" in message(tmp_path / "a.gpkg")
    assert len(project(f"{tmp_path / 'a.gpkg'}#two")["hazard_sources"]) == 1


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (Point(123.25, 32.17), 0),
        (LineString([(123.25, 32.17), (123.251, 32.17)]), 0),
        (SQUARE, 10459),
        (box(123.25, 32.17, 123.252, 32.172) - box(123.2505, 32.1705, 123.251, 32.171), 41836 - 2615),
        (MultiPolygon([SQUARE, box(123.26, 32.17, 123.261, 32.171)]), 2 * 10459),
    ],
    ids=["point", "line", "polygon", "hole", "parts"],
)
def test_every_kind_of_shape(tmp_path, shape, area):
    found = project(geojson(tmp_path / "a.geojson", (shape, TANKS)))["hazard_sources"].geometry.iloc[0]
    assert found.geom_type == shape.geom_type
    assert found.area == pytest.approx(area, abs=area * 1e-3 + 1e-9)


def test_rows_of_different_layers(tmp_path):
    line = LineString([(123.26, 32.17), (123.262, 32.172)])
    rows = [
        (SQUARE, TANKS),
        (Point(123.26, 32.17), SCHOOL),
        (line, {"kind": "长输管道", "name": "输气"}),
        (Point(123.27, 32.17), {"kind": " middle_school ", "name": "一中"}),
    ]
    found = project(geojson(tmp_path / "a.geojson", *rows))
    assert {n: f["kind"].tolist() for n, f in found.items()} == {
        "hazard_sources": ["tank_farm"],
        "crowded_places": sorted(
            ["primary_school", "middle_school"], key=found["crowded_places"]["kind"].tolist().index
        ),
        "gas_pipelines": ["long_distance"],
    }
    assert sum(map(len, found.values())) == len(rows)


def test_one_word_in_two_layers_is_told_apart_by_the_layer_column(tmp_path):
    rows = [
        (SQUARE, {**TANKS, "kind": "其他", "layer": "hazard_sources"}),
        (Point(123.26, 32.17), {"kind": "其他", "layer": "crowded_places", "name": "棚"}),
    ]
    found = project(geojson(tmp_path / "a.geojson", *rows))
    assert {n: f["name"].tolist() for n, f in found.items()} == {"hazard_sources": ["新罐区"], "crowded_places": ["棚"]}


def test_ids_never_collide_with_those_of_the_region(tmp_path):
    rows = [(SQUARE, {**TANKS, "id": "H001"}), (box(123.26, 32.17, 123.261, 32.171), {**TANKS, "id": "H001"})]
    ids = project(geojson(tmp_path / "a.geojson", *rows))["hazard_sources"]["id"].tolist()
    assert len(set(ids)) == 2
    assert all(i.startswith("project:H001") for i in ids)


def test_a_shifted_outline_comes_back_where_it_is(tmp_path):
    shifted = shapely.transform(SQUARE, lambda xy: np.column_stack(wgs84_to_gcj02(xy[:, 0], xy[:, 1])))
    path = geojson(tmp_path / "a.geojson", (shifted, TANKS))
    right = project(path, system="gcj02")["hazard_sources"].geometry.iloc[0]
    assert shapely.hausdorff_distance(right, METRES) < 0.2
    as_written = project(path)["hazard_sources"].geometry.iloc[0]  # WGS 84, as the format says
    assert 300 < as_written.distance(METRES) < 700


def test_a_stated_accuracy_is_kept(tmp_path):
    path = geojson(tmp_path / "a.geojson", (SQUARE, {**TANKS, "position_error_m": 0.5}))
    assert project(path)["hazard_sources"]["position_error_m"].item() == 0.5
    path = geojson(tmp_path / "b.geojson", (SQUARE, TANKS))
    assert project(path, values={"position_error_m": "0.3"})["hazard_sources"]["position_error_m"].item() == 0.3


CASES = {
    # what is wrong: (file, options, what the message must say)
    "crossing": (lambda f: geojson(f / "a.geojson", (SQUARE, TANKS), (BOW, TANKS)), {},
                 r"a\.geojson, row 2: .*Self-intersection at 123\.2505 32\.1705\. Draw"),
    "crossing_shp": (lambda f: shp(f / "a.shp", BOW), {}, r"a\.shp, row 1: .*Self-intersection at .* Draw"),
    "crossing_kml": (lambda f: kml(f / "a.kml", BOW), {}, r"a\.kml.*row 1: .*Self-intersection at .* Draw"),
    "drawn_twice": (lambda f: geojson(f / "a.geojson", (MultiPolygon([SQUARE, SQUARE.buffer(-1e-4)]), TANKS)), {},
                    r"row 1: the outline is not valid: Nested shells"),
    "outside": (lambda f: geojson(f / "a.geojson", (box(116.25, 39.17, 116.26, 39.18), TANKS)), {},
                r"row 1: outside the region.*116\.25.*--crs"),
    "swapped": (lambda f: geojson(f / "a.geojson", (shapely.transform(SQUARE, lambda c: c[:, ::-1]), TANKS)), {},
                r"a\.geojson, all rows: .*exchanged.*Exchange"),
    "swapped_csv": (lambda f: text(f / "a.csv", "name,kind,经度,纬度\n一小,小学,32.17001,123.25001\n"),
                    {"system": "wgs84"}, r"exchanged.*Exchange"),
    "no_system_shp": (lambda f: shp(f / "a.shp", crs=None), {}, r"a\.shp: the coordinate system is not stated.*--crs"),
    "no_system_zip": (lambda f: zipped(shp(f / "a.shp", crs=None)), {}, r"a\.zip: the coordinate system.*--crs"),
    "no_system_dxf": (lambda f: dxf(f / "a.dxf"), {"kind": "school"}, r"a\.dxf.*coordinate system.*--crs"),
    "no_system_csv": (lambda f: text(f / "a.csv", "name,kind,经度,纬度\n一小,小学,123.25001,32.17001\n"), {},
                      r"a\.csv: the coordinate system is not stated.*--crs"),
    "metres_as_degrees": (lambda f: geojson(f / "a.geojson", (WEB, TANKS)), {}, r"13720239.*metres.*WGS 84.*--crs"),
    "metres_given_degrees": (lambda f: geojson(f / "a.geojson", (METRES, TANKS)), {"system": "gcj02"},
                             r"metres, but gcj02.*--crs"),
    "wrong_zone": (lambda f: dxf(f / "a.dxf"), {"system": "EPSG:4549", **GIVEN}, r"EPSG:4549.*EPSG:4550.*--crs"),
    "no_such_system": (lambda f: geojson(f / "a.geojson", (SQUARE, TANKS)), {"system": "gjc02"}, r"--crs = 'gjc02'"),
    "no_prj": (lambda f: geojson(f / "a.geojson", (SQUARE, TANKS)), {"system": "a.prj"}, r"--crs a\.prj: there is no"),
    "no_file": (lambda f: f / "a.geojson", {}, r"a\.geojson: there is no such file\. Name the outline"),
    "empty_file": (lambda f: text(f / "a.geojson", ""), {}, r"a\.geojson: the file is empty"),
    "no_json": (lambda f: text(f / "a.geojson", "{"), {}, r"a\.geojson: not valid JSON"),
    "no_rows": (lambda f: geojson(f / "a.geojson"), {}, r"a\.geojson: holds no row\. Draw"),
    "header_only": (lambda f: text(f / "a.csv", "name,kind,经度,纬度\n"), {}, r"a\.csv: holds no row"),
    "no_shape": (lambda f: geojson(f / "a.geojson", (None, TANKS)), {}, r"row 1: no geometry\. Draw"),
    "no_place": (lambda f: text(f / "a.csv", "name,kind\n一小,小学\n"), {"system": "wgs84"}, r"a\.csv: no coordinates"),
    "no_kind": (lambda f: geojson(f / "a.geojson", (SQUARE, {"name": "x"})), {}, r"'kind'.*--kind KIND"),
    "blank_kind": (lambda f: geojson(f / "a.geojson", (SQUARE, TANKS), (SQUARE, {"kind": ""})), {},
                   r"row 2: 'kind' is empty\. Write.*--kind"),
    "unknown_kinds": (lambda f: geojson(f / "a.geojson", (SQUARE, {"kind": "储罐曲"}), (SQUARE, {"kind": "foo"})), {},
                      r"(?s)row 1, kind: kind '储罐曲'.*Nearest: .*储罐区.*row 2, kind: kind 'foo'"),
    "open_kind": (lambda f: geojson(f / "a.geojson", (SQUARE, {**TANKS, "kind": "其他"})), {},
                  r"row 1, kind: .*hazard_sources:other or crowded_places:other\. Write one"),
    "two_kinds": (lambda f: geojson(f / "a.geojson", (SQUARE, TANKS)), {"kind": "school"},
                  r"row 1, kind: the file says '储罐区', --kind says 'school'"),
    "no_stock": (lambda f: geojson(f / "a.geojson", (SQUARE, {"kind": "储罐区", "name": "x"})), {},
                 r"row 1 \(tank_farm\): substance and quantity_t.*--set substance"),
    "no_amount": (lambda f: geojson(f / "a.geojson", (SQUARE, {"kind": "储罐区", "substance": "汽油"})), {},
                  r"row 1 \(tank_farm\): quantity_t"),
    "negative": (lambda f: geojson(f / "a.geojson", (SQUARE, {**TANKS, "quantity_t": -5})), {},
                 r"row 1, quantity_t = -5.*below zero.*Mend"),
    "no_number": (lambda f: geojson(f / "a.geojson", (Point(123.25, 32.17), {**SCHOOL, "capacity": "许多"})), {},
                  r"row 1, capacity = 许多: not a number\. Mend"),
    "two_substances": (lambda f: geojson(f / "a.geojson", (SQUARE, {**TANKS, "substance": "汽油、柴油"})), {},
                       r"row 1, substance.*several substances"),
    "twice": (lambda f: geojson(f / "a.geojson", (SQUARE, TANKS), (SQUARE, TANKS)), {}, r"row 2.*same as row 1"),
    "needle": (lambda f: geojson(f / "a.geojson", (Polygon([
                (123.25, 32.17), (123.251, 32.17), (123.251, 32.1705), (123.2515, 32.1705000001),
                (123.251, 32.17050000001), (123.251, 32.171), (123.25, 32.171)]), TANKS)), {}, r"row 1: needle"),
    "point_pipe": (lambda f: geojson(f / "a.geojson", (Point(123.26, 32.17), {"kind": "长输管道"})), {},
                   r"row 1: a Point, which"),
    "set_number": (lambda f: geojson(f / "a.geojson", (SQUARE, TANKS)), {"values": {"quantity_t": "500t"}},
                   r"--set quantity_t=500t: not a number"),
    "set_nan": (lambda f: geojson(f / "a.geojson", (SQUARE, TANKS)), {"values": {"quantity_t": "nan"}},
                r"--set quantity_t=nan: not a number"),
    "set_negative": (lambda f: geojson(f / "a.geojson", (SQUARE, TANKS)), {"values": {"quantity_t": "-5"}},
                     r"--set quantity_t=-5: .*below zero"),
    "set_column": (lambda f: geojson(f / "a.geojson", (SQUARE, TANKS)), {"values": {"quantiti": "5"}},
                   r"--set quantiti=5: .*no such column.*quantity_t"),
    "set_word": (lambda f: geojson(f / "a.geojson", (SQUARE, TANKS)), {"values": {"storage": "桶盆"}},
                 r"--set storage=桶盆: .*Write one of"),
    "set_kind": (lambda f: geojson(f / "a.geojson", (SQUARE, TANKS)), {"values": {"kind": "school"}}, r"--kind"),
    "picture": (lambda f: text(f / "a.png", "x"), {}, r"a\.png.*no kind of file"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_bad_outline_gets_a_message_that_says_how_to_mend_it(tmp_path, case):
    write, more, wanted = CASES[case]
    told = message(write(tmp_path), **more)
    assert re.search(wanted, told), told
    assert "region.toml" not in told  # no project has one
    assert str(tmp_path) not in told or case == "no_file"


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    rows = [(BOW, TANKS), (SQUARE, {**TANKS, "quantity_t": "许多"}), (Point(123.26, 32.17), {**SCHOOL, "capacity": -1})]
    told = message(geojson(tmp_path / "a.geojson", *rows))
    assert all(f"row {n}" in told for n in (1, 2, 3)), told


def test_every_word_for_a_kind_means_that_kind(tmp_path):
    words = kinds()
    rows = []
    for word, pairs in words.items():
        if len(pairs) > 1:
            with pytest.raises(InputError, match="Write one of these"):
                kind_of_project(word)
            continue
        assert kind_of_project(word) == pairs[0]
        assert kind_of_project(f" {word.upper()} ") == pairs[0]
        layer = pairs[0][0]
        at = 123.2 + len(rows) * 1e-4
        shape = LineString([(at, 32.17), (at, 32.1705)]) if layer == "gas_pipelines" else Point(at, 32.17)
        rows.append((shape, {**TANKS, "kind": word, "name": f"n{len(rows)}"}))
    found = project(geojson(tmp_path / "a.geojson", *rows))
    read = {(n, k, name) for n, f in found.items() for k, name in zip(f["kind"], f["name"], strict=True)}
    assert read == {(*words[p["kind"]][0], p["name"]) for _, p in rows}


def test_a_bad_system_is_a_system_error(tmp_path):
    with pytest.raises(CRSError):
        project(geojson(tmp_path / "a.geojson", (SQUARE, TANKS)), system="EPSG:1")
