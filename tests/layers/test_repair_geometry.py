"""Shapes: what is mended, what is set aside, what is merged."""

import numpy as np
import pandas as pd
import shapely
from shapely import wkt
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from geo_risk.layers.quality import Log
from geo_risk.layers.repair import duplicates, repair, tell_twins


def run(shapes, kind):
    log = Log("f.geojson", "districts")
    geometry = np.empty(len(shapes), object)
    geometry[:] = shapes
    out, ok = repair(geometry, kind, np.arange(1, len(shapes) + 1), log)
    return out, ok, {i.row: (i.code, i.action) for i in log.issues if i.row is not None}


def test_each_defect_of_an_area_layer():
    spike = Polygon([(0, 0), (1000, 0), (1000, 500), (1003, 499), (1000, 500.5), (1000, 1000), (0, 1000)])
    shapes = [
        box(0, 0, 100, 100),
        None,
        Polygon(),
        Point(1, 1),
        Polygon([(0, 0), (100, 100), (100, 0), (0, 100)]),  # bow-tie: signed area 0
        box(0, 0, 0.5, 0.5),
        GeometryCollection([box(0, 0, 50, 50), LineString([(0, 0), (9, 9)])]),
        wkt.loads("POLYGON Z ((0 0 5, 60 0 5, 60 60 5, 0 0 5))"),
        spike,
    ]
    out, ok, told = run(shapes, "polygon")
    assert ok.tolist() == [True, False, False, False, False, False, True, True, True]
    assert told[2] == ("null_geometry", "rejected")
    assert told[3] == ("empty_geometry", "rejected")
    assert told[4] == ("wrong_type", "rejected")
    assert told[5] == ("invalid_changed", "rejected")
    assert told[6] == ("no_size", "rejected")
    assert told[7] in (("collection", "repaired"), ("parts_left", "noted"))
    assert told[8] == ("z_dropped", "noted")
    assert shapely.is_valid(out[ok]).all()
    assert out[6].equals(box(0, 0, 50, 50))
    assert not out[7].has_z


def test_lines_and_points():
    shapes = [LineString([(0, 0), (10, 0)]), box(0, 0, 1, 1), LineString([(5, 5), (5, 5)]), Point(1, 2)]
    assert run(shapes, "line")[1].tolist() == [True, False, False, False]
    assert run(shapes, "any")[1].tolist() == [True, True, False, True]


def test_copies_are_merged_and_neighbours_are_not():
    a, b = box(0, 0, 100, 100), box(100, 0, 200, 100)
    shapes = np.array([a, a, box(0.05, 0, 100, 100), b, a, MultiPolygon([a])], object)
    frame = pd.DataFrame({"id": ["1", "1", "1", "1", "2", "1"]})
    log = Log("f", "districts")
    rows, logs = np.arange(1, 7), np.array([log] * 6, object)
    keep = duplicates(frame, shapes, rows, logs)
    assert keep.tolist() == [True, False, False, True, True, False]
    tell_twins(frame[keep], shapes[keep], rows[keep], logs[keep])
    assert [(i.code, i.row, i.detail) for i in log.issues] == [
        ("duplicate", 2, "1"),
        ("near_duplicate", 3, "1"),
        ("near_duplicate", 6, "1"),
        ("twin", 5, "1 (id 1)"),
    ]
