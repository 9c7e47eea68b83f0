"""
A portal of a whole city: vector tiling against tippecanoe, and the complete site.

    python benchmarks/bench_portal.py [--polygons 100000] [--points 1000000] [--cells 10000000]
        [--what tiles,portal] [--tippecanoe PROGRAM] [--folder DIR] [--profile P]

Makes a seeded city of 95 x 95 km (150 townships, graded parcels as areas of level village, graded risk points, surfaces
of grades and of indices), writes it as GeoParquet and GeoTIFF, and publishes it by the functions that the product
uses, each run in a fresh process. Prints JSON: seconds (reading included) of wall and of processor, peak memory, bytes,
and of the grade 4 features how many are left at each zoom.

``tiles`` compares `write_vector_tiles` with tippecanoe on the same rows, columns and zooms; tippecanoe reads GeoJSONSeq
in parallel (``-P``), the writing of which is not counted. ``portal`` runs `build_site` twice, gate included, and says
whether both gave the same bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from geo_risk.grid import Grid
from geo_risk.publish.site import SiteMeta, build_site
from geo_risk.publish.tiles.archive import gunzip, read_archive
from geo_risk.publish.tiles.reading import read_heads
from geo_risk.publish.tiles.vector import write_vector_tiles
from geo_risk.store import Surface, read_surface, write_surface

CRS = "EPSG:4549"
LEFT, BOTTOM, SIDE_M = 460_000.0, 3_500_000.0, 95_000.0
TOWNS = (15, 10)
# Most of a city is blue; red is rare.
SHARES = {1: 0.62, 2: 0.25, 3: 0.10, 4: 0.03}
ZOOMS = {"parcels": (7, 12), "points": (7, 13)}
_PLACE = "临澜菱渚云溪石桥白沙青山东风红旗新港南湖北岸西岭柳林金坪长堤马家双塔古渡三河五里"
_TRADE = ("化工", "机械", "食品", "纺织", "物流", "建材", "电子", "医药", "加油", "粮油")
_THING = ("储罐", "锅炉", "配电室", "仓库", "装卸区", "危废间", "涂装线", "冷库", "反应釜", "叉车")


def towns() -> gpd.GeoDataFrame:
    """150 townships without gap or overlap."""
    rng = np.random.default_rng(1)
    nx, ny = TOWNS
    x, y = np.meshgrid(np.linspace(0, SIDE_M, nx + 1), np.linspace(0, SIDE_M, ny + 1))
    x[:, 1:-1] += rng.uniform(-2000, 2000, (ny + 1, nx - 1))
    y[1:-1] += rng.uniform(-3000, 3000, (ny - 1, nx + 1))
    corner = np.stack((x + LEFT, y + BOTTOM), axis=2)
    rings = np.stack((corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]), axis=2).reshape(-1, 4, 2)
    return _graded(shapely.polygons(rings), "township", [f"{_place(k)}镇" for k in range(nx * ny)], 2)


def parcels(count: int) -> gpd.GeoDataFrame:
    """``count`` outlines of 10 to 24 corners that do not touch, on a jittered lattice."""
    rng = np.random.default_rng(3)
    at = _lattice(count, rng, 0.2)
    step = SIDE_M / np.ceil(np.sqrt(count))
    corners = rng.integers(10, 25, count)
    polygon = np.repeat(np.arange(count), corners)
    turn = (np.arange(len(polygon)) - np.repeat(np.cumsum(corners) - corners, corners)) / corners[polygon] * 2 * np.pi
    far = step * rng.uniform(0.15, 0.28, count)[polygon] * rng.uniform(0.8, 1.0, len(polygon))
    xy = at[polygon] + far[:, None] * np.stack((np.cos(turn), np.sin(turn)), axis=1)
    shapes = shapely.polygons(shapely.linearrings(xy, indices=polygon))
    return _graded(shapes, "village", [f"{_place(k)}{k % 89 + 1}号网格" for k in range(count)], 4)


def _graded(shapes: np.ndarray, level: str, names: list[str], seed: int) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    count = len(shapes)
    columns = {
        "id": [f"{level[0].upper()}{k:06d}" for k in range(count)],
        "name": names,
        "level": [level] * count,
        "grade": _grades(rng, count),
        "area_km2": shapely.area(shapes) / 1e6,
        "persons": rng.integers(0, 4000, count).astype(float),
        "index_max": rng.gamma(2.0, 12.0, count).clip(0, 100).round(2),
    }
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


def points(count: int) -> gpd.GeoDataFrame:
    """``count`` risk points, two thirds of them crowded around 60 industrial sites."""
    rng = np.random.default_rng(5)
    crowded = rng.uniform(0.05, 0.95, (60, 2))[rng.integers(0, 60, count)] * SIDE_M + rng.normal(0, 1500, (count, 2))
    even = rng.uniform(0, SIDE_M, (count, 2))
    at = np.where(rng.random((count, 1)) < 2 / 3, crowded.clip(0, SIDE_M), even) + np.array((LEFT, BOTTOM))
    firm = rng.integers(0, max(1, count // 40), count)
    columns = {
        "id": [f"R{k:07d}" for k in range(count)],
        "name": [f"{_firm(f)}{k % 9 + 1}号{_THING[k % len(_THING)]}" for k, f in enumerate(firm.tolist())],
        "enterprise_name": [f"{_firm(f)}有限公司" for f in firm.tolist()],
        "grade": _grades(rng, count),
        "method": rng.choice(["LEC", "LS", "MES"], count, p=[0.7, 0.2, 0.1]),
        "value": (rng.choice([1, 3, 6, 10], count) * rng.choice([1, 3, 6, 10], count) * 1.5).astype(float),
    }
    return gpd.GeoDataFrame(columns, geometry=shapely.points(at), crs=CRS)


def _place(k: int) -> str:
    n = len(_PLACE)
    return _PLACE[k * 7 % n] + _PLACE[(k // n * 5 + k) % n]


def _firm(k: int) -> str:
    return f"{_place(k)}{_PLACE[k // 97 % len(_PLACE)]}{_TRADE[k % len(_TRADE)]}"


def _lattice(count: int, rng: np.random.Generator, jitter: float) -> np.ndarray:
    n = int(np.ceil(np.sqrt(count)))
    cell = np.stack((np.arange(count) % n, np.arange(count) // n), axis=1)
    return (cell + 0.5 + rng.uniform(-jitter, jitter, (count, 2))) * SIDE_M / n + (LEFT, BOTTOM)


def _grades(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.choice(list(SHARES), count, p=list(SHARES.values()))


def surfaces(cells: int) -> dict[str, Surface]:
    """Smooth hills of risk around 300 sources, with noise below what a grade tells."""
    side = int(np.sqrt(cells))
    grid = Grid(CRS, LEFT, BOTTOM + SIDE_M, SIDE_M / side, (side, side))
    rng = np.random.default_rng(6)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    index = np.zeros((side, side), np.float32)
    hills = (*rng.uniform(0, 1, (2, 300)), rng.uniform(0.005, 0.04, 300), rng.gamma(2, 20, 300))
    hills = *rng.uniform(0, 1, (2, 300)), rng.uniform(0.005, 0.04, 300), rng.gamma(2, 20, 300)
    for cx, cy, reach, high in zip(*hills, strict=True):
        a, b = (int(max(0, (c - 4 * reach) * side)) for c in (cy, cx))
        here = np.s_[a : int((cy + 4 * reach) * side) + 1, b : int((cx + 4 * reach) * side) + 1]
        index[here] += high * np.exp(-((x[here] - cx) ** 2 + (y[here] - cy) ** 2) / (2 * reach**2))
    index = np.clip(index + rng.normal(0, 0.05, index.shape).astype(np.float32), 0, 100)
    grade = np.digitize(index, (0.5, 8, 30, 60)).astype(np.uint8)
    return {"grade": Surface(grade, grid), "index": Surface(index, grid)}


def make_city(folder: Path, asked: argparse.Namespace) -> None:
    """The files that every run reads."""
    towns().to_parquet(folder / "towns.parquet")
    parcels(asked.polygons).to_parquet(folder / "parcels.parquet")
    points(asked.points).to_parquet(folder / "points.parquet")
    for name, surface in surfaces(asked.cells).items():
        write_surface(folder / f"{name}.tif", surface)


# Runs in processes of their own.


def run_tiles(folder: Path, name: str) -> None:
    low, high = ZOOMS[name]
    frame = gpd.read_parquet(folder / f"{name}.parquet")
    write_vector_tiles(folder / f"{name}.pmtiles", frame, layer=name, minzoom=low, maxzoom=high)


def run_portal(folder: Path, profile: str) -> None:
    tables = {name: gpd.read_parquet(folder / f"{name}.parquet") for name in ("towns", "parcels", "points")}
    districts = pd.concat([tables.pop("towns"), tables.pop("parcels")], ignore_index=True)
    shown = {"districts": districts, "risk_points": tables.pop("points")}
    pictures = {name: read_surface(folder / f"{name}.tif") for name in ("grade", "index")}
    corners = Transformer.from_crs(CRS, 4326, always_xy=True).transform_bounds(
        LEFT, BOTTOM, LEFT + SIDE_M, BOTTOM + SIDE_M
    )
    meta = SiteMeta({"zh": "大城市", "en": "A large city"}, corners)
    del districts, tables
    summary = build_site(folder / "site", shown, pictures, meta, profile)
    print(json.dumps({"files": summary.files, "bytes": summary.bytes, "notes": summary.notes}), file=sys.stderr)


def child(folder: Path, *job: str) -> dict:
    """Wall and processor seconds and peak memory of one run of this program in a process of its own."""
    return measured([sys.executable, __file__, "--folder", str(folder), "--job", *job])


def measured(command: list[str]) -> dict:
    start = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    said = process.stderr.read() if process.stderr else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(said)
    seconds = time.perf_counter() - start
    numbers = {"seconds": seconds, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}
    out: dict = {key: round(value, 1) for key, value in numbers.items()}
    last = said.strip().splitlines()[-1] if said.strip() else ""
    return out | (json.loads(last) if last.startswith("{") else {})


def red_kept(archive: Path, rows: gpd.GeoDataFrame) -> dict[str, str]:
    """Of the features of grade 4, how many are drawn at each zoom."""
    red = set((np.flatnonzero(rows["grade"] == 4) + 1).tolist())
    seen: dict[int, set[int]] = defaultdict(set)
    for (zoom, _, _), data in read_archive(archive):
        seen[zoom].update(read_heads(gunzip(data))[1].tolist())
    return {f"z{zoom}": f"{len(red & ids)}/{len(red)}" for zoom, ids in sorted(seen.items())}


def largest(archive: Path) -> int:
    return max(len(data) for _, data in read_archive(archive))


def compare_tiles(folder: Path, program: str) -> dict:
    """Ours and tippecanoe's tiles of both layers."""
    out: dict = {}
    for name, (low, high) in ZOOMS.items():
        rows = gpd.read_parquet(folder / f"{name}.parquet")
        ours = folder / f"{name}.pmtiles"
        out[name] = {"geo_risk": child(folder, "tiles", name) | _told(ours, rows)}
        if not shutil.which(program):
            continue
        lines, theirs = folder / f"{name}.geojsonl", folder / f"{name}.peer.pmtiles"
        if not lines.exists():
            numbered = rows.to_crs(4326).assign(id=np.arange(1, len(rows) + 1), code=rows["id"])
            numbered.to_file(lines, driver="GeoJSONSeq", engine="pyogrio", ID_FIELD="id", RS="NO")
        zooms = [f"-Z{low}", f"-z{high}"]
        command = [program, "-q", "-f", "-P", *zooms, "-l", name, "-o", str(theirs)]
        asis = measured([*command, "--drop-densest-as-needed", str(lines)])
        out[name]["tippecanoe"] = asis | _told(theirs, rows)
        out[name]["ratio"] = round(out[name]["geo_risk"]["seconds"] / asis["seconds"], 2)
    return out


