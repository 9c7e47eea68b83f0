import io
import math

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.errors import NotGeoreferencedWarning
from rasterio.warp import transform

from geo_risk.errors import InputError
from geo_risk.grid import Grid
from geo_risk.publish.style import GRADES, SURFACES, surface_scale
from geo_risk.publish.tiles.archive import read_archive
from geo_risk.publish.tiles.png import palette_png, read_codes
from geo_risk.publish.tiles.raster import (
    full_zoom,
    generalise,
    mercator_image,
    raster_tiles,
    write_raster_tiles,
)
from geo_risk.store import Surface

CRS = "EPSG:4549"


def surface(array: np.ndarray) -> Surface:
    return placed(array, 25, 510_000, 3_550_000)


def placed(array: np.ndarray, cell_m: float, left: float, top: float) -> Surface:
    return Surface(array, Grid(CRS, left, top, cell_m, array.shape))


def tiles_of(path):
    out: dict[int, dict] = {}
    for (z, x, y), data in read_archive(path):
        out.setdefault(z, {})[x, y] = read_codes(data)
    return out


def pixel(s: Surface, row, col, zoom):
    """(x, y) of the Web Mercator pixel under the centre of a cell."""
    east = s.grid.left + s.grid.cell_m * (np.asarray(col) + 0.5)
    north = s.grid.top - s.grid.cell_m * (np.asarray(row) + 0.5)
    lon, lat = transform(CRS, "EPSG:4326", np.atleast_1d(east), np.atleast_1d(north))
    world = 256 << zoom
    x = (np.array(lon) + 180) / 360 * world
    y = (1 - np.arcsinh(np.tan(np.radians(lat))) / math.pi) / 2 * world
    return x.astype(int), y.astype(int)


def test_a_png_is_what_other_readers_see():
    codes = np.random.default_rng(1).integers(0, 5, (256, 256)).astype(np.uint8)
    palette = surface_scale("grade").palette
    data = palette_png(codes, palette)
    assert np.array_equal(read_codes(data), codes)
    with pytest.warns(NotGeoreferencedWarning):
        png = rasterio.open(io.BytesIO(data))
    with png:
        assert np.array_equal(png.read(1), codes)
        colors = png.colormap(1)
    assert colors[0][3] == 0
    assert [colors[g.grade][:3] for g in GRADES] == [(165, 15, 21), (241, 105, 19), (255, 231, 94), (74, 144, 217)]
    with pytest.raises(ValueError, match="code 9 has no colour"):
        palette_png(np.array([[9]], np.uint8), palette)


def test_a_single_red_cell_is_seen_at_every_zoom(tmp_path):
    rng = np.random.default_rng(2)
    grade = rng.choice([0, 1, 2], (700, 800), p=[0.3, 0.5, 0.2]).astype(np.uint8)
    red = rng.integers(0, 700, 25), rng.integers(0, 800, 25)
    grade[red] = 4
    s = surface(grade)
    zoom = full_zoom(s)
    assert zoom == 13  # 40075016.7 / 256 / 2**13 * cos(32.1) = 16.2 m, at zoom 12 32.4 m
    write_raster_tiles(tmp_path / "a", s, grade, surface_scale("grade").palette, minzoom=6, maxzoom=zoom)
    tiles = tiles_of(tmp_path / "a")
    assert sorted(tiles) == list(range(6, 14))
    for z, blocks in tiles.items():
        whole = {(x * 256 + j, y * 256 + i) for (x, y), block in blocks.items() for i, j in np.argwhere(block == 4)}
        xs, ys = pixel(s, *red, z)
        assert all((x, y) in whole for x, y in zip(xs.tolist(), ys.tolist(), strict=True))


