"""Clearances against a geodesic way of their own, completeness against brute force, properties, and known traps."""

from collections import Counter

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer
from shapely.geometry import MultiPolygon, Point, box
from test_setback_verify import KINDS_OF_SHAPE, region, shape

from geo_risk.analysis import plain
from geo_risk.analysis.alike import alike, mentions, replaced
from geo_risk.analysis.clearance import nearest_segments
from geo_risk.analysis.conditions import bounds, demands, prepare, settled
from geo_risk.analysis.limits import limits
from geo_risk.analysis.setbacks import NEAR_MISS_M, POSITION_ERROR_M, ROAD_HALF_WIDTH_M, SIGMAS, check_setbacks
from geo_risk.analysis.sides import source_side, target_side
from geo_risk.analysis.source_classes import _CHEMICAL, classify_hazard
from geo_risk.errors import CRSError

CRS = "EPSG:4549"  # central meridian 120 E
X, Y = 500_000.0, 3_500_000.0
ORIGIN = np.array([X, Y])
GEOD = Geod(ellps="WGS84")


def at(lon, lat, crs=CRS):
    return Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)


def layer(*rows, crs=CRS):
    rows = [{"id": f"r{i}", "position_error_m": 0.0, **r} for i, r in enumerate(rows)]
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=crs)


def park(geometry, crs=CRS, **more):
    return layer({"id": "P", "kind": "hazmat_parking", "geometry": geometry, **more}, crs=crs)


def school(geometry, crs=CRS, **more):
    return layer({"id": "S", "kind": "primary_school", "capacity": 820, "geometry": geometry, **more}, crs=crs)


def verdict(source, target):
    findings = check_setbacks({"hazard_sources": source, "crowded_places": target}, needs=False)
    return None if findings.empty else findings["verdict"].iloc[0]


def on_the_ground(shapes, origin, crs):
    """The edges in metres east and north on the tangent plane at each shape's own origin (lon, lat)."""
    edges = plain.edges(shapes)
    to_geo = Transformer.from_crs(crs, 4326, always_xy=True)

    def local(xy, owner):
        lon, lat = np.radians(origin[owner]).T
        away = plain._geocentric(np.stack(to_geo.transform(*xy.T), axis=1)) - plain._geocentric(origin)[owner]
        east = -np.sin(lon) * away[:, 0] + np.cos(lon) * away[:, 1]
        up = np.cos(lon) * away[:, 0] + np.sin(lon) * away[:, 1]
        return np.stack([east, np.cos(lat) * away[:, 2] - np.sin(lat) * up], axis=1)

    owner, part = (np.repeat(np.arange(len(shapes)), np.diff(f)) for f in (edges.first, edges.part))
    return edges._replace(a=local(edges.a, owner), b=local(edges.b, owner), corner=local(edges.corner, part))


@pytest.mark.parametrize(
    ("crs", "lon"),
    [(CRS, 120.0), (CRS, 121.5), (CRS, 118.5), ("EPSG:32650", 117.0), ("EPSG:32650", 120.0)],  # middles, zone edges
)
def test_clearances_are_geodesic_within_a_centimetre(crs, lon):
    """100,000 pairs in all, of every kind of geometry, by plain arithmetic on the tangent plane of each pair."""
    rng = np.random.default_rng(int(lon * 10))
    pool = 400
    x, y = at(lon, 31.0, crs)
    places = rng.uniform(-300, 300, (2, pool, 2))
    a, b = (
        np.array([shape(rng, *xy, KINDS_OF_SHAPE[i % 7]) for i, xy in enumerate(side)] + [None], object)[:-1]
        for side in places
    )
    i, j = rng.integers(0, pool, (2, 20_000))
    far = rng.uniform(-20_000, 20_000, (20_000, 2)) + np.array([x, y])  # everywhere in a region of 40 km
    moved = (
        np.repeat(far, shapely.get_num_coordinates(a[i]), axis=0),
        np.repeat(far, shapely.get_num_coordinates(b[j]), axis=0),
    )
    one, two = (
        shapely.set_coordinates(side.copy(), shapely.get_coordinates(side) + move)
        for side, move in zip((a[i], b[j]), moved, strict=True)
    )
    _, clearance = nearest_segments(one, two, crs)
    origin = np.stack(Transformer.from_crs(crs, 4326, always_xy=True).transform(*far.T), axis=1)
    n = np.arange(len(i))
    exact, _, _ = plain.distances(on_the_ground(one, origin, crs), on_the_ground(two, origin, crs), n, n)
    assert np.abs(clearance - exact).max() < 0.01
    assert (exact == 0).any()
    assert (exact > 300).any()


