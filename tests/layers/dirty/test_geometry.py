"""Shapes and lines as they arrive (cases 41 to 52), on files made here; each right, or set aside with a reason."""

import json
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely.geometry import GeometryCollection, LineString, MultiLineString, MultiPolygon, Point, Polygon, box

from geo_risk.analysis.setbacks import check_setbacks
from geo_risk.errors import InputError
from geo_risk.layers.coverage import SNAP_M, check_coverage, snap_borders
from geo_risk.layers.districts import boundary_version
from geo_risk.layers.load import load_layer
from geo_risk.layers.quality import Log
from geo_risk.layers.recognise import recognise, region_toml
from geo_risk.layers.repair import repair
from geo_risk.routing.condition import network_condition
from geo_risk.routing.network import build_network

CRS = "EPSG:4549"
X, Y = 500_000.0, 3_500_000.0
SPEEDS = {"road": 30.0, "primary": 50.0}


def moved(shape):
    if shape is None:
        return None
    high = shapely.has_z(shape)
    return shapely.transform(shape, lambda c: c + np.array((X, Y, 0.0)[: 2 + high]), include_z=bool(high))


def given_as(folder, rows, file="f.gpkg", **columns):
    """A file of shapes in metres near (0, 0); ``columns`` are lists of values."""
    frame = gpd.GeoDataFrame(columns, geometry=[moved(r) for r in rows], crs=CRS)
    frame.to_file(folder / file)
    return {"source": file}


def load(folder, layer, spec, **options):
    out, reports = load_layer(layer, spec, folder=folder, crs=CRS, **options)
    return out, reports


def codes(report):
    return {i.row: i.code for i in report.issues if i.row is not None}


def found(reports, code):
    return [i for r in reports for i in r.issues if i.code == code]


def run(shapes, kind, **options):
    log = Log("f", "districts")
    geometry = np.empty(len(shapes), object)
    geometry[:] = shapes
    out, ok = repair(geometry, kind, np.arange(1, len(shapes) + 1), log, **options)
    return out, ok, log.issues


# Case 41 to 47: single shapes


def test_case_41_mended_shapes_say_their_size_before_and_after():
    # a crossing of 5 m x 10 m in the outline of a square kilometre
    bad = Polygon([(0, 0), (1000, 0), (1000, 1000), (505, 1000), (495, 1010), (505, 1010), (495, 1000), (0, 1000)])
    bow_tie = Polygon([(0, 0), (100, 100), (100, 0), (0, 60)])
    out, ok, issues = run([bad, bow_tie], "polygon")
    assert ok.tolist() == [True, False]
    assert [(i.row, i.code, i.action) for i in issues] == [
        (2, "invalid_changed", "rejected"),
        (1, "invalid", "repaired"),
    ][::-1]
    assert f"{bad.area:,.1f} -> {out[0].area:,.1f} m2" in issues[0].detail
    assert issues[0].detail.startswith("Self-intersection; area 1,000,0")


def test_case_41_spikes_and_repeated_points():
    # a needle 300 m long and 1 m wide at its foot on a square of 1 km; a long spit of land is no needle
    needle = Polygon([(0, 0), (1000, 0), (1000, 500), (1300, 500.5), (1000, 501), (1000, 1000), (0, 1000)])
    spit = Polygon([(0, 0), (1000, 0), (1000, 500), (1300, 500), (1300, 520), (1000, 520), (1000, 1000), (0, 1000)])
    twice = Polygon([(0, 0), (10, 0), (10, 0), (10, 10), (0, 10)])
    out, ok, issues = run([needle, spit, twice], "polygon")
    assert ok.all()
    assert out[0].bounds == (0, 0, 1000, 1000)
    assert out[1].equals_exact(spit)
    assert shapely.get_num_coordinates(out[2]) == 5
    assert {(i.row, i.code) for i in issues} == {(1, "spike"), (3, "repeated_vertices")}
    # the triangle's area is 300 * 1 / 2 = 150 m2 of 1,000,150
    assert "area 1,000,150.0 -> 1,000,000.0 m2 (0.015%)" in issues[-1].detail


