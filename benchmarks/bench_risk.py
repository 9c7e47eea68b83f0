"""
Individual and societal risk of a made-up region, timed against the direct sum and the memory's speed.

    python benchmarks/bench_risk.py [--sources 200] [--scenarios 20] [--cell 10] [--scaling]

200 sources x 20 scenarios x 6 weathers on 10 million cells; F-N of the same outcomes in 16 directions and
more. "Direct" evaluates every footprint on every cell for 16 directions, timed on a few footprints and
extrapolated. Prints JSON: seconds of wall and of processor (cold: with compilation if nothing is cached, so set
NUMBA_CACHE_DIR to an empty folder; warm: the best of two more runs, without anything kept from before),
nanoseconds of one thread for each kernel at each cell it reaches, the share of the memory's speed that reading and
writing these cells once takes, ratios, peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time

import geopandas as gpd
import numpy as np
import shapely

from geo_risk.analysis.qra import footprint as fp
from geo_risk.analysis.qra.change import scaled
from geo_risk.analysis.qra.model import Model, fn_of, lsir_surface, restamp
from geo_risk.analysis.qra.outcomes import ANY_WEATHER, Outcome
from geo_risk.analysis.qra.societal import People
from geo_risk.analysis.qra.weather import ANGLES, STEP, Weather
from geo_risk.grid import Grid

CRS = "EPSG:4549"
REACH_M = 6000.0
# Stability class -> how fast a plume widens across and upward; power laws of a made-up terrain.
SPREAD = {"B": (0.16, 0.12), "D": (0.08, 0.06), "E": (0.06, 0.03), "F": (0.04, 0.016)}
CLASSES = (("B", 4.0), ("D", 1.5), ("D", 4.0), ("D", 9.0), ("E", 4.0), ("F", 1.5))


def weather(rng: np.random.Generator) -> Weather:
    """Six classes with a rose of 16 sectors each."""
    share = rng.dirichlet(np.ones(len(CLASSES)))
    hats = np.array(
        [
            np.maximum(
                0, 1 - np.abs((np.arange(ANGLES) * STEP - k * np.pi / 8 + np.pi) % (2 * np.pi) - np.pi) * 8 / np.pi
            )
            for k in range(16)
        ]
    )
    towards = share[:, None] * (rng.dirichlet(np.full(16, 3.0), len(CLASSES)) @ hats)
    towards *= (share / (towards.sum(axis=1) * STEP))[:, None]
    return Weather(tuple(c for c, _ in CLASSES), np.array([u for _, u in CLASSES]), ("all",) * len(CLASSES), towards)


def plume(rate: float, letter: str, speed: float) -> fp.Footprint:
    """Chlorine by the Purple Book's probit, 30 min."""
    x = np.concatenate([[1.0], np.geomspace(5, REACH_M, 60)])
    wide, high = SPREAD[letter]
    sy, sz = wide * x / np.sqrt(1 + 1e-4 * x), high * x / np.sqrt(1 + 1.5e-3 * x)
    mg = rate / (np.pi * speed * sy * sz) * 1e6
    return fp.plume(x, -6.35 + 0.5 * np.log(mg**2.75 * 30), sy, 0.5 * 2.75)


def region(sources: int, scenarios: int, size_m: tuple[float, float], seed: int = 1) -> Model:
    """Sources in the middle of the region, each with as many releases and one fireball."""
    rng = np.random.default_rng(seed)
    classes = weather(rng)
    outcomes = []
    for s in range(sources):
        for k in range(scenarios):
            frequency = 10 ** rng.uniform(-8, -5)
            outcomes += [
                Outcome(s, f"s{k}", "toxic", w, frequency, plume(10 ** rng.uniform(-1, 1.5), *CLASSES[w]))
                for w in range(len(CLASSES))
            ]
        outcomes.append(Outcome(s, "bleve", "fireball", ANY_WEATHER, 1e-6, fp.disc(150)))
    places = shapely.points(rng.uniform(0.05, 0.95, (sources, 2)) * size_m)
    return Model(gpd.GeoDataFrame({"id": range(sources)}, geometry=places, crs=CRS), outcomes, classes)


def fresh(model: Model) -> Model:
    """The same model without what it has cached."""
    return Model(model.sources, model.outcomes, model.weather)


def best(run, times: int = 2) -> tuple[float, float]:
    """Least wall and processor time of some runs [s]."""
    taken = []
    for _ in range(times):
        began = time.perf_counter(), time.process_time()
        run()
        taken.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    return min(t for t, _ in taken), min(t for _, t in taken)