def test_completeness_equals_brute_force_on_2000_by_2000():
    rng = np.random.default_rng(4)
    n, size = 2000, 12_000
    hazards = gpd.GeoDataFrame(
        {"id": [f"h{i}" for i in range(n)], "kind": rng.choice(["hazmat_parking", "filling_station", "tank_farm"], n),
         "substance": rng.choice(["汽油", "液化石油气", "甲醇"], n), "volume_m3": rng.choice([np.nan, 60.0, 900.0], n),
         "position_error_m": rng.choice([0.0, 3.0, 25.0], n)},
        geometry=shapely.points(rng.uniform(0, size, (n, 2)) + ORIGIN), crs=CRS,
    )  # fmt: skip
    places = gpd.GeoDataFrame(
        {"id": [f"p{i}" for i in range(n)], "kind": rng.choice(["hospital", "market", "residential"], n),
         "floors": rng.choice([np.nan, 3, 30], n), "position_error_m": rng.choice([0.0, 2.0, 40.0], n)},
        geometry=shapely.points(rng.uniform(0, size, (n, 2)) + ORIGIN), crs=CRS,
    )  # fmt: skip
    rules = prepare()
    cases = [
        demands(classify_hazard(r, "").options, rules) for r in hazards.drop(columns="geometry").to_dict("records")
    ]
    targets = target_side({"crowded_places": places}, POSITION_ERROR_M, ROAD_HALF_WIDTH_M, Counter())
    known = {}
    high = np.zeros((n, n))
    for i, case in enumerate(cases):
        key = tuple(d.high.tobytes() + d.high_rule.tobytes() for d in case)
        if key not in known:
            known[key] = np.array([bounds(case, t, rules).high for t in targets.kinds])
        high[i] = known[key][targets.code]
    to_geo = Transformer.from_crs(CRS, 4326, always_xy=True)
    p, q = (
        plain._geocentric(np.stack(to_geo.transform(f.geometry.x, f.geometry.y), axis=1)) for f in (hazards, places)
    )
    c = np.linalg.norm(p[:, None] - q[None], axis=2)
    u = SIGMAS * np.hypot(hazards["position_error_m"].to_numpy()[:, None], places["position_error_m"].to_numpy())
    expected = (high > 0) & (c <= high + np.maximum(NEAR_MISS_M, 2 * u))
    findings = check_setbacks({"hazard_sources": hazards, "crowded_places": places}, needs=False)
    findings = findings[findings["target_layer"] == "crowded_places"]
    got = set(zip(findings["source_id"], findings["target_id"], strict=True))
    assert got == {(f"h{i}", f"p{j}") for i, j in np.argwhere(expected)}
    assert len(got) > 2000


@pytest.mark.parametrize("seed", [11, 12])
def test_bounds_of_all_kinds_are_those_of_each_pair(seed):
    layers, rules = region(seed), prepare()
    sources = source_side(layers, POSITION_ERROR_M, Counter())
    targets = target_side(layers, POSITION_ERROR_M, ROAD_HALF_WIDTH_M, Counter())
    code, kinds = settled(sources.kinds, rules)
    table = limits([demands(k, rules) for k in kinds], targets.kinds, rules)
    rng = np.random.default_rng(seed)
    for i in rng.permutation(len(sources.kinds))[:12]:
        cases = demands(sources.kinds[i], rules)  # of the numbers as they are
        for j in range(len(targets.kinds)):
            assert tuple(float(x[code[i], j]) for x in table) == tuple(
                float(x) for x in bounds(cases, targets.kinds[j], rules)
            )


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["tank_farm", "gas_station", "warehouse", "cylinder_depot", "filling_station"]),
    substance=st.sampled_from(["甲醇", "液化石油气", "汽油", "柴油", "原油", "硫磺", None]),
    storage=st.sampled_from([None, "buried", "pressurised"]),
    volume=st.one_of(st.sampled_from([np.nan, 0.0, 30.0, 50.0, 200.0, 1000.0, 5000.0]), st.floats(0, 20_000)),
    others=st.sampled_from([0.0, 55.5, np.inf]),
    sector=st.sampled_from(["", "石油化工", "仓储"]),
)  # fmt: skip
def test_settled_options_demand_the_same(kind, substance, storage, volume, others, sector):
    rules = prepare()
    row = {"kind": kind, "substance": substance, "storage": storage, "volume_m3": volume, "others_m3": others}
    options = classify_hazard({**row, "quantity_t": volume / 2}, sector).options
    _, (plain_options,) = settled([options], rules)
    one, two = demands(options, rules), demands(plain_options, rules)
    assert [[a.tobytes() for a in d] for d in one] == [[a.tobytes() for a in d] for d in two]