def test_at_the_full_zoom_each_pixel_is_the_cell_under_it(tmp_path):
    grade = np.random.default_rng(3).integers(1, 5, (60, 50)).astype(np.uint8)
    s = surface(grade)
    write_raster_tiles(tmp_path / "a", s, grade, surface_scale("grade").palette, minzoom=13, maxzoom=13)
    blocks = tiles_of(tmp_path / "a")[13]
    rows, cols = np.indices(grade.shape)
    xs, ys = pixel(s, rows.ravel(), cols.ravel(), 13)
    seen = [blocks[x // 256, y // 256][y % 256, x % 256] for x, y in zip(xs, ys, strict=True)]
    # Centres of cells are half a cell from the next, pixels two thirds of a cell: each centre's pixel
    # has its own middle at most a third of a cell away, still in the cell.
    assert np.mean(np.array(seen) == grade.ravel()) > 0.995


def test_the_same_surface_gives_the_same_bytes(tmp_path):
    grade = np.random.default_rng(4).integers(0, 5, (300, 300)).astype(np.uint8)
    for name in "ab":
        write_raster_tiles(
            tmp_path / name, surface(grade), grade, surface_scale("grade").palette, minzoom=9, maxzoom=13
        )
    # The archive's metadata names its source.
    first, second = (list(read_archive(tmp_path / name)) for name in "ab")
    assert first == second
    assert len(first) > 10


@given(
    st.integers(1, 9),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(-30, 30),
    st.integers(-30, 30),
    st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_blocks_hold_the_worst_cell_and_lie_on_multiples_of_their_side(k, rows, cols, dx, dy, seed):
    grade = np.random.default_rng(seed).integers(0, 5, (rows, cols)).astype(np.uint8)
    s = placed(grade, 25, 500_000 + 25 * dx, 3_500_000 + 25 * dy)
    block = generalise(s, 25 * k)
    side = 25 * k
    assert block.grid.cell_m == side
    if k > 1:
        assert (block.grid.left % side, block.grid.top % side) == (0, 0)
    expected: dict[tuple, int] = {}
    for i in range(rows):
        for j in range(cols):
            at = ((500_000 + 25 * dx + 25 * j) // side, (3_500_000 + 25 * dy - 25 * i - 1) // side)
            expected[at] = max(expected.get(at, 0), int(grade[i, j]))
    got = {}
    for i in range(block.array.shape[0]):
        for j in range(block.array.shape[1]):
            at = (int(block.grid.left // side) + j, int(block.grid.top // side) - 1 - i)
            got[at] = int(block.array[i, j])
    assert {k: v for k, v in got.items() if v} == {k: v for k, v in expected.items() if v}


def test_blocks_are_never_finer_than_asked():
    s = placed(np.ones((10, 10), np.uint8), 30, 0, 300)
    assert generalise(s, 500).grid.cell_m == 510
    values = np.full((4, 4), np.nan, np.float32)
    values[0, 0] = 3
    assert np.nanmax(generalise(placed(values, 250, 0, 1000), 500).array) == 3


def test_scales_leave_nothing_out_and_never_fall():
    index = surface_scale("index")
    codes = index.codes(np.array([np.nan, -1, 0, 1e-6, 0.4, 50, 99.99, 100, 150]))
    assert codes.tolist() == [0, 0, 0, 1, 1, 26, 50, 50, 50]
    lsir = surface_scale("lsir")
    # Four decades in 50 steps: 1e-6 is half way.
    assert lsir.codes(np.array([np.nan, 0, 1e-12, 1e-8, 1.01e-6, 1e-2])).tolist() == [0, 0, 0, 1, 26, 50]
    assert all(len(s.palette) in (9, 51) for s in SURFACES.values())
    assert [m["label"] for m in lsir.legend()] == ["10⁻⁸", "10⁻⁷", "10⁻⁶", "10⁻⁵", "10⁻⁴"]


def test_bad_surfaces_say_why(tmp_path):
    with pytest.raises(InputError, match="holds 7; a grade is 0, 1, 2, 3 or 4"):
        surface_scale("grade").codes(np.array([[7]]))
    with pytest.raises(InputError, match="'noise' is unknown to the map; it draws grade"):
        surface_scale("noise")
    empty = np.zeros((2, 2), np.uint8)
    with pytest.raises(InputError, match="no cell of the surface has a value"):
        write_raster_tiles(tmp_path / "a", surface(empty), empty, [], minzoom=1, maxzoom=2)


def test_the_one_picture_covers_the_surface():
    grade = np.full((40, 60), 2, np.uint8)
    grade[5, 7] = 4
    image, (west, south, east, north) = mercator_image(surface(grade), grade, 30)
    assert max(image.shape) <= 31
    assert (image == 4).any()
    lon, lat = transform(CRS, "EPSG:4326", [510_000, 511_500], [3_549_000, 3_550_000])
    assert west <= lon[0] <= lon[1] <= east
    assert south <= lat[0] <= lat[1] <= north


def test_the_hatch_is_seamless_and_never_hides_the_grade():
    """Every grade but blue is told by its pattern, which goes on over the edges of tiles."""
    s = surface(np.repeat(np.arange(1, 5, dtype=np.uint8), 60)[None].repeat(240, axis=0))
    scale = surface_scale("grade")
    codes = scale.codes(s.array)
    plain, hatched = (
        {t: read_codes(png) for t, png in raster_tiles(s, codes, scale.palette, 12, 14, h).items()}
        for h in (None, scale.hatches)
    )
    assert plain.keys() == hatched.keys()
    shares = {}
    for (z, x, y), block in hatched.items():
        assert np.array_equal(scale.unhatched(block), plain[z, x, y])
        # The rule, from the pixel's place in the world.
        east, south = np.meshgrid(x * 256 + np.arange(256), y * 256 + np.arange(256))
        rising, falling = (east + south) % 8 < 2, (east - south) % 8 < 2
        dots = (east % 8 < 2) & (south % 8 < 2)
        for grade, ink in ((4, rising | falling), (3, rising), (2, dots), (1, np.zeros_like(dots))):
            here = plain[z, x, y] == grade
            assert np.array_equal(block[here] > 4, ink[here])
            shares.setdefault(grade, []).append((int((block[here] > 4).sum()), int(here.sum())))
    share = {g: sum(a for a, _ in n) / sum(b for _, b in n) for g, n in shares.items()}
    assert share == pytest.approx({4: 7 / 16, 3: 1 / 4, 2: 1 / 16, 1: 0}, abs=0.02)
    assert [scale.palette[g.grade + 4] != scale.palette[g.grade] for g in GRADES] == [True, True, True, False]