def test_case_41_a_vertex_hundreds_of_kilometres_off_is_named():
    shape = Polygon([(0, 0), (1000, 0), (1000, 1000), (310_000, 900), (0, 1000)])
    pipe = LineString([(0, 0), (5, 5), (400_000, 400_000), (15, 15), (20, 20)])
    trunk = LineString([(0, 0), (5_000, 0), (150_000, 0)])  # a long straight leg at the end of a pipeline
    _, ok, issues = run([shape, pipe, trunk], "any")
    assert ok.tolist() == [False, False, True]
    assert [(i.row, i.code) for i in issues] == [(1, "far_vertex"), (2, "far_vertex")]
    assert issues[0].detail.startswith("vertex 4 of 5, 309 km")
    assert issues[0].value == "310000, 900"


@pytest.mark.filterwarnings("ignore:invalid value")
def test_case_41_vertices_that_are_no_numbers():
    shapes = [
        LineString([(0, 0), (np.nan, 1), (2, 2)]),
        LineString([(0, 0), (np.inf, 1)]),
        LineString([(0, 0), (1, 1)]),
    ]
    _, ok, issues = run(shapes, "line")
    assert ok.tolist() == [False, False, True]
    assert {i.code for i in issues} == {"bad_vertex"}


def test_case_42_copies_are_merged_and_linked(tmp_path):
    a = box(0, 0, 1000, 1000)
    near = shapely.transform(a, lambda c: c + 0.01)  # 1e-7 degree
    spec = given_as(
        tmp_path, [a, a, near, box(2000, 0, 3000, 1000)], id=["1", "1", "1", "2"], name=["甲镇"] * 3 + ["乙镇"]
    )
    out, (report,) = load(tmp_path, "districts", spec)
    assert out["id"].tolist() == ["1", "2"]
    assert (codes(report)[2], codes(report)[3]) == ("duplicate", "near_duplicate")
    assert "row 1" in found([report], "duplicate")[0].problem
    assert (report.rows_read, report.rows_kept) == (4, 4)


def test_case_42_like_pipes_with_two_ids_are_kept_and_told(tmp_path):
    pipe = LineString([(0, 0), (100, 0)])
    spec = given_as(tmp_path, [pipe, pipe], id=["1", "2"], name=["中压"] * 2)
    out, (report,) = load(tmp_path, "gas_pipelines", spec)
    assert out["id"].tolist() == ["1", "2"]
    assert [(i.row, i.value, i.detail) for i in found([report], "twin")] == [(2, "2", "1 (id 1)")]


def test_case_43_null_empty_and_sizeless_shapes(tmp_path):
    rows = [None, Polygon(), box(0, 0, 0.5, 0.5), box(0, 0, 100, 100)]
    spec = given_as(tmp_path, rows, "f.geojson", id=list("abcd"), name=list("abcd"))
    out, (report,) = load(tmp_path, "districts", spec | {"crs": CRS})
    assert out["id"].tolist() == ["d"]
    assert codes(report)[3] == "no_size"
    assert {codes(report)[1], codes(report)[2]} <= {"null_geometry", "empty_geometry"}
    assert report.rows_rejected == 3