def test_alike_rows_are_answered_once_and_right():
    rng = np.random.default_rng(0)
    n = 3000
    frame = pd.DataFrame({
        "id": np.arange(n), "name": [f"{w} {i}" for i, w in enumerate(rng.choice(["化工厂", "学校", "仓库"], n))],
        "kind": rng.choice(np.array(["a", "b", None], object), n), "size": rng.choice([1.0, 2.0, np.nan], n),
    })  # fmt: skip
    asked = []

    def function(row):
        asked.append(1)
        if row.get("kind") == "a":
            return ("a", mentions(row, _CHEMICAL, "name"))
        other = replaced(row, "size", 7.0)
        return (
            row.get("kind"),
            pd.isna(row["size"]),
            other["size"],
            row.get("nothing"),
            mentions(other, _CHEMICAL, "size"),
        )

    code, answers = alike(frame, function)
    assert len(asked) == len(answers) == 2 + 2 * 3
    assert [answers[c] for c in code] == [function(row) for row in frame.where(frame.notna(), None).to_dict("records")]


@settings(max_examples=30, deadline=None)
@given(distance=st.floats(0, 140), e1=st.floats(0, 20), e2=st.floats(0, 20), more=st.floats(0, 20))
def test_a_larger_uncertainty_never_settles_anything(distance, e1, e2, more):
    def judged(extra):
        found = verdict(
            park(Point(X, Y), position_error_m=e1), school(Point(X + distance, Y), position_error_m=e2 + extra)
        )
        return found or "clear"

    before, after = judged(0.0), judged(more)
    assert before == after or after == "undecided"


@settings(max_examples=40, deadline=None)
@given(
    distance=st.floats(0, 140),
    error=st.floats(0, 15),
    share=st.floats(0, 0.999),
    turn=st.floats(0, 6.28),
    kind=st.booleans(),
)
def test_a_place_anywhere_within_the_error_never_contradicts(distance, error, share, turn, kind):
    def place(x, y):
        return box(X + x - 10, Y + y - 5, X + x + 10, Y + y + 5) if kind else Point(X + x, Y + y)

    before = verdict(park(Point(X, Y)), school(place(distance, 0.0), position_error_m=error))
    shift = share * SIGMAS * error
    after = verdict(park(Point(X, Y)), school(place(distance + shift * np.cos(turn), shift * np.sin(turn))))
    if before in ("conflict", "clear"):
        assert (after or "clear") == before


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 999), source_too=st.booleans())
def test_splitting_a_multi_part_changes_nothing(seed, source_too):
    rng = np.random.default_rng(seed)
    parts = [box(x, y, x + 8, y + 8) for x, y in rng.uniform(0, 150, (3, 2)).round() * [2, 1] + ORIGIN]
    whole = MultiPolygon(parts) if shapely.union_all(parts).geom_type == "MultiPolygon" else shapely.union_all(parts)
    pieces = list(shapely.get_parts(whole))
    point, error = Point(X + 60, Y - 30), {"position_error_m": 2.0}
    if source_too:
        one = check_setbacks({"hazard_sources": park(whole, **error), "crowded_places": school(point)})
        rows = [{"id": f"P{i}", "kind": "hazmat_parking", "geometry": g, **error} for i, g in enumerate(pieces)]
        split = check_setbacks({"hazard_sources": layer(*rows), "crowded_places": school(point)})
    else:
        one = check_setbacks({"hazard_sources": park(point), "crowded_places": school(whole, **error)})
        rows = [
            {"id": f"S{i}", "kind": "primary_school", "capacity": 820, "geometry": g, **error}
            for i, g in enumerate(pieces)
        ]
        split = check_setbacks({"hazard_sources": park(point), "crowded_places": layer(*rows)})
    nearest = split.nsmallest(1, "clearance_m")
    columns = ["verdict", "clearance_m", "required_m", "rule_id"]
    assert one[columns].values.tolist() == nearest[columns].values.tolist()


