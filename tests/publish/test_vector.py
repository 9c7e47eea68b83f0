import gzip
import hashlib
import itertools
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import geopandas as gpd
import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry import shape

from geo_risk.errors import InputError
from geo_risk.publish.tiles import vector
from geo_risk.publish.tiles.archive import gunzip, read_archive
from geo_risk.publish.tiles.mvt import POLYGON
from geo_risk.publish.tiles.shapes import Parts, draw, world_units
from geo_risk.publish.tiles.vector import write_vector_tiles

HALF = 20037508.342789244
CRS = "EPSG:4549"


def decoded(path: Path):
    """{zoom: {feature id: geometry in tile units of the whole world, y down}}, and properties by id."""
    zooms, properties, order = defaultdict(dict), {}, []
    for (z, x, y), data in read_archive(path):
        tile = mapbox_vector_tile.decode(gunzip(data), default_options={"y_coord_down": True})
        for name, layer in tile.items():
            assert layer["extent"] == 4096
            for feature in layer["features"]:
                piece = translate(shape(feature["geometry"]), x * 4096, y * 4096)
                zooms[z].setdefault(feature["id"], []).append(((x, y), piece))
                properties[feature["id"]] = feature["properties"]
                order.append(((z, x, y), feature["id"], name))
    return zooms, properties, order


def random_frame(kind: str, n: int, seed: int, size: float = 20_000) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    at = np.array([500_000, 3_540_000]) + rng.uniform(0, size, (n, 2))
    if kind == "point":
        geometry = shapely.points(at)
    elif kind == "line":
        geometry = shapely.linestrings(at[:, None, :] + rng.normal(0, 30, (n, 6, 2)).cumsum(axis=1))
    else:
        geometry = shapely.buffer(shapely.points(at), rng.uniform(2, 150, n), quad_segs=3)
    grade = rng.choice([0, 1, 2, 3, 4], n, p=[0.1, 0.5, 0.25, 0.1, 0.05])
    return gpd.GeoDataFrame({"id": [f"{i:05d}" for i in range(n)], "grade": grade}, geometry=geometry, crs=CRS)


def mercator(frame: gpd.GeoDataFrame) -> np.ndarray:
    """(N, 2) longitude and latitude put through the textbook formula, as parts of the world's width, y down."""
    degrees = frame.geometry.to_crs(4326)
    lat = np.radians(degrees.y.to_numpy())
    x = (degrees.x.to_numpy() + 180) / 360
    return np.stack((x, (1 - np.arcsinh(np.tan(lat)) / np.pi) / 2), axis=1)