def test_case_44_an_open_ring_loses_no_other_feature(tmp_path):
    square = [[121.0, 31.0], [121.01, 31.0], [121.01, 31.01], [121.0, 31.01]]
    features = [
        {"type": "Feature", "properties": {"id": str(n), "name": f"{n}镇"},
         "geometry": {"type": "Polygon", "coordinates": [[[x + n * 0.02, y] for x, y in ring]]}}
        for n, ring in enumerate((square, [*square, square[0]], square))
    ]  # fmt: skip
    (tmp_path / "f.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    out, (report,) = load(tmp_path, "districts", {"source": "f.geojson"})
    assert len(out) == 3
    assert [i.row for i in found([report], "ring_closed")] == [1, 3]
    assert np.ptp(out.area) / out.area.mean() < 0.001


def test_case_45_types_a_layer_does_not_hold():
    mixed = GeometryCollection(
        [box(0, 0, 50, 50), GeometryCollection([box(60, 0, 90, 50)]), LineString([(0, 0), (9, 9)])]
    )
    shapes = [Point(1, 1), LineString([(0, 0), (9, 0)]), MultiLineString([[(0, 0), (9, 0)], [(0, 5), (9, 5)]]), mixed]
    for kind, stays in (
        ("line", [False, True, True, True]),
        ("polygon", [False, False, False, True]),
        ("any", [True] * 4),
    ):
        out, ok, issues = run(shapes, kind)
        assert ok.tolist() == stays, kind
        assert sum(i.action == "rejected" for i in issues) == stays.count(False)
        left = [i.detail for i in issues if i.code == "parts_left"]
        assert out[3].geom_type == ("LineString" if kind == "line" else "MultiPolygon")
        assert left == (["Polygon, Polygon"] if kind == "line" else ["LineString"])


def test_case_46_heights_and_measures(tmp_path):
    flat = [LineString([(0, 0, 5), (100, 0, 5)]), LineString([(0, 9, 5), (100, 9, 5)])]
    out, ok, issues = run(flat, "line")
    assert ok.all()
    assert not shapely.has_z(out).any()
    assert [(i.code, i.count, i.detail) for i in issues] == [("z_dropped", 2, "all 5")]
    measured = shapely.from_wkt("LINESTRING ZM (0 0 -1 7, 100 0 -2 8)")
    out, _, issues = run([measured], "line")
    assert [i.code for i in issues] == ["z_varies", "m_dropped"]
    assert not shapely.has_z(out[0])
    deep = [LineString([(0, 0, -1.0), (100, 0, -2.0)]), LineString([(0, 9, -0.8), (100, 9, -0.8)])]
    spec = given_as(tmp_path, deep, id=["1", "2"])
    plain, _ = load(tmp_path, "gas_pipelines", spec)
    assert plain["depth_m"].isna().all()  # heights are depths only if the person says so
    told, _ = load(tmp_path, "gas_pipelines", spec | {"columns": {"depth_m": "-z"}})
    assert told["depth_m"].tolist() == [1.5, 0.8]


def test_case_47_ring_direction_and_holes():
    squares = [box(i * 10, 0, i * 10 + 9, 9) for i in range(6)]
    squares[3] = squares[3].reverse()
    out, _, issues = run(squares, "polygon")
    assert [(i.row, i.code) for i in issues] == [(4, "ring_reversed")]
    assert len(set(shapely.is_ccw(shapely.get_exterior_ring(out)))) == 1
    nested = MultiPolygon([box(0, 0, 100, 100), box(40, 40, 60, 60)])
    _, ok, issues = run([nested], "polygon")
    assert not ok[0]
    assert 'accept = ["holes"]' in issues[0].problem
    out, ok, issues = run([nested], "polygon", holes=True)
    assert ok[0]
    assert out[0].area == 100 * 100 - 20 * 20
    assert issues[0].action == "repaired"


def test_case_47_holes_and_parts_in_rows_of_their_own(tmp_path):
    rows = [box(0, 0, 1000, 1000), box(400, 400, 600, 600), box(2000, 0, 2500, 500), box(2500, 0, 3000, 500)]
    spec = given_as(tmp_path, rows, id=["1", "1", "2", "2"], name=["东湖"] * 2 + ["西湖"] * 2)
    out, (report,) = load(tmp_path, "water", spec)
    assert [(i.row, i.code) for i in report.issues if i.action == "rejected"] == [(2, "hole_row")]
    assert out.area.round().tolist() == [1_000_000, 500_000]
    assert found([report], "united")[0].detail == "3, 4"
    out, (report,) = load(tmp_path, "water", spec | {"accept": ["holes"]})
    assert out.area.round().tolist() == [960_000, 500_000]
    assert (report.rows_rejected, found([report], "hole")[0].row) == (0, 1)


def test_an_enterprise_in_several_rows_is_one(tmp_path):
    rows = [box(0, 0, 100, 100), box(150, 0, 250, 100), box(0, 300, 100, 400)]
    spec = given_as(tmp_path, rows, "f.geojson", id=["E1", "E1", "E2"], name=["甲化工", "甲化工", "乙化工"])
    out, (report,) = load(tmp_path, "enterprises", spec | {"crs": CRS})
    assert out["id"].tolist() == ["E1", "E2"]
    assert out.geometry[0].geom_type == "MultiPolygon"
    assert (report.rows_kept, report.features) == (3, 2)


coordinate = st.integers(-50, 50).map(float)
ring = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8)