def test_a_multi_part_source_with_one_part_near():
    """reVX #169: only the first part of a multi-part source was looked at."""
    far, near = box(X + 5000, Y, X + 5010, Y + 10), box(X - 40, Y, X - 30, Y + 10)
    for parts in ([far, near], [near, far]):
        row = check_setbacks(
            {"hazard_sources": park(MultiPolygon(parts)), "crowded_places": school(Point(X, Y + 5))}
        ).iloc[0]
        assert (row["verdict"], row["clearance_m"]) == ("conflict", pytest.approx(30, abs=2e-3))


def test_a_hazard_outside_the_districts_counts():
    """GLAES #30: what lies beyond the region's edge was cut away before its buffer was drawn."""
    district = layer({"level": "township", "geometry": box(X, Y, X + 100, Y + 100)})
    outside = park(Point(X - 20, Y + 50))
    found = check_setbacks(
        {"districts": district, "hazard_sources": outside, "crowded_places": school(Point(X + 5, Y + 50))}
    )
    assert found["verdict"].tolist() == ["conflict"]


@pytest.mark.parametrize("lon", [120.0, 121.5, 118.5])
@pytest.mark.parametrize(("off", "expected"), [(-0.001, "conflict"), (0.0, "clear"), (0.001, "clear")])
def test_a_distance_equal_to_the_rule_to_the_millimetre(lon, off, expected):
    there = GEOD.fwd(lon, 31.0, 73.0, 50.0 + off)[:2]
    assert verdict(park(Point(*at(lon, 31.0))), school(Point(*at(*there)))) == expected


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:3395", "EPSG:4326", "+proj=merc +ellps=WGS84 +units=m"])
def test_metres_that_are_none_are_refused(crs):
    x, y = at(120.0, 31.0, crs)
    with pytest.raises(CRSError, match="Reproject"):
        check_setbacks({"hazard_sources": park(Point(x, y), crs), "crowded_places": school(Point(x, y), crs)})


def test_the_shift_of_gcj02_would_turn_a_verdict():
    """A place left in GCJ-02 stands some 500 m off: the verdict must be that of the place it means."""
    from geo_risk.crs import gcj02_to_wgs84, wgs84_to_gcj02

    there = GEOD.fwd(120.0, 31.0, 90.0, 30.0)[:2]
    shifted = [float(c[0]) for c in wgs84_to_gcj02([there[0]], [there[1]])]
    assert verdict(park(Point(*at(120.0, 31.0))), school(Point(*at(*shifted)))) is None
    back = [float(c[0]) for c in gcj02_to_wgs84([shifted[0]], [shifted[1]])]
    assert verdict(park(Point(*at(120.0, 31.0))), school(Point(*at(*back)))) == "conflict"


def test_touching_and_containing():
    ring = box(X - 50, Y - 50, X + 50, Y + 50)
    assert verdict(park(Point(X, Y)), school(ring)) == "conflict"  # a hazard in the school's ground
    assert verdict(park(ring), school(Point(X, Y))) == "undecided"  # a school in the car park: its own?
    assert verdict(park(ring), school(box(X + 50, Y, X + 70, Y + 9))) == "conflict"  # touching at distance 0


def test_a_deep_overlap_without_a_certain_rule_is_undecided():
    """An overlap counts negative; that must not fall below a lower bound of 0 that no rule gives."""
    row = {
        "rule_id": "X1",
        "source_class": "hazmat_vehicle_park",
        "target_classes": "crowded_place",
        "distance_m": 50.0,
    }
    row |= {"standard": "T", "edition": "1", "clause": "1", "confidence": "MU", "source": "t"}
    layers = {
        "hazard_sources": park(box(X, Y, X + 60, Y + 60)),
        "crowded_places": school(box(X + 20, Y - 99, X + 90, Y + 50)),
    }
    found = check_setbacks(layers, rules=pd.DataFrame([row]))
    assert found[["verdict", "rule_id", "required_m"]].values.tolist() == [["undecided", "X1", 50.0]]
