"""
Roll-up of a grid to districts, timed against exactextract in the same run.

    python benchmarks/bench_rollup.py [--cells 10000000] [--districts 500] [--vertices 400] [--repeat 5]

Both give the mean index of every district, partly covered cells weighted by their covered share. Prints
the least seconds of each over the repeats, their ratio, the largest difference of the means, and the
memory that either adds at its peak (each alone in a fresh process). Needs exactextract, which only
this script uses.
"""

from __future__ import annotations

import argparse
import multiprocessing
import threading
import time
from functools import partial

import geopandas as gpd
import numpy as np
import psutil
import rasterio
import shapely
from rasterio.io import MemoryFile

from geo_risk.analysis.rollup import district_grades
from geo_risk.analysis.zones import zone_sums, zones
from geo_risk.grid import Grid

CRS = "EPSG:4549"
CELL_M = 25.0


def districts(count: int, grid: Grid, vertices: int, seed: int = 1) -> gpd.GeoDataFrame:
    """A tiling of the grid by areas with winding outlines of about ``vertices`` vertices."""
    rng = np.random.default_rng(seed)
    left, bottom, right, top = grid.bounds
    seeds = shapely.multipoints(rng.uniform([left, bottom], [right, top], (count, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=shapely.box(*grid.bounds)))
    box = shapely.box(*grid.bounds)
    cells = shapely.intersection(cells, box)
    length = shapely.length(cells).mean() / vertices
    bend = grid.cell_m * 2

    def winding(xy: np.ndarray) -> np.ndarray:  # the same everywhere, so that neighbours still meet
        x, y = xy.T
        dx = np.sin(y / 311) + np.sin(x / 297 + y / 353)
        return np.stack([x + bend * dx, y + bend * (np.cos(x / 277) + np.sin(y / 271 - x / 331))], axis=1)

    areas = shapely.intersection(shapely.transform(shapely.segmentize(cells, length), winding), box)
    names = [f"d{i:04d}" for i in range(count)]
    return gpd.GeoDataFrame({"id": names, "name": names, "level": "township"}, geometry=areas, crs=CRS)


def surfaces(grid: Grid, seed: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Index, grade and persons of every cell."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : grid.shape[0], 0 : grid.shape[1]]
    index = (50 + 30 * np.sin(x / 90) * np.cos(y / 70) + rng.uniform(-20, 20, grid.shape)).astype(np.float32)
    grade = np.digitize(index, (0, 12, 30, 70)).astype(np.uint8)
    return index, grade, rng.exponential(2.0, grid.shape)


def ours(index: np.ndarray, grade: np.ndarray, areas: gpd.GeoDataFrame, grid: Grid) -> np.ndarray:
    """Mean index by district."""
    found = zones(np.asarray(areas.geometry.array), grid)
    return zone_sums(found, grade, index, None)["index"] / found.cells()


def theirs(index: np.ndarray, areas: gpd.GeoDataFrame, grid: Grid) -> np.ndarray:
    """The same by exactextract, from the same array in memory."""
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    left, bottom, right, top = grid.bounds
    raster = NumPyRasterSource(index, left, bottom, right, top, srs_wkt=rasterio.crs.CRS.from_string(CRS).to_wkt())
    told = exact_extract(raster, areas, ["mean"], output="pandas", strategy="feature-sequential")
    return told["mean"].to_numpy()


def theirs_by_raster(index: np.ndarray, areas: gpd.GeoDataFrame, grid: Grid) -> np.ndarray:
    """The same by its strategy for many areas on a raster, read from memory."""
    from exactextract import exact_extract

    rows, cols = grid.shape
    with MemoryFile() as file:
        shape = {"height": rows, "width": cols, "count": 1, "dtype": index.dtype, "tiled": True}
        with file.open(driver="GTiff", crs=CRS, transform=grid.transform, **shape) as out:
            out.write(index, 1)
        with file.open() as raster:
            told = exact_extract(raster, areas, ["mean"], output="pandas", strategy="raster-sequential")
    return told["mean"].to_numpy()


def timed(function, *arguments) -> tuple[float, object]:
    """Seconds, and what came of it."""
    began = time.perf_counter()
    out = function(*arguments)
    return time.perf_counter() - began, out


def peak_mb(which: str, options: argparse.Namespace) -> None:
    """Print the memory the function adds at its peak."""
    grid, areas, (index, grade, _) = _city(options)
    call = partial(ours, index, grade, areas, grid) if which == "ours" else partial(theirs, index, areas, grid)
    call()  # what is loaded and compiled once is no part of it
    process, peak, done = psutil.Process(), [0.0], threading.Event()
    before = process.memory_info().rss

    def watch() -> None:
        while not done.wait(0.002):
            peak[0] = max(peak[0], process.memory_info().rss - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    call()
    done.set()
    watcher.join()
    print(f"peak memory added, {which}: {peak[0] / 1e6:.0f} MB")


def _city(options: argparse.Namespace) -> tuple[Grid, gpd.GeoDataFrame, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    side = int(np.ceil(options.cells**0.5))
    grid = Grid(CRS, 500_000.0, 3_500_000.0, CELL_M, (side, side))
    return grid, districts(options.districts, grid, options.vertices), surfaces(grid)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=10_000_000)
    parser.add_argument("--districts", type=int, default=500)
    parser.add_argument("--vertices", type=int, default=400)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    grid, areas, (index, grade, persons) = _city(options)
    n = shapely.get_num_coordinates(areas.geometry.to_numpy()).sum()
    print(f"{grid.shape[0] * grid.shape[1]:,} cells, {len(areas)} districts, {n:,} vertices")
    ours(index, grade, areas, grid)  # compiles
    runs = {"ours": (ours, index, grade, areas, grid), "exactextract": (theirs, index, areas, grid)}
    best, means = {}, {}
    for _ in range(options.repeat):  # in turns, so that both meet the same machine
        for name, call in runs.items():
            seconds, means[name] = timed(*call)
            best[name] = min(best.get(name, np.inf), seconds)
    print(f"mean index: ours {best['ours']:.3f} s, exactextract {best['exactextract']:.3f} s")
    print(f"ratio {best['ours'] / best['exactextract']:.2f} (at most 1.5)")
    print(f"largest difference of the means: {np.abs(means['ours'] - means['exactextract']).max():.1e} (at most 1e-6)")
    seconds, _ = timed(theirs_by_raster, index, areas, grid)
    print(f"exactextract raster by raster: {seconds:.3f} s")
    seconds, _ = timed(lambda: district_grades(areas, grade, index, grid, population=persons))
    print(f"the whole district table (grades, shares, persons): {seconds:.3f} s")
    for which in ("ours", "exactextract"):
        child = multiprocessing.get_context("spawn").Process(target=peak_mb, args=(which, options))
        child.start()
        child.join()


if __name__ == "__main__":
    main()