def reached(model: Model, cell_m: float) -> float:
    """Cells that the kernels reach, summed over the sources."""
    return float((np.pi * model.reach**2).sum()) / cell_m**2


def direct_seconds(model: Model, grid: Grid, tried: int = 6) -> float:
    """Every outcome in 16 directions on every cell, extrapolated from a few."""
    x, y = np.meshgrid(grid.x, grid.y)
    out = np.zeros(grid.shape)
    began = time.perf_counter()
    for k in range(tried):
        outcome = model.outcomes[k * 7]
        at = model.sources.geometry.iloc[outcome.source]
        dx, dy, angle = x - at.x, y - at.y, k * np.pi / 8
        down, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
        out += outcome.frequency * fp.death(outcome.footprint, down, across)
    return (time.perf_counter() - began) / tried * len(model.outcomes) * 16


def bandwidth_gb_s() -> float:
    """Triad over three arrays of 128 MB [GB/s]."""
    a, b, c = (np.ones(16_000_000) for _ in range(3))
    seconds = best(lambda: np.add(b, c, out=a), 5)[0]
    return 3 * a.nbytes / seconds / 1e9


def crowd(size_m: tuple[float, float], seed: int = 2) -> People:
    """People on 100 m squares."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(50, size_m[0], 100.0), np.arange(50, size_m[1], 100.0))
    persons = rng.exponential(20, x.size) * (rng.random(x.size) < 0.3)
    keep = persons > 0
    return People(x.ravel()[keep], y.ravel()[keep], 100.0, {"day": persons[keep], "night": persons[keep]})


def main() -> None:
    """Time it and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=200)
    parser.add_argument("--scenarios", type=int, default=20)
    parser.add_argument("--cell", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--scaling", action="store_true", help="also 40 million cells and 5,000 sources")
    given = parser.parse_args()
    size_m = (34_000.0, 29_500.0)
    shape = (int(size_m[1] / given.cell), int(size_m[0] / given.cell))
    grid = Grid(CRS, 0.0, size_m[1], given.cell, shape)
    model = region(given.sources, given.scenarios, size_m)
    workers = given.workers
    cold = best(lambda: lsir_surface(fresh(model), grid, workers=workers), 1)
    warm = best(lambda: lsir_surface(fresh(model), grid, workers=workers))
    surface = lsir_surface(model, grid, workers=workers)
    stamped = best(lambda: lsir_surface(model, grid, workers=workers))  # the kernels are there
    changed = scaled(model, 7, 0.5)
    assert len(changed.keys)  # flat arrays are made once, not for each change
    one = best(lambda: restamp(surface, model, changed, [7], grid, workers=workers))
    equal = bool((surface == lsir_surface(fresh(changed), grid, workers=1)).all())
    people = crowd(size_m)
    societal = best(lambda: fn_of(fresh(model), people, workers=workers))
    direct, speed, cells = direct_seconds(model, grid), bandwidth_gb_s(), reached(model, given.cell)
    told = {
        "cells": grid.shape[0] * grid.shape[1], "outcomes": len(model.outcomes), "cold_s": cold, "warm_s": warm,
        "stamping_s": stamped, "one_source_s": one, "one_source_bit_equal": equal, "fn_s": societal,
        "direct_s": direct, "direct_over_warm": direct / warm[0], "kernel_cells": cells,
        "ns_per_kernel_cell": stamped[1] / cells * 1e9, "triad_gb_s": speed,
        "share_of_memory_speed": 8 * cells / 1e9 / stamped[0] / speed,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip
    if given.scaling:
        told["scaling"] = [
            {"cells": n * n, "sources": s, "seconds": _scaled(n, s, workers)}
            for n, s in ((1600, 200), (3200, 200), (6400, 200), (1600, 1000), (1600, 5000))
        ]
    print(json.dumps(told, indent=1, default=float))


def _scaled(side: int, sources: int, workers: int) -> tuple[float, float]:
    """A square region of 32 km with ``side`` cells a side; one scenario a source, so that stamping is what grows."""
    grid = Grid(CRS, 0.0, 32_000.0, 32_000.0 / side, (side, side))
    model = region(sources, 1, (32_000.0, 32_000.0))
    return best(lambda: lsir_surface(model, grid, workers=workers), 1)


if __name__ == "__main__":
    main()