shape = st.one_of(
    ring.map(Polygon), ring.map(LineString), st.lists(ring.map(Polygon), min_size=1, max_size=3).map(MultiPolygon)
)


DOT = Polygon([(0, 0), (0, 0), (0, 0)])
CROSSED = Polygon([(-1, -1), (1, -1), (0, 1), (1, 0)])
WHISKER = Polygon([(-45, -41), (45, -49), (0, 0), (34, 0), (0, 0)])


@settings(deadline=None, max_examples=150)
@example([MultiPolygon([DOT, Polygon([(0, -1), (0, -1), (0, -1)]), CROSSED])], True)
@example([MultiPolygon([WHISKER, Polygon([(0, -25), (0, -43), (0, -18)])])], True)
@given(st.lists(shape, min_size=1, max_size=4), st.booleans())
def test_repairing_twice_is_repairing_once(shapes, holes):
    once, ok, issues = run(shapes, "any", holes=holes)
    assert sum(i.count for i in issues if i.action == "rejected") == (~ok).sum()
    twice, still, _ = run(list(once[ok]), "any", holes=holes)
    assert still.all()
    assert shapely.equals_exact(twice, once[ok], 0.0).all()
    assert shapely.is_valid(once[ok]).all()
    again, _, _ = run(shapes, "any", holes=holes)
    assert list(shapely.to_wkb(again[ok])) == list(shapely.to_wkb(once[ok]))


# Case 48 and 49: coverage


def units(shapes, **columns):
    count = len(shapes)
    base = {"id": [f"{i}" for i in range(count)], "name": [f"{i}镇" for i in range(count)],
            "level": ["township"] * count, "parent_id": [None] * count}  # fmt: skip
    return gpd.GeoDataFrame({**base, **columns}, geometry=[moved(s) for s in shapes], crs=CRS)


def covered(frame):
    log = Log("f", "districts")
    out = check_coverage(frame, np.arange(1, len(frame) + 1), np.array([log] * len(frame), object))
    return out, log.issues


def test_case_48_a_border_within_a_metre_is_one_border():
    # the right one is 0.4 m off, with a vertex the left one lacks and one missing
    left = Polygon([(0, 0), (100, 0), (100, 40), (100, 100), (0, 100)])
    right = Polygon([(100.4, 0), (200, 0), (200, 100), (100.4, 100), (99.7, 60)])
    out, issues = covered(units([left, right]))
    assert shapely.coverage_is_valid(out.geometry.to_numpy())
    assert [i.code for i in issues] == ["borders_snapped"]
    assert issues[0].detail.startswith("0.40 m")
    assert out.union_all().geom_type == "Polygon"


def test_case_48_larger_gaps_and_overlaps_are_told_with_area_and_place():
    # four squares around a hole of 10 x 10 m; the last laps over the third by 3 x 90 m
    shapes = [box(0, 0, 100, 45), box(55, 45, 100, 100), box(0, 45, 45, 100), box(42, 55, 55, 100)]
    out, issues = covered(units(shapes))
    assert [i.code for i in issues] == ["overlap", "gap"]
    assert issues[0].detail.startswith("135 m2 at ")
    assert {"2镇 (2)", "3镇 (3)"} == set(issues[0].value.split(", "))
    assert issues[1].detail.startswith("100 m2 at ")
    assert "E" in issues[1].detail
    assert shapely.equals(out.geometry.to_numpy(), [moved(s) for s in shapes]).all()  # never moved by more than 1 m


