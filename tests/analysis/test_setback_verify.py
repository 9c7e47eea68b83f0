"""The second opinion agrees with the first, and tells every kind of error put into its findings."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.analysis import plain
from geo_risk.analysis.setbacks import check_setbacks
from geo_risk.analysis.verify import DIFFERENCES, verify
from geo_risk.errors import InputError

CRS = "EPSG:4549"
X, Y = 500_000.0, 3_500_000.0
ORIGIN = np.array([X, Y])
_KINDS = ("hazmat_parking", "filling_station", "tank_farm", "process_unit", "warehouse", "cylinder_depot")
_SUBSTANCES = ("甲醇", "液化石油气", "汽油", "柴油", None, "液氯", "苯/甲苯")


def shape(rng, x, y, kind):
    """One of every kind of geometry near (x, y)."""
    if kind == "point":
        return shapely.Point(x, y)
    if kind == "points":
        return shapely.MultiPoint(rng.uniform(0, 60, (3, 2)) + np.array([x, y]))
    if kind == "line":
        return shapely.LineString(rng.uniform(-150, 150, (4, 2)) + np.array([x, y]))
    if kind == "lines":
        return shapely.MultiLineString(list(rng.uniform(-150, 150, (2, 3, 2)) + np.array([x, y])))
    if kind == "polygon":
        return shapely.Point(x, y).buffer(rng.uniform(2, 90), quad_segs=3)
    if kind == "holed":
        ring = shapely.box(x + 40, y + 40, x + 180, y + 180).exterior.coords
        return shapely.Polygon(shapely.box(x, y, x + 220, y + 220).exterior.coords, [ring])
    return shapely.MultiPolygon([shapely.box(x, y, x + 20, y + 30), shapely.box(x + 150, y, x + 190, y + 9)])


KINDS_OF_SHAPE = ("point", "points", "line", "lines", "polygon", "holed", "parts")


def frame(rows):
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)


def region(seed, n=30, size=1000.0):
    """Hazards, pipes, places, buildings, roads and plants of every kind of geometry."""
    rng = np.random.default_rng(seed)
    some = rng.choice

    def rows(prefix, count, kinds, **columns):
        made = []
        for i in range(count):
            x, y = rng.uniform(0, size, 2) + ORIGIN
            row = {"id": f"{prefix}{i}", "name": f"{prefix} {i}", "geometry": shape(rng, x, y, some(kinds))}
            row |= {c: values[rng.integers(len(values))] for c, values in columns.items()}
            made.append({**row, "position_error_m": [np.nan, 0.0, 2.0, 15.0][rng.integers(4)]})
        return frame(made)

    areas = ("point", "polygon", "holed", "parts")
    return {
        "hazard_sources": rows(
            "h",
            n,
            KINDS_OF_SHAPE,
            kind=_KINDS,
            substance=_SUBSTANCES,
            volume_m3=(np.nan, 20.0, 100.0, 800.0),
            enterprise_id=("e0", "e1", "", None),
        ),
        "gas_pipelines": rows(
            "g",
            n // 3,
            ("line", "lines"),
            kind=("long_distance", "town_gas"),
            medium=("natural_gas", None),
            pressure_mpa=(np.nan, 0.3, 1.6),
            diameter_mm=(np.nan, 300.0),
        ),
        "crowded_places": rows(
            "p", n, areas, kind=("primary_school", "hospital", "market", "hotel"), capacity=(np.nan, 100.0, 2000.0)
        ),
        "buildings": rows(
            "b", 2 * n, ("polygon", "holed", "parts"), kind=("住宅", "商业", None), floors=(np.nan, 3, 30)
        ),
        "roads": rows(
            "r", n, ("line", "lines"), **{"class": ("primary", "residential", None), "width_m": (np.nan, 12.0)}
        ),
        "enterprises": rows("e", 8, ("polygon", "holed"), sector=("化工", "金属制品", None)),
    }


@pytest.mark.parametrize("seed", range(3))
def test_both_ways_agree_on_every_kind_of_geometry(seed):
    layers = region(seed)
    findings = check_setbacks(layers)
    assert findings["verdict"].value_counts().min() > 2
    assert set(findings["target_layer"]) >= {"crowded_places", "buildings", "roads", "enterprises", "hazard_sources"}
    assert (findings["clearance_m"] == 0).sum() > 10
    told = verify(findings, layers)
    assert list(told.columns) == list(DIFFERENCES)
    assert told.empty, told.head().to_string()


def changed(findings, **values):
    """The findings with the first row's values replaced."""
    out = findings.copy()
    for column, value in values.items():
        out[column] = [value, *out[column].iloc[1:]]
    return out