def test_points_fall_in_their_exact_cell(tmp_path):
    frame = random_frame("point", 400, 1)
    write_vector_tiles(tmp_path / "a", frame, layer="a", minzoom=12, maxzoom=14)
    zooms, properties, _ = decoded(tmp_path / "a")
    cell = np.floor(mercator(frame) * (4096 << 14)).astype(int)
    assert len(zooms[14]) == 400
    for number, pieces in zooms[14].items():
        ((tile, point),) = pieces
        assert (point.x, point.y) == tuple(cell[number - 1])
        assert tile == tuple(cell[number - 1] // 4096)
        assert properties[number]["id"] == frame["id"][number - 1]


@pytest.mark.parametrize("kind", ["point", "line", "polygon"])
def test_thinning_keeps_red_and_the_worst_of_each_cell(tmp_path, kind):
    """A twin that walks feature by feature through 3 px cells."""
    frame = random_frame(kind, 1500, 2)
    write_vector_tiles(tmp_path / "a", frame, layer="a", minzoom=8, maxzoom=13)
    zooms, _, _ = decoded(tmp_path / "a")
    bounds = shapely.bounds(frame.geometry.to_crs(3857).to_numpy())
    for zoom in range(8, 14):
        cell_m = 3 * 2 * HALF / (512 * 2**zoom)
        best: dict[tuple, int] = {}
        expected = set()
        for i, (w, s, e, n) in enumerate(bounds):
            small = max(e - w, n - s) < cell_m
            if zoom == 13 or frame["grade"][i] == 4 or not small:
                expected.add(i + 1)
            at = (int(((w + e) / 2 + HALF) // cell_m), int((HALF - (s + n) / 2) // cell_m))
            if at not in best or frame["grade"][i] > frame["grade"][best[at]]:
                best[at] = i
        expected |= {i + 1 for i in best.values()}
        assert set(zooms[zoom]) == expected, zoom
    reds = int((frame["grade"] == 4).sum())
    assert [sum(frame["grade"][n - 1] == 4 for n in zooms[z]) for z in range(8, 14)] == [reds] * 6
    assert len(zooms[8]) < 1500


def test_red_is_drawn_last_in_every_tile(tmp_path):
    frame = random_frame("polygon", 800, 3)
    write_vector_tiles(tmp_path / "a", frame, layer="a", minzoom=9, maxzoom=12)
    _, _, order = decoded(tmp_path / "a")
    tiles = defaultdict(list)
    for tile, number, _ in order:
        tiles[tile].append(int(frame["grade"][number - 1]))
    assert all(grades == sorted(grades) for grades in tiles.values())
    assert max(map(len, tiles.values())) > 50


def test_polygons_keep_their_area_and_form(tmp_path):
    frame = random_frame("polygon", 300, 4)
    hole = shapely.Polygon(*[shapely.box(0, 0, 9000, 9000).exterior], [shapely.box(2000, 3000, 5000, 7000).exterior])
    frame.loc[0, "geometry"] = translate(hole, 503_000, 3_542_000)
    write_vector_tiles(tmp_path / "a", frame, layer="a", minzoom=14, maxzoom=14)
    zooms, _, _ = decoded(tmp_path / "a")
    true = frame.geometry.to_crs(3857).to_numpy()
    unit = 2 * HALF / (4096 << 14)
    for number, pieces in zooms[14].items():
        area = 0.0
        for (x, y), piece in pieces:
            assert piece.is_valid
            area += piece.intersection(shapely.box(x * 4096, y * 4096, (x + 1) * 4096, (y + 1) * 4096)).area
        expected = true[number - 1]
        # Each corner moves by at most 0.71 units.
        assert abs(area * unit**2 - expected.area) <= 0.75 * unit * expected.length + unit**2
    assert len(zooms[14]) == 300


@given(st.integers(0, 10_000), st.floats(20, 30_000))
@settings(max_examples=25, deadline=None)
def test_any_star_is_cut_without_loss(seed, size):
    """Concave outlines across tile borders: the pieces of all tiles, without buffers, are the star again."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 24))
    if np.diff(angle).max() > 3 or angle[0] + 2 * np.pi - angle[-1] > 3 or np.diff(angle).min() < 0.01:
        return
    radius = size * rng.uniform(0.2, 1, 24)
    ring = np.stack((13_400_000 + radius * np.cos(angle), 3_700_000 + radius * np.sin(angle)), axis=1)
    star = shapely.Polygon(ring)
    zoom = 13
    drawn = draw(Parts(POLYGON, np.array([star], object), np.array([0])), zoom)
    # Areas by the surveyor's formula per ring: outer rings positive, holes negative, as the format asks.
    first = np.concatenate(([0], np.cumsum(drawn.part_size)))
    tile = np.repeat(drawn.tile, drawn.feature_parts, axis=0)
    area = 0.0
    for k, (a, b) in enumerate(itertools.pairwise(first)):
        piece = shapely.Polygon(drawn.xy[a:b])
        cross = drawn.xy[a:b, 0] @ np.roll(drawn.xy[a:b, 1], -1) - np.roll(drawn.xy[a:b, 0], -1) @ drawn.xy[a:b, 1]
        assert cross != 0
        inner = shapely.make_valid(piece).intersection(shapely.box(0, 0, 4096, 4096)).area
        area += inner * np.sign(cross)
        assert (tile[k] >= 0).all()
    expected = shapely.Polygon(world_units(ring, zoom))
    assert abs(area - expected.area) <= 0.8 * expected.length + 4


def test_small_and_thin_red_features_leave_a_trace_at_every_zoom(tmp_path):
    x, y = 510_000.0, 3_550_000.0
    shapes = [
        shapely.box(x, y, x + 0.5, y + 0.5),
        shapely.Polygon([(x, y), (x + 9000, y + 1), (x + 9000, y)]),
        shapely.linestrings([(x + 50, y), (x + 50.2, y)]),
        shapely.LineString([(x, y), (x, y + 5), (x, y)]),
        shapely.Point(x, y),
    ]
    frame = gpd.GeoDataFrame({"grade": [4] * 5}, geometry=shapes, crs=CRS)
    write_vector_tiles(tmp_path / "a", frame, layer="a", minzoom=5, maxzoom=14)
    zooms, _, _ = decoded(tmp_path / "a")
    for zoom in range(5, 15):
        assert set(zooms[zoom]) == {1, 2, 3, 4, 5}
        for number in (1, 2):
            assert sum(piece.area for _, piece in zooms[zoom][number]) > 0


def test_a_heavy_tile_gives_up_the_rest_before_red(tmp_path, monkeypatch):
    monkeypatch.setattr(vector, "MAX_TILE_BYTES", 3000)
    frame = random_frame("point", 3000, 5, size=1500)
    frame["name"] = [hashlib.md5(str(i).encode()).hexdigest() for i in range(3000)]
    stats = write_vector_tiles(tmp_path / "a", frame, layer="a", minzoom=12, maxzoom=12)
    zooms, properties, _ = decoded(tmp_path / "a")
    reds = set(np.flatnonzero(frame["grade"] == 4) + 1)
    assert reds <= set(zooms[12])
    assert stats.thinned == 3000 - len(zooms[12]) > 0
    # Red alone outweighs the limit here: it stays, without names but with its grade.
    heavy = [t for t, data in read_archive(tmp_path / "a") if len(data) > 3000]
    for (z, x, y), data in read_archive(tmp_path / "a"):
        features = mapbox_vector_tile.decode(gunzip(data))["a"]["features"]
        if (z, x, y) in heavy:
            assert {f["properties"]["grade"] for f in features} == {4}
            assert all("name" not in f["properties"] for f in features)
    assert all(properties[n]["grade"] == 4 for n in reds)


def test_a_tile_slightly_too_heavy_keeps_other_grades_too(tmp_path, monkeypatch):
    frame = random_frame("point", 3000, 5, size=1500)
    frame["name"] = [hashlib.md5(str(i).encode()).hexdigest() for i in range(3000)]
    free = write_vector_tiles(tmp_path / "a", frame, layer="a", minzoom=12, maxzoom=12)
    monkeypatch.setattr(vector, "MAX_TILE_BYTES", free.largest // 2)
    stats = write_vector_tiles(tmp_path / "b", frame, layer="a", minzoom=12, maxzoom=12)
    zooms, _, _ = decoded(tmp_path / "b")
    assert stats.largest <= free.largest // 2
    assert {1, 2, 3, 4} <= {int(frame["grade"][n - 1]) for n in zooms[12]}
    assert set(np.flatnonzero(frame["grade"] == 4) + 1) <= set(zooms[12])


def test_nothing_empty_mixed_multi_and_collected_geometries(tmp_path):
    x, y = 510_000.0, 3_550_000.0
    geometry = [
        None,
        shapely.Point(),
        shapely.MultiPoint([(x, y), (x + 3000, y)]),
        shapely.MultiLineString([[(x, y), (x + 500, y)], [(x, y + 900), (x + 500, y + 900)]]),
        shapely.MultiPolygon([shapely.box(x, y, x + 90, y + 90), shapely.box(x + 200, y, x + 290, y + 90)]),
        shapely.GeometryCollection([shapely.Point(x, y), shapely.box(x, y, x + 50, y + 50)]),
        shapely.LinearRing([(x, y), (x + 400, y), (x, y + 400)]),
        shapely.Point(x, y, 12.0),
    ]
    frame = gpd.GeoDataFrame({"name": list("abcdefgh")}, geometry=geometry, crs=CRS)
    stats = write_vector_tiles(tmp_path / "a", frame, layer="a", minzoom=14, maxzoom=14)
    zooms, properties, _ = decoded(tmp_path / "a")
    assert (stats.features, stats.empty) == (6, 2)
    assert {n: properties[n]["name"] for n in zooms[14]} == {3: "c", 4: "d", 5: "e", 6: "f", 7: "g", 8: "h"}
    kinds = {n: {p.geom_type.removeprefix("Multi") for _, p in pieces} for n, pieces in zooms[14].items()}
    assert kinds == {
        3: {"Point"},
        4: {"LineString"},
        5: {"Polygon"},
        6: {"Point", "Polygon"},
        7: {"LineString"},
        8: {"Point"},
    }


def test_a_figure_of_eight_is_drawn_as_its_two_loops(tmp_path):
    x, y = 510_000.0, 3_550_000.0
    eight = shapely.Polygon([(x, y), (x + 8000, y + 8000), (x + 8000, y), (x, y + 8000)])
    frame = gpd.GeoDataFrame({"grade": [4]}, geometry=[eight], crs=CRS)
    write_vector_tiles(tmp_path / "a", frame, layer="a", minzoom=11, maxzoom=13)
    zooms, _, _ = decoded(tmp_path / "a")
    unit = 2 * HALF / (4096 << 13)
    area = 0.0
    for (tx, ty), piece in zooms[13][1]:
        area += piece.intersection(translate(shapely.box(0, 0, 4096, 4096), tx * 4096, ty * 4096)).area
    (given,) = shapely.make_valid(frame.geometry.to_crs(3857).to_numpy())
    assert area * unit**2 == pytest.approx(given.area, rel=1e-3)


def test_neighbours_stay_closed_when_simplified(tmp_path):
    rng = np.random.default_rng(6)
    wave = np.stack((np.linspace(0, 20_000, 800), 8000 + rng.normal(0, 60, 800).cumsum()), axis=1)
    wave[:, 1] = np.clip(wave[:, 1], 1000, 15_000)
    low = shapely.Polygon([*wave, (20_000, 0), (0, 0)])
    high = shapely.Polygon([*wave, (20_000, 16_000), (0, 16_000)])
    frame = gpd.GeoDataFrame(geometry=[low, high], crs=CRS).set_crs(CRS)
    frame["geometry"] = frame.translate(510_000, 3_540_000)
    write_vector_tiles(tmp_path / "a", frame, layer="a", minzoom=7, maxzoom=12, coverage=True)
    zooms, _, _ = decoded(tmp_path / "a")
    for zoom in (7, 8, 9):
        by_tile = defaultdict(list)
        for pieces in zooms[zoom].values():
            for tile, piece in pieces:
                by_tile[tile].append(piece)
        for pieces in by_tile.values():
            whole = shapely.union_all(pieces)
            # No gap and no overlap: a gap would be a hole, an overlap would be counted twice.
            assert sum(len(p.interiors) for p in shapely.get_parts(whole)) == 0
            assert abs(whole.area - sum(p.area for p in pieces)) < 1
    full = sum(len(shapely.get_coordinates(p)) for pieces in zooms[12].values() for _, p in pieces)
    assert sum(len(shapely.get_coordinates(p)) for pieces in zooms[7].values() for _, p in pieces) < full / 10


def test_rows_wait_for_their_zoom_but_red_does_not(tmp_path):
    frame = random_frame("point", 4, 8)
    frame["grade"] = [1, 1, 4, 4]
    first = [0, 12, 12, 0]
    write_vector_tiles(tmp_path / "a", frame, layer="a", minzoom=10, maxzoom=12, first_zoom=first)
    zooms, _, _ = decoded(tmp_path / "a")
    assert [sorted(zooms[z]) for z in (10, 11, 12)] == [[1, 3, 4], [1, 3, 4], [1, 2, 3, 4]]


def test_a_zoom_at_which_a_kind_has_nothing_is_skipped(tmp_path):
    square = shapely.box(510_000, 3_550_000, 519_000, 3_559_000)
    frame = gpd.GeoDataFrame({"grade": [1, 1]}, geometry=[square, shapely.Point(514_000, 3_554_000)], crs=CRS)
    write_vector_tiles(tmp_path / "a", frame, layer="a", minzoom=9, maxzoom=11, first_zoom=[9, 11])
    zooms, _, _ = decoded(tmp_path / "a")
    assert [sorted(zooms[z]) for z in (9, 10, 11)] == [[1], [1], [1, 2]]


SCRIPT = """
import sys; sys.path.insert(0, {tests!r})
from test_vector import random_frame
from pathlib import Path
from geo_risk.publish.tiles.mvt import POLYGON
from geo_risk.publish.tiles.shapes import Parts, draw, world_units
from geo_risk.publish.tiles.vector import write_vector_tiles
frame = random_frame("polygon", 200, 9); frame["name"] = "名" + frame["id"]
write_vector_tiles(Path({out!r}), frame, layer="a", minzoom=9, maxzoom=13)
"""


def test_same_input_same_bytes_in_another_process(tmp_path):
    for name, seed in (("one", "1"), ("two", "77")):
        code = SCRIPT.format(tests=str(Path(__file__).parent), out=str(tmp_path / name))
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=Path(__file__).parents[2])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_tiles_carry_no_time(tmp_path):
    write_vector_tiles(tmp_path / "a", random_frame("point", 5, 1), layer="a", minzoom=10, maxzoom=10)
    for _, data in read_archive(tmp_path / "a"):
        assert data[4:8] == b"\0\0\0\0"
        assert gzip.decompress(data)


def test_what_cannot_be_drawn_is_refused(tmp_path):
    frame = random_frame("point", 2, 1)
    with pytest.raises(InputError, match=r"'a' has no CRS.*set_crs"):
        write_vector_tiles(tmp_path / "a", frame.set_crs(None, allow_override=True), layer="a", minzoom=1, maxzoom=2)
    with pytest.raises(InputError, match="none of its 2 rows has a geometry"):
        write_vector_tiles(tmp_path / "a", frame.set_geometry([None, None], crs=CRS), layer="a", minzoom=1, maxzoom=2)
    pole = gpd.GeoDataFrame(geometry=[shapely.Point(10, 89)], crs=4326)
    with pytest.raises(InputError, match="beyond the web map"):
        write_vector_tiles(tmp_path / "a", pole, layer="a", minzoom=1, maxzoom=2)