def test_case_48_levels_that_do_not_nest():
    shapes = [box(0, 0, 100, 100), box(0, 0, 50, 50), box(80, 0, 130, 50)]
    frame = units(shapes, level=["township", "village", "village"], parent_id=[None, "0", "0"])
    _, issues = covered(frame)
    assert [(i.code, i.row) for i in issues] == [("outside_parent", 3)]
    assert issues[0].detail.startswith("1,500 m2")


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.01, 0.2, 0.6, 3.0]))
def test_case_48_no_border_moves_by_more_than_a_metre(seed, noise):
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(4), np.arange(4)), -1) * 100.0 + rng.uniform(-20, 20, (4, 4, 2))
    shapes = []
    for i in range(3):
        for j in range(3):
            corners = [grid[i, j], grid[i, j + 1], grid[i + 1, j + 1], grid[i + 1, j]]
            along = [a + (b - a) * t for a, b in zip(corners, corners[1:] + corners[:1], strict=True) for t in (0, 0.4)]
            shapes.append(Polygon(np.array(along) + rng.uniform(-noise, noise, (8, 2)) / 2))
    shapes = np.array(shapes, object)
    out, step = snap_borders(shapes)
    assert shapely.is_valid(out).all()
    assert (shapely.hausdorff_distance(shapely.boundary(shapes), shapely.boundary(out)) <= SNAP_M + 1e-6).all()
    assert (step <= SNAP_M + 1e-6).all()
    again, _ = snap_borders(shapes)
    assert list(shapely.to_wkb(again)) == list(shapely.to_wkb(out))
    if noise <= 0.2:
        assert shapely.coverage_is_valid(out)
        assert shapely.equals_exact(snap_borders(out)[0], out, 0.0).all()


def test_case_49_of_two_versions_one_is_used(tmp_path):
    fine = [box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)]
    coarse = [box(0, 0, 1100, 1000), box(1100, 0, 2000, 1000)]
    for name, shapes in (("界_2024.gpkg", fine), ("界_2019-06.gpkg", coarse)):
        given_as(tmp_path, shapes, name, id=["320281", "320282"], name=["甲县", "乙县"])
    spec = {"source": ["界_2024.gpkg", "界_2019-06.gpkg"]}
    out, reports = load(tmp_path, "districts", spec)
    assert out.area.tolist() == [1_000_000, 1_000_000]
    assert [(i.row, i.code) for i in reports[1].issues if i.action == "rejected"] == [
        (1, "other_version"),
        (2, "other_version"),
    ]
    # 100 x 1,000 m of the 1,100 x 1,000 m both cover
    assert found(reports, "other_version")[0].detail == "1 of 界_2024.gpkg: 0.1 km2 (9.1%)"
    named = boundary_version("districts", spec, tmp_path)
    assert [(v["file"], v["date"]) for v in named] == [("界_2024.gpkg", "2024"), ("界_2019-06.gpkg", "2019-06")]
    assert len(named[0]["sha256"]) == 64


# Case 50: surveys


POINTS = [("物探点号", "X坐标", "Y坐标"), ("RQ-1", Y, X), ("RQ-2", Y + 100, X), ("RQ-3", Y + 100, X + 50),
          ("RQ-11", Y, X + 300), ("RQ-5", "?", X), ("RQ-6", Y, X + 400), ("RQ-6", Y, X + 450)]  # fmt: skip
LINES = [("管线编号", "起点点号", "终点点号", "管径"), ("L1", "RQ-1", "RQ-2", "DN200"), ("L1", "RQ-2", "RQ-3", "DN200"),
         ("L2", "RQ-3", "RQ-9", "DN200"), ("L3", "RQ-3", "RQ-5", "DN200"), ("L4", "RQ-3", "RQ-6", "DN200"),
         ("L5", "rq-3 ", "ＲＱ-3", "DN200")]  # fmt: skip


def survey(folder, kind):
    if kind == "xlsx":
        book = openpyxl.Workbook()
        for sheet, rows in ((book.active, POINTS), (book.create_sheet("管线表"), LINES)):
            for row in rows:
                sheet.append(row)
        book.save(folder / "survey.xlsx")
        return "survey.xlsx"
    for name, rows in (("points.csv", POINTS), ("lines.csv", LINES)):
        (folder / name).write_text("\n".join(",".join(map(str, r)) for r in rows), encoding="utf-8")
    if kind == "csv":
        return ["points.csv", "lines.csv"]
    with zipfile.ZipFile(folder / "survey.zip", "w") as archive:
        archive.write(folder / "points.csv", "points.csv")
        archive.write(folder / "lines.csv", "lines.csv")
    return "survey.zip"