def test_every_kind_of_error_is_told():
    layers = region(5)
    findings = check_setbacks(layers)
    first = findings.iloc[0]
    assert first["verdict"] == "conflict"

    def told(table):
        return verify(table, layers)

    for what, value in (
        ("clearance_m", first["clearance_m"] + 0.02),
        ("uncertainty_m", first["uncertainty_m"] + 1),
        ("required_m", first["required_m"] + 5),
        ("rule_id", "SB999"),
        ("clause", "9.9.9"),
        ("confidence", "MU" if first["confidence"] != "MU" else "V"),
    ):
        (row,) = told(changed(findings, **{what: value})).to_dict("records")
        assert (row["what"], row["finding_id"], row["source_id"]) == (what, first["finding_id"], first["source_id"])
        assert row["file"] == (f"{value:.3f}" if isinstance(value, float) else value)
    assert "verdict" in set(told(changed(findings, verdict="clear"))["what"])
    assert "verdict" in set(told(changed(findings, verdict="probably"))["what"])
    assert told(changed(findings, target_id="nobody"))["what"].tolist() == ["missing", "pair"]
    assert told(pd.concat([findings, findings.iloc[:1]]))["what"].tolist() == ["repeated"]
    moved = findings.set_geometry(shapely.transform(findings.geometry.to_numpy(), lambda xy: xy * 1.0001))
    assert set(told(moved.set_crs(CRS, allow_override=True))["what"]) <= {"segment"}


def test_every_missing_finding_is_told():
    layers = region(6)
    findings = check_setbacks(layers)
    for n in np.linspace(0, len(findings) - 1, 12).astype(int):
        lost = findings.iloc[n]
        (row,) = verify(findings.drop(index=n), layers).query("what == 'missing'").to_dict("records")[:1]
        assert (row["source_id"], row["finding_id"]) == (lost["source_id"], "")
        assert row["target_layer"] == lost["target_layer"]
        assert lost["verdict"] in row["here"]


def test_a_changed_layer_is_told():
    layers = region(7)
    findings = check_setbacks(layers)
    places = layers["crowded_places"]
    shifted = places.set_geometry(places.translate(0.05, 0.0))
    told = verify(findings, {**layers, "crowded_places": shifted})
    assert len(told) > 10
    assert (told["target_layer"].eq("crowded_places") | told["source_layer"].eq("crowded_places")).all()
    assert {"clearance_m", "segment"} <= set(told["what"])


def test_findings_without_a_column():
    layers = region(8, n=6)
    with pytest.raises(InputError, match="no column 'clause'"):
        verify(check_setbacks(layers).drop(columns="clause"), layers)


def test_no_findings_of_no_layers():
    assert verify(check_setbacks({}), {}).empty


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), one=st.sampled_from(KINDS_OF_SHAPE), two=st.sampled_from(KINDS_OF_SHAPE))
def test_plain_distances_are_those_of_a_geometry_library(seed, one, two):
    rng = np.random.default_rng(seed)
    a = np.array([*(shape(rng, *rng.uniform(0, 700, 2), one) for _ in range(12)), None], object)[:-1]
    b = np.array([*(shape(rng, *rng.uniform(0, 700, 2), two) for _ in range(12)), None], object)[:-1]
    i, j = (x.ravel() for x in np.meshgrid(np.arange(12), np.arange(12)))
    d, p, q = plain.distances(plain.edges(a), plain.edges(b), i, j)
    assert d == pytest.approx(shapely.distance(a[i], b[j]), abs=1e-9)
    apart = d > 0
    assert np.hypot(*(p - q).T)[apart] == pytest.approx(d[apart], abs=1e-9)
    near = set(
        zip(*(x.tolist() for x in plain.near_pairs(plain.edges(a), plain.edges(b), np.full(12, 150.0))), strict=True)
    )
    assert {(x, y) for x, y, gap in zip(i.tolist(), j.tolist(), d, strict=True) if gap <= 150} <= near


def test_plain_length_is_the_geodesic():
    from pyproj import Geod

    rng = np.random.default_rng(3)
    p = np.stack([rng.uniform(73, 135, 5000), rng.uniform(18, 54, 5000)], axis=1)
    q = p + rng.uniform(-0.02, 0.02, p.shape)
    exact = Geod(ellps="WGS84").inv(*p.T, *q.T)[2]
    assert np.abs(plain.true_length(p, q) - exact).max() < 1e-4
