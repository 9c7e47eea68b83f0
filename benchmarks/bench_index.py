"""
The risk index of a made-up county-level city, timed.

    python benchmarks/bench_index.py [--workers 2] [--cell 25] [--scale 1.0] [--naive 40]

Prints seconds, peak memory, the shares of the grades, and the ratio against a plain loop that
measures each source's distance on the full grid (timed on ``--naive`` sources and extrapolated).
"""

from __future__ import annotations

import argparse
import resource
import time

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_risk.analysis.exposure import population_on_grid
from geo_risk.analysis.grading import enterprise_grades, grade
from geo_risk.analysis.index import index_surface
from geo_risk.analysis.index_sources import index_sources
from geo_risk.analysis.rollup import district_grades
from geo_risk.grid import grid_of

CRS = "EPSG:4549"
WIDTH, HEIGHT = 46_000.0, 29_000.0
SECTORS = {
    "纺织服装": 20, "金属制品": 18, "通用专用设备": 15, "塑料橡胶": 9, "电气电子": 8, "仓储物流": 4.5, "化工": 4.2,
    "造纸印刷": 3.5, "建材": 3.2, "木器家具": 3.1, "食品": 2.7, "汽车零部件": 2, "加油加气站": 1.3, "冶金铸造": 1.25,
    "危化品经营": 1, "港口码头": 0.5, "医药": 0.4, "电力热力": 0.3, "涉氨冷库": 0.3,
}  # fmt: skip