@pytest.mark.parametrize("kind", ["xlsx", "csv", "zip"])
def test_case_50_points_and_lines_in_two_tables(tmp_path, kind):
    anchor = (119.9, 31.5, 120.1, 31.7)
    spec = {"source": survey(tmp_path, kind), "crs": CRS}
    out, reports = load(tmp_path, "gas_pipelines", spec, anchor=anchor)
    assert out["id"].tolist() == ["L1"]
    assert out["diameter_mm"].tolist() == [200]
    assert out.geometry[0].equals_exact(LineString([(X, Y), (X, Y + 100), (X + 50, Y + 100)]), 0.01)
    lines, points = reports
    aside = {i.row: (i.code, i.value) for i in lines.issues if i.action == "rejected"}
    assert aside == {
        4: ("no_such_point", "RQ-9"),
        5: ("point_aside", "RQ-5"),
        6: ("point_aside", "RQ-6"),
        7: ("no_size", ""),
    }
    assert {i.row: i.code for i in points.issues if i.action == "rejected"} == {
        6: "bad_coordinate",
        7: "point_twice",
        8: "point_twice",
    }
    assert found([points], "unused_points")[0].detail == "RQ-11"
    assert (lines.rows_read, lines.rows_kept, points.rows_read, points.rows_kept) == (6, 2, 7, 4)


@pytest.mark.parametrize("kind", ["xlsx", "csv", "zip"])
def test_case_50_init_recognises_the_pair(tmp_path, kind):
    import tomllib

    source = survey(tmp_path, kind)
    files = [tmp_path / f for f in (source if isinstance(source, list) else [source])]
    settings = tomllib.loads(region_toml("x", recognise(files), tmp_path))["layers"]
    assert set(settings) == {"gas_pipelines"}
    out, _ = load(
        tmp_path, "gas_pipelines", settings["gas_pipelines"] | {"crs": CRS}, anchor=(119.9, 31.5, 120.1, 31.7)
    )
    assert out["id"].tolist() == ["L1"]


def test_case_50_one_table_without_the_other_is_refused(tmp_path):
    survey(tmp_path, "csv")
    with pytest.raises(InputError, match="管点表"):
        load(tmp_path, "gas_pipelines", {"source": "lines.csv"})
    with pytest.raises(InputError, match="table of points"):
        load(tmp_path, "gas_pipelines", {"source": "points.csv"})


# Case 51: drawn by hand


def test_case_51_hand_drawn_pipelines_carry_no_verdict(tmp_path):
    long = LineString([(0, 0), (5000, 0)])
    careful = LineString([(x, 300) for x in range(0, 5001, 500)])
    spec = given_as(tmp_path, [long, careful, careful], id=["a", "b", "c"], kind=["长输"] * 3, medium=["原油"] * 3)
    pipes, (report,) = load(tmp_path, "gas_pipelines", spec)
    assert pipes["position_error_m"].tolist()[:2] == [500, 5]
    assert found([report], "schematic")[0].detail == "5.0 km"
    assert {i.column for i in found([report], "no_setback_number")} == {"diameter_mm", "pressure_mpa"}
    stated, _ = load(tmp_path, "gas_pipelines", spec | {"position_error_m": 2})
    assert stated["position_error_m"].tolist()[:2] == [2, 2]
    school = gpd.GeoDataFrame(
        {"id": ["S"], "name": ["小学"], "kind": ["primary_school"], "position_error_m": [5.0]},
        geometry=[Point(X + 2000, Y + 30)], crs=CRS)  # fmt: skip
    verdicts = {
        pipe["position_error_m"].iloc[0]: set(
            check_setbacks({"gas_pipelines": pipe.iloc[:1], "crowded_places": school})["verdict"]
        )
        for pipe in (pipes, stated)
    }
    assert verdicts[500] == {"undecided"}
    assert "clear" in verdicts[2]


def test_case_51_a_file_mostly_drawn_by_hand_is_all_of_it(tmp_path):
    lines = [LineString([(0, y), (3000, y)]) for y in (0, 100)] + [LineString([(0, 200), (100, 200)])]
    pipes, (report,) = load(tmp_path, "gas_pipelines", given_as(tmp_path, lines, id=list("abc")))
    assert pipes["position_error_m"].tolist() == [500, 500, 500]
    assert codes(report)[3] == "schematic_file"


