"""
Footprints of clouds, timed: as many releases as a city has, in every weather.

    PYTHONPATH=. python benchmarks/bench_clouds.py [--releases 24000]

Prints seconds (best of three) for heavy and passive toxic tables, heavy flammable tables, and peak memory.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np

from geo_risk.analysis.consequence import clouds, dense_gas, flash_fire, toxic
from geo_risk.analysis.consequence.vulnerability import toxic_constants


def batch(count: int, mixture: dense_gas.Mixture, molar_mass: float) -> clouds.Release:
    """Releases of 10 kg to 10 t, at once to 30 min, in all weathers."""
    rng = np.random.default_rng(0)
    return clouds.releases(
        10 ** rng.uniform(1, 4, count), rng.choice([0.0, 120, 600, 1800], count),
        rng.choice(list("ABCDEF"), count), rng.choice([1.5, 3.0, 5.0, 9.0], count), np.array(molar_mass), mixture,
    )  # fmt: skip


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of three runs."""
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def main() -> None:
    """Time and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--releases", type=int, default=24_000)
    count = parser.parse_args().releases
    chlorine = toxic_constants("chlorine")
    heavy = batch(count, dense_gas.evaporated_cloud(0.070906, 239.2, 0.2, 287e3), 0.070906)
    light = batch(count, dense_gas.Mixture(1.2, 1.0, 1.0), 0.070906)
    propane = batch(count, dense_gas.evaporated_cloud(0.0441, 231.0, 0.35, 426e3), 0.0441)
    print(f"{count} releases")
    print(f"heavy toxic      {best(lambda: toxic.toxic_tables(heavy, chlorine, 'rural')):.2f} s")
    print(f"passive toxic    {best(lambda: toxic.toxic_tables(light, chlorine, 'rural')):.2f} s")
    print(f"heavy flammable  {best(lambda: flash_fire.flammable_tables(propane, 0.017, 0.109, 'rural')):.2f} s")
    print(f"peak memory      {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