def city(scale: float = 1.0, seed: int = 1) -> dict[str, gpd.GeoDataFrame]:
    """Towns, parks, firms, hazards, pipelines and roads with the densities of a county-level city."""
    rng = np.random.default_rng(seed)
    towns = rng.uniform([3000, 3000], [WIDTH - 3000, HEIGHT - 3000], (17, 2))
    people = 1.4e6 / np.arange(1.6, 18.6) ** 0.95
    people *= 1.4e6 / people.sum()
    parks = rng.uniform([2000, 2000], [WIDTH - 2000, HEIGHT - 2000], (18, 2))

    def around(centres, spread, n, weights=None):
        pick = rng.choice(len(centres), n, p=weights)
        xy = centres[pick] + rng.normal(0, 1, (n, 2)) * np.broadcast_to(spread, len(centres))[pick, None]
        return np.clip(xy, 0, [WIDTH, HEIGHT])

    radius = 420 * (people / 1000) ** 0.36 / 1.5
    n = int(9400 * scale)
    share = np.array(list(SECTORS.values())) / sum(SECTORS.values())
    firms_xy = np.vstack([around(parks, 700, n // 3), around(towns, radius * 2, n - n // 3)])
    firms = gpd.GeoDataFrame(
        {
            "id": [f"E{i:05d}" for i in range(n)],
            "name": "firm",
            "sector": rng.choice(list(SECTORS), n, p=share),
            "self_grade": rng.choice([4, 3, 2, 1], n, p=[0.012, 0.08, 0.31, 0.598]),
        },
        geometry=shapely.points(firms_xy),
        crs=CRS,
    )
    big = rng.random(n) < 0.1
    firms.loc[big, "geometry"] = firms.geometry[big].buffer(70, quad_segs=2).to_numpy()
    m = max(4, int(173 * scale))
    chemical = np.vstack([around(parks[:1], 1100, m * 6 // 10), around(parks[1:2], 700, m * 2 // 10)])
    spots = np.vstack([chemical, around(parks, 900, m - len(chemical))])
    hazards = gpd.GeoDataFrame(
        {
            "id": [f"H{i:04d}" for i in range(m)],
            "unit_id": [f"U{i:04d}" for i in range(m)],
            "enterprise_id": [f"E{i // 2:05d}" for i in range(m)],
            "kind": "tank_farm",
            "substance": rng.choice(["汽油", "甲醇", "苯", "液氨", "液氯", "丙烯"], m),
            "declared_level": rng.choice([1, 2, 3, 4], m, p=[0.09, 0.19, 0.32, 0.4]),
        },
        geometry=shapely.buffer(shapely.points(spots), rng.uniform(20, 60, m), quad_segs=2),
        crs=CRS,
    )
    lesser = gpd.GeoDataFrame(
        {
            "id": [f"L{i:04d}" for i in range(m)],
            "kind": rng.choice(["filling_station", "cylinder_depot"], m, p=[0.8, 0.2]),
        },
        geometry=shapely.points(around(towns, radius * 2, m)),
        crs=CRS,
    )
    spots = around(towns, radius, int(1500 * scale), people / people.sum())
    places = gpd.GeoDataFrame(
        {
            "id": [f"C{i}" for i in range(len(spots))],
            "kind": rng.choice(
                ["kindergarten", "primary_school", "market", "hotel", "restaurant", "elderly_home"], len(spots)
            ),
        },
        geometry=shapely.points(spots),
        crs=CRS,
    )
    block = np.stack(np.meshgrid(np.arange(0, WIDTH, 200), np.arange(0, HEIGHT, 200)), -1).reshape(-1, 2)
    away = np.hypot(*(block[:, None] + 100 - towns).transpose(2, 0, 1))
    density = (people / (2 * np.pi * radius**2) * np.exp(-away / radius)).sum(1) + 3.8e5 / (WIDTH * HEIGHT)
    population = gpd.GeoDataFrame(
        {"id": [str(i) for i in range(len(block))], "persons": density * 4e4},
        geometry=shapely.box(block[:, 0], block[:, 1], block[:, 0] + 200, block[:, 1] + 200),
        crs=CRS,
    )
    return {
        "enterprises": firms,
        "hazard_sources": pd.concat([hazards, lesser], ignore_index=True),
        "gas_pipelines": _pipelines(rng, scale),
        "roads": _roads(rng, scale),
        "crowded_places": places,
        "population": population,
        "districts": _districts(),
    }


def _walks(rng, n: int, steps: int, step: float):
    start = rng.uniform([0, 0], [WIDTH, HEIGHT], (n, 1, 2))
    angle = rng.uniform(0, 2 * np.pi, (n, 1)) + np.cumsum(rng.normal(0, 0.1, (n, steps)), 1)
    xy = start + np.cumsum(step * np.stack([np.cos(angle), np.sin(angle)], -1), 1)
    return shapely.linestrings(np.concatenate([start, xy], 1))


def _pipelines(rng, scale: float):
    lines = np.concatenate(
        [_walks(rng, max(2, int(640 * scale)), 32, 50), _walks(rng, 7, 270, 100), _walks(rng, 23, 22, 100)]
    )
    n = len(lines) - 30
    return gpd.GeoDataFrame(
        {
            "id": [f"P{i}" for i in range(len(lines))],
            "kind": ["town_gas"] * n + ["long_distance"] * 7 + ["hazmat"] * 23,
            "medium": ["natural_gas"] * (n + 7) + list(rng.choice(["propylene", "methanol", "refined_oil"], 23)),
            "diameter_mm": list(rng.choice([110.0, 160.0, 315.0], n)) + [813.0] * 2 + [400.0] * 5 + [200.0] * 23,
            "pressure_mpa": [0.4] * n + [6.3] * 2 + [2.5] * 5 + [1.6] * 23,
            "owner": "gas company",
        },
        geometry=lines,
        crs=CRS,
    )


def _roads(rng, scale: float):
    kinds = {
        "motorway": 2000,
        "trunk": 1500,
        "primary": 2000,
        "secondary": 4000,
        "tertiary": 6500,
        "residential": 14000,
    }
    lines = [_walks(rng, max(1, int(n * scale / 40)), 40 * 5, 25) for n in kinds.values()]
    cut = [
        shapely.linestrings(shapely.get_coordinates(walk)[i : i + 6])
        for group in lines
        for walk in group
        for i in range(0, 200, 5)
    ]
    names = [k for k, group in zip(kinds, lines, strict=True) for _ in range(40 * len(group))]
    return gpd.GeoDataFrame({"id": [f"R{i}" for i in range(len(cut))], "class": names}, geometry=cut, crs=CRS)


def _districts():
    x, y = np.meshgrid(np.arange(0, WIDTH, WIDTH / 6), np.arange(0, HEIGHT, HEIGHT / 3))
    boxes = shapely.box(x.ravel(), y.ravel(), x.ravel() + WIDTH / 6, y.ravel() + HEIGHT / 3)
    frame = {"id": ["0", *(f"T{i:02d}" for i in range(len(boxes)))], "level": ["county"] + ["township"] * len(boxes)}
    return gpd.GeoDataFrame(
        {**frame, "name": frame["id"]}, geometry=[shapely.box(0, 0, WIDTH, HEIGHT), *boxes], crs=CRS
    )


def naive_seconds(sources, grid, n: int) -> float:
    """Seconds of the plain loop, measured on ``n`` sources spread over the table and scaled up."""
    counting = sources[sources["score"] > 0]
    some = counting.iloc[np.linspace(0, len(counting) - 1, n).astype(int)]
    x, y = np.meshgrid(grid.x, grid.y)
    survive, start = np.ones(grid.shape), time.perf_counter()
    for source in some.itertuples():
        u = shapely.distance(shapely.points(x, y), source.geometry) / source.reach_m
        survive *= 1 - source.score / 100 * np.square(np.maximum(1 - u * u, 0))
    return (time.perf_counter() - start) * len(counting) / n


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--cell", type=float, default=25.0)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--naive", type=int, default=0)
    args = parser.parse_args()
    layers = city(args.scale)
    grid = grid_of((0, 0, WIDTH, HEIGHT), args.cell, CRS)
    clock = time.perf_counter()

    def lap(what: str) -> float:
        nonlocal clock
        seconds, clock = time.perf_counter() - clock, time.perf_counter()
        print(f"{what:<28}{seconds:7.2f} s")
        clock = time.perf_counter()
        return seconds

    print(f"grid {grid.shape[0]} x {grid.shape[1]} cells; " + ", ".join(f"{len(f):,} {n}" for n, f in layers.items()))
    clock = time.perf_counter()
    sources = index_sources(layers)
    lap("index_sources")
    surface = index_surface(sources, layers, grid, workers=args.workers)
    seconds = lap(f"index_surface, {args.workers} worker(s)")
    grades = grade(surface.index)
    firms = enterprise_grades(layers["enterprises"], surface, sources, hazard_sources=layers["hazard_sources"])
    lap("enterprise_grades")
    persons = population_on_grid(layers["population"], grid)
    lap("population_on_grid")
    towns = district_grades(
        layers["districts"], grades, surface.index, grid, population=persons.persons, counts={"enterprises": firms}
    )
    lap("district_grades")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MB (this process)")
    cells = np.bincount(grades.ravel(), minlength=5) / grades.size
    print("cells   none/blue/yellow/orange/red: " + " / ".join(f"{c:.2%}" for c in cells))
    of_firms = np.bincount(firms["grade"].to_numpy(int), minlength=5) / len(firms)
    print("firms   none/blue/yellow/orange/red: " + " / ".join(f"{c:.2%}" for c in of_firms))
    print("townships: " + ", ".join(str(g) for g in towns["grade"].tolist()))
    if args.naive:
        plain = naive_seconds(sources, grid, args.naive)
        print(f"plain loop {plain:.0f} s (from {args.naive} sources): {plain / seconds:.0f} times slower")


if __name__ == "__main__":
    main()