# Case 52: roads


def test_case_52_speeds_classes_and_directions_of_three_systems(tmp_path):
    rows = [
        ("65 mph", "S1100", "yes"),
        ("", "高速公路", "单向"),
        ("40", "县道", "否"),
        ("80km/h", "motorway_link", "-1"),
    ]
    lines = [LineString([(0, y * 10), (100, y * 10)]) for y in range(len(rows))]
    frame = pd.DataFrame(rows, columns=["maxspeed", "highway", "单行线"])
    roads, _ = load(tmp_path, "roads", given_as(tmp_path, lines, id=list("abcd"), **frame.to_dict("list")))
    assert roads["speed_kmh"].round(2).fillna(0).tolist() == [104.61, 0, 40, 80]  # 65 * 1.609344
    assert roads["class"].tolist() == ["motorway", "motorway", "primary", "motorway_link"]
    assert roads["oneway"].tolist() == [1, 1, 0, -1]


def test_case_52_directions_written_as_numbers_with_gaps(tmp_path):
    lines = [LineString([(0, y * 10), (100, y * 10)]) for y in range(4)]
    spec = given_as(tmp_path, lines, id=list("abcd"), oneway=[1.0, 0.0, None, -1.0], bridge=[1.0, 0.0, None, 0.0])
    roads, _ = load(tmp_path, "roads", spec)
    assert roads["oneway"].fillna(9).tolist() == [1, 0, 9, -1]
    assert roads["bridge"].fillna(False).tolist() == [True, False, False, False]


def test_case_52_the_two_directions_of_a_street_are_no_copies(tmp_path):
    street = LineString([(0, 0), (100, 0)])
    rows = [street, street.reverse(), street]
    spec = given_as(tmp_path, rows, id=["1", "1", "1"], oneway=["yes"] * 3)
    roads, (report,) = load(tmp_path, "roads", spec)
    assert roads["id"].tolist() == ["1", "1-2"]
    assert codes(report)[3] == "duplicate"
    roads, _ = load(tmp_path, "roads", given_as(tmp_path, rows, id=["1", "1", "1"], oneway=["no"] * 3))
    assert len(roads) == 1


def network(lines, snap_m=0.0, split=False, **columns):
    frame = {"id": [str(i) for i in range(len(lines))], "class": ["primary"] * len(lines), **columns}
    roads = gpd.GeoDataFrame(frame, geometry=[moved(s) for s in lines], crs=CRS)
    return build_network(roads, speeds=SPEEDS, snap_m=snap_m, split_crossings=split)


def test_case_52_gaps_overshoots_and_islands_are_reported():
    # a street, one that ends 1.5 m before it, and one 400 m away
    lines = [
        LineString([(0, 0), (1000, 0)]),
        LineString([(1000, 1.5), (1000, 500)]),
        LineString([(0, 900), (100, 900)]),
    ]
    spots = [moved(Point(*p)) for p in ((500, 5), (50, 905), (50, 9000))]
    places = gpd.GeoDataFrame({"id": ["a", "b", "c"]}, geometry=spots, crs=CRS)
    table = network_condition(network(lines), {"crowded_places": places}, access_max_m=500)
    told = {(r.what, r.why.split(":")[0]): r.count for r in table.itertuples()}
    assert told["loose ends near another end", "within 2 m"] == 2
    assert told["km outside the main part", "3 parts"] == pytest.approx(0.5985)
    assert told["places of crowded_places", "on islands of the network"] == 1
    assert told["places of crowded_places", "without a road near"] == 1
    snapped = network(lines, snap_m=2)
    assert snapped.report.components == 2
    assert snapped.report.merged_ends == 1


def test_case_52_crossings_are_joined_on_one_level_only():
    lines = [
        LineString([(0, 0), (1000, 0)]),
        LineString([(500, -500), (500, 500)]),
        LineString([(700, -500), (700, 500)]),
    ]
    joined = network(lines, split=True, bridge=[False, False, True])
    assert joined.report.split_crossings == 1
    assert joined.report.components == 2
    apart = network(lines, bridge=[False, False, True])
    table = network_condition(apart, {})
    assert table.set_index("what")["count"]["crossings without a common vertex"] == 1
