"""
What changed between two states of a region, timed.

    python benchmarks/bench_compare.py EARLIER LATER [--repeat 3]

Each time in a fresh process, as the command does it: prints the least CPU and wall seconds of the answer in Python
and of the page, and how many rows changed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path


def timed(earlier: str, later: str, ending: str, out: multiprocessing.SimpleQueue) -> None:
    """CPU and wall seconds, imports included, of a comparison written with ``ending`` ("": not), and its counts."""
    wall, cpu = time.perf_counter(), time.process_time()
    from geo_risk.api import Region, open_state

    with tempfile.TemporaryDirectory() as folder:
        to = [Path(folder) / f"changes{ending}"] if ending else []
        found = Region(earlier).compare(open_state(later), to=to)
    out.put((time.process_time() - cpu, time.perf_counter() - wall, found.told["counts"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("earlier")
    parser.add_argument("later")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    for what, ending in (("answer in Python", ""), ("JSON", ".json"), ("page", ".html")):
        runs = []
        for _ in range(options.repeat):
            queue = context.SimpleQueue()
            child = context.Process(target=timed, args=(options.earlier, options.later, ending, queue))
            child.start()
            runs.append(queue.get())
            child.join()
        cpu, wall = min(r[0] for r in runs), min(r[1] for r in runs)
        print(f"{what}: {cpu:.2f} s CPU, {wall:.2f} s wall")
    print(runs[0][2])


if __name__ == "__main__":
    main()