def _told(archive: Path, rows: gpd.GeoDataFrame) -> dict:
    told = {"mb": round(archive.stat().st_size / 1e6, 1), "largest_tile": largest(archive)}
    return told | {"red": red_kept(archive, rows)}


def whole_portal(folder: Path, profile: str) -> dict:
    """The site, twice."""
    runs, sums = [], []
    for _ in range(2):
        runs.append(child(folder, "portal", profile))
        sums.append((folder / "site" / "manifest.json").read_bytes())
    return {"runs": runs, "identical": sums[0] == sums[1]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--polygons", type=int, default=100_000)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--cells", type=int, default=10_000_000)
    parser.add_argument("--what", default="tiles,portal")
    parser.add_argument("--tippecanoe", default="tippecanoe")
    parser.add_argument("--profile", default="internal")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--job", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.job:
        {"tiles": run_tiles, "portal": run_portal}[asked.job[0]](asked.folder, asked.job[1])
        return
    folder = asked.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "index.tif").exists():
        make_city(folder, asked)
    out: dict = {"polygons": asked.polygons, "points": asked.points, "cells": asked.cells}
    if "tiles" in asked.what:
        out["tiles"] = compare_tiles(folder, asked.tippecanoe)
    if "portal" in asked.what:
        out["portal"] = whole_portal(folder, asked.profile)
    print(json.dumps(out, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
